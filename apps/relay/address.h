/* SPDX-License-Identifier: MIT */
/*
 * Where somebody listens: "127.0.0.1:7770", "[::1]:7770", a path.
 * Invariant: numbers only. A name that somebody else resolves would decide what is loopback.
 */
#ifndef APP_RELAY_ADDRESS_H
#define APP_RELAY_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { RELAY_ADDRESS_BYTES = 112, RELAY_UNIX_BYTES = 108 };

union relay_name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

struct relay_address {
	char text[RELAY_ADDRESS_BYTES]; /* as it was given; "": none */
	union relay_name name;
	socklen_t name_bytes;
	uint32_t line; /* where it stands; 0: nowhere */
};

/* ADDRESS:PORT, [ADDRESS]:PORT or PORT (of 127.0.0.1). False, *ret untouched: it is none. */
bool relay_address_parse(const char *text, struct relay_address *ret);
/* A path of a socket. False: it is empty or too long. */
bool relay_address_path(const char *path, struct relay_address *ret);
bool relay_address_is_loopback(const struct relay_address *address);
/* With the port that the system gave, if it was 0. */
void relay_address_of(int fd, struct relay_address *inout_address);

#endif /* APP_RELAY_ADDRESS_H */
