/* SPDX-License-Identifier: MIT */
/*
 * Writing snapshots: parts first, each synchronised; then the names of the parts; then the one file
 * that says which parts hold, under a passing name, synchronised, renamed; then that name; and only
 * then are the parts of the snapshot before removed.
 *
 * Invariant: at every instruction the file `snapshot` on the disk, if there is one, names parts
 * that are on the disk whole. specs/Snapshot.tla has the steps and what goes wrong without them.
 */
#include "snapshot/format.h"

#include "base/diag.h"
#include "os/file.h"
#include "os/heap.h"
#include "os/segment.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct nw_snapshot_part {
	struct nwi_block_place place; /* of the block being filled */
	struct nwi_block_room room;
	uint64_t n_bytes; /* of the file */
	uint32_t used_bytes, record_bytes;
	int fd;
	bool has_ended;
};

struct nw_snapshot_folder {
	char *path;
	int fd;
	uint64_t generation; /* the highest that any file has */
	struct nw_snapshot_part *parts;
	uint32_t part_count; /* 0: nothing is begun */
};

/* ---- the folder ---- */

/* The generation in the name of a part; 0: it is none. */
static uint64_t generation_of(const char *name)
{
	static const char prefix[] = NWI_SNAPSHOT_NAME "-";
	uint64_t generation;
	char *end;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	name += sizeof(prefix) - 1;
	errno = 0;
	generation = strtoull(name, &end, 10);
	return errno == 0 && end != name && *end == '.' ? generation : 0;
}

static bool note_generation(void *context, const char *name)
{
	struct nw_snapshot_folder *folder = context;

	if (generation_of(name) > folder->generation)
		folder->generation = generation_of(name);
	return true;
}

static int open_folder(struct nw_snapshot_folder *folder, const char *path)
{
	size_t n_bytes = strlen(path) + 1;
	int rc = nwi_folder_make(path);

	if (rc == 0)
		rc = nwi_folder_open(path, &folder->fd);
	if (rc == 0)
		rc = nwi_folder_may_write(folder->fd);
	if (rc == 0)
		rc = nwi_folder_lock(folder->fd);
	if (rc == 0)
		rc = nwi_segment_each(path, note_generation, folder);
	folder->path = rc == 0 ? nwi_heap_alloc(n_bytes) : NULL;
	if (rc == 0 && !folder->path)
		rc = -ENOMEM;
	if (rc == 0)
		memcpy(folder->path, path, n_bytes);
	return rc;
}

int nw_snapshot_folder_open(struct nw_snapshot_folder **ret_folder, const char *path,
			    struct nw_diag *reterr_diag)
{
	struct nw_snapshot_folder *folder = nwi_heap_alloc(sizeof(*folder));
	int rc = -ENOMEM;

	if (folder) {
		folder->fd = -1;
		rc = open_folder(folder, path);
	}
	if (rc == 0) {
		*ret_folder = folder;
		return 0;
	}
	nw_snapshot_folder_close(folder);
	if (rc == -EBUSY)
		nwi_diag_set(reterr_diag, "%s: another process writes there", path);
	else
		nwi_diag_set(reterr_diag, "cannot write to %s: %s", path, strerror(-rc));
	return rc;
}

void nw_snapshot_folder_close(struct nw_snapshot_folder *folder)
{
	if (!folder)
		return;
	nw_snapshot_abandon(folder);
	nwi_file_close(folder->fd);
	nwi_heap_free(folder->path);
	nwi_heap_free(folder);
}

struct removal {
	const struct nw_snapshot_folder *folder;
	uint64_t except; /* generation to keep; 0: none */
};

static bool remove_part(void *context, const char *name)
{
	const struct removal *removal = context;
	uint64_t generation = generation_of(name);

	if (generation != 0 && generation != removal->except)
		(void)nwi_file_remove(removal->folder->fd, name); /* a left-over is no harm */
	return true;
}

static void remove_parts(const struct nw_snapshot_folder *folder, uint64_t except)
{
	struct removal removal = { folder, except };

	(void)nwi_segment_each(folder->path, remove_part, &removal); /* likewise */
}

/* The name first: without it there is no snapshot that could lack a part. */
int nw_snapshot_folder_remove(struct nw_snapshot_folder *folder)
{
	int rc = nwi_file_remove(folder->fd, NWI_SNAPSHOT_NAME);

	nw_snapshot_abandon(folder);
	if (rc == 0)
		rc = nwi_file_sync(folder->fd);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	remove_parts(folder, 0);
	return nwi_folder_remove(folder->path);
}

/* ---- parts ---- */

static int make_part(struct nw_snapshot_folder *folder, uint32_t part_idx)
{
	struct nw_snapshot_part *part = &folder->parts[part_idx];
	char name[NWI_SNAPSHOT_NAME_BYTES];
	int rc = nwi_block_room_make(&part->room, false);

	part->place.generation = folder->generation;
	part->place.part_idx = part_idx;
	nwi_snapshot_name(name, folder->generation, part_idx);
	return rc < 0 ? rc : nwi_file_create(folder->fd, name, &part->fd);
}

int nw_snapshot_begin(struct nw_snapshot_folder *folder, uint32_t part_count)
{
	int rc = 0;

	if (part_count == 0 || part_count > NW_SNAPSHOT_PARTS_MAX)
		return -EINVAL;
	if (folder->part_count > 0)
		return -EBUSY;
	folder->parts = nwi_heap_alloc_array(part_count, sizeof(*folder->parts));
	if (!folder->parts)
		return -ENOMEM;
	folder->part_count = part_count;
	folder->generation++;
	for (uint32_t p = 0; p < part_count; p++)
		folder->parts[p].fd = -1;
	for (uint32_t p = 0; p < part_count && rc == 0; p++)
		rc = make_part(folder, p);
	if (rc < 0)
		nw_snapshot_abandon(folder);
	return rc;
}

struct nw_snapshot_part *nw_snapshot_part_at(struct nw_snapshot_folder *folder, uint32_t part_idx)
{
	assert(part_idx < folder->part_count);
	return &folder->parts[part_idx];
}

static int write_block(struct nw_snapshot_part *part)
{
	struct nwi_block_head head = { .raw_bytes = part->used_bytes,
				       .record_bytes = part->record_bytes };
	const void *stored;
	int rc;

	if (part->used_bytes == 0)
		return 0;
	stored = nwi_block_pack(&part->room, &head, &part->place);
	rc = nwi_file_write(part->fd, &head, sizeof(head));
	if (rc == 0)
		rc = nwi_file_write(part->fd, stored, head.stored_bytes);
	part->n_bytes += sizeof(head) + head.stored_bytes;
	part->place.block_idx++;
	part->used_bytes = 0;
	return rc;
}

/* Blocks are of whole records. */
static int put(struct nw_snapshot_part *part, const uint8_t *from, size_t n_bytes,
	       uint32_t record_bytes)
{
	uint32_t room = record_bytes ? NWI_BLOCK_BYTES / record_bytes * record_bytes
				     : NWI_BLOCK_BYTES;
	int rc = part->record_bytes == record_bytes ? 0 : write_block(part);

	part->record_bytes = record_bytes;
	while (rc == 0 && n_bytes > 0) {
		size_t n = room - part->used_bytes < n_bytes ? room - part->used_bytes : n_bytes;

		memcpy(part->room.raw + part->used_bytes, from, n);
		part->used_bytes += (uint32_t)n;
		from += n;
		n_bytes -= n;
		if (part->used_bytes == room)
			rc = write_block(part);
	}
	return rc;
}

int nw_snapshot_put(struct nw_snapshot_part *part, const void *bytes, size_t n_bytes)
{
	return put(part, bytes, n_bytes, 0);
}

int nw_snapshot_put_records(struct nw_snapshot_part *part, const void *records, size_t count,
			    size_t record_bytes)
{
	bool has_columns = record_bytes > 1 && record_bytes <= NW_SNAPSHOT_RECORD_MAX;

	return put(part, records, count * record_bytes, has_columns ? (uint32_t)record_bytes : 0);
}

int nw_snapshot_end_part(struct nw_snapshot_part *part)
{
	int rc = write_block(part);

	if (rc == 0)
		rc = nwi_file_sync(part->fd);
	part->has_ended = rc == 0;
	return rc;
}

/* ---- commit ---- */

static uint64_t total_of(const struct nw_snapshot_folder *folder)
{
	uint64_t n_bytes = 0;

	for (uint32_t p = 0; p < folder->part_count; p++)
		n_bytes += folder->parts[p].n_bytes;
	return n_bytes;
}

/* What `snapshot` says; the caller frees it. NULL: no memory. */
static uint8_t *make_text(const struct nw_snapshot_folder *folder, const void *about,
			  size_t about_bytes, size_t *ret_bytes)
{
	struct nwi_snapshot_head head = { .magic = NWI_SNAPSHOT_MAGIC,
					  .order = NWI_SNAPSHOT_ORDER,
					  .version = NWI_SNAPSHOT_VERSION,
					  .generation = folder->generation,
					  .part_count = folder->part_count,
					  .about_bytes = about_bytes };
	size_t n_bytes = sizeof(head) + folder->part_count * sizeof(uint64_t) + about_bytes;
	uint8_t *text = nwi_heap_alloc(n_bytes + sizeof(uint64_t)), *at = text;
	uint64_t sum;

	if (!text)
		return NULL;
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	for (uint32_t p = 0; p < folder->part_count; p++, at += sizeof(uint64_t))
		memcpy(at, &folder->parts[p].n_bytes, sizeof(uint64_t));
	if (about_bytes > 0)
		memcpy(at, about, about_bytes);
	sum = nwi_snapshot_sum(text, n_bytes, 0);
	memcpy(text + n_bytes, &sum, sizeof(sum));
	*ret_bytes = n_bytes + sizeof(sum);
	return text;
}

static int write_new(const struct nw_snapshot_folder *folder, const uint8_t *text, size_t n_bytes)
{
	int fd = -1, rc = nwi_file_create(folder->fd, NWI_SNAPSHOT_NEW, &fd);

	if (rc == 0)
		rc = nwi_file_write(fd, text, n_bytes);
	if (rc == 0)
		rc = nwi_file_sync(fd);
	nwi_file_close(fd);
	return rc;
}

static void drop_parts(struct nw_snapshot_folder *folder)
{
	for (uint32_t p = 0; p < folder->part_count; p++) {
		nwi_file_close(folder->parts[p].fd);
		nwi_block_room_drop(&folder->parts[p].room, false);
	}
	nwi_heap_free(folder->parts);
	folder->parts = NULL;
	folder->part_count = 0;
}

/* *ret_is_named: the new one has the name, whatever comes after. */
static int publish(struct nw_snapshot_folder *folder, const uint8_t *text, size_t n_bytes,
		   bool *ret_is_named)
{
	int rc = nwi_file_sync(folder->fd);

	if (rc == 0)
		rc = write_new(folder, text, n_bytes);
	if (rc == 0)
		rc = nwi_file_rename(folder->fd, NWI_SNAPSHOT_NEW, NWI_SNAPSHOT_NAME);
	*ret_is_named = rc == 0;
	return rc < 0 ? rc : nwi_file_sync(folder->fd);
}

int nw_snapshot_commit(struct nw_snapshot_folder *folder, const void *about, size_t n_bytes,
		       uint64_t *ret_bytes)
{
	bool has_ended = folder->part_count > 0 && n_bytes <= NW_SNAPSHOT_ABOUT_MAX;
	bool is_named = false;
	size_t text_bytes = 0;
	uint8_t *text = NULL;
	int rc = -EINVAL;

	for (uint32_t p = 0; p < folder->part_count; p++)
		has_ended &= folder->parts[p].has_ended;
	if (has_ended) {
		text = make_text(folder, about, n_bytes, &text_bytes);
		rc = text ? publish(folder, text, text_bytes, &is_named) : -ENOMEM;
	}
	nwi_heap_free(text);
	if (!is_named) {
		nw_snapshot_abandon(folder);
		return rc;
	}
	if (ret_bytes)
		*ret_bytes = total_of(folder) + text_bytes;
	drop_parts(folder);
	/* Where the disk did not take the name, it may have the old one still, and needs its parts.
	 */
	if (rc == 0)
		remove_parts(folder, folder->generation);
	return rc;
}

void nw_snapshot_abandon(struct nw_snapshot_folder *folder)
{
	for (uint32_t p = 0; p < folder->part_count; p++) {
		char name[NWI_SNAPSHOT_NAME_BYTES];

		nwi_snapshot_name(name, folder->generation, p);
		(void)nwi_file_remove(folder->fd, name); /* a left-over is no harm */
	}
	if (folder->part_count > 0)
		(void)nwi_file_remove(folder->fd, NWI_SNAPSHOT_NEW); /* likewise */
	drop_parts(folder);
}
