/* SPDX-License-Identifier: MIT */
/* Operators of the language to code; and what is primed. */
#include "compile.h"

#include "cover.h"

#include "../value/set.h"
#include "nodes.h"

#include <string.h>

static struct tla_code *node(struct tla_compiler *compiler, const struct tla_env *env,
			     tla_eval_fn *eval, const struct tla_expr *expr, enum tla_act act)
{
	struct tla_code *code = tla_code_new(compiler, eval, expr->span, expr->apply.arg_count);

	for (uint32_t i = 0; code && i < code->count; i++)
		code->args[i] = tla_compile(compiler, env, expr->apply.args[i]);
	if (code)
		code->act = (uint8_t)act;
	return tla_code_leveled(code);
}

/* --- /\ and \/: chains become one node --- */

static bool is_chain(const struct tla_expr *expr, enum tla_op op)
{
	return expr->kind == TLA_E_APPLY && !expr->apply.path && expr->apply.sym == (tla_sym)op &&
	       expr->apply.arg_count == 2;
}

static uint32_t chain_count(const struct tla_expr *expr, enum tla_op op)
{
	uint32_t count = 1;

	for (; is_chain(expr, op); expr = expr->apply.args[0])
		count++;
	return count;
}

static struct tla_code *chain(struct tla_compiler *compiler, const struct tla_env *env,
			      const struct tla_expr *expr, enum tla_op op)
{
	bool is_and = op == TLA_OP_AND;
	uint32_t count = chain_count(expr, op);
	struct tla_code *code = tla_code_new(compiler, is_and ? tla_ev_and : tla_ev_or, expr->span,
					     count);

	if (!code)
		return NULL;
	code->act = is_and ? TLA_ACT_AND : TLA_ACT_OR;
	for (; is_chain(expr, op); expr = expr->apply.args[0])
		code->args[--count] = tla_compile(compiler, env, expr->apply.args[1]);
	code->args[0] = tla_compile(compiler, env, expr);
	return tla_code_leveled(code);
}

/* As TLC counts them: each by itself. */
static struct tla_code *pair(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_expr *expr, enum tla_op op)
{
	bool is_and = op == TLA_OP_AND;

	return node(compiler, env, is_and ? tla_ev_and : tla_ev_or, expr,
		    is_and ? TLA_ACT_AND : TLA_ACT_OR);
}

/* --- Variables of instances inside of ENABLED --- */

static bool is_around(const struct tla_group *group, const struct tla_group *inner)
{
	while (inner && inner->instance && inner != group)
		inner = inner->env.context->group;
	return inner == group;
}

/* The number of a further variable; UINT32_MAX: no memory. */
static uint32_t number_variable(struct tla_compiler *compiler, tla_sym sym)
{
	struct tla_world *world = compiler->world;
	uint32_t idx = world->var_count + world->own_count;

	if (idx == world->var_room) {
		uint32_t room = 2 * world->var_room + 8;
		tla_sym *vars = tla_piece_of(compiler, room * sizeof *vars);

		if (!vars)
			return UINT32_MAX;
		if (idx > 0)
			memcpy(vars, world->vars, idx * sizeof *vars);
		world->vars = vars;
		world->var_room = room;
	}
	world->vars[idx] = sym;
	world->own_count++;
	return idx;
}

bool tla_own_variable(struct tla_compiler *compiler, const struct tla_env *env,
		      struct tla_entity *entity)
{
	if (entity->kind != TLA_N_SUBST || !entity->group ||
	    entity->unit->kind != TLA_U_VARIABLES || !is_around(entity->group, env->enabled_in))
		return false;
	if (!entity->own_idx)
		entity->own_idx = number_variable(compiler, entity->sym) + 1;
	return entity->own_idx != 0;
}

/* --- The next state --- */

/* The place a name leads to: through substitutions and definitions without parameters, up to a
 * variable of its own. */
static const struct tla_expr *follow(struct tla_compiler *compiler, struct tla_env *env,
				     const struct tla_expr *expr, struct tla_entity **ret_entity)
{
	struct tla_entity *entity = NULL;

	*ret_entity = NULL;
	while (expr->kind == TLA_E_APPLY && expr->apply.arg_count == 0 &&
	       (expr->apply.sym >= TLA_OP_COUNT || expr->apply.path)) {
		entity = tla_resolve(compiler, env, expr);
		while (entity && entity->override)
			entity = entity->override;
		if (!entity || entity->arity > 0)
			return NULL;
		if (tla_own_variable(compiler, env, entity)) {
			*ret_entity = entity;
			break;
		}
		if (entity->kind == TLA_N_SUBST) {
			expr = entity->expr;
			if (!entity->group)
				env->enabled_in = entity->enabled_in;
		} else if (entity->kind == TLA_N_OPERATOR && !entity->native) {
			expr = entity->unit->op.body;
		} else {
			*ret_entity = entity;
			break;
		}
		env->context = entity->context;
		env->scope = entity->scope;
	}
	return expr;
}

static struct tla_code *next_variable(struct tla_compiler *compiler, uint32_t var_idx,
				      struct tla_span span)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_next, span, 0);

	if (code) {
		code->a = var_idx;
		code->level = TLA_ACTION;
	}
	return code;
}

struct tla_code *tla_compile_primed(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr)
{
	struct tla_env there = *env, inner = *env;
	struct tla_entity *entity;
	struct tla_code *code, *primed;

	if (!follow(compiler, &there, expr, &entity))
		return tla_compile(compiler, env, expr); /* which says what is wrong */
	if (entity && (entity->kind == TLA_N_VARIABLE || entity->kind == TLA_N_SUBST)) {
		uint32_t idx = entity->kind == TLA_N_SUBST ? entity->own_idx - 1 : entity->var_idx;

		inner = tla_cover_part(compiler, env, expr, expr->span);
		return tla_cover_counted(compiler, &inner,
					 next_variable(compiler, idx, expr->span));
	}
	inner.in_prime = true;
	code = tla_compile(compiler, &inner, expr);
	if (!code || code->level == TLA_CONSTANT)
		return code;
	if (code->level > TLA_STATE) {
		tla_compile_error(compiler, expr->span,
				  "what is primed already, or temporal, cannot be primed");
		return NULL;
	}
	primed = tla_code_new(compiler, tla_ev_primed, expr->span, 1);
	if (!primed)
		return NULL;
	primed->args[0] = code;
	primed->level = TLA_ACTION;
	return primed;
}

/* --- UNCHANGED --- */

enum { UNCHANGED_MAX = 256 };

struct var_list {
	uint32_t at[UNCHANGED_MAX];
	uint32_t count;
};

/* The variables that a tuple of variables and of such tuples has; false: it is something else. */
static bool list_variables(struct tla_compiler *compiler, const struct tla_env *env,
			   const struct tla_expr *expr, struct var_list *list)
{
	struct tla_env there = *env;
	struct tla_entity *entity;

	expr = follow(compiler, &there, expr, &entity);
	if (expr && entity && entity->kind == TLA_N_VARIABLE && list->count < UNCHANGED_MAX) {
		list->at[list->count++] = entity->var_idx;
		return true;
	}
	if (!expr || expr->kind != TLA_E_TUPLE)
		return false;
	for (uint32_t i = 0; i < expr->items.count; i++)
		if (!list_variables(compiler, &there, expr->items.at[i], list))
			return false;
	return true;
}

static struct tla_code *unchanged_value(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_expr *expr, struct tla_code *code)
{
	code->args[0] = tla_compile(compiler, env, expr);
	code->args[1] = tla_compile_primed(compiler, env, expr);
	return tla_code_leveled(code);
}

/* Of a tuple that has more than variables: each of its items is unchanged. */
static struct tla_code *unchanged_items(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_expr *tuple, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_and, at->span, tuple->items.count);

	for (uint32_t i = 0; code && i < code->count; i++)
		code->args[i] = tla_compile_unchanged(compiler, env, tuple->items.at[i], at);
	if (code)
		code->act = TLA_ACT_AND;
	return tla_code_leveled(code);
}

/* A variable of its own has its value in this state from what stands for it. */
static struct tla_code *unchanged_own(struct tla_compiler *compiler, const struct tla_env *env,
				      const struct tla_expr *expr, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_eq, at->span, 2);

	if (!code)
		return NULL;
	code->act = TLA_ACT_EQ;
	code->args[0] = tla_compile_primed(compiler, env, expr);
	code->args[1] = tla_compile(compiler, env, expr);
	return tla_code_leveled(code);
}

struct tla_code *tla_compile_unchanged(struct tla_compiler *compiler, const struct tla_env *env,
				       const struct tla_expr *expr, const struct tla_expr *at)
{
	struct var_list list = { .count = 0 };
	bool is_variables = list_variables(compiler, env, expr, &list);
	struct tla_env there = *env;
	struct tla_entity *entity;
	const struct tla_expr *place = is_variables ? NULL
						    : follow(compiler, &there, expr, &entity);
	struct tla_code *code;
	uint32_t *vars;

	if (place && place->kind == TLA_E_TUPLE && place->items.count > 0)
		return unchanged_items(compiler, &there, place, at);
	if (place && entity && entity->kind == TLA_N_SUBST)
		return unchanged_own(compiler, &there, place, at);
	code = tla_code_new(compiler, tla_ev_unchanged, at->span, is_variables ? 0 : 2);
	vars = tla_piece_of(compiler, (list.count + 1) * sizeof *vars);

	if (!code || !vars)
		return NULL;
	code->act = TLA_ACT_UNCHANGED;
	code->level = TLA_ACTION;
	if (!is_variables)
		return tla_cover_unchanged(compiler, env, expr,
					   unchanged_value(compiler, env, expr, code));
	for (uint32_t i = 0; i < list.count; i++)
		vars[i] = list.at[i];
	code->a = list.count;
	code->vars = vars;
	return tla_cover_unchanged(compiler, env, expr, code);
}

/* --- All others --- */

static struct tla_code *plain_value(struct tla_compiler *compiler, tla_value v,
				    const struct tla_expr *expr)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_value, expr->span, 0);

	if (code)
		code->value = v;
	return code;
}

static struct tla_code *temporal(struct tla_compiler *compiler, const struct tla_expr *expr)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_temporal, expr->span, 0);

	if (code)
		code->level = TLA_TEMPORAL;
	return code;
}

static struct tla_code *enabled(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr)
{
	struct tla_env inner = *env;
	struct tla_code *code;

	inner.is_enabled = true;
	inner.enabled_in = env->context->group;
	env->builder->fn->asks_enabled = true;
	code = node(compiler, &inner, tla_ev_enabled, expr, TLA_ACT_TEST);
	if (code && code->level == TLA_ACTION)
		code->level = TLA_STATE;
	return code;
}

static struct tla_code *compose(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr)
{
	struct tla_code *code = node(compiler, env, tla_ev_compose, expr, TLA_ACT_COMPOSE);

	if (code)
		code->level = TLA_ACTION;
	return code;
}

/* What may give a value to a variable. */
static struct tla_code *assigning(struct tla_compiler *compiler, const struct tla_env *env,
				  tla_eval_fn *eval, const struct tla_expr *expr, enum tla_act act)
{
	struct tla_code *code = node(compiler, env, eval, expr, act);

	if (code)
		tla_cover_assigns(env, code->args[0]);
	return code;
}

static struct tla_code *builtin(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr)
{
	static tla_eval_fn *const evals[TLA_OP_COUNT] = {
		[TLA_OP_NOT] = tla_ev_not,       [TLA_OP_EQUIV] = tla_ev_equiv,
		[TLA_OP_NE] = tla_ev_ne,         [TLA_OP_NOTIN] = tla_ev_notin,
		[TLA_OP_SETMINUS] = tla_ev_diff, [TLA_OP_CAP] = tla_ev_cap,
		[TLA_OP_CUP] = tla_ev_cup,       [TLA_OP_SUBSET] = tla_ev_subset,
		[TLA_OP_UNION] = tla_ev_union,   [TLA_OP_DOMAIN] = tla_ev_domain,
	};
	enum tla_op op = (enum tla_op)expr->apply.sym;

	if (expr->apply.arg_count != tla_op_operand_count(op)) {
		tla_compile_error(compiler, expr->span, "%s takes %u operands, not %u",
				  tla_ops[op].text, tla_op_operand_count(op),
				  expr->apply.arg_count);
		return NULL;
	}

	switch (op) {
	case TLA_OP_AND:
	case TLA_OP_OR:
		return compiler->cover ? pair(compiler, env, expr, op)
				       : chain(compiler, env, expr, op);
	case TLA_OP_PRIME:
		return tla_compile_primed(compiler, env, expr->apply.args[0]);
	case TLA_OP_UNCHANGED:
		return tla_compile_unchanged(compiler, env, expr->apply.args[0], expr);
	case TLA_OP_ENABLED:
		return enabled(compiler, env, expr);
	case TLA_OP_COMPOSE:
		return compose(compiler, env, expr);
	case TLA_OP_ALWAYS:
	case TLA_OP_EVENTUALLY:
	case TLA_OP_LEADS_TO:
	case TLA_OP_GUARANTEES:
		return temporal(compiler, expr);
	case TLA_OP_TRUE:
		return plain_value(compiler, TLA_TRUE, expr);
	case TLA_OP_FALSE:
		return plain_value(compiler, TLA_FALSE, expr);
	case TLA_OP_STRING:
		return plain_value(compiler, tla_infinite(TLA_STRINGS), expr);
	case TLA_OP_BOOLEAN:
		return plain_value(compiler,
				   tla_store(compiler->keeper, compiler->heap,
					     tla_set_booleans(compiler->heap)),
				   expr);
	case TLA_OP_EQ:
		return assigning(compiler, env, tla_ev_eq, expr, TLA_ACT_EQ);
	case TLA_OP_IN:
		return assigning(compiler, env, tla_ev_in, expr, TLA_ACT_IN);
	case TLA_OP_SUBSETEQ:
		return node(compiler, env, tla_ev_subseteq, expr, TLA_ACT_SUBSETEQ);
	case TLA_OP_IMPLIES:
		return node(compiler, env, tla_ev_implies, expr, TLA_ACT_IMPLIES);
	default:
		return node(compiler, env, evals[op], expr, TLA_ACT_TEST);
	}
}

struct tla_code *tla_compile_builtin(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr)
{
	struct tla_entity *entity;

	if (!expr->apply.path && expr->apply.sym < TLA_OP_COUNT &&
	    tla_op_is_builtin((enum tla_op)expr->apply.sym))
		return builtin(compiler, env, expr);
	if (expr->apply.path && tla_is_label(compiler, env, expr))
		return tla_compile_subexpr(compiler, env, expr);
	entity = tla_resolve(compiler, env, expr);
	return entity ? tla_compile_reference(compiler, env, entity, expr, expr->apply.args,
					      expr->apply.arg_count)
		      : NULL;
}
