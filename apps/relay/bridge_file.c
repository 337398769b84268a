/* SPDX-License-Identifier: MIT */
/*
 * The section `bridge` of a relay's file.
 * Invariant: what was read is complete: a server, a stream, and at least one way.
 */
#include "relay/bridge.h"

#include "common/app.h"
#include "relay/ear.h"
#include "relay/number.h"

#include <string.h>

#define DEFAULT_SUBJECT "nodewise"
#define DEFAULT_STREAM  "NODEWISE"
#define DEFAULT_DURABLE "nodewise"

enum { NAME_BYTES_MAX = 100 };

static const struct relay_number bridge_numbers[] = {
	RELAY_NUMBER("wait", bridge.wait_ns, RELAY_TIME, 100000000, 600 * RELAY_NS_PER_S,
		     5 * RELAY_NS_PER_S, false),
};

static const struct relay_number out_numbers[] = {
	RELAY_NUMBER("window", bridge.out_window, RELAY_COUNT, 1, 65536, 1024, false),
	RELAY_NUMBER("batch", bridge.out_batch, RELAY_COUNT, 1, 1023, 64, false),
};

static const struct relay_number in_numbers[] = {
	RELAY_NUMBER("window", bridge.in_window, RELAY_COUNT, 1, 65536, 256, false),
};

static const char *keep(struct app_reader *reader, struct relay_config *config, const char *text)
{
	const char *copy = app_pool_text(&config->pool, text, strlen(text));

	reader->is_out_of_memory |= copy == NULL;
	return copy;
}

/* ---- texts ---- */

static void take_kept(struct app_reader *reader, const struct app_tree *tree,
		      struct relay_config *config, const char **into)
{
	const char *text = NULL;

	if (app_take_text(reader, tree, &text))
		*into = keep(reader, config, text);
}

/* Names of streams and consumers, and each word of a subject. */
static bool is_word(const char *text, bool may_have_dots)
{
	size_t n = strlen(text);

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("*>/\\", *c) ||
		    (*c == '.' && (!may_have_dots || c == text || c[1] == '.' || c[1] == '\0')))
			return false;
	return n > 0 && n <= NAME_BYTES_MAX;
}

static void take_word(struct app_reader *reader, const struct app_tree *tree,
		      struct relay_config *config, const char **into, bool may_have_dots)
{
	if (tree->kind == APP_TREE_TEXT && is_word(tree->text, may_have_dots))
		*into = keep(reader, config, tree->text);
	else
		app_refuse(reader, tree,
			   may_have_dots ? "words with dots between them, as orders.eu, no * or >"
					 : "1 to 100 bytes, no dot, space, *, > or slash");
}

/* Where the host of nats://[user[:password]@]host[:port] is this machine, by its name. */
static bool is_loopback(const char *url)
{
	const char *host = strstr(url, "://"), *at;

	host = host ? host + 3 : url;
	at = strrchr(host, '@');
	host = at ? at + 1 : host;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
	       strcmp(host, "localhost") == 0 || strncmp(host, "localhost:", 10) == 0;
}

static void bridge_url(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;
	const char *text = NULL;

	if (!app_take_text(reader, tree, &text))
		return;
	if (strncmp(text, "nats://", 7) != 0 && strncmp(text, "tls://", 6) != 0)
		app_refuse(reader, tree, "nats://HOST:PORT, or tls://HOST:PORT");
	else if (strncmp(text, "nats://", 7) == 0 && !is_loopback(text))
		app_reader_bad(reader, tree->line,
			       "%s: nats:// to another machine would be in clear; take tls://, or "
			       "a server on 127.0.0.1",
			       reader->what);
	config->bridge.url = keep(reader, config, text);
}

static void bridge_text(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;

	take_kept(reader, tree, config,
		  strcmp(tree->key, "ca") == 0 ? &config->bridge.ca : &config->bridge.credentials);
}

static void bridge_stream(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	take_word(reader, tree, into, &((struct relay_config *)into)->bridge.stream, false);
}

static void bridge_subject(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	take_word(reader, tree, into, &((struct relay_config *)into)->bridge.subject, true);
}

static void bridge_create(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	((struct relay_config *)into)->bridge.creates = app_take_bool(reader, tree);
}

static void bridge_number(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_numbers(reader, tree, bridge_numbers, APP_COUNT_OF(bridge_numbers), into);
}

/* ---- out ---- */

/* What was read is the tree's; it is to be the configuration's. */
static void out_hear(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;
	struct relay_hear hear = { .is_said = false };

	relay_take_hear(reader, tree, &hear);
	config->bridge.hear = hear;
	if (hear.count == 0)
		return;
	config->bridge.hear.items = app_pool_array(&config->pool, hear.count, sizeof(*hear.items));
	if (!config->bridge.hear.items) {
		reader->is_out_of_memory = true;
		config->bridge.hear.count = 0;
		return;
	}
	for (uint32_t i = 0; i < hear.count; i++) {
		config->bridge.hear.items[i].is_prefix = hear.items[i].is_prefix;
		config->bridge.hear.items[i].text = keep(
			reader, config, hear.items[i].text ? hear.items[i].text : "");
	}
}

static void out_number(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_numbers(reader, tree, out_numbers, APP_COUNT_OF(out_numbers), into);
}

static void out_full(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;
	bool is_text = tree->kind == APP_TREE_TEXT;

	config->bridge.loses = is_text && strcmp(tree->text, "lose") == 0;
	if (!is_text || (!config->bridge.loses && strcmp(tree->text, "hold") != 0))
		app_refuse(reader, tree, "hold or lose");
}

static void bridge_out(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = { { "hear", out_hear },
						   { "window", out_number },
						   { "batch", out_number },
						   { "full", out_full } };
	struct relay_config *config = into;

	reader->what = "bridge: out";
	config->bridge.has_out = true;
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
	if (tree->kind == APP_TREE_MAP && !config->bridge.hear.is_said)
		app_reader_bad(reader, tree->line,
			       "bridge: out: say what it carries: hear: all, or a list of topics");
	reader->what = "bridge";
}

/* ---- in ---- */

static void in_sender(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_config *config = into;

	take_kept(reader, tree, config, &config->bridge.in_sender);
	if (config->bridge.in_sender &&
	    !relay_is_clean(config->bridge.in_sender, RELAY_NAME_BYTES - 1))
		app_refuse(reader, tree, "1 to 63 bytes, no control characters");
}

static void in_durable(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	take_word(reader, tree, into, &((struct relay_config *)into)->bridge.in_durable, false);
}

static void in_number(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_numbers(reader, tree, in_numbers, APP_COUNT_OF(in_numbers), into);
}

static void bridge_in(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = { { "sender", in_sender },
						   { "durable", in_durable },
						   { "window", in_number } };
	struct relay_config *config = into;

	reader->what = "bridge: in";
	config->bridge.has_in = true;
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
	if (tree->kind == APP_TREE_MAP && !config->bridge.in_sender)
		app_reader_bad(
			reader, tree->line,
			"bridge: in: say whose packets these are: sender: NAME, of the rules");
	reader->what = "bridge";
}

/* ---- all of it ---- */

static void check(struct app_reader *reader, uint32_t line, const struct relay_config *config)
{
	const struct relay_bridge_config *bridge = &config->bridge;

	if (!relay_bridge_is_built())
		app_reader_bad(reader, line,
			       "bridge: this nodewise was built without libnats (libnats-dev in "
			       "Debian); build it with that, or take bridge out");
	if (!bridge->url)
		app_reader_bad(reader, line, "bridge: it needs url, as nats://127.0.0.1:4222");
	if (!bridge->has_out && !bridge->has_in)
		app_reader_bad(reader, line, "bridge: it needs out, in, or both");
}

void relay_bridge_take(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = {
		{ "url", bridge_url },         { "credentials", bridge_text },
		{ "ca", bridge_text },         { "stream", bridge_stream },
		{ "subject", bridge_subject }, { "create", bridge_create },
		{ "wait", bridge_number },     { "out", bridge_out },
		{ "in", bridge_in },
	};
	struct relay_config *config = into;

	reader->what = "bridge";
	config->bridge.line = tree->line;
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), into);
	if (tree->kind == APP_TREE_MAP)
		check(reader, tree->line, config);
	reader->what = "the file";
}

void relay_bridge_defaults(struct relay_config *config)
{
	relay_numbers_default(config, bridge_numbers, APP_COUNT_OF(bridge_numbers));
	relay_numbers_default(config, out_numbers, APP_COUNT_OF(out_numbers));
	relay_numbers_default(config, in_numbers, APP_COUNT_OF(in_numbers));
	config->bridge.stream = DEFAULT_STREAM;
	config->bridge.subject = DEFAULT_SUBJECT;
	config->bridge.in_durable = DEFAULT_DURABLE;
}

/* Without what stands before an @ in the url: it may be a secret. */
static const char *host_of(const char *url)
{
	const char *at = strrchr(url, '@');

	return at ? at + 1 : url;
}

json_t *relay_bridge_json(const struct relay_config *config)
{
	const struct relay_bridge_config *bridge = &config->bridge;
	json_t *out = NULL, *in = NULL;

	if (!bridge->url)
		return NULL;
	if (bridge->has_out) {
		out = relay_numbers_json(config, out_numbers, APP_COUNT_OF(out_numbers));
		(void)json_object_set_new(out, "full",
					  json_string(bridge->loses ? "lose" : "hold"));
	}
	if (bridge->has_in) {
		in = relay_numbers_json(config, in_numbers, APP_COUNT_OF(in_numbers));
		(void)json_object_set_new(in, "sender", json_string(bridge->in_sender));
		(void)json_object_set_new(in, "durable", json_string(bridge->in_durable));
	}
	return json_pack("{s:s, s:s, s:s, s:b, s:f, s:o*, s:o*}", "server", host_of(bridge->url),
			 "stream", bridge->stream, "subject", bridge->subject, "create",
			 (int)bridge->creates, "wait",
			 (double)bridge->wait_ns / (double)RELAY_NS_PER_S, "out", out, "in", in);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool relay_bridge_differs(const struct relay_config *a, const struct relay_config *b)
{
	const struct relay_bridge_config *x = &a->bridge, *y = &b->bridge;

	return !same(x->url, y->url) || !same(x->credentials, y->credentials) ||
	       !same(x->ca, y->ca) || !same(x->stream, y->stream) ||
	       !same(x->subject, y->subject) || !same(x->in_sender, y->in_sender) ||
	       !same(x->in_durable, y->in_durable) || x->has_out != y->has_out ||
	       x->has_in != y->has_in || x->loses != y->loses || x->hear.is_all != y->hear.is_all ||
	       memcmp(x->hear.digest, y->hear.digest, sizeof(x->hear.digest)) != 0 ||
	       relay_numbers_differ(a, b, out_numbers, APP_COUNT_OF(out_numbers)) ||
	       relay_numbers_differ(a, b, in_numbers, APP_COUNT_OF(in_numbers)) ||
	       relay_numbers_differ(a, b, bridge_numbers, APP_COUNT_OF(bridge_numbers));
}
