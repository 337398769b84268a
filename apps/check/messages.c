/* SPDX-License-Identifier: MIT */
/*
 * The texts of messages that several places say, in TLC's words: editors cut them by patterns.
 *
 * Invariant: a text depends on the form only where its readers do: programs have durations in
 * milliseconds, and TLC's own name where they look for it.
 */
#include "check/say.h"

#include "check/check.h"

#include <nw/explore.h>
#include <nw/mem.h>
#include <nw/walk.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { COUNT_TEXT = 32, PROBABILITY_TEXT = 32, SPAN_TEXT = 64, VIOLATIONS_TEXT = 64 };

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void say_walk_mode(struct check_say *say, const struct check_options *options,
			  uint32_t worker_count, uint64_t limit, const struct utsname *system)
{
	check_say(say, SAY_MODE_SIMULATE,
		  "Running Random Simulation with seed %" PRId64
		  " with %u worker%s on %ld cores with %" PRIu64
		  "MB heap and 0MB offheap memory [pid: %d] (%s %s %s, nodewise %s).",
		  options->walks.seed, (unsigned)worker_count, plural(worker_count),
		  sysconf(_SC_NPROCESSORS_ONLN), limit >> 20, (int)getpid(), system->sysname,
		  system->release, system->machine, app_version);
}

/* TLC's heap is what its states may take; ours have the same limit. */
void check_say_banner(struct check_say *say, const struct check_options *options,
		      uint32_t worker_count)
{
	uint64_t limit = options->explore.memory_bytes_max;
	struct utsname system = { 0 };

	if (!limit)
		limit = nw_mem_available_bytes() / 100 * 85;
	(void)uname(&system); /* empty where it fails: shown as such */
	check_say(say, SAY_VERSION, "nodewise %s", app_version);
	if (options->walks.is_wanted) {
		say_walk_mode(say, options, worker_count, limit, &system);
		return;
	}
	check_say(say, SAY_MODE_CHECK,
		  "Running breadth-first search Model-Checking with fp %u and seed %" PRId64
		  " with %u "
		  "worker%s on %ld cores with %" PRIu64 "MB heap and 0MB offheap memory [pid: %d] "
		  "(%s %s %s, nodewise %s).",
		  (unsigned)options->fp, options->walks.seed, (unsigned)worker_count,
		  plural(worker_count), sysconf(_SC_NPROCESSORS_ONLN), limit >> 20, (int)getpid(),
		  system.sysname, system.release, system.machine, app_version);
}

void check_say_starting(struct check_say *say)
{
	char now[CHECK_NOW_BYTES];

	check_say(say, SAY_STARTING, "Starting... (%s)", check_now(now));
}

void check_say_initial(struct check_say *say, uint64_t generated, uint64_t distinct)
{
	char now[CHECK_NOW_BYTES];

	if (generated == distinct)
		check_say(say, SAY_INITIAL,
			  "Finished computing initial states: %" PRIu64
			  " distinct state%s generated at %s.",
			  generated, plural(generated), check_now(now));
	else
		check_say(say, SAY_INITIAL_SOME,
			  "Finished computing initial states: %" PRIu64
			  " state%s generated, with %" PRIu64 " of them distinct at %s.",
			  generated, plural(generated), distinct, check_now(now));
}

/* The counts are snapshots of one worker after another, so a sum may lag behind the last one. */
static uint64_t per_minute(uint64_t now, uint64_t before, double seconds)
{
	if (now <= before || seconds <= 0)
		return 0;
	return (uint64_t)(60 * (double)(now - before) / seconds);
}

#define NO_RATE UINT64_MAX

static void print_rate(FILE *out, const char *name, const char *unit, uint64_t now, uint64_t rate)
{
	char text[2][COUNT_TEXT];

	fprintf(out, " %s %s", app_format_count(now, text[0], COUNT_TEXT), name);
	if (rate != NO_RATE)
		fprintf(out, " (%s %s/min)", app_format_count(rate, text[1], COUNT_TEXT), unit);
}

void check_say_progress(struct check_say *say, const struct nw_explore_report *now,
			const struct nw_explore_report *since)
{
	static const struct nw_explore_report none;
	const struct nw_explore_report *then = since ? since : &none;
	double seconds = now->seconds - then->seconds;
	uint64_t generated = per_minute(now->total.generated, then->total.generated, seconds);
	uint64_t distinct = per_minute(now->total.distinct, then->total.distinct, seconds);
	char text[COUNT_TEXT], at[CHECK_NOW_BYTES];
	FILE *out = check_say_begin(say, SAY_PROGRESS);

	if (out) {
		fprintf(out, "Progress(%u) at %s:", (unsigned)now->depth, check_now(at));
		print_rate(out, "states generated", "s", now->total.generated,
			   since ? generated : NO_RATE);
		fputc(',', out);
		print_rate(out, "distinct states found", "ds", now->total.distinct,
			   since ? distinct : NO_RATE);
		fprintf(out, ", %s states left on queue.",
			app_format_count(now->total.queue, text, COUNT_TEXT));
		if (now->violation_count > 0 && !say->is_tool)
			fprintf(out, " Violations so far: %s.",
				app_format_count(now->violation_count, text, COUNT_TEXT));
	}
	check_say_end(say, SAY_PROGRESS);
}

/* Editors read it as they read that of a search. */
void check_say_walks(struct check_say *say, const struct nw_walk_report *now, bool is_last)
{
	enum check_code code = is_last && !say->is_tool ? SAY_OUTPUT : SAY_PROGRESS_SIMULATE;
	char at[CHECK_NOW_BYTES];

	if (say->is_tool)
		check_say(say, code,
			  "Progress(%" PRIu64 ") at %s: %" PRIu64 " states generated, -1 distinct "
			  "states found, -1 states left on queue.",
			  now->walk_count, check_now(at), now->generated);
	else
		check_say(say, code,
			  "Progress: %" PRIu64 " states checked, %" PRIu64
			  " traces generated (trace length: mean=%.0f, var(x)=%.0f, sd=%.0f)",
			  now->generated, now->walk_count, now->length_mean, now->length_variance,
			  sqrt(now->length_variance));
}

void check_say_walk_counts(struct check_say *say, const struct nw_walk_report *report,
			   const struct check_options *options)
{
	check_say(say, SAY_STATS_SIMULATE,
		  "The number of states generated: %" PRIu64 "\nSimulation using seed %" PRId64
		  " and aril %" PRIu64,
		  report->generated, options->walks.seed, options->walks.first);
}

/* As TLC writes it: "0.0", "4.3E-19". */
static const char *probability(double p, char text[PROBABILITY_TEXT])
{
	(void)snprintf(text, PROBABILITY_TEXT, p > 0 ? "%.1E" : "%.1f", p);
	return text;
}

void check_say_success(struct check_say *say, const struct nw_explore_report *report)
{
	char text[PROBABILITY_TEXT], found[VIOLATIONS_TEXT] = "No error has been found.";
	uint64_t count = report->violation_count;

	/* Editors know TLC's words only, which are the same after -continue. */
	if (count > 0 && !say->is_tool)
		(void)snprintf(found, sizeof(found), "%" PRIu64 " violation%s found.", count,
			       count == 1 ? " was" : "s were");
	check_say(say, SAY_SUCCESS,
		  "Model checking completed. %s\n"
		  "  Estimates of the probability that %s did not check all reachable states\n"
		  "  because two distinct states had the same fingerprint:\n"
		  "  calculated (optimistic):  val = %s",
		  found, say->is_tool ? "TLC" : "nodewise",
		  probability(report->collision_actual, text));
}

/* TLC's editors take the last figures from a progress line. */
void check_say_counts(struct check_say *say, const struct nw_explore_report *report)
{
	static const struct nw_explore_report begin;

	if (say->is_tool)
		check_say_progress(say, report, &begin);
	check_say(say, SAY_STATS,
		  "%" PRIu64 " states generated, %" PRIu64 " distinct states found, %" PRIu64
		  " states left on queue.",
		  report->total.generated, report->total.distinct, report->total.queue);
	check_say(say, SAY_DEPTH, "The depth of the complete state graph search is %u.",
		  (unsigned)report->depth);
}

/* Days and hours, hours and minutes, minutes and seconds, or seconds, as TLC. */
static const char *span_of(int64_t ms, char text[SPAN_TEXT])
{
	long long s = ms / 1000;

	if (s > 86400)
		(void)snprintf(text, SPAN_TEXT, "%lldd %02lldh", s / 86400, s / 3600 % 24);
	else if (s > 3600)
		(void)snprintf(text, SPAN_TEXT, "%02lldh %02lldmin", s / 3600, s / 60 % 60);
	else if (s > 60)
		(void)snprintf(text, SPAN_TEXT, "%02lldmin %02llds", s / 60, s % 60);
	else
		(void)snprintf(text, SPAN_TEXT, "%02llds", s);
	return text;
}

void check_say_finished(struct check_say *say)
{
	char text[SPAN_TEXT], now[CHECK_NOW_BYTES];
	int64_t ms = check_say_ms(say);

	if (say->is_tool)
		check_say(say, SAY_FINISHED, "Finished in %lldms at (%s)", (long long)ms,
			  check_now(now));
	else
		check_say(say, SAY_FINISHED, "Finished in %s at (%s)", span_of(ms, text),
			  check_now(now));
}
