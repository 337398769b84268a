/* SPDX-License-Identifier: MIT */
/*
 * A \cdot B: a step of A, and one of B from where that led.
 *
 * As TLC: all steps of A are made first, each with the rest of the conjunction around; where they
 * led is kept, its values stored, and from there B is tried, with the same rest. Variables that
 * have their values in the whole step already stand still in A.
 *
 * Invariant: who puts states between on the list takes them off again; what came behind them, of a
 * \cdot around, moves down.
 */
#include "../value/store.h"
#include "eval.h"
#include "nodes.h"
#include "world.h"

#include <string.h>

static bool make_room(struct tla_eval *eval)
{
	size_t room = 2 * eval->between_room + 64 * ((size_t)eval->var_count + 1);
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, room * sizeof *eval->between, 0)) {
		tla_fail(eval->heap, "Out of memory for the states inside of \\cdot.");
		return false;
	}
	if (eval->between_used > 0)
		memcpy(mem.base, eval->between, eval->between_used * sizeof *eval->between);
	nw_mem_free(&eval->between_mem);
	eval->between_mem = mem;
	eval->between = mem.base;
	eval->between_room = mem.n_bytes / sizeof *eval->between;
	return true;
}

/* What an evaluation inside changes, and gets back. */
struct outer {
	tla_value *now, *next;
	int (*emit)(struct tla_eval *eval, void *context);
	void *emit_context;
	const struct tla_code *action;
	bool is_init, allows_gaps;
};

static struct outer enter(struct tla_eval *eval)
{
	struct outer outer = { eval->now,    eval->next,    eval->emit,       eval->emit_context,
			       eval->action, eval->is_init, eval->allows_gaps };

	eval->between_depth++;
	return outer;
}

static void leave(struct tla_eval *eval, const struct outer *outer)
{
	eval->now = outer->now;
	eval->next = outer->next;
	eval->emit = outer->emit;
	eval->emit_context = outer->emit_context;
	eval->action = outer->action;
	eval->is_init = outer->is_init;
	eval->allows_gaps = outer->allows_gaps;
	eval->between_depth--;
}

/* A and the rest have ended. */
static int keep(struct tla_eval *eval, void *context)
{
	(void)context;
	if (eval->between_used + eval->var_count > eval->between_room && !make_room(eval))
		return -1;
	for (uint32_t i = 0; i < eval->var_count; i++) {
		tla_value v = eval->next[i];

		if (v)
			v = tla_store(eval->keeper, eval->heap, v);
		if (!v && eval->next[i])
			return -1;
		eval->between[eval->between_used + i] = v;
	}
	eval->between_used += eval->var_count;
	return 0;
}

/* The states that A leads to are put on the list; fixed: the variables that stand still. */
static int make_first(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		      const struct tla_rest *rest, const tla_value *fixed)
{
	uint32_t width = tla_width(eval->world);
	tla_value *next = tla_alloc(eval->heap, (width + 1) * sizeof *next);

	if (!next)
		return -1;
	memset(next, 0, width * sizeof *next);
	for (uint32_t i = 0; i < eval->var_count; i++)
		next[i] = fixed && fixed[i] ? eval->now[i] : TLA_NONE;
	eval->next = next;
	eval->emit = keep;
	eval->is_init = false;
	eval->allows_gaps = true;
	return tla_act_with(eval, code, frame, rest);
}

/* State number i of those from `first` on, copied: the list may move. NULL: no memory. */
static tla_value *between_at(struct tla_eval *eval, size_t first, size_t i)
{
	size_t n_bytes = (eval->var_count + 1) * sizeof(tla_value);
	tla_value *copy = tla_alloc(eval->heap, n_bytes);

	return copy ? memcpy(copy, eval->between + first + i * eval->var_count,
			     eval->var_count * sizeof *copy)
		    : NULL;
}

static void drop_between(struct tla_eval *eval, size_t first, size_t count)
{
	size_t words = count * eval->var_count;

	if (count > 0)
		memmove(eval->between + first, eval->between + first + words,
			(eval->between_used - first - words) * sizeof *eval->between);
	eval->between_used -= words;
}

static size_t count_between(const struct tla_eval *eval, size_t first)
{
	return eval->var_count ? (eval->between_used - first) / eval->var_count : 0;
}

/* B, and the rest, have ended: that is the whole step. */
static int end_second(struct tla_eval *eval, void *context)
{
	const struct outer *outer = context;
	tla_value *now = eval->now;
	int result;

	eval->now = outer->now;
	eval->emit = outer->emit;
	eval->emit_context = outer->emit_context;
	result = eval->emit(eval, eval->emit_context);
	eval->now = now;
	eval->emit = end_second;
	eval->emit_context = (void *)context;
	return result;
}

/* B from one state. */
static int make_second(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		       const struct tla_rest *rest, const struct outer *outer)
{
	size_t n_bytes = tla_width(eval->world) * sizeof(tla_value);

	eval->next = tla_alloc(eval->heap, n_bytes + sizeof(tla_value));
	if (!eval->next)
		return -1;
	memset(eval->next, 0, n_bytes);
	memcpy(eval->next, outer->next,
	       eval->is_asking ? n_bytes : eval->var_count * sizeof(tla_value));
	eval->emit = end_second;
	eval->emit_context = (void *)outer;
	eval->allows_gaps = outer->allows_gaps;
	return tla_act_with(eval, code, frame, rest);
}

int tla_act_compose(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		    const struct tla_rest *rest)
{
	size_t first = eval->between_used, count;
	struct outer outer = enter(eval);
	int result = make_first(eval, code->args[0], frame, eval->is_asking ? NULL : rest,
				outer.next);

	count = count_between(eval, first);
	if (eval->between_depth == 1 && !eval->is_asking)
		eval->composed_count += count;
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct tla_eval_mark mark = tla_eval_mark(eval);

		eval->now = between_at(eval, first, i);
		eval->action = outer.action;
		result = eval->now ? make_second(eval, code->args[1], frame, rest, &outer) : -1;
		if (result >= 0)
			tla_eval_cut(eval, mark);
	}
	drop_between(eval, first, count);
	leave(eval, &outer);
	return result;
}

/* Whether some state between leads to the step's end. */
static int is_composed(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	size_t first = eval->between_used, count;
	struct outer outer = enter(eval);
	int found = make_first(eval, code->args[0], frame, NULL, NULL);

	count = count_between(eval, first);
	eval->next = outer.next;
	for (size_t i = 0; found == 0 && i < count; i++) {
		eval->now = between_at(eval, first, i);
		found = eval->now ? tla_eval_bool(eval, code->args[1], frame) : -1;
	}
	drop_between(eval, first, count);
	leave(eval, &outer);
	return found;
}

tla_value tla_ev_compose(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame)
{
	struct tla_eval_mark mark = tla_eval_mark(eval);
	int found = is_composed(eval, code, frame);

	if (found >= 0)
		tla_eval_cut(eval, mark);
	return tla_of_bool(found);
}
