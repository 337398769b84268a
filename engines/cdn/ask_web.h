/* SPDX-License-Identifier: MIT */
/*
 * Requests to web servers through libcurl: many at once, each to the address that is given, one
 * answer each, no redirect followed, no proxy, no cookie, nothing sent again.
 *
 * Invariant: a request is out from nwi_web_ask() until is_out is false again; its page is whole
 * then, whatever happened. libcurl resolves no name: it gets addresses.
 */
#ifndef NWI_CDN_ASK_WEB_H
#define NWI_CDN_ASK_WEB_H

#include "cdn/ask_dns.h"
#include "cdn/ask_reply.h"

struct nwi_web;

enum nwi_web_how {
	NWI_WEB_SHAKE = 1, /* TLS alone, for the certificate */
	NWI_WEB_HEAD,
	NWI_WEB_GET /* with a body */
};

struct nwi_web_request {
	const char *host; /* name for TLS and HTTP; NULL: none, a bare address */
	struct nw_cdn_address address;
	uint16_t port;
	bool by_tls;
	enum nwi_web_how how;
	uint64_t connect_ns, all_ns; /* time-outs: until the handshake is done, until all is */
	struct nwi_reply *page;      /* filled in */
	char *body;                  /* of NWI_WEB_GET */
	uint32_t body_room, body_bytes;
	bool is_body_cut;
	bool is_out;
	/* Of ask_web.c. */
	void *easy;
	void *way;
};

int nwi_web_open(struct nwi_web **ret_web, struct nw_arena *arena, const char *agent);
/* Gives up what is out. */
void nwi_web_close(struct nwi_web *web);
void nwi_web_ask(struct nwi_web *web, struct nwi_web_request *request);
/* Ends a request before its time: nothing of it is kept. */
void nwi_web_drop(struct nwi_web *web, struct nwi_web_request *request);
uint64_t nwi_web_asked_count(const struct nwi_web *web);
/* Waits until something happens on a connection or on a socket of dns, and goes on with both. */
void nwi_web_wait(struct nwi_web *web, struct nwi_dns *dns, int max_ms);

#endif /* NWI_CDN_ASK_WEB_H */
