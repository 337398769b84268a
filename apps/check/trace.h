/* SPDX-License-Identifier: MIT */
/*
 * Counterexamples of specifications, as the files that show them have them.
 *
 * Invariant: states of the engine are words of stored values, in the order of the variables, and
 * stay until the engine is destroyed.
 */
#ifndef APP_CHECK_TRACE_H
#define APP_CHECK_TRACE_H

#include "check/spec.h"

/* What is shown of a state: its variables, or the fields of the ALIAS. */
struct check_shown {
	const char **names;
	tla_value *values, *prints; /* prints: equal to them, as they were made */
	uint32_t count;
};

struct check_trace {
	struct check_spec *spec;
	const struct nw_explore_step *steps;
	size_t count;
};

/* false: there is none, *ret_error says why. */
bool check_trace_open(struct check_trace *trace, struct check_spec *spec, const struct check *check,
		      int *ret_error);
const tla_value *check_trace_state(const struct check_trace *trace, size_t i);
/* The action that leads to a state; false: none does. */
bool check_trace_move(const struct check_trace *trace, size_t to, struct tla_move *ret_move);
/* What is shown of a state; false: no memory. */
bool check_trace_show(const struct check_trace *trace, size_t i, struct check_shown *shown);
void check_shown_free(struct check_shown *shown);

#endif /* APP_CHECK_TRACE_H */
