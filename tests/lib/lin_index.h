/* SPDX-License-Identifier: MIT */
/*
 * What the checkers share: a history by tick and by value. Private to tests/lib/lin*.c.
 * Invariant: by_tick[t] is the call that begins or returns at t; a value's put and get are the
 * calls that name it, and a get never returns before its put is called.
 */
#ifndef LIN_INDEX_H
#define LIN_INDEX_H

#include "lib/lin.h"

#include <stddef.h>

#define LIN_NONE  UINT32_MAX
#define LIN_NEVER UINT32_MAX /* the tick of what does not happen */

struct lin_value {
	uint32_t put, get; /* calls, or LIN_NONE */
};

struct lin_index {
	const struct lin_history *history;
	uint32_t *by_tick; /* call * 2, plus 1 where it returns; LIN_NONE between */
	struct lin_value *values;
};

/* Zeroed; ends the test where there is no memory. */
void *lin_alloc(size_t count, size_t n_bytes);

/* False, with the verdict filled, where a value came from nowhere, too early or twice. */
bool lin_index_build(struct lin_index *ret_index, const struct lin_history *history,
		     struct lin_verdict *ret_verdict);
void lin_index_free(struct lin_index *index);

/* Say no. Always false. */
bool lin_refuse(struct lin_verdict *ret_verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool lin_accept(struct lin_verdict *ret_verdict)
{
	*ret_verdict = (struct lin_verdict){ .is_linearizable = true };
	return true;
}

/* When the value's put was called and returned, its get likewise; LIN_NEVER without a get. */
static inline const struct lin_op *lin_put_of(const struct lin_index *index, uint32_t value)
{
	return &index->history->ops[index->values[value].put];
}

static inline uint32_t lin_get_call(const struct lin_index *index, uint32_t value)
{
	uint32_t get = index->values[value].get;

	return get == LIN_NONE ? LIN_NEVER : index->history->ops[get].call;
}

static inline uint32_t lin_get_ret(const struct lin_index *index, uint32_t value)
{
	uint32_t get = index->values[value].get;

	return get == LIN_NONE ? LIN_NEVER : index->history->ops[get].ret;
}

/* Every "empty" had a moment at which nothing was certain to be inside; else a refusal. */
bool lin_empties_are_possible(const struct lin_index *index, struct lin_verdict *ret_verdict);

#endif /* LIN_INDEX_H */
