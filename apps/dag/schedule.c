/* SPDX-License-Identifier: MIT */
/* What a run amounts to: where the time went, and which chain of tasks took the longest.
 * Invariant: times are sums of tries, so a task that was done before has none. */
#include "dag/run.h"

#include <stdlib.h>

uint64_t dag_task_ns(const struct dag_run *run, uint32_t task_idx)
{
	const struct dag_result *result = &run->results[task_idx];

	return result->attempt > 0 ? result->end_ns - result->start_ns : 0;
}

/* The need that its end came last of, by chains; DAG_NONE: it needs nothing. */
static int64_t longest_need(const struct dag_task *task, const uint64_t *chain_ns)
{
	int64_t longest = DAG_NONE;

	for (uint32_t k = 0; k < task->need_count; k++) {
		uint32_t need = task->needs[k].task_idx;

		if (longest == DAG_NONE || chain_ns[need] > chain_ns[longest])
			longest = need;
	}
	return longest;
}

bool dag_longest_path(const struct dag_run *run, struct dag_path *ret_path)
{
	const struct dag_file *file = run->file;
	uint64_t *chain_ns = calloc(file->task_count, sizeof(*chain_ns));
	uint32_t *tasks = calloc(file->task_count, sizeof(*tasks)), count = 0,
		 last = file->order[0];

	if (!chain_ns || !tasks) {
		free(chain_ns);
		free(tasks);
		return false;
	}
	for (uint32_t i = 0; i < file->task_count; i++) {
		uint32_t idx = file->order[i];
		int64_t need = longest_need(&file->tasks[idx], chain_ns);

		chain_ns[idx] = dag_task_ns(run, idx) + (need == DAG_NONE ? 0 : chain_ns[need]);
		if (chain_ns[idx] > chain_ns[last])
			last = idx;
	}
	/* Backwards, then the other way round; tasks that took no time say nothing. */
	for (int64_t idx = last; idx != DAG_NONE && chain_ns[idx] > 0;
	     idx = longest_need(&file->tasks[idx], chain_ns))
		if (run->results[idx].attempt > 0)
			tasks[count++] = (uint32_t)idx;
	for (uint32_t i = 0; i < count / 2; i++) {
		uint32_t swapped = tasks[i];

		tasks[i] = tasks[count - 1 - i];
		tasks[count - 1 - i] = swapped;
	}
	*ret_path = (struct dag_path){ tasks, count, chain_ns[last] };
	free(chain_ns);
	return true;
}

struct dag_use dag_use_of(const struct dag_run *run, uint32_t node_pos)
{
	struct dag_use use = { 0 };

	for (size_t i = 0; i < run->try_count; i++) {
		const struct dag_try *try = &run->tries[i];
		const struct dag_task *task = &run->file->tasks[try->task_idx];
		uint64_t ns = try->end_ns - try->start_ns;
		uint64_t cpu = dag_cpu_of(run, task);

		if (try->node_pos != node_pos)
			continue;
		use.task_count++;
		use.busy_ns += ns;
		use.booked_ns += (uint64_t)((double)ns * (double)cpu / 1000.0);
	}
	return use;
}

uint32_t dag_levels(const struct dag_file *file, uint32_t *levels)
{
	uint32_t level_count = 0;

	for (uint32_t i = 0; i < file->task_count; i++) {
		const struct dag_task *task = &file->tasks[file->order[i]];
		uint32_t level = 0;

		for (uint32_t k = 0; k < task->need_count; k++)
			if (level <= levels[task->needs[k].task_idx])
				level = levels[task->needs[k].task_idx] + 1;
		levels[file->order[i]] = level;
		if (level_count <= level)
			level_count = level + 1;
	}
	return level_count;
}
