/* SPDX-License-Identifier: MIT */
/*
 * This example shows how to write a model that `nodewise check` loads: one C file, no library.
 *
 *   cc -shared -fPIC -o jugs.so model_plugin.c
 *   nodewise check --model ./jugs.so
 *
 * The puzzle of Die Hard: with a jug of 3 gallons, one of 5 and a tap, measure exactly 4. The
 * invariant claims that it cannot be done, so the counterexample is the way to do it.
 */
#include <nw/model.h>

#include <stdio.h>

enum { SMALL = 3, BIG = 5, GOAL = 4 };

static uint8_t least(int a, int b)
{
	return (uint8_t)(a < b ? a : b);
}

/* A state is two bytes: what is in the small jug, what is in the big one. */
static void init(void *context, struct nw_emit *emit)
{
	(void)context;
	(void)nw_emit(emit, (const uint8_t[]){ 0, 0 }, 2);
}

static const char *const actions[] = { "fill small", "fill big",       "empty small",
				       "empty big",  "small into big", "big into small" };

/* Always all six, in the order of their names; going nowhere is harmless. */
static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	uint8_t s = state[0], b = state[1];
	uint8_t up = least(s, BIG - b), down = least(b, SMALL - s);
	const uint8_t to[][2] = {
		{ SMALL, b },
		{ s, BIG },
		{ 0, b },
		{ s, 0 },
		{ (uint8_t)(s - up), (uint8_t)(b + up) },
		{ (uint8_t)(s + down), (uint8_t)(b - down) },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		if (!nw_emit(emit, to[i], n_bytes))
			return;
	}
}

static const char *invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	(void)context;
	(void)n_bytes;
	return state[1] == GOAL ? "BigIsNotFour" : NULL;
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	(void)context;
	(void)n_bytes;
	snprintf(text, text_bytes, "small %u, big %u", state[0], state[1]);
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	(void)context;
	(void)state;
	(void)n_bytes;
	return actions[ordinal];
}

static const struct nw_model jugs = {
	.abi = NW_MODEL_ABI,
	.name = "jugs",
	.about = "measure 4 gallons with jugs of 3 and 5",
	.parameters = "",
	.state_bytes = 2,
	.init = init,
	.next = next,
	.invariant = invariant,
	.print = print,
	.action = action,
};

NW_API const struct nw_model *nw_model_plugin(void);
NW_API const struct nw_model *nw_model_plugin(void)
{
	return &jugs;
}
