/* SPDX-License-Identifier: MIT */
/*
 * Names to code: what a definition becomes when it is first used, and how each use reaches it.
 *
 * Invariant: a function is compiled inside the builder that its entity calls home, or inside
 * none, so
 * the frames between a caller and the function's `up` can be counted from the builders' depths.
 */
#include "compile.h"
#include "cover.h"
#include "nodes.h"

#include <string.h>

static uint32_t frames_up(const struct tla_env *env, const struct tla_builder *home)
{
	return home ? env->builder->depth - home->depth : TLA_NO_UP;
}

static struct tla_code *wrong_count(struct tla_compiler *compiler, const struct tla_entity *entity,
				    const struct tla_expr *at, uint32_t arg_count)
{
	tla_compile_error(compiler, at->span, "%s takes %u arguments, not %u",
			  tla_text(compiler, entity->sym), entity->arity, arg_count);
	return NULL;
}

static struct tla_code *constant_value(struct tla_compiler *compiler,
				       const struct tla_entity *entity, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_value, at->span, 0);

	if (!entity->value) {
		tla_compile_error(compiler, at->span,
				  "the constant %s has no value: give it one in the configuration, "
				  "as in CONSTANT %s = 3",
				  tla_text(compiler, entity->sym), tla_text(compiler, entity->sym));
		return NULL;
	}
	if (code)
		code->value = entity->value;
	return code;
}

static struct tla_code *variable(struct tla_compiler *compiler, uint32_t var_idx,
				 const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_now, at->span, 0);

	if (code) {
		code->a = var_idx;
		code->level = TLA_STATE;
	}
	return code;
}

/* Arguments of a call. A parameter that is an operator takes an operator. */
static bool compile_args(struct tla_compiler *compiler, const struct tla_env *env,
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

/* --- Definitions as functions --- */

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

/* Compile a definition when it is first used. false: an error was kept. */
static bool define(struct tla_compiler *compiler, struct tla_entity *entity)
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
	if (entity->arity == 0 && !entity->home && entity->fn->level == TLA_CONSTANT &&
	    !make_constant(compiler, entity))
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
	code->b = frames_up(env, entity->home);
	if (entity->arity > 0)
		return compile_args(compiler, env, entity->unit, code, args)
			       ? tla_code_leveled(code)
			       : NULL;
	code->args[0] = entity->self;
	entity->self = code;
	return code;
}

static struct tla_code *expand(struct tla_compiler *compiler, const struct tla_env *env,
			       struct tla_entity *entity, const struct tla_expr *at,
			       struct tla_expr *const *args);

/* Whether an operator that it is given is an action: then it is one itself. */
static bool takes_action(const struct tla_entity *entity, const struct tla_code *code)
{
	for (uint32_t i = 0; i < code->count; i++)
		if (code->args[i]->eval == tla_ev_operator && code->args[i]->level >= TLA_ACTION)
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
static struct tla_fn *function_of(struct tla_compiler *compiler, const struct tla_env *env,
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
	code->fn = function_of(compiler, env, entity);
	if (!code->fn)
		return NULL;
	if (!compiler->cover || !tla_cover_is_opaque(compiler, entity))
		code->act = TLA_ACT_CALL;
	code->b = frames_up(env, entity->home);
	code->level = (uint8_t)entity->fn->level;
	if (entity->arity > 0 && !compile_args(compiler, &there, entity->unit, code, args))
		return NULL;
	if (takes_action(entity, code))
		return expand(compiler, env, entity, at, args);
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

/* The definition's text in place of its name, its parameters standing for the arguments' texts. */
static struct tla_code *expand(struct tla_compiler *compiler, const struct tla_env *env,
			       struct tla_entity *entity, const struct tla_expr *at,
			       struct tla_expr *const *args)
{
	const struct tla_unit *unit = entity->unit;
	struct tla_code *code = tla_code_new(compiler, tla_ev_inline, at->span, 1 + entity->arity);
	struct tla_env inner = *env;
	struct tla_code *let = NULL;

	inner.context = entity->context;
	inner.scope = entity->scope;
	for (uint32_t i = 0; i < entity->arity; i++) {
		struct tla_scope *scope = tla_scope_push(compiler, inner.scope, TLA_N_SUBST,
							 unit->op.params[i].sym);

		if (!scope)
			return NULL;
		scope->entity.arity = unit->op.params[i].arity;
		scope->entity.context = env->context;
		scope->entity.scope = env->scope;
		scope->entity.expr = args[i];
		inner.scope = scope;
	}
	if (compiler->cover && !count_args(compiler, env, entity, inner.scope, &let))
		return NULL;
	if (!tla_cover_enter(compiler, &inner, entity))
		return NULL;
	if (!code || !keep_args(compiler, env, entity, args, code))
		return NULL;
	code->count = 1;
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
static struct tla_code *definition_by_name(struct tla_compiler *compiler, const struct tla_expr *at,
					   const struct tla_expr *arg)
{
	struct tla_env env = { .context = compiler->root_context };
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
	if (!compile_args(compiler, env, entity->arity > 0 ? entity->unit : NULL, code, args))
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

static struct tla_code *definition(struct tla_compiler *compiler, const struct tla_env *env,
				   struct tla_entity *entity, const struct tla_expr *at,
				   struct tla_expr *const *args, bool is_replaced)
{
	if (entity->native && !strcmp(entity->native->name, "TLCEvalDefinition"))
		return definition_by_name(compiler, at, args[0]);
	if (entity->native)
		return native(compiler, env, entity, at, args);
	if (entity->compiled == TLA_COMPILING)
		return self_reference(compiler, env, entity, at, args);
	if (!define(compiler, entity))
		return NULL;
	/* TLC evaluates what replaces something each time. */
	if (entity->constant && !(is_replaced && env->spot))
		return constant(compiler, entity, at);
	/* In a primed expression a definition is evaluated in the next state as it stands. */
	if (entity->is_inline || needs_own_text(env, entity))
		return expand(compiler, env, entity, at, args);
	return call(compiler, env, entity, at, args);
}

/* --- Local names --- */

static struct tla_code *slot(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_entity *entity, const struct tla_expr *at,
			     struct tla_expr *const *args, uint32_t arg_count)
{
	struct tla_code *code = tla_code_new(
		compiler, arg_count > 0 ? tla_ev_call_slot : tla_ev_slot, at->span, arg_count);

	if (!code)
		return NULL;
	code->a = entity->slot;
	code->b = frames_up(env, entity->home);
	if (arg_count == 0)
		code->act = TLA_ACT_SLOT;
	if (entity->is_let)
		code->level = (uint8_t)entity->fn->level;
	if (entity->is_param && env->in_prime) {
		code->level = TLA_STATE;
		entity->home->fn->primes_params = true;
	}
	return compile_args(compiler, env, NULL, code, args) ? tla_code_leveled(code) : NULL;
}

/* Where evaluations are counted: as a part of an action TLC evaluates the text each time. */
static struct tla_code *either(struct tla_compiler *compiler, const struct tla_env *env,
			       struct tla_entity *entity, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_either, at->span, 2);

	if (!code)
		return NULL;
	code->act = TLA_ACT_EITHER;
	code->args[0] = slot(compiler, env, entity, at, NULL, 0);
	code->args[1] = expand(compiler, env, entity, at, NULL);
	return tla_code_leveled(code);
}

/* A LET definition without parameters: its thunk, or its text where the thunk would be wrong. */
static struct tla_code *let_name(struct tla_compiler *compiler, const struct tla_env *env,
				 struct tla_entity *entity, const struct tla_expr *at)
{
	bool needs_text;

	if (entity->compiled == TLA_COMPILING)
		entity->is_self_referenced = true;
	needs_text = entity->is_inline || (env->in_prime && entity->fn->level >= TLA_STATE);

	if (entity->kind != TLA_N_SLOT || entity->unit->kind != TLA_U_OPERATOR ||
	    entity->compiled != TLA_COMPILED)
		return slot(compiler, env, entity, at, NULL, 0);
	if (needs_text)
		return expand(compiler, env, entity, at, NULL);
	return compiler->cover ? either(compiler, env, entity, at)
			       : slot(compiler, env, entity, at, NULL, 0);
}

/* Of an argument that is counted: see count_args(). */
static struct tla_code *argument_thunk(struct tla_compiler *compiler, const struct tla_env *env,
				       const struct tla_entity *entity, const struct tla_expr *at)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_slot, at->span, 0);

	if (!code)
		return NULL;
	code->a = entity->thunk_slot;
	code->b = frames_up(env, entity->home);
	code->act = TLA_ACT_SLOT;
	code->level = entity->thunk_level;
	return code;
}

/* An expression of another place; applied, if it is an operator. */
static struct tla_code *substituted(struct tla_compiler *compiler, const struct tla_env *env,
				    struct tla_entity *entity, const struct tla_expr *at,
				    struct tla_expr *const *args, uint32_t arg_count)
{
	struct tla_env there = *env;
	struct tla_entity *target;

	if (env->in_prime && tla_own_variable(compiler, env, entity))
		return variable(compiler, entity->own_idx - 1, at);
	if (entity->has_thunk && !env->in_prime)
		return argument_thunk(compiler, env, entity, at);
	there.context = entity->context;
	there.scope = entity->scope;
	if (entity->is_argument) {
		there.spot = entity->spot;
		there.spot_rank = TLA_SPOT_OPERAND;
	} else {
		tla_cover_leave(&there, entity);
	}
	if (arg_count == 0)
		return tla_compile(compiler, &there, entity->expr);
	if (entity->expr->kind == TLA_E_LAMBDA) {
		struct tla_code *code = tla_code_new(compiler, tla_ev_call, at->span, arg_count);
		struct tla_code *lambda = tla_compile_operator(compiler, &there, entity->expr,
							       arg_count);

		if (!code || !lambda)
			return NULL;
		code->act = TLA_ACT_CALL;
		code->fn = lambda->fn;
		code->b = lambda->b;
		code->level = lambda->level;
		return compile_args(compiler, env, NULL, code, args) ? tla_code_leveled(code)
								     : NULL;
	}
	target = tla_resolve(compiler, &there, entity->expr);
	return target ? tla_compile_reference(compiler, env, target, at, args, arg_count) : NULL;
}

struct tla_code *tla_compile_reference(struct tla_compiler *compiler, const struct tla_env *env,
				       struct tla_entity *entity, const struct tla_expr *at,
				       struct tla_expr *const *args, uint32_t arg_count)
{
	bool is_replaced = entity->override != NULL;

	while (entity->override)
		entity = entity->override;
	if (entity->arity != arg_count)
		return wrong_count(compiler, entity, at, arg_count);
	switch (entity->kind) {
	case TLA_N_CONSTANT:
		return constant_value(compiler, entity, at);
	case TLA_N_VARIABLE:
		return variable(compiler, entity->var_idx, at);
	case TLA_N_OPERATOR:
	case TLA_N_FUNCTION:
	case TLA_N_FACT:
		return definition(compiler, env, entity, at, args, is_replaced);
	case TLA_N_SLOT:
		if (entity->is_let)
			return let_name(compiler, env, entity, at);
		return slot(compiler, env, entity, at, args, arg_count);
	case TLA_N_SUBST:
		return substituted(compiler, env, entity, at, args, arg_count);
	case TLA_N_INSTANCE:
		break;
	}
	tla_compile_error(compiler, at->span, "%s is an instance of a module, not an operator",
			  tla_text(compiler, entity->sym));
	return NULL;
}

/* --- Operators as arguments --- */

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
		return slot(compiler, env, entity, expr, NULL, 0);
	if (entity->native || entity->kind != TLA_N_OPERATOR)
		return wrap(compiler, env, expr, arity);
	if (entity->compiled != TLA_COMPILING && !define(compiler, entity))
		return NULL;
	if (entity->compiled == TLA_COMPILING)
		entity->is_self_referenced = true;
	code = tla_code_new(compiler, tla_ev_operator, expr->span, 0);
	if (!code)
		return NULL;
	code->fn = entity->compiled == TLA_COMPILING ? entity->fn
						     : function_of(compiler, env, entity);
	if (!code->fn)
		return NULL;
	code->b = frames_up(env, entity->home);
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

/* --- LET --- */

static bool defines_thunk(const struct tla_unit *unit)
{
	return unit->kind == TLA_U_FUNCTION ||
	       (unit->kind == TLA_U_OPERATOR && unit->op.param_count == 0);
}

/* A LET operator with parameters, or an instance: it is found later by its name. */
static struct tla_scope *let_definition(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_unit *unit)
{
	bool is_instance = unit->kind == TLA_U_INSTANCE;
	struct tla_scope *scope = tla_scope_push(compiler, env->scope,
						 is_instance ? TLA_N_INSTANCE : TLA_N_OPERATOR,
						 unit->name.sym);

	if (!scope)
		return NULL;
	scope->entity.unit = unit;
	scope->entity.span = unit->span;
	scope->entity.arity = is_instance ? unit->instance.param_count : unit->op.param_count;
	scope->entity.context = env->context;
	scope->entity.scope = scope; /* it may be recursive */
	scope->entity.home = env->builder;
	return scope;
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

/* --- Paths --- */

struct tla_context *tla_instance_context(struct tla_compiler *compiler, const struct tla_env *env,
					 struct tla_entity *entity, const struct tla_selector *at)
{
	struct tla_env there = { .context = entity->context,
				 .scope = entity->scope,
				 .builder = entity->home ? entity->home : env->builder };
	struct tla_context *context;

	if (entity->kind != TLA_N_INSTANCE || entity->arity != at->arg_count) {
		tla_compile_error(compiler, at->span,
				  entity->kind == TLA_N_INSTANCE
					  ? "the instance %s takes another number of arguments"
					  : "%s is not an instance of a module",
				  tla_text(compiler, at->sym));
		return NULL;
	}
	if (entity->instance)
		return entity->instance;
	context = tla_instantiate(compiler, entity->unit, &there, at->args, env);
	if (entity->arity == 0)
		entity->instance = context;
	return context;
}

struct tla_entity *tla_resolve(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr)
{
	struct tla_context *context = NULL;
	const struct tla_path *path = expr->apply.path;
	struct tla_entity *entity;

	for (uint32_t i = 0; path && i < path->count; i++) {
		const struct tla_selector *at = &path->parts[i];

		entity = context ? tla_context_find(context, at->sym) : tla_look_up(env, at->sym);
		if (!entity) {
			tla_compile_error(compiler, at->span, "unknown instance %s",
					  tla_text(compiler, at->sym));
			return NULL;
		}
		context = tla_instance_context(compiler, env, entity, at);
		if (!context)
			return NULL;
	}
	entity = context ? tla_context_find(context, expr->apply.sym)
			 : tla_look_up(env, expr->apply.sym);
	if (!entity)
		tla_compile_error(compiler, expr->apply.name_span, "unknown operator %s",
				  tla_text(compiler, expr->apply.sym));
	return entity;
}
