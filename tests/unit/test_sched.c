/* SPDX-License-Identifier: MIT */
/* The scheduler: options, answers, priorities, tokens, overflow, idleness. */
#include "nw_test.h"

#include <nw/sched.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

struct pool {
	struct nw_topo *topo;
	struct nw_sched *sched;
};

static struct nw_topo *open_topo(uint32_t simulate_nodes)
{
	struct nw_topo_options options = { .simulate_nodes = simulate_nodes };
	struct nw_topo *topo;
	struct nw_diag diag = { 0 };

	if (nw_topo_open(&topo, &options, &diag) < 0)
		FAIL("%s", diag.text);
	return topo;
}

static struct pool start(uint32_t nodes, uint32_t workers, struct nw_sched_options options)
{
	struct pool pool = { .topo = open_topo(nodes) };
	struct nw_crew_options crew = { .topo = pool.topo,
					.worker_count = workers,
					.oversubscribe = true };
	struct nw_diag diag = { 0 };

	if (nw_sched_start(&pool.sched, &crew, &options, &diag) < 0)
		FAIL("%s", diag.text);
	return pool;
}

static void stop(struct pool *pool)
{
	nw_sched_destroy(pool->sched);
	nw_topo_close(pool->topo);
}

TEST(options_out_of_range_are_refused_and_explained)
{
	static const struct nw_sched_options bad[] = {
		{ .policy = NW_SCHED_POLICY_COUNT },
		{ .task_slots = 3 },
		{ .task_slots = 1 },
		{ .task_slots = 1u << 18 },
		{ .job_slots = 5 },
		{ .job_slots = 1 },
		{ .injector_slots = 3 },
		{ .injector_slots = 1 },
	};
	struct nw_topo *topo = open_topo(0);
	struct nw_crew_options crew = { .topo = topo };
	struct nw_sched *sched = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct nw_diag diag = { 0 };

		CHECK_INT(nw_sched_start(&sched, &crew, &bad[i], &diag), ==, -EINVAL);
		CHECK(diag.text[0] != '\0' && !sched);
	}
	nw_topo_close(topo);
}

TEST(a_crew_that_cannot_be_is_no_scheduler)
{
	struct nw_crew_options crew = { 0 };
	struct nw_sched *sched = NULL;
	struct nw_diag diag = { 0 };

	CHECK_INT(nw_sched_start(&sched, &crew, NULL, &diag), ==, -EINVAL);
	CHECK(!sched && diag.text[0] != '\0');
	nw_sched_destroy(NULL);
}

TEST(policies_have_names)
{
	CHECK_STR(nw_sched_policy_name(NW_SCHED_DEFAULT), "default");
	CHECK_STR(nw_sched_policy_name(NW_SCHED_RANDOM), "random");
	CHECK_STR(nw_sched_policy_name(NW_SCHED_NEAREST), "nearest");
	CHECK_STR(nw_sched_policy_name(NW_SCHED_IMBALANCE), "imbalance");
	CHECK_STR(nw_sched_policy_name(NW_SCHED_OCTONION), "octonion");
	CHECK(nw_sched_policy_name((enum nw_sched_policy)NW_SCHED_POLICY_COUNT) == NULL);
}

/* ---- where a function runs ---- */

struct place {
	struct nw_sched *sched;
	uint32_t worker_idx, node_idx;
	int rc_run, rc_wait;
};

static void do_nothing(struct nw_here here, void *arg)
{
	(void)here, (void)arg;
}

static void note_place(struct nw_here here, void *arg)
{
	struct place *place = arg;
	struct nw_group group;

	nw_group_init(&group);
	place->sched = nw_here_sched(here);
	place->worker_idx = nw_here_worker_idx(here);
	place->node_idx = nw_here_node_idx(here);
	place->rc_run = nw_sched_run(place->sched, do_nothing, NULL);
	place->rc_wait = nw_group_wait(&group);
}

TEST(a_worker_may_not_wait_for_its_own_scheduler)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ 0 });
	struct place place = { 0 };

	CHECK_INT(nw_sched_run(pool.sched, note_place, &place), ==, 0);
	CHECK(place.sched == pool.sched);
	CHECK_INT(place.rc_run, ==, -EDEADLK);
	CHECK_INT(place.rc_wait, ==, -EDEADLK);
	stop(&pool);
}

static void run_on_another(struct nw_here here, void *arg)
{
	struct nw_sched *other = arg;
	struct place place = { 0 };

	(void)here;
	CHECK_INT(nw_sched_run(other, note_place, &place), ==, 0);
	CHECK(place.sched == other);
}

TEST(a_worker_may_wait_for_another_scheduler)
{
	struct pool a = start(0, 1, (struct nw_sched_options){ 0 });
	struct pool b = start(0, 1, (struct nw_sched_options){ 0 });

	CHECK_INT(nw_sched_run(a.sched, run_on_another, b.sched), ==, 0);
	stop(&b);
	stop(&a);
}

TEST(an_idle_node_runs_what_names_it)
{
	struct pool pool = start(2, 2, (struct nw_sched_options){ .policy = NW_SCHED_NEAREST });
	struct nw_sched_counters counters;

	for (uint32_t i = 0; i < 100; i++) {
		struct place place = { 0 };

		CHECK_INT(nw_sched_run_on(pool.sched, note_place, &place, NW_SCHED_NORMAL, i % 2,
					  NULL),
			  ==, 0);
		/* The place is the crew's word for it, not an echo of the hint. */
		CHECK_INT(nw_crew_worker_at(nw_sched_crew(pool.sched), place.worker_idx)->node_idx,
			  ==, place.node_idx);
		CHECK_INT(place.node_idx, ==, i % 2);
	}
	nw_sched_counters_sum(pool.sched, &counters);
	CHECK_INT(counters.hinted_jobs, ==, 100);
	CHECK_INT(counters.hinted_home, ==, 100);
	CHECK_INT(counters.migrations, ==, 0);
	stop(&pool);
}

/* ---- order ---- */

enum { NOTES_MAX = 256 };

struct notes {
	_Atomic bool is_begun, may_end;
	char text[NOTES_MAX + 1]; /* the one worker's */
	uint32_t count;
};

struct noted {
	struct nw_job job;
	struct notes *notes;
	char letter;
};

static void hold_worker(struct nw_here here, struct nw_job *job)
{
	struct notes *notes = ((struct noted *)(void *)job)->notes;

	(void)here;
	atomic_store(&notes->is_begun, true);
	while (!atomic_load(&notes->may_end))
		sched_yield();
}

static void note_letter(struct nw_here here, struct nw_job *job)
{
	struct noted *noted = (struct noted *)(void *)job;

	(void)here;
	noted->notes->text[noted->notes->count++] = noted->letter;
}

/* Holds the only worker until all the letters are submitted; a capital is high, a digit low. */
static void play(struct pool *pool, struct notes *notes, const char *letters)
{
	static struct noted jobs[NOTES_MAX + 1];
	struct noted *holder = &jobs[NOTES_MAX];
	struct nw_group group;

	nw_group_init(&group);
	*notes = (struct notes){ .count = 0 };
	nw_job_init(&holder->job, hold_worker);
	holder->notes = notes;
	CHECK_INT(nw_sched_submit(pool->sched, &holder->job), ==, 0);
	while (!atomic_load(&notes->is_begun))
		sched_yield();
	for (size_t i = 0; letters[i]; i++) {
		nw_job_init(&jobs[i].job, note_letter);
		jobs[i].job.priority = letters[i] < 'A'   ? NW_SCHED_LOW
				       : letters[i] < 'a' ? NW_SCHED_HIGH
							  : NW_SCHED_NORMAL;
		jobs[i].job.group = &group;
		jobs[i].notes = notes;
		jobs[i].letter = letters[i];
		CHECK_INT(nw_sched_submit(pool->sched, &jobs[i].job), ==, 0);
	}
	atomic_store(&notes->may_end, true);
	CHECK_INT(nw_group_wait(&group), ==, 0);
}

TEST(higher_priorities_run_first_and_equal_ones_in_order)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ 0 });
	struct notes notes;

	play(&pool, &notes, "1ab2AcBC");
	CHECK_STR(notes.text, "ABCabc12");
	stop(&pool);
}

TEST(a_low_job_is_not_starved_by_normal_ones)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ 0 });
	char letters[5 * NW_SCHED_FAIR_TURNS];
	struct notes notes;

	memset(letters, 'n', sizeof(letters));
	letters[0] = '1';
	letters[sizeof(letters) - 1] = '\0';
	play(&pool, &notes, letters);
	CHECK_INT(strlen(notes.text), ==, strlen(letters));
	CHECK_INT(strchr(notes.text, '1') - notes.text, <, NW_SCHED_FAIR_TURNS);
	stop(&pool);
}

TEST(a_full_injector_is_an_answer)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ .injector_slots = 2 });
	struct notes notes = { .count = 0 };
	struct noted holder = { .notes = &notes }, jobs[3];
	struct nw_group group;

	nw_group_init(&group);
	nw_job_init(&holder.job, hold_worker);
	CHECK_INT(nw_sched_submit(pool.sched, &holder.job), ==, 0);
	while (!atomic_load(&notes.is_begun))
		sched_yield();
	for (int i = 0; i < 3; i++) {
		jobs[i] = (struct noted){ .notes = &notes, .letter = 'x' };
		nw_job_init(&jobs[i].job, note_letter);
		jobs[i].job.group = &group;
		CHECK_INT(nw_sched_submit(pool.sched, &jobs[i].job), ==, i < 2 ? 0 : -EAGAIN);
	}
	atomic_store(&notes.may_end, true);
	CHECK_INT(nw_group_wait(&group), ==, 0); /* the refused one is not counted */
	CHECK_STR(notes.text, "xx");
	stop(&pool);
}

/* ---- the end ---- */

TEST(after_a_stop_jobs_from_outside_are_refused)
{
	struct pool pool = start(0, 2, (struct nw_sched_options){ 0 });

	CHECK_INT(nw_sched_run(pool.sched, do_nothing, NULL), ==, 0);
	nw_sched_stop(pool.sched);
	nw_sched_stop(pool.sched);
	CHECK_INT(nw_sched_run(pool.sched, do_nothing, NULL), ==, -ESHUTDOWN);
	stop(&pool);
}

/* ---- tokens ---- */

TEST(a_token_is_set_by_its_parent_too)
{
	struct nw_cancel outer, inner;

	nw_cancel_init(&outer, NULL);
	nw_cancel_init(&inner, &outer);
	CHECK(!nw_cancel_is_set(NULL) && !nw_cancel_is_set(&outer) && !nw_cancel_is_set(&inner));
	nw_cancel_set(&outer);
	CHECK(nw_cancel_is_set(&outer) && nw_cancel_is_set(&inner));
	nw_cancel_init(&outer, NULL);
	nw_cancel_set(&inner);
	CHECK(!nw_cancel_is_set(&outer) && nw_cancel_is_set(&inner));
}

TEST(what_was_cancelled_before_it_began_does_not_run)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ 0 });
	struct place place = { 0 };
	struct nw_cancel cancel;

	nw_cancel_init(&cancel, NULL);
	nw_cancel_set(&cancel);
	CHECK_INT(nw_sched_run_on(pool.sched, note_place, &place, NW_SCHED_NORMAL,
				  NW_SCHED_ANY_NODE, &cancel),
		  ==, -ECANCELED);
	CHECK(!place.sched);
	stop(&pool);
}

static void add_one(struct nw_here here, void *arg)
{
	(void)here;
	++*(int *)arg;
}

static void add_two_and_cancel_one(struct nw_here here, void *arg)
{
	struct nw_cancel *cancel = nw_here_cancel(here);

	nw_spawn(&here, add_one, arg);
	nw_spawn(&here, add_one, arg);
	nw_sync(&here);
	nw_cancel_set(cancel);
	CHECK(nw_here_is_cancelled(here));
	nw_sync(&here); /* has not begun: does not run */
}

static void cancel_inside(struct nw_here here, void *arg)
{
	struct nw_cancel cancel;

	nw_cancel_init(&cancel, nw_here_cancel(here));
	nw_spawn(&here, add_one, arg); /* outside of it: runs */
	nw_with_cancel(here, &cancel, add_two_and_cancel_one, arg);
	CHECK(!nw_here_is_cancelled(here));
	CHECK(nw_here_cancel(here) == NULL);
	nw_sync(&here);
}

TEST(plain_tasks_that_have_not_begun_are_skipped)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ 0 });
	int sum = 0;

	CHECK_INT(nw_sched_run(pool.sched, cancel_inside, &sum), ==, 0);
	CHECK_INT(sum, ==, 2);
	stop(&pool);
}

/* ---- overflow ---- */

NW_TASK(int, square, int, n)
{
	return n * n;
}

struct sums {
	int count;
	int64_t sum;
};

static void sum_squares(struct nw_here nw_here, void *arg)
{
	struct sums *sums = arg;

	for (int i = 1; i <= sums->count; i++)
		NW_SPAWN(square, i);
	for (int i = sums->count; i >= 1; i--) {
		int got = NW_SYNC(square);

		CHECK_INT(got, ==, i * i); /* in reverse order */
		sums->sum += got;
	}
}

TEST(tasks_beyond_the_slots_run_at_once)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ .task_slots = 4 });
	struct sums sums = { .count = 10 };
	struct nw_sched_counters counters;

	CHECK_INT(nw_sched_run(pool.sched, sum_squares, &sums), ==, 0);
	CHECK_INT(sums.sum, ==, 385);
	nw_sched_counters(pool.sched, 0, &counters);
	CHECK_INT(counters.inline_overflows, ==, 6);
	sums = (struct sums){ .count = 4 };
	CHECK_INT(nw_sched_run(pool.sched, sum_squares, &sums), ==, 0);
	nw_sched_counters(pool.sched, 0, &counters);
	CHECK_INT(counters.inline_overflows, ==, 6);
	stop(&pool);
}

TEST(very_many_tasks_may_be_pending)
{
	struct pool pool = start(0, 2, (struct nw_sched_options){ .task_slots = 2 });
	struct sums sums = { .count = 40000 };

	CHECK_INT(nw_sched_run(pool.sched, sum_squares, &sums), ==, 0);
	stop(&pool);
}

/* ---- every number of arguments ---- */

NW_TASK_VOID(none)
{
	NW_TASK_UNUSED int level = (int)(nw_here.head != NULL);
}

/* NOLINTNEXTLINE(readability-function-size): its here is one parameter more */
NW_TASK_VOID(six, int *, out, int, a, char, b, short, c, float, d, int64_t, e)
{
	*out = a + b + c + (int)d + (int)e;
}

NW_TASK(double, mixed, double, x, int, n)
{
	return n == 0 ? 1 : x * NW_CALL(mixed, x, n - 1);
}

NW_TASK_DECLARE(int, is_odd, int, n);
NW_TASK(int, is_even, int, n)
{
	if (n == 0)
		return 1;
	NW_SPAWN(is_odd, n - 1);
	return NW_SYNC(is_odd);
}
NW_TASK_BODY(int, is_odd, int, n)
{
	return n == 0 ? 0 : NW_CALL(is_even, n - 1);
}

static void call_all(struct nw_here nw_here, void *arg)
{
	int *out = arg;

	NW_SPAWN(none);
	NW_SPAWN(six, &out[0], 1, 2, 3, 4.0f, 5);
	NW_SPAWN(mixed, 2.0, 10);
	NW_CALL(none);
	out[1] = (int)NW_SYNC(mixed);
	NW_SYNC(six);
	NW_SYNC(none);
	out[2] = NW_CALL(is_even, 10) + 2 * NW_CALL(is_even, 7);
}

TEST(tasks_take_up_to_six_arguments_of_any_types)
{
	struct pool pool = start(0, 1, (struct nw_sched_options){ 0 });
	int out[3] = { 0 };

	CHECK_INT(nw_sched_run(pool.sched, call_all, out), ==, 0);
	CHECK_INT(out[0], ==, 15);
	CHECK_INT(out[1], ==, 1024);
	CHECK_INT(out[2], ==, 1);
	stop(&pool);
}

/* ---- idleness ---- */

static uint64_t cpu_ns(void)
{
	struct timespec now;

	CHECK_INT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), ==, 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Lets time pass in the kernel. */
static void pass_ms(uint64_t ms)
{
	struct nw_event never;

	nw_event_init(&never);
	(void)nw_event_wait(&never, nw_event_prepare(&never), 0, ms * 1000000);
}

static uint64_t sleeps_of(const struct pool *pool)
{
	struct nw_sched_counters counters;

	nw_sched_counters_sum(pool->sched, &counters);
	return counters.sleeps;
}

TEST(idle_workers_use_no_cpu)
{
	enum { WORKERS = 4, MS = 200 };
	struct pool pool = start(2, WORKERS, (struct nw_sched_options){ 0 });
	uint64_t used_ns;

	CHECK_INT(nw_sched_run(pool.sched, do_nothing, NULL), ==, 0);
	while (sleeps_of(&pool) < WORKERS)
		sched_yield();
	pass_ms(10);
	used_ns = cpu_ns();
	pass_ms(MS);
	used_ns = cpu_ns() - used_ns;
	CHECK_INT(used_ns, <, MS * 1000000 / 100); /* of one CPU; and it is this thread's too */
	stop(&pool);
}

TEST(a_worker_looks_many_times_before_it_sleeps)
{
	struct pool pool = start(1, 1, (struct nw_sched_options){ 0 });
	struct nw_sched_counters counters;

	while (sleeps_of(&pool) == 0)
		sched_yield();
	nw_sched_counters_sum(pool.sched, &counters);
	CHECK_INT(counters.failed_rounds, ==, 64);
	stop(&pool);
}

TEST(wakes_of_outside_threads_are_in_the_sum_only)
{
	struct pool pool = start(1, 1, (struct nw_sched_options){ 0 });
	struct nw_sched_counters all, one;

	while (sleeps_of(&pool) == 0)
		sched_yield();
	CHECK_INT(nw_sched_run(pool.sched, do_nothing, NULL), ==, 0);
	nw_sched_counters_sum(pool.sched, &all);
	nw_sched_counters(pool.sched, 0, &one);
	CHECK_INT(all.wakes, ==, 1);
	CHECK_INT(one.wakes, ==, 0);
	stop(&pool);
}

static _Atomic bool may_return;

static void await_permission(struct nw_here here, void *arg)
{
	(void)here, (void)arg;
	while (!atomic_load(&may_return))
		pass_ms(1);
}

static void fork_and_wait(struct nw_here here, void *arg)
{
	struct nw_sched_counters before, after;

	(void)arg;
	nw_sched_counters_sum(nw_here_sched(here), &before);
	nw_spawn(&here, await_permission, NULL);
	do { /* until it is stolen */
		sched_yield();
		nw_sched_counters_sum(nw_here_sched(here), &after);
	} while (after.same_node_steals == before.same_node_steals);
	nw_sync(&here);
}

static void *permit_later(void *arg)
{
	uint64_t used_ns;

	(void)arg;
	pass_ms(30);
	used_ns = cpu_ns();
	pass_ms(200);
	used_ns = cpu_ns() - used_ns;
	atomic_store(&may_return, true);
	CHECK_INT(used_ns, <, 20 * 1000000); /* a poll a millisecond, and the join's sleeps */
	return NULL;
}

TEST(a_join_sleeps_while_its_thief_works)
{
	struct pool pool = start(1, 2, (struct nw_sched_options){ 0 });
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, permit_later, NULL), ==, 0);
	CHECK_INT(nw_sched_run(pool.sched, fork_and_wait, NULL), ==, 0);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	stop(&pool);
}
