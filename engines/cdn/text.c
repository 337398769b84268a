/* SPDX-License-Identifier: MIT */
/* Files through zlib, which takes what is not compressed as it is. */
#include "cdn/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

enum { PIECE_BYTES = 1 << 16 };

int nwi_cdn_fail(struct nw_diag *reterr_diag, int rc, const char *format, ...)
{
	va_list arguments;

	if (!reterr_diag)
		return rc;
	va_start(arguments, format);
	(void)vsnprintf(reterr_diag->text, sizeof(reterr_diag->text), format, arguments);
	va_end(arguments);
	return rc;
}

static int read_all(gzFile file, struct nw_arena *arena, size_t bytes_max, char **ret_text,
		    size_t *ret_bytes)
{
	char *text = NULL;
	size_t n_bytes = 0;

	for (;;) {
		/* Pieces of an arena lie one behind the other. */
		char *piece = nw_arena_alloc(arena, PIECE_BYTES, 1);
		int got;

		if (!piece)
			return n_bytes >= bytes_max ? -EFBIG : -ENOMEM;
		if (!text)
			text = piece;
		got = gzread(file, piece, PIECE_BYTES);
		if (got < 0)
			return -EIO;
		n_bytes += (size_t)got;
		if (n_bytes > bytes_max)
			return -EFBIG;
		if (got < PIECE_BYTES)
			break;
	}
	text[n_bytes] = '\0';
	*ret_text = text;
	*ret_bytes = n_bytes;
	return 0;
}

int nwi_cdn_text_read(struct nw_arena *arena, const char *path, size_t bytes_max, char **ret_text,
		      size_t *ret_bytes, struct nw_diag *reterr_diag)
{
	gzFile file;
	int rc;

	errno = 0;
	file = gzopen(path, "rbe");
	if (!file) {
		rc = errno != 0 ? -errno : -ENOMEM;
		return nwi_cdn_fail(reterr_diag, rc, "%s: %s", path, strerror(-rc));
	}
	(void)gzbuffer(file, 2 * PIECE_BYTES);
	rc = read_all(file, arena, bytes_max, ret_text, ret_bytes);
	/* Only read from: closing has nothing to lose. */
	if (gzclose_r(file) != Z_OK && rc == 0)
		rc = -EIO;
	if (rc == -EFBIG)
		return nwi_cdn_fail(reterr_diag, rc, "%s: more than %zu MiB", path,
				    bytes_max >> 20);
	if (rc != 0)
		return nwi_cdn_fail(reterr_diag, rc, "%s: %s", path,
				    rc == -EIO ? "cannot be read, or is cut off" : strerror(-rc));
	return 0;
}
