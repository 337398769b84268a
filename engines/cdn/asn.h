/* SPDX-License-Identifier: MIT */
/*
 * Which AS announces an address: from MaxMind's .mmdb by libmaxminddb, or from iptoasn's table of
 * ranges (first, last, AS, country, name; tabs between; of IPv4, IPv6 or both; gzip or not).
 * Invariant: a file that is malformed is refused with its line, and nothing of it is kept.
 */
#ifndef NWI_CDN_ASN_H
#define NWI_CDN_ASN_H

#include "cdn/data.h"

/* 0; -ENOENT, -EINVAL, -ENOTSUP, -ENOMEM, ... with the diag. Close it; NULL is a no-op. */
int nwi_cdn_asn_open(const char *path, struct nwi_cdn_asn_file **ret_file,
		     struct nw_diag *reterr_diag);
void nwi_cdn_asn_close(struct nwi_cdn_asn_file *file);
/* 0: not in it. */
uint32_t nwi_cdn_asn_find(const struct nwi_cdn_asn_file *file,
			  const struct nw_cdn_address *address);

#endif /* NWI_CDN_ASN_H */
