/* SPDX-License-Identifier: MIT */
/**
 * @file
 * FIFO of pointers without a bound, for any number of producers and consumers, without a lock.
 *
 *                  push, pop   register   destroy
 *     push, pop        H           -         X
 *     register         -           -         X
 *     destroy          X           X         X
 *
 * H: calls with one handle must not overlap, with different handles they may. X: the caller must
 * keep the two calls from overlapping. -: any overlap is fine. Unregister counts as push.
 *
 * A thread joins with its handle of a hazard domain, and gets a slab on the queue's node for the
 * links that carry its items; they go home when nobody reads them any more. A call uses slots 0 and
 * 1 of the hazard handle and leaves them clear.
 *
 * There is no bound: who produces faster than others consume fills the memory of the node. Where
 * a bound is wanted, and it mostly is, take a ring.
 *
 * Progress: push and pop are lock-free; a push maps memory when its slab has none left, and a pop
 * runs deleters of the hazard domain once a batch (hazard.h).
 * Order: what the producer did before nw_queue_push(x) returned true happens before the
 * nw_queue_pop() that returns x. The queue is linearizable, empty included.
 */
#ifndef NW_QUEUE_H
#define NW_QUEUE_H

#include <nw/base.h>
#include <nw/hazard.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>

NW_BEGIN_DECLS

/** A queue. Opaque. */
struct nw_queue;

/** A thread's part in a queue. Opaque. */
struct nw_queue_handle;

/**
 * Create an empty queue whose memory, its links included, is on one NUMA node.
 *
 * @param ret_queue  set on success, untouched on failure
 * @param domain     where links are retired; kept until destroy
 * @param node       NUMA node, the consumers' as a rule, or NW_NODE_ANY
 * @return 0; what the kernel gave is in nw_queue_memory()
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_queue_destroy(). The queue stores the pointers pushed into
 *          it and never looks at what they point to.
 * Cost:    whole pages; system calls.
 */
NW_API int nw_queue_create(struct nw_queue **ret_queue, struct nw_hazard *domain, nw_node node)
	NW_MUST_USE;

/**
 * Release the queue and every handle of it. Pointers still inside are dropped, not freed. NULL is
 * a no-op.
 *
 * @param thread  the calling thread's, in the queue's domain: links that are retired are waited for
 *
 * Threads: when no other call on this queue is running or will follow; not from a deleter.
 * Progress: as nw_hazard_barrier().
 */
NW_API void nw_queue_destroy(struct nw_queue *queue, struct nw_hazard_thread *thread);

/** Lend the block the ends of the queue lie in. Threads: any thread. */
NW_API const struct nw_mem *nw_queue_memory(const struct nw_queue *queue);

/**
 * Join as a producer, a consumer, or both.
 *
 * @param ret_handle  set on success, untouched on failure
 * @param queue       kept until nw_queue_unregister(), or destroy
 * @param thread      the same thread's in the queue's domain, kept as long; one hazard handle
 *                    serves any number of queues
 * @return 0
 * @return -EINVAL  thread is of another domain
 * @return another  as nw_slab_create() says
 *
 * Threads: any thread; the handle is used by one thread at a time, together with `thread`.
 * Owner:   the caller; release with nw_queue_unregister().
 * Cost:    a slab, unless one of a thread that left is free.
 */
NW_API int nw_queue_register(struct nw_queue_handle **ret_handle, struct nw_queue *queue,
			     struct nw_hazard_thread *thread) NW_MUST_USE;

/**
 * Leave. Items this thread pushed stay; its slab is kept for the next who joins. NULL is a no-op.
 *
 * Threads: the handle's, before nw_hazard_unregister() of its thread.
 * Progress: wait-free.
 */
NW_API void nw_queue_unregister(struct nw_queue_handle *handle);

/**
 * Append a pointer.
 *
 * @param item  anything, NULL included
 * @return true if appended; false if the kernel gives no more memory (the queue is as it was)
 *
 * Threads: the handle's.
 * Order:   what the thread did before happens before the pop that returns item.
 * Progress: lock-free.
 * Cost:    two compare-and-swaps, on the last link and on the queue's tail.
 */
NW_API bool nw_queue_push(struct nw_queue_handle *handle, void *item) NW_MUST_USE;

/**
 * Remove the oldest pointer.
 *
 * @param ret_item  set on success, untouched on failure
 * @return true if one was removed; false if at some moment during the call the queue was empty
 *
 * Threads: the handle's.
 * Order:   what the producer did before it pushed the item happens before the return.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on the queue's head; retiring a link (nw_hazard_retire()).
 */
NW_API bool nw_queue_pop(struct nw_queue_handle *handle, void **ret_item) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_QUEUE_H */
