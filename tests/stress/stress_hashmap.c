/* SPDX-License-Identifier: MIT */
/*
 * Readers and writers on a map that starts with two buckets, doubles and shrinks again. Entries are
 * poisoned and freed once a grace period after they were taken out, by nw_rcu_call(); a reader
 * checks every entry it meets. Three kinds of keys, each with its own claim:
 *
 *   solid   put at first, then only ever replaced, by one writer each, with a higher version: a
 *           reader always finds one, and versions never fall;
 *   shared  put and taken out by all writers: every success counts, and at the end the puts less
 *           the removals of each key are 0 or 1, as the map says;
 *   filler  put, up to so many, and then all taken out, by one writer each: they make the map grow
 *           under the others' feet, and shrink when it is asked to.
 *
 * All hashes are poor on purpose, so that buckets hold several keys and some keys share a hash.
 * Threads come and go: each joins the RCU domain anew after some hundred rounds.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/hashmap.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#ifdef NW_SMALL
#define WORK(n) ((n) / 10) /* the sanitizers' builds are that much slower */
#else
#define WORK(n) (n)
#endif

enum {
	WRITERS = 2,
	READERS = 2,
	SOLID_KEYS = 16,
	SHARED_KEYS = 24,
	ROUNDS = WORK(200000),
	FILLERS_MAX = 500, /* of each writer: walks are as long */
	ROUNDS_A_SHRINK = 1000,
	BUCKETS = 1 << 14, /* of the last test */
	SHRINKS = WORK(60),
	SERVICE = 300,
	ALIVE = 0x600d,
	DEAD = 0xdead,
};

struct object {
	struct nw_hashmap_entry entry;
	uint64_t key, version, state;
	struct nw_rcu_head rcu;
};

struct world {
	struct nw_rcu *rcu;
	struct nw_hashmap *map;
	_Atomic int64_t balance[SHARED_KEYS];        /* puts less removals */
	_Atomic uint32_t reader_count, writer_count; /* that have begun */
	_Atomic uint32_t writers_left;
	_Atomic uint64_t freed_count, made_count, shrunk_bytes;
	uint64_t round_count;
};

struct party {
	struct world *world;
	struct nw_rcu_thread *thread;
	struct nwi_prng prng;
	uint32_t self;
	uint64_t age;
	uint64_t filler_count;
	bool is_ebb; /* fillers become fewer */
};

static struct object *object_of(const struct nw_hashmap_entry *entry)
{
	struct object *object = (struct object *)((char *)(uintptr_t)entry -
						  offsetof(struct object, entry));

	CHECK_INT(object->state, ==, ALIVE);
	return object;
}

static bool has_key(const struct nw_hashmap_entry *entry, const void *key)
{
	return object_of(entry)->key == *(const uint64_t *)key;
}

/* Two keys each have one hash. */
static uint64_t hash_of(uint64_t key)
{
	return nwi_mix64(key / 2);
}

static void free_object(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct object *object = ptr;
	struct world *world = arg;

	(void)thread;
	CHECK_INT(object->state, ==, ALIVE);
	object->state = DEAD;
	free(object);
	atomic_fetch_add(&world->freed_count, 1);
}

static struct object *new_object(struct world *world, uint64_t key, uint64_t version)
{
	struct object *object = malloc(sizeof(*object));

	CHECK(object);
	*object = (struct object){ .key = key, .version = version, .state = ALIVE };
	atomic_fetch_add(&world->made_count, 1);
	return object;
}

static void drop(struct party *party, struct nw_hashmap_entry *entry)
{
	struct object *object = object_of(entry);

	nw_rcu_call(party->thread, &object->rcu, object, free_object, party->world);
}

static void party_join(struct party *party)
{
	CHECK_INT(nw_rcu_register(&party->thread, party->world->rcu, NULL), ==, 0);
}

static void party_begin(struct party *party, struct world *world, uint32_t self)
{
	party->world = world;
	party->self = self;
	party->age = party->filler_count = 0;
	party->is_ebb = false;
	nwi_prng_init(&party->prng, nw_test_seed() + party->self);
	party_join(party);
}

static void grow_old(struct party *party)
{
	nw_rcu_quiescent(party->thread);
	(void)nw_rcu_run(party->thread);
	if (++party->age % SERVICE != 0)
		return;
	nw_rcu_unregister(party->thread);
	party_join(party);
}

/* Key spaces: solid 0.., shared 1000.., filler 1000000.. */
static uint64_t shared_key(uint32_t i)
{
	return 1000 + i;
}

static void replace_solid(struct party *party, uint64_t version)
{
	struct world *world = party->world;
	/* One writer each. */
	uint64_t key = nwi_prng_below(&party->prng, SOLID_KEYS / WRITERS) * WRITERS + party->self;
	struct object *object = new_object(world, key, version);
	struct nw_hashmap_entry *old;

	old = nw_hashmap_set(world->map, party->thread, hash_of(key), &key, &object->entry);
	CHECK(old);
	CHECK_INT(object_of(old)->version, <, version);
	drop(party, old);
}

static void put_shared(struct party *party, uint32_t i, uint64_t version)
{
	struct world *world = party->world;
	uint64_t key = shared_key(i);
	struct object *object = new_object(world, key, version);
	struct nw_hashmap_entry *old;

	if (nwi_prng_below(&party->prng, 3) == 0) {
		old = nw_hashmap_set(world->map, party->thread, hash_of(key), &key, &object->entry);
		if (old)
			drop(party, old);
		else
			atomic_fetch_add(&world->balance[i], 1);
		return;
	}
	nw_rcu_read_lock(party->thread);
	old = nw_hashmap_put(world->map, party->thread, hash_of(key), &key, &object->entry);
	if (old)
		CHECK_INT(object_of(old)->key, ==, key);
	else
		atomic_fetch_add(&world->balance[i], 1);
	nw_rcu_read_unlock(party->thread);
	if (old)
		free_object(party->thread, object, world); /* it never was inside */
}

static void del_shared(struct party *party, uint32_t i)
{
	struct world *world = party->world;
	struct nw_hashmap_entry *entry;
	uint64_t key = shared_key(i);

	if (nwi_prng_below(&party->prng, 2) == 0) {
		entry = nw_hashmap_del(world->map, party->thread, hash_of(key), &key);
	} else {
		nw_rcu_read_lock(party->thread);
		entry = nw_hashmap_get(world->map, hash_of(key), &key);
		if (entry && !nw_hashmap_del_entry(world->map, party->thread, entry))
			entry = NULL;
		nw_rcu_read_unlock(party->thread);
	}
	if (!entry)
		return;
	CHECK_INT(object_of(entry)->key, ==, key);
	atomic_fetch_sub(&world->balance[i], 1);
	drop(party, entry);
}

static uint64_t filler_key(const struct party *party, uint64_t i)
{
	return 1000000 + i * WRITERS + party->self;
}

static void put_filler(struct party *party)
{
	struct world *world = party->world;
	uint64_t key = filler_key(party, party->filler_count++);
	struct object *object = new_object(world, key, 1);

	CHECK(!nw_hashmap_put(world->map, party->thread, hash_of(key), &key, &object->entry));
	party->is_ebb = party->filler_count == FILLERS_MAX;
}

static void del_filler(struct party *party)
{
	uint64_t key = filler_key(party, --party->filler_count);
	struct nw_hashmap_entry *entry;

	entry = nw_hashmap_del(party->world->map, party->thread, hash_of(key), &key);
	CHECK(entry);
	drop(party, entry);
	party->is_ebb = party->filler_count > 0;
}

static void shrink(struct party *party)
{
	uint64_t n_bytes = nw_hashmap_shrink(party->world->map, party->thread);

	atomic_fetch_add(&party->world->shrunk_bytes, n_bytes);
}

static void *write_all(void *arg)
{
	struct party party;
	struct world *world = arg;

	party_begin(&party, world, atomic_fetch_add(&world->writer_count, 1));
	for (uint64_t i = 1; i <= world->round_count; i++) {
		uint32_t shared = nwi_prng_below(&party.prng, SHARED_KEYS);

		switch (nwi_prng_below(&party.prng, 8)) {
		case 0:
			party.is_ebb ? del_filler(&party) : put_filler(&party);
			break;
		case 1:
		case 2:
			replace_solid(&party, i);
			break;
		case 3:
		case 4:
		case 5:
			put_shared(&party, shared, i);
			break;
		default:
			del_shared(&party, shared);
			break;
		}
		grow_old(&party);
		if (nwi_prng_below(&party.prng, ROUNDS_A_SHRINK) == 0)
			shrink(&party);
	}
	nw_rcu_unregister(party.thread);
	atomic_fetch_sub(&world->writers_left, 1);
	return NULL;
}

static void look_at_solid(struct party *party, uint64_t *versions)
{
	uint64_t key = nwi_prng_below(&party->prng, SOLID_KEYS);
	struct nw_hashmap_entry *entry;
	struct object *object;

	nw_rcu_read_lock(party->thread);
	entry = nw_hashmap_get(party->world->map, hash_of(key), &key);
	CHECK(entry);
	object = object_of(entry);
	CHECK_INT(object->key, ==, key);
	CHECK_INT(object->version, >=, versions[key]);
	versions[key] = object->version;
	nw_rcu_read_unlock(party->thread);
}

static void look_at_shared(struct party *party)
{
	uint64_t key = shared_key(nwi_prng_below(&party->prng, SHARED_KEYS));
	struct nw_hashmap_entry *entry;

	nw_rcu_read_lock(party->thread);
	entry = nw_hashmap_get(party->world->map, hash_of(key), &key);
	if (entry)
		CHECK_INT(object_of(entry)->key, ==, key);
	nw_rcu_read_unlock(party->thread);
}

/* Solid keys are inside all the time, so a walk meets each: twice, if replaced meanwhile. */
static void walk(struct party *party)
{
	uint32_t met[SOLID_KEYS] = { 0 };
	struct nw_hashmap_entry *entry = NULL;

	nw_rcu_read_lock(party->thread);
	while ((entry = nw_hashmap_next(party->world->map, entry))) {
		struct object *object = object_of(entry);

		if (object->key < SOLID_KEYS)
			met[object->key]++;
	}
	nw_rcu_read_unlock(party->thread);
	for (int i = 0; i < SOLID_KEYS; i++)
		CHECK_INT(met[i], >, 0);
}

static void *read_all(void *arg)
{
	struct party party;
	struct world *world = arg;
	uint64_t versions[SOLID_KEYS] = { 0 };

	party_begin(&party, world, WRITERS + atomic_fetch_add(&world->reader_count, 1));
	while (atomic_load(&world->writers_left) > 0) {
		look_at_solid(&party, versions);
		look_at_shared(&party);
		if (nwi_prng_below(&party.prng, 1000) == 0)
			walk(&party);
		if (nwi_prng_below(&party.prng, 100) == 0)
			sched_yield();
		grow_old(&party);
	}
	nw_rcu_unregister(party.thread);
	return NULL;
}

static void put_solid(struct party *party)
{
	for (uint64_t key = 0; key < SOLID_KEYS; key++) {
		struct object *object = new_object(party->world, key, 0);

		CHECK(!nw_hashmap_put(party->world->map, party->thread, hash_of(key), &key,
				      &object->entry));
	}
}

static void check_balance(struct party *party)
{
	for (uint32_t i = 0; i < SHARED_KEYS; i++) {
		int64_t balance = atomic_load(&party->world->balance[i]);
		uint64_t key = shared_key(i);
		bool is_there;

		nw_rcu_read_lock(party->thread);
		is_there = nw_hashmap_get(party->world->map, hash_of(key), &key);
		nw_rcu_read_unlock(party->thread);
		CHECK(balance == 0 || balance == 1);
		CHECK(is_there == (balance == 1));
	}
}

/* Takes out what is left; afterwards every object that was made is freed. */
static void drop_all(struct party *party)
{
	struct nw_hashmap_entry *entry, *next;
	struct nw_hashmap_stats stats;
	uint64_t count = 0;

	nw_hashmap_stats(party->world->map, &stats);
	nw_rcu_read_lock(party->thread);
	for (entry = nw_hashmap_next(party->world->map, NULL); entry; entry = next) {
		next = nw_hashmap_next(party->world->map, entry);
		CHECK(nw_hashmap_del_entry(party->world->map, party->thread, entry));
		drop(party, entry);
		count++;
	}
	nw_rcu_read_unlock(party->thread);
	CHECK_INT(count, ==, stats.entry_count);
	CHECK_INT(party->world->shrunk_bytes, >, 0); /* it grew meanwhile, and shrank */
	nw_rcu_barrier(party->thread);
	CHECK_INT(party->world->freed_count, ==, party->world->made_count);
	printf("# %lu objects, %lu left, %lu buckets, %lu KiB given back\n",
	       (unsigned long)party->world->made_count, (unsigned long)count,
	       (unsigned long)stats.bucket_count, (unsigned long)party->world->shrunk_bytes / 1024);
}

static void run(struct world *world, enum nw_rcu_flavour flavour)
{
	pthread_t threads[WRITERS + READERS];
	struct party party;

	CHECK_INT(nw_rcu_create(&world->rcu, NW_NODE_ANY,
				&(struct nw_rcu_options){ .flavour = flavour }),
		  ==, 0);
	CHECK_INT(nw_hashmap_create(&world->map, NW_NODE_ANY, has_key, 2, 1u << 20), ==, 0);
	world->round_count = ROUNDS * (uint64_t)nw_test_scale();
	world->writers_left = WRITERS;
	party_begin(&party, world, WRITERS + READERS);
	put_solid(&party);
	nw_rcu_offline(party.thread);
	for (int i = 0; i < WRITERS + READERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, i < WRITERS ? write_all : read_all,
					 world),
			  ==, 0);
	for (int i = 0; i < WRITERS + READERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0); /* offline: it blocks */
	nw_rcu_online(party.thread);
	check_balance(&party);
	drop_all(&party);
	nw_hashmap_destroy(world->map);
	nw_rcu_unregister(party.thread);
	nw_rcu_destroy(world->rcu);
}

TEST(keys_keep_their_promises_while_the_map_grows_and_shrinks)
{
	struct world world = { 0 };

	run(&world, NW_RCU_GENERAL);
}

TEST(and_with_readers_that_announce)
{
	struct world world = { 0 };

	run(&world, NW_RCU_QUIESCENT);
}

/* Without entries a walk is over links of buckets alone, which shrinking takes out and unmaps. */
static void *walk_buckets(void *arg)
{
	struct world *world = arg;
	struct nw_rcu_thread *thread;
	uint64_t met_count = 0;

	CHECK_INT(nw_rcu_register(&thread, world->rcu, NULL), ==, 0);
	while (atomic_load(&world->writers_left) > 0) {
		nw_rcu_read_lock(thread);
		met_count += nw_hashmap_next(world->map, NULL) != NULL;
		nw_rcu_read_unlock(thread);
	}
	nw_rcu_unregister(thread);
	printf("# %lu walks met an entry\n", (unsigned long)met_count);
	return NULL;
}

static void fill_and_empty(struct party *party, struct object *objects)
{
	struct world *world = party->world;

	for (uint64_t key = 0; key < BUCKETS; key++) {
		objects[key] = (struct object){ .key = key, .state = ALIVE };
		CHECK(!nw_hashmap_put(world->map, party->thread, nwi_mix64(key), &key,
				      &objects[key].entry));
	}
	for (uint64_t key = 0; key < BUCKETS; key++)
		CHECK(nw_hashmap_del(world->map, party->thread, nwi_mix64(key), &key));
}

TEST(no_walk_is_on_a_bucket_that_is_unmapped)
{
	struct object *objects = calloc(BUCKETS, sizeof(*objects));
	struct world world = { .writers_left = 1 };
	struct party party;
	pthread_t reader;

	CHECK(objects);
	CHECK_INT(nw_rcu_create(&world.rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_hashmap_create(&world.map, NW_NODE_ANY, has_key, 2, BUCKETS), ==, 0);
	party_begin(&party, &world, 0);
	CHECK_INT(pthread_create(&reader, NULL, walk_buckets, &world), ==, 0);
	for (int round = 0; round < SHRINKS; round++) {
		fill_and_empty(&party, objects);
		CHECK_INT(nw_hashmap_shrink(world.map, party.thread), >, 0);
	}
	atomic_store(&world.writers_left, 0);
	CHECK_INT(pthread_join(reader, NULL), ==, 0);
	nw_hashmap_destroy(world.map);
	nw_rcu_unregister(party.thread);
	nw_rcu_destroy(world.rcu);
	free(objects);
}
