/* SPDX-License-Identifier: MIT */
/*
 * A scan as its own files see it: the options, what is made of them, the workers.
 *
 * Invariant: what a worker does not write itself is constant once nw_probe_start() has returned,
 * but for lanes, tallies and the gate.
 */
#ifndef NWI_PROBE_WHOLE_H
#define NWI_PROBE_WHOLE_H

#include "probe/caller.h"
#include "probe/greeter.h"
#include "probe/news.h"
#include "probe/scan.h"

#include <nw/gate.h>
#include <nw/mem.h>

/* Workers make themselves one after the other, then all scan, or leave. */
enum nwi_stage { NWI_STAGE_RUN = 1, NWI_STAGE_QUIT };

/* One worker: of the two that it may be, the one that the method wants. */
struct nwi_worker {
	struct nwi_scanner *scanner; /* by frames; in the worker's memory, as the next */
	struct nwi_caller *caller;   /* by connections */
	const struct nwi_scan_tally *tally;
	struct nwi_greeter *greeter; /* beside either; NULL: none */
	struct nwi_news news;
	struct nw_ring *back; /* its banners that come back */
	struct nw_mem greeter_memory;
	uint64_t place_count;
	struct nw_mem memory;
	struct nw_probe_worker placement;
};

/* A banner that whoever takes events has. */
struct nwi_lent {
	const struct nw_probe_banner *banner;
	uint32_t worker_idx;
};

struct nw_probe {
	struct nw_arena *arena; /* this, and all that is shared */
	struct nwi_scan scan;
	struct nwi_ports ports;
	struct nw_probe_options options; /* pointers of it: as documented */
	char interface[16];
	uint64_t *positions;
	struct nw_crew *crew;
	struct nwi_worker *workers; /* [worker] */
	struct nw_news *news;       /* worker i is producer i */
	bool owns_news;
	struct nw_gate gate; /* enum nwi_stage */
	struct nw_diag diag; /* of the worker that failed first */
	_Atomic uint32_t over_count;
	struct nwi_lent *lent; /* [all banners] */
	uint32_t lent_count;
};

/* Makes what one worker needs, on its thread. */
int nwi_probe_make_worker(struct nw_probe *probe, struct nw_crew_worker *worker);
/* What a scan's end needs of its workers. */
void nwi_probe_free_workers(struct nw_probe *probe);

#endif /* NWI_PROBE_WHOLE_H */
