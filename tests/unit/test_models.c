/* SPDX-License-Identifier: MIT */
/*
 * The built-in models against an oracle that shares nothing with the engine: one thread, whole
 * states, a plain hash table, breadth-first. The counts that it must find are known from
 * elsewhere: formulas, published tables, the same model in another language (SPIN).
 */
#include "nw_test.h"

#include <nw/models.h>

#include <errno.h>

enum { LEVELS_MAX = 2048, BUFFER_STATES = NW_EMIT_ROOM_MIN, STATE_MAX = 512 };

/* States in the order in which they were found; the table holds their number + 1, 0: empty. */
struct oracle {
	const struct nw_model *model;
	void *data, *context;
	uint8_t *bytes;
	size_t bytes_used, bytes_max;
	size_t *start; /* of each state, and of the one after the last */
	size_t count, count_max;
	uint32_t *table;
	size_t table_size;
	uint64_t generated;
	uint64_t levels[LEVELS_MAX];
	unsigned level_count;
	unsigned deadlock_level;  /* 0: none */
	unsigned violation_level; /* 0: none */
	const char *invariant;
};

static void *grown(void *block, size_t n_bytes)
{
	void *larger = realloc(block, n_bytes);

	CHECK(larger);
	return larger;
}

static uint64_t fnv1a(const uint8_t *state, size_t n_bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n_bytes; i++)
		hash = (hash ^ state[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

static uint32_t *find_slot(struct oracle *o, const uint8_t *state, size_t n_bytes)
{
	size_t at = fnv1a(state, n_bytes) & (o->table_size - 1);

	for (; o->table[at]; at = (at + 1) & (o->table_size - 1)) {
		size_t from = o->start[o->table[at] - 1], to = o->start[o->table[at]];

		if (to - from == n_bytes && memcmp(o->bytes + from, state, n_bytes) == 0)
			break;
	}
	return &o->table[at];
}

static void grow_table(struct oracle *o)
{
	free(o->table);
	o->table_size *= 2;
	o->table = calloc(o->table_size, sizeof(*o->table));
	CHECK(o->table);
	for (size_t i = 0; i < o->count; i++)
		*find_slot(o, o->bytes + o->start[i],
			   o->start[i + 1] - o->start[i]) = (uint32_t)(i + 1);
}

static void add(struct oracle *o, const uint8_t *state, size_t n_bytes)
{
	uint32_t *slot = find_slot(o, state, n_bytes);

	o->generated++;
	if (*slot)
		return;
	if (o->count + 2 > o->count_max)
		o->start = grown(o->start, (o->count_max *= 2) * sizeof(*o->start));
	while (o->bytes_used + n_bytes > o->bytes_max)
		o->bytes = grown(o->bytes, o->bytes_max *= 2);
	memcpy(o->bytes + o->bytes_used, state, n_bytes);
	o->bytes_used += n_bytes;
	*slot = (uint32_t)++o->count;
	o->start[o->count] = o->bytes_used;
	if (o->count * 2 > o->table_size)
		grow_table(o);
}

/* The model's side of the contract, met with the smallest buffer that it allows. */
struct collector {
	struct nw_emit emit;
	uint8_t buffer[BUFFER_STATES * STATE_MAX];
	uint32_t mark[BUFFER_STATES];
	void (*take)(void *to, const uint8_t *state, size_t n_bytes);
	void *to;
	unsigned taken;
};

static void take_all(struct collector *c)
{
	const uint8_t *state = c->buffer;

	for (uint32_t i = 0; i < c->emit.count; state += c->mark[i++])
		c->take(c->to, state, c->mark[i]);
	c->taken += c->emit.count;
	c->emit.count = 0;
	c->emit.cur = c->buffer;
}

static bool flush(struct nw_emit *emit, size_t n_bytes)
{
	struct collector *c = emit->engine;

	take_all(c);
	CHECK_INT(n_bytes, <=, sizeof(c->buffer));
	return true;
}

static void collector_init(struct collector *c, void (*take)(void *, const uint8_t *, size_t),
			   void *to)
{
	c->take = take;
	c->to = to;
	c->taken = 0;
	c->emit = (struct nw_emit){ .cur = c->buffer,
				    .end = c->buffer + sizeof(c->buffer),
				    .mark = c->mark,
				    .count_max = BUFFER_STATES,
				    .flush = flush,
				    .engine = c };
}

static void oracle_take(void *to, const uint8_t *state, size_t n_bytes)
{
	struct oracle *o = to;
	uint32_t fixed = o->model->size_of_state ? o->model->size_of_state(o->data)
						 : o->model->state_bytes;

	CHECK(fixed == 0 || n_bytes == fixed);
	add(o, state, n_bytes);
}

static unsigned expand(struct oracle *o, const uint8_t *state, size_t n_bytes)
{
	uint8_t copy[STATE_MAX]; /* the arena may move while its state is expanded */
	struct collector c;

	CHECK_INT(n_bytes, <=, STATE_MAX);
	memcpy(copy, state, n_bytes);
	collector_init(&c, oracle_take, o);
	if (o->model->invariant && !o->invariant) {
		o->invariant = o->model->invariant(o->context, copy, n_bytes);
		o->violation_level = o->invariant ? o->level_count : 0;
	}
	o->model->next(o->context, copy, n_bytes, &c.emit);
	take_all(&c);
	return c.taken;
}

/* Two parameters at most: name, value, name, value, NULL. */
static int configure(const struct nw_model *model, const char *const *parameters, void **ret_data,
		     struct nw_diag *diag)
{
	const char *names[2], *values[2];
	size_t count = 0;

	for (; parameters && parameters[2 * count]; count++) {
		names[count] = parameters[2 * count];
		values[count] = parameters[2 * count + 1];
	}
	if (!model->configure)
		return count ? -EINVAL : 0;
	return model->configure(ret_data, names, values, count, diag);
}

static void oracle_open(struct oracle *o, const char *name, const char *const *parameters)
{
	struct nw_diag diag = { "" };

	*o = (struct oracle){ .model = nw_model_find(name) };
	CHECK(o->model);
	if (configure(o->model, parameters, &o->data, &diag) != 0)
		FAIL("%s", diag.text);
	if (o->model->open)
		CHECK_INT(o->model->open(&o->context, o->data), ==, 0);
	o->bytes = grown(NULL, o->bytes_max = 4096);
	o->start = grown(NULL, (o->count_max = 64) * sizeof(*o->start));
	o->start[0] = 0;
	o->table_size = 64;
	grow_table(o);
}

static void oracle_close(struct oracle *o)
{
	if (o->model->close)
		o->model->close(o->context);
	if (o->model->dispose)
		o->model->dispose(o->data);
	free(o->bytes);
	free(o->start);
	free(o->table);
}

/* To the end, or until level_max levels were found. */
static void oracle_run(struct oracle *o, unsigned level_max)
{
	struct collector c;
	size_t from = 0, to;

	collector_init(&c, oracle_take, o);
	o->model->init(o->context, &c.emit);
	take_all(&c);
	for (; (to = o->count) > from; from = to) {
		o->levels[o->level_count++] = to - from;
		if (o->level_count == level_max)
			return;
		CHECK_INT(o->level_count, <, LEVELS_MAX);
		for (size_t i = from; i < to; i++) {
			size_t n_bytes = o->start[i + 1] - o->start[i];

			if (expand(o, o->bytes + o->start[i], n_bytes) == 0 && !o->deadlock_level)
				o->deadlock_level = o->level_count;
		}
	}
}

static void check_levels(const struct oracle *o, const uint64_t *levels, unsigned level_count)
{
	CHECK_INT(o->level_count, ==, level_count);
	for (unsigned i = 0; i < level_count; i++)
		CHECK_INT(o->levels[i], ==, levels[i]);
}

static uint64_t count_of(const char *name, const char *const *parameters)
{
	struct oracle o;
	uint64_t count;

	oracle_open(&o, name, parameters);
	oracle_run(&o, LEVELS_MAX);
	count = o.count;
	CHECK(!o.invariant);
	CHECK(!o.deadlock_level || (o.model->flags & NW_MODEL_MAY_END));
	oracle_close(&o);
	return count;
}

TEST(registry_lists_every_model_once_and_finds_it)
{
	size_t count = 0;

	for (const struct nw_model *m; (m = nw_model_builtin_at(count)); count++) {
		CHECK_INT(m->abi, ==, NW_MODEL_ABI);
		CHECK(m->name && m->about && m->parameters);
		CHECK(m->init && m->next && m->print);
		CHECK(nw_model_find(m->name) == m);
	}
	CHECK_INT(count, ==, 8);
	CHECK(!nw_model_find("cube"));
	CHECK(!nw_model_find(""));
}

/* Published: God's number of the pocket cube by half turns. The rest is the engine's test. */
TEST(cube2_levels_are_the_published_ones)
{
	static const uint64_t levels[] = { 1, 9, 54, 321, 1847, 9992, 50136 };
	struct oracle o;

	oracle_open(&o, "cube2", NULL);
	oracle_run(&o, 7);
	check_levels(&o, levels, 7);
	oracle_close(&o);
}

static void keep_last(void *to, const uint8_t *state, size_t n_bytes)
{
	CHECK_INT(n_bytes, ==, 4);
	memcpy(to, state, n_bytes);
}

/* A clockwise turn of U moves the top rows: right to front, front to left, left to back. */
TEST(cube2_turns_the_stickers_that_a_cube_turns)
{
	uint8_t states[64][4];
	char text[64];
	struct oracle o;
	struct collector c;

	oracle_open(&o, "cube2", NULL);
	collector_init(&c, keep_last, states[0]);
	o.model->init(o.context, &c.emit);
	take_all(&c);
	o.model->print(o.context, states[0], 4, text, sizeof(text));
	CHECK_STR(text, "UU/UU RR/RR FF/FF DD/DD LL/LL BB/BB");
	oracle_run(&o, 2);
	CHECK_STR(o.model->action(o.context, states[0], 4, 0), "U");
	o.model->print(o.context, o.bytes + o.start[1], 4, text, sizeof(text));
	CHECK_STR(text, "UU/UU BB/RR RR/FF DD/DD FF/LL LL/BB");
	CHECK_STR(o.model->action(o.context, states[0], 4, 3), "R");
	o.model->print(o.context, o.bytes + o.start[4], 4, text, sizeof(text));
	CHECK_STR(text, "UF/UF RR/RR FD/FD DB/DB LL/LL UB/UB");
	CHECK_STR(o.model->action(o.context, states[0], 4, 6), "F");
	o.model->print(o.context, o.bytes + o.start[7], 4, text, sizeof(text));
	CHECK_STR(text, "UU/LL UR/UR FF/FF RR/DD LD/LD BB/BB");
	oracle_close(&o);
}

/* OEIS A089473 for the blank in a corner; 9!/2 in all. */
TEST(slide_3x3_levels_are_the_published_ones)
{
	static const uint64_t levels[] = { 1,     2,     4,     8,     16,    20,    39,    62,
					   116,   152,   286,   396,   748,   1024,  1893,  2512,
					   4485,  5638,  9529,  10878, 16993, 17110, 23952, 20224,
					   24047, 15578, 14560, 6274,  3910,  760,   221,   2 };
	struct oracle o;

	oracle_open(&o, "slide", NULL);
	oracle_run(&o, LEVELS_MAX);
	check_levels(&o, levels, 32);
	CHECK_INT(o.count, ==, 181440);
	/* Each state has as many successors as its blank has neighbours: 24 over the 9 cells. */
	CHECK_INT(o.generated, ==, 1 + 181440 / 9 * 24);
	oracle_close(&o);
}

TEST(slide_of_other_shapes_has_half_the_permutations)
{
	CHECK_INT(count_of("slide", (const char *[]){ "size", "2x2", NULL }), ==, 12);
	CHECK_INT(count_of("slide", (const char *[]){ "size", "2x3", NULL }), ==, 360);
	CHECK_INT(count_of("slide", (const char *[]){ "size", "3x2", NULL }), ==, 360);
	CHECK_INT(count_of("slide", (const char *[]){ "size", "2x4", NULL }), ==, 20160);
}

/* 4x4 uses all sixteen nibbles: OEIS A089484. */
TEST(slide_4x4_starts_as_published)
{
	static const uint64_t levels[] = { 1,   2,   4,   10,   24,   54,   107,
					   212, 446, 946, 1948, 3938, 7808, 15544 };
	struct oracle o;

	oracle_open(&o, "slide", (const char *[]){ "size", "4x4", NULL });
	oracle_run(&o, 14);
	check_levels(&o, levels, 14);
	oracle_close(&o);
}

TEST(grid_has_every_point_and_its_diagonals_are_its_levels)
{
	struct oracle o;

	oracle_open(&o, "grid", (const char *[]){ "size", "30x20", NULL });
	oracle_run(&o, LEVELS_MAX);
	CHECK_INT(o.count, ==, 31 * 21);
	CHECK_INT(o.level_count, ==, 30 + 20 + 1);
	for (unsigned i = 0; i <= 20; i++)
		CHECK_INT(o.levels[i], ==, i + 1);
	CHECK_INT(o.generated, ==, 1 + 2 * (30 * 21 + 31 * 20));
	oracle_close(&o);
	CHECK_INT(count_of("grid", (const char *[]){ "size", "0x0", NULL }), ==, 1);
}

TEST(grid_beyond_its_sum_violates_at_the_first_such_level)
{
	struct oracle o;

	oracle_open(&o, "grid", (const char *[]){ "size", "9x9", "max-sum", "5", NULL });
	oracle_run(&o, LEVELS_MAX);
	CHECK_STR(o.invariant, "SumWithinMax");
	CHECK_INT(o.violation_level, ==, 7);
	oracle_close(&o);
}

TEST(tree_is_the_sum_of_powers)
{
	CHECK_INT(count_of("tree", NULL), ==, 299593); /* (8^7 - 1) / 7 */
	CHECK_INT(count_of("tree", (const char *[]){ "depth", "0", NULL }), ==, 1);
	CHECK_INT(count_of("tree", (const char *[]){ "branch", "1", NULL }), ==, 7);
	CHECK_INT(count_of("tree", (const char *[]){ "depth", "2", "branch", "256", NULL }), ==,
		  1 + 256 + 65536);
}

TEST(peterson_excludes_and_never_deadlocks)
{
	struct oracle o;

	oracle_open(&o, "peterson", NULL);
	oracle_run(&o, LEVELS_MAX);
	CHECK_INT(o.levels[0], ==, 2);
	CHECK(!o.invariant);
	CHECK_INT(o.deadlock_level, ==, 0);
	CHECK_INT(o.count, ==, 20); /* as bench/spin/peterson.pml, less its choice of the turn */
	oracle_close(&o);
}

TEST(peterson_broken_violates_mutual_exclusion)
{
	struct oracle o;

	oracle_open(&o, "peterson-broken", NULL);
	oracle_run(&o, LEVELS_MAX);
	CHECK_STR(o.invariant, "MutualExclusion");
	CHECK_INT(o.violation_level, ==, 7);
	oracle_close(&o);
}

/* Pell-Lucas: p(n) = 2 p(n-1) + p(n-2), p(0) = p(1) = 2. */
TEST(philosophers_are_pell_lucas_numbers_and_deadlock_when_all_hold)
{
	uint64_t before = 2, now = 6;

	for (unsigned n = 2; n <= 11; n++) {
		char size[8];
		struct oracle o;

		snprintf(size, sizeof(size), "%u", n);
		oracle_open(&o, "philosophers", (const char *[]){ "size", size, NULL });
		oracle_run(&o, LEVELS_MAX);
		CHECK_INT(o.count, ==, now);
		CHECK_INT(o.deadlock_level, ==, n + 1);
		oracle_close(&o);
		now = 2 * now + before;
		before = (now - before) / 2;
	}
}

/* The defaults are counted by bench/spin/flurm.pml too. One job with limit 1 by hand: Null,
 * Pending, Timeout, and ran 0 or 1 for Running, Completing, Completed, Failed, Suspended and
 * Cancelled. */
TEST(flurm_keeps_its_invariants_and_its_count)
{
	struct oracle o;

	oracle_open(&o, "flurm", NULL);
	oracle_run(&o, LEVELS_MAX);
	CHECK(!o.invariant);
	CHECK_INT(o.count, ==, 221149);
	CHECK_INT(o.generated, ==, 964720);
	oracle_close(&o);
	CHECK_INT(count_of("flurm", (const char *[]){ "jobs", "1", "time-limit", "1", NULL }), ==,
		  15);
}

static void count_only(void *to, const uint8_t *state, size_t n_bytes)
{
	(void)to;
	(void)state;
	(void)n_bytes;
}

/* Every successor has an action's name; every state has a text, cut where it must be. */
TEST(names_and_texts_exist_for_all_states)
{
	for (size_t m = 0; nw_model_builtin_at(m); m++) {
		char text[256], cut[8];
		struct collector c;
		struct oracle o;

		oracle_open(&o, nw_model_builtin_at(m)->name, NULL);
		oracle_run(&o, 5);
		for (size_t i = 0; i < o.count; i++) {
			const uint8_t *state = o.bytes + o.start[i];
			size_t n_bytes = o.start[i + 1] - o.start[i];

			collector_init(&c, count_only, NULL);
			o.model->next(o.context, state, n_bytes, &c.emit);
			take_all(&c);
			for (unsigned k = 0; k < c.taken; k++)
				CHECK(o.model->action(o.context, state, n_bytes, k));
			o.model->print(o.context, state, n_bytes, text, sizeof(text));
			o.model->print(o.context, state, n_bytes, cut, sizeof(cut));
			CHECK_INT(strlen(text), >, 0);
			CHECK_INT(strncmp(text, cut, sizeof(cut) - 1), ==, 0);
		}
		oracle_close(&o);
	}
}

static bool stop(struct nw_emit *emit, size_t n_bytes)
{
	(void)n_bytes;
	emit->count_max = 0;
	return false;
}

TEST(models_stop_when_the_search_is_ending)
{
	for (size_t m = 0; nw_model_builtin_at(m); m++) {
		uint8_t buffer[STATE_MAX];
		uint32_t mark[NW_EMIT_ROOM_MIN];
		struct oracle o;
		struct nw_emit emit = {
			.cur = buffer, .end = buffer + sizeof(buffer), .mark = mark, .flush = stop
		};

		oracle_open(&o, nw_model_builtin_at(m)->name, NULL);
		oracle_run(&o, 2);
		o.model->next(o.context, o.bytes, o.start[1], &emit);
		CHECK_INT(emit.count, ==, 0);
		oracle_close(&o);
	}
}

static void check_refused(const char *name, const char *const *parameters, const char *text)
{
	struct nw_diag diag = { "" };
	void *data = &diag;

	CHECK_INT(configure(nw_model_find(name), parameters, &data, &diag), ==, -EINVAL);
	CHECK_STR(diag.text, text);
	CHECK(data == &diag);
	CHECK_INT(configure(nw_model_find(name), parameters, &data, NULL), ==, -EINVAL);
}

TEST(absurd_parameters_are_refused_with_a_reason)
{
	static const char *const sizes[] = { "9x9",  "1x4", "3",
					     "3x",   "x3",  "3x4x",
					     "-3x3", "",    "3x99999999999999999999" };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text),
			 "slide: --size WxH with 2 <= W,H and W*H <= 16, not %s", sizes[i]);
		check_refused("slide", (const char *[]){ "size", sizes[i], NULL }, text);
	}
	check_refused("slide", (const char *[]){ "depth", "3", NULL },
		      "slide: no parameter --depth; it takes --size WxH (3x3)");
	check_refused("slide", (const char *[]){ "size", "3x3", "size", "3x3", NULL },
		      "slide: --size is given twice");
	check_refused("cube2", (const char *[]){ "size", "3", NULL },
		      "cube2: no parameter --size; it takes none");
	check_refused("grid", (const char *[]){ "size", "999999999x999999999", NULL },
		      "grid: --size XxY with (X+1)*(Y+1) <= 2^48 and X,Y <= 1000000000, not "
		      "999999999x999999999");
	check_refused("grid", (const char *[]){ "max-sum", "many", NULL },
		      "grid: --max-sum 0..2000000000, not many");
	check_refused("tree", (const char *[]){ "depth", "60", NULL },
		      "tree: --depth 60 --branch 8 is more than 2^48 states");
	check_refused("tree", (const char *[]){ "branch", "0", NULL },
		      "tree: --branch 1..256, not 0");
	check_refused("philosophers", (const char *[]){ "size", "21", NULL },
		      "philosophers: --size 2..20, not 21");
	check_refused("flurm", (const char *[]){ "jobs", "9", NULL }, "flurm: --jobs 1..8, not 9");
}
