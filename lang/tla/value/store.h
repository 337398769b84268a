/* SPDX-License-Identifier: MIT */
/*
 * The store: every value that a state holds, once.
 *
 * A value in the store is never freed or moved while the store lives, its parts are in the store
 * too, and equal ones are the same word; so a state is a few words, comparing states is comparing
 * words, and nothing is unpacked to look at it. Objects lie in memory of the worker that came
 * first.
 *
 * Threads: any number, each with a keeper of its own. Lookups take no lock.
 */
#ifndef TLA_STORE_H
#define TLA_STORE_H

#include "heap.h"

#include <nw/mem.h>

struct tla_store;

/* One thread's side of a store: where its new values go, and its counts. */
struct tla_keeper {
	struct nw_mem mem; /* this */
	struct tla_store *store;
	struct tla_keeper *next; /* of those destroyed */
	struct tla_heap memory;  /* its own: cut back to the mark only */
	uint64_t stored_count;   /* values it was first to store */
	uint64_t stored_bytes;
	struct {
		struct tla_mark memory;
		uint64_t stored_count, stored_bytes;
	} marked;
	struct {
		uint64_t hash;
		tla_value v;
	} recent[1024]; /* by hash: most questions repeat */
};

/* An empty store. -ENOMEM. */
int tla_store_create(struct tla_store **ret_store);
void tla_store_destroy(struct tla_store *store);

int tla_keeper_create(struct tla_keeper **ret_keeper, struct tla_store *store, nw_node node);
/* What it stored stays, until the store is destroyed. */
void tla_keeper_destroy(struct tla_keeper *keeper);

/*
 * The stored value equal to v. heap is where v lives and where errors go: TLA_NONE where v cannot
 * be put in normal form (infinite, or {1, "a"}), or there is no memory.
 */
tla_value tla_store(struct tla_keeper *keeper, struct tla_heap *heap, tla_value v);

/*
 * Forgetting, where no other thread uses the store. What is stored at the mark stays; forget drops
 * all that was stored later, for a store whose keepers, those that stored anything since, forget as
 * well. A later mark replaces the first. -ENOMEM.
 */
int tla_store_mark(struct tla_store *store);
void tla_store_forget(struct tla_store *store);
void tla_keeper_mark(struct tla_keeper *keeper);
void tla_keeper_forget(struct tla_keeper *keeper);
/* A copy that is not stored, nor any part of it, so that it can be stored again. TLA_NONE: no
 * memory. */
tla_value tla_copy_out(struct tla_heap *heap, tla_value v);

/* Bytes of all tables; the objects are counted by their keepers. Threads: any. */
size_t tla_store_table_bytes(const struct tla_store *store);

#endif /* TLA_STORE_H */
