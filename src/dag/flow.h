/* SPDX-License-Identifier: MIT */
/*
 * Graphs of functions on the scheduler: what the files flow*.c and place.c share.
 *
 * Shape. A task is one cache line: a count of arrivals still due, what to run, its successors. A
 * *helper* is a job of the scheduler that runs tasks as long as there are any; at most one a
 * worker. It has a *place*: a deque of ready tasks. A task that needs admission, or likes another
 * node, is handed over by a list without a lock.
 *
 * Roles. The owner of a place (the helper on that worker) pushes and pops at one end, a thief takes
 * half at the other. Both under the place's lock, which is biased: the owner announces itself by a
 * plain store and a compiler fence; a thief asks for it and has the kernel make every CPU pass a
 * fence, then waits until the owner is out. So the owner pays for no fence, and a task that lies in
 * a place while its owner runs a long one can still be taken.
 *
 * Invariant (arrivals). `waiting` counts the predecessors that have not arrived, and one more while
 * the task is a draft. Whoever makes it 0 (or finds it 1 and is the one) has the task alone and
 * hands it on. A task is handed on once in a run: into a place, a list, or to the worker's next
 * turn.
 *
 * Invariant (end). `helpers` counts helpers that are queued or run. Work is made by helpers only,
 * and by the waiter; a helper leaves only after it found no work, and looks once more when it is
 * not counted any more. So when the count is 0 and the waiter sees tasks that have not ended, they
 * wait for time (a retry, a token), or for each other.
 */
#ifndef NWI_DAG_FLOW_H
#define NWI_DAG_FLOW_H

#include "base/prng.h"
#include "dag/admit.h"
#include "dag/timers.h"

#include <nw/arena.h>
#include <nw/event.h>
#include <nw/flow.h>

#include <stdalign.h>
#include <stdatomic.h>

struct nwi_place;

/* More than two successors. The array is replaced by a larger one; the old one stays readable. */
struct nwi_flow_edges {
	uint32_t capacity;
	struct nw_flow_task *tasks[];
};

enum nwi_flow_event { NWI_FLOW_READY, NWI_FLOW_ENDED };

/* A task under admission. The driver's, but for what the task's worker hands over with an event. */
struct nwi_flow_demand {
	struct nwi_ticket ticket; /* first */
	struct nwi_timer timer;
	struct nw_flow_task *task;
	enum nwi_flow_event event; /* what the next delivery says */
	int result;                /* ENDED */
	uint64_t timeout_ns, deadline_ns;
	uint64_t retry_wait_ns, retry_wait_max_ns;
	uint32_t retry_max, attempt;
	uint32_t node_idx; /* of this try */
	uint32_t cap_rights;
	nw_cap cap;
	const struct nw_cap_entry *held;
};

/* What few tasks have. */
struct nwi_flow_extra {
	_Atomic(struct nwi_flow_edges *) more;
	const char *name;               /* constant once it was released, as the others */
	struct nwi_flow_demand *demand; /* NULL: none */
	uint32_t hint;                  /* node, or UINT32_MAX */
};

enum {
	NWI_FLOW_INLINE_EDGES = 2,
	/* state: enum nw_dag_state, reason in bits 8..15, and */
	NWI_FLOW_DRAFT = 1 << 16,
	NWI_FLOW_OPEN = 1 << 17,
	NWI_FLOW_LOCKED = 1 << 18,    /* of an open one: its successors are being added or walked */
	NWI_FLOW_DEMANDING = 1 << 19, /* it has a demand */
	/* place: which one added it, in bits 20..; 4094 workers at most */
	NWI_FLOW_PLACE_SHIFT = 20,
};
#define NWI_FLOW_POISON (UINT32_C(1) << 31) /* in waiting: a predecessor did not complete */

struct nw_flow_task {
	alignas(64) _Atomic uint32_t waiting;
	_Atomic uint32_t state;
	nw_flow_fn *fn;
	void *arg;
	struct nw_flow_task *next; /* in one list at a time */
	_Atomic(struct nwi_flow_extra *) extra;
	uint32_t due; /* predecessors: waiting, when a run begins */
	_Atomic uint32_t edge_count;
	struct nw_flow_task *successors[NWI_FLOW_INLINE_EDGES];
};

/* A stack that any thread pushes to and somebody takes whole. */
struct nwi_flow_list {
	alignas(NW_CACHE_PAIR) _Atomic(struct nw_flow_task *) first;
};

struct nwi_place {
	/* The owner's, and a thief's under the lock. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t owner_in;
	_Atomic uint32_t count; /* of tasks inside: a hint for thieves */
	struct nw_flow_task **slots;
	uint32_t capacity;   /* power of two */
	uint32_t head, tail; /* thieves take at head, the owner at tail */

	/* The owner's. */
	struct nw_flow *flow;
	struct nw_flow_task *next_task; /* the bypass */
	struct nw_arena *tasks, *pieces;
	struct nw_flow_task *first_task; /* of the arena, the others follow */
	struct nwi_prng prng;
	uint32_t place_idx, node_idx;
	/* Written by the owner, read by whoever adds up. */
	_Atomic uint64_t released_count; /* tasks that nw_flow_release() let go, ever */
	_Atomic uint32_t task_count;     /* tasks in the arena that pictures may see */
	_Atomic uint64_t ended_count[3]; /* COMPLETED, FAILED, CANCELLED */
	_Atomic uint64_t steal_count;

	/* Thieves'. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t thief_in;
};

struct nwi_flow_helper {
	struct nw_job job; /* first */
	struct nw_flow *flow;
	_Atomic uint32_t is_used;
};

struct nw_flow {
	struct nw_mem memory; /* this, and the arrays below */
	struct nw_sched *sched;
	uint32_t worker_count, node_count, task_max;
	int fence_reason;              /* see reclaim/asym.h */
	struct nwi_place *places;      /* [worker_count + 1], the last the builder's */
	struct nwi_flow_helper *slots; /* [slot_count] */
	uint32_t slot_count;
	_Atomic uint64_t version;      /* odd while a run begins */
	_Atomic uint64_t run_count;    /* tasks of this run, those released meanwhile aside */
	struct nwi_flow_list *inboxes; /* [node_count + 1], the last for any node */
	struct nw_group group;         /* of helpers */
	bool is_running;

	/* Read by all at every task, written seldom. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t is_cancelled;
	_Atomic uint32_t helpers; /* queued or running; bit 31: one is queued */

	alignas(NW_CACHE_PAIR) struct nw_event event; /* of the waiter */

	/* Admission: the driver's, but for events and driving. */
	struct nwi_flow_list events;
	alignas(NW_CACHE_PAIR) _Atomic uint32_t driving;
	_Atomic uint64_t due_ns; /* when the driver wants to be called; UINT64_MAX: not by time */
	_Atomic uint64_t decide_count, retry_count;
	bool has_admission;
	struct nwi_admit admit;
	struct nwi_timers timers;
	struct nw_caps *caps;
	uint32_t demand_max;        /* tasks that may be under admission at once: room for timers */
	_Atomic uint32_t has_nudge; /* look again: the graph was cancelled */
};

#define NWI_FLOW_CALLING (UINT32_C(1) << 31)

/* NULL: the task has none. */
static inline struct nwi_flow_extra *nwi_flow_extra(const struct nw_flow_task *task)
{
	/* [flow_extra.get] acquire, pairs with [flow_extra.set]: what is in it. */
	return atomic_load_explicit(&task->extra, memory_order_acquire);
}

/* i < edge_count, which was loaded with acquire. */
static inline struct nw_flow_task *nwi_flow_successor(const struct nw_flow_task *task, uint32_t i)
{
	if (i < NWI_FLOW_INLINE_EDGES)
		return task->successors[i];
	/* [flow_more.get] acquire, pairs with [flow_more.set]: the array. */
	return atomic_load_explicit(&nwi_flow_extra(task)->more, memory_order_acquire)
		->tasks[i - NWI_FLOW_INLINE_EDGES];
}

static inline void nwi_flow_count_more(_Atomic uint64_t *count, uint64_t more)
{
	/* relaxed: sole writer. */
	uint64_t n = atomic_load_explicit(count, memory_order_relaxed);

	/* relaxed: a count; `helpers` orders it before the waiter's look. */
	atomic_store_explicit(count, n + more, memory_order_relaxed);
}

static inline void nwi_flow_count(_Atomic uint64_t *count)
{
	nwi_flow_count_more(count, 1);
}

static inline uint64_t nwi_flow_read(const _Atomic uint64_t *count)
{
	/* relaxed: a statistic. */
	return atomic_load_explicit(count, memory_order_relaxed);
}

/* flow.c */
/* The place's arena for all but tasks, made at the first use; NULL: no memory. The owner. */
struct nw_arena *nwi_flow_pieces(struct nwi_place *place);
void *nwi_flow_piece(struct nwi_place *place, size_t n_bytes);
/* Everything about how a task ended but its resources; hands on what became ready. */
void nwi_flow_end(struct nwi_place *place, struct nw_flow_task *task, enum nw_dag_state state,
		  enum nw_dag_reason reason);
/* Number of tasks that the place added; they lie in a row from first_task on. */
uint32_t nwi_flow_task_count(const struct nwi_place *place);
/* Made at the first use, in the task's home; NULL: no memory. */
struct nwi_flow_extra *nwi_flow_extra_of(struct nw_flow *flow, struct nw_flow_task *task);
/* The place that added it. */
struct nwi_place *nwi_flow_home_of(struct nw_flow *flow, const struct nw_flow_task *task);
bool nwi_flow_is_cancelled(const struct nw_flow *flow);

/* flow_run.c */
/* What a helper's job runs. */
void nwi_flow_help(struct nw_here here, struct nw_job *job);
/* A predecessor has ended. True: it was the last, the task is the caller's. */
bool nwi_flow_arrive(struct nw_flow_task *task);
/* A predecessor did not complete: before it arrives. */
void nwi_flow_poison(struct nw_flow_task *task);
/* A task that is ready and has an extra, to where it demands; false: it may run here. */
bool nwi_flow_hand_on(struct nwi_place *place, struct nw_flow_task *task);

/* flow_place.c */
/* Queue another helper if there may be work for one; node_idx: whose, or NW_SCHED_ANY_NODE. */
int nwi_flow_call(struct nw_flow *flow, uint32_t node_idx);
/* A helper that found nothing leaves; false: it stays, there is something. */
bool nwi_flow_leave(struct nw_flow *flow);
/* Into the place, where it may be stolen. The owner only. */
void nwi_flow_put(struct nwi_place *place, struct nw_flow_task *task);
/* The newest of the place, or out of an inbox, or another's; NULL: nothing was found. */
struct nw_flow_task *nwi_flow_take(struct nwi_place *place);
/* Drop what is inside. While nobody helps. */
void nwi_flow_empty(struct nwi_place *place);
/* Whether any place or inbox holds something. */
bool nwi_flow_has_work(const struct nw_flow *flow);
void nwi_flow_mail(struct nw_flow *flow, uint32_t node_idx, struct nw_flow_task *task);

void nwi_flow_list_push(struct nwi_flow_list *list, struct nw_flow_task *task);
struct nw_flow_task *nwi_flow_list_take(struct nwi_flow_list *list);

/* flow_admit.c */
/* Hand an event to the driver, and be the driver if there is none. */
void nwi_flow_deliver(struct nw_flow *flow, struct nwi_place *place, struct nw_flow_task *task);
/* By the waiter, when something is due. */
void nwi_flow_drive_outside(struct nw_flow *flow);
/* A started task is not run: the graph was cancelled. */
void nwi_flow_withdraw(struct nwi_place *place, struct nw_flow_task *task);
/* Before a run: what sources brought. 0, or as nw_sched_submit() says. */
int nwi_flow_prepare(struct nw_flow *flow);
/* After a run that did not end: nothing is held or waits any more. */
void nwi_flow_forget_demands(struct nw_flow *flow);
/* Have the driver, and the waiter, look again. Any thread. */
void nwi_flow_nudge(struct nw_flow *flow);

/* flow_cycle.c */
/* Nothing goes on: say why. */
void nwi_flow_explain(struct nw_flow *flow, struct nw_diag *reterr_diag);

#endif /* NWI_DAG_FLOW_H */
