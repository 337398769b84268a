/* SPDX-License-Identifier: MIT */
/*
 * Operators of the standard modules in C, found by module and name. A definition in the module's
 * text that
 * can be evaluated as it stands needs none; those here have no such definition, or a slow one.
 */
#include "natives.h"
#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/print.h"
#include "../value/set.h"
#include "compile.h"
#include "eval.h"
#include "nodes.h"

#include <stdio.h>
#include <string.h>

static tla_value nat(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_NAT);
}

static tla_value integers(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_INTEGERS);
}

static tla_value reals(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_REALS);
}

/* --- Sequences --- */

const struct tla_obj *tla_need_sequence(struct tla_eval *eval, const char *where, tla_value v)
{
	const struct tla_obj *seq = tla_as_sequence(eval->heap, v);

	if (!seq)
		tla_fail_kind(eval, where, "a sequence", v);
	return seq;
}

static tla_value seq(struct tla_eval *eval, const tla_value *args)
{
	return tla_seqs(eval->heap, args[0]);
}

static tla_value len(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s;

	if (tla_is_string(args[0]))
		return tla_int((int64_t)strlen(eval->heap->hooks.string_text(
			eval->heap->hooks.names, tla_id_of(args[0]))));
	s = tla_need_sequence(eval, "Len", args[0]);
	return s ? tla_int(s->count) : TLA_NONE;
}

static tla_value append(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "Append", args[0]);
	struct tla_obj *longer;

	if (!s)
		return TLA_NONE;
	longer = tla_obj_new(eval->heap, TLA_TUPLE, s->count + 1, s->count + 1);
	if (!longer)
		return TLA_NONE;
	memcpy(longer->items, s->items, s->count * sizeof s->items[0]);
	longer->items[s->count] = args[1];
	longer->is_plain = s->is_plain && tla_is_plain(args[1]);
	return tla_of(longer);
}

/* Strings are sequences of characters to \o and to it alone, as in TLC. */
static tla_value concat_strings(struct tla_eval *eval, tla_value a, tla_value b)
{
	const struct tla_hooks *hooks = &eval->heap->hooks;
	const char *x = hooks->string_text(hooks->names, tla_id_of(a));
	const char *y = hooks->string_text(hooks->names, tla_id_of(b));
	size_t n_bytes = strlen(x) + strlen(y);
	char *both = tla_alloc(eval->heap, (n_bytes / 8 + 1) * 8);

	if (!both)
		return TLA_NONE;
	(void)snprintf(both, n_bytes + 1, "%s%s", x, y);
	return tla_new_string(eval, both, n_bytes);
}

static tla_value concat(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *a, *b;
	struct tla_obj *both;

	if (tla_is_string(args[0]) && tla_is_string(args[1]))
		return concat_strings(eval, args[0], args[1]);
	a = tla_need_sequence(eval, "\\o", args[0]);
	b = a ? tla_need_sequence(eval, "\\o", args[1]) : NULL;
	if (!b)
		return TLA_NONE;
	both = tla_obj_new(eval->heap, TLA_TUPLE, a->count + b->count, a->count + b->count);
	if (!both)
		return TLA_NONE;
	memcpy(both->items, a->items, a->count * sizeof a->items[0]);
	memcpy(both->items + a->count, b->items, b->count * sizeof b->items[0]);
	both->is_plain = a->is_plain && b->is_plain;
	return tla_of(both);
}

static tla_value head(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "Head", args[0]);

	if (s && s->count == 0)
		return tla_fail(eval->heap, "Attempted to apply Head to the empty sequence.");
	return s ? s->items[0] : TLA_NONE;
}

static tla_value tail(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "Tail", args[0]);

	if (s && s->count == 0)
		return tla_fail(eval->heap, "Attempted to apply Tail to the empty sequence.");
	return s ? tla_tuple(eval->heap, s->items + 1, s->count - 1) : TLA_NONE;
}

static tla_value subseq(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "SubSeq", args[0]);
	int64_t from, to;

	if (!s)
		return TLA_NONE;
	if (!tla_is_int(args[1]) || !tla_is_int(args[2]))
		return tla_fail_kind(eval, "SubSeq", "two integers",
				     tla_is_int(args[1]) ? args[2] : args[1]);
	from = tla_int_of(args[1]);
	to = tla_int_of(args[2]);
	if (from > to)
		return tla_tuple(eval->heap, NULL, 0);
	if (from < 1 || to > s->count)
		return tla_fail(eval->heap,
				"SubSeq from %lld to %lld leaves a sequence of length %u.",
				(long long)from, (long long)to, s->count);
	return tla_tuple(eval->heap, s->items + from - 1, (uint32_t)(to - from + 1));
}

int tla_test(struct tla_eval *eval, tla_value op, const tla_value *args, uint32_t arg_count)
{
	tla_value v = tla_call(eval, op, args, arg_count);

	if (v == TLA_TRUE || v == TLA_FALSE)
		return v == TLA_TRUE;
	if (v)
		tla_fail_kind(eval, "A test", "a Boolean", v);
	return -1;
}

static tla_value select_seq(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "SelectSeq", args[0]);
	tla_value *items = s ? tla_alloc(eval->heap, (s->count + 1) * sizeof *items) : NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; items && i < s->count; i++) {
		int holds = tla_test(eval, args[1], &s->items[i], 1);

		if (holds < 0)
			return TLA_NONE;
		if (holds)
			items[kept++] = s->items[i];
	}
	return items ? tla_tuple(eval->heap, items, kept) : TLA_NONE;
}

/* --- Bags --- */

/* As TLC: what is no function is no bag, and "a" is no count, where the definition has no value. */
static tla_value is_a_bag(struct tla_eval *eval, const tla_value *args)
{
	tla_value bag = tla_is_fcn(args[0]) ? tla_explicit(eval->heap, args[0]) : args[0];

	if (!bag)
		return TLA_NONE;
	for (uint32_t i = 0; tla_is_fcn(bag) && i < tla_obj(bag)->count; i++) {
		tla_value count = tla_fcn_values(tla_obj(bag))[i];

		if (!tla_is_int(count) || tla_int_of(count) <= 0)
			return TLA_FALSE;
	}
	return tla_bool(tla_is_fcn(bag));
}

/* --- FiniteSets --- */

static tla_value is_finite(struct tla_eval *eval, const tla_value *args)
{
	if (!tla_is_set(args[0]))
		return tla_fail_kind(eval, "IsFiniteSet", "a set", args[0]);
	return tla_bool(tla_is_enumerable(args[0]));
}

static tla_value cardinality(struct tla_eval *eval, const tla_value *args)
{
	int64_t count;

	if (!tla_is_set(args[0]))
		return tla_fail_kind(eval, "Cardinality", "a finite set", args[0]);
	count = tla_cardinality(eval->heap, args[0]);
	if (count > INT32_MAX)
		return tla_fail(eval->heap, "The cardinality of a set is beyond 2^31-1.");
	return count < 0 ? TLA_NONE : tla_int(count);
}

/* --- Bitwise --- */

static bool two_naturals(struct tla_eval *eval, const tla_value *args, int64_t *ret_a,
			 int64_t *ret_b)
{
	if (!tla_need_int(eval, "A bitwise operator", args[0], ret_a) ||
	    !tla_need_int(eval, "A bitwise operator", args[1], ret_b))
		return false;
	if (*ret_a >= 0 && *ret_b >= 0)
		return true;
	tla_fail_kind(eval, "A bitwise operator", "a natural number", args[*ret_a >= 0]);
	return false;
}

#define BITWISE(name, op)                                                             \
	static tla_value bit_##name(struct tla_eval *eval, const tla_value *args)     \
	{                                                                             \
		int64_t a, b;                                                         \
                                                                                      \
		return two_naturals(eval, args, &a, &b) ? tla_int(a op b) : TLA_NONE; \
	}

BITWISE(and, &)
BITWISE(or, |)
BITWISE(xor, ^)

/* --- What the families share --- */

const struct tla_obj *tla_need_set(struct tla_eval *eval, const char *where, tla_value v)
{
	tla_value set = tla_explicit(eval->heap, v);

	if (set && tla_is_finite(set))
		return tla_obj(set);
	if (set)
		tla_fail_kind(eval, where, "a finite set", set);
	return NULL;
}

const char *tla_need_string(struct tla_eval *eval, const char *where, tla_value v)
{
	if (tla_is_string(v))
		return eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(v));
	tla_fail_kind(eval, where, "a string", v);
	return NULL;
}

bool tla_need_int(struct tla_eval *eval, const char *where, tla_value v, int64_t *ret_i)
{
	if (!tla_is_int(v)) {
		tla_fail_kind(eval, where, "an integer", v);
		return false;
	}
	*ret_i = tla_int_of(v);
	return true;
}

char *tla_text_of(struct tla_eval *eval, tla_value v)
{
	size_t n_bytes;
	char *text;

	v = tla_shown(eval->heap, v);
	if (!v)
		return NULL;
	n_bytes = tla_print(eval->heap, v, (char[1]){ 0 }, 1) + 1;
	text = tla_alloc(eval->heap, (n_bytes + 7) / 8 * 8);
	if (text)
		tla_print(eval->heap, v, text, n_bytes);
	return text;
}

static const struct tla_native natives[] = {
	{ "Naturals", "Nat", 0, nat, NULL, TLA_CONSTANT },
	{ "Naturals", "+", 2, NULL, tla_ev_add, TLA_CONSTANT },
	{ "Naturals", "-", 2, NULL, tla_ev_sub, TLA_CONSTANT },
	{ "Naturals", "*", 2, NULL, tla_ev_mul, TLA_CONSTANT },
	{ "Naturals", "^", 2, NULL, tla_ev_pow, TLA_CONSTANT },
	{ "Naturals", "<", 2, NULL, tla_ev_less, TLA_CONSTANT },
	{ "Naturals", ">", 2, NULL, tla_ev_greater, TLA_CONSTANT },
	{ "Naturals", "\\leq", 2, NULL, tla_ev_leq, TLA_CONSTANT },
	{ "Naturals", "\\geq", 2, NULL, tla_ev_geq, TLA_CONSTANT },
	{ "Naturals", "%", 2, NULL, tla_ev_mod, TLA_CONSTANT },
	{ "Naturals", "\\div", 2, NULL, tla_ev_div, TLA_CONSTANT },
	{ "Naturals", "..", 2, NULL, tla_ev_range, TLA_CONSTANT },
	{ "Integers", "Int", 0, integers, NULL, TLA_CONSTANT },
	{ "Integers", "-.", 1, NULL, tla_ev_neg, TLA_CONSTANT },
	{ "Reals", "Real", 0, reals, NULL, TLA_CONSTANT },
	{ "Sequences", "Seq", 1, seq, NULL, TLA_CONSTANT },
	{ "Sequences", "Len", 1, len, NULL, TLA_CONSTANT },
	{ "Sequences", "\\o", 2, concat, NULL, TLA_CONSTANT },
	{ "Sequences", "Append", 2, append, NULL, TLA_CONSTANT },
	{ "Sequences", "Head", 1, head, NULL, TLA_CONSTANT },
	{ "Sequences", "Tail", 1, tail, NULL, TLA_CONSTANT },
	{ "Sequences", "SubSeq", 3, subseq, NULL, TLA_CONSTANT },
	{ "Sequences", "SelectSeq", 2, select_seq, NULL, TLA_CONSTANT },
	{ "Bags", "IsABag", 1, is_a_bag, NULL, TLA_CONSTANT },
	{ "FiniteSets", "IsFiniteSet", 1, is_finite, NULL, TLA_CONSTANT },
	{ "FiniteSets", "Cardinality", 1, cardinality, NULL, TLA_CONSTANT },
	{ "Bitwise", "&", 2, bit_and, NULL, TLA_CONSTANT },
	{ "Bitwise", "|", 2, bit_or, NULL, TLA_CONSTANT },
	{ "Bitwise", "^^", 2, bit_xor, NULL, TLA_CONSTANT },
	{ 0 },
};

static const struct tla_native *const families[] = { natives,          tla_natives_fold,
						     tla_natives_tlc,  tla_natives_ask,
						     tla_natives_json, tla_natives_csv,
						     tla_natives_io,   tla_natives_pack };

const struct tla_native *tla_native_find(const char *module, const char *name)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		for (const struct tla_native *at = families[i]; at->module; at++)
			if (!strcmp(at->module, module) && !strcmp(at->name, name))
				return at;
	return NULL;
}

/* What the node's union holds is not known before. */
const struct tla_native *tla_native_of(const struct tla_code *code)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		for (const struct tla_native *at = families[i]; at->module; at++)
			if (code->native == at)
				return at;
	return NULL;
}
