/* SPDX-License-Identifier: MIT */
/*
 * What a worker has seen lately: a small direct-mapped table of fingerprints in its own cache, that
 * tells most candidates of a close-knit state space seen before they travel anywhere.
 *
 * A fingerprint is put in when its first candidate passes, on its way to be checked, so whoever
 * comes second is one that has been or is about to be checked: dropping it loses nothing. A hit
 * is a check, and a local one.
 *
 * In a space whose duplicates lie far apart the table only costs. So it is on trial: every
 * WINDOW candidates it must have stopped one in ONE_IN, or it is left out for a while.
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

int nwi_recent_create(struct nwi_worker *worker)
{
	struct nwi_recent *recent = &worker->recent;

	/* Whole states are compared where fingerprints do not decide. */
	if (worker->explore->options.exact)
		return 0;
	recent->fps = nw_arena_alloc(worker->arena, RECENT_COUNT * sizeof(uint64_t), NW_CACHE_PAIR);
	recent->picks = nw_arena_alloc(worker->arena, NWI_GROUP_MAX * sizeof(uint32_t), 8);
	recent->pick_fps = nw_arena_alloc(worker->arena, NWI_GROUP_MAX * sizeof(uint64_t), 8);
	return recent->pick_fps ? 0 : -ENOMEM;
}

static uint32_t pass_unseen(struct nwi_recent *recent, const struct nwi_lot *group)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		uint64_t fp = group->fps[i], *place = &recent->fps[fp >> 20 & (RECENT_COUNT - 1)];

		recent->picks[n] = i;
		recent->pick_fps[n] = fp;
		n += *place != fp;
		*place = fp;
	}
	return n;
}

static void judge(struct nwi_recent *recent)
{
	if (recent->asked_count < WINDOW)
		return;
	if (recent->hit_count * ONE_IN < recent->asked_count)
		recent->holiday_count = HOLIDAY;
	recent->asked_count = 0;
	recent->hit_count = 0;
}

void nwi_recent_pick(struct nwi_worker *worker, struct nwi_picks *ret_picks)
{
	struct nwi_recent *recent = &worker->recent;
	const struct nwi_lot *group = &worker->group;
	uint32_t hits;

	*ret_picks = (struct nwi_picks){ .count = group->count, .fps = group->fps };
	if (!recent->fps)
		return;
	if (recent->holiday_count > 0) {
		recent->holiday_count -= group->count < recent->holiday_count
						 ? group->count
						 : recent->holiday_count;
		return;
	}
	ret_picks->count = pass_unseen(recent, group);
	ret_picks->fps = recent->pick_fps;
	ret_picks->idxs = recent->picks;
	hits = group->count - ret_picks->count;
	nwi_count(&worker->tally.checks, hits);
	nwi_count(&worker->tally.local_checks, hits);
	recent->asked_count += group->count;
	recent->hit_count += hits;
	judge(recent);
}
