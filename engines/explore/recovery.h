/* SPDX-License-Identifier: MIT */
/*
 * Inside of a recovery: recover.c looks whether it may be and does it part by part; refill.c puts
 * pools and shards of the process that wrote into those of this one.
 */
#ifndef NWI_EXPLORE_RECOVERY_H
#define NWI_EXPLORE_RECOVERY_H

#include "saved.h"

/* Fingerprints of one shard, on their way there. */
struct nwi_recovery_queue {
	uint32_t count;
	uint64_t fps[NWI_GROUP_MAX];
};

struct nwi_recovery {
	struct nw_model_file file; /* first: the model's way to the part */
	struct nw_arena *arena;    /* this, and the arrays */
	struct nw_explore *explore;
	struct nw_snapshot_view *view;
	struct nwi_saved_head head;
	const struct nwi_saved_pool *pools; /* [head.pool_count] */
	const uint64_t *levels;             /* [head.level_count] */
	uint64_t *bases;                    /* [head.pool_count] where it begins in its new pool */
	struct nwi_recovery_queue *queues;  /* [shard] */
	uint64_t *piece;                    /* NWI_SAVED_PIECE links */
	uint8_t *state;                     /* NW_STATE_BYTES_MAX */
	void *pack;                         /* the model's, where it has one */
	uint64_t chunk_count;               /* dealt out so far */
	uint64_t seen_count;                /* fingerprints or states put into shards */
};

static inline int nwi_recovery_get(struct nwi_recovery *r, void *bytes, size_t n_bytes)
{
	return nw_snapshot_get(r->view, bytes, n_bytes);
}

/* ---- refill.c ---- */
/* A state into r->state, as it is in this process. */
int nwi_refill_state(struct nwi_recovery *r, uint32_t *ret_bytes);
/* The place in this process of one in the process that wrote. False: there is none such. */
bool nwi_refill_link(const struct nwi_recovery *r, nwi_link *inout_link);
/* Room for all pools, one behind the other. */
int nwi_refill_places(struct nwi_recovery *r);
/* What the part at hand holds. */
int nwi_refill_pools(struct nwi_recovery *r);
int nwi_refill_shards(struct nwi_recovery *r);
/* What is still on its way to the shards. */
int nwi_refill_flush(struct nwi_recovery *r);

#endif /* NWI_EXPLORE_RECOVERY_H */
