/* SPDX-License-Identifier: MIT */
/*
 * Sockets of TCP that connect out, one after the other: a socket that was reset connects again.
 *
 * All int functions return 0 or a negative errno unless they say more. Nothing here waits.
 * Invariant: a socket that is opened here neither lingers nor outlives exec.
 */
#ifndef NWI_OS_SOCKET_H
#define NWI_OS_SOCKET_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where to: what the kernel calls a sockaddr. */
struct nwi_socket_address {
	alignas(8) unsigned char bytes[28];
	uint32_t n_bytes;
};

/* From where: each may be NULL, the kernel's choice. */
struct nwi_socket_terms {
	const char *interface;
	const unsigned char *source_ipv4, *source_ipv6; /* as in packets */
	bool is_blocking;                               /* connects wait: see lookout.h */
};

void nwi_socket_address_set(struct nwi_socket_address *address, const unsigned char *bytes,
			    bool is_ipv6, uint16_t port);

int nwi_socket_open(bool is_ipv6, const struct nwi_socket_terms *terms, int *ret_fd);
void nwi_socket_close(int fd);
/* -EINPROGRESS: begun. */
int nwi_socket_connect(int fd, const struct nwi_socket_address *address);
/* How a connect that was begun has ended, as far as the socket knows: see the next. */
int nwi_socket_outcome(int fd);
/*
 * Whether a socket whose connect has ended without an error is connected. The kernel says so too
 * early where a router has refused while the socket was busy: then the router's error is here.
 * -ECONNREFUSED also where the socket has met itself, which happens where nobody listens at the
 * port of this machine that was chosen for the call.
 */
int nwi_socket_verify(int fd);
/* End what there is with a RST; the socket may connect again. */
int nwi_socket_reset(int fd);
/* Bytes, or a negative errno: -EAGAIN, not now. 0 of receive: the other side has ended. */
int64_t nwi_socket_send(int fd, const void *bytes, size_t n_bytes);
int64_t nwi_socket_receive(int fd, void *ret_bytes, size_t n_bytes);

#endif /* NWI_OS_SOCKET_H */
