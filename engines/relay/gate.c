/* SPDX-License-Identifier: MIT */
/* Reads lanes that may have gates in them (gate.h). Invariant: a gate is let go of only when what
 * it waits for is read. */
#include "gate.h"

#include <string.h>

static struct nw_lane_reader *lane_at(const struct nwi_lanes *lanes, uint32_t i)
{
	return (struct nw_lane_reader *)(void *)((char *)lanes->first + i * lanes->stride_bytes);
}

/* Packets up to a gate, or the end of what is seen. */
static uint32_t copy(const struct nw_lane_reader *reader, struct nw_packet *ret_packets,
		     uint32_t count)
{
	uint32_t seen = nw_lane_seen(reader), n = seen < count ? seen : count;

	for (uint32_t i = 0; i < n; i++) {
		const struct nw_packet *packet = nw_lane_at(reader, i);

		if ((packet->flags & NW_PACKET_FORM_MASK) == 0)
			return i;
		ret_packets[i] = *packet;
	}
	return n;
}

/* Whether what stands next is a gate that is open: it is gone then. */
static bool pass_gate(const struct nwi_lanes *lanes, struct nw_lane_reader *reader)
{
	struct nwi_gate gate;

	if (nw_lane_seen(reader) == 0)
		return false;
	memcpy(&gate, nw_lane_at(reader, 0), sizeof(gate));
	if ((gate.flags & NW_PACKET_FORM_MASK) != 0)
		return false;
	/* A shard that there is not, as hostile bytes may say, is nothing to wait for. */
	if (gate.shard < lanes->count && lane_at(lanes, gate.shard)->tail < gate.until)
		return false;
	nw_lane_drop(reader, 1);
	return true;
}

static uint32_t take_from(const struct nwi_lanes *lanes, uint32_t i, struct nw_packet *ret_packets,
			  uint32_t count)
{
	struct nw_lane_reader *reader = lane_at(lanes, i);
	uint32_t got = 0, n;

	if (nw_lane_seen(reader) < count)
		(void)nw_lane_look(reader); /* how many are seen is asked below */
	do {
		n = copy(reader, ret_packets + got, count - got);
		nw_lane_drop(reader, n);
		got += n;
	} while (got < count && pass_gate(lanes, reader));
	return got;
}

static size_t take_a_round(const struct nwi_lanes *lanes, uint32_t *inout_turn,
			   struct nw_packet *ret_packets, size_t count)
{
	size_t got = 0;

	for (uint32_t i = 0; i < lanes->count && got < count; i++) {
		uint32_t wanted = count - got < UINT32_MAX ? (uint32_t)(count - got) : UINT32_MAX;

		got += take_from(lanes, *inout_turn, ret_packets + got, wanted);
		*inout_turn = *inout_turn + 1 < lanes->count ? *inout_turn + 1 : 0;
	}
	return got;
}

/* Whether a lane has items: after a round without packets, only behind gates. */
static bool has_seen(const struct nwi_lanes *lanes)
{
	for (uint32_t i = 0; i < lanes->count; i++)
		if (nw_lane_seen(lane_at(lanes, i)) > 0)
			return true;
	return false;
}

size_t nwi_lanes_take(const struct nwi_lanes *lanes, uint32_t *inout_turn,
		      struct nw_packet *ret_packets, size_t count)
{
	size_t got;
	uint32_t round = 0;

	/* A gate may have opened behind one that was looked at before: at most once a lane. */
	do
		got = take_a_round(lanes, inout_turn, ret_packets, count);
	while (got == 0 && count > 0 && has_seen(lanes) && round++ < lanes->count);
	return got;
}
