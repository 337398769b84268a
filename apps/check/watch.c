/* SPDX-License-Identifier: MIT */
/*
 * A run while it runs: nw_explore_run() blocks, so it has a thread of its own, named nw-search. The
 * main thread waits for it, prints a progress line whenever the period is over, asks for
 * checkpoints, writes the numbers for other programs, and is not pinned by the search.
 *
 * Invariant: periods count from what was last said.
 */
#include "check/spec.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WATCH_MS = 100, IDLE_MS = 3600000 };

struct check_watch {
	const struct check *check;
	struct check_segment segment; /* the main thread's */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* the main thread waits for it */
	pthread_cond_t told;    /* workers wait for it */
	/* Under lock. */
	bool has_ended;
	const struct nw_walk_path *path; /* to be told; NULL: none is */
	const char *name;
};

static void *run_search(void *arg)
{
	struct check_watch *search = arg;

	/* The report says how it ended. */
	if (search->check->walk)
		(void)nw_walk_run(search->check->walk);
	else
		(void)nw_explore_run(search->check->explore);
	pthread_mutex_lock(&search->lock);
	search->has_ended = true;
	pthread_cond_signal(&search->changed);
	pthread_mutex_unlock(&search->lock);
	return NULL;
}

/* A worker waits meanwhile, so that what its walk is made of stays. */
void check_watch_tell(const struct check *check, const struct nw_walk_path *path, const char *name)
{
	struct check_watch *watch = check->watch;

	pthread_mutex_lock(&watch->lock);
	while (watch->path)
		pthread_cond_wait(&watch->told, &watch->lock);
	watch->path = path;
	watch->name = name;
	pthread_cond_signal(&watch->changed);
	while (watch->path == path)
		pthread_cond_wait(&watch->told, &watch->lock);
	pthread_mutex_unlock(&watch->lock);
}

static void tell_violation(struct check_watch *watch, struct check *check)
{
	const struct nw_explore_violation violation = { .name = watch->name,
							.steps = watch->path->steps,
							.step_count = watch->path->step_count };

	check_violation_of_walk(check, watch->path->walk_idx, &violation);
	check_segment_note(&watch->segment, "a walk ended in a violation");
	watch->path = NULL;
	pthread_cond_broadcast(&watch->told);
}

/* Until the time, the end of the search, or something to tell. */
static void wait_until(struct check_watch *search, const struct timespec *due)
{
	int r = 0;

	while (!search->has_ended && !search->path && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&search->changed, &search->lock, due);
}

static struct timespec later(const struct timespec *time, uint64_t ms)
{
	struct timespec sum = { time->tv_sec + (time_t)(ms / 1000),
				time->tv_nsec + (long)(ms % 1000) * 1000000 };

	sum.tv_sec += sum.tv_nsec / 1000000000;
	sum.tv_nsec %= 1000000000;
	return sum;
}

static void tell_progress(const struct check *check, struct nw_explore_report *inout_last)
{
	struct nw_explore_report now;

	if (check->walk) {
		check_walks_progress(check);
		return;
	}
	if (!check->spec) {
		check_progress(check->explore, inout_last);
		return;
	}
	nw_explore_report(check->explore, &now);
	check_say_progress(check->say, &now, inout_last);
	*inout_last = now;
}

void check_stop(const struct check *check)
{
	if (check->walk)
		nw_walk_stop(check->walk);
	else
		nw_explore_stop(check->explore);
}

/* 0 minutes: as often as TLC tells of its progress. */
static uint64_t coverage_period(const struct check *check)
{
	const struct check_options *options = check->options;

	if (!check->spec || !options->has_coverage || options->is_json)
		return 0;
	return options->coverage_min ? options->coverage_min * 60 : 60;
}

static bool is_past(const struct timespec *time, const struct timespec *due)
{
	return time->tv_sec > due->tv_sec ||
	       (time->tv_sec == due->tv_sec && time->tv_nsec >= due->tv_nsec);
}

/* Ctrl-C loses nothing where checkpoints are written. */
static void on_stop(void *arg)
{
	const struct check *check = arg;

	if (check->explore && check_checkpoint_is_on(check))
		nw_explore_suspend(check->explore);
	else
		check_stop(check);
}

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

static uint64_t tick_ms_of(const struct check_watch *search, uint64_t period_s)
{
	if (search->check->spec || search->segment.stats || check_checkpoint_is_on(search->check))
		return WATCH_MS;
	return period_s ? period_s * 1000 : IDLE_MS;
}

/* A specification's values are outside the engine's limit: their memory is looked at here. Periods
 * count from the line before, so that a thread that was kept waiting does not make up for it in
 * several lines; after Ctrl-C the report is next. */
static void wait_with_progress(struct check_watch *search, struct check *check, uint64_t period_s)
{
	uint64_t tick_ms = tick_ms_of(search, period_s);
	struct nw_explore_report last = { 0 };
	struct timespec now, tick, line_due, coverage_due;
	uint64_t coverage_s = coverage_period(check);

	if (check->explore) /* a search that goes on has made some already */
		nw_explore_report(check->explore, &last);

	clock_gettime(CLOCK_MONOTONIC, &now);
	line_due = later(&now, period_s * 1000);
	coverage_due = later(&now, coverage_s * 1000);
	pthread_mutex_lock(&search->lock);
	while (!search->has_ended) {
		tick = later(&now, tick_ms);
		wait_until(search, &tick);
		if (search->has_ended)
			break;
		if (search->path)
			tell_violation(search, check);
		if (check->spec && check_spec_is_full(check->spec))
			check_stop(check);
		clock_gettime(CLOCK_MONOTONIC, &now);
		check_checkpoint_tick(check, ns_of(&now));
		check_segment_write(check, &search->segment);
		if (period_s && is_past(&now, &line_due) && !app_was_interrupted()) {
			tell_progress(check, &last);
			line_due = later(&now, period_s * 1000);
		}
		if (coverage_s && is_past(&now, &coverage_due) && !app_was_interrupted()) {
			check_coverage_say(check->spec, false);
			coverage_due = later(&now, coverage_s * 1000);
		}
	}
	pthread_mutex_unlock(&search->lock);
}

/* TLC's users expect a line a minute; who looks on wants more. */
static uint64_t progress_period(const struct check *check)
{
	const struct check_options *options = check->options;

	if (options->is_quiet)
		return 0;
	if (!check->spec || options->has_progress || isatty(STDERR_FILENO))
		return options->progress_s;
	return 60;
}

int check_watch(struct check *check)
{
	static struct check_watch search = { .lock = PTHREAD_MUTEX_INITIALIZER,
					     .told = PTHREAD_COND_INITIALIZER };
	pthread_condattr_t attributes;
	pthread_t thread;
	int r;

	search.check = check; /* a process runs one */
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&search.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	check->watch = &search;
	app_on_interrupt(on_stop, check);
	r = pthread_create(&thread, NULL, run_search, &search);
	if (r != 0)
		return app_failed(CHECK_NAME, "no thread for the search: %s", strerror(r));
	(void)pthread_setname_np(thread, "nw-search"); /* only for ps and top */
	check_segment_open(&search.segment, check);
	wait_with_progress(&search, check, progress_period(check));
	pthread_join(thread, NULL);
	check_segment_write(check, &search.segment);
	check_segment_close(&search.segment);
	pthread_cond_destroy(&search.changed);
	check->watch = NULL;
	return APP_OK;
}
