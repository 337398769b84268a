/* SPDX-License-Identifier: MIT */
/* Growing arrays, and the cut: see the header. */
#include "dag/gather.h"

#include "os/heap.h"

#include <errno.h>
#include <string.h>

struct picture {
	struct nw_dag_picture shown; /* first */
	struct nw_dag_info *tasks;
	uint32_t *edges;
	char *names;
};

/* A larger copy of an array, the old one freed; NULL: no memory, the old one stays. */
static void *enlarge(void *old, size_t count, size_t *capacity, size_t n_bytes)
{
	size_t larger = *capacity > 0 ? 2 * *capacity : 256;
	void *copy = nwi_heap_alloc_array(larger, n_bytes);

	if (!copy)
		return NULL;
	if (count > 0)
		memcpy(copy, old, count * n_bytes);
	nwi_heap_free(old);
	*capacity = larger;
	return copy;
}

static int reserve_task(struct nwi_gather *g)
{
	size_t capacity = g->task_capacity;
	void *larger;

	if (g->task_count < g->task_capacity)
		return 0;
	larger = enlarge((void *)g->sources, g->task_count, &capacity, sizeof(*g->sources));
	if (!larger)
		return -ENOMEM;
	g->sources = larger;
	larger = enlarge(g->tasks, g->task_count, &g->task_capacity, sizeof(*g->tasks));
	if (!larger)
		return -ENOMEM;
	g->tasks = larger;
	return 0;
}

int nwi_gather_task(struct nwi_gather *g, const void *source)
{
	if (reserve_task(g) != 0)
		return -ENOMEM;
	g->read(source, &g->tasks[g->task_count]);
	g->sources[g->task_count++] = source;
	return 0;
}

int nwi_gather_edge(struct nwi_gather *g, uint32_t position)
{
	if (g->edge_count == g->edge_capacity) {
		void *larger = enlarge(g->edges, g->edge_count, &g->edge_capacity,
				       sizeof(*g->edges));

		if (!larger)
			return -ENOMEM;
		g->edges = larger;
	}
	g->edges[g->edge_count++] = position;
	return 0;
}

/* All it waits for is COMPLETED. A task that ended in an earlier run says nothing. */
static bool has_waited(const struct nw_dag_info *task)
{
	return task->attempt > 0 || task->state == NW_DAG_READY || task->state == NW_DAG_FAILED;
}

static void read_again(struct nwi_gather *g, size_t position)
{
	struct nw_dag_info *task = &g->tasks[position];
	size_t edge_idx = task->edge_idx, edge_count = task->edge_count;

	g->read(g->sources[position], task);
	task->edge_idx = edge_idx;
	task->edge_count = edge_count;
}

/* One task's part of a round; true: something was read again. */
static bool mend_task(struct nwi_gather *g, size_t position)
{
	const struct nw_dag_info *task = &g->tasks[position];
	uint32_t cause = task->reason == NW_DAG_DEPENDENCY ? g->position_of(g, task->cause.value)
							   : 0;

	if (cause > 0 && g->tasks[cause - 1].state != NW_DAG_FAILED) {
		read_again(g, cause - 1);
		return true;
	}
	if (task->state == NW_DAG_COMPLETED)
		return false;
	for (size_t j = 0; j < task->edge_count; j++) {
		if (!has_waited(&g->tasks[g->edges[task->edge_idx + j]]))
			continue;
		read_again(g, position);
		return true;
	}
	return false;
}

bool nwi_gather_mend(struct nwi_gather *g)
{
	bool is_mended = false;

	for (size_t i = 0; i < g->task_count; i++)
		is_mended |= mend_task(g, i);
	return is_mended;
}

/* The names are the tasks', lent: copy them before the section ends. */
static int copy_names(struct nwi_gather *g, char **ret_names)
{
	size_t n_bytes = 1;
	char *names, *at;

	for (size_t i = 0; i < g->task_count; i++)
		n_bytes += strlen(g->tasks[i].name) + 1;
	names = at = nwi_heap_alloc(n_bytes);
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < g->task_count; i++) {
		size_t name_bytes = strlen(g->tasks[i].name) + 1;

		memcpy(at, g->tasks[i].name, name_bytes);
		g->tasks[i].name = at;
		at += name_bytes;
	}
	*ret_names = names;
	return 0;
}

int nwi_gather_finish(struct nwi_gather *g, int rc, bool is_instant,
		      struct nw_dag_picture **ret_picture)
{
	struct picture *picture = nwi_heap_alloc(sizeof(*picture));
	char *names = NULL;

	if (rc == 0)
		rc = picture ? copy_names(g, &names) : -ENOMEM;
	nwi_heap_free((void *)g->sources);
	nwi_heap_free(g->positions);
	if (rc != 0) {
		nwi_heap_free(g->tasks);
		nwi_heap_free(g->edges);
		nwi_heap_free(picture);
		return rc;
	}
	picture->shown.tasks = picture->tasks = g->tasks;
	picture->shown.edges = picture->edges = g->edges;
	picture->shown.task_count = g->task_count;
	picture->shown.edge_count = g->edge_count;
	picture->shown.is_instant = is_instant;
	picture->names = names;
	*ret_picture = &picture->shown;
	return 0;
}

void nw_dag_picture_destroy(struct nw_dag_picture *shown)
{
	struct picture *picture = (struct picture *)shown;

	if (!picture)
		return;
	nwi_heap_free(picture->tasks);
	nwi_heap_free(picture->edges);
	nwi_heap_free(picture->names);
	nwi_heap_free(picture);
}
