/* SPDX-License-Identifier: MIT */
/* Numbers of a relay's file. Invariant: one row says all of a number: nothing of it stands
 * elsewhere. */
#include "relay/number.h"

#include "common/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t *number_in(void *config, const struct relay_number *number)
{
	return (uint64_t *)(void *)((char *)config + number->at);
}

static bool parse_unit(enum relay_unit unit, const char *text, uint64_t *ret)
{
	return unit == RELAY_TIME    ? app_parse_duration(text, ret)
	       : unit == RELAY_BYTES ? app_parse_bytes(text, ret)
				     : relay_parse_rate(text, ret);
}

static char *format_unit(enum relay_unit unit, uint64_t n, char *buf, size_t buf_bytes)
{
	if (unit == RELAY_BYTES)
		return app_format_bytes(n, buf, buf_bytes);
	if (unit == RELAY_COUNT)
		(void)snprintf(buf, buf_bytes, "%" PRIu64, n);
	else
		(void)snprintf(buf, buf_bytes, n % 1000000 ? "%" PRIu64 "us" : "%" PRIu64 "ms",
			       n % 1000000 ? n / 1000 : n / 1000000);
	return buf;
}

static void take_number(struct app_reader *reader, const struct app_tree *tree,
			const struct relay_number *number, void *into)
{
	char wanted[120], min[32], max[32];
	uint64_t n = 0;

	if (tree->kind == APP_TREE_TEXT && parse_unit(number->unit, tree->text, &n) &&
	    n >= number->min && n <= number->max && (!number->is_pow2 || (n & (n - 1)) == 0)) {
		*number_in(into, number) = n;
		return;
	}
	(void)snprintf(wanted, sizeof(wanted), "%s from %s to %s",
		       number->is_pow2               ? "a power of two"
		       : number->unit == RELAY_BYTES ? "bytes, as 64k,"
		       : number->unit == RELAY_TIME  ? "a duration, as 5s or 100ms,"
						     : "a whole number",
		       format_unit(number->unit, number->min, min, sizeof(min)),
		       format_unit(number->unit, number->max, max, sizeof(max)));
	app_refuse(reader, tree, wanted);
}

void relay_take_numbers(struct app_reader *reader, const struct app_tree *tree,
			const struct relay_number *numbers, size_t count, void *config)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(numbers[i].key, tree->key) == 0)
			take_number(reader, tree, &numbers[i], config);
}

void relay_numbers_default(struct relay_config *config, const struct relay_number *numbers,
			   size_t count)
{
	for (size_t i = 0; i < count; i++)
		*number_in(config, &numbers[i]) = numbers[i].initial;
}

json_t *relay_numbers_json(const struct relay_config *config, const struct relay_number *numbers,
			   size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++) {
		uint64_t n;

		memcpy(&n, (const char *)config + numbers[i].at, sizeof(n));
		(void)json_object_set_new(object, numbers[i].key,
					  numbers[i].unit == RELAY_TIME
						  ? json_real((double)n / (double)RELAY_NS_PER_S)
						  : json_integer((json_int_t)n));
	}
	return object;
}

const char *relay_numbers_differ(const struct relay_config *a, const struct relay_config *b,
				 const struct relay_number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp((const char *)a + numbers[i].at, (const char *)b + numbers[i].at,
			   sizeof(uint64_t)) != 0)
			return numbers[i].key;
	return NULL;
}
