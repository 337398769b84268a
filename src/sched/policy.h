/* SPDX-License-Identifier: MIT */
/*
 * What an idle worker does next: the policy of work stealing, apart from its mechanism.
 *
 * Pure step functions: no thread, no clock, no atomic, no allocation. The mechanism (sched.c, or
 * the simulator) does what the step says, and tells the next step what came of it:
 *
 *     nwi_policy_step(&policy, NWI_SAW_START, loads, &move);      own deque just ran empty
 *     for (;;) {
 *             switch (move.kind) {
 *             case NWI_MOVE_INJECTOR: try the injector of move.node_idx for move.count_max tasks
 *             case NWI_MOVE_STEAL:    try worker move.worker_idx for move.count_max tasks
 *             case NWI_MOVE_LOOK:     read the boards of all nodes into loads; saw = NWI_SAW_LOADS
 *             case NWI_MOVE_SLEEP:    prepare, look once more, sleep; later begin with START
 *             }
 *             saw = NWI_SAW_GOT, NWI_SAW_EMPTY, NWI_SAW_LOST or NWI_SAW_REFUSED
 *             nwi_policy_step(&policy, saw, loads, &move);
 *     }
 *
 * After NWI_SAW_GOT no step is needed: run the tasks, and come back with START.
 *
 * The order of one idle spell, by all policies but `random`:
 *   1. the injector of the own node;
 *   2. `local_rounds` rounds over the own node's workers, each from a random one on, one task each;
 * a round that lost against a faster taker was not empty and does not count, up to as many again;
 *   3. only when all of these came back empty: `remote_tries` workers of other nodes, chosen by the
 *      policy, several tasks each;
 *   4. the injectors of the other nodes that have workers, nearest first;
 *   5. sleep.
 * `random` is the classical baseline: it replaces 2 and 3 by as many tries, each at any other
 * worker.
 *
 * | policy    | chooses afar                                | reads        |
 * |-----------|---------------------------------------------|--------------|
 * | random    | any worker, all alike                       | nothing      |
 * | nearest   | class i with weight 1/i^2, in it any worker | nothing      |
 * | imbalance | a node by how much more it has, over its distance; nobody who has less | loads |
 * | octonion  | the node whose load differs most            | loads        |
 *
 * SLIT distances are ordinal here (firmware writes 10 and 20 as it likes): the different values
 * seen from a node, sorted, are its classes 1, 2, ...; a worker in class i, of n_i workers, is
 * drawn with a weight of 1/(n_i * i^2). Only `imbalance` divides by the value, as a weight.
 *
 * `octonion` takes loads for octonions and is kept to compare: the norm of a difference is
 * symmetric, so an idle node attracts as many thieves as an overloaded one that differs as much.
 *
 * No policy reads the state of workers: LOOK asks for one cache pair a node, at most once an idle
 * spell.
 *
 * Invariant: a spell ends with SLEEP after at most nwi_policy_spell_max() steps, whatever was seen;
 * a worker never chooses itself; on one node no move leaves it; the same seed gives the same moves.
 */
#ifndef NWI_SCHED_POLICY_H
#define NWI_SCHED_POLICY_H

#include "base/prng.h"
#include "sched/load.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nwi_policy_kind {
	NWI_POLICY_RANDOM,
	NWI_POLICY_NEAREST,
	NWI_POLICY_IMBALANCE,
	NWI_POLICY_OCTONION,
	NWI_POLICY_COUNT
};

/* Distances as SLIT has them; 10 is local. */
enum { NWI_POLICY_LOCAL_DISTANCE = 10 };

/*
 * Where the workers are. Constant, shared by all workers; in the caller's memory, see bytes and
 * init. The workers of a node are numbered without holes: node i has first_worker[i] ..
 * first_worker[i+1]-1.
 */
struct nwi_policy_map {
	uint32_t node_count;
	uint32_t worker_count;
	const uint32_t *first_worker; /* [node_count + 1] */
	const uint32_t *distance;     /* [from * node_count + to], SLIT */
	/* Of each node its others, nearest first, those without workers too: [from * node_count +
	 * rank], node_count - 1 of them; equal distances in ring order from the node on. */
	const uint32_t *nearest;
	/* Ordinal class of that neighbour, 1.., in the same order. */
	const uint32_t *nearest_class;
	struct nwi_load *capacity; /* [node_count]; CPU: its workers */
};

/* How a policy behaves; nwi_policy_options_default() fills it. */
struct nwi_policy_options {
	enum nwi_policy_kind kind;
	uint32_t local_rounds;     /* k: empty rounds before going afar; 0..255 */
	uint32_t round_tries_max;  /* workers tried in one round, at most; 1..65535 */
	uint32_t remote_tries;     /* workers tried afar; 0: never leave the node; to 65535 */
	uint32_t remote_count_max; /* tasks taken from afar at once, at most; 1.. */
	uint16_t weights[NWI_LOAD_DIM_COUNT]; /* of `imbalance`; default: CPU 1, all else 0 */
};

enum nwi_saw {
	NWI_SAW_START,   /* own deque ran empty, or awake again: a new spell */
	NWI_SAW_GOT,     /* at least one task came */
	NWI_SAW_EMPTY,   /* there was none */
	NWI_SAW_LOST,    /* another taker was faster; there may be more */
	NWI_SAW_REFUSED, /* there was one, and its migration was judged not worth while */
	NWI_SAW_LOADS,   /* the answer to LOOK */
};

enum nwi_move_kind { NWI_MOVE_INJECTOR, NWI_MOVE_STEAL, NWI_MOVE_LOOK, NWI_MOVE_SLEEP };

struct nwi_move {
	enum nwi_move_kind kind;
	uint32_t node_idx;   /* INJECTOR: whose; STEAL: the victim's; else the own node */
	uint32_t worker_idx; /* STEAL: the victim; else the own worker */
	uint32_t count_max;  /* INJECTOR, STEAL: how many tasks to take at most, 1.. */
};

/* One worker's. Opaque but to policy.c. */
struct nwi_policy {
	const struct nwi_policy_map *map;
	struct nwi_policy_options options;
	struct nwi_prng prng;
	uint32_t worker_idx;
	uint32_t node_idx;
	uint32_t phase;        /* enum phase in policy.c */
	uint32_t tries;        /* done in this phase */
	uint32_t rounds;       /* local rounds ended */
	uint32_t rounds_empty; /* of these */
	uint32_t round_from;   /* where this round began, an offset among the neighbours */
	bool has_looked;       /* loads were read in this spell */
	bool has_lost;         /* this round met a faster taker: it was not empty */
};

/* Fills in: kind as given, local_rounds 2, round_tries_max 16, remote_tries 8, remote_count_max 4.
 */
void nwi_policy_options_default(struct nwi_policy_options *ret_options, enum nwi_policy_kind kind);

/* The kind to take where nobody chose, for so many nodes with workers: what simulations recommend,
 * docs/notes/2026-11-policies.md. */
enum nwi_policy_kind nwi_policy_default_kind(uint32_t node_count);

/* "random", "nearest", "imbalance", "octonion"; NULL for others. And back: false for another name.
 */
const char *nwi_policy_name(enum nwi_policy_kind kind);
bool nwi_policy_by_name(const char *name, enum nwi_policy_kind *ret_kind);

/* Whether the kind ever asks for LOOK; else `loads` may be NULL. */
bool nwi_policy_reads_loads(enum nwi_policy_kind kind);

/* Bytes of a map with so many nodes, aligned as for any object; 0: more than 1024 nodes. */
size_t nwi_policy_map_bytes(uint32_t node_count);

/*
 * Make a map in `memory`, nwi_policy_map_bytes() long; it holds the map and its tables.
 * worker_counts: [node_count], 0 allowed for some, not for all; distance: [node_count^2], a 0 in it
 * counts as 10. Both are copied. The
 * CPU capacity of a node is its workers, all other capacities are 0 until the caller sets them.
 */
struct nwi_policy_map *nwi_policy_map_init(void *memory, uint32_t node_count,
					   const uint32_t *worker_counts, const uint32_t *distance);

/* Capacities of a node, for the dimensions that `imbalance` and `octonion` are to look at. */
void nwi_policy_map_set_capacity(struct nwi_policy_map *map, uint32_t node_idx,
				 const struct nwi_load *capacity);

/* The node of a worker. O(log nodes): keep the answer. */
uint32_t nwi_policy_map_node_of(const struct nwi_policy_map *map, uint32_t worker_idx);

/* The map and the options outlive nothing: the map is borrowed for the policy's life, options
 * copied. */
void nwi_policy_init(struct nwi_policy *ret_policy, const struct nwi_policy_map *map,
		     const struct nwi_policy_options *options, uint32_t worker_idx, uint64_t seed);

/*
 * The next move. loads: [node_count], the worker's own copy, as last read at LOOK; not read unless
 * the kind reads loads. No system call, no shared line; O(nodes) at worst, O(1) within the own
 * node.
 */
void nwi_policy_step(struct nwi_policy *policy, enum nwi_saw saw, const struct nwi_load *loads,
		     struct nwi_move *ret_move);

/* Most steps of a spell, SLEEP included, if no step saw GOT. For loops that want a bound. */
uint32_t nwi_policy_spell_max(const struct nwi_policy *policy);

/* ---- the adaptive threshold ----
 *
 * How many more tasks a node must have than ours before one is moved between them. Failing raises
 * what is asked for, so that thieves become more reluctant, and succeeding lowers it. (Comparing
 * the thief's own queue with a threshold that failures raise has the wrong sign: it steals more.)
 *
 * Of tries afar, count those that got something, found nothing or lost; not those that were
 * refused: a refusal counted as a failure would raise what caused it.
 *
 * Fed with two running counts, which may wrap. Nothing happens until `window` tries are in; then
 * their rate, and only theirs, counts: below 1/4 is bad, above 3/4 is good, between is neither. Two
 * windows in a row that agree double or halve the value, within min..max. No division, so none by
 * zero. */
struct nwi_threshold {
	uint32_t value; /* min..max: tasks; read this */
	uint32_t min, max;
	uint32_t window;                     /* tries, 1.. */
	uint32_t tries_seen, successes_seen; /* the counts when the window began */
	int8_t lean;                         /* -1: the last window was good, +1: bad, 0: neither */
};

/* 1 <= min <= first <= max, window >= 1. The counts begin at 0. */
void nwi_threshold_init(struct nwi_threshold *ret_threshold, uint32_t min, uint32_t first,
			uint32_t max, uint32_t window);

/*
 * tries, successes: running counts modulo 2^32, less than 2^32 of them since the last step. More
 * successes than tries (two counters read one after the other) count as all. True: value changed.
 */
bool nwi_threshold_step(struct nwi_threshold *threshold, uint32_t tries, uint32_t successes);

/* ---- migration ----
 *
 * A task that has to be judged runs elsewhere only if both hold, whether it would be taken from a
 * deque or from an injector of another node:
 *
 *     queue_from - queue_to > threshold                               tasks, signed
 *     bytes * distance * price_ps < wait_saved_ns * 1000 * priority   picoseconds
 *
 * The left is what moving or reading the data from afar costs: price_ps is picoseconds a byte and
 * unit of SLIT distance; 10 makes 200 ps a byte, 5 GB/s, at distance 20. Both sides are exact in
 * 128 bits for all inputs: at most 2^64 * 2^32 * 2^32 on the left, 2^64 * 1000 * 2^32 on the right.
 */
enum { NWI_MIGRATION_PRICE_PS = 10 };

/*
 * Whether a task is to be judged: it names its node, or has so much data that fetching it costs
 * more than a steal does. All others move freely; judged, they would stay in queues shorter than
 * the threshold while others idle.
 */
enum { NWI_MIGRATION_BYTES_MIN = 4096 };
bool nwi_migration_is_judged(bool names_node, uint64_t bytes);

struct nwi_migration {
	uint64_t queue_from; /* tasks ready where it is */
	uint64_t queue_to;   /* tasks ready where it would go */
	uint64_t bytes;      /* of its data, on the node it would leave */
	uint64_t wait_saved_ns;
	uint32_t distance; /* SLIT, between the two */
	uint32_t price_ps;
	uint32_t priority; /* 1..: how much a nanosecond of its waiting weighs; 0 never moves */
};

enum nwi_verdict {
	NWI_MIGRATE,            /* worth it */
	NWI_REFUSED_DIFFERENCE, /* the queues differ too little */
	NWI_REFUSED_COST,       /* the data costs at least what is gained */
	NWI_VERDICT_COUNT
};

enum nwi_verdict nwi_migration_judge(const struct nwi_migration *migration, uint32_t threshold);

/*
 * How much sooner a task begins on the other node: (queue_from / workers_from - queue_to /
 * workers_to) tasks of task_ns each, rounded down, 0 if it would be later, at most UINT64_MAX. No
 * workers there: 0; no workers here: UINT64_MAX, since it would never begin.
 */
uint64_t nwi_migration_wait_saved_ns(uint64_t queue_from, uint32_t workers_from, uint64_t queue_to,
				     uint32_t workers_to, uint64_t task_ns);

#endif /* NWI_SCHED_POLICY_H */
