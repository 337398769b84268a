/* SPDX-License-Identifier: MIT */
/*
 * What stands where in a file of numbers. Places are bytes from the file's beginning, so that each
 * process maps it where it likes.
 *
 *   head | tables | columns | places of rows | texts | notes | rows of any node | rows of node a |
 * ...
 *
 * A row is its numbers and then its label, each on line pairs of its own; rows of a node begin on a
 * page of their own, which is bound.
 */
#ifndef NWI_STATS_LAYOUT_H
#define NWI_STATS_LAYOUT_H

#include <nw/seqlock.h>
#include <nw/stats.h>

#include <stdalign.h>
#include <stdatomic.h>

#define NWI_STATS_MAGIC UINT64_C(0x74617473776e3031) /* "10nwstat" */

enum { NWI_STATS_VERSION = 1 };

struct nwi_stats_head {
	/* Constant once the file has its name. */
	uint64_t magic;
	uint32_t version, head_bytes;
	uint64_t total_bytes;
	uint64_t start_ticks, wall_ns;
	int32_t process_id;
	uint32_t table_count, text_count, note_count;
	uint64_t tables_at, texts_at, notes_at;
	char program[NW_STATS_NAME_BYTES];

	/* Written by nw_stats_destroy(). */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t is_ended;

	/* Written by all who write notes. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t note_head; /* places given out */
};

struct nwi_stats_table {
	char name[NW_STATS_NAME_BYTES];
	uint32_t column_count, row_count;
	uint64_t columns_at, rows_at;
};

struct nwi_stats_column {
	char name[NW_STATS_NAME_BYTES];
	char unit[NW_STATS_UNIT_BYTES];
	uint32_t kind, unused;
};

struct nwi_stats_row {
	uint64_t at; /* of its numbers */
	uint64_t label_at;
	int32_t node;
	uint32_t unused;
};

struct nwi_stats_text {
	char name[NW_STATS_NAME_BYTES];
	uint64_t at;
};

/* What the lock of a note holds. idx + 1, so that all zero is none. */
struct nwi_stats_note {
	uint64_t number, wall_ns;
	char text[NW_STATS_NOTE_BYTES];
};

struct nw_stats {
	struct nwi_stats_head *head; /* where the file is mapped */
	char path[NW_STATS_PATH_BYTES];
};

/* What the kernel is asked to put on one node. */
struct nwi_stats_span {
	uint64_t at, n_bytes;
	int32_t node;
};

static inline void *nwi_stats_at(const struct nwi_stats_head *head, uint64_t at)
{
	return (char *)(uintptr_t)head + at;
}

/* Bytes of the lock of a text, of a note. */
static inline uint64_t nwi_stats_text_bytes(void)
{
	return (nw_seqlock_bytes(NW_STATS_TEXT_BYTES) + NW_CACHE_PAIR - 1) / NW_CACHE_PAIR *
	       NW_CACHE_PAIR;
}

static inline uint64_t nwi_stats_note_bytes(void)
{
	return nw_seqlock_bytes(sizeof(struct nwi_stats_note));
}

/* 0, or -EINVAL with what is not allowed. */
int nwi_stats_check(const struct nw_stats_options *options, struct nw_diag *reterr_diag);
/*
 * Lay a file out: returns its bytes, whole pages. head NULL: only count. Else head is its all-zero
 * beginning, and all that is constant is written. spans, where not NULL, has room for one a node
 * that is named; *ret_span_count of them are set.
 */
uint64_t nwi_stats_lay_out(const struct nw_stats_options *options, struct nwi_stats_head *head,
			   struct nwi_stats_span *spans, uint32_t *ret_span_count);

#endif /* NWI_STATS_LAYOUT_H */
