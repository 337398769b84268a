/* SPDX-License-Identifier: MIT */
/*
 * The way in: a chunk of packets is judged, slots are claimed in the rings of all shards that it
 * concerns, one claim a ring, then filled in order and shown.
 *
 * Invariant: between the look at the map and the last show lies one RCU section, so a slot's
 * packets are in its owner's ring before a move of the slot goes on (move.c).
 *
 * With nw_relay_submit() nothing behind the first refusal is kept: where a claim came out short,
 * slots claimed for packets behind it are filled with voids, which shards skip.
 */
#include "shard.h"

#include <errno.h>

/* What a chunk comes to. */
struct outcome {
	uint32_t accepted, refused;
	uint32_t first_idx; /* of the first refusal */
	uint32_t first_shard;
	enum nw_relay_refusal first;
};

struct job {
	struct nw_relay_producer *producer;
	const struct nw_packet *packets;
	uint32_t count;
	uint8_t *reasons; /* NULL: not wanted */
	bool is_prefix;   /* stop at the first refusal */
	uint64_t now_ns;  /* 0: not read yet */
	struct outcome out;

	/* Of the packet at which a prefix stops by its own fault, if all before it fit. */
	enum nw_relay_refusal stop;
	uint32_t stop_shard;
};

static inline enum nw_relay_refusal refuse_by_level(uint32_t level, uint8_t priority)
{
	static const uint8_t lowest_taken[] = { 3, 3, 2, 1 };

	return priority > lowest_taken[level] ? NW_RELAY_PRIORITY : NW_RELAY_ACCEPTED;
}

/* Whether the payload of a packet that is elsewhere is where it says. */
static bool has_payload(const struct nw_relay *relay, const struct nw_packet *packet)
{
	struct nw_packet_ref ref = nw_packet_ref(packet);

	return (packet->flags & NW_PACKET_FORM_MASK) == NW_PACKET_ARENA &&
	       ref.region < relay->shard_count &&
	       nwi_store_has(relay->shards[ref.region]->store, &ref);
}

/* Whether one packet may go to its shard, and which that is. */
static inline enum nw_relay_refusal judge(const struct nw_relay_producer *producer,
					  const struct nw_packet *packet, uint32_t *ret_shard)
{
	struct nwi_board *board = producer->relay->board;
	/* [submit.map] acquire, pairs with [move.freeze], [move.open]: packets sent by this word
	 * are sent in this section, and after the new owner is ready. */
	uint32_t entry = atomic_load_explicit(&board->map[nw_topic_slot(packet->topic)],
					      memory_order_acquire);

	uint8_t priority = packet->priority > producer->priority_top ? packet->priority
								     : producer->priority_top;

	*ret_shard = entry & NWI_SLOT_SHARD;
	if (NW_UNLIKELY(nw_packet_check(packet) != NW_PACKET_GOOD))
		return NW_RELAY_BAD;
	if (NW_UNLIKELY((packet->flags & NW_PACKET_FORM_MASK) != NW_PACKET_INLINE &&
			!has_payload(producer->relay, packet)))
		return NW_RELAY_FORM;
	if (NW_UNLIKELY(packet->flags & NW_PACKET_SYSTEM &&
			!(producer->rights & NW_RELAY_MAY_SYSTEM)))
		return NW_RELAY_RIGHTS;
	if (NW_UNLIKELY(entry & NWI_SLOT_FROZEN))
		return NW_RELAY_MOVING;
	if (priority < 2)
		return NW_RELAY_ACCEPTED;
	/* relaxed: a hint. */
	return refuse_by_level(
		atomic_load_explicit(&board->faces[*ret_shard].level, memory_order_relaxed),
		priority);
}

static void refuse(struct job *job, uint32_t i, uint32_t shard, enum nw_relay_refusal reason)
{
	struct nwi_desk *desk = &job->producer->desks[shard];

	nwi_count(&desk->submitted, 1);
	nwi_count(&desk->refused[reason], 1);
	if (job->reasons)
		job->reasons[i] = (uint8_t)reason;
	if (job->out.refused++ > 0)
		return;
	job->out.first = reason;
	job->out.first_idx = i;
	job->out.first_shard = shard;
}

enum { NO_SHARD = UINT16_MAX };

/* Counts what each shard is to get; how many packets of the chunk there are to be looked at. */
static uint32_t plan(struct job *job)
{
	struct nw_relay_producer *producer = job->producer;

	producer->touched_count = 0;
	for (uint32_t i = 0; i < job->count; i++) {
		uint32_t shard;
		enum nw_relay_refusal reason = judge(producer, &job->packets[i], &shard);

		producer->shards[i] = (uint16_t)shard;
		if (NW_UNLIKELY(reason != NW_RELAY_ACCEPTED)) {
			job->stop = reason;
			job->stop_shard = shard;
			if (job->is_prefix)
				return i;
			refuse(job, i, shard, reason);
			producer->shards[i] = NO_SHARD;
			continue;
		}
		if (producer->desks[shard].wanted++ == 0)
			producer->touched[producer->touched_count++] = (uint16_t)shard;
	}
	return job->count;
}

/* Whether every claim is as long as it was wanted. */
static bool claim_all(struct nw_relay_producer *producer)
{
	bool is_whole = true;

	for (uint32_t t = 0; t < producer->touched_count; t++) {
		uint32_t shard = producer->touched[t];
		struct nwi_desk *desk = &producer->desks[shard];

		nw_mpsc_claim(producer->relay->shards[shard]->ring, desk->wanted, &desk->claim);
		is_whole &= desk->claim.count == desk->wanted;
		desk->filled = 0;
	}
	return is_whole;
}

/* How many packets from the first on find a slot: the claims are counted off in `filled`. */
static uint32_t fitting(struct job *job, uint32_t count)
{
	struct nw_relay_producer *producer = job->producer;
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct nwi_desk *desk = &producer->desks[producer->shards[i]];

		if (desk->filled == desk->claim.count)
			break;
		desk->filled++;
	}
	for (uint32_t t = 0; t < producer->touched_count; t++)
		producer->desks[producer->touched[t]].filled = 0;
	return i;
}

static inline struct nw_packet *slot_of(const struct nwi_desk *desk, uint32_t i)
{
	return (struct nw_packet *)(void *)desk->claim.items +
	       ((desk->claim.pos + i) & desk->claim.mask);
}

/* The packet as the shard is to see it. */
static inline void fill(struct job *job, struct nw_packet *slot, const struct nw_packet *packet)
{
	const struct nw_relay_producer *producer = job->producer;
	const struct nw_relay *relay = producer->relay;

	*slot = *packet;
	if (!(producer->rights & NW_RELAY_MAY_SPEAK_FOR))
		slot->sender = producer->sender;
	if (packet->ttl_us == 0)
		return;
	if (job->now_ns == 0)
		job->now_ns = nwi_relay_now_ns(relay);
	slot->ttl_us = nwi_deadline(job->now_ns, relay->board->epoch_ns, packet->ttl_us);
}

static void fill_all(struct job *job, uint32_t count)
{
	struct nw_relay_producer *producer = job->producer;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t shard = producer->shards[i];
		struct nwi_desk *desk = &producer->desks[shard];

		if (NW_UNLIKELY(shard == NO_SHARD))
			continue;
		if (NW_UNLIKELY(desk->filled == desk->claim.count)) {
			refuse(job, i, shard, NW_RELAY_FULL);
			continue;
		}
		fill(job, slot_of(desk, desk->filled++), &job->packets[i]);
	}
}

/* Shows one shard's part of the chunk, all slots of the claim filled with something. */
static void show(struct nw_relay_producer *producer, uint32_t shard, struct outcome *out)
{
	struct nwi_desk *desk = &producer->desks[shard];
	uint32_t void_count = desk->claim.count - desk->filled;

	for (uint32_t i = desk->filled; i < desk->claim.count; i++)
		slot_of(desk, i)->flags = 0;
	nwi_count(&desk->submitted, desk->filled);
	nwi_count(&desk->accepted, desk->filled);
	if (void_count > 0)
		nwi_count(&desk->voids, void_count);
	out->accepted += desk->filled;
	nw_mpsc_show(producer->relay->shards[shard]->ring, &desk->claim);
	desk->wanted = 0;
}

static void wake_touched(struct nw_relay_producer *producer)
{
	const struct nwi_board *board = producer->relay->board;

	nw_bell_fence(); /* either the shard sees what was shown, or we see that it sleeps */
	for (uint32_t t = 0; t < producer->touched_count; t++) {
		uint32_t shard = producer->touched[t];

		/* relaxed: a hint; the fences on both sides order it with the ring. */
		if (NW_UNLIKELY(atomic_load_explicit(&board->faces[shard].is_asleep,
						     memory_order_relaxed)))
			nwi_wake(producer->relay, shard);
	}
}

/* Where a prefix ends, of `count` packets that were found good. */
static uint32_t cut_prefix(struct job *job, uint32_t count, bool is_whole)
{
	uint32_t fits = is_whole ? count : fitting(job, count);

	if (fits < count)
		refuse(job, fits, job->producer->shards[fits], NW_RELAY_FULL);
	else if (count < job->count)
		refuse(job, count, job->stop_shard, job->stop);
	return fits;
}

/* Everything is refused. */
static void refuse_chunk(struct job *job)
{
	uint32_t count = job->is_prefix ? 1 : job->count;

	for (uint32_t i = 0; i < count; i++)
		refuse(job, i, nw_relay_shard_of(job->producer->relay, job->packets[i].topic),
		       NW_RELAY_CLOSED);
}

static void submit_chunk(struct job *job)
{
	struct nw_relay_producer *producer = job->producer;
	uint32_t count;
	bool is_whole;

	nw_rcu_read_lock(producer->reader);
	/* relaxed: the value alone; who closes waits for the sections that missed it. */
	if (NW_UNLIKELY(atomic_load_explicit(&producer->relay->board->is_closed,
					     memory_order_relaxed))) {
		refuse_chunk(job);
		nw_rcu_read_unlock(producer->reader);
		return;
	}
	count = plan(job);
	is_whole = claim_all(producer);
	if (job->is_prefix)
		count = cut_prefix(job, count, is_whole);
	fill_all(job, count);
	for (uint32_t t = 0; t < producer->touched_count; t++)
		show(producer, producer->touched[t], &job->out);
	nw_rcu_read_unlock(producer->reader);
	wake_touched(producer);
}

static uint64_t retry_after(const struct nw_relay *relay, uint32_t shard,
			    enum nw_relay_refusal reason)
{
	const struct nwi_face *face = &relay->board->faces[shard];
	/* relaxed: a hint. */
	uint32_t packet_ns = atomic_load_explicit(&face->packet_ns, memory_order_relaxed);
	uint64_t full_ns = (uint64_t)packet_ns * face->ring_slots / 8;

	switch (reason) {
	case NW_RELAY_FULL: /* until an eighth of the ring is free */
		return full_ns < 1000 ? 1000 : full_ns < 100000000 ? full_ns : 100000000;
	case NW_RELAY_PRIORITY:
		return (uint64_t)nwi_level_windows(nw_relay_level_of(relay, shard)) *
		       NWI_LEVEL_WINDOW_NS;
	case NW_RELAY_MOVING:
		return 50000;
	default:
		return 0;
	}
}

/* The chunk that began at packet `from` goes into the receipt. */
static void note(struct nw_relay_receipt *receipt, const struct job *job, size_t from)
{
	const struct nw_relay *relay = job->producer->relay;

	if (receipt->refused == 0 && job->out.refused > 0) {
		receipt->reason = job->out.first;
		receipt->refused_idx = from + job->out.first_idx;
		receipt->shard = job->out.first_shard;
		receipt->level = nw_relay_level_of(relay, receipt->shard);
		receipt->retry_after_ns = retry_after(relay, receipt->shard, receipt->reason);
	}
	receipt->accepted += job->out.accepted;
	receipt->refused += job->out.refused;
	for (uint32_t t = 0; t < job->producer->touched_count && receipt->refused == 0; t++) {
		enum nw_relay_level level = nw_relay_level_of(relay, job->producer->touched[t]);

		if (level > receipt->level)
			receipt->level = level;
	}
}

static size_t submit(struct nw_relay_producer *producer, const struct nw_packet *packets,
		     size_t count, uint8_t *reasons, bool is_prefix,
		     struct nw_relay_receipt *ret_receipt)
{
	struct nw_relay_receipt receipt = { 0 };
	struct job job = { .producer = producer, .is_prefix = is_prefix };

	for (size_t at = 0; at < count; at += job.count) {
		job.packets = packets + at;
		job.count = count - at < NWI_CHUNK ? (uint32_t)(count - at) : NWI_CHUNK;
		job.reasons = reasons ? reasons + at : NULL;
		job.out = (struct outcome){ 0 };
		producer->touched_count = 0;
		submit_chunk(&job);
		note(&receipt, &job, at);
		if (is_prefix && receipt.refused > 0)
			break;
	}
	if (ret_receipt)
		*ret_receipt = receipt;
	return receipt.accepted;
}

size_t nw_relay_submit(struct nw_relay_producer *producer, const struct nw_packet *packets,
		       size_t count, struct nw_relay_receipt *ret_receipt)
{
	return submit(producer, packets, count, NULL, true, ret_receipt);
}

size_t nw_relay_submit_each(struct nw_relay_producer *producer, const struct nw_packet *packets,
			    size_t count, uint8_t *ret_reasons,
			    struct nw_relay_receipt *ret_receipt)
{
	if (ret_reasons)
		memset(ret_reasons, NW_RELAY_ACCEPTED, count);
	return submit(producer, packets, count, ret_reasons, false, ret_receipt);
}
