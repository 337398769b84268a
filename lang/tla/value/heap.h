/* SPDX-License-Identifier: MIT */
/*
 * Where values live while they are computed: a stack of memory that is cut back, never freed piece
 * by piece, and the place where a failed operation says why.
 *
 * Invariant: a value made after a mark refers to older and newer ones alike, one made before it
 * only to older ones; so cutting back to the mark leaves no dangling word, as long as nothing older
 * was pointed at something newer (whoever caches does, and undoes it: see tla_heap_cut()).
 *
 * One heap a thread.
 */
#ifndef TLA_HEAP_H
#define TLA_HEAP_H

#include "value.h"

#include <nw/node.h>

enum { TLA_ERROR_BYTES = 4096 };

struct tla_heap;

/* How names are found and closures run: the evaluator's part of a heap. */
struct tla_hooks {
	/* Text of a string's symbol, or of a model value; lent. */
	const char *(*string_text)(const void *names, uint32_t symbol);
	const char *(*model_text)(const void *names, uint32_t model_idx);
	const void *names;
	/* Value of an unevaluated function at arg, which is known to be in its domain. */
	tla_value (*apply)(void *eval, tla_value lambda, tla_value arg);
	/* Whether the predicate of a TLA_PRED holds of arg: 1, 0, or -1 and the heap's error. The
	 * heap is where it was, unless it failed. */
	int (*holds)(void *eval, tla_value pred, tla_value arg);
	void *eval;
};

struct tla_mark {
	struct tla_chunk *chunk;
	char *cur;
};

struct tla_heap {
	char *cur; /* next free byte, 8-byte aligned */
	char *end;
	struct tla_chunk *chunk; /* the one in use; older ones behind it */
	struct tla_chunk *spare; /* cut back, kept for the next time */
	size_t n_bytes_max;      /* of all chunks */
	size_t n_bytes;
	nw_node node;
	struct tla_hooks hooks;
	bool has_failed;
	char error[TLA_ERROR_BYTES]; /* why, one message of one or more lines */
};

/* An empty heap with its memory on a node (NW_NODE_ANY: where it is touched first). */
int tla_heap_init(struct tla_heap *heap, nw_node node, size_t n_bytes_max);
void tla_heap_fini(struct tla_heap *heap);

/* The slow half of tla_alloc(): a further chunk. NULL: the heap is full, and has failed. */
void *tla_heap_grow(struct tla_heap *heap, size_t n_bytes);

/* Uninitialised memory for n_bytes, a multiple of 8. NULL: the heap is full, and has failed. */
static inline void *tla_alloc(struct tla_heap *heap, size_t n_bytes)
{
	char *at = heap->cur;

	if ((size_t)(heap->end - at) < n_bytes)
		return tla_heap_grow(heap, n_bytes);
	heap->cur = at + n_bytes;
	return at;
}

/* An object with room for item_count items, its header set but for them. */
static inline struct tla_obj *tla_obj_new(struct tla_heap *heap, enum tla_kind kind, uint32_t count,
					  size_t item_count)
{
	struct tla_obj *obj = tla_alloc(heap, sizeof *obj + item_count * sizeof(tla_value));

	if (obj)
		*obj = (struct tla_obj){ .kind = (uint8_t)kind, .count = count };
	return obj;
}

static inline struct tla_mark tla_heap_mark(const struct tla_heap *heap)
{
	return (struct tla_mark){ heap->chunk, heap->cur };
}

/* The slow half of tla_heap_cut(): chunks above the mark's become spare. */
void tla_heap_cut_chunks(struct tla_heap *heap, struct tla_mark mark);

/* Drop all that was made since the mark. Who keeps words of newer values in older places resets
 * them first. */
static inline void tla_heap_cut(struct tla_heap *heap, struct tla_mark mark)
{
	if (heap->chunk == mark.chunk)
		heap->cur = mark.cur;
	else
		tla_heap_cut_chunks(heap, mark);
}

/*
 * Fail: keep the message, unless there is one already (the first cause counts). In the format, %V
 * is no printf conversion: pass texts made by tla_text(). Returns TLA_NONE.
 */
tla_value tla_fail(struct tla_heap *heap, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Forget a failure. */
void tla_heap_clear(struct tla_heap *heap);

#endif /* TLA_HEAP_H */
