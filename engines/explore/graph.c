/* SPDX-License-Identifier: MIT */
/*
 * A listener of the model interface: every worker's context notes what its model emits, and at the
 * end the notes of all are put into the order of a breadth-first search by one worker.
 *
 * That order follows from the initial states and each state's successors in the model's order,
 * which do not depend on who made them.
 *
 * Invariant: a state's bytes are noted by each context that emits it, the first time; its steps by
 * the one that goes on from it, once in a search.
 */
#include "explore.h"

#include <nw/graph.h>

#include <errno.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { EMIT_COUNT = 256, EMIT_BYTES = 2 * NW_STATE_BYTES_MAX };

static const size_t RESERVE_BYTES = (size_t)1 << 36;

/* Items of arrays have sizes that are powers of two. */

/* A state that a context emitted. */
struct noted {
	alignas(32) uint64_t fp;
	const uint8_t *state;
	uint32_t n_bytes;
};

/* Steps from a state. */
struct source {
	alignas(32) uint64_t fp;
	const struct step *steps;
	uint64_t count;
};

struct step {
	uint64_t fp;
	uint32_t part_idx;
};

struct listener {
	struct listener *next; /* of the graph's, also after it is closed */
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
struct placed {
	alignas(64) const struct noted *noted;
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
	struct listener *first; /* under the lock */
	_Atomic bool is_full;   /* something could not be noted */

	/* After nw_graph_finish(). */
	struct nwi_array all;     /* noted, by fingerprint, each once */
	struct nwi_array sources; /* by fingerprint */
	struct nwi_array numbers; /* of all: 1 + place, or 0 */
	struct nwi_array placed, edges;
};

/* ---- noting ---- */

static uint64_t fingerprint(const struct listener *l, const uint8_t *state, size_t n_bytes)
{
	const struct nw_model *inner = &l->graph->inner;

	return inner->identity ? inner->identity(l->context, state, n_bytes)
			       : XXH3_64bits(state, n_bytes);
}

/* Room for one more, counted. NULL: no memory, which is noted instead. */
static void *add(struct nw_graph *graph, struct nwi_array *array)
{
	if (nwi_array_grow(array, &graph->budget) < 0) {
		atomic_store(&graph->is_full, true);
		return NULL;
	}
	return (uint8_t *)array->items + array->count++ * array->item_bytes;
}

static void note_state(struct listener *l, uint64_t fp, const uint8_t *state, uint32_t n_bytes)
{
	struct noted *noted;
	uint64_t is_new = 0;
	uint8_t *copy;

	if (nw_fpset_insert(l->seen, 0, &fp, 1, &is_new) < 0)
		atomic_store(&l->graph->is_full, true);
	if (!is_new)
		return;
	copy = nwi_budget_take(&l->graph->budget, n_bytes) ? nw_arena_alloc(l->bytes, n_bytes, 8)
							   : NULL;
	noted = copy ? add(l->graph, &l->noted) : NULL;
	if (!noted) {
		atomic_store(&l->graph->is_full, true);
		return;
	}
	memcpy(copy, state, n_bytes);
	*noted = (struct noted){ fp, copy, n_bytes };
}

static void note(struct listener *l, const uint8_t *state, uint32_t n_bytes)
{
	uint64_t fp = fingerprint(l, state, n_bytes);
	struct step *step = add(l->graph, l->is_init ? &l->initial : &l->steps);

	if (step)
		*step = (struct step){ fp, l->part_idx };
	note_state(l, fp, state, n_bytes);
}

/* Notes what is in the buffer and hands it on. False: the search is ending. */
static bool drain(struct listener *l)
{
	const uint8_t *at = l->buffer;

	for (uint32_t i = 0; i < l->emit.count && !l->is_over; i++) {
		uint32_t n_bytes = l->emit.mark[i];

		if (n_bytes <= NW_STATE_BYTES_MAX)
			note(l, at, n_bytes);
		l->is_over = !nw_emit(l->outer, at, n_bytes);
		at += n_bytes;
	}
	l->emit.count = 0;
	l->emit.cur = l->buffer;
	l->outer->dropped_count += l->emit.dropped_count;
	l->emit.dropped_count = 0;
	return !l->is_over;
}

/* What is too long for a state is the real buffer's to refuse. */
static bool flush(struct nw_emit *emit, size_t n_bytes)
{
	struct listener *l = emit->engine;

	return drain(l) && (n_bytes <= NW_STATE_BYTES_MAX || l->outer->flush(l->outer, n_bytes));
}

static bool pass_fault(struct nw_emit *emit, enum nw_fault kind, const char *text,
		       const void *successor, size_t n_bytes)
{
	struct listener *l = emit->engine;

	if (!drain(l))
		return false;
	l->is_over = !l->outer->fault(l->outer, kind, text, successor, n_bytes);
	return !l->is_over;
}

static void begin(struct listener *l, struct nw_emit *outer, bool is_init)
{
	l->outer = outer;
	l->is_init = is_init;
	l->is_over = false;
	l->part_idx = NW_PART_NONE;
}

static void listen_init(void *context, struct nw_emit *emit)
{
	struct listener *l = context;

	begin(l, emit, true);
	l->graph->inner.init(l->context, &l->emit);
	(void)drain(l);
}

static void make_successors(struct listener *l, const uint8_t *state, size_t n_bytes)
{
	const struct nw_model *inner = &l->graph->inner;
	uint32_t count = inner->part_count ? inner->part_count(l->context) : 0;

	if (count == 0)
		inner->next(l->context, state, n_bytes, &l->emit);
	for (uint32_t p = 0; p < count && !l->is_over; p++) {
		l->part_idx = p;
		inner->next_part(l->context, state, n_bytes, p, &l->emit);
		(void)drain(l);
	}
	(void)drain(l);
}

static void listen_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	struct listener *l = context;
	uint64_t first = l->steps.count;
	struct source *source;

	begin(l, emit, false);
	make_successors(l, state, n_bytes);
	source = add(l->graph, &l->sources);
	/* The array does not move, but its first piece may not be there before its first item. */
	if (source)
		*source = (struct source){ fingerprint(l, state, n_bytes),
					   (const struct step *)l->steps.items + first,
					   l->steps.count - first };
}

/* ---- the rest of the model is the real one's ---- */

static uint32_t listen_size(const void *graph)
{
	const struct nw_graph *g = graph;

	return g->inner.size_of_state ? g->inner.size_of_state(g->inner_data)
				      : g->inner.state_bytes;
}

static uint64_t listen_identity(void *context, const uint8_t *state, size_t n_bytes)
{
	struct listener *l = context;

	return l->graph->inner.identity(l->context, state, n_bytes);
}

static const char *listen_invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	struct listener *l = context;

	return l->graph->inner.invariant(l->context, state, n_bytes);
}

static void listen_print(void *context, const uint8_t *state, size_t n_bytes, char *text,
			 size_t text_bytes)
{
	struct listener *l = context;

	l->graph->inner.print(l->context, state, n_bytes, text, text_bytes);
}

static const char *listen_action(void *context, const uint8_t *state, size_t n_bytes,
				 uint32_t ordinal)
{
	struct listener *l = context;

	return l->graph->inner.action(l->context, state, n_bytes, ordinal);
}

static void listen_level(void *context, uint32_t depth)
{
	struct listener *l = context;

	l->graph->inner.level(l->context, depth);
}

/* ---- contexts ---- */

static void listener_free(struct listener *l)
{
	struct nwi_budget *budget = &l->graph->budget;

	nwi_array_close(&l->noted, budget);
	nwi_array_close(&l->sources, budget);
	nwi_array_close(&l->steps, budget);
	nwi_array_close(&l->initial, budget);
	nw_fpset_destroy(l->seen);
	nw_arena_destroy(l->bytes);
	nw_arena_destroy(l->arena);
}

static bool reserve(void *budget, int64_t n_bytes)
{
	if (n_bytes > 0)
		return nwi_budget_take(budget, (uint64_t)n_bytes);
	nwi_budget_give(budget, (uint64_t)-n_bytes);
	return true;
}

static int open_memory(struct listener *l)
{
	struct nw_fpset_options set = { .node = NW_NODE_ANY,
					.party_count = 1,
					.slots_min = 1024,
					.reserve = reserve,
					.arg = &l->graph->budget };
	int rc = nw_fpset_create(&l->seen, &set);

	if (rc == 0)
		rc = nw_arena_create(&l->bytes, NW_NODE_ANY, RESERVE_BYTES, 0);
	if (rc == 0)
		rc = nwi_array_open(&l->noted, NW_NODE_ANY, RESERVE_BYTES, sizeof(struct noted));
	if (rc == 0)
		rc = nwi_array_open(&l->sources, NW_NODE_ANY, RESERVE_BYTES, sizeof(struct source));
	if (rc == 0)
		rc = nwi_array_open(&l->steps, NW_NODE_ANY, RESERVE_BYTES, sizeof(struct step));
	if (rc == 0)
		rc = nwi_array_open(&l->initial, NW_NODE_ANY, RESERVE_BYTES, sizeof(struct step));
	if (rc == 0)
		rc = nwi_array_extend(&l->steps, &l->graph->budget);
	return rc;
}

static int open_inner(struct listener *l)
{
	const struct nw_graph *graph = l->graph;

	return graph->inner.open ? graph->inner.open(&l->context, graph->inner_data) : 0;
}

static int listen_open(void **ret_context, const void *data)
{
	struct nw_graph *graph = (struct nw_graph *)data; /* its list and its counts */
	struct nw_arena *arena;
	struct listener *l;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, sizeof(*l) + EMIT_BYTES + 8192, 0);

	if (rc < 0)
		return rc;
	l = nw_arena_alloc(arena, sizeof(*l), 64);
	l->arena = arena;
	l->graph = graph;
	l->buffer = nw_arena_alloc(arena, EMIT_BYTES, 8);
	l->emit = (struct nw_emit){ .cur = l->buffer,
				    .end = l->buffer + EMIT_BYTES,
				    .mark = nw_arena_alloc(arena, EMIT_COUNT * sizeof(uint32_t), 8),
				    .count_max = EMIT_COUNT,
				    .flush = flush,
				    .fault = pass_fault,
				    .engine = l };
	rc = open_memory(l);
	if (rc == 0)
		rc = open_inner(l);
	if (rc < 0) {
		listener_free(l);
		return rc;
	}
	pthread_mutex_lock(&graph->lock);
	l->next = graph->first;
	graph->first = l;
	pthread_mutex_unlock(&graph->lock);
	*ret_context = l;
	return 0;
}

/* What it noted stays the graph's. */
static void listen_close(void *context)
{
	struct listener *l = context;

	if (l->graph->inner.close && l->context)
		l->graph->inner.close(l->context);
	l->context = NULL;
}

/* ---- the graph ---- */

static void make_model(struct nw_graph *graph)
{
	const struct nw_model *inner = &graph->inner;

	graph->model = (struct nw_model){
		.abi = NW_MODEL_ABI,
		.name = inner->name,
		.about = inner->about,
		.parameters = "",
		.state_bytes = inner->state_bytes,
		.flags = inner->flags,
		.size_of_state = listen_size,
		.open = listen_open,
		.close = listen_close,
		.init = listen_init,
		.next = listen_next,
		.identity = inner->identity ? listen_identity : NULL,
		.invariant = inner->invariant ? listen_invariant : NULL,
		.print = inner->print ? listen_print : NULL,
		.action = inner->action ? listen_action : NULL,
		.level = inner->level ? listen_level : NULL,
		.failure = inner->failure,
	};
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
	make_model(graph);
	*ret_graph = graph;
	return 0;
}

void nw_graph_destroy(struct nw_graph *graph)
{
	if (!graph)
		return;
	for (struct listener *l = graph->first, *next; l; l = next) {
		next = l->next;
		listener_free(l);
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
		void *item = add(graph, to);

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
	for (struct listener *l = graph->first; l; l = l->next)
		if (!append_all(graph, &graph->all, &l->noted) ||
		    !append_all(graph, &graph->sources, &l->sources))
			return -ENOMEM;
	sort(&graph->all);
	sort(&graph->sources);
	for (uint64_t i = 0; i < graph->all.count; i++) {
		uint64_t *number = add(graph, &graph->numbers);

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
	const struct noted *noted = find(&graph->all, fp);
	uint64_t *number;
	struct placed *placed;

	if (!noted)
		return UINT64_MAX;
	number = (uint64_t *)graph->numbers.items +
		 (noted - (const struct noted *)graph->all.items);
	*ret_is_new = *number == 0;
	if (*number)
		return *number - 1;
	placed = add(graph, &graph->placed);
	if (!placed)
		return UINT64_MAX;
	*placed = (struct placed){ .noted = noted, .level = level, .is_initial = is_initial };
	*number = graph->placed.count;
	return *number - 1;
}

static int place_initial(struct nw_graph *graph)
{
	bool is_new;

	for (const struct listener *l = graph->first; l; l = l->next)
		for (uint64_t i = 0; i < l->initial.count; i++) {
			const struct step *step = (const struct step *)l->initial.items + i;

			if (place(graph, step->fp, 1, true, &is_new) == UINT64_MAX)
				return -ENOMEM;
		}
	return 0;
}

static int place_successors(struct nw_graph *graph, uint64_t i)
{
	struct placed *from = (struct placed *)graph->placed.items + i;
	const struct source *source = find(&graph->sources, from->noted->fp);

	from->edge_first = graph->edges.count;
	for (uint64_t k = 0; source && k < source->count; k++) {
		const struct step *step = &source->steps[k];
		bool is_first;
		uint64_t to = place(graph, step->fp, from->level + 1, false, &is_first);
		struct nw_graph_edge *edge = to == UINT64_MAX ? NULL : add(graph, &graph->edges);

		if (!edge)
			return -ENOMEM;
		*edge = (struct nw_graph_edge){ to, step->part_idx, is_first };
	}
	from->edge_count = graph->edges.count - from->edge_first;
	return 0;
}

static int open_results(struct nw_graph *graph)
{
	int rc = nwi_array_open(&graph->all, NW_NODE_ANY, RESERVE_BYTES, sizeof(struct noted));

	if (rc == 0)
		rc = nwi_array_open(&graph->sources, NW_NODE_ANY, RESERVE_BYTES,
				    sizeof(struct source));
	if (rc == 0)
		rc = nwi_array_open(&graph->numbers, NW_NODE_ANY, RESERVE_BYTES, sizeof(uint64_t));
	if (rc == 0)
		rc = nwi_array_open(&graph->placed, NW_NODE_ANY, RESERVE_BYTES,
				    sizeof(struct placed));
	if (rc == 0)
		rc = nwi_array_open(&graph->edges, NW_NODE_ANY, RESERVE_BYTES,
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
	const struct placed *placed = (const struct placed *)graph->placed.items + state_idx;

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
