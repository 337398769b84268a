/* SPDX-License-Identifier: MIT */
/*
 * Addresses that names once had: lines of "NAME ADDRESS [DATE]" or "ADDRESS [DATE]", with blanks or
 * commas between, or JSON objects of name, address and date.
 * Invariant: a file that has one bad line is refused with its number.
 */
#include "cdn/active.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BYTES_MAX = 64 << 20 };

static bool make_room(struct cdn_history *history)
{
	size_t room = history->room ? 2 * history->room : 64;
	void *names, *entries;

	if (history->count < history->room)
		return true;
	names = realloc(history->names, room * sizeof(*history->names));
	if (names)
		history->names = names;
	entries = realloc(history->entries, room * sizeof(*history->entries));
	if (entries)
		history->entries = entries;
	if (names && entries)
		history->room = room;
	return names && entries;
}

/* NULL, or what is wrong with the line. */
static const char *add(struct cdn_history *history, const char *name, const char *address,
		       const char *date)
{
	struct nw_cdn_history entry = { .date = NULL };

	if (!address || !nw_cdn_address_parse(address, &entry.address))
		return "there is no address where one should be";
	if (!make_room(history))
		return "no memory";
	entry.date = date ? strdup(date) : NULL;
	history->names[history->count] = name ? strdup(name) : NULL;
	history->entries[history->count++] = entry;
	return (date && !entry.date) || (name && !history->names[history->count - 1]) ? "no memory"
										      : NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *add_json(struct cdn_history *history, const char *line)
{
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *wrong = "this is no JSON object";

	if (json_is_object(object))
		wrong = add(history, text_of(object, "name"), text_of(object, "address"),
			    text_of(object, "date"));
	json_decref(object);
	return wrong;
}

/* Up to three words; the first may be left out. */
static const char *add_text(struct cdn_history *history, char *line)
{
	struct nw_cdn_address address;
	char *words[4] = { NULL }, *save = NULL;
	size_t count = 0;

	for (char *word = strtok_r(line, " \t,;", &save); word && count < 4;
	     word = strtok_r(NULL, " \t,;", &save))
		words[count++] = word;
	if (count > 3)
		return "there is more than a name, an address and a date";
	if (count > 0 && nw_cdn_address_parse(words[0], &address))
		return count > 2 ? "there is more than an address and a date"
				 : add(history, NULL, words[0], words[1]);
	return add(history, words[0], words[1], words[2]);
}

static const char *add_line(struct cdn_history *history, char *line)
{
	line[strcspn(line, "\r")] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return NULL;
	return *line == '{' ? add_json(history, line) : add_text(history, line);
}

int cdn_history_read(struct cdn_history *history, const char *path)
{
	size_t n_bytes, number = 0;
	char *text = NULL, *end;
	int rc = app_read_file(path, BYTES_MAX, &text, &n_bytes);

	if (rc < 0)
		return app_failed(CDN_NAME, "%s: %s", path, strerror(-rc));
	end = realloc(text, n_bytes + 1);
	if (!end) {
		free(text);
		return app_failed(CDN_NAME, "no memory");
	}
	text = end;
	text[n_bytes] = '\0';
	for (char *line = text, *next; line < text + n_bytes; line = next) {
		const char *wrong;

		next = line + strcspn(line, "\n");
		*next++ = '\0';
		number++;
		wrong = add_line(history, line);
		if (wrong) {
			free(text);
			return app_bad(CDN_NAME, "%s, line %zu: %s", path, number, wrong);
		}
	}
	free(text);
	return APP_OK;
}

void cdn_history_free(struct cdn_history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		free(history->names[i]);
		free((char *)history->entries[i].date); /* made by add() */
	}
	free(history->names);
	free(history->entries);
}

/* Of the name itself, with or without www. */
static bool is_of(const char *name, const char *wanted)
{
	if (!name)
		return true;
	if (strncasecmp(name, "www.", 4) == 0)
		name += 4;
	if (strncasecmp(wanted, "www.", 4) == 0)
		wanted += 4;
	return strcasecmp(name, wanted) == 0;
}

bool cdn_history_of(const struct cdn_history *history, const char *name,
		    struct nw_cdn_history **ret_entries, uint32_t *ret_count)
{
	struct nw_cdn_history *entries = calloc(history->count + 1, sizeof(*entries));
	uint32_t count = 0;

	if (!entries)
		return false;
	for (size_t i = 0; i < history->count; i++)
		if (is_of(history->names[i], name))
			entries[count++] = history->entries[i];
	*ret_entries = entries;
	*ret_count = count;
	return true;
}
