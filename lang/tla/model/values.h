/* SPDX-License-Identifier: MIT */
/*
 * Which values each variable has had: stored values, so words. One thread adds, any may gather.
 */
#ifndef TLA_VALUES_H
#define TLA_VALUES_H

#include "../value/value.h"

#include <nw/mem.h>

#include <pthread.h>

struct tla_values {
	pthread_mutex_t lock; /* of all below */
	struct nw_mem mem;    /* slots: open addressing */
	uint32_t count, room; /* room: a power of two, or 0 */
	bool is_full;         /* no memory: later values are missing */
};

void tla_values_init(struct tla_values *values);
void tla_values_fini(struct tla_values *values);
/* The values of a state. */
void tla_values_add(struct tla_values *values, const tla_value *state, uint32_t var_count);
/* Put those of one into another. */
void tla_values_gather(struct tla_values *to, struct tla_values *from);
/* How many a variable has had. */
uint64_t tla_values_count(const struct tla_values *values, uint32_t var);

#endif /* TLA_VALUES_H */
