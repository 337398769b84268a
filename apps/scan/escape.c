/* SPDX-License-Identifier: MIT */
/*
 * Bytes that others have sent, written so that no reader is misled: no line break, no quote, no
 * byte that is not ASCII gets through as it is.
 */
#include "scan/scan.h"

static void put_byte(FILE *file, unsigned char c)
{
	switch (c) {
	case '\r':
		(void)fputs("\\r", file);
		return;
	case '\n':
		(void)fputs("\\n", file);
		return;
	case '\t':
		(void)fputs("\\t", file);
		return;
	case '\\':
		(void)fputs("\\\\", file);
		return;
	default:
		if (c >= ' ' && c <= '~')
			(void)fputc(c, file);
		else
			(void)fprintf(file, "\\x%02x", c);
	}
}

void scan_put_escaped(FILE *file, const void *bytes, size_t n_bytes)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n_bytes; i++)
		put_byte(file, at[i]);
}

void scan_put_json(FILE *file, const void *bytes, size_t n_bytes)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n_bytes; i++) {
		if (at[i] == '"' || at[i] == '\\')
			(void)fprintf(file, "\\%c", at[i]);
		else if (at[i] >= ' ' && at[i] <= '~')
			(void)fputc(at[i], file);
		else
			(void)fprintf(file, "\\u%04x", at[i]);
	}
}

static const char *entity_of(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

void scan_put_xml(FILE *file, const void *bytes, size_t n_bytes)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n_bytes; i++) {
		const char *entity = entity_of(at[i]);

		if (entity)
			(void)fputs(entity, file);
		else
			put_byte(file, at[i]);
	}
}

void scan_put_grep(FILE *file, const void *bytes, size_t n_bytes)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n_bytes; i++)
		put_byte(file, at[i] == '/' ? '|' : at[i]);
}
