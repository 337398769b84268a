/* SPDX-License-Identifier: MIT */
/*
 * The bridge as a whole: its connection, its threads, what is told of it.
 *
 * Each way has a connection of its own, and makes it again when it is lost; libnats would try again
 * by itself, but what it keeps meanwhile comes before what is published again, and against a server
 * that takes connections and says nothing it gave up. Invariant: the threads touch nothing of the
 * control thread's; what goes wrong is a text under a lock, which the control thread logs.
 */
#include "relay/bridge_parts.h"

#include "common/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AGAIN_MS = 200, CONNECT_MS = 2000, PING_MS = 2000, PINGS_OUT = 2 };

bool relay_bridge_is_built(void)
{
	return true;
}

/* ---- problems ---- */

void bridge_problem(struct relay_bridge *bridge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pthread_mutex_lock(&bridge->lock);
	(void)vsnprintf(bridge->problem, sizeof(bridge->problem), format, args);
	bridge->problem_count++;
	pthread_mutex_unlock(&bridge->lock);
	va_end(args);
}

/* False: nothing is new since the control thread told. */
static bool new_problem(struct relay_bridge *bridge, char *ret_text)
{
	bool is_new;

	pthread_mutex_lock(&bridge->lock);
	is_new = bridge->problem_count != bridge->told_count;
	bridge->told_count = bridge->problem_count;
	memcpy(ret_text, bridge->problem, sizeof(bridge->problem));
	pthread_mutex_unlock(&bridge->lock);
	/* The same again is no news, until a connection was there or lost. */
	if (is_new && strcmp(ret_text, bridge->told) == 0)
		return false;
	if (is_new)
		memcpy(bridge->told, ret_text, sizeof(bridge->told));
	return is_new;
}

bool bridge_is_stopping(const struct relay_bridge *bridge)
{
	/* relaxed: a hint, may be stale. */
	return atomic_load_explicit(&bridge->is_stopping, memory_order_relaxed);
}

/* ---- connections ---- */

/* Without what stands before an @: it may be a secret. */
static const char *host_of(const char *url)
{
	const char *at = strrchr(url, '@');

	return at ? at + 1 : url;
}

static natsStatus set_options(const struct relay_bridge_config *config, natsOptions *options)
{
	natsStatus s = natsOptions_SetURL(options, config->url);

	if (s == NATS_OK)
		s = natsOptions_SetName(options, "nodewise relay");
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(options, false);
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(options, CONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetPingInterval(options, PING_MS);
	if (s == NATS_OK)
		s = natsOptions_SetMaxPingsOut(options, PINGS_OUT);
	if (s == NATS_OK && config->credentials)
		s = natsOptions_SetUserCredentialsFromFiles(options, config->credentials, NULL);
	if (s == NATS_OK && strncmp(config->url, "tls:", 4) == 0)
		s = natsOptions_SetSecure(options, true);
	if (s == NATS_OK && config->ca)
		s = natsOptions_LoadCATrustedCertificates(options, config->ca);
	return s;
}

static natsStatus connect_to(const struct relay_bridge *bridge, struct bridge_link *link)
{
	natsOptions *options = NULL;
	natsStatus s = natsOptions_Create(&options);

	if (s == NATS_OK)
		s = set_options(bridge->config, options);
	if (s == NATS_OK)
		s = natsConnection_Connect(&link->connection, options);
	natsOptions_Destroy(options);
	if (s == NATS_OK)
		s = natsConnection_JetStream(&link->js, link->connection, NULL);
	return s;
}

/* False: a problem, told. */
static bool has_stream(struct relay_bridge *bridge, const struct bridge_link *link)
{
	const struct relay_bridge_config *config = bridge->config;
	char subject[BRIDGE_TEXT_BYTES];
	const char *subjects[] = { subject };
	jsStreamConfig stream;
	jsErrCode code = 0;
	natsStatus s;

	if (!config->creates)
		return true;
	(void)snprintf(subject, sizeof(subject), "%s.>", config->subject);
	(void)jsStreamConfig_Init(&stream); /* fails only for NULL */
	stream.Name = config->stream;
	stream.Subjects = subjects;
	stream.SubjectsLen = 1;
	s = js_AddStream(NULL, link->js, &stream, NULL, &code);
	if (s == NATS_OK || code == JSStreamNameExistErr)
		return true;
	bridge_problem(bridge, "stream %s cannot be made: %s", config->stream,
		       natsStatus_GetText(s));
	return false;
}

static void set_up(struct bridge_link *link, bool is_up)
{
	/* relaxed: a statistic. */
	atomic_store_explicit(&link->is_up, is_up, memory_order_relaxed);
	relay_count(&link->ups, is_up);
}

void bridge_link_close(struct bridge_link *link)
{
	jsCtx_Destroy(link->js);
	natsConnection_Destroy(link->connection);
	link->js = NULL;
	link->connection = NULL;
	set_up(link, false);
}

bool bridge_link_is_up(const struct bridge_link *link)
{
	return link->connection &&
	       natsConnection_Status(link->connection) == NATS_CONN_STATUS_CONNECTED;
}

bool bridge_link_make(struct relay_bridge *bridge, struct bridge_link *link)
{
	uint64_t now_ns = relay_now_ns();
	natsStatus s;

	if (link->connection)
		bridge_link_close(link);
	if (link->tried_ns > 0 && now_ns - link->tried_ns < UINT64_C(1000000) * AGAIN_MS)
		return false;
	link->tried_ns = now_ns;
	s = connect_to(bridge, link);
	if (s != NATS_OK)
		bridge_problem(bridge, "no connection to %s: %s", host_of(bridge->config->url),
			       natsStatus_GetText(s));
	if (s != NATS_OK || !has_stream(bridge, link)) {
		bridge_link_close(link);
		return false;
	}
	set_up(link, true);
	return true;
}

/* ---- from the control thread ---- */

/* Whom it is, is for this user to know. The library looks at the file only when it connects. */
static int check_credentials(const struct relay_server *server)
{
	const char *path = server->config.bridge.credentials, *config = server->options.config;

	if (config && strchr(server->config.bridge.url, '@') && relay_may_others_read(config))
		return app_failed(RELAY_NAME,
				  "bridge: there is a password in %s, and everybody may read it; "
				  "chmod o-r it",
				  config);
	if (!path)
		return APP_OK;
	if (access(path, R_OK) < 0)
		return app_failed(RELAY_NAME, "bridge: credentials %s: %s", path, strerror(errno));
	if (relay_may_others_read(path))
		return app_failed(RELAY_NAME,
				  "bridge: credentials %s: others may read it; chmod o-r it", path);
	return APP_OK;
}

/* Files that cannot be read are found at the start; a server that is not there is waited for. */
static int check_options(const struct relay_server *server)
{
	const struct relay_bridge_config *config = &server->config.bridge;
	natsOptions *options = NULL;
	natsStatus s;

	if (check_credentials(server) != APP_OK)
		return APP_FAILED;
	s = natsOptions_Create(&options);
	if (s == NATS_OK)
		s = set_options(config, options);
	natsOptions_Destroy(options);
	if (s == NATS_OK)
		return APP_OK;
	return app_failed(RELAY_NAME, "bridge: url %s, or ca, cannot be used: %s",
			  host_of(config->url), natsStatus_GetText(s));
}

static struct relay_bridge *create(struct relay_server *server)
{
	size_t n_bytes = (sizeof(struct relay_bridge) + NW_CACHE_PAIR - 1) / NW_CACHE_PAIR *
			 NW_CACHE_PAIR;
	struct relay_bridge *bridge = aligned_alloc(NW_CACHE_PAIR, n_bytes);

	if (!bridge)
		return NULL;
	memset(bridge, 0, n_bytes);
	bridge->server = server;
	bridge->config = &server->config.bridge;
	(void)pthread_mutex_init(&bridge->lock, NULL); /* of default attributes, it does not fail */
	return bridge;
}

int relay_bridge_open(struct relay_server *server)
{
	struct relay_bridge *bridge;
	int rc = 0;

	if (!server->config.bridge.url)
		return APP_OK;
	if (check_options(server) != APP_OK)
		return APP_FAILED;
	bridge = server->bridge = create(server);
	if (!bridge)
		return app_failed(RELAY_NAME, "no memory for the bridge");
	if (bridge->config->has_out)
		rc = bridge_out_open(bridge);
	if (rc == 0 && bridge->config->has_in)
		rc = bridge_in_open(bridge);
	return rc < 0 ? app_failed(RELAY_NAME, "bridge: %s", strerror(-rc)) : APP_OK;
}

int relay_bridge_start(struct relay_server *server)
{
	struct relay_bridge *bridge = server->bridge;
	int error = 0;

	if (!bridge)
		return APP_OK;
	if (bridge->config->has_out) {
		error = pthread_create(&bridge->out_thread, NULL, bridge_out_run, bridge);
		bridge->has_out_thread = error == 0;
	}
	if (error == 0 && bridge->config->has_in) {
		error = pthread_create(&bridge->in_thread, NULL, bridge_in_run, bridge);
		bridge->has_in_thread = error == 0;
	}
	return error ? app_failed(RELAY_NAME, "bridge: %s", strerror(error)) : APP_OK;
}

/* Each way that there is. */
static bool is_connected(const struct relay_bridge *bridge)
{
	/* relaxed: a statistic. */
	bool out = atomic_load_explicit(&bridge->out.link.is_up, memory_order_relaxed);
	/* relaxed: a statistic. */
	bool in = atomic_load_explicit(&bridge->in.link.is_up, memory_order_relaxed);

	return (out || !bridge->config->has_out) && (in || !bridge->config->has_in);
}

void relay_bridge_tick(struct relay_server *server)
{
	struct relay_bridge *bridge = server->bridge;
	char text[BRIDGE_TEXT_BYTES];
	bool is_up;

	if (!bridge)
		return;
	is_up = is_connected(bridge);
	if (is_up != bridge->is_told_connected) {
		const char *event = is_up ? "bridge_connected" : "bridge_disconnected";

		relay_log(server, is_up ? "info" : "warning", event, "{s:s}", "stream",
			  bridge->config->stream);
		relay_segment_note(server, is_up ? "bridge connected" : "bridge lost");
	}
	if (is_up != bridge->is_told_connected)
		*bridge->told = '\0';
	bridge->is_told_connected = is_up;
	if (new_problem(bridge, text))
		relay_log_seldom(server, "warning", "bridge", "{s:o}", "reason",
				 relay_log_text(text));
}

void relay_bridge_counts(const struct relay_server *server, struct relay_bridge_counts *ret_counts)
{
	const struct relay_bridge *bridge = server->bridge;
	struct nw_relay_subscriber_counts lanes = { 0 };
	uint64_t out;

	*ret_counts = (struct relay_bridge_counts){ 0 };
	if (!bridge)
		return;
	*ret_counts = (struct relay_bridge_counts){
		.is_connected = is_connected(bridge),
		.connects = relay_counted(&bridge->out.link.ups) +
			    relay_counted(&bridge->in.link.ups),
		.acknowledged = relay_counted(&bridge->out.acknowledged),
		.taken = relay_counted(&bridge->out.taken),
		.published = relay_counted(&bridge->out.published),
		.again = relay_counted(&bridge->out.again),
		.duplicates = relay_counted(&bridge->out.duplicates),
		.refused = relay_counted(&bridge->out.refused),
		.came = relay_counted(&bridge->in.came),
		.redelivered = relay_counted(&bridge->in.redelivered),
		.in_acknowledged = relay_counted(&bridge->in.acknowledged),
		.accepted = relay_counted(&bridge->in.accepted),
		.retried = relay_counted(&bridge->in.retried),
		.bad = relay_counted(&bridge->in.bad),
	};
	out = ret_counts->taken + relay_counted(&bridge->out.skipped);
	if (bridge->out.subscriber)
		nw_relay_subscriber_counts(bridge->out.subscriber, &lanes);
	ret_counts->lost = lanes.lost;
	if (lanes.offered - lanes.lost > out)
		ret_counts->in_lanes = lanes.offered - lanes.lost - out;
}

bool relay_bridge_is_empty(const struct relay_server *server)
{
	struct relay_bridge_counts counts;

	relay_bridge_counts(server, &counts);
	return counts.in_lanes == 0 && counts.taken == counts.acknowledged;
}

void relay_bridge_stop(struct relay_server *server)
{
	struct relay_bridge *bridge = server->bridge;

	if (!bridge)
		return;
	/* relaxed: the value alone; the joins order the rest. */
	atomic_store_explicit(&bridge->is_stopping, true, memory_order_relaxed);
	if (bridge->has_out_thread)
		(void)pthread_join(bridge->out_thread, NULL); /* it is there, and joined once */
	if (bridge->has_in_thread)
		(void)pthread_join(bridge->in_thread, NULL);
	bridge->has_out_thread = bridge->has_in_thread = false;
}

void relay_bridge_close(struct relay_server *server)
{
	struct relay_bridge *bridge = server->bridge;

	if (!bridge)
		return;
	bridge_out_close(bridge);
	bridge_in_close(bridge);
	nats_Close();
	(void)pthread_mutex_destroy(&bridge->lock); /* nobody has it */
	free(bridge);
	server->bridge = NULL;
}
