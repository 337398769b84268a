/* SPDX-License-Identifier: MIT */
/*
 * Files, positions and errors.
 *
 * Invariant: bases ascend in the order of files, and a file's range is one longer than its text, so
 * that the end of the text is a place of its own.
 */
#include "../source.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TAB = 8, FILES_FIRST = 16, TEXT_BYTES_MAX = 512 };

/* Addresses only: nothing is touched before it is needed. */
static const size_t reserve_bytes = (size_t)16 << 30;

int tla_sources_init(struct tla_sources *sources)
{
	*sources = (struct tla_sources){ 0 };
	return nw_arena_create(&sources->arena, NW_NODE_ANY, reserve_bytes, 0);
}

void tla_sources_fini(struct tla_sources *sources)
{
	nw_arena_destroy(sources->arena);
}

void *tla_piece(struct tla_sources *sources, size_t n_bytes)
{
	void *piece = nw_arena_alloc(sources->arena, n_bytes, 8);

	if (!piece)
		sources->is_full = true;
	return piece;
}

/* A line ends with LF, CR LF, or a CR of its own. */
static bool ends_line(const char *text, size_t n_bytes, size_t i)
{
	return text[i] == '\n' || (text[i] == '\r' && (i + 1 == n_bytes || text[i + 1] != '\n'));
}

static bool find_lines(struct tla_sources *sources, struct tla_file *file)
{
	uint32_t count = 1;

	for (size_t i = 0; i < file->n_bytes; i++)
		count += ends_line(file->text, file->n_bytes, i);
	file->lines = tla_piece(sources, count * sizeof(*file->lines));
	if (!file->lines)
		return false;
	for (size_t i = 0; i < file->n_bytes; i++)
		if (ends_line(file->text, file->n_bytes, i))
			file->lines[++file->line_count] = (uint32_t)i + 1;
	file->line_count++;
	return true;
}

static bool has_room(struct tla_sources *sources)
{
	uint32_t room = sources->file_room ? 2 * sources->file_room : FILES_FIRST;
	struct tla_file **files;

	if (sources->file_count < sources->file_room)
		return true;
	files = tla_piece(sources, room * sizeof(struct tla_file *));
	if (!files)
		return false;
	if (sources->file_count > 0)
		memcpy(files, sources->files, sources->file_count * sizeof(struct tla_file *));
	sources->files = files;
	sources->file_room = room;
	return true;
}

struct tla_file *tla_file_add(struct tla_sources *sources, const char *path, const char *text,
			      size_t n_bytes)
{
	const struct tla_file *last = sources->file_count ? sources->files[sources->file_count - 1]
							  : NULL;
	uint32_t base = last ? last->base + last->n_bytes + 1 : 1;
	size_t path_bytes = strlen(path) + 1;
	struct tla_file *file;
	char *copy;

	if (n_bytes > UINT32_MAX - 2 - base || !has_room(sources))
		return NULL;
	file = tla_piece(sources, sizeof(*file));
	copy = tla_piece(sources, path_bytes);
	if (!file || !copy)
		return NULL;
	memcpy(copy, path, path_bytes);
	*file = (struct tla_file){
		.path = copy, .text = text, .n_bytes = (uint32_t)n_bytes, .base = base
	};
	if (!find_lines(sources, file))
		return NULL;
	return sources->files[sources->file_count++] = file;
}

static const struct tla_file *file_of(const struct tla_sources *sources, uint32_t pos)
{
	uint32_t low = 0, high = sources->file_count;

	if (pos == TLA_NO_POS || high == 0)
		return NULL;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (sources->files[middle]->base <= pos)
			low = middle;
		else
			high = middle;
	}
	return sources->files[low];
}

static uint32_t line_of(const struct tla_file *file, uint32_t offset)
{
	uint32_t low = 0, high = file->line_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (file->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static uint32_t column_of(const struct tla_file *file, uint32_t line, uint32_t offset)
{
	uint32_t column = 1;

	for (uint32_t i = file->lines[line]; i < offset && i < file->n_bytes; i++) {
		if (file->text[i] == '\t')
			column += TAB - (column - 1) % TAB;
		else
			column += (file->text[i] & 0xc0) != 0x80;
	}
	return column;
}

struct tla_place tla_place_of(const struct tla_sources *sources, uint32_t pos)
{
	const struct tla_file *file = file_of(sources, pos);
	uint32_t line;

	if (!file)
		return (struct tla_place){ NULL, 0, 0 };
	line = line_of(file, pos - file->base);
	return (struct tla_place){ file, line + 1, column_of(file, line, pos - file->base) };
}

struct tla_place tla_place_last(const struct tla_sources *sources, struct tla_span span)
{
	const struct tla_file *file = file_of(sources, span.begin);
	uint32_t pos = span.end > span.begin ? span.end - 1 : span.begin;

	while (file && pos > span.begin && (file->text[pos - file->base] & 0xc0) == 0x80)
		pos--;
	return tla_place_of(sources, pos);
}

char *tla_error_format(const struct tla_sources *sources, const struct tla_error *error, char *buf,
		       size_t buf_bytes)
{
	struct tla_place place = tla_place_of(sources, error->pos);

	if (place.file)
		(void)snprintf(buf, buf_bytes, "%s:%u:%u: %s", place.file->path, place.line,
			       place.column, error->text);
	else
		(void)snprintf(buf, buf_bytes, "%s", error->text);
	return buf;
}

/* Whether a place has its error already. */
static bool has_error(const struct tla_sources *sources, uint32_t pos)
{
	for (uint32_t i = 0; i < sources->error_count && i < TLA_ERRORS_MAX; i++)
		if (pos != TLA_NO_POS && sources->errors[i].pos == pos)
			return true;
	return false;
}

/* Put an error where it belongs among those that are there. */
static void insert(struct tla_sources *sources, struct tla_error error)
{
	uint32_t at = sources->error_count++;

	for (; at > 0 && sources->errors[at - 1].pos > error.pos; at--)
		sources->errors[at] = sources->errors[at - 1];
	sources->errors[at] = error;
}

void tla_error_add(struct tla_sources *sources, uint32_t pos, const char *format, ...)
{
	char text[TEXT_BYTES_MAX];
	va_list args;
	size_t n_bytes;
	char *copy;

	if (has_error(sources, pos))
		return;
	if (sources->error_count >= TLA_ERRORS_MAX) {
		sources->error_count++;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	n_bytes = strlen(text) + 1;
	copy = tla_piece(sources, n_bytes);
	if (copy)
		memcpy(copy, text, n_bytes);
	insert(sources, (struct tla_error){ pos, copy ? copy : "no memory" });
}
