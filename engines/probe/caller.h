/* SPDX-License-Identifier: MIT */
/*
 * The worker of a scan that connects, and of no privileges.
 *
 * A question is a call of a dial's line: answered is open, refused is closed, silence ends with the
 * patience that there is (patience.h) and is asked again as often as was said. Those who are given
 * the same time stand in one line of waiting, in the order in which they were called. Calls are
 * made in the order of the share, so all below the oldest that is still open is done.
 *
 * Invariant: a question is in one of three places: not begun, on a line, or waiting for its next
 * try; nothing is called without room for what it may find.
 */
#ifndef NWI_PROBE_CALLER_H
#define NWI_PROBE_CALLER_H

#include "probe/patience.h"
#include "probe/scan.h"

#include <nw/dial.h>

/* A question on a line. */
struct nwi_call {
	uint64_t number; /* of the share */
	uint64_t begun_ns;
	struct nwi_question question;
	uint32_t tries_left;
	uint32_t level;          /* which line of waiting: nwi_patience_level() */
	uint32_t previous, next; /* of that one; line numbers of the dial */
	bool is_on;
};

/* Those that wait as long as each other. */
struct nwi_call_list {
	uint32_t first, last; /* lines; line_count: none */
};

/* A question whose time was over. */
struct nwi_call_again {
	uint64_t number;
	uint32_t tries_left;
};

struct nwi_caller {
	/* Constant once made. */
	struct nwi_scan *scan;
	struct nw_dial *dial;
	uint32_t worker_idx, line_count;
	struct nwi_share share;
	uint64_t end; /* questions of the share */
	struct nw_news_producer *events;
	struct nwi_greeter *greeter; /* NULL: open ports are not talked to */

	/* The worker's. */
	uint64_t next;                /* question to begin with */
	uint64_t wanted_end;          /* those below have been wanted: it may have had no line */
	struct nwi_call *calls;       /* [line_count] */
	struct nwi_call_again *again; /* [line_count], a ring */
	uint32_t again_first, again_count;
	struct nwi_call_list waiting[NWI_PATIENCE_LEVELS + 1]; /* [level] */
	struct nwi_patience patience;
	uint32_t on_count;      /* questions on lines */
	uint32_t hopeful_count; /* of them, those to be asked again if need be */
	struct nw_dial_event news[NW_DIAL_TAKE_MAX];
	uint32_t news_count; /* taken while it waited */
	struct nwi_rate rate;
	uint64_t now_ns;
	uint64_t ended_ns;  /* when the last question was asked; 0: not yet */
	uint64_t pause_ns;  /* the system has no room before that */
	uint64_t looked_ns; /* when the position was last looked for */
	bool is_over;

	alignas(NW_CACHE_PAIR) struct nwi_scan_tally tally;
};

/* Bytes of what a caller keeps for its lines. */
size_t nwi_caller_bytes(uint32_t line_count);
/* memory: zeroed, aligned to 8. The fields that never change are set by the caller of this. */
void nwi_caller_init(struct nwi_caller *caller, void *memory, uint64_t begin);
/* As nwi_scanner_step(). */
uint64_t nwi_caller_step(struct nwi_caller *caller, uint64_t now_ns);
/* Sleep until something happens on a line. */
void nwi_caller_wait(struct nwi_caller *caller, uint64_t timeout_ns);

#endif /* NWI_PROBE_CALLER_H */
