/* SPDX-License-Identifier: MIT */
/* Names of reasons: the engine's, and ours behind them. Invariant: the two never share a number. */
#include "relay/frame.h"

#include <nw/relay.h>

static_assert((int)NW_RELAY_REFUSAL_COUNT <= (int)RELAY_REASON_DENIED, "two ranges");

const char *relay_reason_name(unsigned reason)
{
	static const char *const names[] = { "denied", "identity", "protocol",
					     "limit",  "slow",     "closing" };

	if (reason < NW_RELAY_REFUSAL_COUNT)
		return nw_relay_refusal_name((enum nw_relay_refusal)reason);
	if (reason < RELAY_REASON_DENIED || reason >= RELAY_REASON_END)
		return "unknown";
	return names[reason - RELAY_REASON_DENIED];
}
