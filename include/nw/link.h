/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A network interface as raw frames: a place to write questions into, a ring in which answers
 * arrive, both with a home.
 *
 * A link belongs to one thread, which should be pinned before it opens one: frames to send lie in a
 * block bound to the node that was asked for, and the kernel takes the receive ring's pages on the
 * node of the opening thread. Links of one group share what arrives by its destination port, each
 * port one link's: so that an answer comes to the thread that asked.
 *
 * Needs CAP_NET_RAW. Linux only (AF_PACKET, AF_XDP).
 */
#ifndef NW_LINK_H
#define NW_LINK_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A link. Opaque. */
struct nw_link;

/** Frames of a batch, and bytes that one may have. */
#define NW_LINK_BATCH       64u
#define NW_LINK_FRAME_BYTES 256u

/** What an interface is. */
struct nw_link_info {
	int index; /* the kernel's number of it */
	int mtu;
	unsigned char mac[6];
	bool has_ethernet; /* else frames begin with IP */
	bool is_up, is_loopback;
};

/** How frames are sent; NW_LINK_PATH_XDP: how they are received, too. */
enum nw_link_path {
	NW_LINK_PATH_AUTO, /* what the interface supports and measured best */
	NW_LINK_PATH_MMSG, /* sendmmsg: one call a batch, the kernel copies */
	NW_LINK_PATH_RING, /* PACKET_TX_RING: a ring that the kernel reads */
	NW_LINK_PATH_XDP   /* an AF_XDP socket on one queue of the interface */
};

/** What nw_link_open() is told. Borrowed for the call. */
struct nw_link_options {
	const char *interface;
	nw_node node;                   /* home of the frames to send; NW_NODE_ANY */
	uint32_t ring_bytes;            /* for what arrives; 0: 32 MiB */
	uint16_t port_first, port_last; /* destination ports that are let in */
	bool has_arp;                   /* ARP is let in, too */
	uint16_t group;                 /* 0: this link gets all of them */
	uint32_t group_count;           /* links of the group; this one's slice is its turn's */
	enum nw_link_path path;
	uint32_t queue; /* of the interface, for AF_XDP: no two links may have the same */
	/* For NW_LINK_PATH_XDP. This machine's addresses, 4 and 16 bytes, that questions come from:
	 * TCP's answers to them are received by the socket. NULL: those of that family are not. */
	const unsigned char *source_ipv4, *source_ipv6;
	const struct nw_link *beside; /* the group's first link, whose program this one shares;
					 NULL: it is the first */
};

/** Where packets to an address go. */
struct nw_link_route {
	char interface[16];
	unsigned char source[16];  /* this machine's address, 4 bytes or 16 */
	unsigned char gateway[16]; /* the next hop: a router, or the target itself */
	bool is_local;             /* an address of this machine */
};

/**
 * Ask whether this process may open links.
 *
 * @return 0
 * @return -EPERM, ...  no CAP_NET_RAW, or what else the system says
 *
 * Threads: any thread.
 * Cost:    system calls.
 */
NW_API int nw_link_allowed(void) NW_MUST_USE;

/**
 * Describe an interface.
 *
 * @return 0
 * @return -ENODEV  no interface has that name
 *
 * Threads: any thread.
 */
NW_API int nw_link_describe(const char *interface, struct nw_link_info *ret_info) NW_MUST_USE;

/**
 * Ask the kernel for the route to an address.
 *
 * @param address     4 bytes (IPv4) or 16 (IPv6), as they are in packets
 * @param is_ipv6     which
 * @return 0
 * @return -ENETUNREACH  there is none
 *
 * Threads: any thread.
 * Cost:    system calls.
 */
NW_API int nw_link_route(const unsigned char *address, bool is_ipv6,
			 struct nw_link_route *ret_route) NW_MUST_USE;

/**
 * Find the link address of a neighbour, asking for it where the kernel does not know.
 *
 * @param address   of the neighbour, on that interface's network
 * @param wait_ns   how long to wait for its answer
 * @return 0
 * @return -EHOSTUNREACH  nobody answered
 *
 * Threads: any thread.
 * Progress: blocks up to wait_ns.
 */
NW_API int nw_link_neighbour(const char *interface, const unsigned char *address, bool is_ipv6,
			     uint64_t wait_ns, unsigned char ret_mac[6]) NW_MUST_USE;

/**
 * Open a link.
 *
 * @param ret_link     set on success, untouched on failure
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL  ports out of order, more links in the group than ports; no such queue
 * @return -EBUSY   another AF_XDP socket has that queue
 * @return -ENODEV  no such interface; -ENETDOWN: it is down
 * @return -EPERM   no CAP_NET_RAW
 * @return -ENOMEM, ...  as the system says
 *
 * Threads: the thread that will use it.
 * Owner:   the caller; release with nw_link_close().
 */
NW_API int nw_link_open(struct nw_link **ret_link, const struct nw_link_options *options,
			struct nw_diag *reterr_diag) NW_MUST_USE;

/** Close a link. NULL is a no-op. Threads: the link's, or another that it was handed to. */
NW_API void nw_link_close(struct nw_link *link);

/** Lend the block of frames to send: node and level. Threads: any. */
NW_API const struct nw_mem *nw_link_memory(const struct nw_link *link);

/**
 * Lend the pages of the receive ring, to ask where they are.
 *
 * Threads: any thread.
 */
NW_API const void *nw_link_ring(const struct nw_link *link, size_t *ret_bytes);

/** Whether what is sent passes by the queueing discipline. Threads: any. */
NW_API bool nw_link_bypasses(const struct nw_link *link);

/** How frames are sent: never NW_LINK_PATH_AUTO. Threads: any. */
NW_API enum nw_link_path nw_link_path(const struct nw_link *link);

/** Lend the sentence that says why they are sent so. Threads: any, while the link is open. */
NW_API const char *nw_link_path_why(const struct nw_link *link);

/** How TCP's answers are received: NW_LINK_PATH_XDP, or NW_LINK_PATH_RING for the TPACKET_V3 ring,
 * by which all the rest comes in any case. Threads: any. */
NW_API enum nw_link_path nw_link_receive_path(const struct nw_link *link);

/** Lend the sentence that says why they are received so. Threads: any, while the link is open. */
NW_API const char *nw_link_receive_why(const struct nw_link *link);

/** Lend the short name of a path: "auto", "mmsg", "ring", "xdp". Threads: any. */
NW_API const char *nw_link_path_name(enum nw_link_path path);

/**
 * Lend the place of a frame to send.
 *
 * @param idx  0..NW_LINK_BATCH-1
 *
 * Threads: the link's.
 */
NW_API unsigned char *nw_link_frame(struct nw_link *link, uint32_t idx);

/**
 * Send frames first..first+count-1 as they lie in their places.
 *
 * @param lengths  bytes of each, [count]; NW_LINK_FRAME_BYTES at most
 * @return how many were sent, the first ones; 0: the interface is full, try again. By AF_XDP, what
 *         the interface does not take at once is sent by later calls of this and of
 *         nw_link_receive()
 * @return a negative errno: -ENETDOWN, ...
 *
 * Threads: the link's.
 * Progress: does not wait.
 */
NW_API int nw_link_send(struct nw_link *link, uint32_t first, uint32_t count,
			const uint32_t *lengths) NW_MUST_USE;

/** Called with each frame that arrived; the bytes are lent for the call. */
typedef void nw_link_take_fn(void *context, const unsigned char *frame, uint32_t n_bytes);

/**
 * Hand over what has arrived: up to one block of the ring, and 1024 frames by AF_XDP.
 *
 * @return how many frames; 0: none
 *
 * Threads: the link's.
 * Progress: does not wait.
 */
NW_API uint32_t nw_link_receive(struct nw_link *link, nw_link_take_fn *take, void *context);

/**
 * Sleep until something has arrived.
 *
 * @return false: nothing within timeout_ns
 *
 * Threads: the link's.
 */
NW_API bool nw_link_wait(struct nw_link *link, uint64_t timeout_ns);

/**
 * Frames for this link that the kernel had no room for, since it was opened.
 *
 * Threads: the link's.
 */
NW_API uint64_t nw_link_drops(struct nw_link *link);

/** Of the frames that were handed over, those that came by AF_XDP. Threads: the link's. */
NW_API uint64_t nw_link_received_xdp(const struct nw_link *link);

NW_END_DECLS

#endif /* NW_LINK_H */
