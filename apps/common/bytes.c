/* SPDX-License-Identifier: MIT */
/*
 * Whole files into memory.
 * Invariant: what is larger than the caller allows is refused, whatever the file says of its size.
 */
#include "common/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { READ_STEP = 1 << 16 };

/* Room for more, one byte past the limit at most. 0 or negative errno. */
static int make_room(char **text, size_t used, size_t *room, size_t bytes_max)
{
	size_t wanted = *room * 2 + READ_STEP;
	char *more;

	if (used > bytes_max)
		return -EFBIG;
	if (wanted > bytes_max + 1)
		wanted = bytes_max + 1;
	more = realloc(*text, wanted);
	if (!more)
		return -ENOMEM;
	*text = more;
	*room = wanted;
	return 0;
}

/* The caller frees *ret_text, also on failure. 0 or negative errno. */
static int read_stream(FILE *stream, size_t bytes_max, char **ret_text, size_t *ret_bytes)
{
	size_t used = 0, room = 0, got = 1;
	int rc = 0;

	*ret_text = NULL;
	while (rc == 0 && got > 0) {
		if (used == room)
			rc = make_room(ret_text, used, &room, bytes_max);
		got = rc == 0 ? fread(*ret_text + used, 1, room - used, stream) : 0;
		used += got;
	}
	if (rc == 0 && ferror(stream))
		rc = errno ? -errno : -EIO;
	*ret_bytes = used;
	return rc;
}

int app_read_file(const char *path, size_t bytes_max, char **ret_text, size_t *ret_bytes)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t n_bytes = 0;
	char *text = NULL;
	int rc;

	if (!stream)
		return -errno;
	errno = 0;
	rc = read_stream(stream, bytes_max, &text, &n_bytes);
	if (stream != stdin)
		(void)fclose(stream); /* was only read */
	if (rc < 0) {
		free(text);
		return rc;
	}
	*ret_text = text;
	*ret_bytes = n_bytes;
	return 0;
}

bool app_has_suffix(const char *path, const char *suffix)
{
	size_t length = strlen(path), tail = strlen(suffix);

	return length > tail && strcmp(path + length - tail, suffix) == 0;
}
