/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Bounded FIFO of fixed-size items: any number of producer threads, one consumer thread.
 *
 *              push     pop      count    destroy
 *     push     -        -        -        X
 *     pop      -        X        -        X
 *     count    -        -        -        X
 *     destroy  X        X        X        X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine. Bursts count
 * as push and pop, fini as destroy. The consumer may change from one thread to another where
 * something else orders the two.
 *
 * A producer claims the slots of its whole burst by one compare-and-swap, fills them, and then
 * shows them. The items of a burst stay together and in order; those of one producer come out in
 * the order in which it pushed them.
 *
 * The consumer can see a gap: while a producer is between claiming and showing, later bursts
 * that are complete already stay behind it, and nw_mpsc_pop() says "nothing" although a push
 * has returned. Then nw_mpsc_count() is not 0. So this ring is a FIFO but not a linearizable
 * queue; nw_mpmc is one. A thread that is killed inside a push stops the ring for good.
 *
 * Progress: push is lock-free, pop and count are wait-free; none of them makes a system call.
 * Order: what a producer did before nw_mpsc_push(x) returned true happens before the
 * nw_mpsc_pop() that returns x.
 */
#ifndef NW_MPSC_H
#define NW_MPSC_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A ring. Opaque. */
struct nw_mpsc;

/** Smallest and largest slot_count, largest item_bytes. */
#define NW_MPSC_SLOT_COUNT_MIN 2u
#define NW_MPSC_SLOT_COUNT_MAX (1u << 30)
#define NW_MPSC_ITEM_BYTES_MAX 4096u

/**
 * Bytes that nw_mpsc_init() needs.
 *
 * @param slot_count  power of two, 2..2^30
 * @param item_bytes  multiple of 8, 8..4096
 * @return bytes, a multiple of NW_CACHE_PAIR; 0: a parameter is not allowed
 *
 * Threads: any thread.
 */
NW_API size_t nw_mpsc_bytes(uint32_t slot_count, uint32_t item_bytes);

/**
 * Make an empty ring in the caller's memory.
 *
 * @param ret_mpsc    set on success, untouched on failure
 * @param memory      aligned to NW_CACHE_PAIR; any content
 * @param n_bytes     nw_mpsc_bytes(slot_count, item_bytes) or more
 * @param slot_count  power of two, 2..2^30; all of them are usable
 * @param item_bytes  multiple of 8, 8..4096
 * @return 0
 * @return -EINVAL  slot_count or item_bytes is not allowed, or memory is misaligned
 * @return -ENOSPC  n_bytes is too small
 *
 * Threads: any thread, with nobody else in that memory.
 * Owner:   the memory stays the caller's; call nw_mpsc_fini() before reusing it.
 */
NW_API int nw_mpsc_init(struct nw_mpsc **ret_mpsc, void *memory, size_t n_bytes,
			uint32_t slot_count, uint32_t item_bytes) NW_MUST_USE;

/**
 * End a ring made by nw_mpsc_init(). Items still inside are dropped. NULL is a no-op.
 *
 * Threads: when no other call on this ring is running or will follow.
 */
NW_API void nw_mpsc_fini(struct nw_mpsc *mpsc);

/**
 * Create an empty ring in memory bound to one NUMA node: the consumer's, as a rule.
 *
 * @param ret_mpsc    set on success, untouched on failure
 * @param slot_count  power of two, 2..2^30; all of them are usable
 * @param item_bytes  multiple of 8, 8..4096
 * @param node        NUMA node the pages are bound to, or NW_NODE_ANY
 * @return 0; what the kernel gave is in nw_mpsc_memory()
 * @return -EINVAL  slot_count or item_bytes is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_mpsc_destroy(). The ring copies the items and never looks
 *          at what they mean.
 * Cost:    whole pages; system calls.
 */
NW_API int nw_mpsc_create(struct nw_mpsc **ret_mpsc, uint32_t slot_count, uint32_t item_bytes,
			  nw_node node) NW_MUST_USE;

/**
 * Release a ring made by nw_mpsc_create(). Items still inside are dropped. NULL is a no-op.
 *
 * Threads: when no other call on this ring is running or will follow.
 */
NW_API void nw_mpsc_destroy(struct nw_mpsc *mpsc);

/**
 * Lend the block a created ring lies in: its node, and the level of binding that was got.
 *
 * @return NULL for a ring in the caller's memory
 *
 * Threads: any thread.
 */
NW_API const struct nw_mem *nw_mpsc_memory(const struct nw_mpsc *mpsc);

/**
 * Append a copy of one item.
 *
 * @param item  item_bytes of it; borrowed for the call
 * @return true if appended, false if every slot is claimed (not an error)
 *
 * Threads: any thread.
 * Order:   what the caller did before happens before the pop that returns the item.
 * Progress: lock-free: another try only where another producer's claim succeeded.
 * Cost:    one compare-and-swap on the line that all producers share, one store to a line that
 *          the consumer polls; the consumer's line is read only when the ring looks full.
 */
NW_API bool nw_mpsc_push(struct nw_mpsc *mpsc, const void *item) NW_MUST_USE;

/**
 * Append copies of as many of the items as there is room for, together and in their order.
 *
 * @param items  item_count of them, item_bytes each, one after the other; borrowed
 * @return how many were appended, the first ones: 0..item_count
 *
 * Threads: any thread.
 * Order:   as nw_mpsc_push(), for all of them at once.
 * Progress: as nw_mpsc_push().
 * Cost:    as one nw_mpsc_push() and the copy, whatever the number.
 */
NW_API uint32_t nw_mpsc_push_burst(struct nw_mpsc *mpsc, const void *items, uint32_t item_count)
	NW_MUST_USE;

/** A claim: slots that only the claimant may touch until it shows them. */
struct nw_mpsc_claim {
	unsigned char *items; /* of the ring: item k of the claim is at (pos + k & mask) * bytes */
	uint64_t pos;
	uint64_t mask;
	uint32_t count; /* slots claimed: 0: none, and nothing to show */
};

/**
 * Claim slots to be filled in place: a push in two halves, without the copy. Fill every slot of
 * the claim, then show it; until then the consumer stops there, so do nothing slow in between.
 *
 * @param item_count  how many are wanted
 * @param ret_claim   where they are; .count says how many were got: 0..item_count
 *
 * Threads: any thread.
 * Progress: as nw_mpsc_push().
 * Cost:    as nw_mpsc_push().
 */
NW_API void nw_mpsc_claim(struct nw_mpsc *mpsc, uint32_t item_count,
			  struct nw_mpsc_claim *ret_claim);

/**
 * Show the slots of a claim, all of them filled. A claim of no slots is a no-op.
 *
 * Threads: the thread that claimed.
 * Order:   what the caller did before happens before the pop that returns the items.
 * Progress: wait-free.
 */
NW_API void nw_mpsc_show(struct nw_mpsc *mpsc, const struct nw_mpsc_claim *claim);

/**
 * Remove the oldest item.
 *
 * @param ret_item  room for item_bytes; set on success, untouched on failure
 * @return true if one was removed; false if the ring is empty, or its oldest burst is claimed
 *         and not yet shown (a gap; not an error)
 *
 * Threads: the consumer thread only.
 * Order:   what the producer did before it pushed the item happens before the return.
 * Progress: wait-free.
 * Cost:    a load of a line that a producer wrote, a store to the consumer's line.
 */
NW_API bool nw_mpsc_pop(struct nw_mpsc *mpsc, void *ret_item) NW_MUST_USE;

/**
 * Remove the oldest items, up to item_count of them, oldest first, from any number of bursts.
 *
 * @param ret_items  room for item_count; only those returned are written
 * @return how many were removed: 0..item_count; fewer where the ring ends, or at a gap
 *
 * Threads: the consumer thread only.
 * Order:   as nw_mpsc_pop(), for each of them.
 * Progress: wait-free.
 * Cost:    a load for each burst met, one store to the consumer's line, and the copy.
 */
NW_API uint32_t nw_mpsc_pop_burst(struct nw_mpsc *mpsc, void *ret_items, uint32_t item_count)
	NW_MUST_USE;

/**
 * Lend the oldest items in their slots, until nw_mpsc_drop(): a pop in two halves, without the
 * copy.
 *
 * @param item_count  how many are wanted
 * @param ret_items   set to the oldest of them, the others follow side by side; untouched if none
 * @return how many there are: 0..item_count; fewer where the ring ends, at a gap, or at the end of
 *         the array: then the rest is at its beginning, for the next call
 *
 * Threads: the consumer thread only.
 * Order:   as nw_mpsc_pop(), for each of them.
 * Progress: wait-free.
 */
NW_API uint32_t nw_mpsc_peek(struct nw_mpsc *mpsc, uint32_t item_count, void **ret_items)
	NW_MUST_USE;

/**
 * Remove the oldest items, without a copy.
 *
 * @param item_count  0..what the last nw_mpsc_peek() returned; less those dropped since
 *
 * Threads: the consumer thread only.
 * Progress: wait-free.
 * Cost:    a load for each burst met, one store to the consumer's line.
 */
NW_API void nw_mpsc_drop(struct nw_mpsc *mpsc, uint32_t item_count);

/**
 * Number of slots claimed since the ring was made, in a count that does not wrap. A push that has
 * begun to claim before something that this thread knows of is among them.
 *
 * Threads: any thread. Already stale when it returns.
 * Progress: wait-free.
 */
NW_API uint64_t nw_mpsc_claimed(const struct nw_mpsc *mpsc);

/**
 * Number of items removed since the ring was made: all claimed before nw_mpsc_claimed() returned n
 * are gone when this is n or more.
 *
 * Threads: any thread; exact for the consumer.
 * Progress: wait-free.
 */
NW_API uint64_t nw_mpsc_removed(const struct nw_mpsc *mpsc);

/**
 * Number of slots claimed and not yet freed, as seen at some moment during the call: the items
 * inside and those on their way in. For the consumer, after a pop that found nothing: not 0 means
 * that a push is under way, or came meanwhile.
 *
 * Threads: any thread. Already stale when it returns.
 * Progress: wait-free.
 */
NW_API uint32_t nw_mpsc_count(const struct nw_mpsc *mpsc);

/**
 * The slot_count it was made with.
 *
 * Threads: any thread.
 */
NW_API uint32_t nw_mpsc_slot_count(const struct nw_mpsc *mpsc);

NW_END_DECLS

#endif /* NW_MPSC_H */
