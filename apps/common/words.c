/* SPDX-License-Identifier: MIT */
/*
 * Words of people and exact integers: decimals, durations in ns.
 * Invariant: what does not fit 64 bits is refused, never cut.
 */
#include "common/app.h"

#include <inttypes.h>
#include <string.h>

enum { THOUSAND = 1000 };
#define NS_PER_S UINT64_C(1000000000)

bool app_parse_decimal(const char *text, uint64_t scale, uint64_t *ret, const char **ret_end)
{
	uint64_t whole = 0, part = 0;
	const char *c = text;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*c - '0'), &whole))
			return false;
	if (__builtin_mul_overflow(whole, scale, &whole))
		return false;
	if (*c == '.') {
		if (c[1] < '0' || c[1] > '9')
			return false;
		for (c++; *c >= '0' && *c <= '9'; c++) {
			if (scale == 1)
				return false;
			scale /= 10;
			part += (uint64_t)(*c - '0') * scale;
		}
	}
	*ret_end = c;
	return !__builtin_add_overflow(whole, part, ret);
}

bool app_parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "", NS_PER_S },         { "s", NS_PER_S },        { "ms", 1000000 },
		      { "us", 1000 },           { "m", 60 * NS_PER_S },   { "min", 60 * NS_PER_S },
		      { "h", 3600 * NS_PER_S }, { "d", 86400 * NS_PER_S } };
	uint64_t thousandths, ns;
	const char *end;

	if (!app_parse_decimal(text, THOUSAND, &thousandths, &end))
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (__builtin_mul_overflow(thousandths, units[i].ns / THOUSAND, &ns))
			return false;
		*ret_ns = ns;
		return true;
	}
	return false;
}

char *app_format_duration(uint64_t ns, char *buf, size_t buf_bytes)
{
	uint64_t s = ns / NS_PER_S;

	if (ns < NS_PER_S)
		(void)snprintf(buf, buf_bytes, "%" PRIu64 " ms", ns / 1000000);
	else if (s < 60)
		(void)snprintf(buf, buf_bytes, "%" PRIu64 ".%" PRIu64 " s", s,
			       ns % NS_PER_S / (NS_PER_S / 10));
	else if (s < 3600)
		(void)snprintf(buf, buf_bytes, "%" PRIu64 " m %02" PRIu64 " s", s / 60, s % 60);
	else
		(void)snprintf(buf, buf_bytes, "%" PRIu64 " h %02" PRIu64 " m", s / 3600,
			       s % 3600 / 60);
	return buf;
}
