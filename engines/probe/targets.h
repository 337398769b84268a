/* SPDX-License-Identifier: MIT */
/*
 * What is to be scanned, as ranges: memory grows with what was written, not with what it means.
 *
 * Ranges are added and excluded in any order; closing sorts them, takes out repeats and what is
 * excluded, and numbers the rest from 0. Exclusion wins, whichever came first.
 *
 * Invariant, once closed: ranges ascend, do not touch, and `before` is how many addresses lie in
 * those to the left.
 *
 * Threads: one until it is closed, then any to read.
 */
#ifndef NWI_PROBE_TARGETS_H
#define NWI_PROBE_TARGETS_H

#include "probe/address.h"

#include <nw/arena.h>

struct nwi_target_range {
	struct nwi_range range;
	uint64_t before;
};

/* Ranges in one piece, in an arena of their own. */
struct nwi_target_list {
	struct nw_arena *arena;
	struct nwi_target_range *at;
	uint64_t count;
};

struct nwi_targets {
	struct nwi_target_list added, excluded, kept;
	uint64_t count;          /* addresses, once closed */
	uint64_t excluded_count; /* of those added: addresses that were taken out */
};

/* Addresses of a scan at most. */
#define NWI_TARGETS_MAX (UINT64_C(1) << 46)

/* 0 or -ENOMEM. */
int nwi_targets_init(struct nwi_targets *targets);
void nwi_targets_fini(struct nwi_targets *targets);
/* 0 or -ENOMEM. */
int nwi_targets_add(struct nwi_targets *targets, const struct nwi_range *range);
int nwi_targets_exclude(struct nwi_targets *targets, const struct nwi_range *range);
/* 0; -ENOMEM; -E2BIG: more than NWI_TARGETS_MAX addresses are left. */
int nwi_targets_close(struct nwi_targets *targets);
/* A hash of what is kept, the same however it was written. */
uint64_t nwi_targets_digest(const struct nwi_targets *targets);
/* The address of a number below count. */
struct nwi_address nwi_targets_at(const struct nwi_targets *targets, uint64_t number);
/* Its number; false: it is no target. */
bool nwi_targets_find(const struct nwi_targets *targets, struct nwi_address address,
		      uint64_t *ret_number);

#endif /* NWI_PROBE_TARGETS_H */
