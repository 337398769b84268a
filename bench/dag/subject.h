/* SPDX-License-Identifier: MIT */
/*
 * What the task graph benchmark asks of each subject: the same graphs, the same few nanoseconds of
 * work a task, so that a difference is the runtime's. C and C++.
 */
#ifndef BENCH_DAG_SUBJECT_H
#define BENCH_DAG_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tasks are numbered so that each waits for lower numbers only. */
struct dag_graph {
	const char *name;
	uint32_t count;
	uint32_t
		*first; /* [count + 1]: task i waits for before[first[i]] .. before[first[i+1]-1] */
	uint32_t *before;
	uint64_t *values; /* [count]: what the tasks compute */
};

/* A task: one more than the sum of what it waited for. */
static inline void dag_work(const struct dag_graph *graph, uint32_t i)
{
	uint64_t sum = 1;

	for (uint32_t j = graph->first[i]; j < graph->first[i + 1]; j++)
		sum += graph->values[graph->before[j]];
	graph->values[i] = sum;
}

struct dag_subject {
	const char *name;
	bool is_lasting;                  /* what was built runs again without being built again */
	void *(*start)(uint32_t workers); /* NULL: cannot */
	void (*stop)(void *pool);
	void *(*build)(void *pool, const struct dag_graph *graph);
	bool (*run)(void *built);
	void (*destroy)(void *built);
};

extern const struct dag_subject dag_ours;
#ifdef BENCH_HAS_OPENMP
extern const struct dag_subject dag_openmp;
#endif
#ifdef BENCH_HAS_TBB
extern const struct dag_subject dag_tbb;
#endif

#ifdef __cplusplus
}
#endif

#endif /* BENCH_DAG_SUBJECT_H */
