/* SPDX-License-Identifier: MIT */
/*
 * The stages of a crew whose workers make what they need on their own nodes before any of them
 * begins: none -> set up -> run (-> begun) or quit. One thread moves them on; workers wait for it,
 * and it for them.
 *
 * Invariant: a worker sees all that was written before the stage it has waited for; who has waited
 * for the workers sees all that they wrote before they were ready.
 */
#ifndef NWI_EXPLORE_STAGE_H
#define NWI_EXPLORE_STAGE_H

#include <pthread.h>
#include <stdint.h>

/* RUN may have a part at its beginning that one worker does alone: BEGUN is behind it. */
enum nwi_stage { NWI_STAGE_NONE, NWI_STAGE_SETUP, NWI_STAGE_RUN, NWI_STAGE_BEGUN, NWI_STAGE_QUIT };

/* All under lock. */
struct nwi_stages {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum nwi_stage now;
	uint32_t ready_count; /* workers that have set themselves up */
	int setup_rc;         /* the first failure among them */
	int open_rc;          /* of the model's open(), where that failed */
};

void nwi_stages_open(struct nwi_stages *stages);
void nwi_stages_close(struct nwi_stages *stages);
/* Waits until the stage is another one; returns that. */
enum nwi_stage nwi_stages_wait_past(struct nwi_stages *stages, enum nwi_stage stage);
void nwi_stages_go_to(struct nwi_stages *stages, enum nwi_stage stage);
/* Lets workers that were never told to run leave. */
void nwi_stages_quit(struct nwi_stages *stages);
/* rc: of a worker's setup; open_rc: of its model's open(), or 0. */
void nwi_stages_report_ready(struct nwi_stages *stages, int rc, int open_rc);
/* Waits for that many workers. 0, or the first failure. */
int nwi_stages_wait_ready(struct nwi_stages *stages, uint32_t worker_count);

#endif /* NWI_EXPLORE_STAGE_H */
