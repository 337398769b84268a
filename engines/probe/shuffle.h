/* SPDX-License-Identifier: MIT */
/*
 * A seeded order of 0 .. count-1 in which each number comes exactly once, and in which the n-th
 * number is known without the n-1 before it: so a scan is resumed from one number, a probe is sent
 * again by its place, and workers deal places out among themselves.
 *
 * A Feistel network permutes the smallest power of two that is not below the count; what falls
 * beyond the count is permuted again until it does not (J. Black and P. Rogaway, "Ciphers with
 * arbitrary finite domains", CT-RSA 2002). It walks less than twice on average.
 *
 * Invariant: each round is undone by nwi_shuffle_place(), whatever the mixing; so it is a
 * bijection.
 */
#ifndef NWI_PROBE_SHUFFLE_H
#define NWI_PROBE_SHUFFLE_H

#include <stdint.h>

enum { NWI_SHUFFLE_ROUNDS = 6 };

/* Count of numbers at most. */
#define NWI_SHUFFLE_COUNT_MAX (UINT64_C(1) << 62)

struct nwi_shuffle {
	uint64_t count;
	uint64_t keys[NWI_SHUFFLE_ROUNDS];
	uint32_t low_bits, high_bits; /* halves of the word that is permuted */
};

/* count: 1 .. NWI_SHUFFLE_COUNT_MAX. */
void nwi_shuffle_init(struct nwi_shuffle *order, uint64_t count, uint64_t seed);
/* The number at a place, and the place of a number; both below count. */
uint64_t nwi_shuffle_at(const struct nwi_shuffle *order, uint64_t place);
uint64_t nwi_shuffle_place(const struct nwi_shuffle *order, uint64_t number);

#endif /* NWI_PROBE_SHUFFLE_H */
