/* SPDX-License-Identifier: MIT */
/*
 * What is to stay is copied out of the store, the store goes back to its mark, and the copies are
 * stored again.
 *
 * Invariant: a constant keeps its value, however it was chosen; it is copied once, since the mark
 * moves behind it.
 */
#include "forget.h"

#include <errno.h>

/* A register or a constant that was stored since the mark. */
struct copied {
	tla_value *registered;         /* NULL: it is a constant */
	struct tla_constant *constant; /* or NULL */
	struct tla_keeper *keeper;     /* to store it again with */
	tla_value copy;
};

struct forgetting {
	struct tla_model *model;
	struct tla_runner *const *runners;
	uint32_t runner_count;
	struct tla_heap heap; /* of all that follows */
	struct copied *copies;
	size_t count, room;
	bool has_constants;
};

static tla_value stored_of(const struct tla_constant *constant)
{
	/* relaxed: not yet shared: no thread evaluates. */
	return atomic_load_explicit(&constant->stored, memory_order_relaxed);
}

static void set_stored(struct tla_constant *constant, tla_value v)
{
	/* relaxed: not yet shared: no thread evaluates. */
	atomic_store_explicit(&constant->stored, v, memory_order_relaxed);
}

static void mark_constants(const struct tla_model *model)
{
	for (struct tla_constant *at = model->world.constants; at; at = at->next)
		at->marked = stored_of(at);
}

int tla_model_mark(struct tla_model *model, struct tla_runner *const *runners, uint32_t count)
{
	if (tla_store_mark(model->world.store) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		tla_keeper_mark(runners[i]->eval.keeper);
	mark_constants(model);
	return 0;
}

static bool copy(struct forgetting *forgetting, tla_value v, struct copied what)
{
	struct copied *at = forgetting->copies;

	if (forgetting->count == forgetting->room) {
		forgetting->room = 2 * forgetting->room + 64;
		at = tla_alloc(&forgetting->heap, forgetting->room * sizeof *at);
		for (size_t i = 0; at && i < forgetting->count; i++)
			at[i] = forgetting->copies[i];
		forgetting->copies = at;
	}
	what.copy = at ? tla_copy_out(&forgetting->heap, v) : TLA_NONE;
	if (!what.copy)
		return false;
	at[forgetting->count++] = what;
	return true;
}

static bool copy_constants(struct forgetting *forgetting)
{
	struct tla_model *model = forgetting->model;

	for (struct tla_constant *at = model->world.constants; at; at = at->next) {
		tla_value v = stored_of(at);

		if (v == at->marked)
			continue;
		forgetting->has_constants = true;
		if (!copy(forgetting, v, (struct copied){ NULL, at, model->keeper, TLA_NONE }))
			return false;
	}
	return true;
}

static bool copy_register(struct forgetting *forgetting, struct tla_runner *runner, tla_value *at)
{
	return !*at ||
	       copy(forgetting, *at, (struct copied){ at, NULL, runner->eval.keeper, TLA_NONE });
}

/* Their keys are words: nothing is stored for them. */
static bool copy_registers(struct forgetting *forgetting, struct tla_runner *runner)
{
	struct tla_registers *registers = &runner->eval.registers;

	for (uint32_t i = 0; i < TLA_REGISTERS; i++)
		if (!copy_register(forgetting, runner, &registers->numbered[i]))
			return false;
	for (uint32_t i = 0; i < registers->named_count; i++)
		if (!copy_register(forgetting, runner, &registers->named[i].value))
			return false;
	return true;
}

static bool copy_all(struct forgetting *forgetting)
{
	for (uint32_t i = 0; i < forgetting->runner_count; i++)
		if (!copy_registers(forgetting, forgetting->runners[i]))
			return false;
	return copy_constants(forgetting);
}

static void forget_all(struct forgetting *forgetting)
{
	tla_store_forget(forgetting->model->world.store);
	for (uint32_t i = 0; i < forgetting->runner_count; i++)
		tla_runner_forget(forgetting->runners[i]);
	for (struct tla_constant *at = forgetting->model->world.constants; at; at = at->next)
		set_stored(at, at->marked);
}

/* Without memory a constant is evaluated again. */
static void store_again(struct forgetting *forgetting, bool constants)
{
	for (size_t i = 0; i < forgetting->count; i++) {
		const struct copied *at = &forgetting->copies[i];
		tla_value v;

		if (constants != (at->constant != NULL))
			continue;
		v = tla_store(at->keeper, &forgetting->heap, at->copy);
		if (at->constant)
			set_stored(at->constant, v);
		else
			*at->registered = v;
	}
}

int tla_model_forget(struct tla_model *model, struct tla_runner *const *runners, uint32_t count)
{
	struct forgetting forgetting = { .model = model,
					 .runners = runners,
					 .runner_count = count };

	if (tla_heap_init(&forgetting.heap, NW_NODE_ANY, SIZE_MAX))
		return -ENOMEM;
	if (!copy_all(&forgetting)) {
		tla_heap_fini(&forgetting.heap);
		return -ENOMEM;
	}
	forget_all(&forgetting);
	store_again(&forgetting, true);
	if (forgetting.has_constants && tla_store_mark(model->world.store) == 0)
		mark_constants(model);
	store_again(&forgetting, false);
	tla_heap_fini(&forgetting.heap);
	return 0;
}
