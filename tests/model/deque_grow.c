/* SPDX-License-Identifier: MIT */
/*
 * An owner pushes three items onto two slots, so that the array is replaced and the old one
 * retired and freed, while a thief steals twice: no old array is read after it was freed, and each
 * item comes once.
 */
#include "deque.h"

enum { ITEMS = 3, STEALS = 2 };

static uint64_t words[ITEMS];

static void *steal(void *arg)
{
	uint64_t last = 0;

	for (int i = 0; i < STEALS; i++) {
		void *item;

		if (nw_deque_steal(deque, &model_threads[1], &item) != NW_DEQUE_STOLEN)
			continue;
		assert(*(uint64_t *)item == last + 1);
		last = *(uint64_t *)item;
	}
	return arg;
}

int main(void)
{
	pthread_t thief;

	model_deque_start(2, 4);
	model_start(&thief, steal);
	for (uint64_t i = 0; i < ITEMS; i++) {
		words[i] = i + 1;
		if (!nw_deque_push(deque, &model_threads[0], &words[i]))
			assert(0 && "full with room");
	}
	pthread_join(thief, NULL);
	model_deque_end();
	return 0;
}
