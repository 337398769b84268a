/* SPDX-License-Identifier: MIT */
/*
 * What a simulated machine has to do: a graph of tasks, made from a seed before the run begins.
 */
#ifndef BENCH_SCHED_SIM_WORK_H
#define BENCH_SCHED_SIM_WORK_H

#include "sim.h"

enum sim_stage { SIM_WAITING, SIM_READY, SIM_RUNNING, SIM_DONE };

#define SIM_HOME_SPAWNER UINT32_MAX /* where the one ran that made it ready */

struct sim_task {
	uint32_t ns;
	uint32_t bytes;
	uint32_t home;   /* node of its data, or SIM_HOME_SPAWNER until it is ready */
	bool names_home; /* it was given one, and is not where it is by chance */
	uint32_t waits_for;
	uint32_t successors_from, successors_end; /* in graph.successors */
	enum sim_stage stage;
};

struct sim_graph {
	struct sim_task *tasks;
	uint32_t task_count, task_room;
	uint32_t *successors;
	uint32_t *edges; /* from, to, from, to, ... while the graph is made */
	uint32_t edge_count, edge_room;
	uint64_t mean_ns; /* 1.. */
	uint64_t bound_ns;
};

/* False: no memory. */
bool sim_graph_make(struct sim_graph *graph, const struct sim_config *config);
void sim_graph_free(struct sim_graph *graph);

#endif /* BENCH_SCHED_SIM_WORK_H */
