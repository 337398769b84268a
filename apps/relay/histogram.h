/* SPDX-License-Identifier: MIT */
/*
 * Times in classes of 1.6 % each, from a nanosecond to centuries.
 * Invariant: a percentile is not below the true one, and at most one class above it.
 */
#ifndef APP_RELAY_HISTOGRAM_H
#define APP_RELAY_HISTOGRAM_H

#include <jansson.h>
#include <stdint.h>

enum { RELAY_CLASS_BITS = 6, RELAY_CLASS_COUNT = (64 - RELAY_CLASS_BITS + 1) << RELAY_CLASS_BITS };

struct relay_histogram {
	uint64_t counts[RELAY_CLASS_COUNT];
	uint64_t total, max;
};

void relay_histogram_add(struct relay_histogram *histogram, uint64_t value, uint64_t count);
/* What per_million of all are not above; 0: there are none. */
uint64_t relay_histogram_at(const struct relay_histogram *histogram, uint32_t per_million);
/* { "p50": ..., "p99": ..., "p999": ..., "max": ... } in seconds. NULL: no memory. */
json_t *relay_histogram_json(const struct relay_histogram *histogram);
/* "p50 12 us, p99 ..." in buf, at least 128 bytes. Returns buf. */
char *relay_histogram_format(const struct relay_histogram *histogram, char *buf, size_t buf_bytes);

#endif /* APP_RELAY_HISTOGRAM_H */
