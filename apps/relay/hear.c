/* SPDX-License-Identifier: MIT */
/*
 * What connections want to hear, and the names they make known.
 *
 * The engine hears topics by number. A prefix is all names of topics that are known: those of the
 * rules and those that clients made known. When one is added, everybody who hears a prefix of it
 * hears it too. Invariant: what a connection heard it hears on, until it says otherwise or ends.
 */
#include "relay/relay.h"

#include <errno.h>
#include <inttypes.h>
#include <nw/lane.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- prefixes ---- */

/* Numbers of the names that begin so; the caller frees *ret_topics. -ENOMEM. */
static int match(const struct relay_set *set, const char *prefix, uint32_t **ret_topics,
		 uint32_t *ret_count)
{
	size_t n = strlen(prefix);
	uint32_t count = 0, *topics = malloc(((size_t)set->name_count + 1) * sizeof(*topics));

	if (!topics)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->name_count; i++)
		if (strncmp(set->names[i], prefix, n) == 0)
			topics[count++] = nw_topic_id(set->names[i], strlen(set->names[i]));
	*ret_topics = topics;
	*ret_count = count;
	return 0;
}

static int apply(struct relay_hearing *hearing, const uint32_t *topics, uint32_t count, bool is_off)
{
	if (count == 0)
		return 0;
	if (hearing->guest)
		return nw_relay_guest_hear(hearing->guest, topics, count, !is_off);
	return is_off ? nw_relay_unsubscribe(hearing->subscriber, topics, count)
		      : nw_relay_subscribe(hearing->subscriber, topics, count);
}

/* As it was asked for before, or is asked for now. */
static int hear_known(struct relay_server *server, struct relay_hearing *hearing,
		      const char *prefix, bool is_off, uint32_t *ret_count)
{
	/* Only this thread replaces the set. */
	const struct relay_set *set = nw_rcu_dereference(&server->set);
	uint32_t *topics;
	int rc = match(set, prefix, &topics, ret_count);

	if (rc < 0)
		return rc;
	rc = apply(hearing, topics, *ret_count, is_off);
	free(topics);
	return rc;
}

void relay_hear_again(struct relay_server *server)
{
	for (struct relay_hearing *hearing = server->hearings; hearing; hearing = hearing->next)
		for (uint32_t i = 0; i < hearing->prefix_count; i++) {
			uint32_t count;

			if (hear_known(server, hearing, hearing->prefixes[i], false, &count) < 0)
				relay_log(server, "error", "hear", "{s:o, s:s}", "prefix",
					  relay_log_text(hearing->prefixes[i]), "reason",
					  "no memory");
		}
}

static int keep_prefix(struct relay_hearing *hearing, const char *prefix)
{
	for (uint32_t i = 0; i < hearing->prefix_count; i++)
		if (strcmp(hearing->prefixes[i], prefix) == 0)
			return 0;
	if (hearing->prefix_count == RELAY_PREFIX_MAX)
		return -E2BIG;
	hearing->prefixes[hearing->prefix_count] = strdup(prefix);
	if (!hearing->prefixes[hearing->prefix_count])
		return -ENOMEM;
	hearing->prefix_count++;
	return 0;
}

static void forget_prefix(struct relay_hearing *hearing, const char *prefix)
{
	for (uint32_t i = 0; i < hearing->prefix_count; i++) {
		if (strcmp(hearing->prefixes[i], prefix) != 0)
			continue;
		free(hearing->prefixes[i]);
		hearing->prefixes[i] = hearing->prefixes[--hearing->prefix_count];
		return;
	}
}

int relay_hear_prefix(struct relay_server *server, struct relay_hearing *hearing,
		      const char *prefix, bool is_off, uint32_t **ret_topics, uint32_t *ret_count)
{
	int rc = 0;

	if (is_off)
		forget_prefix(hearing, prefix);
	else
		rc = keep_prefix(hearing, prefix);
	return rc < 0 ? rc : match(nw_rcu_dereference(&server->set), prefix, ret_topics, ret_count);
}

/* ---- subscribers ---- */

/* The first thing a connection wants to hear: lanes, room for a frame. */
static int make_subscriber(struct relay_server *server, struct relay_conn *conn)
{
	struct nw_relay_subscriber_options options = {
		.lane_slots = (uint32_t)server->config.limits.queue_slots,
	};
	size_t deliver_bytes = RELAY_DELIVER_AT + RELAY_HEAD_BYTES +
			       RELAY_CHUNK * sizeof(struct nw_packet);
	uint64_t n_bytes = server->shard_count * nw_lane_bytes(options.lane_slots) + deliver_bytes;
	struct nw_relay_place place;
	int rc;

	if (!relay_memory_take(server, &conn->memory_bytes, n_bytes))
		return -EDQUOT;
	nw_relay_place(server->relay, conn->worker_idx, &place);
	options.node = place.node;
	rc = nw_mem_alloc(&conn->deliver_mem, place.node, deliver_bytes, 0);
	if (rc < 0) {
		conn->deliver_mem.base = NULL;
		return rc;
	}
	conn->deliver = conn->deliver_mem.base;
	rc = relay_hearing_create(server, &conn->hearing);
	if (rc == 0)
		rc = nw_relay_subscriber_open(&conn->subscriber, server->relay, &options);
	if (rc == 0)
		conn->hearing->subscriber = conn->subscriber;
	return rc;
}

int relay_hearing_create(struct relay_server *server, struct relay_hearing **ret_hearing)
{
	struct relay_hearing *hearing = *ret_hearing ? *ret_hearing : calloc(1, sizeof(*hearing));

	if (!hearing)
		return -ENOMEM;
	if (*ret_hearing)
		return 0;
	hearing->next = server->hearings;
	hearing->link = &server->hearings;
	if (hearing->next)
		hearing->next->link = &hearing->next;
	server->hearings = hearing;
	server->hearing_count++;
	*ret_hearing = hearing;
	return 0;
}

void relay_hearing_destroy(struct relay_server *server, struct relay_hearing *hearing)
{
	if (!hearing)
		return;
	server->hearing_count--;
	*hearing->link = hearing->next;
	if (hearing->next)
		hearing->next->link = hearing->link;
	for (uint32_t i = 0; i < hearing->prefix_count; i++)
		free(hearing->prefixes[i]);
	free(hearing);
}

static int hear_topics(struct relay_hearing *hearing, const struct relay_subscribe *subscribe,
		       uint32_t *ret_count)
{
	uint32_t count = (uint32_t)(subscribe->rest_bytes / sizeof(uint32_t));
	uint32_t *topics = malloc(subscribe->rest_bytes);
	int rc;

	if (!topics)
		return -ENOMEM;
	memcpy(topics, subscribe->rest, subscribe->rest_bytes);
	if (subscribe->is_off)
		rc = nw_relay_unsubscribe(hearing->subscriber, topics, count);
	else if (count > RELAY_HEARD_MAX - hearing->topic_count)
		rc = -E2BIG;
	else
		rc = nw_relay_subscribe(hearing->subscriber, topics, count);
	if (rc == 0 && !subscribe->is_off)
		hearing->topic_count += count;
	free(topics);
	*ret_count = count;
	return rc;
}

static int hear_by_prefix(struct relay_server *server, struct relay_hearing *hearing,
			  const struct relay_subscribe *subscribe, uint32_t *ret_count)
{
	char prefix[RELAY_TOPIC_NAME_MAX + 1];
	uint32_t *topics;
	int rc;

	if (subscribe->rest_bytes > RELAY_TOPIC_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(prefix, subscribe->rest, subscribe->rest_bytes);
	prefix[subscribe->rest_bytes] = '\0';
	rc = relay_hear_prefix(server, hearing, prefix, subscribe->is_off, &topics, ret_count);
	if (rc < 0)
		return rc;
	rc = apply(hearing, topics, *ret_count, subscribe->is_off);
	free(topics);
	return rc;
}

/* ---- rights ---- */

/* Whether the prefix of the frame is one that the person may hear; one that is too long is refused
 * elsewhere. */
static bool may_hear_prefix(const struct relay_set *set, const char *name,
			    const struct relay_subscribe *subscribe)
{
	char prefix[RELAY_TOPIC_NAME_MAX + 1];

	if (subscribe->rest_bytes > RELAY_TOPIC_NAME_MAX)
		return true;
	memcpy(prefix, subscribe->rest, subscribe->rest_bytes);
	prefix[subscribe->rest_bytes] = '\0';
	return relay_ear_takes_prefix(set, name, prefix);
}

/* The first topic of the frame that may not be heard, in *ret_topic. */
static bool may_hear_topics(const struct relay_ear *ear, const struct relay_subscribe *subscribe,
			    uint32_t *ret_topic)
{
	for (size_t at = 0; at + sizeof(*ret_topic) <= subscribe->rest_bytes;
	     at += sizeof(*ret_topic)) {
		memcpy(ret_topic, subscribe->rest + at, sizeof(*ret_topic));
		if (!relay_ear_takes(ear, *ret_topic))
			return false;
	}
	return true;
}

/* 0; -EACCES: ret_text says what; -ENOMEM. To hear no more is never refused. */
static int check_rights(struct relay_server *server, const struct relay_conn *conn,
			const struct relay_subscribe *subscribe, char *ret_text)
{
	const struct relay_set *set = nw_rcu_dereference(&server->set);
	const char *name = conn->person.name;
	struct relay_ear ear = { 0 };
	uint32_t topic = 0;
	bool is_so;
	int n, rc = subscribe->is_off ? 0 : relay_ear_tune(&ear, set, name);

	if (rc < 0 || subscribe->is_off)
		return rc;
	is_so = subscribe->what == RELAY_TOPICS   ? may_hear_topics(&ear, subscribe, &topic)
		: subscribe->what == RELAY_PREFIX ? may_hear_prefix(set, name, subscribe)
						  : ear.is_all;
	relay_ear_free(&ear);
	if (is_so)
		return 0;
	n = subscribe->what == RELAY_TOPICS
		    ? snprintf(ret_text, RELAY_TEXT_BYTES, "topic 0x%08" PRIx32, topic)
		    : snprintf(ret_text, RELAY_TEXT_BYTES, "%s",
			       subscribe->what == RELAY_PREFIX ? "that prefix" : "all topics");
	(void)snprintf(ret_text + n, RELAY_TEXT_BYTES - (size_t)n,
		       " is not for '%s' to hear: add it under hear in its rule%s", name,
		       subscribe->what == RELAY_TOPICS
			       ? "; under a prefix, once its name is known: hear the prefix"
			       : "");
	return -EACCES;
}

static int hear(struct relay_server *server, struct relay_conn *conn,
		const struct relay_subscribe *subscribe, uint32_t *ret_count)
{
	int rc = conn->subscriber ? 0 : make_subscriber(server, conn);

	*ret_count = 0;
	if (rc < 0)
		return rc;
	switch (subscribe->what) {
	case RELAY_TOPICS:
		return hear_topics(conn->hearing, subscribe, ret_count);
	case RELAY_PREFIX:
		return hear_by_prefix(server, conn->hearing, subscribe, ret_count);
	default:
		return nw_relay_subscribe_all(conn->subscriber, !subscribe->is_off);
	}
}

static void refuse(struct relay_conn *conn, enum relay_reason reason, const char *text)
{
	struct relay_refused refused = { .reason = (uint16_t)reason };

	(void)snprintf(refused.text, sizeof(refused.text), "%s", text);
	relay_conn_refuse(conn, &refused);
}

static void take_subscribe(struct relay_server *server, struct relay_conn *conn,
			   const struct relay_frame *frame)
{
	struct relay_subscribe subscribe;
	char text[RELAY_TEXT_BYTES];
	uint32_t count;
	int rc;

	if (!relay_get_subscribe(frame, &subscribe)) {
		relay_conn_end(conn, RELAY_REASON_PROTOCOL, "a SUBSCRIBE that is none");
		return;
	}
	rc = check_rights(server, conn, &subscribe, text);
	if (rc == 0)
		rc = hear(server, conn, &subscribe, &count);
	if (rc == 0)
		relay_conn_ack(conn, count);
	else if (rc == -EACCES)
		refuse(conn, RELAY_REASON_DENIED, text);
	else if (rc == -EDQUOT)
		refuse(conn, RELAY_REASON_LIMIT,
		       "no memory for another subscriber: limits.memory is reached");
	else if (rc == -E2BIG)
		refuse(conn, RELAY_REASON_LIMIT,
		       "one client hears at most 64 prefixes and 65536 topics; hear all instead");
	else
		refuse(conn, RELAY_REASON_LIMIT, strerror(-rc));
}

/* ---- names ---- */

/* Whether the rules let anything in under this name. */
static bool is_allowed(const struct relay_rules *rules, const char *name)
{
	const struct relay_topic *topic = relay_rules_find(rules, name);

	return topic ? !topic->is_denied : rules->allow_all;
}

/* -EACCES; -EINVAL: not a name; -ENOSPC, -ENOMEM. 1: it was known, 0: it is new. */
static int take_name(struct relay_server *server, const char *name)
{
	const struct relay_topic *topic = relay_rules_find(server->rules, name);

	if (!relay_is_clean(name, RELAY_TOPIC_NAME_MAX))
		return -EINVAL;
	if (!is_allowed(server->rules, name))
		return -EACCES;
	if (topic && !topic->is_prefix)
		return 1; /* the rules have it */
	return relay_names_add(&server->names, name);
}

static void refuse_name(struct relay_conn *conn, uint32_t accepted, int rc, const char *name)
{
	struct relay_refused refused = { .accepted = accepted };

	refused.reason = rc == -EACCES   ? RELAY_REASON_DENIED
			 : rc == -EINVAL ? RELAY_REASON_PROTOCOL
					 : RELAY_REASON_LIMIT;
	(void)snprintf(refused.text, sizeof(refused.text),
		       rc == -EACCES   ? "no rule allows topic '%.80s': add it under topics in the "
					 "rules, or try nodewise relay --allow-all"
		       : rc == -EINVAL ? "'%.80s' is no name of a topic"
				       : "no room for the name of topic '%.80s': limits.names is "
					 "reached, or another one has its number",
		       name);
	relay_conn_refuse(conn, &refused);
}

static void hear_name(void *arg, const char *path, uint32_t line, const char *text)
{
	relay_log_seldom(arg, "warning", "name_refused", "{s:o, s:o, s:i}", "reason",
			 relay_log_text(text), "file", relay_log_text(path), "line", (int)line);
}

/* New names are in force before the answer. False: one of them cannot be; they are forgotten. */
static bool install_names(struct relay_server *server, uint32_t count_before)
{
	struct relay_sayer sayer = { .say = hear_name, .arg = server };

	if (server->names.count == count_before)
		return true;
	if (relay_rules_install(server, server->rules, &sayer) == 0)
		return true;
	relay_names_cut(&server->names, count_before);
	return false;
}

static void take_names(struct relay_server *server, struct relay_conn *conn,
		       const struct relay_frame *frame)
{
	uint32_t before = server->names.count, count = 0;
	char name[RELAY_TOPIC_NAME_MAX + 1] = "";
	size_t at = 0;
	int rc = 0;

	while (rc >= 0 && relay_get_name(frame, &at, name)) {
		rc = take_name(server, name);
		count += rc >= 0;
	}
	if (!install_names(server, before))
		refuse_name(conn, 0, -ENOSPC, name);
	else if (rc < 0)
		refuse_name(conn, count, rc, name);
	else if (at < frame->body_bytes)
		relay_conn_end(conn, RELAY_REASON_PROTOCOL, "a NAMES that is none");
	else
		relay_conn_ack(conn, count);
}

void relay_hear(struct relay_server *server, struct relay_conn *conn)
{
	struct relay_frame frame;
	int n = relay_conn_frame(conn, server->config.limits.body_bytes, &frame);

	/* The worker has seen that it is one of these. */
	if (n > 0 && frame.kind == RELAY_SUBSCRIBE)
		take_subscribe(server, conn, &frame);
	else if (n > 0 && frame.kind == RELAY_NAMES)
		take_names(server, conn, &frame);
	else if (n > 0 && frame.kind == RELAY_MOVE)
		relay_slots_take(server, conn, &frame);
	if (n > 0 && !conn->is_ended)
		relay_conn_drop(conn, (size_t)n);
	relay_mail_put(&server->workers[conn->worker_idx]->mail, conn);
}
