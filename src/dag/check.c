/* SPDX-License-Identifier: MIT */
/*
 * Cycles, and the longest way to the end: one depth-first search along successors, without
 * recursion. The path of the search lies in the tasks (`parent`), and so do its colours: mark is
 * 2 * epoch where a task is on the path, 2 * epoch + 1 where all behind it was seen.
 *
 * A cycle that a batch closes has one of its links; so it is met from that link's end. When a task
 * is left, all its successors were left before, so its longest way is known.
 */
#include "dag/graph.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct search {
	struct nw_dag *dag;
	struct nwi_dag_task *finished;
	struct nw_diag *diag;
};

static struct nwi_dag_task *successor(const struct nw_dag *dag, const struct nwi_dag_task *task,
				      uint32_t i)
{
	return nwi_dag_task_of(dag, nwi_dag_own_edges(task)->ids[i]);
}

static uint32_t successor_count(const struct nwi_dag_task *task)
{
	const struct nwi_edges *edges = nwi_dag_own_edges(task);

	return edges ? edges->draft_count : 0;
}

/* Appends a name, but leaves room for the end; false: it did not fit. */
static bool append(struct nw_diag *diag, const char *name, size_t room)
{
	size_t used = strlen(diag->text), n_bytes = strlen(name) + 4;

	if (used + n_bytes + room >= sizeof(diag->text))
		return false;
	(void)snprintf(diag->text + used, sizeof(diag->text) - used, "%.255s -> ", name);
	return true;
}

/* The path from `first` to `last` goes by parent backwards; turn it round, by work_next. */
static void turn_path(struct nwi_dag_task *first, struct nwi_dag_task *last)
{
	last->work_next = NULL;
	for (struct nwi_dag_task *task = last; task != first; task = task->parent)
		task->parent->work_next = task;
}

static void append_end(struct nw_diag *diag, const char *name)
{
	size_t used = strlen(diag->text);

	(void)snprintf(diag->text + used, sizeof(diag->text) - used, "%.60s", name);
}

/* "cycle: a -> b -> c -> a", each waited for by the next; "..." for what does not fit. */
static void explain(struct nw_diag *diag, struct nwi_dag_task *first, struct nwi_dag_task *last)
{
	enum { END_ROOM = 70 };
	bool is_cut = false;

	if (!diag)
		return;
	turn_path(first, last);
	(void)snprintf(diag->text, sizeof(diag->text), "cycle: ");
	for (struct nwi_dag_task *task = first; task && !is_cut; task = task->work_next)
		is_cut = !append(diag, task->name, END_ROOM);
	if (is_cut)
		(void)append(diag, "...", 0);
	append_end(diag, first->name);
}

static void enter(struct search *search, struct nwi_dag_task *task, struct nwi_dag_task *parent)
{
	task->mark = 2 * search->dag->epoch;
	task->parent = parent;
	task->edge_idx = 0;
	task->new_path_ns = 0;
}

/* Returns the task to go on with. */
static struct nwi_dag_task *leave(struct search *search, struct nwi_dag_task *task)
{
	struct nwi_dag_task *parent = task->parent;

	task->mark = 2 * search->dag->epoch + 1;
	task->new_path_ns = nwi_ns_add(task->new_path_ns, task->cost_ns);
	task->finished_next = search->finished;
	search->finished = task;
	if (parent && parent->new_path_ns < task->new_path_ns)
		parent->new_path_ns = task->new_path_ns;
	return parent;
}

/* One edge on, or back. *at: the end of the path; NULL: the search is over. 0 or -ELOOP. */
static int step(struct search *search, struct nwi_dag_task **at)
{
	uint64_t grey = 2 * search->dag->epoch;
	struct nwi_dag_task *task = *at, *next;

	if (task->edge_idx == successor_count(task)) {
		*at = leave(search, task);
		return 0;
	}
	next = successor(search->dag, task, task->edge_idx++);
	if (!next)
		return 0; /* forgotten */
	if (next->mark == grey) {
		explain(search->diag, next, task);
		return -ELOOP;
	}
	if (next->mark < grey) {
		enter(search, next, task);
		*at = next;
	} else if (task->new_path_ns < next->new_path_ns) {
		task->new_path_ns = next->new_path_ns;
	}
	return 0;
}

static int search_from(struct search *search, struct nwi_dag_task *root)
{
	struct nwi_dag_task *at = root;
	int rc = 0;

	if (root->mark >= 2 * search->dag->epoch)
		return 0;
	enter(search, root, NULL);
	while (at && rc == 0)
		rc = step(search, &at);
	return rc;
}

int nwi_dag_check(struct nw_dag *dag, struct nwi_dag_task **ret_finished,
		  struct nw_diag *reterr_diag)
{
	struct search search = { .dag = dag, .diag = reterr_diag };
	int rc = 0;

	dag->epoch++;
	for (size_t i = 0; i < dag->link_count && rc == 0; i++)
		rc = search_from(&search, nwi_dag_task_of(dag, dag->links[i].after));
	for (struct nwi_dag_task *task = dag->batch_first; task && rc == 0; task = task->batch_next)
		rc = search_from(&search, task);
	if (rc == 0)
		*ret_finished = search.finished;
	return rc;
}

/* ---- the ways of what was there before ---- */

static bool is_waiting(const struct nwi_dag_task *task)
{
	enum nw_dag_state state = nwi_dag_state_of(task);

	return state == NW_DAG_PENDING || state == NW_DAG_READY;
}

struct queue {
	struct nwi_dag_task *first, *last;
};

/* First in, first out: so that a task is met at most as often as there are tasks behind it. */
static void enqueue(struct queue *queue, struct nwi_dag_task *task)
{
	if (task->is_queued)
		return;
	task->is_queued = true;
	task->work_next = NULL;
	if (queue->last)
		queue->last->work_next = task;
	else
		queue->first = task;
	queue->last = task;
}

static struct nwi_dag_task *dequeue(struct queue *queue)
{
	struct nwi_dag_task *task = queue->first;

	if (!task)
		return NULL;
	queue->first = task->work_next;
	if (!queue->first)
		queue->last = NULL;
	task->is_queued = false;
	return task;
}

static void lengthen_preds(struct nw_dag *dag, const struct nwi_dag_task *task, struct queue *queue)
{
	uint64_t path_ns = nwi_dag_own64(&task->path_ns);

	for (uint32_t i = 0; i < task->pred_count; i++) {
		struct nwi_dag_task *pred = nwi_dag_task_of(dag, task->preds[i]);
		uint64_t through_ns;

		if (!pred || !is_waiting(pred))
			continue;
		through_ns = nwi_ns_add(path_ns, pred->cost_ns);
		if (through_ns <= nwi_dag_own64(&pred->path_ns))
			continue;
		nwi_dag_set64(&pred->path_ns, through_ns);
		enqueue(queue, pred);
	}
}

void nwi_dag_update_paths(struct nw_dag *dag, struct nwi_dag_task *finished)
{
	struct nwi_dag_task *task;
	struct queue queue = { 0 };

	for (task = finished; task; task = task->finished_next)
		nwi_dag_set64(&task->path_ns, task->new_path_ns);
	for (task = finished; task; task = task->finished_next)
		lengthen_preds(dag, task, &queue);
	while ((task = dequeue(&queue)) != NULL)
		lengthen_preds(dag, task, &queue);
}
