/* SPDX-License-Identifier: MIT */
/*
 * A provider's file, in YAML by libyaml: a map of known keys, each read by its own function.
 * Invariant: what is refused is named with the file and the line; the first fault ends the reading.
 */
#ifndef NWI_CDN_READ_H
#define NWI_CDN_READ_H

#include "cdn/data.h"

#include <yaml.h>

/* Who reads one file. */
struct nwi_cdn_reader {
	struct nwi_cdn_draft *draft;
	yaml_document_t *document;
	struct nwi_cdn_provider *provider;
	uint16_t provider_idx;
	int rc; /* not 0: there was a fault, nothing else is read */
};

/* Sets what a node says in `into`, or refuses it. */
typedef void nwi_cdn_take(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into);

/* A key of a map; take NULL: known, and without meaning here. */
struct nwi_cdn_key {
	const char *key;
	nwi_cdn_take *take;
};
#define NWI_CDN_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What stands at a node is not what is wanted: the first one of a file is kept. */
void nwi_cdn_reader_refuse(struct nwi_cdn_reader *reader, const yaml_node_t *node,
			   const char *wanted);
/* NULL: no scalar, or one with a zero in it. */
const char *nwi_cdn_text_of(const yaml_node_t *node);
/* A copy in the arena of the data; NULL: no memory, which is noted. */
char *nwi_cdn_keep(struct nwi_cdn_reader *reader, const char *text, size_t n_bytes);
/* The same in lower case. */
char *nwi_cdn_keep_lower(struct nwi_cdn_reader *reader, const char *text);

void nwi_cdn_take_map(struct nwi_cdn_reader *reader, const yaml_node_t *node,
		      const struct nwi_cdn_key *keys, size_t count, void *into);
/* take for each item of a list; of a list, or of one text. */
void nwi_cdn_take_list(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into,
		       nwi_cdn_take *take);
void nwi_cdn_take_texts(struct nwi_cdn_reader *reader, const yaml_node_t *node, void *into,
			nwi_cdn_take *take);

/* Into a const char *, a double, an enum nw_cdn_kind. */
nwi_cdn_take nwi_cdn_take_text, nwi_cdn_take_date, nwi_cdn_take_weight, nwi_cdn_take_kind;

/* Parts of a provider; into is NULL. */
nwi_cdn_take nwi_cdn_take_lists, nwi_cdn_take_asns;
/* into: its enum nwi_cdn_field. */
nwi_cdn_take nwi_cdn_take_patterns;

#endif /* NWI_CDN_READ_H */
