/* SPDX-License-Identifier: MIT */
/*
 * What a service has said, read: which protocol it is, and how it names itself.
 *
 * Invariant: nothing is read beyond the bytes that there are, whatever they are; texts that are
 * taken out of them end with 0 and hold no other.
 */
#ifndef NWI_PROBE_BANNER_H
#define NWI_PROBE_BANNER_H

#include <nw/probe.h>

/* Fills service, product, title and status from bytes, n_bytes and port. */
void nwi_banner_read(struct nw_probe_banner *banner, uint16_t port);
/* Whether the answer says that it wanted TLS: an alert, or a web server's sentence. */
bool nwi_banner_wants_tls(const struct nw_probe_banner *banner);
/* Copies what fits; bytes of 0 become spaces. */
void nwi_banner_text(char *ret_text, size_t text_bytes, const unsigned char *from, size_t n_bytes);

#endif /* NWI_PROBE_BANNER_H */
