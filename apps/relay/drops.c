/* SPDX-License-Identifier: MIT */
/*
 * What became of packets that were accepted, in words of few kinds.
 * Invariant: every reason of the engine's is of one kind.
 */
#include "relay/drops.h"

#include <nw/govern.h>

struct relay_drops relay_drops_of(const uint64_t dropped[NW_RELAY_DROP_COUNT])
{
	struct relay_drops drops = { 0 };

	for (unsigned i = 0; i < NW_RELAY_DROP_COUNT; i++) {
		switch (i) {
		case NW_VERDICT_NO_RULES:
		case NW_VERDICT_TOPIC_DENIED:
		case NW_VERDICT_TOPIC_UNKNOWN:
		case NW_VERDICT_SENDER_DENIED:
		case NW_VERDICT_SENDER_UNKNOWN:
			drops.denied += dropped[i];
			break;
		case NW_VERDICT_TOPIC_RATE:
		case NW_VERDICT_SENDER_RATE:
		case NW_VERDICT_GLOBAL_RATE:
			drops.throttled += dropped[i];
			break;
		case NW_VERDICT_IN_FLIGHT:
			drops.in_flight += dropped[i];
			break;
		case NW_RELAY_DROP_EXPIRED:
			drops.expired += dropped[i];
			break;
		default:
			drops.other += dropped[i];
		}
	}
	return drops;
}

struct relay_drops relay_drops_since(const struct relay_drops *now,
				     const struct relay_drops *before)
{
	return (struct relay_drops){ .denied = now->denied - before->denied,
				     .throttled = now->throttled - before->throttled,
				     .in_flight = now->in_flight - before->in_flight,
				     .expired = now->expired - before->expired,
				     .other = now->other - before->other };
}

const char *relay_drops_at(const struct relay_drops *drops, unsigned i, uint64_t *ret_count)
{
	const struct {
		const char *name;
		uint64_t count;
	} kinds[] = { { "denied", drops->denied },
		      { "throttled", drops->throttled },
		      { "in_flight", drops->in_flight },
		      { "expired", drops->expired },
		      { "other", drops->other } };

	if (i >= sizeof(kinds) / sizeof(kinds[0]))
		return NULL;
	*ret_count = kinds[i].count;
	return kinds[i].name;
}
