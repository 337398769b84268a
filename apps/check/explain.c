/* SPDX-License-Identifier: MIT */
/*
 * --explain: how the initial predicate and each action are evaluated, step by step, as text or as
 * JSON.
 *
 * Both are made of one tree, jansson's: the text is that tree, printed.
 *
 * Invariant: what an action's steps are is told once, for all actions that differ in constants
 * only.
 */
#include "check/spec.h"

#include "tla/model/explain.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 72, DEPTH_MAX = 512, LABELS_SHOWN = 3 };

static const char *const kinds[] = {
	[TLA_PLAN_GUARD] = "guard",
	[TLA_PLAN_ASSIGN] = "assign",
	[TLA_PLAN_ASSIGN_OR_GUARD] = "assign or guard",
	[TLA_PLAN_CHOOSE] = "choose",
	[TLA_PLAN_CHOOSE_OR_GUARD] = "choose or guard",
	[TLA_PLAN_FOR_SOME] = "for each",
	[TLA_PLAN_FOR_ALL] = "for all",
	[TLA_PLAN_EITHER] = "either",
	[TLA_PLAN_OR] = "or",
	[TLA_PLAN_IF] = "if",
	[TLA_PLAN_THEN] = "then",
	[TLA_PLAN_ELSE] = "else",
	[TLA_PLAN_CASE] = "case",
	[TLA_PLAN_WHEN] = "when",
	[TLA_PLAN_OTHER] = "other",
	[TLA_PLAN_IN] = "definition",
	[TLA_PLAN_UNCHANGED] = "unchanged",
	[TLA_PLAN_OPAQUE] = "not looked into",
	[TLA_PLAN_RECURSION] = "again",
};

struct explain {
	struct check_spec *spec;
	struct tla_plan plan;
	json_t *whole;
	json_t *open[DEPTH_MAX + 1]; /* lists of steps by depth */
	bool is_whole;               /* no memory failed */
};

static void put(struct explain *explain, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		explain->is_whole = false;
}

static void append(struct explain *explain, json_t *list, json_t *value)
{
	if (json_array_append_new(list, value) < 0)
		explain->is_whole = false;
}

/* --- Facts --- */

/* The text of a place, on one line, cut where it is long. */
static json_t *text_json(const struct check_spec *spec, const struct tla_plan_step *step)
{
	struct tla_place from = tla_place_of(&spec->model->spec->sources, step->span.begin);
	char text[TEXT_BYTES + 4];
	uint32_t count = step->span.end - step->span.begin;
	const char *at = from.file ? from.file->text + (step->span.begin - from.file->base) : "";
	bool is_loop = step->kind == TLA_PLAN_FOR_SOME || step->kind == TLA_PLAN_FOR_ALL;
	const char *colon = is_loop ? memrchr(at, ':', count) : NULL;
	bool is_cut = false;
	size_t used = 0;

	count = colon ? (uint32_t)(colon - at) : count;
	for (uint32_t i = 0; i < count && !is_cut; i++) {
		bool is_blank = (unsigned char)at[i] <= ' ';

		is_cut = used == TEXT_BYTES;
		if (is_cut)
			break;
		if (!is_blank)
			text[used++] = at[i];
		else if (used > 0 && text[used - 1] != ' ')
			text[used++] = ' ';
	}
	while (used > 0 && text[used - 1] == ' ')
		used--;
	/* Not in the middle of a character. */
	while (is_cut && used > 0 && ((unsigned char)text[used - 1] & 0x80))
		used--;
	(void)snprintf(text + used, sizeof(text) - used, "%s", is_cut ? "..." : "");
	return json_string(text);
}

static const char *var_name(const struct explain *explain, uint32_t var)
{
	return check_name(explain->spec, explain->spec->model->world.vars[var]);
}

static json_t *reads_json(struct explain *explain, const struct tla_plan_reads *reads)
{
	json_t *list = json_array();
	char name[512];

	for (uint32_t i = 0; i < explain->spec->model->world.var_count; i++)
		for (unsigned bit = TLA_READS_NOW; bit <= TLA_READS_NEXT; bit++) {
			if (!(reads->vars[i] & bit))
				continue;
			(void)snprintf(name, sizeof(name), "%s%s", var_name(explain, i),
				       bit == TLA_READS_NEXT ? "'" : "");
			append(explain, list, json_string(name));
		}
	return list;
}

static void put_reads(struct explain *explain, json_t *object, const struct tla_plan_step *step)
{
	put(explain, object, "reads", reads_json(explain, &step->reads));
	put(explain, object, "reads_more", json_boolean(step->reads.is_cut));
	put(explain, object, "effects", json_boolean(step->reads.has_effects));
	put(explain, object, "once", json_boolean(step->is_once));
	put(explain, object, "remembered", json_boolean(step->is_remembered));
}

static bool has_variable(enum tla_plan_kind kind)
{
	return kind == TLA_PLAN_ASSIGN || kind == TLA_PLAN_ASSIGN_OR_GUARD ||
	       kind == TLA_PLAN_CHOOSE || kind == TLA_PLAN_CHOOSE_OR_GUARD;
}

static void put_variables(struct explain *explain, json_t *object, const struct tla_plan_step *step)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < step->var_count; i++)
		append(explain, list, json_string(var_name(explain, step->vars[i])));
	put(explain, object, "variables", list);
}

/* A step, with an empty list of those below it. */
static void take_step(void *context, const struct tla_plan_step *step)
{
	struct explain *explain = context;
	uint32_t depth = step->depth < DEPTH_MAX ? step->depth : DEPTH_MAX - 1;
	json_t *object = json_object();

	put(explain, object, "step", json_string(kinds[step->kind]));
	if (step->span.begin != TLA_NO_POS) {
		put(explain, object, "text", text_json(explain->spec, step));
		put(explain, object, "location", check_place_json(explain->spec, step->span));
	}
	if (step->name)
		put(explain, object, "name", json_string(check_name(explain->spec, step->name)));
	if (has_variable(step->kind))
		put(explain, object, "variable", json_string(var_name(explain, step->var)));
	if (step->kind == TLA_PLAN_UNCHANGED)
		put_variables(explain, object, step);
	if (step->has_reads)
		put_reads(explain, object, step);
	put(explain, object, "steps", json_array());
	explain->open[depth + 1] = json_object_get(object, "steps");
	append(explain, explain->open[depth], object);
}

static void put_init(struct explain *explain)
{
	json_t *steps = json_array();

	put(explain, explain->whole, "init", steps);
	explain->open[0] = steps;
	if (explain->spec->model->init.count > 0 && tla_plan_initial(&explain->plan) < 0)
		explain->is_whole = false;
}

/* That of the first of those that are the same code. */
static void put_action(struct explain *explain, json_t *list, const struct tla_action *actions,
		       uint32_t count, uint32_t first)
{
	const struct tla_action *action = &actions[first];
	json_t *object = json_object(), *labels = json_array(), *steps = json_array();

	put(explain, object, "name",
	    action->name ? json_string(check_name(explain->spec, action->name)) : json_null());
	put(explain, object, "location", check_place_json(explain->spec, action->span));
	put(explain, object, "labels", labels);
	put(explain, object, "steps", steps);
	append(explain, list, object);
	for (uint32_t i = first; i < count; i++)
		if (actions[i].code == action->code)
			append(explain, labels, json_string(actions[i].label));
	explain->open[0] = steps;
	if (tla_plan_action(&explain->plan, action) < 0)
		explain->is_whole = false;
}

static void put_actions(struct explain *explain)
{
	const struct tla_action *actions = NULL;
	json_t *list = json_array();
	uint32_t count = 0;

	put(explain, explain->whole, "actions", list);
	if (!explain->spec->model->next.fn)
		return;
	actions = tla_runner_actions(explain->spec->runner, &count);
	explain->is_whole &= actions != NULL;
	for (uint32_t i = 0; actions && i < count && explain->is_whole; i++) {
		uint32_t first = 0;

		while (actions[first].code != actions[i].code)
			first++;
		if (first == i)
			put_action(explain, list, actions, count, i);
	}
}

static json_t *formula_json(struct explain *explain, const struct tla_formula *formula)
{
	struct tla_plan_step step;
	json_t *object = json_object();

	if (tla_plan_formula(&explain->plan, formula, &step) < 0) {
		explain->is_whole = false;
		return object;
	}
	put(explain, object, "name", json_string(check_name(explain->spec, formula->name)));
	put_reads(explain, object, &step);
	return object;
}

static void put_formulas(struct explain *explain, const char *key, const struct tla_formulas *list)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < list->count; i++)
		append(explain, array, formula_json(explain, &list->at[i]));
	put(explain, explain->whole, key, array);
}

/* They are named: a search does not check them. */
static void put_temporal(struct explain *explain)
{
	const struct tla_formulas *temporal = &explain->spec->model->temporal;
	json_t *list = json_array();

	for (uint32_t i = 0; i < temporal->count; i++)
		append(explain, list, json_string(check_name(explain->spec, temporal->at[i].name)));
	put(explain, explain->whole, "temporal", list);
}

static void put_identity(struct explain *explain)
{
	const struct tla_model *model = explain->spec->model;
	json_t *symmetry = json_array();

	for (uint32_t i = 0; i < model->symmetry.count; i++)
		append(explain, symmetry,
		       json_string(check_name(explain->spec, model->symmetry.at[i].name)));
	put(explain, explain->whole, "view",
	    model->view.fn ? formula_json(explain, &model->view) : json_null());
	put(explain, explain->whole, "symmetry", symmetry);
}

/* Arithmetic goes without saying. */
static void put_natives(struct explain *explain)
{
	json_t *list = json_array();
	char name[512];

	for (uint32_t i = 0; i < explain->plan.native_count; i++) {
		const struct tla_native *native = explain->plan.natives[i];

		if (strcmp(native->module, "Naturals") == 0 ||
		    strcmp(native->module, "Integers") == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s!%s", native->module, native->name);
		append(explain, list, json_string(name));
	}
	put(explain, explain->whole, "native", list);
}

static void put_all(struct explain *explain)
{
	const struct tla_model *model = explain->spec->model;

	put_init(explain);
	put_actions(explain);
	put_formulas(explain, "invariants", &model->invariants);
	put_formulas(explain, "constraints", &model->constraints);
	put_formulas(explain, "action_constraints", &model->action_constraints);
	put_formulas(explain, "initial_properties", &model->implied_inits);
	put_formulas(explain, "action_properties", &model->implied_actions);
	put_temporal(explain);
	put_identity(explain);
	put_natives(explain);
}

/* --- As text --- */

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_names(const json_t *list, const char *separator)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		printf("%s%s", i ? separator : "", json_string_value(json_array_get(list, i)));
}

static void print_reads(const json_t *object)
{
	const json_t *reads = json_object_get(object, "reads");

	if (!reads)
		return;
	if (json_is_true(json_object_get(object, "once"))) {
		fputs("  -- constant", stdout);
		return;
	}
	fputs(json_array_size(reads) ? "  -- reads " : "  -- reads no variable", stdout);
	print_names(reads, ", ");
	if (json_is_true(json_object_get(object, "reads_more")))
		fputs(" and perhaps more", stdout);
	if (json_is_true(json_object_get(object, "effects")))
		fputs("; has effects", stdout);
	if (json_is_true(json_object_get(object, "remembered")))
		fputs("; remembered", stdout);
}

static void print_steps(const json_t *steps, int indent)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);
		const json_t *variables = json_object_get(step, "variables");
		const char *text;

		printf("%*s%s", indent, "", text_at(step, "step"));
		text = text_at(step, json_object_get(step, "name") ? "name" : "text");
		fputs(variables || *text ? " " : "", stdout);
		if (variables)
			print_names(variables, ", ");
		else
			fputs(text, stdout);
		print_reads(step);
		putchar('\n');
		print_steps(json_object_get(step, "steps"), indent + 2);
	}
}

static void print_action(const json_t *action)
{
	const json_t *labels = json_object_get(action, "labels");
	const json_t *place = json_object_get(action, "location");
	size_t count = json_array_size(labels);
	const char *name = text_at(action, "name");

	printf("\naction %s, line %d of module %s", *name ? name : "without a name",
	       (int)json_integer_value(json_object_get(place, "line")), text_at(place, "module"));
	for (size_t i = 0; i < count && i < LABELS_SHOWN && count > 1; i++)
		printf("%s%s", i ? ", " : ": ", json_string_value(json_array_get(labels, i)));
	if (count > LABELS_SHOWN)
		printf(", ...: %zu actions", count);
	putchar('\n');
	print_steps(json_object_get(action, "steps"), 2);
}

static void print_formulas(const json_t *whole, const char *key, const char *what)
{
	const json_t *list = json_object_get(whole, key);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		printf("%s %s", what, text_at(one, "name"));
		print_reads(one);
		putchar('\n');
	}
}

static void print_temporal(const json_t *whole)
{
	const json_t *temporal = json_object_get(whole, "temporal");

	for (size_t i = 0; i < json_array_size(temporal); i++)
		printf("temporal property %s  -- not checked yet\n",
		       json_string_value(json_array_get(temporal, i)));
}

static void print_identity(const json_t *whole)
{
	const json_t *view = json_object_get(whole, "view");
	const json_t *symmetry = json_object_get(whole, "symmetry");

	if (json_is_object(view)) {
		printf("states are told apart by the view %s", text_at(view, "name"));
		print_reads(view);
	} else {
		fputs("states are told apart by all variables", stdout);
	}
	putchar('\n');
	if (json_array_size(symmetry) == 0)
		return;
	fputs("states are the same up to the symmetry ", stdout);
	print_names(symmetry, ", ");
	putchar('\n');
}

static void print_all(const json_t *whole)
{
	const json_t *actions = json_object_get(whole, "actions");
	const json_t *native = json_object_get(whole, "native");

	fputs(json_array_size(actions) ? "initial states\n" : "no behaviour\n", stdout);
	print_steps(json_object_get(whole, "init"), 2);
	for (size_t i = 0; i < json_array_size(actions); i++)
		print_action(json_array_get(actions, i));
	putchar('\n');
	print_formulas(whole, "invariants", "invariant");
	print_formulas(whole, "constraints", "constraint");
	print_formulas(whole, "action_constraints", "action constraint");
	print_formulas(whole, "initial_properties", "property of initial states");
	print_formulas(whole, "action_properties", "property of steps");
	print_temporal(whole);
	print_identity(whole);
	if (json_array_size(native) > 0) {
		fputs("native: ", stdout);
		print_names(native, ", ");
		putchar('\n');
	}
}

int check_explain(struct check_spec *spec)
{
	struct explain explain = { .spec = spec, .whole = json_object(), .is_whole = true };

	/* The list of actions lies below all else. */
	if (spec->model->next.fn) {
		uint32_t count;

		explain.is_whole = tla_runner_actions(spec->runner, &count) != NULL;
	}
	if (!explain.whole || !explain.is_whole ||
	    tla_plan_init(&explain.plan, spec->runner, take_step, &explain) < 0)
		explain.is_whole = false;
	else
		put_all(&explain);
	tla_runner_cut(spec->runner);
	if (explain.is_whole && spec->options->is_json)
		(void)json_dumpf(explain.whole, stdout, JSON_INDENT(2));
	else if (explain.is_whole)
		print_all(explain.whole);
	if (explain.is_whole && spec->options->is_json)
		putchar('\n');
	json_decref(explain.whole);
	return explain.is_whole ? APP_OK : app_failed(CHECK_NAME, "no memory for the plan");
}
