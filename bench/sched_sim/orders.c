/* SPDX-License-Identifier: MIT */
/*
 * Deals slots by a dispatch order. Invariant: every class has one item, put back as soon as it was
 * got, so that all are ready at every slot. Its priority is its weight: `priority` then serves one
 * class.
 */
#include "orders.h"

#include "base/prng.h"
#include "sched/order.h"

#include <stdlib.h>

struct dealer {
	struct nwi_order *order;
	uint32_t class_count;
	uint32_t weights[ORDERS_CLASSES_MAX];
	struct nwi_order_item items[ORDERS_CLASSES_MAX];
};

const char *orders_name(uint32_t kind)
{
	return nwi_order_name((enum nwi_order_kind)kind);
}

static bool begin(struct dealer *dealer, uint32_t kind, uint32_t class_count, uint64_t seed)
{
	struct nwi_order_options options = { .kind = (enum nwi_order_kind)kind,
					     .class_count = class_count,
					     .weights = dealer->weights,
					     .seed = seed,
					     .alpha_idx = (uint32_t)seed };
	void *memory = malloc(nwi_order_bytes(class_count));
	struct nwi_prng prng;

	if (!memory)
		return false;
	dealer->class_count = class_count;
	nwi_prng_init(&prng, seed);
	for (uint32_t i = 0; i < class_count; i++)
		dealer->weights[i] = 1 + nwi_prng_below(&prng, ORDERS_WEIGHT_MAX);
	dealer->order = nwi_order_init(memory, &options);
	for (uint32_t i = 0; i < class_count; i++) {
		dealer->items[i].class_idx = i;
		dealer->items[i].priority = (int32_t)dealer->weights[i];
		nwi_order_put(dealer->order, &dealer->items[i]);
	}
	return true;
}

static uint32_t turn(struct dealer *dealer)
{
	struct nwi_order_item *item = nwi_order_get(dealer->order, NULL, NULL);

	nwi_order_put(dealer->order, item);
	return item->class_idx;
}

bool orders_measure(uint32_t kind, uint32_t class_count, uint32_t slots, uint64_t seed,
		    struct orders_fairness *ret_fairness)
{
	uint64_t got[ORDERS_CLASSES_MAX] = { 0 }, deviation_max = 0;
	struct dealer dealer = { 0 };

	if (!begin(&dealer, kind, class_count, seed))
		return false;
	for (uint32_t slot = 0; slot < slots; slot++) {
		uint64_t deviation;

		got[turn(&dealer)]++;
		deviation = nwi_order_deviation_1024(got, dealer.weights, class_count);
		deviation_max = deviation > deviation_max ? deviation : deviation_max;
	}
	free(dealer.order);
	ret_fairness->jain = nwi_order_jain(got, dealer.weights, class_count);
	ret_fairness->deviation = (double)deviation_max / 1024;
	return true;
}

bool orders_deal(uint32_t kind, uint32_t class_count, uint32_t slots, uint64_t seed)
{
	struct dealer dealer = { 0 };

	if (!begin(&dealer, kind, class_count, seed))
		return false;
	for (uint32_t slot = 0; slot < slots; slot++)
		(void)turn(&dealer);
	free(dealer.order);
	return true;
}
