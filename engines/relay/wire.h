/* SPDX-License-Identifier: MIT */
/*
 * What a client and a relay say to each other over a Unix socket to set lanes up, and the layout of
 * the memory that they then share. Both are on one machine: numbers are in its order of bytes.
 *
 *   client   struct nwi_hello
 *   relay    struct nwi_welcome, with descriptors: the board, the lanes, two bells that it rings
 *            for the client, then the bells of the shards
 *   client   struct nwi_ask and its body; the relay answers each with a struct nwi_answer
 *
 * The shared block: for each shard a part of stride_bytes, on the shard's node:
 *
 *     nwi_notes      what the shard has done with what the client sent, written by the shard
 *     nw_lane        client -> shard
 *     nw_lane        shard -> client, gates among its packets (gate.h)
 *     payloads       payload_bytes for each slot of the first lane, written by the client
 *
 * Invariant: the relay believes nothing in the block but what nw_lane lets it believe, and nothing
 * on the socket but lengths that it has checked.
 */
#ifndef NWI_RELAY_WIRE_H
#define NWI_RELAY_WIRE_H

#include <nw/lane.h>
#include <nw/relay.h>

#include <stdalign.h>
#include <stdatomic.h>

enum {
	NWI_HELLO_MAGIC = 0x314c574e,   /* "NWL1" */
	NWI_WELCOME_MAGIC = 0x324c574e, /* "NWL2" */
	NWI_WIRE_VERSION = 3,
	NWI_NAME_BYTES = 64,
	NWI_TOKEN_BYTES = 256,
	NWI_TEXT_BYTES = 400,
	NWI_BODY_BYTES_MAX = 64 * 1024,
	NWI_LANES_MAX = 1 << 16,     /* slots of a lane that a client may ask for */
	NWI_PAYLOAD_MAX = 64 * 1024, /* bytes of a payload beside a slot, likewise */

	NWI_FD_BOARD = 0,
	NWI_FD_LANES = 1,
	NWI_FD_BELL = 2,   /* rung when packets come */
	NWI_FD_ROOM = 3,   /* rung when there is room */
	NWI_FD_SHARDS = 4, /* of the first shard's bell */
};

struct nwi_hello {
	uint32_t magic, version;
	uint32_t submit_slots, receive_slots; /* of the lanes; powers of two */
	uint32_t payload_bytes;               /* beside each slot of a submit lane */
	char name[NWI_NAME_BYTES], token[NWI_TOKEN_BYTES];
	uint32_t reserved[43];
};
static_assert(sizeof(struct nwi_hello) == 512, "a hello has 512 bytes");

struct nwi_welcome {
	uint32_t magic, version;
	int32_t rc; /* negative errno: refused, and `text` says why */
	uint32_t shard_count;
	uint32_t submit_slots, receive_slots;
	uint32_t sender, rights;
	uint64_t stride_bytes, board_bytes;
	uint64_t arena_bytes; /* of each shard's, whose descriptors come behind the bells */
	uint32_t priority_top, payload_bytes;
	uint32_t reserved[12];
	char text[NWI_TEXT_BYTES];
};
static_assert(sizeof(struct nwi_welcome) == 512, "a welcome has 512 bytes");

enum nwi_ask_kind {
	NWI_ASK_TOPICS = 1, /* body: ids of topics, 4 bytes each */
	NWI_ASK_PREFIX,     /* body: what names begin with */
	NWI_ASK_ALL,        /* no body */
	NWI_ASK_KINDS,
	NWI_ASK_OFF = 1 << 16, /* with one of them: hear it no more */
};

struct nwi_ask {
	uint32_t kind;
	uint32_t body_bytes; /* at most NWI_BODY_BYTES_MAX */
};

/* Of what a guest asks, whole. */
enum { NWI_INBOX_BYTES = sizeof(struct nwi_ask) + NWI_BODY_BYTES_MAX };

struct nwi_answer {
	int32_t rc;     /* 0 or a negative errno */
	uint32_t count; /* topics that were found */
};

/* Written by the shard, for the client to read. */
struct nwi_notes {
	alignas(NW_CACHE_PAIR) _Atomic uint64_t accepted;
	_Atomic uint64_t refused[NW_RELAY_REFUSAL_COUNT];
	_Atomic uint64_t dropped[NW_RELAY_DROP_COUNT]; /* of its sender's, since it came */
	_Atomic uint64_t lost; /* packets for the client that found its lane full */
};

static inline size_t nwi_stride_bytes(uint32_t submit_slots, uint32_t receive_slots,
				      uint32_t payload_bytes)
{
	size_t n = sizeof(struct nwi_notes) + nw_lane_bytes(submit_slots) +
		   nw_lane_bytes(receive_slots) + (size_t)submit_slots * payload_bytes;

	return (n + 4095) / 4096 * 4096;
}

static inline void *nwi_submit_lane(void *part)
{
	return (char *)part + sizeof(struct nwi_notes);
}

static inline void *nwi_receive_lane(void *part, uint32_t submit_slots)
{
	return (char *)nwi_submit_lane(part) + nw_lane_bytes(submit_slots);
}

static inline unsigned char *nwi_payloads(void *part, uint32_t submit_slots, uint32_t receive_slots)
{
	return (unsigned char *)nwi_receive_lane(part, submit_slots) + nw_lane_bytes(receive_slots);
}

#endif /* NWI_RELAY_WIRE_H */
