/* SPDX-License-Identifier: MIT */
/*
 * Hazard pointers with full fences: a reader protects an object and reads it, again with the same
 * slot, and clears, while a writer replaces it twice, retires the old ones and so scans at once.
 */
#include "hazard_domain.h"

enum { UPDATES = 2, READS = 2 };

static void *read_it(void *arg)
{
	struct nw_hazard_thread *thread = model_thread(0);

	for (int i = 0; i < READS; i++)
		model_look(nw_hazard_protect(thread, 0, &shared));
	nw_hazard_clear(thread, 0);
	return arg;
}

static void *update(void *arg)
{
	for (uint64_t i = 2; i < 2 + UPDATES; i++)
		model_replace(model_thread(1), i);
	return arg;
}

int main(void)
{
	pthread_t reader, writer;

	model_hazard_start(true);
	model_start(&reader, read_it);
	model_start(&writer, update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
