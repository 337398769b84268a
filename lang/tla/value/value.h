/* SPDX-License-Identifier: MIT */
/*
 * TLA+ values: one 64-bit word each, the same word for the same atom, one shape for equal values.
 *
 *   word      low 3 bits   the rest
 *   none      0            0: no value; an operation that failed and told its heap why
 *   object    0            address of a struct tla_obj
 *   integer   1            signed
 *   string    2            symbol
 *   boolean   3            0 or 1
 *   model     4            index of a model value
 *   infinite  5            enum tla_infinite: Nat, Int, Real, STRING, ANY
 *
 * Invariant: finite sets and functions have a normal form, and the constructors make nothing else.
 * A set of consecutive integers is an INTERVAL, any other finite set a SET: sorted, each element
 * once. A function over 1..n is a TUPLE, any other an FCN with its domain in normal form; a record
 * is an FCN over strings, a sequence is a TUPLE. So equal values have equal shapes, and those in
 * the store (store.h) are equal exactly when their words are.
 *
 * What is too large or infinite stays unevaluated (SUBSET S, [S -> T], Seq(S), ...): membership
 * is tested without making it, tla_explicit() makes it.
 *
 * Values live on a heap (heap.h), never change once made, and are gone when it is cut back.
 */
#ifndef TLA_VALUE_H
#define TLA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t tla_value;

#define TLA_NONE ((tla_value)0)

enum tla_tag { TLA_OBJECT, TLA_INT, TLA_STRING, TLA_BOOL, TLA_MODEL, TLA_INFINITE };

enum tla_infinite {
	TLA_NAT,
	TLA_INTEGERS,
	TLA_REALS,
	TLA_STRINGS,
	TLA_ANY, /* holds everything: TLC's Any */
};

enum tla_kind {
	TLA_SET,      /* items: elements, ascending */
	TLA_INTERVAL, /* items: lowest, highest */
	TLA_TUPLE,    /* items: elements 1..count */
	TLA_FCN,      /* items: domain, then count values in its order */
	/* Unevaluated sets. */
	TLA_SUBSET, /* items: S */
	TLA_FCNS,   /* items: S, T of [S -> T] */
	TLA_RCDS,   /* items: set of the field names, then a set for each */
	TLA_CROSS,  /* items: the factors */
	TLA_SEQS,   /* items: S of Seq(S) */
	TLA_CUP,    /* items: two sets, not both explicit */
	TLA_CAP,    /* items: two sets, neither explicit */
	TLA_DIFF,   /* items: two sets, the first not explicit */
	TLA_PRED,   /* items: S, closure: {x \in S : P} where S is not explicit */
	/* An unevaluated function. */
	TLA_LAMBDA, /* items: domain, closure */
};

/* A compound value. Items follow the header. */
struct tla_obj {
	uint8_t kind;   /* enum tla_kind */
	bool is_stored; /* in the store: equal means the same word, and it stays */
	bool is_plain;  /* nothing unevaluated in it, at any depth */
	bool is_kept; /* remembered by this thread (eval/memo.h): stays until no evaluation is on */
	/* Elements of a SET or TUPLE, values of an FCN, factors; of an INTERVAL 1 where it was not
	 * written as one, which only printing asks for; else 0. */
	uint32_t count;
	uint64_t hash; /* of the contents; 0: not computed */
	tla_value items[];
};

static inline enum tla_tag tla_tag(tla_value v)
{
	return (enum tla_tag)(v & 7);
}

static inline tla_value tla_int(int64_t i)
{
	return (uint64_t)i << 3 | TLA_INT;
}

static inline int64_t tla_int_of(tla_value v)
{
	return (int64_t)v >> 3;
}

static inline tla_value tla_bool(bool b)
{
	return (uint64_t)b << 3 | TLA_BOOL;
}

#define TLA_FALSE ((tla_value)TLA_BOOL)
#define TLA_TRUE  ((tla_value)(8 | TLA_BOOL))

static inline tla_value tla_string(uint32_t symbol)
{
	return (uint64_t)symbol << 3 | TLA_STRING;
}

static inline tla_value tla_model(uint32_t model_idx)
{
	return (uint64_t)model_idx << 3 | TLA_MODEL;
}

static inline tla_value tla_infinite(enum tla_infinite which)
{
	return (uint64_t)which << 3 | TLA_INFINITE;
}

/* The symbol of a string, the index of a model value, which infinite set. */
static inline uint32_t tla_id_of(tla_value v)
{
	return (uint32_t)(v >> 3);
}

static inline struct tla_obj *tla_obj(tla_value v)
{
	return (struct tla_obj *)(uintptr_t)v;
}

static inline tla_value tla_of(const struct tla_obj *obj)
{
	return (tla_value)(uintptr_t)obj;
}

static inline bool tla_is_object(tla_value v)
{
	return v && !(v & 7);
}

static inline bool tla_is_kind(tla_value v, enum tla_kind kind)
{
	return tla_is_object(v) && tla_obj(v)->kind == kind;
}

static inline bool tla_is_int(tla_value v)
{
	return tla_tag(v) == TLA_INT;
}

static inline bool tla_is_bool(tla_value v)
{
	return tla_tag(v) == TLA_BOOL;
}

static inline bool tla_is_string(tla_value v)
{
	return tla_tag(v) == TLA_STRING;
}

/* Nothing in it is unevaluated, so it may be sorted and hashed. Infinite sets count as atoms. */
static inline bool tla_is_plain(tla_value v)
{
	return !tla_is_object(v) || tla_obj(v)->is_plain;
}

/* An explicit finite set. */
static inline bool tla_is_finite(tla_value v)
{
	return tla_is_object(v) && tla_obj(v)->kind <= TLA_INTERVAL;
}

/* A set of any kind, unevaluated and infinite ones included. */
static inline bool tla_is_set(tla_value v)
{
	if (!tla_is_object(v))
		return tla_tag(v) == TLA_INFINITE;
	return tla_obj(v)->kind <= TLA_INTERVAL ||
	       (tla_obj(v)->kind >= TLA_SUBSET && tla_obj(v)->kind <= TLA_PRED);
}

/* A function of any kind: tuples, records and unevaluated ones included. */
static inline bool tla_is_fcn(tla_value v)
{
	return tla_is_object(v) && (tla_obj(v)->kind == TLA_TUPLE || tla_obj(v)->kind == TLA_FCN ||
				    tla_obj(v)->kind == TLA_LAMBDA);
}

/* Number of elements of an explicit finite set. */
static inline uint64_t tla_set_count(const struct tla_obj *set)
{
	if (set->kind == TLA_SET)
		return set->count;
	return (uint64_t)(tla_int_of(set->items[1]) - tla_int_of(set->items[0])) + 1;
}

/* Its element i in ascending order. */
static inline tla_value tla_set_at(const struct tla_obj *set, uint64_t i)
{
	if (set->kind == TLA_SET)
		return set->items[i];
	return set->items[0] + (i << 3);
}

/* Items of an object that holds no closure. */
static inline uint32_t tla_item_count(const struct tla_obj *obj)
{
	switch ((enum tla_kind)obj->kind) {
	case TLA_SET:
	case TLA_TUPLE:
	case TLA_CROSS:
		return obj->count;
	case TLA_FCN:
	case TLA_RCDS:
		return obj->count + 1;
	case TLA_SUBSET:
	case TLA_SEQS:
		return 1;
	default:
		return 2;
	}
}

/* The values of a TUPLE or FCN, in the order of its domain. */
static inline const tla_value *tla_fcn_values(const struct tla_obj *fcn)
{
	return fcn->items + (fcn->kind == TLA_FCN);
}

/* Element i, from 0, of the domain of a TUPLE or FCN. */
static inline tla_value tla_fcn_domain_at(const struct tla_obj *fcn, uint64_t i)
{
	if (fcn->kind == TLA_TUPLE)
		return tla_int((int64_t)i + 1);
	return tla_set_at(tla_obj(fcn->items[0]), i);
}

/* Whether it prints and is used as a record: a function over strings, and not the empty one. */
static inline bool tla_is_record(tla_value v)
{
	return tla_is_kind(v, TLA_FCN) && tla_is_string(tla_fcn_domain_at(tla_obj(v), 0)) &&
	       tla_is_string(tla_fcn_domain_at(tla_obj(v), tla_obj(v)->count - 1));
}

#endif /* TLA_VALUE_H */
