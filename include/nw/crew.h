/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Crews: pinned groups of threads, one group a node, by default one thread a physical core.
 *
 * A worker is told which node it serves and which CPU it got; it reads its affinity back, so
 * `is_pinned` is what the kernel did, not what was asked.
 */
#ifndef NW_CREW_H
#define NW_CREW_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/node.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_crew;

struct nw_crew_worker {
	struct nw_crew *crew;
	uint32_t worker_idx; /* 0..worker_count-1, grouped by node */
	uint32_t node_idx;   /* position in the topology of the node it works for */
	nw_cpu cpu;          /* asked for */
	bool is_pinned;      /* the kernel's answer was exactly { cpu } */
	int pin_reason;      /* 0, or the negative errno (-EXDEV: the kernel gave another set) */
};

/* All zero but topo: every allowed physical core, on every node. */
struct nw_crew_options {
	const struct nw_topo *topo;  /* borrowed until the crew is destroyed */
	const char *name;            /* threads are named <name>/<worker>, at most 15 bytes; NULL: "nw" */
	const uint32_t *node_idxs;   /* nodes to use; NULL: all */
	uint32_t node_idx_count;
	uint32_t worker_count;       /* 0: one a core; else spread evenly over the nodes used */
	bool use_smt;                /* hardware threads too */
	bool no_pin;                 /* leave threads where the kernel puts them */
};

typedef void nw_crew_fn(struct nw_crew_worker *worker, void *arg);

NW_API int nw_crew_start(struct nw_crew **ret_crew, const struct nw_crew_options *options,
			 nw_crew_fn *run, void *arg, struct nw_diag *reterr_diag) NW_MUST_USE;
/* Waits for every worker's `run` to return. */
NW_API void nw_crew_join(struct nw_crew *crew);
/* Joins if needed, then releases. NULL is a no-op. */
NW_API void nw_crew_destroy(struct nw_crew *crew);

NW_API uint32_t nw_crew_worker_count(const struct nw_crew *crew);
NW_API const struct nw_crew_worker *nw_crew_worker_at(const struct nw_crew *crew,
						      uint32_t worker_idx);
/* The worker that serves a node: the group's own in turn, or, for a node without a worker (memory
 * only, or more pretended nodes than cores), the nearest node's. `turn` picks among several. */
NW_API uint32_t nw_crew_server_of(const struct nw_crew *crew, uint32_t node_idx, uint32_t turn);
/* Ask every worker to stop; nw_crew_should_stop() turns true and every parked worker wakes. */
NW_API void nw_crew_stop(struct nw_crew *crew);
NW_API bool nw_crew_should_stop(const struct nw_crew *crew);

/* Sleep until nw_crew_unpark() of this worker or a stop; a wake-up that comes first is kept (one).
 * Spins `spin_ns` at most before it sleeps. Returns false when the time-out passed (0: none). */
NW_API bool nw_crew_park(struct nw_crew_worker *worker, uint64_t spin_ns, uint64_t timeout_ns);
NW_API void nw_crew_unpark(struct nw_crew *crew, uint32_t worker_idx);

NW_END_DECLS

#endif /* NW_CREW_H */
