/* SPDX-License-Identifier: MIT */
/* The many-to-many queue on one thread: sizes, edges, handles, wrap-around of laps and positions.
 */
#include "nw_test.h"

#include "base/prng.h"
#include "lf/mpmc.h"

#include <errno.h>
#include <stdalign.h>

static struct nw_mpmc *new_mpmc(uint32_t slot_count, uint32_t producer_count)
{
	struct nw_mpmc *mpmc;

	CHECK_INT(nw_mpmc_create(&mpmc, slot_count, producer_count, NW_NODE_ANY), ==, 0);
	return mpmc;
}

static struct nw_mpmc_producer producer_of(struct nw_mpmc *mpmc)
{
	struct nw_mpmc_producer producer;

	CHECK_INT(nw_mpmc_register(&producer, mpmc), ==, 0);
	return producer;
}

static void *item(uint64_t i)
{
	return (void *)(uintptr_t)i;
}

TEST(create_rejects_bad_sizes)
{
	static const uint32_t bad[][2] = { { 0, 1 },        { 1, 1 },
					   { 3, 1 },        { (1u << 30) + 1, 1 },
					   { 1u << 31, 1 }, { 4, 0 },
					   { 4, 1025 } };
	struct nw_mpmc *mpmc = (void *)&bad; /* any value: must stay as it is */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_mpmc_create(&mpmc, bad[i][0], bad[i][1], NW_NODE_ANY), ==, -EINVAL);
		CHECK_INT(nw_mpmc_bytes(bad[i][0], bad[i][1]), ==, 0);
		CHECK(mpmc == (void *)&bad);
	}
}

/* Fills, refuses, empties, refuses: each exactly at its edge. */
static void go_round(struct nw_mpmc *mpmc, struct nw_mpmc_producer *producer)
{
	uint32_t slots = nw_mpmc_slot_count(mpmc);
	void *got = mpmc;

	CHECK(!nw_mpmc_pop(mpmc, &got));
	CHECK(got == mpmc);
	CHECK_INT(nw_mpmc_pop_burst(mpmc, &got, 1), ==, 0);
	for (uint32_t i = 0; i < slots; i++) {
		CHECK_INT(nw_mpmc_count(mpmc), ==, i);
		CHECK(nw_mpmc_push(producer, item(i)));
	}
	CHECK_INT(nw_mpmc_count(mpmc), ==, slots);
	CHECK(!nw_mpmc_push(producer, item(99)));
	for (uint32_t i = 0; i < slots; i++) {
		CHECK(nw_mpmc_pop(mpmc, &got));
		CHECK(got == item(i));
	}
	CHECK(!nw_mpmc_pop(mpmc, &got));
	CHECK_INT(nw_mpmc_count(mpmc), ==, 0);
}

TEST(fills_to_the_last_slot_then_refuses)
{
	for (uint32_t slots = 2; slots <= 64; slots *= 2) {
		struct nw_mpmc *mpmc = new_mpmc(slots, 1);
		struct nw_mpmc_producer producer = producer_of(mpmc);

		CHECK_INT(nw_mpmc_slot_count(mpmc), ==, slots);
		for (int lap = 0; lap < 5; lap++)
			go_round(mpmc, &producer);
		nw_mpmc_destroy(mpmc);
	}
}

TEST(a_burst_appends_what_fits_and_says_how_many)
{
	struct nw_mpmc *mpmc = new_mpmc(8, 2);
	struct nw_mpmc_producer producer = producer_of(mpmc), other = producer_of(mpmc);
	void *items[12], *got[12];

	for (uint64_t i = 0; i < 12; i++)
		items[i] = item(100 + i);
	CHECK_INT(nw_mpmc_push_burst(&producer, items, 0), ==, 0);
	CHECK_INT(nw_mpmc_push_burst(&producer, items, 5), ==, 5);
	CHECK(nw_mpmc_push(&other, item(7)));
	CHECK_INT(nw_mpmc_push_burst(&producer, items + 5, 7), ==, 2);
	CHECK_INT(nw_mpmc_push_burst(&other, items, 12), ==, 0);
	CHECK_INT(nw_mpmc_pop_burst(mpmc, got, 12), ==, 8);
	for (uint64_t i = 0; i < 8; i++)
		CHECK(got[i] == (i == 5 ? item(7) : item(100 + i - (i > 5))));
	/* A whole ring at once, over its end, and from a handle that saw none of it. */
	CHECK_INT(nw_mpmc_push_burst(&other, items, 12), ==, 8);
	CHECK_INT(nw_mpmc_pop_burst(mpmc, got, 12), ==, 8);
	for (uint64_t i = 0; i < 8; i++)
		CHECK(got[i] == items[i]);
	nw_mpmc_destroy(mpmc);
}

/* Against a plain array: random pushes by three handles, pops, bursts; every answer is exact. */
static uint64_t push_some(struct nw_mpmc_producer *producer, uint64_t first, uint32_t room,
			  struct nwi_prng *prng)
{
	enum { BURST = 5 };
	uint32_t n = nwi_prng_below(prng, BURST + 1), wanted = n < room ? n : room;
	void *items[BURST];

	if (n == 1) {
		CHECK_INT(nw_mpmc_push(producer, item(first)), ==, room > 0);
		return wanted;
	}
	for (uint32_t i = 0; i < n; i++)
		items[i] = item(first + i);
	CHECK_INT(nw_mpmc_push_burst(producer, items, n), ==, wanted);
	return wanted;
}

static void compare_with_an_array(struct nw_mpmc *mpmc, uint32_t rounds)
{
	enum { BURST = 5 };
	struct nw_mpmc_producer producers[3];
	uint32_t slots = nw_mpmc_slot_count(mpmc), n;
	uint64_t pushed = 0, popped = 0;
	void *got[BURST];
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 3; i++)
		producers[i] = producer_of(mpmc);
	for (uint32_t round = 0; round < rounds; round++) {
		struct nw_mpmc_producer *producer = &producers[nwi_prng_below(&prng, 3)];
		uint32_t count = (uint32_t)(pushed - popped), wanted;

		CHECK_INT(nw_mpmc_count(mpmc), ==, count);
		if (nwi_prng_below(&prng, 2) == 0) {
			pushed += push_some(producer, pushed, slots - count, &prng);
			continue;
		}
		wanted = nwi_prng_below(&prng, BURST + 1);
		n = nw_mpmc_pop_burst(mpmc, got, wanted);
		CHECK_INT(n, ==, wanted < count ? wanted : count);
		for (uint32_t i = 0; i < n; i++)
			CHECK(got[i] == item(popped + i));
		popped += n;
	}
	CHECK_INT(popped, >, rounds / 8);
	for (int i = 0; i < 3; i++)
		nw_mpmc_unregister(&producers[i]);
}

TEST(behaves_as_an_array_does)
{
	for (uint32_t slots = 2; slots <= 16; slots *= 2) {
		struct nw_mpmc *mpmc = new_mpmc(slots, 3);

		compare_with_an_array(mpmc, 4000);
		nw_mpmc_destroy(mpmc);
	}
}

/* Positions wrap at 2^64, the laps that entries keep at 2^54 positions: begin just before. */
TEST(laps_and_positions_wrap)
{
	static const uint64_t firsts[] = { UINT64_MAX - 63, (UINT64_C(1) << 54) - 64,
					   (UINT64_C(5) << 54) - 64, (UINT64_C(1) << 63) - 64 };
	alignas(NW_CACHE_PAIR) static unsigned char room[2048];

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		for (uint32_t slots = 2; slots <= 16; slots *= 2) {
			struct nw_mpmc *mpmc;

			CHECK_INT(nwi_mpmc_init_at(&mpmc, room, sizeof(room), slots, 3, firsts[i]),
				  ==, 0);
			compare_with_an_array(mpmc, 1000);
			nw_mpmc_fini(mpmc);
		}
}

TEST(null_is_an_item)
{
	struct nw_mpmc *mpmc = new_mpmc(2, 1);
	struct nw_mpmc_producer producer = producer_of(mpmc);
	void *got = mpmc;

	CHECK(nw_mpmc_push(&producer, NULL));
	CHECK(nw_mpmc_pop(mpmc, &got));
	CHECK(got == NULL);
	nw_mpmc_destroy(mpmc);
}

/* Two slots and 1024 producers: more spare cells than slots, and every one of them is used. */
TEST(as_many_handles_as_promised)
{
	static struct nw_mpmc_producer producers[NW_MPMC_PRODUCER_COUNT_MAX];
	struct nw_mpmc *mpmc = new_mpmc(2, NW_MPMC_PRODUCER_COUNT_MAX);
	struct nw_mpmc_producer one_more = { .spare = 7 };
	void *got;

	for (uint32_t i = 0; i < NW_MPMC_PRODUCER_COUNT_MAX; i++)
		producers[i] = producer_of(mpmc);
	CHECK_INT(nw_mpmc_register(&one_more, mpmc), ==, -ENOSPC);
	CHECK(!one_more.mpmc && one_more.spare == 7);
	for (uint64_t i = 0; i < 3 * NW_MPMC_PRODUCER_COUNT_MAX; i++) {
		CHECK(nw_mpmc_push(&producers[i % NW_MPMC_PRODUCER_COUNT_MAX], item(i)));
		CHECK(nw_mpmc_pop(mpmc, &got));
		CHECK(got == item(i));
	}
	nw_mpmc_unregister(&producers[5]);
	CHECK_INT(nw_mpmc_register(&one_more, mpmc), ==, 0);
	CHECK_INT(nw_mpmc_register(&producers[5], mpmc), ==, -ENOSPC);
	CHECK(nw_mpmc_push(&one_more, item(1)) && nw_mpmc_pop(mpmc, &got) && got == item(1));
	nw_mpmc_destroy(mpmc);
}

TEST(a_handle_may_be_given_back_while_its_items_are_inside)
{
	struct nw_mpmc *mpmc = new_mpmc(4, 1);
	void *got;

	for (uint64_t i = 0; i < 100; i++) {
		struct nw_mpmc_producer producer = producer_of(mpmc);

		CHECK(nw_mpmc_push(&producer, item(2 * i)));
		CHECK(nw_mpmc_push(&producer, item(2 * i + 1)));
		nw_mpmc_unregister(&producer);
		CHECK(!producer.mpmc);
		CHECK(nw_mpmc_pop(mpmc, &got) && got == item(2 * i));
		CHECK(nw_mpmc_pop(mpmc, &got) && got == item(2 * i + 1));
	}
	nw_mpmc_destroy(mpmc);
}

TEST(lives_in_the_callers_memory)
{
	alignas(NW_CACHE_PAIR) static unsigned char room[4096];
	struct nw_mpmc *mpmc = NULL;
	struct nw_mpmc_producer producer;
	size_t n_bytes = nw_mpmc_bytes(16, 2);

	CHECK_INT(n_bytes, <=, sizeof(room));
	CHECK_INT(n_bytes % NW_CACHE_PAIR, ==, 0);
	memset(room, 0xa5, sizeof(room));
	CHECK_INT(nw_mpmc_init(&mpmc, room, n_bytes - 1, 16, 2), ==, -ENOSPC);
	CHECK_INT(nw_mpmc_init(&mpmc, room + 8, n_bytes, 16, 2), ==, -EINVAL);
	CHECK_INT(nw_mpmc_init(&mpmc, room, n_bytes, 15, 2), ==, -EINVAL);
	CHECK_INT(nw_mpmc_init(&mpmc, room, n_bytes, 16, 0), ==, -EINVAL);
	CHECK(!mpmc);
	CHECK_INT(nw_mpmc_init(&mpmc, room, n_bytes, 16, 2), ==, 0);
	CHECK(nw_mpmc_memory(mpmc) == NULL);
	producer = producer_of(mpmc);
	go_round(mpmc, &producer);
	nw_mpmc_fini(mpmc);
	for (size_t i = n_bytes; i < sizeof(room); i++)
		CHECK_INT(room[i], ==, 0xa5);
}

TEST(says_where_its_memory_is)
{
	struct nw_mpmc *mpmc;

	CHECK_INT(nw_mpmc_create(&mpmc, 4, 1, (nw_node){ 0 }), ==, 0);
	CHECK(nw_mpmc_memory(mpmc)->base == mpmc);
	CHECK_INT(nw_mpmc_memory(mpmc)->node.id, ==, 0);
	CHECK(nw_mpmc_memory(mpmc)->level == NW_MEM_BOUND || nw_mpmc_memory(mpmc)->reason != 0);
	nw_mpmc_destroy(mpmc);
	nw_mpmc_destroy(NULL);
	nw_mpmc_fini(NULL);
	CHECK_INT(nw_mpmc_create(&mpmc, 4, 1, (nw_node){ NW_NODE_ID_MAX }), <, 0);
}
