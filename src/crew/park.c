/* SPDX-License-Identifier: MIT */
/*
 * Parking: how a worker waits without burning its CPU. A token, and an event to sleep on until it
 * comes.
 *
 * Roles: anybody puts the token, the worker alone takes it; one is kept, not two.
 * Invariant: a token is put by an exchange and taken by an exchange, so each one ends exactly one
 * park, and what was done before the unpark is seen after that park.
 *
 * Why no wake-up is lost: the token is put before the notify, and looked for between the prepare
 * and the wait; the rest is the event's proof (lf/event.c). Who finds a token there already
 * need not notify: whoever put it does. A notify that comes late, for a token taken before, wakes
 * the worker for nothing, and it sleeps on. A stop is the flag, then a token to everybody, so it
 * needs no rule of its own.
 */
#include "crew/crew.h"

#include "base/clock.h"

#include <assert.h>

static struct nwi_seat *seat_of(struct nw_crew_worker *worker)
{
	/* The worker is the seat's first member. */
	return (struct nwi_seat *)(void *)worker;
}

static bool take_token(struct nwi_seat *seat)
{
	/* relaxed: hint, so that an empty seat costs no write; re-checked at [park.take]. */
	if (!atomic_load_explicit(&seat->has_token, memory_order_relaxed))
		return false;
	/* [park.take] acquire, pairs with [unpark.token]: all that the waker did is seen. */
	return atomic_exchange_explicit(&seat->has_token, false, memory_order_acquire);
}

bool nw_crew_park(struct nw_crew_worker *worker, uint64_t spin_ns, uint64_t timeout_ns)
{
	struct nwi_seat *seat = seat_of(worker);
	uint64_t now_ns, deadline_ns;

	if (take_token(seat) || nw_crew_should_stop(worker->crew))
		return true;
	now_ns = nwi_clock_ns();
	deadline_ns = timeout_ns ? nwi_ns_add(now_ns, timeout_ns) : UINT64_MAX;
	while (now_ns < deadline_ns) {
		nw_event_key key = nw_event_prepare(&seat->event);

		if (take_token(seat)) {
			nw_event_cancel(&seat->event);
			return true;
		}
		(void)nw_event_wait(&seat->event, key, spin_ns,
				    timeout_ns ? deadline_ns - now_ns : 0);
		if (take_token(seat))
			return true;
		now_ns = nwi_clock_ns();
	}
	return false;
}

static void unpark_seat(struct nwi_seat *seat)
{
	/* [unpark.token] release, pairs with [park.take]: what the waker did before is seen by the
	 * worker. A write even over a token, for the same reason. */
	if (!atomic_exchange_explicit(&seat->has_token, true, memory_order_release))
		nw_event_notify_one(&seat->event);
}

void nw_crew_unpark(struct nw_crew *crew, uint32_t worker_idx)
{
	assert(worker_idx < crew->worker_count);
	unpark_seat(crew->posts[worker_idx].seat);
}

void nw_crew_stop(struct nw_crew *crew)
{
	atomic_store(&crew->is_stopping, true);
	for (uint32_t i = 0; i < crew->worker_count; i++)
		unpark_seat(crew->posts[i].seat);
}

bool nw_crew_should_stop(const struct nw_crew *crew)
{
	/* relaxed: hint; a worker that reads it late does one more round. */
	return atomic_load_explicit(&crew->is_stopping, memory_order_relaxed);
}
