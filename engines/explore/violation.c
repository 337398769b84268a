/* SPDX-License-Identifier: MIT */
/*
 * Violations: the first ends the search, or all are kept where it goes on.
 *
 * Each worker keeps its own, in the order in which it finds them; their traces are made when they
 * are asked for, after the run. Invariant: a worker's list never gets shallower from one to the
 * next, so all lists together are put in the order of their depth by taking the shallowest head.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

/* The first one: most searches have none. */
static int open_lists(struct nwi_worker *worker)
{
	nw_node node = nwi_memory_node(worker->explore, worker->node_idx);
	size_t reserve_bytes = worker->explore->reserve_bytes;
	int rc = nwi_array_open(&worker->violations, node, reserve_bytes, sizeof(void *));

	return rc < 0 ? rc : nw_arena_create(&worker->violation_memory, node, reserve_bytes, 0);
}

int nwi_violation_keep(struct nwi_worker *worker, const struct nwi_fault *fault)
{
	struct nwi_budget *budget = &worker->explore->budget;
	struct nwi_array *list = &worker->violations;
	size_t n_bytes = sizeof(*fault) + fault->n_bytes;
	struct nwi_fault *kept;
	int rc = worker->violation_memory ? 0 : open_lists(worker);

	if (rc == 0)
		rc = nwi_array_grow(list, budget);
	if (rc < 0 || !nwi_budget_take(budget, n_bytes))
		return -ENOMEM;
	kept = nw_arena_alloc(worker->violation_memory, n_bytes, 8);
	if (!kept)
		return -ENOMEM;
	*kept = *fault;
	kept->state = (const uint8_t *)(kept + 1);
	if (fault->n_bytes > 0)
		memcpy(kept + 1, fault->state, fault->n_bytes);
	((const struct nwi_fault **)list->items)[list->count++] = kept;
	nwi_count(&worker->tally.violations, 1);
	return 0;
}

bool nwi_violated(struct nwi_worker *worker, const struct nwi_fault *fault)
{
	struct nw_explore *explore = worker->explore;
	struct nwi_fault kept = *fault;

	if (!explore->options.keep_going) {
		nwi_end_at(explore, NW_EXPLORE_VIOLATION, fault);
		return false;
	}
	/* relaxed: it cannot change before this worker meets the others. */
	kept.depth = atomic_load_explicit(&explore->depth, memory_order_relaxed);
	if (nwi_violation_keep(worker, &kept) == 0)
		return true;
	nwi_end(explore, NW_EXPLORE_NO_MEMORY);
	return false;
}

void nwi_violations_destroy(struct nwi_worker *worker)
{
	nw_arena_destroy(worker->violation_memory);
	nwi_array_close(&worker->violations, &worker->explore->budget);
}

/* ---- all of them ---- */

static const struct nwi_fault *head_of(const struct nwi_worker *worker, uint64_t taken)
{
	return taken < worker->violations.count
		       ? ((const struct nwi_fault **)worker->violations.items)[taken]
		       : NULL;
}

/* The worker whose next violation is the shallowest, the first of equals. */
static uint32_t next_worker(const struct nw_explore *explore, const uint64_t *taken)
{
	uint32_t best = 0;
	const struct nwi_fault *least = NULL;

	for (uint32_t w = 0; w < explore->worker_count; w++) {
		const struct nwi_fault *head = head_of(explore->workers[w], taken[w]);

		if (!head || (least && least->depth <= head->depth))
			continue;
		least = head;
		best = w;
	}
	return best;
}

int nwi_violations_gather(struct nw_explore *explore)
{
	uint64_t count = 0, *taken;
	int rc;

	nw_arena_destroy(explore->violation_arena);
	explore->violation_arena = NULL;
	for (uint32_t w = 0; w < explore->worker_count; w++)
		count += explore->workers[w]->violations.count;
	rc = nw_arena_create(&explore->violation_arena, NW_NODE_ANY,
			     (count + explore->worker_count) * sizeof(uint64_t) + 4096, 0);
	if (rc < 0)
		return rc;
	taken = nw_arena_alloc(explore->violation_arena, explore->worker_count * sizeof(*taken), 8);
	explore->violations = nw_arena_alloc(explore->violation_arena,
					     (count + 1) * sizeof(*explore->violations), 8);
	if (!taken || !explore->violations)
		return -ENOMEM;
	for (uint64_t i = 0; i < count; i++) {
		uint32_t w = next_worker(explore, taken);

		explore->violations[i] = head_of(explore->workers[w], taken[w]++);
	}
	explore->violation_count = count;
	return 0;
}

int nw_explore_violation_at(struct nw_explore *explore, uint64_t violation_idx,
			    struct nw_explore_violation *ret_violation)
{
	const struct nwi_fault *fault;
	int rc = explore->has_gathered ? 0 : nwi_violations_gather(explore);

	if (rc < 0)
		return rc;
	explore->has_gathered = true;
	if (violation_idx >= explore->violation_count)
		return -ENODATA;
	fault = explore->violations[violation_idx];
	rc = nwi_trace_make(explore, fault, &explore->violation_trace);
	if (rc < 0)
		return rc;
	*ret_violation = (struct nw_explore_violation){
		.name = fault->name,
		.is_step = fault->is_step,
		.steps = explore->violation_trace.steps,
		.step_count = explore->violation_trace.step_count,
	};
	return 0;
}
