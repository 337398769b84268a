/* SPDX-License-Identifier: MIT */
/* The deque on one thread: both ends, growth, its bound, and what a steal says. */
#include "nw_test.h"

#include <errno.h>
#include <nw/deque.h>

static struct nw_hazard *domain;
static struct nw_hazard_thread *thread;

static struct nw_deque *new_deque(uint32_t slot_count, uint32_t slot_count_max)
{
	struct nw_deque *deque;

	if (!domain) {
		CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, NULL), ==, 0);
		CHECK_INT(nw_hazard_register(&thread, domain), ==, 0);
	}
	CHECK_INT(nw_deque_create(&deque, NW_NODE_ANY, slot_count, slot_count_max), ==, 0);
	return deque;
}

static void end(struct nw_deque *deque)
{
	nw_deque_destroy(deque);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(domain);
}

static void *item(uint64_t i)
{
	return (void *)(uintptr_t)i;
}

static void push(struct nw_deque *deque, uint64_t i)
{
	CHECK(nw_deque_push(deque, thread, item(i)));
}

static uint64_t pop(struct nw_deque *deque)
{
	void *got = NULL;

	CHECK(nw_deque_pop(deque, &got));
	return (uintptr_t)got;
}

static uint64_t steal(struct nw_deque *deque)
{
	void *got = NULL;

	CHECK_INT(nw_deque_steal(deque, thread, &got), ==, NW_DEQUE_STOLEN);
	return (uintptr_t)got;
}

static void check_is_empty(struct nw_deque *deque)
{
	enum nw_deque_steal why = NW_DEQUE_STOLEN;
	void *got = deque, *burst[2] = { deque, deque };

	CHECK(!nw_deque_pop(deque, &got));
	CHECK_INT(nw_deque_steal(deque, thread, &got), ==, NW_DEQUE_EMPTY);
	CHECK_INT(nw_deque_steal_half(deque, thread, burst, 2, &why), ==, 0);
	CHECK_INT(why, ==, NW_DEQUE_EMPTY);
	CHECK(got == deque && burst[0] == deque);
	CHECK_INT(nw_deque_count(deque), ==, 0);
}

TEST(create_rejects_bad_counts)
{
	static const uint32_t bad[] = { 0, 1, 3, 6, (1u << 30) + 1, 1u << 31, UINT32_MAX };
	struct nw_deque *deque = (void *)&bad; /* any value: must stay as it is */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_deque_create(&deque, NW_NODE_ANY, bad[i], 1u << 30), ==, -EINVAL);
		CHECK_INT(nw_deque_create(&deque, NW_NODE_ANY, 2, bad[i]), ==, -EINVAL);
	}
	CHECK_INT(nw_deque_create(&deque, NW_NODE_ANY, 8, 4), ==, -EINVAL);
	CHECK_INT(nw_deque_create(&deque, (nw_node){ 1000 }, 2, 2), ==, -ENODEV);
	CHECK(deque == (void *)&bad);
	nw_deque_destroy(NULL);
}

TEST(a_fresh_deque_is_empty_to_both_sides)
{
	struct nw_deque *deque = new_deque(2, 2);

	for (int i = 0; i < 3; i++)
		check_is_empty(deque);
	CHECK(nw_deque_memory(deque)->base);
	end(deque);
}

TEST(the_owner_gets_the_newest_a_thief_the_oldest)
{
	struct nw_deque *deque = new_deque(8, 8);

	for (uint64_t i = 1; i <= 6; i++)
		push(deque, i);
	CHECK_INT(nw_deque_count(deque), ==, 6);
	CHECK_INT(pop(deque), ==, 6);
	CHECK_INT(steal(deque), ==, 1);
	CHECK_INT(steal(deque), ==, 2);
	CHECK_INT(pop(deque), ==, 5);
	CHECK_INT(steal(deque), ==, 3);
	CHECK_INT(pop(deque), ==, 4);
	check_is_empty(deque);
	push(deque, 7);
	CHECK_INT(steal(deque), ==, 7);
	check_is_empty(deque);
	push(deque, 8);
	CHECK_INT(pop(deque), ==, 8);
	check_is_empty(deque);
	end(deque);
}

TEST(null_is_an_item)
{
	struct nw_deque *deque = new_deque(2, 2);
	void *got = deque;

	CHECK(nw_deque_push(deque, thread, NULL));
	CHECK(nw_deque_pop(deque, &got));
	CHECK(got == NULL);
	check_is_empty(deque);
	end(deque);
}

TEST(fills_to_its_bound_then_refuses)
{
	struct nw_deque *deque = new_deque(2, 16);

	for (uint64_t i = 0; i < 16; i++)
		push(deque, i);
	CHECK_INT(nw_deque_slot_count(deque), ==, 16);
	CHECK(!nw_deque_push(deque, thread, item(16)));
	CHECK_INT(nw_deque_count(deque), ==, 16);
	CHECK_INT(steal(deque), ==, 0);
	push(deque, 16); /* the slot of the oldest is free again */
	CHECK(!nw_deque_push(deque, thread, item(17)));
	for (uint64_t i = 16; i > 0; i--)
		CHECK_INT(pop(deque), ==, i);
	check_is_empty(deque);
	end(deque);
}

/* From every position of top, so that items lie over the end of the old slots. */
TEST(growth_keeps_every_item_in_its_place)
{
	for (uint64_t first = 0; first < 9; first++) {
		struct nw_deque *deque = new_deque(2, 64);

		for (uint64_t i = 0; i < first; i++) {
			push(deque, i);
			CHECK_INT(steal(deque), ==, i);
		}
		CHECK_INT(nw_deque_slot_count(deque), ==, 2);
		for (uint64_t i = first; i < first + 33; i++)
			push(deque, i);
		CHECK_INT(nw_deque_slot_count(deque), ==, 64);
		for (uint64_t i = 0; i < 16; i++) {
			CHECK_INT(steal(deque), ==, first + i);
			CHECK_INT(pop(deque), ==, first + 32 - i);
		}
		CHECK_INT(pop(deque), ==, first + 16);
		check_is_empty(deque);
		nw_deque_destroy(deque);
	}
	nw_hazard_unregister(thread);
	nw_hazard_destroy(domain);
}

TEST(outgrown_slots_are_reclaimed)
{
	struct nw_deque *deque = new_deque(2, 1024);
	struct nw_hazard_stats stats;

	for (uint64_t i = 0; i < 1024; i++)
		push(deque, i);
	nw_hazard_barrier(thread);
	nw_hazard_stats(domain, &stats);
	CHECK_INT(stats.retired_count, ==, 9); /* 2, 4, ... 512 */
	CHECK_INT(stats.reclaimed_count, ==, 9);
	end(deque);
}

TEST(half_is_rounded_up_and_oldest_first)
{
	struct nw_deque *deque = new_deque(2, 64);
	enum nw_deque_steal why = NW_DEQUE_ABORT;
	void *got[8] = { NULL };

	for (uint64_t i = 1; i <= 7; i++)
		push(deque, i);
	CHECK_INT(nw_deque_steal_half(deque, thread, got, 8, &why), ==, 4);
	CHECK_INT(why, ==, NW_DEQUE_STOLEN);
	for (uint64_t i = 1; i <= 4; i++)
		CHECK(got[i - 1] == item(i));
	CHECK(got[4] == NULL);
	CHECK_INT(nw_deque_steal_half(deque, thread, got, 1, &why), ==, 1);
	CHECK(got[0] == item(5));
	CHECK_INT(nw_deque_steal_half(deque, thread, got, 8, &why), ==, 1);
	CHECK_INT(nw_deque_steal_half(deque, thread, got, 8, &why), ==, 1);
	CHECK(got[0] == item(7));
	check_is_empty(deque);
	end(deque);
}

/* Against a model: an array with two ends. */
TEST(random_calls_agree_with_an_array)
{
	enum { ROUNDS = 100000, ITEMS_MAX = 200 };
	struct nw_deque *deque = new_deque(2, 256);
	static uint64_t model[ROUNDS];
	uint64_t lo = 0, hi = 0, seed = nw_test_seed();

	for (uint64_t i = 0; i < ROUNDS; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		switch (seed >> 62) {
		case 0:
			if (hi > lo)
				CHECK_INT(pop(deque), ==, model[--hi]);
			break;
		case 1:
			if (hi > lo)
				CHECK_INT(steal(deque), ==, model[lo++]);
			break;
		default:
			if (hi - lo < ITEMS_MAX) {
				push(deque, i);
				model[hi++] = i;
			}
			break;
		}
		CHECK_INT(nw_deque_count(deque), ==, hi - lo);
	}
	end(deque);
}
