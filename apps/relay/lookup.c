/* SPDX-License-Identifier: MIT */
/*
 * Which rule is for a name, and which names are known.
 * Invariant: both are found in time that grows with the length of the name, hardly with their
 * number.
 */
#include "relay/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/* Where in the index a name is, or would be. */
static uint32_t *place_of(const struct relay_names *names, const char *text)
{
	uint32_t mask = names->room * 2 - 1, i = nw_topic_id(text, strlen(text));

	while (names->index[i & mask] != 0 &&
	       strcmp(names->texts[names->index[i & mask] - 1], text) != 0)
		i++;
	return &names->index[i & mask];
}

static int grow(struct relay_names *names)
{
	uint32_t room = names->room ? names->room * 2 : 16;
	uint32_t *index = calloc((size_t)room * 2, sizeof(*index));
	char **texts = index ? realloc(names->texts, room * sizeof(*texts)) : NULL;

	if (texts)
		names->texts = texts;
	if (!index || !texts) {
		free(index);
		return -ENOMEM;
	}
	free(names->index);
	names->index = index;
	names->room = room;
	for (uint32_t i = 0; i < names->count; i++)
		*place_of(names, names->texts[i]) = i + 1;
	return 0;
}

int relay_names_add(struct relay_names *names, const char *text)
{
	if (names->count > 0 && *place_of(names, text) != 0)
		return 1;
	if (names->count == names->count_max)
		return -ENOSPC;
	if (names->count == names->room && grow(names) < 0)
		return -ENOMEM;
	names->texts[names->count] = strdup(text);
	if (!names->texts[names->count])
		return -ENOMEM;
	names->count++;
	*place_of(names, text) = names->count;
	return 0;
}

void relay_names_cut(struct relay_names *names, uint32_t count)
{
	if (count >= names->count)
		return;
	while (names->count > count)
		free(names->texts[--names->count]);
	memset(names->index, 0, (size_t)names->room * 2 * sizeof(*names->index));
	for (uint32_t i = 0; i < count; i++)
		*place_of(names, names->texts[i]) = i + 1;
}

void relay_names_free(struct relay_names *names)
{
	for (uint32_t i = 0; i < names->count; i++)
		free(names->texts[i]);
	free(names->texts);
	free(names->index);
	*names = (struct relay_names){ .count_max = names->count_max };
}

/* ---- rules of names ---- */

/* As strcmp() of a and the first n bytes of b. */
static int compare_start(const char *a, const char *b, size_t n)
{
	int order = strncmp(a, b, n);

	return order != 0 ? order : a[strnlen(a, n)] != '\0';
}

/* The first in order whose name is these bytes; NULL: none. */
static const struct relay_topic *find_among(const struct relay_topic *const *topics, uint32_t count,
					    const char *bytes, size_t n_bytes)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_start(topics[middle]->name, bytes, n_bytes) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < count && compare_start(topics[low]->name, bytes, n_bytes) == 0)
		return topics[low];
	return NULL;
}

const struct relay_topic *relay_rules_find(const struct relay_rules *rules, const char *name)
{
	size_t n = strlen(name);
	const struct relay_topic *topic = find_among(rules->exact, rules->exact_count, name, n);

	for (; !topic && n > 0; n--)
		topic = find_among(rules->prefixes, rules->prefix_count, name, n);
	return topic;
}

/* By name; of one name what denies comes first, then by line. */
static int compare_topics(const void *a, const void *b)
{
	const struct relay_topic *x = *(const struct relay_topic *const *)a;
	const struct relay_topic *y = *(const struct relay_topic *const *)b;
	int order = strcmp(x->name, y->name);

	if (order != 0 || x->is_denied != y->is_denied)
		return order != 0 ? order : y->is_denied - x->is_denied;
	return (x->line > y->line) - (x->line < y->line);
}

int relay_rules_index(struct relay_rules *rules, struct app_pool *pool, struct relay_sayer *sayer)
{
	int rc = 0;

	rules->exact = app_pool_array(pool, (size_t)rules->topic_count + 1, sizeof(void *));
	rules->prefixes = app_pool_array(pool, (size_t)rules->topic_count + 1, sizeof(void *));
	if (!rules->exact || !rules->prefixes)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->topic_count; i++) {
		const struct relay_topic *topic = &rules->topics[i];

		if (topic->is_prefix)
			rules->prefixes[rules->prefix_count++] = topic;
		else
			rules->exact[rules->exact_count++] = topic;
	}
	qsort(rules->exact, rules->exact_count, sizeof(void *), compare_topics);
	qsort(rules->prefixes, rules->prefix_count, sizeof(void *), compare_topics);
	for (uint32_t i = 1; i < rules->prefix_count; i++) {
		const struct relay_topic *first = rules->prefixes[i - 1],
					 *again = rules->prefixes[i];

		if (strcmp(first->name, again->name) != 0)
			continue;
		relay_say(sayer, rules->path, again->line,
			  "prefix '%s' is there already, at line %u", again->name,
			  (unsigned)first->line);
		rc = -EINVAL;
	}
	return rc;
}
