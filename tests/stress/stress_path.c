/* SPDX-License-Identifier: MIT */
/*
 * Paths that a model asks for while it is explored: by any number of workers, on any route, of
 * states of one size or of many, before and after the search was suspended and went on. The model
 * is a grid whose states know how far they are: x and y, each stepped by one.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/explore.h>

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { SIDE = 40, STATES = SIDE * SIDE, GENERATED = 1 + 2 * SIDE * (SIDE - 1), PAD_MAX = 7 };

static struct nw_explore *current;
static _Atomic uint64_t expanded, ask_at, asked_in_next, asked_of_new, asked_of_made;
static bool is_padded; /* states have different sizes */
static uint8_t bad_sum;

static size_t size_of(const uint8_t *state)
{
	return is_padded ? 2 + (size_t)(state[0] * 3 + state[1]) % PAD_MAX : 2;
}

/* Every step is one of the grid's, from its corner on. */
static void check_path(const struct nw_explore_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *state = steps[i].state;

		CHECK_INT(steps[i].n_bytes, ==, size_of(state));
		CHECK_INT(state[0] + state[1], ==, i);
		if (i > 0)
			CHECK_INT(state[0] - steps[i - 1].state[0], <=, 1);
		if (i > 0)
			CHECK(state[0] >= steps[i - 1].state[0]);
	}
}

/* As far as the state, or as the one before. */
static void ask(const uint8_t *state, bool is_behind)
{
	const struct nw_explore_step *steps;
	size_t count;

	CHECK_INT(nw_explore_path(current, &steps, &count), ==, 0);
	CHECK_INT(count, ==, state[0] + state[1] + 1 - is_behind);
	check_path(steps, count);
	if (!is_behind)
		CHECK(memcmp(steps[count - 1].state, state, size_of(state)) == 0);
	else if (count > 0)
		CHECK_INT(state[0] - steps[count - 1].state[0], <=, 1);
}

static void emit_at(struct nw_emit *emit, uint8_t x, uint8_t y)
{
	uint8_t state[2 + PAD_MAX] = { x, y };

	if (x < SIDE && y < SIDE)
		(void)nw_emit(emit, state, size_of(state));
}

static void start(void *context, struct nw_emit *emit)
{
	(void)context;
	emit_at(emit, 0, 0);
}

static void next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	(void)context;
	(void)n_bytes;
	if (atomic_fetch_add(&expanded, 1) + 1 == atomic_load(&ask_at))
		nw_explore_suspend(current);
	atomic_fetch_add(&asked_in_next, 1);
	ask(state, false);
	emit_at(emit, state[0] + 1, state[1]);
	emit_at(emit, state[0], state[1] + 1);
	ask(state, false);
}

static const char *invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	(void)context;
	(void)n_bytes;
	atomic_fetch_add(&asked_of_new, 1);
	ask(state, true);
	return bad_sum && state[0] + state[1] == bad_sum ? "Near" : NULL;
}

static uint64_t identity(void *context, const uint8_t *state, size_t n_bytes)
{
	uint64_t x = (state[0] * 256u + state[1] + 1u) * UINT64_C(0x9e3779b97f4a7c15);

	(void)context;
	(void)n_bytes;
	atomic_fetch_add(&asked_of_made, 1);
	ask(state, true);
	return x ^ x >> 29;
}

static void print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		  size_t text_bytes)
{
	(void)context;
	(void)n_bytes;
	(void)snprintf(text, text_bytes, "%u %u", state[0], state[1]);
}

static struct nw_model model = {
	.abi = NW_MODEL_ABI,
	.name = "path",
	.about = "a grid",
	.parameters = "",
	.flags = NW_MODEL_MAY_END,
	.init = start,
	.next = next,
	.identity = identity,
	.invariant = invariant,
	.print = print,
};

static struct nw_topo *topo;

static void begin(bool has_sizes)
{
	struct nw_topo_options o = { 0 };
	struct nw_diag diag;

	if (nw_topo_open(&topo, &o, &diag) < 0)
		FAIL("%s", diag.text);
	is_padded = has_sizes;
	model.state_bytes = has_sizes ? 0 : 2;
}

static enum nw_explore_end run(struct nw_explore_options *o, uint64_t ask_after,
			       struct nw_explore_report *ret_report)
{
	enum nw_explore_end end;
	struct nw_diag diag = { "" };

	o->topo = topo;
	o->model = &model;
	o->keep_states = o->no_pin = o->oversubscribe = true;
	o->slots_min = 8;
	o->batch_count = 5;
	atomic_store(&expanded, 0);
	atomic_store(&ask_at, ask_after);
	if (nw_explore_create(&current, o, &diag) < 0)
		FAIL("%s", diag.text);
	end = nw_explore_run(current);
	nw_explore_report(current, ret_report);
	return end;
}

static void check_all(void)
{
	for (unsigned i = 0; i < 16u * (unsigned)nw_test_scale(); i++) {
		struct nw_explore_options o = { .route = (enum nw_explore_route)(i % 4),
						.worker_count = 1 + i % 3,
						.owner = i % 8 < 4 ? NW_OWNER_WORKER
								   : NW_OWNER_NODE };
		struct nw_explore_report r;

		atomic_store(&asked_in_next, 0);
		atomic_store(&asked_of_new, 0);
		atomic_store(&asked_of_made, 0);
		CHECK_INT(run(&o, 0, &r), ==, NW_EXPLORE_DONE);
		CHECK_INT(r.total.distinct, ==, STATES);
		CHECK_INT(asked_in_next, ==, STATES);
		CHECK_INT(asked_of_new, ==, STATES);
		CHECK_INT(asked_of_made, ==, GENERATED);
		nw_explore_destroy(current);
	}
	nw_topo_close(topo);
}

TEST(a_model_has_the_path_to_each_state)
{
	begin(false);
	check_all();
}

TEST(states_of_different_sizes_have_paths_too)
{
	begin(true);
	check_all();
}

TEST(a_violation_has_the_states_that_were_kept)
{
	const struct nw_explore_step *steps;
	struct nw_explore_report r;
	size_t count;

	begin(true);
	bad_sum = 33;
	for (uint32_t workers = 1; workers <= 3; workers++) {
		struct nw_explore_options o = { .worker_count = workers };

		CHECK_INT(run(&o, 0, &r), ==, NW_EXPLORE_VIOLATION);
		CHECK_INT(nw_explore_trace(current, &steps, &count), ==, 0);
		CHECK_INT(count, ==, 34);
		check_path(steps, count);
		nw_explore_destroy(current);
	}
	nw_topo_close(topo);
}

TEST(paths_go_back_behind_a_checkpoint)
{
	char folder[] = "/tmp/nw-path-XXXXXX";
	struct nwi_prng prng;

	begin(true);
	nwi_prng_init(&prng, nw_test_seed());
	CHECK(mkdtemp(folder));
	for (int i = 0; i < 4 * nw_test_scale(); i++) {
		struct nw_explore_options o = { .checkpoint_folder = folder };
		struct nw_explore_report r;
		unsigned parts = 0;

		for (;; parts++) {
			o.worker_count = 1 + (uint32_t)(nwi_prng_next(&prng) % 4);
			o.route = (enum nw_explore_route)(nwi_prng_next(&prng) % 4);
			(void)run(&o, 1 + nwi_prng_next(&prng) % 500, &r);
			if (!r.is_suspended)
				break;
			nw_explore_destroy(current);
			o.recover_folder = folder;
		}
		CHECK_INT(parts, >, 1);
		CHECK_INT(r.total.distinct, ==, STATES);
		CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
		CHECK_INT(mkdir(folder, 0700), ==, 0);
		nw_explore_destroy(current);
	}
	CHECK_INT(rmdir(folder), ==, 0);
	nw_topo_close(topo);
}

TEST(who_keeps_no_states_or_does_not_work_has_no_path)
{
	struct nw_explore_options o = { .worker_count = 1, .no_trace = true };
	const struct nw_explore_step *steps;
	struct nw_explore_report r;
	struct nw_diag diag;
	size_t count;

	begin(false);
	o.topo = topo;
	o.model = &model;
	o.keep_states = true;
	CHECK_INT(nw_explore_create(&current, &o, &diag), ==, -EINVAL);
	o.no_trace = false;
	CHECK_INT(run(&o, 0, &r), ==, NW_EXPLORE_DONE);
	CHECK_INT(nw_explore_path(current, &steps, &count), ==, -EINVAL);
	nw_explore_destroy(current);
	nw_topo_close(topo);
}
