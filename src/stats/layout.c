/* SPDX-License-Identifier: MIT */
/*
 * Check what a program declares, and lay its file out.
 *
 * Invariant: counting and writing are one walk, so the file is as long as what is written to it.
 */
#include "stats/layout.h"

#include "base/bits.h"
#include "base/diag.h"
#include "os/pages.h"

#include <errno.h>
#include <string.h>

/* --- What is allowed --- */

static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t n = name ? strlen(name) : 0;

	return n > 0 && n < NW_STATS_NAME_BYTES && strspn(name, letters) == n;
}

static int refuse(struct nw_diag *reterr_diag, const char *what, const char *name)
{
	nwi_diag_set(reterr_diag, "statistics: %s: %s", what, name ? name : "(none)");
	return -EINVAL;
}

static int check_columns(const struct nw_stats_table *table, struct nw_diag *reterr_diag)
{
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct nw_stats_column *column = &table->columns[i];

		if (!is_name(column->name))
			return refuse(reterr_diag, "a column's name is 1 to 31 of a-z, 0-9, _",
				      column->name);
		if (column->unit && strlen(column->unit) >= NW_STATS_UNIT_BYTES)
			return refuse(reterr_diag, "a unit has 15 bytes at most", column->unit);
		if (column->kind < NW_STATS_COUNTER || column->kind > NW_STATS_STATE)
			return refuse(reterr_diag, "no such kind of column", column->name);
	}
	return 0;
}

static int check_table(const struct nw_stats_table *table, struct nw_diag *reterr_diag)
{
	if (!is_name(table->name))
		return refuse(reterr_diag, "a table's name is 1 to 31 of a-z, 0-9, _", table->name);
	if (table->column_count < 1 || table->column_count > NW_STATS_COLUMN_MAX)
		return refuse(reterr_diag, "a table has 1 to 64 columns", table->name);
	if (table->row_count < 1 || table->row_count > NW_STATS_ROW_MAX)
		return refuse(reterr_diag, "a table has 1 to 65536 rows", table->name);
	return check_columns(table, reterr_diag);
}

int nwi_stats_check(const struct nw_stats_options *options, struct nw_diag *reterr_diag)
{
	int rc = 0;

	if (!is_name(options->program))
		return refuse(reterr_diag, "a program's name is 1 to 31 of a-z, 0-9, _",
			      options->program);
	if (options->table_count < 1 || options->table_count > NW_STATS_TABLE_MAX)
		return refuse(reterr_diag, "1 to 16 tables", options->program);
	if (options->text_count > NW_STATS_TEXT_MAX)
		return refuse(reterr_diag, "32 texts at most", options->program);
	if (options->note_count > NW_STATS_NOTE_MAX ||
	    (options->note_count && !nwi_is_pow2(options->note_count)))
		return refuse(reterr_diag, "notes: 0 or a power of two up to 65536",
			      options->program);
	for (uint32_t i = 0; rc == 0 && i < options->table_count; i++)
		rc = check_table(&options->tables[i], reterr_diag);
	for (uint32_t i = 0; rc == 0 && i < options->text_count; i++)
		if (!is_name(options->text_names[i]))
			rc = refuse(reterr_diag, "a text's name is 1 to 31 of a-z, 0-9, _",
				    options->text_names[i]);
	return rc;
}

/* --- The walk --- */

struct walk {
	const struct nw_stats_options *options;
	struct nwi_stats_head *head; /* NULL: only count */
	uint64_t at;
};

/* Takes room; the place of it, NULL when only counting. */
static void *take(struct walk *walk, uint64_t n_bytes, uint64_t align, uint64_t *ret_at)
{
	*ret_at = nwi_round_up(walk->at, align);
	walk->at = *ret_at + n_bytes;
	return walk->head ? nwi_stats_at(walk->head, *ret_at) : NULL;
}

static void copy(char *to, const char *from, size_t to_bytes)
{
	size_t n = from ? strlen(from) : 0;

	n = n < to_bytes ? n : to_bytes - 1;
	if (n > 0)
		memcpy(to, from, n);
	to[n] = '\0';
}

static void make_lock(void *memory, size_t value_bytes)
{
	struct nw_seqlock *lock;

	if (memory)
		/* The place is aligned and long enough: it was taken so. */
		(void)!nw_seqlock_init(&lock, memory, nw_seqlock_bytes(value_bytes), value_bytes);
}

static void lay_columns(struct walk *walk, const struct nw_stats_table *table,
			struct nwi_stats_table *to)
{
	uint64_t at;
	struct nwi_stats_column *columns = take(walk, table->column_count * sizeof(*columns),
						alignof(uint64_t), &at);

	if (!to)
		return;
	to->columns_at = at;
	for (uint32_t i = 0; i < table->column_count; i++) {
		copy(columns[i].name, table->columns[i].name, sizeof(columns[i].name));
		copy(columns[i].unit, table->columns[i].unit, sizeof(columns[i].unit));
		columns[i].kind = table->columns[i].kind;
	}
}

static void lay_tables(struct walk *walk)
{
	const struct nw_stats_options *options = walk->options;
	uint64_t at;
	struct nwi_stats_table *tables = take(walk, options->table_count * sizeof(*tables),
					      alignof(uint64_t), &at);

	if (walk->head)
		walk->head->tables_at = at;
	for (uint32_t i = 0; i < options->table_count; i++) {
		const struct nw_stats_table *table = &options->tables[i];
		struct nwi_stats_table *to = tables ? &tables[i] : NULL;

		lay_columns(walk, table, to);
		(void)take(walk, table->row_count * sizeof(struct nwi_stats_row), alignof(uint64_t),
			   &at);
		if (!to)
			continue;
		copy(to->name, table->name, sizeof(to->name));
		to->column_count = table->column_count;
		to->row_count = table->row_count;
		to->rows_at = at;
	}
}

static void lay_texts(struct walk *walk)
{
	const struct nw_stats_options *options = walk->options;
	uint64_t at;
	struct nwi_stats_text *texts = take(walk, options->text_count * sizeof(*texts),
					    alignof(uint64_t), &at);

	if (walk->head)
		walk->head->texts_at = at;
	for (uint32_t i = 0; i < options->text_count; i++) {
		make_lock(take(walk, nwi_stats_text_bytes(), NW_CACHE_PAIR, &at),
			  NW_STATS_TEXT_BYTES);
		if (!texts)
			continue;
		copy(texts[i].name, options->text_names[i], sizeof(texts[i].name));
		texts[i].at = at;
	}
}

static void lay_notes(struct walk *walk)
{
	uint64_t at, n_bytes = nwi_stats_note_bytes();
	char *notes = take(walk, walk->options->note_count * n_bytes, NW_CACHE_PAIR, &at);

	if (!notes)
		return;
	walk->head->notes_at = at;
	for (uint32_t i = 0; i < walk->options->note_count; i++)
		make_lock(notes + i * n_bytes, sizeof(struct nwi_stats_note));
}

static void lay_row(struct walk *walk, uint32_t table_idx, uint32_t row_idx, int32_t node)
{
	const struct nw_stats_table *table = &walk->options->tables[table_idx];
	struct nwi_stats_table *tables;
	struct nwi_stats_row *rows;
	uint64_t at, label_at;

	(void)take(walk, table->column_count * sizeof(uint64_t), NW_CACHE_PAIR, &at);
	make_lock(take(walk, nw_seqlock_bytes(NW_STATS_LABEL_BYTES), NW_CACHE_PAIR, &label_at),
		  NW_STATS_LABEL_BYTES);
	if (!walk->head)
		return;
	tables = nwi_stats_at(walk->head, walk->head->tables_at);
	rows = nwi_stats_at(walk->head, tables[table_idx].rows_at);
	rows[row_idx] = (struct nwi_stats_row){ .at = at, .label_at = label_at, .node = node };
}

static int32_t node_of(const struct nw_stats_table *table, uint32_t row_idx)
{
	return table->row_nodes ? table->row_nodes[row_idx].id : NW_NODE_ANY.id;
}

static void lay_rows_of(struct walk *walk, int32_t node)
{
	walk->at = nwi_round_up(walk->at, nwi_page_bytes());
	for (uint32_t t = 0; t < walk->options->table_count; t++)
		for (uint32_t r = 0; r < walk->options->tables[t].row_count; r++)
			if (node_of(&walk->options->tables[t], r) == node)
				lay_row(walk, t, r, node);
}

/* The least node above one that some row is for; false: none is. */
static bool next_node(const struct nw_stats_options *options, int32_t *inout_node)
{
	int32_t best = INT32_MAX;

	for (uint32_t t = 0; t < options->table_count; t++)
		for (uint32_t r = 0; r < options->tables[t].row_count; r++) {
			int32_t node = node_of(&options->tables[t], r);

			if (node > *inout_node && node < best)
				best = node;
		}
	*inout_node = best;
	return best != INT32_MAX;
}

uint64_t nwi_stats_lay_out(const struct nw_stats_options *options, struct nwi_stats_head *head,
			   struct nwi_stats_span *spans, uint32_t *ret_span_count)
{
	struct walk walk = { options, head, sizeof(*head) };
	int32_t node = NW_NODE_ANY.id;
	uint32_t span_count = 0;

	lay_tables(&walk);
	lay_texts(&walk);
	lay_notes(&walk);
	lay_rows_of(&walk, node);
	while (next_node(options, &node)) {
		uint64_t from = nwi_round_up(walk.at, nwi_page_bytes());

		lay_rows_of(&walk, node);
		walk.at = nwi_round_up(walk.at, nwi_page_bytes());
		if (spans)
			spans[span_count] = (struct nwi_stats_span){ from, walk.at - from, node };
		span_count++;
	}
	if (ret_span_count)
		*ret_span_count = span_count;
	return nwi_round_up(walk.at, nwi_page_bytes());
}
