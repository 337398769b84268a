/* SPDX-License-Identifier: MIT */
/*
 * A picture in the making: tasks and edges as they are found, then made a consistent cut.
 *
 * A task that is READY or beyond was made so after all it waits for had been COMPLETED, and who
 * shows states stores them in order; so reading a predecessor again finds it COMPLETED; likewise
 * the cause of a task that was CANCELLED. What is read again has its own predecessors looked at
 * next, until nothing changes; a task is read again at most once.
 *
 * References: the double collect of Y. Afek et al., "Atomic snapshots of shared memory", JACM 1993;
 * cuts: F. Mattern, "Virtual time and global states of distributed systems", 1989.
 */
#ifndef NWI_DAG_GATHER_H
#define NWI_DAG_GATHER_H

#include <nw/dag.h>

/* Reads a task as it is now; its edges aside. */
typedef void nwi_gather_read_fn(const void *source, struct nw_dag_info *ret_info);

struct nwi_gather {
	nwi_gather_read_fn *read;
	/* The position of an id and one more; 0: not in the picture. */
	uint32_t (*position_of)(const struct nwi_gather *g, uint64_t id);
	const void *graph;
	struct nw_dag_info *tasks;
	const void **sources; /* [task_count], lent for the time of the gathering */
	uint32_t *positions;  /* [position_count], by slot; position in tasks and one more */
	size_t position_count;
	uint32_t *edges;
	size_t task_count, task_capacity, edge_count, edge_capacity;
};

/* A task, read now. 0 or -ENOMEM. */
int nwi_gather_task(struct nwi_gather *g, const void *source);
/* A successor of the task whose edges are being gathered. 0 or -ENOMEM. */
int nwi_gather_edge(struct nwi_gather *g, uint32_t position);
/* One look at all tasks, which reads again what does not fit; false: all fits. */
bool nwi_gather_mend(struct nwi_gather *g);
/* The picture, names copied; what was gathered is taken or freed. rc: an error so far. */
int nwi_gather_finish(struct nwi_gather *g, int rc, bool is_instant,
		      struct nw_dag_picture **ret_picture);

#endif /* NWI_DAG_GATHER_H */
