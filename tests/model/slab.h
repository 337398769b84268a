/* SPDX-License-Identifier: MIT */
/* Slabs made of malloc, which the checker watches: an item that went back is not to be touched. */
#ifndef NW_MODEL_SLAB_H
#define NW_MODEL_SLAB_H

#include "model.h"

#include <nw/slab.h>

/* As large as what the client's structure takes from its slab. */
static size_t model_item_bytes;

int nw_slab_create(struct nw_slab **ret_slab, nw_node node, size_t item_bytes, unsigned flags)
{
	(void)ret_slab, (void)node, (void)item_bytes, (void)flags;
	return -ENOMEM;
}

void nw_slab_destroy(struct nw_slab *slab)
{
	(void)slab;
}

void *nw_slab_alloc(struct nw_slab *slab)
{
	(void)slab;
	return malloc(model_item_bytes);
}

void nw_slab_free(struct nw_slab *own, void *item)
{
	(void)own;
	free(item);
}

#endif /* NW_MODEL_SLAB_H */
