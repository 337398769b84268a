/* SPDX-License-Identifier: MIT */
/*
 * Two items inside; one consumer pops once, another twice: while the first looks at the link that
 * holds the next item, the second takes both out and retires that link. It is not read after it
 * was freed, no item comes twice, and three pops find two.
 */
#include "hazard.h"
#include "nomem.h"

#include "map/pool.c"
#include "map/queue.c"

enum { CONSUMERS = 2, ITEMS = 2 };

static struct nw_queue *queue = (struct nw_queue *)(void *)model_memory;
static struct nw_queue_handle handles[CONSUMERS + 1];
static uint64_t words[ITEMS];
static void *got[CONSUMERS][2];

static void *consume(void *arg)
{
	uint64_t c = arg == got[1];

	for (uint64_t i = 0; i <= c; i++) {
		void *item;

		if (nw_queue_pop(&handles[c], &item))
			got[c][i] = item;
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[CONSUMERS];
	uint64_t count = 0;

	model_item_bytes = sizeof(struct nwi_link);
	model_hazard_start();
	atomic_init(&queue->head, &queue->first);
	atomic_init(&queue->tail, &queue->first);
	for (int t = 0; t <= CONSUMERS; t++) {
		handles[t].member.of = queue;
		handles[t].member.own = &model_threads[t];
	}
	for (int i = 0; i < ITEMS; i++)
		if (!nw_queue_push(&handles[CONSUMERS], &words[i]))
			assert(0 && "no memory");
	for (int c = 0; c < CONSUMERS; c++)
		pthread_create(&threads[c], NULL, consume, got[c]);
	for (int c = 0; c < CONSUMERS; c++)
		pthread_join(threads[c], NULL);
	for (int i = 0; i < ITEMS; i++)
		for (int k = 0; k < 3; k++)
			count += got[(k + 1) / 2][k == 2] == &words[i];
	assert(count == ITEMS);
	assert(got[0][0] != got[1][0] && got[0][0] != got[1][1]);
	model_hazard_end();
	return 0;
}
