/* SPDX-License-Identifier: MIT */
/*
 * Hazard pointers (nw/hazard.h).
 *
 *   domain --> record --> record --> record      (registry.h: only grows)
 *     |          |          slots  [ p | . | q | . ]
 *     |          |          list   x -> y -> z      retired here, not yet reclaimed
 *     |          +--------  ...
 *     +--> orphans  u -> v                          handed on by threads that left
 *
 * Roles: a reader writes its own slots. A thread that unlinked an object retires it onto its own
 * list and, when the list is a batch long, scans: takes its list and the orphans in hand, makes the
 * heavy fence, reads every slot, runs the deleters of what no slot holds, puts the rest back. A
 * barrier takes the lists of all threads in hand and does the same.
 *
 * Invariant: an object is in exactly one place: linked, on one list, among the orphans, or in one
 * thread's hand. A deleter runs only after a heavy fence that came after the unlinking, and after
 * which no slot held the object.
 *
 * Why that is enough. Reader: slot = p; fence; is p still linked? Scan: p was unlinked; fence; does
 * a slot hold p? Of the two reads at least one sees the other's write [hazard_set.light,
 * fence.full], so a reader that found p linked is seen by the scan. Later scans see the slot as
 * long as it holds p; when it does not any more, the read of the new value (acquire) has all that
 * the reader did with p before it (release) [hazard_clear.slot, hazard_set.slot]. A pointer that is
 * copied from a lower slot to a higher one is not missed in between: slots are read in rising
 * order, and who reads the lower one's new value sees the higher one's.
 *
 * The bound. A slot holds one address, so a scan leaves at most `slots` objects, all there are in
 * the domain. A batch is at least twice that, so a scan reclaims at least half of what it looked
 * at: its cost is spread over as many objects. Each thread has less than a batch, plus what it is
 * scanning; a thread that leaves hands on at most `slots`, having scanned the older orphans too.
 *
 * Slots are gathered in a table of fixed size; where more are in use than it takes, the list is
 * sifted through several tables. So a scan allocates nothing.
 *
 * ABA: an address comes back only through its deleter, which does not run while a slot holds it.
 *
 * When the kernel refuses a membarrier that it granted before (a sandbox that came up since), a
 * scan frees nothing and counts it.
 *
 * References: M. Michael, "Hazard pointers: safe memory reclamation for lock-free objects", TPDS
 * 2004; membarrier(2) as in userspace RCU and Folly. Unlike both, lists can be taken by a barrier
 * (bias.h), and the table is bounded.
 */
#include "base/fence.h"
#include "os/membarrier.h"
#include "reclaim/asym.h"
#include "reclaim/bias.h"
#include "reclaim/hand.h"
#include "reclaim/registry.h"

#include <nw/hazard.h>
#include <nw/mem.h>

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

enum {
#ifdef NW_SMALL
	BATCH_MIN_DEFAULT = 8,
	TABLE_BITS = 3, /* so that tests meet a second table */
#else
	BATCH_MIN_DEFAULT = 1024,
	TABLE_BITS = 9,
#endif
	TABLE_SIZE = 1 << TABLE_BITS,
	TABLE_FILL = TABLE_SIZE / 2,
};

struct record {
	struct nwi_member member;
	struct nw_hazard *domain;

	/* The owner's; list and count also of a visitor, by the bias. */
	alignas(NW_CACHE_PAIR) struct nwi_bias bias;
	struct nw_retired *list;
	uint64_t list_count;
	uint64_t batch;
	struct nwi_hand hand;
	_Atomic uint64_t retired_count, reclaimed_count, scan_count, refused_count;

	/* The owner's; scans read the slots. */
	alignas(NW_CACHE_PAIR) struct nw_hazard_thread thread;
};

struct nw_hazard {
	struct nwi_registry registry;
	uint32_t slots_per_thread;
	uint32_t batch_min;
	int fence_reason;
	struct nw_mem mem; /* this */

	alignas(NW_CACHE_PAIR) _Atomic(struct nw_retired *) orphans;
};

/* The bodies of the header's functions, for callers that have none. */
extern inline void nw_hazard_set(struct nw_hazard_thread *thread, uint32_t slot, void *ptr);
extern inline void *(nw_hazard_protect)(struct nw_hazard_thread *thread, uint32_t slot,
					const void *src);
extern inline void nw_hazard_clear(struct nw_hazard_thread *thread, uint32_t slot);

static struct record *record_of(const struct nw_hazard_thread *thread)
{
	return (struct record *)((char *)(uintptr_t)thread - offsetof(struct record, thread));
}

static struct record *record_of_member(struct nwi_member *member)
{
	return (struct record *)member;
}

/* Walks the records of a domain. */
static struct record *first_record(const struct nw_hazard *domain)
{
	return record_of_member(nwi_registry_first(&domain->registry));
}

static struct record *next_record(const struct record *record)
{
	return record_of_member(record->member.next);
}

/* Adds to a count that only this thread writes. */
static void add(_Atomic uint64_t *count, uint64_t n)
{
	/* relaxed: sole writer, and a statistic. */
	uint64_t old = atomic_load_explicit(count, memory_order_relaxed);

	/* relaxed: as above. */
	atomic_store_explicit(count, old + n, memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *count)
{
	/* relaxed: statistic. */
	return atomic_load_explicit(count, memory_order_relaxed);
}

static uint64_t slot_count(const struct nw_hazard *domain)
{
	return (uint64_t)domain->slots_per_thread * atomic_load(&domain->registry.count_max);
}

static uint64_t batch_size(const struct nw_hazard *domain)
{
	uint64_t twice = 2 * slot_count(domain);

	return twice > domain->batch_min ? twice : domain->batch_min;
}

/* A list and what follows it: `more` in front of `list`. */
static struct nw_retired *join_lists(struct nw_retired *more, struct nw_retired *list)
{
	struct nw_retired *last = more;

	if (!more)
		return list;
	while (last->next)
		last = last->next;
	last->next = list;
	return more;
}

/* ---- orphans ------------------------------------------------------------------------------ */

static struct nw_retired *take_orphans(struct nw_hazard *domain)
{
	/* [hazard_look.orphans] acquire, pairs with [hazard_adopt.orphans]: who finds none because
	 * another thread took them sees that it has its hand full. */
	if (!atomic_load_explicit(&domain->orphans, memory_order_acquire))
		return NULL;
	/* [hazard_adopt.orphans] acq_rel, pairs with [hazard_orphan.orphans],
	 * [hazard_look.orphans]: the objects' links; that this thread's hand is full. */
	return atomic_exchange_explicit(&domain->orphans, NULL, memory_order_acq_rel);
}

static void hand_on(struct nw_hazard *domain, struct nw_retired *list)
{
	struct nw_retired *last = list;

	if (!list)
		return;
	while (last->next)
		last = last->next;
	/* relaxed: re-checked by the CAS at [hazard_orphan.orphans]. */
	last->next = atomic_load_explicit(&domain->orphans, memory_order_relaxed);
	/* [hazard_orphan.orphans] release, pairs with [hazard_adopt.orphans]: the objects' links,
	 * and that they were unlinked. */
	while (!atomic_compare_exchange_weak_explicit(&domain->orphans, &last->next, list,
						      memory_order_release, memory_order_relaxed))
		;
}

/* ---- a thread's list ----------------------------------------------------------------------- */

static struct nw_retired *take_list(struct record *record)
{
	struct nw_retired *list;

	nwi_bias_enter(&record->bias, record->thread.is_fenced);
	list = record->list;
	record->list = NULL;
	record->list_count = 0;
	nwi_bias_leave(&record->bias);
	return list;
}

static void put_list(struct record *record, struct nw_retired *list)
{
	struct nw_retired *last = list;
	uint64_t n = 1;

	if (!list)
		return;
	for (; last->next; last = last->next)
		n++;
	nwi_bias_enter(&record->bias, record->thread.is_fenced);
	last->next = record->list;
	nwi_fence_light(); /* as in push_list() */
	record->list = list;
	record->list_count += n;
	nwi_bias_leave(&record->bias);
}

/* Returns how long the list is now. */
static uint64_t push_list(struct record *record, struct nw_retired *retired)
{
	uint64_t n;

	nwi_bias_enter(&record->bias, record->thread.is_fenced);
	retired->next = record->list;
	nwi_fence_light(); /* the child of a fork() finds a whole list */
	record->list = retired;
	n = ++record->list_count;
	nwi_bias_leave(&record->bias);
	return n;
}

static uint64_t list_count(struct record *record)
{
	uint64_t n;

	nwi_bias_enter(&record->bias, record->thread.is_fenced);
	n = record->list_count;
	nwi_bias_leave(&record->bias);
	return n;
}

/* ---- scanning ------------------------------------------------------------------------------ */

/* Addresses that slots hold: open addressing, half full at most. Not cleared while count is 0. */
struct held {
	void *at[TABLE_SIZE];
	uint32_t count;
};

/* Where the next table goes on. */
struct cursor {
	struct record *record;
	uint32_t slot;
};

static uint32_t place_of(const void *ptr)
{
	return (uint32_t)((uint64_t)(uintptr_t)ptr * UINT64_C(0x9e3779b97f4a7c15) >>
			  (64 - TABLE_BITS));
}

static void held_add(struct held *held, void *ptr)
{
	uint32_t i = place_of(ptr);

	if (held->count == 0)
		memset(held->at, 0, sizeof(held->at));
	while (held->at[i] && held->at[i] != ptr)
		i = (i + 1) % TABLE_SIZE;
	held->count += !held->at[i];
	held->at[i] = ptr;
}

static bool held_has(const struct held *held, const void *ptr)
{
	uint32_t i = place_of(ptr);

	while (held->at[i] && held->at[i] != ptr)
		i = (i + 1) % TABLE_SIZE;
	return held->at[i] != NULL;
}

/* Fills a table from the cursor on, which then stands behind the last slot read. */
static void gather(struct held *held, struct cursor *cursor, uint32_t slots_per_thread)
{
	held->count = 0;
	for (; cursor->record; cursor->record = next_record(cursor->record)) {
		_Atomic(void *) *slots = cursor->record->thread.slots;

		for (; cursor->slot < slots_per_thread; cursor->slot++) {
			void *ptr;

			if (held->count == TABLE_FILL)
				return;
			/* [hazard_scan.slot] acquire, pairs with [hazard_set.slot],
			 * [hazard_set_fenced.slot], [hazard_clear.slot], [hazard_leave.slot]: the
			 * reader's use of what the slot held before. */
			ptr = atomic_load_explicit(&slots[cursor->slot], memory_order_acquire);
			if (ptr)
				held_add(held, ptr);
		}
		cursor->slot = 0;
	}
}

/* Returns what is not held; what is goes in front of *kept. */
static struct nw_retired *sift(struct nw_retired *list, const struct held *held,
			       struct nw_retired **kept)
{
	struct nw_retired *free = NULL;

	while (list) {
		struct nw_retired *next = list->next;
		struct nw_retired **to = held_has(held, list->ptr) ? kept : &free;

		list->next = *to;
		*to = list;
		list = next;
	}
	return free;
}

/* Returns what no slot holds; the rest goes in front of *kept. */
static struct nw_retired *sift_all(struct nw_hazard *domain, struct nw_retired *list,
				   struct nw_retired **kept)
{
	struct cursor cursor = { .record = first_record(domain) };
	struct held held;

	while (list && cursor.record) {
		gather(&held, &cursor, domain->slots_per_thread);
		if (held.count > 0)
			list = sift(list, &held, kept);
	}
	return list;
}

/* Runs the deleters; returns how many. */
static uint64_t delete_all(struct record *record, struct nw_retired *list)
{
	uint64_t n = 0;

	for (; list; n++) {
		struct nw_retired retired = *list; /* a copy: the deleter frees it */

		list = retired.next;
		retired.fn(&record->thread, retired.ptr, retired.arg);
		add(&record->reclaimed_count, 1);
	}
	return n;
}

/* Reclaims what can be of a list in hand; the rest goes in front of *kept. Returns how many. */
static uint64_t reclaim(struct record *record, struct nw_retired *list, struct nw_retired **kept)
{
	struct nw_hazard *domain = record->domain;

	if (!list)
		return 0;
	add(&record->scan_count, 1);
	if (nwi_asym_heavy(domain->fence_reason) < 0) {
		add(&record->refused_count, 1);
		*kept = join_lists(list, *kept);
		return 0;
	}
	return delete_all(record, sift_all(domain, list, kept));
}

/* Takes the list and the orphans in hand, reclaims; is_leaving: hands the rest on. */
static uint64_t scan(struct record *record, bool is_leaving)
{
	struct nw_retired *kept = NULL, *list;
	uint64_t n;

	nwi_hand_fill(&record->hand);
	list = take_list(record);
	list = join_lists(take_orphans(record->domain), list);
	n = reclaim(record, list, &kept);
	if (is_leaving)
		hand_on(record->domain, kept);
	else
		put_list(record, kept);
	nwi_hand_empty(&record->hand);
	record->batch = batch_size(record->domain);
	return n;
}

void nw_hazard_set_fenced(struct nw_hazard_thread *thread, uint32_t slot, void *ptr)
{
	assert(slot < thread->slot_count);
	/* [hazard_set_fenced.slot] release, pairs with [hazard_scan.slot]: as in nw_hazard_set().
	 */
	atomic_store_explicit(&thread->slots[slot], ptr, memory_order_release);
	nwi_fence_full();
}

void nw_hazard_retire(struct nw_hazard_thread *thread, struct nw_retired *retired, void *ptr,
		      nw_hazard_fn *fn, void *arg)
{
	struct record *record = record_of(thread);
	uint64_t n;

	assert(thread->slot_count > 0 && ptr && fn);
	retired->ptr = ptr;
	retired->fn = fn;
	retired->arg = arg;
	add(&record->retired_count, 1);
	n = push_list(record, retired);
	/* What deleters retire is scanned after them, so that they do not nest. */
	while (n >= record->batch && !nwi_hand_is_full(&record->hand) && scan(record, false) > 0)
		n = list_count(record);
}

uint64_t nw_hazard_scan(struct nw_hazard_thread *thread)
{
	struct record *record = record_of(thread);

	assert(thread->slot_count > 0);
	return nwi_hand_is_full(&record->hand) ? 0 : scan(record, false);
}

/* ---- barrier ------------------------------------------------------------------------------- */

/*
 * Takes what is on the lists of all threads. On failure nothing is taken: the kernel refused the
 * fence without which an owner might not see the claim.
 */
static int take_all(struct nw_hazard *domain, struct nw_retired **list)
{
	struct record *record;
	int rc;

	nwi_registry_lock(&domain->registry);
	for (record = first_record(domain); record; record = next_record(record))
		nwi_bias_claim(&record->bias);
	rc = nwi_asym_heavy(domain->fence_reason);
	for (record = first_record(domain); record; record = next_record(record)) {
		if (rc == 0) {
			nwi_bias_await(&record->bias);
			*list = join_lists(record->list, *list);
			record->list = NULL;
			record->list_count = 0;
		}
		nwi_bias_release(&record->bias);
	}
	nwi_registry_unlock(&domain->registry);
	return rc;
}

static void await_hands(const struct nw_hazard *domain)
{
	for (struct record *r = first_record(domain); r; r = next_record(r))
		nwi_hand_await(&r->hand);
}

/*
 * A scan that is under way may have looked at the slots before this call, and then puts back what
 * is free by now: so those end first. Later ones look after this call.
 */
void nw_hazard_barrier(struct nw_hazard_thread *thread)
{
	struct record *self = record_of(thread);
	struct nw_retired *list, *kept = NULL;
	struct nwi_backoff backoff = { 0 };

	assert(thread->slot_count > 0 && !nwi_hand_is_full(&self->hand));
	await_hands(self->domain);
	nwi_hand_fill(&self->hand);
	/* Orphans before lists: who took some that were there has them in hand by now. */
	list = take_orphans(self->domain);
	while (take_all(self->domain, &list) < 0)
		nwi_backoff_wait(&backoff);
	(void)reclaim(self, list, &kept);
	put_list(self, kept);
	nwi_hand_empty(&self->hand);
	await_hands(self->domain);
}

/* ---- threads ------------------------------------------------------------------------------- */

static void prepare(struct nwi_member *member, void *arg)
{
	struct record *record = record_of_member(member);
	struct nw_hazard *domain = arg;

	record->domain = domain;
	record->thread.slot_count = domain->slots_per_thread;
	record->thread.is_fenced = domain->fence_reason != 0;
}

int nw_hazard_register(struct nw_hazard_thread **ret_thread, struct nw_hazard *domain)
{
	struct nwi_member *member = nwi_registry_join(&domain->registry, prepare, domain);
	struct record *record = record_of_member(member);

	if (!member)
		return -ENOMEM;
	record->batch = batch_size(domain);
	*ret_thread = &record->thread;
	return 0;
}

static void clear_slots(struct record *record)
{
	for (uint32_t i = 0; i < record->domain->slots_per_thread; i++)
		/* [hazard_leave.slot] release, pairs with [hazard_scan.slot]: this thread's use
		 * of what it forgot to clear. */
		atomic_store_explicit(&record->thread.slots[i], NULL, memory_order_release);
}

void nw_hazard_unregister(struct nw_hazard_thread *thread)
{
	struct record *record;

	if (!thread)
		return;
	record = record_of(thread);
	assert(thread->slot_count > 0 && !nwi_hand_is_full(&record->hand));
	clear_slots(record);
	do
		scan(record, true);
	while (list_count(record) > 0); /* what deleters retired */
	thread->slot_count = 0;
	nwi_registry_leave(&record->domain->registry, &record->member);
}

struct nw_hazard *nw_hazard_domain_of(const struct nw_hazard_thread *thread)
{
	return record_of(thread)->domain;
}

/* ---- domains ------------------------------------------------------------------------------- */

int nw_hazard_create(struct nw_hazard **ret_domain, nw_node node,
		     const struct nw_hazard_options *options)
{
	static const struct nw_hazard_options defaults = { 0 };
	const struct nw_hazard_options *o = options ? options : &defaults;
	uint32_t slots = o->slots_per_thread ? o->slots_per_thread : NW_HAZARD_SLOTS_DEFAULT;
	struct nw_hazard *domain;
	struct nw_mem mem;
	int rc;

	if (slots < 2 || slots > NW_HAZARD_SLOTS_MAX)
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, sizeof(*domain), 0);
	if (rc < 0)
		return rc;
	domain = mem.base;
	domain->mem = mem;
	domain->slots_per_thread = slots;
	domain->batch_min = o->batch_min ? o->batch_min : BATCH_MIN_DEFAULT;
	domain->fence_reason = nwi_asym_choose(o->full_fences);
	rc = nwi_registry_init(&domain->registry, node, sizeof(struct record));
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	*ret_domain = domain;
	return 0;
}

/* No reader is left, so nothing is protected and no fence is needed. */
static void reclaim_rest(struct nw_hazard *domain)
{
	struct nw_hazard_thread *thread;
	struct nw_retired *list;
	struct record *record;

	/* Without a record nobody ever retired; else one is free, and this cannot fail. */
	if (!first_record(domain) || nw_hazard_register(&thread, domain) < 0)
		return;
	record = record_of(thread);
	nwi_hand_fill(&record->hand);
	while ((list = join_lists(take_orphans(domain), take_list(record))))
		delete_all(record, list);
	nwi_hand_empty(&record->hand);
}

void nw_hazard_destroy(struct nw_hazard *domain)
{
	struct nw_mem mem;

	if (!domain)
		return;
	assert(atomic_load(&domain->registry.count) == 0);
	reclaim_rest(domain);
	nwi_registry_fini(&domain->registry);
	mem = domain->mem; /* a copy: the block holds its own description */
	nw_mem_free(&mem);
}

int nw_hazard_default(struct nw_hazard **ret_domain)
{
	static _Atomic(struct nw_hazard *) the_domain;
	/* [hazard_default.found] acquire, pairs with [hazard_default.made]: the domain. */
	struct nw_hazard *found = atomic_load_explicit(&the_domain, memory_order_acquire);
	struct nw_hazard *made;
	int rc;

	if (!found) {
		rc = nw_hazard_create(&made, NW_NODE_ANY, NULL);
		if (rc < 0)
			return rc;
		/* [hazard_default.made] acq_rel, pairs with [hazard_default.found]: the domain,
		 * this thread's or that of one that was faster. */
		if (atomic_compare_exchange_strong_explicit(
			    &the_domain, &found, made, memory_order_acq_rel, memory_order_acquire))
			found = made;
		else
			nw_hazard_destroy(made);
	}
	*ret_domain = found;
	return 0;
}

void nw_hazard_stats(const struct nw_hazard *domain, struct nw_hazard_stats *ret_stats)
{
	struct nw_hazard_stats stats = {
		.thread_count = atomic_load(&domain->registry.count),
		.thread_count_max = atomic_load(&domain->registry.count_max),
		.slots_per_thread = domain->slots_per_thread,
		.fence_reason = domain->fence_reason,
	};

	stats.garbage_max = stats.thread_count_max * (batch_size(domain) + slot_count(domain));
	/* Reclaimed first: an object counts as retired before it counts as reclaimed. */
	for (struct record *r = first_record(domain); r; r = next_record(r))
		stats.reclaimed_count += read_count(&r->reclaimed_count);
	for (struct record *r = first_record(domain); r; r = next_record(r)) {
		stats.retired_count += read_count(&r->retired_count);
		stats.scan_count += read_count(&r->scan_count);
		stats.refused_count += read_count(&r->refused_count);
	}
	*ret_stats = stats;
}

void nw_hazard_after_fork_child(struct nw_hazard *domain, struct nw_hazard_thread *self)
{
	struct record *kept = self ? record_of(self) : NULL, *record;

	for (record = first_record(domain); record; record = next_record(record)) {
		nwi_bias_reset(&record->bias);
		if (record == kept)
			continue;
		clear_slots(record);
		nwi_hand_reset(&record->hand);
		hand_on(domain, record->list);
		record->list = NULL;
		record->list_count = 0;
		record->thread.slot_count = 0;
	}
	nwi_registry_reset(&domain->registry, kept ? &kept->member : NULL);
	/* The kernel copies the registration; where it did not, scans find out and free nothing. */
	if (domain->fence_reason == 0)
		(void)nwi_membarrier_register();
}
