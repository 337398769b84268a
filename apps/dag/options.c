/* SPDX-License-Identifier: MIT */
/* The command line of `nodewise dag run`. Invariant: a refused word is named in the one line that
 * is said. */
#include "common/app.h"
#include "dag/run.h"

#include <getopt.h>
#include <string.h>

enum { JOBS_MAX = 65535 };

enum word {
	FAIL_FAST = 256,
	FOLDER,
	NODES,
	TOPOLOGY,
	SIMULATE_NODES,
	DOT,
	TRACE,
	POLICY,
	SEED,
	GRACE,
	SIMULATE,
	RESUME,
	NO_PIN,
	QUIET,
	JSON,
};

static const struct option words[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "keep-going", no_argument, NULL, 'k' },
	{ "fail-fast", no_argument, NULL, FAIL_FAST },
	{ "resume", no_argument, NULL, RESUME },
	{ "folder", required_argument, NULL, FOLDER },
	{ "nodes", required_argument, NULL, NODES },
	{ "topology", required_argument, NULL, TOPOLOGY },
	{ "simulate-nodes", required_argument, NULL, SIMULATE_NODES },
	{ "simulate", no_argument, NULL, SIMULATE },
	{ "policy", required_argument, NULL, POLICY },
	{ "seed", required_argument, NULL, SEED },
	{ "no-pin", no_argument, NULL, NO_PIN },
	{ "grace", required_argument, NULL, GRACE },
	{ "dot", required_argument, NULL, DOT },
	{ "trace", required_argument, NULL, TRACE },
	{ "json", no_argument, NULL, JSON },
	{ "quiet", no_argument, NULL, QUIET },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Options that stand for a fact. */
static bool set_flag(struct dag_options *options, int got)
{
	bool *flag = got == 'n'         ? &options->is_dry_run
		     : got == FAIL_FAST ? &options->is_fail_fast
		     : got == RESUME    ? &options->is_resume
		     : got == SIMULATE  ? &options->is_simulate
		     : got == NO_PIN    ? &options->no_pin
		     : got == JSON      ? &options->is_json
		     : got == QUIET     ? &options->is_quiet
		     : got == 'h'       ? &options->is_help
					: NULL;

	if (flag)
		*flag = true;
	return flag || got == 'k'; /* -k is what is done anyway */
}

/* Options whose word is kept as it is. */
static bool set_text(struct dag_options *options, int got, const char *value)
{
	const char **text = got == FOLDER           ? &options->folder
			    : got == NODES          ? &options->nodes
			    : got == TOPOLOGY       ? &options->topology
			    : got == SIMULATE_NODES ? &options->simulate_nodes
			    : got == DOT            ? &options->dot
			    : got == TRACE          ? &options->trace
						    : NULL;

	if (text)
		*text = value;
	return text != NULL;
}

static int set_value(struct dag_options *options, int got, const char *value)
{
	if (got == 'j' && !app_parse_u64(value, 1, JOBS_MAX, &options->jobs))
		return app_bad(DAG_NAME, "--jobs takes a number from 1 to 65535, not '%s'", value);
	if (got == SEED && !app_parse_u64(value, 0, UINT64_MAX, &options->seed))
		return app_bad(DAG_NAME, "--seed takes a whole number, not '%s'", value);
	if (got == GRACE && !app_parse_duration(value, &options->grace_ns))
		return app_bad(DAG_NAME, "--grace takes a duration, as 5s or 500ms, not '%s'",
			       value);
	if (got == POLICY && !nw_dag_order_by_name(value, &options->order))
		return app_bad(DAG_NAME, "--policy priority|fifo|lottery|beatty|sturmian, not '%s'",
			       value);
	return APP_OK;
}

bool dag_is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static int check_together(const struct dag_options *options)
{
	if (options->topology && !options->is_dry_run && !options->is_simulate)
		return app_bad(DAG_NAME, "--topology is for --dry-run and --simulate: tasks run on "
					 "this machine only");
	if (options->is_resume && options->is_simulate)
		return app_bad(DAG_NAME, "--simulate keeps no journal, so there is nothing to "
					 "--resume");
	if (dag_is_stdout(options->dot) + dag_is_stdout(options->trace) + options->is_json > 1)
		return app_bad(DAG_NAME,
			       "--dot -, --trace - and --json: only one of them can go to "
			       "standard output");
	return APP_OK;
}

int dag_options_parse(struct dag_options *ret_options, int argc, char **argv)
{
	struct dag_options options = { .folder = ".nodewise-dag",
				       .grace_ns = 5 * DAG_NS_PER_S,
				       .seed = 1 };

	opterr = 0;
	optind = 1;
	for (int got; (got = getopt_long(argc, argv, ":nj:kh", words, NULL)) != -1;) {
		int code = APP_OK;

		if (got == '?' || got == ':')
			return app_bad_option(DAG_NAME, got, argv);
		if (!set_flag(&options, got) && !set_text(&options, got, optarg))
			code = set_value(&options, got, optarg);
		if (code != APP_OK)
			return code;
	}
	options.path = argv[optind];
	if (!options.is_help && !options.path)
		return app_bad(DAG_NAME, "say which file: nodewise dag run FILE");
	if (options.path) {
		options.targets = argv + optind + 1;
		options.target_count = argc - optind - 1;
	}
	*ret_options = options;
	return options.is_help ? APP_OK : check_together(&options);
}

int dag_help(void)
{
	printf("usage: nodewise dag run FILE [OPTION]... [TASK]...\n"
	       "       nodewise dag check FILE\n"
	       "       nodewise dag show FILE [--dot]\n"
	       "\n"
	       "run: runs the tasks of a graph, or those named and what they need, each when what\n"
	       "it needs has ended and its resources are free, on the CPUs and memory of a node.\n"
	       "check: says what is wrong with a file. show: lists the tasks, or draws them.\n"
	       "FILE is YAML or JSON of our own form, a WfCommons instance, or STG (*.stg).\n"
	       "\n"
	       "  -n, --dry-run           start nothing, print the predicted schedule\n"
	       "  -j, --jobs N            at most N tasks at once (what their resources allow)\n"
	       "  -k, --keep-going        after a failure go on with what does not depend on it\n"
	       "                          (this is so anyway)\n"
	       "      --fail-fast         after a failure start nothing more\n"
	       "      --resume            skip what ended well in an earlier run and is unchanged\n"
	       "      --folder DIR        for journals and the tasks' output (.nodewise-dag)\n"
	       "      --nodes LIST        only these nodes, as 0,2-3 (all)\n"
	       "      --simulate-nodes N  pretend that this machine's CPUs are on N nodes\n"
	       "      --simulate          pretend to run: each task takes its duration\n"
	       "      --topology SOURCE   on another machine (-n, --simulate), as in topo\n"
	       "      --policy ORDER      priority, fifo, lottery, beatty or sturmian (priority)\n"
	       "      --seed N            of the lottery (1)\n"
	       "      --no-pin            leave CPUs and memory of the tasks to the kernel\n"
	       "      --grace TIME        between SIGTERM and SIGKILL of a task (5s)\n"
	       "      --dot FILE          draw the graph, coloured by result and node\n"
	       "      --trace FILE        write what ran when, for Perfetto or chrome://tracing\n"
	       "      --json              print the report as one JSON object\n"
	       "      --quiet             no progress, only failures and the report\n"
	       "  -h, --help              show this help\n"
	       "\n"
	       "exit status: 0 all done; 2 a task failed, or wrong usage; 1 nodewise could not\n"
	       "go on; 130 interrupted by Ctrl-C.\n");
	return app_finish_output(DAG_NAME);
}
