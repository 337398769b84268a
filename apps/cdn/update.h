/* SPDX-License-Identifier: MIT */
/*
 * `nodewise cdn update`: published lists into files of providers.
 *
 * import.c  a published file -> lists, each for a provider
 * edit.c    a list into the text of a provider's file, the rest of which stays as it is
 * cover.c   what an old and a new file have in common, by addresses
 * update.c  the command: all files are understood and compared before one is written
 *
 * Invariant: a fault anywhere changes no file.
 */
#ifndef APP_CDN_UPDATE_H
#define APP_CDN_UPDATE_H

#include "common/tree.h"

#include <nw/cdn.h>

#define CDN_UPDATE_NAME "cdn update"

enum { CDN_IMPORTS_MAX = 64, CDN_FILE_BYTES_MAX = 256 << 20, CDN_DATE_BYTES = 11 };

/* A list that was published: takes the place of the one of the same source. */
struct cdn_import {
	const char *file; /* where it was */
	const char *provider, *source, *kind;
	const char *weight; /* as text, where the file has no such list yet */
	char date[CDN_DATE_BYTES];
	const char **prefixes;
	uint32_t count, room;
	bool has_ipv4, has_ipv6;
};

struct cdn_imports {
	struct app_pool pool;
	struct cdn_import at[CDN_IMPORTS_MAX];
	uint32_t count;
	const char *provider; /* of --provider: for texts that do not say */
	const char *date;     /* of --date, or NULL */
};

/* import.c: APP_OK, or an exit code after one line. A provider's own YAML is not taken here:
 * *ret_is_ours, and nothing else is set. */
int cdn_import_file(struct cdn_imports *imports, const char *path, const char *text, size_t n_bytes,
		    bool *ret_is_ours);

/* edit.c: the file's text with the list in it, in the pool; NULL: no memory, or a line was said. */
char *cdn_edit(struct app_pool *pool, const char *name, const char *text,
	       const struct cdn_import *import);

/* cover.c */
struct cdn_difference {
	uint32_t added, removed, old_count, new_count; /* prefixes */
	double lost;                                   /* share of the old addresses, of the family
							  that loses more */
};
/* Prints up to shown_max prefixes that come and go. old may be NULL. */
struct cdn_difference cdn_compare(const struct nw_cdn *old, const struct nw_cdn *new_one,
				  uint32_t shown_max);

#endif /* APP_CDN_UPDATE_H */
