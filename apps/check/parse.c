/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check --parse`: whether TLA+ files and all modules that they need are well formed.
 *
 * Invariant: one specification at a time is in memory, so that files do not help each other.
 */
#include "check/check.h"

#include "tla/load.h"

#include <string.h>

enum { FOLDERS_MAX = 64, LINE_BYTES_MAX = 8192 };

enum show { SHOW_COUNTS, SHOW_TEXT, SHOW_TREE };

struct parse {
	const char *folders[FOLDERS_MAX];
	uint32_t folder_count;
	enum show show;
	bool is_quiet;
};

void check_say_errors(const struct tla_sources *sources)
{
	uint32_t kept = sources->error_count < TLA_ERRORS_MAX ? sources->error_count
							      : (uint32_t)TLA_ERRORS_MAX;
	char line[LINE_BYTES_MAX];

	for (uint32_t i = 0; i < kept; i++)
		fprintf(stderr, "%s\n",
			tla_error_format(sources, &sources->errors[i], line, sizeof(line)));
	if (sources->error_count > kept)
		fprintf(stderr, "and %u more\n", (unsigned)(sources->error_count - kept));
}

static int show_root(const struct parse *parse, struct tla_spec *spec, const char *path)
{
	size_t n_bytes = 0;
	const char *text;

	if (parse->show == SHOW_COUNTS) {
		if (!parse->is_quiet)
			printf("%s: %u module%s\n", path, (unsigned)spec->module_count,
			       spec->module_count == 1 ? "" : "s");
		return APP_OK;
	}
	text = parse->show == SHOW_TEXT ? tla_print_module(spec, spec->root, &n_bytes)
					: tla_dump_module(spec, spec->root, &n_bytes);
	if (!text)
		return app_failed(CHECK_NAME, "no memory for the text of %s", path);
	(void)fwrite(text, 1, n_bytes, stdout); /* app_finish_output() says if it fails */
	return APP_OK;
}

static int parse_one(const struct parse *parse, const char *path)
{
	struct check_files files = { 0 };
	struct tla_reader reader = { .read = check_files_read,
				     .context = &files,
				     .folders = parse->folders,
				     .folder_count = parse->folder_count };
	struct tla_spec *spec;
	int code = CHECK_PARSE, r = tla_spec_create(&spec);

	if (r < 0)
		return app_failed(CHECK_NAME, "no memory for a specification: %s", strerror(-r));
	spec->is_form_only = parse->show != SHOW_COUNTS;
	r = tla_spec_load(spec, &reader, path);
	if (r == 0)
		code = show_root(parse, spec, path);
	else if (spec->sources.error_count == 0)
		code = app_failed(CHECK_NAME, "%s: %s", path, strerror(-r));
	check_say_errors(&spec->sources);
	tla_spec_destroy(spec);
	check_files_free(&files);
	return code;
}

/* An option; files are left to the second round. */
static int parse_option(struct parse *parse, char **argv, int *inout_idx)
{
	const char *word = argv[*inout_idx];

	if (strcmp(word, "--parse") == 0)
		return APP_OK;
	if (strcmp(word, "--print") == 0)
		parse->show = SHOW_TEXT;
	else if (strcmp(word, "--tree") == 0)
		parse->show = SHOW_TREE;
	else if (strcmp(word, "--quiet") == 0)
		parse->is_quiet = true;
	else if (strcmp(word, "-I") != 0)
		return app_bad(CHECK_NAME, "no option %s beside --parse; --help lists them", word);
	else if (!argv[*inout_idx + 1])
		return app_bad(CHECK_NAME, "-I needs a folder");
	else if (parse->folder_count == FOLDERS_MAX)
		return app_bad(CHECK_NAME, "more than %d folders", FOLDERS_MAX);
	else
		parse->folders[parse->folder_count++] = argv[++*inout_idx];
	return APP_OK;
}

bool check_is_parse(char **argv)
{
	for (int i = 1; argv[i]; i++)
		if (strcmp(argv[i], "--parse") == 0)
			return true;
	return false;
}

int check_parse(char **argv)
{
	struct parse parse = { 0 };
	int code = APP_OK, file_count = 0;

	for (int i = 1; argv[i] && code == APP_OK; i++) {
		if (argv[i][0] == '-')
			code = parse_option(&parse, argv, &i);
		else
			file_count++;
	}
	if (code != APP_OK)
		return code;
	if (file_count == 0)
		return app_bad(CHECK_NAME, "--parse needs a file");
	for (int i = 1; argv[i]; i++) {
		int one;

		if (argv[i][0] == '-') {
			i += strcmp(argv[i], "-I") == 0;
			continue;
		}
		one = parse_one(&parse, argv[i]);
		code = code == APP_OK ? one : code;
	}
	return app_finish_output(CHECK_NAME) == APP_OK ? code : APP_FAILED;
}
