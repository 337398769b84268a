/* SPDX-License-Identifier: MIT */
/*
 * The token bucket against exact arithmetic: an oracle with a 128-bit numerator, nothing rounded.
 * Never more than burst + rate * t in any window; never a refusal of what the oracle has, and two
 * units more.
 */
#include "nw_test.h"

#include "base/prng.h"
#include "caps/bucket.h"

__extension__ typedef unsigned __int128 u128;

#define S NWI_NS_PER_S

/* What was taken, and when. */
struct take {
	uint64_t at_ns, n;
};

/* The exact bucket: credit in 10^-9 tokens. */
struct exact {
	u128 credit, burst;
	uint64_t rate, last_ns;
};

static void exact_init(struct exact *exact, uint64_t burst, uint64_t rate, uint64_t now_ns)
{
	*exact = (struct exact){ (u128)burst * S, (u128)burst * S, rate, now_ns };
}

static void exact_refill(struct exact *exact, uint64_t now_ns)
{
	exact->credit += (u128)(now_ns - exact->last_ns) * exact->rate;
	if (exact->credit > exact->burst)
		exact->credit = exact->burst;
	exact->last_ns = now_ns;
}

static uint64_t random_size(struct nwi_prng *prng, unsigned bits)
{
	return nwi_prng_next(prng) >> (64 - bits + nwi_prng_below(prng, bits));
}

/* All windows that begin and end with a take. */
static void check_windows(const struct take *takes, int count, uint64_t burst, uint64_t rate)
{
	for (int a = 0; a < count; a++) {
		u128 sum = 0;

		for (int b = a; b < count; b++) {
			sum += takes[b].n;
			CHECK(sum * S <=
			      (u128)burst * S + (u128)(takes[b].at_ns - takes[a].at_ns) * rate);
		}
	}
}

static void drive(struct nwi_prng *prng, uint64_t burst, uint64_t rate)
{
	enum { TAKES = 60 };
	struct take takes[TAKES];
	struct nwi_bucket bucket;
	struct exact exact;
	uint64_t now_ns = nwi_prng_next(prng) >> 2, token_ns = rate ? S / rate + 1 : S;
	int count = 0;

	nwi_bucket_init(&bucket, burst, rate, now_ns);
	exact_init(&exact, burst, rate, now_ns);
	while (count < TAKES) {
		uint64_t n = 1 + random_size(prng, 34) % burst;

		exact_refill(&exact, now_ns);
		if (nwi_bucket_take(&bucket, n, now_ns)) {
			CHECK(exact.credit >= (u128)n * S);
			exact.credit -= (u128)n * S;
			takes[count++] = (struct take){ now_ns, n };
		} else {
			CHECK((exact.credit << bucket.shift) < (((u128)n << bucket.shift) + 2) * S);
			if (rate == 0)
				break;
		}
		now_ns += nwi_prng_next(prng) % (2 * token_ns * (1 + random_size(prng, 4)));
	}
	check_windows(takes, count, burst, rate);
}

TEST(no_window_admits_more_than_burst_and_rate)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 3000 * nw_test_scale(); i++) {
		uint64_t burst = 1 + random_size(&prng, 34) % NWI_BUCKET_MAX;
		uint64_t rate = random_size(&prng, 35) % (NWI_BUCKET_MAX + 1);

		drive(&prng, i % 2 ? 1 + burst % 8 : burst, rate);
	}
}

/* Rates that do not divide 10^9, taken whenever there is a token: after a long time the count is
 * the exact one. A bucket that drops remainders falls behind. */
TEST(no_remainder_is_lost)
{
	static const uint64_t rates[] = { 1, 3, 7, 999, 300007, 999999937, 16000000001 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t step_ns = 5 * S / rates[i] / 4 + 1, now_ns = 12345, steps = 100000,
			 sum = 0;
		struct nwi_bucket bucket;

		nwi_bucket_init(&bucket, 1000, rates[i], now_ns);
		CHECK(nwi_bucket_take(&bucket, 1000, now_ns));
		for (uint64_t k = 0; k < steps; k++) {
			now_ns += step_ns;
			while (nwi_bucket_take(&bucket, 1, now_ns))
				sum++;
		}
		CHECK(sum == (u128)step_ns * steps * rates[i] / S);
	}
}

TEST(a_full_bucket_gives_its_burst_and_then_its_rate)
{
	struct nwi_bucket bucket;

	nwi_bucket_init(&bucket, 3, 10, 5 * S);
	CHECK(!nwi_bucket_take(&bucket, 4, 5 * S));
	CHECK(nwi_bucket_take(&bucket, 3, 5 * S) && !nwi_bucket_take(&bucket, 1, 5 * S));
	CHECK(!nwi_bucket_take(&bucket, 1, 5 * S + S / 10 - 1));
	CHECK(nwi_bucket_take(&bucket, 1, 5 * S + S / 10));
	CHECK(nwi_bucket_take(&bucket, 3, 100 * S) && !nwi_bucket_take(&bucket, 1, 100 * S));
}

TEST(a_clock_that_runs_backwards_takes_less)
{
	struct nwi_bucket bucket;

	nwi_bucket_init(&bucket, 2, 1, 10 * S);
	CHECK(nwi_bucket_take(&bucket, 2, 20 * S));
	CHECK(!nwi_bucket_take(&bucket, 1, 0) && !nwi_bucket_take(&bucket, 1, 20 * S));
	CHECK(nwi_bucket_take(&bucket, 1, 21 * S));
}

TEST(what_is_given_back_can_be_taken_again_once)
{
	struct nwi_bucket bucket;

	nwi_bucket_init(&bucket, 5, 0, 0);
	CHECK(nwi_bucket_take(&bucket, 5, 0));
	nwi_bucket_give_back(&bucket, 2);
	CHECK(nwi_bucket_take(&bucket, 2, 0) && !nwi_bucket_take(&bucket, 1, UINT64_MAX));
}

TEST(after_its_years_it_stops_and_never_wraps)
{
	struct nwi_bucket bucket;

	nwi_bucket_init(&bucket, NWI_BUCKET_MAX, NWI_BUCKET_MAX, 0);
	for (int i = 0; i < 3; i++)
		CHECK(nwi_bucket_take(&bucket, NWI_BUCKET_MAX,
				      NWI_BUCKET_S * S - 2 * S + (uint64_t)i * S));
	CHECK(!nwi_bucket_take(&bucket, 1, UINT64_MAX));
	nwi_bucket_init(&bucket, NWI_BUCKET_MAX, 1, 0);
	CHECK(nwi_bucket_take(&bucket, NWI_BUCKET_MAX, UINT64_MAX));
	CHECK(!nwi_bucket_take(&bucket, 1, UINT64_MAX));
}
