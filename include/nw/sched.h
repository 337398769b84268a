/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Work-stealing scheduler: a crew whose workers run jobs, and the tasks that these fork.
 *
 * A *job* is a root: a function that any thread submits, with a priority, a node it would like to
 * run on, and a token that may cancel it. It belongs to the caller and is handed over by pointer. A
 * *task* is what a job, or another task, forks and joins: see nw/task.h.
 *
 *                  submit, run   stop   counters   destroy
 *     submit, run       -          -        -         X
 *     stop              -          -        -         X
 *     counters          -          -        -         X
 *     destroy           X          X        X         X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine. Jobs may submit.
 *
 * Where a job waits. One submitted by a worker, of normal priority, without a hint and with hardly
 * any data, goes into that worker's own deque: its owner takes the newest, thieves the oldest. All
 * others go to the queues of a node, bounded, one pair for each priority: the node of the hint,
 * else the submitting worker's, else the nodes in turn. A full one is an answer: -EAGAIN.
 *
 * Priority: an idle worker looks at its node's injector from the highest level down, before it
 * steals; every NW_SCHED_FAIR_TURNS-th look goes from the lowest level up, so that no level
 * starves. A high job is taken before the worker's own jobs too. Nothing that runs is interrupted.
 * Tasks have no priority of their own: they are part of their job.
 *
 * Hint: a job with a node runs there, unless workers of another node are idle and the queues differ
 * so much that leaving is worth its cost (src/sched/policy.h); both answers are counted:
 * `migrations`, `refused_migrations`. A node without workers is served by nw_crew_server_of(). A
 * job without a hint whose data is worth the question (4 KiB), submitted by a worker, is taken for
 * one of that worker's node. Tasks have no hint: they are where their job is (docs/adr/0005).
 *
 * Idle: a worker that finds nothing looks a few rounds, then sleeps without a time-out on the event
 * of its node. Whoever makes work visible while there are sleepers wakes one, of the own node if it
 * can; whoever then steals it wakes one more if its victim has more.
 *
 * Order: what the submitter did before nw_sched_submit() happens before the job; the job happens
 * before nw_sched_run() and nw_group_wait() return.
 */
#ifndef NW_SCHED_H
#define NW_SCHED_H

#include <nw/base.h>
#include <nw/crew.h>
#include <nw/diag.h>
#include <nw/event.h>
#include <nw/task.h>

#include <stdbool.h>
#include <stdint.h>

#ifndef __cplusplus
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/** A running scheduler. Opaque. */
struct nw_sched;

/** No node preferred. */
#define NW_SCHED_ANY_NODE UINT32_MAX

/** How many looks at an injector begin at the highest level before one begins at the lowest. */
#define NW_SCHED_FAIR_TURNS 16

enum nw_sched_priority {
	NW_SCHED_NORMAL,
	NW_SCHED_HIGH,
	NW_SCHED_LOW,
};
#define NW_SCHED_PRIORITY_COUNT 3

/** How an idle worker chooses its victims; src/sched/policy.h tells what each does. */
enum nw_sched_policy {
	NW_SCHED_DEFAULT,   /* `nearest` to two nodes with workers, `imbalance` above */
	NW_SCHED_RANDOM,    /* any worker, all alike */
	NW_SCHED_NEAREST,   /* own node first, then by distance */
	NW_SCHED_IMBALANCE, /* own node first, then by signed difference of load over distance */
	NW_SCHED_OCTONION,  /* own node first, then by the norm of the difference */
};
#define NW_SCHED_POLICY_COUNT 5

/** All zero is a good choice. */
struct nw_sched_options {
	enum nw_sched_policy policy;
	uint32_t task_slots; /* tasks of a worker that thieves may see: power of two, 2..2^17; 0:
				2^15 */
	uint32_t job_slots;  /* jobs in a worker's deque: power of two, 2..2^30; 0: 2^20 */
	uint32_t injector_slots; /* jobs in an injector, each level: power of two, 2..2^30; 0: 2^12
				  */
	uint32_t spin_rounds;    /* looks everywhere in vain before a worker sleeps; 0: 64 */
	uint64_t seed;           /* of the workers' random choices */
};

/** A token: set once, seen by all that run under it and under its children. */
struct nw_cancel {
#ifdef __cplusplus
	uint32_t is_set;
#else
	_Atomic uint32_t is_set;
#endif
	const struct nw_cancel *parent; /* NULL, or one that cancels this too; outlives this */
};

/** Counts jobs that have not ended; all zero but for init. The fields are the library's. */
struct nw_group {
	struct nw_event event;
#ifdef __cplusplus
	uint64_t state;
#else
	_Atomic uint64_t state; /* wakers << 32 | jobs */
#endif
};

struct nw_job;

/** What a job runs. The job is the callee's: it may submit it again, or free it, if no group waits
 * for it. */
typedef void nw_job_fn(struct nw_here here, struct nw_job *job);

/** A job, as a member of whatever it is about. Set up by nw_job_init(), then by hand. */
struct nw_job {
	nw_job_fn *run;
	struct nw_cancel *cancel; /* NULL, or: if set before the job begins, it does not run */
	struct nw_group *group;   /* NULL, or what counts it until it has ended, run or not */
	uint64_t data_bytes;      /* what it would have to fetch if it left the node it names, or
				     the one it was submitted on; 0: nothing */
	uint32_t node_idx;        /* position in the topology, or NW_SCHED_ANY_NODE */
	enum nw_sched_priority priority;
};

/**
 * What one worker counted since the start. Each number has a single writer and is read without
 * stopping it; they are not of one instant.
 *
 * A job is taken once, and counted where it was taken: local_pops (from the own deque),
 * injector_takes, migrations, or a steal, after which those that came along go into the thief's
 * deque and are local_pops when it takes them. A task that nobody could have stolen, since its
 * worker joined it before a thief asked, is not counted at all: that is what makes it cheap.
 */
struct nw_sched_counters {
	uint64_t local_pops;         /* own jobs, and own tasks that thieves could have taken */
	uint64_t same_node_steals;   /* tasks and jobs from deques of the same node's workers */
	uint64_t cross_node_steals;  /* from deques of other nodes' workers */
	uint64_t injector_takes;     /* jobs from the own node's queues, of whatever priority */
	uint64_t migrations;         /* jobs from another node's queues */
	uint64_t refused_migrations; /* looks that left the jobs of another node's queues there */
	uint64_t hinted_jobs;        /* jobs with a node that it ran */
	uint64_t hinted_home;        /* of these, on that node, or on the one that serves it */
	uint64_t failed_rounds;      /* spells of looking, everywhere, that got nothing */
	uint64_t sleeps;             /* times it slept because there was no work; not at joins */
	uint64_t wakes;              /* wake-ups that it sent: to a worker without work, or at a
					join; the sum has those of outside threads too */
	uint64_t leaps;              /* tasks of its thief that it ran while it waited at a join:
					no steals */
	uint64_t inline_overflows;   /* tasks run inside their spawn: no slot was free */
};

/**
 * Start a crew whose workers run jobs until the stop.
 *
 * @param ret_sched    set on success, untouched on failure
 * @param crew         which workers, as nw_crew_start() takes it
 * @param options      NULL: all zero
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   an option is out of range, or as nw_crew_start() says
 * @return another   as nw_crew_start() says
 *
 * Threads: any thread. It blocks until every worker is in place.
 * Owner:   the caller; release with nw_sched_destroy().
 * Cost:    the crew; on each worker's node address space for its tasks (16 MiB, of which what is
 *          used gets memory), on each node its injector.
 */
NW_API int nw_sched_start(struct nw_sched **ret_sched, const struct nw_crew_options *crew,
			  const struct nw_sched_options *options, struct nw_diag *reterr_diag)
	NW_MUST_USE;

/**
 * Take no more jobs from outside; the workers end when all that was accepted has run, and what
 * these jobs submitted meanwhile. Does not wait: nw_sched_destroy() does. Again is harmless.
 *
 * Threads: any thread, workers included.
 * Progress: wait-free; a system call for each node with sleepers.
 */
NW_API void nw_sched_stop(struct nw_sched *sched);

/**
 * Stop, wait until all jobs have run, and release. NULL is a no-op.
 *
 * Threads: when no other call on this scheduler is running or will follow, but for those its own
 *          jobs make; not a worker of it.
 * Progress: blocks on the jobs.
 */
NW_API void nw_sched_destroy(struct nw_sched *sched);

/** Lend the crew. Threads: any thread, until destroy. */
NW_API const struct nw_crew *nw_sched_crew(const struct nw_sched *sched);

/** Fill a job in: run `fn`, normal priority, any node, no token, no group. Threads: the job's. */
NW_API void nw_job_init(struct nw_job *job, nw_job_fn *fn);

/**
 * Hand a job over. It runs once, or not at all if its token is set before it begins.
 *
 * @param job  the scheduler's until its run begins, or its group has counted it
 * @return 0
 * @return -EAGAIN    the injector is full; the job is the caller's
 * @return -ESHUTDOWN  the scheduler is stopping, and the caller is no worker of it; likewise
 *
 * Threads: any thread, workers included.
 * Order:   what the caller did before happens before the job.
 * Progress: lock-free; a system call where a sleeper is woken.
 * Cost:    a worker's own deque: a store and a fence; an injector: about five atomic
 *          read-modify-writes on lines that its users share.
 */
NW_API int nw_sched_submit(struct nw_sched *sched, struct nw_job *job) NW_MUST_USE;

/**
 * Run fn(here, arg) as a job and wait for its end.
 *
 * @param priority, node_idx, cancel  as those of a job
 * @return 0
 * @return -EAGAIN, -ESHUTDOWN  as nw_sched_submit(); fn did not run
 * @return -ECANCELED  the token was set before it began; fn did not run
 * @return -EDEADLK    the caller is a worker of this scheduler: it has a here, and calls fn by it
 *
 * Threads: any thread but a worker of this scheduler (another one's may).
 * Order:   what the caller did before happens before fn, and that before the return.
 * Progress: blocks on fn.
 */
NW_API int nw_sched_run_on(struct nw_sched *sched, nw_task_fn *fn, void *arg,
			   enum nw_sched_priority priority, uint32_t node_idx,
			   struct nw_cancel *cancel) NW_MUST_USE;

/** nw_sched_run_on() with normal priority, anywhere, without a token. Threads: as that. */
NW_API int nw_sched_run(struct nw_sched *sched, nw_task_fn *fn, void *arg) NW_MUST_USE;

/** Make an empty group. Threads: the group's creator, before any other. */
NW_API void nw_group_init(struct nw_group *group);

/**
 * Wait until every job that was submitted with this group has ended. It may be used again, or its
 * memory for something else, when this returns.
 *
 * @return 0
 * @return -EDEADLK  the caller is a worker: it would wait for itself; fork and join there instead
 *
 * Threads: any thread but a scheduler's worker. One waiter at a time reuses or frees the group.
 * Order:   the jobs happen before the return.
 * Progress: blocks on the jobs.
 */
NW_API int nw_group_wait(struct nw_group *group) NW_MUST_USE;

/** Make a token that is not set. Threads: the token's creator, before any other. */
NW_API void nw_cancel_init(struct nw_cancel *cancel, const struct nw_cancel *parent);

/**
 * Cancel all that runs under the token: what has not begun will not, if it is a job or a task of
 * the plain interface; what runs finds out by nw_here_is_cancelled(). Again is harmless.
 *
 * Threads: any thread; async-signal-safe.
 * Order:   what the caller did before is seen by whoever finds the token set.
 * Progress: wait-free.
 */
NW_API void nw_cancel_set(struct nw_cancel *cancel);

/** Whether the token or one above it is set. Threads: any thread. */
NW_API bool nw_cancel_is_set(const struct nw_cancel *cancel);

/**
 * Read what one worker counted.
 *
 * Threads: any thread.
 * Progress: wait-free.
 */
NW_API void nw_sched_counters(const struct nw_sched *sched, uint32_t worker_idx,
			      struct nw_sched_counters *ret_counters);

/** Add up what all workers counted, and the wakes of outside threads. Threads: any thread. */
NW_API void nw_sched_counters_sum(const struct nw_sched *sched,
				  struct nw_sched_counters *ret_counters);

/** The scheduler the here belongs to. Threads: the here's. */
NW_API struct nw_sched *nw_here_sched(struct nw_here here);

/** "default", "random", "nearest", ...; NULL for others. Threads: any thread. */
NW_API const char *nw_sched_policy_name(enum nw_sched_policy policy);

NW_END_DECLS

#endif /* NW_SCHED_H */
