/* SPDX-License-Identifier: MIT */
/*
 * What is particular to check, relay, scan and cdn; of any other program its first table.
 *
 * Invariant: a column that is not there is shown as nothing: files of another version of a program
 * are shown as far as they go.
 */
#include "top/programs.h"

#include "common/fields.h"

#include <nw/relay.h>

#include <string.h>

enum { TEXT_AT = 11 };

/* --- Parts of all --- */

/* How many bytes go into a line: up to a space, if there is one not too far back. */
static size_t line_bytes(const char *text, size_t room)
{
	size_t n = strlen(text), cut = room;

	if (n <= room)
		return n;
	while (cut > room / 2 && text[cut] != ' ')
		cut--;
	if (text[cut] != ' ')
		cut = room;
	while (cut > 1 && ((unsigned char)text[cut] & 0xc0) == 0x80) /* a character is whole */
		cut--;
	return cut;
}

/* What does not fit beside its name goes on below; returns the row behind it. */
static int put_text(const struct top_area *area, int row, const char *name, const char *text)
{
	int room = area->frame->columns - TEXT_AT;

	(void)top_put(area->frame, row, 0, TOP_DIM, "%s", name);
	while (*text && row < area->bottom && room > 0) {
		size_t n = line_bytes(text, (size_t)room);

		(void)top_put(area->frame, row++, TEXT_AT, TOP_PLAIN, "%.*s", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
	return row;
}

int top_put_texts(const struct top_area *area, const struct top_program *program)
{
	int row = area->top;

	for (uint32_t i = 0; i < program->text_count && row < area->bottom; i++)
		if (program->texts[i].text[0])
			row = put_text(area, row, program->texts[i].name, program->texts[i].text);
	return row + 1;
}

void top_put_figure(const struct top_area *area, int row, int column, const char *name,
		    const char *text)
{
	if (row >= area->bottom)
		return;
	(void)top_put(area->frame, row, column, TOP_DIM, "%s", name);
	(void)top_put(area->frame, row, column + 12, TOP_BOLD, "%s", text);
}

/* The sum of a column, and how it grows. */
static void put_sum(const struct top_area *area, int row, int column, const char *name,
		    const struct top_table *table, const char *column_name)
{
	int idx = top_column_named(table, column_name);
	char count[32], rate[16], text[64];

	if (idx < 0)
		return;
	(void)app_format_count(top_sum(table, idx), count, sizeof(count));
	if (table->columns[idx].kind == NW_STATS_COUNTER)
		(void)snprintf(text, sizeof(text), "%s  %s/s", count,
			       top_short(top_sum_rate(table, idx), rate, sizeof(rate)));
	else
		(void)snprintf(text, sizeof(text), "%s", count);
	top_put_figure(area, row, column, name, text);
}

static void put_left(const struct top_area *area, int row, int column, double left_s,
		     const char *unknown)
{
	char text[32];

	if (left_s >= 0 && left_s < 1e8)
		(void)app_format_duration((uint64_t)(left_s * 1e9), text, sizeof(text));
	top_put_figure(area, row, column, "left", left_s >= 0 && left_s < 1e8 ? text : unknown);
}

/* --- check --- */

static void put_check_figures(const struct top_area *area, const struct top_program *program,
			      int row)
{
	const struct top_table *search = top_table_named(program, "search");
	char text[32];

	put_sum(area, row, 0, "generated", search, "generated");
	put_sum(area, row, 42, "depth", search, "depth");
	put_sum(area, row + 1, 0, "distinct", search, "distinct");
	put_sum(area, row + 1, 42, "violations", search, "violations");
	put_sum(area, row + 2, 0, "queue", search, "queue");
	put_sum(area, row + 2, 42, "checkpoints", search, "checkpoints");
	top_put_figure(area, row + 3, 0, "memory",
		       app_format_bytes(top_sum(search, top_column_named(search, "memory")), text,
					sizeof(text)));
	if (top_table_named(program, "workers"))
		put_left(area, row + 3, 42, top_check_left_s(search), "unknown: the queue grows");
	else
		put_sum(area, row + 3, 42, "walks", search, "walks");
}

static void put_check_worker(const struct top_area *area, const struct top_table *workers,
			     uint32_t i, int row)
{
	int checks = top_column_named(workers, "checks");
	uint64_t all = top_value(workers, i, checks);
	uint64_t local = top_value(workers, i, top_column_named(workers, "local_checks"));
	char rate[16], n[2][32];

	(void)top_put_width(area->frame, row, 0, 36, TOP_PLAIN, workers->rows[i].label);
	top_put_right(area->frame, row, 36, 10, TOP_PLAIN,
		      top_short(top_rate_of(workers, i, top_column_named(workers, "generated")),
				rate, sizeof(rate)));
	top_put_right(area->frame, row, 46, 14, TOP_PLAIN,
		      app_format_count(top_value(workers, i, top_column_named(workers, "distinct")),
				       n[0], sizeof(n[0])));
	top_put_right(area->frame, row, 60, 10, TOP_PLAIN,
		      app_format_count(top_value(workers, i, top_column_named(workers, "queue")),
				       n[1], sizeof(n[1])));
	(void)top_put(area->frame, row, 71, TOP_PLAIN, "%6.2f %%",
		      all && local < all ? 100.0 * (double)local / (double)all : 100.0);
}

static void draw_check(const struct top_area *area, const struct top_program *program,
		       struct top_view *view)
{
	const struct top_table *workers = top_table_named(program, "workers");
	struct top_area below = *area;
	int row = top_put_texts(area, program);

	put_check_figures(area, program, row);
	below.top = row + 6;
	if (!workers || below.top >= area->bottom)
		return;
	(void)top_put(area->frame, row + 5, 0, TOP_BOLD, "%-36s%10s%14s%10s%9s", "worker", "made/s",
		      "distinct", "queue", "local");
	for (uint32_t i = 0; i < workers->row_count; i++) {
		int at = top_row_in(&below, view, (int)i);

		if (at >= 0)
			put_check_worker(&below, workers, i, at);
	}
	top_lines_were(&below, view, (int)workers->row_count);
}

/* --- relay --- */

static uint64_t sum_of(const struct top_table *table, uint32_t row_idx, const char *prefix)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < table->column_count; i++)
		if (strncmp(table->columns[i].name, prefix, strlen(prefix)) == 0)
			sum += top_value(table, row_idx, (int)i);
	return sum;
}

static void put_shard(const struct top_area *area, const struct top_table *shards, uint32_t i,
		      int row)
{
	static const enum top_style styles[] = { TOP_GOOD, TOP_WARN, TOP_WARN, TOP_BAD };
	uint64_t level = top_value(shards, i, top_column_named(shards, "level"));
	uint64_t queued = top_value(shards, i, top_column_named(shards, "queued"));
	uint64_t ring = top_value(shards, i, top_column_named(shards, "ring"));
	const char *const columns[] = { "accepted", "delivered" };
	char text[32];

	(void)top_put_width(area->frame, row, 0, 17, TOP_PLAIN, shards->rows[i].label);
	(void)top_put_width(area->frame, row, 18, 7, styles[level < 4 ? level : 3],
			    nw_relay_level_name((enum nw_relay_level)level));
	top_put_bar(area->frame, row, 25, 10, styles[level < 4 ? level : 3],
		    ring ? (double)queued / (double)ring : 0);
	for (int k = 0; k < 2; k++)
		top_put_right(
			area->frame, row, 37 + 11 * k, 11, TOP_PLAIN,
			top_short(top_rate_of(shards, i, top_column_named(shards, columns[k])),
				  text, sizeof(text)));
	top_put_right(area->frame, row, 60, 10, TOP_PLAIN,
		      top_short((double)sum_of(shards, i, "refused_"), text, sizeof(text)));
	top_put_right(area->frame, row, 70, 10, TOP_PLAIN,
		      top_short((double)sum_of(shards, i, "dropped_"), text, sizeof(text)));
}

/* What limits held back, by reason, as far as there is any of it. */
static int put_reasons(const struct top_area *area, const struct top_table *shards,
		       const struct top_view *view, int line)
{
	for (uint32_t i = 0; i < shards->column_count; i++) {
		const char *name = shards->columns[i].name;
		char count[32], rate[16];
		int row;

		if ((strncmp(name, "refused_", 8) != 0 && strncmp(name, "dropped_", 8) != 0) ||
		    top_sum(shards, (int)i) == 0)
			continue;
		row = top_row_in(area, view, line++);
		if (row < 0)
			continue;
		(void)top_put(area->frame, row, 2, TOP_PLAIN, "%.7s: %s", name, name + 8);
		top_put_right(area->frame, row, 36, 18, TOP_WARN,
			      app_format_count(top_sum(shards, (int)i), count, sizeof(count)));
		(void)top_put(area->frame, row, 58, TOP_DIM, "%s/s",
			      top_short(top_sum_rate(shards, (int)i), rate, sizeof(rate)));
	}
	return line;
}

static void draw_relay(const struct top_area *area, const struct top_program *program,
		       struct top_view *view)
{
	const struct top_table *shards = top_table_named(program, "shard");
	int row = top_put_texts(area, program), line = 0;
	struct top_area below = { area->frame, row + 1, area->bottom };

	if (!shards || below.top >= area->bottom)
		return;
	(void)top_put(area->frame, row, 0, TOP_BOLD, "%-18s%-7s%-11s%12s%12s%10s%10s", "shard",
		      "level", "ring", "accepted/s", "delivered/s", "refused", "dropped");
	for (uint32_t i = 0; i < shards->row_count; i++) {
		int at = top_row_in(&below, view, line++);

		if (at >= 0)
			put_shard(&below, shards, i, at);
	}
	line = put_reasons(&below, shards, view, line + 1);
	top_lines_were(&below, view, line);
}

/* --- scan --- */

static void put_scan_progress(const struct top_area *area, const struct top_table *workers, int row)
{
	uint64_t places = top_sum(workers, top_column_named(workers, "places"));
	uint64_t done = top_sum(workers, top_column_named(workers, "asked")) +
			top_sum(workers, top_column_named(workers, "not_asked"));
	double share = places ? (double)done / (double)places : 0;

	top_put_bar(area->frame, row, 0, 50, TOP_GOOD, share);
	(void)top_put(area->frame, row, 52, TOP_BOLD, "%.1f %%", share * 100);
	put_left(area, row, 60, top_scan_left_s(workers), "unknown");
}

static void put_scan_figures(const struct top_area *area, const struct top_table *workers, int row)
{
	static const struct {
		const char *left, *right;
	} rows[] = { { "sent", "open" },    { "asked", "closed" },    { "received", "unreachable" },
		     { "timed_out", "up" }, { "dropped", "banners" }, { "handed_over", "forged" } };

	for (size_t i = 0; i < APP_COUNT_OF(rows); i++) {
		put_sum(area, row + (int)i, 0, rows[i].left, workers, rows[i].left);
		put_sum(area, row + (int)i, 42, rows[i].right, workers, rows[i].right);
	}
}

static void draw_scan(const struct top_area *area, const struct top_program *program,
		      struct top_view *view)
{
	const struct top_table *workers = top_table_named(program, "workers");
	int row = top_put_texts(area, program);
	struct top_area below = { area->frame, row + 10, area->bottom };

	if (!workers)
		return;
	put_scan_progress(area, workers, row);
	put_scan_figures(area, workers, row + 2);
	(void)top_put(area->frame, row + 9, 0, TOP_BOLD, "%-30s%12s%12s%12s", "worker", "sent/s",
		      "open", "received/s");
	for (uint32_t i = 0; i < workers->row_count; i++) {
		int at = top_row_in(&below, view, (int)i);
		char n[3][32];

		if (at < 0)
			continue;
		(void)top_put(
			area->frame, at, 0, TOP_PLAIN, "%-30s%12s%12s%12s", workers->rows[i].label,
			top_short(top_rate_of(workers, i, top_column_named(workers, "sent")), n[0],
				  sizeof(n[0])),
			app_format_count(top_value(workers, i, top_column_named(workers, "open")),
					 n[1], sizeof(n[1])),
			top_short(top_rate_of(workers, i, top_column_named(workers, "received")),
				  n[2], sizeof(n[2])));
	}
	top_lines_were(&below, view, (int)workers->row_count);
}

/* --- cdn --- */

static void draw_cdn(const struct top_area *area, const struct top_program *program,
		     struct top_view *view)
{
	static const struct {
		const char *left, *right;
	} rows[] = { { "answered", "under_way" },
		     { "fronts", "origins" },
		     { "dns_questions", "connections" },
		     { "cache_hits", "cache_misses" } };
	const struct top_table *asker = top_table_named(program, "asker");
	const struct top_table *providers = top_table_named(program, "providers");
	struct top_area below = *area;

	below.top = top_put_texts(area, program) - (program->text_count == 0);
	for (size_t i = 0; asker && i < APP_COUNT_OF(rows); i++) {
		put_sum(area, below.top, 0, rows[i].left, asker, rows[i].left);
		put_sum(area, below.top++, 42, rows[i].right, asker, rows[i].right);
	}
	below.top++;
	if (providers && below.top < area->bottom)
		top_draw_table(&below, providers, view);
}

/* --- All --- */

static void draw_any(const struct top_area *area, const struct top_program *program,
		     struct top_view *view)
{
	struct top_area below = *area;

	below.top = top_put_texts(area, program);
	if (program->table_count > 0)
		top_draw_table(&below, &program->tables[0], view);
}

void top_draw_program(const struct top_area *area, const struct top_program *program,
		      struct top_view *view)
{
	static const struct {
		const char *name;
		void (*draw)(const struct top_area *area, const struct top_program *program,
			     struct top_view *view);
	} screens[] = { { "check", draw_check },
			{ "relay", draw_relay },
			{ "scan", draw_scan },
			{ "cdn", draw_cdn },
			{ "dag", top_draw_dag } };

	for (size_t i = 0; i < APP_COUNT_OF(screens); i++)
		if (strcmp(program->name, screens[i].name) == 0) {
			screens[i].draw(area, program, view);
			return;
		}
	draw_any(area, program, view);
}
