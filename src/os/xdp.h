/* SPDX-License-Identifier: MIT */
/*
 * Raw frames by an AF_XDP socket on one queue of an interface: descriptors in a ring that the
 * kernel reads, frames in memory that the caller gives and that may be bound to a node.
 *
 * In copy mode, which every interface can and which leaves its receiving alone; nothing is received
 * here, so no program is attached to the interface.
 * Invariant: a chunk is written only after the kernel has said that it is done with it.
 */
#ifndef NWI_OS_XDP_H
#define NWI_OS_XDP_H

#include <stddef.h>
#include <stdint.h>

enum {
	NWI_XDP_CHUNK_BYTES = 2048, /* the least that the kernel takes */
	NWI_XDP_CHUNK_COUNT = 1024,
	NWI_XDP_BYTES = NWI_XDP_CHUNK_BYTES * NWI_XDP_CHUNK_COUNT
};

struct nwi_xdp_ring {
	_Atomic uint32_t *producer, *consumer;
	void *slots;
	void *base; /* of the mapping */
	size_t n_bytes;
};

struct nwi_xdp {
	int fd;
	unsigned char *memory; /* borrowed */
	struct nwi_xdp_ring sending, done;
	uint32_t submitted; /* frames, ever */
	uint32_t free_count;
	uint32_t free[NWI_XDP_CHUNK_COUNT]; /* chunks that the kernel has not */
};

/*
 * Open. memory: NWI_XDP_BYTES, page-aligned, borrowed until it is closed. -EBUSY: the queue has
 * such a socket; -EINVAL: there is no such queue; -EAFNOSUPPORT: the kernel has none of this.
 */
int nwi_xdp_open(int interface_idx, uint32_t queue, void *memory, struct nwi_xdp *ret_xdp);
void nwi_xdp_close(struct nwi_xdp *xdp);
/* As nwi_packet_send(); what was taken may be sent by a later call, nwi_xdp_push() too. */
int nwi_xdp_send(struct nwi_xdp *xdp, const void *base, size_t stride, const uint32_t *lengths,
		 uint32_t count);
/* Send what was taken and is still there. How many that leaves. */
uint32_t nwi_xdp_push(struct nwi_xdp *xdp);

#endif /* NWI_OS_XDP_H */
