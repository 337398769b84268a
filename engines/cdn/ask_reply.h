/* SPDX-License-Identifier: MIT */
/*
 * What a server showed when it was asked once: its certificate, its status and headers.
 *
 * Invariant: a page is plain bytes, nwi_reply_bytes() of them: it is kept by copying. Nothing in it
 * is believed: it says what was shown, not who showed it.
 */
#ifndef NWI_CDN_ASK_REPLY_H
#define NWI_CDN_ASK_REPLY_H

#include "cdn/ask_texts.h"

enum nwi_reply_end {
	NWI_REPLY_NOT_ASKED = 0,
	NWI_REPLY_FOUND,   /* all that was asked for */
	NWI_REPLY_REFUSED, /* no connection */
	NWI_REPLY_SILENT,  /* not in time */
	NWI_REPLY_NO_TLS,  /* the handshake failed */
	NWI_REPLY_CUT,     /* headers beyond any bound: the first of them are there */
	NWI_REPLY_HUNG_UP, /* the connection ended before an answer */
	NWI_REPLY_BROKEN,  /* an answer that is none */
	NWI_REPLY_SPENT    /* the budget did not allow it */
};

enum {
	NWI_REPLY_HEADERS = 128,
	NWI_REPLY_HEADER_BYTES = 64 << 10, /* of all lines, kept or not */
	NWI_REPLY_SANS = 128,
	NWI_REPLY_DIGEST = 32
};

struct nwi_reply_header {
	uint32_t name, value;
};

struct nwi_reply_cert {
	bool is_there, is_cut; /* it has more names */
	uint16_t san_count;
	uint32_t subject_cn, issuer_o, issuer_cn;
	uint32_t sans[NWI_REPLY_SANS];
	unsigned char digest[NWI_REPLY_DIGEST], key_digest[NWI_REPLY_DIGEST]; /* SHA-256 */
};

struct nwi_reply {
	uint8_t end; /* enum nwi_reply_end */
	bool by_tls;
	uint16_t status, header_count; /* 0: no answer in HTTP */
	uint32_t header_bytes;         /* of all lines */
	struct nwi_reply_header headers[NWI_REPLY_HEADERS];
	struct nwi_reply_cert cert;
	struct nwi_texts texts;
};

void nwi_reply_init(struct nwi_reply *page);
/* A line as it came, without its end: a status line begins anew. false: there were too many. */
bool nwi_reply_add_line(struct nwi_reply *page, const char *line, size_t n_bytes);
/* A certificate in DER. false: it cannot be read, and nothing has changed. */
bool nwi_reply_add_cert(struct nwi_reply *page, const unsigned char *der, size_t n_bytes);
/* The same in PEM, as libcurl gives it. */
bool nwi_reply_add_pem(struct nwi_reply *page, const char *pem);
size_t nwi_reply_bytes(const struct nwi_reply *page);
const char *nwi_reply_end_text(enum nwi_reply_end end);

#endif /* NWI_CDN_ASK_REPLY_H */
