/* SPDX-License-Identifier: MIT */
/*
 * The checkers report every planted mistake from the recordings of real threads, and accept the
 * same code without it. A mistake may stay hidden in one run, never in all of ROUNDS_MAX.
 */
#include "lin/planted.h"
#include "nw_test.h"

enum { THREADS = 4, CALLS = 20000, ROUNDS_MAX = 60 };

static struct drive plan(enum lin_spec spec, uint64_t seed)
{
	struct drive d = { .thread_count = THREADS, .calls = CALLS, .seed = seed };

	for (uint32_t t = 0; t < THREADS; t++)
		d.roles[t] = spec != LIN_DEQUE ? DRIVE_BOTH : t == 0 ? DRIVE_BOTH : DRIVE_STEALS;
	return d;
}

static struct subject subject_of(enum lin_spec spec, int mistake, bool is_right)
{
	switch (spec) {
	case LIN_QUEUE:
		return planted_queue((enum planted_queue)mistake, is_right);
	case LIN_STACK:
		return planted_stack((enum planted_stack)mistake, is_right);
	case LIN_SET:
		return planted_set((enum planted_set)mistake, is_right);
	default:
		return planted_deque((enum planted_deque)mistake, is_right);
	}
}

static void must_report(enum lin_spec spec, int mistake)
{
	struct lin_verdict verdict;
	struct subject right = subject_of(spec, mistake, true);
	struct drive d = plan(spec, nw_test_seed());

	drive_and_check(&right, &d);
	for (uint64_t round = 0; round < ROUNDS_MAX; round++) {
		struct subject wrong = subject_of(spec, mistake, false);

		d = plan(spec, nw_test_seed() + round);
		if (!drive(&wrong, &d, &verdict))
			return;
	}
	FAIL("mistake %d stayed hidden in %d runs", mistake, (int)ROUNDS_MAX);
}

TEST(queue_that_says_empty_behind_an_unfinished_put)
{
	must_report(LIN_QUEUE, PLANTED_VYUKOV_EMPTY);
}

TEST(queue_that_is_last_in_first_out_under_contention)
{
	must_report(LIN_QUEUE, PLANTED_LIFO_CONTENDED);
}

TEST(queue_that_publishes_before_it_writes)
{
	must_report(LIN_QUEUE, PLANTED_EARLY_PUBLISH);
}

TEST(stack_that_takes_a_node_used_again_for_the_old_one)
{
	must_report(LIN_STACK, PLANTED_ABA);
}

TEST(stack_that_reads_a_value_from_a_freed_node)
{
	must_report(LIN_STACK, PLANTED_READ_AFTER_CAS);
}

TEST(stack_that_takes_a_lost_race_for_empty)
{
	must_report(LIN_STACK, PLANTED_EMPTY_ON_FAILURE);
}

TEST(set_that_loses_an_insert)
{
	must_report(LIN_SET, PLANTED_CHECK_THEN_ACT);
}

TEST(set_that_erases_a_key_twice)
{
	must_report(LIN_SET, PLANTED_ERASE_TWICE);
}

TEST(set_that_reads_a_stale_copy)
{
	must_report(LIN_SET, PLANTED_STALE_READ);
}

TEST(deque_whose_owner_lacks_the_fence)
{
	must_report(LIN_DEQUE, PLANTED_NO_FENCE);
}

TEST(deque_whose_thief_reads_the_element_too_late)
{
	must_report(LIN_DEQUE, PLANTED_ELEMENT_TOO_LATE);
}
