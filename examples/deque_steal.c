/* SPDX-License-Identifier: MIT */
/* This example shows how an idle thread steals work from the deque of a busy one.
 *
 *     cc deque_steal.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/deque.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { TASKS = 10000 };

static struct nw_hazard *domain;
static struct nw_deque *deque;
static atomic_bool is_over;
static _Atomic unsigned long sum;

static void run(void *task)
{
	atomic_fetch_add(&sum, *(unsigned *)task);
}
static void *steal(void *arg)
{
	struct nw_hazard_thread *thread;
	enum nw_deque_steal what;
	bool was_over;
	void *task;

	if (nw_hazard_register(&thread, domain) < 0)
		return NULL;
	do {
		was_over = atomic_load(&is_over); /* before the look that may find nothing */
		what = nw_deque_steal(deque, thread, &task);
		if (what == NW_DEQUE_STOLEN)
			run(task), ++*(unsigned long *)arg;
	} while (what != NW_DEQUE_EMPTY || !was_over); /* ABORT: there may be more */
	nw_hazard_unregister(thread);
	return NULL;
}

int main(void)
{
	static unsigned tasks[TASKS];
	struct nw_hazard_thread *thread;
	unsigned long stolen = 0;
	pthread_t thief;
	void *task;

	if (nw_hazard_create(&domain, NW_NODE_ANY, NULL) < 0 ||
	    nw_hazard_register(&thread, domain) < 0 ||
	    nw_deque_create(&deque, NW_NODE_ANY, 64, 1 << 16) < 0)
		return fprintf(stderr, "no memory\n"), 1;
	if (pthread_create(&thief, NULL, steal, &stolen) != 0)
		return fprintf(stderr, "no thread\n"), 1;
	for (unsigned i = 0; i < TASKS; i++) {
		tasks[i] = i;
		if (!nw_deque_push(deque, thread, &tasks[i]))
			run(&tasks[i]); /* full: do it now */
	}
	while (nw_deque_pop(deque, &task))
		run(task);
	atomic_store(&is_over, true);
	pthread_join(thief, NULL);
	printf("sum %lu, %lu tasks stolen\n", atomic_load(&sum), stolen);
	nw_deque_destroy(deque);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(domain);
	return 0;
}
