/* SPDX-License-Identifier: MIT */
/*
 * Maps of files into structs.
 * Invariant: whatever is refused is said with its line, and reading goes on: one run tells all.
 */
#include "common/fields.h"

#include "common/app.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_TEXT = 256, LINE_TEXT = 400 };

void app_reader_bad(struct app_reader *reader, uint32_t line, const char *format, ...)
{
	char text[LINE_TEXT];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reader->say(reader->arg, line, text);
}

void app_refuse(struct app_reader *reader, const struct app_tree *tree, const char *wanted)
{
	const char *key = tree->key ? tree->key : "an item of the list";

	if (tree->kind == APP_TREE_TEXT)
		app_reader_bad(reader, tree->line, "%s: %s takes %s, not '%.60s'", reader->what,
			       key, wanted, tree->text);
	else
		app_reader_bad(reader, tree->line, "%s: %s takes %s, not %s", reader->what, key,
			       wanted, app_tree_kind_name(tree));
}

static void refuse_key(struct app_reader *reader, const struct app_tree *item,
		       const struct app_field *fields, size_t field_count)
{
	char keys[KEYS_TEXT] = "";
	size_t used = 0;

	for (size_t i = 0; i < field_count && used < sizeof(keys); i++)
		used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", i ? ", " : "",
					 fields[i].key);
	app_reader_bad(reader, item->key_line, "%s: no key '%.60s' here; there are %s",
		       reader->what, item->key, keys);
}

/* Every key once, each by its own function; null counts as not there. */
void app_take_map(struct app_reader *reader, const struct app_tree *tree,
		  const struct app_field *fields, size_t field_count, void *into)
{
	uint32_t seen = 0;

	if (tree->kind != APP_TREE_MAP) {
		app_reader_bad(reader, tree->line, "%s is to be a map of keys and values, not %s",
			       reader->what, app_tree_kind_name(tree));
		return;
	}
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		size_t i = 0;

		while (i < field_count && strcmp(fields[i].key, item->key) != 0)
			i++;
		if (i == field_count) {
			refuse_key(reader, item, fields, field_count);
			continue;
		}
		if (seen & (1u << i))
			app_reader_bad(reader, item->key_line, "%s: %s twice; take one out",
				       reader->what, item->key);
		seen |= 1u << i;
		if (!app_tree_is_null(item) && fields[i].take)
			fields[i].take(reader, item, into);
	}
}

/* ---- values ---- */

bool app_take_text(struct app_reader *reader, const struct app_tree *tree, const char **ret)
{
	if (tree->kind != APP_TREE_TEXT) {
		app_refuse(reader, tree, "a text");
		return false;
	}
	*ret = tree->text;
	return true;
}

uint64_t app_take_number(struct app_reader *reader, const struct app_tree *tree, uint64_t max)
{
	uint64_t number = 0;
	char wanted[48], *end = NULL;

	if (tree->kind == APP_TREE_TEXT && *tree->text >= '0' && *tree->text <= '9') {
		errno = 0;
		number = strtoumax(tree->text, &end, 10);
		if (errno == 0 && *end == '\0' && number <= max)
			return number;
	}
	(void)snprintf(wanted, sizeof(wanted), "a whole number, 0..%" PRIu64, max);
	app_refuse(reader, tree, wanted);
	return 0;
}

bool app_take_bool(struct app_reader *reader, const struct app_tree *tree)
{
	if (tree->kind == APP_TREE_TEXT && strcmp(tree->text, "true") == 0)
		return true;
	if (tree->kind != APP_TREE_TEXT || strcmp(tree->text, "false") != 0)
		app_refuse(reader, tree, "true or false");
	return false;
}

uint64_t app_take_duration(struct app_reader *reader, const struct app_tree *tree)
{
	uint64_t ns = 0;

	if (tree->kind != APP_TREE_TEXT || !app_parse_duration(tree->text, &ns))
		app_refuse(reader, tree, "a duration, as 1.5s, 200ms, 2m or 1h");
	return ns;
}

/* A list of texts, or one text for a list of one. */
const char **app_take_texts(struct app_reader *reader, const struct app_tree *tree,
			    uint32_t *ret_count)
{
	uint32_t count = tree->kind == APP_TREE_TEXT ? 1 : tree->count, n = 0;
	const char **texts = app_pool_array(reader->pool, count, sizeof(*texts));

	*ret_count = 0;
	if (tree->kind == APP_TREE_MAP) {
		app_refuse(reader, tree, "a list of texts");
		return NULL;
	}
	if (!texts) {
		reader->is_out_of_memory = true;
		return NULL;
	}
	if (tree->kind == APP_TREE_TEXT)
		texts[n++] = tree->text;
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		if (item->kind == APP_TREE_TEXT)
			texts[n++] = item->text;
		else
			app_reader_bad(reader, item->line, "%s: %s takes a list of texts",
				       reader->what, tree->key);
	}
	*ret_count = n;
	return texts;
}
