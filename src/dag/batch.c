/* SPDX-License-Identifier: MIT */
/*
 * Batches: tasks and links are gathered, checked as a whole, and then become part of the graph in
 * one change that no picture sees half of.
 *
 * Invariant: all that may fail (memory, a cycle, a name) comes before the change. Until then the
 * batch's edges lie behind `count`, where neither steps nor pictures look, and are cut off if it
 * fails.
 */
#include "dag/graph.h"

#include "base/diag.h"
#include "dag/options.h"
#include "os/heap.h"

#include <errno.h>
#include <string.h>

/* ---- add ---- */

static int refuse(struct nw_diag *reterr_diag, int rc, const char *name, const char *why)
{
	nwi_diag_set(reterr_diag, "task \"%.150s\": %s", name ? name : "", why);
	return rc;
}

static int check_spec(const struct nw_dag *dag, const struct nw_dag_spec *spec,
		      struct nw_diag *reterr_diag)
{
	const char *why = nwi_options_refuse_spec(&dag->admit, dag->caps, spec);
	const char *name = spec->name;

	if (!name || name[0] == '\0')
		return refuse(reterr_diag, -EINVAL, name, "a task needs a name");
	if (strlen(name) >= NW_DAG_NAME_BYTES)
		return refuse(reterr_diag, -EINVAL, name, "its name is longer than 255 bytes");
	if (nwi_names_find(&dag->names, name))
		return refuse(reterr_diag, -EEXIST, name, "another task has this name");
	if (why)
		return refuse(reterr_diag, -EINVAL, name, why);
	if (spec->dep_count > 0 && !spec->deps)
		return refuse(reterr_diag, -EINVAL, name, "dependencies, but no list of them");
	return 0;
}

static int copy_deps(struct nwi_dag_task *task, const struct nw_dag_spec *spec)
{
	if (spec->dep_count == 0)
		return 0;
	task->deps = nwi_heap_alloc_array(spec->dep_count, sizeof(*task->deps));
	if (!task->deps)
		return -ENOMEM;
	for (; task->dep_count < spec->dep_count; task->dep_count++) {
		size_t n_bytes = strlen(spec->deps[task->dep_count]) + 1;
		char *copy = nwi_heap_alloc(n_bytes);

		if (!copy)
			return -ENOMEM;
		memcpy(copy, spec->deps[task->dep_count], n_bytes);
		task->deps[task->dep_count] = copy;
	}
	return 0;
}

static void copy_spec(struct nwi_dag_task *task, const struct nw_dag_spec *spec)
{
	memcpy(task->name, spec->name, strlen(spec->name) + 1);
	task->named.name = task->name;
	nwi_options_ticket(&task->ticket, spec);
	task->cost_ns = spec->cost_ns > 0 ? spec->cost_ns : 1;
	task->timeout_ns = spec->timeout_ns;
	task->retry_max = spec->retry_max;
	task->retry_wait_ns = spec->retry_wait_ns;
	task->retry_wait_max_ns = nwi_options_retry_max_ns(spec);
	task->cap = spec->cap;
	task->cap_rights = spec->cap_rights;
	task->is_done = spec->is_done;
	task->user = spec->user;
	task->is_draft = true;
	/* relaxed: not yet published. */
	atomic_store_explicit(&task->node_idx, UINT32_MAX, memory_order_relaxed);
}

static void append_to_batch(struct nw_dag *dag, struct nwi_dag_task *task)
{
	if (dag->batch_last)
		dag->batch_last->batch_next = task;
	else
		dag->batch_first = task;
	dag->batch_last = task;
	dag->batch_count++;
}

int nw_dag_add(struct nw_dag *dag, const struct nw_dag_spec *spec, nw_dag_id *ret_task,
	       struct nw_diag *reterr_diag)
{
	struct nwi_dag_task *task;
	uint32_t slot;
	int rc = check_spec(dag, spec, reterr_diag);

	if (rc != 0)
		return rc;
	if (dag->free_slot == UINT32_MAX && dag->slot_count == NW_DAG_TASK_MAX)
		return refuse(reterr_diag, -EMFILE, spec->name, "there are too many tasks");
	task = nwi_heap_alloc(sizeof(*task) + strlen(spec->name) + 1);
	if (!task)
		return refuse(reterr_diag, -ENOMEM, spec->name, "no memory");
	copy_spec(task, spec);
	if (!task->is_done &&
	    !nwi_admit_fits_ever(&dag->admit, &task->ticket, task->name, reterr_diag)) {
		nwi_dag_task_free(task);
		return -ENOSPC;
	}
	slot = copy_deps(task, spec) == 0 && nwi_names_put(&dag->names, &task->named) == 0
		       ? nwi_dag_take_slot(dag)
		       : UINT32_MAX;
	if (slot == UINT32_MAX) {
		if (nwi_names_find(&dag->names, task->name))
			nwi_names_del(&dag->names, &task->named);
		nwi_dag_task_free(task);
		return refuse(reterr_diag, -ENOMEM, spec->name, "no memory");
	}
	dag->slots[slot].task = task;
	task->id = (uint64_t)dag->slots[slot].generation << 32 | (slot + 1);
	append_to_batch(dag, task);
	if (ret_task)
		*ret_task = (nw_dag_id){ task->id };
	return 0;
}

nw_dag_id nw_dag_find(const struct nw_dag *dag, const char *name)
{
	const struct nwi_dag_task *task = (const struct nwi_dag_task *)nwi_names_find(&dag->names,
										      name);

	return (nw_dag_id){ task ? task->id : 0 };
}

/* ---- links of the batch ---- */

static int push_link(struct nw_dag *dag, struct nwi_dag_task *before, struct nwi_dag_task *after)
{
	if (dag->link_count == dag->link_capacity) {
		size_t capacity = dag->link_capacity > 0 ? 2 * dag->link_capacity : 64;
		struct nwi_link *links = nwi_heap_alloc_array(capacity, sizeof(*links));

		if (!links)
			return -ENOMEM;
		if (dag->link_count > 0)
			memcpy(links, dag->links, dag->link_count * sizeof(*links));
		nwi_heap_free(dag->links);
		dag->links = links;
		dag->link_capacity = capacity;
	}
	dag->links[dag->link_count++] = (struct nwi_link){ before->id, after->id };
	return 0;
}

static int refuse_pair(struct nw_diag *reterr_diag, int rc, const char *after, const char *before,
		       const char *why)
{
	nwi_diag_set(reterr_diag, "task \"%.90s\" cannot wait for \"%.90s\": %s", after, before,
		     why);
	return rc;
}

int nw_dag_link(struct nw_dag *dag, nw_dag_id before_id, nw_dag_id after_id,
		struct nw_diag *reterr_diag)
{
	struct nwi_dag_task *before = nwi_dag_task_of(dag, before_id.value);
	struct nwi_dag_task *after = nwi_dag_task_of(dag, after_id.value);

	if (!before || !after) {
		nwi_diag_set(reterr_diag, "a link to a task that is not there any more");
		return -ESTALE;
	}
	if (before == after)
		return refuse_pair(reterr_diag, -ELOOP, after->name, before->name,
				   "it would wait for itself");
	if (!after->is_draft && nwi_dag_state_of(after) != NW_DAG_PENDING)
		return refuse_pair(reterr_diag, -EBUSY, after->name, before->name,
				   "it does not wait any more");
	if (push_link(dag, before, after) != 0)
		return refuse_pair(reterr_diag, -ENOMEM, after->name, before->name, "no memory");
	before->batch_refs++;
	return 0;
}

/* The links that nw_dag_link() made are forgotten; those of a commit that failed were cut off. */
static void drop_links(struct nw_dag *dag)
{
	for (size_t i = 0; i < dag->link_count; i++) {
		struct nwi_dag_task *before = nwi_dag_task_of(dag, dag->links[i].before);

		if (before)
			before->batch_refs = 0;
	}
	dag->link_count = 0;
}

void nw_dag_drop(struct nw_dag *dag)
{
	drop_links(dag);
	while (dag->batch_first) {
		struct nwi_dag_task *task = dag->batch_first;

		dag->batch_first = task->batch_next;
		nwi_names_del(&dag->names, &task->named);
		nwi_dag_free_slot(dag, nwi_dag_slot_of(task->id));
		nwi_dag_task_free(task);
	}
	dag->batch_last = NULL;
	dag->batch_count = 0;
}

/* ---- commit ---- */

/* Appends a link for each dependency by name. */
static int find_deps(struct nw_dag *dag, struct nw_diag *reterr_diag)
{
	for (struct nwi_dag_task *task = dag->batch_first; task; task = task->batch_next) {
		for (uint32_t i = 0; i < task->dep_count; i++) {
			struct nwi_dag_task *before = (struct nwi_dag_task *)nwi_names_find(
				&dag->names, task->deps[i]);

			if (!before)
				return refuse_pair(reterr_diag, -ENOENT, task->name, task->deps[i],
						   "there is no such task");
			if (push_link(dag, before, task) != 0)
				return refuse(reterr_diag, -ENOMEM, task->name, "no memory");
		}
	}
	return 0;
}

static bool has_edge(const struct nwi_dag_task *before, uint64_t after_id)
{
	const struct nwi_edges *edges = nwi_dag_own_edges(before);

	for (uint32_t i = 0; edges && i < edges->draft_count; i++)
		if (edges->ids[i] == after_id)
			return true;
	return false;
}

/* Whether `after` is known to wait for `before`, by the shorter of the two lists. */
static bool is_linked(const struct nwi_dag_task *before, const struct nwi_dag_task *after)
{
	const struct nwi_edges *edges = nwi_dag_own_edges(before);

	if (edges && edges->draft_count < after->pred_draft_count)
		return has_edge(before, after->id);
	for (uint32_t i = 0; i < after->pred_draft_count; i++)
		if (after->preds[i] == before->id)
			return true;
	return false;
}

static int append_link(struct nw_dag *dag, struct nwi_dag_task *before, struct nwi_dag_task *after,
		       struct nw_diag *reterr_diag)
{
	struct nwi_edges *edges;

	if (!after->is_draft && nwi_dag_state_of(after) != NW_DAG_PENDING)
		return refuse_pair(reterr_diag, -EBUSY, after->name, before->name,
				   "it does not wait any more");
	if (is_linked(before, after))
		return 0;
	if (nwi_dag_reserve_edges(dag, before, 1) != 0 || nwi_dag_reserve_preds(after, 1) != 0)
		return refuse_pair(reterr_diag, -ENOMEM, after->name, before->name, "no memory");
	edges = nwi_dag_own_edges(before);
	edges->ids[edges->draft_count++] = after->id;
	after->preds[after->pred_draft_count++] = before->id;
	return 0;
}

static int append_links(struct nw_dag *dag, struct nw_diag *reterr_diag)
{
	int rc = 0;

	for (size_t i = 0; i < dag->link_count && rc == 0; i++)
		rc = append_link(dag, nwi_dag_task_of(dag, dag->links[i].before),
				 nwi_dag_task_of(dag, dag->links[i].after), reterr_diag);
	return rc;
}

/* The edges of a batch that failed are cut off again. */
static void cut_links(struct nw_dag *dag, size_t own_link_count)
{
	for (size_t i = 0; i < dag->link_count; i++) {
		struct nwi_dag_task *before = nwi_dag_task_of(dag, dag->links[i].before);
		struct nwi_dag_task *after = nwi_dag_task_of(dag, dag->links[i].after);
		struct nwi_edges *edges = nwi_dag_own_edges(before);

		if (edges)
			edges->draft_count = nwi_dag_own32(&edges->count);
		after->pred_draft_count = after->pred_count;
	}
	dag->link_count = own_link_count;
}

static int reserve_rest(struct nw_dag *dag, struct nw_diag *reterr_diag)
{
	size_t task_count = dag->batch_count;

	for (int i = 0; i < NW_DAG_STATE_COUNT; i++)
		task_count += nwi_dag_own64(&dag->state_count[i]);
	if (nwi_dag_reserve_slots(dag) == 0 && nwi_timers_reserve(&dag->timers, task_count) == 0)
		return 0;
	nwi_diag_set(reterr_diag, "no memory for %zu tasks", task_count);
	return -ENOMEM;
}

static void publish_links(struct nw_dag *dag)
{
	for (size_t i = 0; i < dag->link_count; i++) {
		struct nwi_dag_task *before = nwi_dag_task_of(dag, dag->links[i].before);
		struct nwi_dag_task *after = nwi_dag_task_of(dag, dag->links[i].after);
		struct nwi_edges *edges = nwi_dag_own_edges(before);

		nwi_dag_set32(&edges->count, edges->draft_count);
		after->pred_count = after->pred_draft_count;
	}
}

static void publish_task(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	/* relaxed: sole writer. */
	struct nwi_slots *slots = atomic_load_explicit(&dag->published, memory_order_relaxed);
	uint32_t slot = nwi_dag_slot_of(task->id);

	task->is_draft = false;
	nwi_dag_forget_deps(task);
	nwi_dag_enter(dag, task, task->is_done ? NW_DAG_COMPLETED : NW_DAG_PENDING, now_ns);
	nw_rcu_assign_pointer(&slots->tasks[slot], task);
	if (nwi_dag_own32(&dag->published_count) <= slot)
		nwi_dag_set32(&dag->published_count, slot + 1);
}

/* All have entered: now it can be told who waits for whom. */
static void settle_all(struct nw_dag *dag, uint64_t now_ns)
{
	for (size_t i = 0; i < dag->link_count; i++) {
		struct nwi_dag_task *after = nwi_dag_task_of(dag, dag->links[i].after);

		if (nwi_dag_state_of(after) == NW_DAG_PENDING)
			nwi_dag_settle(dag, after, now_ns);
	}
	for (struct nwi_dag_task *task = dag->batch_first; task; task = task->batch_next)
		if (nwi_dag_state_of(task) == NW_DAG_PENDING)
			nwi_dag_settle(dag, task, now_ns);
}

static void publish(struct nw_dag *dag, struct nwi_dag_task *finished, uint64_t now_ns)
{
	nwi_dag_change_begin(dag);
	publish_links(dag);
	for (struct nwi_dag_task *task = dag->batch_first; task; task = task->batch_next)
		publish_task(dag, task, now_ns);
	nwi_dag_update_paths(dag, finished);
	settle_all(dag, now_ns);
	nwi_dag_change_end(dag);
	drop_links(dag);
	dag->batch_first = dag->batch_last = NULL;
	dag->batch_count = 0;
}

int nw_dag_commit(struct nw_dag *dag, uint64_t now_ns, struct nw_diag *reterr_diag)
{
	size_t own_link_count = dag->link_count;
	struct nwi_dag_task *finished = NULL;
	int rc = find_deps(dag, reterr_diag);

	if (rc == 0)
		rc = append_links(dag, reterr_diag);
	if (rc == 0)
		rc = reserve_rest(dag, reterr_diag);
	if (rc == 0)
		rc = nwi_dag_check(dag, &finished, reterr_diag);
	if (rc != 0) {
		cut_links(dag, own_link_count);
		return rc;
	}
	publish(dag, finished, now_ns);
	(void)nw_rcu_run(dag->self); /* how many it freed is nobody's business */
	return 0;
}

/* ---- forget ---- */

int nw_dag_forget(struct nw_dag *dag, nw_dag_id id)
{
	struct nwi_dag_task *task = nwi_dag_task_of(dag, id.value);
	/* relaxed: sole writer. */
	struct nwi_slots *slots = atomic_load_explicit(&dag->published, memory_order_relaxed);
	uint32_t slot = nwi_dag_slot_of(id.value);

	if (!task || task->is_draft)
		return task ? -EBUSY : -ESTALE;
	if (!nwi_dag_is_final(nwi_dag_state_of(task)) || task->batch_refs > 0)
		return -EBUSY;
	nwi_dag_change_begin(dag);
	nw_rcu_assign_pointer(&slots->tasks[slot], NULL);
	nwi_dag_leave(dag, task);
	nwi_dag_change_end(dag);
	nwi_names_del(&dag->names, &task->named);
	nwi_dag_free_slot(dag, slot);
	task->is_forgotten = true;
	if (!task->ticket.is_inside)
		nwi_dag_task_retire(dag, task);
	(void)nw_rcu_run(dag->self); /* how many it freed is nobody's business */
	return 0;
}

struct nw_rcu *nw_dag_rcu(const struct nw_dag *dag)
{
	return dag->rcu;
}
