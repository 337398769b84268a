/* SPDX-License-Identifier: MIT */
/*
 * How actions are evaluated, told without evaluating them: the steps in their order, what each
 * does and which variables it reads.
 *
 * What a step does to a variable depends on what came before it. Where that differs from one way
 * through the action to another, the step is said to be either.
 *
 * Threads: the runner's.
 */
#ifndef TLA_EXPLAIN_H
#define TLA_EXPLAIN_H

#include "actions.h"

enum tla_plan_kind {
	TLA_PLAN_GUARD,
	TLA_PLAN_ASSIGN,          /* x' = e */
	TLA_PLAN_ASSIGN_OR_GUARD, /* where x' has a value already it is compared */
	TLA_PLAN_CHOOSE,          /* x' \in S, x' \subseteq S: one branch an element */
	TLA_PLAN_CHOOSE_OR_GUARD, /* where x' has a value already it is looked up */
	TLA_PLAN_FOR_SOME,        /* \E: one branch an element */
	TLA_PLAN_FOR_ALL,         /* \A: the body for each element, one after the other */
	TLA_PLAN_EITHER,          /* a disjunction; each part is TLA_PLAN_OR */
	TLA_PLAN_OR,
	TLA_PLAN_IF, /* IF; TLA_PLAN_THEN and TLA_PLAN_ELSE follow */
	TLA_PLAN_THEN,
	TLA_PLAN_ELSE,
	TLA_PLAN_CASE, /* TLA_PLAN_WHEN and TLA_PLAN_OTHER follow */
	TLA_PLAN_WHEN, /* a guard of CASE; of A => B the A */
	TLA_PLAN_OTHER,
	TLA_PLAN_IN, /* a definition: what follows below is its body */
	TLA_PLAN_UNCHANGED,
	TLA_PLAN_OPAQUE,    /* A \cdot B, a function's body: not looked into */
	TLA_PLAN_RECURSION, /* a definition that is being looked at: not looked into again */
};

enum { TLA_READS_NOW = 1, TLA_READS_NEXT = 2 };

/* What an expression depends on. */
struct tla_plan_reads {
	uint8_t *vars;    /* of each variable, TLA_READS_* */
	bool has_effects; /* TLCGet(), Print() and the like */
	bool is_cut;      /* it is too large: there may be more */
};

struct tla_plan_step {
	enum tla_plan_kind kind;
	uint32_t depth;
	struct tla_span span; /* of the text; {0, 0}: none */
	tla_sym name;         /* of IN, RECURSION; or TLA_NO_SYM */
	uint32_t var;         /* of ASSIGN, CHOOSE and their like */
	const uint32_t *vars; /* of UNCHANGED: var_count of them */
	uint32_t var_count;
	bool has_reads;              /* the following are known */
	struct tla_plan_reads reads; /* of ASSIGN the value's, of loops the sets' */
	bool is_once;                /* evaluated once, not in each state */
	bool is_remembered;          /* by the values of what it reads */
};

typedef void tla_plan_fn(void *context, const struct tla_plan_step *step);

enum { TLA_PLAN_NATIVES_MAX = 128, TLA_PLAN_KNOWN = 256 };

struct tla_plan_known;

struct tla_plan {
	struct tla_runner *runner;
	tla_plan_fn *tell;
	void *context;
	/* Operators in C that stand in what was looked at. */
	const struct tla_native *natives[TLA_PLAN_NATIVES_MAX];
	uint32_t native_count;
	/* explain.c's own */
	uint8_t *given; /* of each variable: whether it has a value by now */
	struct tla_plan_known *known[TLA_PLAN_KNOWN];
	const struct tla_plan_open *open;
	uint32_t lowest, budget, nesting;
	bool is_full; /* no memory */
};

/* On the runner's heap, until tla_runner_cut(). All return 0 or -ENOMEM. */
int tla_plan_init(struct tla_plan *plan, struct tla_runner *runner, tla_plan_fn *tell,
		  void *context);
/* Steps of the initial predicate; of an action, after tla_runner_actions(). */
int tla_plan_initial(struct tla_plan *plan);
int tla_plan_action(struct tla_plan *plan, const struct tla_action *action);
/* A predicate or an expression, as one step. */
int tla_plan_formula(struct tla_plan *plan, const struct tla_formula *formula,
		     struct tla_plan_step *ret_step);

#endif /* TLA_EXPLAIN_H */
