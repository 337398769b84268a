/* SPDX-License-Identifier: MIT */
/*
 * Temporal formulas taken apart: a specification into initial predicate, next-state action and
 * fairness, a property into what can be checked.
 */
#include "bind.h"

struct walk {
	struct tla_model *model;
	tla_sym name; /* of what is taken apart */
	bool is_property;
	uint32_t depth; /* of definitions: a replacement may contain what it replaces */
};

enum { TAKE_DEPTH_MAX = 1000 };

static bool take(struct walk *walk, struct tla_env env, const struct tla_expr *expr);

static bool is_op(const struct tla_expr *expr, enum tla_op op)
{
	return expr->kind == TLA_E_APPLY && !expr->apply.path && expr->apply.sym == (tla_sym)op;
}

static bool take_fairness(struct walk *walk, const struct tla_expr *expr)
{
	struct tla_formula formula = { .name = walk->name, .span = expr->span };

	if (walk->is_property)
		return tla_formulas_add(walk->model, &walk->model->temporal, &formula);
	walk->model->fairness_count++;
	return true;
}

/* [][A]_v: the next-state action of a specification, an implied action of a property. */
static bool take_box(struct walk *walk, const struct tla_env *env, const struct tla_expr *box)
{
	struct tla_model *model = walk->model;
	struct tla_formula formula;
	const struct tla_expr *action = box->pair.a;
	struct tla_env there = *env;

	if (!walk->is_property)
		tla_formula_split(model, &there);
	/* TLC explores A: steps that change nothing lead nowhere new. */
	if (!tla_formula_compile(model, &there, walk->is_property ? box : action, walk->name,
				 TLA_ACTION, &formula))
		return false;
	if (walk->is_property)
		return tla_formulas_add(model, &model->implied_actions, &formula);
	if (model->next.fn) {
		tla_model_misfits(model, TLA_MISFIT_OTHER);
		tla_compile_error(&model->compiler, box->span,
				  "the specification has a second next-state action");
		return false;
	}
	model->next = formula;
	return true;
}

static bool take_always(struct walk *walk, struct tla_env env, const struct tla_expr *expr)
{
	const struct tla_expr *inner = expr->apply.args[0];
	struct tla_model *model = walk->model;
	struct tla_formula formula = { .name = walk->name, .span = inner->span };

	if (inner->kind == TLA_E_BOX)
		return take_box(walk, &env, inner);
	formula.fn = tla_compile_top(&model->compiler, &env, inner, walk->name);
	if (!formula.fn)
		return false;
	if (formula.fn->level > TLA_STATE)
		return take_fairness(walk, expr);
	if (!walk->is_property) {
		/* TLC has no use for an invariant that steps have to keep. */
		tla_model_misfits(model, TLA_MISFIT_LIVE);
		tla_compile_error(&model->compiler, expr->span,
				  "[]P in a specification, where P is not of steps, cannot be "
				  "explored: check it as an invariant, or make it a CONSTRAINT");
		return false;
	}
	return tla_formula_count(model, TLA_COVER_INVARIANT, env, inner, NULL, &formula) &&
	       tla_formulas_add(model, &model->invariants, &formula);
}

/* What a name means; a parameter that is an operator: the operator that it stands for, and in *env
 * where that stands. NULL: nothing. */
static struct tla_entity *meaning(struct walk *walk, struct tla_env *env,
				  const struct tla_expr *expr)
{
	struct tla_entity *entity = tla_resolve(&walk->model->compiler, env, expr);

	while (entity) {
		while (entity->override)
			entity = entity->override;
		if (entity->kind != TLA_N_SUBST || entity->arity == 0 ||
		    entity->expr->kind != TLA_E_APPLY)
			return entity;
		env->context = entity->context;
		env->scope = entity->scope;
		entity = tla_resolve(&walk->model->compiler, env, entity->expr);
	}
	return NULL;
}

/* A LAMBDA as a definition of where it stands. */
static bool open_lambda(struct walk *walk, const struct tla_entity *entity,
			struct tla_entity *ret_definition, struct tla_unit *ret_unit)
{
	const struct tla_expr *lambda = entity->expr;
	struct tla_param *params = tla_piece_of(&walk->model->compiler,
						lambda->lambda.param_count * sizeof *params);

	if (!params)
		return false;
	for (uint32_t i = 0; i < lambda->lambda.param_count; i++)
		params[i].sym = lambda->lambda.params[i].sym;
	*ret_unit = (struct tla_unit){ .kind = TLA_U_OPERATOR };
	ret_unit->op.params = params;
	ret_unit->op.param_count = lambda->lambda.param_count;
	ret_unit->op.body = lambda->lambda.body;
	*ret_definition = (struct tla_entity){ .kind = TLA_N_OPERATOR,
					       .arity = lambda->lambda.param_count,
					       .context = entity->context,
					       .scope = entity->scope,
					       .unit = ret_unit };
	return true;
}

/* The text that a name stands for, and where that is; NULL: it is no such name. */
static const struct tla_expr *definition_at(struct walk *walk, struct tla_env *env,
					    const struct tla_expr *expr,
					    const struct tla_entity **ret_definition)
{
	struct tla_env there = *env;
	struct tla_entity *entity, lambda;
	struct tla_unit unit;

	*ret_definition = NULL;
	if (tla_is_part(&walk->model->compiler, env, expr))
		return tla_subexpr_text(&walk->model->compiler, &there, expr, env);
	if (expr->kind != TLA_E_APPLY || (!expr->apply.path && expr->apply.sym < TLA_OP_COUNT))
		return NULL;
	entity = meaning(walk, &there, expr);
	if (!entity || entity->native || entity->arity != expr->apply.arg_count ||
	    entity->is_self_referenced)
		return NULL;
	if (entity->kind == TLA_N_SUBST && entity->arity == 0) {
		env->context = entity->context;
		env->scope = entity->scope;
		return entity->expr;
	}
	if (entity->kind == TLA_N_SUBST) {
		if (entity->expr->kind != TLA_E_LAMBDA ||
		    !open_lambda(walk, entity, &lambda, &unit))
			return NULL;
		entity = &lambda;
	} else if (entity->kind == TLA_N_OPERATOR && entity->arity == 0) {
		*ret_definition = entity;
	}
	there = *env;
	if (entity->kind != TLA_N_OPERATOR ||
	    !tla_bind_args(&walk->model->compiler, &there, entity, expr->apply.args, env))
		return NULL;
	return entity->unit->op.body;
}

/* A conjunct that is no conjunction: of a state, or temporal. */
static bool take_predicate(struct walk *walk, const struct tla_env *env,
			   const struct tla_expr *expr, const struct tla_entity *definition)
{
	struct tla_model *model = walk->model;
	const struct tla_fn *fn = tla_compile_top(&model->compiler, env, expr, walk->name);
	struct tla_formula formula = { walk->name, expr->span, fn, NULL, false };

	if (!fn)
		return false;
	formula.is_fact = fn->level == TLA_CONSTANT && expr->kind == TLA_E_APPLY &&
			  expr->apply.arg_count == 0;
	if (fn->level == TLA_TEMPORAL)
		return take_fairness(walk, expr);
	if (fn->level == TLA_ACTION) {
		tla_model_misfits(model, TLA_MISFIT_ACTION);
		tla_compile_error(&model->compiler, expr->span,
				  "an action that is not inside [][...]_v");
		return false;
	}
	if (walk->is_property)
		return tla_formulas_add(model, &model->implied_inits, &formula);
	formula.name = definition ? definition->sym : TLA_NO_SYM;
	return tla_formula_count(model, TLA_COVER_INIT, *env, expr, definition, &formula) &&
	       tla_formulas_add(model, &model->init, &formula);
}

/* TLC counts a definition that is an initial predicate as a whole, and calls it by its name. */
static bool is_whole(struct walk *walk, const struct tla_env *env, const struct tla_expr *expr,
		     const struct tla_entity *definition)
{
	const struct tla_fn *fn;

	if (walk->is_property || !definition)
		return false;
	fn = tla_compile_top(&walk->model->compiler, env, expr, walk->name);
	return fn && fn->level <= TLA_STATE;
}

static bool has_level(struct walk *walk, const struct tla_env *env, const struct tla_expr *expr,
		      enum tla_level level)
{
	const struct tla_fn *fn = tla_compile_top(&walk->model->compiler, env, expr, walk->name);

	return fn && fn->level == level;
}

static bool is_variable(struct walk *walk, const struct tla_env *env, const struct tla_expr *expr)
{
	const struct tla_entity *entity = NULL;

	if (expr->kind == TLA_E_APPLY && expr->apply.arg_count == 0 &&
	    (expr->apply.path || expr->apply.sym >= TLA_OP_COUNT) &&
	    !tla_is_part(&walk->model->compiler, env, expr))
		entity = tla_resolve(&walk->model->compiler, env, expr);
	return entity && entity->kind == TLA_N_VARIABLE;
}

static bool take_definition(struct walk *walk, const struct tla_env *env,
			    const struct tla_expr *body)
{
	bool is_taken;

	walk->depth++;
	is_taken = take(walk, *env, body);
	walk->depth--;
	return is_taken;
}

static bool take(struct walk *walk, struct tla_env env, const struct tla_expr *expr)
{
	const struct tla_entity *definition = NULL;
	const struct tla_expr *inner;
	struct tla_env there = env;

	if (expr->kind == TLA_E_AND) {
		for (uint32_t i = 0; i < expr->items.count; i++)
			if (!take(walk, env, expr->items.at[i]))
				return false;
		return true;
	}
	if (is_op(expr, TLA_OP_AND))
		return take(walk, env, expr->apply.args[0]) && take(walk, env, expr->apply.args[1]);
	if (is_op(expr, TLA_OP_ALWAYS))
		return take_always(walk, env, expr);
	if (expr->kind == TLA_E_WF || expr->kind == TLA_E_SF)
		return take_fairness(walk, expr);
	if (expr->kind == TLA_E_LABEL)
		return take(walk, env, expr->label.body);
	if ((expr->kind == TLA_E_LET || (expr->kind == TLA_E_APPLY && expr->apply.arg_count > 0)) &&
	    !has_level(walk, &env, expr, TLA_TEMPORAL))
		return take_predicate(walk, &env, expr, NULL);
	if (expr->kind == TLA_E_LET)
		return tla_bind_let_texts(&walk->model->compiler, &there, expr) &&
		       take_definition(walk, &there, expr->let.body);
	inner = walk->depth < TAKE_DEPTH_MAX ? definition_at(walk, &there, expr, &definition)
					     : NULL;
	if (walk->model->spec->sources.error_count > 0)
		return false;
	if (!walk->is_property && is_variable(walk, &env, expr)) {
		tla_model_misfits(walk->model, TLA_MISFIT_OTHER);
		tla_compile_error(&walk->model->compiler, expr->span,
				  "a variable is no part of a specification");
		return false;
	}
	if (!inner || (definition && has_level(walk, &env, expr, TLA_CONSTANT)))
		return take_predicate(walk, &env, expr, NULL);
	if (is_whole(walk, &there, inner, definition))
		return take_predicate(walk, &there, inner, definition);
	return take_definition(walk, &there, inner);
}

bool tla_take_name(struct tla_model *model, const struct tla_name *name, bool is_property)
{
	struct walk walk = { .model = model, .name = name->sym, .is_property = is_property };
	struct tla_env env = { 0 };
	const struct tla_expr *expr = tla_formula_text(model, name, &env);

	return expr && take(&walk, env, expr);
}
