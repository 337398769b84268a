/* SPDX-License-Identifier: MIT */
/* The ring on one thread: sizes, edges, bursts over the end, and indices that wrap. */
#include "nw_test.h"

#include <errno.h>
#include <nw/ring.h>
#include <stdalign.h>

static struct nw_ring *new_ring(uint32_t slot_count)
{
	struct nw_ring *ring;

	CHECK_INT(nw_ring_create(&ring, slot_count, NW_NODE_ANY), ==, 0);
	return ring;
}

static void *item(uint64_t i)
{
	return (void *)(uintptr_t)i;
}

TEST(create_rejects_bad_sizes)
{
	static const uint32_t bad[] = { 0, 1, 3, 6, (1u << 30) + 1, 1u << 31, UINT32_MAX };
	struct nw_ring *ring = (void *)&bad; /* any value: must stay as it is */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_ring_create(&ring, bad[i], NW_NODE_ANY), ==, -EINVAL);
		CHECK_INT(nw_ring_bytes(bad[i]), ==, 0);
		CHECK(ring == (void *)&bad);
	}
}

TEST(fills_to_the_last_slot_then_refuses)
{
	for (uint32_t slots = 2; slots <= 64; slots *= 2) {
		struct nw_ring *ring = new_ring(slots);
		void *got = ring;

		CHECK_INT(nw_ring_slot_count(ring), ==, slots);
		CHECK(!nw_ring_pop(ring, &got));
		CHECK(got == ring);
		for (uint32_t i = 0; i < slots; i++) {
			CHECK_INT(nw_ring_count(ring), ==, i);
			CHECK(nw_ring_push(ring, item(i)));
		}
		CHECK(!nw_ring_push(ring, item(99)));
		CHECK_INT(nw_ring_count(ring), ==, slots);
		for (uint32_t i = 0; i < slots; i++) {
			CHECK(nw_ring_pop(ring, &got));
			CHECK(got == item(i));
		}
		CHECK(!nw_ring_pop(ring, &got));
		nw_ring_destroy(ring);
	}
}

TEST(null_is_an_item)
{
	struct nw_ring *ring = new_ring(2);
	void *got = ring;

	CHECK(nw_ring_push(ring, NULL));
	CHECK(nw_ring_pop(ring, &got));
	CHECK(got == NULL);
	nw_ring_destroy(ring);
}

TEST(a_burst_takes_what_fits_and_says_how_many)
{
	struct nw_ring *ring = new_ring(4);
	void *in[6] = { item(1), item(2), item(3), item(4), item(5), item(6) };
	void *out[6] = { NULL };

	CHECK_INT(nw_ring_push_burst(ring, in, 0), ==, 0);
	CHECK_INT(nw_ring_pop_burst(ring, out, 6), ==, 0);
	CHECK_INT(nw_ring_push_burst(ring, in, 6), ==, 4);
	CHECK_INT(nw_ring_push_burst(ring, in, 1), ==, 0);
	CHECK_INT(nw_ring_pop_burst(ring, out, 0), ==, 0);
	CHECK_INT(nw_ring_pop_burst(ring, out, 3), ==, 3);
	CHECK(out[0] == item(1) && out[2] == item(3) && out[3] == NULL);
	CHECK_INT(nw_ring_push_burst(ring, in + 4, 2), ==, 2);
	CHECK_INT(nw_ring_pop_burst(ring, out, 6), ==, 3);
	CHECK(out[0] == item(4) && out[1] == item(5) && out[2] == item(6));
	CHECK_INT(nw_ring_count(ring), ==, 0);
	nw_ring_destroy(ring);
}

/* Every burst size from every position, single calls mixed in: order and number hold. */
TEST(bursts_keep_the_order_over_the_end)
{
	enum { SLOTS = 8 };
	struct nw_ring *ring = new_ring(SLOTS);
	uint64_t pushed = 0, popped = 0;
	void *items[SLOTS + 2];

	for (uint32_t round = 0; round < 4000; round++) {
		uint32_t room = SLOTS - (uint32_t)(pushed - popped);
		uint32_t wanted = round * 7 % (SLOTS + 3), n;

		for (uint32_t i = 0; i < wanted; i++)
			items[i] = item(pushed + i);
		n = nw_ring_push_burst(ring, items, wanted);
		CHECK_INT(n, ==, wanted < room ? wanted : room);
		pushed += n;
		if (nw_ring_push(ring, item(pushed)))
			pushed++;
		n = nw_ring_pop_burst(ring, items, round * 5 % (SLOTS + 3));
		for (uint32_t i = 0; i < n; i++)
			CHECK(items[i] == item(popped + i));
		popped += n;
		CHECK_INT(nw_ring_count(ring), ==, pushed - popped);
	}
	CHECK_INT(popped, >, 1000);
	nw_ring_destroy(ring);
}

TEST(lives_in_the_callers_memory)
{
	alignas(NW_CACHE_PAIR) static unsigned char room[4096];
	struct nw_ring *ring = NULL;
	size_t n_bytes = nw_ring_bytes(16);
	void *got;

	CHECK_INT(n_bytes, <=, sizeof(room));
	CHECK_INT(n_bytes % NW_CACHE_PAIR, ==, 0);
	memset(room, 0xa5, sizeof(room));
	CHECK_INT(nw_ring_init(&ring, room, n_bytes - 1, 16), ==, -ENOSPC);
	CHECK_INT(nw_ring_init(&ring, room + 8, n_bytes, 16), ==, -EINVAL);
	CHECK_INT(nw_ring_init(&ring, room, n_bytes, 15), ==, -EINVAL);
	CHECK(!ring);
	CHECK_INT(nw_ring_init(&ring, room, n_bytes, 16), ==, 0);
	CHECK(nw_ring_memory(ring) == NULL);
	for (uint32_t i = 0; i < 16; i++)
		CHECK(nw_ring_push(ring, item(i)));
	CHECK(!nw_ring_push(ring, item(16)));
	for (uint32_t i = 0; i < 16; i++)
		CHECK(nw_ring_pop(ring, &got) && got == item(i));
	nw_ring_fini(ring);
	for (size_t i = n_bytes; i < sizeof(room); i++)
		CHECK_INT(room[i], ==, 0xa5);
}

TEST(says_where_its_memory_is)
{
	struct nw_ring *ring = new_ring(4);

	CHECK(nw_ring_memory(ring)->base == ring);
	CHECK_INT(nw_ring_memory(ring)->n_bytes, >=, nw_ring_bytes(4));
	CHECK_INT(nw_ring_memory(ring)->node.id, ==, NW_NODE_ANY.id);
	nw_ring_destroy(ring);
	nw_ring_destroy(NULL);
	nw_ring_fini(NULL);
}

TEST(a_named_node_is_bound_or_says_why_not)
{
	struct nw_ring *ring;
	const struct nw_mem *mem;

	CHECK_INT(nw_ring_create(&ring, 4, (nw_node){ 0 }), ==, 0);
	mem = nw_ring_memory(ring);
	CHECK_INT(mem->node.id, ==, 0);
	CHECK(mem->level == NW_MEM_BOUND || mem->reason != 0);
	nw_ring_destroy(ring);
}
