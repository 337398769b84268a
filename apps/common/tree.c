/* SPDX-License-Identifier: MIT */
/*
 * YAML and JSON, read by libyaml: JSON is a kind of YAML, and libyaml tells the line of everything.
 * A file that claims to be JSON goes through jansson first, which is strict.
 *
 * An alias is a copy of the head of its anchor's tree, so a file of a kilobyte cannot become a
 * tree of a gigabyte. Invariant: the open collections are stack[0..depth-1], each a child of the
 * one before; an anchor is known when its tree is complete, so no tree contains itself.
 */
#include "common/tree.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { CHUNK_BYTES = 64 * 1024, DEPTH_MAX = 64, ANCHORS_MAX = 256 };

struct app_chunk {
	struct app_chunk *next;
	size_t used, room;
	max_align_t bytes[];
};

void *app_pool_alloc(struct app_pool *pool, size_t n_bytes)
{
	struct app_chunk *chunk = pool->first;
	size_t step = (n_bytes + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1), room;
	void *place;

	if (step < n_bytes)
		return NULL;
	if (!chunk || chunk->room - chunk->used < step) {
		room = step > CHUNK_BYTES ? step : CHUNK_BYTES;
		chunk = calloc(1, sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		chunk->room = room;
		chunk->next = pool->first;
		pool->first = chunk;
	}
	place = (char *)chunk->bytes + chunk->used;
	chunk->used += step;
	return place;
}

void *app_pool_array(struct app_pool *pool, size_t count, size_t item_bytes)
{
	if (item_bytes > 0 && count > SIZE_MAX / 2 / item_bytes)
		return NULL;
	return app_pool_alloc(pool, count * item_bytes);
}

char *app_pool_text(struct app_pool *pool, const char *text, size_t n_bytes)
{
	char *copy = app_pool_alloc(pool, n_bytes + 1);

	if (copy && n_bytes > 0)
		memcpy(copy, text, n_bytes);
	return copy;
}

void app_pool_free(struct app_pool *pool)
{
	while (pool->first) {
		struct app_chunk *chunk = pool->first;

		pool->first = chunk->next;
		free(chunk);
	}
}

struct anchor {
	const char *name;
	const struct app_tree *tree;
};

struct builder {
	struct app_pool *pool;
	struct app_fault *fault;
	struct app_tree *root;
	struct app_tree *stack[DEPTH_MAX], *last[DEPTH_MAX];
	const char *names[DEPTH_MAX]; /* anchors of the open collections, or NULL */
	unsigned depth;
	const char *key; /* read, waits for its value */
	uint32_t key_line;
	struct anchor anchors[ANCHORS_MAX];
	unsigned anchor_count;
};

static int refuse(struct builder *builder, const yaml_event_t *event, const char *why)
{
	builder->fault->line = (uint32_t)event->start_mark.line + 1;
	(void)snprintf(builder->fault->text, sizeof(builder->fault->text), "%s", why);
	return -EINVAL;
}

static struct app_tree *top_of(const struct builder *builder)
{
	return builder->depth > 0 ? builder->stack[builder->depth - 1] : NULL;
}

/* Hangs a tree under the open collection, under the key that waits. */
static void attach(struct builder *builder, struct app_tree *tree)
{
	struct app_tree *top = top_of(builder), **last;

	if (!top) {
		builder->root = tree;
		return;
	}
	last = &builder->last[builder->depth - 1];
	tree->key = builder->key;
	tree->key_line = builder->key_line;
	builder->key = NULL;
	if (*last)
		(*last)->next = tree;
	else
		top->first = tree;
	*last = tree;
	top->count++;
}

static int name_anchor(struct builder *builder, const yaml_event_t *event, const char *name,
		       const struct app_tree *tree)
{
	if (!name)
		return 0;
	if (builder->anchor_count == ANCHORS_MAX)
		return refuse(builder, event, "more than 256 anchors");
	builder->anchors[builder->anchor_count++] = (struct anchor){ name, tree };
	return 0;
}

static int copy_name(struct builder *builder, const yaml_char_t *name, const char **ret_name)
{
	const char *text = (const char *)name;

	*ret_name = text ? app_pool_text(builder->pool, text, strlen(text)) : NULL;
	return text && !*ret_name ? -ENOMEM : 0;
}

static int take_key(struct builder *builder, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return refuse(builder, event, "a key with a zero byte in it");
	builder->key = app_pool_text(builder->pool, text, event->data.scalar.length);
	builder->key_line = (uint32_t)event->start_mark.line + 1;
	return builder->key ? 0 : -ENOMEM;
}

static int take_text(struct builder *builder, const yaml_event_t *event)
{
	struct app_tree *tree = app_pool_alloc(builder->pool, sizeof(*tree)),
			*top = top_of(builder);
	const char *text = (const char *)event->data.scalar.value, *name;
	int rc;

	if (top && top->kind == APP_TREE_MAP && !builder->key)
		return take_key(builder, event);
	if (strlen(text) != event->data.scalar.length)
		return refuse(builder, event, "a text with a zero byte in it");
	rc = copy_name(builder, event->data.scalar.anchor, &name);
	if (!tree || rc < 0)
		return -ENOMEM;
	tree->line = (uint32_t)event->start_mark.line + 1;
	tree->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	tree->text = app_pool_text(builder->pool, text, event->data.scalar.length);
	if (!tree->text)
		return -ENOMEM;
	attach(builder, tree);
	return name_anchor(builder, event, name, tree);
}

static int open_collection(struct builder *builder, const yaml_event_t *event)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	struct app_tree *tree, *top = top_of(builder);
	int rc;

	if (top && top->kind == APP_TREE_MAP && !builder->key)
		return refuse(builder, event, "a key that is not a text");
	if (builder->depth == DEPTH_MAX)
		return refuse(builder, event, "nested deeper than 64 levels");
	tree = app_pool_alloc(builder->pool, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->kind = is_map ? APP_TREE_MAP : APP_TREE_LIST;
	tree->line = (uint32_t)event->start_mark.line + 1;
	attach(builder, tree);
	rc = copy_name(builder,
		       is_map ? event->data.mapping_start.anchor
			      : event->data.sequence_start.anchor,
		       &builder->names[builder->depth]);
	builder->stack[builder->depth] = tree;
	builder->last[builder->depth++] = NULL;
	return rc;
}

static int close_collection(struct builder *builder, const yaml_event_t *event)
{
	builder->depth--;
	return name_anchor(builder, event, builder->names[builder->depth],
			   builder->stack[builder->depth]);
}

static int take_alias(struct builder *builder, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct app_tree *tree, *top = top_of(builder);

	if (top && top->kind == APP_TREE_MAP && !builder->key)
		return refuse(builder, event, "an alias as a key");
	/* The last one of a name counts. */
	for (unsigned i = builder->anchor_count; i-- > 0;) {
		if (strcmp(builder->anchors[i].name, name) != 0)
			continue;
		tree = app_pool_alloc(builder->pool, sizeof(*tree));
		if (!tree)
			return -ENOMEM;
		*tree = *builder->anchors[i].tree;
		tree->next = NULL;
		attach(builder, tree);
		return 0;
	}
	return refuse(builder, event, "an alias of an anchor that is not there, or not complete");
}

/* Sets *inout_document_count; a second one is refused. */
static int take_event(struct builder *builder, const yaml_event_t *event,
		      unsigned *inout_document_count)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_text(builder, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return open_collection(builder, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_collection(builder, event);
	case YAML_ALIAS_EVENT:
		return take_alias(builder, event);
	case YAML_DOCUMENT_START_EVENT:
		if ((*inout_document_count)++ > 0)
			return refuse(builder, event, "a second document; a file holds one");
		return 0;
	default:
		return 0;
	}
}

static int say_parser(const yaml_parser_t *parser, struct app_fault *ret_fault)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	ret_fault->line = (uint32_t)parser->problem_mark.line + 1;
	(void)snprintf(ret_fault->text, sizeof(ret_fault->text), "not well formed: %s%s%s",
		       parser->problem ? parser->problem : "bad text", parser->context ? ", " : "",
		       parser->context ? parser->context : "");
	return -EINVAL;
}

static int build(struct builder *builder, yaml_parser_t *parser)
{
	unsigned document_count = 0;
	bool is_end = false;
	int rc = 0;

	while (rc == 0 && !is_end) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return say_parser(parser, builder->fault);
		is_end = event.type == YAML_STREAM_END_EVENT;
		rc = take_event(builder, &event, &document_count);
		yaml_event_delete(&event);
	}
	if (rc == 0 && !builder->root) {
		builder->fault->line = 1;
		(void)snprintf(builder->fault->text, sizeof(builder->fault->text),
			       "there is nothing in it");
		rc = -EINVAL;
	}
	return rc;
}

static int check_json(const char *text, size_t n_bytes, struct app_fault *ret_fault)
{
	json_error_t error;
	json_t *json = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &error);

	if (json) {
		json_decref(json);
		return 0;
	}
	ret_fault->line = error.line > 0 ? (uint32_t)error.line : 1;
	(void)snprintf(ret_fault->text, sizeof(ret_fault->text), "not JSON: %s", error.text);
	return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
}

/* The number of "\uXXXX" at text; -1: there is none. */
static long escape_at(const char *text, const char *end)
{
	char digits[5] = "";

	if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	memcpy(digits, text + 2, 4);
	return strtol(digits, NULL, 16);
}

/* JSON writes a character above U+FFFF as two escapes, YAML as one; both as long as the other, but
 * for two bytes. */
static void join_surrogates(char *text, size_t *inout_bytes)
{
	const char *from = text, *end = text + *inout_bytes;
	char *to = text;

	while (from < end) {
		long high = escape_at(from, end), low = high < 0 ? -1 : escape_at(from + 6, end);
		char joined[11];

		if (high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
			(void)snprintf(
				joined, sizeof(joined), "\\U%08lX",
				(unsigned long)(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00));
			memcpy(to, joined, 10);
			to += 10;
			from += 12;
		} else if (*from == '\\' && end - from >= 2) {
			*to++ = *from++;
			*to++ = *from++;
		} else {
			*to++ = *from++;
		}
	}
	*inout_bytes = (size_t)(to - text);
}

int app_tree_read(struct app_pool *pool, const char *text, size_t n_bytes, bool is_json,
		  struct app_tree **ret_tree, struct app_fault *ret_fault)
{
	struct builder builder = { .pool = pool, .fault = ret_fault };
	yaml_parser_t parser;
	char *copy = app_pool_text(pool, text, n_bytes);
	int rc = is_json ? check_json(text, n_bytes, ret_fault) : 0;

	if (!copy)
		return -ENOMEM;
	if (rc < 0)
		return rc;
	if (is_json)
		join_surrogates(copy, &n_bytes);
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)copy, n_bytes);
	rc = build(&builder, &parser);
	yaml_parser_delete(&parser);
	if (rc == 0)
		*ret_tree = builder.root;
	return rc;
}

bool app_tree_is_null(const struct app_tree *tree)
{
	return tree->kind == APP_TREE_TEXT && tree->is_plain &&
	       (strcmp(tree->text, "") == 0 || strcmp(tree->text, "~") == 0 ||
		strcmp(tree->text, "null") == 0);
}

const struct app_tree *app_tree_get(const struct app_tree *tree, const char *key)
{
	if (!tree || tree->kind != APP_TREE_MAP)
		return NULL;
	for (const struct app_tree *item = tree->first; item; item = item->next)
		if (strcmp(item->key, key) == 0)
			return app_tree_is_null(item) ? NULL : item;
	return NULL;
}

const char *app_tree_kind_name(const struct app_tree *tree)
{
	static const char *const names[] = { "a text", "a list", "a map" };

	return names[tree->kind];
}
