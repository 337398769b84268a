/* SPDX-License-Identifier: MIT */
/* Contexts and look-up. Invariant: an entity is in the tables of all contexts that see it, and is
 * one. */
#include "scope.h"

#include "compile.h"

#include <errno.h>
#include <string.h>

static uint32_t hash_of(tla_sym sym, uint32_t room)
{
	return (uint32_t)(sym * 0x9e3779b1u) & (room - 1);
}

static struct tla_visible *place_of(const struct tla_context *context, tla_sym sym)
{
	uint32_t i = hash_of(sym, context->room);

	while (context->table[i].entity && context->table[i].entity->sym != sym)
		i = (i + 1) & (context->room - 1);
	return &context->table[i];
}

static bool grow(struct tla_compiler *compiler, struct tla_context *context)
{
	struct tla_context larger = *context;

	larger.room = context->room ? 2 * context->room : 64;
	larger.table = tla_piece_of(compiler, larger.room * sizeof *larger.table);
	if (!larger.table)
		return false;
	for (uint32_t i = 0; i < context->room; i++)
		if (context->table[i].entity)
			*place_of(&larger, context->table[i].entity->sym) = context->table[i];
	*context = larger;
	return true;
}

/* The first to come stays: another with its name is the same, or SANY would have refused it. */
static bool add(struct tla_compiler *compiler, struct tla_context *context,
		struct tla_entity *entity, bool is_local)
{
	struct tla_visible *place;

	if (4 * (context->count + 1) > 3 * context->room && !grow(compiler, context))
		return false;
	place = place_of(context, entity->sym);
	if (!place->entity) {
		*place = (struct tla_visible){ entity, is_local };
		context->count++;
	}
	return true;
}

/* What another context hands on. */
static bool import(struct tla_compiler *compiler, struct tla_context *to,
		   const struct tla_context *from, bool is_local)
{
	for (uint32_t i = 0; from && i < from->room; i++)
		if (from->table[i].entity && !from->table[i].is_local &&
		    !add(compiler, to, from->table[i].entity, is_local))
			return false;
	return from != NULL;
}

struct tla_entity *tla_context_find(const struct tla_context *context, tla_sym sym)
{
	return context->room ? place_of(context, sym)->entity : NULL;
}

struct tla_entity *tla_look_up(const struct tla_env *env, tla_sym sym)
{
	for (struct tla_scope *scope = env->scope; scope; scope = scope->up)
		if (scope->entity.sym == sym)
			return &scope->entity;
	for (const struct tla_context *at = env->context; at; at = at->outer) {
		struct tla_entity *entity = tla_context_find(at, sym);

		if (entity)
			return entity;
	}
	return NULL;
}

struct tla_scope *tla_scope_push(struct tla_compiler *compiler, struct tla_scope *up,
				 enum tla_entity_kind kind, tla_sym sym)
{
	struct tla_scope *scope = tla_piece_of(compiler, sizeof *scope);

	if (!scope)
		return NULL;
	scope->up = up;
	scope->entity.kind = kind;
	scope->entity.sym = sym;
	return scope;
}

/* What the configuration puts in the place of a module's definition; NULL: nothing. */
static struct tla_entity *overridden(const struct tla_compiler *compiler,
				     const struct tla_context *context, tla_sym sym)
{
	const struct tla_module_override *at = compiler->overrides;

	while (at && (at->module != context->module->name.sym || at->name != sym))
		at = at->next;
	return at ? at->replacement : NULL;
}

int tla_override_in_module(struct tla_compiler *compiler, tla_sym module, tla_sym name,
			   struct tla_entity *replacement)
{
	struct tla_module_override *override = tla_piece_of(compiler, sizeof *override);
	int err = -ENOENT;

	if (!override)
		return -ENOMEM;
	*override = (struct tla_module_override){ compiler->overrides, module, name, replacement };
	compiler->overrides = override;
	for (struct tla_context *at = compiler->contexts; at; at = at->next_of_all) {
		struct tla_entity *entity = at->module->name.sym == module
						    ? tla_context_find(at, name)
						    : NULL;

		if (entity && entity != replacement)
			entity->override = replacement;
		if (at->module->name.sym == module && entity)
			err = 0;
	}
	return err;
}

static struct tla_entity *define(struct tla_compiler *compiler, struct tla_context *context,
				 enum tla_entity_kind kind, tla_sym sym,
				 const struct tla_unit *unit)
{
	struct tla_entity *entity = tla_piece_of(compiler, sizeof *entity);

	if (!entity)
		return NULL;
	entity->kind = kind;
	entity->sym = sym;
	entity->context = context;
	entity->home = context->group->home;
	entity->unit = unit;
	entity->span = unit->span;
	entity->override = overridden(compiler, context, sym);
	return add(compiler, context, entity, unit->is_local) ? entity : NULL;
}

static const struct tla_subst *find_subst(const struct tla_unit *instance, tla_sym sym)
{
	for (uint32_t i = 0; i < instance->instance.subst_count; i++)
		if (instance->instance.substs[i].name.sym == sym)
			return &instance->instance.substs[i];
	return NULL;
}

/* A declared name of an instantiated module stands for what WITH says, or for the same name
 * outside. */
static bool substitute(struct tla_compiler *compiler, struct tla_context *context,
		       const struct tla_param *decl, const struct tla_unit *unit)
{
	const struct tla_group *group = context->group;
	const struct tla_subst *subst = find_subst(group->instance, decl->sym);
	struct tla_entity *entity;

	if (!subst) {
		entity = tla_look_up(&group->env, decl->sym);
		if (entity)
			return add(compiler, context, entity, false);
		tla_compile_error(compiler, group->instance->span,
				  "%s of module %s has no substitution, and nothing of that name "
				  "is known here",
				  tla_text(compiler, decl->sym),
				  tla_text(compiler, context->module->name.sym));
		return false;
	}
	entity = define(compiler, context, TLA_N_SUBST, decl->sym, unit);
	if (!entity)
		return false;
	entity->arity = decl->arity;
	entity->context = group->env.context;
	entity->scope = group->env.scope;
	entity->expr = subst->value;
	entity->group = group;
	return true;
}

static bool declare(struct tla_compiler *compiler, struct tla_context *context,
		    const struct tla_unit *unit)
{
	enum tla_entity_kind kind = unit->kind == TLA_U_CONSTANTS ? TLA_N_CONSTANT : TLA_N_VARIABLE;
	struct tla_world *world = compiler->world;

	for (uint32_t i = 0; i < unit->decls.count; i++) {
		const struct tla_param *decl = &unit->decls.at[i];
		struct tla_entity *entity;

		if (context->group->instance) {
			if (!substitute(compiler, context, decl, unit))
				return false;
			continue;
		}
		entity = define(compiler, context, kind, decl->sym, unit);
		if (!entity)
			return false;
		entity->arity = decl->arity;
		entity->span = decl->span;
		if (kind == TLA_N_VARIABLE) {
			entity->var_idx = world->var_count;
			world->vars[world->var_count++] = decl->sym;
		}
	}
	return true;
}

/* As TLC: its own modules' operators are its own, too, where a specification has a file of that
 * name. */
static bool is_standard(const struct tla_compiler *compiler, const struct tla_module *module)
{
	static const char *const names[] = { "Naturals",  "Integers",   "Reals",
					     "Sequences", "FiniteSets", "Bags",
					     "TLC",       "TLCExt",     "Randomization" };
	const char *name = tla_text(compiler, module->name.sym);

	for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(names[i], name))
			return !module->outer;
	return module->file->is_builtin;
}

static bool define_operator(struct tla_compiler *compiler, struct tla_context *context,
			    const struct tla_unit *unit)
{
	const struct tla_native *native = NULL;
	bool is_operator = unit->kind == TLA_U_OPERATOR;
	struct tla_entity *entity = define(compiler, context,
					   is_operator ? TLA_N_OPERATOR : TLA_N_FUNCTION,
					   unit->name.sym, unit);

	if (!entity)
		return false;
	entity->arity = is_operator ? unit->op.param_count : 0;
	if (is_standard(compiler, context->module))
		native = tla_native_find(tla_text(compiler, context->module->name.sym),
					 tla_text(compiler, unit->name.sym));
	if (native && (context->module->file->is_builtin || native->arg_count == entity->arity))
		entity->native = native;
	return true;
}

static bool define_instance(struct tla_compiler *compiler, struct tla_context *context,
			    const struct tla_unit *unit)
{
	struct tla_env env = { .context = context };
	struct tla_entity *entity;

	if (unit->name.sym == TLA_NO_SYM)
		return import(compiler, context, tla_instantiate(compiler, unit, &env, NULL, &env),
			      unit->is_local);
	entity = define(compiler, context, TLA_N_INSTANCE, unit->name.sym, unit);
	if (entity)
		entity->arity = unit->instance.param_count;
	return entity != NULL;
}

static bool add_unit(struct tla_compiler *compiler, struct tla_context *context,
		     const struct tla_unit *unit)
{
	switch ((enum tla_unit_kind)unit->kind) {
	case TLA_U_CONSTANTS:
	case TLA_U_VARIABLES:
		return declare(compiler, context, unit);
	case TLA_U_OPERATOR:
	case TLA_U_FUNCTION:
		return define_operator(compiler, context, unit);
	case TLA_U_INSTANCE:
		return define_instance(compiler, context, unit);
	case TLA_U_ASSUME:
	case TLA_U_THEOREM:
		return unit->name.sym == TLA_NO_SYM ||
		       define(compiler, context, TLA_N_FACT, unit->name.sym, unit);
	default:
		return true; /* RECURSIVE: the definition follows; MODULE: found when instantiated
			      */
	}
}

/* A module that a name means at a place: nested in one around it, or one of the specification. */
static const struct tla_module *find_module(struct tla_compiler *compiler,
					    struct tla_context *context, tla_sym sym,
					    struct tla_context **ret_outer)
{
	for (struct tla_context *at = context; at; at = at->outer) {
		for (uint32_t i = 0; i < at->module->unit_count; i++) {
			const struct tla_unit *unit = at->module->units[i];

			if (unit->kind == TLA_U_MODULE && unit->module->name.sym == sym) {
				*ret_outer = at;
				return unit->module;
			}
		}
	}
	*ret_outer = NULL;
	return tla_spec_module(compiler->spec, sym);
}

static bool fill(struct tla_compiler *compiler, struct tla_context *context)
{
	const struct tla_module *module = context->module;

	for (uint32_t i = 0; i < module->extend_count; i++) {
		struct tla_context *outer;
		const struct tla_module *extended = find_module(compiler, context,
								module->extends[i].sym, &outer);

		if (!extended ||
		    !import(compiler, context,
			    tla_context_of(compiler, context->group, extended, outer), false))
			return false;
	}
	for (uint32_t i = 0; i < module->unit_count; i++)
		if (!add_unit(compiler, context, module->units[i]))
			return false;
	return true;
}

struct tla_context *tla_context_of(struct tla_compiler *compiler, struct tla_group *group,
				   const struct tla_module *module, struct tla_context *outer)
{
	struct tla_context *context;

	/* Standard modules have nothing to substitute: one of each is enough. */
	if (module->file->is_builtin)
		group = &compiler->builtin;
	for (context = group->contexts; context; context = context->next)
		if (context->module == module)
			return context;
	context = tla_piece_of(compiler, sizeof *context);
	if (!context)
		return NULL;
	context->module = module;
	context->outer = outer;
	context->group = group;
	context->next = group->contexts;
	group->contexts = context;
	context->next_of_all = compiler->contexts;
	compiler->contexts = context;
	return fill(compiler, context) ? context : NULL;
}

/* The parameters of a parametrised INSTANCE, standing for their arguments. */
static bool bind_params(struct tla_compiler *compiler, struct tla_group *group,
			const struct tla_unit *instance, struct tla_expr *const *args,
			const struct tla_env *args_env)
{
	for (uint32_t i = 0; i < instance->instance.param_count; i++) {
		const struct tla_param *param = &instance->instance.params[i];
		struct tla_scope *scope = tla_scope_push(compiler, group->env.scope, TLA_N_SUBST,
							 param->sym);

		if (!scope)
			return false;
		scope->entity.arity = param->arity;
		scope->entity.context = args_env->context;
		scope->entity.scope = args_env->scope;
		scope->entity.expr = args[i];
		group->env.scope = scope;
	}
	return true;
}

struct tla_context *tla_instantiate(struct tla_compiler *compiler, const struct tla_unit *instance,
				    const struct tla_env *env, struct tla_expr *const *args,
				    const struct tla_env *args_env)
{
	bool is_local = env->scope != NULL || instance->instance.param_count > 0;
	struct tla_group *group = tla_piece_of(compiler, sizeof *group);
	struct tla_context *outer;
	const struct tla_module *module = find_module(compiler, env->context,
						      instance->instance.module.sym, &outer);

	if (!group || !module)
		return NULL;
	group->instance = instance;
	group->env = *env;
	group->home = is_local ? args_env->builder : env->context->group->home;
	if (!bind_params(compiler, group, instance, args, args_env))
		return NULL;
	return tla_context_of(compiler, group, module, outer);
}
