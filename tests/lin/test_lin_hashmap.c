/* SPDX-License-Identifier: MIT */
/*
 * <nw/hashmap.h> as a set of keys: put, del and get of few keys by everybody, while the map doubles
 * from two buckets and is shrunk now and then. Entries taken out are freed after a grace period and
 * used again, by the thread that took them out.
 */
#include "base/prng.h"
#include "lin/drive.h"
#include "nw_test.h"

#include <nw/hashmap.h>
#include <nw/rcu.h>

#ifdef NW_SMALL
#define KEYS 1024 /* as much fewer as the calls */
#else
#define KEYS 8192
#endif

enum { CALLS = 1000000, THREADS = 4, ERASES_A_SHRINK = 256 };

struct object {
	struct nw_hashmap_entry entry;
	struct nw_rcu_head head;
	uint64_t key;
	struct object *next_spare;
};

static struct {
	struct nw_rcu *rcu;
	struct nw_hashmap *map;
	struct nw_rcu_thread *threads[THREADS];
	_Atomic uint64_t shrunk_bytes;
} all;

/* Objects in no map that no reader sees any more. */
static _Thread_local struct object *spares;
static _Thread_local uint32_t erase_count;

static struct object *object_of(const struct nw_hashmap_entry *entry)
{
	return (struct object *)((uintptr_t)entry - offsetof(struct object, entry));
}

static bool match(const struct nw_hashmap_entry *entry, const void *key)
{
	return object_of(entry)->key == *(const uint64_t *)key;
}

static void spare_give(struct object *object)
{
	object->key = UINT64_MAX; /* no reader may be comparing it: TSan would see it */
	object->next_spare = spares;
	spares = object;
}

static struct object *spare_take(void)
{
	struct object *object = spares;

	if (object)
		spares = object->next_spare;
	else
		object = calloc(1, sizeof(*object));
	CHECK(object);
	return object;
}

static void spares_free(void)
{
	while (spares)
		free(spare_take());
}

static void after_grace_period(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)arg;
	spare_give(ptr);
}

static void enter(void *self, uint32_t thread)
{
	(void)self;
	CHECK_INT(nw_rcu_register(&all.threads[thread], all.rcu, "lin"), ==, 0);
}

static void leave(void *self, uint32_t thread)
{
	(void)self;
	nw_rcu_unregister(all.threads[thread]);
	spares_free();
}

static bool insert(void *self, uint32_t thread, uint32_t key)
{
	struct object *object = spare_take();
	bool is_in;

	(void)self;
	object->key = key;
	nw_rcu_read_lock(all.threads[thread]);
	is_in = !nw_hashmap_put(all.map, all.threads[thread], nwi_mix64(key), &object->key,
				&object->entry);
	nw_rcu_read_unlock(all.threads[thread]);
	if (!is_in)
		spare_give(object);
	return is_in;
}

static bool erase(void *self, uint32_t thread, uint32_t key)
{
	struct nw_rcu_thread *rcu = all.threads[thread];
	uint64_t wide = key;
	struct nw_hashmap_entry *entry = nw_hashmap_del(all.map, rcu, nwi_mix64(key), &wide);

	(void)self;
	if (!entry)
		return false;
	nw_rcu_call(rcu, &object_of(entry)->head, object_of(entry), after_grace_period, NULL);
	if (key % 8 == 0)
		(void)nw_rcu_run(rcu); /* how many ran does not matter */
	if (++erase_count % ERASES_A_SHRINK == 0)
		atomic_fetch_add(&all.shrunk_bytes, nw_hashmap_shrink(all.map, rcu));
	return true;
}

static bool contains(void *self, uint32_t thread, uint32_t key)
{
	const struct nw_hashmap_entry *entry;
	uint64_t wide = key;
	bool is_in;

	(void)self;
	nw_rcu_read_lock(all.threads[thread]);
	entry = nw_hashmap_get(all.map, nwi_mix64(key), &wide);
	is_in = entry != NULL;
	if (is_in)
		CHECK_INT(object_of(entry)->key, ==, key);
	nw_rcu_read_unlock(all.threads[thread]);
	return is_in;
}

static void map_fini(void)
{
	struct nw_rcu_thread *self;
	struct nw_hashmap_entry *entry = NULL;

	CHECK_INT(nw_rcu_register(&self, all.rcu, "lin"), ==, 0);
	nw_rcu_read_lock(self);
	/* On from the one just taken out: from NULL each walk passes every bucket again. */
	while ((entry = nw_hashmap_next(all.map, entry))) {
		CHECK(nw_hashmap_del_entry(all.map, self, entry));
		spare_give(object_of(entry)); /* nobody else is left to read it */
	}
	nw_rcu_read_unlock(self);
	nw_rcu_unregister(self);
	nw_hashmap_destroy(all.map);
	nw_rcu_destroy(all.rcu);
	spares_free();
}

static void check(uint32_t keys, uint32_t all_calls)
{
	struct drive d = { .thread_count = THREADS, .calls = drive_calls(all_calls, THREADS) };
	struct subject subject = { .spec = LIN_SET,
				   .insert = insert,
				   .erase = erase,
				   .contains = contains,
				   .enter = enter,
				   .leave = leave,
				   .key_count = keys };

	for (int round = 0; round < nw_test_scale(); round++) {
		d.seed = nw_test_seed() + (uint64_t)round;
		CHECK_INT(nw_rcu_create(&all.rcu, NW_NODE_ANY, NULL), ==, 0);
		CHECK_INT(nw_hashmap_create(&all.map, NW_NODE_ANY, match, 2, 1u << 16), ==, 0);
		atomic_store(&all.shrunk_bytes, 0);
		drive_and_check(&subject, &d);
		CHECK_INT(all.shrunk_bytes, >, 0);
		map_fini();
	}
}

TEST(map_of_few_keys_is_linearizable)
{
	check(4, CALLS / 2);
}

/* About half of the keys are inside at a time: now more, now fewer than a power of two. */
TEST(map_that_doubles_and_shrinks_is_linearizable)
{
	check(KEYS, CALLS);
}
