/* SPDX-License-Identifier: MIT */
/*
 * `nodewise dag`: run, check, show.
 * Invariant: a run that a signal ended ends nodewise by that signal, so that a script that started
 * it stops as well, as it does with make.
 */
#include "common/app.h"
#include "dag/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* The file of check and show: one word that is no option. NULL after having said what is wrong. */
static const char *only_file(const char *command, char **argv)
{
	if (!argv[1] || (argv[1][0] == '-' && argv[1][1]))
		(void)app_bad(DAG_NAME, "say which file: nodewise dag %s FILE", command);
	else if (argv[2])
		(void)app_bad(DAG_NAME, "what is '%s'? nodewise dag %s takes one file", argv[2],
			      command);
	else
		return argv[1];
	return NULL;
}

static void print_summary(const struct dag_file *file, uint32_t level_count)
{
	uint64_t need_count = 0;

	for (uint32_t i = 0; i < file->task_count; i++)
		need_count += file->tasks[i].need_count;
	printf("%s: %s, graph '%s': %u task%s, %" PRIu64 " dependenc%s, %u level%s\n", file->path,
	       file->form, file->name, (unsigned)file->task_count, file->task_count == 1 ? "" : "s",
	       need_count, need_count == 1 ? "y" : "ies", (unsigned)level_count,
	       level_count == 1 ? "" : "s");
}

static void print_needs(const struct dag_file *file, const struct dag_task *task)
{
	for (uint32_t k = 0; k < task->need_count; k++)
		printf("%s%s", k ? ", " : "  needs ", file->tasks[task->needs[k].task_idx].id);
	printf("\n");
}

static void print_levels(const struct dag_file *file, const uint32_t *levels, uint32_t level_count)
{
	for (uint32_t level = 0; level < level_count; level++) {
		printf("\nlevel %u\n", (unsigned)level);
		for (uint32_t i = 0; i < file->task_count; i++) {
			if (levels[i] != level)
				continue;
			printf("  %s", file->tasks[i].id);
			print_needs(file, &file->tasks[i]);
		}
	}
}

static int describe(const struct dag_file *file, bool has_levels)
{
	uint32_t *levels = calloc(file->task_count, sizeof(*levels)), level_count;

	if (!levels)
		return app_failed(DAG_NAME, "no memory");
	level_count = dag_levels(file, levels);
	print_summary(file, level_count);
	if (has_levels)
		print_levels(file, levels, level_count);
	free(levels);
	return app_finish_output(DAG_NAME);
}

static int check(int argc, char **argv)
{
	const char *path = only_file("check", argv);
	struct dag_file file;
	int code;

	(void)argc; /* argv ends with NULL */
	if (!path)
		return APP_USAGE;
	code = dag_file_read(&file, path);
	if (code != APP_OK)
		return code;
	code = describe(&file, false);
	dag_file_free(&file);
	return code;
}

static int show(int argc, char **argv)
{
	bool is_dot = false;
	struct dag_file file;
	const char *path;
	int n = 1, code;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dot") == 0)
			is_dot = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	path = only_file("show", argv);
	if (!path)
		return APP_USAGE;
	code = dag_file_read(&file, path);
	if (code != APP_OK)
		return code;
	code = is_dot ? dag_write_structure(&file, NULL) : describe(&file, true);
	dag_file_free(&file);
	return code;
}

static int run(int argc, char **argv)
{
	struct dag_options options;
	int code = dag_options_parse(&options, argc, argv), signal_number;

	if (code != APP_OK)
		return code;
	if (options.is_help)
		return dag_help();
	code = dag_run(&options);
	signal_number = code - DAG_INTERRUPTED;
	if (signal_number > 0) {
		(void)signal(signal_number, SIG_DFL);
		(void)raise(signal_number);
	}
	return code;
}

static bool is_help(const char *word)
{
	return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

int app_dag(int argc, char **argv)
{
	static const struct {
		const char *name;
		app_command *run;
	} commands[] = { { "run", run }, { "check", check }, { "show", show } };

	if (argc < 2)
		return app_bad(DAG_NAME,
			       "say what to do: nodewise dag run FILE; --help tells more");
	if (is_help(argv[1]))
		return dag_help();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return is_help(argv[2]) ? dag_help() : commands[i].run(argc - 1, argv + 1);
	return app_bad(DAG_NAME, "no command '%s'; there are run, check and show", argv[1]);
}
