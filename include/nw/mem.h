/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Memory with a home: whole pages on a NUMA node, what the kernel really gave, and the proof.
 *
 * Every allocation says what was achieved: `level` (bound, preferred, unbound and why) and
 * `pages` (the kind that was got). A node that does not exist is an error, never a fallback.
 * Nothing here prints; a program shows nw_mem_level_name(), nw_mem_pages_name() and
 * nw_mem_reason_text().
 *
 * Functions may be called from any threads at once; two calls on the same struct nw_mem must not
 * overlap. None of them takes a lock of its own; all but the names and the statistics make
 * system calls and may wait inside the kernel.
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
	NW_MEM_BOUND,     /* the kernel accepted a strict binding (INTERLEAVE: the spreading) */
	NW_MEM_PREFERRED, /* first choice only: pages may be elsewhere when the node is full */
	NW_MEM_UNBOUND,   /* no policy; `reason` says why (0: none was asked for) */
};

enum nw_mem_pages {
	NW_MEM_PAGES_BASE, /* 4 KiB, never merged by the kernel into huge ones */
	NW_MEM_PAGES_THP,  /* transparent huge pages were advised; the kernel decides each */
	NW_MEM_PAGES_2M,   /* hugetlb */
	NW_MEM_PAGES_1G,   /* hugetlb */
};

enum nw_mem_flags {
	/* 2 MiB hugetlb, else THP, else base pages. A kind is tried when n_bytes is at least one
	 * such page. hugetlb pages all get their memory at once, as with NW_MEM_PREFAULT. */
	NW_MEM_HUGE = 1u << 0,
	NW_MEM_HUGE_1G = 1u << 1,  /* try 1 GiB hugetlb first; implies NW_MEM_HUGE */
	NW_MEM_PREFAULT = 1u << 2, /* touch every page before returning */
	NW_MEM_STRICT = 1u << 3,   /* fail instead of PREFERRED or UNBOUND */
	/* Page by page (of the kind in `pages`) over all nodes with memory; node is NW_NODE_ANY. */
	NW_MEM_INTERLEAVE = 1u << 4,
	NW_MEM_LOCAL = 1u << 5, /* bound to the calling CPU's node; node is NW_NODE_ANY */
};

struct nw_mem {
	void *base;     /* page aligned; zeroed */
	size_t n_bytes; /* usable, rounded up to whole pages (2 MiB for THP) */
	nw_node node;   /* as asked (LOCAL: the node found); NW_NODE_ANY: none */
	enum nw_mem_level level;
	enum nw_mem_pages pages;
	int reason; /* 0 or the negative errno that lowered `level` */
};

/* Where the pages of a block really are. */
struct nw_mem_map {
	uint64_t page_count;      /* base pages looked at */
	uint64_t untouched_count; /* of them without memory yet */
	uint64_t failed_count;    /* of them the kernel would not tell */
	uint64_t on_node[NW_NODE_ID_MAX + 1];
};

/**
 * Map zeroed pages whose memory is on one node, on the caller's node, or spread over all.
 *
 * The policy is set before any page has memory, so it holds for every page, whoever touches it
 * first. A bound node that runs full later makes the kernel kill, not spill: size blocks from
 * what nw_topo says the node has.
 *
 * @param ret_mem  set on success, untouched on failure
 * @param node     where; any id the kernel has, 0..1023; NW_NODE_ANY: no policy, or with
 *                 NW_MEM_INTERLEAVE or NW_MEM_LOCAL what these say
 * @param n_bytes  at least 1; ret_mem->n_bytes says what it was rounded up to
 * @param flags    of enum nw_mem_flags
 * @return 0        ret_mem->level and ret_mem->reason say what was achieved
 * @return -EINVAL  n_bytes is 0, an unknown flag, both INTERLEAVE and LOCAL, or one of them with
 *                  a named node
 * @return -ENODEV  there is no such node; with NW_MEM_STRICT also: it has no memory, or the
 *                  cpuset forbids it
 * @return -EPERM   NW_MEM_STRICT, and the process may not set policies (seccomp)
 * @return -ENOSYS  NW_MEM_STRICT, and the kernel has no policies
 * @return -ENOMEM  no address space, no memory for the policy, or too many mappings
 *
 * Threads: any.
 * Owner:   the caller; release with nw_mem_free().
 * Cost:    two to eight system calls; with hugetlb or NW_MEM_PREFAULT all page faults too.
 */
NW_API int nw_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes, unsigned flags)
	NW_MUST_USE;

/**
 * Give the pages back to the kernel and empty *mem. NULL and an emptied block are no-ops.
 *
 * Threads: any, when no thread uses the pages any more.
 * Cost:    one system call.
 */
NW_API void nw_mem_free(struct nw_mem *mem);

/**
 * Ask the kernel on which node each page of a range really is.
 *
 * Pages that were never written to have no memory, so write to the range before you look at it.
 * The range is widened to whole base pages; a huge page counts as its base pages.
 *
 * @param base     first byte; any memory of this process
 * @param n_bytes  at least 1
 * @param ret_map  the histogram, set on success, untouched on failure; 8 KiB: not for small stacks
 * @return 0        page_count == sum of on_node[] + untouched_count + failed_count
 * @return -EINVAL  n_bytes is 0, or the range wraps around
 * @return -EPERM   the process may not ask (seccomp)
 * @return -ENOSYS  the kernel has no move_pages
 *
 * Threads: any; pages that others touch or free meanwhile are counted as they were or will be.
 * Owner:   borrows the range and changes nothing in it.
 * Cost:    one system call for 256 base pages.
 */
NW_API int nw_mem_verify(const void *base, size_t n_bytes, struct nw_mem_map *ret_map) NW_MUST_USE;

/** "bound", "preferred" or "unbound", lent for ever. Threads: any. */
NW_API const char *nw_mem_level_name(enum nw_mem_level level);
/** Kind of pages in words, lent for ever. Threads: any. */
NW_API const char *nw_mem_pages_name(enum nw_mem_pages pages);
/** A phrase that says why a level is lower than asked, lent for ever. Threads: any. */
NW_API const char *nw_mem_reason_text(int reason);

/* Since the process began: blocks by level, and refusals by reason. Arenas and slabs count. */
struct nw_mem_stats {
	uint64_t bound_count, preferred_count, unbound_count;          /* blocks that were given */
	uint64_t eperm_count, enosys_count, einval_count, other_count; /* bindings refused */
	uint64_t live_bytes;                                           /* mapped now */
};

/**
 * Read the counts of this process; each is recent, they are not of one instant.
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API void nw_mem_stats(struct nw_mem_stats *ret_stats);

/**
 * Tell how many bytes this process may still take: the least of what the machine has available
 * and what each cgroup above the process leaves.
 *
 * @return bytes at this moment; another process may take them in the next
 *
 * Threads: any.
 * Cost:    reads a few files of /proc and /sys.
 */
NW_API uint64_t nw_mem_available_bytes(void);

/* The calling thread's memory policy, as set_mempolicy(2) knows it. */
struct nw_mem_policy {
	int mode;
	unsigned long nodes[(NW_NODE_ID_MAX + 1) / (8 * sizeof(unsigned long))];
};

/**
 * Read the calling thread's policy, to be put back with nw_mem_policy_restore().
 *
 * @param ret_policy  set on success, untouched on failure
 * @return 0
 * @return -EPERM   the process may not ask (seccomp)
 * @return -ENOSYS  the kernel has no policies
 *
 * Threads: any; it is the caller's own policy.
 */
NW_API int nw_mem_policy_save(struct nw_mem_policy *ret_policy) NW_MUST_USE;

/**
 * Let what the calling thread touches first come from one node while it has memory.
 *
 * This steers memory that others allocate (malloc, libraries, the kernel's own for this thread);
 * blocks of nw_mem_alloc() that have a policy keep it.
 *
 * @param node  the node; NW_NODE_ANY: back to the kernel's default, the node of the CPU
 * @return 0
 * @return -ENODEV  there is no such node
 * @return -EINVAL  the node has no memory, the cpuset forbids it, or the id is below -1
 * @return -EPERM   the process may not set policies (seccomp)
 * @return -ENOSYS  the kernel has no policies
 *
 * Threads: any; it is the caller's own policy. Threads that it creates inherit it.
 */
NW_API int nw_mem_policy_prefer(nw_node node) NW_MUST_USE;

/**
 * Put back what nw_mem_policy_save() read.
 *
 * @param policy  from nw_mem_policy_save()
 * @return 0
 * @return -EINVAL  the cpuset does not allow those nodes any more
 * @return -EPERM   the process may not set policies (seccomp)
 * @return -ENOSYS  the kernel has no policies
 *
 * Threads: any; it is the caller's own policy.
 */
NW_API int nw_mem_policy_restore(const struct nw_mem_policy *policy) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_MEM_H */
