/* SPDX-License-Identifier: MIT */
/*
 * Rules into force, at the start, on SIGHUP, and when a name is new.
 *
 * The engine's shards get theirs first, and every worker has passed a round before the program's
 * set is replaced and anybody is told: a packet that is let in by the new set is never judged by
 * the old one. Invariant: a set that has a mistake changes nothing; every mistake is told with file
 * and line.
 */
#include "relay/relay.h"

#include "common/app.h"

#include <nw/bell.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 2, SETTLE_STEPS = 400, SETTLE_STEP_NS = 50000 };

static void ring_all(struct relay_server *server)
{
	for (uint32_t i = 0; i < server->shard_count; i++)
		nw_bell_ring(server->workers[i]->mail.bell_fd);
}

/* Until each worker has begun two more rounds; not for ever: one that hangs is not waited for. */
static void settle(struct relay_server *server)
{
	const struct timespec step = { .tv_nsec = SETTLE_STEP_NS };
	uint64_t before[NW_RELAY_SHARDS_MAX] = { 0 };

	for (uint32_t i = 0; i < server->shard_count; i++)
		before[i] = relay_counted(&server->workers[i]->tally.rounds);
	for (int n = 0; n < SETTLE_STEPS; n++) {
		uint32_t done = 0;

		ring_all(server);
		for (uint32_t i = 0; i < server->shard_count; i++)
			done += relay_counted(&server->workers[i]->tally.rounds) - before[i] >=
				ROUNDS;
		if (done == server->shard_count)
			return;
		(void)nanosleep(&step, NULL); /* a signal only makes it shorter */
	}
}

static void free_set(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	(void)arg;
	relay_set_free(ptr);
}

int relay_rules_install(struct relay_server *server, struct relay_rules *rules,
			struct relay_sayer *sayer)
{
	struct relay_set *set, *old;
	struct nw_rules *made;
	int rc = relay_compile(rules, &server->names, server->set_version + 1, &made, &set, sayer);

	if (rc < 0)
		return rc;
	server->set_version++;
	nw_relay_rules_set(server->relay, made);
	if (relay_stage_of(server) == RELAY_STAGE_RUN)
		settle(server);
	old = nw_rcu_exchange_pointer(&server->set, set);
	if (old)
		nw_rcu_call(server->control, &old->head, old, free_set, NULL);
	if (server->rules != rules) {
		relay_rules_drop(server->rules);
		rules->holder_count++;
		server->rules = rules;
	}
	relay_segment_limits(server);
	ring_all(server);
	relay_hear_again(server);
	relay_guests_identify(server);
	return 0;
}

/* ---- SIGHUP ---- */

static void say_refused(void *arg, const char *path, uint32_t line, const char *text)
{
	struct relay_server *server = arg;
	char note[NW_STATS_NOTE_BYTES];

	relay_log(server, "error", "rules_refused", "{s:o, s:i, s:o}", "file", relay_log_text(path),
		  "line", (int)line, "reason", relay_log_text(text));
	(void)snprintf(note, sizeof(note), "rules refused: %s:%u: %s", path, (unsigned)line, text);
	relay_segment_note(server, note);
}

static void say_taken(struct relay_server *server, const struct relay_config *config)
{
	const char *differs = relay_config_differs(&server->config, config);
	char note[NW_STATS_NOTE_BYTES];

	relay_log(server, "info", "rules_taken", "{s:o, s:s, s:I, s:i, s:i}", "file",
		  relay_log_text(config->rules->path), "version", config->rules->label, "set",
		  (json_int_t)server->set_version, "topics", (int)config->rules->topic_count,
		  "senders", (int)config->rules->sender_count);
	if (differs)
		relay_log(server, "warning", "needs_restart", "{s:s}", "key", differs);
	(void)snprintf(note, sizeof(note), "rules taken: %s, version '%s'", config->rules->path,
		       config->rules->label);
	relay_segment_note(server, note);
}

/* Certificates are replaced; whether there is TLS is decided at the start. */
static void take_tls(struct relay_server *server, struct relay_config *config)
{
	void *before = server->config.tls_context;

	if (!before || !config->tls_context)
		return;
	server->config.tls_context = config->tls_context;
	config->tls_context = before;
}

void relay_reload(struct relay_server *server)
{
	struct relay_sayer sayer = { .say = say_refused, .arg = server };
	struct relay_config config;
	char text[80];
	int rc;

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		       (unsigned long long)(relay_now_ns() / 1000));
	relay_notify(text);
	rc = relay_config_read(&config, &server->options, &sayer);
	if (rc == 0) {
		rc = relay_rules_install(server, config.rules, &sayer);
		if (rc == 0)
			take_tls(server, &config);
		if (rc == 0)
			say_taken(server, &config);
		relay_config_free(&config);
	}
	if (rc < 0 && sayer.bad_count == 0)
		say_refused(server, server->options.config ? server->options.config : "", 0,
			    strerror(-rc));
	server->reloads[rc == 0]++;
	relay_notify("READY=1");
}
