/* SPDX-License-Identifier: MIT */
/*
 * From a file and the command line to what a relay runs with.
 * Invariant: the command line holds before the file, and what both say together is checked last.
 */
#include "relay/config.h"

#include "common/app.h"
#include "relay/tls.h"

#include <errno.h>
#include <inttypes.h>
#include <nw/relay.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 64 << 20 };

/* ---- rules ---- */

/* A path in a file is seen from the file's folder. NULL: no memory. */
static const char *beside(struct relay_config *config, const char *path)
{
	const char *slash = strrchr(config->path, '/');
	size_t n = slash && *path != '/' ? (size_t)(slash - config->path) + 1 : 0;
	size_t path_bytes = strlen(path) + 1;
	char *whole = app_pool_alloc(&config->pool, n + path_bytes);

	if (!whole)
		return NULL;
	memcpy(whole, config->path, n);
	memcpy(whole + n, path, path_bytes);
	return whole;
}

/* Rules in the file itself live in its pool, and take it with them. */
static int read_rules(struct relay_config *config, const struct app_tree *tree,
		      struct app_pool *pool, struct relay_sayer *sayer)
{
	int rc;

	if (tree->kind != APP_TREE_TEXT) {
		rc = relay_rules_read(&config->rules, tree, config->path, pool, sayer);
		return rc < 0 ? rc : relay_rules_check_secrecy(config->rules, sayer);
	}
	config->rules_path = beside(config, tree->text);
	if (!config->rules_path)
		return -ENOMEM;
	return relay_rules_load(&config->rules, config->rules_path, sayer);
}

static int choose_rules(struct relay_config *config, const struct relay_options *options,
			const struct app_tree *tree, struct app_pool *pool,
			struct relay_sayer *sayer)
{
	const struct app_tree *part = app_tree_get(tree, "rules");

	if (options->allow_all)
		return relay_rules_default(&config->rules, true);
	if (options->rules) {
		config->rules_path = options->rules;
		return relay_rules_load(&config->rules, options->rules, sayer);
	}
	if (part)
		return read_rules(config, part, pool, sayer);
	return relay_rules_default(&config->rules, false);
}

/* ---- the file ---- */

static int read_tree(struct relay_config *config, struct app_pool *pool, struct app_tree **ret_tree,
		     struct relay_sayer *sayer)
{
	struct relay_source source = { sayer, config->path };
	struct app_reader reader = { .say = relay_source_say, .arg = &source, .pool = pool };
	struct app_fault fault = { 0 };
	char *text = NULL;
	size_t n_bytes = 0;
	int rc = app_read_file(config->path, CONFIG_BYTES_MAX, &text, &n_bytes);

	if (rc < 0) {
		relay_say(sayer, config->path, 0, "cannot read it: %s", strerror(-rc));
		return rc;
	}
	rc = app_tree_read(pool, text, n_bytes, app_has_suffix(config->path, ".json"), ret_tree,
			   &fault);
	free(text);
	if (rc == -EINVAL)
		relay_say(sayer, config->path, fault.line, "%s", fault.text);
	if (rc == 0)
		relay_config_take(&reader, *ret_tree, config);
	return reader.is_out_of_memory ? -ENOMEM : rc;
}

/* ---- the command line ---- */

static void take_address(const char *option, const char *text, struct relay_address *into,
			 struct relay_sayer *sayer)
{
	if (!text)
		return;
	if (strcmp(text, "none") == 0)
		*into = (struct relay_address){ .text = "" };
	else if (!relay_address_parse(text, into))
		relay_say(sayer, option, 0,
			  "ADDRESS:PORT in numbers, as 127.0.0.1:7770, or none, "
			  "not '%s'",
			  text);
}

static void take_words(struct relay_config *config, const struct relay_options *options,
		       struct relay_sayer *sayer)
{
	take_address("--tcp", options->tcp, &config->tcp, sayer);
	take_address("--udp", options->udp, &config->udp, sayer);
	take_address("--http", options->http, &config->http, sayer);
	if (options->unix_path && strcmp(options->unix_path, "none") == 0)
		config->unix_path = (struct relay_address){ .text = "" };
	else if (options->unix_path && !relay_address_path(options->unix_path, &config->unix_path))
		relay_say(sayer, "--unix", 0, "a path of 1 to 107 bytes, or none");
	if (options->shards &&
	    !app_parse_u64(options->shards, 0, NW_RELAY_SHARDS_MAX, &config->shard_count))
		relay_say(sayer, "--shards", 0, "a number from 0 to %u, not '%s'",
			  NW_RELAY_SHARDS_MAX, options->shards);
	if (options->drain && !app_parse_duration(options->drain, &config->drain_ns))
		relay_say(sayer, "--drain", 0, "a duration, as 5s or 500ms, not '%s'",
			  options->drain);
	if (options->io && !relay_io_parse(options->io, &config->io))
		relay_say(sayer, "--io", 0, "auto, epoll or uring, not '%s'", options->io);
	config->no_pin |= options->no_pin;
	config->oversubscribe |= options->oversubscribe;
}

/* ---- both ---- */

/* What other machines can reach needs proof of who comes. */
static void check_open(const struct relay_config *config, struct relay_sayer *sayer)
{
	const char *path = config->path ? config->path : "listen";

	if (*config->tcp.text && !relay_address_is_loopback(&config->tcp) &&
	    !config->tls.certificate && !config->rules->has_tokens)
		relay_say(sayer, path, config->tcp.line,
			  "tcp %s can be reached from other machines: that needs tls, or "
			  "senders with tokens; or listen on 127.0.0.1",
			  config->tcp.text);
	if (*config->udp.text && !relay_address_is_loopback(&config->udp))
		relay_say(sayer, path, config->udp.line,
			  "udp %s can be reached from other machines, and datagrams prove nothing; "
			  "listen on 127.0.0.1, or use tcp with tls",
			  config->udp.text);
	if (*config->http.text && !relay_address_is_loopback(&config->http))
		relay_say(sayer, path, config->http.line,
			  "http %s can be reached from other machines, and asks nobody who he is; "
			  "listen on 127.0.0.1, and put a proxy before it",
			  config->http.text);
}

/* Paths as seen from the file; the certificate, its key and the CA are sound and fit. */
static int load_tls(struct relay_config *config, struct relay_sayer *sayer)
{
	struct relay_tls *tls = &config->tls;
	const char **paths[] = { &tls->certificate, &tls->key, &tls->client_ca };
	char why[RELAY_TEXT_BYTES];

	if (!tls->certificate)
		return 0;
	for (size_t i = 0; i < APP_COUNT_OF(paths); i++) {
		if (!*paths[i])
			continue;
		*paths[i] = beside(config, *paths[i]);
		if (!*paths[i])
			return -ENOMEM;
	}
	config->tls_context = relay_tls_server(tls, why);
	if (config->tls_context)
		return 0;
	relay_say(sayer, config->path, tls->line, "tls: %s", why);
	return -EINVAL;
}

static int check_together(const struct relay_config *config, struct relay_sayer *sayer)
{
	uint32_t bad_before = sayer->bad_count;

	check_open(config, sayer);
	if (!*config->tcp.text && !*config->udp.text && !*config->unix_path.text)
		relay_say(sayer, config->path ? config->path : "listen", 0,
			  "neither unix nor tcp nor udp: nobody could come in");
	return sayer->bad_count > bad_before ? -EINVAL : 0;
}

int relay_config_read(struct relay_config *ret_config, const struct relay_options *options,
		      struct relay_sayer *sayer)
{
	struct relay_config config = { .path = options->config };
	struct app_pool pool = { NULL };
	struct app_tree *tree = NULL;
	int rc = 0, rules_rc;

	relay_config_defaults(&config);
	if (config.path)
		rc = read_tree(&config, &pool, &tree, sayer);
	take_words(&config, options, sayer);
	rules_rc = rc == 0 ? choose_rules(&config, options, tree, &pool, sayer) : 0;
	if (rc == 0)
		rc = rules_rc;
	if (rc == 0 && sayer->bad_count > 0)
		rc = -EINVAL;
	if (rc == 0)
		rc = check_together(&config, sayer);
	if (rc == 0)
		rc = load_tls(&config, sayer);
	app_pool_free(&pool);
	if (rc < 0)
		relay_config_free(&config);
	else
		*ret_config = config;
	return rc;
}

void relay_config_free(struct relay_config *config)
{
	relay_rules_drop(config->rules);
	relay_tls_free(config->tls_context);
	app_pool_free(&config->pool);
}
