/* SPDX-License-Identifier: MIT */
/*
 * Datagrams: every worker has a socket of its own on the one port. The kernel deals datagrams out
 * by the slot in the frame's head, as a hint: records of other shards' topics are handed over by
 * the engine.
 *
 * The sockets join the group in the order of the workers and leave it together, so the number that
 * the filter returns is a worker's. Invariant: a worker looks at so many datagrams a round at most,
 * however many come.
 */
#include "relay/udp.h"
#include "relay/relay.h"

#include "common/app.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_SLOT = 6, /* in a frame's head */
	ROUND_BATCHES = 4,
	RECEIVE_BYTES = 4 << 20,
};

/* ---- the group of sockets ---- */

/* slot mod N, which is the worker of the slot until slots move. A datagram without a head goes to
 * the first one. */
static int steer(int fd, uint32_t shard_count)
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

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

static int open_socket(struct relay_address *address)
{
	int on = 1, bytes = RECEIVE_BYTES, error;
	int fd = socket(address->name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* A smaller buffer does too. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
	    bind(fd, &address->name.any, address->name_bytes) == 0) {
		relay_address_of(fd, address); /* the others take the same port */
		return fd;
	}
	error = errno;
	(void)close(fd); /* nothing came in */
	return -error;
}

/* SO_REUSEPORT would let two relays of one user share a port, each getting a part. */
static int check_alone(const struct relay_address *address)
{
	int fd = socket(address->name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, &address->name.any, address->name_bytes) < 0)
		rc = -errno;
	(void)close(fd); /* nothing came in */
	return rc;
}

static void aim(struct relay_udp *udp)
{
	for (unsigned i = 0; i < RELAY_UDP_BATCH; i++) {
		udp->pieces[i] = (struct iovec){ udp->bytes + (size_t)i * RELAY_UDP_BYTES,
						 RELAY_UDP_BYTES };
		udp->messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &udp->pieces[i],
								  .msg_iovlen = 1 } };
	}
}

static int open_worker(struct relay_server *server, struct relay_worker *worker)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct nw_relay_place place;
	struct nw_mem mem;
	int rc;

	nw_relay_place(server->relay, worker->idx, &place);
	rc = nw_mem_alloc(&mem, place.node,
			  sizeof(struct relay_udp) + (size_t)RELAY_UDP_BATCH * RELAY_UDP_BYTES, 0);
	if (rc < 0)
		return rc;
	worker->udp = mem.base;
	worker->udp->mem = mem;
	worker->udp->bytes = (unsigned char *)(worker->udp + 1);
	aim(worker->udp);
	worker->udp->fd = open_socket(&server->udp);
	if (worker->udp->fd < 0)
		return worker->udp->fd;
	event.data.ptr = worker->udp;
	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->udp->fd, &event) < 0 ? -errno : 0;
}

int relay_udp_open(struct relay_server *server)
{
	int rc;

	if (!*server->config.udp.text)
		return 0;
	server->udp = server->config.udp;
	rc = check_alone(&server->udp);
	for (uint32_t i = 0; rc == 0 && i < server->shard_count; i++)
		rc = open_worker(server, server->workers[i]);
	if (rc < 0) {
		(void)app_failed(RELAY_NAME, "udp %s: %s", server->config.udp.text, strerror(-rc));
		return rc;
	}
	/* Without it the kernel deals out by address: more is handed over, nothing is lost. */
	if (server->shard_count > 1 && steer(server->workers[0]->udp->fd, server->shard_count) < 0)
		app_note(RELAY_NAME, "datagrams are not dealt out by slot: %s", strerror(errno));
	return 0;
}

void relay_udp_close(struct relay_server *server)
{
	for (uint32_t i = 0; i < server->shard_count; i++) {
		struct relay_udp *udp = server->workers[i]->udp;
		struct nw_mem mem;

		if (!udp)
			continue;
		server->workers[i]->udp = NULL;
		mem = udp->mem; /* the block holds its description */
		if (udp->fd >= 0)
			(void)close(udp->fd); /* nothing more is read */
		nw_mem_free(&mem);
	}
}

/* ---- a worker's ---- */

static void take(struct relay_worker *worker, const struct relay_set *set,
		 const unsigned char *bytes, size_t n_bytes, bool is_cut)
{
	struct relay_frame frame;
	size_t wanted;
	int n = relay_frame_take(bytes, n_bytes, RELAY_DATAGRAM_BODY_MAX, &frame, &wanted);

	relay_count(&worker->tally.frames[RELAY_BY_UDP], 1);
	relay_count(&worker->tally.bytes_in[RELAY_BY_UDP], n_bytes);
	/* One frame a datagram, all of it, nothing behind it. */
	if (n > 0 && ((size_t)n != n_bytes || is_cut))
		n = -RELAY_BAD_SIZE;
	if (n > 0 && frame.kind != RELAY_DATA)
		n = -RELAY_BAD_KIND;
	if (n <= 0)
		relay_count(&worker->tally.bad[n < 0 ? -n : RELAY_BAD_SIZE], 1);
	else
		relay_take_datagram(worker, set, &frame);
}

uint32_t relay_udp_step(struct relay_worker *worker, const struct relay_set *set)
{
	struct relay_udp *udp = worker->udp;
	uint32_t count = 0;

	for (int round = 0; round < ROUND_BATCHES; round++) {
		int n = recvmmsg(udp->fd, udp->messages, RELAY_UDP_BATCH, MSG_DONTWAIT, NULL);

		for (int i = 0; i < n; i++)
			take(worker, set, udp->pieces[i].iov_base, udp->messages[i].msg_len,
			     (udp->messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0);
		if (n > 0)
			count += (uint32_t)n;
		if (n < RELAY_UDP_BATCH) {
			udp->may_have = false;
			break;
		}
	}
	return count;
}
