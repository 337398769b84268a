/* SPDX-License-Identifier: MIT */
/*
 * Datagrams: every worker has a socket of its own on the one port. The kernel deals datagrams out
 * by the slot in the frame's head (steer.c), as a hint: records of other shards' topics go to those
 * shards' rings from here, and are counted.
 *
 * A worker reads its socket by a ring of its own (uring.c), or, where the kernel has or grants
 * none, by recvmmsg() when epoll says that something is there.
 *
 * The sockets join the group in the order of the workers and leave it together, so the number that
 * the filter returns is a worker's. Invariant: a worker looks at so many datagrams a round at most,
 * however many come.
 */
#include "relay/udp.h"
#include "relay/relay.h"

#include "common/app.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ROUND_BATCHES = 4,
	RECEIVE_BYTES = 4 << 20,
};

/* ---- the group of sockets ---- */

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

static int watch(struct relay_server *server, struct relay_worker *worker)
{
	struct epoll_event event = { .events = EPOLLIN | (server->is_uring ? EPOLLET : 0),
				     .data.ptr = worker->udp };
	int fd = server->is_uring ? relay_uring_fd(worker->uring) : worker->udp->fd;

	worker->udp->is_uring = server->is_uring;
	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_worker(struct relay_server *server, struct relay_worker *worker)
{
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
	return worker->udp->fd < 0 ? worker->udp->fd : watch(server, worker);
}

/* ---- how they are read ---- */

static nw_node node_of_thread(const struct nw_topo *topo)
{
	int id = sched_getcpu();

	for (uint32_t i = 0; id >= 0 && i < nw_topo_cpu_count(topo); i++)
		if (nw_topo_cpu_at(topo, i)->cpu.id == id)
			return nw_topo_node_at(topo, nw_topo_cpu_at(topo, i)->node_idx)->node;
	return NW_NODE_ANY;
}

void relay_udp_prepare(struct relay_worker *worker)
{
	const struct relay_server *server = worker->server;

	if (server->config.io != RELAY_IO_EPOLL && *server->config.udp.text)
		worker->uring_rc = relay_uring_open(&worker->uring, node_of_thread(server->topo),
						    &worker->uring_what);
}

static void explain(struct relay_server *server, const struct relay_worker *without)
{
	char *text = server->io_reason;
	size_t n = sizeof(server->io_reason);

	if (!*server->config.udp.text)
		(void)snprintf(text, n, "epoll: there are no datagrams");
	else if (server->config.io == RELAY_IO_EPOLL)
		(void)snprintf(text, n, "epoll: recvmmsg for datagrams, as asked for");
	else if (without)
		(void)snprintf(text, n, "epoll: recvmmsg for datagrams; no io_uring: %s: %s",
			       without->uring_what, relay_uring_text(-without->uring_rc));
	else
		(void)snprintf(text, n, "uring: multishot receive for datagrams, %s",
			       server->config.io == RELAY_IO_URING ? "as asked for"
								   : "which works here");
}

/* All workers one way. False: the way that was asked for is closed; said. */
static bool choose_io(struct relay_server *server)
{
	const struct relay_worker *without = NULL;

	for (uint32_t i = 0; i < server->shard_count && !without; i++)
		without = server->workers[i]->uring ? NULL : server->workers[i];
	server->is_uring = !without;
	explain(server, without);
	if (server->config.io != RELAY_IO_URING || !without || !*server->config.udp.text)
		return true;
	(void)app_failed(RELAY_NAME, "io: no io_uring here: %s: %s; take --io auto or epoll",
			 without->uring_what, relay_uring_text(-without->uring_rc));
	return false;
}

int relay_udp_open(struct relay_server *server)
{
	int rc;

	if (!choose_io(server))
		return -EOPNOTSUPP;
	(void)snprintf(server->steer_reason, sizeof(server->steer_reason), "none");
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
	relay_steer_begin(server);
	return 0;
}

void relay_udp_leave(struct relay_worker *worker)
{
	if (worker->uring)
		relay_uring_leave(worker->uring);
}

void relay_udp_close(struct relay_server *server)
{
	relay_steer_end(server);
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

static uint32_t receive(struct relay_worker *worker, const struct relay_set *set)
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

static uint32_t receive_by_ring(struct relay_worker *worker, const struct relay_set *set)
{
	struct relay_datagram datagram;
	uint32_t count = 0;

	worker->udp->may_have = false;
	relay_uring_begin(worker->uring, worker->udp->fd);
	for (; relay_uring_next(worker->uring, &datagram); count++)
		take(worker, set, datagram.bytes, datagram.n_bytes, datagram.is_cut);
	relay_uring_end(worker->uring);
	/* It is not to sleep while there is more, or before the request is made again. */
	return count + relay_uring_has(worker->uring);
}

uint32_t relay_udp_step(struct relay_worker *worker, const struct relay_set *set)
{
	if (worker->udp->is_uring)
		return worker->udp->may_have || relay_uring_has(worker->uring)
			       ? receive_by_ring(worker, set)
			       : 0;
	return worker->udp->may_have ? receive(worker, set) : 0;
}
