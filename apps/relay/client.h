/* SPDX-License-Identifier: MIT */
/*
 * The other end of a stream: what pub and sub speak to a relay with.
 * Invariant: frames are given to on_frame in their order, each once; it never waits for ever.
 */
#ifndef APP_RELAY_CLIENT_H
#define APP_RELAY_CLIENT_H

#include "relay/address.h"
#include "relay/frame.h"

#include <nw/relay_client.h>

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whom to speak to, and as whom. */
struct relay_target {
	const char *tcp, *udp, *unix_path; /* at most one; none: the default path */
	const char *name, *token_file;
	const char *ca, *certificate, *key, *server_name; /* of TLS; no ca: without */
	bool is_lane; /* shared memory, set up over the Unix socket */
};

struct relay_client {
	int fd;
	bool is_udp;
	void *tls_context, *tls;  /* NULL: plain */
	struct relay_hello_ok ok; /* as the relay said; of datagrams: what they have room for */
	unsigned char *in;
	size_t in_at, in_end, in_room;
	void (*on_frame)(void *arg, const struct relay_frame *frame);
	void *arg;
};

/* Options that pub and sub share: for getopt_long(), from 512 on. */
#define RELAY_WORD(name, code)                      \
	{                                           \
		name, required_argument, NULL, code \
	}
#define RELAY_FLAG(name, code)                \
	{                                     \
		name, no_argument, NULL, code \
	}
#define RELAY_TARGET_WORDS                                                                       \
	RELAY_WORD("tcp", 512), RELAY_WORD("udp", 513), RELAY_WORD("unix", 514),                 \
		RELAY_WORD("name", 515), RELAY_WORD("token-file", 516), RELAY_FLAG("lane", 517), \
		RELAY_WORD("ca", 518), RELAY_WORD("certificate", 519), RELAY_WORD("key", 520),   \
		RELAY_WORD("server-name", 521)
/* Whether it is one of these, and then sets it. */
bool relay_target_take(struct relay_target *target, int got, const char *value);

/* Connects and says HELLO. APP_OK, or the exit code after having said why. */
int relay_client_open(struct relay_client *ret_client, const struct relay_target *target);
void relay_client_close(struct relay_client *client);
/* The same by lanes. APP_OK, or the exit code after having said why. */
int relay_lane_open(struct nw_relay_client **ret_lane, const struct relay_target *target);
/* Nothing more is sent: the relay answers what it has, and ends. */
void relay_client_finish(struct relay_client *client);

/* Takes what comes, for at most timeout_ns until something does; to_write: or until something can
 * be sent. 0, or -errno; -EPIPE: the relay has ended the connection. */
int relay_client_pump(struct relay_client *client, uint64_t timeout_ns, bool to_write);
/* Sends all of it, and takes what comes meanwhile. 0, or -errno; -EINTR: a signal asked to end. */
int relay_client_send(struct relay_client *client, const unsigned char *bytes, size_t n_bytes);
/* Datagrams: what came back of those that were sent, as a port that nobody has. 0, or -errno. */
int relay_client_error(const struct relay_client *client);
/* A frame of a body. */
int relay_client_say(struct relay_client *client, enum relay_kind kind, const unsigned char *body,
		     size_t n_bytes);
/* Says it, and waits for the one answer. APP_OK: an ACK, of *ret_accepted; or the exit code after
 * having said why. */
int relay_client_ask(struct relay_client *client, enum relay_kind kind, const unsigned char *body,
		     size_t n_bytes, uint32_t *ret_accepted);
/* What went wrong, as a line. Returns APP_FAILED. */
int relay_client_failed(const struct relay_client *client, int rc);

#endif /* APP_RELAY_CLIENT_H */
