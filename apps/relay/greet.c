/* SPDX-License-Identifier: MIT */
/*
 * Connections until it is known who they are.
 *
 * Invariant: whoever has not said HELLO has a kilobyte of room here, and limits.hello of time; no
 * frame of his but HELLO is looked at.
 */
#include "relay/relay.h"
#include "relay/tls.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_ROUND = 64, TLS_BYTES = 65536 /* about what OpenSSL keeps for a connection */ };

/* ---- memory ---- */

bool relay_memory_take(struct relay_server *server, uint64_t *inout_bytes, uint64_t n_bytes)
{
	if (n_bytes > server->config.limits.memory_bytes - server->memory_used)
		return false;
	server->memory_used += n_bytes;
	*inout_bytes += n_bytes;
	return true;
}

/* Room for whole frames, on the node of the worker that reads them; what came already goes with it.
 */
static bool make_room(struct relay_server *server, struct relay_conn *conn)
{
	size_t in_room = 2 * ((size_t)server->config.limits.body_bytes + RELAY_HEAD_BYTES);
	struct nw_relay_place place;
	unsigned char *old = conn->in;
	struct nw_mem mem;

	if (!relay_memory_take(server, &conn->memory_bytes,
			       in_room + RELAY_REPLY_BYTES + (conn->tls ? TLS_BYTES : 0)))
		return false;
	nw_relay_place(server->relay, conn->worker_idx, &place);
	if (nw_mem_alloc(&mem, place.node, in_room + RELAY_REPLY_BYTES, 0) < 0)
		return false;
	conn->mem = mem;
	conn->in = mem.base;
	memcpy(conn->in, old + conn->in_at, conn->in_end - conn->in_at);
	conn->in_end -= conn->in_at;
	conn->in_at = 0;
	conn->in_room = in_room;
	memcpy(conn->in + in_room, conn->reply, conn->reply_end);
	conn->reply = conn->in + in_room;
	free(old);
	return true;
}

/* ---- who it is ---- */

static void end(struct relay_server *server, struct relay_conn *conn)
{
	uint64_t n_bytes = 0;

	/* What has no room in an empty socket is not waited for. */
	(void)relay_conn_send(conn, &n_bytes);
	relay_conn_unlink(conn);
	relay_conn_finish(server, conn);
}

static void hand_over(struct relay_server *server, struct relay_conn *conn)
{
	unsigned char body[RELAY_HELLO_OK_BYTES];
	struct relay_hello_ok ok = { .protocol = RELAY_VERSION,
				     .shard_count = (uint16_t)server->shard_count,
				     .sender = conn->person.sender,
				     .body_max = (uint32_t)server->config.limits.body_bytes,
				     .rules_version = server->set_version };

	conn->worker_idx = server->next_worker++ % server->shard_count;
	if (!make_room(server, conn)) {
		relay_conn_end(conn, RELAY_REASON_LIMIT,
			       "no memory for another client: limits.memory is reached");
		end(server, conn);
		return;
	}
	relay_conn_answer(conn, RELAY_HELLO_OK, body, relay_put_hello_ok(body, &ok));
	conn->is_known = true;
	relay_conn_unlink(conn);
	/* Fails only for what is not there. */
	(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
	server->came[conn->transport]++;
	relay_mail_put(&server->workers[conn->worker_idx]->mail, conn);
}

struct relay_proof relay_conn_proof(const struct relay_conn *conn, const char *name,
				    const char *token)
{
	return (struct relay_proof){ .name = name,
				     .token = token,
				     .certificate = *conn->certificate ? conn->certificate : NULL,
				     .has_uid = conn->has_uid,
				     .uid = conn->uid,
				     .is_local = conn->is_local };
}

static bool identify(struct relay_server *server, struct relay_conn *conn,
		     const struct relay_hello *hello)
{
	struct relay_proof proof = relay_conn_proof(conn, hello->name, hello->token);
	/* Only this thread replaces the set. */
	const struct relay_set *set = nw_rcu_dereference(&server->set);
	char text[RELAY_TEXT_BYTES];

	if (hello->protocol != RELAY_VERSION) {
		relay_conn_end(conn, RELAY_REASON_PROTOCOL, "protocol %u is spoken here, not %u",
			       (unsigned)RELAY_VERSION, (unsigned)hello->protocol);
		return false;
	}
	conn->set_version = set->version;
	if (relay_identify(set, &proof, &conn->person, text)) {
		conn->drops_before = relay_sender_drops(server, conn->person.sender);
		return true;
	}
	relay_conn_end(conn, RELAY_REASON_IDENTITY, "%s", text);
	return false;
}

/* False: it has ended, or was handed over. */
static bool take_hello(struct relay_server *server, struct relay_conn *conn)
{
	struct relay_frame frame;
	struct relay_hello hello;
	int n = relay_conn_frame(conn, RELAY_HELLO_BYTES_MAX, &frame);

	if (n == 0)
		return true;
	if (n < 0)
		relay_conn_end(conn, RELAY_REASON_PROTOCOL, "%s",
			       relay_fault_text((enum relay_fault) - n));
	else if (!relay_get_hello(&frame, &hello))
		relay_conn_end(conn, RELAY_REASON_PROTOCOL, "the first frame is to be HELLO");
	else if (identify(server, conn, &hello)) {
		relay_conn_drop(conn, (size_t)n);
		hand_over(server, conn);
		return false;
	}
	end(server, conn);
	return false;
}

/* False: not yet, or it has ended. */
static bool greet_tls(struct relay_server *server, struct relay_conn *conn)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };
	char why[RELAY_TEXT_BYTES];
	bool to_write;
	int rc = relay_tls_greet(conn->tls, &to_write, why);

	if (rc == 0) {
		conn->is_tls_done = true;
		(void)relay_tls_name(conn->tls, conn->certificate, sizeof(conn->certificate));
	}
	if (to_write)
		event.events = EPOLLOUT;
	/* Fails only for what is not there. */
	(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
	if (rc == 0 || rc == -EAGAIN)
		return rc == 0;
	conn->end_reason = RELAY_REASON_PROTOCOL;
	relay_log_seldom(server, "warning", "tls_refused", "{s:o}", "reason", relay_log_text(why));
	relay_conn_unlink(conn);
	relay_conn_finish(server, conn);
	return false;
}

void relay_greet(struct relay_server *server, struct relay_conn *conn)
{
	int64_t n;

	if (conn->tls && !conn->is_tls_done && !greet_tls(server, conn))
		return;
	n = relay_conn_receive(conn);
	if (n == -EAGAIN)
		return;
	if (n <= 0)
		end(server, conn);
	else if (relay_guest_comes(conn))
		relay_guest_greet(server, conn);
	else
		(void)take_hello(server, conn);
}

void relay_greet_tick(struct relay_server *server)
{
	bool is_closing = relay_stage_of(server) >= RELAY_STAGE_CLOSE;

	for (struct relay_conn *conn = server->greeting, *next; conn; conn = next) {
		next = conn->next;
		if (is_closing)
			relay_conn_end(conn, RELAY_REASON_CLOSING, "the relay is closing");
		else if (server->now_ns > conn->since_ns + server->config.limits.hello_ns)
			relay_conn_end(conn, RELAY_REASON_SLOW, "no HELLO came");
		else
			continue;
		end(server, conn);
	}
}

/* ---- new ones ---- */

static void learn_peer(struct relay_conn *conn)
{
	struct ucred about;
	socklen_t n_bytes = sizeof(about);
	struct relay_address peer = { .name_bytes = sizeof(peer.name) };
	int on = 1;

	if (conn->transport == RELAY_BY_UNIX) {
		conn->is_local = true;
		conn->has_uid = getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &about, &n_bytes) ==
				0;
		conn->uid = conn->has_uid ? about.uid : 0;
		return;
	}
	if (getpeername(conn->fd, &peer.name.any, &peer.name_bytes) == 0)
		conn->is_local = relay_address_is_loopback(&peer);
	/* Without these answers come later, and who is gone is noticed later. */
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(conn->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static void greet_new(struct relay_server *server, int fd, enum relay_transport transport)
{
	struct relay_conn *conn = relay_conn_create(fd, transport);

	if (!conn) {
		(void)close(fd); /* the only answer there is memory for */
		return;
	}
	learn_peer(conn);
	if (transport == RELAY_BY_TCP && server->config.tls_context) {
		conn->tls = relay_tls_open(server->config.tls_context, fd, NULL);
		if (!conn->tls) {
			relay_conn_destroy(conn); /* the only answer there is memory for */
			return;
		}
	}
	server->client_count++;
	server->clients[transport]++;
	relay_conn_link(conn, &server->greeting);
	if (server->client_count > server->config.limits.client_max) {
		relay_conn_end(conn, RELAY_REASON_LIMIT,
			       "there are %u clients, and limits.clients allows no more",
			       (unsigned)server->client_count - 1);
		end(server, conn);
		return;
	}
	relay_control_watch(server, fd, conn, EPOLLIN);
}

void relay_accept(struct relay_server *server, int listen_fd, enum relay_transport transport)
{
	for (int i = 0; i < ACCEPT_ROUND; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			greet_new(server, fd, transport);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			relay_log_seldom(server, "error", "accept", "{s:s}", "reason",
					 strerror(errno));
			relay_control_listen(server, false); /* until the next tick */
		}
		return;
	}
}
