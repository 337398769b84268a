/* SPDX-License-Identifier: MIT */
/*
 * <nw/mpsc.h>: three producers, one consumer, as a FIFO. Its "nothing" is not recorded: behind a
 * push that has not finished it may be said of a ring that is not empty, as the header says.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/mpsc.h>

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

static void check(uint32_t slots)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { DRIVE_GETS, DRIVE_PUTS, DRIVE_PUTS, DRIVE_PUTS } };
	struct subject subject = { .spec = LIN_QUEUE,
				   .put = put,
				   .get = get,
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
	check(2);
}

TEST(mpsc_of_1024_slots_is_a_fifo)
{
	check(1024);
}
