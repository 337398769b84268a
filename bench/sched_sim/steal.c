/* SPDX-License-Identifier: MIT */
/*
 * What a thief does: looks, takes from the head, and leaves what is not worth its migration.
 *
 * Invariant: a task that is taken is either started or put into the thief's deque, once.
 */
#include "state.h"

/* A thief that comes this shortly after another met it at the victim. */
static bool has_lost_race(const struct sim_state *sim, const struct sim_worker *victim)
{
	return victim->taken_ns > 0 &&
	       sim->now_ns - victim->taken_ns < sim->config->costs.probe_ns / 2;
}

static uint64_t ready_at(const struct sim_state *sim, uint32_t node)
{
	struct nwi_load load;

	nwi_load_read(&sim->boards[node], &load);
	return load.amount[NWI_LOAD_CPU];
}

static uint32_t distance(const struct sim_state *sim, uint32_t from, uint32_t to)
{
	return sim->map->distance[from * sim->map->node_count + to];
}

/* Whether a theft has to be judged: it takes the task from its data. */
static bool is_migration(const struct sim_state *sim, const struct sim_task *task, uint32_t from,
			 uint32_t to)
{
	return nwi_migration_is_judged(task->names_home, task->bytes) &&
	       distance(sim, task->home, to) > distance(sim, task->home, from);
}

static bool judge(struct sim_state *sim, const struct sim_worker *thief, uint32_t from,
		  const struct sim_task *task)
{
	const struct sim_machine *machine = &sim->config->machine;
	struct nwi_migration migration = {
		.queue_from = ready_at(sim, from),
		.queue_to = ready_at(sim, thief->node),
		.bytes = task->bytes,
		.distance = distance(sim, task->home, thief->node),
		.price_ps = sim->config->costs.price_ps,
		.priority = 1,
	};
	enum nwi_verdict verdict;

	migration.wait_saved_ns = nwi_migration_wait_saved_ns(
		migration.queue_from, machine->workers[from], migration.queue_to,
		machine->workers[thief->node], sim->graph.mean_ns);
	verdict = nwi_migration_judge(&migration, thief->threshold.value);
	sim->result.refused_difference += verdict == NWI_REFUSED_DIFFERENCE;
	sim->result.refused_cost += verdict == NWI_REFUSED_COST;
	if (sim->config->fault == SIM_MIGRATES_DEARLY)
		verdict = NWI_MIGRATE;
	if (verdict == NWI_MIGRATE)
		sim_check_migration(sim, &migration, thief->threshold.value);
	return verdict == NWI_MIGRATE;
}

static bool may_take(struct sim_state *sim, const struct sim_worker *thief, uint32_t idx)
{
	const struct sim_task *task = &sim->graph.tasks[idx];
	uint32_t from = thief->move.node_idx;
	bool is_away = thief->node != from && is_migration(sim, task, from, thief->node);

	if (is_away && !sim->config->is_unjudged && !judge(sim, thief, from, task))
		return false;
	sim->result.migrations += is_away;
	return true;
}

/* The first that is taken is started, the rest go into the own deque. */
static void receive(struct sim_state *sim, struct sim_worker *thief, uint32_t task, bool is_first)
{
	if (is_first) {
		sim_start(sim, thief, task);
		return;
	}
	sim->moved_puts++;
	if (!sim_deque_put(&thief->deque, task))
		sim_fail(sim, "no memory");
	sim_note_change(sim, thief);
}

static void count_steal(struct sim_state *sim, bool is_local)
{
	if (sim->config->fault == SIM_MISCOUNTS)
		return;
	sim->result.same_node_steals += is_local;
	sim->result.cross_node_steals += !is_local;
}

static enum nwi_saw steal(struct sim_state *sim, struct sim_worker *thief)
{
	struct sim_worker *victim = &sim->workers[thief->move.worker_idx];
	struct sim_deque *deque = &victim->deque;
	uint32_t most = (sim_deque_count(deque) + 1) / 2, got = 0;

	if (most == 0)
		return NWI_SAW_EMPTY;
	if (has_lost_race(sim, victim))
		return NWI_SAW_LOST;
	if (most > thief->move.count_max)
		most = thief->move.count_max;
	for (; got < most; got++) {
		uint32_t task = deque->slots[deque->head & (deque->room - 1)];

		if (!may_take(sim, thief, task))
			break;
		deque->head += sim->config->fault != SIM_DOUBLES_A_TASK;
		count_steal(sim, thief->node == victim->node);
		if (sim->config->fault != SIM_LOSES_A_TASK || got == 0)
			receive(sim, thief, task, got == 0);
	}
	if (got == 0)
		return NWI_SAW_REFUSED;
	victim->taken_ns = sim->now_ns;
	if (sim_deque_count(deque) > 0)
		sim_wake_one(sim, thief->node);
	if (sim->delay_ns > 0)
		sim_reschedule(sim, thief, thief->at_ns + sim->delay_ns);
	return NWI_SAW_GOT;
}

static enum nwi_saw take_injected(struct sim_state *sim, struct sim_worker *thief)
{
	struct sim_deque *injector = &sim->injectors[thief->move.node_idx];
	uint32_t count = sim_deque_count(injector), got = 0;

	for (; got < thief->move.count_max && sim_deque_count(injector) > 0; got++) {
		uint32_t task = injector->slots[injector->head & (injector->room - 1)];

		if (!may_take(sim, thief, task))
			break;
		injector->head++;
		sim->result.injected++;
		receive(sim, thief, task, got == 0);
	}
	sim_show_injector(sim, thief->move.node_idx, count);
	if (got > 0)
		return NWI_SAW_GOT;
	return count > 0 ? NWI_SAW_REFUSED : NWI_SAW_EMPTY;
}

static enum nwi_saw look(struct sim_state *sim, struct sim_worker *worker)
{
	sim->result.looks++;
	for (uint32_t i = 0; i < sim->map->node_count; i++)
		nwi_load_read(&sim->boards[i], &worker->loads[i]);
	return NWI_SAW_LOADS;
}

enum nwi_saw sim_try(struct sim_state *sim, struct sim_worker *worker)
{
	bool is_afar = worker->move.node_idx != worker->node;
	enum nwi_saw saw;

	if (worker->move.kind == NWI_MOVE_LOOK)
		return look(sim, worker);
	sim->result.probes++;
	sim->result.remote_probes += is_afar;
	if (worker->move.kind == NWI_MOVE_INJECTOR)
		return take_injected(sim, worker);
	saw = steal(sim, worker);
	/* A refusal is no failure: counted as one, it would raise what caused it. */
	if (is_afar && saw != NWI_SAW_REFUSED) {
		worker->wins += saw == NWI_SAW_GOT;
		(void)nwi_threshold_step(&worker->threshold, ++worker->tries, worker->wins);
	}
	return saw;
}
