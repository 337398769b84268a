/* SPDX-License-Identifier: MIT */
/*
 * Two workers of one node for the model checker: worker 0 owns the tasks, worker 1 steals. Deques
 * of tasks, sleepers and the event are the library's own sources; jobs and loads are left out, so a
 * waker counts as one from outside.
 */
#ifndef NW_MODEL_SCHED_H
#define NW_MODEL_SCHED_H

#include "futex.h"

#include "lf/event.c"
#include "sched/idle.c"
#include "sched/tasks.c"

enum { MODEL_WORKERS = 2, MODEL_SLOTS = 4 };

struct nwi_worker *nwi_worker_self(void)
{
	return NULL;
}

void nwi_worker_show(struct nwi_worker *worker, bool is_running)
{
	(void)worker, (void)is_running;
}

static struct nwi_worker model_workers[MODEL_WORKERS];
static struct nw_task model_slots[MODEL_WORKERS][MODEL_SLOTS];
static struct nwi_home model_home;
static struct nwi_home *model_homes[] = { &model_home };
static uint32_t model_homes_used[] = { 0 };
static struct nwi_policy_map model_map;
static struct nw_sched model_sched;

static inline void model_sched_start(uint32_t slot_count)
{
	model_map.node_count = 1;
	model_sched.map = &model_map;
	model_sched.homes = model_homes;
	model_sched.homes_used = model_homes_used;
	model_sched.home_count = 1;
	nw_event_init(&model_home.event);
	for (int i = 0; i < MODEL_WORKERS; i++) {
		model_workers[i].sched = &model_sched;
		nwi_tasks_init(&model_workers[i], model_slots[i], slot_count);
	}
}

/* As after a publication: no thief has asked yet. */
static inline void model_unask(struct nwi_worker *worker)
{
	set_limit(worker, (uintptr_t)&worker->slots[worker->slot_count]);
}

#endif /* NW_MODEL_SCHED_H */
