/* SPDX-License-Identifier: MIT */
/*
 * What `nodewise check Spec.tla` tells people, in the lines that TLC's users know.
 *
 * Invariant: figures come from struct nw_explore_report and from the store's counts.
 */
#include "check/spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Below that many states what is mapped at first is most of the memory. */
enum { BYTES_TEXT = 32, TELLING_COUNT = 100000 };

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* Whether a place says nothing: it is that of the one around it, or a name of the configuration. */
static bool is_idle(const struct check_spec *spec, const struct tla_search_error *error, uint32_t i)
{
	const struct tla_span *at = &error->at[i];
	struct tla_place place = tla_place_of(&spec->model->spec->sources, at->begin);

	if (!place.file || place.file == spec->model->config_file)
		return true;
	return i + 1 < error->at_count && at[0].begin == at[1].begin && at[0].end == at[1].end;
}

/* Outermost first, as TLC. */
static void say_places(const struct check_spec *spec, const struct tla_search_error *error)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	unsigned number = 0;
	FILE *out;

	for (uint32_t i = 0; i < error->at_count; i++)
		number += !is_idle(spec, error, i);
	if (number == 0 || spec->gap) /* that step is shown, its place with it */
		return;
	number = 0;
	out = check_say_begin(spec->say, SAY_NESTED_EXPRESSION);
	if (out)
		fprintf(out,
			"The error occurred when %sevaluating the nested\n"
			"expressions at the following positions:\n",
			spec->say->is_tool ? "TLC was " : "");
	for (uint32_t i = error->at_count; i-- > 0;) {
		struct tla_place from = tla_place_of(sources, error->at[i].begin);
		struct tla_place to = tla_place_last(sources, error->at[i]);
		char module[256];

		if (!out || is_idle(spec, error, i))
			continue;
		fprintf(out, "%u. Line %u, column %u to line %u, column %u in %s\n", number++,
			from.line, from.column, to.line, to.column,
			check_module_of(from.file, module, sizeof(module)));
	}
	if (out)
		fputc('\n', out);
	check_say_end(spec->say, SAY_NESTED_EXPRESSION);
}

static void say_left_out(const struct check_spec *spec)
{
	const struct tla_formulas *temporal = &spec->model->temporal;

	for (uint32_t i = 0; i < temporal->count; i++)
		check_say(spec->say, SAY_NOT_CHECKED,
			  "Not checked (--safety): the temporal property %s.",
			  check_name(spec, temporal->at[i].name));
}

static void print_cost(const struct check *check, const struct nw_explore_report *report)
{
	struct rusage usage = { 0 };
	uint64_t stored_count, stored_bytes;
	char text[3][BYTES_TEXT];

	(void)getrusage(RUSAGE_SELF, &usage); /* zero where it fails: shown as such */
	tla_search_stored(&check->spec->search, &stored_count, &stored_bytes);
	printf("Memory: %s at most; seen-set and queue %s, %" PRIu64 " value%s stored in %s",
	       app_format_bytes((uint64_t)usage.ru_maxrss * 1024, text[0], BYTES_TEXT),
	       app_format_bytes(report->memory_bytes_peak, text[1], BYTES_TEXT), stored_count,
	       plural(stored_count), app_format_bytes(stored_bytes, text[2], BYTES_TEXT));
	if (report->total.distinct >= TELLING_COUNT)
		printf(", %.1f bytes a state", (double)(report->memory_bytes_peak + stored_bytes) /
						       (double)report->total.distinct);
	printf(".\n");
	printf("Explored in %.3f s: %.0f states/s, %u worker%s on %u node%s%s, %.1f %% of checks "
	       "local.\n",
	       report->seconds,
	       report->seconds > 0 ? (double)report->total.generated / report->seconds : 0,
	       (unsigned)report->worker_count, plural(report->worker_count),
	       (unsigned)report->node_count, plural(report->node_count),
	       report->is_simulated ? " (simulated)" : "", check_local_percent(&report->total));
}

static bool has_trace(const struct nw_explore_report *report)
{
	return report->end == NW_EXPLORE_VIOLATION || report->end == NW_EXPLORE_DEADLOCK ||
	       report->end == NW_EXPLORE_ERROR;
}

/* A value in an error's text has a line of its own, and may be long. */
static void print_sentence(const struct check_result *result, FILE *out)
{
	char *text = strdup(result->sentence), *rest = NULL;
	char *line = text ? strtok_r(text, "\n", &rest) : NULL;

	while (line) {
		check_layout(out, line);
		line = strtok_r(NULL, "\n", &rest);
		if (line)
			fputc('\n', out);
	}
	free(text);
}

/* Of an initial state the sentence ends with a colon, and the state follows. */
static bool is_with_state(const struct check_result *result)
{
	size_t length = strlen(result->sentence);

	return length > 0 && result->sentence[length - 1] == ':';
}

void check_say_verdict(const struct check *check, const struct check_result *result)
{
	FILE *out = check_say_begin(check->say, result->says);

	if (out)
		print_sentence(result, out);
	if (out && is_with_state(result)) {
		fputc('\n', out);
		check_trace_last(check->spec, check, out);
	}
	check_say_end(check->say, result->says);
}

/* TLC tells no counts where nothing was searched, or an initial state violates what it should
 * not; people may see them. */
static bool has_counts(const struct check *check, const struct nw_explore_report *report,
		       const struct check_result *result)
{
	if (!report)
		return result->says == SAY_SUCCESS;
	return !check->say->is_tool ||
	       (result->says != SAY_INVARIANT_INITIAL && result->says != SAY_PROPERTY_INITIAL);
}

/* Walks have no seen-set. */
static void print_walk_cost(const struct check *check, const struct nw_walk_report *walks)
{
	const struct check_walks *options = &check->options->walks;
	struct rusage usage = { 0 };
	char text[BYTES_TEXT];

	if (walks->fault_walk_idx != UINT64_MAX)
		printf("The error is in walk %" PRIu64 ": -seed %" PRId64 " -aril %" PRIu64
		       " -simulate num=1 walks it alone.\n",
		       walks->fault_walk_idx, options->seed, walks->fault_walk_idx);
	(void)getrusage(RUSAGE_SELF, &usage); /* zero where it fails: shown as such */
	printf("Memory: %s at most.\n",
	       app_format_bytes((uint64_t)usage.ru_maxrss * 1024, text, BYTES_TEXT));
	printf("Walked for %.3f s: %.0f states/s, %u worker%s on %u node%s%s.\n", walks->seconds,
	       walks->seconds > 0 ? (double)walks->generated / walks->seconds : 0,
	       (unsigned)walks->worker_count, plural(walks->worker_count),
	       (unsigned)walks->node_count, plural(walks->node_count),
	       walks->is_simulated ? " (simulated)" : "");
}

/* As TLC: the figures of walks that went well first, else what went wrong. */
int check_spec_report_walks(const struct check *check, const struct nw_walk_report *walks,
			    const struct nw_explore_report *report,
			    const struct check_result *result)
{
	bool is_fine = result->verdict == CHECK_HOLDS;

	if (is_fine)
		check_say_walks(check->say, walks, true);
	else
		check_say_verdict(check, result);
	if (has_trace(report) && !is_with_state(result))
		check_trace_say(check->spec, check);
	if (result->error)
		say_places(check->spec, result->error);
	check_spec_after(check->spec, check, result);
	say_left_out(check->spec);
	check_coverage_say(check->spec, true);
	check_say_walk_counts(check->say, walks, check->options);
	if (!is_fine)
		check_say_walks(check->say, walks, true);
	if (!check->say->is_tool)
		print_walk_cost(check, walks);
	return app_finish_output(CHECK_NAME);
}

/* report NULL: there was no search. */
int check_spec_report(const struct check *check, const struct nw_explore_report *report,
		      const struct check_result *result)
{
	static const struct nw_explore_report none;
	int code = APP_OK;

	if (report && report->violation_count > 0)
		check_violations_say(check);
	if (result->says == SAY_SUCCESS && result->verdict == CHECK_INCOMPLETE)
		check_say(check->say, SAY_OUTPUT,
			  "The specification has ended the search, by TLCSet(\"exit\", TRUE).");
	if (result->says == SAY_SUCCESS)
		check_say_success(check->say, report ? report : &none);
	else
		check_say_verdict(check, result);
	if (report && has_trace(report) && !is_with_state(result))
		check_trace_say(check->spec, check);
	if (result->error)
		say_places(check->spec, result->error);
	if (report) {
		check_spec_after(check->spec, check, result);
		code = check_trace_dump(check->spec, check);
	}
	say_left_out(check->spec);
	if (report)
		check_coverage_say(check->spec, true);
	if (has_counts(check, report, result))
		check_say_counts(check->say, report ? report : &none);
	if (report && result->says == SAY_SUCCESS)
		check_degree_say(check, report);
	if (report && !check->say->is_tool)
		print_cost(check, report);
	return code != APP_OK ? code : app_finish_output(CHECK_NAME);
}
