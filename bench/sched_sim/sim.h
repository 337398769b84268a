/* SPDX-License-Identifier: MIT */
/*
 * A simulated machine under the scheduler's real step functions, on one thread, from a seed.
 *
 * Simulated are workers, their deques, injectors, boards, sleep and time; real are policies,
 * threshold, migration and loads (src/sched). Every result is *simulated*: costs are assumptions
 * (struct sim_costs), so two policies can be compared here, and no nanosecond believed.
 *
 * A run is a function of its sim_config alone: the same one gives the same steps, so that a failure
 * is replayed from its seed, with a trace.
 */
#ifndef BENCH_SCHED_SIM_H
#define BENCH_SCHED_SIM_H

#include "sched/policy.h"

#include <stdio.h>

enum { SIM_NODES_MAX = 8, SIM_WORKERS_MAX = 384, SIM_TEXT_BYTES = 192 };

struct sim_machine {
	uint32_t node_count;
	uint32_t worker_count;
	uint32_t workers[SIM_NODES_MAX];
	uint32_t distance[SIM_NODES_MAX * SIM_NODES_MAX];
};

enum sim_work {
	SIM_TREE,   /* fib: forks, leaves, joins; data of each is where it was spawned */
	SIM_FLAT,   /* one task spawns all others; no data */
	SIM_SKEWED, /* ready from the start, seven of ten on node 0, each with data at home */
	SIM_DAG,    /* random dependencies, data spread evenly over the nodes */
	SIM_WORK_COUNT
};

/* Faults to plant, so that the checks are seen to report them. */
enum sim_fault {
	SIM_SOUND,
	SIM_LOSES_A_TASK,    /* a thief drops what it took */
	SIM_DOUBLES_A_TASK,  /* a thief leaves behind what it took */
	SIM_MIGRATES_DEARLY, /* a verdict is not heeded */
	SIM_MISCOUNTS,       /* a steal is not counted */
	SIM_MISPUBLISHES,    /* a board gets what was not there */
	SIM_FAULT_COUNT
};

/* Nanoseconds, where the name says so. Assumed, in round numbers; see
 * docs/notes/2026-11-policies.md.
 */
struct sim_costs {
	uint32_t pop_ns;   /* own deque */
	uint32_t probe_ns; /* a look at another deque or a board at distance 10; grows with it */
	uint32_t wake_ns;  /* what waking costs who wakes */
	uint32_t wake_latency_ns; /* until the sleeper runs */
	uint32_t nap_ns;          /* a sleeper looks again after this */
	uint32_t price_ps;        /* a byte from afar, for each unit of distance */
	uint32_t spells;          /* in vain, before a nap; 1.. */
	uint32_t publish_every;   /* pushes and pops of a worker, between two of its publications;
				     0: when its share changed much */
};

struct sim_config {
	struct sim_machine machine;
	struct nwi_policy_options policy;
	struct sim_costs costs;
	enum sim_work work;
	uint32_t task_count; /* about; 1.. */
	bool is_unjudged;    /* every theft goes ahead, whatever it costs */
	bool has_ballast;    /* the last node's memory is full of what is no work */
	enum sim_fault fault;
	uint64_t seed;
	uint32_t scan_every; /* steps between two looks at every task; 1: each step */
	FILE *trace;         /* a line a step; NULL: none */
};

struct sim_result {
	uint64_t makespan_ns;
	uint64_t bound_ns; /* no schedule ends sooner: work over workers, or the longest path */
	uint64_t step_count;
	uint64_t task_count;
	uint64_t local_pops;
	uint64_t injected;         /* tasks taken from injectors, any node's */
	uint64_t same_node_steals; /* tasks */
	uint64_t cross_node_steals;
	uint64_t migrations; /* of these and of the injected: tasks whose data stayed behind */
	uint64_t refused_difference;
	uint64_t refused_cost;
	uint64_t remote_bytes; /* data read from another node than the task ran on */
	uint64_t at_home;      /* tasks with data that ran where it was */
	uint64_t with_data;
	uint64_t probes, remote_probes, looks, sleeps, wakes;
	char text[SIM_TEXT_BYTES]; /* what broke, and at which step; empty: nothing */
};

const char *sim_work_name(enum sim_work work);

void sim_costs_default(struct sim_costs *ret_costs);

/*
 * A machine from a topology: an hwloc synthetic string, as nodewise topo takes it. One worker a
 * core. Where all nodes are equally far by it, those of one package are put at 12. False, with a
 * line on stderr: not understood, or more than SIM_NODES_MAX nodes or SIM_WORKERS_MAX cores.
 */
bool sim_machine_read(const char *source, struct sim_machine *ret_machine);

/* Anything a run can be, from a seed: small, so that many run in a second. */
void sim_config_random(uint64_t seed, struct sim_config *ret_config);

/* True: every invariant held to the end; false: see ret_result->text. */
bool sim_run(const struct sim_config *config, struct sim_result *ret_result);

#endif /* BENCH_SCHED_SIM_H */
