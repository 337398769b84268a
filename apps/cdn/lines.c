/* SPDX-License-Identifier: MIT */
/* Lines of standard input by poll and read, as stdio hides what it holds. */
#include "cdn/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* The rest of a line that was cut goes with it. */
static char *take(struct cdn_lines *lines)
{
	char *line = lines->bytes + lines->from;
	size_t n = lines->to - lines->from;
	char *end = memchr(line, '\n', n);
	bool was_cut = lines->is_cut;

	if (!end && n < CDN_LINE_BYTES && !lines->is_over)
		return NULL;
	if (!end && n == 0)
		return NULL;
	lines->is_cut = !end && !lines->is_over;
	if (!end)
		end = line + (n < CDN_LINE_BYTES ? n : CDN_LINE_BYTES - 1);
	lines->from = (size_t)(end - lines->bytes) + 1;
	if (lines->from > lines->to)
		lines->from = lines->to;
	*end = '\0';
	return was_cut ? take(lines) : line;
}

static void make_room(struct cdn_lines *lines)
{
	memmove(lines->bytes, lines->bytes + lines->from, lines->to - lines->from);
	lines->to -= lines->from;
	lines->from = 0;
}

/* false: nothing came. */
static bool fill(struct cdn_lines *lines, int wait_ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	if (poll(&input, 1, wait_ms) <= 0)
		return false;
	make_room(lines);
	n = read(STDIN_FILENO, lines->bytes + lines->to, sizeof(lines->bytes) - 1 - lines->to);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	lines->to += n > 0 ? (size_t)n : 0;
	lines->is_over = n <= 0;
	return true;
}

enum cdn_line cdn_lines_next(struct cdn_lines *lines, int wait_ms, char **ret_line)
{
	for (;;) {
		*ret_line = take(lines);
		if (*ret_line)
			return CDN_LINE;
		if (lines->is_over)
			return CDN_LINE_END;
		if (!fill(lines, wait_ms))
			return CDN_LINE_NOT_YET;
	}
}
