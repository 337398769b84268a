/* SPDX-License-Identifier: MIT */
/*
 * Whether two pages are the same but for what changes from one answer to the next: nonces, times,
 * counters, names of requests.
 *
 * A page is cut into words; those that look made up (digits among them, or longer than 24) are
 * left out. The rest, three at a time, are a set, of which the least of 64 hashes are kept
 * (MinHash): the share of equal ones estimates how much of both sets is common.
 *
 * References: A. Z. Broder, "On the resemblance and containment of documents", SEQUENCES 1997.
 */
#ifndef NWI_CDN_ASK_SKETCH_H
#define NWI_CDN_ASK_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_SKETCH_HASHES = 64, NWI_SKETCH_TITLE = 128, NWI_SKETCH_ENOUGH = 12 };

struct nwi_sketch {
	uint64_t exact; /* of all bytes */
	uint32_t n_bytes, triple_count;
	uint64_t least[NWI_SKETCH_HASHES];
	char title[NWI_SKETCH_TITLE]; /* "": it has none */
};

void nwi_sketch_read(struct nwi_sketch *ret_sketch, const char *bytes, size_t n_bytes);
/* 0 to 1. Pages with less than NWI_SKETCH_ENOUGH triples are the same or are not. */
double nwi_sketch_common(const struct nwi_sketch *a, const struct nwi_sketch *b);

#endif /* NWI_CDN_ASK_SKETCH_H */
