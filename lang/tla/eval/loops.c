/* SPDX-License-Identifier: MIT */
/*
 * Going through all combinations of bound names: an odometer of iterators, the first turns fastest,
 * as in TLC.
 *
 * Invariant: before loop i takes a further element the heap is cut back to where it was when loop i
 * began to take elements (unless the walk keeps), so elements of the loops behind it stay.
 */
#include "../value/print.h"
#include "../value/set.h"
#include "eval.h"
#include "nodes.h"

struct walk_loop {
	struct tla_iter iter;
	struct tla_eval_mark mark;
	tla_value element;
};

struct tla_walk {
	const struct tla_code *code;
	struct tla_frame *frame;
	uint32_t loop_count;
	bool keep, has_begun;
	struct walk_loop loops[];
};

/* The bound sets come first among the args; the rest is the caller's. */
static uint32_t set_count(const struct tla_code *code)
{
	return code->loops[code->a - 1].set_idx + 1;
}

tla_value *tla_walk_sets(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame)
{
	uint32_t count = set_count(code);
	tla_value *sets = tla_alloc(eval->heap, count * sizeof *sets);

	for (uint32_t i = 0; sets && i < count; i++) {
		sets[i] = tla_eval(eval, code->args[i], frame);
		if (!sets[i])
			return NULL;
		if (!tla_is_set(sets[i])) {
			tla_fail_kind(eval, "A bound", "a set", sets[i]);
			return NULL;
		}
	}
	return sets;
}

/* Names go through sets in ascending order, each element once. false: failed. */
static bool ascending(struct tla_eval *eval, tla_value *set)
{
	if (tla_is_enumerable(*set) && !tla_is_ascending(*set))
		*set = tla_explicit(eval->heap, *set);
	return *set != TLA_NONE;
}

struct tla_walk *tla_walk_open(struct tla_eval *eval, const struct tla_code *code,
			       struct tla_frame *frame, tla_value *sets, bool keep)
{
	struct tla_walk *walk = NULL;

	if (sets)
		walk = tla_alloc(eval->heap, sizeof *walk + code->a * sizeof walk->loops[0]);
	if (!walk)
		return NULL;
	*walk = (struct tla_walk){ code, frame, code->a, keep, false };
	for (uint32_t i = 0; i < code->a; i++)
		if (!ascending(eval, &sets[code->loops[i].set_idx]) ||
		    tla_iter_init(eval->heap, &walk->loops[i].iter, sets[code->loops[i].set_idx]))
			return NULL;
	return walk;
}

/* Put the elements of a tuple into the slots of its names. */
static int spread(struct tla_eval *eval, const struct tla_loop *loop, tla_value v,
		  struct tla_frame *frame)
{
	char text[TLA_BRIEF_BYTES];

	if (!tla_is_kind(v, TLA_TUPLE) || tla_obj(v)->count != loop->tuple_count) {
		tla_fail(eval->heap, "A bound needs tuples of length %u, but the value is:\n%s",
			 loop->tuple_count, tla_brief(eval->heap, v, text));
		return -1;
	}
	for (uint32_t i = 0; i < loop->tuple_count; i++)
		frame->slots[loop->slot + i] = tla_obj(v)->items[i];
	return 1;
}

static int bind(struct tla_eval *eval, const struct tla_loop *loop, tla_value v,
		struct tla_frame *frame)
{
	if (loop->tuple_count > 0)
		return spread(eval, loop, v, frame);
	frame->slots[loop->slot] = v;
	return 1;
}

int tla_walk_bind(struct tla_eval *eval, const struct tla_code *code, tla_value v,
		  struct tla_frame *frame)
{
	int result = 1;

	if (code->a == 1)
		return bind(eval, &code->loops[0], v, frame);
	for (uint32_t i = 0; result == 1 && i < code->a; i++)
		result = bind(eval, &code->loops[i], tla_obj(v)->items[i], frame);
	return result;
}

bool tla_is_simple_loop(const struct tla_code *code, tla_value set)
{
	return code->a == 1 && code->loops[0].tuple_count == 0 && tla_is_finite(set);
}

/* Take loop i's next element. 1, 0 at its end, -1. */
static int step(struct tla_eval *eval, struct tla_walk *walk, uint32_t i)
{
	const struct tla_loop *loop = &walk->code->loops[i];
	struct walk_loop *at = &walk->loops[i];
	int result;

	if (!walk->keep)
		tla_eval_cut(eval, at->mark);
	result = tla_iter_next(eval->heap, &at->iter, &at->element);
	if (result != 1)
		return result;
	return bind(eval, loop, at->element, walk->frame);
}

/* Let the first `count` loops begin anew, the last of them first. */
static int begin(struct tla_eval *eval, struct tla_walk *walk, uint32_t count)
{
	int result = 1;

	while (result == 1 && count-- > 0) {
		tla_iter_rewind(&walk->loops[count].iter);
		walk->loops[count].mark = tla_eval_mark(eval);
		result = step(eval, walk, count);
	}
	return result;
}

int tla_walk_next(struct tla_eval *eval, struct tla_walk *walk)
{
	if (!walk->has_begun) {
		walk->has_begun = true;
		return begin(eval, walk, walk->loop_count);
	}
	for (uint32_t i = 0; i < walk->loop_count; i++) {
		int result = step(eval, walk, i);

		if (result < 0)
			return -1;
		if (result == 1)
			return begin(eval, walk, i);
	}
	return 0;
}

tla_value tla_walk_value(const struct tla_walk *walk, uint32_t i)
{
	return walk->loops[i].element;
}

uint64_t tla_walk_place(const struct tla_walk *walk, uint32_t i)
{
	return walk->loops[i].iter.next - 1;
}

int tla_is_argument(struct tla_eval *eval, const struct tla_code *code, const tla_value *sets,
		    tla_value v)
{
	int is_in = 1;

	if (code->a == 1)
		return tla_member(eval->heap, v, sets[0]);
	if (!tla_is_kind(v, TLA_TUPLE) || tla_obj(v)->count != code->a)
		return 0;
	for (uint32_t i = 0; is_in == 1 && i < code->a; i++)
		is_in = tla_member(eval->heap, tla_obj(v)->items[i], sets[code->loops[i].set_idx]);
	return is_in;
}
