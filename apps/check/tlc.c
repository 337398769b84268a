/* SPDX-License-Identifier: MIT */
/*
 * TLC's own words, with one dash: what its users type goes on to work.
 *
 * Invariant: a word of TLC's is done, or changes no answer and is passed over, or is refused by its
 * name; none is dropped that would have changed what is checked.
 */
#include "check/check.h"

#include <inttypes.h>
#include <string.h>

enum meaning {
	OURS,    /* is the option `is` */
	NOTHING, /* changes no answer here: files, seeds of fingerprints, warnings, fuel of the JVM
		  */
	MINUTES, /* the same, with TLC's unit */
	WALKS,   /* of random walks; without -simulate they change nothing */
	GRAPH,   /* all states in a file: a format may be before it */
	REFUSED  /* and `is` says what to do instead */
};

static const struct {
	const char *name;
	enum meaning meaning;
	unsigned value_count;
	const char *is;
} words[] = {
	{ "config", OURS, 1, "config" },
	{ "aril", WALKS, 1, NULL },
	{ "workers", OURS, 1, "workers" },
	{ "deadlock", OURS, 0, "no-deadlock" },
	{ "difftrace", OURS, 0, "diff-trace" },
	{ "dumpTrace", OURS, 2, NULL },
	{ "help", OURS, 0, "help" },
	{ "metadir", OURS, 1, "metadir" },
	{ "generateSpecTE", OURS, 0, "trace-spec" },
	{ "teSpecOutDir", OURS, 1, "trace-spec-in" },
	{ "noGenerateSpecTE", NOTHING, 0, NULL },
	{ "noTE", NOTHING, 0, NULL },
	{ "noGenerateSpecTEBin", NOTHING, 0, NULL },
	{ "noTEBin", NOTHING, 0, NULL },
	{ "userFile", OURS, 1, "print-to" },
	{ "suppressMessages", OURS, 1, "suppress" },
	{ "maxSetSize", NOTHING, 1, NULL },
	{ "messagesAsErrors", REFUSED, 1, "messages are what they are" },
	{ "inv", REFUSED, 1, "write a definition, and INVARIANT in the configuration" },
	{ "invlevel", REFUSED, 1, "write TLCGet(\"level\") < N as a definition, and INVARIANT" },
	{ "postCondition", REFUSED, 1, "write POSTCONDITION in the configuration" },
	{ "loadTrace", REFUSED, 2, "traces are not read again" },
	{ "dfid", REFUSED, 1, "the search is breadth-first; --max-depth ends it" },
	{ "nowarning", OURS, 0, "no-warnings" },
	{ "terse", NOTHING, 0, NULL },
	{ "cleanup", NOTHING, 0, NULL },
	{ "gzip", NOTHING, 0, NULL },
	{ "fp", NOTHING, 1, NULL },
	{ "fpbits", NOTHING, 1, NULL },
	{ "fpmem", NOTHING, 1, NULL },
	{ "lncheck", NOTHING, 1, NULL },
	{ "modelcheck", NOTHING, 0, NULL },
	{ "checkpoint", MINUTES, 1, "checkpoint" },
	{ "continue", OURS, 0, "continue" },
	{ "coverage", OURS, 1, "coverage" },
	{ "debug", NOTHING, 0, NULL },
	{ "debugger", REFUSED, 0, "there is no debugger; --json has the trace" },
	{ "depth", WALKS, 1, NULL },
	{ "dump", GRAPH, 0, NULL },
	{ "generate", WALKS, 0, NULL },
	{ "recover", OURS, 1, "recover" },
	{ "seed", WALKS, 1, NULL },
	{ "simulate", WALKS, 0, NULL },
	{ "tool", OURS, 0, "tool" },
	{ "view", REFUSED, 0, "write ALIAS in the configuration: it says what is shown" },
};

/* -1: no limit, as with TLC. */
static int set_depth(struct check_walks *walks, const char *value)
{
	walks->has_depth = true;
	if (strcmp(value, "-1") == 0 || app_parse_u64(value, 1, INT32_MAX, &walks->depth))
		return APP_OK;
	return app_bad(CHECK_NAME, "-depth takes a whole number from 1, or -1, not %s", value);
}

static int take_walks(struct check_options *options, const char *name, const char *value,
		      char ***inout_next)
{
	if (strcmp(name, "depth") == 0)
		return set_depth(&options->walks, value);
	if (strcmp(name, "seed") == 0)
		return check_set_option(options, "seed", value);
	if (strcmp(name, "aril") != 0) {
		options->walks.is_generated |= strcmp(name, "generate") == 0;
		return check_add_walks(options, NULL, inout_next);
	}
	if (app_parse_u64(value, 0, INT64_MAX, &options->walks.first))
		return APP_OK;
	return app_bad(CHECK_NAME, "-aril takes a whole number, not %s", value);
}

/* A number that TLC would not have taken is a slip in any case. That of its polynomial chooses
 * nothing here: it is told like TLC's. */
static int pass_over(struct check_options *options, const char *name, const char *value)
{
	static const struct {
		const char *name;
		uint32_t max;
	} numbers[] = { { "fp", 130 }, { "fpbits", 30 }, { "maxSetSize", INT32_MAX } };
	uint64_t number;

	for (size_t i = 0; value && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		if (!app_parse_u64(value, 0, numbers[i].max, &number))
			return app_bad(CHECK_NAME, "-%s takes a whole number from 0 to %u, not %s",
				       name, (unsigned)numbers[i].max, value);
		if (i == 0)
			options->fp = (uint32_t)number;
	}
	return APP_OK;
}

static int take_graph(struct check_options *options, char ***inout_next)
{
	char *format = NULL, *path = **inout_next;

	if (path && strncmp(path, "dot", 3) == 0 && (*inout_next)[1]) {
		format = *(*inout_next)++;
		path = **inout_next;
	}
	if (!path)
		return app_bad(CHECK_NAME, "-dump needs a file");
	(*inout_next)++;
	return check_add_graph(options, format, path);
}

static int set_minutes(struct check_options *options, const char *name, const char *value)
{
	uint64_t minutes;
	char text[32];

	if (!app_parse_u64(value, 0, 1u << 20, &minutes))
		return app_bad(CHECK_NAME, "-%s takes whole minutes, not %s", name, value);
	(void)snprintf(text, sizeof(text), "%" PRIu64 "m", minutes);
	return check_set_option(options, name, text);
}

static int take(struct check_options *options, size_t i, char **values, char ***inout_next)
{
	if (words[i].meaning == WALKS)
		return take_walks(options, words[i].name, values[0], inout_next);
	if (words[i].meaning == GRAPH)
		return take_graph(options, inout_next);
	if (words[i].meaning == MINUTES)
		return set_minutes(options, words[i].is, values[0]);
	if (words[i].meaning == NOTHING)
		return pass_over(options, words[i].name, words[i].value_count ? values[0] : NULL);
	if (words[i].meaning == REFUSED)
		return app_bad(CHECK_NAME, "TLC's -%s is not taken: %s", words[i].name,
			       words[i].is);
	if (!words[i].is)
		return check_add_dump(options, values[0], values[1]);
	if (strcmp(words[i].name, "continue") == 0)
		options->forgives_violations = true;
	/* One a core is what we do without being told. */
	if (strcmp(words[i].name, "workers") == 0 && strcmp(values[0], "auto") == 0)
		return APP_OK;
	return check_set_option(options, words[i].is, words[i].value_count ? values[0] : NULL);
}

bool check_tlc_option(struct check_options *options, const char *word, char ***inout_next,
		      int *ret_code)
{
	for (size_t i = 0; word[0] == '-' && i < sizeof(words) / sizeof(words[0]); i++) {
		char **values = *inout_next;

		if (strcasecmp(word + 1, words[i].name) != 0)
			continue;
		for (unsigned k = 0; words[i].meaning != REFUSED && k < words[i].value_count; k++)
			if (!*(*inout_next)++) {
				*ret_code = app_bad(CHECK_NAME, "%s needs a value", word);
				return true;
			}
		/* TLC has a word for how many modules it writes; we always write one. */
		if (strcmp(words[i].name, "generateSpecTE") == 0 && **inout_next &&
		    strcmp(**inout_next, "nomonolith") == 0)
			(*inout_next)++;
		*ret_code = take(options, i, values, inout_next);
		return true;
	}
	return false;
}
