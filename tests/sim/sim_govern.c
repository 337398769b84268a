/* SPDX-License-Identifier: MIT */
/*
 * Limits over many shards, simulated: every interval of every run is looked at. What one might do
 * instead of credits is run beside them, and has to be seen to do worse. `nodewise bench govern
 * replay SEED` shows a run that was reported.
 */
#include "nw_test.h"

#include "bench/govern_sim/sim.h"

#include <signal.h>

#ifdef NW_SMALL
enum { SEEDS = 15, SELDOM_SHARDS = 4 };
#else
enum { SEEDS = 150, SELDOM_SHARDS = 64 };
#endif
enum { FAULT_SEEDS = 12, LOGS = 300 };

static struct sim_result run(const struct sim_config *config)
{
	struct sim_result result;

	if (!sim_run(config, &result))
		FAIL("%s, %s, %u shards: %s", sim_method_name(config->method),
		     sim_load_name(config->load), config->shard_count, result.text);
	return result;
}

TEST(no_interval_of_many_random_runs_is_above_the_limit)
{
	uint64_t first = nw_test_seed() * 1000003, count = (uint64_t)nw_test_scale() * SEEDS;
	struct sim_config config;
	uint64_t admitted = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		sim_config_random(seed, &config);
		admitted += run(&config).admitted;
	}
	CHECK(admitted > 1000 * count);
}

/* -- the check itself --------------------------------------------------------------------- */

/* Every pair of records, by the definition. */
static sim_wide overshoot_by_definition(const struct sim_log *log, const struct nw_limit *limit)
{
	sim_wide worst = 0;

	for (size_t i = 0; i < log->count; i++) {
		for (size_t k = 0; k < log->count; k++) {
			uint64_t s = log->records[i].at_ns, e = log->records[k].at_ns;
			sim_wide admitted = 0, over;

			for (size_t j = 0; s <= e && j < log->count; j++) {
				if (log->records[j].at_ns >= s && log->records[j].at_ns <= e)
					admitted += log->records[j].count;
			}
			over = admitted * 1000000000 - (sim_wide)limit->burst * 1000000000 -
			       (sim_wide)limit->rate_per_s * (e > s ? e - s : 0);
			worst = over > worst ? over : worst;
		}
	}
	return worst;
}

TEST(the_check_finds_what_looking_at_all_intervals_finds)
{
	struct nwi_prng prng;
	uint64_t interval_ns, bad = 0;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < LOGS; i++) {
		struct nw_limit limit = { 1 + nwi_prng_below(&prng, 20),
					  nwi_prng_below(&prng, 2000000) };
		struct sim_log log = { 0 };
		sim_wide expected, got;

		for (uint32_t n = nwi_prng_below(&prng, 30); n > 0; n--) {
			uint64_t at_ns = nwi_prng_below(&prng, 30000);

			sim_log_add(&log, (struct sim_record){ .at_ns = at_ns,
							       .real_ns = at_ns,
							       .count = nwi_prng_below(&prng, 5) });
		}
		expected = overshoot_by_definition(&log, &limit);
		got = sim_overshoot(&log, &limit, 0, UINT64_MAX, &interval_ns);
		CHECK(got == expected);
		bad += got > 0;
		free(log.records);
	}
	CHECK(bad > LOGS / 10 && bad < LOGS / 10 * 9);
}

/* -- planted faults ----------------------------------------------------------------------- */

/* Whether a run is reported, by what it admitted or by an assertion of the library. */
static bool is_reported(const struct sim_config *config)
{
	pid_t pid = fork();
	struct sim_result result;
	int status = 0;

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
		_exit(sim_run(config, &result) ? 0 : 1);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGABRT;
	CHECK_INT(WEXITSTATUS(status), <=, 1);
	return WEXITSTATUS(status) == 1;
}

static uint32_t count_reports(enum sim_fault fault)
{
	uint32_t reports = 0;

	for (uint64_t seed = 1; seed <= FAULT_SEEDS; seed++) {
		struct sim_config config = { .load = SIM_FLOOD,
					     .shard_count = 4,
					     .limits = { { 100, 20000 } },
					     .limit_count = 1,
					     .duration_ns = 50000000,
					     .step_ns = 20000,
					     .tick_ns = 1000000,
					     .delay_ns_max = 5000,
					     .reload_ns = 10000000,
					     .fault = fault,
					     .seed = seed };

		reports += is_reported(&config);
	}
	return reports;
}

TEST(a_sound_run_is_not_reported)
{
	CHECK_INT(count_reports(SIM_SOUND), ==, 0);
}

TEST(a_grant_that_comes_twice_is_reported)
{
	CHECK_INT(count_reports(SIM_DOUBLES_A_GRANT), ==, FAULT_SEEDS);
}

TEST(spending_that_is_hidden_is_reported)
{
	CHECK_INT(count_reports(SIM_HIDES_SPENDING), ==, FAULT_SEEDS);
}

TEST(buckets_that_a_reload_fills_are_reported)
{
	CHECK_INT(count_reports(SIM_FORGETS_AT_RELOAD), ==, FAULT_SEEDS);
}

/* -- what it is worth --------------------------------------------------------------------- */

static struct sim_config steady(enum sim_method method, enum sim_load load, uint32_t shard_count)
{
	return (struct sim_config){ .method = method,
				    .load = load,
				    .shard_count = shard_count,
				    .limits = { { 10000, 1000000 } },
				    .limit_count = 1,
				    .duration_ns = 200000000,
				    .step_ns = shard_count > 16 ? 40000 : 20000,
				    .tick_ns = 1000000,
				    .offered_per_s = load == SIM_TRICKLE ? 0 : 2000000,
				    .delay_ns_max = 2000,
				    .seed = nw_test_seed() };
}

TEST(nearly_all_of_a_limit_is_used_wherever_the_load_is)
{
	static const uint32_t shards[] = { 1, 2, 4, 16, 64 };

	for (size_t i = 0; i < sizeof shards / sizeof shards[0]; i++) {
		for (enum sim_load load = SIM_FLOOD; load <= SIM_MOVING; load++) {
			struct sim_config config = steady(SIM_CREDITS, load, shards[i]);
			struct sim_result result = run(&config);

			if (result.used < 0.97)
				FAIL("%s, %u shards: %.3f", sim_load_name(load), shards[i],
				     result.used);
		}
	}
}

TEST(who_stays_below_the_limit_is_never_refused)
{
	static const uint32_t shards[] = { 1, 2, 4, 16, 64 };

	for (size_t i = 0; i < sizeof shards / sizeof shards[0]; i++) {
		struct sim_config config = steady(SIM_CREDITS, SIM_TRICKLE, shards[i]);
		struct sim_result result = run(&config);

		CHECK(result.offered > 100000);
		CHECK_INT(result.refused, ==, 0);
	}
}

/* One packet a while, of a limit that is far above: credit that went home must not cost it. */
TEST(who_sends_seldom_is_never_refused)
{
	for (uint32_t shards = 1; shards <= SELDOM_SHARDS; shards *= 4) {
		struct sim_config config = steady(SIM_CREDITS, SIM_FLOOD, shards);

		config.limits[0] = (struct nw_limit){ 8, 1000 };
		config.offered_per_s = 150;
		config.duration_ns = 2000000000;
		CHECK(run(&config).admitted > 200);
		CHECK_INT(run(&config).refused, ==, 0);
		config.no_waiting = true;
		CHECK(shards == 1 || run(&config).refused > 0); /* what waiting is for */
	}
}

TEST(few_flights_are_used_to_the_last)
{
	for (uint32_t shards = 1; shards <= 16; shards *= 4) {
		struct sim_config config = steady(SIM_CREDITS, SIM_FLOOD, shards);

		config.in_flight_max = 64;
		config.limits[0] = (struct nw_limit){ 1000000, 1000000000 };
		/* 64 at a time, of 1 ms each on average: 64,000 a second. */
		CHECK(run(&config).admitted > 64000 / 5 * 9 / 10);
	}
}

/* -- what one might do instead ------------------------------------------------------------ */

TEST(merging_later_admits_bursts_too_many)
{
	struct sim_config config = steady(SIM_MERGE_LATER, SIM_FLOOD, 16);
	struct sim_result result;

	config.limits[0] = (struct nw_limit){ 1000, 1000 };
	config.offered_per_s = 100000000;
	CHECK(!sim_run(&config, &result));
	CHECK(result.overshoot >= 14 * 1000.0);
	config.method = SIM_CREDITS;
	CHECK_INT(run(&config).overshoot, ==, 0);
}

TEST(pushing_parts_wastes_what_is_pushed_elsewhere)
{
	struct sim_config config = steady(SIM_PUSH_EQUAL, SIM_MOVING, 16);

	CHECK(run(&config).used < 0.2);
	config.method = SIM_PUSH_DEMAND;
	config.tick_ns = 10000000;
	CHECK(run(&config).used < 0.7);
	config.method = SIM_CREDITS;
	CHECK(run(&config).used > 0.97);
}

TEST(pushing_parts_of_a_small_limit_admits_nothing)
{
	struct sim_config config = steady(SIM_PUSH_EQUAL, SIM_FLOOD, 16);

	config.limits[0] = (struct nw_limit){ 8, 1000 };
	CHECK_INT(run(&config).admitted, ==, 0);
	config.method = SIM_CREDITS;
	CHECK(run(&config).used > 0.9);
}

TEST(a_refill_that_looks_at_the_room_it_finds_admits_too_many)
{
	struct sim_config config = steady(SIM_PULL_NO_ROOM, SIM_BURSTS, 16);
	struct sim_result result;

	config.limits[0] = (struct nw_limit){ 16, 10000 };
	config.tick_ns = 1000000;
	CHECK(!sim_run(&config, &result));
	CHECK(result.overshoot > 1);
	config.method = SIM_CREDITS;
	CHECK_INT(run(&config).overshoot, ==, 0);
}

TEST(a_seed_gives_the_same_run_again)
{
	struct sim_config config;
	struct sim_result first, second;

	for (uint64_t seed = 1; seed <= 5; seed++) {
		sim_config_random(seed, &config);
		first = run(&config);
		second = run(&config);
		CHECK(first.offered == second.offered && first.admitted == second.admitted);
		CHECK(first.messages == second.messages && first.refused == second.refused);
	}
}
