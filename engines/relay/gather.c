/* SPDX-License-Identifier: MIT */
/*
 * A batch is gathered: first what other shards handed over, then the lanes of clients in turn, then
 * the ring. Each record is looked at alone: its topic's slot must be this shard's.
 *
 * Order of a topic's packets, for a client whose records may still lie in the lane of a shard that
 * has lost the slot: the client goes over to the new owner's lane only when it has seen its old
 * lane empty (client.c). The old owner hands a stray over before it lets go of the record in the
 * lane. And here: the lanes are looked at *before* the hand-over lanes are emptied, and only what
 * was seen then is taken; so a stray that came before a record seen in a lane is taken before it.
 * Where the hand-over lanes cannot be emptied, the lanes wait.
 *
 * A stray whose slot is frozen stays where it is, and what is behind it too, until the slot is
 * open.
 *
 * A shard close behind a client takes each cache line from it as soon as it is written, and both
 * pay for it: so a lane that had a few records at one look after the other is not looked at for a
 * while, in which more gather. One that was found empty in between is looked at by every step.
 */
#include "shard.h"

enum {
	LANES_A_STEP = 32,
	STREAM_LOOKS = 4,      /* of a lane in a row that found something: it streams */
	STREAM_FEW = 64,       /* fewer are not worth a look while it does */
	STREAM_NS_MIN = 1000,  /* for so long it is left alone then, twice as long each time, */
	STREAM_NS_MAX = 8000,  /* at most so long, */
	STREAM_STEPS_MAX = 64, /* and so many steps: a clock may stand still */
};

/* The batch so far, and what it was made of. */
struct gathering {
	struct nwi_shard *shard;
	uint32_t count, limit;
	uint32_t expired_count;

	/* Of the guests whose lanes were looked at, in turn. */
	struct nwi_guests *guests;
	uint32_t guest_first, guest_count;
};

enum taking {
	TAKEN,   /* it is in the batch, dropped, or handed over: let go of it */
	BLOCKED, /* it cannot leave its place now, and what is behind it neither */
};

/* A record that belongs here: into the batch, unless its time is up. */
static inline void accept(struct gathering *g, const struct nw_packet *record)
{
	struct nwi_shard *shard = g->shard;
	struct nw_packet *packet = &shard->batch[g->count];

	*packet = *record;
	if (record->ttl_us == 0) {
		g->count++;
		return;
	}
	packet->ttl_us = nwi_ttl_left(shard->now_ns, shard->relay->board->epoch_ns, record->ttl_us);
	if (packet->ttl_us > 0) {
		g->count++;
		return;
	}
	nwi_packet_done(shard, packet);
	nwi_blame(shard, packet->sender, NW_RELAY_DROP_EXPIRED);
	g->expired_count++;
}

/* A record of another shard's topic. */
static enum taking hand_over(struct nwi_shard *shard, const struct nw_packet *record)
{
	/* [gather.map] acquire, pairs with [move.freeze], [move.open]: what is sent by this word is
	 * sent in this section, and after the new owner is ready. */
	uint32_t entry = atomic_load_explicit(
		&shard->relay->board->map[nw_topic_slot(record->topic)], memory_order_acquire);
	uint32_t to = entry & NWI_SLOT_SHARD;

	if (entry & NWI_SLOT_FROZEN && NWI_HAS_FAULT(NWI_DROPS_STRAYS))
		return TAKEN;
	if (entry & NWI_SLOT_FROZEN || to == shard->shard_idx)
		return BLOCKED; /* on its way: perhaps to here */
	if (nw_lane_push(&shard->outlets[to].records, record, 1) == 0)
		return BLOCKED;
	nwi_count(&shard->tally.misrouted, 1);
	nwi_tell(shard, to, shard->relay->shards[to]->pending_records);
	return TAKEN;
}

static inline enum taking take(struct gathering *g, const struct nw_packet *record)
{
	if (NW_UNLIKELY(!nwi_owns(g->shard, nw_topic_slot(record->topic))))
		return hand_over(g->shard, record);
	accept(g, record);
	return TAKEN;
}

/* Before the records leave their place, see nw_relay_quiesce(). */
static void count_taken(struct gathering *g, uint32_t count_before)
{
	struct nwi_tally *tally = &g->shard->tally;

	nwi_count(&tally->taken, g->count - count_before + g->expired_count);
	if (g->expired_count == 0)
		return;
	nwi_count(&tally->dropped[NW_RELAY_DROP_EXPIRED], g->expired_count);
	nwi_count(&tally->done, g->expired_count);
	g->expired_count = 0;
}

/* ---- the ring ---- */

/* One run of slots; how many were let go of. */
static uint32_t take_run(struct gathering *g, const struct nw_packet *records, uint32_t count)
{
	uint32_t i, void_count = 0, count_before = g->count;

	for (i = 0; i < count; i++) {
		if (NW_UNLIKELY((records[i].flags & NW_PACKET_FORM_MASK) == 0)) {
			void_count++;
			continue;
		}
		if (NW_UNLIKELY(take(g, &records[i]) == BLOCKED))
			break;
	}
	count_taken(g, count_before);
	if (void_count > 0)
		nwi_count(&g->shard->tally.voids, void_count);
	return i;
}

static void gather_ring(struct gathering *g)
{
	struct nw_mpsc *ring = g->shard->ring;
	uint32_t wanted, n, taken;
	void *records;

	/* Twice: the ring may go over its end. */
	for (int run = 0; run < 2 && g->count < g->limit; run++) {
		wanted = g->limit - g->count;
		n = nw_mpsc_peek(ring, wanted, &records);
		if (n == 0)
			return;
		taken = take_run(g, records, n);
		nw_mpsc_drop(ring, taken);
		if (taken < n)
			return;
	}
}

/* ---- from other shards ---- */

static void note_pending(struct nwi_mask *left, _Atomic uint64_t *pending)
{
	for (uint32_t w = 0; w < NWI_MASK_WORDS; w++) {
		/* relaxed: a hint; the exchange orders. */
		if (atomic_load_explicit(&pending[w], memory_order_relaxed) == 0)
			continue;
		/* [gather.pending] acquire, pairs with [tell.pending]: see what was sent. */
		left->words[w] |= atomic_exchange_explicit(&pending[w], 0, memory_order_acquire);
	}
}

/* Whether the lane is empty now. */
static bool take_handed_over(struct gathering *g, struct nwi_inlet *inlet)
{
	struct nwi_tally *tally = &g->shard->tally;
	uint32_t seen = nw_lane_look(&inlet->records), room = g->limit - g->count;
	uint32_t n = seen < room ? seen : room, count_before = g->count, i;

	for (i = 0; i < n; i++)
		if (take(g, nw_lane_at(&inlet->records, i)) == BLOCKED)
			break;
	nwi_count(&tally->submitted, i);
	nwi_count(&tally->accepted, i);
	count_taken(g, count_before);
	nw_lane_drop(&inlet->records, i);
	return i == seen;
}

/* Whether all hand-over lanes are empty now. */
static bool gather_handed_over(struct gathering *g)
{
	struct nwi_shard *shard = g->shard;
	bool is_empty = true;

	note_pending(&shard->records_left, shard->pending_records);
	for (uint32_t w = 0; w < NWI_MASK_WORDS; w++)
		for (uint64_t left = shard->records_left.words[w]; left != 0; left &= left - 1) {
			uint32_t bit = (uint32_t)__builtin_ctzll(left);

			if (take_handed_over(g, &shard->inlets[w * 64 + bit]))
				shard->records_left.words[w] &= ~(UINT64_C(1) << bit);
			else
				is_empty = false;
		}
	return is_empty;
}

/* ---- from guests: other processes ---- */

static struct nw_relay_guest *guest_at(const struct gathering *g, uint32_t i)
{
	return g->guests->guests[(g->guest_first + i) % g->guests->count];
}

/* Whether a lane that streams is left alone by this step. */
static bool is_resting(const struct nwi_shard *shard, const struct nwi_stall *stall)
{
	return shard->step_count < stall->rests_until_step && shard->now_ns < stall->rests_until_ns;
}

/* After what was seen in a lane is taken. */
static void rest_lane(const struct nwi_shard *shard, struct nwi_stall *stall, uint32_t taken)
{
	if (nw_lane_seen(&stall->reader) > 0 || taken >= STREAM_FEW)
		return;
	if (stall->looks_in_a_row < STREAM_LOOKS)
		return;
	stall->rest_ns = stall->rest_ns == 0 ? STREAM_NS_MIN : stall->rest_ns * 2;
	if (stall->rest_ns > STREAM_NS_MAX)
		stall->rest_ns = STREAM_NS_MAX;
	stall->rests_until_ns = shard->now_ns + stall->rest_ns;
	stall->rests_until_step = shard->step_count + STREAM_STEPS_MAX;
}

static void see_lanes(const struct gathering *g)
{
	for (uint32_t i = 0; i < g->guest_count; i++) {
		struct nwi_stall *stall = &guest_at(g, i)->stalls[g->shard->shard_idx];

		if (is_resting(g->shard, stall))
			g->shard->has_resting = true;
		else if (nw_lane_look(&stall->reader) == 0)
			stall->looks_in_a_row = stall->rest_ns = 0;
		else
			stall->looks_in_a_row++;
	}
}

/* Before the hand-over lanes are emptied. */
static void look_at_lanes(struct gathering *g)
{
	struct nwi_shard *shard = g->shard;

	shard->has_resting = false;
	g->guests = nw_rcu_dereference(&shard->relay->guests);
	if (!g->guests || g->guests->count == 0)
		return;
	g->guest_first = shard->guest_turn % g->guests->count;
	g->guest_count = g->guests->count < LANES_A_STEP ? g->guests->count : LANES_A_STEP;
	shard->guest_turn = g->guest_first + g->guest_count;
	see_lanes(g);
}

static bool must_shut(const struct nw_relay_guest *guest)
{
	/* relaxed: the value alone. */
	return atomic_load_explicit(&guest->is_leaving, memory_order_relaxed) ||
	       /* relaxed: the value alone. */
	       atomic_load_explicit(&guest->relay->board->is_closed, memory_order_relaxed);
}

/* From when on nothing more is taken; and whether all before is. */
static void shut(const struct nw_relay_guest *guest, struct nwi_stall *stall)
{
	if (!stall->is_shutting) {
		if (!must_shut(guest))
			return;
		stall->shut_at = stall->reader.tail + nw_lane_look(&stall->reader);
		if (NWI_HAS_FAULT(NWI_SHUTS_EARLY))
			stall->shut_at = stall->reader.tail;
		stall->is_shutting = true;
	}
	if (stall->reader.tail >= stall->shut_at || stall->reader.is_broken)
		/* [stall.shut] release, pairs with [reap.shut], [quiet.shut]: this shard is done
		 * with the lane. */
		atomic_store_explicit(&stall->is_shut, 1, memory_order_release);
}

/* Whether a record's payload is where the payload of its slot is, and can be kept here. */
static bool has_payload(const struct nwi_shard *shard, const struct nw_relay_guest *guest,
			const struct nwi_stall *stall, uint32_t i, const struct nw_packet *record)
{
	uint64_t slot = (stall->reader.tail + i) & stall->reader.mask;
	struct nw_packet_ref ref = nw_packet_ref(record);

	return (record->flags & NW_PACKET_FORM_MASK) == NW_PACKET_SHM &&
	       ref.bytes <= guest->payload_bytes && ref.offset == slot * guest->payload_bytes &&
	       nwi_store_fits(shard->store, ref.bytes);
}

/* Into the batch, or over to its shard, with its payload in this shard's store. */
static enum taking take_whole(struct gathering *g, const struct nwi_stall *stall,
			      struct nw_packet *record)
{
	struct nw_packet_ref ref;

	if ((record->flags & NW_PACKET_FORM_MASK) == NW_PACKET_INLINE)
		return take(g, record);
	ref = nw_packet_ref(record);
	if (nwi_store_put(g->shard->store, g->shard->shard_idx, record,
			  stall->payloads + ref.offset, ref.bytes) < 0)
		return BLOCKED; /* until payloads of others are given back */
	if (take(g, record) == TAKEN)
		return TAKEN;
	nwi_packet_done(g->shard, record);
	return BLOCKED;
}

/* What is wrong with a copy of a record that may have been any bytes. */
static enum nw_relay_refusal judge(const struct gathering *g, const struct nw_relay_guest *guest,
				   const struct nwi_stall *stall, uint32_t i,
				   const struct nw_packet *record)
{
	static const uint8_t lowest_taken[] = { 3, 3, 2, 1 };
	uint8_t top = guest->options.priority_top;

	if (stall->is_shutting && stall->reader.tail + i >= stall->shut_at)
		return NW_RELAY_CLOSED;
	if (nw_packet_check(record) != NW_PACKET_GOOD)
		return NW_RELAY_BAD;
	if ((record->flags & NW_PACKET_FORM_MASK) != NW_PACKET_INLINE &&
	    !has_payload(g->shard, guest, stall, i, record))
		return NW_RELAY_FORM;
	if (record->flags & NW_PACKET_SYSTEM && !(guest->options.rights & NW_RELAY_MAY_SYSTEM))
		return NW_RELAY_RIGHTS;
	if ((record->priority > top ? record->priority : top) > lowest_taken[g->shard->level.level])
		return NW_RELAY_PRIORITY;
	return NW_RELAY_ACCEPTED;
}

/* Counts for the relay, and notes for the guest: from what is counted here, never from what stands
 * in shared memory. */
static void note(struct nwi_stall *stall)
{
	/* relaxed: statistic. */
	atomic_store_explicit(&stall->notes->accepted, nwi_counted(&stall->accepted),
			      memory_order_relaxed);
	for (uint32_t r = 1; r < NW_RELAY_REFUSAL_COUNT; r++)
		/* relaxed: statistic. */
		atomic_store_explicit(&stall->notes->refused[r], nwi_counted(&stall->refused[r]),
				      memory_order_relaxed);
}

/* What was dropped of its sender's since it came, if that is news. */
static void note_drops(const struct nwi_shard *shard, const struct nw_relay_guest *guest,
		       struct nwi_stall *stall)
{
	uint64_t dropped[NW_RELAY_DROP_COUNT] = { 0 };

	if (stall->blame_seen == shard->blame_count)
		return;
	stall->blame_seen = shard->blame_count;
	nwi_blame_add(shard, guest->options.sender, dropped);
	for (uint32_t d = 0; d < NW_RELAY_DROP_COUNT; d++)
		/* relaxed: statistic. */
		atomic_store_explicit(&stall->notes->dropped[d],
				      dropped[d] - stall->dropped_before[d], memory_order_relaxed);
}

/* One record of a lane. */
static enum taking take_one(struct gathering *g, const struct nw_relay_guest *guest,
			    struct nwi_stall *stall, uint32_t i)
{
	struct nwi_tally *tally = &g->shard->tally;
	struct nw_packet record = *(const struct nw_packet *)nw_lane_at(&stall->reader, i);
	enum nw_relay_refusal reason = judge(g, guest, stall, i, &record);
	bool is_own = nwi_owns(g->shard, nw_topic_slot(record.topic));

	record.sender = guest->options.sender;
	if (reason == NW_RELAY_ACCEPTED && take_whole(g, stall, &record) == BLOCKED)
		return BLOCKED;
	nwi_count(&stall->submitted, 1);
	if (reason == NW_RELAY_ACCEPTED)
		nwi_count(&stall->accepted, 1);
	else
		nwi_count(&stall->refused[reason], 1);
	/* One that was handed over is submitted where it is going. */
	if (reason == NW_RELAY_ACCEPTED && !is_own)
		return TAKEN;
	nwi_count(&tally->submitted, 1);
	nwi_count(reason == NW_RELAY_ACCEPTED ? &tally->accepted : &tally->refused[reason], 1);
	return TAKEN;
}

static void take_lane(struct gathering *g, struct nw_relay_guest *guest)
{
	struct nwi_stall *stall = &guest->stalls[g->shard->shard_idx];
	uint32_t seen = nw_lane_seen(&stall->reader), count_before = g->count, i;

	shut(guest, stall);
	for (i = 0; i < seen && g->count < g->limit; i++)
		if (take_one(g, guest, stall, i) == BLOCKED)
			break;
	if (i == 0)
		return;
	count_taken(g, count_before);
	note(stall);
	nw_lane_drop(&stall->reader, i);
	rest_lane(g->shard, stall, i);
	shut(guest, stall);
	if (nw_lane_writer_sleeps(&stall->reader))
		nw_bell_ring_away(guest->room_fd);
}

static void take_lanes(struct gathering *g)
{
	for (uint32_t i = 0; i < g->guest_count; i++) {
		struct nw_relay_guest *guest = guest_at(g, i);
		struct nwi_stall *stall = &guest->stalls[g->shard->shard_idx];

		note_drops(g->shard, guest, stall);
		take_lane(g, guest);
		if (NW_UNLIKELY(stall->reader.is_broken))
			/* relaxed: statistic. */
			atomic_store_explicit(&stall->is_broken, 1, memory_order_relaxed);
	}
}

bool nwi_lanes_have_work(struct nwi_shard *shard)
{
	const struct nwi_guests *guests = nw_rcu_dereference(&shard->relay->guests);

	for (uint32_t i = 0; guests && i < guests->count; i++) {
		struct nw_relay_guest *guest = guests->guests[i];
		struct nwi_stall *stall = &guest->stalls[shard->shard_idx];

		if (nw_lane_look(&stall->reader) > 0)
			return true;
		/* relaxed: sole writer. */
		if (must_shut(guest) &&
		    !atomic_load_explicit(&stall->is_shut, memory_order_relaxed))
			return true;
	}
	return false;
}

uint32_t nwi_gather(struct nwi_shard *shard)
{
	struct gathering g = { .shard = shard };
	bool is_clear;

	look_at_lanes(&g);
	NWI_BETWEEN(shard);
	g.limit = shard->batch_max > 1 ? shard->batch_max / 2 : 1;
	is_clear = gather_handed_over(&g);
	NWI_BETWEEN(shard);
	/* Of what is left, half is for the lanes while the ring has something too. */
	g.limit = shard->batch_max;
	if (g.guest_count > 0 && nw_mpsc_count(shard->ring) > 0)
		g.limit = g.count + (shard->batch_max - g.count + 1) / 2;
	if (NWI_HAS_FAULT(NWI_LOOKS_LATE))
		see_lanes(&g);
	if (is_clear)
		take_lanes(&g);
	NWI_BETWEEN(shard);
	g.limit = shard->batch_max;
	gather_ring(&g);
	NWI_BETWEEN(shard);
	return g.count;
}
