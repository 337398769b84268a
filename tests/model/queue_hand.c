/* SPDX-License-Identifier: MIT */
/*
 * Two producers and a consumer that pops twice: no link is read after it was freed, by a producer
 * either, for whom tail may lag behind what the consumer took out. The first dummy is malloc's too.
 */
#include "hazard.h"
#include "nomem.h"

#include "map/pool.c"
#include "map/queue.c"

enum { THREADS = 3, ITEMS = 2, POPS = 2 };

static struct nw_queue *queue = (struct nw_queue *)(void *)model_memory;
static struct nw_queue_handle handles[THREADS];
static uint64_t words[ITEMS];

static void *produce(void *arg)
{
	uint64_t t = arg == &words[1];

	words[t] = t + 1;
	if (!nw_queue_push(&handles[t], &words[t]))
		assert(0 && "no memory");
	return NULL;
}

static void *consume(void *arg)
{
	void *last = NULL;

	for (int i = 0; i < POPS; i++) {
		void *item;

		if (!nw_queue_pop(&handles[2], &item))
			continue;
		assert(item != last);
		last = item;
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	struct nwi_link *first;

	model_item_bytes = sizeof(struct nwi_link);
	model_hazard_start();
	first = malloc(sizeof(*first));
	atomic_init(&first->next, NULL);
	first->home = &handles[0].member;
	atomic_init(&queue->head, first);
	atomic_init(&queue->tail, first);
	for (int t = 0; t < THREADS; t++) {
		handles[t].member.of = queue;
		handles[t].member.own = &model_threads[t];
	}
	for (int t = 0; t < ITEMS; t++)
		pthread_create(&threads[t], NULL, produce, &words[t]);
	model_start(&threads[2], consume);
	for (int t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	model_hazard_end();
	return 0;
}
