/* SPDX-License-Identifier: MIT */
/* Files of numbers: declared, written, read by another process, damaged, left behind. */
#include "nw_test.h"

#include <errno.h>
#include <fcntl.h>
#include <nw/mem.h>
#include <nw/stats.h>
#include <signal.h>
#include <sys/stat.h>

static const struct nw_stats_column columns[] = {
	{ "states", "states", NW_STATS_COUNTER },
	{ "depth", NULL, NW_STATS_GAUGE },
	{ "level", "green|red", NW_STATS_STATE },
};
static const char *const texts[] = { "command", "verdict" };

static char folder[] = "/tmp/nw-stats-XXXXXX";

static struct nw_stats_table table_of(uint32_t rows)
{
	return (struct nw_stats_table){
		.name = "worker", .columns = columns, .column_count = 3, .row_count = rows
	};
}

static struct nw_stats *make(const struct nw_stats_table *tables, uint32_t table_count)
{
	struct nw_stats_options options = { .program = "test",
					    .folder = folder,
					    .tables = tables,
					    .table_count = table_count,
					    .text_names = texts,
					    .text_count = 2,
					    .note_count = 4 };
	struct nw_stats *stats = NULL;
	struct nw_diag diag = { "" };
	int rc;

	if (!mkdtemp(folder))
		CHECK(access(folder, W_OK) == 0); /* made before in this case */
	rc = nw_stats_create(&stats, &options, &diag);
	if (rc < 0)
		FAIL("create: %s", diag.text);
	return stats;
}

static struct nw_stats_view *look(const struct nw_stats *stats)
{
	struct nw_stats_view *view = NULL;

	CHECK_INT(nw_stats_open(&view, nw_stats_path(stats)), ==, 0);
	return view;
}

static void leave(struct nw_stats *stats)
{
	nw_stats_destroy(stats);
	CHECK_INT(rmdir(folder), ==, 0); /* nothing is left in it */
}

TEST(what_is_declared_is_what_a_reader_finds)
{
	struct nw_stats_table tables[] = { table_of(3), { "node", columns, NULL, 1, 2 } };
	struct nw_stats *stats = make(tables, 2);
	struct nw_stats_view *view = look(stats);
	struct nw_stats_info info;
	struct nw_stats_table_info table;
	struct nw_stats_column_info column;
	uint32_t idx = 99;

	nw_stats_info(view, &info);
	CHECK_STR(info.program, "test");
	CHECK_INT(info.process_id, ==, getpid());
	CHECK(info.table_count == 2 && info.text_count == 2 && info.note_count == 4);
	CHECK(info.started_wall_ns > UINT64_C(1000000000) * 1000000000);
	CHECK(nw_stats_find_table(view, "node", &idx) && idx == 1);
	CHECK(!nw_stats_find_table(view, "nodes", &idx) && idx == 1);
	nw_stats_table_info(view, 0, &table);
	CHECK_STR(table.name, "worker");
	CHECK(table.column_count == 3 && table.row_count == 3);
	nw_stats_column_info(view, 0, 2, &column);
	CHECK_STR(column.name, "level");
	CHECK_STR(column.unit, "green|red");
	CHECK_INT(column.kind, ==, NW_STATS_STATE);
	CHECK(nw_stats_find_column(view, 0, "depth", &idx) && idx == 1);
	CHECK(!nw_stats_find_column(view, 1, "depth", &idx));
	CHECK(nw_stats_is_alive(view));
	nw_stats_close(view);
	leave(stats);
}

TEST(numbers_labels_and_texts_are_read_while_the_program_runs)
{
	struct nw_stats_table table = table_of(2);
	struct nw_stats *stats = make(&table, 1);
	struct nw_stats_view *view = look(stats);
	char label[NW_STATS_LABEL_BYTES], text[NW_STATS_TEXT_BYTES];

	CHECK_INT(nw_stats_value(view, 0, 1, 0), ==, 0);
	CHECK(nw_stats_read_label(view, 0, 1, label) && label[0] == '\0');
	nw_stats_add(nw_stats_row_at(stats, 0, 1), 0, 40);
	nw_stats_add(nw_stats_row_at(stats, 0, 1), 0, 2);
	nw_stats_set(nw_stats_row_at(stats, 0, 0), 2, 7);
	nw_stats_label(stats, 0, 1, "shard 1");
	nw_stats_text(stats, 1, "all is well");
	CHECK_INT(nw_stats_value(view, 0, 1, 0), ==, 42);
	CHECK_INT(nw_stats_value(view, 0, 0, 0), ==, 0);
	CHECK_INT(nw_stats_value(view, 0, 0, 2), ==, 7);
	CHECK(nw_stats_read_label(view, 0, 1, label));
	CHECK_STR(label, "shard 1");
	CHECK(nw_stats_read_text(view, "verdict", text));
	CHECK_STR(text, "all is well");
	CHECK(nw_stats_read_text(view, "command", text) && text[0] == '\0');
	CHECK(!nw_stats_read_text(view, "nothing", text));
	nw_stats_close(view);
	leave(stats);
}

TEST(long_texts_are_cut_between_characters)
{
	struct nw_stats_table table = table_of(1);
	struct nw_stats *stats = make(&table, 1);
	struct nw_stats_view *view = look(stats);
	char text[2 * NW_STATS_LABEL_BYTES], label[NW_STATS_LABEL_BYTES];

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2); /* e with an accent */
	text[sizeof(text) - 2] = '\0';
	nw_stats_label(stats, 0, 0, text);
	CHECK(nw_stats_read_label(view, 0, 0, label));
	CHECK_INT(strlen(label), ==, 94); /* 95 would be half a character */
	nw_stats_label(stats, 0, 0, text + 1);
	CHECK(nw_stats_read_label(view, 0, 0, label));
	CHECK_INT(strlen(label), ==, 95);
	nw_stats_close(view);
	leave(stats);
}

TEST(notes_come_in_order_and_the_oldest_go_first)
{
	struct nw_stats_table table = table_of(1);
	struct nw_stats *stats = make(&table, 1);
	struct nw_stats_view *view = look(stats);
	struct nw_stats_note_info notes[8];
	uint64_t next = 0;
	char text[32];

	CHECK_INT(nw_stats_read_notes(view, &next, notes, 8), ==, 0);
	nw_stats_note(stats, "first");
	CHECK_INT(nw_stats_read_notes(view, &next, notes, 8), ==, 1);
	CHECK(notes[0].idx == 0 && notes[0].wall_ns > 0);
	CHECK_STR(notes[0].text, "first");
	CHECK_INT(nw_stats_read_notes(view, &next, notes, 8), ==, 0);
	for (int i = 0; i < 6; i++) {
		(void)snprintf(text, sizeof(text), "note %d", i);
		nw_stats_note(stats, text);
	}
	CHECK_INT(nw_stats_read_notes(view, &next, notes, 3), ==, 3);
	CHECK_STR(notes[0].text, "note 2");
	CHECK_INT(notes[0].idx, ==, 3);
	CHECK_INT(nw_stats_read_notes(view, &next, notes, 3), ==, 1);
	CHECK_STR(notes[0].text, "note 5");
	nw_stats_close(view);
	leave(stats);
}

TEST(what_is_not_allowed_is_refused_with_a_sentence)
{
	struct nw_stats_table bad[] = {
		{ "Worker", columns, NULL, 3, 1 },     { "", columns, NULL, 3, 1 },
		{ NULL, columns, NULL, 3, 1 },         { "worker", columns, NULL, 0, 1 },
		{ "worker", columns, NULL, 65, 1 },    { "worker", columns, NULL, 3, 0 },
		{ "worker", columns, NULL, 3, 65537 },
	};
	struct nw_stats_column odd[] = { { "a-b", NULL, NW_STATS_GAUGE },
					 { "a", "sixteen bytes...", NW_STATS_GAUGE },
					 { "a", NULL, (enum nw_stats_kind)4 } };
	struct nw_stats_table good = table_of(1);
	struct nw_stats_options options = { .program = "test", .folder = folder, .table_count = 1 };
	struct nw_stats *stats = (struct nw_stats *)1;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]) + 3; i++) {
		struct nw_stats_table table = { "worker", &odd[i % 3], NULL, 1, 1 };
		struct nw_diag diag = { "" };

		options.tables = i < sizeof(bad) / sizeof(bad[0]) ? &bad[i] : &table;
		CHECK_INT(nw_stats_create(&stats, &options, &diag), ==, -EINVAL);
		CHECK(stats == (struct nw_stats *)1 && diag.text[0] != '\0');
	}
	options.tables = &good;
	options.note_count = 3;
	CHECK_INT(nw_stats_create(&stats, &options, NULL), ==, -EINVAL);
	options.note_count = 0;
	options.table_count = 17;
	CHECK_INT(nw_stats_create(&stats, &options, NULL), ==, -EINVAL);
	options.table_count = 1;
	options.program = "no good";
	CHECK_INT(nw_stats_create(&stats, &options, NULL), ==, -EINVAL);
}

TEST(a_folder_that_others_may_write_in_is_refused)
{
	struct nw_stats_table table = table_of(1);
	struct nw_stats_options options = {
		.program = "test", .folder = folder, .tables = &table, .table_count = 1
	};
	struct nw_stats *stats;
	struct nw_diag diag = { "" };

	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(chmod(folder, 0777), ==, 0);
	CHECK_INT(nw_stats_create(&stats, &options, &diag), ==, -EPERM);
	CHECK(strstr(diag.text, folder) != NULL);
	CHECK_INT(rmdir(folder), ==, 0);
}

TEST(two_files_of_a_process_have_names_of_their_own)
{
	struct nw_stats_table table = table_of(1);
	struct nw_stats *one = make(&table, 1), *two = make(&table, 1);

	CHECK(strcmp(nw_stats_path(one), nw_stats_path(two)) != 0);
	CHECK(strstr(nw_stats_path(two), "-2.nwstats") != NULL);
	nw_stats_destroy(one);
	leave(two);
}

static bool count_file(void *context, const char *path)
{
	CHECK(strstr(path, ".nwstats") != NULL);
	++*(int *)context;
	return true;
}

static bool find_file(void *context, const char *path)
{
	(void)snprintf(context, NW_STATS_PATH_BYTES, "%s", path);
	return false;
}

TEST(the_file_of_a_killed_process_is_stale_and_of_another_user_of_its_id_too)
{
	struct nw_stats_table table = table_of(1);
	struct nw_stats_view *view;
	char path[NW_STATS_PATH_BYTES] = "";
	int pipes[2], count = 0;
	pid_t pid;

	CHECK(mkdtemp(folder) != NULL && pipe(pipes) == 0);
	pid = fork();
	if (pid == 0) {
		struct nw_stats *stats = make(&table, 1);

		nw_stats_set(nw_stats_row_at(stats, 0, 0), 1, 9);
		CHECK_INT(write(pipes[1], "x", 1), ==, 1);
		for (;;)
			pause();
	}
	CHECK_INT(read(pipes[0], path, 1), ==, 1);
	CHECK_INT(nw_stats_each(folder, find_file, path), ==, 0);
	CHECK_INT(nw_stats_open(&view, path), ==, 0);
	CHECK(nw_stats_is_alive(view));
	CHECK_INT(kill(pid, SIGKILL), ==, 0);
	CHECK_INT(waitpid(pid, NULL, 0), ==, pid);
	CHECK(!nw_stats_is_alive(view));
	CHECK_INT(nw_stats_value(view, 0, 0, 1), ==, 9);
	CHECK_INT(nw_stats_each(folder, count_file, &count), ==, 0);
	CHECK_INT(count, ==, 1);
	nw_stats_close(view);
	CHECK(unlink(path) == 0 && rmdir(folder) == 0);
	CHECK_INT(nw_stats_each(folder, count_file, &count), ==, 0);
}

TEST(the_end_is_told_to_those_who_look)
{
	struct nw_stats_table table = table_of(1);
	struct nw_stats *stats = make(&table, 1);
	struct nw_stats_view *view = look(stats);

	nw_stats_set(nw_stats_row_at(stats, 0, 0), 0, 5);
	leave(stats);
	CHECK(!nw_stats_is_alive(view));
	CHECK_INT(nw_stats_value(view, 0, 0, 0), ==, 5);
	nw_stats_close(view);
}

static void look_at_all(const struct nw_stats_view *view)
{
	struct nw_stats_info info;
	struct nw_stats_table_info table;
	char label[NW_STATS_LABEL_BYTES];

	nw_stats_info(view, &info);
	for (uint32_t t = 0; t < info.table_count; t++) {
		nw_stats_table_info(view, t, &table);
		for (uint32_t r = 0; r < table.row_count; r++) {
			(void)nw_stats_value(view, t, r, table.column_count - 1);
			(void)nw_stats_read_label(view, t, r, label);
		}
	}
}

/* Any byte of what is constant changed, or the end cut off: refused or read, never outside. */
TEST(a_damaged_file_is_refused_or_harmless)
{
	struct nw_stats_table table = table_of(2);
	struct nw_stats *stats = make(&table, 1);
	char path[sizeof(folder) + 8];
	struct nw_stats_view *view;
	struct stat st;
	unsigned char *bytes;
	uint64_t random = nw_test_seed();
	int fd = open(nw_stats_path(stats), O_RDONLY), refused = 0;

	(void)snprintf(path, sizeof(path), "%s/bad", folder);
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	bytes = malloc((size_t)st.st_size);
	CHECK_INT(read(fd, bytes, (size_t)st.st_size), ==, st.st_size);
	(void)close(fd);
	for (int round = 0; round < 600; round++) {
		size_t n = round % 10 ? (size_t)st.st_size
				      : (size_t)(random >> 40) % (size_t)st.st_size;
		size_t at = (size_t)(random >> 20) % 1500;
		unsigned char kept = bytes[at];

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		bytes[at] ^= (unsigned char)(1 + (random >> 60));
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0);
		bytes[at] = kept;
		if (nw_stats_open(&view, path) < 0) {
			refused++;
			continue;
		}
		look_at_all(view);
		nw_stats_close(view);
	}
	CHECK_INT(refused, >, 60);
	CHECK_INT(nw_stats_open(&view, folder), ==, -EBADMSG);
	CHECK_INT(nw_stats_open(&view, "/nowhere/at/all"), ==, -ENOENT);
	free(bytes);
	CHECK_INT(unlink(path), ==, 0);
	leave(stats);
}

TEST(rows_lie_on_the_node_they_are_declared_for)
{
	nw_node nodes[3] = { { 0 }, NW_NODE_ANY, { 0 } };
	struct nw_stats_table table = table_of(3);
	struct nw_stats *stats;
	struct nw_stats_view *view;
	struct nw_mem_map map;

	table.row_nodes = nodes;
	stats = make(&table, 1);
	view = look(stats);
	CHECK_INT(nw_stats_row_node(view, 0, 0).id, ==, 0);
	CHECK_INT(nw_stats_row_node(view, 0, 1).id, ==, -1);
	for (uint32_t i = 0; i < 3; i += 2) {
		uintptr_t row = (uintptr_t)nw_stats_row_at(stats, 0, i);

		CHECK_INT(row % NW_CACHE_PAIR, ==, 0);
		CHECK_INT(nw_mem_verify((void *)(row - row % 4096), 4096, &map), ==, 0);
	}
	nw_stats_close(view);
	leave(stats);
}
