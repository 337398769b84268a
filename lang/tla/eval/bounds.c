/* SPDX-License-Identifier: MIT */
/* Expressions with bound names to code: quantifiers, CHOOSE, sets and functions by a rule. */
#include "compile.h"
#include "cover.h"
#include "nodes.h"

/* A bound name in a slot. NULL: no memory. */
struct tla_scope *tla_bind_slot(struct tla_compiler *compiler, const struct tla_env *env,
				tla_sym sym, uint32_t slot)
{
	struct tla_scope *scope = tla_scope_push(compiler, env->scope, TLA_N_SLOT, sym);

	if (scope) {
		scope->entity.slot = slot;
		scope->entity.home = env->builder;
	}
	return scope;
}

static uint32_t loop_count(const struct tla_bound *bounds, uint32_t bound_count)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < bound_count; i++)
		count += bounds[i].is_tuple ? 1 : bounds[i].name_count;
	return count;
}

/* Slots and loops for the names of a bound; the names come into scope in *inner. */
static bool bind_names(struct tla_compiler *compiler, struct tla_env *inner,
		       const struct tla_bound *bound, uint32_t set_idx, struct tla_loop **loop)
{
	uint32_t first = tla_slots(inner, bound->name_count);

	for (uint32_t i = 0; i < bound->name_count; i++) {
		inner->scope = tla_bind_slot(compiler, inner, bound->names[i].sym, first + i);
		if (!inner->scope)
			return false;
		if (!bound->is_tuple)
			*(*loop)++ = (struct tla_loop){ set_idx, first + i, 0 };
	}
	if (bound->is_tuple)
		*(*loop)++ = (struct tla_loop){ set_idx, first, bound->name_count };
	return true;
}

/* A node with loops: the sets, then the body. How it is evaluated is still to be said. */
static struct tla_code *bound_node(struct tla_compiler *compiler, const struct tla_env *env,
				   const struct tla_bound *bounds, uint32_t bound_count,
				   const struct tla_expr *body, struct tla_span span)
{
	uint32_t loops = loop_count(bounds, bound_count);
	struct tla_code *code = tla_code_new(compiler, NULL, span, bound_count + 1);
	struct tla_loop *first = tla_piece_of(compiler, loops * sizeof *first), *loop = first;
	struct tla_env inner = *env, outer = tla_cover_bounds(env);

	if (!code || !first)
		return NULL;
	for (uint32_t i = 0; i < bound_count; i++) {
		code->args[i] = tla_compile(compiler, &outer, bounds[i].set);
		if (!bind_names(compiler, &inner, &bounds[i], i, &loop))
			return NULL;
	}
	code->args[bound_count] = tla_compile(compiler, &inner, body);
	code->a = loops;
	code->loops = first;
	return tla_code_leveled(code);
}

struct tla_code *tla_compile_fcn(struct tla_compiler *compiler, const struct tla_env *env,
				 const struct tla_bound *bounds, uint32_t bound_count,
				 const struct tla_expr *body, struct tla_span span)
{
	struct tla_code *code = bound_node(compiler, env, bounds, bound_count, body, span);

	if (code)
		code->eval = tla_ev_fcn;
	return code;
}

struct tla_code *tla_compile_binder(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr)
{
	static tla_eval_fn *const evals[TLA_E_COUNT] = {
		[TLA_E_FORALL] = tla_ev_forall, [TLA_E_EXISTS] = tla_ev_exists,
		[TLA_E_CHOOSE] = tla_ev_choose, [TLA_E_FILTER] = tla_ev_filter,
		[TLA_E_MAP] = tla_ev_map,       [TLA_E_FCN] = tla_ev_fcn,
	};
	struct tla_code *code;

	if (!expr->binder.bounds[0].set) {
		code = tla_code_new(compiler, tla_ev_choose_unbounded, expr->span, 0);
		if (code)
			code->flag = expr->kind == TLA_E_CHOOSE;
		return code;
	}
	code = bound_node(compiler, env, expr->binder.bounds, expr->binder.bound_count,
			  expr->binder.body, expr->span);
	if (code)
		code->eval = evals[expr->kind];
	if (code && expr->kind == TLA_E_EXISTS)
		code->act = TLA_ACT_EXISTS;
	if (code && expr->kind == TLA_E_FORALL)
		code->act = TLA_ACT_FORALL;
	return code;
}
