/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check` beside TLC, on TLA+ models that TLC needs long for.
 *
 *   bench_check [TEXT]   only the models with TEXT in their configuration's path
 *
 * The models are those of TLA_DATA/expected.tsv whose properties are invariants or of steps and
 * that kept TLC busy for more than ten seconds, or did not end. Both programs run each for
 * NW_BENCH_SECONDS (10) at most, one after the other, with one worker and with one a core, and are
 * then asked to stop. A row is generated states a second from the program's start to its end, that
 * of the JVM included: median, p10, p90, repetitions (NW_BENCH_REPEAT, 1), minimum; and `ratio`,
 * the median of its rate by TLC's in the same round: above 1, ours is faster. Resident memory and
 * the geometric means are notes.
 *
 *   TLA_DATA        folder of models with expected.tsv
 *   TLA2TOOLS_JAR   TLC; without it there is nothing to compare with
 *   TLA_LIBRARY     further modules for TLC, as TLAPS.tla
 *   NODEWISE        the command; `nodewise bench` says so
 *
 * Invariant: a model that either program refuses is named and is in no mean.
 */
#define NW_BENCH_MORE_COLUMNS "\tmin\tratio"
#include "nw_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TEXT_BYTES = 4096,
	MODELS_MAX = 128,
	REPEAT_MAX = 25,
	GRACE_SECONDS = 60, /* for a program to end that was asked to */
	POLL_NS = 5000000,
};

struct model {
	char module[512], config[512];
};

/* What one run of a program came to. */
struct outcome {
	uint64_t generated; /* 0: it refused */
	double seconds;
	double resident_mib;
	char why[200]; /* where it refused */
};

struct program {
	const char *name;
	/* Fill args with pointers into room; ends with NULL. */
	void (*command)(const struct model *model, unsigned workers, char *room, char **args);
	uint64_t (*generated)(const char *text);
	bool stops_itself; /* at the limit; the other is asked by a signal */
};

static const char *data, *jar, *command;
static unsigned limit_seconds;
static char scratch[] = "/tmp/bench_check.XXXXXX";

/* --- The two programs --- */

/* One argument after the other in room. */
static char *put(char **room, const char *format, const char *text)
{
	char *at = *room;

	*room += snprintf(at, TEXT_BYTES, format, text) + 1;
	return at;
}

static char *put_path(char **room, const char *file)
{
	char path[TEXT_BYTES / 2];

	(void)snprintf(path, sizeof path, "%s/%s", data, file);
	return put(room, "%s", path);
}

static char *put_number(char **room, unsigned n)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%u", n);
	return put(room, "%s", text);
}

static void our_command(const struct model *model, unsigned workers, char *room, char **args)
{
	*args++ = put(&room, "%s", command);
	*args++ = put(&room, "%s", "check");
	*args++ = put_path(&room, model->module);
	*args++ = put(&room, "%s", "--config");
	*args++ = put_path(&room, model->config);
	*args++ = put(&room, "%s", "--json");
	*args++ = put(&room, "%s", "--quiet");
	*args++ = put(&room, "%s", "--workers");
	*args++ = put_number(&room, workers);
	*args = NULL;
}

static uint64_t our_generated(const char *text)
{
	const char *at = strstr(text, "\"generated\": ");

	return at ? strtoull(at + strlen("\"generated\": "), NULL, 10) : 0;
}

static void tlc_command(const struct model *model, unsigned workers, char *room, char **args)
{
	char seconds[16];

	(void)snprintf(seconds, sizeof seconds, "%u", limit_seconds);
	*args++ = put(&room, "%s", "java");
	*args++ = put(&room, "%s", "-XX:+UseParallelGC");
	*args++ = put(&room, "-Dtlc2.TLC.stopAfter=%s", seconds);
	if (getenv("TLA_LIBRARY"))
		*args++ = put(&room, "-DTLA-Library=%s", getenv("TLA_LIBRARY"));
	*args++ = put(&room, "%s", "-cp");
	*args++ = put(&room, "%s", jar);
	*args++ = put(&room, "%s", "tlc2.TLC");
	*args++ = put(&room, "%s", "-noGenerateSpecTE");
	*args++ = put(&room, "%s", "-metadir");
	*args++ = put(&room, "%s/states", scratch);
	*args++ = put(&room, "%s", "-workers");
	*args++ = put_number(&room, workers);
	*args++ = put(&room, "%s", "-config");
	*args++ = put_path(&room, model->config);
	*args++ = put_path(&room, model->module);
	*args = NULL;
}

/* The last "N states generated, ..." */
static uint64_t tlc_generated(const char *text)
{
	const char *at = NULL;

	for (const char *next = text; (next = strstr(next, " states generated,")); next++)
		at = next;
	while (at && at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at ? strtoull(at, NULL, 10) : 0;
}

static const struct program programs[] = {
	{ "nodewise", our_command, our_generated, false },
	{ "TLC", tlc_command, tlc_generated, true },
};
enum { OURS, THEIRS, PROGRAM_COUNT };

/* --- One run --- */

static double since(uint64_t begin_ns)
{
	return (double)(nw_bench_now_ns() - begin_ns) / 1e9;
}

/* Wait for its end: asked for at the limit, and had some time later. */
static void wait_for(pid_t pid, uint64_t begin_ns, bool was_asked, struct rusage *usage)
{
	int status;

	while (wait4(pid, &status, WNOHANG, usage) == 0) {
		if (!was_asked && since(begin_ns) > limit_seconds) {
			(void)kill(pid, SIGINT); /* what has ended meanwhile does not mind */
			was_asked = true;
		}
		if (since(begin_ns) > limit_seconds + GRACE_SECONDS)
			(void)kill(pid, SIGKILL);
		(void)nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
	}
}

/* All that a file holds, ended by a zero. NULL: no memory, or it cannot be read. */
static char *read_all(FILE *file)
{
	long n_bytes = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
	char *text = n_bytes < 0 ? NULL : malloc((size_t)n_bytes + 1);

	rewind(file);
	if (text)
		text[fread(text, 1, (size_t)n_bytes, file)] = '\0';
	return text;
}

/* The line that tells why there are no states. */
static void find_reason(const char *text, struct outcome *outcome)
{
	const char *at = strstr(text, "rror");

	while (at && at > text && at[-1] != '\n')
		at--;
	(void)snprintf(outcome->why, sizeof outcome->why, "%.*s", (int)strcspn(at ? at : "", "\n"),
		       at ? at : "");
}

/* Started with & and without a terminal, this program ignores what the others are asked with. */
static void listen_to_interrupts(posix_spawnattr_t *attributes)
{
	sigset_t interrupt;

	(void)sigemptyset(&interrupt);
	(void)sigaddset(&interrupt, SIGINT);
	(void)posix_spawnattr_init(attributes);
	(void)posix_spawnattr_setsigdefault(attributes, &interrupt);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static struct outcome run(const struct program *program, const struct model *model,
			  unsigned workers)
{
	struct outcome outcome = { .why = "it cannot be started" };
	char *room = malloc((size_t)32 * TEXT_BYTES), *args[32], *text = NULL;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	FILE *output = tmpfile();
	uint64_t begin_ns = nw_bench_now_ns();
	struct rusage usage;
	pid_t pid;

	if (!room || !output)
		exit(1);
	program->command(model, workers, room, args);
	listen_to_interrupts(&attributes);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, fileno(output), STDERR_FILENO);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (posix_spawnp(&pid, args[0], &actions, &attributes, args, environ) == 0) {
		wait_for(pid, begin_ns, program->stops_itself, &usage);
		outcome.seconds = since(begin_ns);
		outcome.resident_mib = (double)usage.ru_maxrss / 1024;
		text = read_all(output);
		outcome.generated = text ? program->generated(text) : 0;
		if (text)
			find_reason(text, &outcome);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	(void)fclose(output);
	free(text);
	free(room);
	return outcome;
}

/* --- Figures --- */

/* Sums of logarithms over the models. */
struct means {
	double log_ratio, log_memory;
	unsigned count;
};

struct series {
	double rate[REPEAT_MAX], resident_mib[REPEAT_MAX], ratio[REPEAT_MAX];
};

static void print_row(const struct model *model, unsigned workers, const char *name,
		      struct series *series, unsigned n)
{
	const char *file = strrchr(model->config, '/');

	file = file ? file + 1 : model->config;
	qsort(series->rate, n, sizeof series->rate[0], nw_bench_compare);
	qsort(series->ratio, n, sizeof series->ratio[0], nw_bench_compare);
	qsort(series->resident_mib, n, sizeof series->resident_mib[0], nw_bench_compare);
	printf("%s/%.*s/%u\tstates/s\t%.4g\t%.4g\t%.4g\t%u\t%.4g\t%.3g\n", name,
	       (int)strcspn(file, "."), file, workers, nw_bench_quantile(series->rate, n, 0.5),
	       nw_bench_quantile(series->rate, n, 0.1), nw_bench_quantile(series->rate, n, 0.9), n,
	       series->rate[0], nw_bench_quantile(series->ratio, n, 0.5));
}

/* Both programs in turns. false: one refused. */
static bool measure(const struct model *model, unsigned workers, unsigned n,
		    struct series series[PROGRAM_COUNT])
{
	for (unsigned i = 0; i < n; i++) {
		for (unsigned p = 0; p < PROGRAM_COUNT; p++) {
			struct outcome outcome = run(&programs[p], model, workers);

			if (outcome.generated == 0) {
				printf("# %s/%u: %s tells no states: %s\n", model->config, workers,
				       programs[p].name, outcome.why);
				return false;
			}
			series[p].rate[i] = (double)outcome.generated / outcome.seconds;
			series[p].resident_mib[i] = outcome.resident_mib;
		}
		for (unsigned p = 0; p < PROGRAM_COUNT; p++)
			series[p].ratio[i] = series[p].rate[i] / series[THEIRS].rate[i];
	}
	return true;
}

static void measure_model(const struct model *model, unsigned workers, unsigned n,
			  struct means *means)
{
	struct series series[PROGRAM_COUNT];
	double ours, theirs;

	if (!measure(model, workers, n, series))
		return;
	for (unsigned p = 0; p < PROGRAM_COUNT; p++)
		print_row(model, workers, programs[p].name, &series[p], n);
	ours = nw_bench_quantile(series[OURS].resident_mib, n, 0.5);
	theirs = nw_bench_quantile(series[THEIRS].resident_mib, n, 0.5);
	printf("# %s/%u: resident %.0f MiB, TLC %.0f MiB\n", model->config, workers, ours, theirs);
	(void)fflush(stdout);
	means->log_ratio += log(nw_bench_quantile(series[OURS].ratio, n, 0.5));
	means->log_memory += log(theirs / ours);
	means->count++;
}

/* --- Models --- */

/* A line of expected.tsv: module, cfg, mode, tier, need, result, generated, distinct, depth, wall.
 */
static bool is_wanted(char *line, const char *text, struct model *ret_model)
{
	char *fields[10], *at = line;

	for (unsigned i = 0; i < 10; i++)
		if (!(fields[i] = strsep(&at, "\t")))
			return false;
	if (strcmp(fields[2], "exhaustive search") != 0 || strtod(fields[9], NULL) <= 10 ||
	    !strstr(fields[1], text) || strlen(fields[0]) >= sizeof ret_model->module ||
	    strlen(fields[1]) >= sizeof ret_model->config)
		return false;
	if (strcmp(fields[3], "invariant/deadlock") != 0 && strcmp(fields[3], "action-prop") != 0)
		return false;
	(void)snprintf(ret_model->module, sizeof ret_model->module, "%s", fields[0]);
	(void)snprintf(ret_model->config, sizeof ret_model->config, "%s", fields[1]);
	return !strcmp(fields[5], "success") || !strcmp(fields[5], "timeout");
}

static unsigned read_models(const char *text, struct model *models)
{
	char path[TEXT_BYTES], line[TEXT_BYTES];
	unsigned count = 0;
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/expected.tsv", data);
	file = fopen(path, "r");
	if (!file) {
		fprintf(stderr, "bench_check: %s: %s\n", path, strerror(errno));
		return 0;
	}
	while (count < MODELS_MAX && fgets(line, sizeof line, file))
		count += is_wanted(line, text, &models[count]);
	(void)fclose(file);
	return count;
}

static bool is_ready(void)
{
	data = getenv("TLA_DATA");
	jar = getenv("TLA2TOOLS_JAR");
	command = getenv("NODEWISE");
	if (!data || !jar || !command)
		fprintf(stderr, "bench_check: %s is not set: %s\n",
			!data  ? "TLA_DATA"
			: !jar ? "TLA2TOOLS_JAR"
			       : "NODEWISE",
			!data  ? "the folder of models, with expected.tsv"
			: !jar ? "TLC's tla2tools.jar, to compare with"
			       : "the nodewise command");
	return data && jar && command;
}

static void measure_all(const struct model *models, unsigned model_count, unsigned workers)
{
	unsigned n = nw_bench_env("NW_BENCH_REPEAT", 1, REPEAT_MAX);
	struct means means = { 0 };

	for (unsigned i = 0; i < model_count; i++)
		measure_model(&models[i], workers, n, &means);
	if (means.count > 0)
		printf("# geometric mean/%u: %.2f times TLC's rate, 1/%.1f of its memory, "
		       "%u models\n",
		       workers, exp(means.log_ratio / means.count),
		       exp(means.log_memory / means.count), means.count);
}

/* What TLC and the models leave there. */
static void remove_scratch(void)
{
	char *args[] = { "rm", "-rf", scratch, NULL };
	pid_t pid;

	if (posix_spawnp(&pid, args[0], NULL, NULL, args, environ) == 0)
		(void)waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	static struct model models[MODELS_MAX];
	unsigned model_count = 0;
	struct nw_topo *topo;
	struct nw_diag diag;

	limit_seconds = nw_bench_env("NW_BENCH_SECONDS", 10, 3600);
	if (!is_ready())
		return 1;
	model_count = read_models(argc > 1 ? argv[1] : "", models);
	if (model_count == 0) {
		fprintf(stderr, "bench_check: there is no such model\n");
		return 1;
	}
	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0) {
		fprintf(stderr, "bench_check: %s\n", diag.text);
		return 1;
	}
	/* Some models write files where they are run. */
	if (!mkdtemp(scratch) || chdir(scratch) < 0) {
		fprintf(stderr, "bench_check: %s: %s\n", scratch, strerror(errno));
		return 1;
	}
	nw_bench_preamble("check", topo);
	measure_all(models, model_count, 1);
	if (nw_topo_core_count(topo) > 1)
		measure_all(models, model_count, nw_topo_core_count(topo));
	nw_topo_close(topo);
	remove_scratch();
	return 0;
}
