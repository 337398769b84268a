/* SPDX-License-Identifier: MIT */
/*
 * What tests need of the bounded queue beyond its public face: to begin anywhere in the life of
 * the positions, so that their wrap-around is met. The invariant is told in mpmc.c.
 */
#ifndef NWI_LF_MPMC_H
#define NWI_LF_MPMC_H

#include <nw/mpmc.h>

/* nw_mpmc_init() with a first position: any multiple of slot_count. */
int nwi_mpmc_init_at(struct nw_mpmc **ret_mpmc, void *memory, size_t n_bytes, uint32_t slot_count,
		     uint32_t producer_count, uint64_t first_pos);

#endif /* NWI_LF_MPMC_H */
