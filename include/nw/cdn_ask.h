/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Asking who stands in front of a name or an address: DNS, a TLS handshake, one request of HTTP.
 *
 * An asker takes targets and gives results, many at once on one thread. For each it asks what is
 * cheapest first and stops where nw_cdn_classify() is decided. Everything is bounded: time for each
 * kind of question, requests in all, targets at once, bytes of an answer, entries of the cache.
 *
 * Nothing is asked but the targets that were given, their name servers and, with
 * nw_cdn_asker_origin(), what that names. Ask only for what you may.
 */
#ifndef NW_CDN_ASK_H
#define NW_CDN_ASK_H

#include <nw/base.h>
#include <nw/cdn.h>
#include <nw/diag.h>
#include <nw/news.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** An asker. Opaque. */
struct nw_cdn_asker;

/** Kinds of questions. */
enum {
	NW_CDN_ASK_DNS = 1 << 0,
	NW_CDN_ASK_TLS = 1 << 1,
	NW_CDN_ASK_HTTP = 1 << 2,
	NW_CDN_ASK_ALL = 7,
};

/** Limits. */
#define NW_CDN_ASK_PARALLEL_MAX 256u
#define NW_CDN_ASK_CACHE_MAX    1000000u

/** What an asker is told; zero means the default in brackets. Borrowed for the call, but for cdn,
 * news and agent, which are borrowed until it is closed. */
struct nw_cdn_ask_options {
	const struct nw_cdn *cdn;
	unsigned kinds;       /* [all] of NW_CDN_ASK_... */
	const char *servers;  /* [/etc/resolv.conf] "192.0.2.1,[2001:db8::1]:5353" */
	const char *agent;    /* [nodewise-cdn/VERSION] User-Agent */
	uint32_t parallel;    /* [32] targets at once, up to NW_CDN_ASK_PARALLEL_MAX */
	uint64_t dns_ns;      /* [2 s] for a question to all name servers */
	uint64_t tls_ns;      /* [3 s] for a connection and its handshake */
	uint64_t http_ns;     /* [5 s] for a connection, its handshake and its answer */
	uint64_t request_max; /* [no bound] questions and connections in all */
	uint64_t run_ns;      /* [no bound] from now on; what is left is answered unasked */
	bool asks_all;        /* does not stop where it is decided */
	bool has_no_cache;    /* asks again what it has just asked */
	uint32_t cache_count; /* [10,000] answers kept, 2 KiB each on the average */
	uint64_t cache_ns;    /* [10 min] at the most; DNS may say less */
	uint64_t negative_ns; /* [1 min] for what there is not, and who does not answer */
	uint64_t secret;      /* of the cache's hash: any number that others do not know */
	uint16_t https_port;  /* [443] */
	uint16_t http_port;   /* [80] */
	struct nw_news_producer *news; /* [none] where events of <nw/cdn_event.h> are told */
};

/** Whether this build can ask: it has c-ares and libcurl. Threads: any. */
NW_API bool nw_cdn_asker_is_built(void);

/**
 * Open an asker.
 *
 * @return 0
 * @return -EINVAL   an option is not allowed, or servers cannot be read: reterr_diag says which
 * @return -ENOTSUP  this build has no c-ares or no libcurl
 * @return -ENOMEM
 *
 * Threads: the thread that will use it. The program ignores SIGPIPE.
 * Owner:   the caller; release with nw_cdn_asker_close().
 */
NW_API int nw_cdn_asker_open(struct nw_cdn_asker **ret_asker,
			     const struct nw_cdn_ask_options *options, struct nw_diag *reterr_diag)
	NW_MUST_USE;

/** Give up what is out, release. NULL is a no-op. Threads: the asker's. */
NW_API void nw_cdn_asker_close(struct nw_cdn_asker *asker);

/**
 * Ask for a target. Its end is told by nw_cdn_asker_take().
 *
 * @param name     a name of a host; NULL: none, the address alone
 * @param address  NULL: the name's, as DNS says
 * @param token    comes back with the result
 * @return 0
 * @return -EAGAIN  as many as allowed are out, or were taken and are lent: take first
 * @return -EINVAL  there is neither, or the name is none of a host: reterr_diag says why
 *
 * Threads: the asker's.
 * Progress: does not wait.
 */
NW_API int nw_cdn_asker_ask(struct nw_cdn_asker *asker, const char *name,
			    const struct nw_cdn_address *address, uint64_t token,
			    struct nw_diag *reterr_diag) NW_MUST_USE;

/** What came of a target. All of it is lent until the next nw_cdn_asker_take(). */
struct nw_cdn_ask_result {
	uint64_t token;
	const char *name; /* NULL: none */
	const struct nw_cdn_seen *seen;
	const struct nw_cdn_answer *answer;
	/* Why there is nothing of a kind; NULL: there is, or it was not asked for. */
	const char *dns_note, *ptr_note, *tls_note, *http_note;
	uint16_t status; /* of HTTP; 0: no answer */
	uint32_t request_count, cached_count;
	uint64_t took_ns;
	bool is_spent; /* a budget did not allow all questions */
};

/**
 * Go on, and take results.
 *
 * @param ret_results  room for count
 * @param timeout_ns   how long to wait where there is none; 0: not at all
 * @return how many; 0 also before the time is over, and where nothing is out
 *
 * Threads: the asker's.
 */
NW_API uint32_t nw_cdn_asker_take(struct nw_cdn_asker *asker, struct nw_cdn_ask_result *ret_results,
				  uint32_t count, uint64_t timeout_ns) NW_MUST_USE;

/** What an asker has counted. */
struct nw_cdn_ask_counts {
	uint64_t asked, answered;            /* targets */
	uint64_t dns_questions, connections; /* sent, repetitions of DNS not counted */
	uint64_t cache_hits, cache_misses, cache_evictions;
	uint32_t cached;
};

/** Counts so far. Threads: the asker's. */
NW_API void nw_cdn_asker_counts(const struct nw_cdn_asker *asker,
				struct nw_cdn_ask_counts *ret_counts);

/* --- Where a name's answers come from --- */

/** An address that a name once had, as the user knows. */
struct nw_cdn_history {
	struct nw_cdn_address address;
	const char *date; /* NULL: not known */
};

/** What a step of a search for origins is about. */
enum nw_cdn_origin_kind {
	NW_CDN_ORIGIN_FRONT = 1, /* what the front showed: all else is compared with it */
	NW_CDN_ORIGIN_LOOKED,    /* a name was looked up */
	NW_CDN_ORIGIN_CANDIDATE, /* an address that is going to be asked */
	NW_CDN_ORIGIN_LEFT_OUT,  /* one that is not: `text` says why */
	NW_CDN_ORIGIN_COMPARED   /* one that was asked, and what it has in common with the front */
};

/** "front", "looked", "candidate", "left-out", "compared". Threads: any. */
NW_API const char *nw_cdn_origin_kind_name(enum nw_cdn_origin_kind kind);

/** One step, lent for the call of `tell`. */
struct nw_cdn_origin_step {
	enum nw_cdn_origin_kind kind;
	const char *source;            /* "history", "name", "mx", "spf", "certificate", "front" */
	const char *name;              /* that led there, or a date; "": none */
	struct nw_cdn_address address; /* family 0: none */
	const char *text;              /* a few words for a person */
	/* Of NW_CDN_ORIGIN_COMPARED; status and title of NW_CDN_ORIGIN_FRONT, too. */
	bool is_verified;     /* page and certificate agree: it is an origin */
	bool has_same_key;    /* of the certificate */
	bool has_same_names;  /* the set of the certificate's names */
	bool covers_name;     /* the certificate is for the name */
	bool has_same_page;   /* status, title, and 90 % of the content or more */
	bool is_page_telling; /* the page has enough content to be known by */
	double common;        /* share of content, 0 to 1 */
	uint16_t status;      /* 0: no answer in HTTP */
	const char *title;    /* "": none */
};

/** What a search is told; zero means the default in brackets. Borrowed for the call. */
struct nw_cdn_origin_options {
	const char *name;
	struct nw_cdn_address front; /* where the front answers for it */
	const struct nw_cdn_history *history;
	uint32_t history_count;
	uint32_t candidate_max; /* [32] addresses that are asked, up to 256 */
	void (*tell)(void *context, const struct nw_cdn_origin_step *step);
	bool (*is_over)(void *context); /* NULL, or asked now and then: true ends the search */
	void *context;
};

/**
 * Look for origins of a name behind its front, and verify each.
 *
 * Candidates come from the history, from names that often go with this one, from its mail servers
 * and SPF, and from names of its certificate; the ones of a provider's ranges, of private and of
 * special networks are left out. Each other one is asked for the name's page, as the front was. It
 * is verified where the page is the same and so is the certificate's key or set of names; or where
 * the certificate is for the name and the page has content enough to be known by. One that answers
 * with a provider's headers is an edge, not an origin.
 *
 * @param ret_verified_count  how many there are; 0 says nothing
 * @return 0
 * @return -EINVAL     the name is none of a host, there is no front or nobody to tell
 * @return -ENODATA    the front showed no page: there is nothing to compare with
 * @return -ECANCELED  is_over() said so, or a budget is spent
 * @return -ENOMEM
 *
 * Threads: the asker's. Its targets go on meanwhile.
 * Cost:    two questions a name, two connections a candidate, at the most; within the asker's
 * budgets
 */
NW_API int nw_cdn_asker_origin(struct nw_cdn_asker *asker,
			       const struct nw_cdn_origin_options *options,
			       uint32_t *ret_verified_count, struct nw_diag *reterr_diag)
	NW_MUST_USE;

NW_END_DECLS

#endif /* NW_CDN_ASK_H */
