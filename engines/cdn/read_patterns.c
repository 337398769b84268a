/* SPDX-License-Identifier: MIT */
/*
 * Patterns of names, headers and certificates in a provider's file.
 * Invariant: a pattern that was taken is in lower case.
 */
#include "cdn/read.h"

#include <string.h>

enum { NAME_BYTES_MAX = 40, TEXT_BYTES_MAX = 400 };

struct pattern_reading {
	struct nwi_cdn_pattern pattern;
	const yaml_node_t *match;
};

/* A name's suffix begins with a label: no dot or star before it. */
static bool is_suffix(const char *text)
{
	return *text != '\0' && *text != '.' && !strpbrk(text, "*?#/ ");
}

static void add(struct nwi_cdn_reader *reader, const yaml_node_t *node,
		const struct nwi_cdn_pattern *pattern, const char *glob)
{
	struct nw_cdn *cdn = reader->draft->cdn;

	if (cdn->pattern_count == NWI_CDN_PATTERNS_MAX) {
		nwi_cdn_reader_refuse(reader, node, "more than 8192 patterns in all files");
		return;
	}
	cdn->patterns[cdn->pattern_count] = *pattern;
	cdn->patterns[cdn->pattern_count].glob = nwi_cdn_keep_lower(reader, glob);
	cdn->pattern_count++;
	reader->provider->pattern_count++;
}

static void add_pattern(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const struct pattern_reading *reading = into;
	const char *text = nwi_cdn_text_of(node);

	if (!text || *text == '\0' || strlen(text) > TEXT_BYTES_MAX) {
		nwi_cdn_reader_refuse(reader, node, "a pattern is a text of 1 to 400 bytes");
		return;
	}
	if (reading->pattern.field == NWI_CDN_CNAME && !is_suffix(text)) {
		nwi_cdn_reader_refuse(
			reader, node,
			"a suffix of names, as example.net, has no * and no dot before");
		return;
	}
	add(reader, node, &reading->pattern, text);
}

static void pattern_match(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	(void)reader;
	((struct pattern_reading *)into)->match = node;
}

static void pattern_weight(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_weight(reader, node, &((struct pattern_reading *)into)->pattern.weight);
}

static void pattern_kind(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_kind(reader, node, &((struct pattern_reading *)into)->pattern.kind);
}

static void pattern_header(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *text = nwi_cdn_text_of(node);

	if (!text || *text == '\0' || strlen(text) > NAME_BYTES_MAX || strpbrk(text, ": \t"))
		nwi_cdn_reader_refuse(reader, node,
				      "a header's name has 1 to 40 bytes and no space or colon");
	else
		((struct pattern_reading *)into)->pattern.header = nwi_cdn_keep_lower(reader, text);
}

static void pattern_front(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *text = nwi_cdn_text_of(node);
	bool is_true = text && strcmp(text, "true") == 0;

	if (!is_true && (!text || strcmp(text, "false") != 0))
		nwi_cdn_reader_refuse(reader, node, "front is true or false");
	((struct pattern_reading *)into)->pattern.is_front = is_true;
}

static void take_pattern(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	static const struct nwi_cdn_key fields[] = {
		{ "match", pattern_match }, { "weight", pattern_weight },
		{ "kind", pattern_kind },   { "note", NULL },
		{ "documented", NULL },     { "name", pattern_header },
		{ "front", pattern_front }
	};
	struct pattern_reading reading = { .pattern = { .field = *(enum nwi_cdn_field *)into,
							.provider = reader->provider_idx } };
	bool is_header = reading.pattern.field == NWI_CDN_HEADER;

	nwi_cdn_take_map(reader, node, fields, is_header ? NWI_CDN_COUNT_OF(fields) : 5, &reading);
	if (is_header && !reading.pattern.header)
		nwi_cdn_reader_refuse(reader, node, "a header has a name");
	if (!is_header && !reading.match)
		nwi_cdn_reader_refuse(reader, node, "match and weight stand here");
	if (reader->rc != 0)
		return;
	if (reading.match)
		nwi_cdn_take_texts(reader, reading.match, &reading, add_pattern);
	else
		add(reader, node, &reading.pattern, "*");
}

void nwi_cdn_take_patterns(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_list(reader, node, into, take_pattern);
}
