/* SPDX-License-Identifier: MIT */
/* Numbers of a relay's file: each a row of a table, with its unit, its range and what holds without
 * it. Invariant: what was taken is in its range. */
#ifndef APP_RELAY_NUMBER_H
#define APP_RELAY_NUMBER_H

#include "common/fields.h"
#include "relay/config.h"

enum relay_unit { RELAY_COUNT, RELAY_BYTES, RELAY_TIME };

/* What a number may be, and how it is written. */
struct relay_number {
	const char *key;
	size_t at; /* of a uint64_t in struct relay_config */
	enum relay_unit unit;
	uint64_t min, max, initial;
	bool is_pow2;
};

#define RELAY_NUMBER(key, field, ...)                                  \
	{                                                              \
		key, offsetof(struct relay_config, field), __VA_ARGS__ \
	}

#define RELAY_NS_PER_S UINT64_C(1000000000)

/* The number of a table that has the tree's key. */
void relay_take_numbers(struct app_reader *reader, const struct app_tree *tree,
			const struct relay_number *numbers, size_t count, void *config);
void relay_numbers_default(struct relay_config *config, const struct relay_number *numbers,
			   size_t count);
json_t *relay_numbers_json(const struct relay_config *config, const struct relay_number *numbers,
			   size_t count);
/* The key of the first that differs; NULL: none. */
const char *relay_numbers_differ(const struct relay_config *a, const struct relay_config *b,
				 const struct relay_number *numbers, size_t count);

#endif /* APP_RELAY_NUMBER_H */
