/* SPDX-License-Identifier: MIT */
/*
 * One thread waits for a flag that another sets: prepare, look, sleep against set, notify. A
 * lost wake-up is a waiter that is asleep when all is over. Two waiters, and notify_all.
 */
#include "futex.h"

#include "lf/event.c"

static struct nw_event event;
static _Atomic int flag;

static void *await_flag(void *arg)
{
	for (;;) {
		nw_event_key key;

		/* relaxed: what is tried is whether the event orders it. */
		if (atomic_load_explicit(&flag, memory_order_relaxed) != 0)
			break;
		key = nw_event_prepare(&event);
		if (atomic_load_explicit(&flag, memory_order_relaxed) != 0) {
			nw_event_cancel(&event);
			break;
		}
		(void)nw_event_wait(&event, key, 0, 0);
	}
	return arg;
}

static void *set_flag(void *arg)
{
	atomic_store_explicit(&flag, 1, memory_order_relaxed);
	nw_event_notify_all(&event);
	return arg;
}

int main(void)
{
	pthread_t setter, waiters[2];

	nw_event_init(&event);
	model_start(&setter, set_flag);
	for (int i = 0; i < 2; i++)
		model_start(&waiters[i], await_flag);
	pthread_join(setter, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(waiters[i], NULL);
	assert(model_asleep_count == 0);
	return 0;
}
