/* SPDX-License-Identifier: MIT */
/*
 * Stages of a crew's life. Nothing here is hot: a search passes each of them once, so that a lock
 * does. Invariant: whoever waits is woken by any change, and looks again.
 */
#include "stage.h"

void nwi_stages_open(struct nwi_stages *stages)
{
	*stages = (struct nwi_stages){ .now = NWI_STAGE_NONE };
	pthread_mutex_init(&stages->lock, NULL);
	pthread_cond_init(&stages->changed, NULL);
}

void nwi_stages_close(struct nwi_stages *stages)
{
	pthread_cond_destroy(&stages->changed);
	pthread_mutex_destroy(&stages->lock);
}

enum nwi_stage nwi_stages_wait_past(struct nwi_stages *stages, enum nwi_stage stage)
{
	pthread_mutex_lock(&stages->lock);
	while (stages->now == stage)
		pthread_cond_wait(&stages->changed, &stages->lock);
	stage = stages->now;
	pthread_mutex_unlock(&stages->lock);
	return stage;
}

void nwi_stages_go_to(struct nwi_stages *stages, enum nwi_stage stage)
{
	pthread_mutex_lock(&stages->lock);
	stages->now = stage;
	pthread_cond_broadcast(&stages->changed);
	pthread_mutex_unlock(&stages->lock);
}

void nwi_stages_quit(struct nwi_stages *stages)
{
	pthread_mutex_lock(&stages->lock);
	if (stages->now < NWI_STAGE_RUN)
		stages->now = NWI_STAGE_QUIT;
	pthread_cond_broadcast(&stages->changed);
	pthread_mutex_unlock(&stages->lock);
}

void nwi_stages_report_ready(struct nwi_stages *stages, int rc, int open_rc)
{
	pthread_mutex_lock(&stages->lock);
	stages->ready_count++;
	if (open_rc < 0)
		stages->open_rc = open_rc;
	if (rc < 0 && stages->setup_rc == 0)
		stages->setup_rc = rc;
	pthread_cond_broadcast(&stages->changed);
	pthread_mutex_unlock(&stages->lock);
}

int nwi_stages_wait_ready(struct nwi_stages *stages, uint32_t worker_count)
{
	int rc;

	pthread_mutex_lock(&stages->lock);
	while (stages->ready_count < worker_count)
		pthread_cond_wait(&stages->changed, &stages->lock);
	rc = stages->setup_rc;
	pthread_mutex_unlock(&stages->lock);
	return rc;
}
