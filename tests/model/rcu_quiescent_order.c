/* SPDX-License-Identifier: MIT */
/*
 * RCU, quiescent flavour, without any fence, as rcu_order.c: it is online before the
 * threads start, and what it reads after it has announced, or come online again, counts only where
 * that was in the writer's period.
 */
#define MODEL_UNFENCED
#define UPDATES 1
#include "rcu.h"

static void assume_new_period(const struct nw_rcu_thread *thread)
{
	model_assume(own_state(thread) >> PERIOD_SHIFT > PERIOD_FIRST >> PERIOD_SHIFT);
}

static void *read_all(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	model_read();
	nw_rcu_quiescent(thread);
	assume_new_period(thread);
	model_read();
	return arg;
}

/* Another reader, which goes offline in between. */
static void *come_back(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(1);

	model_read();
	nw_rcu_offline(thread);
	nw_rcu_online(thread);
	assume_new_period(thread);
	model_read();
	return arg;
}

int main(void)
{
	pthread_t reader, writer, other;

	model_rcu_start(NW_RCU_QUIESCENT_BIT, false);
	nw_rcu_online(model_reader(0));
	nw_rcu_online(model_reader(1));
	model_start(&reader, read_all);
	model_start(&other, come_back);
	model_start(&writer, model_update);
	pthread_join(reader, NULL);
	pthread_join(other, NULL);
	pthread_join(writer, NULL);
	return 0;
}
