/* SPDX-License-Identifier: MIT */
/* What the files of actions share: action.c, assign.c, and counts.c where evaluations are counted.
 */
#ifndef TLA_ACTION_H
#define TLA_ACTION_H

#include "eval.h"

/* The rest of a conjunction: its args from `idx` on, then what is behind it. Of \A the conjuncts
 * are the body for each element. */
struct tla_rest {
	const struct tla_code *code;
	struct tla_frame *frame;
	uint32_t idx;
	const struct tla_rest *behind;
	const struct tla_elements *elements; /* of \A; else NULL */
};

struct tla_elements {
	uint32_t count;
	tla_value *at; /* what tla_walk_bind() takes */
};

/* The variables that get values. */
static inline tla_value *tla_assigned(const struct tla_eval *eval)
{
	return eval->is_init ? eval->now : eval->next;
}

/* A part that gives no values: what follows, where it holds. As tla_act(). */
int tla_act_test(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		 const struct tla_rest *rest);
/* What follows. As tla_act(). */
int tla_go_on(struct tla_eval *eval, const struct tla_rest *rest);
/* \A; rest_of_none follows where there is no element. */
int tla_act_forall(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		   const struct tla_rest *rest, const struct tla_rest *rest_of_none);
/* What a parameter or LET definition stands for, as long as it is not evaluated; else NULL. */
const struct tla_thunk *tla_pending(const struct tla_code *code, struct tla_frame *frame);
/* The variable that is left of `x' = e` or `x' \in S`; NULL: something else is. */
tla_value *tla_variable_of(const struct tla_eval *eval, const struct tla_code *left,
			   struct tla_frame *frame);

/* assign.c: parts that may give values. As tla_act(). */
int tla_act_eq(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
	       const struct tla_rest *rest);
int tla_act_in(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
	       const struct tla_rest *rest);
int tla_act_unchanged(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		      const struct tla_rest *rest);

/* counts.c: where evaluations are counted */
int tla_act_count(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		  const struct tla_rest *rest);
int tla_act_tally(struct tla_eval *eval, const struct tla_code *code, const struct tla_rest *rest);
int tla_act_let_open(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		     const struct tla_rest *rest);
int tla_act_either(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		   const struct tla_rest *rest);

#endif /* TLA_ACTION_H */
