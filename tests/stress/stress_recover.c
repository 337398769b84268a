/* SPDX-License-Identifier: MIT */
/*
 * Searches that are suspended again and again and go on with other workers, routes and owners: the
 * counts, depth and traces are those of a search that was not. The moment is chosen by the model:
 * after so many states expanded it asks for the end.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/explore.h>
#include <nw/models.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct nw_topo *topo;

static void begin(void)
{
	struct nw_topo_options o = { 0 };
	struct nw_diag diag;

	(void)snprintf(folder, sizeof folder, "/tmp/nw-recover-XXXXXX");
	CHECK(mkdtemp(folder));
	if (nw_topo_open(&topo, &o, &diag) < 0)
		FAIL("%s", diag.text);
}

static void finish(void)
{
	nw_topo_close(topo);
	CHECK_INT(rmdir(folder), ==, 0);
}

/* ---- a model that asks for its end ---- */

static const struct nw_model *inner;
static struct nw_model outer;
static struct nw_explore *current;
static _Atomic uint64_t expanded, ask_at;
static uint64_t ask_every; /* after each so many, too; 0: not */
static void (*ask)(struct nw_explore *explore);

static void outer_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	uint64_t n = atomic_fetch_add(&expanded, 1) + 1;

	if (n == atomic_load(&ask_at) || (ask_every && n % ask_every == 0))
		ask(current);
	inner->next(context, state, n_bytes, emit);
}

static void *wrap(const char *name, const char *const *names, const char *const *values,
		  size_t count)
{
	struct nw_diag diag = { "" };
	void *data = NULL;

	inner = nw_model_find(name);
	CHECK(inner);
	if (inner->configure && inner->configure(&data, names, values, count, &diag) < 0)
		FAIL("%s", diag.text);
	outer = *inner;
	outer.next = outer_next;
	return data;
}

/* A run up to the ask_after-th state; the caller destroys. */
static enum nw_explore_end run(struct nw_explore_options *o, uint64_t ask_after,
			       struct nw_explore_report *ret_report)
{
	enum nw_explore_end end;
	struct nw_diag diag = { "" };

	o->topo = topo;
	o->model = &outer;
	o->oversubscribe = o->no_pin = true;
	atomic_store(&expanded, 0);
	atomic_store(&ask_at, ask_after);
	if (nw_explore_create(&current, o, &diag) < 0)
		FAIL("%s", diag.text);
	end = nw_explore_run(current);
	nw_explore_report(current, ret_report);
	return end;
}

/* Suspended after every so many states, to the end; the last search is the caller's. */
static enum nw_explore_end run_in_parts(struct nw_explore_options o, struct nwi_prng *prng,
					uint32_t part_states, struct nw_explore_report *ret_report,
					unsigned *ret_parts)
{
	static const uint32_t workers[] = { 1, 2, 4, 3 };
	enum nw_explore_end end;
	unsigned parts = 0;

	o.checkpoint_folder = folder;
	for (;;) {
		uint64_t before = ret_report->total.distinct;

		o.worker_count = workers[nwi_prng_next(prng) % 4];
		if (!o.exact) {
			o.route = (enum nw_explore_route)(nwi_prng_next(prng) % 4);
			o.owner = (enum nw_explore_owner)(nwi_prng_next(prng) % 2);
		}
		end = run(&o, 1 + nwi_prng_next(prng) % part_states, ret_report);
		if (parts > 0)
			CHECK_INT(ret_report->recovered_count, ==, before);
		if (!ret_report->is_suspended)
			break;
		CHECK_INT(end, ==, NW_EXPLORE_STOPPED);
		CHECK_INT(ret_report->checkpoint_count, ==, 1);
		CHECK_INT(ret_report->checkpoint_error, ==, 0);
		CHECK_INT(ret_report->checkpoint_distinct, ==, ret_report->total.distinct);
		CHECK_INT(ret_report->checkpoint_bytes, >, 0);
		nw_explore_destroy(current);
		o.recover_folder = folder;
		parts++;
	}
	CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
	CHECK_INT(mkdir(folder, 0700), ==, 0); /* it went with the checkpoint */
	*ret_parts = parts;
	return end;
}

struct setting {
	const char *model;
	const char *names[2], *values[2];
	uint64_t distinct, generated;
	uint32_t depth, part_states;
};

static const struct setting settings[] = {
	{ "grid", { "size" }, { "79x59" }, 4800, 1 + 2 * (79 * 60 + 80 * 59), 139, 2000 },
	{ "tree", { "depth", "branch" }, { "8", "3" }, 9841, 9841, 9, 3000 },
	{ "slide", { "size" }, { "2x4" }, 20160, 0, 37, 6000 },
};

static void check_setting(const struct setting *s, bool exact, bool no_trace, uint64_t seed)
{
	struct nw_explore_options o = {
		.slots_min = 8, .batch_count = 7, .exact = exact, .no_trace = no_trace
	};
	struct nw_explore_report plain, r = { 0 };
	struct nwi_prng prng;
	uint64_t levels[2][256];
	unsigned parts;
	void *data = wrap(s->model, s->names, s->values, s->names[1] ? 2 : 1);

	nwi_prng_init(&prng, seed);
	ask = nw_explore_suspend;
	o.model_data = data;
	CHECK_INT(run(&o, 0, &plain), ==, NW_EXPLORE_DONE);
	CHECK_INT(nw_explore_levels(current, levels[0], 256), ==, s->depth);
	nw_explore_destroy(current);
	CHECK_INT(run_in_parts(o, &prng, s->part_states, &r, &parts), ==, NW_EXPLORE_DONE);
	CHECK_INT(nw_explore_levels(current, levels[1], 256), ==, s->depth);
	CHECK(memcmp(levels[0], levels[1], s->depth * sizeof levels[0][0]) == 0);
	CHECK_INT(r.total.distinct, ==, s->distinct);
	CHECK_INT(r.total.generated, ==, plain.total.generated);
	if (s->generated)
		CHECK_INT(r.total.generated, ==, s->generated);
	CHECK_INT(r.total.checks, ==, r.total.generated);
	CHECK_INT(r.total.expanded, ==, s->distinct);
	CHECK_INT(r.depth, ==, s->depth);
	CHECK_INT(r.total.queue, ==, 0);
	CHECK(r.seconds > 0);
	CHECK_INT(parts, >, 1);
	nw_explore_destroy(current);
	if (inner->dispose)
		inner->dispose(data);
}

TEST(a_search_in_parts_counts_what_one_in_one_does)
{
	begin();
	for (int i = 0; i < 3 * nw_test_scale(); i++)
		for (size_t k = 0; k < sizeof settings / sizeof settings[0]; k++)
			check_setting(&settings[k], false, i % 3 == 2,
				      nw_test_seed() + (uint64_t)i * 10 + k);
	finish();
}

TEST(one_that_keeps_whole_states_too)
{
	begin();
	for (int i = 0; i < nw_test_scale(); i++)
		for (size_t k = 0; k < 2; k++)
			check_setting(&settings[k], true, i % 2,
				      nw_test_seed() + 100 + (uint64_t)i);
	finish();
}

TEST(checkpoints_now_and_then_change_no_count)
{
	struct nw_explore_options o = { .slots_min = 8, .batch_count = 7 };
	const char *names[] = { "size" }, *values[] = { "2x4" };
	void *data = wrap("slide", names, values, 1);

	begin();
	ask = nw_explore_checkpoint;
	ask_every = 2000;
	o.model_data = data;
	o.checkpoint_folder = folder;
	for (int i = 0; i < 8 * nw_test_scale(); i++) {
		struct nw_explore_report r;

		o.worker_count = 1 + (uint32_t)i % 4;
		o.route = (enum nw_explore_route)(i % 4);
		CHECK_INT(run(&o, 0, &r), ==, NW_EXPLORE_DONE);
		CHECK_INT(r.checkpoint_count, >, 5);
		CHECK_INT(r.checkpoint_error, ==, 0);
		CHECK_INT(r.total.distinct, ==, 20160);
		CHECK_INT(r.total.checks, ==, r.total.generated);
		CHECK_INT(r.depth, ==, 37);
		CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
		CHECK_INT(mkdir(folder, 0700), ==, 0);
		nw_explore_destroy(current);
	}
	ask_every = 0;
	inner->dispose(data);
	finish();
}

/* ---- traces ---- */

/* Every step is one of the model's. */
static void check_steps(const struct nw_explore_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *s = steps[i].state;
		uint64_t x = s[0], y = s[4];

		CHECK_INT(x + y, ==, i); /* the grid's way to a sum is that many steps */
	}
}

TEST(a_violation_found_after_it_went_on_has_a_shortest_path)
{
	const char *names[] = { "size", "max-sum" }, *values[] = { "99x99", "60" };
	void *data = wrap("grid", names, values, 2);
	struct nw_explore_options o = { .model_data = data, .slots_min = 8 };
	struct nwi_prng prng;

	begin();
	ask = nw_explore_suspend;
	for (int i = 0; i < 5 * nw_test_scale(); i++) {
		const struct nw_explore_step *steps;
		struct nw_explore_report r = { 0 };
		unsigned parts;
		size_t count;

		nwi_prng_init(&prng, nw_test_seed() + (uint64_t)i);
		CHECK_INT(run_in_parts(o, &prng, 900, &r, &parts), ==, NW_EXPLORE_VIOLATION);
		CHECK_INT(parts, >, 0);
		CHECK_INT(nw_explore_trace(current, &steps, &count), ==, 0);
		CHECK_INT(count, ==, 62);
		check_steps(steps, count);
		nw_explore_destroy(current);
	}
	inner->dispose(data);
	finish();
}

TEST(violations_that_were_gone_on_after_are_kept)
{
	const char *names[] = { "size", "max-sum" }, *values[] = { "59x59", "70" };
	void *data = wrap("grid", names, values, 2);
	struct nw_explore_options o = { .model_data = data, .slots_min = 8, .keep_going = true };
	struct nwi_prng prng;

	begin();
	ask = nw_explore_suspend;
	for (int i = 0; i < 3 * nw_test_scale(); i++) {
		struct nw_explore_violation v;
		struct nw_explore_report r = { 0 };
		unsigned parts;
		size_t depth = 0;

		nwi_prng_init(&prng, nw_test_seed() + (uint64_t)i);
		CHECK_INT(run_in_parts(o, &prng, 1500, &r, &parts), ==, NW_EXPLORE_DONE);
		CHECK_INT(parts, >, 1);
		CHECK_INT(r.total.distinct, ==, 3600);
		/* Sums 71..118 of 0..59 twice: 48 + 47 + .. + 1. */
		CHECK_INT(r.violation_count, ==, 48 * 49 / 2);
		for (uint64_t k = 0; k < r.violation_count; k++) {
			CHECK_INT(nw_explore_violation_at(current, k, &v), ==, 0);
			CHECK_STR(v.name, "SumWithinMax");
			CHECK_INT(v.step_count, >=, depth);
			depth = v.step_count;
			check_steps(v.steps, v.step_count);
		}
		CHECK_INT(depth, ==, 119);
		nw_explore_destroy(current);
	}
	inner->dispose(data);
	finish();
}

TEST(a_deadlock_after_it_went_on_is_found)
{
	const char *names[] = { "size" }, *values[] = { "8" };
	void *data = wrap("philosophers", names, values, 1);
	struct nw_explore_options o = { .model_data = data };
	const struct nw_explore_step *steps;
	struct nw_explore_report r = { 0 };
	struct nwi_prng prng;
	unsigned parts;
	size_t count;

	begin();
	ask = nw_explore_suspend;
	nwi_prng_init(&prng, nw_test_seed());
	CHECK_INT(run_in_parts(o, &prng, 300, &r, &parts), ==, NW_EXPLORE_DEADLOCK);
	CHECK_INT(nw_explore_trace(current, &steps, &count), ==, 0);
	CHECK_INT(count, ==, 9);
	nw_explore_destroy(current);
	inner->dispose(data);
	finish();
}

/* ---- states that mean something in one process only ---- */

static uint64_t process_key; /* of this "process": states are their bytes under it */

static void turn(uint8_t *to, const uint8_t *from, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++)
		to[i] = from[i] ^ (uint8_t)(process_key >> i % 8 * 8);
}

static void keyed_emit_all(struct nw_emit *from, struct nw_emit *to)
{
	const uint8_t *at = from->cur;

	for (uint32_t i = 0; i < from->count; i++)
		at -= from->mark[i];
	for (uint32_t i = 0; i < from->count; i++) {
		uint8_t state[64];

		turn(state, at, from->mark[i]);
		if (!nw_emit(to, state, from->mark[i]))
			return;
		at += from->mark[i];
	}
}

static void keyed_make(void *context, const uint8_t *plain, size_t n_bytes, struct nw_emit *emit)
{
	uint8_t bytes[1024];
	uint32_t lengths[64];
	struct nw_emit own = {
		.cur = bytes, .end = bytes + sizeof bytes, .mark = lengths, .count_max = 64
	};

	if (plain)
		inner->next(context, plain, n_bytes, &own);
	else
		inner->init(context, &own);
	keyed_emit_all(&own, emit);
}

static void keyed_init(void *context, struct nw_emit *emit)
{
	keyed_make(context, NULL, 0, emit);
}

static void keyed_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	uint8_t plain[64];

	if (atomic_fetch_add(&expanded, 1) + 1 == atomic_load(&ask_at))
		ask(current);
	turn(plain, state, n_bytes);
	keyed_make(context, plain, n_bytes, emit);
}

static uint64_t keyed_identity(void *context, const uint8_t *state, size_t n_bytes)
{
	uint8_t plain[64];
	uint64_t x = 0;

	(void)context;
	turn(plain, state, n_bytes);
	for (size_t i = 0; i < n_bytes; i++)
		x = (x ^ plain[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ x >> 29;
	return x ^ x >> 31;
}

static const uint32_t saved_word = 0x5a5a5a5a;
static unsigned restored_count, packs_open;

static int keyed_save(const void *model, struct nw_model_file *file)
{
	(void)model;
	return file->put(file, &saved_word, sizeof saved_word);
}

static int keyed_restore(const void *model, struct nw_model_file *file)
{
	uint32_t word;
	int rc = file->get(file, &word, sizeof word);

	(void)model;
	restored_count++;
	return rc < 0 ? rc : word == saved_word ? 0 : -EBADMSG;
}

static int keyed_pack_open(void **ret_pack, const void *model)
{
	(void)model;
	*ret_pack = &packs_open;
	packs_open++;
	return 0;
}

static void keyed_pack_close(void *pack)
{
	CHECK(pack == &packs_open);
	packs_open--;
}

static int keyed_pack(void *pack, struct nw_model_file *file, const uint8_t *state, size_t n_bytes)
{
	uint8_t plain[65];

	(void)pack;
	plain[0] = (uint8_t)n_bytes;
	turn(plain + 1, state, n_bytes);
	return file->put(file, plain, n_bytes + 1);
}

static int keyed_unpack(void *pack, struct nw_model_file *file, uint8_t *ret_state,
			size_t *ret_bytes)
{
	uint8_t n_bytes, plain[255];
	int rc = file->get(file, &n_bytes, 1);

	(void)pack;
	if (rc == 0)
		rc = file->get(file, plain, n_bytes);
	if (rc == 0)
		turn(ret_state, plain, n_bytes);
	*ret_bytes = n_bytes;
	return rc;
}

TEST(states_of_one_process_are_packed_for_another)
{
	const char *names[] = { "size", "depth", "branch" };
	const char *values[] = { "3x2", "7", "3" };

	begin();
	ask = nw_explore_suspend;
	for (int is_tree = 0; is_tree < 2; is_tree++) {
		void *data = is_tree ? wrap("tree", names + 1, values + 1, 2)
				     : wrap("slide", names, values, 1);
		struct nw_explore_options o = {
			.model_data = data,
			.worker_count = 1,
			.checkpoint_folder = folder,
		};
		struct nw_explore_report r;
		unsigned parts = 0;

		outer.init = keyed_init;
		outer.next = keyed_next;
		outer.identity = keyed_identity;
		outer.save = keyed_save;
		outer.restore = keyed_restore;
		outer.pack_open = keyed_pack_open;
		outer.pack = keyed_pack;
		outer.unpack = keyed_unpack;
		outer.pack_close = keyed_pack_close;
		restored_count = 0;
		for (;; parts++) {
			process_key = (parts + 1) * UINT64_C(0x9e3779b97f4a7c15);
			(void)run(&o, 40, &r);
			if (!r.is_suspended)
				break;
			nw_explore_destroy(current);
			o.recover_folder = folder;
		}
		CHECK_INT(parts, >, 3);
		CHECK_INT(r.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(r.total.distinct, ==, is_tree ? 3280 : 360);
		CHECK_INT(restored_count, ==, parts);
		CHECK_INT(packs_open, ==, 0);
		CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
		CHECK_INT(mkdir(folder, 0700), ==, 0);
		nw_explore_destroy(current);
		if (inner->dispose)
			inner->dispose(data);
	}
	finish();
}

/* ---- what cannot be ---- */

static void expect_refusal(struct nw_explore_options *o, int rc, const char *text)
{
	struct nw_explore *explore = NULL;
	struct nw_diag diag = { "" };
	int got = nw_explore_create(&explore, o, &diag);

	if (got != rc || !strstr(diag.text, text))
		FAIL("%d: %s, not %d: %s", got, diag.text, rc, text);
	CHECK(!explore);
}

/* A checkpoint of a grid, suspended after so many states. */
static void *leave_checkpoint(struct nw_explore_options *o, uint64_t after)
{
	const char *names[] = { "size" }, *values[] = { "79x59" };
	void *data = wrap("grid", names, values, 1);
	struct nw_explore_report r;

	ask = nw_explore_suspend;
	*o = (struct nw_explore_options){ .model_data = data,
					  .checkpoint_folder = folder,
					  .checkpoint_about = "size: 79x59\ncolour: red\n" };
	(void)run(o, after, &r);
	CHECK(r.is_suspended);
	nw_explore_destroy(current);
	o->recover_folder = folder;
	return data;
}

static void remove_checkpoint(struct nw_explore_options *o, void *data)
{
	struct nw_explore_report r;

	CHECK_INT(run(o, 0, &r), ==, NW_EXPLORE_DONE); /* it was not harmed */
	CHECK_INT(r.total.distinct, ==, 4800);
	CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
	CHECK_INT(mkdir(folder, 0700), ==, 0);
	nw_explore_destroy(current);
	inner->dispose(data);
}

TEST(a_checkpoint_of_another_search_is_refused_by_what_differs)
{
	struct nw_explore_options o, other;
	void *data;

	begin();
	data = leave_checkpoint(&o, 1000);
	other = o;
	other.no_trace = true;
	expect_refusal(&other, -ESTALE, "\"parents: kept\", here \"parents: not kept\"");
	other = o;
	other.exact = true;
	expect_refusal(&other, -ESTALE, "\"seen states: fingerprints\", here");
	other = o;
	other.checkpoint_about = "size: 79x59\ncolour: blue\n";
	expect_refusal(&other, -ESTALE, "\"colour: red\", here \"colour: blue\"");
	other.checkpoint_about = NULL;
	expect_refusal(&other, -ESTALE, "\"size: 79x59\", here \"\"");
	outer.name = "gird";
	expect_refusal(&o, -ESTALE, "\"model: grid\", here \"model: gird\"");
	outer.name = inner->name;
	remove_checkpoint(&o, data);
	finish();
}

TEST(what_is_no_checkpoint_is_refused)
{
	struct nw_explore_options o, other;
	void *data;

	begin();
	data = leave_checkpoint(&o, 1000);
	other = o;
	other.recover_folder = "/tmp/nw-recover-none";
	expect_refusal(&other, -ENOENT, "there is no checkpoint");
	other.checkpoint_folder = "/proc/version/x";
	expect_refusal(&other, -ENOTDIR, "cannot write to /proc/version/x");
	other = o;
	other.memory_bytes_max = 1 << 16;
	expect_refusal(&other, -ENOMEM, "memory");
	remove_checkpoint(&o, data);
	finish();
}

static void flip(const char *name, off_t at)
{
	char path[128];
	unsigned char byte;
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	at = at < 0 ? lseek(fd, 0, SEEK_END) + at : at;
	CHECK_INT(pread(fd, &byte, 1, at), ==, 1);
	byte ^= 4;
	CHECK_INT(pwrite(fd, &byte, 1, at), ==, 1);
	(void)close(fd);
}

TEST(a_damaged_checkpoint_is_refused)
{
	static const struct {
		const char *name;
		off_t at;
	} places[] = { { "snapshot", 60 },
		       { "snapshot", -1 },
		       { "snapshot-1.1", 30 },
		       { "snapshot-1.1", -1 },
		       { "snapshot-1.1", 100 } };
	struct nw_explore_options o;
	void *data;

	begin();
	data = leave_checkpoint(&o, 1000);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		flip(places[i].name, places[i].at);
		expect_refusal(&o, -EBADMSG, "the checkpoint is damaged");
		flip(places[i].name, places[i].at);
	}
	remove_checkpoint(&o, data);
	finish();
}

TEST(a_folder_that_another_search_writes_to_is_refused)
{
	struct nw_explore_options o;
	struct nw_explore_report r;
	struct nw_explore *first;
	void *data;

	begin();
	data = leave_checkpoint(&o, 1000);
	(void)run(&o, 1, &r);
	first = current;
	expect_refusal(&o, -EBUSY, "another process writes there");
	nw_explore_destroy(first);
	remove_checkpoint(&o, data);
	finish();
}

/* The disk is full, as far as this process can tell: files end at so many bytes. */
TEST(a_full_disk_costs_a_checkpoint_and_not_the_search)
{
	struct rlimit limit;
	struct nw_explore_options o;
	struct nw_explore_report r;
	void *data;
	rlim_t before;

	begin();
	data = leave_checkpoint(&o, 1000);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	before = limit.rlim_cur;
	(void)signal(SIGXFSZ, SIG_IGN);
	limit.rlim_cur = 100;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	ask = nw_explore_checkpoint;
	CHECK_INT(run(&o, 500, &r), ==, NW_EXPLORE_DONE);
	CHECK_INT(r.total.distinct, ==, 4800);
	CHECK_INT(r.checkpoint_count, ==, 0);
	CHECK_INT(r.checkpoint_error, ==, -EFBIG);
	nw_explore_destroy(current);
	ask = nw_explore_suspend;
	CHECK_INT(run(&o, 500, &r), ==, NW_EXPLORE_STOPPED);
	CHECK(!r.is_suspended);
	CHECK_INT(r.checkpoint_error, ==, -EFBIG);
	nw_explore_destroy(current);
	limit.rlim_cur = before;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	remove_checkpoint(&o, data); /* the first one is there still */
	finish();
}

TEST(without_a_folder_a_suspension_is_a_stop)
{
	const char *names[] = { "size" }, *values[] = { "79x59" };
	void *data = wrap("grid", names, values, 1);
	struct nw_explore_options o = { .model_data = data };
	struct nw_explore_report r;

	begin();
	ask = nw_explore_suspend;
	CHECK_INT(run(&o, 100, &r), ==, NW_EXPLORE_STOPPED);
	CHECK(!r.is_suspended);
	CHECK_INT(nw_explore_checkpoint_remove(current), ==, 0);
	nw_explore_destroy(current);
	ask = nw_explore_checkpoint;
	CHECK_INT(run(&o, 100, &r), ==, NW_EXPLORE_DONE);
	CHECK_INT(r.checkpoint_count, ==, 0);
	nw_explore_destroy(current);
	inner->dispose(data);
	finish();
}

TEST(a_limit_of_depth_that_is_passed_already_ends_at_once)
{
	struct nw_explore_options o, shallow;
	struct nw_explore_report r;
	void *data;

	begin();
	data = leave_checkpoint(&o, 1000);
	shallow = o;
	shallow.depth_max = 5;
	CHECK_INT(run(&shallow, 0, &r), ==, NW_EXPLORE_TOO_DEEP);
	CHECK_INT(r.depth, >, 5);
	nw_explore_destroy(current);
	remove_checkpoint(&o, data);
	finish();
}
