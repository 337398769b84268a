/* SPDX-License-Identifier: MIT */
/*
 * What is asked at each place of a scan: place -> number -> (address, port).
 *
 * The plan is all that a resumed scan needs beside the place it had come to. Workers deal places
 * out: worker w of W takes w, w + W, ...; a shard of several machines does the same before that.
 *
 * Invariant: over all places of all workers of all shards each pair comes exactly once.
 */
#ifndef NWI_PROBE_PLAN_H
#define NWI_PROBE_PLAN_H

#include "probe/frame.h"
#include "probe/ports.h"
#include "probe/shuffle.h"
#include "probe/targets.h"

struct nwi_plan {
	const struct nwi_targets *targets; /* closed, borrowed */
	const struct nwi_ports *ports;     /* closed, borrowed; NULL: hosts alone, by echo */
	uint64_t port_count;               /* 1 for hosts alone */
	struct nwi_shuffle order;
};

/* One thing to ask. */
struct nwi_question {
	enum nwi_frame_kind kind;
	struct nwi_address target;
	uint16_t port;
	bool is_first; /* of those to its target: one of them is, in whichever order they are asked
			*/
};

/* 0; -EINVAL: nothing to ask; -E2BIG: more pairs than an order can have. */
int nwi_plan_init(struct nwi_plan *plan, const struct nwi_targets *targets,
		  const struct nwi_ports *ports, uint64_t seed);
/* Pairs of the whole. */
uint64_t nwi_plan_count(const struct nwi_plan *plan);
/* place: below the count. */
void nwi_plan_at(const struct nwi_plan *plan, uint64_t place, struct nwi_question *ret_question);

/* A part of a plan: one worker's of one shard's. */
struct nwi_share {
	uint64_t next, step, end; /* places; it is used up where next >= end */
};

/* shard_idx below shard_count, worker_idx below worker_count. */
struct nwi_share nwi_plan_share(const struct nwi_plan *plan, uint32_t shard_idx,
				uint32_t shard_count, uint32_t worker_idx, uint32_t worker_count);

/* What is said to a port of UDP; NULL and 0 bytes: nothing. */
const void *nwi_probe_payload(uint16_t port, uint32_t *ret_bytes);

#endif /* NWI_PROBE_PLAN_H */
