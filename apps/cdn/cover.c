/* SPDX-License-Identifier: MIT */
/*
 * Two sets of prefixes: which come and go, and which share of the addresses is lost. Sets are
 * compared by addresses, since a provider may join or split prefixes and lose none.
 */
#include "cdn/update.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_FAMILIES = 2 };

static int compare(const struct nw_cdn_range *a, const struct nw_cdn_range *b)
{
	int order;

	if (a->address.family != b->address.family)
		return a->address.family - b->address.family;
	order = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
	return order != 0 ? order : a->bits - b->bits;
}

static double size_of(const struct nw_cdn_range *range)
{
	return exp2((range->address.family == 4 ? 32 : 128) - range->bits);
}

static bool contains(const struct nw_cdn_range *outer, const struct nw_cdn_range *inner)
{
	unsigned bits = outer->bits;

	if (outer->address.family != inner->address.family || outer->bits > inner->bits)
		return false;
	for (unsigned i = 0; i < sizeof(outer->address.bytes) && bits > 0; i++) {
		unsigned n = bits < 8 ? bits : 8;
		unsigned mask = (0xff00u >> n) & 0xff;

		if ((outer->address.bytes[i] ^ inner->address.bytes[i]) & mask)
			return false;
		bits -= n;
	}
	return true;
}

/* The next prefix of a family that lies in none before it; false: no more. */
static bool next_outer(const struct nw_cdn *set, int family, uint32_t *at,
		       struct nw_cdn_range *last, struct nw_cdn_range *ret)
{
	while (*at < nw_cdn_range_count(set)) {
		nw_cdn_range(set, ++*at, ret);
		if (ret->address.family != family ||
		    (last->address.family == family && contains(last, ret)))
			continue;
		*last = *ret;
		return true;
	}
	return false;
}

static double overlap(const struct nw_cdn_range *range, const struct nw_cdn *other)
{
	struct nw_cdn_range last = { 0 }, one;
	double count = 0;
	uint32_t at = 0;

	while (next_outer(other, range->address.family, &at, &last, &one)) {
		if (contains(&one, range))
			return size_of(range);
		if (contains(range, &one))
			count += size_of(&one);
	}
	return count;
}

/* Addresses of a set, those in more than one prefix once; with `other`, only those that lie in
 * that, too. Prefixes nest or are apart, and come in ascending order. */
static double count_of(const struct nw_cdn *set, const struct nw_cdn *other, int family)
{
	struct nw_cdn_range last = { 0 }, range;
	double count = 0;
	uint32_t at = 0;

	while (next_outer(set, family, &at, &last, &range))
		count += other ? overlap(&range, other) : size_of(&range);
	return count;
}

static void tell(char sign, const struct nw_cdn_range *range, uint32_t *count, uint32_t shown_max)
{
	char text[NW_CDN_ADDRESS_TEXT_BYTES];

	if (++*count <= shown_max)
		printf("  %c %s/%u %s\n", sign, nw_cdn_address_text(&range->address, text),
		       range->bits, nw_cdn_kind_name(range->kind));
	else if (*count == shown_max + 1)
		printf("  %c ... and more\n", sign);
}

/* Both are in ascending order: one walk over the two. */
static void tell_difference(const struct nw_cdn *old, const struct nw_cdn *new_one,
			    uint32_t shown_max, struct cdn_difference *difference)
{
	struct nw_cdn_range a, b;
	uint32_t i = 1, j = 1;

	while (i <= difference->old_count || j <= difference->new_count) {
		int order = i > difference->old_count ? 1 : j > difference->new_count ? -1 : 0;

		if (i <= difference->old_count)
			nw_cdn_range(old, i, &a);
		if (j <= difference->new_count)
			nw_cdn_range(new_one, j, &b);
		if (order == 0)
			order = compare(&a, &b);
		if (order < 0)
			tell('-', &a, &difference->removed, shown_max);
		else if (order > 0)
			tell('+', &b, &difference->added, shown_max);
		i += order <= 0;
		j += order >= 0;
	}
}

struct cdn_difference cdn_compare(const struct nw_cdn *old, const struct nw_cdn *new_one,
				  uint32_t shown_max)
{
	struct cdn_difference difference = { .old_count = old ? nw_cdn_range_count(old) : 0,
					     .new_count = nw_cdn_range_count(new_one) };
	static const int families[SHOWN_FAMILIES] = { 4, 6 };

	tell_difference(old, new_one, shown_max, &difference);
	for (int i = 0; old && i < SHOWN_FAMILIES; i++) {
		double before = count_of(old, NULL, families[i]);
		double after = before > 0 ? count_of(old, new_one, families[i]) : 0;

		if (before > 0 && 1 - after / before > difference.lost)
			difference.lost = 1 - after / before;
	}
	return difference;
}
