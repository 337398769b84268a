/* SPDX-License-Identifier: MIT */
/*
 * A model as the exploration engine takes it: states of 8 bytes a variable, each the word of a
 * stored value, so that nothing is packed or unpacked on the way.
 *
 * Constraints drop successors, properties of steps are checked where the step is made, invariants
 * where the state is found new. A view or a symmetry is the model's identity: hashes that are the
 * same for the same view, for permuted states.
 *
 * Threads: a search is made by one thread; the engine's workers open contexts of their own.
 */
#ifndef TLA_SEARCH_H
#define TLA_SEARCH_H

#include "model.h"

#include <nw/model.h>

/* What was evaluated when it failed. */
enum tla_stage {
	TLA_AT_INIT,
	TLA_AT_NEXT,
	TLA_AT_CONSTRAINT,
	TLA_AT_INVARIANT,
	TLA_AT_PROPERTY,
	TLA_AT_VIEW
};

/* The first error of an evaluation. */
struct tla_search_error {
	char text[TLA_ERROR_BYTES];
	struct tla_span at[TLA_FAILED_AT_MAX]; /* innermost first */
	uint32_t at_count;
	enum tla_failure failure;
	enum tla_stage stage;
	tla_sym name;   /* of the invariant or property that was evaluated; or TLA_NO_SYM */
	tla_sym action; /* that was, where there are several; or TLA_NO_SYM */
};

/* The program's part: what specifications print and ask. Set before the workers open their
 * contexts; called on any of them. */
struct tla_search_hooks {
	void (*print)(void *context, const char *text); /* NULL: dropped */
	/* TLCGet("..."), but for the level; as tla_eval's. NULL: unknown. */
	tla_value (*report)(struct tla_eval *eval, void *context, const char *name);
	/* TLCSet("...", v); as tla_eval's. NULL: nothing is known. */
	int (*set)(struct tla_eval *eval, void *context, const char *name, tla_value v);
	/* Once, by one worker while all others wait: the initial states are all found, and the
	 * search goes on. NULL: not told. */
	void (*initial)(void *context);
	void *context;
};

struct tla_search {
	const struct tla_model *model;
	struct nw_model interface; /* what the engine is given, with the search as its data */
	uint32_t perm_count;       /* of the symmetry's group; 0: none */
	uint32_t perm_width;       /* model values that it knows; it moves no other */
	uint32_t *perms;           /* [perm][model value] */
	struct tla_search_hooks hooks;
	pthread_mutex_t lock;             /* of what follows */
	struct tla_search_context *first; /* contexts that are open, in their order */
	bool has_error;
	_Atomic bool has_view_failed; /* of some state: its worker goes on as if it had one */
	bool has_initial;             /* the program was told of them */
	struct tla_search_error error;
	/* Another evaluator that looks at states while there are walks, but not between them: it
	 * forgets as the workers' do. NULL: there is none. */
	struct tla_runner *beside;
	/* Of random walks: bytes of values that one worker stores before they are forgotten. */
	uint64_t forget_bytes;
	bool is_marked;
	uint64_t forgotten_count; /* how often values of past states were forgotten */
};

/*
 * Prepare the search of a loaded model that has a behaviour. 0; -EINVAL: the symmetry is none, in
 * search->error.
 */
int tla_search_init(struct tla_search *search, const struct tla_model *model);
void tla_search_fini(struct tla_search *search);

/* What the engine is given as the name of the invariant, or as the error, where an evaluation
 * failed: the search's error says what. */
extern const char tla_search_failure[];

/* Registers of a worker, in the order in which they came; NULL: there is no such worker. When none
 * runs. */
const struct tla_registers *tla_search_registers(const struct tla_search *search,
						 uint32_t worker_idx);
/* Where evaluations are counted. Threads: any, while workers run. */
struct tla_values;
/* Add what each worker counted so far. */
void tla_search_counts(struct tla_search *search, uint64_t *inout_sums);
/* Put in the values that variables had in states found. */
void tla_search_values(struct tla_search *search, struct tla_values *values);
/* Values in the store and their bytes, tables included. When no worker runs. */
void tla_search_stored(const struct tla_search *search, uint64_t *ret_count, uint64_t *ret_bytes);
/* What recursion may use of this thread's stack from here. */
size_t tla_stack_bytes(void);

/* What an evaluation that failed says, as the search's error. */
void tla_search_take_error(struct tla_search_error *error, const struct tla_runner *runner,
			   enum tla_stage stage, tla_sym name);

#endif /* TLA_SEARCH_H */
