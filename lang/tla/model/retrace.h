/* SPDX-License-Identifier: MIT */
/*
 * A trace as its values were made, before they were stored. Equal values are one in the store, in
 * the form that came first; what is printed is as the specification has it: 1..3 or {1, 2, 3},
 * SUBSET S or its elements.
 */
#ifndef TLA_RETRACE_H
#define TLA_RETRACE_H

#include "model.h"

struct tla_retrace;

/* Make the states anew, which are `count` times the values of all variables, stored. The runner
 * must not be evaluating. NULL: no memory. */
struct tla_retrace *tla_retrace_create(struct tla_runner *runner, const tla_value *const *states,
				       size_t count);
void tla_retrace_destroy(struct tla_retrace *retrace);

/* The values of state i; those that were given where it could not be made. */
const tla_value *tla_retrace_at(const struct tla_retrace *retrace, size_t i);

/* The value of a formula in states i and j, kept as long as the retrace. TLA_NONE: it has none. */
tla_value tla_retrace_value(struct tla_retrace *retrace, const struct tla_formula *formula,
			    size_t i, size_t j);

#endif /* TLA_RETRACE_H */
