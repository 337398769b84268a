/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Slab: items of one size on one node, freed from anywhere, always back to where they came from.
 *
 * A slab belongs to one thread. That thread takes and returns items without a lock and without
 * an atomic read-modify-write. A thread that frees an item of another's slab sends it home: the
 * item joins the owner's list of returned ones, which the owner takes whole when its own list is
 * empty. Items lie in 64 KiB blocks that start with the slab's name and node, so an item's home
 * is found from its address alone.
 *
 *              alloc    free own  free other's  node_of  destroy
 *     alloc    X        X         -             -        X
 *     free own X        X         -             -        X
 *     free o.  -        -         -             -        X
 *     node_of  -        -         -             -        X
 *     destroy  X        X         X             X        X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine.
 *
 * Order: what a thread did before it freed an item happens before the nw_slab_alloc() that
 * returns the item again.
 */
#ifndef NW_SLAB_H
#define NW_SLAB_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_slab;

enum {
	NW_SLAB_BLOCK_BYTES = 64 * 1024,
	NW_SLAB_ITEM_BYTES_MAX = 16 * 1024, /* larger ones: nw_mem_alloc() */
};

/* A slab as its owner sees it. */
struct nw_slab_stats {
	uint64_t item_bytes;     /* each item's, rounded up */
	uint64_t live_count;     /* items out, those on their way home among them */
	uint64_t home_count;     /* items that other threads sent home and the owner took back */
	uint64_t mem_bytes;      /* mapped */
	uint64_t mem_count;      /* blocks asked of nw_mem_alloc() */
	enum nw_mem_level level; /* the lowest of them */
	enum nw_mem_pages pages; /* the smallest of them */
	int reason;              /* of the lowest level, 0 or negative errno */
};

/**
 * Create a slab whose items, and its own descriptor, have their home on one node.
 *
 * The caller becomes the owner; it may hand the slab to another thread before its first use.
 *
 * @param ret_slab    set on success, untouched on failure
 * @param node        as nw_mem_alloc() takes it
 * @param item_bytes  1..NW_SLAB_ITEM_BYTES_MAX; rounded up to a multiple of 16
 * @param flags       as nw_mem_alloc()
 * @return 0
 * @return -EINVAL  item_bytes out of range, NW_MEM_HUGE_1G, or flags that nw_mem_alloc() refuses
 * @return -ENODEV  -EPERM, -ENOSYS, -ENOMEM: as nw_mem_alloc()
 *
 * Threads: any.
 * Owner:   the caller; release with nw_slab_destroy().
 */
NW_API int nw_slab_create(struct nw_slab **ret_slab, nw_node node, size_t item_bytes,
			  unsigned flags) NW_MUST_USE;

/**
 * Release the slab and every item, taken or not. NULL is a no-op.
 *
 * Threads: one, when no other thread uses or frees an item of this slab any more.
 */
NW_API void nw_slab_destroy(struct nw_slab *slab);

/**
 * Take an item: 16-byte aligned, and aligned to the largest power of two up to 128 that divides
 * the rounded item size. Its bytes are whatever was left in them.
 *
 * @return the item; NULL: the kernel gives no more memory (with NW_MEM_STRICT: none that is bound)
 *
 * Threads:  the slab's owner.
 * Owner:    the caller; return it with nw_slab_free(), from any thread.
 * Progress: wait-free but for every 2 MiB of new items, when memory is mapped.
 * Cost:     no atomic read-modify-write; one to take back all that others returned, when the
 *           owner's list is empty.
 */
NW_API void *nw_slab_alloc(struct nw_slab *slab) NW_MUST_USE;

/**
 * Return an item to the slab it came from. NULL is a no-op.
 *
 * @param own   the slab that the calling thread owns, or NULL if it owns none; when it is the
 *              item's, the item goes straight back to it, else home
 * @param item  from nw_slab_alloc() of any slab
 *
 * Threads:  any, with its own `own`.
 * Progress: wait-free for the owner, lock-free from elsewhere.
 * Cost:     from elsewhere one compare-and-swap on a line of the item's home.
 */
NW_API void nw_slab_free(struct nw_slab *own, void *item);

/** Node that an item's slab was created for. Threads: any that may use the item. */
NW_API nw_node nw_slab_node_of(const void *item);

/** Slab that an item came from; lent. Threads: any that may use the item. */
NW_API struct nw_slab *nw_slab_of(const void *item);

/** Read the slab's counts. Threads: the slab's owner. */
NW_API void nw_slab_stats(const struct nw_slab *slab, struct nw_slab_stats *ret_stats);

NW_END_DECLS

#endif /* NW_SLAB_H */
