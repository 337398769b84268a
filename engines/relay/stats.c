/* SPDX-License-Identifier: MIT */
/*
 * Counts, and whether everything accepted has ended.
 *
 * A record moves in one direction: ring or lane, hand-over lane, batch, and out. Each move is made
 * so that it is in the next place before it has left the last one: the lane of the next shard is
 * filled, or `taken` counted, before the slot is let go of, and `done` is counted last. So who
 * looks at the places in that order, once each, and finds all of them empty, has seen a moment at
 * which nothing accepted before the look began was queued.
 */
#include "shard.h"

/* ---- counts ---- */

static void add_desk(struct nw_relay_stats *stats, const struct nwi_desk *desk,
		     uint64_t *inout_voids)
{
	stats->submitted += nwi_counted(&desk->submitted);
	stats->accepted += nwi_counted(&desk->accepted);
	for (uint32_t r = 0; r < NW_RELAY_REFUSAL_COUNT; r++)
		stats->refused[r] += nwi_counted(&desk->refused[r]);
	*inout_voids += nwi_counted(&desk->voids);
}

static void add_desks(const struct nw_relay *relay, uint32_t shard_idx,
		      struct nw_relay_stats *stats, uint64_t *inout_voids)
{
	add_desk(stats, &relay->closed_desks[shard_idx], inout_voids);
	for (const struct nw_relay_producer *p = relay->producers; p; p = p->next)
		add_desk(stats, &p->desks[shard_idx], inout_voids);
}

static void add_tally(struct nw_relay_stats *stats, const struct nwi_tally *tally)
{
	stats->submitted += nwi_counted(&tally->submitted);
	stats->accepted += nwi_counted(&tally->accepted);
	for (uint32_t r = 0; r < NW_RELAY_REFUSAL_COUNT; r++)
		stats->refused[r] += nwi_counted(&tally->refused[r]);
	stats->delivered += nwi_counted(&tally->delivered);
	for (uint32_t d = 0; d < NW_RELAY_DROP_COUNT; d++)
		stats->dropped[d] += nwi_counted(&tally->dropped[d]);
	stats->misrouted += nwi_counted(&tally->misrouted);
	stats->copies += nwi_counted(&tally->copies);
	stats->copies_lost += nwi_counted(&tally->copies_lost);
	stats->batches += nwi_counted(&tally->batches);
	stats->govern_ns += nwi_counted(&tally->govern_ns);
	stats->govern_packets += nwi_counted(&tally->govern_packets);
	stats->steps += nwi_counted(&tally->steps);
	stats->sleeps += nwi_counted(&tally->sleeps);
	stats->slots_in += nwi_counted(&tally->slots_in);
	stats->slots_out += nwi_counted(&tally->slots_out);
	stats->messages += nwi_counted(&tally->messages);
	stats->level_changes += nwi_counted(&tally->level_changes);
}

/* Adds one shard. */
static void add_shard(const struct nw_relay *relay, uint32_t shard_idx,
		      struct nw_relay_stats *stats)
{
	const struct nwi_shard *shard = relay->shards[shard_idx];
	enum nw_relay_level level = nw_relay_level_of(relay, shard_idx);
	uint64_t done = nwi_counted(&shard->tally.done), voids = 0, in_batch;
	uint32_t in_ring;

	add_desks(relay, shard_idx, stats, &voids);
	voids -= nwi_counted(&shard->tally.voids);
	in_ring = nw_mpsc_count(shard->ring);
	in_batch = nwi_counted(&shard->tally.taken) - done;
	/* While packets move, voids may have been counted that are not in the ring yet. */
	stats->queued += in_batch + (in_ring > voids ? in_ring - voids : 0);
	add_tally(stats, &shard->tally);
	stats->ring_slots += shard->ring_slots;
	if (level > stats->level)
		stats->level = level;
}

void nw_relay_shard_stats(struct nw_relay *relay, uint32_t shard_idx,
			  struct nw_relay_stats *ret_stats)
{
	struct nw_relay_stats stats = { 0 };

	assert(shard_idx < relay->shard_count);
	pthread_mutex_lock(&relay->lock);
	add_shard(relay, shard_idx, &stats);
	pthread_mutex_unlock(&relay->lock);
	*ret_stats = stats;
}

void nw_relay_stats(struct nw_relay *relay, struct nw_relay_stats *ret_stats)
{
	struct nw_relay_stats stats = { 0 };

	pthread_mutex_lock(&relay->lock);
	for (uint32_t i = 0; i < relay->shard_count; i++)
		add_shard(relay, i, &stats);
	pthread_mutex_unlock(&relay->lock);
	*ret_stats = stats;
}

/* ---- the end ---- */

static uint64_t seen(const _Atomic uint64_t *counter)
{
	/* [quiet.count] acquire, pairs with [count.store]: what was done before it was counted. */
	return atomic_load_explicit(counter, memory_order_acquire);
}

static bool are_rings_empty(const struct nw_relay *relay)
{
	for (uint32_t i = 0; i < relay->shard_count; i++)
		if (nw_mpsc_count(relay->shards[i]->ring) > 0)
			return false;
	return true;
}

static bool is_stall_empty(const struct nw_relay_guest *guest, uint32_t shard_idx)
{
	const struct nwi_stall *stall = &guest->stalls[shard_idx];

	/* [quiet.shut] acquire, pairs with [stall.shut]: the shard has taken what it is to take. */
	if (atomic_load_explicit(&stall->is_shut, memory_order_acquire))
		return true;
	/* relaxed: the value alone. */
	if (atomic_load_explicit(&stall->is_broken, memory_order_relaxed))
		return true;
	return nw_lane_count(stall->reader.lane, guest->submit_slots) == 0;
}

static bool are_stalls_empty(const struct nw_relay *relay)
{
	for (const struct nw_relay_guest *guest = relay->guest_list; guest; guest = guest->next)
		for (uint32_t i = 0; i < relay->shard_count; i++)
			if (!is_stall_empty(guest, i))
				return false;
	return true;
}

static bool are_hand_overs_empty(const struct nw_relay *relay)
{
	uint32_t slots = relay->options.hand_over_slots;

	for (uint32_t i = 0; i < relay->shard_count; i++)
		for (uint32_t j = 0; j < relay->shard_count; j++)
			if (i != j &&
			    nw_lane_count(relay->shards[i]->inlets[j].records.lane, slots) > 0)
				return false;
	return true;
}

static bool are_batches_empty(const struct nw_relay *relay)
{
	for (uint32_t i = 0; i < relay->shard_count; i++) {
		const struct nwi_tally *tally = &relay->shards[i]->tally;
		uint64_t done = seen(&tally->done);

		if (seen(&tally->taken) != done)
			return false;
	}
	return true;
}

static bool is_quiet(struct nw_relay *relay)
{
	bool is_empty;

	pthread_mutex_lock(&relay->lock);
	is_empty = are_stalls_empty(relay);
	pthread_mutex_unlock(&relay->lock);
	return is_empty && are_rings_empty(relay) && are_hand_overs_empty(relay) &&
	       are_batches_empty(relay);
}

enum { LOOK_EVERY_NS = 50 * 1000 };

/* Looks until it is so, or until the time has passed since begin_ns. */
static bool wait_until_quiet(struct nw_relay *relay, uint64_t begin_ns, uint64_t timeout_ns)
{
	while (!is_quiet(relay)) {
		if (nwi_relay_now_ns(relay) - begin_ns >= timeout_ns)
			return false;
		(void)nw_bell_wait(relay->bell_fd, LOOK_EVERY_NS); /* nobody rings it */
	}
	return true;
}

bool nw_relay_quiesce(struct nw_relay *relay, uint64_t timeout_ns)
{
	return wait_until_quiet(relay, nwi_relay_now_ns(relay), timeout_ns);
}

void nw_relay_close(struct nw_relay *relay)
{
	/* relaxed: the value alone; the grace period of nw_relay_drain() orders. */
	atomic_store_explicit(&relay->board->is_closed, 1, memory_order_relaxed);
}

bool nw_relay_drain(struct nw_relay *relay, uint64_t timeout_ns)
{
	uint64_t begin_ns = nwi_relay_now_ns(relay);
	nw_rcu_cookie cookie;

	nw_relay_close(relay);
	/* Whoever had not seen it has submitted, and is below. */
	cookie = nw_rcu_start_poll(relay->rcu);
	while (!nw_rcu_poll(relay->rcu, cookie)) {
		if (nwi_relay_now_ns(relay) - begin_ns >= timeout_ns)
			return false;
		(void)nw_bell_wait(relay->bell_fd, LOOK_EVERY_NS); /* nobody rings it */
	}
	return wait_until_quiet(relay, begin_ns, timeout_ns);
}

/* ---- names ---- */

const char *nw_relay_level_name(enum nw_relay_level level)
{
	static const char *const names[] = { "green", "yellow", "orange", "red" };

	return (unsigned)level <= NW_RELAY_RED ? names[level] : "?";
}

const char *nw_relay_refusal_name(enum nw_relay_refusal refusal)
{
	static const char *const names[] = { "accepted", "full", "priority", "moving",
					     "closed",   "bad",  "rights",   "form" };

	return (unsigned)refusal < NW_RELAY_REFUSAL_COUNT ? names[refusal] : "?";
}

const char *nw_relay_drop_name(unsigned drop)
{
	if (drop < NW_VERDICT_COUNT)
		return nw_verdict_name((enum nw_verdict)drop);
	switch (drop) {
	case NW_RELAY_DROP_EXPIRED:
		return "expired";
	case NW_RELAY_DROP_PAYLOAD:
		return "payload";
	default:
		return "?";
	}
}
