/* SPDX-License-Identifier: MIT */
/*
 * Files of specifications.
 * Invariant: one thread at a time is in the program's functions, so a line is written whole.
 */
#include "natives_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tla_file_failed(struct tla_eval *eval, const char *path, int err)
{
	char reason[128];

	if (!eval->heap->has_failed)
		tla_fail(eval->heap, "The file %s: %s.", path,
			 strerror_r(-err, reason, sizeof reason));
	return false;
}

int tla_file_try_write(struct tla_eval *eval, const char *path, const char *text, size_t n_bytes,
		       unsigned how)
{
	const struct tla_files *files = &eval->world->files;
	int err = -EPERM;

	pthread_mutex_lock(eval->world->symbol_lock);
	if (files->write)
		err = files->write(files->context, path, text, n_bytes, how);
	pthread_mutex_unlock(eval->world->symbol_lock);
	return err;
}

bool tla_file_write(struct tla_eval *eval, const char *path, const char *text, size_t n_bytes,
		    unsigned how)
{
	int err = tla_file_try_write(eval, path, text, n_bytes, how);

	return err == 0 || tla_file_failed(eval, path, err);
}

int tla_file_try_read(struct tla_eval *eval, const char *path, char **ret_text, size_t *ret_bytes)
{
	const struct tla_files *files = &eval->world->files;
	size_t n_bytes = 0;
	char *text = NULL, *copy;
	int err = -EPERM;

	pthread_mutex_lock(eval->world->symbol_lock);
	if (files->read)
		err = files->read(files->context, path, &text, &n_bytes);
	pthread_mutex_unlock(eval->world->symbol_lock);
	if (err)
		return err;
	copy = tla_alloc(eval->heap, (n_bytes / 8 + 1) * 8);
	if (copy) {
		memcpy(copy, text, n_bytes);
		copy[n_bytes] = '\0';
		*ret_text = copy;
		*ret_bytes = n_bytes;
	}
	free(text);
	return copy ? 0 : -ENOMEM;
}

char *tla_file_read(struct tla_eval *eval, const char *path, size_t *ret_bytes)
{
	size_t n_bytes;
	char *text = NULL;
	int err = tla_file_try_read(eval, path, &text, ret_bytes ? ret_bytes : &n_bytes);

	if (err)
		(void)tla_file_failed(eval, path, err);
	return err ? NULL : text;
}

char *tla_joined(struct tla_eval *eval, const char *a, const char *b)
{
	size_t n_bytes = strlen(a) + strlen(b);
	char *both = tla_alloc(eval->heap, (n_bytes / 8 + 1) * 8);

	if (both)
		(void)snprintf(both, n_bytes + 1, "%s%s", a, b); /* fits */
	return both;
}

/* --- Templates --- */

/* A template's next piece: text, or %i$s or %s, the number of which goes to *ret_arg (-1: text). */
static size_t piece_of(const char *at, uint32_t *next, int64_t *ret_arg)
{
	char *end;
	long i;

	*ret_arg = -1;
	if (*at != '%')
		return strcspn(at, "%");
	if (at[1] == 's') {
		*ret_arg = (*next)++;
		return 2;
	}
	i = strtol(at + 1, &end, 10);
	if (end == at + 1 || i < 1 || end[0] != '$' || end[1] != 's')
		return 1; /* the % itself */
	*ret_arg = i - 1;
	return (size_t)(end + 2 - at);
}

/* The text of a piece on the heap. NULL: failed. */
static const char *piece_text(struct tla_eval *eval, const char *at, size_t length, int64_t arg,
			      const struct tla_template *template)
{
	char *copy;

	if (arg >= template->count) {
		tla_fail(eval->heap, "%s has no value %lld for its template.", template->where,
			 (long long)arg + 1);
		return NULL;
	}
	if (arg >= 0)
		return template->texts[arg];
	copy = tla_alloc(eval->heap, (length / 8 + 1) * 8);
	if (copy) {
		memcpy(copy, at, length);
		copy[length] = '\0';
	}
	return copy;
}

const char *tla_fill(struct tla_eval *eval, const char *at, const struct tla_template *template)
{
	const char *line = "";
	uint32_t next = 0;

	while (line && *at) {
		int64_t arg;
		bool is_percent = at[0] == '%' && at[1] == '%';
		size_t length = piece_of(at + is_percent, &next, &arg);
		const char *text = is_percent ? "%" : piece_text(eval, at, length, arg, template);

		line = text ? tla_joined(eval, line, text) : NULL;
		at += is_percent ? 2 : length;
	}
	return line;
}
