/* SPDX-License-Identifier: MIT */
/* OpenMP's tasks with depend clauses as a subject: they are made anew in each run. */
#include "subject.h"

#include <omp.h>
#include <stdlib.h>

struct built {
	const struct dag_graph *graph;
	uint32_t workers;
};

static void *start(uint32_t workers)
{
	uint32_t *pool = malloc(sizeof(*pool));

	if (pool)
		*pool = workers;
	return pool;
}

static void *build(void *pool, const struct dag_graph *graph)
{
	struct built *built = malloc(sizeof(*built));

	if (!built)
		abort();
	*built = (struct built){ graph, *(uint32_t *)pool };
	return built;
}

static void make_tasks(const struct dag_graph *graph)
{
	uint64_t *values = graph->values;

	for (uint32_t i = 0; i < graph->count; i++) {
		const uint32_t *before = &graph->before[graph->first[i]];
		int count = (int)(graph->first[i + 1] - graph->first[i]);

		/* Only the clauses look at them. */
		(void)values;
		(void)before;
		(void)count;
#pragma omp task firstprivate(i) depend(iterator(int k = 0              \
						 : count),              \
					in                              \
					: values[before[k]]) depend(out \
								    : values[i])
		dag_work(graph, i);
	}
}

static bool run(void *arg)
{
	const struct built *built = arg;

#pragma omp parallel num_threads((int)built->workers)
#pragma omp single
	make_tasks(built->graph);
	return true;
}

const struct dag_subject dag_openmp = { "openmp", false, start, free, build, run, free };
