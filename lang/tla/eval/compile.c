/* SPDX-License-Identifier: MIT */
/*
 * Expressions to code: one case a kind of expression; names are in reference.c, operators of the
 * language in builtin.c.
 */
#include "compile.h"

#include "cover.h"

#include "../value/fcn.h"
#include "../value/set.h"
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

static struct tla_code *value(struct tla_compiler *compiler, tla_value v, struct tla_span span)
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
	return value(compiler, tla_int(expr->number.value), expr->span);
}

/* A node over expressions one after the other. */
static struct tla_code *list(struct tla_compiler *compiler, const struct tla_env *env,
			     tla_eval_fn *eval, struct tla_span span, struct tla_expr *const *at,
			     uint32_t count)
{
	struct tla_code *code = tla_code_new(compiler, eval, span, count);

	for (uint32_t i = 0; code && i < count; i++)
		code->args[i] = tla_compile(compiler, env, at[i]);
	return tla_code_leveled(code);
}

static struct tla_code *items(struct tla_compiler *compiler, const struct tla_env *env,
			      tla_eval_fn *eval, const struct tla_expr *expr)
{
	return list(compiler, env, eval, expr->span, expr->items.at, expr->items.count);
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
	struct tla_code *code = list(compiler, env, tla_ev_if, expr->span, parts, 3);

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

/* A bound name in a slot. NULL: no memory. */
static struct tla_scope *bind_slot(struct tla_compiler *compiler, const struct tla_env *env,
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
		inner->scope = bind_slot(compiler, inner, bound->names[i].sym, first + i);
		if (!inner->scope)
			return false;
		if (!bound->is_tuple)
			*(*loop)++ = (struct tla_loop){ set_idx, first + i, 0 };
	}
	if (bound->is_tuple)
		*(*loop)++ = (struct tla_loop){ set_idx, first, bound->name_count };
	return true;
}

/* A node with loops: the sets, then the body. */
static struct tla_code *bound_node(struct tla_compiler *compiler, const struct tla_env *env,
				   tla_eval_fn *eval, const struct tla_bound *bounds,
				   uint32_t bound_count, const struct tla_expr *body,
				   struct tla_span span)
{
	uint32_t loops = loop_count(bounds, bound_count);
	struct tla_code *code = tla_code_new(compiler, eval, span, bound_count + 1);
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
	return bound_node(compiler, env, tla_ev_fcn, bounds, bound_count, body, span);
}

static struct tla_code *binder(struct tla_compiler *compiler, const struct tla_env *env,
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
	code = bound_node(compiler, env, evals[expr->kind], expr->binder.bounds,
			  expr->binder.bound_count, expr->binder.body, expr->span);
	if (code && expr->kind == TLA_E_EXISTS)
		code->act = TLA_ACT_EXISTS;
	if (code && expr->kind == TLA_E_FORALL)
		code->act = TLA_ACT_FORALL;
	return code;
}

static struct tla_code *tuple_of_args(struct tla_compiler *compiler, const struct tla_env *env,
				      const struct tla_expr *expr)
{
	struct tla_env there = tla_cover_part(compiler, env, expr->call.args, expr->span);

	return tla_cover_counted(compiler, &there,
				 list(compiler, &there, tla_ev_tuple, expr->span, expr->call.args,
				      expr->call.arg_count));
}

static struct tla_code *call(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_expr *expr)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_apply, expr->span, 2);

	if (!code)
		return NULL;
	code->args[0] = tla_compile(compiler, env, expr->call.fcn);
	code->args[1] = expr->call.arg_count == 1 ? tla_compile(compiler, env, expr->call.args[0])
						  : tuple_of_args(compiler, env, expr);
	if (code->args[0] && code->args[0]->level >= TLA_STATE)
		code->act = TLA_ACT_APPLY;
	return tla_code_leveled(code);
}

static struct tla_code *field(struct tla_compiler *compiler, const struct tla_env *env,
			      const struct tla_expr *expr)
{
	struct tla_code *code = tla_code_new(compiler, tla_ev_field, expr->span, 1);
	tla_value *name = tla_piece_of(compiler, sizeof *name);

	if (!code || !name)
		return NULL;
	*name = tla_string(expr->field.name.sym);
	code->names = name;
	code->args[0] = tla_compile(compiler, env, expr->field.record);
	return tla_code_leveled(code);
}

/* The fields in the order of their symbols, which is that of the values. NULL: one is there
 * twice. */
static const struct tla_field **sorted_fields(struct tla_compiler *compiler,
					      const struct tla_expr *expr)
{
	const struct tla_field **fields = tla_piece_of(compiler,
						       expr->fields.count * sizeof *fields);

	for (uint32_t i = 0; fields && i < expr->fields.count; i++) {
		const struct tla_field *field = &expr->fields.at[i];
		uint32_t j = i;

		for (; j > 0 && fields[j - 1]->name.sym > field->name.sym; j--)
			fields[j] = fields[j - 1];
		if (j > 0 && fields[j - 1]->name.sym == field->name.sym) {
			tla_compile_error(compiler, field->name.span, "the field %s is there twice",
					  tla_text(compiler, field->name.sym));
			return NULL;
		}
		fields[j] = field;
	}
	return fields;
}

/* Names for a record node: its stored domain. For a set of records: the names themselves. */
static const tla_value *field_names(struct tla_compiler *compiler, const struct tla_field **fields,
				    uint32_t count, bool as_domain)
{
	tla_value *names = tla_piece_of(compiler, (count + 1) * sizeof *names);

	for (uint32_t i = 0; names && i < count; i++)
		names[i] = tla_string(fields[i]->name.sym);
	if (names && as_domain)
		names[0] = tla_store(compiler->keeper, compiler->heap,
				     tla_set_sorted(compiler->heap, names, count));
	return names;
}

static struct tla_code *fields(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr)
{
	bool is_record = expr->kind == TLA_E_RECORD;
	uint32_t count = expr->fields.count;
	const struct tla_field **sorted = sorted_fields(compiler, expr);
	struct tla_code *code = tla_code_new(compiler, is_record ? tla_ev_record : tla_ev_records,
					     expr->span, count);

	if (!code || !sorted)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		struct tla_span span = { sorted[i]->name.span.begin, sorted[i]->value->span.end };
		struct tla_env there = tla_cover_part(compiler, env, sorted[i], span);

		code->args[i] = tla_compile(compiler, &there, sorted[i]->value);
	}
	code->names = field_names(compiler, sorted, count, is_record);
	return code->names ? tla_code_leveled(code) : NULL;
}

/* `@` is a name that no text can spell. */
#define AT_SYM ((tla_sym)UINT32_MAX)

static struct tla_code *step(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_step *at)
{
	struct tla_env there;

	if (at->index_count == 0)
		return value(compiler, tla_string(at->name.sym), at->span);
	if (at->index_count == 1)
		return tla_compile(compiler, env, at->indexes[0]);
	there = tla_cover_part(compiler, env, at, at->span);
	return tla_cover_counted(
		compiler, &there,
		list(compiler, &there, tla_ev_tuple, at->span, at->indexes, at->index_count));
}

/* Its parts also become args of the node, which only the level is worked out from. */
static bool change(struct tla_compiler *compiler, const struct tla_env *env,
		   const struct tla_update *update, struct tla_change *one, struct tla_code *node)
{
	const struct tla_code **steps = tla_piece_of(compiler, update->step_count * sizeof *steps);
	struct tla_env inner = tla_cover_part(compiler, env, update, update->span), path;

	if (!steps)
		return false;
	path = tla_cover_part(compiler, &inner, update->steps, update->span);
	for (uint32_t i = 0; i < update->step_count; i++) {
		steps[i] = step(compiler, &path, &update->steps[i]);
		if (!steps[i])
			return false;
		if (steps[i]->level > node->level)
			node->level = steps[i]->level;
	}
	one->steps = steps;
	one->step_count = update->step_count;
	one->at_slot = tla_slots(env, 1);
	inner.scope = bind_slot(compiler, &inner, AT_SYM, one->at_slot);
	one->value = inner.scope ? tla_compile(compiler, &inner, update->value) : NULL;
	if (one->value && one->value->level > node->level)
		node->level = one->value->level;
	return one->value != NULL;
}

static struct tla_code *except(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr)
{
	uint32_t count = expr->except.update_count;
	struct tla_code *code = tla_code_new(compiler, tla_ev_except, expr->span, 1);
	struct tla_change *changes = tla_piece_of(compiler, count * sizeof *changes);

	if (!code || !changes)
		return NULL;
	code->args[0] = tla_compile(compiler, env, expr->except.fcn);
	for (uint32_t i = 0; i < count; i++)
		if (!change(compiler, env, &expr->except.updates[i], &changes[i], code))
			return NULL;
	code->a = count;
	code->changes = changes;
	return tla_code_leveled(code);
}

static struct tla_code *at(struct tla_compiler *compiler, const struct tla_env *env,
			   const struct tla_expr *expr)
{
	struct tla_entity *entity = tla_look_up(env, AT_SYM);

	if (entity)
		return tla_compile_reference(compiler, env, entity, expr, NULL, 0);
	tla_compile_error(compiler, expr->span, "@ stands outside of an EXCEPT");
	return NULL;
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

	return list(compiler, env, eval, expr->span, parts, 2);
}

struct tla_code *tla_compile_kind(struct tla_compiler *compiler, const struct tla_env *env,
				  const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_NUMBER:
	case TLA_E_DECIMAL:
		return number(compiler, expr);
	case TLA_E_STRING:
		return value(compiler, tla_string(expr->sym), expr->span);
	case TLA_E_AT:
		return at(compiler, env, expr);
	case TLA_E_APPLY:
		return tla_compile_builtin(compiler, env, expr);
	case TLA_E_FCN_APPLY:
		return call(compiler, env, expr);
	case TLA_E_FIELD:
		return field(compiler, env, expr);
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
		return binder(compiler, env, expr);
	case TLA_E_FCN_SET:
		return pair(compiler, env, tla_ev_fcns, expr);
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
		return fields(compiler, env, expr);
	case TLA_E_EXCEPT:
		return except(compiler, env, expr);
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
