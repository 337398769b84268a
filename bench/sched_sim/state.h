/* SPDX-License-Identifier: MIT */
/*
 * The state of a run, shared by what moves it (sim.c, steal.c) and what checks it (check.c).
 *
 * Invariant: every task that is ready is in one deque or injector, every one that runs is at one
 * worker; every worker has one event, at which it acts next.
 */
#ifndef BENCH_SCHED_SIM_STATE_H
#define BENCH_SCHED_SIM_STATE_H

#include "work.h"

/* Of task numbers: the owner's end is the tail, thieves take at the head. */
struct sim_deque {
	uint32_t *slots; /* a power of two */
	uint32_t room;
	uint32_t head, tail; /* running positions */
};

enum sim_doing { SIM_RUNS, SIM_TRIES, SIM_SLEEPS, SIM_WAKES };

struct sim_worker {
	struct nwi_policy policy;
	struct nwi_threshold threshold;
	struct nwi_load loads[SIM_NODES_MAX]; /* as it last saw them */
	struct nwi_load published;
	struct nwi_move move; /* SIM_TRIES: what is being tried */
	struct sim_deque deque;
	enum sim_doing doing;
	uint32_t task; /* SIM_RUNS */
	uint32_t node;
	uint32_t spells;      /* in vain, since it had a task */
	uint32_t changes;     /* since it published */
	uint32_t tries, wins; /* afar: what the threshold is fed */
	uint64_t taken_ns;    /* when a thief last took here; 0: never */
	uint64_t at_ns;       /* its event */
	uint32_t heap_idx;
};

struct sim_state {
	const struct sim_config *config;
	struct sim_graph graph;
	struct nwi_policy_map *map;
	struct nwi_load_board *boards; /* [node]: what its workers publish, its injector, ballast */
	struct sim_deque injectors[SIM_NODES_MAX];
	struct sim_worker *workers;
	uint32_t *heap; /* workers by at_ns, then by number */
	uint32_t done_count;
	uint64_t now_ns;
	uint64_t progress_step; /* the last that ended a task */
	uint64_t delay_ns;      /* what the acting worker spends on waking others */

	/* For the checks. */
	uint64_t starts;
	uint64_t ready_puts; /* into a deque or injector, by who made the task ready */
	uint64_t moved_puts; /* into the deque of a thief that took several */
	uint8_t *places;     /* [task]: how often a scan met it */
	struct sim_result result;
};

static inline uint32_t sim_deque_count(const struct sim_deque *deque)
{
	return deque->tail - deque->head;
}

/* sim.c */
void sim_fail(struct sim_state *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool sim_deque_put(struct sim_deque *deque, uint32_t task);
void sim_start(struct sim_state *sim, struct sim_worker *worker, uint32_t task);
struct nwi_load sim_ballast(const struct sim_state *sim, uint32_t node);
void sim_show_injector(struct sim_state *sim, uint32_t node, uint64_t was);
void sim_note_change(struct sim_state *sim, struct sim_worker *worker);
void sim_wake_one(struct sim_state *sim, uint32_t node);
void sim_reschedule(struct sim_state *sim, struct sim_worker *worker, uint64_t at_ns);

/* steal.c: what came of the worker's move; what it got is in hand. */
enum nwi_saw sim_try(struct sim_state *sim, struct sim_worker *worker);

/* check.c */
void sim_check_step(struct sim_state *sim);
void sim_check_end(struct sim_state *sim);
void sim_check_migration(struct sim_state *sim, const struct nwi_migration *migration,
			 uint32_t threshold);

#endif /* BENCH_SCHED_SIM_STATE_H */
