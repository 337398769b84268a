/* SPDX-License-Identifier: MIT */
/*
 * Gates: how the packets of a topic keep their order for a subscriber while its slot moves from one
 * shard to another, and so from one of the subscriber's lanes into another.
 *
 * After a shard has been given a slot, and before it puts the next packet into a lane, it puts a
 * gate: an item that is no packet, and says that one reads on here only when the lane from the
 * slot's old shard is read up to where its writer was. That is behind all of the slot that the old
 * shard put there, since it had shown that before it gave the slot away.
 *
 * Invariant: a gate waits only for items that were shown before it, so gates never wait for each
 * other in a circle, and some lane can always be read on.
 */
#ifndef NWI_RELAY_GATE_H
#define NWI_RELAY_GATE_H

#include <nw/lane.h>
#include <nw/packet.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In place of a packet: its form is none. */
struct nwi_gate {
	uint32_t shard; /* whose lane is to be read, */
	uint32_t zero;
	uint64_t until; /* up to here */
	uint16_t flags; /* 0 */
	unsigned char rest[46];
};
static_assert(sizeof(struct nwi_gate) == sizeof(struct nw_packet) &&
		      offsetof(struct nwi_gate, flags) == offsetof(struct nw_packet, flags),
	      "in place of a packet");

/* The lanes of one who reads, one a shard, each in a struct of stride_bytes. */
struct nwi_lanes {
	struct nw_lane_reader *first;
	size_t stride_bytes;
	uint32_t count;
};

/* Takes packets, of all lanes in turn; *inout_turn is where it goes on. Returns how many: 0 only if
 * there are none. */
size_t nwi_lanes_take(const struct nwi_lanes *lanes, uint32_t *inout_turn,
		      struct nw_packet *ret_packets, size_t count);

#endif /* NWI_RELAY_GATE_H */
