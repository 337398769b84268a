/* SPDX-License-Identifier: MIT */
/*
 * Networks in front of targets: told of, left out, or all that is scanned.
 *
 * A worker asks before each question (scan_cdn_admit, the engine's one way to a question), tells of
 * each target once on the bus of the scan, and the first thread counts, lists and writes what it
 * was told. Invariant: nothing goes to a target that is left out, and each of those is counted
 * once.
 */
#ifndef APP_SCAN_CDN_H
#define APP_SCAN_CDN_H

#include "scan/scan.h"

#include <nw/cdn.h>
#include <nw/cdn_event.h>

/* Of a provider. */
struct scan_cdn_counts {
	uint64_t met, left_out; /* addresses */
};

struct scan_cdn {
	enum scan_cdn_mode mode;
	struct nw_cdn *cdn;
	struct nw_news *news;
	bool *only, *except; /* by provider, the last one none; NULL: was not given */
	uint32_t provider_count;
	bool has_asn;
	bool is_silent; /* constant while workers run: tells nothing, as who comes later will */
	struct scan_cdn_counts *counts; /* by provider, the last one none */
	const char *list_path;
	FILE *list;
	bool has_failed; /* the list could not be written, and that was said */
};

/* What is known of an address alone: its provider's name and what that is; NULL: nobody's. */
const char *scan_cdn_name(const struct scan_cdn *cdn, const struct nw_probe_address *address,
			  const char **ret_kind);
/* Whether a target may be asked; tells nothing. */
bool scan_cdn_admits(const struct scan_cdn *cdn, const struct nw_probe_address *address);

#endif /* APP_SCAN_CDN_H */
