/* SPDX-License-Identifier: MIT */
/*
 * Nodes that count evaluations, as values and as parts of actions.
 *
 * Once all variables have values the rest of an action is tests. What gave the last value waits
 * there, and is counted when the state is made.
 */
#include "../value/order.h"
#include "../value/set.h"
#include "action.h"
#include "cover.h"
#include "nodes.h"

tla_value tla_ev_count(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_cover_add(eval->cover, code->a, 1);
	return tla_eval(eval, code->args[0], frame);
}

static void wait_for_state(struct tla_cover_run *run, uint32_t count_idx)
{
	if (run->waiting_count < TLA_COVER_WAITING_MAX)
		run->waiting[run->waiting_count++] = count_idx;
}

/* Of an initial state the tests do not hold until it is made. */
tla_value tla_ev_tally(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_cover_run *run = eval->cover;

	(void)frame;
	run->waiting_count = 0;
	wait_for_state(run, code->a);
	run->root_idx = code->b;
	if (eval->is_init)
		tla_cover_add(run, code->b + 1, 1);
	return TLA_TRUE;
}

void tla_cover_made(struct tla_eval *eval)
{
	struct tla_cover_run *run = eval->cover;

	if (eval->is_init && run->waiting_count > 0)
		tla_cover_add(run, run->root_idx + 1, -1);
	for (uint32_t i = 0; i < run->waiting_count; i++)
		tla_cover_add(run, run->waiting[i], 1);
	run->waiting_count = 0;
	run->made_count++;
	tla_cover_add(run, run->root_idx, 1);
}

tla_value tla_ev_kept(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value v = tla_eval(eval, code->args[0], frame);

	if (v == TLA_TRUE)
		wait_for_state(eval->cover, code->a);
	return v;
}

/* TLC evaluates the whole in both states. */
tla_value tla_ev_keep(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	const struct tla_code *all = code->args[0];

	if (all->count == 0) {
		tla_cover_add(eval->cover, code->a, 2);
		for (uint32_t i = 1; i < code->count && all->a > 1; i++)
			tla_cover_add(eval->cover, code->args[i]->a, 2);
	}
	return tla_eval(eval, all, frame);
}

tla_value tla_ev_either(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	const struct tla_code *slot = code->args[0];
	bool is_open = !tla_frame_up(frame, slot->b)->slots[slot->a];

	return tla_eval(eval, code->args[is_open], frame);
}

/* --- As parts of actions --- */

static int test(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		const struct tla_rest *rest)
{
	int holds = tla_eval_bool(eval, code, frame);

	return holds == 1 ? tla_go_on(eval, rest) : holds;
}

/* x' = e, x' \in S where x' has a value: TLC evaluates the right side only. 1, 0, -1. */
static int compare_right(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame, tla_value left)
{
	tla_value right = tla_eval(eval, code->args[1], frame);

	if (!right)
		return -1;
	if (code->act == TLA_ACT_EQ)
		return tla_equal(eval->heap, left, right);
	if (code->act == TLA_ACT_IN)
		return tla_member(eval->heap, left, right);
	return tla_is_subset(eval->heap, left, right);
}

static int count_assignment(struct tla_eval *eval, const struct tla_code *code,
			    struct tla_frame *frame, const struct tla_rest *rest)
{
	const struct tla_code *inner = code->args[0];
	tla_value *var = tla_variable_of(eval, inner->args[0], frame);
	int holds;

	if (!var)
		return test(eval, code, frame, rest);
	if (!*var)
		return tla_act_with(eval, inner, frame, rest);
	holds = compare_right(eval, inner, frame, *var);
	return holds == 1 ? tla_go_on(eval, rest) : holds;
}

static int count_implies(struct tla_eval *eval, const struct tla_code *inner,
			 struct tla_frame *frame, const struct tla_rest *tallied,
			 const struct tla_rest *rest)
{
	int holds = tla_eval_bool(eval, inner->args[0], frame);

	if (holds == 1)
		return tla_act_with(eval, inner->args[1], frame, rest);
	return holds < 0 ? -1 : tla_go_on(eval, tallied);
}

/* Count what is passed on the way to a function that is written out. false: none is. */
static bool count_way(struct tla_eval *eval, const struct tla_code *code)
{
	uint32_t passed[8], count = 0;

	for (; code; code = code->eval == tla_ev_call ? code->fn->body : code->args[0]) {
		if (code->eval == tla_ev_fcn || code->eval == tla_ev_fcn_lazy)
			break;
		if (code->eval == tla_ev_count && count < 8)
			passed[count++] = code->a;
		else if (code->eval != tla_ev_inline && code->eval != tla_ev_call)
			return false;
	}
	if (code->flag)
		return false;
	while (count-- > 0)
		tla_cover_add(eval->cover, passed[count], 1);
	return true;
}

/* What is inside, tallied where TLC tallies it. */
int tla_act_count(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		  const struct tla_rest *rest)
{
	const struct tla_code *inner = code->args[0];
	const struct tla_rest tally = { code, frame, 1, rest, NULL };
	const struct tla_rest *tallied = code->count > 1 ? &tally : rest;

	switch ((enum tla_act)inner->act) {
	case TLA_ACT_EQ:
	case TLA_ACT_IN:
	case TLA_ACT_SUBSETEQ:
		return count_assignment(eval, code, frame, tallied);
	case TLA_ACT_IMPLIES:
		return count_implies(eval, inner, frame, tallied, rest);
	case TLA_ACT_FORALL:
		return tla_act_forall(eval, inner, frame, rest, tallied);
	case TLA_ACT_SLOT:
		return tla_act_with(eval, inner, frame, tla_pending(inner, frame) ? rest : tallied);
	case TLA_ACT_APPLY:
		return tla_act_with(eval, inner, frame,
				    count_way(eval, inner->args[0]) ? rest : tallied);
	case TLA_ACT_UNCHANGED:
		if (tallied == rest) /* of ENABLED */
			tla_cover_add(eval->cover, code->a, 1);
		return tla_act_with(eval, inner, frame, tallied);
	default:
		return test(eval, code->flag ? inner : code, frame, tallied);
	}
}

/* Of what gives no last value, or leaves variables without one. */
int tla_act_tally(struct tla_eval *eval, const struct tla_code *code, const struct tla_rest *rest)
{
	struct tla_cover_run *run = eval->cover;
	uint64_t made = run->made_count;
	int result;

	run->waiting_count = 0;
	run->root_idx = code->b;
	result = tla_go_on(eval, rest);
	if (result == 0 && run->made_count != made && (!eval->is_init || !rest))
		tla_cover_add(run, code->a, 1);
	return result;
}

int tla_act_let_open(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		     const struct tla_rest *rest)
{
	if (!tla_bind_let_of_action(eval, code, frame))
		return -1;
	return tla_act_with(eval, code->args[code->count - 1], frame, rest);
}

int tla_act_either(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		   const struct tla_rest *rest)
{
	const struct tla_code *slot = code->args[0];
	bool is_open = !tla_frame_up(frame, slot->b)->slots[slot->a];

	return tla_act_with(eval, code->args[is_open], frame, rest);
}
