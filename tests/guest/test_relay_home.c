/* SPDX-License-Identifier: MIT */
/* A relay on a kernel that has several nodes: each shard's worker on its node, and all of its
 * memory, lanes of clients too, where the kernel says that it is, after packets went through. */
#include "machine.h"

#include "lib/relay.h"
#include "lib/relay_door.h"

#include "engines/relay/shard.h"

#include <sched.h>

enum { PACKETS = 4096, ROUNDS = 8 };

static uint32_t take(void *ctx, uint32_t shard_idx, const struct nw_packet *packets, uint32_t count)
{
	(void)ctx;
	(void)shard_idx;
	(void)packets;
	return count;
}

/* Every page that has memory is on the node; how many do. */
static uint64_t pages_at_home(const char *what, uint32_t shard_idx, const void *base,
			      size_t n_bytes, nw_node node)
{
	static struct nw_mem_map map;

	CHECK_INT(nw_mem_verify(base, n_bytes, &map), ==, 0);
	if (map.on_node[node.id] + map.untouched_count != map.page_count)
		FAIL("shard %u: %u of %u pages of its %s are on node %d, %u untouched", shard_idx,
		     (unsigned)map.on_node[node.id], (unsigned)map.page_count, what, node.id,
		     (unsigned)map.untouched_count);
	return map.on_node[node.id];
}

static void pass_packets(struct nw_relay *relay, struct nw_relay_client *client)
{
	static struct nw_packet packets[PACKETS];
	struct nw_relay_producer *producer;
	size_t at;

	for (uint32_t i = 0; i < PACKETS; i++)
		packets[i] = relay_packet(i, i);
	CHECK_INT(nw_relay_producer_open(&producer, relay, NULL), ==, 0);
	for (int round = 0; round < ROUNDS; round++) {
		for (at = 0; at < PACKETS;
		     at += nw_relay_submit(producer, packets + at, PACKETS - at, NULL))
			sched_yield();
		for (at = 0; at < PACKETS;
		     at += nw_relay_client_submit(client, packets + at, PACKETS - at, NULL))
			sched_yield();
	}
	for (uint32_t i = 0; i < PACKETS; i++) {
		packets[i] = relay_packet(i, i);
		while (nw_relay_attach(producer, &packets[i], packets, 5000) < 0)
			sched_yield();
		while (nw_relay_submit(producer, &packets[i], 1, NULL) == 0)
			sched_yield();
	}
	nw_relay_producer_close(producer);
	CHECK(nw_relay_drain(relay, UINT64_MAX));
}

static void check_homes(struct nw_relay *relay, const struct nw_topo *topo)
{
	struct nw_relay_region region;
	uint64_t pages = 0;
	size_t i;

	for (i = 0; nw_relay_region_at(relay, i, &region); i++) {
		struct nw_relay_place place;

		nw_relay_place(relay, region.shard_idx, &place);
		CHECK(place.is_pinned);
		CHECK_INT(place.level, ==, NW_MEM_BOUND);
		if (has_memory(topo, place.node_idx))
			CHECK_INT(place.node.id, ==, node_at(topo, place.node_idx).id);
		CHECK_INT(region.mem->node.id, ==, place.node.id);
		pages += pages_at_home(region.what, region.shard_idx, region.mem->base,
				       region.mem->n_bytes, place.node);
	}
	printf("# %u shards, %u regions, %u pages at home\n", nw_relay_shard_count(relay),
	       (unsigned)i, (unsigned)pages);
	CHECK_INT(pages, >, nw_relay_shard_count(relay) * 50);
}

/* The part of each shard of a client's shared memory. */
static void check_lanes(struct nw_relay *relay, const struct nw_relay_guest *guest)
{
	uint32_t shards = nw_relay_shard_count(relay);
	size_t stride = guest->shm.mem.n_bytes / shards;

	for (uint32_t s = 0; s < shards; s++) {
		struct nw_relay_place place;

		nw_relay_place(relay, s, &place);
		CHECK_INT(pages_at_home("lanes of a client", s,
					(char *)guest->shm.mem.base + s * stride, stride,
					place.node),
			  >, 10);
	}
}

TEST(every_page_of_a_shard_is_on_its_node)
{
	struct nw_topo *topo = open_machine();
	struct nw_relay_options options = { .topo = topo,
					    .hooks = { .deliver = take },
					    .arena_bytes = 1 << 16 };
	struct relay_door door = { .options = { .sender = 1 } };
	struct nw_relay_client *client;
	struct nw_diag diag = { "" };
	struct nw_relay_stats stats;
	struct nw_relay *relay;

	if (nw_relay_create(&relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(relay, relay_allow_all(1));
	door.relay = relay;
	CHECK_INT(relay_door_open(&door, &client, &diag), ==, 0);
	pass_packets(relay, client);
	nw_relay_stats(relay, &stats);
	CHECK_INT(stats.delivered, ==, (2 * ROUNDS + 1) * PACKETS);
	check_homes(relay, topo);
	check_lanes(relay, door.guest);
	nw_relay_client_close(client);
	nw_relay_guest_close(door.guest);
	nw_relay_destroy(relay);
	nw_topo_close(topo);
}
