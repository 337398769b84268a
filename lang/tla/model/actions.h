/* SPDX-License-Identifier: MIT */
/*
 * The next-state relation as a list of actions, as TLC splits it: at disjunctions, at \E over sets
 * that are constant, through definitions and LETs. Their steps together, in the order of the list,
 * are those of the relation, repeated ones included.
 */
#ifndef TLA_ACTIONS_H
#define TLA_ACTIONS_H

#include "model.h"

/* A LET around an action: what it defines is bound anew for each state. */
struct tla_binding {
	const struct tla_code *code;
	struct tla_frame *frame;
	const struct tla_binding *outer; /* NULL: none */
};

struct tla_action {
	tla_sym name;         /* of the innermost definition around it; or TLA_NO_SYM */
	struct tla_span span; /* of the action's text */
	const char *label;    /* name and arguments of that definition: "Send(1, 2)"; or "" */
	const char *args;     /* of these, the arguments */
	const struct tla_code *code;
	struct tla_frame *frame;
	const struct tla_binding *lets; /* the innermost one */
};

/*
 * The list, made when it is first asked for and kept as long as the runner, which must not be
 * evaluating. NULL: no memory, or a set that cannot be gone through again.
 */
const struct tla_action *tla_runner_actions(struct tla_runner *runner, uint32_t *ret_count);

/* Give the successors by one action to emit; as tla_run_next(). */
int tla_run_action(struct tla_runner *runner, const struct tla_action *action,
		   const tla_value *state, int (*emit)(struct tla_eval *eval, void *context),
		   void *context);

#endif /* TLA_ACTIONS_H */
