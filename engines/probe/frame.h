/* SPDX-License-Identifier: MIT */
/*
 * The packets that ask, and what an answer says.
 *
 * A question is made from a template by writing what differs; an answer is read byte by byte within
 * its length and believed only if it carries the cookie of the question: a keyed hash of addresses
 * and ports that stands in the sequence number, in the identification of an echo, and, quoted, in
 * the errors of routers.
 *
 * Invariant: nwi_frame_read() reads nothing beyond n_bytes, whatever the bytes are.
 */
#ifndef NWI_PROBE_FRAME_H
#define NWI_PROBE_FRAME_H

#include "probe/address.h"
#include "probe/siphash.h"

enum {
	NWI_FRAME_BYTES_MAX = 256,
	NWI_FRAME_LINK_BYTES = 14, /* of Ethernet */
	NWI_FRAME_PAYLOAD_MAX = 160
};

enum nwi_frame_kind { NWI_FRAME_TCP_SYN = 1, NWI_FRAME_UDP, NWI_FRAME_ECHO };

/* How every question of one kind begins. */
struct nwi_frame_template {
	enum nwi_frame_kind kind;
	struct nwi_address source;
	struct nwi_sip_key key;
	uint32_t link_bytes;                      /* 14, or 0: the kernel adds them */
	uint32_t n_bytes;                         /* without a payload */
	uint32_t sum;                             /* of what does not differ: transport's */
	uint16_t header_sum;                      /* of what does not differ: IPv4's */
	unsigned char bytes[NWI_FRAME_BYTES_MAX]; /* with zeros where they differ */
};

/* What a template is made of. */
struct nwi_frame_terms {
	enum nwi_frame_kind kind;
	struct nwi_address source;
	struct nwi_sip_key key;
	unsigned char from_mac[6], to_mac[6];
	bool has_link; /* else the MACs do not matter */
	uint8_t hops;  /* time to live, hop limit; 0: 64 */
};

/* One question. */
struct nwi_frame_ask {
	struct nwi_address target; /* of the template's family */
	uint16_t port;             /* 0 for an echo */
	uint16_t source_port;
	const void *payload; /* of UDP; NULL: none */
	uint32_t payload_bytes;
};

enum nwi_answer_kind {
	NWI_ANSWER_NONE = 0,    /* not for us, or not understood */
	NWI_ANSWER_OPEN,        /* SYN and ACK; a datagram */
	NWI_ANSWER_CLOSED,      /* RST; port unreachable */
	NWI_ANSWER_UNREACHABLE, /* another ICMP error: icmp_code says which */
	NWI_ANSWER_ECHO,        /* the host is up */
	NWI_ANSWER_FORGED,      /* of the right shape, with the wrong cookie */
};

struct nwi_answer {
	enum nwi_answer_kind kind;
	enum nwi_frame_kind asked;  /* what kind of question it answers */
	struct nwi_address target;  /* who was asked */
	struct nwi_address from;    /* who answered: a router, it may be */
	uint16_t port, source_port; /* as they were asked */
	uint8_t hops;               /* left of the answer's */
	uint8_t icmp_type, icmp_code;
	uint16_t window;
	uint32_t sequence;   /* of a SYN-ACK: its own */
	uint32_t payload_at; /* of a datagram: where in the frame, and how much */
	uint32_t payload_bytes;
};

/* The number that an answer has to bring back. */
uint32_t nwi_frame_cookie(struct nwi_sip_key key, const struct nwi_frame_ask *ask);

void nwi_frame_template_init(struct nwi_frame_template *template,
			     const struct nwi_frame_terms *terms);
/* Write a question; returns its bytes. frame has NWI_FRAME_BYTES_MAX; payload_bytes is at most
 * NWI_FRAME_PAYLOAD_MAX. */
uint32_t nwi_frame_write(const struct nwi_frame_template *template, const struct nwi_frame_ask *ask,
			 unsigned char *frame);
/* Read what came; link_bytes as the template's. */
void nwi_frame_read(struct nwi_sip_key key, const unsigned char *frame, size_t n_bytes,
		    uint32_t link_bytes, struct nwi_answer *ret_answer);

#endif /* NWI_PROBE_FRAME_H */
