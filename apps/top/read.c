/* SPDX-License-Identifier: MIT */
/*
 * A file of numbers -> struct top_program. Invariant: values and rates of a table are of one
 * reading; a rate is of the last two.
 */
#include "top/top.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int top_number_behind(const char *label, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(label, word); at; at = strstr(at + n, word)) {
		bool begins = at == label || !isalnum((unsigned char)at[-1]);

		if (begins && at[n] == ' ' && isdigit((unsigned char)at[n + 1]))
			return (int)strtol(at + n + 1, NULL, 10);
	}
	return -1;
}

double top_rate(uint64_t before, uint64_t now, uint64_t ns)
{
	if (now <= before || ns == 0)
		return 0;
	return (double)(now - before) * 1e9 / (double)ns;
}

/* --- What it is --- */

static int describe_table(const struct nw_stats_view *view, uint32_t table_idx,
			  struct top_table *table)
{
	struct nw_stats_table_info info;
	size_t cells;

	nw_stats_table_info(view, table_idx, &info);
	(void)snprintf(table->name, sizeof(table->name), "%s", info.name);
	cells = (size_t)info.row_count * info.column_count;
	table->columns = calloc(info.column_count, sizeof(*table->columns));
	table->rows = calloc(info.row_count, sizeof(*table->rows));
	table->values = calloc(cells, sizeof(*table->values));
	table->rates = calloc(cells, sizeof(*table->rates));
	if (!table->columns || !table->rows || !table->values || !table->rates)
		return -ENOMEM;
	table->column_count = info.column_count;
	table->row_count = info.row_count;
	for (uint32_t i = 0; i < info.column_count; i++) {
		struct nw_stats_column_info column;
		struct top_column *to = &table->columns[i];

		nw_stats_column_info(view, table_idx, i, &column);
		(void)snprintf(to->name, sizeof(to->name), "%s", column.name);
		(void)snprintf(to->unit, sizeof(to->unit), "%s", column.unit);
		to->kind = column.kind;
	}
	return 0;
}

static int describe_texts(struct top_program *program, uint32_t text_count)
{
	program->texts = calloc(text_count + 1, sizeof(*program->texts));
	if (!program->texts)
		return -ENOMEM;
	program->text_count = text_count;
	for (uint32_t i = 0; i < text_count; i++)
		(void)snprintf(program->texts[i].name, sizeof(program->texts[i].name), "%s",
			       nw_stats_text_name(program->view, i));
	return 0;
}

int top_describe(struct top_program *program)
{
	struct nw_stats_info info;
	int rc;

	nw_stats_info(program->view, &info);
	(void)snprintf(program->name, sizeof(program->name), "%s", info.program);
	program->pid = info.process_id;
	program->started_wall_ns = info.started_wall_ns;
	program->tables = calloc(info.table_count + 1, sizeof(*program->tables));
	program->notes = calloc(TOP_NOTES_MAX, sizeof(*program->notes));
	if (!program->tables || !program->notes)
		return -ENOMEM;
	program->table_count = info.table_count;
	rc = describe_texts(program, info.text_count);
	for (uint32_t i = 0; rc == 0 && i < info.table_count; i++)
		rc = describe_table(program->view, i, &program->tables[i]);
	return rc;
}

/* --- What it says now --- */

static void read_row(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx,
		     struct top_table *table, uint64_t ns)
{
	struct top_row *row = &table->rows[row_idx];
	char label[NW_STATS_LABEL_BYTES];

	for (uint32_t i = 0; i < table->column_count; i++) {
		size_t at = (size_t)row_idx * table->column_count + i;
		uint64_t now = nw_stats_value(view, table_idx, row_idx, i);
		bool counts = table->columns[i].kind == NW_STATS_COUNTER;

		table->rates[at] = counts ? top_rate(table->values[at], now, ns) : 0;
		table->values[at] = now;
	}
	/* A label that was being written all the while stays what it was. */
	if (nw_stats_read_label(view, table_idx, row_idx, label))
		memcpy(row->label, label, sizeof(row->label));
	row->cpu_id = top_number_behind(row->label, "CPU");
	row->node_id = top_number_behind(row->label, "node");
	if (row->node_id < 0)
		row->node_id = nw_stats_row_node(view, table_idx, row_idx).id;
}

/* Notes that came since the last time, behind those that there is still room for. */
static void read_notes(struct top_program *program)
{
	static struct nw_stats_note_info fresh[TOP_NOTES_MAX];
	uint32_t count = nw_stats_read_notes(program->view, &program->notes_next, fresh,
					     TOP_NOTES_MAX);
	uint32_t kept = program->note_count;

	if (kept + count > TOP_NOTES_MAX) {
		uint32_t gone = kept + count - TOP_NOTES_MAX;

		memmove(program->notes, program->notes + gone,
			(kept - gone) * sizeof(*program->notes));
		kept -= gone;
	}
	memcpy(program->notes + kept, fresh, count * sizeof(*fresh));
	program->note_count = kept + count;
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * TOP_NS_PER_S + (uint64_t)now.tv_nsec;
}

int top_read(struct top_program *program)
{
	uint64_t now = top_now_ns(), before = program->read_ns;
	uint64_t ns = before ? now - before : 0;

	for (uint32_t t = 0; t < program->table_count; t++)
		for (uint32_t r = 0; r < program->tables[t].row_count; r++)
			read_row(program->view, t, r, &program->tables[t], ns);
	for (uint32_t i = 0; i < program->text_count; i++) {
		char text[NW_STATS_TEXT_BYTES];

		if (nw_stats_read_text(program->view, program->texts[i].name, text))
			memcpy(program->texts[i].text, text, sizeof(text));
	}
	read_notes(program);
	program->is_alive = nw_stats_is_alive(program->view);
	program->has_rates = before != 0;
	program->read_ns = now;
	program->read_wall_ns = wall_ns();
	return top_read_process(program);
}

/* --- What is in it --- */

const struct top_table *top_table_named(const struct top_program *program, const char *name)
{
	for (uint32_t i = 0; i < program->table_count; i++)
		if (strcmp(program->tables[i].name, name) == 0)
			return &program->tables[i];
	return NULL;
}

const char *top_text_named(const struct top_program *program, const char *name)
{
	for (uint32_t i = 0; i < program->text_count; i++)
		if (strcmp(program->texts[i].name, name) == 0)
			return program->texts[i].text;
	return NULL;
}

void top_program_free(struct top_program *program)
{
	for (uint32_t i = 0; program->tables && i < program->table_count; i++) {
		free(program->tables[i].columns);
		free(program->tables[i].rows);
		free(program->tables[i].values);
		free(program->tables[i].rates);
	}
	free(program->tables);
	free(program->texts);
	free(program->notes);
	free(program->threads);
	nw_stats_close(program->view);
	*program = (struct top_program){ .pid = 0 };
}
