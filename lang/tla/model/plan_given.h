/* SPDX-License-Identifier: MIT */
/*
 * Of each variable of a plan, whether it has a value by now: on every way that leads here, on some,
 * or on none.
 */
#ifndef TLA_PLAN_GIVEN_H
#define TLA_PLAN_GIVEN_H

#include "explain.h"

enum tla_given { TLA_GIVEN_NOT, TLA_GIVEN_PERHAPS, TLA_GIVEN };

/* On the runner's heap. NULL: no memory, and the plan is full. */
uint8_t *tla_given_copy(struct tla_plan *plan);
void tla_given_join(const struct tla_plan *plan, uint8_t *to, const uint8_t *from);
bool tla_given_all(const struct tla_plan *plan);
/* What is not looked into may give any. */
void tla_given_perhaps(struct tla_plan *plan);

/* Several ways from the same beginning. */
struct tla_ways {
	uint8_t *before, *after; /* after: of those so far; NULL: there is none yet */
};

/* The first way begins; one ends, and the next one begins where the first did; what follows comes
 * after any of them. */
struct tla_ways tla_ways_open(struct tla_plan *plan);
void tla_ways_next(struct tla_plan *plan, struct tla_ways *ways);
void tla_ways_close(struct tla_plan *plan, const struct tla_ways *ways);

#endif /* TLA_PLAN_GIVEN_H */
