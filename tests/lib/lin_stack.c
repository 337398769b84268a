/* SPDX-License-Identifier: MIT */
/*
 * Is a stack's history linearizable? By taking values away until none is left.
 *
 * Call the time from the return of a value's put to the call of its get its *sure* time.
 *
 *  1. A value without sure time (its put and get overlap) may be taken away: one after the other
 *     at a moment of both, they change nothing for anybody.
 *  2. At a moment that is in nobody's sure time, the history may be cut: every value left lies
 *     whole on one side, and what is on either side is linearizable alone iff both are together.
 *  3. Where the sure times leave no gap, the stack is never empty between the first call to take
 *     effect and the last, so one value is at the bottom all that time: its put was called before
 *     any other put returned, its get returns after every other get was called. Such a value may be
 *     taken away (the others do not see what is below them); if there is none, the history is
 *     not linearizable.
 *  4. "Empty" is possible iff one of its moments is in nobody's sure time, by 2.
 *
 * The returns of puts and the calls of gets, in their order, are positions; the gap between a
 * position and the next is covered by so many sure times. A tree over the positions finds a gap
 * that nobody covers (2), and the values of a stretch whose put was called before the stretch's
 * first return (3): at most one a thread. Each cut and each value taken away costs O(log n).
 *
 * Invariant of the work list: its stretches are apart, and every value still there lies in one.
 *
 * References: the same two moves, cut and take away, are in Z. H. Lee, U. Mathur, "Efficient
 * decrease-and-conquer linearizability monitoring", OOPSLA 2025, and P. A. Abdulla et al.,
 * "Efficient linearizability monitoring", PLDI 2025. The search for a value at the bottom by the
 * number of threads, and the tree, are ours.
 */
#include "lib/lin_index.h"

#include <stdlib.h>

struct node {
	int32_t cover_min; /* of the gaps below, without what `add` of nodes above says */
	int32_t add;       /* for all gaps below */
	uint32_t call_min; /* earliest call of the puts that return below; LIN_NEVER: none */
};

struct stretch {
	uint32_t lo, hi; /* positions, both inside */
};

struct stack {
	const struct lin_index *index;
	struct node *tree;      /* of leaf_count leaves, the root at 1 */
	uint32_t *value_at;     /* by position, of those where a put returns; else LIN_NONE */
	uint32_t *first, *last; /* by value: the positions its sure time is between */
	uint32_t *tick_at;      /* by position */
	struct stretch *work;
	uint32_t leaf_count, position_count, work_count;
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool has_sure_time(const struct lin_index *index, uint32_t value)
{
	return index->values[value].put != LIN_NONE &&
	       lin_put_of(index, value)->ret < lin_get_call(index, value);
}

static void pull(struct stack *stack, uint32_t n)
{
	const struct node *l = &stack->tree[2 * n], *r = &stack->tree[2 * n + 1];

	stack->tree[n].cover_min = (l->cover_min < r->cover_min ? l->cover_min : r->cover_min) +
				   stack->tree[n].add;
	stack->tree[n].call_min = min_u32(l->call_min, r->call_min);
}

/* Add to the cover of gaps lo..hi; node n is for the gaps at..at + width - 1. */
static void cover(struct stack *stack, uint32_t n, struct stretch node, struct stretch gaps,
		  int32_t add)
{
	uint32_t middle = node.lo + (node.hi - node.lo) / 2;

	if (gaps.lo > node.hi || gaps.hi < node.lo)
		return;
	if (gaps.lo <= node.lo && node.hi <= gaps.hi) {
		stack->tree[n].cover_min += add;
		stack->tree[n].add += add;
		return;
	}
	cover(stack, 2 * n, (struct stretch){ node.lo, middle }, gaps, add);
	cover(stack, 2 * n + 1, (struct stretch){ middle + 1, node.hi }, gaps, add);
	pull(stack, n);
}

/* The first gap of `gaps` that nobody covers, or LIN_NONE; `above` is what nodes above add. */
static uint32_t find_gap(const struct stack *stack, uint32_t n, struct stretch node,
			 struct stretch gaps, int32_t above)
{
	uint32_t middle = node.lo + (node.hi - node.lo) / 2, found;

	if (gaps.lo > node.hi || gaps.hi < node.lo || stack->tree[n].cover_min + above > 0)
		return LIN_NONE;
	if (node.lo == node.hi)
		return node.lo;
	above += stack->tree[n].add;
	found = find_gap(stack, 2 * n, (struct stretch){ node.lo, middle }, gaps, above);
	if (found != LIN_NONE)
		return found;
	return find_gap(stack, 2 * n + 1, (struct stretch){ middle + 1, node.hi }, gaps, above);
}

/* A value of the stretch whose put was called before its first return, its get ends after its
 * last call: what may be at the bottom of it. LIN_NONE: there is none. */
static uint32_t find_bottom(const struct stack *stack, uint32_t n, struct stretch node,
			    struct stretch s)
{
	uint32_t middle = node.lo + (node.hi - node.lo) / 2, found;

	if (s.lo > node.hi || s.hi < node.lo || stack->tree[n].call_min >= stack->tick_at[s.lo])
		return LIN_NONE;
	if (node.lo == node.hi) {
		found = stack->value_at[node.lo];
		return lin_get_ret(stack->index, found) > stack->tick_at[s.hi] ? found : LIN_NONE;
	}
	found = find_bottom(stack, 2 * n, (struct stretch){ node.lo, middle }, s);
	if (found != LIN_NONE)
		return found;
	return find_bottom(stack, 2 * n + 1, (struct stretch){ middle + 1, node.hi }, s);
}

static struct stretch all_leaves(const struct stack *stack)
{
	return (struct stretch){ 0, stack->leaf_count - 1 };
}

static void take_away(struct stack *stack, uint32_t value)
{
	uint32_t n = (stack->leaf_count + stack->first[value]);

	stack->tree[n].call_min = LIN_NEVER;
	for (n /= 2; n > 0; n /= 2)
		stack->tree[n].call_min = min_u32(stack->tree[2 * n].call_min,
						  stack->tree[2 * n + 1].call_min);
	cover(stack, 1, all_leaves(stack),
	      (struct stretch){ stack->first[value], stack->last[value] - 1 }, -1);
}

static void place(struct stack *stack, uint32_t value, bool is_first, uint32_t tick)
{
	uint32_t position = stack->position_count++;

	stack->value_at[position] = is_first ? value : LIN_NONE;
	stack->tick_at[position] = tick;
	(is_first ? stack->first : stack->last)[value] = position;
}

/* What is never got is got after the end; there, all gets overlap. */
static void place_all(struct stack *stack)
{
	const struct lin_index *index = stack->index;
	const struct lin_history *h = index->history;

	for (uint32_t t = 0; t < h->tick_limit; t++) {
		uint32_t event = index->by_tick[t];
		const struct lin_op *op;

		if (event == LIN_NONE)
			continue;
		op = &h->ops[event / 2];
		if (op->kind == LIN_PUT && event % 2 == 1 && has_sure_time(index, op->value))
			place(stack, op->value, true, t);
		if (op->kind == LIN_GET && event % 2 == 0 && has_sure_time(index, op->value))
			place(stack, op->value, false, t);
	}
	for (uint32_t v = 0; v < h->value_limit; v++)
		if (index->values[v].get == LIN_NONE && has_sure_time(index, v))
			place(stack, v, false, h->tick_limit);
}

static void build_tree(struct stack *stack)
{
	const struct lin_index *index = stack->index;

	for (stack->leaf_count = 1; stack->leaf_count < stack->position_count;)
		stack->leaf_count *= 2;
	stack->tree = lin_alloc(2 * (size_t)stack->leaf_count, sizeof(*stack->tree));
	for (uint32_t i = 0, depth = 0; i < stack->leaf_count; i++) {
		struct node *leaf = &stack->tree[stack->leaf_count + i];
		bool is_first = i < stack->position_count && stack->value_at[i] != LIN_NONE;

		depth += is_first ? 1 : 0;
		depth -= i < stack->position_count && !is_first ? 1 : 0;
		leaf->cover_min = (int32_t)depth;
		leaf->call_min = is_first ? lin_put_of(index, stack->value_at[i])->call : LIN_NEVER;
	}
	for (uint32_t n = stack->leaf_count - 1; n > 0; n--)
		pull(stack, n);
}

static void stack_init(struct stack *stack, const struct lin_index *index)
{
	size_t n = index->history->value_limit;

	*stack = (struct stack){ .index = index,
				 .value_at = lin_alloc(2 * n, sizeof(uint32_t)),
				 .tick_at = lin_alloc(2 * n, sizeof(uint32_t)),
				 .first = lin_alloc(n, sizeof(uint32_t)),
				 .last = lin_alloc(n, sizeof(uint32_t)),
				 .work = lin_alloc(2 * n + 2, sizeof(struct stretch)) };
	place_all(stack);
	build_tree(stack);
}

static void stack_fini(struct stack *stack)
{
	free(stack->value_at);
	free(stack->tick_at);
	free(stack->first);
	free(stack->last);
	free(stack->work);
	free(stack->tree);
}

/* Cut the stretch, or take a value of it away. False: neither is possible, and there is one. */
static bool reduce(struct stack *stack, struct stretch s)
{
	struct stretch root = all_leaves(stack), gaps = { s.lo, s.hi - 1 };
	uint32_t gap, value;

	if (s.lo == s.hi)
		return true;
	gap = find_gap(stack, 1, root, gaps, 0);
	if (gap != LIN_NONE) {
		stack->work[stack->work_count++] = (struct stretch){ s.lo, gap };
		stack->work[stack->work_count++] = (struct stretch){ gap + 1, s.hi };
		return true;
	}
	value = find_bottom(stack, 1, root, s);
	if (value == LIN_NONE)
		return false;
	take_away(stack, value);
	stack->work[stack->work_count++] = s;
	return true;
}

static bool reduce_all(struct stack *stack, struct lin_verdict *ret_verdict)
{
	if (stack->position_count == 0)
		return true;
	stack->work[stack->work_count++] = (struct stretch){ 0, stack->position_count - 1 };
	while (stack->work_count > 0) {
		struct stretch s = stack->work[--stack->work_count];

		if (!reduce(stack, s))
			return lin_refuse(
				ret_verdict,
				"between ticks %u and %u the stack is never empty, and "
				"no value can be at its bottom (value %u is the first in)",
				(unsigned)stack->tick_at[s.lo], (unsigned)stack->tick_at[s.hi],
				(unsigned)stack->value_at[s.lo]);
	}
	return true;
}

bool lin_stack(const struct lin_history *history, struct lin_verdict *ret_verdict)
{
	struct lin_index index;
	struct stack stack;
	bool ok;

	if (!lin_index_build(&index, history, ret_verdict))
		return false;
	stack_init(&stack, &index);
	ok = lin_empties_are_possible(&index, ret_verdict) && reduce_all(&stack, ret_verdict);
	stack_fini(&stack);
	lin_index_free(&index);
	return ok && lin_accept(ret_verdict);
}
