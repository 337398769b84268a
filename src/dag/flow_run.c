/* SPDX-License-Identifier: MIT */
/*
 * Running a flow: helpers that run tasks and what becomes ready by them, and the thread that waits.
 *
 * Arrivals. The last one to arrive needs no read-modify-write: it finds `waiting` at 1, so nobody
 * else is left who could change it. Hence a chain, or a tree, runs without any. `waiting` then
 * stays at 1, which nobody reads again before the next run begins.
 */
#include "dag/flow.h"

#include "base/attr.h"
#include "base/diag.h"
#include "dag/flow_state.h"
#include "os/thread.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { TURN_TASKS = 1024 }; /* that a helper runs before other jobs of its worker have a turn */

enum nw_dag_state nw_flow_state(const struct nw_flow_task *task, enum nw_dag_reason *ret_reason)
{
	uint32_t state = nwi_flow_state_word(task);

	if (ret_reason)
		*ret_reason = (enum nw_dag_reason)(state >> 8 & 0xff);
	return (enum nw_dag_state)(state & 0xff);
}

bool nwi_flow_is_cancelled(const struct nw_flow *flow)
{
	/* relaxed: a hint; what it stops, it stops soon. */
	return atomic_load_explicit(&flow->is_cancelled, memory_order_relaxed) != 0;
}

/* ---- arrivals ---- */

/* True: it was the last; the task is the caller's. */
NWI_ALWAYS_INLINE bool arrive(struct nw_flow_task *task)
{
	/* [flow_arrive.last] acquire, pairs with [flow_arrive.sub]: what the others did. */
	uint32_t waiting = atomic_load_explicit(&task->waiting, memory_order_acquire);

	if ((waiting & ~NWI_FLOW_POISON) == 1)
		return true;
	/* [flow_arrive.sub] acq_rel, pairs with [flow_arrive.last], [flow_arrive.sub]: what the
	 * predecessors did. */
	waiting = atomic_fetch_sub_explicit(&task->waiting, 1, memory_order_acq_rel);
	return (waiting & ~NWI_FLOW_POISON) == 1;
}

void nwi_flow_poison(struct nw_flow_task *task)
{
	/* relaxed: [flow_arrive.sub] orders it, the same thread's. */
	atomic_fetch_or_explicit(&task->waiting, NWI_FLOW_POISON, memory_order_relaxed);
}

static bool is_poisoned(const struct nw_flow_task *task)
{
	/* relaxed: [flow_arrive.last] orders it, all have arrived. */
	return (atomic_load_explicit(&task->waiting, memory_order_relaxed) & NWI_FLOW_POISON) != 0;
}

/* What few tasks have: admission, or another node. */
bool nwi_flow_hand_on(struct nwi_place *place, struct nw_flow_task *task)
{
	const struct nwi_flow_extra *extra = nwi_flow_extra(task);

	if (is_poisoned(task))
		return false;
	if (extra->demand) {
		extra->demand->event = NWI_FLOW_READY;
		nwi_flow_change_state(task, NW_DAG_READY, NW_DAG_NO_REASON);
		nwi_flow_deliver(place->flow, place, task);
		return true;
	}
	if (extra->hint == UINT32_MAX || extra->hint == place->node_idx)
		return false;
	nwi_flow_mail(place->flow, extra->hint, task);
	return true;
}

/* All have arrived. The first is the worker's next; the others may be stolen. */
static void make_ready(struct nwi_place *place, struct nw_flow_task *task)
{
	if (NW_UNLIKELY(nwi_flow_extra(task) != NULL) && nwi_flow_hand_on(place, task))
		return;
	if (!place->next_task)
		place->next_task = task;
	else
		nwi_flow_put(place, task);
}

/* Its final state; returns how many successors are to be told. */
static uint32_t finish(struct nw_flow_task *task, enum nw_dag_state state,
		       enum nw_dag_reason reason)
{
	bool is_locked = nwi_flow_is_open(task);
	uint32_t count;

	if (NW_UNLIKELY(is_locked))
		nwi_flow_lock(task);
	nwi_flow_set_state(task, state, reason);
	/* [flow_edge.get] acquire, pairs with [flow_edge.set]: the edges. */
	count = atomic_load_explicit(&task->edge_count, memory_order_acquire);
	if (NW_UNLIKELY(is_locked))
		nwi_flow_unlock(task);
	return count;
}

void nwi_flow_end(struct nwi_place *place, struct nw_flow_task *task, enum nw_dag_state state,
		  enum nw_dag_reason reason)
{
	uint32_t count = finish(task, state, reason);

	for (uint32_t i = 0; i < count; i++) {
		struct nw_flow_task *next = nwi_flow_successor(task, i);

		if (NW_UNLIKELY(state != NW_DAG_COMPLETED))
			nwi_flow_poison(next);
		if (arrive(next))
			make_ready(place, next);
	}
	nwi_flow_count(&place->ended_count[state - NW_DAG_COMPLETED]);
}

bool nwi_flow_arrive(struct nw_flow_task *task)
{
	return arrive(task);
}

/* ---- running ---- */

static void run_demanding(struct nwi_place *place, struct nw_flow_task *task, int result)
{
	struct nwi_flow_demand *demand = nwi_flow_extra(task)->demand;

	demand->event = NWI_FLOW_ENDED;
	demand->result = result;
	if (result == 0)
		nwi_flow_end(place, task, NW_DAG_COMPLETED, NW_DAG_NO_REASON);
	nwi_flow_deliver(place->flow, place, task);
}

/* A task with a demand, an open one, or one that is not to run. */
NWI_NEVER_INLINE void run_special(struct nwi_place *place, struct nw_flow_at *at,
				  struct nw_flow_task *task, uint32_t word)
{
	bool is_demanding = (word & NWI_FLOW_DEMANDING) != 0;
	int result;

	if (is_poisoned(task)) {
		nwi_flow_end(place, task, NW_DAG_CANCELLED, NW_DAG_DEPENDENCY);
	} else if (nwi_flow_is_cancelled(place->flow)) {
		if (is_demanding)
			nwi_flow_withdraw(place, task);
		else
			nwi_flow_end(place, task, NW_DAG_CANCELLED, NW_DAG_WISH);
	} else {
		nwi_flow_change_state(task, NW_DAG_RUNNING, NW_DAG_NO_REASON);
		result = task->fn(at, task->arg);
		if (is_demanding)
			run_demanding(place, task, result);
		else if (result == 0)
			nwi_flow_end(place, task, NW_DAG_COMPLETED, NW_DAG_NO_REASON);
		else
			nwi_flow_end(place, task, NW_DAG_FAILED, NW_DAG_RESULT);
	}
}

/* What nwi_flow_end() does, of a plain task that completed; the next task is in a register. */
NWI_ALWAYS_INLINE struct nw_flow_task *complete(struct nwi_place *place, struct nw_flow_task *task,
						uint32_t word)
{
	/* relaxed: sole writer, since the task is not open. */
	uint32_t count = atomic_load_explicit(&task->edge_count, memory_order_relaxed);
	struct nw_flow_task *next_task = NULL;

	/* [flow_complete.set] release, pairs with [flow_state.get]: what the task did. */
	atomic_store_explicit(&task->state, word | NW_DAG_COMPLETED, memory_order_release);
	for (uint32_t i = 0; i < count; i++) {
		struct nw_flow_task *next = nwi_flow_successor(task, i);

		if (!arrive(next))
			continue;
		if (NW_UNLIKELY(nwi_flow_extra(next) != NULL) && nwi_flow_hand_on(place, next))
			continue;
		if (!next_task)
			next_task = next;
		else
			nwi_flow_put(place, next);
	}
	return next_task;
}

/* Neither demand, nor open, nor poisoned, nor cancelled. */
NWI_ALWAYS_INLINE bool is_plain(const struct nw_flow *flow, const struct nw_flow_task *task,
				uint32_t word)
{
	return !NW_UNLIKELY((word & (NWI_FLOW_OPEN | NWI_FLOW_DEMANDING)) != 0 ||
			    is_poisoned(task) || nwi_flow_is_cancelled(flow));
}

/* A task, and what goes on from it without a detour; returns how many. */
static uint32_t run_on(struct nwi_place *place, struct nw_here here, struct nw_flow_task *task)
{
	struct nw_flow *flow = place->flow;
	struct nw_flow_at at = { .here = here, .flow = flow, .place = place };
	uint32_t count = 0, completed = 0;

	for (; task && count < TURN_TASKS; count++) {
		/* relaxed: [flow_arrive.last] orders it; the task is this thread's. */
		uint32_t word = atomic_load_explicit(&task->state, memory_order_relaxed);

		at.task = task;
		place->next_task = NULL;
		if (!is_plain(flow, task, word)) {
			run_special(place, &at, task, word);
			task = place->next_task;
			continue;
		}
		word &= ~UINT32_C(0xffff);
		/* [flow_running.set] release, pairs with [flow_state.get]: what led to it. */
		atomic_store_explicit(&task->state, word | NW_DAG_RUNNING, memory_order_release);
		if (NW_UNLIKELY(task->fn(&at, task->arg) != 0)) {
			nwi_flow_end(place, task, NW_DAG_FAILED, NW_DAG_RESULT);
			task = place->next_task;
			continue;
		}
		task = complete(place, task, word);
		completed++;
	}
	nwi_flow_count_more(&place->ended_count[0], completed);
	if (task)
		nwi_flow_put(place, task);
	return count;
}

/* A turn, or all there is; true: the job is queued again. */
static bool work(struct nwi_flow_helper *helper, struct nwi_place *place, struct nw_here here)
{
	struct nw_flow_task *task;
	uint32_t count = 0;

	while ((task = nwi_flow_take(place)) != NULL) {
		count += run_on(place, here, task);
		if (count < TURN_TASKS)
			continue;
		if (nw_sched_submit(place->flow->sched, &helper->job) == 0)
			return true;
		count = 0;
	}
	return false;
}

void nwi_flow_help(struct nw_here here, struct nw_job *job)
{
	struct nwi_flow_helper *helper = (struct nwi_flow_helper *)(void *)job; /* its first */
	struct nw_flow *flow = helper->flow;
	struct nwi_place *place = &flow->places[nw_here_worker_idx(here)];

	atomic_fetch_and(&flow->helpers, ~NWI_FLOW_CALLING);
	do {
		if (work(helper, place, here))
			return;
	} while (!nwi_flow_leave(flow));
	atomic_store(&helper->is_used, 0);
}

bool nw_flow_is_late(const struct nw_flow_at *at)
{
	const struct nwi_flow_extra *extra = nwi_flow_extra(at->task);

	if (nwi_flow_is_cancelled(at->flow))
		return true;
	return extra && extra->demand && extra->demand->deadline_ns <= nwi_clock_ns();
}

/* ---- a run ---- */

static void offer_source(struct nw_flow *flow, struct nw_flow_task *task)
{
	const struct nwi_flow_extra *extra = nwi_flow_extra(task);
	uint32_t hint = extra && extra->hint != UINT32_MAX ? extra->hint : flow->node_count;

	if (extra && extra->demand) {
		extra->demand->event = NWI_FLOW_READY;
		nwi_flow_set_state(task, NW_DAG_READY, NW_DAG_NO_REASON);
		nwi_flow_list_push(&flow->events, task);
	} else {
		nwi_flow_list_push(&flow->inboxes[hint], task);
	}
}

/* Every task as before its first run; those that wait for nobody are offered. Returns how many. */
static uint64_t begin_place(struct nw_flow *flow, struct nwi_place *place)
{
	uint32_t task_count = nwi_flow_task_count(place);
	uint64_t begun_count = 0;

	for (int i = 0; i < 3; i++)
		atomic_store(&place->ended_count[i], 0);
	atomic_store(&place->released_count, 0);
	for (uint32_t i = 0; i < task_count; i++) {
		struct nw_flow_task *task = place->first_task + i;

		if ((nwi_flow_state_word(task) & NWI_FLOW_DRAFT) != 0)
			continue;
		begun_count++;
		nwi_flow_set_state(task, NW_DAG_PENDING, NW_DAG_NO_REASON);
		/* relaxed: not shared yet, no helper runs. */
		atomic_store_explicit(&task->waiting, task->due, memory_order_relaxed);
		if (task->due == 0)
			offer_source(flow, task);
	}
	return begun_count;
}

static uint64_t ended_count(const struct nw_flow *flow)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i <= flow->worker_count; i++)
		for (int j = 0; j < 3; j++)
			n += nwi_flow_read(&flow->places[i].ended_count[j]);
	return n;
}

static uint64_t total_count(const struct nw_flow *flow)
{
	uint64_t n = nwi_flow_read(&flow->run_count);

	for (uint32_t i = 0; i <= flow->worker_count; i++)
		n += nwi_flow_read(&flow->places[i].released_count);
	return n;
}

static uint32_t helper_count(const struct nw_flow *flow)
{
	return atomic_load(&flow->helpers);
}

/* Until the last has let go of its job. */
static void wait_for_helpers(struct nw_flow *flow)
{
	int rc = nw_group_wait(&flow->group);

	assert(rc == 0); /* we are no worker: nw_flow_run() made sure */
	(void)rc;
}

/* No helper, no work, nothing that waits for time: whether that stays so. */
static bool is_stalled(struct nw_flow *flow)
{
	wait_for_helpers(flow);
	return helper_count(flow) == 0 && !nwi_flow_has_work(flow) &&
	       atomic_load(&flow->due_ns) == UINT64_MAX && ended_count(flow) != total_count(flow);
}

/* Nobody helps. 0: look again; 1: it is over; negative: it cannot go on. */
static int look_at_quiet(struct nw_flow *flow)
{
	if (ended_count(flow) == total_count(flow))
		return 1;
	if (nwi_flow_has_work(flow))
		return nwi_flow_call(flow, NW_SCHED_ANY_NODE);
	if (atomic_load(&flow->due_ns) == UINT64_MAX && is_stalled(flow))
		return -ELOOP;
	return 0;
}

static int wait(struct nw_flow *flow)
{
	for (;;) {
		nw_event_key key = nw_event_prepare(&flow->event);
		uint64_t due_ns = atomic_load(&flow->due_ns), now_ns = nwi_clock_ns();
		bool is_quiet = helper_count(flow) == 0;
		int rc = is_quiet ? look_at_quiet(flow) : 0;

		if (rc != 0 || due_ns <= now_ns || (is_quiet && due_ns == UINT64_MAX)) {
			nw_event_cancel(&flow->event);
			if (rc != 0)
				return rc == 1 ? 0 : rc;
			if (due_ns <= now_ns)
				nwi_flow_drive_outside(flow);
			continue;
		}
		(void)nw_event_wait(&flow->event, key, 0,
				    due_ns == UINT64_MAX ? 0 : due_ns - now_ns);
	}
}

/* What was offered and will not run in this run. */
static void clean_up(struct nw_flow *flow)
{
	for (uint32_t i = 0; i <= flow->node_count; i++)
		(void)nwi_flow_list_take(&flow->inboxes[i]);
	for (uint32_t i = 0; i <= flow->worker_count; i++)
		nwi_flow_empty(&flow->places[i]);
	(void)nwi_flow_list_take(&flow->events);
	nwi_flow_forget_demands(flow);
}

int nw_flow_run(struct nw_flow *flow, struct nw_diag *reterr_diag)
{
	int rc = nw_group_wait(&flow->group);
	uint64_t begun_count = 0;

	if (rc != 0) {
		nwi_diag_set(reterr_diag,
			     "a worker cannot wait for a graph: it would have to run it");
		return rc;
	}
	flow->is_running = true;
	atomic_fetch_add(&flow->version, 1);
	atomic_store(&flow->is_cancelled, 0);
	for (uint32_t i = 0; i <= flow->worker_count; i++)
		begun_count += begin_place(flow, &flow->places[i]);
	atomic_store(&flow->run_count, begun_count);
	atomic_fetch_add(&flow->version, 1);
	rc = nwi_flow_prepare(flow);
	if (rc == 0)
		rc = wait(flow);
	wait_for_helpers(flow);
	flow->is_running = false;
	if (rc == -ELOOP)
		nwi_flow_explain(flow, reterr_diag);
	else if (rc != 0)
		nwi_diag_set(reterr_diag, "the scheduler takes no job: %s", strerror(-rc));
	if (rc != 0)
		clean_up(flow);
	return rc;
}

void nw_flow_cancel(struct nw_flow *flow)
{
	atomic_store(&flow->is_cancelled, 1);
	nwi_flow_nudge(flow);
}

void nw_flow_counts(const struct nw_flow *flow, struct nw_flow_counts *ret_counts)
{
	*ret_counts = (struct nw_flow_counts){
		.task_count = total_count(flow),
		.decide_count = nwi_flow_read(&flow->decide_count),
		.retry_count = nwi_flow_read(&flow->retry_count),
	};
	for (uint32_t i = 0; i <= flow->worker_count; i++) {
		const struct nwi_place *place = &flow->places[i];

		ret_counts->completed_count += nwi_flow_read(&place->ended_count[0]);
		ret_counts->failed_count += nwi_flow_read(&place->ended_count[1]);
		ret_counts->cancelled_count += nwi_flow_read(&place->ended_count[2]);
		ret_counts->steal_count += nwi_flow_read(&place->steal_count);
	}
}
