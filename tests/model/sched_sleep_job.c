/* SPDX-License-Identifier: MIT */
/*
 * The same for work that lies in a queue, which is read and written by weaker orders: a flag stands
 * for it. Whoever submits has a fence between the push and the look for sleepers, the sleeper one
 * between its announcement and its last look (jobs.c, idle.c).
 */
#include "sched_parts.h"

static _Atomic int queue;

static void *sleep_or_take(void *arg)
{
	nw_event_key key = nw_event_prepare(&model_home.event);

	nwi_idle_announce(&model_sched, &model_home);
	if (atomic_load_explicit(&queue, memory_order_relaxed) != 0) {
		nw_event_cancel(&model_home.event);
		(void)nwi_idle_leave(&model_sched, &model_home, false);
		return arg;
	}
	(void)nw_event_wait(&model_home.event, key, 0, 0);
	(void)nwi_idle_leave(&model_sched, &model_home, true);
	assert(atomic_load_explicit(&queue, memory_order_relaxed) != 0);
	return arg;
}

int main(void)
{
	pthread_t sleeper;

	model_sched_start(MODEL_SLOTS);
	model_start(&sleeper, sleep_or_take);
	atomic_store_explicit(&queue, 1, memory_order_relaxed);
	nwi_fence_full();
	(void)nwi_idle_wake_one(&model_sched, 0, false);
	pthread_join(sleeper, NULL);
	assert(model_asleep_count == 0);
	assert(unclaimed_in(atomic_load(&model_home.sleepers)) == 0);
	return 0;
}
