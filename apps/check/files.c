/* SPDX-License-Identifier: MIT */
/*
 * The files of a specification, read whole, and those that it writes; the front end opens none
 * itself.
 *
 * Invariant: a text stays where it is until check_files_free().
 */
#include "check/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int check_files_write(void *files, const char *path, const char *text, size_t n_bytes, bool appends)
{
	FILE *stream = fopen(path, appends ? "ae" : "we");
	int r = 0;

	(void)files;
	if (!stream)
		return -errno;
	if (fwrite(text, 1, n_bytes, stream) != n_bytes)
		r = -EIO;
	if (fclose(stream) != 0 && r == 0)
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
