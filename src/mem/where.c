/* SPDX-License-Identifier: MIT */
/* Where pages really are: move_pages without a target, a chunk at a time.
 *
 * Invariant: page_count is the sum of on_node[], untouched_count and failed_count. */
#include "os/pages.h"

#include <nw/mem.h>

#include <errno.h>
#include <stdint.h>

enum { CHUNK_PAGES = 256 };

/* A range's pages, some at a time. */
struct cursor {
	char *at;
	size_t left;
	size_t page_bytes;
	void *pages[CHUNK_PAGES];
	int status[CHUNK_PAGES];
};

/* Returns how many pages the next chunk has; 0: none is left. */
static size_t next_chunk(struct cursor *cursor)
{
	size_t chunk = cursor->left < CHUNK_PAGES ? cursor->left : CHUNK_PAGES;

	for (size_t i = 0; i < chunk; i++)
		cursor->pages[i] = cursor->at + i * cursor->page_bytes;
	cursor->at += chunk * cursor->page_bytes;
	cursor->left -= chunk;
	return chunk;
}

static void count_page(struct nw_mem_map *map, void *page, int status)
{
	map->page_count++;
	if (status >= 0 && status <= NW_NODE_ID_MAX)
		map->on_node[status]++;
	/* Never written to: no page, or (-EFAULT) the zero page that reading gets. But -EFAULT is
	 * also the answer for an address outside every mapping. */
	else if (status == -ENOENT || (status == -EFAULT && nwi_page_is_mapped(page)))
		map->untouched_count++;
	else
		map->failed_count++;
}

static void count_chunk(struct nw_mem_map *map, const struct cursor *cursor, size_t chunk, int rc)
{
	for (size_t i = 0; i < chunk; i++)
		count_page(map, cursor->pages[i], rc < 0 ? rc : cursor->status[i]);
}

int nw_mem_verify(const void *base, size_t n_bytes, struct nw_mem_map *ret_map)
{
	size_t page_bytes = nwi_page_bytes(), skew = (uintptr_t)base & (page_bytes - 1), chunk;
	struct cursor cursor = { .at = (char *)base - skew, .page_bytes = page_bytes };
	int rc;

	if (n_bytes == 0 || n_bytes > UINTPTR_MAX - (uintptr_t)base)
		return -EINVAL;
	cursor.left = n_bytes / page_bytes;
	cursor.left += (n_bytes % page_bytes + skew + page_bytes - 1) / page_bytes;
	chunk = next_chunk(&cursor);
	rc = nwi_pages_where(cursor.pages, chunk, cursor.status);
	if (rc < 0)
		return rc;
	*ret_map = (struct nw_mem_map){ 0 };
	while (chunk > 0) {
		count_chunk(ret_map, &cursor, chunk, rc);
		chunk = next_chunk(&cursor);
		/* A call that fails from here on makes its pages count as failed. */
		rc = chunk > 0 ? nwi_pages_where(cursor.pages, chunk, cursor.status) : 0;
	}
	return 0;
}
