/* SPDX-License-Identifier: MIT */
/* This example shows how to sleep until a ring has something, without losing the wake-up.
 *
 *     cc event_wait.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/event.h>
#include <nw/ring.h>

#include <pthread.h>
#include <stdio.h>

enum { ITEMS = 1000 };

static struct nw_ring *ring;
static struct nw_event event;
static int numbers[ITEMS];

static void *produce(void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		numbers[i] = i;
		if (nw_ring_push(ring, &numbers[i])) /* there is room for all */
			nw_event_notify_one(&event); /* after the push */
	}
	return arg;
}

static void *pop(void)
{
	void *item;

	while (!nw_ring_pop(ring, &item)) {
		nw_event_key key = nw_event_prepare(&event);

		if (nw_ring_pop(ring, &item)) { /* asked again, after the prepare */
			nw_event_cancel(&event);
			break;
		}
		nw_event_wait(&event, key, 10000, 0); /* poll for 10 us, then sleep */
	}
	return item;
}

int main(void)
{
	pthread_t producer;
	long sum = 0;

	if (nw_ring_create(&ring, 1024, NW_NODE_ANY) < 0 ||
	    pthread_create(&producer, NULL, produce, NULL) != 0)
		return fprintf(stderr, "event_wait: no memory, or no thread\n"), 1;
	for (int i = 0; i < ITEMS; i++)
		sum += *(int *)pop();
	pthread_join(producer, NULL);
	printf("%d items, sum %ld\n", ITEMS, sum);
	nw_ring_destroy(ring);
	return sum == (long)ITEMS * (ITEMS - 1) / 2 ? 0 : 1;
}
