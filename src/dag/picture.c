/* SPDX-License-Identifier: MIT */
/*
 * What others see of a graph while its driver goes on: counts, and pictures.
 *
 * A picture is gathered inside one RCU section: tasks from the slots, edges by ids that are looked
 * up among the tasks gathered. If the version is even and the same before and after, nothing
 * changed meanwhile, and the picture is of one instant. If that fails a few times it is made a
 * consistent cut: see gather.h.
 */
#include "dag/gather.h"
#include "dag/graph.h"

#include "os/heap.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { INSTANT_TRIES = 3 };

static uint32_t load32(const _Atomic uint32_t *field)
{
	/* [picture32.field] acquire, pairs with [dag_set32.field]: what the driver did before. */
	return atomic_load_explicit(field, memory_order_acquire);
}

static uint64_t load64(const _Atomic uint64_t *field)
{
	/* [picture64.field] acquire, pairs with [dag_set64.field]: what the driver did before. */
	return atomic_load_explicit(field, memory_order_acquire);
}

/* The state first: what it implies was stored before it. */
static void read_task(const void *source, struct nw_dag_info *ret_info)
{
	const struct nwi_dag_task *task = source;
	uint32_t word = load32(&task->state);

	*ret_info = (struct nw_dag_info){
		.id = { task->id },
		.name = task->name,
		.state = (enum nw_dag_state)(word & 0xff),
		.reason = (enum nw_dag_reason)(word >> 8),
		.cause = { load64(&task->cause) },
		.attempt = load32(&task->attempt),
		.node_idx = load32(&task->node_idx),
		.priority = task->ticket.item.priority,
		.path_ns = load64(&task->path_ns),
		.ready_ns = load64(&task->ready_ns),
		.start_ns = load64(&task->start_ns),
		.end_ns = load64(&task->end_ns),
		.user = task->user,
	};
}

int nw_dag_info(const struct nw_dag *dag, nw_dag_id id, struct nw_dag_info *ret_info)
{
	const struct nwi_dag_task *task = nwi_dag_task_of(dag, id.value);

	if (!task)
		return -ESTALE;
	read_task(task, ret_info);
	return 0;
}

void nw_dag_counts(const struct nw_dag *dag, struct nw_dag_counts *ret_counts)
{
	*ret_counts = (struct nw_dag_counts){
		.started_count = load64(&dag->started_count),
		.retry_count = load64(&dag->retry_count),
		.timeout_count = load64(&dag->timeout_count),
	};
	for (int i = 0; i < NW_DAG_STATE_COUNT; i++) {
		ret_counts->state_count[i] = load64(&dag->state_count[i]);
		ret_counts->task_count += ret_counts->state_count[i];
	}
}

void nw_dag_used(const struct nw_dag *dag, uint32_t node_idx, struct nw_resource *ret_used,
		 struct nw_resource *ret_most)
{
	const struct nwi_ledger *ledger = node_idx < dag->admit.node_count
						  ? &dag->admit.nodes[node_idx]
						  : &dag->admit.machine;

	if (ret_used) {
		*ret_used = ledger->capacity;
		nw_resource_sub_capped(ret_used, &ledger->free);
	}
	if (ret_most) {
		*ret_most = ledger->capacity;
		nw_resource_sub_capped(ret_most, &ledger->least);
	}
}

/* ---- gathering ---- */

static int gather_tasks(struct nwi_gather *g)
{
	const struct nw_dag *dag = g->graph;
	struct nwi_slots *slots = nw_rcu_dereference(&dag->published);
	uint32_t count = slots ? load32(&dag->published_count) : 0;

	g->task_count = 0;
	g->position_count = slots && slots->capacity < count ? slots->capacity : count;
	nwi_heap_free(g->positions);
	g->positions = nwi_heap_alloc_array(g->position_count + 1, sizeof(*g->positions));
	if (!g->positions)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->position_count; i++) {
		const struct nwi_dag_task *task = nw_rcu_dereference(&slots->tasks[i]);

		if (!task)
			continue;
		if (nwi_gather_task(g, task) != 0)
			return -ENOMEM;
		g->positions[i] = (uint32_t)g->task_count;
	}
	return 0;
}

/* Its position and one more; 0: not in the picture. */
static uint32_t position_of(const struct nwi_gather *g, uint64_t id)
{
	uint32_t slot = nwi_dag_slot_of(id), position;

	if (id == 0 || slot >= g->position_count)
		return 0;
	position = g->positions[slot];
	return position > 0 && g->tasks[position - 1].id.value == id ? position : 0;
}

static int gather_edges(struct nwi_gather *g)
{
	g->edge_count = 0;
	for (size_t i = 0; i < g->task_count; i++) {
		const struct nwi_dag_task *task = g->sources[i];
		const struct nwi_edges *edges = nw_rcu_dereference(&task->edges);
		uint32_t count = edges ? load32(&edges->count) : 0;

		g->tasks[i].edge_idx = g->edge_count;
		for (uint32_t j = 0; j < count; j++) {
			uint32_t position = position_of(g, edges->ids[j]);

			if (position > 0 && nwi_gather_edge(g, position - 1) != 0)
				return -ENOMEM;
		}
		g->tasks[i].edge_count = g->edge_count - g->tasks[i].edge_idx;
	}
	return 0;
}

static int gather(struct nwi_gather *g, bool *ret_is_instant)
{
	const struct nw_dag *dag = g->graph;
	int rc = 0;

	*ret_is_instant = false;
	for (int i = 0; i < INSTANT_TRIES && !*ret_is_instant && rc == 0; i++) {
		uint64_t version = load64(&dag->version);

		rc = gather_tasks(g);
		if (rc == 0)
			rc = gather_edges(g);
		*ret_is_instant = version % 2 == 0 && load64(&dag->version) == version;
	}
	while (rc == 0 && !*ret_is_instant && nwi_gather_mend(g))
		;
	return rc;
}

int nw_dag_picture_take(struct nw_dag *dag, struct nw_rcu_thread *thread,
			struct nw_dag_picture **ret_picture)
{
	struct nwi_gather g = { .read = read_task, .position_of = position_of, .graph = dag };
	bool is_instant;
	int rc;

	nw_rcu_read_lock(thread);
	rc = gather(&g, &is_instant);
	rc = nwi_gather_finish(&g, rc, is_instant, ret_picture); /* names are the tasks', lent */
	nw_rcu_read_unlock(thread);
	return rc;
}

/* ---- names ---- */

const char *nw_dag_state_name(enum nw_dag_state state)
{
	static const char *const names[NW_DAG_STATE_COUNT] = {
		[NW_DAG_PENDING] = "pending", [NW_DAG_READY] = "ready",
		[NW_DAG_RUNNING] = "running", [NW_DAG_COMPLETED] = "completed",
		[NW_DAG_FAILED] = "failed",   [NW_DAG_CANCELLED] = "cancelled",
	};

	return (uint32_t)state < NW_DAG_STATE_COUNT ? names[state] : "?";
}

const char *nw_dag_reason_name(enum nw_dag_reason reason)
{
	static const char *const names[NW_DAG_REASON_COUNT] = {
		[NW_DAG_NO_REASON] = "",
		[NW_DAG_RESULT] = "result",
		[NW_DAG_TIMEOUT] = "timeout",
		[NW_DAG_RIGHT] = "right",
		[NW_DAG_DEPENDENCY] = "dependency",
		[NW_DAG_WISH] = "wish",
	};

	return (uint32_t)reason < NW_DAG_REASON_COUNT ? names[reason] : "?";
}

bool nw_dag_order_by_name(const char *name, enum nw_dag_order *ret_order)
{
	static const char *const names[NW_DAG_ORDER_COUNT] = {
		[NW_DAG_ORDER_PRIORITY] = "priority", [NW_DAG_ORDER_FIFO] = "fifo",
		[NW_DAG_ORDER_LOTTERY] = "lottery",   [NW_DAG_ORDER_BEATTY] = "beatty",
		[NW_DAG_ORDER_STURMIAN] = "sturmian",
	};

	for (int i = 0; i < NW_DAG_ORDER_COUNT; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*ret_order = (enum nw_dag_order)i;
		return true;
	}
	return false;
}
