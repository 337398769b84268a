/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A set of files that is on the disk whole, or not at all: whatever instruction a process or a
 * machine stops at, the folder holds the last snapshot that was finished.
 *
 * A snapshot is parts, each written by one thread, and what is said about them. Parts are
 * compressed (zstd) and every block of them has a checksum, so that what is read back is what was
 * written or is refused.
 *
 *                      begin  put, end_part  commit, abandon
 *     begin            X      X              X
 *     put, end_part    X      -              X
 *     commit, abandon  X      X              X
 *
 * X: the caller keeps the two calls from overlapping. -: they may overlap, of different parts.
 * Numbers are in the byte order of the machine, which a reader notices.
 */
#ifndef NW_SNAPSHOT_H
#define NW_SNAPSHOT_H

#include <nw/base.h>
#include <nw/diag.h>

#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A folder to write to; a part that is being written; a snapshot that is being read. Opaque. */
struct nw_snapshot_folder;
struct nw_snapshot_part;
struct nw_snapshot_view;

enum {
	NW_SNAPSHOT_PARTS_MAX = 4096,
	NW_SNAPSHOT_ABOUT_MAX = 1 << 28, /* bytes */
	NW_SNAPSHOT_RECORD_MAX = 64      /* longest record that is compressed as one */
};

/**
 * Open a folder for snapshots, made with those above it if it is not there, for this process alone.
 *
 * @param ret_folder   set on success, untouched on failure
 * @param path         borrowed
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EBUSY   another process has it open
 * @return -EACCES, -EROFS, -ENOTDIR, ...  as the system says
 * @return -ENOMEM  no memory
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_snapshot_folder_close().
 */
NW_API int nw_snapshot_folder_open(struct nw_snapshot_folder **ret_folder, const char *path,
				   struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Let go of a folder; a snapshot that is not committed is abandoned. NULL is a no-op.
 *
 * Threads: when no other call on it is running or will follow.
 */
NW_API void nw_snapshot_folder_close(struct nw_snapshot_folder *folder);

/**
 * Remove the snapshot and all files of snapshots, and the folder itself if nothing else is in it.
 *
 * @return 0
 * @return -ENOTEMPTY  the folder stays: something else is in it
 * @return as the system says
 *
 * Threads: as commit.
 */
NW_API int nw_snapshot_folder_remove(struct nw_snapshot_folder *folder);

/**
 * Begin a snapshot. What is there stays until this one is committed.
 *
 * @param part_count  1..NW_SNAPSHOT_PARTS_MAX
 * @return 0
 * @return -EINVAL  part_count
 * @return -EBUSY   one is begun and neither committed nor abandoned
 * @return -ENOMEM  no memory for the buffers
 * @return as the system says, of a file that cannot be made
 *
 * Threads: see the table.
 * Cost:    a file, and about 3 MiB, a part, until it is committed or abandoned.
 */
NW_API int nw_snapshot_begin(struct nw_snapshot_folder *folder, uint32_t part_count) NW_MUST_USE;

/** A part of the snapshot that was begun; lent until it is committed or abandoned. Threads: any. */
NW_API struct nw_snapshot_part *nw_snapshot_part_at(struct nw_snapshot_folder *folder,
						    uint32_t part_idx);

/**
 * Append bytes to a part.
 *
 * @return 0
 * @return -ENOSPC, -EIO, ...  as the system says: what was appended since is lost; abandon it
 *
 * Threads: one thread a part.
 */
NW_API int nw_snapshot_put(struct nw_snapshot_part *part, const void *bytes, size_t n_bytes)
	NW_MUST_USE;

/**
 * Append records of one size. The same bytes as with nw_snapshot_put(), but compressed column by
 * column, which is smaller where records resemble each other.
 *
 * @param record_bytes  up to NW_SNAPSHOT_RECORD_MAX has that effect
 *
 * @return as nw_snapshot_put()
 *
 * Threads: one thread a part.
 */
NW_API int nw_snapshot_put_records(struct nw_snapshot_part *part, const void *records, size_t count,
				   size_t record_bytes) NW_MUST_USE;

/**
 * End a part: what was put is on the disk.
 *
 * @return as nw_snapshot_put()
 *
 * Threads:  one thread a part.
 * Progress: waits for the disk.
 */
NW_API int nw_snapshot_end_part(struct nw_snapshot_part *part) NW_MUST_USE;

/**
 * Make what was begun the folder's snapshot, in one step; the one before is removed.
 *
 * @param about       what a reader is to know first
 * @param n_bytes     up to NW_SNAPSHOT_ABOUT_MAX
 * @param ret_bytes   NULL, or set to what it takes on the disk
 * @return 0
 * @return -EINVAL  a part was not ended, or about is too long
 * @return as the system says: the snapshot is abandoned, the one before stays
 *
 * Threads:  see the table.
 * Progress: waits for the disk.
 */
NW_API int nw_snapshot_commit(struct nw_snapshot_folder *folder, const void *about, size_t n_bytes,
			      uint64_t *ret_bytes) NW_MUST_USE;

/** Give up what was begun; no-op where nothing is. Threads: see the table. */
NW_API void nw_snapshot_abandon(struct nw_snapshot_folder *folder);

/**
 * Open a folder's snapshot.
 *
 * @param ret_view     set on success, untouched on failure
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -ENOENT   no such folder, or no snapshot in it
 * @return -EBADMSG  it is damaged: a file is missing, cut off, or not what was written
 * @return -ENOTSUP  it was written by another version, or on a machine of another byte order
 * @return -ENOMEM   no memory
 * @return as the system says
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_snapshot_close().
 */
NW_API int nw_snapshot_open(struct nw_snapshot_view **ret_view, const char *path,
			    struct nw_diag *reterr_diag) NW_MUST_USE;

/** Release a view. NULL is a no-op. Threads: when no other call on it is running. */
NW_API void nw_snapshot_close(struct nw_snapshot_view *view);

/** What was said at the commit; lent until the view is closed. Threads: any. */
NW_API const void *nw_snapshot_about(const struct nw_snapshot_view *view, size_t *ret_bytes);

/** How many parts there are. Threads: any. */
NW_API uint32_t nw_snapshot_part_count(const struct nw_snapshot_view *view);

/**
 * Read a part from its beginning.
 *
 * @return 0
 * @return -EBADMSG  it is damaged
 * @return as the system says
 *
 * Threads: one at a time.
 */
NW_API int nw_snapshot_read_part(struct nw_snapshot_view *view, uint32_t part_idx) NW_MUST_USE;

/**
 * Take the next bytes of the part.
 *
 * @return 0
 * @return -ENODATA  fewer are left; what is in bytes is undefined
 * @return -EBADMSG  the part is damaged here
 * @return as the system says
 *
 * Threads: one at a time.
 */
NW_API int nw_snapshot_get(struct nw_snapshot_view *view, void *bytes, size_t n_bytes) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_SNAPSHOT_H */
