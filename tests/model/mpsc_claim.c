/* SPDX-License-Identifier: MIT */
/*
 * Claims filled in place, and items lent in place, on a ring of two slots: a producer of claims of
 * two, which may get one, beside one of claims of one; the consumer peeks and drops. The slots are
 * used twice. What the consumer is lent was filled, each producer's in its order, and a producer
 * that claims a slot finds that the consumer is done with it: a race on the slot is an error.
 */
#include "nomem.h"

#include "lf/mpsc.c"

enum { PRODUCERS = 2, SLOTS = 2, ROUNDS = 2, PEEKS = 3 };

static struct nw_mpsc *mpsc;

static uint64_t *slot_of(const struct nw_mpsc_claim *claim, uint64_t k)
{
	return (uint64_t *)(void *)(claim->items +
				    ((claim->pos + k) & claim->mask) * sizeof(uint64_t));
}

static void produce_claims(uint64_t producer, uint32_t wanted)
{
	uint64_t count = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct nw_mpsc_claim claim;

		nw_mpsc_claim(mpsc, wanted, &claim);
		for (uint64_t k = 0; k < claim.count; k++)
			*slot_of(&claim, k) = 10 * producer + ++count;
		nw_mpsc_show(mpsc, &claim);
		if (claim.count == 0)
			break;
	}
}

static void *produce_two(void *arg)
{
	(void)arg;
	produce_claims(0, SLOTS);
	return NULL;
}

static void *produce_one(void *arg)
{
	(void)arg;
	produce_claims(1, 1);
	return NULL;
}

int main(void)
{
	uint64_t last[PRODUCERS] = { 0, 0 };
	pthread_t producers[PRODUCERS];
	int rc = nw_mpsc_init(&mpsc, model_memory, sizeof(model_memory), SLOTS, sizeof(uint64_t));

	assert(rc == 0);
	(void)rc;
	model_start(&producers[0], produce_two);
	model_start(&producers[1], produce_one);
	for (int i = 0; i < PEEKS; i++) {
		void *items;
		uint32_t n = nw_mpsc_peek(mpsc, SLOTS, &items);

		for (uint32_t k = 0; k < n; k++) {
			uint64_t value = ((uint64_t *)items)[k];

			assert(value / 10 < PRODUCERS && value % 10 == last[value / 10] + 1);
			last[value / 10] = value % 10;
		}
		nw_mpsc_drop(mpsc, n);
	}
	for (int p = 0; p < PRODUCERS; p++)
		pthread_join(producers[p], NULL);
	return 0;
}
