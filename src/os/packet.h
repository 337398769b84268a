/* SPDX-License-Identifier: MIT */
/*
 * Raw frames of one network interface: a socket that sends, a ring that receives.
 *
 * The ring is the kernel's TPACKET_V3: blocks that the kernel fills and hands over whole, mapped,
 * so that no frame is copied twice and no call is made for one. The kernel takes the ring's pages
 * on the node of the thread that asks for it: the pinned worker must.
 *
 * All int functions return 0 or a negative errno. Invariant: what is closed was opened here.
 */
#ifndef NWI_OS_PACKET_H
#define NWI_OS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_PACKET_BATCH_MAX = 64, NWI_PACKET_NAME_BYTES = 16 };

struct nwi_packet_interface {
	int index;
	int mtu;
	unsigned char mac[6];
	bool is_up, is_loopback;
	bool has_ethernet; /* else frames begin with IP */
};

/* Whether this process may have sockets for raw frames: 0 or -EPERM. */
int nwi_packet_allowed(void);
int nwi_packet_interface(const char *name, struct nwi_packet_interface *ret_interface);

/* --- Sending --- */

/* Past the queueing discipline where the kernel can; *ret_bypasses says whether. */
int nwi_packet_open_send(int interface_idx, int *ret_fd, bool *ret_bypasses);
void nwi_packet_close_send(int fd);
/*
 * Send count frames (NWI_PACKET_BATCH_MAX at most), frame i being lengths[i] bytes at base +
 * i * stride. How many were taken, from the first on; or a negative errno where none was (-ENOBUFS,
 * -EAGAIN: full, try again).
 */
int nwi_packet_send(int fd, void *base, size_t stride, const uint32_t *lengths, uint32_t count);

/* --- Receiving --- */

/* What a ring takes in; frames that match nothing never cross into it. */
struct nwi_packet_filter {
	uint16_t port_first, port_last; /* TCP and UDP: destination, in this range */
	bool has_arp;                   /* ARP, too */
};

struct nwi_packet_ring {
	int fd;
	unsigned char *base;
	size_t n_bytes;
	uint32_t block_bytes, block_count;
	uint32_t next; /* block to look at */
};

/*
 * Open a ring. group 0: it receives all that matches; else it shares it with the rings of that
 * group: ring k (in the order of opening) of count gets the ports of its slice of the filter's
 * range, equal slices, and ring 0 all that has no port.
 */
int nwi_packet_open_ring(int interface_idx, const struct nwi_packet_filter *filter,
			 uint32_t n_bytes, uint16_t group, uint32_t group_count,
			 struct nwi_packet_ring *ret_ring);
void nwi_packet_close_ring(struct nwi_packet_ring *ring);
/*
 * Call take for every frame of the next block that the kernel has handed over, then give the block
 * back. How many frames; 0: none is ready.
 */
uint32_t nwi_packet_take(struct nwi_packet_ring *ring,
			 void (*take)(void *context, const unsigned char *frame, uint32_t n_bytes),
			 void *context);
/* Sleep until a block is ready, or another descriptor (-1: none) is; false: not within that time.
 */
bool nwi_packet_wait(const struct nwi_packet_ring *ring, int other_fd, uint64_t timeout_ns);
/* Frames that matched and that the kernel had no room for, since the last call. */
uint32_t nwi_packet_drops(const struct nwi_packet_ring *ring);

#endif /* NWI_OS_PACKET_H */
