/* SPDX-License-Identifier: MIT */
/* How `nodewise dag` reads graph files: words, structure, and files that are cut off or changed at
 * random, which must be read or refused, never more. The messages are tests/golden/dag's. */
#include "nw_test.h"

#include "common/app.h"
#include "dag/file.h"

#include <fcntl.h>
#include <time.h>

#define GOOD NW_SOURCE_DIR "/tests/golden/dag/good/"

static const char *const good[] = { "report.yaml", "report.json", "wf15.json", "wf13.json",
				    "tiny.stg" };
enum { GOOD_COUNT = sizeof(good) / sizeof(good[0]), FILE_BYTES = 16384, ROUNDS = 3000 };

static uint64_t duration(const char *text)
{
	uint64_t ns = UINT64_MAX;

	return app_parse_duration(text, &ns) ? ns : UINT64_MAX;
}

TEST(durations_have_units_and_fractions)
{
	CHECK_INT(duration("2"), ==, 2000000000);
	CHECK_INT(duration("1.5s"), ==, 1500000000);
	CHECK_INT(duration("200ms"), ==, 200000000);
	CHECK_INT(duration("7 us"), ==, 7000);
	CHECK_INT(duration("2m"), ==, 120000000000);
	CHECK_INT(duration("1.25h"), ==, 4500000000000);
	CHECK_INT(duration("1d"), ==, 86400000000000);
	CHECK_INT(duration("18446744073s"), ==, 18446744073000000000u);
}

TEST(durations_that_are_none_are_refused)
{
	static const char *const words[] = { "",
					     "s",
					     "-1",
					     "+1",
					     "1.",
					     ".5",
					     "1.0001",
					     "1 s s",
					     "1e3",
					     "2w",
					     "0x10",
					     "18446744074s",
					     "99999999999999999999",
					     "213504d" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (duration(words[i]) != UINT64_MAX)
			FAIL("'%s' is a duration", words[i]);
}

TEST(amounts_are_exact)
{
	uint64_t amount = 7;

	CHECK(dag_parse_amount(NW_RESOURCE_CPU, "0.125", &amount));
	CHECK_INT(amount, ==, 125);
	CHECK(dag_parse_amount(NW_RESOURCE_GPU, "2", &amount));
	CHECK_INT(amount, ==, 2000);
	CHECK(dag_parse_amount(NW_RESOURCE_MEMORY, "3G", &amount));
	CHECK_INT(amount, ==, 3221225472);
	CHECK(dag_parse_amount(NW_RESOURCE_IRQ, "18446744073709551615", &amount));
	CHECK_INT(amount == UINT64_MAX, ==, 1);
	amount = 7;
	CHECK(!dag_parse_amount(NW_RESOURCE_CPU, "18446744073709551615", &amount));
	CHECK(!dag_parse_amount(NW_RESOURCE_CPU, "1 core", &amount));
	CHECK(!dag_parse_amount(NW_RESOURCE_MEMORY, "1.5G", &amount));
	CHECK(!dag_parse_amount(NW_RESOURCE_CAPS, "-1", &amount));
	CHECK_INT(amount, ==, 7);
}

TEST(a_file_says_all_that_it_can_say)
{
	struct dag_file file;
	const struct dag_task *task;

	CHECK_INT(dag_file_read(&file, GOOD "report.yaml"), ==, APP_OK);
	CHECK_INT(file.task_count, ==, 4);
	CHECK_INT(file.limits.amount[NW_RESOURCE_GPU], ==, 1000);
	CHECK_INT(file.limits.amount[NW_RESOURCE_CPU] == UINT64_MAX, ==, 1);
	task = &file.tasks[dag_file_find(&file, "fetch b")];
	CHECK_INT(task->resources.amount[NW_RESOURCE_CPU], ==, 500);
	CHECK_INT(task->resources.amount[NW_RESOURCE_IRQ], ==, 5);
	CHECK_INT(task->env_count, ==, 2);
	CHECK_STR(task->env[1], "WHO=somebody");
	CHECK_STR(file.classes[task->class_idx].name, "heavy");
	CHECK_INT(task->cap_rights, ==, NW_CAP_READ | NW_CAP_EXEC);
	CHECK_INT(task->timeout_ns, ==, 60000000000);
	task = &file.tasks[dag_file_find(&file, "join")];
	CHECK_INT(task->need_count, ==, 2);
	CHECK_INT(task->node_id, ==, 0);
	CHECK_INT(task->priority, ==, -2);
	CHECK_INT(task->line, ==, 25);
	CHECK_INT(dag_file_find(&file, "nobody"), ==, DAG_NONE);
	dag_file_free(&file);
}

/* Every task stands behind all it needs, once. */
static void check_order(const struct dag_file *file)
{
	bool *has_been = calloc(file->task_count, sizeof(*has_been));

	CHECK(has_been);
	for (uint32_t i = 0; i < file->task_count; i++) {
		const struct dag_task *task = &file->tasks[file->order[i]];

		CHECK(!has_been[file->order[i]]);
		for (uint32_t k = 0; k < task->need_count; k++)
			CHECK(has_been[task->needs[k].task_idx]);
		has_been[file->order[i]] = true;
	}
	free(has_been);
}

TEST(tasks_come_in_an_order_that_their_needs_allow)
{
	for (size_t i = 0; i < GOOD_COUNT; i++) {
		struct dag_file file;
		char path[512];

		(void)snprintf(path, sizeof(path), "%s%s", GOOD, good[i]);
		CHECK_INT(dag_file_read(&file, path), ==, APP_OK);
		check_order(&file);
		dag_file_free(&file);
	}
}

TEST(a_part_keeps_what_it_needs_and_nothing_else)
{
	char *const wanted[] = { (char *)"join" }, *const unknown[] = { (char *)"none" };
	struct dag_file file;

	CHECK_INT(dag_file_read(&file, GOOD "report.yaml"), ==, APP_OK);
	CHECK_INT(dag_file_select(&file, unknown, 1), ==, APP_USAGE);
	CHECK_INT(file.task_count, ==, 4);
	CHECK_INT(dag_file_select(&file, wanted, 1), ==, APP_OK);
	CHECK_INT(file.task_count, ==, 3);
	CHECK_INT(dag_file_find(&file, "count"), ==, DAG_NONE);
	check_order(&file);
	dag_file_free(&file);
}

static size_t read_good(const char *name, char *ret_text)
{
	char path[512];
	FILE *stream;
	size_t n_bytes;

	(void)snprintf(path, sizeof(path), "%s%s", GOOD, name);
	stream = fopen(path, "r");
	CHECK(stream);
	n_bytes = fread(ret_text, 1, FILE_BYTES, stream);
	(void)fclose(stream);
	CHECK_INT(n_bytes, >, 0);
	CHECK_INT(n_bytes, <, FILE_BYTES);
	return n_bytes;
}

/* A file of the same suffix, in a folder of its own; messages go nowhere. */
struct scratch {
	char folder[64], path[320];
};

static void open_scratch(struct scratch *scratch, const char *name)
{
	int nowhere = open("/dev/null", O_WRONLY);

	(void)snprintf(scratch->folder, sizeof(scratch->folder), "/tmp/test_dag_file.XXXXXX");
	CHECK(mkdtemp(scratch->folder));
	(void)snprintf(scratch->path, sizeof(scratch->path), "%s/%s", scratch->folder, name);
	CHECK(nowhere >= 0 && dup2(nowhere, 2) == 2);
}

static void close_scratch(const struct scratch *scratch)
{
	(void)unlink(scratch->path);
	(void)rmdir(scratch->folder);
}

/* Read or refused; whether it was read. */
static bool try_text(const struct scratch *scratch, const char *text, size_t n_bytes)
{
	struct dag_file file;
	FILE *stream = fopen(scratch->path, "w");
	int code;

	CHECK(stream && fwrite(text, 1, n_bytes, stream) == n_bytes && fclose(stream) == 0);
	code = dag_file_read(&file, scratch->path);
	if (code != APP_OK) {
		CHECK_INT(code, ==, APP_USAGE);
		return false;
	}
	check_order(&file);
	dag_file_free(&file);
	return true;
}

TEST(files_cut_off_anywhere_are_read_or_refused)
{
	static char text[FILE_BYTES];

	for (size_t i = 0; i < GOOD_COUNT; i++) {
		size_t n_bytes = read_good(good[i], text), refused_count = 0;
		struct scratch scratch = { .folder = "" };

		open_scratch(&scratch, good[i]);
		for (size_t cut = 0; cut <= n_bytes; cut++)
			refused_count += !try_text(&scratch, text, cut);
		close_scratch(&scratch);
		CHECK_INT(refused_count, >, 10);
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t mutate(char *text, size_t n_bytes, uint64_t *state)
{
	static const char odd[] = "\0\n\t:-{}[],\"'&*!|>%@#\\0129.\xff\xc3~?";
	size_t at = next_random(state) % n_bytes, length = next_random(state) % 40;

	if (length > n_bytes - at)
		length = n_bytes - at;
	switch (next_random(state) % 3) {
	case 0:
		text[at] = odd[next_random(state) % (sizeof(odd) - 1)];
		return n_bytes;
	case 1: /* a piece taken out */
		memmove(text + at, text + at + length, n_bytes - at - length);
		return n_bytes - length > 0 ? n_bytes - length : 1;
	default: /* a piece twice */
		if (n_bytes + length >= FILE_BYTES)
			return n_bytes;
		memmove(text + at + length, text + at, n_bytes - at);
		return n_bytes + length;
	}
}

TEST(files_changed_at_random_are_read_or_refused)
{
	static char text[FILE_BYTES];
	uint64_t state = nw_test_seed() * 0x9E3779B97F4A7C15u + 1;
	size_t refused_count = 0, read_count = 0;

	for (size_t i = 0; i < GOOD_COUNT; i++) {
		struct scratch scratch = { .folder = "" };

		open_scratch(&scratch, good[i]);
		for (int round = 0; round < ROUNDS * nw_test_scale() / GOOD_COUNT; round++) {
			size_t n_bytes = read_good(good[i], text);
			uint64_t count = 1 + next_random(&state) % 4;

			for (uint64_t k = 0; k < count; k++)
				n_bytes = mutate(text, n_bytes, &state);
			if (try_text(&scratch, text, n_bytes))
				read_count++;
			else
				refused_count++;
		}
		close_scratch(&scratch);
	}
	CHECK_INT(refused_count, >, 100);
	CHECK_INT(read_count, >, 10);
}

/* A file of n tasks in a row, the last one first, so that the way down is as long as it can be. */
TEST(a_chain_of_a_hundred_thousand_tasks_needs_no_deep_stack)
{
	enum { CHAIN = 100000 };
	struct scratch scratch = { .folder = "" };
	struct dag_file file;
	FILE *stream;

	open_scratch(&scratch, "chain.stg");
	stream = fopen(scratch.path, "w");
	CHECK(stream);
	fprintf(stream, "%d\n", CHAIN);
	for (int i = 0; i < CHAIN - 1; i++)
		fprintf(stream, "%d 1 1 %d\n", i, i + 1);
	fprintf(stream, "%d 1 0\n", CHAIN - 1);
	CHECK(fclose(stream) == 0);
	CHECK_INT(dag_file_read(&file, scratch.path), ==, APP_OK);
	CHECK_INT(file.order[0], ==, CHAIN - 1);
	check_order(&file);
	dag_file_free(&file);
	close_scratch(&scratch);
}
