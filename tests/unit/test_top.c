/* SPDX-License-Identifier: MIT */
/* nodewise top without a terminal: what is read, what follows from it, and what stands where. */
#include "nw_test.h"

#include "top/top.h"

#include <errno.h>
#include <locale.h>

enum { ROWS = 24, COLUMNS = 80 };

static struct top_column columns[] = {
	{ "generated", "states", NW_STATS_COUNTER },  { "queue", "states", NW_STATS_GAUGE },
	{ "checks", "", NW_STATS_COUNTER },           { "local_checks", "", NW_STATS_COUNTER },
	{ "same_node_steals", "", NW_STATS_COUNTER }, { "cross_node_steals", "", NW_STATS_COUNTER },
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static struct top_row rows[] = { { "worker 0, CPU 0, node 0", 0, 0 },
				 { "worker 1, CPU 1, node 0", 0, 1 },
				 { "worker 2, CPU 777, node 5", 5, 777 } };
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static uint64_t values[ROW_COUNT * COLUMN_COUNT] = { 100, 7, 60, 60, 3, 1,  90, 9, 40,
						     20,  5, 0,  80, 8, 10, 10, 0, 0 };
static double rates[ROW_COUNT * COLUMN_COUNT] = { 1500000, 0, 6, 6, 0, 0, 20, 0, 4, 2 };

static struct top_table workers = { .name = "workers",
				    .column_count = COLUMN_COUNT,
				    .row_count = ROW_COUNT,
				    .columns = columns,
				    .rows = rows,
				    .values = values,
				    .rates = rates };

static struct top_text texts[] = { { "model", "a model" } };
static struct nw_stats_note_info notes[] = { { 0, 1000000000, "first" },
					     { 1, 2000000000, "second" } };

static struct top_program make_program(void)
{
	return (struct top_program){ .name = "mine",
				     .pid = 42,
				     .is_alive = true,
				     .has_rates = true,
				     .tables = &workers,
				     .table_count = 1,
				     .texts = texts,
				     .text_count = 1,
				     .notes = notes,
				     .note_count = 2 };
}

/* A row of the grid as text, without blanks at its end. */
static const char *line_of(const struct top_frame *frame, int row)
{
	static char text[1024];
	int n = 0;

	for (int i = 0; i < frame->columns; i++) {
		uint32_t point = frame->cells[row * frame->columns + i].point;

		text[i] = (char)(point ? point : ' ');
		if (text[i] != ' ')
			n = i + 1;
	}
	text[n] = '\0';
	return text;
}

static bool is_in_sight(const struct top_frame *frame, const char *text)
{
	for (int row = 0; row < frame->rows; row++)
		if (strstr(line_of(frame, row), text))
			return true;
	return false;
}

/* --- Reading --- */

TEST(a_rate_is_a_difference_over_time)
{
	CHECK(top_rate(10, 30, 2000000000) == 10.0);
	CHECK(top_rate(30, 30, 1000000000) == 0.0);
	CHECK(top_rate(30, 10, 1000000000) == 0.0); /* it went back: begun again */
	CHECK(top_rate(10, 30, 0) == 0.0);          /* there was no reading before */
}

TEST(labels_name_cpus_and_nodes)
{
	CHECK_INT(top_number_behind("worker 3, CPU 12, node 2 (simulated)", "CPU"), ==, 12);
	CHECK_INT(top_number_behind("worker 3, CPU 12, node 2 (simulated)", "node"), ==, 2);
	CHECK_INT(top_number_behind("shard 1, CPU 0 (not pinned)", "CPU"), ==, 0);
	CHECK_INT(top_number_behind("shard 1", "CPU"), ==, -1);
	CHECK_INT(top_number_behind("GCPU 4", "CPU"), ==, -1);
	CHECK_INT(top_number_behind("CPU x, CPU 7", "CPU"), ==, 7);
}

TEST(a_thread_line_with_any_name_is_read)
{
	struct top_thread thread = { 0 };
	static const char line[] =
		"123 (a) b (c) R 1 2 3 0 -1 4194304 10 0 0 0 250 50 0 0 20 0 1 0 99 1000 20 "
		"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 5 0 0 0 0 0";

	CHECK(top_thread_line(&thread, line, 100));
	CHECK_INT(thread.tid, ==, 123);
	CHECK_STR(thread.name, "a) b (c");
	CHECK_INT(thread.cpu_id, ==, 5);
	CHECK_INT(thread.used_ns, ==, 3000000000);
	CHECK(!top_thread_line(&thread, "123 (cut", 100));
	CHECK(!top_thread_line(&thread, "", 100));
}

TEST(memory_counts_where_policies_want_it)
{
	struct top_memory memory = { 0 };

	top_memory_line(&memory, "7f0000 default anon=3 dirty=3 N0=2 N1=1 kernelpagesize_kB=4\n");
	top_memory_line(&memory, "7f1000 bind:1 anon=4 N0=1 N1=3 kernelpagesize_kB=4\n");
	top_memory_line(&memory,
			"7f2000 prefer=static:2-3 huge anon=1 N3=1 kernelpagesize_kB=2048\n");
	top_memory_line(&memory, "7f3000 prefer (many):0,2 anon=1 N2=1 kernelpagesize_kB=4\n");
	top_memory_line(&memory, "7f4000 local file=/tmp/N9=9 mapped=1 N0=1 kernelpagesize_kB=4\n");
	top_memory_line(&memory, "garbage");
	CHECK_INT(memory.mapping_count, ==, 5);
	CHECK_INT(memory.bound_count, ==, 3);
	CHECK_INT(memory.bytes[0], ==, 4 * 4096);
	CHECK_INT(memory.bytes[1], ==, 4 * 4096);
	CHECK_INT(memory.bytes[3], ==, 2 << 20);
	CHECK_INT(memory.bytes[9], ==, 0);
	CHECK_INT(memory.bound_bytes, ==, 5 * 4096 + (2 << 20));
	CHECK_INT(memory.misplaced_bytes, ==, 4096);
	CHECK(!top_verdict_is_good(&memory));
}

TEST(a_verdict_says_what_is_wrong)
{
	char text[160];
	struct top_memory memory = { .error = -EACCES };

	CHECK(strstr(top_verdict(&memory, text, sizeof(text)), "unknown"));
	memory = (struct top_memory){ .mapping_count = 3 };
	CHECK(strstr(top_verdict(&memory, text, sizeof(text)), "nothing is bound"));
	memory.bound_bytes = 8192;
	CHECK(strstr(top_verdict(&memory, text, sizeof(text)), "good: all of 8"));
	memory.misplaced_bytes = 4096;
	CHECK(strstr(top_verdict(&memory, text, sizeof(text)), "misplaced: 4"));
}

/* --- What follows --- */

TEST(columns_have_their_roles_by_name)
{
	struct top_roles roles = top_roles_of(&workers);

	CHECK_INT(roles.rate, ==, 0);
	CHECK_INT(roles.queue, ==, 1);
	CHECK_INT(roles.level, ==, -1);
}

TEST(locality_is_summed_over_workers)
{
	struct top_program program = make_program();
	struct top_locality sum = top_locality_of(&program);

	CHECK(sum.has_checks && sum.has_steals && !sum.has_handed && !sum.has_preferred);
	CHECK_INT(sum.local, ==, 90);
	CHECK_INT(sum.remote, ==, 20);
	CHECK_INT(sum.same_node, ==, 8);
	CHECK_INT(sum.cross_node, ==, 1);
}

TEST(time_left_is_told_only_of_a_queue_that_shrinks)
{
	struct top_column its[] = { { "distinct", "", NW_STATS_COUNTER },
				    { "expanded", "", NW_STATS_COUNTER },
				    { "queue", "", NW_STATS_GAUGE } };
	uint64_t numbers[] = { 0, 0, 600 };
	double per_s[] = { 50, 80, 0 };
	struct top_row row = { "", -1, -1 };
	struct top_table search = { "search", 3, 1, its, &row, numbers, per_s };

	CHECK(top_check_left_s(&search) == 20.0);
	per_s[0] = 90;
	CHECK(top_check_left_s(&search) < 0);
}

TEST(scan_time_left_is_of_places_not_asked)
{
	struct top_column its[] = { { "places", "", NW_STATS_GAUGE },
				    { "asked", "", NW_STATS_COUNTER },
				    { "not_asked", "", NW_STATS_COUNTER } };
	uint64_t numbers[] = { 1000, 500, 100 };
	double per_s[] = { 0, 90, 10 };
	struct top_row row = { "", -1, -1 };
	struct top_table scan = { "workers", 3, 1, its, &row, numbers, per_s };

	CHECK(top_scan_left_s(&scan) == 4.0);
	per_s[1] = per_s[2] = 0;
	CHECK(top_scan_left_s(&scan) < 0);
}

/* --- Order and search --- */

static struct top_row ports[] = { { "10.0.0.10", -1, -1 },
				  { "10.0.0.9 ssh", -1, -1 },
				  { "10.0.0.9 http", -1, -1 },
				  { "", -1, -1 } };
static struct top_column port_columns[] = { { "port", "", NW_STATS_GAUGE } };
static uint64_t port_values[] = { 443, 22, 80, 0 };
static double port_rates[4];
static struct top_table port_table = {
	"ports", 1, 4, port_columns, ports, port_values, port_rates
};

TEST(rows_are_ordered_by_what_is_chosen)
{
	struct top_view view = { .pid = 0 };
	uint32_t order[4];

	CHECK_INT(top_order(&port_table, &view, order), ==, 3); /* what was never written is not */
	CHECK_INT(order[0], ==, 0);
	view.sort_column = 1; /* labels; numbers in them count as numbers */
	(void)top_order(&port_table, &view, order);
	CHECK_INT(order[0], ==, 2);
	CHECK_INT(order[1], ==, 1);
	CHECK_INT(order[2], ==, 0);
	view.sort_column = 2;
	view.is_descending = true;
	(void)top_order(&port_table, &view, order);
	CHECK_INT(order[0], ==, 0);
	CHECK_INT(order[1], ==, 2);
	CHECK_INT(order[2], ==, 1);
}

TEST(search_looks_at_labels_and_numbers)
{
	struct top_view view = { .search = "SSH" };
	uint32_t order[4];

	CHECK_INT(top_order(&port_table, &view, order), ==, 1);
	CHECK_INT(order[0], ==, 1);
	(void)snprintf(view.search, sizeof(view.search), "44");
	CHECK_INT(top_order(&port_table, &view, order), ==, 1);
	CHECK_INT(order[0], ==, 0);
	(void)snprintf(view.search, sizeof(view.search), "nothing");
	CHECK_INT(top_order(&port_table, &view, order), ==, 0);
}

TEST(a_number_is_shown_whole_or_not_at_all)
{
	struct top_program program = { .name = "mine", .pid = 42, .tables = &workers };
	struct top_model model = { .programs = &program, .program_count = 1 };
	struct top_view view = { .pid = 42, .tab_idx = 3, .delay_s = 1 };
	struct top_frame frame;

	program.table_count = 1;
	CHECK_INT(top_frame_open(&frame, 24, 60), ==, 0);
	top_draw(&frame, &model, &view);
	for (int row = 0; row < 24; row++)
		CHECK(!strstr(line_of(&frame, row), "same_node_s") ||
		      strstr(line_of(&frame, row), "same_node_steals"));
	CHECK(!is_in_sight(&frame, "cross_node_steals"));
	view.sort_column = COLUMN_COUNT + 1; /* the last one has to be in sight then */
	top_draw(&frame, &model, &view);
	CHECK(is_in_sight(&frame, "cross_node_steals"));
	top_frame_close(&frame);
}

static struct top_column provider_columns[] = { { "targets", "", NW_STATS_COUNTER },
						{ "probability", "per mille", NW_STATS_GAUGE },
						{ "origins", "", NW_STATS_COUNTER } };
static struct top_row providers[] = {
	{ "sure", -1, -1 }, { "likely", -1, -1 }, { "never met", -1, -1 }, { "unsure", -1, -1 }
};
static uint64_t provider_values[] = { 5, 990, 0, 3, 700, 2, 0, 0, 0, 1, 312, 0 };
static double provider_rates[12];
static struct top_table provider_table = { "providers",      3,         4,
					   provider_columns, providers, provider_values,
					   provider_rates };

/* The style of the first place where a text stands. */
static enum top_style style_at(const struct top_frame *frame, const char *text)
{
	for (int row = 0; row < frame->rows; row++) {
		const char *line = line_of(frame, row), *at = strstr(line, text);

		if (at)
			return (enum top_style)frame->cells[row * frame->columns + (at - line)]
				.style;
	}
	FAIL("'%s' is not in sight", text);
}

TEST(providers_are_coloured_by_probability_and_origins_stand_out)
{
	struct top_program program = {
		.name = "cdn", .pid = 42, .tables = &provider_table, .table_count = 1
	};
	struct top_model model = { .programs = &program, .program_count = 1 };
	struct top_view view = { .pid = 42, .tab_idx = 3, .delay_s = 1 };
	struct top_frame frame;

	CHECK_INT(top_frame_open(&frame, ROWS, COLUMNS), ==, 0);
	top_draw(&frame, &model, &view);
	CHECK_INT(style_at(&frame, "99.0 %"), ==, TOP_GOOD);
	CHECK_INT(style_at(&frame, "70.0 %"), ==, TOP_WARN);
	CHECK_INT(style_at(&frame, "31.2 %"), ==, TOP_DIM);
	CHECK_INT(style_at(&frame, "likely"), ==, TOP_MARK);
	CHECK_INT(style_at(&frame, "sure"), ==, TOP_PLAIN);
	CHECK(!is_in_sight(&frame, "never met"));
	top_frame_close(&frame);
}

/* --- The grid --- */

TEST(long_texts_go_on_below)
{
	static struct top_text long_texts[] = {
		{ "rules",
		  "a text that is longer than what is left of a line beside its name, with "
		  "words_that_are_long" },
		{ "listen", "b" }
	};
	struct top_program program = { .name = "mine", .pid = 42, .texts = long_texts };
	struct top_model model = { .programs = &program, .program_count = 1 };
	struct top_view view = { .pid = 42, .tab_idx = 3, .delay_s = 1 };
	struct top_frame frame;

	program.text_count = 2;
	CHECK_INT(top_frame_open(&frame, ROWS, 40), ==, 0);
	top_draw(&frame, &model, &view);
	CHECK_STR(line_of(&frame, 3), "rules      a text that is longer than");
	CHECK_STR(line_of(&frame, 4), "           what is left of a line beside");
	CHECK(is_in_sight(&frame, "words_that_are_long"));
	CHECK(is_in_sight(&frame, "listen     b"));
	top_frame_close(&frame);
}

TEST(nothing_is_put_outside)
{
	struct top_frame frame;

	CHECK_INT(top_frame_open(&frame, 2, 10), ==, 0);
	(void)top_put(&frame, 0, 7, TOP_PLAIN, "abcdef");
	(void)top_put(&frame, 5, 0, TOP_PLAIN, "below");
	(void)top_put(&frame, -1, 0, TOP_PLAIN, "above");
	(void)top_put(&frame, 1, -3, TOP_PLAIN, "abcdef");
	top_put_bar(&frame, 1, 4, 20, TOP_GOOD, 2.0);
	CHECK_STR(line_of(&frame, 0), "       abc");
	CHECK_STR(line_of(&frame, 1), "def [#####");
	top_frame_close(&frame);
}

TEST(a_character_takes_one_column)
{
	struct top_frame frame;

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		SKIP("no locale C.UTF-8 here");
	CHECK_INT(top_frame_open(&frame, 1, 10), ==, 0);
	/* An umlaut; one of two columns; what is no UTF-8; what moves the cursor. */
	(void)top_put(&frame, 0, 0, TOP_PLAIN, "\xc3\xa4\xe4\xb8\xad\xff\x1b!");
	CHECK_INT(frame.cells[0].point, ==, 0xe4);
	CHECK_INT(frame.cells[1].point, ==, '?');
	CHECK_INT(frame.cells[2].point, ==, '?');
	CHECK_INT(frame.cells[3].point, ==, '?');
	CHECK_INT(frame.cells[4].point, ==, '!');
	top_frame_close(&frame);
}

TEST(large_numbers_get_short)
{
	char text[16];

	CHECK_STR(top_short(0, text, sizeof(text)), "0");
	CHECK_STR(top_short(999, text, sizeof(text)), "999");
	CHECK_STR(top_short(1000, text, sizeof(text)), "1.00 k");
	CHECK_STR(top_short(12345, text, sizeof(text)), "12.3 k");
	CHECK_STR(top_short(5.85e6, text, sizeof(text)), "5.85 M");
}

/* --- Screens --- */

static struct top_model model_of(struct top_program *program, const struct nw_topo *topo)
{
	return (struct top_model){ .topo = topo, .programs = program, .program_count = 1 };
}

TEST(every_worker_is_in_sight_also_off_the_machine)
{
	struct top_program program = make_program();
	struct top_model model;
	struct top_view view = { .pid = 42, .delay_s = 1 };
	const struct nw_topo_options options = { .source = "synthetic:numa:2 core:1 pu:1" };
	struct nw_topo *topo;
	struct top_frame frame;

	CHECK_INT(nw_topo_open(&topo, &options, NULL), ==, 0);
	model = model_of(&program, topo);
	CHECK_INT(top_frame_open(&frame, ROWS, COLUMNS), ==, 0);
	top_draw(&frame, &model, &view);
	CHECK(is_in_sight(&frame, "node 0") && is_in_sight(&frame, "node 1"));
	CHECK(is_in_sight(&frame, "worker 0") && is_in_sight(&frame, "1.50 M/s"));
	CHECK(is_in_sight(&frame, "on no CPU of their own"));
	CHECK(is_in_sight(&frame, "worker 2"));
	CHECK(is_in_sight(&frame, "q end"));
	top_frame_close(&frame);
	nw_topo_close(topo);
}

TEST(a_screen_that_is_too_long_scrolls)
{
	struct top_program program = make_program();
	struct top_model model;
	struct top_view view = { .pid = 42, .delay_s = 1 };
	const struct nw_topo_options options = { .source = "synthetic:numa:4 core:16 pu:1" };
	struct nw_topo *topo;
	struct top_frame frame;

	CHECK_INT(nw_topo_open(&topo, &options, NULL), ==, 0);
	model = model_of(&program, topo);
	CHECK_INT(top_frame_open(&frame, ROWS, COLUMNS), ==, 0);
	top_draw(&frame, &model, &view);
	CHECK(is_in_sight(&frame, "node 0") && !is_in_sight(&frame, "node 3 "));
	CHECK_INT(view.last_first, >, 0);
	top_press(&view, &model, TOP_KEY_END, 10);
	top_draw(&frame, &model, &view);
	CHECK(!is_in_sight(&frame, "node 0 ") && is_in_sight(&frame, "worker 2"));
	top_press(&view, &model, TOP_KEY_HOME, 10);
	CHECK_INT(view.first, ==, 0);
	top_press(&view, &model, TOP_KEY_UP, 10);
	CHECK_INT(view.first, ==, 0);
	top_frame_close(&frame);
	nw_topo_close(topo);
}

TEST(tabs_turn_and_go_to_their_screens)
{
	struct top_program program = make_program();
	struct top_model model = model_of(&program, NULL);
	struct top_view view = { .pid = 42, .delay_s = 1 };
	struct top_frame frame;
	static const char *const seen[] = { "on no CPU", "checks at home", "placement", "a model",
					    "second" };

	CHECK_INT(top_frame_open(&frame, ROWS, COLUMNS), ==, 0);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		top_draw(&frame, &model, &view);
		CHECK(is_in_sight(&frame, seen[i]));
		top_press(&view, &model, TOP_KEY_TAB, 10);
	}
	CHECK_INT(view.tab_idx, ==, 0);
	top_press(&view, &model, TOP_KEY_BACK_TAB, 10);
	CHECK_INT(view.tab_idx, ==, 4);
	top_press(&view, &model, '2', 10);
	CHECK_INT(view.tab_idx, ==, 1);
	top_press(&view, &model, '9', 10); /* there is none */
	CHECK_INT(view.tab_idx, ==, 1);
	top_press(&view, &model, '?', 10);
	top_draw(&frame, &model, &view);
	CHECK(is_in_sight(&frame, "another view"));
	top_press(&view, &model, 'x', 10);
	CHECK(!view.is_help && !view.wants_end);
	top_press(&view, &model, 'q', 10);
	CHECK(view.wants_end);
	top_frame_close(&frame);
}

TEST(any_size_can_be_drawn)
{
	struct top_program program = make_program();
	struct top_model model = model_of(&program, NULL);

	for (int size = 0; size < 30 * 60; size++) {
		struct top_view view = { .pid = 42, .tab_idx = (uint32_t)size % 6, .delay_s = 1 };
		struct top_frame frame;

		CHECK_INT(top_frame_open(&frame, 1 + size % 30, 1 + size / 30 * 3), ==, 0);
		top_draw(&frame, &model, &view);
		view.is_list = true;
		top_draw(&frame, &model, &view);
		view.is_help = true;
		top_draw(&frame, &model, &view);
		top_frame_close(&frame);
	}
}

TEST(what_keys_do_is_told_whole_on_80_columns)
{
	struct top_program program = make_program();
	struct top_model model = model_of(&program, NULL);
	struct top_view view = { .pid = 42, .is_help = true, .delay_s = 1 };
	struct top_frame wide, narrow;

	CHECK_INT(top_frame_open(&narrow, 24, 80), ==, 0);
	CHECK_INT(top_frame_open(&wide, 24, 200), ==, 0);
	top_draw(&narrow, &model, &view);
	top_draw(&wide, &model, &view);
	for (int row = 1; row < 23; row++) {
		char cut[1024];

		(void)snprintf(cut, sizeof(cut), "%s", line_of(&narrow, row));
		CHECK_STR(cut, line_of(&wide, row));
	}
	top_frame_close(&narrow);
	top_frame_close(&wide);
}

TEST(searching_takes_letters_that_are_keys)
{
	struct top_program program = make_program();
	struct top_model model = model_of(&program, NULL);
	struct top_view view = { .pid = 42, .delay_s = 1 };

	top_press(&view, &model, '/', 10);
	for (const char *at = "qp?"; *at; at++)
		top_press(&view, &model, (uint32_t)*at, 10);
	CHECK_STR(view.search, "qp?");
	CHECK(!view.wants_end && !view.is_paused && !view.is_help);
	top_press(&view, &model, TOP_KEY_BACKSPACE, 10);
	top_press(&view, &model, TOP_KEY_ENTER, 10);
	CHECK_STR(view.search, "qp");
	CHECK(!view.is_searching);
	for (int i = 0; i < 2 * TOP_SEARCH_BYTES; i++) {
		view.is_searching = true;
		top_press(&view, &model, 'a', 10);
	}
	CHECK_INT(strlen(view.search), ==, TOP_SEARCH_BYTES - 1);
	top_press(&view, &model, TOP_KEY_ESCAPE, 10);
	CHECK_STR(view.search, "");
}

TEST(removal_wants_a_yes)
{
	struct top_leftover leftover = { .path = "/x", .name = "check", .pid = 9 };
	struct top_model model = { .leftovers = &leftover, .leftover_count = 1 };
	struct top_view view = { .is_list = true, .delay_s = 1 };

	top_press(&view, &model, 'x', 10);
	CHECK(view.asks_removal && !view.wants_removal);
	top_press(&view, &model, 'n', 10);
	CHECK(!view.asks_removal && !view.wants_removal);
	top_press(&view, &model, 'x', 10);
	top_press(&view, &model, 'y', 10);
	CHECK(view.wants_removal);
	view = (struct top_view){ .is_list = true, .delay_s = 1 };
	leftover.error = -EBADMSG; /* of another version, may be: it stays */
	top_press(&view, &model, 'x', 10);
	CHECK(!view.asks_removal);
}

/* --- As an object --- */

TEST(texts_of_any_bytes_are_in_the_object)
{
	static struct top_row cut[] = { { "K\xc3\xb6ln, K\xc3", -1, -1 } }; /* within a letter */
	static struct top_text any_texts[] = { { "model", "K\xc3\xb6ln" }, { "io", "\xff" } };
	static struct nw_stats_note_info any_notes[] = { { 0, 1000000000, "says \xfe\x01" } };
	struct top_thread thread = { .tid = 7, .name = "t\xe4" };
	struct top_leftover leftover = { .path = "/\xe4", .name = "check" };
	struct top_table table = { "ports", 1, 1, port_columns, cut, port_values, port_rates };
	struct top_program program = { .name = "mine",
				       .path = "/\xe4",
				       .pid = 42,
				       .tables = &table,
				       .table_count = 1,
				       .texts = any_texts,
				       .text_count = 2,
				       .notes = any_notes,
				       .note_count = 1,
				       .threads = &thread };
	struct top_model model = { .programs = &program,
				   .program_count = 1,
				   .leftovers = &leftover,
				   .leftover_count = 1 };
	const char *label, *model_text, *io, *note, *name, *path, *left;
	json_t *json;

	program.thread_count = 1;
	json = top_json(&model, NULL);
	CHECK_INT(json_unpack(json,
			      "{s:[{s:s, s:{s:s, s:s}, s:[{s:s}], s:[{s:s}], s:{s:[{s:s}]}}], "
			      "s:[{s:s}]}",
			      "programs", "path", &path, "texts", "model", &model_text, "io", &io,
			      "threads", "name", &name, "log", "text", &note, "tables", "ports",
			      "label", &label, "leftovers", "path", &left),
		  ==, 0);
	CHECK_STR(label, "K??ln, K?"); /* not a letter of it is sure then */
	CHECK_STR(model_text, "K\xc3\xb6ln");
	CHECK_STR(io, "?");
	CHECK_STR(note, "says ?\x01");
	CHECK_STR(name, "t?");
	CHECK_STR(path, "/?");
	CHECK_STR(left, "/?");
	json_decref(json);
}
