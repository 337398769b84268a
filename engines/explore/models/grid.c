/* SPDX-License-Identifier: MIT */
/*
 * A counter grid: a point (x, y) with 0 <= x <= X and 0 <= y <= Y that moves by one on either axis.
 *
 * A state is 8 bytes: x and y as native 32-bit words. From (0,0) all (X+1)(Y+1) points are
 * reachable and level n + 1 holds those with x + y = n, so every count is known in closed form;
 * with --max-sum M below X + Y the invariant SumWithinMax fails first at level M + 2.
 */
#include "builtin.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOVES_MAX = 4, SIDE_MAX = 1000000000 };

struct grid {
	uint32_t x_max, y_max;
	uint64_t sum_max;
};

struct point {
	uint32_t x, y;
};
static_assert(sizeof(struct point) == 8, "a state has no padding");

static const char *const moves[MOVES_MAX] = { "x+1", "x-1", "y+1", "y-1" };

static struct point point_of(const uint8_t *state)
{
	struct point point;

	memcpy(&point, state, sizeof(point));
	return point;
}

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct nwi_parameters p = { &nwi_model_grid, names, values, parameter_count, diag };
	static const char *const known[] = { "size", "max-sum" };
	uint64_t x_max = 1000, y_max = 1000, sum_max = 2 * (uint64_t)SIDE_MAX;
	const char *text = nwi_parameter_text(&p, "size");
	struct grid *grid;
	int r = nwi_parameter_only(&p, known, 2);

	if (r == 0)
		r = nwi_parameter_number(&p, "max-sum", 0, sum_max, &sum_max);
	if (r < 0)
		return r;
	if (text && (!nwi_parse_size(text, &x_max, &y_max) || x_max > SIDE_MAX ||
		     y_max > SIDE_MAX || (x_max + 1) * (y_max + 1) > NWI_MODEL_STATES_MAX))
		return nwi_parameter_bad(
			&p, "--size XxY with (X+1)*(Y+1) <= 2^48 and X,Y <= %u, not %s",
			(unsigned)SIDE_MAX, text);
	grid = malloc(sizeof(*grid));
	if (!grid)
		return -ENOMEM;
	*grid = (struct grid){ (uint32_t)x_max, (uint32_t)y_max, sum_max };
	*ret_model = grid;
	return 0;
}

static int open_copy(void **ret_context, const void *model)
{
	struct grid *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, model, sizeof(*copy));
	*ret_context = copy;
	return 0;
}

static void init(void *context, struct nw_emit *emit)
{
	struct point origin = { 0, 0 };

	(void)context;
	(void)nw_emit(emit, &origin, sizeof(origin)); /* nothing to stop */
}

/* Writes all four moves, each over the one before it if that does not exist: no branches. */
static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const struct grid *grid = context;
	struct point at = point_of(state), to = at;
	uint8_t *out = nw_emit_begin_many(emit, sizeof(at), MOVES_MAX);
	uint32_t count = 0;

	(void)n_bytes;
	if (!out)
		return;
	to.x = at.x + 1;
	memcpy(out + count * sizeof(to), &to, sizeof(to));
	count += at.x < grid->x_max;
	to.x = at.x - 1;
	memcpy(out + count * sizeof(to), &to, sizeof(to));
	count += at.x > 0;
	to.x = at.x;
	to.y = at.y + 1;
	memcpy(out + count * sizeof(to), &to, sizeof(to));
	count += at.y < grid->y_max;
	to.y = at.y - 1;
	memcpy(out + count * sizeof(to), &to, sizeof(to));
	count += at.y > 0;
	nw_emit_end_many(emit, sizeof(at), MOVES_MAX, count);
}

static const char *invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	const struct grid *grid = context;
	struct point at = point_of(state);

	(void)n_bytes;
	return (uint64_t)at.x + at.y <= grid->sum_max ? NULL : "SumWithinMax";
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	struct point at = point_of(state);

	(void)context;
	(void)n_bytes;
	snprintf(text, text_bytes, "x=%u y=%u", (unsigned)at.x, (unsigned)at.y);
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	const struct grid *grid = context;
	struct point at = point_of(state);
	const bool enabled[] = { at.x<grid->x_max, at.x> 0, at.y<grid->y_max, at.y> 0 };

	(void)n_bytes;
	for (unsigned i = 0; i < MOVES_MAX; i++) {
		if (enabled[i] && ordinal-- == 0)
			return moves[i];
	}
	return NULL;
}

const struct nw_model nwi_model_grid = {
	.abi = NW_MODEL_ABI,
	.name = "grid",
	.about = "point moving by one on two axes; (X+1)(Y+1) states",
	.parameters = "--size XxY (1000x1000), --max-sum N (no limit)",
	.state_bytes = 8,
	.flags = NW_MODEL_MAY_END, /* --size 0x0 is one point that goes nowhere */
	.configure = configure,
	.dispose = free,
	.open = open_copy,
	.close = free,
	.init = init,
	.next = next,
	.invariant = invariant,
	.print = print,
	.action = action,
};
