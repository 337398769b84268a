/* SPDX-License-Identifier: MIT */
/* This example shows how to collect what several threads produce in one queue without a lock.
 *
 *     cc queue_fan_in.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/queue.h>

#include <pthread.h>
#include <stdio.h>

enum { PRODUCERS = 3, ITEMS = 1000 };

static struct nw_hazard *domain;
static struct nw_queue *queue;
static int numbers[ITEMS + 1];

static void *produce(void *arg)
{
	struct nw_hazard_thread *thread;
	struct nw_queue_handle *handle;

	if (nw_hazard_register(&thread, domain) < 0 ||
	    nw_queue_register(&handle, queue, thread) < 0)
		return arg;
	for (int i = 1; i <= ITEMS; i++)
		if (!nw_queue_push(handle, &numbers[i]))
			fprintf(stderr, "no memory for %d\n", i);
	nw_queue_unregister(handle);
	nw_hazard_unregister(thread);
	return NULL;
}

int main(void)
{
	struct nw_hazard_thread *thread;
	struct nw_queue_handle *handle;
	pthread_t producers[PRODUCERS];
	long sum = 0;
	void *item;

	for (int i = 0; i <= ITEMS; i++)
		numbers[i] = i;
	if (nw_hazard_default(&domain) < 0 || nw_hazard_register(&thread, domain) < 0 ||
	    nw_queue_create(&queue, domain, NW_NODE_ANY) < 0 ||
	    nw_queue_register(&handle, queue, thread) < 0)
		return fprintf(stderr, "no memory\n"), 1;
	for (int i = 0; i < PRODUCERS; i++)
		if (pthread_create(&producers[i], NULL, produce, NULL) != 0)
			return fprintf(stderr, "no thread\n"), 1;
	for (int left = PRODUCERS * ITEMS; left > 0;)
		if (nw_queue_pop(handle, &item)) /* false: nothing there just now */
			sum += *(int *)item, left--;
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], NULL);
	printf("%d items, sum %ld\n", PRODUCERS * ITEMS, sum);
	nw_queue_destroy(queue, thread);
	nw_hazard_unregister(thread);
	return sum == (long)PRODUCERS * ITEMS * (ITEMS + 1) / 2 ? 0 : 1;
}
