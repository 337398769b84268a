/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4: a keyed hash that nobody without the key can foretell, so that an answer with the
 * right number in it is an answer to a question that was asked.
 *
 * Reference: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012;
 * the vectors of its appendix are in tests/unit/test_probe_frame.c.
 */
#ifndef NWI_PROBE_SIPHASH_H
#define NWI_PROBE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct nwi_sip_key {
	uint64_t k0, k1;
};

static inline uint64_t nwi_sip_rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void nwi_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = nwi_sip_rotate(v[1], 13) ^ v[0];
	v[3] = nwi_sip_rotate(v[3], 16) ^ v[2];
	v[0] = nwi_sip_rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = nwi_sip_rotate(v[1], 17) ^ v[2];
	v[3] = nwi_sip_rotate(v[3], 21) ^ v[0];
	v[2] = nwi_sip_rotate(v[2], 32);
}

static inline void nwi_sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	nwi_sip_round(v);
	nwi_sip_round(v);
	v[0] ^= word;
}

/* Hash of n_bytes. Little-endian machines only, as all of nodewise. */
static inline uint64_t nwi_siphash(struct nwi_sip_key key, const void *data, size_t n_bytes)
{
	const unsigned char *at = data;
	uint64_t v[4] = { key.k0 ^ UINT64_C(0x736f6d6570736575),
			  key.k1 ^ UINT64_C(0x646f72616e646f6d),
			  key.k0 ^ UINT64_C(0x6c7967656e657261),
			  key.k1 ^ UINT64_C(0x7465646279746573) };
	uint64_t word, last = (uint64_t)n_bytes << 56;

	for (; n_bytes >= 8; n_bytes -= 8, at += 8) {
		memcpy(&word, at, 8);
		nwi_sip_word(v, word);
	}
	for (size_t i = 0; i < n_bytes; i++)
		last |= (uint64_t)at[i] << (8 * i);
	nwi_sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		nwi_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif /* NWI_PROBE_SIPHASH_H */
