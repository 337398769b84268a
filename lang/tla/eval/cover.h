/* SPDX-License-Identifier: MIT */
/*
 * Coverage: how often each expression is evaluated, as TLC counts it.
 *
 * Where it is asked for, code is compiled another way: every use of a definition has code of its
 * own, nothing is remembered or hoisted, and around the code of each expression stands a node that
 * counts. So counting costs nothing where it is not asked for, and an expression reached in two
 * ways is two spots, as in TLC's report.
 *
 * A root is what TLC reports by name: an initial predicate, an action of the next-state relation
 * (split as TLC splits it), an invariant, a constraint. Below it are spots: a spot's operands, and
 * the body of the definition that it applies.
 *
 * As part of an action an expression that gives a value to a variable, or is tested, counts when
 * the rest of the action led to at least one state; elsewhere it counts when it is evaluated.
 *
 * Threads: counts have one writer each; any thread may read them.
 */
#ifndef TLA_COVER_H
#define TLA_COVER_H

#include "../ast.h"
#include "code.h"

struct tla_compiler;
struct tla_entity;
struct tla_env;
struct tla_eval;

enum tla_cover_kind {
	TLA_COVER_INIT,
	TLA_COVER_NEXT,
	TLA_COVER_INVARIANT,
	TLA_COVER_ACTION_CONSTRAINT,
	TLA_COVER_CONSTRAINT
};

/* In which order TLC reports what is below a spot. */
enum tla_spot_rank { TLA_SPOT_BODY, TLA_SPOT_OPERAND, TLA_SPOT_BOUND };

struct tla_spot {
	struct tla_spot *next, *first; /* siblings by rank, then as they came; children */
	const struct tla_cover_root *root;
	const void *key; /* of the tree: what stands there */
	struct tla_span span;
	uint32_t count_idx;
	uint8_t rank;
	bool assigns;      /* a variable of the next state: reported even where it is never taken */
	bool is_unchanged; /* reported with the count of what is below it */
};

/* How a formula, or a part of the next-state relation, is compiled. */
enum tla_cover_way {
	TLA_COVER_HERE,  /* below the spot at hand; none: not counted */
	TLA_COVER_SPLIT, /* it may hold several actions */
	TLA_COVER_ENTER, /* a name of the configuration: what it stands for is the root's */
};

/* Two counts at count_idx. Of an action: steps, new states; of an initial predicate: states, and
 * what had values but did not hold; of a constraint: what it lets pass, what it does not. */
struct tla_cover_root {
	struct tla_cover_root *next;
	enum tla_cover_kind kind;
	const void *key;
	tla_sym name;             /* of the definition around it; or TLA_NO_SYM */
	struct tla_span declared; /* the definition's name and parameters */
	struct tla_span defined;  /* its body */
	struct tla_span span;     /* the root's text */
	struct tla_spot top;      /* reported are its children */
	uint32_t count_idx;
};

/* What is counted in a specification. */
struct tla_cover {
	struct tla_cover_root *first;
	uint32_t count_count;
};

enum { TLA_COVER_WAITING_MAX = 64 };

/* One thread's counts. */
struct tla_cover_run {
	_Atomic(uint64_t) *counts;
	uint64_t made_count; /* states so far */
	uint32_t root_idx;   /* counts of the root whose expression went on last */
	uint32_t waiting[TLA_COVER_WAITING_MAX]; /* counted if the tests behind them hold */
	uint32_t waiting_count;
};

static inline void tla_cover_add(struct tla_cover_run *run, uint32_t count_idx, int64_t by)
{
	/* relaxed: sole writer; a statistic for whoever reads it. */
	uint64_t count = atomic_load_explicit(&run->counts[count_idx], memory_order_relaxed);

	/* relaxed: sole writer; a statistic for whoever reads it. */
	atomic_store_explicit(&run->counts[count_idx], count + (uint64_t)by, memory_order_relaxed);
}

/* A step, or an initial state, was made. */
void tla_cover_made(struct tla_eval *eval);

/* --- Compiling: with compiler->cover; else these do nothing --- */

/* A new root, or the one there is for the key. NULL: no memory. */
struct tla_cover_root *tla_cover_root(struct tla_compiler *compiler, enum tla_cover_kind kind,
				      const void *key, struct tla_span span,
				      const struct tla_entity *definition);
/* An expression, counted. */
struct tla_code *tla_cover_compile(struct tla_compiler *compiler, const struct tla_env *env,
				   const struct tla_expr *expr);
/* Where the parts of something are compiled that is no expression of its own, but a spot with TLC:
 * an arm, a field, ... */
struct tla_env tla_cover_part(struct tla_compiler *compiler, const struct tla_env *env,
			      const void *key, struct tla_span span);
/* Code counted by the spot of env. */
struct tla_code *tla_cover_counted(struct tla_compiler *compiler, const struct tla_env *env,
				   struct tla_code *code);
/* Where bounds, arguments of what is split, and the like are compiled. */
struct tla_env tla_cover_bounds(const struct tla_env *env);
struct tla_env tla_cover_apart(const struct tla_env *env);
/* Whether TLC counts nothing in a definition. */
bool tla_cover_is_opaque(const struct tla_compiler *compiler, const struct tla_entity *definition);
/* The body of a definition from the place where it is used. false: no memory. */
bool tla_cover_enter(struct tla_compiler *compiler, struct tla_env *inner,
		     const struct tla_entity *definition);
/* What is substituted in an instance is counted where the instance was entered. */
void tla_cover_leave(struct tla_env *inout_env, const struct tla_entity *substituted);
/* UNCHANGED of variables, counted one by one. */
struct tla_code *tla_cover_unchanged(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr, struct tla_code *code);
/* The spot at hand gives a value to a variable, if this is code for one that is primed. */
void tla_cover_assigns(const struct tla_env *env, const struct tla_code *left);

#endif /* TLA_COVER_H */
