/* SPDX-License-Identifier: MIT */
/*
 * Times at which something is due: a binary heap of entries that lie in the caller's objects.
 *
 * Pure: no clock. Room is reserved ahead, so that setting a timer cannot fail.
 *
 * Invariant: an entry that is set lies at heap[entry->place - 1]; one that is not has place 0.
 */
#ifndef NWI_DAG_TIMERS_H
#define NWI_DAG_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nwi_timer {
	uint64_t at_ns;
	size_t place; /* 0: not set */
};

struct nwi_timers {
	struct nwi_timer **heap;
	size_t count, capacity;
};

/* Room for so many timers at once. 0 or -ENOMEM. */
int nwi_timers_reserve(struct nwi_timers *timers, size_t count);
void nwi_timers_fini(struct nwi_timers *timers);

/* Set one that is not set. */
void nwi_timers_set(struct nwi_timers *timers, struct nwi_timer *timer, uint64_t at_ns);
/* Unset; not set is a no-op. */
void nwi_timers_unset(struct nwi_timers *timers, struct nwi_timer *timer);

/* The one that is due first, or NULL. */
static inline struct nwi_timer *nwi_timers_first(const struct nwi_timers *timers)
{
	return timers->count > 0 ? timers->heap[0] : NULL;
}

#endif /* NWI_DAG_TIMERS_H */
