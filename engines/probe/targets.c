/* SPDX-License-Identifier: MIT */
/* Ranges to scan: sorted, merged, less what is excluded, numbered. */
#include "probe/targets.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

#include <xxhash.h>

enum { LIST_RESERVE_LOG2 = 36 }; /* address range of a list: 10^9 ranges */

/* --- Lists --- */

static int list_init(struct nwi_target_list *list)
{
	*list = (struct nwi_target_list){ 0 };
	return nw_arena_create(&list->arena, NW_NODE_ANY, UINT64_C(1) << LIST_RESERVE_LOG2, 0);
}

/* Pieces of one size lie one after the other, so the list stays one array. */
static int list_add(struct nwi_target_list *list, const struct nwi_range *range)
{
	struct nwi_target_range *place = nw_arena_alloc(list->arena, sizeof(*place),
							alignof(struct nwi_target_range));

	if (!place)
		return -ENOMEM;
	if (list->count == 0)
		list->at = place;
	assert(place == list->at + list->count);
	*place = (struct nwi_target_range){ .range = *range };
	list->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct nwi_target_range *left = a, *right = b;

	return nwi_address_compare(left->range.first, right->range.first);
}

static bool is_highest(struct nwi_address a)
{
	return a.family == NWI_IPV4 ? a.low == UINT32_MAX
				    : a.low == UINT64_MAX && a.high == UINT64_MAX;
}

/* Whether next begins inside of range, or right behind it. */
static bool goes_on(const struct nwi_range *range, const struct nwi_range *next)
{
	if (nwi_address_compare(next->first, range->last) <= 0)
		return true;
	return next->first.family == range->last.family && !is_highest(range->last) &&
	       nwi_address_compare(next->first, nwi_address_add(range->last, 1)) == 0;
}

/* Sorts, and makes one of what overlaps or touches. */
static void tidy(struct nwi_target_list *list)
{
	uint64_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->at, list->count, sizeof(*list->at), compare);
	for (uint64_t i = 1; i < list->count; i++) {
		struct nwi_range *last = &list->at[kept].range, *next = &list->at[i].range;

		if (!goes_on(last, next))
			list->at[++kept] = list->at[i];
		else if (nwi_address_compare(next->last, last->last) > 0)
			last->last = next->last;
	}
	list->count = kept + 1;
}

/* --- Targets --- */

int nwi_targets_init(struct nwi_targets *targets)
{
	int rc;

	*targets = (struct nwi_targets){ 0 };
	rc = list_init(&targets->added);
	if (rc == 0)
		rc = list_init(&targets->excluded);
	if (rc == 0)
		rc = list_init(&targets->kept);
	if (rc < 0)
		nwi_targets_fini(targets);
	return rc;
}

void nwi_targets_fini(struct nwi_targets *targets)
{
	nw_arena_destroy(targets->added.arena);
	nw_arena_destroy(targets->excluded.arena);
	nw_arena_destroy(targets->kept.arena);
	*targets = (struct nwi_targets){ 0 };
}

int nwi_targets_add(struct nwi_targets *targets, const struct nwi_range *range)
{
	return list_add(&targets->added, range);
}

int nwi_targets_exclude(struct nwi_targets *targets, const struct nwi_range *range)
{
	return list_add(&targets->excluded, range);
}

/* The address before; a is not the lowest. */
static struct nwi_address before(struct nwi_address a)
{
	a.high -= a.low == 0;
	a.low--;
	return a;
}

/* What is left of a range is kept piece by piece. *inout_first: the first exclusion that may
 * matter to this range and to all that follow. */
static int keep_rest(struct nwi_targets *targets, struct nwi_range range, uint64_t *inout_first)
{
	const struct nwi_target_list *out = &targets->excluded;
	int rc = 0;

	while (*inout_first < out->count &&
	       nwi_address_compare(out->at[*inout_first].range.last, range.first) < 0)
		++*inout_first;
	for (uint64_t i = *inout_first; rc == 0 && i < out->count; i++) {
		const struct nwi_range *hole = &out->at[i].range;

		if (nwi_address_compare(hole->first, range.last) > 0)
			break;
		if (nwi_address_compare(hole->first, range.first) > 0) {
			struct nwi_range left = { range.first, before(hole->first) };

			rc = list_add(&targets->kept, &left);
		}
		if (nwi_address_compare(hole->last, range.last) >= 0)
			return rc;
		range.first = nwi_address_add(hole->last, 1);
	}
	return rc < 0 ? rc : list_add(&targets->kept, &range);
}

static int number_ranges(struct nwi_targets *targets)
{
	for (uint64_t i = 0; i < targets->kept.count; i++) {
		uint64_t count = nwi_range_count(&targets->kept.at[i].range);

		targets->kept.at[i].before = targets->count;
		if (count > NWI_TARGETS_MAX - targets->count)
			return -E2BIG;
		targets->count += count;
	}
	return 0;
}

static uint64_t sum(const struct nwi_target_list *list)
{
	uint64_t total = 0;

	for (uint64_t i = 0; i < list->count; i++) {
		uint64_t count = nwi_range_count(&list->at[i].range);

		total = count > UINT64_MAX - total ? UINT64_MAX : total + count;
	}
	return total;
}

int nwi_targets_close(struct nwi_targets *targets)
{
	uint64_t first = 0;
	int rc = 0;

	tidy(&targets->added);
	tidy(&targets->excluded);
	for (uint64_t i = 0; rc == 0 && i < targets->added.count; i++)
		rc = keep_rest(targets, targets->added.at[i].range, &first);
	if (rc == 0)
		rc = number_ranges(targets);
	if (rc == 0)
		targets->excluded_count = sum(&targets->added) - targets->count;
	return rc;
}

uint64_t nwi_targets_digest(const struct nwi_targets *targets)
{
	uint64_t digest = 0;

	for (uint64_t i = 0; i < targets->kept.count; i++) {
		const struct nwi_range *range = &targets->kept.at[i].range;
		uint64_t words[] = { range->first.family, range->first.high, range->first.low,
				     range->last.high, range->last.low };

		digest = XXH3_64bits_withSeed(words, sizeof(words), digest);
	}
	return digest;
}

struct nwi_address nwi_targets_at(const struct nwi_targets *targets, uint64_t number)
{
	const struct nwi_target_range *at = targets->kept.at;
	uint64_t low = 0, high = targets->kept.count;

	assert(number < targets->count);
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (at[middle].before <= number)
			low = middle;
		else
			high = middle;
	}
	return nwi_address_add(at[low].range.first, number - at[low].before);
}

bool nwi_targets_find(const struct nwi_targets *targets, struct nwi_address address,
		      uint64_t *ret_number)
{
	const struct nwi_target_range *at = targets->kept.at;
	uint64_t low = 0, high = targets->kept.count;

	while (high > low) {
		uint64_t middle = low + (high - low) / 2;

		if (nwi_address_compare(at[middle].range.last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == targets->kept.count || nwi_address_compare(at[low].range.first, address) > 0)
		return false;
	*ret_number = at[low].before + (address.low - at[low].range.first.low);
	return true;
}
