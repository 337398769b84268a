/* SPDX-License-Identifier: MIT */
/* How long a connection is given. */
#include "probe/patience.h"

enum { PRESSED_TIMES = 3 };

static uint64_t between(uint64_t least, uint64_t value, uint64_t most)
{
	if (value < least)
		value = least;
	return value < most ? value : most;
}

uint32_t nwi_patience_level(uint32_t tries_before, uint32_t tries_left)
{
	if (tries_left == 0)
		return NWI_PATIENCE_LEVELS;
	return tries_before < NWI_PATIENCE_LEVELS - 1 ? tries_before : NWI_PATIENCE_LEVELS - 1;
}

void nwi_patience_learn(struct nwi_patience *patience, uint64_t took_ns)
{
	uint64_t off;

	if (patience->smooth_ns == 0) {
		patience->smooth_ns = took_ns + 1;
		patience->deviation_ns = took_ns / 2;
		return;
	}
	off = took_ns > patience->smooth_ns ? took_ns - patience->smooth_ns
					    : patience->smooth_ns - took_ns;
	patience->deviation_ns = patience->deviation_ns - patience->deviation_ns / 4 + off / 4;
	patience->smooth_ns = patience->smooth_ns - patience->smooth_ns / 8 + took_ns / 8;
	if (patience->smooth_ns == 0)
		patience->smooth_ns = 1;
}

uint64_t nwi_patience_ns(const struct nwi_patience *patience, uint32_t level, bool is_pressed)
{
	uint64_t most = patience->most_ns;
	uint64_t usual = patience->smooth_ns + 4 * patience->deviation_ns;

	if (patience->smooth_ns == 0 || (level == NWI_PATIENCE_LEVELS && !is_pressed))
		return most;
	if (level == NWI_PATIENCE_LEVELS)
		return between((uint64_t)PRESSED_TIMES * NWI_PATIENCE_LEAST_NS, usual, most);
	usual = between(NWI_PATIENCE_LEAST_NS, usual, most);
	return between(0, usual << level, most);
}
