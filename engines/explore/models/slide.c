/* SPDX-License-Identifier: MIT */
/*
 * The sliding puzzle: W x H cells, one of them blank; a neighbour of the blank moves into it.
 *
 * A state is 8 bytes, one native 64-bit word: nibble i is the tile in cell i (row by row), 0 the
 * blank; cells past the last are 0. The search starts from the solved board, tiles 1, 2, ... and
 * the blank in the last cell. (W*H)!/2 states are reachable.
 *
 * Invariant: exactly one of the first W*H nibbles is 0, so that the lowest zero nibble is the
 * blank. It is found by arithmetic on the word, not stored: 4x4 leaves no room for it.
 *
 * This model is what the engine is measured with. The blank's cell is as good as random, so a
 * loop over the moves that it has would be mispredicted at every state: next() makes four
 * successors always, and counts those that exist.
 */
#include "builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CELLS_MAX = 16, MOVES_MAX = 4 };

struct slide {
	uint8_t move_count[CELLS_MAX];
	/* By the blank's cell: where the blank goes, times 4 (past the last move: 0, harmless), and
	 * which way that is. */
	uint8_t shift[CELLS_MAX][MOVES_MAX];
	uint8_t way[CELLS_MAX][MOVES_MAX];
	uint32_t width, height;
};

static const char *const ways[MOVES_MAX] = { "up", "left", "right", "down" };

static uint64_t word_of(const uint8_t *state)
{
	uint64_t word;

	memcpy(&word, state, sizeof(word));
	return word;
}

/* Bit position of the lowest zero nibble. Borrows only disturb nibbles above it. */
static unsigned blank_shift(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x1111111111111111);
	uint64_t zeros = (word - ones) & ~word & (ones << 3);

	return (unsigned)__builtin_ctzll(zeros) - 3;
}

static void add_move(struct slide *slide, uint32_t from, uint32_t to, uint8_t way)
{
	uint8_t n = slide->move_count[from]++;

	slide->shift[from][n] = (uint8_t)(4 * to);
	slide->way[from][n] = way;
}

static void build_moves(struct slide *slide)
{
	uint32_t w = slide->width, h = slide->height;

	for (uint32_t cell = 0; cell < w * h; cell++) {
		if (cell >= w)
			add_move(slide, cell, cell - w, 0);
		if (cell % w > 0)
			add_move(slide, cell, cell - 1, 1);
		if (cell % w < w - 1)
			add_move(slide, cell, cell + 1, 2);
		if (cell < w * (h - 1))
			add_move(slide, cell, cell + w, 3);
	}
}

static int configure(void **ret_model, const char *const *names, const char *const *values,
		     size_t parameter_count, struct nw_diag *diag)
{
	struct nwi_parameters p = { &nwi_model_slide, names, values, parameter_count, diag };
	static const char *const known[] = { "size" };
	uint64_t width = 3, height = 3;
	const char *text = nwi_parameter_text(&p, "size");
	struct slide *slide;
	int r = nwi_parameter_only(&p, known, 1);

	if (r < 0)
		return r;
	if (text && (!nwi_parse_size(text, &width, &height) || width < 2 || height < 2 ||
		     width > CELLS_MAX || height > CELLS_MAX || width * height > CELLS_MAX))
		return nwi_parameter_bad(&p, "--size WxH with 2 <= W,H and W*H <= 16, not %s",
					 text);
	slide = calloc(1, sizeof(*slide));
	if (!slide)
		return -ENOMEM;
	slide->width = (uint32_t)width;
	slide->height = (uint32_t)height;
	build_moves(slide);
	*ret_model = slide;
	return 0;
}

/* The table is small and read by every successor: each worker keeps a copy in its own memory. */
static int open_copy(void **ret_context, const void *model)
{
	struct slide *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, model, sizeof(*copy));
	*ret_context = copy;
	return 0;
}

static void init(void *context, struct nw_emit *emit)
{
	const struct slide *slide = context;
	uint32_t cells = slide->width * slide->height;
	uint64_t word = 0;

	for (uint32_t cell = 0; cell < cells - 1; cell++)
		word |= (uint64_t)(cell + 1) << (4 * cell);
	(void)nw_emit(emit, &word, sizeof(word)); /* nothing to stop */
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const struct slide *slide = context;
	uint64_t word = word_of(state);
	unsigned blank = blank_shift(word), cell = blank / 4;
	uint8_t *to;

	(void)n_bytes;
	to = nw_emit_begin_many(emit, sizeof(word), MOVES_MAX);
	if (!to)
		return;
	for (unsigned i = 0; i < MOVES_MAX; i++) {
		unsigned from = slide->shift[cell][i];
		uint64_t tile = word >> from & 15;
		uint64_t moved = word ^ tile << from ^ tile << blank;

		memcpy(to + i * sizeof(moved), &moved, sizeof(moved));
	}
	nw_emit_end_many(emit, sizeof(word), MOVES_MAX, slide->move_count[cell]);
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	const struct slide *slide = context;
	uint32_t cells = slide->width * slide->height;
	uint64_t word = word_of(state);
	char line[CELLS_MAX * 5 + 1];
	size_t used = 0;

	(void)n_bytes;
	for (uint32_t cell = 0; cell < cells; cell++) {
		unsigned tile = word >> (4 * cell) & 15;
		const char *before = !cell ? "" : cell % slide->width ? " " : " / ";

		used += (size_t)snprintf(line + used, sizeof(line) - used, tile ? "%s%u" : "%s.",
					 before, tile);
	}
	snprintf(text, text_bytes, "%s", line);
}

static const char *action(void *context, const uint8_t *state, size_t n_bytes, uint32_t ordinal)
{
	const struct slide *slide = context;
	unsigned cell = blank_shift(word_of(state)) / 4;

	(void)n_bytes;
	return ordinal < slide->move_count[cell] ? ways[slide->way[cell][ordinal]] : NULL;
}

const struct nw_model nwi_model_slide = {
	.abi = NW_MODEL_ABI,
	.name = "slide",
	.about = "sliding puzzle from its solved board; 3x3 has 181,440 states",
	.parameters = "--size WxH (3x3)",
	.state_bytes = 8,
	.configure = configure,
	.dispose = free,
	.open = open_copy,
	.close = free,
	.init = init,
	.next = next,
	.print = print,
	.action = action,
};
