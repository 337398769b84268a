/* SPDX-License-Identifier: MIT */
/*
 * Inside of a graph: what is noted of a search, by each worker's context for itself, and what is
 * made of it at the end.
 *
 * Invariant: a state's bytes are noted by each context that emits it, the first time; its steps by
 * the one that goes on from it, once in a search.
 */
#ifndef NWI_EXPLORE_GRAPH_H
#define NWI_EXPLORE_GRAPH_H

#include "explore.h"

#include <nw/graph.h>

static const size_t NWI_GRAPH_RESERVE = (size_t)1 << 36;

/* Items of arrays have sizes that are powers of two. */

/* A state that a context emitted. */
struct nwi_noted {
	alignas(32) uint64_t fp;
	const uint8_t *state;
	uint32_t n_bytes;
};

/* Steps from a state. */
struct nwi_source {
	alignas(32) uint64_t fp;
	const struct nwi_step *steps;
	uint64_t count;
};

struct nwi_step {
	uint64_t fp;
	uint32_t part_idx;
};

struct nwi_listener {
	struct nwi_listener *next; /* of the graph's, also after it is closed */
	struct nw_graph *graph;
	struct nw_arena *arena; /* this, and the buffer */
	struct nw_arena *bytes; /* of states */
	void *context;          /* the model's */
	struct nw_fpset *seen;  /* states whose bytes are noted */
	struct nwi_array noted, sources, steps, initial;
	struct nw_emit emit, *outer;
	uint8_t *buffer;
	uint32_t part_idx;
	bool is_init, is_over;
};

/* A state in the order of the search. */
struct nwi_placed {
	alignas(64) const struct nwi_noted *noted;
	uint32_t level;
	bool is_initial;
	uint64_t edge_first, edge_count;
};

struct nw_graph {
	struct nw_arena *arena; /* this */
	struct nw_model model, inner;
	const void *inner_data;
	struct nwi_budget budget;
	pthread_mutex_t lock;
	struct nwi_listener *first; /* under the lock */
	_Atomic bool is_full;       /* something could not be noted */

	/* After nw_graph_finish(). */
	struct nwi_array all;     /* noted, by fingerprint, each once */
	struct nwi_array sources; /* by fingerprint */
	struct nwi_array numbers; /* of all: 1 + place, or 0 */
	struct nwi_array placed, edges;
};

/* ---- graph.c ---- */
/* Room for one more, counted. NULL: no memory, which is noted instead. */
void *nwi_graph_add(struct nw_graph *graph, struct nwi_array *array);

/* ---- graph_listen.c ---- */
/* The model that listens to graph->inner. */
void nwi_graph_listen(struct nw_graph *graph);
void nwi_listener_free(struct nwi_listener *l);

#endif /* NWI_EXPLORE_GRAPH_H */
