/* SPDX-License-Identifier: MIT */
/*
 * Simulation of limits that hold over many shards: on one thread, in virtual time, from one seed.
 *
 * Shards step at their own pace, with clocks of their own, stall, lose messages, see new rules at
 * different times, and one may die; a load offers packets of one sender. What each method admits is
 * kept with its instant, and then every interval there is is looked at (check.c).
 *
 * Methods: `credits` is the code of src/govern itself. The others are what one might do instead, as
 * small models (rivals.c), kept as the reason why we do not.
 */
#ifndef BENCH_GOVERN_SIM_SIM_H
#define BENCH_GOVERN_SIM_SIM_H

#include "base/prng.h"

#include <nw/rules.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_SHARDS_MAX = 64, SIM_LIMITS_MAX = 4 };

enum sim_method {
	SIM_CREDITS,      /* src/govern */
	SIM_MERGE_LATER,  /* each shard counts by itself; all are told at the tick */
	SIM_PUSH_EQUAL,   /* at the tick, each gets the same part of what was earned */
	SIM_PUSH_DEMAND,  /* at the tick, each gets a part by what it was asked for */
	SIM_PULL_NO_ROOM, /* slices are pulled; a refill looks at the room it finds */
	SIM_METHOD_COUNT
};

enum sim_load {
	SIM_FLOOD,   /* all shards, far above the limit */
	SIM_ONE,     /* one shard, likewise */
	SIM_MOVING,  /* one shard, another one each 20 ms */
	SIM_BURSTS,  /* all, then none, for random times */
	SIM_TRICKLE, /* random shards, 9/10 of the rate, each packet by itself */
	SIM_LOAD_COUNT
};

/* Faults that are planted to be reported. */
enum sim_fault {
	SIM_SOUND,
	SIM_DOUBLES_A_GRANT,  /* a grant arrives twice */
	SIM_HIDES_SPENDING,   /* reports say that what was used is given back */
	SIM_FORGETS_AT_RELOAD /* a rule set comes with a new shard in place of the old one */
};

struct sim_config {
	enum sim_method method;
	enum sim_load load;
	uint32_t shard_count;
	struct nw_limit
		limits[SIM_LIMITS_MAX]; /* the rules' in turn; the first: at the beginning */
	uint32_t limit_count;
	uint32_t in_flight_max; /* 0: not looked at */
	bool is_global;         /* the limit is that of all, not the sender's */
	uint64_t duration_ns, step_ns, tick_ns;
	uint64_t offered_per_s;  /* of the loads that are above the limit; 0: four times the rate */
	uint64_t delay_ns_max;   /* of a message */
	uint32_t lost_per_1000;  /* messages, of each kind */
	uint32_t stall_per_1000; /* steps that take up to 30 ms */
	uint64_t skew_ns;        /* shards' clocks differ by up to it */
	uint64_t jump_ns;        /* clocks go forth or back by it, once */
	uint64_t reload_ns;      /* a new rule set so often; 0: never */
	uint64_t death_ns;       /* when a shard dies; 0: never */
	bool no_waiting;
	enum sim_fault fault;
	uint64_t seed;
};

struct sim_result {
	uint64_t offered, admitted;
	uint64_t refused; /* by a rate or for flights */
	double overshoot; /* most beyond burst + rate * t of any interval, in tokens; 0: none */
	double used;      /* of burst + rate * duration */
	uint64_t flights_beyond; /* most in flight beyond the limit */
	uint64_t messages;
	uint64_t interval_ns; /* of the worst interval */
	char text[160];       /* what is wrong; "": nothing */
};

/* Whatever the seed says, within sensible bounds: the method is `credits`. */
void sim_config_random(uint64_t seed, struct sim_config *ret_config);
/* Runs it. False: ret_result->text says which promise was broken. */
bool sim_run(const struct sim_config *config, struct sim_result *ret_result);

const char *sim_method_name(enum sim_method method);
const char *sim_load_name(enum sim_load load);

/* -- for the files of the simulation ------------------------------------------------------- */

/* What was admitted at an instant, as the shard has it, and when that really was. */
struct sim_record {
	uint64_t at_ns, real_ns;
	uint64_t count;
};

struct sim_log {
	struct sim_record *records;
	size_t count, room;
};

void sim_log_add(struct sim_log *log, struct sim_record record);
/*
 * The most that any interval within [from_ns, to_ns] has beyond burst + rate * t, in nano-tokens;
 * 0: none. One pass over the records, which it sorts.
 */
__extension__ typedef __int128 sim_wide;
sim_wide sim_overshoot(struct sim_log *log, const struct nw_limit *limit, uint64_t from_ns,
		       uint64_t to_ns, uint64_t *ret_interval_ns);

/* Where a load is. */
struct sim_source {
	const struct sim_config *config;
	struct nwi_prng prng;
	uint64_t until_ns; /* bursts: when it changes */
	bool is_on;
};

/* How many packets a shard gets for a step at now_ns after one at last_ns. */
uint64_t sim_offer(struct sim_source *source, uint32_t shard_idx, uint64_t last_ns,
		   uint64_t now_ns);

/* The shards of src/govern: credits.c. */
void sim_run_credits(const struct sim_config *config, struct sim_result *ret_result);
/* The models: rivals.c. */
void sim_run_rival(const struct sim_config *config, struct sim_result *ret_result);

#endif /* BENCH_GOVERN_SIM_SIM_H */
