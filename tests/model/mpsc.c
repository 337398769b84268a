/* SPDX-License-Identifier: MIT */
/*
 * Two producers of two items each on a ring of two slots, one consumer: the items of each
 * come in its order, none twice, and what the producer wrote before is there. The slots are
 * used twice, and the kept tail is written by both. An item of one of the last MODEL_BURSTS
 * producers is a burst of one, which takes the way of all bursts (mpsc_burst.c, mpsc_mixed.c).
 */
#include "nomem.h"

#include "lf/mpsc.c"

#ifndef MODEL_BURSTS
#define MODEL_BURSTS 0
#endif

enum { PRODUCERS = 2, ITEMS = 2, POPS = 4 };

static uint64_t words[PRODUCERS][ITEMS];
static struct nw_mpsc *mpsc;

static bool push(uint64_t producer, uint64_t *item)
{
	if (producer + MODEL_BURSTS >= PRODUCERS)
		return nw_mpsc_push_burst(mpsc, item, 1) == 1;
	return nw_mpsc_push(mpsc, item);
}

static bool pop(uint64_t *ret_item)
{
	if (MODEL_BURSTS > 0)
		return nw_mpsc_pop_burst(mpsc, ret_item, 1) == 1;
	return nw_mpsc_pop(mpsc, ret_item);
}

static void *produce(void *arg)
{
	uint64_t p = arg == words[1];

	for (uint64_t i = 0; i < ITEMS; i++) {
		uint64_t item = (uint64_t)(uintptr_t)&words[p][i];

		words[p][i] = 10 * p + i + 1;
		if (!push(p, &item))
			break;
	}
	return NULL;
}

int main(void)
{
	pthread_t producers[PRODUCERS];
	uint64_t last[PRODUCERS] = { 0, 0 };
	int rc = nw_mpsc_init(&mpsc, model_memory, sizeof(model_memory), 2, sizeof(uint64_t));

	assert(rc == 0);
	(void)rc;
	for (int p = 0; p < PRODUCERS; p++)
		pthread_create(&producers[p], NULL, produce, words[p]);
	for (int i = 0; i < POPS; i++) {
		uint64_t item, value;

		if (!pop(&item))
			continue;
		value = *(uint64_t *)(uintptr_t)item;
		assert(value % 10 == last[value / 10] + 1);
		last[value / 10] = value % 10;
	}
	for (int p = 0; p < PRODUCERS; p++)
		pthread_join(producers[p], NULL);
	return 0;
}
