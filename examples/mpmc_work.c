/* SPDX-License-Identifier: MIT */
/* This example shows how to hand work to any of several threads, with a bound on what waits.
 *
 *     cc mpmc_work.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/mpmc.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { WORKERS = 3, JOBS = 2000, SLOTS = 64 };

static struct nw_mpmc *queue;
static int jobs[JOBS + 1], end_of_work;

static void *work(void *arg)
{
	long *sum = arg;
	void *job;

	for (;;) {
		if (!nw_mpmc_pop(queue, &job))
			sched_yield();
		else if (job == &end_of_work)
			return NULL;
		else
			*sum += *(int *)job;
	}
}

int main(void)
{
	struct nw_mpmc_producer producer;
	pthread_t workers[WORKERS];
	long sums[WORKERS] = { 0 }, sum = 0;

	if (nw_mpmc_create(&queue, SLOTS, 1, NW_NODE_ANY) < 0 ||
	    nw_mpmc_register(&producer, queue) < 0) {
		fprintf(stderr, "mpmc_work: no memory\n");
		return 1;
	}
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&workers[i], NULL, work, &sums[i]) != 0)
			return 1;
	for (int i = 1; i <= JOBS + WORKERS; i++) {
		if (i <= JOBS)
			jobs[i] = i;
		while (!nw_mpmc_push(&producer, i <= JOBS ? &jobs[i] : &end_of_work))
			sched_yield(); /* full: the workers are behind */
	}
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i], NULL);
		sum += sums[i];
	}
	printf("%d jobs, sum %ld\n", JOBS, sum);
	nw_mpmc_destroy(queue);
	return sum == (long)JOBS * (JOBS + 1) / 2 ? 0 : 1;
}
