/* SPDX-License-Identifier: MIT */
/* How long a connection is given: never more than the most, never less than the least, by what was
 * measured, longer each time, and all there is for the last asking unless others wait for it. */
#include "nw_test.h"

#include "probe/patience.h"

#define MS UINT64_C(1000000)

enum { LAST = NWI_PATIENCE_LEVELS };

static struct nwi_patience learnt(uint64_t most_ns, uint64_t took_ns, int times)
{
	struct nwi_patience patience = { .most_ns = most_ns };

	for (int i = 0; i < times; i++)
		nwi_patience_learn(&patience, took_ns);
	return patience;
}

TEST(before_any_answer_each_has_all_the_time)
{
	struct nwi_patience patience = { .most_ns = 900 * MS };

	for (uint32_t level = 0; level <= LAST; level++)
		CHECK(nwi_patience_ns(&patience, level, true) == 900 * MS);
}

TEST(answers_at_once_leave_the_least)
{
	struct nwi_patience patience = learnt(900 * MS, 0, 100);

	CHECK(nwi_patience_ns(&patience, 0, false) == 100 * MS);
	CHECK(nwi_patience_ns(&patience, 1, false) == 200 * MS);
	CHECK(nwi_patience_ns(&patience, 2, false) == 400 * MS);
	CHECK(nwi_patience_ns(&patience, 3, false) == 800 * MS);
	CHECK(nwi_patience_ns(&patience, LAST, false) == 900 * MS);
	CHECK(nwi_patience_ns(&patience, LAST, true) == 300 * MS);
}

TEST(slow_answers_are_waited_for)
{
	struct nwi_patience patience = learnt(900 * MS, 200 * MS, 100);
	uint64_t steady = nwi_patience_ns(&patience, 0, false);

	CHECK(steady >= 200 * MS && steady <= 210 * MS);
	CHECK(nwi_patience_ns(&patience, LAST, true) == 300 * MS);
	/* Now and then one of half a second: all such have to fit. */
	for (int i = 0; i < 100; i++)
		nwi_patience_learn(&patience, i % 3 == 0 ? 500 * MS : 200 * MS);
	CHECK(nwi_patience_ns(&patience, 0, false) > 500 * MS);
	CHECK(nwi_patience_ns(&patience, LAST, true) > 500 * MS);
}

TEST(nothing_is_above_the_most_that_was_said)
{
	struct nwi_patience patience = learnt(50 * MS, 400 * MS, 10);

	for (uint32_t level = 0; level <= LAST; level++)
		CHECK(nwi_patience_ns(&patience, level, level % 2 == 0) == 50 * MS);
}

TEST(a_question_stands_by_what_it_may_still_hope_for)
{
	CHECK_INT(nwi_patience_level(0, 0), ==, LAST);
	CHECK_INT(nwi_patience_level(15, 0), ==, LAST);
	CHECK_INT(nwi_patience_level(0, 3), ==, 0);
	CHECK_INT(nwi_patience_level(2, 1), ==, 2);
	CHECK_INT(nwi_patience_level(14, 1), ==, 3);
}
