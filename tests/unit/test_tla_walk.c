/* SPDX-License-Identifier: MIT */
/*
 * Random walks through a specification: what they come to does not depend on the workers, on what
 * is forgotten in between, or on what other walks left behind.
 */
#include "nw_test.h"

#include "tla/model/search.h"

#include <nw/walk.h>

#include <errno.h>
#include <pthread.h>

/*
 * Lucky and Rank are chosen once, Rank is not storable and remembers; `sum` is bound around
 * actions; every step makes new strings, sets and functions. (No set of new strings: their order
 * is that in which they were first made, as with TLC.)
 */
static const char walk_text[] =
	"---- MODULE Walk ----\n"
	"EXTENDS Integers, Sequences, FiniteSets, TLC, Randomization\n"
	"VARIABLES at, seen, log\n"
	"Proc == {\"a\", \"b\", \"c\"}\n"
	"Lucky == {<<n>> : n \\in RandomSubset(3, 1..1000)}\n"
	"Rank[n \\in Nat] == IF n < 2 THEN n ELSE Rank[n - 1] + Rank[n - 2]\n"
	"Init == /\\ at = [p \\in Proc |-> 0]\n"
	"        /\\ seen = Lucky\n"
	"        /\\ log \\in {<<>>, <<\"begin\">>}\n"
	"Move(p, n) == /\\ at' = [at EXCEPT ![p] = @ + n]\n"
	"              /\\ seen' = (seen \\ {<<Rank[n]>>}) \\cup {<<n, at[p], at[\"b\"]>>}\n"
	"              /\\ log' = Append(log, ToString(at'))\n"
	"Chance == /\\ at' = [p \\in Proc |-> RandomElement(1..1000)]\n"
	"          /\\ UNCHANGED <<seen, log>>\n"
	"Next == LET sum == at[\"a\"] + at[\"b\"] + at[\"c\"]\n"
	"        IN  \\/ \\E p \\in Proc, n \\in 1..3 : Move(p, n)\n"
	"            \\/ /\\ sum > 20\n"
	"               /\\ at' = [p \\in Proc |-> sum]\n"
	"               /\\ seen' = seen \\cap Lucky /\\ UNCHANGED log\n"
	"            \\/ Chance\n"
	"Kept == Lucky \\ seen \\subseteq {<<1>>, <<2>>}\n"
	"Counts == /\\ TLCSet(7, [n |-> TLCGet(7).n + 1, s |-> {TLCGet(7).n}])\n"
	"          /\\ TLCGet(7).s = {TLCGet(7).n - 1}\n"
	"Bound == at[\"a\"] < 999\n"
	"Odd == Cardinality({p \\in Proc : at[p] % 2 = 1}) # 3\n"
	"ASSUME TLCSet(7, [n |-> 0, s |-> {}])\n"
	"====\n";

static const char config_text[] = "INIT Init\nNEXT Next\nINVARIANT Kept\n";

enum { WALKS = 300, STEPS = 25 };

struct texts {
	char config[256];
};

static int read_text(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	struct texts *texts = context;

	if (strcmp(path, "Walk.tla") == 0)
		*ret_text = walk_text;
	else if (strcmp(path, "Walk.cfg") == 0)
		*ret_text = texts->config;
	else
		return -ENOENT;
	*ret_bytes = strlen(*ret_text);
	return 0;
}

struct run {
	struct texts texts;
	struct tla_model *model;
	struct tla_runner *runner;
	struct tla_search search;
	struct nw_topo *topo;
	struct nw_walk *walk;
	struct nw_walk_report report;
	void *printer;        /* a context */
	pthread_mutex_t lock; /* of it */
	uint64_t hashes[WALKS];
	uint64_t stored_bytes;
	bool tells; /* of violations, and goes on */
	uint64_t told_count;
};

static uint64_t hash_of(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return hash;
}

static void note(void *arg, const struct nw_walk_path *path)
{
	static char text[1 << 16];
	struct run *run = arg;
	const struct nw_model *model = &run->search.interface;
	uint64_t hash = UINT64_C(14695981039346656037);

	pthread_mutex_lock(&run->lock);
	for (size_t i = 0; i < path->step_count; i++) {
		model->print(run->printer, path->steps[i].state, path->steps[i].n_bytes, text,
			     sizeof(text));
		hash = hash_of(hash, text);
		if (i > 0)
			hash = hash_of(hash, path->steps[i].action);
	}
	run->hashes[path->walk_idx] = hash;
	pthread_mutex_unlock(&run->lock);
}

static void assume(struct run *run)
{
	const struct tla_formulas *list = &run->model->assumptions;

	CHECK_INT(tla_runner_create(&run->runner, run->model, NW_NODE_ANY, 1 << 20), ==, 0);
	for (uint32_t i = 0; i < list->count; i++)
		CHECK_INT(tla_run_state(run->runner, &list->at[i], NULL), ==, TLA_HOLDS);
}

/* By an evaluator beside the workers', while others walk on. */
static void look_again(void *arg, const struct nw_walk_path *path, const char *name)
{
	struct run *run = arg;
	const struct nw_explore_step *last = &path->steps[path->step_count - 1];

	pthread_mutex_lock(&run->lock);
	run->runner->eval.stack_end = (const char *)__builtin_frame_address(0) - (256 << 10);
	CHECK_STR(name, "Odd");
	for (size_t i = 0; i < path->step_count; i++)
		CHECK_INT(tla_run_state(run->runner, &run->model->invariants.at[1],
					(const tla_value *)(const void *)path->steps[i].state),
			  ==, &path->steps[i] == last ? TLA_FAILS : TLA_HOLDS);
	run->told_count++;
	pthread_mutex_unlock(&run->lock);
}

static void begin(struct run *run, const char *more, uint64_t forget_bytes)
{
	struct tla_reader reader = { .read = read_text, .context = &run->texts };

	memset(run, 0, sizeof(*run));
	pthread_mutex_init(&run->lock, NULL);
	(void)snprintf(run->texts.config, sizeof(run->texts.config), "%s%s", config_text, more);
	CHECK_INT(tla_model_create(&run->model), ==, 0);
	CHECK_INT(tla_model_load(run->model, &reader, "Walk.tla", "Walk.cfg"), ==, 0);
	run->model->world.seed = 99;
	assume(run);
	CHECK_INT(tla_search_init(&run->search, run->model), ==, 0);
	run->search.forget_bytes = forget_bytes;
	CHECK_INT(run->search.interface.open(&run->printer, &run->search), ==, 0);
}

static enum nw_explore_end go(struct run *run, uint32_t worker_count)
{
	struct nw_walk_options options = { .model = &run->search.interface,
					   .model_data = &run->search,
					   .worker_count = worker_count,
					   .seed = nw_test_seed(),
					   .walk_count = WALKS,
					   .step_count_max = STEPS,
					   .on_walk = note,
					   .on_violation = run->tells ? look_again : NULL,
					   .arg = run,
					   .no_pin = true,
					   .oversubscribe = true };
	enum nw_explore_end end;
	struct nw_diag diag;
	uint64_t stored_count;

	CHECK_INT(nw_topo_open(&run->topo, NULL, &diag), ==, 0);
	options.topo = run->topo;
	if (nw_walk_create(&run->walk, &options, &diag) < 0)
		FAIL("%s", diag.text);
	end = nw_walk_run(run->walk);
	nw_walk_report(run->walk, &run->report);
	tla_search_stored(&run->search, &stored_count, &run->stored_bytes);
	return end;
}

static void end(struct run *run)
{
	nw_walk_destroy(run->walk);
	run->search.interface.close(run->printer);
	nw_topo_close(run->topo);
	tla_search_fini(&run->search);
	tla_runner_destroy(run->runner);
	tla_model_destroy(run->model);
	pthread_mutex_destroy(&run->lock);
}

TEST(walks_are_the_same_whoever_walks_and_whatever_is_forgotten)
{
	static struct run first, other;

	begin(&first, "", UINT64_MAX);
	CHECK_INT(go(&first, 1), ==, NW_EXPLORE_DONE);
	CHECK_INT(first.report.walk_count, ==, WALKS);
	CHECK_INT(first.search.forgotten_count, ==, 0);
	for (uint32_t workers = 1; workers <= 4; workers++) {
		begin(&other, "", workers == 3 ? UINT64_MAX : 20000);
		CHECK_INT(go(&other, workers), ==, NW_EXPLORE_DONE);
		CHECK_INT(other.search.forgotten_count > 0, ==, workers != 3);
		CHECK_INT(other.report.generated, ==, first.report.generated);
		CHECK(memcmp(first.hashes, other.hashes, sizeof(first.hashes)) == 0);
		end(&other);
	}
	end(&first);
}

TEST(no_two_walks_are_the_same)
{
	static struct run run;

	begin(&run, "", UINT64_MAX);
	CHECK_INT(go(&run, 2), ==, NW_EXPLORE_DONE);
	for (uint32_t i = 1; i < WALKS; i++)
		CHECK(run.hashes[i] != run.hashes[i - 1]);
	end(&run);
}

TEST(what_is_forgotten_takes_no_memory)
{
	static struct run all, few;

	begin(&all, "", UINT64_MAX);
	CHECK_INT(go(&all, 1), ==, NW_EXPLORE_DONE);
	begin(&few, "", 20000);
	CHECK_INT(go(&few, 1), ==, NW_EXPLORE_DONE);
	CHECK_INT(few.stored_bytes, <, all.stored_bytes / 2);
	end(&all);
	end(&few);
}

TEST(registers_outlast_what_is_forgotten)
{
	static struct run run;

	for (uint32_t workers = 1; workers <= 3; workers += 2) {
		begin(&run, "INVARIANT Counts\n", 20000);
		CHECK_INT(go(&run, workers), ==, NW_EXPLORE_DONE);
		CHECK_INT(run.search.forgotten_count, >, 2);
		end(&run);
	}
}

TEST(who_looks_at_violations_between_walks_forgets_too)
{
	static struct run run;

	for (uint32_t workers = 1; workers <= 3; workers++) {
		begin(&run, "INVARIANT Odd\n", 2000);
		run.tells = true;
		run.search.beside = run.runner;
		CHECK_INT(go(&run, workers), ==, NW_EXPLORE_DONE);
		CHECK_INT(run.told_count, >, 2);
		CHECK_INT(run.told_count, ==, run.report.violation_count);
		CHECK_INT(run.search.forgotten_count, >, 2);
		end(&run);
	}
}

TEST(a_violation_found_after_forgetting_has_its_states)
{
	static struct run first, other;
	const struct nw_explore_step *steps[2];
	size_t count[2];

	for (int i = 0; i < 2; i++) {
		struct run *run = i ? &other : &first;

		begin(run, "INVARIANT Bound\n", i ? 2000 : UINT64_MAX);
		CHECK_INT(go(run, i ? 3 : 1), ==, NW_EXPLORE_VIOLATION);
		CHECK_INT(nw_walk_trace(run->walk, &steps[i], &count[i]), ==, 0);
	}
	CHECK_INT(first.report.fault_walk_idx, ==, other.report.fault_walk_idx);
	CHECK_INT(first.report.generated, ==, other.report.generated);
	CHECK_INT(count[0], ==, count[1]);
	for (size_t k = 0; k < count[0]; k++) {
		static char text[2][1 << 16];

		for (int i = 0; i < 2; i++) {
			struct run *run = i ? &other : &first;

			run->search.interface.print(run->printer, steps[i][k].state,
						    steps[i][k].n_bytes, text[i], sizeof(text[i]));
		}
		CHECK_STR(text[0], text[1]);
	}
	end(&first);
	end(&other);
}
