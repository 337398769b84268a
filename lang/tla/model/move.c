/* SPDX-License-Identifier: MIT */
/*
 * The next-state relation, split as TLC splits it into actions: at disjunctions, at \E over sets
 * that are constant, through definitions and LETs. What cannot be split further is an action; its
 * name is that of the innermost definition around it.
 *
 * Invariant: the heap is where it was when a search is over.
 */
#include "move.h"

#include "../eval/nodes.h"
#include "../value/print.h"

#include <stdio.h>
#include <string.h>

enum { FOUND = 1 };

struct finder {
	struct tla_runner *runner;
	const tla_value *to;
	/* The definition at hand. Its arguments are in the frame of its function, or are
	 * expressions in the frame around it. */
	tla_sym name;
	const struct tla_fn *fn;     /* NULL: not so */
	const struct tla_code *text; /* NULL: not so */
	struct tla_frame *frame;
	struct tla_move *move;
};

static int split(struct finder *finder, const struct tla_code *code, struct tla_frame *frame);

static int compare(struct tla_eval *eval, void *context)
{
	const struct finder *finder = context;

	for (uint32_t i = 0; i < eval->var_count; i++)
		if (tla_store(eval->keeper, eval->heap, eval->next[i]) != finder->to[i])
			return 0;
	return FOUND;
}

static uint32_t arg_count(const struct finder *finder)
{
	return finder->fn ? finder->fn->param_count : finder->text ? finder->text->a : 0;
}

/* TLA_NONE: an operator, or what cannot be evaluated. */
static tla_value arg_at(const struct finder *finder, uint32_t i)
{
	struct tla_eval *eval = &finder->runner->eval;
	tla_value v;

	if (finder->text)
		return tla_eval(eval, finder->text->args[i + 1], finder->frame);
	v = finder->frame->slots[i];
	return (v & 7) == TLA_OPERATOR ? TLA_NONE : tla_force(eval, v);
}

static void write_args(const struct finder *finder)
{
	struct tla_move *move = finder->move;
	size_t at = 0;

	move->args[0] = '\0';
	for (uint32_t i = 0; i < arg_count(finder); i++) {
		tla_value v = arg_at(finder, i);

		if (!v || at + 3 >= sizeof move->args)
			continue;
		at += (size_t)snprintf(move->args + at, sizeof move->args - at, "%s",
				       at ? ", " : "(");
		at += tla_print(finder->runner->eval.heap, v, move->args + at,
				sizeof move->args - at);
		at = at < sizeof move->args ? at : sizeof move->args - 1;
	}
	if (at > 0 && at + 1 < sizeof move->args)
		memcpy(move->args + at, ")", 2);
}

/* An action: whether it makes the step. One that fails does not. */
static int try_action(struct finder *finder, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_eval *eval = &finder->runner->eval;
	int result;

	eval->emit = compare;
	eval->emit_context = finder;
	result = tla_act(eval, code, frame);
	tla_heap_clear(eval->heap);
	if (result != FOUND)
		return 0;
	finder->move->name = finder->name;
	finder->move->span = code->span;
	write_args(finder);
	return FOUND;
}

static bool are_constant(const struct tla_code *code, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		if (code->args[i]->level > TLA_CONSTANT)
			return false;
	return true;
}

static int split_or(struct finder *finder, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_eval *eval = &finder->runner->eval;
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < code->count; i++) {
		struct tla_eval_mark mark = tla_eval_mark(eval);

		result = split(finder, code->args[i], frame);
		tla_eval_cut(eval, mark);
	}
	return result;
}

static int split_exists(struct finder *finder, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_eval *eval = &finder->runner->eval;
	tla_value *sets = tla_walk_sets(eval, code, frame);
	struct tla_walk *walk = sets ? tla_walk_open(eval, code, frame, sets, true) : NULL;
	int result = 0;

	while (walk && result == 0 && tla_walk_next(eval, walk) == 1)
		result = split(finder, code->args[code->count - 1], frame);
	tla_heap_clear(eval->heap);
	return result;
}

static int split_definition(struct finder *finder, const struct tla_code *code,
			    struct tla_frame *frame)
{
	struct finder inner = *finder;

	inner.name = code->sym;
	inner.fn = NULL;
	inner.text = code;
	inner.frame = frame;
	return split(&inner, code->args[0], frame);
}

static int split_call(struct finder *finder, const struct tla_code *code, struct tla_frame *frame)
{
	struct finder inner = *finder;
	struct tla_frame *callee = tla_call_frame(&finder->runner->eval, code, frame);

	if (!callee)
		return 0;
	inner.name = code->fn->name;
	inner.fn = code->fn;
	inner.text = NULL;
	inner.frame = callee;
	return split(&inner, code->fn->body, callee);
}

static int split(struct finder *finder, const struct tla_code *code, struct tla_frame *frame)
{
	switch ((enum tla_act)code->act) {
	case TLA_ACT_OR:
		return split_or(finder, code, frame);
	case TLA_ACT_EXISTS:
		if (!are_constant(code, 0, code->count - 1))
			break;
		return split_exists(finder, code, frame);
	case TLA_ACT_INLINE:
		if (!are_constant(code, 1, code->a))
			break;
		return split_definition(finder, code, frame);
	case TLA_ACT_CALL:
		if (code->eval != tla_ev_call || !are_constant(code, 0, code->count))
			break;
		return split_call(finder, code, frame);
	case TLA_ACT_LET:
		if (!tla_bind_let(&finder->runner->eval, code, frame))
			break;
		return split(finder, code->args[code->count - 1], frame);
	default:
		break;
	}
	return try_action(finder, code, frame);
}

bool tla_move_find(struct tla_runner *runner, const tla_value *from, const tla_value *to,
		   struct tla_move *ret_move)
{
	const struct tla_formula *next = &runner->model->next;
	struct finder finder = { .runner = runner, .to = to, .move = ret_move };
	size_t n_bytes = runner->eval.var_count * sizeof *from;
	struct tla_eval *eval = &runner->eval;
	struct tla_eval_mark mark = tla_eval_mark(eval);
	struct tla_frame *frame;
	int result = 0;

	eval->now = memcpy(runner->now, from, n_bytes);
	eval->next = memset(runner->next, 0, n_bytes);
	tla_heap_clear(eval->heap);
	frame = tla_frame_new(eval, next->fn, NULL);
	if (frame)
		result = split(&finder, next->fn->body, frame);
	tla_eval_cut(eval, mark);
	return result == FOUND;
}
