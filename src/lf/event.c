/* SPDX-License-Identifier: MIT */
/*
 * Event count on a futex.
 *
 *     state   63        32 31        0
 *             |  notices  |  waiters  |     waiters: prepared, and neither cancelled nor back
 *
 * Roles: waiters add and take away one of `waiters`; notifiers look whether there are any, and only
 * then count a notice and wake. Sleepers sleep on the upper half, while it is what their key says.
 *
 * Invariant: every change of state is an atomic read-modify-write, so all of them stand in one
 * order, and each one sees what was done before any earlier one (a release sequence that every
 * step continues and acquires).
 *
 * Why no wake-up is lost. Let P be the waiter's prepare (waiters + 1), and L the notifier's look
 * (+ 0), which follows its making the condition true. If L comes before P in that order, then
 * what preceded L is seen after P, so the second question, asked after P, finds the condition
 * true. If P comes before L, then L reads waiters >= 1, and a notice is counted after P read its
 * key: the waiter either finds the key old before it sleeps (the kernel compares under its own
 * lock), or is asleep already and is woken. The pair is the store-then-load of Dekker on both
 * sides (condition, then waiters; waiters, then condition), with a read-modify-write where
 * otherwise a sequentially consistent fence would stand; L writes nothing new, and is cheaper
 * here than that fence.
 *
 * Why notify_one suffices for one item. A sleeper that prepared only after the notice may be
 * the one whom the kernel wakes. But it had seen the condition after its prepare and found it
 * false: another thread had taken the item already, and nothing was left for the sleeper that was
 * passed over. Who is woken so finds its key unchanged and sleeps on.
 *
 * A waiter that times out and one that is woken cannot be confused: the kernel wakes only who
 * is still queued, and whoever leaves looks at the notices once more.
 *
 * Wrap-around: a waiter stopped between prepare and sleep for exactly 2^32 notices would miss them.
 * Only notices that found a waiter count, each with a system call: at a million a second,
 * more than an hour. waiters has room for every thread the kernel can have.
 *
 * References: D. Vyukov, "Eventcounts", 1024cores.net, 2011; folly's EventCount (the two
 * halves). We differ in that a notify without waiters changes nothing.
 */
#include <nw/event.h>

#include "base/clock.h"
#include "os/futex.h"
#include "os/thread.h"

#include <limits.h>

#define NOTICE_ONE (UINT64_C(1) << 32)

enum { SPINS_PER_CLOCK = 32 }; /* pauses between two looks at the clock */

/* The upper half, where the kernel compares. */
static const _Atomic uint32_t *notices_of(const struct nw_event *event)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (const _Atomic uint32_t *)(const void *)&event->state + 1;
#else
	return (const _Atomic uint32_t *)(const void *)&event->state;
#endif
}

static uint32_t notices_in(uint64_t state)
{
	return (uint32_t)(state >> 32);
}

static uint32_t waiters_in(uint64_t state)
{
	return (uint32_t)state;
}

void nw_event_init(struct nw_event *event)
{
	atomic_init(&event->state, 0);
}

nw_event_key nw_event_prepare(struct nw_event *event)
{
	/* [event_prepare.state] acq_rel, pairs with [event_notify.look], [event_notify.notice]:
	 * what preceded a notify that came too early is seen; one that comes later sees us. */
	uint64_t state = atomic_fetch_add_explicit(&event->state, 1, memory_order_acq_rel);

	return (nw_event_key){ .notice_count = notices_in(state) };
}

void nw_event_cancel(struct nw_event *event)
{
	/* relaxed: a count; as a read-modify-write it stays in the order of the others. */
	atomic_fetch_sub_explicit(&event->state, 1, memory_order_relaxed);
}

static bool is_notified(const struct nw_event *event, nw_event_key key)
{
	/* [event_wait.state] acquire, pairs with [event_notify.notice]: what preceded the notify is
	 * seen. */
	return notices_in(atomic_load_explicit(&event->state, memory_order_acquire)) !=
	       key.notice_count;
}

static bool spin(const struct nw_event *event, nw_event_key key, uint64_t until_ns)
{
	do {
		for (int i = 0; i < SPINS_PER_CLOCK; i++) {
			if (is_notified(event, key))
				return true;
			nwi_cpu_relax();
		}
	} while (nwi_clock_ns() < until_ns);
	return false;
}

static bool sleep_on(const struct nw_event *event, nw_event_key key, uint64_t deadline_ns)
{
	int rc = 0;

	while (!is_notified(event, key)) {
		if (rc < 0)
			return false; /* late, and not notified even now */
		rc = nwi_futex_wait(notices_of(event), key.notice_count, deadline_ns);
	}
	return true;
}

bool nw_event_wait(struct nw_event *event, nw_event_key key, uint64_t spin_ns, uint64_t timeout_ns)
{
	bool is_woken = is_notified(event, key);

	if (!is_woken) {
		uint64_t now_ns = nwi_clock_ns();
		uint64_t deadline_ns = timeout_ns ? nwi_ns_add(now_ns, timeout_ns) : UINT64_MAX;
		uint64_t spin_end_ns = nwi_ns_add(now_ns, spin_ns);

		if (spin_end_ns > deadline_ns)
			spin_end_ns = deadline_ns;
		is_woken = (spin_ns > 0 && spin(event, key, spin_end_ns)) ||
			   sleep_on(event, key, deadline_ns);
	}
	nw_event_cancel(event); /* back: no waiter any more */
	return is_woken;
}

static void notify(struct nw_event *event, int count)
{
	/* [event_notify.look] acq_rel, pairs with [event_prepare.state]: the condition is made
	 * true before we ask for waiters, and a waiter that we do not see here sees it. */
	uint64_t state = atomic_fetch_add_explicit(&event->state, 0, memory_order_acq_rel);

	if (waiters_in(state) == 0)
		return;
	/* [event_notify.notice] release, pairs with [event_prepare.state], [event_wait.state]:
	 * whoever sees the notice sees what preceded it. */
	atomic_fetch_add_explicit(&event->state, NOTICE_ONE, memory_order_release);
	nwi_futex_wake(notices_of(event), count);
}

void nw_event_notify_one(struct nw_event *event)
{
	notify(event, 1);
}

void nw_event_notify_all(struct nw_event *event)
{
	notify(event, INT_MAX);
}
