/* SPDX-License-Identifier: MIT */
/*
 * A worker's deque of tasks: split in a private and a public part.
 *
 *     slots   s s s | p p p p | o o o o . . .       s stolen   p public   o private
 *                   ^         ^         ^
 *                   tail      split     head (in the owner's registers: nw_here)
 *
 * Roles: the owner pushes and pops at head; a thief moves tail by compare-and-swap; the owner moves
 * split, up to publish and down to take back. tail and split are one word, `span`, so that each
 * sees the other move.
 *
 * Invariants. tail <= split <= head. A slot below split and not below tail belongs to whoever moves
 * tail or split over it; one below tail to its thief until its state is DONE; one from split on to
 * the owner. Joins come in reverse order, so all below a stolen task is stolen.
 *
 * The private part is why this is fast: push and pop there are plain stores and loads, and each
 * compares the slot's address with a word. `floor` is the address of split: a pop below it takes
 * the slow way. `limit` is the address behind the last slot: a push from it on does. A thief that
 * finds no public task writes 0 to limit and the largest value to floor, so the owner's next push
 * or pop takes the slow way and publishes half of what is private. The owner's own copy of split is
 * the truth; floor and limit are hints that can only send it the slow way.
 *
 * Why no request is lost (idle.c builds on it). The owner clears a request, then publishes at least
 * one task, then looks for sleepers; a push always has one to publish, and a pop that has none
 * leaves the request in limit. A thief that is about to sleep announces itself, then finds nothing,
 * then asks. If it did not see the publication, the owner's look comes after its announcement, and
 * it is woken; if it did, the owner had cleared earlier requests before, and the thief's stands.
 *
 * Memory order. Publishing is a read-modify-write of span that thieves acquire by their own: it
 * brings the slots. A thief's DONE brings the result, and the owner reuses the slot after that.
 * What the owner takes back it wrote itself. Nobody reads a slot before its word made it his, so a
 * span that had the same value before (ABA) does no harm.
 *
 * The wait at a join: see await().
 *
 * Overflow: slots from slot_count on are the owner's alone. A task pushed there runs at once and
 * leaves its result; while such ones exist, floor is at its largest, so that their pops come here.
 *
 * References: T. van Dijk, J. van de Pol, "Lace: non-blocking split deque for work-stealing", 2014;
 * D. Wagner, B. Calder, "Leapfrogging", PPoPP 1993. We differ from Lace in that one word says both
 * "full" and "asked", in that shrinking is a compare-and-swap instead of a fence (no mixed sizes),
 * and in how a join sleeps.
 */
#include "sched/sched.h"

#include "os/thread.h"

#include <assert.h>

extern inline void nw_task_push(struct nw_here *here);
extern inline bool nw_task_pop(struct nw_here *here);

/* A task's state: 0, the thief's address, or that and WAITED; then DONE. */
#define STATE_WAITED ((uintptr_t)1)
#define STATE_DONE   ((uintptr_t)2)

/* How a join waits: looks before it sleeps, and the first and the longest sleep. */
enum { JOIN_LOOKS = 32, JOIN_SLEEP_NS_MIN = 50 * 1000, JOIN_SLEEP_NS_MAX = 2 * 1000 * 1000 };

static uint32_t tail_in(uint64_t span)
{
	return (uint32_t)span;
}

static uint32_t split_in(uint64_t span)
{
	return (uint32_t)(span >> 32);
}

static uint64_t span_of(uint32_t tail, uint32_t split)
{
	return (uint64_t)split << 32 | tail;
}

static void set_floor(struct nwi_worker *worker, uintptr_t floor)
{
	/* relaxed: a hint; the owner re-checks with its own split the slow way. */
	atomic_store_explicit(&worker->fast.floor, floor, memory_order_relaxed);
}

static void set_limit(struct nwi_worker *worker, uintptr_t limit)
{
	/* relaxed: a hint, as above. */
	atomic_store_explicit(&worker->fast.limit, limit, memory_order_relaxed);
}

static void set_true_floor(struct nwi_worker *worker)
{
	set_floor(worker, (uintptr_t)&worker->slots[worker->split]);
}

void nwi_tasks_init(struct nwi_worker *worker, struct nw_task *slots, uint32_t slot_count)
{
	worker->slots = slots;
	worker->slot_count = slot_count;
	worker->split = worker->stamped = 0;
	atomic_init(&worker->span, 0);
	atomic_init(&worker->fast.limit, 0); /* asked: the first task is published */
	atomic_init(&worker->fast.floor, (uintptr_t)slots);
	nw_event_init(&worker->joined);
}

uint32_t nwi_tasks_shown_count(const struct nwi_worker *worker)
{
	/* relaxed: the value alone; for a load, which is a hint. */
	uint64_t span = atomic_load_explicit(&worker->span, memory_order_relaxed);

	return split_in(span) - tail_in(span);
}

/* Owner: shows half of its private tasks, at least one, to thieves; head is behind the newest. */
static void publish(struct nwi_worker *worker, uint32_t head)
{
	uint32_t n = (head - worker->split + 1) / 2;

	assert(n >= 1);
	for (uint32_t i = worker->split; i < worker->split + n; i++)
		if (i >= worker->stamped)
			worker->slots[i].cancel = worker->cancel;
	worker->split += n;
	set_true_floor(worker);
	set_limit(worker, (uintptr_t)&worker->slots[worker->slot_count]);
	/* [publish.span] seq_cst, pairs with [steal.span], [steal.look]: the slots; and a thief
	 * that does not see them has announced itself before the look for sleepers. */
	atomic_fetch_add(&worker->span, (uint64_t)n << 32);
	(void)nwi_idle_wake_one(worker->sched, worker->node_idx, false);
	nwi_worker_show(worker, true);
}

static void run_at_once(struct nwi_worker *worker, struct nw_task *task)
{
	nwi_count_add(worker, NWI_COUNT_INLINE_OVERFLOWS, 1);
	set_floor(worker, UINTPTR_MAX);
	task->run((struct nw_here){ &worker->fast, task + 1 }, task);
}

void nw_task_push_slow(struct nw_worker *fast, struct nw_task *task)
{
	struct nwi_worker *worker = nwi_worker_of(fast);
	uint32_t idx = (uint32_t)(task - worker->slots);

	assert(idx < NW_TASK_PENDING_MAX - 1);
	if (idx < worker->slot_count) {
		publish(worker, idx + 1);
		return;
	}
	/* relaxed: a hint, as above. */
	if (worker->split < worker->slot_count &&
	    atomic_load_explicit(&worker->fast.limit, memory_order_relaxed) == 0)
		publish(worker, worker->slot_count);
	run_at_once(worker, task);
}

/* Thief: has the owner come the slow way. Reads first: the line is the owner's. */
static void ask(struct nwi_worker *victim)
{
	/* relaxed: a hint, as above; that it is not lost is shown at the top. */
	if (atomic_load_explicit(&victim->fast.limit, memory_order_relaxed) != 0)
		set_limit(victim, 0);
	/* relaxed: a hint, as above. */
	if (atomic_load_explicit(&victim->fast.floor, memory_order_relaxed) != UINTPTR_MAX)
		set_floor(victim, UINTPTR_MAX);
}

enum nwi_took nwi_tasks_steal(struct nwi_worker *victim, struct nwi_worker *thief,
			      struct nw_task **ret_task, bool *ret_has_more)
{
	/* [steal.look] seq_cst, pairs with [publish.span], [join.span]: after the announcement of a
	 * sleeper. */
	uint64_t span = atomic_load(&victim->span);
	struct nw_task *task;

	if (tail_in(span) == split_in(span)) {
		ask(victim);
		return NWI_TOOK_NOTHING;
	}
	/* [steal.span] seq_cst, pairs with [publish.span]: the slot. */
	if (!atomic_compare_exchange_strong(&victim->span, &span, span + 1))
		return NWI_TOOK_LOST;
	task = &victim->slots[tail_in(span)];
	/* [steal.state] release, pairs with [await.state]: the thief's name, to leap at. */
	atomic_store_explicit(&task->state, (uintptr_t)thief, memory_order_release);
	*ret_task = task;
	*ret_has_more = tail_in(span) + 1 < split_in(span);
	return NWI_TOOK;
}

void nwi_tasks_run(struct nwi_worker *thief, struct nw_task *head, struct nwi_worker *victim,
		   struct nw_task *task)
{
	struct nw_cancel *outer = thief->cancel;
	uintptr_t state;

	thief->cancel = task->cancel;
	task->run((struct nw_here){ &thief->fast, head }, task);
	thief->cancel = outer;
	/* [task_done.state] acq_rel, pairs with [await.state], [await.waited]: the result; whether
	 * the owner sleeps. */
	state = atomic_exchange_explicit(&task->state, STATE_DONE, memory_order_acq_rel);
	if ((state & STATE_WAITED) != 0) {
		nwi_count_add(thief, NWI_COUNT_WAKES, 1);
		nw_event_notify_one(&victim->joined);
	}
}

/* One task of the thief we wait for, all of whose tasks descend from ours. */
static bool leap(struct nwi_worker *worker, struct nw_task *task, struct nwi_worker *thief)
{
	struct nw_task *stolen;
	bool has_more;

	if (nwi_tasks_steal(thief, worker, &stolen, &has_more) != NWI_TOOK)
		return false;
	nwi_count_add(worker, NWI_COUNT_LEAPS, 1);
	nwi_tasks_run(worker, task + 1, thief, stolen);
	return true;
}

/* Sleeps until the task is done, or a while: its thief may have tasks to leap at by then. */
static void sleep_at_join(struct nwi_worker *worker, struct nw_task *task, uintptr_t state,
			  uint64_t sleep_ns)
{
	nw_event_key key = nw_event_prepare(&worker->joined);

	/* [await.waited] acq_rel, pairs with [task_done.state]: a thief that is done later sees
	 * that it has to wake; where it fails, it is done, and the result is seen. */
	if ((state & STATE_WAITED) == 0 &&
	    !atomic_compare_exchange_strong_explicit(&task->state, &state, state | STATE_WAITED,
						     memory_order_acq_rel, memory_order_acquire)) {
		nw_event_cancel(&worker->joined);
		return;
	}
	/* relaxed: re-checked at [await.state]. */
	if (atomic_load_explicit(&task->state, memory_order_relaxed) == STATE_DONE)
		nw_event_cancel(&worker->joined);
	else
		(void)nw_event_wait(&worker->joined, key, 0, sleep_ns);
}

/*
 * Waits for a stolen task: runs what its thief shows, else looks a few times more and more rarely,
 * else sleeps; not for long at first, since what it cannot see when it goes to sleep is whether
 * its thief will show something later.
 */
static void await(struct nwi_worker *worker, struct nw_task *task)
{
	struct nwi_backoff backoff = { 0 };
	uint64_t sleep_ns = JOIN_SLEEP_NS_MIN;
	uint32_t looks = 0;

	for (;;) {
		/* [await.state] acquire, pairs with [task_done.state], [steal.state]: the result.
		 */
		uintptr_t state = atomic_load_explicit(&task->state, memory_order_acquire);
		struct nwi_worker *thief = (struct nwi_worker *)(state & ~STATE_WAITED);

		if (state == STATE_DONE)
			break;
		if (thief && leap(worker, task, thief)) {
			backoff.spins = looks = 0;
			sleep_ns = JOIN_SLEEP_NS_MIN;
		} else if (!thief || looks++ < JOIN_LOOKS) {
			nwi_backoff_wait(&backoff);
		} else {
			sleep_at_join(worker, task, state, sleep_ns);
			if (sleep_ns < JOIN_SLEEP_NS_MAX)
				sleep_ns *= 2;
		}
	}
	/* relaxed: not shared any more: the slot is the owner's again. */
	atomic_store_explicit(&task->state, 0, memory_order_relaxed);
}

/* Owner: gets its newest task, which thieves can see, and half of the others there; false: it is
 * stolen, as all below it are. */
static bool take_back(struct nwi_worker *worker)
{
	/* relaxed: re-checked by the CAS below; if tail is split, thieves are done with both. */
	uint64_t span = atomic_load_explicit(&worker->span, memory_order_relaxed);
	uint32_t split;

	do {
		if (tail_in(span) == split_in(span))
			return false;
		split = tail_in(span) + (split_in(span) - tail_in(span)) / 2;
	} while (
		!atomic_compare_exchange_weak(&worker->span, &span, span_of(tail_in(span), split)));
	worker->split = split;
	set_true_floor(worker);
	nwi_worker_show(worker, true);
	return true;
}

bool nw_task_pop_slow(struct nw_worker *fast, struct nw_task *task)
{
	struct nwi_worker *worker = nwi_worker_of(fast);
	uint32_t idx = (uint32_t)(task - worker->slots);

	if (idx >= worker->slot_count) { /* it ran when it was pushed */
		if (idx == worker->slot_count)
			set_true_floor(worker);
		return false;
	}
	if (idx > worker->split) {
		publish(worker, idx); /* what is below it */
		return true;
	}
	if (idx == worker->split) { /* nothing to show: the next push will have something */
		set_true_floor(worker);
		return true;
	}
	if (take_back(worker)) {
		nwi_count_add(worker, NWI_COUNT_LOCAL_POPS, 1);
		return true;
	}
	await(worker, task);
	/* [join.span] release, pairs with [steal.look]: nothing but the word; no thief moves tail
	 * where it is split. */
	atomic_store_explicit(&worker->span, span_of(idx, idx), memory_order_release);
	worker->split = idx;
	set_true_floor(worker);
	return false;
}
