/* SPDX-License-Identifier: MIT */
/*
 * Peterson's algorithm for two threads, one step a shared access, and a version with its first
 * two steps swapped, as a compiler or a store buffer might.
 *
 *   idle      flag[me] = true      (broken: turn = other)
 *   started   turn = other         (broken: flag[me] = true)
 *   waiting   until !flag[other] or turn == me
 *   critical  flag[me] = false, back to idle
 *
 * A state is 5 bytes: each thread's line, each thread's flag, the turn. Both values of the turn
 * are initial. The invariant MutualExclusion says that the two are not both critical.
 */
#include "builtin.h"

#include <stdio.h>

enum line { IDLE, STARTED, WAITING, CRITICAL };

struct threads {
	uint8_t line[2];
	uint8_t flag[2];
	uint8_t turn;
};

static const char *const line_names[] = { "idle", "started", "waiting", "critical" };
static const char *const actions[2][4] = {
	{ "0 announces", "0 yields the turn", "0 enters", "0 leaves" },
	{ "1 announces", "1 yields the turn", "1 enters", "1 leaves" },
};
static const char *const actions_broken[2][4] = {
	{ "0 yields the turn", "0 announces", "0 enters", "0 leaves" },
	{ "1 yields the turn", "1 announces", "1 enters", "1 leaves" },
};

static struct threads threads_of(const uint8_t *state)
{
	struct threads threads;

	memcpy(&threads, state, sizeof(threads));
	return threads;
}

static bool is_enabled(const struct threads *threads, unsigned me)
{
	return threads->line[me] != WAITING || !threads->flag[1 - me] || threads->turn == me;
}

static void take_step(struct threads *threads, unsigned me, bool is_broken)
{
	enum line line = threads->line[me];

	if (line == (is_broken ? STARTED : IDLE))
		threads->flag[me] = 1;
	else if (line == (is_broken ? IDLE : STARTED))
		threads->turn = (uint8_t)(1 - me);
	else if (line == CRITICAL)
		threads->flag[me] = 0;
	threads->line[me] = (uint8_t)((line + 1) % 4);
}

static void init(void *context, struct nw_emit *emit)
{
	(void)context;
	for (uint8_t turn = 0; turn < 2; turn++) {
		struct threads threads = { .turn = turn };

		if (!nw_emit(emit, &threads, sizeof(threads)))
			return;
	}
}

static void emit_steps(const uint8_t *state, bool is_broken, struct nw_emit *emit)
{
	for (unsigned me = 0; me < 2; me++) {
		struct threads threads = threads_of(state);

		if (!is_enabled(&threads, me))
			continue;
		take_step(&threads, me, is_broken);
		if (!nw_emit(emit, &threads, sizeof(threads)))
			return;
	}
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	(void)context;
	(void)n_bytes;
	emit_steps(state, false, emit);
}

static void next_broken(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	(void)context;
	(void)n_bytes;
	emit_steps(state, true, emit);
}

static const char *invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	struct threads threads = threads_of(state);

	(void)context;
	(void)n_bytes;
	if (threads.line[0] == CRITICAL && threads.line[1] == CRITICAL)
		return "MutualExclusion";
	return NULL;
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	struct threads threads = threads_of(state);

	(void)context;
	(void)n_bytes;
	snprintf(text, text_bytes, "0 %s flag=%u, 1 %s flag=%u, turn=%u",
		 line_names[threads.line[0] % 4], (unsigned)threads.flag[0],
		 line_names[threads.line[1] % 4], (unsigned)threads.flag[1],
		 (unsigned)threads.turn);
}

static const char *action_of(const uint8_t *state, uint32_t ordinal, const char *const names[2][4])
{
	struct threads threads = threads_of(state);

	for (unsigned me = 0; me < 2; me++) {
		if (is_enabled(&threads, me) && ordinal-- == 0)
			return names[me][threads.line[me] % 4];
	}
	return NULL;
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	(void)context;
	(void)n_bytes;
	return action_of(state, ordinal, actions);
}

static const char *action_broken(void *context, const uint8_t *state, size_t n_bytes,
				 uint32_t ordinal)
{
	(void)context;
	(void)n_bytes;
	return action_of(state, ordinal, actions_broken);
}

const struct nw_model nwi_model_peterson = {
	.abi = NW_MODEL_ABI,
	.name = "peterson",
	.about = "Peterson's mutual exclusion for two threads",
	.parameters = "",
	.state_bytes = sizeof(struct threads),
	.init = init,
	.next = next,
	.invariant = invariant,
	.print = print,
	.action = action,
};

const struct nw_model nwi_model_peterson_broken = {
	.abi = NW_MODEL_ABI,
	.name = "peterson-broken",
	.about = "the same with two stores swapped: violates MutualExclusion",
	.parameters = "",
	.state_bytes = sizeof(struct threads),
	.init = init,
	.next = next_broken,
	.invariant = invariant,
	.print = print,
	.action = action_broken,
};
