/* SPDX-License-Identifier: MIT */
/*
 * What packets of 64 bytes go through between threads: the lane and the ring of ours, and what
 * others have for it.
 *
 * Invariant: every subject copies 64 bytes in and 64 bytes out, and the consumer sees each
 * producer's packets once, in their order; a round in which it does not is a failure.
 */
#ifndef BENCH_PACKET_PACKET_H
#define BENCH_PACKET_PACKET_H

#ifdef __cplusplus
extern "C" {
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKET_SLOTS = 4096, PACKET_BURST_MAX = 32, PACKET_PRODUCERS_MAX = 4 };

struct packet {
	uint64_t producer, number, rest[6];
};

struct packet_subject {
	const char *group; /* "spsc", "mpsc"; NULL: the last */
	const char *name;
	void *(*create)(void); /* NULL: no memory */
	void (*destroy)(void *shared);
	void *(*join)(void *shared,
		      uint32_t producer_idx); /* NULL: the queue itself is pushed to */
	void (*leave)(void *producer);
	/* Copies n packets at most; how many. */
	uint32_t (*push)(void *producer, const struct packet *packets, uint32_t n);
	uint32_t (*pop)(void *shared, struct packet *ret_packets, uint32_t n);
};

extern const struct packet_subject packet_ours[], packet_dpdk[], packet_ck[], packet_moodycamel[],
	packet_moodycamel_spsc[];

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
/* All cases that are wanted; false: something failed, and it was said. */
bool packet_run(uint32_t core_count, const int *cpus, bool (*is_wanted)(const char *name));
/* core/locked: a queue and a table of buckets behind a mutex. */
void packet_run_locked(void);
#endif

#endif /* BENCH_PACKET_PACKET_H */
