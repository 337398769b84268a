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

static tla_value evaluate_fcn(struct tla_eval *eval, const struct tla_code *code,
			      struct tla_frame *frame, tla_value domain, tla_value *sets)
{
	struct tla_walk *walk = tla_walk_open(eval, code, frame, sets, true);
	tla_value *values;
	uint64_t k = 0;
	int result = -1;

	domain = walk ? tla_explicit(eval->heap, domain) : TLA_NONE;
	if (!domain)
		return TLA_NONE;
	values = tla_alloc(eval->heap, tla_set_count(tla_obj(domain)) * sizeof *values);
	while (values && (result = tla_walk_next(eval, walk)) == 1) {
		values[k] = tla_eval(eval, code->args[code->count - 1], frame);
		if (!values[k++])
			return TLA_NONE;
	}
	return result == 0 ? tla_fcn(eval->heap, domain, values) : TLA_NONE;
}

tla_value tla_ev_fcn(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *sets = tla_walk_sets(eval, code, frame);
	tla_value domain = sets ? domain_of(eval, code, sets) : TLA_NONE;
	struct tla_closure *closure;

	if (!domain)
		return TLA_NONE;
	if (!code->flag && tla_is_simple_loop(code, domain))
		return evaluate_on_set(eval, code, frame, domain);
	if (!code->flag && tla_is_enumerable(domain) &&
	    (tla_is_finite(domain) || tla_cardinality(eval->heap, domain) <= EAGER_COUNT_MAX))
		return evaluate_fcn(eval, code, frame, domain, sets);
	closure = tla_closure_new(eval, code, frame, code->flag);
	return closure ? tla_lambda(eval->heap, domain, closure) : TLA_NONE;
}

tla_value tla_ev_apply(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value fcn = tla_eval(eval, code->args[0], frame);
	tla_value arg = fcn ? tla_eval(eval, code->args[1], frame) : TLA_NONE;

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
	_Atomic(uint32_t) *hint = (_Atomic(uint32_t) *)&code->hint; /* not part of what it means */
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
