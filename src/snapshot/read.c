/* SPDX-License-Identifier: MIT */
/*
 * Reading snapshots. Invariant: a byte that is handed out is in a block whose checksum was found
 * right, or in a `snapshot` whose was; sizes that a file names are looked at before they are used.
 */
#include "snapshot/format.h"

#include "base/diag.h"
#include "os/file.h"
#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct nw_snapshot_view {
	struct nwi_snapshot_head head;
	uint8_t *text; /* of `snapshot` */
	size_t text_bytes;
	int folder_fd;

	/* The part that is being read. */
	struct nwi_block_place place; /* of the next block */
	struct nwi_block_room room;
	int fd;
	uint64_t left_bytes;             /* of the file */
	uint32_t raw_bytes, taken_bytes; /* of the block at hand */
};

static uint64_t part_bytes(const struct nw_snapshot_view *view, uint32_t part_idx)
{
	uint64_t n_bytes;

	memcpy(&n_bytes, view->text + sizeof(view->head) + part_idx * sizeof(n_bytes),
	       sizeof(n_bytes));
	return n_bytes;
}

/* The text is whole, and of a version and an order of bytes that are read here. */
static int check_text(struct nw_snapshot_view *view)
{
	const struct nwi_snapshot_head *head = &view->head;
	uint64_t sum, n_bytes = view->text_bytes - sizeof(sum);

	memcpy(&view->head, view->text, sizeof(view->head));
	if (memcmp(head->magic, NWI_SNAPSHOT_MAGIC, sizeof(head->magic)) != 0)
		return -EBADMSG;
	if (head->order != NWI_SNAPSHOT_ORDER || head->version != NWI_SNAPSHOT_VERSION)
		return -ENOTSUP;
	memcpy(&sum, view->text + n_bytes, sizeof(sum));
	if (nwi_snapshot_sum(view->text, n_bytes, 0) != sum)
		return -EBADMSG;
	if (head->part_count == 0 || head->part_count > NW_SNAPSHOT_PARTS_MAX ||
	    head->about_bytes > NW_SNAPSHOT_ABOUT_MAX ||
	    sizeof(*head) + head->part_count * sizeof(uint64_t) + head->about_bytes != n_bytes)
		return -EBADMSG;
	return 0;
}

static int read_text(struct nw_snapshot_view *view)
{
	uint64_t n_bytes;
	int fd = -1, rc = nwi_file_open(view->folder_fd, NWI_SNAPSHOT_NAME, &fd, &n_bytes);

	if (rc == 0 && (n_bytes < sizeof(view->head) + sizeof(uint64_t) ||
			n_bytes > (uint64_t)2 * NW_SNAPSHOT_ABOUT_MAX))
		rc = -EBADMSG;
	if (rc == 0) {
		view->text_bytes = (size_t)n_bytes;
		view->text = nwi_heap_alloc(view->text_bytes);
		rc = view->text ? nwi_file_read(fd, view->text, view->text_bytes) : -ENOMEM;
	}
	nwi_file_close(fd);
	if (rc == -ENODATA)
		rc = -EBADMSG;
	return rc < 0 ? rc : check_text(view);
}

static int open_part(struct nw_snapshot_view *view, uint32_t part_idx)
{
	char name[NWI_SNAPSHOT_NAME_BYTES];
	uint64_t n_bytes;
	int rc;

	nwi_file_close(view->fd);
	view->fd = -1;
	nwi_snapshot_name(name, view->head.generation, part_idx);
	rc = nwi_file_open(view->folder_fd, name, &view->fd, &n_bytes);
	if (rc == 0 && n_bytes != part_bytes(view, part_idx))
		rc = -EBADMSG;
	if (rc == -ENOENT || rc == -EINVAL)
		rc = -EBADMSG;
	view->left_bytes = rc == 0 ? n_bytes : 0;
	return rc;
}

static int open_view(struct nw_snapshot_view *view, const char *path)
{
	int rc = nwi_folder_open(path, &view->folder_fd);

	if (rc == 0)
		rc = read_text(view);
	if (rc == 0)
		rc = nwi_block_room_make(&view->room, true);
	for (uint32_t p = 0; rc == 0 && p < view->head.part_count; p++)
		rc = open_part(view, p);
	return rc;
}

static void explain(int rc, const char *path, struct nw_diag *diag)
{
	if (rc == -ENOENT || rc == -ENOTDIR)
		nwi_diag_set(diag, "%s: there is no snapshot", path);
	else if (rc == -EBADMSG)
		nwi_diag_set(diag, "%s: the snapshot is damaged", path);
	else if (rc == -ENOTSUP)
		nwi_diag_set(diag, "%s: the snapshot is of another version, or another machine",
			     path);
	else
		nwi_diag_set(diag, "%s: %s", path, strerror(-rc));
}

int nw_snapshot_open(struct nw_snapshot_view **ret_view, const char *path,
		     struct nw_diag *reterr_diag)
{
	struct nw_snapshot_view *view = nwi_heap_alloc(sizeof(*view));
	int rc = -ENOMEM;

	if (view) {
		view->folder_fd = view->fd = -1;
		rc = open_view(view, path);
	}
	if (rc == 0) {
		*ret_view = view;
		return 0;
	}
	nw_snapshot_close(view);
	explain(rc, path, reterr_diag);
	return rc == -ENOTDIR ? -ENOENT : rc;
}

void nw_snapshot_close(struct nw_snapshot_view *view)
{
	if (!view)
		return;
	nwi_file_close(view->fd);
	nwi_file_close(view->folder_fd);
	nwi_block_room_drop(&view->room, true);
	nwi_heap_free(view->text);
	nwi_heap_free(view);
}

const void *nw_snapshot_about(const struct nw_snapshot_view *view, size_t *ret_bytes)
{
	*ret_bytes = (size_t)view->head.about_bytes;
	return view->text + sizeof(view->head) + view->head.part_count * sizeof(uint64_t);
}

uint32_t nw_snapshot_part_count(const struct nw_snapshot_view *view)
{
	return view->head.part_count;
}

int nw_snapshot_read_part(struct nw_snapshot_view *view, uint32_t part_idx)
{
	assert(part_idx < view->head.part_count);
	view->raw_bytes = view->taken_bytes = 0;
	view->place = (struct nwi_block_place){ .generation = view->head.generation,
						.part_idx = part_idx };
	return open_part(view, part_idx);
}

static int next_block(struct nw_snapshot_view *view)
{
	struct nwi_block_head head;
	int rc;

	if (view->left_bytes == 0)
		return -ENODATA;
	if (view->left_bytes < sizeof(head))
		return -EBADMSG;
	rc = nwi_file_read(view->fd, &head, sizeof(head));
	view->left_bytes -= sizeof(head);
	if (rc == 0 &&
	    (!nwi_block_is_sound(&view->room, &head) || head.stored_bytes > view->left_bytes))
		rc = -EBADMSG;
	if (rc == 0)
		rc = nwi_file_read(view->fd, view->room.stored, head.stored_bytes);
	if (rc == 0)
		rc = nwi_block_unpack(&view->room, &head, &view->place);
	if (rc < 0)
		return rc == -ENODATA ? -EBADMSG : rc; /* shorter than when it was opened */
	view->left_bytes -= head.stored_bytes;
	view->place.block_idx++;
	view->raw_bytes = head.raw_bytes;
	view->taken_bytes = 0;
	return 0;
}

int nw_snapshot_get(struct nw_snapshot_view *view, void *bytes, size_t n_bytes)
{
	uint8_t *to = bytes;

	while (n_bytes > 0) {
		size_t n = view->raw_bytes - view->taken_bytes;
		int rc = n == 0 ? next_block(view) : 0;

		if (rc < 0)
			return rc;
		n = view->raw_bytes - view->taken_bytes;
		n = n < n_bytes ? n : n_bytes;
		memcpy(to, view->room.raw + view->taken_bytes, n);
		view->taken_bytes += (uint32_t)n;
		to += n;
		n_bytes -= n;
	}
	return 0;
}
