/* SPDX-License-Identifier: MIT */
/*
 * AF_XDP by the kernel's own interface: libxdp is there to load and share programs, and ours is a
 * few instructions.
 *
 * A call sends some of the ring (32 frames with today's kernels) from its consumer on. It ends
 * early with EAGAIN where the interface is full, which keeps the frame, or with EBUSY where the
 * interface has thrown the frame away: that one, the last that was consumed, is put into the ring
 * again.
 *
 * What has come is in the received ring; once it was looked at, its chunk goes back into the
 * filling ring, which has a slot for each: it is never full.
 */
#include "os/xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FILL_COUNT = 64,    /* of a ring that the kernel wants and nobody uses */
	STILL_TRIES_MAX = 4 /* without any progress, of one call */
};

static int set(int fd, int name, const void *value, socklen_t n_bytes)
{
	return setsockopt(fd, SOL_XDP, name, value, n_bytes) < 0 ? -errno : 0;
}

static int set_up(const struct nwi_xdp *xdp, bool receives)
{
	struct xdp_umem_reg memory = { .addr = (uintptr_t)xdp->memory,
				       .len = receives ? NWI_XDP_BOTH_BYTES : NWI_XDP_BYTES,
				       .chunk_size = NWI_XDP_CHUNK_BYTES };
	int fill = receives ? NWI_XDP_RECEIVE_COUNT : FILL_COUNT, count = NWI_XDP_CHUNK_COUNT;
	int rc = set(xdp->fd, XDP_UMEM_REG, &memory, sizeof(memory));

	if (rc == 0)
		rc = set(xdp->fd, XDP_UMEM_FILL_RING, &fill, sizeof(fill));
	if (rc == 0)
		rc = set(xdp->fd, XDP_UMEM_COMPLETION_RING, &count, sizeof(count));
	if (rc == 0)
		rc = set(xdp->fd, XDP_TX_RING, &count, sizeof(count));
	if (rc == 0 && receives)
		rc = set(xdp->fd, XDP_RX_RING, &fill, sizeof(fill));
	return rc;
}

struct place {
	const struct xdp_ring_offset *at;
	uint32_t slot_count;
	size_t slot_bytes;
	off_t offset;
};

static int map(int fd, const struct place *place, struct nwi_xdp_ring *ret_ring)
{
	size_t n_bytes = place->at->desc + place->slot_count * place->slot_bytes;
	char *base = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
			  place->offset);

	if (base == MAP_FAILED)
		return -errno;
	*ret_ring = (struct nwi_xdp_ring){ .producer = (void *)(base + place->at->producer),
					   .consumer = (void *)(base + place->at->consumer),
					   .slots = base + place->at->desc,
					   .base = base,
					   .n_bytes = n_bytes };
	return 0;
}

static int map_rings(struct nwi_xdp *xdp, bool receives)
{
	struct xdp_mmap_offsets offsets;
	struct place sending = { &offsets.tx, NWI_XDP_CHUNK_COUNT, sizeof(struct xdp_desc),
				 XDP_PGOFF_TX_RING };
	struct place done = { &offsets.cr, NWI_XDP_CHUNK_COUNT, sizeof(uint64_t),
			      (off_t)XDP_UMEM_PGOFF_COMPLETION_RING };
	struct place filling = { &offsets.fr, NWI_XDP_RECEIVE_COUNT, sizeof(uint64_t),
				 (off_t)XDP_UMEM_PGOFF_FILL_RING };
	struct place received = { &offsets.rx, NWI_XDP_RECEIVE_COUNT, sizeof(struct xdp_desc),
				  XDP_PGOFF_RX_RING };
	socklen_t n_bytes = sizeof(offsets);
	int rc;

	if (getsockopt(xdp->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &n_bytes) < 0)
		return -errno;
	rc = map(xdp->fd, &sending, &xdp->sending);
	if (rc == 0)
		rc = map(xdp->fd, &done, &xdp->done);
	if (rc == 0 && receives)
		rc = map(xdp->fd, &filling, &xdp->filling);
	if (rc == 0 && receives)
		rc = map(xdp->fd, &received, &xdp->received);
	return rc;
}

/* All chunks that are not for sending are the kernel's, before the first frame comes. */
static void fill(struct nwi_xdp *xdp)
{
	uint64_t *addresses = xdp->filling.slots;

	for (uint64_t i = 0; i < NWI_XDP_RECEIVE_COUNT; i++)
		addresses[i] = (NWI_XDP_CHUNK_COUNT + i) * NWI_XDP_CHUNK_BYTES;
	atomic_store(xdp->filling.producer, NWI_XDP_RECEIVE_COUNT);
}

static int attach(int fd, int interface_idx, uint32_t queue, uint16_t flags)
{
	struct sockaddr_xdp address = { .sxdp_family = AF_XDP,
					.sxdp_flags = flags,
					.sxdp_ifindex = (uint32_t)interface_idx,
					.sxdp_queue_id = queue };

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

/* One that only sends must not take over what its queue receives, as zero-copy does. */
static int attach_best(struct nwi_xdp *xdp, int interface_idx, uint32_t queue, bool receives)
{
	xdp->zerocopy_rc = receives ? attach(xdp->fd, interface_idx, queue, XDP_ZEROCOPY)
				    : -ECANCELED;
	return xdp->zerocopy_rc == 0 ? 0 : attach(xdp->fd, interface_idx, queue, XDP_COPY);
}

int nwi_xdp_open(int interface_idx, uint32_t queue, void *memory, bool receives,
		 struct nwi_xdp *ret_xdp)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	*ret_xdp = (struct nwi_xdp){ .fd = fd,
				     .memory = memory,
				     .free_count = NWI_XDP_CHUNK_COUNT };
	for (uint32_t i = 0; i < NWI_XDP_CHUNK_COUNT; i++)
		ret_xdp->free[i] = NWI_XDP_CHUNK_COUNT - 1 - i;
	rc = set_up(ret_xdp, receives);
	if (rc == 0)
		rc = map_rings(ret_xdp, receives);
	if (rc == 0 && receives)
		fill(ret_xdp);
	if (rc == 0)
		rc = attach_best(ret_xdp, interface_idx, queue, receives);
	if (rc < 0)
		nwi_xdp_close(ret_xdp);
	return rc;
}

static void unmap(const struct nwi_xdp_ring *ring)
{
	if (ring->base)
		(void)munmap(ring->base, ring->n_bytes); /* it is a mapping: this cannot fail */
}

void nwi_xdp_close(struct nwi_xdp *xdp)
{
	unmap(&xdp->sending);
	unmap(&xdp->done);
	unmap(&xdp->filling);
	unmap(&xdp->received);
	(void)close(xdp->fd); /* what it took is the interface's */
}

/* Takes back what the kernel is done with, in whichever order. */
static void reap(struct nwi_xdp *xdp)
{
	const uint64_t *addresses = xdp->done.slots;
	uint32_t produced = atomic_load(xdp->done.producer);
	uint32_t consumed = atomic_load(xdp->done.consumer);

	for (; consumed != produced; consumed++)
		xdp->free[xdp->free_count++] =
			(uint32_t)(addresses[consumed % NWI_XDP_CHUNK_COUNT] / NWI_XDP_CHUNK_BYTES);
	atomic_store(xdp->done.consumer, consumed);
}

/* There is a chunk, hence a slot: no more slots wait than chunks are away. */
static void put(struct nwi_xdp *xdp, const void *frame, uint32_t n_bytes)
{
	uint64_t at = (uint64_t)xdp->free[--xdp->free_count] * NWI_XDP_CHUNK_BYTES;
	struct xdp_desc *descs = xdp->sending.slots;

	descs[xdp->submitted % NWI_XDP_CHUNK_COUNT] = (struct xdp_desc){ .addr = at,
									 .len = n_bytes };
	memmove(xdp->memory + at, frame, n_bytes); /* that may be its own chunk */
	xdp->submitted++;
}

static void show(struct nwi_xdp *xdp)
{
	atomic_store(xdp->sending.producer, xdp->submitted);
}

/* The frame that was consumed last, whose chunk nobody has written since. That the kernel is done
 * with it was told before the call returned, so there is a chunk. */
static void put_again(struct nwi_xdp *xdp, uint32_t consumed)
{
	uint32_t slot = (consumed - 1) % NWI_XDP_CHUNK_COUNT;
	const struct xdp_desc *descs = xdp->sending.slots;

	reap(xdp);
	put(xdp, xdp->memory + descs[slot].addr, descs[slot].len);
	show(xdp);
}

uint32_t nwi_xdp_push(struct nwi_xdp *xdp)
{
	uint32_t consumed = atomic_load(xdp->sending.consumer), before;

	for (int still = 0; consumed != xdp->submitted && still < STILL_TRIES_MAX;) {
		ssize_t rc = sendto(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
		/* By zero-copy the interface sends when it likes, and nothing of it is told here.
		 */
		bool was_thrown = rc < 0 && errno == EBUSY && xdp->zerocopy_rc != 0;

		before = consumed;
		consumed = atomic_load(xdp->sending.consumer);
		if (was_thrown && consumed != before)
			put_again(xdp, consumed);
		still += consumed == before || was_thrown;
	}
	return xdp->submitted - consumed;
}

int nwi_xdp_send(struct nwi_xdp *xdp, const void *base, size_t stride, const uint32_t *lengths,
		 uint32_t count)
{
	(void)nwi_xdp_push(xdp);
	reap(xdp);
	/* Some stay for what has to be put there again. */
	if (xdp->free_count < count + STILL_TRIES_MAX)
		return -EAGAIN;
	for (uint32_t i = 0; i < count; i++)
		put(xdp, (const char *)base + i * stride, lengths[i]);
	show(xdp);
	(void)nwi_xdp_push(xdp);
	return (int)count;
}

/* --- Receiving --- */

bool nwi_xdp_is_ready(const struct nwi_xdp *xdp)
{
	return atomic_load(xdp->received.producer) != atomic_load(xdp->received.consumer);
}

/* The kernel may have left room before the frame, within the chunk. */
static uint64_t chunk_of(uint64_t at)
{
	return at - at % NWI_XDP_CHUNK_BYTES;
}

uint32_t nwi_xdp_take(struct nwi_xdp *xdp,
		      void (*take)(void *context, const unsigned char *frame, uint32_t n_bytes),
		      void *context)
{
	const struct xdp_desc *descs = xdp->received.slots;
	uint64_t *addresses = xdp->filling.slots;
	uint32_t produced = atomic_load(xdp->received.producer);
	uint32_t consumed = atomic_load(xdp->received.consumer);
	uint32_t filled = atomic_load(xdp->filling.producer), n = produced - consumed;

	if (n > NWI_XDP_TAKE_MAX)
		n = NWI_XDP_TAKE_MAX;
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = &descs[(consumed + i) % NWI_XDP_RECEIVE_COUNT];

		take(context, xdp->memory + desc->addr, desc->len);
		addresses[(filled + i) % NWI_XDP_RECEIVE_COUNT] = chunk_of(desc->addr);
	}
	if (n > 0) {
		atomic_store(xdp->received.consumer, consumed + n);
		atomic_store(xdp->filling.producer, filled + n);
	}
	return n;
}

uint64_t nwi_xdp_drops(const struct nwi_xdp *xdp)
{
	struct xdp_statistics stats = { 0 };
	socklen_t n_bytes = sizeof(stats);

	if (getsockopt(xdp->fd, SOL_XDP, XDP_STATISTICS, &stats, &n_bytes) < 0)
		return 0;
	return stats.rx_dropped + stats.rx_ring_full;
}
