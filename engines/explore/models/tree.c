/* SPDX-License-Identifier: MIT */
/*
 * A tree: from the root, every node above the last level has the same number of branches.
 *
 * A state is the path from the root: its length in one byte, then one byte a step. Its size
 * varies, no state is found twice, and level k + 1 holds branch^k states: the opposite of a
 * puzzle, where most successors are old. Leaves are ends, not deadlocks.
 */
#include "builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64, BRANCH_MAX = 256 };

struct tree {
	uint32_t depth, branch;
};

/* Whether 1 + branch + ... + branch^depth stays within what any search could keep. */
static bool is_sane(uint64_t depth, uint64_t branch)
{
	uint64_t sum = 1;

	for (uint64_t i = 0; i < depth && sum <= NWI_MODEL_STATES_MAX; i++)
		sum = sum * branch + 1;
	return sum <= NWI_MODEL_STATES_MAX;
}

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct nwi_parameters p = { &nwi_model_tree, names, values, parameter_count, diag };
	static const char *const known[] = { "depth", "branch" };
	uint64_t depth = 6, branch = 8;
	struct tree *tree;
	int r = nwi_parameter_only(&p, known, 2);

	if (r == 0)
		r = nwi_parameter_number(&p, "depth", 0, DEPTH_MAX, &depth);
	if (r == 0)
		r = nwi_parameter_number(&p, "branch", 1, BRANCH_MAX, &branch);
	if (r < 0)
		return r;
	if (!is_sane(depth, branch))
		return nwi_parameter_bad(&p, "--depth %u --branch %u is more than 2^48 states",
					 (unsigned)depth, (unsigned)branch);
	tree = malloc(sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	*tree = (struct tree){ (uint32_t)depth, (uint32_t)branch };
	*ret_model = tree;
	return 0;
}

static int open_copy(void **ret_context, const void *model)
{
	struct tree *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, model, sizeof(*copy));
	*ret_context = copy;
	return 0;
}

static void init(void *context, struct nw_emit *emit)
{
	const uint8_t root = 0;

	(void)context;
	(void)nw_emit(emit, &root, sizeof(root)); /* nothing to stop */
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const struct tree *tree = context;

	if (state[0] >= tree->depth)
		return;
	for (uint32_t step = 0; step < tree->branch; step++) {
		uint8_t *to = nw_emit_begin(emit, n_bytes + 1);

		if (!to)
			return;
		memcpy(to, state, n_bytes);
		to[0]++;
		to[n_bytes] = (uint8_t)step;
		nw_emit_end(emit, n_bytes + 1);
	}
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	char line[(size_t)DEPTH_MAX * 4 + sizeof("root")] = "root";
	size_t used = 4;

	(void)context;
	for (size_t i = 1; i < n_bytes; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "/%u",
					 (unsigned)state[i]);
	snprintf(text, text_bytes, "%s", line);
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	(void)context;
	(void)state;
	(void)n_bytes;
	(void)ordinal;
	return "descend";
}

const struct nw_model nwi_model_tree = {
	.abi = NW_MODEL_ABI,
	.name = "tree",
	.about = "tree whose states are paths; sum of B^k for k = 0..D",
	.parameters = "--depth D (6), --branch B (8)",
	.state_bytes = 0,
	.flags = NW_MODEL_MAY_END,
	.configure = configure,
	.dispose = free,
	.open = open_copy,
	.close = free,
	.init = init,
	.next = next,
	.print = print,
	.action = action,
};
