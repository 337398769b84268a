/* SPDX-License-Identifier: MIT */
/*
 * What the three faces of `nodewise topo` (text, JSON, picture) show.
 * Invariant: a view is read only; each face asks the topology, none keeps numbers of its own.
 */
#ifndef APP_TOPO_VIEW_H
#define APP_TOPO_VIEW_H

#include <nw/topo.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct view {
	const struct nw_topo *topo;
	const char *source; /* as given, or NULL */
	const char *nic;    /* as given, or NULL */
	nw_node nic_node;   /* meaningful with nic */
};

/* "machine", "synthetic", "xml", "simulated". */
const char *view_kind(const struct view *view);
/* "this machine", "synthetic topology", ... */
const char *view_title(const struct view *view);
/* "L1d", "L2", ... in buf of at least 16 bytes. Returns buf. */
char *view_cache_name(const struct nw_topo_cache *cache, char *buf, size_t buf_bytes);
uint64_t view_memory_bytes(const struct view *view);
/* Whether every distance to itself is the same, and every other one too. */
bool view_is_uniform(const struct view *view, uint32_t *ret_local, uint32_t *ret_remote);
/* Ascending package positions of a node's CPUs into packages, at least package_count of them.
 * Returns how many. */
uint32_t view_node_packages(const struct view *view, uint32_t node_idx, uint32_t *ret_packages);
/* "0-3,8" of ascending ids. */
void view_print_ranges(FILE *out, const uint32_t *ids, uint32_t id_count);

void view_print_text(const struct view *view, FILE *out);
/* NULL: no memory. */
json_t *view_to_json(const struct view *view);
void view_draw_svg(const struct view *view, FILE *out);

#endif /* APP_TOPO_VIEW_H */
