/* SPDX-License-Identifier: MIT */
/*
 * Hazard pointers: a thread retires twice while another makes a barrier, which reclaims
 * what it finds on the thread's list. Fences are full.
 */
#include "hazard_domain.h"

enum { RETIRED = 2 };

static struct object own[RETIRED];
static int deleted_count;

static void look_and_count(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)arg;
	model_look(ptr);
	deleted_count++;
}

static void *retire(void *arg)
{
	struct nw_hazard_thread *thread = model_thread(0);

	record_at(0)->batch = RETIRED + 1; /* so that a list is there to be taken */
	for (int i = 0; i < RETIRED; i++) {
		own[i].a = 8;
		own[i].b = 80;
		nw_hazard_retire(thread, &own[i].retired, &own[i], look_and_count, NULL);
	}
	return arg;
}

static void *wait_for_all(void *arg)
{
	nw_hazard_barrier(model_thread(1));
	return arg;
}

int main(void)
{
	pthread_t retirer, waiter;

	model_hazard_start(true);
	model_start(&retirer, retire);
	model_start(&waiter, wait_for_all);
	pthread_join(retirer, NULL);
	pthread_join(waiter, NULL);
	assert(deleted_count + (int)record_at(0)->list_count == RETIRED);
	return 0;
}
