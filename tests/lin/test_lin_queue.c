/* SPDX-License-Identifier: MIT */
/*
 * <nw/queue.h>: any thread pushes and pops, "empty" as told. Links are retired in small batches, so
 * that they are used again soon: what an ABA would need.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/queue.h>

enum { CALLS = 1000000, THREADS = 4 };

static struct {
	struct nw_hazard *domain;
	struct nw_queue *queue;
	struct nw_hazard_thread *threads[THREADS];
	struct nw_queue_handle *handles[THREADS];
} all;

static void enter(void *self, uint32_t thread)
{
	(void)self;
	CHECK_INT(nw_hazard_register(&all.threads[thread], all.domain), ==, 0);
	CHECK_INT(nw_queue_register(&all.handles[thread], all.queue, all.threads[thread]), ==, 0);
}

static void leave(void *self, uint32_t thread)
{
	(void)self;
	nw_queue_unregister(all.handles[thread]);
	nw_hazard_unregister(all.threads[thread]);
}

static bool put(void *self, uint32_t thread, uint32_t value)
{
	(void)self;
	return nw_queue_push(all.handles[thread], (void *)(uintptr_t)value);
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	void *item;

	(void)self;
	if (!nw_queue_pop(all.handles[thread], &item))
		return false;
	*ret_value = (uint32_t)(uintptr_t)item;
	return true;
}

static void check(const struct drive *plan, bool full_fences)
{
	struct nw_hazard_options options = { .slots_per_thread = 2,
					     .batch_min = 2,
					     .full_fences = full_fences };
	struct subject subject = {
		.spec = LIN_QUEUE, .put = put, .get = get, .enter = enter, .leave = leave
	};
	struct nw_hazard_thread *self;

	for (int round = 0; round < nw_test_scale(); round++) {
		struct drive d = *plan;

		d.seed = nw_test_seed() + (uint64_t)round;
		CHECK_INT(nw_hazard_create(&all.domain, NW_NODE_ANY, &options), ==, 0);
		CHECK_INT(nw_queue_create(&all.queue, all.domain, NW_NODE_ANY), ==, 0);
		drive_and_check(&subject, &d);
		CHECK_INT(nw_hazard_register(&self, all.domain), ==, 0);
		nw_queue_destroy(all.queue, self);
		nw_hazard_unregister(self);
		nw_hazard_destroy(all.domain);
	}
}

TEST(queue_of_four_that_do_both_is_linearizable)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { DRIVE_BOTH, DRIVE_BOTH, DRIVE_BOTH, DRIVE_BOTH } };

	check(&d, false);
}

TEST(queue_of_two_producers_and_two_consumers_is_linearizable)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { DRIVE_PUTS, DRIVE_GETS, DRIVE_PUTS, DRIVE_GETS } };

	check(&d, false);
}

TEST(queue_with_full_fences_is_linearizable)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS / 4, THREADS),
			   .roles = { DRIVE_BOTH, DRIVE_BOTH, DRIVE_BOTH, DRIVE_BOTH } };

	check(&d, true);
}
