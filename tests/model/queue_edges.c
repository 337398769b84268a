/* SPDX-License-Identifier: MIT */
/*
 * A producer of two items and a consumer, with light publications: the items come in their order,
 * with what the producer wrote before.
 */
#define MODEL_LIGHT
#include "hazard.h"
#include "nomem.h"

#include "map/pool.c"
#include "map/queue.c"

enum { ITEMS = 2 };

static struct nw_queue *queue = (struct nw_queue *)(void *)model_memory;
static struct nw_queue_handle handles[2];
static uint64_t words[ITEMS];

static void *produce(void *arg)
{
	for (uint64_t i = 0; i < ITEMS; i++) {
		words[i] = i + 1;
		if (!nw_queue_push(&handles[0], &words[i]))
			assert(0 && "no memory");
	}
	return arg;
}

static void *consume(void *arg)
{
	uint64_t last = 0;

	for (int i = 0; i < ITEMS; i++) {
		void *item;

		if (!nw_queue_pop(&handles[1], &item))
			continue;
		assert(*(uint64_t *)item == last + 1);
		last = *(uint64_t *)item;
	}
	return arg;
}

int main(void)
{
	pthread_t producer, consumer;

	model_item_bytes = sizeof(struct nwi_link);
	model_hazard_start();
	atomic_init(&queue->head, &queue->first);
	atomic_init(&queue->tail, &queue->first);
	for (int t = 0; t < 2; t++) {
		handles[t].member.of = queue;
		handles[t].member.own = &model_threads[t];
	}
	model_start(&producer, produce);
	model_start(&consumer, consume);
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
	return 0;
}
