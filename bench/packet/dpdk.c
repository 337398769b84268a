/* SPDX-License-Identifier: MIT */
/* DPDK's rte_ring with elements of 64 bytes, in memory of ours: its environment is not started. */
#include "bench/packet/packet.h"

#include <rte_ring.h>
#include <stdlib.h>

static void *create(void)
{
	ssize_t n_bytes = rte_ring_get_memsize_elem(sizeof(struct packet), PACKET_SLOTS);
	struct rte_ring *ring = n_bytes < 0
					? NULL
					: aligned_alloc(128, ((size_t)n_bytes + 127) / 128 * 128);

	if (!ring || rte_ring_init(ring, "bench", PACKET_SLOTS, 0) == 0)
		return ring;
	free(ring);
	return NULL;
}

static uint32_t push_single(void *ring, const struct packet *packets, uint32_t n)
{
	return rte_ring_sp_enqueue_burst_elem(ring, packets, sizeof(*packets), n, NULL);
}

static uint32_t push_many(void *ring, const struct packet *packets, uint32_t n)
{
	return rte_ring_mp_enqueue_burst_elem(ring, packets, sizeof(*packets), n, NULL);
}

static uint32_t pop(void *ring, struct packet *ret_packets, uint32_t n)
{
	return rte_ring_sc_dequeue_burst_elem(ring, ret_packets, sizeof(*ret_packets), n, NULL);
}

const struct packet_subject packet_dpdk[] = {
	{ "spsc", "rte_ring", create, free, NULL, NULL, push_single, pop },
	{ "mpsc", "rte_ring", create, free, NULL, NULL, push_many, pop },
	{ .group = NULL },
};
