/* SPDX-License-Identifier: MIT */
/*
 * A specification with its configuration, compiled: what a checker asks of it.
 *
 * A state is one stored value a variable, in the order of their declaration.
 *
 * Threads: one makes a model; then every thread has a runner of its own.
 */
#ifndef TLA_MODEL_H
#define TLA_MODEL_H

#include "../eval/compile.h"
#include "../eval/cover.h"
#include "../eval/eval.h"
#include "../eval/world.h"
#include "config.h"

#include <nw/arena.h>
#include <nw/mem.h>

/* How a configuration does not fit its specification, where programs tell it from other errors. */
enum tla_misfit {
	TLA_FITS,
	TLA_MISFIT_UNDEFINED,   /* a name that the specification does not define */
	TLA_MISFIT_CHAIN,       /* NAME <- what is replaced itself */
	TLA_MISFIT_REPLACEMENT, /* NAME <- what is not defined, or takes other arguments */
	TLA_MISFIT_ARGUMENTS,   /* a definition with parameters */
	TLA_MISFIT_NO_VALUE,    /* of a constant */
	TLA_MISFIT_VARIABLE,    /* CONSTANT <- what depends on variables */
	TLA_MISFIT_BOTH,        /* SPECIFICATION, and INIT or NEXT */
	TLA_MISFIT_NO_INIT,
	TLA_MISFIT_NO_NEXT,
	TLA_MISFIT_INVARIANT, /* an invariant that is not of a state */
	TLA_MISFIT_ACTION,    /* a property that is an action */
	TLA_MISFIT_LIVE,      /* []P in the specification */
	TLA_MISFIT_NOTHING,   /* a specification without a next-state action */
	TLA_MISFIT_OTHER,
};

/* A formula to check or to run. */
struct tla_formula {
	tla_sym name;         /* by which it is reported */
	struct tla_span span; /* of its text */
	const struct tla_fn *fn;
	const struct tla_cover_root *root; /* of what is counted about it; NULL: nothing is */
	bool is_fact;                      /* a name or a literal that is the same in all states */
};

struct tla_formulas {
	struct tla_formula *at;
	uint32_t count, room;
};

struct tla_model {
	struct nw_mem mem; /* this */
	struct tla_spec *spec;
	struct tla_world world;
	const struct tla_file *config_file; /* NULL: none */
	enum tla_misfit misfit;             /* of the first error that is one */
	struct tla_config config;
	struct tla_compiler compiler;
	struct tla_heap
		heap; /* of the configuration's and the code's values, before they are stored */
	struct tla_keeper *keeper;
	struct tla_formulas init; /* a conjunction */
	struct tla_formula next;  /* fn NULL: there is no behaviour to check */
	struct tla_formulas invariants, constraints, action_constraints;
	struct tla_formulas implied_inits, implied_actions; /* of properties */
	struct tla_formulas temporal;                       /* of properties: named, not checked */
	struct tla_formulas symmetry, postconditions, assumptions;
	struct tla_formula view, alias;
	uint32_t fairness_count; /* conjuncts of the specification that are fairness */
	bool is_counted;         /* set before it is loaded: evaluations are counted */
	bool has_trace;          /* what is evaluated in a search asks for TLCExt!Trace */
	struct tla_cover cover;  /* where it is counted */
	pthread_mutex_t symbol_lock;
	struct tla_registers registers; /* the world's */
};

/* An empty model. -ENOMEM. */
int tla_model_create(struct tla_model **ret_model);
void tla_model_destroy(struct tla_model *model);

/*
 * Read, load, bind and compile. config_path NULL: no behaviour, assumptions only. 0; -EINVAL:
 * errors are in
 * model->spec->sources; -ENOENT: no such configuration; -ENOMEM.
 */
int tla_model_load(struct tla_model *model, const struct tla_reader *reader, const char *path,
		   const char *config_path);

/* --- Running it --- */

/* What came of a formula. */
enum tla_verdict { TLA_HOLDS = 1, TLA_FAILS = 0, TLA_ERROR = -1 };

struct tla_runner {
	struct nw_arena *arena; /* this, and the arrays */
	struct tla_eval eval;
	const struct tla_model *model;
	tla_value *now, *next;             /* eval's, when nothing runs */
	tla_value *inner[2];               /* the same for what is evaluated from within an emit */
	struct tla_eval_mark base, bottom; /* bottom: of the heap, where nothing is evaluated */
	struct tla_action *actions;        /* actions.h; NULL: not asked for yet */
	uint32_t action_count, action_room;
	struct tla_mark origins[2]; /* of the heaps, when it was made */
	struct nw_mem cover_mem;    /* of eval.cover */
};

/* -ENOMEM. stack_bytes: what recursion may use of the thread's stack from here. */
int tla_runner_create(struct tla_runner **ret_runner, const struct tla_model *model, nw_node node,
		      size_t stack_bytes);
void tla_runner_destroy(struct tla_runner *runner);
/* Be as when it was made, but for registers; what its keeper stored since its mark is gone. */
void tla_runner_forget(struct tla_runner *runner);

/*
 * Give every initial state, or every successor of a state, to emit, which finds it in
 * runner->eval's
 * `now` (initial) or `next`, all values stored. 0; what emit returned; -1: runner->eval has failed.
 */
int tla_run_init(struct tla_runner *runner, int (*emit)(struct tla_eval *eval, void *context),
		 void *context);
int tla_run_next(struct tla_runner *runner, const tla_value *state,
		 int (*emit)(struct tla_eval *eval, void *context), void *context);

/* A formula of one state; of a step. */
enum tla_verdict tla_run_state(struct tla_runner *runner, const struct tla_formula *formula,
			       const tla_value *state);
enum tla_verdict tla_run_step(struct tla_runner *runner, const struct tla_formula *formula,
			      const tla_value *state, const tla_value *next);
/* The value of an expression in a state and its successor (NULL: none), on the runner's heap until
 * tla_runner_cut(). TLA_NONE: failed. */
tla_value tla_run_value(struct tla_runner *runner, const struct tla_formula *formula,
			const tla_value *state, const tla_value *next);
void tla_runner_cut(struct tla_runner *runner);

/* What runs, while formulas are evaluated from within an emit. */
struct tla_saved {
	tla_value *now, *next, *own_now, *own_next;
	int (*emit)(struct tla_eval *eval, void *context);
	void *emit_context;
	const struct tla_code *action;
	bool is_init, is_acting, allows_gaps;
	struct tla_eval_mark base;
};

/* Between the two the runner may evaluate other formulas; what runs is not disturbed. */
void tla_runner_save(struct tla_runner *runner, struct tla_saved *saved);
void tla_runner_restore(struct tla_runner *runner, const struct tla_saved *saved);

#endif /* TLA_MODEL_H */
