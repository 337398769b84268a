/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Programs for the kernel's eBPF machine that are a few instructions, written down in C: nothing
 * compiles them. Thin: bpf(2) checks a program, and says no to what it does not like.
 *
 * Numbers and macros are those of <linux/bpf.h>, which whoever uses this includes.
 *
 * A map, a program and a link to an interface are file descriptors, closed on exec; what still
 * needs one keeps it. An interface is rid of its program when the link to it is closed, hence also
 * when the process ends, however it does.
 */
#ifndef NW_BPF_H
#define NW_BPF_H

#include <nw/base.h>

#include <stdint.h>

NW_BEGIN_DECLS

struct bpf_insn; /* the kernel's */

/* r0 .. r10 are the machine's registers: r0 is what a call returns and the program's verdict, r1 to
 * r5 are a call's parameters, r6 to r9 outlive calls, r10 is the stack. */

/** An instruction: operation, registers to and from, offset, number. */
#define NW_BPF_OP(op, to, from, at, number)                                                    \
	{                                                                                      \
		.code = (op), .dst_reg = (to), .src_reg = (from), .off = (at), .imm = (number) \
	}
/** to = *(from + at); bytes: BPF_B, BPF_H, BPF_W, BPF_DW. */
#define NW_BPF_LOAD(bytes, to, from, at) NW_BPF_OP(BPF_LDX | BPF_MEM | (bytes), to, from, at, 0)
/** *(to + at) = from. */
#define NW_BPF_STORE(bytes, to, at, from) NW_BPF_OP(BPF_STX | BPF_MEM | (bytes), to, from, at, 0)
/** to = from. */
#define NW_BPF_MOVE(to, from) NW_BPF_OP(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
/** to = number. */
#define NW_BPF_SET(to, number) NW_BPF_OP(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
/** to += number. */
#define NW_BPF_ADD(to, number) NW_BPF_OP(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, number)
/** to &= number. */
#define NW_BPF_AND(to, number) NW_BPF_OP(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, number)
/** Skip `skip` instructions if the low 32 bits of reg compare so (BPF_JEQ, ...) with number. */
#define NW_BPF_IF(compare, reg, number, skip) \
	NW_BPF_OP(BPF_JMP32 | (compare) | BPF_K, reg, 0, skip, number)
/** Skip `skip` instructions if reg compares so with another. */
#define NW_BPF_IF_REG(compare, reg, with, skip) \
	NW_BPF_OP(BPF_JMP | (compare) | BPF_X, reg, with, skip, 0)
/** to = the map of a descriptor: two instructions, of which this is the first. */
#define NW_BPF_MAP_LOW(to, fd) NW_BPF_OP(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, fd)
/** The second of them. */
#define NW_BPF_MAP_HIGH NW_BPF_OP(0, 0, 0, 0, 0)
/** r0 = BPF_FUNC_...(r1, ...). */
#define NW_BPF_CALL(number) NW_BPF_OP(BPF_JMP | BPF_CALL, 0, 0, 0, number)
/** The end: r0 is the verdict. */
#define NW_BPF_EXIT NW_BPF_OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/** A program. Borrowed for the call. */
struct nw_bpf_code {
	uint32_t type;    /* enum bpf_prog_type */
	const char *name; /* letters, digits and _, 15 at most: as tools show it */
	const struct bpf_insn *lines;
	uint32_t line_count;
};

/**
 * Make a map whose keys are numbers of 32 bits.
 *
 * @param type         enum bpf_map_type: an array, or one of sockets
 * @param value_bytes  of each value
 * @param entry_count  keys below that are allowed
 * @return its descriptor
 * @return -EPERM   the system lets this process have none; -EINVAL, -ENOSYS: it knows none such
 * @return -ENOMEM, ...  as bpf(2) says
 *
 * Threads: any.
 * Owner:   the caller; release with nw_bpf_close().
 */
NW_API int nw_bpf_map_open(uint32_t type, uint32_t value_bytes, uint32_t entry_count) NW_MUST_USE;

/**
 * Set the value of a key.
 *
 * @return 0
 * @return -E2BIG, ...  as bpf(2) says
 *
 * Threads: any, at the same time too.
 */
NW_API int nw_bpf_map_set(int map_fd, uint32_t key, const void *value) NW_MUST_USE;

/**
 * Load a program.
 *
 * @return its descriptor
 * @return -EPERM, -EINVAL, -EACCES, ...  as bpf(2) says: not allowed, or not liked
 *
 * Threads: any.
 * Owner:   the caller; release with nw_bpf_close().
 */
NW_API int nw_bpf_program_open(const struct nw_bpf_code *code) NW_MUST_USE;

/**
 * Put a program on an interface, where it sees each frame that comes in before the system does.
 *
 * @param flags  XDP_FLAGS_DRV_MODE: in the driver; XDP_FLAGS_SKB_MODE: after it; 0: either
 * @return a descriptor of the link: closed, it takes the program off again
 * @return -EBUSY   the interface has one; -EOPNOTSUPP: its driver has no such mode
 * @return -EPERM, -EINVAL, ...  as bpf(2) says
 *
 * Threads: any.
 * Owner:   the caller; release with nw_bpf_close().
 */
NW_API int nw_bpf_attach_xdp(int program_fd, int interface_idx, uint32_t flags) NW_MUST_USE;

/** Close what one of these opened; a negative number is a no-op. Threads: any. */
NW_API void nw_bpf_close(int fd);

NW_END_DECLS

#endif /* NW_BPF_H */
