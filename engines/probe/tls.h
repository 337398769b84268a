/* SPDX-License-Identifier: MIT */
/*
 * One side of TLS without a socket: bytes that came are put in, bytes to send are taken out.
 *
 * Nobody is believed and nothing is verified: what is asked is which certificate there is.
 * Invariant: a conversation keeps nothing of the context but what OpenSSL counts.
 */
#ifndef NWI_PROBE_TLS_H
#define NWI_PROBE_TLS_H

#include <nw/probe.h>

struct nwi_tls_context;
struct nwi_tls;

enum nwi_tls_state { NWI_TLS_GOES_ON, NWI_TLS_IS_UP, NWI_TLS_FAILED };

/* NULL: no memory. */
struct nwi_tls_context *nwi_tls_context_create(void);
void nwi_tls_context_destroy(struct nwi_tls_context *context);

/* A conversation that begins; NULL: no memory. */
struct nwi_tls *nwi_tls_create(struct nwi_tls_context *context);
void nwi_tls_destroy(struct nwi_tls *tls);
/* What came; false: no memory. */
bool nwi_tls_put(struct nwi_tls *tls, const void *bytes, size_t n_bytes);
/* Go on with the handshake. */
enum nwi_tls_state nwi_tls_shake(struct nwi_tls *tls);
/* What is to be sent: bytes, 0 where nothing is. */
size_t nwi_tls_get(struct nwi_tls *tls, void *ret_bytes, size_t n_bytes);
/* Once it is up: say something, hear something (0: nothing now, or the end). */
bool nwi_tls_say(struct nwi_tls *tls, const void *bytes, size_t n_bytes);
size_t nwi_tls_hear(struct nwi_tls *tls, void *ret_bytes, size_t n_bytes);
/* Version, cipher and certificate, as far as they are known. */
void nwi_tls_describe(struct nwi_tls *tls, struct nw_probe_banner *banner);

#endif /* NWI_PROBE_TLS_H */
