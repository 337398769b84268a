/* SPDX-License-Identifier: MIT */
/*
 * An RCU domain of two registered readers, as nw_rcu_create() and nw_rcu_register() leave it; a
 * writer that replaces an object and frees the old one when a grace period has ended.
 *
 * Fences: by default all are full. A reader that is not fenced runs light ones, nothing to the
 * checker but with light.h. With MODEL_UNFENCED the writer's is nothing, too.
 */
#ifndef NW_MODEL_RCU_H
#define NW_MODEL_RCU_H

#include "nomem.h"
#include "slab.h"

#include "reclaim/registry.c"

#include "reclaim/rcu.c"

#ifndef UPDATES
#define UPDATES 2
#endif
enum { READERS = 2 };

struct object {
	uint64_t a, b;
};

static struct nw_rcu *rcu = (struct nw_rcu *)(void *)model_memory;
static alignas(NW_CACHE_PAIR) unsigned char reader_memory[READERS][1024];
static _Atomic(struct object *) shared;

int nwi_futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	(void)word, (void)expected, (void)deadline_ns;
	return 0;
}

static inline struct nw_rcu_thread *model_reader(int r)
{
	return &((struct reader *)(void *)reader_memory[r])->thread;
}

static inline struct object *model_object(uint64_t value)
{
	struct object *object = malloc(sizeof(*object));

	object->a = value;
	object->b = 10 * value;
	return object;
}

static inline void model_rcu_start(uint64_t flags, bool is_fenced)
{
	static_assert(sizeof(struct reader) <= sizeof(reader_memory[0]), "a reader fits");
#ifdef MODEL_UNFENCED
	rcu->fence_reason = 0;
#else
	rcu->fence_reason = -ENOSYS;
#endif
	atomic_init(&rcu->period, PERIOD_FIRST);
	atomic_init(&rcu->ended, PERIOD_FIRST);
	for (int r = 0; r < READERS; r++) {
		struct reader *reader = (struct reader *)(void *)reader_memory[r];

		reader->rcu = rcu;
		reader->is_fenced = is_fenced;
		reader->thread.period = &rcu->period;
		atomic_init(&reader->thread.state, flags);
		reader->member.is_used = true;
		reader->member.next = atomic_load(&rcu->registry.first);
		atomic_init(&rcu->registry.first, &reader->member);
	}
	atomic_init(&shared, model_object(1));
}

/* In a section, or online. */
static inline void model_read(void)
{
	struct object *object = nw_rcu_dereference(&shared);

	assert(object->b == 10 * object->a);
}

/* Twice: the second time in a section of two levels. */
static inline void *model_read_sections(void *arg)
{
	struct nw_rcu_thread *thread = model_reader(0);

	nw_rcu_read_lock(thread);
	model_read();
	nw_rcu_read_unlock(thread);
	nw_rcu_read_lock(thread);
	nw_rcu_read_lock(thread);
	model_read();
	nw_rcu_read_unlock(thread);
	model_read();
	nw_rcu_read_unlock(thread);
	return arg;
}

/* What a grace period did not end for stays: whether it has to end is not asked here. */
static inline void *model_update(void *arg)
{
	for (uint64_t i = 2; i < 2 + UPDATES; i++) {
		struct object *old = nw_rcu_exchange_pointer(&shared, model_object(i));

		if (nw_rcu_poll(rcu, nw_rcu_start_poll(rcu)))
			free(old);
	}
	return arg;
}

#endif /* NW_MODEL_RCU_H */
