/* SPDX-License-Identifier: MIT */
/*
 * The reading side of a file of numbers.
 *
 * Invariant: after nw_stats_open() every place that the file names lies inside of it, and every
 * name ends. The files are this user's own: what was checked is not checked again.
 */
#include "stats/layout.h"

#include "base/bits.h"
#include "os/heap.h"
#include "os/segment.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 1000 };

struct nw_stats_view {
	const struct nwi_stats_head *head;
	size_t n_bytes;
};

/* --- Opening: nothing is trusted --- */

static bool is_inside(const struct nw_stats_view *view, uint64_t at, uint64_t count, uint64_t each)
{
	return at % alignof(uint64_t) == 0 && at <= view->n_bytes && each > 0 &&
	       count <= (view->n_bytes - at) / each;
}

static bool is_lock(const struct nw_stats_view *view, uint64_t at, uint64_t value_bytes)
{
	/* The size of its value is a lock's first word. */
	return is_inside(view, at, 1, nw_seqlock_bytes(value_bytes)) &&
	       *(const uint64_t *)nwi_stats_at(view->head, at) == value_bytes;
}

static bool is_ended_text(const char *text, size_t n_bytes)
{
	return memchr(text, '\0', n_bytes) != NULL;
}

static bool are_columns_good(const struct nw_stats_view *view, const struct nwi_stats_table *table)
{
	const struct nwi_stats_column *columns = nwi_stats_at(view->head, table->columns_at);

	if (!is_inside(view, table->columns_at, table->column_count, sizeof(*columns)))
		return false;
	for (uint32_t i = 0; i < table->column_count; i++)
		if (!is_ended_text(columns[i].name, sizeof(columns[i].name)) ||
		    !is_ended_text(columns[i].unit, sizeof(columns[i].unit)) ||
		    columns[i].kind < NW_STATS_COUNTER || columns[i].kind > NW_STATS_STATE)
			return false;
	return true;
}

static bool are_rows_good(const struct nw_stats_view *view, const struct nwi_stats_table *table)
{
	const struct nwi_stats_row *rows = nwi_stats_at(view->head, table->rows_at);

	if (!is_inside(view, table->rows_at, table->row_count, sizeof(*rows)))
		return false;
	for (uint32_t i = 0; i < table->row_count; i++)
		if (!is_inside(view, rows[i].at, table->column_count, sizeof(uint64_t)) ||
		    !is_lock(view, rows[i].label_at, NW_STATS_LABEL_BYTES))
			return false;
	return true;
}

static bool are_tables_good(const struct nw_stats_view *view)
{
	const struct nwi_stats_head *head = view->head;
	const struct nwi_stats_table *tables = nwi_stats_at(head, head->tables_at);

	if (head->table_count > NW_STATS_TABLE_MAX ||
	    !is_inside(view, head->tables_at, head->table_count, sizeof(*tables)))
		return false;
	for (uint32_t i = 0; i < head->table_count; i++)
		if (tables[i].column_count < 1 || tables[i].column_count > NW_STATS_COLUMN_MAX ||
		    tables[i].row_count < 1 || tables[i].row_count > NW_STATS_ROW_MAX ||
		    !is_ended_text(tables[i].name, sizeof(tables[i].name)) ||
		    !are_columns_good(view, &tables[i]) || !are_rows_good(view, &tables[i]))
			return false;
	return true;
}

static bool are_texts_good(const struct nw_stats_view *view)
{
	const struct nwi_stats_head *head = view->head;
	const struct nwi_stats_text *texts = nwi_stats_at(head, head->texts_at);

	if (head->text_count > NW_STATS_TEXT_MAX ||
	    !is_inside(view, head->texts_at, head->text_count, sizeof(*texts)))
		return false;
	for (uint32_t i = 0; i < head->text_count; i++)
		if (!is_ended_text(texts[i].name, sizeof(texts[i].name)) ||
		    !is_lock(view, texts[i].at, NW_STATS_TEXT_BYTES))
			return false;
	return true;
}

static bool are_notes_good(const struct nw_stats_view *view)
{
	const struct nwi_stats_head *head = view->head;

	if (head->note_count > NW_STATS_NOTE_MAX ||
	    (head->note_count && !nwi_is_pow2(head->note_count)) ||
	    !is_inside(view, head->notes_at, head->note_count, nwi_stats_note_bytes()))
		return false;
	for (uint32_t i = 0; i < head->note_count; i++)
		if (!is_lock(view, head->notes_at + i * nwi_stats_note_bytes(),
			     sizeof(struct nwi_stats_note)))
			return false;
	return true;
}

static bool is_good(const struct nw_stats_view *view)
{
	const struct nwi_stats_head *head = view->head;

	return view->n_bytes >= sizeof(*head) && head->magic == NWI_STATS_MAGIC &&
	       head->version == NWI_STATS_VERSION && head->head_bytes == sizeof(*head) &&
	       head->total_bytes == view->n_bytes &&
	       is_ended_text(head->program, sizeof(head->program)) && are_tables_good(view) &&
	       are_texts_good(view) && are_notes_good(view);
}

int nw_stats_open(struct nw_stats_view **ret_view, const char *path)
{
	struct nw_stats_view *view = nwi_heap_alloc(sizeof(*view));
	const void *base;
	int rc;

	if (!view)
		return -ENOMEM;
	rc = nwi_segment_open(path, &base, &view->n_bytes);
	if (rc == -EINVAL)
		rc = -EBADMSG;
	if (rc == 0) {
		view->head = base;
		if (is_good(view)) {
			*ret_view = view;
			return 0;
		}
		nwi_segment_unmap(base, view->n_bytes);
		rc = -EBADMSG;
	}
	nwi_heap_free(view);
	return rc;
}

void nw_stats_close(struct nw_stats_view *view)
{
	if (!view)
		return;
	nwi_segment_unmap(view->head, view->n_bytes);
	nwi_heap_free(view);
}

bool nw_stats_is_alive(const struct nw_stats_view *view)
{
	uint64_t ticks;

	/* [stats_alive.mark] acquire, pairs with [stats_end.mark]: the numbers of a program that
	 * has ended are final. */
	if (atomic_load_explicit(&view->head->is_ended, memory_order_acquire))
		return false;
	return nwi_process_start(view->head->process_id, &ticks) == 0 &&
	       ticks == view->head->start_ticks;
}

/* --- What is in it --- */

void nw_stats_info(const struct nw_stats_view *view, struct nw_stats_info *ret_info)
{
	const struct nwi_stats_head *head = view->head;

	*ret_info = (struct nw_stats_info){ .program = head->program,
					    .process_id = head->process_id,
					    .started_wall_ns = head->wall_ns,
					    .table_count = head->table_count,
					    .text_count = head->text_count,
					    .note_count = head->note_count };
}

static const struct nwi_stats_table *table_of(const struct nw_stats_view *view, uint32_t table_idx)
{
	const struct nwi_stats_table *tables = nwi_stats_at(view->head, view->head->tables_at);

	assert(table_idx < view->head->table_count);
	return &tables[table_idx];
}

void nw_stats_table_info(const struct nw_stats_view *view, uint32_t table_idx,
			 struct nw_stats_table_info *ret_info)
{
	const struct nwi_stats_table *table = table_of(view, table_idx);

	*ret_info = (struct nw_stats_table_info){ table->name, table->column_count,
						  table->row_count };
}

void nw_stats_column_info(const struct nw_stats_view *view, uint32_t table_idx, uint32_t column_idx,
			  struct nw_stats_column_info *ret_info)
{
	const struct nwi_stats_table *table = table_of(view, table_idx);
	const struct nwi_stats_column *columns = nwi_stats_at(view->head, table->columns_at);

	assert(column_idx < table->column_count);
	*ret_info = (struct nw_stats_column_info){ columns[column_idx].name,
						   columns[column_idx].unit,
						   (enum nw_stats_kind)columns[column_idx].kind };
}

const char *nw_stats_text_name(const struct nw_stats_view *view, uint32_t text_idx)
{
	const struct nwi_stats_text *texts = nwi_stats_at(view->head, view->head->texts_at);

	assert(text_idx < view->head->text_count);
	return texts[text_idx].name;
}

bool nw_stats_find_table(const struct nw_stats_view *view, const char *name,
			 uint32_t *ret_table_idx)
{
	for (uint32_t i = 0; i < view->head->table_count; i++)
		if (strcmp(table_of(view, i)->name, name) == 0) {
			*ret_table_idx = i;
			return true;
		}
	return false;
}

bool nw_stats_find_column(const struct nw_stats_view *view, uint32_t table_idx, const char *name,
			  uint32_t *ret_column_idx)
{
	const struct nwi_stats_table *table = table_of(view, table_idx);
	const struct nwi_stats_column *columns = nwi_stats_at(view->head, table->columns_at);

	for (uint32_t i = 0; i < table->column_count; i++)
		if (strcmp(columns[i].name, name) == 0) {
			*ret_column_idx = i;
			return true;
		}
	return false;
}

/* --- What it says now --- */

static const struct nwi_stats_row *row_of(const struct nw_stats_view *view, uint32_t table_idx,
					  uint32_t row_idx)
{
	const struct nwi_stats_table *table = table_of(view, table_idx);
	const struct nwi_stats_row *rows = nwi_stats_at(view->head, table->rows_at);

	assert(row_idx < table->row_count);
	return &rows[row_idx];
}

uint64_t nw_stats_value(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx,
			uint32_t column_idx)
{
	const struct nw_stats_row *row = nwi_stats_at(view->head,
						      row_of(view, table_idx, row_idx)->at);

	assert(column_idx < table_of(view, table_idx)->column_count);
	/* relaxed: the slot's value is all there is: nothing is read through it. */
	return atomic_load_explicit(&row->values[column_idx], memory_order_relaxed);
}

nw_node nw_stats_row_node(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx)
{
	return (nw_node){ (int16_t)row_of(view, table_idx, row_idx)->node };
}

/* A text of a lock: all zero before it is written. */
static bool read_text(const struct nw_stats_view *view, uint64_t at, char *ret_text, size_t n_bytes)
{
	bool was_read = nw_seqlock_read(nwi_stats_at(view->head, at), ret_text, TRIES);

	if (!was_read)
		ret_text[0] = '\0';
	ret_text[n_bytes - 1] = '\0';
	return was_read;
}

bool nw_stats_read_label(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx,
			 char ret_text[NW_STATS_LABEL_BYTES])
{
	return read_text(view, row_of(view, table_idx, row_idx)->label_at, ret_text,
			 NW_STATS_LABEL_BYTES);
}

bool nw_stats_read_text(const struct nw_stats_view *view, const char *name,
			char ret_text[NW_STATS_TEXT_BYTES])
{
	const struct nwi_stats_text *texts = nwi_stats_at(view->head, view->head->texts_at);

	ret_text[0] = '\0';
	for (uint32_t i = 0; i < view->head->text_count; i++)
		if (strcmp(texts[i].name, name) == 0)
			return read_text(view, texts[i].at, ret_text, NW_STATS_TEXT_BYTES);
	return false;
}

/* The note of that index; false: not written yet, or no more. */
static bool read_note(const struct nw_stats_view *view, uint64_t idx,
		      struct nw_stats_note_info *ret_note)
{
	uint64_t place = idx % view->head->note_count;
	struct nwi_stats_note note;

	if (!nw_seqlock_read(
		    nwi_stats_at(view->head, view->head->notes_at + place * nwi_stats_note_bytes()),
		    &note, TRIES) ||
	    note.number != idx + 1)
		return false;
	*ret_note = (struct nw_stats_note_info){ .idx = idx, .wall_ns = note.wall_ns };
	memcpy(ret_note->text, note.text, sizeof(note.text));
	ret_note->text[sizeof(note.text) - 1] = '\0';
	return true;
}

uint32_t nw_stats_read_notes(const struct nw_stats_view *view, uint64_t *inout_next_idx,
			     struct nw_stats_note_info *ret_notes, uint32_t note_count)
{
	/* relaxed: a hint; the notes' locks say what is there. */
	uint64_t end = atomic_load_explicit(&view->head->note_head, memory_order_relaxed);
	uint64_t kept = view->head->note_count;
	uint64_t idx = *inout_next_idx;
	uint32_t count = 0;

	if (end > kept && idx < end - kept)
		idx = end - kept;
	for (; idx < end && count < note_count; idx++)
		count += read_note(view, idx, &ret_notes[count]);
	*inout_next_idx = idx;
	return count;
}

/* --- Which there are --- */

struct search {
	const char *folder;
	bool (*visit)(void *context, const char *path);
	void *context;
};

static bool visit_name(void *context, const char *name)
{
	static const char suffix[] = ".nwstats";
	const struct search *search = context;
	size_t n = strlen(name);
	char path[NW_STATS_PATH_BYTES];
	int length;

	if (n < sizeof(suffix) || strcmp(name + n - sizeof(suffix) + 1, suffix) != 0)
		return true;
	length = snprintf(path, sizeof(path), "%s/%s", search->folder, name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return true;
	return search->visit(search->context, path);
}

int nw_stats_each(const char *folder, bool (*visit)(void *context, const char *path), void *context)
{
	char own[NW_STATS_PATH_BYTES];
	struct search search = { folder, visit, context };
	int rc = 0;

	if (!folder) {
		rc = nwi_segment_folder(own, sizeof(own));
		search.folder = own;
	}
	if (rc == 0)
		rc = nwi_segment_each(search.folder, visit_name, &search);
	return rc == -ENOENT ? 0 : rc;
}
