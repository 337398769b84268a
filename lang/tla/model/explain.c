/* SPDX-License-Identifier: MIT */
/*
 * Actions gone through as the evaluator does (eval/action.c), on all ways at once.
 *
 * Invariant: nothing is evaluated; frames that are made hold texts only.
 */
#include "explain.h"

#include "../eval/action.h"
#include "../eval/memo.h"
#include "../eval/nodes.h"
#include "plan_given.h"
#include "plan_reads.h"

#include <errno.h>
#include <string.h>

enum { DEFINITIONS_MAX = 100 };

/* Where the walk is. */
struct at {
	struct tla_frame *frame;
	uint32_t depth;
	const struct calls *calls;
};

struct calls {
	const struct calls *outer;
	const struct tla_fn *fn;
	uint32_t count;
};

static void walk(struct tla_plan *plan, const struct at *at, const struct tla_code *code);

static struct at below(const struct at *at)
{
	struct at inner = *at;

	inner.depth++;
	return inner;
}

/* --- Steps --- */

static void tell(struct tla_plan *plan, const struct at *at, enum tla_plan_kind kind,
		 struct tla_span span)
{
	struct tla_plan_step step = { .kind = kind, .depth = at->depth, .span = span };

	plan->tell(plan->context, &step);
}

static void tell_definition(struct tla_plan *plan, const struct at *at, enum tla_plan_kind kind,
			    tla_sym name, struct tla_span span)
{
	struct tla_plan_step step = {
		.kind = kind, .depth = at->depth, .span = span, .name = name
	};

	plan->tell(plan->context, &step);
}

static void put_reads(struct tla_plan *plan, const struct at *at, struct tla_plan_step *step,
		      const struct tla_code *const *args, uint32_t count)
{
	step->has_reads = tla_plan_read(plan, &step->reads, args, count, at->frame);
	step->is_once = count > 0;
	for (uint32_t i = 0; i < count; i++)
		step->is_once &= args[i]->eval == tla_ev_constant || args[i]->eval == tla_ev_value;
	step->is_remembered = count == 1 && args[0]->eval == tla_ev_memo;
}

static void tell_reads(struct tla_plan *plan, const struct at *at, struct tla_plan_step step,
		       const struct tla_code *const *args, uint32_t count)
{
	step.depth = at->depth;
	put_reads(plan, at, &step, args, count);
	plan->tell(plan->context, &step);
}

static void tell_guard(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_plan_step step = { .kind = TLA_PLAN_GUARD, .span = code->span };

	tell_reads(plan, at, step, &code, 1);
}

/* --- Walking --- */

/* A test once nothing is left to give a value to. */
static void walk_and(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	for (uint32_t i = 0; i < code->count; i++)
		if (i > 0 && tla_given_all(plan))
			tell_guard(plan, at, code->args[i]);
		else
			walk(plan, at, code->args[i]);
}

static void walk_or(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_ways ways = tla_ways_open(plan);
	struct at part = below(at), inner = below(&part);
	uint32_t count = code->act == TLA_ACT_BOX ? 2 : code->count; /* A, UNCHANGED v */

	tell(plan, at, TLA_PLAN_EITHER, (struct tla_span){ 0 });
	for (uint32_t i = 0; i < count; i++) {
		tell(plan, &part, TLA_PLAN_OR, (struct tla_span){ 0 });
		walk(plan, &inner, code->args[i]);
		tla_ways_next(plan, &ways);
	}
	tla_ways_close(plan, &ways);
}

/* The text before the body. */
static struct tla_span head_of(const struct tla_code *code)
{
	struct tla_span whole = code->span, body = code->args[code->count - 1]->span;

	if (body.begin > whole.begin && body.begin < whole.end)
		whole.end = body.begin;
	return whole;
}

static void tell_nothing(void *context, const struct tla_plan_step *step)
{
	(void)context;
	(void)step;
}

/* For a second element the variables have values that the body gives for the first. */
static void given_by_elements(struct tla_plan *plan, const struct at *at,
			      const struct tla_code *body)
{
	tla_plan_fn *tell_step = plan->tell;
	uint8_t *before = tla_given_copy(plan);

	plan->tell = tell_nothing;
	if (before)
		walk(plan, at, body);
	plan->tell = tell_step;
	if (!plan->is_full)
		tla_given_join(plan, plan->given, before);
}

static void walk_loops(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	bool is_all = code->act == TLA_ACT_FORALL;
	struct tla_plan_step step = { .kind = is_all ? TLA_PLAN_FOR_ALL : TLA_PLAN_FOR_SOME,
				      .span = head_of(code) };
	struct tla_ways ways = tla_ways_open(plan);
	struct at inner = below(at);

	tell_reads(plan, at, step, code->args, code->count - 1);
	if (is_all) {
		tla_ways_next(plan, &ways); /* no element */
		given_by_elements(plan, &inner, code->args[code->count - 1]);
	}
	walk(plan, &inner, code->args[code->count - 1]);
	tla_ways_next(plan, &ways);
	tla_ways_close(plan, &ways);
}

static void walk_arm(struct tla_plan *plan, const struct at *at, enum tla_plan_kind kind,
		     const struct tla_code *code, struct tla_ways *ways)
{
	struct at inner = below(at);

	tell(plan, at, kind, (struct tla_span){ 0 });
	walk(plan, &inner, code);
	tla_ways_next(plan, ways);
}

static void tell_test(struct tla_plan *plan, const struct at *at, enum tla_plan_kind kind,
		      const struct tla_code *const *test)
{
	struct tla_plan_step step = { .kind = kind, .span = test[0]->span };

	tell_reads(plan, at, step, test, 1);
}

static void walk_if(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_ways ways = tla_ways_open(plan);

	tell_test(plan, at, TLA_PLAN_IF, code->args);
	walk_arm(plan, at, TLA_PLAN_THEN, code->args[1], &ways);
	walk_arm(plan, at, TLA_PLAN_ELSE, code->args[2], &ways);
	tla_ways_close(plan, &ways);
}

static void walk_case(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_ways ways = tla_ways_open(plan);
	struct at arm = below(at), inner = below(&arm);
	uint32_t count = code->flag ? code->count - 1 : code->count;

	tell(plan, at, TLA_PLAN_CASE, (struct tla_span){ 0 });
	for (uint32_t i = 0; i + 1 < count; i += 2) {
		tell_test(plan, &arm, TLA_PLAN_WHEN, &code->args[i]);
		walk(plan, &inner, code->args[i + 1]);
		tla_ways_next(plan, &ways);
	}
	if (code->flag)
		walk_arm(plan, &arm, TLA_PLAN_OTHER, code->args[count], &ways);
	tla_ways_close(plan, &ways);
}

static void walk_implies(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_ways ways = tla_ways_open(plan);
	struct at inner = below(at);

	tell_test(plan, at, TLA_PLAN_WHEN, code->args);
	tla_ways_next(plan, &ways); /* it does not hold */
	walk(plan, &inner, code->args[1]);
	tla_ways_next(plan, &ways);
	tla_ways_close(plan, &ways);
}

static void walk_inline(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct at inner = below(at);

	tell_definition(plan, at, TLA_PLAN_IN, code->sym, code->span);
	walk(plan, &inner, code->args[0]);
}

/* A frame whose arguments are texts. NULL: no memory. */
static struct tla_frame *call_frame(struct tla_plan *plan, const struct tla_code *code,
				    struct tla_frame *frame)
{
	struct tla_frame *up = code->b == TLA_NO_UP ? NULL : tla_frame_up(frame, code->b);
	struct tla_frame *callee = tla_frame_new(&plan->runner->eval, code->fn, up);

	plan->is_full |= !callee;
	for (uint32_t i = 0; callee && i < code->count; i++) {
		struct tla_thunk *thunk = tla_plan_piece(plan, sizeof *thunk);

		if (!thunk)
			return NULL;
		*thunk = (struct tla_thunk){ .code = code->args[i], .frame = frame };
		callee->slots[i] = (uintptr_t)thunk + TLA_THUNK;
	}
	return callee;
}

static bool is_open(const struct calls *calls, const struct tla_fn *fn)
{
	if (calls && calls->count >= DEFINITIONS_MAX)
		return true;
	for (; calls; calls = calls->outer)
		if (calls->fn == fn)
			return true;
	return false;
}

static void walk_call(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct calls calls = { at->calls, code->fn, at->calls ? at->calls->count + 1 : 0 };
	struct at inner = below(at);

	if (is_open(at->calls, code->fn)) {
		tell_definition(plan, at, TLA_PLAN_RECURSION, code->fn->name, code->span);
		tla_given_perhaps(plan);
		return;
	}
	tell_definition(plan, at, TLA_PLAN_IN, code->fn->name, code->span);
	inner.frame = call_frame(plan, code, at->frame);
	inner.calls = &calls;
	if (inner.frame)
		walk(plan, &inner, code->fn->body);
}

static void walk_let(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	if (tla_bind_let(&plan->runner->eval, code, at->frame))
		walk(plan, at, code->args[code->count - 1]);
	else
		plan->is_full = true;
}

static void walk_slot(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	const struct tla_thunk *thunk = tla_pending(code, at->frame);
	struct at inner = *at;

	if (!thunk) {
		tell_guard(plan, at, code);
		return;
	}
	inner.frame = thunk->frame;
	walk(plan, &inner, thunk->code);
}

/* Of a variable: `x' = e`, `x' \in S`. */
static void walk_target(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_eval *eval = &plan->runner->eval;
	const tla_value *var = tla_variable_of(eval, code->args[0], at->frame);
	uint32_t idx = var ? (uint32_t)(var - (eval->is_init ? eval->now : eval->next)) : 0;
	struct tla_plan_step step = { .span = code->span, .var = idx };
	bool is_choice = code->act != TLA_ACT_EQ, is_open;

	if (!var || plan->given[idx] == TLA_GIVEN) {
		tell_guard(plan, at, code);
		return;
	}
	is_open = plan->given[idx] == TLA_GIVEN_PERHAPS;
	step.kind = is_choice ? (is_open ? TLA_PLAN_CHOOSE_OR_GUARD : TLA_PLAN_CHOOSE)
			      : (is_open ? TLA_PLAN_ASSIGN_OR_GUARD : TLA_PLAN_ASSIGN);
	plan->given[idx] = TLA_GIVEN;
	tell_reads(plan, at, step, &code->args[1], 1);
}

static void walk_unchanged(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	struct tla_plan_step step = { .kind = TLA_PLAN_UNCHANGED,
				      .depth = at->depth,
				      .span = code->span,
				      .vars = code->vars,
				      .var_count = code->a };

	if (code->count > 0 || plan->runner->eval.is_init) {
		tell_guard(plan, at, code);
		return;
	}
	plan->tell(plan->context, &step);
	for (uint32_t i = 0; i < code->a; i++)
		plan->given[code->vars[i]] = TLA_GIVEN;
}

static void walk_opaque(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	tell(plan, at, TLA_PLAN_OPAQUE, code->span);
	tla_given_perhaps(plan);
}

/* f[e]: where f is written out its body may be an action. */
static void walk_apply(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	if (code->level < TLA_ACTION && !plan->runner->eval.is_init)
		tell_guard(plan, at, code);
	else
		walk_opaque(plan, at, code);
}

static void walk_angle(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	walk(plan, at, code->args[0]);
	tell_guard(plan, at, code->args[2]);
}

static void walk(struct tla_plan *plan, const struct at *at, const struct tla_code *code)
{
	if (plan->is_full)
		return;
	switch ((enum tla_act)code->act) {
	case TLA_ACT_AND:
		walk_and(plan, at, code);
		break;
	case TLA_ACT_OR:
	case TLA_ACT_BOX:
		walk_or(plan, at, code);
		break;
	case TLA_ACT_EXISTS:
	case TLA_ACT_FORALL:
		walk_loops(plan, at, code);
		break;
	case TLA_ACT_IF:
		walk_if(plan, at, code);
		break;
	case TLA_ACT_CASE:
		walk_case(plan, at, code);
		break;
	case TLA_ACT_LET:
		walk_let(plan, at, code);
		break;
	case TLA_ACT_INLINE:
		walk_inline(plan, at, code);
		break;
	case TLA_ACT_CALL:
		walk_call(plan, at, code);
		break;
	case TLA_ACT_EQ:
	case TLA_ACT_IN:
	case TLA_ACT_SUBSETEQ:
		walk_target(plan, at, code);
		break;
	case TLA_ACT_IMPLIES:
		walk_implies(plan, at, code);
		break;
	case TLA_ACT_SLOT:
		walk_slot(plan, at, code);
		break;
	case TLA_ACT_APPLY:
		walk_apply(plan, at, code);
		break;
	case TLA_ACT_UNCHANGED:
		walk_unchanged(plan, at, code);
		break;
	case TLA_ACT_ANGLE:
		walk_angle(plan, at, code);
		break;
	case TLA_ACT_COMPOSE:
		walk_opaque(plan, at, code);
		break;
	case TLA_ACT_INSIDE:
		walk(plan, at, code->args[0]);
		break;
	default:
		tell_guard(plan, at, code);
		break;
	}
}

/* --- Plans --- */

int tla_plan_init(struct tla_plan *plan, struct tla_runner *runner, tla_plan_fn *tell_step,
		  void *context)
{
	*plan = (struct tla_plan){ .runner = runner, .tell = tell_step, .context = context };
	plan->given = tla_plan_piece(plan, runner->eval.var_count + 1u);
	return plan->is_full ? -ENOMEM : 0;
}

static void forget_given(struct tla_plan *plan)
{
	memset(plan->given, TLA_GIVEN_NOT, plan->runner->eval.var_count);
}

static struct tla_frame *frame_of(struct tla_plan *plan, const struct tla_fn *fn)
{
	struct tla_frame *frame = tla_frame_new(&plan->runner->eval, fn, NULL);

	plan->is_full |= !frame;
	return frame;
}

int tla_plan_initial(struct tla_plan *plan)
{
	const struct tla_formulas *init = &plan->runner->model->init;

	forget_given(plan);
	plan->runner->eval.is_init = true;
	for (uint32_t i = 0; i < init->count && !plan->is_full; i++) {
		const struct tla_fn *fn = init->at[i].fn;
		struct at at = { .frame = frame_of(plan, fn) };

		if (at.frame && i > 0 && tla_given_all(plan))
			tell_guard(plan, &at, fn->body);
		else if (at.frame)
			walk(plan, &at, fn->body);
	}
	plan->runner->eval.is_init = false;
	return plan->is_full ? -ENOMEM : 0;
}

int tla_plan_action(struct tla_plan *plan, const struct tla_action *action)
{
	struct at at = { .frame = action->frame };

	forget_given(plan);
	walk(plan, &at, action->code);
	return plan->is_full ? -ENOMEM : 0;
}

int tla_plan_formula(struct tla_plan *plan, const struct tla_formula *formula,
		     struct tla_plan_step *ret_step)
{
	struct at at = { .frame = frame_of(plan, formula->fn) };

	*ret_step = (struct tla_plan_step){ .kind = TLA_PLAN_GUARD, .span = formula->span };
	if (at.frame)
		put_reads(plan, &at, ret_step, &formula->fn->body, 1);
	return plan->is_full ? -ENOMEM : 0;
}
