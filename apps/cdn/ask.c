/* SPDX-License-Identifier: MIT */
/* `nodewise cdn --active`: targets in as there is room, results out as they come. */
#include "cdn/active.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum {
	OTHER_FILES = 48,
	TAKE_COUNT = 32,
	WAIT_MS = 200,
	LOOK_MS = 10,
	MANY = 50,
	NEWS_SLOTS = 1024
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t out_count(const struct cdn_asking *asking)
{
	return asking->started - asking->done;
}

/* --- Open, close --- */

static unsigned kinds_of(const struct cdn_active *active)
{
	return (active->has_no_dns ? 0 : NW_CDN_ASK_DNS) |
	       (active->has_no_tls ? 0 : NW_CDN_ASK_TLS) |
	       (active->has_no_http ? 0 : NW_CDN_ASK_HTTP);
}

static int open_asker(struct cdn_asking *asking)
{
	const struct cdn_active *active = &asking->run->options->active;
	struct nw_cdn_ask_options options = { .cdn = asking->run->cdn,
					      .kinds = kinds_of(active),
					      .servers = active->servers,
					      .parallel = asking->parallel,
					      .dns_ns = active->dns_ns,
					      .tls_ns = active->tls_ns,
					      .http_ns = active->http_ns,
					      .request_max = active->budget,
					      .run_ns = active->budget_ns,
					      .asks_all = active->is_thorough,
					      .cache_count = active->cache,
					      .has_no_cache = active->has_no_cache };
	struct nw_diag diag = { "" };
	int rc;

	if (nw_news_create(&asking->news, 2, NEWS_SLOTS) < 0)
		return app_failed(CDN_NAME, "no memory");
	options.news = nw_news_producer(asking->news, 0);
	asking->own_news = nw_news_producer(asking->news, 1);
	/* Without it the cache's hash is known to others: no more than slower look-ups. */
	(void)!getrandom(&options.secret, sizeof(options.secret), GRND_NONBLOCK);
	rc = nw_cdn_asker_open(&asking->asker, &options, &diag);
	if (rc == -EINVAL)
		return app_bad(CDN_NAME, "--resolver: %s", diag.text);
	return rc < 0 ? app_failed(CDN_NAME, "%s", diag.text[0] ? diag.text : strerror(-rc))
		      : APP_OK;
}

static void close_all(struct cdn_asking *asking)
{
	cdn_segment_close(asking);
	nw_cdn_asker_close(asking->asker);
	nw_news_destroy(asking->news);
	cdn_history_free(&asking->history);
	for (uint32_t i = 0; asking->texts && i < asking->parallel; i++)
		free(asking->texts[i]);
	free(asking->texts);
}

/* A connection for each target, name servers, and what is open already: without room for them
 * "no connection" would be said of servers that were never asked. */
static int make_room_for_files(const struct cdn_asking *asking)
{
	rlim_t wanted = asking->parallel + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return APP_OK;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted)
		return APP_OK;
	return app_bad(CDN_NAME,
		       "%u targets at once need %llu open files, this process may have %llu: "
		       "--parallel with less, or ulimit -n",
		       asking->parallel, (unsigned long long)wanted,
		       (unsigned long long)limit.rlim_cur);
}

static int open_all(struct cdn_asking *asking)
{
	const struct cdn_active *active = &asking->run->options->active;
	int code = APP_OK;

	asking->begun_ns = asking->told_ns = now_ns();
	asking->is_terminal = isatty(STDERR_FILENO) == 1;
	for (int i = 0; i < asking->run->options->target_count; i++)
		asking->is_stream |= strcmp(asking->run->options->targets[i], "-") == 0;
	asking->parallel = active->parallel ? active->parallel : 32;
	asking->texts = calloc(asking->parallel, sizeof(*asking->texts));
	if (!asking->texts)
		return app_failed(CDN_NAME, "no memory");
	code = make_room_for_files(asking);
	if (code == APP_OK && active->history)
		code = cdn_history_read(&asking->history, active->history);
	if (code == APP_OK)
		code = open_asker(asking);
	if (code == APP_OK)
		cdn_segment_open(asking);
	return code;
}

/* --- In --- */

static uint32_t free_place(const struct cdn_asking *asking)
{
	uint32_t i = 0;

	while (i < asking->parallel && asking->texts[i])
		i++;
	return i;
}

static void start(struct cdn_asking *asking, const struct cdn_target *target)
{
	bool is_name = target->address.family == 0;
	uint32_t place = free_place(asking);
	struct nw_diag diag = { "no memory" };
	char *text = strdup(target->text);

	if (text && nw_cdn_asker_ask(asking->asker, is_name ? text : NULL,
				     is_name ? NULL : &target->address, place, &diag) == 0) {
		asking->texts[place] = text;
		asking->started++;
		return;
	}
	free(text);
	asking->run->bad_count++;
	(void)app_failed(CDN_NAME, "%s", diag.text);
}

/* Waits for input only where nothing is out. */
static void fill(struct cdn_asking *asking)
{
	struct cdn_target target;

	while (!asking->is_over && out_count(asking) < asking->parallel) {
		enum cdn_line got = cdn_next_target(asking->run, &target,
						    out_count(asking) == 0 ? WAIT_MS : 0);

		if (got == CDN_LINE)
			start(asking, &target);
		else if (got == CDN_LINE_END)
			asking->is_over = true;
		if (got != CDN_LINE)
			return;
	}
}

/* --- Out --- */

static void tell(struct cdn_asking *asking, const struct nw_cdn_ask_result *result)
{
	struct cdn_target target = { asking->texts[result->token], result->seen->address };
	struct cdn_more more = { .result = result };
	char *text = NULL, *json = NULL;
	uint64_t origins = asking->origins;

	if (asking->run->options->active.wants_origin && result->name)
		cdn_origin_search(asking, result, &text, &json);
	more.origin_text = text;
	more.origin_json = json;
	cdn_tell(asking->run, &target, result->answer, &more);
	cdn_segment_put(asking, target.text, result, (uint32_t)(asking->origins - origins));
	asking->detected += nw_cdn_kind_is_front(result->answer->kind);
	free(text);
	free(json);
}

static void take(struct cdn_asking *asking, unsigned wait_ms)
{
	struct nw_cdn_ask_result results[TAKE_COUNT];
	uint32_t count;

	(void)fflush(stdout); /* what fails is told at the end */
	count = nw_cdn_asker_take(asking->asker, results, TAKE_COUNT, wait_ms * NS_PER_MS);
	for (uint32_t i = 0; i < count; i++)
		tell(asking, &results[i]);
	cdn_segment_write(asking);
	for (uint32_t i = 0; i < count; i++) {
		free(asking->texts[results[i].token]);
		asking->texts[results[i].token] = NULL;
	}
	asking->done += count;
	if (count > 0)
		(void)!nw_cdn_asker_take(asking->asker, NULL, 0, 0); /* gives back what was lent */
}

static void tell_progress(struct cdn_asking *asking)
{
	const struct cdn_options *options = asking->run->options;
	uint64_t now = now_ns(), every_ns = asking->is_terminal ? NS_PER_S : 10 * NS_PER_S;

	if (options->is_quiet || now - asking->told_ns < every_ns ||
	    (!asking->is_stream && options->target_count < MANY))
		return;
	asking->told_ns = now;
	(void)fprintf(stderr,
		      "%s%" PRIu64 " answered, %" PRIu64 " under way, %.0f a second, %" PRIu64
		      " with a front%s",
		      asking->is_terminal ? "\r" : "", asking->done, out_count(asking),
		      (double)asking->done * 1e9 / (double)(now - asking->begun_ns),
		      asking->detected, asking->is_terminal ? "   " : "\n");
}

static int finish(const struct cdn_asking *asking)
{
	struct nw_cdn_ask_counts counts;

	if (asking->is_terminal && asking->told_ns != asking->begun_ns)
		(void)fputc('\n', stderr);
	nw_cdn_asker_counts(asking->asker, &counts);
	if (!asking->run->options->is_quiet && asking->done > 1)
		app_note(CDN_NAME,
			 "%" PRIu64 " questions of DNS, %" PRIu64 " connections, %" PRIu64
			 " answers from the cache",
			 counts.dns_questions, counts.connections, counts.cache_hits);
	if (!app_was_interrupted())
		return APP_OK;
	return app_failed(CDN_NAME, "stopped: %" PRIu64 " targets under way were given up",
			  out_count(asking));
}

int cdn_ask(struct cdn_run *run)
{
	struct cdn_asking asking = { .run = run };
	int code = open_all(&asking);

	if (code == APP_OK) {
		(void)signal(SIGPIPE, SIG_IGN); /* a connection that breaks is an answer */
		while (!app_was_interrupted() && (!asking.is_over || out_count(&asking) > 0)) {
			fill(&asking);
			if (out_count(&asking) > 0)
				take(&asking,
				     asking.is_over || out_count(&asking) == asking.parallel
					     ? WAIT_MS
					     : LOOK_MS);
			tell_progress(&asking);
		}
		code = finish(&asking);
	}
	close_all(&asking);
	return code;
}
