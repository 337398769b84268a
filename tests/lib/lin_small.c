/* SPDX-License-Identifier: MIT */
/*
 * Is a small history linearizable? By trying every order, each pair of (calls that took effect,
 * state) once: the yardstick of the fast checkers.
 *
 * Invariant: a call is tried only if no call still waiting returned before it began.
 *
 * References: J. Wing, C. Gong, "Testing and verifying concurrent objects", JPDC 1993; G. Lowe,
 * "Testing for linearizability", CCPE 2017 (the memo).
 */
#include "lib/lin_index.h"

#include <stdlib.h>
#include <string.h>

enum { MEMO_SLOTS = 1 << 12 }; /* doubled as it fills */

struct state {
	uint32_t done;                 /* bit i: call i has taken effect */
	uint32_t count;                /* of items */
	uint32_t items[LIN_SMALL_MAX]; /* oldest, or lowest, first; a set's keys in no order */
};

struct search {
	const struct lin_history *history;
	enum lin_spec spec;
	struct state *memo; /* seen; done 0: free (the first state is never looked up) */
	uint32_t slot_count, used_count;
};

static uint64_t hash(const struct state *s)
{
	uint64_t h = s->done * UINT64_C(0x9e3779b97f4a7c15);

	for (uint32_t i = 0; i < s->count; i++)
		h = (h ^ s->items[i]) * UINT64_C(0xbf58476d1ce4e5b9) + (h >> 29);
	return h ^ (h >> 32);
}

static bool is_same(const struct state *a, const struct state *b)
{
	return a->done == b->done && a->count == b->count &&
	       memcmp(a->items, b->items, a->count * sizeof(a->items[0])) == 0;
}

static void memo_grow(struct search *search);

/* False if it was there already. */
static bool memo_add(struct search *search, const struct state *s)
{
	uint32_t at = (uint32_t)hash(s) & (search->slot_count - 1);

	for (; search->memo[at].done != 0; at = (at + 1) & (search->slot_count - 1))
		if (is_same(&search->memo[at], s))
			return false;
	search->memo[at] = *s;
	if (++search->used_count > search->slot_count / 2)
		memo_grow(search);
	return true;
}

static void memo_grow(struct search *search)
{
	struct state *old = search->memo;
	uint32_t old_count = search->slot_count;

	search->slot_count *= 2;
	search->used_count = 0;
	search->memo = lin_alloc(search->slot_count, sizeof(*search->memo));
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i].done != 0)
			(void)memo_add(search, &old[i]); /* each once: always new */
	free(old);
}

static uint32_t find(const struct state *s, uint32_t value)
{
	uint32_t i = 0;

	while (i < s->count && s->items[i] != value)
		i++;
	return i;
}

static void remove_at(struct state *s, uint32_t at)
{
	s->count--;
	memmove(&s->items[at], &s->items[at + 1], (s->count - at) * sizeof(s->items[0]));
}

static bool step_set(struct state *s, const struct lin_op *op)
{
	uint32_t at = find(s, op->value);
	bool is_in = at < s->count;

	switch (op->kind) {
	case LIN_INSERT:
		if (is_in)
			return false;
		/* Sorted, so that equal sets are equal states. */
		for (at = s->count++; at > 0 && s->items[at - 1] > op->value; at--)
			s->items[at] = s->items[at - 1];
		s->items[at] = op->value;
		return true;
	case LIN_ERASE:
		if (is_in)
			remove_at(s, at);
		return is_in;
	case LIN_INSERT_NOT:
	case LIN_CONTAINS:
		return is_in;
	default:
		return !is_in;
	}
}

/* The end at which values come out: the first item's of a queue and of thieves, else the last's. */
static bool step_get(struct state *s, const struct lin_op *op, enum lin_spec spec)
{
	bool is_first = spec == LIN_QUEUE || op->kind == LIN_STEAL;
	uint32_t at = is_first ? 0 : s->count - 1;

	if (s->count == 0 || s->items[at] != op->value)
		return false;
	remove_at(s, at);
	return true;
}

static bool step(const struct search *search, struct state *s, const struct lin_op *op)
{
	uint32_t capacity = search->history->capacity;

	if (search->spec == LIN_SET)
		return step_set(s, op);
	switch (op->kind) {
	case LIN_PUT:
		if (capacity > 0 && s->count == capacity)
			return false;
		s->items[s->count++] = op->value;
		return true;
	case LIN_FULL:
		return s->count == capacity;
	case LIN_EMPTY:
	case LIN_STEAL_EMPTY:
		return s->count == 0;
	default:
		return step_get(s, op, search->spec);
	}
}

/* The first return among calls that have not taken effect: what begins later has to wait. */
static uint32_t deadline(const struct lin_history *h, uint32_t done)
{
	uint32_t first = LIN_NEVER;

	for (uint32_t i = 0; i < h->op_count; i++)
		if ((done >> i & 1) == 0 && h->ops[i].ret < first)
			first = h->ops[i].ret;
	return first;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most LIN_SMALL_MAX deep */
static bool can_finish(struct search *search, const struct state *s)
{
	const struct lin_history *h = search->history;
	uint32_t limit = deadline(h, s->done);

	if (limit == LIN_NEVER)
		return true;
	for (uint32_t i = 0; i < h->op_count; i++) {
		struct state next = *s;

		if (s->done >> i & 1 || h->ops[i].call > limit || !step(search, &next, &h->ops[i]))
			continue;
		next.done |= UINT32_C(1) << i;
		if (memo_add(search, &next) && can_finish(search, &next))
			return true;
	}
	return false;
}

bool lin_small(const struct lin_history *history, enum lin_spec spec,
	       struct lin_verdict *ret_verdict)
{
	struct search search = { .history = history, .spec = spec, .slot_count = MEMO_SLOTS };
	struct state start = { 0 };
	bool ok;

	if (history->op_count > LIN_SMALL_MAX)
		return lin_refuse(ret_verdict, "%u calls, %d can be ordered",
				  (unsigned)history->op_count, LIN_SMALL_MAX);
	search.memo = lin_alloc(search.slot_count, sizeof(*search.memo));
	ok = can_finish(&search, &start);
	free(search.memo);
	return ok ? lin_accept(ret_verdict)
		  : lin_refuse(ret_verdict, "no order of the calls is legal");
}
