/* SPDX-License-Identifier: MIT */
/*
 * Files of specifications: what modules Json, CSV and IOUtils share. The program opens them
 * (tla_world); paths are relative to the folder that it was started in.
 */
#ifndef TLA_NATIVES_FILE_H
#define TLA_NATIVES_FILE_H

#include "eval.h"
#include "world.h"

enum {
	TLA_WRITE_ANEW = TLA_WRITE_CREATE | TLA_WRITE_CUT,
	TLA_WRITE_BEHIND = TLA_WRITE_CREATE | TLA_WRITE_APPEND
};

/* false: failed, with the reason. how: of enum tla_write. */
bool tla_file_write(struct tla_eval *eval, const char *path, const char *text, size_t n_bytes,
		    unsigned how);
/* All of a file on the heap, ended by NUL; ret_bytes may be NULL. NULL: failed. */
char *tla_file_read(struct tla_eval *eval, const char *path, size_t *ret_bytes);
/* The same, 0 or a negative errno, and nothing has failed but for lack of memory (-ENOMEM). */
int tla_file_try_write(struct tla_eval *eval, const char *path, const char *text, size_t n_bytes,
		       unsigned how);
int tla_file_try_read(struct tla_eval *eval, const char *path, char **ret_text, size_t *ret_bytes);
/* "The file x: No such file or directory." */
bool tla_file_failed(struct tla_eval *eval, const char *path, int err);
/* What a template is filled with. */
struct tla_template {
	const char *where; /* for whom it fails */
	const char **texts;
	uint32_t count;
};

/* A template's %s, %2$s and %% filled in, on the heap. NULL: failed. */
const char *tla_fill(struct tla_eval *eval, const char *at, const struct tla_template *template);
/* Two texts as one, on the heap. NULL: failed. */
char *tla_joined(struct tla_eval *eval, const char *a, const char *b);

#endif /* TLA_NATIVES_FILE_H */
