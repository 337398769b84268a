/* SPDX-License-Identifier: MIT */
/* Which action a step of a trace is, as TLC names it: <Send(1, "a") line 5, col 8 to ...>. */
#ifndef TLA_MOVE_H
#define TLA_MOVE_H

#include "model.h"

enum { TLA_MOVE_BYTES = 1024 };

struct tla_move {
	tla_sym name;              /* of the definition; or TLA_NO_SYM */
	struct tla_span span;      /* of the action's text */
	char args[TLA_MOVE_BYTES]; /* "(1, 2)", or "" */
};

struct tla_action;

/* That of one action. */
void tla_move_of(const struct tla_action *action, struct tla_move *ret_move);

/*
 * The first action of the next-state relation that leads from a state to another, both stored.
 * false: none does.
 */
bool tla_move_find(struct tla_runner *runner, const tla_value *from, const tla_value *to,
		   struct tla_move *ret_move);

/*
 * The first step from a stored state that leaves variables without a value: what the others get,
 * stored, and TLA_NONE for those. false: there is none.
 */
bool tla_move_gap(struct tla_runner *runner, const tla_value *from, tla_value *ret_values,
		  struct tla_move *ret_move);

#endif /* TLA_MOVE_H */
