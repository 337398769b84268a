/* SPDX-License-Identifier: MIT */
/* Raw frames: AF_PACKET sockets, their filters and rings. */
#include "os/packet.h"

#include <errno.h>
#include <linux/filter.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	SEND_BUFFER_BYTES = 4 << 20,
	BLOCK_BYTES = 256 << 10,
	FRAME_BYTES = 2048, /* the kernel's unit of a ring; frames are as long as they are */
	RETIRE_MS = 10,     /* a block that is not full is handed over after that */
	PROGRAM_MAX = 64,
	GROUP_IGNORES_OUTGOING = 0x4000 /* newer than the headers */
};

/* --- The interface --- */

static int ask(int fd, unsigned long what, struct ifreq *inout)
{
	return ioctl(fd, what, inout) < 0 ? -errno : 0;
}

static int describe(int fd, struct ifreq *request, struct nwi_packet_interface *ret)
{
	int rc = ask(fd, SIOCGIFINDEX, request);

	if (rc < 0)
		return rc;
	ret->index = request->ifr_ifindex;
	rc = ask(fd, SIOCGIFFLAGS, request);
	if (rc < 0)
		return rc;
	ret->is_up = (request->ifr_flags & IFF_UP) != 0;
	ret->is_loopback = (request->ifr_flags & IFF_LOOPBACK) != 0;
	rc = ask(fd, SIOCGIFMTU, request);
	if (rc < 0)
		return rc;
	ret->mtu = request->ifr_mtu;
	rc = ask(fd, SIOCGIFHWADDR, request);
	if (rc < 0)
		return rc;
	ret->has_ethernet = request->ifr_hwaddr.sa_family == ARPHRD_ETHER || ret->is_loopback;
	memcpy(ret->mac, request->ifr_hwaddr.sa_data, sizeof(ret->mac));
	return 0;
}

int nwi_packet_interface(const char *name, struct nwi_packet_interface *ret_interface)
{
	struct nwi_packet_interface found = { 0 };
	struct ifreq request = { 0 };
	int fd, rc;

	if (strlen(name) >= sizeof(request.ifr_name))
		return -ENODEV;
	memcpy(request.ifr_name, name, strlen(name));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = describe(fd, &request, &found);
	(void)close(fd); /* only asked through it */
	if (rc == 0)
		*ret_interface = found;
	return rc;
}

int nwi_packet_allowed(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)close(fd); /* that it can be had was the question */
	return 0;
}

static struct sockaddr_ll address_of(int interface_idx, uint16_t protocol)
{
	return (struct sockaddr_ll){ .sll_family = AF_PACKET,
				     .sll_protocol = (uint16_t)(protocol >> 8 | protocol << 8),
				     .sll_ifindex = interface_idx };
}

/* --- Sending --- */

int nwi_packet_open_send(int interface_idx, int *ret_fd, bool *ret_bypasses)
{
	/* Protocol 0: it receives nothing. */
	struct sockaddr_ll address = address_of(interface_idx, 0);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, bytes = SEND_BUFFER_BYTES;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int rc = -errno;

		(void)close(fd); /* nothing was sent */
		return rc;
	}
	/* More room than asked is welcome, less is no failure: sending says when it is full. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	*ret_bypasses = setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) == 0;
	*ret_fd = fd;
	return 0;
}

void nwi_packet_close_send(int fd)
{
	(void)close(fd); /* frames that it took are the interface's */
}

int nwi_packet_send(int fd, void *base, size_t stride, const uint32_t *lengths, uint32_t count)
{
	struct mmsghdr messages[NWI_PACKET_BATCH_MAX];
	struct iovec pieces[NWI_PACKET_BATCH_MAX];
	int sent;

	for (uint32_t i = 0; i < count; i++) {
		pieces[i] = (struct iovec){ (char *)base + i * stride, lengths[i] };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &pieces[i],
							     .msg_iovlen = 1 } };
	}
	do
		sent = sendmmsg(fd, messages, count, MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/* --- Filters: classic BPF --- */

/* Where a jump goes, besides to the next instruction; put right when the program ends. */
enum { NEXT = 0, TO_IPV6 = 252, TO_PORT = 253, TO_ACCEPT = 254, TO_DROP = 255 };

struct program {
	struct sock_filter code[PROGRAM_MAX];
	uint16_t count;
};

enum {
	LOAD_WORD = BPF_LD | BPF_W | BPF_ABS,
	LOAD_BYTE = BPF_LD | BPF_B | BPF_ABS,
	LOAD_HALF = BPF_LD | BPF_H | BPF_ABS,
	LOAD_HALF_AT_X = BPF_LD | BPF_H | BPF_IND,
	AND = BPF_ALU | BPF_AND | BPF_K,
	SHIFT_LEFT = BPF_ALU | BPF_LSH | BPF_K,
	SUBTRACT = BPF_ALU | BPF_SUB | BPF_K,
	DIVIDE = BPF_ALU | BPF_DIV | BPF_K,
	A_TO_X = BPF_MISC | BPF_TAX,
	GO_TO = BPF_JMP | BPF_JA,
	IF_EQUAL = BPF_JMP | BPF_JEQ | BPF_K,
	IF_GREATER = BPF_JMP | BPF_JGT | BPF_K,
	IF_NOT_LESS = BPF_JMP | BPF_JGE | BPF_K,
	RETURN = BPF_RET | BPF_K,
	RETURN_A = BPF_RET | BPF_A,
	ALL_BYTES = 0x40000,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17
};

/* A byte of the network header, whether or not a link header is before it. */
static uint32_t net(uint32_t offset)
{
	return (uint32_t)SKF_NET_OFF + offset;
}

static void put(struct program *program, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	program->code[program->count++] = (struct sock_filter){ code, yes, no, k };
}

static uint8_t jump_from(uint16_t at, uint8_t to, const uint16_t *labels)
{
	return to < TO_IPV6 ? to : (uint8_t)(labels[to - TO_IPV6] - at - 1);
}

static void resolve(struct program *program, const uint16_t *labels)
{
	for (uint16_t i = 0; i < program->count; i++) {
		struct sock_filter *line = &program->code[i];

		if (line->code == GO_TO)
			line->k = jump_from(i, (uint8_t)line->k, labels);
		else if (BPF_CLASS(line->code) == BPF_JMP) {
			line->jt = jump_from(i, line->jt, labels);
			line->jf = jump_from(i, line->jf, labels);
		}
	}
}

/* Puts the destination port of TCP and UDP into A and goes on at TO_PORT; what has none (ICMP, and
 * IPv6 with extensions, which seldom is an answer) goes to TO_ACCEPT, the rest to TO_DROP. */
static void find_port(struct program *program, uint16_t *labels)
{
	put(program, LOAD_BYTE, net(0), NEXT, NEXT);
	put(program, AND, 0xf0, NEXT, NEXT);
	put(program, IF_EQUAL, 0x60, TO_IPV6, NEXT);
	put(program, IF_EQUAL, 0x40, NEXT, TO_DROP);
	put(program, LOAD_BYTE, net(0), NEXT, NEXT);
	put(program, AND, 0x0f, NEXT, NEXT);
	put(program, SHIFT_LEFT, 2, NEXT, NEXT);
	put(program, A_TO_X, 0, NEXT, NEXT);
	put(program, LOAD_BYTE, net(9), NEXT, NEXT);
	put(program, IF_EQUAL, PROTO_ICMP, TO_ACCEPT, NEXT);
	put(program, IF_EQUAL, PROTO_TCP, 1, NEXT);
	put(program, IF_EQUAL, PROTO_UDP, NEXT, TO_DROP);
	put(program, LOAD_HALF_AT_X, net(2), NEXT, NEXT);
	put(program, GO_TO, TO_PORT, NEXT, NEXT);
	labels[0] = program->count; /* TO_IPV6 is the first */
	put(program, LOAD_BYTE, net(6), NEXT, NEXT);
	put(program, IF_EQUAL, PROTO_TCP, 1, NEXT);
	put(program, IF_EQUAL, PROTO_UDP, NEXT, TO_ACCEPT);
	put(program, LOAD_HALF, net(42), NEXT, NEXT);
	labels[TO_PORT - TO_IPV6] = program->count;
}

static void write_filter(struct program *program, const struct nwi_packet_filter *filter)
{
	uint16_t labels[4];

	if (filter->has_arp) {
		put(program, LOAD_WORD, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL), NEXT, NEXT);
		put(program, IF_EQUAL, ETH_P_ARP, NEXT, 1);
		put(program, RETURN, ALL_BYTES, NEXT, NEXT);
	}
	find_port(program, labels);
	put(program, IF_NOT_LESS, filter->port_first, NEXT, TO_DROP);
	put(program, IF_GREATER, filter->port_last, TO_DROP, NEXT);
	labels[TO_ACCEPT - TO_IPV6] = program->count;
	put(program, RETURN, ALL_BYTES, NEXT, NEXT);
	labels[TO_DROP - TO_IPV6] = program->count;
	put(program, RETURN, 0, NEXT, NEXT);
	resolve(program, labels);
}

/* The number of the slice that the port lies in, 0 for what has none. */
static void write_steering(struct program *program, const struct nwi_packet_filter *filter,
			   uint32_t group_count)
{
	uint32_t port_count = filter->port_last - filter->port_first + 1u;
	uint16_t labels[4];

	find_port(program, labels);
	put(program, IF_NOT_LESS, filter->port_first, NEXT, TO_ACCEPT);
	put(program, IF_GREATER, filter->port_last, TO_ACCEPT, NEXT);
	put(program, SUBTRACT, filter->port_first, NEXT, NEXT);
	put(program, DIVIDE, port_count / group_count, NEXT, NEXT);
	put(program, RETURN_A, 0, NEXT, NEXT);
	labels[TO_ACCEPT - TO_IPV6] = labels[TO_DROP - TO_IPV6] = program->count;
	put(program, RETURN, 0, NEXT, NEXT);
	resolve(program, labels);
}

/* --- Receiving --- */

static int set(int fd, int level, int name, const void *value, socklen_t n_bytes)
{
	return setsockopt(fd, level, name, value, n_bytes) < 0 ? -errno : 0;
}

static int attach(int fd, const struct nwi_packet_filter *filter)
{
	struct program program = { 0 };
	struct sock_fprog attached = { 0, program.code };

	write_filter(&program, filter);
	attached.len = program.count;
	return set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached));
}

static int join_group(int fd, const struct nwi_packet_filter *filter, uint16_t group,
		      uint32_t group_count)
{
	struct program program = { 0 };
	struct sock_fprog steering = { 0, program.code };
	int joined = group | (PACKET_FANOUT_CBPF | GROUP_IGNORES_OUTGOING) << 16, rc;

	/* A group has a word of its own on what is sent; older kernels do not know it. */
	rc = set(fd, SOL_PACKET, PACKET_FANOUT, &joined, sizeof(joined));
	if (rc == -EINVAL) {
		joined = group | PACKET_FANOUT_CBPF << 16;
		rc = set(fd, SOL_PACKET, PACKET_FANOUT, &joined, sizeof(joined));
	}
	if (rc < 0)
		return rc;
	write_steering(&program, filter, group_count);
	steering.len = program.count;
	return set(fd, SOL_PACKET, PACKET_FANOUT_DATA, &steering, sizeof(steering));
}

/* The ring's pages come from the node of this thread. */
static int map_ring(struct nwi_packet_ring *ring, uint32_t n_bytes)
{
	int version = TPACKET_V3;
	struct tpacket_req3 request = { .tp_block_size = BLOCK_BYTES,
					.tp_frame_size = FRAME_BYTES,
					.tp_retire_blk_tov = RETIRE_MS };
	int rc = set(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version));
	void *base;

	request.tp_block_nr = n_bytes / BLOCK_BYTES > 1 ? n_bytes / BLOCK_BYTES : 2;
	request.tp_frame_nr = request.tp_block_nr * (BLOCK_BYTES / FRAME_BYTES);
	if (rc == 0)
		rc = set(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request));
	if (rc < 0)
		return rc;
	ring->block_bytes = BLOCK_BYTES;
	ring->block_count = request.tp_block_nr;
	ring->n_bytes = (size_t)ring->block_bytes * ring->block_count;
	base = mmap(NULL, ring->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	ring->base = base;
	return 0;
}

/* Filter and ring come before the socket is bound: nothing else ever reaches the ring. */
static int set_up(struct nwi_packet_ring *ring, int interface_idx,
		  const struct nwi_packet_filter *filter, uint32_t n_bytes, uint16_t group,
		  uint32_t group_count)
{
	struct sockaddr_ll address = address_of(interface_idx, ETH_P_ALL);
	int on = 1, rc = attach(ring->fd, filter);

	/* Older kernels show what this machine sends, too: the filter's ports drop it. */
	(void)set(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (rc == 0)
		rc = map_ring(ring, n_bytes);
	if (rc == 0 && bind(ring->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		rc = -errno;
	if (rc == 0 && group != 0)
		rc = join_group(ring->fd, filter, group, group_count);
	return rc;
}

int nwi_packet_open_ring(int interface_idx, const struct nwi_packet_filter *filter,
			 uint32_t n_bytes, uint16_t group, uint32_t group_count,
			 struct nwi_packet_ring *ret_ring)
{
	struct nwi_packet_ring ring = { .fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) };
	int rc;

	if (ring.fd < 0)
		return -errno;
	rc = set_up(&ring, interface_idx, filter, n_bytes, group, group_count);
	if (rc < 0)
		nwi_packet_close_ring(&ring);
	else
		*ret_ring = ring;
	return rc;
}

void nwi_packet_close_ring(struct nwi_packet_ring *ring)
{
	if (ring->base)
		(void)munmap(ring->base, ring->n_bytes); /* it is a mapping: this cannot fail */
	(void)close(ring->fd);                           /* only read from */
	ring->base = NULL;
}

static struct tpacket_block_desc *block_at(const struct nwi_packet_ring *ring)
{
	return (void *)(ring->base + (size_t)ring->next * ring->block_bytes);
}

/* The kernel writes the status with a store that comes after what is in the block. */
static _Atomic uint32_t *status_of(struct tpacket_block_desc *block)
{
	return (_Atomic uint32_t *)&block->hdr.bh1.block_status;
}

static bool is_ready(const struct nwi_packet_ring *ring)
{
	/* The kernel's last store to a block: all frames are in it. */
	return atomic_load(status_of(block_at(ring))) & TP_STATUS_USER;
}

uint32_t nwi_packet_take(struct nwi_packet_ring *ring,
			 void (*take)(void *context, const unsigned char *frame, uint32_t n_bytes),
			 void *context)
{
	struct tpacket_block_desc *block = block_at(ring);
	const unsigned char *at;
	uint32_t count;

	if (!is_ready(ring))
		return 0;
	count = block->hdr.bh1.num_pkts;
	at = (const unsigned char *)block + block->hdr.bh1.offset_to_first_pkt;
	for (uint32_t i = 0; i < count; i++) {
		const struct tpacket3_hdr *header = (const void *)at;

		take(context, at + header->tp_mac, header->tp_snaplen);
		at += header->tp_next_offset;
	}
	/* All was read: the kernel may fill it again. */
	atomic_store(status_of(block), TP_STATUS_KERNEL);
	ring->next = ring->next + 1 == ring->block_count ? 0 : ring->next + 1;
	return count;
}

bool nwi_packet_wait(const struct nwi_packet_ring *ring, int other_fd, uint64_t timeout_ns)
{
	struct pollfd pollers[] = { { .fd = ring->fd, .events = POLLIN },
				    { .fd = other_fd, .events = POLLIN } };
	struct timespec timeout = { (time_t)(timeout_ns / 1000000000),
				    (long)(timeout_ns % 1000000000) };

	return is_ready(ring) || ppoll(pollers, 2, &timeout, NULL) > 0;
}

uint32_t nwi_packet_drops(const struct nwi_packet_ring *ring)
{
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t n_bytes = sizeof(stats);

	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &n_bytes) < 0)
		return 0;
	return stats.tp_drops;
}
