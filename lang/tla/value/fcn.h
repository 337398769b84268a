/* SPDX-License-Identifier: MIT */
/*
 * Functions: tuples, sequences, records and all others. Failing as set.h says.
 */
#ifndef TLA_FCN_H
#define TLA_FCN_H

#include "heap.h"

tla_value tla_tuple(struct tla_heap *heap, const tla_value *items, uint32_t count);
/* The function from an explicit finite set to values in its order. */
tla_value tla_fcn(struct tla_heap *heap, tla_value domain, const tla_value *values);
/* [name |-> value, ...], names in any order, each once. */
tla_value tla_record(struct tla_heap *heap, const tla_value *names, const tla_value *values,
		     uint32_t field_count);
/* A function that is evaluated where it is applied. */
tla_value tla_lambda(struct tla_heap *heap, tla_value domain, void *closure);
/* a :> b; f @@ g, where f wins. */
tla_value tla_single(struct tla_heap *heap, tla_value arg, tla_value value);
tla_value tla_override(struct tla_heap *heap, tla_value f, tla_value g);

tla_value tla_domain(struct tla_heap *heap, tla_value fcn);
tla_value tla_apply(struct tla_heap *heap, tla_value fcn, tla_value arg);
/* rcd.name; *hint is any number at first and makes the next look-up like this one fast. */
tla_value tla_field(struct tla_heap *heap, tla_value rcd, tla_value name, uint32_t *hint);
/* Position of arg among the values of a TUPLE or FCN: 0..count-1; -1: not in the domain. */
int64_t tla_position(struct tla_heap *heap, const struct tla_obj *fcn, tla_value arg);
/* A copy with one value, at a position, replaced. */
tla_value tla_replace(struct tla_heap *heap, const struct tla_obj *fcn, uint64_t position,
		      tla_value value);

/* v as a sequence: a TUPLE; NULL: it is not one (no failure). */
const struct tla_obj *tla_as_sequence(struct tla_heap *heap, tla_value v);

#endif /* TLA_FCN_H */
