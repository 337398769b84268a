/* SPDX-License-Identifier: MIT */
/*
 * The ring of frames to send.
 *
 * The kernel walks over the slots that ask to be sent while a call is made, and at no other time.
 * It stops at one that the interface does not take, and looks there again the next time: so that
 * slot is the next to be filled, and those behind it are taken back.
 */
#include "os/sendring.h"

#include "os/packet.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	SLOT_BYTES = 512,
	BLOCK_BYTES = 64 << 10,
	BLOCK_COUNT = 16,
	/* Behind the header, as TPACKET_ALIGN() has it. */
	DATA_AT = (sizeof(struct tpacket2_hdr) + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT *
		  TPACKET_ALIGNMENT
};

_Static_assert(DATA_AT + NWI_SEND_RING_FRAME_BYTES <= SLOT_BYTES, "a frame fits its slot");

static int map(struct nwi_send_ring *ring)
{
	int version = TPACKET_V2;
	struct tpacket_req request = { .tp_block_size = BLOCK_BYTES,
				       .tp_block_nr = BLOCK_COUNT,
				       .tp_frame_size = SLOT_BYTES };
	void *base;

	request.tp_frame_nr = BLOCK_BYTES / SLOT_BYTES * BLOCK_COUNT;
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(ring->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)) < 0)
		return -errno;
	ring->n_bytes = (size_t)BLOCK_BYTES * BLOCK_COUNT;
	ring->slot_count = request.tp_frame_nr;
	base = mmap(NULL, ring->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		    ring->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	ring->base = base;
	return 0;
}

int nwi_send_ring_open(int interface_idx, struct nwi_send_ring *ret_ring, bool *ret_bypasses)
{
	struct nwi_send_ring ring = { 0 };
	int rc = nwi_packet_open_send(interface_idx, &ring.fd, ret_bypasses);

	if (rc < 0)
		return rc;
	rc = map(&ring);
	if (rc < 0)
		nwi_packet_close_send(ring.fd);
	else
		*ret_ring = ring;
	return rc;
}

void nwi_send_ring_close(struct nwi_send_ring *ring)
{
	(void)munmap(ring->base, ring->n_bytes); /* it is a mapping: this cannot fail */
	nwi_packet_close_send(ring->fd);
}

static struct tpacket2_hdr *slot_at(const struct nwi_send_ring *ring, uint32_t idx)
{
	return (void *)(ring->base + (size_t)(idx % ring->slot_count) * SLOT_BYTES);
}

static _Atomic uint32_t *status_of(struct tpacket2_hdr *slot)
{
	return (_Atomic uint32_t *)&slot->tp_status;
}

/* How many found a slot. */
static uint32_t fill(struct nwi_send_ring *ring, const unsigned char *base, size_t stride,
		     const uint32_t *lengths, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct tpacket2_hdr *slot = slot_at(ring, ring->next + i);

		/* Else the interface still has what was there. */
		if (atomic_load(status_of(slot)) != TP_STATUS_AVAILABLE)
			return i;
		memcpy((unsigned char *)slot + DATA_AT, base + i * stride, lengths[i]);
		slot->tp_len = lengths[i];
		atomic_store(status_of(slot), TP_STATUS_SEND_REQUEST);
	}
	return count;
}

static bool was_left(struct tpacket2_hdr *slot)
{
	return atomic_load(status_of(slot)) & (TP_STATUS_SEND_REQUEST | TP_STATUS_WRONG_FORMAT);
}

int nwi_send_ring_send(struct nwi_send_ring *ring, const void *base, size_t stride,
		       const uint32_t *lengths, uint32_t count)
{
	uint32_t filled = fill(ring, base, stride, lengths, count), sent = 0;
	ssize_t rc;

	do
		rc = send(ring->fd, NULL, 0, MSG_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		rc = -errno;
	while (sent < filled && !was_left(slot_at(ring, ring->next + sent)))
		sent++;
	for (uint32_t i = sent; i < filled; i++)
		atomic_store(status_of(slot_at(ring, ring->next + i)), TP_STATUS_AVAILABLE);
	ring->next = (ring->next + sent) % ring->slot_count;
	return sent > 0 ? (int)sent : rc < 0 ? (int)rc : -EAGAIN;
}
