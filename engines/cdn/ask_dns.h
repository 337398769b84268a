/* SPDX-License-Identifier: MIT */
/*
 * Questions to name servers through c-ares: many at once, none waited for.
 *
 * Invariant: a question is out from nwi_dns_ask() until is_out is false again; its path is whole
 * then, whatever happened. Only c-ares opens sockets; whoever waits is told which they are.
 */
#ifndef NWI_CDN_ASK_DNS_H
#define NWI_CDN_ASK_DNS_H

#include "cdn/ask_chain.h"

#include <nw/diag.h>

struct nwi_dns;
struct nw_arena;

enum { NWI_DNS_SOCKETS = 64 };

struct nwi_dns_question {
	struct nwi_chain *path; /* filled in */
	enum nwi_dns_type type;
	bool is_out;
	/* Of ask_dns.c. */
	struct nwi_dns *dns;
	uint8_t asked_count; /* one for each part of the chain that an answer left open */
};

struct nwi_dns_socket {
	int fd; /* -1: free */
	bool reads, writes;
};

/* servers: NULL, those of /etc/resolv.conf; timeout_ns for one question with all its repetitions.
 * 0 or a negative errno, explained. */
int nwi_dns_open(struct nwi_dns **ret_dns, struct nw_arena *arena, const char *servers,
		 uint64_t timeout_ns, struct nw_diag *reterr_diag);
/* Ends all questions as NWI_CHAIN_SILENT. */
void nwi_dns_close(struct nwi_dns *dns);
/* name: of a host. */
void nwi_dns_ask(struct nwi_dns *dns, struct nwi_dns_question *question, const char *name);
/* Questions to servers, parts of chains included, repetitions not. */
uint64_t nwi_dns_asked_count(const struct nwi_dns *dns);
/* What has to be waited for: [NWI_DNS_SOCKETS], and until when at the latest, in ms. */
const struct nwi_dns_socket *nwi_dns_sockets(const struct nwi_dns *dns);
int nwi_dns_timeout_ms(const struct nwi_dns *dns, int max_ms);
/* A socket can be read or written. */
void nwi_dns_go_on(struct nwi_dns *dns, int fd, bool reads, bool writes);
/* Time has passed. */
void nwi_dns_tick(struct nwi_dns *dns);

#endif /* NWI_CDN_ASK_DNS_H */
