/* SPDX-License-Identifier: MIT */
/*
 * Pictures of a flow while it runs and grows. Tasks are never freed before the flow is, so no read
 * section is needed; what was not released yet is left out. A new run takes all states back: then
 * what was gathered fits nothing, and the caller tries again.
 */
#include "dag/flow_state.h"
#include "dag/gather.h"
#include "os/heap.h"

#include <errno.h>

static bool has_begun(uint32_t word)
{
	enum nw_dag_state state = (enum nw_dag_state)(word & 0xff);

	return state == NW_DAG_RUNNING || state == NW_DAG_COMPLETED || state == NW_DAG_FAILED;
}

/* The names of tasks are set before they are released. */
static void read_task(const void *source, struct nw_dag_info *ret_info)
{
	const struct nw_flow_task *task = source;
	uint32_t word = nwi_flow_state_word(task);
	const struct nwi_flow_extra *extra = nwi_flow_extra(task);

	*ret_info = (struct nw_dag_info){
		.id = { (uintptr_t)task },
		.name = extra && extra->name ? extra->name : "",
		.state = (enum nw_dag_state)(word & 0xff),
		.reason = (enum nw_dag_reason)(word >> 8 & 0xff),
		.attempt = has_begun(word),
		.node_idx = UINT32_MAX,
		.user = task->arg,
	};
}

/* Where a place's tasks begin in positions, which has room for all that were there at first. */
struct rows {
	const struct nw_flow *flow;
	uint32_t *first; /* [worker_count + 2] */
};

static uint32_t position_of(const struct nwi_gather *g, uint64_t id)
{
	const struct rows *rows = g->graph;
	const struct nw_flow_task *task = (const struct nw_flow_task *)(uintptr_t)id;
	uint32_t place, i;

	if (!task)
		return 0;
	place = nwi_flow_state_word(task) >> NWI_FLOW_PLACE_SHIFT;
	i = (uint32_t)(task - rows->flow->places[place].first_task);
	return i < rows->first[place + 1] - rows->first[place]
		       ? g->positions[rows->first[place] + i]
		       : 0;
}

static int make_rows(struct rows *rows, struct nwi_gather *g)
{
	uint32_t place_count = rows->flow->worker_count + 1;

	rows->first = nwi_heap_alloc_array(place_count + 1, sizeof(*rows->first));
	if (!rows->first)
		return -ENOMEM;
	for (uint32_t i = 0; i < place_count; i++)
		rows->first[i + 1] = rows->first[i] + nwi_flow_task_count(&rows->flow->places[i]);
	g->position_count = rows->first[place_count];
	g->positions = nwi_heap_alloc_array(g->position_count + 1, sizeof(*g->positions));
	return g->positions ? 0 : -ENOMEM;
}

static int gather_tasks(struct nwi_gather *g)
{
	const struct rows *rows = g->graph;

	for (uint32_t i = 0; i <= rows->flow->worker_count; i++) {
		for (uint32_t j = rows->first[i]; j < rows->first[i + 1]; j++) {
			const struct nw_flow_task *task = rows->flow->places[i].first_task +
							  (j - rows->first[i]);

			if ((nwi_flow_state_word(task) & NWI_FLOW_DRAFT) != 0)
				continue;
			if (nwi_gather_task(g, task) != 0)
				return -ENOMEM;
			g->positions[j] = (uint32_t)g->task_count;
		}
	}
	return 0;
}

static int gather_edges(struct nwi_gather *g)
{
	for (size_t i = 0; i < g->task_count; i++) {
		const struct nw_flow_task *task = g->sources[i];
		/* [flow_picture.edges] acquire, pairs with [flow_edge.set]: the edges. */
		uint32_t count = atomic_load_explicit(&task->edge_count, memory_order_acquire);

		g->tasks[i].edge_idx = g->edge_count;
		for (uint32_t j = 0; j < count; j++) {
			uint32_t position = position_of(g, (uintptr_t)nwi_flow_successor(task, j));

			if (position > 0 && nwi_gather_edge(g, position - 1) != 0)
				return -ENOMEM;
		}
		g->tasks[i].edge_count = g->edge_count - g->tasks[i].edge_idx;
	}
	return 0;
}

int nw_flow_picture_take(const struct nw_flow *flow, struct nw_dag_picture **ret_picture)
{
	struct rows rows = { .flow = flow };
	struct nwi_gather g = { .read = read_task, .position_of = position_of, .graph = &rows };
	uint64_t version = atomic_load(&flow->version);
	int rc = version % 2 == 0 ? make_rows(&rows, &g) : -EAGAIN;

	if (rc == 0)
		rc = gather_tasks(&g);
	if (rc == 0)
		rc = gather_edges(&g);
	while (rc == 0 && nwi_gather_mend(&g))
		if (atomic_load(&flow->version) != version)
			rc = -EAGAIN;
	if (rc == 0 && atomic_load(&flow->version) != version)
		rc = -EAGAIN;
	rc = nwi_gather_finish(&g, rc, false, ret_picture);
	nwi_heap_free(rows.first);
	return rc;
}
