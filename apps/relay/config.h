/* SPDX-License-Identifier: MIT */
/*
 * What a relay is told: by a file, and by the command line, which holds before the file.
 * Invariant: what was read is usable as it stands: every limit in its range, every address parsed,
 * and none of them open to other machines without proof of who comes.
 */
#ifndef APP_RELAY_CONFIG_H
#define APP_RELAY_CONFIG_H

#include "relay/address.h"
#include "relay/rules.h"
#include "relay/uring.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_NAME "relay" /* in messages */

/* The clients. */
int relay_pub(int argc, char **argv);
int relay_sub(int argc, char **argv);
int relay_stat(int argc, char **argv);
int relay_topic(int argc, char **argv);
int relay_move(int argc, char **argv);

/* Numbers of a file, each with a default. */
struct relay_limits {
	uint64_t body_bytes; /* of a frame */
	uint64_t client_max;
	uint64_t memory_bytes; /* of all clients together */
	uint64_t queue_slots;  /* of a subscriber, from each shard */
	uint64_t name_max;     /* that clients may make known */
	uint64_t hello_ns;     /* until a client has said who it is */
	uint64_t slow_ns;      /* until a subscriber that reads nothing is let go */
	uint64_t lost_max;     /* packets a subscriber may lose before it is; 0: any number */
};

struct relay_tls {
	const char *certificate, *key; /* paths of PEM files; NULL: no TLS */
	const char *client_ca;         /* NULL: clients need show no certificate */
	uint32_t line;
};

/* To NATS JetStream and from there. */
struct relay_bridge_config {
	const char *url; /* NULL: no bridge */
	const char *credentials, *ca, *stream;
	const char *subject; /* what subjects begin with */
	bool creates;        /* the stream, where there is none */
	uint32_t line;
	uint64_t wait_ns; /* until what is not acknowledged is published again */

	bool has_out, loses; /* loses: what has no room, instead of stopping its shard */
	struct relay_hear hear;
	uint64_t out_window, out_batch; /* messages that are not acknowledged; packets in one */

	bool has_in;
	const char *in_sender, *in_durable;
	uint64_t in_window; /* messages that are taken together */
};

struct relay_config {
	const char *path; /* NULL: no file */
	struct relay_address unix_path, tcp, udp, http;
	uint64_t shard_count, ring_slots, batch, spin_ns, tick_ns;
	const char *nodes; /* NULL: all */
	bool no_pin, oversubscribe;
	enum relay_io io;
	struct relay_limits limits;
	struct relay_tls tls;
	struct relay_bridge_config bridge;
	void *tls_context; /* what was made of it; NULL: none */
	uint64_t drain_ns;
	const char *rules_path; /* NULL: in the file, or none */
	struct relay_rules *rules;
	struct app_pool pool; /* of texts */
};

/* What the command line says. Texts are lent; NULL: nothing. */
struct relay_options {
	const char *config, *rules;
	const char *unix_path, *tcp, *udp, *http, *shards, *drain, *io;
	bool allow_all, is_check, is_json_log, is_text_log, is_help, no_pin, oversubscribe;
};

/* APP_OK, or the exit code after having said why. */
int relay_options_parse(struct relay_options *ret_options, int argc, char **argv);

/*
 * Reads the file and the rules that are named. What is wrong is said, all of it. 0; -EINVAL;
 * -ENOMEM; another -errno, said.
 */
int relay_config_read(struct relay_config *ret_config, const struct relay_options *options,
		      struct relay_sayer *sayer);
void relay_config_free(struct relay_config *config);

/* Between config.c and load.c: a tree, and what holds before it. */
void relay_config_take(struct app_reader *reader, const struct app_tree *tree,
		       struct relay_config *config);
void relay_config_defaults(struct relay_config *config);

/* "auto", "epoll", "uring"; false: it is none of them. */
bool relay_io_parse(const char *text, enum relay_io *ret_io);
const char *relay_io_name(enum relay_io io);

/* What holds, with all defaults; no secrets. NULL: no memory. */
json_t *relay_config_json(const struct relay_config *config);
/* The first key that differs and holds only from a start on; NULL: none. */
const char *relay_config_differs(const struct relay_config *running,
				 const struct relay_config *wanted);

/* Where a client of this user finds a relay of this user. -ENAMETOOLONG. */
int relay_default_path(char *ret_path, size_t path_bytes);

#endif /* APP_RELAY_CONFIG_H */
