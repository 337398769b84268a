/* SPDX-License-Identifier: MIT */
/* The clock of questions. */
#include "probe/rate.h"

#define NS_PER_S UINT64_C(1000000000)

/* Ten milliseconds: a worker that was kept from its CPU for a moment catches up. */
enum { BURST_MAX = 1 << 20, BURSTS_PER_S = 100 };

void nwi_rate_init(struct nwi_rate *rate, uint64_t per_s, uint64_t now_ns)
{
	uint64_t burst = per_s / BURSTS_PER_S;

	*rate = (struct nwi_rate){ .per_s = per_s, .last_ns = now_ns };
	rate->burst = burst < 1 ? 1 : burst > BURST_MAX ? BURST_MAX : (uint32_t)burst;
}

/* Some of what is owed, to what was earned. */
static void pay_back(struct nwi_rate *rate, uint64_t earned)
{
	uint64_t part;

	rate->eighths += earned;
	part = rate->eighths / 8 < rate->owed ? rate->eighths / 8 : rate->owed;
	rate->eighths %= 8;
	rate->owed -= part;
	rate->granted += part;
}

/* More than a burst is not granted at once; it is owed only to who was waiting for it. */
static void cut(struct nwi_rate *rate)
{
	if (rate->granted < rate->burst)
		return;
	if (rate->is_short)
		rate->owed += rate->granted - rate->burst;
	if (rate->owed > rate->per_s)
		rate->owed = rate->per_s;
	rate->granted = rate->burst;
	rate->rest = 0;
}

/* Turns the time since the last call into grants. What is longer than a second and a burst is cut
 * first, so that the product cannot overflow. */
static void refill(struct nwi_rate *rate, uint64_t now_ns)
{
	uint64_t passed = now_ns > rate->last_ns ? now_ns - rate->last_ns : 0;
	uint64_t full_ns = (rate->burst + 1) * NS_PER_S / rate->per_s + 1 + NS_PER_S, earned;

	rate->last_ns = now_ns > rate->last_ns ? now_ns : rate->last_ns;
	if (passed > full_ns)
		passed = full_ns;
	rate->rest += passed % NS_PER_S * rate->per_s;
	earned = passed / NS_PER_S * rate->per_s + rate->rest / NS_PER_S;
	rate->granted += earned;
	rate->rest %= NS_PER_S;
	pay_back(rate, earned);
	cut(rate);
}

uint32_t nwi_rate_take(struct nwi_rate *rate, uint32_t count, uint64_t now_ns)
{
	if (rate->per_s == 0)
		return count;
	refill(rate, now_ns);
	rate->is_short = count > rate->granted;
	if (rate->is_short)
		count = (uint32_t)rate->granted;
	rate->granted -= count;
	return count;
}

void nwi_rate_return(struct nwi_rate *rate, uint32_t count)
{
	if (rate->per_s != 0)
		rate->granted += count;
}

uint64_t nwi_rate_wait_ns(const struct nwi_rate *rate, uint64_t now_ns)
{
	struct nwi_rate then = *rate;

	if (rate->per_s == 0)
		return 0;
	refill(&then, now_ns);
	if (then.granted > 0)
		return 0;
	return (NS_PER_S - then.rest + then.per_s - 1) / then.per_s;
}

/* A limit below the count of workers is one each, rather than none at all for some. */
uint64_t nwi_rate_part(uint64_t per_s, uint32_t worker_idx, uint32_t worker_count)
{
	uint64_t part = per_s / worker_count + (worker_idx < per_s % worker_count);

	return per_s > 0 && part == 0 ? 1 : part;
}
