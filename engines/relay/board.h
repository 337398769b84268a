/* SPDX-License-Identifier: MIT */
/*
 * The board: what a relay shows to those who submit. Shared memory, which clients in other
 * processes map for reading only, so that the layout is an ABI between processes
 * (NWI_BOARD_VERSION).
 *
 *   map      slot -> shard, and whether the slot is frozen. Written by the shard that a move
 *            leaves (freezes) and by the one it reaches (opens): never by two at a time.
 *   faces    one a shard, written by that shard: its level, whether it sleeps, how fast it is
 */
#ifndef NWI_RELAY_BOARD_H
#define NWI_RELAY_BOARD_H

#include <nw/base.h>
#include <nw/packet.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NWI_BOARD_MAGIC = 0x4252574e, /* "NWRB" */
	NWI_BOARD_VERSION = 1,
	NWI_SLOT_FROZEN = 1 << 15, /* of a map entry: on its way from the shard in the low bits */
	NWI_SLOT_SHARD = NWI_SLOT_FROZEN - 1,
};

struct nwi_face {
	/* Written by the shard; is_asleep also by who wakes it. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t is_asleep;
	_Atomic uint32_t level;
	_Atomic uint32_t packet_ns; /* from one packet to the next, lately */
	uint32_t ring_slots;        /* constant */
};

struct nwi_board {
	/* Constant. */
	alignas(NW_CACHE_PAIR) uint32_t magic;
	uint32_t version;
	uint32_t shard_count;
	uint64_t epoch_ns; /* CLOCK_MONOTONIC, from which deadlines in packets count */

	/* Written by control calls, and by a shard that opened a slot: seldom. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t is_closed;
	_Atomic uint64_t map_version; /* changes after each change of the map */

	alignas(NW_CACHE_PAIR) _Atomic uint16_t map[NW_TOPIC_SLOT_COUNT];

	struct nwi_face faces[];
};

static_assert(sizeof(struct nwi_face) == NW_CACHE_PAIR, "no two shards write one pair of lines");
static_assert(offsetof(struct nwi_board, is_closed) == NW_CACHE_PAIR, "the layout is an ABI");
static_assert(offsetof(struct nwi_board, map) == UINT64_C(2) * NW_CACHE_PAIR,
	      "the layout is an ABI");
static_assert(sizeof(struct nwi_board) == UINT64_C(66) * NW_CACHE_PAIR, "the layout is an ABI");

static inline size_t nwi_board_bytes(uint32_t shard_count)
{
	return sizeof(struct nwi_board) + shard_count * sizeof(struct nwi_face);
}

/*
 * While a packet is in a ring or a lane, its ttl_us is a deadline: microseconds since the board's
 * epoch, modulo 2^32, never 0. So a ttl is at most 2^31 us, 35 minutes; longer ones are cut to
 * that.
 */
static inline uint32_t nwi_deadline(uint64_t now_ns, uint64_t epoch_ns, uint32_t ttl_us)
{
	uint32_t ttl = ttl_us <= INT32_MAX ? ttl_us : INT32_MAX;
	uint32_t deadline = (uint32_t)((now_ns - epoch_ns) / 1000) + ttl;

	return deadline != 0 ? deadline : 1;
}

/* What is left until a deadline; 0: it has passed. */
static inline uint32_t nwi_ttl_left(uint64_t now_ns, uint64_t epoch_ns, uint32_t deadline)
{
	int32_t left = (int32_t)(deadline - (uint32_t)((now_ns - epoch_ns) / 1000));

	return left > 0 ? (uint32_t)left : 0;
}

#endif /* NWI_RELAY_BOARD_H */
