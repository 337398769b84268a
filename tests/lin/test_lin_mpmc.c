/* SPDX-License-Identifier: MIT */
/*
 * <nw/mpmc.h>: any thread pushes and pops, "empty" and "full" as told, both of which a ring with a
 * sequence a slot tells wrongly. Odd threads push by bursts of one, which take another way.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/mpmc.h>

enum { CALLS = 1000000, THREADS = 4 };

static struct {
	struct nw_mpmc *mpmc;
	struct nw_mpmc_producer producers[THREADS];
} all;

static void enter(void *self, uint32_t thread)
{
	(void)self;
	CHECK_INT(nw_mpmc_register(&all.producers[thread], all.mpmc), ==, 0);
}

static void leave(void *self, uint32_t thread)
{
	(void)self;
	nw_mpmc_unregister(&all.producers[thread]);
}

static bool put(void *self, uint32_t thread, uint32_t value)
{
	void *item = (void *)(uintptr_t)value;

	(void)self;
	if (thread % 2 == 1)
		return nw_mpmc_push_burst(&all.producers[thread], &item, 1) == 1;
	return nw_mpmc_push(&all.producers[thread], item);
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	void *item;

	(void)self, (void)thread;
	if (!nw_mpmc_pop(all.mpmc, &item))
		return false;
	*ret_value = (uint32_t)(uintptr_t)item;
	return true;
}

static void check(uint32_t slots, uint8_t even_role, uint8_t odd_role)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { even_role, odd_role, even_role, odd_role } };
	struct subject subject = { .spec = LIN_QUEUE,
				   .put = put,
				   .get = get,
				   .enter = enter,
				   .leave = leave,
				   .capacity = slots };

	for (int round = 0; round < nw_test_scale(); round++) {
		d.seed = nw_test_seed() + (uint64_t)round;
		CHECK_INT(nw_mpmc_create(&all.mpmc, slots, THREADS, NW_NODE_ANY), ==, 0);
		drive_and_check(&subject, &d);
		nw_mpmc_destroy(all.mpmc);
	}
}

TEST(mpmc_of_two_slots_is_linearizable)
{
	check(2, DRIVE_BOTH, DRIVE_BOTH);
}

TEST(mpmc_of_1024_slots_is_linearizable)
{
	check(1024, DRIVE_BOTH, DRIVE_BOTH);
}

TEST(mpmc_of_two_producers_and_two_consumers_is_linearizable)
{
	check(16, DRIVE_PUTS, DRIVE_GETS);
}
