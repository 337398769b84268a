/* SPDX-License-Identifier: MIT */
/*
 * The program that leads answers to AF_XDP sockets, written down as instructions.
 *
 * Registers: r6 the context, r7 the frame, r8 its end, r9 the TCP header. Invariant: no byte is
 * read that was not shown to lie before r8; every way that does not end at LEAD ends at PASS.
 */
#include "os/xdpsteer.h"

#include <nw/bpf.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <string.h>

enum {
	LINES_MAX = 64,
	ETHERNET = 14,
	IPV4 = 20, /* without options */
	IPV6 = 40,
	TCP = 20,
	PROTO_TCP = 6,
	SYN = 0x02,
	RST = 0x04,
	ACK = 0x10
};

/* Where a jump goes, put right when the program is whole. */
enum label { TO_IPV6 = 1, TO_PORT, TO_LEAD, TO_PASS, LABEL_COUNT };

struct program {
	struct bpf_insn lines[LINES_MAX];
	uint32_t count;
	uint32_t at[LABEL_COUNT];
};

static void put(struct program *program, struct bpf_insn line)
{
	assert(program->count < LINES_MAX);
	program->lines[program->count++] = line;
}

#define PUT(...) put(program, (struct bpf_insn)__VA_ARGS__)

static void stands_here(struct program *program, enum label label)
{
	program->at[label] = program->count;
}

/* A jump's offset holds its label until now. */
static void resolve(struct program *program)
{
	for (uint32_t i = 0; i < program->count; i++) {
		struct bpf_insn *line = &program->lines[i];
		uint8_t class = BPF_CLASS(line->code);

		if ((class == BPF_JMP || class == BPF_JMP32) && line->off != 0)
			line->off = (int16_t)(program->at[line->off] - i - 1);
	}
}

/* Four bytes as a load has them. */
static int32_t word_at(const unsigned char *bytes)
{
	int32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Two bytes of a frame, as a load has them. */
static int32_t half(unsigned first, unsigned second)
{
	const unsigned char bytes[] = { (unsigned char)first, (unsigned char)second };
	uint16_t half;

	memcpy(&half, bytes, sizeof(half));
	return half;
}

/* r9 = behind the IP header, if so many bytes and a TCP header are there. */
static void measure(struct program *program, int32_t n_bytes)
{
	PUT(NW_BPF_MOVE(9, 7));
	PUT(NW_BPF_ADD(9, ETHERNET + n_bytes));
	PUT(NW_BPF_MOVE(2, 7));
	PUT(NW_BPF_ADD(2, ETHERNET + n_bytes + TCP));
	PUT(NW_BPF_IF_REG(BPF_JGT, 2, 8, TO_PASS));
}

static void compare_address(struct program *program, const unsigned char *address, int16_t at,
			    int16_t n_bytes)
{
	for (int16_t i = 0; i < n_bytes; i = (int16_t)(i + 4)) {
		PUT(NW_BPF_LOAD(BPF_W, 2, 7, (int16_t)(at + i)));
		PUT(NW_BPF_IF(BPF_JNE, 2, word_at(address + i), TO_PASS));
	}
}

/* Of an offset among fragments, which only the first has a TCP header, nothing but 0. */
static void look_at_ipv4(struct program *program, const unsigned char *address)
{
	PUT(NW_BPF_LOAD(BPF_B, 2, 7, ETHERNET));
	PUT(NW_BPF_IF(BPF_JNE, 2, 0x45, TO_PASS));
	PUT(NW_BPF_LOAD(BPF_H, 2, 7, ETHERNET + 6));
	PUT(NW_BPF_AND(2, half(0x1f, 0xff)));
	PUT(NW_BPF_IF(BPF_JNE, 2, 0, TO_PASS));
	PUT(NW_BPF_LOAD(BPF_B, 2, 7, ETHERNET + 9));
	PUT(NW_BPF_IF(BPF_JNE, 2, PROTO_TCP, TO_PASS));
	compare_address(program, address, ETHERNET + 16, 4);
}

static void look_at_ipv6(struct program *program, const unsigned char *address)
{
	measure(program, IPV6);
	PUT(NW_BPF_LOAD(BPF_B, 2, 7, ETHERNET + 6));
	PUT(NW_BPF_IF(BPF_JNE, 2, PROTO_TCP, TO_PASS));
	compare_address(program, address, ETHERNET + 24, 16);
}

static void look_at_tcp(struct program *program, const struct nwi_xdp_wanted *wanted)
{
	PUT(NW_BPF_LOAD(BPF_H, 2, 9, 2));
	PUT(NW_BPF_OP(BPF_ALU | BPF_END | BPF_TO_BE, 2, 0, 0, 16));
	PUT(NW_BPF_IF(BPF_JLT, 2, wanted->port_first, TO_PASS));
	PUT(NW_BPF_IF(BPF_JGT, 2, wanted->port_last, TO_PASS));
	PUT(NW_BPF_LOAD(BPF_B, 2, 9, 13));
	PUT(NW_BPF_MOVE(3, 2));
	PUT(NW_BPF_AND(3, ACK));
	PUT(NW_BPF_IF(BPF_JEQ, 3, 0, TO_PASS));
	PUT(NW_BPF_IF(BPF_JSET, 2, SYN | RST, TO_LEAD));
	PUT(NW_BPF_OP(BPF_JMP | BPF_JA, 0, 0, TO_PASS, 0));
}

static void end(struct program *program, int sockets_fd)
{
	stands_here(program, TO_LEAD);
	PUT(NW_BPF_LOAD(BPF_W, 2, 6, offsetof(struct xdp_md, rx_queue_index)));
	PUT(NW_BPF_MAP_LOW(1, sockets_fd));
	PUT(NW_BPF_MAP_HIGH);
	PUT(NW_BPF_SET(3, XDP_PASS)); /* where the queue has no socket */
	PUT(NW_BPF_CALL(BPF_FUNC_redirect_map));
	PUT(NW_BPF_EXIT);
	stands_here(program, TO_PASS);
	PUT(NW_BPF_SET(0, XDP_PASS));
	PUT(NW_BPF_EXIT);
}

static void write_program(struct program *program, const struct nwi_xdp_wanted *wanted,
			  int sockets_fd)
{
	PUT(NW_BPF_MOVE(6, 1));
	PUT(NW_BPF_LOAD(BPF_W, 7, 6, offsetof(struct xdp_md, data)));
	PUT(NW_BPF_LOAD(BPF_W, 8, 6, offsetof(struct xdp_md, data_end)));
	measure(program, IPV4);
	PUT(NW_BPF_LOAD(BPF_H, 2, 7, ETHERNET - 2));
	PUT(NW_BPF_IF(BPF_JEQ, 2, half(0x86, 0xdd), wanted->ipv6 ? TO_IPV6 : TO_PASS));
	PUT(NW_BPF_IF(BPF_JNE, 2, half(0x08, 0x00), TO_PASS));
	if (wanted->ipv4)
		look_at_ipv4(program, wanted->ipv4);
	PUT(NW_BPF_OP(BPF_JMP | BPF_JA, 0, 0, wanted->ipv4 ? TO_PORT : TO_PASS, 0));
	stands_here(program, TO_IPV6);
	if (wanted->ipv6)
		look_at_ipv6(program, wanted->ipv6);
	stands_here(program, TO_PORT);
	look_at_tcp(program, wanted);
	end(program, sockets_fd);
	resolve(program);
}

static int load(const struct nwi_xdp_wanted *wanted, int sockets_fd)
{
	struct program program = { .count = 0 };

	write_program(&program, wanted, sockets_fd);
	return nw_bpf_program_open(&(struct nw_bpf_code){ .type = BPF_PROG_TYPE_XDP,
							  .name = "nw_scan",
							  .lines = program.lines,
							  .line_count = program.count });
}

/* In the driver, else after it. */
static int attach(struct nwi_xdp_steer *steer, int program_fd, int interface_idx)
{
	int rc = nw_bpf_attach_xdp(program_fd, interface_idx, XDP_FLAGS_DRV_MODE);

	steer->is_native = rc >= 0;
	steer->native_rc = rc < 0 ? rc : 0;
	/* Where a program of somebody else's is, none can be added. */
	return rc >= 0 || rc == -EBUSY
		       ? rc
		       : nw_bpf_attach_xdp(program_fd, interface_idx, XDP_FLAGS_SKB_MODE);
}

int nwi_xdp_steer_open(int interface_idx, const struct nwi_xdp_wanted *wanted,
		       struct nwi_xdp_steer *ret_steer, const char **ret_what)
{
	struct nwi_xdp_steer steer = { .link_fd = -1 };
	int program_fd = -1, rc;

	*ret_what = "a map for sockets";
	rc = steer.sockets_fd = nw_bpf_map_open(BPF_MAP_TYPE_XSKMAP, sizeof(int),
						NWI_XDP_STEER_QUEUES);
	if (rc >= 0) {
		*ret_what = "a program";
		rc = program_fd = load(wanted, steer.sockets_fd);
	}
	if (rc >= 0) {
		*ret_what = "a program on the interface";
		rc = steer.link_fd = attach(&steer, program_fd, interface_idx);
	}
	nw_bpf_close(program_fd); /* the link holds it */
	if (rc < 0) {
		nwi_xdp_steer_close(&steer);
		return rc;
	}
	*ret_steer = steer;
	return 0;
}

int nwi_xdp_steer_share(const struct nwi_xdp_steer *steer, struct nwi_xdp_steer *ret_steer)
{
	int fd = fcntl(steer->sockets_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	*ret_steer = *steer;
	ret_steer->sockets_fd = fd;
	ret_steer->link_fd = -1;
	return 0;
}

int nwi_xdp_steer_add(const struct nwi_xdp_steer *steer, uint32_t queue, int socket_fd)
{
	return nw_bpf_map_set(steer->sockets_fd, queue, &socket_fd);
}

void nwi_xdp_steer_close(struct nwi_xdp_steer *steer)
{
	nw_bpf_close(steer->link_fd);
	nw_bpf_close(steer->sockets_fd);
	steer->link_fd = steer->sockets_fd = -1;
}
