/* SPDX-License-Identifier: MIT */
/*
 * RCU: two writers wait at the same time, and one may take the other's word that a period is over.
 * The section has begun before the threads start, so no fence is missed and none is made.
 */
#define MODEL_UNFENCED
#define UPDATES 1
#include "rcu.h"

static void *read_once(void *arg)
{
	model_read();
	nw_rcu_read_unlock(model_reader(0));
	return arg;
}

static void *wait_only(void *arg)
{
	/* Whether the period is over already does not matter here. */
	return nw_rcu_poll(rcu, nw_rcu_start_poll(rcu)) ? arg : NULL;
}

int main(void)
{
	pthread_t reader, writer, other;

	model_rcu_start(0, false);
	nw_rcu_read_lock(model_reader(0));
	model_start(&reader, read_once);
	model_start(&writer, model_update);
	model_start(&other, wait_only);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	pthread_join(other, NULL);
	return 0;
}
