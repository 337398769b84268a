/* SPDX-License-Identifier: MIT */
/*
 * The graph of a search: at its end the notes of all contexts (graph_listen.c) are put into the
 * order of a breadth-first search by one worker.
 *
 * Invariant: that order follows from the initial states and each state's successors in the model's
 * order, which do not depend on who made them.
 */
#include "graph.h"

#include <errno.h>
#include <stdlib.h>

void *nwi_graph_add(struct nw_graph *graph, struct nwi_array *array)
{
	if (nwi_array_grow(array, &graph->budget) < 0) {
		atomic_store(&graph->is_full, true);
		return NULL;
	}
	return (uint8_t *)array->items + array->count++ * array->item_bytes;
}

int nw_graph_create(struct nw_graph **ret_graph, const struct nw_model *model,
		    const void *model_data, uint64_t memory_bytes_max)
{
	struct nw_graph *graph;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, sizeof(*graph) + 4096, 0);

	if (rc < 0)
		return -ENOMEM;
	graph = nw_arena_alloc(arena, sizeof(*graph), NW_CACHE_PAIR);
	graph->arena = arena;
	graph->inner = *model;
	graph->inner_data = model_data;
	graph->budget.bytes_max = memory_bytes_max ? memory_bytes_max
						   : nw_mem_available_bytes() / 100 * 85;
	pthread_mutex_init(&graph->lock, NULL);
	nwi_graph_listen(graph);
	*ret_graph = graph;
	return 0;
}

void nw_graph_destroy(struct nw_graph *graph)
{
	if (!graph)
		return;
	for (struct nwi_listener *l = graph->first, *next; l; l = next) {
		next = l->next;
		nwi_listener_free(l);
	}
	nwi_array_close(&graph->all, &graph->budget);
	nwi_array_close(&graph->sources, &graph->budget);
	nwi_array_close(&graph->numbers, &graph->budget);
	nwi_array_close(&graph->placed, &graph->budget);
	nwi_array_close(&graph->edges, &graph->budget);
	pthread_mutex_destroy(&graph->lock);
	nw_arena_destroy(graph->arena);
}

const struct nw_model *nw_graph_model(const struct nw_graph *graph)
{
	return &graph->model;
}

/* ---- putting it in order ---- */

/* Both begin with the fingerprint. */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool append_all(struct nw_graph *graph, struct nwi_array *to, const struct nwi_array *from)
{
	for (uint64_t i = 0; i < from->count; i++) {
		void *item = nwi_graph_add(graph, to);

		if (!item)
			return false;
		memcpy(item, (const uint8_t *)from->items + i * from->item_bytes, from->item_bytes);
	}
	return true;
}

/* Sorted by fingerprint, each once. */
static void sort(struct nwi_array *array)
{
	uint8_t *items = array->items;
	uint64_t kept = 0;

	if (array->count == 0)
		return;
	qsort(items, array->count, array->item_bytes, compare);
	for (uint64_t i = 1; i < array->count; i++)
		if (compare(items + i * array->item_bytes, items + kept * array->item_bytes) != 0)
			memmove(items + ++kept * array->item_bytes, items + i * array->item_bytes,
				array->item_bytes);
	array->count = kept + 1;
}

static int gather(struct nw_graph *graph)
{
	for (struct nwi_listener *l = graph->first; l; l = l->next)
		if (!append_all(graph, &graph->all, &l->noted) ||
		    !append_all(graph, &graph->sources, &l->sources))
			return -ENOMEM;
	sort(&graph->all);
	sort(&graph->sources);
	for (uint64_t i = 0; i < graph->all.count; i++) {
		uint64_t *number = nwi_graph_add(graph, &graph->numbers);

		if (!number)
			return -ENOMEM;
		*number = 0;
	}
	return 0;
}

/* Of a sorted array; NULL: it has none. */
static const void *find(const struct nwi_array *array, uint64_t fp)
{
	return array->count ? bsearch(&fp, array->items, array->count, array->item_bytes, compare)
			    : NULL;
}

/* The place of a state, given one if it has none. UINT64_MAX: no memory. */
static uint64_t place(struct nw_graph *graph, uint64_t fp, uint32_t level, bool is_initial,
		      bool *ret_is_new)
{
	const struct nwi_noted *noted = find(&graph->all, fp);
	uint64_t *number;
	struct nwi_placed *placed;

	if (!noted)
		return UINT64_MAX;
	number = (uint64_t *)graph->numbers.items +
		 (noted - (const struct nwi_noted *)graph->all.items);
	*ret_is_new = *number == 0;
	if (*number)
		return *number - 1;
	placed = nwi_graph_add(graph, &graph->placed);
	if (!placed)
		return UINT64_MAX;
	*placed = (struct nwi_placed){ .noted = noted, .level = level, .is_initial = is_initial };
	*number = graph->placed.count;
	return *number - 1;
}

static int place_initial(struct nw_graph *graph)
{
	bool is_new;

	for (const struct nwi_listener *l = graph->first; l; l = l->next)
		for (uint64_t i = 0; i < l->initial.count; i++) {
			const struct nwi_step *step = (const struct nwi_step *)l->initial.items + i;

			if (place(graph, step->fp, 1, true, &is_new) == UINT64_MAX)
				return -ENOMEM;
		}
	return 0;
}

static int place_successors(struct nw_graph *graph, uint64_t i)
{
	struct nwi_placed *from = (struct nwi_placed *)graph->placed.items + i;
	const struct nwi_source *source = find(&graph->sources, from->noted->fp);

	from->edge_first = graph->edges.count;
	for (uint64_t k = 0; source && k < source->count; k++) {
		const struct nwi_step *step = &source->steps[k];
		bool is_first;
		uint64_t to = place(graph, step->fp, from->level + 1, false, &is_first);
		struct nw_graph_edge *edge = to == UINT64_MAX ? NULL
							      : nwi_graph_add(graph, &graph->edges);

		if (!edge)
			return -ENOMEM;
		*edge = (struct nw_graph_edge){ to, step->part_idx, is_first };
	}
	from->edge_count = graph->edges.count - from->edge_first;
	return 0;
}

static int open_results(struct nw_graph *graph)
{
	int rc = nwi_array_open(&graph->all, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				sizeof(struct nwi_noted));

	if (rc == 0)
		rc = nwi_array_open(&graph->sources, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nwi_source));
	if (rc == 0)
		rc = nwi_array_open(&graph->numbers, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(uint64_t));
	if (rc == 0)
		rc = nwi_array_open(&graph->placed, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nwi_placed));
	if (rc == 0)
		rc = nwi_array_open(&graph->edges, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nw_graph_edge));
	return rc;
}

int nw_graph_finish(struct nw_graph *graph)
{
	int rc = atomic_load(&graph->is_full) ? -ENOMEM : open_results(graph);

	if (rc == 0)
		rc = gather(graph);
	if (rc == 0)
		rc = place_initial(graph);
	for (uint64_t i = 0; rc == 0 && i < graph->placed.count; i++)
		rc = place_successors(graph, i);
	return rc < 0 ? -ENOMEM : 0;
}

uint64_t nw_graph_state_count(const struct nw_graph *graph)
{
	return graph->placed.count;
}

void nw_graph_state_at(const struct nw_graph *graph, uint64_t state_idx,
		       struct nw_graph_state *ret_state)
{
	const struct nwi_placed *placed = (const struct nwi_placed *)graph->placed.items +
					  state_idx;

	*ret_state = (struct nw_graph_state){ .state = placed->noted->state,
					      .n_bytes = placed->noted->n_bytes,
					      .level = placed->level,
					      .is_initial = placed->is_initial,
					      .edge_first = placed->edge_first,
					      .edge_count = placed->edge_count };
}

void nw_graph_edge_at(const struct nw_graph *graph, uint64_t edge_idx,
		      struct nw_graph_edge *ret_edge)
{
	*ret_edge = ((const struct nw_graph_edge *)graph->edges.items)[edge_idx];
}
