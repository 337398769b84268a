/* SPDX-License-Identifier: MIT */
/*
 * Text under construction: a piece of the sources' arena that doubles when it is full.
 *
 * Invariant: once no memory came, nothing is added and text stays NULL.
 */
#include "out.h"

#include <stdio.h>
#include <string.h>

enum { ROOM_FIRST = 1024 };

static bool make_room(struct out *out, size_t n_bytes)
{
	size_t room = out->room ? out->room : ROOM_FIRST;
	char *text;

	if (out->room > 0 && !out->text)
		return false;
	if (out->n_bytes + n_bytes < out->room)
		return true;
	while (out->n_bytes + n_bytes >= room)
		room *= 2;
	text = tla_piece(&out->spec->sources, room);
	if (text && out->n_bytes > 0)
		memcpy(text, out->text, out->n_bytes);
	out->text = text;
	out->room = room;
	return text;
}

void tla_out_bytes(struct out *out, const char *text, size_t n_bytes)
{
	if (!make_room(out, n_bytes))
		return;
	memcpy(out->text + out->n_bytes, text, n_bytes);
	out->n_bytes += n_bytes;
	for (size_t i = 0; i < n_bytes; i++)
		out->column += (text[i] & 0xc0) != 0x80;
}

void tla_out(struct out *out, const char *text)
{
	tla_out_bytes(out, text, strlen(text));
}

void tla_out_sym(struct out *out, tla_sym sym)
{
	const struct tla_symbols *symbols = out->spec->symbols;

	tla_out_bytes(out, tla_symbol_text(symbols, sym), tla_symbol_bytes(symbols, sym));
}

static const char *escape_of(char c)
{
	switch (c) {
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	case '\f':
		return "\\f";
	case '\\':
		return "\\\\";
	case '"':
		return "\\\"";
	default:
		return NULL;
	}
}

void tla_out_string(struct out *out, tla_sym sym)
{
	const char *text = tla_symbol_text(out->spec->symbols, sym);
	size_t n_bytes = tla_symbol_bytes(out->spec->symbols, sym);

	tla_out(out, "\"");
	for (size_t i = 0; i < n_bytes; i++) {
		const char *escape = escape_of(text[i]);

		if (escape)
			tla_out(out, escape);
		else
			tla_out_bytes(out, &text[i], 1);
	}
	tla_out(out, "\"");
}

void tla_out_number(struct out *out, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	tla_out(out, text);
}

void tla_out_line(struct out *out, uint32_t column)
{
	if (!make_room(out, column + 1))
		return;
	out->text[out->n_bytes++] = '\n';
	memset(out->text + out->n_bytes, ' ', column - 1);
	out->n_bytes += column - 1;
	out->column = column;
}
