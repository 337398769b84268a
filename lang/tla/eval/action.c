/* SPDX-License-Identifier: MIT */
/*
 * Actions: all ways to make one true, by giving values to primed variables (to unprimed ones
 * in an initial predicate), conjuncts from left to right, as TLC does.
 *
 * What is still to be done after the expression at hand is a list on the C stack: the rest of each
 * conjunction around it. At the list's end the step is complete. What gives a variable its value is
 * in assign.c.
 *
 * Invariant: on return every variable is as it was on entry, and so is the heap's top.
 */
#include "action.h"

#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/set.h"
#include "eval.h"
#include "memo.h"
#include "nodes.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static int act(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
	       const struct tla_rest *rest);

static int go_on(struct tla_eval *eval, const struct tla_rest *rest);

/* The variables without a value, as a list: how many. */
static uint32_t list_gaps(const struct tla_eval *eval, char *text, size_t n_bytes)
{
	const struct tla_world *world = eval->world;
	uint32_t count = 0;
	size_t used = 0;

	for (uint32_t i = 0; i < eval->var_count && used < n_bytes; i++)
		if (!tla_assigned(eval)[i])
			used += (size_t)snprintf(
				text + used, n_bytes - used, "%s%s", count++ ? ", " : "",
				tla_symbol_text(world->spec->symbols, world->vars[i]));
	return count;
}

static int fail_for_gaps(struct tla_eval *eval)
{
	struct tla_span span = eval->action ? eval->action->span : (struct tla_span){ 0 };
	char names[512] = "";
	bool is_one = list_gaps(eval, names, sizeof(names)) == 1;

	if (eval->is_init)
		tla_fail_at(eval, span, "The initial predicate gives no value to variable%s %s.",
			    is_one ? "" : "s", names);
	else
		tla_fail_at(eval, span, "The following variable%s not defined: %s.",
			    is_one ? " is" : "s are", names);
	eval->failure = TLA_FAILURE_GAP;
	eval->has_state_failed = true;
	return -1;
}

static int complete(struct tla_eval *eval)
{
	for (uint32_t i = 0; i < eval->var_count; i++)
		if (!tla_assigned(eval)[i] && !eval->allows_gaps)
			return fail_for_gaps(eval);
	return eval->emit(eval, eval->emit_context);
}

static int conjoin(struct tla_eval *eval, const struct tla_code *code, uint32_t idx,
		   struct tla_frame *frame, const struct tla_rest *behind)
{
	struct tla_rest rest = { code, frame, idx + 1, behind, NULL };

	if (idx + 1 == code->count)
		return act(eval, code->args[idx], frame, behind);
	return act(eval, code->args[idx], frame, &rest);
}

/* TLC puts each further element before those that wait: the first, the last, the last but one, ...
 */
static tla_value element_at(const struct tla_elements *elements, uint32_t idx)
{
	return elements->at[idx ? elements->count - idx : 0];
}

/* The body of \A for the elements from idx on. Each has a frame of its own: all are open at once.
 * */
static int conjoin_elements(struct tla_eval *eval, const struct tla_code *code, uint32_t idx,
			    struct tla_frame *frame, const struct tla_elements *elements,
			    const struct tla_rest *behind)
{
	struct tla_rest rest = { code, frame, idx + 1, behind, elements };
	struct tla_frame *copy;

	if (idx == elements->count)
		return go_on(eval, behind);
	copy = tla_frame_copy(eval, frame);
	if (!copy || tla_walk_bind(eval, code, element_at(elements, idx), copy) < 0)
		return -1;
	return act(eval, code->args[code->count - 1], copy, &rest);
}

bool tla_is_assigned(const struct tla_eval *eval)
{
	const tla_value *values = eval->is_init ? eval->now : eval->next;
	uint32_t count = eval->is_asking && !eval->is_init ? tla_width(eval->world)
							   : eval->var_count;

	for (uint32_t i = count; i-- > 0;)
		if (!values[i])
			return false;
	return true;
}

/* A conjunct behind the last variable: 1, 0, -1. */
static int test(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int result = tla_eval_bool(eval, code, frame);

	if (result == 0 && eval->refuse && !eval->is_init && !eval->is_asking &&
	    eval->between_depth == 0)
		eval->refuse(eval, eval->refuse_context, code->span);
	return result;
}

/* Whether one member of the list holds, nothing being left to give values to: 1, 0, -1. */
static int holds(struct tla_eval *eval, const struct tla_rest *rest)
{
	int result = 1;

	for (uint32_t i = rest->idx; rest->elements && result == 1 && i < rest->elements->count;
	     i++) {
		struct tla_frame *copy = tla_frame_copy(eval, rest->frame);

		if (!copy ||
		    tla_walk_bind(eval, rest->code, element_at(rest->elements, i), copy) < 0)
			return -1;
		result = test(eval, rest->code->args[rest->code->count - 1], copy);
	}
	for (uint32_t i = rest->idx; !rest->elements && result == 1 && i < rest->code->count; i++)
		result = test(eval, rest->code->args[i], rest->frame);
	return result;
}

/* As TLC does: once all variables have values, what is left is a test, and branches no more. */
static int test_rest(struct tla_eval *eval, const struct tla_rest *rest)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	int result = 1;

	for (; rest && result == 1; rest = rest->behind)
		result = holds(eval, rest);
	if (result < 0)
		return -1;
	if (result == 1)
		result = eval->emit(eval, eval->emit_context);
	else
		tla_eval_cut(eval, mark);
	return result;
}

static int go_on(struct tla_eval *eval, const struct tla_rest *rest)
{
	if (!rest)
		return complete(eval);
	if (tla_is_assigned(eval))
		return test_rest(eval, rest);
	if (rest->elements)
		return conjoin_elements(eval, rest->code, rest->idx, rest->frame, rest->elements,
					rest->behind);
	return conjoin(eval, rest->code, rest->idx, rest->frame, rest->behind);
}

int tla_act_test(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		 const struct tla_rest *rest)
{
	int holds = tla_eval_bool(eval, code, frame);

	return holds == 1 ? go_on(eval, rest) : holds;
}

static int act_or(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		  const struct tla_rest *rest)
{
	const struct tla_code *action = eval->action;
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < code->count; i++) {
		struct tla_eval_mark mark = tla_eval_mark(eval);

		eval->action = action;
		result = act(eval, code->args[i], frame, rest);
		if (result >= 0)
			tla_eval_cut(eval, mark);
	}
	return result;
}

/* act_exists() where one name goes through an explicit set. */
static int act_exists_in(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame, const struct tla_rest *rest,
			 const struct tla_obj *set)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	const struct tla_code *action = eval->action;
	uint64_t count = tla_set_count(set);
	int result = 0;

	for (uint64_t i = 0; result == 0 && i < count; i++) {
		eval->action = action;
		frame->slots[code->loops[0].slot] = tla_set_at(set, i);
		result = act(eval, code->args[1], frame, rest);
		if (result >= 0)
			tla_eval_cut(eval, mark);
	}
	return result;
}

static int act_exists(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		      const struct tla_rest *rest)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	const struct tla_code *action = eval->action;
	tla_value *sets = tla_walk_sets(eval, code, frame);
	struct tla_walk *walk;
	int result = 0, step;

	if (sets && tla_is_simple_loop(code, sets[0])) {
		result = act_exists_in(eval, code, frame, rest, tla_obj(sets[0]));
		if (result >= 0)
			tla_eval_cut(eval, mark);
		return result;
	}
	walk = tla_walk_open(eval, code, frame, sets, false);
	step = walk ? 1 : -1;
	while (walk && result == 0 && (step = tla_walk_next(eval, walk)) == 1) {
		eval->action = action;
		result = act(eval, code->args[code->count - 1], frame, rest);
	}
	if (step < 0 || result < 0)
		return -1;
	tla_eval_cut(eval, mark);
	return result;
}

/* All combinations of the loops, each as tla_walk_bind() takes it. */
static bool gather_elements(struct tla_eval *eval, const struct tla_code *code,
			    struct tla_frame *frame, struct tla_elements *elements)
{
	tla_value *sets = tla_walk_sets(eval, code, frame), one[16];
	struct tla_walk *walk = tla_walk_open(eval, code, frame, sets, true);
	uint32_t room = 0;
	int step = walk && code->a <= 16 ? 1 : -1;

	while (step == 1 && (step = tla_walk_next(eval, walk)) == 1) {
		if (elements->count == room) {
			tla_value *at = tla_alloc(eval->heap, (room = 2 * room + 8) * sizeof *at);

			for (uint32_t i = 0; at && i < elements->count; i++)
				at[i] = elements->at[i];
			elements->at = at;
		}
		for (uint32_t i = 0; i < code->a; i++)
			one[i] = tla_walk_value(walk, i);
		if (!elements->at)
			return false;
		elements->at[elements->count++] = code->a == 1
							  ? one[0]
							  : tla_tuple(eval->heap, one, code->a);
	}
	return step == 0;
}

int tla_act_forall(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		   const struct tla_rest *rest, const struct tla_rest *rest_of_none)
{
	struct tla_elements elements = { 0 };

	if (!gather_elements(eval, code, frame, &elements))
		return -1;
	if (elements.count == 0)
		return go_on(eval, rest_of_none);
	return conjoin_elements(eval, code, 0, frame, &elements, rest);
}

static int act_case(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		    const struct tla_rest *rest)
{
	const struct tla_code *arm = tla_case_arm(eval, code, frame);

	return arm ? act(eval, arm, frame, rest) : -1;
}

static int act_if(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		  const struct tla_rest *rest)
{
	int holds = tla_eval_bool(eval, code->args[0], frame);

	return holds < 0 ? -1 : act(eval, code->args[holds ? 1 : 2], frame, rest);
}

static int act_call(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		    const struct tla_rest *rest)
{
	struct tla_frame *callee = tla_call_frame(eval, code, frame);

	return callee ? act(eval, code->fn->body, callee, rest) : -1;
}

static int act_slot(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		    const struct tla_rest *rest)
{
	const struct tla_thunk *thunk = tla_pending(code, frame);

	return thunk ? act(eval, thunk->code, thunk->frame, rest)
		     : tla_act_test(eval, code, frame, rest);
}

static int act_implies(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		       const struct tla_rest *rest)
{
	int holds = tla_eval_bool(eval, code->args[0], frame);

	if (holds == 1)
		return act(eval, code->args[1], frame, rest);
	return holds < 0 ? -1 : go_on(eval, rest);
}

static bool is_written_out(const struct tla_code *code)
{
	return code->eval == tla_ev_fcn || code->eval == tla_ev_fcn_lazy;
}

/* The function that an expression writes out, and in *frame where; NULL: it does not. */
static const struct tla_code *written_out(struct tla_eval *eval, const struct tla_code *code,
					  struct tla_frame **frame)
{
	code = tla_code_inside(code);
	if (code->eval == tla_ev_call && is_written_out(tla_code_inside(code->fn->body))) {
		*frame = tla_call_frame(eval, code, *frame);
		code = tla_code_inside(code->fn->body);
	}
	return is_written_out(code) && !code->flag ? code : NULL;
}

/* The body of a function is an action, too. */
static int act_apply(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		     const struct tla_rest *rest)
{
	struct tla_frame *inner = frame;
	const struct tla_code *fcn = written_out(eval, code->args[0], &inner);
	tla_value arg, *sets;
	int is_in;

	if (!fcn)
		return tla_act_test(eval, code, frame, rest);
	arg = inner ? tla_eval(eval, code->args[1], frame) : TLA_NONE;
	sets = arg ? tla_walk_sets(eval, fcn, inner) : NULL;
	inner = sets ? tla_frame_copy(eval, inner) : NULL;
	if (!inner)
		return -1;
	is_in = tla_is_argument(eval, fcn, sets, arg);
	if (is_in != 1) /* which says what is wrong */
		return is_in < 0 ? -1 : tla_act_test(eval, code, frame, rest);
	if (tla_walk_bind(eval, fcn, arg, inner) < 0)
		return -1;
	return act(eval, fcn->args[fcn->count - 1], inner, rest);
}

/* [A]_v: A, or nothing changes. args: A, UNCHANGED v. */
static int act_box(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		   const struct tla_rest *rest)
{
	const struct tla_code *action = eval->action;
	int result = act(eval, code->args[0], frame, rest);

	eval->action = action;
	return result ? result : act(eval, code->args[1], frame, rest);
}

/* <<A>>_v: A, and then v' # v. */
static int act_angle(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		     const struct tla_rest *rest)
{
	/* args: A, UNCHANGED v, ~UNCHANGED v */
	struct tla_rest changed = { code, frame, 2, rest, NULL };

	return act(eval, code->args[0], frame, &changed);
}

static int act_part(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		    const struct tla_rest *rest)
{
	if ((const char *)__builtin_frame_address(0) < eval->stack_end) {
		tla_fail_at(eval, code->span, "Stack overflow: the action is nested too deeply.");
		eval->failure = TLA_FAILURE_DEPTH;
		return -1;
	}
	switch ((enum tla_act)code->act) {
	case TLA_ACT_AND:
		return conjoin(eval, code, 0, frame, rest);
	case TLA_ACT_OR:
		return act_or(eval, code, frame, rest);
	case TLA_ACT_EXISTS:
		return act_exists(eval, code, frame, rest);
	case TLA_ACT_FORALL:
		return tla_act_forall(eval, code, frame, rest, rest);
	case TLA_ACT_IF:
		return act_if(eval, code, frame, rest);
	case TLA_ACT_CASE:
		return act_case(eval, code, frame, rest);
	case TLA_ACT_LET:
		return tla_bind_let(eval, code, frame)
			       ? act(eval, code->args[code->count - 1], frame, rest)
			       : -1;
	case TLA_ACT_INLINE:
		if (!rest)
			eval->action = code;
		return act(eval, code->args[0], frame, rest);
	case TLA_ACT_CALL:
		return act_call(eval, code, frame, rest);
	case TLA_ACT_EQ:
		return tla_act_eq(eval, code, frame, rest);
	case TLA_ACT_IN:
	case TLA_ACT_SUBSETEQ:
		return tla_act_in(eval, code, frame, rest);
	case TLA_ACT_IMPLIES:
		return act_implies(eval, code, frame, rest);
	case TLA_ACT_SLOT:
		return act_slot(eval, code, frame, rest);
	case TLA_ACT_APPLY:
		return act_apply(eval, code, frame, rest);
	case TLA_ACT_UNCHANGED:
		return tla_act_unchanged(eval, code, frame, rest);
	case TLA_ACT_BOX:
		return act_box(eval, code, frame, rest);
	case TLA_ACT_ANGLE:
		return act_angle(eval, code, frame, rest);
	case TLA_ACT_COMPOSE:
		return tla_act_compose(eval, code, frame, rest);
	case TLA_ACT_INSIDE:
		return act(eval, code->args[0], frame, rest);
	case TLA_ACT_COUNT:
		return tla_act_count(eval, code, frame, rest);
	case TLA_ACT_TALLY:
		return tla_act_tally(eval, code, rest);
	case TLA_ACT_KEEP:
		return conjoin(eval, code, 1, frame, rest);
	case TLA_ACT_LET_OPEN:
		return tla_act_let_open(eval, code, frame, rest);
	case TLA_ACT_EITHER:
		return tla_act_either(eval, code, frame, rest);
	default:
		return tla_act_test(eval, code, frame, rest);
	}
}

int tla_go_on(struct tla_eval *eval, const struct tla_rest *rest)
{
	return go_on(eval, rest);
}

int tla_act_with(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		 const struct tla_rest *rest)
{
	return act(eval, code, frame, rest);
}

/* Where a definition stands for itself there are two places, and a third where it is an instance's.
 */
static void note_part(struct tla_eval *eval, const struct tla_code *code)
{
	const struct tla_code *use = code->act == TLA_ACT_INLINE ? code->args[code->b] : NULL;

	(void)tla_failed_in(eval, code->span);
	for (; use; use = use->args[0])
		(void)tla_failed_in(eval, use->span);
}

/* What is still to be done runs inside of what is at hand, so that the parts that are under way are
 * all those that were passed on the way, as with TLC. Apart from act(), which is hot and for which
 * it would keep a frame. */
static __attribute__((noinline)) int act_and_note(struct tla_eval *eval,
						  const struct tla_code *code,
						  struct tla_frame *frame,
						  const struct tla_rest *rest)
{
	int result = act_part(eval, code, frame, rest);

	if (result < 0 && eval->failure != TLA_FAILURE_GAP) /* which is of the whole action */
		note_part(eval, code);
	return result;
}

static int act(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
	       const struct tla_rest *rest)
{
	return (eval->notes_parts ? act_and_note : act_part)(eval, code, frame, rest);
}

int tla_act(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	bool was_acting = eval->is_acting;
	int result;

	eval->is_acting = true;
	result = act(eval, code, frame, NULL);
	eval->is_acting = was_acting;
	return result;
}
