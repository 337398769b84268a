/* SPDX-License-Identifier: MIT */
/*
 * A ring of two slots, three items: full and empty are met, a slot is used twice. Items are words
 * written with plain stores, so that a missing edge is a data race.
 */
#include "nomem.h"

#include "lf/ring.c"

enum { ITEMS = 3 };

static int words[ITEMS];
static struct nw_ring *ring;

static void *produce(void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		words[i] = i + 1;
		if (!nw_ring_push(ring, &words[i]))
			break;
	}
	return arg;
}

static void *consume(void *arg)
{
	int expected = 1;
	void *item;

	for (int i = 0; i < ITEMS; i++) {
		if (!nw_ring_pop(ring, &item))
			continue;
		assert(*(int *)item == expected);
		expected++;
	}
	return arg;
}

int main(void)
{
	pthread_t producer, consumer;
	int rc = nw_ring_init(&ring, model_memory, sizeof(model_memory), 2);

	assert(rc == 0);
	(void)rc;
	model_start(&producer, produce);
	model_start(&consumer, consume);
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
	return 0;
}
