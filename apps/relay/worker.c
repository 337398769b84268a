/* SPDX-License-Identifier: MIT */
/*
 * What a shard's thread does beside its packets: the hooks of the engine.
 *
 * A round: mail, events of sockets, connections whose lanes may have packets, datagrams. Events
 * that came while the thread slept are kept for the next round. Invariant: the set of rules is
 * looked at inside a section of RCU, once a round.
 */
#include "relay/relay.h"
#include "relay/udp.h"

#include <errno.h>
#include <nw/bell.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	POLL_NS = 2000,              /* sockets are asked this often at most while packets flow */
	LOOK_NS = 100 * 1000 * 1000, /* for who is too slow */
	SLEEP_NS_MAX = 500 * 1000 * 1000,
	ABOUT_MASK = 7, /* of the pointer of an event: 0 a connection, 1 its bell */
};

/* ---- events ---- */

static void take_event(struct relay_worker *worker, const struct epoll_event *event,
		       const struct relay_set *set)
{
	uintptr_t about = (uintptr_t)event->data.ptr;
	struct relay_conn *conn = (struct relay_conn *)(about & ~(uintptr_t)ABOUT_MASK);

	if (!conn || event->data.ptr == worker)
		return;
	if (event->data.ptr == worker->udp) {
		worker->udp->may_have = true;
		return;
	}
	if ((about & ABOUT_MASK) == 0) {
		(void)relay_stream_step(worker, conn, set, event->events);
		return;
	}
	(void)nw_bell_hear(nw_relay_subscriber_fd(conn->subscriber)); /* whoever rang */
	relay_activate(worker, conn);
}

/* The shard's own bell is no work: a ring that came late, for what was seen without it, is heard by
 * the next sleep, which has to come. */
static uint32_t take_events(struct relay_worker *worker, const struct relay_set *set)
{
	uint32_t count = 0;

	while (worker->event_idx < worker->event_count) {
		struct epoll_event event = worker->events[worker->event_idx++];

		count += event.data.ptr != worker;
		take_event(worker, &event, set);
	}
	worker->event_idx = worker->event_count = 0;
	return count;
}

static void ask_epoll(struct relay_worker *worker, uint64_t timeout_ns)
{
	struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000u),
				    .tv_nsec = (long)(timeout_ns % 1000000000u) };
	int n = epoll_pwait2(worker->epoll_fd, worker->events, RELAY_EVENTS, &timeout, NULL);

	/* A kernel before 5.11, or a sandbox that does not know the call. */
	if (n < 0 && (errno == ENOSYS || errno == EPERM))
		n = epoll_wait(worker->epoll_fd, worker->events, RELAY_EVENTS,
			       (int)((timeout_ns + 999999) / 1000000));
	worker->event_count = n > 0 ? n : 0;
	worker->event_idx = 0;
}

/* ---- connections ---- */

/* Rules were replaced: who was somebody may be nobody now. */
static void identify_again(struct relay_conn *conn, const struct relay_set *set)
{
	unsigned char heard[RELAY_DIGEST_BYTES];

	if (conn->set_version == set->version)
		return;
	memcpy(heard, conn->person.hears, sizeof(heard));
	conn->set_version = set->version;
	if (!conn->is_ended && !relay_identify_again(set, &conn->person))
		relay_conn_end(conn, RELAY_REASON_IDENTITY,
			       "'%s' is no sender of the rules any more, or proves it otherwise",
			       conn->person.name);
	else if (!conn->is_ended && conn->subscriber &&
		 memcmp(heard, conn->person.hears, sizeof(heard)) != 0)
		relay_conn_end(conn, RELAY_REASON_DENIED,
			       "the rules let '%s' hear something else now; come again",
			       conn->person.name);
}

static uint32_t take_mail(struct relay_worker *worker, const struct relay_set *set)
{
	struct relay_conn *conn = relay_mail_take(&worker->mail);
	uint32_t count = 0;

	for (struct relay_conn *next; conn; conn = next, count++) {
		next = conn->mail_next;
		if (!relay_stream_adopt(worker, conn))
			continue;
		identify_again(conn, set);
		/* What was not looked at yet, and answers that wait. */
		(void)relay_stream_step(worker, conn, set, 0);
	}
	return count;
}

static uint32_t step_active(struct relay_worker *worker, const struct relay_set *set)
{
	uint32_t work = 0;

	for (struct relay_conn *conn = worker->active, *next; conn; conn = next) {
		next = conn->active_next;
		work += relay_stream_step(worker, conn, set, 0);
	}
	return work;
}

static void tell_closing(struct relay_worker *worker, struct relay_conn *conn)
{
	if (conn->is_told || worker->stage < RELAY_STAGE_CLOSE || !relay_conn_may_answer(conn))
		return;
	conn->is_told = true;
	relay_conn_answer(conn, RELAY_CLOSING, NULL, 0);
}

/* How much it lost, and whether that, or its silence, is too much. */
static void check_slow(struct relay_worker *worker, struct relay_conn *conn)
{
	const struct relay_limits *limits = &worker->server->config.limits;
	struct nw_relay_subscriber_counts counts = { 0 };
	unsigned char body[RELAY_LOST_BYTES];

	if (conn->is_ended)
		return;
	if (conn->subscriber)
		nw_relay_subscriber_counts(conn->subscriber, &counts);
	if (counts.lost > conn->lost_told && relay_conn_may_answer(conn)) {
		relay_count(&worker->tally.lost_found, counts.lost - conn->lost_told);
		conn->lost_told = counts.lost;
		relay_conn_answer(conn, RELAY_LOST, body, relay_put_lost(body, counts.lost));
	}
	if (!relay_conn_has_output(conn))
		conn->since_ns = worker->polled_ns;
	else if (worker->polled_ns - conn->since_ns > limits->slow_ns)
		relay_conn_end(conn, RELAY_REASON_SLOW, "nothing was read for too long");
	if (!conn->is_ended && limits->lost_max > 0 && counts.lost > limits->lost_max)
		relay_conn_end(conn, RELAY_REASON_SLOW, "more packets were lost than are allowed");
}

/* Who did not read for so long will not read why, either. */
static void give_up(struct relay_worker *worker, struct relay_conn *conn)
{
	const struct relay_limits *limits = &worker->server->config.limits;

	if (!conn->is_ended || worker->polled_ns - conn->since_ns <= limits->slow_ns)
		return;
	conn->reply_at = conn->reply_end = 0;
	conn->deliver_at = conn->deliver_end = 0;
}

/* Everybody, now and then, and when something is new for everybody. */
static void look_at_all(struct relay_worker *worker, const struct relay_set *set)
{
	unsigned stage = relay_stage_of(worker->server);
	bool is_new = stage != worker->stage || set->version != worker->set_version;

	if (!is_new && worker->polled_ns - worker->looked_ns < LOOK_NS)
		return;
	worker->looked_ns = worker->polled_ns;
	worker->stage = stage;
	worker->set_version = set->version;
	for (struct relay_conn *conn = worker->conns, *next; conn; conn = next) {
		next = conn->next;
		identify_again(conn, set);
		tell_closing(worker, conn);
		check_slow(worker, conn);
		give_up(worker, conn);
		/* What came before the relay was drained waits in the lanes without a ring. */
		if (is_new)
			relay_activate(worker, conn);
		(void)relay_stream_step(worker, conn, set, 0);
	}
}

/* ---- the hooks ---- */

static uint32_t round_of(struct relay_worker *worker, const struct relay_set *set)
{
	uint32_t work = take_mail(worker, set);

	if (worker->event_count == 0)
		ask_epoll(worker, 0);
	work += take_events(worker, set);
	work += step_active(worker, set);
	if (worker->udp)
		work += relay_udp_step(worker, set);
	look_at_all(worker, set);
	return work;
}

/* The end: connections go to the control thread, and none comes any more. */
static void leave_all(struct relay_worker *worker)
{
	struct relay_conn *conn = relay_mail_take(&worker->mail);

	for (struct relay_conn *next; conn; conn = next) {
		next = conn->mail_next;
		conn->wish = RELAY_WISH_END;
		relay_mail_put(&worker->server->mail, conn);
	}
	while (worker->conns)
		relay_stream_leave(worker, worker->conns, RELAY_WISH_END);
	relay_udp_leave(worker);
	/* [worker.left] release, pairs with [serve.left]: the connections are in the mailbox. */
	atomic_store_explicit(&worker->tally.is_done, true, memory_order_release);
}

static uint32_t poll(struct relay_server *server, struct relay_worker *worker)
{
	enum relay_stage stage = relay_stage_of(server);
	uint32_t work = 0;

	if (stage == RELAY_STAGE_END)
		leave_all(worker);
	if (stage == RELAY_STAGE_START || stage == RELAY_STAGE_END)
		return 0;
	nw_rcu_read_lock(worker->reader);
	work = round_of(worker, nw_rcu_dereference(&server->set));
	nw_rcu_read_unlock(worker->reader);
	return work;
}

uint32_t relay_worker_poll(void *ctx, uint32_t shard_idx, uint64_t now_ns)
{
	struct relay_server *server = ctx;
	struct relay_worker *worker = server->workers[shard_idx];

	if (now_ns - worker->polled_ns < POLL_NS && worker->event_count == 0)
		return 0;
	worker->polled_ns = now_ns;
	relay_count(&worker->tally.rounds, 1);
	/* relaxed: a statistic. */
	atomic_store_explicit(&worker->tally.beat_ns, now_ns, memory_order_relaxed);
	return poll(server, worker);
}

void relay_worker_wait(void *ctx, uint32_t shard_idx, int bell_fd, uint64_t timeout_ns)
{
	struct relay_server *server = ctx;
	struct relay_worker *worker = server->workers[shard_idx];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = worker };

	if (!worker->has_bell)
		worker->has_bell = epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, bell_fd, &event) == 0;
	if (!relay_rest_all(worker))
		timeout_ns = 0;
	/* So that a beat is seen, and who is slow is noticed. */
	ask_epoll(worker, timeout_ns < SLEEP_NS_MAX ? timeout_ns : SLEEP_NS_MAX);
	for (int i = 0; i < worker->event_count; i++)
		if (worker->events[i].data.ptr == worker)
			(void)nw_bell_hear(bell_fd); /* it was: epoll said so */
}

/* ---- its memory ---- */

/* On the shard's thread, which is pinned: what it touches first is on its node. */
int relay_worker_open(void *ctx, uint32_t shard_idx)
{
	struct relay_server *server = ctx;
	struct relay_worker *worker;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY,
			      sizeof(*worker) + (RELAY_CHUNK + 1) * sizeof(struct nw_packet), 0);

	if (rc < 0)
		return rc;
	worker = mem.base;
	*worker = (struct relay_worker){ .server = server, .idx = shard_idx, .mem = mem };
	worker->packets = (struct nw_packet *)(void *)((char *)mem.base +
						       (sizeof(*worker) + 63) / 64 * 64);
	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = worker->epoll_fd < 0 ? -errno : nw_rcu_register(&worker->reader, server->rcu, "relay");
	if (rc < 0) {
		if (worker->epoll_fd >= 0)
			(void)close(worker->epoll_fd); /* nothing was in it */
		nw_mem_free(&mem);
		return rc;
	}
	server->workers[shard_idx] = worker;
	relay_udp_prepare(worker);
	return 0;
}

void relay_worker_close(void *ctx, uint32_t shard_idx)
{
	struct relay_server *server = ctx;
	struct relay_worker *worker = server->workers[shard_idx];
	struct nw_mem mem = worker->mem; /* the block holds its description */

	server->workers[shard_idx] = NULL;
	relay_uring_close(worker->uring);
	nw_rcu_unregister(worker->reader);
	(void)close(worker->epoll_fd); /* nothing is in it any more */
	nw_mem_free(&mem);
}
