/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Event count: how a thread sleeps until a condition holds that others make true without a lock.
 *
 *                prepare  cancel  wait  notify  init
 *     prepare    -        -       -     -       X
 *     cancel     -        -       -     -       X
 *     wait       -        -       -     -       X
 *     notify     -        -       -     -       X
 *     init       X        X       X     X       X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine. Any number of
 * threads may wait on one event, and any number notify.
 *
 * The condition is the caller's: an item in a ring, a flag. The waiter asks, prepares, asks again,
 * and only then waits; whoever makes the condition true notifies after that:
 *
 *     while (!pop(&item)) {                         push(item);
 *         key = nw_event_prepare(event);            nw_event_notify_one(event);
 *         if (pop(&item)) {
 *             nw_event_cancel(event);
 *             break;
 *         }
 *         nw_event_wait(event, key, spin_ns, 0);
 *     }
 *
 * Every prepare is ended by exactly one cancel or wait of the same thread. A wait may end though
 * nobody notified (after a signal, or when the notice was meant for another), so ask again.
 *
 * Progress: prepare, cancel and notify are wait-free; wait blocks on a notify, at most timeout_ns.
 * Order: what was done before a notify is seen by a waiter that it wakes, and by every
 * prepare that it comes too early for.
 */
#ifndef NW_EVENT_H
#define NW_EVENT_H

#include <nw/base.h>

#include <stdbool.h>
#include <stdint.h>

#ifndef __cplusplus
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/**
 * An event, to be a member of whatever is waited for; all zero bits are a fresh one. Best on a
 * cache line that the notifiers write anyway. The field is the library's.
 */
struct nw_event {
#ifdef __cplusplus
	alignas(8) uint64_t state;
#else
	_Atomic uint64_t state; /* notices that found waiters << 32 | waiters */
#endif
};

/** What nw_event_prepare() saw. By value; good for one wait. */
typedef struct nw_event_key {
	uint32_t notice_count;
} nw_event_key;

/**
 * Make a fresh event. It holds nothing, so there is no end to call.
 *
 * Threads: one, with nobody else at that event.
 */
NW_API void nw_event_init(struct nw_event *event);

/**
 * Announce a waiter: every notify that comes later than this ends the wait with this key. Ask for
 * the condition again after this, then nw_event_cancel() or nw_event_wait().
 *
 * Threads: any thread.
 * Order:   what was done before a notify that is not later is seen after this.
 * Progress: wait-free.
 * Cost:    one atomic read-modify-write on the event.
 */
NW_API nw_event_key nw_event_prepare(struct nw_event *event) NW_MUST_USE;

/**
 * Take a nw_event_prepare() back: the condition holds after all.
 *
 * Threads: the thread that prepared.
 * Progress: wait-free.
 * Cost:    as nw_event_prepare().
 */
NW_API void nw_event_cancel(struct nw_event *event);

/**
 * Wait for a notify that is later than the prepare which gave the key.
 *
 * @param key         from this thread's latest nw_event_prepare(), not cancelled
 * @param spin_ns     how long to poll before going to sleep; 0: not at all
 * @param timeout_ns  from now, spinning included; 0: no limit
 * @return true if notified (not needfully for this condition); false if the time-out passed
 *
 * Threads: the thread that prepared.
 * Order:   what was done before the notify that ends it happens before the return of true.
 * Progress: blocks on a notifier, at most timeout_ns.
 * Cost:    no system call where the notice is there or comes while spinning; else one or two.
 */
NW_API bool nw_event_wait(struct nw_event *event, nw_event_key key, uint64_t spin_ns,
			  uint64_t timeout_ns);

/**
 * Wake one waiter, if there is any; it may wake more. Call it after the condition was made true
 * for one waiter more.
 *
 * Threads: any thread; async-signal-safe.
 * Order:   as the file says.
 * Progress: wait-free.
 * Cost:    one atomic read-modify-write on the event; where a thread has announced itself, one more
 *          and a system call. Many items made ready at once need one call, of the other kind.
 */
NW_API void nw_event_notify_one(struct nw_event *event);

/**
 * Wake every waiter. Call it after the condition was made true for all, or for a number unknown.
 *
 * Threads: any thread; async-signal-safe.
 * Order:   as the file says.
 * Progress: wait-free.
 * Cost:    as nw_event_notify_one().
 */
NW_API void nw_event_notify_all(struct nw_event *event);

NW_END_DECLS

#endif /* NW_EVENT_H */
