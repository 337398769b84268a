/* SPDX-License-Identifier: MIT */
/*
 * A rule file: which topics, which senders, how much.
 *
 * rules.c, senders.c  the text -> struct relay_rules, every mistake with its line
 * compile.c  that, and the names that clients have made known -> what the engine's shards read
 * (struct nw_rules), and what the program's own threads look at (struct relay_set) people.c   who
 * somebody is
 *
 * A sender's number, and a topic's, is nw_topic_id() of its name, so it is the same after a restart
 * and in every relay. Invariant: no two names of a set that was compiled have the same number.
 */
#ifndef APP_RELAY_RULES_H
#define APP_RELAY_RULES_H

#include "common/fields.h"
#include "common/tree.h"
#include "relay/frame.h"

#include <nw/diag.h>
#include <nw/rcu.h>
#include <nw/rules.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RELAY_RULES_FILE_MAX = 64 << 20,
	RELAY_DIGEST_BYTES = 32, /* SHA-256 */
	RELAY_LINE_BYTES = 512,
};

/* Who packets come from that nobody answers for: datagrams, connections without a token. */
#define RELAY_ANONYMOUS "anonymous"
/* The rule for whoever has none of his own. */
#define RELAY_ANYBODY "*"

/* "<path>:<line>: <text>", for whoever says it; line 0: of the whole file. */
struct relay_sayer {
	void (*say)(void *arg, const char *path, uint32_t line, const char *text);
	void *arg;
	uint32_t bad_count;
};

/* A topic, or all that begin with a text. */
struct relay_topic {
	const char *name;
	uint32_t line;
	bool is_prefix;
	bool is_denied;
	struct nw_limit limit;
};

/* A topic that may be heard, or all that begin with a text. */
struct relay_heard {
	const char *text;
	bool is_prefix;
};

struct relay_hear {
	bool is_said, is_all;
	struct relay_heard *items; /* [count] */
	uint32_t count;
	unsigned char digest[RELAY_DIGEST_BYTES]; /* of the items */
};

struct relay_sender {
	const char *name;
	uint32_t line;
	bool is_denied, is_system;
	bool has_uid, has_token;
	uint32_t uid;
	unsigned char token[RELAY_DIGEST_BYTES]; /* what a token's digest is */
	uint8_t priority_top;
	uint32_t in_flight_max;
	struct nw_limit limit;
	struct relay_hear hear;
};

/* A rule file that was read; immutable. Held by sets, freed by the last: control thread only. */
struct relay_rules {
	struct app_pool pool;
	uint32_t holder_count;
	const char *path;  /* for messages */
	const char *label; /* what the file calls its version; "" */
	bool allow_all;
	bool has_tokens; /* a sender has one */
	struct relay_topic *topics;
	uint32_t topic_count;
	struct relay_sender *senders;
	uint32_t sender_count;
	struct nw_limit all; /* of all together; burst 0: none */
	uint32_t all_line;
	const struct relay_topic **exact, **prefixes; /* of topics, in the order of their names */
	uint32_t exact_count, prefix_count;
};

/*
 * Reads a tree of the pool, which goes to the rules on success; path is copied. What is wrong is
 * said, all of it. 0; -EINVAL; -ENOMEM. The caller holds *ret_rules.
 */
int relay_rules_read(struct relay_rules **ret_rules, const struct app_tree *tree, const char *path,
		     struct app_pool *pool, struct relay_sayer *sayer);
/* A file; it may have no tokens in it if others may read it. As above, or -errno, said. */
int relay_rules_load(struct relay_rules **ret_rules, const char *path, struct relay_sayer *sayer);
/* Everybody on this machine may: no place for secrets. */
bool relay_may_others_read(const char *path);
/* -EINVAL, said: there are tokens in a file that everybody may read. */
int relay_rules_check_secrecy(const struct relay_rules *rules, struct relay_sayer *sayer);
/* No file: nothing is allowed, or everything. -ENOMEM. */
int relay_rules_default(struct relay_rules **ret_rules, bool allow_all);
/* NULL is a no-op. */
void relay_rules_drop(struct relay_rules *rules);

/* A keeper of text that formats: "<path>:<line>: ...". */
void relay_say(struct relay_sayer *sayer, const char *path, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* For app_reader.say, with a struct relay_source as its arg. */
struct relay_source {
	struct relay_sayer *sayer;
	const char *path;
};
void relay_source_say(void *arg, uint32_t line, const char *text);

/* "10k", "5M", "1.5k/s": packets a second. False, *ret untouched: it is none. */
bool relay_parse_rate(const char *text, uint64_t *ret_per_s);

/* Between rules.c and senders.c. */
uint64_t relay_take_rate(struct app_reader *reader, const struct app_tree *tree);
uint64_t relay_take_burst(struct app_reader *reader, const struct app_tree *tree);
/* A rate without a burst gets a tenth of a second's worth. */
void relay_complete_limit(struct app_reader *reader, uint32_t line, struct nw_limit *limit);
bool relay_is_clean(const char *text, size_t bytes_max);
/* Once all topics are there, in lookup.c: so that they are found. -ENOMEM; -EINVAL, said. */
int relay_rules_index(struct relay_rules *rules, struct app_pool *pool, struct relay_sayer *sayer);
void relay_read_sender(struct app_reader *reader, const struct app_tree *item,
		       struct relay_sender *ret_sender);

/* ---- names that clients made known, for rules with prefixes ---- */

struct relay_names {
	char **texts;    /* [count] in order of arrival, each of malloc() */
	uint32_t *index; /* [room * 2], by number: position in texts + 1; 0: nothing */
	uint32_t count, count_max, room;
};

/* 0, or 1: it is there already; -ENOSPC: there are count_max; -ENOMEM. */
int relay_names_add(struct relay_names *names, const char *text);
/* Forgets those that came last. */
void relay_names_cut(struct relay_names *names, uint32_t count);
void relay_names_free(struct relay_names *names);

/* ---- what threads look at ---- */

struct relay_person {
	char name[RELAY_NAME_BYTES];
	uint32_t sender; /* its number */
	bool is_system;
	uint8_t priority_top;
	bool has_token; /* it was proved by this one */
	unsigned char token[RELAY_DIGEST_BYTES];
	bool has_uid; /* it was proved by that of a sender */
	uint32_t uid;
	unsigned char hears[RELAY_DIGEST_BYTES]; /* relay_ear_digest() of it */
};

/* How somebody shows who he is. */
struct relay_proof {
	const char *name;        /* that he gives; "": none */
	const char *token;       /* likewise */
	const char *certificate; /* name in a certificate that was checked; NULL: none */
	bool has_uid;            /* of a Unix socket's other end */
	uint32_t uid;
	bool is_local; /* loopback, or a Unix socket: may be anonymous */
};

struct relay_topic_state {
	uint32_t topic;
	uint32_t state; /* enum: nothing here, allowed, denied */
};

/* Immutable. Read in sections of RCU. */
struct relay_set {
	struct nw_rcu_head head;
	uint64_t version;
	struct relay_rules *rules;        /* held */
	struct relay_topic_state *topics; /* [topic_mask + 1], by topic, open addressing */
	uint32_t topic_mask, topic_count;
	const char **names; /* [name_count], sorted: topics that may be heard by prefix */
	uint32_t name_count;
	struct app_pool pool;
};

/*
 * Makes both of rules that were read and names that are known. What is wrong is said. 0; -EINVAL;
 * -ENOMEM; nothing is made then.
 */
int relay_compile(struct relay_rules *rules, const struct relay_names *names, uint64_t version,
		  struct nw_rules **ret_rules, struct relay_set **ret_set,
		  struct relay_sayer *sayer);
void relay_set_free(struct relay_set *set);

/* Whether packets of a topic may be let in at all. Any thread. */
bool relay_set_allows(const struct relay_set *set, uint32_t topic);
/* What the rules say of a name, exact ones before the longest prefix; NULL: nothing. */
const struct relay_topic *relay_rules_find(const struct relay_rules *rules, const char *name);

/* The rule for a sender of that name, its own or that for anybody; NULL: there is none. */
const struct relay_sender *relay_rules_sender(const struct relay_rules *rules, const char *name);

/* Who it is. False: ret_text (RELAY_TEXT_BYTES) says why it is nobody, and what to do. */
bool relay_identify(const struct relay_set *set, const struct relay_proof *proof,
		    struct relay_person *ret_person, char *ret_text);
/* Whether the person is still what it was, and updates it. */
bool relay_identify_again(const struct relay_set *set, struct relay_person *inout_person);

#endif /* APP_RELAY_RULES_H */
