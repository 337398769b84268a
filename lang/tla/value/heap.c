/* SPDX-License-Identifier: MIT */
/*
 * The stack of memory that values are computed on. Invariant: only the newest chunk is
 * written to; cutting back makes the chunks above spare, so a search that has reached its
 * steady state asks the kernel for nothing.
 */
#include "heap.h"

#include <nw/mem.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 20 };

struct tla_chunk {
	struct tla_chunk *below;
	struct nw_mem mem;
	char *end;
	char bytes[];
};

static struct tla_chunk *chunk_map(struct tla_heap *heap, size_t n_bytes)
{
	struct nw_mem mem;
	struct tla_chunk *chunk;

	if (n_bytes > heap->n_bytes_max - heap->n_bytes ||
	    nw_mem_alloc(&mem, heap->node, n_bytes, 0))
		return NULL;
	chunk = mem.base;
	*chunk = (struct tla_chunk){ .mem = mem };
	chunk->end = (char *)mem.base + mem.n_bytes;
	heap->n_bytes += mem.n_bytes;
	return chunk;
}

static void chunk_unmap(struct tla_heap *heap, struct tla_chunk *chunk)
{
	struct nw_mem mem = chunk->mem;

	heap->n_bytes -= mem.n_bytes;
	nw_mem_free(&mem);
}

static void chunk_use(struct tla_heap *heap, struct tla_chunk *chunk)
{
	chunk->below = heap->chunk;
	heap->chunk = chunk;
	heap->cur = chunk->bytes;
	heap->end = chunk->end;
}

int tla_heap_init(struct tla_heap *heap, nw_node node, size_t n_bytes_max)
{
	struct tla_chunk *chunk;

	*heap = (struct tla_heap){ .node = node, .n_bytes_max = n_bytes_max };
	chunk = chunk_map(heap, CHUNK_BYTES);
	if (!chunk)
		return -ENOMEM;
	chunk_use(heap, chunk);
	return 0;
}

static void list_unmap(struct tla_heap *heap, struct tla_chunk *chunk)
{
	while (chunk) {
		struct tla_chunk *below = chunk->below;

		chunk_unmap(heap, chunk);
		chunk = below;
	}
}

void tla_heap_fini(struct tla_heap *heap)
{
	list_unmap(heap, heap->chunk);
	list_unmap(heap, heap->spare);
	heap->chunk = heap->spare = NULL;
	heap->cur = heap->end = NULL;
}

void *tla_heap_grow(struct tla_heap *heap, size_t n_bytes)
{
	size_t need = n_bytes + sizeof(struct tla_chunk);
	struct tla_chunk *chunk = heap->spare;

	if (chunk && (size_t)(chunk->end - (char *)chunk) >= need) {
		heap->spare = chunk->below;
	} else {
		chunk = chunk_map(heap, need > CHUNK_BYTES ? need : CHUNK_BYTES);
		if (!chunk) {
			tla_fail(heap,
				 "Out of memory: one evaluation needs more than %zu MiB of "
				 "intermediate values.",
				 heap->n_bytes_max >> 20);
			return NULL;
		}
	}
	chunk_use(heap, chunk);
	return tla_alloc(heap, n_bytes);
}

void tla_heap_cut_chunks(struct tla_heap *heap, struct tla_mark mark)
{
	while (heap->chunk != mark.chunk) {
		struct tla_chunk *chunk = heap->chunk;

		heap->chunk = chunk->below;
		/* Large ones are rare and would pin their memory. */
		if (chunk->mem.n_bytes > CHUNK_BYTES) {
			chunk_unmap(heap, chunk);
		} else {
			chunk->below = heap->spare;
			heap->spare = chunk;
		}
	}
	heap->cur = mark.cur;
	heap->end = mark.chunk->end;
}

tla_value tla_fail(struct tla_heap *heap, const char *format, ...)
{
	va_list args;

	if (heap->has_failed)
		return TLA_NONE;
	heap->has_failed = true;
	va_start(args, format);
	(void)vsnprintf(heap->error, sizeof heap->error, format, args); /* cut where too long */
	va_end(args);
	return TLA_NONE;
}

void tla_heap_clear(struct tla_heap *heap)
{
	heap->has_failed = false;
	heap->error[0] = '\0';
}
