/* SPDX-License-Identifier: MIT */
/*
 * <nw/ring.h>: one producer, one consumer, "empty" and "full" as told.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/ring.h>

enum { CALLS = 1000000 };

static bool put(void *self, uint32_t thread, uint32_t value)
{
	(void)thread;
	return nw_ring_push(self, (void *)(uintptr_t)value);
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	void *item;

	(void)thread;
	if (!nw_ring_pop(self, &item))
		return false;
	*ret_value = (uint32_t)(uintptr_t)item;
	return true;
}

static void check(uint32_t slots)
{
	struct drive d = { .thread_count = 2,
			   .calls = drive_calls(CALLS, 2),
			   .roles = { DRIVE_PUTS, DRIVE_GETS },
			   .seed = nw_test_seed() };
	struct subject subject = { .spec = LIN_QUEUE, .put = put, .get = get, .capacity = slots };
	struct nw_ring *ring;

	CHECK_INT(nw_ring_create(&ring, slots, NW_NODE_ANY), ==, 0);
	subject.self = ring;
	for (int round = 0; round < nw_test_scale(); round++) {
		void *item;

		drive_and_check(&subject, &d);
		while (nw_ring_pop(ring, &item))
			;
	}
	nw_ring_destroy(ring);
}

TEST(ring_of_two_is_linearizable)
{
	check(2);
}

TEST(ring_of_1024_is_linearizable)
{
	check(1024);
}
