/* SPDX-License-Identifier: MIT */
/* This example shows how to keep objects in a hash map that readers search without a lock. */
#include <nw/hashmap.h>

#include <stddef.h>
#include <stdio.h>

struct user {
	uint64_t id;
	const char *name;
	struct nw_hashmap_entry entry;
	struct nw_rcu_head rcu;
};

static struct user *user_of(const struct nw_hashmap_entry *entry)
{
	return (struct user *)((const char *)entry - offsetof(struct user, entry));
}

static bool has_id(const struct nw_hashmap_entry *entry, const void *id)
{
	return user_of(entry)->id == *(const uint64_t *)id;
}

static void say_goodbye(struct nw_rcu_thread *thread, void *user, void *arg)
{
	(void)thread, (void)arg; /* free(user), had it been malloc's */
	printf("no reader holds %s any more\n", ((struct user *)user)->name);
}

int main(void)
{
	struct user ada = { .id = 7, .name = "ada" }, grace = { .id = 7, .name = "grace" }, *old;
	uint64_t id = 7, hash = id * 0x9e3779b97f4a7c15; /* low bits choose the bucket */
	struct nw_rcu_thread *thread;
	struct nw_hashmap_entry *entry;
	struct nw_hashmap *map;
	struct nw_rcu *rcu;

	if (nw_rcu_create(&rcu, NW_NODE_ANY, NULL) < 0 || nw_rcu_register(&thread, rcu, NULL) < 0 ||
	    nw_hashmap_create(&map, NW_NODE_ANY, has_id, 2, 1 << 20) < 0 ||
	    nw_hashmap_put(map, thread, hash, &id, &ada.entry) != NULL)
		return fprintf(stderr, "no memory\n"), 1;
	nw_rcu_read_lock(thread);
	entry = nw_hashmap_get(map, hash, &id);
	printf("%lu is %s\n", (unsigned long)id, entry ? user_of(entry)->name : "nobody");
	nw_rcu_read_unlock(thread); /* entry may not be used any more */
	entry = nw_hashmap_set(map, thread, hash, &id, &grace.entry);
	old = user_of(entry); /* ada, which other readers may still hold */
	nw_rcu_call(thread, &old->rcu, old, say_goodbye, NULL);
	nw_rcu_barrier(thread);
	nw_hashmap_destroy(map);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
	return 0;
}
