/* SPDX-License-Identifier: MIT */
/*
 * Beside a worker: it connects to the open ports that the worker has found and hears what the
 * services say.
 *
 * Open ports wait in a queue; a conversation has a line of the greeter's dial and a banner of its
 * pool. A banner goes out with an event and comes back by a ring when whoever took the event is
 * done with it.
 *
 * Invariant: a banner is in one place: free, in a conversation, or on its way out and back. What is
 * in the queue had room there, or the worker would have asked no more.
 */
#ifndef NWI_PROBE_GREETER_H
#define NWI_PROBE_GREETER_H

#include "probe/scan.h"
#include "probe/talk.h"

#include <nw/dial.h>
#include <nw/ring.h>

enum {
	NWI_GREETER_TALKS = 256,
	NWI_GREETER_BANNERS = 2 * NWI_GREETER_TALKS,
	NWI_GREETER_QUEUE = 1 << 15
};

/* An open port. */
struct nwi_greeter_port {
	struct nwi_address target;
	uint16_t port;
	bool by_tls;
};

struct nwi_greeter {
	/* Constant once made. */
	struct nwi_scan *scan;
	struct nw_dial *dial;
	uint32_t worker_idx;
	struct nw_news_producer *events;
	struct nwi_scan_tally *tally; /* the worker's */
	struct nwi_rate *rate;        /* the worker's: a connection is a question, too */
	struct nwi_tls_context *context;
	struct nw_ring *back; /* banners that were taken and let go of */

	/* The worker's. */
	struct nwi_greeter_port *queue; /* [NWI_GREETER_QUEUE], a ring */
	uint32_t queue_first, queue_count;
	struct nwi_talk *talks; /* [NWI_GREETER_TALKS], by line */
	bool is_on[NWI_GREETER_TALKS];
	bool is_answered[NWI_GREETER_TALKS];
	uint32_t talk_count;
	struct nw_probe_banner *free[NWI_GREETER_BANNERS]; /* a stack */
	uint32_t free_count;
	struct nw_dial_event news[NW_DIAL_TAKE_MAX];
	uint64_t now_ns, looked_ns;
};

size_t nwi_greeter_bytes(void);
/* memory: zeroed, aligned to 8, behind the greeter. Fields that never change are set by the caller
 * of this. */
void nwi_greeter_init(struct nwi_greeter *greeter, void *memory);
void nwi_greeter_fini(struct nwi_greeter *greeter);
/* Whether n more ports have room. greeter may be NULL, here and below: nobody is greeted. */
bool nwi_greeter_has_room(const struct nwi_greeter *greeter, uint32_t n);
void nwi_greeter_put(struct nwi_greeter *greeter, const struct nwi_greeter_port *port);
/* Goes on with all conversations. false: there are none, and nothing waits. */
bool nwi_greeter_step(struct nwi_greeter *greeter, uint64_t now_ns);
/* Ends them all, unheard. */
void nwi_greeter_stop(struct nwi_greeter *greeter);

#endif /* NWI_PROBE_GREETER_H */
