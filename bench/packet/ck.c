/* SPDX-License-Identifier: MIT */
/*
 * Concurrency Kit's ring, which carries pointers: packets lie in a pool of each producer's.
 * Invariant: a pool has room for all that the ring and the consumer hold, and as much again, so a
 * packet is copied out before its place is written again.
 */
#include "bench/packet/packet.h"

#include <ck_ring.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { POOL = 2 * PACKET_SLOTS };

struct ring {
	alignas(128) ck_ring_t ring;
	ck_ring_buffer_t slots[PACKET_SLOTS];
};

struct member {
	alignas(128) struct ring *shared;
	uint64_t next;
	struct packet pool[POOL];
};

static void *create(void)
{
	struct ring *shared = aligned_alloc(alignof(struct ring), sizeof(*shared));

	if (!shared)
		return NULL;
	memset(shared, 0, sizeof(*shared));
	ck_ring_init(&shared->ring, PACKET_SLOTS);
	return shared;
}

static void *join(void *shared, uint32_t producer_idx)
{
	struct member *member = aligned_alloc(alignof(struct member), sizeof(*member));

	(void)producer_idx;
	if (!member)
		return NULL;
	memset(member, 0, sizeof(*member));
	member->shared = shared;
	return member;
}

#define PUSH(kind)                                                                                \
	static uint32_t push_##kind(void *producer, const struct packet *packets, uint32_t n)     \
	{                                                                                         \
		struct member *member = producer;                                                 \
		uint32_t done = 0;                                                                \
                                                                                                  \
		for (; done < n; done++, member->next++) {                                        \
			struct packet *place = &member->pool[member->next % POOL];                \
                                                                                                  \
			*place = packets[done];                                                   \
			if (!ck_ring_enqueue_##kind(&member->shared->ring, member->shared->slots, \
						    place))                                       \
				break;                                                            \
		}                                                                                 \
		return done;                                                                      \
	}                                                                                         \
	static uint32_t pop_##kind(void *shared, struct packet *ret_packets, uint32_t n)          \
	{                                                                                         \
		struct ring *ring = shared;                                                       \
		struct packet *place;                                                             \
		uint32_t done = 0;                                                                \
                                                                                                  \
		while (done < n && ck_ring_dequeue_##kind(&ring->ring, ring->slots, &place))      \
			ret_packets[done++] = *place;                                             \
		return done;                                                                      \
	}

PUSH(spsc)
PUSH(mpsc)

const struct packet_subject packet_ck[] = {
	{ "spsc", "ck_ring", create, free, join, free, push_spsc, pop_spsc },
	{ "mpsc", "ck_ring", create, free, join, free, push_mpsc, pop_mpsc },
	{ .group = NULL },
};
