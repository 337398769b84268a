/* SPDX-License-Identifier: MIT */
/*
 * Each state is made from the one before it, as that was made. Invariant: while states are made, no
 * value of a constant or of a remembered expression is used that was stored.
 */
#include "retrace.h"

#include "../value/print.h"
#include "../value/set.h"

#include <nw/mem.h>

#include <string.h>

enum { FOUND = 1 };

struct tla_retrace {
	struct nw_mem mem; /* this */
	struct tla_runner *runner;
	struct tla_heap kept; /* what the states hold */
	size_t count;
	const tla_value *states[];
};

/* --- Values that outlive the evaluation --- */

static tla_value copy(struct tla_heap *heap, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);
	uint32_t item_count;
	struct tla_obj *to;

	if (!tla_is_object(v) || obj->is_stored)
		return v;
	if (obj->kind == TLA_LAMBDA || obj->kind == TLA_PRED)
		return TLA_NONE;
	item_count = tla_item_count(obj);
	to = tla_obj_new(heap, (enum tla_kind)obj->kind, obj->count, item_count);
	if (!to)
		return TLA_NONE;
	for (uint32_t i = 0; i < item_count; i++) {
		to->items[i] = copy(heap, obj->items[i]);
		if (!to->items[i])
			return TLA_NONE;
	}
	to->is_plain = obj->is_plain;
	return tla_of(to);
}

/* What is printed of it: then nothing is left that has to be evaluated. */
static tla_value keep(struct tla_retrace *retrace, tla_value v)
{
	v = tla_shown(retrace->runner->eval.heap, v);
	return v ? copy(&retrace->kept, v) : TLA_NONE;
}

/* --- States --- */

struct sought {
	struct tla_retrace *retrace;
	size_t idx;
};

static bool is_sought(struct tla_eval *eval, const tla_value *values, const tla_value *stored)
{
	bool is_same = true;

	for (uint32_t i = 0; is_same && i < eval->var_count; i++)
		is_same = tla_store(eval->keeper, eval->heap, values[i]) == stored[i];
	if (!is_same)
		tla_heap_clear(eval->heap);
	return is_same;
}

/* Where what is kept of it does not fit, the stored state stays. */
static void replace(struct tla_retrace *retrace, size_t idx, const tla_value *values)
{
	uint32_t count = retrace->runner->eval.var_count;
	tla_value *state = tla_alloc(&retrace->kept, (count + 1u) * sizeof *state);

	for (uint32_t i = 0; state && i < count; i++) {
		state[i] = keep(retrace, values[i]);
		if (!state[i])
			return;
	}
	if (state)
		retrace->states[idx] = state;
}

static int compare(struct tla_eval *eval, void *context)
{
	const struct sought *sought = context;
	const tla_value *values = eval->is_init ? eval->now : eval->next;

	if (!is_sought(eval, values, sought->retrace->states[sought->idx]))
		return 0;
	replace(sought->retrace, sought->idx, values);
	return FOUND;
}

static void make(struct tla_retrace *retrace, size_t idx)
{
	struct sought sought = { retrace, idx };
	struct tla_runner *runner = retrace->runner;

	runner->eval.level = (uint32_t)idx;
	if (idx == 0)
		(void)tla_run_init(runner, compare, &sought);
	else
		(void)tla_run_next(runner, retrace->states[idx - 1], compare, &sought);
	tla_heap_clear(runner->eval.heap);
}

/* --- Making one --- */

/* What an evaluator has while it is evaluating for a trace, and what it had before. */
struct before {
	struct tla_memo *memo;
	bool is_raw;
};

static struct before enter(struct tla_eval *eval)
{
	struct before before = { eval->memo, eval->is_raw };

	eval->memo = NULL;
	eval->is_raw = true;
	return before;
}

static void leave(struct tla_eval *eval, struct before before)
{
	eval->memo = before.memo;
	eval->is_raw = before.is_raw;
}

struct tla_retrace *tla_retrace_create(struct tla_runner *runner, const tla_value *const *states,
				       size_t count)
{
	struct tla_retrace *retrace;
	struct before before;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *retrace + count * sizeof *states, 0))
		return NULL;
	retrace = mem.base;
	retrace->mem = mem;
	retrace->runner = runner;
	retrace->count = count;
	memcpy(retrace->states, states, count * sizeof *states);
	if (tla_heap_init(&retrace->kept, NW_NODE_ANY, SIZE_MAX)) {
		nw_mem_free(&mem);
		return NULL;
	}
	before = enter(&runner->eval);
	for (size_t i = 0; i < count; i++)
		make(retrace, i);
	leave(&runner->eval, before);
	return retrace;
}

void tla_retrace_destroy(struct tla_retrace *retrace)
{
	struct nw_mem mem;

	if (!retrace)
		return;
	tla_heap_fini(&retrace->kept);
	mem = retrace->mem;
	nw_mem_free(&mem);
}

const tla_value *tla_retrace_at(const struct tla_retrace *retrace, size_t i)
{
	return retrace->states[i];
}

tla_value tla_retrace_value(struct tla_retrace *retrace, const struct tla_formula *formula,
			    size_t i, size_t j)
{
	struct tla_runner *runner = retrace->runner;
	struct before before = enter(&runner->eval);
	tla_value v = tla_run_value(runner, formula, retrace->states[i], retrace->states[j]);

	if (v)
		v = keep(retrace, v);
	tla_runner_cut(runner);
	leave(&runner->eval, before);
	return v;
}
