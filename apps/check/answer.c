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
static void print_places(const struct check_spec *spec, const struct tla_search_error *error)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	unsigned number = 0;

	for (uint32_t i = 0; i < error->at_count; i++)
		number += !is_idle(spec, error, i);
	if (number == 0)
		return;
	number = 0;
	printf("Error: The error occurred when evaluating the nested\n"
	       "expressions at the following positions:\n");
	for (uint32_t i = error->at_count; i-- > 0;) {
		struct tla_place from = tla_place_of(sources, error->at[i].begin);
		struct tla_place to = tla_place_last(sources, error->at[i]);
		char module[256];

		if (is_idle(spec, error, i))
			continue;
		printf("%u. Line %u, column %u to line %u, column %u in %s\n", number++, from.line,
		       from.column, to.line, to.column,
		       check_module_of(from.file, module, sizeof(module)));
	}
	putchar('\n');
}

static void print_estimate(const struct nw_explore_report *report)
{
	if (report->is_exact)
		printf("  Whole states were compared: no two could be taken for one.\n");
	else
		printf("  Estimate of the probability that a state was not checked because another "
		       "had\n  its fingerprint:  val = %.1E\n",
		       report->collision_actual);
}

static void print_left_out(const struct check_spec *spec)
{
	const struct tla_formulas *temporal = &spec->model->temporal;

	for (uint32_t i = 0; i < temporal->count; i++)
		printf("Not checked (--safety): the temporal property %s.\n",
		       check_name(spec, temporal->at[i].name));
}

static void print_counts(const struct nw_explore_report *report)
{
	printf("%" PRIu64 " states generated, %" PRIu64 " distinct states found, %" PRIu64
	       " states left on queue.\n",
	       report->total.generated, report->total.distinct, report->total.queue);
	printf("The depth of the complete state graph search is %u.\n", (unsigned)report->depth);
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
	printf("Finished in %.3f s: %.0f states/s, %u worker%s on %u node%s%s, %.1f %% of checks "
	       "local.\n",
	       report->seconds,
	       report->seconds > 0 ? (double)report->total.generated / report->seconds : 0,
	       (unsigned)report->worker_count, plural(report->worker_count),
	       (unsigned)report->node_count, plural(report->node_count),
	       report->is_simulated ? " (simulated)" : "", check_local_percent(&report->total));
}

static int print_initial(const struct check *check)
{
	uint64_t *levels;
	uint32_t count;
	int code = check_levels(check, &levels, &count);

	if (code == APP_OK && count > 0)
		printf("Finished computing initial states: %" PRIu64 " distinct state%s "
		       "generated.\n",
		       levels[0], plural(levels[0]));
	free(levels);
	return code;
}

static bool has_trace(const struct nw_explore_report *report)
{
	return report->end == NW_EXPLORE_VIOLATION || report->end == NW_EXPLORE_DEADLOCK ||
	       report->end == NW_EXPLORE_ERROR;
}

/* A violation in an initial state is followed by that state, without a number. */
static bool is_of_initial(const struct check_result *result)
{
	size_t length = strlen(result->sentence);

	return length > 0 && result->sentence[length - 1] == ':';
}

static bool is_good(enum check_verdict verdict)
{
	return verdict == CHECK_HOLDS || verdict == CHECK_NOTHING || verdict == CHECK_INCOMPLETE;
}

/* A value in an error's text has a line of its own, and may be long. */
static void print_sentence(const struct check_result *result)
{
	char *text = strdup(result->sentence), *rest = NULL;

	if (!is_good(result->verdict))
		printf("Error: ");
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		check_layout(stdout, line);
		putchar('\n');
	}
	free(text);
}

/* report NULL: there was no search. */
int check_spec_report(const struct check *check, const struct nw_explore_report *report,
		      const struct check_result *result)
{
	int code = report ? print_initial(check) : APP_OK;

	if (code != APP_OK)
		return code;
	print_sentence(result);
	if (result->verdict == CHECK_HOLDS)
		print_estimate(report);
	if (report && has_trace(report))
		check_trace_print(check->spec, check, is_of_initial(result));
	if (result->error)
		print_places(check->spec, result->error);
	print_left_out(check->spec);
	print_counts(report ? report : &(struct nw_explore_report){ 0 });
	if (report)
		print_cost(check, report);
	return app_finish_output(CHECK_NAME);
}
