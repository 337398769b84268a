/* SPDX-License-Identifier: MIT */
/*
 * A scan as its own files see it: the options, what is made of them, the workers.
 *
 * Invariant: what a worker does not write itself is constant once nw_probe_start() has returned,
 * but for lanes, tallies and the gate.
 */
#ifndef NWI_PROBE_WHOLE_H
#define NWI_PROBE_WHOLE_H

#include "probe/scan.h"

#include <nw/mem.h>

#include <pthread.h>

/* What workers and the starter wait for of each other. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t ready_count;
	int rc; /* the first failure */
	struct nw_diag diag;
	bool may_go, must_leave;
};

struct nw_probe {
	struct nw_arena *arena; /* this, and all that is shared */
	struct nwi_scan scan;
	struct nwi_ports ports;
	struct nw_probe_options options; /* pointers of it: as documented */
	char interface[16];
	uint64_t *positions;
	struct nw_crew *crew;
	struct nwi_scanner **scanners;      /* [worker], each in its worker's memory */
	struct nw_probe_worker *placements; /* [worker] */
	struct nw_mem *memories;            /* [worker]: of the scanner and its window */
	struct nwi_scan_lane *events;       /* [worker] */
	struct gate gate;
	_Atomic uint32_t over_count;
	uint32_t next_lane; /* where taking events out begins the next time */
};

/* What a scan's end needs of its workers. */
void nwi_probe_free_workers(struct nw_probe *probe);

#endif /* NWI_PROBE_WHOLE_H */
