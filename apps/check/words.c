/* SPDX-License-Identifier: MIT */
/*
 * Options whose value has words of its own, and those that may be given several times. Invariant:
 * as in options.c: a word that is refused is named.
 */
#include "check/check.h"

#include <stdlib.h>
#include <string.h>

/* num=N or file=PREFIX. */
static int set_walk_word(struct check_walks *walks, char *word)
{
	if (strncmp(word, "file=", 5) == 0 && word[5])
		walks->file = word + 5;
	else if (strncmp(word, "num=", 4) != 0)
		return app_bad(CHECK_NAME, "--simulate takes num=N and file=PREFIX, not %s", word);
	else if (!app_parse_u64(word + 4, 1, INT64_MAX, &walks->count))
		return app_bad(CHECK_NAME, "num takes a whole number from 1, not %s", word + 4);
	return APP_OK;
}

static bool is_walk_word(const char *word)
{
	static const char *const beginnings[] = { "num=", "file=", "stats=", "sched=" };

	for (size_t i = 0; word && i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(word, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

int check_add_walks(struct check_options *options, char *given, char ***inout_next)
{
	char *words = given, *rest = NULL;
	int code = APP_OK;

	options->walks.is_wanted = true;
	if (!given && is_walk_word(**inout_next))
		words = *(*inout_next)++;
	for (char *word = words ? strtok_r(words, ",", &rest) : NULL; word && code == APP_OK;
	     word = strtok_r(NULL, ",", &rest))
		code = set_walk_word(&options->walks, word);
	return code;
}

static bool set_graph_word(struct check_graph *graph, const char *word)
{
	if (strcasecmp(word, "colorize") == 0)
		graph->has_colors = true;
	else if (strcasecmp(word, "actionlabels") == 0)
		graph->has_labels = true;
	else if (strcasecmp(word, "strict") == 0)
		graph->is_strict = true;
	else if (strcasecmp(word, "constrained") == 0)
		graph->has_excluded = true;
	else if (strcasecmp(word, "snapshot") == 0)
		graph->has_snapshot = true;
	else /* stuttering steps are those of liveness checking */
		return strcasecmp(word, "dot") == 0 || strcasecmp(word, "stuttering") == 0;
	return true;
}

int check_add_graph(struct check_options *options, char *format, const char *path)
{
	char *rest = NULL;

	options->graph = (struct check_graph){ .path = path, .is_dot = format };
	for (char *word = format ? strtok_r(format, ",", &rest) : NULL; word;
	     word = strtok_r(NULL, ",", &rest))
		if (!set_graph_word(&options->graph, word))
			return app_bad(CHECK_NAME,
				       "-dump dot takes colorize, actionlabels, constrained, "
				       "snapshot, stuttering, strict, not %s",
				       word);
	return APP_OK;
}

/* FILE, or dot,WORDS:FILE. */
int check_add_own_graph(struct check_options *options, char *given, char ***inout_next)
{
	char *colon;

	if (!given && !(given = **inout_next))
		return app_bad(CHECK_NAME, "--dump needs a value");
	if (given == **inout_next)
		(*inout_next)++;
	colon = strncmp(given, "dot", 3) == 0 ? strchr(given, ':') : NULL;
	if (!colon)
		return check_add_graph(options, NULL, given);
	*colon = '\0';
	return check_add_graph(options, given, colon + 1);
}

int check_add_folder(struct check_options *options, const char *folder)
{
	if (options->folder_count == CHECK_FOLDERS_MAX)
		return app_bad(CHECK_NAME, "more than %d folders", CHECK_FOLDERS_MAX);
	options->folders[options->folder_count++] = folder;
	return APP_OK;
}

int check_add_dump(struct check_options *options, const char *format, const char *path)
{
	static const struct {
		const char *name;
		enum check_dump_format format;
	} formats[] = { { "json", CHECK_DUMP_JSON },
			{ "tla", CHECK_DUMP_TLA },
			{ "tlcplain", CHECK_DUMP_PLAIN },
			{ "tlc", CHECK_DUMP_TLC } };
	size_t i = 0;

	while (i < 4 && strcasecmp(format, formats[i].name) != 0)
		i++;
	if (i == 4)
		return app_bad(CHECK_NAME,
			       "traces are dumped as json, tla or tlc (FILE.json, FILE.tla, "
			       "FILE.tlc), with -dumpTrace as tlcplain, too");
	if (options->dump_count == CHECK_DUMPS_MAX)
		return app_bad(CHECK_NAME, "more than %d dumps of the trace", CHECK_DUMPS_MAX);
	options->dumps[options->dump_count++] = (struct check_dump){ path, formats[i].format };
	return APP_OK;
}

int check_add_suppressed(struct check_options *options, const char *codes)
{
	for (const char *at = codes; *at;) {
		char *end;
		long code = strtol(at, &end, 10);

		if (end == at || (*end && *end != ',') || code < 0 || code > UINT16_MAX)
			return app_bad(CHECK_NAME,
				       "codes of messages are numbers with commas between, "
				       "as 2190,2200, not %s",
				       codes);
		if (options->suppressed_count == CHECK_SUPPRESSED_MAX)
			return app_bad(CHECK_NAME, "more than %d codes", CHECK_SUPPRESSED_MAX);
		options->suppressed[options->suppressed_count++] = (uint32_t)code;
		at = *end ? end + 1 : end;
	}
	return APP_OK;
}
