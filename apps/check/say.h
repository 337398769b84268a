/* SPDX-License-Identifier: MIT */
/*
 * What `nodewise check Spec.tla` says, message by message.
 *
 * A message has a code and a class, and they are TLC's (its EC.java is the list). In the plain form
 * the class is a word before the text, as "Error: "; with -tool every message stands between two
 * lines with its code, by which editors find it:
 *
 *     @!@!@STARTMSG 2114:1 @!@!@
 *     Deadlock reached.
 *     @!@!@ENDMSG 2114 @!@!@
 *
 * What specifications print is no message and stands between them as it is.
 *
 * Invariant: a message is whole: what other threads say or print comes before it or after it.
 *
 * Threads: any; who has begun a message holds the lock until its end.
 */
#ifndef APP_CHECK_SAY_H
#define APP_CHECK_SAY_H

#include "common/app.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* TLC's codes of what is said here; say.c has their classes. */
enum check_code {
	SAY_GENERAL = 1000, /* an error without a code of its own */
	SAY_OUT_OF_MEMORY = 1001,
	SAY_STACK_OVERFLOW = 1005,
	SAY_INITIAL_STATE = 2102, /* an evaluation that failed in an initial state */
	SAY_NESTED_EXPRESSION = 2103,
	SAY_ASSUMPTION_FALSE = 2104,
	SAY_ASSUMPTION_FAILED = 2105,
	SAY_INVARIANT_INITIAL = 2107,
	SAY_PROPERTY_INITIAL = 2108,
	SAY_NEXT_INCOMPLETE = 2109, /* variables without a value */
	SAY_INVARIANT_FALSE = 2110,
	SAY_INVARIANT_FAILED = 2111,
	SAY_PROPERTY_FALSE = 2112,
	SAY_PROPERTY_FAILED = 2113,
	SAY_DEADLOCK = 2114,
	SAY_TEMPORAL_FALSE = 2116,
	SAY_NO_INITIAL_STATE = 2118,
	SAY_BEHAVIOR = 2121, /* a trace follows */
	SAY_BACK_TO_STATE = 2122,
	SAY_ASSERT = 2132,
	SAY_INVARIANT_LEVEL = 2146,
	SAY_INVARIANT_CONSTANT = 2149,
	SAY_NOT_CHECKED = 2156,
	SAY_STARTING = 2185,
	SAY_FINISHED = 2186,
	SAY_MODE_CHECK = 2187,
	SAY_MODE_SIMULATE = 2188,
	SAY_COMPUTING_INITIAL = 2189,
	SAY_INITIAL = 2190, /* all are distinct */
	SAY_INITIAL_SOME = 2191,
	SAY_TEMPORAL = 2192,
	SAY_SUCCESS = 2193,
	SAY_DEPTH = 2194,
	SAY_CHECKPOINT = 2195,
	SAY_CHECKPOINT_END = 2196,
	SAY_RECOVER = 2197,
	SAY_RECOVER_END = 2198,
	SAY_STATS = 2199,
	SAY_PROGRESS = 2200,
	SAY_COVERAGE = 2201,
	SAY_COVERAGE_END = 2202,
	SAY_INITIAL_RECOVERED = 2207,
	SAY_PROGRESS_SIMULATE = 2209,
	SAY_STATS_SIMULATE = 2210,
	SAY_LIVE_UNHANDLED = 2213,
	SAY_STATE_ALONE = 2216,
	SAY_STATE = 2217, /* of a trace */
	SAY_STUTTERING = 2218,
	SAY_PARSED = 2219,
	SAY_PARSING = 2220,
	SAY_COVERAGE_VALUE = 2221,
	SAY_CONFIG_NO_VALUE = 2222,
	SAY_CONFIG_CHAIN = 2223,
	SAY_CONFIG_REPLACEMENT = 2224,
	SAY_CONFIG_BOTH = 2227,
	SAY_CONFIG_ARGUMENTS = 2228,
	SAY_CONFIG_UNDEFINED = 2229,
	SAY_CONFIG_CONSTANT = 2230,
	SAY_CONFIG_NO_INIT = 2231,
	SAY_CONFIG_NO_NEXT = 2232,
	SAY_CONFIG_TRIVIAL = 2237,
	SAY_PROPERTY_OF_STATE = 2255,
	SAY_VERSION = 2262,
	SAY_COUNTEREXAMPLE = 2264,
	SAY_TEMPORAL_END = 2267,
	SAY_OUT_DEGREE = 2268,
	SAY_CONFIG_ACTION = 2272,
	SAY_CONFIG_VARIABLE = 2281,
	SAY_POSTCONDITION_FALSE = 2404,
	SAY_POSTCONDITION_FAILED = 2405,
	SAY_TRACE_SPEC = 2501,
	SAY_TRACE_SPEC_FAILED = 2502,
	SAY_COVERAGE_NEXT = 2772,
	SAY_COVERAGE_INIT = 2773,
	SAY_COVERAGE_PROPERTY = 2774,
	SAY_COVERAGE_COST = 2775,
	SAY_COVERAGE_END_COST = 2777,
	SAY_COVERAGE_CONSTRAINT = 2778,
	SAY_COVERAGE_VARIABLE = 2779,
	SAY_PARSING_FAILED = 3002,
	SAY_INITIAL_SO_FAR = 2269,
	SAY_OUTPUT = 20000, /* lines without a code of their own */
	/* Ours: not with -tool. */
	SAY_NEVER_TAKEN = 20001,
};

/* Zeroed: the plain form. */
struct check_say {
	pthread_mutex_t lock;
	bool is_tool;
	bool is_json;  /* stdout is for the report: of the messages only progress is left */
	bool is_terse; /* no warnings */
	const uint32_t *suppressed; /* codes that are not said */
	uint32_t suppressed_count;
	FILE *printed;    /* what specifications print */
	bool has_file;    /* it is none of the standard streams */
	int64_t begin_ms; /* since when "Finished in" counts */
};

struct check_options;
struct nw_explore_report;
struct nw_walk_report;

/* APP_OK, or the exit code after having said why. */
int check_say_init(struct check_say *say, const struct check_options *options);
int check_say_fini(struct check_say *say);

/* One message: its text, without a newline at its end. */
void check_say(struct check_say *say, enum check_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same in parts: where to, or NULL: nowhere; the end follows in either case. */
FILE *check_say_begin(struct check_say *say, enum check_code code);
void check_say_end(struct check_say *say, enum check_code code);
/* Why there is no search: one line on stderr as all programs have it, with -tool a message. */
void check_refuse(struct check_say *say, enum check_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A value that the specification prints. */
void check_say_value(struct check_say *say, const char *value);

/* How long ago the run began. */
int64_t check_say_ms(const struct check_say *say);
/* "2026-11-30 05:42:13"; returns buf. */
enum { CHECK_NOW_BYTES = 32 };
char *check_now(char buf[CHECK_NOW_BYTES]);

/* messages.c: those that several places say, or whose text depends on the form. */

void check_say_banner(struct check_say *say, const struct check_options *options,
		      uint32_t worker_count);
void check_say_starting(struct check_say *say);
void check_say_initial(struct check_say *say, uint64_t generated, uint64_t distinct);
/* Rates are those since `since`; NULL: none are said. */
void check_say_progress(struct check_say *say, const struct nw_explore_report *now,
			const struct nw_explore_report *since);
/* How far random walks are; is_last: as a part of the report. */
void check_say_walks(struct check_say *say, const struct nw_walk_report *now, bool is_last);
void check_say_walk_counts(struct check_say *say, const struct nw_walk_report *report,
			   const struct check_options *options);
void check_say_success(struct check_say *say, const struct nw_explore_report *report);
void check_say_counts(struct check_say *say, const struct nw_explore_report *report);
void check_say_finished(struct check_say *say);

#endif /* APP_CHECK_SAY_H */
