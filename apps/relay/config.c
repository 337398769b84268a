/* SPDX-License-Identifier: MIT */
/*
 * The file of a relay.
 * Invariant: one table a map, and every number has its range there.
 */
#include "relay/config.h"

#include "common/app.h"

#include <errno.h>
#include <inttypes.h>
#include <nw/relay.h>
#include <nw/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S        UINT64_C(1000000000)
#define DEFAULT_ADDRESS "127.0.0.1:7770"
#define DEFAULT_HTTP    "127.0.0.1:7771"

enum { LANE_SLOTS_MAX = 1 << 20 };

/* What a number may be, and how it is written. */
enum unit { COUNT, BYTES, TIME };

struct number {
	const char *key;
	size_t at; /* in struct relay_config */
	enum unit unit;
	uint64_t min, max, initial;
	bool is_pow2;
};

#define NUMBER(key, field, ...)                                        \
	{                                                              \
		key, offsetof(struct relay_config, field), __VA_ARGS__ \
	}

static const struct number engine_numbers[] = {
	NUMBER("shards", shard_count, COUNT, 0, NW_RELAY_SHARDS_MAX, 0, false),
	NUMBER("ring", ring_slots, COUNT, NW_RELAY_RING_SLOTS_MIN, NW_RELAY_RING_SLOTS_MAX, 8192,
	       true),
	NUMBER("batch", batch, COUNT, 1, NW_RELAY_BATCH_MAX, 256, false),
	NUMBER("spin", spin_ns, TIME, 0, NS_PER_S, 50000, false),
	NUMBER("tick", tick_ns, TIME, 100000, 100000000, 1000000, false),
};

static const struct number limit_numbers[] = {
	NUMBER("frame", limits.body_bytes, BYTES, RELAY_BODY_MIN, RELAY_BODY_MAX, 65536, false),
	NUMBER("clients", limits.client_max, COUNT, 1, 1000000, 1024, false),
	NUMBER("memory", limits.memory_bytes, BYTES, 1 << 20, UINT64_C(1) << 40, 256 << 20, false),
	NUMBER("queue", limits.queue_slots, COUNT, 16, LANE_SLOTS_MAX, 4096, true),
	NUMBER("names", limits.name_max, COUNT, 0, 1 << 20, 65536, false),
	NUMBER("hello", limits.hello_ns, TIME, 1000000, 3600 * NS_PER_S, 5 * NS_PER_S, false),
	NUMBER("slow", limits.slow_ns, TIME, 1000000, 3600 * NS_PER_S, 10 * NS_PER_S, false),
	NUMBER("lost", limits.lost_max, COUNT, 0, UINT64_MAX / 2, 0, false),
};

static const struct number drain_number = NUMBER("drain", drain_ns, TIME, 0, 3600 * NS_PER_S,
						 10 * NS_PER_S, false);

/* ---- numbers ---- */

static uint64_t *number_in(void *config, const struct number *number)
{
	return (uint64_t *)(void *)((char *)config + number->at);
}

static bool parse_unit(enum unit unit, const char *text, uint64_t *ret)
{
	return unit == TIME    ? app_parse_duration(text, ret)
	       : unit == BYTES ? app_parse_bytes(text, ret)
			       : relay_parse_rate(text, ret);
}

static char *format_unit(enum unit unit, uint64_t n, char *buf, size_t buf_bytes)
{
	if (unit == BYTES)
		return app_format_bytes(n, buf, buf_bytes);
	if (unit == COUNT)
		(void)snprintf(buf, buf_bytes, "%" PRIu64, n);
	else
		(void)snprintf(buf, buf_bytes, n % 1000000 ? "%" PRIu64 "us" : "%" PRIu64 "ms",
			       n % 1000000 ? n / 1000 : n / 1000000);
	return buf;
}

static void take_number(struct app_reader *reader, const struct app_tree *tree,
			const struct number *number, void *into)
{
	char wanted[120], min[32], max[32];
	uint64_t n = 0;

	if (tree->kind == APP_TREE_TEXT && parse_unit(number->unit, tree->text, &n) &&
	    n >= number->min && n <= number->max && (!number->is_pow2 || (n & (n - 1)) == 0)) {
		*number_in(into, number) = n;
		return;
	}
	(void)snprintf(wanted, sizeof(wanted), "%s from %s to %s",
		       number->is_pow2         ? "a power of two"
		       : number->unit == BYTES ? "bytes, as 64k,"
		       : number->unit == TIME  ? "a duration, as 5s or 100ms,"
					       : "a whole number",
		       format_unit(number->unit, number->min, min, sizeof(min)),
		       format_unit(number->unit, number->max, max, sizeof(max)));
	app_refuse(reader, tree, wanted);
}

/* A number of a table by its key. */
static void take_of(struct app_reader *reader, const struct app_tree *tree,
		    const struct number *numbers, size_t count, void *into)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(numbers[i].key, tree->key) == 0)
			take_number(reader, tree, &numbers[i], into);
}

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
	take_of(reader, tree, engine_numbers, APP_COUNT_OF(engine_numbers), into);
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
	take_of(reader, tree, limit_numbers, APP_COUNT_OF(limit_numbers), into);
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
	take_number(reader, tree, &drain_number, into);
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
	{ "listen", config_listen }, { "engine", config_engine }, { "limits", config_limits },
	{ "drain", config_drain },   { "tls", config_tls },       { "rules", NULL },
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

	for (size_t i = 0; i < APP_COUNT_OF(engine_numbers); i++)
		*number_in(config, &engine_numbers[i]) = engine_numbers[i].initial;
	for (size_t i = 0; i < APP_COUNT_OF(limit_numbers); i++)
		*number_in(config, &limit_numbers[i]) = limit_numbers[i].initial;
	config->drain_ns = drain_number.initial;
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

static json_t *numbers_json(const struct relay_config *config, const struct number *numbers,
			    size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++) {
		uint64_t n;

		memcpy(&n, (const char *)config + numbers[i].at, sizeof(n));
		(void)json_object_set_new(object, numbers[i].key,
					  numbers[i].unit == TIME
						  ? json_real((double)n / (double)NS_PER_S)
						  : json_integer((json_int_t)n));
	}
	return object;
}

static const char *text_or_none(const char *text)
{
	return *text ? text : "none";
}

json_t *relay_config_json(const struct relay_config *config)
{
	json_t *engine = numbers_json(config, engine_numbers, APP_COUNT_OF(engine_numbers));
	json_t *limits = numbers_json(config, limit_numbers, APP_COUNT_OF(limit_numbers));

	(void)json_object_set_new(engine, "nodes",
				  json_string(config->nodes ? config->nodes : "all"));
	(void)json_object_set_new(engine, "pin", json_boolean(!config->no_pin));
	(void)json_object_set_new(engine, "io", json_string(relay_io_name(config->io)));
	return json_pack(
		"{s:{s:s, s:s, s:s, s:s}, s:o, s:o, s:f, s:b, s:{s:s, s:s, s:i, s:i, s:b}}",
		"listen", "unix", text_or_none(config->unix_path.text), "tcp",
		text_or_none(config->tcp.text), "udp", text_or_none(config->udp.text), "http",
		text_or_none(config->http.text), "engine", engine, "limits", limits, "drain",
		(double)config->drain_ns / (double)NS_PER_S, "tls",
		(int)(config->tls.certificate != NULL), "rules", "from", config->rules->path,
		"version", config->rules->label, "topics", (int)config->rules->topic_count,
		"senders", (int)config->rules->sender_count, "allow_all",
		(int)config->rules->allow_all);
}

static const char *number_differs(const struct relay_config *a, const struct relay_config *b,
				  const struct number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp((const char *)a + numbers[i].at, (const char *)b + numbers[i].at,
			   sizeof(uint64_t)) != 0)
			return numbers[i].key;
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

const char *relay_config_differs(const struct relay_config *running,
				 const struct relay_config *wanted)
{
	const char *key = number_differs(running, wanted, engine_numbers,
					 APP_COUNT_OF(engine_numbers));

	if (!key)
		key = number_differs(running, wanted, limit_numbers, APP_COUNT_OF(limit_numbers));
	if (!key)
		key = number_differs(running, wanted, &drain_number, 1);
	if (!key && (!same(running->unix_path.text, wanted->unix_path.text) ||
		     !same(running->tcp.text, wanted->tcp.text) ||
		     !same(running->udp.text, wanted->udp.text) ||
		     !same(running->http.text, wanted->http.text)))
		key = "listen";
	if (!key && (!same(running->nodes, wanted->nodes) || running->no_pin != wanted->no_pin ||
		     running->io != wanted->io))
		key = "engine";
	/* Certificates are read again; whether there are any is not. */
	if (!key && (running->tls.certificate != NULL) != (wanted->tls.certificate != NULL))
		key = "tls";
	return key;
}
