/* SPDX-License-Identifier: MIT */
/* Nodes: logic, equality, conditionals, quantifiers, CHOOSE. */
#include "../value/order.h"
#include "../value/print.h"
#include "../value/set.h"
#include "eval.h"
#include "nodes.h"

tla_value tla_ev_and(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int holds = 1;

	for (uint32_t i = 0; holds == 1 && i < code->count; i++)
		holds = tla_eval_bool(eval, code->args[i], frame);
	return tla_of_bool(holds);
}

tla_value tla_ev_or(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int holds = 0;

	for (uint32_t i = 0; holds == 0 && i < code->count; i++)
		holds = tla_eval_bool(eval, code->args[i], frame);
	return tla_of_bool(holds);
}

tla_value tla_ev_not(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int holds = tla_eval_bool(eval, code->args[0], frame);

	return tla_of_bool(holds < 0 ? holds : !holds);
}

tla_value tla_ev_implies(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame)
{
	int holds = tla_eval_bool(eval, code->args[0], frame);

	if (holds != 1)
		return tla_of_bool(holds < 0 ? holds : 1);
	return tla_of_bool(tla_eval_bool(eval, code->args[1], frame));
}

tla_value tla_ev_equiv(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int a = tla_eval_bool(eval, code->args[0], frame);
	int b = a < 0 ? a : tla_eval_bool(eval, code->args[1], frame);

	return tla_of_bool(b < 0 ? b : a == b);
}

static int equal_args(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value a = tla_eval(eval, code->args[0], frame);
	tla_value b = a ? tla_eval(eval, code->args[1], frame) : TLA_NONE;

	return b ? tla_equal(eval->heap, a, b) : -1;
}

tla_value tla_ev_eq(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	return tla_of_bool(equal_args(eval, code, frame));
}

tla_value tla_ev_ne(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int equal = equal_args(eval, code, frame);

	return tla_of_bool(equal < 0 ? equal : !equal);
}

tla_value tla_ev_if(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int holds = tla_eval_bool(eval, code->args[0], frame);

	return holds < 0 ? TLA_NONE : tla_eval(eval, code->args[holds ? 1 : 2], frame);
}

const struct tla_code *tla_case_arm(struct tla_eval *eval, const struct tla_code *code,
				    struct tla_frame *frame)
{
	uint32_t guarded = code->count - code->flag;

	for (uint32_t i = 0; i < guarded; i += 2) {
		int holds = tla_eval_bool(eval, code->args[i], frame);

		if (holds)
			return holds < 0 ? NULL : code->args[i + 1];
	}
	if (code->flag)
		return code->args[code->count - 1];
	tla_fail_at(eval, code->span, "Attempted to evaluate a CASE with no guard true.");
	return NULL;
}

tla_value tla_ev_case(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	const struct tla_code *arm = tla_case_arm(eval, code, frame);

	return arm ? tla_eval(eval, arm, frame) : TLA_NONE;
}

/* search() where one name goes through an explicit set. */
static int search_set(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		      const struct tla_obj *set, int wanted)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	uint64_t count = tla_set_count(set);

	for (uint64_t i = 0; i < count; i++) {
		int holds;

		frame->slots[code->loops[0].slot] = tla_set_at(set, i);
		holds = tla_eval_bool(eval, code->args[1], frame);
		if (holds < 0)
			return -1;
		tla_eval_cut(eval, mark);
		if (holds == wanted)
			return 1;
	}
	return 0;
}

/* Whether some combination makes the body `wanted`. */
static int search(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		  int wanted)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	tla_value *sets = tla_walk_sets(eval, code, frame);
	struct tla_walk *walk;
	int found = 0, result;

	if (sets && tla_is_simple_loop(code, sets[0])) {
		found = search_set(eval, code, frame, tla_obj(sets[0]), wanted);
		if (found >= 0)
			tla_eval_cut(eval, mark);
		return found;
	}
	walk = tla_walk_open(eval, code, frame, sets, false);
	result = walk ? 1 : -1;

	while (!found && walk && (result = tla_walk_next(eval, walk)) == 1) {
		int holds = tla_eval_bool(eval, code->args[code->count - 1], frame);

		if (holds < 0)
			return -1;
		found = holds == wanted;
	}
	if (result < 0)
		return -1;
	tla_eval_cut(eval, mark);
	return found;
}

tla_value tla_ev_exists(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	return tla_of_bool(search(eval, code, frame, 1));
}

tla_value tla_ev_forall(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int found = search(eval, code, frame, 0);

	return tla_of_bool(found < 0 ? found : !found);
}

tla_value tla_ev_choose(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_walk *walk = tla_walk_open(eval, code, frame, tla_walk_sets(eval, code, frame),
					      false);
	int result = -1;

	while (walk && (result = tla_walk_next(eval, walk)) == 1) {
		int holds = tla_eval_bool(eval, code->args[code->count - 1], frame);

		if (holds < 0)
			return TLA_NONE;
		if (holds)
			return tla_walk_value(walk, 0);
	}
	if (result == 0)
		tla_fail_at(
			eval, code->span,
			"Attempted to compute the value of an expression of form\nCHOOSE x \\in "
			"S: P, but no element of S satisfied P.");
	return TLA_NONE;
}

tla_value tla_ev_choose_unbounded(struct tla_eval *eval, const struct tla_code *code,
				  struct tla_frame *frame)
{
	(void)frame;
	return tla_fail_at(eval, code->span,
			   "Attempted to evaluate an unbounded CHOOSE. Give its definition a model "
			   "value in the configuration: NAME = NAME.");
}
