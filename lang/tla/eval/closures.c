/* SPDX-License-Identifier: MIT */
/*
 * Functions and sets that are evaluated element by element, later than where they were made.
 *
 * Names bound around them change as loops go on, so a closure keeps a copy of the frames that it
 * can see; arguments not evaluated yet are copied too, to be evaluated in the copied frames.
 * Each application runs the body in a fresh copy, since the body's own loops use the same frame.
 */
#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/set.h"
#include "eval.h"
#include "nodes.h"

#include <string.h>

/* Results by argument: open addressing. */
struct memo {
	uint32_t count, room; /* room: a power of two */
	tla_value slots[];    /* pairs: argument, result */
};

struct tla_closure {
	const struct tla_code *code; /* of a filter or a function */
	struct tla_frame *frame;
	bool remembers, is_lasting; /* lasting: lies on the heap of constants */
	tla_value memo;             /* address of a struct memo, or 0 */
	/* Of a change: as the function `base`, but for one argument; code and frame are NULL. */
	tla_value base, arg, value;
};

/* Copies made so far, so that frames that refer to each other do so in the copy. */
struct copies {
	struct tla_eval *eval;
	uint32_t count;
	struct {
		const struct tla_frame *from;
		struct tla_frame *to;
	} at[64];
};

static struct tla_frame *copy_frame(struct copies *copies, struct tla_frame *frame);

/* A thunk that is not evaluated, over a copy of its frame. */
static tla_value copy_thunk(struct copies *copies, const struct tla_thunk *thunk)
{
	struct tla_thunk *copy;

	if (thunk->value)
		return thunk->value;
	copy = tla_alloc(copies->eval->heap, sizeof *copy);
	if (!copy)
		return TLA_NONE;
	*copy = (struct tla_thunk){ thunk->code, copy_frame(copies, thunk->frame), TLA_NONE,
				    false };
	return copy->frame ? (uintptr_t)copy + TLA_THUNK : TLA_NONE;
}

static tla_value copy_word(struct copies *copies, tla_value word)
{
	if ((word & 7) == TLA_THUNK)
		return copy_thunk(copies, (struct tla_thunk *)(uintptr_t)(word - TLA_THUNK));
	return word;
}

static size_t frame_bytes(const struct tla_frame *frame)
{
	return sizeof *frame + frame->slot_count * sizeof frame->slots[0];
}

static struct tla_frame *copy_frame(struct copies *copies, struct tla_frame *frame)
{
	struct tla_frame *copy;

	for (uint32_t i = 0; i < copies->count; i++)
		if (copies->at[i].from == frame)
			return copies->at[i].to;
	copy = tla_alloc(copies->eval->heap, frame_bytes(frame));
	if (!copy)
		return NULL;
	if (copies->count == sizeof copies->at / sizeof copies->at[0]) {
		tla_fail(copies->eval->heap, "A function value is nested too deeply in others.");
		return NULL;
	}
	copies->at[copies->count].from = frame;
	copies->at[copies->count++].to = copy;
	memcpy(copy, frame, frame_bytes(frame));
	for (uint32_t i = 0; i < copy->slot_count; i++) {
		copy->slots[i] = copy_word(copies, frame->slots[i]);
		if (!copy->slots[i] && frame->slots[i])
			return NULL;
	}
	if (frame->up && !(copy->up = copy_frame(copies, frame->up)))
		return NULL;
	return copy;
}

struct tla_closure *tla_closure_new(struct tla_eval *eval, const struct tla_code *code,
				    struct tla_frame *frame, bool remembers)
{
	struct tla_closure *closure = tla_alloc(eval->heap, sizeof *closure);
	struct copies copies = { .eval = eval };

	if (!closure)
		return NULL;
	*closure = (struct tla_closure){ .code = code,
					 .remembers = remembers,
					 .is_lasting = eval->heap == &eval->heaps[1] };
	closure->frame = copy_frame(&copies, frame);
	return closure->frame ? closure : NULL;
}

struct tla_closure *tla_closure_change(struct tla_eval *eval, tla_value fcn, tla_value arg,
				       tla_value value)
{
	struct tla_closure *closure = tla_alloc(eval->heap, sizeof *closure);

	if (closure)
		*closure = (struct tla_closure){ .base = fcn, .arg = arg, .value = value };
	return closure;
}

static tla_value apply_change(struct tla_eval *eval, const struct tla_closure *closure,
			      tla_value arg)
{
	int is_same = tla_equal(eval->heap, arg, closure->arg);

	if (is_same < 0)
		return TLA_NONE;
	return is_same ? closure->value : tla_apply(eval->heap, closure->base, arg);
}

void tla_closure_bind(struct tla_closure *closure, uint32_t slot, tla_value v)
{
	closure->frame->slots[slot] = v;
}

static tla_value run(struct tla_eval *eval, const struct tla_closure *closure, tla_value arg)
{
	const struct tla_code *code = closure->code;
	struct tla_frame *frame;

	if ((const char *)__builtin_frame_address(0) < eval->stack_end) {
		eval->failure = TLA_FAILURE_DEPTH;
		return tla_fail_at(eval, code->span, "Stack overflow: the recursion is too deep.");
	}
	frame = tla_frame_copy(eval, closure->frame);
	if (!frame || tla_walk_bind(eval, code, arg, frame) < 0)
		return TLA_NONE;
	return tla_eval(eval, code->args[code->count - 1], frame);
}

static struct memo *memo_of(const struct tla_closure *closure)
{
	return (struct memo *)(uintptr_t)closure->memo;
}

/* The pair for an argument: its own or a free one. */
static tla_value *memo_pair(struct memo *memo, tla_value arg)
{
	uint64_t i = tla_hash(arg) & (memo->room - 1);

	while (memo->slots[2 * i] && tla_compare(memo->slots[2 * i], arg) != 0)
		i = (i + 1) & (memo->room - 1);
	return &memo->slots[2 * i];
}

/* Replace the memo by a larger one; a cut puts the old one back, if the larger lies above the
 * mark. */
static bool memo_grow(struct tla_eval *eval, struct tla_closure *closure)
{
	const struct memo *memo = memo_of(closure);
	uint32_t room = memo ? 2 * memo->room : 8;
	struct tla_heap *heap = closure->is_lasting ? &eval->heaps[1] : eval->heap;
	size_t n_bytes = sizeof *memo + 2 * (size_t)room * sizeof(tla_value);
	struct memo *larger = tla_alloc(heap, n_bytes);

	if (!larger || (!closure->is_lasting && !tla_eval_log(eval, &closure->memo)))
		return false;
	memset(larger, 0, n_bytes);
	larger->room = room;
	for (uint32_t i = 0; memo && i < memo->room; i++) {
		const tla_value *from = &memo->slots[2 * (size_t)i];

		if (from[0])
			memcpy(memo_pair(larger, from[0]), from, 2 * sizeof *from);
	}
	larger->count = memo ? memo->count : 0;
	closure->memo = (uintptr_t)larger;
	return true;
}

/* What is kept has to last as long as the closure: stored values and atoms do. */
static tla_value lasting(struct tla_eval *eval, tla_value v)
{
	if (!tla_is_object(v) || tla_obj(v)->is_stored)
		return v;
	return tla_is_plain(v) ? tla_store(eval->keeper, eval->heap, v) : TLA_NONE;
}

static void remember(struct tla_eval *eval, struct tla_closure *closure, tla_value arg, tla_value v)
{
	struct memo *memo = memo_of(closure);
	tla_value *pair;

	arg = lasting(eval, arg);
	v = arg ? lasting(eval, v) : TLA_NONE;
	tla_heap_clear(eval->heap); /* what cannot be stored is not remembered */
	if (!v)
		return;
	if ((!memo || 4 * (memo->count + 1) > 3 * memo->room) && !memo_grow(eval, closure)) {
		tla_heap_clear(eval->heap);
		return;
	}
	memo = memo_of(closure);
	pair = memo_pair(memo, arg);
	memo->count += !pair[0];
	pair[0] = arg;
	pair[1] = v;
}

tla_value tla_closure_apply(void *context, tla_value lambda, tla_value arg)
{
	struct tla_closure *closure = (struct tla_closure *)(uintptr_t)tla_obj(lambda)->items[1];
	struct tla_eval *eval = context;
	tla_value v;

	if (closure->base)
		return apply_change(eval, closure, arg);
	if (!closure->remembers)
		return run(eval, closure, arg);
	arg = tla_plain(eval->heap, arg);
	if (!arg)
		return TLA_NONE;
	v = closure->memo ? memo_pair(memo_of(closure), arg)[1] : TLA_NONE;
	if (v)
		return v;
	v = run(eval, closure, arg);
	if (v)
		remember(eval, closure, arg, v);
	return v;
}

int tla_closure_holds(void *context, tla_value pred, tla_value arg)
{
	const struct tla_closure *closure = (struct tla_closure *)(uintptr_t)tla_obj(pred)
						    ->items[1];
	struct tla_eval *eval = context;
	struct tla_eval_mark mark = tla_eval_mark(eval);
	tla_value v = run(eval, closure, arg);

	if (v == TLA_TRUE || v == TLA_FALSE) {
		tla_eval_cut(eval, mark);
		return v == TLA_TRUE;
	}
	if (v)
		tla_fail_kind(context, "The predicate of a set", "a Boolean", v);
	return -1;
}
