/* SPDX-License-Identifier: MIT */
/*
 * Inside of a crew. Two parts for each worker: a *post*, cold, written by the thread that
 * starts and joins the crew; and a *seat*, hot, in memory of the worker's node and first
 * touched by the worker.
 */
#ifndef NWI_CREW_CREW_H
#define NWI_CREW_CREW_H

#include <nw/crew.h>
#include <nw/event.h>
#include <nw/mem.h>

#include "crew/place.h"
#include "os/thread.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

struct nwi_seat {
	/* Written by its worker, before the crew opens; constant afterwards. */
	alignas(NW_CACHE_PAIR) struct nw_crew_worker worker;

	/* Written by the worker and by whoever wakes it, see park.c. */
	alignas(NW_CACHE_PAIR) _Atomic bool has_token;
	struct nw_event event;
};

struct nwi_post {
	struct nw_crew *crew;
	struct nwi_seat *seat; /* mem.base */
	struct nw_mem mem;
	struct nwi_place place;
	uint32_t worker_idx;
	pthread_t thread;
	char name[NWI_THREAD_NAME_BYTES];
};

struct nw_crew {
	/* Written once, by nw_crew_stop(); read by every worker in its loop. */
	alignas(NW_CACHE_PAIR) _Atomic bool is_stopping;

	/* Written while the crew starts. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t ready_count;
	_Atomic uint32_t gate; /* enum gate in crew.c */

	/* Constant once the crew is open, but for thread_count, which join takes to 0. */
	const struct nw_topo *topo;
	nw_crew_fn *run;
	void *arg;
	struct nwi_post *posts; /* [worker_count] */
	uint32_t worker_count;
	uint32_t thread_count; /* started and not joined */
	bool no_pin;
	struct nwi_servers servers;
	struct nw_mem mem; /* holds this struct */
};

#endif /* NWI_CREW_CREW_H */
