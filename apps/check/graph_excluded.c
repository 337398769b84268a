/* SPDX-License-Identifier: MIT */
/*
 * -dump dot,constrained: what a search has not explored is no part of its graph, so the steps of
 * each state are made once more, and with them come the states that constraints keep out, or a
 * conjunct of the action behind the last variable that got a value.
 *
 * Invariant: the steps of the graph are written, each once, in their order, whatever comes between.
 */
#include "check/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct steps {
	struct check_graph_writer *w;
	struct nw_graph_state from;
	uint64_t idx; /* of it */
	uint64_t k;   /* steps written so far */
	uint32_t part_idx;
	bool is_good;
};

/* In the keeper, as texts need it. NULL: no memory. */
static tla_value *stored_state(struct check_spec *spec, const tla_value *state)
{
	struct tla_eval *eval = &spec->runner->eval;
	uint32_t count = spec->model->world.var_count;
	tla_value *copy = calloc(count + 1, sizeof(*copy));

	for (uint32_t i = 0; copy && i < count; i++) {
		copy[i] = tla_store(eval->keeper, eval->heap, state[i]);
		if (!copy[i]) {
			free(copy);
			return NULL;
		}
	}
	return copy;
}

static bool put_excluded(struct steps *steps, const tla_value *values, struct tla_span why)
{
	struct check_graph_writer *w = steps->w;
	const struct check_spec *spec = w->check->spec;
	struct nw_graph_state state = { .state = (const uint8_t *)values,
					.n_bytes = spec->model->world.var_count * sizeof(*values),
					.level = steps->from.level + 1 };
	struct nw_graph_edge edge = { .part_idx = steps->part_idx };
	char *text = check_graph_text(w, &state);
	char at[512], line[600];
	int64_t name;

	if (!text)
		return false;
	name = check_graph_name(text);
	free(text);
	(void)snprintf(line, sizeof(line), "\n%s", check_span(spec, why, at, sizeof(at)));
	fprintf(w->out, "%" PRId64 " -> %" PRId64, w->names[steps->idx], name);
	check_graph_put_label(w, &steps->from, steps->k, &edge, line);
	fputs(";\n", w->out);
	return check_graph_put_state(w, name, &steps->from, &state,
				     "\",style = filled, fillcolor=lightyellow];\n");
}

/* A step for each constraint of a list that does not hold. */
static void put_refused(struct steps *steps, const struct tla_formulas *list, bool are_of_steps,
			const tla_value *values, bool *inout_is_in)
{
	struct tla_runner *runner = steps->w->check->spec->runner;
	const tla_value *from = (const tla_value *)(const void *)steps->from.state;

	for (uint32_t i = 0; steps->is_good && i < list->count; i++) {
		runner->eval.level = steps->from.level + !are_of_steps;
		if ((are_of_steps ? tla_run_step(runner, &list->at[i], from, values)
				  : tla_run_state(runner, &list->at[i], values)) != TLA_FAILS)
			continue;
		*inout_is_in = false;
		steps->is_good = put_excluded(steps, values, list->at[i].span);
	}
	runner->eval.level = steps->from.level;
}

static int take(struct tla_eval *eval, void *context)
{
	struct steps *steps = context;
	struct check_spec *spec = steps->w->check->spec;
	tla_value *values = stored_state(spec, eval->next);
	struct tla_saved saved;
	bool is_in = true;

	steps->is_good &= values != NULL;
	if (values) {
		tla_runner_save(spec->runner, &saved);
		put_refused(steps, &spec->model->constraints, false, values, &is_in);
		put_refused(steps, &spec->model->action_constraints, true, values, &is_in);
		if (is_in && steps->k < steps->from.edge_count)
			steps->is_good &= check_graph_put_step(steps->w, steps->idx, steps->k++);
		tla_runner_restore(spec->runner, &saved);
	}
	free(values);
	return !steps->is_good;
}

static void refuse(struct tla_eval *eval, void *context, struct tla_span conjunct)
{
	struct steps *steps = context;
	struct check_spec *spec = steps->w->check->spec;
	tla_value *values = stored_state(spec, eval->next);
	struct tla_saved saved;

	tla_runner_save(spec->runner, &saved);
	steps->is_good &= values && put_excluded(steps, values, conjunct);
	tla_runner_restore(spec->runner, &saved);
	free(values);
}

/* What is left at the end are steps that are made only now and then. */
bool check_graph_put_all(struct check_graph_writer *w, uint64_t idx)
{
	struct steps steps = { .w = w, .idx = idx, .is_good = true };
	struct tla_runner *runner = w->check->spec->runner;
	struct tla_eval *eval = &runner->eval;

	nw_graph_state_at(w->graph, idx, &steps.from);
	eval->print = NULL;
	for (; steps.is_good && steps.part_idx < w->action_count; steps.part_idx++) {
		eval->level = steps.from.level;
		eval->refuse = refuse;
		eval->refuse_context = &steps;
		(void)tla_run_action(runner, &w->actions[steps.part_idx],
				     (const tla_value *)(const void *)steps.from.state, take,
				     &steps); /* the search has told of what fails */
		eval->refuse = NULL;
		tla_runner_cut(runner);
	}
	while (steps.is_good && steps.k < steps.from.edge_count)
		steps.is_good = check_graph_put_step(w, idx, steps.k++);
	return steps.is_good;
}
