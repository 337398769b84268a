/* SPDX-License-Identifier: MIT */
/*
 * A conversation with a service until it has said who it is: what to say, what to make of what is
 * heard, when to stop.
 *
 * Services that speak first are listened to; a web port is asked for its first page; a port of TLS
 * is shaken hands with. Who is silent is asked for a page, too. A step function over bytes and
 * times, with no socket in it.
 *
 * Invariant: a conversation ends at its time or when it has heard enough, whatever the other side
 * says; it keeps NW_PROBE_BANNER_BYTES of it at most.
 */
#ifndef NWI_PROBE_TALK_H
#define NWI_PROBE_TALK_H

#include "probe/address.h"
#include "probe/tls.h"

enum { NWI_TALK_SAY_BYTES = 4096 };

enum nwi_talk_phase {
	NWI_TALK_LISTENS = 1, /* the other side may speak first */
	NWI_TALK_ASKED,
	NWI_TALK_SHAKES, /* hands, of TLS */
	NWI_TALK_ASKED_TLS
};

struct nwi_talk {
	enum nwi_talk_phase phase;
	struct nwi_address target;
	uint16_t port;
	uint64_t end_ns, due_ns; /* at the latest; when it is time to do something about silence */
	uint64_t heard_bytes;    /* all, what is not kept, too */
	struct nwi_tls *tls;
	struct nw_probe_banner *banner;
	unsigned char say[NWI_TALK_SAY_BYTES]; /* what is to be sent now */
	size_t say_bytes;
	bool is_done;
};

/* A port's first word is TLS's. */
bool nwi_talk_is_tls_port(uint16_t port);
/* banner: zeroed, kept until the end. context: NULL, or by TLS. */
void nwi_talk_begin(struct nwi_talk *talk, struct nw_probe_banner *banner,
		    struct nwi_tls_context *context, uint64_t now_ns, uint64_t limit_ns);
/* n_bytes 0: the other side has ended. */
void nwi_talk_hear(struct nwi_talk *talk, const void *bytes, size_t n_bytes, uint64_t now_ns);
/* To be called from due_ns on. */
void nwi_talk_is_silent(struct nwi_talk *talk, uint64_t now_ns);
/* What has been learnt goes into the banner; false: nothing. */
bool nwi_talk_end(struct nwi_talk *talk);

#endif /* NWI_PROBE_TALK_H */
