/* SPDX-License-Identifier: MIT */
/*
 * Parking: how a worker waits without burning its CPU.
 *
 * One word a worker, in its seat:
 *
 *              unpark                    park, then sleep
 *     EMPTY ------------> TOKEN    EMPTY ----------------> SLEEPING
 *     SLEEPING ---------> TOKEN, and one futex wake
 *     TOKEN ------------> TOKEN    (one token is kept, not two)
 *     TOKEN, SLEEPING --> EMPTY    when the worker leaves park
 *
 * Roles: the worker alone writes EMPTY and SLEEPING, everybody else only TOKEN.
 * Invariant: a token is put by an exchange and taken by an exchange, so each one ends
 * exactly one park, and what was done before the unpark is seen after that park.
 *
 * Why no wake-up is lost: the kernel compares the word with SLEEPING under its own lock. An
 * unpark before that makes the comparison fail; one after it finds SLEEPING and wakes. A
 * stop is the flag, then a token to everybody, so it needs no rule of its own.
 */
#include "crew/crew.h"

#include "base/clock.h"
#include "os/futex.h"

#include <assert.h>

enum park_word { EMPTY, TOKEN, SLEEPING };

enum { SPINS_PER_CLOCK = 32 }; /* pauses between two looks at the clock */

static struct nwi_seat *seat_of(struct nw_crew_worker *worker)
{
	/* The worker is the seat's first member. */
	return (struct nwi_seat *)(void *)worker;
}

static bool take_token(struct nwi_seat *seat)
{
	uint32_t token = TOKEN;

	/* relaxed: hint, so that an empty seat costs no write; the CAS below decides. */
	if (atomic_load_explicit(&seat->park_word, memory_order_relaxed) != TOKEN)
		return false;
	/* [park.take] acquire, pairs with [unpark.word]: all that the waker did is seen. */
	return atomic_compare_exchange_strong_explicit(&seat->park_word, &token, EMPTY,
						       memory_order_acquire, memory_order_relaxed);
}

static bool spin(struct nwi_seat *seat, uint64_t until_ns)
{
	do {
		for (int i = 0; i < SPINS_PER_CLOCK; i++) {
			if (take_token(seat))
				return true;
			nwi_cpu_relax();
		}
	} while (nwi_clock_ns() < until_ns);
	return false;
}

static bool sleep_on(struct nwi_seat *seat, uint64_t deadline_ns)
{
	uint32_t word = EMPTY;
	int rc = 0;

	/* relaxed: re-checked by the exchange at [park.leave], which sees a token either way. */
	atomic_compare_exchange_strong_explicit(&seat->park_word, &word, SLEEPING,
						memory_order_relaxed, memory_order_relaxed);
	do {
		/* relaxed: re-checked by the exchange at [park.leave]. */
		if (atomic_load_explicit(&seat->park_word, memory_order_relaxed) != SLEEPING)
			break;
		rc = nwi_futex_wait(&seat->park_word, SLEEPING, deadline_ns);
	} while (rc == 0);
	/* [park.leave] acquire, pairs with [unpark.word]: all that the waker did is seen. */
	return atomic_exchange_explicit(&seat->park_word, EMPTY, memory_order_acquire) == TOKEN;
}

bool nw_crew_park(struct nw_crew_worker *worker, uint64_t spin_ns, uint64_t timeout_ns)
{
	struct nwi_seat *seat = seat_of(worker);
	uint64_t now_ns, deadline_ns, spin_end_ns;

	if (take_token(seat) || nw_crew_should_stop(worker->crew))
		return true;
	now_ns = nwi_clock_ns();
	deadline_ns = timeout_ns ? nwi_ns_add(now_ns, timeout_ns) : UINT64_MAX;
	spin_end_ns = nwi_ns_add(now_ns, spin_ns);
	if (spin_end_ns > deadline_ns)
		spin_end_ns = deadline_ns;
	if (spin_ns > 0 && spin(seat, spin_end_ns))
		return true;
	return sleep_on(seat, deadline_ns);
}

static void unpark_seat(struct nwi_seat *seat)
{
	/* [unpark.word] release, pairs with [park.take], [park.leave]: what the waker did
	 * before is seen by the worker. A write even over a TOKEN, for the same reason. */
	if (atomic_exchange_explicit(&seat->park_word, TOKEN, memory_order_release) == SLEEPING)
		nwi_futex_wake(&seat->park_word, 1);
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
