/* SPDX-License-Identifier: MIT */
/*
 * How a search ends. The first reason given is the one reported; all workers see it soon.
 * Invariant: `end` leaves -1 once, and the fault's fields are written only by whoever did that.
 */
#include "explore.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool claim_end(struct nw_explore *explore, enum nw_explore_end end)
{
	int none = -1;

	return atomic_compare_exchange_strong(&explore->end, &none, (int)end);
}

static void stop(struct nw_explore *explore)
{
	/* relaxed: hint; the fault's fields are read after the workers have met or were joined. */
	atomic_store_explicit(&explore->is_stopping, true, memory_order_relaxed);
}

bool nwi_end(struct nw_explore *explore, enum nw_explore_end end)
{
	bool is_first = claim_end(explore, end);

	stop(explore);
	return is_first;
}

void nwi_end_at(struct nw_explore *explore, enum nw_explore_end end, const struct nwi_fault *fault)
{
	if (claim_end(explore, end)) {
		explore->fault = *fault;
		explore->fault.state = explore->fault_state;
		if (fault->n_bytes > 0)
			memcpy(explore->fault_state, fault->state, fault->n_bytes);
	}
	stop(explore);
}

void nwi_end_fault(struct nw_explore *explore, const char *format, ...)
{
	va_list args;

	if (claim_end(explore, NW_EXPLORE_MODEL_FAULT)) {
		va_start(args, format);
		(void)vsnprintf(explore->fault_text, sizeof(explore->fault_text), format, args);
		va_end(args);
	}
	stop(explore);
}

void nw_explore_stop(struct nw_explore *explore)
{
	(void)nwi_end(explore, NW_EXPLORE_STOPPED);
}
