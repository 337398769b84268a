/* SPDX-License-Identifier: MIT */
/*
 * Expressions and names of the configuration, compiled as formulas of a model.
 *
 * Invariant: a function that returns false has kept an error, or there is no memory.
 */
#include "bind.h"

#include <string.h>

struct tla_entity *tla_model_entity(struct tla_model *model, tla_sym name)
{
	return tla_context_find(model->compiler.root_context, name);
}

/* What is said next is one. */
void tla_model_misfits(struct tla_model *model, enum tla_misfit how)
{
	if (!model->misfit && model->spec->sources.error_count == 0)
		model->misfit = how;
}

bool tla_model_unknown(struct tla_model *model, tla_sym name, struct tla_span span)
{
	tla_model_misfits(model, TLA_MISFIT_UNDEFINED);
	tla_compile_error(&model->compiler, span, "%s is not defined in module %s",
			  tla_text(&model->compiler, name),
			  tla_text(&model->compiler, model->spec->root->name.sym));
	return false;
}

bool tla_formulas_add(struct tla_model *model, struct tla_formulas *list,
		      const struct tla_formula *formula)
{
	if (list->count == list->room) {
		uint32_t room = 2 * list->room + 8;
		struct tla_formula *at = tla_piece_of(&model->compiler, room * sizeof *at);

		if (!at)
			return false;
		if (list->count > 0)
			memcpy(at, list->at, list->count * sizeof *at);
		list->at = at;
		list->room = room;
	}
	list->at[list->count++] = *formula;
	return true;
}

static const char *level_name(enum tla_level level)
{
	static const char *const names[] = { "constant", "state", "action", "temporal" };

	return names[level];
}

/* Compile an expression at a place as a formula of at most that level. */
bool tla_formula_compile(struct tla_model *model, const struct tla_env *env,
			 const struct tla_expr *expr, tla_sym name, enum tla_level level_max,
			 struct tla_formula *ret_formula)
{
	const struct tla_fn *fn = tla_compile_top(&model->compiler, env, expr, name);

	if (!fn)
		return false;
	if (fn->level > level_max) {
		tla_model_misfits(model, TLA_MISFIT_OTHER);
		tla_compile_error(&model->compiler, expr->span, "%s is a %s formula, not a %s one",
				  name ? tla_text(&model->compiler, name) : "this",
				  level_name(fn->level), level_name(level_max));
		return false;
	}
	*ret_formula = (struct tla_formula){ .name = name, .span = expr->span, .fn = fn };
	return true;
}

/* --- What is counted --- */

/* env is where the expression that is the root's stands; *ret_root is NULL where nothing is
 * counted. */
static bool root_at(struct tla_model *model, enum tla_cover_kind kind, struct tla_env *env,
		    const struct tla_expr *expr, const struct tla_entity *definition,
		    const struct tla_cover_root **ret_root)
{
	struct tla_cover_root *root;

	*ret_root = NULL;
	if (!model->is_counted)
		return true;
	root = tla_cover_root(&model->compiler, kind, expr, expr->span, definition);
	env->spot = root ? &root->top : NULL;
	env->spot_rank = TLA_SPOT_OPERAND;
	*ret_root = root;
	return root != NULL;
}

void tla_formula_split(const struct tla_model *model, struct tla_env *env)
{
	if (model->is_counted)
		env->way = TLA_COVER_SPLIT;
}

/* A name of the configuration as an expression of the root module. */
static struct tla_expr name_expr(const struct tla_name *name)
{
	struct tla_expr expr = { .kind = TLA_E_APPLY, .span = name->span };

	expr.apply.sym = name->sym;
	expr.apply.name_span = name->span;
	return expr;
}

static bool is_known(struct tla_model *model, const struct tla_name *name)
{
	return tla_model_entity(model, name->sym) ? true
						  : tla_model_unknown(model, name->sym, name->span);
}

static void no_definition(struct tla_model *model, const struct tla_entity *entity,
			  const struct tla_name *name)
{
	tla_model_misfits(model, entity->arity > 0 ? TLA_MISFIT_ARGUMENTS : TLA_MISFIT_OTHER);
	tla_compile_error(&model->compiler, name->span,
			  "%s has to be a definition without parameters",
			  tla_text(&model->compiler, name->sym));
}

/* The text that a name of the configuration stands for, and where that is. */
const struct tla_expr *tla_formula_text(struct tla_model *model, const struct tla_name *name,
					struct tla_env *env)
{
	struct tla_entity *entity = tla_model_entity(model, name->sym);

	while (entity && entity->override)
		entity = entity->override;
	if (!entity || entity->arity > 0 || entity->kind != TLA_N_OPERATOR || entity->native) {
		if (entity)
			no_definition(model, entity, name);
		else
			tla_model_unknown(model, name->sym, name->span);
		return NULL;
	}
	env->context = entity->context;
	env->scope = entity->scope;
	return entity->unit->op.body;
}

/* Where a definition's body stands; of what is none, the name itself. */
static struct tla_span body_span(struct tla_model *model, const struct tla_name *name)
{
	const struct tla_entity *entity = tla_model_entity(model, name->sym);

	while (entity && entity->override)
		entity = entity->override;
	if (!entity || entity->kind != TLA_N_OPERATOR || entity->native)
		return name->span;
	return entity->unit->op.body->span;
}

/* At a place that says how it is counted. */
bool tla_formula_named_at(struct tla_model *model, const struct tla_env *env,
			  const struct tla_name *name, enum tla_level level_max,
			  struct tla_formula *ret_formula)
{
	/* Copied into the tree's memory: code keeps the spans only. */
	struct tla_expr expr = name_expr(name);

	if (!is_known(model, name))
		return false;
	if (tla_model_entity(model, name->sym)->arity > 0)
		tla_model_misfits(model, TLA_MISFIT_ARGUMENTS);
	if (!tla_formula_compile(model, env, &expr, name->sym, level_max, ret_formula))
		return false;
	ret_formula->span = body_span(model, name);
	return true;
}

bool tla_formula_named(struct tla_model *model, const struct tla_name *name,
		       enum tla_level level_max, struct tla_formula *ret_formula)
{
	struct tla_env env = { .context = model->compiler.root_context };

	return tla_formula_named_at(model, &env, name, level_max, ret_formula);
}

/* As what the name stands for. */
bool tla_formula_counted(struct tla_model *model, enum tla_cover_kind kind,
			 const struct tla_name *name, enum tla_level level_max,
			 struct tla_formula *ret_formula)
{
	struct tla_env env = { .context = model->compiler.root_context, .way = TLA_COVER_ENTER };
	const struct tla_entity *entity = tla_model_entity(model, name->sym);
	const struct tla_cover_root *root;

	while (entity && entity->override)
		entity = entity->override;
	if (!model->is_counted || !entity || entity->kind != TLA_N_OPERATOR || entity->native)
		return tla_formula_named(model, name, level_max, ret_formula);
	if (!root_at(model, kind, &env, entity->unit->op.body, entity, &root) ||
	    !tla_formula_named_at(model, &env, name, level_max, ret_formula))
		return false;
	ret_formula->root = root;
	return true;
}

bool tla_formulas_named(struct tla_model *model, enum tla_list which, enum tla_level level_max,
			struct tla_formulas *list)
{
	static const enum tla_cover_kind kinds[] = {
		[TLA_LIST_INVARIANT] = TLA_COVER_INVARIANT,
		[TLA_LIST_CONSTRAINT] = TLA_COVER_CONSTRAINT,
		[TLA_LIST_ACTION_CONSTRAINT] = TLA_COVER_ACTION_CONSTRAINT,
	};
	const struct tla_names *names = &model->config.lists[which];
	bool is_counted = which == TLA_LIST_INVARIANT || which == TLA_LIST_CONSTRAINT ||
			  which == TLA_LIST_ACTION_CONSTRAINT;

	for (uint32_t i = 0; i < names->count; i++) {
		struct tla_formula formula;
		bool is_done = is_counted ? tla_formula_counted(model, kinds[which], &names->at[i],
								level_max, &formula)
					  : tla_formula_named(model, &names->at[i], level_max,
							      &formula);

		if (!is_done) {
			if (which == TLA_LIST_INVARIANT && model->misfit == TLA_MISFIT_OTHER)
				model->misfit = TLA_MISFIT_INVARIANT;
			return false;
		}
		if (!tla_formulas_add(model, list, &formula))
			return false;
	}
	return true;
}

/* Compiled, now that its level is known, as what is counted; false: an error was kept. */
bool tla_formula_count(struct tla_model *model, enum tla_cover_kind kind, struct tla_env env,
		       const struct tla_expr *expr, const struct tla_entity *definition,
		       struct tla_formula *inout_formula)
{
	if (!model->is_counted)
		return true;
	if (!root_at(model, kind, &env, expr, definition, &inout_formula->root))
		return false;
	inout_formula->fn = tla_compile_top(&model->compiler, &env, expr, inout_formula->name);
	return inout_formula->fn != NULL;
}
