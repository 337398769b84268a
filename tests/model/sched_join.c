/* SPDX-License-Identifier: MIT */
/*
 * An owner pushes two tasks and joins them while a thief steals: each runs once, its result is
 * there when its join returns, and a join that sleeps is woken.
 */
#include "sched_parts.h"

enum { TASKS = 2 };

static void run_task(struct nw_here here, struct nw_task *task)
{
	(void)here;
	assert(task->payload[0] == 1 || task->payload[0] == 2);
	task->payload[0] += 10; /* twice is 20 or more, and a race */
}

static void *steal(void *arg)
{
	struct nwi_worker *owner = &model_workers[0], *thief = &model_workers[1];
	struct nw_task *task;
	bool has_more;

	if (nwi_tasks_steal(owner, thief, &task, &has_more) == NWI_TOOK)
		nwi_tasks_run(thief, thief->slots, owner, task);
	return arg;
}

static void *push_and_join(void *arg)
{
	struct nw_here here;

	here.worker = &model_workers[0].fast;
	here.head = model_slots[0];
	for (uint64_t i = 1; i <= TASKS; i++) {
		here.head->payload[0] = i;
		here.head->run = run_task;
		nw_task_push(&here);
	}
	for (uint64_t i = TASKS; i >= 1; i--) {
		if (nw_task_pop(&here))
			run_task(here, here.head);
		assert(here.head->payload[0] == 10 + i);
	}
	assert(here.head == model_slots[0]);
	return arg;
}

int main(void)
{
	pthread_t owner, thief;

	model_sched_start(MODEL_SLOTS);
	model_start(&owner, push_and_join);
	model_start(&thief, steal);
	pthread_join(owner, NULL);
	pthread_join(thief, NULL);
	assert(model_asleep_count == 0);
	return 0;
}
