/* SPDX-License-Identifier: MIT */
/*
 * What cannot be split further is an action; its name is that of the innermost definition around
 * it. The list lies at the bottom of the runner's heap, below all evaluations.
 *
 * Invariant: frames of the list hold values and thunks of constants only, but for what bindings put
 * there, and that is put there before the action is looked at; so nothing of one state is left for
 * the next.
 */
#include "actions.h"

#include "../eval/nodes.h"
#include "../value/print.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	DEPTH_MAX = 200,      /* of definitions in definitions: recursive ones never end */
	COUNT_MAX = 1 << 16,  /* of actions: above, a \E is one */
	ARGS_BYTES_MAX = 1024 /* of an action's arguments as text */
};

/* Where the splitting is. */
struct spot {
	struct tla_runner *runner;
	struct tla_frame *frame;
	const struct tla_binding *lets;
	/* The definition at hand. Its arguments are in the frame of its function, or are
	 * expressions in the frame around it. */
	tla_sym name;
	const struct tla_fn *fn;     /* NULL: not so */
	const struct tla_code *text; /* NULL: not so */
	struct tla_frame *args;
	uint32_t depth;
};

static bool split(const struct spot *spot, const struct tla_code *code);

static uint32_t arg_count(const struct spot *spot)
{
	return spot->fn ? spot->fn->param_count : spot->text ? spot->text->a : 0;
}

/* TLA_NONE: an operator, or what cannot be evaluated. */
static tla_value arg_at(const struct spot *spot, uint32_t i)
{
	struct tla_eval *eval = &spot->runner->eval;
	tla_value v;

	if (spot->text)
		return tla_eval(eval, spot->text->args[i + 1], spot->args);
	v = spot->args->slots[i];
	return (v & 7) == TLA_OPERATOR ? TLA_NONE : tla_force(eval, v);
}

/* "Send(1, 2)"; where the arguments begin in *ret_args. NULL: no memory. */
static const char *label_of(const struct spot *spot, const char **ret_args)
{
	struct tla_heap *heap = spot->runner->eval.heap;
	const char *name = spot->name ? tla_world_string_text(spot->runner->eval.world, spot->name)
				      : "";
	size_t at = 0, name_length = strlen(name);
	char text[ARGS_BYTES_MAX] = "";
	char *copy;

	for (uint32_t i = 0; i < arg_count(spot); i++) {
		tla_value v = arg_at(spot, i);

		tla_heap_clear(heap);
		if (!v || at + 3 >= sizeof text)
			continue;
		at += (size_t)snprintf(text + at, sizeof text - at, "%s", at ? ", " : "(");
		at += tla_print(heap, v, text + at, sizeof text - at);
		at = at < sizeof text ? at : sizeof text - 1;
	}
	if (at > 0 && at + 1 < sizeof text)
		memcpy(text + at++, ")", 2);
	copy = tla_alloc(heap, (name_length + at + 1 + 7) / 8 * 8);
	if (!copy)
		return NULL;
	(void)snprintf(copy, name_length + at + 1, "%s%s", name, text);
	*ret_args = copy + name_length;
	return copy;
}

static bool add(const struct spot *spot, const struct tla_code *code)
{
	struct tla_runner *runner = spot->runner;
	struct tla_action *at = runner->actions;
	uint32_t count = runner->action_count, room = runner->action_room;

	if (count == room) {
		room = room ? 2 * room : 16;
		at = tla_alloc(runner->eval.heap, room * sizeof *at);
		if (!at)
			return false;
		if (count > 0)
			memcpy(at, runner->actions, count * sizeof *at);
		runner->actions = at;
		runner->action_room = room;
	}
	at[count] = (struct tla_action){ .name = spot->name,
					 .span = code->span,
					 .code = code,
					 .frame = spot->frame,
					 .lets = spot->lets };
	at[count].label = label_of(spot, &at[count].args);
	runner->action_count++;
	return at[count].label != NULL;
}

static bool are_constant(const struct tla_code *code, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		if (code->args[i]->level > TLA_CONSTANT)
			return false;
	return true;
}

static bool split_or(const struct spot *spot, const struct tla_code *code)
{
	for (uint32_t i = 0; i < code->count; i++)
		if (!split(spot, code->args[i]))
			return false;
	return true;
}

/* What was bound in a frame is bound in its copy. */
static bool move_lets(struct tla_heap *heap, const struct tla_binding **lets,
		      const struct tla_frame *from, struct tla_frame *to)
{
	for (const struct tla_binding *outer = *lets; outer; outer = outer->outer) {
		struct tla_binding *copy = tla_alloc(heap, sizeof *copy);

		if (!copy)
			return false;
		*copy = *outer;
		if (copy->frame == from)
			copy->frame = to;
		*lets = copy;
		lets = (const struct tla_binding **)&copy->outer;
	}
	return true;
}

/* Values that many evaluations look at are better known by their words. */
static void keep_slots(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	for (uint32_t i = 0; i < code->a; i++) {
		const struct tla_loop *loop = &code->loops[i];
		uint32_t count = loop->tuple_count ? loop->tuple_count : 1;

		for (uint32_t k = loop->slot; k < loop->slot + count; k++) {
			tla_value stored = tla_store(eval->keeper, eval->heap, frame->slots[k]);

			frame->slots[k] = stored ? stored : frame->slots[k];
			tla_heap_clear(eval->heap);
		}
	}
}

/* With the names bound as they are in the frame now. */
static bool split_body(const struct spot *spot, const struct tla_code *code)
{
	struct tla_eval *eval = &spot->runner->eval;
	struct spot inner = *spot;

	inner.frame = tla_frame_copy(eval, spot->frame);
	if (!inner.frame || !move_lets(eval->heap, &inner.lets, spot->frame, inner.frame))
		return false;
	if (inner.args == spot->frame)
		inner.args = inner.frame;
	keep_slots(eval, code, inner.frame);
	return split(&inner, code->args[code->count - 1]);
}

/* Without elements, or where they cannot be gone through, it is one action, which then says so. */
static bool split_exists(const struct spot *spot, const struct tla_code *code)
{
	struct tla_runner *runner = spot->runner;
	uint32_t before = runner->action_count;
	tla_value *sets = tla_walk_sets(&runner->eval, code, spot->frame);
	struct tla_walk *walk = sets ? tla_walk_open(&runner->eval, code, spot->frame, sets, true)
				     : NULL;
	int step = walk ? 1 : -1;

	while (step == 1 && runner->action_count < COUNT_MAX) {
		step = tla_walk_next(&runner->eval, walk);
		if (step == 1 && !split_body(spot, code))
			return false;
	}
	tla_heap_clear(runner->eval.heap);
	if (step == 0 && runner->action_count > before)
		return true;
	runner->action_count = before;
	return add(spot, code);
}

static bool split_definition(const struct spot *spot, const struct tla_code *code)
{
	struct spot inner = *spot;

	inner.depth++;
	inner.name = code->sym;
	inner.fn = NULL;
	inner.text = code;
	inner.args = spot->frame;
	return split(&inner, code->args[0]);
}

static bool split_call(const struct spot *spot, const struct tla_code *code)
{
	struct tla_eval *eval = &spot->runner->eval;
	struct spot inner = *spot;

	inner.frame = tla_call_frame(eval, code, spot->frame);
	if (!inner.frame) {
		tla_heap_clear(eval->heap);
		return add(spot, code);
	}
	inner.depth++;
	inner.name = code->fn->name;
	inner.fn = code->fn;
	inner.text = NULL;
	inner.args = inner.frame;
	return split(&inner, code->fn->body);
}

static bool split_let(const struct spot *spot, const struct tla_code *code)
{
	struct tla_eval *eval = &spot->runner->eval;
	struct tla_binding *binding = tla_alloc(eval->heap, sizeof *binding);
	struct spot inner = *spot;

	if (!binding || !tla_bind_let_of_action(eval, code, spot->frame))
		return false;
	*binding = (struct tla_binding){ code, spot->frame, spot->lets };
	inner.lets = binding;
	return split(&inner, code->args[code->count - 1]);
}

static bool split(const struct spot *spot, const struct tla_code *code)
{
	if (spot->depth > DEPTH_MAX)
		return add(spot, code);
	switch ((enum tla_act)code->act) {
	case TLA_ACT_OR:
		return split_or(spot, code);
	case TLA_ACT_EXISTS:
		if (!are_constant(code, 0, code->count - 1))
			break;
		return split_exists(spot, code);
	case TLA_ACT_INLINE:
		if (!are_constant(code, 1, code->a))
			break;
		return split_definition(spot, code);
	case TLA_ACT_CALL:
		if (code->eval != tla_ev_call || !are_constant(code, 0, code->count))
			break;
		return split_call(spot, code);
	case TLA_ACT_LET:
	case TLA_ACT_LET_OPEN:
		return split_let(spot, code);
	default:
		break;
	}
	return add(spot, code);
}

const struct tla_action *tla_runner_actions(struct tla_runner *runner, uint32_t *ret_count)
{
	struct tla_eval_mark mark = tla_eval_mark(&runner->eval);
	const struct tla_formula *next = &runner->model->next;
	struct spot spot = { .runner = runner };

	assert(runner->eval.heap->cur == runner->bottom.heap.cur || runner->actions);
	if (!runner->actions) {
		spot.frame = tla_frame_new(&runner->eval, next->fn, NULL);
		if (!spot.frame || !split(&spot, next->fn->body)) {
			runner->actions = NULL;
			runner->action_count = runner->action_room = 0;
			tla_heap_clear(runner->eval.heap);
			tla_eval_cut(&runner->eval, mark);
			return NULL;
		}
		runner->base = runner->bottom = tla_eval_mark(&runner->eval);
	}
	*ret_count = runner->action_count;
	return runner->actions;
}
