/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints rest until every worker has said that it takes no more chunks. That matters in a
 * window of a few instructions, between a worker's look at whether it is to rest and its taking of
 * a chunk. Here one worker is kept in that window, after a checkpoint: until the next one is asked
 * for, and then until the other has come to the meeting, or for a while where the engine waits as
 * it has to.
 *
 * Until then states have no successors, so that nothing is outstanding but chunks. Afterwards they
 * have: where the other worker has gone to the meeting, nobody serves what the late one sends, and
 * the search hangs.
 */
#include "nw_test.h"

#include "explore/explore.h"

#include <sched.h>
#include <time.h>

enum { STATES = 4096, FAN = 8, WAIT_US = 100000, LATE = 1 /* the worker that is kept */ };

static struct nw_explore *current;
static _Atomic bool is_kept, is_let_go, has_met, is_asked[2];

static void start(void *context, struct nw_emit *emit)
{
	(void)context;
	for (uint32_t i = 0; i < STATES; i++)
		if (!nw_emit(emit, &i, sizeof i))
			return;
}

/* For the first checkpoint; and for the second one, when the late worker is where it is kept. */
static void ask(void)
{
	bool is_second = atomic_load(&current->checkpoint_count) > 0;

	if (atomic_exchange(&is_asked[is_second], true))
		return;
	while (is_second && !atomic_load(&is_kept))
		(void)sched_yield();
	nw_explore_checkpoint(current);
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	uint32_t value, successor;

	(void)context;
	memcpy(&value, state, n_bytes);
	if (nwi_worker_here->worker_idx != LATE)
		ask();
	for (uint32_t i = 0; atomic_load(&is_let_go) && value < STATES && i < FAN; i++) {
		successor = STATES + value * FAN + i;
		if (!nw_emit(emit, &successor, sizeof successor))
			return;
	}
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	(void)context;
	(void)n_bytes;
	(void)snprintf(text, text_bytes, "%u", state[0]);
}

static const struct nw_model model = {
	.abi = NW_MODEL_ABI,
	.name = "rest",
	.about = "states with and without successors",
	.parameters = "",
	.state_bytes = sizeof(uint32_t),
	.flags = NW_MODEL_MAY_END,
	.init = start,
	.next = next,
	.print = print,
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void keep(const struct nw_explore *explore)
{
	uint64_t end_us;

	while (!atomic_load(&explore->is_pausing))
		(void)sched_yield();
	end_us = now_us() + WAIT_US;
	while (atomic_load(&explore->meeting.arrived_count) == 0 && now_us() < end_us)
		(void)sched_yield();
	atomic_store(&has_met, atomic_load(&explore->meeting.arrived_count) > 0);
	atomic_store(&is_let_go, true);
}

struct nwi_chunk *__real_nwi_pool_take(struct nwi_pool *pool, uint32_t now);
struct nwi_chunk *__wrap_nwi_pool_take(struct nwi_pool *pool, uint32_t now);

struct nwi_chunk *__wrap_nwi_pool_take(struct nwi_pool *pool, uint32_t now)
{
	const struct nwi_worker *worker = nwi_worker_here;

	/* Chunks are left for what comes. */
	while (worker && worker->worker_idx == LATE && worker->explore->levels.count == 1 &&
	       !atomic_load(&is_asked[0]))
		(void)sched_yield();
	/* After a checkpoint in the midst of a level workers hold nothing until they take a chunk.
	 */
	if (worker && worker->worker_idx == LATE && !worker->has_token &&
	    atomic_load(&worker->explore->checkpoint_count) == 1 &&
	    !atomic_exchange(&is_kept, true))
		keep(worker->explore);
	return __real_nwi_pool_take(pool, now);
}

static void check(enum nw_explore_route route)
{
	char folder[] = "/tmp/nw-rest-XXXXXX";
	struct nw_topo_options topo_options = { 0 };
	struct nw_explore_options o = { .model = &model,
					.route = route,
					.worker_count = 2,
					.no_pin = true,
					.oversubscribe = true,
					.slots_min = 8,
					.batch_count = 3 };
	struct nw_explore_report r;
	struct nw_topo *topo;
	struct nw_diag diag = { "" };

	CHECK(mkdtemp(folder));
	CHECK_INT(nw_topo_open(&topo, &topo_options, &diag), ==, 0);
	o.topo = topo;
	o.checkpoint_folder = folder;
	atomic_store(&is_kept, false);
	atomic_store(&is_let_go, false);
	atomic_store(&is_asked[0], false);
	atomic_store(&is_asked[1], false);
	if (nw_explore_create(&current, &o, &diag) < 0)
		FAIL("%s", diag.text);
	CHECK_INT(nw_explore_run(current), ==, NW_EXPLORE_DONE);
	nw_explore_report(current, &r);
	CHECK(is_kept && is_let_go && !has_met);
	CHECK_INT(r.checkpoint_count, ==, 2);
	CHECK_INT(r.total.distinct, >, STATES); /* what it took had successors */
	CHECK_INT(r.total.expanded, ==, r.total.distinct);
	CHECK_INT(r.depth, ==, 2);
	CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
	nw_explore_destroy(current);
	nw_topo_close(topo);
}

TEST(nobody_meets_while_a_worker_is_about_to_take_a_chunk)
{
	check(NW_ROUTE_BATCH);
}

TEST(nor_where_fingerprints_go_first)
{
	check(NW_ROUTE_FP_FIRST);
}
