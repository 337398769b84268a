/* SPDX-License-Identifier: MIT */
/*
 * Where ready tasks lie: places, with their biased locks, inboxes of nodes, and who is called to
 * help.
 *
 * The lock of a place. The owner announces itself (owner_in), then looks for a thief (thief_in); a
 * thief announces itself, then looks for the owner. Of two such sides one sees the other if each
 * has a fence in between; the owner's is the compiler's only, the thief's the kernel's on all CPUs
 * (base/fence.h). An owner that sees a thief leaves and waits; a thief that sees the owner waits,
 * since the owner is in for a few instructions only.
 *
 * Calls for help meet in the same way: an owner makes its task visible (count), then looks whether
 * all help already (helpers); a helper that leaves takes itself out of helpers, then looks for
 * tasks that are visible.
 */
#include "dag/flow.h"

#include "base/attr.h"
#include "base/fence.h"
#include "os/backoff.h"
#include "reclaim/asym.h"

enum { STEAL_MAX = 64, SLOTS_FIRST = 256, LOOKS = 4 };

/* ---- lists without a lock ---- */

void nwi_flow_list_push(struct nwi_flow_list *list, struct nw_flow_task *task)
{
	struct nw_flow_task *first = atomic_load(&list->first);

	do {
		task->next = first;
	} while (!atomic_compare_exchange_weak(&list->first, &first, task));
}

struct nw_flow_task *nwi_flow_list_take(struct nwi_flow_list *list)
{
	/* relaxed: a hint; re-checked by the exchange. */
	if (!atomic_load_explicit(&list->first, memory_order_relaxed))
		return NULL;
	return atomic_exchange(&list->first, NULL);
}

/* ---- the lock of a place ---- */

static void owner_leave(struct nwi_place *place)
{
	/* [flow_owner.leave] release, pairs with [flow_thief.wait]: the slots. */
	atomic_store_explicit(&place->owner_in, 0, memory_order_release);
}

static bool has_thief(const struct nwi_place *place)
{
	/* [flow_owner.look] acquire, pairs with [flow_thief.leave]: the slots it took from. */
	return atomic_load_explicit(&place->thief_in, memory_order_acquire) != 0;
}

NWI_NEVER_INLINE void owner_wait(struct nwi_place *place)
{
	struct nwi_backoff backoff = { 0 };

	owner_leave(place);
	while (has_thief(place))
		nwi_backoff_wait(&backoff);
}

static void owner_enter(struct nwi_place *place)
{
	for (;;) {
		/* relaxed: [fence.light], or [fence.full], orders it before the look. */
		atomic_store_explicit(&place->owner_in, 1, memory_order_relaxed);
		nwi_fence_frequent(place->flow->fence_reason != 0);
		if (!NW_UNLIKELY(has_thief(place)))
			return;
		owner_wait(place);
	}
}

static void thief_leave(struct nwi_place *place)
{
	/* [flow_thief.leave] release, pairs with [flow_owner.look], [flow_thief.enter]: the slots.
	 */
	atomic_store_explicit(&place->thief_in, 0, memory_order_release);
}

/* False: another thief is there, or the kernel refused the fence. */
static bool thief_enter(struct nwi_place *place)
{
	struct nwi_backoff backoff = { 0 };
	uint32_t nobody = 0;

	/* [flow_thief.enter] acquire, pairs with [flow_thief.leave]: the slots. */
	if (!atomic_compare_exchange_strong_explicit(&place->thief_in, &nobody, 1,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	if (nwi_asym_heavy(place->flow->fence_reason) != 0) {
		thief_leave(place);
		return false;
	}
	/* [flow_thief.wait] acquire, pairs with [flow_owner.leave]: the slots. */
	while (atomic_load_explicit(&place->owner_in, memory_order_acquire) != 0)
		nwi_backoff_wait(&backoff);
	return true;
}

/* ---- places ---- */

static void show_count(struct nwi_place *place)
{
	/* relaxed: a hint for thieves; under the lock of the place. */
	atomic_store_explicit(&place->count, place->tail - place->head, memory_order_relaxed);
}

static uint32_t seen_count(const struct nwi_place *place)
{
	/* relaxed: a hint; re-checked under the lock of the place. */
	return atomic_load_explicit(&place->count, memory_order_relaxed);
}

/* The owner, inside; false: no memory. */
NWI_NEVER_INLINE bool grow(struct nwi_place *place)
{
	uint32_t capacity = place->capacity > 0 ? 2 * place->capacity : SLOTS_FIRST;
	struct nw_arena *arena = nwi_flow_pieces(place);
	struct nw_flow_task **slots;

	slots = arena ? nw_arena_alloc(arena, capacity * sizeof(struct nw_flow_task *),
				       NW_CACHE_PAIR)
		      : NULL;
	if (!slots)
		return false;
	for (uint32_t i = place->head; i != place->tail; i++)
		slots[i & (capacity - 1)] = place->slots[i & (place->capacity - 1)];
	place->slots = slots;
	place->capacity = capacity;
	return true;
}

/* All help, or one is on its way. */
static bool is_help_wanted(const struct nw_flow *flow)
{
	/* relaxed: a hint; re-checked by the CAS in nwi_flow_call(). */
	return atomic_load_explicit(&flow->helpers, memory_order_relaxed) < flow->worker_count;
}

void nwi_flow_put(struct nwi_place *place, struct nw_flow_task *task)
{
	bool has_room;

	owner_enter(place);
	has_room = place->tail - place->head < place->capacity || grow(place);
	if (has_room) {
		place->slots[place->tail++ & (place->capacity - 1)] = task;
		show_count(place);
	}
	owner_leave(place);
	if (!has_room) {
		nwi_flow_mail(place->flow, place->flow->node_count, task);
		return;
	}
	nwi_fence_frequent(place->flow->fence_reason != 0); /* the task before the look */
	if (NW_UNLIKELY(is_help_wanted(place->flow)))
		(void)nwi_flow_call(place->flow,
				    NW_SCHED_ANY_NODE); /* no help: the owner does it */
}

static struct nw_flow_task *take_own(struct nwi_place *place)
{
	struct nw_flow_task *task = NULL;

	if (seen_count(place) == 0)
		return NULL;
	owner_enter(place);
	if (place->tail != place->head) {
		task = place->slots[--place->tail & (place->capacity - 1)];
		show_count(place);
	}
	owner_leave(place);
	return task;
}

/* ---- inboxes ---- */

void nwi_flow_mail(struct nw_flow *flow, uint32_t node_idx, struct nw_flow_task *task)
{
	uint32_t hint = node_idx < flow->node_count ? node_idx : NW_SCHED_ANY_NODE;

	nwi_flow_list_push(&flow->inboxes[node_idx], task);
	if (is_help_wanted(flow))
		(void)nwi_flow_call(flow, hint); /* no help: a helper that is there finds it */
}

static struct nw_flow_task *take_mail(struct nwi_place *place, uint32_t node_idx)
{
	struct nw_flow_task *first = nwi_flow_list_take(&place->flow->inboxes[node_idx]);
	struct nw_flow_task *next = first ? first->next : NULL;

	while (next) {
		struct nw_flow_task *task = next;

		next = task->next; /* before somebody else has it */
		nwi_flow_put(place, task);
	}
	return first;
}

/* ---- stealing ---- */

/* Half of what lies there, the oldest; the first is returned, the others go into the own place. */
static struct nw_flow_task *steal_from(struct nwi_place *place, struct nwi_place *victim)
{
	struct nw_flow_task *loot[STEAL_MAX];
	uint32_t count, half = 0;

	if (seen_count(victim) == 0 || !thief_enter(victim))
		return NULL;
	count = victim->tail - victim->head;
	half = count - count / 2 < STEAL_MAX ? count - count / 2 : STEAL_MAX;
	for (uint32_t i = 0; i < half; i++)
		loot[i] = victim->slots[victim->head++ & (victim->capacity - 1)];
	show_count(victim);
	thief_leave(victim);
	for (uint32_t i = half; i > 1; i--)
		nwi_flow_put(place, loot[i - 1]);
	return half > 0 ? loot[0] : NULL;
}

/* From places of the own node, or from all others. */
static struct nw_flow_task *steal(struct nwi_place *place, bool is_near)
{
	const struct nw_flow *flow = place->flow;
	uint32_t place_count = flow->worker_count + 1;
	uint32_t from = nwi_prng_below(&place->prng, place_count);

	for (uint32_t i = 0; i < place_count; i++) {
		struct nwi_place *victim = &flow->places[(from + i) % place_count];
		struct nw_flow_task *task;

		if (victim == place || (victim->node_idx == place->node_idx) != is_near)
			continue;
		task = steal_from(place, victim);
		if (task) {
			nwi_flow_count(&place->steal_count);
			return task;
		}
	}
	return NULL;
}

static struct nw_flow_task *take_others(struct nwi_place *place)
{
	const struct nw_flow *flow = place->flow;
	struct nw_flow_task *task = steal(place, true);

	if (!task)
		task = steal(place, false);
	for (uint32_t i = 0; i <= flow->node_count && !task; i++)
		task = take_mail(place, i);
	return task;
}

struct nw_flow_task *nwi_flow_take(struct nwi_place *place)
{
	struct nw_flow_task *task = take_own(place);

	if (!task)
		task = take_mail(place, place->node_idx);
	if (!task)
		task = take_mail(place, place->flow->node_count);
	for (uint32_t i = 0; i < LOOKS && !task; i++) {
		task = take_others(place);
		for (uint32_t j = 0; j < NWI_BACKOFF_SPIN_MAX && !task; j++)
			nwi_cpu_relax();
	}
	return task;
}

void nwi_flow_empty(struct nwi_place *place)
{
	place->head = place->tail;
	show_count(place);
}

bool nwi_flow_has_work(const struct nw_flow *flow)
{
	for (uint32_t i = 0; i <= flow->worker_count; i++)
		if (seen_count(&flow->places[i]) > 0)
			return true;
	for (uint32_t i = 0; i <= flow->node_count; i++)
		if (atomic_load(&flow->inboxes[i].first))
			return true;
	return false;
}

/* ---- calling ---- */

/* There is one: fewer are queued or run than there are slots, and a slot is freed before. */
static struct nwi_flow_helper *take_slot(struct nw_flow *flow)
{
	for (uint32_t i = 0;; i = (i + 1) % flow->slot_count)
		if (atomic_exchange(&flow->slots[i].is_used, 1) == 0)
			return &flow->slots[i];
}

int nwi_flow_call(struct nw_flow *flow, uint32_t node_idx)
{
	uint32_t helpers = atomic_load(&flow->helpers);
	struct nwi_flow_helper *helper;
	int rc;

	do {
		if (helpers >= flow->worker_count)
			return 0; /* one is on its way, or all are here */
	} while (!atomic_compare_exchange_weak(&flow->helpers, &helpers,
					       (helpers + 1) | NWI_FLOW_CALLING));
	helper = take_slot(flow);
	helper->job.node_idx = node_idx;
	rc = nw_sched_submit(flow->sched, &helper->job);
	if (rc == 0)
		return 0;
	atomic_store(&helper->is_used, 0);
	atomic_fetch_and(&flow->helpers, ~NWI_FLOW_CALLING);
	if (atomic_fetch_sub(&flow->helpers, 1) == 1)
		nw_event_notify_all(&flow->event);
	return rc;
}

/*
 * Not counted any more; true: and not needed. Looks once more, since whoever made work while this
 * one was counted did not call another.
 */
bool nwi_flow_leave(struct nw_flow *flow)
{
	uint32_t helpers = atomic_fetch_sub(&flow->helpers, 1);

	/* Where the kernel refuses the fence now, a task may be left to the owner of its place. */
	(void)nwi_asym_heavy(flow->fence_reason);
	if (!nwi_flow_has_work(flow)) {
		if (helpers == 1)
			nw_event_notify_all(&flow->event);
		return true;
	}
	atomic_fetch_add(&flow->helpers, 1);
	return false;
}
