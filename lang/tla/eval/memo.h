/* SPDX-License-Identifier: MIT */
/*
 * Remembered values of expressions.
 *
 * An expression without side effects is a function of the variables and names that it reads. Most
 * of an invariant, a refinement mapping or a guard reads few of them, and few of their values are
 * new in a new state: since values of states are stored, equal ones are the same word, and the
 * words that are read are the key under which a thread remembers the result.
 *
 * tla_memoize() puts such nodes around expressions that are worth it. One that reads nothing is
 * a constant, evaluated once. As actions (act) these nodes are what is inside.
 *
 * Invariant: a result is looked up only while all of the key's words are atoms or objects that stay
 * where they are until the table is emptied; failures are not remembered.
 */
#ifndef TLA_MEMO_H
#define TLA_MEMO_H

#include "code.h"

struct tla_compiler;

enum { TLA_MEMO_KEYS_MAX = 6 };

enum tla_read_kind { TLA_READ_NOW, TLA_READ_NEXT, TLA_READ_SLOT };

/* Something that an expression's value depends on. */
struct tla_read {
	uint8_t kind; /* enum tla_read_kind */
	uint8_t up;   /* of a slot: frames up */
	uint32_t idx; /* of the variable, the slot */
};

struct tla_site {
	uint32_t site_idx; /* of the evaluator's counts */
	uint32_t read_count;
	bool may_read_next; /* primed variables, or names that may stand for them */
	struct tla_read reads[TLA_MEMO_KEYS_MAX];
};

struct tla_memo;

/* Have results of a function's body, and of all that it calls, remembered where that is worth it.
 * false: no memory. */
bool tla_memoize(struct tla_compiler *compiler, struct tla_fn *fn);
/* The node inside of those that only stand around one. */
const struct tla_code *tla_code_inside(const struct tla_code *code);

/* A thread's table. NULL: no memory. */
struct tla_memo *tla_memo_create(uint32_t site_count);
void tla_memo_destroy(struct tla_memo *memo);
/* Empty the table; trim: if its values have become many. Nothing on the heap may refer to them. */
void tla_memo_clear(struct tla_memo *memo);
void tla_memo_trim(struct tla_memo *memo);

#endif /* TLA_MEMO_H */
