/* SPDX-License-Identifier: MIT */
/* Nodes: sets. */
#include "../value/set.h"

#include "eval.h"
#include "nodes.h"

/* All args on the heap, one after the other. NULL: failed. */
static tla_value *evaluate_all(struct tla_eval *eval, const struct tla_code *code,
			       struct tla_frame *frame)
{
	tla_value *values = tla_alloc(eval->heap, (code->count + 1) * sizeof *values);

	for (uint32_t i = 0; values && i < code->count; i++) {
		values[i] = tla_eval(eval, code->args[i], frame);
		if (!values[i])
			return NULL;
	}
	return values;
}

tla_value tla_ev_set(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *items = evaluate_all(eval, code, frame);

	return items ? tla_set_new(eval->heap, items, code->count) : TLA_NONE;
}

static bool two_args(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		     tla_value *ret_a, tla_value *ret_b)
{
	*ret_a = tla_eval(eval, code->args[0], frame);
	*ret_b = *ret_a ? tla_eval(eval, code->args[1], frame) : TLA_NONE;
	return *ret_b != TLA_NONE;
}

/* v \in {x \in S : P}: the set need not be made. */
static int is_in_filter(struct tla_eval *eval, tla_value v, const struct tla_code *filter,
			struct tla_frame *frame)
{
	tla_value *set = tla_walk_sets(eval, filter, frame);
	int is_member = set ? tla_member(eval->heap, v, *set) : -1;

	if (is_member != 1)
		return is_member;
	if (tla_walk_bind(eval, filter, v, frame) < 0)
		return -1;
	return tla_eval_bool(eval, filter->args[1], frame);
}

static int is_in(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value v = tla_eval(eval, code->args[0], frame), set;

	if (v && code->args[1]->eval == tla_ev_filter)
		return is_in_filter(eval, v, code->args[1], frame);
	set = v ? tla_eval(eval, code->args[1], frame) : TLA_NONE;
	return set ? tla_member(eval->heap, v, set) : -1;
}

tla_value tla_ev_in(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	return tla_of_bool(is_in(eval, code, frame));
}

tla_value tla_ev_notin(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int is_member = is_in(eval, code, frame);

	return tla_of_bool(is_member < 0 ? is_member : !is_member);
}

tla_value tla_ev_subseteq(struct tla_eval *eval, const struct tla_code *code,
			  struct tla_frame *frame)
{
	tla_value a, b;

	if (!two_args(eval, code, frame, &a, &b))
		return TLA_NONE;
	if (!tla_is_set(b))
		return tla_fail_kind(eval, "\\subseteq", "a set on its right", b);
	return tla_of_bool(tla_is_subset(eval->heap, a, b));
}

tla_value tla_ev_cup(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value a, b;

	return two_args(eval, code, frame, &a, &b) ? tla_cup(eval->heap, a, b) : TLA_NONE;
}

tla_value tla_ev_cap(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value a, b;

	return two_args(eval, code, frame, &a, &b) ? tla_cap(eval->heap, a, b) : TLA_NONE;
}

tla_value tla_ev_diff(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value a, b;

	return two_args(eval, code, frame, &a, &b) ? tla_diff(eval->heap, a, b) : TLA_NONE;
}

tla_value tla_ev_cross(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *factors = evaluate_all(eval, code, frame);

	return factors ? tla_cross(eval->heap, factors, code->count) : TLA_NONE;
}

tla_value tla_ev_subset(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value set = tla_eval(eval, code->args[0], frame);

	return set ? tla_subset(eval->heap, set) : TLA_NONE;
}

tla_value tla_ev_union(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value sets = tla_eval(eval, code->args[0], frame);

	return sets ? tla_union(eval->heap, sets) : TLA_NONE;
}

tla_value tla_ev_fcns(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value domain, range;

	if (!two_args(eval, code, frame, &domain, &range))
		return TLA_NONE;
	return tla_fcns(eval->heap, domain, range);
}

tla_value tla_ev_records(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame)
{
	tla_value *sets = evaluate_all(eval, code, frame);

	return sets ? tla_rcds(eval->heap, code->names, sets, code->count) : TLA_NONE;
}

/* Values one after the other, their number not known before. */
struct list {
	tla_value *items;
	size_t count, room;
};

static bool list_add(struct tla_heap *heap, struct list *list, tla_value v)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		tla_value *items = tla_alloc(heap, room * sizeof *items);

		if (!items)
			return false;
		for (size_t i = 0; i < list->count; i++)
			items[i] = list->items[i];
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = v;
	return true;
}

/* The elements of an explicit set that the predicate holds of. */
static tla_value filter_set(struct tla_eval *eval, const struct tla_code *code,
			    struct tla_frame *frame, tla_value from)
{
	const struct tla_obj *set = tla_obj(from);
	uint64_t count = tla_set_count(set);
	tla_value *kept = tla_alloc(eval->heap, count * sizeof *kept);
	struct tla_eval_mark mark = tla_eval_mark(eval);
	size_t kept_count = 0;

	for (uint64_t i = 0; kept && i < count; i++) {
		int holds;

		frame->slots[code->loops[0].slot] = tla_set_at(set, i);
		holds = tla_eval_bool(eval, code->args[1], frame);
		if (holds < 0)
			return TLA_NONE;
		tla_eval_cut(eval, mark);
		if (holds)
			kept[kept_count++] = tla_set_at(set, i);
	}
	if (!kept)
		return TLA_NONE;
	/* Ascending, as they came. */
	return kept_count == count ? tla_enumerated(eval->heap, from)
				   : tla_set_sorted(eval->heap, kept, kept_count);
}

static tla_value filter_walk(struct tla_eval *eval, const struct tla_code *code,
			     struct tla_frame *frame, tla_value *set)
{
	struct tla_walk *walk = tla_walk_open(eval, code, frame, set, true);
	struct list kept = { 0 };
	int result = -1;

	while (walk) {
		struct tla_eval_mark before = tla_eval_mark(eval), after;
		int holds;

		result = tla_walk_next(eval, walk);
		if (result != 1)
			break;
		after = tla_eval_mark(eval);
		holds = tla_eval_bool(eval, code->args[1], frame);
		if (holds < 0)
			return TLA_NONE;
		tla_eval_cut(eval, holds ? after : before);
		if (holds && !list_add(eval->heap, &kept, tla_walk_value(walk, 0)))
			return TLA_NONE;
	}
	/* Ascending, as they came. */
	return result == 0 ? tla_set_sorted(eval->heap, kept.items, kept.count) : TLA_NONE;
}

/* A set that TLC, too, would only ask for members. */
static bool is_vast(struct tla_eval *eval, tla_value set)
{
	const struct tla_obj *obj = tla_obj(set);

	return obj->kind >= TLA_SUBSET && obj->kind <= TLA_CROSS &&
	       tla_cardinality(eval->heap, set) > TLA_EXPLICIT_COUNT_MAX;
}

/* Whether to look at all elements at once where TLC does so later, if ever. */
static bool is_eager(struct tla_eval *eval, tla_value set)
{
	return tla_is_finite(set) ||
	       (tla_is_enumerable(set) && tla_is_ascending(set) && !is_vast(eval, set));
}

/* TLC looks at an explicit set's elements at once, at others' when they are asked for. Here, too,
 * at once, where that succeeds: nobody sees it. */
tla_value tla_ev_filter(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *set = tla_walk_sets(eval, code, frame), v = TLA_NONE;
	uint32_t failed_count = eval->failed_count;
	struct tla_closure *closure;

	if (!set)
		return TLA_NONE;
	if (tla_is_simple_loop(code, *set))
		return filter_set(eval, code, frame, *set);
	if (is_eager(eval, *set)) {
		v = filter_walk(eval, code, frame, set);
		if (v || tla_is_finite(*set) || tla_is_exhausted(eval))
			return v;
		tla_eval_forget(eval, failed_count);
	}
	closure = tla_closure_new(eval, code, frame, false);
	return closure ? tla_pred(eval->heap, *set, closure) : TLA_NONE;
}

static tla_value map_set(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame, const struct tla_obj *set)
{
	uint64_t count = tla_set_count(set);
	tla_value *made = tla_alloc(eval->heap, count * sizeof *made);

	for (uint64_t i = 0; made && i < count; i++) {
		frame->slots[code->loops[0].slot] = tla_set_at(set, i);
		made[i] = tla_eval(eval, code->args[1], frame);
		if (!made[i])
			return TLA_NONE;
	}
	return made ? tla_set_new(eval->heap, made, count) : TLA_NONE;
}

tla_value tla_ev_map(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value *sets = tla_walk_sets(eval, code, frame);
	struct tla_walk *walk;
	struct list made = { 0 };
	int result = -1;

	if (sets && tla_is_simple_loop(code, sets[0]))
		return map_set(eval, code, frame, tla_obj(sets[0]));
	walk = tla_walk_open(eval, code, frame, sets, true);
	while (walk && (result = tla_walk_next(eval, walk)) == 1) {
		tla_value v = tla_eval(eval, code->args[code->count - 1], frame);

		if (!v || !list_add(eval->heap, &made, v))
			return TLA_NONE;
	}
	return result == 0 ? tla_set_new(eval->heap, made.items, made.count) : TLA_NONE;
}
