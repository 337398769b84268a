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

/* The first error of an evaluation. */
struct tla_search_error {
	char text[TLA_ERROR_BYTES];
	struct tla_span at[TLA_FAILED_AT_MAX]; /* innermost first */
	uint32_t at_count;
	bool is_assert; /* Assert(FALSE, ...) */
	tla_sym name;   /* of the invariant or property that was evaluated; or TLA_NO_SYM */
};

struct tla_search {
	const struct tla_model *model;
	struct nw_model interface; /* what the engine is given, with the search as its data */
	uint32_t perm_count;       /* of the symmetry's group; 0: none */
	uint32_t *perms;           /* [perm][model value] */
	bool skips_deadlock;
	pthread_mutex_t lock; /* of what follows */
	bool has_error;
	struct tla_search_error error;
};

/*
 * Prepare the search of a loaded model that has a behaviour. 0; -EINVAL: the symmetry is none, in
 * search->error.
 */
int tla_search_init(struct tla_search *search, const struct tla_model *model);
void tla_search_fini(struct tla_search *search);

/* The span of the action that leads from a state to its ordinal-th kept successor, and its
 * definition's name; false: there is none. On a runner of the caller's. */
bool tla_search_action(const struct tla_search *search, struct tla_runner *runner,
		       const tla_value *state, uint32_t ordinal, struct tla_span *ret_span,
		       tla_sym *ret_name);

/* What an evaluation that failed says, as the search's error. */
void tla_search_take_error(struct tla_search_error *error, const struct tla_runner *runner,
			   tla_sym name);

#endif /* TLA_SEARCH_H */
