/* SPDX-License-Identifier: MIT */
/*
 * The end: admission closes, what was accepted is delivered, subscribers get what waits for them,
 * and the last line says that nothing is missing.
 *
 * Invariant: the exit code is 0 only if every packet that was accepted was delivered or dropped for
 * a reason that is counted.
 */
#include "relay/relay.h"

#include "common/app.h"
#include "relay/bridge.h"

#include <inttypes.h>
#include <nw/bell.h>
#include <unistd.h>

enum { DRAIN_NS = 2000000 }; /* of one look at whether all is delivered */

static void close_listener(struct relay_server *server, int *fd,
			   const struct relay_address *address)
{
	if (*fd < 0)
		return;
	(void)close(*fd); /* who waits to be taken is refused */
	*fd = -1;
	if (address->name.any.sa_family == AF_UNIX)
		(void)unlink(address->text); /* gone already is as good */
	(void)server;
}

void relay_drain_begin(struct relay_server *server)
{
	relay_notify("STOPPING=1");
	relay_log(server, "info", "draining", "{s:f}", "seconds",
		  (double)server->config.drain_ns / 1e9);
	relay_segment_note(server, "draining");
	close_listener(server, &server->tcp_fd, &server->tcp);
	close_listener(server, &server->unix_fd, &server->config.unix_path);
	server->drain_until_ns = relay_now_ns() + server->config.drain_ns;
	nw_relay_close(server->relay);
	relay_stage_set(server, RELAY_STAGE_CLOSE);
	relay_greet_tick(server);
}

/* What became of everything, as one line. */
static bool say_end(struct relay_server *server, bool is_aborted)
{
	struct relay_bridge_counts bridge;
	struct nw_relay_stats stats;
	uint64_t refused = 0, dropped = 0, left;
	bool is_whole;

	nw_relay_stats(server->relay, &stats);
	for (unsigned i = 0; i < NW_RELAY_REFUSAL_COUNT; i++)
		refused += stats.refused[i];
	for (unsigned i = 0; i < NW_RELAY_DROP_COUNT; i++)
		dropped += stats.dropped[i];
	is_whole = stats.queued == 0 && stats.submitted == stats.accepted + refused &&
		   stats.accepted == stats.delivered + dropped;
	relay_bridge_counts(server, &bridge);
	left = bridge.taken - bridge.acknowledged + bridge.in_lanes;
	is_whole = is_whole && bridge.in_lanes == 0 && bridge.taken == bridge.acknowledged;
	if (server->bridge)
		relay_log(server, "info", "bridge_ended", "{s:I, s:I, s:I, s:I, s:I}", "taken",
			  (json_int_t)bridge.taken, "acknowledged", (json_int_t)bridge.acknowledged,
			  "left", (json_int_t)left, "lost", (json_int_t)bridge.lost, "accepted",
			  (json_int_t)bridge.accepted);
	relay_log(server, is_whole ? "info" : "error", is_aborted ? "aborted" : "ended",
		  "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:i}", "submitted",
		  (json_int_t)stats.submitted, "accepted", (json_int_t)stats.accepted, "refused",
		  (json_int_t)refused, "delivered", (json_int_t)stats.delivered, "dropped",
		  (json_int_t)dropped, "queued", (json_int_t)stats.queued, "copies_lost",
		  (json_int_t)stats.copies_lost, "conserved", (int)is_whole, "clients_left",
		  (int)server->client_count);
	return is_whole;
}

/* The next stage, when this one is done. */
static void advance(struct relay_server *server, bool is_late)
{
	enum relay_stage stage = relay_stage_of(server);

	/* Not nw_relay_quiesce(): a worker that had not seen the end of admission may still be
	 * about to submit, and its packets would find lanes that nobody empties any more. */
	if (stage == RELAY_STAGE_CLOSE && (is_late || nw_relay_drain(server->relay, DRAIN_NS))) {
		relay_stage_set(server, RELAY_STAGE_FLUSH);
		/* What is in their lanes stays there for them to read. */
		relay_guests_close(server);
	} else if (stage == RELAY_STAGE_FLUSH &&
		   (is_late || (server->client_count == 0 && relay_bridge_is_empty(server))))
		relay_stage_set(server, RELAY_STAGE_END);
}

bool relay_drain_step(struct relay_server *server, int *ret_code)
{
	bool is_aborted = server->term_count > 1;
	bool is_late = is_aborted || server->now_ns > server->drain_until_ns;
	bool is_whole;

	advance(server, is_late);
	if (relay_stage_of(server) != RELAY_STAGE_END)
		return false;
	is_whole = say_end(server, is_aborted);
	*ret_code = is_whole && !is_aborted ? APP_OK : APP_FAILED;
	return true;
}
