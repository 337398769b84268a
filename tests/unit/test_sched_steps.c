/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's turns on one thread: a seed decides which worker takes the next one, so a run can
 * be had again. The workers are real, with their deques, injectors, mailboxes and policies; their
 * threads have ended, and this one plays all of them. What the policies do on machines that are not
 * here is bench_sched_sim's.
 */
#include "nw_test.h"

#include "sched/sched.h"

enum { WORKERS = 8, NODES = 4, DEPTH = 9, JOBS = (1 << DEPTH) - 1, TURNS_MAX = 1000000 };

struct play {
	struct nw_topo *topo;
	struct nw_sched *sched;
	uint32_t run_count;
	uint64_t trace; /* a hash of who ran what, in order */
};

struct step_job {
	struct nw_job job;
	struct play *play;
	uint32_t idx;
	uint32_t run_count;
};

static struct step_job jobs[JOBS];

/* Each job makes two; every third names a node. */
static void run_job(struct nw_here here, struct nw_job *job)
{
	struct step_job *me = (struct step_job *)(void *)job;
	struct play *play = me->play;

	me->run_count++;
	play->run_count++;
	play->trace = nwi_mix64(play->trace ^ ((uint64_t)nw_here_worker_idx(here) << 32 | me->idx));
	for (uint32_t i = 2 * me->idx + 1; i <= 2 * me->idx + 2 && i < JOBS; i++)
		CHECK_INT(nw_sched_submit(play->sched, &jobs[i].job), ==, 0);
}

/* A scheduler whose threads are gone, as if it had not stopped. */
static void start(struct play *play, enum nw_sched_policy policy, uint64_t seed)
{
	struct nw_topo_options topo = { .simulate_nodes = NODES };
	struct nw_sched_options options = { .policy = policy, .seed = seed };
	struct nw_crew_options crew = { .worker_count = WORKERS, .oversubscribe = true };

	*play = (struct play){ .trace = seed };
	CHECK_INT(nw_topo_open(&play->topo, &topo, NULL), ==, 0);
	crew.topo = play->topo;
	CHECK_INT(nw_sched_start(&play->sched, &crew, &options, NULL), ==, 0);
	nw_sched_stop(play->sched);
	nw_crew_join(play->sched->crew);
	atomic_store(&play->sched->is_stopping, false);
	CHECK_INT(atomic_load(&play->sched->sleeper_count), ==, 0);
	for (uint32_t i = 0; i < WORKERS; i++) { /* how far the threads drew is not repeatable */
		struct nwi_worker *worker = play->sched->workers[i];
		struct nwi_policy_options policy_options = worker->policy.options;

		nwi_policy_init(&worker->policy, play->sched->map, &policy_options, i, seed + i);
		worker->turn = worker->tries = worker->successes = 0;
		nwi_threshold_init(&worker->threshold, worker->threshold.min, worker->threshold.min,
				   worker->threshold.max, worker->threshold.window);
	}
	for (uint32_t i = 0; i < JOBS; i++) {
		jobs[i] = (struct step_job){ .play = play, .idx = i };
		nw_job_init(&jobs[i].job, run_job);
		jobs[i].job.node_idx = i % 3 == 0 ? i % NODES : NW_SCHED_ANY_NODE;
		jobs[i].job.data_bytes = 1 << 20;
	}
}

static void end(struct play *play)
{
	atomic_store(&play->sched->is_stopping, true);
	nwi_worker_set_self(NULL);
	nw_sched_destroy(play->sched);
	nw_topo_close(play->topo);
}

static void take_turn(struct play *play, uint32_t rank)
{
	nwi_worker_set_self(play->sched->workers[rank]);
	(void)nwi_worker_try(play->sched->workers[rank]);
}

/* Turns of random workers until all jobs have run; returns the trace. */
static uint64_t play_all(enum nw_sched_policy policy, uint64_t seed,
			 struct nw_sched_counters *ret_counters)
{
	struct nwi_prng prng;
	struct play play;
	uint64_t trace;
	int turns = 0;

	start(&play, policy, seed);
	nwi_prng_init(&prng, seed);
	nwi_worker_set_self(play.sched->workers[0]);
	CHECK_INT(nw_sched_submit(play.sched, &jobs[0].job), ==, 0);
	while (play.run_count < JOBS) {
		CHECK_INT(turns++, <, TURNS_MAX);
		take_turn(&play, nwi_prng_below(&prng, WORKERS));
	}
	for (uint32_t i = 0; i < JOBS; i++)
		CHECK_INT(jobs[i].run_count, ==, 1);
	nw_sched_counters_sum(play.sched, ret_counters);
	trace = play.trace;
	end(&play);
	return trace;
}

TEST(a_seed_replays_every_turn)
{
	for (int policy = 0; policy < NW_SCHED_POLICY_COUNT; policy++) {
		enum nw_sched_policy kind = (enum nw_sched_policy)policy;
		struct nw_sched_counters first, again, other;
		uint64_t seed = nw_test_seed();
		uint64_t trace = play_all(kind, seed, &first);

		CHECK(play_all(kind, seed, &again) == trace);
		CHECK_INT(first.cross_node_steals, ==, again.cross_node_steals);
		CHECK(play_all(kind, seed + 1, &other) != trace);
	}
}

TEST(jobs_that_name_a_node_run_there_while_it_is_balanced)
{
	for (uint64_t i = 0; i < 20; i++) {
		struct nw_sched_counters counters;

		(void)play_all(NW_SCHED_NEAREST, nw_test_seed() + i, &counters);
		CHECK_INT(counters.hinted_jobs, ==, (JOBS + 2) / 3);
		CHECK_INT(10 * counters.hinted_home, >=, 9 * counters.hinted_jobs);
	}
}

TEST(a_worker_alone_runs_everything)
{
	struct nw_sched_counters counters;
	struct play play;

	start(&play, NW_SCHED_NEAREST, nw_test_seed());
	for (uint32_t i = 0; i < JOBS; i++) {
		jobs[i].job.node_idx = NW_SCHED_ANY_NODE;
		jobs[i].job.data_bytes = 0;
	}
	nwi_worker_set_self(play.sched->workers[WORKERS - 1]);
	CHECK_INT(nw_sched_submit(play.sched, &jobs[0].job), ==, 0);
	while (play.run_count < JOBS)
		take_turn(&play, WORKERS - 1);
	nw_sched_counters_sum(play.sched, &counters);
	CHECK_INT(counters.local_pops, ==, JOBS);
	CHECK_INT(counters.same_node_steals + counters.cross_node_steals, ==, 0);
	end(&play);
}

TEST(a_long_mailbox_lets_cheap_jobs_go_and_keeps_dear_ones)
{
	for (int is_dear = 0; is_dear < 2; is_dear++) {
		struct nw_sched_counters counters;
		struct play play;

		start(&play, NW_SCHED_NEAREST, nw_test_seed());
		nwi_worker_set_self(play.sched->workers[0]);
		for (uint32_t i = JOBS / 2; i < JOBS; i++) { /* leaves, all for the last node */
			jobs[i].job.node_idx = NODES - 1;
			jobs[i].job.data_bytes = is_dear ? UINT64_MAX : 0;
			CHECK_INT(nw_sched_submit(play.sched, &jobs[i].job), ==, 0);
		}
		for (int i = 0; i < 10; i++)
			take_turn(&play, 0); /* of the first node */
		nw_sched_counters_sum(play.sched, &counters);
		if (is_dear)
			CHECK_INT(counters.migrations, ==, 0);
		else
			CHECK_INT(counters.migrations, >, 0);
		CHECK_INT(counters.refused_migrations > 0, ==, is_dear);
		while (play.run_count < JOBS - JOBS / 2)
			take_turn(&play, WORKERS - 1);
		end(&play);
	}
}

/* Leaves, all submitted by worker 0, which is of the first node. */
static void submit_leaves(struct play *play, uint32_t count, uint32_t node_idx, uint64_t data_bytes)
{
	nwi_worker_set_self(play->sched->workers[0]);
	for (uint32_t i = JOBS / 2; i < JOBS / 2 + count; i++) {
		jobs[i].job.node_idx = node_idx;
		jobs[i].job.data_bytes = data_bytes;
		CHECK_INT(nw_sched_submit(play->sched, &jobs[i].job), ==, 0);
	}
}

TEST(data_keeps_a_job_where_it_was_submitted)
{
	enum { COUNT = 100 };

	for (int is_dear = 0; is_dear < 2; is_dear++) {
		struct nw_sched_counters counters;
		struct play play;

		start(&play, NW_SCHED_NEAREST, nw_test_seed());
		submit_leaves(&play, COUNT, NW_SCHED_ANY_NODE, is_dear ? UINT64_MAX : 0);
		for (int i = 0; i < 10; i++)
			take_turn(&play, WORKERS - 1); /* of the last node */
		nw_sched_counters_sum(play.sched, &counters);
		CHECK_INT(counters.migrations, ==, 0);
		CHECK_INT(counters.refused_migrations > 0, ==, is_dear);
		CHECK_INT(counters.cross_node_steals > 0, ==, !is_dear);
		while (play.run_count < COUNT)
			take_turn(&play, 0);
		end(&play);
	}
}

/* Tries afar that the threshold hears of, in ten spells in vain of worker 0. */
static uint32_t tries_in_vain(uint32_t mail_count)
{
	struct nwi_worker *worker;
	struct play play;
	uint32_t tries;

	start(&play, NW_SCHED_NEAREST, nw_test_seed());
	submit_leaves(&play, mail_count, NODES - 1, UINT64_MAX);
	worker = play.sched->workers[0];
	tries = worker->tries;
	for (int i = 0; i < 10; i++)
		take_turn(&play, 0);
	CHECK_INT(play.run_count, ==, 0);
	tries = worker->tries - tries;
	while (play.run_count < mail_count)
		take_turn(&play, WORKERS - 1);
	end(&play);
	return tries;
}

TEST(a_refusal_is_no_try)
{
	CHECK_INT(tries_in_vain(0) - tries_in_vain(100), ==, 10); /* one mailbox, ten times */
}

TEST(a_board_shows_a_long_queue_while_its_worker_is_busy)
{
	struct nwi_load load;
	struct play play;

	start(&play, NW_SCHED_IMBALANCE, nw_test_seed());
	submit_leaves(&play, 200, NW_SCHED_ANY_NODE, 0);
	nwi_load_read(&play.sched->homes[0]->board, &load);
	CHECK_INT(load.amount[NWI_LOAD_CPU], >, 200 * 3 / 4);
	CHECK_INT(load.amount[NWI_LOAD_CPU], <=, 201);
	while (play.run_count < 200)
		take_turn(&play, 0);
	take_turn(&play, 0); /* finds nothing, and shows that */
	nwi_load_read(&play.sched->homes[0]->board, &load);
	CHECK_INT(load.amount[NWI_LOAD_CPU], ==, 0);
	end(&play);
}

TEST(the_policy_is_the_chosen_one_or_fits_the_nodes)
{
	for (int policy = 0; policy < NW_SCHED_POLICY_COUNT; policy++) {
		const char *name = nw_sched_policy_name((enum nw_sched_policy)policy);
		struct play play;

		start(&play, (enum nw_sched_policy)policy, nw_test_seed());
		if (policy == NW_SCHED_DEFAULT)
			CHECK_INT(play.sched->policy, ==,
				  nwi_policy_default_kind(play.sched->home_count));
		else
			CHECK_STR(nwi_policy_name(play.sched->policy), name);
		CHECK_INT(play.sched->workers[0]->policy.options.kind, ==, play.sched->policy);
		end(&play);
	}
}
