/* SPDX-License-Identifier: MIT */
/*
 * What the configuration puts in the place of constants and definitions.
 *
 * Invariant: a replacement is an entity of its own that the replaced one points to; no chain of
 * them has no end.
 */
#include "../eval/reference.h"
#include "bind.h"

#include <errno.h>

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
	struct tla_entity *other = tla_model_entity(model, assignment->replacement);

	if (!other)
		return tla_model_unknown(model, assignment->replacement, assignment->span);
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

/* NAME(args) = value: a further row of the operator's table, behind those that are there. */
static bool add_row(struct tla_model *model, const struct tla_assignment *assignment)
{
	struct tla_entity *entity = tla_model_entity(model, assignment->name);
	struct tla_row *row, *last;

	if (!entity)
		return tla_model_unknown(model, assignment->name, assignment->span);
	if (entity->kind != TLA_N_CONSTANT || entity->arity != assignment->arg_count) {
		tla_model_misfits(model, TLA_MISFIT_REPLACEMENT);
		tla_compile_error(
			&model->compiler, assignment->span, "%s is no constant with %u parameters",
			tla_text(&model->compiler, assignment->name), assignment->arg_count);
		return false;
	}
	row = tla_piece_of(&model->compiler, sizeof *row + entity->arity * sizeof row->args[0]);
	if (!row)
		return false;
	for (uint32_t i = 0; i < entity->arity; i++) {
		row->args[i] = tla_store(model->keeper, &model->heap, assignment->args[i]);
		if (!row->args[i])
			return false;
	}
	row->value = tla_store(model->keeper, &model->heap, assignment->value);
	for (last = entity->rows; last && last->next;)
		last = last->next;
	if (last)
		last->next = row;
	else
		entity->rows = row;
	return row->value != TLA_NONE;
}

static bool assign(struct tla_model *model, const struct tla_assignment *assignment)
{
	struct tla_entity *entity = tla_model_entity(model, assignment->name), *other;

	if (assignment->module)
		return assign_in_module(model, assignment);
	if (assignment->arg_count > 0)
		return add_row(model, assignment);
	/* A constant that nobody declares is not used: TLC takes it, and so do models. */
	if (!entity && !assignment->replacement)
		return true;
	if (!entity)
		return tla_model_unknown(model, assignment->name, assignment->span);
	if (!assignment->replacement)
		return give_value(model, entity, assignment->value);
	if (is_replaced(model, assignment->replacement)) {
		tla_model_misfits(model, TLA_MISFIT_CHAIN);
		tla_compile_error(&model->compiler, assignment->span,
				  "%s stands on the right of a <- and on the left of one",
				  tla_text(&model->compiler, assignment->replacement));
		return false;
	}
	other = tla_model_entity(model, assignment->replacement);
	if (!other || other->arity != entity->arity)
		tla_model_misfits(model, TLA_MISFIT_REPLACEMENT);
	if (!other)
		return tla_model_unknown(model, assignment->replacement, assignment->span);
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

bool tla_model_assign(struct tla_model *model)
{
	bool is_done = true;

	for (uint32_t i = 0; i < model->config.assignment_count; i++)
		is_done &= assign(model, &model->config.assignments[i]);
	return is_done;
}

/* Constants of the module and of those that it extends; parameters of others are substituted. */
static bool has_value(struct tla_model *model, const struct tla_param *param)
{
	const struct tla_entity *entity = tla_model_entity(model, param->sym);

	if (!entity || entity->kind != TLA_N_CONSTANT || entity->value || entity->override ||
	    entity->rows)
		return true;
	tla_model_misfits(model, TLA_MISFIT_NO_VALUE);
	tla_compile_error(&model->compiler,
			  (struct tla_span){ model->config_file->base, model->config_file->base },
			  "constant %s is given no value", tla_text(&model->compiler, param->sym));
	return false;
}

/* --- Replacements of constants are constants --- */

enum { SEEN_MAX = 256 };

/* Functions that were looked at. */
struct seen {
	const struct tla_fn *fns[SEEN_MAX];
	uint32_t count;
};

static bool reads_state(struct seen *seen, const struct tla_code *code);

static bool fn_reads_state(struct seen *seen, const struct tla_fn *fn)
{
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen->fns[i] == fn)
			return false;
	if (fn->level == TLA_CONSTANT || seen->count == SEEN_MAX)
		return false;
	seen->fns[seen->count++] = fn;
	return reads_state(seen, fn->body);
}

static bool except_reads_state(struct seen *seen, const struct tla_code *code)
{
	for (uint32_t i = 0; i < code->a; i++) {
		for (uint32_t j = 0; j < code->changes[i].step_count; j++)
			if (reads_state(seen, code->changes[i].steps[j]))
				return true;
		if (reads_state(seen, code->changes[i].value))
			return true;
	}
	return false;
}

/* Of what is above the level of constants: a variable, and not only TLCGet, Print and the like. */
static bool reads_state(struct seen *seen, const struct tla_code *code)
{
	if (code->eval == tla_ev_now || code->eval == tla_ev_next || code->eval == tla_ev_unchanged)
		return true;
	if (code->eval == tla_ev_call || code->eval == tla_ev_operator)
		if (fn_reads_state(seen, code->fn))
			return true;
	if (code->eval == tla_ev_except && except_reads_state(seen, code))
		return true;
	for (uint32_t i = 0; i < code->count; i++)
		if (reads_state(seen, code->args[i]))
			return true;
	return false;
}

/* TLC evaluates the replacement of a constant once: what it says by chance is the same ever after.
 */
static bool fix(struct tla_model *model, struct tla_entity *constant, tla_sym replacement,
		struct tla_span span)
{
	struct tla_entity *fixed = tla_piece_of(&model->compiler, sizeof *fixed);
	struct seen seen = { .count = 0 };

	if (!fixed || !tla_define(&model->compiler, constant->override))
		return false;
	if (constant->override->fn->level == TLA_CONSTANT)
		return true;
	if (fn_reads_state(&seen, constant->override->fn)) {
		tla_model_misfits(model, TLA_MISFIT_VARIABLE);
		tla_compile_error(&model->compiler, span,
				  "%s depends on variables, but %s is a constant",
				  tla_text(&model->compiler, replacement),
				  tla_text(&model->compiler, constant->sym));
		return false;
	}
	*fixed = *constant->override;
	fixed->compiled = TLA_NOT_COMPILED;
	fixed->is_fixed = true;
	constant->override = fixed;
	return true;
}

bool tla_model_fix_constants(struct tla_model *model)
{
	for (uint32_t i = 0; i < model->config.assignment_count; i++) {
		const struct tla_assignment *one = &model->config.assignments[i];
		struct tla_entity *entity = tla_model_entity(model, one->name);

		if (!one->replacement || one->module || entity->kind != TLA_N_CONSTANT ||
		    entity->arity > 0 || entity->override->native ||
		    (entity->override->kind != TLA_N_OPERATOR &&
		     entity->override->kind != TLA_N_FUNCTION))
			continue;
		if (!fix(model, entity, one->replacement, one->span))
			return false;
	}
	return true;
}

bool tla_model_has_values(struct tla_model *model)
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
