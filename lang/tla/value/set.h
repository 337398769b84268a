/* SPDX-License-Identifier: MIT */
/*
 * Sets: making them, their algebra, membership, and going through their elements.
 *
 * Every function that returns a value returns TLA_NONE, and every one that returns int a negative
 * number, when it failed; the heap then has the reason.
 */
#ifndef TLA_SET_H
#define TLA_SET_H

#include "heap.h"

/* Most elements that an unevaluated set may have to be made explicit: TLC's bound. */
enum { TLA_EXPLICIT_COUNT_MAX = 1000000 };

/* The set of these elements, in any order and repeated or not. Sorts items in place. */
tla_value tla_set_new(struct tla_heap *heap, tla_value *items, size_t count);
/* The same, where they are plain, ascending, and each is there once. Copies items. */
tla_value tla_set_sorted(struct tla_heap *heap, const tla_value *items, size_t count);
tla_value tla_set_empty(void);
/* lo..hi, empty where lo > hi. */
tla_value tla_interval(struct tla_heap *heap, int64_t lo, int64_t hi);
/* A finite set as what TLC has as a list of elements: it prints as {1, 2}, not as 1..2. */
tla_value tla_enumerated(struct tla_heap *heap, tla_value set);
/* { FALSE, TRUE } */
tla_value tla_set_booleans(struct tla_heap *heap);

/* Unevaluated: SUBSET set; [domain -> range]; Seq(set); factor_count factors or fields. */
tla_value tla_subset(struct tla_heap *heap, tla_value set);
tla_value tla_fcns(struct tla_heap *heap, tla_value domain, tla_value range);
tla_value tla_seqs(struct tla_heap *heap, tla_value set);
tla_value tla_cross(struct tla_heap *heap, const tla_value *factors, uint32_t factor_count);
/* [name: set, ...], names in any order, each once. */
tla_value tla_rcds(struct tla_heap *heap, const tla_value *names, const tla_value *sets,
		   uint32_t field_count);
/* {x \in set : closure(x)} where the set cannot be gone through. */
tla_value tla_pred(struct tla_heap *heap, tla_value set, void *closure);

tla_value tla_cup(struct tla_heap *heap, tla_value a, tla_value b);
tla_value tla_cap(struct tla_heap *heap, tla_value a, tla_value b);
tla_value tla_diff(struct tla_heap *heap, tla_value a, tla_value b);
/* UNION sets */
tla_value tla_union(struct tla_heap *heap, tla_value sets);

/* v \in set: 1 or 0. */
int tla_member(struct tla_heap *heap, tla_value v, tla_value set);
/* a \subseteq b: 1 or 0. */
int tla_is_subset(struct tla_heap *heap, tla_value a, tla_value b);
/* Number of elements. */
int64_t tla_cardinality(struct tla_heap *heap, tla_value set);
/* Elements of a set that can be had by their numbers, without making the set: of SUBSET, functions,
 * records, tuples of such. 0: it is none, or has more than 2^60. */
uint64_t tla_pick_count(tla_value set);
tla_value tla_pick(struct tla_heap *heap, tla_value set, uint64_t idx);
/* Whether its elements can be gone through: false for infinite sets and what is built on them. */
bool tla_is_enumerable(tla_value set);
/* Whether they then come in ascending order, each once. Of an enumerable set. */
bool tla_is_ascending(tla_value set);

/* A finite set or a function made explicit; other values as they are. */
tla_value tla_explicit(struct tla_heap *heap, tla_value v);
/* The same to any depth. */
tla_value tla_plain(struct tla_heap *heap, tla_value v);

/* Going through a set in TLC's order, without making it where it is unevaluated: ascending, but for
 * unions and the like of sets that are not evaluated, which come one after the other, with what is
 * in both there twice. */
struct tla_iter {
	const struct tla_obj *set;
	uint64_t next;          /* of an explicit set; else the number of elements given out */
	uint32_t place_count;   /* wheels of the odometer */
	uint32_t *places;       /* what each shows: an index into its factor */
	struct tla_iter *parts; /* of CUP two, of CAP, DIFF and PRED one: what is gone through */
	uint32_t part_idx;
};

/* 0, or negative: not a set, or one that cannot be gone through. */
int tla_iter_init(struct tla_heap *heap, struct tla_iter *iter, tla_value set);
/* Back to before the first element. */
void tla_iter_rewind(struct tla_iter *iter);
/* 1 and the next element, 0 at the end, -1. The element is made on the heap, above the iterator. */
int tla_iter_next(struct tla_heap *heap, struct tla_iter *iter, tla_value *ret_v);

#endif /* TLA_SET_H */
