/* SPDX-License-Identifier: MIT */
/*
 * The deque of tasks under the scheduler: the owner pushes and pops, three thieves steal and run. A
 * thief sees only what was published, so its "empty" is no claim; nor is the owner's, whose pop of
 * a stolen task waits for it and goes on to the next. Every task comes out once, to the owner in
 * reverse order, to thieves in order, which is what is checked.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include "sched/sched.h"

enum { CALLS = 1000000, THREADS = 4, OWNER = 0 };

static struct {
	struct nw_sched sched; /* nobody sleeps */
	struct nwi_worker workers[THREADS];
	struct nw_here here; /* the owner's */
	uint32_t slot_count;
} all;

static struct nw_task slots[THREADS][1 << 17];

static void run_nothing(struct nw_here here, struct nw_task *task)
{
	(void)here, (void)task;
}

/* A task that has no slot has run: it never was in the deque. */
static bool put(void *self, uint32_t thread, uint32_t value)
{
	bool has_room = all.here.head < all.workers[OWNER].slots + all.slot_count;

	(void)self, (void)thread;
	all.here.head->payload[0] = value;
	all.here.head->run = run_nothing;
	nw_task_push(&all.here);
	if (!has_room)
		CHECK(!nw_task_pop(&all.here));
	return has_room;
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	(void)self, (void)thread;
	while (all.here.head > all.workers[OWNER].slots) {
		if (!nw_task_pop(&all.here))
			continue;
		*ret_value = (uint32_t)all.here.head->payload[0];
		return true;
	}
	return false;
}

static bool steal(void *self, uint32_t thread, uint32_t *ret_value)
{
	struct nwi_worker *owner = &all.workers[OWNER], *thief = &all.workers[thread];
	struct nw_task *task;
	enum nwi_took took;
	bool has_more;

	(void)self;
	do
		took = nwi_tasks_steal(owner, thief, &task, &has_more);
	while (took == NWI_TOOK_LOST);
	if (took == NWI_TOOK_NOTHING)
		return false;
	*ret_value = (uint32_t)task->payload[0];
	nwi_tasks_run(thief, thief->slots, owner, task);
	return true;
}

static void check(uint32_t slot_count)
{
	struct drive d = { .thread_count = THREADS,
			   .calls = drive_calls(CALLS, THREADS),
			   .roles = { DRIVE_BOTH, DRIVE_STEALS, DRIVE_STEALS, DRIVE_STEALS } };
	struct subject subject = {
		.spec = LIN_DEQUE, .put = put, .get = get, .steal = steal, .empty_is_no_claim = true
	};

	for (int round = 0; round < nw_test_scale(); round++) {
		d.seed = nw_test_seed() + (uint64_t)round;
		memset(&all, 0, sizeof(all));
		memset(slots, 0, sizeof(slots));
		all.slot_count = slot_count;
		for (uint32_t i = 0; i < THREADS; i++) {
			all.workers[i].sched = &all.sched;
			nwi_tasks_init(&all.workers[i], slots[i], slot_count);
		}
		all.here = (struct nw_here){ &all.workers[OWNER].fast, slots[OWNER] };
		drive_and_check(&subject, &d);
	}
}

TEST(tasks_in_two_slots_are_a_deque)
{
	check(2);
}

TEST(tasks_in_sixteen_slots_are_a_deque)
{
	check(16);
}

TEST(tasks_with_room_are_a_deque)
{
	check(1 << 16);
}
