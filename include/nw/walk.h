/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Random walks through a model's states: what exploration of all of them would take too long for.
 *
 * A walk begins in an initial state. At each step one of the model's parts (an action) is chosen
 * at random, then one of its successors; where it has none, the next part is tried. Invariants are
 * looked at in every successor made, chosen or not. A model without parts is chosen among all of
 * its successors. A walk ends after so many steps, in a state that has no successor, or where all
 * of them are excluded.
 *
 * Walk k depends on the seed and on k, not on how many workers there are or on who makes it; and
 * of several faults that of the first walk is reported. So a search with the same seed ends in the
 * same way with the same counts, unless it is stopped or the model keeps something from one walk to
 * the next.
 */
#ifndef NW_WALK_H
#define NW_WALK_H

#include <nw/base.h>
#include <nw/crew.h>
#include <nw/diag.h>
#include <nw/explore.h>
#include <nw/model.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_walk;

/* A walk that has ended, its states in order. States that follow themselves are there once. */
struct nw_walk_path {
	uint64_t walk_idx;
	const struct nw_explore_step *steps; /* lent for the call */
	size_t step_count;
};

/* All zero but topo and model: every core, walks without an end, until stopped. */
struct nw_walk_options {
	const struct nw_topo *topo;   /* borrowed until nw_walk_destroy() */
	const struct nw_model *model; /* borrowed likewise */
	const void *model_data;       /* from model->configure(), to be called where there is one */
	uint32_t worker_count;        /* 0: one a physical core */
	const uint32_t *node_idxs;    /* NULL: all nodes */
	uint32_t node_idx_count;
	uint64_t seed;
	uint64_t walk_first;       /* number of the first walk */
	uint64_t walk_count;       /* 0: until stopped */
	uint64_t step_count_max;   /* of a walk; 0: none */
	uint64_t time_ns_max;      /* 0: none */
	uint64_t memory_bytes_max; /* of paths and initial states; 0: 85 % of what is free */
	/* Called with each walk that ended without a fault, on the worker that made it, in no
	 * order; NULL: it is not wanted. */
	void (*on_walk)(void *arg, const struct nw_walk_path *path);
	/* Called with each walk that ends with a violation, as on_walk; the others go on. NULL: the
	 * first one ends them all. Violations of initial states, deadlocks and errors always do. */
	void (*on_violation)(void *arg, const struct nw_walk_path *path, const char *name);
	void *arg;
	bool no_deadlock; /* states without successors are fine */
	bool no_pin;
	bool use_smt;
	bool oversubscribe; /* several workers a CPU: for tests */
};

/* A snapshot; while the walks go on the fields are each recent, not simultaneous. */
struct nw_walk_report {
	/* Meaningful once nw_walk_run() returned, as is what tells of a fault. DONE: all walks
	 * asked for were made, or the time is over. */
	enum nw_explore_end end;
	uint64_t generated;       /* initial states and successors made */
	uint64_t initial_count;   /* initial states that walks begin in */
	uint64_t walk_count;      /* walks made, those with faults included */
	uint64_t violation_count; /* of which on_violation was told */
	double length_mean;       /* steps of the walks that ended without a fault */
	double length_variance;
	double seconds;
	uint64_t memory_bytes_peak; /* of paths and initial states */
	uint32_t worker_count;
	uint32_t node_count;
	uint32_t unpinned_count; /* workers the kernel would not pin as asked */
	bool is_simulated;       /* the nodes are pretended */
	bool is_time_over;
	const char *invariant;   /* name of what is violated, or the model's error, or NULL */
	uint64_t fault_walk_idx; /* where there is a fault that is not of an initial state */
	char fault_text[256];
};

/**
 * Prepare the walks: start the crew, pinned, every worker with a context of the model.
 *
 * @param ret_walk     set on success, untouched on failure
 * @param options      borrowed for the call, but for the topology, the model and its data
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   a model of another ABI, or one whose states are longer than NW_STATE_BYTES_MAX
 * @return -ENODEV, -ERANGE, -ENOTSUP, -EAGAIN  as nw_crew_start()
 * @return -ENOMEM   no memory for the workers
 * @return what the model's open() returned, where that failed
 *
 * Threads: any thread. It blocks until every worker is ready.
 * Owner:   the caller; release with nw_walk_destroy().
 * Cost:    a thread and less than a MiB a worker.
 */
NW_API int nw_walk_create(struct nw_walk **ret_walk, const struct nw_walk_options *options,
			  struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * End the workers and release everything, the trace included. NULL is a no-op.
 *
 * Threads: when no other call on these walks is running or will follow.
 */
NW_API void nw_walk_destroy(struct nw_walk *walk);

/**
 * Walk to the end, on the workers; once per object.
 *
 * @return DONE, VIOLATION, DEADLOCK, ERROR, STOPPED, NO_MEMORY or MODEL_FAULT
 *
 * Threads:  one thread, not a worker.
 * Order:    what the workers did happens before the return.
 * Progress: blocks until the walks end.
 */
NW_API enum nw_explore_end nw_walk_run(struct nw_walk *walk);

/**
 * End the walks soon. Before nw_walk_run(), that ends at once.
 *
 * Threads:  any thread; async-signal-safe.
 * Progress: wait-free.
 */
NW_API void nw_walk_stop(struct nw_walk *walk);

/**
 * Tell how far the walks are, without stopping them, or how they ended.
 *
 * Threads: any thread, while the object lives.
 * Order:   none while they go on: each field is recent, they are not of one instant.
 */
NW_API void nw_walk_report(const struct nw_walk *walk, struct nw_walk_report *ret_report);

/**
 * The states from an initial one to the one at hand, in order, for a callback of the model: in
 * next() and next_part() to the state that it is given, in invariant() to the one before, from
 * which that state was reached; there is none before an initial one.
 *
 * @param ret_steps       lent until the callback returns; their actions are NULL
 * @param ret_step_count  0 or more
 * @return 0
 * @return -EINVAL   this is no thread of the walks'
 * @return -ENOMEM   no memory for the steps
 *
 * Threads: a worker of the walks, inside a callback of its model.
 */
NW_API int nw_walk_path(const struct nw_walk *walk, const struct nw_explore_step **ret_steps,
			size_t *ret_step_count) NW_MUST_USE;

/**
 * The states from an initial one to the faulty one, in order: the walk that came there. States that
 * follow themselves are there once.
 *
 * @param ret_steps       lent until nw_walk_destroy()
 * @param ret_step_count  1 or more; 0 where not even an initial state could be made
 * @return 0
 * @return -ENODATA  the walks did not end in VIOLATION, DEADLOCK or ERROR
 *
 * Threads: one thread, after nw_walk_run().
 */
NW_API int nw_walk_trace(const struct nw_walk *walk, const struct nw_explore_step **ret_steps,
			 size_t *ret_step_count) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_WALK_H */
