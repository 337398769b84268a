/* SPDX-License-Identifier: MIT */
/*
 * Parts of bench_cdn: scores on labelled data (score.c), speed (speed.c), and the two ways of
 * looking up that others take (rival.c). Invariant: rivals hold the prefixes of the same loaded
 * data.
 */
#ifndef BENCH_CDN_H
#define BENCH_CDN_H

#include <nw/cdn.h>

#include <stdbool.h>
#include <stdint.h>

/* Print rows; false after a line that says why not. */
bool score_labels(const struct nw_cdn *cdn, const char *path);
bool score_observations(const struct nw_cdn *cdn, const char *path);
bool measure_speed(const struct nw_cdn *cdn);

/* Every prefix as entries of /24 (IPv4) and /48 (IPv6, 65,536 of a prefix at most) in a hash, and a
 * scan of all prefixes for what is in none: as the project does that the seed describes. */
struct rival_hash;
struct rival_hash *rival_hash_make(const struct nw_cdn *cdn);
uint32_t rival_hash_find(const struct rival_hash *hash, const struct nw_cdn_address *address);
uint64_t rival_hash_bytes(const struct rival_hash *hash);
void rival_hash_free(struct rival_hash *hash);
/* The scan alone: the longest of all prefixes that hold the address. */
uint32_t rival_scan_find(const struct rival_hash *hash, const struct nw_cdn_address *address);

#endif /* BENCH_CDN_H */
