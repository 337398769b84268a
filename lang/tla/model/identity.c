/* SPDX-License-Identifier: MIT */
/*
 * Identities under symmetry. Invariant: permuted values hash equally: an atom's hash is its
 * image's, a set's is the sum over its elements, a function's over its pairs. What was hashed is
 * remembered by the stored value's address and the permutation, since states share most of their
 * values.
 */
#include "identity.h"

#include "../value/order.h"

#include <nw/mem.h>

enum { CACHE_SLOTS = 1 << 16 };

struct cached {
	tla_value v;
	uint64_t perm, hash;
};

struct tla_identity {
	struct nw_mem mem; /* this */
	const struct tla_search *search;
	struct cached cache[CACHE_SLOTS];
};

struct tla_identity *tla_identity_create(const struct tla_search *search)
{
	struct tla_identity *identity;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *identity, 0))
		return NULL;
	identity = mem.base;
	identity->mem = mem;
	identity->search = search;
	return identity;
}

void tla_identity_destroy(struct tla_identity *identity)
{
	struct nw_mem mem;

	if (!identity)
		return;
	mem = identity->mem;
	nw_mem_free(&mem);
}

static uint64_t hash_value(struct tla_identity *identity, uint32_t perm, tla_value v);

static uint64_t hash_atom(const struct tla_identity *identity, uint32_t perm, tla_value v)
{
	const struct tla_search *search = identity->search;

	if (tla_tag(v) == TLA_MODEL && search->perm_count > 0 && tla_id_of(v) < search->perm_width)
		v = tla_model(search->perms[perm * search->perm_width + tla_id_of(v)]);
	return tla_mix(v, 0x5851f42d4c957f2d);
}

static uint64_t hash_object(struct tla_identity *identity, uint32_t perm, const struct tla_obj *obj)
{
	uint64_t hash = tla_mix(obj->kind, obj->kind == TLA_INTERVAL ? 0 : obj->count);

	switch ((enum tla_kind)obj->kind) {
	case TLA_SET:
		for (uint32_t i = 0; i < obj->count; i++)
			hash += tla_mix(hash_value(identity, perm, obj->items[i]), 1);
		break;
	case TLA_FCN:
		for (uint32_t i = 0; i < obj->count; i++)
			hash += tla_mix(hash_value(identity, perm, tla_fcn_domain_at(obj, i)),
					hash_value(identity, perm, obj->items[i + 1]));
		break;
	case TLA_INTERVAL:
		hash = tla_mix(tla_mix(hash, obj->items[0]), obj->items[1]);
		break;
	default:
		for (uint32_t i = 0; i < obj->count; i++)
			hash = tla_mix(hash, hash_value(identity, perm, obj->items[i]));
		break;
	}
	return tla_mix(hash, 2);
}

static uint64_t hash_value(struct tla_identity *identity, uint32_t perm, tla_value v)
{
	struct cached *cached;

	if (!tla_is_object(v))
		return hash_atom(identity, perm, v);
	cached = &identity->cache[tla_mix(v, perm) % CACHE_SLOTS];
	if (cached->v != v || cached->perm != perm) {
		uint64_t hash = hash_object(identity, perm, tla_obj(v));

		/* Its parts may have used the slot meanwhile. */
		*cached = (struct cached){ v, perm, hash };
	}
	return cached->hash;
}

static uint64_t hash_state(struct tla_identity *identity, uint32_t perm, const tla_value *values,
			   uint32_t count)
{
	uint64_t hash = count;

	for (uint32_t i = 0; i < count; i++)
		hash = tla_mix(hash, hash_value(identity, perm, values[i]));
	return hash;
}

uint64_t tla_identity_of(struct tla_identity *identity, const tla_value *values, uint32_t count)
{
	uint64_t least = hash_state(identity, 0, values, count);

	for (uint32_t perm = 1; perm < identity->search->perm_count; perm++) {
		uint64_t hash = hash_state(identity, perm, values, count);

		least = hash < least ? hash : least;
	}
	return least;
}
