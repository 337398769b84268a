/* SPDX-License-Identifier: MIT */
/*
 * Addresses of IPv4 and IPv6 as numbers, and what people write for one or for a range of them.
 *
 * Invariant: an address of IPv4 has high 0 and low below 2^32; families never mix in one range.
 */
#ifndef NWI_PROBE_ADDRESS_H
#define NWI_PROBE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nwi_family { NWI_IPV4 = 4, NWI_IPV6 = 6 };

enum { NWI_ADDRESS_TEXT_BYTES = 46 };

struct nwi_address {
	uint64_t high, low;
	enum nwi_family family;
};

struct nwi_range {
	struct nwi_address first, last; /* both in it */
};

/* <0, 0, >0: IPv4 comes before IPv6. */
int nwi_address_compare(struct nwi_address a, struct nwi_address b);
/* a + n, wrapping within 128 bits. */
struct nwi_address nwi_address_add(struct nwi_address a, uint64_t n);
/* Text in buf, which has NWI_ADDRESS_TEXT_BYTES; returns buf. */
char *nwi_address_text(struct nwi_address a, char *buf);
/* Bytes as packets have them: 4 or 16. */
void nwi_address_bytes(struct nwi_address a, unsigned char *ret_bytes);
struct nwi_address nwi_address_of_bytes(enum nwi_family family, const unsigned char *bytes);

/* One address and nothing else; false: it is none. */
bool nwi_address_parse(const char *text, struct nwi_address *ret_address);
/*
 * "10.0.0.0/8", "10.0.0.1-10.0.0.9", "10.0.0.1-9", "2001:db8::/64", one address. Bits of a
 * prefix's address below the prefix are cleared. False: it is none of these; *ret_reason is why.
 */
bool nwi_range_parse(const char *text, struct nwi_range *ret_range, const char **ret_reason);
/* Addresses in a range; UINT64_MAX: that many or more. */
uint64_t nwi_range_count(const struct nwi_range *range);

#endif /* NWI_PROBE_ADDRESS_H */
