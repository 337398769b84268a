/* SPDX-License-Identifier: MIT */
/* The hash map on one thread: against a model, growth, hashes that collide, replacing, walking. */
#include "nw_test.h"

#include "base/prng.h"

#include <errno.h>
#include <nw/hashmap.h>
#include <stddef.h>

struct object {
	uint64_t key, value;
	struct nw_hashmap_entry entry;
	struct nw_rcu_head rcu;
};

static struct nw_rcu *rcu;
static struct nw_rcu_thread *thread;
static struct nw_hashmap *map;
static uint64_t freed_count;

static struct object *object_of(const struct nw_hashmap_entry *entry)
{
	return entry ? (struct object *)((char *)(uintptr_t)entry - offsetof(struct object, entry))
		     : NULL;
}

static bool has_key(const struct nw_hashmap_entry *entry, const void *key)
{
	return object_of(entry)->key == *(const uint64_t *)key;
}

static void begin(uint64_t bucket_count, uint64_t bucket_count_max)
{
	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_rcu_register(&thread, rcu, NULL), ==, 0);
	CHECK_INT(nw_hashmap_create(&map, NW_NODE_ANY, has_key, bucket_count, bucket_count_max), ==,
		  0);
}

static void end(void)
{
	nw_hashmap_destroy(map);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
}

static void free_object(struct nw_rcu_thread *at, void *ptr, void *arg)
{
	(void)at;
	(void)arg;
	free(ptr);
	freed_count++;
}

static struct object *new_object(uint64_t key, uint64_t value)
{
	struct object *object = malloc(sizeof(*object));

	CHECK(object);
	memset(object, 0xa5, sizeof(*object)); /* any content will do */
	object->key = key;
	object->value = value;
	return object;
}

/* The hash of a case: the key mixed, the key itself, or nearly always the same. */
static uint64_t (*hash_of)(uint64_t key);

static uint64_t hash_mixed(uint64_t key)
{
	return nwi_mix64(key);
}

static uint64_t hash_same(uint64_t key)
{
	(void)key;
	return 7;
}

static uint64_t hash_key(uint64_t key)
{
	return key;
}

static uint64_t hash_high(uint64_t key)
{
	return key << 55; /* low bits 0, and bits that the order does not keep */
}

static struct object *get(uint64_t key)
{
	struct nw_hashmap_entry *entry;

	nw_rcu_read_lock(thread);
	entry = nw_hashmap_get(map, hash_of(key), &key);
	nw_rcu_read_unlock(thread);
	return object_of(entry); /* nobody else frees */
}

static bool put(uint64_t key, uint64_t value)
{
	struct object *object = new_object(key, value);
	struct nw_hashmap_entry *old;

	old = nw_hashmap_put(map, thread, hash_of(key), &key, &object->entry);
	if (old) {
		CHECK_INT(object_of(old)->key, ==, key);
		free(object);
	}
	return !old;
}

static void drop(struct nw_hashmap_entry *entry)
{
	struct object *object = object_of(entry);

	nw_rcu_call(thread, &object->rcu, object, free_object, NULL);
}

static bool del(uint64_t key)
{
	struct nw_hashmap_entry *entry = nw_hashmap_del(map, thread, hash_of(key), &key);

	if (entry)
		drop(entry);
	return entry;
}

static bool set(uint64_t key, uint64_t value)
{
	struct object *object = new_object(key, value);
	struct nw_hashmap_entry *old;

	old = nw_hashmap_set(map, thread, hash_of(key), &key, &object->entry);
	if (old) {
		CHECK_INT(object_of(old)->key, ==, key);
		drop(old);
	}
	return old;
}

static uint64_t drop_all(void)
{
	struct nw_hashmap_entry *entry, *next;
	uint64_t count = 0;

	nw_rcu_read_lock(thread);
	for (entry = nw_hashmap_next(map, NULL); entry; entry = next) {
		next = nw_hashmap_next(map, entry);
		CHECK(nw_hashmap_del_entry(map, thread, entry));
		CHECK(!nw_hashmap_del_entry(map, thread, entry));
		drop(entry);
		count++;
	}
	nw_rcu_read_unlock(thread);
	nw_rcu_barrier(thread);
	return count;
}

static uint64_t entry_count(void)
{
	struct nw_hashmap_stats stats;

	nw_hashmap_stats(map, &stats);
	return stats.entry_count;
}

static uint64_t bucket_count(void)
{
	struct nw_hashmap_stats stats;

	nw_hashmap_stats(map, &stats);
	return stats.bucket_count;
}

TEST(create_rejects_bad_counts)
{
	static const uint64_t bad[] = { 0, 1, 3, 6, (UINT64_C(1) << 32) + 1, UINT64_C(1) << 33 };
	struct nw_hashmap *none = (void *)&bad; /* any value: must stay as it is */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_hashmap_create(&none, NW_NODE_ANY, has_key, bad[i], 1u << 30), ==,
			  -EINVAL);
		CHECK_INT(nw_hashmap_create(&none, NW_NODE_ANY, has_key, 2, bad[i]), ==, -EINVAL);
	}
	CHECK_INT(nw_hashmap_create(&none, NW_NODE_ANY, has_key, 8, 4), ==, -EINVAL);
	CHECK_INT(nw_hashmap_create(&none, (nw_node){ 1000 }, has_key, 2, 4), ==, -ENODEV);
	CHECK(none == (void *)&bad);
	nw_hashmap_destroy(NULL);
}

TEST(put_get_del_one_key)
{
	hash_of = hash_mixed;
	begin(2, 2);
	CHECK(nw_hashmap_memory(map)->base);
	CHECK(!get(1));
	CHECK(!del(1));
	CHECK(put(1, 10));
	CHECK(!put(1, 11));
	CHECK_INT(get(1)->value, ==, 10);
	CHECK(!get(2));
	CHECK_INT(entry_count(), ==, 1);
	CHECK(del(1));
	CHECK(!get(1));
	CHECK(!del(1));
	CHECK_INT(entry_count(), ==, 0);
	CHECK(put(1, 12));
	CHECK_INT(get(1)->value, ==, 12);
	CHECK_INT(drop_all(), ==, 1);
	CHECK_INT(freed_count, ==, 2);
	end();
}

TEST(set_puts_or_replaces_and_returns_the_old)
{
	hash_of = hash_mixed;
	begin(2, 64);
	for (uint64_t key = 0; key < 50; key++)
		CHECK(!set(key, key));
	for (uint64_t key = 0; key < 50; key++)
		CHECK(set(key, 100 + key));
	CHECK_INT(entry_count(), ==, 50);
	for (uint64_t key = 0; key < 50; key++)
		CHECK_INT(get(key)->value, ==, 100 + key);
	CHECK_INT(drop_all(), ==, 50);
	CHECK_INT(freed_count, ==, 100);
	end();
}

TEST(doubles_from_two_buckets_to_its_bound)
{
	hash_of = hash_mixed;
	begin(2, 1024);
	CHECK_INT(bucket_count(), ==, 2);
	for (uint64_t key = 0; key < 4000; key++) {
		CHECK(put(key, key));
		for (uint64_t old = key - key % 64; old <= key; old++)
			CHECK_INT(get(old)->value, ==, old);
	}
	CHECK_INT(bucket_count(), ==, 1024);
	CHECK_INT(entry_count(), ==, 4000);
	for (uint64_t key = 0; key < 4000; key++)
		CHECK_INT(get(key)->value, ==, key);
	for (uint64_t key = 0; key < 4000; key += 2)
		CHECK(del(key));
	for (uint64_t key = 0; key < 4000; key++)
		CHECK((get(key) != NULL) == (key % 2 == 1));
	CHECK_INT(drop_all(), ==, 2000);
	CHECK_INT(entry_count(), ==, 0);
	CHECK_INT(freed_count, ==, 4000);
	end();
}

/* A put walks about one bucket, also while nearly all are unused; walking all takes minutes. */
TEST(a_map_made_large_fills_as_fast_as_one_that_grew)
{
	enum { KEYS = 1 << 18 };

	hash_of = hash_mixed;
	begin(1u << 22, 1u << 22);
	for (uint64_t key = 0; key < KEYS; key++)
		CHECK(put(key, key));
	for (uint64_t key = 0; key < KEYS; key++)
		CHECK_INT(get(key)->value, ==, key);
	CHECK_INT(drop_all(), ==, KEYS);
	end();
}

static uint64_t mem_bytes(void)
{
	struct nw_hashmap_stats stats;

	nw_hashmap_stats(map, &stats);
	return stats.mem_bytes;
}

TEST(shrinks_to_what_the_entries_need_and_grows_again)
{
	uint64_t at_first;

	hash_of = hash_mixed;
	begin(16, 1u << 20);
	at_first = mem_bytes();
	for (int round = 0; round < 3; round++) {
		for (uint64_t key = 0; key < 5000; key++)
			CHECK(put(key, key));
		CHECK_INT(bucket_count(), ==, 8192);
		CHECK_INT(mem_bytes(), >, at_first + 8000 * sizeof(struct nw_hashmap_entry));
		CHECK_INT(nw_hashmap_shrink(map, thread), ==, 0);
		for (uint64_t key = 1000; key < 5000; key++)
			CHECK(del(key));
		CHECK_INT(nw_hashmap_shrink(map, thread), >, 0);
		CHECK_INT(bucket_count(), ==, 1024);
		CHECK_INT(nw_hashmap_shrink(map, thread), ==, 0);
		for (uint64_t key = 0; key < 5000; key++)
			CHECK((get(key) != NULL) == (key < 1000));
		for (uint64_t key = 0; key < 1000; key++)
			CHECK(del(key));
		CHECK_INT(nw_hashmap_shrink(map, thread), >, 0);
		CHECK_INT(bucket_count(), ==, 16);
		CHECK_INT(mem_bytes(), ==, at_first);
	}
	CHECK_INT(drop_all(), ==, 0);
	end();
}

/* More handles than have a place of their own in the count. */
TEST(counts_what_many_handles_put_and_take_out)
{
	enum { HANDLES = 40 };
	struct nw_rcu_thread *own, *handles[HANDLES];

	hash_of = hash_mixed;
	begin(2, 1u << 20);
	own = thread;
	for (uint64_t i = 0; i < HANDLES; i++)
		CHECK_INT(nw_rcu_register(&handles[i], rcu, NULL), ==, 0);
	for (uint64_t i = 0; i < HANDLES; i++) {
		thread = handles[i];
		for (uint64_t n = 0; n < 8; n++)
			CHECK(put(8 * i + n, n));
		thread = handles[HANDLES - 1 - i];
		CHECK(del(8 * i));
		CHECK_INT(entry_count(), ==, 7 * (i + 1));
	}
	CHECK_INT(bucket_count(), ==, 512);
	for (uint64_t i = 0; i < HANDLES; i++)
		nw_rcu_unregister(handles[i]);
	thread = own;
	CHECK_INT(drop_all(), ==, 7 * HANDLES);
	end();
}

/* Against a model: a table of what is inside. */
static void check_against_a_model(uint64_t (*hash)(uint64_t), uint64_t key_count, int rounds)
{
	uint64_t *model = calloc(key_count, sizeof(*model)), inside = 0; /* value; 0: absent */
	struct nwi_prng prng;

	CHECK(model);
	hash_of = hash;
	begin(2, 1u << 20);
	nwi_prng_init(&prng, nw_test_seed());
	for (uint64_t i = 1; i <= (uint64_t)rounds; i++) {
		uint64_t key = nwi_prng_below(&prng, (uint32_t)key_count);
		struct object *object = get(key);

		CHECK((object != NULL) == (model[key] != 0));
		CHECK(!object || object->value == model[key]);
		switch (nwi_prng_below(&prng, 4)) {
		case 0:
			CHECK(del(key) == (model[key] != 0));
			inside -= model[key] != 0;
			model[key] = 0;
			break;
		case 1:
			CHECK(set(key, i) == (model[key] != 0));
			inside += model[key] == 0;
			model[key] = i;
			break;
		default:
			CHECK(put(key, i) == (model[key] == 0));
			inside += model[key] == 0;
			model[key] = model[key] ? model[key] : i;
			break;
		}
		CHECK_INT(entry_count(), ==, inside);
		(void)nw_rcu_run(thread);
	}
	CHECK_INT(drop_all(), ==, inside);
	for (uint64_t key = 0; key < key_count; key++)
		CHECK(!get(key));
	end();
	free(model);
}

TEST(random_calls_agree_with_a_table)
{
	check_against_a_model(hash_mixed, 1000, 60000);
}

TEST(small_integers_may_be_their_own_hash)
{
	check_against_a_model(hash_key, 1000, 60000);
}

TEST(keys_of_one_hash_are_told_apart)
{
	check_against_a_model(hash_same, 20, 20000);
}

TEST(hashes_that_agree_in_all_but_high_bits_are_told_apart)
{
	check_against_a_model(hash_high, 300, 20000);
}

TEST(a_walk_meets_each_entry_once)
{
	enum { KEYS = 3000 };
	static uint8_t met[KEYS];
	struct nw_hashmap_entry *entry = NULL;

	hash_of = hash_mixed;
	begin(4, 1u << 16);
	CHECK(!nw_hashmap_next(map, NULL));
	for (uint64_t key = 0; key < KEYS; key++)
		CHECK(put(key, key));
	nw_rcu_read_lock(thread);
	while ((entry = nw_hashmap_next(map, entry)))
		met[object_of(entry)->key]++;
	nw_rcu_read_unlock(thread);
	for (uint64_t key = 0; key < KEYS; key++)
		CHECK_INT(met[key], ==, 1);
	CHECK_INT(drop_all(), ==, KEYS);
	end();
}

/* An entry that a section has found stays whole until the section ends, whatever is taken out. */
TEST(entries_outlive_the_section_that_found_them)
{
	struct object *object;
	uint64_t key = 5;

	hash_of = hash_mixed;
	begin(2, 2);
	CHECK(put(key, 50));
	nw_rcu_read_lock(thread);
	object = object_of(nw_hashmap_get(map, hash_of(key), &key));
	CHECK(del(key));
	CHECK(!nw_hashmap_get(map, hash_of(key), &key));
	CHECK_INT(nw_rcu_run(thread), ==, 0);
	CHECK_INT(object->value, ==, 50);
	nw_rcu_read_unlock(thread);
	nw_rcu_barrier(thread);
	CHECK_INT(freed_count, ==, 1);
	end();
}
