/* SPDX-License-Identifier: MIT */
/*
 * Hazard pointers: a thread that protects one object retires another, which is held, and leaves
 * without clearing its slot; so the other is handed on. The thread that holds that replaces the
 * first object meanwhile, clears, and scans. No fence anywhere: both have protected before they
 * start, and the orders of leaving have to do by themselves.
 */
#define MODEL_UNFENCED
#include "hazard_domain.h"

static struct object own;
static struct object *seen;

static void look(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)arg;
	model_look(ptr);
}

static void *leave(void *arg)
{
	struct nw_hazard_thread *thread = model_thread(0);

	model_look(seen);
	own.a = 8;
	own.b = 80;
	nw_hazard_retire(thread, &own.retired, &own, look, NULL);
	nw_hazard_unregister(thread);
	return arg;
}

static void *stay(void *arg)
{
	struct nw_hazard_thread *thread = model_thread(1);

	model_replace(thread, 2);
	nw_hazard_clear(thread, 0);
	(void)nw_hazard_scan(thread);
	return arg;
}

int main(void)
{
	pthread_t leaving, staying;

	model_hazard_start(false);
	seen = nw_hazard_protect(model_thread(0), 0, &shared);
	nw_hazard_set(model_thread(1), 0, &own);
	model_start(&leaving, leave);
	model_start(&staying, stay);
	pthread_join(leaving, NULL);
	pthread_join(staying, NULL);
	return 0;
}
