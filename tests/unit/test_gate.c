/* SPDX-License-Identifier: MIT */
/* Workers pass a gate's stages only when it is open to them, and see what came before. */
#include "nw_test.h"

#include <nw/gate.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { SETUP = 1, RUN, QUIT, WORKERS = 4 };

struct team {
	struct nw_gate gate;
	int plan, made[WORKERS]; /* plain: the gate orders them */
	int failing;             /* the worker that fails, or -1 */
	_Atomic int begun, ran;
	pthread_t threads[WORKERS];
};

static void *work(void *arg)
{
	struct team *team = arg;
	int idx = atomic_fetch_add(&team->begun, 1);

	if (nw_gate_pass(&team->gate, SETUP) == QUIT)
		return NULL;
	team->made[idx] = team->plan + idx;
	nw_gate_report(&team->gate, idx == team->failing ? -ENODEV : 0);
	if (nw_gate_pass(&team->gate, RUN) == RUN)
		atomic_fetch_add(&team->ran, 1);
	return NULL;
}

static void start(struct team *team, int failing)
{
	*team = (struct team){ .failing = failing };
	for (int i = 0; i < WORKERS; i++)
		CHECK_INT(pthread_create(&team->threads[i], NULL, work, team), ==, 0);
}

static void finish(struct team *team)
{
	for (int i = 0; i < WORKERS; i++)
		CHECK_INT(pthread_join(team->threads[i], NULL), ==, 0);
}

TEST(workers_are_led_through_stages)
{
	for (int round = 0; round < 100 * nw_test_scale(); round++) {
		struct team team;

		start(&team, -1);
		team.plan = round;
		nw_gate_open(&team.gate, SETUP);
		CHECK_INT(nw_gate_wait(&team.gate, WORKERS), ==, 0);
		for (int i = 0; i < WORKERS; i++)
			CHECK_INT(team.made[i], ==, round + i);
		CHECK_INT(atomic_load(&team.ran), ==, 0);
		nw_gate_open(&team.gate, RUN);
		finish(&team);
		CHECK_INT(atomic_load(&team.ran), ==, WORKERS);
	}
}

TEST(a_failure_is_told_and_nobody_runs)
{
	for (int failing = 0; failing < WORKERS; failing++) {
		struct team team;

		start(&team, failing);
		nw_gate_open(&team.gate, SETUP);
		CHECK_INT(nw_gate_wait(&team.gate, WORKERS), ==, -ENODEV);
		nw_gate_open(&team.gate, QUIT);
		finish(&team);
		CHECK_INT(atomic_load(&team.ran), ==, 0);
	}
}

TEST(who_is_never_told_to_begin_can_leave)
{
	struct team team;

	start(&team, -1);
	nw_gate_open(&team.gate, QUIT);
	finish(&team);
	CHECK_INT(atomic_load(&team.ran), ==, 0);
}

TEST(stages_do_not_go_back)
{
	struct nw_gate gate = { .stage = 0 };

	nw_gate_open(&gate, RUN);
	nw_gate_report(&gate, 0);
	nw_gate_open(&gate, SETUP);
	CHECK_INT(nw_gate_pass(&gate, SETUP), ==, RUN);
	CHECK_INT(nw_gate_wait(&gate, 1), ==, 0); /* the report counts on */
}
