/* SPDX-License-Identifier: MIT */
/* The seeded order of places: a Feistel network that walks until it is inside. */
#include "probe/shuffle.h"

#include "probe/mix.h"

#include <assert.h>

static uint64_t mask(uint32_t bits)
{
	return (UINT64_C(1) << bits) - 1;
}

void nwi_shuffle_init(struct nwi_shuffle *order, uint64_t count, uint64_t seed)
{
	uint32_t bits = 2;

	assert(count > 0 && count <= NWI_SHUFFLE_COUNT_MAX);
	while ((UINT64_C(1) << bits) < count)
		bits++;
	order->count = count;
	order->low_bits = bits / 2;
	order->high_bits = bits - bits / 2;
	for (int i = 0; i < NWI_SHUFFLE_ROUNDS; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		order->keys[i] = nwi_probe_mix(seed);
	}
}

/* One pass forward. The halves may differ by a bit: even rounds change the low one, odd ones the
 * high one, each by a function of the other. */
static uint64_t forth(const struct nwi_shuffle *order, uint64_t word)
{
	uint64_t low = word & mask(order->low_bits), high = word >> order->low_bits;

	for (int i = 0; i < NWI_SHUFFLE_ROUNDS; i++) {
		if (i % 2 == 0)
			low ^= nwi_probe_mix(high ^ order->keys[i]) & mask(order->low_bits);
		else
			high ^= nwi_probe_mix(low ^ order->keys[i]) & mask(order->high_bits);
	}
	return high << order->low_bits | low;
}

static uint64_t back(const struct nwi_shuffle *order, uint64_t word)
{
	uint64_t low = word & mask(order->low_bits), high = word >> order->low_bits;

	for (int i = NWI_SHUFFLE_ROUNDS; i-- > 0;) {
		if (i % 2 == 0)
			low ^= nwi_probe_mix(high ^ order->keys[i]) & mask(order->low_bits);
		else
			high ^= nwi_probe_mix(low ^ order->keys[i]) & mask(order->high_bits);
	}
	return high << order->low_bits | low;
}

uint64_t nwi_shuffle_at(const struct nwi_shuffle *order, uint64_t place)
{
	assert(place < order->count);
	do
		place = forth(order, place);
	while (place >= order->count);
	return place;
}

uint64_t nwi_shuffle_place(const struct nwi_shuffle *order, uint64_t number)
{
	assert(number < order->count);
	do
		number = back(order, number);
	while (number >= order->count);
	return number;
}
