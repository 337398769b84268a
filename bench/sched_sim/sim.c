/* SPDX-License-Identifier: MIT */
/*
 * The run: the worker whose event is next acts, until every task is done.
 *
 * A worker that runs a task ends it, makes others ready, and takes its next from its own deque; one
 * without asks its policy. What another worker sees of an action is there at the action's end, so
 * actions are atomic; what they cost is time of the one who acts.
 *
 * Invariant: time never goes back; a worker has one event; see check.c for the rest.
 */
#include "state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { STUCK_STEPS = 5000000 }; /* so many without the end of a task */
enum { INJECTOR_MAX = 1024, THRESHOLD_FIRST = 2, THRESHOLD_MAX = 64, THRESHOLD_WINDOW = 16 };

/* The first failure stays. */
void sim_fail(struct sim_state *sim, const char *format, ...)
{
	char text[SIM_TEXT_BYTES - 64];
	va_list arguments;

	if (sim->result.text[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(sim->result.text, sizeof(sim->result.text),
		       "step %" PRIu64 ", %" PRIu64 " ns: %s", sim->result.step_count, sim->now_ns,
		       text);
}

static void trace(const struct sim_state *sim, const struct sim_worker *worker, const char *what,
		  uint32_t which)
{
	if (sim->config->trace)
		fprintf(sim->config->trace,
			"%" PRIu64 "\t%" PRIu64 "\tworker %u of node %u\t%s %u\n",
			sim->result.step_count, sim->now_ns, worker->policy.worker_idx,
			worker->node, what, which);
}

bool sim_deque_put(struct sim_deque *deque, uint32_t task)
{
	uint32_t count = sim_deque_count(deque);

	if (count == deque->room) {
		uint32_t room = deque->room ? deque->room * 2 : 8;
		uint32_t *slots = malloc(room * sizeof(*slots));

		if (!slots)
			return false;
		for (uint32_t i = 0; i < count; i++)
			slots[i] = deque->slots[(deque->head + i) & (deque->room - 1)];
		free(deque->slots);
		*deque = (struct sim_deque){ .slots = slots, .room = room, .tail = count };
	}
	deque->slots[deque->tail++ & (deque->room - 1)] = task;
	return true;
}

/* ---- events: a heap of workers ---- */

static bool is_earlier(const struct sim_state *sim, uint32_t a, uint32_t b)
{
	uint64_t x = sim->workers[a].at_ns, y = sim->workers[b].at_ns;

	return x != y ? x < y : a < b;
}

static void place(struct sim_state *sim, uint32_t idx, uint32_t worker)
{
	sim->heap[idx] = worker;
	sim->workers[worker].heap_idx = idx;
}

static void swap(struct sim_state *sim, uint32_t a, uint32_t b)
{
	uint32_t worker = sim->heap[a];

	place(sim, a, sim->heap[b]);
	place(sim, b, worker);
}

void sim_reschedule(struct sim_state *sim, struct sim_worker *worker, uint64_t at_ns)
{
	uint32_t idx = worker->heap_idx, count = sim->map->worker_count;

	worker->at_ns = at_ns;
	for (; idx > 0 && is_earlier(sim, sim->heap[idx], sim->heap[(idx - 1) / 2]);
	     idx = (idx - 1) / 2)
		swap(sim, idx, (idx - 1) / 2);
	for (;;) {
		uint32_t least = idx;

		for (uint32_t child = 2 * idx + 1; child <= 2 * idx + 2 && child < count; child++)
			if (is_earlier(sim, sim->heap[child], sim->heap[least]))
				least = child;
		if (least == idx)
			return;
		swap(sim, idx, least);
		idx = least;
	}
}

/* ---- loads ---- */

static struct nwi_load load_of(const struct sim_worker *worker)
{
	return (struct nwi_load){ { [NWI_LOAD_CPU] = sim_deque_count(&worker->deque) } };
}

static void publish(struct sim_state *sim, struct sim_worker *worker)
{
	struct nwi_load is = load_of(worker);

	nwi_load_publish(&sim->boards[worker->node], &worker->published, &is);
	worker->published = is;
	worker->published.amount[NWI_LOAD_CPU] += sim->config->fault == SIM_MISPUBLISHES;
	worker->changes = 0;
}

enum { MEMORY_EACH = 1 << 20 };

/* What a node shows that is neither queued nor injected. */
struct nwi_load sim_ballast(const struct sim_state *sim, uint32_t node)
{
	struct nwi_load load = { { 0 } };

	if (sim->config->has_ballast && node + 1 == sim->map->node_count)
		load.amount[NWI_LOAD_MEMORY] = MEMORY_EACH;
	return load;
}

void sim_show_injector(struct sim_state *sim, uint32_t node, uint64_t was)
{
	struct nwi_load from = { .amount = { [NWI_LOAD_CPU] = was } };
	struct nwi_load to = { .amount = {
				       [NWI_LOAD_CPU] = sim_deque_count(&sim->injectors[node]) } };

	nwi_load_publish(&sim->boards[node], &from, &to);
}

void sim_note_change(struct sim_state *sim, struct sim_worker *worker)
{
	uint32_t every = sim->config->costs.publish_every;
	struct nwi_load is = load_of(worker);

	worker->changes++;
	if (every == 0 ? nwi_load_differs_much(&worker->published, &is) : worker->changes >= every)
		publish(sim, worker);
}

/* ---- sleep ---- */

void sim_wake_one(struct sim_state *sim, uint32_t node)
{
	const struct sim_costs *costs = &sim->config->costs;

	for (uint32_t i = sim->map->first_worker[node]; i < sim->map->first_worker[node + 1]; i++) {
		struct sim_worker *worker = &sim->workers[i];

		if (worker->doing != SIM_SLEEPS)
			continue;
		worker->doing = SIM_WAKES;
		sim->result.wakes++;
		sim->delay_ns += costs->wake_ns;
		sim_reschedule(sim, worker, sim->now_ns + costs->wake_latency_ns);
		return;
	}
}

/* One of the own node; when all there are awake and there is plenty, one of the nearest other. */
static void wake_for(struct sim_state *sim, const struct sim_worker *worker)
{
	uint64_t before = sim->result.wakes;

	sim_wake_one(sim, worker->node);
	if (sim->config->policy.remote_tries == 0 ||
	    sim_deque_count(&worker->deque) <= worker->threshold.value)
		return;
	for (uint32_t i = 0; i + 1 < sim->map->node_count && sim->result.wakes == before; i++)
		sim_wake_one(sim, sim->map->nearest[worker->node * sim->map->node_count + i]);
}

/* ---- tasks ---- */

static uint64_t remote_ns(const struct sim_state *sim, const struct sim_task *task, uint32_t node)
{
	uint64_t distance = sim->map->distance[task->home * sim->map->node_count + node];

	return task->home == node ? 0 : task->bytes * distance * sim->config->costs.price_ps / 1000;
}

void sim_start(struct sim_state *sim, struct sim_worker *worker, uint32_t idx)
{
	struct sim_task *task = &sim->graph.tasks[idx];

	trace(sim, worker, "starts", idx);
	if (task->stage != SIM_READY)
		sim_fail(sim, "task %u starts and is not ready", idx);
	task->stage = SIM_RUNNING;
	sim->starts++;
	sim->result.with_data += task->bytes > 0;
	sim->result.at_home += task->bytes > 0 && task->home == worker->node;
	sim->result.remote_bytes += task->home == worker->node ? 0 : task->bytes;
	worker->doing = SIM_RUNS;
	worker->task = idx;
	worker->spells = 0;
	sim_reschedule(sim, worker,
		       sim->now_ns + sim->delay_ns + sim->config->costs.pop_ns + task->ns +
			       remote_ns(sim, task, worker->node));
}

/* A ready task goes home, if its home's injector has room, else to who made it ready. */
static void make_ready(struct sim_state *sim, struct sim_worker *worker, uint32_t idx)
{
	struct sim_task *task = &sim->graph.tasks[idx];
	struct sim_deque *injector;

	task->stage = SIM_READY;
	sim->ready_puts++;
	if (task->home == SIM_HOME_SPAWNER)
		task->home = worker->node;
	injector = &sim->injectors[task->home];
	if (task->home != worker->node && sim_deque_count(injector) < INJECTOR_MAX) {
		if (!sim_deque_put(injector, idx))
			sim_fail(sim, "no memory");
		sim_show_injector(sim, task->home, sim_deque_count(injector) - 1);
		sim_wake_one(sim, task->home);
		return;
	}
	if (!sim_deque_put(&worker->deque, idx))
		sim_fail(sim, "no memory");
	sim_note_change(sim, worker);
	wake_for(sim, worker);
}

static void end_task(struct sim_state *sim, struct sim_worker *worker)
{
	struct sim_task *task = &sim->graph.tasks[worker->task];

	trace(sim, worker, "ends", worker->task);
	task->stage = SIM_DONE;
	sim->done_count++;
	sim->progress_step = sim->result.step_count;
	for (uint32_t i = task->successors_from; i < task->successors_end; i++) {
		uint32_t next = sim->graph.successors[i];

		if (--sim->graph.tasks[next].waits_for == 0)
			make_ready(sim, worker, next);
	}
}

/* ---- workers ---- */

/* What the move costs until its outcome is known. */
static uint64_t cost_of(const struct sim_state *sim, const struct sim_worker *worker)
{
	uint32_t n = sim->map->node_count, farthest = worker->move.node_idx;

	if (worker->move.kind == NWI_MOVE_LOOK && n > 1)
		farthest = sim->map->nearest[worker->node * n + n - 2];
	return (uint64_t)sim->config->costs.probe_ns *
	       sim->map->distance[worker->node * n + farthest] / NWI_POLICY_LOCAL_DISTANCE;
}

static void step_policy(struct sim_state *sim, struct sim_worker *worker, enum nwi_saw saw)
{
	uint64_t begin_ns = sim->now_ns + sim->delay_ns;

	nwi_policy_step(&worker->policy, saw, worker->loads, &worker->move);
	/* Before sleep: more spells, and a last look at what was injected meanwhile. */
	if (worker->move.kind == NWI_MOVE_SLEEP &&
	    (++worker->spells < sim->config->costs.spells ||
	     sim_deque_count(&sim->injectors[worker->node]) > 0))
		nwi_policy_step(&worker->policy, NWI_SAW_START, worker->loads, &worker->move);
	if (worker->move.kind == NWI_MOVE_SLEEP) {
		worker->doing = SIM_SLEEPS;
		sim->result.sleeps++;
		worker->spells = 0;
		sim_reschedule(sim, worker, begin_ns + sim->config->costs.nap_ns);
		return;
	}
	worker->doing = SIM_TRIES;
	sim_reschedule(sim, worker, begin_ns + cost_of(sim, worker));
}

static void next_task(struct sim_state *sim, struct sim_worker *worker)
{
	if (sim_deque_count(&worker->deque) == 0) {
		publish(sim, worker);
		step_policy(sim, worker, NWI_SAW_START);
		return;
	}
	sim->result.local_pops++;
	worker->deque.tail--;
	sim_note_change(sim, worker);
	sim_start(sim, worker, worker->deque.slots[worker->deque.tail & (worker->deque.room - 1)]);
}

static void act(struct sim_state *sim, struct sim_worker *worker)
{
	enum nwi_saw saw;

	sim->delay_ns = 0;
	switch (worker->doing) {
	case SIM_RUNS:
		end_task(sim, worker);
		next_task(sim, worker);
		break;
	case SIM_TRIES:
		trace(sim, worker, "tries", worker->move.worker_idx);
		saw = sim_try(sim, worker);
		if (saw != NWI_SAW_GOT)
			step_policy(sim, worker, saw);
		break;
	case SIM_SLEEPS:
	case SIM_WAKES:
		trace(sim, worker, "wakes", 0);
		next_task(sim, worker);
		break;
	}
}

/* ---- the run ---- */

static void show_ballast(struct sim_state *sim)
{
	for (uint32_t i = 0; i < sim->map->node_count; i++) {
		struct nwi_load none = { { 0 } }, ballast = sim_ballast(sim, i);
		struct nwi_load capacity = sim->map->capacity[i];

		capacity.amount[NWI_LOAD_MEMORY] = MEMORY_EACH;
		nwi_policy_map_set_capacity(sim->map, i, &capacity);
		nwi_load_publish(&sim->boards[i], &none, &ballast);
	}
}

static bool make_workers(struct sim_state *sim)
{
	uint32_t count = sim->map->worker_count;

	sim->workers = calloc(count, sizeof(*sim->workers));
	sim->heap = calloc(count, sizeof(*sim->heap));
	sim->places = calloc(sim->graph.task_count, 1);
	sim->boards = aligned_alloc(NW_CACHE_PAIR, sim->map->node_count * sizeof(*sim->boards));
	if (!sim->workers || !sim->heap || !sim->places || !sim->boards)
		return false;
	memset(sim->boards, 0, sim->map->node_count * sizeof(*sim->boards));
	show_ballast(sim);
	for (uint32_t i = 0; i < count; i++) {
		struct sim_worker *worker = &sim->workers[i];

		nwi_policy_init(&worker->policy, sim->map, &sim->config->policy, i,
				nwi_mix64(sim->config->seed + i));
		nwi_threshold_init(&worker->threshold, 1, THRESHOLD_FIRST, THRESHOLD_MAX,
				   THRESHOLD_WINDOW);
		worker->node = worker->policy.node_idx;
		worker->doing = SIM_WAKES; /* all begin at 0, before the first task is there */
		place(sim, i, i);
	}
	return true;
}

/* What waits for nothing is dealt to the workers of its home, in turns; else to the first worker.
 */
static void put_first(struct sim_state *sim)
{
	uint32_t turn[SIM_NODES_MAX] = { 0 };

	for (uint32_t i = 0; i < sim->graph.task_count; i++) {
		struct sim_task *task = &sim->graph.tasks[i];
		uint32_t worker = 0;

		if (task->waits_for > 0)
			continue;
		if (task->home != SIM_HOME_SPAWNER)
			worker = sim->map->first_worker[task->home] +
				 turn[task->home]++ % sim->config->machine.workers[task->home];
		make_ready(sim, &sim->workers[worker], i);
	}
}

static bool set_up(struct sim_state *sim)
{
	const struct sim_machine *machine = &sim->config->machine;
	void *memory;

	if (!sim_graph_make(&sim->graph, sim->config))
		return false;
	memory = malloc(nwi_policy_map_bytes(machine->node_count));
	if (!memory)
		return false;
	sim->map = nwi_policy_map_init(memory, machine->node_count, machine->workers,
				       machine->distance);
	return make_workers(sim);
}

static void tear_down(struct sim_state *sim)
{
	for (uint32_t i = 0; sim->workers && i < sim->map->worker_count; i++)
		free(sim->workers[i].deque.slots);
	for (uint32_t i = 0; i < SIM_NODES_MAX; i++)
		free(sim->injectors[i].slots);
	free(sim->workers);
	free(sim->heap);
	free(sim->places);
	free(sim->boards);
	free(sim->map);
	sim_graph_free(&sim->graph);
}

static void run(struct sim_state *sim)
{
	put_first(sim);
	while (sim->done_count < sim->graph.task_count && sim->result.text[0] == '\0') {
		struct sim_worker *worker = &sim->workers[sim->heap[0]];

		if (worker->at_ns < sim->now_ns)
			sim_fail(sim, "time goes back");
		if (sim->result.step_count - sim->progress_step > STUCK_STEPS)
			sim_fail(sim, "no task ends");
		sim->now_ns = worker->at_ns;
		act(sim, worker);
		sim_check_step(sim);
		sim->result.step_count++;
	}
	for (uint32_t i = 0; i < sim->map->worker_count; i++)
		publish(sim, &sim->workers[i]);
	if (sim->result.text[0] == '\0')
		sim_check_end(sim);
}

bool sim_run(const struct sim_config *config, struct sim_result *ret_result)
{
	struct sim_state sim = { .config = config };

	if (set_up(&sim))
		run(&sim);
	else
		sim_fail(&sim, "no memory");
	sim.result.makespan_ns = sim.now_ns;
	sim.result.bound_ns = sim.graph.bound_ns;
	sim.result.task_count = sim.graph.task_count;
	*ret_result = sim.result;
	tear_down(&sim);
	return ret_result->text[0] == '\0';
}
