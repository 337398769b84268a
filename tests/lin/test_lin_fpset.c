/* SPDX-License-Identifier: MIT */
/*
 * <nw/fpset.h>: inserts and look-ups of keys that meet, in blocks of eight slots that keep
 * splitting. Few keys are inserted by everybody at once, so that most calls are about a key
 * that another thread inserts at that time.
 */
#include "base/prng.h"
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/fpset.h>

enum { CALLS = 1000000, THREADS = 4 };

static bool insert(void *self, uint32_t thread, uint32_t key)
{
	uint64_t fp = nwi_mix64(key + 1), is_new = 0;

	CHECK_INT(nw_fpset_insert(self, thread, &fp, 1, &is_new), ==, 0);
	return is_new & 1;
}

static bool contains(void *self, uint32_t thread, uint32_t key)
{
	return nw_fpset_contains(self, thread, nwi_mix64(key + 1));
}

static void check(uint32_t keys)
{
	struct nw_fpset_options options = {
		.node = NW_NODE_ANY, .party_count = THREADS, .slots_min = 8, .block_slots = 8
	};
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .seed = nw_test_seed() };
	struct subject subject = {
		.spec = LIN_SET, .insert = insert, .contains = contains, .key_count = keys
	};

	for (int round = 0; round < nw_test_scale(); round++) {
		struct nw_fpset *set;

		CHECK_INT(nw_fpset_create(&set, &options), ==, 0);
		subject.self = set;
		drive_and_check(&subject, &d);
		nw_fpset_destroy(set);
	}
}

TEST(set_of_many_keys_is_linearizable)
{
	check(200000);
}

/* Small sets again and again: what matters is the first insert of a key. */
TEST(sets_of_few_keys_are_linearizable)
{
	struct nw_fpset_options options = {
		.node = NW_NODE_ANY, .party_count = THREADS, .slots_min = 8, .block_slots = 8
	};
	struct drive d = { .thread_count = THREADS, .calls = 300 };
	struct subject subject = {
		.spec = LIN_SET, .insert = insert, .contains = contains, .key_count = 64
	};

	for (uint32_t round = 0; round < 100u * (uint32_t)nw_test_scale(); round++) {
		struct nw_fpset *set;

		CHECK_INT(nw_fpset_create(&set, &options), ==, 0);
		subject.self = set;
		d.seed = nw_test_seed() + round;
		drive_and_check(&subject, &d);
		nw_fpset_destroy(set);
	}
}
