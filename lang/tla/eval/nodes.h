/* SPDX-License-Identifier: MIT */
/*
 * What a node of compiled code can do: one function each, with what it expects of its code. The
 * compiler picks them, nobody else calls them. args are evaluated in the code's own frame.
 */
#ifndef TLA_NODES_H
#define TLA_NODES_H

#include "code.h"

/* names.c: what a name can be */
tla_eval_fn tla_ev_value;     /* value */
tla_eval_fn tla_ev_now;       /* a: number of the variable */
tla_eval_fn tla_ev_next;      /* a: number of the variable, primed */
tla_eval_fn tla_ev_slot;      /* a: slot, b: frames up */
tla_eval_fn tla_ev_constant;  /* constant */
tla_eval_fn tla_ev_call;      /* fn; b: frames up to the function's `up`, NO_UP: none; args */
tla_eval_fn tla_ev_call_slot; /* a: slot with an operator, b: frames up; args */
tla_eval_fn tla_ev_operator;  /* fn: an operator as an argument; b as for call */
tla_eval_fn tla_ev_native;    /* native; args */
tla_eval_fn tla_ev_let; /* args[0..count-2] become thunks in slots a..; the last is the body */
/* args[0], the body of the definition `sym`; behind it `a` arguments that a trace can name */
tla_eval_fn tla_ev_inline;
tla_eval_fn tla_ev_memo; /* args[0], remembered by what `site` says; memo.h */
#define TLA_NO_UP UINT32_MAX

/* counts.c: evaluations are counted. a: the count; b: those of the root */
tla_eval_fn tla_ev_count;  /* args[0]; args[1]: where it is part of an action, and goes on;
			      flag: where it is, evaluating it does not count */
tla_eval_fn tla_ev_tally;  /* TRUE; waits for what is behind it */
tla_eval_fn tla_ev_kept;   /* args[0]; where it holds it waits, too */
tla_eval_fn tla_ev_keep;   /* args[0]; args[1..]: the same for each variable */
tla_eval_fn tla_ev_either; /* args: slot, text */

static inline struct tla_frame *tla_frame_up(struct tla_frame *frame, uint32_t count)
{
	while (count-- > 0)
		frame = frame->up;
	return frame;
}

/* The callee's frame of a tla_ev_call, its arguments in place; NULL: failed. */
struct tla_frame *tla_call_frame(struct tla_eval *eval, const struct tla_code *code,
				 struct tla_frame *frame);
/* The thunks of a tla_ev_let; false: failed. */
bool tla_bind_let(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame);
/* The same where it is part of an action: TLA_ACT_LET, TLA_ACT_LET_OPEN. */
bool tla_bind_let_of_action(struct tla_eval *eval, const struct tla_code *code,
			    struct tla_frame *frame);

/* logic.c */
tla_eval_fn tla_ev_and, tla_ev_or; /* args */
tla_eval_fn tla_ev_not, tla_ev_implies, tla_ev_equiv;
tla_eval_fn tla_ev_eq, tla_ev_ne;
tla_eval_fn tla_ev_if;   /* test, yes, no */
tla_eval_fn tla_ev_case; /* guard, value, guard, value, ...; flag: the last value has no guard */
tla_eval_fn tla_ev_forall, tla_ev_exists; /* loops: a; args: sets, then the body */
/* The arm to evaluate; NULL: failed. */
const struct tla_code *tla_case_arm(struct tla_eval *eval, const struct tla_code *code,
				    struct tla_frame *frame);
tla_eval_fn tla_ev_choose;           /* the same, one loop */
tla_eval_fn tla_ev_choose_unbounded; /* always fails, as in TLC */

/* sets.c */
tla_eval_fn tla_ev_set; /* args: elements */
tla_eval_fn tla_ev_in, tla_ev_notin, tla_ev_subseteq;
tla_eval_fn tla_ev_cup, tla_ev_cap, tla_ev_diff, tla_ev_cross;
tla_eval_fn tla_ev_subset, tla_ev_union;
tla_eval_fn tla_ev_filter;  /* loops: 1; args: set, predicate */
tla_eval_fn tla_ev_map;     /* loops: a; args: sets, then the element */
tla_eval_fn tla_ev_fcns;    /* args: domain, range */
tla_eval_fn tla_ev_records; /* names; args: sets */

/* fcns.c */
tla_eval_fn tla_ev_tuple, tla_ev_domain;
/* loops: a; args: sets, then the body; flag: it is recursive; b: 1 + the slot of its name, 0: none
 */
tla_eval_fn tla_ev_fcn, tla_ev_fcn_lazy; /* lazy: never evaluated as a whole */
tla_eval_fn tla_ev_apply;                /* args: function, argument */
tla_eval_fn tla_ev_field;                /* names[0]; args: record */
tla_eval_fn tla_ev_record;               /* names; args: values */
tla_eval_fn tla_ev_except;               /* changes: a; args: function */

/* states.c */
tla_eval_fn tla_ev_primed;    /* args[0] in the next state */
tla_eval_fn tla_ev_unchanged; /* args[0]; or vars: a of them */
tla_eval_fn tla_ev_enabled;   /* args[0] */
int tla_is_enabled(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame);
/* Whether the step (with is_init: the state) has a value for every variable. */
bool tla_is_assigned(const struct tla_eval *eval);
tla_eval_fn tla_ev_box, tla_ev_angle; /* action, subscript, subscript primed */

/* compose.c */
tla_eval_fn tla_ev_compose; /* args: first, second */
/* What is left of the conjunctions around an action: action.c's own. */
struct tla_rest;
int tla_act_compose(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		    const struct tla_rest *rest);
int tla_act_with(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		 const struct tla_rest *rest);

tla_eval_fn tla_ev_temporal; /* fails: has no value in a state */

/* numbers.c: Naturals and Integers */
tla_eval_fn tla_ev_add, tla_ev_sub, tla_ev_mul, tla_ev_neg, tla_ev_div, tla_ev_mod, tla_ev_pow;
tla_eval_fn tla_ev_less, tla_ev_leq, tla_ev_greater, tla_ev_geq, tla_ev_range;

/* closures.c: {x \in S : P} and [x \in S |-> e] that are evaluated element by element */
struct tla_closure;

/* Over a frame as it is now. remembers: results are kept. NULL: failed. */
struct tla_closure *tla_closure_new(struct tla_eval *eval, const struct tla_code *code,
				    struct tla_frame *frame, bool remembers);
/* As a function that is not evaluated, but for one argument. NULL: failed. */
struct tla_closure *tla_closure_change(struct tla_eval *eval, tla_value fcn, tla_value arg,
				       tla_value value);
/* What a slot of the frame holds from here on: the function itself, for its body. */
void tla_closure_bind(struct tla_closure *closure, uint32_t slot, tla_value v);
/* The heap's hooks. */
tla_value tla_closure_apply(void *eval, tla_value lambda, tla_value arg);
int tla_closure_holds(void *eval, tla_value pred, tla_value arg);

/* loops.c: going through all combinations of bound names */
struct tla_walk;

/* Evaluate the sets of a code's loops, on the heap; NULL: failed. */
tla_value *tla_walk_sets(struct tla_eval *eval, const struct tla_code *code,
			 struct tla_frame *frame);
/* Begin. keep: what is made for one step is needed after the next one. NULL: failed. */
struct tla_walk *tla_walk_open(struct tla_eval *eval, const struct tla_code *code,
			       struct tla_frame *frame, tla_value *sets, bool keep);
/* 1: the frame's slots hold the next combination; 0: there is none; -1. */
int tla_walk_next(struct tla_eval *eval, struct tla_walk *walk);
/* The value of loop i now, and which of its set's it is, from 0. */
tla_value tla_walk_value(const struct tla_walk *walk, uint32_t i);
uint64_t tla_walk_place(const struct tla_walk *walk, uint32_t i);
/* Whether a code has one loop, with a name, over a set that is explicit: then who goes through it
 * needs no walk, only tla_set_at(). */
bool tla_is_simple_loop(const struct tla_code *code, tla_value set);
/* Put one value, of one loop, or a tuple of values, of several, into the loops' slots. 1, or -1. */
int tla_walk_bind(struct tla_eval *eval, const struct tla_code *code, tla_value v,
		  struct tla_frame *frame);

/* Whether v is such a value or tuple: 1, 0, -1. */
int tla_is_argument(struct tla_eval *eval, const struct tla_code *code, const tla_value *sets,
		    tla_value v);

static inline tla_value tla_of_bool(int b)
{
	return b < 0 ? TLA_NONE : b ? TLA_TRUE : TLA_FALSE;
}

#endif /* TLA_NODES_H */
