/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Crews: pinned groups of threads, one group a node, by default one thread a physical core.
 *
 * A worker is told which node it serves and which CPU it got; it reads its affinity back, so
 * `is_pinned` is what the kernel did, not what was asked. The library starts no thread but
 * those of a crew, and each shows its crew in its name (ps -L, top -H).
 *
 * Workers take no signals but faults: the others are delivered to the program's own threads,
 * where a handler may call nw_crew_stop().
 *
 *                start   join    destroy   stop, unpark   the rest
 *     start      -       .       .         .              .
 *     join       .       X       X         -              -
 *     destroy    .       X       X         X              X
 *     stop, ...  .       -       X         -              -
 *
 * X: the caller must keep the two calls on one crew from overlapping. -: any overlap is fine.
 * A dot: cannot be, the crew is not there yet.
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

/** A running crew. Opaque. */
struct nw_crew;

/** One worker, in memory of its own node. Constant from before its `run` begins. */
struct nw_crew_worker {
	struct nw_crew *crew;
	uint32_t worker_idx; /* 0..worker_count-1, grouped by node */
	uint32_t node_idx;   /* position in the topology of the node it works for */
	nw_cpu cpu;          /* asked for */
	bool is_pinned;      /* the kernel's answer was exactly { cpu } */
	int pin_reason;      /* 0, or the negative errno (-EXDEV: the kernel gave another set) */
};

/** All zero but topo: every allowed physical core, on every node. */
struct nw_crew_options {
	const struct nw_topo *topo; /* borrowed until the crew is destroyed */
	const char *name;           /* threads are <name>/<worker>, cut to 15 bytes; NULL: "nw" */
	const uint32_t *node_idxs;  /* nodes to use, each once; NULL: all */
	uint32_t node_idx_count;
	uint32_t worker_count; /* 0: one a core; else spread evenly over the nodes used */
	bool use_smt;          /* hardware threads too */
	bool no_pin;           /* leave threads where the kernel puts them */
	bool oversubscribe;    /* several workers a CPU where there are more of them */
};

/** What every worker runs, on its own thread. It may call anything but join and destroy. */
typedef void nw_crew_fn(struct nw_crew_worker *worker, void *arg);

/**
 * Start one pinned thread for each worker and run the function on all of them.
 *
 * Workers are dealt to the nodes in turn; a node takes first hardware threads first, and
 * siblings only with use_smt. A node without CPUs gets no worker. A CPU that several
 * simulated nodes list takes one worker, for the first of those nodes. That a thread could
 * not be pinned is no failure: see is_pinned and pin_reason.
 *
 * @param ret_crew     set before any `run` begins; untouched on failure
 * @param options      borrowed for the call, but for the topology
 * @param run          called once a worker
 * @param arg          handed to `run` as it is
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   no topology or function, an empty list of nodes, or a node named twice
 * @return -ENODEV   a node_idx that the topology does not have
 * @return -ERANGE   more workers than CPUs that may be used, or no such CPU at all
 * @return -ENOTSUP  a synthetic or XML topology: not this machine
 * @return -ENOMEM   no memory for the workers
 * @return -EAGAIN   the system refuses another thread; those started were stopped and joined
 *
 * Threads: any thread. It blocks until every worker is in place.
 * Order:   what the caller did before happens before every `run`.
 * Owner:   the caller; release with nw_crew_destroy().
 * Cost:    one thread and one page on the worker's node each; system calls.
 */
NW_API int nw_crew_start(struct nw_crew **ret_crew, const struct nw_crew_options *options,
			 nw_crew_fn *run, void *arg, struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Wait until `run` has returned on every worker. It does not ask them to: see nw_crew_stop().
 *
 * Threads: one thread at a time, not a worker of this crew. Again is a no-op.
 * Order:   what every `run` did happens before the return.
 * Progress: blocks on the workers.
 */
NW_API void nw_crew_join(struct nw_crew *crew);

/**
 * Join if that was not done, then release the crew. NULL is a no-op.
 *
 * Threads: when no other call on this crew is running or will follow; not a worker of it.
 * Progress: blocks on the workers.
 */
NW_API void nw_crew_destroy(struct nw_crew *crew);

/**
 * Number of workers, 1 or more.
 *
 * Threads: any thread.
 * Progress: wait-free.
 */
NW_API uint32_t nw_crew_worker_count(const struct nw_crew *crew);

/**
 * Lend what is known of one worker: constant, valid until the crew is destroyed.
 *
 * @param worker_idx  0..worker_count-1
 *
 * Threads: any thread.
 * Progress: wait-free.
 */
NW_API const struct nw_crew_worker *nw_crew_worker_at(const struct nw_crew *crew,
						      uint32_t worker_idx);

/**
 * Tell which worker serves a node.
 *
 * One of the node's own group; else, where simulated nodes outnumber the cores, a worker on
 * a CPU the node lists; else one of the nearest node that has any (memory-only nodes).
 *
 * @param node_idx  position in the topology, whether or not the crew was told to use it
 * @param turn      any number; turns 0, 1, 2, ... go round the workers that qualify
 * @return its worker_idx
 *
 * Threads: any thread.
 * Progress: wait-free.
 */
NW_API uint32_t nw_crew_server_of(const struct nw_crew *crew, uint32_t node_idx, uint32_t turn);

/**
 * Ask every worker to stop: nw_crew_should_stop() turns true and every parked worker wakes.
 *
 * Threads: any thread, workers included; async-signal-safe. Again is harmless.
 * Order:   what the caller did before is seen by a worker whose park this ends, and by nobody
 *          who merely asks nw_crew_should_stop().
 * Progress: wait-free.
 * Cost:    one shared line a worker, and a system call for each one asleep.
 */
NW_API void nw_crew_stop(struct nw_crew *crew);

/**
 * Whether a stop was asked for: cheap enough for every round of a worker's loop.
 *
 * Threads: any thread; async-signal-safe.
 * Order:   none.
 * Progress: wait-free.
 * Cost:    a load of a line that is written once.
 */
NW_API bool nw_crew_should_stop(const struct nw_crew *crew);

/**
 * Sleep until an nw_crew_unpark() of this worker, or a stop. A wake-up that came before is
 * kept (one, however many came) and ends the next park at once. After a stop every park
 * returns at once. It may not wake early for no reason.
 *
 * @param spin_ns     how long to poll before going to sleep; 0: not at all
 * @param timeout_ns  from now, spinning included; 0: no limit
 * @return true if woken, false if the time-out passed
 *
 * Threads: the worker itself only.
 * Order:   what was done before the unpark happens before the return.
 * Progress: blocks on the waker, at most timeout_ns.
 * Cost:    no system call where a wake-up is kept or comes while spinning; else one or two.
 */
NW_API bool nw_crew_park(struct nw_crew_worker *worker, uint64_t spin_ns, uint64_t timeout_ns);

/**
 * Wake a worker, or keep the wake-up for its next park.
 *
 * @param worker_idx  0..worker_count-1
 *
 * Threads: any thread, workers included; async-signal-safe.
 * Order:   what the caller did before happens before the return of the park it ends.
 * Progress: wait-free.
 * Cost:    one or two writes to the worker's line; a system call only if it sleeps.
 */
NW_API void nw_crew_unpark(struct nw_crew *crew, uint32_t worker_idx);

NW_END_DECLS

#endif /* NW_CREW_H */
