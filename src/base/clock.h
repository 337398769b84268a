/* SPDX-License-Identifier: MIT */
/*
 * Time in nanoseconds as one 64-bit number: conversions only. The clock itself is read in
 * os/thread.h, the layer that talks to the kernel.
 */
#ifndef NWI_BASE_CLOCK_H
#define NWI_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NWI_NS_PER_S UINT64_C(1000000000)

static inline uint64_t nwi_ns_of_timespec(struct timespec t)
{
	return (uint64_t)t.tv_sec * NWI_NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline struct timespec nwi_timespec_of_ns(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NWI_NS_PER_S),
		.tv_nsec = (long)(ns % NWI_NS_PER_S),
	};
}

/* a + b, or the largest value: a deadline that overflows is never reached. */
static inline uint64_t nwi_ns_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif /* NWI_BASE_CLOCK_H */
