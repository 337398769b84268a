/* SPDX-License-Identifier: MIT */
/*
 * Text under construction, which knows in which column it is.
 *
 * Invariant: text is NULL (no memory came) or ended by NUL within its room.
 */
#ifndef TLA_SYNTAX_OUT_H
#define TLA_SYNTAX_OUT_H

#include "../load.h"

struct out {
	struct tla_spec *spec;
	char *text;
	size_t n_bytes, room;
	uint32_t column; /* of the next character, from 1 */
};

/* Add a text without line ends and tabs. */
void tla_out(struct out *out, const char *text);
void tla_out_bytes(struct out *out, const char *text, size_t n_bytes);
void tla_out_sym(struct out *out, tla_sym sym);
/* A string literal, quotes and escapes included. */
void tla_out_string(struct out *out, tla_sym sym);
void tla_out_number(struct out *out, uint64_t number);
/* A new line, and blanks up to a column. */
void tla_out_line(struct out *out, uint32_t column);

#endif /* TLA_SYNTAX_OUT_H */
