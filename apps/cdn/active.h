/* SPDX-License-Identifier: MIT */
/*
 * `nodewise cdn --active`: targets that are asked, many at once, each answered when it is done.
 *
 * ask.c          the loop: targets in, results out
 * ask_options.c  its words
 * lines.c        standard input without waiting
 * origin.c       --origin: a search told step by step
 * history.c      addresses that names once had, from a file
 * segment.c      numbers for other programs
 *
 * Invariant: only the words of the command line and the lines of standard input are asked; origins
 * are looked for behind names among them alone.
 */
#ifndef APP_CDN_ACTIVE_H
#define APP_CDN_ACTIVE_H

#include "cdn/cdn.h"

#include <nw/cdn_ask.h>
#include <nw/cdn_event.h>
#include <nw/stats.h>

/* --- Words --- */

enum cdn_active_word {
	CDN_WORD_ACTIVE = 512,
	CDN_WORD_NO_DNS,
	CDN_WORD_NO_HTTP,
	CDN_WORD_NO_TLS,
	CDN_WORD_TIMEOUT,
	CDN_WORD_BUDGET,
	CDN_WORD_RESOLVER,
	CDN_WORD_PARALLEL,
	CDN_WORD_CACHE,
	CDN_WORD_THOROUGH,
	CDN_WORD_ORIGIN,
	CDN_WORD_HISTORY
};

/* Of getopt_long(), for the command's own list. */
#define CDN_ACTIVE_WORDS                                                    \
	{ "active", no_argument, NULL, CDN_WORD_ACTIVE },                   \
		{ "no-dns", no_argument, NULL, CDN_WORD_NO_DNS },           \
		{ "no-http", no_argument, NULL, CDN_WORD_NO_HTTP },         \
		{ "no-tls", no_argument, NULL, CDN_WORD_NO_TLS },           \
		{ "timeout", required_argument, NULL, CDN_WORD_TIMEOUT },   \
		{ "budget", required_argument, NULL, CDN_WORD_BUDGET },     \
		{ "resolver", required_argument, NULL, CDN_WORD_RESOLVER }, \
		{ "parallel", required_argument, NULL, CDN_WORD_PARALLEL }, \
		{ "cache", required_argument, NULL, CDN_WORD_CACHE },       \
		{ "thorough", no_argument, NULL, CDN_WORD_THOROUGH },       \
		{ "origin", no_argument, NULL, CDN_WORD_ORIGIN },           \
	{                                                                   \
		"history", required_argument, NULL, CDN_WORD_HISTORY        \
	}

/* APP_OK; -1: it is none of these; else the exit code after having said why. */
int cdn_active_take(struct cdn_active *active, int word, const char *argument);
/* Whether the words go together. */
int cdn_active_check(const struct cdn_active *active);

/* --- History --- */

struct cdn_history {
	char **names; /* [count], NULL: any */
	struct nw_cdn_history *entries;
	size_t count, room;
};

int cdn_history_read(struct cdn_history *history, const char *path);
void cdn_history_free(struct cdn_history *history);
/* Those of a name, with or without www., and of any. The caller frees *ret_entries. */
bool cdn_history_of(const struct cdn_history *history, const char *name,
		    struct nw_cdn_history **ret_entries, uint32_t *ret_count);

/* --- Running --- */

struct cdn_asking {
	struct cdn_run *run;
	struct nw_cdn_asker *asker;
	struct nw_news *news;
	struct nw_news_producer *own_news; /* for origins; the asker has another */
	struct nw_stats *stats;
	struct cdn_history history;
	char **texts; /* of targets that are out, by token; NULL: free */
	uint64_t begun_ns, told_ns, started, done, detected, origins;
	uint32_t latest_next;
	uint32_t parallel;
	bool is_terminal, is_stream, is_over;
};

int cdn_ask(struct cdn_run *run);

/* What is told of a target beside its answer. */
struct cdn_more {
	const struct nw_cdn_ask_result *result;
	const char *origin_text, *origin_json; /* NULL: no search */
};

/* origin.c: searches, if this target has a front. Both texts are the caller's to free. */
void cdn_origin_search(struct cdn_asking *asking, const struct nw_cdn_ask_result *result,
		       char **ret_text, char **ret_json);

/* segment.c: a run without it goes on. */
void cdn_segment_open(struct cdn_asking *asking);
void cdn_segment_put(struct cdn_asking *asking, const char *text,
		     const struct nw_cdn_ask_result *result, uint32_t origin_count);
/* Counts of the asker, and events that have come by the bus. */
void cdn_segment_write(struct cdn_asking *asking);
void cdn_segment_close(struct cdn_asking *asking);

#endif /* APP_CDN_ACTIVE_H */
