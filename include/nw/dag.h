/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Task graphs: which task may start now, on which node, and what becomes of the others when one
 * fails. A state machine that starts nothing itself and reads no clock: an event loop asks it
 * what to do next, starts processes or threads, and tells it how they ended.
 *
 *     nw_dag_add(dag, &spec, &id, &diag); ...          any number of tasks, in any order
 *     nw_dag_commit(dag, now, &diag);                  checked as a whole, then it counts
 *     for (;;) {
 *             nw_dag_next(dag, now, &step);
 *             switch (step.kind) {
 *             case NW_DAG_START: start step.task on node step.node_idx; it is RUNNING
 *             case NW_DAG_STOP:  end step.task (a time-out, or cancelled), then report its end
 *             case NW_DAG_WAIT:  sleep until step.until_ns, or until something ends
 *             case NW_DAG_DONE:  leave
 *             }
 *             ... when a task has ended: nw_dag_ended(dag, id, is_ok, now)
 *     }
 *
 * States: PENDING (waits for other tasks), READY (waits for resources, or for its next try),
 * RUNNING, and three that are final: COMPLETED, FAILED, CANCELLED. A task that fails for good
 * cancels those that depend on it, and nothing else. Tasks may be added at any time, also while
 * others run.
 *
 * A ready task starts when its need fits, at once, into what is free of a node, of the machine
 * and of its class's quota, and the class's bucket has a token. At no moment do the tasks that run
 * need more than there is. What can never fit is refused when it is added. A task that does not
 * fit may be passed by those behind it, `pass_max` times; from then on nobody passes it.
 *
 *                    drive    picture, counts    destroy
 *     drive            X             -              X
 *     picture, counts  -             -              X
 *     destroy          X             X              X
 *
 * drive: every function that is not in another row. X: the caller must keep the two from
 * overlapping. -: any overlap is fine. The driver may change from one thread to another where
 * something else orders the two.
 *
 * Pictures are taken by any thread, in an RCU read section, while the graph runs and grows; the
 * driver never waits for them.
 */
#ifndef NW_DAG_H
#define NW_DAG_H

#include <nw/base.h>
#include <nw/caps.h>
#include <nw/diag.h>
#include <nw/rcu.h>
#include <nw/resource.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A graph and its state. Opaque. */
struct nw_dag;

/** A task, as long as it is not forgotten; never used again. 0: none. */
typedef struct nw_dag_id {
	uint64_t value;
} nw_dag_id;

/** Longest name with its zero, and most tasks at once. */
#define NW_DAG_NAME_BYTES 256u
#define NW_DAG_TASK_MAX   (1u << 26)

enum nw_dag_state {
	NW_DAG_PENDING,   /* waits for tasks it depends on */
	NW_DAG_READY,     /* waits for resources, or for the time of its next try */
	NW_DAG_RUNNING,   /* between START and nw_dag_ended() */
	NW_DAG_COMPLETED, /* final */
	NW_DAG_FAILED,    /* final: its last try failed, or ran out of time, or had no right */
	NW_DAG_CANCELLED, /* final: it will not run, or was stopped, by a wish or by a failure */
	NW_DAG_STATE_COUNT
};

/** Why a task is FAILED or CANCELLED, or why it has to be stopped. */
enum nw_dag_reason {
	NW_DAG_NO_REASON,
	NW_DAG_RESULT,     /* FAILED: nw_dag_ended() said so */
	NW_DAG_TIMEOUT,    /* FAILED: a try took longer than timeout_ns */
	NW_DAG_RIGHT,      /* FAILED: when it was to start, its capability did not allow it */
	NW_DAG_DEPENDENCY, /* CANCELLED: it depends on `cause`, which is FAILED */
	NW_DAG_WISH, /* CANCELLED: nw_dag_cancel() of it, or of `cause`, which it depends on */
	NW_DAG_REASON_COUNT
};

/** In which order ready tasks are looked at; of equals, the one that became ready first. */
enum nw_dag_order {
	NW_DAG_ORDER_PRIORITY, /* highest priority, then the longest way to the end of the graph */
	NW_DAG_ORDER_FIFO,     /* as they became ready */
	NW_DAG_ORDER_LOTTERY,  /* a class drawn with its weight */
	NW_DAG_ORDER_BEATTY, /* classes in turn by floor(k * alpha): equal shares, another order */
	NW_DAG_ORDER_STURMIAN, /* classes by their weights, never a whole slot off */
	NW_DAG_ORDER_COUNT
};

/**
 * Who shares the machine: a graph among several in one nw_dag, a user, a kind of task. All zero:
 * weight 1, no quota, no bucket.
 */
struct nw_dag_class {
	uint32_t weight;                 /* share of the turns; 0: 1 */
	const struct nw_resource *quota; /* what its running tasks may use; NULL: the machine */
	uint64_t start_per_s;            /* token bucket, a token a start; 0: no bucket */
	uint64_t start_burst;            /* tokens it holds, full at first; 0: one */
};

/** All zero but capacity and node_count: one class, by priority. */
struct nw_dag_options {
	const struct nw_resource *capacity; /* [node_count], of each node; copied */
	uint32_t node_count;                /* 1..1024 positions; steps name them */
	const struct nw_resource *machine;  /* of all nodes together; NULL: the sum of theirs */

	uint32_t running_max; /* tasks RUNNING at once; 0: no limit but the resources */
	uint32_t pass_max;    /* how often a waiting task may be passed; 0: 64 */

	enum nw_dag_order order;
	uint32_t class_count;               /* 1..1024; 0: one, without quota or bucket */
	const struct nw_dag_class *classes; /* [class_count]; copied */
	uint64_t seed;                      /* of the lottery */
	uint32_t alpha_idx;                 /* of Beatty: golden ratio, sqrt 2, sqrt 3, sqrt 5 */

	struct nw_caps *caps; /* where spec.cap is looked up, borrowed; NULL: no task names one */
	struct nw_rcu *rcu; /* for pictures, borrowed, NW_RCU_GENERAL; NULL: a domain of its own */
};

/** What is to be known of a task. All zero but name: it needs nothing and runs anywhere. */
struct nw_dag_spec {
	const char *name;        /* unique in the graph; 1..255 bytes; copied */
	const char *const *deps; /* [dep_count] names, there by the commit; copied; twice is once */
	uint32_t dep_count;

	struct nw_resource need; /* while it runs */
	uint32_t node_idx;       /* where it likes to run, if has_node */
	bool has_node;
	bool is_node_strict; /* nowhere else, even if it has to wait */

	int32_t priority;   /* higher first */
	uint32_t class_idx; /* 0..class_count-1 */
	uint64_t cost_ns;   /* how long it will take, as far as known; 0: 1 ns */

	uint64_t timeout_ns;        /* of a try; 0: none */
	uint32_t retry_max;         /* tries after the first */
	uint64_t retry_wait_ns;     /* before the first retry; doubles with each */
	uint64_t retry_wait_max_ns; /* and stops there; 0: 2^63 */

	nw_cap cap;          /* looked up when a try starts, held while it runs; 0: none */
	uint32_t cap_rights; /* that it must have then, NW_CAP_EXEC | ...; if not: FAILED */

	bool is_done; /* COMPLETED from the start: it ended in an earlier run */
	void *user;   /* anything; given back by nw_dag_info() */
};

enum nw_dag_step_kind {
	NW_DAG_START, /* start this task now; it counts as RUNNING */
	NW_DAG_STOP,  /* end this running task, then report it by nw_dag_ended(); said once a try */
	NW_DAG_WAIT,  /* nothing to do before until_ns unless something ends */
	NW_DAG_DONE,  /* every task is in a final state */
};

struct nw_dag_step {
	enum nw_dag_step_kind kind;
	nw_dag_id task;            /* START, STOP */
	uint32_t node_idx;         /* START: where; STOP: where it runs */
	uint32_t attempt;          /* START, STOP: 1 the first time */
	enum nw_dag_reason reason; /* STOP: NW_DAG_TIMEOUT, NW_DAG_WISH */
	uint64_t until_ns;         /* WAIT: UINT64_MAX: only the end of a task changes anything */
};

/** What is known of one task now. */
struct nw_dag_info {
	nw_dag_id id;
	const char *name; /* lent: of an info, until the task is forgotten; of a picture, with it */
	enum nw_dag_state state;
	enum nw_dag_reason reason;
	nw_dag_id cause;   /* of a CANCELLED one: the task that failed, or was cancelled; or 0 */
	uint32_t attempt;  /* tries begun */
	uint32_t node_idx; /* of the last try; UINT32_MAX: none yet */
	int32_t priority;  /* as in the spec */
	uint64_t path_ns;  /* longest way to the end of the graph, by cost_ns, its own included */
	uint64_t ready_ns; /* when it became READY last; 0: not yet */
	uint64_t start_ns; /* of the last try; 0: not yet */
	uint64_t end_ns;   /* when it became final; 0: not yet */
	void *user;        /* as in the spec */
	size_t edge_idx;   /* picture: its first successor, in edges[] */
	size_t edge_count; /* picture: how many */
};

/** Tasks by state, and more that a progress line shows. */
struct nw_dag_counts {
	uint64_t task_count; /* committed and not forgotten: the sum of state_count */
	uint64_t state_count[NW_DAG_STATE_COUNT];
	uint64_t started_count; /* tries since creation */
	uint64_t retry_count;   /* of them not the first */
	uint64_t timeout_count;
};

/**
 * The graph as it was. Edges go from edges[i] of a task to tasks[edges[i]], its successor.
 *
 * A consistent cut: no task is shown as READY or begun whose dependencies are not shown as
 * COMPLETED; of a task with reason NW_DAG_DEPENDENCY the cause is shown as FAILED, if it is not
 * forgotten. is_instant: more than that, all of it was so at one instant.
 */
struct nw_dag_picture {
	size_t task_count;
	const struct nw_dag_info *tasks;
	size_t edge_count;
	const uint32_t *edges; /* positions in tasks */
	bool is_instant;
};

/**
 * Create an empty graph.
 *
 * @param ret_dag      set on success, untouched on failure
 * @param options      borrowed for the call, but for caps and rcu
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL  a count, weight, order or capacity that is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV, -ENOMEM), or nw_rcu_create()
 *
 * Threads: any.
 * Owner:   the caller; release with nw_dag_destroy().
 */
NW_API int nw_dag_create(struct nw_dag **ret_dag, const struct nw_dag_options *options,
			 struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Release a graph, also with tasks that run: what was started goes on without it, but for the
 * capabilities that were held. NULL is a no-op.
 *
 * Threads: one, when no other call on this graph is running or will follow.
 */
NW_API void nw_dag_destroy(struct nw_dag *dag);

/**
 * Add a task to the batch that the next nw_dag_commit() makes part of the graph. Until then
 * neither steps nor pictures nor counts know it.
 *
 * @param spec         borrowed for the call
 * @param ret_task     set on success; NULL: not wanted
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   name, node, class or time that is not allowed
 * @return -EEXIST   another task has this name
 * @return -ENOSPC   its need can never be met: the dimension, the need and what there is are in
 *                   the diagnosis
 * @return -EMFILE   NW_DAG_TASK_MAX tasks are there
 * @return -ENOMEM
 *
 * Threads: the driver.
 * Cost:    allocates; O(1) expected, and O(dep_count).
 */
NW_API int nw_dag_add(struct nw_dag *dag, const struct nw_dag_spec *spec, nw_dag_id *ret_task,
		      struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Have one task wait for another; also part of the batch. What spec.deps does by name this does
 * by id, and for tasks that are PENDING in the graph already.
 *
 * @param before  any task that is not forgotten
 * @param after   a task of the batch, or PENDING
 * @return 0
 * @return -ESTALE  no such task, or forgotten
 * @return -EBUSY   `after` does not wait any more
 * @return -ELOOP   a task that waits for itself
 * @return -ENOMEM
 *
 * Threads: the driver.
 */
NW_API int nw_dag_link(struct nw_dag *dag, nw_dag_id before, nw_dag_id after,
		       struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Make the batch part of the graph, all of it or nothing. After a failure the batch is as it was:
 * add what is missing, or nw_dag_drop() it.
 *
 * A new task with a dependency that is FAILED or CANCELLED is CANCELLED at once.
 *
 * @param now_ns       the caller's time, as in nw_dag_next()
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -ENOENT  a dependency that is not there: both names are in the diagnosis
 * @return -ELOOP   a cycle: its path is in the diagnosis, cut in the middle where it is long
 * @return -EBUSY   a task that nw_dag_link() named as `after` does not wait any more
 * @return -ENOMEM
 *
 * Threads: the driver.
 * Order:   what the driver did before happens before a picture that shows the batch.
 * Cost:    O(tasks and edges of the batch, and of what can be reached from them).
 */
NW_API int nw_dag_commit(struct nw_dag *dag, uint64_t now_ns, struct nw_diag *reterr_diag)
	NW_MUST_USE;

/** Forget the batch. Threads: the driver. */
NW_API void nw_dag_drop(struct nw_dag *dag);

/**
 * Find a task by its name, one of the batch too.
 *
 * @return its id; 0: none
 *
 * Threads: the driver.
 */
NW_API nw_dag_id nw_dag_find(const struct nw_dag *dag, const char *name);

/**
 * Say what to do now. START and STOP are told once and count as done; call again until WAIT or
 * DONE. After DONE more tasks may be committed.
 *
 * @param now_ns    the caller's time: any clock in ns that does not go back
 * @param ret_step  set
 *
 * Threads: the driver.
 * Cost:    O(log tasks) where the first ready task fits; O(ready tasks) at worst.
 */
NW_API void nw_dag_next(struct nw_dag *dag, uint64_t now_ns, struct nw_dag_step *ret_step);

/**
 * Tell that a running task has ended; what it used is free again.
 *
 * If it was to be stopped it counts as NW_DAG_TIMEOUT or CANCELLED, unless is_ok: then it was
 * faster, and is COMPLETED.
 *
 * @return 0
 * @return -ESTALE  no such task, or it is not RUNNING: nothing changed
 *
 * Threads: the driver.
 * Cost:    O(its successors); if it failed for good, O(its descendants).
 */
NW_API int nw_dag_ended(struct nw_dag *dag, nw_dag_id task, bool is_ok, uint64_t now_ns);

/**
 * Cancel a task and all that depends on it. One that runs is to be stopped (NW_DAG_STOP) and is
 * CANCELLED when its end is reported (COMPLETED, if it was faster); its descendants are CANCELLED
 * now.
 *
 * @return 0; also if it is in a final state already
 * @return -ESTALE  no such task, or forgotten
 *
 * Threads: the driver.
 */
NW_API int nw_dag_cancel(struct nw_dag *dag, nw_dag_id task, uint64_t now_ns);

/** Cancel every task that is not in a final state. Threads: the driver. */
NW_API void nw_dag_cancel_all(struct nw_dag *dag, uint64_t now_ns);

/**
 * Take a task in a final state out of the graph, so that a graph that grows for ever does not
 * grow without bound. Its name is free; its id is stale. Its memory is freed when no picture
 * being taken can meet it.
 *
 * @return 0
 * @return -ESTALE  no such task, or forgotten
 * @return -EBUSY   it is not in a final state, or a link of the batch begins at it
 *
 * Threads: the driver.
 */
NW_API int nw_dag_forget(struct nw_dag *dag, nw_dag_id task);

/**
 * Tell what is known of a task.
 *
 * @param ret_info  set on success; edge_idx and edge_count are 0
 * @return 0
 * @return -ESTALE  no such task, or forgotten
 *
 * Threads: the driver.
 */
NW_API int nw_dag_info(const struct nw_dag *dag, nw_dag_id task, struct nw_dag_info *ret_info)
	NW_MUST_USE;

/**
 * Count tasks by state. Each number is recent; they are of one instant for the driver only.
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API void nw_dag_counts(const struct nw_dag *dag, struct nw_dag_counts *ret_counts);

/**
 * What running tasks use now, and what they used at most at any time, of the machine or of one
 * node.
 *
 * @param node_idx  0..node_count-1; UINT32_MAX: of all together
 * @param ret_used  NULL: not wanted
 * @param ret_most  NULL: not wanted; of each dimension by itself
 *
 * Threads: the driver.
 */
NW_API void nw_dag_used(const struct nw_dag *dag, uint32_t node_idx, struct nw_resource *ret_used,
			struct nw_resource *ret_most);

/** The domain that readers of pictures register with, lent. Threads: any. */
NW_API struct nw_rcu *nw_dag_rcu(const struct nw_dag *dag);

/**
 * Take a picture of the committed tasks, their edges and states, while the graph runs.
 *
 * @param thread       the caller's handle of nw_dag_rcu()
 * @param ret_picture  set on success, untouched on failure
 * @return 0
 * @return -ENOMEM
 *
 * Threads: any.
 * Order:   what the driver did before a state it shows happens before the return.
 * Owner:   the caller; release with nw_dag_picture_destroy(), at any time.
 * Progress: tries a few times for one instant, then settles for a consistent cut; the driver never
 * waits. Cost:    O(tasks and edges), in one read section; allocates.
 */
NW_API int nw_dag_picture_take(struct nw_dag *dag, struct nw_rcu_thread *thread,
			       struct nw_dag_picture **ret_picture) NW_MUST_USE;

/** Release a picture. NULL is a no-op. Threads: any. */
NW_API void nw_dag_picture_destroy(struct nw_dag_picture *picture);

/** "pending", "ready", ...; "?" for no state. Threads: any. */
NW_API const char *nw_dag_state_name(enum nw_dag_state state);

/** "result", "timeout", ...; "" for NW_DAG_NO_REASON, "?" for none. Threads: any. */
NW_API const char *nw_dag_reason_name(enum nw_dag_reason reason);

/**
 * "priority", "fifo", "lottery", "beatty", "sturmian".
 *
 * @param ret_order  set if there is one of that name
 * @return whether there is
 *
 * Threads: any.
 */
NW_API bool nw_dag_order_by_name(const char *name, enum nw_dag_order *ret_order);

NW_END_DECLS

#endif /* NW_DAG_H */
