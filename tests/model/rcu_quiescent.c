/* SPDX-License-Identifier: MIT */
/*
 * RCU, quiescent flavour: a reader that is online reads, announces that it holds nothing, reads
 * again and goes offline, while a writer replaces the object twice and frees what a grace period
 * has passed for.
 */
#include "rcu.h"

static void *read_all(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	nw_rcu_online(thread);
	nw_rcu_read_lock_quiescent(thread);
	model_read();
	nw_rcu_read_unlock_quiescent(thread);
	nw_rcu_quiescent(thread);
	nw_rcu_read_lock_quiescent(thread);
	model_read();
	nw_rcu_read_unlock_quiescent(thread);
	nw_rcu_offline(thread);
	return arg;
}

int main(void)
{
	pthread_t reader, writer;

	model_rcu_start(NW_RCU_QUIESCENT_BIT, true);
	model_start(&reader, read_all);
	model_start(&writer, model_update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
