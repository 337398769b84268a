/* SPDX-License-Identifier: MIT */
/* A shard's level: up at once, down by windows of time. A step function, without a clock. */
#ifndef NWI_RELAY_LEVEL_H
#define NWI_RELAY_LEVEL_H

#include <nw/relay.h>

#include <stdint.h>

enum { NWI_LEVEL_WINDOW_NS = 100 * 1000 * 1000 };

struct nwi_level {
	enum nw_relay_level level;
	uint32_t fill_max;   /* per mille, in this window */
	uint32_t calm_count; /* windows that were calm enough to go down, without a break */
	uint64_t window_end_ns;
};

/* fill: per mille of the ring. Returns whether the level has changed. */
bool nwi_level_step(struct nwi_level *level, uint32_t fill, uint64_t now_ns);

/* Windows that must be calm before `level` is left. */
uint32_t nwi_level_windows(enum nw_relay_level level);

#endif /* NWI_RELAY_LEVEL_H */
