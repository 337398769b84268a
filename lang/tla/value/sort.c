/* SPDX-License-Identifier: MIT */
/* Merge sort by runs: elements mostly come in order already, and then nothing is moved. */
#include "sort.h"

#include "order.h"

#include <string.h>

enum { SHORT = 12 };

static void sort_short(tla_value *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		tla_value v = items[i];
		size_t j = i;

		for (; j > 0 && tla_compare(items[j - 1], v) > 0; j--)
			items[j] = items[j - 1];
		items[j] = v;
	}
}

static void merge(tla_value *items, size_t middle, size_t count, tla_value *scratch)
{
	size_t i = 0, j = middle, k = 0;

	if (tla_compare(items[middle - 1], items[middle]) <= 0)
		return;
	memcpy(scratch, items, middle * sizeof *items);
	while (i < middle && j < count)
		items[k++] = tla_compare(scratch[i], items[j]) <= 0 ? scratch[i++] : items[j++];
	memcpy(items + k, scratch + i, (middle - i) * sizeof *items);
}

static void sort_long(tla_value *items, size_t count, tla_value *scratch)
{
	if (count <= SHORT) {
		sort_short(items, count);
		return;
	}
	sort_long(items, count / 2, scratch);
	sort_long(items + count / 2, count - count / 2, scratch);
	merge(items, count / 2, count, scratch);
}

static bool is_ascending(const tla_value *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (tla_compare(items[i - 1], items[i]) >= 0)
			return false;
	return true;
}

static size_t drop_repeated(tla_value *items, size_t count)
{
	size_t kept = count > 0;

	for (size_t i = 1; i < count; i++)
		if (tla_compare(items[kept - 1], items[i]) != 0)
			items[kept++] = items[i];
	return kept;
}

int64_t tla_sort(struct tla_heap *heap, tla_value *items, size_t count)
{
	struct tla_mark mark = tla_heap_mark(heap);
	tla_value *scratch = NULL;

	if (is_ascending(items, count))
		return (int64_t)count;
	if (count > SHORT) {
		scratch = tla_alloc(heap, count * sizeof *scratch);
		if (!scratch)
			return -1;
	}
	sort_long(items, count, scratch);
	tla_heap_cut(heap, mark);
	return (int64_t)drop_repeated(items, count);
}
