/* SPDX-License-Identifier: MIT */
/*
 * Lines of standard input, taken without waiting for the next one where there is other work.
 * Invariant: a line is whole: what is read so far waits for its end.
 */
#ifndef APP_CDN_LINES_H
#define APP_CDN_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { CDN_LINE_BYTES = 4096 };

enum cdn_line {
	CDN_LINE = 1,
	CDN_LINE_NOT_YET, /* nothing in that time, or interrupted */
	CDN_LINE_END
};

struct cdn_lines {
	char bytes[16 * CDN_LINE_BYTES];
	size_t from, to;
	bool is_over, is_cut;
};

/* The next line without its end, lent until the next call; one above CDN_LINE_BYTES is cut.
 * wait_ms: -1, as long as it takes. */
enum cdn_line cdn_lines_next(struct cdn_lines *lines, int wait_ms, char **ret_line);

#endif /* APP_CDN_LINES_H */
