/* SPDX-License-Identifier: MIT */
/*
 * A token bucket in one word, for any number of threads, exact in integers.
 *
 * Time is told in units: 2^-shift of a token each, of which `unit_per_s` are earned a second; the
 * units earned since the beginning are computed from the beginning each time, so no remainder is
 * ever lost. `spent` is where the bucket stands on that scale: it has been emptied up to there.
 *
 *                     spent              earned                    earned + burst
 *     full:   ----------+------------------+--------------------------+----
 *     not:    -----------------------------+--------- + --------------+----
 *                                        earned     spent        what may be spent
 *
 * Spending n moves `spent` n further, at most to earned + burst; of a full bucket, from `earned`,
 * since what it would have earned beyond full is lost.
 *
 * Invariant: the tokens taken in any time t are at most burst + rate * t. Let lo be earned rounded
 * down and hi rounded up. What is taken from the instant a to the instant b is how far `spent`
 * moved, less its jumps from where a full bucket stood. It began at hi(a) or above: a full one
 * jumps there, and one that is not stands above lo(a), hence at hi(a) or higher. It ended at lo(b)
 * + burst or below, or with a take of a full bucket at hi(b) + burst or below, whose jump over
 * hi(b) - lo(b) does not count. So at most burst + lo(b) - hi(a) were taken, without a rounding to
 * add. Rounding hi the other way would let a token out early after every pause.
 *
 * Range: unit_per_s <= 2^34 and burst <= 2^62 units, so that 2^29 seconds from begin_ns fit, 17
 * years; then it stops refilling. A clock before begin_ns counts as begin_ns. `spent` never falls
 * but by what is given back, so a thread whose clock is behind takes less, never more.
 *
 * Reference: GCRA, ITU-T I.371, with tokens instead of time as the scale: 1/rate is no integer.
 */
#ifndef NWI_CAPS_BUCKET_H
#define NWI_CAPS_BUCKET_H

#include "base/bits.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	NWI_BUCKET_UNIT_BITS = 34, /* of unit_per_s: times 10^9 it is below 2^64 */
	NWI_BUCKET_SHIFT_MAX = 28, /* burst, 2^34, times that is 2^62 */
};
#define NWI_BUCKET_MAX (UINT64_C(1) << NWI_BUCKET_UNIT_BITS) /* of burst, and of rate */
#define NWI_BUCKET_S   (UINT64_C(1) << 29)                   /* seconds that it refills */

struct nwi_bucket {
	/* Constant after init. */
	uint64_t begin_ns;
	uint64_t unit_per_s;
	uint64_t burst; /* tokens; 0: no bucket */
	uint32_t shift;
	/* Written by who takes. */
	_Atomic uint64_t spent;
};

/* Full, at begin_ns. burst and rate_per_s: 0..NWI_BUCKET_MAX. */
static inline void nwi_bucket_init(struct nwi_bucket *bucket, uint64_t burst, uint64_t rate_per_s,
				   uint64_t begin_ns)
{
	uint32_t rate_bits = rate_per_s > 1 ? nwi_ilog2(rate_per_s - 1) + 1 : 0;
	uint32_t shift = NWI_BUCKET_UNIT_BITS - rate_bits;

	bucket->shift = shift < NWI_BUCKET_SHIFT_MAX ? shift : NWI_BUCKET_SHIFT_MAX;
	bucket->unit_per_s = rate_per_s << bucket->shift;
	bucket->burst = burst;
	bucket->begin_ns = begin_ns;
	atomic_init(&bucket->spent, 0);
}

/* Units earned from begin_ns to now_ns, rounded down; whether that cut something off. */
static inline uint64_t nwi_bucket_earned(const struct nwi_bucket *bucket, uint64_t now_ns,
					 bool *ret_is_cut)
{
	uint64_t ns = now_ns > bucket->begin_ns ? now_ns - bucket->begin_ns : 0, part;

	if (ns >= NWI_BUCKET_S * NWI_NS_PER_S)
		ns = NWI_BUCKET_S * NWI_NS_PER_S;
	part = ns % NWI_NS_PER_S * bucket->unit_per_s;
	*ret_is_cut = part % NWI_NS_PER_S != 0;
	return ns / NWI_NS_PER_S * bucket->unit_per_s + part / NWI_NS_PER_S;
}

/* Takes n tokens, or none. Lock-free. */
static inline bool nwi_bucket_take(struct nwi_bucket *bucket, uint64_t n, uint64_t now_ns)
{
	bool is_cut;
	uint64_t lo = nwi_bucket_earned(bucket, now_ns, &is_cut), hi = lo + is_cut, spent, wanted;

	if (n == 0 || n > bucket->burst)
		return n == 0;
	/* relaxed: re-checked by the CAS below. */
	spent = atomic_load_explicit(&bucket->spent, memory_order_relaxed);
	do {
		wanted = (spent <= lo ? hi : spent) + (n << bucket->shift);
		if (spent > lo && wanted > lo + (bucket->burst << bucket->shift))
			return false;
		/* relaxed: the value alone. */
	} while (!atomic_compare_exchange_weak_explicit(
		&bucket->spent, &spent, wanted, memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* Gives back n tokens that were taken and not used. Wait-free. */
static inline void nwi_bucket_give_back(struct nwi_bucket *bucket, uint64_t n)
{
	/* relaxed: the value alone. */
	atomic_fetch_sub_explicit(&bucket->spent, n << bucket->shift, memory_order_relaxed);
}

#endif /* NWI_CAPS_BUCKET_H */
