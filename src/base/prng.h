/* SPDX-License-Identifier: MIT */
/*
 * Repeatable random numbers: splitmix64 (also a good mixer of one word) and xoshiro256**.
 * Not for secrets. The same seed gives the same sequence on every machine, so that a test
 * that fails can be run again.
 *
 * References: G. Steele et al., "Fast splittable pseudorandom number generators", OOPSLA
 * 2014; D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", TOMS 2021.
 */
#ifndef NWI_BASE_PRNG_H
#define NWI_BASE_PRNG_H

#include <stdint.h>

struct nwi_prng {
	uint64_t s[4]; /* never all zero */
};

/* A bijection of 64-bit words in which every input bit moves about half of the output's. */
static inline uint64_t nwi_mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t nwi_splitmix64(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return nwi_mix64(*state);
}

/* Any seed, 0 included: splitmix64 never gives four zeros in a row. */
static inline void nwi_prng_init(struct nwi_prng *prng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		prng->s[i] = nwi_splitmix64(&seed);
}

static inline uint64_t nwi_rotl64(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline uint64_t nwi_prng_next(struct nwi_prng *prng)
{
	uint64_t *s = prng->s;
	uint64_t result = nwi_rotl64(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = nwi_rotl64(s[3], 45);
	return result;
}

/* 0..n-1, n >= 1; the top 32 bits scaled, so the bias is below n / 2^32. */
static inline uint32_t nwi_prng_below(struct nwi_prng *prng, uint32_t n)
{
	return (uint32_t)((nwi_prng_next(prng) >> 32) * n >> 32);
}

#endif /* NWI_BASE_PRNG_H */
