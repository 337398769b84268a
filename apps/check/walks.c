/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check --simulate`: random walks in the place of a search.
 *
 * Invariant: figures come from struct nw_walk_report; what walks and a search have in common is
 * told of both by the same code, which is given the walks' report as one of a search.
 */
#include "check/spec.h"

#include "tla/model/actions.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_DEFAULT = 100, COUNT_TEXT = 32 };

/* --- Making them --- */

static uint64_t steps_max(const struct check_options *options)
{
	if (options->walks.has_depth)
		return options->walks.depth;
	return options->explore.depth_max ? options->explore.depth_max : DEPTH_DEFAULT;
}

/* -1: no limit, as TLC says it; without a number of walks it has its largest. */
void check_walks_connect(const struct check_options *options, struct tla_world *world)
{
	uint64_t steps = steps_max(options);

	world->mode = options->walks.is_generated ? "generate" : "simulate";
	world->walk_depth = steps ? (int64_t)steps : -1;
	world->walk_count = options->walks.count ? (int64_t)options->walks.count : INT64_MAX;
	world->walk_first = (int64_t)options->walks.first;
}

/* On the worker that made the walk. The first file that cannot be written ends the walks. */
static void write_walk(void *arg, const struct nw_walk_path *path)
{
	struct check *check = arg;
	char *name = NULL;
	FILE *out = NULL;
	bool is_written = false;

	if (asprintf(&name, "%s_0_%" PRIu64, check->options->walks.file, path->walk_idx) < 0)
		name = NULL;
	if (name)
		out = fopen(name, "we");
	if (out) {
		fprintf(out, "---------------- MODULE %s -----------------\n", name);
		check_steps_write(check, path->steps, path->step_count, out);
		fputs("=================================================\n", out);
		is_written = !ferror(out);
		is_written &= fclose(out) == 0;
	}
	if (!is_written && !atomic_exchange(&check->has_write_failed, true)) {
		(void)app_failed(CHECK_NAME, "cannot write %s: %s", name ? name : "a walk",
				 strerror(errno));
		nw_walk_stop(check->walk);
	}
	free(name);
}

static void tell_violation(void *arg, const struct nw_walk_path *path, const char *name)
{
	check_watch_tell(arg, path, name);
}

int check_walks_create(struct check *check, struct nw_diag *diag)
{
	const struct check_options *o = check->options;
	struct nw_walk_options walk = { .topo = check->topo,
					.model = check->model.model,
					.model_data = check->model.data,
					.worker_count = o->explore.worker_count,
					.node_idxs = check->node_idxs,
					.node_idx_count = check->node_idx_count,
					.seed = (uint64_t)o->walks.seed,
					.walk_first = o->walks.first,
					.walk_count = o->walks.count,
					.step_count_max = steps_max(o),
					.time_ns_max = o->walks.stop_after_s * 1000000000,
					.memory_bytes_max = o->explore.memory_bytes_max,
					.on_walk = o->walks.file ? write_walk : NULL,
					.on_violation = o->explore.keep_going ? tell_violation
									      : NULL,
					.arg = check,
					.no_deadlock = o->explore.no_deadlock,
					.no_pin = o->explore.no_pin,
					.use_smt = o->explore.use_smt,
					.oversubscribe = o->explore.oversubscribe };

	if (check->spec && o->explore.keep_going)
		check->spec->search.beside = check->spec->runner;
	/* What names the actions of walks that are written is made before there are threads. */
	if (check->spec)
		(void)tla_runner_actions(check->spec->runner, &(uint32_t){ 0 });
	return nw_walk_create(&check->walk, &walk, diag);
}

/* --- What is told --- */

/* What the walks' report has of a search's; levels and the seen-set are none. */
static struct nw_explore_report as_search(const struct nw_walk_report *walks)
{
	struct nw_explore_report report = { .end = walks->end,
					    .total.generated = walks->generated,
					    .worker_count = walks->worker_count,
					    .node_count = walks->node_count,
					    .seconds = walks->seconds,
					    .memory_bytes_peak = walks->memory_bytes_peak,
					    .is_simulated = walks->is_simulated,
					    .unpinned_count = walks->unpinned_count,
					    .violation_count = walks->violation_count,
					    .invariant = walks->invariant };

	memcpy(report.fault_text, walks->fault_text, sizeof(report.fault_text));
	report.total.distinct = walks->end == NW_EXPLORE_MODEL_FAULT; /* not for want of states */
	/* As a search that found none. */
	if (walks->end == NW_EXPLORE_DONE && walks->initial_count == 0 && !walks->is_time_over)
		report.end = NW_EXPLORE_MODEL_FAULT;
	return report;
}

void check_walks_progress(const struct check *check)
{
	struct nw_walk_report now;

	nw_walk_report(check->walk, &now);
	if (check->spec)
		check_say_walks(check->say, &now, false);
	else
		fprintf(stderr,
			"%.0f s: %" PRIu64 " states generated, %" PRIu64
			" walks (length: mean %.0f, deviation %.0f)\n",
			now.seconds, now.generated, now.walk_count, now.length_mean,
			sqrt(now.length_variance));
}

static const char *verdict_of(const struct nw_walk_report *walks)
{
	switch (walks->end) {
	case NW_EXPLORE_DONE:
		if (walks->violation_count > 0)
			return "violations: the walks went on after them";
		return walks->is_time_over ? "ok: the time is over, no fault was found"
					   : "ok: no fault was found";
	case NW_EXPLORE_DEADLOCK:
		return "deadlock: a state has no successor";
	case NW_EXPLORE_NO_MEMORY:
		return "out of memory: the walks are incomplete";
	case NW_EXPLORE_STOPPED:
		return "stopped: the walks are incomplete";
	default:
		return NULL;
	}
}

static void print_verdict(const struct nw_walk_report *walks)
{
	const char *verdict = verdict_of(walks);

	if (verdict)
		printf("result     %s\n", verdict);
	else if (walks->end == NW_EXPLORE_VIOLATION)
		printf("result     violation: the invariant %s does not hold\n", walks->invariant);
	else if (walks->end == NW_EXPLORE_ERROR)
		printf("result     error: the model could not go on: %s\n", walks->invariant);
	else
		printf("result     error: the model broke its contract: %s\n", walks->fault_text);
}

static void print_figures(const struct check *check, const struct nw_walk_report *walks)
{
	const struct check_walks *options = &check->options->walks;
	char text[COUNT_TEXT];

	printf("%-10s %16s   length: mean %.1f, deviation %.1f\n", "walks",
	       app_format_count(walks->walk_count, text, COUNT_TEXT), walks->length_mean,
	       sqrt(walks->length_variance));
	printf("%-10s %16s", "generated", app_format_count(walks->generated, text, COUNT_TEXT));
	printf("   %s/s\n",
	       app_format_count(walks->seconds > 0
					? (uint64_t)((double)walks->generated / walks->seconds)
					: 0,
				text, COUNT_TEXT));
	printf("%-10s %16" PRId64 "   from walk %" PRIu64 "\n", "seed", options->seed,
	       options->first);
	if (walks->fault_walk_idx != UINT64_MAX)
		printf("%-10s %16" PRIu64 "   -seed %" PRId64 " -aril %" PRIu64
		       " -simulate num=1 walks it alone\n",
		       "fault", walks->fault_walk_idx, options->seed, walks->fault_walk_idx);
	printf("%-10s %16.3f\n", "seconds", walks->seconds);
	printf("%-10s %16u   on %u node%s%s\n", "workers", (unsigned)walks->worker_count,
	       (unsigned)walks->node_count, walks->node_count == 1 ? "" : "s",
	       walks->is_simulated ? " (simulated)" : "");
}

static int report_model(const struct check *check, const struct nw_walk_report *walks)
{
	struct nw_explore_report report = as_search(walks);
	int code = APP_OK;

	if (check->options->is_json)
		return check_report_json(check, &report, NULL);
	check_print_model(check);
	print_verdict(walks);
	print_figures(check, walks);
	if (walks->end == NW_EXPLORE_VIOLATION || walks->end == NW_EXPLORE_DEADLOCK ||
	    walks->end == NW_EXPLORE_ERROR)
		code = check_print_trace(check);
	return code != APP_OK ? code : app_finish_output(CHECK_NAME);
}

/* A walk that ends well tells nothing of all states. */
static void reword(const struct nw_walk_report *walks, struct check_result *result)
{
	/* TLCSet("exit", TRUE) is an end like any other. */
	if (result->verdict == CHECK_INCOMPLETE && result->code == APP_OK)
		result->verdict = CHECK_HOLDS;
	if (result->verdict == CHECK_HOLDS && walks->violation_count > 0)
		(void)snprintf(result->sentence, sizeof(result->sentence),
			       "%" PRIu64 " violations have been found in %" PRIu64 " walks.",
			       walks->violation_count, walks->walk_count);
	else if (result->verdict == CHECK_HOLDS)
		(void)snprintf(result->sentence, sizeof(result->sentence),
			       "No error has been found in %" PRIu64 " walks.", walks->walk_count);
	else if (result->verdict == CHECK_INCOMPLETE && result->code != APP_OK)
		(void)snprintf(result->sentence, sizeof(result->sentence),
			       "%s: the walks are "
			       "incomplete.",
			       walks->end == NW_EXPLORE_STOPPED ? "Interrupted" : "Out of memory");
}

static int report_spec(const struct check *check, const struct nw_walk_report *walks)
{
	struct nw_explore_report report = as_search(walks);
	static struct check_result result; /* large */
	int code;

	check_spec_conclude(check->spec, check, &report, &result);
	reword(walks, &result);
	if (check->options->is_json) {
		code = check_report_json(check, &report, &result);
		check_spec_after(check->spec, check, &result);
	} else {
		code = check_spec_report_walks(check, walks, &report, &result);
	}
	if (code == APP_OK)
		code = check_trace_dump(check->spec, check);
	return code != APP_OK ? code : result.code;
}

static int exit_code(const struct check *check, const struct nw_walk_report *walks)
{
	struct nw_explore_report report = as_search(walks);

	switch (walks->end) {
	case NW_EXPLORE_DONE:
		return check_violations_code(check, &report);
	case NW_EXPLORE_VIOLATION:
		return CHECK_VIOLATION;
	case NW_EXPLORE_DEADLOCK:
		return CHECK_DEADLOCK;
	default:
		return APP_FAILED;
	}
}

int check_walks_report(const struct check *check)
{
	struct nw_walk_report walks;
	int code;

	nw_walk_report(check->walk, &walks);
	if (walks.unpinned_count)
		app_note(CHECK_NAME, "%u of %u workers could not be pinned",
			 (unsigned)walks.unpinned_count, (unsigned)walks.worker_count);
	if (check->spec)
		code = report_spec(check, &walks);
	else
		code = report_model(check, &walks);
	if (atomic_load(&check->has_write_failed))
		return APP_FAILED;
	return code == APP_OK && !check->spec ? exit_code(check, &walks) : code;
}

json_t *check_walks_json(const struct check *check)
{
	struct nw_walk_report walks;
	json_int_t first = (json_int_t)check->options->walks.first;

	if (!check->walk)
		return json_null();
	nw_walk_report(check->walk, &walks);
	return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:b, s:o}", "walks",
			 (json_int_t)walks.walk_count, "seed",
			 (json_int_t)check->options->walks.seed, "first", first, "steps",
			 (json_int_t)steps_max(check->options), "length_mean", walks.length_mean,
			 "length_variance", walks.length_variance, "initial",
			 (json_int_t)walks.initial_count, "time_over", walks.is_time_over, "fault",
			 walks.fault_walk_idx == UINT64_MAX
				 ? json_null()
				 : json_integer((json_int_t)walks.fault_walk_idx));
}
