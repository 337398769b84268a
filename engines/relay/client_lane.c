/* SPDX-License-Identifier: MIT */
/*
 * What a client does with packets: into the lanes of shards, and out of those from shards.
 *
 * A slot may move to another shard at any time. The client goes over to the new shard's lane only
 * when all that it had put into the old one, up to the moment at which it noticed, is read: then
 * the old shard has dealt with it, or handed it over before it let go (gather.c), so a topic's
 * packets keep their order. Until then they are refused, as while the slot is frozen
 * (NW_RELAY_MOVING).
 *
 * Invariant: packets of a slot are in one lane only, of those that have not been read.
 */
#include "client.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* ---- the map ---- */

void nwi_client_first_map(struct nw_relay_client *client)
{
	const struct nwi_board *board = client->board;

	/* The words of the map are read after it, so what changes later changes it again. */
	client->map_version = atomic_load(&board->map_version);
	for (uint32_t slot = 0; slot < NW_TOPIC_SLOT_COUNT; slot++) {
		uint16_t entry = atomic_load(&board->map[slot]);

		client->ways[slot].entry = entry;
		client->ways[slot].shard = entry & NWI_SLOT_SHARD;
	}
}

/* Notes what has changed. Seldom. */
static void look_at_map(struct nw_relay_client *client, uint64_t version)
{
	client->map_version = version;
	for (uint32_t slot = 0; slot < NW_TOPIC_SLOT_COUNT; slot++) {
		struct nwi_way *way = &client->ways[slot];
		uint16_t entry = atomic_load(&client->board->map[slot]);

		if (entry == way->entry)
			continue;
		way->entry = entry;
		way->position = nw_lane_position(&client->piers[way->shard].writer);
	}
}

/* Whether packets of a slot may go, to way->shard. */
static bool is_open(struct nw_relay_client *client, struct nwi_way *way)
{
	if (way->entry == way->shard)
		return true;
	if (way->entry & NWI_SLOT_FROZEN || way->entry >= client->shard_count)
		return false;
	if (!nw_lane_is_read(&client->piers[way->shard].writer, way->position) &&
	    !NWI_HAS_FAULT(NWI_GOES_EARLY))
		return false;
	way->shard = way->entry;
	return true;
}

/* ---- in ---- */

static enum nw_relay_refusal judge(struct nw_relay_client *client, const struct nw_packet *packet,
				   uint32_t *ret_shard)
{
	static const uint8_t lowest_taken[] = { 3, 3, 2, 1 };
	struct nwi_way *way = &client->ways[nw_topic_slot(packet->topic)];
	uint8_t priority = packet->priority > client->priority_top ? packet->priority
								   : client->priority_top;
	bool goes = is_open(client, way);

	*ret_shard = way->shard;
	if (NW_UNLIKELY(nw_packet_check(packet) != NW_PACKET_GOOD))
		return NW_RELAY_BAD;
	if (NW_UNLIKELY((packet->flags & NW_PACKET_FORM_MASK) != NW_PACKET_INLINE))
		return NW_RELAY_FORM;
	if (NW_UNLIKELY(packet->flags & NW_PACKET_SYSTEM &&
			!(client->rights & NW_RELAY_MAY_SYSTEM)))
		return NW_RELAY_RIGHTS;
	if (NW_UNLIKELY(!goes))
		return NW_RELAY_MOVING;
	/* relaxed: a hint. */
	if (priority >= 2 &&
	    priority > lowest_taken[atomic_load_explicit(&client->board->faces[way->shard].level,
							 memory_order_relaxed) %
				    4])
		return NW_RELAY_PRIORITY;
	return NW_RELAY_ACCEPTED;
}

static bool put(struct nw_relay_client *client, uint32_t shard, const void *packet)
{
	struct nwi_pier *pier = &client->piers[shard];

	if (!nw_lane_put(&pier->writer, packet))
		return false;
	if (!pier->is_touched) {
		pier->is_touched = true;
		client->touched[client->touched_count++] = (uint16_t)shard;
	}
	return true;
}

/* The packet as the shard is to see it; see nwi_deadline(). */
static bool submit_one(struct nw_relay_client *client, const struct nw_packet *packet,
		       uint32_t shard, uint64_t *inout_now_ns)
{
	struct nw_packet timed;

	if (packet->ttl_us == 0)
		return put(client, shard, packet);
	if (*inout_now_ns == 0)
		*inout_now_ns = nwi_client_now_ns();
	timed = *packet;
	timed.ttl_us = nwi_deadline(*inout_now_ns, client->board->epoch_ns, packet->ttl_us);
	return put(client, shard, &timed);
}

static void show_touched(struct nw_relay_client *client)
{
	for (uint32_t t = 0; t < client->touched_count; t++) {
		struct nwi_pier *pier = &client->piers[client->touched[t]];

		nw_lane_show(&pier->writer);
		pier->is_touched = false;
	}
	if (client->touched_count == 0)
		return;
	nw_bell_fence(); /* either a shard sees what was shown, or we see that it sleeps */
	for (uint32_t t = 0; t < client->touched_count; t++) {
		uint32_t shard = client->touched[t];

		/* relaxed: a hint; the fences on both sides order it with the lane. */
		if (atomic_load_explicit(&client->board->faces[shard].is_asleep,
					 memory_order_relaxed))
			nw_bell_ring(client->piers[shard].bell_fd);
	}
	client->touched_count = 0;
}

static uint64_t retry_after(const struct nw_relay_client *client, uint32_t shard,
			    enum nw_relay_refusal reason)
{
	const struct nwi_face *face = &client->board->faces[shard];
	/* relaxed: a hint. */
	uint64_t packet_ns = atomic_load_explicit(&face->packet_ns, memory_order_relaxed);
	/* relaxed: a hint. */
	uint32_t level = atomic_load_explicit(&face->level, memory_order_relaxed) % 4;

	switch (reason) {
	case NW_RELAY_FULL: /* until an eighth of the lane is free */
		packet_ns *= client->piers[shard].writer.mask / 8 + 1;
		return packet_ns < 1000 ? 1000 : packet_ns < 100000000 ? packet_ns : 100000000;
	case NW_RELAY_PRIORITY:
		return (uint64_t)nwi_level_windows((enum nw_relay_level)level) *
		       NWI_LEVEL_WINDOW_NS;
	case NW_RELAY_MOVING:
		return 50000;
	default:
		return 0;
	}
}

static void note_refusal(struct nw_relay_client *client, struct nw_relay_receipt *receipt,
			 size_t idx, uint32_t shard, enum nw_relay_refusal reason)
{
	client->counts.submitted++;
	client->counts.refused[reason]++;
	receipt->refused = 1;
	receipt->refused_idx = idx;
	receipt->reason = reason;
	receipt->shard = shard;
	/* relaxed: a hint. */
	receipt->level = (enum nw_relay_level)(
		atomic_load_explicit(&client->board->faces[shard].level, memory_order_relaxed) % 4);
	receipt->retry_after_ns = retry_after(client, shard, reason);
}

/* The beginning of a packet, of which most need no more to be looked at. */
struct head {
	uint32_t topic, sender;
	uint64_t time_ns;
	uint16_t flags;
	uint8_t length, priority;
	uint32_t type, ttl_us;
};
static_assert(offsetof(struct head, ttl_us) == offsetof(struct nw_packet, ttl_us) &&
		      offsetof(struct head, priority) == offsetof(struct nw_packet, priority),
	      "as a packet begins");

/* Whether judge() would accept it whatever the level of its shard, and nothing is to be changed in
 * it: one look for what almost all packets are. */
static inline bool is_plain(const struct head *head, const struct nwi_way *way, uint8_t top)
{
	return (head->flags & ~(unsigned)NW_PACKET_GOVERNED) == NW_PACKET_INLINE &&
	       head->length <= NW_PACKET_PAYLOAD_MAX && head->priority < 2 && top < 2 &&
	       head->ttl_us == 0 && way->entry == way->shard;
}

/* The first records, as far as they are plain and have room; how many. */
static size_t put_plain(struct nw_relay_client *client, const unsigned char *records, size_t count)
{
	uint8_t top = client->priority_top;
	size_t i;

	for (i = 0; i < count; i++, records += sizeof(struct nw_packet)) {
		const struct nwi_way *way;
		struct head head;

		memcpy(&head, records, sizeof(head));
		way = &client->ways[nw_topic_slot(head.topic)];
		if (!is_plain(&head, way, top) || !put(client, way->shard, records))
			break;
	}
	return i;
}

/* One record of any kind; why it did not go, if it did not. */
static enum nw_relay_refusal put_any(struct nw_relay_client *client, const unsigned char *record,
				     uint32_t *ret_shard, uint64_t *inout_now_ns)
{
	struct nw_packet packet;
	enum nw_relay_refusal reason;

	memcpy(&packet, record, sizeof(packet));
	reason = judge(client, &packet, ret_shard);
	if (NW_UNLIKELY(nw_relay_client_is_closed(client)))
		return NW_RELAY_CLOSED;
	if (reason != NW_RELAY_ACCEPTED)
		return reason;
	return submit_one(client, &packet, *ret_shard, inout_now_ns) ? NW_RELAY_ACCEPTED
								     : NW_RELAY_FULL;
}

size_t nw_relay_client_submit_records(struct nw_relay_client *client, const void *records,
				      size_t count, struct nw_relay_receipt *ret_receipt)
{
	uint64_t version = atomic_load(&client->board->map_version), now_ns = 0;
	enum nw_relay_refusal reason = NW_RELAY_ACCEPTED;
	const unsigned char *bytes = records;
	struct nw_relay_receipt receipt = { 0 };
	uint32_t shard = 0;
	size_t i;

	if (NW_UNLIKELY(version != client->map_version))
		look_at_map(client, version);
	i = NW_UNLIKELY(nw_relay_client_is_closed(client)) ? 0 : put_plain(client, bytes, count);
	for (; i < count; i++) {
		reason = put_any(client, bytes + i * sizeof(struct nw_packet), &shard, &now_ns);
		if (reason != NW_RELAY_ACCEPTED)
			break;
	}
	show_touched(client);
	client->counts.submitted += i;
	client->counts.accepted += i;
	receipt.accepted = i;
	if (i < count)
		note_refusal(client, &receipt, i, shard, reason);
	if (ret_receipt)
		*ret_receipt = receipt;
	return i;
}

size_t nw_relay_client_submit(struct nw_relay_client *client, const struct nw_packet *packets,
			      size_t count, struct nw_relay_receipt *ret_receipt)
{
	return nw_relay_client_submit_records(client, packets, count, ret_receipt);
}

/* The payload lies beside the slot: both are this client's until the shard lets go of the slot. */
static enum nw_relay_refusal put_payload(struct nw_relay_client *client,
					 const struct nw_packet *packet, const void *bytes,
					 uint32_t n_bytes, uint32_t *ret_shard)
{
	struct nw_packet record = *packet;
	struct nw_packet_ref ref = { .bytes = n_bytes };
	enum nw_relay_refusal reason;
	struct nwi_pier *pier;
	uint64_t now_ns = 0;

	record.flags = (uint16_t)((record.flags & ~(unsigned)NW_PACKET_FORM_MASK) |
				  NW_PACKET_INLINE);
	record.length = 0;
	reason = judge(client, &record, ret_shard);
	if (reason != NW_RELAY_ACCEPTED)
		return reason;
	if (n_bytes == 0 || n_bytes > client->payload_bytes)
		return NW_RELAY_FORM;
	if (nw_relay_client_is_closed(client))
		return NW_RELAY_CLOSED;
	pier = &client->piers[*ret_shard];
	if (nw_lane_room(&pier->writer, 1) == 0)
		return NW_RELAY_FULL;
	ref.offset = (pier->writer.head & pier->writer.mask) * client->payload_bytes;
	memcpy(pier->payloads + ref.offset, bytes, n_bytes);
	record.flags = (uint16_t)((record.flags & ~(unsigned)NW_PACKET_FORM_MASK) | NW_PACKET_SHM);
	nw_packet_set_ref(&record, &ref);
	return submit_one(client, &record, *ret_shard, &now_ns) ? NW_RELAY_ACCEPTED : NW_RELAY_FULL;
}

bool nw_relay_client_submit_payload(struct nw_relay_client *client, const struct nw_packet *packet,
				    const void *bytes, uint32_t n_bytes,
				    struct nw_relay_receipt *ret_receipt)
{
	uint64_t version = atomic_load(&client->board->map_version);
	struct nw_relay_receipt receipt = { 0 };
	enum nw_relay_refusal reason;
	uint32_t shard = 0;

	if (NW_UNLIKELY(version != client->map_version))
		look_at_map(client, version);
	reason = put_payload(client, packet, bytes, n_bytes, &shard);
	show_touched(client);
	if (reason == NW_RELAY_ACCEPTED) {
		client->counts.submitted++;
		client->counts.accepted++;
		receipt.accepted = 1;
	} else {
		note_refusal(client, &receipt, 0, shard, reason);
	}
	if (ret_receipt)
		*ret_receipt = receipt;
	return reason == NW_RELAY_ACCEPTED;
}

bool nw_relay_client_rest_room(struct nw_relay_client *client, uint32_t shard_idx)
{
	return nw_lane_writer_rest(&client->piers[shard_idx].writer, 1);
}

bool nw_relay_client_wait_room(struct nw_relay_client *client, uint32_t shard_idx,
			       uint64_t timeout_ns)
{
	/* A ring for something else is heard, and waited on. */
	while (nw_relay_client_rest_room(client, shard_idx))
		if (!nw_bell_wait(client->room_fd, timeout_ns))
			return !nw_relay_client_rest_room(client, shard_idx);
	return !client->piers[shard_idx].writer.is_broken;
}

/* ---- out ---- */

size_t nw_relay_client_receive(struct nw_relay_client *client, struct nw_packet *ret_packets,
			       size_t count)
{
	const struct nwi_lanes lanes = { .first = &client->piers[0].reader,
					 .stride_bytes = sizeof(struct nwi_pier),
					 .count = client->shard_count };
	size_t got = nwi_lanes_take(&lanes, &client->turn, ret_packets, count);

	/* relaxed: sole writer. */
	atomic_fetch_add_explicit(&client->received, got, memory_order_relaxed);
	return got;
}

int64_t nw_relay_client_payload(const struct nw_relay_client *client,
				const struct nw_packet *packet, void *ret_bytes, uint32_t max)
{
	struct nw_packet_ref ref = nw_packet_ref(packet);

	if ((packet->flags & NW_PACKET_FORM_MASK) != NW_PACKET_ARENA || client->arena_bytes == 0 ||
	    ref.region >= client->shard_count)
		return -EINVAL;
	return nwi_store_read(client->piers[ref.region].arena.mem.base, client->arena_bytes, &ref,
			      ret_bytes, max);
}

bool nw_relay_client_rest(struct nw_relay_client *client)
{
	bool is_empty = true;

	for (uint32_t i = 0; i < client->shard_count; i++)
		is_empty &= nw_lane_reader_rest(&client->piers[i].reader);
	return is_empty;
}

bool nw_relay_client_receive_wait(struct nw_relay_client *client, uint64_t timeout_ns)
{
	/* A ring for something else is heard, and waited on. */
	while (nw_relay_client_rest(client))
		if (!nw_bell_wait(client->bell_fd, timeout_ns))
			return !nw_relay_client_rest(client);
	return true;
}

/* ---- what is known ---- */

int nw_relay_client_bell_fd(const struct nw_relay_client *client)
{
	return client->bell_fd;
}

int nw_relay_client_room_fd(const struct nw_relay_client *client)
{
	return client->room_fd;
}

int nw_relay_client_stream_fd(const struct nw_relay_client *client)
{
	return client->fd;
}

uint32_t nw_relay_client_sender(const struct nw_relay_client *client)
{
	return client->sender;
}

uint32_t nw_relay_client_shard_count(const struct nw_relay_client *client)
{
	return client->shard_count;
}

bool nw_relay_client_is_closed(const struct nw_relay_client *client)
{
	/* relaxed: the value alone. */
	return atomic_load_explicit(&client->board->is_closed, memory_order_relaxed) != 0;
}

static uint64_t noted(const _Atomic uint64_t *count)
{
	/* relaxed: statistic. */
	return atomic_load_explicit(count, memory_order_relaxed);
}

void nw_relay_client_counts(struct nw_relay_client *client,
			    struct nw_relay_client_counts *ret_counts)
{
	struct nw_relay_client_counts counts = client->counts;

	for (uint32_t i = 0; i < client->shard_count; i++) {
		struct nwi_pier *pier = &client->piers[i];

		counts.unread += nw_lane_count(pier->writer.lane, (uint32_t)pier->writer.mask + 1);
		counts.taken += noted(&pier->notes->accepted);
		for (uint32_t r = 1; r < NW_RELAY_REFUSAL_COUNT; r++)
			counts.turned_down[r] += noted(&pier->notes->refused[r]);
		for (uint32_t d = 0; d < NW_RELAY_DROP_COUNT; d++)
			counts.dropped[d] += noted(&pier->notes->dropped[d]);
		counts.lost += noted(&pier->notes->lost);
	}
	counts.received = noted(&client->received);
	*ret_counts = counts;
}
