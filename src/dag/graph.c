/* SPDX-License-Identifier: MIT */
/*
 * The graph as a structure: where it begins and ends, slots of tasks, room for edges. How it grows
 * is batch.c's, what becomes of tasks step.c's. Invariant: see graph.h.
 */
#include "dag/graph.h"

#include "base/diag.h"
#include "dag/options.h"
#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- create, destroy ---- */

static int init_rcu(struct nw_dag *dag, struct nw_rcu *borrowed, struct nw_diag *reterr_diag)
{
	struct nw_rcu_stats stats;
	int rc = 0;

	dag->rcu = borrowed;
	if (!borrowed) {
		rc = nw_rcu_create(&dag->rcu, NW_NODE_ANY, NULL);
		dag->owns_rcu = rc == 0;
	} else {
		nw_rcu_stats(borrowed, &stats);
		if (stats.flavour != NW_RCU_GENERAL) {
			nwi_diag_set(reterr_diag, "the RCU domain of a graph must be general: its "
						  "driver announces nothing");
			return -EINVAL;
		}
	}
	return rc == 0 ? nw_rcu_register(&dag->self, dag->rcu, "dag") : rc;
}

int nw_dag_create(struct nw_dag **ret_dag, const struct nw_dag_options *options,
		  struct nw_diag *reterr_diag)
{
	struct nw_dag *dag;
	int rc = nwi_options_check(options, reterr_diag);

	if (rc != 0)
		return rc;
	dag = nwi_heap_alloc(sizeof(*dag));
	if (!dag)
		goto no_memory;
	dag->free_slot = UINT32_MAX;
	dag->caps = options->caps;
	rc = nwi_options_admit(&dag->admit, options);
	if (rc != 0)
		goto no_admit;
	rc = init_rcu(dag, options->rcu, reterr_diag);
	if (rc == -EINVAL)
		goto no_rcu;
	if (rc != 0) {
		nwi_diag_set(reterr_diag, "no RCU domain for the graph: %s", strerror(-rc));
		goto no_rcu;
	}
	*ret_dag = dag;
	return 0;
no_rcu:
	if (dag->owns_rcu)
		nw_rcu_destroy(dag->rcu);
	nwi_admit_fini(&dag->admit);
no_admit:
	nwi_heap_free(dag);
	if (rc == -EINVAL)
		return rc;
no_memory:
	if (!dag || rc == -ENOMEM)
		nwi_diag_set(reterr_diag, "no memory for a graph");
	return rc != 0 ? rc : -ENOMEM;
}

void nwi_dag_forget_deps(struct nwi_dag_task *task)
{
	for (uint32_t i = 0; i < task->dep_count; i++)
		nwi_heap_free(task->deps[i]);
	nwi_heap_free(task->deps);
	task->deps = NULL;
	task->dep_count = 0;
}

void nwi_dag_task_free(struct nwi_dag_task *task)
{
	nwi_dag_forget_deps(task);
	nwi_heap_free(task->preds);
	nwi_heap_free(nwi_dag_own_edges(task));
	nwi_heap_free(task);
}

static void free_retired_task(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	(void)arg;
	nwi_dag_task_free(ptr);
}

static void free_retired(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	(void)arg;
	nwi_heap_free(ptr);
}

void nwi_dag_task_retire(struct nw_dag *dag, struct nwi_dag_task *task)
{
	nw_rcu_call(dag->self, &task->rcu, task, free_retired_task, NULL);
}

static struct nwi_dag_task *task_of_ticket(struct nwi_ticket *ticket)
{
	return (struct nwi_dag_task *)((char *)ticket - offsetof(struct nwi_dag_task, ticket));
}

void nw_dag_destroy(struct nw_dag *dag)
{
	struct nwi_ticket *ticket;

	if (!dag)
		return;
	while ((ticket = nwi_admit_drain(&dag->admit)) != NULL)
		if (task_of_ticket(ticket)->is_forgotten)
			nwi_dag_task_free(task_of_ticket(ticket));
	for (uint32_t i = 0; i < dag->slot_count; i++) {
		struct nwi_dag_task *task = dag->slots[i].task;

		if (!task)
			continue;
		if (task->held)
			nw_caps_drop(dag->caps, task->held);
		nwi_dag_task_free(task);
	}
	nw_rcu_unregister(dag->self);
	if (dag->owns_rcu)
		nw_rcu_destroy(dag->rcu);
	/* relaxed: sole owner, nobody else is left. */
	nwi_heap_free(atomic_load_explicit(&dag->published, memory_order_relaxed));
	nwi_heap_free(dag->slots);
	nwi_heap_free(dag->links);
	nwi_names_fini(&dag->names);
	nwi_timers_fini(&dag->timers);
	nwi_admit_fini(&dag->admit);
	nwi_heap_free(dag);
}

/* ---- slots and room ---- */

struct nwi_dag_task *nwi_dag_task_of(const struct nw_dag *dag, uint64_t id)
{
	uint32_t slot = nwi_dag_slot_of(id);
	struct nwi_dag_task *task;

	if (id == 0 || slot >= dag->slot_count)
		return NULL;
	task = dag->slots[slot].task;
	return task && task->id == id ? task : NULL;
}

void nwi_dag_change_begin(struct nw_dag *dag)
{
	uint64_t version = nwi_dag_own64(&dag->version);

	assert(version % 2 == 0);
	nwi_dag_set64(&dag->version, version + 1);
}

void nwi_dag_change_end(struct nw_dag *dag)
{
	uint64_t version = nwi_dag_own64(&dag->version);

	assert(version % 2 == 1);
	nwi_dag_set64(&dag->version, version + 1);
}

uint32_t nwi_dag_take_slot(struct nw_dag *dag)
{
	uint32_t slot = dag->free_slot;

	if (slot != UINT32_MAX) {
		dag->free_slot = dag->slots[slot].next_free;
		return slot;
	}
	if (dag->slot_count == dag->slot_capacity) {
		uint32_t capacity = dag->slot_capacity > 0 ? 2 * dag->slot_capacity : 64;
		struct nwi_slot *slots = nwi_heap_alloc_array(capacity, sizeof(*slots));

		if (!slots)
			return UINT32_MAX;
		if (dag->slot_count > 0)
			memcpy(slots, dag->slots, dag->slot_count * sizeof(*slots));
		nwi_heap_free(dag->slots);
		dag->slots = slots;
		dag->slot_capacity = capacity;
	}
	return dag->slot_count++;
}

void nwi_dag_free_slot(struct nw_dag *dag, uint32_t slot)
{
	dag->slots[slot].task = NULL;
	dag->slots[slot].generation++;
	dag->slots[slot].next_free = dag->free_slot;
	dag->free_slot = slot;
}

static void copy_slot(struct nwi_slots *to, const struct nwi_slots *from, uint32_t i)
{
	/* relaxed: sole writer. */
	struct nwi_dag_task *task = atomic_load_explicit(&from->tasks[i], memory_order_relaxed);

	/* relaxed: not yet published. */
	atomic_store_explicit(&to->tasks[i], task, memory_order_relaxed);
}

int nwi_dag_reserve_slots(struct nw_dag *dag)
{
	/* relaxed: sole writer. */
	struct nwi_slots *old = atomic_load_explicit(&dag->published, memory_order_relaxed);
	struct nwi_slots *slots;

	if (old && old->capacity >= dag->slot_count)
		return 0;
	slots = nwi_heap_alloc(sizeof(*slots) + dag->slot_capacity * sizeof(slots->tasks[0]));
	if (!slots)
		return -ENOMEM;
	slots->capacity = dag->slot_capacity;
	for (uint32_t i = 0; old && i < old->capacity; i++)
		copy_slot(slots, old, i);
	nw_rcu_assign_pointer(&dag->published, slots);
	if (old)
		nw_rcu_call(dag->self, &old->rcu, old, free_retired, NULL);
	return 0;
}

int nwi_dag_reserve_edges(struct nw_dag *dag, struct nwi_dag_task *task, uint32_t more)
{
	struct nwi_edges *old = nwi_dag_own_edges(task), *edges;
	uint32_t count = old ? old->draft_count : 0, capacity = old ? old->capacity : 2;

	if (old && old->capacity - count >= more)
		return 0;
	while (capacity - count < more)
		capacity *= 2;
	edges = nwi_heap_alloc(sizeof(*edges) + capacity * sizeof(edges->ids[0]));
	if (!edges)
		return -ENOMEM;
	edges->capacity = capacity;
	edges->draft_count = count;
	if (old) {
		memcpy(edges->ids, old->ids, count * sizeof(edges->ids[0]));
		/* relaxed: not yet published. */
		atomic_store_explicit(&edges->count, nwi_dag_own32(&old->count),
				      memory_order_relaxed);
	}
	nw_rcu_assign_pointer(&task->edges, edges);
	if (old)
		nw_rcu_call(dag->self, &old->rcu, old, free_retired, NULL);
	return 0;
}

int nwi_dag_reserve_preds(struct nwi_dag_task *task, uint32_t more)
{
	uint32_t capacity = task->pred_capacity > 0 ? task->pred_capacity : 2;
	uint64_t *preds;

	if (task->pred_capacity - task->pred_draft_count >= more)
		return 0;
	while (capacity - task->pred_draft_count < more)
		capacity *= 2;
	preds = nwi_heap_alloc_array(capacity, sizeof(*preds));
	if (!preds)
		return -ENOMEM;
	if (task->pred_draft_count > 0)
		memcpy(preds, task->preds, task->pred_draft_count * sizeof(*preds));
	nwi_heap_free(task->preds);
	task->preds = preds;
	task->pred_capacity = capacity;
	return 0;
}
