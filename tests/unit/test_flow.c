/* SPDX-License-Identifier: MIT */
/* Graphs of functions on two to four workers: order, failure, growth, admission, errors. */
#include "nw_test.h"

#include <errno.h>
#include <nw/flow.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static struct nw_topo *topo;
static struct nw_sched *sched;
static struct nw_flow *flow;
static struct nw_diag diag;

static void begin_with(const struct nw_flow_options *options)
{
	CHECK_INT(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag), ==, 0);
	CHECK_INT(nw_sched_start(&sched,
				 &(struct nw_crew_options){ .topo = topo,
							    .worker_count = 4,
							    .oversubscribe = true,
							    .no_pin = true },
				 NULL, &diag),
		  ==, 0);
	CHECK_INT(nw_flow_create(&flow, sched, options, &diag), ==, 0);
}

static void begin(void)
{
	begin_with(NULL);
}

static void end(void)
{
	nw_flow_destroy(flow);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
}

static void run(void)
{
	if (nw_flow_run(flow, &diag) != 0)
		FAIL("%s", diag.text);
}

static void link_to(struct nw_flow_task *before, struct nw_flow_task *after)
{
	CHECK_INT(nw_flow_link(flow, before, after), ==, 0);
}

static struct nw_flow_counts counts(void)
{
	struct nw_flow_counts got;

	nw_flow_counts(flow, &got);
	return got;
}

/* ---- functions ---- */

static _Atomic uint64_t clock_now;

struct stamp {
	uint64_t when; /* 1..; 0: did not run */
	int result;
};

static int stamp(struct nw_flow_at *at, void *arg)
{
	struct stamp *mine = arg;

	(void)at;
	mine->when = atomic_fetch_add(&clock_now, 1) + 1;
	return mine->result;
}

static int count_up(struct nw_flow_at *at, void *arg)
{
	(void)at;
	atomic_fetch_add((_Atomic uint64_t *)arg, 1);
	return 0;
}

/* ---- runs ---- */

TEST(an_empty_graph_is_over)
{
	begin();
	run();
	CHECK_INT(counts().task_count, ==, 0);
	end();
	nw_flow_destroy(NULL);
}

TEST(create_and_link_say_why_not)
{
	struct nw_flow *none = (void *)&diag;
	struct nw_flow_task *a;

	begin_with(&(struct nw_flow_options){ .task_max = 1 });
	CHECK_INT(nw_flow_create(&none, sched, &(struct nw_flow_options){ .task_max = 1u << 27 },
				 &diag),
		  ==, -EINVAL);
	CHECK_INT(nw_flow_create(&none, sched,
				 &(struct nw_flow_options){
					 .admission = &(struct nw_dag_options){ .node_count = 0 } },
				 &diag),
		  ==, -EINVAL);
	CHECK(none == (void *)&diag);
	a = nw_flow_add(flow, stamp, NULL);
	CHECK(a);
	CHECK(!nw_flow_add(flow, stamp, NULL)); /* task_max */
	CHECK_INT(nw_flow_link(flow, a, a), ==, -EINVAL);
	CHECK_INT(nw_flow_hint(flow, a, 1000), ==, -EINVAL);
	CHECK_INT(nw_flow_demand(flow, a, &(struct nw_dag_spec){ 0 }, &diag), ==, -EINVAL);
	end();
}

TEST(a_chain_runs_in_order_as_often_as_asked)
{
	enum { COUNT = 5000 };
	static struct stamp stamps[COUNT];
	struct nw_flow_task *last = NULL;

	begin();
	for (int i = 0; i < COUNT; i++) {
		struct nw_flow_task *task = nw_flow_add(flow, stamp, &stamps[i]);

		if (last)
			link_to(last, task);
		last = task;
	}
	for (int round = 0; round < 3; round++) {
		run();
		for (int i = 1; i < COUNT; i++)
			CHECK_INT(stamps[i].when, ==, stamps[i - 1].when + 1);
		CHECK_INT(counts().completed_count, ==, COUNT);
		CHECK_INT(clock_now, ==, (round + 1) * COUNT);
	}
	CHECK_INT(nw_flow_state(last, NULL), ==, NW_DAG_COMPLETED);
	end();
}

/* Every task after all it waits for: 40 x 40 tasks wait for three neighbours each. */
TEST(a_wave_front_runs_in_order)
{
	enum { SIDE = 40 };
	static struct stamp stamps[SIDE][SIDE];
	struct nw_flow_task *tasks[SIDE][SIDE];

	begin();
	for (int i = 0; i < SIDE; i++) {
		for (int j = 0; j < SIDE; j++) {
			tasks[i][j] = nw_flow_add(flow, stamp, &stamps[i][j]);
			if (i > 0)
				link_to(tasks[i - 1][j], tasks[i][j]);
			if (j > 0)
				link_to(tasks[i][j - 1], tasks[i][j]);
			if (i > 0 && j > 0)
				link_to(tasks[i - 1][j - 1], tasks[i][j]);
		}
	}
	run();
	for (int i = 1; i < SIDE; i++) {
		for (int j = 1; j < SIDE; j++) {
			CHECK_INT(stamps[i][j].when, >, stamps[i - 1][j].when);
			CHECK_INT(stamps[i][j].when, >, stamps[i][j - 1].when);
		}
	}
	CHECK_INT(counts().completed_count, ==, SIDE * SIDE);
	end();
}

TEST(many_successors_and_many_predecessors)
{
	enum { COUNT = 3000 };
	static struct stamp first, last, middle[COUNT];
	struct nw_flow_task *a, *z;

	begin();
	a = nw_flow_add(flow, stamp, &first);
	z = nw_flow_add(flow, stamp, &last);
	for (int i = 0; i < COUNT; i++) {
		struct nw_flow_task *task = nw_flow_add(flow, stamp, &middle[i]);

		link_to(a, task);
		link_to(task, z);
	}
	run();
	CHECK_INT(first.when, ==, 1);
	CHECK_INT(last.when, ==, COUNT + 2);
	end();
}

TEST(a_cleared_graph_is_built_anew)
{
	enum { COUNT = 1000 };
	static struct stamp stamps[COUNT];

	begin_with(&(struct nw_flow_options){ .task_max = COUNT });
	for (int round = 0; round < 3; round++) {
		struct nw_flow_task *first = nw_flow_add(flow, stamp, &stamps[0]);

		for (int i = 1; i < COUNT; i++) {
			struct nw_flow_task *task = nw_flow_add(flow, stamp, &stamps[i]);

			CHECK(task);
			if (i % (round + 1) == 0) /* another graph each time */
				link_to(first, task);
		}
		CHECK(!nw_flow_add(flow, stamp, NULL));
		run();
		for (int i = 1; i < COUNT; i++)
			if (i % (round + 1) == 0)
				CHECK_INT(stamps[i].when, >, stamps[0].when);
		CHECK_INT(counts().completed_count, ==, COUNT);
		nw_flow_clear(flow);
		CHECK_INT(counts().task_count, ==, 0);
	}
	run();
	end();
}

/* ---- failure, cancellation, cycles ---- */

TEST(a_failure_cancels_what_is_behind_it)
{
	static struct stamp stamps[5];
	struct nw_flow_task *tasks[5];
	enum nw_dag_reason reason;

	begin();
	stamps[1].result = -EIO;
	for (int i = 0; i < 5; i++)
		tasks[i] = nw_flow_add(flow, stamp, &stamps[i]);
	link_to(tasks[0], tasks[1]);
	link_to(tasks[1], tasks[2]);
	link_to(tasks[0], tasks[2]);
	link_to(tasks[2], tasks[3]);
	link_to(tasks[0], tasks[4]);
	for (int round = 0; round < 2; round++) {
		run();
		CHECK_INT(stamps[2].when, ==, 0);
		CHECK_INT(stamps[3].when, ==, 0);
		CHECK_INT(nw_flow_state(tasks[1], &reason), ==, NW_DAG_FAILED);
		CHECK_INT(reason, ==, NW_DAG_RESULT);
		CHECK_INT(nw_flow_state(tasks[3], &reason), ==, NW_DAG_CANCELLED);
		CHECK_INT(reason, ==, NW_DAG_DEPENDENCY);
		CHECK_INT(nw_flow_state(tasks[4], NULL), ==, NW_DAG_COMPLETED);
		CHECK_INT(counts().failed_count, ==, 1);
		CHECK_INT(counts().cancelled_count, ==, 2);
	}
	stamps[1].result = 0;
	run();
	CHECK_INT(counts().completed_count, ==, 5);
	end();
}

static int cancel_all(struct nw_flow_at *at, void *arg)
{
	(void)arg;
	CHECK(!nw_flow_is_late(at));
	nw_flow_cancel(at->flow);
	CHECK(nw_flow_is_late(at));
	return 0;
}

TEST(a_cancelled_graph_ends)
{
	static struct stamp after;
	struct nw_flow_task *a, *b;
	enum nw_dag_reason reason;

	begin();
	a = nw_flow_add(flow, cancel_all, NULL);
	b = nw_flow_add(flow, stamp, &after);
	link_to(a, b);
	run();
	CHECK_INT(after.when, ==, 0);
	CHECK_INT(nw_flow_state(b, &reason), ==, NW_DAG_CANCELLED);
	CHECK_INT(reason, ==, NW_DAG_WISH);
	CHECK_INT(counts().completed_count, ==, 1);
	end();
}

TEST(a_cycle_ends_with_its_path)
{
	static struct stamp stamps[4];
	struct nw_flow_task *tasks[4];
	const char *names[] = { "a", "b", "c", "d" };

	begin();
	for (int i = 0; i < 4; i++) {
		tasks[i] = nw_flow_add(flow, stamp, &stamps[i]);
		CHECK_INT(nw_flow_name(flow, tasks[i], names[i]), ==, 0);
	}
	link_to(tasks[0], tasks[1]);
	link_to(tasks[1], tasks[2]);
	link_to(tasks[2], tasks[3]);
	link_to(tasks[3], tasks[1]);
	CHECK_INT(nw_flow_run(flow, &diag), ==, -ELOOP);
	CHECK_STR(diag.text, "cycle: b -> c -> d -> b");
	CHECK_INT(nw_flow_run(flow, NULL), ==, -ELOOP);
	CHECK_INT(stamps[0].when, >, 0);
	CHECK_INT(stamps[1].when, ==, 0);
	end();
}

static int run_inside(struct nw_flow_at *at, void *arg)
{
	(void)arg;
	CHECK_INT(nw_flow_run(at->flow, NULL), ==, -EDEADLK);
	return 0;
}

TEST(a_worker_does_not_wait_for_a_graph)
{
	begin();
	(void)nw_flow_add(flow, run_inside, NULL);
	run();
	end();
}

/* ---- growth ---- */

/* A tree that grows itself, and a task behind all its leaves that was there before. */
static int grow_tree(struct nw_flow_at *at, void *arg)
{
	uintptr_t depth = (uintptr_t)arg;

	for (int i = 0; depth > 0 && i < 2; i++) {
		struct nw_flow_task *child = nw_flow_grow(at, grow_tree, (void *)(depth - 1));

		CHECK(child);
		nw_flow_release(at, child);
	}
	return 0;
}

TEST(a_graph_grows_from_inside)
{
	begin();
	(void)nw_flow_add(flow, grow_tree, (void *)12);
	run();
	CHECK_INT(counts().completed_count, ==, (1 << 13) - 1);
	end();
}

static struct stamp grown[3];
static struct nw_flow_task *open_task;

static int grow_links(struct nw_flow_at *at, void *arg)
{
	struct nw_flow_task *a = nw_flow_grow(at, stamp, &grown[0]);
	struct nw_flow_task *b = nw_flow_grow(at, stamp, &grown[1]);
	struct nw_flow_task *closed = arg;

	CHECK_INT(nw_flow_link_at(at, at->task, a), ==, 0);
	CHECK_INT(nw_flow_link_at(at, a, b), ==, 0);
	CHECK_INT(nw_flow_link_at(at, open_task, b), ==, 0);
	CHECK_INT(nw_flow_link_at(at, closed, b), ==, -EBUSY);
	CHECK_INT(nw_flow_link_at(at, b, b), ==, -EINVAL);
	CHECK_INT(nw_flow_link_at(at, b, closed), ==, -EINVAL);
	nw_flow_release(at, b);
	nw_flow_release(at, a);
	CHECK_INT(grown[0].when, ==, 0); /* it waits for us */
	return 0;
}

TEST(grown_tasks_wait_for_what_they_are_linked_to)
{
	struct nw_flow_task *grower, *closed;

	begin();
	open_task = nw_flow_add(flow, stamp, &grown[2]);
	CHECK_INT(nw_flow_open(flow, open_task), ==, 0);
	closed = nw_flow_add(flow, stamp, &(struct stamp){ 0 });
	grower = nw_flow_add(flow, grow_links, closed);
	link_to(grower, closed);
	run();
	CHECK_INT(grown[0].when, >, 0);
	CHECK_INT(grown[1].when, >, grown[0].when);
	CHECK_INT(grown[1].when, >, grown[2].when);
	CHECK_INT(counts().completed_count, ==, 5);
	end();
}

static int forget_release(struct nw_flow_at *at, void *arg)
{
	struct nw_flow_task *a = nw_flow_grow(at, stamp, arg);
	struct nw_flow_task *b = nw_flow_grow(at, stamp, arg);

	CHECK_INT(nw_flow_link_at(at, a, b), ==, 0);
	nw_flow_release(at, b);
	return 0;
}

TEST(a_task_never_released_is_told)
{
	static struct stamp never;

	begin();
	(void)nw_flow_add(flow, forget_release, &never);
	CHECK_INT(nw_flow_run(flow, &diag), ==, -ELOOP);
	CHECK_STR(diag.text, "a task waits for one that was added and never released");
	CHECK_INT(never.when, ==, 0);
	end();
}

/* ---- pictures ---- */

/* From inside the second of three: what is before, the task itself, what is behind. */
static int look_around(struct nw_flow_at *at, void *arg)
{
	const enum nw_dag_state states[] = { NW_DAG_COMPLETED, NW_DAG_RUNNING, NW_DAG_PENDING };
	struct nw_flow_task *draft = nw_flow_grow(at, stamp, arg);
	struct nw_dag_picture *picture;

	CHECK(draft);
	CHECK_INT(nw_flow_link_at(at, at->task, draft), ==, 0);
	CHECK_INT(nw_flow_picture_take(at->flow, &picture), ==, 0);
	CHECK_INT(picture->task_count, ==, 3); /* not the one that was not released */
	CHECK_INT(picture->edge_count, ==, 2);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(picture->tasks[i].state, ==, states[i]);
		CHECK_STR(picture->tasks[i].name, i == 1 ? "middle" : "");
	}
	CHECK_INT(picture->edges[picture->tasks[0].edge_idx], ==, 1);
	CHECK_INT(picture->edges[picture->tasks[1].edge_idx], ==, 2);
	nw_dag_picture_destroy(picture);
	nw_flow_release(at, draft);
	return 0;
}

TEST(a_picture_is_taken_while_it_runs)
{
	static struct stamp stamps[3];
	struct nw_flow_task *a, *b, *c;
	struct nw_dag_picture *picture;

	begin();
	a = nw_flow_add(flow, stamp, &stamps[0]);
	b = nw_flow_add(flow, look_around, &stamps[1]);
	c = nw_flow_add(flow, stamp, &stamps[2]);
	CHECK_INT(nw_flow_name(flow, b, "middle"), ==, 0);
	link_to(a, b);
	link_to(b, c);
	run();
	CHECK_INT(stamps[1].when, >, 0);
	CHECK_INT(nw_flow_picture_take(flow, &picture), ==, 0);
	CHECK_INT(picture->task_count, ==, 4);
	for (int i = 0; i < 4; i++)
		CHECK_INT(picture->tasks[i].state, ==, NW_DAG_COMPLETED);
	nw_dag_picture_destroy(picture);
	end();
}

/* ---- admission ---- */

static const struct nw_resource two_cpus = { { [NW_RESOURCE_CPU] = 2000 } };
static _Atomic uint64_t running, running_most;

static int hold_cpu(struct nw_flow_at *at, void *arg)
{
	uint64_t now = atomic_fetch_add(&running, (uintptr_t)arg) + (uintptr_t)arg;
	uint64_t most = atomic_load(&running_most);

	(void)at;
	while (most < now && !atomic_compare_exchange_weak(&running_most, &most, now))
		;
	CHECK_INT(now, <=, 2000);
	sched_yield();
	atomic_fetch_sub(&running, (uintptr_t)arg);
	return 0;
}

static void begin_admission(void)
{
	begin_with(&(struct nw_flow_options){
		.admission = &(struct nw_dag_options){ .capacity = &two_cpus, .node_count = 1 } });
}

static void demand(struct nw_flow_task *task, const struct nw_dag_spec *spec)
{
	if (nw_flow_demand(flow, task, spec, &diag) != 0)
		FAIL("%s", diag.text);
}

TEST(tasks_under_admission_never_need_more_than_there_is)
{
	_Atomic uint64_t freely = 0;

	begin_admission();
	for (uintptr_t i = 0; i < 500; i++) {
		uintptr_t cpu = 300 + i * 7 % 1700;
		struct nw_flow_task *task = nw_flow_add(flow, hold_cpu, (void *)cpu);
		struct nw_flow_task *after = nw_flow_add(flow, count_up, &freely);

		demand(task, &(struct nw_dag_spec){ .need = { { cpu } } });
		link_to(task, after);
	}
	for (int round = 1; round <= 2; round++) {
		run();
		CHECK_INT(counts().completed_count, ==, 1000);
		CHECK_INT(counts().decide_count, ==, 500 * round);
		CHECK_INT(freely, ==, 500 * round);
	}
	CHECK_INT(running_most, >, 1000);
	end();
}

TEST(demands_say_why_not)
{
	struct nw_flow_task *a;
	struct nw_dag_spec spec = { .need = { { 3000 } } };

	begin_admission();
	a = nw_flow_add(flow, hold_cpu, NULL);
	CHECK_INT(nw_flow_name(flow, a, "a"), ==, 0);
	CHECK_INT(nw_flow_demand(flow, a, &spec, &diag), ==, -ENOSPC);
	CHECK(strstr(diag.text, "task \"a\" needs cpu 3000"));
	spec.need.amount[0] = 1;
	spec.class_idx = 1;
	CHECK_INT(nw_flow_demand(flow, a, &spec, &diag), ==, -EINVAL);
	spec.class_idx = 0;
	demand(a, &spec);
	CHECK_INT(nw_flow_demand(flow, a, &spec, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "already"));
	end();
}

struct stubborn {
	uint32_t failures_left, runs;
};

static int succeed_late(struct nw_flow_at *at, void *arg)
{
	struct stubborn *mine = arg;

	(void)at;
	mine->runs++;
	return mine->failures_left > 0 && mine->failures_left-- > 0 ? -EAGAIN : 0;
}

TEST(tries_wait_and_are_counted)
{
	struct stubborn good = { .failures_left = 2 }, bad = { .failures_left = 10 };
	static struct stamp below;
	struct nw_flow_task *a, *b, *c;

	begin_admission();
	a = nw_flow_add(flow, succeed_late, &good);
	b = nw_flow_add(flow, succeed_late, &bad);
	c = nw_flow_add(flow, stamp, &below);
	link_to(b, c);
	demand(a, &(struct nw_dag_spec){ .retry_max = 2, .retry_wait_ns = 1000000 });
	demand(b, &(struct nw_dag_spec){ .retry_max = 3 });
	run();
	CHECK_INT(good.runs, ==, 3);
	CHECK_INT(bad.runs, ==, 4);
	CHECK_INT(counts().retry_count, ==, 5);
	CHECK_INT(nw_flow_state(a, NULL), ==, NW_DAG_COMPLETED);
	CHECK_INT(nw_flow_state(b, NULL), ==, NW_DAG_FAILED);
	CHECK_INT(nw_flow_state(c, NULL), ==, NW_DAG_CANCELLED);
	end();
}

static int until_late(struct nw_flow_at *at, void *arg)
{
	(void)arg;
	while (!nw_flow_is_late(at))
		sched_yield();
	return -ETIMEDOUT;
}

TEST(a_time_out_is_asked_for)
{
	struct nw_flow_task *a;
	enum nw_dag_reason reason;

	begin_admission();
	a = nw_flow_add(flow, until_late, NULL);
	demand(a, &(struct nw_dag_spec){ .timeout_ns = 1000000 });
	run();
	CHECK_INT(nw_flow_state(a, &reason), ==, NW_DAG_FAILED);
	CHECK_INT(reason, ==, NW_DAG_TIMEOUT);
	end();
}

TEST(cancel_reaches_what_waits_for_admission)
{
	struct nw_flow_task *a;
	_Atomic uint64_t ran = 0;

	begin_admission();
	a = nw_flow_add(flow, cancel_all, NULL);
	demand(a, &(struct nw_dag_spec){ .need = { { 2000 } }, .priority = 1 });
	for (int i = 0; i < 20; i++)
		demand(nw_flow_add(flow, count_up, &ran),
		       &(struct nw_dag_spec){ .need = { { 2000 } } });
	demand(nw_flow_add(flow, succeed_late, &(struct stubborn){ .failures_left = 1 }),
	       &(struct nw_dag_spec){
		       .priority = 2, .retry_max = 1, .retry_wait_ns = UINT64_C(1) << 50 });
	run();
	CHECK_INT(ran, ==, 0);
	CHECK_INT(counts().cancelled_count, ==, 21);
	CHECK_INT(counts().completed_count, ==, 1);
	end();
}

TEST(a_bucket_paces_a_run)
{
	const struct nw_dag_class class = { .start_per_s = 1000 };
	_Atomic uint64_t ran = 0;
	struct timespec a, b;

	begin_with(&(struct nw_flow_options){
		.admission = &(struct nw_dag_options){ .capacity = &two_cpus,
						       .node_count = 1,
						       .class_count = 1,
						       .classes = &class } });
	for (int i = 0; i < 11; i++)
		demand(nw_flow_add(flow, count_up, &ran), &(struct nw_dag_spec){ 0 });
	clock_gettime(CLOCK_MONOTONIC, &a);
	run();
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK_INT(ran, ==, 11);
	CHECK_INT((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec, >=, 10000000);
	end();
}

TEST(a_task_without_its_right_fails)
{
	struct nw_caps *caps;
	nw_cap cap;
	static struct stamp stamps[2];
	struct nw_flow_task *a, *b;
	enum nw_dag_reason reason;

	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 16, 16), ==, 0);
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1,
			       &(struct nw_cap_terms){ .rights = NW_CAP_READ }, &cap),
		  ==, 0);
	begin_with(&(struct nw_flow_options){
		.admission = &(struct nw_dag_options){
			.capacity = &two_cpus, .node_count = 1, .caps = caps } });
	a = nw_flow_add(flow, stamp, &stamps[0]);
	b = nw_flow_add(flow, stamp, &stamps[1]);
	demand(a, &(struct nw_dag_spec){ .cap = cap, .cap_rights = NW_CAP_READ });
	demand(b, &(struct nw_dag_spec){ .cap = cap, .cap_rights = NW_CAP_WRITE });
	run();
	CHECK_INT(nw_flow_state(a, NULL), ==, NW_DAG_COMPLETED);
	CHECK_INT(nw_flow_state(b, &reason), ==, NW_DAG_FAILED);
	CHECK_INT(reason, ==, NW_DAG_RIGHT);
	CHECK_INT(stamps[1].when, ==, 0);
	end();
	nw_caps_destroy(caps);
}

/* What the driver ends while a worker is between two tasks is not forgotten. */
TEST(what_is_behind_a_refused_start_is_cancelled)
{
	struct nw_caps *caps;
	static struct stamp stamps[4];
	struct nw_flow_task *tasks[4];

	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 16, 16), ==, 0);
	begin_with(&(struct nw_flow_options){
		.admission = &(struct nw_dag_options){
			.capacity = &two_cpus, .node_count = 1, .caps = caps } });
	for (int i = 0; i < 4; i++) {
		tasks[i] = nw_flow_add(flow, stamp, &stamps[i]);
		if (i > 0)
			link_to(tasks[i - 1], tasks[i]);
	}
	demand(tasks[1], &(struct nw_dag_spec){ .cap = { 77 } });
	run();
	CHECK_INT(nw_flow_state(tasks[0], NULL), ==, NW_DAG_COMPLETED);
	CHECK_INT(nw_flow_state(tasks[1], NULL), ==, NW_DAG_FAILED);
	CHECK_INT(nw_flow_state(tasks[3], NULL), ==, NW_DAG_CANCELLED);
	end();
	nw_caps_destroy(caps);
}

TEST(hints_are_places_not_conditions)
{
	static struct stamp stamps[100];
	struct nw_flow_task *last = NULL;

	begin();
	for (int i = 0; i < 100; i++) {
		struct nw_flow_task *task = nw_flow_add(flow, stamp, &stamps[i]);

		CHECK_INT(nw_flow_hint(flow, task, 0), ==, 0);
		if (last && i % 3 != 0)
			link_to(last, task);
		last = task;
	}
	run();
	CHECK_INT(counts().completed_count, ==, 100);
	end();
}
