/* SPDX-License-Identifier: MIT */
/* This example shows how to read a shared table without a lock while others replace it. */
#include <nw/rcu.h>

#include <stdio.h>
#include <stdlib.h>

struct table {
	int version;
	struct nw_rcu_head head; /* room for the library, so that nw_rcu_call() allocates nothing */
};

static _Atomic(struct table *) current;

static void free_table(struct nw_rcu_thread *thread, void *table, void *arg)
{
	(void)thread, (void)arg;
	free(table);
}

static int look_up(struct nw_rcu_thread *thread)
{
	int version;

	nw_rcu_read_lock(thread);
	version = nw_rcu_dereference(&current)->version;
	nw_rcu_read_unlock(thread); /* from here on that version may be gone */
	return version;
}

static bool replace(struct nw_rcu_thread *thread, int version)
{
	struct table *table = malloc(sizeof(*table)), *old;

	if (!table)
		return false;
	table->version = version;
	old = nw_rcu_exchange_pointer(&current, table);
	if (old)
		nw_rcu_call(thread, &old->head, old, free_table, NULL);
	return true;
}

int main(void)
{
	struct nw_rcu_thread *thread;
	struct nw_rcu *rcu;

	if (nw_rcu_create(&rcu, NW_NODE_ANY, NULL) < 0 || nw_rcu_register(&thread, rcu, "main") < 0)
		return 1;
	for (int i = 1; i <= 3 && replace(thread, i); i++)
		printf("version %d\n", look_up(thread));
	nw_rcu_run(thread); /* frees what no section can see any more; no other thread does */
	free(nw_rcu_exchange_pointer(&current, NULL)); /* no other thread is left */
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu); /* runs the callbacks that are left */
	return 0;
}
