/* SPDX-License-Identifier: MIT */
/*
 * Small, cold allocations: descriptors made at open and start, never on a path that
 * works. The only place in src/ that calls malloc's family, so a test can count on it.
 * Invariant: every block is zeroed when it is handed out.
 */
#ifndef NWI_OS_HEAP_H
#define NWI_OS_HEAP_H

#include <stddef.h>

/* Zeroed block of count * n_bytes, or NULL: none left, or the product overflows. */
void *nwi_heap_alloc_array(size_t count, size_t n_bytes);
/* Zeroed block, or NULL. */
void *nwi_heap_alloc(size_t n_bytes);
/* NULL is a no-op. */
void nwi_heap_free(void *block);

#endif /* NWI_OS_HEAP_H */
