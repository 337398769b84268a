/* SPDX-License-Identifier: MIT */
/*
 * Threads insert overlapping streams of fingerprints into a set of eight-slot blocks, so that
 * splits, waits and the reuse of blocks are met all the time. Of all inserts of a value exactly
 * one may be told "new", and at the end every value is there: a lost or doubled insert, or a
 * block reused too early, shows as a wrong sum.
 */
#include "base/prng.h"
#include "nw_test.h"

#include <errno.h>
#include <nw/fpset.h>
#include <pthread.h>

enum { THREADS = 4, VALUES = 30000, BATCH = 37 };

static struct nw_fpset *set;
static pthread_barrier_t start;

static uint64_t value(uint64_t i)
{
	return nwi_mix64(i + 1);
}

/* Every thread inserts every value, from its own starting point. Returns how many were new. */
static void *insert_all(void *arg)
{
	uint32_t party = (uint32_t)(uintptr_t)arg;
	uint64_t fps[BATCH], is_new, found = 0, offset = VALUES / THREADS / 7 * party;

	pthread_barrier_wait(&start);
	for (uint64_t at = 0; at < VALUES; at += BATCH) {
		uint64_t n = VALUES - at < BATCH ? VALUES - at : BATCH;

		for (uint64_t i = 0; i < n; i++)
			fps[i] = value((at + i + offset) % VALUES);
		CHECK_INT(nw_fpset_insert(set, party, fps, n, &is_new), ==, 0);
		found += (uint64_t)__builtin_popcountll(is_new);
		for (uint64_t i = 0; i < n; i += 9)
			CHECK(nw_fpset_contains(set, party, fps[i]));
	}
	return (void *)(uintptr_t)found;
}

static void run(uint32_t block_slots)
{
	struct nw_fpset_options o = { .node = NW_NODE_ANY,
				      .party_count = THREADS,
				      .slots_min = 8,
				      .block_slots = block_slots };
	pthread_t threads[THREADS];
	struct nw_fpset_stats stats;
	uint64_t total = 0;

	CHECK_INT(nw_fpset_create(&set, &o), ==, 0);
	pthread_barrier_init(&start, NULL, THREADS);
	for (uintptr_t t = 0; t < THREADS; t++)
		CHECK_INT(pthread_create(&threads[t], NULL, insert_all, (void *)t), ==, 0);
	for (int t = 0; t < THREADS; t++) {
		void *found;

		CHECK_INT(pthread_join(threads[t], &found), ==, 0);
		total += (uintptr_t)found;
	}
	CHECK_INT(total, ==, VALUES);
	for (uint64_t i = 0; i < VALUES; i++)
		CHECK(nw_fpset_contains(set, 0, value(i)));
	nw_fpset_stats(set, &stats);
	CHECK_INT(stats.count, ==, VALUES);
	CHECK_INT(stats.split_count, >, 0);
	pthread_barrier_destroy(&start);
	nw_fpset_destroy(set);
}

TEST(nothing_lost_nothing_doubled_in_blocks_of_eight)
{
	for (int round = 0; round < 3 * nw_test_scale(); round++)
		run(8);
}

TEST(nothing_lost_nothing_doubled_in_blocks_of_4096)
{
	for (int round = 0; round < 3 * nw_test_scale(); round++)
		run(4096);
}
