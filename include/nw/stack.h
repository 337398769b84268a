/* SPDX-License-Identifier: MIT */
/**
 * @file
 * LIFO of pointers without a bound, for any number of threads, without a lock.
 *
 *                  push, pop   register   destroy
 *     push, pop        H           -         X
 *     register         -           -         X
 *     destroy          X           X         X
 *
 * H: calls with one handle must not overlap, with different handles they may. X: the caller must
 * keep the two calls from overlapping. -: any overlap is fine. pop_all counts as pop, unregister as
 * push.
 *
 * A thread joins with its handle of a hazard domain, and gets a slab on the stack's node for the
 * links that carry its items; they go home when nobody reads them any more. A call uses slot 0 of
 * the hazard handle and leaves it clear.
 *
 * All threads meet at one pointer: for free lists and for work that is rare or taken all at once.
 * For the work of a crew take deques, one a worker.
 *
 * Progress: push and pop are lock-free, taking all is wait-free; a push maps memory when its
 * slab has none left, and a pop runs deleters of the hazard domain once a batch (hazard.h).
 * Order: what the thread did before nw_stack_push(x) returned true happens before the pop that
 * returns x. The stack is linearizable, empty included.
 */
#ifndef NW_STACK_H
#define NW_STACK_H

#include <nw/base.h>
#include <nw/hazard.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A stack. Opaque. */
struct nw_stack;

/** A thread's part in a stack. Opaque. */
struct nw_stack_handle;

/** What nw_stack_pop_all() calls for an item, on the thread that called it. */
typedef void nw_stack_fn(void *item, void *arg);

/**
 * Create an empty stack whose memory, its links included, is on one NUMA node.
 *
 * @param ret_stack  set on success, untouched on failure
 * @param domain     where links are retired; kept until destroy
 * @param node       NUMA node, or NW_NODE_ANY
 * @return 0; what the kernel gave is in nw_stack_memory()
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_stack_destroy(). The stack stores the pointers pushed into
 *          it and never looks at what they point to.
 * Cost:    whole pages; system calls.
 */
NW_API int nw_stack_create(struct nw_stack **ret_stack, struct nw_hazard *domain, nw_node node)
	NW_MUST_USE;

/**
 * Release the stack and every handle of it. Pointers still inside are dropped, not freed. NULL is
 * a no-op.
 *
 * @param thread  the calling thread's, in the stack's domain: links that are retired are waited for
 *
 * Threads: when no other call on this stack is running or will follow; not from a deleter.
 * Progress: as nw_hazard_barrier().
 */
NW_API void nw_stack_destroy(struct nw_stack *stack, struct nw_hazard_thread *thread);

/** Lend the block the top of the stack lies in. Threads: any thread. */
NW_API const struct nw_mem *nw_stack_memory(const struct nw_stack *stack);

/**
 * Join.
 *
 * @param ret_handle  set on success, untouched on failure
 * @param stack       kept until nw_stack_unregister(), or destroy
 * @param thread      the same thread's in the stack's domain, kept as long; one hazard handle
 *                    serves any number of stacks
 * @return 0
 * @return -EINVAL  thread is of another domain
 * @return another  as nw_slab_create() says
 *
 * Threads: any thread; the handle is used by one thread at a time, together with `thread`.
 * Owner:   the caller; release with nw_stack_unregister().
 * Cost:    a slab, unless one of a thread that left is free.
 */
NW_API int nw_stack_register(struct nw_stack_handle **ret_handle, struct nw_stack *stack,
			     struct nw_hazard_thread *thread) NW_MUST_USE;

/**
 * Leave. Items this thread pushed stay; its slab is kept for the next who joins. NULL is a no-op.
 *
 * Threads: the handle's, before nw_hazard_unregister() of its thread.
 * Progress: wait-free.
 */
NW_API void nw_stack_unregister(struct nw_stack_handle *handle);

/**
 * Put a pointer on top.
 *
 * @param item  anything, NULL included
 * @return true if pushed; false if the kernel gives no more memory (the stack is as it was)
 *
 * Threads: the handle's.
 * Order:   what the thread did before happens before the pop that returns item.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on the stack's line.
 */
NW_API bool nw_stack_push(struct nw_stack_handle *handle, void *item) NW_MUST_USE;

/**
 * Remove the pointer on top.
 *
 * @param ret_item  set on success, untouched on failure
 * @return true if one was removed; false if at some moment during the call the stack was empty
 *
 * Threads: the handle's.
 * Order:   what the thread did that pushed the item happens before the return.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on the stack's line; retiring a link (nw_hazard_retire()).
 */
NW_API bool nw_stack_pop(struct nw_stack_handle *handle, void **ret_item) NW_MUST_USE;

/**
 * Remove every pointer at one moment, then call a function for each, the one on top first.
 *
 * @param fn   may push and pop, with this handle too; what it pushes is not part of this round
 * @param arg  handed to fn as it is
 * @return how many there were
 *
 * Threads: the handle's.
 * Order:   as nw_stack_pop(), for each of them.
 * Progress: taking them is wait-free.
 * Cost:    one exchange on the stack's line for all, and a link retired for each.
 */
NW_API uint64_t nw_stack_pop_all(struct nw_stack_handle *handle, nw_stack_fn *fn, void *arg);

NW_END_DECLS

#endif /* NW_STACK_H */
