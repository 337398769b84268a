/* SPDX-License-Identifier: MIT */
/*
 * apps/bench: what is kept of the lines that a benchmark prints, and which pictures are refused.
 */
#include "nw_test.h"

#include "bench/bench.h"
#include "common/app.h"

TEST(a_row_is_kept)
{
	struct table table = { 0 };

	CHECK(table_take(&table, "ring/1thread\tns/op\t1.5\t1.25\t2.5\t15"));
	CHECK_INT(table.row_count, ==, 1);
	CHECK_STR(table.rows[0].name, "ring/1thread");
	CHECK_STR(table.rows[0].unit, "ns/op");
	CHECK(table.rows[0].median == 1.5 && table.rows[0].p10 == 1.25);
	CHECK(table.rows[0].p90 == 2.5 && table.rows[0].n == 15);
	CHECK(table.rows[0].ratio == 0);
	table_free(&table);
}

TEST(min_and_ratio_are_kept_where_they_are_printed)
{
	struct table table = { 0 };

	CHECK(table_take(&table, "queue/2+2/mutex\tns/op\t200\t150\t250\t3\t140\t1.75"));
	CHECK(table.rows[0].min == 140 && table.rows[0].ratio == 1.75);
	table_free(&table);
}

TEST(the_header_is_dropped_and_comments_are_notes)
{
	struct table table = { 0 };

	CHECK(table_take(&table, "# cpu 8086"));
	CHECK(table_take(&table, "name\tunit\tmedian\tp10\tp90\tn\tmin\tratio"));
	CHECK(table_take(&table, ""));
	CHECK_INT(table.row_count, ==, 0);
	CHECK_INT(table.note_count, ==, 1);
	CHECK_STR(table.notes[0], "cpu 8086");
	table_free(&table);
}

TEST(many_rows_and_notes_are_kept)
{
	struct table table = { 0 };

	for (int i = 0; i < 1000; i++) {
		CHECK(table_take(&table, "a\tns\t1\t1\t1\t1"));
		CHECK(table_take(&table, "# b"));
	}
	CHECK_INT(table.row_count, ==, 1000);
	CHECK_INT(table.note_count, ==, 1000);
	CHECK_STR(table.rows[999].name, "a");
	CHECK_STR(table.notes[999], "b");
	table_free(&table);
}

TEST(a_picture_is_svg_or_png)
{
	CHECK_INT(plot_check("a.gif"), ==, APP_USAGE);
	CHECK_INT(plot_check(".svg"), ==, APP_USAGE);
	CHECK_INT(plot_check("it's.svg"), ==, APP_USAGE);
}

TEST(without_gnuplot_nothing_is_drawn)
{
	CHECK_INT(setenv("PATH", "/nonexistent", 1), ==, 0);
	CHECK_INT(plot_check("a.svg"), ==, APP_FAILED);
}

TEST(an_unknown_benchmark_and_a_bad_count_are_usage)
{
	char bench[] = "bench", nope[] = "nope", repeat[] = "--repeat", zero[] = "0";
	char *unknown[] = { bench, nope, NULL }, *bad[] = { bench, repeat, zero, bench, NULL };

	CHECK_INT(app_bench(2, unknown), ==, APP_USAGE);
	optind = 1;
	CHECK_INT(app_bench(4, bad), ==, APP_USAGE);
}
