/* SPDX-License-Identifier: MIT */
/* nw_lane, of one producer, and nw_mpsc. */
#include "bench/packet/packet.h"

#include <nw/lane.h>
#include <nw/mpsc.h>
#include <stdlib.h>

struct lane {
	_Alignas(NW_CACHE_PAIR) struct nw_lane_writer writer;
	_Alignas(NW_CACHE_PAIR) struct nw_lane_reader reader;
	void *memory;
};

static void destroy_lane(void *shared)
{
	struct lane *lane = shared;

	free(lane->memory);
	free(lane);
}

static void *create_lane(void)
{
	size_t n_bytes = nw_lane_bytes(PACKET_SLOTS);
	struct lane *lane = aligned_alloc(NW_CACHE_PAIR, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->memory = aligned_alloc(NW_CACHE_PAIR, n_bytes);
	if (lane->memory && nw_lane_format(lane->memory, n_bytes, PACKET_SLOTS) == 0 &&
	    nw_lane_writer_open(&lane->writer, lane->memory, n_bytes, PACKET_SLOTS) == 0 &&
	    nw_lane_reader_open(&lane->reader, lane->memory, n_bytes, PACKET_SLOTS) == 0)
		return lane;
	destroy_lane(lane);
	return NULL;
}

static uint32_t push_lane(void *shared, const struct packet *packets, uint32_t n)
{
	return nw_lane_push(&((struct lane *)shared)->writer, packets, n);
}

static uint32_t pop_lane(void *shared, struct packet *ret_packets, uint32_t n)
{
	return nw_lane_pop(&((struct lane *)shared)->reader, ret_packets, n);
}

static void *create_mpsc(void)
{
	struct nw_mpsc *ring;

	return nw_mpsc_create(&ring, PACKET_SLOTS, sizeof(struct packet), NW_NODE_ANY) == 0 ? ring
											    : NULL;
}

static void destroy_mpsc(void *shared)
{
	nw_mpsc_destroy(shared);
}

static uint32_t push_mpsc(void *shared, const struct packet *packets, uint32_t n)
{
	return nw_mpsc_push_burst(shared, packets, n);
}

static uint32_t pop_mpsc(void *shared, struct packet *ret_packets, uint32_t n)
{
	return nw_mpsc_pop_burst(shared, ret_packets, n);
}

const struct packet_subject packet_ours[] = {
	{ "spsc", "nw_lane", create_lane, destroy_lane, NULL, NULL, push_lane, pop_lane },
	{ "mpsc", "nw_mpsc", create_mpsc, destroy_mpsc, NULL, NULL, push_mpsc, pop_mpsc },
	{ .group = NULL },
};
