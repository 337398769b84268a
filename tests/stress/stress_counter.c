/* SPDX-License-Identifier: MIT */
/*
 * Workers with a stripe each, threads that share one, and readers. Nothing is lost, no reader's
 * sum decreases, and the differences that a reader took add up to the whole.
 */
#include "nw_test.h"

#include <nw/counter.h>
#include <pthread.h>
#include <stdatomic.h>

enum { WORKERS = 3, SHARERS = 2, READERS = 2, ADDS = 1000000, COUNTERS = 2 };

struct game {
	struct nw_counter *counter;
	uint64_t add_count;
	atomic_uint next_stripe;
	_Atomic bool is_over;
};

static void *add_own(void *arg)
{
	struct game *game = arg;
	struct nw_counter_stripe *stripe = nw_counter_stripe_at(
		game->counter, atomic_fetch_add(&game->next_stripe, 1));

	for (uint64_t i = 0; i < game->add_count; i++) {
		nw_counter_add(stripe, 0, 1);
		nw_counter_add(stripe, 1, 3);
	}
	return NULL;
}

static void *add_shared(void *arg)
{
	struct game *game = arg;

	for (uint64_t i = 0; i < game->add_count; i++) {
		nw_counter_add_shared(game->counter, 0, 1);
		nw_counter_add_shared(game->counter, 1, 3);
	}
	return NULL;
}

static void *read_all(void *arg)
{
	struct game *game = arg;
	uint64_t last = 0, total = 0, sums[COUNTERS], before = 0;
	bool is_last;

	do {
		is_last = atomic_load(&game->is_over);
		total += nw_counter_delta(game->counter, 0, &last);
		CHECK_INT(total, ==, last);
		nw_counter_sums(game->counter, sums);
		CHECK_INT(sums[0], >=, last);
		CHECK_INT(sums[1], >=, before);
		before = sums[1];
	} while (!is_last);
	CHECK_INT(total, ==, (WORKERS + SHARERS) * game->add_count);
	CHECK_INT(before, ==, 3 * (WORKERS + SHARERS) * game->add_count);
	return NULL;
}

TEST(nothing_is_lost_and_sums_never_decrease)
{
	static const nw_node nodes[WORKERS] = { { -1 }, { -1 }, { -1 } };
	struct game game = { .add_count = ADDS * (uint64_t)nw_test_scale() };
	void *(*play[])(void *) = { add_own,    add_own,  add_own, add_shared,
				    add_shared, read_all, read_all };
	pthread_t threads[WORKERS + SHARERS + READERS];

	CHECK_INT(nw_counter_create(&game.counter, COUNTERS, nodes, WORKERS), ==, 0);
	for (int i = 0; i < WORKERS + SHARERS + READERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, play[i], &game), ==, 0);
	for (int i = 0; i < WORKERS + SHARERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	atomic_store(&game.is_over, true);
	for (int i = WORKERS + SHARERS; i < WORKERS + SHARERS + READERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	nw_counter_destroy(game.counter);
}
