/* SPDX-License-Identifier: MIT */
/*
 * <nw/mpsc.h>: three producers, one consumer, as a FIFO. Its "nothing" is not recorded: behind a
 * push that has not finished it may be said of a ring that is not empty, as the header says.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/mpsc.h>
#include <string.h>

enum { CALLS = 1000000, THREADS = 4 };

static bool put(void *self, uint32_t thread, uint32_t value)
{
	uint64_t item = value;

	(void)thread;
	return nw_mpsc_push(self, &item);
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	uint64_t item;

	(void)thread;
	if (!nw_mpsc_pop(self, &item))
		return false;
	*ret_value = (uint32_t)item;
	return true;
}

/* In place: each claims a slot and fills it, and the last thread pushes bursts beside them. */
static bool put_in_place(void *self, uint32_t thread, uint32_t value)
{
	struct nw_mpsc_claim claim;
	uint64_t item = value;

	if (thread == THREADS - 1)
		return nw_mpsc_push_burst(self, &item, 1) == 1;
	nw_mpsc_claim(self, 1, &claim);
	if (claim.count == 0)
		return false;
	memcpy(claim.items + (claim.pos & claim.mask) * sizeof(item), &item, sizeof(item));
	nw_mpsc_show(self, &claim);
	return true;
}

/* More is lent than is let go of. */
static bool get_in_place(void *self, uint32_t thread, uint32_t *ret_value)
{
	uint64_t item;
	void *items;

	(void)thread;
	if (nw_mpsc_peek(self, 3, &items) == 0)
		return false;
	memcpy(&item, items, sizeof(item));
	nw_mpsc_drop(self, 1);
	*ret_value = (uint32_t)item;
	return true;
}

static void check(uint32_t slots, bool is_in_place)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { DRIVE_GETS, DRIVE_PUTS, DRIVE_PUTS, DRIVE_PUTS } };
	struct subject subject = { .spec = LIN_QUEUE,
				   .put = is_in_place ? put_in_place : put,
				   .get = is_in_place ? get_in_place : get,
				   .capacity = slots,
				   .empty_is_no_claim = true };

	for (int round = 0; round < nw_test_scale(); round++) {
		struct nw_mpsc *mpsc;

		d.seed = nw_test_seed() + (uint64_t)round;
		CHECK_INT(nw_mpsc_create(&mpsc, slots, sizeof(uint64_t), NW_NODE_ANY), ==, 0);
		subject.self = mpsc;
		drive_and_check(&subject, &d);
		nw_mpsc_destroy(mpsc);
	}
}

TEST(mpsc_of_two_slots_is_a_fifo)
{
	check(2, false);
}

TEST(mpsc_of_1024_slots_is_a_fifo)
{
	check(1024, false);
}

TEST(claims_in_two_slots_are_a_fifo)
{
	check(2, true);
}

TEST(claims_in_1024_slots_are_a_fifo)
{
	check(1024, true);
}
