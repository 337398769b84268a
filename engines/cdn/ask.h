/* SPDX-License-Identifier: MIT */
/*
 * An asker from inside: its targets, each a short program of steps.
 *
 *   LOOKUP   addresses and CNAMEs of the name             DNS
 *   RANGE    nothing: what the address alone says
 *   POINTER  the name of the address                      DNS
 *   BACK     and whether that name has the address        DNS
 *   FRONT    certificate with the name, and one HEAD      TLS, HTTP; one connection
 *   PLAIN    one HEAD without TLS, where that gave none   HTTP
 *   BARE     certificate without a name                   TLS
 *
 * Invariant: a target is in one step; what that asks for is out, or has come and is looked at by
 * the next nwi_asked_go_on(). Between two steps it is classified, and ends where that decides.
 */
#ifndef NWI_CDN_ASK_H
#define NWI_CDN_ASK_H

#include "cdn/ask_cache.h"
#include "cdn/ask_dns.h"
#include "cdn/ask_web.h"

#include <nw/cdn_ask.h>

enum nwi_step {
	NWI_STEP_START = 0,
	NWI_STEP_LOOKUP,
	NWI_STEP_RANGE,
	NWI_STEP_POINTER,
	NWI_STEP_BACK,
	NWI_STEP_FRONT,
	NWI_STEP_PLAIN,
	NWI_STEP_BARE,
	NWI_STEP_END
};

/* A place for one question to DNS, and one for one to a server; both go through the cache. */
struct nwi_dns_slot {
	struct nwi_dns_question question;
	struct nwi_chain path;
	bool was_cached, is_new;
};

struct nwi_web_slot {
	struct nwi_web_request request;
	struct nwi_reply page;
	bool was_cached, is_new;
};

/* What nw_cdn_classify() reads of a target. */
struct nwi_sight {
	struct nw_cdn_seen seen;
	struct nw_cdn_answer answer;
	const char *cnames[NWI_CHAIN_STEPS];
	struct nw_cdn_header headers[NWI_REPLY_HEADERS];
	struct nw_cdn_certificate cert, default_cert;
	const char *sans[NWI_REPLY_SANS], *default_sans[NWI_REPLY_SANS];
};

struct nwi_target {
	enum { NWI_TARGET_FREE = 0, NWI_TARGET_OUT, NWI_TARGET_DONE, NWI_TARGET_LENT } state;
	enum nwi_step step;
	bool has_name, is_spent;
	char name[NWI_HOST_BYTES];
	struct nw_cdn_address address;
	uint64_t token, begun_ns, took_ns;
	uint32_t request_count, cached_count;
	struct nwi_dns_slot ipv4, ipv6, pointer, back;
	struct nwi_web_slot front, plain, bare;
	struct nwi_sight sight;
};

struct nw_cdn_asker {
	struct nw_arena *arena;
	struct nw_cdn_ask_options options; /* with defaults filled in */
	struct nwi_dns *dns;
	struct nwi_web *web;
	struct nwi_cache cache;
	struct nwi_target *targets; /* [options.parallel] */
	uint32_t out_count;
	uint64_t begun_ns, asked, answered;
	char agent[32];
};

uint64_t nwi_ask_now_ns(void);
/* Whether n more requests are within the budgets. */
bool nwi_ask_may(const struct nw_cdn_asker *asker, uint32_t n);

/* Ask, or take from the cache; whichever, the slot's answer is there once nothing of it is out.
 * target: NULL, or whose requests they are. */
void nwi_ask_dns(struct nw_cdn_asker *asker, struct nwi_target *target, struct nwi_dns_slot *slot,
		 enum nwi_dns_type type, const char *name);
/* request: host, address, port, by_tls, how, and body where there is one: never cached. */
void nwi_ask_web(struct nw_cdn_asker *asker, struct nwi_target *target, struct nwi_web_slot *slot);
/* Keeps what has come, and counts what a chain has cost beyond one question. */
void nwi_keep_dns(struct nw_cdn_asker *asker, struct nwi_target *target, struct nwi_dns_slot *slot);
void nwi_keep_web(struct nw_cdn_asker *asker, struct nwi_web_slot *slot);

/* false: something is out. */
bool nwi_asked_go_on(struct nw_cdn_asker *asker, struct nwi_target *target);
void nwi_asked_drop(struct nw_cdn_asker *asker, struct nwi_target *target);
void nwi_asked_result(const struct nwi_target *target, struct nw_cdn_ask_result *ret_result);

/* Fills sight->seen and classifies. */
void nwi_asked_look(const struct nw_cdn_asker *asker, struct nwi_target *target);
/* Parts of that. */
void nwi_see_headers(struct nwi_sight *sight, const struct nwi_reply *page);
void nwi_see_cert(struct nw_cdn_certificate *ret_cert, const char **sans,
		  const struct nwi_reply *page);
/* "4.3.2.1.in-addr.arpa", "…ip6.arpa". */
void nwi_reverse_name(const struct nw_cdn_address *address, char ret_name[NWI_HOST_BYTES]);

#endif /* NWI_CDN_ASK_H */
