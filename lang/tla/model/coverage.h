/* SPDX-License-Identifier: MIT */
/*
 * What a search counted, summed over its workers, in the order and the shape of TLC's report.
 *
 * A line of an expression stands for all below it that have its count: those are left out. One
 * that was never evaluated is left out, too, unless it gives a value to a variable.
 *
 * Threads: any, while workers count: each figure is one that was true, not all at the same moment.
 */
#ifndef TLA_COVERAGE_H
#define TLA_COVERAGE_H

#include "search.h"

enum tla_coverage_kind {
	TLA_COVERED_VARIABLE,   /* counts[0]: values in states found */
	TLA_COVERED_INIT,       /* counts: states; those, and what had values but did not hold */
	TLA_COVERED_ACTION,     /* counts: states found, steps */
	TLA_COVERED_INVARIANT,  /* no counts */
	TLA_COVERED_CONSTRAINT, /* counts: let pass, asked about */
	TLA_COVERED_EXPRESSION, /* counts[0]: evaluations */
};

struct tla_coverage_line {
	enum tla_coverage_kind kind;
	uint32_t depth; /* of an expression, from 0 */
	tla_sym name;   /* TLA_NO_SYM: none */
	/* Of what has a name, that; else of the text. */
	struct tla_span span;
	struct tla_span part; /* of the definition, where it is not the whole; else {0, 0} */
	uint64_t counts[2];
};

typedef void tla_coverage_fn(void *context, const struct tla_coverage_line *line);

/* Sums so far, each count of model->cover; the caller gives room. */
void tla_coverage_sum(struct tla_search *search, uint64_t *sums);
/* All lines of sums, in order. 0; -ENOMEM. */
int tla_coverage_tell(struct tla_search *search, const uint64_t *sums, tla_coverage_fn *tell,
		      void *context);

#endif /* TLA_COVERAGE_H */
