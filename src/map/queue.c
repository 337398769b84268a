/* SPDX-License-Identifier: MIT */
/*
 * Queue without a bound for any number of threads: Michael and Scott's, over hazard pointers.
 *
 *     head                       tail
 *      v                          v
 *     [ - ] -> [ a ] -> [ b ] -> [ c ] -> NULL
 *     dummy    oldest
 *
 * Roles: producers set the `next` of the last link from NULL to their own and then move tail;
 * consumers move head one link on, and take the item of the link that is the dummy from now on. The
 * consumer whose compare-and-swap moved head retires the old dummy. Anyone moves a tail that lags.
 *
 * Invariants.
 *   1. head and tail are links of one list, never NULL, and tail is never behind head: a consumer
 *      that finds both at one link moves tail on before it moves head.
 *   2. A link's `next` is written once, so a link with a next has left the end for good.
 *   3. A link is retired only once, after head has passed it, and by then neither head nor tail
 *      nor the next of a link from head on names it.
 *
 * Slots of the thread's hazard handle: 0 holds the end that is worked on (head or tail), validated
 * against head or tail themselves by nw_hazard_protect(). 1 holds the consumer's next, validated by
 * head once more: while it is the dummy, its next is not retired (3), and whoever retires it later
 * sees the slot. The item is read after the swap of head; without slot 1 the link may be gone by
 * then (specs/MSQueueOneHazard.tla).
 *
 * Invariant 1 without looking at tail. A producer sets the next of the link that it read from tail,
 * and that is the last one. So a link that has a next was tail once: a consumer whose next has a
 * next need not ask whether tail has left the dummy. So while two items or more are inside, neither
 * side touches the other's line. Otherwise it looks, and moves a tail that lags.
 *
 * Empty is exact: a protected dummy whose next is NULL is the last link, and head cannot pass the
 * last link, so at the moment of that load the queue had no item.
 *
 * ABA: links are used again, but never while a slot holds them; so an address that is protected and
 * validated means the same link until the slot is cleared.
 *
 * Orders: what a producer did before it pushed is released by the store to `next`. head and tail
 * are read by nw_hazard_protect(); they are moved by sequentially consistent compare-and-swaps,
 * since unlinking must be seen before the scan of a retire reads slots (hazard.h).
 *
 * References: M. Michael, M. Scott, "Simple, fast, and practical non-blocking and blocking
 * concurrent queue algorithms", PODC 1996; M. Michael, "Hazard pointers", TPDS 15(6), 2004. We
 * differ in that a producer tries its compare-and-swap before it looks whether tail lags, and
 * links go home to the slab of the thread that made them. Who loses a compare-and-swap keeps away
 * for a while (os/retry.h). A queue of segments that threads enter by fetch-and-add would be faster
 * under contention, at the cost of larger memory; where a bound is fine, use a ring.
 */
#include <nw/queue.h>

#include "map/pool.h"
#include "os/retry.h"

#include <stdalign.h>

struct nw_queue {
	alignas(NW_CACHE_PAIR) _Atomic(struct nwi_link *) head;
	alignas(NW_CACHE_PAIR) _Atomic(struct nwi_link *) tail;

	/* Constant after creation, but for the list of places. */
	alignas(NW_CACHE_PAIR) struct nwi_pool pool;
	struct nw_mem mem;
	struct nwi_link first; /* the first dummy */
};

struct nw_queue_handle {
	struct nwi_pool_member member;
};

enum { SLOT_END, SLOT_NEXT };

int nw_queue_create(struct nw_queue **ret_queue, struct nw_hazard *domain, nw_node node)
{
	struct nw_queue *queue;
	struct nw_mem mem;
	int rc;

	rc = nw_mem_alloc(&mem, node, sizeof(*queue), 0);
	if (rc < 0)
		return rc;
	queue = mem.base; /* zeroed */
	nwi_pool_init(&queue->pool, domain, node);
	queue->mem = mem;
	atomic_init(&queue->head, &queue->first);
	atomic_init(&queue->tail, &queue->first);
	*ret_queue = queue;
	return 0;
}

void nw_queue_destroy(struct nw_queue *queue, struct nw_hazard_thread *thread)
{
	struct nw_mem mem;

	if (!queue)
		return;
	nwi_pool_fini(&queue->pool, thread);
	mem = queue->mem;
	nw_mem_free(&mem);
}

const struct nw_mem *nw_queue_memory(const struct nw_queue *queue)
{
	return &queue->mem;
}

int nw_queue_register(struct nw_queue_handle **ret_handle, struct nw_queue *queue,
		      struct nw_hazard_thread *thread)
{
	struct nwi_pool_member *member;
	int rc;

	rc = nwi_pool_join(&member, &queue->pool, thread, queue);
	if (rc < 0)
		return rc;
	*ret_handle = (struct nw_queue_handle *)member;
	return 0;
}

void nw_queue_unregister(struct nw_queue_handle *handle)
{
	if (handle)
		nwi_pool_leave(&handle->member);
}

/* The last link, and its next if it is not the last any more; NULL when the link was set there. */
static struct nwi_link *append(struct nwi_link *last, struct nwi_link *link)
{
	struct nwi_link *next = NULL;

	/* [queue_push.next] acq_rel, pairs with [queue_push.next], [queue_pop.next],
	 * [queue_pop.second]: the item and what its producer did, and that tail was here; when it
	 * fails, the content of the link found there. */
	if (atomic_compare_exchange_strong_explicit(&last->next, &next, link, memory_order_acq_rel,
						    memory_order_acquire))
		return NULL;
	return next;
}

bool nw_queue_push(struct nw_queue_handle *handle, void *item)
{
	struct nw_queue *queue = handle->member.of;
	struct nw_hazard_thread *thread = handle->member.own;
	struct nwi_link *link = nwi_pool_take(&handle->member, item);
	struct nwi_link *last, *next;
	struct nwi_retry retry = { 0 };

	if (!link)
		return false;
	for (;;) {
		struct nwi_link *seen;

		last = seen = nw_hazard_protect(thread, SLOT_END, &queue->tail);
		next = append(last, link);
		if (!next)
			break;
		(void)atomic_compare_exchange_strong(&queue->tail, &seen, next); /* it lags */
		nwi_retry_wait(&retry);
	}
	/* If it fails another thread has moved it for us. */
	(void)atomic_compare_exchange_strong(&queue->tail, &last, link);
	nw_hazard_clear(thread, SLOT_END);
	return true;
}

/* Makes tail leave the dummy, if it is still there. next is protected. */
static void push_tail_past(struct nw_queue *queue, struct nwi_link *dummy, struct nwi_link *next)
{
	struct nwi_link *tail = dummy;

	/* [queue_pop.second] acquire, pairs with [queue_push.next]: who set it saw tail at next, so
	 * tail has left the dummy. Then the producers' line is left alone. */
	if (atomic_load_explicit(&next->next, memory_order_acquire))
		return;
	if (atomic_load(&queue->tail) == dummy)
		(void)atomic_compare_exchange_strong(&queue->tail, &tail, next);
}

/*
 * Moves head on. Returns the link that holds the item, protected by SLOT_NEXT, and the dummy that
 * is out; NULL: the queue was empty.
 */
static struct nwi_link *advance(struct nw_queue *queue, struct nw_hazard_thread *thread,
				struct nwi_link **ret_dummy)
{
	struct nwi_retry retry = { 0 };

	for (;;) {
		struct nwi_link *dummy = nw_hazard_protect(thread, SLOT_END, &queue->head);
		/* [queue_pop.next] acquire, pairs with [queue_push.next]: the item and what its
		 * producer did. */
		struct nwi_link *next = atomic_load_explicit(&dummy->next, memory_order_acquire);
		struct nwi_link *head = dummy;

		if (!next)
			return NULL;
		nw_hazard_set(thread, SLOT_NEXT, next);
		if (atomic_load(&queue->head) == dummy) {
			push_tail_past(queue, dummy, next);
			if (atomic_compare_exchange_strong(&queue->head, &head, next)) {
				*ret_dummy = dummy;
				return next;
			}
		}
		nwi_retry_wait(&retry);
	}
}

bool nw_queue_pop(struct nw_queue_handle *handle, void **ret_item)
{
	struct nw_queue *queue = handle->member.of;
	struct nw_hazard_thread *thread = handle->member.own;
	struct nwi_link *dummy, *next;

	next = advance(queue, thread, &dummy);
	if (next)
		*ret_item = next->item;
	nw_hazard_clear(thread, SLOT_END);
	nw_hazard_clear(thread, SLOT_NEXT);
	if (next)
		nwi_pool_retire(&handle->member, dummy);
	return next;
}
