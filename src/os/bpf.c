/* SPDX-License-Identifier: MIT */
/*
 * eBPF (nw/bpf.h): bpf(2), which has no wrapper in the C library.
 *
 * Invariant: what a command does not use of its parameters is zero, as the kernel demands.
 */
#include <nw/bpf.h>

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attr)
{
	long rc = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return rc < 0 ? -errno : (int)rc;
}

static uint64_t address_of(const void *ptr)
{
	return (uint64_t)(uintptr_t)ptr;
}

int nw_bpf_map_open(uint32_t type, uint32_t value_bytes, uint32_t entry_count)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = value_bytes;
	attr.max_entries = entry_count;
	return bpf(BPF_MAP_CREATE, &attr);
}

int nw_bpf_map_set(int map_fd, uint32_t key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = address_of(&key);
	attr.value = address_of(value);
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int nw_bpf_program_open(const struct nw_bpf_code *code)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = code->type;
	if (code->type == BPF_PROG_TYPE_XDP)
		attr.expected_attach_type = BPF_XDP;
	attr.insns = address_of(code->lines);
	attr.insn_cnt = code->line_count;
	attr.license = address_of("MIT");
	/* Its last byte stays zero. */
	memcpy(attr.prog_name, code->name, strnlen(code->name, sizeof(attr.prog_name) - 1));
	return bpf(BPF_PROG_LOAD, &attr);
}

int nw_bpf_attach_xdp(int program_fd, int interface_idx, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)program_fd;
	attr.link_create.target_ifindex = (uint32_t)interface_idx;
	attr.link_create.attach_type = BPF_XDP;
	attr.link_create.flags = flags;
	return bpf(BPF_LINK_CREATE, &attr);
}

void nw_bpf_close(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* who still needs what it was keeps it */
}
