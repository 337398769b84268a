/* SPDX-License-Identifier: MIT */
/*
 * A relay from the first line to the last.
 * Invariant: what was opened is closed in the reverse order, however far the start came; nobody is
 * let in before everything is in place.
 */
#include "relay/relay.h"

#include "common/app.h"
#include "relay/bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <nw/bell.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* ---- before it starts ---- */

static void say_bad(void *arg, const char *path, uint32_t line, const char *text)
{
	(void)arg;
	if (line > 0)
		(void)app_bad(RELAY_NAME, "%s:%u: %s", path, (unsigned)line, text);
	else
		(void)app_bad(RELAY_NAME, "%s: %s", path, text);
}

static int read_config(struct relay_server *server)
{
	struct relay_sayer sayer = { .say = say_bad };
	int rc = relay_config_read(&server->config, &server->options, &sayer);

	if (rc == -ENOMEM)
		return app_failed(RELAY_NAME, "no memory for the configuration");
	return rc < 0 ? APP_USAGE : APP_OK;
}

/* Signals come through a descriptor, to the control thread; workers never see one. */
static int block_signals(struct relay_server *server)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	/* These fail only for numbers that are no signals. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return server->signal_fd < 0 ? -errno : 0;
}

static int open_control(struct relay_server *server)
{
	int rc = block_signals(server);

	if (rc < 0)
		return rc;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll_fd < 0)
		return -errno;
	server->mail.bell_fd = nw_bell_open();
	if (server->mail.bell_fd < 0)
		return server->mail.bell_fd;
	rc = nw_rcu_create(&server->rcu, NW_NODE_ANY, NULL);
	if (rc == 0)
		rc = nw_rcu_register(&server->control, server->rcu, "relay-control");
	return rc;
}

/* ---- the engine ---- */

/* Ids of nodes into their places in the topology. */
static int choose_nodes(struct relay_server *server, uint32_t **ret_idxs, uint32_t *ret_count)
{
	struct nw_diag diag = { "" };
	const char *nodes = server->config.nodes;

	*ret_idxs = NULL;
	*ret_count = 0;
	if (!nodes)
		return APP_OK;
	if (app_parse_list(nodes, ret_idxs, ret_count, &diag) < 0)
		return app_failed(RELAY_NAME, "nodes: %s", diag.text);
	for (uint32_t i = 0; i < *ret_count; i++) {
		uint32_t id = (*ret_idxs)[i];
		nw_node node = { (int16_t)(id <= NW_NODE_ID_MAX ? (int)id : -1) };
		int idx = nw_topo_node_idx(server->topo, node);

		if (idx < 0)
			return app_failed(RELAY_NAME,
					  "nodes: there is no node %u; nodewise topo shows them",
					  (unsigned)id);
		(*ret_idxs)[i] = (uint32_t)idx;
	}
	return APP_OK;
}

static int create_engine(struct relay_server *server, const uint32_t *node_idxs,
			 uint32_t node_count)
{
	const struct relay_config *config = &server->config;
	struct nw_relay_options options = {
		.topo = server->topo,
		.hooks = { .ctx = server,
			   .open = relay_worker_open,
			   .close = relay_worker_close,
			   .poll = relay_worker_poll,
			   .wait = relay_worker_wait },
		.node_idxs = node_idxs,
		.node_idx_count = node_count,
		.shard_count = (uint32_t)config->shard_count,
		.ring_slots = (uint32_t)config->ring_slots,
		.batch = (uint32_t)config->batch,
		.tick_ns = config->tick_ns,
		.spin_ns = config->spin_ns,
		.no_pin = config->no_pin,
		.oversubscribe = config->oversubscribe,
	};
	struct nw_diag diag = { "" };
	int rc = nw_relay_create(&server->relay, &options, &diag);

	if (rc < 0)
		return app_failed(RELAY_NAME, "%s", *diag.text ? diag.text : strerror(-rc));
	server->shard_count = nw_relay_shard_count(server->relay);
	return APP_OK;
}

static int open_producers(struct relay_server *server)
{
	struct nw_relay_producer_options options = {
		.rights = NW_RELAY_MAY_SPEAK_FOR | NW_RELAY_MAY_SYSTEM,
	};
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < server->shard_count; i++) {
		struct nw_relay_place place;

		nw_relay_place(server->relay, i, &place);
		options.node = place.node;
		server->workers[i]->mail.bell_fd = place.ring_fd;
		rc = nw_relay_producer_open(&server->workers[i]->producer, server->relay, &options);
	}
	return rc;
}

static int start_engine(struct relay_server *server)
{
	uint32_t *node_idxs = NULL, node_count = 0;
	int code = app_open_topo(RELAY_NAME, NULL, NULL, &server->topo), rc;

	if (code == APP_OK)
		code = choose_nodes(server, &node_idxs, &node_count);
	if (code == APP_OK)
		code = create_engine(server, node_idxs, node_count);
	free(node_idxs);
	if (code != APP_OK)
		return code;
	rc = open_producers(server);
	return rc < 0 ? app_failed(RELAY_NAME, "producers: %s", strerror(-rc)) : APP_OK;
}

/* ---- doors ---- */

static int open_listener(struct relay_server *server, struct relay_address *address, int *ret_fd)
{
	if (!*address->text)
		return APP_OK;
	*ret_fd = relay_listen(address);
	if (*ret_fd < 0)
		return APP_FAILED;
	relay_control_watch(server, *ret_fd, ret_fd, EPOLLIN);
	return APP_OK;
}

static int open_doors(struct relay_server *server)
{
	struct relay_sayer sayer = { .say = say_bad };
	int code = APP_OK;

	server->tcp = server->config.tcp;
	if (relay_rules_install(server, server->config.rules, &sayer) < 0)
		return sayer.bad_count > 0 ? APP_USAGE
					   : app_failed(RELAY_NAME, "no memory for the rules");
	(void)relay_segment_open(server); /* makes the folder of the default socket */
	if (relay_udp_open(server) < 0 || relay_http_open(server) < 0)
		return APP_FAILED;
	code = open_listener(server, &server->tcp, &server->tcp_fd);
	if (code == APP_OK)
		code = open_listener(server, &server->config.unix_path, &server->unix_fd);
	if (code == APP_OK)
		code = relay_bridge_open(server);
	if (code != APP_OK)
		return code;
	relay_control_watch(server, server->signal_fd, &server->signal_fd, EPOLLIN);
	relay_control_watch(server, server->mail.bell_fd, &server->mail, EPOLLIN);
	relay_control_watch(server, relay_http_fd(server), &server->web, EPOLLIN);
	return APP_OK;
}

static const char *or_none(const char *text)
{
	return *text ? text : "none";
}

static void say_places(struct relay_server *server)
{
	struct nw_relay_place place;

	for (uint32_t i = 0; i < server->shard_count; i++) {
		nw_relay_place(server->relay, i, &place);
		if (!place.is_pinned && !server->config.no_pin)
			relay_log(server, "warning", "not_pinned", "{s:i, s:s}", "shard", (int)i,
				  "reason", strerror(-place.pin_reason));
		if (place.level != NW_MEM_BOUND)
			relay_log(server, "warning", "not_bound", "{s:i, s:s}", "shard", (int)i,
				  "reason", strerror(-place.reason));
	}
}

static void say_start(struct relay_server *server)
{
	const struct relay_rules *rules = server->rules;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* this clock is always there */
	server->started_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	say_places(server);
	relay_log(server, "info", "started", "{s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "pid",
		  (int)getpid(), "shards", (int)server->shard_count, "unix",
		  or_none(server->config.unix_path.text), "tcp", or_none(server->tcp.text), "udp",
		  or_none(server->udp.text), "http", or_none(server->http.text), "io",
		  server->io_reason, "steer", server->steer_reason, "rules",
		  relay_log_text(rules->path));
	if (!rules->allow_all && rules->topic_count == 0)
		relay_log(server, "warning", "nothing_allowed", "{s:s}", "reason",
			  "the rules allow no topic, so nothing is admitted; name a rule file with "
			  "--rules or --config, or try --allow-all");
	if (rules->allow_all)
		relay_log(server, "warning", "all_allowed", "{s:s}", "reason",
			  "whatever no rule denies is admitted, without a limit");
	relay_segment_note(server, "started");
}

/* ---- the end ---- */

/* Until no worker has a connection. */
static void take_all_back(struct relay_server *server)
{
	const struct timespec step = { .tv_nsec = 100000 };

	for (uint32_t i = 0; i < server->shard_count; i++) {
		const struct relay_tally *tally = &server->workers[i]->tally;

		/* [serve.left] acquire, pairs with [worker.left]: the connections. */
		while (!atomic_load_explicit(&tally->is_done, memory_order_acquire)) {
			nw_bell_ring(server->workers[i]->mail.bell_fd);
			(void)nanosleep(&step, NULL); /* a signal only makes it shorter */
		}
	}
	for (struct relay_conn *conn = relay_mail_take(&server->mail), *next; conn; conn = next) {
		next = conn->mail_next;
		relay_conn_finish(server, conn);
	}
	while (server->greeting) {
		struct relay_conn *conn = server->greeting;

		relay_conn_unlink(conn);
		relay_conn_finish(server, conn);
	}
}

static void close_engine(struct relay_server *server)
{
	if (!server->relay)
		return;
	relay_stage_set(server, RELAY_STAGE_END);
	relay_guests_close(server);
	take_all_back(server);
	relay_bridge_stop(server);
	relay_bridge_close(server);
	for (uint32_t i = 0; i < server->shard_count; i++)
		nw_relay_producer_close(server->workers[i]->producer);
	relay_udp_close(server);
	nw_relay_destroy(server->relay);
}

static void close_all(struct relay_server *server)
{
	int *const fds[] = { &server->tcp_fd, &server->unix_fd, &server->signal_fd,
			     &server->epoll_fd };

	if (server->unix_fd >= 0)
		(void)unlink(server->config.unix_path.text); /* gone already is as good */
	relay_http_close(server);
	close_engine(server);
	nw_stats_destroy(server->stats);
	nw_rcu_unregister(server->control);
	nw_rcu_destroy(server->rcu);
	relay_set_free(nw_rcu_exchange_pointer(&server->set, NULL));
	relay_rules_drop(server->rules);
	relay_names_free(&server->names);
	for (size_t i = 0; i < APP_COUNT_OF(fds); i++)
		if (*fds[i] >= 0)
			(void)close(*fds[i]); /* nothing is to be learnt any more */
	nw_bell_close(server->mail.bell_fd);
	nw_topo_close(server->topo);
	relay_config_free(&server->config);
	relay_log_close(server->log);
	free(server);
}

static int run(struct relay_server *server)
{
	int code = open_control(server) < 0 ? app_failed(RELAY_NAME, "%s", strerror(errno))
					    : APP_OK;

	server->names.count_max = (uint32_t)server->config.limits.name_max;
	if (code == APP_OK)
		code = start_engine(server);
	if (code == APP_OK)
		code = open_doors(server);
	if (code != APP_OK)
		return code;
	say_start(server);
	relay_stage_set(server, RELAY_STAGE_RUN);
	code = relay_bridge_start(server);
	if (code != APP_OK)
		return code;
	relay_notify("READY=1");
	return relay_control_run(server);
}

int relay_serve(const struct relay_options *options)
{
	struct relay_server *server = aligned_alloc(alignof(struct relay_server), sizeof(*server));
	bool is_json = options->is_json_log || (!options->is_text_log && !isatty(STDERR_FILENO));
	int code;

	if (!server)
		return app_failed(RELAY_NAME, "no memory");
	*server = (struct relay_server){ .options = *options,
					 .epoll_fd = -1,
					 .signal_fd = -1,
					 .steer_fd = -1,
					 .tcp_fd = -1,
					 .unix_fd = -1,
					 .mail = { .bell_fd = -1 } };
	server->log = relay_log_open(is_json);
	code = server->log ? read_config(server) : app_failed(RELAY_NAME, "no memory");
	if (code == APP_OK && options->is_check)
		code = app_print_json(RELAY_NAME, relay_config_json(&server->config));
	else if (code == APP_OK)
		code = run(server);
	close_all(server);
	return code;
}
