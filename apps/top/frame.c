/* SPDX-License-Identifier: MIT */
/*
 * Characters and styles on a grid. Invariant: nothing is put outside of it, whatever the size of
 * the terminal, and a cell holds a character that takes one column.
 */
#include "top/top.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { TEXT_BYTES = 1024, ODD = '?' };

int top_frame_open(struct top_frame *frame, int rows, int columns)
{
	*frame = (struct top_frame){ .rows = rows, .columns = columns };
	frame->cells = calloc((size_t)rows * (size_t)columns, sizeof(*frame->cells));
	return frame->cells ? 0 : -ENOMEM;
}

void top_frame_close(struct top_frame *frame)
{
	free(frame->cells);
	*frame = (struct top_frame){ 0 };
}

void top_frame_clear(struct top_frame *frame)
{
	memset(frame->cells, 0,
	       (size_t)frame->rows * (size_t)frame->columns * sizeof(*frame->cells));
}

/* --- UTF-8 --- */

/* The next character; ODD for what is none. */
static uint32_t next_point(const char **inout_text)
{
	static const unsigned char firsts[] = { 0x00, 0xc0, 0xe0, 0xf0 };
	const unsigned char *at = (const unsigned char *)*inout_text;
	unsigned more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : at[0] >= 0xc0 ? 1 : 0;
	uint32_t point = at[0] - firsts[more];

	for (unsigned i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			*inout_text += 1;
			return ODD;
		}
		point = point << 6 | (at[i] & 0x3f);
	}
	*inout_text += 1 + more;
	return more == 0 && at[0] >= 0x80 ? ODD : point;
}

/* What takes two columns, none, or moves the cursor, would push the others away. */
static uint32_t one_column(uint32_t point)
{
	if (point >= 0x20 && point < 0x7f)
		return point;
	return point < 0xa0 || wcwidth((wchar_t)point) != 1 ? ODD : point;
}

static void print_point(uint32_t point, FILE *out)
{
	if (point < 0x80) {
		(void)fputc((int)(point ? point : ' '), out);
		return;
	}
	if (point >= 0x10000)
		(void)fprintf(out, "%c%c", (int)(0xf0 | point >> 18),
			      (int)(0x80 | (point >> 12 & 0x3f)));
	else if (point >= 0x800)
		(void)fputc((int)(0xe0 | point >> 12), out);
	if (point >= 0x800)
		(void)fputc((int)(0x80 | (point >> 6 & 0x3f)), out);
	else
		(void)fputc((int)(0xc0 | point >> 6), out);
	(void)fputc((int)(0x80 | (point & 0x3f)), out);
}

/* --- Putting --- */

static void put_cell(struct top_frame *frame, int row, int column, enum top_style style,
		     uint32_t point)
{
	if (row < 0 || row >= frame->rows || column < 0 || column >= frame->columns)
		return;
	frame->cells[row * frame->columns + column] = (struct top_cell){ point, (uint8_t)style };
}

static int put_text(struct top_frame *frame, int row, int column, int end, enum top_style style,
		    const char *text)
{
	while (*text && column < end)
		put_cell(frame, row, column++, style, one_column(next_point(&text)));
	return column;
}

int top_put(struct top_frame *frame, int row, int column, enum top_style style, const char *format,
	    ...)
{
	char text[TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return put_text(frame, row, column, frame->columns, style, text);
}

int top_put_width(struct top_frame *frame, int row, int column, int width, enum top_style style,
		  const char *text)
{
	int end = column + width;

	column = put_text(frame, row, column, end, style, text);
	while (column < end)
		put_cell(frame, row, column++, style, ' ');
	return end;
}

/* How many columns a text takes. */
static int width_of(const char *text)
{
	int width = 0;

	while (*text) {
		(void)next_point(&text);
		width++;
	}
	return width;
}

void top_put_right(struct top_frame *frame, int row, int column, int width, enum top_style style,
		   const char *text)
{
	int its = width_of(text), blank = its < width ? width - its : 0;

	(void)top_put_width(frame, row, column, blank, style, "");
	(void)put_text(frame, row, column + blank, column + width, style, text);
}

void top_put_bar(struct top_frame *frame, int row, int column, int width, enum top_style style,
		 double share)
{
	int room = width - 2;
	int full = share >= 1 ? room : share > 0 ? (int)(share * room + 0.5) : 0;

	put_cell(frame, row, column, TOP_DIM, '[');
	for (int i = 0; i < room; i++)
		put_cell(frame, row, column + 1 + i, i < full ? style : TOP_DIM,
			 i < full ? '#' : '.');
	put_cell(frame, row, column + width - 1, TOP_DIM, ']');
}

void top_put_line(struct top_frame *frame, int row, enum top_style style, const char *text)
{
	(void)top_put_width(frame, row, 0, frame->columns, style, text);
}

void top_frame_print(const struct top_frame *frame, FILE *out)
{
	for (int row = 0; row < frame->rows; row++) {
		const struct top_cell *cells = frame->cells + (ptrdiff_t)row * frame->columns;
		int end = frame->columns;

		while (end > 0 && (cells[end - 1].point == 0 || cells[end - 1].point == ' '))
			end--;
		for (int i = 0; i < end; i++)
			print_point(cells[i].point, out);
		(void)fputc('\n', out);
	}
}

char *top_short(double n, char *buf, size_t buf_bytes)
{
	static const char units[] = " kMGTP";
	size_t unit = 0;

	while (n >= 1000 && unit < sizeof(units) - 2) {
		n /= 1000;
		unit++;
	}
	if (unit == 0)
		(void)snprintf(buf, buf_bytes, "%.0f", n);
	else
		(void)snprintf(buf, buf_bytes, "%.*f %c",
			       n < 10    ? 2
			       : n < 100 ? 1
					 : 0,
			       n, units[unit]);
	return buf;
}
