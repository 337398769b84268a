/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Breadth-first exploration of a model's states, every fingerprint checked at its home.
 *
 * A state's 64-bit fingerprint (XXH3, fixed seed) names its home node, the worker that owns it
 * there, and its slot, from disjoint bits. Workers generate successors and, under the default
 * policy, append each unchecked candidate to a batch for its home; the home inserts the batch
 * into its own shard, so that a check is local and happens once.
 *
 * The search goes level by level, so depths are exact and a counterexample is a shortest one.
 *
 * A search may be written down while it runs (checkpoints, <nw/snapshot.h>) and go on in another
 * process, with other workers, routes and nodes: verdict, counts, depth and traces are those it
 * would have had.
 */
#ifndef NW_EXPLORE_H
#define NW_EXPLORE_H

#include <nw/base.h>
#include <nw/crew.h>
#include <nw/diag.h>
#include <nw/model.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_explore;

enum nw_explore_route {
	NW_ROUTE_BATCH,    /* unchecked candidates go home in batches; checked there (default) */
	NW_ROUTE_FP_FIRST, /* fingerprints go home first; states follow only if new */
	NW_ROUTE_ANYWHERE, /* the generating worker checks in the home's memory, keeps the state */
	NW_ROUTE_PUSH,     /* as seed 000: checks from afar, then pushes each new state home */
};

enum nw_explore_owner {
	NW_OWNER_WORKER, /* each worker owns a shard: inserts without atomic read-modify-write */
	NW_OWNER_NODE,   /* a node's workers share its shard (compare-and-swap) */
};

enum nw_explore_end {
	NW_EXPLORE_DONE,       /* every reachable state was seen */
	NW_EXPLORE_VIOLATION,  /* an invariant failed; there is a trace */
	NW_EXPLORE_DEADLOCK,   /* a state without successors; there is a trace */
	NW_EXPLORE_STOPPED,    /* nw_explore_stop(): the report is partial */
	NW_EXPLORE_NO_MEMORY,  /* the memory limit was reached: incomplete */
	NW_EXPLORE_TOO_DEEP,   /* depth_max was reached: incomplete */
	NW_EXPLORE_ERROR,      /* the model could not go on: `invariant` says why; a trace */
	NW_EXPLORE_MODEL_FAULT /* the model broke its contract; see fault_text */
};

/* All zero but topo and model: every core, batch routing, owner worker, no limits but memory. */
struct nw_explore_options {
	const struct nw_topo *topo;   /* borrowed until nw_explore_destroy() */
	const struct nw_model *model; /* borrowed likewise */
	const void *model_data;       /* from model->configure(), to be called where there is one */
	enum nw_explore_route route;
	enum nw_explore_owner owner;
	uint32_t worker_count;     /* 0: one a physical core */
	const uint32_t *node_idxs; /* NULL: all nodes */
	uint32_t node_idx_count;
	uint64_t memory_bytes_max; /* 0: 85 % of what the cgroup and the machine have free */
	uint32_t depth_max;        /* 0: none */
	uint64_t slots_min;        /* first capacity of each shard; 0: default; tests use 8 */
	uint32_t batch_count;      /* candidates a batch, 1..1024; 0: default, few of long states */
	bool exact;                /* keep whole states: no fingerprint collisions */
	bool no_trace;             /* keep no parents: 8 bytes a state less, no counterexample */
	bool no_deadlock;          /* states without successors are fine */
	bool keep_going;           /* keep violations and go on: nw_explore_violation_at() */
	bool keep_states;          /* all states stay in memory: for nw_explore_path() */
	bool no_pin;
	bool use_smt;
	bool oversubscribe; /* several workers a CPU: for tests */
	/* Where nw_explore_checkpoint() writes; made if it is not there. NULL: no checkpoints. */
	const char *checkpoint_folder;
	/* Go on from the checkpoint there; it may be the same folder. NULL: begin. */
	const char *recover_folder;
	/* What else has to be the same when it goes on: lines of "what: value". NULL: nothing. */
	const char *checkpoint_about;
};

/* One worker's counts, or their sum. */
struct nw_explore_counts {
	uint64_t generated;    /* successors made, initial states included */
	uint64_t distinct;     /* states found new by this worker */
	uint64_t checks;       /* look-ups in the seen-set done by this worker */
	uint64_t local_checks; /* of them in memory whose node is the worker's */
	uint64_t expanded;     /* states whose successors were made */
	uint64_t shared;       /* of them taken from another worker of the node */
	uint64_t batches_sent; /* to another worker */
	uint64_t queue;        /* states found and not yet expanded */
};

/* A snapshot; while the search runs the fields are each recent, not simultaneous. */
struct nw_explore_report {
	enum nw_explore_end end; /* meaningful once nw_explore_run() returned */
	struct nw_explore_counts total;
	uint64_t violation_count; /* that the search went on after */
	uint32_t depth;           /* levels that hold a state: initial states are level 1 */
	uint32_t worker_count;
	uint32_t node_count;    /* nodes used as homes */
	double seconds;         /* of the search, before checkpoints it went on from, too */
	uint64_t memory_bytes;  /* mapped now: seen-set, frontier, parents, batches */
	uint64_t slot_count;    /* of the seen-set */
	uint64_t set_bytes;     /* memory of the seen-set */
	double bytes_per_state; /* memory_bytes_peak / distinct */
	uint64_t memory_bytes_peak;
	double collision_expected; /* n^2 / 2^65 for n distinct; 0 when exact */
	double collision_actual; /* distinct * (generated - distinct) / 2^64, TLC's second figure */
	bool is_simulated;
	bool is_exact;
	uint32_t unbound_count;    /* shards whose memory is not bound to their node */
	int unbound_reason;        /* the first of them: negative errno */
	uint32_t unpinned_count;   /* workers the kernel would not pin as asked */
	const char *invariant;     /* name of what is violated, or the model's error, or NULL */
	uint64_t recovered_count;  /* distinct states that were there when it went on; 0: begun */
	uint64_t checkpoint_count; /* written by this process */
	uint64_t checkpoint_distinct; /* states of the last of them, */
	uint64_t checkpoint_bytes;    /* what it takes on the disk */
	double checkpoint_seconds;    /* and how long the search stood still for it */
	int checkpoint_error;         /* negative errno: the last one could not be written */
	bool is_suspended; /* stopped by nw_explore_suspend(): the checkpoint has it all */
	char fault_text[256];
};

/**
 * Prepare a search: start the crew, pinned, and let every worker make its memory on its node.
 *
 * @param ret_explore  set on success, untouched on failure
 * @param options      borrowed for the call, but for the topology, the model and its data
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   options that do not go together, a model of another ABI, or one whose states
 *                   are longer than NW_STATE_BYTES_MAX
 * @return -ENODEV   a node_idx that the topology does not have
 * @return -ERANGE   more workers than CPUs, or more than 1023 workers and nodes together
 * @return -ENOTSUP  a synthetic or XML topology: not this machine
 * @return -ENOMEM   the first tables do not fit the memory allowed
 * @return -EAGAIN   the system refuses another thread
 * @return -EBUSY    another process writes checkpoints to the folder
 * @return -ENOENT   there is no checkpoint to go on from
 * @return -EBADMSG  the checkpoint is damaged
 * @return -ESTALE   the checkpoint is one of another search, or of another version
 * @return -EACCES, -ENOSPC, ...  as the system says of the folders
 * @return what the model's open(), restore() or unpack() returned, where that failed
 *
 * Threads: any thread. It blocks until every worker is ready.
 * Owner:   the caller; release with nw_explore_destroy().
 * Cost:    a thread and a few MiB a worker; addresses for all the memory allowed.
 */
NW_API int nw_explore_create(struct nw_explore **ret_explore,
			     const struct nw_explore_options *options, struct nw_diag *reterr_diag)
	NW_MUST_USE;

/**
 * End the workers and release everything, traces included. NULL is a no-op.
 *
 * Threads: when no other call on this search is running or will follow.
 */
NW_API void nw_explore_destroy(struct nw_explore *explore);

/**
 * Search to the end, on the workers; once per object.
 *
 * @return why it ended; every end but DONE, VIOLATION and DEADLOCK leaves states unseen
 *
 * Threads:  one thread, not a worker.
 * Order:    what the workers did happens before the return.
 * Progress: blocks until the search ends.
 */
NW_API enum nw_explore_end nw_explore_run(struct nw_explore *explore);

/**
 * End the search soon, with a partial report. Before nw_explore_run(), that ends at once.
 *
 * Threads:  any thread; async-signal-safe.
 * Progress: wait-free.
 */
NW_API void nw_explore_stop(struct nw_explore *explore);

/**
 * Ask for a checkpoint soon: the workers stop between two chunks, write it, and go on. Without a
 * checkpoint_folder a no-op. It replaces the last one when it is whole; where it cannot be written
 * that one stays, and the search goes on.
 *
 * Threads:  any thread, while the search runs; async-signal-safe.
 * Progress: wait-free.
 */
NW_API void nw_explore_checkpoint(struct nw_explore *explore);

/**
 * Ask for a checkpoint soon, and end the search then. Where there is no checkpoint_folder, and
 * before there is a finished level, it is nw_explore_stop().
 *
 * Threads:  any thread; async-signal-safe.
 * Progress: wait-free.
 */
NW_API void nw_explore_suspend(struct nw_explore *explore);

/**
 * Remove the checkpoint and its folder, when it is of no more use.
 *
 * @return 0, also without a checkpoint_folder
 * @return -ENOTEMPTY  something else is in the folder, which stays
 * @return as the system says
 *
 * Threads: one thread, after nw_explore_run().
 */
NW_API int nw_explore_checkpoint_remove(struct nw_explore *explore);

/**
 * Tell how far the search is, without stopping it, or how it ended.
 *
 * Threads: any thread, while the object lives.
 * Order:   none while it runs: each field is recent, they are not of one instant.
 * Cost:    reads every worker's counters and takes each shard's growth lock for a moment.
 */
NW_API void nw_explore_report(const struct nw_explore *explore,
			      struct nw_explore_report *ret_report);

/**
 * One worker's counts since this process began, its node and its CPU; as nw_explore_report()
 * otherwise. `queue` is 0: what is queued belongs to no worker alone.
 *
 * @param worker_idx  0..worker_count-1 of the report
 *
 * Threads: any thread.
 */
NW_API void nw_explore_worker_counts(const struct nw_explore *explore, uint32_t worker_idx,
				     struct nw_explore_counts *ret_counts, uint32_t *ret_node_idx,
				     nw_cpu *ret_cpu);

/**
 * Distinct states of each finished level, the initial states first.
 *
 * @param ret_levels       filled up to level_count_max; may be NULL when that is 0
 * @return number of finished levels, which may be more than level_count_max
 *
 * Threads: any thread.
 */
NW_API uint32_t nw_explore_levels(const struct nw_explore *explore, uint64_t *ret_levels,
				  uint32_t level_count_max);

/**
 * How many states new ones were found from: ret_counts[d] is the number of states from which d
 * were, the last one of those from which as many or more were. Where several workers search, who
 * finds a state that may be reached from two others is chance; the sum is not.
 *
 * @param ret_counts     [count_max]
 * @param count_max      1..255
 * @return 0
 * @return -ENODATA  no_trace: parents are not known
 * @return -ENOMEM   no memory for a byte a state
 * @return -EINVAL   count_max
 *
 * Threads: one thread, after nw_explore_run().
 * Cost:    reads every state's link to its parent.
 */
NW_API int nw_explore_out_degrees(struct nw_explore *explore, uint64_t *ret_counts,
				  uint32_t count_max) NW_MUST_USE;

#define NW_PART_NONE UINT32_MAX

/* One state of a counterexample. */
struct nw_explore_step {
	const uint8_t *state; /* lent until nw_explore_destroy() */
	size_t n_bytes;
	const char *action; /* that led here, or NULL */
	uint32_t part_idx;  /* of the model's parts, the one that led here, or NW_PART_NONE */
};

/**
 * The states from an initial one to the faulty one, in order: a shortest such path. With no_trace
 * only the faulty state.
 *
 * @param ret_steps       lent until nw_explore_destroy()
 * @param ret_step_count  1 or more
 * @return 0
 * @return -ENODATA  the search did not end in VIOLATION, DEADLOCK or ERROR
 * @return -ENOENT   the model does not make the same successors again: no trace can be given
 * @return -ENOMEM   no memory for the trace
 *
 * Threads: one thread, after nw_explore_run().
 * Cost:    makes the successors of every state on the path again, the first time it is called.
 */
NW_API int nw_explore_trace(struct nw_explore *explore, const struct nw_explore_step **ret_steps,
			    size_t *ret_step_count) NW_MUST_USE;

/**
 * The states from an initial one to the one at hand, in order, for a callback of the model: in
 * next() to the state that it is given, in invariant() and identity() to the one before, from which
 * that state was reached; there is none before an initial one. Needs keep_states.
 *
 * @param ret_steps       lent until the next call on this thread; their actions are NULL, their
 *                        parts NW_PART_NONE; the last one may lie in the buffer that is given to
 *                        next()
 * @param ret_step_count  0 or more
 * @return 0
 * @return -EINVAL   states are not kept, or this is no thread of the search's
 * @return -ENOMEM   no memory for the steps
 *
 * Threads: a worker of the search, inside a callback of its model.
 * Cost:    the length of the path, and for each of its states a search among a pool's chunks.
 */
NW_API int nw_explore_path(const struct nw_explore *explore,
			   const struct nw_explore_step **ret_steps, size_t *ret_step_count)
	NW_MUST_USE;

/* A violation that a search with keep_going went on after. */
struct nw_explore_violation {
	const char *name; /* of the invariant, or of what the step breaks */
	bool is_step;     /* it is the last step that is at fault, not the state */
	const struct nw_explore_step *steps;
	size_t step_count;
};

/**
 * One of the violations that were kept, with its trace, as nw_explore_trace() gives it. They are in
 * the order of their depth; with one worker in that in which they were found.
 *
 * @param violation_idx  from 0
 * @param ret_violation  its steps are lent until the next call or nw_explore_destroy()
 * @return 0
 * @return -ENODATA  past the last one
 * @return -ENOENT   the model does not make the same successors again: no trace can be given
 * @return -ENOMEM   no memory for the trace
 *
 * Threads: one thread, after nw_explore_run().
 * Cost:    as nw_explore_trace(), at every call.
 */
NW_API int nw_explore_violation_at(struct nw_explore *explore, uint64_t violation_idx,
				   struct nw_explore_violation *ret_violation) NW_MUST_USE;

/* A piece of a shard's memory. */
struct nw_explore_region {
	const void *base;
	size_t n_bytes;
	uint32_t node_idx;   /* whose shard it is */
	nw_node memory_node; /* where its pages should be */
};

/**
 * The memory the shards lie in, for nw_mem_verify().
 *
 * @param region_idx  from 0
 * @return false: past the last one
 *
 * Threads: any thread, after nw_explore_run().
 */
NW_API bool nw_explore_region_at(const struct nw_explore *explore, size_t region_idx,
				 struct nw_explore_region *ret_region);

/** `batch`, `fp-first`, `anywhere`, `push`. Threads: any thread. */
NW_API const char *nw_explore_route_name(enum nw_explore_route route);

NW_END_DECLS

#endif /* NW_EXPLORE_H */
