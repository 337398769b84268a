/* SPDX-License-Identifier: MIT */
/*
 * A worker's connections.
 *
 * Invariant: a connection that left has no event left in this worker's hands, is in none of its
 * lists, and epoll does not know it.
 */
#include "relay/relay.h"

#include "relay/drops.h"
#include "relay/tls.h"

#include <errno.h>
#include <nw/bell.h>

/* What an event is about, in the low bits of its pointer. */
enum { ABOUT_MASK = 7 };

/* ---- frames ---- */

struct relay_drops relay_sender_drops(const struct relay_server *server, uint32_t sender)
{
	uint64_t dropped[NW_RELAY_DROP_COUNT];

	nw_relay_sender_drops(server->relay, sender, dropped);
	return relay_drops_of(dropped);
}

static void answer_drops(struct relay_worker *worker, struct relay_conn *conn)
{
	struct relay_drops now = relay_sender_drops(worker->server, conn->person.sender);
	struct relay_drops since = relay_drops_since(&now, &conn->drops_before);
	unsigned char body[RELAY_DROPS_BYTES];

	relay_conn_answer(conn, RELAY_DROPS, body, relay_put_drops(body, &since));
}

/* False: nothing more is taken now; the frame stays where it is. */
static bool take_frame(struct relay_worker *worker, struct relay_conn *conn,
		       const struct relay_set *set, const struct relay_frame *frame)
{
	relay_count(&worker->tally.frames[conn->transport], 1);
	switch (frame->kind) {
	case RELAY_DATA:
		relay_take_data(worker, conn, set, frame);
		return true;
	case RELAY_PING:
		if (frame->body_bytes > RELAY_PING_BYTES_MAX)
			break;
		relay_conn_answer(conn, RELAY_PONG, frame->body, frame->body_bytes);
		return true;
	case RELAY_DROPS:
		if (frame->body_bytes > 0)
			break;
		answer_drops(worker, conn);
		return true;
	case RELAY_SUBSCRIBE:
	case RELAY_NAMES:
	case RELAY_MOVE:
		conn->wish = RELAY_WISH_FRAME; /* the control thread looks at it */
		return false;
	default:
		break;
	}
	relay_conn_end(conn, RELAY_REASON_PROTOCOL, "a frame that has no place here: %s",
		       relay_kind_name(frame->kind));
	return false;
}

/* Whole frames of what came, as long as answers have room; how many. */
static uint32_t take_frames(struct relay_worker *worker, struct relay_conn *conn,
			    const struct relay_set *set)
{
	uint32_t count = 0;

	while (!conn->is_ended && relay_conn_may_answer(conn)) {
		struct relay_frame frame;
		int n = relay_conn_frame(conn, worker->server->config.limits.body_bytes, &frame);

		if (n == 0)
			break;
		count++;
		if (n < 0) {
			relay_count(&worker->tally.bad[-n], 1);
			relay_conn_end(conn, RELAY_REASON_PROTOCOL, "%s",
				       relay_fault_text((enum relay_fault) - n));
			break;
		}
		if (!take_frame(worker, conn, set, &frame))
			break;
		relay_conn_drop(conn, (size_t)n);
	}
	return count;
}

static uint32_t receive(struct relay_worker *worker, struct relay_conn *conn)
{
	int64_t n;

	if (conn->is_eof || conn->is_ended || !relay_conn_may_answer(conn))
		return 0;
	n = relay_conn_receive(conn);
	if (n > 0)
		relay_count(&worker->tally.bytes_in[conn->transport], (uint64_t)n);
	else if (n != -EAGAIN)
		conn->is_eof = true;
	return n > 0;
}

/* ---- epoll ---- */

void relay_stream_watch(struct relay_worker *worker, struct relay_conn *conn)
{
	struct epoll_event event = { .data.ptr = conn };
	bool takes = !conn->is_eof && !conn->is_ended && relay_conn_may_answer(conn);
	bool waits = relay_conn_has_output(conn);

	event.events = (takes ? (uint32_t)EPOLLIN : 0) | (waits ? (uint32_t)EPOLLOUT : 0);
	if (event.events == conn->events)
		return;
	/* Fails only for want of memory, and then the next look tries again. */
	if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_MOD, conn->fd, &event) == 0)
		conn->events = event.events;
}

static void watch_bell(struct relay_worker *worker, struct relay_conn *conn)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (!conn->subscriber || conn->is_bell_heard)
		return;
	event.data.ptr = (char *)conn + 1;
	conn->is_bell_heard = epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD,
					nw_relay_subscriber_fd(conn->subscriber), &event) == 0;
}

bool relay_stream_adopt(struct relay_worker *worker, struct relay_conn *conn)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

	relay_conn_link(conn, &worker->conns);
	worker->conn_count++;
	conn->wish = RELAY_WISH_NOTHING;
	conn->since_ns = worker->polled_ns;
	conn->is_told = false;
	conn->events = EPOLLIN;
	if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) < 0) {
		conn->events = 0;
		relay_stream_leave(worker, conn, RELAY_WISH_END);
		return false;
	}
	watch_bell(worker, conn);
	relay_activate(worker, conn);
	return true;
}

/* No event that epoll has told already is to be looked at. */
static void forget_events(struct relay_worker *worker, const struct relay_conn *conn)
{
	for (int i = worker->event_idx; i < worker->event_count; i++) {
		uintptr_t about = (uintptr_t)worker->events[i].data.ptr & ~(uintptr_t)ABOUT_MASK;

		if (about == (uintptr_t)conn)
			worker->events[i].data.ptr = NULL;
	}
}

void relay_stream_leave(struct relay_worker *worker, struct relay_conn *conn, enum relay_wish wish)
{
	relay_deactivate(conn);
	relay_conn_unlink(conn);
	worker->conn_count--;
	/* These fail only for what is not there. */
	if (conn->is_bell_heard)
		(void)epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL,
				nw_relay_subscriber_fd(conn->subscriber), NULL);
	if (conn->events != 0)
		(void)epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
	conn->is_bell_heard = false;
	conn->events = 0;
	conn->wish = wish;
	forget_events(worker, conn);
	relay_mail_put(&worker->server->mail, conn);
}

/* ---- a step ---- */

/* Whether it is over: what was to be said is said, and nothing more comes. */
static bool is_over(const struct relay_worker *worker, const struct relay_conn *conn)
{
	if (relay_conn_has_output(conn))
		return false;
	return conn->is_ended || conn->is_eof ||
	       (worker->stage >= RELAY_STAGE_FLUSH && !conn->is_active);
}

uint32_t relay_stream_step(struct relay_worker *worker, struct relay_conn *conn,
			   const struct relay_set *set, uint32_t events)
{
	uint32_t work = 0, taken;

	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 || relay_tls_has_more(conn->tls))
		work += receive(worker, conn);
	if ((events & EPOLLOUT) != 0)
		relay_activate(worker, conn);
	do {
		taken = take_frames(worker, conn, set);
		work += taken + relay_deliver(worker, conn);
		/* No socket tells of what TLS has taken in already. */
		if (relay_tls_has_more(conn->tls) && conn->wish == RELAY_WISH_NOTHING)
			taken += receive(worker, conn);
	} while (taken > 0 && conn->wish == RELAY_WISH_NOTHING && !conn->is_ended);
	if (conn->wish != RELAY_WISH_NOTHING)
		relay_stream_leave(worker, conn, conn->wish);
	else if (is_over(worker, conn))
		relay_stream_leave(worker, conn, RELAY_WISH_END);
	else
		relay_stream_watch(worker, conn);
	return work;
}
