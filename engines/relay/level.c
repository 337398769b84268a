/* SPDX-License-Identifier: MIT */
/* Levels (level.h). Invariant: a level is never below what the fill of the last step asks for, and
 * goes down by one at a time, after as many calm windows in a row as the table says. */
#include "level.h"

static const struct {
	uint32_t enter_permille; /* at or above: this level at least */
	uint32_t leave_permille; /* a window is calm if it stayed below */
	uint32_t window_count;
} steps[] = {
	[NW_RELAY_GREEN] = { 0, 0, 0 },
	[NW_RELAY_YELLOW] = { 500, 300, 3 },
	[NW_RELAY_ORANGE] = { 800, 600, 5 },
	[NW_RELAY_RED] = { 950, 850, 10 },
};

uint32_t nwi_level_windows(enum nw_relay_level level)
{
	return steps[level].window_count;
}

static enum nw_relay_level least(uint32_t fill)
{
	enum nw_relay_level level = NW_RELAY_RED;

	while (fill < steps[level].enter_permille)
		level--;
	return level;
}

static void enter(struct nwi_level *level, enum nw_relay_level to, uint64_t now_ns)
{
	level->level = to;
	level->calm_count = 0;
	level->fill_max = 0;
	level->window_end_ns = now_ns + NWI_LEVEL_WINDOW_NS;
}

/* The windows that have ended: of all but the first nothing was seen, for the shard slept. */
static void end_windows(struct nwi_level *level, uint64_t now_ns)
{
	uint64_t n = (now_ns - level->window_end_ns) / NWI_LEVEL_WINDOW_NS + 1;
	uint32_t first_calm = level->fill_max < steps[level->level].leave_permille;

	level->calm_count = first_calm ? level->calm_count : 0;
	level->calm_count += (uint32_t)(n < 64 ? n : 64) - 1 + first_calm;
	level->window_end_ns += n * NWI_LEVEL_WINDOW_NS;
	level->fill_max = 0;
}

bool nwi_level_step(struct nwi_level *level, uint32_t fill, uint64_t now_ns)
{
	enum nw_relay_level before = level->level, at_least = least(fill);

	if (at_least > level->level)
		enter(level, at_least, now_ns);
	while (level->level != NW_RELAY_GREEN && now_ns >= level->window_end_ns) {
		end_windows(level, now_ns);
		if (level->calm_count < steps[level->level].window_count)
			break;
		if (level->level - 1 < at_least)
			break;
		enter(level, level->level - 1, now_ns);
	}
	if (fill > level->fill_max)
		level->fill_max = fill;
	return level->level != before;
}
