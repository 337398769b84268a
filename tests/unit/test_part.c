/* SPDX-License-Identifier: MIT */
/*
 * Partitioners, by their properties: every item has one home, counts differ by what the
 * header promises, hashes spread evenly and independently of the low bits.
 */
#include "nw_test.h"

#include "base/bits.h"
#include "base/prng.h"

#include <errno.h>
#include <nw/part.h>

enum { PARTS_MAX = 40 };

TEST(round_robin_gives_each_part_the_same_or_one_more)
{
	for (uint32_t parts = 1; parts <= PARTS_MAX; parts++) {
		uint32_t counts[PARTS_MAX] = { 0 };

		for (uint64_t i = 0; i < 1000; i++)
			counts[nw_part_round_robin(i, parts)]++;
		for (uint32_t p = 0; p < parts; p++)
			CHECK_INT(counts[p] - 1000 / parts, <=, 1);
	}
}

/* Blocks follow one another without a gap, and each item's home is the block it lies in. */
static void check_blocks(uint64_t items, uint32_t parts)
{
	uint64_t next = 0;

	for (uint32_t p = 0; p < parts; p++) {
		struct nw_part_range range = nw_part_block(items, parts, p);

		CHECK_INT(range.first_idx, ==, next);
		CHECK(range.count == items / parts || range.count == items / parts + 1);
		next += range.count;
		if (range.count == 0)
			continue;
		CHECK_INT(nw_part_block_of(range.first_idx, items, parts), ==, p);
		CHECK_INT(nw_part_block_of(next - 1, items, parts), ==, p);
	}
	CHECK(next == items);
}

TEST(blocks_cover_every_item_once)
{
	static const uint64_t large[] = {
		UINT32_MAX,
		UINT64_C(1) << 32,
		UINT64_MAX - 1,
		UINT64_MAX,
	};

	for (uint32_t parts = 1; parts <= PARTS_MAX; parts++) {
		for (uint64_t items = 0; items < 200; items++)
			check_blocks(items, parts);
		for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
			check_blocks(large[i], parts);
	}
	check_blocks(3, UINT32_MAX >> 12);
}

TEST(hashes_cover_the_range_and_nothing_else)
{
	for (uint32_t parts = 1; parts <= PARTS_MAX; parts++) {
		CHECK_INT(nw_part_hash(0, parts), ==, 0);
		CHECK_INT(nw_part_hash(UINT64_MAX, parts), ==, parts - 1);
		CHECK_INT(nw_part_hash_sub(UINT64_MAX, parts, 7), <=, 6);
		CHECK_INT(nw_part_hash_sub(0, parts, 7), ==, 0);
	}
	CHECK_INT(nw_part_hash(UINT64_MAX, UINT32_MAX), ==, UINT32_MAX - 1);
}

TEST(the_low_half_of_a_hash_does_not_matter)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 10000; i++) {
		uint64_t hash = nwi_prng_next(&prng), other = hash ^ (nwi_prng_next(&prng) >> 32);
		uint32_t parts = 1 + nwi_prng_below(&prng, PARTS_MAX);

		CHECK_INT(nw_part_hash(hash, parts), ==, nw_part_hash(other, parts));
		CHECK_INT(nw_part_hash_sub(hash, parts, 5), ==, nw_part_hash_sub(other, parts, 5));
	}
}

/* Chi-squared over (node, worker, low bits): the three are independent. 6*5*8 - 1 = 239
 * degrees of freedom, so 350 is six standard deviations up; the seed is fixed. */
TEST(node_worker_and_slot_are_independent)
{
	enum { NODES = 6, WORKERS = 5, SLOTS = 8, CELLS = NODES * WORKERS * SLOTS };
	static uint32_t counts[CELLS];
	const double expected = 1000;
	struct nwi_prng prng;
	double chi2 = 0;

	nwi_prng_init(&prng, 2);
	for (int i = 0; i < CELLS * 1000; i++) {
		uint64_t hash = nwi_prng_next(&prng);
		uint32_t node = nw_part_hash(hash, NODES);
		uint32_t worker = nw_part_hash_sub(hash, NODES, WORKERS);

		counts[(node * WORKERS + worker) * SLOTS + (uint32_t)(hash % SLOTS)]++;
	}
	for (int i = 0; i < CELLS; i++)
		chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
	if (chi2 > 350 || chi2 < 140)
		FAIL("chi squared is %g", chi2);
}

__extension__ typedef unsigned __int128 u128;

/* Each count is within one of its exact share: |count * sum - items * weight| < sum. */
static void check_weights(const uint64_t *weights, uint32_t parts, uint64_t items)
{
	uint64_t counts[PARTS_MAX], sum = 0, total = 0;

	for (uint32_t p = 0; p < parts; p++)
		sum += weights[p];
	CHECK_INT(nw_part_weights(weights, parts, items, counts), ==, 0);
	for (uint32_t p = 0; p < parts; p++) {
		u128 got = (u128)counts[p] * sum, exact = (u128)items * weights[p];

		CHECK((got > exact ? got - exact : exact - got) < sum);
		CHECK(weights[p] > 0 || counts[p] == 0);
		if (counts[p] > 0) {
			CHECK_INT(nw_part_weighted_of(counts, parts, total), ==, p);
			CHECK_INT(nw_part_weighted_of(counts, parts, total + counts[p] - 1), ==, p);
		}
		total += counts[p];
	}
	CHECK(total == items);
}

TEST(weights_are_met_within_one_item)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + 2);
	for (int round = 0; round < 3000; round++) {
		uint32_t parts = 1 + nwi_prng_below(&prng, PARTS_MAX);
		uint64_t weights[PARTS_MAX];
		/* From tiny weights, with zeros, to ones whose sum just fits. */
		unsigned shift = 6 + nwi_prng_below(&prng, 58);

		for (uint32_t p = 0; p < parts; p++)
			weights[p] = nwi_prng_next(&prng) >> shift;
		weights[nwi_prng_below(&prng, parts)] |= 1;
		check_weights(weights, parts, nwi_prng_next(&prng) >> nwi_prng_below(&prng, 64));
	}
}

TEST(equal_weights_are_blocks)
{
	static const uint64_t weights[7] = { 5, 5, 5, 5, 5, 5, 5 };
	uint64_t counts[7];

	CHECK_INT(nw_part_weights(weights, 7, 100, counts), ==, 0);
	for (uint32_t p = 0; p < 7; p++)
		CHECK_INT(counts[p], ==, nw_part_block(100, 7, p).count);
}

TEST(weights_that_say_nothing_are_refused)
{
	static const uint64_t zeros[2] = { 0, 0 }, huge[2] = { UINT64_MAX, 1 };
	uint64_t counts[2] = { 77, 78 };

	CHECK_INT(nw_part_weights(zeros, 2, 10, counts), ==, -EINVAL);
	CHECK_INT(nw_part_weights(zeros, 0, 10, counts), ==, -EINVAL);
	CHECK_INT(nw_part_weights(huge, 2, 10, counts), ==, -EOVERFLOW);
	CHECK(counts[0] == 77 && counts[1] == 78);
}

TEST(powers_of_two_and_rounding)
{
	CHECK(!nwi_is_pow2(0) && nwi_is_pow2(1) && !nwi_is_pow2(3));
	CHECK(nwi_is_pow2(UINT64_C(1) << 63));
	CHECK(nwi_next_pow2(0) == 1 && nwi_next_pow2(1) == 1 && nwi_next_pow2(5) == 8);
	CHECK(nwi_next_pow2(UINT64_C(1) << 63) == UINT64_C(1) << 63);
	CHECK(nwi_ilog2(1) == 0 && nwi_ilog2(255) == 7 && nwi_ilog2(UINT64_MAX) == 63);
	CHECK(nwi_round_up(0, 4) == 0 && nwi_round_up(5, 4) == 8 && nwi_round_up(9, 3) == 9);
	CHECK(nwi_round_up_fits(UINT64_MAX - 3, 4) && !nwi_round_up_fits(UINT64_MAX - 2, 4));
}

/* The published first outputs of splitmix64 from 1234567: the generator is that one. */
TEST(splitmix64_is_the_published_one)
{
	uint64_t state = 1234567;

	CHECK(nwi_splitmix64(&state) == UINT64_C(6457827717110365317));
	CHECK(nwi_splitmix64(&state) == UINT64_C(3203168211198807973));
	CHECK(nwi_splitmix64(&state) == UINT64_C(9817491932198370423));
}
