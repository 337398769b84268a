/* SPDX-License-Identifier: MIT */
/* Maps, lists and values of YAML, and a provider's own keys. */
#include "cdn/read.h"

#include "cdn/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 400, KEYS_MAX = 24 };

int nwi_cdn_refuse(struct nwi_cdn_draft *draft, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return nwi_cdn_fail(draft->diag, -EINVAL, "%s:%u: %s", draft->file_name, draft->line, text);
}

void nwi_cdn_reader_refuse(struct nwi_cdn_reader *reader, const yaml_node_t *node,
			   const char *wanted)
{
	if (reader->rc != 0)
		return;
	reader->draft->line = (uint32_t)node->start_mark.line + 1;
	reader->rc = nwi_cdn_refuse(reader->draft, "%s", wanted);
}

const char *nwi_cdn_text_of(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || strlen(text) != node->data.scalar.length)
		return NULL;
	return text;
}

char *nwi_cdn_keep(struct nwi_cdn_reader *reader, const char *text, size_t n_bytes)
{
	char *copy = nw_arena_alloc(reader->draft->cdn->arena, n_bytes + 1, 1);

	if (!copy && reader->rc == 0)
		reader->rc = nwi_cdn_fail(reader->draft->diag, -ENOMEM, "%s: no memory",
					  reader->draft->file_name);
	if (!copy)
		return NULL;
	memcpy(copy, text, n_bytes);
	copy[n_bytes] = '\0';
	return copy;
}

char *nwi_cdn_keep_lower(struct nwi_cdn_reader *reader, const char *text)
{
	char *copy = nwi_cdn_keep(reader, text, strlen(text));

	for (char *c = copy; c && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
	return copy;
}

/* --- Maps --- */

static const struct nwi_cdn_key *key_of(const struct nwi_cdn_key *fields, size_t count,
					const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	}
	return NULL;
}

static void refuse_key(struct nwi_cdn_reader *reader, const yaml_node_t *node,
		       const struct nwi_cdn_key *fields, size_t count)
{
	char known[160] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 i > 0 ? ", " : "", fields[i].key);
	reader->draft->line = (uint32_t)node->start_mark.line + 1;
	if (reader->rc == 0)
		reader->rc = nwi_cdn_refuse(reader->draft, "no such key here; there are %s", known);
}

void nwi_cdn_take_map(struct nwi_cdn_reader *reader, const yaml_node_t *node,
		      const struct nwi_cdn_key *fields, size_t count, void *into)
{
	bool is_seen[KEYS_MAX] = { false };

	if (node->type != YAML_MAPPING_NODE) {
		nwi_cdn_reader_refuse(reader, node, "here stands a map of keys");
		return;
	}
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top && reader->rc == 0; pair++) {
		const yaml_node_t *key = yaml_document_get_node(reader->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(reader->document, pair->value);
		const char *text = nwi_cdn_text_of(key);
		const struct nwi_cdn_key *field = text ? key_of(fields, count, text) : NULL;

		if (!field) {
			refuse_key(reader, key, fields, count);
		} else if (is_seen[field - fields]) {
			nwi_cdn_reader_refuse(reader, key, "this key was there before");
		} else {
			is_seen[field - fields] = true;
			if (field->take)
				field->take(reader, value, into);
		}
	}
}

/* Calls take for each item of a list. */
void nwi_cdn_take_list(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into,
		       nwi_cdn_take *take)
{
	if (node->type != YAML_SEQUENCE_NODE) {
		nwi_cdn_reader_refuse(reader, node, "here stands a list");
		return;
	}
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top && reader->rc == 0; item++)
		take(reader, yaml_document_get_node(reader->document, *item), into);
}

/* A list of texts, or one text. */
void nwi_cdn_take_texts(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into,
			nwi_cdn_take *take)
{
	if (node->type == YAML_SCALAR_NODE)
		take(reader, node, into);
	else
		nwi_cdn_take_list(reader, node, into, take);
}

/* --- Values --- */

void nwi_cdn_take_text(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *text = nwi_cdn_text_of(node);
	size_t length = text ? strlen(text) : 0;

	if (length == 0 || length > TEXT_BYTES_MAX) {
		nwi_cdn_reader_refuse(reader, node, "here stands a text of 1 to 400 bytes");
		return;
	}
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ') {
			nwi_cdn_reader_refuse(reader, node, "a text has no control characters");
			return;
		}
	}
	*(const char **)into = nwi_cdn_keep(reader, text, length);
}

void nwi_cdn_take_weight(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *text = nwi_cdn_text_of(node);
	char *end = NULL;
	double weight = text ? strtod(text, &end) : 0;

	if (!text || end == text || *end != '\0' || !isfinite(weight) ||
	    fabs(weight) > NWI_CDN_WEIGHT_MAX)
		nwi_cdn_reader_refuse(reader, node,
				      "a weight is a number from -12 to 12, in log-odds");
	else
		*(double *)into = weight;
}

void nwi_cdn_take_kind(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *text = nwi_cdn_text_of(node);

	for (int kind = NW_CDN_CDN; text && kind < NW_CDN_KIND_COUNT; kind++) {
		if (strcmp(text, nw_cdn_kind_name((enum nw_cdn_kind)kind)) == 0) {
			*(enum nw_cdn_kind *)into = (enum nw_cdn_kind)kind;
			return;
		}
	}
	nwi_cdn_reader_refuse(reader, node,
			      "a kind is cdn, waf, cloud-lb, cloud-vm, storage, hosting or dns");
}

static bool is_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";
	int month, day;

	for (int i = 0; i < 11; i++) {
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	}
	month = (text[5] - '0') * 10 + text[6] - '0';
	day = (text[8] - '0') * 10 + text[9] - '0';
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

void nwi_cdn_take_date(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into)
{
	const char *text = nwi_cdn_text_of(node);

	if (!text || !is_date(text))
		nwi_cdn_reader_refuse(reader, node, "a date is written 2025-07-25");
	else
		*(const char **)into = nwi_cdn_keep(reader, text, strlen(text));
}

/* --- A provider --- */

/* Its parts, read after its own keys, whichever comes first in the file. */
enum part { LISTS, ASNS, NAMES, PTR, HEADERS, CERTS, ISSUERS, DEFAULT_CERTS, PART_COUNT };

struct provider_reading {
	struct nwi_cdn_provider *provider;
	const yaml_node_t *parts[PART_COUNT];
};

#define PROVIDER_KEY(function, take, member)                                                     \
	static void function(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into) \
	{                                                                                        \
		take(reader, node, &((struct provider_reading *)into)->provider->member);        \
	}
PROVIDER_KEY(provider_name, nwi_cdn_take_text, name)
PROVIDER_KEY(provider_title, nwi_cdn_take_text, title)
PROVIDER_KEY(provider_kind, nwi_cdn_take_kind, kind)
PROVIDER_KEY(provider_prior, nwi_cdn_take_weight, prior)
PROVIDER_KEY(provider_unlisted, nwi_cdn_take_weight, unlisted)
PROVIDER_KEY(provider_elsewhere, nwi_cdn_take_weight, elsewhere)
PROVIDER_KEY(provider_unseen, nwi_cdn_take_weight, unseen)

#define PART_KEY(function, part)                                                                 \
	static void function(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into) \
	{                                                                                        \
		(void)reader;                                                                    \
		((struct provider_reading *)into)->parts[part] = node;                           \
	}
PART_KEY(part_lists, LISTS)
PART_KEY(part_asns, ASNS)
PART_KEY(part_names, NAMES)
PART_KEY(part_ptr, PTR)
PART_KEY(part_headers, HEADERS)
PART_KEY(part_certs, CERTS)
PART_KEY(part_issuers, ISSUERS)
PART_KEY(part_default_certs, DEFAULT_CERTS)

static const struct nwi_cdn_key provider_keys[] = {
	{ "provider", provider_name },
	{ "title", provider_title },
	{ "kind", provider_kind },
	{ "note", NULL },
	{ "prior", provider_prior },
	{ "unlisted", provider_unlisted },
	{ "elsewhere", provider_elsewhere },
	{ "unseen", provider_unseen },
	{ "lists", part_lists },
	{ "asns", part_asns },
	{ "names", part_names },
	{ "ptr", part_ptr },
	{ "headers", part_headers },
	{ "certificates", part_certs },
	{ "issuers", part_issuers },
	{ "default-certificates", part_default_certs },
};

static bool is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length > 0 && length <= 32 && text[length] == '\0' && strcmp(text, "none") != 0;
}

static bool is_there_before(const struct nw_cdn *cdn, const char *name)
{
	for (uint32_t i = 0; i < cdn->provider_count; i++) {
		if (strcmp(cdn->providers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void take_parts(struct nwi_cdn_reader *reader, const struct provider_reading *reading)
{
	static const struct {
		nwi_cdn_take *take;
		enum nwi_cdn_field field;
	} parts[PART_COUNT] = {
		[LISTS] = { nwi_cdn_take_lists, 0 },
		[ASNS] = { nwi_cdn_take_asns, 0 },
		[NAMES] = { nwi_cdn_take_patterns, NWI_CDN_CNAME },
		[PTR] = { nwi_cdn_take_patterns, NWI_CDN_PTR },
		[HEADERS] = { nwi_cdn_take_patterns, NWI_CDN_HEADER },
		[CERTS] = { nwi_cdn_take_patterns, NWI_CDN_CERT_NAME },
		[ISSUERS] = { nwi_cdn_take_patterns, NWI_CDN_CERT_ISSUER },
		[DEFAULT_CERTS] = { nwi_cdn_take_patterns, NWI_CDN_DEFAULT_CERT },
	};

	for (int i = 0; i < PART_COUNT && reader->rc == 0; i++) {
		enum nwi_cdn_field field = parts[i].field;

		if (reading->parts[i])
			parts[i].take(reader, reading->parts[i], &field);
	}
}

static int take_provider(struct nwi_cdn_draft *draft, yaml_document_t *document)
{
	struct nw_cdn *cdn = draft->cdn;
	struct nwi_cdn_provider *provider = &cdn->providers[cdn->provider_count];
	struct nwi_cdn_reader reader = { .draft = draft,
					 .document = document,
					 .provider = provider,
					 .provider_idx = (uint16_t)cdn->provider_count };
	struct provider_reading reading = { .provider = provider };
	const yaml_node_t *root = yaml_document_get_root_node(document);

	draft->line = 1;
	if (!root)
		return nwi_cdn_refuse(draft, "the file is empty");
	*provider = (struct nwi_cdn_provider){ 0 };
	nwi_cdn_take_map(&reader, root, provider_keys, NWI_CDN_COUNT_OF(provider_keys), &reading);
	if (reader.rc != 0)
		return reader.rc;
	if (!provider->name || !provider->title || provider->kind == NW_CDN_NONE)
		return nwi_cdn_refuse(draft, "a file has provider, title and kind");
	if (!is_name(provider->name))
		return nwi_cdn_refuse(draft, "'%s' is no provider's name: a-z, 0-9 and -, not none",
				      provider->name);
	if (is_there_before(cdn, provider->name))
		return nwi_cdn_refuse(draft, "provider %s has another file", provider->name);
	take_parts(&reader, &reading);
	if (reader.rc == -ENOMEM)
		return nwi_cdn_fail(draft->diag, -ENOMEM, "%s: no memory", draft->file_name);
	cdn->provider_count++;
	return reader.rc;
}

/* What libyaml says, and where. */
static int refuse_yaml(struct nwi_cdn_draft *draft, const yaml_parser_t *parser)
{
	draft->line = (uint32_t)parser->problem_mark.line + 1;
	if (parser->error == YAML_MEMORY_ERROR)
		return nwi_cdn_fail(draft->diag, -ENOMEM, "%s: no memory", draft->file_name);
	return nwi_cdn_refuse(draft, "%s", parser->problem ? parser->problem : "this is no YAML");
}

int nwi_cdn_read(struct nwi_cdn_draft *draft, const struct nw_cdn_file *file)
{
	yaml_document_t document;
	yaml_parser_t parser;
	int rc;

	draft->file_name = file->name;
	draft->line = 1;
	if (draft->cdn->provider_count == NWI_CDN_PROVIDERS_MAX)
		return nwi_cdn_refuse(draft, "more than 128 providers");
	if (!yaml_parser_initialize(&parser))
		return nwi_cdn_fail(draft->diag, -ENOMEM, "%s: no memory", draft->file_name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)file->text, file->n_bytes);
	if (yaml_parser_load(&parser, &document)) {
		rc = take_provider(draft, &document);
		yaml_document_delete(&document);
	} else {
		rc = refuse_yaml(draft, &parser);
	}
	yaml_parser_delete(&parser);
	return rc;
}
