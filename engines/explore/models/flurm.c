/* SPDX-License-Identifier: MIT */
/*
 * The life cycle of jobs on a small cluster: what a batch scheduler does to each job.
 *
 *   Null -Submit-> Pending -Start-> Running -Finish-> Completing -Complete-> Completed
 *   Running -Fail-> Failed, -Expire-> Timeout; Running -Suspend-> Suspended -Resume-> Running
 *   Pending, Running, Suspended -Cancel-> Cancelled; Failed, Timeout -Requeue-> Pending
 *   Tick: the clock of every running job goes on by one
 *
 * Submit chooses the job's time limit, 1..--time-limit. Running and Completing jobs each hold one
 * of --slots places, so Start and Resume may have to wait. A job at its limit must leave Running
 * before the clock goes on: Tick waits for it, and Expire is the action that the scheduler takes.
 * A requeued job starts anew with the same limit. All jobs Completed or Cancelled is an end.
 *
 * A state is three bytes a job: its state, its limit, the time it ran. Invariants:
 *   TimeLimitKept   no job ran longer than its limit
 *   SlotsKept       no more jobs hold a slot than there are
 *   TimeoutEarned   a job in Timeout ran for exactly its limit
 *   NullIsBlank     a job that was not submitted has neither limit nor time
 *   PendingIsFresh  a pending job has not run
 */
#include "builtin.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { JOBS_MAX = 8, LIMIT_MAX = 15 };

enum job_state {
	JOB_NULL,
	PENDING,
	RUNNING,
	COMPLETING,
	COMPLETED,
	FAILED,
	TIMEOUT,
	CANCELLED,
	SUSPENDED,
	STATE_COUNT
};
static const char *const state_names[STATE_COUNT] = { "Null",       "Pending",   "Running",
						      "Completing", "Completed", "Failed",
						      "Timeout",    "Cancelled", "Suspended" };

struct job {
	uint8_t state, limit, ran;
};
static_assert(sizeof(struct job) == 3, "a state has no padding");

struct cluster {
	uint32_t job_count, limit_max, slot_count;
};

struct jobs {
	struct job job[JOBS_MAX];
};

/* A job's own actions; Submit stands apart, for it has a choice, and so does Tick. */
static const struct rule {
	uint8_t from, to;
	const char *name;
} rules[] = {
	{ PENDING, RUNNING, "Start" },     { PENDING, CANCELLED, "Cancel" },
	{ RUNNING, COMPLETING, "Finish" }, { RUNNING, FAILED, "Fail" },
	{ RUNNING, TIMEOUT, "Expire" },    { RUNNING, SUSPENDED, "Suspend" },
	{ RUNNING, CANCELLED, "Cancel" },  { COMPLETING, COMPLETED, "Complete" },
	{ FAILED, PENDING, "Requeue" },    { TIMEOUT, PENDING, "Requeue" },
	{ SUSPENDED, RUNNING, "Resume" },  { SUSPENDED, CANCELLED, "Cancel" },
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct nwi_parameters p = { &nwi_model_flurm, names, values, parameter_count, diag };
	static const char *const known[] = { "jobs", "time-limit", "slots" };
	uint64_t job_count = 3, limit_max = 3, slot_count = 2;
	struct cluster *cluster;
	int r = nwi_parameter_only(&p, known, 3);

	if (r == 0)
		r = nwi_parameter_number(&p, "jobs", 1, JOBS_MAX, &job_count);
	if (r == 0)
		r = nwi_parameter_number(&p, "time-limit", 1, LIMIT_MAX, &limit_max);
	if (r == 0)
		r = nwi_parameter_number(&p, "slots", 1, JOBS_MAX, &slot_count);
	if (r < 0)
		return r;
	cluster = malloc(sizeof(*cluster));
	if (!cluster)
		return -ENOMEM;
	*cluster = (struct cluster){ (uint32_t)job_count, (uint32_t)limit_max,
				     (uint32_t)slot_count };
	*ret_model = cluster;
	return 0;
}

static uint32_t size_of_state(const void *model)
{
	const struct cluster *cluster = model;

	return cluster->job_count * (uint32_t)sizeof(struct job);
}

static int open_copy(void **ret_context, const void *model)
{
	struct cluster *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, model, sizeof(*copy));
	*ret_context = copy;
	return 0;
}

static void init(void *context, struct nw_emit *emit)
{
	const struct jobs jobs = { 0 };

	(void)nw_emit(emit, &jobs, size_of_state(context)); /* nothing to stop */
}

static uint32_t slots_used(const struct cluster *cluster, const struct jobs *jobs)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < cluster->job_count; i++)
		used += jobs->job[i].state == RUNNING || jobs->job[i].state == COMPLETING;
	return used;
}

static bool is_enabled(const struct rule *rule, const struct job *job, bool has_slot)
{
	if (job->state != rule->from)
		return false;
	if (rule->to == RUNNING)
		return has_slot;
	return rule->to != TIMEOUT || job->ran == job->limit;
}

/* The clock goes on when a job runs and none of them has used up its limit. */
static bool may_tick(const struct cluster *cluster, const struct jobs *jobs)
{
	bool is_running = false;

	for (uint32_t i = 0; i < cluster->job_count; i++) {
		const struct job *job = &jobs->job[i];

		if (job->state == RUNNING && job->ran == job->limit)
			return false;
		is_running |= job->state == RUNNING;
	}
	return is_running;
}

/* Walks the enabled actions in the order that next() and action() must share. Each is applied to
 * *jobs, handed to visit, and undone; visit returns false to end the walk. */
struct walk {
	const struct cluster *cluster;
	struct jobs *jobs;
	bool (*visit)(struct walk *walk, const char *name);
	struct nw_emit *emit; /* next() */
	uint32_t ordinal;     /* action(): how many to pass over */
	const char *found;
};

static bool walk_submit(struct walk *walk, struct job *job)
{
	for (uint32_t limit = 1; limit <= walk->cluster->limit_max; limit++) {
		*job = (struct job){ PENDING, (uint8_t)limit, 0 };
		if (!walk->visit(walk, "Submit"))
			return false;
	}
	*job = (struct job){ JOB_NULL, 0, 0 };
	return true;
}

static bool walk_job(struct walk *walk, struct job *job, bool has_slot)
{
	const struct job before = *job;

	if (job->state == JOB_NULL)
		return walk_submit(walk, job);
	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		if (!is_enabled(&rules[i], &before, has_slot))
			continue;
		job->state = rules[i].to;
		if (job->state == PENDING)
			job->ran = 0;
		if (!walk->visit(walk, rules[i].name))
			return false;
		*job = before;
	}
	return true;
}

static void walk_all(struct walk *walk)
{
	uint32_t job_count = walk->cluster->job_count;
	bool has_slot = slots_used(walk->cluster, walk->jobs) < walk->cluster->slot_count;

	for (uint32_t i = 0; i < job_count; i++) {
		if (!walk_job(walk, &walk->jobs->job[i], has_slot))
			return;
	}
	if (!may_tick(walk->cluster, walk->jobs))
		return;
	for (uint32_t i = 0; i < job_count; i++) {
		struct job *job = &walk->jobs->job[i];

		job->ran = (uint8_t)(job->ran + (job->state == RUNNING));
	}
	(void)walk->visit(walk, "Tick"); /* the last one: nothing to stop */
}

static bool visit_emit(struct walk *walk, const char *name)
{
	(void)name;
	return nw_emit(walk->emit, walk->jobs, size_of_state(walk->cluster));
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	struct jobs jobs;
	struct walk walk = { .cluster = context, .jobs = &jobs, .visit = visit_emit, .emit = emit };

	memcpy(&jobs, state, n_bytes);
	walk_all(&walk);
}

static const char *job_invariant(const struct job *job)
{
	if (job->ran > job->limit)
		return "TimeLimitKept";
	if (job->state == TIMEOUT && job->ran != job->limit)
		return "TimeoutEarned";
	if (job->state == JOB_NULL && (job->limit || job->ran))
		return "NullIsBlank";
	if (job->state == PENDING && job->ran)
		return "PendingIsFresh";
	return NULL;
}

static const char *invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	const struct cluster *cluster = context;
	struct jobs jobs;

	memcpy(&jobs, state, n_bytes);
	if (slots_used(cluster, &jobs) > cluster->slot_count)
		return "SlotsKept";
	for (uint32_t i = 0; i < cluster->job_count; i++) {
		const char *name = job_invariant(&jobs.job[i]);

		if (name)
			return name;
	}
	return NULL;
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	char line[JOBS_MAX * 32];
	size_t used = 0;

	(void)context;
	for (size_t i = 0; i < n_bytes / sizeof(struct job) && i < JOBS_MAX; i++) {
		struct job job;

		memcpy(&job, state + i * sizeof(job), sizeof(job));
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%zu %s %u/%u",
					 i ? ", " : "", i, state_names[job.state % STATE_COUNT],
					 (unsigned)job.ran, (unsigned)job.limit);
	}
	snprintf(text, text_bytes, "%s", line);
}

static bool visit_name(struct walk *walk, const char *name)
{
	if (walk->ordinal-- > 0)
		return true;
	walk->found = name;
	return false;
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	struct jobs jobs;
	struct walk walk = {
		.cluster = context, .jobs = &jobs, .visit = visit_name, .ordinal = ordinal
	};

	memcpy(&jobs, state, n_bytes);
	walk_all(&walk);
	return walk.found;
}

const struct nw_model nwi_model_flurm = {
	.abi = NW_MODEL_ABI,
	.name = "flurm",
	.about = "life cycle of batch jobs: 9 states, 11 actions, 5 invariants",
	.parameters = "--jobs N (3), --time-limit N (3), --slots N (2)",
	.flags = NW_MODEL_MAY_END,
	.configure = configure,
	.dispose = free,
	.size_of_state = size_of_state,
	.open = open_copy,
	.close = free,
	.init = init,
	.next = next,
	.invariant = invariant,
	.print = print,
	.action = action,
};
