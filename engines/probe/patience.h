/* SPDX-License-Identifier: MIT */
/*
 * How long a connection is given to be answered, from how long answers took: the smoothed time and
 * four times its deviation, as RFC 6298 has it, doubled each time that a question is asked again.
 *
 * Whoever may be asked again may be given up early; the last asking has all the time there is, but
 * where questions wait for its line: then it has three times the least.
 *
 * Invariant: no time is above `most_ns`, nor, unless that is, below LEAST_NS.
 */
#ifndef NWI_PROBE_PATIENCE_H
#define NWI_PROBE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NWI_PATIENCE_LEAST_NS = 100000000,
	NWI_PATIENCE_LEVELS = 4 /* of those that may be asked again; one more for the last asking */
};

struct nwi_patience {
	uint64_t most_ns;
	uint64_t smooth_ns, deviation_ns; /* of answers; smooth_ns 0: there was none yet */
};

/* Which line of waiting a question stands in; all of one line are given the same time. */
uint32_t nwi_patience_level(uint32_t tries_before, uint32_t tries_left);
void nwi_patience_learn(struct nwi_patience *patience, uint64_t took_ns);
uint64_t nwi_patience_ns(const struct nwi_patience *patience, uint32_t level, bool is_pressed);

#endif /* NWI_PROBE_PATIENCE_H */
