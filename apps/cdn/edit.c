/* SPDX-License-Identifier: MIT */
/*
 * A list into the text of a provider's file: the lines of its date and prefixes are replaced, all
 * others stay, comments and weights with them.
 * Invariant: the text is one that app_tree_read() took.
 */
#include "cdn/update.h"

#include "common/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Text that grows; is_lost: there was no memory for some of it. */
struct growing {
	char *text;
	size_t n_bytes, room;
	bool is_lost;
};

static void put(struct growing *to, const char *text, size_t n_bytes)
{
	if (to->n_bytes + n_bytes + 1 > to->room) {
		size_t room = 2 * (to->n_bytes + n_bytes + 1);
		char *grown = realloc(to->text, room);

		if (!grown) {
			to->is_lost = true;
			return;
		}
		to->text = grown;
		to->room = room;
	}
	memcpy(to->text + to->n_bytes, text, n_bytes);
	to->n_bytes += n_bytes;
	to->text[to->n_bytes] = '\0';
}

static void put_text(struct growing *to, const char *text)
{
	put(to, text, strlen(text));
}

static const char *line_end(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

static size_t indent_of(const char *line)
{
	return strspn(line, " ");
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r")] == '\n' || line[strspn(line, " \t\r")] == '\0';
}

static void put_prefix(struct growing *to, size_t indent, const char *prefix, size_t n_bytes)
{
	for (size_t i = 0; i < indent; i++)
		put(to, " ", 1);
	put(to, prefix, n_bytes);
	put_text(to, "\n");
}

static void put_prefixes(struct growing *to, size_t indent, const struct cdn_import *import)
{
	for (uint32_t i = 0; i < import->count; i++)
		put_prefix(to, indent, import->prefixes[i], strlen(import->prefixes[i]));
}

/* Those of an old text that the new list has no word about: it came in one family alone. Words and
 * remarks are told apart as those who read the file do. */
static void keep_words(struct growing *to, size_t indent, const char *text,
		       const struct cdn_import *import)
{
	while (*text) {
		size_t n_bytes = strcspn(text, " \t\n#");
		bool is_ipv6 = memchr(text, ':', n_bytes) != NULL;

		if (n_bytes > 0 && !(is_ipv6 ? import->has_ipv6 : import->has_ipv4))
			put_prefix(to, indent, text, n_bytes);
		text += n_bytes;
		text += *text == '#' ? strcspn(text, "\n") : strspn(text, " \t\n");
	}
}

/* Behind the value of a key; a list's dashes may stand right below the key. */
static const char *value_end(const char *key_line, size_t key_indent)
{
	const char *at = line_end(key_line);

	while (*at && (is_blank(at) || indent_of(at) > key_indent ||
		       (indent_of(at) == key_indent && at[key_indent] == '-')))
		at = line_end(at);
	return at;
}

/* Old prefixes of the other family, then the new ones, below the key where it was, with the dash
 * before it; returns where the old ones end. */
static const char *replace_prefixes(struct growing *to, const char *at, const struct app_tree *old,
				    const struct cdn_import *import)
{
	size_t key_indent = strspn(at, " -");

	put(to, at, key_indent);
	put_text(to, "prefixes: |\n");
	if (old->kind == APP_TREE_TEXT)
		keep_words(to, key_indent + 2, old->text, import);
	else
		for (const struct app_tree *item = old->first; item; item = item->next)
			if (item->kind == APP_TREE_TEXT)
				keep_words(to, key_indent + 2, item->text, import);
	put_prefixes(to, key_indent + 2, import);
	return value_end(at, key_indent);
}

static void put_list(struct growing *to, const struct cdn_import *import)
{
	put_text(to, "  - kind: ");
	put_text(to, import->kind ? import->kind : "cdn");
	put_text(to, "\n    source: \"");
	put_text(to, import->source);
	put_text(to, "\"\n    date: ");
	put_text(to, import->date);
	put_text(to, "\n    weight: ");
	put_text(to, import->weight);
	put_text(to, "\n    prefixes: |\n");
	put_prefixes(to, 6, import);
}

/* The list of the source in the file; NULL: none. */
static const struct app_tree *list_of(const struct app_tree *root, const char *source)
{
	const struct app_tree *lists = app_tree_get(root, "lists");

	for (const struct app_tree *list = lists ? lists->first : NULL; list; list = list->next) {
		const struct app_tree *value = app_tree_get(list, "source");

		if (value && value->kind == APP_TREE_TEXT && strcmp(value->text, source) == 0)
			return list;
	}
	return NULL;
}

static void replace(struct growing *to, const char *text, const struct app_tree *list,
		    const struct cdn_import *import)
{
	const struct app_tree *date = app_tree_get(list, "date");
	const struct app_tree *prefixes = app_tree_get(list, "prefixes");
	uint32_t line = 1;

	for (const char *at = text; *at; line++) {
		const char *end = line_end(at);

		if (date && line == date->key_line && strstr(at, "date:") &&
		    strstr(at, "date:") < end) {
			put(to, at, (size_t)(strstr(at, "date:") - at));
			put_text(to, "date: ");
			put_text(to, import->date);
			put_text(to, "\n");
		} else if (prefixes && line == prefixes->key_line) {
			const char *behind = replace_prefixes(to, at, prefixes, import);

			for (const char *c = end; c < behind; c++)
				line += *c == '\n';
			at = behind;
			continue;
		} else {
			put(to, at, (size_t)(end - at));
		}
		at = end;
	}
}

/* Right below the key `lists`, or at the end with it. */
static void insert(struct growing *to, const char *text, const struct cdn_import *import)
{
	const char *at = strncmp(text, "lists:", 6) == 0 ? text : strstr(text, "\nlists:\n");

	if (!at) {
		put_text(to, text);
		put_text(to, "lists:\n");
		put_list(to, import);
		return;
	}
	at = line_end(at + (*at == '\n'));
	put(to, text, (size_t)(at - text));
	put_list(to, import);
	put_text(to, at);
}

/* A provider that nobody has heard of yet. */
static void begin(struct growing *to, const struct cdn_import *import)
{
	put_text(to, "provider: ");
	put_text(to, import->provider);
	put_text(to, "\ntitle: \"");
	put_text(to, import->provider);
	put_text(to, "\"\nkind: ");
	put_text(to, import->kind ? import->kind : "cdn");
	put_text(to, "\nprior: -5\nlists:\n");
	put_list(to, import);
}

char *cdn_edit(struct app_pool *pool, const char *name, const char *text,
	       const struct cdn_import *import)
{
	struct growing to = { 0 };
	struct app_tree *root;
	struct app_fault fault;
	char *kept = NULL;
	int rc = text ? app_tree_read(pool, text, strlen(text), false, &root, &fault) : 0;

	if (rc == -EINVAL)
		(void)app_bad(CDN_UPDATE_NAME, "%s:%u: %s; nothing was changed", name, fault.line,
			      fault.text);
	if (rc != 0)
		return NULL;
	if (!text)
		begin(&to, import);
	else if (list_of(root, import->source))
		replace(&to, text, list_of(root, import->source), import);
	else
		insert(&to, text, import);
	if (!to.is_lost)
		kept = app_pool_text(pool, to.text, to.n_bytes);
	free(to.text);
	if (!kept)
		(void)app_failed(CDN_UPDATE_NAME, "no memory");
	return kept;
}
