/* SPDX-License-Identifier: MIT */
/*
 * Capability table (nw/caps.h): slots in segments that are never unmapped or moved, a word of state
 * in each, trees under a lock.
 *
 *     handle   generation (32) | slot (32)
 *     state    generation (32) | live (1) | references (31)
 *
 *     segments  [0..n) [n..2n) [2n..4n) ...       slot -> slot in two shifts; each mapped when
 * needed life      free --make--> live --revoke--> dead --last reference--> free, next generation
 *                                                             or retired: generations are used up
 *
 * Roles. Readers compare a slot's state with the handle: one load says at once whether it is this
 * generation's and live. Those who hold count themselves in the same word. Those who make and
 * revoke exclude each other by a mutex; nobody else ever takes it. Whoever takes the last reference
 * away, wherever, gives the slot back, without it.
 *
 * References: one of the table's own, from the making to a grace period after the revocation; one
 * of each holder; one of each slot below, from its making until it is free. So a slot is freed only
 * when nobody can have it from a look-up, nobody holds it, and nothing below it exists any more.
 *
 * Invariants.
 *   1. While a slot has references, all of it is constant but the state, `left`, the bucket and,
 * under the lock, the links of the tree. A reference is taken only together with seeing `live` in
 * the same compare-and-swap; `live` implies the table's own; so a count never rises from zero.
 *   2. Rights of a slot are among its parent's.
 *   3. quota == left + what is charged + for each slot below that is not free: its quota, and one
 * of NW_RESOURCE_CAPS. Making charges the parent; freeing gives back. Nothing is given back twice:
 *      one thread sees the count fall to zero. Hence charging needs one line: what those below may
 *      use has left `left` already.
 *   4. A live slot's parent is live. A child is linked under the lock, to a live parent; a tree is
 *      revoked under the lock, leaves first. Links of the tree are right among live slots only.
 *
 * Why revoking is linearizable. A look-up takes effect at its one load of the state, or of the
 * segment that is not there; making at the release store of the state; the end of each capability
 * at the read-modify-write that clears `live`, of which there is one, since it is under the lock.
 * All of a capability's calls meet in one word, whose modifications have one order; a generation
 * comes once in it. Revoking a tree is not one instant: it equals revoking its capabilities one by
 * one, leaves first, within the call; each state between is one that such calls lead to, and
 * satisfies invariant 4. Nothing can be made below meanwhile, since making takes the lock: when the
 * walk over the tree ends, there is no live slot below, and none comes.
 *
 * Why a grace period ends what is lent. A look-up that loaded the state before the revocation did
 * so in a section that the callback waits for; one after it fails. So when the callback takes the
 * table's reference away, only holders are left.
 *
 * ABA and wrap-around. A slot's generation grows by one each time it is made; a slot at the last
 * generation is retired, 384 bytes lost after 2^32 - 1 capabilities, so no handle ever comes twice.
 * Generation 0 is never live: a handle of 0 finds nothing. The stack of freed slots is pushed to by
 * all and taken whole by one thread at a time, so that nothing is compared that may have come back.
 *
 * References: D. Tarditi's and J. Shapiro's derivation trees (EROS, SOSP 1999); K. Elphinstone,
 * G. Heiser, "From L3 to seL4", SOSP 2013, for revocation by walking descendants; P. McKenney, "Is
 * parallel programming hard", 13.2, for references taken under RCU. Unlike seL4, revoking waits for
 * no one and leaves deferred work to a grace period; unlike a kernel's, quotas are part of the
 * tree.
 */
#include "caps/caps.h"

#include "base/attr.h"
#include "base/bits.h"
#include "caps/bucket.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

enum { SEGMENT_COUNT_MAX = 24, GENERATION_SHIFT = 32, LIVE_SHIFT = 31 };
#define LIVE       (UINT64_C(1) << LIVE_SHIFT)
#define REFERENCES (LIVE - 1)

static_assert(NWI_BUCKET_MAX == NW_CAPS_BURST_MAX, "what the header allows, a bucket holds");
static_assert(NWI_BUCKET_MAX == NW_CAPS_RATE_MAX, "what the header allows, a bucket earns");

struct slot {
	/* Makers', while nobody else has it; readers'. State: of all. */
	alignas(NW_CACHE_PAIR) struct nw_cap_entry entry; /* first: what users get is a slot */
	_Atomic uint64_t state;
	struct slot *parent; /* NULL: a root */
	struct slot *payer;  /* the nearest above, itself included, that has a bucket; NULL: none */
	uint32_t slot_idx, depth;
	/* Of those who charge. Next to the state: one pair of lines a charge. */
	alignas(64) _Atomic uint64_t left[NW_RESOURCE_DIM_COUNT];

	/* Makers', constant while live. */
	struct nw_resource quota;
	/* Of those who take tokens. */
	alignas(64) struct nwi_bucket bucket;

	/* Under the lock while live; then of the thread that frees. */
	alignas(NW_CACHE_PAIR) struct slot *child; /* one below; the others are its next */
	struct slot *next, *prev;
	struct slot *dead_next; /* revoked together, or freed */
	uint32_t child_count;
	struct nw_rcu_head rcu; /* of the slots revoked together: the top one's */
};

struct nw_caps {
	/* Constant after creation. */
	uint32_t first_bits; /* log2 of the first segment's slots */
	uint32_t slot_count_max;
	uint32_t generation_max;
	nw_node node;
	struct nw_mem mem; /* this struct and the first segment */

	/* Written by whoever makes the table grow; readers load it. Segment s > 0: as many slots as
	 * all before. */
	alignas(NW_CACHE_PAIR) _Atomic(struct slot *) segments[SEGMENT_COUNT_MAX];

	/* Under the lock. */
	alignas(NW_CACHE_PAIR) pthread_mutex_t lock;
	uint32_t slot_count, fresh_idx; /* mapped; the first that was never used */
	struct slot *spare;             /* freed, taken from `freed` */
	uint32_t live_count;
	uint64_t made_count, mem_bytes;
	struct nw_mem segment_mem[SEGMENT_COUNT_MAX]; /* of 1 and up */

	/* Of those who free. */
	alignas(NW_CACHE_PAIR) _Atomic(struct slot *) freed;
	_Atomic uint64_t freed_count, retired_count;
	_Atomic uint64_t callback_count; /* called and not yet run */

	alignas(NW_CACHE_PAIR) struct slot first[];
};

static_assert(sizeof(struct slot) == 384, "what <nw/caps.h> says a slot costs");
static_assert(offsetof(struct slot, left) == 64 && offsetof(struct slot, bucket) == 192,
	      "each group on its own line");

static struct slot *slot_of(const struct nw_cap_entry *entry)
{
	return (struct slot *)(uintptr_t)entry;
}

/* -- creation ----------------------------------------------------------------------------- */

static bool is_slot_count(uint32_t n)
{
	return n >= 2 && n <= NW_CAPS_SLOT_COUNT_MAX && nwi_is_pow2(n);
}

int nw_caps_create(struct nw_caps **ret_caps, nw_node node, uint32_t slot_count,
		   uint32_t slot_count_max)
{
	struct nw_caps *caps;
	struct nw_mem mem;
	int rc;

	if (!is_slot_count(slot_count) || !is_slot_count(slot_count_max) ||
	    slot_count > slot_count_max)
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, sizeof(*caps) + slot_count * sizeof(caps->first[0]), 0);
	if (rc < 0)
		return rc;
	caps = mem.base; /* zeroed: no slot is live, of generation 0; no segment */
	caps->first_bits = nwi_ilog2(slot_count);
	caps->slot_count_max = slot_count_max;
	caps->generation_max = UINT32_MAX;
	caps->node = node;
	caps->mem = mem;
	caps->slot_count = slot_count;
	caps->mem_bytes = mem.n_bytes;
	atomic_init(&caps->segments[0], caps->first);
	pthread_mutex_init(&caps->lock, NULL);
	*ret_caps = caps;
	return 0;
}

void nwi_caps_generation_max(struct nw_caps *caps, uint32_t generation_max)
{
	assert(caps->made_count == 0 && generation_max > 0);
	caps->generation_max = generation_max;
}

void nw_caps_destroy(struct nw_caps *caps)
{
	struct nw_mem mem;

	if (!caps)
		return;
	assert(atomic_load(&caps->callback_count) == 0);
	pthread_mutex_destroy(&caps->lock);
	for (int s = 1; s < SEGMENT_COUNT_MAX; s++)
		nw_mem_free(&caps->segment_mem[s]); /* a no-op for those that were never mapped */
	mem = caps->mem;
	nw_mem_free(&mem);
}

const struct nw_mem *nw_caps_memory(const struct nw_caps *caps)
{
	return &caps->mem;
}

/* -- slots and states --------------------------------------------------------------------- */

/* NULL: it is in no segment. Any index: handles are guessed. */
NWI_ALWAYS_INLINE struct slot *slot_at(const struct nw_caps *caps, uint32_t slot_idx)
{
	uint32_t bit, s;
	struct slot *segment;

	if (slot_idx >> caps->first_bits == 0)
		return (struct slot *)&caps->first[slot_idx];
	bit = nwi_ilog2(slot_idx);
	s = bit - caps->first_bits + 1;
	if (s >= SEGMENT_COUNT_MAX)
		return NULL;
	/* [caps_find.segment] acquire, pairs with [caps_grow.segment]: its slots are mapped. */
	segment = atomic_load_explicit(&caps->segments[s], memory_order_acquire);
	return segment ? &segment[slot_idx - (UINT32_C(1) << bit)] : NULL;
}

static uint64_t load_state(const struct slot *slot)
{
	/* [caps_find.state] acquire, pairs with [caps_publish.state], [caps_end.state],
	 * [caps_put.state]: what the slot is, that it was revoked, what those who had it did. */
	return atomic_load_explicit(&slot->state, memory_order_acquire);
}

/* Whether a state says: live, and of the handle's generation. */
static bool is_of(uint64_t state, nw_cap cap)
{
	return state >> LIVE_SHIFT == (cap.value >> GENERATION_SHIFT << 1 | 1);
}

static uint32_t generation_of(uint64_t state)
{
	return (uint32_t)(state >> GENERATION_SHIFT);
}

static nw_cap handle_of(const struct slot *slot)
{
	return (nw_cap){ (uint64_t)generation_of(load_state(slot)) << GENERATION_SHIFT |
			 slot->slot_idx };
}

/* The live slot that a handle names, or NULL. */
static struct slot *find(const struct nw_caps *caps, nw_cap cap)
{
	struct slot *slot = slot_at(caps, (uint32_t)cap.value);

	return slot && is_of(load_state(slot), cap) ? slot : NULL;
}

static bool has_rights(const struct slot *slot, uint32_t rights)
{
	return (slot->entry.rights & rights) == rights;
}

/* Takes a reference, if the slot is live and the handle's. */
static bool try_hold(struct slot *slot, nw_cap cap)
{
	uint64_t state = load_state(slot);

	do {
		if (!is_of(state, cap) || (state & REFERENCES) == REFERENCES)
			return false;
		/* [caps_hold.state] acquire, pairs with [caps_publish.state]: what the slot is. */
	} while (!atomic_compare_exchange_weak_explicit(
		&slot->state, &state, state + 1, memory_order_acquire, memory_order_acquire));
	return true;
}

/* -- quotas ------------------------------------------------------------------------------- */

static bool charge_one(_Atomic uint64_t *left, uint64_t n)
{
	/* relaxed: re-checked by the CAS below. */
	uint64_t have = atomic_load_explicit(left, memory_order_relaxed);

	do {
		if (have < n)
			return false;
		/* relaxed: the value alone. */
	} while (!atomic_compare_exchange_weak_explicit(left, &have, have - n, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

static void release_one(struct slot *slot, int dim, uint64_t n)
{
	/* relaxed: the value alone; before the slot is freed, [caps_put.state] orders it. */
	uint64_t had = atomic_fetch_add_explicit(&slot->left[dim], n, memory_order_relaxed);

	assert(n <= slot->quota.amount[dim] - had);
	(void)had;
}

static void release(struct slot *slot, const struct nw_resource *used)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++)
		if (used->amount[i] != 0)
			release_one(slot, i, used->amount[i]);
}

static bool charge(struct slot *slot, const struct nw_resource *need)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		if (need->amount[i] == 0 || charge_one(&slot->left[i], need->amount[i]))
			continue;
		while (i-- > 0)
			if (need->amount[i] != 0)
				release_one(slot, i, need->amount[i]);
		return false;
	}
	return true;
}

static void load_left(const struct slot *slot, struct nw_resource *ret_left)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		/* relaxed: the value alone; where it has to be exact, [caps_put.state] orders it.
		 */
		ret_left->amount[i] = atomic_load_explicit(&slot->left[i], memory_order_relaxed);
	}
}

/* What a capability costs the one it is made of; false: more than there can be. */
static bool cost_of(const struct nw_resource *quota, struct nw_resource *ret_cost)
{
	static const struct nw_resource one = { .amount = { [NW_RESOURCE_CAPS] = 1 } };

	*ret_cost = *quota;
	return nw_resource_try_add(ret_cost, &one);
}

/* -- giving slots back -------------------------------------------------------------------- */

static void push_freed(struct nw_caps *caps, struct slot *slot)
{
	/* relaxed: re-checked by the CAS below. */
	struct slot *top = atomic_load_explicit(&caps->freed, memory_order_relaxed);

	do {
		slot->dead_next = top;
		/* [caps_push.freed] release, pairs with [caps_take.freed]: the slot is nobody's. */
	} while (!atomic_compare_exchange_weak_explicit(
		&caps->freed, &top, slot, memory_order_release, memory_order_relaxed));
}

/* The slot's last reference is gone; returns the parent, whose reference of this slot is over. */
static struct slot *free_slot(struct nw_caps *caps, struct slot *slot, uint32_t generation)
{
	struct slot *parent = slot->parent;
	struct nw_resource cost;

	load_left(slot, &cost);
	assert(nw_resource_fits(&slot->quota, &cost)); /* else something charged was not released */
	if (parent && cost_of(&slot->quota, &cost))
		release(parent, &cost);
	/* relaxed: a statistic. */
	atomic_fetch_add_explicit(&caps->freed_count, 1, memory_order_relaxed);
	if (generation < caps->generation_max) {
		push_freed(caps, slot);
	} else {
		/* relaxed: a statistic. */
		atomic_fetch_add_explicit(&caps->retired_count, 1, memory_order_relaxed);
	}
	return parent;
}

/* Takes a reference away; those above may have waited for it only. */
static void put(struct nw_caps *caps, struct slot *slot)
{
	while (slot) {
		/* [caps_put.state] acq_rel, pairs with [caps_find.state]: what was done with the
		 * slot is done before another thread's put, the last, frees it. */
		uint64_t state = atomic_fetch_sub_explicit(&slot->state, 1, memory_order_acq_rel);

		assert((state & REFERENCES) > 0);
		if ((state & REFERENCES) > 1)
			return;
		assert((state & LIVE) == 0);
		slot = free_slot(caps, slot, generation_of(state));
	}
}

/* -- making ------------------------------------------------------------------------------- */

/* Maps as many slots as there are. Under the lock. */
static int grow(struct nw_caps *caps)
{
	uint32_t count = caps->slot_count, s = nwi_ilog2(count) - caps->first_bits + 1;
	struct nw_mem *mem = &caps->segment_mem[s];
	int rc;

	if (count == caps->slot_count_max)
		return -ENOSPC;
	rc = nw_mem_alloc(mem, caps->node, count * sizeof(struct slot), 0);
	if (rc < 0)
		return rc;
	caps->slot_count += count;
	caps->mem_bytes += mem->n_bytes;
	/* [caps_grow.segment] release, pairs with [caps_find.segment]: its slots are mapped. */
	atomic_store_explicit(&caps->segments[s], mem->base, memory_order_release);
	return 0;
}

/* A slot that nobody has: one that was freed, or one never used. Under the lock. */
static int take_slot(struct nw_caps *caps, struct slot **ret_slot)
{
	int rc = 0;

	if (!caps->spare) {
		/* [caps_take.freed] acquire, pairs with [caps_push.freed]: the slots are nobody's.
		 */
		caps->spare = atomic_exchange_explicit(&caps->freed, NULL, memory_order_acquire);
	}
	if (caps->spare) {
		*ret_slot = caps->spare;
		caps->spare = caps->spare->dead_next;
		return 0;
	}
	if (caps->fresh_idx == caps->slot_count)
		rc = grow(caps);
	if (rc < 0)
		return rc;
	*ret_slot = slot_at(caps, caps->fresh_idx);
	(*ret_slot)->slot_idx = caps->fresh_idx++;
	return 0;
}

static void link_child(struct slot *parent, struct slot *slot)
{
	slot->child = slot->prev = NULL;
	slot->child_count = 0;
	slot->next = parent ? parent->child : NULL;
	if (!parent)
		return;
	if (slot->next)
		slot->next->prev = slot;
	parent->child = slot;
	parent->child_count++;
}

static void unlink_child(struct slot *parent, struct slot *slot)
{
	if (!parent)
		return;
	if (slot->prev)
		slot->prev->next = slot->next;
	else
		parent->child = slot->next;
	if (slot->next)
		slot->next->prev = slot->prev;
	parent->child_count--;
}

static void fill(struct slot *slot, struct slot *parent, const struct nw_cap_terms *terms)
{
	const struct nw_cap_bucket *bucket = &terms->bucket;

	slot->parent = parent;
	slot->depth = parent ? parent->depth + 1 : 1;
	slot->quota = terms->quota;
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		/* relaxed: not yet published. */
		atomic_store_explicit(&slot->left[i], terms->quota.amount[i], memory_order_relaxed);
	}
	nwi_bucket_init(&slot->bucket, bucket->burst, bucket->rate_per_s, bucket->begin_ns);
	slot->payer = bucket->burst != 0 ? slot : parent ? parent->payer : NULL;
}

/* From here on it can be found. Under the lock. */
static nw_cap publish(struct nw_caps *caps, struct slot *slot)
{
	uint64_t generation = (uint64_t)generation_of(load_state(slot)) + 1;

	caps->made_count++;
	caps->live_count++;
	/* [caps_publish.state] release, pairs with [caps_find.state], [caps_hold.state]: what the
	 * slot is. */
	atomic_store_explicit(&slot->state, generation << GENERATION_SHIFT | LIVE | 1,
			      memory_order_release);
	return handle_of(slot);
}

/* Under the lock; parent is live, and the caller has a reference of it. */
static int make(struct nw_caps *caps, struct slot *parent, const struct nw_cap_entry *entry,
		const struct nw_cap_terms *terms, nw_cap *ret_cap)
{
	struct slot *slot;
	int rc = take_slot(caps, &slot);

	if (rc < 0)
		return rc;
	slot->entry = *entry;
	fill(slot, parent, terms);
	link_child(parent, slot);
	*ret_cap = publish(caps, slot);
	return 0;
}

static int check_terms(const struct nw_cap_terms *terms)
{
	bool is_good = (terms->rights & ~(uint32_t)NW_CAP_RIGHTS_ALL) == 0 &&
		       terms->bucket.burst <= NW_CAPS_BURST_MAX &&
		       terms->bucket.rate_per_s <= NW_CAPS_RATE_MAX;

	return is_good ? 0 : -EINVAL;
}

int nw_caps_mint(struct nw_caps *caps, enum nw_cap_type type, uint64_t object, uint32_t owner,
		 const struct nw_cap_terms *terms, nw_cap *ret_cap)
{
	struct nw_cap_entry entry = { object, owner, terms->rights, type };
	int rc = check_terms(terms);

	if (rc < 0 || !nw_cap_type_name(type))
		return -EINVAL;
	pthread_mutex_lock(&caps->lock);
	rc = make(caps, NULL, &entry, terms, ret_cap);
	pthread_mutex_unlock(&caps->lock);
	return rc;
}

/* Whether a capability with these terms may be made of the parent, and what it costs that. */
static int may_make(const struct slot *parent, uint32_t right, const struct nw_cap_terms *terms,
		    struct nw_resource *ret_cost)
{
	if (!has_rights(parent, right | terms->rights))
		return -EPERM;
	if (parent->depth == NW_CAPS_DEPTH_MAX)
		return -EMLINK;
	return cost_of(&terms->quota, ret_cost) ? 0 : -EDQUOT;
}

/* Under the lock; with the caller's reference of the parent, which the new slot keeps. */
static int make_below(struct nw_caps *caps, struct slot *parent, uint32_t right,
		      const uint32_t *owner, const struct nw_cap_terms *terms, nw_cap *ret_cap)
{
	struct nw_cap_entry entry = parent->entry;
	struct nw_resource cost;
	int rc = may_make(parent, right, terms, &cost);

	if (rc < 0)
		return rc;
	if (!charge(parent, &cost))
		return -EDQUOT;
	entry.rights = terms->rights;
	entry.owner = owner ? *owner : entry.owner;
	rc = make(caps, parent, &entry, terms, ret_cap);
	if (rc < 0)
		release(parent, &cost);
	return rc;
}

/* owner NULL: the parent's. */
static int make_of(struct nw_caps *caps, nw_cap from, uint32_t right, const uint32_t *owner,
		   const struct nw_cap_terms *terms, nw_cap *ret_cap)
{
	struct slot *parent = slot_at(caps, (uint32_t)from.value);
	int rc = check_terms(terms);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&caps->lock);
	if (!parent || !try_hold(parent, from)) {
		rc = -ESTALE;
	} else {
		rc = make_below(caps, parent, right, owner, terms, ret_cap);
		if (rc < 0)
			put(caps, parent);
	}
	pthread_mutex_unlock(&caps->lock);
	return rc;
}

int nw_caps_grant(struct nw_caps *caps, nw_cap from, uint32_t owner,
		  const struct nw_cap_terms *terms, nw_cap *ret_cap)
{
	return make_of(caps, from, NW_CAP_GRANT, &owner, terms, ret_cap);
}

int nw_caps_derive(struct nw_caps *caps, nw_cap from, const struct nw_cap_terms *terms,
		   nw_cap *ret_cap)
{
	return make_of(caps, from, NW_CAP_DERIVE, NULL, terms, ret_cap);
}

/* -- revoking ----------------------------------------------------------------------------- */

/* A grace period after the revocation: the table's references of these slots end. */
static void put_dead(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct nw_caps *caps = arg;
	struct slot *slot = ptr, *next;

	(void)thread;
	for (; slot; slot = next) {
		next = slot->dead_next;
		put(caps, slot);
	}
	atomic_fetch_sub(&caps->callback_count, 1);
}

static struct slot *first_leaf(struct slot *slot)
{
	while (slot->child)
		slot = slot->child;
	return slot;
}

/* After this one in the tree below top, children before parents; NULL: this was top. */
static struct slot *next_up(const struct slot *slot, const struct slot *top)
{
	if (slot == top)
		return NULL;
	return slot->next ? first_leaf(slot->next) : slot->parent;
}

/* Ends all of a tree; they hang together at dead_next, from top. Under the lock. */
static void end_tree(struct nw_caps *caps, struct slot *top)
{
	struct slot *dead = NULL;

	unlink_child(top->parent, top);
	for (struct slot *slot = first_leaf(top); slot; slot = next_up(slot, top)) {
		/* [caps_end.state] seq_cst, pairs with [caps_find.state]: from here on no look-up
		 * finds it. */
		atomic_fetch_and(&slot->state, ~LIVE);
		caps->live_count--;
		slot->dead_next = dead;
		dead = slot;
	}
}

/* Whether a slot is the tree's top or below it. Under the lock, both live. */
static bool is_below(const struct slot *slot, const struct slot *top)
{
	while (slot && slot != top)
		slot = slot->parent;
	return slot;
}

/* Under the lock; *ret_dead: what was revoked. */
static int try_revoke(struct nw_caps *caps, nw_cap by, nw_cap cap, struct slot **ret_dead)
{
	struct slot *slot = find(caps, cap), *top = by.value != 0 ? find(caps, by) : NULL;

	if (!slot || (by.value != 0 && !top))
		return -ESTALE;
	if (top && (!has_rights(top, NW_CAP_REVOKE) || !is_below(slot, top)))
		return -EPERM;
	end_tree(caps, slot);
	*ret_dead = slot;
	return 0;
}

int nw_caps_revoke(struct nw_caps *caps, struct nw_rcu_thread *thread, nw_cap by, nw_cap cap)
{
	struct slot *dead = NULL;
	int rc;

	assert(thread);
	pthread_mutex_lock(&caps->lock);
	rc = try_revoke(caps, by, cap, &dead);
	pthread_mutex_unlock(&caps->lock);
	if (rc < 0)
		return rc;
	atomic_fetch_add(&caps->callback_count, 1);
	nw_rcu_call(thread, &dead->rcu, dead, put_dead, caps);
	return 0;
}

/* -- looking up and using ----------------------------------------------------------------- */

const struct nw_cap_entry *nw_caps_find(const struct nw_caps *caps, nw_cap cap, uint32_t rights)
{
	const struct slot *slot = find(caps, cap);

	return slot && has_rights(slot, rights) ? &slot->entry : NULL;
}

const struct nw_cap_entry *nw_caps_hold(struct nw_caps *caps, nw_cap cap, uint32_t rights)
{
	struct slot *slot = slot_at(caps, (uint32_t)cap.value);

	if (!slot || !try_hold(slot, cap))
		return NULL;
	if (has_rights(slot, rights))
		return &slot->entry;
	put(caps, slot);
	return NULL;
}

void nw_caps_drop(struct nw_caps *caps, const struct nw_cap_entry *entry)
{
	put(caps, entry ? slot_of(entry) : NULL);
}

bool nw_caps_is_live(const struct nw_cap_entry *entry)
{
	return (load_state(slot_of(entry)) & LIVE) != 0;
}

bool nw_caps_is_gone(const struct nw_caps *caps, nw_cap cap)
{
	const struct slot *slot = slot_at(caps, (uint32_t)cap.value);
	uint64_t state = slot ? load_state(slot) : 0;

	return (state & REFERENCES) == 0 || generation_of(state) != cap.value >> GENERATION_SHIFT;
}

bool nw_caps_charge(const struct nw_cap_entry *entry, const struct nw_resource *need)
{
	return nw_caps_is_live(entry) && charge(slot_of(entry), need);
}

void nw_caps_release(const struct nw_cap_entry *entry, const struct nw_resource *used)
{
	release(slot_of(entry), used);
}

static struct slot *next_payer(const struct slot *slot)
{
	return slot->parent ? slot->parent->payer : NULL;
}

bool nw_caps_take(const struct nw_cap_entry *entry, uint64_t token_count, uint64_t now_ns)
{
	struct slot *payer = slot_of(entry)->payer, *refused = payer;

	if (!nw_caps_is_live(entry))
		return false;
	while (refused && nwi_bucket_take(&refused->bucket, token_count, now_ns))
		refused = next_payer(refused);
	if (!refused)
		return true;
	for (; payer != refused; payer = next_payer(payer))
		nwi_bucket_give_back(&payer->bucket, token_count);
	return false;
}

/* -- reports ------------------------------------------------------------------------------ */

/* Under the lock; the slot is live. */
static void describe(const struct slot *slot, struct nw_cap_info *ret_info)
{
	*ret_info = (struct nw_cap_info){
		.entry = slot->entry,
		.depth = slot->depth,
		.child_count = slot->child_count,
		/* Without the table's own. */
		.reference_count = (uint32_t)(load_state(slot) & REFERENCES) - 1,
		.quota = slot->quota,
	};
	if (slot->parent)
		ret_info->parent = handle_of(slot->parent);
	load_left(slot, &ret_info->left);
}

int nw_caps_info(struct nw_caps *caps, nw_cap cap, struct nw_cap_info *ret_info)
{
	struct slot *slot;

	pthread_mutex_lock(&caps->lock);
	slot = find(caps, cap);
	if (slot)
		describe(slot, ret_info);
	pthread_mutex_unlock(&caps->lock);
	return slot ? 0 : -ESTALE;
}

void nw_caps_stats(struct nw_caps *caps, struct nw_caps_stats *ret_stats)
{
	pthread_mutex_lock(&caps->lock);
	*ret_stats = (struct nw_caps_stats){
		.slot_count = caps->slot_count,
		.slot_count_max = caps->slot_count_max,
		.live_count = caps->live_count,
		.waiting_count = (uint32_t)(caps->made_count - caps->live_count -
					    atomic_load(&caps->freed_count)),
		.retired_count = (uint32_t)atomic_load(&caps->retired_count),
		.mem_bytes = caps->mem_bytes,
	};
	pthread_mutex_unlock(&caps->lock);
}
