/* SPDX-License-Identifier: MIT */
/* MinHash of a page's words, and its title. */
#include "cdn/ask_sketch.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

enum { WORD_MAX = 24 };

/* --- The title --- */

static const char *find(const char *text, size_t n_bytes, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= n_bytes; i++)
		if (strncasecmp(text + i, word, n) == 0)
			return text + i;
	return NULL;
}

/* Runs of spaces are one; what is not printable is a space. */
static void set_title(struct nwi_sketch *sketch, const char *text, size_t n_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < n_bytes && used + 1 < sizeof(sketch->title); i++) {
		char c = isspace((unsigned char)text[i]) || iscntrl((unsigned char)text[i])
				 ? ' '
				 : text[i];

		if (c != ' ' || (used > 0 && sketch->title[used - 1] != ' '))
			sketch->title[used++] = c;
	}
	while (used > 0 && sketch->title[used - 1] == ' ')
		used--;
	sketch->title[used] = '\0';
}

static void read_title(struct nwi_sketch *sketch, const char *bytes, size_t n_bytes)
{
	const char *end = bytes + n_bytes, *from = find(bytes, n_bytes, "<title"), *to;

	from = from ? memchr(from, '>', (size_t)(end - from)) : NULL;
	if (!from)
		return;
	from++;
	to = find(from, (size_t)(end - from), "</title");
	if (to)
		set_title(sketch, from, (size_t)(to - from));
}

/* --- Words --- */

static bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* A word's end, or the end of all. */
static const char *word_end(const char *at, const char *end, bool *ret_is_made_up)
{
	const char *from = at;

	*ret_is_made_up = false;
	for (; at < end && is_of_word(*at); at++)
		if (isdigit((unsigned char)*at))
			*ret_is_made_up = true;
	if (at - from > WORD_MAX)
		*ret_is_made_up = true;
	return at;
}

static void add_triple(struct nwi_sketch *sketch, const uint64_t words[3])
{
	uint64_t triple = XXH3_64bits(words, 3 * sizeof(words[0]));

	sketch->triple_count++;
	for (unsigned i = 0; i < NWI_SKETCH_HASHES; i++) {
		uint64_t hash = XXH3_64bits_withSeed(&triple, sizeof(triple), i);

		if (hash < sketch->least[i])
			sketch->least[i] = hash;
	}
}

void nwi_sketch_read(struct nwi_sketch *ret_sketch, const char *bytes, size_t n_bytes)
{
	uint64_t words[3] = { 0 };
	unsigned word_count = 0;

	*ret_sketch = (struct nwi_sketch){ .n_bytes = (uint32_t)n_bytes,
					   .exact = XXH3_64bits(bytes, n_bytes) };
	memset(ret_sketch->least, 0xff, sizeof(ret_sketch->least));
	read_title(ret_sketch, bytes, n_bytes);
	for (const char *at = bytes, *end = bytes + n_bytes; at < end;) {
		bool is_made_up;
		const char *to = word_end(at, end, &is_made_up);

		if (to > at && !is_made_up) {
			words[0] = words[1];
			words[1] = words[2];
			words[2] = XXH3_64bits(at, (size_t)(to - at));
			if (++word_count >= 3)
				add_triple(ret_sketch, words);
		}
		at = to == at ? at + 1 : to;
	}
}

double nwi_sketch_common(const struct nwi_sketch *a, const struct nwi_sketch *b)
{
	unsigned same = 0;

	if (a->n_bytes == b->n_bytes && a->exact == b->exact)
		return 1;
	if (a->triple_count < NWI_SKETCH_ENOUGH || b->triple_count < NWI_SKETCH_ENOUGH)
		return 0;
	for (unsigned i = 0; i < NWI_SKETCH_HASHES; i++)
		same += a->least[i] == b->least[i];
	return (double)same / NWI_SKETCH_HASHES;
}
