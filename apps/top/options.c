/* SPDX-License-Identifier: MIT */
/* The command line of `nodewise top`. Invariant: a refused word is named in the one line that is
 * said. */
#include "top/top.h"

#include <getopt.h>

enum { ROWS_LEAST = 5, COLUMNS_LEAST = 20, SIZE_MAX_TEXT = 1000 };
enum word { ONCE = 256, JSON, DELAY, CLEAN, TAB, SIZE };

static const struct option words[] = {
	{ "once", no_argument, NULL, ONCE },         { "json", no_argument, NULL, JSON },
	{ "delay", required_argument, NULL, DELAY }, { "tab", required_argument, NULL, TAB },
	{ "size", required_argument, NULL, SIZE },   { "clean", no_argument, NULL, CLEAN },
	{ "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
};

/* "80x24" */
static bool parse_size(const char *text, struct top_options *options)
{
	char width[8];
	int n = 0;

	if (sscanf(text, "%7[0-9]x%n", width, &n) != 1 || n == 0)
		return false;
	return app_parse_u64(width, COLUMNS_LEAST, SIZE_MAX_TEXT, &options->columns) &&
	       app_parse_u64(text + n, ROWS_LEAST, SIZE_MAX_TEXT, &options->rows);
}

static int take(struct top_options *options, int got, const char *value)
{
	options->is_once |= got == ONCE;
	options->is_json |= got == JSON;
	options->cleans |= got == CLEAN;
	options->is_help |= got == 'h';
	if (got == TAB)
		options->tab = value;
	if (got == DELAY) {
		options->has_delay = true;
		if (!app_parse_duration(value, &options->delay_ns) ||
		    options->delay_ns > 3600 * TOP_NS_PER_S)
			return app_bad(TOP_NAME,
				       "--delay takes a duration up to 1h, as 2s or 500ms, not "
				       "'%s'",
				       value);
	}
	if (got == SIZE && !parse_size(value, options))
		return app_bad(TOP_NAME, "--size takes COLUMNSxROWS, as 80x24, not '%s'", value);
	return APP_OK;
}

static int check_together(const struct top_options *options)
{
	if (options->is_json && (options->tab || options->is_once))
		return app_bad(TOP_NAME, "--json prints all there is: without --once and --tab");
	if (options->cleans && (options->is_json || options->is_once || options->pid))
		return app_bad(TOP_NAME, "--clean is for itself");
	return APP_OK;
}

int top_options_parse(struct top_options *ret_options, int argc, char **argv)
{
	struct top_options options = { .delay_ns = TOP_NS_PER_S, .rows = 24, .columns = 80 };

	opterr = 0;
	optind = 1;
	for (int got; (got = getopt_long(argc, argv, ":d:h", words, NULL)) != -1;) {
		int code;

		if (got == '?' || got == ':')
			return app_bad_option(TOP_NAME, got, argv);
		code = take(&options, got == 'd' ? DELAY : got, optarg);
		if (code != APP_OK)
			return code;
	}
	if (argv[optind] && !app_parse_u64(argv[optind], 1, INT32_MAX, &options.pid))
		return app_bad(TOP_NAME, "what is '%s'? the number of a process is expected",
			       argv[optind]);
	if (argv[optind] && argv[optind + 1])
		return app_bad(TOP_NAME, "what is '%s'? one process at a time", argv[optind + 1]);
	*ret_options = options;
	return options.is_help ? APP_OK : check_together(&options);
}

int top_help(void)
{
	printf("usage: nodewise top [OPTION]... [PID]\n"
	       "\n"
	       "Shows what a running nodewise program does: its workers on the machine's nodes,\n"
	       "what is local, where its memory is, its queues and rates. Without PID the only\n"
	       "one, or a list to choose from.\n"
	       "\n"
	       "  -d, --delay TIME  between two looks (1s); with --json 0 looks once: no rates\n"
	       "      --once        print one frame as text\n"
	       "      --tab NAME    begin with this view: machine, locality, memory, log, the\n"
	       "                    name of the program or of a table\n"
	       "      --size CxR    of the frame of --once: columns and rows (80x24)\n"
	       "      --json        print one object with all that is known\n"
	       "      --clean       remove the files that dead processes left behind\n"
	       "  -h, --help        show this help\n"
	       "\n"
	       "Keys: Tab another view, arrows scroll, < > order, / search, l list, ? help,\n"
	       "q end. NO_COLOR in the environment: no colours.\n"
	       "Exit status: 0, 1 there is no such program, 2 usage.\n");
	return app_finish_output(TOP_NAME);
}
