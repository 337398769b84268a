/* SPDX-License-Identifier: MIT */
/*
 * Task graphs under threads.
 *
 * A driver grows, runs, fails, cancels and forgets the tasks of a state machine while readers take
 * pictures of it. In each picture: a task that is READY or began has all its predecessors
 * COMPLETED; a CANCELLED one with a cause in the picture has a FAILED cause; states only go forward
 * from picture to picture; and if it is of one instant, what runs fits into the machine.
 *
 * Random flows on six workers, more than there are CPUs, with places that begin small: each task
 * runs once and after all it waits for, by plain accesses that would race otherwise; what is
 * cancelled is what is behind a failure; capacities hold. Tasks grow others meanwhile, and a thread
 * counts all the time.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <errno.h>
#include <nw/dag.h>
#include <nw/flow.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
#define WORK(n) ((n) / 8) /* the sanitizers' builds are that much slower */
#else
#define WORK(n) (n)
#endif

/* ---- pictures of a state machine ---- */

enum { READERS = 3, ROUNDS = WORK(40000), NAMES = 64, CPUS = 4 };

struct show {
	struct nw_dag *dag;
	_Atomic bool is_over;
	_Atomic uint64_t instant_count, cut_count;
};

static const struct nw_dag_info *by_id(const struct nw_dag_picture *picture, nw_dag_id id)
{
	for (size_t i = 0; i < picture->task_count; i++)
		if (picture->tasks[i].id.value == id.value)
			return &picture->tasks[i];
	return NULL;
}

static bool has_waited(const struct nw_dag_info *task)
{
	return task->attempt > 0 || task->state == NW_DAG_READY || task->state == NW_DAG_FAILED;
}

static void check_edges(const struct nw_dag_picture *picture)
{
	for (size_t i = 0; i < picture->task_count; i++) {
		const struct nw_dag_info *task = &picture->tasks[i], *cause;

		for (size_t j = 0; j < task->edge_count; j++) {
			CHECK_INT(picture->edges[task->edge_idx + j], <, picture->task_count);
			if (has_waited(&picture->tasks[picture->edges[task->edge_idx + j]]))
				CHECK_INT(task->state, ==, NW_DAG_COMPLETED);
		}
		cause = task->reason == NW_DAG_DEPENDENCY ? by_id(picture, task->cause) : NULL;
		if (cause)
			CHECK_INT(cause->state, ==, NW_DAG_FAILED);
		CHECK(task->name[0] == 't');
	}
}

static void check_instant(const struct nw_dag_picture *picture)
{
	uint32_t running_count = 0;

	for (size_t i = 0; i < picture->task_count; i++)
		running_count += picture->tasks[i].state == NW_DAG_RUNNING;
	CHECK_INT(running_count, <=, CPUS);
}

/* Ids only grow older: one that was final stays so. */
static void check_forward(const struct nw_dag_picture *before, const struct nw_dag_picture *after)
{
	for (size_t i = 0; i < before->task_count; i++) {
		const struct nw_dag_info *old = &before->tasks[i], *new = by_id(after, old->id);

		if (!new)
			continue;
		CHECK_INT(new->attempt, >=, old->attempt);
		if (old->state >= NW_DAG_COMPLETED)
			CHECK_INT(new->state, ==, old->state);
		if (old->state != NW_DAG_PENDING)
			CHECK_INT(new->state, !=, NW_DAG_PENDING);
	}
}

static void *watch(void *arg)
{
	struct show *show = arg;
	struct nw_dag_picture *last = NULL, *picture;
	struct nw_rcu_thread *thread;

	CHECK_INT(nw_rcu_register(&thread, nw_dag_rcu(show->dag), "reader"), ==, 0);
	while (!atomic_load(&show->is_over)) {
		CHECK_INT(nw_dag_picture_take(show->dag, thread, &picture), ==, 0);
		check_edges(picture);
		if (picture->is_instant)
			check_instant(picture);
		atomic_fetch_add(picture->is_instant ? &show->instant_count : &show->cut_count, 1);
		if (last)
			check_forward(last, picture);
		nw_dag_picture_destroy(last);
		last = picture;
	}
	nw_dag_picture_destroy(last);
	nw_rcu_unregister(thread);
	return NULL;
}

struct drive {
	struct nw_dag *dag;
	struct nwi_prng prng;
	uint64_t now_ns;
	nw_dag_id running[CPUS], known[NAMES];
	uint32_t running_count;
	uint64_t name_count;
};

static void add_some(struct drive *drive)
{
	uint32_t count = 1 + nwi_prng_below(&drive->prng, 4);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (uint32_t)(drive->name_count % NAMES);
		struct nw_dag_spec spec = { .need = { { 1 } }, .retry_max = i };
		nw_dag_id id;
		char name[24];

		if (drive->known[slot].value != 0 &&
		    nw_dag_forget(drive->dag, drive->known[slot]) != 0)
			break; /* not final yet: later */
		drive->known[slot] = (nw_dag_id){ 0 };
		(void)snprintf(name, sizeof(name), "t%" PRIu64, drive->name_count);
		spec.name = name;
		CHECK_INT(nw_dag_add(drive->dag, &spec, &id, NULL), ==, 0);
		for (uint32_t j = 0; j < 3; j++) {
			nw_dag_id before = drive->known[nwi_prng_below(&drive->prng, NAMES)];

			if (before.value != 0)
				CHECK_INT(nw_dag_link(drive->dag, before, id, NULL), ==, 0);
		}
		drive->known[slot] = id;
		drive->name_count++;
	}
	CHECK_INT(nw_dag_commit(drive->dag, drive->now_ns, NULL), ==, 0);
}

static void end_one(struct drive *drive)
{
	uint32_t i = nwi_prng_below(&drive->prng, drive->running_count);
	bool is_ok = nwi_prng_below(&drive->prng, 10) > 0;

	CHECK_INT(nw_dag_ended(drive->dag, drive->running[i], is_ok, drive->now_ns), ==, 0);
	drive->running[i] = drive->running[--drive->running_count];
}

static void cancel_one(struct drive *drive)
{
	nw_dag_id id = drive->known[nwi_prng_below(&drive->prng, NAMES)];
	int rc = nw_dag_cancel(drive->dag, id, drive->now_ns);

	CHECK_INT(rc, ==, id.value != 0 ? 0 : -ESTALE);
}

static void one_round(struct drive *drive)
{
	struct nw_dag_step step;

	drive->now_ns++;
	nw_dag_next(drive->dag, drive->now_ns, &step);
	if (step.kind == NW_DAG_START)
		drive->running[drive->running_count++] = step.task;
	else if (drive->running_count > 0 && nwi_prng_below(&drive->prng, 3) > 0)
		end_one(drive);
	else if (nwi_prng_below(&drive->prng, 40) == 0)
		cancel_one(drive);
	else
		add_some(drive);
}

TEST(pictures_are_consistent_while_a_graph_runs)
{
	const struct nw_resource cpus = { { CPUS } };
	struct drive drive = { 0 };
	struct show show = { 0 };
	pthread_t readers[READERS];

	nwi_prng_init(&drive.prng, nw_test_seed());
	CHECK_INT(nw_dag_create(&drive.dag,
				&(struct nw_dag_options){ .capacity = &cpus, .node_count = 1 },
				NULL),
		  ==, 0);
	show.dag = drive.dag;
	for (int i = 0; i < READERS; i++)
		CHECK_INT(pthread_create(&readers[i], NULL, watch, &show), ==, 0);
	for (int i = 0; i < ROUNDS * nw_test_scale() ||
			(atomic_load(&show.instant_count) + atomic_load(&show.cut_count) < 20);
	     i++)
		one_round(&drive);
	atomic_store(&show.is_over, true);
	for (int i = 0; i < READERS; i++)
		CHECK_INT(pthread_join(readers[i], NULL), ==, 0);
	CHECK_INT(drive.name_count, >, NAMES);
	nw_dag_destroy(drive.dag);
}

/* ---- flows ---- */

enum { WORKERS = 6, TASKS = WORK(4000), DEPS = 4, RUNS = 6, CAPACITY = 5 };

struct node {
	uint32_t deps[DEPS], dep_count;
	uint64_t value; /* plain: written by the task, read by those that wait for it */
	bool is_failing, has_demand, grows;
	uint32_t grown; /* plain, by the grown task */
	struct nw_flow_task *task;
};

struct world {
	struct node *nodes;
	struct nw_flow *flow;
	uint64_t run;
	_Atomic int64_t used;
	_Atomic bool is_over;
	_Atomic uint64_t picture_count;
};

static struct world world;

static int grown(struct nw_flow_at *at, void *arg)
{
	struct node *node = arg;

	(void)at;
	CHECK_INT(node->value, ==, world.run); /* it waits for its parent */
	node->grown++;
	return 0;
}

static void grow(struct nw_flow_at *at, struct node *node)
{
	struct nw_flow_task *task = nw_flow_grow(at, grown, node);

	CHECK(task);
	CHECK_INT(nw_flow_link_at(at, at->task, task), ==, 0);
	nw_flow_release(at, task);
}

static int work(struct nw_flow_at *at, void *arg)
{
	struct node *node = arg;

	if (node->has_demand)
		CHECK_INT(atomic_fetch_add(&world.used, 2) + 2, <=, CAPACITY);
	for (uint32_t i = 0; i < node->dep_count; i++)
		CHECK_INT(world.nodes[node->deps[i]].value, ==, world.run);
	CHECK_INT(node->value, ==, world.run - 1); /* once a run */
	node->value = world.run;
	if (node->grows && world.run == 1 && !node->is_failing)
		grow(at, node);
	if (node->has_demand)
		atomic_fetch_sub(&world.used, 2);
	return node->is_failing ? -1 : 0;
}

static void make_node(struct nwi_prng *prng, uint32_t idx, bool may_fail)
{
	struct node *node = &world.nodes[idx];

	*node = (struct node){ .has_demand = nwi_prng_below(prng, 10) == 0,
			       .grows = nwi_prng_below(prng, 20) == 0,
			       .is_failing = may_fail && nwi_prng_below(prng, 200) == 0 };
	node->task = nw_flow_add(world.flow, work, node);
	CHECK(node->task);
	if (node->has_demand)
		CHECK_INT(nw_flow_demand(world.flow, node->task,
					 &(struct nw_dag_spec){ .need = { { 2 } } }, NULL),
			  ==, 0);
	if (nwi_prng_below(prng, 30) == 0)
		CHECK_INT(nw_flow_hint(world.flow, node->task, 0), ==, 0);
	for (uint32_t i = nwi_prng_below(prng, DEPS); i > 0 && idx > 0; i--) {
		uint32_t span = idx < 60 ? idx : 60;
		uint32_t dep = idx - 1 - nwi_prng_below(prng, span);

		node->deps[node->dep_count++] = dep;
		CHECK_INT(nw_flow_link(world.flow, world.nodes[dep].task, node->task), ==, 0);
	}
}

/* What did not run must be behind a failure, and what is behind one must not have run. */
static void check_run(void)
{
	for (uint32_t i = 0; i < TASKS; i++) {
		struct node *node = &world.nodes[i];
		enum nw_dag_state state = nw_flow_state(node->task, NULL);
		bool is_behind = false;

		for (uint32_t j = 0; j < node->dep_count; j++)
			is_behind |= nw_flow_state(world.nodes[node->deps[j]].task, NULL) !=
				     NW_DAG_COMPLETED;
		CHECK_INT(state, ==,
			  is_behind          ? NW_DAG_CANCELLED
			  : node->is_failing ? NW_DAG_FAILED
					     : NW_DAG_COMPLETED);
		CHECK_INT(node->value, ==, is_behind ? world.run - 1 : world.run);
		if (node->grows && !is_behind && !node->is_failing)
			CHECK_INT(node->grown, ==, world.run);
		node->value = world.run;
	}
}

static void look_at_flow(void)
{
	struct nw_dag_picture *picture;

	if (nw_flow_picture_take(world.flow, &picture) != 0)
		return; /* a run began meanwhile */
	for (size_t i = 0; i < picture->task_count; i++) {
		const struct nw_dag_info *task = &picture->tasks[i];

		for (size_t j = 0; j < task->edge_count; j++)
			if (has_waited(&picture->tasks[picture->edges[task->edge_idx + j]]))
				CHECK_INT(task->state, ==, NW_DAG_COMPLETED);
	}
	CHECK_INT(picture->task_count, >=, TASKS);
	atomic_fetch_add(&world.picture_count, 1);
	nw_dag_picture_destroy(picture);
}

static void *count(void *arg)
{
	(void)arg;
	while (!atomic_load(&world.is_over)) {
		struct nw_flow_counts counts;

		nw_flow_counts(world.flow, &counts);
		CHECK_INT(counts.completed_count + counts.failed_count + counts.cancelled_count, <=,
			  2 * TASKS);
		look_at_flow();
		sched_yield();
	}
	return NULL;
}

static void run_flows(uint64_t seed, bool may_fail)
{
	const struct nw_resource capacity = { { CAPACITY } };
	const struct nw_dag_options admission = { .capacity = &capacity, .node_count = 1 };
	struct nwi_prng prng;
	struct nw_topo *topo;
	struct nw_sched *sched;
	pthread_t counter;

	nwi_prng_init(&prng, seed);
	CHECK_INT(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL), ==, 0);
	CHECK_INT(nw_sched_start(&sched,
				 &(struct nw_crew_options){ .topo = topo,
							    .worker_count = WORKERS,
							    .oversubscribe = true,
							    .no_pin = true },
				 NULL, NULL),
		  ==, 0);
	CHECK_INT(nw_flow_create(&world.flow, sched,
				 &(struct nw_flow_options){ .admission = &admission,
							    .task_max = 2 * TASKS },
				 NULL),
		  ==, 0);
	world.nodes = calloc(TASKS, sizeof(world.nodes[0]));
	CHECK(world.nodes);
	for (uint32_t i = 0; i < TASKS; i++)
		make_node(&prng, i, may_fail);
	CHECK_INT(pthread_create(&counter, NULL, count, NULL), ==, 0);
	for (world.run = 1; world.run <= RUNS; world.run++) {
		CHECK_INT(nw_flow_run(world.flow, NULL), ==, 0);
		check_run();
	}
	while (atomic_load(&world.picture_count) == 0)
		sched_yield();
	atomic_store(&world.is_over, true);
	CHECK_INT(pthread_join(counter, NULL), ==, 0);
	nw_flow_destroy(world.flow);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	free(world.nodes);
}

TEST(random_flows_keep_order_and_capacity)
{
	for (int i = 0; i < 2 * nw_test_scale(); i++) {
		atomic_store(&world.is_over, false);
		run_flows(nw_test_seed() + (uint64_t)i, false);
	}
}

TEST(random_flows_fail_where_they_should)
{
	for (int i = 0; i < 2 * nw_test_scale(); i++) {
		atomic_store(&world.is_over, false);
		run_flows(nw_test_seed() + (uint64_t)i, true);
	}
}

/* Runs of a few tasks, one after the other: helpers come and go all the time. */
TEST(short_runs_end)
{
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_flow *flow;
	struct node nodes[8] = { 0 };

	CHECK_INT(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL), ==, 0);
	CHECK_INT(nw_sched_start(&sched,
				 &(struct nw_crew_options){ .topo = topo,
							    .worker_count = WORKERS,
							    .oversubscribe = true,
							    .no_pin = true },
				 NULL, NULL),
		  ==, 0);
	CHECK_INT(nw_flow_create(&flow, sched, NULL, NULL), ==, 0);
	world.nodes = nodes;
	for (uint32_t i = 0; i < 8; i++) {
		nodes[i].task = nw_flow_add(flow, work, &nodes[i]);
		if (i > 0) {
			nodes[i].deps[nodes[i].dep_count++] = (i - 1) / 2;
			CHECK_INT(nw_flow_link(flow, nodes[(i - 1) / 2].task, nodes[i].task), ==,
				  0);
		}
	}
	for (world.run = 1; world.run <= (uint64_t)WORK(4000) * (uint64_t)nw_test_scale();
	     world.run++) {
		CHECK_INT(nw_flow_run(flow, NULL), ==, 0);
		for (int i = 0; i < 8; i++)
			CHECK_INT(nodes[i].value, ==, world.run);
	}
	nw_flow_destroy(flow);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
}
