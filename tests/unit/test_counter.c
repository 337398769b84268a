/* SPDX-License-Identifier: MIT */
/* Striped counters on one thread: sums, differences, where stripes lie, and failures to map. */
#include "nw_test.h"

#include "lib/fault.h"

#include <errno.h>
#include <nw/counter.h>

static const nw_node anywhere[5] = { { -1 }, { -1 }, { -1 }, { -1 }, { -1 } };

static struct nw_counter *new_counter(uint32_t counter_count, uint32_t stripe_count)
{
	struct nw_counter *counter;

	CHECK_INT(nw_counter_create(&counter, counter_count, anywhere, stripe_count), ==, 0);
	return counter;
}

TEST(create_rejects_bad_counts)
{
	struct nw_counter *counter = (void *)&anywhere;

	CHECK_INT(nw_counter_create(&counter, 0, anywhere, 1), ==, -EINVAL);
	CHECK_INT(nw_counter_create(&counter, 1025, anywhere, 1), ==, -EINVAL);
	CHECK_INT(nw_counter_create(&counter, 1, anywhere, 0), ==, -EINVAL);
	CHECK_INT(nw_counter_create(&counter, 1, anywhere, 4097), ==, -EINVAL);
	CHECK_INT(nw_counter_create(&counter, 1, &(nw_node){ NW_NODE_ID_MAX }, 1), <, 0);
	CHECK(counter == (void *)&anywhere);
	nw_counter_destroy(NULL);
}

/* 15 counters fill a stripe of one pair of lines, 16 need two. */
TEST(sums_are_what_was_added)
{
	static const uint32_t sizes[] = { 1, 15, 16, 40 };

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct nw_counter *counter = new_counter(sizes[s], 5);
		uint64_t sums[40] = { 0 };

		for (uint32_t k = 0; k < sizes[s]; k++)
			for (uint32_t i = 0; i < 5; i++) {
				nw_counter_add(nw_counter_stripe_at(counter, i), k, 10 * k + i);
				nw_counter_add_shared(counter, k, 100);
			}
		nw_counter_sums(counter, sums);
		for (uint32_t k = 0; k < sizes[s]; k++) {
			CHECK_INT(nw_counter_sum(counter, k), ==, 50 * k + 10 + 500);
			CHECK_INT(sums[k], ==, 50 * k + 10 + 500);
		}
		nw_counter_destroy(counter);
	}
}

TEST(adding_minus_one_subtracts)
{
	struct nw_counter *counter = new_counter(1, 2);

	nw_counter_add(nw_counter_stripe_at(counter, 0), 0, 3);
	nw_counter_add(nw_counter_stripe_at(counter, 1), 0, UINT64_MAX);
	nw_counter_add_shared(counter, 0, (uint64_t)-2);
	CHECK_INT(nw_counter_sum(counter, 0), ==, 0);
	nw_counter_destroy(counter);
}

TEST(each_reader_has_differences_of_its_own)
{
	struct nw_counter *counter = new_counter(1, 1);
	struct nw_counter_stripe *stripe = nw_counter_stripe_at(counter, 0);
	uint64_t mine = 0, yours = 0;

	nw_counter_add(stripe, 0, 5);
	CHECK_INT(nw_counter_delta(counter, 0, &mine), ==, 5);
	nw_counter_add(stripe, 0, 2);
	CHECK_INT(nw_counter_delta(counter, 0, &mine), ==, 2);
	CHECK_INT(nw_counter_delta(counter, 0, &mine), ==, 0);
	CHECK_INT(nw_counter_delta(counter, 0, &yours), ==, 7);
	CHECK_INT(mine, ==, 7);
	nw_counter_destroy(counter);
}

/* Past 2^64 the difference is still right. */
TEST(differences_survive_the_wrap)
{
	struct nw_counter *counter = new_counter(1, 1);
	uint64_t last = 0;

	nw_counter_add_shared(counter, 0, UINT64_MAX - 1);
	CHECK(nw_counter_delta(counter, 0, &last) == UINT64_MAX - 1);
	nw_counter_add_shared(counter, 0, 5);
	CHECK_INT(nw_counter_delta(counter, 0, &last), ==, 5);
	nw_counter_destroy(counter);
}

TEST(stripes_share_no_pair_of_lines_and_lie_on_their_node)
{
	static const nw_node nodes[3] = { { 0 }, { -1 }, { 0 } };
	struct nw_counter *counter;
	uintptr_t at[3];

	CHECK_INT(nw_counter_create(&counter, 16, nodes, 3), ==, 0);
	for (uint32_t i = 0; i < 3; i++) {
		const struct nw_mem *mem = nw_counter_memory(counter, i);

		at[i] = (uintptr_t)nw_counter_stripe_at(counter, i);
		CHECK_INT(at[i] % NW_CACHE_PAIR, ==, 0);
		CHECK(at[i] >= (uintptr_t)mem->base);
		CHECK(at[i] + 17 * 8 <= (uintptr_t)mem->base + mem->n_bytes);
		CHECK_INT(mem->node.id, ==, nodes[i].id);
	}
	CHECK(nw_counter_memory(counter, 0) == nw_counter_memory(counter, 2));
	CHECK(nw_counter_memory(counter, 0) != nw_counter_memory(counter, 1));
	CHECK_INT(at[2] - at[0], ==, 2 * NW_CACHE_PAIR);
	nw_counter_destroy(counter);
}

TEST(a_block_that_cannot_be_mapped_leaves_nothing_behind)
{
	static const nw_node nodes[2] = { { -1 }, { 0 } };
	struct nw_counter *counter = (void *)&nodes;
	long before = fault_mapped_bytes();

	for (unsigned nth = 1; nth <= 2; nth++) {
		fault_set(FAULT_MMAP, nth, 100, ENOMEM);
		CHECK_INT(nw_counter_create(&counter, 1, nodes, 2), ==, -ENOMEM);
		CHECK(counter == (void *)&nodes);
		CHECK_INT(fault_mapped_bytes(), ==, before);
	}
	fault_clear();
	CHECK_INT(nw_counter_create(&counter, 1, nodes, 2), ==, 0);
	nw_counter_destroy(counter);
	CHECK_INT(fault_mapped_bytes(), ==, before);
}
