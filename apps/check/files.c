/* SPDX-License-Identifier: MIT */
/*
 * The files of a specification, read whole, and those that it reads and writes itself; neither the
 * front end nor the evaluator opens any.
 *
 * Invariant: a text for the front end stays where it is until check_files_free(); what an
 * evaluation reads is its own.
 */
#include "check/check.h"

#include "tla/eval/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 256 << 20 };

struct check_file {
	struct check_file *next;
	char text[];
};

/* A regular file's size, or a negative errno. */
static long long size_of(FILE *stream)
{
	struct stat status;

	if (fstat(fileno(stream), &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	return status.st_size <= FILE_BYTES_MAX ? status.st_size : -EFBIG;
}

static int read_stream(struct check_files *files, FILE *stream, const char **ret_text,
		       size_t *ret_bytes)
{
	long long n_bytes = size_of(stream);
	struct check_file *file;

	if (n_bytes < 0)
		return (int)n_bytes;
	file = malloc(sizeof(*file) + (size_t)n_bytes + 1);
	if (!file)
		return -ENOMEM;
	*ret_bytes = fread(file->text, 1, (size_t)n_bytes, stream);
	if (ferror(stream)) {
		free(file);
		return -EIO;
	}
	file->next = files->first;
	files->first = file;
	*ret_text = file->text;
	return 0;
}

int check_files_read(void *files, const char *path, const char **ret_text, size_t *ret_bytes)
{
	FILE *stream = fopen(path, "re");
	int r;

	if (!stream)
		return errno == ENOTDIR ? -ENOENT : -errno;
	r = read_stream(files, stream, ret_text, ret_bytes);
	(void)fclose(stream); /* only read from */
	return r;
}

/* What is no regular file, such as a pipe, has no size: it is read to its end. */
static int read_to_end(FILE *stream, char **ret_text, size_t *ret_bytes)
{
	size_t n_bytes = 0, room = 0;
	char *text = NULL;

	while (!feof(stream) && !ferror(stream)) {
		if (n_bytes == room) {
			char *more = room < FILE_BYTES_MAX ? realloc(text, 2 * room + 4096) : NULL;

			if (!more) {
				free(text);
				return room < FILE_BYTES_MAX ? -ENOMEM : -EFBIG;
			}
			text = more;
			room = 2 * room + 4096;
		}
		n_bytes += fread(text + n_bytes, 1, room - n_bytes, stream);
	}
	if (ferror(stream)) {
		free(text);
		return -EIO;
	}
	*ret_text = text;
	*ret_bytes = n_bytes;
	return 0;
}

int check_file_read(void *context, const char *path, char **ret_text, size_t *ret_bytes)
{
	FILE *stream = fopen(path, "re");
	long long n_bytes;
	int r;

	(void)context;
	if (!stream)
		return -errno;
	n_bytes = size_of(stream);
	r = n_bytes == -EISDIR || n_bytes == -EFBIG ? (int)n_bytes
						    : read_to_end(stream, ret_text, ret_bytes);
	(void)fclose(stream); /* only read from */
	return r;
}

static int write_all(int file, const char *text, size_t n_bytes)
{
	while (n_bytes > 0) {
		ssize_t n = write(file, text, n_bytes);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		n_bytes -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int check_file_write(void *context, const char *path, const char *text, size_t n_bytes,
		     unsigned how)
{
	int flags = O_WRONLY | O_CLOEXEC | (how & TLA_WRITE_CREATE ? O_CREAT : 0) |
		    (how & TLA_WRITE_NEW ? O_EXCL : 0) | (how & TLA_WRITE_CUT ? O_TRUNC : 0) |
		    (how & TLA_WRITE_APPEND ? O_APPEND : 0);
	int file = open(path, flags, 0666), r;

	(void)context;
	if (file < 0)
		return -errno;
	r = write_all(file, text, n_bytes);
	if (close(file) < 0 && r == 0)
		r = -errno;
	return r;
}

void check_files_free(struct check_files *files)
{
	while (files->first) {
		struct check_file *next = files->first->next;

		free(files->first);
		files->first = next;
	}
}
