/* SPDX-License-Identifier: MIT */
/* Anonymous pages (pages.h). Invariant: a function that fails leaves nothing mapped behind. */
#include "os/pages.h"

#include "os/policy.h"

#include <errno.h>
#include <numaif.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t nwi_page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int map(void **ret_base, size_t n_bytes, int flags)
{
	void *base = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (base == MAP_FAILED)
		return -errno;
	*ret_base = base;
	return 0;
}

int nwi_pages_map(void **ret_base, size_t n_bytes, size_t align, bool is_lazy)
{
	size_t slack = align - nwi_page_bytes(), head, tail;
	char *base;
	void *all = NULL; /* for gcc, which fears an errno of 0 */
	int rc = n_bytes > SIZE_MAX - slack
			 ? -ENOMEM
			 : map(&all, n_bytes + slack, is_lazy ? MAP_NORESERVE : 0);

	if (rc < 0)
		return rc;
	head = (align - ((uintptr_t)all & (align - 1))) & (align - 1);
	tail = slack - head;
	base = (char *)all + head;
	if (head)
		nwi_pages_unmap(all, head);
	if (tail)
		nwi_pages_unmap(base + n_bytes, tail);
	*ret_base = base;
	return 0;
}

int nwi_pages_map_huge(void **ret_base, size_t n_bytes, unsigned page_log2)
{
	return map(ret_base, n_bytes, MAP_HUGETLB | (int)(page_log2 << MAP_HUGE_SHIFT));
}

void nwi_pages_unmap(void *base, size_t n_bytes)
{
	/* Fails only for a range that was never mapped so, or when splitting a mapping would
	 * exceed the process's count of them: the pages then stay until exit. */
	(void)munmap(base, n_bytes);
}

/* A kernel may be told to take the advice and ignore it, for all sizes or for this one. */
static bool thp_is_off(void)
{
	char all[64], two_mib[64];

	if (!nwi_read_text("/sys/kernel/mm/transparent_hugepage/enabled", all, sizeof(all)))
		return true;
	if (!nwi_read_text("/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled", two_mib,
			   sizeof(two_mib)))
		return strstr(all, "[never]");
	return strstr(two_mib, "[never]") ||
	       (strstr(two_mib, "[inherit]") && strstr(all, "[never]"));
}

int nwi_pages_advise_huge(void *base, size_t n_bytes)
{
	if (thp_is_off())
		return -ENOTSUP;
	return madvise(base, n_bytes, MADV_HUGEPAGE) < 0 ? -errno : 0;
}

void nwi_pages_advise_base(void *base, size_t n_bytes)
{
	/* Fails in a kernel that has no huge pages: that is what was asked for. */
	(void)madvise(base, n_bytes, MADV_NOHUGEPAGE);
}

int nwi_pages_populate(void *base, size_t n_bytes)
{
	int rc;

	do
		rc = madvise(base, n_bytes, MADV_POPULATE_WRITE) < 0 ? -errno : 0;
	while (rc == -EINTR || rc == -EAGAIN);
	return rc;
}

void nwi_pages_touch(void *base, size_t n_bytes)
{
	size_t page_bytes = nwi_page_bytes();

	for (size_t at = 0; at < n_bytes; at += page_bytes)
		((char *)base)[at] = 0;
}

int nwi_pages_where(void **pages, size_t page_count, int *ret_status)
{
	return move_pages(0, page_count, pages, NULL, ret_status, 0) < 0 ? -errno : 0;
}

bool nwi_page_is_mapped(void *page)
{
	unsigned char resident;

	return mincore(page, 1, &resident) == 0;
}
