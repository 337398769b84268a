/* SPDX-License-Identifier: MIT */
/*
 * Words of people and exact integers: amounts of resources, seconds.
 * Invariant: what does not fit 64 bits is refused, never cut.
 */
#include "common/app.h"
#include "dag/file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { THOUSAND = 1000 };

bool dag_parse_amount(enum nw_resource_dim dim, const char *text, uint64_t *ret_amount)
{
	uint64_t amount;
	const char *end;

	switch (dim) {
	case NW_RESOURCE_CPU:
	case NW_RESOURCE_GPU:
		if (!app_parse_decimal(text, THOUSAND, &amount, &end) || *end)
			return false;
		break;
	case NW_RESOURCE_MEMORY:
	case NW_RESOURCE_IO:
		if (!app_parse_bytes(text, &amount))
			return false;
		break;
	default:
		if (!app_parse_u64(text, 0, UINT64_MAX, &amount))
			return false;
	}
	*ret_amount = amount;
	return true;
}

const char *dag_amount_words(enum nw_resource_dim dim)
{
	switch (dim) {
	case NW_RESOURCE_CPU:
		return "CPUs, as 2 or 0.5";
	case NW_RESOURCE_GPU:
		return "devices, as 1 or 0.25";
	case NW_RESOURCE_MEMORY:
		return "bytes, as 512M or 2GiB";
	case NW_RESOURCE_IO:
		return "bytes a second, as 200M";
	default:
		return nw_resource_unit(dim);
	}
}

bool dag_parse_seconds(const char *text, uint64_t *ret_ns)
{
	char *end;
	double seconds;

	if ((*text < '0' || *text > '9') && *text != '.')
		return false;
	errno = 0;
	seconds = strtod(text, &end);
	if (errno != 0 || *end || !isfinite(seconds) || seconds < 0 || seconds >= 1e9)
		return false;
	*ret_ns = (uint64_t)(seconds * 1e9);
	return true;
}
