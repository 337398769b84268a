/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What a running program counts, in a file that any other process of the same user may map and
 * read while it runs. Readers cost the writers nothing: no lock, no call, no message.
 *
 * A program declares tables (columns of 64-bit numbers, rows with one writer each), texts and a
 * log of notes. A reader needs no knowledge of the program: names, units and kinds are in the file.
 *
 *                create  row   set, add  label, text  note  destroy
 *     set, add   X       -     X         -            -     X
 *     label,text X       -     -         X            -     X
 *     note       X       -     -         -            -     X
 *
 * X on set, add and on label, text: of the same row, of the same text; the caller keeps them from
 * overlapping (a row has one writer). -: any overlap is fine. A reader's calls overlap with all.
 *
 * Rows are bound to the node they are declared for, and no two of them share a pair of lines.
 */
#ifndef NW_STATS_H
#define NW_STATS_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __cplusplus
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/** The writing side, and what a reader has open. Opaque. */
struct nw_stats;
struct nw_stats_view;

/** Limits, in bytes with the final zero, and in things. */
#define NW_STATS_NAME_BYTES  32u
#define NW_STATS_UNIT_BYTES  16u
#define NW_STATS_LABEL_BYTES 96u
#define NW_STATS_TEXT_BYTES  1000u
#define NW_STATS_NOTE_BYTES  224u
#define NW_STATS_PATH_BYTES  256u
#define NW_STATS_TABLE_MAX   16u
#define NW_STATS_COLUMN_MAX  64u
#define NW_STATS_ROW_MAX     65536u
#define NW_STATS_TEXT_MAX    32u
#define NW_STATS_NOTE_MAX    65536u

/** How a number behaves. */
enum nw_stats_kind {
	NW_STATS_COUNTER = 1, /* only grows */
	NW_STATS_GAUGE,       /* is what it is now */
	NW_STATS_STATE        /* one of a few; the unit names them, separated by '|' */
};

/** A column. Names: 1 to 31 of a-z, 0-9 and _. */
struct nw_stats_column {
	const char *name;
	const char *unit; /* "states", "ns", "green|yellow"; NULL: none. 15 bytes at most */
	enum nw_stats_kind kind;
};

/** A table to be made. */
struct nw_stats_table {
	const char *name;
	const struct nw_stats_column *columns;
	const nw_node *row_nodes; /* [row_count], NULL: any node */
	uint32_t column_count;    /* 1..64 */
	uint32_t row_count;       /* 1..65536 */
};

/** What nw_stats_create() is told. Borrowed for the call. */
struct nw_stats_options {
	const char *program; /* a name as of columns */
	const char *folder;  /* NULL: nw_stats_folder() */
	const struct nw_stats_table *tables;
	const char *const *text_names;
	uint32_t table_count; /* 1..16 */
	uint32_t text_count;  /* 0..32 */
	uint32_t note_count;  /* notes kept: 0, or a power of two up to 65536 */
};

/**
 * The folder of this user's files: nodewise below XDG_RUNTIME_DIR; /run/nodewise for root;
 * else /tmp/nodewise-UID.
 *
 * @param ret_path    room for path_bytes
 * @return 0
 * @return -ENAMETOOLONG  it does not fit
 *
 * Threads: any thread, while none changes the environment.
 */
NW_API int nw_stats_folder(char *ret_path, size_t path_bytes) NW_MUST_USE;

/**
 * Make the file FOLDER/PROGRAM-PID.nwstats, all numbers zero, and the folder if there is none. It
 * appears under its name when it is whole. A second one of the process gets -2, and so on.
 *
 * @param ret_stats    set on success, untouched on failure
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL  a name, a count or a kind is not allowed
 * @return -EPERM   the folder is another user's, or others may write in it
 * @return -ENOMEM, -ENOSPC, ...  as the system says
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_stats_destroy().
 * Cost:    a file in memory; system calls.
 */
NW_API int nw_stats_create(struct nw_stats **ret_stats, const struct nw_stats_options *options,
			   struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Mark the file as ended, remove its name, release the mapping. Readers that have it open keep
 * what they see. NULL is a no-op.
 *
 * Threads: when no other call on it is running or will follow.
 */
NW_API void nw_stats_destroy(struct nw_stats *stats);

/** Lend the file's path. Threads: any. */
NW_API const char *nw_stats_path(const struct nw_stats *stats);

/** The numbers of one row. Its fields are below, for the inlined calls. */
struct nw_stats_row;

/**
 * Lend a row, for its writer to keep.
 *
 * @param table_idx, row_idx  as declared
 *
 * Threads: any thread.
 */
NW_API struct nw_stats_row *nw_stats_row_at(struct nw_stats *stats, uint32_t table_idx,
					    uint32_t row_idx);

/**
 * Set a number.
 *
 * Threads: the row's writer.
 * Progress: wait-free.
 * Cost:    a plain store.
 */
NW_API NW_INLINE void nw_stats_set(struct nw_stats_row *row, uint32_t column_idx, uint64_t value);

/**
 * Add to a number, modulo 2^64.
 *
 * Threads: the row's writer.
 * Progress: wait-free.
 * Cost:    a plain load and store.
 */
NW_API NW_INLINE void nw_stats_add(struct nw_stats_row *row, uint32_t column_idx, uint64_t n);

/**
 * Say what a row is about: "shard 3", "10.64.0.1:80". Cut to 95 bytes.
 *
 * Threads: one at a time for a row.
 * Progress: wait-free.
 */
NW_API void nw_stats_label(struct nw_stats *stats, uint32_t table_idx, uint32_t row_idx,
			   const char *text);

/**
 * Replace a text. Cut to 999 bytes.
 *
 * Threads: one at a time for a text.
 * Progress: wait-free.
 */
NW_API void nw_stats_text(struct nw_stats *stats, uint32_t text_idx, const char *text);

/**
 * Add a line to the log, which keeps the last note_count. Cut to 223 bytes. It is dropped, and
 * counted as lost, where another thread still writes the place that comes next.
 *
 * Threads: any thread.
 * Progress: wait-free.
 * Cost:    an atomic addition on a line that all writers of notes share.
 */
NW_API void nw_stats_note(struct nw_stats *stats, const char *text);

/* --- Reading --- */

/** What a file says of itself. Texts are lent as long as the view is open. */
struct nw_stats_info {
	const char *program;
	int32_t process_id;
	uint64_t started_wall_ns; /* CLOCK_REALTIME */
	uint32_t table_count, text_count, note_count;
};

/** A table as a reader finds it. */
struct nw_stats_table_info {
	const char *name;
	uint32_t column_count, row_count;
};

/** A column as a reader finds it. */
struct nw_stats_column_info {
	const char *name, *unit;
	enum nw_stats_kind kind;
};

/** One note. */
struct nw_stats_note_info {
	uint64_t idx;     /* notes ever written before it */
	uint64_t wall_ns; /* CLOCK_REALTIME */
	char text[NW_STATS_NOTE_BYTES];
};

/**
 * Open a file to read. Nothing in it is trusted: sizes and places are checked here.
 *
 * @return 0
 * @return -EBADMSG  not such a file, damaged, or of another version
 * @return -ENOENT, -EACCES, -ENOMEM, ...  as the system says
 *
 * Threads: any thread. A view has one thread at a time.
 * Owner:   the caller; release with nw_stats_close().
 */
NW_API int nw_stats_open(struct nw_stats_view **ret_view, const char *path) NW_MUST_USE;

/** Close a view. NULL is a no-op. Threads: when no other call on it is running. */
NW_API void nw_stats_close(struct nw_stats_view *view);

/**
 * Whether the program still runs: it has not ended the file, and the process with its id is the one
 * that made it. A stale file may be removed.
 *
 * Threads: the view's.
 * Cost:    system calls.
 */
NW_API bool nw_stats_is_alive(const struct nw_stats_view *view);

/** What the file says of itself. Threads: the view's. */
NW_API void nw_stats_info(const struct nw_stats_view *view, struct nw_stats_info *ret_info);

/** A table's description. Threads: the view's. */
NW_API void nw_stats_table_info(const struct nw_stats_view *view, uint32_t table_idx,
				struct nw_stats_table_info *ret_info);

/** The name of a text, 0..text_count-1 of the info. Threads: the view's. */
NW_API const char *nw_stats_text_name(const struct nw_stats_view *view, uint32_t text_idx);

/** A column's description. Threads: the view's. */
NW_API void nw_stats_column_info(const struct nw_stats_view *view, uint32_t table_idx,
				 uint32_t column_idx, struct nw_stats_column_info *ret_info);

/**
 * Find a table by its name.
 *
 * @return true, or false: there is none, *ret_table_idx is untouched
 *
 * Threads: the view's.
 */
NW_API bool nw_stats_find_table(const struct nw_stats_view *view, const char *name,
				uint32_t *ret_table_idx) NW_MUST_USE;

/** Find a column by its name, as nw_stats_find_table(). Threads: the view's. */
NW_API bool nw_stats_find_column(const struct nw_stats_view *view, uint32_t table_idx,
				 const char *name, uint32_t *ret_column_idx) NW_MUST_USE;

/** A number as it is now. Threads: the view's. Progress: wait-free. */
NW_API uint64_t nw_stats_value(const struct nw_stats_view *view, uint32_t table_idx,
			       uint32_t row_idx, uint32_t column_idx);

/** The node a row was declared for, or NW_NODE_ANY. Threads: the view's. */
NW_API nw_node nw_stats_row_node(const struct nw_stats_view *view, uint32_t table_idx,
				 uint32_t row_idx);

/**
 * A row's label; "" before it has one.
 *
 * @return false: it was being written all the while; ret_text is ""
 *
 * Threads: the view's.
 */
NW_API bool nw_stats_read_label(const struct nw_stats_view *view, uint32_t table_idx,
				uint32_t row_idx, char ret_text[NW_STATS_LABEL_BYTES]);

/** A text by its name, as nw_stats_read_label(); false also where there is none. Threads: the
 * view's. */
NW_API bool nw_stats_read_text(const struct nw_stats_view *view, const char *name,
			       char ret_text[NW_STATS_TEXT_BYTES]);

/**
 * Read notes, oldest first.
 *
 * @param inout_next_idx  0 at first; where to go on the next time
 * @param ret_notes       room for note_count
 * @return how many; notes that were overwritten before are passed over: their idx is missing
 *
 * Threads: the view's.
 */
NW_API uint32_t nw_stats_read_notes(const struct nw_stats_view *view, uint64_t *inout_next_idx,
				    struct nw_stats_note_info *ret_notes, uint32_t note_count);

/**
 * Call visit with the path of each file in a folder, until it returns false.
 *
 * @param folder  NULL: nw_stats_folder()
 * @return 0, also where there is no folder; or a negative errno
 *
 * Threads: any thread.
 */
NW_API int nw_stats_each(const char *folder, bool (*visit)(void *context, const char *path),
			 void *context) NW_MUST_USE;

#ifndef __cplusplus

/* Part of the ABI. */
struct nw_stats_row {
	_Atomic uint64_t values[1]; /* one a column */
};

NW_INLINE void nw_stats_set(struct nw_stats_row *row, uint32_t column_idx, uint64_t value)
{
	/* relaxed: the slot's value is all there is: nothing is read through it. */
	atomic_store_explicit(&row->values[column_idx], value, memory_order_relaxed);
}

NW_INLINE void nw_stats_add(struct nw_stats_row *row, uint32_t column_idx, uint64_t n)
{
	/* relaxed: sole writer. */
	uint64_t value = atomic_load_explicit(&row->values[column_idx], memory_order_relaxed);

	nw_stats_set(row, column_idx, value + n);
}

#endif /* !__cplusplus */

NW_END_DECLS

#endif /* NW_STATS_H */
