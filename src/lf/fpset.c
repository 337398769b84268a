/* SPDX-License-Identifier: MIT */
/*
 * Set of 64-bit fingerprints: extendible hashing over blocks of open addressing.
 *
 *   directory (2^depth entries)         blocks (block_slots slots of 8 bytes)
 *   [..000] ----------------------->  [control| fp fp .. 0 fp ..]   local depth 2: 00
 *   [..001] ------------+
 *   [..010] -----+      +--------->  [control| ..]                  local depth 1: 1
 *   [..011] ------------+
 *                +---------------->  [control| ..]                  local depth 2: 10
 *
 * The low bits of a fingerprint choose the directory entry, its bits below 48 the first slot,
 * so a block's content is nearly in the order of those bits, and splitting a block writes both
 * halves from front to back.
 *
 * Invariants.
 *   1. A slot goes 0 -> fingerprint or 0 -> MOVED, once, and never changes again while a
 *      party may see its block. So a fingerprint found is found for good, whoever splits.
 *   2. An entry of the newest directory whose block has local depth l names that block at every
 *      index that agrees in the low l bits.
 *   3. A block's memory is written again only after every party that could have read its entry
 *      has left its batch (epochs, below).
 *
 * Split. The one party that sets SPLITTING in the control slot owns the split. It freezes the
 * block by turning every empty slot to MOVED, so each late insert either lands before the freeze
 * and is copied, or meets MOVED and waits; then it copies the fingerprints to two new blocks and
 * publishes these in the directory. The old block stays readable and true.
 *
 * Load. Every sampled new fingerprint (1 in 32, by bits of its own; all of them in small
 * blocks) counts in the control slot. At three quarters the block is split.
 *
 * Epochs. party.epoch is 0 outside a batch, else the set's epoch at its start. A block that
 * was replaced is stamped with the epoch and the epoch moves on; the block may be reused once no
 * party's epoch is in 1..stamp. The store of party.epoch before the loads of the directory, and
 * the store of the directory before the scan of the epochs, are the two halves of a store-load
 * pattern, so all four are seq_cst: either the scan sees the party, or the party sees the
 * new entry.
 *
 * Owner-only sets (one party) run the same code with plain loads and stores in place of the
 * compare-and-swap, no freeze and no epochs.
 *
 * References: R. Fagin et al., "Extendible hashing", TODS 4(3), 1979; C. Click, "A lock-free
 * hash table", 2007 (freezing empty slots); A. Laarman et al., "Boosting multi-core reachability
 * performance with shared hash tables", FMCAD 2010 (walking the cache line first).
 */
#include <nw/fpset.h>

#include "base/attr.h"
#include "base/bits.h"
#include "os/backoff.h"
#include "os/heap.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

/* Values below RESERVED are no fingerprints. The control slot holds CONTROL + its count, so a
 * search passes over it like over any other fingerprint. */
#define EMPTY     UINT64_C(0)
#define MOVED     UINT64_C(1)
#define CONTROL   UINT64_C(2)
#define SPLITTING (UINT64_C(1) << 31)
#define RESERVED  (UINT64_C(1) << 32)

enum {
	SLOT_BITS_TOP = 48, /* the first slot comes from the bits below this one */
	SAMPLE_SHIFT = 31,
	SAMPLE_ONE_IN = 32, /* in blocks of SAMPLED_SLOTS_MIN slots and more */
	SAMPLED_SLOTS_MIN = 4096,
	LINE_SLOTS = 8,
	BLOCK_SLOTS_MIN = LINE_SLOTS,
	BLOCK_SLOTS_MAX = 1 << 20,
	BLOCK_SLOTS_DEFAULT = 8192,
	SLOTS_MIN_DEFAULT = 1 << 16,
	DEPTH_MAX = 36, /* 2^36 blocks: more slots than an address space */
	AHEAD = 32,     /* fingerprints between a slot's fetch and its use; a power of two */
	REGION_COUNT_MAX = 1024,
	REGION_BYTES_MIN = 4096,
	HUGE_BYTES = 2 << 20,
};

typedef _Atomic uint64_t slot;

/* Entries hold the block's address and, in the low 6 bits, its local depth. */
struct directory {
	struct directory *older; /* kept until destroy: late readers may still hold it */
	struct nw_mem mem;
	uint64_t mask; /* 2^depth - 1 */
	uint32_t depth;
	_Atomic uint64_t entries[];
};

struct party {
	/* Written by the party. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t epoch;
	_Atomic uint64_t new_count;
};

struct retired {
	slot *block;
	uint64_t stamp;
};

/* What the hot path needs to know of a set: passed by value, so that it stays in registers. */
struct shape {
	uint32_t block_slots, slot_shift, split_at;
	uint64_t sample_mask;
};

struct nw_fpset {
	/* Constant after creation. */
	struct shape shape;
	uint32_t party_count;
	nw_node node;
	bool (*reserve)(void *arg, int64_t n_bytes);
	void *arg;
	struct party *parties;
	struct nw_mem parties_mem;

	/* Read by every insert, written by splits. */
	alignas(NW_CACHE_PAIR) _Atomic(struct directory *) directory;
	_Atomic uint64_t epoch;

	/* Under the lock. */
	alignas(NW_CACHE_PAIR) pthread_mutex_t lock;
	struct nw_mem regions[REGION_COUNT_MAX];
	uint32_t region_count;
	size_t region_used; /* bytes handed out of the last region */
	struct retired *retired;
	size_t retired_count, retired_max;
	uint64_t block_count, n_bytes, split_count;
};

static slot *block_of(uint64_t entry)
{
	return (slot *)(uintptr_t)(entry & ~UINT64_C(63));
}

static uint32_t depth_of(uint64_t entry)
{
	return (uint32_t)(entry & 63);
}

static uint64_t entry_of(slot *block, uint32_t depth)
{
	return (uint64_t)(uintptr_t)block | depth;
}

static size_t block_bytes(const struct nw_fpset *set)
{
	return (size_t)set->shape.block_slots * sizeof(slot);
}

/* One fingerprint in 2^32 shares its value with another one: nothing beside the chance that two
 * states have the same fingerprint to begin with. */
static inline uint64_t storable(uint64_t fp)
{
	return fp < RESERVED ? fp | RESERVED : fp;
}

/* Where the search for a fingerprint begins. Slots are searched line by line: all eight of a
 * cache line, from the first one round; then the other line of its pair, which the hardware
 * tends to fetch along; then the pairs that follow. Most searches so end in the line they
 * fetched, where plain linear probing would leave it every other time. */
static inline uint32_t first_slot(struct shape shape, uint64_t fp)
{
	return (uint32_t)(fp >> shape.slot_shift) & (shape.block_slots - 1);
}

/* The line to search after `line`, itself the line_count-th one searched. */
static inline uint32_t next_line(struct shape shape, uint32_t line, uint32_t line_count)
{
	if (line_count % 2 == 1)
		return line ^ LINE_SLOTS;
	return (line + 2 * LINE_SLOTS) & (shape.block_slots - 1);
}

/* ---- memory: regions of pages, cut into blocks; under the lock ---- */

static int map(struct nw_fpset *set, struct nw_mem *ret, size_t n_bytes)
{
	unsigned flags = n_bytes >= HUGE_BYTES ? NW_MEM_HUGE : 0;
	int rc;

	if (set->reserve && !set->reserve(set->arg, (int64_t)n_bytes))
		return -ENOMEM;
	rc = nw_mem_alloc(ret, set->node, n_bytes, flags);
	if (rc < 0) {
		if (set->reserve)
			(void)set->reserve(set->arg, -(int64_t)n_bytes);
		return rc;
	}
	/* What rounding to pages added is counted too, even where it passes the limit. */
	if (set->reserve && ret->n_bytes > n_bytes)
		(void)set->reserve(set->arg, (int64_t)(ret->n_bytes - n_bytes));
	set->n_bytes += ret->n_bytes;
	return 0;
}

static void unmap(struct nw_fpset *set, struct nw_mem *mem)
{
	size_t n_bytes = mem->n_bytes;

	set->n_bytes -= n_bytes;
	nw_mem_free(mem);
	if (set->reserve)
		(void)set->reserve(set->arg, -(int64_t)n_bytes);
}

/* An eighth more each time: little is mapped ahead, and regions stay few. Whole blocks, so that no
 * region ends in a piece of one. */
static size_t next_region_bytes(const struct nw_fpset *set)
{
	uint64_t n = set->block_count * block_bytes(set) / 8, unit;

	if (n < 2 * block_bytes(set))
		n = 2 * block_bytes(set);
	unit = n >= HUGE_BYTES ? HUGE_BYTES : REGION_BYTES_MIN;
	return (size_t)nwi_round_up(n, unit < block_bytes(set) ? block_bytes(set) : unit);
}

static int add_region(struct nw_fpset *set, size_t n_bytes)
{
	int rc;

	if (set->region_count == REGION_COUNT_MAX)
		return -ENOMEM;
	rc = map(set, &set->regions[set->region_count], n_bytes);
	if (rc < 0)
		return rc;
	set->region_count++;
	set->region_used = 0;
	return 0;
}

/* A smaller one where the limit on memory is near, so that every block that fits it is used. */
static int add_next_region(struct nw_fpset *set)
{
	size_t n_bytes = next_region_bytes(set);
	int rc = add_region(set, n_bytes);

	while (rc == -ENOMEM && n_bytes > block_bytes(set) && n_bytes > REGION_BYTES_MIN) {
		n_bytes = (size_t)nwi_round_up(n_bytes / 2, REGION_BYTES_MIN);
		if (n_bytes < block_bytes(set))
			n_bytes = block_bytes(set);
		rc = add_region(set, n_bytes);
	}
	return rc;
}

static uint64_t oldest_epoch_inside(struct nw_fpset *set)
{
	uint64_t oldest = UINT64_MAX;

	for (uint32_t p = 0; p < set->party_count; p++) {
		/* seq_cst: see "Epochs" above. */
		uint64_t epoch = atomic_load(&set->parties[p].epoch);

		if (epoch != 0 && epoch < oldest)
			oldest = epoch;
	}
	return oldest;
}

/* A replaced block that no party can still see, zeroed; NULL: none. */
static slot *reuse_block(struct nw_fpset *set)
{
	slot *block;

	if (set->retired_count == 0 || set->retired[0].stamp >= oldest_epoch_inside(set))
		return NULL;
	block = set->retired[0].block;
	set->retired_count--;
	memmove(set->retired, set->retired + 1, set->retired_count * sizeof(*set->retired));
	memset((void *)block, 0, block_bytes(set));
	return block;
}

static int take_block(struct nw_fpset *set, slot **ret_block)
{
	slot *block = reuse_block(set);
	int rc;

	if (!block) {
		if (set->region_count == 0 ||
		    set->regions[set->region_count - 1].n_bytes - set->region_used <
			    block_bytes(set)) {
			rc = add_next_region(set);
			if (rc < 0)
				return rc;
		}
		block = (slot *)(void *)((char *)set->regions[set->region_count - 1].base +
					 set->region_used);
		set->region_used += block_bytes(set);
		set->block_count++;
	}
	/* relaxed: not yet published. */
	atomic_store_explicit(&block[0], CONTROL, memory_order_relaxed);
	*ret_block = block;
	return 0;
}

/* Without room to note it the block is lost until destroy, which is safe. */
static void retire_block(struct nw_fpset *set, slot *block, uint64_t stamp)
{
	if (set->retired_count == set->retired_max) {
		size_t max = set->retired_max ? 2 * set->retired_max : 16;
		struct retired *more = nwi_heap_alloc_array(max, sizeof(*more));

		if (!more)
			return;
		if (set->retired)
			memcpy(more, set->retired, set->retired_count * sizeof(*more));
		nwi_heap_free(set->retired);
		set->retired = more;
		set->retired_max = max;
	}
	set->retired[set->retired_count++] = (struct retired){ block, stamp };
}

/* ---- directory; under the lock ---- */

static size_t directory_bytes(uint32_t depth)
{
	return sizeof(struct directory) + (sizeof(uint64_t) << depth);
}

static int create_directory(struct nw_fpset *set, struct directory **ret, uint32_t depth)
{
	struct directory *dir;
	struct nw_mem mem;
	int rc;

	if (depth > DEPTH_MAX)
		return -ENOMEM;
	rc = map(set, &mem, directory_bytes(depth));
	if (rc < 0)
		return rc;
	dir = mem.base;
	dir->mem = mem;
	dir->depth = depth;
	dir->mask = (UINT64_C(1) << depth) - 1;
	*ret = dir;
	return 0;
}

static int double_directory(struct nw_fpset *set)
{
	struct directory *old = atomic_load(&set->directory), *dir;
	int rc = create_directory(set, &dir, old->depth + 1);

	if (rc < 0)
		return rc;
	dir->older = old;
	for (uint64_t i = 0; i <= dir->mask; i++) {
		/* relaxed: not yet published; old entries change under the lock we hold. */
		uint64_t entry = atomic_load_explicit(&old->entries[i & old->mask],
						      memory_order_relaxed);
		/* relaxed: not yet published. */
		atomic_store_explicit(&dir->entries[i], entry, memory_order_relaxed);
	}
	atomic_store(&set->directory, dir);
	return 0;
}

/* The two blocks take the place of the one of local depth `depth` that holds fp. */
static void publish_halves(struct nw_fpset *set, uint64_t fp, uint32_t depth, slot *half[2])
{
	struct directory *dir = atomic_load(&set->directory);
	uint64_t step = UINT64_C(1) << depth;

	for (uint64_t i = fp & (step - 1); i <= dir->mask; i += step)
		/* seq_cst: see "Epochs" above; also publishes the halves' content. */
		atomic_store(&dir->entries[i], entry_of(half[(i >> depth) & 1], depth + 1));
	set->split_count++;
}

/* ---- split ---- */

static int take_halves(struct nw_fpset *set, uint32_t depth, slot *half[2])
{
	int rc = 0;

	pthread_mutex_lock(&set->lock);
	if (depth == atomic_load(&set->directory)->depth)
		rc = double_directory(set);
	if (rc == 0)
		rc = take_block(set, &half[0]);
	if (rc == 0) {
		rc = take_block(set, &half[1]);
		if (rc < 0) /* stamp 0: nobody has seen it */
			retire_block(set, half[0], 0);
	}
	pthread_mutex_unlock(&set->lock);
	return rc;
}

static void finish_split(struct nw_fpset *set, uint64_t entry, uint64_t fp, slot *half[2])
{
	uint64_t stamp;

	pthread_mutex_lock(&set->lock);
	publish_halves(set, fp, depth_of(entry), half);
	/* An owner-only set has no other reader: epoch stays 0 inside and outside. */
	stamp = atomic_fetch_add(&set->epoch, 1);
	retire_block(set, block_of(entry), stamp);
	pthread_mutex_unlock(&set->lock);
}

/* Freezes a slot of a block being split. Returns its fingerprint, or EMPTY. */
static uint64_t freeze(slot *s, bool is_shared)
{
	/* relaxed: the slot's value is all there is; nothing else is read through it. */
	uint64_t v = atomic_load_explicit(s, memory_order_relaxed);

	if (!is_shared || v != EMPTY)
		return v;
	/* relaxed: as above; on failure v is the fingerprint that came first. */
	atomic_compare_exchange_strong_explicit(s, &v, MOVED, memory_order_relaxed,
						memory_order_relaxed);
	return v;
}

static void put_unpublished(const struct nw_fpset *set, slot *block, uint64_t fp)
{
	uint32_t first = first_slot(set->shape, fp), line = first & ~(LINE_SLOTS - 1u), n = 0;
	slot *s = &block[first];

	/* relaxed: not yet published, here and below. */
	while (atomic_load_explicit(s, memory_order_relaxed) != EMPTY) {
		if (++n % LINE_SLOTS == 0)
			line = next_line(set->shape, line, n / LINE_SLOTS);
		s = &block[line + (first + n) % LINE_SLOTS];
	}
	atomic_store_explicit(s, fp, memory_order_relaxed); /* relaxed: as above. */
	if ((fp & set->shape.sample_mask) == 0) {
		/* relaxed: not yet published. */
		n = (uint32_t)atomic_load_explicit(&block[0], memory_order_relaxed);

		atomic_store_explicit(&block[0], n + 1, memory_order_relaxed); /* relaxed: same */
	}
}

/* Whether this party is the one to split; the others wait for its result. */
static bool claim_split(slot *block, bool is_shared)
{
	if (!is_shared)
		return true;
	/* relaxed: only the bit matters; slots order themselves (invariant 1). */
	return !(atomic_fetch_or_explicit(&block[0], SPLITTING, memory_order_relaxed) & SPLITTING);
}

/* Freezes a line and copies its fingerprints. They are first gathered without a branch each:
 * which slots are taken cannot be predicted. */
static void move_line(const struct nw_fpset *set, slot *line, bool has_control, uint32_t depth,
		      slot *half[2], bool is_shared)
{
	uint64_t found[LINE_SLOTS];
	uint32_t count = 0;

	for (uint32_t i = has_control; i < LINE_SLOTS; i++) {
		found[count] = freeze(&line[i], is_shared);
		count += found[count] != EMPTY;
	}
	for (uint32_t i = 0; i < count; i++)
		put_unpublished(set, half[found[i] >> depth & 1], found[i]);
}

/* Splits the block of `entry`, or leaves that to the party already at it. 0 or -ENOMEM. */
static int split(struct nw_fpset *set, uint64_t entry, uint64_t fp, bool is_shared)
{
	slot *block = block_of(entry), *half[2];
	uint32_t depth = depth_of(entry);
	int rc;

	if (!claim_split(block, is_shared))
		return 0;
	rc = take_halves(set, depth, half);
	if (rc < 0) {
		/* relaxed: gives the claim back; nothing was frozen yet. */
		atomic_fetch_and_explicit(&block[0], ~SPLITTING, memory_order_relaxed);
		return rc;
	}
	for (uint32_t line = 0; line < set->shape.block_slots; line += LINE_SLOTS)
		move_line(set, &block[line], line == 0, depth, half, is_shared);
	finish_split(set, entry, fp, half);
	return 0;
}

/* ---- insert ---- */

NWI_ALWAYS_INLINE uint64_t find_entry(struct nw_fpset *set, uint64_t fp)
{
	/* seq_cst, both: see "Epochs" above; also acquires the block's content. */
	struct directory *dir = atomic_load(&set->directory);

	return atomic_load(&dir->entries[fp & dir->mask]);
}

/* Puts fp where v was read as EMPTY. On failure v is what another party put there. */
NWI_ALWAYS_INLINE bool claim_slot(slot *s, uint64_t *v, uint64_t fp, bool is_shared)
{
	if (!is_shared) {
		/* relaxed: sole writer; statistics and verification may look. */
		atomic_store_explicit(s, fp, memory_order_relaxed);
		return true;
	}
	/* relaxed: the slot's value is all there is (invariant 1). */
	return atomic_compare_exchange_strong_explicit(s, v, fp, memory_order_relaxed,
						       memory_order_relaxed);
}

enum outcome { SEEN, NEW, NO_ROOM, WAIT };

/* Looks through one line from slot `first` of it, round; puts fp into the first empty one. */
NWI_ALWAYS_INLINE enum outcome try_line(slot *line, uint32_t first, uint64_t fp, bool is_shared)
{
	for (uint32_t n = 0; n < LINE_SLOTS; n++) {
		slot *s = &line[(first + n) % LINE_SLOTS];
		/* relaxed: the slot's value is all there is (invariant 1). */
		uint64_t v = atomic_load_explicit(s, memory_order_relaxed);

		if (v == EMPTY && claim_slot(s, &v, fp, is_shared))
			return NEW;
		if (v == fp)
			return SEEN;
		if (is_shared && v == MOVED)
			return WAIT;
	}
	return NO_ROOM;
}

/* full: the slot whose pair of lines was already found full, or NULL. They stay full, so if it is
 * this block's the search goes on behind them. */
static enum outcome try_block(struct shape shape, slot *block, const slot *full, uint64_t fp,
			      bool is_shared)
{
	uint32_t first = first_slot(shape, fp), line = first & ~(LINE_SLOTS - 1u);
	uint32_t line_count = shape.block_slots / LINE_SLOTS;
	bool is_behind = &block[first] == full;
	enum outcome outcome = NO_ROOM;

	for (uint32_t n = 1; n <= line_count && outcome == NO_ROOM; n++) {
		if (!is_behind || n > 2)
			outcome = try_line(&block[line], first % LINE_SLOTS, fp, is_shared);
		line = next_line(shape, line, n);
	}
	return outcome;
}

/* Counts a sampled new fingerprint. True: its block has reached its load. */
static bool count_sample(const struct nw_fpset *set, slot *block, bool is_shared)
{
	uint64_t n;

	if (is_shared) {
		/* relaxed: statistic that decides when to split, not what is in the block. */
		n = atomic_fetch_add_explicit(&block[0], 1, memory_order_relaxed) + 1;
	} else {
		/* relaxed: sole writer, both. */
		n = atomic_load_explicit(&block[0], memory_order_relaxed) + 1;
		atomic_store_explicit(&block[0], n, memory_order_relaxed); /* relaxed: same */
	}
	return (n & ~SPLITTING) >= CONTROL + set->shape.split_at;
}

/* After a sampled new fingerprint. A block that cannot be split serves on while it has room, so
 * want of memory is no failure yet. */
NWI_NEVER_INLINE void note_sample(struct nw_fpset *set, uint64_t fp, bool is_shared)
{
	uint64_t entry = find_entry(set, fp);

	if (count_sample(set, block_of(entry), is_shared))
		(void)split(set, entry, fp, is_shared);
}

/* Until the entry changes; the splitter is at work, or has just given up for want of memory. */
static void wait_for_split(struct nw_fpset *set, uint64_t entry, uint64_t fp)
{
	struct nwi_backoff backoff = { 0 };
	slot *block = block_of(entry);

	/* relaxed: only the bit matters. */
	while (find_entry(set, fp) == entry &&
	       (atomic_load_explicit(&block[0], memory_order_relaxed) & SPLITTING))
		nwi_backoff_wait(&backoff);
}

/* All of the insert, for what one line does not settle. 1: new, 0: seen, -ENOMEM. */
NWI_NEVER_INLINE int insert_slowly(struct nw_fpset *set, const slot *full, uint64_t fp,
				   bool is_shared)
{
	for (;;) {
		uint64_t entry = find_entry(set, fp);
		enum outcome outcome = try_block(set->shape, block_of(entry), full, fp, is_shared);
		int rc;

		if (outcome == SEEN || outcome == NEW)
			return outcome == NEW;
		if (outcome == NO_ROOM) {
			rc = split(set, entry, fp, is_shared);
			if (rc < 0)
				return rc;
		}
		wait_for_split(set, entry, fp);
		full = NULL;
	}
}

/* First slot of a fingerprint, on its way into the cache. */
NWI_ALWAYS_INLINE slot *look_ahead(struct nw_fpset *set, struct shape shape, uint64_t fp)
{
	slot *s = &block_of(find_entry(set, fp))[first_slot(shape, fp)];

	__builtin_prefetch((const void *)s, 1, 3);
	return s;
}

/* The slot's own line, then the other one of its pair. A pair is as long as a block of two lines
 * and more is aligned, so a slot's address tells both; a block of one line has no pair. */
NWI_ALWAYS_INLINE enum outcome try_pair(struct shape shape, slot *s, uint64_t fp, bool is_shared)
{
	enum { LINE_BYTES = LINE_SLOTS * sizeof(slot) };
	uintptr_t at = (uintptr_t)s, line = at & ~(uintptr_t)(LINE_BYTES - 1);
	uint32_t first = (uint32_t)(at - line) / sizeof(slot);
	enum outcome outcome = try_line((slot *)line, first, fp, is_shared);

	if (outcome == NO_ROOM && shape.block_slots > LINE_SLOTS)
		outcome = try_line((slot *)(line ^ LINE_BYTES), first, fp, is_shared);
	return outcome;
}

/* 1: new, 0: seen, -ENOMEM. */
NWI_ALWAYS_INLINE int insert_one(struct nw_fpset *set, struct shape shape, slot *s, uint64_t fp,
				 bool is_shared)
{
	enum outcome outcome = try_pair(shape, s, fp, is_shared);
	int rc = outcome == NEW;

	if (outcome != SEEN && outcome != NEW)
		rc = insert_slowly(set, outcome == NO_ROOM ? s : NULL, fp, is_shared);
	if (rc > 0 && (fp & shape.sample_mask) == 0)
		note_sample(set, fp, is_shared);
	return rc;
}

/*
 * Slots are fetched AHEAD fingerprints before they are needed, so that cache misses overlap. What
 * was looked up ahead stays readable until this party's epoch ends; an owner-only set reuses a
 * split block at once, so there the look-ups are made again.
 */
NWI_ALWAYS_INLINE int insert_all(struct nw_fpset *set, const uint64_t *fps, size_t count,
				 uint64_t *ret_new, bool is_shared)
{
	slot *ahead[AHEAD];
	struct shape shape = set->shape;
	uint64_t new_bits = 0, splits = is_shared ? 0 : set->split_count;
	int total = 0;

	for (size_t i = 0; i < AHEAD && i < count; i++)
		ahead[i] = look_ahead(set, shape, storable(fps[i]));
	for (size_t i = 0; i < count; i++) {
		slot *s = ahead[i % AHEAD];
		int rc;

		if (i + AHEAD < count)
			ahead[i % AHEAD] = look_ahead(set, shape, storable(fps[i + AHEAD]));
		rc = insert_one(set, shape, s, storable(fps[i]), is_shared);
		if (rc < 0)
			return rc;
		total += rc;
		new_bits |= (uint64_t)rc << i % 64;
		if (i % 64 == 63 || i + 1 == count) {
			ret_new[i / 64] = new_bits;
			new_bits = 0;
		}
		if (!is_shared && set->split_count != splits) {
			splits = set->split_count;
			for (size_t j = i + 1; j <= i + AHEAD && j < count; j++)
				ahead[j % AHEAD] = look_ahead(set, shape, storable(fps[j]));
		}
	}
	return total;
}

NWI_NEVER_INLINE int insert_owned(struct nw_fpset *set, const uint64_t *fps, size_t count,
				  uint64_t *ret_new)
{
	return insert_all(set, fps, count, ret_new, false);
}

NWI_NEVER_INLINE int insert_shared(struct nw_fpset *set, const uint64_t *fps, size_t count,
				   uint64_t *ret_new)
{
	return insert_all(set, fps, count, ret_new, true);
}

static void enter(struct nw_fpset *set, struct party *party)
{
	/* seq_cst, both: see "Epochs" above. An epoch read late only delays reuse. */
	atomic_store(&party->epoch, atomic_load(&set->epoch));
}

static void leave(struct party *party)
{
	/* seq_cst: see "Epochs" above; our reads of blocks are done before it. */
	atomic_store(&party->epoch, 0);
}

int nw_fpset_insert(struct nw_fpset *set, uint32_t party_idx, const uint64_t *fps, size_t count,
		    uint64_t *ret_new)
{
	struct party *party = &set->parties[party_idx];
	int rc;

	if (set->party_count == 1) {
		rc = insert_owned(set, fps, count, ret_new);
	} else {
		enter(set, party);
		rc = insert_shared(set, fps, count, ret_new);
		leave(party);
	}
	if (rc < 0)
		return rc;
	/* relaxed: sole writer of a statistic, both. */
	atomic_store_explicit(&party->new_count,
			      atomic_load_explicit(&party->new_count, memory_order_relaxed) +
				      (uint64_t)rc,
			      memory_order_relaxed);
	return 0;
}

/* What ends the search for fp in a block: fp itself, EMPTY, MOVED, or 0 at its end. */
static uint64_t search(struct shape shape, slot *block, uint64_t fp)
{
	uint32_t first = first_slot(shape, fp), line = first & ~(LINE_SLOTS - 1u);

	for (uint32_t n = 0; n < shape.block_slots; n++) {
		/* relaxed: the slot's value is all there is (invariant 1). */
		uint64_t v = atomic_load_explicit(&block[line + (first + n) % LINE_SLOTS],
						  memory_order_relaxed);

		if (v == EMPTY || v == MOVED || v == fp)
			return v;
		if (n % LINE_SLOTS == LINE_SLOTS - 1)
			line = next_line(shape, line, n / LINE_SLOTS + 1);
	}
	return EMPTY;
}

bool nw_fpset_contains(struct nw_fpset *set, uint32_t party_idx, uint64_t fp)
{
	struct party *party = &set->parties[party_idx];
	uint64_t v = MOVED;

	fp = storable(fp);
	if (set->party_count > 1)
		enter(set, party);
	while (v == MOVED) {
		uint64_t entry = find_entry(set, fp);

		v = search(set->shape, block_of(entry), fp);
		if (v == MOVED)
			wait_for_split(set, entry, fp);
	}
	if (set->party_count > 1)
		leave(party);
	return v == fp;
}

/* ---- create, destroy, statistics ---- */

static int check_options(const struct nw_fpset_options *o, uint64_t *ret_slots,
			 uint32_t *ret_block_slots)
{
	uint32_t block = o->block_slots ? o->block_slots : BLOCK_SLOTS_DEFAULT;
	uint64_t slots = o->slots_min ? o->slots_min : SLOTS_MIN_DEFAULT;

	if (o->party_count == 0 || o->party_count > NW_FPSET_PARTIES_MAX)
		return -EINVAL;
	if (slots < BLOCK_SLOTS_MIN || slots > UINT64_C(1) << 44)
		return -EINVAL;
	slots = nwi_next_pow2(slots);
	if (!o->block_slots && slots < block)
		block = (uint32_t)slots;
	if (!nwi_is_pow2(block) || block < BLOCK_SLOTS_MIN || block > BLOCK_SLOTS_MAX)
		return -EINVAL;
	*ret_slots = slots < block ? block : slots;
	*ret_block_slots = block;
	return 0;
}

static void set_geometry(struct nw_fpset *set, uint32_t block_slots)
{
	uint32_t one_in = block_slots >= SAMPLED_SLOTS_MIN ? SAMPLE_ONE_IN : 1;

	set->shape.block_slots = block_slots;
	set->shape.slot_shift = SLOT_BITS_TOP - nwi_ilog2(block_slots);
	set->shape.sample_mask = (uint64_t)(one_in - 1) << SAMPLE_SHIFT;
	set->shape.split_at = block_slots / 4 * 3 / one_in;
}

/* All first blocks in one region, so that what is known to come lies together. */
static int create_blocks(struct nw_fpset *set, uint64_t slot_count)
{
	uint32_t depth = nwi_ilog2(slot_count / set->shape.block_slots);
	struct directory *dir;
	int rc = create_directory(set, &dir, depth);

	if (rc < 0)
		return rc;
	atomic_init(&set->directory, dir);
	rc = add_region(set, (size_t)slot_count * sizeof(slot));
	for (uint64_t i = 0; rc == 0 && i <= dir->mask; i++) {
		slot *block;

		rc = take_block(set, &block);
		if (rc == 0)
			atomic_init(&dir->entries[i], entry_of(block, depth));
	}
	return rc;
}

static int create_parties(struct nw_fpset *set, uint32_t party_count)
{
	int rc = map(set, &set->parties_mem, party_count * sizeof(struct party));

	if (rc < 0)
		return rc;
	set->parties = set->parties_mem.base;
	set->party_count = party_count;
	return 0;
}

int nw_fpset_create(struct nw_fpset **ret_set, const struct nw_fpset_options *options)
{
	struct nw_fpset *set;
	uint32_t block_slots;
	uint64_t slot_count;
	int rc = check_options(options, &slot_count, &block_slots);

	if (rc < 0)
		return rc;
	set = nwi_heap_alloc(sizeof(*set));
	if (!set)
		return -ENOMEM;
	pthread_mutex_init(&set->lock, NULL);
	set->node = options->node;
	set->reserve = options->reserve;
	set->arg = options->arg;
	atomic_init(&set->epoch, 1);
	set_geometry(set, block_slots);
	rc = create_parties(set, options->party_count);
	if (rc == 0)
		rc = create_blocks(set, slot_count);
	if (rc < 0) {
		nw_fpset_destroy(set);
		return rc;
	}
	*ret_set = set;
	return 0;
}

void nw_fpset_destroy(struct nw_fpset *set)
{
	struct directory *dir, *older;

	if (!set)
		return;
	for (dir = atomic_load(&set->directory); dir; dir = older) {
		struct nw_mem mem = dir->mem;

		older = dir->older;
		unmap(set, &mem);
	}
	while (set->region_count > 0)
		unmap(set, &set->regions[--set->region_count]);
	if (set->parties)
		unmap(set, &set->parties_mem);
	pthread_mutex_destroy(&set->lock);
	nwi_heap_free(set->retired);
	nwi_heap_free(set);
}

void nw_fpset_stats(struct nw_fpset *set, struct nw_fpset_stats *ret_stats)
{
	struct nw_fpset_stats s = { 0 };

	for (uint32_t p = 0; p < set->party_count; p++)
		/* relaxed: statistic. */
		s.count += atomic_load_explicit(&set->parties[p].new_count, memory_order_relaxed);
	pthread_mutex_lock(&set->lock);
	s.slot_count = set->block_count * set->shape.block_slots;
	if (set->region_count > 0) /* of the last region, what is not yet cut into blocks */
		s.slot_count += (set->regions[set->region_count - 1].n_bytes - set->region_used) /
				block_bytes(set) * set->shape.block_slots;
	s.n_bytes = set->n_bytes;
	s.split_count = set->split_count;
	s.region_count = set->region_count;
	for (uint32_t r = 0; r < set->region_count; r++) {
		if (set->node.id == NW_NODE_ANY.id || set->regions[r].level == NW_MEM_BOUND)
			continue;
		if (s.unbound_count++ == 0)
			s.unbound_reason = set->regions[r].reason;
	}
	pthread_mutex_unlock(&set->lock);
	*ret_stats = s;
}

/* The fingerprints of a block from a slot on; returns how many, and the slot to go on at. */
static size_t scan_block(const struct nw_fpset *set, slot *block, uint32_t *inout_slot_idx,
			 uint64_t *ret_fps, size_t count_max)
{
	size_t n = 0;
	uint32_t i;

	for (i = *inout_slot_idx; i < set->shape.block_slots && n < count_max; i++) {
		/* relaxed: it cannot change before the scan is over: nothing is inserted. */
		uint64_t v = atomic_load_explicit(&block[i], memory_order_relaxed);

		if (v >= RESERVED)
			ret_fps[n++] = v;
	}
	*inout_slot_idx = i;
	return n;
}

/* An entry names its block at every index that agrees in the low bits: the least of them counts. */
size_t nw_fpset_scan(struct nw_fpset *set, struct nw_fpset_cursor *inout_cursor, uint64_t *ret_fps,
		     size_t count_max)
{
	struct nw_fpset_cursor at = *inout_cursor;
	/* relaxed: it cannot change before the scan is over: nothing is inserted. */
	struct directory *directory = atomic_load_explicit(&set->directory, memory_order_relaxed);
	size_t n = 0;

	while (at.block_idx <= directory->mask && n < count_max) {
		/* relaxed: as above. */
		uint64_t entry = atomic_load_explicit(&directory->entries[at.block_idx],
						      memory_order_relaxed);

		if (at.block_idx >> depth_of(entry) == 0)
			n += scan_block(set, block_of(entry), &at.slot_idx, ret_fps + n,
					count_max - n);
		else
			at.slot_idx = set->shape.block_slots;
		if (at.slot_idx < set->shape.block_slots)
			break;
		at.slot_idx = 0;
		at.block_idx++;
	}
	*inout_cursor = at;
	return n;
}

bool nw_fpset_region_at(struct nw_fpset *set, uint32_t region_idx, struct nw_mem *ret_region)
{
	bool is_there;

	pthread_mutex_lock(&set->lock);
	is_there = region_idx < set->region_count;
	if (is_there)
		*ret_region = set->regions[region_idx];
	pthread_mutex_unlock(&set->lock);
	return is_there;
}
