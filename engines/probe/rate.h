/* SPDX-License-Identifier: MIT */
/*
 * When the next question may be asked: a clock that grants so many a second and lets few pile up.
 * What a worker that was kept from its CPU could not use is owed to it, up to a second's, and comes
 * back at an eighth above the rate.
 *
 * A step function: the time comes from the caller. Integers only; what a nanosecond does not divide
 * is carried, so that a rate is met to the last question over any time.
 *
 * Invariant: granted <= burst + rate * (now - start), at every moment.
 */
#ifndef NWI_PROBE_RATE_H
#define NWI_PROBE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct nwi_rate {
	uint64_t per_s;   /* 0: no limit */
	uint32_t burst;   /* at once after a pause */
	uint64_t last_ns; /* up to where time was turned into grants */
	uint64_t rest;    /* of a grant, in 1/10^9 */
	uint64_t granted; /* that were not used yet */
	uint64_t owed;    /* that did not fit into a burst while more were wanted */
	uint64_t eighths; /* of what comes back of it */
	bool is_short;    /* the last time wanted more than there was */
};

/* A burst is ten milliseconds' questions, 1 at least. */
void nwi_rate_init(struct nwi_rate *rate, uint64_t per_s, uint64_t now_ns);
/* How many may be asked now, up to count; they count as asked. */
uint32_t nwi_rate_take(struct nwi_rate *rate, uint32_t count, uint64_t now_ns);
/* Give back what could not be sent. */
void nwi_rate_return(struct nwi_rate *rate, uint32_t count);
/* Nanoseconds until one may be asked; 0: now. */
uint64_t nwi_rate_wait_ns(const struct nwi_rate *rate, uint64_t now_ns);

/* A worker's part of a rate: the parts add up to the whole; 0 of 0. */
uint64_t nwi_rate_part(uint64_t per_s, uint32_t worker_idx, uint32_t worker_count);

#endif /* NWI_PROBE_RATE_H */
