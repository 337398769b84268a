/* SPDX-License-Identifier: MIT */
/*
 * --checkpoint, --recover, --metadir: when the search is written down, where, and what is said of
 * it.
 *
 * As with TLC, a run has a folder of its own, METADIR/DATE-AND-TIME, unless it goes on from another
 * run's, and the folder is gone when all is well. Ctrl-C writes a checkpoint, too.
 *
 * Invariant: who loses a checkpoint, or may go on from one, is told so in one line.
 */
#include "check/spec.h"

#include "tla/source.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { COUNT_TEXT = 32, BYTES_TEXT = 32, STAMP_BYTES = 32 };

/* As TLC: beside a specification whose path is absolute, else here. */
static const char *const DEFAULT_FOLDER = "states";

bool check_checkpoint_is_on(const struct check *check)
{
	return check->checkpoint.folder != NULL;
}

/* ---- where ---- */

static void stamp(char text[STAMP_BYTES])
{
	char whole[20] = "";
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	if (localtime_r(&now.tv_sec, &local))
		(void)strftime(whole, sizeof(whole), "%y-%m-%d-%H-%M-%S", &local);
	(void)snprintf(text, STAMP_BYTES, "%s.%03u", whole,
		       (unsigned)(now.tv_nsec / 1000000) % 1000);
}

/* The caller frees it. NULL: no memory. */
static char *default_folder(const struct check_options *options)
{
	const char *slash = options->spec && options->spec[0] == '/' ? strrchr(options->spec, '/')
								     : NULL;
	char *text;

	if (asprintf(&text, "%.*s%s", slash ? (int)(slash - options->spec) + 1 : 0,
		     slash ? options->spec : "", DEFAULT_FOLDER) < 0)
		return NULL;
	return text;
}

static char *new_folder(struct check *check)
{
	const char *given = check->options->checkpoints.metadir;
	char at[STAMP_BYTES], *above = given ? strdup(given) : default_folder(check->options);
	char *text = NULL;

	stamp(at);
	if (above && asprintf(&text, "%s/%s", above, at) < 0)
		text = NULL;
	if (given)
		free(above);
	else
		check->checkpoint.above = above; /* ours: goes when it is empty */
	return text;
}

/* Without the slashes at its end. */
static char *plain_folder(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return strndup(path, length);
}

static bool has_checkpoint(const char *folder, const char *name)
{
	char path[4096];

	return snprintf(path, sizeof(path), "%s/%s/snapshot", folder, name) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

/* The last run's in a folder of runs: their names ascend with time. The caller frees it. */
static char *find_run(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char *last = NULL;

	while (dir && (entry = readdir(dir))) {
		if (!has_checkpoint(folder, entry->d_name) || entry->d_name[0] == '.' ||
		    (last && strcmp(entry->d_name, last) < 0))
			continue;
		free(last);
		last = strdup(entry->d_name);
	}
	if (dir)
		(void)closedir(dir); /* only read from */
	return last;
}

static int need_checkpoint(const char *folder)
{
	char *run;

	if (has_checkpoint(folder, "."))
		return APP_OK;
	run = find_run(folder);
	if (run)
		(void)app_bad(CHECK_NAME, "--recover %s: there is no checkpoint, but in %s/%s",
			      folder, folder, run);
	else
		(void)app_bad(CHECK_NAME, "--recover %s: there is no checkpoint", folder);
	free(run);
	return APP_USAGE;
}

/* ---- what has to be the same ---- */

static uint64_t hash_file(const struct tla_file *file, uint64_t hash)
{
	return XXH3_64bits_withSeed(file->text, file->n_bytes, hash);
}

static int describe_spec(const struct check_spec *spec, char **ret_text)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	uint64_t modules = 0, config = 0;
	char name[256];

	for (uint32_t i = 0; i < sources->file_count; i++) {
		const struct tla_file *file = sources->files[i];

		if (file == spec->model->config_file)
			config = hash_file(file, config);
		else
			modules = hash_file(file, modules);
	}
	return asprintf(
		ret_text,
		"nodewise: %s\nspecification: %s %016" PRIx64 "\nconfiguration: %016" PRIx64 "\n",
		app_version,
		check_module_of(sources->file_count ? sources->files[0] : NULL, name, sizeof(name)),
		modules, config);
}

static int describe_plugin(const char *path, uint64_t *ret_hash)
{
	enum { PLUGIN_BYTES_MAX = 1 << 30 };
	char *text;
	size_t n_bytes;
	int r = app_read_file(path, PLUGIN_BYTES_MAX, &text, &n_bytes);

	if (r < 0)
		return r;
	*ret_hash = XXH3_64bits(text, n_bytes);
	free(text);
	return 0;
}

static int describe_model(const struct check *check, char **ret_text)
{
	const struct check_options *options = check->options;
	uint64_t hash = 0;
	size_t n_bytes;
	FILE *out = open_memstream(ret_text, &n_bytes);

	if (!out)
		return -1;
	if (check->model.library)
		(void)describe_plugin(options->model, &hash); /* it was loaded: 0 if it is gone */
	fprintf(out, "nodewise: %s\nplug-in: %016" PRIx64 "\nparameters:", app_version, hash);
	for (size_t i = 0; i < options->parameter_count; i++)
		fprintf(out, " --%s %s", options->names[i], options->values[i]);
	fputc('\n', out);
	return fclose(out) == 0 ? 0 : -1;
}

/* ---- beginning ---- */

int check_checkpoint_prepare(struct check *check)
{
	const struct check_checkpoints *options = &check->options->checkpoints;
	struct check_checkpoint *own = &check->checkpoint;
	int code = APP_OK;

	if (options->recover)
		own->recover = plain_folder(options->recover);
	if (options->recover && own->recover)
		code = need_checkpoint(own->recover);
	if (code != APP_OK || (!options->recover && !options->every_ns))
		return code;
	if (!options->is_off)
		own->folder = own->recover ? strdup(own->recover) : new_folder(check);
	if ((check->spec ? describe_spec(check->spec, &own->about)
			 : describe_model(check, &own->about)) < 0)
		own->about = NULL;
	if (!own->about || (!options->is_off && !own->folder) ||
	    (options->recover && !own->recover))
		return app_failed(CHECK_NAME, "no memory for a checkpoint");
	if (check->spec)
		tla_search_make_resumable(&check->spec->search);
	if (check->spec && own->recover)
		check_say(check->say, SAY_RECOVER, "Starting recovery from checkpoint %s/",
			  own->recover);
	return APP_OK;
}

void check_checkpoint_ask(const struct check *check, struct nw_explore_options *explore)
{
	explore->checkpoint_folder = check->checkpoint.folder;
	explore->recover_folder = check->checkpoint.recover;
	explore->checkpoint_about = check->checkpoint.about;
}

void check_checkpoint_recovered(struct check *check)
{
	struct nw_explore_report report;
	char text[2][COUNT_TEXT];

	if (!check->checkpoint.recover)
		return;
	nw_explore_report(check->explore, &report);
	if (check->spec) {
		check->spec->initial_count = report.total.distinct; /* as TLC has it */
		check_say(check->say, SAY_RECOVER_END,
			  "Recovery completed. %" PRIu64 " states examined. %" PRIu64
			  " states on queue.",
			  report.total.distinct, report.total.queue);
	} else if (!check->options->is_quiet) {
		fprintf(stderr, "goes on from %s: %s distinct, %s queued\n",
			check->checkpoint.recover,
			app_format_count(report.total.distinct, text[0], COUNT_TEXT),
			app_format_count(report.total.queue, text[1], COUNT_TEXT));
	}
}

/* ---- while the search runs ---- */

static void say_begun(const struct check *check)
{
	if (check->spec)
		check_say(check->say, SAY_CHECKPOINT, "Checkpointing of run %s",
			  check->checkpoint.folder);
}

static void say_done(const struct check *check, const struct nw_explore_report *report)
{
	char at[CHECK_NOW_BYTES], count[COUNT_TEXT], n_bytes[BYTES_TEXT];

	if (check->spec)
		check_say(check->say, SAY_CHECKPOINT_END, "Checkpointing completed at (%s)",
			  check_now(at));
	else if (!check->options->is_quiet)
		fprintf(stderr, "%.0f s: checkpoint of %s states, %s in %.1f s\n", report->seconds,
			app_format_count(report->checkpoint_distinct, count, COUNT_TEXT),
			app_format_bytes(report->checkpoint_bytes, n_bytes, BYTES_TEXT),
			report->checkpoint_seconds);
}

/* What came of the one that was asked for. */
static void look(struct check *check, uint64_t now_ns)
{
	struct check_checkpoint *own = &check->checkpoint;
	struct nw_explore_report report;

	nw_explore_report(check->explore, &report);
	if (report.checkpoint_count > own->done_count) {
		own->done_count = report.checkpoint_count;
		say_done(check, &report);
	} else if (report.checkpoint_error < 0) {
		app_note(CHECK_NAME, "no checkpoint in %s: %s; the search goes on%s", own->folder,
			 strerror(-report.checkpoint_error),
			 own->done_count || own->recover ? ", the last one stays" : "");
	} else {
		return;
	}
	own->is_asked = false;
	own->due_ns = now_ns + check->options->checkpoints.every_ns;
}

void check_checkpoint_tick(struct check *check, uint64_t now_ns)
{
	struct check_checkpoint *own = &check->checkpoint;
	uint64_t every_ns = check->options->checkpoints.every_ns;

	if (!own->folder)
		return;
	if (app_was_interrupted()) {
		if (!own->has_said_so)
			app_note(CHECK_NAME,
				 "writing a checkpoint to %s; Ctrl-C again ends at once",
				 own->folder);
		own->has_said_so = true;
		return;
	}
	if (own->is_asked)
		look(check, now_ns);
	if (own->due_ns == 0)
		own->due_ns = now_ns + every_ns;
	if (own->is_asked || every_ns == 0 || now_ns < own->due_ns)
		return;
	own->is_asked = true;
	say_begun(check);
	nw_explore_checkpoint(check->explore);
}

/* ---- after it ---- */

static bool has_one(const struct check *check, const struct nw_explore_report *report)
{
	return report->checkpoint_count > 0 || check->checkpoint.recover;
}

static void remove_folder(struct check *check)
{
	int r = nw_explore_checkpoint_remove(check->explore);

	if (r < 0 && r != -ENOTEMPTY)
		app_note(CHECK_NAME, "the checkpoint in %s is of no more use and stays: %s",
			 check->checkpoint.folder, strerror(-r));
	if (check->checkpoint.above)
		(void)rmdir(check->checkpoint.above); /* other runs may be in it */
}

static void say_where(const struct check *check, const struct nw_explore_report *report)
{
	const char *folder = check->checkpoint.folder;
	uint64_t states = report->checkpoint_count ? report->checkpoint_distinct
						   : report->recovered_count;
	char count[COUNT_TEXT];

	(void)app_format_count(states, count, COUNT_TEXT);
	if (report->end == NW_EXPLORE_STOPPED && report->checkpoint_error < 0)
		app_note(CHECK_NAME, "no checkpoint in %s: %s%s", folder,
			 strerror(-report->checkpoint_error),
			 has_one(check, report) ? "; the last one stays" : "");
	if (has_one(check, report))
		app_note(CHECK_NAME,
			 "a checkpoint of %s states is in %s: the same command with "
			 "--recover %s goes on",
			 count, folder, folder);
}

void check_checkpoint_conclude(struct check *check, const struct nw_explore_report *report)
{
	if (!check->checkpoint.folder)
		return;
	if (report->end == NW_EXPLORE_DONE || !has_one(check, report))
		remove_folder(check);
	if (report->end != NW_EXPLORE_DONE)
		say_where(check, report);
}

void check_checkpoint_free(struct check *check)
{
	free(check->checkpoint.folder);
	free(check->checkpoint.above);
	free(check->checkpoint.recover);
	free(check->checkpoint.about);
}

json_t *check_checkpoint_json(const struct check *check, const struct nw_explore_report *report)
{
	if (!check->checkpoint.folder)
		return json_null();
	return json_pack("{s:s, s:I, s:I, s:I, s:f, s:s?, s:b}", "folder", check->checkpoint.folder,
			 "written", (json_int_t)report->checkpoint_count, "states",
			 (json_int_t)(report->checkpoint_count ? report->checkpoint_distinct
							       : report->recovered_count),
			 "bytes", (json_int_t)report->checkpoint_bytes, "seconds",
			 report->checkpoint_seconds, "error",
			 report->checkpoint_error ? strerror(-report->checkpoint_error) : NULL,
			 "is_whole", report->is_suspended);
}
