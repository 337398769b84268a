/* SPDX-License-Identifier: MIT */
/*
 * A run in pretended time: every task takes its duration and ends well. For --dry-run and
 * --simulate.
 * Invariant: ends[] is a heap, the soonest first; time goes from one end, or one time that the
 * graph waits for, to the next.
 */
#include "common/app.h"
#include "dag/run.h"

#include <signal.h>
#include <stdlib.h>

struct end {
	uint64_t end_ns, start_ns;
	uint32_t task_idx, attempt, node_pos;
};

struct pretend {
	uint64_t now_ns;
	struct end *ends; /* [count]; a task runs once at a time, so task_count are enough */
	uint32_t count;
};

int dag_pretend_open(struct dag_run *run)
{
	struct pretend *pretend = calloc(1, sizeof(*pretend));

	if (pretend)
		pretend->ends = calloc(run->file->task_count, sizeof(*pretend->ends));
	if (!pretend || !pretend->ends) {
		free(pretend);
		return app_failed(DAG_NAME, "no memory");
	}
	pretend->now_ns = DAG_NS_PER_S; /* 0 means "not yet" in struct nw_dag_info */
	run->engine = pretend;
	return APP_OK;
}

void dag_pretend_close(struct dag_run *run)
{
	struct pretend *pretend = run->engine;

	if (pretend)
		free(pretend->ends);
	free(pretend);
	run->engine = NULL;
}

static uint64_t now_of(const struct dag_run *run)
{
	const struct pretend *pretend = run->engine;

	return pretend->now_ns;
}

/* Equal times in the order of the file: the same file gives the same schedule. */
static bool is_before(const struct end *a, const struct end *b)
{
	return a->end_ns != b->end_ns ? a->end_ns < b->end_ns : a->task_idx < b->task_idx;
}

static void sift_down(struct pretend *pretend, uint32_t i)
{
	for (;;) {
		uint32_t least = i;

		for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < pretend->count &&
			    is_before(&pretend->ends[child], &pretend->ends[least]))
				least = child;
		if (least == i)
			return;
		struct end swapped = pretend->ends[i];

		pretend->ends[i] = pretend->ends[least];
		pretend->ends[least] = swapped;
		i = least;
	}
}

static void sift_up(struct pretend *pretend, uint32_t i)
{
	while (i > 0 && is_before(&pretend->ends[i], &pretend->ends[(i - 1) / 2])) {
		struct end swapped = pretend->ends[i];

		pretend->ends[i] = pretend->ends[(i - 1) / 2];
		i = (i - 1) / 2;
		pretend->ends[i] = swapped;
	}
}

static struct end take(struct pretend *pretend, uint32_t i)
{
	struct end end = pretend->ends[i];

	pretend->ends[i] = pretend->ends[--pretend->count];
	sift_up(pretend, i);
	sift_down(pretend, i);
	return end;
}

static bool start(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step)
{
	struct pretend *pretend = run->engine;
	uint64_t ns = run->cost_ns[task_idx];

	pretend->ends[pretend->count] = (struct end){
		.start_ns = pretend->now_ns,
		.end_ns = pretend->now_ns + ns < ns ? UINT64_MAX : pretend->now_ns + ns,
		.task_idx = task_idx,
		.attempt = step->attempt,
		.node_pos = step->node_idx,
	};
	sift_up(pretend, pretend->count++);
	return true;
}

static void end_try(struct dag_run *run, const struct end *end, int status)
{
	struct pretend *pretend = run->engine;
	struct dag_try try = { .task_idx = end->task_idx,
			       .attempt = end->attempt,
			       .node_pos = end->node_pos,
			       .start_ns = end->start_ns,
			       .end_ns = pretend->now_ns,
			       .is_ok = status == 0 };

	dag_run_ended(run, &try, status);
}

static void stop(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step)
{
	struct pretend *pretend = run->engine;

	(void)step;
	for (uint32_t i = 0; i < pretend->count; i++) {
		if (pretend->ends[i].task_idx == task_idx) {
			struct end end = take(pretend, i);

			end_try(run, &end, SIGTERM);
			return;
		}
	}
}

static void wait_until(struct dag_run *run, uint64_t until_ns)
{
	struct pretend *pretend = run->engine;

	if (pretend->count == 0 || pretend->ends[0].end_ns > until_ns) {
		pretend->now_ns = until_ns;
		return;
	}
	pretend->now_ns = pretend->ends[0].end_ns;
	while (pretend->count > 0 && pretend->ends[0].end_ns <= pretend->now_ns) {
		struct end end = take(pretend, 0);

		end_try(run, &end, 0);
	}
}

const struct dag_engine dag_pretend = { now_of, start, stop, wait_until };
