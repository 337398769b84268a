/* SPDX-License-Identifier: MIT */
/*
 * What random walks ask of a search: successors by one action, and to forget values.
 *
 * Invariant: a walk depends on its seed only, but for registers, which are a worker's own as with
 * TLC.
 */
#include "actions.h"
#include "forget.h"
#include "search_worker.h"

uint32_t tla_search_part_count(void *opaque)
{
	struct tla_search_context *context = opaque;
	uint32_t count;

	return tla_runner_actions(context->runner, &count) ? count : 0;
}

void tla_search_next_part(void *opaque, const uint8_t *state, size_t n_bytes, uint32_t part_idx,
			  struct nw_emit *emit)
{
	struct tla_search_context *context = opaque;
	uint32_t count = 0;
	const struct tla_action *actions = tla_runner_actions(context->runner, &count);

	context->emit = emit;
	context->from = tla_search_aligned(context, 1, state, n_bytes);
	context->runner->eval.walk_part_idx = part_idx;
	if (part_idx >= count || tla_run_action(context->runner, &actions[part_idx], context->from,
						tla_search_take, context) < 0)
		tla_search_stop_action(context, TLA_AT_NEXT);
	tla_search_drop_composed(context);
}

const char *tla_search_part_name(void *opaque, uint32_t part_idx)
{
	struct tla_search_context *context = opaque;
	uint32_t count = 0;
	const struct tla_action *actions = tla_runner_actions(context->runner, &count);

	return part_idx < count ? actions[part_idx].label : NULL;
}

void tla_search_walk(void *opaque, uint64_t walk_idx, uint64_t seed)
{
	struct tla_search_context *context = opaque;

	context->runner->eval.random = seed;
	context->runner->eval.walk_idx = walk_idx;
}

bool tla_search_is_full(void *opaque)
{
	const struct tla_search_context *context = opaque;
	const struct tla_keeper *keeper = context->runner->eval.keeper;

	return keeper->stored_bytes - keeper->marked.stored_bytes > context->search->forget_bytes;
}

/* Without memory nothing is forgotten, and asked for again. */
static void forget(struct tla_search *search, struct tla_runner **runners)
{
	struct tla_model *model = (struct tla_model *)search->model;
	uint32_t count = 0;

	for (struct tla_search_context *at = search->first; at; at = at->next) {
		at->values.is_full = true; /* words lose their meaning; no walk is under way */
		runners[count++] = at->runner;
	}
	if (search->beside)
		runners[count++] = search->beside;
	/* The first time there is nothing to forget: that is what stays. */
	if (search->is_marked)
		search->forgotten_count += tla_model_forget(model, runners, count) == 0;
	else
		search->is_marked = tla_model_mark(model, runners, count) == 0;
}

void tla_search_forget(const void *data)
{
	struct tla_search *search = (struct tla_search *)data;
	struct tla_heap *heap = &((struct tla_model *)search->model)->heap;
	struct tla_mark mark = tla_heap_mark(heap);
	struct tla_runner **runners;
	size_t count = 1; /* beside the workers' */

	for (struct tla_search_context *at = search->first; at; at = at->next)
		count++;
	runners = tla_alloc(heap, count * sizeof *runners);
	if (runners)
		forget(search, runners);
	tla_heap_cut(heap, mark);
}
