/* SPDX-License-Identifier: MIT */
/*
 * The front end on real modules and on what becomes of them: every development model parses with
 * all that it needs and prints to the same tree; mutants of them and of the golden files end, with
 * a tree or with errors.
 *
 * Invariant: a mutant depends on NW_TEST_SEED and its number only, so a failing one can be made
 * again.
 */
#include "tla_text.h"

#include <dirent.h>
#include <sys/stat.h>

#define GOLDEN NW_SOURCE_DIR "/tests/golden/tla"

enum { FILES_MAX = 1024, PATH_MAX_BYTES = 1024, MUTANTS = 1500 };

static char *paths[FILES_MAX];
static size_t path_count;

/* Where the development models are: TLA_DATA, else shared/data/tla in or beside the repository. */
static const char *corpus(void)
{
	const char *named = getenv("TLA_DATA");
	struct stat status;

	if (named)
		return named;
	if (stat(NW_SOURCE_DIR "/shared/data/tla", &status) == 0)
		return NW_SOURCE_DIR "/shared/data/tla";
	return NW_SOURCE_DIR "/../shared/data/tla";
}

static bool is_tla(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, ".tla") == 0;
}

/* Adds every .tla file below a folder. */
static void collect(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[PATH_MAX_BYTES];
		struct stat status;

		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", folder,
							entry->d_name) >= (int)sizeof(path))
			continue;
		if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
			collect(path);
		else if (is_tla(path) && path_count < FILES_MAX)
			paths[path_count++] = strdup(path);
	}
	if (dir)
		closedir(dir);
}

/* A whole file; NULL: it cannot be read. */
static char *read_whole(const char *path, size_t *ret_bytes)
{
	FILE *stream = fopen(path, "re");
	char *text = NULL;
	long n_bytes;

	if (!stream)
		return NULL;
	if (fseek(stream, 0, SEEK_END) == 0 && (n_bytes = ftell(stream)) >= 0) {
		rewind(stream);
		text = malloc((size_t)n_bytes + 1);
		CHECK(text);
		*ret_bytes = fread(text, 1, (size_t)n_bytes, stream);
	}
	fclose(stream);
	return text;
}

/* A reader that keeps its texts until the end. */
struct kept {
	char *texts[FILES_MAX];
	size_t count;
};

static int read_kept(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	struct kept *kept = context;
	char *text = read_whole(path, ret_bytes);

	if (!text)
		return -ENOENT;
	CHECK_INT(kept->count, <, FILES_MAX);
	*ret_text = kept->texts[kept->count++] = text;
	return 0;
}

static void check_loads(const char *path)
{
	struct kept kept = { 0 };
	struct tla_reader reader = { .read = read_kept, .context = &kept };
	struct tla_spec *spec = new_spec();

	if (tla_spec_load(spec, &reader, path) != 0)
		FAIL("%s: %s", path, errors_of(spec));
	tla_spec_destroy(spec);
	for (size_t i = 0; i < kept.count; i++)
		free(kept.texts[i]);
}

TEST(every_development_file_parses_with_what_it_needs)
{
	collect(corpus());
	if (path_count == 0)
		SKIP("no development models: set TLA_DATA to their folder");
	for (size_t i = 0; i < path_count; i++)
		check_loads(paths[i]);
}

/* The tree of a module, and of what it prints to. */
static void check_round(struct tla_spec *spec, struct tla_module *module, const char *what)
{
	size_t n_bytes, tree_bytes, again_bytes;
	const char *tree = tla_dump_module(spec, module, &tree_bytes);
	const char *printed = tla_print_module(spec, module, &n_bytes), *again;
	struct tla_module *second;

	CHECK(tree && printed);
	second = tla_parse_module(spec, tla_file_add(&spec->sources, "printed", printed, n_bytes));
	if (!second)
		FAIL("%s, printed: %s", what, errors_of(spec));
	again = tla_dump_module(spec, second, &again_bytes);
	CHECK(again);
	if (tree_bytes != again_bytes || memcmp(tree, again, tree_bytes) != 0)
		FAIL("%s: another tree after printing", what);
}

static void check_prints(const char *path)
{
	struct tla_spec *spec = new_spec();
	size_t n_bytes;
	char *text = read_whole(path, &n_bytes);
	struct tla_module *module = tla_parse_module(
		spec, tla_file_add(&spec->sources, path, text, n_bytes));

	if (!module)
		FAIL("%s: %s", path, errors_of(spec));
	check_round(spec, module, path);
	tla_spec_destroy(spec);
	free(text);
}

TEST(every_development_file_prints_to_the_same_tree)
{
	collect(corpus());
	if (path_count == 0)
		SKIP("no development models: set TLA_DATA to their folder");
	for (size_t i = 0; i < path_count; i++)
		check_prints(paths[i]);
}

TEST(every_built_in_module_prints_to_the_same_tree)
{
	collect(NW_SOURCE_DIR "/lang/tla/modules");
	CHECK_INT(path_count, >, 30);
	for (size_t i = 0; i < path_count; i++)
		check_prints(paths[i]);
}

/* Mutants. */

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t n)
{
	return n ? next_random(state) % n : 0;
}

static const char *const pieces[] = {
	"/\\",
	"\\/",
	"\n/\\",
	"\n  \\/ ",
	"(",
	")",
	"[",
	"]",
	"{",
	"}",
	"<<",
	">>",
	">>_x",
	"]_x",
	"==",
	"=",
	"\\in",
	":",
	"::",
	",",
	".",
	"!",
	"@",
	"'",
	"~",
	"-",
	"-.",
	"=>",
	"\\X",
	"->",
	"|->",
	"<-",
	"EXCEPT ![",
	"IF ",
	" THEN ",
	" ELSE ",
	"LET ",
	" IN ",
	"CASE ",
	" [] ",
	"OTHER",
	"CHOOSE x \\in ",
	"\\A x : ",
	"\\E <<x, y>> \\in ",
	"LAMBDA x : ",
	"WF_x(",
	"SF_",
	"_",
	"1.5",
	"\\b1",
	"\\hFF",
	"\"s\"",
	"\"",
	"(*",
	"*)",
	"\\*",
	"\n",
	"\t",
	"<1>1. ",
	"<*> QED ",
	"BY ",
	"PROOF ",
	"ASSUME ",
	" PROVE ",
	"NEW ",
	"THEOREM ",
	"INSTANCE M WITH ",
	"LOCAL ",
	"RECURSIVE F(_)",
	"---- MODULE M ----",
	"\n====\n",
	"\n----\n",
	"EXTENDS ",
	"\xe2\x88\x80",
	"\xff",
	"l :: ",
	"\nDef == ",
	"\nF(a, b) == ",
	"\nf[x \\in S] == ",
};

/* Room for one replacement of n bytes at a place. */
static void splice(char **inout_text, size_t *inout_bytes, size_t at, size_t removed,
		   const char *added, size_t added_bytes)
{
	size_t tail = *inout_bytes - at - removed;
	char *text = malloc(*inout_bytes - removed + added_bytes + 1);

	CHECK(text);
	memcpy(text, *inout_text, at);
	memcpy(text + at, added, added_bytes);
	memcpy(text + at + added_bytes, *inout_text + at + removed, tail);
	*inout_bytes += added_bytes - removed;
	free(*inout_text);
	*inout_text = text;
}

static void mutate(char **inout_text, size_t *inout_bytes, uint64_t *state)
{
	size_t at = below(state, *inout_bytes), rest = *inout_bytes - at;
	size_t some = rest < 24 ? rest : 24, length = below(state, some + 1);
	size_t piece = below(state, sizeof(pieces) / sizeof(pieces[0]));
	size_t from = below(state, *inout_bytes - length + 1);
	char byte = (char)next_random(state), copy[24];

	switch (below(state, 5)) {
	case 0: /* a byte is another one */
		splice(inout_text, inout_bytes, at, rest ? 1 : 0, &byte, 1);
		break;
	case 1: /* some bytes are gone */
		splice(inout_text, inout_bytes, at, length, "", 0);
		break;
	case 2: /* a piece of syntax comes in */
		splice(inout_text, inout_bytes, at, 0, pieces[piece], strlen(pieces[piece]));
		break;
	case 3: /* or takes the place of what was there */
		splice(inout_text, inout_bytes, at, length, pieces[piece], strlen(pieces[piece]));
		break;
	default: /* some bytes stand elsewhere, too */
		memcpy(copy, *inout_text + from, length);
		splice(inout_text, inout_bytes, at, 0, copy, length);
	}
}

static void check_mutant(const char *path, uint64_t number)
{
	uint64_t state = nw_test_seed() * 1000003 + number;
	struct tla_spec *spec = new_spec();
	size_t n_bytes = 0, changes = 1 + below(&state, 4);
	char *text = read_whole(path, &n_bytes), what[PATH_MAX_BYTES + 64];
	struct tla_module *module;

	CHECK(text);
	for (size_t i = 0; i < changes; i++)
		mutate(&text, &n_bytes, &state);
	(void)snprintf(what, sizeof(what), "mutant %" PRIu64 " of %s", number, path);
	module = tla_parse_module(spec, tla_file_add(&spec->sources, path, text, n_bytes));
	if (module)
		check_round(spec, module, what);
	else
		CHECK_INT(spec->sources.error_count, >, 0);
	tla_spec_destroy(spec);
	free(text);
}

TEST(mutants_end_with_a_tree_or_with_errors)
{
	uint64_t state = nw_test_seed();
	int mutants = MUTANTS * nw_test_scale();

	collect(corpus());
	collect(GOLDEN);
	collect(NW_SOURCE_DIR "/lang/tla/modules");
	CHECK_INT(path_count, >, 0);
	for (int i = 0; i < mutants; i++)
		check_mutant(paths[below(&state, path_count)], (uint64_t)i);
}

TEST(noise_ends_with_errors)
{
	uint64_t state = nw_test_seed();

	for (int i = 0; i < 200 * nw_test_scale(); i++) {
		struct tla_spec *spec = new_spec();
		char text[600] = "---- MODULE M ----\n";
		size_t used = strlen(text);

		while (used < sizeof(text) - 60) {
			const char
				*piece = pieces[below(&state, sizeof(pieces) / sizeof(pieces[0]))];

			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", piece,
						 below(&state, 2) ? " " : "x");
		}
		if (!tla_parse_module(spec, tla_file_add(&spec->sources, "noise", text, used)))
			CHECK_INT(spec->sources.error_count, >, 0);
		tla_spec_destroy(spec);
	}
}
