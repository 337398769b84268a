/* SPDX-License-Identifier: MIT */
/*
 * How workers sleep, and who wakes them.
 *
 *     sleeper                                waker
 *     prepare(home's event)                  makes work visible
 *     announce: sleepers + 1, then total + 1 total == 0: done
 *     look everywhere, once more             claims one: sleepers - 1, claimed + 1, total - 1
 *     wait, or cancel; leave                 notifies that home's event
 *
 * Invariant: unclaimed is how many sleepers nobody has promised a wake-up; claimed is how many
 * promises were made and not yet used. Each wake-up of the event is one promise, so a waker wakes
 * one sleeper, and no two wakers count on the same.
 *
 * Why no work is overlooked. The announcement of the total, the last look, the making visible and
 * the waker's read of the total are sequentially consistent. If the look misses the work, it comes
 * before it was made visible, so the announcement comes before the waker's read, which finds a
 * sleeper. If that sleeper has been claimed meanwhile, by another waker, it looks everywhere
 * after it wakes and before it sleeps again, and announces itself before that look: the same
 * argument, once more. The order prepare, announce sees to it that a claimed sleeper is one whom a
 * notify can reach (lf/event.c).
 *
 * A sleeper that finds work in its last look and was claimed meanwhile passes the promise on.
 *
 * notify_one may find several waiters between their prepare and the kernel, and all of those
 * return; whoever returns uses a promise if there is one and takes itself out of the unclaimed
 * otherwise, so the numbers stay right whoever it was. Of those asleep the kernel wakes the one
 * that came first.
 *
 * No herd: a job wakes one sleeper, and so does a publication of tasks (tasks.c); whoever wakes and
 * steals wakes one more if its victim shows more (loop.c).
 */
#include "sched/sched.h"

#include "base/fence.h"

#define CLAIM_ONE (UINT64_C(1) << 32)

static uint32_t unclaimed_in(uint64_t sleepers)
{
	return (uint32_t)sleepers;
}

static uint32_t claimed_in(uint64_t sleepers)
{
	return (uint32_t)(sleepers >> 32);
}

void nwi_idle_announce(struct nw_sched *sched, struct nwi_home *home)
{
	atomic_fetch_add(&home->sleepers, 1);
	/* [idle_announce.total] seq_cst, pairs with [idle_wake.total]: the look that follows. */
	atomic_fetch_add(&sched->sleeper_count, 1);
	nwi_fence_full(); /* queues and deques are read by weaker loads than that needs */
}

bool nwi_idle_leave(struct nw_sched *sched, struct nwi_home *home, bool is_woken)
{
	uint64_t sleepers = atomic_load(&home->sleepers);
	bool uses_promise;

	do {
		uses_promise = is_woken ? claimed_in(sleepers) > 0 : unclaimed_in(sleepers) == 0;
	} while (!atomic_compare_exchange_weak(&home->sleepers, &sleepers,
					       sleepers - (uses_promise ? CLAIM_ONE : 1)));
	if (!uses_promise)
		atomic_fetch_sub(&sched->sleeper_count, 1);
	return uses_promise && !is_woken;
}

static void count_wake(struct nw_sched *sched)
{
	struct nwi_worker *worker = nwi_worker_self();

	if (worker && worker->sched == sched)
		nwi_count_add(worker, NWI_COUNT_WAKES, 1);
	else
		/* relaxed: a statistic. */
		atomic_fetch_add_explicit(&sched->outside_wakes, 1, memory_order_relaxed);
}

/* Whether one was claimed and notified. */
static bool wake_at(struct nw_sched *sched, struct nwi_home *home)
{
	uint64_t sleepers = atomic_load(&home->sleepers);

	do {
		if (unclaimed_in(sleepers) == 0)
			return false;
	} while (!atomic_compare_exchange_weak(&home->sleepers, &sleepers,
					       sleepers - 1 + CLAIM_ONE));
	atomic_fetch_sub(&sched->sleeper_count, 1);
	count_wake(sched);
	nw_event_notify_one(&home->event);
	return true;
}

bool nwi_idle_wake_one(struct nw_sched *sched, uint32_t node_idx, bool only_home)
{
	const struct nwi_policy_map *map = sched->map;

	/* [idle_wake.total] seq_cst, pairs with [idle_announce.total]: what was made visible before
	 * is seen by a sleeper that we do not see. */
	if (atomic_load(&sched->sleeper_count) == 0)
		return false;
	if (sched->homes[node_idx] && wake_at(sched, sched->homes[node_idx]))
		return true;
	for (uint32_t i = 0; !only_home && i + 1 < map->node_count; i++) {
		uint32_t near_idx = map->nearest[node_idx * map->node_count + i];

		if (sched->homes[near_idx] && wake_at(sched, sched->homes[near_idx]))
			return true;
	}
	return false;
}

void nwi_idle_wake_all(struct nw_sched *sched)
{
	for (uint32_t i = 0; i < sched->home_count; i++)
		nw_event_notify_all(&sched->homes[sched->homes_used[i]]->event);
}
