/* SPDX-License-Identifier: MIT */
/*
 * Texts of one answer in one block, by position instead of by pointer: what holds them is copied,
 * kept and given back as bytes.
 *
 * Invariant: position 0 is the empty text; every position that was given is a text that ends within
 * used. What does not fit is left out, and is_cut says so.
 */
#ifndef NWI_CDN_ASK_TEXTS_H
#define NWI_CDN_ASK_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_TEXTS_BYTES = 24 << 10 };

/* Last in what holds it: bytes behind used are never copied. */
struct nwi_texts {
	uint32_t used;
	bool is_cut;
	char bytes[NWI_TEXTS_BYTES];
};

/* Empties. */
void nwi_texts_init(struct nwi_texts *texts);
/* 0: it is empty, or there was no room. Control characters become '?'. */
uint32_t nwi_texts_add(struct nwi_texts *texts, const char *text, size_t n_bytes);
/* The same in lower case: names. */
uint32_t nwi_texts_add_name(struct nwi_texts *texts, const char *text, size_t n_bytes);

static inline const char *nwi_texts_at(const struct nwi_texts *texts, uint32_t position)
{
	return texts->bytes + position;
}

enum { NWI_HOST_BYTES = 254 };

/*
 * A name of a host as it is asked for: letters, digits, '-' and '_', in lower case, without the
 * last dot; wildcards only where may_be_wild. false: it is none, *ret_reason says why.
 */
bool nwi_host_read(const char *text, size_t n_bytes, bool may_be_wild,
		   char ret_host[NWI_HOST_BYTES], const char **ret_reason);

#endif /* NWI_CDN_ASK_TEXTS_H */
