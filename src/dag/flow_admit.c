/* SPDX-License-Identifier: MIT */
/*
 * Tasks of a flow that ask for resources, tries or time: one *driver* at a time feeds what happened
 * to the admission and starts what fits.
 *
 * Whoever has an event puts it on the list and tries to become the driver. If there is one already
 * it goes on with its own work: the driver looks at the list again after it has laid down its
 * role, so no event is left behind (sequentially consistent on both sides). So nobody waits for the
 * driver, and the lines of the admission stay with one worker while there is much to decide.
 *
 * Invariant: a demand is in one of: the list of events, the order of admission, the timers, or with
 * the worker that runs its task.
 */
#include "dag/flow.h"

#include "base/clock.h"
#include "base/diag.h"
#include "dag/flow_state.h"
#include "dag/options.h"
#include "os/thread.h"

#include <errno.h>

static struct nwi_flow_demand *demand_of_timer(struct nwi_timer *timer)
{
	return (struct nwi_flow_demand *)((char *)timer - offsetof(struct nwi_flow_demand, timer));
}

static struct nwi_flow_demand *demand_of_ticket(struct nwi_ticket *ticket)
{
	return (struct nwi_flow_demand *)(void *)ticket; /* its first member */
}

/* ---- demands ---- */

static const char *refuse(const struct nw_flow *flow, const struct nw_flow_task *task,
			  const struct nw_dag_spec *spec)
{
	if (!flow->has_admission)
		return "the flow was made without admission";
	if (nwi_flow_extra(task) && nwi_flow_extra(task)->demand)
		return "it has demands already";
	return nwi_options_refuse_spec(&flow->admit, flow->caps, spec);
}

static void fill(struct nwi_flow_demand *demand, struct nw_flow_task *task,
		 const struct nw_dag_spec *spec)
{
	nwi_options_ticket(&demand->ticket, spec);
	demand->ticket.item.path = spec->cost_ns;
	demand->task = task;
	demand->timeout_ns = spec->timeout_ns;
	demand->deadline_ns = UINT64_MAX;
	demand->retry_wait_ns = spec->retry_wait_ns;
	demand->retry_wait_max_ns = nwi_options_retry_max_ns(spec);
	demand->retry_max = spec->retry_max;
	demand->cap = spec->cap;
	demand->cap_rights = spec->cap_rights;
}

int nw_flow_demand(struct nw_flow *flow, struct nw_flow_task *task, const struct nw_dag_spec *spec,
		   struct nw_diag *reterr_diag)
{
	const char *why = refuse(flow, task, spec), *name;
	struct nwi_flow_extra *extra;
	struct nwi_flow_demand *demand;

	name = nwi_flow_extra(task) && nwi_flow_extra(task)->name ? nwi_flow_extra(task)->name
								  : "?";
	if (why) {
		nwi_diag_set(reterr_diag, "task \"%.100s\": %s", name, why);
		return -EINVAL;
	}
	extra = nwi_flow_extra_of(flow, task);
	demand = nwi_flow_piece(nwi_flow_home_of(flow, task), sizeof(*demand));
	if (!extra || !demand) {
		nwi_diag_set(reterr_diag, "task \"%.100s\": no memory", name);
		return -ENOMEM;
	}
	fill(demand, task, spec);
	if (!nwi_admit_fits_ever(&flow->admit, &demand->ticket, name, reterr_diag))
		return -ENOSPC;
	extra->demand = demand;
	/* relaxed: not shared yet, the task was not let go. */
	atomic_fetch_or_explicit(&task->state, NWI_FLOW_DEMANDING, memory_order_relaxed);
	return 0;
}

/* ---- what the driver does ---- */

static void offer(struct nw_flow *flow, struct nwi_flow_demand *demand)
{
	nwi_admit_put(&flow->admit, &demand->ticket);
}

static void on_ready(struct nw_flow *flow, struct nwi_place *place, struct nwi_flow_demand *demand)
{
	demand->attempt = 0;
	if (nwi_flow_is_cancelled(flow))
		nwi_flow_end(place, demand->task, NW_DAG_CANCELLED, NW_DAG_WISH);
	else
		offer(flow, demand);
}

static void give_back(struct nw_flow *flow, struct nwi_flow_demand *demand)
{
	nwi_admit_give(&flow->admit, &demand->ticket, demand->node_idx);
	if (demand->held)
		nw_caps_drop(flow->caps, demand->held);
	demand->held = NULL;
}

/* False: no memory for a timer. */
static bool wait_for(struct nw_flow *flow, struct nwi_flow_demand *demand, uint64_t at_ns)
{
	if (nwi_timers_reserve(&flow->timers, flow->timers.count + 1) != 0)
		return false;
	nwi_timers_set(&flow->timers, &demand->timer, at_ns);
	return true;
}

static void retry(struct nw_flow *flow, struct nwi_flow_demand *demand, uint64_t now_ns)
{
	uint64_t wait_ns = nwi_options_retry_wait_ns(demand->retry_wait_ns,
						     demand->retry_wait_max_ns, demand->attempt);

	nwi_flow_set_state(demand->task, NW_DAG_READY, NW_DAG_NO_REASON);
	if (wait_ns == 0 || !wait_for(flow, demand, nwi_ns_add(now_ns, wait_ns)))
		offer(flow, demand); /* without memory the wait is left out */
}

static void on_ended(struct nw_flow *flow, struct nwi_place *place, struct nwi_flow_demand *demand,
		     uint64_t now_ns)
{
	give_back(flow, demand);
	if (demand->result == 0)
		return;
	if (nwi_flow_is_cancelled(flow))
		nwi_flow_end(place, demand->task, NW_DAG_CANCELLED, NW_DAG_WISH);
	else if (demand->attempt <= demand->retry_max)
		retry(flow, demand, now_ns);
	else
		nwi_flow_end(place, demand->task, NW_DAG_FAILED,
			     demand->deadline_ns <= now_ns ? NW_DAG_TIMEOUT : NW_DAG_RESULT);
}

/* Events come last in, first out: turn them round. */
static struct nw_flow_task *take_events(struct nw_flow *flow)
{
	struct nw_flow_task *task = nwi_flow_list_take(&flow->events), *turned = NULL;

	while (task) {
		struct nw_flow_task *next = task->next;

		task->next = turned;
		turned = task;
		task = next;
	}
	return turned;
}

static void take_in(struct nw_flow *flow, struct nwi_place *place, uint64_t now_ns)
{
	struct nw_flow_task *task = take_events(flow);

	while (task) {
		struct nw_flow_task *next = task->next; /* before it may be in another list */
		struct nwi_flow_demand *demand = nwi_flow_extra(task)->demand;

		if (demand->event == NWI_FLOW_READY)
			on_ready(flow, place, demand);
		else
			on_ended(flow, place, demand, now_ns);
		task = next;
	}
}

static void ring_timers(struct nw_flow *flow, uint64_t now_ns)
{
	struct nwi_timer *timer;

	while ((timer = nwi_timers_first(&flow->timers)) != NULL && timer->at_ns <= now_ns) {
		nwi_timers_unset(&flow->timers, timer);
		offer(flow, demand_of_timer(timer));
	}
}

/* A try begins: into the driver's place, or to the node it was admitted for. */
static void begin(struct nw_flow *flow, struct nwi_place *place, struct nwi_flow_demand *demand,
		  uint32_t node_idx, uint64_t now_ns)
{
	bool is_elsewhere = flow->admit.node_count > 1 && node_idx < flow->node_count &&
			    node_idx != place->node_idx;

	demand->node_idx = node_idx;
	demand->attempt++;
	demand->deadline_ns = demand->timeout_ns > 0 ? nwi_ns_add(now_ns, demand->timeout_ns)
						     : UINT64_MAX;
	nwi_flow_count(&flow->decide_count);
	if (demand->attempt > 1)
		nwi_flow_count(&flow->retry_count);
	if (is_elsewhere)
		nwi_flow_mail(flow, node_idx, demand->task);
	else
		nwi_flow_put(place, demand->task);
}

static bool has_right(struct nw_flow *flow, struct nwi_flow_demand *demand)
{
	if (demand->cap.value == 0)
		return true;
	demand->held = nw_caps_hold(flow->caps, demand->cap, demand->cap_rights);
	return demand->held != NULL;
}

static void start_what_fits(struct nw_flow *flow, struct nwi_place *place, uint64_t now_ns)
{
	struct nwi_ticket *ticket;
	uint32_t node_idx;

	while ((ticket = nwi_admit_get(&flow->admit, now_ns, &node_idx)) != NULL) {
		struct nwi_flow_demand *demand = demand_of_ticket(ticket);

		if (has_right(flow, demand)) {
			begin(flow, place, demand, node_idx, now_ns);
		} else {
			nwi_admit_give(&flow->admit, ticket, node_idx);
			nwi_flow_end(place, demand->task, NW_DAG_FAILED, NW_DAG_RIGHT);
		}
	}
}

/* The graph was cancelled: nothing waits any more. */
static void cancel_waiting(struct nw_flow *flow, struct nwi_place *place)
{
	struct nwi_ticket *ticket;
	struct nwi_timer *timer;

	while ((timer = nwi_timers_first(&flow->timers)) != NULL) {
		nwi_timers_unset(&flow->timers, timer);
		nwi_flow_end(place, demand_of_timer(timer)->task, NW_DAG_CANCELLED, NW_DAG_WISH);
	}
	while ((ticket = nwi_admit_drain(&flow->admit)) != NULL)
		nwi_flow_end(place, demand_of_ticket(ticket)->task, NW_DAG_CANCELLED, NW_DAG_WISH);
}

static void set_due(struct nw_flow *flow)
{
	const struct nwi_timer *timer = nwi_timers_first(&flow->timers);
	uint64_t due_ns = nwi_admit_token_ns(&flow->admit), old_ns = atomic_load(&flow->due_ns);

	if (timer && timer->at_ns < due_ns)
		due_ns = timer->at_ns;
	atomic_store(&flow->due_ns, due_ns);
	if (due_ns < old_ns)
		nw_event_notify_all(&flow->event);
}

static void drive(struct nw_flow *flow, struct nwi_place *place)
{
	do {
		uint64_t now_ns;

		if (atomic_exchange(&flow->driving, 1) != 0)
			return; /* whoever drives looks again */
		atomic_store(&flow->has_nudge, 0);
		now_ns = nwi_clock_ns();
		take_in(flow, place, now_ns);
		ring_timers(flow, now_ns);
		if (atomic_load(&flow->is_cancelled))
			cancel_waiting(flow, place);
		start_what_fits(flow, place, now_ns);
		set_due(flow);
		atomic_store(&flow->driving, 0);
	} while (atomic_load(&flow->events.first) || atomic_load(&flow->has_nudge));
}

/* What became ready by the driver's ends may be in the bypass, which nobody is about to look at. */
static void drive_and_put(struct nw_flow *flow, struct nwi_place *place)
{
	struct nw_flow_task *next;

	drive(flow, place);
	next = place->next_task;
	place->next_task = NULL;
	if (next)
		nwi_flow_put(place, next);
}

void nwi_flow_deliver(struct nw_flow *flow, struct nwi_place *place, struct nw_flow_task *task)
{
	nwi_flow_list_push(&flow->events, task);
	drive_and_put(flow, place);
}

void nwi_flow_withdraw(struct nwi_place *place, struct nw_flow_task *task)
{
	struct nwi_flow_demand *demand = nwi_flow_extra(task)->demand;

	nwi_flow_end(place, task, NW_DAG_CANCELLED, NW_DAG_WISH);
	demand->event = NWI_FLOW_ENDED;
	demand->result = 0;
	nwi_flow_deliver(place->flow, place, task);
}

void nwi_flow_drive_outside(struct nw_flow *flow)
{
	drive_and_put(flow, &flow->places[flow->worker_count]);
}

int nwi_flow_prepare(struct nw_flow *flow)
{
	if (flow->has_admission)
		nwi_flow_drive_outside(flow);
	return nwi_flow_has_work(flow) ? nwi_flow_call(flow, NW_SCHED_ANY_NODE) : 0;
}

void nwi_flow_nudge(struct nw_flow *flow)
{
	if (flow->has_admission) {
		atomic_store(&flow->has_nudge, 1);
		atomic_store(&flow->due_ns, 0);
	}
	nw_event_notify_all(&flow->event);
}

void nwi_flow_forget_demands(struct nw_flow *flow)
{
	struct nwi_timer *timer;

	while ((timer = nwi_timers_first(&flow->timers)) != NULL)
		nwi_timers_unset(&flow->timers, timer);
	while (flow->has_admission && nwi_admit_drain(&flow->admit))
		;
	atomic_store(&flow->due_ns, UINT64_MAX);
}
