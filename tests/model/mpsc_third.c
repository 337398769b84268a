/* SPDX-License-Identifier: MIT */
/*
 * A full ring of two slots, three producers of an item each, a consumer: one producer may see a
 * tail and keep it for the second, and the third know of both only by the second's claim. A claim
 * that rested on no room would overwrite an item: a race on its slot.
 */
#include "nomem.h"

#include "lf/mpsc.c"

enum { PRODUCERS = 3, SLOTS = 2, POPS = 3 };

static uint64_t words[PRODUCERS];
static struct nw_mpsc *mpsc;

static void *produce(void *arg)
{
	uint64_t item = (uint64_t)(uintptr_t)arg;

	if (arg == &words[0])
		(void)!nw_mpsc_push(mpsc, &item);
	else
		(void)!nw_mpsc_push_burst(mpsc, &item, 1);
	return NULL;
}

int main(void)
{
	pthread_t producers[PRODUCERS];
	uint64_t old[SLOTS] = { 1, 2 }, item;
	int rc = nw_mpsc_init(&mpsc, model_memory, sizeof(model_memory), SLOTS, sizeof(uint64_t));
	uint32_t n = nw_mpsc_push_burst(mpsc, old, SLOTS);

	assert(rc == 0 && n == SLOTS);
	(void)rc, (void)n;
	for (int p = 0; p < PRODUCERS; p++)
		pthread_create(&producers[p], NULL, produce, &words[p]);
	for (uint64_t i = 0; i < POPS; i++)
		if (nw_mpsc_pop(mpsc, &item))
			assert(i >= SLOTS || item == i + 1);
	for (int p = 0; p < PRODUCERS; p++)
		pthread_join(producers[p], NULL);
	return 0;
}
