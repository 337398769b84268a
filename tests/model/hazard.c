/* SPDX-License-Identifier: MIT */
/*
 * Hazard pointers, the real domain with full fences: a reader protects an object and reads it,
 * again with the same slot, and clears, while a writer replaces it twice, retires the old ones and
 * so scans at once.
 */
#include "nomem.h"
#include "slab.h"

#undef memset
#define memset(to, byte, n_bytes) model_zero_words((to), (n_bytes))

#include "reclaim/registry.c"

#include "reclaim/hazard.c"

enum { THREADS = 2, SLOTS = 2, UPDATES = 2, READS = 2 };

struct object {
	uint64_t a, b;
	struct nw_retired retired;
};

static struct nw_hazard *domain = (struct nw_hazard *)(void *)model_memory;
static alignas(NW_CACHE_PAIR) unsigned char record_memory[THREADS][2048];
static _Atomic(struct object *) shared;

static struct record *record_at(int t)
{
	return (struct record *)(void *)record_memory[t];
}

static struct object *object_make(uint64_t value)
{
	struct object *object = malloc(sizeof(*object));

	object->a = value;
	object->b = 10 * value;
	return object;
}

static void free_object(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)arg;
	free(ptr);
}

static void *read_it(void *arg)
{
	struct nw_hazard_thread *thread = &record_at(0)->thread;

	for (int i = 0; i < READS; i++) {
		struct object *object = nw_hazard_protect(thread, 0, &shared);

		assert(object->b == 10 * object->a);
	}
	nw_hazard_clear(thread, 0);
	return arg;
}

static void *update(void *arg)
{
	for (uint64_t i = 2; i < 2 + UPDATES; i++) {
		struct object *old = atomic_exchange(&shared, object_make(i));

		nw_hazard_retire(&record_at(1)->thread, &old->retired, old, free_object, NULL);
	}
	return arg;
}

/* As nw_hazard_create() and nw_hazard_register() leave them. */
static void start(void)
{
	static_assert(sizeof(struct record) <= sizeof(record_memory[0]), "a record fits");
	domain->slots_per_thread = SLOTS;
	domain->batch_min = 1;
	domain->fence_reason = -ENOSYS;
	atomic_init(&domain->registry.count_max, 0); /* so that each retire scans */
	for (int t = 0; t < THREADS; t++) {
		struct record *record = record_at(t);

		record->domain = domain;
		record->batch = 1;
		record->thread.slot_count = SLOTS;
		record->thread.is_fenced = true;
		record->member.next = atomic_load(&domain->registry.first);
		atomic_init(&domain->registry.first, &record->member);
	}
	atomic_init(&shared, object_make(1));
}

int main(void)
{
	pthread_t reader, writer;

	start();
	model_start(&reader, read_it);
	model_start(&writer, update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
