/* SPDX-License-Identifier: MIT */
/*
 * A worker's life: own jobs first, then what the policy says, then sleep.
 *
 * nwi_worker_try() is one turn of it and never blocks, so that a simulation can drive many workers
 * from one thread; only nwi_worker_loop() sleeps.
 *
 * The end. A worker that found nothing anywhere after the stop, with no outside submitter inside
 * any more, counts itself as done and sleeps; if work wakes it, it takes itself out of the count
 * before it looks. Only running jobs make new ones, and a worker that is counted runs none and
 * holds none. So when the last counts itself, after a look everywhere that found nothing, there is
 * nothing, and nobody who could make any.
 */
#include "sched/sched.h"

#include "base/fence.h"

#include <assert.h>

/* ---- what others see of it, where the policy looks at loads ---- */

void nwi_worker_show(struct nwi_worker *worker, bool is_running)
{
	struct nwi_load is = { .amount = { 0 } };

	if (!worker->sched->reads_loads)
		return;
	is.amount[NWI_LOAD_CPU] = nw_deque_count(worker->jobs) + nwi_tasks_shown_count(worker) +
				  is_running;
	if (!nwi_load_differs_much(&worker->shown, &is))
		return;
	nwi_load_publish(&worker->sched->homes[worker->node_idx]->board, &worker->shown, &is);
	worker->shown = is;
}

static void look(struct nwi_worker *worker)
{
	struct nw_sched *sched = worker->sched;

	for (uint32_t i = 0; i < sched->home_count; i++) {
		uint32_t node_idx = sched->homes_used[i];

		nwi_load_read(&sched->homes[node_idx]->board, &worker->loads[node_idx]);
	}
}

/* ---- taking ---- */

static bool take_own(struct nwi_worker *worker, struct nw_job **ret_job)
{
	void *job;

	if (nwi_jobs_take_high(worker, ret_job))
		return true;
	if (!nw_deque_pop(worker->jobs, &job))
		return false;
	nwi_count_add(worker, NWI_COUNT_LOCAL_POPS, 1);
	*ret_job = job;
	return true;
}

static void count_steal(struct nwi_worker *worker, const struct nwi_worker *victim, uint32_t n)
{
	bool is_near = worker->node_idx == victim->node_idx;

	nwi_count_add(worker, is_near ? NWI_COUNT_SAME_NODE_STEALS : NWI_COUNT_CROSS_NODE_STEALS,
		      n);
}

static void wake_next(struct nwi_worker *worker)
{
	(void)nwi_idle_wake_one(worker->sched, worker->node_idx, false);
}

/* What was taken: a job, or a task of somebody. */
struct catch
{
	struct nw_job *job;
	struct nw_task *task;
	struct nwi_worker *victim; /* the task's */
};

static void run_catch(struct nwi_worker *worker, const struct catch *catch)
{
	nwi_worker_show(worker, true);
	if (catch->task)
		nwi_tasks_run(worker, worker->slots, catch->victim, catch->task);
	else
		nwi_job_run(worker, catch->job);
}

/* The first is caught; the others join the own deque, which is empty and has room for them. */
static void keep(struct nwi_worker *worker, void **jobs, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		bool is_kept = nw_deque_push(worker->jobs, worker->hazard, jobs[i]);

		assert(is_kept);
		(void)is_kept;
	}
	if (n > 1) {
		nwi_fence_full(); /* the pushes before the look for sleepers, see idle.c */
		wake_next(worker);
	}
}

static enum nwi_saw steal_jobs(struct nwi_worker *worker, struct nwi_worker *victim,
			       uint32_t count_max, struct catch *ret_catch)
{
	void *jobs[NWI_JOBS_BURST];
	enum nw_deque_steal why;
	uint32_t n = nw_deque_steal_half(victim->jobs, worker->hazard, jobs,
					 count_max < worker->burst ? count_max : worker->burst,
					 &why);

	if (n == 0)
		return why == NW_DEQUE_ABORT ? NWI_SAW_LOST : NWI_SAW_EMPTY;
	count_steal(worker, victim, n);
	if (nw_deque_count(victim->jobs) > 0)
		wake_next(worker);
	keep(worker, jobs, n);
	ret_catch->job = jobs[0];
	return NWI_SAW_GOT;
}

static enum nwi_saw steal(struct nwi_worker *worker, struct nwi_worker *victim, uint32_t count_max,
			  struct catch *ret_catch)
{
	enum nwi_took took;
	enum nwi_saw saw;
	bool has_more;

	if (victim == worker)
		return NWI_SAW_EMPTY;
	took = nwi_tasks_steal(victim, worker, &ret_catch->task, &has_more);
	if (took == NWI_TOOK) {
		ret_catch->victim = victim;
		count_steal(worker, victim, 1);
		if (has_more)
			wake_next(worker);
		return NWI_SAW_GOT;
	}
	saw = steal_jobs(worker, victim, count_max, ret_catch);
	return saw == NWI_SAW_EMPTY && took == NWI_TOOK_LOST ? NWI_SAW_LOST : saw;
}

static enum nwi_saw take_injected(struct nwi_worker *worker, uint32_t node_idx,
				  struct catch *ret_catch)
{
	if (!worker->sched->homes[node_idx])
		return NWI_SAW_EMPTY;
	if (nwi_jobs_take(worker, node_idx, &ret_catch->job))
		return NWI_SAW_GOT;
	if (node_idx == worker->node_idx)
		return NWI_SAW_EMPTY;
	return nwi_jobs_migrate(worker, node_idx, &ret_catch->job);
}

/* ---- a turn ---- */

static enum nwi_saw follow(struct nwi_worker *worker, const struct nwi_move *move,
			   struct catch *ret_catch)
{
	struct nw_sched *sched = worker->sched;
	bool is_far = move->node_idx != worker->node_idx;
	enum nwi_saw saw;

	if (move->kind == NWI_MOVE_LOOK) {
		look(worker);
		return NWI_SAW_LOADS;
	}
	if (move->kind == NWI_MOVE_INJECTOR)
		saw = take_injected(worker, move->node_idx, ret_catch);
	else
		saw = steal(worker, sched->workers[move->worker_idx], move->count_max, ret_catch);
	if (is_far && saw != NWI_SAW_REFUSED) { /* counted, it would raise what caused it */
		worker->tries++;
		worker->successes += saw == NWI_SAW_GOT;
	}
	return saw;
}

/* One spell of the policy: until it got something or says sleep. */
static bool search(struct nwi_worker *worker, struct catch *ret_catch)
{
	enum nwi_saw saw = NWI_SAW_START;
	struct nwi_move move;

	nwi_worker_show(worker, false);
	for (;;) {
		nwi_policy_step(&worker->policy, saw, worker->loads, &move);
		if (move.kind == NWI_MOVE_SLEEP)
			break;
		saw = follow(worker, &move, ret_catch);
		if (saw == NWI_SAW_GOT)
			return true;
	}
	(void)nwi_threshold_step(&worker->threshold, worker->tries, worker->successes);
	nwi_count_add(worker, NWI_COUNT_FAILED_ROUNDS, 1);
	return false;
}

bool nwi_worker_try(struct nwi_worker *worker)
{
	struct catch catch = { 0 };

	if (!take_own(worker, &catch.job) && !search(worker, &catch))
		return false;
	run_catch(worker, &catch);
	return true;
}

/* ---- sleep ---- */

/* A look that misses nothing: everywhere, and again where another was faster. */
static bool look_everywhere(struct nwi_worker *worker, struct catch *ret_catch)
{
	struct nw_sched *sched = worker->sched;
	enum nwi_saw saw = take_injected(worker, worker->node_idx, ret_catch);

	for (uint32_t i = 1; i < sched->worker_count && saw != NWI_SAW_GOT; i++) {
		uint32_t rank = (worker->rank + i) % sched->worker_count;

		do {
			saw = steal(worker, sched->workers[rank], 1, ret_catch);
		} while (saw == NWI_SAW_LOST);
	}
	for (uint32_t i = 0; i < sched->home_count && saw != NWI_SAW_GOT; i++) {
		do {
			saw = take_injected(worker, sched->homes_used[i], ret_catch);
		} while (saw == NWI_SAW_LOST);
	}
	return saw == NWI_SAW_GOT;
}

/* Whether only what is inside can make work: no submitter from outside, now or later. */
static bool is_closed(struct nw_sched *sched)
{
	return atomic_load(&sched->is_stopping) && atomic_load(&sched->entered_count) == 0;
}

/* Before the wait, when a look everywhere found nothing; true: this was the last one. */
static bool count_done(struct nw_sched *sched)
{
	if (atomic_fetch_add(&sched->done_count, 1) + 1 < sched->worker_count)
		return false;
	atomic_store(&sched->is_over, true);
	nwi_idle_wake_all(sched);
	return true;
}

static void leave(struct nwi_worker *worker, struct nwi_home *home, bool is_woken)
{
	if (nwi_idle_leave(worker->sched, home, is_woken))
		wake_next(worker);
}

/* False: the scheduler is over. */
static bool sleep_or_end(struct nwi_worker *worker)
{
	struct nw_sched *sched = worker->sched;
	struct nwi_home *home = sched->homes[worker->node_idx];
	nw_event_key key = nw_event_prepare(&home->event);
	struct catch catch = { 0 };
	bool was_closed;

	nwi_idle_announce(sched, home);
	was_closed = is_closed(sched); /* before the look: nothing comes from outside after it */
	if (look_everywhere(worker, &catch)) {
		nw_event_cancel(&home->event);
		leave(worker, home, false);
		run_catch(worker, &catch);
		return true;
	}
	if (was_closed && count_done(sched)) {
		nw_event_cancel(&home->event);
		leave(worker, home, false);
		return false;
	}
	nwi_count_add(worker, NWI_COUNT_SLEEPS, 1);
	(void)nw_event_wait(&home->event, key, 0, 0);
	if (was_closed && !atomic_load(&sched->is_over))
		atomic_fetch_sub(&sched->done_count, 1);
	leave(worker, home, true);
	return !atomic_load(&sched->is_over);
}

void nwi_worker_loop(struct nwi_worker *worker)
{
	uint32_t round = 0;

	for (;;) {
		if (nwi_worker_try(worker)) {
			worker->backoff.spins = round = 0;
		} else if (++round < worker->sched->spin_rounds) {
			nwi_backoff_wait(&worker->backoff);
		} else {
			round = 0;
			if (!sleep_or_end(worker))
				return;
		}
	}
}
