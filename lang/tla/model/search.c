/* SPDX-License-Identifier: MIT */
/*
 * The model as callbacks of the exploration engine. Invariant: the same state always has the same
 * successors in the same order, so that traces can be made again; whatever is random or a register
 * is the specification's own fault, as with TLC.
 */
#include "search_worker.h"

#include "identity.h"
#include "symmetry.h"

#include "../value/order.h"
#include "../value/print.h"

#include <nw/arena.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Forgetting takes a few milliseconds. */
enum { FORGET_BYTES = 64 << 20 };

/* ThreadSanitizer notes 65,536 calls a thread, and the process dies of the next one. */
#ifdef __SANITIZE_THREAD__
#define STACK_BYTES_MAX ((size_t)65536 * 32)
#else
#define STACK_BYTES_MAX SIZE_MAX
#endif

const char tla_search_failure[] = "an expression cannot be evaluated";

/* --- Contexts --- */

size_t tla_stack_bytes(void)
{
	size_t n_bytes = (size_t)1 << 20;
	pthread_attr_t attr;
	void *base;

	if (pthread_getattr_np(pthread_self(), &attr))
		return n_bytes;
	if (pthread_attr_getstack(&attr, &base, &n_bytes))
		n_bytes = (size_t)1 << 20;
	else /* of which the part above this frame is used */
		n_bytes = (size_t)((char *)__builtin_frame_address(0) - (char *)base);
	(void)pthread_attr_destroy(&attr);
	return n_bytes < STACK_BYTES_MAX ? n_bytes : STACK_BYTES_MAX;
}

static void enlist(struct tla_search_context *context)
{
	struct tla_search_context **at = &context->search->first;

	pthread_mutex_lock(&context->search->lock);
	while (*at)
		at = &(*at)->next;
	*at = context;
	pthread_mutex_unlock(&context->search->lock);
}

static void delist(struct tla_search_context *context)
{
	struct tla_search_context **at = &context->search->first;

	pthread_mutex_lock(&context->search->lock);
	while (*at && *at != context)
		at = &(*at)->next;
	if (*at)
		*at = context->next;
	pthread_mutex_unlock(&context->search->lock);
}

static void connect(struct tla_search_context *context)
{
	const struct tla_search_hooks *hooks = &context->search->hooks;
	struct tla_eval *eval = &context->runner->eval;

	eval->print = hooks->print;
	eval->print_context = hooks->context;
	eval->report = hooks->report;
	eval->set = hooks->set;
	eval->report_context = hooks->context;
}

static void search_close(void *opaque)
{
	struct tla_search_context *context = opaque;

	delist(context);
	tla_values_fini(&context->values);
	tla_identity_destroy(context->identity);
	tla_runner_destroy(context->runner);
	nw_arena_destroy(context->arena);
}

static bool has_identity(const struct tla_model *model)
{
	return model->view.fn || model->symmetry.count > 0;
}

static int search_open(void **ret_context, const void *data)
{
	struct tla_search *search = (struct tla_search *)data; /* its lock and its error */
	size_t state_bytes = search->interface.state_bytes;
	struct tla_search_context *context;
	struct nw_arena *arena;
	int err = nw_arena_create(&arena, NW_NODE_ANY, sizeof *context + 3 * state_bytes + 256, 0);

	if (err)
		return err;
	context = nw_arena_alloc(arena, sizeof *context, 64);
	context->arena = arena;
	context->search = search;
	tla_values_init(&context->values);
	context->scratch = nw_arena_alloc(arena, 3 * state_bytes + 8, 8);
	err = tla_runner_create(&context->runner, search->model, NW_NODE_ANY, tla_stack_bytes());
	if (!err && has_identity(search->model)) {
		context->identity = tla_identity_create(search);
		err = context->identity ? 0 : -ENOMEM;
	}
	if (err) {
		search_close(context);
		return err;
	}
	connect(context);
	enlist(context);
	*ret_context = context;
	return 0;
}

/* --- Failures --- */

void tla_search_take_error(struct tla_search_error *error, const struct tla_runner *runner,
			   enum tla_stage stage, tla_sym name)
{
	const struct tla_eval *eval = &runner->eval;

	(void)snprintf(error->text, sizeof error->text, "%s", eval->heap->error);
	error->at_count = eval->failed_count;
	memcpy(error->at, eval->failed_at, sizeof error->at);
	error->failure = eval->failure;
	error->stage = stage;
	error->name = name;
}

static void keep_error(struct tla_search_context *context, enum tla_stage stage, tla_sym name)
{
	struct tla_search *search = context->search;

	pthread_mutex_lock(&search->lock);
	if (!search->has_error)
		tla_search_take_error(&search->error, context->runner, stage, name);
	search->has_error = true;
	pthread_mutex_unlock(&search->lock);
}

static const char *name_of(const struct tla_search_context *context, tla_sym name)
{
	return tla_world_string_text(&context->search->model->world, name);
}

enum { STOP = 1 };

int tla_search_stop(struct tla_search_context *context, enum tla_stage stage, tla_sym name,
		    const tla_value *state)
{
	keep_error(context, stage, name);
	(void)nw_emit_fault(context->emit, NW_FAULT_ERROR, tla_search_failure, state,
			    context->search->interface.state_bytes);
	return STOP;
}

/* 0 where the search goes on. TLC goes on after all violations but those of initial states'
 * properties. */
static int tell_violation(struct tla_search_context *context, enum tla_stage stage, tla_sym name,
			  const tla_value *state)
{
	bool is_final = stage == TLA_AT_PROPERTY && !context->from;

	return nw_emit_fault(context->emit, is_final ? NW_FAULT_FINAL : NW_FAULT_VIOLATION,
			     name_of(context, name), state, context->search->interface.state_bytes)
		       ? 0
		       : STOP;
}

/* --- Successors --- */

/* All formulas of a list hold of a state, or of a step where from is given. 1, 0 and the one that
 * does not in *ret_failed, or -1 likewise. */
static int all_hold(struct tla_search_context *context, const struct tla_formulas *list,
		    const tla_value *from, const tla_value *state,
		    const struct tla_formula **ret_failed)
{
	for (uint32_t i = 0; i < list->count; i++) {
		enum tla_verdict verdict;

		context->runner->eval.level = context->depth + !from;
		verdict = from ? tla_run_step(context->runner, &list->at[i], from, state)
			       : tla_run_state(context->runner, &list->at[i], state);
		context->runner->eval.level = context->depth;
		*ret_failed = &list->at[i];
		if (verdict != TLA_HOLDS)
			return (int)verdict;
	}
	return 1;
}

/* 0; STOP: the engine was told. */
static int check(struct tla_search_context *context, enum tla_stage stage,
		 const struct tla_formulas *list, const tla_value *from, const tla_value *state)
{
	const struct tla_formula *failed;
	int holds = all_hold(context, list, from, state, &failed);

	if (holds == 1)
		return 0;
	return holds < 0 ? tla_search_stop(context, stage, failed->name, state)
			 : tell_violation(context, stage, failed->name, state);
}

/* How many states each lets pass, how many not. Those after one that fails are not asked. */
static bool count_list(struct tla_search_context *context, const struct tla_formulas *list,
		       const struct tla_formula *failed)
{
	for (uint32_t i = 0; i < list->count; i++) {
		bool has_failed = &list->at[i] == failed;

		if (list->at[i].root)
			tla_cover_add(context->runner->eval.cover,
				      list->at[i].root->count_idx + has_failed, 1);
		if (has_failed)
			return false;
	}
	return true;
}

static void count_constraints(struct tla_search_context *context, const struct tla_formula *failed)
{
	const struct tla_model *model = context->search->model;

	if (count_list(context, &model->constraints, failed) && context->from)
		(void)count_list(context, &model->action_constraints, failed);
}

/* Whether a state is to be explored: 1, 0, or -1: the engine was told. */
static int is_in_model(struct tla_search_context *context, const tla_value *state)
{
	const struct tla_model *model = context->search->model;
	const struct tla_formula *failed;
	int holds = all_hold(context, &model->constraints, NULL, state, &failed);

	if (holds == 1 && context->from)
		holds = all_hold(context, &model->action_constraints, context->from, state,
				 &failed);
	if (holds < 0) {
		nw_emit_drop(context->emit); /* it was made */
		(void)tla_search_stop(context, TLA_AT_CONSTRAINT, failed->name, state);
	} else if (context->runner->eval.cover) {
		count_constraints(context, holds ? NULL : failed);
	}
	return holds;
}

/* Invariants of what is no state of the search are looked at here, of others by the engine. */
static int hand_on(struct tla_search_context *context, const tla_value *state, bool is_in)
{
	const struct tla_model *model = context->search->model;

	if (is_in)
		return nw_emit(context->emit, state, context->search->interface.state_bytes) ? 0
											     : STOP;
	nw_emit_drop(context->emit);
	return check(context, TLA_AT_INVARIANT, &model->invariants, NULL, state);
}

/* The state first, then the step: TLC counts the state that a step at fault leads to. */
static int take_state(struct tla_search_context *context, const tla_value *state)
{
	const struct tla_model *model = context->search->model;
	int is_in;

	tla_search_drop_composed(context);
	is_in = is_in_model(context, state);
	if (is_in < 0 || hand_on(context, state, is_in))
		return STOP;
	/* As TLC, whose simulations do not look at properties of initial states. */
	if (!context->from && model->world.mode)
		return 0;
	return check(context, TLA_AT_PROPERTY,
		     context->from ? &model->implied_actions : &model->implied_inits, context->from,
		     state);
}

/* Formulas are evaluated while an action is: they have their own states. */
int tla_search_take(struct tla_eval *eval, void *opaque)
{
	struct tla_search_context *context = opaque;
	uint32_t count = context->search->model->world.var_count;
	struct tla_saved saved;
	int result;

	memcpy(context->scratch, eval->is_init ? eval->now : eval->next,
	       count * sizeof *context->scratch);
	if (eval->cover)
		context->scratch[count] = eval->is_init ? UINT64_MAX : eval->cover->root_idx;
	tla_runner_save(context->runner, &saved);
	result = take_state(context, context->scratch);
	tla_runner_restore(context->runner, &saved);
	return result;
}

/* At the end of the first level every worker comes here before any goes on. */
static void tell_initial(struct tla_search *search)
{
	pthread_mutex_lock(&search->lock);
	if (!search->has_initial && !search->has_error && search->hooks.initial)
		search->hooks.initial(search->hooks.context);
	search->has_initial = true;
	pthread_mutex_unlock(&search->lock);
}

/* A state that lacks values, or has one that no state can hold, was made all the same. */
void tla_search_stop_action(struct tla_search_context *context, enum tla_stage stage)
{
	tla_search_drop_composed(context);
	if (context->runner->eval.has_state_failed)
		nw_emit_drop(context->emit);
	(void)tla_search_stop(context, stage, TLA_NO_SYM, NULL);
}

static void search_level(void *opaque, uint32_t depth)
{
	struct tla_search_context *context = opaque;

	if (depth == 1)
		tell_initial(context->search);

	context->depth = depth;
	context->runner->eval.level = depth;
}

static void search_init(void *opaque, struct nw_emit *emit)
{
	struct tla_search_context *context = opaque;

	context->emit = emit;
	context->from = NULL;
	if (tla_run_init(context->runner, tla_search_take, context) < 0)
		tla_search_stop_action(context, TLA_AT_INIT);
}

static void search_next(void *opaque, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	struct tla_search_context *context = opaque;

	context->emit = emit;
	context->from = tla_search_aligned(context, 1, state, n_bytes);
	if (tla_run_next(context->runner, context->from, tla_search_take, context) < 0)
		tla_search_stop_action(context, TLA_AT_NEXT);
	tla_search_drop_composed(context);
}

/* A state that is new; as TLC, only where a step leads there. The action has found it even where
 * it breaks an invariant; the variables' values are those of states that are explored. */
static void count_state(struct tla_search_context *context, const tla_value *values, bool is_good)
{
	uint32_t var_count = context->search->model->world.var_count;

	if (!context->runner->eval.cover || values[var_count] == UINT64_MAX)
		return;
	tla_cover_add(context->runner->eval.cover, (uint32_t)values[var_count] + 1, 1);
	if (is_good)
		tla_values_add(&context->values, values, var_count);
}

static void keep_view_error(struct tla_search_context *context)
{
	keep_error(context, TLA_AT_VIEW, context->search->model->view.name);
	atomic_store(&context->search->has_view_failed, true);
}

/* The engine cannot be told where it asks for the identity. */
static bool has_no_view(struct tla_search_context *context, const tla_value *values)
{
	struct tla_runner *runner = context->runner;
	bool has_none;

	if (!atomic_load(&context->search->has_view_failed))
		return false;
	runner->eval.level = context->depth + 1;
	has_none = !tla_run_value(runner, &context->search->model->view, values, NULL);
	runner->eval.level = context->depth;
	tla_runner_cut(runner);
	return has_none;
}

static const char *search_invariant(void *opaque, const uint8_t *state, size_t n_bytes)
{
	struct tla_search_context *context = opaque;
	const tla_value *values = tla_search_aligned(context, 2, state, n_bytes);
	const struct tla_formula *failed;
	int holds = all_hold(context, &context->search->model->invariants, NULL, values, &failed);

	count_state(context, values, holds == 1);
	if (holds == 1)
		return has_no_view(context, values) ? tla_search_failure : NULL;
	if (holds == 0)
		return name_of(context, failed->name);
	keep_error(context, TLA_AT_INVARIANT, failed->name);
	return tla_search_failure;
}

static uint64_t search_identity(void *opaque, const uint8_t *state, size_t n_bytes)
{
	struct tla_search_context *context = opaque;
	const struct tla_model *model = context->search->model;
	const tla_value *values = tla_search_aligned(context, 2, state, n_bytes);
	struct tla_runner *runner = context->runner;
	uint64_t identity = 0;
	tla_value view;

	if (!has_identity(model)) /* its bytes say more than its variables */
		return tla_search_contents(values, model->world.var_count);
	if (!model->view.fn)
		return tla_identity_of(context->identity, values, model->world.var_count);
	runner->eval.level = context->depth + 1;
	view = tla_run_value(runner, &model->view, values, NULL);
	runner->eval.level = context->depth;
	if (view)
		view = tla_store(runner->eval.keeper, runner->eval.heap, view);
	if (view)
		identity = tla_identity_of(context->identity, &view, 1);
	else /* 0: the first of these is new, and looked at as such: has_no_view() */
		keep_view_error(context);
	tla_runner_cut(runner);
	return identity;
}

/* --- Printing --- */

static void search_print(void *opaque, const uint8_t *state, size_t n_bytes, char *text,
			 size_t text_bytes)
{
	struct tla_search_context *context = opaque;
	const struct tla_world *world = &context->search->model->world;
	const tla_value *values = tla_search_aligned(context, 2, state, n_bytes);
	size_t at = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < world->var_count && at + 1 < text_bytes; i++) {
		int n = snprintf(text + at, text_bytes - at, "%s/\\ %s = ", i ? "\n" : "",
				 tla_world_string_text(world, world->vars[i]));

		at += (size_t)n < text_bytes - at ? (size_t)n : text_bytes - at - 1;
		at += tla_print(context->runner->eval.heap, values[i], text + at, text_bytes - at);
	}
}

/* --- After the search --- */

const struct tla_registers *tla_search_registers(const struct tla_search *search,
						 uint32_t worker_idx)
{
	const struct tla_search_context *at = search->first;

	while (at && worker_idx-- > 0)
		at = at->next;
	return at ? &at->runner->eval.registers : NULL;
}

void tla_search_stored(const struct tla_search *search, uint64_t *ret_count, uint64_t *ret_bytes)
{
	const struct tla_keeper *keeper = search->model->keeper;

	*ret_count = keeper->stored_count;
	*ret_bytes = keeper->stored_bytes + tla_store_table_bytes(search->model->world.store);
	for (const struct tla_search_context *at = search->first; at; at = at->next) {
		*ret_count += at->runner->eval.keeper->stored_count;
		*ret_bytes += at->runner->eval.keeper->stored_bytes;
	}
}

void tla_search_counts(struct tla_search *search, uint64_t *inout_sums)
{
	uint32_t count = search->model->cover.count_count;

	pthread_mutex_lock(&search->lock);
	for (const struct tla_search_context *at = search->first; at; at = at->next)
		for (uint32_t i = 0; i < count; i++)
			/* relaxed: a statistic. */
			inout_sums[i] += atomic_load_explicit(&at->runner->eval.cover->counts[i],
							      memory_order_relaxed);
	pthread_mutex_unlock(&search->lock);
}

void tla_search_values(struct tla_search *search, struct tla_values *values)
{
	pthread_mutex_lock(&search->lock);
	for (struct tla_search_context *at = search->first; at; at = at->next)
		tla_values_gather(values, &at->values);
	pthread_mutex_unlock(&search->lock);
}

/* --- Making a search --- */

static int find_group(struct tla_search *search)
{
	struct tla_runner *runner;
	int err = tla_runner_create(&runner, search->model, NW_NODE_ANY, tla_stack_bytes());

	if (err)
		return err;
	err = tla_symmetry(runner, &search->perms, &search->perm_count, &search->perm_width);
	if (err == -EINVAL)
		tla_search_take_error(&search->error, runner, TLA_AT_VIEW, TLA_NO_SYM);
	tla_runner_destroy(runner);
	return err;
}

int tla_search_init(struct tla_search *search, const struct tla_model *model)
{
	*search = (struct tla_search){ .model = model, .forget_bytes = FORGET_BYTES };
	pthread_mutex_init(&search->lock, NULL);
	search->interface = (struct nw_model){
		.abi = NW_MODEL_ABI,
		.name = "tla",
		.about = "a TLA+ specification",
		.parameters = "",
		.state_bytes = (model->world.var_count + model->is_counted) *
			       (uint32_t)sizeof(tla_value),
		.flags = model->config.no_deadlock ? NW_MODEL_MAY_END : 0,
		.open = search_open,
		.close = search_close,
		.init = search_init,
		.next = search_next,
		.invariant = model->invariants.count > 0 || model->is_counted || model->view.fn
				     ? search_invariant
				     : NULL,
		.identity = has_identity(model) || model->is_counted ? search_identity : NULL,
		.print = search_print,
		.level = search_level,
		.part_count = tla_search_part_count,
		.next_part = tla_search_next_part,
		.part_name = tla_search_part_name,
		.walk = tla_search_walk,
		.is_full = tla_search_is_full,
		.forget = tla_search_forget,
		.failure = tla_search_failure,
	};
	return model->symmetry.count > 0 ? find_group(search) : 0;
}

void tla_search_fini(struct tla_search *search)
{
	pthread_mutex_destroy(&search->lock);
}
