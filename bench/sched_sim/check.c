/* SPDX-License-Identifier: MIT */
/*
 * What must hold after every step of a run.
 *
 *   - every start came from an own pop, a theft or an injector, and each of these was counted once;
 *   - every ready task is in exactly one place, every running one at one worker, and what was put
 * into deques and injectors is what was taken and what is inside (a scan);
 *   - what was published is what boards hold, dimension by dimension (a scan);
 *   - no migration goes ahead that costs at least what it gains (reckoned anew here).
 *
 * The sums are looked at after each step, the scans every `scan_every` steps and at the end.
 */
#include "state.h"

#include <inttypes.h>
#include <string.h>

static uint64_t taken(const struct sim_result *result)
{
	return result->local_pops + result->injected + result->same_node_steals +
	       result->cross_node_steals;
}

static void check_sums(struct sim_state *sim)
{
	const struct sim_result *result = &sim->result;

	/* A task that went into a thief's deque is taken from there once more, to be started. */
	if (sim->starts + sim->moved_puts != taken(result))
		sim_fail(sim, "%" PRIu64 " started and %" PRIu64 " moved, but %" PRIu64 " taken",
			 sim->starts, sim->moved_puts, taken(result));
	if (result->migrations > result->cross_node_steals + result->injected)
		sim_fail(sim, "more migrations than tasks that crossed nodes");
	if (result->at_home > result->with_data || result->with_data > sim->starts)
		sim_fail(sim, "more tasks at home than there are");
	if (sim->done_count > sim->starts)
		sim_fail(sim, "more tasks ended than began");
}

static uint64_t meet_deque(struct sim_state *sim, const struct sim_deque *deque)
{
	for (uint32_t i = deque->head; i != deque->tail; i++) {
		uint32_t task = deque->slots[i & (deque->room - 1)];

		sim->places[task]++;
		if (sim->graph.tasks[task].stage != SIM_READY)
			sim_fail(sim, "task %u is in a deque and not ready", task);
	}
	return sim_deque_count(deque);
}

static void scan_tasks(struct sim_state *sim)
{
	uint64_t inside = 0;

	memset(sim->places, 0, sim->graph.task_count);
	for (uint32_t i = 0; i < sim->map->node_count; i++)
		inside += meet_deque(sim, &sim->injectors[i]);
	for (uint32_t i = 0; i < sim->map->worker_count; i++) {
		inside += meet_deque(sim, &sim->workers[i].deque);
		if (sim->workers[i].doing == SIM_RUNS)
			sim->places[sim->workers[i].task]++;
	}
	for (uint32_t i = 0; i < sim->graph.task_count; i++) {
		enum sim_stage stage = sim->graph.tasks[i].stage;
		uint32_t expected = stage == SIM_READY || stage == SIM_RUNNING;

		if (sim->places[i] != expected)
			sim_fail(sim, "task %u is in %u places, not %u", i, sim->places[i],
				 expected);
	}
	if (sim->ready_puts + sim->moved_puts != taken(&sim->result) + inside)
		sim_fail(sim, "%" PRIu64 " put, but %" PRIu64 " taken and %" PRIu64 " inside",
			 sim->ready_puts + sim->moved_puts, taken(&sim->result), inside);
}

static void scan_boards(struct sim_state *sim)
{
	for (uint32_t node = 0; node < sim->map->node_count; node++) {
		struct nwi_load shown, published = sim_ballast(sim, node);

		published.amount[NWI_LOAD_CPU] += sim_deque_count(&sim->injectors[node]);
		for (uint32_t i = sim->map->first_worker[node];
		     i < sim->map->first_worker[node + 1]; i++)
			for (uint32_t dim = 0; dim < NWI_LOAD_DIM_COUNT; dim++)
				published.amount[dim] += sim->workers[i].published.amount[dim];
		nwi_load_read(&sim->boards[node], &shown);
		if (memcmp(&shown, &published, sizeof(shown)) != 0)
			sim_fail(sim, "the board of node %u is not what was published", node);
	}
}

void sim_check_step(struct sim_state *sim)
{
	check_sums(sim);
	if (sim->result.step_count % sim->config->scan_every == 0) {
		scan_tasks(sim);
		scan_boards(sim);
	}
}

void sim_check_end(struct sim_state *sim)
{
	scan_tasks(sim);
	scan_boards(sim);
	if (sim->starts != sim->graph.task_count || sim->done_count != sim->graph.task_count)
		sim_fail(sim, "%u tasks, but %" PRIu64 " began and %u ended", sim->graph.task_count,
			 sim->starts, sim->done_count);
	if (sim->now_ns < sim->graph.bound_ns)
		sim_fail(sim, "ended before the bound, after %" PRIu64 " ns", sim->now_ns);
}

/* The rule once more, from its text and with other arithmetic: long division instead of products.
 */
void sim_check_migration(struct sim_state *sim, const struct nwi_migration *migration,
			 uint32_t threshold)
{
	uint64_t price = (uint64_t)migration->distance * migration->price_ps;
	nwi_u128 benefit = (nwi_u128)migration->wait_saved_ns * 1000 * migration->priority;

	if (migration->queue_from < migration->queue_to ||
	    migration->queue_from - migration->queue_to <= threshold)
		sim_fail(sim, "migrated between queues of %" PRIu64 " and %" PRIu64,
			 migration->queue_from, migration->queue_to);
	/* bytes * price < benefit, without the product: bytes < benefit / price, rounded up. */
	if (price > 0 ? migration->bytes >= benefit / price + (benefit % price != 0) : benefit == 0)
		sim_fail(sim, "migrated %" PRIu64 " bytes at a cost not below the benefit",
			 migration->bytes);
}
