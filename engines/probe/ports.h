/* SPDX-License-Identifier: MIT */
/*
 * Which ports are scanned: what people write, as a set, then as a list that ascends.
 * Invariant: a port is in the list once, however often it was written.
 */
#ifndef NWI_PROBE_PORTS_H
#define NWI_PROBE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_PORT_COUNT = 65536 };

struct nwi_ports {
	uint64_t tcp_bits[NWI_PORT_COUNT / 64], udp_bits[NWI_PORT_COUNT / 64];
	/* Once closed: TCP's, then UDP's. */
	uint32_t tcp_count, udp_count;
	uint16_t list[2 * NWI_PORT_COUNT];
};

/*
 * Add "80,443,1-1024,U:53,T:8000-8010,-": U: and T: hold until the next one; - is 1 to 65535, a
 * missing side of a range its end. is_udp: what holds at the beginning. False: *ret_reason is why,
 * and *ret_at the place in text.
 */
bool nwi_ports_add(struct nwi_ports *ports, const char *text, bool is_udp, size_t *ret_at,
		   const char **ret_reason);
void nwi_ports_add_one(struct nwi_ports *ports, uint16_t port, bool is_udp);
/* Make the list. */
void nwi_ports_close(struct nwi_ports *ports);

/* Its place in the list; false: it is not in it. */
bool nwi_ports_find(const struct nwi_ports *ports, uint16_t port, bool is_udp, uint64_t *ret_idx);

#endif /* NWI_PROBE_PORTS_H */
