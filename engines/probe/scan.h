/* SPDX-License-Identifier: MIT */
/*
 * What the files of the engine share.
 *
 * targets.c ports.c shuffle.c plan.c   what is asked at each place
 * frame.c answer.c                   how it is asked, what an answer says
 * window.c rate.c                    when
 * neighbour.c                        hosts of the local link
 * scanner.c                          one worker: a step function over its link
 * caller.c                           one worker that connects: a step function over its dial
 * patience.c                         how long that one gives a connection
 * greeter.c talk.c tls.c banner.c    what services say: beside either of them
 * news.c                             what workers tell of themselves
 * worker.c                           either of them: its memory, its link or dial
 * probe.c workers.c report.c         all of them: options, crew, events, counts (whole.h)
 *
 * Invariant: a scanner belongs to its worker; others read its counts and send it answers by lanes.
 */
#ifndef NWI_PROBE_SCAN_H
#define NWI_PROBE_SCAN_H

#include "probe/neighbour.h"
#include "probe/plan.h"
#include "probe/rate.h"
#include "probe/window.h"

#include <nw/crew.h>
#include <nw/lane.h>
#include <nw/link.h>
#include <nw/news.h>
#include <nw/probe.h>

#include <stdalign.h>
#include <stdatomic.h>

struct nw_probe_targets {
	struct nwi_targets list;
	bool is_closed;
};

/* Counts of one worker: written by it, read by anyone. */
struct nwi_scan_tally {
	_Atomic uint64_t asked, sent, open, closed, unreachable, up, timed_out, taken_back,
		duplicates, forged, other, handed_over, received, received_xdp, dropped, full,
		position, banners, down, left_out;
};

static inline void nwi_tally_add(_Atomic uint64_t *counter, uint64_t n)
{
	/* relaxed: sole writer of a statistic, both. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* The side of a lane that writes and the one that reads are different threads'. */
struct nwi_scan_lane {
	alignas(NW_CACHE_PAIR) struct nw_lane_writer writer;
	alignas(NW_CACHE_PAIR) struct nw_lane_reader reader;
};

/* What never changes once a scan has begun, but for `is_stopping`. */
struct nwi_scan {
	struct nwi_plan plan;
	struct nwi_ports *ports; /* NULL: hosts alone */
	struct nwi_sip_key key;
	bool has_family[2];                        /* IPv4, IPv6 */
	struct nwi_frame_template templates[2][3]; /* [family][kind - 1] */
	uint32_t worker_count;
	uint16_t port_first, port_count; /* of source ports; equal slices */
	uint32_t link_bytes;
	const struct nw_probe_neighbours *neighbours; /* NULL: all go to the next hop */
	struct nwi_neighbour_terms link_terms;
	bool asks_link;           /* for link addresses, and nothing else */
	bool lacks_router;        /* nothing goes beyond the local link */
	nw_probe_admit_fn *admit; /* NULL: all may be asked */
	void *admit_context;
	uint64_t wait_ns, delay_ns, banner_ns;
	uint32_t try_count;
	struct nwi_scan_lane *lanes; /* [from * worker_count + to]: answers handed over */
	_Atomic bool is_stopping;
	_Atomic uint32_t waited_count; /* workers whose wait for answers is over */
};

/* Answers that came too late for the window, by a hash: enough to tell most repetitions. */
enum { NWI_SCAN_LATE_COUNT = 1024 };

struct nwi_greeter;

struct nwi_scanner {
	/* Constant once made. */
	struct nwi_scan *scan;
	struct nw_link *link;
	uint32_t worker_idx;
	uint16_t port_first, port_count; /* its slice */
	struct nwi_share share;
	struct nw_news_producer *events; /* its own, to whoever takes events out */
	struct nwi_greeter *greeter;     /* NULL: open ports are not talked to */

	/* The worker's. */
	struct nwi_window window;
	struct nwi_rate rate;
	uint32_t lengths[NW_LINK_BATCH];
	uint64_t numbers[NW_LINK_BATCH]; /* of the questions in the frames */
	bool is_again[NW_LINK_BATCH];
	uint32_t ready_first, ready_count; /* frames that are written and not sent */
	uint32_t passed_count;             /* questions not asked, in the last step */
	uint64_t now_ns;
	uint64_t ended_ns;   /* when the last question was sent; 0: not yet */
	uint64_t stopped_ns; /* when it was told to stop; 0: it was not */
	uint64_t late_count; /* answers told after the window had let go of the question */
	uint64_t drops_ns;   /* when drops were last asked for */
	bool has_waited;     /* counted as one whose wait is over */
	bool is_over;
	uint64_t late[NWI_SCAN_LATE_COUNT];

	alignas(NW_CACHE_PAIR) struct nwi_scan_tally tally;
};

/* Which question of a worker's share. */
struct nwi_wanted {
	const struct nwi_share *share;
	uint64_t number;
	uint32_t worker_idx;
	bool is_new; /* it was not wanted before */
};

/* That question: there is no other way to one. false: its target must not be asked. */
bool nwi_scan_question(const struct nwi_scan *scan, const struct nwi_wanted *wanted,
		       struct nwi_question *ret_question);
/* An address as users of the library have it. */
struct nw_probe_address nwi_public_address(struct nwi_address a);
/* Count what an event tells. */
void nwi_tally_finding(struct nwi_scan_tally *tally, enum nw_probe_event_kind kind);
/* Sends what may be sent now, reads what has come. Returns nanoseconds in which nothing is to be
 * done but to wait for answers; 0: more to do. */
uint64_t nwi_scanner_step(struct nwi_scanner *scanner, uint64_t now_ns);

#endif /* NWI_PROBE_SCAN_H */
