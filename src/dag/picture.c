/* SPDX-License-Identifier: MIT */
/*
 * What others see of a graph while its driver goes on: counts, and pictures.
 *
 * A picture is gathered inside one RCU section: tasks from the slots, edges by ids that are looked
 * up among the tasks gathered. If the version is even and the same before and after, nothing
 * changed meanwhile, and the picture is of one instant. If that fails a few times it is made a
 * consistent cut: a task that is READY or beyond was made so after the driver had completed all it
 * waits for, and stores of the driver come in order, so reading those again finds them COMPLETED;
 * likewise the cause of a task that was CANCELLED. What is read again has its own predecessors
 * looked at next, until nothing changes; a task is read again at most once.
 *
 * References: the double collect of Y. Afek et al., "Atomic snapshots of shared memory", JACM 1993;
 * cuts: F. Mattern, "Virtual time and global states of distributed systems", 1989.
 */
#include "dag/graph.h"

#include "os/heap.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { INSTANT_TRIES = 3 };

struct picture {
	struct nw_dag_picture shown; /* first */
	struct nw_dag_info *tasks;
	uint32_t *edges;
	char *names;
};

/* A growing picture, and what is needed only while it grows. */
struct gathering {
	struct nw_dag *dag;
	struct nw_dag_info *tasks;
	const struct nwi_dag_task **sources; /* [task_count] lent until the section ends */
	uint32_t *positions;                 /* of each slot, the position in tasks; 0: none */
	uint32_t slot_count;
	uint32_t *edges;
	size_t task_count, task_capacity, edge_count, edge_capacity;
};

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
static void read_task(const struct nwi_dag_task *task, struct nw_dag_info *ret_info)
{
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

/* A larger copy of an array, the old one freed; NULL: no memory, the old one stays. */
static void *enlarge(void *old, size_t count, size_t *capacity, size_t n_bytes)
{
	size_t larger = *capacity > 0 ? 2 * *capacity : 256;
	void *copy = nwi_heap_alloc_array(larger, n_bytes);

	if (!copy)
		return NULL;
	if (count > 0)
		memcpy(copy, old, count * n_bytes);
	nwi_heap_free(old);
	*capacity = larger;
	return copy;
}

static int reserve_task(struct gathering *g)
{
	size_t capacity = g->task_capacity;
	void *larger;

	if (g->task_count < g->task_capacity)
		return 0;
	larger = enlarge((void *)g->sources, g->task_count, &capacity, sizeof(*g->sources));
	if (!larger)
		return -ENOMEM;
	g->sources = larger;
	larger = enlarge(g->tasks, g->task_count, &g->task_capacity, sizeof(*g->tasks));
	if (!larger)
		return -ENOMEM;
	g->tasks = larger;
	return 0;
}

static int add_edge(struct gathering *g, uint32_t position)
{
	if (g->edge_count == g->edge_capacity) {
		void *larger = enlarge(g->edges, g->edge_count, &g->edge_capacity,
				       sizeof(*g->edges));

		if (!larger)
			return -ENOMEM;
		g->edges = larger;
	}
	g->edges[g->edge_count++] = position;
	return 0;
}

static int gather_tasks(struct gathering *g)
{
	struct nwi_slots *slots = nw_rcu_dereference(&g->dag->published);
	uint32_t count = slots ? load32(&g->dag->published_count) : 0;

	g->task_count = 0;
	g->slot_count = slots && slots->capacity < count ? slots->capacity : count;
	nwi_heap_free(g->positions);
	g->positions = nwi_heap_alloc_array(g->slot_count + 1, sizeof(*g->positions));
	if (!g->positions)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->slot_count; i++) {
		const struct nwi_dag_task *task = nw_rcu_dereference(&slots->tasks[i]);

		if (!task)
			continue;
		if (reserve_task(g) != 0)
			return -ENOMEM;
		read_task(task, &g->tasks[g->task_count]);
		g->sources[g->task_count++] = task;
		g->positions[i] = (uint32_t)g->task_count;
	}
	return 0;
}

/* Its position and one more; 0: not in the picture. */
static uint32_t position_of(const struct gathering *g, uint64_t id)
{
	uint32_t slot = nwi_dag_slot_of(id), position;

	if (id == 0 || slot >= g->slot_count)
		return 0;
	position = g->positions[slot];
	return position > 0 && g->tasks[position - 1].id.value == id ? position : 0;
}

static int gather_edges(struct gathering *g)
{
	g->edge_count = 0;
	for (size_t i = 0; i < g->task_count; i++) {
		const struct nwi_edges *edges = nw_rcu_dereference(&g->sources[i]->edges);
		uint32_t count = edges ? load32(&edges->count) : 0;

		g->tasks[i].edge_idx = g->edge_count;
		for (uint32_t j = 0; j < count; j++) {
			uint32_t position = position_of(g, edges->ids[j]);

			if (position > 0 && add_edge(g, position - 1) != 0)
				return -ENOMEM;
		}
		g->tasks[i].edge_count = g->edge_count - g->tasks[i].edge_idx;
	}
	return 0;
}

/* ---- consistency ---- */

/* All it waits for is COMPLETED. A task that ended in an earlier run says nothing. */
static bool has_waited(const struct nw_dag_info *task)
{
	return task->attempt > 0 || task->state == NW_DAG_READY || task->state == NW_DAG_FAILED;
}

static void read_again(struct gathering *g, size_t position)
{
	struct nw_dag_info *task = &g->tasks[position];
	size_t edge_idx = task->edge_idx, edge_count = task->edge_count;

	read_task(g->sources[position], task);
	task->edge_idx = edge_idx;
	task->edge_count = edge_count;
}

/* One task's part of a round; true: something was read again. */
static bool mend_task(struct gathering *g, size_t position)
{
	const struct nw_dag_info *task = &g->tasks[position];
	uint32_t cause = task->reason == NW_DAG_DEPENDENCY ? position_of(g, task->cause.value) : 0;

	if (cause > 0 && g->tasks[cause - 1].state != NW_DAG_FAILED) {
		read_again(g, cause - 1);
		return true;
	}
	if (task->state == NW_DAG_COMPLETED)
		return false;
	for (size_t j = 0; j < task->edge_count; j++) {
		if (!has_waited(&g->tasks[g->edges[task->edge_idx + j]]))
			continue;
		read_again(g, position);
		return true;
	}
	return false;
}

static void make_consistent(struct gathering *g)
{
	bool is_mended;

	do {
		is_mended = false;
		for (size_t i = 0; i < g->task_count; i++)
			is_mended |= mend_task(g, i);
	} while (is_mended);
}

static int gather(struct gathering *g, bool *ret_is_instant)
{
	int rc = 0;

	*ret_is_instant = false;
	for (int i = 0; i < INSTANT_TRIES && !*ret_is_instant && rc == 0; i++) {
		uint64_t version = load64(&g->dag->version);

		rc = gather_tasks(g);
		if (rc == 0)
			rc = gather_edges(g);
		*ret_is_instant = version % 2 == 0 && load64(&g->dag->version) == version;
	}
	if (rc == 0 && !*ret_is_instant)
		make_consistent(g);
	return rc;
}

/* The names are the tasks', lent: copy them before the section ends. */
static int copy_names(struct gathering *g, char **ret_names)
{
	size_t n_bytes = 1;
	char *names, *at;

	for (size_t i = 0; i < g->task_count; i++)
		n_bytes += strlen(g->tasks[i].name) + 1;
	names = at = nwi_heap_alloc(n_bytes);
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < g->task_count; i++) {
		size_t name_bytes = strlen(g->tasks[i].name) + 1;

		memcpy(at, g->tasks[i].name, name_bytes);
		g->tasks[i].name = at;
		at += name_bytes;
	}
	*ret_names = names;
	return 0;
}

int nw_dag_picture_take(struct nw_dag *dag, struct nw_rcu_thread *thread,
			struct nw_dag_picture **ret_picture)
{
	struct picture *picture = nwi_heap_alloc(sizeof(*picture));
	struct gathering g = { .dag = dag };
	int rc;

	if (!picture)
		return -ENOMEM;
	nw_rcu_read_lock(thread);
	rc = gather(&g, &picture->shown.is_instant);
	if (rc == 0)
		rc = copy_names(&g, &picture->names);
	nw_rcu_read_unlock(thread);
	nwi_heap_free((void *)g.sources);
	nwi_heap_free(g.positions);
	picture->shown.tasks = picture->tasks = g.tasks;
	picture->shown.edges = picture->edges = g.edges;
	picture->shown.task_count = g.task_count;
	picture->shown.edge_count = g.edge_count;
	if (rc != 0)
		nw_dag_picture_destroy(&picture->shown);
	else
		*ret_picture = &picture->shown;
	return rc;
}

void nw_dag_picture_destroy(struct nw_dag_picture *shown)
{
	struct picture *picture = (struct picture *)shown;

	if (!picture)
		return;
	nwi_heap_free(picture->tasks);
	nwi_heap_free(picture->edges);
	nwi_heap_free(picture->names);
	nwi_heap_free(picture);
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
