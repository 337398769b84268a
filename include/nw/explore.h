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
	NW_EXPLORE_MODEL_FAULT /* the model broke its contract; see fault_text */
};

/* All zero but topo and model: every core, batch routing, owner worker, no limits but memory. */
struct nw_explore_options {
	const struct nw_topo *topo;    /* borrowed until nw_explore_destroy() */
	const struct nw_model *model;  /* borrowed likewise */
	const void *model_data;        /* from model->configure */
	enum nw_explore_route route;
	enum nw_explore_owner owner;
	uint32_t worker_count;         /* 0: one a physical core */
	const uint32_t *node_idxs;     /* NULL: all nodes */
	uint32_t node_idx_count;
	uint64_t memory_bytes_max;     /* 0: 85 % of what the cgroup and the machine have free */
	uint32_t depth_max;            /* 0: none */
	uint64_t slots_min;            /* first capacity of each shard; 0: default; tests use 8 */
	uint32_t batch_count;          /* candidates a batch, 1..1024; 0: default */
	bool exact;                    /* keep whole states: no fingerprint collisions */
	bool no_trace;                 /* keep no parents: 8 bytes a state less, no counterexample */
	bool no_deadlock;              /* states without successors are fine */
	bool no_pin;
	bool use_smt;
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
	enum nw_explore_end end;   /* meaningful once nw_explore_run() returned */
	struct nw_explore_counts total;
	uint32_t depth;            /* levels that hold a state: initial states are level 1 */
	uint32_t worker_count;
	uint32_t node_count;       /* nodes used as homes */
	double seconds;
	uint64_t memory_bytes;     /* mapped now: seen-set, frontier, parents, batches */
	uint64_t slot_count;       /* of the seen-set */
	uint64_t set_bytes;        /* memory of the seen-set */
	double bytes_per_state;    /* memory_bytes_peak / distinct */
	uint64_t memory_bytes_peak;
	double collision_expected; /* n^2 / 2^65 for n distinct; 0 when exact */
	double collision_actual;   /* distinct * (generated - distinct) / 2^64, TLC's second figure */
	bool is_simulated;
	bool is_exact;
	uint32_t unbound_count;    /* shards whose memory is not bound to their node */
	int unbound_reason;        /* the first of them: negative errno */
	uint32_t unpinned_count;   /* workers the kernel would not pin as asked */
	const char *invariant;     /* name of the violated one, or NULL */
	char fault_text[256];
};

NW_API int nw_explore_create(struct nw_explore **ret_explore,
			     const struct nw_explore_options *options,
			     struct nw_diag *reterr_diag) NW_MUST_USE;
NW_API void nw_explore_destroy(struct nw_explore *explore);

/* Runs to the end; blocks. Once per object. */
NW_API enum nw_explore_end nw_explore_run(struct nw_explore *explore);
/* Any thread or a signal handler: ends the search soon, with a partial report. */
NW_API void nw_explore_stop(struct nw_explore *explore);

NW_API void nw_explore_report(const struct nw_explore *explore,
			      struct nw_explore_report *ret_report);
NW_API void nw_explore_worker_counts(const struct nw_explore *explore, uint32_t worker_idx,
				     struct nw_explore_counts *ret_counts, uint32_t *ret_node_idx,
				     nw_cpu *ret_cpu);
/* Distinct states found at each finished level; fills at most level_count_max. Returns the number
 * of levels. */
NW_API uint32_t nw_explore_levels(const struct nw_explore *explore, uint64_t *ret_levels,
				  uint32_t level_count_max);

/* After VIOLATION or DEADLOCK: the states from an initial one to the faulty one, in order. */
struct nw_explore_step {
	const uint8_t *state; /* lent until nw_explore_destroy() */
	size_t n_bytes;
	const char *action; /* that led here, or NULL */
};
NW_API int nw_explore_trace(struct nw_explore *explore, const struct nw_explore_step **ret_steps,
			    size_t *ret_step_count) NW_MUST_USE;

/* Bytes of every shard, for nw_mem_verify(): NULL base past the last. */
struct nw_explore_region {
	const void *base;
	size_t n_bytes;
	uint32_t node_idx;
	nw_node memory_node;
};
NW_API bool nw_explore_region_at(const struct nw_explore *explore, size_t region_idx,
				 struct nw_explore_region *ret_region);

NW_API const char *nw_explore_route_name(enum nw_explore_route route);

NW_END_DECLS

#endif /* NW_EXPLORE_H */
