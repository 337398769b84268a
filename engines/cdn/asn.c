/* SPDX-License-Identifier: MIT */
/* ASes of addresses: one interface over a table of our own and libmaxminddb's files. */
#include "cdn/asn.h"

#include "cdn/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#ifdef NW_HAVE_MAXMINDDB
#include <maxminddb.h>
#endif

enum { FILE_BYTES_MAX = 512 << 20, LINE_BYTES_MAX = 400 };
#define ARENA_BYTES (UINT64_C(1) << 34)

struct nwi_cdn_asn_file {
	struct nw_arena *arena;
	struct nwi_cdn_table table4, table6;
	bool is_mmdb;
#ifdef NW_HAVE_MAXMINDDB
	MMDB_s mmdb;
#endif
};

/* --- iptoasn's lines --- */

struct lines {
	const char *path;
	struct nw_diag *diag;
	uint32_t line;
	uint64_t last_high[2], last_low[2]; /* of IPv4, IPv6: where the last range ended */
	bool is_begun[2];
	struct nwi_cdn_edges edges[2];
};

static int bad_line(const struct lines *lines, const char *text)
{
	return nwi_cdn_fail(lines->diag, -EINVAL, "%s:%u: %s", lines->path, lines->line, text);
}

/* The next word of a line, ended with 0 in place; NULL: none. */
static char *word(char **at)
{
	char *begin = *at;

	if (!begin)
		return NULL;
	*at = strchr(begin, '\t');
	if (*at)
		*(*at)++ = '\0';
	return begin;
}

static void edge(struct lines *lines, int side, uint64_t high, uint64_t low, uint32_t value)
{
	struct nwi_cdn_edges *to = &lines->edges[side];
	struct nwi_cdn_edge *last = &to->at[to->count - 1];

	if (last->high == high && last->low == low)
		last->value = value;
	else
		to->at[to->count++] = (struct nwi_cdn_edge){ high, low, value };
}

/* One range; what lies between it and the one before has no AS. */
static int take_range(struct lines *lines, const struct nw_cdn_address *first,
		      const struct nw_cdn_address *last, uint32_t asn)
{
	int side = first->family == 6;
	uint64_t high, low, end_high, end_low, step = side ? 1 : 0;

	nwi_cdn_words_of(first, &high, &low);
	nwi_cdn_words_of(last, &end_high, &end_low);
	if (end_high < high || (end_high == high && end_low < low))
		return bad_line(lines, "the range ends before it begins");
	if (lines->is_begun[side] &&
	    (high < lines->last_high[side] ||
	     (high == lines->last_high[side] && low <= lines->last_low[side])))
		return bad_line(lines, "it begins before the range above it ends");
	lines->is_begun[side] = true;
	lines->last_high[side] = end_high;
	lines->last_low[side] = end_low;
	edge(lines, side, high, low, asn);
	end_low += step;
	end_high += side ? end_low == 0 : UINT64_C(1) << 32;
	if (end_high != 0 || end_low != 0)
		edge(lines, side, end_high, end_low, 0);
	return 0;
}

static int take_line(struct lines *lines, char *at)
{
	char *from = word(&at), *to = word(&at), *number = word(&at), *end;
	struct nw_cdn_address first, last;
	unsigned long asn;

	if (!from || !to || !number)
		return bad_line(lines, "not first, last and AS with tabs between");
	if (!nw_cdn_address_parse(from, &first) || !nw_cdn_address_parse(to, &last) ||
	    first.family != last.family)
		return bad_line(lines, "first and last are no addresses of one family");
	errno = 0;
	asn = strtoul(number, &end, 10);
	if (errno != 0 || end == number || *end != '\0' || *number < '0' || *number > '9' ||
	    asn > UINT32_MAX)
		return bad_line(lines, "the AS is no number");
	/* Numbers from 2^30 on are reserved or private: no provider announces by them. */
	return take_range(lines, &first, &last, asn < NWI_CDN_VALUE_END ? (uint32_t)asn : 0);
}

static uint32_t count_lines(const char *text, size_t n_bytes)
{
	uint32_t count = 1;

	for (size_t i = 0; i < n_bytes; i++)
		count += text[i] == '\n';
	return count;
}

static int read_lines(struct lines *lines, char *text, size_t n_bytes)
{
	char *end = text + n_bytes;

	for (char *at = text, *next; at < end; at = next) {
		size_t length;
		int rc;

		lines->line++;
		next = memchr(at, '\n', (size_t)(end - at));
		next = next ? next + 1 : end;
		length = (size_t)(next - at);
		if (next[-1] == '\n')
			at[--length] = '\0';
		if (length > 0 && at[length - 1] == '\r')
			at[--length] = '\0';
		if (length == 0 || *at == '#')
			continue;
		if (memchr(at, '\0', length))
			return bad_line(lines, "a zero byte: this is no text");
		rc = take_line(lines, at);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int build(struct nwi_cdn_asn_file *file, struct nw_arena *scratch, struct lines *lines,
		 char *text, size_t n_bytes)
{
	size_t room = 2 * (size_t)count_lines(text, n_bytes) + 1;
	int rc;

	for (int side = 0; side < 2; side++) {
		struct nwi_cdn_edges *edges = &lines->edges[side];

		edges->at = nw_arena_alloc(scratch, room * sizeof(*edges->at),
					   alignof(struct nwi_cdn_edge));
		if (!edges->at)
			return -ENOMEM;
		edges->at[0] = (struct nwi_cdn_edge){ 0 };
		edges->count = 1;
	}
	rc = read_lines(lines, text, n_bytes);
	if (rc != 0)
		return rc;
	if (!lines->is_begun[0] && !lines->is_begun[1])
		return nwi_cdn_fail(lines->diag, -EINVAL, "%s: no range in it", lines->path);
	return nwi_cdn_table_build4(file->arena, &lines->edges[0], &file->table4) &&
			       nwi_cdn_table_build6(file->arena, scratch, &lines->edges[1],
						    &file->table6)
		       ? 0
		       : -ENOMEM;
}

static int open_lines(struct nwi_cdn_asn_file *file, const char *path, struct nw_diag *diag)
{
	struct lines lines = { .path = path, .diag = diag };
	struct nw_arena *scratch;
	size_t n_bytes;
	char *text;
	int rc = nw_arena_create(&scratch, NW_NODE_ANY, ARENA_BYTES, 0);

	if (rc < 0)
		return nwi_cdn_fail(diag, rc, "%s: no memory", path);
	rc = nwi_cdn_text_read(scratch, path, FILE_BYTES_MAX, &text, &n_bytes, diag);
	if (rc == 0)
		rc = build(file, scratch, &lines, text, n_bytes);
	if (rc == -ENOMEM)
		(void)nwi_cdn_fail(diag, rc, "%s: no memory", path);
	nw_arena_destroy(scratch);
	return rc;
}

/* --- MaxMind's --- */

#ifdef NW_HAVE_MAXMINDDB
static int open_mmdb(struct nwi_cdn_asn_file *file, const char *path, struct nw_diag *diag)
{
	int status = MMDB_open(path, MMDB_MODE_MMAP, &file->mmdb);

	if (status != MMDB_SUCCESS)
		return nwi_cdn_fail(diag, status == MMDB_FILE_OPEN_ERROR ? -ENOENT : -EINVAL,
				    "%s: %s", path, MMDB_strerror(status));
	file->is_mmdb = true;
	return 0;
}

static uint32_t find_mmdb(const struct nwi_cdn_asn_file *file, const struct nw_cdn_address *address)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *socket = address->family == 4 ? (const struct sockaddr *)&in4
							     : (const struct sockaddr *)&in6;
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int error;

	memcpy(&in4.sin_addr, address->bytes, sizeof(in4.sin_addr));
	memcpy(&in6.sin6_addr, address->bytes, sizeof(in6.sin6_addr));
	found = MMDB_lookup_sockaddr(&file->mmdb, socket, &error);
	if (error != MMDB_SUCCESS || !found.found_entry)
		return 0;
	if (MMDB_get_value(&found.entry, &data, "autonomous_system_number", NULL) != MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UINT32)
		return 0;
	return data.uint32;
}
#else
static int open_mmdb(struct nwi_cdn_asn_file *file, const char *path, struct nw_diag *diag)
{
	(void)file;
	return nwi_cdn_fail(
		diag, -ENOTSUP,
		"%s: built without libmaxminddb; an iptoasn table (.tsv, .tsv.gz) works", path);
}

static uint32_t find_mmdb(const struct nwi_cdn_asn_file *file, const struct nw_cdn_address *address)
{
	(void)file;
	(void)address;
	return 0;
}
#endif

static bool is_mmdb(const char *path)
{
	size_t length = strlen(path);

	return length > 5 && strcmp(path + length - 5, ".mmdb") == 0;
}

int nwi_cdn_asn_open(const char *path, struct nwi_cdn_asn_file **ret_file,
		     struct nw_diag *reterr_diag)
{
	struct nwi_cdn_asn_file *file;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, ARENA_BYTES, 0);

	if (rc < 0)
		return nwi_cdn_fail(reterr_diag, rc, "%s: no memory", path);
	file = nw_arena_alloc(arena, sizeof(*file), alignof(struct nwi_cdn_asn_file));
	file->arena = arena;
	rc = is_mmdb(path) ? open_mmdb(file, path, reterr_diag)
			   : open_lines(file, path, reterr_diag);
	if (rc != 0) {
		nw_arena_destroy(arena);
		return rc;
	}
	*ret_file = file;
	return 0;
}

void nwi_cdn_asn_close(struct nwi_cdn_asn_file *file)
{
	if (!file)
		return;
#ifdef NW_HAVE_MAXMINDDB
	if (file->is_mmdb)
		MMDB_close(&file->mmdb);
#endif
	nw_arena_destroy(file->arena);
}

uint32_t nwi_cdn_asn_find(const struct nwi_cdn_asn_file *file, const struct nw_cdn_address *address)
{
	uint64_t high, low;

	if (file->is_mmdb)
		return find_mmdb(file, address);
	nwi_cdn_words_of(address, &high, &low);
	if (address->family == 4)
		return nwi_cdn_table_find4(&file->table4, (uint32_t)(high >> 32));
	return nwi_cdn_table_find6(&file->table6, high, low);
}
