/* SPDX-License-Identifier: MIT */
/*
 * Values over several lines, as TLC lays them out: what does not fit into 80 columns is opened, one
 * element a line, each treated likewise.
 *
 * It works on the text of a value. Invariant: a text that is not understood whole is written as it
 * is.
 */
#include "check/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 80, PARTS_STEP = 256, DEPTH_MAX = 200 };

enum kind { ATOM, SET, TUPLE, FUNCTION, RECORD, PAIR };

/* What the kinds begin with, what is between their elements, what ends them. */
static const struct {
	const char *open, *between, *close, *arrow;
} shapes[] = {
	[SET] = { "{ ", ",", " }", NULL },
	[TUPLE] = { "<< ", ",", " >>", NULL },
	[FUNCTION] = { "( ", " @@", " )", " :>" },
	[RECORD] = { "[ ", ",", " ]", " |->" },
};

/* A piece of the text; 0 is no part. */
struct part {
	enum kind kind;
	size_t from, to;
	size_t first, next; /* below it, behind it */
};

struct layout {
	const char *text;
	struct part *parts;
	size_t count, room;
	FILE *out;
};

static size_t parse(struct layout *layout, size_t at, unsigned depth);

static size_t add(struct layout *layout, enum kind kind, size_t from)
{
	if (layout->count == layout->room) {
		size_t room = layout->room + layout->room / 2 + PARTS_STEP;
		struct part *parts = realloc(layout->parts, room * sizeof(*parts));

		if (!parts)
			return 0;
		layout->parts = parts;
		layout->room = room;
	}
	layout->parts[layout->count] = (struct part){ .kind = kind, .from = from };
	return layout->count++;
}

static size_t skip(const struct layout *layout, size_t at)
{
	while (layout->text[at] == ' ')
		at++;
	return at;
}

static bool has(const struct layout *layout, size_t at, const char *word)
{
	return strncmp(layout->text + at, word, strlen(word)) == 0;
}

static size_t end_of_digits(const char *text, size_t at)
{
	while (isdigit((unsigned char)text[at]))
		at++;
	return at;
}

/* As TLC reads them: a string ends with the first quote, escaped or not; a name has no underscore,
 * and an interval no negative bound, so that values with such are not understood. */
static size_t end_of_atom(const char *text, size_t at)
{
	size_t to = at, end;

	if (text[at] == '"') {
		for (to = at + 1; text[to] && text[to] != '"'; to++)
			;
		return to + (text[to] == '"');
	}
	if (text[at] == '-')
		return end_of_digits(text, at + 1);
	to = end_of_digits(text, at);
	if (to > at && text[to] == '.' && text[to + 1] == '.') {
		end = end_of_digits(text, to + 2);
		return end > to + 2 ? end : to;
	}
	while (isalnum((unsigned char)text[to]))
		to++;
	return to;
}

static size_t parse_atom(struct layout *layout, size_t at)
{
	size_t to = end_of_atom(layout->text, at);
	size_t part = to > at ? add(layout, ATOM, at) : 0;

	if (part)
		layout->parts[part].to = to;
	return part;
}

/* arg :> value, name |-> value */
static size_t parse_pair(struct layout *layout, size_t at, const char *arrow, unsigned depth)
{
	size_t pair = add(layout, PAIR, at), arg, value;

	if (!pair)
		return 0;
	arg = parse(layout, at, depth);
	if (!arg)
		return 0;
	at = skip(layout, layout->parts[arg].to);
	if (!has(layout, at, arrow))
		return 0;
	value = parse(layout, at + strlen(arrow), depth);
	if (!value)
		return 0;
	layout->parts[arg].next = value;
	layout->parts[pair].first = arg;
	layout->parts[pair].to = layout->parts[value].to;
	return pair;
}

static size_t parse_list(struct layout *layout, enum kind kind, size_t at, const char *close,
			 unsigned depth)
{
	const char *arrow = kind == FUNCTION ? ":>" : kind == RECORD ? "|->" : NULL;
	size_t list = add(layout, kind, at), last = 0;

	if (!list)
		return 0;
	for (at = skip(layout, at + strlen(close)); !has(layout, at, close);) {
		size_t part = arrow ? parse_pair(layout, at, arrow, depth)
				    : parse(layout, at, depth);

		if (!part)
			return 0;
		if (last)
			layout->parts[last].next = part;
		else
			layout->parts[list].first = part;
		last = part;
		at = skip(layout, layout->parts[part].to);
		at += has(layout, at, ",") ? 1 : has(layout, at, "@@") ? 2 : 0;
		at = skip(layout, at);
	}
	layout->parts[list].to = at + strlen(close);
	return list;
}

static size_t parse(struct layout *layout, size_t at, unsigned depth)
{
	at = skip(layout, at);
	if (depth == DEPTH_MAX)
		return 0;
	switch (layout->text[at]) {
	case '{':
		return parse_list(layout, SET, at, "}", depth + 1);
	case '<':
		return parse_list(layout, TUPLE, at, ">>", depth + 1);
	case '(':
		return parse_list(layout, FUNCTION, at, ")", depth + 1);
	case '[':
		return parse_list(layout, RECORD, at, "]", depth + 1);
	default:
		return parse_atom(layout, at);
	}
}

static size_t length(const struct part *part)
{
	return part->to - part->from;
}

static void write_raw(const struct layout *layout, const struct part *part)
{
	(void)fwrite(layout->text + part->from, 1, length(part), layout->out);
}

static void write_pad(const struct layout *layout, size_t pad)
{
	fprintf(layout->out, "\n%*s", (int)pad, "");
}

/* trailer: columns of the last line that belong to what comes behind. */
static void write_part(const struct layout *layout, const struct part *part, long columns,
		       long trailer, size_t pad);

static void write_pair(const struct layout *layout, const struct part *pair, const char *arrow,
		       long columns, long trailer, size_t pad)
{
	const struct part *arg = &layout->parts[pair->first], *value = &layout->parts[arg->next];
	long left = (long)(length(arg) + strlen(arrow));

	if (left + 1 + (long)length(value) <= columns - trailer) {
		write_raw(layout, arg);
		fprintf(layout->out, "%s ", arrow);
		write_raw(layout, value);
		return;
	}
	if (left <= columns)
		write_raw(layout, arg);
	else
		write_part(layout, arg, columns, trailer + (long)strlen(arrow), pad);
	fputs(arrow, layout->out);
	write_pad(layout, pad + 4);
	write_part(layout, value, columns - 4, trailer, pad + 4);
}

static void write_list(const struct layout *layout, const struct part *list, long columns,
		       long trailer, size_t pad)
{
	const char *between = shapes[list->kind].between, *arrow = shapes[list->kind].arrow;
	size_t indent = strlen(shapes[list->kind].open);

	fputs(shapes[list->kind].open, layout->out);
	columns -= (long)indent;
	pad += indent;
	for (size_t i = list->first; i; i = layout->parts[i].next) {
		const struct part *part = &layout->parts[i];
		long behind = part->next ? (long)strlen(between)
					 : trailer + (long)strlen(shapes[list->kind].close);

		if (arrow)
			write_pair(layout, part, arrow, columns, behind, pad);
		else
			write_part(layout, part, columns, behind, pad);
		if (!part->next)
			break;
		fputs(between, layout->out);
		write_pad(layout, pad);
	}
	fputs(shapes[list->kind].close, layout->out);
}

static void write_part(const struct layout *layout, const struct part *part, long columns,
		       long trailer, size_t pad)
{
	if (part->kind == ATOM || (long)length(part) <= columns - trailer)
		write_raw(layout, part);
	else
		write_list(layout, part, columns, trailer, pad);
}

void check_layout(FILE *out, const char *value)
{
	struct layout layout = { .text = value, .out = out };
	size_t root = 0;

	if (strlen(value) > COLUMNS && add(&layout, ATOM, 0) == 0 && layout.parts)
		root = parse(&layout, 0, 0);
	if (root && value[layout.parts[root].to] == '\0')
		write_part(&layout, &layout.parts[root], COLUMNS, 0, 0);
	else
		fputs(value, out);
	free(layout.parts);
}
