/* SPDX-License-Identifier: MIT */
/*
 * Inside of a scheduler: its workers, each with a deque of tasks (tasks.c) and one of jobs, and its
 * homes, one a node, each with an event to sleep on (idle.c) and its injectors (jobs.c).
 *
 * Workers are kept by *rank*, grouped by node, as policies want them; the crew's worker_idx is what
 * the outside sees.
 */
#ifndef NWI_SCHED_SCHED_H
#define NWI_SCHED_SCHED_H

#include <nw/deque.h>
#include <nw/hazard.h>
#include <nw/mpmc.h>
#include <nw/sched.h>

#include "base/prng.h"
#include "os/backoff.h"
#include "sched/policy.h"

#include <stdalign.h>
#include <stdatomic.h>

/* A worker's own counters, one field for each of struct nw_sched_counters, in its order. */
enum nwi_count {
	NWI_COUNT_LOCAL_POPS,
	NWI_COUNT_SAME_NODE_STEALS,
	NWI_COUNT_CROSS_NODE_STEALS,
	NWI_COUNT_INJECTOR_TAKES,
	NWI_COUNT_MIGRATIONS,
	NWI_COUNT_REFUSED_MIGRATIONS,
	NWI_COUNT_HINTED_JOBS,
	NWI_COUNT_HINTED_HOME,
	NWI_COUNT_FAILED_ROUNDS,
	NWI_COUNT_SLEEPS,
	NWI_COUNT_WAKES,
	NWI_COUNT_LEAPS,
	NWI_COUNT_INLINE_OVERFLOWS,
	NWI_COUNT_COUNT,
};

struct nwi_worker {
	/* Read by the owner at every spawn and join; a thief writes the extremes to ask for work.
	 */
	struct nw_worker fast;

	/* Written by thieves and the owner: tail | split << 32, see tasks.c. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t span;

	/* Written by the owner. */
	alignas(NW_CACHE_PAIR) uint32_t split; /* its copy: tasks below it thieves may see */
	uint32_t stamped;                      /* tasks below it have their token written already */
	struct nw_cancel *cancel;              /* what it runs under now */
	_Atomic uint64_t counts[NWI_COUNT_COUNT];
	struct nwi_policy policy;
	struct nwi_threshold threshold;
	struct nwi_load shown;     /* its part of its home's board */
	struct nwi_load *loads;    /* [node_count], its copies of the boards */
	uint32_t tries, successes; /* at taking from other nodes, for the threshold */
	uint32_t turn;             /* looks at injectors */
	struct nwi_backoff backoff;

	/* Written by the thief whose task the owner waits for. */
	alignas(NW_CACHE_PAIR) struct nw_event joined;

	/* Constant while the scheduler runs. */
	alignas(NW_CACHE_PAIR) struct nw_sched *sched;
	struct nw_task *slots; /* [NW_TASK_PENDING_MAX]; thieves see the first slot_count */
	uint32_t slot_count;
	uint32_t rank;
	uint32_t worker_idx; /* the crew's */
	uint32_t node_idx;
	uint32_t burst; /* jobs it takes from another at once, at most */
	struct nw_deque *jobs;
	struct nw_hazard_thread *hazard;
	struct nw_mem mem, slots_mem;
};

/* One node's meeting point. Those without workers have only what serves them: see home_of. */
struct nwi_home {
	/* Written by sleepers and by whoever wakes them. */
	alignas(NW_CACHE_PAIR) struct nw_event event;
	_Atomic uint64_t sleepers; /* unclaimed | claimed << 32, see idle.c */

	/* Written by its workers, now and then. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t job_ns; /* how long hinted jobs took of late */

	struct nwi_load_board board;

	/* Constant while the scheduler runs. */
	alignas(NW_CACHE_PAIR) struct nw_mpmc *injectors[NW_SCHED_PRIORITY_COUNT]; /* for anybody */
	struct nw_mpmc *mailboxes[NW_SCHED_PRIORITY_COUNT]; /* jobs that are judged before they
							       leave this node */
	uint32_t worker_count;
	struct nw_mem mem;
};

struct nw_sched {
	/* Written by sleepers and by whoever wakes them; read by whoever makes work visible. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t sleeper_count;

	/* Written by outside submitters. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t entered_count; /* inside nw_sched_submit() now */
	_Atomic uint32_t turn;                                 /* which home is next */
	_Atomic uint64_t outside_wakes;                        /* sleepers they woke */

	/* Written when it stops. */
	alignas(NW_CACHE_PAIR) _Atomic bool is_stopping;
	_Atomic bool is_over;
	_Atomic uint32_t done_count; /* workers that found nothing since the stop */

	/* Written when it starts. */
	alignas(NW_CACHE_PAIR) struct nw_event started;
	_Atomic uint32_t gate; /* enum in sched.c */

	/* Constant while it runs. */
	struct nw_crew *crew;
	struct nw_hazard *hazards;
	struct nwi_worker **workers; /* [worker_count], by rank */
	struct nwi_worker **by_idx;  /* [worker_count], by the crew's worker_idx */
	struct nwi_home **homes;     /* [node_count]; NULL: no workers there */
	uint32_t *home_of;           /* [node_count]: which node's workers serve it */
	uint32_t *homes_used;        /* [home_count] nodes with workers */
	struct nwi_policy_map *map;
	uint32_t worker_count;
	uint32_t node_count;
	uint32_t home_count;
	uint32_t spin_rounds;
	enum nwi_policy_kind policy;
	bool reads_loads;
	struct nw_sched_options options;
	struct nw_mem mem; /* holds this struct */
};

/* ---- counting: the owner only ---- */

static inline void nwi_count_add(struct nwi_worker *worker, enum nwi_count which, uint64_t n)
{
	_Atomic uint64_t *count = &worker->counts[which];

	/* relaxed: only the owner writes; a statistic to others. */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline struct nwi_worker *nwi_worker_of(struct nw_worker *fast)
{
	return (struct nwi_worker *)(void *)fast; /* its first member */
}

/* ---- tasks.c ---- */

/* What came of a try to take. */
enum nwi_took { NWI_TOOK_NOTHING, NWI_TOOK, NWI_TOOK_LOST };

/* An empty deque of tasks in zeroed slots. */
void nwi_tasks_init(struct nwi_worker *worker, struct nw_task *slots, uint32_t slot_count);

/*
 * Try to take the oldest task of the victim, which is not the caller; where it shows none, ask for
 * some. NWI_TOOK: it has to be run by nwi_tasks_run(). ret_has_more: whether it showed another.
 */
enum nwi_took nwi_tasks_steal(struct nwi_worker *victim, struct nwi_worker *thief,
			      struct nw_task **ret_task, bool *ret_has_more);

/* How many of its tasks thieves can see. The owner. */
uint32_t nwi_tasks_shown_count(const struct nwi_worker *worker);

/* Run a stolen task on the thief, from slot `head` on, and tell its victim. */
void nwi_tasks_run(struct nwi_worker *thief, struct nw_task *head, struct nwi_worker *victim,
		   struct nw_task *task);

/* ---- idle.c ---- */

/* Announce a sleeper of this home: after nw_event_prepare(), before the last look. */
void nwi_idle_announce(struct nw_sched *sched, struct nwi_home *home);
/* Take it back. is_woken: after a wait, not because work was found. True: a wake-up was meant for
 * this one and not needed: pass it on with nwi_idle_wake_one(). */
bool nwi_idle_leave(struct nw_sched *sched, struct nwi_home *home, bool is_woken);
/* Wake a sleeper, of that node if there is one, else near it; only_home: else nobody. True: one;
 * it is counted. */
bool nwi_idle_wake_one(struct nw_sched *sched, uint32_t node_idx, bool only_home);
/* Wake all sleepers: something changed for everybody. */
void nwi_idle_wake_all(struct nw_sched *sched);

/* ---- jobs.c ---- */

/* The worker that the calling thread is, or NULL. */
struct nwi_worker *nwi_worker_self(void);
void nwi_worker_set_self(struct nwi_worker *worker);

/* Run a job on a worker whose deque of tasks is empty. */
void nwi_job_run(struct nwi_worker *worker, struct nw_job *job);
/* Take a job of normal rank or below from a home's injectors; whose own it is: mailboxes too. */
bool nwi_jobs_take(struct nwi_worker *worker, uint32_t node_idx, struct nw_job **ret_job);
/* Take one from the mailboxes of another node, if that is worth it. */
enum nwi_saw nwi_jobs_migrate(struct nwi_worker *worker, uint32_t node_idx,
			      struct nw_job **ret_job);
/* Take a high job of the own home. */
bool nwi_jobs_take_high(struct nwi_worker *worker, struct nw_job **ret_job);

/* ---- loop.c ---- */

/* Jobs taken from another's deque at once, at most. */
enum { NWI_JOBS_BURST = 8 };

/* Shows on its home's board how much waits and runs here, if that changed much. The owner. */
void nwi_worker_show(struct nwi_worker *worker, bool is_running);

/* One turn: takes something and runs it, or finds nothing. Does not block but in what it runs. */
bool nwi_worker_try(struct nwi_worker *worker);

/* A worker's life: until the scheduler is over. */
void nwi_worker_loop(struct nwi_worker *worker);

#endif /* NWI_SCHED_SCHED_H */
