/* SPDX-License-Identifier: MIT */
/*
 * src/sched/order: what comes next in each of the five orders, and how fair that is.
 */
#include "nw_test.h"

#include "base/prng.h"
#include "sched/order.h"

#include <math.h>

enum { ITEMS_MAX = 4096, CLASSES_MAX = 64 };

struct bench {
	struct nwi_order *order;
	struct nwi_order_item items[ITEMS_MAX];
};

static void make(struct bench *bench, const struct nwi_order_options *options)
{
	void *memory = malloc(nwi_order_bytes(options->class_count));

	CHECK(memory);
	memset(bench->items, 0, sizeof(bench->items));
	bench->order = nwi_order_init(memory, options);
}

static void drop(struct bench *bench)
{
	free(bench->order);
}

static uint32_t idx_of(const struct bench *bench, const struct nwi_order_item *item)
{
	return (uint32_t)(item - bench->items);
}

/* One item in each class, put back as soon as it was got: every class is always ready. */
static void fill_classes(struct bench *bench, uint32_t class_count)
{
	for (uint32_t i = 0; i < class_count; i++) {
		bench->items[i].class_idx = i;
		nwi_order_put(bench->order, &bench->items[i]);
	}
}

static uint32_t turn(struct bench *bench)
{
	struct nwi_order_item *item = nwi_order_get(bench->order, NULL, NULL);

	CHECK(item);
	nwi_order_put(bench->order, item);
	return item->class_idx;
}

TEST(orders_have_names_and_back)
{
	enum nwi_order_kind kind;

	for (uint32_t i = 0; i < NWI_ORDER_KIND_COUNT; i++) {
		CHECK(nwi_order_by_name(nwi_order_name((enum nwi_order_kind)i), &kind));
		CHECK_INT(kind, ==, i);
	}
	CHECK(!nwi_order_name(NWI_ORDER_KIND_COUNT));
	CHECK(!nwi_order_by_name("hybrid", &kind));
}

TEST(an_order_has_1_to_1024_classes)
{
	CHECK_INT(nwi_order_bytes(0), ==, 0);
	CHECK_INT(nwi_order_bytes(1), >, 0);
	CHECK_INT(nwi_order_bytes(NWI_ORDER_CLASSES_MAX), >, 0);
	CHECK_INT(nwi_order_bytes(NWI_ORDER_CLASSES_MAX + 1), ==, 0);
}

TEST(an_empty_order_gives_nothing)
{
	static struct bench bench;

	for (uint32_t kind = 0; kind < NWI_ORDER_KIND_COUNT; kind++) {
		struct nwi_order_options options = { .kind = (enum nwi_order_kind)kind,
						     .class_count = 3 };

		make(&bench, &options);
		CHECK(!nwi_order_get(bench.order, NULL, NULL));
		nwi_order_put(bench.order, &bench.items[0]);
		CHECK(nwi_order_get(bench.order, NULL, NULL) == &bench.items[0]);
		CHECK(!nwi_order_get(bench.order, NULL, NULL));
		CHECK_INT(nwi_order_count(bench.order), ==, 0);
		drop(&bench);
	}
}

TEST(priority_then_path_then_first_put)
{
	static struct bench bench;
	static const int32_t priorities[] = { 0, 5, 5, INT32_MIN, 5, INT32_MAX };
	static const uint64_t paths[] = { 9, 1, UINT64_MAX, 0, 1, 0 };
	static const uint32_t expected[] = { 5, 2, 1, 4, 0, 3 };
	struct nwi_order_options options = { .kind = NWI_ORDER_PRIORITY, .class_count = 1 };

	make(&bench, &options);
	for (uint32_t i = 0; i < 6; i++) {
		bench.items[i].priority = priorities[i];
		bench.items[i].path = paths[i];
		nwi_order_put(bench.order, &bench.items[i]);
	}
	for (uint32_t i = 0; i < 6; i++)
		CHECK_INT(idx_of(&bench, nwi_order_get(bench.order, NULL, NULL)), ==, expected[i]);
	drop(&bench);
}

/* The best of those inside, by looking at all. */
static uint32_t best_inside(const struct bench *bench, const bool *is_inside)
{
	uint32_t best = ITEMS_MAX;

	for (uint32_t i = 0; i < ITEMS_MAX; i++) {
		const struct nwi_order_item *a = &bench->items[i], *b = &bench->items[best];

		if (!is_inside[i])
			continue;
		if (best == ITEMS_MAX || a->priority > b->priority ||
		    (a->priority == b->priority && a->path > b->path) ||
		    (a->priority == b->priority && a->path == b->path && a->put_idx < b->put_idx))
			best = i;
	}
	return best;
}

TEST(the_heap_agrees_with_looking_at_all)
{
	static struct bench bench;
	static bool is_inside[ITEMS_MAX];
	struct nwi_order_options options = { .kind = NWI_ORDER_PRIORITY, .class_count = 1 };
	struct nwi_prng prng;
	uint32_t put = 0;

	make(&bench, &options);
	nwi_prng_init(&prng, nw_test_seed());
	while (put < ITEMS_MAX || nwi_order_count(bench.order) > 0) {
		if (put < ITEMS_MAX && nwi_prng_below(&prng, 5) < 3) {
			bench.items[put].priority = (int32_t)nwi_prng_below(&prng, 4) - 2;
			bench.items[put].path = nwi_prng_below(&prng, 50);
			is_inside[put] = true;
			nwi_order_put(bench.order, &bench.items[put++]);
		} else if (nwi_order_count(bench.order) > 0) {
			uint32_t best = best_inside(&bench, is_inside);

			CHECK_INT(idx_of(&bench, nwi_order_get(bench.order, NULL, NULL)), ==, best);
			is_inside[best] = false;
		}
	}
	drop(&bench);
}

static bool is_even(const struct nwi_order_item *item, void *arg)
{
	return idx_of(arg, item) % 2 == 0;
}

static bool is_none(const struct nwi_order_item *item, void *arg)
{
	(void)item;
	(void)arg;
	return false;
}

TEST(what_does_not_fit_keeps_its_place)
{
	static const enum nwi_order_kind kinds[] = { NWI_ORDER_PRIORITY, NWI_ORDER_FIFO };
	static const uint32_t expected[] = { 0, 2, 4, 1, 3, 5 };
	static struct bench bench;

	for (uint32_t k = 0; k < 2; k++) {
		struct nwi_order_options options = { .kind = kinds[k], .class_count = 1 };

		make(&bench, &options);
		for (uint32_t i = 0; i < 6; i++)
			nwi_order_put(bench.order, &bench.items[i]);
		CHECK(!nwi_order_get(bench.order, is_none, NULL));
		CHECK_INT(nwi_order_count(bench.order), ==, 6);
		for (uint32_t i = 0; i < 3; i++)
			CHECK_INT(idx_of(&bench, nwi_order_get(bench.order, is_even, &bench)), ==,
				  expected[i]);
		CHECK(!nwi_order_get(bench.order, is_even, &bench));
		nwi_order_put(bench.order, &bench.items[0]);
		for (uint32_t i = 3; i < 6; i++)
			CHECK_INT(idx_of(&bench, nwi_order_get(bench.order, NULL, NULL)), ==,
				  expected[i]);
		CHECK_INT(idx_of(&bench, nwi_order_get(bench.order, NULL, NULL)), ==, 0);
		drop(&bench);
	}
}

TEST(a_class_whose_first_does_not_fit_is_not_ready)
{
	static const enum nwi_order_kind kinds[] = { NWI_ORDER_LOTTERY, NWI_ORDER_BEATTY,
						     NWI_ORDER_STURMIAN };
	static struct bench bench;

	for (uint32_t k = 0; k < 3; k++) {
		struct nwi_order_options options = { .kind = kinds[k], .class_count = 2 };

		make(&bench, &options);
		/* Class 0: items 1 and 2, the first odd; class 1: items 4 and 6. */
		bench.items[4].class_idx = bench.items[6].class_idx = 1;
		for (uint32_t i = 1; i < 7; i++)
			if (i != 3 && i != 5)
				nwi_order_put(bench.order, &bench.items[i]);
		CHECK(nwi_order_get(bench.order, is_even, &bench) == &bench.items[4]);
		CHECK(nwi_order_get(bench.order, is_even, &bench) == &bench.items[6]);
		CHECK(!nwi_order_get(bench.order, is_even, &bench));
		CHECK(nwi_order_get(bench.order, NULL, NULL) == &bench.items[1]);
		CHECK(nwi_order_get(bench.order, is_even, &bench) == &bench.items[2]);
		drop(&bench);
	}
}

TEST(nothing_is_lost_or_doubled_and_classes_are_first_put_first_got)
{
	static struct bench bench;
	static bool is_inside[ITEMS_MAX];

	for (uint32_t kind = NWI_ORDER_FIFO; kind < NWI_ORDER_KIND_COUNT; kind++) {
		struct nwi_order_options options = { .kind = (enum nwi_order_kind)kind,
						     .class_count = 7,
						     .seed = nw_test_seed(),
						     .alpha_idx = kind };
		uint32_t put = 0, got = 0;
		uint64_t last[7] = { 0 };
		struct nwi_prng prng;

		make(&bench, &options);
		memset(is_inside, 0, sizeof(is_inside));
		nwi_prng_init(&prng, nw_test_seed() + kind);
		while (got < ITEMS_MAX) {
			struct nwi_order_item *item;

			if (put < ITEMS_MAX && nwi_prng_below(&prng, 2)) {
				bench.items[put].class_idx = nwi_prng_below(&prng, 7);
				is_inside[put] = true;
				nwi_order_put(bench.order, &bench.items[put++]);
			}
			CHECK_INT(nwi_order_count(bench.order), ==, put - got);
			item = nwi_prng_below(&prng, 2) ? nwi_order_get(bench.order, NULL, NULL)
							: NULL;
			if (!item)
				continue;
			CHECK(is_inside[idx_of(&bench, item)]);
			is_inside[idx_of(&bench, item)] = false;
			CHECK(item->put_idx >= last[item->class_idx]);
			last[item->class_idx] = item->put_idx;
			got++;
		}
		drop(&bench);
	}
}

TEST(two_classes_share_by_the_sturmian_word)
{
	static struct bench bench;
	static const uint32_t weights[2] = { 3, 5 };
	struct nwi_order_options options = { .kind = NWI_ORDER_STURMIAN,
					     .class_count = 2,
					     .weights = weights };
	uint64_t ones = 0;

	make(&bench, &options);
	fill_classes(&bench, 2);
	for (uint64_t k = 1; k <= 800; k++) {
		ones += turn(&bench) == 1;
		/* Balanced: the count of any prefix is its share rounded down or up. */
		CHECK(ones == k * 5 / 8 || ones == (k * 5 + 7) / 8);
	}
	drop(&bench);
}

TEST(equal_classes_take_turns_from_the_lowest)
{
	static struct bench bench;
	struct nwi_order_options options = { .kind = NWI_ORDER_STURMIAN, .class_count = 5 };

	make(&bench, &options);
	fill_classes(&bench, 5);
	for (uint32_t i = 0; i < 100; i++)
		CHECK_INT(turn(&bench), ==, i % 5);
	drop(&bench);
}

/* Every prefix of `slots` turns: |got * sum - slots * weight| < sum, for every class. */
static void check_prefixes(struct bench *bench, const uint32_t *weights, uint32_t count,
			   uint32_t slots)
{
	struct nwi_order_options options = { .kind = NWI_ORDER_STURMIAN,
					     .class_count = count,
					     .weights = weights };
	uint64_t got[CLASSES_MAX] = { 0 };

	make(bench, &options);
	fill_classes(bench, count);
	for (uint32_t i = 0; i < slots; i++) {
		got[turn(bench)]++;
		CHECK_INT(nwi_order_deviation_1024(got, weights, count), <, 1024);
	}
	drop(bench);
}

TEST(sturmian_is_within_a_slot_for_all_small_weights)
{
	static struct bench bench;
	uint32_t w[4];

	for (w[0] = 1; w[0] <= 8; w[0]++)
		for (w[1] = 1; w[1] <= 8; w[1]++)
			for (w[2] = 1; w[2] <= 8; w[2]++)
				for (w[3] = 1; w[3] <= 8; w[3]++) {
					/* One period, and as much as shows that it is one. */
					check_prefixes(&bench, w, 4, w[0] + w[1] + w[2] + w[3] + 4);
					if (w[3] == 1)
						check_prefixes(&bench, w, 3, w[0] + w[1] + w[2]);
				}
}

TEST(sturmian_is_within_a_slot_for_random_weights_of_many_classes)
{
	static struct bench bench;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 200 * nw_test_scale(); i++) {
		uint32_t count = 1 + nwi_prng_below(&prng, CLASSES_MAX), weights[CLASSES_MAX];
		uint32_t bits = 1 + nwi_prng_below(&prng, 32);

		for (uint32_t j = 0; j < count; j++) {
			weights[j] = (uint32_t)(nwi_prng_next(&prng) >> (64 - bits));
			weights[j] += weights[j] == 0;
		}
		check_prefixes(&bench, weights, count, 1000);
	}
}

TEST(sturmian_stands_the_most_and_heaviest_classes)
{
	static struct bench bench;
	static uint32_t weights[NWI_ORDER_CLASSES_MAX];
	static uint64_t got[NWI_ORDER_CLASSES_MAX];
	struct nwi_order_options options = { .kind = NWI_ORDER_STURMIAN,
					     .class_count = NWI_ORDER_CLASSES_MAX,
					     .weights = weights };

	for (uint32_t i = 0; i < NWI_ORDER_CLASSES_MAX; i++)
		weights[i] = UINT32_MAX - (i == 0);
	make(&bench, &options);
	fill_classes(&bench, NWI_ORDER_CLASSES_MAX);
	for (uint32_t i = 0; i < 3 * NWI_ORDER_CLASSES_MAX; i++)
		got[turn(&bench)]++;
	for (uint32_t i = 0; i < NWI_ORDER_CLASSES_MAX; i++)
		CHECK(got[i] >= 2 && got[i] <= 4);
	drop(&bench);
}

TEST(who_is_always_ready_never_falls_a_slot_behind)
{
	static struct bench bench;
	static const uint32_t weights[4] = { 5, 3, 2, 7 };
	struct nwi_order_options options = { .kind = NWI_ORDER_STURMIAN,
					     .class_count = 4,
					     .weights = weights };
	struct nwi_prng prng;
	uint64_t got[4] = { 0 };

	make(&bench, &options);
	nwi_prng_init(&prng, nw_test_seed());
	for (uint32_t i = 0; i < 2; i++)
		nwi_order_put(bench.order, ((bench.items[i].class_idx = i), &bench.items[i]));
	/* Classes 0 and 1 are always ready; 2 and 3 come and go. */
	for (uint64_t k = 1, in = 2; k <= 3000; k++) {
		struct nwi_order_item *item;

		if (in < ITEMS_MAX && nwi_prng_below(&prng, 3) == 0) {
			bench.items[in].class_idx = 2 + nwi_prng_below(&prng, 2);
			nwi_order_put(bench.order, &bench.items[in++]);
		}
		item = nwi_order_get(bench.order, NULL, NULL);
		got[item->class_idx]++;
		if (item->class_idx < 2)
			nwi_order_put(bench.order, item);
		for (uint32_t i = 0; i < 2; i++)
			CHECK_INT((got[i] + 1) * 17, >, k * weights[i]);
	}
	drop(&bench);
}

TEST(slots_of_those_not_ready_are_shared_by_weight)
{
	static struct bench bench;
	static const uint32_t weights[3] = { 3, 1, 96 };
	struct nwi_order_options options = { .kind = NWI_ORDER_STURMIAN,
					     .class_count = 3,
					     .weights = weights };
	uint64_t got[3] = { 0 };

	make(&bench, &options);
	fill_classes(&bench, 2); /* the heavy third has nothing */
	for (uint32_t i = 0; i < 4000; i++)
		got[turn(&bench)]++;
	CHECK_INT(got[0], >=, 2990);
	CHECK_INT(got[0], <=, 3010);
	drop(&bench);
}

TEST(lottery_has_the_shares_of_the_weights)
{
	static struct bench bench;
	static const uint32_t weights[3] = { 1, 2, 7 };
	struct nwi_order_options options = { .kind = NWI_ORDER_LOTTERY,
					     .class_count = 3,
					     .weights = weights,
					     .seed = nw_test_seed() };
	uint64_t got[3] = { 0 };

	make(&bench, &options);
	fill_classes(&bench, 3);
	for (uint32_t i = 0; i < 100000; i++)
		got[turn(&bench)]++;
	/* Six times the standard deviation of the widest, sqrt(100000 * 0.7 * 0.3) = 145. */
	CHECK_INT(nwi_order_deviation_1024(got, weights, 3), <, 870 * 1024);
	drop(&bench);
}

TEST(lottery_with_one_seed_is_one_sequence)
{
	static struct bench a, b;
	struct nwi_order_options options = { .kind = NWI_ORDER_LOTTERY,
					     .class_count = 9,
					     .seed = 4 };

	make(&a, &options);
	make(&b, &options);
	fill_classes(&a, 9);
	fill_classes(&b, 9);
	for (uint32_t i = 0; i < 1000; i++)
		CHECK_INT(turn(&a), ==, turn(&b));
	drop(&a);
	drop(&b);
}

TEST(beatty_follows_the_multiples_of_its_alpha)
{
	/* floor(k * alpha) mod 5, k = 0.., by long double; equal weights, so ranks are classes. */
	const long double alphas[] = { (1 + sqrtl(5)) / 2, sqrtl(2), sqrtl(3), sqrtl(5) };
	static struct bench bench;

	for (uint32_t a = 0; a < NWI_ORDER_ALPHA_COUNT; a++) {
		struct nwi_order_options options = { .kind = NWI_ORDER_BEATTY,
						     .class_count = 5,
						     .alpha_idx = a };

		make(&bench, &options);
		fill_classes(&bench, 5);
		for (uint32_t k = 0; k < 20000; k++)
			CHECK_INT(turn(&bench), ==, (uint64_t)floorl(k * alphas[a]) % 5);
		drop(&bench);
	}
}

TEST(beatty_gives_equal_shares_whatever_the_weights)
{
	static struct bench bench;
	static const uint32_t weights[5] = { 1, 100, 10, 1000, 3 };
	uint64_t got[5] = { 0 };
	struct nwi_order_options options = { .kind = NWI_ORDER_BEATTY,
					     .class_count = 5,
					     .weights = weights };

	make(&bench, &options);
	fill_classes(&bench, 5);
	CHECK_INT(turn(&bench), ==, 3); /* k = 0: the heaviest comes first */
	for (uint32_t i = 0; i < 100000; i++)
		got[turn(&bench)]++;
	for (uint32_t i = 0; i < 5; i++) {
		CHECK_INT(got[i], >, 19980);
		CHECK_INT(got[i], <, 20020);
	}
	CHECK(nwi_order_jain(got, weights, 5) < 0.5);
	drop(&bench);
}

TEST(jain_is_1_for_equal_shares_and_1_over_n_for_one)
{
	static const uint64_t equal[4] = { 7, 7, 7, 7 }, one[4] = { 0, 9, 0, 0 }, none[4] = { 0 };
	static const uint64_t weighted[2] = { 30, 10 };
	static const uint32_t weights[2] = { 3, 1 };

	CHECK(fabs(nwi_order_jain(equal, NULL, 4) - 1) < 1e-12);
	CHECK(fabs(nwi_order_jain(one, NULL, 4) - 0.25) < 1e-12);
	CHECK(fabs(nwi_order_jain(none, NULL, 4) - 1) < 1e-12);
	CHECK(fabs(nwi_order_jain(weighted, weights, 2) - 1) < 1e-12);
}

TEST(deviation_is_exact_and_does_not_overflow)
{
	static const uint64_t got[2] = { 3, 1 }, huge[2] = { UINT64_MAX / 1024, 0 };
	static const uint32_t weights[2] = { 1, 1 }, heavy[2] = { 1, UINT32_MAX };

	CHECK_INT(nwi_order_deviation_1024(got, weights, 2), ==, 1024);
	CHECK_INT(nwi_order_deviation_1024(got, NULL, 2), ==, 1024);
	/* All but 2^-32 of the slots went to the wrong one. */
	CHECK(nwi_order_deviation_1024(huge, heavy, 2) >
	      (UINT64_MAX / 1024 - (UINT64_C(1) << 24)) * 1024);
}
