/* SPDX-License-Identifier: MIT */
/*
 * Neighbours on the local link: the frames that ask for a link address (ARP, RFC 826; neighbour
 * solicitation, RFC 4861), what an answer says, and the table of those that have answered.
 *
 * An answer cannot bring a keyed number back. It is believed if it is for this machine, from where
 * such answers come, and about somebody who was asked.
 *
 * Invariant: a table is written while no scan uses it.
 */
#ifndef NWI_PROBE_NEIGHBOUR_H
#define NWI_PROBE_NEIGHBOUR_H

#include "probe/frame.h"
#include "probe/targets.h"

#include <nw/probe.h>

enum { NWI_NEIGHBOUR_MAC_BYTES = 6, NWI_NEIGHBOUR_MAX_LOG2 = 20 };

/* Who asks. */
struct nwi_neighbour_terms {
	struct nwi_address sources[2]; /* IPv4, IPv6; family 0: not asked for */
	unsigned char mac[6];
};

/* Write a question; returns its bytes. frame has NWI_FRAME_BYTES_MAX. target's family has a source.
 */
uint32_t nwi_neighbour_write(const struct nwi_neighbour_terms *terms, struct nwi_address target,
			     unsigned char *frame);
/* Read what came, within its length; false: it is no answer to this machine. */
bool nwi_neighbour_read(const struct nwi_neighbour_terms *terms, const unsigned char *frame,
			size_t n_bytes, struct nwi_address *ret_target, unsigned char ret_mac[6]);

struct nw_probe_neighbours {
	struct nw_arena *arena;
	const struct nwi_targets *on_link; /* closed, borrowed */
	unsigned char (*macs)[8];          /* [its count]: the address, and 1 where there is one */
	uint64_t count;
};

/* What the table knows of a target. */
enum nwi_neighbour_state {
	NWI_NEIGHBOUR_BEYOND = 0, /* not on the local link */
	NWI_NEIGHBOUR_DOWN,
	NWI_NEIGHBOUR_UP
};
enum nwi_neighbour_state nwi_neighbour_find(const struct nw_probe_neighbours *table,
					    struct nwi_address target,
					    const unsigned char **ret_mac);

#endif /* NWI_PROBE_NEIGHBOUR_H */
