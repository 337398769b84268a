/* SPDX-License-Identifier: MIT */
/*
 * Parts of an action that give a variable its value: x' = e, x' \in S, UNCHANGED; in an initial
 * predicate x = e, x \in S. The variable may be named through parameters, LET and definitions.
 *
 * Invariant: on return every variable is as it was on entry.
 */
#include "../value/order.h"
#include "../value/set.h"
#include "action.h"
#include "memo.h"
#include "nodes.h"

/* What a parameter or LET definition stands for, as long as it is not evaluated; else NULL. */
const struct tla_thunk *tla_pending(const struct tla_code *code, struct tla_frame *frame)
{
	const struct tla_thunk *thunk;
	tla_value word;

	for (uint32_t i = 0; i < code->b; i++)
		frame = frame->up;
	word = frame->slots[code->a];
	if ((word & 7) != TLA_THUNK)
		return NULL;
	thunk = (const struct tla_thunk *)(uintptr_t)(word - TLA_THUNK);
	return thunk->value ? NULL : thunk;
}

static bool needs_no_frame(const struct tla_code *code)
{
	return code->eval == tla_ev_now || (code->eval == tla_ev_call && code->count == 0);
}

/* What a name leads to through arguments, LET and definitions without parameters; NULL: to a value.
 */
static const struct tla_code *standing_for(const struct tla_code *code, struct tla_frame **frame)
{
	for (;;) {
		if (code->eval == tla_ev_slot) {
			const struct tla_thunk *thunk = tla_pending(code, *frame);

			if (!thunk)
				return NULL;
			code = thunk->code;
			*frame = thunk->frame;
		} else if (code->eval == tla_ev_call && code->count == 0 &&
			   needs_no_frame(tla_code_inside(code->fn->body))) {
			code = tla_code_inside(code->fn->body);
		} else if (tla_code_inside(code) != code && code->eval != tla_ev_constant) {
			code = tla_code_inside(code);
		} else {
			return code;
		}
	}
}

tla_value *tla_variable_of(const struct tla_eval *eval, const struct tla_code *left,
			   struct tla_frame *frame)
{
	tla_eval_fn *wanted = eval->is_init ? tla_ev_now : tla_ev_next;

	left = standing_for(left, &frame);
	if (left && left->eval == tla_ev_primed && !eval->is_init) {
		left = standing_for(left->args[0], &frame);
		wanted = tla_ev_now;
	}
	return left && left->eval == wanted ? &tla_assigned(eval)[left->a] : NULL;
}

/* The variable that `x' = e` or `x' \in S` gives a value to, if it has none yet; else NULL. */
static tla_value *target(const struct tla_eval *eval, const struct tla_code *left,
			 struct tla_frame *frame)
{
	tla_value *var = tla_variable_of(eval, left, frame);

	return var && !*var ? var : NULL;
}

/* The value that a variable would get has none: the positions name the conjunct, too. */
static int failed_in(struct tla_eval *eval, const struct tla_code *code)
{
	tla_failed_in(eval, code->span);
	return -1;
}

int tla_act_eq(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
	       const struct tla_rest *rest)
{
	tla_value *var = target(eval, code->args[0], frame);
	int result;

	if (!var)
		return tla_act_test(eval, code, frame, rest);
	*var = tla_eval(eval, code->args[1], frame);
	if (!*var)
		return failed_in(eval, code);
	result = tla_go_on(eval, rest);
	*var = TLA_NONE;
	return result;
}

int tla_act_in(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
	       const struct tla_rest *rest)
{
	tla_value *var = target(eval, code->args[0], frame), set;
	const struct tla_code *action = eval->action;
	struct tla_iter iter;
	int result = 0, step = 0;

	if (!var)
		return tla_act_test(eval, code, frame, rest);
	set = tla_eval(eval, code->args[1], frame);
	if (set && code->act == TLA_ACT_SUBSETEQ)
		set = tla_subset(eval->heap, set);
	if (!set || tla_iter_init(eval->heap, &iter, set))
		return failed_in(eval, code);
	while (result == 0) {
		struct tla_eval_mark mark = tla_eval_mark(eval);

		step = tla_iter_next(eval->heap, &iter, var);
		if (step != 1)
			break;
		eval->action = action;
		result = tla_go_on(eval, rest);
		*var = TLA_NONE;
		if (result >= 0)
			tla_eval_cut(eval, mark);
	}
	*var = TLA_NONE;
	return step < 0 ? -1 : result;
}

/* The variables numbered from i on keep their values. */
static int keep_vars(struct tla_eval *eval, const struct tla_code *code, uint32_t i,
		     const struct tla_rest *rest)
{
	uint32_t var;
	int result, equal;

	while (i < code->a && eval->next[code->vars[i]]) {
		var = code->vars[i++];
		equal = tla_equal(eval->heap, eval->now[var], eval->next[var]);
		if (equal != 1)
			return equal;
	}
	if (i == code->a)
		return tla_go_on(eval, rest);
	var = code->vars[i];
	eval->next[var] = eval->now[var];
	result = keep_vars(eval, code, i + 1, rest);
	eval->next[var] = TLA_NONE;
	return result;
}

int tla_act_unchanged(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		      const struct tla_rest *rest)
{
	return code->count > 0 || eval->is_init ? tla_act_test(eval, code, frame, rest)
						: keep_vars(eval, code, 0, rest);
}
