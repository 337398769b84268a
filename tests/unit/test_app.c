/* SPDX-License-Identifier: MIT */
/*
 * apps/common: what programs read from people, and what they tell them.
 * Invariant: each case runs in its own process, so streams and handlers may be changed freely.
 */
#include "nw_test.h"

#include "common/app.h"

#include <sys/types.h>

/* Sends stderr to a file; what it holds is read back with got(). */
static FILE *catch_stderr(void)
{
	FILE *file = tmpfile();

	CHECK(file != NULL);
	CHECK(dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
	return file;
}

static const char *got(FILE *file)
{
	static char text[4096];
	size_t n;

	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	return text;
}

TEST(whole_numbers_only)
{
	static const char *const bad[] = { "",   " 1",   "1 ",  "+1",
					   "-1", "0x10", "1.5", "99999999999999999999" };
	uint64_t n = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!app_parse_u64(bad[i], 0, UINT64_MAX, &n));
	CHECK(!app_parse_u64("4", 5, 7, &n));
	CHECK(!app_parse_u64("8", 5, 7, &n));
	CHECK_INT(n, ==, 42);
	CHECK(app_parse_u64("7", 5, 7, &n) && n == 7);
	CHECK(app_parse_u64("18446744073709551615", 0, UINT64_MAX, &n) && n == UINT64_MAX);
}

TEST(bytes_take_a_suffix)
{
	static const char *const bad[] = {
		"", "K", "1X", "1KB", "1Ki", "1 K", "16777216T", "1.5G"
	};
	static const struct {
		const char *text;
		uint64_t n_bytes;
	} good[] = { { "0", 0 },           { "512B", 512 },       { "4k", 4096 },
		     { "4K", 4096 },       { "4KiB", 4096 },      { "3M", 3 << 20 },
		     { "2G", 2ull << 30 }, { "1TiB", 1ull << 40 } };
	uint64_t n = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!app_parse_bytes(bad[i], &n));
	CHECK_INT(n, ==, 42);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(app_parse_bytes(good[i].text, &n) && n == good[i].n_bytes);
}

TEST(bytes_read_well)
{
	char buf[16];

	CHECK_STR(app_format_bytes(0, buf, sizeof(buf)), "0 B");
	CHECK_STR(app_format_bytes(1023, buf, sizeof(buf)), "1023 B");
	CHECK_STR(app_format_bytes(1536, buf, sizeof(buf)), "1.5 KiB");
	CHECK_STR(app_format_bytes((1 << 20) - 1, buf, sizeof(buf)), "1.0 MiB");
	CHECK_STR(app_format_bytes(64ull << 30, buf, sizeof(buf)), "64 GiB");
	CHECK_STR(app_format_bytes(UINT64_MAX, buf, sizeof(buf)), "16 EiB");
}

TEST(counts_have_commas)
{
	char buf[32];

	CHECK_STR(app_format_count(0, buf, sizeof(buf)), "0");
	CHECK_STR(app_format_count(999, buf, sizeof(buf)), "999");
	CHECK_STR(app_format_count(1000, buf, sizeof(buf)), "1,000");
	CHECK_STR(app_format_count(UINT64_MAX, buf, sizeof(buf)), "18,446,744,073,709,551,615");
}

TEST(lists_come_out_ascending_without_repeats)
{
	uint32_t *list = NULL, count = 0;

	CHECK_INT(app_parse_list("7,0,2-4,3", &list, &count, NULL), ==, 0);
	CHECK_INT(count, ==, 5);
	CHECK(list[0] == 0 && list[1] == 2 && list[2] == 3 && list[3] == 4 && list[4] == 7);
	free(list);
	CHECK_INT(app_parse_list("65535", &list, &count, NULL), ==, 0);
	CHECK(count == 1 && list[0] == 65535);
	free(list);
}

TEST(bad_lists_are_named_and_leave_the_output_alone)
{
	static const char *const bad[] = { "",   ",",   "1,",    ",1", "1,,2",  "1-",
					   "-1", "3-1", "1-2-3", "a",  "65536", "1;2" };
	uint32_t *list = NULL, count = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct nw_diag diag = { "" };

		CHECK_INT(app_parse_list(bad[i], &list, &count, &diag), ==, -1);
		CHECK(diag.text[0] == '\'');
		CHECK_INT(app_parse_list(bad[i], &list, &count, NULL), ==, -1);
	}
	CHECK(list == NULL && count == 42);
}

TEST(messages_are_one_line)
{
	FILE *err = catch_stderr();

	CHECK_INT(app_bad("topo", "'%s' is bad", "a\nb"), ==, APP_USAGE);
	CHECK_STR(got(err), "nodewise topo: 'a b' is bad\n");
	CHECK_INT(app_failed("topo", "no luck"), ==, APP_FAILED);
	CHECK_STR(got(err), "nodewise topo: 'a b' is bad\nnodewise topo: no luck\n");
}

TEST(notes_are_shown_once_each)
{
	FILE *err = catch_stderr();

	for (int i = 0; i < 4; i++)
		app_note("check", "fallback %d", i % 2);
	CHECK_STR(got(err), "nodewise check: note: fallback 0\nnodewise check: note: fallback 1\n");
}

TEST(topology_options_say_what_is_wrong)
{
	FILE *err = catch_stderr();
	struct nw_topo *topo = NULL;

	CHECK_INT(app_open_topo("check", "synthetic:nope:1", NULL, &topo), ==, APP_USAGE);
	CHECK_INT(app_open_topo("check", NULL, "0", &topo), ==, APP_USAGE);
	CHECK(topo == NULL);
	CHECK(strstr(got(err), "'nope:1'") && strstr(got(err), "1 to 1024"));
	CHECK_INT(app_open_topo("check", NULL, "3", &topo), ==, APP_OK);
	CHECK_INT(nw_topo_node_count(topo), ==, 3);
	nw_topo_close(topo);
}

TEST(full_disk_is_a_failure)
{
	FILE *err = catch_stderr();

	if (!freopen("/dev/full", "w", stdout))
		SKIP("no /dev/full here");
	CHECK_INT(app_print_json("topo", json_pack("{si}", "a", 1)), ==, APP_FAILED);
	CHECK(strstr(got(err), "nodewise topo: cannot write"));
	CHECK_INT(app_print_json("topo", NULL), ==, APP_FAILED);
}

static void count_stop(void *arg)
{
	++*(int *)arg;
}

TEST(first_interrupt_stops_and_second_ends)
{
	int stop_count = 0, status;
	pid_t pid;

	app_on_interrupt(count_stop, &stop_count);
	CHECK(!app_was_interrupted());
	CHECK_INT(raise(SIGTERM), ==, 0);
	CHECK(app_was_interrupted());
	CHECK_INT(stop_count, ==, 1);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)raise(SIGINT);
		_exit(0); /* not reached: the second one ends the process */
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

TEST(ignored_interrupt_stays_ignored)
{
	int stop_count = 0;

	/* As a shell does it for what it starts behind & and nohup for SIGHUP. */
	CHECK(signal(SIGINT, SIG_IGN) != SIG_ERR);
	app_on_interrupt(count_stop, &stop_count);
	CHECK_INT(raise(SIGINT), ==, 0);
	CHECK_INT(stop_count, ==, 0);
	CHECK_INT(raise(SIGTERM), ==, 0);
	CHECK_INT(stop_count, ==, 1);
}
