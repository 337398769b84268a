/* SPDX-License-Identifier: MIT */
/*
 * Token bucket with the time handed in, exact: a level of 10^9 is one token, and a nanosecond adds
 * `per_s` to it. So after t ns at most burst + per_s * t / 10^9 tokens were taken, rounded down.
 */
#ifndef NWI_DAG_TOKENS_H
#define NWI_DAG_TOKENS_H

#include "base/clock.h"
#include "sched/load.h"

#include <stdbool.h>
#include <stdint.h>

struct nwi_tokens {
	uint64_t per_s; /* 0: there is no bucket, it always has a token */
	uint64_t burst; /* 1.. */
	uint64_t last_ns;
	nwi_u128 level; /* at last_ns; at most burst * 10^9 */
	bool is_begun;  /* full at the first time that is handed in */
};

static inline struct nwi_tokens nwi_tokens_of(uint64_t per_s, uint64_t burst)
{
	return (struct nwi_tokens){ .per_s = per_s, .burst = burst > 0 ? burst : 1 };
}

static inline void nwi_tokens_fill(struct nwi_tokens *bucket, uint64_t now_ns)
{
	nwi_u128 full = (nwi_u128)bucket->burst * NWI_NS_PER_S;
	nwi_u128 more = 0;

	if (!bucket->is_begun)
		more = full;
	else if (now_ns > bucket->last_ns)
		more = (nwi_u128)(now_ns - bucket->last_ns) * bucket->per_s;
	bucket->is_begun = true;
	bucket->last_ns = now_ns;
	bucket->level = more >= full - bucket->level ? full : bucket->level + more;
}

/* When there is a token, from now on if nobody takes one: now_ns at once. */
static inline uint64_t nwi_tokens_ready_ns(struct nwi_tokens *bucket, uint64_t now_ns)
{
	uint64_t lack;

	if (bucket->per_s == 0)
		return now_ns;
	nwi_tokens_fill(bucket, now_ns);
	if (bucket->level >= NWI_NS_PER_S)
		return now_ns;
	lack = NWI_NS_PER_S - (uint64_t)bucket->level;
	return nwi_ns_add(now_ns, lack / bucket->per_s + (lack % bucket->per_s != 0));
}

/* Take a token that is there. */
static inline void nwi_tokens_take(struct nwi_tokens *bucket)
{
	if (bucket->per_s > 0)
		bucket->level -= NWI_NS_PER_S;
}

#endif /* NWI_DAG_TOKENS_H */
