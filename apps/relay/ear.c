/* SPDX-License-Identifier: MIT */
/*
 * What a sender may hear: `hear:` of its rule, read and applied.
 *
 * Packets have numbers of topics, rules have names. A prefix is the known names that begin so; a
 * number that nobody has a name for is not under any prefix. Invariant: what is not said may not be
 * heard, unless allow_all opens what no rule mentions.
 */
#include "relay/ear.h"

#include <errno.h>
#include <nw/packet.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the text ---- */

static void heard_text(struct app_reader *reader, const struct app_tree *tree,
		       struct relay_heard *heard)
{
	if (app_take_text(reader, tree, &heard->text) &&
	    !relay_is_clean(heard->text, RELAY_TOPIC_NAME_MAX))
		app_refuse(reader, tree, "1 to 255 bytes, no control characters");
}

static void heard_prefix(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_heard *heard = into;

	heard_text(reader, tree, heard);
	heard->is_prefix = true;
}

static void heard_name(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	heard_text(reader, tree, into);
}

static void take_item(struct app_reader *reader, const struct app_tree *item,
		      struct relay_heard *heard)
{
	static const struct app_field fields[] = { { "name", heard_name },
						   { "prefix", heard_prefix } };

	if (item->kind == APP_TREE_TEXT) {
		heard_text(reader, item, heard);
		return;
	}
	app_take_map(reader, item, fields, sizeof(fields) / sizeof(fields[0]), heard);
	if (item->kind == APP_TREE_MAP && item->count != 1)
		app_reader_bad(reader, item->line, "%s: hear: name or prefix, one of them",
			       reader->what);
}

/* Whether two rules say the same is asked when they are replaced: each item, behind what was
 * before. */
static void digest(struct relay_hear *hear)
{
	unsigned char bytes[RELAY_DIGEST_BYTES + 1 + RELAY_TOPIC_NAME_MAX];

	for (uint32_t i = 0; i < hear->count; i++) {
		const struct relay_heard *item = &hear->items[i];
		size_t n = item->text ? strnlen(item->text, RELAY_TOPIC_NAME_MAX) : 0;

		memcpy(bytes, hear->digest, RELAY_DIGEST_BYTES);
		bytes[RELAY_DIGEST_BYTES] = item->is_prefix;
		if (n > 0)
			memcpy(bytes + RELAY_DIGEST_BYTES + 1, item->text, n);
		(void)SHA256(bytes, RELAY_DIGEST_BYTES + 1 + n, hear->digest);
	}
}

void relay_take_hear(struct app_reader *reader, const struct app_tree *tree,
		     struct relay_hear *ret_hear)
{
	struct relay_hear hear = { .is_said = true, .count = tree->count };
	uint32_t i = 0;

	if (tree->kind == APP_TREE_TEXT && strcmp(tree->text, "all") == 0) {
		*ret_hear = (struct relay_hear){ .is_said = true, .is_all = true };
		return;
	}
	if (tree->kind != APP_TREE_LIST) {
		app_refuse(reader, tree, "all, or a list of names and { prefix: ... }");
		return;
	}
	hear.items = app_pool_array(reader->pool, (size_t)hear.count + 1, sizeof(*hear.items));
	if (!hear.items) {
		reader->is_out_of_memory = true;
		return;
	}
	for (const struct app_tree *item = tree->first; item; item = item->next)
		take_item(reader, item, &hear.items[i++]);
	digest(&hear);
	*ret_hear = hear;
}

/* ---- who may hear what ---- */

/* NULL: there is no rule, or it does not say. */
static const struct relay_hear *rule_of(const struct relay_rules *rules, const char *name)
{
	const struct relay_sender *sender = relay_rules_sender(rules, name);

	return sender && sender->hear.is_said ? &sender->hear : NULL;
}

static bool hears_all(const struct relay_rules *rules, const struct relay_hear *hear)
{
	return hear ? hear->is_all : rules->allow_all;
}

void relay_ear_digest(const struct relay_rules *rules, const char *name, unsigned char *ret_digest)
{
	const struct relay_hear *hear = rule_of(rules, name);

	memset(ret_digest, hears_all(rules, hear) ? 0xff : 0, RELAY_DIGEST_BYTES);
	if (hear && !hear->is_all)
		memcpy(ret_digest, hear->digest, RELAY_DIGEST_BYTES);
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool relay_ear_takes_prefix(const struct relay_set *set, const char *name, const char *prefix)
{
	const struct relay_hear *hear = rule_of(set->rules, name);

	if (hears_all(set->rules, hear))
		return true;
	for (uint32_t i = 0; hear && i < hear->count; i++)
		if (hear->items[i].is_prefix && begins(prefix, hear->items[i].text))
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Adds the numbers of an item: its own, or those of all known names below it. */
static uint32_t add_item(const struct relay_set *set, const struct relay_heard *item,
			 uint32_t *topics)
{
	uint32_t count = 0;

	if (!item->is_prefix) {
		topics[0] = nw_topic_id(item->text, strlen(item->text));
		return 1;
	}
	for (uint32_t i = 0; i < set->name_count; i++)
		if (begins(set->names[i], item->text))
			topics[count++] = nw_topic_id(set->names[i], strlen(set->names[i]));
	return count;
}

static size_t room_for(const struct relay_set *set, const struct relay_hear *hear)
{
	size_t room = 1;

	for (uint32_t i = 0; i < hear->count; i++)
		room += hear->items[i].is_prefix ? set->name_count : 1;
	return room;
}

int relay_ear_tune(struct relay_ear *ear, const struct relay_set *set, const char *name)
{
	const struct relay_hear *hear = rule_of(set->rules, name);
	uint32_t *topics;

	if (ear->set_version == set->version)
		return 0;
	relay_ear_free(ear);
	*ear = (struct relay_ear){ .set_version = set->version,
				   .is_all = hears_all(set->rules, hear) };
	if (ear->is_all || !hear)
		return 0;
	topics = malloc(room_for(set, hear) * sizeof(*topics));
	if (!topics) {
		ear->set_version = 0;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < hear->count; i++)
		ear->count += add_item(set, &hear->items[i], topics + ear->count);
	qsort(topics, ear->count, sizeof(*topics), compare);
	ear->topics = topics;
	return 0;
}

bool relay_ear_takes(const struct relay_ear *ear, uint32_t topic)
{
	return ear->is_all || (ear->count > 0 && bsearch(&topic, ear->topics, ear->count,
							 sizeof(topic), compare) != NULL);
}

void relay_ear_free(struct relay_ear *ear)
{
	free(ear->topics);
	*ear = (struct relay_ear){ .set_version = 0 };
}
