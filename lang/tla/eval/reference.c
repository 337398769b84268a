/* SPDX-License-Identifier: MIT */
/*
 * Names to code: constants, variables, local names, what an instance substitutes, paths A!B!op.
 * Definitions are in definition.c.
 */
#include "reference.h"

#include "cover.h"
#include "nodes.h"

static struct tla_code *wrong_count(struct tla_compiler *compiler, const struct tla_entity *entity,
				    const struct tla_expr *at, uint32_t arg_count)
{
	tla_compile_error(compiler, at->span, "%s takes %u arguments, not %u",
			  tla_text(compiler, entity->sym), entity->arity, arg_count);
	return NULL;
}

static struct tla_code *constant_value(struct tla_compiler *compiler,
				       const struct tla_entity *entity, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_value, at->span, 0);

	if (!entity->value) {
		tla_compile_error(compiler, at->span,
				  "the constant %s has no value: give it one in the configuration, "
				  "as in CONSTANT %s = 3",
				  tla_text(compiler, entity->sym), tla_text(compiler, entity->sym));
		return NULL;
	}
	if (code)
		code->value = entity->value;
	return code;
}

/* All arguments are those of a row. */
static struct tla_code *is_row(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_row *row, const struct tla_expr *at,
			       struct tla_expr *const *args, uint32_t count)
{
	struct tla_code *all = tla_code_new(compiler, tla_ev_and, at->span, count);

	for (uint32_t i = 0; all && i < count; i++) {
		struct tla_code *one = tla_code_new(compiler, tla_ev_eq, at->span, 2);

		if (!one)
			return NULL;
		one->args[0] = tla_compile(compiler, env, args[i]);
		one->args[1] = tla_compile_value(compiler, row->args[i], at->span);
		all->args[i] = tla_code_leveled(one);
	}
	return tla_code_leveled(all);
}

/* An operator that is given by its values: CASE a = v /\ b = w -> value [] ... */
static struct tla_code *table_value(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_entity *entity, const struct tla_expr *at,
				    struct tla_expr *const *args)
{
	struct tla_code *code;
	uint32_t count = 0;

	for (const struct tla_row *row = entity->rows; row; row = row->next)
		count += 2;
	code = tla_code_new(compiler, tla_ev_case, at->span, count);
	count = 0;
	for (const struct tla_row *row = entity->rows; code && row; row = row->next) {
		code->args[count++] = is_row(compiler, env, row, at, args, entity->arity);
		code->args[count++] = tla_compile_value(compiler, row->value, at->span);
	}
	return tla_code_leveled(code);
}

static struct tla_code *variable(struct tla_compiler *compiler, uint32_t var_idx,
				 const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_now, at->span, 0);

	if (code) {
		code->a = var_idx;
		code->level = TLA_STATE;
	}
	return code;
}

/* --- Local names --- */

struct tla_code *tla_compile_slot(struct tla_compiler *compiler, const struct tla_env *env,
				  const struct tla_entity *entity, const struct tla_expr *at,
				  struct tla_expr *const *args, uint32_t arg_count)
{
	struct tla_code *code = tla_code_new(
		compiler, arg_count > 0 ? tla_ev_call_slot : tla_ev_slot, at->span, arg_count);

	if (!code)
		return NULL;
	code->a = entity->slot;
	code->b = tla_frames_up(env, entity->home);
	if (arg_count == 0)
		code->act = TLA_ACT_SLOT;
	if (entity->is_let)
		code->level = (uint8_t)entity->fn->level;
	if (entity->is_param && env->in_prime) {
		code->level = TLA_STATE;
		entity->home->fn->primes_params = true;
	}
	return tla_compile_args(compiler, env, NULL, code, args) ? tla_code_leveled(code) : NULL;
}

/* Where evaluations are counted: as a part of an action TLC evaluates the text each time. */
static struct tla_code *either(struct tla_compiler *compiler, const struct tla_env *env,
			       struct tla_entity *entity, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_either, at->span, 2);

	if (!code)
		return NULL;
	code->act = TLA_ACT_EITHER;
	code->args[0] = tla_compile_slot(compiler, env, entity, at, NULL, 0);
	code->args[1] = tla_expand(compiler, env, entity, at, NULL);
	return tla_code_leveled(code);
}

/* A LET definition without parameters: its thunk, or its text where the thunk would be wrong. */
static struct tla_code *let_name(struct tla_compiler *compiler, const struct tla_env *env,
				 struct tla_entity *entity, const struct tla_expr *at)
{
	bool needs_text;

	if (entity->compiled == TLA_COMPILING)
		entity->is_self_referenced = true;
	needs_text = entity->is_inline || (env->in_prime && entity->fn->level >= TLA_STATE);

	if (entity->kind != TLA_N_SLOT || entity->unit->kind != TLA_U_OPERATOR ||
	    entity->compiled != TLA_COMPILED)
		return tla_compile_slot(compiler, env, entity, at, NULL, 0);
	if (needs_text)
		return tla_expand(compiler, env, entity, at, NULL);
	return compiler->cover ? either(compiler, env, entity, at)
			       : tla_compile_slot(compiler, env, entity, at, NULL, 0);
}

/* Of an argument that is counted: see count_args(). */
static struct tla_code *argument_thunk(struct tla_compiler *compiler, const struct tla_env *env,
				       const struct tla_entity *entity, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_slot, at->span, 0);

	if (!code)
		return NULL;
	code->a = entity->thunk_slot;
	code->b = tla_frames_up(env, entity->home);
	code->act = TLA_ACT_SLOT;
	code->level = entity->thunk_level;
	return code;
}

static bool is_of_language(const struct tla_expr *expr)
{
	return expr->kind == TLA_E_APPLY && !expr->apply.path && expr->apply.sym < TLA_OP_COUNT &&
	       tla_op_is_builtin((enum tla_op)expr->apply.sym);
}

/* F(a) where the parameter F stands for an operator of the language: as if that were written. */
static struct tla_code *apply_of_language(struct tla_compiler *compiler, const struct tla_env *env,
					  const struct tla_expr *op, const struct tla_expr *at,
					  struct tla_expr *const *args, uint32_t arg_count)
{
	struct tla_expr *whole = tla_piece_of(compiler, sizeof *whole);

	if (!whole)
		return NULL;
	*whole = *op;
	whole->span = at->span;
	whole->apply.args = (struct tla_expr **)args; /* only read */
	whole->apply.arg_count = arg_count;
	return tla_compile(compiler, env, whole);
}

/* An expression of another place; applied, if it is an operator. */
static struct tla_code *substituted(struct tla_compiler *compiler, const struct tla_env *env,
				    struct tla_entity *entity, const struct tla_expr *at,
				    struct tla_expr *const *args, uint32_t arg_count)
{
	struct tla_env there = *env;
	struct tla_entity *target;

	if (env->in_prime && tla_own_variable(compiler, env, entity))
		return variable(compiler, entity->own_idx - 1, at);
	if (entity->has_thunk && !env->in_prime)
		return argument_thunk(compiler, env, entity, at);
	there.context = entity->context;
	there.scope = entity->scope;
	if (!entity->group)
		there.enabled_in = entity->enabled_in;
	if (entity->is_argument) {
		there.spot = entity->spot;
		there.spot_rank = TLA_SPOT_OPERAND;
	} else {
		tla_cover_leave(&there, entity);
	}
	if (arg_count == 0)
		return tla_compile(compiler, &there, entity->expr);
	if (entity->expr->kind == TLA_E_LAMBDA || tla_is_part(compiler, &there, entity->expr)) {
		struct tla_code *code = tla_code_new(compiler, tla_ev_call, at->span, arg_count);
		struct tla_code *lambda = tla_compile_operator(compiler, &there, entity->expr,
							       arg_count);

		if (!code || !lambda)
			return NULL;
		code->act = TLA_ACT_CALL;
		code->fn = lambda->fn;
		code->b = lambda->b;
		code->level = lambda->level;
		return tla_compile_args(compiler, env, NULL, code, args) ? tla_code_leveled(code)
									 : NULL;
	}
	if (is_of_language(entity->expr))
		return apply_of_language(compiler, env, entity->expr, at, args, arg_count);
	target = tla_resolve(compiler, &there, entity->expr);
	return target ? tla_compile_reference(compiler, env, target, at, args, arg_count) : NULL;
}

struct tla_code *tla_compile_reference(struct tla_compiler *compiler, const struct tla_env *env,
				       struct tla_entity *entity, const struct tla_expr *at,
				       struct tla_expr *const *args, uint32_t arg_count)
{
	bool is_replaced = entity->override != NULL;

	while (entity->override)
		entity = entity->override;
	if (entity->arity != arg_count)
		return wrong_count(compiler, entity, at, arg_count);
	switch (entity->kind) {
	case TLA_N_CONSTANT:
		return entity->rows ? table_value(compiler, env, entity, at, args)
				    : constant_value(compiler, entity, at);
	case TLA_N_VARIABLE:
		return variable(compiler, entity->var_idx, at);
	case TLA_N_OPERATOR:
	case TLA_N_FUNCTION:
	case TLA_N_FACT:
		return tla_compile_definition(compiler, env, entity, at, args, is_replaced);
	case TLA_N_SLOT:
		if (entity->is_let)
			return let_name(compiler, env, entity, at);
		return tla_compile_slot(compiler, env, entity, at, args, arg_count);
	case TLA_N_SUBST:
		return substituted(compiler, env, entity, at, args, arg_count);
	case TLA_N_INSTANCE:
		break;
	}
	tla_compile_error(compiler, at->span, "%s is an instance of a module, not an operator",
			  tla_text(compiler, entity->sym));
	return NULL;
}

/* --- Paths --- */

struct tla_context *tla_instance_context(struct tla_compiler *compiler, const struct tla_env *env,
					 struct tla_entity *entity, const struct tla_selector *at)
{
	struct tla_env there = { .context = entity->context,
				 .scope = entity->scope,
				 .builder = entity->home ? entity->home : env->builder };
	struct tla_context *context;

	if (entity->kind != TLA_N_INSTANCE || entity->arity != at->arg_count) {
		tla_compile_error(compiler, at->span,
				  entity->kind == TLA_N_INSTANCE
					  ? "the instance %s takes another number of arguments"
					  : "%s is not an instance of a module",
				  tla_text(compiler, at->sym));
		return NULL;
	}
	if (entity->instance)
		return entity->instance;
	context = tla_instantiate(compiler, entity->unit, &there, at->args, env);
	if (entity->arity == 0)
		entity->instance = context;
	return context;
}

struct tla_entity *tla_resolve(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr)
{
	struct tla_context *context = NULL;
	const struct tla_path *path = expr->apply.path;
	struct tla_entity *entity;

	for (uint32_t i = 0; path && i < path->count; i++) {
		const struct tla_selector *at = &path->parts[i];

		entity = context ? tla_context_find(context, at->sym) : tla_look_up(env, at->sym);
		if (!entity) {
			tla_compile_error(compiler, at->span, "unknown instance %s",
					  tla_text(compiler, at->sym));
			return NULL;
		}
		context = tla_instance_context(compiler, env, entity, at);
		if (!context)
			return NULL;
	}
	entity = context ? tla_context_find(context, expr->apply.sym)
			 : tla_look_up(env, expr->apply.sym);
	if (!entity)
		tla_compile_error(compiler, expr->apply.name_span, "unknown operator %s",
				  tla_text(compiler, expr->apply.sym));
	return entity;
}
