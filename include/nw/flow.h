/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Task graphs of C functions on the scheduler: each runs when all it depends on has returned.
 *
 *     struct nw_flow_task *a = nw_flow_add(flow, load, x), *b = nw_flow_add(flow, sum, x);
 *     nw_flow_link(flow, a, b);        b waits for a
 *     nw_flow_run(flow, &diag);        blocks until all has ended; may be called again
 *
 * A function that returns 0 has COMPLETED, another value has FAILED: what depends on it is
 * CANCELLED, and nothing else. States and reasons are those of <nw/dag.h>.
 *
 * A worker that ends a task goes on with one that waited for it; the others that became ready lie
 * in its place, where workers without work take them. A task costs no lock and no allocation, and
 * where only one predecessor is left to arrive, no atomic read-modify-write.
 *
 * nw_flow_demand() puts a task under admission: by resources, classes and orders of <nw/dag.h>,
 * with tries and a time-out. Such tasks go through one worker at a time, whoever is there; the
 * others never wait for it.
 *
 * A graph grows while it runs: a running task calls nw_flow_grow(), links, and lets the new one
 * go by nw_flow_release().
 *
 *                       build     grow, link_at, ...   picture, counts, cancel   run, destroy
 *     build               X               X                     X                     X
 *     grow, link_at ...   X               -                     -                     X
 *     picture, ...        X               -                     -                     -/X
 *     run, destroy        X               X                     -/X                   X
 *
 * build: add, link, demand, hint, open, name, clear. grow ...: with the at of a running task, on
 * tasks that this task added and has not released, and on itself. X: the caller must keep the two
 * calls from overlapping; pictures may overlap a run, not clear or destroy.
 */
#ifndef NW_FLOW_H
#define NW_FLOW_H

#include <nw/base.h>
#include <nw/dag.h>
#include <nw/diag.h>
#include <nw/sched.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A graph of functions. Opaque. */
struct nw_flow;

/** A task of it; lives until nw_flow_clear() or nw_flow_destroy(). Opaque. */
struct nw_flow_task;

/** Where a task's function runs: lent until it returns. */
struct nw_flow_at {
	struct nw_here here; /* to fork and join, see nw/task.h */
	struct nw_flow *flow;
	struct nw_flow_task *task; /* itself */
	void *place;               /* the library's */
};

/** @return 0, or any other value if it failed */
typedef int nw_flow_fn(struct nw_flow_at *at, void *arg);

/** All zero: no task has demands. */
struct nw_flow_options {
	/* Capacities, classes and order of nw_flow_demand(); borrowed for the call, but for caps;
	 * NULL: none. rcu is not used. */
	const struct nw_dag_options *admission;
	uint32_t task_max; /* that one thread may add, 1..2^26; 0: 2^22; takes 128 bytes of
			      addresses each, memory only as they are added */
};

/** What became of the tasks, since creation or the last run began. */
struct nw_flow_counts {
	uint64_t task_count; /* released, of this run */
	uint64_t completed_count, failed_count, cancelled_count;
	uint64_t steal_count;  /* times a worker took work out of another's place */
	uint64_t decide_count; /* starts that went through admission */
	uint64_t retry_count;
};

/**
 * Create an empty graph that will run on a scheduler.
 *
 * @param ret_flow     set on success, untouched on failure
 * @param sched        kept until nw_flow_destroy()
 * @param options      NULL: all zero; borrowed for the call
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL  task_max, or as nw_dag_create() says of the admission
 * @return another  as nw_mem_alloc() says
 *
 * Threads: any.
 * Owner:   the caller; release with nw_flow_destroy().
 */
NW_API int nw_flow_create(struct nw_flow **ret_flow, struct nw_sched *sched,
			  const struct nw_flow_options *options, struct nw_diag *reterr_diag)
	NW_MUST_USE;

/** Release a graph that does not run. NULL is a no-op. Threads: one, and no other call follows. */
NW_API void nw_flow_destroy(struct nw_flow *flow);

/**
 * Take all tasks out, so that another graph can be built in the memory that is there already.
 *
 * Threads: the builder, while it does not run and nobody takes pictures. All tasks end with it.
 * Cost:    no system call.
 */
NW_API void nw_flow_clear(struct nw_flow *flow);

/**
 * Add a task.
 *
 * @param fn   what it runs
 * @param arg  handed to fn as it is
 * @return the task, lent until nw_flow_clear(); NULL: task_max, or no memory
 *
 * Threads: the builder, while it does not run.
 * Cost:    64 bytes, no system call but page faults.
 */
NW_API struct nw_flow_task *nw_flow_add(struct nw_flow *flow, nw_flow_fn *fn, void *arg);

/**
 * Have one task wait for another.
 *
 * @return 0
 * @return -EINVAL  the same task, or `after` was not added by nw_flow_add() or an earlier run
 * @return -ENOMEM
 *
 * Threads: the builder, while it does not run.
 */
NW_API int nw_flow_link(struct nw_flow *flow, struct nw_flow_task *before,
			struct nw_flow_task *after) NW_MUST_USE;

/**
 * Put a task under admission: need, node, priority, class, capability, tries, time-out and cost as
 * in the spec; its other members are ignored. Once a task.
 *
 * A time-out stops no function: it asks nw_flow_is_late(), and if it then fails the reason is
 * NW_DAG_TIMEOUT.
 *
 * @return 0
 * @return -EINVAL  no admission in the options, a second time, or as nw_dag_add() says
 * @return -ENOSPC  its need can never be met, see the diagnosis
 * @return -ENOMEM
 *
 * Threads: the builder; or as nw_flow_link_at() on a task that was not released.
 */
NW_API int nw_flow_demand(struct nw_flow *flow, struct nw_flow_task *task,
			  const struct nw_dag_spec *spec, struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Name a node it would like to run on: a position in the topology. Workers of other nodes take it
 * only when they have nothing else.
 *
 * @return 0
 * @return -EINVAL  no such node
 * @return -ENOMEM
 *
 * Threads: as nw_flow_demand().
 */
NW_API int nw_flow_hint(struct nw_flow *flow, struct nw_flow_task *task, uint32_t node_idx);

/**
 * Name a task, for pictures and diagnoses.
 *
 * @param name  borrowed as long as the task lives
 * @return 0 or -ENOMEM
 *
 * Threads: as nw_flow_demand().
 */
NW_API int nw_flow_name(struct nw_flow *flow, struct nw_flow_task *task, const char *name);

/**
 * Let other tasks be linked behind this one while it runs, and after. It costs a short lock when it
 * ends.
 *
 * @return 0 or -ENOMEM
 *
 * Threads: as nw_flow_demand().
 */
NW_API int nw_flow_open(struct nw_flow *flow, struct nw_flow_task *task);

/**
 * Add a task from inside a running one. It begins after nw_flow_release(), not before.
 *
 * @param at  the caller's
 * @return the task, lent until nw_flow_clear(); NULL: task_max, or no memory
 *
 * Threads: the at's.
 */
NW_API struct nw_flow_task *nw_flow_grow(struct nw_flow_at *at, nw_flow_fn *fn, void *arg);

/**
 * Have a task that was not released yet wait for another.
 *
 * @param before  the caller itself, a task that it did not release, or one that is open
 * @param after   a task that the caller added and did not release
 * @return 0; if `before` has ended already there is nothing to wait for
 * @return -EINVAL  the same task, or `after` was released
 * @return -EBUSY   `before` was released and is not open
 * @return -ENOMEM
 *
 * Threads: the at's.
 */
NW_API int nw_flow_link_at(struct nw_flow_at *at, struct nw_flow_task *before,
			   struct nw_flow_task *after) NW_MUST_USE;

/**
 * Let a task of nw_flow_grow() go: it runs when all it waits for has ended.
 *
 * Threads: the at's, once a task.
 * Order:   what the caller did before happens before the task.
 */
NW_API void nw_flow_release(struct nw_flow_at *at, struct nw_flow_task *task);

/** Whether a task with a time-out has used it up, or the graph was cancelled. Threads: the at's. */
NW_API bool nw_flow_is_late(const struct nw_flow_at *at);

/**
 * Run all tasks, each after those it waits for, and wait until all have ended. Tasks of an earlier
 * run run again, those that were grown too.
 *
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0; also where tasks failed: nw_flow_counts()
 * @return -ELOOP    a cycle, told as a path, or a task that nobody released: what was not behind it
 *                   has run
 * @return -EDEADLK  the caller is a worker of the scheduler
 * @return another   as nw_sched_submit() says; some tasks may have run
 *
 * Threads: one at a time, not a worker of the scheduler.
 * Order:   what the caller did before happens before every task; a task happens before those that
 *          wait for it, and all before the return.
 * Progress: blocks on the tasks.
 */
NW_API int nw_flow_run(struct nw_flow *flow, struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Cancel what has not begun in the current run. What runs finds out by nw_flow_is_late().
 *
 * Threads: any.
 */
NW_API void nw_flow_cancel(struct nw_flow *flow);

/** Count. Each number is recent; after a run exact. Threads: any. */
NW_API void nw_flow_counts(const struct nw_flow *flow, struct nw_flow_counts *ret_counts);

/**
 * Take a picture of the tasks that were released, their edges and states, while they run.
 *
 * Of each struct nw_dag_info id, name ("" if it has none), state, reason, user (its arg) and edges
 * are set, and attempt: 1 if it has begun. It is a consistent cut, as <nw/dag.h> says; never told
 * to be of one instant.
 *
 * @param ret_picture  set on success, untouched on failure
 * @return 0
 * @return -EAGAIN  a run began meanwhile and took all states back
 * @return -ENOMEM
 *
 * Threads: any, while tasks run and grow; not while the builder builds.
 * Owner:   the caller; release with nw_dag_picture_destroy().
 * Progress: nobody waits for it.
 * Cost:    O(tasks and edges); allocates.
 */
NW_API int nw_flow_picture_take(const struct nw_flow *flow, struct nw_dag_picture **ret_picture)
	NW_MUST_USE;

/** State and reason of a task. Threads: any. */
NW_API enum nw_dag_state nw_flow_state(const struct nw_flow_task *task,
				       enum nw_dag_reason *ret_reason);

NW_END_DECLS

#endif /* NW_FLOW_H */
