/* SPDX-License-Identifier: MIT */
/*
 * From a configuration to formulas: constants are given their values, the specification is taken
 * apart
 * into initial predicate, next-state action and fairness, properties into what can be checked.
 */
#include "model.h"

#include "../eval/memo.h"
#include "../eval/nodes.h"

#include <errno.h>
#include <string.h>

enum { HEAP_BYTES_MAX = 1 << 30 };

int tla_model_create(struct tla_model **ret_model)
{
	struct tla_model *model;
	struct nw_mem mem;
	int err = nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *model, 0);

	if (err)
		return err;
	model = mem.base;
	model->mem = mem;
	err = tla_spec_create(&model->spec);
	if (err)
		goto fail;
	pthread_mutex_init(&model->symbol_lock, NULL);
	model->world.spec = model->spec;
	model->world.symbol_lock = &model->symbol_lock;
	model->world.registers = &model->registers;
	err = tla_store_create(&model->world.store);
	if (!err)
		err = tla_keeper_create(&model->keeper, model->world.store, NW_NODE_ANY);
	if (!err)
		err = tla_heap_init(&model->heap, NW_NODE_ANY, HEAP_BYTES_MAX);
	if (err)
		goto fail;
	model->heap.hooks.string_text = tla_world_string_text;
	model->heap.hooks.model_text = tla_world_model_text;
	model->heap.hooks.names = &model->world;
	*ret_model = model;
	return 0;
fail:
	tla_model_destroy(model);
	return err;
}

void tla_model_destroy(struct tla_model *model)
{
	struct nw_mem mem;

	if (!model)
		return;
	tla_heap_fini(&model->heap);
	tla_keeper_destroy(model->keeper);
	tla_store_destroy(model->world.store);
	if (model->spec) {
		pthread_mutex_destroy(&model->symbol_lock);
		tla_spec_destroy(model->spec);
	}
	mem = model->mem;
	nw_mem_free(&mem);
}

/* --- Constants --- */

static struct tla_entity *find_entity(struct tla_model *model, tla_sym name)
{
	return tla_context_find(model->compiler.root_context, name);
}

/* What is said next is one. */
static void misfits(struct tla_model *model, enum tla_misfit how)
{
	if (!model->misfit && model->spec->sources.error_count == 0)
		model->misfit = how;
}

static bool unknown(struct tla_model *model, tla_sym name, struct tla_span span)
{
	misfits(model, TLA_MISFIT_UNDEFINED);
	tla_compile_error(&model->compiler, span, "%s is not defined in module %s",
			  tla_text(&model->compiler, name),
			  tla_text(&model->compiler, model->spec->root->name.sym));
	return false;
}

/* A definition, too, may be given a value: a constant then stands for it. */
static bool give_value(struct tla_model *model, struct tla_entity *entity, tla_value v)
{
	struct tla_entity *constant = entity;

	if (entity->kind != TLA_N_CONSTANT) {
		constant = tla_piece_of(&model->compiler, sizeof *constant);
		if (!constant)
			return false;
		constant->kind = TLA_N_CONSTANT;
		constant->sym = entity->sym;
		constant->span = entity->span;
		entity->override = constant;
	}
	constant->value = tla_store(model->keeper, &model->heap, v);
	return constant->value != TLA_NONE;
}

/* NAME <- [Module] other: the module may be instantiated only later. */
static bool assign_in_module(struct tla_model *model, const struct tla_assignment *assignment)
{
	struct tla_entity *other = find_entity(model, assignment->replacement);

	if (!other)
		return unknown(model, assignment->replacement, assignment->span);
	return tla_override_in_module(&model->compiler, assignment->module, assignment->name,
				      other) != -ENOMEM;
}

/* As TLC: what replaces a definition is not replaced itself; so no chain of them has no end. */
static bool is_replaced(const struct tla_model *model, tla_sym name)
{
	for (uint32_t i = 0; i < model->config.assignment_count; i++) {
		const struct tla_assignment *one = &model->config.assignments[i];

		if (one->name == name && one->replacement && !one->module)
			return true;
	}
	return false;
}

static bool assign(struct tla_model *model, const struct tla_assignment *assignment)
{
	struct tla_entity *entity = find_entity(model, assignment->name), *other;

	if (assignment->module)
		return assign_in_module(model, assignment);
	/* A constant that nobody declares is not used: TLC takes it, and so do models. */
	if (!entity && !assignment->replacement)
		return true;
	if (!entity)
		return unknown(model, assignment->name, assignment->span);
	if (!assignment->replacement)
		return give_value(model, entity, assignment->value);
	if (is_replaced(model, assignment->replacement)) {
		misfits(model, TLA_MISFIT_CHAIN);
		tla_compile_error(&model->compiler, assignment->span,
				  "%s stands on the right of a <- and on the left of one",
				  tla_text(&model->compiler, assignment->replacement));
		return false;
	}
	other = find_entity(model, assignment->replacement);
	if (!other || other->arity != entity->arity)
		misfits(model, TLA_MISFIT_REPLACEMENT);
	if (!other)
		return unknown(model, assignment->replacement, assignment->span);
	if (other->arity != entity->arity) {
		tla_compile_error(&model->compiler, assignment->span,
				  "%s takes %u arguments and %s takes %u",
				  tla_text(&model->compiler, entity->sym), entity->arity,
				  tla_text(&model->compiler, other->sym), other->arity);
		return false;
	}
	entity->override = other;
	return true;
}

static bool assign_all(struct tla_model *model)
{
	bool is_done = true;

	for (uint32_t i = 0; i < model->config.assignment_count; i++)
		is_done &= assign(model, &model->config.assignments[i]);
	return is_done;
}

/* Constants of the module and of those that it extends; parameters of others are substituted. */
static bool has_value(struct tla_model *model, const struct tla_param *param)
{
	const struct tla_entity *entity = find_entity(model, param->sym);

	if (!entity || entity->kind != TLA_N_CONSTANT || entity->value || entity->override)
		return true;
	misfits(model, TLA_MISFIT_NO_VALUE);
	tla_compile_error(&model->compiler,
			  (struct tla_span){ model->config_file->base, model->config_file->base },
			  "constant %s is given no value", tla_text(&model->compiler, param->sym));
	return false;
}

static bool have_values(struct tla_model *model)
{
	bool is_done = true;

	if (!model->config_file)
		return true;
	for (struct tla_context *at = model->compiler.root.contexts; at; at = at->next)
		for (uint32_t i = 0; i < at->module->unit_count; i++) {
			const struct tla_unit *unit = at->module->units[i];

			for (uint32_t k = 0; unit->kind == TLA_U_CONSTANTS && k < unit->decls.count;
			     k++)
				is_done &= has_value(model, &unit->decls.at[k]);
		}
	return is_done;
}

/* --- Formulas --- */

static bool add(struct tla_model *model, struct tla_formulas *list,
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
static bool compile(struct tla_model *model, const struct tla_env *env, const struct tla_expr *expr,
		    tla_sym name, enum tla_level level_max, struct tla_formula *ret_formula)
{
	const struct tla_fn *fn = tla_compile_top(&model->compiler, env, expr, name);

	if (!fn)
		return false;
	if (fn->level > level_max) {
		misfits(model, TLA_MISFIT_OTHER);
		tla_compile_error(&model->compiler, expr->span, "%s is a %s formula, not a %s one",
				  name ? tla_text(&model->compiler, name) : "this",
				  level_name(fn->level), level_name(level_max));
		return false;
	}
	*ret_formula = (struct tla_formula){ name, expr->span, fn, NULL };
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

static void split_at(const struct tla_model *model, struct tla_env *env)
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
	return find_entity(model, name->sym) ? true : unknown(model, name->sym, name->span);
}

static void no_definition(struct tla_model *model, const struct tla_entity *entity,
			  const struct tla_name *name)
{
	misfits(model, entity->arity > 0 ? TLA_MISFIT_ARGUMENTS : TLA_MISFIT_OTHER);
	tla_compile_error(&model->compiler, name->span,
			  "%s has to be a definition without parameters",
			  tla_text(&model->compiler, name->sym));
}

/* The text that a name of the configuration stands for, and where that is. */
static const struct tla_expr *definition_of(struct tla_model *model, const struct tla_name *name,
					    struct tla_env *env)
{
	struct tla_entity *entity = find_entity(model, name->sym);

	while (entity && entity->override)
		entity = entity->override;
	if (!entity || entity->arity > 0 || entity->kind != TLA_N_OPERATOR || entity->native) {
		if (entity)
			no_definition(model, entity, name);
		else
			unknown(model, name->sym, name->span);
		return NULL;
	}
	env->context = entity->context;
	env->scope = entity->scope;
	return entity->unit->op.body;
}

/* Where a definition's body stands; of what is none, the name itself. */
static struct tla_span body_span(struct tla_model *model, const struct tla_name *name)
{
	const struct tla_entity *entity = find_entity(model, name->sym);

	while (entity && entity->override)
		entity = entity->override;
	if (!entity || entity->kind != TLA_N_OPERATOR || entity->native)
		return name->span;
	return entity->unit->op.body->span;
}

/* At a place that says how it is counted. */
static bool compile_name_at(struct tla_model *model, const struct tla_env *env,
			    const struct tla_name *name, enum tla_level level_max,
			    struct tla_formula *ret_formula)
{
	/* Copied into the tree's memory: code keeps the spans only. */
	struct tla_expr expr = name_expr(name);

	if (!is_known(model, name))
		return false;
	if (find_entity(model, name->sym)->arity > 0)
		misfits(model, TLA_MISFIT_ARGUMENTS);
	if (!compile(model, env, &expr, name->sym, level_max, ret_formula))
		return false;
	ret_formula->span = body_span(model, name);
	return true;
}

static bool compile_name(struct tla_model *model, const struct tla_name *name,
			 enum tla_level level_max, struct tla_formula *ret_formula)
{
	struct tla_env env = { .context = model->compiler.root_context };

	return compile_name_at(model, &env, name, level_max, ret_formula);
}

/* As what the name stands for. */
static bool compile_counted(struct tla_model *model, enum tla_cover_kind kind,
			    const struct tla_name *name, enum tla_level level_max,
			    struct tla_formula *ret_formula)
{
	struct tla_env env = { .context = model->compiler.root_context, .way = TLA_COVER_ENTER };
	const struct tla_entity *entity = find_entity(model, name->sym);
	const struct tla_cover_root *root;

	while (entity && entity->override)
		entity = entity->override;
	if (!model->is_counted || !entity || entity->kind != TLA_N_OPERATOR || entity->native)
		return compile_name(model, name, level_max, ret_formula);
	if (!root_at(model, kind, &env, entity->unit->op.body, entity, &root) ||
	    !compile_name_at(model, &env, name, level_max, ret_formula))
		return false;
	ret_formula->root = root;
	return true;
}

static bool compile_list(struct tla_model *model, enum tla_list which, enum tla_level level_max,
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
		bool is_done = is_counted ? compile_counted(model, kinds[which], &names->at[i],
							    level_max, &formula)
					  : compile_name(model, &names->at[i], level_max, &formula);

		if (!is_done) {
			if (which == TLA_LIST_INVARIANT && model->misfit == TLA_MISFIT_OTHER)
				model->misfit = TLA_MISFIT_INVARIANT;
			return false;
		}
		if (!add(model, list, &formula))
			return false;
	}
	return true;
}

/* --- Taking temporal formulas apart --- */

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
	struct tla_formula formula = { walk->name, expr->span, NULL, NULL };

	if (walk->is_property)
		return add(walk->model, &walk->model->temporal, &formula);
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
		split_at(model, &there);
	/* TLC explores A: steps that change nothing lead nowhere new. */
	if (!compile(model, &there, walk->is_property ? box : action, walk->name, TLA_ACTION,
		     &formula))
		return false;
	if (walk->is_property)
		return add(model, &model->implied_actions, &formula);
	if (model->next.fn) {
		misfits(model, TLA_MISFIT_OTHER);
		tla_compile_error(&model->compiler, box->span,
				  "the specification has a second next-state action");
		return false;
	}
	model->next = formula;
	return true;
}

/* Compiled, now that its level is known, as what is counted; false: an error was kept. */
static bool count(struct tla_model *model, enum tla_cover_kind kind, struct tla_env env,
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

static bool take_always(struct walk *walk, struct tla_env env, const struct tla_expr *expr)
{
	const struct tla_expr *inner = expr->apply.args[0];
	struct tla_model *model = walk->model;
	struct tla_formula formula = { walk->name, inner->span, NULL, NULL };

	if (inner->kind == TLA_E_BOX)
		return take_box(walk, &env, inner);
	if (!walk->is_property)
		return take_fairness(walk, expr);
	formula.fn = tla_compile_top(&model->compiler, &env, inner, walk->name);
	if (!formula.fn)
		return false;
	if (formula.fn->level > TLA_STATE)
		return take_fairness(walk, expr);
	return count(model, TLA_COVER_INVARIANT, env, inner, NULL, &formula) &&
	       add(model, &model->invariants, &formula);
}

/* The definition that a name without arguments stands for; NULL: it is no such name. */
static const struct tla_expr *definition_at(struct walk *walk, struct tla_env *env,
					    const struct tla_expr *expr,
					    const struct tla_entity **ret_definition)
{
	struct tla_entity *entity;

	*ret_definition = NULL;
	if (expr->kind != TLA_E_APPLY || expr->apply.arg_count > 0 ||
	    (!expr->apply.path && expr->apply.sym < TLA_OP_COUNT))
		return NULL;
	entity = tla_resolve(&walk->model->compiler, env, expr);
	while (entity && entity->override)
		entity = entity->override;
	if (!entity || entity->native ||
	    (entity->kind != TLA_N_OPERATOR && entity->kind != TLA_N_SUBST))
		return NULL;
	env->context = entity->context;
	env->scope = entity->scope;
	if (entity->kind == TLA_N_SUBST)
		return entity->expr;
	*ret_definition = entity;
	return entity->unit->op.body;
}

/* A conjunct that is no conjunction: of a state, or temporal. */
static bool take_predicate(struct walk *walk, const struct tla_env *env,
			   const struct tla_expr *expr, const struct tla_entity *definition)
{
	struct tla_model *model = walk->model;
	const struct tla_fn *fn = tla_compile_top(&model->compiler, env, expr, walk->name);
	struct tla_formula formula = { walk->name, expr->span, fn, NULL };

	if (!fn)
		return false;
	if (fn->level == TLA_TEMPORAL)
		return take_fairness(walk, expr);
	if (fn->level == TLA_ACTION) {
		misfits(model, TLA_MISFIT_ACTION);
		tla_compile_error(&model->compiler, expr->span,
				  "an action that is not inside [][...]_v");
		return false;
	}
	if (walk->is_property)
		return add(model, &model->implied_inits, &formula);
	return count(model, TLA_COVER_INIT, *env, expr, definition, &formula) &&
	       add(model, &model->init, &formula);
}

/* TLC counts a definition that is an initial predicate as a whole. */
static bool is_whole(struct walk *walk, const struct tla_env *env, const struct tla_expr *expr,
		     const struct tla_entity *definition)
{
	const struct tla_fn *fn;

	if (!walk->model->is_counted || walk->is_property || !definition)
		return false;
	fn = tla_compile_top(&walk->model->compiler, env, expr, walk->name);
	return fn && fn->level <= TLA_STATE;
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
	inner = walk->depth < TAKE_DEPTH_MAX ? definition_at(walk, &there, expr, &definition)
					     : NULL;
	if (walk->model->spec->sources.error_count > 0)
		return false;
	if (!inner)
		return take_predicate(walk, &env, expr, NULL);
	if (is_whole(walk, &there, inner, definition))
		return take_predicate(walk, &there, inner, definition);
	return take_definition(walk, &there, inner);
}

static bool take_name(struct tla_model *model, const struct tla_name *name, bool is_property)
{
	struct walk walk = { .model = model, .name = name->sym, .is_property = is_property };
	struct tla_env env = { 0 };
	const struct tla_expr *expr = definition_of(model, name, &env);

	return expr && take(&walk, env, expr);
}

/* --- Behaviour --- */

static bool need_both(struct tla_model *model, const struct tla_name *there, const char *missing)
{
	misfits(model, strcmp(missing, "INIT") ? TLA_MISFIT_NO_NEXT : TLA_MISFIT_NO_INIT);
	tla_compile_error(&model->compiler, there->span, "%s is needed beside this", missing);
	return false;
}

static bool have_both(struct tla_model *model, const struct tla_name *there)
{
	misfits(model, TLA_MISFIT_BOTH);
	tla_compile_error(&model->compiler, there->span,
			  "SPECIFICATION, or INIT and NEXT, not both");
	return false;
}

static bool bind_behaviour(struct tla_model *model)
{
	const struct tla_name *names = model->config.names;
	const struct tla_name *spec = &names[TLA_NAME_SPECIFICATION];
	const struct tla_name *init = &names[TLA_NAME_INIT], *next = &names[TLA_NAME_NEXT];
	struct tla_env env = { .context = model->compiler.root_context };
	struct tla_formula formula;

	if (spec->sym && (init->sym || next->sym))
		return have_both(model, init->sym ? init : next);
	if (spec->sym) {
		if (!take_name(model, spec, false))
			return false;
		if (!model->next.fn) {
			misfits(model, TLA_MISFIT_OTHER);
			tla_compile_error(&model->compiler, spec->span,
					  "%s has no next-state action [][Next]_vars",
					  tla_text(&model->compiler, spec->sym));
			return false;
		}
		return true;
	}
	if (!init->sym && !next->sym)
		return true;
	if (!init->sym || !next->sym)
		return need_both(model, init->sym ? init : next, init->sym ? "NEXT" : "INIT");
	split_at(model, &env);
	return compile_counted(model, TLA_COVER_INIT, init, TLA_STATE, &formula) &&
	       add(model, &model->init, &formula) &&
	       compile_name_at(model, &env, next, TLA_ACTION, &model->next);
}

static bool bind_assumptions(struct tla_model *model)
{
	struct tla_compiler *compiler = &model->compiler;

	for (struct tla_context *at = compiler->root.contexts; at; at = at->next) {
		struct tla_env env = { .context = at };

		for (uint32_t i = 0; i < at->module->unit_count; i++) {
			const struct tla_unit *unit = at->module->units[i];
			struct tla_formula formula;

			if (unit->kind != TLA_U_ASSUME)
				continue;
			/* No variables, but TLCSet and PrintT are no constants. */
			if (!compile(model, &env, unit->fact, unit->name.sym, TLA_STATE,
				     &formula) ||
			    !add(model, &model->assumptions, &formula))
				return false;
		}
	}
	return true;
}

static bool bind_rest(struct tla_model *model)
{
	const struct tla_names *properties = &model->config.lists[TLA_LIST_PROPERTY];
	const struct tla_name *view = &model->config.names[TLA_NAME_VIEW];
	const struct tla_name *alias = &model->config.names[TLA_NAME_ALIAS];

	/* Those that are named first: with TLC's, of two that fail it is the one reported. */
	if (!compile_list(model, TLA_LIST_INVARIANT, TLA_STATE, &model->invariants))
		return false;
	for (uint32_t i = 0; i < properties->count; i++)
		if (!take_name(model, &properties->at[i], true))
			return false;
	return compile_list(model, TLA_LIST_CONSTRAINT, TLA_STATE, &model->constraints) &&
	       compile_list(model, TLA_LIST_ACTION_CONSTRAINT, TLA_ACTION,
			    &model->action_constraints) &&
	       compile_list(model, TLA_LIST_SYMMETRY, TLA_CONSTANT, &model->symmetry) &&
	       compile_list(model, TLA_LIST_POSTCONDITION, TLA_STATE, &model->postconditions) &&
	       (!view->sym || compile_name(model, view, TLA_STATE, &model->view)) &&
	       (!alias->sym || compile_name(model, alias, TLA_ACTION, &model->alias));
}

/* --- Remembering --- */

static bool memoize(struct tla_model *model, const struct tla_formula *formula)
{
	/* The compiler made it, and nothing runs it yet. */
	return !formula->fn || tla_memoize(&model->compiler, (struct tla_fn *)formula->fn);
}

static bool memoize_list(struct tla_model *model, const struct tla_formulas *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (!memoize(model, &list->at[i]))
			return false;
	return true;
}

static bool memoize_all(struct tla_model *model)
{
	if (model->is_counted)
		return true;
	return memoize_list(model, &model->init) && memoize(model, &model->next) &&
	       memoize_list(model, &model->invariants) &&
	       memoize_list(model, &model->constraints) &&
	       memoize_list(model, &model->action_constraints) &&
	       memoize_list(model, &model->implied_inits) &&
	       memoize_list(model, &model->implied_actions) && memoize(model, &model->view);
}

/* --- Loading --- */

static int read_config(struct tla_model *model, const struct tla_reader *reader, const char *path)
{
	const struct tla_file *file;
	const char *text;
	size_t n_bytes;
	int err = reader->read(reader->context, path, &text, &n_bytes);

	if (err)
		return err;
	file = tla_file_add(&model->spec->sources, path, text, n_bytes);
	if (!file)
		return -ENOMEM;
	model->config_file = file;
	return tla_config_parse(&model->config, &model->world, &model->heap, file);
}

int tla_model_load(struct tla_model *model, const struct tla_reader *reader, const char *path,
		   const char *config_path)
{
	int err = config_path ? read_config(model, reader, config_path) : 0;

	if (!err)
		err = tla_spec_load(model->spec, reader, path);
	if (!err)
		err = tla_compiler_init(&model->compiler, &model->world, &model->heap,
					model->keeper);
	if (err)
		return err;
	if (model->is_counted)
		model->compiler.cover = &model->cover;
	if (assign_all(model) && have_values(model) && bind_assumptions(model) &&
	    bind_behaviour(model) && bind_rest(model) && memoize_all(model) &&
	    tla_world_reserve_models(&model->world))
		return 0;
	return model->spec->sources.is_full ? -ENOMEM : -EINVAL;
}
