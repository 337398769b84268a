/* SPDX-License-Identifier: MIT */
/*
 * Parking without a lost wake-up. A ball (a plain counter) goes round a ring of workers;
 * each parks until it is his and wakes the next. One lost wake-up stops the ball and the
 * case's alarm ends it; a missing edge shows as a wrong count and as a race under TSan.
 * More workers than CPUs and no spinning, so that almost every park sleeps; then a short
 * spin, so that wake-ups fall between the spin and the sleep.
 */
#include "nw_test.h"

#include <nw/crew.h>
#include <stdatomic.h>

enum { WORKERS = 5, ROUNDS = 4000 };

struct game {
	uint64_t ball; /* plain: the wake-ups order it */
	uint64_t end;
	uint64_t spin_ns, timeout_ns;
	atomic_uint timeouts;
};

static void play(struct nw_crew_worker *worker, void *arg)
{
	struct game *game = arg;
	uint32_t next = (worker->worker_idx + 1) % nw_crew_worker_count(worker->crew);

	for (;;) {
		if (!nw_crew_park(worker, game->spin_ns, game->timeout_ns)) {
			atomic_fetch_add(&game->timeouts, 1);
			continue;
		}
		if (nw_crew_should_stop(worker->crew))
			return;
		CHECK_INT(game->ball % WORKERS, ==, worker->worker_idx);
		if (++game->ball == game->end) {
			nw_crew_stop(worker->crew);
			return;
		}
		nw_crew_unpark(worker->crew, next);
	}
}

static void run_game(uint64_t spin_ns, uint64_t timeout_ns)
{
	struct game game = { .spin_ns = spin_ns, .timeout_ns = timeout_ns };
	struct nw_crew_options options = { .worker_count = WORKERS, .oversubscribe = true };
	struct nw_topo_options topo_options = { 0 };
	struct nw_topo *topo;
	struct nw_crew *crew;

	CHECK_INT(nw_topo_open(&topo, &topo_options, NULL), ==, 0);
	options.topo = topo;
	game.end = WORKERS * ROUNDS * (uint64_t)nw_test_scale();
	CHECK_INT(nw_crew_start(&crew, &options, play, &game, NULL), ==, 0);
	nw_crew_unpark(crew, 0);
	nw_crew_join(crew);
	CHECK_INT(game.ball, ==, game.end);
	/* Four of five wait at any time, so a time-out, where there is one, does pass. */
	CHECK((game.timeouts > 0) == (timeout_ns > 0));
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

TEST(sleeping_workers_lose_no_wake_up)
{
	run_game(0, 0);
}

TEST(spinning_workers_lose_no_wake_up)
{
	run_game(2000, 0);
}

/* A time-out of a microsecond passes while the wake-up arrives: it must be kept or taken. */
TEST(a_timeout_loses_no_wake_up)
{
	run_game(0, 1000);
}

static void park_for_ever(struct nw_crew_worker *worker, void *arg)
{
	(void)arg;
	while (!nw_crew_should_stop(worker->crew))
		(void)nw_crew_park(worker, 0, 0); /* no time-out: always true */
}

/* A stop at any moment of a park, from start-up on, ends it. */
TEST(a_stop_is_never_missed)
{
	struct nw_topo_options topo_options = { 0 };
	struct nw_crew_options options = { .worker_count = 3, .oversubscribe = true };
	struct nw_topo *topo;

	CHECK_INT(nw_topo_open(&topo, &topo_options, NULL), ==, 0);
	options.topo = topo;
	for (int i = 0; i < 300; i++) {
		struct nw_crew *crew;

		CHECK_INT(nw_crew_start(&crew, &options, park_for_ever, NULL, NULL), ==, 0);
		for (int k = 0; k < i; k++)
			nw_crew_unpark(crew, (uint32_t)k % 3);
		nw_crew_stop(crew);
		nw_crew_destroy(crew);
	}
	nw_topo_close(topo);
}
