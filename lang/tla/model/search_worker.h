/* SPDX-License-Identifier: MIT */
/* One worker's side of a search: what search.c and walks.c share. */
#ifndef TLA_SEARCH_WORKER_H
#define TLA_SEARCH_WORKER_H

#include "search.h"
#include "values.h"

#include <string.h>

struct tla_search_context {
	struct tla_search_context *next; /* in the search's list, under its lock */
	struct nw_arena *arena;          /* this */
	struct tla_search *search;
	struct tla_runner *runner;
	struct tla_identity *identity; /* NULL: neither view nor symmetry */
	struct nw_emit *emit;
	const tla_value *from;    /* the state at hand, aligned; NULL: initial states */
	uint32_t depth;           /* of `from`; 0: of initial states there is none */
	tla_value *scratch;       /* three states: a successor, `from`, one that is looked at */
	struct tla_values values; /* of variables, where evaluations are counted */
};

/* search.c */
/* Keep why the evaluation failed and tell the engine. Not 0: the search stops. */
int tla_search_stop(struct tla_search_context *context, enum tla_stage stage, tla_sym name,
		    const tla_value *state);
/* The same for an action; the state that it could not make counts. */
void tla_search_stop_action(struct tla_search_context *context, enum tla_stage stage);
/* What is done with a state that the evaluator has made: the emit of tla_run_next(). */
int tla_search_take(struct tla_eval *eval, void *context);

/* resume.c: a hash of what values are, the same in every process. */
uint64_t tla_search_contents(const tla_value *values, uint32_t count);

/* walks.c: the interface's callbacks of these names */
uint32_t tla_search_part_count(void *context);
void tla_search_next_part(void *context, const uint8_t *state, size_t n_bytes, uint32_t part_idx,
			  struct nw_emit *emit);
const char *tla_search_part_name(void *context, uint32_t part_idx);
void tla_search_walk(void *context, uint64_t walk_idx, uint64_t seed);
bool tla_search_is_full(void *context);
void tla_search_forget(const void *search);

/* A copy that is aligned. The engine may ask for an invariant while successors are made. */
static inline const tla_value *tla_search_aligned(struct tla_search_context *context,
						  uint32_t place, const uint8_t *state,
						  size_t n_bytes)
{
	tla_value *copy = context->scratch +
			  place * (context->search->interface.state_bytes / sizeof *copy);

	memcpy(copy, state, n_bytes);
	return copy;
}

/* TLC counts the states between A and B of A \cdot B, too. */
static inline void tla_search_drop_composed(struct tla_search_context *context)
{
	for (; context->runner->eval.composed_count > 0; context->runner->eval.composed_count--)
		nw_emit_drop(context->emit);
}

#endif /* TLA_SEARCH_WORKER_H */
