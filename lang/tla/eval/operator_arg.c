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

/* A function around an operator that has none of its own: of the language, or in C. */
static struct tla_code *wrap(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_expr *expr, uint32_t arity)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	struct tla_name params[8];
	struct tla_expr *args[8];
	struct tla_expr body = *expr, whole = { .kind = TLA_E_LAMBDA, .span = expr->span };
	struct tla_env there = tla_cover_apart(env);

	if (arity > 8)
		return NULL;
	for (uint32_t i = 0; i < arity; i++) {
		args[i] = tla_piece_of(compiler, sizeof *args[i]);
		params[i].sym = tla_symbol(compiler->spec->symbols, names[i], 1);
		if (!args[i])
			return NULL;
		*args[i] = (struct tla_expr){ .kind = TLA_E_APPLY, .span = expr->span };
		args[i]->apply.sym = params[i].sym;
	}
	body.apply.args = args;
	body.apply.arg_count = arity;
	whole.lambda.params = params;
	whole.lambda.param_count = arity;
	whole.lambda.body = &body;
	return lambda(compiler, &there, &whole, arity);
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
