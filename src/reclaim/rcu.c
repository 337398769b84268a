/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update (nw/rcu.h).
 *
 *   domain    period 7 | 1              begun so far: the newest
 *     |       ended  5                  the newest known to be over
 *     +--> reader     state 7 | 1       inside a section that began in period 7
 *     +--> reader     state 6 | 0       outside (its last section was of period 6)
 *     +--> reader     state 5 | 2       two sections deep: period 6 cannot end
 *
 * Roles: a reader writes its own state. A writer unlinks, begins a period (adds one, makes the
 * heavy fence), and waits until it has seen each reader quiet at some moment: outside, or in a
 * section of that period or a later one. Callbacks are kept in two lists a handle: called and not
 * yet part of a period, and waiting for the period that `cookie` names.
 *
 * Invariant: a period ends only after every section that could have found what was unlinked before
 * it began. A callback is in exactly one place: a list of one handle, the orphans, or in one
 * thread's hand; it runs only after a period that began after nw_rcu_call().
 *
 * Why one look at each reader is enough. A reader that is seen outside: either its next section's
 * announcement comes after the writer's heavy fence, and then so do its loads, which find the new
 * version; or it comes before, and is seen [rcu_read_lock.light, fence.full]. A reader that is seen
 * in this period or later has read the period [rcu_begin.period], hence what was unlinked before.
 * In both cases the section before has ended, and its end was seen [rcu_read_unlock.state]. A
 * reader may read the period, sleep, and announce it late: that section began after the fence too,
 * and only holds up later periods needlessly. A phase of one bit would mistake it for a new one and
 * needs two flips; 48 bits do not come round.
 *
 * NW_RCU_QUIESCENT is the same with state 1 deep for as long as a thread is online; announcing
 * moves it to the newest period. No fence is needed for that: it never goes from outside to inside.
 * Coming online does, and makes one.
 *
 * `ended` lets a period that another thread saw the end of count for all before it: who began the
 * later one did so after, so its fence came after both unlinkings.
 *
 * When the kernel refuses a membarrier that it granted before, no period begins: callbacks stay,
 * nw_rcu_synchronize() waits, nothing is freed.
 *
 * References: M. Desnoyers et al., "User-level implementations of read-copy update", TPDS 2012;
 * userspace RCU's memb and qsbr flavours. Unlike them: 64-bit periods, hence no flip and no lock
 * among writers; a waiting writer sleeps by the clock, so that readers need not wake it; handles
 * are explicit, several domains coexist, and no thread is started.
 */
#include "base/clock.h"
#include "base/fence.h"
#include "os/futex.h"
#include "os/membarrier.h"
#include "os/thread.h"
#include "reclaim/asym.h"
#include "reclaim/bias.h"
#include "reclaim/hand.h"
#include "reclaim/registry.h"

#include <nw/mem.h>
#include <nw/rcu.h>

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

enum {
	PERIOD_SHIFT = 16,
	SPINS_BEFORE_SLEEP = 64, /* rounds of backoff, most of which yield */
	SLEEP_NS_MIN = 50 * 1000,
	SLEEP_NS_MAX = 1000 * 1000,
};
#define DEPTH_MASK   ((uint64_t)NW_RCU_NEST_MAX)
#define FLAGS        ((uint64_t)NW_RCU_FREE_BITS)
#define PERIOD_FIRST ((UINT64_C(1) << PERIOD_SHIFT) | 1)
#define PERIOD_STEP  (UINT64_C(1) << PERIOD_SHIFT)
#define NEVER        UINT64_MAX /* the cookie of a period that could not begin */

static_assert((DEPTH_MASK | FLAGS) + 1 == PERIOD_STEP, "depth, flags, period: no gap");
static_assert((int)NW_RCU_NAME_BYTES == (int)NWI_THREAD_NAME_BYTES, "names of threads fit");

struct reader {
	struct nwi_member member;
	/* The owner's; writers read the state. */
	alignas(NW_CACHE_PAIR) struct nw_rcu_thread thread;

	/* The owner's; lists also of a visitor, by the bias. */
	alignas(NW_CACHE_PAIR) struct nwi_bias bias;
	struct nw_rcu_head *called;  /* newest first */
	struct nw_rcu_head *waiting; /* newest first; for the period of `cookie` */
	struct nw_rcu *rcu;
	bool is_fenced;
	nw_rcu_cookie cookie; /* 0: the period of `waiting` has not begun */
	struct nwi_hand hand;
	_Atomic uint64_t called_count, run_count;

	/* Under the registry's lock. */
	char name[NW_RCU_NAME_BYTES];
	int32_t tid;
};

struct nw_rcu {
	struct nwi_registry registry;
	enum nw_rcu_flavour flavour;
	int fence_reason;
	struct nw_mem mem; /* this */
	_Atomic uint64_t refused_count;
	_Atomic(struct nw_rcu_head *) orphans; /* newest first */

	/* Writers'; readers load it in every section. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t period;
	alignas(NW_CACHE_PAIR) _Atomic uint64_t ended;
};

/* The bodies of the header's functions, for callers that have none. */
extern inline void nw_rcu_read_lock(struct nw_rcu_thread *thread);
extern inline void nw_rcu_read_unlock(struct nw_rcu_thread *thread);
extern inline void nw_rcu_read_lock_quiescent(struct nw_rcu_thread *thread);
extern inline void nw_rcu_read_unlock_quiescent(struct nw_rcu_thread *thread);
extern inline void nw_rcu_quiescent(struct nw_rcu_thread *thread);

static struct reader *reader_of(const struct nw_rcu_thread *thread)
{
	return (struct reader *)((char *)(uintptr_t)thread - offsetof(struct reader, thread));
}

static struct reader *reader_of_member(struct nwi_member *member)
{
	return (struct reader *)member;
}

static struct reader *first_reader(const struct nw_rcu *rcu)
{
	return reader_of_member(nwi_registry_first(&rcu->registry));
}

static struct reader *next_reader(const struct reader *reader)
{
	return reader_of_member(reader->member.next);
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

/* ---- the reader's side --------------------------------------------------------------------- */

/* The owner's own state. */
static uint64_t own_state(const struct nw_rcu_thread *thread)
{
	/* relaxed: only the asking thread writes it. */
	return atomic_load_explicit(&thread->state, memory_order_relaxed);
}

static void assert_registered(const struct nw_rcu_thread *thread)
{
	assert(thread && (own_state(thread) & FLAGS) != FLAGS);
	(void)thread;
}

static bool is_quiescent(const struct nw_rcu_thread *thread)
{
	return (own_state(thread) & NW_RCU_QUIESCENT_BIT) != 0;
}

static uint64_t depth(const struct nw_rcu_thread *thread)
{
	return own_state(thread) & DEPTH_MASK;
}

/* In a section that the thread itself must end before it may wait. */
static bool is_in_section(const struct nw_rcu_thread *thread)
{
	return !is_quiescent(thread) && depth(thread) > 0;
}

/* From outside to inside. */
static void announce(struct reader *reader)
{
	uint64_t flags = own_state(&reader->thread) & FLAGS;
	/* [rcu_announce.period] acquire, pairs with [rcu_begin.period]: as in nw_rcu_read_lock().
	 */
	uint64_t period = atomic_load_explicit(&reader->rcu->period, memory_order_acquire);

	/* [rcu_announce.state] release, pairs with [rcu_scan.state]: as in nw_rcu_read_lock(). */
	atomic_store_explicit(&reader->thread.state, period | flags, memory_order_release);
	nwi_fence_frequent(reader->is_fenced);
}

void nw_rcu_read_lock_slow(struct nw_rcu_thread *thread)
{
	uint64_t state = own_state(thread);

	if ((state & DEPTH_MASK) == 0) {
		announce(reader_of(thread));
		return;
	}
	assert((state & DEPTH_MASK) < DEPTH_MASK);
	/* [rcu_read_nest.state] release, pairs with [rcu_scan.state]: as the announcement of the
	 * outermost section, which it overwrites. */
	atomic_store_explicit(&thread->state, state + 1, memory_order_release);
}

void nw_rcu_online(struct nw_rcu_thread *thread)
{
	assert_registered(thread);
	if (!is_quiescent(thread))
		return;
	assert(depth(thread) == 0);
	announce(reader_of(thread));
}

void nw_rcu_offline(struct nw_rcu_thread *thread)
{
	assert_registered(thread);
	if (!is_quiescent(thread))
		return;
	assert(depth(thread) > 0);
	/* [rcu_offline.state] release, pairs with [rcu_scan.state]: references taken before are
	 * given up. */
	atomic_store_explicit(&thread->state, NW_RCU_QUIESCENT_BIT, memory_order_release);
}

/* Steps out for a wait, if online; returns whether it was. */
static bool step_out(struct nw_rcu_thread *self)
{
	if (!self || !is_quiescent(self) || depth(self) == 0)
		return false;
	nw_rcu_offline(self);
	return true;
}

/* ---- grace periods ------------------------------------------------------------------------- */

/* The newest period is one more; 0: it could not begin. */
static uint64_t begin(struct nw_rcu *rcu)
{
	/* [rcu_begin.period] acq_rel, pairs with [rcu_read_lock.period], [rcu_quiescent.period],
	 * [rcu_announce.period]: what this thread unlinked, and who began a period before. */
	uint64_t old = atomic_fetch_add_explicit(&rcu->period, PERIOD_STEP, memory_order_acq_rel);

	if (nwi_asym_heavy(rcu->fence_reason) < 0) {
		atomic_fetch_add(&rcu->refused_count, 1);
		return 0;
	}
	return old + PERIOD_STEP;
}

/* Whether the reader does not hold this period up any more. */
static bool is_quiet(const struct reader *reader, uint64_t period)
{
	/* [rcu_scan.state] acquire, pairs with [rcu_read_lock.state], [rcu_read_nest.state],
	 * [rcu_read_unlock.state], [rcu_quiescent.state], [rcu_announce.state],
	 * [rcu_offline.state], [rcu_leave.state]: what the reader's earlier sections did. */
	uint64_t state = atomic_load_explicit(&reader->thread.state, memory_order_acquire);

	return (state & DEPTH_MASK) == 0 || state >> PERIOD_SHIFT >= period >> PERIOD_SHIFT;
}

static bool has_ended(const struct nw_rcu *rcu, uint64_t period)
{
	/* [rcu_has_ended.ended] acquire, pairs with [rcu_end.ended]: the sections that the thread
	 * saw the end of. */
	return atomic_load_explicit(&rcu->ended, memory_order_acquire) >= period;
}

/* Lets others know. */
static void end(struct nw_rcu *rcu, uint64_t period)
{
	/* relaxed: re-checked by the CAS at [rcu_end.ended]. */
	uint64_t ended = atomic_load_explicit(&rcu->ended, memory_order_relaxed);

	/* [rcu_end.ended] release, pairs with [rcu_has_ended.ended]: the sections that this thread
	 * saw the end of. */
	while (ended < period &&
	       !atomic_compare_exchange_weak_explicit(&rcu->ended, &ended, period,
						      memory_order_release, memory_order_relaxed))
		;
}

nw_rcu_cookie nw_rcu_start_poll(struct nw_rcu *rcu)
{
	uint64_t period = begin(rcu);

	return (nw_rcu_cookie){ period ? period : NEVER };
}

bool nw_rcu_poll(struct nw_rcu *rcu, nw_rcu_cookie cookie)
{
	if (cookie.period == NEVER)
		return false;
	if (has_ended(rcu, cookie.period))
		return true;
	for (struct reader *r = first_reader(rcu); r; r = next_reader(r))
		if (!is_quiet(r, cookie.period))
			return false;
	end(rcu, cookie.period);
	return true;
}

/* One step of waiting for something that nobody will wake us for. */
struct wait {
	uint64_t deadline_ns; /* UINT64_MAX: none, and the clock is not read */
	struct nwi_backoff backoff;
	uint32_t rounds;
	uint64_t sleep_ns;
};

/* False: the deadline has passed. */
static bool wait_a_while(struct wait *wait)
{
	static const _Atomic uint32_t nobody_writes_this;
	bool is_endless = wait->deadline_ns == UINT64_MAX;
	uint64_t now_ns, until_ns;

	if (!is_endless && nwi_clock_ns() >= wait->deadline_ns)
		return false;
	if (wait->rounds++ < SPINS_BEFORE_SLEEP) {
		nwi_backoff_wait(&wait->backoff);
		return true;
	}
	wait->sleep_ns = wait->sleep_ns ? 2 * wait->sleep_ns : SLEEP_NS_MIN;
	if (wait->sleep_ns > SLEEP_NS_MAX)
		wait->sleep_ns = SLEEP_NS_MAX;
	now_ns = nwi_clock_ns();
	until_ns = nwi_ns_add(now_ns, wait->sleep_ns);
	/* It ends by its deadline or a signal; either way the caller looks again. */
	(void)nwi_futex_wait(&nobody_writes_this, 0,
			     until_ns < wait->deadline_ns ? until_ns : wait->deadline_ns);
	return true;
}

/* Who holds the period up; reader_count is 0: nobody does any more. */
static struct nw_rcu_stall describe_stall(struct nw_rcu *rcu, uint64_t period, uint64_t begin_ns)
{
	struct nw_rcu_stall stall = { .waited_ns = nwi_clock_ns() - begin_ns };

	nwi_registry_lock(&rcu->registry);
	for (struct reader *r = first_reader(rcu); r; r = next_reader(r)) {
		if (is_quiet(r, period) || stall.reader_count++ > 0)
			continue;
		memcpy(stall.name, r->name, sizeof(stall.name));
		stall.tid = r->tid;
	}
	nwi_registry_unlock(&rcu->registry);
	return stall;
}

/* Sees each reader quiet once; 0 or -ETIMEDOUT. */
static int wait_for_readers(struct nw_rcu *rcu, uint64_t period, struct wait *wait)
{
	for (struct reader *r = first_reader(rcu); r; r = next_reader(r))
		while (!is_quiet(r, period)) {
			if (has_ended(rcu, period))
				return 0;
			if (!wait_a_while(wait))
				return -ETIMEDOUT;
		}
	end(rcu, period);
	return 0;
}

int nw_rcu_synchronize_for(struct nw_rcu *rcu, struct nw_rcu_thread *self, uint64_t timeout_ns,
			   struct nw_rcu_stall *reterr_stall)
{
	uint64_t begin_ns = nwi_clock_ns(), period;
	struct wait wait = { .deadline_ns = nwi_ns_add(begin_ns, timeout_ns) };
	struct nw_rcu_stall stall;
	bool was_online;
	int rc = -EAGAIN;

	assert(!self || (!is_in_section(self) && !nwi_hand_is_full(&reader_of(self)->hand)));
	was_online = step_out(self);
	period = begin(rcu);
	if (period != 0)
		rc = wait_for_readers(rcu, period, &wait);
	if (rc == -ETIMEDOUT) {
		stall = describe_stall(rcu, period, begin_ns);
		rc = stall.reader_count > 0 ? -ETIMEDOUT : 0;
	}
	if (was_online)
		nw_rcu_online(self);
	if (rc == -ETIMEDOUT && reterr_stall)
		*reterr_stall = stall;
	return rc;
}

/* The caller holds nobody up. Where no period can begin, this waits until one can. */
static void wait_for_ever(struct nw_rcu *rcu)
{
	struct wait wait = { .deadline_ns = UINT64_MAX };
	uint64_t period;

	while ((period = begin(rcu)) == 0)
		(void)wait_a_while(&wait);
	(void)wait_for_readers(rcu, period, &wait);
}

void nw_rcu_synchronize(struct nw_rcu *rcu, struct nw_rcu_thread *self)
{
	bool was_online;

	assert(!self || (!is_in_section(self) && !nwi_hand_is_full(&reader_of(self)->hand)));
	was_online = step_out(self);
	wait_for_ever(rcu);
	if (was_online)
		nw_rcu_online(self);
}

/* ---- callbacks ----------------------------------------------------------------------------- */

/* A list and what follows it: `more` in front of `list`. */
static struct nw_rcu_head *join_lists(struct nw_rcu_head *more, struct nw_rcu_head *list)
{
	struct nw_rcu_head *last = more;

	if (!more)
		return list;
	while (last->next)
		last = last->next;
	last->next = list;
	return more;
}

static struct nw_rcu_head *take_orphans(struct nw_rcu *rcu)
{
	/* [rcu_adopt.orphans] acquire, pairs with [rcu_orphan.orphans]: the links, and what the
	 * threads that left had unlinked. */
	return atomic_exchange_explicit(&rcu->orphans, NULL, memory_order_acquire);
}

static void hand_on(struct nw_rcu *rcu, struct nw_rcu_head *list)
{
	struct nw_rcu_head *last = list;

	if (!list)
		return;
	while (last->next)
		last = last->next;
	/* relaxed: re-checked by the CAS at [rcu_orphan.orphans]. */
	last->next = atomic_load_explicit(&rcu->orphans, memory_order_relaxed);
	/* [rcu_orphan.orphans] release, pairs with [rcu_adopt.orphans]: the links, and what this
	 * thread unlinked. */
	while (!atomic_compare_exchange_weak_explicit(&rcu->orphans, &last->next, list,
						      memory_order_release, memory_order_relaxed))
		;
}

/*
 * Both lists, newest first; the caller is inside, or has claimed and awaited. They leave the reader
 * before they are joined: the child of a fork() in between may miss them, but finds none twice.
 */
static struct nw_rcu_head *cut_lists(struct reader *reader)
{
	struct nw_rcu_head *called = reader->called, *waiting = reader->waiting;

	reader->called = NULL;
	reader->waiting = NULL;
	nwi_fence_light();
	return join_lists(called, waiting);
}

static struct nw_rcu_head *take_lists(struct reader *reader)
{
	struct nw_rcu_head *list;

	nwi_bias_enter(&reader->bias, reader->is_fenced);
	list = cut_lists(reader);
	nwi_bias_leave(&reader->bias);
	return list;
}

void nw_rcu_call(struct nw_rcu_thread *thread, struct nw_rcu_head *head, void *ptr, nw_rcu_fn *fn,
		 void *arg)
{
	struct reader *reader = reader_of(thread);

	assert_registered(thread);
	assert(fn);
	head->ptr = ptr;
	head->fn = fn;
	head->arg = arg;
	add(&reader->called_count, 1);
	nwi_bias_enter(&reader->bias, reader->is_fenced);
	head->next = reader->called;
	nwi_fence_light(); /* the child of a fork() finds a whole list */
	reader->called = head;
	nwi_bias_leave(&reader->bias);
}

/* Runs a list in hand, oldest first; returns how many. */
static uint64_t run_all(struct reader *reader, struct nw_rcu_head *newest_first)
{
	struct nw_rcu_head *list = NULL;
	uint64_t n = 0;

	while (newest_first) {
		struct nw_rcu_head *next = newest_first->next;

		newest_first->next = list;
		list = newest_first;
		newest_first = next;
	}
	for (; list; n++) {
		struct nw_rcu_head head = *list; /* a copy: the callback frees it */

		list = head.next;
		head.fn(&reader->thread, head.ptr, head.arg);
		add(&reader->run_count, 1);
	}
	return n;
}

/* Puts what was called, and the orphans, into the next period, unless one is under way. */
static void begin_waiting(struct reader *reader)
{
	struct nw_rcu_head *called;
	bool has_waiting;

	nwi_bias_enter(&reader->bias, reader->is_fenced);
	if (!reader->waiting) {
		called = reader->called;
		reader->called = NULL;
		nwi_fence_light(); /* as in cut_lists() */
		reader->waiting = join_lists(called, take_orphans(reader->rcu));
		reader->cookie.period = 0;
	}
	has_waiting = reader->waiting != NULL;
	nwi_bias_leave(&reader->bias);
	if (has_waiting && reader->cookie.period == 0)
		reader->cookie.period = begin(reader->rcu);
}

/* Runs what was waiting if its period has ended. */
static uint64_t finish_waiting(struct reader *reader)
{
	struct nw_rcu_head *list;
	uint64_t n;

	if (reader->cookie.period == 0 || !nw_rcu_poll(reader->rcu, reader->cookie))
		return 0;
	reader->cookie.period = 0;
	nwi_hand_fill(&reader->hand);
	nwi_bias_enter(&reader->bias, reader->is_fenced);
	list = reader->waiting;
	reader->waiting = NULL;
	nwi_bias_leave(&reader->bias);
	n = run_all(reader, list);
	nwi_hand_empty(&reader->hand);
	return n;
}

uint64_t nw_rcu_run(struct nw_rcu_thread *thread)
{
	struct reader *reader = reader_of(thread);
	uint64_t n;

	assert_registered(thread);
	if (is_in_section(thread) || nwi_hand_is_full(&reader->hand))
		return 0;
	n = finish_waiting(reader);
	begin_waiting(reader);
	return n + finish_waiting(reader); /* with no reader inside, it is over already */
}

/*
 * Takes every callback that is on a list or an orphan: while all lists are claimed, none moves. On
 * failure nothing is taken: the kernel refused the fence without which an owner might not see the
 * claim.
 */
static int take_all(struct nw_rcu *rcu, struct nw_rcu_head **ret_list)
{
	struct nw_rcu_head *list = NULL;
	struct reader *reader;
	int rc;

	nwi_registry_lock(&rcu->registry);
	for (reader = first_reader(rcu); reader; reader = next_reader(reader))
		nwi_bias_claim(&reader->bias);
	rc = nwi_asym_heavy(rcu->fence_reason);
	for (reader = first_reader(rcu); reader && rc == 0; reader = next_reader(reader)) {
		nwi_bias_await(&reader->bias);
		list = join_lists(cut_lists(reader), list);
	}
	if (rc == 0)
		*ret_list = join_lists(take_orphans(rcu), list);
	for (reader = first_reader(rcu); reader; reader = next_reader(reader))
		nwi_bias_release(&reader->bias);
	nwi_registry_unlock(&rcu->registry);
	return rc;
}

static void await_hands(const struct nw_rcu *rcu)
{
	for (struct reader *r = first_reader(rcu); r; r = next_reader(r))
		nwi_hand_await(&r->hand);
}

void nw_rcu_barrier(struct nw_rcu_thread *thread)
{
	struct reader *self = reader_of(thread);
	struct wait wait = { .deadline_ns = UINT64_MAX };
	struct nw_rcu_head *list = NULL;
	bool was_online;

	assert_registered(thread);
	assert(!is_in_section(thread) && !nwi_hand_is_full(&self->hand));
	/* Two barriers wait for each other's readers and hands: neither may be online then. */
	was_online = step_out(thread);
	nwi_hand_fill(&self->hand);
	while (take_all(self->rcu, &list) < 0)
		(void)wait_a_while(&wait);
	if (list)
		wait_for_ever(self->rcu);
	if (was_online)
		nw_rcu_online(thread);
	(void)run_all(self, list);
	nwi_hand_empty(&self->hand);
	was_online = step_out(thread);
	await_hands(self->rcu);
	if (was_online)
		nw_rcu_online(thread);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct joining {
	struct nw_rcu *rcu;
	const char *name;
};

static void prepare(struct nwi_member *member, void *arg)
{
	struct reader *reader = reader_of_member(member);
	const struct joining *joining = arg;
	struct nw_rcu *rcu = joining->rcu;
	uint64_t flags = 0;

	reader->rcu = rcu;
	reader->is_fenced = rcu->fence_reason != 0;
	reader->tid = nwi_thread_id();
	nwi_thread_name(reader->name);
	if (joining->name) {
		memset(reader->name, 0, sizeof(reader->name));
		memcpy(reader->name, joining->name,
		       strnlen(joining->name, sizeof(reader->name) - 1));
	}
	reader->thread.period = &rcu->period;
	if (rcu->flavour == NW_RCU_QUIESCENT)
		flags = NW_RCU_QUIESCENT_BIT;
	else if (reader->is_fenced)
		flags = NW_RCU_FENCED_BIT;
	/* relaxed: sole writer; outside before and after. */
	atomic_store_explicit(&reader->thread.state, flags, memory_order_relaxed);
}

int nw_rcu_register(struct nw_rcu_thread **ret_thread, struct nw_rcu *rcu, const char *name)
{
	struct joining joining = { rcu, name };
	struct nwi_member *member = nwi_registry_join(&rcu->registry, prepare, &joining);
	struct reader *reader = reader_of_member(member);

	if (!member)
		return -ENOMEM;
	nw_rcu_online(&reader->thread);
	*ret_thread = &reader->thread;
	return 0;
}

/* The thread holds nobody up from now on, and its handle is an assertion to use. */
static void leave(struct reader *reader)
{
	/* [rcu_leave.state] release, pairs with [rcu_scan.state]: the thread's sections. */
	atomic_store_explicit(&reader->thread.state, FLAGS, memory_order_release);
	reader->cookie.period = 0;
}

void nw_rcu_unregister(struct nw_rcu_thread *thread)
{
	struct reader *reader;

	if (!thread)
		return;
	reader = reader_of(thread);
	assert_registered(thread);
	assert(!is_in_section(thread) && !nwi_hand_is_full(&reader->hand));
	/* In one section, so that a barrier finds them on the list or among the orphans. */
	nwi_bias_enter(&reader->bias, reader->is_fenced);
	hand_on(reader->rcu, cut_lists(reader));
	nwi_bias_leave(&reader->bias);
	leave(reader);
	nwi_registry_leave(&reader->rcu->registry, &reader->member);
}

struct nw_rcu *nw_rcu_domain_of(const struct nw_rcu_thread *thread)
{
	return reader_of(thread)->rcu;
}

/* ---- domains ------------------------------------------------------------------------------- */

int nw_rcu_create(struct nw_rcu **ret_rcu, nw_node node, const struct nw_rcu_options *options)
{
	static const struct nw_rcu_options defaults = { 0 };
	const struct nw_rcu_options *o = options ? options : &defaults;
	struct nw_rcu *rcu;
	struct nw_mem mem;
	int rc;

	if (o->flavour != NW_RCU_GENERAL && o->flavour != NW_RCU_QUIESCENT)
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, sizeof(*rcu), 0);
	if (rc < 0)
		return rc;
	rcu = mem.base;
	rcu->mem = mem;
	rcu->flavour = o->flavour;
	rcu->fence_reason = nwi_asym_choose(o->full_fences);
	atomic_init(&rcu->period, PERIOD_FIRST);
	atomic_init(&rcu->ended, PERIOD_FIRST);
	rc = nwi_registry_init(&rcu->registry, node, sizeof(struct reader));
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	*ret_rcu = rcu;
	return 0;
}

/* No reader is left, so every section has ended. */
static void run_rest(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *thread;
	struct nw_rcu_head *list;
	struct reader *reader;

	/* Without a record nobody ever called; else one is free, and this cannot fail. */
	if (!first_reader(rcu) || nw_rcu_register(&thread, rcu, NULL) < 0)
		return;
	reader = reader_of(thread);
	nwi_hand_fill(&reader->hand);
	while ((list = join_lists(take_lists(reader), take_orphans(rcu))))
		run_all(reader, list);
	nwi_hand_empty(&reader->hand);
}

void nw_rcu_destroy(struct nw_rcu *rcu)
{
	struct nw_mem mem;

	if (!rcu)
		return;
	assert(atomic_load(&rcu->registry.count) == 0);
	run_rest(rcu);
	nwi_registry_fini(&rcu->registry);
	mem = rcu->mem; /* a copy: the block holds its own description */
	nw_mem_free(&mem);
}

void nw_rcu_stats(const struct nw_rcu *rcu, struct nw_rcu_stats *ret_stats)
{
	struct nw_rcu_stats stats = {
		.flavour = rcu->flavour,
		.thread_count = atomic_load(&rcu->registry.count),
		.thread_count_max = atomic_load(&rcu->registry.count_max),
		.fence_reason = rcu->fence_reason,
		.period_count = (atomic_load(&rcu->period) - PERIOD_FIRST) >> PERIOD_SHIFT,
		.refused_count = atomic_load(&rcu->refused_count),
	};

	stats.period_count -= stats.refused_count;
	/* Run first: a callback counts as called before it counts as run. */
	for (struct reader *r = first_reader(rcu); r; r = next_reader(r))
		stats.run_count += read_count(&r->run_count);
	for (struct reader *r = first_reader(rcu); r; r = next_reader(r))
		stats.called_count += read_count(&r->called_count);
	*ret_stats = stats;
}

void nw_rcu_after_fork_child(struct nw_rcu *rcu, struct nw_rcu_thread *self)
{
	struct reader *kept = self ? reader_of(self) : NULL, *reader;

	for (reader = first_reader(rcu); reader; reader = next_reader(reader)) {
		nwi_bias_reset(&reader->bias);
		if (reader == kept)
			continue;
		hand_on(rcu, cut_lists(reader));
		nwi_hand_reset(&reader->hand);
		leave(reader);
	}
	nwi_registry_reset(&rcu->registry, kept ? &kept->member : NULL);
	if (kept)
		kept->tid = nwi_thread_id();
	/* The kernel copies the registration; where it did not, periods find out and do not begin.
	 */
	if (rcu->fence_reason == 0)
		(void)nwi_membarrier_register();
}
