/* SPDX-License-Identifier: MIT */
/*
 * Raw frames by an AF_XDP socket on one queue of an interface: descriptors in rings that the kernel
 * reads and writes, frames in memory that the caller gives and that may be bound to a node.
 *
 * One that only sends is in copy mode, which every interface can and which leaves its receiving
 * alone: no program is attached to the interface. One that receives, too, gets what a program on
 * the interface (xdpsteer.h) leads to it, into chunks that it gave to the kernel before.
 * Invariant: a chunk is written only after the kernel has said that it is done with it; chunks of
 * what is sent and of what is received are never mixed.
 */
#ifndef NWI_OS_XDP_H
#define NWI_OS_XDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NWI_XDP_CHUNK_BYTES = 2048, /* the least that the kernel takes */
	NWI_XDP_CHUNK_COUNT = 1024,
	NWI_XDP_BYTES = NWI_XDP_CHUNK_BYTES * NWI_XDP_CHUNK_COUNT,
	/* Behind those: 20 ms of 400,000 answers a second, while the thread waits for its turn. */
	NWI_XDP_RECEIVE_COUNT = 8192,
	NWI_XDP_BOTH_BYTES = NWI_XDP_BYTES + NWI_XDP_CHUNK_BYTES * NWI_XDP_RECEIVE_COUNT,
	NWI_XDP_TAKE_MAX = 1024 /* frames of a call */
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
	struct nwi_xdp_ring filling, received; /* chunks for what comes, and what came */
	int zerocopy_rc;    /* 0: by zero-copy; else what refused it, or -ECANCELED: not tried */
	uint32_t submitted; /* frames, ever */
	uint32_t free_count;
	uint32_t free[NWI_XDP_CHUNK_COUNT]; /* chunks that the kernel has not */
};

/*
 * Open. memory: NWI_XDP_BYTES, or NWI_XDP_BOTH_BYTES where it receives, page-aligned, borrowed
 * until it is closed. Where it receives, zero-copy is tried first. -EBUSY: the queue has such a
 * socket; -EINVAL: there is no such queue; -EAFNOSUPPORT: the kernel has none of this.
 */
int nwi_xdp_open(int interface_idx, uint32_t queue, void *memory, bool receives,
		 struct nwi_xdp *ret_xdp);
void nwi_xdp_close(struct nwi_xdp *xdp);
/* As nwi_packet_send(); what was taken may be sent by a later call, nwi_xdp_push() too. */
int nwi_xdp_send(struct nwi_xdp *xdp, const void *base, size_t stride, const uint32_t *lengths,
		 uint32_t count);
/* Send what was taken and is still there. How many that leaves. */
uint32_t nwi_xdp_push(struct nwi_xdp *xdp);

/* --- Of one that receives --- */

/* Call take for each frame that has come, up to NWI_XDP_TAKE_MAX. How many. */
uint32_t nwi_xdp_take(struct nwi_xdp *xdp,
		      void (*take)(void *context, const unsigned char *frame, uint32_t n_bytes),
		      void *context);
/* Whether nwi_xdp_take() has something to take. */
bool nwi_xdp_is_ready(const struct nwi_xdp *xdp);
/* Frames that were led here and that had no room, ever. */
uint64_t nwi_xdp_drops(const struct nwi_xdp *xdp);

#endif /* NWI_OS_XDP_H */
