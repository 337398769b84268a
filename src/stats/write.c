/* SPDX-License-Identifier: MIT */
/*
 * The writing side of a file of numbers: made whole under a passing name, then renamed.
 *
 * A number is one word with one writer; labels, texts and notes are values of sequence locks. A
 * note takes a number, which names its place; a place that another writer is still in is left to
 * it.
 */
#include "stats/layout.h"

#include "base/diag.h"
#include "os/heap.h"
#include "os/pages.h"
#include "os/policy.h"
#include "os/segment.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 1000 }; /* of one program and process */

extern void nw_stats_set(struct nw_stats_row *row, uint32_t column_idx, uint64_t value);
extern void nw_stats_add(struct nw_stats_row *row, uint32_t column_idx, uint64_t n);

int nw_stats_folder(char *ret_path, size_t path_bytes)
{
	return nwi_segment_folder(ret_path, path_bytes);
}

/* --- Making it --- */

/* Nodes must be asked for before there is memory: a refusal leaves the rows where they come. */
static int bind_rows(struct nwi_stats_head *head, const struct nw_stats_options *options)
{
	uint32_t count;
	struct nwi_stats_span *spans;

	(void)nwi_stats_lay_out(options, NULL, NULL, &count);
	if (count == 0)
		return 0;
	spans = nwi_heap_alloc_array(count, sizeof(*spans));
	if (!spans)
		return -ENOMEM;
	(void)nwi_stats_lay_out(options, NULL, spans, NULL);
	for (uint32_t i = 0; i < count; i++) {
		struct nwi_nodes nodes = { 0 };

		if (spans[i].node < 0 || spans[i].node > NW_NODE_ID_MAX)
			continue;
		nwi_nodes_add(&nodes, (nw_node){ (int16_t)spans[i].node });
		(void)nwi_policy_bind(nwi_stats_at(head, spans[i].at), spans[i].n_bytes,
				      NWI_POLICY_PREFERRED, &nodes);
	}
	nwi_heap_free(spans);
	return 0;
}

static void fill_head(struct nwi_stats_head *head, const struct nw_stats_options *options,
		      uint64_t total_bytes)
{
	head->magic = NWI_STATS_MAGIC;
	head->version = NWI_STATS_VERSION;
	head->head_bytes = sizeof(*head);
	head->total_bytes = total_bytes;
	head->process_id = nwi_process_id();
	(void)nwi_process_start(head->process_id, &head->start_ticks); /* 0 without /proc */
	head->wall_ns = nwi_clock_wall_ns();
	head->table_count = options->table_count;
	head->text_count = options->text_count;
	head->note_count = options->note_count;
	memcpy(head->program, options->program, strlen(options->program));
	(void)nwi_stats_lay_out(options, head, NULL, NULL);
}

/* PATH of the turn-th file of this program and process. */
static int name_file(char path[NW_STATS_PATH_BYTES], const char *folder, const char *program,
		     uint32_t turn, const char *suffix)
{
	char number[16] = "";
	int n;

	if (turn > 0)
		(void)snprintf(number, sizeof(number), "-%u", turn + 1);
	n = snprintf(path, NW_STATS_PATH_BYTES, "%s/%s-%d%s.%s", folder, program, nwi_process_id(),
		     number, suffix);
	return n > 0 && (size_t)n < NW_STATS_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

/* A passing name that nobody has is also a final name that nobody has. */
static int make_file(struct nw_stats *stats, const char *folder, const char *program,
		     uint64_t n_bytes, char passing[NW_STATS_PATH_BYTES])
{
	void *base;
	int rc = -EEXIST;

	for (uint32_t turn = 0; rc == -EEXIST && turn < FILES_MAX; turn++) {
		rc = name_file(stats->path, folder, program, turn, "nwstats");
		if (rc == 0)
			rc = name_file(passing, folder, program, turn, "new");
		if (rc == 0)
			rc = nwi_segment_exists(stats->path) ? -EEXIST : 0;
		if (rc == 0)
			rc = nwi_segment_create(passing, n_bytes, &base);
	}
	if (rc == 0)
		stats->head = base;
	return rc;
}

static int make(struct nw_stats *stats, const struct nw_stats_options *options, const char *folder)
{
	char passing[NW_STATS_PATH_BYTES];
	uint64_t n_bytes = nwi_stats_lay_out(options, NULL, NULL, NULL);
	int rc = make_file(stats, folder, options->program, n_bytes, passing);

	if (rc < 0)
		return rc;
	rc = bind_rows(stats->head, options);
	if (rc == 0)
		rc = nwi_pages_populate(stats->head, n_bytes);
	if (rc == -EINVAL) /* an old kernel: touched as it is filled */
		rc = 0;
	if (rc == 0) {
		fill_head(stats->head, options, n_bytes);
		rc = nwi_segment_publish(passing, stats->path);
	}
	if (rc < 0) {
		nwi_segment_remove(passing);
		nwi_segment_unmap(stats->head, n_bytes);
	}
	return rc;
}

int nw_stats_create(struct nw_stats **ret_stats, const struct nw_stats_options *options,
		    struct nw_diag *reterr_diag)
{
	char own[NW_STATS_PATH_BYTES];
	const char *folder = options->folder;
	struct nw_stats *stats;
	int rc = nwi_stats_check(options, reterr_diag);

	if (rc < 0)
		return rc;
	stats = nwi_heap_alloc(sizeof(*stats));
	if (!stats)
		return -ENOMEM;
	if (!folder) {
		rc = nwi_segment_folder(own, sizeof(own));
		folder = own;
	}
	if (rc == 0)
		rc = nwi_segment_make_folder(folder);
	if (rc == 0)
		rc = make(stats, options, folder);
	if (rc < 0) {
		nwi_diag_set(reterr_diag, "statistics in %s: %s", folder,
			     rc == -EPERM ? "others may write in it" : strerror(-rc));
		nwi_heap_free(stats);
		return rc;
	}
	*ret_stats = stats;
	return 0;
}

void nw_stats_destroy(struct nw_stats *stats)
{
	if (!stats)
		return;
	/* [stats_end.mark] release, pairs with [stats_alive.mark]: all numbers are final. */
	atomic_store_explicit(&stats->head->is_ended, 1, memory_order_release);
	nwi_segment_remove(stats->path);
	nwi_segment_unmap(stats->head, stats->head->total_bytes);
	nwi_heap_free(stats);
}

const char *nw_stats_path(const struct nw_stats *stats)
{
	return stats->path;
}

/* --- Writing --- */

static const struct nwi_stats_row *row_of(const struct nw_stats *stats, uint32_t table_idx,
					  uint32_t row_idx)
{
	const struct nwi_stats_table *tables = nwi_stats_at(stats->head, stats->head->tables_at);
	const struct nwi_stats_row *rows;

	assert(table_idx < stats->head->table_count && row_idx < tables[table_idx].row_count);
	rows = nwi_stats_at(stats->head, tables[table_idx].rows_at);
	return &rows[row_idx];
}

struct nw_stats_row *nw_stats_row_at(struct nw_stats *stats, uint32_t table_idx, uint32_t row_idx)
{
	return nwi_stats_at(stats->head, row_of(stats, table_idx, row_idx)->at);
}

/* A text of a fixed size, the rest zero, a character of UTF-8 whole or not at all. */
static void cut(char *to, const char *from, size_t to_bytes)
{
	size_t n = strnlen(from, to_bytes - 1);

	while (n > 0 && from[n] != '\0' && ((unsigned char)from[n] & 0xc0) == 0x80)
		n--;
	memcpy(to, from, n);
	memset(to + n, 0, to_bytes - n);
}

void nw_stats_label(struct nw_stats *stats, uint32_t table_idx, uint32_t row_idx, const char *text)
{
	char value[NW_STATS_LABEL_BYTES];

	cut(value, text, sizeof(value));
	nw_seqlock_write(nwi_stats_at(stats->head, row_of(stats, table_idx, row_idx)->label_at),
			 value);
}

void nw_stats_text(struct nw_stats *stats, uint32_t text_idx, const char *text)
{
	const struct nwi_stats_text *texts = nwi_stats_at(stats->head, stats->head->texts_at);
	char value[NW_STATS_TEXT_BYTES];

	assert(text_idx < stats->head->text_count);
	cut(value, text, sizeof(value));
	nw_seqlock_write(nwi_stats_at(stats->head, texts[text_idx].at), value);
}

void nw_stats_note(struct nw_stats *stats, const char *text)
{
	struct nwi_stats_head *head = stats->head;
	struct nwi_stats_note note = { .wall_ns = nwi_clock_wall_ns() };
	uint64_t place;

	if (head->note_count == 0)
		return;
	cut(note.text, text, sizeof(note.text));
	/* relaxed: a count that names a place; the place's lock orders what is in it. */
	note.number = atomic_fetch_add_explicit(&head->note_head, 1, memory_order_relaxed) + 1;
	place = (note.number - 1) % head->note_count;
	/* Refused: a writer that was stopped there, a whole round ago. Its note is the older one,
	 * but waiting for it is not allowed here. */
	(void)!nw_seqlock_try_write(
		nwi_stats_at(head, head->notes_at + place * nwi_stats_note_bytes()), &note);
}
