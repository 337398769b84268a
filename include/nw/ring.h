/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Bounded FIFO of pointers: one producer thread, one consumer thread, no lock.
 *
 *              push     pop      count    destroy
 *     push     X        -        -        X
 *     pop      -        X        -        X
 *     count    -        -        -        X
 *     destroy  X        X        X        X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine. Bursts
 * count as push and pop, fini as destroy. The producer (or the consumer) may change from one
 * thread to another where something else orders the two.
 *
 * Progress: push, pop and count are wait-free; none of them makes a system call.
 * Order: what the producer did before nw_ring_push(x) returned true happens before the
 * nw_ring_pop() that returns x.
 */
#ifndef NW_RING_H
#define NW_RING_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __cplusplus
#include <stdalign.h>
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/** A ring. Its fields are below, for the inlined calls; no other code may touch them. */
struct nw_ring;

/** Smallest and largest slot_count. */
#define NW_RING_SLOT_COUNT_MIN 2u
#define NW_RING_SLOT_COUNT_MAX (1u << 30)

/**
 * Bytes that nw_ring_init() needs.
 *
 * @param slot_count  power of two, 2..2^30
 * @return bytes, a multiple of NW_CACHE_PAIR; 0: slot_count is not allowed
 *
 * Threads: any thread.
 */
NW_API size_t nw_ring_bytes(uint32_t slot_count);

/**
 * Make an empty ring in the caller's memory.
 *
 * @param ret_ring    set on success, untouched on failure
 * @param memory      aligned to NW_CACHE_PAIR; any content
 * @param n_bytes     nw_ring_bytes(slot_count) or more
 * @param slot_count  power of two, 2..2^30; all of them are usable
 * @return 0
 * @return -EINVAL  slot_count is not allowed, or memory is misaligned
 * @return -ENOSPC  n_bytes is too small
 *
 * Threads: any thread, with nobody else in that memory.
 * Owner:   the memory stays the caller's; call nw_ring_fini() before reusing it.
 */
NW_API int nw_ring_init(struct nw_ring **ret_ring, void *memory, size_t n_bytes,
			uint32_t slot_count) NW_MUST_USE;

/**
 * End a ring made by nw_ring_init(). Pointers still inside are dropped. NULL is a no-op.
 *
 * Threads: when no other call on this ring is running or will follow.
 */
NW_API void nw_ring_fini(struct nw_ring *ring);

/**
 * Create an empty ring in memory bound to one NUMA node: the consumer's, as a rule.
 *
 * @param ret_ring    set on success, untouched on failure
 * @param slot_count  power of two, 2..2^30; all of them are usable
 * @param node        NUMA node the pages are bound to, or NW_NODE_ANY
 * @return 0; what the kernel gave is in nw_ring_memory()
 * @return -EINVAL  slot_count is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_ring_destroy(). The ring stores the pointers pushed
 *          into it and never looks at what they point to.
 * Cost:    whole pages; system calls.
 */
NW_API int nw_ring_create(struct nw_ring **ret_ring, uint32_t slot_count, nw_node node) NW_MUST_USE;

/**
 * Release a ring made by nw_ring_create(). Pointers still inside are dropped, not freed.
 * NULL is a no-op.
 *
 * Threads: when no other call on this ring is running or will follow.
 */
NW_API void nw_ring_destroy(struct nw_ring *ring);

/**
 * Lend the block a created ring lies in: its node, and the level of binding that was got.
 *
 * @return NULL for a ring in the caller's memory
 *
 * Threads: any thread.
 */
NW_API const struct nw_mem *nw_ring_memory(const struct nw_ring *ring);

/**
 * Append a pointer.
 *
 * @param item  anything, NULL included
 * @return true if appended, false if the ring is full (not an error)
 *
 * Threads: the producer thread only.
 * Order:   what the producer did before happens before the pop that returns item.
 * Progress: wait-free.
 * Cost:    one store to a line the consumer polls; one load of the consumer's line only
 *          when the producer's cached copy says "full".
 */
NW_API NW_INLINE bool nw_ring_push(struct nw_ring *ring, void *item) NW_MUST_USE;

/**
 * Append as many of the pointers as there is room for, in their order.
 *
 * @param items  item_count of them; borrowed for the call
 * @return how many were appended, the first ones: 0..item_count
 *
 * Threads: the producer thread only.
 * Order:   as nw_ring_push(), for all of them at once.
 * Progress: wait-free.
 * Cost:    one store to the line the consumer polls for the whole burst.
 */
NW_API uint32_t nw_ring_push_burst(struct nw_ring *ring, void *const *items, uint32_t item_count)
	NW_MUST_USE;

/**
 * Remove the oldest pointer.
 *
 * @param ret_item  set on success, untouched on failure
 * @return true if one was removed, false if the ring is empty (not an error)
 *
 * Threads: the consumer thread only.
 * Order:   what the producer did before it pushed the item happens before the return.
 * Progress: wait-free.
 * Cost:    as nw_ring_push(), the sides exchanged.
 */
NW_API NW_INLINE bool nw_ring_pop(struct nw_ring *ring, void **ret_item) NW_MUST_USE;

/**
 * Remove the oldest pointers, up to item_count of them, oldest first.
 *
 * @param ret_items  room for item_count; only those returned are written
 * @return how many were removed: 0..item_count
 *
 * Threads: the consumer thread only.
 * Order:   as nw_ring_pop(), for each of them.
 * Progress: wait-free.
 * Cost:    one store to the line the producer polls for the whole burst.
 */
NW_API uint32_t nw_ring_pop_burst(struct nw_ring *ring, void **ret_items, uint32_t item_count)
	NW_MUST_USE;

/**
 * Number of items, as seen at some moment during the call; exact where neither side runs.
 *
 * Threads: any thread. Already stale when it returns: for statistics and back-pressure,
 *          never to decide whether a push or pop will succeed.
 * Progress: wait-free.
 */
NW_API uint32_t nw_ring_count(const struct nw_ring *ring);

/**
 * The slot_count it was made with.
 *
 * Threads: any thread.
 */
NW_API uint32_t nw_ring_slot_count(const struct nw_ring *ring);

#ifndef __cplusplus

/* Part of the ABI. head and tail count items since creation, modulo 2^32; src/lf/ring.c tells why
 * it is right. */
struct nw_ring {
	/* Written by the producer. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t head;
	uint32_t tail_seen; /* producer's copy: a past value of tail */

	/* Written by the consumer. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t tail;
	uint32_t head_seen; /* consumer's copy: a past value of head */

	/* Constant after creation. */
	alignas(NW_CACHE_PAIR) uint32_t slot_count;
	uint32_t mask;
	struct nw_mem mem; /* base NULL: the memory is the caller's */

	/* Slot i & mask: the producer's while free, else the consumer's. */
	alignas(NW_CACHE_PAIR) void *slots[];
};

NW_INLINE bool nw_ring_push(struct nw_ring *ring, void *item)
{
	/* relaxed: sole writer. */
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head - ring->tail_seen > ring->mask) {
		/* [push.tail] acquire, pairs with [pop.tail], [pop_burst.tail]: the consumer
		 * has read the slot before we overwrite it. */
		ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
		if (head - ring->tail_seen > ring->mask)
			return false;
	}
	ring->slots[head & ring->mask] = item;
	/* [push.head] release, pairs with [pop.head], [pop_burst.head]: publishes the slot, and
	 * all that the producer did before. */
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	return true;
}

NW_INLINE bool nw_ring_pop(struct nw_ring *ring, void **ret_item)
{
	/* relaxed: sole writer. */
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (ring->head_seen == tail) {
		/* [pop.head] acquire, pairs with [push.head], [push_burst.head]: see the
		 * content of the slot. */
		ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
		if (ring->head_seen == tail)
			return false;
	}
	*ret_item = ring->slots[tail & ring->mask];
	/* [pop.tail] release, pairs with [push.tail], [push_burst.tail], [count.tail]: our read
	 * of the slot is done before the producer may reuse it. */
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
	return true;
}

#endif /* !__cplusplus */

NW_END_DECLS

#endif /* NW_RING_H */
