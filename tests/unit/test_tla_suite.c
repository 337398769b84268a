/* SPDX-License-Identifier: MIT */
/*
 * The evaluator against the suite tests/tla, which TLC accepts as it stands: every ASSUME holds,
 * every specification has TLC's counts with any route and any number of workers; expressions
 * without a value say why and where; mutants of the suite end, in a value or in an error.
 *
 * Invariant: a mutant depends on NW_TEST_SEED and its number only.
 */
#include "nw_test.h"

#include "tla/model/search.h"

#include <nw/explore.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUITE NW_SOURCE_DIR "/tests/tla/"

enum { FILES_MAX = 128, STACK_BYTES = 1 << 20, ERROR_BYTES = 512 };

/* --- Files, all read once; one may have another text --- */

struct file {
	char *path, *text;
	size_t n_bytes;
};

static struct file files[FILES_MAX];
static size_t file_count;
static const struct file *instead; /* of the file with its path; NULL: none */

static void read_file(const char *folder, const char *name)
{
	struct file *file = &files[file_count];
	FILE *stream;

	CHECK(file_count < FILES_MAX);
	if (asprintf(&file->path, "%s%s", folder, name) < 0)
		FAIL("no memory");
	stream = fopen(file->path, "re");
	CHECK(stream != NULL);
	CHECK_INT(fseek(stream, 0, SEEK_END), ==, 0);
	file->n_bytes = (size_t)ftell(stream);
	rewind(stream);
	file->text = calloc(1, file->n_bytes + 1);
	CHECK(file->text && fread(file->text, 1, file->n_bytes, stream) == file->n_bytes);
	(void)fclose(stream); /* was only read */
	file_count++;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void read_suite(void)
{
	struct dirent *entry;
	DIR *dir;

	if (file_count > 0)
		return;
	dir = opendir(SUITE);
	CHECK(dir != NULL);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			read_file(SUITE, entry->d_name);
	(void)closedir(dir); /* was only read */
	qsort(files, file_count, sizeof files[0], by_path);
}

static int lend(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	(void)context;
	for (size_t i = 0; i < file_count; i++) {
		const struct file *file = &files[i];

		if (strcmp(file->path, path) != 0)
			continue;
		if (instead && strcmp(instead->path, path) == 0)
			file = instead;
		*ret_text = file->text;
		*ret_bytes = file->n_bytes;
		return 0;
	}
	return -ENOENT;
}

static const struct file *find(const char *name)
{
	char path[1024];

	read_suite();
	(void)snprintf(path, sizeof path, "%s%s", SUITE, name);
	for (size_t i = 0; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* A module of assumptions only: it has no configuration. */
static bool is_plain(const struct file *file)
{
	char name[256];

	if (!ends_in(file->path, ".tla"))
		return false;
	(void)snprintf(name, sizeof name, "%.*s.cfg", (int)(strlen(file->path) - strlen(SUITE) - 4),
		       file->path + strlen(SUITE));
	return !find(name);
}

/* --- Assumptions --- */

static struct tla_model *load(const char *path, const char *config)
{
	struct tla_reader reader = { .read = lend };
	struct tla_model *model;

	CHECK_INT(tla_model_create(&model), ==, 0);
	if (tla_model_load(model, &reader, path, config)) {
		char text[ERROR_BYTES];

		FAIL("%s", tla_error_format(&model->spec->sources, &model->spec->sources.errors[0],
					    text, sizeof text));
	}
	return model;
}

static uint32_t expect_assumptions(const char *path)
{
	struct tla_model *model = load(path, NULL);
	uint32_t count = model->assumptions.count;
	struct tla_runner *runner;

	CHECK_INT(tla_runner_create(&runner, model, NW_NODE_ANY, STACK_BYTES), ==, 0);
	for (uint32_t i = 0; i < count; i++) {
		const struct tla_formula *formula = &model->assumptions.at[i];
		enum tla_verdict verdict = tla_run_state(runner, formula, NULL);

		if (verdict != TLA_HOLDS)
			FAIL("%s:%u: %s %s", path,
			     tla_place_of(&model->spec->sources, formula->span.begin).line,
			     verdict == TLA_FAILS ? "is false" : "has no value:",
			     runner->eval.heap->error);
	}
	tla_runner_destroy(runner);
	tla_model_destroy(model);
	return count;
}

TEST(every_assumption_of_the_suite_holds)
{
	uint32_t count = 0;

	read_suite();
	for (size_t i = 0; i < file_count; i++)
		if (is_plain(&files[i]))
			count += expect_assumptions(files[i].path);
	CHECK_INT(count, >, 300);
}

/* --- Behaviours --- */

struct expected {
	const char *module, *config;
	enum nw_explore_end end;
	uint64_t generated, distinct, queue; /* TLC's, with one worker */
	uint32_t depth;
};

static const struct expected behaviours[] = {
	{ "Branches", "Branches", NW_EXPLORE_DONE, 269, 32, 0, 5 },
	{ "Bounds", "Bounds", NW_EXPLORE_DONE, 60, 20, 0, 11 },
	{ "Symmetric", "Symmetric", NW_EXPLORE_DONE, 33, 22, 0, 13 },
	{ "Refined", "Refined", NW_EXPLORE_DONE, 17, 16, 0, 16 },
	{ "Enabled", "Enabled", NW_EXPLORE_DONE, 16, 9, 0, 5 },
	{ "Given", "Given", NW_EXPLORE_DONE, 15, 4, 0, 2 },
	{ "Remembered", "Remembered", NW_EXPLORE_DONE, 542, 162, 0, 9 },
	{ "Orders", "Orders", NW_EXPLORE_DONE, 43, 10, 0, 2 },
	{ "Composed", "Composed", NW_EXPLORE_DONE, 122, 28, 0, 4 },
	{ "Named", "Named", NW_EXPLORE_DONE, 326, 75, 0, 9 },
	{ "Dropped", "Dropped", NW_EXPLORE_VIOLATION, 34, 13, 5, 0 },
	{ "Dropped", "DroppedGap", NW_EXPLORE_ERROR, 4, 3, 0, 0 },
	{ "Deadlock", "Deadlock", NW_EXPLORE_DEADLOCK, 8, 6, 0, 0 },
	{ "Violated", "Violated", NW_EXPLORE_VIOLATION, 7, 7, 0, 0 },
	{ "Broken", "Broken", NW_EXPLORE_ERROR, 4, 4, 0, 0 },
	{ "Orders", "OrdersPairs", NW_EXPLORE_VIOLATION, 5, 5, 3, 0 },
	{ "Orders", "OrdersForAll", NW_EXPLORE_VIOLATION, 4, 4, 2, 0 },
	{ "Orders", "OrdersUnion", NW_EXPLORE_VIOLATION, 6, 4, 2, 0 },
	{ "Orders", "OrdersRecords", NW_EXPLORE_VIOLATION, 3, 3, 1, 0 },
	{ "Orders", "OrdersOthers", NW_EXPLORE_VIOLATION, 14, 8, 6, 0 },
};

/* What was found before a search stopped early depends on the others, where there are several. */
static void compare_counts(const struct expected *expected, const struct nw_explore_report *report)
{
	const struct nw_explore_counts *total = &report->total;
	bool is_done = expected->end == NW_EXPLORE_DONE;

	if (report->worker_count > 1 && !is_done)
		return;
	if (total->generated != expected->generated || total->distinct != expected->distinct ||
	    total->queue != expected->queue)
		FAIL("%s: %llu states generated, %llu distinct, %llu queued", expected->config,
		     (unsigned long long)total->generated, (unsigned long long)total->distinct,
		     (unsigned long long)total->queue);
	if (is_done)
		CHECK_INT(report->depth, ==, expected->depth);
}

static void expect_counts(const struct expected *expected, const struct nw_explore_options *options)
{
	struct nw_explore_options o = *options;
	struct nw_explore_report report;
	char path[1024], config[1024];
	struct nw_explore *explore;
	struct tla_search search;
	struct tla_model *model;
	struct nw_diag diag = { "" };

	(void)snprintf(path, sizeof path, "%s%s.tla", SUITE, expected->module);
	(void)snprintf(config, sizeof config, "%s%s.cfg", SUITE, expected->config);
	model = load(path, config);
	CHECK_INT(tla_search_init(&search, model), ==, 0);
	o.model = &search.interface;
	o.model_data = &search;
	o.no_deadlock = model->config.no_deadlock;
	if (nw_explore_create(&explore, &o, &diag) < 0)
		FAIL("%s", diag.text);
	(void)nw_explore_run(explore);
	nw_explore_report(explore, &report);
	if (report.end != expected->end)
		FAIL("%s ended as %d: %s", expected->config, (int)report.end, search.error.text);
	compare_counts(expected, &report);
	nw_explore_destroy(explore);
	tla_search_fini(&search);
	tla_model_destroy(model);
}

TEST(counts_are_those_of_tlc_with_any_route_and_number_of_workers)
{
	struct nw_topo_options machine = { .simulate_nodes = 2 };
	struct nw_topo *topo;
	struct nw_diag diag;

	read_suite();
	if (nw_topo_open(&topo, &machine, &diag) < 0)
		FAIL("%s", diag.text);
	for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++) {
		for (int route = 0; route <= NW_ROUTE_PUSH; route++) {
			for (uint32_t workers = 1; workers <= 6; workers += 5) {
				struct nw_explore_options o = {
					.topo = topo,
					.route = (enum nw_explore_route)route,
					.worker_count = workers,
					.memory_bytes_max = 1 << 28,
					.slots_min = 8,
					.batch_count = 3,
					.oversubscribe = true,
				};

				expect_counts(&behaviours[i], &o);
			}
		}
	}
	nw_topo_close(topo);
}

/* --- Expressions without a value --- */

static const struct {
	const char *definition, *message;
} faulty[] = {
	{ "1 = \"a\"", "equality" },
	{ "1 + TRUE > 0", "integer" },
	{ "1 \\div 0 = 1", "0" },
	{ "5 % 0 = 1", "positive" },
	{ "2147483647 + 1 > 0", "Overflow" },
	{ "2^40 > 0", "Overflow" },
	{ "<<1, 2>>[3] = 1", "out of bounds" },
	{ "[a |-> 1].b = 1", "b" },
	{ "Head(<<>>) = 1", "empty" },
	{ "Tail(<<>>) = <<>>", "empty" },
	{ "(CHOOSE x \\in {} : TRUE) = 1", "CHOOSE" },
	{ "(CASE FALSE -> 1) = 1", "CASE" },
	{ "5", "Boolean" },
	{ "1 \\in 2", "is an element of" },
	{ "1 \\in STRING", "is an element of" },
	{ "TLCModelValue(\"T_a\") = TLCModelValue(\"S_a\")", "differently-typed" },
	{ "\\A x \\in Nat : x = x", "infinite" },
	{ "Cardinality(Nat) = 1", "infinite" },
	{ "Cardinality(SUBSET (1..40)) > 0", "2^31" },
	{ "Assert(FALSE, \"told\")", "told" },
	{ "\\E <<x, y>> \\in {<<1>>} : TRUE", "length 2" },
	{ "Deep[100000000] = 0", "too deep" },
	{ "Loop(0) = 0", "too deep" },
	{ "Vast = {}", "memory" },
	{ "(CHOOSE x : x = 1) = 1", "unbounded CHOOSE" },
};

static const char faulty_text[] = "---- MODULE Mid ----\n"
				  "EXTENDS Integers, Sequences, FiniteSets, TLC, TLCExt\n"
				  "Deep[n \\in Nat] == IF n = 0 THEN 0 ELSE 1 + Deep[n - 1]\n"
				  "RECURSIVE Loop(_)\n"
				  "Loop(n) == 1 + Loop(n)\n"
				  "Vast == {<<x, y, {x}>> : x, y \\in 1..4000}\n"
				  "ASSUME %s\n"
				  "====\n";

static void expect_failure(const char *definition, const char *message)
{
	char path[] = SUITE "Mid.tla"; /* a path that lend() knows */
	struct file file = { .path = path };
	struct tla_model *model;
	struct tla_runner *runner;

	file.n_bytes = (size_t)asprintf(&file.text, faulty_text, definition);
	instead = &file;
	model = load(path, NULL);
	instead = NULL;
	CHECK_INT(tla_runner_create(&runner, model, NW_NODE_ANY, STACK_BYTES), ==, 0);
	runner->eval.heaps[0].n_bytes_max = runner->eval.heaps[1].n_bytes_max = 64 << 20;
	CHECK_INT(tla_run_state(runner, &model->assumptions.at[0], NULL), ==, TLA_ERROR);
	if (!strstr(runner->eval.heap->error, message))
		FAIL("%s says: %s", definition, runner->eval.heap->error);
	CHECK(runner->eval.failed_count > 0);
	tla_runner_destroy(runner);
	tla_model_destroy(model);
	free(file.text);
}

TEST(what_has_no_value_says_why)
{
	read_suite();
	for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++)
		expect_failure(faulty[i].definition, faulty[i].message);
}

/* --- What cannot be compiled --- */

static const struct {
	const char *units, *message;
} refused[] = {
	{ "I == INSTANCE B WITH L <- \\cup\nASSUME I!X = 1", "takes 2 operands" },
	{ "F(x) == x\nASSUME F(+) = 1", "expected an expression" },
	{ "F(x) == x\nASSUME F(1, 2) = 1", "takes 1 arguments, not 2" },
	{ "ASSUME Nobody = 1", "unknown operator Nobody" },
	{ "G(H(_)) == H(1)\nASSUME G(LAMBDA x, y : x) = 1", "where an operator of 1 is needed" },
	{ "I == INSTANCE B\nASSUME I!X = 1", "no substitution" },
	{ "D == 1 + 2\nASSUME D!3 = 1", "no such part" },
	{ "ASSUME [a |-> 1, a |-> 2] = 1", "twice" },
	{ "ASSUME 99999999999 > 0", "32 bits" },
};

static const char refused_text[] = "---- MODULE Mid ----\n"
				   "EXTENDS Integers\n"
				   "---- MODULE B ----\n"
				   "CONSTANT L\n"
				   "X == L\n"
				   "====\n"
				   "%s\n"
				   "====\n";

TEST(what_cannot_be_compiled_says_why)
{
	char path[] = SUITE "Mid.tla", text[ERROR_BYTES];
	struct tla_reader reader = { .read = lend };

	read_suite();
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct file file = { .path = path };
		struct tla_model *model;

		file.n_bytes = (size_t)asprintf(&file.text, refused_text, refused[i].units);
		instead = &file;
		CHECK_INT(tla_model_create(&model), ==, 0);
		CHECK_INT(tla_model_load(model, &reader, path, NULL), ==, -EINVAL);
		instead = NULL;
		(void)tla_error_format(&model->spec->sources, &model->spec->sources.errors[0], text,
				       sizeof text);
		if (!strstr(text, refused[i].message))
			FAIL("%s says: %s", refused[i].units, text);
		tla_model_destroy(model);
		free(file.text);
	}
}

/* --- Mutants --- */

enum { MUTANTS = 400, HEAP_BYTES = 32 << 20, CPU_SECONDS = 2 };

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

/* One change: a token by another, a byte lost, a piece of the text once more. */
static void mutate(struct file *file, uint64_t *seed)
{
	static const char *const tokens[] = {
		" ",       "{}",      "<<>>",   "0",    "\"s\"",
		"TRUE",    " = ",     " \\in ", "'",    " \\cup ",
		"SUBSET ", "DOMAIN ", "[1]",    "Nat",  "\\A x \\in S : ",
		" - 1",    "1..2",    "x",      "LET ", "UNION "
	};
	const char *token = tokens[draw(seed, sizeof tokens / sizeof tokens[0])];
	size_t at = draw(seed, file->n_bytes), from = draw(seed, file->n_bytes);
	size_t cut = draw(seed, 4), length = strlen(token);
	char *text;

	if (draw(seed, 4) == 0) { /* a piece of the text itself */
		token = file->text + from;
		length = draw(seed, 12);
	}
	if (from + length > file->n_bytes && token == file->text + from)
		length = file->n_bytes - from;
	if (cut > file->n_bytes - at)
		cut = file->n_bytes - at;
	text = calloc(1, file->n_bytes - cut + length + 1);
	CHECK(text != NULL);
	memcpy(text, file->text, at);
	memcpy(text + at, token, length);
	memcpy(text + at + length, file->text + at + cut, file->n_bytes - at - cut);
	free(file->text);
	file->text = text;
	file->n_bytes = file->n_bytes - cut + length;
}

static void evaluate_mutant(const struct file *mutant)
{
	struct tla_reader reader = { .read = lend };
	struct tla_runner *runner;
	struct tla_model *model;

	instead = mutant;
	CHECK_INT(tla_model_create(&model), ==, 0);
	if (!tla_model_load(model, &reader, mutant->path, NULL)) {
		CHECK_INT(tla_runner_create(&runner, model, NW_NODE_ANY, STACK_BYTES), ==, 0);
		runner->eval.heaps[0].n_bytes_max = HEAP_BYTES;
		runner->eval.heaps[1].n_bytes_max = HEAP_BYTES;
		for (uint32_t i = 0; i < model->assumptions.count; i++) {
			enum tla_verdict verdict = tla_run_state(runner, &model->assumptions.at[i],
								 NULL);

			CHECK((verdict == TLA_ERROR) == runner->eval.heap->has_failed);
		}
		tla_runner_destroy(runner);
	}
	tla_model_destroy(model);
	instead = NULL;
}

/* In a process of its own: what takes long is stopped, what crashes is seen. */
static bool survives(const struct file *mutant)
{
	struct rlimit limit = { CPU_SECONDS, CPU_SECONDS };
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CPU, &limit); /* then the test's limit says "hangs" */
		evaluate_mutant(mutant);
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), ==, child);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL;
	return WEXITSTATUS(status) == 0;
}

TEST(mutants_of_the_suite_end_in_a_value_or_an_error)
{
	uint64_t first = nw_test_seed();

	read_suite();
	for (uint64_t i = 0; i < MUTANTS; i++) {
		uint64_t seed = first + i * 0x9e3779b97f4a7c15u;
		const struct file *from = &files[draw(&seed, file_count)];
		struct file mutant = *from;

		if (!is_plain(from))
			continue;
		mutant.text = calloc(1, from->n_bytes + 1);
		CHECK(mutant.text != NULL);
		memcpy(mutant.text, from->text, from->n_bytes);
		for (uint64_t k = 1 + draw(&seed, 3); k > 0; k--)
			mutate(&mutant, &seed);
		if (!survives(&mutant))
			FAIL("mutant %llu of %s:\n%s", (unsigned long long)i, from->path,
			     mutant.text);
		free(mutant.text);
	}
}
