/* SPDX-License-Identifier: MIT */
/*
 * Values as text, in TLA+ as TLC writes it: {1, 2}, <<1, 2>>, [a |-> 1], (1 :> 2 @@ 3 :> 4).
 */
#ifndef TLA_PRINT_H
#define TLA_PRINT_H

#include "heap.h"

#include <stdio.h>

enum { TLA_BRIEF_BYTES = 512 };

/*
 * Write v into text, n_bytes with the NUL, cut where it is longer. Returns the length that the
 * whole has. Sets and functions that are not evaluated are written as such, never evaluated.
 */
size_t tla_print(const struct tla_heap *heap, tla_value v, char *text, size_t n_bytes);

/* v as TLC shows it, sets and functions that are not evaluated made explicit where they are small.
 * TLA_NONE: that has failed. */
tla_value tla_shown(struct tla_heap *heap, tla_value v);

/* For messages: at most TLA_BRIEF_BYTES - 1 bytes, with "..." where cut. Returns text. */
const char *tla_brief(const struct tla_heap *heap, tla_value v, char text[TLA_BRIEF_BYTES]);

#endif /* TLA_PRINT_H */
