/* SPDX-License-Identifier: MIT */
/* Our flows as a subject: one that is cleared and built anew, as a program would. */
#include "subject.h"

#include <nw/flow.h>
#include <stdlib.h>

struct pool {
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_flow *spare; /* cleared; NULL: none */
};

struct item {
	const struct dag_graph *graph;
	uint32_t i;
};

struct built {
	struct pool *pool;
	struct nw_flow *flow;
	struct nw_flow_task **tasks;
	struct item *items;
};

static int work(struct nw_flow_at *at, void *arg)
{
	const struct item *item = arg;

	(void)at;
	dag_work(item->graph, item->i);
	return 0;
}

static void *start(uint32_t workers)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	struct nw_crew_options crew = { .worker_count = workers };

	if (!pool || nw_topo_open(&pool->topo, &(struct nw_topo_options){ 0 }, NULL) < 0)
		abort();
	crew.topo = pool->topo;
	if (nw_sched_start(&pool->sched, &crew, NULL, NULL) == 0)
		return pool;
	nw_topo_close(pool->topo);
	free(pool);
	return NULL;
}

static void stop(void *arg)
{
	struct pool *pool = arg;

	nw_flow_destroy(pool->spare);
	nw_sched_destroy(pool->sched);
	nw_topo_close(pool->topo);
	free(pool);
}

static void *build(void *arg, const struct dag_graph *graph)
{
	struct pool *pool = arg;
	struct built *built = malloc(sizeof(*built));

	if (!built || (!pool->spare && nw_flow_create(&pool->spare, pool->sched, NULL, NULL) != 0))
		abort();
	built->pool = pool;
	built->flow = pool->spare;
	pool->spare = NULL;
	built->tasks = malloc(graph->count * sizeof(built->tasks[0]));
	built->items = malloc(graph->count * sizeof(built->items[0]));
	if (!built->tasks || !built->items)
		abort();
	for (uint32_t i = 0; i < graph->count; i++) {
		built->items[i] = (struct item){ graph, i };
		built->tasks[i] = nw_flow_add(built->flow, work, &built->items[i]);
		if (!built->tasks[i])
			abort();
		for (uint32_t j = graph->first[i]; j < graph->first[i + 1]; j++)
			if (nw_flow_link(built->flow, built->tasks[graph->before[j]],
					 built->tasks[i]) != 0)
				abort();
	}
	return built;
}

static bool run(void *arg)
{
	struct built *built = arg;

	return nw_flow_run(built->flow, NULL) == 0;
}

static void destroy(void *arg)
{
	struct built *built = arg;

	nw_flow_destroy(built->pool->spare);
	nw_flow_clear(built->flow);
	built->pool->spare = built->flow;
	free(built->tasks);
	free(built->items);
	free(built);
}

const struct dag_subject dag_ours = { "nodewise", true, start, stop, build, run, destroy };
