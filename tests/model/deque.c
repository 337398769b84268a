/* SPDX-License-Identifier: MIT */
/*
 * An owner pushes two items and pops twice, two thieves try to steal: each item comes once, the
 * last one too, for which all three reach, with what the owner wrote before. Publications are
 * light, so that every edge is the deque's own.
 */
#define MODEL_LIGHT
#include "deque.h"

enum { ITEMS = 2, THIEVES = 2 };

static uint64_t words[ITEMS];
static uint32_t taken[ITEMS];

static void take(void *item)
{
	uint64_t value = *(uint64_t *)item;

	assert(value >= 1 && value <= ITEMS);
	/* Written twice without an edge between is a race; with one, the second sees the first. */
	assert(taken[value - 1] == 0);
	taken[value - 1] = 1;
}

static void *steal(void *arg)
{
	int t = arg == &words[1];
	void *item;

	if (nw_deque_steal(deque, &model_threads[1 + t], &item) == NW_DEQUE_STOLEN)
		take(item);
	return NULL;
}

int main(void)
{
	pthread_t thieves[THIEVES];

	model_deque_start(2, 2);
	for (int t = 0; t < THIEVES; t++)
		pthread_create(&thieves[t], NULL, steal, &words[t]);
	for (uint64_t i = 0; i < ITEMS; i++) {
		words[i] = i + 1;
		if (!nw_deque_push(deque, &model_threads[0], &words[i]))
			assert(0 && "full with room");
	}
	for (int i = 0; i < ITEMS; i++) {
		void *item;

		if (nw_deque_pop(deque, &item))
			take(item);
	}
	for (int t = 0; t < THIEVES; t++)
		pthread_join(thieves[t], NULL);
	/* What a pop or a steal did not get, another one did. */
	for (int i = 0; i < ITEMS; i++)
		assert(taken[i] == 1);
	return 0;
}
