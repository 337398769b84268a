/* SPDX-License-Identifier: MIT */
/*
 * TLCGet("spec"): the specification as a value. Invariant: places are those that TLC has.
 */
#include "check/ask.h"

#include "tla/model/actions.h"
#include "tla/value/fcn.h"
#include "tla/value/set.h"

#include <string.h>

void check_add_field(struct check_fields *fields, struct tla_eval *eval, const char *name,
		     tla_value v)
{
	fields->names[fields->count] = tla_new_string(eval, name, strlen(name));
	fields->values[fields->count++] = v;
}

tla_value check_record_of(struct tla_eval *eval, const struct check_fields *fields)
{
	for (uint32_t i = 0; i < fields->count; i++)
		if (!fields->names[i] || !fields->values[i])
			return TLA_NONE;
	return tla_record(eval->heap, fields->names, fields->values, fields->count);
}

tla_value check_set_of(struct tla_eval *eval, tla_value *items, uint32_t count)
{
	for (uint32_t i = 0; items && i < count; i++)
		if (!items[i])
			return TLA_NONE;
	return items ? tla_set_new(eval->heap, items, count) : TLA_NONE;
}

static tla_value text_value(struct tla_eval *eval, const char *text)
{
	return tla_new_string(eval, text, strlen(text));
}

static tla_value location(const struct check_spec *spec, struct tla_eval *eval,
			  struct tla_span span)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	struct tla_place from = tla_place_of(sources, span.begin);
	struct tla_place to = tla_place_last(sources, span);
	struct check_fields fields = { .count = 0 };
	char module[256];

	check_add_field(&fields, eval, "beginLine", tla_int(from.line));
	check_add_field(&fields, eval, "beginColumn", tla_int(from.column));
	check_add_field(&fields, eval, "endLine", tla_int(to.line));
	check_add_field(&fields, eval, "endColumn", tla_int(to.column));
	check_module_of(from.file, module, sizeof(module));
	check_add_field(&fields, eval, "module",
			text_value(eval, from.file ? module : "--TLA+ BUILTINS--"));
	return check_record_of(eval, &fields);
}

tla_value check_action_value(const struct check_spec *spec, struct tla_eval *eval, tla_sym name,
			     struct tla_span span)
{
	struct check_fields fields = { .count = 0 };

	check_add_field(&fields, eval, "name",
			text_value(eval, name ? check_name(spec, name) : "UnnamedAction"));
	check_add_field(&fields, eval, "location", location(spec, eval, span));
	return check_record_of(eval, &fields);
}

/* Where a name is defined or declared; no place: somewhere below an INSTANCE. */
static struct tla_span definition(const struct check_spec *spec, tla_sym name)
{
	const struct tla_entity *entity = tla_context_find(spec->model->compiler.root_context,
							   name);

	if (!entity)
		return (struct tla_span){ 0 };
	return entity->kind == TLA_N_OPERATOR && entity->unit ? entity->unit->span : entity->span;
}

/* Of constraints TLC has the place of the definition, of others that of its text. */
static tla_value formulas_value(const struct check_spec *spec, struct tla_eval *eval,
				const struct tla_formulas *list, bool are_whole)
{
	tla_value *items = tla_alloc(eval->heap, (list->count + 1) * sizeof(*items));

	for (uint32_t i = 0; items && i < list->count; i++)
		items[i] = check_action_value(spec, eval, list->at[i].name,
					      are_whole ? definition(spec, list->at[i].name)
							: list->at[i].span);
	return check_set_of(eval, items, list->count);
}

static tla_value actions_value(const struct check_spec *spec, struct tla_eval *eval)
{
	tla_value *items = tla_alloc(eval->heap, (spec->action_count + 1) * sizeof(*items));

	for (uint32_t i = 0; items && i < spec->action_count; i++)
		items[i] = check_action_value(spec, eval, spec->actions[i].name,
					      spec->actions[i].span);
	return check_set_of(eval, items, spec->action_count);
}

static tla_value variables_value(const struct check_spec *spec, struct tla_eval *eval)
{
	const struct tla_world *world = &spec->model->world;
	tla_value *items = tla_alloc(eval->heap, (world->var_count + 1) * sizeof(*items));

	for (uint32_t i = 0; items && i < world->var_count; i++)
		items[i] = check_action_value(spec, eval, world->vars[i],
					      definition(spec, world->vars[i]));
	return check_set_of(eval, items, world->var_count);
}

tla_value check_spec_record(const struct check_spec *spec, struct tla_eval *eval)
{
	const struct tla_model *model = spec->model;
	const struct tla_formulas none = { 0 };
	const struct {
		const char *name;
		const struct tla_formulas *list;
		bool are_whole;
	} lists[] = {
		{ "inits", &model->init, false },
		{ "temporals", &none, false },
		{ "invariants", &model->invariants, false },
		{ "impliedinits", &model->implied_inits, false },
		{ "impliedactions", &model->implied_actions, false },
		{ "impliedtemporals", &model->temporal, false },
		{ "actionconstraints", &model->action_constraints, true },
		{ "constraints", &model->constraints, true },
	};
	struct check_fields fields = { .count = 0 };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		check_add_field(&fields, eval, lists[i].name,
				formulas_value(spec, eval, lists[i].list, lists[i].are_whole));
	check_add_field(&fields, eval, "actions", actions_value(spec, eval));
	check_add_field(&fields, eval, "variables", variables_value(spec, eval));
	return check_record_of(eval, &fields);
}

/* The list is made where it may be asked for: it takes the main thread's evaluator. */
void check_ask_prepare(struct check_spec *spec)
{
	bool has_trace = spec->options->walks.is_wanted && spec->model->compiler.has_trace;

	if (spec->model->next.fn &&
	    (has_trace || tla_symbol_find(spec->model->spec->symbols, "spec", 4)))
		spec->actions = tla_runner_actions(spec->runner, &spec->action_count);
	if (!spec->actions)
		spec->action_count = 0;
	tla_heap_clear(spec->runner->eval.heap);
}
