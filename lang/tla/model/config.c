/* SPDX-License-Identifier: MIT */
/* TLC's configuration files: a list of words, read by looking one ahead. */
#include "config.h"

#include "../value/set.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct tla_config *config;
	struct tla_world *world;
	struct tla_heap *heap;
	const struct tla_file *file;
	uint32_t end;            /* of the configuration in the file */
	uint32_t at;             /* where the word at hand ends */
	uint32_t begin, n_bytes; /* the word at hand; no bytes: the end */
	bool has_failed;
};

static struct tla_span span_of(const struct reader *reader)
{
	uint32_t begin = reader->file->base + reader->begin;

	return (struct tla_span){ begin, begin + reader->n_bytes };
}

static const char *word(const struct reader *reader)
{
	return reader->file->text + reader->begin;
}

static bool is_word(const struct reader *reader, const char *text)
{
	return reader->n_bytes == strlen(text) && !memcmp(word(reader), text, reader->n_bytes);
}

static void fail(struct reader *reader, const char *expected)
{
	if (!reader->has_failed)
		tla_error_add(&reader->world->spec->sources, span_of(reader).begin,
			      "expected %s; found %s%.*s%s", expected,
			      reader->n_bytes ? "'" : "the end", (int)reader->n_bytes, word(reader),
			      reader->n_bytes ? "'" : "");
	reader->has_failed = true;
}

/* Past a comment that begins here; the same place: there is none. */
static uint32_t skip_comment(const struct reader *reader, uint32_t at)
{
	const char *text = reader->file->text;
	uint32_t depth = 0;

	if (at + 1 >= reader->end)
		return at;
	if (!memcmp(text + at, "\\*", 2)) {
		while (at < reader->end && text[at] != '\n')
			at++;
		return at;
	}
	if (memcmp(text + at, "(*", 2) != 0)
		return at;
	do {
		if (at + 1 < reader->end && !memcmp(text + at, "(*", 2)) {
			depth++;
			at++;
		} else if (at + 1 < reader->end && !memcmp(text + at, "*)", 2)) {
			depth--;
			at++;
		}
		at++;
	} while (depth > 0 && at < reader->end);
	return at;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '!';
}

/* Of the longest operator here that can be defined; one character where there is none. */
static uint32_t operator_end(const struct reader *reader, uint32_t at)
{
	uint32_t end = at + 1;

	for (unsigned op = 1; op < TLA_OP_COUNT; op++) {
		size_t n_bytes = strlen(tla_ops[op].text);

		if (!tla_op_is_builtin((enum tla_op)op) && at + n_bytes <= reader->end &&
		    at + n_bytes > end &&
		    !memcmp(reader->file->text + at, tla_ops[op].text, n_bytes))
			end = at + (uint32_t)n_bytes;
	}
	return end;
}

static uint32_t word_end(const struct reader *reader, uint32_t at)
{
	const char *text = reader->file->text;
	uint32_t end = at;

	if (is_name_char(text[at]) ||
	    (text[at] == '-' && at + 1 < reader->end && isdigit((unsigned char)text[at + 1]))) {
		end++;
		/* ACTION-CONSTRAINT is one word. */
		while (end < reader->end &&
		       (is_name_char(text[end]) ||
			(text[end] == '-' && end + 1 < reader->end && is_name_char(text[end + 1]))))
			end++;
		return end;
	}
	if (text[at] == '"') {
		for (end++; end < reader->end && text[end] != '"' && text[end] != '\n'; end++)
			end += text[end] == '\\' && end + 1 < reader->end;
		return end < reader->end ? end + 1 : end;
	}
	if (at + 1 < reader->end && !memcmp(text + at, "<-", 2))
		return at + 2;
	return operator_end(reader, at);
}

static void advance(struct reader *reader)
{
	uint32_t at = reader->at, after;

	for (;; at = after) {
		while (at < reader->end && isspace((unsigned char)reader->file->text[at]))
			at++;
		after = skip_comment(reader, at);
		if (after == at)
			break;
	}
	reader->begin = at;
	reader->at = at < reader->end ? word_end(reader, at) : at;
	reader->n_bytes = reader->at - at;
}

static tla_sym symbol(struct reader *reader)
{
	return tla_symbol(reader->world->spec->symbols, word(reader), reader->n_bytes);
}

tla_value tla_model_value(struct tla_world *world, tla_sym name)
{
	for (uint32_t i = 0; i < world->model_count; i++)
		if (world->models[i] == name)
			return tla_model(i);
	if (world->model_count == world->model_room) {
		uint32_t room = 2 * world->model_room + 16;
		tla_sym *models = tla_piece(&world->spec->sources, room * sizeof *models);

		if (!models)
			return TLA_NONE;
		if (world->model_count > 0)
			memcpy(models, world->models, world->model_count * sizeof *models);
		world->models = models;
		world->model_room = room;
	}
	world->models[world->model_count] = name;
	return tla_model(world->model_count++);
}

static bool is_name(const struct reader *reader)
{
	return reader->n_bytes > 0 && is_name_char(word(reader)[0]);
}

/* Of an operator that can be defined, as ++ or \o. */
static bool is_operator(const struct reader *reader)
{
	for (unsigned op = 1; op < TLA_OP_COUNT; op++)
		if (!tla_op_is_builtin((enum tla_op)op) && is_word(reader, tla_ops[op].text))
			return true;
	return false;
}

/* --- Values --- */

static tla_value value(struct reader *reader);

static tla_value set(struct reader *reader)
{
	tla_value items[1024];
	size_t count = 0;

	advance(reader);
	while (!reader->has_failed && !is_word(reader, "}")) {
		if (count == sizeof items / sizeof items[0]) {
			fail(reader, "no more than 1024 elements");
			break;
		}
		items[count++] = value(reader);
		if (is_word(reader, ","))
			advance(reader);
		else if (!is_word(reader, "}"))
			fail(reader, "',' or '}'");
	}
	advance(reader);
	return reader->has_failed ? TLA_NONE : tla_set_new(reader->heap, items, count);
}

static tla_value number(struct reader *reader)
{
	char text[24] = { 0 }, *end;
	int64_t v;

	memcpy(text, word(reader), reader->n_bytes < 23 ? reader->n_bytes : 23);
	v = strtoll(text, &end, 10);
	if (*end || v != (int32_t)v)
		fail(reader, "an integer of 32 bits");
	advance(reader);
	return tla_int(v);
}

static tla_value string(struct reader *reader)
{
	tla_sym sym = reader->n_bytes < 2 ? TLA_NO_SYM
					  : tla_symbol(reader->world->spec->symbols,
						       word(reader) + 1, reader->n_bytes - 2);

	if (!sym)
		fail(reader, "a string with its closing quote");
	advance(reader);
	return tla_string(sym);
}

static bool is_number(const struct reader *reader)
{
	const char *text = word(reader);
	uint32_t i = text[0] == '-';

	while (i < reader->n_bytes && isdigit((unsigned char)text[i]))
		i++;
	return i == reader->n_bytes && i > 0;
}

static tla_value value(struct reader *reader)
{
	tla_value v = TLA_NONE;

	if (reader->n_bytes == 0 || is_word(reader, "=")) {
		fail(reader, "a value");
		return TLA_NONE;
	}
	if (is_word(reader, "{"))
		return set(reader);
	if (word(reader)[0] == '"')
		return string(reader);
	if (is_number(reader))
		return number(reader);
	if (is_word(reader, "TRUE"))
		v = TLA_TRUE;
	else if (is_word(reader, "FALSE"))
		v = TLA_FALSE;
	else if (is_name(reader))
		v = tla_model_value(reader->world, symbol(reader));
	else
		fail(reader, "a number, string, TRUE, FALSE, set or model value");
	advance(reader);
	return v;
}

/* --- Statements --- */

static void add_assignment(struct reader *reader, const struct tla_assignment *assignment)
{
	struct tla_config *config = reader->config;

	if (config->assignment_count == config->assignment_room) {
		uint32_t room = 2 * config->assignment_room + 16;
		struct tla_assignment *larger = tla_piece(&reader->world->spec->sources,
							  room * sizeof *larger);

		if (!larger) {
			reader->has_failed = true;
			return;
		}
		if (config->assignment_count > 0)
			memcpy(larger, config->assignments,
			       config->assignment_count * sizeof *larger);
		config->assignments = larger;
		config->assignment_room = room;
	}
	config->assignments[config->assignment_count++] = *assignment;
}

static void replacement(struct reader *reader, struct tla_assignment *assignment)
{
	if (is_word(reader, "[")) {
		advance(reader);
		assignment->module = symbol(reader);
		advance(reader);
		if (!is_word(reader, "]"))
			fail(reader, "']'");
		advance(reader);
	}
	if (!is_name(reader) && !is_operator(reader))
		fail(reader, "the name of an operator");
	assignment->replacement = symbol(reader);
	advance(reader);
}

/* (v, w): of an operator that is given by its values. */
static void arguments(struct reader *reader, struct tla_assignment *assignment)
{
	tla_value args[8], *copy;
	uint32_t count = 0;

	do {
		advance(reader);
		if (count == sizeof args / sizeof args[0])
			fail(reader, "no more than 8 arguments");
		else
			args[count++] = value(reader);
	} while (!reader->has_failed && is_word(reader, ","));
	if (!reader->has_failed && !is_word(reader, ")"))
		fail(reader, "',' or ')'");
	advance(reader);
	if (!reader->has_failed && !is_word(reader, "="))
		fail(reader, "'='");
	copy = tla_piece(&reader->world->spec->sources, sizeof args);
	reader->has_failed |= !copy;
	if (copy)
		memcpy(copy, args, count * sizeof *args);
	assignment->args = copy;
	assignment->arg_count = count;
}

static void assignment(struct reader *reader)
{
	struct tla_assignment one = { .name = symbol(reader), .span = span_of(reader) };

	advance(reader);
	if (is_word(reader, "("))
		arguments(reader, &one);
	if (is_word(reader, "<-")) {
		advance(reader);
		replacement(reader, &one);
	} else if (is_word(reader, "=")) {
		advance(reader);
		one.value = value(reader);
	} else {
		fail(reader, "'=' or '<-'");
	}
	if (!reader->has_failed)
		add_assignment(reader, &one);
}

static void add_name(struct reader *reader, struct tla_names *names)
{
	if (names->count == names->room) {
		uint32_t room = 2 * names->room + 8;
		struct tla_name *larger = tla_piece(&reader->world->spec->sources,
						    room * sizeof *larger);

		if (!larger) {
			reader->has_failed = true;
			return;
		}
		if (names->count > 0)
			memcpy(larger, names->at, names->count * sizeof *larger);
		names->at = larger;
		names->room = room;
	}
	names->at[names->count++] = (struct tla_name){ symbol(reader), span_of(reader) };
	advance(reader);
}

enum statement_kind { CONSTANTS, LIST, NAME, DEADLOCK };

static const struct statement {
	const char *word;
	enum statement_kind kind;
	int idx;
} statements[] = {
	{ "CONSTANT", CONSTANTS, 0 },
	{ "CONSTANTS", CONSTANTS, 0 },
	{ "INVARIANT", LIST, TLA_LIST_INVARIANT },
	{ "INVARIANTS", LIST, TLA_LIST_INVARIANT },
	{ "PROPERTY", LIST, TLA_LIST_PROPERTY },
	{ "PROPERTIES", LIST, TLA_LIST_PROPERTY },
	{ "CONSTRAINT", LIST, TLA_LIST_CONSTRAINT },
	{ "CONSTRAINTS", LIST, TLA_LIST_CONSTRAINT },
	{ "ACTION_CONSTRAINT", LIST, TLA_LIST_ACTION_CONSTRAINT },
	{ "ACTION_CONSTRAINTS", LIST, TLA_LIST_ACTION_CONSTRAINT },
	{ "ACTION-CONSTRAINT", LIST, TLA_LIST_ACTION_CONSTRAINT },
	{ "ACTION-CONSTRAINTS", LIST, TLA_LIST_ACTION_CONSTRAINT },
	{ "SYMMETRY", LIST, TLA_LIST_SYMMETRY },
	{ "POSTCONDITION", LIST, TLA_LIST_POSTCONDITION },
	{ "POSTCONDITIONS", LIST, TLA_LIST_POSTCONDITION },
	{ "SPECIFICATION", NAME, TLA_NAME_SPECIFICATION },
	{ "INIT", NAME, TLA_NAME_INIT },
	{ "NEXT", NAME, TLA_NAME_NEXT },
	{ "VIEW", NAME, TLA_NAME_VIEW },
	{ "ALIAS", NAME, TLA_NAME_ALIAS },
	{ "CHECK_DEADLOCK", DEADLOCK, 0 },
};

static const struct statement *statement_at(const struct reader *reader)
{
	for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
		if (is_word(reader, statements[i].word))
			return &statements[i];
	return NULL;
}

static void refuse_twice(struct reader *reader, struct tla_span span, const char *word)
{
	if (!reader->has_failed)
		tla_error_add(&reader->world->spec->sources, span.begin, "%s stands here twice",
			      word);
	reader->has_failed = true;
}

static void one_name(struct reader *reader, struct tla_name *name)
{
	if (!is_name(reader) || statement_at(reader))
		fail(reader, "the name of a definition");
	*name = (struct tla_name){ symbol(reader), span_of(reader) };
	advance(reader);
}

static void deadlock(struct reader *reader)
{
	if (!is_word(reader, "TRUE") && !is_word(reader, "FALSE"))
		fail(reader, "TRUE or FALSE");
	reader->config->no_deadlock = is_word(reader, "FALSE");
	advance(reader);
}

static void statement(struct reader *reader)
{
	const struct statement *statement = statement_at(reader);
	struct tla_span span = span_of(reader);

	if (!statement) {
		fail(reader, "a statement, as CONSTANT, SPECIFICATION or INVARIANT");
		return;
	}
	advance(reader);
	switch (statement->kind) {
	case CONSTANTS:
		while (!reader->has_failed && (is_name(reader) || is_operator(reader)) &&
		       !statement_at(reader))
			assignment(reader);
		break;
	case LIST:
		while (!reader->has_failed && is_name(reader) && !statement_at(reader))
			add_name(reader, &reader->config->lists[statement->idx]);
		break;
	case NAME:
		if (reader->config->names[statement->idx].sym)
			refuse_twice(reader, span, statement->word);
		one_name(reader, &reader->config->names[statement->idx]);
		break;
	case DEADLOCK:
		deadlock(reader);
		break;
	}
}

/* --- A configuration inside a .tla file --- */

static uint32_t skip_spaces(const struct tla_file *file, uint32_t at)
{
	while (at < file->n_bytes && (file->text[at] == ' ' || file->text[at] == '\t'))
		at++;
	return at;
}

/* Past four or more of the character; the same place: there are fewer. */
static uint32_t skip_rule(const struct tla_file *file, uint32_t at, char c)
{
	uint32_t end = at;

	while (end < file->n_bytes && file->text[end] == c)
		end++;
	return end - at >= 4 ? end : at;
}

/* Past a text at this place; the same place: it is not there. */
static uint32_t skip_text(const struct tla_file *file, uint32_t at, const char *text,
			  size_t n_bytes)
{
	if (file->n_bytes - at < n_bytes || memcmp(file->text + at, text, n_bytes) != 0)
		return at;
	return at + (uint32_t)n_bytes;
}

/* Where the line after `---- CONFIG Name ----` begins; 0: this line is none. */
static uint32_t after_heading(const struct tla_file *file, uint32_t at, const char *name,
			      size_t n_bytes)
{
	uint32_t rule = skip_rule(file, at, '-'), word_at = skip_spaces(file, rule);
	uint32_t word_end = skip_text(file, word_at, "CONFIG", 6);
	uint32_t name_at = skip_spaces(file, word_end);
	uint32_t name_end = skip_text(file, name_at, name, n_bytes), last;

	if (rule == at || word_end == word_at || name_at == word_end || name_end == name_at)
		return 0;
	last = skip_rule(file, skip_spaces(file, name_end), '-');
	while (last < file->n_bytes && isspace((unsigned char)file->text[last]) &&
	       file->text[last] != '\n')
		last++;
	return last < file->n_bytes && file->text[last] == '\n' ? last + 1 : 0;
}

/* The section of the file's own name, up to a line of `====`. */
static void find_section(struct reader *reader)
{
	const struct tla_file *file = reader->file;
	const char *slash = strrchr(file->path, '/'), *name = slash ? slash + 1 : file->path;
	size_t n_bytes = strlen(name) - strlen(".tla");
	uint32_t i = 0;

	for (; i < file->line_count && reader->at == 0; i++)
		reader->at = after_heading(file, file->lines[i], name, n_bytes);
	for (; i < file->line_count && reader->end == file->n_bytes; i++)
		if (skip_rule(file, file->lines[i], '=') != file->lines[i])
			reader->end = file->lines[i];
	if (reader->at > 0)
		return;
	tla_error_add(&reader->world->spec->sources, file->base,
		      "no configuration in this file: expected a line ---- CONFIG %.*s ----",
		      (int)n_bytes, name);
	reader->has_failed = true;
}

static bool is_module_file(const struct tla_file *file)
{
	size_t n_bytes = strlen(file->path);

	return n_bytes > 4 && strcmp(file->path + n_bytes - 4, ".tla") == 0;
}

int tla_config_parse(struct tla_config *config, struct tla_world *world, struct tla_heap *heap,
		     const struct tla_file *file)
{
	struct reader reader = {
		.config = config, .world = world, .heap = heap, .file = file, .end = file->n_bytes
	};

	*config = (struct tla_config){ 0 };
	if (is_module_file(file))
		find_section(&reader);
	if (!reader.has_failed)
		advance(&reader);
	while (!reader.has_failed && reader.n_bytes > 0)
		statement(&reader);
	return !reader.has_failed ? 0 : world->spec->sources.is_full ? -ENOMEM : -EINVAL;
}
