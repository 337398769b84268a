/* SPDX-License-Identifier: MIT */
/*
 * One producer of three items on a queue of two slots, two consumers: cells and entries are used
 * again; each item comes once, and what the producer wrote before is there.
 */
#include "nomem.h"

#include "lf/mpmc.c"

enum { ITEMS = 3, CONSUMERS = 2, POPS = 2 };

static uint64_t words[ITEMS];
static uint64_t *got[CONSUMERS][POPS];
static struct nw_mpmc_producer producer;
static struct nw_mpmc *mpmc;

static void *produce(void *arg)
{
	for (uint64_t i = 0; i < ITEMS; i++) {
		words[i] = i + 1;
		if (!nw_mpmc_push(&producer, &words[i]))
			break;
	}
	return arg;
}

static void *consume(void *arg)
{
	uint64_t c = arg == got[1], last = 0;

	for (int i = 0; i < POPS; i++) {
		void *item;

		if (!nw_mpmc_pop(mpmc, &item))
			continue;
		got[c][i] = item;
		assert(*got[c][i] > last);
		last = *got[c][i];
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[1 + CONSUMERS];
	uint64_t seen = 0;
	int rc = nw_mpmc_init(&mpmc, model_memory, sizeof(model_memory), 2, 1);

	assert(rc == 0);
	(void)rc;
	/* As nw_mpmc_register() does, which copies a struct: the checker cannot. */
	producer.mpmc = mpmc;
	producer.head_seen = 0;
	producer.spare = mpmc->slot_count;
	model_start(&threads[0], produce);
	for (int c = 0; c < CONSUMERS; c++)
		pthread_create(&threads[1 + c], NULL, consume, got[c]);
	for (int t = 0; t < 1 + CONSUMERS; t++)
		pthread_join(threads[t], NULL);
	for (int i = 0; i < CONSUMERS * POPS; i++) {
		const uint64_t *item = got[i / POPS][i % POPS];

		if (!item)
			continue;
		assert((seen & UINT64_C(1) << *item) == 0);
		seen |= UINT64_C(1) << *item;
	}
	return 0;
}
