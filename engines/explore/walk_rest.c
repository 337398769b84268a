/* SPDX-License-Identifier: MIT */
/*
 * Where walkers wait for each other between two walks, so that a model can forget what past states
 * were made of.
 *
 * Invariant: forget() runs while every walker that has not left waits here, and not once there is a
 * fault, whose states are to be shown.
 */
#include "walk.h"

int nwi_rest_open(struct nwi_rest *rest)
{
	int rc = pthread_mutex_init(&rest->lock, NULL);

	return rc ? -rc : -pthread_cond_init(&rest->opened, NULL);
}

void nwi_rest_close(struct nwi_rest *rest)
{
	pthread_cond_destroy(&rest->opened);
	pthread_mutex_destroy(&rest->lock);
}

/* The last one to come, under the lock. */
static void forget_and_open(struct nw_walk *walk)
{
	struct nwi_rest *rest = &walk->rest;

	if (atomic_load(&walk->bound) == NWI_NO_WALK)
		walk->options.model->forget(walk->options.model_data);
	rest->waiting_count = 0;
	rest->round++;
	atomic_store(&rest->is_wanted, false);
	pthread_cond_broadcast(&rest->opened);
}

static void wait_for_all(struct nw_walk *walk)
{
	struct nwi_rest *rest = &walk->rest;
	uint32_t round;

	pthread_mutex_lock(&rest->lock);
	if (atomic_load(&rest->is_wanted)) {
		round = rest->round;
		if (++rest->waiting_count == rest->active_count)
			forget_and_open(walk);
		while (rest->round == round)
			pthread_cond_wait(&rest->opened, &rest->lock);
	}
	pthread_mutex_unlock(&rest->lock);
}

void nwi_rest_pass(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;
	const struct nw_model *model = walk->options.model;

	if (!model->forget)
		return;
	if (model->is_full(walker->context))
		atomic_store(&walk->rest.is_wanted, true);
	/* relaxed: hint; looked at again under the lock. */
	if (atomic_load_explicit(&walk->rest.is_wanted, memory_order_relaxed))
		wait_for_all(walk);
}

void nwi_rest_leave(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;
	struct nwi_rest *rest = &walk->rest;

	pthread_mutex_lock(&rest->lock);
	rest->active_count--;
	if (rest->active_count > 0 && rest->waiting_count == rest->active_count &&
	    atomic_load(&rest->is_wanted))
		forget_and_open(walk);
	pthread_mutex_unlock(&rest->lock);
}
