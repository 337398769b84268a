/* SPDX-License-Identifier: MIT */
/* Pages that can be shared (nw/shm.h). The policy of a file's pages belongs to the file, so it is
 * set through the maker's mapping before any page has memory, and holds for every process that
 * touches. Invariant: a failure leaves nothing mapped or open, and *ret_shm untouched. */
#include "mem/mem.h"
#include "os/pages.h"
#include "os/shared.h"

#include <nw/shm.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { FLAGS = NW_SHM_READ_ONLY | NW_SHM_PREFAULT, NAME_BYTES_MAX = 200 };

/* Whole pages; 0: it does not fit. */
static size_t whole_pages(size_t n_bytes)
{
	size_t page = nwi_page_bytes();

	return n_bytes > SIZE_MAX - (page - 1) ? 0 : (n_bytes + page - 1) & ~(page - 1);
}

static int map_new(struct nw_shm *shm, nw_node node, unsigned flags)
{
	int rc = nwi_shared_map(&shm->mem.base, shm->fd, shm->mem.n_bytes, true);

	if (rc < 0)
		return rc;
	rc = nwi_mem_place(&shm->mem, node);
	if (rc == 0 && flags & NW_SHM_READ_ONLY)
		rc = nwi_shared_freeze(shm->fd);
	if (rc < 0)
		nwi_pages_unmap(shm->mem.base, shm->mem.n_bytes);
	else if (flags & NW_SHM_PREFAULT)
		nwi_pages_touch(shm->mem.base, shm->mem.n_bytes);
	return rc;
}

int nw_shm_create(struct nw_shm *ret_shm, const char *name, nw_node node, size_t n_bytes,
		  unsigned flags)
{
	struct nw_shm shm = { .mem = { .n_bytes = whole_pages(n_bytes) } };
	int rc;

	if (n_bytes == 0 || flags & ~(unsigned)FLAGS ||
	    strnlen(name, NAME_BYTES_MAX + 1) > NAME_BYTES_MAX)
		return -EINVAL;
	rc = nwi_mem_check_node(node);
	if (rc == 0 && shm.mem.n_bytes == 0)
		rc = -ENOMEM;
	if (rc == 0)
		rc = nwi_shared_open(&shm.fd, name, shm.mem.n_bytes);
	if (rc < 0)
		return rc;
	rc = map_new(&shm, node, flags);
	if (rc < 0) {
		nwi_shared_close(shm.fd);
		return rc;
	}
	nwi_mem_count(&shm.mem);
	*ret_shm = shm;
	return 0;
}

int nw_shm_place(const struct nw_shm *shm, size_t offset, size_t n_bytes, nw_node node,
		 struct nw_mem *ret_mem)
{
	struct nw_mem part = { .n_bytes = whole_pages(n_bytes), .node = NW_NODE_ANY };
	int rc = nwi_mem_check_node(node);

	if (rc < 0)
		return rc;
	if (offset % nwi_page_bytes() != 0 || part.n_bytes == 0 || offset > shm->mem.n_bytes ||
	    part.n_bytes > shm->mem.n_bytes - offset)
		return -EINVAL;
	part.base = (char *)shm->mem.base + offset;
	rc = nwi_mem_place(&part, node);
	if (rc == 0)
		*ret_mem = part;
	return rc;
}

int nw_shm_map(struct nw_shm *ret_shm, int fd, size_t n_bytes, bool is_writable)
{
	struct nw_shm shm = { .fd = fd };
	int rc;

	shm.mem = (struct nw_mem){ .n_bytes = whole_pages(n_bytes),
				   .node = NW_NODE_ANY,
				   .level = NW_MEM_UNBOUND };
	if (n_bytes == 0)
		return -EINVAL;
	rc = nwi_shared_check(fd, n_bytes);
	if (rc == 0)
		rc = nwi_shared_map(&shm.mem.base, fd, shm.mem.n_bytes, is_writable);
	if (rc < 0)
		return rc;
	nwi_mem_count(&shm.mem);
	*ret_shm = shm;
	return 0;
}

void nw_shm_close(struct nw_shm *shm)
{
	if (!shm || !shm->mem.base)
		return;
	nw_mem_free(&shm->mem);
	nwi_shared_close(shm->fd);
	shm->fd = -1;
}
