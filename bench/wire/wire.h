/* SPDX-License-Identifier: MIT */
/*
 * Messages from one end of a server to the other: ours and others', by the same driver.
 *
 *     driver, one thread, one core           server, one process, another core
 *     publisher's connection  -- batches -->  |
 *                             <-- acks -----  |
 *     subscriber's connection <-- messages -  |
 *
 * A subject is one way to speak to one server. All of them carry the same payloads, each on a topic
 * of its own, in the same batches, and each batch is acknowledged in the server's own way: what
 * that says stands in `how`, and is printed beside the rows.
 *
 * Invariant: a message counts when the subscriber has it, with the number that it must have; so
 * what is lost, doubled or out of order is found, and the row says so.
 */
#ifndef BENCH_WIRE_WIRE_H
#define BENCH_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	WIRE_BATCH_MAX = 256,
	WIRE_MARKS = 8192, /* batches that are not acknowledged yet */
	WIRE_BUFFER_BYTES = 1 << 20,
	WIRE_PATH_BYTES = 512,
};

/* A payload: 32 bytes. */
struct wire_message {
	uint64_t time_ns; /* when it was to be sent */
	uint64_t number;  /* from 0 on */
	uint64_t rest[2];
};

struct wire_stream {
	int fd;
	unsigned char *in, *out; /* [WIRE_BUFFER_BYTES] */
	size_t in_at, in_end, out_at, out_end;
};

/* Processes that are spoken to; the first is ours. */
enum wire_server { WIRE_NODEWISE, WIRE_NATS, WIRE_REDIS, WIRE_SERVERS };

struct wire_place {
	pid_t pids[WIRE_SERVERS]; /* 0: not running */
	uint16_t ports[WIRE_SERVERS];
	char folder[WIRE_PATH_BYTES]; /* of sockets and files, gone at the end */
};

struct wire {
	const struct wire_subject *subject;
	const struct wire_place *place;
	char topic[8]; /* "bench3": nobody else's, always of this length */
	struct wire_stream pub, sub;
	void *lanes[2];             /* publisher, subscriber: where it has no streams */
	bool is_asking;             /* a request for more messages is on its way */
	char last_id[64];           /* of the last entry of a log */
	const char *failure;        /* NULL: none */
	uint32_t marks[WIRE_MARKS]; /* messages of each batch that is not acknowledged yet */
	uint32_t mark_first, mark_end;

	uint64_t sent, acked;
	uint64_t received; /* the number after the last one's */
	uint64_t taken;    /* that came, each once */
	uint64_t late;     /* whose number was below that of one before */

	/* Ages of what is received, where somebody wants them. */
	uint32_t *ages; /* NULL: nobody; ns */
	uint32_t age_count, age_max;
};

struct wire_subject {
	const char *name; /* "nodewise/tcp" */
	const char *how;  /* how it goes, and what an acknowledgement says */
	enum wire_server server;
	bool is_unreliable;              /* what is lost is counted, and no failure */
	bool (*open)(struct wire *wire); /* false: failure says why */
	void (*put)(struct wire *wire, const struct wire_message *messages, uint32_t count);
	/* Sends what waits, takes what came. */
	void (*step)(struct wire *wire);
	void (*close)(struct wire *wire);
};

/* Each ends with one without a name. */
extern const struct wire_subject wire_nodewise[], wire_lane[], wire_nats[], wire_redis[];

/* ---- server.c ---- */
/* Starts those that are here, on their core; names those that are not. False: ours is not. */
bool wire_servers_start(struct wire_place *ret_place, uint32_t cpu);
void wire_servers_stop(struct wire_place *place);
/* Nanoseconds of CPU time that it has used. */
uint64_t wire_server_cpu_ns(const struct wire_place *place, enum wire_server server);

/* ---- stream.c ---- */
bool wire_stream_tcp(struct wire_stream *ret_stream, uint16_t port);
bool wire_stream_unix(struct wire_stream *ret_stream, const char *folder, const char *name);
void wire_stream_close(struct wire_stream *stream);
/* Appends; false: no room. */
bool wire_stream_put(struct wire_stream *stream, const void *bytes, size_t n_bytes);
/* As much as goes, as much as came; false: it is closed. */
bool wire_stream_flush(struct wire_stream *stream);
bool wire_stream_fill(struct wire_stream *stream);
/* Sends what waits, then waits until something comes; false: nothing in five seconds. */
bool wire_stream_talk(struct wire_stream *stream);
static inline const unsigned char *wire_stream_here(const struct wire_stream *stream, size_t *ret_n)
{
	*ret_n = stream->in_end - stream->in_at;
	return stream->in + stream->in_at;
}

/* ---- measure.c ---- */
bool wire_fail(struct wire *wire, const char *why);
void wire_mark(struct wire *wire, uint32_t count);
void wire_ack_batch(struct wire *wire);
/* A payload at the subscriber's. */
void wire_take(struct wire *wire, const void *payload);
/* All cases that are wanted, by all subjects whose server is here. */
void wire_run(uint32_t driver_cpu, uint32_t server_cpu, bool (*is_wanted)(const char *name));

#endif /* BENCH_WIRE_WIRE_H */
