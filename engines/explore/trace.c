/* SPDX-License-Identifier: MIT */
/*
 * Counterexamples: from the faulty state's place back to an initial state by the parents' links,
 * then forward again by making the successors anew and taking the one each link names.
 *
 * Invariant: a link's parent was kept before the link was made, so the way back ends; and the
 * replay ends in the bytes that were found faulty, or the model is not repeatable, which is said.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

enum { EMIT_COUNT = 256 };

/* Emits into a small buffer, over and over, until the wanted ordinal went by. */
struct replay {
	struct nw_emit emit;
	uint32_t lengths[EMIT_COUNT];
	uint8_t *bytes;
	uint64_t passed; /* states emitted before this buffer */
	uint32_t wanted;
	uint8_t *found; /* NW_STATE_BYTES_MAX */
	uint32_t found_bytes;
	bool is_found;
};

static nwi_link link_at(const struct nw_explore *explore, nwi_link place)
{
	const struct nwi_array *links = &explore->pools[nwi_link_pool(place)]->links;

	return ((const nwi_link *)links->items)[nwi_link_index(place)];
}

static void look(struct replay *r)
{
	uint8_t *at = r->bytes;

	for (uint32_t i = 0; i < r->emit.count; i++) {
		if (!r->is_found && r->passed + i == r->wanted) {
			memcpy(r->found, at, r->lengths[i]);
			r->found_bytes = r->lengths[i];
			r->is_found = true;
		}
		at += r->lengths[i];
	}
	r->passed += r->emit.count;
	r->emit.count = 0;
	r->emit.cur = r->bytes;
}

static bool flush(struct nw_emit *emit, size_t n_bytes)
{
	struct replay *r = emit->engine;

	look(r);
	return !r->is_found && n_bytes <= NW_STATE_BYTES_MAX;
}

/* What ended the search comes last, and is found again there; after what it went on, so does this.
 */
static bool ignore_fault(struct nw_emit *emit, enum nw_fault kind, const char *text,
			 const void *successor, size_t n_bytes)
{
	(void)emit;
	(void)text;
	(void)successor;
	(void)n_bytes;
	return kind == NW_FAULT_VIOLATION;
}

static int replay_open(struct replay *r, struct nw_arena *arena)
{
	size_t n_bytes = 2 * (size_t)NW_STATE_BYTES_MAX;

	*r = (struct replay){ 0 };
	r->bytes = nw_arena_alloc(arena, n_bytes, 8);
	r->found = nw_arena_alloc(arena, NW_STATE_BYTES_MAX, 8);
	r->emit = (struct nw_emit){ .cur = r->bytes,
				    .end = r->bytes ? r->bytes + n_bytes : NULL,
				    .count_max = EMIT_COUNT,
				    .flush = flush,
				    .fault = ignore_fault,
				    .engine = r };
	return r->bytes && r->found ? 0 : -ENOMEM;
}

/* The ordinal-th successor of a state, or initial state when from is NULL. -ENOENT: none. */
static int replay_step(struct replay *r, struct nw_explore *explore, void *context,
		       const struct nw_explore_step *from, uint32_t ordinal)
{
	const struct nw_model *model = explore->options.model;

	r->emit.mark = r->lengths;
	r->wanted = ordinal;
	r->passed = 0;
	r->is_found = false;
	if (from)
		model->next(context, from->state, from->n_bytes, &r->emit);
	else
		model->init(context, &r->emit);
	look(r);
	return r->is_found ? 0 : -ENOENT;
}

static int keep_step(struct nwi_trace *trace, struct nw_explore_step *step, const uint8_t *state,
		     uint32_t n_bytes)
{
	uint8_t *copy = nw_arena_alloc(trace->arena, n_bytes, 8);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, state, n_bytes);
	step->state = copy;
	step->n_bytes = n_bytes;
	step->part_idx = NW_PART_NONE;
	return 0;
}

static const char *action_of(const struct nw_explore *explore, void *context,
			     const struct nw_explore_step *from, uint32_t ordinal)
{
	const struct nw_model *model = explore->options.model;

	if (!model->action || !from)
		return NULL;
	return model->action(context, from->state, from->n_bytes, ordinal);
}

static int replay_all(struct nw_explore *explore, struct nwi_trace *trace, const uint32_t *ordinals,
		      size_t count)
{
	struct replay r;
	int rc = replay_open(&r, trace->arena);

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct nw_explore_step *step = &trace->steps[i];
		const struct nw_explore_step *from = i > 0 ? step - 1 : NULL;

		if (explore->options.model->level)
			explore->options.model->level(trace->context, (uint32_t)i);
		rc = replay_step(&r, explore, trace->context, from, ordinals[i]);
		if (rc == 0)
			rc = keep_step(trace, step, r.found, r.found_bytes);
	}
	return rc;
}

/* Where all states are in memory none has to be made again. */
static int look_up_all(const struct nw_explore *explore, struct nwi_trace *trace, nwi_link place,
		       size_t count)
{
	for (size_t i = count; i-- > 0; place = link_at(explore, place)) {
		uint32_t n_bytes = 0;
		const uint8_t *state = nwi_state_at(explore, place, true, &n_bytes);

		if (!state)
			return -ENOENT;
		trace->steps[i] = (struct nw_explore_step){ .state = state,
							    .n_bytes = n_bytes,
							    .part_idx = NW_PART_NONE };
	}
	return 0;
}

static void name_all(const struct nw_explore *explore, struct nwi_trace *trace,
		     const uint32_t *ordinals, size_t count)
{
	for (size_t i = 0; i < count; i++)
		trace->steps[i].action = action_of(
			explore, trace->context, i > 0 ? &trace->steps[i - 1] : NULL, ordinals[i]);
}

/* Ordinals from an initial state to a place, in order. */
static int walk_back(const struct nw_explore *explore, struct nw_arena *arena, nwi_link place,
		     uint32_t **ret_ordinals, size_t *ret_count)
{
	uint32_t *ordinals;
	size_t count = 0, i;

	for (nwi_link l = place; nwi_link_pool(l) != NWI_POOL_NONE; l = link_at(explore, l))
		count++;
	ordinals = nw_arena_alloc(arena, (count + 1) * sizeof(*ordinals), 8);
	if (!ordinals)
		return -ENOMEM;
	for (i = count; i-- > 0; place = link_at(explore, place))
		ordinals[i] = nwi_link_ordinal(link_at(explore, place));
	*ret_ordinals = ordinals;
	*ret_count = count;
	return 0;
}

static bool ends_in_fault(const struct nwi_fault *fault, const struct nwi_trace *trace)
{
	const struct nw_explore_step *last = &trace->steps[trace->step_count - 1];

	if (fault->is_step)
		return true;
	return last->n_bytes == fault->n_bytes &&
	       memcmp(last->state, fault->state, last->n_bytes) == 0;
}

static int open_context(struct nw_explore *explore, struct nwi_trace *trace)
{
	const struct nw_explore_options *o = &explore->options;

	if (trace->context || !o->model->open)
		return 0;
	return o->model->open(&trace->context, o->model_data);
}

static int build(struct nw_explore *explore, const struct nwi_fault *fault, struct nwi_trace *trace)
{
	uint32_t *ordinals;
	size_t count;
	int rc = walk_back(explore, trace->arena, fault->place, &ordinals, &count);

	if (rc < 0)
		return rc;
	trace->steps = nw_arena_alloc(trace->arena, (count + 1) * sizeof(*trace->steps), 8);
	if (!trace->steps)
		return -ENOMEM;
	rc = open_context(explore, trace);
	if (rc == 0)
		rc = explore->options.keep_states ? look_up_all(explore, trace, fault->place, count)
						  : replay_all(explore, trace, ordinals, count);
	if (rc == 0)
		name_all(explore, trace, ordinals, count);
	/* The step at fault was never kept: its end is what the model said. */
	if (rc == 0 && fault->is_step && fault->n_bytes > 0) {
		trace->steps[count].action = NULL;
		rc = keep_step(trace, &trace->steps[count++], fault->state, fault->n_bytes);
	}
	if (rc < 0)
		return rc;
	trace->step_count = count;
	return ends_in_fault(fault, trace) ? 0 : -ENOENT;
}

/* Without parents the faulty state is all there is. */
static int build_last(const struct nwi_fault *fault, struct nwi_trace *trace)
{
	trace->steps = nw_arena_alloc(trace->arena, sizeof(*trace->steps), 8);
	if (!trace->steps)
		return -ENOMEM;
	if (fault->n_bytes == 0)
		return 0; /* the state that the fault comes after is not known */
	trace->step_count = 1;
	trace->steps->action = NULL;
	return keep_step(trace, trace->steps, fault->state, fault->n_bytes);
}

int nwi_trace_make(struct nw_explore *explore, const struct nwi_fault *fault,
		   struct nwi_trace *trace)
{
	int rc = 0;

	if (trace->arena)
		nw_arena_reset(trace->arena);
	else
		rc = nw_arena_create(&trace->arena, NW_NODE_ANY, explore->reserve_bytes, 0);
	trace->steps = NULL;
	trace->step_count = 0;
	if (rc == 0)
		rc = explore->options.no_trace ? build_last(fault, trace)
					       : build(explore, fault, trace);
	if (rc < 0)
		trace->steps = NULL;
	return rc;
}

void nwi_trace_destroy(struct nw_explore *explore, struct nwi_trace *trace)
{
	const struct nw_model *model = explore->options.model;

	if (trace->context && model->close)
		model->close(trace->context);
	nw_arena_destroy(trace->arena);
}

int nw_explore_trace(struct nw_explore *explore, const struct nw_explore_step **ret_steps,
		     size_t *ret_step_count)
{
	int end = atomic_load(&explore->end), rc = 0;

	if (end != NW_EXPLORE_VIOLATION && end != NW_EXPLORE_DEADLOCK && end != NW_EXPLORE_ERROR)
		return -ENODATA;
	if (!explore->trace.steps)
		rc = nwi_trace_make(explore, &explore->fault, &explore->trace);
	if (rc < 0)
		return rc;
	*ret_steps = explore->trace.steps;
	*ret_step_count = explore->trace.step_count;
	return 0;
}
