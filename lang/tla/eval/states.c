/* SPDX-License-Identifier: MIT */
/* Nodes: what speaks of the next state. */
#include "../value/order.h"
#include "eval.h"
#include "nodes.h"
#include "world.h"

#include <string.h>

tla_value tla_ev_primed(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *now = eval->now, *next = eval->next, v;
	size_t n_bytes = tla_width(eval->world) * sizeof(tla_value);
	tla_value *none = tla_alloc(eval->heap, n_bytes);

	if (!none)
		return TLA_NONE;
	memset(none, 0, n_bytes);
	eval->now = next;
	eval->next = none;
	eval->next_reads++;
	eval->primed_depth++;
	v = tla_eval(eval, code->args[0], frame);
	eval->primed_depth--;
	eval->now = now;
	eval->next = next;
	return v;
}

static int is_unchanged(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value a, b;

	if (code->count > 0) { /* args: e, e' */
		a = tla_eval(eval, code->args[0], frame);
		b = a ? tla_eval(eval, code->args[1], frame) : TLA_NONE;
		return b ? tla_equal(eval->heap, a, b) : -1;
	}
	for (uint32_t i = 0; i < code->a; i++) {
		uint32_t var = code->vars[i];
		int equal = 0;

		if (eval->next[var] && eval->now[var])
			equal = tla_equal(eval->heap, eval->now[var], eval->next[var]);
		else
			tla_fail_at(eval, code->span,
				    "UNCHANGED of a variable that has no value yet.");
		if (equal != 1)
			return eval->heap->has_failed ? -1 : 0;
	}
	return 1;
}

tla_value tla_ev_unchanged(struct tla_eval *eval, const struct tla_code *code,
			   struct tla_frame *frame)
{
	return tla_of_bool(is_unchanged(eval, code, frame));
}

/* args: A, then UNCHANGED v; in TLC's order, which may matter where one has no value. */
tla_value tla_ev_box(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int holds = tla_eval_bool(eval, code->args[0], frame);

	return tla_of_bool(holds ? holds : tla_eval_bool(eval, code->args[1], frame));
}

tla_value tla_ev_angle(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int holds = tla_eval_bool(eval, code->args[0], frame), same;

	if (holds != 1)
		return tla_of_bool(holds);
	same = tla_eval_bool(eval, code->args[1], frame);
	return tla_of_bool(same < 0 ? same : !same);
}

enum { FOUND = 1 };

static int stop_at_first(struct tla_eval *eval, void *context)
{
	(void)eval;
	(void)context;
	return FOUND;
}

/* Whether an action has a step from `now`, other steps forgotten. */
int tla_is_enabled(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	tla_value *next = eval->next;
	int (*emit)(struct tla_eval *, void *) = eval->emit;
	const struct tla_code *action = eval->action;
	bool is_init = eval->is_init, allows_gaps = eval->allows_gaps, was_asking = eval->is_asking;
	size_t n_bytes = tla_width(eval->world) * sizeof(tla_value);
	int result = -1;

	eval->next = tla_alloc(eval->heap, n_bytes);
	if (eval->next) {
		memset(eval->next, 0, n_bytes);
		eval->emit = stop_at_first;
		eval->is_init = false;
		eval->allows_gaps = true;
		eval->is_asking = true;
		result = tla_act(eval, code, frame);
	}
	eval->next = next;
	eval->emit = emit;
	eval->action = action;
	eval->is_init = is_init;
	eval->allows_gaps = allows_gaps;
	eval->is_asking = was_asking;
	if (result >= 0)
		tla_eval_cut(eval, mark);
	return result;
}

tla_value tla_ev_enabled(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame)
{
	return tla_of_bool(tla_is_enabled(eval, code->args[0], frame));
}

tla_value tla_ev_temporal(struct tla_eval *eval, const struct tla_code *code,
			  struct tla_frame *frame)
{
	(void)frame;
	return tla_fail_at(eval, code->span, "A temporal formula has no value in a state.");
}
