/* SPDX-License-Identifier: MIT */
/* A plug-in that breaks its contract: it promises states of 2 bytes, and its third has 3. */
#include <nw/model.h>

#include <stdio.h>

static void init(void *context, struct nw_emit *emit)
{
	(void)context;
	(void)nw_emit(emit, "\0\0", 2);
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const uint8_t to[3] = { (uint8_t)(state[0] + 1), 0, 0 };

	(void)context;
	(void)nw_emit(emit, to, state[0] < 1 ? n_bytes : sizeof(to));
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	(void)context;
	(void)n_bytes;
	snprintf(text, text_bytes, "%u", state[0]);
}

static const struct nw_model faulty = {
	.abi = NW_MODEL_ABI,
	.name = "faulty",
	.state_bytes = 2,
	.init = init,
	.next = next,
	.print = print,
};

NW_API const struct nw_model *nw_model_plugin(void);
NW_API const struct nw_model *nw_model_plugin(void)
{
	return &faulty;
}
