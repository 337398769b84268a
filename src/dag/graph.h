/* SPDX-License-Identifier: MIT */
/*
 * What a task graph is made of, for the files of this folder.
 *
 * Two kinds of readers: the driver, one thread at a time, reads and writes everything; pictures,
 * any thread inside an RCU section, read what is marked so: atomics, and what is constant once a
 * task is published. The driver stores those with release and pictures load them with acquire, so
 * that a state is never newer than what led to it.
 *
 * Invariant: version is odd while the driver changes what pictures see. A published task lies in
 * slots until it is forgotten; edge lists and slots are replaced by larger ones and retired, never
 * moved under a reader. Ids on edges may be stale; whoever follows one looks whether the slot still
 * has that id.
 */
#ifndef NWI_DAG_GRAPH_H
#define NWI_DAG_GRAPH_H

#include "dag/admit.h"
#include "dag/names.h"
#include "dag/timers.h"

#include <nw/dag.h>

#include <stdatomic.h>
#include <stddef.h>

/* Successors. Entries below count are constant; only the end grows. */
struct nwi_edges {
	struct nw_rcu_head rcu;
	uint32_t capacity;
	uint32_t draft_count;   /* the driver's: with those of the batch */
	_Atomic uint32_t count; /* committed: what pictures see */
	uint64_t ids[];
};

struct nwi_dag_task {
	struct nwi_named named; /* first: found by name */
	struct nwi_ticket ticket;
	struct nwi_timer timer; /* RUNNING: its time-out; READY: its next try */
	struct nw_rcu_head rcu;

	/* Constant once published. */
	uint64_t id;
	uint64_t cost_ns, timeout_ns, retry_wait_ns, retry_wait_max_ns;
	uint32_t retry_max;
	uint32_t cap_rights;
	nw_cap cap;
	bool is_done;
	void *user;

	/* The driver's. */
	struct nwi_dag_task *batch_next, *stop_next, *work_next;
	char **deps; /* of a draft: names, to be found at the commit */
	uint32_t dep_count;
	uint32_t batch_refs; /* links of the batch that begin here */
	uint32_t waiting_count;
	uint32_t pred_count, pred_draft_count, pred_capacity;
	uint64_t *preds;
	const struct nw_cap_entry *held; /* RUNNING: its capability, if it names one */
	enum nw_dag_reason stop_reason;  /* RUNNING: why it is to be stopped */
	bool is_draft;
	bool is_forgotten;   /* but its ticket is still inside the order */
	bool is_queued;      /* in a list by work_next */
	bool is_stop_queued; /* in the list by stop_next */

	/* The driver's, of one search: see check.c. */
	uint64_t mark;
	uint32_t edge_idx;
	struct nwi_dag_task *parent, *finished_next;
	uint64_t new_path_ns;

	/* The driver's to write, pictures read. */
	_Atomic uint32_t state; /* enum nw_dag_state, reason in bits 8.. */
	_Atomic uint32_t attempt, node_idx;
	_Atomic uint64_t cause, path_ns, ready_ns, start_ns, end_ns;
	_Atomic(struct nwi_edges *) edges;

	char name[]; /* constant */
};

/* Where pictures find tasks. */
struct nwi_slots {
	struct nw_rcu_head rcu;
	uint32_t capacity;
	_Atomic(struct nwi_dag_task *) tasks[];
};

/* The driver's view of a slot. */
struct nwi_slot {
	struct nwi_dag_task *task; /* drafts too; NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct nwi_link {
	uint64_t before, after;
};

struct nw_dag {
	struct nwi_admit admit;
	struct nwi_names names;
	struct nwi_timers timers;
	struct nw_caps *caps; /* borrowed; NULL: no task may name a capability */
	struct nw_rcu *rcu;
	struct nw_rcu_thread *self; /* the driver's handle */
	bool owns_rcu;

	struct nwi_slot *slots;
	uint32_t slot_count, slot_capacity; /* ever used; room for */
	uint32_t free_slot;                 /* UINT32_MAX: none */

	struct nwi_dag_task *batch_first, *batch_last;
	uint32_t batch_count;
	struct nwi_link *links; /* of the batch, by nw_dag_link(); then, in a commit, all */
	size_t link_count, link_capacity;

	struct nwi_dag_task *stop_first, *stop_last; /* running, to be stopped */
	uint64_t epoch;                              /* of the searches' marks */
	uint64_t live_count;                         /* not in a final state */

	/* Written by the driver, read by pictures and counts. */
	_Atomic uint64_t version;
	_Atomic(struct nwi_slots *) published;
	_Atomic uint32_t published_count; /* slots below that were used */
	_Atomic uint64_t state_count[NW_DAG_STATE_COUNT];
	_Atomic uint64_t started_count, retry_count, timeout_count;
};

/* What pictures read: any field of a task or of the graph that the driver changes. */
static inline void nwi_dag_set32(_Atomic uint32_t *field, uint32_t value)
{
	/* [dag_set32.field] release, pairs with [picture32.field]: the version, and what led to it.
	 */
	atomic_store_explicit(field, value, memory_order_release);
}

static inline void nwi_dag_set64(_Atomic uint64_t *field, uint64_t value)
{
	/* [dag_set64.field] release, pairs with [picture64.field]: the version, and what led to it.
	 */
	atomic_store_explicit(field, value, memory_order_release);
}

/* The driver reads what it wrote. */
static inline uint32_t nwi_dag_own32(const _Atomic uint32_t *field)
{
	/* relaxed: sole writer. */
	return atomic_load_explicit(field, memory_order_relaxed);
}

static inline uint64_t nwi_dag_own64(const _Atomic uint64_t *field)
{
	/* relaxed: sole writer. */
	return atomic_load_explicit(field, memory_order_relaxed);
}

static inline struct nwi_edges *nwi_dag_own_edges(const struct nwi_dag_task *task)
{
	/* relaxed: sole writer. */
	return atomic_load_explicit(&task->edges, memory_order_relaxed);
}

static inline enum nw_dag_state nwi_dag_state_of(const struct nwi_dag_task *task)
{
	return (enum nw_dag_state)(nwi_dag_own32(&task->state) & 0xff);
}

static inline bool nwi_dag_is_final(enum nw_dag_state state)
{
	return state >= NW_DAG_COMPLETED;
}

static inline uint32_t nwi_dag_slot_of(uint64_t id)
{
	return (uint32_t)id - 1;
}

/* graph.c */
/* The task of an id, drafts too; NULL: none, or forgotten. */
struct nwi_dag_task *nwi_dag_task_of(const struct nw_dag *dag, uint64_t id);
/* Every change that pictures see lies between the two. They do not nest. */
void nwi_dag_change_begin(struct nw_dag *dag);
void nwi_dag_change_end(struct nw_dag *dag);
/* Room for so many more successors; and for predecessors. 0 or -ENOMEM. */
int nwi_dag_reserve_edges(struct nw_dag *dag, struct nwi_dag_task *task, uint32_t more);
int nwi_dag_reserve_preds(struct nwi_dag_task *task, uint32_t more);
/* A free slot, the driver's part only; UINT32_MAX: no memory. And back, its ids are stale. */
uint32_t nwi_dag_take_slot(struct nw_dag *dag);
void nwi_dag_free_slot(struct nw_dag *dag, uint32_t slot);
/* Pictures' part of all slots that are taken. 0 or -ENOMEM. */
int nwi_dag_reserve_slots(struct nw_dag *dag);
/* The names it waits for, once they are found. */
void nwi_dag_forget_deps(struct nwi_dag_task *task);
void nwi_dag_task_free(struct nwi_dag_task *task);
/* Retire a task that is in no table any more. */
void nwi_dag_task_retire(struct nw_dag *dag, struct nwi_dag_task *task);

/* check.c */
/*
 * Look for a cycle that the batch's edges close, from every link's end and every draft; where there
 * is none, each task that was met has its longest way to the end in new_path_ns, and *ret_finished
 * lists them. 0 or -ELOOP.
 */
int nwi_dag_check(struct nw_dag *dag, struct nwi_dag_task **ret_finished,
		  struct nw_diag *reterr_diag);
/* Take over the new paths, and lengthen those of the tasks before. */
void nwi_dag_update_paths(struct nw_dag *dag, struct nwi_dag_task *finished);

/* step.c */
/* A published task that is PENDING: how many tasks it waits for; makes it READY or CANCELLED. */
void nwi_dag_settle(struct nw_dag *dag, struct nwi_dag_task *task, uint64_t now_ns);
/* First state of a task that becomes published. */
void nwi_dag_enter(struct nw_dag *dag, struct nwi_dag_task *task, enum nw_dag_state state,
		   uint64_t now_ns);
/* Take a task in a final state out of the counts. */
void nwi_dag_leave(struct nw_dag *dag, struct nwi_dag_task *task);

#endif /* NWI_DAG_GRAPH_H */
