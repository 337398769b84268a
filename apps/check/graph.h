/* SPDX-License-Identifier: MIT */
/*
 * What the files of --dump share: texts of states, the names that follow from them, lines of a
 * graph.
 */
#ifndef APP_CHECK_GRAPH_H
#define APP_CHECK_GRAPH_H

#include "check/spec.h"

#include "tla/model/actions.h"

struct check_graph_writer {
	const struct check *check;
	const struct nw_graph *graph;
	struct check_printer *printer; /* of a native model */
	const struct tla_action *actions;
	uint32_t action_count;
	int64_t *names;       /* [state] */
	const char **colored; /* names of actions, in the order in which they were met */
	uint32_t colored_count;
	FILE *out;
};

/* A state's variables as text. The caller frees it. NULL: no memory. */
char *check_graph_text(struct check_graph_writer *w, const struct nw_graph_state *state);
int64_t check_graph_name(const char *text);
/* "NAME [label=...": what is shown of a state that is no initial one; before: the state that its
 * step is from. False: no memory. */
bool check_graph_put_state(struct check_graph_writer *w, int64_t name,
			   const struct nw_graph_state *before, const struct nw_graph_state *state,
			   const char *behind);
/* Step number k from a state, and where it leads to where that is not there yet. Likewise. */
bool check_graph_put_step(struct check_graph_writer *w, uint64_t idx, uint64_t k);
/* " [label=...]" of a step; ordinal: among those of its state; why: behind the action, or "". */
void check_graph_put_label(struct check_graph_writer *w, const struct nw_graph_state *from,
			   uint64_t ordinal, const struct nw_graph_edge *edge, const char *why);

/* graph_excluded.c: all steps from a state, those too that lead out of the model. Likewise. */
bool check_graph_put_all(struct check_graph_writer *w, uint64_t idx);

#endif /* APP_CHECK_GRAPH_H */
