/* SPDX-License-Identifier: MIT */
/* Linear probing without marks of the removed: see the header. */
#include "dag/names.h"

#include "base/prng.h"
#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* FNV-1a, mixed so that its low bits may be used. */
static uint64_t hash_of(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return nwi_mix64(hash);
}

void nwi_names_fini(struct nwi_names *names)
{
	nwi_heap_free(names->slots);
	*names = (struct nwi_names){ 0 };
}

struct nwi_named *nwi_names_find(const struct nwi_names *names, const char *name)
{
	uint64_t hash = hash_of(name);
	size_t mask = names->slot_count - 1;

	if (names->slot_count == 0)
		return NULL;
	for (size_t i = hash & mask; names->slots[i]; i = (i + 1) & mask)
		if (names->slots[i]->hash == hash && strcmp(names->slots[i]->name, name) == 0)
			return names->slots[i];
	return NULL;
}

static void place(struct nwi_names *names, struct nwi_named *named)
{
	size_t mask = names->slot_count - 1, i = named->hash & mask;

	while (names->slots[i])
		i = (i + 1) & mask;
	names->slots[i] = named;
}

static int grow(struct nwi_names *names)
{
	struct nwi_names old = *names;

	names->slot_count = old.slot_count > 0 ? 2 * old.slot_count : 64;
	names->slots = nwi_heap_alloc_array(names->slot_count, sizeof(struct nwi_named *));
	if (!names->slots) {
		*names = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i])
			place(names, old.slots[i]);
	nwi_heap_free(old.slots);
	return 0;
}

int nwi_names_put(struct nwi_names *names, struct nwi_named *named)
{
	assert(!nwi_names_find(names, named->name));
	if (2 * (names->count + 1) > names->slot_count) {
		int rc = grow(names);

		if (rc != 0)
			return rc;
	}
	named->hash = hash_of(named->name);
	place(names, named);
	names->count++;
	return 0;
}

/* Whether the one at `from` may lie at `to`, a free slot before it: its home is not in between. */
static bool may_move(const struct nwi_names *names, size_t from, size_t to)
{
	size_t mask = names->slot_count - 1, home = names->slots[from]->hash & mask;

	return ((from - home) & mask) >= ((from - to) & mask);
}

void nwi_names_del(struct nwi_names *names, struct nwi_named *named)
{
	size_t mask = names->slot_count - 1, hole = named->hash & mask;

	while (names->slots[hole] != named)
		hole = (hole + 1) & mask;
	for (size_t i = (hole + 1) & mask; names->slots[i]; i = (i + 1) & mask) {
		if (!may_move(names, i, hole))
			continue;
		names->slots[hole] = names->slots[i];
		hole = i;
	}
	names->slots[hole] = NULL;
	names->count--;
}
