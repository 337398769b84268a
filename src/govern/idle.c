/* SPDX-License-Identifier: MIT */
/*
 * What shares do not use: at ticks it goes back, in sweeps whoever has nothing is forgotten.
 *
 * What was not touched for two ticks goes back but for a slice, and after a second all of it.
 * Invariant: a share is forgotten only when it has no credit, no packet in flight and nothing to
 * tell.
 */
#include "govern/govern.h"

enum { SWEEP_MIN = 64, SWEEP_SHARE = 64 };

static void drop_held(struct nw_govern *govern, uint32_t i)
{
	govern->rests[govern->held.slots[i]].held_at = NWI_NONE;
	if (i + 1 < govern->held.count) {
		uint32_t moved = nwi_list_remove(&govern->held, i);

		govern->rests[moved].held_at = i;
		return;
	}
	govern->held.count--;
}

/* Flights that were never needed since the tick before the last. */
static void rest_flights(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_share_rest *rest = &govern->rests[slot];
	uint32_t fewest = share->flights_min < rest->flight.seen ? share->flights_min
								 : (uint32_t)rest->flight.seen;
	uint32_t keep = rest->in_flight_max / (4 * govern->shard_count);

	if (fewest > keep)
		nwi_share_return_flights(govern, slot, keep, fewest - keep);
	rest->flight.seen = share->flights_min;
	share->flights_min = share->flights;
}

static void rest_one(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_share_rest *rest = &govern->rests[slot];
	uint64_t keep = rest->limit.burst / (4 * (uint64_t)govern->shard_count);

	if (share->version != govern->version)
		nwi_share_resolve(govern, slot);
	rest_flights(govern, slot);
	if (share->tokens != rest->rate.seen || share->flights_min != share->flights) {
		rest->rate.seen = share->tokens;
		rest->idle_ticks = 0;
		rest->used_ns = govern->now_ns;
	} else if (rest->idle_ticks < NWI_IDLE_TICKS) {
		rest->idle_ticks++;
	}
	if (rest->idle_ticks >= NWI_IDLE_TICKS) {
		nwi_share_return_tokens(govern, slot, keep);
		rest->rate.want = rest->slice;
		rest->flight.want = rest->flight_slice;
	}
	if (govern->now_ns - rest->used_ns >= NWI_REST_NS) {
		nwi_share_return_tokens(govern, slot, 0);
		nwi_share_return_flights(govern, slot, 0, UINT32_MAX);
	}
	if (rest->rate.returning > 0 || rest->flight.returning > 0 ||
	    (rest->idle_ticks >= NWI_IDLE_TICKS && nwi_share_has_news(govern, slot)))
		nwi_share_tell(govern, slot);
}

void nwi_shares_tick(struct nw_govern *govern)
{
	for (uint32_t i = govern->held.count; i-- > 0;) {
		uint32_t slot = govern->held.slots[i];

		rest_one(govern, slot);
		if (govern->rests[slot].rate.base == 0 && govern->rests[slot].flight.base == 0)
			drop_held(govern, i);
	}
}

/* Nothing is known of it that the next packet would not find out. */
static bool is_blank(const struct nw_govern *govern, uint32_t slot)
{
	const struct nwi_share_rest *rest = &govern->rests[slot];
	bool is_listed = rest->held_at != NWI_NONE || rest->dirty_at != NWI_NONE ||
			 rest->waiters_at != NWI_NONE || rest->stirred_at != NWI_NONE;
	bool asks = rest->rate.ask != NWI_ASK_NOT || rest->flight.ask != NWI_ASK_NOT;

	return !is_listed && rest->rate.base == 0 && rest->flight.base == 0 &&
	       !nwi_share_has_news(govern, slot) &&
	       (!asks || govern->now_ns - rest->used_ns >= NWI_REST_NS);
}

static void sweep_one(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share *share = &govern->shares[slot];
	const struct nwi_pool *pool = &govern->share_pool;

	if (!share->is_live)
		return;
	if (share->version != govern->version)
		nwi_share_resolve(govern, slot);
	if (share->verdict == NW_VERDICT_ALLOW && pool->index.count <= pool->slot_count / 4 * 3)
		return;
	if (!is_blank(govern, slot))
		return;
	share->is_live = false;
	nwi_pool_remove(&govern->share_pool, share->sender, slot);
	govern->stats.forgotten_count++;
}

void nwi_shares_sweep(struct nw_govern *govern)
{
	uint32_t used = govern->share_pool.fresh, n = used / SWEEP_SHARE + SWEEP_MIN;

	for (n = n < used ? n : used; n > 0; n--) {
		if (govern->share_sweep >= used)
			govern->share_sweep = 0;
		sweep_one(govern, govern->share_sweep++);
	}
}

void nwi_shares_lose(struct nw_govern *govern, uint32_t shard_idx)
{
	for (uint32_t slot = 0; slot <= govern->all_slot; slot++) {
		struct nwi_share_rest *rest = &govern->rests[slot];

		if (!govern->shares[slot].is_live || rest->home != shard_idx)
			continue;
		if (rest->rate.ask == NWI_ASK_SENT)
			rest->rate.ask = NWI_ASK_DRY;
		if (rest->flight.ask == NWI_ASK_SENT)
			rest->flight.ask = NWI_ASK_DRY;
	}
}
