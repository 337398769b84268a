/* SPDX-License-Identifier: MIT */
/* Numbers in the order of the wire, and the sum of the internet protocols (RFC 1071). */
#ifndef NWI_PROBE_WIRE_H
#define NWI_PROBE_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum {
	NWI_ETHER_IPV4 = 0x0800,
	NWI_ETHER_IPV6 = 0x86dd,
	NWI_IPV4_BYTES = 20,
	NWI_IPV6_BYTES = 40,
	NWI_TCP_BYTES = 20,
	NWI_UDP_BYTES = 8,
	NWI_ECHO_BYTES = 8,
	NWI_PROTO_ICMP = 1,
	NWI_PROTO_TCP = 6,
	NWI_PROTO_UDP = 17,
	NWI_PROTO_ICMP6 = 58
};

static inline void nwi_put16(unsigned char *at, uint32_t n)
{
	at[0] = (unsigned char)(n >> 8);
	at[1] = (unsigned char)n;
}

static inline void nwi_put32(unsigned char *at, uint32_t n)
{
	nwi_put16(at, n >> 16);
	nwi_put16(at + 2, n);
}

static inline uint16_t nwi_get16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t nwi_get32(const unsigned char *at)
{
	return (uint32_t)nwi_get16(at) << 16 | nwi_get16(at + 2);
}

/* Adds words of 16 bits to a sum that is folded later; an odd last byte counts as a high one. */
static inline uint32_t nwi_sum_add(uint32_t sum, const unsigned char *at, size_t n_bytes)
{
	for (; n_bytes > 1; n_bytes -= 2, at += 2)
		sum += nwi_get16(at);
	return n_bytes ? sum + ((uint32_t)at[0] << 8) : sum;
}

/* The sum as it stands in a header. */
static inline uint16_t nwi_sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

#endif /* NWI_PROBE_WIRE_H */
