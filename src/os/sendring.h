/* SPDX-License-Identifier: MIT */
/*
 * Raw frames by a ring that the kernel reads (PACKET_TX_RING, version 2): one call sends all that
 * lie there, and none of them is copied by it.
 *
 * The kernel takes the ring's pages on the node of the thread that opens it: the pinned worker
 * must. Invariant: between two calls no slot waits to be sent, so that what was reported as sent
 * was.
 */
#ifndef NWI_OS_SENDRING_H
#define NWI_OS_SENDRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a frame, at most. */
enum { NWI_SEND_RING_FRAME_BYTES = 448 };

struct nwi_send_ring {
	int fd;
	unsigned char *base;
	size_t n_bytes;
	uint32_t slot_count;
	uint32_t next; /* slot to fill; the kernel looks there, too */
};

int nwi_send_ring_open(int interface_idx, struct nwi_send_ring *ret_ring, bool *ret_bypasses);
void nwi_send_ring_close(struct nwi_send_ring *ring);
/* As nwi_packet_send(). */
int nwi_send_ring_send(struct nwi_send_ring *ring, const void *base, size_t stride,
		       const uint32_t *lengths, uint32_t count);

#endif /* NWI_OS_SENDRING_H */
