/* SPDX-License-Identifier: MIT */
/*
 * Two threads push an item each and pop one: each item comes out once, its words are there, and no
 * link is read after it was freed. Links go back to malloc at once, so a link pushed anew may
 * have an old one's address.
 */
#include "hazard.h"
#include "nomem.h"

#include "map/pool.c"
#include "map/stack.c"

enum { THREADS = 2 };

static struct nw_stack stack;
static struct nw_stack_handle handles[THREADS];
static uint64_t words[THREADS];
static uint64_t *got[THREADS];

static void *push_and_pop(void *arg)
{
	uint64_t t = arg == &words[1];
	void *item;

	words[t] = t + 1;
	if (!nw_stack_push(&handles[t], &words[t]))
		assert(0 && "no memory");
	if (!nw_stack_pop(&handles[t], &item))
		assert(0 && "empty with as many pushes as pops");
	got[t] = item;
	assert(*got[t] >= 1 && *got[t] <= THREADS);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	model_item_bytes = sizeof(struct nwi_link);
	model_hazard_start();
	for (int t = 0; t < THREADS; t++) {
		handles[t].member.of = &stack;
		handles[t].member.own = &model_threads[t];
		pthread_create(&threads[t], NULL, push_and_pop, &words[t]);
	}
	for (int t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	assert(got[0] != got[1]);
	model_hazard_end();
	return 0;
}
