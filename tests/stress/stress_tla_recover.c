/* SPDX-License-Identifier: MIT */
/*
 * Specifications whose searches are suspended again and again and go on in a model that is loaded
 * anew: other addresses, an empty store, strings and model values that were made while states were.
 * Counts and traces are those of a search in one piece.
 */
#include "nw_test.h"

#include "base/prng.h"

#include "tla/model/resume.h"
#include "tla/value/fcn.h"
#include "tla/value/pack.h"
#include "tla/value/print.h"
#include "tla/value/set.h"

#include <nw/explore.h>

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each token moves alone: 5^3 states; every one has a set, a record with a nested function, a new
 * string, and a model value that is made for it. */
static const char ring_text[] =
	"---- MODULE Ring ----\n"
	"EXTENDS Naturals, Integers, Sequences, TLC, TLCExt\n"
	"CONSTANTS Limit, a, b\n"
	"VARIABLES at, trace\n"
	"Proc == 1..3\n"
	"Code(f) == f[1] + 5 * f[2] + 25 * f[3]\n"
	"Text(f) == \"s\" \\o ToString(Code(f))\n"
	"Of(f) == [set |-> {f[q] - 2 : q \\in Proc}, str |-> Text(f), both |-> {a, b},\n"
	"          val |-> TLCModelValue(\"m\" \\o ToString(f[1])),\n"
	"          fun |-> [s \\in {a, b} |-> IF s = a THEN <<f[1], <<f[2]>>>> ELSE f],\n"
	"          big |-> 0 - 1000007 * Code(f), all |-> 1..f[3], no |-> {}, yes |-> TRUE]\n"
	"Init == at = [p \\in Proc |-> 0] /\\ trace = Of(at)\n"
	"Whole == trace = Of(at) /\\ trace.no = {} /\\ trace.set # {}\n"
	"Move(p, n) == Whole /\\ at' = [at EXCEPT ![p] = (@ + n) % 5] /\\ trace' = Of(at')\n"
	"Next == \\E p \\in Proc, n \\in 0..4 : Move(p, n)\n"
	"Fits == trace = Of(at)\n"
	"Low == Code(at) < Limit\n"
	"View == <<at, trace.str>>\n"
	"Sym == Permutations({a, b})\n"
	"====\n";

static const char config_text[] = "INIT Init\nNEXT Next\nINVARIANTS Fits Low\n"
				  "CONSTANTS a = a\nb = b\nLimit = ";

enum { STATES = 125, GENERATED = 1 + 125 * 15, DEPTH = 4, NONE = 9999 };

static char folder[64], config[512];
static struct nw_topo *topo;

static int read_text(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	(void)context;
	if (strcmp(path, "Ring.tla") == 0)
		*ret_text = ring_text;
	else if (strcmp(path, "Ring.cfg") == 0)
		*ret_text = config;
	else
		return -ENOENT;
	*ret_bytes = strlen(*ret_text);
	return 0;
}

/* One "process": a model of its own. */
struct run {
	struct tla_model *model;
	struct tla_search search;
	struct nw_explore *explore;
	struct nw_explore_report report;
};

static struct run *current;
static _Atomic uint64_t expanded, ask_at;
static void (*inner_next)(void *context, const uint8_t *state, size_t n_bytes,
			  struct nw_emit *emit);

static void counted_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	if (atomic_fetch_add(&expanded, 1) + 1 == atomic_load(&ask_at))
		nw_explore_suspend(current->explore);
	inner_next(context, state, n_bytes, emit);
}

static void load(struct run *run)
{
	struct tla_reader reader = { .read = read_text };
	char text[600];

	CHECK_INT(tla_model_create(&run->model), ==, 0);
	if (tla_model_load(run->model, &reader, "Ring.tla", "Ring.cfg"))
		FAIL("%s",
		     tla_error_format(&run->model->spec->sources,
				      &run->model->spec->sources.errors[0], text, sizeof text));
	CHECK_INT(tla_search_init(&run->search, run->model), ==, 0);
	tla_search_make_resumable(&run->search);
	inner_next = run->search.interface.next;
	run->search.interface.next = counted_next;
}

static void unload(struct run *run)
{
	nw_explore_destroy(run->explore);
	tla_search_fini(&run->search);
	tla_model_destroy(run->model);
}

static enum nw_explore_end run_part(struct run *run, struct nw_explore_options *o, uint64_t after)
{
	enum nw_explore_end end;
	struct nw_diag diag = { "" };

	o->topo = topo;
	o->model = &run->search.interface;
	o->model_data = &run->search;
	o->oversubscribe = o->no_pin = true;
	o->batch_count = 3;
	o->slots_min = 8;
	o->checkpoint_folder = folder;
	current = run;
	atomic_store(&expanded, 0);
	atomic_store(&ask_at, after);
	if (nw_explore_create(&run->explore, o, &diag) < 0)
		FAIL("%s", diag.text);
	end = nw_explore_run(run->explore);
	nw_explore_report(run->explore, &run->report);
	return end;
}

/* To the end, in parts; the last one is the caller's. */
static enum nw_explore_end run_all(struct run *run, struct nwi_prng *prng, unsigned *ret_parts)
{
	struct nw_explore_options o = { .no_deadlock = true };
	enum nw_explore_end end;

	for (*ret_parts = 0;; ++*ret_parts) {
		o.worker_count = 1 + (uint32_t)(nwi_prng_next(prng) % 4);
		o.route = (enum nw_explore_route)(nwi_prng_next(prng) % 4);
		load(run);
		end = run_part(run, &o, 1 + nwi_prng_next(prng) % 40);
		if (!run->report.is_suspended)
			break;
		unload(run);
		o.recover_folder = folder;
	}
	CHECK_INT(nw_explore_checkpoint_remove(run->explore), ==, 0);
	CHECK_INT(mkdir(folder, 0700), ==, 0);
	return end;
}

static void begin(int limit, const char *more)
{
	struct nw_diag diag;

	(void)snprintf(folder, sizeof folder, "/tmp/nw-tla-recover-XXXXXX");
	CHECK(mkdtemp(folder));
	(void)snprintf(config, sizeof config, "%s%d\n%s", config_text, limit, more);
	CHECK_INT(nw_topo_open(&topo, NULL, &diag), ==, 0);
}

static void finish(void)
{
	nw_topo_close(topo);
	CHECK_INT(rmdir(folder), ==, 0);
}

static void expect_all(const char *more)
{
	struct nwi_prng prng;

	begin(NONE, more);
	for (int i = 0; i < 6 * nw_test_scale(); i++) {
		struct run run = { 0 };
		unsigned parts;

		nwi_prng_init(&prng, nw_test_seed() + (uint64_t)i);
		(void)run_all(&run, &prng, &parts);
		if (run.search.has_error)
			FAIL("%s", run.search.error.text);
		CHECK_INT(run.report.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(parts, >, 0);
		CHECK_INT(run.report.total.distinct, ==, STATES);
		CHECK_INT(run.report.total.generated, ==, GENERATED);
		CHECK_INT(run.report.depth, ==, DEPTH);
		unload(&run);
	}
	finish();
}

TEST(specifications_go_on_in_a_model_that_is_loaded_anew)
{
	expect_all("");
}

TEST(views_too)
{
	expect_all("VIEW View\n");
}

TEST(symmetries_too)
{
	expect_all("SYMMETRY Sym\n");
}

TEST(a_violation_has_its_path_across_models)
{
	struct nwi_prng prng;

	begin(124, "");
	for (int i = 0; i < 4 * nw_test_scale(); i++) {
		const struct nw_explore_step *steps;
		struct run run = { 0 };
		unsigned parts;
		size_t count;
		char text[2000];

		nwi_prng_init(&prng, nw_test_seed() + (uint64_t)i);
		CHECK_INT(run_all(&run, &prng, &parts), ==, NW_EXPLORE_VIOLATION);
		CHECK_STR(run.report.invariant, "Low");
		CHECK_INT(nw_explore_trace(run.explore, &steps, &count), ==, 0);
		CHECK_INT(count, ==, 4);
		(void)tla_print(&run.model->heap,
				((const tla_value *)(const void *)steps[3].state)[0], text,
				sizeof text);
		CHECK_STR(text, "<<4, 4, 4>>");
		unload(&run);
	}
	finish();
}

TEST(other_strings_than_those_of_the_checkpoint_are_refused)
{
	struct nw_explore_options o = { .worker_count = 1, .no_deadlock = true };
	struct nw_explore *explore;
	struct nw_diag diag = { "" };
	struct run run = { 0 };

	begin(NONE, "");
	load(&run);
	CHECK_INT(run_part(&run, &o, 20), ==, NW_EXPLORE_STOPPED);
	CHECK(run.report.is_suspended);
	unload(&run);
	load(&run);
	CHECK(tla_symbol(run.model->spec->symbols, "nobody made this", 16) != TLA_NO_SYM);
	o.recover_folder = folder;
	o.model = &run.search.interface;
	CHECK_INT(nw_explore_create(&explore, &o, &diag), ==, -ESTALE);
	run.explore = NULL;
	unload(&run);
	load(&run);
	CHECK_INT(run_part(&run, &o, 0), ==, NW_EXPLORE_DONE);
	CHECK_INT(run.report.total.distinct, ==, STATES);
	CHECK_INT(nw_explore_checkpoint_remove(run.explore), ==, 0);
	CHECK_INT(mkdir(folder, 0700), ==, 0);
	unload(&run);
	finish();
}

/* ---- packed values alone ---- */

/* A file in memory. */
struct memory_file {
	struct nw_model_file file;
	uint8_t bytes[1 << 20];
	size_t used, at;
};

static int put(struct nw_model_file *file, const void *bytes, size_t n_bytes)
{
	struct memory_file *m = (struct memory_file *)(void *)file;

	CHECK(m->used + n_bytes <= sizeof m->bytes);
	memcpy(m->bytes + m->used, bytes, n_bytes);
	m->used += n_bytes;
	return 0;
}

static int get(struct nw_model_file *file, void *bytes, size_t n_bytes)
{
	struct memory_file *m = (struct memory_file *)(void *)file;

	if (n_bytes > m->used - m->at)
		return -ENODATA;
	memcpy(bytes, m->bytes + m->at, n_bytes);
	m->at += n_bytes;
	return 0;
}

static struct memory_file memory;

/* What is empty, alone and as a part. */
static tla_value make_empty(struct tla_heap *heap, uint64_t i)
{
	tla_value items[2] = { tla_set_empty(), TLA_TRUE };

	switch (i % 4) {
	case 0:
		return tla_set_empty();
	case 1:
		return tla_tuple(heap, NULL, 0);
	case 2:
		return tla_set_new(heap, items, 1);
	default:
		return tla_tuple(heap, items, 2);
	}
}

/* States of three values: a tuple of tuples that is new in each, and two of few. */
static void make_state(struct tla_keeper *keeper, struct tla_heap *heap, uint64_t i,
		       tla_value *ret_values)
{
	struct tla_obj *inner = tla_obj_new(heap, TLA_TUPLE, 2, 2);
	struct tla_obj *outer = tla_obj_new(heap, TLA_TUPLE, 3, 3);

	inner->items[0] = tla_int((int64_t)i - 50);
	inner->items[1] = tla_string(1 + (uint32_t)i % 7);
	inner->is_plain = outer->is_plain = true;
	outer->items[0] = tla_of(inner);
	outer->items[1] = tla_bool(i % 2);
	outer->items[2] = tla_infinite(TLA_NAT);
	ret_values[0] = tla_store(keeper, heap, tla_of(outer));
	inner = tla_obj_new(heap, TLA_INTERVAL, 0, 2);
	inner->items[0] = tla_int(0);
	inner->items[1] = tla_int(1 + (int64_t)i % 5);
	inner->is_plain = true;
	ret_values[1] = tla_store(keeper, heap, tla_of(inner));
	ret_values[2] = tla_store(keeper, heap, make_empty(heap, i));
	CHECK(ret_values[0] && ret_values[1] && ret_values[2]);
}

enum { PACKED = 3000 }; /* more than one run of numbers where tests are small */

TEST(what_is_packed_is_unpacked_and_nothing_else_is)
{
	struct tla_store *stores[2];
	struct tla_keeper *keeper;
	struct tla_packer *packer;
	struct tla_heap heap;
	tla_value values[3], read[3];

	CHECK_INT(tla_heap_init(&heap, NW_NODE_ANY, SIZE_MAX), ==, 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tla_store_create(&stores[i]), ==, 0);
	CHECK_INT(tla_keeper_create(&keeper, stores[0], NW_NODE_ANY), ==, 0);
	memory.file = (struct nw_model_file){ put, get };
	CHECK_INT(tla_packer_create(&packer, stores[0]), ==, 0);
	for (uint64_t i = 0; i < PACKED; i++) {
		make_state(keeper, &heap, i, values);
		CHECK_INT(tla_pack_state(packer, &memory.file, values, 3), ==, 0);
	}
	tla_packer_destroy(packer);
	CHECK_INT(tla_packer_create(&packer, stores[0]), ==,
		  0); /* the same store: the same words */
	for (uint64_t i = 0; i < PACKED; i++) {
		make_state(keeper, &heap, i, values);
		CHECK_INT(tla_unpack_state(packer, &memory.file, read, 3), ==, 0);
		CHECK(memcmp(values, read, sizeof values) == 0);
	}
	CHECK_INT(tla_unpack_state(packer, &memory.file, read, 3), ==, -ENODATA);
	tla_packer_destroy(packer);
	/* Bytes that nobody packed are refused, or are values all the same. */
	memory.at = 0;
	for (size_t at = 4; at < 2000; at++) {
		uint8_t byte = memory.bytes[at];

		memory.bytes[at] = (uint8_t)(byte + 1 + at % 254);
		memory.at = 0;
		CHECK_INT(tla_packer_create(&packer, stores[1]), ==, 0);
		for (int i = 0, rc = 0; i < 40 && rc == 0; i++)
			rc = tla_unpack_state(packer, &memory.file, read, 3);
		tla_packer_destroy(packer);
		memory.bytes[at] = byte;
	}
	tla_keeper_destroy(keeper);
	for (int i = 0; i < 2; i++)
		tla_store_destroy(stores[i]);
	tla_heap_fini(&heap);
}
