/* SPDX-License-Identifier: MIT */
/*
 * `nodewise cdn`: who stands in front of addresses and names.
 *
 * cdn.c      the command's face
 * options.c  its words
 * run.c      targets one after the other, each answered and told
 * tell.c     an answer as text or JSON
 * active.h   targets that are asked
 * list.c     providers and how old their lists are
 * update.c   providers' own published lists into files of ours
 * import.c   the formats of those lists
 *
 * Invariant: without --active nothing is asked of any network.
 */
#ifndef APP_CDN_CDN_H
#define APP_CDN_CDN_H

#include "cdn/lines.h"
#include "common/app.h"
#include "common/cdn.h"

#define CDN_NAME "cdn"

/* How targets are asked; zero means what <nw/cdn_ask.h> says. */
struct cdn_active {
	bool is_on, has_words, wants_origin, is_thorough;
	bool has_no_dns, has_no_http, has_no_tls, has_no_cache;
	const char *servers, *history;
	uint64_t dns_ns, tls_ns, http_ns, budget, budget_ns;
	uint32_t parallel, cache;
};

struct cdn_options {
	struct cdn_active active;
	const char *data, *asn;
	const char *whitelist, *blacklist;
	bool is_json, is_explained, is_quiet;
	int target_count;
	char *const *targets; /* lent by argv */
};

/* Of a run: what is the same for all targets, and what was counted. */
struct cdn_run {
	const struct cdn_options *options;
	struct nw_cdn *cdn;
	bool *whitelist, *blacklist; /* NULL: not given; the last one is none */
	uint64_t *counts;            /* of answers, by provider, the last one none */
	uint64_t target_count, bad_count, left_out_count;
	/* where targets come from: words, then standard input at each "-" */
	int next_word;
	bool is_reading;
	struct cdn_lines lines;
	uint64_t line_number;
};

/* One target as it was written; `address.family` is 0 for a name. */
struct cdn_target {
	const char *text; /* lent until the next one is taken */
	struct nw_cdn_address address;
};

int cdn_options_parse(struct cdn_options *options, int argc, char **argv, bool *ret_is_help);

/* APP_OK, or the exit code after having said why. */
int cdn_run_open(struct cdn_run *run, const struct cdn_options *options);
/* What is neither address nor name is told and counted. wait_ms: as of cdn_lines_next(). */
enum cdn_line cdn_next_target(struct cdn_run *run, struct cdn_target *ret_target, int wait_ms);
/* Counts an answer, and prints it unless a list leaves it out. */
struct cdn_more;
/* more: NULL, or what was learned by asking. */
void cdn_tell(struct cdn_run *run, const struct cdn_target *target,
	      const struct nw_cdn_answer *answer, const struct cdn_more *more);
/* Says what was counted, frees; returns the exit code. */
int cdn_run_close(struct cdn_run *run);

/* tell.c */
void cdn_tell_text(const struct cdn_run *run, const char *target,
		   const struct nw_cdn_answer *answer, const struct cdn_more *more);
void cdn_tell_json(const char *target, const struct nw_cdn_answer *answer,
		   const struct cdn_more *more);
/* What others have sent, without what is not printable; as a string of JSON, with its marks. */
void cdn_put_plain(FILE *file, const char *text);
void cdn_put_json(FILE *file, const char *text);

int cdn_list(int argc, char **argv);
int cdn_update(int argc, char **argv);

#endif /* APP_CDN_CDN_H */
