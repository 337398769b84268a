/* SPDX-License-Identifier: MIT */
/*
 * A connection's bytes: what came, what goes.
 *
 * Answers go out in the order of their frames, and between two frames of packets, never inside one.
 * Invariant: at most one frame of packets and RELAY_REPLY_BYTES of answers wait; whoever does not
 * read is not read from.
 */
#include "relay/relay.h"
#include "relay/tls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct relay_conn *relay_conn_create(int fd, enum relay_transport transport)
{
	struct relay_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	/* One block, until it is known whose bytes these are. */
	conn->in = malloc(RELAY_GREETING_BYTES + RELAY_REPLY_BYTES);
	if (!conn->in) {
		free(conn);
		return NULL;
	}
	conn->in_room = RELAY_GREETING_BYTES;
	conn->reply = conn->in + RELAY_GREETING_BYTES;
	conn->fd = fd;
	conn->transport = transport;
	conn->since_ns = relay_now_ns();
	return conn;
}

void relay_conn_destroy(struct relay_conn *conn)
{
	if (conn->mem.base)
		nw_mem_free(&conn->mem);
	else
		free(conn->in);
	if (conn->deliver_mem.base)
		nw_mem_free(&conn->deliver_mem);
	relay_tls_close(conn->tls);
	if (conn->fd >= 0)
		(void)close(
			conn->fd); /* it was read and written; nothing is to be learnt any more */
	free(conn);
}

void relay_conn_link(struct relay_conn *conn, struct relay_conn **list)
{
	conn->next = *list;
	conn->link = list;
	if (conn->next)
		conn->next->link = &conn->next;
	*list = conn;
}

void relay_conn_unlink(struct relay_conn *conn)
{
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
}

/* ---- in ---- */

/* What is left of the bytes goes to the front, where a whole frame has room. */
static void make_room(struct relay_conn *conn)
{
	if (conn->in_at == 0 || (conn->in_end < conn->in_room && conn->in_at < conn->in_room / 2))
		return;
	memmove(conn->in, conn->in + conn->in_at, conn->in_end - conn->in_at);
	conn->in_end -= conn->in_at;
	conn->in_at = 0;
}

int64_t relay_conn_receive(struct relay_conn *conn)
{
	ssize_t n;

	make_room(conn);
	if (conn->tls) {
		int64_t got = relay_tls_read(conn->tls, conn->in + conn->in_end,
					     conn->in_room - conn->in_end);

		conn->in_end += got > 0 ? (size_t)got : 0;
		return got;
	}
	do
		n = recv(conn->fd, conn->in + conn->in_end, conn->in_room - conn->in_end,
			 MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	conn->in_end += (size_t)n;
	return n;
}

int relay_conn_frame(struct relay_conn *conn, size_t body_max, struct relay_frame *ret_frame)
{
	size_t wanted;

	return relay_frame_take(conn->in + conn->in_at, conn->in_end - conn->in_at, body_max,
				ret_frame, &wanted);
}

void relay_conn_drop(struct relay_conn *conn, size_t n_bytes)
{
	conn->in_at += n_bytes;
	if (conn->in_at == conn->in_end)
		conn->in_at = conn->in_end = 0;
}

/* ---- out ---- */

bool relay_conn_has_output(const struct relay_conn *conn)
{
	return conn->reply_at < conn->reply_end || conn->deliver_at < conn->deliver_end;
}

/* What goes next, in one or two pieces; the frame of packets first if part of it has gone. */
static int pieces_of(struct relay_conn *conn, struct iovec *pieces)
{
	struct iovec reply = { conn->reply + conn->reply_at, conn->reply_end - conn->reply_at };
	struct iovec deliver = { conn->deliver ? conn->deliver + conn->deliver_at : NULL,
				 conn->deliver_end - conn->deliver_at };
	bool is_begun = conn->deliver_at > RELAY_DELIVER_AT || conn->is_deliver_tried;
	int count = 0;

	if (is_begun && deliver.iov_len > 0)
		pieces[count++] = deliver;
	if (reply.iov_len > 0)
		pieces[count++] = reply;
	if (!is_begun && deliver.iov_len > 0)
		pieces[count++] = deliver;
	return count;
}

/* TLS takes one piece, and what it did not take at once it has to see again. */
static ssize_t write_tls(struct relay_conn *conn, const struct iovec *piece)
{
	int64_t n = relay_tls_write(conn->tls, piece->iov_base, piece->iov_len);
	bool is_deliver = conn->deliver && piece->iov_base == conn->deliver + conn->deliver_at;

	conn->is_deliver_tried = is_deliver && n == -EAGAIN;
	return (ssize_t)n;
}

static ssize_t send_pieces(struct relay_conn *conn, struct iovec *pieces, int count)
{
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = (size_t)count };
	ssize_t n;

	do
		n = sendmsg(conn->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	return n;
}

/* Moves past what has gone. */
static void advance(struct relay_conn *conn, const struct iovec *pieces, int count, size_t n)
{
	for (int i = 0; i < count && n > 0; i++) {
		size_t part = n < pieces[i].iov_len ? n : pieces[i].iov_len;
		bool is_reply = pieces[i].iov_base == conn->reply + conn->reply_at;

		if (is_reply)
			conn->reply_at += part;
		else
			conn->deliver_at += part;
		n -= part;
	}
	if (conn->reply_at == conn->reply_end)
		conn->reply_at = conn->reply_end = 0;
	if (conn->deliver_at == conn->deliver_end)
		conn->deliver_at = conn->deliver_end = 0;
}

int relay_conn_send(struct relay_conn *conn, uint64_t *inout_bytes)
{
	struct iovec pieces[2];
	int count;

	while ((count = pieces_of(conn, pieces)) > 0) {
		ssize_t n = conn->tls ? write_tls(conn, &pieces[0])
				      : send_pieces(conn, pieces, count);

		if (n < 0)
			return (int)n;
		advance(conn, pieces, count, (size_t)n);
		*inout_bytes += (uint64_t)n;
	}
	return 0;
}

/* ---- answers ---- */

bool relay_conn_may_answer(const struct relay_conn *conn)
{
	return RELAY_REPLY_BYTES - (conn->reply_end - conn->reply_at) >= RELAY_REPLY_RESERVE;
}

void relay_conn_answer(struct relay_conn *conn, enum relay_kind kind, const unsigned char *body,
		       size_t n_bytes)
{
	unsigned char *head;

	if (RELAY_REPLY_BYTES - conn->reply_end < RELAY_HEAD_BYTES + n_bytes) {
		memmove(conn->reply, conn->reply + conn->reply_at,
			conn->reply_end - conn->reply_at);
		conn->reply_end -= conn->reply_at;
		conn->reply_at = 0;
	}
	if (RELAY_REPLY_BYTES - conn->reply_end < RELAY_HEAD_BYTES + n_bytes)
		return; /* cannot be: nothing is taken without the reserve */
	head = conn->reply + conn->reply_end;
	if (n_bytes > 0)
		memcpy(head + RELAY_HEAD_BYTES, body, n_bytes);
	conn->reply_end += relay_frame_seal(head, kind, RELAY_SLOT_NONE, head + RELAY_HEAD_BYTES,
					    n_bytes);
}

void relay_conn_ack(struct relay_conn *conn, uint32_t accepted)
{
	unsigned char body[RELAY_ACK_BYTES];

	relay_conn_answer(conn, RELAY_ACK, body,
			  relay_put_ack(body, &(struct relay_ack){ accepted }));
}

void relay_conn_refuse(struct relay_conn *conn, const struct relay_refused *refused)
{
	unsigned char body[RELAY_REFUSED_BYTES_MAX];

	relay_conn_answer(conn, RELAY_REFUSED, body, relay_put_refused(body, refused));
}

void relay_conn_end(struct relay_conn *conn, enum relay_reason reason, const char *format, ...)
{
	struct relay_refused refused = { .reason = (uint16_t)reason };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(refused.text, sizeof(refused.text), format, args);
	va_end(args);
	relay_conn_refuse(conn, &refused);
	conn->end_reason = (uint16_t)reason;
	conn->is_ended = true;
	conn->in_at = conn->in_end = 0;
}
