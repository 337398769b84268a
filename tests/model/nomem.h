/* SPDX-License-Identifier: MIT */
/* For structures in the caller's memory: create() finds none, so that nothing else is modelled. */
#ifndef NW_MODEL_NOMEM_H
#define NW_MODEL_NOMEM_H

#include "model.h"

int nw_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes, unsigned flags)
{
	(void)ret_mem, (void)node, (void)n_bytes, (void)flags;
	return -ENOMEM;
}

void nw_mem_free(struct nw_mem *mem)
{
	(void)mem;
}

#endif /* NW_MODEL_NOMEM_H */
