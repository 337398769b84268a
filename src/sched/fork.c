/* SPDX-License-Identifier: MIT */
/*
 * What a task may do with its here, beyond the fast ways of nw/task.h: the plain interface, loops,
 * tokens, and where it is.
 *
 * Invariant: a task that thieves can see carries the token of the function that spawned it. It is
 * written down when the task is published (tasks.c), under the token of that moment; so who changes
 * the token writes down the old one for all that is private before (`stamped`).
 */
#include "sched/sched.h"

#include <assert.h>

static const struct nwi_worker *worker_at(struct nw_here here)
{
	return nwi_worker_of(here.worker);
}

uint32_t nw_here_worker_idx(struct nw_here here)
{
	return worker_at(here)->worker_idx;
}

uint32_t nw_here_node_idx(struct nw_here here)
{
	return worker_at(here)->node_idx;
}

struct nw_sched *nw_here_sched(struct nw_here here)
{
	return worker_at(here)->sched;
}

struct nw_cancel *nw_here_cancel(struct nw_here here)
{
	return worker_at(here)->cancel;
}

bool nw_here_is_cancelled(struct nw_here here)
{
	return nw_cancel_is_set(worker_at(here)->cancel);
}

/* The plain interface: a task of the typed one that calls a function by pointer. */
NW_TASK_VOID(plain, nw_task_fn *, fn, void *, arg)
{
	if (!nw_here_is_cancelled(nw_here))
		fn(nw_here, arg);
}

void nw_spawn(struct nw_here *here, nw_task_fn *fn, void *arg)
{
	plain_nw_spawn(here, fn, arg);
}

void nw_sync(struct nw_here *here)
{
	plain_nw_sync(here);
}

/* A range of nw_for(), halved; the upper half may be stolen. */
NW_TASK_VOID(range, uint64_t, begin, uint64_t, end, uint64_t, grain, nw_for_fn *, fn, void *, arg)
{
	uint64_t middle = begin + (end - begin) / 2;

	if (nw_here_is_cancelled(nw_here))
		return;
	if (end - begin <= grain) {
		fn(nw_here, begin, end, arg);
		return;
	}
	NW_SPAWN(range, middle, end, grain, fn, arg);
	NW_CALL(range, begin, middle, grain, fn, arg);
	NW_SYNC(range);
}

void nw_for(struct nw_here here, uint64_t begin, uint64_t end, uint64_t grain, nw_for_fn *fn,
	    void *arg)
{
	assert(begin <= end);
	if (grain == 0)
		grain = (end - begin) / (8 * (uint64_t)worker_at(here)->sched->worker_count);
	if (begin < end)
		range(here, begin, end, grain > 0 ? grain : 1, fn, arg);
}

void nw_with_cancel(struct nw_here here, struct nw_cancel *cancel, nw_task_fn *fn, void *arg)
{
	struct nwi_worker *worker = nwi_worker_of(here.worker);
	uint32_t head = (uint32_t)(here.head - worker->slots), stamped = worker->stamped;
	struct nw_cancel *outer = worker->cancel;

	for (uint32_t i = worker->split > stamped ? worker->split : stamped; i < head; i++)
		worker->slots[i].cancel = outer;
	worker->stamped = head;
	worker->cancel = cancel;
	fn(here, arg);
	worker->cancel = outer;
	worker->stamped = stamped;
}
