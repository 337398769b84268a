/* SPDX-License-Identifier: MIT */
/* Nodes: what a name can stand for, and calls. */
#include "../value/order.h"
#include "../value/print.h"
#include "eval.h"
#include "nodes.h"
#include "world.h"

#include <string.h>

tla_value tla_ev_value(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	(void)eval;
	(void)frame;
	return code->value;
}

static tla_value unset(struct tla_eval *eval, const struct tla_code *code, const char *prime)
{
	const struct tla_world *world = eval->world;

	return tla_fail(eval->heap,
			"In evaluation, the variable %s%s was used before it was given a value.",
			tla_symbol_text(world->spec->symbols, world->vars[code->a]), prime);
}

tla_value tla_ev_now(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value v = eval->now[code->a];

	(void)frame;
	return v ? v : unset(eval, code, "");
}

tla_value tla_ev_next(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value v = eval->next[code->a];

	(void)frame;
	eval->next_reads++;
	return v ? v : unset(eval, code, "'");
}

tla_value tla_ev_slot(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	return tla_force(eval, tla_frame_up(frame, code->b)->slots[code->a]);
}

/* On the heap that is never cut back, so that what cannot be stored stays, too. */
static tla_value evaluate_constant(struct tla_eval *eval, struct tla_constant *constant)
{
	struct tla_heap *heap = eval->heap, *lasting = &eval->heaps[1];
	uint64_t random = eval->random;
	struct tla_frame *frame;
	tla_value v = TLA_NONE;

	/* What is chosen at random does not depend on who asks first. */
	eval->random = tla_mix((uint64_t)eval->world->seed, constant->constant_idx);
	eval->heap = lasting;
	frame = tla_frame_new(eval, constant->fn, NULL);
	if (frame)
		v = tla_eval(eval, constant->fn->body, frame);
	eval->heap = heap;
	eval->random = random;
	if (!v && heap != lasting) {
		tla_fail(heap, "%s", lasting->error);
		tla_heap_clear(lasting);
	}
	return v;
}

static tla_value keep_constant(struct tla_eval *eval, struct tla_constant *constant, tla_value v)
{
	tla_value stored;

	if (tla_is_object(v) && !tla_is_plain(v)) {
		eval->constants[constant->constant_idx] = v;
		return v;
	}
	stored = tla_store(eval->keeper, eval->heap, v);
	if (!stored) { /* {1, "a"}: usable, but in no state */
		tla_heap_clear(eval->heap);
		eval->constants[constant->constant_idx] = v;
		return v;
	}
	/* Each of 1..3 and {1, 2, 3} prints as it is written, though they are one value. */
	if (tla_is_kind(v, TLA_INTERVAL) && tla_obj(v)->count != tla_obj(stored)->count) {
		tla_obj(v)->is_kept = true;
		eval->constants[constant->constant_idx] = v;
		return v;
	}
	/* [constant.keep] release, pairs with [constant.look]: the stored value. */
	atomic_store_explicit(&constant->stored, stored, memory_order_release);
	return stored;
}

/* As it was made: in the store it may have the form of an equal value. */
static tla_value raw_constant(struct tla_eval *eval, struct tla_constant *constant)
{
	tla_value *at;

	if (!eval->raw_constants) {
		size_t n_bytes = (eval->world->constant_count + 1u) * sizeof *at;

		at = tla_alloc(&eval->heaps[1], n_bytes);
		if (!at)
			return tla_fail(eval->heap, "Out of memory for constants.");
		eval->raw_constants = memset(at, 0, n_bytes);
	}
	at = &eval->raw_constants[constant->constant_idx];
	if (!*at)
		*at = evaluate_constant(eval, constant);
	return *at;
}

tla_value tla_ev_constant(struct tla_eval *eval, const struct tla_code *code,
			  struct tla_frame *frame)
{
	struct tla_constant *constant = code->constant;
	/* [constant.look] acquire, pairs with [constant.keep]: the stored value. */
	tla_value v = atomic_load_explicit(&constant->stored, memory_order_acquire);

	(void)frame;
	if (eval->is_raw)
		return raw_constant(eval, constant);
	if (v)
		return v;
	v = eval->constants[constant->constant_idx];
	if (v)
		return v;
	v = evaluate_constant(eval, constant);
	return v ? keep_constant(eval, constant, v) : TLA_NONE;
}

static tla_value new_thunk(struct tla_eval *eval, const struct tla_code *code,
			   struct tla_frame *frame)
{
	struct tla_thunk *thunk = tla_alloc(eval->heap, sizeof *thunk);

	if (!thunk)
		return TLA_NONE;
	*thunk = (struct tla_thunk){ code, frame, TLA_NONE, false };
	return (uintptr_t)thunk + TLA_THUNK;
}

/* An argument as a slot's word: what costs nothing is evaluated at once, the rest when it is
 * used. */
static tla_value argument(struct tla_eval *eval, const struct tla_code *arg,
			  struct tla_frame *frame, const struct tla_fn *fn)
{
	if (arg->eval == tla_ev_slot)
		return tla_frame_up(frame, arg->b)->slots[arg->a];
	if (arg->eval == tla_ev_value || arg->eval == tla_ev_operator ||
	    (arg->eval == tla_ev_now && eval->now[arg->a] && !fn->primes_params))
		return arg->eval(eval, arg, frame);
	return new_thunk(eval, arg, frame);
}

/* A new frame with a code's args in its first slots. */
static struct tla_frame *frame_for(struct tla_eval *eval, const struct tla_code *code,
				   const struct tla_fn *fn, struct tla_frame *frame,
				   struct tla_frame *up)
{
	struct tla_frame *callee = tla_frame_new(eval, fn, up);

	for (uint32_t i = 0; callee && i < code->count; i++) {
		callee->slots[i] = argument(eval, code->args[i], frame, fn);
		if (!callee->slots[i])
			return NULL;
	}
	return callee;
}

struct tla_frame *tla_call_frame(struct tla_eval *eval, const struct tla_code *code,
				 struct tla_frame *frame)
{
	return frame_for(eval, code, code->fn, frame,
			 code->b == TLA_NO_UP ? NULL : tla_frame_up(frame, code->b));
}

tla_value tla_ev_call(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_frame *callee = tla_call_frame(eval, code, frame);

	return callee ? tla_eval(eval, code->fn->body, callee) : TLA_NONE;
}

tla_value tla_ev_call_slot(struct tla_eval *eval, const struct tla_code *code,
			   struct tla_frame *frame)
{
	tla_value word = tla_frame_up(frame, code->b)->slots[code->a];
	const struct tla_operator *operator=(struct tla_operator *)(uintptr_t)(word - TLA_OPERATOR);
	struct tla_frame *callee;

	callee = frame_for(eval, code, operator->fn, frame, operator->up);
	return callee ? tla_eval(eval, operator->fn->body, callee) : TLA_NONE;
}

tla_value tla_ev_operator(struct tla_eval *eval, const struct tla_code *code,
			  struct tla_frame *frame)
{
	struct tla_operator *operator= tla_alloc(eval->heap, sizeof *operator);

	if (!operator)
		return TLA_NONE;
	operator->fn = code->fn;
	operator->up = code->b == TLA_NO_UP ? NULL : tla_frame_up(frame, code->b);
	return (uintptr_t) operator+ TLA_OPERATOR;
}

tla_value tla_ev_native(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value args[8];

	for (uint32_t i = 0; i < code->count; i++) {
		args[i] = tla_eval(eval, code->args[i], frame);
		if (!args[i])
			return TLA_NONE;
	}
	return code->native->run(eval, args);
}

bool tla_bind_let(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	for (uint32_t i = 0; i + 1 < code->count; i++) {
		frame->slots[code->a + i] = new_thunk(eval, code->args[i], frame);
		if (!frame->slots[code->a + i])
			return false;
	}
	return true;
}

bool tla_bind_let_of_action(struct tla_eval *eval, const struct tla_code *code,
			    struct tla_frame *frame)
{
	if (!tla_bind_let(eval, code, frame))
		return false;
	for (uint32_t i = 0; code->act == TLA_ACT_LET_OPEN && i < code->b; i++)
		frame->slots[code->vars[i]] = TLA_NONE;
	return true;
}

tla_value tla_ev_let(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	if (!tla_bind_let(eval, code, frame))
		return TLA_NONE;
	return tla_eval(eval, code->args[code->count - 1], frame);
}

tla_value tla_ev_inline(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	return tla_eval(eval, code->args[0], frame);
}
