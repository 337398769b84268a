/* SPDX-License-Identifier: MIT */
/*
 * The four kinds of work. Invariant: an edge goes from a lower to a higher task, but in the tree,
 * where joins come after what they wait for; no cycle, so every task becomes ready.
 */
#include "work.h"

#include <stdlib.h>

const char *sim_work_name(enum sim_work work)
{
	static const char *const names[SIM_WORK_COUNT] = { "tree", "flat", "skewed", "dag" };

	return names[work];
}

static bool grow(uint32_t **array, uint32_t *room)
{
	uint32_t more = *room ? *room * 2 : 256;
	uint32_t *grown = realloc(*array, more * sizeof(**array));

	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

/* UINT32_MAX: no memory. */
static uint32_t add_task(struct sim_graph *graph, uint32_t ns, uint32_t bytes, uint32_t home)
{
	if (graph->task_count == graph->task_room) {
		uint32_t more = graph->task_room ? graph->task_room * 2 : 256;
		struct sim_task *grown = realloc(graph->tasks, more * sizeof(*grown));

		if (!grown)
			return UINT32_MAX;
		graph->tasks = grown;
		graph->task_room = more;
	}
	graph->tasks[graph->task_count] = (struct sim_task){
		.ns = ns, .bytes = bytes, .home = home, .names_home = home != SIM_HOME_SPAWNER
	};
	return graph->task_count++;
}

static bool add_edge(struct sim_graph *graph, uint32_t from, uint32_t to)
{
	size_t at = (size_t)graph->edge_count * 2;

	if (at + 2 > graph->edge_room && !grow(&graph->edges, &graph->edge_room))
		return false;
	graph->edges[at] = from;
	graph->edges[at + 1] = to;
	graph->edge_count++;
	graph->tasks[to].waits_for++;
	return true;
}

static uint32_t between(struct nwi_prng *prng, uint32_t low, uint32_t high)
{
	return low + nwi_prng_below(prng, high - low + 1);
}

/* A node that has workers. */
static uint32_t any_node(const struct sim_machine *machine, struct nwi_prng *prng)
{
	uint32_t node;

	do {
		node = nwi_prng_below(prng, machine->node_count);
	} while (machine->workers[node] == 0);
	return node;
}

enum { TREE_BYTES = 256, FORK_NS = 40, JOIN_NS = 40 };

/* The tree of fib(n) below a fork; *ret_end is the task whose end is the subtree's. */
static bool add_fib(struct sim_graph *graph, struct nwi_prng *prng, uint32_t n, uint32_t *ret_begin,
		    uint32_t *ret_end)
{
	uint32_t ns = n < 2 ? between(prng, 1000, 5000) : FORK_NS;
	uint32_t fork = add_task(graph, ns, TREE_BYTES, SIM_HOME_SPAWNER), join, begin, end;

	if (fork == UINT32_MAX)
		return false;
	*ret_begin = *ret_end = fork;
	if (n < 2)
		return true;
	join = add_task(graph, JOIN_NS, TREE_BYTES, SIM_HOME_SPAWNER);
	if (join == UINT32_MAX)
		return false;
	*ret_end = join;
	for (uint32_t child = 1; child <= 2; child++) {
		if (!add_fib(graph, prng, n - child, &begin, &end) ||
		    !add_edge(graph, fork, begin) || !add_edge(graph, end, join))
			return false;
	}
	return true;
}

static bool make_tree(struct sim_graph *graph, struct nwi_prng *prng, uint32_t task_count)
{
	uint64_t count = 1, before = 1, n = 1;
	uint32_t begin, end;

	for (; n < 30 && count < task_count; n++) {
		uint64_t next = count + before + 2;

		before = count;
		count = next;
	}
	return add_fib(graph, prng, (uint32_t)n, &begin, &end);
}

static bool make_flat(struct sim_graph *graph, struct nwi_prng *prng, uint32_t task_count)
{
	uint32_t root = add_task(graph, 1000, 0, SIM_HOME_SPAWNER);

	if (root == UINT32_MAX)
		return false;
	for (uint32_t i = 1; i < task_count; i++) {
		uint32_t task = add_task(graph, between(prng, 1000, 10000), 0, SIM_HOME_SPAWNER);

		if (task == UINT32_MAX || !add_edge(graph, root, task))
			return false;
	}
	return true;
}

static bool make_skewed(struct sim_graph *graph, const struct sim_machine *machine,
			struct nwi_prng *prng, uint32_t task_count)
{
	uint32_t crowded = 0;

	while (machine->workers[crowded] == 0)
		crowded++;
	for (uint32_t i = 0; i < task_count; i++) {
		uint32_t home = nwi_prng_below(prng, 10) < 7 ? crowded : any_node(machine, prng);

		if (add_task(graph, between(prng, 1000, 10000), 1024u << nwi_prng_below(prng, 7),
			     home) == UINT32_MAX)
			return false;
	}
	return true;
}

enum { DAG_REACH = 128, DAG_WAITS_MAX = 3 };

static bool make_dag(struct sim_graph *graph, const struct sim_machine *machine,
		     struct nwi_prng *prng, uint32_t task_count)
{
	for (uint32_t i = 0; i < task_count; i++) {
		uint32_t reach = i < DAG_REACH ? i : DAG_REACH;
		uint32_t waits = reach ? nwi_prng_below(prng, DAG_WAITS_MAX + 1) : 0;

		if (add_task(graph, between(prng, 1000, 20000), 1024u << nwi_prng_below(prng, 5),
			     any_node(machine, prng)) == UINT32_MAX)
			return false;
		for (uint32_t j = 0; j < waits; j++)
			if (!add_edge(graph, i - 1 - nwi_prng_below(prng, reach), i))
				return false;
	}
	return true;
}

/* Edges by their first task: a counting sort. */
static bool sort_edges(struct sim_graph *graph)
{
	uint32_t at = 0;

	graph->successors = malloc((graph->edge_count + 1) * sizeof(*graph->successors));
	if (!graph->successors)
		return false;
	for (uint32_t i = 0; i < graph->edge_count; i++)
		graph->tasks[graph->edges[(size_t)2 * i]].successors_end++;
	for (uint32_t i = 0; i < graph->task_count; i++) {
		uint32_t count = graph->tasks[i].successors_end;

		graph->tasks[i].successors_from = graph->tasks[i].successors_end = at;
		at += count;
	}
	for (uint32_t i = 0; i < graph->edge_count; i++) {
		struct sim_task *from = &graph->tasks[graph->edges[(size_t)2 * i]];

		graph->successors[from->successors_end++] = graph->edges[(size_t)2 * i + 1];
	}
	return true;
}

/* The longest path, by taking tasks in the order in which they become ready. */
static bool find_longest(struct sim_graph *graph, uint64_t *ret_ns)
{
	uint64_t *ends = calloc(graph->task_count, sizeof(*ends)), longest = 0;
	uint32_t *queue = malloc(graph->task_count * sizeof(*queue)), count = 0;
	uint32_t *waits = malloc(graph->task_count * sizeof(*waits));
	bool is_good = ends && queue && waits;

	for (uint32_t i = 0; is_good && i < graph->task_count; i++) {
		waits[i] = graph->tasks[i].waits_for;
		if (waits[i] == 0)
			queue[count++] = i;
	}
	for (uint32_t i = 0; is_good && i < count; i++) {
		const struct sim_task *task = &graph->tasks[queue[i]];
		uint64_t end = ends[queue[i]] += task->ns;

		longest = end > longest ? end : longest;
		for (uint32_t j = task->successors_from; j < task->successors_end; j++) {
			uint32_t next = graph->successors[j];

			ends[next] = end > ends[next] ? end : ends[next];
			if (--waits[next] == 0)
				queue[count++] = next;
		}
	}
	free(ends);
	free(queue);
	free(waits);
	*ret_ns = longest;
	return is_good;
}

static bool measure(struct sim_graph *graph, uint32_t worker_count)
{
	uint64_t sum = 0, longest;

	for (uint32_t i = 0; i < graph->task_count; i++)
		sum += graph->tasks[i].ns;
	if (!find_longest(graph, &longest))
		return false;
	graph->mean_ns = sum / graph->task_count;
	graph->bound_ns = (sum + worker_count - 1) / worker_count;
	if (graph->bound_ns < longest)
		graph->bound_ns = longest;
	return true;
}

bool sim_graph_make(struct sim_graph *graph, const struct sim_config *config)
{
	struct nwi_prng prng;
	bool is_good;

	*graph = (struct sim_graph){ 0 };
	nwi_prng_init(&prng, config->seed);
	if (config->work == SIM_TREE)
		is_good = make_tree(graph, &prng, config->task_count);
	else if (config->work == SIM_FLAT)
		is_good = make_flat(graph, &prng, config->task_count);
	else if (config->work == SIM_SKEWED)
		is_good = make_skewed(graph, &config->machine, &prng, config->task_count);
	else
		is_good = make_dag(graph, &config->machine, &prng, config->task_count);
	is_good = is_good && sort_edges(graph) && measure(graph, config->machine.worker_count);
	if (!is_good)
		sim_graph_free(graph);
	return is_good;
}

void sim_graph_free(struct sim_graph *graph)
{
	free(graph->tasks);
	free(graph->successors);
	free(graph->edges);
	*graph = (struct sim_graph){ 0 };
}
