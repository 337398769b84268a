/* SPDX-License-Identifier: MIT */
/* Resource vectors: nothing wraps, what is refused changes nothing, every dimension has a name. */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/resource.h>

#define MAX UINT64_MAX

static struct nw_resource one(enum nw_resource_dim dim, uint64_t n)
{
	struct nw_resource vector = { { 0 } };

	vector.amount[dim] = n;
	return vector;
}

static bool is_equal(const struct nw_resource *a, const struct nw_resource *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

TEST(a_need_fits_up_to_the_last_unit_of_each_dimension)
{
	struct nw_resource room = { { 1, 2, 3, 4, 5, 6, 7, MAX } }, need = room;

	CHECK(nw_resource_fits(&need, &room));
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT - 1; i++) {
		need = room;
		need.amount[i]++;
		CHECK(!nw_resource_fits(&need, &room));
		CHECK(nw_resource_fits(&room, &need));
	}
}

TEST(a_sum_that_overflows_is_refused_whole)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		struct nw_resource sum = { { 9, 9, 9, 9, 9, 9, 9, 9 } }, more = sum, was;

		sum.amount[i] = MAX - 8;
		was = sum;
		CHECK(!nw_resource_try_add(&sum, &more));
		CHECK(is_equal(&sum, &was));
		more.amount[i] = 8;
		CHECK(nw_resource_try_add(&sum, &more));
		CHECK(sum.amount[i] == MAX && sum.amount[(i + 1) % 8] == 18);
	}
}

TEST(a_difference_below_zero_is_refused_whole)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		struct nw_resource rest = { { 9, 9, 9, 9, 9, 9, 9, 9 } }, less = rest, was = rest;

		less.amount[i] = 10;
		CHECK(!nw_resource_try_sub(&rest, &less));
		CHECK(is_equal(&rest, &was));
		less.amount[i] = 9;
		CHECK(nw_resource_try_sub(&rest, &less));
		CHECK(rest.amount[i] == 0);
	}
}

TEST(a_vector_may_be_added_to_and_taken_from_itself)
{
	struct nw_resource v = { { 1, 2, 3, 4, 5, 6, 7, 8 } };

	CHECK(nw_resource_try_add(&v, &v));
	CHECK(v.amount[0] == 2 && v.amount[7] == 16);
	CHECK(nw_resource_try_sub(&v, &v));
	CHECK(is_equal(&v, &(struct nw_resource){ { 0 } }));
}

TEST(capped_sums_stop_at_the_ends)
{
	struct nw_resource v = one(NW_RESOURCE_MEMORY, MAX - 1), two = one(NW_RESOURCE_MEMORY, 2);

	nw_resource_add_capped(&v, &two);
	CHECK(v.amount[NW_RESOURCE_MEMORY] == MAX);
	nw_resource_sub_capped(&two, &v);
	CHECK(two.amount[NW_RESOURCE_MEMORY] == 0);
}

TEST(what_was_added_can_be_taken_away_again)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 10000; round++) {
		struct nw_resource a, b, sum;

		for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
			a.amount[i] = nwi_prng_next(&prng) >> nwi_prng_below(&prng, 64);
			b.amount[i] = nwi_prng_next(&prng) >> nwi_prng_below(&prng, 64);
		}
		sum = a;
		if (!nw_resource_try_add(&sum, &b))
			continue;
		CHECK(nw_resource_fits(&a, &sum) && nw_resource_fits(&b, &sum));
		CHECK(nw_resource_try_sub(&sum, &b));
		CHECK(is_equal(&sum, &a));
	}
}

TEST(every_dimension_has_a_name_of_its_own_and_a_unit)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		enum nw_resource_dim dim = NW_RESOURCE_DIM_COUNT;

		CHECK(nw_resource_by_name(nw_resource_name((enum nw_resource_dim)i), &dim));
		CHECK_INT(dim, ==, i);
		CHECK(nw_resource_unit(dim)[0] != '\0');
	}
}

TEST(there_is_no_ninth_dimension)
{
	enum nw_resource_dim dim = NW_RESOURCE_GPU;

	CHECK(!nw_resource_name(NW_RESOURCE_DIM_COUNT) && !nw_resource_unit(NW_RESOURCE_DIM_COUNT));
	CHECK(!nw_resource_by_name("cpus", &dim) && !nw_resource_by_name("", &dim));
	CHECK_INT(dim, ==, NW_RESOURCE_GPU);
}
