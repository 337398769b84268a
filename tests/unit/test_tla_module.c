/* SPDX-License-Identifier: MIT */
/* Modules of TLA+: units, errors one a unit, loading of what a module names. */
#include "tla_text.h"

static void check_module(const char *text, const char *tree)
{
	struct tla_spec *spec = new_spec();
	const char *printed;
	size_t n_bytes;

	CHECK_STR(module_tree_of(spec, text), tree);
	if (spec->sources.error_count == 0) {
		struct tla_module *module = tla_parse_module(spec, spec->sources.files[0]);

		printed = tla_print_module(spec, module, &n_bytes);
		CHECK_STR(module_tree_of(spec, printed), tree);
	}
	tla_spec_destroy(spec);
}

TEST(declarations_and_definitions)
{
	check_module("text before\n"
		     "---- MODULE M ----\n"
		     "EXTENDS A, B\n"
		     "CONSTANTS c, F(_, _), _ \\prec _, -. _, _ ^+\n"
		     "VARIABLE x, y\n"
		     "RECURSIVE G(_)\n"
		     "G(n) == n\n"
		     "H(P(_), _+_, n) == n\n"
		     "a \\oplus b == a\n"
		     "-. a == a\n"
		     "a ^# == a\n"
		     "f[i \\in S, <<j, k>> \\in T] == i\n"
		     "LOCAL L == 1\n"
		     "----\n"
		     "ASSUME c\n"
		     "ASSUME Name == c\n"
		     "AXIOM c\n"
		     "====\ntext after",
		     "(module M (extends A B)\n"
		     "  (constants c/0 F/2 \\prec/2 -./1 ^+/1)\n"
		     "  (variables x/0 y/0)\n"
		     "  (recursive G/1)\n"
		     "  (operator G n/0 (apply n))\n"
		     "  (operator H P/1 +/2 n/0 (apply n))\n"
		     "  (operator \\oplus a/0 b/0 (apply a))\n"
		     "  (operator -. a/0 (apply a))\n"
		     "  (operator ^# a/0 (apply a))\n"
		     "  (function f (bound i) (apply S) (tuple-bound j k) (apply T) (apply i))\n"
		     "  (local-operator L (number 10 1))\n"
		     "  (assume (apply c))\n"
		     "  (assume Name (apply c))\n"
		     "  (axiom (apply c)))\n");
}

TEST(instances_and_nested_modules)
{
	check_module("---- MODULE M ----\n"
		     "INSTANCE A\n"
		     "LOCAL INSTANCE A WITH x <- 1, + <- -\n"
		     "I(a, F(_)) == INSTANCE A WITH y <- F(a), P <- LAMBDA z : z\n"
		     "---- MODULE N ----\n"
		     "c == 1\n"
		     "====\n"
		     "J == INSTANCE N\n"
		     "====",
		     "(module M (extends)\n"
		     "  (instance of A)\n"
		     "  (local-instance of A x (number 10 1) + (apply -))\n"
		     "  (instance I a/0 F/1 of A y (apply F (apply a)) P (lambda (names z) (apply "
		     "z)))\n"
		     "  (module N (extends)\n"
		     "    (operator c (number 10 1)))\n"
		     "  (instance J of N))\n");
}

TEST(theorems_lose_their_proofs)
{
	check_module(
		"---- MODULE M ----\n"
		"THEOREM T == ASSUME NEW x \\in S, NEW CONSTANT F(_), VARIABLE v,\n"
		"  sub :: ASSUME P PROVE Q, x > 0 PROVE F(x)\n"
		"<1>1. x = 1\n"
		"  <2> HAVE x > 0\n"
		"  <2>a. TAKE y \\in S, z \\in T\n"
		"  <2> WITNESS 1, 2\n"
		"  <2> DEFINE G(a) == a  H == 2\n"
		"  <2>b. PICK q, r \\in S : q = r BY <2>a DEF G, H\n"
		"  <2> USE <1>1, MODULE N DEFS >, MODULE N\n"
		"  <2> QED BY ONLY <2>b\n"
		"<1>2. CASE x = 2 OMITTED\n"
		"<1>3. SUFFICES ASSUME P PROVE Q OBVIOUS\n"
		"<1>4. INSTANCE N\n"
		"<1>5. QED PROOF <+>* QED BY <1>1, <1>2\n"
		"LEMMA []P PROOF OBVIOUS\n"
		"USE DEF T\n"
		"HIDE MODULE N\n"
		"a == 1\n"
		"====",
		"(module M (extends)\n"
		"  (theorem T (assume (new 0 x/0 (apply S)) (new 0 F/1) (new 1 v/0) (label sub "
		"(names) (assume (apply P) (apply Q))) (apply > (apply x) (number 10 0)) (apply F "
		"(apply x))))\n"
		"  (theorem (apply [] (apply P)))\n"
		"  (operator a (number 10 1)))\n");
}

TEST(each_unit_has_its_error)
{
	check_module("---- MODULE M ----\n"
		     "VARIABLE x,\n"
		     "A == 1 +\n"
		     "B == LET y == 1\n"
		     "         z == )\n"
		     "     IN y\n"
		     "C == 2\n"
		     "D == [x \\in S -> 1]\n"
		     "E == 3 4\n"
		     "====",
		     "3:1: expected a name; found 'A'\n"
		     "4:1: expected an expression; found 'B'\n"
		     "5:15: expected an expression; found ')'\n"
		     "8:15: expected ',' or '|->'; found '->'\n"
		     "9:8: expected an operator, a declaration, a definition, ASSUME, THEOREM, "
		     "INSTANCE or '===='; found '4'");
	check_module("---- MODULE M ----\nF(a == 1\n====",
		     "2:1: expected an operator, a declaration, a definition, ASSUME, THEOREM, "
		     "INSTANCE or '===='; found 'F'");
}

TEST(a_prefix_operator_between_names_defines_nothing)
{
	check_module("---- MODULE M ----\na -. b == 1\n====",
		     "2:1: expected an operator, a declaration, a definition, ASSUME, THEOREM, "
		     "INSTANCE or '===='; found 'a'");
}

/* Loading: a reader of pairs of path and text. */

struct texts {
	const char *const *pairs;
	size_t reads;
};

static int read_text(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	struct texts *texts = context;

	texts->reads++;
	for (const char *const *pair = texts->pairs; *pair; pair += 2) {
		if (strcmp(*pair, path) != 0)
			continue;
		if (!pair[1])
			return -EACCES;
		*ret_text = pair[1];
		*ret_bytes = strlen(pair[1]);
		return 0;
	}
	return -ENOENT;
}

static int load(struct tla_spec *spec, const char *const *pairs, const char *path)
{
	static const char *const folders[] = { "lib1", "lib2/" };
	struct texts texts = { .pairs = pairs };
	struct tla_reader reader = {
		.read = read_text, .context = &texts, .folders = folders, .folder_count = 2
	};

	return tla_spec_load(spec, &reader, path);
}

TEST(modules_are_found_in_their_order)
{
	static const char *const pairs[] = {
		"d/Root.tla",
		"---- MODULE Root ----\nEXTENDS Near, Naturals\nI == INSTANCE Far\n"
		"J == INSTANCE In\n---- MODULE In ----\n====\nK == INSTANCE Behind\n"
		"====\n---- MODULE Behind ----\nEXTENDS Near\n====\n",
		"d/Near.tla",
		"---- MODULE Near ----\n====",
		"lib1/Near.tla",
		"not this one",
		"lib2/Far.tla",
		"---- MODULE Far ----\nEXTENDS Near, Sequences\n====",
		NULL,
	};
	static const char *const order[] = { "Root", "Near",      "Naturals",
					     "Far",  "Sequences", "Behind" };
	struct tla_spec *spec = new_spec();

	CHECK_INT(load(spec, pairs, "d/Root.tla"), ==, 0);
	CHECK_STR(errors_of(spec), "");
	CHECK_INT(spec->module_count, ==, sizeof(order) / sizeof(order[0]));
	for (size_t i = 0; i < spec->module_count; i++)
		CHECK_STR(tla_symbol_text(spec->symbols, spec->modules[i]->name.sym), order[i]);
	CHECK(spec->root == spec->modules[0]);
	CHECK(spec->modules[2]->file->is_builtin);
	CHECK(tla_spec_find(spec, spec->root, tla_symbol(spec->symbols, "In", 2))->outer ==
	      spec->root);
	tla_spec_destroy(spec);
}

static void check_load_error(const char *const *pairs, const char *path, const char *errors)
{
	struct tla_spec *spec = new_spec();

	CHECK_INT(load(spec, pairs, path), ==, -EINVAL);
	CHECK(!spec->root);
	CHECK_STR(errors_of(spec), errors);
	tla_spec_destroy(spec);
}

TEST(what_cannot_be_loaded_is_said)
{
	static const char *const missing[] = {
		"A.tla", "---- MODULE A ----\nEXTENDS Naturals, Nowhere\n====", NULL
	};
	static const char *const cyclic[] = { "A.tla",
					      "---- MODULE A ----\nEXTENDS B\n====", "B.tla",
					      "---- MODULE B ----\nEXTENDS A\n====", NULL };
	static const char *const misnamed[] = { "A.tla", "---- MODULE B ----\n====", NULL };
	static const char *const locked[] = { "A.tla",
					      "---- MODULE A ----\nEXTENDS B\n====", "B.tla", NULL,
					      NULL };
	static const char *const wrong[] = { "A.tla",
					     "---- MODULE A ----\nEXTENDS B\nI == INSTANCE B\n====",
					     "B.tla", "---- MODULE B ----\na == )\n====", NULL };

	check_load_error(missing, "A.tla",
			 "2:19: no module 'Nowhere': looked for Nowhere.tla in ./, lib1, lib2/ and "
			 "among the modules that are built in");
	check_load_error(cyclic, "A.tla",
			 "2:9: module 'A' needs itself: this name leads back to it");
	check_load_error(misnamed, "A.tla", "1:13: module 'B' in a file that is called 'A.tla'");
	check_load_error(locked, "A.tla", "2:9: B.tla cannot be read: Permission denied");
	check_load_error(wrong, "A.tla", "2:6: expected an expression; found ')'");
	check_load_error(wrong, "C.tla", "0:0: C.tla: no such file");
}

TEST(the_modules_that_are_built_in_are_well_formed)
{
	static const char *const names[] = {
		"Naturals",
		"Integers",
		"Reals",
		"RealTime",
		"Sequences",
		"FiniteSets",
		"Bags",
		"TLC",
		"TLCExt",
		"Toolbox",
		"Randomization",
		"Json",
		"IOUtils",
		"CSV",
		"TLAPS",
		"NaturalsInduction",
		"WellFoundedInduction",
		"FiniteSetTheorems",
		"FunctionTheorems",
		"SequenceTheorems",
		"SequencesExtTheorems",
		"BagsTheorems",
		"Apalache",
		"Variants",
		"Folds",
		"Functions",
		"FiniteSetsExt",
		"SequencesExt",
		"BagsExt",
		"Bitwise",
		"Combinatorics",
		"DyadicRationals",
		"Relation",
		"Graphs",
		"UndirectedGraphs",
		"Quorum",
		"Statistics",
		"VectorClocks",
		"ShiViz",
		"SVG",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tla_spec *spec = new_spec();
		char path[64];
		const char *pairs[3] = { path, NULL, NULL };
		size_t n_bytes;

		(void)snprintf(path, sizeof(path), "%s.tla", names[i]);
		pairs[1] = tla_builtin_module(names[i], &n_bytes);
		CHECK(pairs[1] && pairs[1][n_bytes] == '\0');
		CHECK_INT(load(spec, pairs, path), ==, 0);
		tla_spec_destroy(spec);
	}
	CHECK(!tla_builtin_module("Nothing", &(size_t){ 0 }));
}

TEST(errors_beyond_the_limit_are_counted)
{
	struct tla_spec *spec = new_spec();
	char text[400];

	memset(text, '?', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 1; i < sizeof(text) - 1; i += 2)
		text[i] = ' ';
	(void)tree_of(spec, text);
	CHECK_INT(spec->sources.error_count, >, TLA_ERRORS_MAX);
	tla_spec_destroy(spec);
}
