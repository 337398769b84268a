/* SPDX-License-Identifier: MIT */
/* Sorting of values for set.c. */
#ifndef TLA_SORT_H
#define TLA_SORT_H

#include "heap.h"

/*
 * Sort plain items ascending and drop repetitions. Uses scratch memory of the heap above its
 * present top. Returns how many are left; -1: out of memory, and the heap has failed.
 */
int64_t tla_sort(struct tla_heap *heap, tla_value *items, size_t count);

#endif /* TLA_SORT_H */
