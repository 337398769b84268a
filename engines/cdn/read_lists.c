/* SPDX-License-Identifier: MIT */
/*
 * Lists of prefixes and of ASes in a provider's file.
 * Invariant: a list that was taken has a prefix, a source and a date.
 */
#include "cdn/read.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Lists of prefixes --- */

struct list_reading {
	struct nwi_cdn_list *list;
	const yaml_node_t *prefixes;
};

static void add_prefix(struct nwi_cdn_reader *reader, struct nwi_cdn_list *list, const char *text)
{
	struct nw_cdn *cdn = reader->draft->cdn;
	struct nw_cdn_address address;
	struct nwi_cdn_entry *entry;
	uint8_t bits;

	if (!nw_cdn_prefix_parse(text, &address, &bits)) {
		reader->rc = nwi_cdn_refuse(reader->draft, "'%.60s' is no prefix, as 192.0.2.0/24",
					    text);
		return;
	}
	if (cdn->entry_count == NWI_CDN_PREFIXES_MAX) {
		reader->rc = nwi_cdn_refuse(reader->draft, "more than 2^20 prefixes in all files");
		return;
	}
	entry = nw_arena_alloc(reader->draft->entries, sizeof(*entry),
			       alignof(struct nwi_cdn_entry));
	if (!entry) {
		reader->rc = -ENOMEM;
		return;
	}
	if (cdn->entry_count++ == 0)
		cdn->entries = entry;
	*entry = (struct nwi_cdn_entry){ .list = (uint16_t)(list - cdn->lists),
					 .family = address.family,
					 .bits = bits };
	nwi_cdn_words_of(&address, &entry->high, &entry->low);
	*(address.family == 4 ? &list->prefix4_count : &list->prefix6_count) += 1;
}

/* Words of one text, a prefix each; what follows a # up to its line's end is left out. */
static void add_prefixes(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *at = nwi_cdn_text_of(node);
	bool is_block = node->type == YAML_SCALAR_NODE &&
			node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
	char word[64];

	if (!at) {
		nwi_cdn_reader_refuse(reader, node, "here stand prefixes");
		return;
	}
	reader->draft->line = (uint32_t)node->start_mark.line + 1 + is_block;
	while (reader->rc == 0) {
		size_t length;

		for (; *at == ' ' || *at == '\n' || *at == '\t' || *at == '#'; at++) {
			if (*at == '#')
				at += strcspn(at, "\n");
			if (*at == '\n')
				reader->draft->line++;
			if (*at == '\0')
				break;
		}
		if (*at == '\0')
			return;
		length = strcspn(at, " \n\t#");
		(void)snprintf(word, sizeof(word), "%.*s", (int)(length < 63 ? length : 63), at);
		add_prefix(reader, into, word);
		at += length;
	}
}

static void note_prefixes(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	(void)reader;
	((struct list_reading *)into)->prefixes = node;
}

#define LIST_FIELD(name, function, member)                                                   \
	static void name(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into) \
	{                                                                                    \
		function(reader, node, &((struct list_reading *)into)->list->member);        \
	}
LIST_FIELD(list_kind, nwi_cdn_take_kind, kind)
LIST_FIELD(list_source, nwi_cdn_take_text, source)
LIST_FIELD(list_date, nwi_cdn_take_date, date)
LIST_FIELD(list_weight, nwi_cdn_take_weight, weight)

static void note_dates(struct nwi_cdn_provider *provider, const char *date)
{
	if (!provider->oldest || strcmp(date, provider->oldest) < 0)
		provider->oldest = date;
	if (!provider->newest || strcmp(date, provider->newest) > 0)
		provider->newest = date;
}

static void take_one_list(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	static const struct nwi_cdn_key fields[] = {
		{ "kind", list_kind },     { "source", list_source },     { "date", list_date },
		{ "weight", list_weight }, { "prefixes", note_prefixes }, { "note", NULL },
		{ "documented", NULL },
	};
	struct nw_cdn *cdn = reader->draft->cdn;
	struct list_reading reading = { .list = &cdn->lists[cdn->list_count] };

	(void)into;
	if (cdn->list_count == NWI_CDN_LISTS_MAX) {
		nwi_cdn_reader_refuse(reader, node, "more than 1024 lists in all files");
		return;
	}
	*reading.list = (struct nwi_cdn_list){ .kind = reader->provider->kind,
					       .provider = reader->provider_idx };
	nwi_cdn_take_map(reader, node, fields, NWI_CDN_COUNT_OF(fields), &reading);
	if (!reading.list->source || !reading.list->date || !reading.prefixes ||
	    reading.list->weight == 0)
		nwi_cdn_reader_refuse(reader, node, "a list has source, date, weight and prefixes");
	if (reader->rc != 0)
		return;
	nwi_cdn_take_texts(reader, reading.prefixes, reading.list, add_prefixes);
	if (reading.list->prefix4_count + reading.list->prefix6_count == 0)
		nwi_cdn_reader_refuse(reader, reading.prefixes, "a list has at least one prefix");
	note_dates(reader->provider, reading.list->date);
	reader->provider->prefix4_count += reading.list->prefix4_count;
	reader->provider->prefix6_count += reading.list->prefix6_count;
	reader->provider->list_count++;
	cdn->list_count++;
}

void nwi_cdn_take_lists(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_list(reader, node, into, take_one_list);
}

/* --- ASes --- */

struct asn_reading {
	enum nw_cdn_kind kind;
	double weight;
	const yaml_node_t *numbers;
};

/* One provider's are one after the other: its file is read at one go. */
static bool has_asn(const struct nwi_cdn_reader *reader, uint32_t number)
{
	const struct nw_cdn *cdn = reader->draft->cdn;

	for (uint32_t i = 1; i <= reader->provider->asn_count; i++) {
		if (cdn->asns[cdn->asn_count - i].asn == number)
			return true;
	}
	return false;
}

static void add_asn(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const struct asn_reading *reading = into;
	struct nw_cdn *cdn = reader->draft->cdn;
	const char *text = nwi_cdn_text_of(node);
	struct nwi_cdn_asn *asn;
	unsigned long long number;
	char *end = NULL;

	number = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
	if (!end || *end != '\0' || number == 0 || number > UINT32_MAX) {
		nwi_cdn_reader_refuse(reader, node, "an AS is a number from 1 to 4294967295");
		return;
	}
	if (has_asn(reader, (uint32_t)number)) {
		nwi_cdn_reader_refuse(reader, node, "this AS was there before");
		return;
	}
	if (cdn->asn_count == NWI_CDN_ASNS_MAX) {
		nwi_cdn_reader_refuse(reader, node, "more than 8192 ASes in all files");
		return;
	}
	asn = nw_arena_alloc(reader->draft->asns, sizeof(*asn), alignof(struct nwi_cdn_asn));
	if (!asn) {
		reader->rc = -ENOMEM;
		return;
	}
	if (cdn->asn_count++ == 0)
		cdn->asns = asn;
	*asn = (struct nwi_cdn_asn){ .asn = (uint32_t)number,
				     .provider = reader->provider_idx,
				     .kind = reading->kind,
				     .weight = reading->weight };
	reader->provider->asn_count++;
}

static void asn_kind(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_kind(reader, node, &((struct asn_reading *)into)->kind);
}

static void asn_weight(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_weight(reader, node, &((struct asn_reading *)into)->weight);
}

static void asn_numbers(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	(void)reader;
	((struct asn_reading *)into)->numbers = node;
}

static void take_one_asn(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	static const struct nwi_cdn_key fields[] = { { "asn", asn_numbers },
						     { "kind", asn_kind },
						     { "weight", asn_weight },
						     { "note", NULL },
						     { "documented", NULL } };
	struct asn_reading reading = { .kind = reader->provider->kind };

	(void)into;
	nwi_cdn_take_map(reader, node, fields, NWI_CDN_COUNT_OF(fields), &reading);
	if (!reading.numbers)
		nwi_cdn_reader_refuse(reader, node, "asn and weight stand here");
	if (reader->rc == 0)
		nwi_cdn_take_texts(reader, reading.numbers, &reading, add_asn);
}

void nwi_cdn_take_asns(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	nwi_cdn_take_list(reader, node, into, take_one_asn);
}
