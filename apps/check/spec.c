/* SPDX-License-Identifier: MIT */
/*
 * A specification as `nodewise check` has it: loaded with its configuration, its assumptions
 * looked at, its search prepared; what it prints with PrintT and asks with TLCGet.
 *
 * Invariant: the runner is the main thread's alone; workers have runners of their own and meet here
 * only in messages or in reports of the search.
 */
#include "check/spec.h"

#include "tla/value/fcn.h"
#include "tla/value/print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the main thread's evaluator knows of the program. */
static void connect(struct check_spec *spec)
{
	struct tla_world *world = &spec->model->world;

	world->files = (struct tla_files){ .read = check_file_read,
					   .write = check_file_write,
					   .run = spec->options->allows_exec ? check_run_command
									     : NULL };
	world->worker_count = spec->worker_count;
	world->checks_deadlock = !spec->options->explore.no_deadlock &&
				 !spec->model->config.no_deadlock;
	world->seed = spec->options->walks.seed;
	if (spec->options->walks.is_wanted)
		check_walks_connect(spec->options, world);
	check_ask_prepare(spec);
	check_ask_connect(spec);
}

/* --- Loading --- */

/* Spec.tla is meant by Spec, too, as with TLC. */
static char *path_with(const char *path, const char *suffix)
{
	size_t length = strlen(path);
	char *text;

	if (length > 4 && strcmp(path + length - 4, ".tla") == 0)
		length -= 4;
	if (asprintf(&text, "%.*s%s", (int)length, path, suffix) < 0)
		return NULL;
	return text;
}

/* -config File means File.cfg where there is no File. */
static char *config_path(const struct check_options *options)
{
	const char *given = options->config;
	char *with_suffix;

	if (!given)
		return path_with(options->spec, ".cfg");
	if (access(given, F_OK) == 0 || asprintf(&with_suffix, "%s.cfg", given) < 0)
		return strdup(given);
	if (access(with_suffix, F_OK) == 0)
		return with_suffix;
	free(with_suffix);
	return strdup(given);
}

/* TLC's codes: 151 where the configuration is at fault, 150 where the specification is; 76 where
 * an invariant is none. */
static int say_errors(const struct check_spec *spec)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	struct tla_place place = tla_place_of(sources, sources->errors[0].pos);

	if (!spec->say->is_tool)
		check_say_errors(sources);
	if (spec->model->misfit == TLA_MISFIT_INVARIANT)
		return CHECK_SAFETY_EVAL;
	if (spec->model->misfit == TLA_MISFIT_NOTHING)
		return CHECK_SPEC_EVAL;
	if (spec->model->misfit == TLA_MISFIT_LIVE)
		return CHECK_ENDLESS;
	if (spec->model->misfit)
		return CHECK_CONFIG;
	return place.file && place.file == spec->model->config_file ? CHECK_CONFIG : CHECK_PARSE;
}

static int load(struct check_spec *spec, const char *path)
{
	struct tla_reader reader = { .read = check_files_read,
				     .context = &spec->files,
				     .folders = spec->options->folders,
				     .folder_count = spec->options->folder_count };
	int r;

	/* With -tool the front end says it, among its errors. */
	if (!spec->say->is_tool && access(path, R_OK) < 0) {
		check_refuse(spec->say, SAY_GENERAL, "%s: %s", path, strerror(errno));
		return CHECK_PARSE;
	}
	if (access(spec->config_path, R_OK) < 0) {
		check_refuse(spec->say, SAY_GENERAL,
			     "no configuration %s: %s; --config FILE names another, --parse "
			     "needs none",
			     spec->config_path, strerror(errno));
		return CHECK_CONFIG;
	}
	spec->model->is_counted = spec->options->has_coverage;
	r = tla_model_load(spec->model, &reader, path, spec->config_path);
	if (spec->say->is_tool)
		check_front_say(spec);
	if (r == 0)
		return APP_OK;
	if (spec->model->spec->sources.error_count > 0)
		return say_errors(spec);
	check_refuse(spec->say, SAY_GENERAL, "%s: %s", path, strerror(-r));
	return CHECK_SYSTEM;
}

/* A temporal property is never skipped silently. */
static int refuse_temporal(const struct check_spec *spec)
{
	const struct tla_formulas *temporal = &spec->model->temporal;

	if (temporal->count == 0 || spec->options->is_safety || spec->options->is_explained)
		return APP_OK;
	for (uint32_t i = 0; i < temporal->count; i++)
		check_refuse(spec->say, SAY_LIVE_UNHANDLED,
			     "the temporal property %s is not checked yet; --safety leaves it "
			     "out, and says so",
			     check_name(spec, temporal->at[i].name));
	return CHECK_CONFIG;
}

static int need_behaviour(const struct check_spec *spec)
{
	if (spec->model->next.fn || spec->model->world.var_count == 0)
		return APP_OK;
	check_refuse(spec->say, SAY_CONFIG_NO_INIT, "%s: neither SPECIFICATION nor INIT and NEXT",
		     spec->config_path);
	return CHECK_CONFIG;
}

/* A predicate without variables says nothing of a state: FALSE is a mistake, as with TLC. What is
 * no Boolean is told where it is evaluated. */
static int check_constant(struct check_spec *spec, const struct tla_formula *formula,
			  const char *what)
{
	const char *name = check_name(spec, formula->name);
	enum tla_verdict verdict = tla_run_state(spec->runner, formula, NULL);

	if (verdict == TLA_HOLDS && strcmp(what, "invariant") == 0)
		check_say(spec->say, SAY_INVARIANT_CONSTANT,
			  "The invariant %s has no variables and is TRUE: as ASSUME it would be "
			  "checked once.",
			  name);
	if (verdict != TLA_FAILS)
		return APP_OK;
	check_refuse(spec->say, SAY_CONFIG_CONSTANT, "the %s %s is equal to FALSE", what, name);
	return CHECK_CONFIG;
}

static int check_constants(struct check_spec *spec, const struct tla_formulas *list,
			   const char *what)
{
	int code = APP_OK;

	for (uint32_t i = 0; i < list->count && code == APP_OK; i++)
		if (list->at[i].fn->level == TLA_CONSTANT)
			code = check_constant(spec, &list->at[i], what);
	return code;
}

static bool is_among(const struct tla_formulas *list, tla_sym name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->at[i].name == name)
			return true;
	return false;
}

/* A predicate that is a property by itself is looked at in the initial states only. */
static void warn_of_properties(struct check_spec *spec)
{
	const struct tla_model *model = spec->model;

	for (uint32_t i = 0; i < model->implied_inits.count; i++) {
		tla_sym name = model->implied_inits.at[i].name;

		if (!is_among(&model->implied_actions, name) && !is_among(&model->temporal, name) &&
		    !is_among(&model->invariants, name))
			check_say(spec->say, SAY_PROPERTY_OF_STATE,
				  "The property %s is a predicate of one state, and is checked in "
				  "the initial states only: as INVARIANT it would be in all.",
				  check_name(spec, name));
	}
}

/* A conjunct that is FALSE whatever the state: then the rest says nothing. */
static int check_facts(struct check_spec *spec, const struct tla_formulas *list, bool is_property)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct tla_formula *formula = &list->at[i];
		struct tla_place place = tla_place_of(&spec->model->spec->sources,
						      formula->span.begin);
		const char *name = check_name(spec, formula->name);

		if (!formula->is_fact || tla_run_state(spec->runner, formula, NULL) != TLA_FAILS)
			continue;
		check_refuse(spec->say, is_property ? SAY_CONFIG_CONSTANT : SAY_CONFIG_TRIVIAL,
			     is_property ? "the property %s is equal to FALSE by line %u, col %u"
					 : "%s is trivially false by line %u, col %u",
			     name, place.line, place.column);
		return CHECK_CONFIG;
	}
	return APP_OK;
}

static int check_predicates(struct check_spec *spec)
{
	const struct tla_model *model = spec->model;
	int code = check_facts(spec, &model->init, false);

	if (code == APP_OK)
		code = check_facts(spec, &model->implied_inits, true);
	if (code == APP_OK)
		code = check_constants(spec, &model->invariants, "invariant");
	if (code == APP_OK)
		code = check_constants(spec, &model->constraints, "constraint");
	if (code == APP_OK)
		code = check_constants(spec, &model->action_constraints, "action constraint");
	return code;
}

int check_spec_open(struct check_spec **ret_spec, const struct check_options *options,
		    struct check_say *say, uint32_t worker_count)
{
	struct check_spec *spec = calloc(1, sizeof(*spec));
	char *path = path_with(options->spec, ".tla");
	int code = CHECK_SYSTEM;

	if (spec) {
		spec->options = options;
		spec->say = say;
		spec->worker_count = worker_count;
		spec->config_path = config_path(options);
	}
	if (!spec || !path || !spec->config_path || tla_model_create(&spec->model) < 0)
		(void)app_failed(CHECK_NAME, "no memory for a specification");
	else
		code = load(spec, path);
	free(path);
	if (code == APP_OK)
		code = refuse_temporal(spec);
	if (code == APP_OK)
		code = need_behaviour(spec);
	if (code == APP_OK &&
	    tla_runner_create(&spec->runner, spec->model, NW_NODE_ANY, tla_stack_bytes()) < 0) {
		(void)app_failed(CHECK_NAME, "no memory for the evaluator");
		code = CHECK_SYSTEM;
	}
	if (code == APP_OK)
		connect(spec);
	if (code == APP_OK)
		code = check_predicates(spec);
	if (code == APP_OK)
		warn_of_properties(spec);
	if (code == APP_OK)
		*ret_spec = spec;
	else
		check_spec_close(spec);
	return code;
}

void check_spec_close(struct check_spec *spec)
{
	if (!spec)
		return;
	if (spec->has_search)
		tla_search_fini(&spec->search);
	tla_retrace_destroy(spec->retrace);
	tla_runner_destroy(spec->runner);
	tla_model_destroy(spec->model);
	check_files_free(&spec->files);
	free(spec->coverage);
	free(spec->gap);
	free(spec->config_path);
	free(spec);
}

bool check_spec_has_behaviour(const struct check_spec *spec)
{
	return spec->model->next.fn != NULL;
}

/* --- Before and after the search --- */

void check_spec_assume(struct check_spec *spec, struct check_result *ret_result)
{
	const struct tla_formulas *list = &spec->model->assumptions;

	check_result_of_nothing(ret_result);
	for (uint32_t i = 0; i < list->count; i++) {
		enum tla_verdict verdict = tla_run_state(spec->runner, &list->at[i], NULL);

		if (verdict == TLA_HOLDS)
			continue;
		check_result_of_formula(spec, &list->at[i], verdict, true, ret_result);
		return;
	}
}

int check_spec_search(struct check_spec *spec, struct check_model *ret_model)
{
	int r = tla_search_init(&spec->search, spec->model);

	spec->has_search = true;
	if (r < 0) {
		check_refuse(spec->say, SAY_GENERAL, "%s: %s",
			     r == -EINVAL ? "SYMMETRY" : "no memory for the search",
			     r == -EINVAL ? spec->search.error.text : strerror(-r));
		return r == -EINVAL ? CHECK_CONFIG : CHECK_SYSTEM;
	}
	check_ask_connect_search(spec);
	spec->memory_bytes_max = spec->options->explore.memory_bytes_max;
	if (!spec->memory_bytes_max)
		spec->memory_bytes_max = nw_mem_available_bytes() / 100 * 85;
	*ret_model = (struct check_model){ .model = &spec->search.interface,
					   .data = &spec->search };
	return APP_OK;
}

/* The engine counts its own memory; values in the store and on heaps are beside that. */
bool check_spec_is_full(struct check_spec *spec)
{
	unsigned long long total, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (!statm)
		return false;
	if (fscanf(statm, "%llu %llu", &total, &resident) != 2)
		resident = 0;
	(void)fclose(statm); /* only read from */
	if (resident * (uint64_t)sysconf(_SC_PAGESIZE) > spec->memory_bytes_max)
		spec->is_out_of_memory = true;
	return spec->is_out_of_memory;
}

/* With the registers of the worker that came first, as TLC; up to the first that does not hold. */
static bool run_postconditions(struct check_spec *spec, struct check_result *ret_failed)
{
	const struct tla_formulas *list = &spec->model->postconditions;
	const struct tla_registers *registers = tla_search_registers(&spec->search, 0);
	struct tla_eval *eval = &spec->runner->eval;
	enum tla_verdict verdict = TLA_HOLDS;

	if (registers)
		eval->registers = *registers;
	eval->level = 0;
	check_ask_connect(spec);
	for (uint32_t i = 0; i < list->count && verdict == TLA_HOLDS; i++) {
		verdict = tla_run_state(spec->runner, &list->at[i], NULL);
		if (verdict != TLA_HOLDS)
			check_result_of_formula(spec, &list->at[i], verdict, false, ret_failed);
	}
	eval->print = NULL;
	return verdict == TLA_HOLDS;
}

/* States of the levels that were finished. */
static uint64_t found_before(const struct nw_explore *explore)
{
	uint32_t count = nw_explore_levels(explore, NULL, 0);
	uint64_t *levels = calloc((size_t)count + 1, sizeof(*levels)), sum = 0;

	if (!levels)
		return UINT64_MAX;
	(void)nw_explore_levels(explore, levels, count);
	for (uint32_t i = 0; i < count; i++)
		sum += levels[i];
	free(levels);
	return sum;
}

/* As TLC, which counts the deepest state that was found, and the one that ended the search. */
static void count_last_level(const struct check *check, struct nw_explore_report *report)
{
	const struct nw_explore_step *steps;
	size_t count;

	if (check->explore && report->total.distinct > found_before(check->explore))
		report->depth++;
	if (!check->options->explore.no_trace && check_steps(check, &steps, &count) == 0 &&
	    count > report->depth)
		report->depth = (uint32_t)count;
	check->spec->last_level = report->depth;
}

void check_spec_conclude(struct check_spec *spec, const struct check *check,
			 struct nw_explore_report *last, struct check_result *ret_result)
{
	check_coverage_keep(spec);
	/* What makes steps again to find out about them prints nothing again. */
	spec->search.hooks.print = NULL;
	spec->runner->eval.print = NULL;
	check_result_of_search(spec, check, last, ret_result);
	count_last_level(check, last);
	if (ret_result->says == SAY_SUCCESS)
		(void)run_postconditions(spec, ret_result); /* the result is then that of one */
}

void check_spec_after(struct check_spec *spec, const struct check *check,
		      const struct check_result *result)
{
	static struct check_result failed; /* large */

	if (result->verdict == CHECK_HOLDS || result->verdict == CHECK_POSTCONDITION_FALSE ||
	    result->verdict == CHECK_INCOMPLETE || result->verdict == CHECK_BROKEN)
		return;
	if (spec->model->postconditions.count > 0)
		spec->counterexample = check_trace_value(spec, check);
	if (!run_postconditions(spec, &failed))
		check_say(spec->say, failed.says, "%s", failed.sentence);
}
