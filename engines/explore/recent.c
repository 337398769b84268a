/* SPDX-License-Identifier: MIT */
/*
 * What a worker has seen lately: a small direct-mapped table of fingerprints in its own cache,
 * that tells most candidates of a close-knit state space seen before they travel anywhere or
 * touch the shard.
 *
 * A fingerprint is put in when its first candidate passes, on its way to be checked, so whoever
 * comes second is one that has been or is about to be checked: dropping it loses nothing. A hit
 * is a check, and a local one unless the worker's node has no memory to keep the table in.
 *
 * The table is asked at two gates: by the candidates a worker makes, and by those it is sent. In a
 * space whose duplicates lie far apart it only costs, so each gate is on trial: every WINDOW
 * candidates it must have stopped one in ONE_IN, or it stands open for a while.
 *
 * Invariant: the table holds only fingerprints of candidates this worker has passed on.
 */
#include "explore.h"

#include <errno.h>

enum {
	RECENT_COUNT = 1 << 14, /* 128 KiB: a part of the second-level cache */
	WINDOW = 1 << 15,       /* candidates of a trial */
	ONE_IN = 8,             /* of them must be stopped */
	HOLIDAY = 1 << 20,      /* candidates until the next trial */
};

static int create_gate(struct nwi_gate *gate, struct nw_arena *arena)
{
	gate->idxs = nw_arena_alloc(arena, NWI_GROUP_MAX * sizeof(uint32_t), 8);
	gate->fps = nw_arena_alloc(arena, NWI_GROUP_MAX * sizeof(uint64_t), 8);
	return gate->fps ? 0 : -ENOMEM;
}

int nwi_recent_create(struct nwi_worker *worker)
{
	int rc;

	/* Whole states are compared where fingerprints do not decide. */
	if (worker->explore->options.exact)
		return 0;
	worker->recent = nw_arena_alloc(worker->arena, RECENT_COUNT * sizeof(uint64_t),
					NW_CACHE_PAIR);
	if (!worker->recent)
		return -ENOMEM;
	worker->recent[0] = UINT64_MAX; /* the one place where 0 would be a fingerprint */
	rc = create_gate(&worker->made, worker->arena);
	return rc < 0 ? rc : create_gate(&worker->sent, worker->arena);
}

static uint32_t pass_unseen(uint64_t *recent, struct nwi_gate *gate, const struct nwi_lot *lot)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < lot->count; i++) {
		uint64_t fp = lot->fps[i], *place = &recent[fp >> 20 & (RECENT_COUNT - 1)];

		gate->idxs[n] = i;
		gate->fps[n] = fp;
		n += *place != fp;
		*place = fp;
	}
	return n;
}

static void judge(struct nwi_gate *gate)
{
	if (gate->asked_count < WINDOW)
		return;
	if (gate->hit_count * ONE_IN < gate->asked_count)
		gate->holiday_count = HOLIDAY;
	gate->asked_count = 0;
	gate->hit_count = 0;
}

void nwi_recent_pick(struct nwi_worker *worker, struct nwi_gate *gate, const struct nwi_lot *lot,
		     struct nwi_picks *ret_picks)
{
	uint32_t hits;

	*ret_picks = (struct nwi_picks){ .count = lot->count, .fps = lot->fps };
	if (!worker->recent)
		return;
	if (gate->holiday_count > 0) {
		gate->holiday_count -= lot->count < gate->holiday_count ? lot->count
									: gate->holiday_count;
		return;
	}
	ret_picks->count = pass_unseen(worker->recent, gate, lot);
	ret_picks->fps = gate->fps;
	ret_picks->idxs = gate->idxs;
	hits = lot->count - ret_picks->count;
	nwi_count(&worker->tally.checks, hits);
	if (worker->has_local_memory)
		nwi_count(&worker->tally.local_checks, hits);
	gate->asked_count += lot->count;
	gate->hit_count += hits;
	judge(gate);
}
