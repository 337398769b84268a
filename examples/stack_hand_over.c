/* SPDX-License-Identifier: MIT */
/* This example shows how threads hand finished work to one that takes it all at once. */
#include <nw/stack.h>

#include <pthread.h>
#include <stdio.h>

enum { WORKERS = 2, JOBS = 100 };

static struct nw_hazard *domain;
static struct nw_stack *done;

static void *work(void *arg)
{
	struct nw_hazard_thread *thread;
	struct nw_stack_handle *handle;
	char *jobs = arg;

	if (nw_hazard_register(&thread, domain) < 0 || nw_stack_register(&handle, done, thread) < 0)
		return arg;
	for (int i = 0; i < JOBS; i++)
		if (!nw_stack_push(handle, &jobs[i]))
			fprintf(stderr, "no memory for job %d\n", i);
	nw_stack_unregister(handle);
	nw_hazard_unregister(thread);
	return NULL;
}

static void finish(void *item, void *arg)
{
	*(int *)arg += ++*(char *)item; /* each comes once: from 0 to 1 */
}

int main(void)
{
	static char jobs[WORKERS][JOBS];
	struct nw_hazard_thread *thread;
	struct nw_stack_handle *handle;
	pthread_t workers[WORKERS];
	int count = 0;

	if (nw_hazard_default(&domain) < 0 || nw_hazard_register(&thread, domain) < 0 ||
	    nw_stack_create(&done, domain, NW_NODE_ANY) < 0 ||
	    nw_stack_register(&handle, done, thread) < 0)
		return fprintf(stderr, "no memory\n"), 1;
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&workers[i], NULL, work, jobs[i]) != 0)
			return fprintf(stderr, "no thread\n"), 1;
	while (count < WORKERS * JOBS)
		(void)nw_stack_pop_all(handle, finish, &count);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	printf("%d jobs finished\n", count);
	nw_stack_destroy(done, thread);
	nw_hazard_unregister(thread);
	return count == WORKERS * JOBS ? 0 : 1;
}
