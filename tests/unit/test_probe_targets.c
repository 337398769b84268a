/* SPDX-License-Identifier: MIT */
/* What is scanned and in which order: ranges against a plain set, orders against themselves. */
#include "nw_test.h"

#include "base/prng.h"
#include "probe/shuffle.h"
#include "probe/targets.h"

#include <errno.h>

/* --- Orders --- */

static void check_order(uint64_t count, uint64_t seed, unsigned char *seen)
{
	struct nwi_shuffle order;

	nwi_shuffle_init(&order, count, seed);
	memset(seen, 0, count);
	for (uint64_t place = 0; place < count; place++) {
		uint64_t number = nwi_shuffle_at(&order, place);

		CHECK(number < count && !seen[number]);
		seen[number] = 1;
		CHECK_INT(nwi_shuffle_place(&order, number), ==, place);
	}
}

TEST(every_number_comes_once_for_every_count)
{
	uint64_t count_max = nw_test_scale() > 1 ? 65536 : 600;
	unsigned char *seen = malloc(1 << 20);

	for (uint64_t count = 1; count <= count_max; count++)
		check_order(count, count * 7, seen);
	for (uint64_t count = 65534; count <= 65538; count++)
		check_order(count, 1, seen);
	check_order(1 << 20, 9, seen);
	free(seen);
}

TEST(places_of_the_largest_orders_are_undone)
{
	static const uint64_t counts[] = { UINT64_C(1) << 48, (UINT64_C(1) << 48) + 1,
					   NWI_SHUFFLE_COUNT_MAX - 1, NWI_SHUFFLE_COUNT_MAX };
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct nwi_shuffle order;

		nwi_shuffle_init(&order, counts[i], 5);
		for (int n = 0; n < 10000; n++) {
			uint64_t place = nwi_prng_next(&prng) % counts[i];

			CHECK(nwi_shuffle_at(&order, place) < counts[i]);
			CHECK(nwi_shuffle_place(&order, nwi_shuffle_at(&order, place)) == place);
		}
	}
}

/* Neighbours in the order are spread: no /16 of a /8 gets a burst. Mean distance of a uniform order
 * is a third of the count. */
TEST(an_order_spreads_its_neighbours_and_a_seed_changes_it)
{
	enum { COUNT = 1 << 20, LOOKS = 20000 };
	struct nwi_shuffle one, two;
	uint64_t distance = 0, same = 0;

	nwi_shuffle_init(&one, COUNT, 1);
	nwi_shuffle_init(&two, COUNT, 2);
	for (uint64_t place = 0; place < LOOKS; place++) {
		uint64_t a = nwi_shuffle_at(&one, place), b = nwi_shuffle_at(&one, place + 1);

		distance += a > b ? a - b : b - a;
		same += a == nwi_shuffle_at(&two, place);
	}
	CHECK_INT(distance / LOOKS, >, COUNT / 3 - COUNT / 60);
	CHECK_INT(distance / LOOKS, <, COUNT / 3 + COUNT / 60);
	CHECK_INT(same, <, 10);
}

/* --- Addresses --- */

static struct nwi_range range_of(const char *text)
{
	struct nwi_range range;
	const char *reason = "";

	if (!nwi_range_parse(text, &range, &reason))
		FAIL("%s: %s", text, reason);
	return range;
}

static void check_range(const char *text, const char *first, const char *last, uint64_t count)
{
	struct nwi_range range = range_of(text);
	char buf[NWI_ADDRESS_TEXT_BYTES];

	CHECK_STR(nwi_address_text(range.first, buf), first);
	CHECK_STR(nwi_address_text(range.last, buf), last);
	CHECK(nwi_range_count(&range) == count);
}

TEST(ranges_are_read_as_people_write_them)
{
	check_range("10.1.2.3", "10.1.2.3", "10.1.2.3", 1);
	check_range("10.1.2.3/8", "10.0.0.0", "10.255.255.255", 1 << 24);
	check_range("0.0.0.0/0", "0.0.0.0", "255.255.255.255", UINT64_C(1) << 32);
	check_range("10.0.0.250-10.0.1.5", "10.0.0.250", "10.0.1.5", 12);
	check_range("10.0.0.250-255", "10.0.0.250", "10.0.0.255", 6);
	check_range("255.255.255.255/32", "255.255.255.255", "255.255.255.255", 1);
	check_range("2001:db8::1", "2001:db8::1", "2001:db8::1", 1);
	check_range("2001:db8::ffff/112", "2001:db8::", "2001:db8::ffff", 65536);
	check_range("2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", UINT64_MAX);
	check_range("2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::1",
		    "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::1", 3);
	check_range("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX);
}

TEST(what_is_no_range_is_refused_with_a_reason)
{
	static const char *const bad[] = {
		"",
		"10",
		"10.0.0.256",
		"10.0.0.0/33",
		"10.0.0.0/",
		"10.0.0.0/-1",
		"10.0.0.9-5",
		"10.0.0.1-",
		"10.0.0.1-x",
		"10.0.0.1-256",
		"::/129",
		"10.0.0.1-::1",
		"2001:db8::5-4",
		"10.0.0.0/8/8",
		" 10.0.0.1",
		"host.example",
		("1111:1111:1111:1111:1111:1111:1111:1111-1111:1111:1111:1111:1111:1111:1111:"
		 "1111000000000"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct nwi_range range;
		const char *reason = NULL;

		if (nwi_range_parse(bad[i], &range, &reason))
			FAIL("'%s' was taken", bad[i]);
		CHECK(reason != NULL);
	}
}

/* --- Targets --- */

static void add(struct nwi_targets *targets, const char *text)
{
	struct nwi_range range = range_of(text);

	CHECK_INT(nwi_targets_add(targets, &range), ==, 0);
}

static void exclude(struct nwi_targets *targets, const char *text)
{
	struct nwi_range range = range_of(text);

	CHECK_INT(nwi_targets_exclude(targets, &range), ==, 0);
}

TEST(repeats_count_once_and_exclusion_wins)
{
	struct nwi_targets targets;
	struct nwi_address address;
	char buf[NWI_ADDRESS_TEXT_BYTES];
	uint64_t number;

	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	exclude(&targets, "10.0.0.128/25");
	add(&targets, "10.0.0.0/24");
	add(&targets, "10.0.0.5");
	add(&targets, "10.0.1.0/24");
	add(&targets, "2001:db8::1-2001:db8::2");
	exclude(&targets, "10.0.1.7");
	CHECK_INT(nwi_targets_close(&targets), ==, 0);
	CHECK_INT(targets.count, ==, 128 + 255 + 2);
	CHECK_INT(targets.excluded_count, ==, 129);
	CHECK_STR(nwi_address_text(nwi_targets_at(&targets, 128 + 7), buf), "10.0.1.8");
	CHECK_STR(nwi_address_text(nwi_targets_at(&targets, 384), buf), "2001:db8::2");
	CHECK(nwi_address_parse("10.0.1.7", &address));
	CHECK(!nwi_targets_find(&targets, address, &number));
	CHECK(nwi_address_parse("10.0.1.8", &address));
	CHECK(nwi_targets_find(&targets, address, &number) && number == 135);
	nwi_targets_fini(&targets);
}

TEST(the_whole_of_ipv4_is_held_and_more_than_the_limit_refused)
{
	struct nwi_targets targets;

	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	add(&targets, "0.0.0.0/0");
	exclude(&targets, "255.255.255.255");
	exclude(&targets, "0.0.0.0");
	CHECK_INT(nwi_targets_close(&targets), ==, 0);
	CHECK(targets.count == (UINT64_C(1) << 32) - 2);
	nwi_targets_fini(&targets);
	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	add(&targets, "2001:db8::/64");
	CHECK_INT(nwi_targets_close(&targets), ==, -E2BIG);
	nwi_targets_fini(&targets);
	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	CHECK_INT(nwi_targets_close(&targets), ==, 0);
	CHECK_INT(targets.count, ==, 0);
	nwi_targets_fini(&targets);
}

static uint64_t digest_of(const char *const *texts, const char *hole)
{
	struct nwi_targets targets;
	uint64_t digest;

	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	for (; *texts; texts++)
		add(&targets, *texts);
	if (hole)
		exclude(&targets, hole);
	CHECK_INT(nwi_targets_close(&targets), ==, 0);
	digest = nwi_targets_digest(&targets);
	nwi_targets_fini(&targets);
	return digest;
}

TEST(the_digest_is_of_what_is_kept)
{
	const char *whole[] = { "10.0.0.0/30", NULL };
	const char *parts[] = { "10.0.0.2-10.0.0.3", "10.0.0.0/31", "10.0.0.3", NULL };
	const char *last[] = { "10.0.0.0-10.0.0.2", "10.0.0.4", NULL };
	const char *other_family[] = { "::a00:0/126", NULL };
	uint64_t digest = digest_of(whole, NULL);

	CHECK(digest_of(parts, NULL) == digest);
	CHECK(digest_of(last, NULL) != digest);
	CHECK(digest_of(whole, "10.0.0.3") != digest);
	CHECK(digest_of(other_family, NULL) != digest);
}

/* Random ranges in 10.0.0.0/22 against a set of 1024 addresses. */
TEST(ranges_agree_with_a_plain_set)
{
	enum { SIZE = 1024, BASE = 10 << 24 };
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 500 * nw_test_scale(); round++) {
		signed char wanted[SIZE] = { 0 };
		struct nwi_targets targets;
		uint64_t next = 0, number;

		CHECK_INT(nwi_targets_init(&targets), ==, 0);
		for (uint32_t n = nwi_prng_below(&prng, 12); n > 0; n--) {
			bool is_out = nwi_prng_below(&prng, 3) == 0;
			uint32_t a = nwi_prng_below(&prng, SIZE);
			uint32_t b = a + nwi_prng_below(&prng, SIZE - a > 60 ? 60 : SIZE - a);
			struct nwi_range range = { { 0, BASE + a, NWI_IPV4 },
						   { 0, BASE + b, NWI_IPV4 } };

			CHECK_INT(
				(is_out ? nwi_targets_exclude : nwi_targets_add)(&targets, &range),
				==, 0);
			for (; a <= b; a++)
				wanted[a] = (signed char)(is_out ? -1 : wanted[a] < 0 ? -1 : 1);
		}
		CHECK_INT(nwi_targets_close(&targets), ==, 0);
		for (uint32_t a = 0; a < SIZE; a++) {
			struct nwi_address address = { 0, BASE + a, NWI_IPV4 };

			CHECK(nwi_targets_find(&targets, address, &number) == (wanted[a] > 0));
			if (wanted[a] <= 0)
				continue;
			CHECK_INT(number, ==, next);
			CHECK(nwi_address_compare(nwi_targets_at(&targets, next++), address) == 0);
		}
		CHECK_INT(targets.count, ==, next);
		nwi_targets_fini(&targets);
	}
}
