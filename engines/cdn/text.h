/* SPDX-License-Identifier: MIT */
/*
 * Whole files as text, and their lines; through zlib, so that .gz is read as what is in it.
 * Invariant: a text ends with a 0 that is not counted.
 */
#ifndef NWI_CDN_TEXT_H
#define NWI_CDN_TEXT_H

#include <nw/arena.h>
#include <nw/diag.h>

#include <stddef.h>

/* The arena has to have nothing of size below this in it that would break pieces apart. 0;
 * -ENOENT, -EISDIR, -EFBIG, -EIO, -ENOMEM with the diag. */
int nwi_cdn_text_read(struct nw_arena *arena, const char *path, size_t bytes_max, char **ret_text,
		      size_t *ret_bytes, struct nw_diag *reterr_diag);
/* "<format>" into the diag, if there is one; returns rc. */
int nwi_cdn_fail(struct nw_diag *reterr_diag, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* NWI_CDN_TEXT_H */
