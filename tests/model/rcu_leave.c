/* SPDX-License-Identifier: MIT */
/*
 * RCU: a reader reads, leaves a callback behind and unregisters, while a writer replaces the object
 * once, frees the old one after a grace period, and runs the callback if it finds it. No fence
 * anywhere, the section has begun before the threads start: the orders of leaving have to do by
 * themselves.
 */
#define MODEL_UNFENCED
#define UPDATES 1
#include "rcu.h"

static struct object own = { .a = 7, .b = 70 };
static struct nw_rcu_head head;
static int run_count;

static void run(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct object *object = ptr;

	(void)thread, (void)arg;
	assert(object->b == 10 * object->a);
	run_count++;
}

static void *read_and_leave(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	model_read();
	nw_rcu_read_unlock(thread);
	own.a = 8;
	own.b = 80;
	nw_rcu_call(thread, &head, &own, run, NULL);
	nw_rcu_unregister(thread);
	return arg;
}

static void *update_and_run(void *arg)
{
	model_update(arg);
	(void)nw_rcu_run(model_reader(1));
	assert(run_count <= 1);
	return arg;
}

int main(void)
{
	pthread_t reader, writer;

	model_rcu_start(0, false);
	nw_rcu_read_lock(model_reader(0));
	model_start(&reader, read_and_leave);
	model_start(&writer, update_and_run);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
