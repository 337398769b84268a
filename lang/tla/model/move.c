/* SPDX-License-Identifier: MIT */
/* The actions of the next-state relation are tried one after the other. */
#include "move.h"

#include "actions.h"

#include <stdio.h>
#include <string.h>

enum { FOUND = 1 };

/* Values are stored, so equal ones are the same word. */
static int compare(struct tla_eval *eval, void *to)
{
	return memcmp(eval->next, to, eval->var_count * sizeof(tla_value)) == 0 ? FOUND : 0;
}

void tla_move_of(const struct tla_action *action, struct tla_move *ret_move)
{
	ret_move->name = action->name;
	ret_move->span = action->span;
	(void)snprintf(ret_move->args, sizeof ret_move->args, "%s", action->args);
}

/* An action that fails does not make the step. */
bool tla_move_find(struct tla_runner *runner, const tla_value *from, const tla_value *to,
		   struct tla_move *ret_move)
{
	uint32_t count = 0;
	const struct tla_action *actions = tla_runner_actions(runner, &count);
	int result = 0;

	for (uint32_t i = 0; i < count && result != FOUND; i++) {
		result = tla_run_action(runner, &actions[i], from, compare, (void *)to);
		if (result == FOUND)
			tla_move_of(&actions[i], ret_move);
	}
	tla_heap_clear(runner->eval.heap);
	return result == FOUND;
}

static int take_gap(struct tla_eval *eval, void *ret_values)
{
	for (uint32_t i = 0; i < eval->var_count; i++)
		if (!eval->next[i]) {
			memcpy(ret_values, eval->next, eval->var_count * sizeof(tla_value));
			return FOUND;
		}
	return 0;
}

bool tla_move_gap(struct tla_runner *runner, const tla_value *from, tla_value *ret_values,
		  struct tla_move *ret_move)
{
	uint32_t count = 0;
	const struct tla_action *actions = tla_runner_actions(runner, &count);
	int result = 0;

	runner->eval.allows_gaps = true;
	for (uint32_t i = 0; i < count && result == 0; i++) {
		result = tla_run_action(runner, &actions[i], from, take_gap, ret_values);
		if (result == FOUND)
			tla_move_of(&actions[i], ret_move);
	}
	runner->eval.allows_gaps = false;
	tla_heap_clear(runner->eval.heap);
	return result == FOUND;
}
