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
	return line[indent_of(line)] == '\n' || line[indent_of(line)] == '\0';
}

/* Those of a list that the new one has no word about: it came in one family alone. */
static bool is_kept(const char *prefix, const struct cdn_import *import)
{
	return strchr(prefix, ':') ? !import->has_ipv6 : !import->has_ipv4;
}

static void put_prefix(struct growing *to, size_t indent, const char *prefix)
{
	for (size_t i = 0; i < indent; i++)
		put(to, " ", 1);
	put_text(to, prefix);
	put_text(to, "\n");
}

static void put_prefixes(struct growing *to, size_t indent, const struct cdn_import *import)
{
	for (uint32_t i = 0; i < import->count; i++)
		put_prefix(to, indent, import->prefixes[i]);
}

/* Old prefixes of the other family, then the new ones; returns where the old ones end. */
static const char *replace_prefixes(struct growing *to, const char *at, size_t key_indent,
				    const struct cdn_import *import)
{
	put_text(to, "    prefixes: |\n");
	at = line_end(at);
	while (*at && (is_blank(at) || indent_of(at) > key_indent)) {
		char word[64];

		if (sscanf(at, " - %63[^ \n#]", word) == 1 ||
		    sscanf(at, " %63[^ \n#]", word) == 1) {
			if (word[0] != '#' && is_kept(word, import))
				put_prefix(to, key_indent + 2, word);
		}
		at = line_end(at);
	}
	put_prefixes(to, key_indent + 2, import);
	return at;
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
			const char *behind = replace_prefixes(to, at, indent_of(at), import);

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
