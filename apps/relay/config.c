/* SPDX-License-Identifier: MIT */
/*
 * The file of a relay.
 * Invariant: one table a map, and every number has its range there.
 */
#include "relay/config.h"

#include "common/app.h"
#include "relay/bridge.h"
#include "relay/number.h"

#include <errno.h>
#include <inttypes.h>
#include <nw/relay.h>
#include <nw/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1:7770"
#define DEFAULT_HTTP    "127.0.0.1:7771"

enum { LANE_SLOTS_MAX = 1 << 20 };

static const struct relay_number engine_numbers[] = {
	RELAY_NUMBER("shards", shard_count, RELAY_COUNT, 0, NW_RELAY_SHARDS_MAX, 0, false),
	RELAY_NUMBER("ring", ring_slots, RELAY_COUNT, NW_RELAY_RING_SLOTS_MIN,
		     NW_RELAY_RING_SLOTS_MAX, 8192, true),
	RELAY_NUMBER("batch", batch, RELAY_COUNT, 1, NW_RELAY_BATCH_MAX, 256, false),
	RELAY_NUMBER("spin", spin_ns, RELAY_TIME, 0, RELAY_NS_PER_S, 50000, false),
	RELAY_NUMBER("tick", tick_ns, RELAY_TIME, 100000, 100000000, 1000000, false),
};

static const struct relay_number limit_numbers[] = {
	RELAY_NUMBER("frame", limits.body_bytes, RELAY_BYTES, RELAY_BODY_MIN, RELAY_BODY_MAX, 65536,
		     false),
	RELAY_NUMBER("clients", limits.client_max, RELAY_COUNT, 1, 1000000, 1024, false),
	RELAY_NUMBER("memory", limits.memory_bytes, RELAY_BYTES, 1 << 20, UINT64_C(1) << 40,
		     256 << 20, false),
	RELAY_NUMBER("queue", limits.queue_slots, RELAY_COUNT, 16, LANE_SLOTS_MAX, 4096, true),
	RELAY_NUMBER("names", limits.name_max, RELAY_COUNT, 0, 1 << 20, 65536, false),
	RELAY_NUMBER("hello", limits.hello_ns, RELAY_TIME, 1000000, 3600 * RELAY_NS_PER_S,
		     5 * RELAY_NS_PER_S, false),
	RELAY_NUMBER("slow", limits.slow_ns, RELAY_TIME, 1000000, 3600 * RELAY_NS_PER_S,
		     10 * RELAY_NS_PER_S, false),
	RELAY_NUMBER("lost", limits.lost_max, RELAY_COUNT, 0, UINT64_MAX / 2, 0, false),
};

static const struct relay_number drain_number = RELAY_NUMBER(
	"drain", drain_ns, RELAY_TIME, 0, 3600 * RELAY_NS_PER_S, 10 * RELAY_NS_PER_S, false);

/* The tree may end before the config. */
static const char *keep(struct app_reader *reader, struct relay_config *config, const char *text)
{
	const char *copy = app_pool_text(&config->pool, text, strlen(text));

	reader->is_out_of_memory |= copy == NULL;
	return copy;
}

/* ---- listen ---- */

static void take_address(struct app_reader *reader, const struct app_tree *tree,
			 struct relay_address *into)
{
	const char *text = NULL;

	if (!app_take_text(reader, tree, &text))
		return;
	if (strcmp(text, "none") == 0)
		*into = (struct relay_address){ .text = "" };
	else if (!relay_address_parse(text, into))
		app_refuse(reader, tree, "ADDRESS:PORT in numbers, as 127.0.0.1:7770, or none");
	into->line = tree->line;
}

static void listen_unix(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;
	const char *text = NULL;

	if (!app_take_text(reader, tree, &text))
		return;
	if (strcmp(text, "none") == 0)
		config->unix_path = (struct relay_address){ .text = "" };
	else if (!relay_address_path(text, &config->unix_path))
		app_refuse(reader, tree, "a path of 1 to 107 bytes, or none");
}

static void listen_tcp(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	take_address(reader, tree, &((struct relay_config *)into)->tcp);
}

static void listen_udp(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	take_address(reader, tree, &((struct relay_config *)into)->udp);
}

static void listen_http(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	take_address(reader, tree, &((struct relay_config *)into)->http);
}

static void config_listen(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = { { "unix", listen_unix },
						   { "tcp", listen_tcp },
						   { "udp", listen_udp },
						   { "http", listen_http } };

	reader->what = "listen";
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
}

/* ---- engine, limits ---- */

static void engine_number(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_numbers(reader, tree, engine_numbers, APP_COUNT_OF(engine_numbers), into);
}

static void engine_nodes(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;
	struct nw_diag diag = { "" };
	uint32_t *list = NULL, count = 0;
	const char *text = NULL;

	if (!app_take_text(reader, tree, &text))
		return;
	if (app_parse_list(text, &list, &count, &diag) < 0)
		app_reader_bad(reader, tree->line, "%s: nodes: %s", reader->what, diag.text);
	else
		config->nodes = keep(reader, config, text);
	free(list);
}

static void engine_pin(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;

	config->no_pin = !app_take_bool(reader, tree);
}

static const char *const io_names[] = {
	[RELAY_IO_AUTO] = "auto", [RELAY_IO_EPOLL] = "epoll", [RELAY_IO_URING] = "uring"
};

bool relay_io_parse(const char *text, enum relay_io *ret_io)
{
	for (unsigned i = 0; i < APP_COUNT_OF(io_names); i++) {
		if (strcmp(text, io_names[i]) != 0)
			continue;
		*ret_io = (enum relay_io)i;
		return true;
	}
	return false;
}

const char *relay_io_name(enum relay_io io)
{
	return io_names[io];
}

static void engine_io(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;

	if (tree->kind != APP_TREE_TEXT || !relay_io_parse(tree->text, &config->io))
		app_refuse(reader, tree, "auto, epoll or uring");
}

static void config_engine(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = {
		{ "shards", engine_number }, { "ring", engine_number }, { "batch", engine_number },
		{ "spin", engine_number },   { "tick", engine_number }, { "nodes", engine_nodes },
		{ "pin", engine_pin },       { "io", engine_io },
	};

	reader->what = "engine";
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
}

static void limit_number(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_numbers(reader, tree, limit_numbers, APP_COUNT_OF(limit_numbers), into);
}

static void config_limits(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = {
		{ "frame", limit_number }, { "clients", limit_number }, { "memory", limit_number },
		{ "queue", limit_number }, { "names", limit_number },   { "hello", limit_number },
		{ "slow", limit_number },  { "lost", limit_number },
	};

	reader->what = "limits";
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
}

/* ---- the file ---- */

static void config_drain(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_numbers(reader, tree, &drain_number, 1, into);
}

static void tls_path(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;
	const char **path = strcmp(tree->key, "certificate") == 0 ? &config->tls.certificate
			    : strcmp(tree->key, "key") == 0       ? &config->tls.key
								  : &config->tls.client_ca;
	const char *text;

	if (app_take_text(reader, tree, &text))
		*path = keep(reader, config, text);
}

static void config_tls(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = { { "certificate", tls_path },
						   { "key", tls_path },
						   { "client_ca", tls_path } };
	struct relay_config *config = into;

	reader->what = "tls";
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
	config->tls.line = tree->line;
	if (!config->tls.certificate || !config->tls.key)
		app_reader_bad(reader, tree->line, "tls: it needs certificate and key, two paths");
}

/* The rules are read behind the rest. */
static const struct app_field config_fields[] = {
	{ "listen", config_listen }, { "engine", config_engine },
	{ "limits", config_limits }, { "bridge", relay_bridge_take },
	{ "drain", config_drain },   { "tls", config_tls },
	{ "rules", NULL },
};

void relay_config_take(struct app_reader *reader, const struct app_tree *tree,
		       struct relay_config *config)
{
	reader->what = "the file";
	app_take_map(reader, tree, config_fields, APP_COUNT_OF(config_fields), config);
}

void relay_config_defaults(struct relay_config *config)
{
	char path[RELAY_UNIX_BYTES];

	relay_numbers_default(config, engine_numbers, APP_COUNT_OF(engine_numbers));
	relay_numbers_default(config, limit_numbers, APP_COUNT_OF(limit_numbers));
	relay_numbers_default(config, &drain_number, 1);
	relay_bridge_defaults(config);
	(void)relay_address_parse(DEFAULT_ADDRESS, &config->tcp);
	(void)relay_address_parse(DEFAULT_ADDRESS, &config->udp);
	(void)relay_address_parse(DEFAULT_HTTP, &config->http);
	if (relay_default_path(path, sizeof(path)) == 0)
		(void)relay_address_path(path, &config->unix_path);
}

int relay_default_path(char *ret_path, size_t path_bytes)
{
	char folder[RELAY_UNIX_BYTES];
	int rc = nw_stats_folder(folder, sizeof(folder)), n;

	if (rc < 0)
		return rc;
	n = snprintf(ret_path, path_bytes, "%s/relay.sock", folder);
	return n > 0 && (size_t)n < path_bytes ? 0 : -ENAMETOOLONG;
}

/* ---- for people ---- */

static const char *text_or_none(const char *text)
{
	return *text ? text : "none";
}

json_t *relay_config_json(const struct relay_config *config)
{
	json_t *engine = relay_numbers_json(config, engine_numbers, APP_COUNT_OF(engine_numbers));
	json_t *limits = relay_numbers_json(config, limit_numbers, APP_COUNT_OF(limit_numbers));

	(void)json_object_set_new(engine, "nodes",
				  json_string(config->nodes ? config->nodes : "all"));
	(void)json_object_set_new(engine, "pin", json_boolean(!config->no_pin));
	(void)json_object_set_new(engine, "io", json_string(relay_io_name(config->io)));
	return json_pack(
		"{s:{s:s, s:s, s:s, s:s}, s:o, s:o, s:f, s:o*, s:b, s:{s:s, s:s, s:i, s:i, s:b}}",
		"listen", "unix", text_or_none(config->unix_path.text), "tcp",
		text_or_none(config->tcp.text), "udp", text_or_none(config->udp.text), "http",
		text_or_none(config->http.text), "engine", engine, "limits", limits, "drain",
		(double)config->drain_ns / (double)RELAY_NS_PER_S, "bridge",
		relay_bridge_json(config), "tls", (int)(config->tls.certificate != NULL), "rules",
		"from", config->rules->path, "version", config->rules->label, "topics",
		(int)config->rules->topic_count, "senders", (int)config->rules->sender_count,
		"allow_all", (int)config->rules->allow_all);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

const char *relay_config_differs(const struct relay_config *running,
				 const struct relay_config *wanted)
{
	const char *key = relay_numbers_differ(running, wanted, engine_numbers,
					       APP_COUNT_OF(engine_numbers));

	if (!key)
		key = relay_numbers_differ(running, wanted, limit_numbers,
					   APP_COUNT_OF(limit_numbers));
	if (!key)
		key = relay_numbers_differ(running, wanted, &drain_number, 1);
	if (!key && (!same(running->unix_path.text, wanted->unix_path.text) ||
		     !same(running->tcp.text, wanted->tcp.text) ||
		     !same(running->udp.text, wanted->udp.text) ||
		     !same(running->http.text, wanted->http.text)))
		key = "listen";
	if (!key && (!same(running->nodes, wanted->nodes) || running->no_pin != wanted->no_pin ||
		     running->io != wanted->io))
		key = "engine";
	/* Certificates are read again; whether there are any is not. */
	if (!key && relay_bridge_differs(running, wanted))
		key = "bridge";
	if (!key && (running->tls.certificate != NULL) != (wanted->tls.certificate != NULL))
		key = "tls";
	return key;
}
