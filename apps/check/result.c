/* SPDX-License-Identifier: MIT */
/*
 * What came of a specification, in TLC's words and with TLC's exit codes.
 *
 * Invariant: one result has one sentence and one code, whatever the shape of the report is.
 */
#include "check/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(struct check_result *result, enum check_verdict verdict, int code,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct check_result *result, enum check_verdict verdict, int code,
		const char *format, ...)
{
	va_list args;

	result->verdict = verdict;
	result->code = code;
	va_start(args, format);
	(void)vsnprintf(result->sentence, sizeof(result->sentence), format, args);
	va_end(args);
}

const char *check_name(const struct check_spec *spec, tla_sym name)
{
	return name ? tla_symbol_text(spec->model->spec->symbols, name) : "";
}

const char *check_module_of(const struct tla_file *file, char *buf, size_t buf_bytes)
{
	const char *slash = file ? strrchr(file->path, '/') : NULL;
	const char *name = !file ? "" : slash ? slash + 1 : file->path;
	const char *dot = strstr(name, ".tla");

	(void)snprintf(buf, buf_bytes, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
	return buf;
}

char *check_span(const struct check_spec *spec, struct tla_span span, char *buf, size_t buf_bytes)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	struct tla_place from = tla_place_of(sources, span.begin);
	struct tla_place to = tla_place_last(sources, span);
	char module[256];

	(void)snprintf(buf, buf_bytes, "line %u, col %u to line %u, col %u of module %s", from.line,
		       from.column, to.line, to.column,
		       check_module_of(from.file, module, sizeof(module)));
	return buf;
}

/* --- Evaluations that failed --- */

static bool is_named(const struct tla_formulas *list, const struct check_spec *spec,
		     const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(check_name(spec, list->at[i].name), name) == 0)
			return true;
	return false;
}

static int pass_over(struct tla_eval *eval, void *context)
{
	(void)eval;
	(void)context;
	return 0;
}

/* The first of a list that cannot be evaluated in a state, or in the step that leads there. */
static bool fails_again(struct check_spec *spec, const struct tla_formulas *list,
			const tla_value *before, const tla_value *state, enum tla_stage stage)
{
	for (uint32_t i = 0; i < list->count; i++) {
		enum tla_verdict verdict = before ? tla_run_step(spec->runner, &list->at[i], before,
								 state)
						  : tla_run_state(spec->runner, &list->at[i],
								  state);

		if (verdict == TLA_ERROR) {
			tla_search_take_error(&spec->error, spec->runner, stage, list->at[i].name);
			return true;
		}
	}
	return false;
}

/* Several workers may fail at once: the search has the error of one, the engine the trace of
 * another. So the end of the trace is evaluated once more. */
static const struct tla_search_error *error_of_trace(struct check_spec *spec,
						     const struct check *check)
{
	const struct tla_model *model = spec->model;
	const struct nw_explore_step *steps;
	const tla_value *last, *before;
	size_t count = 0;

	if (nw_explore_trace(check->explore, &steps, &count) < 0 || count == 0)
		return &spec->search.error;
	last = (const tla_value *)(const void *)steps[count - 1].state;
	before = count > 1 ? (const tla_value *)(const void *)steps[count - 2].state : NULL;
	spec->runner->eval.level = (uint32_t)count;
	if (fails_again(spec, &model->constraints, NULL, last, TLA_AT_CONSTRAINT) ||
	    fails_again(spec, &model->invariants, NULL, last, TLA_AT_INVARIANT) ||
	    (before &&
	     fails_again(spec, &model->action_constraints, before, last, TLA_AT_CONSTRAINT)) ||
	    (before && fails_again(spec, &model->implied_actions, before, last, TLA_AT_PROPERTY)))
		return &spec->error;
	if (tla_run_next(spec->runner, last, pass_over, NULL) >= 0)
		return &spec->search.error;
	tla_search_take_error(&spec->error, spec->runner, TLA_AT_NEXT, TLA_NO_SYM);
	return &spec->error;
}

static void error_result(struct check_spec *spec, const struct check *check,
			 struct check_result *result)
{
	const struct tla_search_error *error = error_of_trace(spec, check);
	const char *name = check_name(spec, error->name);

	result->error = error;
	result->name = error->name ? name : NULL;
	if (error->stage == TLA_AT_INVARIANT)
		say(result, CHECK_CANNOT_EVALUATE, CHECK_SAFETY_EVAL,
		    "Evaluating invariant %s failed.\n%s", name, error->text);
	else if (error->stage == TLA_AT_PROPERTY)
		say(result, CHECK_CANNOT_EVALUATE, CHECK_SPEC_EVAL,
		    "Evaluating action property %s failed.\n%s", name, error->text);
	else
		say(result, CHECK_CANNOT_EVALUATE,
		    error->is_assert && error->stage == TLA_AT_NEXT ? CHECK_ASSERT
								    : CHECK_SPEC_EVAL,
		    "%s", error->text);
}

void check_result_of_formula(struct check_spec *spec, const struct tla_formula *formula,
			     enum tla_verdict verdict, bool is_assumption,
			     struct check_result *ret_result)
{
	enum check_verdict falsified = is_assumption ? CHECK_ASSUMPTION_FALSE
						     : CHECK_POSTCONDITION_FALSE;
	const char *what = is_assumption ? "ssumption " : "ostcondition ";
	const char *name = check_name(spec, formula->name);
	char at[512], where[1024];

	(void)check_span(spec, formula->span, at, sizeof(at));
	(void)snprintf(where, sizeof(where), "%s%s%s", is_assumption ? "" : name,
		       is_assumption ? "" : " at ", at);
	ret_result->name = formula->name ? name : NULL;
	if (verdict == TLA_FAILS) {
		say(ret_result, falsified, CHECK_ASSUMPTION, "%c%s%s is false.",
		    is_assumption ? 'A' : 'P', what, where);
		return;
	}
	tla_search_take_error(&spec->error, spec->runner, TLA_AT_INVARIANT, formula->name);
	ret_result->error = &spec->error;
	say(ret_result, falsified, CHECK_ASSUMPTION, "Evaluating %c%s%s failed.\n%s",
	    is_assumption ? 'a' : 'p', what, where, spec->error.text);
}

/* --- Violations --- */

/* Whether an invariant of that name fails in the last state of the trace: an invariant and a
 * property of steps may have one name, that of the property they are of. */
static bool is_invariant(struct check_spec *spec, const char *name, const tla_value *state)
{
	const struct tla_formulas *list = &spec->model->invariants;

	if (!state)
		return is_named(list, spec, name);
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(check_name(spec, list->at[i].name), name) == 0 &&
		    tla_run_state(spec->runner, &list->at[i], state) != TLA_HOLDS)
			return true;
	return false;
}

static void violation_result(struct check_spec *spec, const struct check *check, const char *name,
			     struct check_result *result)
{
	const struct nw_explore_step *steps;
	size_t count = 0;
	const tla_value *last = NULL;
	bool is_initial;

	if (nw_explore_trace(check->explore, &steps, &count) == 0 && count > 0)
		last = (const tla_value *)(const void *)steps[count - 1].state;
	spec->runner->eval.level = (uint32_t)count;
	is_initial = count == 1 && !check->options->explore.no_trace;
	result->name = name;
	if (is_invariant(spec, name, last))
		say(result, CHECK_INVARIANT_FALSE, CHECK_VIOLATION, "Invariant %s is violated%s",
		    name, is_initial ? " by the initial state:" : ".");
	else if (is_named(&spec->model->implied_inits, spec, name) && count <= 1)
		say(result, CHECK_INITIAL_FALSE, CHECK_LIVENESS,
		    "Property %s is violated by the initial state:", name);
	else
		say(result, CHECK_ACTION_FALSE, CHECK_LIVENESS, "Action property %s is violated.",
		    name);
}

static const char completed[] = "Model checking completed. No error has been found.";

void check_result_of_nothing(struct check_result *ret_result)
{
	*ret_result = (struct check_result){ .code = APP_OK };
	say(ret_result, CHECK_NOTHING, APP_OK, "%s", completed);
}

static void incomplete_result(const struct check_spec *spec, enum nw_explore_end end,
			      struct check_result *result)
{
	if (end == NW_EXPLORE_TOO_DEEP)
		say(result, CHECK_INCOMPLETE, APP_FAILED,
		    "Stopped at level %u: the search is incomplete.",
		    (unsigned)spec->options->explore.depth_max);
	else if (end == NW_EXPLORE_NO_MEMORY || spec->is_out_of_memory)
		say(result, CHECK_INCOMPLETE, APP_FAILED,
		    "Out of memory: the search is incomplete.");
	else
		say(result, CHECK_INCOMPLETE, APP_FAILED, "Interrupted: the search is incomplete.");
}

void check_result_of_search(struct check_spec *spec, const struct check *check,
			    const struct nw_explore_report *report, struct check_result *ret_result)
{
	/* Of a view that cannot be evaluated the engine is not told. */
	bool is_error = report->end == NW_EXPLORE_ERROR ||
			(report->end == NW_EXPLORE_DONE && spec->search.has_error);

	*ret_result = (struct check_result){ .verdict = CHECK_HOLDS };
	if (is_error) {
		error_result(spec, check, ret_result);
		return;
	}
	switch (report->end) {
	case NW_EXPLORE_DONE:
		say(ret_result, CHECK_HOLDS, APP_OK, "%s", completed);
		break;
	case NW_EXPLORE_VIOLATION:
		violation_result(spec, check, report->invariant, ret_result);
		break;
	case NW_EXPLORE_DEADLOCK:
		say(ret_result, CHECK_NO_SUCCESSOR, CHECK_DEADLOCK, "Deadlock reached.");
		break;
	case NW_EXPLORE_MODEL_FAULT:
		say(ret_result, CHECK_BROKEN, CHECK_SYSTEM, "%s", report->fault_text);
		break;
	default:
		incomplete_result(spec, report->end, ret_result);
		break;
	}
}
