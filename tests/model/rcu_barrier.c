/* SPDX-License-Identifier: MIT */
/*
 * RCU: a thread calls twice and unregisters, while another makes a barrier, which runs what it
 * finds on the thread's list or among what that handed on. Fences are full.
 */
#include "rcu.h"

enum { CALLS = 2 };

static struct object objects[CALLS];
static struct nw_rcu_head heads[CALLS];
static int run_count;

static void run(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct object *object = ptr;

	(void)thread, (void)arg;
	assert(object->b == 10 * object->a);
	run_count++;
}

static void *call_and_leave(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	for (int i = 0; i < CALLS; i++) {
		objects[i].a = 8;
		objects[i].b = 80;
		nw_rcu_call(thread, &heads[i], &objects[i], run, NULL);
	}
	nw_rcu_unregister(thread);
	return arg;
}

static void *wait_for_all(void *arg)
{
	nw_rcu_barrier(model_reader(1));
	assert(run_count <= CALLS);
	return arg;
}

int main(void)
{
	pthread_t caller, waiter;

	model_rcu_start(NW_RCU_FENCED_BIT, true);
	model_start(&caller, call_and_leave);
	model_start(&waiter, wait_for_all);
	pthread_join(caller, NULL);
	pthread_join(waiter, NULL);
	return 0;
}
