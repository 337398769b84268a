/* SPDX-License-Identifier: MIT */
/*
 * The pocket cube, 2x2x2, in the half-turn metric: a state is solved in at most 11 turns of the
 * faces U, R, F by 90, 180 or 270 degrees. The corner down-back-left never moves, which fixes the
 * cube in space and leaves 7! * 3^6 = 3,674,160 states.
 *
 * A state is 4 bytes, two native 16-bit words: the rank of the permutation of the seven corners
 * (0..5039) and of the twists of the first six of them (0..728; all seven sum to 0 modulo 3).
 * What a turn does to the twists depends on places only, so the two ranks move independently: a
 * successor is two table look-ups.
 *
 * Corners are numbered URF UFL ULB UBR DFR DLF DRB; a place's twist counts how often its corner
 * is turned clockwise against the U or D face (Kociemba's conventions).
 */
#include "builtin.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CORNERS = 7, PERMS = 5040, TWISTS = 729, TURNS = 9, FACES = 6 };

struct cube {
	uint16_t perm_after[PERMS][TURNS];
	uint16_t twist_after[TWISTS][TURNS];
};

struct ranks {
	uint16_t perm, twist;
};
static_assert(sizeof(struct ranks) == 4, "a state has no padding");

/* What is in each place: which corner, how twisted. */
struct corners {
	uint8_t corner[CORNERS];
	uint8_t twist[CORNERS];
};

static const char *const turn_names[TURNS] = { "U", "U2", "U'", "R", "R2", "R'", "F", "F2", "F'" };

/* A quarter turn brings to place i the corner from place corner[i], twisted by twist[i]. */
static const struct corners quarter_turns[3] = {
	{ { 3, 0, 1, 2, 4, 5, 6 }, { 0, 0, 0, 0, 0, 0, 0 } }, /* U */
	{ { 4, 1, 2, 0, 6, 5, 3 }, { 2, 0, 0, 1, 1, 0, 2 } }, /* R */
	{ { 1, 5, 2, 3, 0, 4, 6 }, { 1, 2, 0, 0, 2, 1, 0 } }, /* F */
};

static struct corners turned(const struct corners *from, const struct corners *turn)
{
	struct corners to;

	for (unsigned i = 0; i < CORNERS; i++) {
		to.corner[i] = from->corner[turn->corner[i]];
		to.twist[i] = (uint8_t)((from->twist[turn->corner[i]] + turn->twist[i]) % 3);
	}
	return to;
}

/* Lehmer code: digit i counts the later corners that are smaller. */
static uint16_t perm_rank(const struct corners *corners)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < CORNERS; i++) {
		unsigned smaller = 0;

		for (unsigned j = i + 1; j < CORNERS; j++)
			smaller += corners->corner[j] < corners->corner[i];
		rank = rank * (CORNERS - i) + smaller;
	}
	return (uint16_t)rank;
}

static void perm_unrank(unsigned rank, struct corners *ret_corners)
{
	uint8_t *corner = ret_corners->corner;

	for (unsigned i = CORNERS; i-- > 0; rank /= CORNERS - i) {
		corner[i] = (uint8_t)(rank % (CORNERS - i));
		for (unsigned j = i + 1; j < CORNERS; j++)
			corner[j] = (uint8_t)(corner[j] + (corner[j] >= corner[i]));
	}
}

static uint16_t twist_rank(const struct corners *corners)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < CORNERS - 1; i++)
		rank = rank * 3 + corners->twist[i];
	return (uint16_t)rank;
}

static void twist_unrank(unsigned rank, struct corners *ret_corners)
{
	unsigned sum = 0;

	for (unsigned i = CORNERS - 1; i-- > 0; rank /= 3) {
		ret_corners->twist[i] = (uint8_t)(rank % 3);
		sum += rank % 3;
	}
	ret_corners->twist[CORNERS - 1] = (uint8_t)((3 - sum % 3) % 3);
}

static void build_tables(struct cube *cube)
{
	for (unsigned rank = 0; rank < PERMS; rank++) {
		for (unsigned turn = 0; turn < TURNS; turn++) {
			struct corners at = { 0 };

			perm_unrank(rank, &at);
			for (unsigned i = 0; i <= turn % 3; i++)
				at = turned(&at, &quarter_turns[turn / 3]);
			cube->perm_after[rank][turn] = perm_rank(&at);
		}
	}
	for (unsigned rank = 0; rank < TWISTS; rank++) {
		for (unsigned turn = 0; turn < TURNS; turn++) {
			struct corners at = { 0 };

			twist_unrank(rank, &at);
			for (unsigned i = 0; i <= turn % 3; i++)
				at = turned(&at, &quarter_turns[turn / 3]);
			cube->twist_after[rank][turn] = twist_rank(&at);
		}
	}
}

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct nwi_parameters p = { &nwi_model_cube2, names, values, parameter_count, diag };
	struct cube *cube;
	int r = nwi_parameter_only(&p, NULL, 0);

	if (r < 0)
		return r;
	cube = malloc(sizeof(*cube));
	if (!cube)
		return -ENOMEM;
	build_tables(cube);
	*ret_model = cube;
	return 0;
}

/* 104 kB, read by every successor: each worker keeps a copy in its own memory. */
static int open_copy(void **ret_context, const void *model)
{
	struct cube *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, model, sizeof(*copy));
	*ret_context = copy;
	return 0;
}

static void init(void *context, struct nw_emit *emit)
{
	const struct ranks solved = { 0, 0 };

	(void)context;
	(void)nw_emit(emit, &solved, sizeof(solved)); /* nothing to stop */
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const struct cube *cube = context;
	uint8_t *out = nw_emit_begin_many(emit, sizeof(struct ranks), TURNS);
	struct ranks at;

	(void)n_bytes;
	if (!out)
		return;
	memcpy(&at, state, sizeof(at));
	for (unsigned turn = 0; turn < TURNS; turn++) {
		struct ranks to = { cube->perm_after[at.perm][turn],
				    cube->twist_after[at.twist][turn] };

		memcpy(out + turn * sizeof(to), &to, sizeof(to));
	}
	nw_emit_end_many(emit, sizeof(at), TURNS, TURNS);
}

/* The three stickers of each place, clockwise from the U or D one, as face * 4 + cell; faces and
 * colours are U R F D L B, cells go row by row. The eighth place is the corner that stays. */
static const uint8_t stickers[CORNERS + 1][3] = {
	{ 3, 4, 9 },   { 2, 8, 17 },   { 0, 16, 21 }, { 1, 20, 5 },
	{ 13, 11, 6 }, { 12, 19, 10 }, { 15, 7, 22 }, { 14, 23, 18 },
};

/* Six faces of two rows: "UU/UU RR/RR FF/FF DD/DD LL/LL BB/BB" is the solved cube. */
static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	static const char colours[FACES + 1] = "URFDLB";
	struct corners at = { 0 };
	struct ranks ranks;
	char line[FACES * 6] = { 0 };

	(void)context;
	(void)n_bytes;
	memcpy(&ranks, state, sizeof(ranks));
	perm_unrank(ranks.perm, &at);
	twist_unrank(ranks.twist, &at);
	for (unsigned i = 0; i < FACES; i++) {
		line[i * 6 + 2] = '/';
		line[i * 6 + 5] = i + 1 < FACES ? ' ' : '\0';
	}
	for (unsigned place = 0; place <= CORNERS; place++) {
		unsigned corner = place < CORNERS ? at.corner[place] : CORNERS;
		unsigned twist = place < CORNERS ? at.twist[place] : 0;

		for (unsigned n = 0; n < 3; n++) {
			unsigned cell = stickers[place][(n + twist) % 3];

			line[cell / 4 * 6 + cell % 4 + (cell % 4 > 1)] =
				colours[stickers[corner][n] / 4];
		}
	}
	snprintf(text, text_bytes, "%s", line);
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	(void)context;
	(void)state;
	(void)n_bytes;
	return ordinal < TURNS ? turn_names[ordinal] : NULL;
}

const struct nw_model nwi_model_cube2 = {
	.abi = NW_MODEL_ABI,
	.name = "cube2",
	.about = "pocket cube, half-turn metric; 3,674,160 states in 12 levels",
	.parameters = "",
	.state_bytes = sizeof(struct ranks),
	.configure = configure,
	.dispose = free,
	.open = open_copy,
	.close = free,
	.init = init,
	.next = next,
	.print = print,
	.action = action,
};
