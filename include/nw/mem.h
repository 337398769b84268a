/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Memory with a home: whole pages on a NUMA node, what the kernel really gave, and the proof.
 *
 * Every allocation says what was achieved. Nothing here prints; a program shows
 * nw_mem_level_name() and nw_mem_reason_text().
 */
#ifndef NW_MEM_H
#define NW_MEM_H

#include <nw/base.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

enum nw_mem_level {
	NW_MEM_BOUND,     /* the kernel accepted a strict binding to the node (or set of nodes) */
	NW_MEM_PREFERRED, /* first choice only: pages may be elsewhere when the node is full */
	NW_MEM_UNBOUND,   /* no policy; `reason` says why (0: none was asked for) */
};

enum nw_mem_pages {
	NW_MEM_PAGES_BASE, /* 4 KiB */
	NW_MEM_PAGES_THP,  /* transparent huge pages were advised; the kernel decides page by page */
	NW_MEM_PAGES_2M,   /* hugetlb */
	NW_MEM_PAGES_1G,   /* hugetlb */
};

enum nw_mem_flags {
	NW_MEM_HUGE = 1u << 0,       /* 2 MiB hugetlb, else THP, else base pages */
	NW_MEM_HUGE_1G = 1u << 1,    /* try 1 GiB hugetlb first; implies NW_MEM_HUGE */
	NW_MEM_PREFAULT = 1u << 2,   /* touch every page before returning */
	NW_MEM_STRICT = 1u << 3,     /* fail instead of PREFERRED or UNBOUND */
	NW_MEM_INTERLEAVE = 1u << 4, /* over all nodes with memory; node must be NW_NODE_ANY */
	NW_MEM_LOCAL = 1u << 5,      /* node of the calling CPU; node must be NW_NODE_ANY */
};

struct nw_mem {
	void *base;              /* page aligned; zeroed */
	size_t n_bytes;          /* usable, rounded up to whole pages of the kind in `pages` */
	nw_node node;            /* as asked (LOCAL: the node found); NW_NODE_ANY: none */
	enum nw_mem_level level;
	enum nw_mem_pages pages;
	int reason;              /* 0 or the negative errno that lowered `level` */
};

/* Where the pages of a block really are. */
struct nw_mem_map {
	uint64_t page_count;      /* base pages looked at */
	uint64_t untouched_count; /* of them without memory yet */
	uint64_t failed_count;    /* of them the kernel would not tell */
	uint64_t on_node[NW_NODE_ID_MAX + 1];
};

NW_API int nw_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes,
			unsigned flags) NW_MUST_USE;
NW_API void nw_mem_free(struct nw_mem *mem);
NW_API int nw_mem_verify(const void *base, size_t n_bytes, struct nw_mem_map *ret_map) NW_MUST_USE;

NW_API const char *nw_mem_level_name(enum nw_mem_level level);
NW_API const char *nw_mem_pages_name(enum nw_mem_pages pages);
NW_API const char *nw_mem_reason_text(int reason);

/* Since the process began: allocations by level, and refusals by reason. */
struct nw_mem_stats {
	uint64_t bound_count, preferred_count, unbound_count;
	uint64_t eperm_count, enosys_count, einval_count, other_count;
	uint64_t live_bytes;
};
NW_API void nw_mem_stats(struct nw_mem_stats *ret_stats);

/* The calling thread's memory policy, as set_mempolicy(2) knows it. */
struct nw_mem_policy {
	int mode;
	unsigned long nodes[(NW_NODE_ID_MAX + 1) / (8 * sizeof(unsigned long))];
};
NW_API int nw_mem_policy_save(struct nw_mem_policy *ret_policy) NW_MUST_USE;
NW_API int nw_mem_policy_prefer(nw_node node) NW_MUST_USE;
NW_API int nw_mem_policy_restore(const struct nw_mem_policy *policy) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_MEM_H */
