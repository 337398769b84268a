/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Bounded linearizable FIFO of pointers: any number of producer and of consumer threads, no lock.
 *
 *                  register  push(p)  push(q)  pop  count  destroy
 *     register     -         -        -        -    -      X
 *     push(p)      -         X        -        -    -      X
 *     push(q)      -         -        X        -    -      X
 *     pop          -         -        -        -    -      X
 *     count        -         -        -        -    -      X
 *     destroy      X         X        X        X    X      X
 *
 * p and q are two producers: handles, each used by one thread at a time. X: the caller must keep
 * the two calls from overlapping. -: any overlap is fine. Bursts count as push and pop, unregister
 * as a push of that handle, fini as destroy.
 *
 * Linearizable: every call takes effect at one moment between its beginning and its return, "full"
 * and "empty" included: at that moment the queue did hold slot_count items, or none. A thread
 * stopped anywhere, even for good, keeps no other from pushing or popping.
 *
 * Progress: push and pop are lock-free: a try is repeated only where another thread's push or pop
 * has succeeded meanwhile. None of them makes a system call.
 * Order: what a producer did before nw_mpmc_push(x) returned true happens before the nw_mpmc_pop()
 * that returns x; what a consumer did before its pop freed a place happens before the push that
 * fills it.
 */
#ifndef NW_MPMC_H
#define NW_MPMC_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A queue. Opaque. */
struct nw_mpmc;

/** Limits of slot_count and of producer_count. */
#define NW_MPMC_SLOT_COUNT_MIN     2u
#define NW_MPMC_SLOT_COUNT_MAX     (1u << 30)
#define NW_MPMC_PRODUCER_COUNT_MAX 1024u

/**
 * A producer's handle: what one thread needs to push. It may lie anywhere; a thread's own cache
 * line is best. The fields are the library's.
 */
struct nw_mpmc_producer {
	struct nw_mpmc *mpmc;
	uint64_t head_seen; /* a past value of the queue's head */
	uint64_t spare;     /* the cell that the next item goes into */
};

/**
 * Bytes that nw_mpmc_init() needs.
 *
 * @param slot_count      power of two, 2..2^30
 * @param producer_count  1..1024
 * @return bytes, a multiple of NW_CACHE_PAIR; 0: a parameter is not allowed
 *
 * Threads: any thread.
 */
NW_API size_t nw_mpmc_bytes(uint32_t slot_count, uint32_t producer_count);

/**
 * Make an empty queue in the caller's memory.
 *
 * @param ret_mpmc        set on success, untouched on failure
 * @param memory          aligned to NW_CACHE_PAIR; any content
 * @param n_bytes         nw_mpmc_bytes(slot_count, producer_count) or more
 * @param slot_count      power of two, 2..2^30; all of them are usable
 * @param producer_count  1..1024: handles that may be registered at a time
 * @return 0
 * @return -EINVAL  a count is not allowed, or memory is misaligned
 * @return -ENOSPC  n_bytes is too small
 *
 * Threads: any thread, with nobody else in that memory.
 * Owner:   the memory stays the caller's; call nw_mpmc_fini() before reusing it.
 */
NW_API int nw_mpmc_init(struct nw_mpmc **ret_mpmc, void *memory, size_t n_bytes,
			uint32_t slot_count, uint32_t producer_count) NW_MUST_USE;

/**
 * End a queue made by nw_mpmc_init(). Pointers still inside are dropped. NULL is a no-op.
 *
 * Threads: when no other call on this queue is running or will follow.
 */
NW_API void nw_mpmc_fini(struct nw_mpmc *mpmc);

/**
 * Create an empty queue in memory bound to one NUMA node.
 *
 * @param ret_mpmc        set on success, untouched on failure
 * @param slot_count      power of two, 2..2^30; all of them are usable
 * @param producer_count  1..1024: handles that may be registered at a time
 * @param node            NUMA node the pages are bound to, or NW_NODE_ANY
 * @return 0; what the kernel gave is in nw_mpmc_memory()
 * @return -EINVAL  a count is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_mpmc_destroy(). The queue stores the pointers pushed into
 *          it and never looks at what they point to.
 * Cost:    whole pages; system calls.
 */
NW_API int nw_mpmc_create(struct nw_mpmc **ret_mpmc, uint32_t slot_count, uint32_t producer_count,
			  nw_node node) NW_MUST_USE;

/**
 * Release a queue made by nw_mpmc_create(). Pointers still inside are dropped, not freed; handles
 * still registered become void. NULL is a no-op.
 *
 * Threads: when no other call on this queue is running or will follow.
 */
NW_API void nw_mpmc_destroy(struct nw_mpmc *mpmc);

/**
 * Lend the block a created queue lies in: its node, and the level of binding that was got.
 *
 * @return NULL for a queue in the caller's memory
 *
 * Threads: any thread.
 */
NW_API const struct nw_mem *nw_mpmc_memory(const struct nw_mpmc *mpmc);

/**
 * Get a handle to push with.
 *
 * @param ret_producer  set on success, untouched on failure
 * @param mpmc          the queue, which must outlive the handle's use
 * @return 0
 * @return -ENOSPC  producer_count handles are registered
 *
 * Threads: any thread. The handle may pass from one thread to another where something else orders
 *          the two.
 * Progress: lock-free.
 * Owner:   the caller; give it back with nw_mpmc_unregister().
 */
NW_API int nw_mpmc_register(struct nw_mpmc_producer *ret_producer, struct nw_mpmc *mpmc)
	NW_MUST_USE;

/**
 * Give a handle back; it may not be used after.
 *
 * Threads: the handle's thread.
 * Progress: lock-free.
 */
NW_API void nw_mpmc_unregister(struct nw_mpmc_producer *producer);

/**
 * Append a pointer.
 *
 * @param item  anything, NULL included
 * @return true if appended, false if the queue was full at a moment during the call
 *
 * Threads: the handle's thread.
 * Order:   what the caller did before happens before the pop that returns item.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on an entry, two stores; the consumers' line is read only when
 *          the handle's copy of it says "full".
 */
NW_API bool nw_mpmc_push(struct nw_mpmc_producer *producer, void *item) NW_MUST_USE;

/**
 * Append the pointers one after another, in their order, until one finds the queue full. Each has a
 * moment of its own, as if by nw_mpmc_push(): another producer's may come to stand between them.
 *
 * @param items       item_count of them; borrowed for the call
 * @param item_count  0..2^32-1
 * @return how many were appended, the first ones; fewer than item_count: the queue was full at a
 *         moment during the call
 *
 * Threads: the handle's thread.
 * Order:   as nw_mpmc_push(), for each of them.
 * Progress: lock-free.
 * Cost:    one compare-and-swap an item; the producers' other line is read and stored once.
 */
NW_API uint32_t nw_mpmc_push_burst(struct nw_mpmc_producer *producer, void *const *items,
				   uint32_t item_count) NW_MUST_USE;

/**
 * Remove the oldest pointer.
 *
 * @param ret_item  set on success, untouched on failure
 * @return true if one was removed, false if the queue was empty at a moment during the call
 *
 * Threads: any thread.
 * Order:   what the producer did before it pushed the item happens before the return.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on the consumers' line; it writes nothing else.
 */
NW_API bool nw_mpmc_pop(struct nw_mpmc *mpmc, void **ret_item) NW_MUST_USE;

/**
 * Remove the oldest pointers, up to item_count of them, oldest first, all at one moment.
 *
 * @param ret_items   room for item_count; may be written beyond those returned
 * @param item_count  0..2^32-1
 * @return how many were removed; 0: item_count is 0, or the queue was empty at a moment
 *
 * Threads: any thread.
 * Order:   as nw_mpmc_pop(), for each of them.
 * Progress: lock-free; a try that fails has read up to item_count pointers for nothing.
 * Cost:    one compare-and-swap for all of them.
 */
NW_API uint32_t nw_mpmc_pop_burst(struct nw_mpmc *mpmc, void **ret_items, uint32_t item_count)
	NW_MUST_USE;

/**
 * Number of items: recent; exact where nothing else runs.
 *
 * Threads: any thread. Already stale when it returns.
 * Progress: wait-free: it looks at slot_count entries at most, at one or two as a rule.
 */
NW_API uint32_t nw_mpmc_count(const struct nw_mpmc *mpmc);

/**
 * The slot_count it was made with.
 *
 * Threads: any thread.
 */
NW_API uint32_t nw_mpmc_slot_count(const struct nw_mpmc *mpmc);

NW_END_DECLS

#endif /* NW_MPMC_H */
