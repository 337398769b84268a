/* SPDX-License-Identifier: MIT */
/*
 * A search for the origins of a name: names to look up, addresses that they give, pages to compare.
 *
 * Invariant: an address is a candidate once; nothing is asked of one that was left out; nothing is
 * called an origin but by compare() of ask_verify.c.
 */
#ifndef NWI_CDN_ASK_ORIGIN_H
#define NWI_CDN_ASK_ORIGIN_H

#include "cdn/ask.h"
#include "cdn/ask_sketch.h"

enum {
	NWI_ORIGIN_NAMES = 96,
	NWI_ORIGIN_CANDIDATES = 256,
	NWI_ORIGIN_CHECKS = 8, /* at once */
	NWI_ORIGIN_BODY = 128 << 10,
	NWI_ORIGIN_INCLUDES = 10 /* of SPF, RFC 7208 §4.6.4 */
};

/* A name to look up, and as what. */
struct nwi_origin_name {
	const char *source;
	char name[NWI_HOST_BYTES];
	enum nwi_dns_type type;
	struct nwi_dns_slot slot;
};

struct nwi_origin_candidate {
	struct nw_cdn_address address;
	const char *source;
	char name[NWI_HOST_BYTES];
};

/* A page that was asked for, and its body. */
struct nwi_origin_check {
	struct nwi_web_slot slot;
	struct nwi_sketch sketch;
	uint32_t candidate; /* its position */
	bool is_on;
	char body[NWI_ORIGIN_BODY];
};

struct nwi_origin {
	struct nw_cdn_asker *asker;
	const struct nw_cdn_origin_options *options;
	struct nw_arena *arena;
	char name[NWI_HOST_BYTES];   /* that the user gave */
	char base[NWI_HOST_BYTES];   /* the same without www. */
	char parent[NWI_HOST_BYTES]; /* above it, where the certificate names that; or "" */
	uint32_t name_count, candidate_count, include_count, verified_count;
	bool was_full, is_spent;
	struct nwi_origin_name *names;           /* [NWI_ORIGIN_NAMES] */
	struct nwi_origin_candidate *candidates; /* [NWI_ORIGIN_CANDIDATES] */
	struct nwi_origin_check *checks;         /* [NWI_ORIGIN_CHECKS] */
	struct nwi_origin_check *front;
	struct nwi_sight *sight; /* for classifying what a candidate says */
};

/* Whether the search is to end: a budget, or whoever asked. */
bool nwi_origin_is_over(struct nwi_origin *origin);
/* One pass of waiting. */
void nwi_origin_wait(struct nwi_origin *origin);
void nwi_origin_tell(struct nwi_origin *origin, struct nw_cdn_origin_step step);

/* ask_names.c: fills candidates. */
void nwi_origin_gather(struct nwi_origin *origin);
/* Names, mechanisms and addresses of an SPF record; for tests as well. */
void nwi_origin_read_spf(struct nwi_origin *origin, const char *text);
void nwi_origin_add_name(struct nwi_origin *origin, const char *source, const char *name,
			 enum nwi_dns_type type);
void nwi_origin_add_address(struct nwi_origin *origin, const struct nw_cdn_address *address,
			    const char *source, const char *name);

/* ask_verify.c. false: the front showed no page. */
bool nwi_origin_see_front(struct nwi_origin *origin);
void nwi_origin_verify(struct nwi_origin *origin);
/* Whether a name is one of a certificate's, by itself or by a wildcard of one label. */
bool nwi_cert_covers(const struct nwi_reply *page, const char *name);
bool nwi_cert_has_same_names(const struct nwi_reply *a, const struct nwi_reply *b);

#endif /* NWI_CDN_ASK_ORIGIN_H */
