/* SPDX-License-Identifier: MIT */
/*
 * Random graphs on random machines under the state machine of task graphs, one thread, time by
 * hand: every choice comes from the seed, so a failure is replayed by it. A model beside it keeps
 * its own books, and after each step: who started had all its dependencies COMPLETED; what runs
 * fits into its node, the machine and its class's quota; a class took no more tokens than burst and
 * rate allow; a WAIT tells the truth. In the end: each task is in one final state, FAILED ones
 * had all their tries, CANCELLED ones are those below a failure or a wish, and no other.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <errno.h>
#include <nw/dag.h>

enum { TASKS_MAX = 80, NODES_MAX = 4, CLASSES_MAX = 3, DEPS_MAX = 6, NS_PER_S = 1000000000 };

struct task {
	nw_dag_id id;
	char name[16];
	uint32_t deps[DEPS_MAX], dep_count;
	struct nw_dag_spec spec;
	enum nw_dag_state state;
	uint32_t node_idx, attempt;
	uint64_t end_ns; /* RUNNING: when it will end */
	bool will_fail;
	bool is_wished, is_told;
	bool is_forgotten;
};

struct world {
	struct nwi_prng prng;
	struct nw_dag *dag;
	struct nw_rcu_thread *thread;
	struct nw_resource nodes[NODES_MAX], machine, quotas[CLASSES_MAX];
	struct nw_dag_class classes[CLASSES_MAX];
	uint64_t taken[CLASSES_MAX]; /* tokens, since begin_ns */
	struct nw_dag_options options;
	struct task tasks[TASKS_MAX];
	uint32_t task_count, committed_count, planned_count;
	uint64_t now_ns, begin_ns;
	uint64_t started_count, retry_count;
	bool may_cancel;
};

static uint32_t below(struct world *world, uint32_t n)
{
	return nwi_prng_below(&world->prng, n);
}

static bool chance(struct world *world, uint32_t percent)
{
	return below(world, 100) < percent;
}

/* ---- a random machine, random tasks ---- */

static struct nw_resource random_resource(struct world *world, uint32_t min, uint32_t max)
{
	struct nw_resource r;

	for (int d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		r.amount[d] = min + below(world, max - min + 1);
	return r;
}

static void make_classes(struct world *world)
{
	world->options.class_count = 1 + below(world, CLASSES_MAX);
	world->options.classes = world->classes;
	for (uint32_t i = 0; i < world->options.class_count; i++) {
		struct nw_dag_class *class = &world->classes[i];

		*class = (struct nw_dag_class){ .weight = below(world, 5) };
		world->quotas[i] = random_resource(world, 4, 30);
		if (chance(world, 50))
			class->quota = &world->quotas[i];
		if (chance(world, 30)) {
			class->start_per_s = 1 + below(world, 300000000);
			class->start_burst = below(world, 4);
		}
	}
}

static void make_machine(struct world *world)
{
	world->options = (struct nw_dag_options){
		.capacity = world->nodes,
		.node_count = 1 + below(world, NODES_MAX),
		.running_max = chance(world, 30) ? 1 + below(world, 4) : 0,
		.pass_max = 1 + below(world, 4),
		.order = (enum nw_dag_order)below(world, NW_DAG_ORDER_COUNT),
		.seed = nwi_prng_next(&world->prng),
	};
	world->machine = (struct nw_resource){ 0 };
	for (uint32_t i = 0; i < world->options.node_count; i++) {
		world->nodes[i] = random_resource(world, 4, 20);
		nw_resource_add_capped(&world->machine, &world->nodes[i]);
	}
	if (chance(world, 30)) {
		world->machine = random_resource(world, 4, 25);
		world->options.machine = &world->machine;
	}
	make_classes(world);
	CHECK_INT(nw_dag_create(&world->dag, &world->options, NULL), ==, 0);
	CHECK_INT(nw_rcu_register(&world->thread, nw_dag_rcu(world->dag), "sim"), ==, 0);
}

static bool fits_ever(const struct world *world, const struct nw_dag_spec *spec)
{
	const struct nw_dag_class *class = &world->classes[spec->class_idx];
	bool is_fit = false;

	for (uint32_t i = 0; i < world->options.node_count; i++)
		if (!spec->is_node_strict || spec->node_idx == i)
			is_fit |= nw_resource_fits(&spec->need, &world->nodes[i]);
	return is_fit && nw_resource_fits(&spec->need, &world->machine) &&
	       (!class->quota || nw_resource_fits(&spec->need, class->quota));
}

static void fill_spec(struct world *world, struct nw_dag_spec *spec)
{
	spec->need = random_resource(world, 0, chance(world, 10) ? 7 : 3);
	spec->has_node = chance(world, 30);
	spec->node_idx = spec->has_node ? below(world, world->options.node_count) : 0;
	spec->is_node_strict = spec->has_node && chance(world, 50);
	spec->priority = (int32_t)below(world, 3) - 1;
	spec->class_idx = below(world, world->options.class_count);
	spec->cost_ns = below(world, 100);
	spec->timeout_ns = chance(world, 20) ? 1 + below(world, 60) : 0;
	spec->retry_max = chance(world, 30) ? below(world, 4) : 0;
	spec->retry_wait_ns = below(world, 40);
	spec->retry_wait_max_ns = below(world, 100);
}

/* Any earlier task, so there is no cycle; some that ended or were forgotten must not be chosen. */
static void choose_deps(struct world *world, struct task *task)
{
	uint32_t wanted = below(world, DEPS_MAX);

	for (uint32_t i = 0; i < wanted && world->task_count > 0; i++) {
		uint32_t dep = below(world, world->task_count);

		if (!world->tasks[dep].is_forgotten)
			task->deps[task->dep_count++] = dep;
	}
}

static void add_task(struct world *world)
{
	struct task *task = &world->tasks[world->task_count];
	const char *names[DEPS_MAX];
	struct nw_diag diag;
	bool is_possible;
	int rc;

	*task = (struct task){ 0 };
	(void)snprintf(task->name, sizeof(task->name), "t%u", world->task_count);
	choose_deps(world, task);
	for (uint32_t i = 0; i < task->dep_count; i++)
		names[i] = world->tasks[task->deps[i]].name;
	fill_spec(world, &task->spec);
	task->spec.name = task->name;
	task->spec.deps = names;
	task->spec.dep_count = task->dep_count;
	is_possible = fits_ever(world, &task->spec);
	rc = nw_dag_add(world->dag, &task->spec, &task->id, &diag);
	CHECK_INT(rc, ==, is_possible ? 0 : -ENOSPC);
	world->planned_count--;
	world->task_count += is_possible;
}

/* ---- the model's books ---- */

static void model_settle(struct world *world)
{
	for (uint32_t i = 0; i < world->committed_count; i++) {
		struct task *task = &world->tasks[i];
		bool is_ready = true, is_lost = false;

		if (task->state != NW_DAG_PENDING)
			continue;
		for (uint32_t j = 0; j < task->dep_count; j++) {
			const struct task *dep = &world->tasks[task->deps[j]];

			is_ready &= dep->state == NW_DAG_COMPLETED;
			is_lost |= dep->state == NW_DAG_FAILED || dep->state == NW_DAG_CANCELLED;
		}
		if (is_lost)
			task->state = NW_DAG_CANCELLED;
		else if (is_ready)
			task->state = NW_DAG_READY;
	}
}

static void check_fits(const struct world *world)
{
	struct nw_resource nodes[NODES_MAX], machine = world->machine;
	struct nw_resource quotas[CLASSES_MAX];
	uint32_t running_count = 0;

	memcpy(nodes, world->nodes, sizeof(nodes));
	for (uint32_t i = 0; i < world->options.class_count; i++)
		quotas[i] = world->classes[i].quota ? *world->classes[i].quota : world->machine;
	for (uint32_t i = 0; i < world->committed_count; i++) {
		const struct task *task = &world->tasks[i];

		if (task->state != NW_DAG_RUNNING)
			continue;
		running_count++;
		CHECK(nw_resource_try_sub(&nodes[task->node_idx], &task->spec.need));
		CHECK(nw_resource_try_sub(&machine, &task->spec.need));
		CHECK(nw_resource_try_sub(&quotas[task->spec.class_idx], &task->spec.need));
	}
	if (world->options.running_max > 0)
		CHECK_INT(running_count, <=, world->options.running_max);
}

static void check_tokens(const struct world *world)
{
	for (uint32_t i = 0; i < world->options.class_count; i++) {
		const struct nw_dag_class *class = &world->classes[i];
		uint64_t burst = class->start_burst > 0 ? class->start_burst : 1;

		if (class->start_per_s > 0)
			CHECK_INT(world->taken[i], <=,
				  burst + class->start_per_s * (world->now_ns - world->begin_ns) /
						  NS_PER_S);
	}
}

/* States as the graph tells them, by a picture, beside the model's. */
static void check_picture(struct world *world)
{
	struct nw_dag_picture *picture;
	uint32_t known_count = 0;

	CHECK_INT(nw_dag_picture_take(world->dag, world->thread, &picture), ==, 0);
	CHECK(picture->is_instant);
	for (uint32_t i = 0; i < world->committed_count; i++)
		known_count += !world->tasks[i].is_forgotten;
	CHECK_INT(picture->task_count, ==, known_count);
	for (size_t i = 0; i < picture->task_count; i++) {
		const struct nw_dag_info *shown = &picture->tasks[i];
		const struct task *task = &world->tasks[strtoul(shown->name + 1, NULL, 10)];

		CHECK(shown->id.value == task->id.value);
		if (shown->state != task->state)
			FAIL("%s is %s, the model says %s", shown->name,
			     nw_dag_state_name(shown->state), nw_dag_state_name(task->state));
		CHECK_INT(shown->attempt, ==, task->attempt);
	}
	nw_dag_picture_destroy(picture);
}

/* ---- events ---- */

static struct task *task_of(struct world *world, nw_dag_id id)
{
	for (uint32_t i = 0; i < world->committed_count; i++)
		if (world->tasks[i].id.value == id.value)
			return &world->tasks[i];
	FAIL("a step names no task");
}

static void on_start(struct world *world, const struct nw_dag_step *step)
{
	struct task *task = task_of(world, step->task);

	CHECK_INT(task->state, ==, NW_DAG_READY);
	for (uint32_t i = 0; i < task->dep_count; i++)
		CHECK_INT(world->tasks[task->deps[i]].state, ==, NW_DAG_COMPLETED);
	CHECK_INT(step->attempt, ==, task->attempt + 1);
	CHECK_INT(step->attempt, <=, task->spec.retry_max + 1);
	if (task->spec.is_node_strict)
		CHECK_INT(step->node_idx, ==, task->spec.node_idx);
	task->state = NW_DAG_RUNNING;
	task->attempt++;
	task->node_idx = step->node_idx;
	task->is_told = false;
	task->end_ns = world->now_ns + below(world, 80);
	task->will_fail = chance(world, 8);
	world->taken[task->spec.class_idx]++;
	world->started_count++;
	world->retry_count += task->attempt > 1;
	check_fits(world);
	check_tokens(world);
}

static void on_stop(struct world *world, const struct nw_dag_step *step)
{
	struct task *task = task_of(world, step->task);

	CHECK_INT(task->state, ==, NW_DAG_RUNNING);
	CHECK(!task->is_told);
	CHECK(task->is_wished ? step->reason == NW_DAG_WISH : step->reason == NW_DAG_TIMEOUT);
	CHECK(task->is_wished || task->spec.timeout_ns > 0);
	task->is_told = true;
	task->end_ns = world->now_ns + below(world, 10);
	task->will_fail = chance(world, 80);
}

static void on_end(struct world *world, struct task *task)
{
	CHECK_INT(nw_dag_ended(world->dag, task->id, !task->will_fail, world->now_ns), ==, 0);
	if (!task->will_fail)
		task->state = NW_DAG_COMPLETED;
	else if (task->is_wished)
		task->state = NW_DAG_CANCELLED;
	else if (task->attempt <= task->spec.retry_max)
		task->state = NW_DAG_READY;
	else
		task->state = NW_DAG_FAILED;
	model_settle(world);
}

/* All below a wish is cancelled at once, also where the task itself has to be stopped first. */
static void cancel_below(struct world *world, uint32_t idx)
{
	for (uint32_t i = idx + 1; i < world->committed_count; i++)
		for (uint32_t j = 0; j < world->tasks[i].dep_count; j++)
			if (world->tasks[i].deps[j] == idx &&
			    world->tasks[i].state == NW_DAG_PENDING) {
				world->tasks[i].state = NW_DAG_CANCELLED;
				cancel_below(world, i);
			}
}

static void cancel_one(struct world *world)
{
	uint32_t idx = below(world, world->committed_count);
	struct task *task = &world->tasks[idx];

	if (task->is_forgotten) {
		CHECK_INT(nw_dag_cancel(world->dag, task->id, world->now_ns), ==, -ESTALE);
		return;
	}
	CHECK_INT(nw_dag_cancel(world->dag, task->id, world->now_ns), ==, 0);
	if (task->state >= NW_DAG_COMPLETED)
		return;
	if (task->state == NW_DAG_RUNNING)
		task->is_wished = true;
	else
		task->state = NW_DAG_CANCELLED;
	cancel_below(world, idx);
}

/* Those that are final and that nothing of the batch needs. */
static void forget_one(struct world *world)
{
	struct task *task = &world->tasks[below(world, world->committed_count)];
	bool is_final = task->state >= NW_DAG_COMPLETED;

	if (world->task_count > world->committed_count)
		return;
	CHECK_INT(nw_dag_forget(world->dag, task->id), ==,
		  task->is_forgotten ? -ESTALE
		  : is_final         ? 0
				     : -EBUSY);
	task->is_forgotten |= is_final;
}

static void commit(struct world *world)
{
	struct nw_diag diag;

	if (nw_dag_commit(world->dag, world->now_ns, &diag) != 0)
		FAIL("%s", diag.text);
	world->committed_count = world->task_count;
	model_settle(world);
}

static void meddle(struct world *world)
{
	if (world->planned_count > 0 && chance(world, 40)) {
		uint32_t count = 1 + below(world, 6);

		while (count-- > 0 && world->planned_count > 0)
			add_task(world);
		if (chance(world, 80) || world->planned_count == 0)
			commit(world);
	}
	if (world->committed_count == 0)
		return;
	if (world->may_cancel && chance(world, 3))
		cancel_one(world);
	if (chance(world, 10))
		forget_one(world);
	if (chance(world, 20))
		check_picture(world);
}

/* Time goes on to whatever comes first: an end, or what the graph waits for. */
static void advance(struct world *world, uint64_t until_ns)
{
	uint64_t first_ns = until_ns;
	bool is_running = false;

	for (uint32_t i = 0; i < world->committed_count; i++) {
		struct task *task = &world->tasks[i];

		if (task->state != NW_DAG_RUNNING)
			continue;
		is_running = true;
		if (task->end_ns < first_ns)
			first_ns = task->end_ns;
	}
	CHECK(is_running || until_ns != UINT64_MAX); /* nothing would ever happen again */
	CHECK(first_ns >= world->now_ns);
	world->now_ns = first_ns;
	for (uint32_t i = 0; i < world->committed_count; i++) {
		struct task *task = &world->tasks[i];

		if (task->state == NW_DAG_RUNNING && task->end_ns <= world->now_ns)
			on_end(world, task);
	}
}

/* Steps until the graph waits or is done. A wait that is over when it is told would spin. */
static enum nw_dag_step_kind drain(struct world *world, uint64_t *ret_until_ns)
{
	struct nw_dag_step step;

	for (;;) {
		nw_dag_next(world->dag, world->now_ns, &step);
		if (step.kind == NW_DAG_START)
			on_start(world, &step);
		else if (step.kind == NW_DAG_STOP)
			on_stop(world, &step);
		else
			break;
	}
	CHECK(step.kind == NW_DAG_DONE || step.until_ns > world->now_ns);
	*ret_until_ns = step.until_ns;
	return step.kind;
}

static void check_end(struct world *world)
{
	struct nw_dag_counts counts;
	struct nw_resource used;

	check_picture(world);
	nw_dag_counts(world->dag, &counts);
	CHECK_INT(counts.started_count, ==, world->started_count);
	CHECK_INT(counts.retry_count, ==, world->retry_count);
	for (uint32_t i = 0; i < world->committed_count; i++) {
		const struct task *task = &world->tasks[i];

		CHECK_INT(task->state, >=, NW_DAG_COMPLETED);
		if (task->state == NW_DAG_FAILED)
			CHECK_INT(task->attempt, ==, task->spec.retry_max + 1);
		CHECK_INT(nw_dag_ended(world->dag, task->id, true, world->now_ns), ==, -ESTALE);
	}
	nw_dag_used(world->dag, UINT32_MAX, &used, NULL);
	for (int d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		CHECK_INT(used.amount[d], ==, 0);
}

static uint64_t simulate(uint64_t seed, bool may_cancel)
{
	struct world *world = calloc(1, sizeof(*world));
	uint64_t until_ns, steps = 0, completed = 0;

	CHECK(world);
	nwi_prng_init(&world->prng, seed);
	world->may_cancel = may_cancel;
	world->now_ns = world->begin_ns = below(world, 1000);
	world->planned_count = 1 + below(world, TASKS_MAX);
	make_machine(world);
	for (;;) {
		meddle(world);
		if (drain(world, &until_ns) == NW_DAG_WAIT)
			advance(world, until_ns);
		else if (world->planned_count == 0 && world->committed_count == world->task_count)
			break;
		CHECK_INT(++steps, <, 1000000);
	}
	check_end(world);
	for (uint32_t i = 0; i < world->committed_count; i++)
		completed += world->tasks[i].state == NW_DAG_COMPLETED;
	nw_rcu_unregister(world->thread);
	nw_dag_destroy(world->dag);
	free(world);
	return completed;
}

static void simulate_many(bool may_cancel)
{
	uint64_t seed = nw_test_seed(), count = 1000 * (uint64_t)nw_test_scale(), completed = 0;

	for (uint64_t i = 0; i < count; i++) {
		fprintf(stderr, "# seed %" PRIu64 "\r", seed + i);
		completed += simulate(seed + i, may_cancel);
	}
	CHECK_INT(completed, >, 10 * count);
}

TEST(random_graphs_keep_every_promise)
{
	simulate_many(false);
}

TEST(and_so_they_do_when_tasks_are_cancelled)
{
	simulate_many(true);
}
