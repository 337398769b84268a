/* SPDX-License-Identifier: MIT */
/*
 * How a search ends. The first reason given is the one reported; all workers see it soon.
 * Invariant: `end` leaves -1 once, the fault's fields are written only by whoever did that, a
 * worker, and it is below 0 until they are whole: a report may be asked for at any moment.
 */
#include "explore.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NOT_ENDED = -1, BEING_TOLD = -2 };

static bool claim_end(struct nw_explore *explore, int end)
{
	int none = NOT_ENDED;

	return atomic_compare_exchange_strong(&explore->end, &none, end);
}

static void tell_end(struct nw_explore *explore, enum nw_explore_end end)
{
	/* [end.told] release, pairs with [report.end]: the fault's fields. */
	atomic_store_explicit(&explore->end, (int)end, memory_order_release);
}

static void stop(struct nw_explore *explore)
{
	/* relaxed: hint; what the workers found is read when they have met or were joined. */
	atomic_store_explicit(&explore->is_stopping, true, memory_order_relaxed);
}

bool nwi_end(struct nw_explore *explore, enum nw_explore_end end)
{
	bool is_first = claim_end(explore, (int)end);

	stop(explore);
	return is_first;
}

void nwi_end_at(struct nw_explore *explore, enum nw_explore_end end, const struct nwi_fault *fault)
{
	if (claim_end(explore, BEING_TOLD)) {
		explore->fault = *fault;
		explore->fault.state = explore->fault_state;
		if (fault->n_bytes > 0)
			memcpy(explore->fault_state, fault->state, fault->n_bytes);
		tell_end(explore, end);
	}
	stop(explore);
}

void nwi_end_fault(struct nw_explore *explore, const char *format, ...)
{
	va_list args;

	if (claim_end(explore, BEING_TOLD)) {
		va_start(args, format);
		(void)vsnprintf(explore->fault_text, sizeof(explore->fault_text), format, args);
		va_end(args);
		tell_end(explore, NW_EXPLORE_MODEL_FAULT);
	}
	stop(explore);
}

void nw_explore_stop(struct nw_explore *explore)
{
	(void)nwi_end(explore, NW_EXPLORE_STOPPED);
}
