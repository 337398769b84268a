/* SPDX-License-Identifier: MIT */
/*
 * Two producers of two items each on a ring of two slots, one consumer: the items of each
 * come in its order, none twice, and what the producer wrote before is there. The slots are
 * used twice, and the kept tail is written by both. With MODEL_BURSTS (mpsc_burst.c) an item is a
 * burst of one, which takes the way of all bursts.
 */
#include "nomem.h"

#include "lf/mpsc.c"

#ifdef MODEL_BURSTS
#define PUSH(mpsc, item) (nw_mpsc_push_burst(mpsc, item, 1) == 1)
#define POP(mpsc, item)  (nw_mpsc_pop_burst(mpsc, item, 1) == 1)
#else
#define PUSH nw_mpsc_push
#define POP  nw_mpsc_pop
#endif

enum { PRODUCERS = 2, ITEMS = 2, POPS = 4 };

static uint64_t words[PRODUCERS][ITEMS];
static struct nw_mpsc *mpsc;

static void *produce(void *arg)
{
	uint64_t p = arg == words[1];

	for (uint64_t i = 0; i < ITEMS; i++) {
		uint64_t item = (uint64_t)(uintptr_t)&words[p][i];

		words[p][i] = 10 * p + i + 1;
		if (!PUSH(mpsc, &item))
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

		if (!POP(mpsc, &item))
			continue;
		value = *(uint64_t *)(uintptr_t)item;
		assert(value % 10 == last[value / 10] + 1);
		last[value / 10] = value % 10;
	}
	for (int p = 0; p < PRODUCERS; p++)
		pthread_join(producers[p], NULL);
	return 0;
}
