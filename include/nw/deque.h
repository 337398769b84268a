/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Work-stealing deque of pointers: its owner pushes and pops at one end, thieves take at the other.
 *
 *              push     pop      steal    count    destroy
 *     push     X        X        -        -        X
 *     pop      X        X        -        -        X
 *     steal    -        -        -        -        X
 *     count    -        -        -        -        X
 *     destroy  X        X        X        X        X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine. push and pop are
 * the owner's, which may change from one thread to another where something else orders the two;
 * steal is any thread's, the owner's included. nw_deque_steal_half() counts as steal.
 *
 * It starts small and doubles up to a bound. The slots that were outgrown are retired through a
 * hazard domain, since a thief may still be reading them; so whoever pushes or steals brings its
 * handle of that domain (nw_hazard_register()). A steal uses slot 0 of it and leaves it clear.
 *
 * Progress: pop is wait-free, push too but for growth; a steal is wait-free but for growth
 * meanwhile, and may lose against another taker, which then has an item.
 * Order: what the owner did before nw_deque_push(x) happens before the pop or steal that
 * returns x.
 */
#ifndef NW_DEQUE_H
#define NW_DEQUE_H

#include <nw/base.h>
#include <nw/hazard.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A deque. Opaque. */
struct nw_deque;

/** Smallest and largest number of slots. */
#define NW_DEQUE_SLOT_COUNT_MIN 2u
#define NW_DEQUE_SLOT_COUNT_MAX (1u << 30)

/** What came of a try to steal. */
enum nw_deque_steal {
	NW_DEQUE_STOLEN, /* an item was taken */
	NW_DEQUE_EMPTY,  /* at some moment during the call there was none */
	NW_DEQUE_ABORT,  /* another taker was faster; there may be more */
};

/**
 * Create an empty deque in memory bound to one NUMA node: the owner's, as a rule.
 *
 * @param ret_deque       set on success, untouched on failure
 * @param node            NUMA node its slots are bound to, at first and after growing, or
 *                        NW_NODE_ANY
 * @param slot_count      at first: power of two, 2..2^30
 * @param slot_count_max  after growing: power of two, slot_count..2^30; all of them are usable
 * @return 0
 * @return -EINVAL  a count is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_deque_destroy(). The deque stores the pointers pushed into
 *          it and never looks at what they point to.
 * Cost:    whole pages; system calls.
 */
NW_API int nw_deque_create(struct nw_deque **ret_deque, nw_node node, uint32_t slot_count,
			   uint32_t slot_count_max) NW_MUST_USE;

/**
 * Release the deque. Pointers still inside are dropped, not freed. NULL is a no-op.
 *
 * Slots that were outgrown belong to the hazard domain since then; it frees them.
 *
 * Threads: when no other call on this deque is running or will follow.
 */
NW_API void nw_deque_destroy(struct nw_deque *deque);

/**
 * Lend the block the newest slots lie in: its node, and the level of binding that was got.
 *
 * Threads: the owner; until its next push, or destroy.
 */
NW_API const struct nw_mem *nw_deque_memory(const struct nw_deque *deque);

/**
 * Append a pointer at the owner's end.
 *
 * @param thread  the caller's handle, in the domain that all users of this deque share
 * @param item    anything, NULL included
 * @return true if appended; false if all slot_count_max slots are taken, or they are fewer and the
 *         kernel gives no memory for more (not an error; the deque is as it was)
 *
 * Threads: the owner only.
 * Order:   what the owner did before happens before the pop or steal that returns item.
 * Progress: wait-free but for growth, which maps memory and copies what is inside.
 * Cost:    two stores to the owner's lines; one load of the thieves' line when the owner's
 *          copy of their index says "full". Growth doubles, so it costs one copy an item.
 */
NW_API bool nw_deque_push(struct nw_deque *deque, struct nw_hazard_thread *thread, void *item)
	NW_MUST_USE;

/**
 * Remove the pointer that was pushed last.
 *
 * @param ret_item  set on success, untouched on failure
 * @return true if one was removed, false if the deque is empty (not an error)
 *
 * Threads: the owner only.
 * Order:   what the owner did before it pushed the item happens before the return.
 * Progress: wait-free.
 * Cost:    one sequentially consistent store (on x86 an xchg), and one compare-and-swap when
 *          a single item is left; neither when the deque is known to be empty.
 */
NW_API bool nw_deque_pop(struct nw_deque *deque, void **ret_item) NW_MUST_USE;

/**
 * Try to remove the oldest pointer.
 *
 * @param thread    the caller's handle; its slot 0 is used and left clear
 * @param ret_item  set on NW_DEQUE_STOLEN, else untouched
 * @return NW_DEQUE_STOLEN, NW_DEQUE_EMPTY or NW_DEQUE_ABORT
 *
 * Threads: any thread. Termination may count on EMPTY, never on ABORT.
 * Order:   what the owner did before it pushed the item happens before the return.
 * Progress: wait-free but for growth meanwhile; if all aborted, another taker has an item.
 * Cost:    one compare-and-swap on the thieves' line, one load of the owner's.
 */
NW_API enum nw_deque_steal nw_deque_steal(struct nw_deque *deque, struct nw_hazard_thread *thread,
					  void **ret_item) NW_MUST_USE;

/**
 * Remove the oldest pointers, oldest first: at most half of those inside, rounded up.
 *
 * Each is taken by a step of its own, so the owner and other thieves may take some in between.
 *
 * @param thread      as nw_deque_steal()
 * @param ret_items   room for item_count; only those returned are written
 * @param item_count  1 or more
 * @param ret_why     what ended it when fewer than asked were there to take: NW_DEQUE_STOLEN
 *                    (half, or item_count, is reached), NW_DEQUE_EMPTY or NW_DEQUE_ABORT
 * @return how many were removed: 0..item_count
 *
 * Threads: any thread.
 * Order:   as nw_deque_steal(), for each of them.
 * Progress: as nw_deque_steal(), for each of them.
 */
NW_API uint32_t nw_deque_steal_half(struct nw_deque *deque, struct nw_hazard_thread *thread,
				    void **ret_items, uint32_t item_count,
				    enum nw_deque_steal *ret_why) NW_MUST_USE;

/**
 * Number of items, as seen at some moment during the call; exact where nobody pops or steals.
 *
 * Threads: any thread. Already stale when it returns: a hint for choosing a victim.
 * Progress: wait-free.
 */
NW_API uint32_t nw_deque_count(const struct nw_deque *deque);

/** Number of slots, grown ones included. Threads: the owner. */
NW_API uint32_t nw_deque_slot_count(const struct nw_deque *deque);

NW_END_DECLS

#endif /* NW_DEQUE_H */
