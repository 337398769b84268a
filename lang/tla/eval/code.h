/* SPDX-License-Identifier: MIT */
/*
 * Compiled expressions: what the compiler (compile.c) makes and the evaluator (eval.c) runs.
 *
 * A name is resolved once, by the compiler: what runs knows slots of frames, numbers of variables
 * and
 * addresses of definitions, no symbols. A frame belongs to one call of one function; operators
 * and lambdas defined inside it find it by its `up`.
 *
 * A slot holds a value, or one of two words with tags of their own: a thunk (an argument or LET
 * definition that is evaluated when first used) or an operator.
 *
 * Invariant: code is not changed once made, but for hints, which any thread may overwrite with
 * another value that is as right.
 */
#ifndef TLA_CODE_H
#define TLA_CODE_H

#include "../ast.h"
#include "../value/value.h"

#include <stdatomic.h>

enum { TLA_THUNK = 6, TLA_OPERATOR = 7 }; /* further tags, of slots only */

enum tla_level { TLA_CONSTANT, TLA_STATE, TLA_ACTION, TLA_TEMPORAL };

struct tla_eval;
struct tla_code;

struct tla_frame {
	struct tla_frame *up; /* of the function around this one; NULL: there is none */
	uint32_t slot_count;
	tla_value slots[];
};

/* A function with a frame: a definition, a LET operator, a LAMBDA. */
struct tla_fn {
	tla_sym name; /* TLA_NO_SYM: a LAMBDA */
	struct tla_span span;
	uint32_t param_count; /* slots 0..param_count-1 */
	uint32_t slot_count;
	enum tla_level level;
	bool primes_params; /* it asks for a parameter's value in the next state */
	bool asks_enabled;  /* ENABLED is in it, or in what it calls */
	const struct tla_code *body;
	struct tla_fn_reads *reads; /* what the body depends on; NULL: not looked at */
};

struct tla_thunk {
	const struct tla_code *code;
	struct tla_frame *frame;
	tla_value value;   /* TLA_NONE: not evaluated yet */
	bool is_of_branch; /* the value is that of one way to make an action true */
};

/* An operator as an argument. */
struct tla_operator {
	const struct tla_fn *fn;
	struct tla_frame *up;
};

/* A definition without parameters whose value is the same in all states: evaluated once a thread,
 * or once and for all where its value can be stored. */
struct tla_constant {
	struct tla_constant *next; /* of all; see world.h */
	tla_sym name;
	struct tla_span span;
	uint32_t constant_idx; /* of the evaluator's array */
	const struct tla_fn *fn;
	_Atomic(tla_value) stored;
	tla_value marked; /* stored at the store's mark; TLA_NONE: not by then */
};

typedef tla_value tla_eval_fn(struct tla_eval *eval, const struct tla_code *code,
			      struct tla_frame *frame);

/* An operator of a standard module in C: one of the two functions. */
struct tla_native {
	const char *module, *name;
	uint32_t arg_count;
	/* With arguments evaluated: values, or operators where the module has operators. */
	tla_value (*run)(struct tla_eval *eval, const tla_value *args);
	tla_eval_fn *inline_eval; /* evaluates the args of the code itself */
	enum tla_level level;     /* at least; TLCGet, Print and the like are never constant */
};

/* One name of a bound: goes through a set. */
struct tla_loop {
	uint32_t set_idx;     /* among the code's args */
	uint32_t slot;        /* of the first name */
	uint32_t tuple_count; /* names of a tuple; 0: not a tuple */
};

/* One change of an EXCEPT: steps lead to the place, value says what is put there. */
struct tla_change {
	const struct tla_code **steps;
	uint32_t step_count;
	const struct tla_code *value;
	uint32_t at_slot; /* where `@` is */
};

/* How an expression is treated where it is an action; see action.c. */
enum tla_act {
	TLA_ACT_TEST, /* evaluate it: TRUE goes on, FALSE does not */
	TLA_ACT_AND,
	TLA_ACT_OR,
	TLA_ACT_EXISTS,
	TLA_ACT_FORALL,
	TLA_ACT_IF,
	TLA_ACT_CASE,
	TLA_ACT_LET,
	TLA_ACT_INLINE,
	TLA_ACT_CALL,
	TLA_ACT_EQ,        /* x' = e, x = e */
	TLA_ACT_IN,        /* x' \in S, x \in S */
	TLA_ACT_SUBSETEQ,  /* x' \subseteq S, x \subseteq S */
	TLA_ACT_IMPLIES,   /* A => B: B, where A holds */
	TLA_ACT_SLOT,      /* an argument or LET definition: what it stands for */
	TLA_ACT_APPLY,     /* f[e]: the body of an f that is written out, [x \in S |-> body] */
	TLA_ACT_UNCHANGED, /* of variables: their numbers are in `vars` */
	TLA_ACT_BOX,       /* [A]_v */
	TLA_ACT_ANGLE,     /* <<A>>_v */
	TLA_ACT_COMPOSE,   /* A \cdot B */
	TLA_ACT_INSIDE,    /* what args[0] is */
	/* Where evaluations are counted; see cover.h. */
	TLA_ACT_COUNT,    /* what args[0] is, counted by args[1] when the rest leads to a state */
	TLA_ACT_TALLY,    /* count if what is left leads to a state */
	TLA_ACT_KEEP,     /* UNCHANGED: args from 1 on, one after the other */
	TLA_ACT_LET_OPEN, /* names stand for their texts, not for thunks */
	TLA_ACT_EITHER,   /* a LET's name: its thunk, or its text where there is none */
};

struct tla_code {
	tla_eval_fn *eval;
	struct tla_span span;
	uint8_t act;      /* enum tla_act */
	uint8_t level;    /* enum tla_level */
	bool has_effects; /* itself: TLCSet(), Print() and the like */
	bool flag;        /* meaning with eval: an OTHER arm is there; recursive; ... */
	uint32_t a, b;    /* meaning with eval: slot, depth, number of a variable, ... */
	_Atomic(uint32_t) hint;
	union {
		tla_value value;
		const struct tla_fn *fn;
		struct tla_constant *constant;
		const struct tla_native *native;
		const struct tla_loop *loops; /* a of them */
		const struct tla_change *changes;
		const tla_value *names; /* fields of a record */
		const uint32_t *vars;
		const struct tla_site *site;
		tla_sym sym;
	};
	uint32_t count;
	const struct tla_code *args[];
};

#endif /* TLA_CODE_H */
