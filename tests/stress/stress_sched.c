/* SPDX-License-Identifier: MIT */
/*
 * The scheduler with more workers than CPUs and deques of 2 or 4 slots, so that steals, leaps,
 * overflows, sleeps and wake-ups happen at every edge.
 *
 * Method: computations whose results are known, so that a task lost, run twice or run early shows;
 * counts of what has to have happened, so that a test which met no thief fails.
 */
#include "nw_test.h"

#include <nw/sched.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { WORKERS = 6, OUTSIDERS = 3 };

struct pool {
	struct nw_topo *topo;
	struct nw_sched *sched;
};

static struct pool start(uint32_t simulate_nodes, struct nw_sched_options options)
{
	struct nw_topo_options topo_options = { .simulate_nodes = simulate_nodes };
	struct nw_diag diag = { 0 };
	struct pool pool;

	options.seed = nw_test_seed();
	if (nw_topo_open(&pool.topo, &topo_options, &diag) < 0)
		FAIL("%s", diag.text);
	struct nw_crew_options crew = {
		.topo = pool.topo,
		.name = "sched",
		.worker_count = WORKERS,
		.oversubscribe = true,
	};
	if (nw_sched_start(&pool.sched, &crew, &options, &diag) < 0)
		FAIL("%s", diag.text);
	return pool;
}

static void stop(struct pool *pool)
{
	nw_sched_destroy(pool->sched);
	nw_topo_close(pool->topo);
}

NW_TASK(int64_t, fib, int, n)
{
	if (n < 2)
		return n;
	NW_SPAWN(fib, n - 1);
	int64_t b = NW_CALL(fib, n - 2);
	return NW_SYNC(fib) + b;
}

/* n children spawned at once, then joined: fills the deque. */
NW_TASK(int64_t, fan, int, n, int, depth)
{
	int64_t sum = 1;

	if (depth == 0)
		return 1;
	for (int i = 0; i < n; i++)
		NW_SPAWN(fan, n, depth - 1);
	for (int i = 0; i < n; i++)
		sum += NW_SYNC(fan);
	return sum;
}

struct question {
	int64_t (*fn)(struct nw_here, int);
	int n;
	int64_t answer;
};

static void ask(struct nw_here here, void *arg)
{
	struct question *question = arg;

	question->answer = question->fn(here, question->n);
}

static int64_t fan_of(struct nw_here here, int n)
{
	return fan(here, n, 4);
}

static int64_t run(struct pool *pool, int64_t (*fn)(struct nw_here, int), int n)
{
	struct question question = { .fn = fn, .n = n };

	CHECK_INT(nw_sched_run(pool->sched, ask, &question), ==, 0);
	return question.answer;
}

static int64_t powers(int n)
{
	return 1 + n + n * n + n * n * n + (int64_t)n * n * n * n;
}

static void forks_and_joins(uint32_t nodes, uint32_t task_slots, enum nw_sched_policy policy)
{
	struct pool pool = start(nodes, (struct nw_sched_options){ .task_slots = task_slots,
								   .job_slots = 2,
								   .injector_slots = 2,
								   .spin_rounds = 3,
								   .policy = policy });
	struct nw_sched_counters counters;

	for (int i = 0; i < 20 * nw_test_scale(); i++) {
		CHECK_INT(run(&pool, fib, 16), ==, 987);
		CHECK_INT(run(&pool, fan_of, 1 + i % 9), ==, powers(1 + i % 9));
	}
	nw_sched_counters_sum(pool.sched, &counters);
	CHECK_INT(counters.same_node_steals + counters.cross_node_steals, >, 0);
	if (task_slots == 2)
		CHECK_INT(counters.inline_overflows, >, 0);
	stop(&pool);
}

TEST(forks_and_joins_in_two_slots)
{
	forks_and_joins(1, 2, NW_SCHED_RANDOM);
}

TEST(forks_and_joins_in_four_slots)
{
	forks_and_joins(1, 4, NW_SCHED_NEAREST);
}

TEST(forks_and_joins_with_room)
{
	forks_and_joins(1, 0, NW_SCHED_NEAREST);
}

TEST(forks_and_joins_by_every_policy)
{
	for (int policy = 0; policy < NW_SCHED_POLICY_COUNT; policy++)
		forks_and_joins(2, 4, (enum nw_sched_policy)policy);
}
