/* SPDX-License-Identifier: MIT */
/*
 * Where a name leads: the chain of its CNAMEs, and what is at its end.
 *
 * An answer of the DNS holds records of any names in any order. Only those that hang on the chain
 * from the name that was asked count; the chain ends after 8 steps, and where it meets itself.
 *
 * Invariant: a path is plain bytes, nwi_chain_bytes() of them: it is kept by copying.
 */
#ifndef NWI_CDN_ASK_CHAIN_H
#define NWI_CDN_ASK_CHAIN_H

#include "cdn/ask_texts.h"

#include <nw/cdn.h>

enum nwi_dns_type {
	NWI_DNS_A = 1,
	NWI_DNS_CNAME = 5,
	NWI_DNS_SOA = 6,
	NWI_DNS_PTR = 12,
	NWI_DNS_MX = 15,
	NWI_DNS_TXT = 16,
	NWI_DNS_AAAA = 28
};

enum nwi_chain_end {
	NWI_CHAIN_NOT_ASKED = 0,
	NWI_CHAIN_FOUND,
	NWI_CHAIN_NO_NAME, /* NXDOMAIN */
	NWI_CHAIN_NO_DATA, /* the name is there, nothing of that type */
	NWI_CHAIN_LOOP,    /* the chain meets itself, or is longer than 8 */
	NWI_CHAIN_REFUSED, /* no server would or could answer */
	NWI_CHAIN_SILENT,  /* no server answered in time */
	NWI_CHAIN_BROKEN,  /* an answer that is none */
	NWI_CHAIN_SPENT    /* the budget did not allow it */
};

enum {
	NWI_CHAIN_STEPS = 8,
	NWI_CHAIN_ADDRESSES = 16,
	NWI_CHAIN_VALUES = 16,
	NWI_CHAIN_RECORDS = 512 /* of one answer that are looked at */
};

struct nwi_chain_value {
	uint32_t text;
	uint16_t preference; /* of MX */
};

struct nwi_chain {
	uint8_t end; /* enum nwi_chain_end */
	uint8_t cname_count, address_count, value_count;
	uint32_t ttl_s; /* the shortest on the way */
	uint32_t name;  /* what was asked */
	uint32_t cnames[NWI_CHAIN_STEPS];
	struct nw_cdn_address addresses[NWI_CHAIN_ADDRESSES];
	struct nwi_chain_value values[NWI_CHAIN_VALUES]; /* PTR, MX, TXT */
	struct nwi_texts texts;
};

/* name: of a host, as nwi_host_read() has it. */
void nwi_chain_init(struct nwi_chain *path, const char *name);
/* The name that the chain has come to. */
const char *nwi_chain_last(const struct nwi_chain *path);
/*
 * Reads an answer, whatever it is, and goes on from nwi_chain_last(). true: the chain has come on
 * and has no end yet: its last name is to be asked for. Else path->end is set.
 */
bool nwi_chain_read(struct nwi_chain *path, enum nwi_dns_type type, const unsigned char *bytes,
		    size_t n_bytes);
size_t nwi_chain_bytes(const struct nwi_chain *path);
/* "no such name", ... */
const char *nwi_chain_end_text(enum nwi_chain_end end);

#endif /* NWI_CDN_ASK_CHAIN_H */
