/* SPDX-License-Identifier: MIT */
/* Functions and records to code: what is applied to them, their fields, EXCEPT. */
#include "../value/fcn.h"
#include "../value/set.h"
#include "compile.h"
#include "cover.h"
#include "nodes.h"

static struct tla_code *tuple_of_args(struct tla_compiler *compiler, const struct tla_env *env,
				      const struct tla_expr *expr)
{
	struct tla_env there = tla_cover_part(compiler, env, expr->call.args, expr->span);

	return tla_cover_counted(compiler, &there,
				 tla_compile_list(compiler, &there, tla_ev_tuple, expr->span,
						  expr->call.args, expr->call.arg_count));
}

struct tla_code *tla_compile_apply(struct tla_compiler *compiler, const struct tla_env *env,
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

struct tla_code *tla_compile_field(struct tla_compiler *compiler, const struct tla_env *env,
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

struct tla_code *tla_compile_fields(struct tla_compiler *compiler, const struct tla_env *env,
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
		return tla_compile_value(compiler, tla_string(at->name.sym), at->span);
	if (at->index_count == 1)
		return tla_compile(compiler, env, at->indexes[0]);
	there = tla_cover_part(compiler, env, at, at->span);
	return tla_cover_counted(compiler, &there,
				 tla_compile_list(compiler, &there, tla_ev_tuple, at->span,
						  at->indexes, at->index_count));
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
	inner.scope = tla_bind_slot(compiler, &inner, AT_SYM, one->at_slot);
	one->value = inner.scope ? tla_compile(compiler, &inner, update->value) : NULL;
	if (one->value && one->value->level > node->level)
		node->level = one->value->level;
	return one->value != NULL;
}

struct tla_code *tla_compile_except(struct tla_compiler *compiler, const struct tla_env *env,
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

struct tla_code *tla_compile_at(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr)
{
	struct tla_entity *entity = tla_look_up(env, AT_SYM);

	if (entity)
		return tla_compile_reference(compiler, env, entity, expr, NULL, 0);
	tla_compile_error(compiler, expr->span, "@ stands outside of an EXCEPT");
	return NULL;
}
