/* SPDX-License-Identifier: MIT */
/*
 * Why a flow cannot go on: a cycle among the tasks that have not ended, or one that nobody
 * released.
 *
 * The search uses the tasks themselves, which no helper looks at any more: `waiting` is the next
 * edge to follow, with a bit for the path and one for what was seen; `next` leads back.
 */
#include "dag/flow.h"

#include "base/diag.h"

#include <stdio.h>
#include <string.h>

#define ON_PATH (UINT32_C(1) << 30)
#define SEEN    (UINT32_C(1) << 29)
#define CURSOR  (SEEN - 1)

static uint32_t get(const struct nw_flow_task *task)
{
	/* relaxed: no other thread runs; the join of the helpers orders it. */
	return atomic_load_explicit(&task->waiting, memory_order_relaxed);
}

static void set(struct nw_flow_task *task, uint32_t value)
{
	/* relaxed: no other thread runs; the join of the helpers orders it. */
	atomic_store_explicit(&task->waiting, value, memory_order_relaxed);
}

static bool is_stuck(const struct nw_flow_task *task)
{
	return nw_flow_state(task, NULL) < NW_DAG_COMPLETED;
}

static uint32_t edge_count_of(const struct nw_flow_task *task)
{
	/* relaxed: no other thread runs; the join of the helpers orders it. */
	return atomic_load_explicit(&task->edge_count, memory_order_relaxed);
}

static void append(struct nw_diag *diag, const struct nw_flow_task *task)
{
	size_t used = strlen(diag->text);
	const char *name = nwi_flow_extra(task) && nwi_flow_extra(task)->name
				   ? nwi_flow_extra(task)->name
				   : "?";

	if (used + strlen(name) + 10 < sizeof(diag->text))
		(void)snprintf(diag->text + used, sizeof(diag->text) - used, "%.100s -> ", name);
}

/* From the task found again back to itself, by `next`: turned round, then told. */
static void tell(struct nw_diag *diag, struct nw_flow_task *first, struct nw_flow_task *last)
{
	struct nw_flow_task *turned = NULL, *task = last;
	size_t used;

	if (!diag)
		return;
	while (task != first) {
		struct nw_flow_task *before = task->next;

		task->next = turned;
		turned = task;
		task = before;
	}
	(void)snprintf(diag->text, sizeof(diag->text), "cycle: ");
	append(diag, first);
	for (task = turned; task; task = task->next)
		append(diag, task);
	append(diag, first);
	used = strlen(diag->text);
	diag->text[used - strlen(" -> ")] = '\0';
}

/* One edge on, or back. *at: the end of the path, NULL at last. True: a cycle was met, and told. */
static bool step(struct nw_flow_task **at, struct nw_diag *reterr_diag)
{
	struct nw_flow_task *task = *at, *next;
	uint32_t cursor = get(task) & CURSOR;

	if (cursor == edge_count_of(task)) {
		set(task, SEEN);
		*at = task->next;
		return false;
	}
	set(task, ON_PATH | (cursor + 1));
	next = nwi_flow_successor(task, cursor);
	if (!is_stuck(next) || (get(next) & SEEN) != 0)
		return false;
	if ((get(next) & ON_PATH) != 0) {
		tell(reterr_diag, next, task);
		return true;
	}
	next->next = task;
	set(next, ON_PATH);
	*at = next;
	return false;
}

static bool search(struct nw_flow_task *root, struct nw_diag *reterr_diag)
{
	struct nw_flow_task *at = root;
	bool is_found = false;

	root->next = NULL;
	set(root, ON_PATH);
	while (at && !is_found)
		is_found = step(&at, reterr_diag);
	return is_found;
}

void nwi_flow_explain(struct nw_flow *flow, struct nw_diag *reterr_diag)
{
	for (uint32_t i = 0; i <= flow->worker_count; i++)
		for (uint32_t j = 0; j < nwi_flow_task_count(&flow->places[i]); j++)
			set(flow->places[i].first_task + j, 0);
	for (uint32_t i = 0; i <= flow->worker_count; i++) {
		for (uint32_t j = 0; j < nwi_flow_task_count(&flow->places[i]); j++) {
			struct nw_flow_task *task = flow->places[i].first_task + j;

			if (is_stuck(task) && (get(task) & SEEN) == 0 && search(task, reterr_diag))
				return;
		}
	}
	nwi_diag_set(reterr_diag, "a task waits for one that was added and never released");
}
