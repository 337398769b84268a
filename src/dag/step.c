/* SPDX-License-Identifier: MIT */
/*
 * What becomes of tasks: the transitions of the state machine, one event at a time.
 *
 *     PENDING -> READY -> RUNNING -> COMPLETED
 *                  ^---------+----> FAILED          (back: another try)
 *     PENDING, READY, RUNNING ----> CANCELLED
 *
 * Invariant: a task is READY or beyond only if all it depends on is COMPLETED; a RUNNING one, and
 * only that, holds its need, a place among running_max, and its capability; a timer is set only of
 * a RUNNING one with a time-out or a READY one that waits for its next try. Nothing here allocates,
 * so nothing here fails.
 */
#include "dag/graph.h"

#include "base/clock.h"
#include "dag/options.h"

#include <assert.h>
#include <errno.h>

static struct nwi_dag_task *task_of_ticket(struct nwi_ticket *ticket)
{
	return (struct nwi_dag_task *)((char *)ticket - offsetof(struct nwi_dag_task, ticket));
}

static struct nwi_dag_task *task_of_timer(struct nwi_timer *timer)
{
	return (struct nwi_dag_task *)((char *)timer - offsetof(struct nwi_dag_task, timer));
}

static void add_to(_Atomic uint64_t *count, uint64_t delta)
{
	nwi_dag_set64(count, nwi_dag_own64(count) + delta);
}

/* ---- changes of state ---- */

/* The state goes last: who sees it sees what was set before. */
static void set_state(struct nw_dag *dag, struct nwi_dag_task *task, enum nw_dag_state state,
		      enum nw_dag_reason reason)
{
	enum nw_dag_state old = nwi_dag_state_of(task);

	assert(!nwi_dag_is_final(old));
	add_to(&dag->state_count[old], (uint64_t)-1);
	add_to(&dag->state_count[state], 1);
	if (nwi_dag_is_final(state))
		dag->live_count--;
	nwi_dag_set32(&task->state, (uint32_t)state | (uint32_t)reason << 8);
}

static void finish(struct nw_dag *dag, struct nwi_dag_task *task, enum nw_dag_state state,
		   enum nw_dag_reason reason, uint64_t now_ns)
{
	nwi_dag_set64(&task->end_ns, now_ns);
	set_state(dag, task, state, reason);
}

/* Into the order of dispatch. */
static void offer(struct nw_dag *dag, struct nwi_dag_task *task)
{
	task->ticket.item.path = nwi_dag_own64(&task->path_ns);
	nwi_admit_put(&dag->admit, &task->ticket);
}

static void make_ready(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	nwi_dag_set64(&task->ready_ns, now_ns);
	set_state(dag, task, NW_DAG_READY, NW_DAG_NO_REASON);
	offer(dag, task);
}

/* Puts the successors of a task that are not in a final state on the list. */
static struct nwi_dag_task *push_successors(struct nw_dag *dag, const struct nwi_dag_task *task,
					    struct nwi_dag_task *work)
{
	const struct nwi_edges *edges = nwi_dag_own_edges(task);
	uint32_t count = edges ? nwi_dag_own32(&edges->count) : 0;

	for (uint32_t i = 0; i < count; i++) {
		struct nwi_dag_task *next = nwi_dag_task_of(dag, edges->ids[i]);

		if (!next || next->is_queued || nwi_dag_is_final(nwi_dag_state_of(next)))
			continue;
		assert(nwi_dag_state_of(next) == NW_DAG_PENDING);
		next->is_queued = true;
		next->work_next = work;
		work = next;
	}
	return work;
}

/* All that depends on a task waits in vain. */
static void cancel_descendants(struct nw_dag *dag, const struct nwi_dag_task *root,
			       enum nw_dag_reason reason, uint64_t cause, uint64_t now_ns)
{
	struct nwi_dag_task *work = push_successors(dag, root, NULL);

	while (work) {
		struct nwi_dag_task *task = work;

		work = task->work_next;
		task->is_queued = false;
		nwi_dag_set64(&task->cause, cause);
		finish(dag, task, NW_DAG_CANCELLED, reason, now_ns);
		work = push_successors(dag, task, work);
	}
}

static void fail(struct nw_dag *dag, struct nwi_dag_task *task, enum nw_dag_reason reason,
		 uint64_t now_ns)
{
	finish(dag, task, NW_DAG_FAILED, reason, now_ns);
	cancel_descendants(dag, task, NW_DAG_DEPENDENCY, task->id, now_ns);
}

static void complete(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	const struct nwi_edges *edges = nwi_dag_own_edges(task);
	uint32_t count = edges ? nwi_dag_own32(&edges->count) : 0;

	finish(dag, task, NW_DAG_COMPLETED, NW_DAG_NO_REASON, now_ns);
	for (uint32_t i = 0; i < count; i++) {
		struct nwi_dag_task *next = nwi_dag_task_of(dag, edges->ids[i]);

		if (!next || nwi_dag_state_of(next) != NW_DAG_PENDING)
			continue;
		assert(next->waiting_count > 0);
		if (--next->waiting_count == 0)
			make_ready(dag, next, now_ns);
	}
}

/* ---- tasks that come and go ---- */

void nwi_dag_enter(struct nw_dag *dag, struct nwi_dag_task *task, enum nw_dag_state state,
		   uint64_t now_ns)
{
	add_to(&dag->state_count[state], 1);
	dag->live_count += !nwi_dag_is_final(state);
	if (nwi_dag_is_final(state))
		nwi_dag_set64(&task->end_ns, now_ns);
	nwi_dag_set32(&task->state, (uint32_t)state);
}

void nwi_dag_leave(struct nw_dag *dag, struct nwi_dag_task *task)
{
	add_to(&dag->state_count[nwi_dag_state_of(task)], (uint64_t)-1);
}

void nwi_dag_settle(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	task->waiting_count = 0;
	for (uint32_t i = 0; i < task->pred_count; i++) {
		const struct nwi_dag_task *pred = nwi_dag_task_of(dag, task->preds[i]);
		enum nw_dag_state state = pred ? nwi_dag_state_of(pred) : NW_DAG_COMPLETED;

		if (state == NW_DAG_FAILED || state == NW_DAG_CANCELLED) {
			uint64_t cause = state == NW_DAG_FAILED ? pred->id
								: nwi_dag_own64(&pred->cause);
			enum nw_dag_reason reason = state == NW_DAG_FAILED
							    ? NW_DAG_DEPENDENCY
							    : (enum nw_dag_reason)(
								      nwi_dag_own32(&pred->state) >>
								      8);

			cause = cause != 0 ? cause : pred->id;
			nwi_dag_set64(&task->cause, cause);
			finish(dag, task, NW_DAG_CANCELLED, reason, now_ns);
			cancel_descendants(dag, task, reason, cause, now_ns);
			return;
		}
		task->waiting_count += state != NW_DAG_COMPLETED;
	}
	if (task->waiting_count == 0)
		make_ready(dag, task, now_ns);
}

/* ---- next ---- */

static void set_timer(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t at_ns)
{
	nwi_timers_set(&dag->timers, &task->timer, at_ns);
}

/* Tell the caller to end a running task, once a try. */
static void queue_stop(struct nw_dag *dag, struct nwi_dag_task *task, enum nw_dag_reason reason)
{
	bool is_told = task->stop_reason != NW_DAG_NO_REASON;

	assert(nwi_dag_state_of(task) == NW_DAG_RUNNING);
	task->stop_reason = reason;
	nwi_timers_unset(&dag->timers, &task->timer);
	if (is_told)
		return;
	task->stop_next = NULL;
	if (dag->stop_last)
		dag->stop_last->stop_next = task;
	else
		dag->stop_first = task;
	dag->stop_last = task;
	task->is_stop_queued = true;
}

static void unqueue_stop(struct nw_dag *dag, struct nwi_dag_task *task)
{
	struct nwi_dag_task *before = NULL;

	if (!task->is_stop_queued)
		return;
	for (struct nwi_dag_task *t = dag->stop_first; t != task; t = t->stop_next)
		before = t;
	if (before)
		before->stop_next = task->stop_next;
	else
		dag->stop_first = task->stop_next;
	if (dag->stop_last == task)
		dag->stop_last = before;
	task->is_stop_queued = false;
}

static void ring_timers(struct nw_dag *dag, uint64_t now_ns)
{
	struct nwi_timer *timer;

	while ((timer = nwi_timers_first(&dag->timers)) != NULL && timer->at_ns <= now_ns) {
		struct nwi_dag_task *task = task_of_timer(timer);

		nwi_timers_unset(&dag->timers, timer);
		if (nwi_dag_state_of(task) == NW_DAG_READY) {
			offer(dag, task);
		} else {
			add_to(&dag->timeout_count, 1);
			queue_stop(dag, task, NW_DAG_TIMEOUT);
		}
	}
}

static void tell(struct nw_dag_step *ret_step, enum nw_dag_step_kind kind,
		 const struct nwi_dag_task *task)
{
	*ret_step = (struct nw_dag_step){
		.kind = kind,
		.task = { task->id },
		.node_idx = nwi_dag_own32(&task->node_idx),
		.attempt = nwi_dag_own32(&task->attempt),
		.reason = task->stop_reason,
	};
}

static bool next_stop(struct nw_dag *dag, struct nw_dag_step *ret_step)
{
	struct nwi_dag_task *task = dag->stop_first;

	if (!task)
		return false;
	unqueue_stop(dag, task);
	tell(ret_step, NW_DAG_STOP, task);
	return true;
}

/* Whether the capability it names allows it now; then it is held while the task runs. */
static bool has_right(struct nw_dag *dag, struct nwi_dag_task *task)
{
	if (task->cap.value == 0)
		return true;
	task->held = nw_caps_hold(dag->caps, task->cap, task->cap_rights);
	return task->held != NULL;
}

static void begin_try(struct nw_dag *dag, struct nwi_dag_task *task, uint32_t node_idx,
		      uint64_t now_ns)
{
	uint32_t attempt = nwi_dag_own32(&task->attempt) + 1;

	task->stop_reason = NW_DAG_NO_REASON;
	nwi_dag_set32(&task->attempt, attempt);
	nwi_dag_set32(&task->node_idx, node_idx);
	nwi_dag_set64(&task->start_ns, now_ns);
	add_to(&dag->started_count, 1);
	if (attempt > 1)
		add_to(&dag->retry_count, 1);
	if (task->timeout_ns > 0)
		set_timer(dag, task, nwi_ns_add(now_ns, task->timeout_ns));
	set_state(dag, task, NW_DAG_RUNNING, NW_DAG_NO_REASON);
}

/* A ticket that was revoked while it was inside the order has come out. */
static void bury(struct nw_dag *dag, struct nwi_dag_task *task)
{
	if (task->is_forgotten)
		nwi_dag_task_retire(dag, task);
}

static bool next_start(struct nw_dag *dag, uint64_t now_ns, struct nw_dag_step *ret_step)
{
	struct nwi_ticket *ticket;
	uint32_t node_idx;

	while ((ticket = nwi_admit_get(&dag->admit, now_ns, &node_idx)) != NULL) {
		struct nwi_dag_task *task = task_of_ticket(ticket);

		if (ticket->is_dead) {
			bury(dag, task);
			continue;
		}
		if (has_right(dag, task)) {
			begin_try(dag, task, node_idx, now_ns);
			tell(ret_step, NW_DAG_START, task);
			return true;
		}
		nwi_admit_give(&dag->admit, ticket, node_idx);
		fail(dag, task, NW_DAG_RIGHT, now_ns);
	}
	return false;
}

static uint64_t wake_ns(const struct nw_dag *dag)
{
	const struct nwi_timer *timer = nwi_timers_first(&dag->timers);
	uint64_t token_ns = nwi_admit_token_ns(&dag->admit);

	return timer && timer->at_ns < token_ns ? timer->at_ns : token_ns;
}

void nw_dag_next(struct nw_dag *dag, uint64_t now_ns, struct nw_dag_step *ret_step)
{
	bool is_told;

	nwi_dag_change_begin(dag);
	ring_timers(dag, now_ns);
	is_told = next_stop(dag, ret_step) || next_start(dag, now_ns, ret_step);
	nwi_dag_change_end(dag);
	if (is_told)
		return;
	*ret_step = (struct nw_dag_step){
		.kind = dag->live_count > 0 ? NW_DAG_WAIT : NW_DAG_DONE,
		.until_ns = wake_ns(dag),
	};
}

/* ---- ended, cancel ---- */

static void retry(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	uint64_t wait_ns = nwi_options_retry_wait_ns(task->retry_wait_ns, task->retry_wait_max_ns,
						     nwi_dag_own32(&task->attempt));
	uint64_t at_ns = nwi_ns_add(now_ns, wait_ns);

	nwi_dag_set64(&task->ready_ns, now_ns);
	set_state(dag, task, NW_DAG_READY, NW_DAG_NO_REASON);
	if (at_ns > now_ns)
		set_timer(dag, task, at_ns);
	else
		offer(dag, task);
}

static void release(struct nw_dag *dag, struct nwi_dag_task *task)
{
	nwi_timers_unset(&dag->timers, &task->timer);
	unqueue_stop(dag, task);
	nwi_admit_give(&dag->admit, &task->ticket, nwi_dag_own32(&task->node_idx));
	if (task->held)
		nw_caps_drop(dag->caps, task->held);
	task->held = NULL;
}

static void end_badly(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	enum nw_dag_reason reason = task->stop_reason;

	if (reason == NW_DAG_WISH) {
		finish(dag, task, NW_DAG_CANCELLED, NW_DAG_WISH, now_ns);
		cancel_descendants(dag, task, NW_DAG_WISH, task->id, now_ns);
	} else if (nwi_dag_own32(&task->attempt) <= task->retry_max) {
		retry(dag, task, now_ns);
	} else {
		fail(dag, task, reason != NW_DAG_NO_REASON ? reason : NW_DAG_RESULT, now_ns);
	}
}

int nw_dag_ended(struct nw_dag *dag, nw_dag_id id, bool is_ok, uint64_t now_ns)
{
	struct nwi_dag_task *task = nwi_dag_task_of(dag, id.value);

	if (!task || task->is_draft || nwi_dag_state_of(task) != NW_DAG_RUNNING)
		return -ESTALE;
	nwi_dag_change_begin(dag);
	release(dag, task);
	if (is_ok)
		complete(dag, task, now_ns);
	else
		end_badly(dag, task, now_ns);
	nwi_dag_change_end(dag);
	return 0;
}

static void cancel(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns)
{
	enum nw_dag_state state = nwi_dag_state_of(task);

	if (nwi_dag_is_final(state))
		return;
	if (state == NW_DAG_RUNNING) {
		queue_stop(dag, task, NW_DAG_WISH);
	} else {
		nwi_timers_unset(&dag->timers, &task->timer);
		if (task->ticket.is_inside)
			nwi_admit_revoke(&dag->admit, &task->ticket);
		finish(dag, task, NW_DAG_CANCELLED, NW_DAG_WISH, now_ns);
	}
	cancel_descendants(dag, task, NW_DAG_WISH, task->id, now_ns);
}

int nw_dag_cancel(struct nw_dag *dag, nw_dag_id id, uint64_t now_ns)
{
	struct nwi_dag_task *task = nwi_dag_task_of(dag, id.value);

	if (!task || task->is_draft)
		return -ESTALE;
	nwi_dag_change_begin(dag);
	cancel(dag, task, now_ns);
	nwi_dag_change_end(dag);
	return 0;
}

void nw_dag_cancel_all(struct nw_dag *dag, uint64_t now_ns)
{
	nwi_dag_change_begin(dag);
	for (uint32_t i = 0; i < dag->slot_count; i++)
		if (dag->slots[i].task && !dag->slots[i].task->is_draft)
			cancel(dag, dag->slots[i].task, now_ns);
	nwi_dag_change_end(dag);
}
