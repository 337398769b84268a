/* SPDX-License-Identifier: MIT */
/*
 * Clients by lanes: other processes of this machine that share memory with the shards. Who they are
 * is found out here, over the Unix socket; their packets never come by here.
 *
 * Invariant: a guest's sender and rights are those of the person that it proved to be; when rules
 * say otherwise it is seen off.
 */
#include "relay/relay.h"

#include <errno.h>
#include <nw/lane.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUEST_MARK = 1, MAGIC_BYTES = 4, LANE_SLOTS_MAX = 65536, LANE_SLOTS = 1024 };

void *relay_guest_mark(struct relay_guest *guest)
{
	return (char *)guest + GUEST_MARK;
}

struct relay_guest *relay_guest_of(void *what)
{
	if (((uintptr_t)what & GUEST_MARK) == 0)
		return NULL;
	return (struct relay_guest *)(void *)((char *)what - GUEST_MARK);
}

/* ---- coming ---- */

bool relay_guest_comes(const struct relay_conn *conn)
{
	size_t n = conn->in_end - conn->in_at;

	/* Frames begin with the same two letters. */
	return conn->transport == RELAY_BY_UNIX && n > 2 &&
	       memcmp(conn->in + conn->in_at, NW_RELAY_HELLO_MAGIC,
		      n < MAGIC_BYTES ? n : MAGIC_BYTES) == 0;
}

/* Only this thread replaces the set. */
static bool tune(struct relay_guest *guest)
{
	return relay_ear_tune(&guest->ear, nw_rcu_dereference(&guest->server->set),
			      guest->person.name) == 0;
}

static bool may_hear_all(void *ctx)
{
	struct relay_guest *guest = ctx;

	return tune(guest) && guest->ear.is_all;
}

static bool may_hear(void *ctx, uint32_t topic)
{
	struct relay_guest *guest = ctx;

	return tune(guest) && relay_ear_takes(&guest->ear, topic);
}

/* Names by prefix: they are remembered, and those that come later are heard too. */
static size_t find_names(void *ctx, const char *prefix, size_t n_bytes, bool is_on,
			 uint32_t *ret_topics, size_t max)
{
	struct relay_guest *guest = ctx;
	char text[RELAY_TOPIC_NAME_MAX + 1];
	uint32_t *topics = NULL, count = 0;

	if (n_bytes == 0 || n_bytes > RELAY_TOPIC_NAME_MAX || memchr(prefix, 0, n_bytes) ||
	    relay_hearing_create(guest->server, &guest->hearing) < 0)
		return 0;
	guest->hearing->guest = guest->guest;
	memcpy(text, prefix, n_bytes);
	text[n_bytes] = '\0';
	if (is_on && !relay_ear_takes_prefix(nw_rcu_dereference(&guest->server->set),
					     guest->person.name, text))
		return SIZE_MAX;
	if (relay_hear_prefix(guest->server, guest->hearing, text, !is_on, &topics, &count) < 0)
		return 0;
	for (uint32_t i = 0; i < count && i < max; i++)
		ret_topics[i] = topics[i];
	free(topics);
	return count;
}

static uint32_t slots_max(const struct relay_server *server)
{
	uint64_t slots = server->config.limits.queue_slots;

	return slots < LANE_SLOTS_MAX ? (uint32_t)slots : LANE_SLOTS_MAX;
}

static size_t lane_bytes(const struct relay_server *server, uint32_t asked)
{
	uint32_t slots = asked > 0 ? asked : LANE_SLOTS;

	return nw_lane_bytes(slots < slots_max(server) ? slots : slots_max(server));
}

static void enlist(struct relay_server *server, struct relay_guest *guest)
{
	guest->next = server->guests;
	guest->link = &server->guests;
	if (guest->next)
		guest->next->link = &guest->next;
	server->guests = guest;
}

/* The connection is no more; its stream is the guest's. */
static void take_over(struct relay_server *server, struct relay_conn *conn,
		      struct relay_guest *guest)
{
	int fd = conn->fd;

	/* Fails only for what is not there. */
	(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	relay_conn_unlink(conn);
	server->clients[RELAY_BY_UNIX]--;
	server->clients[RELAY_BY_LANE]++;
	server->came[RELAY_BY_LANE]++;
	conn->fd = -1;
	relay_conn_destroy(conn);
	enlist(server, guest);
	relay_control_watch(server, fd, relay_guest_mark(guest), EPOLLIN);
}

/* 0, or a negative errno and why. */
static int admit(struct relay_server *server, struct relay_conn *conn,
		 const struct nw_relay_hello *hello, struct relay_guest *guest, char *ret_text)
{
	struct nw_relay_guest_options options = {
		.sender = conn->person.sender,
		.rights = conn->person.is_system ? NW_RELAY_MAY_SYSTEM : 0,
		.priority_top = conn->person.priority_top,
		.slots_max = slots_max(server),
		.names = { .ctx = guest,
			   .may_hear_all = may_hear_all,
			   .may_hear = may_hear,
			   .find = find_names },
	};
	struct nw_diag diag = { "" };
	uint64_t n_bytes = server->shard_count * (lane_bytes(server, hello->submit_slots) +
						  lane_bytes(server, hello->receive_slots));
	int rc;

	guest->server = server;
	guest->person = conn->person;
	if (!relay_memory_take(server, &guest->memory_bytes, n_bytes)) {
		(void)snprintf(ret_text, RELAY_TEXT_BYTES,
			       "no memory for another client: limits.memory is reached");
		return -EDQUOT;
	}
	rc = nw_relay_guest_admit(&guest->guest, server->relay, conn->fd, hello, &options, &diag);
	if (rc == 0)
		return 0;
	server->memory_used -= guest->memory_bytes;
	(void)snprintf(ret_text, RELAY_TEXT_BYTES, "%.*s", RELAY_TEXT_BYTES - 1, diag.text);
	return rc;
}

static void refuse(struct relay_server *server, struct relay_conn *conn, int rc,
		   enum relay_reason reason, const char *text)
{
	/* Who is gone need not be told. */
	(void)nw_relay_guest_refuse(conn->fd, rc, text);
	conn->end_reason = (uint16_t)reason;
	relay_conn_unlink(conn);
	relay_conn_finish(server, conn);
}

static void take_hello(struct relay_server *server, struct relay_conn *conn,
		       const struct nw_relay_hello *hello)
{
	struct relay_proof proof = relay_conn_proof(conn, hello->name, hello->token);
	struct relay_guest *guest;
	char text[RELAY_TEXT_BYTES] = "no memory for another client";
	int rc;

	/* Only this thread replaces the set. */
	if (!relay_identify(nw_rcu_dereference(&server->set), &proof, &conn->person, text)) {
		refuse(server, conn, -EACCES, RELAY_REASON_IDENTITY, text);
		return;
	}
	conn->is_known = true;
	guest = calloc(1, sizeof(*guest));
	rc = guest ? admit(server, conn, hello, guest, text) : -ENOMEM;
	if (rc == 0) {
		take_over(server, conn, guest);
		return;
	}
	if (guest)
		relay_ear_free(&guest->ear);
	free(guest);
	refuse(server, conn, rc, RELAY_REASON_LIMIT, text);
}

void relay_guest_greet(struct relay_server *server, struct relay_conn *conn)
{
	struct nw_relay_hello hello;

	if (conn->in_end - conn->in_at < NW_RELAY_HELLO_BYTES)
		return;
	if (!nw_relay_hello_read(conn->in + conn->in_at, &hello))
		refuse(server, conn, -EPROTO, RELAY_REASON_PROTOCOL,
		       "a hello for lanes of another version");
	else
		take_hello(server, conn, &hello);
}

/* ---- being there, leaving ---- */

static void close_guest(struct relay_server *server, struct relay_guest *guest)
{
	*guest->link = guest->next;
	if (guest->next)
		guest->next->link = guest->link;
	relay_hearing_destroy(server, guest->hearing);
	relay_ear_free(&guest->ear);
	nw_relay_guest_close(guest->guest);
	server->memory_used -= guest->memory_bytes;
	server->client_count--;
	server->clients[RELAY_BY_LANE]--;
	free(guest);
}

void relay_guest_serve(struct relay_server *server, struct relay_guest *guest)
{
	/* Whatever it is, it is gone for us. */
	if (nw_relay_guest_serve(guest->guest) < 0)
		close_guest(server, guest);
}

void relay_guests_identify(struct relay_server *server)
{
	const struct relay_set *set = nw_rcu_dereference(&server->set);
	struct relay_person person;

	for (struct relay_guest *guest = server->guests, *next; guest; guest = next) {
		next = guest->next;
		person = guest->person;
		/* Its rights are the engine's since it came: other ones need another coming. */
		if (relay_identify_again(set, &person) &&
		    person.is_system == guest->person.is_system &&
		    person.priority_top == guest->person.priority_top &&
		    memcmp(person.hears, guest->person.hears, sizeof(person.hears)) == 0)
			continue;
		server->ended[RELAY_REASON_IDENTITY - RELAY_REASON_DENIED]++;
		relay_log_seldom(server, "warning", "client_ended", "{s:s, s:o}", "reason",
				 "identity", "sender", relay_log_text(guest->person.name));
		close_guest(server, guest);
	}
}

void relay_guests_close(struct relay_server *server)
{
	while (server->guests)
		close_guest(server, server->guests);
}
