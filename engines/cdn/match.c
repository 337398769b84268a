/* SPDX-License-Identifier: MIT */
/* Globs without going back further than the last star; suffixes by a hash of each label's rest. */
#include "cdn/match.h"

#include <stdalign.h>
#include <string.h>
#include <strings.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_one(char glob, char c)
{
	if (glob == '?')
		return true;
	if (glob == '#')
		return c >= '0' && c <= '9';
	return glob == lower(c);
}

bool nwi_cdn_glob(const char *glob, const char *text)
{
	const char *star = NULL, *resume = NULL;
	size_t left = NWI_CDN_TEXT_MAX;

	while (*text && left > 0) {
		if (*glob == '*') {
			star = ++glob;
			resume = text;
		} else if (*glob && is_one(*glob, *text)) {
			glob++, text++, left--;
		} else if (star) {
			/* The star takes one more; what came behind it is tried again. */
			left += (size_t)(text - resume) - 1;
			glob = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

/* --- Words --- */

/* FNV-1a: texts are short and come from files, not from who could choose them to collide. */
static uint32_t hash(const char *text, size_t n_bytes)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n_bytes; i++)
		h = (h ^ (unsigned char)lower(text[i])) * 16777619u;
	return h ^ h >> 15;
}

static const char *word_of(const struct nwi_cdn_pattern *pattern)
{
	return pattern->header ? pattern->header : pattern->glob;
}

bool nwi_cdn_words_init(struct nw_arena *arena, struct nwi_cdn_words *words, uint32_t count)
{
	uint32_t slots = 16;

	while (slots < 2 * count)
		slots *= 2;
	words->mask = slots - 1;
	words->slots = nw_arena_alloc(arena, slots * sizeof(struct nwi_cdn_pattern *),
				      alignof(struct nwi_cdn_pattern *));
	return words->slots != NULL;
}

static struct nwi_cdn_pattern **slot_of(const struct nwi_cdn_words *words, const char *text,
					size_t n_bytes)
{
	uint32_t at = hash(text, n_bytes) & words->mask;

	for (; words->slots[at]; at = (at + 1) & words->mask) {
		const char *word = word_of(words->slots[at]);

		if (strncasecmp(word, text, n_bytes) == 0 && word[n_bytes] == '\0')
			break;
	}
	return &words->slots[at];
}

void nwi_cdn_words_add(struct nwi_cdn_words *words, struct nwi_cdn_pattern *pattern)
{
	const char *word = word_of(pattern);
	struct nwi_cdn_pattern **slot = slot_of(words, word, strlen(word));

	pattern->next = *slot;
	*slot = pattern;
}

const struct nwi_cdn_pattern *nwi_cdn_words_find(const struct nwi_cdn_words *words,
						 const char *text, size_t n_bytes)
{
	return *slot_of(words, text, n_bytes);
}

const struct nwi_cdn_pattern *nwi_cdn_words_suffix(const struct nwi_cdn_words *words,
						   const char *name)
{
	size_t n_bytes = strnlen(name, NWI_CDN_TEXT_MAX);

	while (n_bytes > 0 && name[n_bytes - 1] == '.')
		n_bytes--;
	for (int label = 0; label < NWI_CDN_LABELS_MAX && n_bytes > 0; label++) {
		const struct nwi_cdn_pattern *found = nwi_cdn_words_find(words, name, n_bytes);
		const char *dot;

		if (found)
			return found;
		dot = memchr(name, '.', n_bytes);
		if (!dot)
			return NULL;
		n_bytes -= (size_t)(dot + 1 - name);
		name = dot + 1;
	}
	return NULL;
}
