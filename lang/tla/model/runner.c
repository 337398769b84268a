/* SPDX-License-Identifier: MIT */
/*
 * One thread's side of a model. Invariant: between two calls the evaluator's heap is where it was
 * when
 * the runner was made, but for tla_run_value(), whose value is there until the cut.
 */
#include "actions.h"
#include "model.h"

#include "../eval/memo.h"
#include "../eval/nodes.h"
#include "../value/order.h"

#include <errno.h>
#include <string.h>

/* Intermediate values of one evaluation: more than any sane one needs. */
enum { STACK_RESERVE = 256 << 10 };

static int open_heaps(struct tla_eval *eval, const struct tla_model *model, nw_node node)
{
	for (int i = 0; i < 2; i++) {
		int err = tla_heap_init(&eval->heaps[i], node, (size_t)8 << 30);

		if (err)
			return err;
		eval->heaps[i].hooks = (struct tla_hooks){
			.string_text = tla_world_string_text,
			.model_text = tla_world_model_text,
			.names = &model->world,
			.apply = tla_closure_apply,
			.holds = tla_closure_holds,
			.eval = eval,
		};
	}
	eval->heap = &eval->heaps[0];
	return 0;
}

static int open_cover(struct tla_runner *runner, nw_node node)
{
	size_t n_bytes = sizeof(struct tla_cover_run) +
			 (runner->model->cover.count_count + 1) * sizeof(uint64_t);
	int err = nw_mem_alloc(&runner->cover_mem, node, n_bytes, 0);

	if (err)
		return err;
	runner->eval.cover = runner->cover_mem.base;
	runner->eval.cover->counts = (_Atomic uint64_t *)(runner->eval.cover + 1);
	return 0;
}

static int fill(struct tla_runner *runner, const struct tla_model *model, nw_node node)
{
	size_t n_bytes = (model->world.var_count + 1) * sizeof(tla_value);
	struct tla_eval *eval = &runner->eval;
	int err;

	eval->now = runner->now = nw_arena_alloc(runner->arena, n_bytes, 8);
	eval->next = runner->next = nw_arena_alloc(runner->arena, n_bytes, 8);
	runner->inner[0] = nw_arena_alloc(runner->arena, n_bytes, 8);
	runner->inner[1] = nw_arena_alloc(runner->arena, n_bytes, 8);
	eval->constants = nw_arena_alloc(
		runner->arena, (model->world.constant_count + 1) * sizeof *eval->constants, 8);
	if (!eval->constants)
		return -ENOMEM;
	eval->memo = tla_memo_create(model->world.site_count);
	if (!eval->memo)
		return -ENOMEM;
	err = tla_keeper_create(&eval->keeper, model->world.store, node);
	if (!err)
		err = open_heaps(eval, model, node);
	return err || !model->is_counted ? err : open_cover(runner, node);
}

int tla_runner_create(struct tla_runner **ret_runner, const struct tla_model *model, nw_node node,
		      size_t stack_bytes)
{
	struct tla_runner *runner;
	struct nw_arena *arena;
	int err = nw_arena_create(
		&arena, node,
		sizeof *runner + (4 * model->world.var_count + model->world.constant_count + 64) *
					 sizeof(tla_value),
		0);

	if (err)
		return err;
	runner = nw_arena_alloc(arena, sizeof *runner, 64);
	runner->arena = arena;
	runner->model = model;
	runner->eval.world = &model->world;
	runner->eval.random = (uint64_t)model->world.seed;
	runner->eval.var_count = model->world.var_count;
	runner->eval.stack_end = (const char *)__builtin_frame_address(0) - stack_bytes +
				 STACK_RESERVE;
	err = fill(runner, model, node);
	if (err) {
		tla_runner_destroy(runner);
		return err;
	}
	runner->base = runner->bottom = tla_eval_mark(&runner->eval);
	for (int i = 0; i < 2; i++)
		runner->origins[i] = tla_heap_mark(&runner->eval.heaps[i]);
	*ret_runner = runner;
	return 0;
}

void tla_runner_destroy(struct tla_runner *runner)
{
	if (!runner)
		return;
	tla_memo_destroy(runner->eval.memo);
	tla_heap_fini(&runner->eval.heaps[0]);
	tla_heap_fini(&runner->eval.heaps[1]);
	tla_keeper_destroy(runner->eval.keeper);
	nw_mem_free(&runner->eval.undo_mem);
	nw_mem_free(&runner->eval.between_mem);
	nw_mem_free(&runner->cover_mem);
	nw_arena_destroy(runner->arena);
}

void tla_runner_forget(struct tla_runner *runner)
{
	struct tla_eval *eval = &runner->eval;

	runner->actions = NULL;
	runner->action_count = runner->action_room = 0;
	tla_memo_clear(eval->memo);
	memset(eval->constants, 0, runner->model->world.constant_count * sizeof *eval->constants);
	eval->undo_count = 0;
	for (int i = 0; i < 2; i++)
		tla_heap_cut(&eval->heaps[i], runner->origins[i]);
	runner->base = runner->bottom = tla_eval_mark(eval);
	tla_keeper_forget(eval->keeper);
}

/* Where nothing is on the heap, nothing refers to remembered values. */
static void trim_memo(struct tla_runner *runner)
{
	if (runner->eval.memo && runner->eval.heap->cur == runner->bottom.heap.cur)
		tla_memo_trim(runner->eval.memo);
}

static void set_state(struct tla_runner *runner, const tla_value *state, const tla_value *next)
{
	size_t n_bytes = runner->eval.var_count * sizeof *state;

	runner->eval.now = runner->now;
	runner->eval.next = runner->next;
	if (state)
		memcpy(runner->now, state, n_bytes);
	else
		memset(runner->now, 0, n_bytes);
	if (next)
		memcpy(runner->next, next, n_bytes);
	else
		memset(runner->next, 0, n_bytes);
}

/* The caller's emit, behind one that stores the values. */
struct emitting {
	int (*emit)(struct tla_eval *eval, void *context);
	void *context;
};

static int store_and_emit(struct tla_eval *eval, void *context)
{
	const struct emitting *emitting = context;
	tla_value *values = eval->is_init ? eval->now : eval->next;

	for (uint32_t i = 0; !eval->is_raw && i < eval->var_count; i++) {
		if (!values[i] && eval->allows_gaps)
			continue;
		/* Written back: other steps of the same assignment need not store it again. */
		values[i] = tla_store(eval->keeper, eval->heap, values[i]);
		if (!values[i]) {
			eval->has_state_failed = true;
			return -1;
		}
	}
	if (eval->cover)
		tla_cover_made(eval);
	return emitting->emit(eval, emitting->context);
}

static void forget_failure(struct tla_runner *runner)
{
	runner->eval.failed_count = 0;
	runner->eval.failure = TLA_FAILURE;
	runner->eval.has_state_failed = false;
	runner->eval.action = NULL;
	tla_heap_clear(runner->eval.heap);
}

static struct tla_frame *fresh_frame(struct tla_runner *runner, const struct tla_formula *formula)
{
	forget_failure(runner);
	return tla_frame_new(&runner->eval, formula->fn, NULL);
}

/* The initial predicate's conjuncts one after the other. */
struct initial {
	struct tla_runner *runner;
	uint32_t idx;
	struct emitting emitting;
};

static int run_conjunct(struct initial *initial);

static int next_conjunct(struct tla_eval *eval, void *context)
{
	struct initial *initial = context;
	int result;

	initial->idx++;
	result = initial->idx == initial->runner->model->init.count
			 ? store_and_emit(eval, &initial->emitting)
			 : run_conjunct(initial);
	initial->idx--;
	eval->allows_gaps = initial->idx + 1 < initial->runner->model->init.count;
	return result;
}

static int run_conjunct(struct initial *initial)
{
	struct tla_eval *eval = &initial->runner->eval;
	const struct tla_formula *formula = &initial->runner->model->init.at[initial->idx];
	struct tla_frame *frame = tla_frame_new(eval, formula->fn, NULL);

	eval->allows_gaps = initial->idx + 1 < initial->runner->model->init.count;
	eval->emit = next_conjunct;
	eval->emit_context = initial;
	if (!frame)
		return -1;
	if (initial->idx > 0 && tla_is_assigned(eval)) {
		int holds = tla_eval_bool(eval, formula->fn->body, frame);

		return holds == 1 ? next_conjunct(eval, initial) : holds;
	}
	return tla_act(eval, formula->fn->body, frame);
}

int tla_run_init(struct tla_runner *runner, int (*emit)(struct tla_eval *eval, void *context),
		 void *context)
{
	struct tla_eval_mark mark = tla_eval_mark(&runner->eval);
	struct initial initial = { runner, 0, { emit, context } };
	int result;

	trim_memo(runner);
	set_state(runner, NULL, NULL);
	runner->eval.failed_count = 0;
	runner->eval.failure = TLA_FAILURE;
	runner->eval.has_state_failed = false;
	runner->eval.is_init = true;
	result = runner->model->init.count > 0 ? run_conjunct(&initial) : 0;
	runner->eval.is_init = false;
	runner->eval.allows_gaps = false;
	tla_eval_cut(&runner->eval, mark);
	return result;
}

int tla_run_next(struct tla_runner *runner, const tla_value *state,
		 int (*emit)(struct tla_eval *eval, void *context), void *context)
{
	struct tla_eval_mark mark = tla_eval_mark(&runner->eval);
	struct emitting emitting = { emit, context };
	const struct tla_formula *next = &runner->model->next;
	struct tla_frame *frame;
	int result = -1;

	trim_memo(runner);
	set_state(runner, state, NULL);
	frame = fresh_frame(runner, next);
	runner->eval.emit = store_and_emit;
	runner->eval.emit_context = &emitting;
	if (frame)
		result = tla_act(&runner->eval, next->fn->body, frame);
	tla_eval_cut(&runner->eval, mark);
	return result;
}

int tla_run_action(struct tla_runner *runner, const struct tla_action *action,
		   const tla_value *state, int (*emit)(struct tla_eval *eval, void *context),
		   void *context)
{
	struct tla_eval_mark mark = tla_eval_mark(&runner->eval);
	struct emitting emitting = { emit, context };
	bool is_bound = true;
	int result = -1;

	trim_memo(runner);
	set_state(runner, state, NULL);
	forget_failure(runner);
	for (const struct tla_binding *let = action->lets; let && is_bound; let = let->outer)
		is_bound = tla_bind_let_of_action(&runner->eval, let->code, let->frame);
	runner->eval.emit = store_and_emit;
	runner->eval.emit_context = &emitting;
	if (is_bound)
		result = tla_act(&runner->eval, action->code, action->frame);
	tla_eval_cut(&runner->eval, mark);
	return result;
}

tla_value tla_run_value(struct tla_runner *runner, const struct tla_formula *formula,
			const tla_value *state, const tla_value *next)
{
	struct tla_frame *frame;

	set_state(runner, state, next);
	frame = fresh_frame(runner, formula);
	return frame ? tla_eval(&runner->eval, formula->fn->body, frame) : TLA_NONE;
}

static enum tla_verdict run_bool(struct tla_runner *runner, const struct tla_formula *formula,
				 const tla_value *state, const tla_value *next)
{
	struct tla_eval_mark mark = tla_eval_mark(&runner->eval);
	struct tla_frame *frame;
	int holds = -1;

	set_state(runner, state, next);
	frame = fresh_frame(runner, formula);
	if (frame)
		holds = tla_eval_bool(&runner->eval, formula->fn->body, frame);
	tla_eval_cut(&runner->eval, mark);
	return (enum tla_verdict)holds;
}

enum tla_verdict tla_run_state(struct tla_runner *runner, const struct tla_formula *formula,
			       const tla_value *state)
{
	return run_bool(runner, formula, state, NULL);
}

enum tla_verdict tla_run_step(struct tla_runner *runner, const struct tla_formula *formula,
			      const tla_value *state, const tla_value *next)
{
	return run_bool(runner, formula, state, next);
}

void tla_runner_cut(struct tla_runner *runner)
{
	tla_eval_cut(&runner->eval, runner->base);
}

void tla_runner_save(struct tla_runner *runner, struct tla_saved *saved)
{
	struct tla_eval *eval = &runner->eval;

	*saved = (struct tla_saved){ .now = eval->now,
				     .next = eval->next,
				     .own_now = runner->now,
				     .own_next = runner->next,
				     .emit = eval->emit,
				     .emit_context = eval->emit_context,
				     .action = eval->action,
				     .is_init = eval->is_init,
				     .is_acting = eval->is_acting,
				     .allows_gaps = eval->allows_gaps,
				     .base = runner->base };
	runner->now = runner->inner[0];
	runner->next = runner->inner[1];
	runner->base = tla_eval_mark(eval);
	eval->is_init = false;
	eval->is_acting = false;
	eval->allows_gaps = false;
}

void tla_runner_restore(struct tla_runner *runner, const struct tla_saved *saved)
{
	struct tla_eval *eval = &runner->eval;

	eval->now = saved->now;
	eval->next = saved->next;
	eval->emit = saved->emit;
	eval->emit_context = saved->emit_context;
	eval->action = saved->action;
	eval->is_init = saved->is_init;
	eval->is_acting = saved->is_acting;
	eval->allows_gaps = saved->allows_gaps;
	runner->now = saved->own_now;
	runner->next = saved->own_next;
	runner->base = saved->base;
}
