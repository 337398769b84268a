/* SPDX-License-Identifier: MIT */
/*
 * A link: a block of frames with a home, a socket to send them, a ring for what arrives.
 *
 * Where it receives by AF_XDP, too, the ring stays: it has what the program on the interface leaves
 * to the system, and what comes by queues that no link has.
 *
 * Invariant: a link is touched by one thread at a time; what its group's links share is the
 * kernel's.
 */
#include <nw/link.h>

#include "base/diag.h"
#include "os/heap.h"
#include "os/packet.h"
#include "os/route.h"
#include "os/sendring.h"
#include "os/thread.h"
#include "os/xdp.h"
#include "os/xdpsteer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum { RING_BYTES = 32 << 20 };

static_assert(NW_LINK_BATCH == NWI_PACKET_BATCH_MAX, "one system call a batch");

static_assert(NW_LINK_FRAME_BYTES <= NWI_SEND_RING_FRAME_BYTES &&
		      NW_LINK_FRAME_BYTES <= NWI_XDP_CHUNK_BYTES,
	      "a frame fits wherever it is sent from");

struct nw_link {
	struct nw_mem frames; /* the places; before them, for AF_XDP, what the kernel reads */
	unsigned char *places;
	struct nwi_packet_ring ring;
	uint64_t drop_count;
	enum nw_link_path path;
	union { /* by path */
		int send_fd;
		struct nwi_send_ring send_ring;
		struct nwi_xdp xdp;
	};
	bool bypasses;
	bool receives; /* by AF_XDP; then xdp is open both ways, and steer is */
	struct nwi_xdp_steer steer;
	uint64_t xdp_count; /* frames that came so */
	struct nw_diag why, receive_why;
};

/* --- What is there --- */

int nw_link_allowed(void)
{
	return nwi_packet_allowed();
}

int nw_link_describe(const char *interface, struct nw_link_info *ret_info)
{
	struct nwi_packet_interface found;
	int rc = nwi_packet_interface(interface, &found);

	if (rc < 0)
		return rc;
	*ret_info = (struct nw_link_info){ .index = found.index,
					   .mtu = found.mtu,
					   .has_ethernet = found.has_ethernet,
					   .is_up = found.is_up,
					   .is_loopback = found.is_loopback };
	memcpy(ret_info->mac, found.mac, sizeof(found.mac));
	return 0;
}

int nw_link_route(const unsigned char *address, bool is_ipv6, struct nw_link_route *ret_route)
{
	struct nwi_route found;
	struct nw_link_route route = { 0 };
	int rc = nwi_route_get(address, is_ipv6, &found);

	if (rc == 0)
		rc = nwi_interface_name(found.interface_idx, route.interface);
	if (rc < 0)
		return rc;
	memcpy(route.source, found.source, sizeof(route.source));
	memcpy(route.gateway, found.has_gateway ? found.gateway : address, is_ipv6 ? 16 : 4);
	route.is_local = found.is_local;
	*ret_route = route;
	return 0;
}

int nw_link_neighbour(const char *interface, const unsigned char *address, bool is_ipv6,
		      uint64_t wait_ns, unsigned char ret_mac[6])
{
	struct nwi_packet_interface found;
	uint64_t end_ns = nwi_clock_ns() + wait_ns;
	int rc = nwi_packet_interface(interface, &found);

	if (rc < 0)
		return rc;
	rc = nwi_neighbour_get(found.index, address, is_ipv6, ret_mac);
	if (rc == 0)
		return 0;
	rc = nwi_neighbour_ask(found.index, address, is_ipv6);
	while (rc == 0 && nwi_neighbour_get(found.index, address, is_ipv6, ret_mac) < 0) {
		if (nwi_clock_ns() >= end_ns)
			return -EHOSTUNREACH;
		nwi_thread_sleep_ns(NS_PER_MS);
	}
	return rc;
}

/* --- Opening --- */

static int check(const struct nw_link_options *options, struct nw_diag *reterr_diag)
{
	if (options->port_first > options->port_last) {
		nwi_diag_set(reterr_diag, "ports %u to %u: the end comes before the beginning",
			     options->port_first, options->port_last);
		return -EINVAL;
	}
	if (options->path > NW_LINK_PATH_XDP) {
		nwi_diag_set(reterr_diag, "path %d is none", (int)options->path);
		return -EINVAL;
	}
	if (options->group != 0 &&
	    (options->group_count == 0 ||
	     options->group_count > options->port_last - options->port_first + 1u)) {
		nwi_diag_set(reterr_diag, "%u links cannot share ports %u to %u",
			     options->group_count, options->port_first, options->port_last);
		return -EINVAL;
	}
	return 0;
}

static const char *why(int rc)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
		return "raw frames need CAP_NET_RAW (run as root)";
	case -ENODEV:
		return "there is no such interface";
	case -ENETDOWN:
		return "the interface is down";
	case -EAFNOSUPPORT:
		return "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)";
	default:
		return strerror(-rc);
	}
}

static int find(const char *interface, struct nwi_packet_interface *ret_found)
{
	int rc = nwi_packet_interface(interface, ret_found);

	return rc == 0 && !ret_found->is_up ? -ENETDOWN : rc;
}

/* --- Sending, by one of the paths --- */

/* What AF_XDP reads lies in one block with the places: bound and verified with them. */
static int open_xdp(struct nw_link *link, int interface_idx, const struct nw_link_options *options,
		    bool receives)
{
	size_t n_bytes = receives ? NWI_XDP_BOTH_BYTES : NWI_XDP_BYTES;
	int rc = nw_mem_alloc(&link->frames, options->node,
			      n_bytes + (size_t)NW_LINK_BATCH * NW_LINK_FRAME_BYTES,
			      NW_MEM_PREFAULT);

	if (rc < 0)
		return rc;
	link->places = (unsigned char *)link->frames.base + n_bytes;
	link->bypasses = true;
	link->path = NW_LINK_PATH_XDP;
	rc = nwi_xdp_open(interface_idx, options->queue, link->frames.base, receives, &link->xdp);
	if (rc < 0)
		nw_mem_free(&link->frames);
	return rc;
}

static int open_packets(struct nw_link *link, int interface_idx,
			const struct nw_link_options *options, enum nw_link_path path)
{
	int rc = nw_mem_alloc(&link->frames, options->node,
			      (size_t)NW_LINK_BATCH * NW_LINK_FRAME_BYTES, NW_MEM_PREFAULT);

	if (rc < 0)
		return rc;
	link->places = link->frames.base;
	link->path = path;
	if (path == NW_LINK_PATH_RING)
		rc = nwi_send_ring_open(interface_idx, &link->send_ring, &link->bypasses);
	else
		rc = nwi_packet_open_send(interface_idx, &link->send_fd, &link->bypasses);
	if (rc < 0)
		nw_mem_free(&link->frames);
	return rc;
}

/* --- Both ways by AF_XDP --- */

static void tell_receiving(struct nw_link *link)
{
	const struct nwi_xdp_steer *steer = &link->steer;
	int zerocopy_rc = link->xdp.zerocopy_rc;

	nwi_diag_set(&link->receive_why, "a program %s%s%s%s%s%s",
		     steer->is_native ? "in the driver" : "after the driver (in it: ",
		     steer->is_native ? "" : strerror(-steer->native_rc),
		     steer->is_native ? ", " : "), ",
		     zerocopy_rc == 0 ? "zero-copy" : "copying (zero-copy: ",
		     zerocopy_rc == 0 ? "" : strerror(-zerocopy_rc), zerocopy_rc == 0 ? "" : ")");
}

static int refuse_receiving(struct nw_link *link, const char *what, int rc)
{
	nwi_diag_set(&link->receive_why, "AF_XDP: %s: %s", what, strerror(-rc));
	return rc;
}

/* The program of the group's first link leads answers to the sockets of all. */
static int open_steer(struct nw_link *link, int interface_idx,
		      const struct nw_link_options *options)
{
	struct nwi_xdp_wanted wanted = { options->port_first, options->port_last,
					 options->source_ipv4, options->source_ipv6 };
	const char *what = "a second descriptor of the map";
	int rc;

	if (options->beside && !options->beside->receives) {
		link->receive_why = options->beside->receive_why;
		return -ECANCELED;
	}
	if (options->beside) {
		rc = nwi_xdp_steer_share(&options->beside->steer, &link->steer);
	} else if (!wanted.ipv4 && !wanted.ipv6) {
		nwi_diag_set(&link->receive_why, "AF_XDP takes answers of TCP alone");
		return -ECANCELED;
	} else {
		rc = nwi_xdp_steer_open(interface_idx, &wanted, &link->steer, &what);
	}
	return rc < 0 ? refuse_receiving(link, what, rc) : 0;
}

/* A failure leaves everything closed, and why in receive_why. */
static int open_both_ways(struct nw_link *link, int interface_idx,
			  const struct nw_link_options *options)
{
	int rc = open_steer(link, interface_idx, options);

	if (rc < 0)
		return rc;
	rc = open_xdp(link, interface_idx, options, true);
	if (rc < 0) {
		nwi_xdp_steer_close(&link->steer);
		return refuse_receiving(link, "a socket that receives", rc);
	}
	rc = nwi_xdp_steer_add(&link->steer, options->queue, link->xdp.fd);
	if (rc < 0) {
		nwi_xdp_close(&link->xdp);
		nw_mem_free(&link->frames);
		nwi_xdp_steer_close(&link->steer);
		return refuse_receiving(link, "its place in the map", rc);
	}
	link->receives = true;
	tell_receiving(link);
	return 0;
}

/* What sends is what was asked for; that answers come by the ring is no failure. */
static int open_xdp_best(struct nw_link *link, int interface_idx,
			 const struct nw_link_options *options)
{
	return open_both_ways(link, interface_idx, options) == 0
		       ? 0
		       : open_xdp(link, interface_idx, options, false);
}

/* --- The choice --- */

/* Measured (docs/notes/2026-11-scan-paths.md): AF_XDP is the fastest to send by, sendmmsg next; to
 * receive by it is hardly faster than the ring, which takes nothing away from the system. Where
 * frames have no Ethernet header the interface wants to know their protocol, which AF_XDP does not
 * tell it. */
static int open_best(struct nw_link *link, const struct nwi_packet_interface *found,
		     const struct nw_link_options *options)
{
	int rc = found->has_ethernet ? open_xdp(link, found->index, options, false)
				     : -EPROTONOSUPPORT;

	if (rc == 0) {
		nwi_diag_set(&link->why, "the fastest, and %s has its queue %" PRIu32,
			     options->interface, options->queue);
		return 0;
	}
	if (rc == -EINVAL)
		nwi_diag_set(&link->why, "AF_XDP: %s has no queue %" PRIu32, options->interface,
			     options->queue);
	else if (rc == -EBUSY)
		nwi_diag_set(&link->why, "AF_XDP: another socket has queue %" PRIu32,
			     options->queue);
	else
		nwi_diag_set(&link->why, "AF_XDP: %s", strerror(-rc));
	return open_packets(link, found->index, options, NW_LINK_PATH_MMSG);
}

static int open_path(struct nw_link *link, const struct nwi_packet_interface *found,
		     const struct nw_link_options *options)
{
	nwi_diag_set(&link->receive_why,
		     "hardly slower than AF_XDP, and the system sees them, too");
	if (options->path == NW_LINK_PATH_AUTO)
		return open_best(link, found, options);
	nwi_diag_set(&link->why, "as was asked for");
	nwi_diag_set(&link->receive_why, "as with all paths but AF_XDP");
	if (options->path == NW_LINK_PATH_XDP)
		return open_xdp_best(link, found->index, options);
	return open_packets(link, found->index, options, options->path);
}

/* The program goes first: then nothing more is led to the socket. */
static void close_path(struct nw_link *link)
{
	if (link->receives)
		nwi_xdp_steer_close(&link->steer);
	switch (link->path) {
	case NW_LINK_PATH_XDP:
		nwi_xdp_close(&link->xdp);
		break;
	case NW_LINK_PATH_RING:
		nwi_send_ring_close(&link->send_ring);
		break;
	default:
		nwi_packet_close_send(link->send_fd);
	}
	nw_mem_free(&link->frames);
}

/* What a queue is refused for. */
static const char *why_not(const struct nw_link_options *options, int rc)
{
	if (options->path == NW_LINK_PATH_XDP && rc == -EINVAL)
		return "AF_XDP needs a queue of the interface for each link: fewer links, or "
		       "another path";
	if (options->path == NW_LINK_PATH_XDP && rc == -EBUSY)
		return "another AF_XDP socket has the queue";
	return why(rc);
}

/* Fails with what was opened closed again. */
static int set_up(struct nw_link *link, const struct nw_link_options *options)
{
	struct nwi_packet_filter filter = { options->port_first, options->port_last,
					    options->has_arp };
	struct nwi_packet_interface found;
	uint32_t ring_bytes = options->ring_bytes ? options->ring_bytes : RING_BYTES;
	int rc = find(options->interface, &found);

	if (rc == 0)
		rc = open_path(link, &found, options);
	if (rc < 0)
		return rc;
	rc = nwi_packet_open_ring(found.index, &filter, ring_bytes, options->group,
				  options->group_count, &link->ring);
	if (rc < 0)
		close_path(link);
	return rc;
}

int nw_link_open(struct nw_link **ret_link, const struct nw_link_options *options,
		 struct nw_diag *reterr_diag)
{
	int rc = check(options, reterr_diag);
	struct nw_link *link;

	if (rc < 0)
		return rc;
	link = nwi_heap_alloc(sizeof(*link));
	if (!link)
		return -ENOMEM;
	rc = set_up(link, options);
	if (rc < 0) {
		nwi_diag_set(reterr_diag, "%s: %s", options->interface, why_not(options, rc));
		nwi_heap_free(link);
		return rc;
	}
	*ret_link = link;
	return 0;
}

void nw_link_close(struct nw_link *link)
{
	if (!link)
		return;
	close_path(link);
	nwi_packet_close_ring(&link->ring);
	nwi_heap_free(link);
}

const struct nw_mem *nw_link_memory(const struct nw_link *link)
{
	return &link->frames;
}

const void *nw_link_ring(const struct nw_link *link, size_t *ret_bytes)
{
	*ret_bytes = link->ring.n_bytes;
	return link->ring.base;
}

bool nw_link_bypasses(const struct nw_link *link)
{
	return link->bypasses;
}

enum nw_link_path nw_link_path(const struct nw_link *link)
{
	return link->path;
}

const char *nw_link_path_why(const struct nw_link *link)
{
	return link->why.text;
}

enum nw_link_path nw_link_receive_path(const struct nw_link *link)
{
	return link->receives ? NW_LINK_PATH_XDP : NW_LINK_PATH_RING;
}

const char *nw_link_receive_why(const struct nw_link *link)
{
	return link->receive_why.text;
}

const char *nw_link_path_name(enum nw_link_path path)
{
	static const char *const names[] = { "auto", "mmsg", "ring", "xdp" };

	assert(path <= NW_LINK_PATH_XDP);
	return names[path];
}

/* --- Frames --- */

unsigned char *nw_link_frame(struct nw_link *link, uint32_t idx)
{
	assert(idx < NW_LINK_BATCH);
	return link->places + (size_t)idx * NW_LINK_FRAME_BYTES;
}

static int send_frames(struct nw_link *link, unsigned char *base, const uint32_t *lengths,
		       uint32_t count)
{
	switch (link->path) {
	case NW_LINK_PATH_XDP:
		return nwi_xdp_send(&link->xdp, base, NW_LINK_FRAME_BYTES, lengths, count);
	case NW_LINK_PATH_RING:
		return nwi_send_ring_send(&link->send_ring, base, NW_LINK_FRAME_BYTES, lengths,
					  count);
	default:
		return nwi_packet_send(link->send_fd, base, NW_LINK_FRAME_BYTES, lengths, count);
	}
}

int nw_link_send(struct nw_link *link, uint32_t first, uint32_t count, const uint32_t *lengths)
{
	int sent;

	assert(first + count <= NW_LINK_BATCH);
	sent = send_frames(link, nw_link_frame(link, first), lengths, count);
	return sent == -ENOBUFS || sent == -EAGAIN ? 0 : sent;
}

uint32_t nw_link_receive(struct nw_link *link, nw_link_take_fn *take, void *context)
{
	uint32_t n = 0;

	/* What was taken and not sent goes out while its sender waits for answers. */
	if (link->path == NW_LINK_PATH_XDP)
		(void)nwi_xdp_push(&link->xdp);
	if (link->receives)
		n = nwi_xdp_take(&link->xdp, take, context);
	link->xdp_count += n;
	return n + nwi_packet_take(&link->ring, take, context);
}

bool nw_link_wait(struct nw_link *link, uint64_t timeout_ns)
{
	int other_fd = link->receives ? link->xdp.fd : -1;

	return (link->receives && nwi_xdp_is_ready(&link->xdp)) ||
	       nwi_packet_wait(&link->ring, other_fd, timeout_ns);
}

uint64_t nw_link_drops(struct nw_link *link)
{
	link->drop_count += nwi_packet_drops(&link->ring);
	return link->drop_count + (link->receives ? nwi_xdp_drops(&link->xdp) : 0);
}

uint64_t nw_link_received_xdp(const struct nw_link *link)
{
	return link->xdp_count;
}
