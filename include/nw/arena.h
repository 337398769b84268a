/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Bump arena: many small pieces on one node, all given up at once.
 *
 * An arena reserves a range of addresses and grows into it by touching: pages that no piece ever
 * reached cost no memory. Pieces have no headers and cannot be freed one by one.
 *
 * Threads: an arena has one user at a time; hand it over with whatever orders your hand-over.
 * Progress: alloc and reset are wait-free and make no system call (a first touch is a page fault).
 */
#ifndef NW_ARENA_H
#define NW_ARENA_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stddef.h>

NW_BEGIN_DECLS

struct nw_arena;

/**
 * Create an empty arena whose pages, its own descriptor included, have their home on one node.
 *
 * @param ret_arena      set on success, untouched on failure
 * @param node           as nw_mem_alloc() takes it
 * @param reserve_bytes  most that all pieces can need together, padding included; addresses
 *                       only, so be generous
 * @param flags          as nw_mem_alloc(), but NW_MEM_HUGE means transparent huge pages only
 *                       (hugetlb would take the whole range at once)
 * @return 0
 * @return -EINVAL  reserve_bytes is 0, NW_MEM_HUGE_1G, or flags that nw_mem_alloc() refuses
 * @return -ENODEV  -EPERM, -ENOSYS, -ENOMEM: as nw_mem_alloc()
 *
 * Threads: any.
 * Owner:   the caller; release with nw_arena_destroy().
 */
NW_API int nw_arena_create(struct nw_arena **ret_arena, nw_node node, size_t reserve_bytes,
			   unsigned flags) NW_MUST_USE;

/**
 * Release the arena and every piece. NULL is a no-op.
 *
 * Threads: one, when no thread uses a piece any more.
 */
NW_API void nw_arena_destroy(struct nw_arena *arena);

/**
 * Take a piece. Its bytes are zero until the arena is reset, then what was left in them.
 *
 * @param n_bytes  size; 0 gives a place of no bytes
 * @param align    power of two, 1..4096
 * @return the piece, lent until reset or destroy; NULL: the range is used up
 *
 * Threads:  the arena's user.
 * Progress: wait-free.
 */
NW_API void *nw_arena_alloc(struct nw_arena *arena, size_t n_bytes, size_t align) NW_MUST_USE;

/**
 * Give up all pieces at once. Pages keep their memory, ready for the next round.
 *
 * Threads:  the arena's user.
 * Progress: wait-free.
 */
NW_API void nw_arena_reset(struct nw_arena *arena);

/** Bytes taken since create or reset, padding included. Threads: the arena's user. */
NW_API size_t nw_arena_used_bytes(const struct nw_arena *arena);

/** The block behind the arena: its level, reason and pages; lent. Threads: any. */
NW_API const struct nw_mem *nw_arena_mem(const struct nw_arena *arena);

NW_END_DECLS

#endif /* NW_ARENA_H */
