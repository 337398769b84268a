/* SPDX-License-Identifier: MIT */
/*
 * RCU, general flavour, without any fence: what the orders of its words do by themselves. So
 * that none is missed, the first section has begun before the threads start, and
 * the second one, of two levels, counts only where it began in the writer's period.
 */
#define MODEL_UNFENCED
#define UPDATES 1
#include "rcu.h"

static void *read_all(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	model_read();
	nw_rcu_read_unlock(thread);
	nw_rcu_read_lock(thread);
	nw_rcu_read_lock(thread);
	model_assume(own_state(thread) >> PERIOD_SHIFT > PERIOD_FIRST >> PERIOD_SHIFT);
	model_read();
	nw_rcu_read_unlock(thread);
	nw_rcu_read_unlock(thread);
	return arg;
}

int main(void)
{
	pthread_t reader, writer;

	model_rcu_start(0, false);
	nw_rcu_read_lock(model_reader(0));
	model_start(&reader, read_all);
	model_start(&writer, model_update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
