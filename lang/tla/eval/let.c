/* SPDX-License-Identifier: MIT */
/*
 * LET to code. A definition without parameters is a thunk in a slot of the function around it;
 * other definitions are found by their names, and compiled when they are used.
 */
#include "reference.h"

#include "cover.h"
#include "nodes.h"

static bool defines_thunk(const struct tla_unit *unit)
{
	return unit->kind == TLA_U_FUNCTION ||
	       (unit->kind == TLA_U_OPERATOR && unit->op.param_count == 0);
}

/* An operator, a function or an instance that is found later by its name. */
static struct tla_scope *let_definition(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_unit *unit)
{
	bool is_instance = unit->kind == TLA_U_INSTANCE, is_fcn = unit->kind == TLA_U_FUNCTION;
	struct tla_scope *scope = tla_scope_push(compiler, env->scope,
						 is_instance ? TLA_N_INSTANCE
						 : is_fcn    ? TLA_N_FUNCTION
							     : TLA_N_OPERATOR,
						 unit->name.sym);

	if (!scope)
		return NULL;
	scope->entity.unit = unit;
	scope->entity.span = unit->span;
	scope->entity.arity = is_instance ? unit->instance.param_count
			      : is_fcn    ? 0
					  : unit->op.param_count;
	scope->entity.context = env->context;
	scope->entity.scope = scope; /* it may be recursive */
	scope->entity.home = env->builder;
	return scope;
}

bool tla_bind_let_texts(struct tla_compiler *compiler, struct tla_env *env,
			const struct tla_expr *let)
{
	for (uint32_t i = 0; i < let->let.unit_count; i++) {
		if (let->let.units[i]->kind == TLA_U_RECURSIVE)
			continue; /* the definition follows */
		env->scope = let_definition(compiler, env, let->let.units[i]);
		if (!env->scope)
			return false;
	}
	return true;
}

/* A LET definition without parameters: a thunk in a slot of this function. */
static struct tla_code *let_thunk(struct tla_compiler *compiler, struct tla_env *env,
				  const struct tla_unit *unit, uint32_t slot)
{
	struct tla_scope *scope = tla_scope_push(compiler, env->scope, TLA_N_SLOT, unit->name.sym);
	struct tla_fn *fn = tla_piece_of(compiler, sizeof *fn);
	struct tla_env inner = env->way == TLA_COVER_SPLIT ? tla_cover_apart(env) : *env;
	struct tla_code *code;

	if (!scope || !fn)
		return NULL;
	scope->entity.unit = unit;
	scope->entity.slot = slot;
	scope->entity.is_let = true;
	scope->entity.context = env->context;
	scope->entity.scope = env->scope;
	scope->entity.home = env->builder;
	scope->entity.fn = fn; /* for its level only */
	scope->entity.compiled = TLA_COMPILING;
	if (unit->kind == TLA_U_FUNCTION) {
		inner.scope = scope;
		inner = tla_cover_part(compiler, &inner, unit, unit->span);
	}
	code = unit->kind == TLA_U_FUNCTION
		       ? tla_compile_fcn(compiler, &inner, unit->fcn.bounds, unit->fcn.bound_count,
					 unit->fcn.body, unit->span)
		       : tla_compile(compiler, &inner, unit->op.body);
	if (!code)
		return NULL;
	/* Remembering results costs little where it is not needed: the thunk keeps the function. */
	if (unit->kind == TLA_U_FUNCTION) {
		bool is_counted = inner.spot && scope->entity.is_self_referenced;

		/* TLC remembers no results, and evaluates as a whole what is not recursive. */
		code->eval = is_counted ? tla_ev_fcn_lazy : tla_ev_fcn;
		code->flag = !inner.spot;
		code->b = slot + 1;
		code = tla_cover_counted(compiler, &inner, code);
	}
	if (!code)
		return NULL;
	fn->level = (enum tla_level)code->level;
	scope->entity.is_inline = code->level >= TLA_ACTION;
	scope->entity.compiled = TLA_COMPILED;
	env->scope = scope;
	return code;
}

/* Where evaluations are counted; see either(). */
static bool open_let(struct tla_compiler *compiler, const struct tla_expr *expr,
		     struct tla_code *code)
{
	uint32_t *open = tla_piece_of(compiler, (code->count + 1) * sizeof *open), slot = code->a;

	if (!open)
		return false;
	for (uint32_t i = 0; i < expr->let.unit_count; i++) {
		const struct tla_unit *unit = expr->let.units[i];

		if (!defines_thunk(unit))
			continue;
		if (unit->kind == TLA_U_OPERATOR)
			open[code->b++] = slot;
		slot++;
	}
	code->vars = open;
	code->act = TLA_ACT_LET_OPEN;
	return true;
}

struct tla_code *tla_compile_let(struct tla_compiler *compiler, const struct tla_env *env,
				 const struct tla_expr *expr)
{
	struct tla_env inner = *env;
	uint32_t thunks = 0, k = 0;
	struct tla_code *code;

	for (uint32_t i = 0; i < expr->let.unit_count; i++)
		thunks += defines_thunk(expr->let.units[i]);
	code = tla_code_new(compiler, tla_ev_let, expr->span, thunks + 1);
	if (!code)
		return NULL;
	code->act = TLA_ACT_LET;
	code->a = tla_slots(env, thunks);
	for (uint32_t i = 0; i < expr->let.unit_count; i++) {
		const struct tla_unit *unit = expr->let.units[i];

		if (unit->kind == TLA_U_RECURSIVE)
			continue; /* the definition follows */
		if (defines_thunk(unit)) {
			code->args[k] = let_thunk(compiler, &inner, unit, code->a + k);
			if (!code->args[k++])
				return NULL;
			continue;
		}
		inner.scope = let_definition(compiler, &inner, unit);
		if (!inner.scope)
			return NULL;
	}
	code->args[thunks] = tla_compile(compiler, &inner, expr->let.body);
	if (code->args[thunks])
		code->level = code->args[thunks]->level;
	if (!code->args[thunks] ||
	    (compiler->cover && !env->is_enabled && !open_let(compiler, expr, code)))
		return NULL;
	return code;
}
