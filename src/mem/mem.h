/* SPDX-License-Identifier: MIT */
/* What arenas and slabs ask of nw_mem_alloc() beyond the public flags. */
#ifndef NWI_MEM_MEM_H
#define NWI_MEM_MEM_H

#include <nw/mem.h>

#include <stddef.h>

enum {
	/* The block is a range to grow into: no swap is reserved and no huge page is taken before
	 * it is touched (so no hugetlb). */
	NWI_MEM_LAZY = 1u << 16,
};

/* nw_mem_alloc() at a multiple of align, a power of two; 0: of a page. */
int nwi_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes, unsigned flags,
		  size_t align);

#endif /* NWI_MEM_MEM_H */
