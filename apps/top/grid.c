/* SPDX-License-Identifier: MIT */
/*
 * A table on the grid: rows that match, ordered by a column, each value by its unit.
 *
 * Invariant: order and search look at what is shown; equal rows stay in the order they have in the
 * file. The label is column 0 of what can be ordered by, numbers follow.
 */
#include "top/top.h"

#include <nw/dag.h>
#include <nw/relay.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { CELL_BYTES = 48, WIDTH_LEAST = 6, GAP = 2, LABEL_LEAST = 20 };

/* --- One value --- */

static void time_of_day(uint64_t wall_ns, char *buf, size_t buf_bytes)
{
	time_t seconds = (time_t)(wall_ns / TOP_NS_PER_S);
	struct tm parts;

	if (wall_ns == 0 || !localtime_r(&seconds, &parts) ||
	    strftime(buf, buf_bytes, "%H:%M:%S", &parts) == 0)
		(void)snprintf(buf, buf_bytes, "-");
}

/* The n-th word of "green|yellow|red". */
static bool state_word(const char *unit, uint64_t n, char *buf, size_t buf_bytes)
{
	while (n > 0 && unit) {
		unit = strchr(unit, '|');
		unit = unit ? unit + 1 : NULL;
		n--;
	}
	if (!unit || !*unit)
		return false;
	(void)snprintf(buf, buf_bytes, "%.*s", (int)strcspn(unit, "|"), unit);
	return true;
}

/* Columns whose numbers are names. */
static bool named_value(const struct top_table *table, const struct top_column *column,
			uint64_t value, char *buf, size_t buf_bytes)
{
	if (column->kind == NW_STATS_STATE)
		return state_word(column->unit, value, buf, buf_bytes);
	if (strcmp(table->name, "shard") == 0 && strcmp(column->name, "level") == 0)
		(void)snprintf(buf, buf_bytes, "%s",
			       nw_relay_level_name((enum nw_relay_level)value));
	else if (strcmp(table->name, "tasks") == 0 && strcmp(column->name, "state") == 0)
		(void)snprintf(buf, buf_bytes, "%s", nw_dag_state_name((enum nw_dag_state)value));
	else
		return false;
	return true;
}

char *top_value_text(const struct top_table *table, uint32_t row_idx, uint32_t column_idx,
		     char *buf, size_t buf_bytes)
{
	const struct top_column *column = &table->columns[column_idx];
	uint64_t value = top_value(table, row_idx, (int)column_idx);
	const char *unit = column->unit;

	if (named_value(table, column, value, buf, buf_bytes))
		return buf;
	if (value == UINT64_MAX)
		(void)snprintf(buf, buf_bytes, "-");
	else if (strcmp(unit, "wall_ns") == 0)
		time_of_day(value, buf, buf_bytes);
	else if (strcmp(unit, "ns") == 0)
		(void)app_format_duration(value, buf, buf_bytes);
	else if (strcmp(unit, "bytes") == 0)
		(void)app_format_bytes(value, buf, buf_bytes);
	else if (strcmp(unit, "per mille") == 0)
		(void)snprintf(buf, buf_bytes, "%.1f %%", (double)value / 10);
	else
		(void)app_format_count(value, buf, buf_bytes);
	return buf;
}

/* --- Which rows, in which order --- */

static bool contains(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

static bool matches(const struct top_table *table, uint32_t row_idx, const char *word)
{
	char text[CELL_BYTES];

	if (!*word || contains(table->rows[row_idx].label, word))
		return true;
	for (uint32_t i = 0; i < table->column_count; i++)
		if (contains(top_value_text(table, row_idx, i, text, sizeof(text)), word))
			return true;
	return false;
}

bool top_is_unused(const struct top_table *table, uint32_t row_idx)
{
	/* Of all providers that are known, those that were met. */
	if (table->rows[row_idx].label[0] && strcmp(table->name, "providers") != 0)
		return false;
	for (uint32_t i = 0; i < table->column_count; i++)
		if (top_value(table, row_idx, (int)i) != 0)
			return false;
	return true;
}

/* Digits in a label count as a number: "10.0.0.9" is before "10.0.0.10". */
static int compare_labels(const char *a, const char *b)
{
	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			char *a_end, *b_end;
			unsigned long long x = strtoull(a, &a_end, 10), y = strtoull(b, &b_end, 10);

			if (x != y)
				return x < y ? -1 : 1;
			a = a_end;
			b = b_end;
			continue;
		}
		if (*a != *b)
			break;
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

struct order {
	const struct top_table *table;
	uint32_t sort_column;
	bool is_descending;
};

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int result = 0;

	if (order->sort_column == 1) {
		result = compare_labels(order->table->rows[x].label, order->table->rows[y].label);
	} else if (order->sort_column > 1) {
		int column = (int)order->sort_column - 2;
		uint64_t left = top_value(order->table, x, column);
		uint64_t right = top_value(order->table, y, column);

		result = left < right ? -1 : left > right;
	}
	if (result == 0)
		return x < y ? -1 : 1;
	return order->is_descending ? -result : result;
}

uint32_t top_order(const struct top_table *table, const struct top_view *view, uint32_t *ret_order)
{
	struct order order = { table, view->sort_column, view->is_descending };
	uint32_t count = 0;

	for (uint32_t i = 0; i < table->row_count; i++)
		if (!top_is_unused(table, i) && matches(table, i, view->search))
			ret_order[count++] = i;
	if (count > 1)
		qsort_r(ret_order, count, sizeof(*ret_order), compare_rows, &order);
	return count;
}

/* --- On the grid --- */

/* What a value tells of itself by its name and number. */
static enum top_style style_of(const struct top_column *column, const char *text, uint64_t value)
{
	if (strcmp(column->unit, "per mille") == 0 && strcmp(column->name, "probability") == 0)
		return value >= 900 ? TOP_GOOD : value >= 500 ? TOP_WARN : TOP_DIM;
	if (strcmp(text, "green") == 0 || strcmp(text, "completed") == 0 ||
	    strcmp(text, "open") == 0)
		return TOP_GOOD;
	if (strcmp(text, "yellow") == 0 || strcmp(text, "orange") == 0 ||
	    strcmp(text, "running") == 0)
		return TOP_WARN;
	if (strcmp(text, "red") == 0 || strcmp(text, "failed") == 0)
		return TOP_BAD;
	return TOP_PLAIN;
}

/* What hides behind a front stands out. */
static enum top_style label_style(const struct top_table *table, uint32_t row_idx)
{
	return top_value(table, row_idx, top_column_named(table, "origins")) > 0 ? TOP_MARK
										 : TOP_PLAIN;
}

static int width_of(const struct top_table *table, uint32_t column_idx, const uint32_t *order,
		    uint32_t count)
{
	int width = (int)strlen(table->columns[column_idx].name);
	char text[CELL_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		int its = (int)strlen(
			top_value_text(table, order[i], column_idx, text, sizeof(text)));

		width = its > width ? its : width;
	}
	return width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

static int label_width(const struct top_table *table, const uint32_t *order, uint32_t count,
		       int columns)
{
	int width = LABEL_LEAST;

	for (uint32_t i = 0; i < count; i++) {
		int its = (int)strlen(table->rows[order[i]].label);

		width = its > width ? its : width;
	}
	return width > columns / 2 ? columns / 2 : width;
}

/* Which columns are shown, how wide. */
struct layout {
	int label_columns;
	uint32_t first; /* what is before it is left out */
	int widths[NW_STATS_COLUMN_MAX];
};

/* As many are left out as it takes to have the sorted one in sight. */
static uint32_t first_column(const struct top_table *table, const struct top_view *view,
			     const struct layout *layout, int room)
{
	uint32_t wanted = view->sort_column > 1 ? view->sort_column - 2 : 0, first = wanted;
	int used = 0;

	if (wanted >= table->column_count)
		return 0;
	for (uint32_t i = wanted + 1; i-- > 0;) {
		used += layout->widths[i] + GAP;
		if (used > room)
			break;
		first = i;
	}
	return first;
}

static void lay_out(struct layout *layout, const struct top_table *table,
		    const struct top_view *view, const uint32_t *order, uint32_t count, int columns)
{
	layout->label_columns = label_width(table, order, count, columns);
	for (uint32_t i = 0; i < table->column_count; i++)
		layout->widths[i] = width_of(table, i, order, count);
	layout->first = first_column(table, view, layout, columns - layout->label_columns - GAP);
}

/* A number is shown whole or not at all. */
static bool fits(const struct top_area *area, int at, int width)
{
	return at + width <= area->frame->columns;
}

static void put_head(const struct top_area *area, const struct top_table *table,
		     const struct top_view *view, const struct layout *layout)
{
	int at = layout->label_columns + GAP;
	const char *mark = view->is_descending ? "v" : "^";

	top_put_line(area->frame, area->top, TOP_BOLD, "");
	(void)top_put(area->frame, area->top, 0, TOP_BOLD, "%s%s", table->name,
		      view->sort_column == 1 ? mark : "");
	for (uint32_t i = layout->first; i < table->column_count; at += layout->widths[i++] + GAP) {
		bool is_sorted = view->sort_column == i + 2;

		if (!fits(area, at, layout->widths[i])) {
			(void)top_put(area->frame, area->top, area->frame->columns - 1, TOP_MARK,
				      ">");
			return;
		}
		top_put_right(area->frame, area->top, at, layout->widths[i],
			      is_sorted ? TOP_MARK : TOP_BOLD, table->columns[i].name);
		if (is_sorted)
			(void)top_put(area->frame, area->top, at + layout->widths[i], TOP_MARK,
				      "%s", mark);
	}
}

static void put_row(const struct top_area *area, const struct top_table *table, uint32_t row_idx,
		    int row, const struct layout *layout)
{
	int at = layout->label_columns + GAP;
	char text[CELL_BYTES];

	(void)top_put_width(area->frame, row, 0, layout->label_columns, label_style(table, row_idx),
			    table->rows[row_idx].label);
	for (uint32_t i = layout->first;
	     i < table->column_count && fits(area, at, layout->widths[i]);
	     at += layout->widths[i++] + GAP) {
		(void)top_value_text(table, row_idx, i, text, sizeof(text));
		top_put_right(area->frame, row, at, layout->widths[i],
			      style_of(&table->columns[i], text, top_value(table, row_idx, (int)i)),
			      text);
	}
}

void top_draw_table(const struct top_area *area, const struct top_table *table,
		    struct top_view *view)
{
	struct top_area below = { area->frame, area->top + 1, area->bottom };
	uint32_t *order = calloc(table->row_count, sizeof(*order)), count;
	struct layout layout;

	if (!order)
		return;
	count = top_order(table, view, order);
	lay_out(&layout, table, view, order, count, area->frame->columns);
	put_head(area, table, view, &layout);
	for (uint32_t i = 0; i < count; i++) {
		int row = top_row_in(&below, view, (int)i);

		if (row >= 0)
			put_row(&below, table, order[i], row, &layout);
	}
	if (count == 0)
		(void)top_put(area->frame, below.top, 0, TOP_DIM, "%s",
			      *view->search ? "nothing matches the search" : "nothing yet");
	top_lines_were(&below, view, (int)count);
	free(order);
}
