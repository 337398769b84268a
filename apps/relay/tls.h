/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.3 by OpenSSL, under a stream that never waits.
 *
 * Invariant: a connection is encrypted from its first byte or not at all; whom a certificate names
 * is asked only after OpenSSL has checked it.
 */
#ifndef APP_RELAY_TLS_H
#define APP_RELAY_TLS_H

#include "relay/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For connections that come; NULL, and why in ret_why (RELAY_TEXT_BYTES). */
void *relay_tls_server(const struct relay_tls *tls, char *ret_why);
/* For a client that believes who a CA names; certificate and key may be NULL. */
void *relay_tls_client(const char *ca, const char *certificate, const char *key, char *ret_why);
/* NULL is a no-op. */
void relay_tls_free(void *context);

/* A connection over a socket that does not block; server: the name or address that the other end
 * has to have, NULL: this end is the server. NULL: no memory. */
void *relay_tls_open(void *context, int fd, const char *server);
void relay_tls_close(void *tls);

/* The beginning: 0 done; -EAGAIN, and *ret_to_write: it waits for room; -EPROTO, and why. */
int relay_tls_greet(void *tls, bool *ret_to_write, char *ret_why);
/* > 0 bytes; 0: the end; -EAGAIN; -EPROTO. */
int64_t relay_tls_read(void *tls, void *ret_bytes, size_t n_bytes);
/* > 0 bytes; -EAGAIN: call it again with the same bytes, or more of them; -EPROTO. */
int64_t relay_tls_write(void *tls, const void *bytes, size_t n_bytes);
/* Bytes that came and that no socket tells of. */
bool relay_tls_has_more(const void *tls);
/* The name in the other's certificate: the first DNS name, else the common name. False: it showed
 * none. */
bool relay_tls_name(const void *tls, char *ret_name, size_t n_bytes);

#endif /* APP_RELAY_TLS_H */
