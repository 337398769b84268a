/* SPDX-License-Identifier: MIT */
/*
 * Files into data that can be asked: providers in the order of their names, one prefix once, tables
 * of addresses, words by their hash.
 */
#include "cdn/asn.h"
#include "cdn/match.h"
#include "cdn/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };
#define ARENA_BYTES (UINT64_C(1) << 32)

/* --- Order --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct nwi_cdn_provider *)a)->name,
		      ((const struct nwi_cdn_provider *)b)->name);
}

/* Providers by name; what points to them follows. */
static void sort_providers(struct nw_cdn *cdn, struct nwi_cdn_provider *old)
{
	uint16_t to[NWI_CDN_PROVIDERS_MAX] = { 0 };

	memcpy(old, cdn->providers, cdn->provider_count * sizeof(*old));
	qsort(cdn->providers, cdn->provider_count, sizeof(*cdn->providers), by_name);
	for (uint32_t i = 0; i < cdn->provider_count; i++) {
		const struct nwi_cdn_provider *place = bsearch(
			&old[i], cdn->providers, cdn->provider_count, sizeof(*old), by_name);

		to[i] = (uint16_t)(place - cdn->providers);
	}
	for (uint32_t i = 0; i < cdn->list_count; i++)
		cdn->lists[i].provider = to[cdn->lists[i].provider];
	for (uint32_t i = 0; i < cdn->asn_count; i++)
		cdn->asns[i].provider = to[cdn->asns[i].provider];
	for (uint32_t i = 0; i < cdn->pattern_count; i++)
		cdn->patterns[i].provider = to[cdn->patterns[i].provider];
}

static int by_asn(const void *a, const void *b)
{
	const struct nwi_cdn_asn *left = a, *right = b;

	if (left->asn != right->asn)
		return left->asn < right->asn ? -1 : 1;
	return (left->provider > right->provider) - (left->provider < right->provider);
}

static int by_prefix(const struct nwi_cdn_entry *left, const struct nwi_cdn_entry *right)
{
	if (left->family != right->family)
		return left->family < right->family ? -1 : 1;
	if (left->high != right->high)
		return left->high < right->high ? -1 : 1;
	if (left->low != right->low)
		return left->low < right->low ? -1 : 1;
	return (left->bits > right->bits) - (left->bits < right->bits);
}

/* Of one prefix in two lists: the heavier, the later, the first by name, the first in its file. */
static int by_rank(const struct nw_cdn *cdn, uint16_t left, uint16_t right)
{
	const struct nwi_cdn_list *a = &cdn->lists[left], *b = &cdn->lists[right];
	int order = strcmp(b->date, a->date);

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (order != 0)
		return order;
	return a->provider != b->provider ? a->provider - b->provider : left - right;
}

static int by_prefix_and_rank(const void *a, const void *b, void *cdn)
{
	const struct nwi_cdn_entry *left = a, *right = b;
	int order = by_prefix(left, right);

	return order != 0 ? order : by_rank(cdn, left->list, right->list);
}

/* --- Tables --- */

/* Keeps the first of each prefix; returns how many of IPv4 there are. */
static uint32_t tidy_entries(struct nw_cdn *cdn)
{
	uint32_t kept = 0, count4 = 0;

	/* qsort_r is glibc's; its room of this size is on the heap, once at opening. */
	qsort_r(cdn->entries, cdn->entry_count, sizeof(*cdn->entries), by_prefix_and_rank, cdn);
	for (uint32_t i = 0; i < cdn->entry_count; i++) {
		if (kept > 0 && by_prefix(&cdn->entries[kept - 1], &cdn->entries[i]) == 0)
			continue;
		cdn->entries[kept++] = cdn->entries[i];
		count4 += cdn->entries[kept - 1].family == 4;
	}
	cdn->entry_count = kept;
	return count4;
}

static bool edges_of(const struct nw_cdn *cdn, struct nw_arena *scratch, uint32_t from,
		     uint32_t count, struct nwi_cdn_edges *ret_edges)
{
	struct nwi_cdn_prefix *prefixes = nw_arena_alloc(scratch, count * sizeof(*prefixes),
							 alignof(struct nwi_cdn_prefix));

	if (!prefixes)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct nwi_cdn_entry *entry = &cdn->entries[from + i];

		prefixes[i] = (struct nwi_cdn_prefix){ .high = entry->high,
						       .low = entry->low,
						       .bits = entry->bits,
						       .value = from + i + 1 };
	}
	return nwi_cdn_edges_of_prefixes(scratch, prefixes, count, ret_edges);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static bool build_tables(struct nw_cdn *cdn, struct nw_arena *scratch)
{
	uint64_t begin = now_ns();
	uint32_t count4 = tidy_entries(cdn);
	struct nwi_cdn_edges edges4, edges6;
	bool is_built = edges_of(cdn, scratch, 0, count4, &edges4) &&
			edges_of(cdn, scratch, count4, cdn->entry_count - count4, &edges6) &&
			nwi_cdn_table_build4(cdn->arena, &edges4, &cdn->table4) &&
			nwi_cdn_table_build6(cdn->arena, scratch, &edges6, &cdn->table6);

	cdn->built_ns = now_ns() - begin;
	return is_built;
}

static bool build_words(struct nw_cdn *cdn)
{
	if (!nwi_cdn_words_init(cdn->arena, &cdn->suffixes, cdn->pattern_count) ||
	    !nwi_cdn_words_init(cdn->arena, &cdn->headers, cdn->pattern_count))
		return false;
	for (uint32_t i = cdn->pattern_count; i-- > 0;) {
		struct nwi_cdn_pattern *pattern = &cdn->patterns[i];

		if (pattern->field == NWI_CDN_CNAME) {
			nwi_cdn_words_add(&cdn->suffixes, pattern);
		} else if (pattern->field == NWI_CDN_HEADER) {
			nwi_cdn_words_add(&cdn->headers, pattern);
		} else {
			pattern->next = cdn->globs[pattern->field];
			cdn->globs[pattern->field] = pattern;
		}
	}
	return true;
}

/* --- Loading --- */

/* Pieces of one size in an arena of their own are one array. */
static bool make_room(struct nw_cdn *cdn, struct nw_arena *scratch)
{
	struct nw_arena *arena = cdn->arena;

	cdn->providers = nw_arena_alloc(arena, NWI_CDN_PROVIDERS_MAX * sizeof(*cdn->providers),
					alignof(struct nwi_cdn_provider));
	cdn->lists = nw_arena_alloc(arena, NWI_CDN_LISTS_MAX * sizeof(*cdn->lists),
				    alignof(struct nwi_cdn_list));
	cdn->patterns = nw_arena_alloc(arena, NWI_CDN_PATTERNS_MAX * sizeof(*cdn->patterns),
				       alignof(struct nwi_cdn_pattern));
	(void)scratch;
	return cdn->providers && cdn->lists && cdn->patterns;
}

static void *copy_array(struct nw_arena *to, const void *from, size_t count, size_t n_bytes)
{
	void *copy = nw_arena_alloc(to, count * n_bytes, 16);

	if (copy && count > 0)
		memcpy(copy, from, count * n_bytes);
	return copy;
}

/* Everything that grew beside the data becomes part of it. */
static bool settle(struct nw_cdn *cdn, struct nw_arena *scratch)
{
	struct nwi_cdn_provider *old = nw_arena_alloc(scratch, NWI_CDN_PROVIDERS_MAX * sizeof(*old),
						      alignof(struct nwi_cdn_provider));

	if (!old)
		return false;
	sort_providers(cdn, old);
	cdn->entries = copy_array(cdn->arena, cdn->entries, cdn->entry_count,
				  sizeof(*cdn->entries));
	cdn->asns = copy_array(cdn->arena, cdn->asns, cdn->asn_count, sizeof(*cdn->asns));
	if (!cdn->entries || !cdn->asns)
		return false;
	qsort(cdn->asns, cdn->asn_count, sizeof(*cdn->asns), by_asn);
	return build_tables(cdn, scratch) && build_words(cdn);
}

static int read_files(struct nwi_cdn_draft *draft, const struct nw_cdn_file *files, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int rc = nwi_cdn_read(draft, &files[i]);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* With three arenas that are given up at the end. */
static int fill(struct nw_cdn *cdn, struct nw_arena **scratch, const struct nw_cdn_file *files,
		uint32_t count, struct nw_diag *diag)
{
	struct nwi_cdn_draft draft = {
		.cdn = cdn, .entries = scratch[0], .asns = scratch[1], .diag = diag
	};
	int rc;

	if (!make_room(cdn, scratch[2]))
		return nwi_cdn_fail(diag, -ENOMEM, "no memory for the providers");
	rc = read_files(&draft, files, count);
	if (rc != 0)
		return rc;
	if (cdn->provider_count == 0)
		return nwi_cdn_fail(diag, -ENOENT, "no provider: not one file");
	return settle(cdn, scratch[2]) ? 0
				       : nwi_cdn_fail(diag, -ENOMEM, "no memory for the tables");
}

static int load(struct nw_cdn *cdn, const struct nw_cdn_file *files, uint32_t count,
		struct nw_diag *diag)
{
	struct nw_arena *scratch[3] = { NULL };
	int rc = 0;

	for (int i = 0; i < 3 && rc == 0; i++)
		rc = nw_arena_create(&scratch[i], NW_NODE_ANY, ARENA_BYTES, 0);
	if (rc == 0)
		rc = fill(cdn, scratch, files, count, diag);
	else
		(void)nwi_cdn_fail(diag, rc, "no memory for the providers");
	for (int i = 0; i < 3; i++)
		nw_arena_destroy(scratch[i]);
	return rc;
}

int nw_cdn_load(struct nw_cdn **ret_cdn, const struct nw_cdn_file *files, uint32_t count,
		const char *asn_path, struct nw_diag *reterr_diag)
{
	struct nw_arena *arena;
	struct nw_cdn *cdn;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, ARENA_BYTES, 0);

	if (rc < 0)
		return nwi_cdn_fail(reterr_diag, rc, "no memory for the providers");
	cdn = nw_arena_alloc(arena, sizeof(*cdn), alignof(struct nw_cdn));
	cdn->arena = arena;
	rc = load(cdn, files, count, reterr_diag);
	if (rc == 0 && asn_path)
		rc = nwi_cdn_asn_open(asn_path, &cdn->asn_file, reterr_diag);
	if (rc != 0) {
		nw_cdn_close(cdn);
		return rc;
	}
	*ret_cdn = cdn;
	return 0;
}

void nw_cdn_close(struct nw_cdn *cdn)
{
	if (!cdn)
		return;
	nwi_cdn_asn_close(cdn->asn_file);
	nw_arena_destroy(cdn->arena);
}

/* --- A folder --- */

static int is_yaml(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && entry->d_name[0] != '.' &&
	       strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static int read_file(struct nw_arena *arena, const char *folder, const char *name,
		     struct nw_cdn_file *ret_file, struct nw_diag *diag)
{
	char path[PATH_BYTES], *text, *kept;
	int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
	int rc;

	if (length < 0 || (size_t)length >= sizeof(path))
		return nwi_cdn_fail(diag, -ENAMETOOLONG, "%s: too long a name", folder);
	rc = nwi_cdn_text_read(arena, path, NWI_CDN_FILE_BYTES_MAX, &text, &ret_file->n_bytes,
			       diag);
	if (rc != 0)
		return rc;
	kept = copy_array(arena, path, (size_t)length + 1, 1);
	if (!kept)
		return nwi_cdn_fail(diag, -ENOMEM, "%s: no memory", path);
	ret_file->name = kept;
	ret_file->text = text;
	return 0;
}

/* Names of two folders: of one that is in both, the newer folder's file is read. */
struct names {
	const char *folders[2]; /* the newer one, the other one */
	struct dirent **at[2];
	int counts[2];
};

static bool is_in_newer(const struct names *names, const char *name)
{
	for (int i = 0; i < names->counts[0]; i++) {
		if (strcmp(names->at[0][i]->d_name, name) == 0)
			return true;
	}
	return false;
}

static int list_names(struct names *names, struct nw_diag *diag)
{
	for (int i = 0; i < 2; i++) {
		int rc;

		if (!names->folders[i])
			continue;
		names->counts[i] = scandir(names->folders[i], &names->at[i], is_yaml, alphasort);
		if (names->counts[i] >= 0)
			continue;
		rc = -errno;
		names->counts[i] = 0;
		if (i == 1 || rc != -ENOENT)
			return nwi_cdn_fail(diag, rc, "%s: %s", names->folders[i], strerror(-rc));
	}
	return 0;
}

static void free_names(struct names *names)
{
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < names->counts[i]; j++)
			free(names->at[i][j]);
		free(names->at[i]);
	}
}

static int read_folders(struct nw_arena *arena, const struct names *names,
			struct nw_cdn_file *ret_files, uint32_t *ret_count, struct nw_diag *diag)
{
	int rc = 0;

	*ret_count = 0;
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < names->counts[i] && rc == 0; j++) {
			const char *name = names->at[i][j]->d_name;

			if (i == 1 && is_in_newer(names, name))
				continue;
			if (*ret_count == NWI_CDN_PROVIDERS_MAX)
				return nwi_cdn_fail(diag, -EINVAL, "%s: more than %d files",
						    names->folders[i], NWI_CDN_PROVIDERS_MAX);
			rc = read_file(arena, names->folders[i], name, &ret_files[*ret_count],
				       diag);
			*ret_count += 1;
		}
	}
	if (rc == 0 && *ret_count == 0)
		return nwi_cdn_fail(diag, -ENOENT, "%s: no provider's .yaml in it",
				    names->folders[1]);
	return rc;
}

/* The table of ASes that was named, else the one beside the files; NULL: neither. */
static const char *asn_path_of(const struct nw_cdn_options *options, char room[PATH_BYTES])
{
	const char *folders[] = { options->newer, options->folder };

	for (size_t i = 0; i < 2 && !options->asn_path; i++) {
		int length = snprintf(room, PATH_BYTES, "%s/asn.tsv", folders[i] ? folders[i] : "");

		if (folders[i] && length < PATH_BYTES && access(room, F_OK) == 0)
			return room;
	}
	return options->asn_path;
}

static int open_names(struct nw_cdn **ret_cdn, const struct nw_cdn_options *options,
		      const struct names *names, struct nw_diag *diag)
{
	struct nw_cdn_file files[NWI_CDN_PROVIDERS_MAX] = { 0 };
	struct nw_arena *arena;
	char asn_path[PATH_BYTES];
	uint32_t count;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, ARENA_BYTES, 0);

	if (rc < 0)
		return nwi_cdn_fail(diag, rc, "%s: no memory", options->folder);
	rc = read_folders(arena, names, files, &count, diag);
	if (rc == 0)
		rc = nw_cdn_load(ret_cdn, files, count, asn_path_of(options, asn_path), diag);
	nw_arena_destroy(arena);
	return rc;
}

int nw_cdn_open(struct nw_cdn **ret_cdn, const struct nw_cdn_options *options,
		struct nw_diag *reterr_diag)
{
	struct names names = { .folders = { options->newer, options->folder } };
	int rc;

	if (!options->folder)
		return nwi_cdn_fail(reterr_diag, -EINVAL, "no folder with the files of providers");
	rc = list_names(&names, reterr_diag);
	if (rc == 0)
		rc = open_names(ret_cdn, options, &names, reterr_diag);
	free_names(&names);
	return rc;
}
