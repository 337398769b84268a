/* SPDX-License-Identifier: MIT */
/*
 * Powers of two and rounding. Pure functions without state; each says the range in which
 * its answer is right, and none checks it.
 */
#ifndef NWI_BASE_BITS_H
#define NWI_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool nwi_is_pow2(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* Floor of log2(n), 0..63; n must not be 0. */
static inline uint32_t nwi_ilog2(uint64_t n)
{
	return 63u - (uint32_t)__builtin_clzll(n);
}

/* Smallest power of two >= n; n <= 2^63. 0 gives 1. */
static inline uint64_t nwi_next_pow2(uint64_t n)
{
	return n <= 1 ? 1 : UINT64_C(1) << (nwi_ilog2(n - 1) + 1);
}

/* Smallest multiple of `to` >= n; `to` is not 0 and the answer must fit. Any `to`. */
static inline uint64_t nwi_round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Whether round_up would overflow, for sizes that come from users. */
static inline bool nwi_round_up_fits(uint64_t n, uint64_t to)
{
	return n <= UINT64_MAX - (to - 1);
}

#endif /* NWI_BASE_BITS_H */
