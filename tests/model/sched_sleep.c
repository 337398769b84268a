/* SPDX-License-Identifier: MIT */
/*
 * A thief that is about to sleep against an owner that pushes two tasks: either it sees one, or it
 * is woken, or nothing can be seen yet and its request stands, which the owner's next push or pop
 * answers. A thief asleep with a task in public view, or with its request lost, is a lost wake-up.
 */
#include "sched_parts.h"

static void run_task(struct nw_here here, struct nw_task *task)
{
	(void)here, (void)task;
}

static bool is_stolen;

static bool try_steal(void)
{
	struct nw_task *task;
	bool has_more;

	if (nwi_tasks_steal(&model_workers[0], &model_workers[1], &task, &has_more) != NWI_TOOK)
		return false;
	assert(task->run == run_task);
	is_stolen = true;
	return true;
}

static void *sleep_or_steal(void *arg)
{
	nw_event_key key = nw_event_prepare(&model_home.event);

	nwi_idle_announce(&model_sched, &model_home);
	if (try_steal()) {
		nw_event_cancel(&model_home.event);
		(void)nwi_idle_leave(&model_sched, &model_home, false);
		return arg;
	}
	(void)nw_event_wait(&model_home.event, key, 0, 0);
	(void)nwi_idle_leave(&model_sched, &model_home, true);
	(void)try_steal();
	return arg;
}

int main(void)
{
	struct nw_here here;
	pthread_t thief;
	uint64_t span;

	model_sched_start(MODEL_SLOTS);
	model_unask(&model_workers[0]);
	here.worker = &model_workers[0].fast;
	here.head = model_slots[0];
	model_start(&thief, sleep_or_steal);
	for (int i = 0; i < 2; i++) {
		here.head->run = run_task;
		nw_task_push(&here);
	}
	pthread_join(thief, NULL);
	span = atomic_load(&model_workers[0].span);
	if (model_asleep_count > 0) {
		assert(tail_in(span) == split_in(span));
		assert(atomic_load(&model_workers[0].fast.limit) == 0);
		assert(unclaimed_in(atomic_load(&model_home.sleepers)) == 1);
	} else { /* who was woken in its sleep had been claimed */
		assert(unclaimed_in(atomic_load(&model_home.sleepers)) == 0);
		assert(atomic_load(&model_sched.sleeper_count) == 0);
	}
	return 0;
}
