/* SPDX-License-Identifier: MIT */
/*
 * Inside of `nodewise relay`: who has what.
 *
 *     listeners, signals, HTTP -> control thread ----conn----> worker (a shard's own thread)
 *                                      ^                          |  frames -> engine's rings
 *                                      +------conn, its wish------+  engine's lanes -> frames
 *
 * A connection belongs to one thread at a time: to the control thread until it has said who it is,
 * and whenever it wants something that takes its time (to hear a topic, to make names known, to
 * end); to one worker otherwise. It goes from one to the other through a mailbox, whole, so no lock
 * is on a packet's way. What threads look at together is immutable (struct relay_set, replaced
 * under RCU) or has one writer (struct relay_tally).
 *
 * A subscriber is a struct nw_relay_subscriber of the engine: lanes from all shards, a bell,
 * counts. Who takes packets out of it, a connection's worker or a bridge, is the engine's business
 * nowhere.
 */
#ifndef APP_RELAY_RELAY_H
#define APP_RELAY_RELAY_H

#include "relay/config.h"
#include "relay/ear.h"
#include "relay/frame.h"
#include "relay/rules.h"
#include "relay/uring.h"

#include <nw/mem.h>
#include <nw/rcu.h>
#include <nw/relay.h>
#include <nw/relay_guest.h>
#include <nw/stats.h>
#include <nw/topo.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <sys/epoll.h>

/* Clients by lanes come over the Unix socket, and then speak to the engine themselves. */
enum relay_transport {
	RELAY_BY_TCP,
	RELAY_BY_UNIX,
	RELAY_BY_UDP,
	RELAY_BY_LANE,
	RELAY_TRANSPORT_COUNT
};

enum {
	RELAY_CHUNK = 256,           /* packets submitted, or delivered, together */
	RELAY_EVENTS = 64,           /* of one epoll_wait() */
	RELAY_GREETING_BYTES = 1024, /* room of a connection that has not said who it is */
	RELAY_REPLY_BYTES = 16384,
	RELAY_REPLY_RESERVE = 1024,               /* with less room no frame is taken */
	RELAY_DELIVER_AT = 64 - RELAY_HEAD_BYTES, /* so that packets are aligned */
	RELAY_PREFIX_MAX = 64,                    /* prefixes that one client hears */
	RELAY_HEARD_MAX = 1 << 16,                /* topics likewise */
};

/* Where the whole is. Only ever goes up. */
enum relay_stage {
	RELAY_STAGE_START,
	RELAY_STAGE_RUN,
	RELAY_STAGE_CLOSE, /* admission is closed; what was accepted goes on */
	RELAY_STAGE_FLUSH, /* and is delivered: subscribers get what waits for them, and are closed
			    */
	RELAY_STAGE_END
};

/* ---- connections ---- */

/* What a worker gives a connection to the control thread for. */
enum relay_wish { RELAY_WISH_NOTHING, RELAY_WISH_FRAME, RELAY_WISH_END };

struct relay_conn {
	/* In a mailbox. */
	struct relay_conn *mail_next;

	/* The owner's. */
	struct relay_conn *next, **link;               /* list of its owner */
	struct relay_conn *active_next, **active_link; /* of its worker, if it may have packets */
	int fd;
	enum relay_transport transport;
	uint32_t worker_idx;
	bool has_uid;
	uint32_t uid;
	void *tls;             /* SSL of it; NULL: plain */
	bool is_tls_done;      /* both ends know each other */
	bool is_deliver_tried; /* TLS has begun with the frame of packets, and goes on with it */
	char certificate[RELAY_NAME_BYTES]; /* "": none */
	bool is_local;

	bool is_known;
	struct relay_person person;
	uint64_t set_version;            /* that the person is of */
	struct relay_drops drops_before; /* of its packets, when it came */

	uint32_t events; /* that epoll waits for; 0: not in epoll */
	enum relay_wish wish;
	uint16_t end_reason; /* enum relay_reason; 0: it went by itself */
	bool is_eof;         /* nothing more comes */
	bool is_ended;       /* nothing more is taken; what is to be said is still said */
	bool is_told;        /* that the relay closes */
	uint64_t since_ns;   /* it last took something, or came */

	/* What came. */
	unsigned char *in;
	size_t in_room, in_at, in_end; /* at..end is not looked at yet */

	/* What goes: answers, and one frame of packets. */
	unsigned char *reply;
	size_t reply_at, reply_end;
	unsigned char *deliver; /* NULL: hears nothing */
	size_t deliver_at, deliver_end;

	struct nw_relay_subscriber *subscriber; /* NULL: hears nothing */
	bool is_bell_heard;                     /* its bell is in epoll */
	bool is_active;
	uint64_t moved_ns; /* it last had a packet */
	uint64_t lost_told;

	uint64_t memory_bytes; /* counted in the server's */
	struct nw_mem mem;     /* of in and reply; base NULL: in is of malloc() */
	struct nw_mem deliver_mem;
	struct relay_hearing *hearing;
};

/* What a connection, or a client by lanes, hears by prefix; the control thread's, wherever the
 * connection is. */
struct relay_hearing {
	struct relay_hearing *next, **link;
	struct nw_relay_subscriber *subscriber; /* one of the two */
	struct nw_relay_guest *guest;
	char *prefixes[RELAY_PREFIX_MAX];
	uint32_t prefix_count;
	uint32_t topic_count; /* asked for */
	bool hears_all;
};

/* A client by lanes; the control thread's. The engine has its stream. */
struct relay_guest {
	struct relay_guest *next, **link;
	struct relay_server *server;
	struct nw_relay_guest *guest;
	struct relay_person person;
	struct relay_hearing *hearing;
	struct relay_ear ear; /* tuned when it asks */
	uint64_t memory_bytes;
};

/* Connections on their way to a thread; any thread puts, one takes all. */
struct relay_mailbox {
	alignas(NW_CACHE_PAIR) _Atomic(struct relay_conn *) first;
	int bell_fd; /* rung for who sleeps */
};

/* ---- workers ---- */

/* Counts of one worker, written by it alone. */
struct relay_tally {
	alignas(NW_CACHE_PAIR) _Atomic uint64_t beat_ns; /* CLOCK_MONOTONIC of its last round */
	_Atomic uint64_t rounds;
	_Atomic bool is_done; /* it has no connections, and takes none: the relay has ended */
	_Atomic uint64_t frames[RELAY_TRANSPORT_COUNT], bytes_in[RELAY_TRANSPORT_COUNT];
	_Atomic uint64_t packets[RELAY_TRANSPORT_COUNT];
	_Atomic uint64_t frames_out, packets_out, bytes_out;
	_Atomic uint64_t bad[RELAY_FAULT_COUNT]; /* frames */
	_Atomic uint64_t denied, unidentified;   /* packets */
	_Atomic uint64_t stray;                  /* in datagrams, of other shards' topics */
	_Atomic uint64_t lost_found; /* packets that subscribers lost, as far as they were told */
};

static inline void relay_count(_Atomic uint64_t *counter, uint64_t n)
{
	/* relaxed: sole writer. */
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	/* relaxed: a statistic. */
	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

static inline uint64_t relay_counted(const _Atomic uint64_t *counter)
{
	/* relaxed: a statistic. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

struct relay_worker {
	/* Constant once it runs. */
	alignas(NW_CACHE_PAIR) struct relay_server *server;
	uint32_t idx;
	int epoll_fd;
	struct nw_relay_producer *producer;
	struct nw_rcu_thread *reader;
	struct nw_packet *packets; /* [RELAY_CHUNK] */
	struct relay_udp *udp;     /* NULL: none */
	struct relay_uring *uring; /* NULL: none; uring_rc and uring_what say why */
	const char *uring_what;
	int uring_rc;
	struct nw_mem mem;

	/* The worker's. */
	alignas(NW_CACHE_PAIR) struct relay_conn *conns;
	struct relay_conn *active;
	uint32_t conn_count;
	uint64_t polled_ns, looked_ns, set_version;
	struct epoll_event events[RELAY_EVENTS];
	int event_count, event_idx;
	bool has_bell;     /* the engine's bell is in epoll */
	unsigned stage;    /* of the server, as it was last seen */
	bool is_anonymous; /* somebody may be, by the rules of anonymous_version */
	uint64_t anonymous_version;
	struct relay_person anonymous;

	struct relay_tally tally;
	struct relay_mailbox mail;
};

/* ---- the whole ---- */

struct relay_server {
	/* Constant once it runs. */
	struct relay_options options;
	struct relay_config config;
	struct nw_topo *topo;
	struct nw_relay *relay;
	struct nw_rcu *rcu;
	struct relay_worker *workers[NW_RELAY_SHARDS_MAX]; /* each made by its own thread */
	uint32_t shard_count;
	bool is_uring;
	char io_reason[160], steer_reason[160];

	/* Written by the control thread, read by all. */
	alignas(NW_CACHE_PAIR) _Atomic(struct relay_set *) set;
	_Atomic unsigned stage; /* enum relay_stage */

	/* The control thread's. */
	alignas(NW_CACHE_PAIR) struct nw_rcu_thread *control;
	int epoll_fd, signal_fd, tcp_fd, unix_fd;
	struct relay_address tcp, udp, http; /* with the ports that the system gave */
	struct relay_conn *greeting;
	struct relay_guest *guests;
	struct relay_hearing *hearings;
	uint32_t hearing_count;
	bool is_deaf; /* it takes no connections until the next tick: there is no descriptor */
	uint32_t client_count, clients[RELAY_TRANSPORT_COUNT], next_worker;
	uint64_t memory_used, now_ns, ticked_ns;
	struct relay_names names;
	struct relay_rules *rules; /* held */
	uint64_t set_version;
	uint64_t reloads[2]; /* refused, taken */
	uint64_t came[RELAY_TRANSPORT_COUNT];
	uint64_t ended[RELAY_REASON_END - RELAY_REASON_DENIED]; /* by enum relay_reason */
	uint64_t drain_until_ns;
	int steer_fd;                          /* eBPF map of slots; -1: none */
	uint16_t steered[NW_TOPIC_SLOT_COUNT]; /* what it was told */
	uint32_t term_count;
	uint64_t started_ns;         /* CLOCK_REALTIME */
	struct relay_bridge *bridge; /* NULL: none */
	struct relay_log *log;
	struct relay_http *web;
	struct nw_stats *stats;

	struct relay_mailbox mail;
};

/* ---- mail.c ---- */
void relay_mail_put(struct relay_mailbox *mailbox, struct relay_conn *conn);
/* All that is there, in the order in which it came. */
struct relay_conn *relay_mail_take(struct relay_mailbox *mailbox);
uint64_t relay_now_ns(void);
enum relay_stage relay_stage_of(const struct relay_server *server);
/* The control thread's; wakes the workers. */
void relay_stage_set(struct relay_server *server, enum relay_stage stage);

/* ---- conn.c: any owner ---- */
struct relay_conn *relay_conn_create(int fd, enum relay_transport transport);
/* Closes and releases; it is in no list and nobody's. */
void relay_conn_destroy(struct relay_conn *conn);
/* Bytes into the room behind `in`; > 0, 0: end, -EAGAIN, -errno. */
int64_t relay_conn_receive(struct relay_conn *conn);
/* As much as goes of what waits; 0: all of it, -EAGAIN: not all, -errno. Counts *inout_bytes. */
int relay_conn_send(struct relay_conn *conn, uint64_t *inout_bytes);
bool relay_conn_has_output(const struct relay_conn *conn);
/* Whether one more answer surely has room. */
bool relay_conn_may_answer(const struct relay_conn *conn);
void relay_conn_answer(struct relay_conn *conn, enum relay_kind kind, const unsigned char *body,
		       size_t n_bytes);
void relay_conn_ack(struct relay_conn *conn, uint32_t accepted);
void relay_conn_refuse(struct relay_conn *conn, const struct relay_refused *refused);
/* The last word: nothing more is taken. Sets end_reason. */
void relay_conn_end(struct relay_conn *conn, enum relay_reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The next whole frame of what came; as relay_frame_take(), and *ret_frame is lent until drop. */
int relay_conn_frame(struct relay_conn *conn, size_t body_max, struct relay_frame *ret_frame);
void relay_conn_drop(struct relay_conn *conn, size_t n_bytes);
/* Puts into, takes out of a list. */
void relay_conn_link(struct relay_conn *conn, struct relay_conn **list);
void relay_conn_unlink(struct relay_conn *conn);

/* ---- ingress.c: workers ---- */
/* A DATA frame of a connection; answers it. */
void relay_take_data(struct relay_worker *worker, struct relay_conn *conn,
		     const struct relay_set *set, const struct relay_frame *frame);
/* Packets of a datagram from nobody in particular; no answer. */
void relay_take_datagram(struct relay_worker *worker, const struct relay_set *set,
			 const struct relay_frame *frame);

/* ---- egress.c: workers ---- */
/* Sends what waits and what the lanes have; returns packets moved. */
uint32_t relay_deliver(struct relay_worker *worker, struct relay_conn *conn);
/* Asks for the bells of all; false: some lane has packets. */
bool relay_rest_all(struct relay_worker *worker);
void relay_activate(struct relay_worker *worker, struct relay_conn *conn);
void relay_deactivate(struct relay_conn *conn);

/* ---- stream.c: workers ---- */
/* What came in, and what goes out; it may end in the control thread's mailbox. */
uint32_t relay_stream_step(struct relay_worker *worker, struct relay_conn *conn,
			   const struct relay_set *set, uint32_t events);
/* epoll waits for what this connection needs now. */
void relay_stream_watch(struct relay_worker *worker, struct relay_conn *conn);
/* Takes a connection from the mailbox; false: it went back at once. */
bool relay_stream_adopt(struct relay_worker *worker, struct relay_conn *conn);
/* Gives it to the control thread. */
void relay_stream_leave(struct relay_worker *worker, struct relay_conn *conn, enum relay_wish wish);

/* ---- worker.c ---- */
int relay_worker_open(void *ctx, uint32_t shard_idx);
void relay_worker_close(void *ctx, uint32_t shard_idx);
uint32_t relay_worker_poll(void *ctx, uint32_t shard_idx, uint64_t now_ns);
void relay_worker_wait(void *ctx, uint32_t shard_idx, int bell_fd, uint64_t timeout_ns);

/* ---- udp.c ---- */
/* On the worker's thread, first of all: its ring, where it is to have one and can. */
void relay_udp_prepare(struct relay_worker *worker);
/* Sockets of all workers on one port, and the choice of how they are read; 0 or -errno, said. */
int relay_udp_open(struct relay_server *server);
uint32_t relay_udp_step(struct relay_worker *worker, const struct relay_set *set);
/* On the worker's thread, last of all. */
void relay_udp_leave(struct relay_worker *worker);
void relay_udp_close(struct relay_server *server);

/* ---- steer.c ---- */
/* Once all sockets are in the group; says how in steer_reason. */
void relay_steer_begin(struct relay_server *server);
/* Slots that were moved since. */
void relay_steer_follow(struct relay_server *server);
void relay_steer_end(struct relay_server *server);

/* ---- listen.c ---- */
/* A listening socket; -errno, said. Sets the port that was given. */
int relay_listen(struct relay_address *inout_address);

/* ---- serve.c, control.c, greet.c, hear.c, reload.c, drain.c: the control thread ---- */
int relay_serve(const struct relay_options *options);
int relay_control_run(struct relay_server *server);
void relay_control_watch(struct relay_server *server, int fd, void *what, uint32_t events);
void relay_accept(struct relay_server *server, int listen_fd, enum relay_transport transport);
void relay_greet(struct relay_server *server, struct relay_conn *conn);
void relay_greet_tick(struct relay_server *server);
/* Begins to take connections, or takes none. */
void relay_control_listen(struct relay_server *server, bool is_on);
void relay_conn_finish(struct relay_server *server, struct relay_conn *conn);
void relay_hear(struct relay_server *server, struct relay_conn *conn);
void relay_hear_again(struct relay_server *server);
/* In the list of those who hear; -ENOMEM. */
int relay_hearing_create(struct relay_server *server, struct relay_hearing **ret_hearing);
/* NULL is a no-op. */
void relay_hearing_destroy(struct relay_server *server, struct relay_hearing *hearing);
/* Hears, or hears no more, all names that begin so; *ret_count of them are known. The caller frees
 * *ret_topics. 0 or -errno. */
int relay_hear_prefix(struct relay_server *server, struct relay_hearing *hearing,
		      const char *prefix, bool is_off, uint32_t **ret_topics, uint32_t *ret_count);
/* Counts memory of clients; false: there is no more. */
bool relay_memory_take(struct relay_server *server, uint64_t *inout_bytes, uint64_t n_bytes);
/* What was dropped of a sender's packets. Any thread. */
struct relay_drops relay_sender_drops(const struct relay_server *server, uint32_t sender);
/* What a connection proves, beside what it says. */
struct relay_proof relay_conn_proof(const struct relay_conn *conn, const char *name,
				    const char *token);

/* ---- slots.c ---- */
/* A MOVE frame; answers it. */
void relay_slots_take(struct relay_server *server, struct relay_conn *conn,
		      const struct relay_frame *frame);

/* ---- guests.c ---- */
/* Whether these are the first bytes of a client by lanes. */
bool relay_guest_comes(const struct relay_conn *conn);
/* Takes its hello, when it is whole; the connection may be gone then. */
void relay_guest_greet(struct relay_server *server, struct relay_conn *conn);
void relay_guest_serve(struct relay_server *server, struct relay_guest *guest);
/* Rules were replaced: who is nobody now goes. */
void relay_guests_identify(struct relay_server *server);
void relay_guests_close(struct relay_server *server);
/* An event's pointer that means a guest. */
void *relay_guest_mark(struct relay_guest *guest);
struct relay_guest *relay_guest_of(void *what);
int relay_rules_install(struct relay_server *server, struct relay_rules *rules,
			struct relay_sayer *sayer);
void relay_reload(struct relay_server *server);
void relay_drain_begin(struct relay_server *server);
/* Whether all is done; *ret_code is the exit code then. */
bool relay_drain_step(struct relay_server *server, int *ret_code);

/* ---- log.c ---- */
struct relay_log *relay_log_open(bool is_json);
void relay_log_close(struct relay_log *log);
/* A text of any bytes; those that are not UTF-8 are replaced. */
json_t *relay_log_text(const char *text);
/* One line; the format and what follows are of json_pack(), an object; NULL: nothing to add. */
void relay_log(struct relay_server *server, const char *level, const char *event,
	       const char *format, ...);
/* So many a second, and then one line that says how many there were. */
void relay_log_seldom(struct relay_server *server, const char *level, const char *event,
		      const char *format, ...);

/* ---- http.c, metrics.c, segment.c, notify.c ---- */
int relay_http_open(struct relay_server *server);
int relay_http_fd(const struct relay_server *server);
void relay_http_step(struct relay_server *server);
void relay_http_close(struct relay_server *server);
/* The text of /metrics; the caller frees it. NULL: no memory. */
char *relay_metrics_text(struct relay_server *server, size_t *ret_bytes);
bool relay_is_live(const struct relay_server *server);
bool relay_is_ready(const struct relay_server *server);
int relay_segment_open(struct relay_server *server);
void relay_segment_update(struct relay_server *server);
/* The rules in force are others. */
void relay_segment_limits(struct relay_server *server);
void relay_segment_note(struct relay_server *server, const char *text);
/* A word to systemd, if it listens. */
void relay_notify(const char *text);

#endif /* APP_RELAY_RELAY_H */
