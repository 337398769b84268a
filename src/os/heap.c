/* SPDX-License-Identifier: MIT */
/* Small, cold allocations, over libc. Every block is zeroed when it is handed out. */
#include "os/heap.h"

#include <stdlib.h>

void *nwi_heap_alloc_array(size_t count, size_t n_bytes)
{
	return calloc(count, n_bytes);
}

void *nwi_heap_alloc(size_t n_bytes)
{
	return calloc(1, n_bytes);
}

void nwi_heap_free(void *block)
{
	free(block);
}
