/* SPDX-License-Identifier: MIT */
/*
 * The state of a flow's task: one word, written by whoever has the task; of an open one, whose
 * successors others may add to at any time, under the lock that is a bit of it.
 */
#ifndef NWI_DAG_FLOW_STATE_H
#define NWI_DAG_FLOW_STATE_H

#include "dag/flow.h"
#include "os/backoff.h"

static inline uint32_t nwi_flow_state_word(const struct nw_flow_task *task)
{
	/* [flow_state.get] acquire, pairs with [flow_state.set], [flow_running.set],
	 * [flow_complete.set]: what led to it. */
	return atomic_load_explicit(&task->state, memory_order_acquire);
}

static inline void nwi_flow_lock(struct nw_flow_task *task)
{
	struct nwi_backoff backoff = { 0 };

	while ((atomic_fetch_or(&task->state, NWI_FLOW_LOCKED) & NWI_FLOW_LOCKED) != 0)
		nwi_backoff_wait(&backoff);
}

static inline void nwi_flow_unlock(struct nw_flow_task *task)
{
	atomic_fetch_and(&task->state, ~(uint32_t)NWI_FLOW_LOCKED);
}

static inline void nwi_flow_set_state(struct nw_flow_task *task, enum nw_dag_state state,
				      enum nw_dag_reason reason)
{
	/* relaxed: sole writer, or under the lock of the open task. */
	uint32_t old = atomic_load_explicit(&task->state, memory_order_relaxed);

	/* [flow_state.set] release, pairs with [flow_state.get]: what led to it. */
	atomic_store_explicit(&task->state,
			      (old & ~UINT32_C(0xffff)) | (uint32_t)state | (uint32_t)reason << 8,
			      memory_order_release);
}

static inline bool nwi_flow_is_open(const struct nw_flow_task *task)
{
	/* relaxed: the bit cannot change once the task was let go. */
	return (atomic_load_explicit(&task->state, memory_order_relaxed) & NWI_FLOW_OPEN) != 0;
}

static inline void nwi_flow_change_state(struct nw_flow_task *task, enum nw_dag_state state,
					 enum nw_dag_reason reason)
{
	if (NW_UNLIKELY(nwi_flow_is_open(task))) {
		nwi_flow_lock(task);
		nwi_flow_set_state(task, state, reason);
		nwi_flow_unlock(task);
	} else {
		nwi_flow_set_state(task, state, reason);
	}
}

#endif /* NWI_DAG_FLOW_STATE_H */
