/* SPDX-License-Identifier: MIT */
/*
 * A listener of the model interface: every worker's context notes what its model emits, and hands
 * it on. Invariant: the search sees what it would see without a listener, in the same order.
 */
#include "graph.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { EMIT_COUNT = 256, EMIT_BYTES = 2 * NW_STATE_BYTES_MAX };

/* ---- noting ---- */

static uint64_t fingerprint(const struct nwi_listener *l, const uint8_t *state, size_t n_bytes)
{
	const struct nw_model *inner = &l->graph->inner;

	return inner->identity ? inner->identity(l->context, state, n_bytes)
			       : XXH3_64bits(state, n_bytes);
}

static void note_state(struct nwi_listener *l, uint64_t fp, const uint8_t *state, uint32_t n_bytes)
{
	struct nwi_noted *noted;
	uint64_t is_new = 0;
	uint8_t *copy;

	if (nw_fpset_insert(l->seen, 0, &fp, 1, &is_new) < 0)
		atomic_store(&l->graph->is_full, true);
	if (!is_new)
		return;
	copy = nwi_budget_take(&l->graph->budget, n_bytes) ? nw_arena_alloc(l->bytes, n_bytes, 8)
							   : NULL;
	noted = copy ? nwi_graph_add(l->graph, &l->noted) : NULL;
	if (!noted) {
		atomic_store(&l->graph->is_full, true);
		return;
	}
	memcpy(copy, state, n_bytes);
	*noted = (struct nwi_noted){ fp, copy, n_bytes };
}

static void note(struct nwi_listener *l, const uint8_t *state, uint32_t n_bytes)
{
	uint64_t fp = fingerprint(l, state, n_bytes);
	struct nwi_step *step = nwi_graph_add(l->graph, l->is_init ? &l->initial : &l->steps);

	if (step)
		*step = (struct nwi_step){ fp, l->part_idx };
	note_state(l, fp, state, n_bytes);
}

/* Notes what is in the buffer and hands it on. False: the search is ending. */
static bool drain(struct nwi_listener *l)
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
	struct nwi_listener *l = emit->engine;

	return drain(l) && (n_bytes <= NW_STATE_BYTES_MAX || l->outer->flush(l->outer, n_bytes));
}

static bool pass_fault(struct nw_emit *emit, enum nw_fault kind, const char *text,
		       const void *successor, size_t n_bytes)
{
	struct nwi_listener *l = emit->engine;

	if (!drain(l))
		return false;
	l->is_over = !l->outer->fault(l->outer, kind, text, successor, n_bytes);
	return !l->is_over;
}

static void begin(struct nwi_listener *l, struct nw_emit *outer, bool is_init)
{
	l->outer = outer;
	l->is_init = is_init;
	l->is_over = false;
	l->part_idx = NW_PART_NONE;
}

static void listen_init(void *context, struct nw_emit *emit)
{
	struct nwi_listener *l = context;

	begin(l, emit, true);
	l->graph->inner.init(l->context, &l->emit);
	(void)drain(l);
}

static void make_successors(struct nwi_listener *l, const uint8_t *state, size_t n_bytes)
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
	struct nwi_listener *l = context;
	uint64_t first = l->steps.count;
	struct nwi_source *source;

	begin(l, emit, false);
	make_successors(l, state, n_bytes);
	source = nwi_graph_add(l->graph, &l->sources);
	/* The array does not move, but its first piece may not be there before its first item. */
	if (source)
		*source = (struct nwi_source){ fingerprint(l, state, n_bytes),
					       (const struct nwi_step *)l->steps.items + first,
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
	struct nwi_listener *l = context;

	return l->graph->inner.identity(l->context, state, n_bytes);
}

static const char *listen_invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	struct nwi_listener *l = context;

	return l->graph->inner.invariant(l->context, state, n_bytes);
}

static void listen_print(void *context, const uint8_t *state, size_t n_bytes, char *text,
			 size_t text_bytes)
{
	struct nwi_listener *l = context;

	l->graph->inner.print(l->context, state, n_bytes, text, text_bytes);
}

static const char *listen_action(void *context, const uint8_t *state, size_t n_bytes,
				 uint32_t ordinal)
{
	struct nwi_listener *l = context;

	return l->graph->inner.action(l->context, state, n_bytes, ordinal);
}

static void listen_level(void *context, uint32_t depth)
{
	struct nwi_listener *l = context;

	l->graph->inner.level(l->context, depth);
}

/* ---- contexts ---- */

void nwi_listener_free(struct nwi_listener *l)
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

static int open_memory(struct nwi_listener *l)
{
	struct nw_fpset_options set = { .node = NW_NODE_ANY,
					.party_count = 1,
					.slots_min = 1024,
					.reserve = reserve,
					.arg = &l->graph->budget };
	int rc = nw_fpset_create(&l->seen, &set);

	if (rc == 0)
		rc = nw_arena_create(&l->bytes, NW_NODE_ANY, NWI_GRAPH_RESERVE, 0);
	if (rc == 0)
		rc = nwi_array_open(&l->noted, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nwi_noted));
	if (rc == 0)
		rc = nwi_array_open(&l->sources, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nwi_source));
	if (rc == 0)
		rc = nwi_array_open(&l->steps, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nwi_step));
	if (rc == 0)
		rc = nwi_array_open(&l->initial, NW_NODE_ANY, NWI_GRAPH_RESERVE,
				    sizeof(struct nwi_step));
	if (rc == 0)
		rc = nwi_array_extend(&l->steps, &l->graph->budget);
	return rc;
}

static int open_inner(struct nwi_listener *l)
{
	const struct nw_graph *graph = l->graph;

	return graph->inner.open ? graph->inner.open(&l->context, graph->inner_data) : 0;
}

static int listen_open(void **ret_context, const void *data)
{
	struct nw_graph *graph = (struct nw_graph *)data; /* its list and its counts */
	struct nw_arena *arena;
	struct nwi_listener *l;
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
		nwi_listener_free(l);
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
	struct nwi_listener *l = context;

	if (l->graph->inner.close && l->context)
		l->graph->inner.close(l->context);
	l->context = NULL;
}

/* ---- the model ---- */

void nwi_graph_listen(struct nw_graph *graph)
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
