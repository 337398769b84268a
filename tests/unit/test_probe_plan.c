/* SPDX-License-Identifier: MIT */
/* Ports as they are written, the clock of questions, and that a plan asks each thing once. */
#include "nw_test.h"

#include "base/prng.h"
#include "probe/plan.h"
#include "probe/rate.h"

#include <errno.h>

#define NS_PER_S UINT64_C(1000000000)

/* --- Ports --- */

static struct nwi_ports *ports_of(const char *text)
{
	struct nwi_ports *ports = calloc(1, sizeof(*ports));
	const char *reason;
	size_t at;

	if (!nwi_ports_add(ports, text, false, &at, &reason))
		FAIL("'%s' at %zu: %s", text, at, reason);
	nwi_ports_close(ports);
	return ports;
}

TEST(ports_are_read_as_people_write_them)
{
	struct nwi_ports *ports = ports_of("443,80,80,1-3,U:53,67-68,T:8000");
	static const uint16_t wanted[] = { 1, 2, 3, 80, 443, 8000, 53, 67, 68 };

	CHECK(ports->tcp_count == 6 && ports->udp_count == 3);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		CHECK_INT(ports->list[i], ==, wanted[i]);
	free(ports);
	ports = ports_of("-");
	CHECK(ports->tcp_count == 65535 && ports->list[0] == 1 && ports->list[65534] == 65535);
	free(ports);
	ports = ports_of("-2,65534-,0,u:-");
	CHECK(ports->tcp_count == 5 && ports->udp_count == 65535);
	free(ports);
}

TEST(what_is_no_list_of_ports_is_refused_at_its_place)
{
	static const struct {
		const char *text;
		size_t at;
	} bad[] = { { "", 0 },      { "80,", 3 },           { ",80", 0 },  { "80;443", 2 },
		    { "65536", 0 }, { "1,99999999999", 2 }, { "9-5", 0 },  { "80,x", 3 },
		    { "U:", 2 },    { "S:5", 0 },           { "1-2-3", 3 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct nwi_ports *ports = calloc(1, sizeof(*ports));
		const char *reason = NULL;
		size_t at = 99;

		if (nwi_ports_add(ports, bad[i].text, false, &at, &reason))
			FAIL("'%s' was taken", bad[i].text);
		CHECK_INT(at, ==, bad[i].at);
		CHECK(reason != NULL);
		free(ports);
	}
}

/* --- The clock --- */

/* A worker that is kept from its CPU for a tenth of each second, and one that has nothing to ask.
 */
TEST(what_a_busy_worker_could_not_ask_comes_back_and_what_an_idle_one_did_not_does_not)
{
	uint64_t taken = 0, now = 0;
	struct nwi_rate rate;

	nwi_rate_init(&rate, 20000, 0);
	for (; now < 10 * NS_PER_S; now += now % NS_PER_S < 100000000 ? 100000000 : 1000000) {
		taken += nwi_rate_take(&rate, 64, now);
		CHECK(taken <= rate.burst + 20000 * now / NS_PER_S);
	}
	CHECK_INT(taken, >=, 199000);
	CHECK_INT(rate.owed, <=, 20000);
	while (nwi_rate_take(&rate, 1, now) > 0) /* all that there is */
		continue;
	rate.owed = 0;
	CHECK_INT(nwi_rate_take(&rate, 1, now + NS_PER_S / 1000), ==, 1); /* and wants no more */
	now += 5 * NS_PER_S;
	(void)nwi_rate_take(&rate, 1, now);
	CHECK_INT(rate.owed, ==, 0);
}

/* At no moment more than a burst above the rate, and over a second all of it, whatever the steps.
 */
TEST(a_rate_is_kept_to_the_last_question)
{
	static const uint64_t rates[] = { 1, 3, 999, 1000, 20000, 100000, 333333, 10000000 };
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
		uint64_t per_s = rates[r], start = 12345, now = start, taken = 0;
		uint64_t step_max = 2 * NS_PER_S / per_s < 200000 ? 2 * NS_PER_S / per_s + 2
								  : 200000;
		uint64_t span = per_s < 100 ? 20 * NS_PER_S : NS_PER_S / 5;
		struct nwi_rate rate;

		nwi_rate_init(&rate, per_s, start);
		for (; now < start + span; now += 1 + nwi_prng_next(&prng) % step_max) {
			taken += nwi_rate_take(&rate, UINT32_MAX, now);
			CHECK(taken <= rate.burst + per_s * (now - start) / NS_PER_S);
		}
		now = start + span;
		taken += nwi_rate_take(&rate, UINT32_MAX, now);
		CHECK(taken + 1 >= per_s * (span / 1000) / (NS_PER_S / 1000));
	}
}

TEST(a_pause_grants_one_burst_and_waiting_as_told_is_enough)
{
	struct nwi_rate rate;
	uint64_t now = 5 * NS_PER_S;

	nwi_rate_init(&rate, 20000, 0);
	CHECK_INT(nwi_rate_take(&rate, 1000, now), ==, 200);
	CHECK_INT(nwi_rate_take(&rate, 1, now), ==, 0);
	nwi_rate_return(&rate, 1);
	CHECK_INT(nwi_rate_take(&rate, 5, now), ==, 1);
	CHECK_INT(nwi_rate_wait_ns(&rate, now), ==, 50000);
	CHECK_INT(nwi_rate_take(&rate, 5, now + 49999), ==, 0);
	CHECK_INT(nwi_rate_take(&rate, 5, now + 50000), ==, 1);
	CHECK_INT(nwi_rate_take(&rate, 999, UINT64_MAX), ==, 200);
	CHECK_INT(nwi_rate_take(&rate, 64, 0), ==, 0); /* a clock that goes back grants nothing */
	nwi_rate_init(&rate, 0, 0);
	CHECK_INT(nwi_rate_take(&rate, 64, 0), ==, 64);
	CHECK_INT(nwi_rate_wait_ns(&rate, 0), ==, 0);
}

/* --- Plans --- */

static void add(struct nwi_targets *targets, const char *text)
{
	struct nwi_range range;
	const char *reason;

	CHECK(nwi_range_parse(text, &range, &reason));
	CHECK_INT(nwi_targets_add(targets, &range), ==, 0);
}

TEST(shards_and_workers_together_ask_each_thing_once)
{
	struct nwi_ports *ports = ports_of("80,443,U:53");
	struct nwi_targets targets;
	struct nwi_plan plan;
	struct nwi_question question;
	unsigned char *seen;

	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	add(&targets, "10.0.0.0/28");
	add(&targets, "2001:db8::1-2001:db8::3");
	CHECK_INT(nwi_targets_close(&targets), ==, 0);
	CHECK_INT(nwi_plan_init(&plan, &targets, ports, 7), ==, 0);
	CHECK_INT(nwi_plan_count(&plan), ==, 19 * 3);
	seen = calloc(19 * 3, 1);
	for (uint32_t s = 0; s < 2; s++)
		for (uint32_t w = 0; w < 3; w++) {
			struct nwi_share share = nwi_plan_share(&plan, s, 2, w, 3);

			for (; share.next < share.end; share.next += share.step) {
				uint64_t number;
				unsigned port_idx;

				nwi_plan_at(&plan, share.next, &question);
				CHECK(nwi_targets_find(&targets, question.target, &number));
				port_idx = question.kind == NWI_FRAME_UDP ? 2
					   : question.port == 443         ? 1
									  : 0;
				CHECK_INT(question.port, ==,
					  (port_idx == 2 ? 53
					   : port_idx    ? 443
							 : 80));
				CHECK(!seen[number * 3 + port_idx]++);
			}
		}
	for (int i = 0; i < 19 * 3; i++)
		CHECK(seen[i]);
	free(seen);
	free(ports);
	nwi_targets_fini(&targets);
}

TEST(an_empty_plan_and_one_that_is_too_large_are_refused)
{
	struct nwi_ports *none = calloc(1, sizeof(*none)), *all = ports_of("-,U:-");
	struct nwi_targets targets;
	struct nwi_plan plan;

	CHECK_INT(nwi_targets_init(&targets), ==, 0);
	CHECK_INT(nwi_plan_init(&plan, &targets, NULL, 1), ==, -EINVAL);
	add(&targets, "2001:db8::/82");
	CHECK_INT(nwi_targets_close(&targets), ==, 0);
	CHECK_INT(nwi_plan_init(&plan, &targets, none, 1), ==, -EINVAL);
	CHECK_INT(nwi_plan_init(&plan, &targets, all, 1), ==, -E2BIG);
	CHECK_INT(nwi_plan_init(&plan, &targets, NULL, 1), ==, 0);
	nwi_targets_fini(&targets);
	free(none);
	free(all);
}
