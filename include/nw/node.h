/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The names of a NUMA node and of a CPU. Structs, so that one cannot be passed for the other.
 */
#ifndef NW_NODE_H
#define NW_NODE_H

#include <stdint.h>

/* Ids of nodes are arbitrary: holes, ids above 63, nodes without CPUs or without memory. */
#define NW_NODE_ID_MAX 1023

typedef struct nw_node {
	int16_t id; /* as in /sys/devices/system/node/node<id>; -1: no preference */
} nw_node;

typedef struct nw_cpu {
	int32_t id; /* as in /sys/devices/system/cpu/cpu<id>; -1: none */
} nw_cpu;

static const nw_node NW_NODE_ANY = { -1 };

#endif /* NW_NODE_H */
