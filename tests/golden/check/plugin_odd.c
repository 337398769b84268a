/* SPDX-License-Identifier: MIT */
/* A plug-in at the edges of the contract, and one step past them; --kind says which. A state is a
 * number in its first bytes, the rest is zero. */
#include <nw/model.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = NW_STATE_BYTES_MAX + 1 };

struct odd {
	const char *kind;
	uint32_t bytes, count; /* of a state; states */
};

static atomic_uint call_count; /* what a next() must not depend on */

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct odd *odd = malloc(sizeof(*odd));

	(void)diag;
	if (!odd)
		return -ENOMEM;
	*odd = (struct odd){ "chain", 4, 300 };
	for (size_t i = 0; i < parameter_count; i++) {
		if (strcmp(names[i], "kind") == 0)
			odd->kind = values[i];
		else if (strcmp(names[i], "bytes") == 0)
			odd->bytes = (uint32_t)strtoul(values[i], NULL, 10);
		else
			odd->count = (uint32_t)strtoul(values[i], NULL, 10);
	}
	*ret_model = odd;
	return 0;
}

static bool is_kind(const struct odd *odd, const char *kind)
{
	return strcmp(odd->kind, kind) == 0;
}

static uint32_t size_of_state(const void *model)
{
	const struct odd *odd = model;

	return is_kind(odd, "varying") || is_kind(odd, "nothing") ? 0 : odd->bytes;
}

static int open_odd(void **ret_context, const void *model)
{
	if (is_kind(model, "closed"))
		return -EIO;
	*ret_context = (void *)(uintptr_t)model;
	return 0;
}

static bool emit_number(const struct odd *odd, struct nw_emit *emit, uint32_t number)
{
	uint32_t n_bytes = odd->bytes < BYTES_MAX ? odd->bytes : BYTES_MAX;
	uint8_t *to;

	if (is_kind(odd, "nothing"))
		n_bytes = 0;
	to = nw_emit_begin(emit, n_bytes);
	if (!to)
		return false;
	memset(to, 0, n_bytes);
	memcpy(to, &number, n_bytes < sizeof(number) ? n_bytes : sizeof(number));
	nw_emit_end(emit, n_bytes);
	return true;
}

static void init(void *context, struct nw_emit *emit)
{
	const struct odd *odd = context;
	uint32_t count = is_kind(odd, "starts") ? odd->count : !is_kind(odd, "none");

	for (uint32_t i = 0; i < count; i++)
		if (!emit_number(odd, emit, i))
			return;
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const struct odd *odd = context;
	uint32_t number = 0;

	memcpy(&number, state, n_bytes < sizeof(number) ? n_bytes : sizeof(number));
	if (is_kind(odd, "unsteady")) { /* other states at every call */
		if (number < 1u << 20)
			(void)emit_number(odd, emit, (1u << 20) + ++call_count);
	} else if (is_kind(odd, "fan")) {
		for (uint32_t i = 1; number == 0 && i <= odd->count; i++)
			if (!emit_number(odd, emit, i))
				return;
	} else if (is_kind(odd, "nothing")) {
		(void)emit_number(odd, emit, 0);
	} else if (number + 1 < odd->count && !is_kind(odd, "starts")) {
		(void)emit_number(odd, emit, number + 1);
	}
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	uint32_t number = 0;

	(void)context;
	memcpy(&number, state, n_bytes < sizeof(number) ? n_bytes : sizeof(number));
	snprintf(text, text_bytes, "number %u of %zu bytes", (unsigned)number, n_bytes);
}

static const struct nw_model odd_model = {
	.abi = NW_MODEL_ABI,
	.name = "odd",
	.parameters = "--kind K (chain), --bytes N (4), --count N (300)",
	.configure = configure,
	.dispose = free,
	.size_of_state = size_of_state,
	.open = open_odd,
	.init = init,
	.next = next,
	.print = print,
};

NW_API const struct nw_model *nw_model_plugin(void);
NW_API const struct nw_model *nw_model_plugin(void)
{
	return &odd_model;
}
