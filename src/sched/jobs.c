/* SPDX-License-Identifier: MIT */
/*
 * Jobs: handing them over, where they wait, how their end is told.
 *
 * A home has two queues for each priority: an *injector* of jobs that may run anywhere, from which
 * other nodes take freely, and a *mailbox* of jobs that named this node, or have data on it, from
 * which they take only what the policy of migration lets go. Both are bounded.
 *
 * Invariant: a job lies in exactly one queue or deque, or runs, or has ended; whoever popped it has
 * it alone. It is not touched after its run began, but for its group, which was read before.
 *
 * An outside submitter is counted in entered_count while it is inside, so that workers that stop
 * can tell when the last has pushed: it enters, then looks whether there is a stop; the stop is
 * set, then the workers look whether anybody is inside (sequentially consistent on both sides).
 *
 * A group's word is jobs << 1 | waking. Whoever takes the last job out sets waking by the same
 * step, notifies, and clears it; a waiter returns only at 0, when nobody will touch the group
 * again.
 */
#include "sched/sched.h"

#include "base/fence.h"
#include "os/thread.h"

#include <assert.h>
#include <errno.h>

#define WAKER_ONE (UINT64_C(1) << 32)

static _Thread_local struct nwi_worker *self;

/* Levels from the highest down. */
static const enum nw_sched_priority levels[NW_SCHED_PRIORITY_COUNT] = { NW_SCHED_HIGH,
									NW_SCHED_NORMAL,
									NW_SCHED_LOW };

struct nwi_worker *nwi_worker_self(void)
{
	return self;
}

void nwi_worker_set_self(struct nwi_worker *worker)
{
	self = worker;
}

/* ---- groups ---- */

void nw_group_init(struct nw_group *group)
{
	nw_event_init(&group->event);
	atomic_init(&group->state, 0);
}

static uint32_t jobs_in(uint64_t state)
{
	return (uint32_t)state;
}

static void group_add(struct nw_group *group)
{
	/* relaxed: a count; the job's way to its worker orders it before the end. */
	atomic_fetch_add_explicit(&group->state, 1, memory_order_relaxed);
}

/* A job less: wakes the waiters if it was the last. */
static void group_end(struct nw_group *group)
{
	uint64_t state = atomic_load(&group->state), next;

	do {
		next = state - 1;
		if (jobs_in(next) == 0)
			next += WAKER_ONE;
	} while (!atomic_compare_exchange_weak(&group->state, &state, next));
	if (jobs_in(next) != 0)
		return;
	nw_event_notify_all(&group->event);
	atomic_fetch_sub(&group->state, WAKER_ONE); /* the last touch */
}

static bool group_is_over(const struct nw_group *group)
{
	return atomic_load(&group->state) == 0;
}

static void group_wait(struct nw_group *group)
{
	struct nwi_backoff backoff = { 0 };

	while (!group_is_over(group)) {
		nw_event_key key = nw_event_prepare(&group->event);

		if (jobs_in(atomic_load(&group->state)) == 0) { /* over, or being told so */
			nw_event_cancel(&group->event);
			nwi_backoff_wait(&backoff);
		} else {
			(void)nw_event_wait(&group->event, key, 0, 0);
		}
	}
}

int nw_group_wait(struct nw_group *group)
{
	if (self)
		return -EDEADLK;
	group_wait(group);
	return 0;
}

/* ---- tokens ---- */

void nw_cancel_init(struct nw_cancel *cancel, const struct nw_cancel *parent)
{
	atomic_init(&cancel->is_set, 0);
	cancel->parent = parent;
}

void nw_cancel_set(struct nw_cancel *cancel)
{
	/* [cancel_set.is_set] release, pairs with [cancel_is_set.is_set]: why it was cancelled. */
	atomic_store_explicit(&cancel->is_set, 1, memory_order_release);
}

bool nw_cancel_is_set(const struct nw_cancel *cancel)
{
	for (; cancel; cancel = cancel->parent) {
		/* [cancel_is_set.is_set] acquire, pairs with [cancel_set.is_set]: as there. */
		if (atomic_load_explicit(&cancel->is_set, memory_order_acquire))
			return true;
	}
	return false;
}

/* ---- handing over ---- */

void nw_job_init(struct nw_job *job, nw_job_fn *fn)
{
	*job = (struct nw_job){ .run = fn, .node_idx = NW_SCHED_ANY_NODE };
}

static bool push(struct nw_mpmc *mpmc, struct nw_job *job)
{
	struct nw_mpmc_producer producer;
	bool is_pushed;

	/* All handles are in use only while as many threads are between here and the end. */
	for (struct nwi_backoff backoff = { 0 }; nw_mpmc_register(&producer, mpmc) < 0;)
		nwi_backoff_wait(&backoff);
	is_pushed = nw_mpmc_push(&producer, job);
	nw_mpmc_unregister(&producer);
	return is_pushed;
}

/* Jobs that wait in a node's mailboxes. */
static uint64_t mail_count(const struct nwi_home *home)
{
	uint64_t n = 0;

	for (int i = 0; i < NW_SCHED_PRIORITY_COUNT; i++)
		n += nw_mpmc_count(home->mailboxes[i]);
	return n;
}

/* Wakes for a job in a mailbox: a neighbour only where there is more than the node's own can do. */
static void wake_for_mail(struct nw_sched *sched, uint32_t node_idx)
{
	const struct nwi_home *home = sched->homes[node_idx];

	nwi_fence_full(); /* the push before the look for sleepers, see idle.c */
	if (!nwi_idle_wake_one(sched, node_idx, true) && mail_count(home) > home->worker_count)
		(void)nwi_idle_wake_one(sched, node_idx, false);
}

/* Posts a job that is judged before it leaves the home at that node. */
static int mail(struct nw_sched *sched, struct nw_job *job, uint32_t node_idx)
{
	if (!push(sched->homes[node_idx]->mailboxes[job->priority], job))
		return -EAGAIN;
	wake_for_mail(sched, node_idx);
	return 0;
}

/* Hands in a job that anybody may run, near that node. */
static int inject(struct nw_sched *sched, struct nw_job *job, uint32_t node_idx)
{
	if (!push(sched->homes[node_idx]->injectors[job->priority], job))
		return -EAGAIN;
	nwi_fence_full(); /* as in wake_for_mail() */
	(void)nwi_idle_wake_one(sched, node_idx, false);
	return 0;
}

static int mail_hinted(struct nw_sched *sched, struct nw_job *job)
{
	return mail(sched, job, sched->home_of[job->node_idx]);
}

/* From one of the scheduler's own workers. Where the mailbox is full, data counts for nothing. */
static int submit_inside(struct nwi_worker *worker, struct nw_job *job)
{
	struct nw_sched *sched = worker->sched;

	if (job->node_idx != NW_SCHED_ANY_NODE)
		return mail_hinted(sched, job);
	if (nwi_migration_is_judged(false, job->data_bytes) &&
	    mail(sched, job, worker->node_idx) == 0)
		return 0;
	if (job->priority != NW_SCHED_NORMAL || !nw_deque_push(worker->jobs, worker->hazard, job))
		return inject(sched, job, worker->node_idx);
	nwi_fence_full(); /* the push before the look for sleepers, see idle.c */
	(void)nwi_idle_wake_one(sched, worker->node_idx, false);
	nwi_worker_show(worker, true);
	return 0;
}

/* An outside thread is on no node that a job without a hint could have its data on. */
static int hand_in(struct nw_sched *sched, struct nw_job *job)
{
	uint32_t turn;

	if (job->node_idx != NW_SCHED_ANY_NODE)
		return mail_hinted(sched, job);
	/* relaxed: a count nobody acts on but to spread. */
	turn = atomic_fetch_add_explicit(&sched->turn, 1, memory_order_relaxed);
	return inject(sched, job, sched->homes_used[turn % sched->home_count]);
}

static int submit_outside(struct nw_sched *sched, struct nw_job *job)
{
	int rc = -ESHUTDOWN;

	atomic_fetch_add(&sched->entered_count, 1);
	if (!atomic_load(&sched->is_stopping))
		rc = hand_in(sched, job);
	atomic_fetch_sub(&sched->entered_count, 1);
	if (atomic_load(&sched->is_stopping))
		nwi_idle_wake_all(sched); /* they may wait for us to leave */
	return rc;
}

int nw_sched_submit(struct nw_sched *sched, struct nw_job *job)
{
	struct nw_group *group = job->group; /* the job may be gone when it is submitted */
	int rc;

	assert(job->run && (unsigned)job->priority < NW_SCHED_PRIORITY_COUNT);
	assert(job->node_idx == NW_SCHED_ANY_NODE || job->node_idx < sched->node_count);
	if (group)
		group_add(group);
	rc = self && self->sched == sched ? submit_inside(self, job) : submit_outside(sched, job);
	if (rc < 0 && group)
		group_end(group);
	return rc;
}

/* ---- a job that somebody waits for ---- */

struct root {
	struct nw_job job;
	nw_task_fn *fn;
	void *arg;
	bool has_run;
};

static void run_root(struct nw_here here, struct nw_job *job)
{
	struct root *root = (struct root *)(void *)job; /* its first member */

	root->has_run = true;
	root->fn(here, root->arg);
}

int nw_sched_run_on(struct nw_sched *sched, nw_task_fn *fn, void *arg,
		    enum nw_sched_priority priority, uint32_t node_idx, struct nw_cancel *cancel)
{
	struct root root = { .fn = fn, .arg = arg };
	struct nw_group group;
	int rc;

	if (self && self->sched == sched)
		return -EDEADLK;
	nw_group_init(&group);
	nw_job_init(&root.job, run_root);
	root.job.group = &group;
	root.job.cancel = cancel;
	root.job.priority = priority;
	root.job.node_idx = node_idx;
	rc = nw_sched_submit(sched, &root.job);
	if (rc < 0)
		return rc;
	group_wait(&group);
	return root.has_run ? 0 : -ECANCELED;
}

int nw_sched_run(struct nw_sched *sched, nw_task_fn *fn, void *arg)
{
	return nw_sched_run_on(sched, fn, arg, NW_SCHED_NORMAL, NW_SCHED_ANY_NODE, NULL);
}

/* ---- running and taking ---- */

/* The time hinted jobs take, as a moving average over eight. */
static void note_job_ns(struct nwi_home *home, uint64_t took_ns)
{
	/* relaxed: a statistic, and so is the one below; workers may overwrite each other's. */
	uint64_t job_ns = atomic_load_explicit(&home->job_ns, memory_order_relaxed);

	/* relaxed: as above. */
	atomic_store_explicit(&home->job_ns, job_ns - job_ns / 8 + took_ns / 8,
			      memory_order_relaxed);
}

/* Counts a job with a node; returns when it began. */
static uint64_t count_hinted(struct nwi_worker *worker, const struct nw_job *job)
{
	nwi_count_add(worker, NWI_COUNT_HINTED_JOBS, 1);
	if (worker->sched->home_of[job->node_idx] == worker->node_idx)
		nwi_count_add(worker, NWI_COUNT_HINTED_HOME, 1);
	return nwi_clock_ns();
}

void nwi_job_run(struct nwi_worker *worker, struct nw_job *job)
{
	struct nw_group *group = job->group;
	bool is_hinted = job->node_idx != NW_SCHED_ANY_NODE;
	uint64_t begin_ns = 0;

	if (!nw_cancel_is_set(job->cancel)) {
		if (is_hinted)
			begin_ns = count_hinted(worker, job);
		worker->cancel = job->cancel;
		job->run((struct nw_here){ &worker->fast, worker->slots }, job);
		worker->cancel = NULL;
		if (is_hinted)
			note_job_ns(worker->sched->homes[worker->node_idx],
				    nwi_clock_ns() - begin_ns);
	}
	if (group)
		group_end(group);
}

static bool pop(struct nw_mpmc *mpmc, struct nw_job **ret_job)
{
	void *job;

	if (!nw_mpmc_pop(mpmc, &job))
		return false;
	*ret_job = job;
	return true;
}

bool nwi_jobs_take_high(struct nwi_worker *worker, struct nw_job **ret_job)
{
	struct nwi_home *home = worker->sched->homes[worker->node_idx];

	if (!pop(home->mailboxes[NW_SCHED_HIGH], ret_job) &&
	    !pop(home->injectors[NW_SCHED_HIGH], ret_job))
		return false;
	nwi_count_add(worker, NWI_COUNT_INJECTOR_TAKES, 1);
	return true;
}

bool nwi_jobs_take(struct nwi_worker *worker, uint32_t node_idx, struct nw_job **ret_job)
{
	struct nwi_home *home = worker->sched->homes[node_idx];
	bool is_own = node_idx == worker->node_idx;
	bool is_upwards = ++worker->turn % NW_SCHED_FAIR_TURNS == 0;

	for (int i = 0; i < NW_SCHED_PRIORITY_COUNT; i++) {
		enum nw_sched_priority level =
			levels[is_upwards ? NW_SCHED_PRIORITY_COUNT - 1 - i : i];

		if ((is_own && pop(home->mailboxes[level], ret_job)) ||
		    pop(home->injectors[level], ret_job)) {
			nwi_count_add(worker,
				      is_own ? NWI_COUNT_INJECTOR_TAKES : NWI_COUNT_MIGRATIONS, 1);
			return true;
		}
	}
	return false;
}

/* How much a nanosecond of a job's waiting weighs. */
static uint32_t weight_of(enum nw_sched_priority priority)
{
	return priority == NW_SCHED_HIGH ? 4 : priority == NW_SCHED_NORMAL ? 2 : 1;
}

static enum nwi_verdict judge(const struct nwi_worker *worker, uint32_t node_idx,
			      const struct nw_job *job)
{
	const struct nw_sched *sched = worker->sched;
	const struct nwi_home *theirs = sched->homes[node_idx];
	const struct nwi_home *ours = sched->homes[worker->node_idx];
	uint64_t queue_from = mail_count(theirs), queue_to = mail_count(ours);
	struct nwi_migration migration;

	if (atomic_load(&sched->is_stopping))
		return NWI_MIGRATE; /* everything has to run now, wherever */
	migration = (struct nwi_migration){
		.queue_from = queue_from,
		.queue_to = queue_to,
		.bytes = job ? job->data_bytes : 0,
		.distance = sched->map->distance[node_idx * sched->node_count + worker->node_idx],
		.price_ps = NWI_MIGRATION_PRICE_PS,
		.priority = job ? weight_of(job->priority) : UINT32_MAX,
	};

	migration.wait_saved_ns = nwi_migration_wait_saved_ns(
		queue_from, theirs->worker_count, queue_to, ours->worker_count,
		/* relaxed: a statistic. */
		1 + atomic_load_explicit(&theirs->job_ns, memory_order_relaxed));
	return nwi_migration_judge(&migration, worker->threshold.value);
}

/* A job that stays goes behind the others; where there is no room by now, it leaves after all. The
 * node's own workers may have looked meanwhile, hence the wake-up. */
static bool put_back(struct nw_sched *sched, uint32_t node_idx, struct nw_job *job)
{
	if (!push(sched->homes[node_idx]->mailboxes[job->priority], job))
		return false;
	wake_for_mail(sched, node_idx);
	return true;
}

enum nwi_saw nwi_jobs_migrate(struct nwi_worker *worker, uint32_t node_idx, struct nw_job **ret_job)
{
	struct nwi_home *home = worker->sched->homes[node_idx];
	struct nw_job *job = NULL;

	if (mail_count(home) == 0)
		return NWI_SAW_EMPTY;
	if (judge(worker, node_idx, NULL) != NWI_MIGRATE) {
		nwi_count_add(worker, NWI_COUNT_REFUSED_MIGRATIONS, 1);
		return NWI_SAW_REFUSED;
	}
	for (int i = 0; i < NW_SCHED_PRIORITY_COUNT && !job; i++)
		(void)pop(home->mailboxes[levels[i]], &job); /* the next level, if none */
	if (!job)
		return NWI_SAW_LOST;
	if (judge(worker, node_idx, job) != NWI_MIGRATE && put_back(worker->sched, node_idx, job)) {
		nwi_count_add(worker, NWI_COUNT_REFUSED_MIGRATIONS, 1);
		return NWI_SAW_REFUSED;
	}
	nwi_count_add(worker, NWI_COUNT_MIGRATIONS, 1);
	*ret_job = job;
	return NWI_SAW_GOT;
}
