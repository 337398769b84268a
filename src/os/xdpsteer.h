/* SPDX-License-Identifier: MIT */
/*
 * A program on an interface that leads the answers of a scan to the AF_XDP sockets of its queues,
 * and nothing else: all that it does not know goes on to the system, unseen.
 *
 * An answer is a frame of TCP without IP options or fragments, to one of this machine's two
 * addresses that questions came from, to a port of the range, with ACK and SYN or RST: what opens a
 * connection to a service here, or is said in one, is not. A frame whose queue has no
 * socket goes on to the system, too.
 *
 * Invariant: the program is on the interface as long as the descriptor of the link is open, and no
 * longer: it goes with the process, however that ends.
 */
#ifndef NWI_OS_XDPSTEER_H
#define NWI_OS_XDPSTEER_H

#include <stdbool.h>
#include <stdint.h>

enum { NWI_XDP_STEER_QUEUES = 256 };

struct nwi_xdp_steer {
	int sockets_fd; /* a map from queue to socket; -1: closed */
	int link_fd;    /* -1: the program is another's, which shares its map */
	bool is_native; /* in the driver, else after it */
	int native_rc;  /* why not */
};

/* What is led. Borrowed for the call. */
struct nwi_xdp_wanted {
	uint16_t port_first, port_last;
	const unsigned char *ipv4, *ipv6; /* NULL: nothing of that family */
};

/* Put it on an interface, in the driver if it can. Negative errno, and *ret_what says of what. */
int nwi_xdp_steer_open(int interface_idx, const struct nwi_xdp_wanted *wanted,
		       struct nwi_xdp_steer *ret_steer, const char **ret_what);
/* The same, for another queue: lives on its own, but the program goes with the first. */
int nwi_xdp_steer_share(const struct nwi_xdp_steer *steer, struct nwi_xdp_steer *ret_steer);
/* What comes by that queue goes to that socket from now on. */
int nwi_xdp_steer_add(const struct nwi_xdp_steer *steer, uint32_t queue, int socket_fd);
void nwi_xdp_steer_close(struct nwi_xdp_steer *steer);

#endif /* NWI_OS_XDPSTEER_H */
