/* SPDX-License-Identifier: MIT */
/*
 * Hash map for RCU readers: one split-ordered list, and buckets that point into it.
 *
 *     buckets   0            2                  1            3
 *               |            |                  |            |
 *     list     (0) - [8] - (2) - [2] - [6] -   (1) - [5] -  (3) - [7] - NULL
 *               bucket        entries in the order of their hash, bits reversed
 *
 * All entries are in one list, sorted by their hash read backwards. Then the entries of bucket
 * hash & (n - 1) are neighbours, and stay so when n doubles: bucket b only splits, where bucket b +
 * n begins. So growing moves nothing. It adds links that mark where the new buckets begin, each
 * when it is first used.
 *
 * `order` sorts the list. Entry: its hash reversed, with the two low bits set. Bucket b: b
 * reversed, low bits 00, or 10 once the link is in the list and may be started from; 0 before
 * anyone has claimed it (bucket 0 is there from the beginning). Buckets below 2^32 leave the low
 * half of their order free, so a bucket sorts before its entries whatever its state.
 *
 * Roles: readers only load. Writers insert by a compare-and-swap on the link before, and remove in
 * two steps: mark the entry's own next (bit 0), which decides who has it, and unlink it from the
 * link before. Any writer unlinks the marked entries that it passes. Replacing is marking and
 * inserting at once: the mark goes in together with a next that is the new entry. One thread at a
 * time adds a segment of buckets; the others do not wait for it but go on with what there is.
 *
 * Invariants.
 *   1. An unmarked entry that was inserted is reachable from every ready bucket before it; orders
 *      along the list never fall, and entries of one order stand in the order they came.
 *   2. A marked next never changes again. A bucket's link is marked only by a shrinking, when no
 *      section is left that may start from it.
 *   3. For one key there is at most one unmarked entry: an entry is inserted behind all others of
 *      its order, so two inserts of one key meet at the same link, and one of them sees the other.
 *   4. When del or set returns, the entry it took out is unlinked. By the call itself, from an
 *      unmarked link: that one is in the list, and nothing else in the list is before the entry.
 *      Or, where that fails, by whomever: the call's walk over all of that order has ended with
 *      every marked entry unlinked. A reader that begins later cannot come to it, not even over
 *      entries that were unlinked with a next that still names it: such an entry was unlinked
 *      before, so such a reader does not come to that one.
 *
 * A bucket that is not ready is no obstacle: its parent (the bucket without the highest bit of the
 * number) begins earlier in the list, so starting there only walks longer. Hence a writer that
 * stalls while it adds a bucket's link holds nobody up, and readers need not add any. But a writer
 * that opens a bucket opens its parents first: they begin later and later in the list, so that each
 * walk is over about one bucket's entries; from bucket 0 it would be over half of all.
 *
 * Why it is correct: see T. Harris for the list, whose search here (seek) restarts as in M.
 * Michael's; readers walk over marked entries, which hazard pointers would not allow and RCU does.
 * ABA: an entry is freed, or put anywhere again, only after a grace period, and every writer is in
 * a read section from its first load to its last compare-and-swap.
 *
 * Growth: a put that finds more entries than buckets maps the next segment, as many as there are;
 * its pages are zero, which is "not claimed", and are touched bucket by bucket. Entries are counted
 * in stripes, added up only now and then. A stripe is one handle's, which writes it without locked
 * instructions: calls with one handle do not overlap. Handles beyond the stripes share one.
 *
 * Shrinking is the caller's to ask for. It lowers the count of buckets, and a grace period later
 * nobody starts from the upper ones any more; it takes their links out of the list like entries,
 * and a grace period later nobody stands on them any more, so their segments are unmapped. Not by
 * itself: the two waits would fall on some del, and to what end is the caller's to know. An entry
 * needs its object, a bucket 16 bytes: a map that is to fill again loses nothing by keeping them.
 *
 * References: O. Shalev, N. Shavit, "Split-ordered lists: lock-free extensible hash tables", JACM
 * 53(3), 2006; T. Harris, "A pragmatic implementation of non-blocking linked-lists", DISC 2001;
 * M. Michael, "High performance dynamic lock-free hash tables and list-based sets", SPAA 2002;
 * the hash table of userspace RCU (rculfhash), for replacing in one step. We differ in that bucket
 * links lie in the bucket array itself and are added without waiting or helping.
 */
#include <nw/hashmap.h>

#include "base/attr.h"
#include "base/bits.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>

enum {
	SEGMENT_COUNT_MAX = 32,
	OWNED_STRIPE_COUNT = 16,
	STRIPE_COUNT,            /* the last one is of all that own none */
	CHECKS_A_DOUBLING = 128, /* how often a put adds the stripes up */
};
#define MARK        UINT64_C(1) /* in next: this entry was taken out */
#define READY       UINT64_C(2) /* in a bucket's order */
#define ENTRY_ORDER UINT64_C(3) /* in an entry's order */

/* A bucket, or what the map sees of an entry. `next` is an address and MARK. */
struct link {
	_Atomic uint64_t next;
	_Atomic uint64_t order;
};
static_assert(sizeof(struct link) == sizeof(struct nw_hashmap_entry) &&
		      alignof(struct link) == alignof(struct nw_hashmap_entry),
	      "an entry is a link");

/* Counts of one handle, which alone writes them; only the last is of several. */
struct stripe {
	alignas(NW_CACHE_PAIR) _Atomic uintptr_t owner; /* 0: nobody's yet */
	_Atomic uint64_t in_count, out_count;
};

struct nw_hashmap {
	/* Constant after creation. */
	nw_hashmap_match_fn *match;
	uint64_t bucket_count_max;
	uint32_t first_bits; /* log2 of the first segment's buckets */
	nw_node node;
	struct nw_mem mem; /* this struct and the first segment */

	/* Written by whoever resizes the map. Segment 0: the first buckets; s: as many as all
	 * before.
	 * */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t bucket_count;
	_Atomic(struct link *) segments[SEGMENT_COUNT_MAX];
	atomic_bool is_resizing;
	struct nw_mem segment_mem[SEGMENT_COUNT_MAX]; /* of 1 and up */
	_Atomic uint64_t mem_bytes, refused_count;

	/* Written by writers. */
	struct stripe stripes[STRIPE_COUNT];
	alignas(NW_CACHE_PAIR) struct link first[];
};

/* Between a link and its next: where an entry of some order stands, or would. */
struct spot {
	struct link *prev, *next;
};

/* What a seek looks for; `key` counts only where `map` is set. */
struct wanted {
	const struct nw_hashmap *map;
	const void *key;
	uint64_t order;
};

static uint64_t reverse_bits(uint64_t x)
{
	x = __builtin_bswap64(x);
	x = (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4 | (x >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f));
	x = (x & UINT64_C(0x3333333333333333)) << 2 | (x >> 2 & UINT64_C(0x3333333333333333));
	return (x & UINT64_C(0x5555555555555555)) << 1 | (x >> 1 & UINT64_C(0x5555555555555555));
}

static uint64_t entry_order(uint64_t hash)
{
	return reverse_bits(hash) | ENTRY_ORDER;
}

static struct link *link_at(uint64_t next)
{
	return (struct link *)(uintptr_t)(next & ~MARK);
}

static uint64_t next_to(const struct link *link)
{
	return (uint64_t)(uintptr_t)link;
}

static uint64_t load_next(const struct link *link)
{
	/* [hashmap_walk.next] acquire, pairs with [hashmap_insert.next], [hashmap_mark.next] and
	 * [hashmap_cut.next]: the link behind, and what its thread did with the entry. */
	return atomic_load_explicit(&link->next, memory_order_acquire);
}

static uint64_t load_order(const struct link *link)
{
	/* relaxed: [hashmap_insert.next] publishes it; a bucket's READY, set later, sorts alike. */
	return atomic_load_explicit(&link->order, memory_order_relaxed);
}

/* -- creation ----------------------------------------------------------------------------- */

static bool is_bucket_count(uint64_t n)
{
	return n >= NW_HASHMAP_BUCKET_COUNT_MIN && n <= NW_HASHMAP_BUCKET_COUNT_MAX &&
	       nwi_is_pow2(n);
}

int nw_hashmap_create(struct nw_hashmap **ret_map, nw_node node, nw_hashmap_match_fn *match,
		      uint64_t bucket_count, uint64_t bucket_count_max)
{
	struct nw_hashmap *map;
	struct nw_mem mem;
	int rc;

	if (!is_bucket_count(bucket_count) || !is_bucket_count(bucket_count_max) ||
	    bucket_count > bucket_count_max)
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, sizeof(*map) + bucket_count * sizeof(map->first[0]), 0);
	if (rc < 0)
		return rc;
	map = mem.base; /* zeroed: no bucket claimed, no segment, all counts 0 */
	map->match = match;
	map->bucket_count_max = bucket_count_max;
	map->first_bits = nwi_ilog2(bucket_count);
	map->node = node;
	map->mem = mem;
	atomic_init(&map->bucket_count, bucket_count);
	atomic_init(&map->segments[0], map->first);
	atomic_init(&map->mem_bytes, mem.n_bytes);
	atomic_init(&map->first[0].order, READY);
	*ret_map = map;
	return 0;
}

void nw_hashmap_destroy(struct nw_hashmap *map)
{
	struct nw_mem mem;

	if (!map)
		return;
	for (int s = 1; s < SEGMENT_COUNT_MAX; s++)
		nw_mem_free(&map->segment_mem[s]); /* a no-op for those that were never mapped */
	mem = map->mem;
	nw_mem_free(&mem);
}

const struct nw_mem *nw_hashmap_memory(const struct nw_hashmap *map)
{
	return &map->mem;
}

/* -- buckets ------------------------------------------------------------------------------ */

/* Segment that a bucket other than those of the first is in. */
static uint32_t segment_of(const struct nw_hashmap *map, uint64_t bucket)
{
	return nwi_ilog2(bucket) - map->first_bits + 1;
}

static struct link *bucket_link(const struct nw_hashmap *map, uint64_t bucket)
{
	struct link *segment;

	if (bucket >> map->first_bits == 0)
		return (struct link *)&map->first[bucket];
	/* relaxed: [hashmap_grow.bucket_count] publishes it before any of its buckets is used. */
	segment = atomic_load_explicit(&map->segments[segment_of(map, bucket)],
				       memory_order_relaxed);
	return &segment[bucket - (UINT64_C(1) << nwi_ilog2(bucket))];
}

static uint64_t load_bucket_count(const struct nw_hashmap *map)
{
	/* [hashmap_bucket.bucket_count] acquire, pairs with [hashmap_grow.bucket_count],
	 * [hashmap_shrink.bucket_count]: the segment that holds the upper half. */
	return atomic_load_explicit(&map->bucket_count, memory_order_acquire);
}

static bool is_ready(const struct link *link)
{
	/* [hashmap_bucket.order] acquire, pairs with [hashmap_open.order]: the bucket is in the
	 * list, and its next. */
	return atomic_load_explicit(&link->order, memory_order_acquire) & READY;
}

/* The bucket that this one was split from. Not of 0, which is always ready. */
static uint64_t parent_of(uint64_t bucket)
{
	return bucket ^ UINT64_C(1) << nwi_ilog2(bucket);
}

/* The last bucket at or before this one that a walk may start from. */
static struct link *ready_bucket(const struct nw_hashmap *map, uint64_t bucket)
{
	struct link *link = bucket_link(map, bucket);

	while (!is_ready(link)) {
		bucket = parent_of(bucket);
		link = bucket_link(map, bucket);
	}
	return link;
}

/* -- the list ----------------------------------------------------------------------------- */

static bool is_wanted(const struct link *link, const struct wanted *wanted)
{
	return wanted->map &&
	       wanted->map->match((const struct nw_hashmap_entry *)link, wanted->key);
}

/* Takes a marked link out, from behind prev; false: prev has another next by now, or is marked. */
static bool cut(struct link *prev, struct link *link, uint64_t next)
{
	uint64_t expected = next_to(link);

	/* [hashmap_cut.next] acq_rel, pairs with [hashmap_walk.next]: passes on what the removed
	 * link's next published: the link behind. */
	return atomic_compare_exchange_strong_explicit(&prev->next, &expected, next & ~MARK,
						       memory_order_acq_rel, memory_order_relaxed);
}

/*
 * One try of seek: 1: an entry is as wanted, spot->next is it; 0: there is none, spot is behind the
 * last of its order; -1: another writer was in the way.
 */
NWI_ALWAYS_INLINE int try_seek(struct link *from, const struct wanted *wanted,
			       struct spot *ret_spot)
{
	struct link *prev = from, *link = link_at(load_next(from));

	while (link) {
		uint64_t next = load_next(link), order = load_order(link);

		if (next & MARK) {
			if (!cut(prev, link, next))
				return -1;
			link = link_at(next);
			continue;
		}
		if (order > wanted->order)
			break;
		if (order == wanted->order && is_wanted(link, wanted)) {
			*ret_spot = (struct spot){ prev, link };
			return 1;
		}
		prev = link;
		link = link_at(next);
	}
	*ret_spot = (struct spot){ prev, link };
	return 0;
}

/*
 * Finds the entry, or where it would stand, and unlinks every marked entry on the way. The caller
 * is in a read section.
 */
NWI_ALWAYS_INLINE bool seek(struct link *from, const struct wanted *wanted, struct spot *ret_spot)
{
	int found;

	do {
		found = try_seek(from, wanted, ret_spot);
	} while (found < 0);
	return found;
}

/* Puts a link into a spot; false: the spot is not what it was. */
static bool insert(const struct spot *spot, struct link *link)
{
	uint64_t expected = next_to(spot->next);

	/* relaxed: not yet published. */
	atomic_store_explicit(&link->next, next_to(spot->next), memory_order_relaxed);
	/* [hashmap_insert.next] acq_rel, pairs with [hashmap_walk.next]: the link, and what its
	 * thread did with the entry. */
	return atomic_compare_exchange_strong_explicit(&spot->prev->next, &expected, next_to(link),
						       memory_order_acq_rel, memory_order_relaxed);
}

/*
 * Marks the link of a spot, with `instead` as its next if that is not NULL; false: another thread
 * was faster. Whose mark it is, his is the entry.
 */
static bool mark(struct link *link, struct link *instead, uint64_t *ret_next)
{
	uint64_t next = load_next(link), wanted;

	do {
		if (next & MARK)
			return false;
		/* relaxed: not yet published. */
		if (instead)
			atomic_store_explicit(&instead->next, next, memory_order_relaxed);
		wanted = (instead ? next_to(instead) : next) | MARK;
		/* [hashmap_mark.next] acq_rel, pairs with [hashmap_walk.next]: the entry put
		 * instead, and what its thread did with it. relaxed: re-checked by this CAS. */
	} while (!atomic_compare_exchange_weak_explicit(
		&link->next, &next, wanted, memory_order_acq_rel, memory_order_relaxed));
	*ret_next = wanted;
	return true;
}

/* Takes marked entries of this order out of the list. */
static void sweep(struct link *from, uint64_t order)
{
	struct wanted wanted = { .order = order };
	struct spot spot;

	(void)seek(from, &wanted, &spot);
}

/* Takes the entry of a spot out, or puts another in its place; false: another thread was faster. */
static bool take_out(struct link *from, const struct spot *spot, struct link *instead)
{
	uint64_t next;

	if (!mark(spot->next, instead, &next))
		return false;
	if (!cut(spot->prev, spot->next, next))
		sweep(from, load_order(spot->next));
	return true;
}

/* Adds a bucket's link to the list, unless another thread has begun to; returns where to start. */
static struct link *open_behind(struct link *from, struct link *link, uint64_t bucket)
{
	struct wanted wanted = { .order = reverse_bits(bucket) };
	uint64_t unclaimed = 0;
	struct spot spot;

	/* relaxed: under a claim that one thread gets; [hashmap_insert.next] publishes the rest. */
	if (!atomic_compare_exchange_strong_explicit(&link->order, &unclaimed, wanted.order,
						     memory_order_relaxed, memory_order_relaxed))
		return is_ready(link) ? link : from;
	do {
		(void)seek(from, &wanted, &spot);
	} while (!insert(&spot, link));
	/* [hashmap_open.order] release, pairs with [hashmap_bucket.order]: the bucket is in the
	 * list, and its next. */
	atomic_store_explicit(&link->order, wanted.order | READY, memory_order_release);
	return link;
}

/*
 * Opens a bucket, and before it those of its parents that are not open. Without them it would be
 * found from bucket 0, and the first puts into many buckets would each walk over all entries.
 */
NWI_NEVER_INLINE struct link *open_with_parents(struct nw_hashmap *map, uint64_t bucket)
{
	uint64_t open = bucket, rest;
	struct link *from;

	while (!is_ready(bucket_link(map, open)))
		open = parent_of(open);
	from = bucket_link(map, open);
	for (rest = bucket ^ open; rest != 0; rest &= rest - 1) {
		open |= rest & -rest;
		from = open_behind(from, bucket_link(map, open), open);
	}
	return from;
}

/*
 * The bucket to start from, for a writer. Which one it is depends on the count, but any that is
 * ready and not behind the hash will do.
 */
static struct link *open_bucket(struct nw_hashmap *map, uint64_t hash)
{
	uint64_t bucket = hash & (load_bucket_count(map) - 1);
	struct link *link = bucket_link(map, bucket);

	return is_ready(link) ? link : open_with_parents(map, bucket);
}

/* -- counting and growth ------------------------------------------------------------------ */

static uint64_t count_entries(const struct nw_hashmap *map)
{
	uint64_t in_count = 0, out_count = 0;

	for (int i = 0; i < STRIPE_COUNT; i++) {
		/* relaxed: a statistic. */
		out_count += atomic_load_explicit(&map->stripes[i].out_count, memory_order_relaxed);
		/* relaxed: a statistic. */
		in_count += atomic_load_explicit(&map->stripes[i].in_count, memory_order_relaxed);
	}
	return in_count > out_count ? in_count - out_count : 0;
}

/* The stripe of a handle that has not been found where it would be first; often the shared one. */
NWI_NEVER_INLINE struct stripe *find_stripe(struct nw_hashmap *map, uintptr_t handle, uint32_t i)
{
	for (uint32_t tries = 0; tries < OWNED_STRIPE_COUNT; tries++) {
		struct stripe *stripe = &map->stripes[(i + tries) % OWNED_STRIPE_COUNT];
		uintptr_t owner = 0;

		/* relaxed: the value alone; only its owner goes by it. */
		if (atomic_compare_exchange_strong_explicit(&stripe->owner, &owner, handle,
							    memory_order_relaxed,
							    memory_order_relaxed) ||
		    owner == handle)
			return stripe;
	}
	return &map->stripes[OWNED_STRIPE_COUNT];
}

static struct stripe *stripe_of(struct nw_hashmap *map, const struct nw_rcu_thread *thread)
{
	uintptr_t handle = (uintptr_t)thread;
	/* Handles are lines apart, in blocks that are pages apart. */
	uint32_t i = (uint32_t)(handle / NW_CACHE_PAIR ^ handle / NW_CACHE_PAIR / 32) %
		     OWNED_STRIPE_COUNT;
	struct stripe *stripe = &map->stripes[i];

	/* relaxed: the value alone; only its owner goes by it. */
	if (atomic_load_explicit(&stripe->owner, memory_order_relaxed) == handle)
		return stripe;
	return find_stripe(map, handle, i);
}

/* Adds one to a count of a stripe; returns the sum. */
static uint64_t count_one(const struct nw_hashmap *map, const struct stripe *stripe,
			  _Atomic uint64_t *count)
{
	uint64_t old;

	if (stripe == &map->stripes[OWNED_STRIPE_COUNT]) {
		/* relaxed: a statistic. */
		return atomic_fetch_add_explicit(count, 1, memory_order_relaxed) + 1;
	}
	/* relaxed: sole writer, and a statistic. */
	old = atomic_load_explicit(count, memory_order_relaxed);
	/* relaxed: as above. */
	atomic_store_explicit(count, old + 1, memory_order_relaxed);
	return old + 1;
}

static void count_out(struct nw_hashmap *map, const struct nw_rcu_thread *thread)
{
	struct stripe *stripe = stripe_of(map, thread);

	(void)count_one(map, stripe, &stripe->out_count);
}

/* Adds the segment behind bucket_count. Only the thread that set is_resizing is here. */
static void add_segment(struct nw_hashmap *map, uint64_t bucket_count)
{
	uint32_t s = segment_of(map, bucket_count);
	struct nw_mem *mem = &map->segment_mem[s];

	if (nw_mem_alloc(mem, map->node, bucket_count * sizeof(struct link), 0) < 0) {
		/* relaxed: a statistic. */
		atomic_fetch_add_explicit(&map->refused_count, 1, memory_order_relaxed);
		return;
	}
	/* relaxed: a statistic. */
	atomic_fetch_add_explicit(&map->mem_bytes, mem->n_bytes, memory_order_relaxed);
	/* relaxed: published by [hashmap_grow.bucket_count]. */
	atomic_store_explicit(&map->segments[s], mem->base, memory_order_relaxed);
	/* [hashmap_grow.bucket_count] release, pairs with [hashmap_bucket.bucket_count]: the
	 * segment that holds the upper half. */
	atomic_store_explicit(&map->bucket_count, 2 * bucket_count, memory_order_release);
}

/* Doubles the buckets if entries are more. */
NWI_NEVER_INLINE void grow(struct nw_hashmap *map)
{
	uint64_t bucket_count = load_bucket_count(map);

	if (bucket_count == map->bucket_count_max || count_entries(map) <= bucket_count)
		return;
	if (atomic_exchange(&map->is_resizing, true))
		return; /* someone else does it; there are buckets enough to go on */
	if (load_bucket_count(map) == bucket_count)
		add_segment(map, bucket_count);
	atomic_store(&map->is_resizing, false);
}

/*
 * Counts a put, and looks now and then whether to grow. How often goes by the puts alone: a thread
 * that puts and takes out in turn would else stay where it looks.
 */
static void count_in(struct nw_hashmap *map, const struct nw_rcu_thread *thread)
{
	struct stripe *stripe = stripe_of(map, thread);
	uint64_t put_count = count_one(map, stripe, &stripe->in_count);
	/* A power of two, or 0. */
	uint64_t seldom = load_bucket_count(map) / CHECKS_A_DOUBLING;

	if (seldom <= 1 || (put_count & (seldom - 1)) == 0)
		grow(map);
}

/* -- shrinking ---------------------------------------------------------------------------- */

/* As few as the entries need; not below the first segment. */
static uint64_t needed_buckets(const struct nw_hashmap *map)
{
	uint64_t entry_count = count_entries(map), bucket_count = UINT64_C(1) << map->first_bits;

	while (bucket_count < entry_count && bucket_count < map->bucket_count_max)
		bucket_count *= 2;
	return bucket_count;
}

/*
 * Takes the link of a bucket out. Its parent is of a lower segment, so from the highest bucket down
 * the walk starts from one that is still in.
 */
static void close_bucket(struct nw_hashmap *map, struct nw_rcu_thread *thread, uint64_t bucket)
{
	struct link *link = bucket_link(map, bucket);
	uint64_t next;

	if (!is_ready(link))
		return;
	nw_rcu_read_lock(thread);
	if (mark(link, NULL, &next)) /* always: no other thread marks it */
		sweep(ready_bucket(map, parent_of(bucket)), load_order(link));
	nw_rcu_read_unlock(thread);
}

/* Unmaps segments that nobody knows any more, of `from` buckets on; returns the bytes. */
static uint64_t drop_segments(struct nw_hashmap *map, uint64_t from, uint64_t bucket_count)
{
	uint64_t n_bytes = 0;

	for (; from < bucket_count; from *= 2) {
		struct nw_mem *mem = &map->segment_mem[segment_of(map, from)];

		n_bytes += mem->n_bytes;
		nw_mem_free(mem);
	}
	/* relaxed: a statistic. */
	atomic_fetch_sub_explicit(&map->mem_bytes, n_bytes, memory_order_relaxed);
	return n_bytes;
}

uint64_t nw_hashmap_shrink(struct nw_hashmap *map, struct nw_rcu_thread *thread)
{
	struct nw_rcu *rcu = nw_rcu_domain_of(thread);
	uint64_t old, needed, n_bytes = 0;

	if (atomic_exchange(&map->is_resizing, true))
		return 0;
	old = load_bucket_count(map);
	needed = needed_buckets(map);
	if (needed < old) {
		/* [hashmap_shrink.bucket_count] release, pairs with [hashmap_bucket.bucket_count]:
		 * the segments that stay, which other threads may have added. */
		atomic_store_explicit(&map->bucket_count, needed, memory_order_release);
		nw_rcu_synchronize(rcu, thread);
		for (uint64_t bucket = old; bucket-- > needed;)
			close_bucket(map, thread, bucket);
		nw_rcu_synchronize(rcu, thread);
		n_bytes = drop_segments(map, needed, old);
	}
	atomic_store(&map->is_resizing, false);
	return n_bytes;
}

/* -- the interface ------------------------------------------------------------------------ */

struct nw_hashmap_entry *nw_hashmap_get(const struct nw_hashmap *map, uint64_t hash,
					const void *key)
{
	struct wanted wanted = { map, key, entry_order(hash) };
	const struct link *link = ready_bucket(map, hash & (load_bucket_count(map) - 1));
	uint64_t next = load_next(link);

	while ((link = link_at(next))) {
		uint64_t order = load_order(link);

		next = load_next(link);
		if (order > wanted.order)
			return NULL;
		if (order == wanted.order && !(next & MARK) && is_wanted(link, &wanted))
			return (struct nw_hashmap_entry *)link;
	}
	return NULL;
}

/* Gives an entry its place in the order; it is not in the list. */
static struct link *prepare(struct nw_hashmap_entry *entry, uint64_t order)
{
	struct link *link = (struct link *)entry;

	/* relaxed: not yet published. */
	atomic_store_explicit(&link->order, order, memory_order_relaxed);
	return link;
}

struct nw_hashmap_entry *nw_hashmap_put(struct nw_hashmap *map, struct nw_rcu_thread *thread,
					uint64_t hash, const void *key,
					struct nw_hashmap_entry *entry)
{
	struct wanted wanted = { map, key, entry_order(hash) };
	struct link *link = prepare(entry, wanted.order), *from;
	struct spot spot;
	bool is_there;

	nw_rcu_read_lock(thread);
	from = open_bucket(map, hash);
	do {
		is_there = seek(from, &wanted, &spot);
	} while (!is_there && !insert(&spot, link));
	if (!is_there)
		count_in(map, thread);
	nw_rcu_read_unlock(thread);
	return is_there ? (struct nw_hashmap_entry *)spot.next : NULL;
}

struct nw_hashmap_entry *nw_hashmap_set(struct nw_hashmap *map, struct nw_rcu_thread *thread,
					uint64_t hash, const void *key,
					struct nw_hashmap_entry *entry)
{
	struct wanted wanted = { map, key, entry_order(hash) };
	struct link *link = prepare(entry, wanted.order), *from;
	struct spot spot;
	bool is_there, is_done;

	nw_rcu_read_lock(thread);
	from = open_bucket(map, hash);
	do {
		is_there = seek(from, &wanted, &spot);
		is_done = is_there ? take_out(from, &spot, link) : insert(&spot, link);
	} while (!is_done);
	if (!is_there)
		count_in(map, thread);
	nw_rcu_read_unlock(thread);
	return is_there ? (struct nw_hashmap_entry *)spot.next : NULL;
}

struct nw_hashmap_entry *nw_hashmap_del(struct nw_hashmap *map, struct nw_rcu_thread *thread,
					uint64_t hash, const void *key)
{
	struct wanted wanted = { map, key, entry_order(hash) };
	struct link *from;
	struct spot spot;
	bool is_there;

	nw_rcu_read_lock(thread);
	from = open_bucket(map, hash);
	do {
		is_there = seek(from, &wanted, &spot);
	} while (is_there && !take_out(from, &spot, NULL));
	if (is_there)
		count_out(map, thread);
	nw_rcu_read_unlock(thread);
	return is_there ? (struct nw_hashmap_entry *)spot.next : NULL;
}

bool nw_hashmap_del_entry(struct nw_hashmap *map, struct nw_rcu_thread *thread,
			  struct nw_hashmap_entry *entry)
{
	struct link *link = (struct link *)entry;
	uint64_t order = load_order(link);
	uint64_t next;
	bool is_mine;

	nw_rcu_read_lock(thread);
	is_mine = mark(link, NULL, &next);
	if (is_mine) {
		/* Two bits of the hash are lost in the order; no bucket is chosen by them. */
		sweep(open_bucket(map, reverse_bits(order & ~ENTRY_ORDER)), order);
		count_out(map, thread);
	}
	nw_rcu_read_unlock(thread);
	return is_mine;
}

struct nw_hashmap_entry *nw_hashmap_next(const struct nw_hashmap *map,
					 const struct nw_hashmap_entry *entry)
{
	const struct link *link = entry ? (const struct link *)entry : &map->first[0];
	uint64_t next = load_next(link);

	while ((link = link_at(next))) {
		next = load_next(link);
		if ((load_order(link) & ENTRY_ORDER) == ENTRY_ORDER && !(next & MARK))
			return (struct nw_hashmap_entry *)link;
	}
	return NULL;
}

void nw_hashmap_stats(const struct nw_hashmap *map, struct nw_hashmap_stats *ret_stats)
{
	ret_stats->entry_count = count_entries(map);
	ret_stats->bucket_count = load_bucket_count(map);
	/* relaxed: a statistic. */
	ret_stats->mem_bytes = atomic_load_explicit(&map->mem_bytes, memory_order_relaxed);
	/* relaxed: a statistic. */
	ret_stats->refused_count = atomic_load_explicit(&map->refused_count, memory_order_relaxed);
}
