/* SPDX-License-Identifier: MIT */
/*
 * Dining philosophers: each takes the fork on the left, then the one on the right, eats, and puts
 * both down. When each holds a left fork nobody can go on: a deadlock at level n + 1.
 *
 * A state is n bytes, what each philosopher does. Fork i is the left one of philosopher i and
 * the right one of philosopher i - 1, so who holds it follows from the state.
 *
 * Invariant: after an eating philosopher comes a thinking one. Counting the circular words with
 * that property gives (1 + sqrt 2)^n + (1 - sqrt 2)^n states, the Pell-Lucas numbers.
 */
#include "builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEATS_MIN = 2, SEATS_MAX = 20 };
enum phase { THINKING, HOLDING, EATING, PHASE_COUNT };

struct table {
	uint32_t seat_count;
};

static const char *const actions[PHASE_COUNT] = { "take left", "take right", "put down" };

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct nwi_parameters p = { &nwi_model_philosophers, names, values, parameter_count, diag };
	static const char *const known[] = { "size" };
	uint64_t seat_count = 5;
	struct table *table;
	int r = nwi_parameter_only(&p, known, 1);

	if (r == 0)
		r = nwi_parameter_number(&p, "size", SEATS_MIN, SEATS_MAX, &seat_count);
	if (r < 0)
		return r;
	table = malloc(sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->seat_count = (uint32_t)seat_count;
	*ret_model = table;
	return 0;
}

static uint32_t size_of_state(const void *model)
{
	return ((const struct table *)model)->seat_count;
}

static int open_copy(void **ret_context, const void *model)
{
	struct table *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, model, sizeof(*copy));
	*ret_context = copy;
	return 0;
}

static void init(void *context, struct nw_emit *emit)
{
	const uint8_t all_thinking[SEATS_MAX] = { THINKING };

	(void)nw_emit(emit, all_thinking, size_of_state(context)); /* nothing to stop */
}

static bool is_enabled(const uint8_t *state, size_t seat_count, size_t seat)
{
	size_t left = seat ? seat - 1 : seat_count - 1;
	size_t right = seat + 1 < seat_count ? seat + 1 : 0;

	switch (state[seat]) {
	case THINKING:
		return state[left] != EATING;
	case HOLDING:
		return state[right] == THINKING;
	default:
		return true;
	}
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	(void)context;
	for (size_t seat = 0; seat < n_bytes; seat++) {
		uint8_t *to;

		if (!is_enabled(state, n_bytes, seat))
			continue;
		to = nw_emit_begin(emit, n_bytes);
		if (!to)
			return;
		memcpy(to, state, n_bytes);
		to[seat] = (uint8_t)((state[seat] + 1) % PHASE_COUNT);
		nw_emit_end(emit, n_bytes);
	}
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	static const char *const words[PHASE_COUNT] = { "thinks", "holds", "eats" };
	char line[SEATS_MAX * 12];
	size_t used = 0;

	(void)context;
	for (size_t seat = 0; seat < n_bytes && seat < SEATS_MAX; seat++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%zu %s",
					 seat ? ", " : "", seat, words[state[seat] % PHASE_COUNT]);
	snprintf(text, text_bytes, "%s", line);
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	(void)context;
	for (size_t seat = 0; seat < n_bytes; seat++) {
		if (is_enabled(state, n_bytes, seat) && ordinal-- == 0)
			return actions[state[seat] % PHASE_COUNT];
	}
	return NULL;
}

const struct nw_model nwi_model_philosophers = {
	.abi = NW_MODEL_ABI,
	.name = "philosophers",
	.about = "dining philosophers, left fork first: deadlocks",
	.parameters = "--size N (5; 2..20)",
	.configure = configure,
	.dispose = free,
	.size_of_state = size_of_state,
	.open = open_copy,
	.close = free,
	.init = init,
	.next = next,
	.print = print,
	.action = action,
};
