/* SPDX-License-Identifier: MIT */
/*
 * What came of a specification, in TLC's words and with TLC's exit codes.
 *
 * Invariant: one result has one sentence and one code, whatever the shape of the report is.
 */
#include "check/spec.h"

#include "tla/model/actions.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(struct check_result *result, enum check_verdict verdict, enum check_code says,
		int code, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void say(struct check_result *result, enum check_verdict verdict, enum check_code says,
		int code, const char *format, ...)
{
	va_list args;

	result->verdict = verdict;
	result->says = says;
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

static bool has_no_view(struct check_spec *spec, const tla_value *state)
{
	const struct tla_formula *view = &spec->model->view;

	if (!view->fn || tla_run_value(spec->runner, view, state, NULL)) {
		tla_runner_cut(spec->runner);
		return false;
	}
	tla_search_take_error(&spec->error, spec->runner, TLA_AT_VIEW, view->name);
	tla_runner_cut(spec->runner);
	return true;
}

/* Evaluated once more as TLC does, which tells all parts of the action that were under way. Those
 * around the action are none. */
static void take_parts(struct check_spec *spec, enum tla_stage stage)
{
	struct tla_search_error *error = &spec->error;
	const struct tla_action *actions = NULL;
	uint32_t count = 0, kept;

	tla_search_take_error(error, spec->runner, stage, TLA_NO_SYM);
	if (stage == TLA_AT_NEXT) /* afterwards: to find them may evaluate, and forgets the error */
		actions = tla_runner_actions(spec->runner, &count);
	for (kept = error->at_count; actions && kept > 0; kept--)
		for (uint32_t i = 0; i < count; i++)
			if (actions[i].span.begin == error->at[kept - 1].begin &&
			    actions[i].span.end == error->at[kept - 1].end) {
				error->at_count = kept;
				error->action = count > 1 ? actions[i].name : TLA_NO_SYM;
				return;
			}
}

/* The error of an initial predicate: without states there is no trace. */
static const struct tla_search_error *error_of_init(struct check_spec *spec)
{
	struct tla_eval *eval = &spec->runner->eval;
	int result;

	if (spec->search.error.stage != TLA_AT_INIT)
		return &spec->search.error;
	eval->level = 0;
	eval->notes_parts = true;
	result = tla_run_init(spec->runner, pass_over, NULL);
	eval->notes_parts = false;
	if (result >= 0)
		return &spec->search.error;
	take_parts(spec, TLA_AT_INIT);
	return &spec->error;
}

/* Of a step that gives not all variables a value, what it gives. */
static void take_gap(struct check_spec *spec, const tla_value *last)
{
	tla_value *gap = calloc(spec->model->world.var_count, sizeof(*gap));

	free(spec->gap);
	spec->gap = gap && tla_move_gap(spec->runner, last, gap, &spec->gap_move) ? gap : NULL;
	spec->gap_steps = spec->path_steps;
	if (!spec->gap)
		free(gap);
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
	int result;

	if (check_trace_path(spec, check, &steps, &count) < 0 || count == 0)
		return error_of_init(spec);
	last = (const tla_value *)(const void *)steps[count - 1].state;
	before = count > 1 ? (const tla_value *)(const void *)steps[count - 2].state : NULL;
	spec->runner->eval.level = (uint32_t)count;
	if (fails_again(spec, &model->constraints, NULL, last, TLA_AT_CONSTRAINT) ||
	    fails_again(spec, &model->invariants, NULL, last, TLA_AT_INVARIANT) ||
	    has_no_view(spec, last) ||
	    (before &&
	     fails_again(spec, &model->action_constraints, before, last, TLA_AT_CONSTRAINT)) ||
	    (before && fails_again(spec, &model->implied_actions, before, last, TLA_AT_PROPERTY)))
		return &spec->error;
	spec->runner->eval.notes_parts = true;
	result = tla_run_next(spec->runner, last, pass_over, NULL);
	spec->runner->eval.notes_parts = false;
	if (result >= 0)
		return &spec->search.error;
	take_parts(spec, TLA_AT_NEXT);
	if (spec->error.failure == TLA_FAILURE_GAP)
		take_gap(spec, last);
	return &spec->error;
}

/* Whether it was an initial state that was looked at, not a step from it: TLC then tells all that
 * fails in one way. */
static bool is_of_initial(const struct check *check, const struct tla_search_error *error)
{
	const struct nw_explore_step *steps;
	size_t count = 0;

	return error->stage == TLA_AT_INIT ||
	       (error->stage != TLA_AT_NEXT && !check->options->explore.no_trace &&
		check_steps(check, &steps, &count) == 0 && count == 1);
}

static enum check_code says_of(const struct tla_search_error *error)
{
	if (error->failure == TLA_FAILURE_DEPTH)
		return SAY_STACK_OVERFLOW;
	if (error->stage == TLA_AT_INVARIANT)
		return SAY_INVARIANT_FAILED;
	if (error->stage == TLA_AT_PROPERTY)
		return SAY_PROPERTY_FAILED;
	return error->failure == TLA_FAILURE_ASSERT ? SAY_ASSERT : SAY_GENERAL;
}

static int code_of(const struct tla_search_error *error)
{
	if (error->failure == TLA_FAILURE_DEPTH)
		return CHECK_ENDLESS;
	if (error->stage == TLA_AT_INVARIANT)
		return CHECK_SAFETY_EVAL;
	return error->failure == TLA_FAILURE_ASSERT ? CHECK_ASSERT : CHECK_SPEC_EVAL;
}

/* Names what was evaluated, where the configuration has a name for it. */
static void gap_sentence(struct check_spec *spec, const struct tla_search_error *error,
			 struct check_result *result)
{
	bool has_name = error->action != TLA_NO_SYM;

	say(result, CHECK_CANNOT_EVALUATE, SAY_NEXT_INCOMPLETE, CHECK_SPEC_EVAL,
	    "Successor state is not completely specified by %s%s%s. %s\n",
	    has_name ? "action " : "the next-state action",
	    has_name ? check_name(spec, error->action) : "",
	    has_name ? " of the next-state relation" : "", error->text);
}

static void error_sentence(struct check_result *result, const struct tla_search_error *error,
			   const char *name, enum check_code says, int code, const char *behind)
{
	if (error->stage == TLA_AT_INVARIANT || error->stage == TLA_AT_PROPERTY)
		say(result, CHECK_CANNOT_EVALUATE, says, code, "Evaluating %s %s failed.\n%s%s",
		    error->stage == TLA_AT_INVARIANT ? "invariant" : "action property", name,
		    error->text, behind);
	else
		say(result, CHECK_CANNOT_EVALUATE, says, code, "%s%s", error->text, behind);
}

static void error_result(struct check_spec *spec, const struct check *check,
			 struct check_result *result)
{
	const struct tla_search_error *error = error_of_trace(spec, check);
	const char *name = check_name(spec, error->name);

	result->error = error;
	result->name = error->name ? name : NULL;
	if (error->failure == TLA_FAILURE_GAP && error->stage == TLA_AT_NEXT)
		gap_sentence(spec, error, result);
	else if (!is_of_initial(check, error))
		error_sentence(result, error, name, says_of(error), code_of(error), "");
	else if (error->stage != TLA_AT_INIT)
		error_sentence(result, error, name, SAY_INITIAL_STATE, CHECK_SPEC_EVAL,
			       "\nWhile working on the initial state:");
	else
		error_sentence(result, error, name,
			       error->failure == TLA_FAILURE_GAP ? SAY_INITIAL_STATE : SAY_GENERAL,
			       CHECK_SPEC_EVAL, "");
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
		say(ret_result, falsified,
		    is_assumption ? SAY_ASSUMPTION_FALSE : SAY_POSTCONDITION_FALSE,
		    CHECK_ASSUMPTION, "%c%s%s is false.", is_assumption ? 'A' : 'P', what, where);
		return;
	}
	tla_search_take_error(&spec->error, spec->runner, TLA_AT_INVARIANT, formula->name);
	ret_result->error = &spec->error;
	say(ret_result, falsified, is_assumption ? SAY_ASSUMPTION_FAILED : SAY_POSTCONDITION_FAILED,
	    CHECK_ASSUMPTION, "Evaluating %c%s%s failed.\n%s", is_assumption ? 'a' : 'p', what,
	    where, spec->error.text);
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

void check_result_of_violation(struct check_spec *spec, const struct check *check, const char *name,
			       struct check_result *result)
{
	const struct nw_explore_step *steps;
	size_t count = 0;
	const tla_value *last = NULL;
	bool is_initial;

	if (check_trace_path(spec, check, &steps, &count) == 0 && count > 0)
		last = (const tla_value *)(const void *)steps[count - 1].state;
	spec->runner->eval.level = (uint32_t)count;
	is_initial = count == 1 && !check->options->explore.no_trace;
	result->name = name;
	if (is_invariant(spec, name, last))
		say(result, CHECK_INVARIANT_FALSE,
		    is_initial ? SAY_INVARIANT_INITIAL : SAY_INVARIANT_FALSE, CHECK_VIOLATION,
		    "Invariant %s is violated%s", name,
		    is_initial ? " by the initial state:" : ".");
	else if (is_named(&spec->model->implied_inits, spec, name) && count <= 1)
		say(result, CHECK_INITIAL_FALSE, SAY_PROPERTY_INITIAL, CHECK_LIVENESS,
		    "Property %s is violated by the initial state:", name);
	else
		say(result, CHECK_ACTION_FALSE, SAY_PROPERTY_FALSE, CHECK_LIVENESS,
		    "Action property %s is violated.", name);
}

static const char completed[] = "Model checking completed. No error has been found.";

void check_result_of_nothing(struct check_result *ret_result)
{
	*ret_result = (struct check_result){ .code = APP_OK };
	say(ret_result, CHECK_NOTHING, SAY_SUCCESS, APP_OK, "%s", completed);
}

static void incomplete_result(const struct check_spec *spec, enum nw_explore_end end,
			      struct check_result *result)
{
	if (end == NW_EXPLORE_TOO_DEEP)
		say(result, CHECK_INCOMPLETE, SAY_OUTPUT, APP_FAILED,
		    "Stopped at level %u: the search is incomplete.",
		    (unsigned)spec->options->explore.depth_max);
	else if (end == NW_EXPLORE_NO_MEMORY || spec->is_out_of_memory)
		say(result, CHECK_INCOMPLETE, SAY_OUT_OF_MEMORY, APP_FAILED,
		    "Out of memory: the search is incomplete.");
	else if (end == NW_EXPLORE_STOPPED && atomic_load(&spec->has_exit))
		say(result, CHECK_INCOMPLETE, SAY_SUCCESS, APP_OK, "%s", completed);
	else
		say(result, CHECK_INCOMPLETE, SAY_OUTPUT, APP_FAILED,
		    "Interrupted: the search is incomplete.");
}

/* TLC takes it for a search that is over; we say that it was none. */
static bool has_no_initial_state(const struct nw_explore_report *report)
{
	return report->end == NW_EXPLORE_MODEL_FAULT && report->total.distinct == 0;
}

static void done_result(const struct check *check, const struct nw_explore_report *report,
			struct check_result *result)
{
	uint64_t count = report->violation_count;

	if (count == 0)
		say(result, CHECK_HOLDS, SAY_SUCCESS, APP_OK, "%s", completed);
	else
		say(result, CHECK_HOLDS, SAY_SUCCESS, check_violations_code(check, report),
		    "Model checking completed. %" PRIu64 " violation%s found.", count,
		    count == 1 ? " was" : "s were");
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
	if (has_no_initial_state(report)) {
		check_say(spec->say, SAY_NO_INITIAL_STATE,
			  "There is no state satisfying the initial state predicate%s.",
			  spec->model->constraints.count ? " and the constraints" : "");
		say(ret_result, CHECK_HOLDS, SAY_SUCCESS, APP_OK, "%s", completed);
		return;
	}
	switch (report->end) {
	case NW_EXPLORE_DONE:
		done_result(check, report, ret_result);
		break;
	case NW_EXPLORE_VIOLATION:
		check_result_of_violation(spec, check, report->invariant, ret_result);
		break;
	case NW_EXPLORE_DEADLOCK:
		say(ret_result, CHECK_NO_SUCCESSOR, SAY_DEADLOCK, CHECK_DEADLOCK,
		    "Deadlock reached.");
		break;
	case NW_EXPLORE_MODEL_FAULT:
		say(ret_result, CHECK_BROKEN, SAY_GENERAL, CHECK_SYSTEM, "%s", report->fault_text);
		break;
	default:
		incomplete_result(spec, report->end, ret_result);
		break;
	}
}
