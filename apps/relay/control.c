/* SPDX-License-Identifier: MIT */
/*
 * The control thread: one loop over signals, listeners, connections that have not said who they
 * are, what workers send back, HTTP, and a tick.
 *
 * Invariant: nothing here waits for a client. What it does may take a millisecond; packets do not
 * wait for it.
 */
#include "relay/relay.h"

#include "common/app.h"
#include "relay/bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <nw/bell.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { TICK_MS = 100, DRAIN_TICK_MS = 2 };

void relay_control_watch(struct relay_server *server, int fd, void *what, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = what };

	if (fd < 0)
		return;
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		relay_log(server, "error", "epoll", "{s:s}", "reason", strerror(errno));
}

void relay_control_listen(struct relay_server *server, bool is_on)
{
	int *const fds[] = { &server->tcp_fd, &server->unix_fd };

	for (size_t i = 0; i < APP_COUNT_OF(fds); i++) {
		if (is_on)
			relay_control_watch(server, *fds[i], fds[i], EPOLLIN);
		else if (*fds[i] >= 0)
			(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, *fds[i], NULL);
	}
	server->is_deaf = !is_on;
}

/* ---- signals ---- */

static void take_signal(struct relay_server *server, int signal_number)
{
	if (signal_number == SIGHUP) {
		if (relay_stage_of(server) == RELAY_STAGE_RUN)
			relay_reload(server);
		return;
	}
	server->term_count++;
	if (server->term_count == 1)
		relay_drain_begin(server);
}

static void take_signals(struct relay_server *server)
{
	struct signalfd_siginfo about;

	while (read(server->signal_fd, &about, sizeof(about)) == (ssize_t)sizeof(about))
		take_signal(server, (int)about.ssi_signo);
}

/* ---- connections that come back ---- */

void relay_conn_finish(struct relay_server *server, struct relay_conn *conn)
{
	if (conn->end_reason != 0) {
		server->ended[conn->end_reason - RELAY_REASON_DENIED]++;
		relay_log_seldom(server, "warning", "client_ended", "{s:s, s:o}", "reason",
				 relay_reason_name(conn->end_reason), "sender",
				 relay_log_text(conn->is_known ? conn->person.name : ""));
	}
	relay_hearing_destroy(server, conn->hearing);
	nw_relay_subscriber_close(conn->subscriber);
	server->memory_used -= conn->memory_bytes;
	server->client_count--;
	server->clients[conn->transport]--;
	relay_conn_destroy(conn);
}

static void take_mail(struct relay_server *server)
{
	struct relay_conn *conn;

	(void)nw_bell_hear(server->mail.bell_fd); /* whoever rang */
	conn = relay_mail_take(&server->mail);
	while (conn) {
		struct relay_conn *next = conn->mail_next;

		if (conn->wish == RELAY_WISH_FRAME)
			relay_hear(server, conn);
		else
			relay_conn_finish(server, conn);
		conn = next;
	}
}

/* ---- the loop ---- */

static void take_event(struct relay_server *server, const struct epoll_event *event)
{
	void *what = event->data.ptr;

	if (what == &server->signal_fd)
		take_signals(server);
	else if (what == &server->tcp_fd)
		relay_accept(server, server->tcp_fd, RELAY_BY_TCP);
	else if (what == &server->unix_fd)
		relay_accept(server, server->unix_fd, RELAY_BY_UNIX);
	else if (what == &server->mail)
		take_mail(server);
	else if (what == &server->web)
		relay_http_step(server);
	else if (relay_guest_of(what))
		relay_guest_serve(server, relay_guest_of(what));
	else
		relay_greet(server, what);
}

static void tick(struct relay_server *server)
{
	if (server->now_ns - server->ticked_ns < (uint64_t)TICK_MS * 1000000)
		return;
	server->ticked_ns = server->now_ns;
	if (server->is_deaf)
		relay_control_listen(server, true);
	relay_greet_tick(server);
	relay_segment_update(server);
	relay_bridge_tick(server);
	relay_steer_follow(server);
	nw_relay_tend(server->relay);
	(void)nw_rcu_run(server->control); /* what is left waits for the next one */
	relay_http_step(server);
	relay_notify("WATCHDOG=1");
}

int relay_control_run(struct relay_server *server)
{
	struct epoll_event events[RELAY_EVENTS];
	int code = APP_OK;

	for (;;) {
		bool is_draining = relay_stage_of(server) >= RELAY_STAGE_CLOSE;
		int n = epoll_wait(server->epoll_fd, events, RELAY_EVENTS,
				   is_draining ? DRAIN_TICK_MS : TICK_MS);

		server->now_ns = relay_now_ns();
		for (int i = 0; i < n; i++)
			take_event(server, &events[i]);
		tick(server);
		if (relay_stage_of(server) >= RELAY_STAGE_CLOSE && relay_drain_step(server, &code))
			return code;
	}
}
