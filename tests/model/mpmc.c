/* SPDX-License-Identifier: MIT */
/*
 * Two threads push one item and pop at once, on a queue of two slots, and a third pops: who has
 * pushed cannot find the queue empty before it has seen as many items leave; no item comes twice.
 * A ring with a sequence in each slot fails the first of these (its "empty" lies).
 */
#include "nomem.h"

#include "lf/mpmc.c"

enum { THREADS = 2 };

static uint64_t words[THREADS];
static uint64_t *got[THREADS];
static struct nw_mpmc_producer producers[THREADS];
static struct nw_mpmc *mpmc;

static void *push_and_pop(void *arg)
{
	uint64_t t = arg == &words[1];
	void *item;

	words[t] = t + 1;
	if (!nw_mpmc_push(&producers[t], &words[t]))
		assert(0 && "full with room for every item");
	/* Two pushes at most, one pop by the other: what is left is ours. */
	if (!nw_mpmc_pop(mpmc, &item))
		assert(0 && "empty behind a push that has returned");
	got[t] = item;
	assert(*got[t] >= 1 && *got[t] <= THREADS);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	int rc = nw_mpmc_init(&mpmc, model_memory, sizeof(model_memory), 2, THREADS);

	assert(rc == 0);
	(void)rc;
	/* As nw_mpmc_register() does, which copies a struct: the checker cannot. */
	for (uint32_t t = 0; t < THREADS; t++) {
		producers[t].mpmc = mpmc;
		producers[t].head_seen = 0;
		producers[t].spare = mpmc->slot_count + t;
	}
	for (int t = 0; t < THREADS; t++)
		pthread_create(&threads[t], NULL, push_and_pop, &words[t]);
	for (int t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	assert(got[0] != got[1]);
	return 0;
}
