/* SPDX-License-Identifier: MIT */
/*
 * What a checkpoint of a search holds: a snapshot (<nw/snapshot.h>) whose part 0 is the model's own
 * and the violations, and whose other parts are of one worker each.
 *
 *   about    head | each pool | each level | what has to be the same at recovery, as lines
 *   part 0   what the model saves | violations
 *   part w   pools, each: number | links | chunks | states of the chunks
 *            shards, each: count | fingerprints, or whole states
 *
 * Of the chunks there are those of this level that nobody had taken, and all of the next one; where
 * states are kept, those of the levels before, and those of this one that were taken, are PAST.
 * Places are those of the process that wrote: pool and number. The one that reads has other pools,
 * and puts each of the old ones behind another in one of its own.
 */
#ifndef NWI_EXPLORE_SAVED_H
#define NWI_EXPLORE_SAVED_H

#include "explore.h"

enum { NWI_SAVED_VERSION = 2, NWI_SAVED_PIECE = 1 << 16 /* links or bytes at a time */ };

struct nwi_saved_head {
	uint32_t version, pool_count;
	uint64_t level_count, about_bytes, violation_count;
	uint64_t generated, distinct, checks, local_checks, expanded, shared, batches_sent;
	double seconds;
};

struct nwi_saved_pool {
	uint64_t state_count, counted;
};

/* Which level a chunk is of. */
enum nwi_saved_level { NWI_SAVED_NOW, NWI_SAVED_NEXT, NWI_SAVED_PAST };

struct nwi_saved_chunk {
	uint64_t first_idx;
	uint32_t pool_idx, count;
	uint32_t level, unused;
};

struct nwi_saved_violation {
	nwi_link place;
	uint32_t depth, name_bytes, n_bytes, is_step;
};

#endif /* NWI_EXPLORE_SAVED_H */
