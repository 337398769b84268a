/* SPDX-License-Identifier: MIT */
/*
 * How the kernel deals datagrams out to the workers' sockets: by the slot in a frame's head.
 *
 * With eBPF, by a map from slot to shard that follows slots that are moved. The program is a few
 * instructions, written down here: nothing compiles it. Where the kernel does not let us, by a
 * classic filter, the slot modulo the number of shards, which is where a slot is until it moves.
 * And without that by address. It is a hint in all cases: what comes to another shard goes round.
 *
 * Invariant: the sockets joined the group in the order of the shards, and the program chooses none
 * that is not in it.
 */
#include "relay/relay.h"
#include "relay/udp.h"

#include "common/app.h"

#include <nw/bpf.h>

#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	AT_SLOT = 6, /* in a frame's head */
	UDP_HEAD = 8,
};

/* ---- a classic filter ---- */

/* slot mod N. A datagram without a head goes to the first one. */
static int attach_filter(int fd, uint32_t shard_count)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_SLOT + 1),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 8),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_SLOT),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, shard_count),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { .len = (unsigned short)APP_COUNT_OF(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}

/* ---- an eBPF program ---- */

/* A datagram is as it was received, from its UDP head on, and may lie in pieces: so the slot is
 * copied out of it. SK_PASS without a choice means: by address. A head without a hint, 0xffff,
 * counts as slot 4095. */
static int load_program(int shards_fd, int sockets_fd)
{
	const struct bpf_insn code[] = {
		NW_BPF_MOVE(6, 1),
		NW_BPF_SET(2, UDP_HEAD + AT_SLOT),
		NW_BPF_MOVE(3, 10),
		NW_BPF_ADD(3, -4),
		NW_BPF_SET(4, 2),
		NW_BPF_CALL(BPF_FUNC_skb_load_bytes),
		NW_BPF_OP(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 16, 0), /* too short: by address */
		NW_BPF_LOAD(BPF_H, 7, 10, -4),
		NW_BPF_OP(BPF_ALU | BPF_END | BPF_TO_LE, 7, 0, 0, 16),
		NW_BPF_AND(7, NW_TOPIC_SLOT_COUNT - 1),
		NW_BPF_STORE(BPF_W, 10, -4, 7),
		NW_BPF_MAP_LOW(1, shards_fd),
		NW_BPF_MAP_HIGH,
		NW_BPF_MOVE(2, 10),
		NW_BPF_ADD(2, -4),
		NW_BPF_CALL(BPF_FUNC_map_lookup_elem),
		NW_BPF_OP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 6, 0), /* not found: by address */
		NW_BPF_MOVE(3, 0),
		NW_BPF_MOVE(1, 6),
		NW_BPF_MAP_LOW(2, sockets_fd),
		NW_BPF_MAP_HIGH,
		NW_BPF_SET(4, 0),
		NW_BPF_CALL(BPF_FUNC_sk_select_reuseport),
		NW_BPF_SET(0, SK_PASS),
		NW_BPF_EXIT,
	};
	return nw_bpf_program_open(&(struct nw_bpf_code){ .type = BPF_PROG_TYPE_SK_REUSEPORT,
							  .name = "nw_steer",
							  .lines = code,
							  .line_count = APP_COUNT_OF(code) });
}

/* Every slot where it is now. */
static int tell_all(struct relay_server *server, int shards_fd)
{
	int rc = 0;

	for (uint32_t slot = 0; slot < NW_TOPIC_SLOT_COUNT && rc == 0; slot++) {
		uint32_t shard = nw_relay_slot_at(server->relay, slot, NULL);

		server->steered[slot] = (uint16_t)shard;
		rc = nw_bpf_map_set(shards_fd, slot, &shard);
	}
	return rc;
}

static int tell_sockets(const struct relay_server *server, int sockets_fd)
{
	int rc = 0;

	for (uint32_t i = 0; i < server->shard_count && rc == 0; i++) {
		uint64_t fd = (uint64_t)server->workers[i]->udp->fd;

		rc = nw_bpf_map_set(sockets_fd, i, &fd);
	}
	return rc;
}

static int attach_program(int socket_fd, int program_fd)
{
	return setsockopt(socket_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program_fd,
			  sizeof(program_fd)) < 0
		       ? -errno
		       : 0;
}

/* Slots' map, which is followed on, or -errno with what was refused. */
static int open_program(struct relay_server *server, const char **ret_what)
{
	int shards_fd = nw_bpf_map_open(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), NW_TOPIC_SLOT_COUNT);
	int sockets_fd = -1, program_fd = -1, rc = shards_fd;

	*ret_what = "a map";
	if (rc >= 0)
		rc = sockets_fd = nw_bpf_map_open(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
						  sizeof(uint64_t), server->shard_count);
	if (rc >= 0)
		rc = tell_all(server, shards_fd);
	if (rc >= 0)
		rc = tell_sockets(server, sockets_fd);
	if (rc >= 0) {
		*ret_what = "the program";
		rc = program_fd = load_program(shards_fd, sockets_fd);
	}
	if (rc >= 0)
		rc = attach_program(server->workers[0]->udp->fd, program_fd);
	/* The socket keeps the program, and that the maps. */
	nw_bpf_close(sockets_fd);
	nw_bpf_close(program_fd);
	if (rc >= 0)
		return shards_fd;
	nw_bpf_close(shards_fd);
	return rc;
}

/* ---- the choice ---- */

void relay_steer_begin(struct relay_server *server)
{
	char *text = server->steer_reason;
	size_t n = sizeof(server->steer_reason);
	const char *what;
	int rc;

	if (server->shard_count == 1) {
		(void)snprintf(text, n, "one shard");
		return;
	}
	server->steer_fd = open_program(server, &what);
	if (server->steer_fd >= 0) {
		(void)snprintf(text, n, "by slot");
		return;
	}
	rc = attach_filter(server->workers[0]->udp->fd, server->shard_count);
	if (rc == 0)
		(void)snprintf(text, n,
			       "by slot, those that are moved by where they were: no eBPF: %s: %s",
			       what, strerror(-server->steer_fd));
	else
		(void)snprintf(text, n, "by address: the kernel takes no filter: %s",
			       strerror(-rc));
	server->steer_fd = -1;
}

void relay_steer_follow(struct relay_server *server)
{
	for (uint32_t slot = 0; slot < NW_TOPIC_SLOT_COUNT && server->steer_fd >= 0; slot++) {
		bool is_moving;
		uint32_t shard = nw_relay_slot_at(server->relay, slot, &is_moving);

		if (is_moving || shard == server->steered[slot])
			continue;
		if (nw_bpf_map_set(server->steer_fd, slot, &shard) == 0)
			server->steered[slot] = (uint16_t)shard;
		/* else: a hint that is old, until the next tick */
	}
}

void relay_steer_end(struct relay_server *server)
{
	nw_bpf_close(server->steer_fd);
	server->steer_fd = -1;
}
