/* SPDX-License-Identifier: MIT */
/* This example shows how to replace an object that other threads may be reading, and free it late.
 */
#include <nw/hazard.h>

#include <stdio.h>
#include <stdlib.h>

struct config {
	int limit;
	struct nw_retired retired; /* room for the library, so that retiring allocates nothing */
};

static _Atomic(struct config *) current;

static void free_config(struct nw_hazard_thread *thread, void *config, void *arg)
{
	(void)thread, (void)arg;
	free(config);
}

/* Any number of threads may be in here, each with its own handle. */
static int read_limit(struct nw_hazard_thread *thread)
{
	struct config *config = nw_hazard_protect(thread, 0, &current);
	int limit = config->limit;

	nw_hazard_clear(thread, 0); /* from here on *config may be gone */
	return limit;
}

static int set_limit(struct nw_hazard_thread *thread, int limit)
{
	struct config *config = malloc(sizeof(*config)), *old;

	if (!config)
		return -1;
	config->limit = limit;
	old = atomic_exchange(&current, config); /* nobody finds the old one any more */
	if (old)
		nw_hazard_retire(thread, &old->retired, old, free_config, NULL);
	return 0;
}

int main(void)
{
	struct nw_hazard *domain;
	struct nw_hazard_thread *thread;
	int limit = 0;

	if (nw_hazard_default(&domain) < 0 || nw_hazard_register(&thread, domain) < 0)
		return 1;
	for (int i = 1; i <= 3 && set_limit(thread, 10 * i) == 0; i++)
		limit = read_limit(thread);
	free(atomic_exchange(&current, NULL)); /* no other thread is left */
	nw_hazard_unregister(thread);
	printf("limit %d\n", limit);
	return limit == 30 ? 0 : 1;
}
