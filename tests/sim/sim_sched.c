/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's step functions on simulated machines, seed after seed, with every invariant
 * checked at every step; and the proof that the checks see faults. A failure names its seed:
 * `nodewise bench sched-sim replay SEED` shows each of its steps.
 */
#include "nw_test.h"

#include "bench/sched_sim/sim.h"

#ifdef NW_SMALL
enum {
	SEEDS = 10,
	TRACES = 3,
	DAG_TASKS = 600,
	TREE_TASKS = 3000
}; /* ThreadSanitizer: thirty times slower */
#else
enum { SEEDS = 150, TRACES = 20, DAG_TASKS = 2000, TREE_TASKS = 10000 };
#endif
enum { FAULT_SEEDS = 20 };

TEST(every_invariant_holds_at_every_step_of_many_runs)
{
	uint64_t first = nw_test_seed() * 1000003, count = (uint64_t)nw_test_scale() * SEEDS;
	struct sim_config config;
	struct sim_result result;

	for (uint64_t seed = first; seed < first + count; seed++) {
		sim_config_random(seed, &config);
		if (!sim_run(&config, &result))
			FAIL("%s; replay: nodewise bench sched-sim replay %" PRIu64, result.text,
			     seed);
	}
}

static uint32_t count_reports(enum sim_fault fault)
{
	uint32_t reports = 0;

	for (uint64_t seed = 1; seed <= FAULT_SEEDS; seed++) {
		struct sim_config config;
		struct sim_result result;

		sim_config_random(seed, &config);
		config.fault = fault;
		config.is_unjudged = false;
		reports += !sim_run(&config, &result);
	}
	return reports;
}

TEST(a_sound_run_is_not_reported)
{
	CHECK_INT(count_reports(SIM_SOUND), ==, 0);
}

TEST(a_lost_task_is_reported)
{
	CHECK_INT(count_reports(SIM_LOSES_A_TASK), >, 0);
}

TEST(a_doubled_task_is_reported)
{
	CHECK_INT(count_reports(SIM_DOUBLES_A_TASK), >, FAULT_SEEDS / 4);
}

TEST(a_migration_that_costs_too_much_is_reported)
{
	CHECK_INT(count_reports(SIM_MIGRATES_DEARLY), >, 0);
}

TEST(a_steal_that_is_not_counted_is_reported)
{
	CHECK_INT(count_reports(SIM_MISCOUNTS), >, FAULT_SEEDS / 4);
}

TEST(a_board_that_shows_what_is_not_there_is_reported)
{
	CHECK_INT(count_reports(SIM_MISPUBLISHES), >, FAULT_SEEDS / 4);
}

static char *trace_of(uint64_t seed)
{
	struct sim_config config;
	struct sim_result result;
	char *text = NULL;
	size_t n_bytes;

	sim_config_random(seed, &config);
	config.trace = open_memstream(&text, &n_bytes);
	CHECK(config.trace);
	CHECK(sim_run(&config, &result));
	fclose(config.trace);
	return text;
}

TEST(a_seed_gives_the_same_steps_again)
{
	for (uint64_t seed = 1; seed <= TRACES; seed++) {
		char *first = trace_of(seed), *second = trace_of(seed), *other;

		CHECK_STR(first, second);
		other = trace_of(seed + 1);
		CHECK(strcmp(first, other) != 0);
		free(first);
		free(second);
		free(other);
	}
}

TEST(a_seeds_machine_has_workers_and_stays_within_bounds)
{
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct sim_config config;
		uint32_t workers = 0;

		sim_config_random(seed, &config);
		CHECK(config.machine.node_count >= 1);
		CHECK_INT(config.machine.node_count, <=, SIM_NODES_MAX);
		for (uint32_t i = 0; i < config.machine.node_count; i++)
			workers += config.machine.workers[i];
		CHECK_INT(workers, ==, config.machine.worker_count);
		CHECK(workers >= 1 && workers <= SIM_WORKERS_MAX);
	}
}

static void read_eight(struct sim_machine *ret_machine)
{
	CHECK(sim_machine_read("synthetic:pack:2 numa:4 core:48 pu:1", ret_machine));
}

TEST(a_machine_of_384_cores_is_read_from_its_description)
{
	struct sim_machine machine;

	read_eight(&machine);
	CHECK_INT(machine.node_count, ==, 8);
	CHECK_INT(machine.worker_count, ==, 384);
	CHECK_INT(machine.distance[0], ==, 10);
	CHECK_INT(machine.distance[3], ==, 12);
	CHECK_INT(machine.distance[4], ==, 20);
	CHECK(!sim_machine_read("synthetic:pack:9 numa:1 core:1 pu:1", &machine));
	CHECK(!sim_machine_read("synthetic:pack:1 numa:1 core:385 pu:1", &machine));
}

static void run_dag(enum nwi_policy_kind kind, bool is_unjudged, struct sim_result *ret_result)
{
	struct sim_config config = { .work = SIM_DAG,
				     .task_count = DAG_TASKS,
				     .is_unjudged = is_unjudged,
				     .seed = nw_test_seed(),
				     .scan_every = 4096 };

	read_eight(&config.machine);
	sim_costs_default(&config.costs);
	nwi_policy_options_default(&config.policy, kind);
	if (!sim_run(&config, ret_result))
		FAIL("%s", ret_result->text);
}

static uint64_t tree_ns(enum nwi_policy_kind kind, uint32_t publish_every)
{
	struct sim_config config = { .work = SIM_TREE,
				     .task_count = TREE_TASKS,
				     .seed = nw_test_seed(),
				     .scan_every = 1 << 20 };
	struct sim_result result;

	read_eight(&config.machine);
	sim_costs_default(&config.costs);
	config.costs.publish_every = publish_every;
	nwi_policy_options_default(&config.policy, kind);
	if (!sim_run(&config, &result))
		FAIL("%s", result.text);
	return result.makespan_ns;
}

TEST(boards_by_large_changes_do_as_well_as_by_every_change)
{
	uint64_t every = tree_ns(NWI_POLICY_IMBALANCE, 1);

	CHECK_INT(tree_ns(NWI_POLICY_IMBALANCE, 0) * 10, <, every * 12);
}

TEST(judged_thefts_leave_tasks_at_home)
{
	struct sim_result judged, unjudged;

	for (uint32_t kind = 0; kind < NWI_POLICY_COUNT; kind++) {
		run_dag((enum nwi_policy_kind)kind, false, &judged);
		run_dag((enum nwi_policy_kind)kind, true, &unjudged);
		CHECK_INT(judged.at_home * 10, >=, judged.with_data * 9);
		CHECK_INT(unjudged.at_home * 10, <, unjudged.with_data * 9);
		CHECK_INT(unjudged.refused_cost + unjudged.refused_difference, ==, 0);
		CHECK_INT(judged.remote_bytes * 4, <, unjudged.remote_bytes);
	}
}
