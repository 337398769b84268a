/* SPDX-License-Identifier: MIT */
/*
 * The specifications of our own algorithms, checked by our own checker: those of what is built have
 * no error, and each that is known to be bad fails in the invariant that it is there to break.
 */
#include "nw_test.h"

#include <nw/explore.h>

#include <tla/model/search.h>

#include <errno.h>

static const struct spec {
	const char *name;
	const char *broken; /* the invariant that fails; NULL: none */
	uint64_t distinct;  /* where none fails: as TLC counts them */
} specs[] = {
	{ "ChaseLev", NULL, 89822 },
	{ "ChaseLevEarlyFree", "NoUseAfterFree", 0 },
	{ "ChaseLevNoFence", "AtMostOnce", 0 },
	{ "CheckpointRest", NULL, 32667 },
	{ "CheckpointRestEager", "NothingBetween", 0 },
	{ "CreditPull", NULL, 18742 },
	{ "CreditPullLateBurst", "NoOvershoot", 0 },
	{ "CreditPullUncounted", "NoOvershoot", 0 },
	{ "CreditRoom", NULL, 28893 },
	{ "CreditRoomFound", "NoOvershoot", 0 },
	{ "CreditRoomTimeless", "NoOvershoot", 0 },
	{ "HazardPointers", NULL, 82648 },
	{ "HazardPointersFenced", NULL, 32742 },
	{ "HazardPointersNoFence", "NoUseAfterFree", 0 },
	{ "HazardPointersNoValidate", "NoUseAfterFree", 0 },
	{ "MSQueue", NULL, 94135 },
	{ "MSQueueOneHazard", "NoUseAfterFree", 0 },
	{ "RcuGracePeriod", NULL, 19976 },
	{ "RcuGracePeriodFenced", NULL, 9164 },
	{ "RcuGracePeriodNoFence", "NoUseAfterFree", 0 },
	{ "RcuGracePeriodOneFlip", "NoUseAfterFree", 0 },
	{ "RcuGracePeriodTwoFlips", NULL, 8684 },
	{ "RoutedTermination", NULL, 5081 },
	{ "RoutedTerminationEarly", "NothingLeft", 0 },
	{ "RoutedTerminationUncounted", "NothingLeft", 0 },
	{ "Snapshot", NULL, 6204 },
	{ "SnapshotEarlyRemoval", "FoundIsWhole", 0 },
	{ "SnapshotHeadLate", "FoundIsWhole", 0 },
	{ "SnapshotNamesLate", "FoundIsWhole", 0 },
	{ "SnapshotUnsynced", "FoundIsWhole", 0 },
};

enum { SPEC_COUNT = sizeof specs / sizeof specs[0], FILE_BYTES = 1 << 16 };

/* Texts are lent for as long as the process lasts: each is in the list. */
static struct text {
	struct text *next;
	char bytes[FILE_BYTES];
} * texts;

static int read_file(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	FILE *file = fopen(path, "rb");
	struct text *text;

	(void)context;
	if (!file)
		return -errno;
	text = malloc(sizeof *text);
	CHECK(text);
	text->next = texts;
	texts = text;
	*ret_bytes = fread(text->bytes, 1, FILE_BYTES, file);
	CHECK(*ret_bytes < FILE_BYTES);
	(void)fclose(file);
	*ret_text = text->bytes;
	return 0;
}

static struct tla_model *loaded(const char *name)
{
	char path[256], config[256], text[600];
	struct tla_reader reader = { .read = read_file };
	struct tla_model *model;

	(void)snprintf(path, sizeof path, NW_SOURCE_DIR "/specs/%s.tla", name);
	(void)snprintf(config, sizeof config, NW_SOURCE_DIR "/specs/%s.cfg", name);
	CHECK_INT(tla_model_create(&model), ==, 0);
	if (tla_model_load(model, &reader, path, config))
		FAIL("%s", model->spec->sources.error_count == 0
				   ? path
				   : tla_error_format(&model->spec->sources,
						      &model->spec->sources.errors[0], text,
						      sizeof text));
	return model;
}

static void check_spec(const struct spec *spec, struct nw_topo *topo, uint32_t worker_count)
{
	struct tla_model *model = loaded(spec->name);
	struct nw_explore_options options = { .topo = topo,
					      .no_deadlock = model->config.no_deadlock,
					      .worker_count = worker_count,
					      .no_pin = true,
					      .oversubscribe = true };
	struct nw_explore_report report;
	struct nw_explore *explore;
	struct tla_search search;
	struct nw_diag diag;

	CHECK_INT(tla_search_init(&search, model), ==, 0);
	options.model = &search.interface;
	options.model_data = &search;
	if (nw_explore_create(&explore, &options, &diag))
		FAIL("%s: %s", spec->name, diag.text);
	(void)nw_explore_run(explore);
	nw_explore_report(explore, &report);
	if (search.has_error)
		FAIL("%s: %s", spec->name, search.error.text);
	CHECK_INT(report.end, ==, spec->broken ? NW_EXPLORE_VIOLATION : NW_EXPLORE_DONE);
	if (spec->broken)
		CHECK_STR(report.invariant, spec->broken);
	else
		CHECK_INT(report.total.distinct, ==, spec->distinct);
	nw_explore_destroy(explore);
	tla_search_fini(&search);
	tla_model_destroy(model);
}

static void check_all(uint32_t worker_count)
{
	struct nw_topo *topo;
	struct nw_diag diag;

	CHECK_INT(nw_topo_open(&topo, NULL, &diag), ==, 0);
	for (size_t i = 0; i < SPEC_COUNT; i++)
		check_spec(&specs[i], topo, worker_count);
	nw_topo_close(topo);
}

TEST(our_algorithms_hold_and_their_broken_variants_do_not)
{
	check_all(1);
}

TEST(with_six_workers_too)
{
	check_all(6);
}
