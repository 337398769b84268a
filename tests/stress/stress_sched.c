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

/* ---- jobs ---- */

struct counted {
	struct nw_job job;
	_Atomic uint32_t *run_count;
	_Atomic bool has_run;
};

static void count_run(struct nw_here here, struct nw_job *job)
{
	struct counted *counted = (struct counted *)(void *)job;

	(void)here;
	CHECK(!atomic_exchange(&counted->has_run, true)); /* once */
	atomic_fetch_add(counted->run_count, 1);
}

/* What each outside thread does with its share of the jobs. */
struct outsider {
	pthread_t thread;
	struct nw_sched *sched;
	struct counted *jobs;
	uint32_t job_count, seed;
	uint32_t accepted_count;
};

static void *submit_all(void *arg)
{
	struct outsider *me = arg;

	for (uint32_t i = 0; i < me->job_count; i++) {
		struct nw_job *job = &me->jobs[i].job;
		int rc;

		me->seed = me->seed * 1664525u + 1013904223u;
		job->priority = (enum nw_sched_priority)((me->seed >> 16) %
							 NW_SCHED_PRIORITY_COUNT);
		job->node_idx = (me->seed >> 24) % 3 == 2 ? NW_SCHED_ANY_NODE
							  : (me->seed >> 24) % 3;
		while ((rc = nw_sched_submit(me->sched, job)) == -EAGAIN)
			sched_yield();
		CHECK(rc == 0 || rc == -ESHUTDOWN);
		if (rc == 0)
			me->accepted_count++;
	}
	return NULL;
}

enum { JOBS_EACH = 500 };

/* Submits from all outsiders; with a group waits for it, else stops in the middle. */
static void jobs_from_outside(bool stops_early)
{
	struct pool pool = start(2, (struct nw_sched_options){ .job_slots = 2,
							       .injector_slots = 2,
							       .spin_rounds = 2,
							       .policy = NW_SCHED_NEAREST });
	static struct counted jobs[OUTSIDERS][JOBS_EACH];
	struct outsider outsiders[OUTSIDERS];
	_Atomic uint32_t run_count = 0;
	uint32_t accepted_count = 0;
	struct nw_group group;

	nw_group_init(&group);
	for (uint32_t t = 0; t < OUTSIDERS; t++) {
		outsiders[t] = (struct outsider){ .sched = pool.sched,
						  .jobs = jobs[t],
						  .job_count = JOBS_EACH,
						  .seed = (uint32_t)nw_test_seed() + t };
		for (uint32_t i = 0; i < JOBS_EACH; i++) {
			nw_job_init(&jobs[t][i].job, count_run);
			jobs[t][i].job.group = &group;
			jobs[t][i].run_count = &run_count;
			atomic_init(&jobs[t][i].has_run, false);
		}
		CHECK_INT(pthread_create(&outsiders[t].thread, NULL, submit_all, &outsiders[t]), ==,
			  0);
	}
	while (stops_early && atomic_load(&run_count) < JOBS_EACH)
		sched_yield();
	if (stops_early)
		nw_sched_stop(pool.sched);
	for (uint32_t t = 0; t < OUTSIDERS; t++) {
		CHECK_INT(pthread_join(outsiders[t].thread, NULL), ==, 0);
		accepted_count += outsiders[t].accepted_count;
	}
	CHECK_INT(nw_group_wait(&group), ==, 0);
	CHECK_INT(atomic_load(&run_count), ==, accepted_count);
	if (!stops_early)
		CHECK_INT(accepted_count, ==, OUTSIDERS * JOBS_EACH);
	stop(&pool);
}

TEST(jobs_of_many_threads_run_once_through_two_slots)
{
	for (int i = 0; i < 5 * nw_test_scale(); i++)
		jobs_from_outside(false);
}

TEST(a_stop_amid_submits_runs_what_was_accepted)
{
	for (int i = 0; i < 10 * nw_test_scale(); i++)
		jobs_from_outside(true);
}

/* ---- jobs that make jobs ---- */

struct branch {
	struct nw_job job;
	struct branch *first_child; /* two of them; NULL: a leaf */
	_Atomic uint32_t *run_count;
};

static void run_branch(struct nw_here here, struct nw_job *job)
{
	struct branch *branch = (struct branch *)(void *)job;

	atomic_fetch_add(branch->run_count, 1);
	for (int i = 0; branch->first_child && i < 2; i++)
		if (nw_sched_submit(nw_here_sched(here), &branch->first_child[i].job) < 0)
			run_branch(here, &branch->first_child[i].job); /* full: here and now */
}

enum { TREE_DEPTH = 11, TREE_SIZE = (1 << TREE_DEPTH) - 1 };

static void grow_tree(struct branch *tree, struct nw_group *group, struct nw_cancel *cancel,
		      _Atomic uint32_t *run_count)
{
	for (uint32_t i = 0; i < TREE_SIZE; i++) {
		nw_job_init(&tree[i].job, run_branch);
		tree[i].job.group = group;
		tree[i].job.cancel = cancel;
		tree[i].job.priority = (enum nw_sched_priority)(i % NW_SCHED_PRIORITY_COUNT);
		tree[i].first_child = 2 * i + 2 < TREE_SIZE ? &tree[2 * i + 1] : NULL;
		tree[i].run_count = run_count;
	}
}

TEST(jobs_make_jobs_in_deques_of_two)
{
	static struct branch tree[TREE_SIZE];
	struct pool pool = start(2, (struct nw_sched_options){ .job_slots = 2,
							       .injector_slots = 2,
							       .policy = NW_SCHED_IMBALANCE });

	for (int i = 0; i < 5 * nw_test_scale(); i++) {
		_Atomic uint32_t run_count = 0;
		struct nw_group group;

		nw_group_init(&group);
		grow_tree(tree, &group, NULL, &run_count);
		CHECK_INT(nw_sched_submit(pool.sched, &tree[0].job), ==, 0);
		CHECK_INT(nw_group_wait(&group), ==, 0);
		CHECK_INT(atomic_load(&run_count), ==, TREE_SIZE);
	}
	stop(&pool);
}

TEST(a_stop_waits_for_what_jobs_submit)
{
	static struct branch tree[TREE_SIZE];

	for (int i = 0; i < 10 * nw_test_scale(); i++) {
		struct pool pool = start(1 + (uint32_t)i % 2, (struct nw_sched_options){ 0 });
		_Atomic uint32_t run_count = 0;

		grow_tree(tree, NULL, NULL, &run_count);
		CHECK_INT(nw_sched_submit(pool.sched, &tree[0].job), ==, 0);
		stop(&pool);
		CHECK_INT(atomic_load(&run_count), ==, TREE_SIZE);
	}
}

TEST(a_cancelled_tree_of_jobs_ends)
{
	static struct branch tree[TREE_SIZE];
	struct pool pool = start(2, (struct nw_sched_options){ .policy = NW_SCHED_NEAREST });

	for (int i = 0; i < 20 * nw_test_scale(); i++) {
		_Atomic uint32_t run_count = 0;
		struct nw_cancel cancel;
		struct nw_group group;

		nw_group_init(&group);
		nw_cancel_init(&cancel, NULL);
		grow_tree(tree, &group, &cancel, &run_count);
		CHECK_INT(nw_sched_submit(pool.sched, &tree[0].job), ==, 0);
		while (atomic_load(&run_count) < 1 + (uint32_t)i)
			sched_yield();
		nw_cancel_set(&cancel);
		CHECK_INT(nw_group_wait(&group), ==, 0);
		CHECK_INT(atomic_load(&run_count), <=, TREE_SIZE);
	}
	stop(&pool);
}

/* ---- tokens through steals ---- */

struct hunt {
	struct nw_cancel cancel;
	_Atomic uint32_t begun_count, seen_count;
};

/* A tree that has no end but the token's. */
static void hunt_on(struct nw_here here, void *arg)
{
	struct hunt *hunt = arg;

	if (atomic_fetch_add(&hunt->begun_count, 1) == 2000)
		nw_cancel_set(&hunt->cancel);
	if (nw_here_is_cancelled(here)) {
		atomic_fetch_add(&hunt->seen_count, 1);
		return;
	}
	nw_spawn(&here, hunt_on, hunt);
	nw_spawn(&here, hunt_on, hunt);
	if (atomic_load(&hunt->begun_count) % 16 == 0)
		sched_yield();
	nw_sync(&here);
	nw_sync(&here);
}

static void hunt_in_scope(struct nw_here here, void *arg)
{
	struct hunt *hunt = arg;

	nw_with_cancel(here, &hunt->cancel, hunt_on, hunt);
	CHECK(!nw_here_is_cancelled(here));
}

TEST(a_token_reaches_stolen_tasks)
{
	for (int i = 0; i < 10 * nw_test_scale(); i++) {
		struct pool pool = start(1, (struct nw_sched_options){ .task_slots = 4 });
		struct hunt hunt = { .begun_count = 0 };

		nw_cancel_init(&hunt.cancel, NULL);
		CHECK_INT(nw_sched_run(pool.sched, hunt_in_scope, &hunt), ==, 0);
		CHECK_INT(atomic_load(&hunt.begun_count), >, 2000);
		stop(&pool);
	}
}

/* ---- loops ---- */

enum { RANGE = 10000 };

static void mark(struct nw_here here, uint64_t begin, uint64_t end, void *arg)
{
	_Atomic uint8_t *marks = arg;

	(void)here;
	CHECK(begin < end && end - begin <= 7);
	for (uint64_t i = begin; i < end; i++)
		atomic_fetch_add(&marks[i], 1);
}

static void mark_all(struct nw_here here, void *arg)
{
	nw_for(here, 0, RANGE, 7, mark, arg);
	nw_for(here, 5, 5, 7, mark, arg); /* nothing */
}

TEST(a_loop_meets_each_index_once)
{
	static _Atomic uint8_t marks[RANGE];
	struct pool pool = start(2, (struct nw_sched_options){ .task_slots = 2 });

	for (int round = 1; round <= 10; round++) {
		CHECK_INT(nw_sched_run(pool.sched, mark_all, marks), ==, 0);
		for (int i = 0; i < RANGE; i++)
			CHECK_INT(atomic_load(&marks[i]), ==, round);
	}
	stop(&pool);
}

/* ---- sleep, start and stop ---- */

static uint64_t sleeps_of(const struct pool *pool)
{
	struct nw_sched_counters counters;

	nw_sched_counters_sum(pool->sched, &counters);
	return counters.sleeps;
}

TEST(a_sleeping_pool_wakes_for_each_job)
{
	static const int64_t answers[] = { 0, 1, 1, 2, 3, 5, 8, 13 };
	struct pool pool = start(2, (struct nw_sched_options){ .spin_rounds = 1 });

	for (int i = 0; i < 500 * nw_test_scale(); i++)
		CHECK_INT(run(&pool, fib, i % 8), ==, answers[i % 8]);
	CHECK_INT(sleeps_of(&pool), >, 100);
	stop(&pool);
}

TEST(starts_and_stops_many_times)
{
	for (int i = 0; i < 60 * nw_test_scale(); i++) {
		struct pool pool = start(1 + (uint32_t)i % 3, (struct nw_sched_options){ 0 });

		if (i % 3 == 1)
			CHECK_INT(run(&pool, fib, 12), ==, 144);
		while (i % 3 == 2 && sleeps_of(&pool) < WORKERS)
			sched_yield();
		stop(&pool);
	}
}
