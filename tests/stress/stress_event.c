/* SPDX-License-Identifier: MIT */
/*
 * The event count without a lost wake-up. Givers make tokens, takers take them and sleep when there
 * are none; the tokens are handed out slowly enough that takers sleep all the time. One lost
 * wake-up leaves takers asleep with tokens there, and the case's alarm ends it. The condition is
 * stored and loaded relaxed, so that the order is the event's alone.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/event.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>

enum { GIVERS = 2, TAKERS = 4, TOKENS = 20000 };

struct game {
	struct nw_event event;
	_Atomic int64_t token_count;
	_Atomic uint64_t taken_count;
	uint64_t token_total; /* of all givers */
	uint64_t spin_ns, timeout_ns;
	bool is_notify_all;
	_Atomic bool is_over;
};

static bool take(struct game *game)
{
	int64_t n = atomic_load_explicit(&game->token_count, memory_order_relaxed);

	while (n > 0)
		if (atomic_compare_exchange_weak_explicit(&game->token_count, &n, n - 1,
							  memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	return false;
}

static bool is_over(const struct game *game)
{
	return atomic_load_explicit(&game->is_over, memory_order_relaxed);
}

/* True with a token; false when it is over. */
static bool await_token(struct game *game)
{
	for (;;) {
		nw_event_key key;
		bool is_taken;

		if (take(game))
			return true;
		key = nw_event_prepare(&game->event);
		is_taken = take(game);
		if (is_taken || is_over(game)) {
			nw_event_cancel(&game->event);
			return is_taken;
		}
		(void)nw_event_wait(&game->event, key, game->spin_ns, game->timeout_ns);
	}
}

static void *take_all(void *arg)
{
	struct game *game = arg;

	while (await_token(game)) {
		if (atomic_fetch_add(&game->taken_count, 1) + 1 == game->token_total) {
			atomic_store_explicit(&game->is_over, true, memory_order_relaxed);
			nw_event_notify_all(&game->event);
		}
	}
	return NULL;
}

static void *give_all(void *arg)
{
	struct game *game = arg;

	for (uint64_t i = 0; i < game->token_total / GIVERS; i++) {
		atomic_fetch_add_explicit(&game->token_count, 1, memory_order_relaxed);
		if (game->is_notify_all)
			nw_event_notify_all(&game->event);
		else
			nw_event_notify_one(&game->event);
		/* Wait for the takers now and then, without a wake-up: they must sleep. */
		while (i % 4 == 0 &&
		       atomic_load_explicit(&game->token_count, memory_order_relaxed) > 0)
			sched_yield();
	}
	return NULL;
}

static void run_game(struct game *game)
{
	pthread_t threads[GIVERS + TAKERS];

	game->token_total = TOKENS * (uint64_t)nw_test_scale();
	for (int i = 0; i < GIVERS + TAKERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, i < GIVERS ? give_all : take_all, game),
			  ==, 0);
	for (int i = 0; i < GIVERS + TAKERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK_INT(game->taken_count, ==, game->token_total);
	CHECK_INT(game->token_count, ==, 0);
	/* Nobody is left announced, or a notify would go on making system calls. */
	CHECK_INT((uint32_t)game->event.state, ==, 0);
}

TEST(notify_one_loses_no_wake_up)
{
	struct game game = { .token_count = 0 };

	run_game(&game);
}

TEST(notify_all_loses_no_wake_up)
{
	struct game game = { .is_notify_all = true };

	run_game(&game);
}

TEST(a_wake_up_while_spinning_or_falling_asleep_is_not_lost)
{
	struct game game = { .spin_ns = 2000 };

	run_game(&game);
}

/* Time-outs that pass while the wake-up arrives: it must end this wait, or go to another. */
TEST(a_timeout_loses_no_wake_up_of_another)
{
	struct game game = { .timeout_ns = 1000 };

	run_game(&game);
}

/* What was done before a notify is seen after the wait that it ends: a plain ball is thrown to and
 * fro, and nothing but the events orders it. Each side prepares before it throws. */

struct court {
	struct nw_event event[2];
	uint64_t ball; /* plain */
	uint64_t end;
};

struct side {
	struct court *court;
	uint32_t me;
	nw_event_key key;
};

static void *play(void *arg)
{
	struct side *side = arg;
	struct court *court = side->court;
	uint32_t me = side->me;

	for (;;) {
		CHECK(nw_event_wait(&court->event[me], side->key, 0, 0));
		if (court->ball >= court->end)
			break;
		CHECK_INT(court->ball % 2, ==, me);
		court->ball++;
		side->key = nw_event_prepare(&court->event[me]);
		nw_event_notify_one(&court->event[1 - me]);
	}
	nw_event_notify_one(&court->event[1 - me]);
	return NULL;
}

TEST(what_precedes_a_notify_is_seen_after_the_wait)
{
	struct court court = { .end = TOKENS * (uint64_t)nw_test_scale() };
	struct side sides[2];
	pthread_t threads[2];

	for (uint32_t i = 0; i < 2; i++)
		sides[i] = (struct side){ &court, i, nw_event_prepare(&court.event[i]) };
	for (uint32_t i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, play, &sides[i]), ==, 0);
	nw_event_notify_one(&court.event[0]);
	for (uint32_t i = 0; i < 2; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK_INT(court.ball, ==, court.end);
}

/* The condition is a plain store, no read-modify-write that would be a fence of its own: on x86
 * too, a notify that only loaded would miss waiters. Each side lingers a little before it
 * prepares, so that the store meets every point of the other's way to sleep. */

struct rally {
	/* Of each side; on lines of their own, or the store could not be late. */
	struct {
		alignas(NW_CACHE_PAIR) struct nw_event event;
		alignas(NW_CACHE_PAIR) _Atomic uint64_t throw_count;
	} sides[2];
	uint64_t end;
};

struct rally_side {
	struct rally *rally;
	uint32_t me;
};

static bool has_come(struct rally *rally, uint32_t me, uint64_t n)
{
	return atomic_load_explicit(&rally->sides[me].throw_count, memory_order_relaxed) >= n;
}

static void await_throw(struct rally *rally, uint32_t me, uint64_t n, uint32_t linger)
{
	for (uint32_t i = 0; i < linger; i++)
		if (has_come(rally, me, n))
			return;
	for (;;) {
		nw_event_key key = nw_event_prepare(&rally->sides[me].event);

		if (has_come(rally, me, n)) {
			nw_event_cancel(&rally->sides[me].event);
			return;
		}
		(void)nw_event_wait(&rally->sides[me].event, key, 0, 0);
	}
}

static void *play_rally(void *arg)
{
	struct rally_side *side = arg;
	struct rally *rally = side->rally;
	uint32_t me = side->me, other = 1 - me;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + me);
	for (uint64_t n = 1; n <= rally->end; n++) {
		/* Both throw, then both wait: so both are on their way to sleep at once. */
		atomic_store_explicit(&rally->sides[other].throw_count, n, memory_order_relaxed);
		nw_event_notify_one(&rally->sides[other].event);
		await_throw(rally, me, n, nwi_prng_below(&prng, 200));
	}
	return NULL;
}

TEST(the_condition_may_be_a_plain_store)
{
	struct rally rally = { .end = 10 * TOKENS * (uint64_t)nw_test_scale() };
	struct rally_side sides[2] = { { &rally, 0 }, { &rally, 1 } };
	pthread_t threads[2];

	for (uint32_t i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, play_rally, &sides[i]), ==, 0);
	for (uint32_t i = 0; i < 2; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
}
