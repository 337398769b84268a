/* SPDX-License-Identifier: MIT */
/*
 * The real hazard domain (hazard.h has a stand-in) with two registered threads, as
 * nw_hazard_create() and nw_hazard_register() leave it; an object to read, which writers replace.
 * Each retire scans.
 *
 * Fences: full ones, but of a thread that is not fenced, whose light ones are nothing to the
 * checker but with light.h. With MODEL_UNFENCED the scan's is nothing, too.
 */
#ifndef NW_MODEL_HAZARD_DOMAIN_H
#define NW_MODEL_HAZARD_DOMAIN_H

#include "nomem.h"
#include "slab.h"

#undef memset
#define memset(to, byte, n_bytes) model_zero_words((to), (n_bytes))

#include "reclaim/registry.c"

#include "reclaim/hazard.c"

enum { THREADS = 2, SLOTS = 2 };

struct object {
	uint64_t a, b;
	struct nw_retired retired;
};

static struct nw_hazard *domain = (struct nw_hazard *)(void *)model_memory;
static alignas(NW_CACHE_PAIR) unsigned char record_memory[THREADS][2048];
static _Atomic(struct object *) shared;

static inline struct record *record_at(int t)
{
	return (struct record *)(void *)record_memory[t];
}

static inline struct nw_hazard_thread *model_thread(int t)
{
	return &record_at(t)->thread;
}

static inline struct object *model_object(uint64_t value)
{
	struct object *object = malloc(sizeof(*object));

	object->a = value;
	object->b = 10 * value;
	return object;
}

static inline void model_free(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)arg;
	free(ptr);
}

static inline void model_look(const struct object *object)
{
	assert(object->b == 10 * object->a);
}

/* As nw_hazard_create() and nw_hazard_register() leave them. */
static inline void model_hazard_start(bool is_fenced)
{
	static_assert(sizeof(struct record) <= sizeof(record_memory[0]), "a record fits");
	domain->slots_per_thread = SLOTS;
	domain->batch_min = 1;
#ifdef MODEL_UNFENCED
	domain->fence_reason = 0;
#else
	domain->fence_reason = -ENOSYS;
#endif
	atomic_init(&domain->registry.count_max, 0); /* so that each retire scans */
	for (int t = 0; t < THREADS; t++) {
		struct record *record = record_at(t);

		record->domain = domain;
		record->batch = 1;
		record->thread.slot_count = SLOTS;
		record->thread.is_fenced = is_fenced;
		record->member.is_used = true;
		record->member.next = atomic_load(&domain->registry.first);
		atomic_init(&domain->registry.first, &record->member);
	}
	atomic_init(&shared, model_object(1));
}

/* Puts a new object in place and retires the old one, which scans at once. */
static inline void model_replace(struct nw_hazard_thread *thread, uint64_t value)
{
	struct object *old = atomic_exchange(&shared, model_object(value));

	nw_hazard_retire(thread, &old->retired, old, model_free, NULL);
}

#endif /* NW_MODEL_HAZARD_DOMAIN_H */
