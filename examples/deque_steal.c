/* SPDX-License-Identifier: MIT */
/* This example shows how an idle thread steals work from the deque of a busy one. */
#include <nw/deque.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { TASKS = 10000 };
static struct nw_hazard *domain;
static struct nw_deque *deque;
static char tasks[TASKS];
static atomic_int run_count, stolen_count, is_over;

static void run(void *task)
{
	run_count += ++*(char *)task; /* each comes once: from 0 to 1 */
}

static void *steal(void *arg)
{
	struct nw_hazard_thread *thread;
	enum nw_deque_steal what;
	void *task;

	if (nw_hazard_register(&thread, domain) < 0)
		return arg;
	for (bool was_over = false; !was_over;) {
		was_over = is_over; /* before the look that may find nothing */
		while ((what = nw_deque_steal(deque, thread, &task)) != NW_DEQUE_EMPTY)
			if (what == NW_DEQUE_STOLEN) /* else another was faster */
				run(task), stolen_count++;
	}
	nw_hazard_unregister(thread);
	return NULL;
}

int main(void)
{
	struct nw_hazard_thread *thread;
	pthread_t thief;
	void *task;

	if (nw_hazard_default(&domain) < 0 || nw_hazard_register(&thread, domain) < 0 ||
	    nw_deque_create(&deque, NW_NODE_ANY, 64, 1 << 16) < 0 ||
	    pthread_create(&thief, NULL, steal, NULL) != 0)
		return fprintf(stderr, "no memory, or no thread\n"), 1;
	for (int i = 0; i < TASKS; i++)
		if (!nw_deque_push(deque, thread, &tasks[i]))
			run(&tasks[i]); /* full: do it now */
	while (nw_deque_pop(deque, &task))
		run(task);
	is_over = true;
	pthread_join(thief, NULL);
	printf("%d tasks, %d of them stolen\n", run_count, stolen_count);
	nw_deque_destroy(deque);
	nw_hazard_unregister(thread);
	return run_count == TASKS ? 0 : 1;
}
