/* SPDX-License-Identifier: MIT */
/*
 * Inside of the random walks: who holds what.
 *
 *   crew of walkers, each: takes the next walk's number, walks it alone, logs what it counted
 *   rest: all walkers between two walks, when the model is to forget what is past
 *
 * Invariant: of the faults found so far that of the lowest walk is kept, and every walk below it is
 * walked to its end; so which fault is reported, and what is counted up to it, does not depend on
 * how the walks were dealt out.
 */
#ifndef NWI_EXPLORE_WALK_H
#define NWI_EXPLORE_WALK_H

#include "explore.h"

#include <nw/gate.h>
#include <nw/walk.h>

#define NWI_NO_WALK UINT64_MAX

/* A state of a path. */
struct nwi_place {
	uint64_t offset; /* of its bytes */
	uint32_t n_bytes;
	uint32_t part_idx; /* that led here */
};

/* States one behind the other. */
struct nwi_path {
	struct nwi_array bytes;
	struct nwi_array places;
};

/* What was counted in a walk, kept as long as it may turn out to be beyond the fault. */
struct nwi_logged {
	uint64_t walk_idx, generated, length;
	bool is_whole;
};

struct nwi_walk_fault {
	uint64_t walk_idx; /* NWI_NO_WALK: there is none */
	enum nw_explore_end end;
	const char *name; /* of what is violated, or the error's text; NULL: a deadlock */
	struct nw_arena *arena;
	struct nw_explore_step *steps;
	size_t step_count;
};

struct nwi_walker {
	/* Written by this worker. */
	alignas(NW_CACHE_PAIR) struct nw_walk *walk;
	struct nw_crew_worker *self;
	struct nw_arena *arena; /* this, and what follows */
	void *context;          /* the model's */
	struct nw_emit emit;
	uint8_t *emit_bytes;
	struct nwi_path path;
	uint8_t *chosen; /* the next state of the path */
	uint32_t chosen_bytes;
	uint32_t part_count;
	uint32_t part_idx;      /* at hand; NW_PART_NONE: all, or initial states */
	uint64_t made_count;    /* successors that could be chosen so far */
	uint64_t random;        /* state of the generator */
	uint64_t walk_idx;      /* at hand */
	uint64_t generated;     /* in this walk */
	bool is_over;           /* this walk has a fault */
	struct nwi_array log;   /* of struct nwi_logged */
	uint64_t log_limit;     /* entries at which it is looked through */
	struct nwi_array steps; /* of struct nw_explore_step, for on_walk and the model */

	/* Written by this worker, read by anyone. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t generated_total;
	_Atomic uint64_t walk_total, length_sum, length_square_sum, violation_total;
	_Atomic uint64_t lowest_idx; /* no walk below it is this worker's; NWI_NO_WALK: none is */
};

/* Where walkers meet when something is to be forgotten. */
struct nwi_rest {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	uint32_t active_count, waiting_count;
	uint32_t round;
	_Atomic bool is_wanted;
};

struct nw_walk {
	/* Constant once ready. */
	struct nw_walk_options options;
	struct nw_arena *arena; /* this, and the tables */
	uint32_t state_bytes;   /* 0: varies */
	size_t reserve_bytes;   /* address range of a growing part */
	bool check_deadlock;
	struct nw_crew *crew;
	struct nwi_walker **walkers;
	uint32_t worker_count;
	struct nwi_budget budget;

	/* Written by the first worker before the others begin. */
	struct nwi_path initial;

	struct nwi_rest rest;
	pthread_mutex_t fault_lock;
	struct nwi_walk_fault fault; /* under fault_lock */
	char fault_text[256];        /* the model's breach of contract */

	alignas(NW_CACHE_PAIR) _Atomic uint64_t next_idx; /* walks given out */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t bound;    /* no walk above it matters */
	_Atomic bool is_stopping;
	_Atomic int end; /* enum nw_explore_end, or -1; a fault comes before it */
	_Atomic bool is_time_over;
	_Atomic uint64_t initial_count; /* once they are made */
	_Atomic uint64_t started_ns, ended_ns;

	struct nw_gate gate; /* enum nwi_stage */
	_Atomic int open_rc; /* of a model's open() that failed */

	/* After the run: what was counted beyond the fault. */
	uint64_t beyond_generated, beyond_walks, beyond_length, beyond_square;
};

/* ---- walk_path.c ---- */
int nwi_path_open(struct nwi_path *path, nw_node node, size_t reserve_bytes);
void nwi_path_close(struct nwi_path *path, struct nwi_budget *budget);
/* 0 or -ENOMEM. */
int nwi_path_add(struct nwi_path *path, struct nwi_budget *budget, const uint8_t *state,
		 uint32_t n_bytes, uint32_t part_idx);
static inline const struct nwi_place *nwi_path_at(const struct nwi_path *path, uint64_t i)
{
	return (const struct nwi_place *)path->places.items + i;
}
static inline const uint8_t *nwi_path_state(const struct nwi_path *path, uint64_t i)
{
	return (const uint8_t *)path->bytes.items + nwi_path_at(path, i)->offset;
}
/* The path without states that follow themselves, lent from it. ret_steps has room for all. */
size_t nwi_path_steps(const struct nwi_walker *walker, struct nw_explore_step *ret_steps);
/* Keep the fault that the path, and then state if it is not NULL, came to, if it is the first.
 * False: no memory. */
bool nwi_walk_keep_fault(struct nwi_walker *walker, enum nw_explore_end end, const char *name,
			 const void *state, uint32_t n_bytes);

/* Room for the path in walker->steps. 0 or -ENOMEM. */
int nwi_path_make_room(struct nwi_walker *walker);

/* ---- walker.c ---- */
/* The walker whose thread this is; NULL: there is none. */
extern _Thread_local struct nwi_walker *nwi_walker_here;
int nwi_walker_create(struct nw_walk *walk, struct nw_crew_worker *self, int *inout_open_rc);
void nwi_walker_destroy(struct nwi_walker *walker);
/* Make the initial states; the first worker alone. */
void nwi_walk_begin(struct nwi_walker *walker);
void nwi_walker_run(struct nwi_walker *walker);

/* ---- walk_log.c ---- */
/* Note what was counted in the walk at hand. */
void nwi_walk_log(struct nwi_walker *walker, bool is_whole);
/* After the run: what is beyond the fault. */
void nwi_walk_cut(struct nw_walk *walk);

/* ---- walk_rest.c ---- */
int nwi_rest_open(struct nwi_rest *rest);
void nwi_rest_close(struct nwi_rest *rest);
/* Between two walks: waits for the others where the model is to forget. */
void nwi_rest_pass(struct nwi_walker *walker);
void nwi_rest_leave(struct nwi_walker *walker);

/* ---- walk.c ---- */
void nwi_walk_end(struct nw_walk *walk, enum nw_explore_end end);

#endif /* NWI_EXPLORE_WALK_H */
