/* SPDX-License-Identifier: MIT */
/*
 * What the files of providers say, as it is weighed: providers in the order of their names, lists,
 * prefixes, ASes, and patterns of names and answers.
 *
 * Invariant: all of it lies in one arena and does not change after nw_cdn_load() has returned.
 */
#ifndef NWI_CDN_DATA_H
#define NWI_CDN_DATA_H

#include "cdn/table.h"

#include <nw/cdn.h>

enum {
	NWI_CDN_PROVIDERS_MAX = 128,
	NWI_CDN_LISTS_MAX = 1024,
	NWI_CDN_PREFIXES_MAX = 1 << 20,
	NWI_CDN_ASNS_MAX = 1 << 13,
	NWI_CDN_PATTERNS_MAX = 1 << 13,
	NWI_CDN_FILE_BYTES_MAX = 64 << 20,
};
#define NWI_CDN_WEIGHT_MAX 12.0

/* Which part of what was seen a pattern is held against. */
enum nwi_cdn_field {
	NWI_CDN_CNAME,
	NWI_CDN_PTR,
	NWI_CDN_HEADER,
	NWI_CDN_CERT_NAME,    /* subject and SANs */
	NWI_CDN_CERT_ISSUER,  /* organisation and common name */
	NWI_CDN_DEFAULT_CERT, /* subject and SANs of what comes without a name */
	NWI_CDN_FIELD_COUNT
};

struct nwi_cdn_provider {
	const char *name, *title;
	enum nw_cdn_kind kind;
	double prior;     /* log-odds before anything is seen */
	double unlisted;  /* its address is in no list of anybody */
	double elsewhere; /* its AS is none of its own */
	double unseen;    /* headers were asked for, and none of its own came */
	const char *oldest, *newest;
	uint32_t prefix4_count, prefix6_count, list_count, asn_count, pattern_count;
};

struct nwi_cdn_list {
	const char *source, *date;
	enum nw_cdn_kind kind;
	uint16_t provider;
	double weight;
	uint32_t prefix4_count, prefix6_count;
};

/* A prefix, in the order of the table's numbers: number - 1. */
struct nwi_cdn_entry {
	uint64_t high, low; /* of IPv4 its 32 bits are the upper ones of high */
	uint16_t list;
	uint8_t family, bits;
};

/* In ascending order of (asn, provider), each at most once. */
struct nwi_cdn_asn {
	uint32_t asn;
	uint16_t provider;
	enum nw_cdn_kind kind;
	double weight;
};

struct nwi_cdn_pattern {
	const char *glob;   /* lower case */
	const char *header; /* its name, lower case */
	uint32_t glob_bytes;
	enum nwi_cdn_field field;
	enum nw_cdn_kind kind; /* NONE: the provider's own */
	uint16_t provider;
	bool is_front; /* of headers: never comes through another front */
	double weight;
	struct nwi_cdn_pattern *next; /* of the same suffix, or header */
};

/* Patterns by a text that must be there: a suffix of a name, or the name of a header. */
struct nwi_cdn_words {
	struct nwi_cdn_pattern **slots; /* chains of one text each */
	uint32_t mask;
};

struct nwi_cdn_asn_file; /* asn.h */

struct nw_cdn {
	struct nw_arena *arena;
	struct nwi_cdn_provider *providers;
	struct nwi_cdn_list *lists;
	struct nwi_cdn_entry *entries;
	struct nwi_cdn_asn *asns;
	struct nwi_cdn_pattern *patterns;
	uint32_t provider_count, list_count, entry_count, asn_count, pattern_count;
	struct nwi_cdn_table table4, table6;
	struct nwi_cdn_words suffixes;                      /* of CNAMEs */
	struct nwi_cdn_words headers;                       /* names of headers */
	struct nwi_cdn_pattern *globs[NWI_CDN_FIELD_COUNT]; /* the other fields, one by one */
	struct nwi_cdn_asn_file *asn_file;                  /* NULL: none */
	uint64_t built_ns;
};

/* The upper and lower 64 bits of an address, of IPv4 as an entry has it. */
static inline void nwi_cdn_words_of(const struct nw_cdn_address *address, uint64_t *ret_high,
				    uint64_t *ret_low)
{
	uint64_t words[2];

	__builtin_memcpy(words, address->bytes, sizeof(words));
	*ret_high = __builtin_bswap64(words[0]);
	*ret_low = __builtin_bswap64(words[1]);
	if (address->family == 4) {
		*ret_high &= ~UINT64_C(0xffffffff);
		*ret_low = 0;
	}
}

/* The other way round. */
static inline void nwi_cdn_entry_address(const struct nwi_cdn_entry *entry,
					 struct nw_cdn_address *ret_address)
{
	uint64_t words[2] = { __builtin_bswap64(entry->high), __builtin_bswap64(entry->low) };

	ret_address->family = entry->family;
	__builtin_memcpy(ret_address->bytes, words, sizeof(words));
}

/* --- Reading --- */

/* What is read into, before it is put in order; pieces lie in `scratch`. */
struct nwi_cdn_draft {
	struct nw_cdn *cdn;
	struct nw_arena *entries, *asns; /* each one growing array */
	const char *file_name;           /* for messages */
	struct nw_diag *diag;
	uint32_t line;
};

/* "<file>:<line>: <text>" into the draft's diag; -EINVAL. */
int nwi_cdn_refuse(struct nwi_cdn_draft *draft, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* One provider's file. 0 or a negative errno with the diag. */
int nwi_cdn_read(struct nwi_cdn_draft *draft, const struct nw_cdn_file *file);

#endif /* NWI_CDN_DATA_H */
