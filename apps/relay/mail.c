/* SPDX-License-Identifier: MIT */
/*
 * Mailboxes: a stack that any thread pushes on and one takes whole, so no thread ever looks at a
 * connection that another may have taken.
 * Invariant: a connection is in one mailbox at most, and whoever put it there does not touch it any
 * more.
 */
#include "relay/relay.h"

#include <nw/bell.h>
#include <time.h>

void relay_mail_put(struct relay_mailbox *mailbox, struct relay_conn *conn)
{
	/* relaxed: re-checked by the exchange below. */
	struct relay_conn *first = atomic_load_explicit(&mailbox->first, memory_order_relaxed);

	do {
		conn->mail_next = first;
		/* [mail_put.first] release, pairs with [mail_take.first]: the connection. */
	} while (!atomic_compare_exchange_weak_explicit(&mailbox->first, &first, conn,
							memory_order_release,
							/* relaxed: re-checked by the next try. */
							memory_order_relaxed));
	nw_bell_ring(mailbox->bell_fd);
}

struct relay_conn *relay_mail_take(struct relay_mailbox *mailbox)
{
	struct relay_conn *conn, *list = NULL;

	/* relaxed: a hint, may be stale; the bell is rung after. */
	if (!atomic_load_explicit(&mailbox->first, memory_order_relaxed))
		return NULL;
	/* [mail_take.first] acquire, pairs with [mail_put.first]: the connections. */
	conn = atomic_exchange_explicit(&mailbox->first, NULL, memory_order_acquire);
	while (conn) {
		struct relay_conn *next = conn->mail_next;

		conn->mail_next = list;
		list = conn;
		conn = next;
	}
	return list;
}

uint64_t relay_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock is always there */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum relay_stage relay_stage_of(const struct relay_server *server)
{
	/* [stage.look] acquire, pairs with [stage.set]: what the control thread did before. */
	return (enum relay_stage)atomic_load_explicit(&server->stage, memory_order_acquire);
}

void relay_stage_set(struct relay_server *server, enum relay_stage stage)
{
	/* [stage.set] release, pairs with [stage.look]: what the control thread did before. */
	atomic_store_explicit(&server->stage, (unsigned)stage, memory_order_release);
	for (uint32_t i = 0; i < server->shard_count; i++)
		nw_bell_ring(server->workers[i]->mail.bell_fd);
}
