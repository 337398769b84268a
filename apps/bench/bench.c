/* SPDX-License-Identifier: MIT */
/*
 * `nodewise bench`: runs one of the benchmarks, passes its table through as it comes, and keeps it
 * for a picture or for JSON.
 *
 * The programs lie beside this one (a build tree) or in libexec/nodewise (an installed one); they
 * are programs of their own so that what one measures is not in the command's way.
 * Invariant: the exit code is 0 only if the benchmark's is.
 */
#include "bench/bench.h"

#include "common/app.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	const char *about;
} benchmarks[] = {
	{ "lockfree", "queues, stack, deque, reclamation, map, beside the libraries people use" },
	{ "sched", "fork and join, beside oneTBB and OpenMP" },
	{ "dag", "task graphs, beside oneTBB and OpenMP; what admission costs" },
	{ "check", "TLA+ models, beside TLC (TLA2TOOLS_JAR) on those of TLA_DATA" },
	{ "fpset", "the fingerprint set, one thread and many" },
	{ "explore", "states a second of whole explorations" },
	{ "ring", "the one-to-one ring beside a mutex" },
	{ "caps", "the capability table beside a rwlock and a mutex" },
	{ "govern", "decisions about packets beside a locked table; limits over simulated shards" },
	{ "relay", "governed packets: cost, latency, a drowned shard; beside rings and servers" },
	{ "scan", "the port scanner beside masscan, zmap, nmap and a bare loop; needs root" },
	{ "cdn",
	  "who stands in front: FP and FN on labelled data, look-ups beside a hash and a scan" },
	{ "python", "a packet from Python into the relay, beside a queue and a pipe" },
	{ "sched-sim", "scheduling policies on simulated machines, fairness of dispatch orders" },
};
enum { BENCHMARK_COUNT = sizeof(benchmarks) / sizeof(benchmarks[0]), PATH_BYTES = 4096 };

struct arguments {
	const char *plot;
	const char *repeat;
	bool is_json;
	bool is_list;
	char **operands; /* the benchmark, then what it gets; ends with NULL */
};

static int list(void)
{
	for (size_t i = 0; i < BENCHMARK_COUNT; i++)
		printf("%-9s %s\n", benchmarks[i].name, benchmarks[i].about);
	return app_finish_output(BENCH);
}

static int help(void)
{
	printf("usage: nodewise bench [OPTION]... NAME [ARGUMENT]...\n"
	       "\n"
	       "Runs a benchmark, which measures beside its baseline in the same run and prints\n"
	       "a row a case: median, p10 and p90 of its repetitions. For NAME see --list; to\n"
	       "lockfree, caps, relay, python, scan and check an ARGUMENT is the text that the\n"
	       "cases to run have in their name; to sched-sim: all, policies [TEXT], orders\n"
	       "[TEXT], or replay SEED; to govern: such a text, sim, or replay SEED; to cdn:\n"
	       "--labels FILE, --observations FILE, --asn FILE, --data FOLDER.\n"
	       "\n"
	       "  -p, --plot FILE  draw the medians into FILE, .svg or .png, with gnuplot\n"
	       "  -r, --repeat N   repetitions a case, 1 to 1001 (default: the benchmark's)\n"
	       "  -j, --json       one JSON object instead of the table\n"
	       "  -l, --list       show the benchmarks\n"
	       "  -h, --help       show this help\n");
	return app_finish_output(BENCH);
}

/* Words up to the benchmark's name, if that takes options of its own: those behind are its. */
static int words_of_ours(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "-p") == 0 || strcmp(word, "--plot") == 0 ||
		    strcmp(word, "-r") == 0 || strcmp(word, "--repeat") == 0)
			i++;
		else if (*word != '-')
			return strcmp(word, "cdn") == 0 ? i + 1 : argc;
	}
	return argc;
}

/* APP_OK with *ret_is_done when there is nothing left to do, or an exit code. */
static int parse(int argc, char **argv, struct arguments *ret_arguments, bool *ret_is_done)
{
	static const struct option options[] = {
		{ "plot", required_argument, NULL, 'p' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t repeat;

	opterr = 0;
	argc = words_of_ours(argc, argv);
	for (int got; (got = getopt_long(argc, argv, ":p:r:jlh", options, NULL)) != -1;) {
		if (got == 'p')
			ret_arguments->plot = optarg;
		else if (got == 'r')
			ret_arguments->repeat = optarg;
		else if (got == 'j')
			ret_arguments->is_json = true;
		else if (got == 'l')
			return *ret_is_done = true, list();
		else if (got == 'h')
			return *ret_is_done = true, help();
		else
			return app_bad_option(BENCH, got, argv);
	}
	ret_arguments->operands = argv + optind;
	if (optind == argc)
		return app_bad(BENCH, "which? nodewise bench --list names them");
	if (ret_arguments->repeat && !app_parse_u64(ret_arguments->repeat, 1, 1001, &repeat))
		return app_bad(BENCH, "--repeat takes 1 to 1001, not '%s'", ret_arguments->repeat);
	return APP_OK;
}

/* Programs have underscores where names have dashes. */
static void append_name(char *to, size_t n_bytes, const char *name)
{
	snprintf(to, n_bytes, "%s", name);
	for (char *c = to; *c; c++)
		*c = *c == '-' ? '_' : *c;
}

/* The program's path: beside this one, or in libexec. */
static int find_program(const char *name, char *ret_path, size_t n_bytes)
{
	static const char *const folders[] = { ".", BENCH_LIBEXEC };
	char self[PATH_BYTES / 2];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return app_failed(BENCH, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int at = snprintf(ret_path, n_bytes, "%s/%s/bench_", self, folders[i]);

		append_name(ret_path + at, n_bytes - (size_t)at, name);
		if (access(ret_path, X_OK) == 0)
			return APP_OK;
	}
	return app_failed(BENCH, "no bench_%s in %s or %s/%s: it was not built", name, self, self,
			  BENCH_LIBEXEC);
}

/* Starts the program with its output into a pipe. */
static int start(const char *path, char **operands, pid_t *ret_pid, FILE **ret_output)
{
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return app_failed(BENCH, "pipe: %s", strerror(errno));
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	rc = posix_spawn(ret_pid, path, &actions, NULL, operands, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	if (rc != 0) {
		(void)close(ends[0]);
		return app_failed(BENCH, "%s: %s", path, strerror(rc));
	}
	*ret_output = fdopen(ends[0], "r");
	if (!*ret_output)
		return app_failed(BENCH, "no memory to read from %s", path);
	return APP_OK;
}

/* Reads to the end, shows and keeps. */
static int follow(FILE *output, bool is_shown, struct table *table)
{
	char *line = NULL;
	size_t n_bytes = 0;
	ssize_t n;
	int rc = APP_OK;

	while ((n = getline(&line, &n_bytes, output)) > 0) {
		if (is_shown) {
			(void)fputs(line, stdout);
			(void)fflush(stdout);
		}
		line[strcspn(line, "\n")] = '\0';
		if (rc == APP_OK && !table_take(table, line))
			rc = app_failed(BENCH, "no memory for the table");
	}
	free(line);
	(void)fclose(output);
	return rc;
}

static int end_of(pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return app_failed(BENCH, "%s: %s", name, strerror(errno));
	}
	if (WIFSIGNALED(status))
		return app_failed(BENCH, "%s was ended by signal %d", name, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return app_failed(BENCH, "%s failed with exit status %d", name,
				  WEXITSTATUS(status));
	return APP_OK;
}

/* For a benchmark that runs the command. False: no memory. */
static bool name_command(void)
{
	char self[PATH_BYTES];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return true; /* it asks for what it lacks */
	self[n] = '\0';
	return setenv("NODEWISE", self, 1) == 0;
}

static int run(const struct arguments *arguments, const char *path, struct table *table)
{
	const char *name = arguments->operands[0];
	FILE *output;
	pid_t pid;
	int rc = start(path, arguments->operands, &pid, &output), rc_end;

	if (rc != APP_OK)
		return rc;
	rc = follow(output, !arguments->is_json, table);
	rc_end = end_of(pid, name);
	if (rc == APP_OK)
		rc = rc_end;
	if (rc == APP_OK && arguments->is_json)
		rc = table_print_json(table, name);
	if (rc == APP_OK && arguments->plot)
		rc = plot_draw(table, name, arguments->plot);
	return rc == APP_OK ? app_finish_output(BENCH) : rc;
}

int app_bench(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct table table = { 0 };
	char path[PATH_BYTES];
	bool is_done = false, is_known = false;
	int rc = parse(argc, argv, &arguments, &is_done);

	if (rc != APP_OK || is_done)
		return rc;
	for (size_t i = 0; i < BENCHMARK_COUNT; i++)
		is_known |= strcmp(benchmarks[i].name, arguments.operands[0]) == 0;
	if (!is_known)
		return app_bad(BENCH, "no benchmark is called '%s'; --list names them",
			       arguments.operands[0]);
	if (arguments.plot)
		rc = plot_check(arguments.plot);
	if (rc == APP_OK)
		rc = find_program(arguments.operands[0], path, sizeof(path));
	if (rc != APP_OK)
		return rc;
	if ((arguments.repeat && setenv("NW_BENCH_REPEAT", arguments.repeat, 1) < 0) ||
	    !name_command())
		return app_failed(BENCH, "no memory for the environment");
	rc = run(&arguments, path, &table);
	table_free(&table);
	return rc;
}
