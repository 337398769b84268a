/* SPDX-License-Identifier: MIT */
/*
 * The text of /metrics, format 0.0.4: one block a name, all its samples together.
 * Invariant: labels have few values: shards, transports, reasons; never topics, senders or
 * addresses.
 */
#include "relay/relay.h"

#include "common/app.h"
#include "relay/bridge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "nodewise_relay_"

static const char *const transports[RELAY_TRANSPORT_COUNT] = { "tcp", "unix", "udp", "lane" };

struct scrape {
	FILE *out;
	struct relay_server *server;
	uint32_t shard_count;
	struct nw_relay_stats *shards; /* [shard_count] */
};

static void head(const struct scrape *scrape, const char *name, const char *type, const char *help)
{
	fprintf(scrape->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name,
		type);
}

/* ---- the engine's, a shard each ---- */

/* A number of struct nw_relay_stats. */
struct shard_metric {
	const char *name, *type, *help;
	size_t at;
};

#define SHARD(name, type, field, help)                                   \
	{                                                                \
		name, type, help, offsetof(struct nw_relay_stats, field) \
	}

static const struct shard_metric shard_metrics[] = {
	SHARD("submitted_total", "counter", submitted, "Packets that were submitted to the shard."),
	SHARD("accepted_total", "counter", accepted, "Packets that the shard took in."),
	SHARD("delivered_total", "counter", delivered, "Packets that passed all rules."),
	SHARD("queued_packets", "gauge", queued, "Packets accepted, not yet delivered or dropped."),
	SHARD("ring_slots", "gauge", ring_slots, "Packets that the shard's ring has room for."),
	SHARD("misrouted_total", "counter", misrouted,
	      "Packets of other shards' topics, handed over."),
	SHARD("copies_total", "counter", copies, "Copies put into subscribers' lanes."),
	SHARD("copies_lost_total", "counter", copies_lost,
	      "Copies that a subscriber's lane had no room for."),
	SHARD("batches_total", "counter", batches, "Batches that rules were applied to."),
	SHARD("govern_sampled_packets_total", "counter", govern_packets,
	      "Packets in the batches that govern_seconds_total was measured over."),
	SHARD("steps_total", "counter", steps, "Steps of the shard's loop."),
	SHARD("sleeps_total", "counter", sleeps, "Times the shard slept."),
	SHARD("slots_in_total", "counter", slots_in, "Slots that were moved to the shard."),
	SHARD("slots_out_total", "counter", slots_out, "Slots that were moved away from it."),
	SHARD("messages_total", "counter", messages, "Messages to other shards: credits, moves."),
	SHARD("level_changes_total", "counter", level_changes, "Changes of the level."),
};

static void put_shards(const struct scrape *scrape)
{
	for (size_t k = 0; k < APP_COUNT_OF(shard_metrics); k++) {
		const struct shard_metric *metric = &shard_metrics[k];

		head(scrape, metric->name, metric->type, metric->help);
		for (uint32_t i = 0; i < scrape->shard_count; i++) {
			uint64_t n;

			memcpy(&n, (const char *)&scrape->shards[i] + metric->at, sizeof(n));
			fprintf(scrape->out, PREFIX "%s{shard=\"%u\"} %" PRIu64 "\n", metric->name,
				(unsigned)i, n);
		}
	}
	head(scrape, "level", "gauge", "Backpressure: 0 green, 1 yellow, 2 orange, 3 red.");
	for (uint32_t i = 0; i < scrape->shard_count; i++)
		fprintf(scrape->out, PREFIX "level{shard=\"%u\"} %u\n", (unsigned)i,
			(unsigned)scrape->shards[i].level);
	head(scrape, "govern_seconds_total", "counter",
	     "Time that rules took, in the batches that were measured.");
	for (uint32_t i = 0; i < scrape->shard_count; i++)
		fprintf(scrape->out, PREFIX "govern_seconds_total{shard=\"%u\"} %.9f\n",
			(unsigned)i, (double)scrape->shards[i].govern_ns / 1e9);
}

static void put_reasons(const struct scrape *scrape)
{
	head(scrape, "refused_total", "counter", "Packets that were not taken in, by reason.");
	for (uint32_t i = 0; i < scrape->shard_count; i++)
		for (unsigned k = 1; k < NW_RELAY_REFUSAL_COUNT; k++)
			fprintf(scrape->out,
				PREFIX "refused_total{shard=\"%u\",reason=\"%s\"} %" PRIu64 "\n",
				(unsigned)i, nw_relay_refusal_name(k),
				scrape->shards[i].refused[k]);
	head(scrape, "dropped_total", "counter", "Packets that were taken in and not delivered.");
	for (uint32_t i = 0; i < scrape->shard_count; i++)
		for (unsigned k = 0; k < NW_RELAY_DROP_COUNT; k++)
			if (k != NW_VERDICT_ALLOW && k != NW_VERDICT_WAIT)
				fprintf(scrape->out,
					PREFIX "dropped_total{shard=\"%u\",reason=\"%s\"} %" PRIu64
					       "\n",
					(unsigned)i, nw_relay_drop_name(k),
					scrape->shards[i].dropped[k]);
}

/* ---- the program's ---- */

/* The sum over workers of a count in their tallies. */
static uint64_t sum(const struct scrape *scrape, size_t at)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < scrape->shard_count; i++)
		n += relay_counted(
			(const _Atomic uint64_t
				 *)(const void *)((const char *)&scrape->server->workers[i]->tally +
						  at));
	return n;
}

#define AT(field) offsetof(struct relay_tally, field)

static void put_one(const struct scrape *scrape, const char *name, const char *type,
		    const char *help, double value)
{
	head(scrape, name, type, help);
	fprintf(scrape->out, PREFIX "%s %.15g\n", name, value);
}

/* A count that each transport has. */
static void put_transports(const struct scrape *scrape, const char *name, size_t at,
			   const char *help)
{
	head(scrape, name, "counter", help);
	/* What comes through lanes is counted by the engine alone. */
	for (unsigned i = 0; i < RELAY_BY_LANE; i++)
		fprintf(scrape->out, PREFIX "%s{transport=\"%s\"} %" PRIu64 "\n", name,
			transports[i], sum(scrape, at + i * sizeof(uint64_t)));
}

static void put_io(const struct scrape *scrape)
{
	put_transports(scrape, "received_frames_total", AT(frames), "Frames that came.");
	put_transports(scrape, "received_packets_total", AT(packets), "Packets in them.");
	put_transports(scrape, "received_bytes_total", AT(bytes_in), "Bytes that came.");
	put_one(scrape, "sent_frames_total", "counter", "Frames of packets sent to subscribers.",
		(double)sum(scrape, AT(frames_out)));
	put_one(scrape, "sent_packets_total", "counter", "Packets in them.",
		(double)sum(scrape, AT(packets_out)));
	put_one(scrape, "sent_bytes_total", "counter", "Bytes sent, answers too.",
		(double)sum(scrape, AT(bytes_out)));
	put_one(scrape, "denied_packets_total", "counter",
		"Packets that no rule lets in, found before they were submitted.",
		(double)sum(scrape, AT(denied)));
	put_one(scrape, "unidentified_packets_total", "counter",
		"Packets in datagrams, where the rules let nobody in who proves nothing.",
		(double)sum(scrape, AT(unidentified)));
	put_one(scrape, "stray_packets_total", "counter",
		"Packets in datagrams that came to another shard's socket than their topic's.",
		(double)sum(scrape, AT(stray)));
	head(scrape, "bad_frames_total", "counter", "What came and was no frame, by fault.");
	for (unsigned i = 1; i < RELAY_FAULT_COUNT; i++)
		fprintf(scrape->out, PREFIX "bad_frames_total{fault=\"%s\"} %" PRIu64 "\n",
			relay_fault_name(i), sum(scrape, AT(bad) + i * sizeof(uint64_t)));
}

struct bridge_metric {
	const char *name, *help;
	size_t at; /* in struct relay_bridge_counts */
};

#define BRIDGE(name, field, help)                                       \
	{                                                               \
		name, help, offsetof(struct relay_bridge_counts, field) \
	}

static const struct bridge_metric bridge_metrics[] = {
	BRIDGE("bridge_connects_total", connects, "Connections to the NATS server."),
	BRIDGE("bridge_taken_packets_total", taken, "Packets taken out of the shards' lanes."),
	BRIDGE("bridge_acknowledged_packets_total", acknowledged,
	       "Packets that the stream has acknowledged."),
	BRIDGE("bridge_lost_packets_total", lost, "Packets that the lanes had no room for."),
	BRIDGE("bridge_published_total", published, "Messages that were published."),
	BRIDGE("bridge_published_again_total", again,
	       "Messages that were published again, since nothing acknowledged them."),
	BRIDGE("bridge_duplicates_total", duplicates,
	       "Messages published again that the stream had already."),
	BRIDGE("bridge_refused_total", refused, "Messages that the stream refused, for a time."),
	BRIDGE("bridge_received_total", came, "Messages that came from the consumer."),
	BRIDGE("bridge_received_again_total", redelivered,
	       "Messages that came again, and were taken in before."),
	BRIDGE("bridge_received_acknowledged_total", in_acknowledged,
	       "Messages that came and were acknowledged."),
	BRIDGE("bridge_accepted_packets_total", accepted,
	       "Packets that came and were taken in by shards."),
	BRIDGE("bridge_retries_total", retried, "Waits for a shard that was full."),
	BRIDGE("bridge_bad_total", bad, "Packets or messages that came and were none."),
};

static void put_bridge(const struct scrape *scrape)
{
	struct relay_bridge_counts counts;

	if (!scrape->server->bridge)
		return;
	relay_bridge_counts(scrape->server, &counts);
	put_one(scrape, "bridge_connected", "gauge", "1: there is a connection to the server.",
		counts.is_connected);
	put_one(scrape, "bridge_left_packets", "gauge",
		"Packets in lanes and messages that the stream has not acknowledged.",
		(double)(counts.taken - counts.acknowledged + counts.in_lanes));
	for (size_t i = 0; i < APP_COUNT_OF(bridge_metrics); i++) {
		uint64_t n;

		memcpy(&n, (const char *)&counts + bridge_metrics[i].at, sizeof(n));
		put_one(scrape, bridge_metrics[i].name, "counter", bridge_metrics[i].help,
			(double)n);
	}
}

static void put_clients(const struct scrape *scrape)
{
	const struct relay_server *server = scrape->server;

	head(scrape, "clients", "gauge", "Connections, those that have not said HELLO too.");
	for (unsigned i = 0; i < RELAY_TRANSPORT_COUNT; i++)
		if (i != RELAY_BY_UDP)
			fprintf(scrape->out, PREFIX "clients{transport=\"%s\"} %u\n", transports[i],
				(unsigned)server->clients[i]);
	head(scrape, "clients_known_total", "counter", "Connections that said who they are.");
	for (unsigned i = 0; i < RELAY_TRANSPORT_COUNT; i++)
		if (i != RELAY_BY_UDP)
			fprintf(scrape->out,
				PREFIX "clients_known_total{transport=\"%s\"} %" PRIu64 "\n",
				transports[i], server->came[i]);
	head(scrape, "clients_ended_total", "counter", "Connections that the relay ended.");
	for (unsigned i = 0; i < APP_COUNT_OF(server->ended); i++)
		fprintf(scrape->out, PREFIX "clients_ended_total{reason=\"%s\"} %" PRIu64 "\n",
			relay_reason_name(RELAY_REASON_DENIED + i), server->ended[i]);
	put_one(scrape, "subscribers", "gauge", "Connections that have asked to hear something.",
		server->hearing_count);
	put_one(scrape, "client_memory_bytes", "gauge", "Memory of clients, of limits.memory.",
		(double)server->memory_used);
	put_one(scrape, "rules_version", "gauge", "Number of the set of rules in force.",
		(double)server->set_version);
	put_one(scrape, "known_names", "gauge", "Names of topics that clients made known.",
		(double)server->names.count);
	head(scrape, "reloads_total", "counter", "Reloads of the rules, by what came of them.");
	fprintf(scrape->out,
		PREFIX "reloads_total{result=\"taken\"} %" PRIu64 "\n" PREFIX
		       "reloads_total{result=\"refused\"} %" PRIu64 "\n",
		server->reloads[1], server->reloads[0]);
	put_one(scrape, "ready", "gauge", "1: it takes packets in; 0: it drains.",
		relay_is_ready(server));
	head(scrape, "build_info", "gauge", "The version, as a label.");
	fprintf(scrape->out, PREFIX "build_info{version=\"%s\",io=\"%s\"} 1\n", app_version,
		server->is_uring ? "uring" : "epoll");
}

/* ---- the process ---- */

static void put_process_one(const struct scrape *scrape, const char *name, const char *type,
			    const char *help, double value)
{
	fprintf(scrape->out, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.15g\n", name,
		help, name, type, name, value);
}

/* Resident bytes, by /proc; 0 where there is none. */
static double resident_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &pages, &resident) != 2)
		resident = 0;
	(void)fclose(file); /* was only read */
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void put_process(const struct scrape *scrape)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used); /* this clock is always there */
	put_process_one(scrape, "cpu_seconds_total", "counter", "CPU time of the process.",
			(double)used.tv_sec + (double)used.tv_nsec / 1e9);
	put_process_one(scrape, "resident_memory_bytes", "gauge", "Memory that is in RAM.",
			resident_bytes());
	put_process_one(scrape, "start_time_seconds", "gauge", "When it began, since 1970.",
			(double)scrape->server->started_ns / 1e9);
}

char *relay_metrics_text(struct relay_server *server, size_t *ret_bytes)
{
	struct scrape scrape = { .server = server, .shard_count = server->shard_count };
	char *text = NULL;

	scrape.shards = calloc(server->shard_count, sizeof(*scrape.shards));
	scrape.out = scrape.shards ? open_memstream(&text, ret_bytes) : NULL;
	if (!scrape.out) {
		free(scrape.shards);
		return NULL;
	}
	for (uint32_t i = 0; i < server->shard_count; i++)
		nw_relay_shard_stats(server->relay, i, &scrape.shards[i]);
	put_shards(&scrape);
	put_reasons(&scrape);
	put_io(&scrape);
	put_clients(&scrape);
	put_bridge(&scrape);
	put_process(&scrape);
	free(scrape.shards);
	if (fclose(scrape.out) == 0)
		return text;
	free(text);
	return NULL;
}
