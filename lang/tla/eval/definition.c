/* SPDX-License-Identifier: MIT */
/*
 * Definitions to code: what one becomes when it is first used, and how each use reaches it.
 *
 * Invariant: a function is compiled inside the builder that its entity calls home, or inside none,
 * so the frames between a caller and the function's `up` can be counted from the builders' depths.
 */
#include "reference.h"

#include "cover.h"
#include "nodes.h"

#include <string.h>

/* Arguments of a call. A parameter that is an operator takes an operator. */
bool tla_compile_args(struct tla_compiler *compiler, const struct tla_env *env,
		      const struct tla_unit *unit, struct tla_code *code,
		      struct tla_expr *const *args)
{
	for (uint32_t i = 0; i < code->count; i++) {
		uint32_t arity = unit ? unit->op.params[i].arity : 0;

		code->args[i] = arity > 0 ? tla_compile_operator(compiler, env, args[i], arity)
					  : tla_compile(compiler, env, args[i]);
		if (!code->args[i])
			return false;
	}
	return true;
}

static bool push_params(struct tla_compiler *compiler, struct tla_env *env,
			const struct tla_param *params, uint32_t param_count)
{
	uint32_t first = tla_slots(env, param_count);

	for (uint32_t i = 0; i < param_count; i++) {
		struct tla_scope *scope = tla_scope_push(compiler, env->scope, TLA_N_SLOT,
							 params[i].sym);

		if (!scope)
			return false;
		scope->entity.slot = first + i;
		scope->entity.is_param = true;
		scope->entity.arity = params[i].arity;
		scope->entity.home = env->builder;
		env->scope = scope;
	}
	return true;
}

static const struct tla_code *compile_body(struct tla_compiler *compiler, struct tla_entity *entity,
					   struct tla_env *env)
{
	const struct tla_unit *unit = entity->unit;
	struct tla_code *code;
	struct tla_env there;

	if (entity->kind == TLA_N_FUNCTION) {
		there = tla_cover_part(compiler, env, unit, unit->span);
		code = tla_compile_fcn(compiler, &there, unit->fcn.bounds, unit->fcn.bound_count,
				       unit->fcn.body, unit->span);
		if (code)
			code->flag = entity->is_self_referenced;
		if (code && there.spot && code->flag) { /* TLC remembers no results */
			code->eval = tla_ev_fcn_lazy;
			code->flag = false;
		}
		return tla_cover_counted(compiler, &there, code);
	}
	if (entity->kind == TLA_N_FACT)
		return tla_compile(compiler, env, unit->fact);
	if (!push_params(compiler, env, unit->op.params, unit->op.param_count))
		return NULL;
	return tla_compile(compiler, env, unit->op.body);
}

/* References made while the definition was being compiled: now it is known to be a constant. */
static void settle_self_references(struct tla_entity *entity)
{
	for (struct tla_code *code = entity->self, *next; code; code = next) {
		next = (struct tla_code *)code->args[0];
		code->args[0] = NULL;
		code->count = 0;
		if (entity->constant) {
			code->eval = tla_ev_constant;
			code->act = TLA_ACT_TEST;
			code->constant = entity->constant;
		}
	}
	entity->self = NULL;
}

static bool make_constant(struct tla_compiler *compiler, struct tla_entity *entity)
{
	struct tla_constant *constant = tla_piece_of(compiler, sizeof *constant);

	if (!constant)
		return false;
	constant->name = entity->sym;
	constant->span = entity->span;
	constant->fn = entity->fn;
	tla_world_add_constant(compiler->world, constant);
	entity->constant = constant;
	return true;
}

static bool is_evaluated_once(const struct tla_entity *entity)
{
	return entity->arity == 0 && !entity->home &&
	       (entity->fn->level == TLA_CONSTANT || entity->is_fixed);
}

/* Compile a definition when it is first used. false: an error was kept. */
bool tla_define(struct tla_compiler *compiler, struct tla_entity *entity)
{
	struct tla_builder builder = { .up = entity->home,
				       .depth = entity->home ? entity->home->depth + 1 : 0 };
	struct tla_env env = { .context = entity->context,
			       .scope = entity->scope,
			       .builder = &builder };

	if (entity->compiled != TLA_NOT_COMPILED)
		return entity->fn != NULL;
	entity->compiled = TLA_COMPILING;
	entity->fn = builder.fn = tla_piece_of(compiler, sizeof *entity->fn);
	if (!entity->fn)
		return false;
	entity->fn->name = entity->sym;
	entity->fn->span = entity->span;
	entity->fn->param_count = entity->arity;
	entity->fn->body = compile_body(compiler, entity, &env);
	entity->compiled = TLA_COMPILED;
	if (!entity->fn->body) {
		entity->fn = NULL;
		return false;
	}
	entity->fn->level = entity->fn->body->level;
	entity->is_inline = entity->fn->level >= TLA_ACTION && !entity->is_self_referenced &&
			    entity->kind != TLA_N_FUNCTION;
	if (is_evaluated_once(entity) && !make_constant(compiler, entity))
		return false;
	settle_self_references(entity);
	return true;
}

/* A reference from inside its own definition. */
static struct tla_code *self_reference(struct tla_compiler *compiler, const struct tla_env *env,
				       struct tla_entity *entity, const struct tla_expr *at,
				       struct tla_expr *const *args)
{
	uint32_t room = entity->arity > 0 ? entity->arity : 1; /* args[0] of none: the list */
	struct tla_code *code = tla_code_new(compiler, tla_ev_call, at->span, room);

	entity->is_self_referenced = true;
	if (!code)
		return NULL;
	code->act = TLA_ACT_CALL;
	code->count = entity->arity;
	code->fn = entity->fn;
	code->b = tla_frames_up(env, entity->home);
	if (entity->arity > 0)
		return tla_compile_args(compiler, env, entity->unit, code, args)
			       ? tla_code_leveled(code)
			       : NULL;
	code->args[0] = entity->self;
	entity->self = code;
	return code;
}

/* Whether an operator that it is given is an action: then it is one itself. An argument that is one
 * may be inside of ENABLED, so that the whole is none. */
static bool takes_action(const struct tla_entity *entity, const struct tla_code *code)
{
	for (uint32_t i = 0; i < code->count; i++)
		if ((code->args[i]->eval == tla_ev_operator || entity->fn->asks_enabled) &&
		    code->args[i]->level >= TLA_ACTION)
			return !entity->is_self_referenced && entity->kind == TLA_N_OPERATOR;
	return false;
}

/* The definition anew for one of its uses: counts are kept apart. */
static struct tla_fn *copy(struct tla_compiler *compiler, const struct tla_env *env,
			   struct tla_entity *entity)
{
	struct tla_builder builder = { .up = entity->home,
				       .depth = entity->home ? entity->home->depth + 1 : 0 };
	struct tla_env inner = *env;

	builder.fn = tla_piece_of(compiler, sizeof *builder.fn);
	if (!builder.fn)
		return NULL;
	*builder.fn = (struct tla_fn){ .name = entity->sym,
				       .span = entity->span,
				       .param_count = entity->arity,
				       .level = entity->fn->level };
	inner.context = entity->context;
	inner.scope = entity->scope;
	inner.builder = &builder;
	inner.in_prime = false;
	if (!tla_cover_enter(compiler, &inner, entity))
		return NULL;
	entity->copy = builder.fn; /* for what refers to itself */
	builder.fn->body = compile_body(compiler, entity, &inner);
	entity->copy = NULL;
	return builder.fn->body ? builder.fn : NULL;
}

/* The function that a use calls. NULL: an error was kept. */
struct tla_fn *tla_function_of(struct tla_compiler *compiler, const struct tla_env *env,
			       struct tla_entity *entity)
{
	if (!compiler->cover || (!env->spot && env->way == TLA_COVER_HERE) ||
	    tla_cover_is_opaque(compiler, entity))
		return entity->fn;
	return entity->copy ? entity->copy : copy(compiler, env, entity);
}

static struct tla_code *call(struct tla_compiler *compiler, const struct tla_env *env,
			     struct tla_entity *entity, const struct tla_expr *at,
			     struct tla_expr *const *args)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_call, at->span, entity->arity);
	struct tla_env there = *env;

	if (!code)
		return NULL;
	if (env->way != TLA_COVER_HERE)
		there = tla_cover_apart(env);
	code->fn = tla_function_of(compiler, env, entity);
	if (!code->fn)
		return NULL;
	if (!compiler->cover || !tla_cover_is_opaque(compiler, entity))
		code->act = TLA_ACT_CALL;
	code->b = tla_frames_up(env, entity->home);
	code->level = (uint8_t)entity->fn->level;
	env->builder->fn->asks_enabled |= entity->fn->asks_enabled;
	if (entity->arity > 0 && !tla_compile_args(compiler, &there, entity->unit, code, args))
		return NULL;
	if (takes_action(entity, code))
		return tla_expand(compiler, env, entity, at, args);
	return tla_code_leveled(code);
}

static struct tla_code *constant(struct tla_compiler *compiler, const struct tla_entity *entity,
				 const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_constant, at->span, 0);

	if (code)
		code->constant = entity->constant;
	return code;
}

/* An argument that a trace can name: a number, a string, a name. */
static bool is_simple(const struct tla_expr *arg)
{
	return arg->kind == TLA_E_NUMBER || arg->kind == TLA_E_STRING ||
	       (arg->kind == TLA_E_APPLY && arg->apply.arg_count == 0 && !arg->apply.path);
}

/* The arguments of an action, for traces: args[1..a], all or none of them. */
static bool keep_args(struct tla_compiler *compiler, const struct tla_env *env,
		      const struct tla_entity *entity, struct tla_expr *const *args,
		      struct tla_code *code)
{
	struct tla_env there = tla_cover_apart(env);

	for (uint32_t i = 0; i < entity->arity; i++)
		if (entity->unit->op.params[i].arity > 0 || !is_simple(args[i]))
			return true;
	for (uint32_t i = 0; i < entity->arity; i++) {
		code->args[i + 1] = tla_compile(compiler, &there, args[i]);
		if (!code->args[i + 1])
			return false;
	}
	code->a = entity->arity;
	return true;
}

/*
 * Where evaluations are counted, an argument is evaluated once: the names of the scope, one for
 * each, stand for thunks, but in the next state. *ret_let binds them around a body to come; NULL:
 * there are none.
 */
static bool count_args(struct tla_compiler *compiler, const struct tla_env *env,
		       const struct tla_entity *entity, struct tla_scope *scope,
		       struct tla_code **ret_let)
{
	struct tla_env there = env->way == TLA_COVER_HERE ? *env : tla_cover_apart(env);
	uint32_t count = 0, slot;
	struct tla_code *let;

	for (uint32_t i = 0; i < entity->arity; i++)
		count += entity->unit->op.params[i].arity == 0;
	if (count == 0)
		return true;
	let = tla_code_new(compiler, tla_ev_let, entity->span, count + 1);
	if (!let)
		return false;
	let->act = TLA_ACT_LET;
	let->a = slot = tla_slots(env, count);
	slot += count;
	for (uint32_t i = entity->arity; i-- > 0; scope = scope->up) {
		struct tla_entity *param = &scope->entity;

		param->is_argument = true;
		param->spot = there.spot;
		if (param->arity > 0)
			continue;
		let->args[--count] = tla_compile(compiler, &there, param->expr);
		if (!let->args[count])
			return false;
		param->has_thunk = true;
		param->thunk_slot = --slot;
		param->thunk_level = let->args[count]->level;
		param->home = env->builder;
	}
	*ret_let = let;
	return true;
}

bool tla_bind_args(struct tla_compiler *compiler, const struct tla_env *env,
		   const struct tla_entity *entity, struct tla_expr *const *args,
		   struct tla_env *inner)
{
	inner->context = entity->context;
	inner->scope = entity->scope;
	for (uint32_t i = 0; i < entity->arity; i++) {
		const struct tla_param *param = &entity->unit->op.params[i];
		struct tla_scope *scope = tla_scope_push(compiler, inner->scope, TLA_N_SUBST,
							 param->sym);

		if (!scope)
			return false;
		scope->entity.arity = param->arity;
		scope->entity.context = env->context;
		scope->entity.scope = env->scope;
		scope->entity.expr = args[i];
		scope->entity.enabled_in = env->enabled_in;
		inner->scope = scope;
	}
	return true;
}

/* For the positions of failures: where a definition is used, and before it where it is made an
 * instance's. NULL: no memory. */
static struct tla_code *use_of(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_entity *entity, const struct tla_expr *at)
{
	const struct tla_group *group = entity->context ? entity->context->group : NULL;
	bool is_other = group && group->instance && group != env->context->group;
	struct tla_code *use = tla_code_new(compiler, tla_ev_inline, at->span, 1);
	struct tla_code *instance = use;

	if (is_other && use)
		instance = tla_code_new(compiler, tla_ev_inline, group->instance->span, 1);
	if (!use || !instance)
		return NULL;
	use->count = instance->count = 0;
	use->args[0] = NULL;
	if (is_other)
		instance->args[0] = use;
	return instance;
}

/* The definition's text in place of its name, its parameters standing for the arguments' texts. */
struct tla_code *tla_expand(struct tla_compiler *compiler, const struct tla_env *env,
			    struct tla_entity *entity, const struct tla_expr *at,
			    struct tla_expr *const *args)
{
	const struct tla_unit *unit = entity->unit;
	struct tla_code *code = tla_code_new(compiler, tla_ev_inline, at->span, 2 + entity->arity);
	struct tla_env inner = *env;
	struct tla_code *let = NULL;

	if (!tla_bind_args(compiler, env, entity, args, &inner))
		return NULL;
	if (compiler->cover && !count_args(compiler, env, entity, inner.scope, &let))
		return NULL;
	if (!tla_cover_enter(compiler, &inner, entity))
		return NULL;
	if (!code || !keep_args(compiler, env, entity, args, code))
		return NULL;
	code->count = 1;
	code->b = 1 + entity->arity;
	code->args[code->b] = use_of(compiler, env, entity, at);
	if (!code->args[code->b])
		return NULL;
	code->act = TLA_ACT_INLINE;
	code->sym = entity->sym;
	/* The trace names the definition's body, as TLC's does. */
	code->span = entity->kind == TLA_N_FACT ? unit->fact->span : unit->op.body->span;
	code->args[0] = tla_compile(compiler, &inner,
				    entity->kind == TLA_N_FACT ? unit->fact : unit->op.body);
	if (let) {
		let->args[let->count - 1] = code->args[0];
		code->args[0] = tla_code_leveled(let);
	}
	return tla_code_leveled(code);
}

/* TLCEvalDefinition("Name"): the definition of the root module, seen when it is compiled. */
static struct tla_code *definition_by_name(struct tla_compiler *compiler,
					   struct tla_builder *builder, const struct tla_expr *at,
					   const struct tla_expr *arg)
{
	struct tla_env env = { .context = compiler->root_context, .builder = builder };
	struct tla_entity *entity = NULL;
	struct tla_expr expr = { .kind = TLA_E_APPLY, .span = at->span };

	if (arg->kind == TLA_E_STRING)
		entity = tla_context_find(compiler->root_context, arg->sym);
	if (!entity || entity->arity > 0 || entity->kind != TLA_N_OPERATOR) {
		tla_compile_error(compiler, arg->span,
				  "TLCEvalDefinition needs the name of a definition without "
				  "parameters of the root module, as a string");
		return NULL;
	}
	expr.apply.sym = arg->sym;
	expr.apply.name_span = at->span;
	return tla_compile(compiler, &env, &expr);
}

static struct tla_code *native(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_entity *entity, const struct tla_expr *at,
			       struct tla_expr *const *args)
{
	const struct tla_native *native = entity->native;
	struct tla_code *code = tla_code_new(
		compiler, native->inline_eval ? native->inline_eval : tla_ev_native, at->span,
		entity->arity);

	if (!code)
		return NULL;
	code->native = native;
	code->level = (uint8_t)native->level;
	code->has_effects = native->level > TLA_CONSTANT;
	compiler->has_trace |= !strcmp(native->module, "TLCExt") && !strcmp(native->name, "Trace");
	if (!tla_compile_args(compiler, env, entity->arity > 0 ? entity->unit : NULL, code, args))
		return NULL;
	return tla_code_leveled(code);
}

/* What is primed inside of an instance's ENABLED reads other variables than it does elsewhere. */
static bool needs_own_text(const struct tla_env *env, const struct tla_entity *entity)
{
	return env->in_prime && env->enabled_in && env->enabled_in->instance &&
	       entity->kind == TLA_N_OPERATOR && entity->fn->level == TLA_STATE &&
	       !entity->is_self_referenced;
}

struct tla_code *tla_compile_definition(struct tla_compiler *compiler, const struct tla_env *env,
					struct tla_entity *entity, const struct tla_expr *at,
					struct tla_expr *const *args, bool is_replaced)
{
	if (entity->native && !strcmp(entity->native->name, "TLCEvalDefinition"))
		return definition_by_name(compiler, env->builder, at, args[0]);
	if (entity->native)
		return native(compiler, env, entity, at, args);
	if (entity->compiled == TLA_COMPILING)
		return self_reference(compiler, env, entity, at, args);
	if (!tla_define(compiler, entity))
		return NULL;
	/* TLC evaluates what replaces something each time. */
	if (entity->constant && !(is_replaced && env->spot))
		return constant(compiler, entity, at);
	/* In a primed expression a definition is evaluated in the next state as it stands. */
	if (entity->is_inline || needs_own_text(env, entity))
		return tla_expand(compiler, env, entity, at, args);
	return call(compiler, env, entity, at, args);
}
