/* SPDX-License-Identifier: MIT */
/*
 * Texts against patterns: globs from end to end, and suffixes of names at the dots.
 * Invariant: a text is looked at without regard to the case of ASCII letters; what is longer than
 * NWI_CDN_TEXT_MAX is looked at up to there.
 */
#ifndef NWI_CDN_MATCH_H
#define NWI_CDN_MATCH_H

#include "cdn/data.h"

enum { NWI_CDN_TEXT_MAX = 1024, NWI_CDN_LABELS_MAX = 128 };

/* `*` is any text, `?` any one character, `#` any one digit. Time: the product of the lengths. */
bool nwi_cdn_glob(const char *glob, const char *text);

/* Room for count patterns, none of them in it yet. False: no memory. */
bool nwi_cdn_words_init(struct nw_arena *arena, struct nwi_cdn_words *words, uint32_t count);
/* Under its header, or its glob where it has none. */
void nwi_cdn_words_add(struct nwi_cdn_words *words, struct nwi_cdn_pattern *pattern);
/* All patterns of exactly this text, chained by next; NULL: none. */
const struct nwi_cdn_pattern *nwi_cdn_words_find(const struct nwi_cdn_words *words,
						 const char *text, size_t n_bytes);
/* Those of the longest suffix of a name that begins at a label; a dot at the end is left out. */
const struct nwi_cdn_pattern *nwi_cdn_words_suffix(const struct nwi_cdn_words *words,
						   const char *name);

#endif /* NWI_CDN_MATCH_H */
