/* SPDX-License-Identifier: MIT */
/* An asker: opened, given targets, taken from. */
#include "cdn/ask.h"

#include <nw/cdn_event.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum { PARALLEL = 32, CACHE_COUNT = 10000, HTTPS_PORT = 443, HTTP_PORT = 80, WAIT_MAX_MS = 60000 };

bool nw_cdn_asker_is_built(void)
{
	return true;
}

uint64_t nwi_ask_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t request_count(const struct nw_cdn_asker *asker)
{
	return nwi_dns_asked_count(asker->dns) + nwi_web_asked_count(asker->web);
}

bool nwi_ask_may(const struct nw_cdn_asker *asker, uint32_t n)
{
	const struct nw_cdn_ask_options *options = &asker->options;

	if (options->request_max && request_count(asker) + n > options->request_max)
		return false;
	return !options->run_ns || nwi_ask_now_ns() - asker->begun_ns < options->run_ns;
}

/* --- Open, close --- */

static int refuse(struct nw_diag *diag, const char *text)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%s", text);
	return -EINVAL;
}

static int check(const struct nw_cdn_ask_options *options, struct nw_diag *diag)
{
	if (!options->cdn)
		return refuse(diag, "there is no data of providers");
	if (options->kinds & ~(unsigned)NW_CDN_ASK_ALL)
		return refuse(diag, "there are questions to DNS, by TLS and by HTTP, no others");
	if (options->parallel > NW_CDN_ASK_PARALLEL_MAX)
		return refuse(diag, "256 targets at once are the most");
	if (options->cache_count > NW_CDN_ASK_CACHE_MAX)
		return refuse(diag, "the cache has 1,000,000 entries at the most");
	return 0;
}

static uint64_t or_else(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

static void set_options(struct nw_cdn_asker *asker, const struct nw_cdn_ask_options *from)
{
	struct nw_cdn_ask_options *to = &asker->options;

	*to = *from;
	to->servers = NULL; /* borrowed for the call alone */
	to->kinds = (unsigned)or_else(from->kinds, NW_CDN_ASK_ALL);
	to->parallel = (uint32_t)or_else(from->parallel, PARALLEL);
	to->dns_ns = or_else(from->dns_ns, 2 * NS_PER_S);
	to->tls_ns = or_else(from->tls_ns, 3 * NS_PER_S);
	to->http_ns = or_else(from->http_ns, 5 * NS_PER_S);
	to->cache_count = from->has_no_cache ? 0
					     : (uint32_t)or_else(from->cache_count, CACHE_COUNT);
	to->cache_ns = or_else(from->cache_ns, 600 * NS_PER_S);
	to->negative_ns = or_else(from->negative_ns, 60 * NS_PER_S);
	to->https_port = (uint16_t)or_else(from->https_port, HTTPS_PORT);
	to->http_port = (uint16_t)or_else(from->http_port, HTTP_PORT);
	(void)snprintf(asker->agent, sizeof(asker->agent), "nodewise-cdn/%d.%d.%d",
		       NW_VERSION_MAJOR, NW_VERSION_MINOR, NW_VERSION_PATCH);
	if (!from->agent)
		to->agent = asker->agent;
}

static size_t reserve_bytes(const struct nw_cdn_ask_options *options)
{
	size_t cached = or_else(options->cache_count, CACHE_COUNT);

	return cached * (NWI_CACHE_PIECES_EACH * (NWI_CACHE_PIECE_BYTES + 8) + 256) +
	       or_else(options->parallel, PARALLEL) * (sizeof(struct nwi_target) + 64) + (1 << 20);
}

static int open_parts(struct nw_cdn_asker *asker, const char *servers, struct nw_diag *diag)
{
	int rc = nwi_cache_init(&asker->cache, asker->arena, asker->options.cache_count,
				asker->options.secret);

	asker->targets = nw_arena_alloc(asker->arena,
					asker->options.parallel * sizeof(*asker->targets), 64);
	if (rc == 0 && !asker->targets)
		rc = -ENOMEM;
	if (rc == 0)
		rc = nwi_web_open(&asker->web, asker->arena, asker->options.agent);
	if (rc == -ENOMEM && diag)
		(void)snprintf(diag->text, sizeof(diag->text), "no memory");
	if (rc == 0)
		rc = nwi_dns_open(&asker->dns, asker->arena, servers, asker->options.dns_ns, diag);
	return rc;
}

int nw_cdn_asker_open(struct nw_cdn_asker **ret_asker, const struct nw_cdn_ask_options *options,
		      struct nw_diag *reterr_diag)
{
	struct nw_cdn_asker *asker;
	struct nw_arena *arena;
	int rc = check(options, reterr_diag);

	if (rc < 0)
		return rc;
	rc = nw_arena_create(&arena, NW_NODE_ANY, reserve_bytes(options), 0);
	if (rc < 0)
		return rc;
	asker = nw_arena_alloc(arena, sizeof(*asker), 64);
	if (!asker) {
		nw_arena_destroy(arena);
		return -ENOMEM;
	}
	asker->arena = arena;
	asker->begun_ns = nwi_ask_now_ns();
	set_options(asker, options);
	rc = open_parts(asker, options->servers, reterr_diag);
	if (rc < 0) {
		nw_cdn_asker_close(asker);
		return rc;
	}
	*ret_asker = asker;
	return 0;
}

void nw_cdn_asker_close(struct nw_cdn_asker *asker)
{
	if (!asker)
		return;
	for (uint32_t i = 0; asker->web && i < asker->options.parallel; i++)
		nwi_asked_drop(asker, &asker->targets[i]);
	nwi_dns_close(asker->dns);
	nwi_web_close(asker->web);
	nw_arena_destroy(asker->arena);
}

/* --- Ask, take --- */

static struct nwi_target *find_free(struct nw_cdn_asker *asker)
{
	for (uint32_t i = 0; i < asker->options.parallel; i++)
		if (asker->targets[i].state == NWI_TARGET_FREE)
			return &asker->targets[i];
	return NULL;
}

static int set_name(struct nwi_target *target, const char *name, struct nw_diag *diag)
{
	const char *reason;

	target->has_name = name != NULL;
	if (!name || nwi_host_read(name, strlen(name), false, target->name, &reason))
		return 0;
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "'%.100s': %s", name, reason);
	return -EINVAL;
}

int nw_cdn_asker_ask(struct nw_cdn_asker *asker, const char *name,
		     const struct nw_cdn_address *address, uint64_t token,
		     struct nw_diag *reterr_diag)
{
	struct nwi_target *target = find_free(asker);
	int rc;

	if (!name && (!address || address->family == 0))
		return refuse(reterr_diag, "there is neither a name nor an address");
	if (!target)
		return -EAGAIN;
	/* The paths and pages are begun anew by whoever fills them in. */
	target->ipv4.path.end = target->ipv6.path.end = NWI_CHAIN_NOT_ASKED;
	target->pointer.path.end = target->back.path.end = NWI_CHAIN_NOT_ASKED;
	target->front.page.end = target->plain.page.end = NWI_REPLY_NOT_ASKED;
	target->bare.page.end = NWI_REPLY_NOT_ASKED;
	rc = set_name(target, name, reterr_diag);
	if (rc < 0)
		return rc;
	target->address = address ? *address : (struct nw_cdn_address){ 0 };
	target->token = token;
	target->step = NWI_STEP_START;
	target->request_count = target->cached_count = 0;
	target->is_spent = false;
	target->begun_ns = nwi_ask_now_ns();
	target->state = NWI_TARGET_OUT;
	asker->out_count++;
	asker->asked++;
	return 0;
}

static void free_lent(struct nw_cdn_asker *asker)
{
	for (uint32_t i = 0; i < asker->options.parallel; i++)
		if (asker->targets[i].state == NWI_TARGET_LENT)
			asker->targets[i].state = NWI_TARGET_FREE;
}

/* What finds no room on the bus is counted there. */
static void tell(const struct nw_cdn_asker *asker, const struct nwi_target *target)
{
	struct nw_cdn_event event;

	if (asker->options.news &&
	    nw_cdn_event_make(&event, &target->sight.answer, &target->sight.seen.address, NULL,
			      target->token))
		(void)nw_news_tell(asker->options.news, &event);
}

static void go_on(struct nw_cdn_asker *asker)
{
	for (uint32_t i = 0; i < asker->options.parallel; i++) {
		struct nwi_target *target = &asker->targets[i];

		if (target->state != NWI_TARGET_OUT || !nwi_asked_go_on(asker, target))
			continue;
		target->state = NWI_TARGET_DONE;
		target->took_ns = nwi_ask_now_ns() - target->begun_ns;
		asker->out_count--;
		asker->answered++;
		tell(asker, target);
	}
}

static uint32_t lend(struct nw_cdn_asker *asker, struct nw_cdn_ask_result *ret_results,
		     uint32_t count)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < asker->options.parallel && n < count; i++)
		if (asker->targets[i].state == NWI_TARGET_DONE) {
			asker->targets[i].state = NWI_TARGET_LENT;
			nwi_asked_result(&asker->targets[i], &ret_results[n++]);
		}
	return n;
}

static int wait_ms(uint64_t end_ns)
{
	uint64_t now = nwi_ask_now_ns(), ms = end_ns > now ? (end_ns - now) / NS_PER_MS + 1 : 0;

	return ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int)ms;
}

uint32_t nw_cdn_asker_take(struct nw_cdn_asker *asker, struct nw_cdn_ask_result *ret_results,
			   uint32_t count, uint64_t timeout_ns)
{
	uint64_t now = nwi_ask_now_ns();
	uint64_t end_ns = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
	uint32_t n;

	free_lent(asker);
	for (;;) {
		int ms;

		go_on(asker);
		n = lend(asker, ret_results, count);
		if (n > 0 || asker->out_count == 0)
			return n;
		ms = wait_ms(end_ns);
		nwi_web_wait(asker->web, asker->dns, ms);
		if (ms == 0 || nwi_ask_now_ns() >= end_ns)
			timeout_ns = 0;
		if (timeout_ns == 0) {
			go_on(asker);
			return lend(asker, ret_results, count);
		}
	}
}

void nw_cdn_asker_counts(const struct nw_cdn_asker *asker, struct nw_cdn_ask_counts *ret_counts)
{
	*ret_counts = (struct nw_cdn_ask_counts){
		.asked = asker->asked,
		.answered = asker->answered,
		.dns_questions = nwi_dns_asked_count(asker->dns),
		.connections = nwi_web_asked_count(asker->web),
		.cache_hits = asker->cache.hit_count,
		.cache_misses = asker->cache.miss_count,
		.cache_evictions = asker->cache.evicted_count,
		.cached = asker->cache.used_count,
	};
}
