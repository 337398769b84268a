/* SPDX-License-Identifier: MIT */
/*
 * Data of providers for programs: where it is, how old it is, names of providers as people list
 * them. Invariant: what returns an exit code has said why when it is not APP_OK.
 */
#ifndef APP_COMMON_CDN_H
#define APP_COMMON_CDN_H

#include <nw/cdn.h>

#include <stdbool.h>
#include <stddef.h>

enum { APP_CDN_PATH_BYTES = 4096, APP_CDN_OLD_DAYS = 30, APP_CDN_TOO_OLD_DAYS = 90 };

struct app_cdn_folders {
	char shipped[APP_CDN_PATH_BYTES]; /* beside the command, or what --data names */
	char own[APP_CDN_PATH_BYTES]; /* the user's, which `nodewise cdn update` fills; "": none */
};

/* data: of --data, which has no second folder; or NULL. */
int app_cdn_find(const char *command, const char *data, struct app_cdn_folders *ret_folders);
/* Finds and opens; asn_path may be NULL. */
int app_cdn_open(const char *command, const char *data, const char *asn_path,
		 struct nw_cdn **ret_cdn);
/* A note, if lists of any CDN or firewall are older than APP_CDN_TOO_OLD_DAYS. */
void app_cdn_note_age(const char *command, const struct nw_cdn *cdn);
/* Days from a date, "2025-07-25", to today; below 0: it is to come. */
long app_cdn_days_since(const char *date);
/* "cloudflare,akamai,none" of an option into a set of positions, the last one for none; the caller
 * frees it. A name that nobody has is refused. */
int app_cdn_names(const char *command, const char *option, const struct nw_cdn *cdn,
		  const char *text, bool **ret_set);

#endif /* APP_COMMON_CDN_H */
