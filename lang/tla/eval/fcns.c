/* SPDX-License-Identifier: MIT */
/* Nodes: functions, tuples, records, EXCEPT. */
#include "../value/fcn.h"

#include "../value/print.h"
#include "../value/set.h"
#include "eval.h"
#include "nodes.h"

/* A function over more than this is evaluated where it is applied. */
enum { EAGER_COUNT_MAX = 100000 };

tla_value tla_ev_tuple(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_obj *tuple = tla_obj_new(eval->heap, TLA_TUPLE, code->count, code->count);

	if (!tuple)
		return TLA_NONE;
	tuple->is_plain = true;
	for (uint32_t i = 0; i < code->count; i++) {
		tuple->items[i] = tla_eval(eval, code->args[i], frame);
		if (!tuple->items[i])
			return TLA_NONE;
		tuple->is_plain &= tla_is_plain(tuple->items[i]);
	}
	return tla_of(tuple);
}

tla_value tla_ev_domain(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value fcn = tla_eval(eval, code->args[0], frame);

	return fcn ? tla_domain(eval->heap, fcn) : TLA_NONE;
}

/* S, or S \X T where there are several loops. */
static tla_value domain_of(struct tla_eval *eval, const struct tla_code *code,
			   const tla_value *sets)
{
	tla_value factors[16];

	if (code->a == 1)
		return sets[0];
	if (code->a > sizeof factors / sizeof factors[0])
		return tla_fail_at(eval, code->span, "A function of more than 16 arguments.");
	for (uint32_t i = 0; i < code->a; i++)
		factors[i] = sets[code->loops[i].set_idx];
	return tla_cross(eval->heap, factors, code->a);
}

/* evaluate_fcn() where one name goes through an explicit set. */
static tla_value evaluate_on_set(struct tla_eval *eval, const struct tla_code *code,
				 struct tla_frame *frame, tla_value domain)
{
	const struct tla_obj *set = tla_obj(domain);
	uint64_t count = tla_set_count(set);
	tla_value *values = tla_alloc(eval->heap, count * sizeof *values);

	for (uint64_t i = 0; values && i < count; i++) {
		frame->slots[code->loops[0].slot] = tla_set_at(set, i);
		values[i] = tla_eval(eval, code->args[1], frame);
		if (!values[i])
			return TLA_NONE;
	}
	return values ? tla_fcn(eval->heap, domain, values) : TLA_NONE;
}

/* The place among the values of the combination that a walk is at: in a function's domain the last
 * argument turns fastest. */
static uint64_t place_of(const struct tla_walk *walk, const struct tla_code *code,
			 const tla_value *sets)
{
	uint64_t place = 0;

	for (uint32_t i = 0; i < code->a; i++)
		place = place * tla_set_count(tla_obj(sets[code->loops[i].set_idx])) +
			tla_walk_place(walk, i);
	return place;
}

static tla_value evaluate_fcn(struct tla_eval *eval, const struct tla_code *code,
			      struct tla_frame *frame, tla_value *sets)
{
	struct tla_walk *walk;
	tla_value domain, *values;
	int result = -1;

	for (uint32_t i = 0; i + 1 < code->count; i++) {
		sets[i] = tla_explicit(eval->heap, sets[i]);
		if (!sets[i])
			return TLA_NONE;
	}
	domain = tla_explicit(eval->heap, domain_of(eval, code, sets));
	walk = domain ? tla_walk_open(eval, code, frame, sets, true) : NULL;
	if (!walk)
		return TLA_NONE;
	values = tla_alloc(eval->heap, tla_set_count(tla_obj(domain)) * sizeof *values);
	while (values && (result = tla_walk_next(eval, walk)) == 1) {
		tla_value *value = &values[place_of(walk, code, sets)];

		*value = tla_eval(eval, code->args[code->count - 1], frame);
		if (!*value)
			return TLA_NONE;
	}
	return result == 0 ? tla_fcn(eval->heap, domain, values) : TLA_NONE;
}

static tla_value unevaluated(struct tla_eval *eval, const struct tla_code *code,
			     struct tla_frame *frame, tla_value domain)
{
	struct tla_closure *closure = tla_closure_new(eval, code, frame, code->flag);
	tla_value v = closure ? tla_lambda(eval->heap, domain, closure) : TLA_NONE;

	if (v && code->b > 0)
		tla_closure_bind(closure, code->b - 1, v);
	return v;
}

static bool are_finite(const struct tla_code *code, const tla_value *sets)
{
	for (uint32_t i = 0; i + 1 < code->count; i++)
		if (!tla_is_finite(sets[i]))
			return false;
	return true;
}

/* TLC evaluates a function at once over explicit sets only, and not where it is only to be applied.
 * Here it is evaluated at once where that succeeds, which nobody sees, but for the time. */
tla_value tla_ev_fcn(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *sets = tla_walk_sets(eval, code, frame), v;
	tla_value domain = sets ? domain_of(eval, code, sets) : TLA_NONE;
	bool is_finite = domain && are_finite(code, sets), keeps_lazy = eval->keeps_lazy;
	uint32_t failed_count = eval->failed_count;

	if (!domain)
		return TLA_NONE;
	/* Where evaluations are counted, they are TLC's. */
	if (code->flag || (keeps_lazy && eval->cover) || !tla_is_enumerable(domain) ||
	    (!is_finite && tla_cardinality(eval->heap, domain) > EAGER_COUNT_MAX))
		return unevaluated(eval, code, frame, domain);
	eval->keeps_lazy = false;
	v = tla_is_simple_loop(code, domain) ? evaluate_on_set(eval, code, frame, domain)
					     : evaluate_fcn(eval, code, frame, sets);
	eval->keeps_lazy = keeps_lazy;
	if (v || (is_finite && !keeps_lazy) || tla_is_exhausted(eval))
		return v;
	tla_eval_forget(eval, failed_count);
	return unevaluated(eval, code, frame, domain);
}

/* f[e] where f is written out there: nothing but f[e] is evaluated. NULL: it is not. */
static const struct tla_code *written_out(struct tla_eval *eval, const struct tla_code *code,
					  struct tla_frame **frame)
{
	while (code->eval == tla_ev_call || code->eval == tla_ev_inline) {
		if (code->eval == tla_ev_call) {
			if (code->fn->body->eval != tla_ev_fcn || code->fn->body->flag)
				return NULL;
			*frame = tla_call_frame(eval, code, *frame);
			return code->fn->body;
		}
		code = code->args[0];
	}
	return code->eval == tla_ev_fcn && !code->flag ? code : NULL;
}

static tla_value apply_written_out(struct tla_eval *eval, const struct tla_code *fcn,
				   struct tla_frame *inner, tla_value arg)
{
	tla_value *sets = inner ? tla_walk_sets(eval, fcn, inner) : NULL, f;
	int is_in = sets && arg ? tla_is_argument(eval, fcn, sets, arg) : -1;

	if (is_in == 1)
		return tla_walk_bind(eval, fcn, arg, inner) < 0
			       ? TLA_NONE
			       : tla_eval(eval, fcn->args[fcn->count - 1], inner);
	if (is_in < 0)
		return TLA_NONE;
	/* Which says what is wrong. */
	f = tla_ev_fcn(eval, fcn, inner);
	return f ? tla_apply(eval->heap, f, arg) : TLA_NONE;
}

static tla_value fcn_to_apply(struct tla_eval *eval, const struct tla_code *code,
			      struct tla_frame *frame)
{
	bool keeps_lazy = eval->keeps_lazy;
	tla_value fcn;

	eval->keeps_lazy = true;
	fcn = tla_eval(eval, code, frame);
	eval->keeps_lazy = keeps_lazy;
	return fcn;
}

tla_value tla_ev_fcn_lazy(struct tla_eval *eval, const struct tla_code *code,
			  struct tla_frame *frame)
{
	tla_value *sets = tla_walk_sets(eval, code, frame);
	tla_value domain = sets ? domain_of(eval, code, sets) : TLA_NONE;

	return domain ? unevaluated(eval, code, frame, domain) : TLA_NONE;
}

tla_value tla_ev_apply(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_frame *inner = frame;
	const struct tla_code *written = written_out(eval, code->args[0], &inner);
	tla_value fcn, arg;

	if (written)
		return apply_written_out(eval, written, inner,
					 tla_eval(eval, code->args[1], frame));
	fcn = fcn_to_apply(eval, code->args[0], frame);
	arg = fcn ? tla_eval(eval, code->args[1], frame) : TLA_NONE;
	if (!arg)
		return TLA_NONE;
	if (tla_is_kind(fcn, TLA_TUPLE) && tla_is_int(arg) &&
	    (uint64_t)(tla_int_of(arg) - 1) < tla_obj(fcn)->count)
		return tla_obj(fcn)->items[tla_int_of(arg) - 1];
	return tla_apply(eval->heap, fcn, arg);
}

static tla_value field(struct tla_eval *eval, const struct tla_code *code, tla_value rcd,
		       tla_value name)
{
	_Atomic uint32_t *hint = (_Atomic uint32_t *)&code->hint; /* not part of what it means */
	/* relaxed: a hint, may be stale. */
	uint32_t before = atomic_load_explicit(hint, memory_order_relaxed), after = before;
	tla_value v = tla_field(eval->heap, rcd, name, &after);

	if (after != before)
		/* relaxed: a hint, may be stale. */
		atomic_store_explicit(hint, after, memory_order_relaxed);
	return v;
}

tla_value tla_ev_field(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value rcd = tla_eval(eval, code->args[0], frame);

	return rcd ? field(eval, code, rcd, code->names[0]) : TLA_NONE;
}

/* names: sorted by the compiler, so are the args; the domain, too, is the compiler's: names[-1]. */
tla_value tla_ev_record(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_obj *rcd = tla_obj_new(eval->heap, TLA_FCN, code->count, code->count + 1);

	if (!rcd)
		return TLA_NONE;
	rcd->is_plain = true;
	rcd->items[0] = code->names[0];
	for (uint32_t i = 0; i < code->count; i++) {
		rcd->items[i + 1] = tla_eval(eval, code->args[i], frame);
		if (!rcd->items[i + 1])
			return TLA_NONE;
		rcd->is_plain &= tla_is_plain(rcd->items[i + 1]);
	}
	return tla_of(rcd);
}

static tla_value change(struct tla_eval *eval, const struct tla_change *one, uint32_t step,
			tla_value fcn, struct tla_frame *frame);

/* Of a function that cannot be evaluated as a whole. */
static tla_value change_unevaluated(struct tla_eval *eval, const struct tla_change *one,
				    uint32_t step, tla_value fcn, struct tla_frame *frame)
{
	tla_value arg = tla_eval(eval, one->steps[step], frame), inner;
	int is_in = arg ? tla_member(eval->heap, arg, tla_domain(eval->heap, fcn)) : -1;
	struct tla_closure *closure;

	if (is_in != 1)
		return is_in == 0 ? fcn : TLA_NONE;
	inner = tla_apply(eval->heap, fcn, arg);
	inner = inner ? change(eval, one, step + 1, inner, frame) : TLA_NONE;
	closure = inner ? tla_closure_change(eval, fcn, arg, inner) : NULL;
	return closure ? tla_lambda(eval->heap, tla_domain(eval->heap, fcn), closure) : TLA_NONE;
}

/* TLC's rule: a step that leads nowhere changes nothing. It is no error, and here neither. */
static tla_value change(struct tla_eval *eval, const struct tla_change *one, uint32_t step,
			tla_value fcn, struct tla_frame *frame)
{
	tla_value arg, inner;
	int64_t at;

	if (step == one->step_count) {
		frame->slots[one->at_slot] = fcn;
		return tla_eval(eval, one->value, frame);
	}
	if (!tla_is_fcn(fcn))
		return tla_fail_kind(eval, "EXCEPT", "a function", fcn);
	if (tla_is_kind(fcn, TLA_LAMBDA) && !tla_is_enumerable(tla_domain(eval->heap, fcn)))
		return change_unevaluated(eval, one, step, fcn, frame);
	fcn = tla_explicit(eval->heap, fcn);
	arg = fcn ? tla_eval(eval, one->steps[step], frame) : TLA_NONE;
	if (!arg)
		return TLA_NONE;
	at = tla_position(eval->heap, tla_obj(fcn), arg);
	if (at < 0)
		return eval->heap->has_failed ? TLA_NONE : fcn;
	inner = change(eval, one, step + 1, tla_fcn_values(tla_obj(fcn))[at], frame);
	return inner ? tla_replace(eval->heap, tla_obj(fcn), (uint64_t)at, inner) : TLA_NONE;
}

tla_value tla_ev_except(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value fcn = tla_eval(eval, code->args[0], frame);

	for (uint32_t i = 0; fcn && i < code->a; i++)
		fcn = change(eval, &code->changes[i], 0, fcn, frame);
	return fcn;
}
