/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The graph of a search: the states that were found and the steps between them, in the order in
 * which one worker would have found them, whatever the number of workers was.
 *
 * It listens to a model: a search is given the graph's model in the place of the real one, and what
 * goes through is noted. A search without one pays nothing. All states and steps are kept in
 * memory.
 */
#ifndef NW_GRAPH_H
#define NW_GRAPH_H

#include <nw/base.h>
#include <nw/explore.h>
#include <nw/model.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_graph;

/* A state; of those with one identity the first that was made. */
struct nw_graph_state {
	const uint8_t *state; /* lent until nw_graph_destroy() */
	size_t n_bytes;
	uint32_t level; /* initial states: 1 */
	bool is_initial;
	uint64_t edge_first, edge_count; /* its steps, as the model makes them; repeated ones too */
};

struct nw_graph_edge {
	uint64_t to;       /* number of the state it leads to */
	uint32_t part_idx; /* of the model's parts, or NW_PART_NONE */
	bool is_first;     /* its state is no initial one, and no edge before leads there */
};

/**
 * Make an empty graph that listens to a model.
 *
 * @param ret_graph         set on success, untouched on failure
 * @param model             borrowed until nw_graph_destroy(), as is its data
 * @param memory_bytes_max  what is noted may take; 0: 85 % of what is free
 * @return 0
 * @return -ENOMEM  no memory
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_graph_destroy(), after the search.
 */
NW_API int nw_graph_create(struct nw_graph **ret_graph, const struct nw_model *model,
			   const void *model_data, uint64_t memory_bytes_max) NW_MUST_USE;

/** Release the graph. NULL is a no-op. Threads: when no other call on it is running. */
NW_API void nw_graph_destroy(struct nw_graph *graph);

/**
 * Lend the model for the search, whose model_data is the graph. It has no configure(). Traces and
 * what else makes successors again may use it too, after the search.
 *
 * Threads: any thread, while the graph lives.
 */
NW_API const struct nw_model *nw_graph_model(const struct nw_graph *graph);

/**
 * Put what was noted in order, once the search is over; once. States that were found and not gone
 * on from have no edges.
 *
 * @return 0
 * @return -ENOMEM  no memory, or there was none for all that should have been noted
 *
 * Threads: one thread, after nw_explore_run().
 */
NW_API int nw_graph_finish(struct nw_graph *graph) NW_MUST_USE;

/** States, initial ones first; 0 before nw_graph_finish(). Threads: any, after that. */
NW_API uint64_t nw_graph_state_count(const struct nw_graph *graph);

/** State number state_idx, from 0. Threads: any, after nw_graph_finish(). */
NW_API void nw_graph_state_at(const struct nw_graph *graph, uint64_t state_idx,
			      struct nw_graph_state *ret_state);

/** Edge number edge_idx, of a state's edge_first and behind. Threads: as nw_graph_state_at(). */
NW_API void nw_graph_edge_at(const struct nw_graph *graph, uint64_t edge_idx,
			     struct nw_graph_edge *ret_edge);

NW_END_DECLS

#endif /* NW_GRAPH_H */
