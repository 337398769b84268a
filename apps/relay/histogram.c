/* SPDX-License-Identifier: MIT */
/* Classes: 64 of equal width for every power of two; below 64 one a value. Invariant: class_of()
 * grows with its value, and top_of() is the largest of its class. */
#include "relay/histogram.h"

#include <inttypes.h>
#include <stdio.h>

enum { PER_POWER = 1 << RELAY_CLASS_BITS, MILLION = 1000000 };

static uint32_t class_of(uint64_t value)
{
	uint32_t shift;

	if (value < PER_POWER)
		return (uint32_t)value;
	shift = 63 - RELAY_CLASS_BITS - (uint32_t)__builtin_clzll(value);
	return (shift << RELAY_CLASS_BITS) + (uint32_t)(value >> shift);
}

static uint64_t top_of(uint32_t class_idx)
{
	uint32_t shift = class_idx < 2 * PER_POWER ? 0 : (class_idx >> RELAY_CLASS_BITS) - 1;
	uint64_t step = class_idx - ((uint64_t)shift << RELAY_CLASS_BITS);

	return ((step + 1) << shift) - 1;
}

void relay_histogram_add(struct relay_histogram *histogram, uint64_t value, uint64_t count)
{
	histogram->counts[class_of(value)] += count;
	histogram->total += count;
	if (value > histogram->max)
		histogram->max = value;
}

uint64_t relay_histogram_at(const struct relay_histogram *histogram, uint32_t per_million)
{
	uint64_t seen = 0, wanted;

	if (histogram->total == 0)
		return 0;
	/* Rounded up, in an order that does not overflow. */
	wanted = histogram->total / MILLION * per_million +
		 (histogram->total % MILLION * per_million + MILLION - 1) / MILLION;
	for (uint32_t i = 0; i < RELAY_CLASS_COUNT; i++) {
		seen += histogram->counts[i];
		if (seen >= wanted)
			return top_of(i) < histogram->max ? top_of(i) : histogram->max;
	}
	return histogram->max;
}

json_t *relay_histogram_json(const struct relay_histogram *histogram)
{
	return json_pack("{s:f, s:f, s:f, s:f}", "p50",
			 (double)relay_histogram_at(histogram, 500000) / 1e9, "p99",
			 (double)relay_histogram_at(histogram, 990000) / 1e9, "p999",
			 (double)relay_histogram_at(histogram, 999000) / 1e9, "max",
			 (double)histogram->max / 1e9);
}

char *relay_histogram_format(const struct relay_histogram *histogram, char *buf, size_t buf_bytes)
{
	(void)snprintf(buf, buf_bytes, "p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us",
		       (double)relay_histogram_at(histogram, 500000) / 1e3,
		       (double)relay_histogram_at(histogram, 990000) / 1e3,
		       (double)relay_histogram_at(histogram, 999000) / 1e3,
		       (double)histogram->max / 1e3);
	return buf;
}
