/* SPDX-License-Identifier: MIT */
/*
 * What a benchmark printed, line by line.
 * Invariant: counts never exceed what is allocated; every note is a string of its own.
 */
#include "bench/bench.h"

#include "common/app.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more of item_bytes. */
static bool make_room(void **items, size_t count, size_t *count_max, size_t item_bytes)
{
	size_t more = *count_max * 2 + 32;
	void *grown;

	if (count < *count_max)
		return true;
	grown = realloc(*items, more * item_bytes);
	if (!grown)
		return false;
	*items = grown;
	*count_max = more;
	return true;
}

static bool take_note(struct table *table, const char *text)
{
	void *notes = table->notes;
	bool is_room = make_room(&notes, table->note_count, &table->note_count_max, sizeof(char *));

	table->notes = notes;
	if (!is_room)
		return false;
	table->notes[table->note_count] = strdup(text);
	if (!table->notes[table->note_count])
		return false;
	table->note_count++;
	return true;
}

static bool take_row(struct table *table, const struct row *row)
{
	void *rows = table->rows;
	bool is_room = make_room(&rows, table->row_count, &table->row_count_max,
				 sizeof(struct row));

	table->rows = rows;
	if (is_room)
		table->rows[table->row_count++] = *row;
	return is_room;
}

bool table_take(struct table *table, const char *line)
{
	struct row row = { .name = "" };

	if (strncmp(line, "# ", 2) == 0)
		return take_note(table, line + 2);
	if (sscanf(line, "%95[^\t]\t%15[^\t]\t%lf\t%lf\t%lf\t%lu\t%lf\t%lf", row.name, row.unit,
		   &row.median, &row.p10, &row.p90, &row.n, &row.min, &row.ratio) < 6)
		return true; /* the header, or what a program adds for people */
	return take_row(table, &row);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->note_count; i++)
		free(table->notes[i]);
	free(table->notes);
	free(table->rows);
}

static json_t *row_json(const struct row *row)
{
	json_t *json = json_pack("{s:s, s:s, s:f, s:f, s:f, s:I}", "name", row->name, "unit",
				 row->unit, "median", row->median, "p10", row->p10, "p90", row->p90,
				 "n", (json_int_t)row->n);

	if (row->ratio > 0) {
		(void)json_object_set_new(json, "min", json_real(row->min));
		(void)json_object_set_new(json, "ratio", json_real(row->ratio));
	}
	return json;
}

int table_print_json(const struct table *table, const char *name)
{
	json_t *rows = json_array(), *notes = json_array();

	for (size_t i = 0; i < table->row_count; i++)
		(void)json_array_append_new(rows, row_json(&table->rows[i]));
	for (size_t i = 0; i < table->note_count; i++)
		(void)json_array_append_new(notes, json_string(table->notes[i]));
	return app_print_json(
		BENCH, json_pack("{s:s, s:o, s:o}", "bench", name, "notes", notes, "rows", rows));
}
