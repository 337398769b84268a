/* SPDX-License-Identifier: MIT */
/*
 * <nw/deque.h>: the owner pushes and pops, three thieves steal, "empty" as told by both ends. It
 * starts with two slots and doubles, in one case; in the other it may not grow and is full and
 * empty all the time, which is where the owner and the thieves meet. A steal that lost is tried
 * again: what is recorded is an item or "empty".
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/deque.h>

enum { CALLS = 1000000, THREADS = 4 };

static struct {
	struct nw_hazard *domain;
	struct nw_deque *deque;
	struct nw_hazard_thread *threads[THREADS];
} all;

static void enter(void *self, uint32_t thread)
{
	(void)self;
	CHECK_INT(nw_hazard_register(&all.threads[thread], all.domain), ==, 0);
}

static void leave(void *self, uint32_t thread)
{
	(void)self;
	nw_hazard_unregister(all.threads[thread]);
}

static bool put(void *self, uint32_t thread, uint32_t value)
{
	(void)self;
	return nw_deque_push(all.deque, all.threads[thread], (void *)(uintptr_t)value);
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	void *item;

	(void)self, (void)thread;
	if (!nw_deque_pop(all.deque, &item))
		return false;
	*ret_value = (uint32_t)(uintptr_t)item;
	return true;
}

static bool steal(void *self, uint32_t thread, uint32_t *ret_value)
{
	enum nw_deque_steal got;
	void *item;

	(void)self;
	do
		got = nw_deque_steal(all.deque, all.threads[thread], &item);
	while (got == NW_DEQUE_ABORT);
	if (got == NW_DEQUE_EMPTY)
		return false;
	*ret_value = (uint32_t)(uintptr_t)item;
	return true;
}

static void check(uint32_t slot_count_max, uint8_t owner_role)
{
	struct nw_hazard_options options = { .slots_per_thread = 2, .batch_min = 1 };
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { owner_role, DRIVE_STEALS, DRIVE_STEALS, DRIVE_STEALS } };
	struct subject subject = { .spec = LIN_DEQUE,
				   .put = put,
				   .get = get,
				   .steal = steal,
				   .enter = enter,
				   .leave = leave };

	for (int round = 0; round < nw_test_scale(); round++) {
		d.seed = nw_test_seed() + (uint64_t)round;
		CHECK_INT(nw_hazard_create(&all.domain, NW_NODE_ANY, &options), ==, 0);
		CHECK_INT(nw_deque_create(&all.deque, NW_NODE_ANY, 2, slot_count_max), ==, 0);
		drive_and_check(&subject, &d);
		nw_deque_destroy(all.deque);
		nw_hazard_destroy(all.domain);
	}
}

TEST(deque_of_two_slots_is_linearizable)
{
	check(2, DRIVE_BOTH);
}

TEST(growing_deque_is_linearizable)
{
	check(1u << 20, DRIVE_BOTH);
}

TEST(deque_whose_owner_only_pushes_is_linearizable)
{
	check(1u << 20, DRIVE_PUTS);
}
