/* SPDX-License-Identifier: MIT */
/*
 * Hashes of states under a permutation of model values, without making the permuted state: sets and
 * functions are hashed so that the order of their elements does not matter.
 */
#ifndef TLA_IDENTITY_H
#define TLA_IDENTITY_H

#include "search.h"

struct tla_identity;

/* NULL: no memory. */
struct tla_identity *tla_identity_create(const struct tla_search *search);
void tla_identity_destroy(struct tla_identity *identity);

/* The least over all permutations of the hash of these stored values. */
uint64_t tla_identity_of(struct tla_identity *identity, const tla_value *values, uint32_t count);

#endif /* TLA_IDENTITY_H */
