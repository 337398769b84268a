/* SPDX-License-Identifier: MIT */
/*
 * RCU, general flavour: a reader reads in two sections, one of them nested, while a writer
 * replaces the object twice and frees what a grace period has passed for.
 */
#include "rcu.h"

static void *read_all(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	nw_rcu_read_lock(thread);
	nw_rcu_read_lock(thread);
	model_read();
	nw_rcu_read_unlock(thread);
	model_read();
	nw_rcu_read_unlock(thread);
	nw_rcu_read_lock(thread);
	model_read();
	nw_rcu_read_unlock(thread);
	return arg;
}

int main(void)
{
	pthread_t reader, writer;

	model_rcu_start(NW_RCU_FENCED_BIT);
	model_start(&reader, read_all);
	model_start(&writer, model_update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
