/* SPDX-License-Identifier: MIT */
/*
 * The evaluator: one thread's state while it runs compiled expressions.
 *
 * `now` is the state that unprimed variables have, `next` the one that primed ones have; a
 * variable that has no value yet is TLA_NONE. Both hold stored values between evaluations.
 *
 * Every evaluation leaves what it made on the heap; who needs none of it any more cuts back to a
 * mark.
 * What older memory was made to point to since (thunks that were evaluated, functions that
 * remember their
 * results) is undone by the cut.
 *
 * Failure: a function that returns a value returns TLA_NONE, one that returns int a negative
 * number;
 * heap->error says why, `failed_at` where, innermost first.
 */
#ifndef TLA_EVAL_H
#define TLA_EVAL_H

#include "../value/heap.h"
#include "../value/store.h"
#include "code.h"

enum { TLA_FAILED_AT_MAX = 32, TLA_REGISTERS = 100, TLA_REGISTERS_NAMED = 64 };

/* Of TLCSet: stored values; TLA_NONE: never set. */
struct tla_registers {
	tla_value numbered[TLA_REGISTERS];
	struct {
		tla_value key, value;
	} named[TLA_REGISTERS_NAMED]; /* of other numbers, and of names */
	uint32_t named_count;
};

/* The value of a register; TLA_NONE: it was never set. */
tla_value tla_register(const struct tla_registers *registers, tla_value key);

/* Of which sort a failure is, where programs tell it from others. */
enum tla_failure {
	TLA_FAILURE,        /* an expression has no value */
	TLA_FAILURE_ASSERT, /* Assert(FALSE, ...) */
	TLA_FAILURE_DEPTH,  /* recursion without end */
	TLA_FAILURE_GAP,    /* a state without values for all variables */
};

struct tla_world; /* what all threads share: names, model values, constants; see world.h */

struct tla_memo;
struct tla_cover_run;

struct tla_undo {
	tla_value *where;
	tla_value was;
};

struct tla_eval_mark {
	struct tla_mark heap;
	size_t undo_count;
};

struct tla_eval {
	struct tla_heap *heap; /* heaps[0], or heaps[1] while a constant is evaluated */
	tla_value *now, *next;
	const struct tla_world *world;
	struct tla_keeper *keeper;
	tla_value *constants;  /* of this thread, by constant_idx */
	struct tla_memo *memo; /* NULL: nothing is remembered */
	bool is_init;          /* actions give values to unprimed variables */
	bool is_acting;        /* inside of tla_act(): variables get values and lose them again */
	bool allows_gaps;      /* a step may leave variables without a value */
	bool is_asking;        /* ENABLED: whether there is a step, not which */
	bool notes_parts;      /* what fails in an action names all parts that it is in */
	bool is_raw;           /* states have values as they were made, not stored ones */
	tla_value *raw_constants; /* of these states, by constant_idx; NULL: not yet */
	bool keeps_lazy; /* a function is evaluated to be applied: it need not have all values */
	uint32_t var_count;
	struct tla_undo *undo; /* in undo_mem */
	size_t undo_count, undo_room;
	struct nw_mem undo_mem;
	const char *stack_end; /* deeper than this is too deep */
	/* Called with `next` (with is_init: `now`) complete. 0 to go on; else the search ends and
	 * returns that. */
	int (*emit)(struct tla_eval *eval, void *context);
	void *emit_context;
	/* For a conjunct that does not hold, all variables having values; NULL: not called. */
	void (*refuse)(struct tla_eval *eval, void *context, struct tla_span conjunct);
	void *refuse_context;
	const struct tla_code *action; /* the definition that emit's state came from, or NULL */
	uint32_t level;                /* of `now`: initial states are 1, 0 before there are any */
	void (*print)(void *context, const char *text); /* of Print; NULL: drop it */
	void *print_context;
	/* A value of TLCGet("..."); TLA_NONE: unknown. */
	tla_value (*report)(struct tla_eval *eval, void *context, const char *name);
	/* TLCSet("...", v): 1: done; 0: unknown; -1: failed. NULL: nothing is known. */
	int (*set)(struct tla_eval *eval, void *context, const char *name, tla_value v);
	void *report_context;
	struct tla_registers registers;
	uint64_t random;
	uint64_t walk_idx;                 /* of the random walk, with its level */
	uint32_t walk_part_idx;            /* and the action that it may go on with */
	uint64_t composed_count;           /* states between A and B of A \cdot B so far */
	uint32_t between_depth;            /* of \cdot that are being evaluated */
	tla_value *between;                /* in between_mem: states inside of them, a stack */
	size_t between_used, between_room; /* words */
	struct nw_mem between_mem;
	uint32_t primed_depth;    /* of primed expressions that are being evaluated */
	uint64_t next_reads;      /* of primed variables, and of what was made of them */
	enum tla_failure failure; /* of what has failed */
	bool has_state_failed;    /* an action was evaluated, but made no state */
	struct tla_heap heaps[2];
	struct tla_span failed_at[TLA_FAILED_AT_MAX];
	uint32_t failed_count;
	struct tla_cover_run *cover; /* counts of evaluations; NULL: not counted */
};

/* Note a place on the way out of a failure. Returns TLA_NONE. */
tla_value tla_failed_in(struct tla_eval *eval, struct tla_span span);

/* The value of an expression in `now` and `next`. */
static inline tla_value tla_eval(struct tla_eval *eval, const struct tla_code *code,
				 struct tla_frame *frame)
{
	tla_value v = code->eval(eval, code, frame);

	return __builtin_expect(v != TLA_NONE, 1) ? v : tla_failed_in(eval, code->span);
}

/* A value that should be a Boolean, and is none: -1, the failure kept. */
int tla_not_bool(struct tla_eval *eval, const struct tla_code *code, tla_value v);

/* The value of an expression that has to be a Boolean: 1, 0. */
static inline int tla_eval_bool(struct tla_eval *eval, const struct tla_code *code,
				struct tla_frame *frame)
{
	tla_value v = tla_eval(eval, code, frame);

	if (__builtin_expect(v == TLA_TRUE || v == TLA_FALSE, 1))
		return v == TLA_TRUE;
	return tla_not_bool(eval, code, v);
}

/* A frame for a function with no function around it. NULL: failed. */
struct tla_frame *tla_frame_new(struct tla_eval *eval, const struct tla_fn *fn,
				struct tla_frame *up);
/* A copy of a frame, its slots as they are. NULL: failed. */
struct tla_frame *tla_frame_copy(struct tla_eval *eval, const struct tla_frame *frame);
/* Call an operator, a word with the tag TLA_OPERATOR, with values. */
tla_value tla_call(struct tla_eval *eval, tla_value op, const tla_value *args, uint32_t arg_count);
tla_value tla_force_thunk(struct tla_eval *eval, struct tla_thunk *thunk);

/* The value in a slot's word. */
static inline tla_value tla_force(struct tla_eval *eval, tla_value word)
{
	if ((word & 7) == TLA_THUNK)
		return tla_force_thunk(eval, (struct tla_thunk *)(uintptr_t)(word - TLA_THUNK));
	return word;
}

static inline struct tla_eval_mark tla_eval_mark(const struct tla_eval *eval)
{
	return (struct tla_eval_mark){ tla_heap_mark(eval->heap), eval->undo_count };
}

/* Put back what was logged since the mark. */
void tla_eval_undo(struct tla_eval *eval, size_t undo_count);

static inline void tla_eval_cut(struct tla_eval *eval, struct tla_eval_mark mark)
{
	/* First, while all that is pointed at still is there. */
	if (eval->undo_count > mark.undo_count)
		tla_eval_undo(eval, mark.undo_count);
	tla_heap_cut(eval->heap, mark.heap);
}

/* Have a word put back by the cut to what it is now; false: no memory to remember that. */
bool tla_eval_log(struct tla_eval *eval, tla_value *where);
/* Point an older word at a newer value, until the cut. */
void tla_eval_point(struct tla_eval *eval, tla_value *where, tla_value v);

/*
 * All ways to make an action true: calls eval->emit for each, in TLC's order, repeated ones
 * included. 0; what emit returned; or -1.
 */
int tla_act(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame);

/* Whether the failure is that there was no room, of stack or memory: then nothing is tried again.
 */
bool tla_is_exhausted(const struct tla_eval *eval);
/* Forget the failure since there were failed_count places. */
void tla_eval_forget(struct tla_eval *eval, uint32_t failed_count);

/* A string that may be new. */
tla_value tla_new_string(struct tla_eval *eval, const char *text, size_t n_bytes);

/* Fail at a place. */
tla_value tla_fail_at(struct tla_eval *eval, struct tla_span span, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Fail because the value is not of the kind that `what` names ("a set"). */
tla_value tla_fail_kind(struct tla_eval *eval, const char *where, const char *what, tla_value v);

#endif /* TLA_EVAL_H */
