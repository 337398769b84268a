/* SPDX-License-Identifier: MIT */
/*
 * Two threads push two items between them and pop two: none comes twice, nobody finds the queue
 * empty behind its own push with fewer pops before, and no link is read after it was freed.
 */
#include "hazard.h"
#include "nomem.h"

#include "map/pool.c"
#include "map/queue.c"

enum { THREADS = 2 };

static struct nw_queue *queue = (struct nw_queue *)(void *)model_memory;
static struct nw_queue_handle handles[THREADS];
static uint64_t words[THREADS];
static uint64_t *got[THREADS];

static void *push_and_pop(void *arg)
{
	uint64_t t = arg == &words[1];
	void *item;

	words[t] = t + 1;
	if (!nw_queue_push(&handles[t], &words[t]))
		assert(0 && "no memory");
	if (!nw_queue_pop(&handles[t], &item))
		assert(0 && "empty with as many pushes as pops");
	got[t] = item;
	assert(*got[t] >= 1 && *got[t] <= THREADS);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	model_item_bytes = sizeof(struct nwi_link);
	model_hazard_start();
	atomic_init(&queue->head, &queue->first);
	atomic_init(&queue->tail, &queue->first);
	for (int t = 0; t < THREADS; t++) {
		handles[t].member.of = queue;
		handles[t].member.own = &model_threads[t];
		pthread_create(&threads[t], NULL, push_and_pop, &words[t]);
	}
	for (int t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	assert(got[0] != got[1]);
	model_hazard_end();
	return 0;
}
