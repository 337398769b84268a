/* SPDX-License-Identifier: MIT */
/* Anonymous pages: map, advise, populate, unmap, and ask the kernel where they are.
 * No policy here (policy.h) and no bookkeeping (src/mem). All return 0 or -errno. */
#ifndef NWI_OS_PAGES_H
#define NWI_OS_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_PAGE_2M_LOG2 = 21, NWI_PAGE_1G_LOG2 = 30 };

/* Bytes of a base page. */
size_t nwi_page_bytes(void);

/* n_bytes (whole pages) at a multiple of align (power of two, at least a page), by mapping more
 * and trimming. is_lazy: without reserving swap, for ranges that are mostly never touched. */
int nwi_pages_map(void **ret_base, size_t n_bytes, size_t align, bool is_lazy);
/* The same from the hugetlb pool; n_bytes is a multiple of 1 << page_log2. The pages are reserved
 * machine-wide, not on a node: touching them can still raise SIGBUS. */
int nwi_pages_map_huge(void **ret_base, size_t n_bytes, unsigned page_log2);
void nwi_pages_unmap(void *base, size_t n_bytes);

/* Asks for transparent huge pages; -ENOTSUP when the kernel would take the advice and ignore it. */
int nwi_pages_advise_huge(void *base, size_t n_bytes);
/* Asks for base pages only, where the kernel would make huge ones unasked. */
void nwi_pages_advise_base(void *base, size_t n_bytes);

/* Gives every page memory. Where the kernel can (5.14), a page that cannot be had is -errno and
 * not a signal; -EINVAL where it cannot. */
int nwi_pages_populate(void *base, size_t n_bytes);
/* Gives every page memory by writing a zero to it: only for pages that are still all zero. */
void nwi_pages_touch(void *base, size_t n_bytes);

/* ret_status[i]: node of the page at pages[i], or a negative errno. */
int nwi_pages_where(void **pages, size_t page_count, int *ret_status);
/* Whether an address belongs to any mapping, touched or not. */
bool nwi_page_is_mapped(void *page);

#endif /* NWI_OS_PAGES_H */
