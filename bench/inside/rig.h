/* SPDX-License-Identifier: MIT */
/*
 * A relay inside the benchmark, fed by its own workers' poll hooks, so that there is never more
 * than one thread a core. Invariant: what was delivered is counted by the relay, and nothing else
 * counts.
 */
#ifndef BENCH_INSIDE_RIG_H
#define BENCH_INSIDE_RIG_H

#include <nw/relay.h>
#include <nw/topo.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	BATCH = 256,
	PACKETS = 16 * BATCH, /* that a feeder sends in turn */
	TOPICS = 1000,        /* of a shard */
	SHARDS_MAX = 64,
	SAMPLES_MAX = 1 << 20,
	PIECE_MS = 100, /* of a repetition */
};

enum rules { OPEN, LIMITS, FLIGHTS };

/* Which topics a feeder's packets have. */
enum mix {
	OWN,     /* of its target, in turn */
	UNIFORM, /* of all shards, each as often */
	ZIPF,    /* of all shards, the k-th 1/k as often as the first */
};

enum load { IDLE, BUSY, DROWNED, LOADS };

/* What a worker does besides its shard's work; its own lines. */
struct feeder {
	_Alignas(NW_CACHE_PAIR) struct nw_relay_producer *producer;
	uint32_t target;            /* the shard that it feeds; UINT32_MAX: none */
	uint64_t period_ns, due_ns; /* 0: as fast as it goes */
	uint64_t turn;
	struct nw_packet packets[PACKETS];
};

struct rig {
	struct nw_topo *topo;
	struct nw_relay *_Atomic relay;
	uint32_t shard_count;
	enum mix mix;
	_Atomic uint32_t load; /* of shard 0, where another is sampled: enum load */
	uint32_t sampled;      /* the shard whose latencies are kept; UINT32_MAX: none */
	_Atomic uint64_t sample_count;
	uint32_t *samples;                  /* ns */
	uint64_t govern_ns, govern_packets; /* seen so far */
	struct feeder *feeders;
};

/* All as it was at first; each worker feeds no shard. */
void rig_clear(struct rig *rig, uint32_t shard_count);
void rig_open(struct rig *rig, enum rules rules);
void rig_close(struct rig *rig);
uint64_t rig_delivered(struct rig *rig);
/* Nanoseconds of one core a packet, over a piece of time. */
double rig_measure(struct rig *rig, uint32_t cores);
/* What the rules took of a packet, by the relay's samples since the last call. */
double rig_govern_ns(struct rig *rig);
void rig_wait_ms(long ms);

/* ---- spread.c ---- */
/* scale/... and efficiency/...: on N cores beside one. */
void spread_run(struct rig *rig, uint32_t cores, bool (*is_wanted)(const char *name));

#endif /* BENCH_INSIDE_RIG_H */
