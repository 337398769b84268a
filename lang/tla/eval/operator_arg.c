/* SPDX-License-Identifier: MIT */
/* Operators as arguments to code: names, operator signs, LAMBDA. */
#include "reference.h"

#include "cover.h"
#include "nodes.h"

/* A function for a LAMBDA, with its own parameters. */
static struct tla_code *lambda(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr, uint32_t arity)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_operator, expr->span, 0);
	struct tla_fn *fn = tla_piece_of(compiler, sizeof *fn);
	struct tla_builder builder = { env->builder, fn, env->builder->depth + 1 };
	struct tla_env inner = *env;

	if (!code || !fn)
		return NULL;
	if (expr->lambda.param_count != arity) {
		tla_compile_error(compiler, expr->span,
				  "a LAMBDA of %u parameters where an operator of %u is needed",
				  expr->lambda.param_count, arity);
		return NULL;
	}
	inner.builder = &builder;
	fn->span = expr->span;
	fn->param_count = arity;
	fn->slot_count = arity;
	for (uint32_t i = 0; i < arity; i++) {
		struct tla_scope *scope = tla_scope_push(compiler, inner.scope, TLA_N_SLOT,
							 expr->lambda.params[i].sym);

		if (!scope)
			return NULL;
		scope->entity.slot = i;
		scope->entity.is_param = true;
		scope->entity.home = &builder;
		inner.scope = scope;
	}
	fn->body = tla_compile(compiler, &inner, expr->lambda.body);
	if (!fn->body)
		return NULL;
	fn->level = fn->body->level;
	code->fn = fn;
	code->b = 0;
	code->level = (uint8_t)fn->level;
	return code;
}

enum { WRAPPED_MAX = 8 };

/* Parameters that nobody can have written, and uses of them. */
static bool make_params(struct tla_compiler *compiler, const struct tla_expr *expr, uint32_t arity,
			struct tla_name *ret_params, struct tla_expr **ret_args)
{
	static const char names[WRAPPED_MAX][3] = {
		"$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8"
	};

	for (uint32_t i = 0; i < arity; i++) {
		if (i == WRAPPED_MAX)
			return false;
		ret_args[i] = tla_piece_of(compiler, sizeof *ret_args[i]);
		ret_params[i].sym = tla_symbol(compiler->spec->symbols, names[i], 2);
		if (!ret_args[i])
			return false;
		*ret_args[i] = (struct tla_expr){ .kind = TLA_E_APPLY, .span = expr->span };
		ret_args[i]->apply.sym = ret_params[i].sym;
	}
	return true;
}

static struct tla_code *lambda_of(struct tla_compiler *compiler, const struct tla_env *env,
				  struct tla_name *params, uint32_t arity, struct tla_expr *body)
{
	struct tla_expr whole = { .kind = TLA_E_LAMBDA, .span = body->span };
	struct tla_env there = tla_cover_apart(env);

	whole.lambda.params = params;
	whole.lambda.param_count = arity;
	whole.lambda.body = body;
	return lambda(compiler, &there, &whole, arity);
}

/* A function around an operator that has none of its own: of the language, or in C. */
static struct tla_code *wrap(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_expr *expr, uint32_t arity)
{
	struct tla_name params[WRAPPED_MAX] = { 0 };
	struct tla_expr *args[WRAPPED_MAX], body = *expr;

	if (!make_params(compiler, expr, arity, params, args))
		return NULL;
	body.apply.args = args;
	body.apply.arg_count = arity;
	return lambda_of(compiler, env, params, arity, &body);
}

/* The same around a part of a definition: Op!@!lab. */
static struct tla_code *wrap_part(struct tla_compiler *compiler, const struct tla_env *env,
				  const struct tla_expr *expr, uint32_t arity)
{
	struct tla_name params[WRAPPED_MAX] = { 0 };
	struct tla_expr *args[WRAPPED_MAX], *body;

	if (!make_params(compiler, expr, arity, params, args))
		return NULL;
	body = tla_subexpr_of(compiler, env, expr, args, arity);
	return body ? lambda_of(compiler, env, params, arity, body) : NULL;
}

static struct tla_code *operator_of(struct tla_compiler *compiler, const struct tla_env *env,
				    struct tla_entity *entity, const struct tla_expr *expr,
				    uint32_t arity)
{
	struct tla_code *code;

	while (entity->override)
		entity = entity->override;
	if (entity->arity != arity) {
		tla_compile_error(compiler, expr->span,
				  "%s has %u parameters where an operator of %u is needed",
				  tla_text(compiler, entity->sym), entity->arity, arity);
		return NULL;
	}
	if (entity->kind == TLA_N_SUBST) {
		struct tla_env there = *env;

		there.context = entity->context;
		there.scope = entity->scope;
		if (entity->is_argument)
			there.spot = entity->spot;
		return tla_compile_operator(compiler, &there, entity->expr, arity);
	}
	if (entity->kind == TLA_N_SLOT)
		return tla_compile_slot(compiler, env, entity, expr, NULL, 0);
	if (entity->native || entity->kind != TLA_N_OPERATOR)
		return wrap(compiler, env, expr, arity);
	if (entity->compiled != TLA_COMPILING && !tla_define(compiler, entity))
		return NULL;
	if (entity->compiled == TLA_COMPILING)
		entity->is_self_referenced = true;
	code = tla_code_new(compiler, tla_ev_operator, expr->span, 0);
	if (!code)
		return NULL;
	code->fn = entity->compiled == TLA_COMPILING ? entity->fn
						     : tla_function_of(compiler, env, entity);
	if (!code->fn)
		return NULL;
	code->b = tla_frames_up(env, entity->home);
	code->level = (uint8_t)entity->fn->level;
	return code;
}

struct tla_code *tla_compile_operator(struct tla_compiler *compiler, const struct tla_env *env,
				      const struct tla_expr *expr, uint32_t arity)
{
	struct tla_entity *entity;

	if (expr->kind == TLA_E_LAMBDA)
		return lambda(compiler, env, expr, arity);
	if (tla_is_part(compiler, env, expr))
		return wrap_part(compiler, env, expr, arity);
	if (expr->kind != TLA_E_APPLY || expr->apply.arg_count > 0) {
		tla_compile_error(compiler, expr->span,
				  "an operator of %u parameters is needed here", arity);
		return NULL;
	}
	if (!expr->apply.path && expr->apply.sym < TLA_OP_COUNT &&
	    tla_op_is_builtin((enum tla_op)expr->apply.sym))
		return wrap(compiler, env, expr, arity);
	entity = tla_resolve(compiler, env, expr);
	return entity ? operator_of(compiler, env, entity, expr, arity) : NULL;
}
