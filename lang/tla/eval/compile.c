/* SPDX-License-Identifier: MIT */
/*
 * Expressions to code: one case a kind of expression. Names are in reference.c, operators of the
 * language in builtin.c, bound names in bounds.c, functions and records in compile_fcns.c.
 */
#include "compile.h"

#include "cover.h"
#include "nodes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Deeper than any specification: definitions in terms of each other, without RECURSIVE. */
enum { DEPTH_MAX = 2000 };

const char *tla_text(const struct tla_compiler *compiler, tla_sym sym)
{
	return tla_symbol_text(compiler->spec->symbols, sym);
}

void *tla_piece_of(struct tla_compiler *compiler, size_t n_bytes)
{
	return tla_piece(&compiler->spec->sources, n_bytes);
}

void tla_compile_error(struct tla_compiler *compiler, struct tla_span span, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut where too long */
	va_end(args);
	tla_error_add(&compiler->spec->sources, span.begin, "%s", text);
}

struct tla_code *tla_code_new(struct tla_compiler *compiler, tla_eval_fn *eval,
			      struct tla_span span, uint32_t count)
{
	struct tla_code *code = tla_piece_of(compiler, sizeof *code + count * sizeof code->args[0]);

	if (code) {
		code->eval = eval;
		code->span = span;
		code->count = count;
	}
	return code;
}

struct tla_code *tla_code_leveled(struct tla_code *code)
{
	for (uint32_t i = 0; code && i < code->count; i++) {
		if (!code->args[i])
			return NULL;
		if (code->args[i]->level > code->level)
			code->level = code->args[i]->level;
	}
	return code;
}

uint32_t tla_slots(const struct tla_env *env, uint32_t count)
{
	uint32_t first = env->builder->fn->slot_count;

	env->builder->fn->slot_count += count;
	return first;
}

struct tla_code *tla_compile_value(struct tla_compiler *compiler, tla_value v, struct tla_span span)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_value, span, 0);

	if (code)
		code->value = v;
	return code;
}

static struct tla_code *number(struct tla_compiler *compiler, const struct tla_expr *expr)
{
	if (expr->kind == TLA_E_DECIMAL || expr->number.is_large ||
	    expr->number.value != (int32_t)expr->number.value) {
		tla_compile_error(compiler, expr->span,
				  "the number %s cannot be evaluated: integers are 32 bits",
				  expr->number.text);
		return NULL;
	}
	return tla_compile_value(compiler, tla_int(expr->number.value), expr->span);
}

/* A node over expressions one after the other. */
struct tla_code *tla_compile_list(struct tla_compiler *compiler, const struct tla_env *env,
				  tla_eval_fn *eval, struct tla_span span,
				  struct tla_expr *const *at, uint32_t count)
{
	struct tla_code *code = tla_code_new(compiler, eval, span, count);

	for (uint32_t i = 0; code && i < count; i++)
		code->args[i] = tla_compile(compiler, env, at[i]);
	return tla_code_leveled(code);
}

static struct tla_code *items(struct tla_compiler *compiler, const struct tla_env *env,
			      tla_eval_fn *eval, const struct tla_expr *expr)
{
	return tla_compile_list(compiler, env, eval, expr->span, expr->items.at, expr->items.count);
}

static struct tla_code *junction(struct tla_compiler *compiler, const struct tla_env *env,
				 const struct tla_expr *expr)
{
	bool is_and = expr->kind == TLA_E_AND;
	struct tla_code *code = items(compiler, env, is_and ? tla_ev_and : tla_ev_or, expr);

	if (code)
		code->act = is_and ? TLA_ACT_AND : TLA_ACT_OR;
	return code;
}

static struct tla_code *branch(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr)
{
	struct tla_expr *parts[] = { expr->branch.test, expr->branch.yes, expr->branch.no };
	struct tla_code *code = tla_compile_list(compiler, env, tla_ev_if, expr->span, parts, 3);

	if (code)
		code->act = TLA_ACT_IF;
	return code;
}

static struct tla_span arm_span(const struct tla_arm *arm)
{
	return (struct tla_span){ arm->guard ? arm->guard->span.begin : arm->value->span.begin,
				  arm->value->span.end };
}

static struct tla_code *cases(struct tla_compiler *compiler, const struct tla_env *env,
			      const struct tla_expr *expr)
{
	bool has_other = !expr->arms.at[expr->arms.count - 1].guard;
	struct tla_code *code = tla_code_new(compiler, tla_ev_case, expr->span,
					     2 * expr->arms.count - has_other);
	uint32_t k = 0;

	for (uint32_t i = 0; code && i < expr->arms.count; i++) {
		const struct tla_arm *arm = &expr->arms.at[i];
		struct tla_env there = tla_cover_part(compiler, env, arm, arm_span(arm));

		if (arm->guard)
			code->args[k++] = tla_compile(compiler, &there, arm->guard);
		code->args[k++] = tla_compile(compiler, &there, arm->value);
	}
	if (code) {
		code->flag = has_other;
		code->act = TLA_ACT_CASE;
	}
	return tla_code_leveled(code);
}

/* [A]_v and <<A>>_v. args: A, UNCHANGED v, and of the second also its negation. */
static struct tla_code *subscripted(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr)
{
	bool is_box = expr->kind == TLA_E_BOX;
	struct tla_env apart = tla_cover_apart(env);
	struct tla_code *code = tla_code_new(compiler, is_box ? tla_ev_box : tla_ev_angle,
					     expr->span, is_box ? 2 : 3);
	struct tla_code *changed;

	if (!code)
		return NULL;
	code->args[0] = tla_compile(compiler, env, expr->pair.a);
	code->args[1] = tla_compile_unchanged(compiler, &apart, expr->pair.b, expr);
	if (!is_box) {
		changed = tla_code_new(compiler, tla_ev_not, expr->span, 1);
		if (!changed)
			return NULL;
		changed->args[0] = code->args[1];
		code->args[2] = tla_code_leveled(changed);
	}
	code->act = is_box ? TLA_ACT_BOX : TLA_ACT_ANGLE;
	return tla_code_leveled(code);
}

static struct tla_code *temporal(struct tla_compiler *compiler, const struct tla_expr *expr)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_temporal, expr->span, 0);

	if (code)
		code->level = TLA_TEMPORAL;
	return code;
}

static struct tla_code *refused(struct tla_compiler *compiler, const struct tla_expr *expr,
				const char *what)
{
	tla_compile_error(compiler, expr->span, "%s cannot be evaluated", what);
	return NULL;
}

static struct tla_code *pair(struct tla_compiler *compiler, const struct tla_env *env,
			     tla_eval_fn *eval, const struct tla_expr *expr)
{
	struct tla_expr *parts[] = { expr->pair.a, expr->pair.b };

	return tla_compile_list(compiler, env, eval, expr->span, parts, 2);
}

struct tla_code *tla_compile_kind(struct tla_compiler *compiler, const struct tla_env *env,
				  const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_NUMBER:
	case TLA_E_DECIMAL:
		return number(compiler, expr);
	case TLA_E_STRING:
		return tla_compile_value(compiler, tla_string(expr->sym), expr->span);
	case TLA_E_AT:
		return tla_compile_at(compiler, env, expr);
	case TLA_E_APPLY:
		return tla_compile_builtin(compiler, env, expr);
	case TLA_E_FCN_APPLY:
		return tla_compile_apply(compiler, env, expr);
	case TLA_E_FIELD:
		return tla_compile_field(compiler, env, expr);
	case TLA_E_TUPLE:
		return items(compiler, env, tla_ev_tuple, expr);
	case TLA_E_SET:
		return items(compiler, env, tla_ev_set, expr);
	case TLA_E_CROSS:
		return items(compiler, env, tla_ev_cross, expr);
	case TLA_E_AND:
	case TLA_E_OR:
		return junction(compiler, env, expr);
	case TLA_E_IF:
		return branch(compiler, env, expr);
	case TLA_E_CASE:
		return cases(compiler, env, expr);
	case TLA_E_LET:
		return tla_compile_let(compiler, env, expr);
	case TLA_E_FORALL:
	case TLA_E_EXISTS:
	case TLA_E_CHOOSE:
	case TLA_E_FILTER:
	case TLA_E_MAP:
	case TLA_E_FCN:
		return tla_compile_binder(compiler, env, expr);
	case TLA_E_FCN_SET:
		return pair(compiler, env, tla_ev_fcns, expr);
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
		return tla_compile_fields(compiler, env, expr);
	case TLA_E_EXCEPT:
		return tla_compile_except(compiler, env, expr);
	case TLA_E_BOX:
	case TLA_E_ANGLE:
		return subscripted(compiler, env, expr);
	case TLA_E_WF:
	case TLA_E_SF:
	case TLA_E_AA:
	case TLA_E_EE:
		return temporal(compiler, expr);
	case TLA_E_LABEL:
		return tla_compile(compiler, env, expr->label.body);
	case TLA_E_LAMBDA:
		return refused(compiler, expr, "a LAMBDA that is not an operator's argument");
	case TLA_E_SUBEXPR:
		return tla_compile_subexpr(compiler, env, expr);
	default:
		return refused(compiler, expr, "ASSUME ... PROVE");
	}
}

struct tla_code *tla_compile(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_expr *expr)
{
	struct tla_code *code;

	if (compiler->depth == DEPTH_MAX) {
		tla_compile_error(compiler, expr->span,
				  "definitions are nested too deeply: does one contain itself?");
		return NULL;
	}
	compiler->depth++;
	code = compiler->cover ? tla_cover_compile(compiler, env, expr)
			       : tla_compile_kind(compiler, env, expr);
	compiler->depth--;
	return code;
}

struct tla_fn *tla_compile_top(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr, tla_sym name)
{
	struct tla_builder builder = { .fn = tla_piece_of(compiler, sizeof *builder.fn) };
	struct tla_env inner = *env;

	if (!builder.fn)
		return NULL;
	inner.builder = &builder;
	builder.fn->name = name;
	builder.fn->span = expr->span;
	builder.fn->body = tla_compile(compiler, &inner, expr);
	if (!builder.fn->body)
		return NULL;
	builder.fn->level = builder.fn->body->level;
	return builder.fn;
}

/* Declarations of all modules at once: an upper bound on the number of variables. */
static uint32_t count_variables(const struct tla_spec *spec)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < spec->module_count; i++)
		for (uint32_t j = 0; j < spec->modules[i]->unit_count; j++)
			if (spec->modules[i]->units[j]->kind == TLA_U_VARIABLES)
				count += spec->modules[i]->units[j]->decls.count;
	return count;
}

int tla_compiler_init(struct tla_compiler *compiler, struct tla_world *world, struct tla_heap *heap,
		      struct tla_keeper *keeper)
{
	*compiler = (struct tla_compiler){
		.world = world, .spec = world->spec, .heap = heap, .keeper = keeper
	};
	world->var_room = count_variables(world->spec) + 1;
	world->vars = tla_piece_of(compiler, world->var_room * sizeof *world->vars);
	if (!world->vars)
		return -ENOMEM;
	compiler->root_context = tla_context_of(compiler, &compiler->root, world->spec->root, NULL);
	if (compiler->root_context && world->spec->sources.error_count == 0)
		return 0;
	return world->spec->sources.is_full ? -ENOMEM : -EINVAL;
}
