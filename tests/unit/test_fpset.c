/* SPDX-License-Identifier: MIT */
/* The fingerprint set against a sorted array, at capacities where every insert meets an edge. */
#include "base/prng.h"
#include "nw_test.h"

#include <errno.h>
#include <nw/fpset.h>

enum { N = 20000 };

static struct nw_fpset *create(uint32_t parties, uint64_t slots, uint32_t block)
{
	struct nw_fpset_options o = { .node = NW_NODE_ANY,
				      .party_count = parties,
				      .slots_min = slots,
				      .block_slots = block };
	struct nw_fpset *set;

	CHECK_INT(nw_fpset_create(&set, &o), ==, 0);
	return set;
}

static bool insert(struct nw_fpset *set, uint64_t fp)
{
	uint64_t is_new;

	CHECK_INT(nw_fpset_insert(set, 0, &fp, 1, &is_new), ==, 0);
	return is_new & 1;
}

TEST(rejects_bad_sizes)
{
	static const struct nw_fpset_options bad[] = {
		{ .party_count = 0 },
		{ .party_count = NW_FPSET_PARTIES_MAX + 1 },
		{ .party_count = 1, .slots_min = 7 },
		{ .party_count = 1, .block_slots = 4 },
		{ .party_count = 1, .block_slots = 100 },
		{ .party_count = 1, .block_slots = 1u << 21 },
	};
	struct nw_fpset *set = (void *)&bad;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_fpset_create(&set, &bad[i]), ==, -EINVAL);
		CHECK(set == (void *)&bad);
	}
	nw_fpset_destroy(NULL);
}

static void check_grows(uint32_t parties, uint64_t slots, uint32_t block)
{
	struct nw_fpset *set = create(parties, slots, block);
	struct nwi_prng prng;
	struct nw_fpset_stats stats;

	nwi_prng_init(&prng, 7);
	for (int i = 0; i < N; i++)
		CHECK(insert(set, nwi_prng_next(&prng)));
	nwi_prng_init(&prng, 7);
	for (int i = 0; i < N; i++) {
		uint64_t fp = nwi_prng_next(&prng);

		CHECK(nw_fpset_contains(set, 0, fp));
		CHECK(!insert(set, fp));
		CHECK(!nw_fpset_contains(set, 0, fp + 1));
	}
	nw_fpset_stats(set, &stats);
	CHECK_INT(stats.count, ==, N);
	CHECK_INT(stats.slot_count, >=, N);
	CHECK_INT(stats.n_bytes, >=, 8 * stats.slot_count);
	CHECK_INT(stats.split_count, >, 0);
	nw_fpset_destroy(set);
}

TEST(grows_from_eight_slots_owner_only)
{
	check_grows(1, 8, 8);
}

TEST(grows_from_eight_slots_shared)
{
	check_grows(3, 8, 8);
}

TEST(grows_with_sampled_load)
{
	check_grows(1, 4096, 4096);
	check_grows(2, 4096, 4096);
}

TEST(keeps_reserved_values_apart_from_empty)
{
	struct nw_fpset *set = create(1, 8, 8);

	CHECK(!nw_fpset_contains(set, 0, 0));
	CHECK(insert(set, 0));
	CHECK(!insert(set, 0));
	CHECK(insert(set, 1));
	CHECK(!insert(set, 1));
	CHECK(insert(set, 2));
	CHECK(insert(set, UINT64_MAX));
	CHECK(!insert(set, UINT64_MAX));
	CHECK(nw_fpset_contains(set, 0, 0));
	nw_fpset_destroy(set);
}

TEST(of_equals_in_one_batch_one_is_new)
{
	for (uint32_t parties = 1; parties <= 2; parties++) {
		struct nw_fpset *set = create(parties, 8, 8);
		uint64_t fps[NW_FPSET_BATCH_MAX], is_new[NW_FPSET_BATCH_MAX / 64];
		int n = 0;

		for (uint64_t i = 0; i < NW_FPSET_BATCH_MAX; i++)
			fps[i] = nwi_mix64(i / 4);
		CHECK_INT(nw_fpset_insert(set, 0, fps, NW_FPSET_BATCH_MAX, is_new), ==, 0);
		for (int i = 0; i < NW_FPSET_BATCH_MAX / 64; i++)
			n += __builtin_popcountll(is_new[i]);
		CHECK_INT(n, ==, NW_FPSET_BATCH_MAX / 4);
		nw_fpset_destroy(set);
	}
}

/* Fingerprints that agree in all low bits: only deep splits tell them apart. */
TEST(splits_until_it_can_tell_apart)
{
	struct nw_fpset *set = create(1, 8, 8);

	for (uint64_t i = 0; i < 64; i++)
		CHECK(insert(set, i << 14 | UINT64_C(5) << 40 | 5));
	for (uint64_t i = 0; i < 64; i++)
		CHECK(nw_fpset_contains(set, 0, i << 14 | UINT64_C(5) << 40 | 5));
	nw_fpset_destroy(set);
}

struct budget {
	int64_t used, max;
};

static bool reserve(void *arg, int64_t n_bytes)
{
	struct budget *b = arg;

	if (n_bytes > 0 && b->used + n_bytes > b->max)
		return false;
	b->used += n_bytes;
	return true;
}

TEST(says_no_memory_and_gives_all_back)
{
	struct budget budget = { 0, 1 << 20 };
	struct nw_fpset_options o = { .node = NW_NODE_ANY,
				      .party_count = 1,
				      .slots_min = 8,
				      .block_slots = 8,
				      .reserve = reserve,
				      .arg = &budget };
	struct nw_fpset *set;
	uint64_t is_new, n = 0, fp;
	int rc;

	CHECK_INT(nw_fpset_create(&set, &o), ==, 0);
	do {
		fp = nwi_mix64(++n);
		rc = nw_fpset_insert(set, 0, &fp, 1, &is_new);
	} while (rc == 0);
	CHECK_INT(rc, ==, -ENOMEM);
	CHECK_INT(n, >, 10000);
	CHECK_INT(budget.used, <=, budget.max + 8192);
	for (uint64_t i = 1; i < n; i++)
		CHECK(nw_fpset_contains(set, 0, nwi_mix64(i)));
	nw_fpset_destroy(set);
	CHECK_INT(budget.used, ==, 0);
}

TEST(memory_stays_in_proportion)
{
	struct nw_fpset *set = create(1, 0, 0);
	struct nw_fpset_stats stats;
	uint64_t fps[64], is_new;

	for (uint64_t at = 0; at < UINT64_C(1) << 21; at += 64) {
		for (uint64_t i = 0; i < 64; i++)
			fps[i] = nwi_mix64(at + i);
		CHECK_INT(nw_fpset_insert(set, 0, fps, 64, &is_new), ==, 0);
		CHECK(is_new == UINT64_MAX);
	}
	nw_fpset_stats(set, &stats);
	CHECK_INT(stats.slot_count, >=, stats.count * 4 / 3 - stats.count / 10);
	CHECK_INT(stats.slot_count, <=, stats.count * 3);
	CHECK_INT(stats.n_bytes, <=, stats.slot_count * 8 + stats.slot_count / 16);
	CHECK_INT(stats.n_bytes, <=, stats.count * 28);
	nw_fpset_destroy(set);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void check_scan(uint32_t parties, uint64_t slots, uint32_t block, size_t at_once)
{
	static uint64_t put[N], got[N + 1000];
	struct nw_fpset *set = create(parties, slots, block);
	struct nw_fpset_cursor cursor = { 0 };
	struct nwi_prng prng;
	size_t count = 0, n;

	nwi_prng_init(&prng, 11);
	for (size_t i = 0; i < N; i++) {
		put[i] = nwi_prng_next(&prng);
		CHECK(insert(set, put[i]));
	}
	while ((n = nw_fpset_scan(set, &cursor, got + count, at_once)) > 0) {
		CHECK_INT(n, <=, at_once);
		count += n;
		CHECK_INT(count, <=, N);
	}
	CHECK_INT(count, ==, N);
	CHECK_INT(nw_fpset_scan(set, &cursor, got, at_once), ==, 0);
	qsort(put, N, sizeof(put[0]), compare);
	qsort(got, N, sizeof(got[0]), compare);
	CHECK(memcmp(put, got, sizeof(put)) == 0);
	nw_fpset_destroy(set);
}

TEST(a_scan_reads_each_fingerprint_once)
{
	check_scan(1, 8, 8, 1);
	check_scan(1, 8, 64, 7);
	check_scan(3, 8, 8, 1000);
	check_scan(2, 1 << 16, 4096, 1000);
}

TEST(a_scan_of_an_empty_set_reads_nothing)
{
	struct nw_fpset *set = create(1, 8, 8);
	struct nw_fpset_cursor cursor = { 0 };
	uint64_t fp;

	CHECK_INT(nw_fpset_scan(set, &cursor, &fp, 1), ==, 0);
	nw_fpset_destroy(set);
}
