/* SPDX-License-Identifier: MIT */
/* What arenas, slabs and shared pages ask of mem.c beyond nw_mem_alloc() and its flags. */
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

/* Whether a node may be named: 0, -EINVAL or -ENODEV as nw_mem_alloc() says. */
int nwi_mem_check_node(nw_node node);
/* Gives pages that have no memory yet, base and n_bytes of *mem, a policy, and fills in node, level
 * and reason. NW_NODE_ANY: none. 0, or -ENOMEM. */
int nwi_mem_place(struct nw_mem *mem, nw_node node);
/* Counts a block that was not made by nw_mem_alloc(), and is to be given to nw_mem_free(). */
void nwi_mem_count(const struct nw_mem *mem);

#endif /* NWI_MEM_MEM_H */
