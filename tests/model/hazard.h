/* SPDX-License-Identifier: MIT */
/*
 * A small hazard domain for clients of structures that retire: the header's own functions with full
 * fences, and a scan at every retire, so that what is freed is freed as early as it may be. Memory
 * is malloc's, which the checker watches.
 *
 * A full fence in every publication also orders what the structure itself has to order. With
 * MODEL_LIGHT publications have none, as under membarrier, and nothing is freed: for clients that
 * look at the structure's own edges.
 */
#ifndef NW_MODEL_HAZARD_H
#define NW_MODEL_HAZARD_H

#include "slab.h"

#include <nw/hazard.h>

enum { MODEL_THREADS = 3, MODEL_SLOTS = 2, MODEL_RETIRED = 4 };

static struct nw_hazard_thread model_threads[MODEL_THREADS];
static struct nw_retired *model_retired[MODEL_THREADS][MODEL_RETIRED];
static int model_retired_count[MODEL_THREADS];

/* The bodies of the header's functions. */
extern inline void nw_hazard_set(struct nw_hazard_thread *thread, uint32_t slot, void *ptr);
extern inline void *(nw_hazard_protect)(struct nw_hazard_thread *thread, uint32_t slot,
					const void *src);
extern inline void nw_hazard_clear(struct nw_hazard_thread *thread, uint32_t slot);

static inline void model_hazard_start(void)
{
	for (int t = 0; t < MODEL_THREADS; t++) {
		model_threads[t].slot_count = MODEL_SLOTS;
#ifndef MODEL_LIGHT
		model_threads[t].is_fenced = true;
#endif
	}
}

/* As src/reclaim/hazard.c has it; clients of that file have its own. */
void nw_hazard_set_fenced(struct nw_hazard_thread *thread, uint32_t slot, void *ptr)
{
	atomic_store_explicit(&thread->slots[slot], ptr, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
}

static bool model_is_held(const void *ptr)
{
	for (int t = 0; t < MODEL_THREADS; t++)
		for (int s = 0; s < MODEL_SLOTS; s++)
			if (atomic_load_explicit(&model_threads[t].slots[s],
						 memory_order_acquire) == ptr)
				return true;
	return false;
}

static void model_scan(struct nw_hazard_thread *thread, int t)
{
	int kept = 0;

	atomic_thread_fence(memory_order_seq_cst);
	for (int i = 0; i < model_retired_count[t]; i++) {
		struct nw_retired *retired = model_retired[t][i];

		if (model_is_held(retired->ptr))
			model_retired[t][kept++] = retired;
		else
			retired->fn(thread, retired->ptr, retired->arg);
	}
	model_retired_count[t] = kept;
}

void nw_hazard_retire(struct nw_hazard_thread *thread, struct nw_retired *retired, void *ptr,
		      nw_hazard_fn *fn, void *arg)
{
	int t = (int)(thread - model_threads);

	retired->ptr = ptr;
	retired->fn = fn;
	retired->arg = arg;
	model_retired[t][model_retired_count[t]++] = retired;
#ifndef MODEL_LIGHT
	model_scan(thread, t);
#endif
}

/* Nobody uses the structure any more: what was held is free. */
static inline void model_hazard_end(void)
{
	for (int t = 0; t < MODEL_THREADS; t++)
		model_scan(&model_threads[t], t);
}

/* The rest of the layer, which no client calls. */
struct nw_hazard *nw_hazard_domain_of(const struct nw_hazard_thread *thread)
{
	(void)thread;
	return NULL;
}

void nw_hazard_barrier(struct nw_hazard_thread *thread)
{
	(void)thread;
}

#endif /* NW_MODEL_HAZARD_H */
