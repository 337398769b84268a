/* SPDX-License-Identifier: MIT */
/*
 * Routes and neighbours, asked of the kernel by netlink. Addresses are bytes as in packets.
 * All return 0 or a negative errno. Invariant: every socket opened here is closed here.
 */
#ifndef NWI_OS_ROUTE_H
#define NWI_OS_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

struct nwi_route {
	int interface_idx;
	unsigned char source[16], gateway[16];
	bool has_source, has_gateway, is_local;
};

int nwi_route_get(const unsigned char *address, bool is_ipv6, struct nwi_route *ret_route);
/* -ENOENT: the kernel does not know it (now). */
int nwi_neighbour_get(int interface_idx, const unsigned char *address, bool is_ipv6,
		      unsigned char ret_mac[6]);
/* Have the kernel ask for it. */
int nwi_neighbour_ask(int interface_idx, const unsigned char *address, bool is_ipv6);
/* Name of an interface. */
int nwi_interface_name(int interface_idx, char ret_name[16]);

#endif /* NWI_OS_ROUTE_H */
