/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay sub`: hears topics, and prints or counts their packets.
 * Invariant: a packet is printed or counted once; what the relay says was lost is told.
 */
#include "relay/client.h"
#include "relay/config.h"
#include "relay/histogram.h"

#include "common/app.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAMES_MAX = 1024, PUMP_NS = 100000000, LANE_CHUNK = 256 };

enum word { TOPIC = 256, PREFIX, ALL, COUNT, DURATION, JSON };

static const struct option words[] = {
	{ "topic", required_argument, NULL, TOPIC },
	{ "prefix", required_argument, NULL, PREFIX },
	{ "all", no_argument, NULL, ALL },
	{ "count", required_argument, NULL, COUNT },
	{ "duration", required_argument, NULL, DURATION },
	{ "quiet", no_argument, NULL, 'q' },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, 'h' },
	RELAY_TARGET_WORDS,
	{ NULL, 0, NULL, 0 },
};

struct name {
	const char *text;
	bool is_prefix;
	uint32_t topic;
};

struct sub {
	struct relay_target target;
	struct name names[NAMES_MAX];
	uint32_t name_count;
	bool hears_all, is_quiet, is_json, is_help;
	uint64_t count_max, duration_ns;

	struct relay_client client;
	struct nw_relay_client *lane; /* NULL: a stream */
	uint64_t count, bytes, lost, first_ns, last_ns;
	struct relay_histogram latency;
};

static int help(void)
{
	printf("usage: nodewise relay sub --topic NAME|--prefix TEXT|--all [OPTION]...\n"
	       "\n"
	       "Hears topics of a relay, and prints each packet: its topic, its sender's number,\n"
	       "its age in microseconds, and what is in it.\n"
	       "\n"
	       "      --topic NAME        a topic; may be given again\n"
	       "      --prefix TEXT       all known ones that begin so; may be given again\n"
	       "      --all               all topics\n"
	       "      --count N           end after N packets\n"
	       "      --duration TIME     end after so long\n"
	       "  -q, --quiet             print no packets, but a report at the end\n"
	       "      --json              packets, or with --quiet the report, as JSON\n"
	       "      --unix PATH         the relay's Unix socket (the default: this user's)\n"
	       "      --tcp ADDRESS       a stream to it\n"
	       "      --lane              shared memory with the relay, set up over its socket\n"
	       "      --ca FILE           TLS: the certificates to believe, of the relay's\n"
	       "      --server-name NAME  that the relay's certificate has, if not its address\n"
	       "      --certificate FILE  to show to the relay\n"
	       "      --key FILE          its key\n"
	       "      --name NAME         the sender to be\n"
	       "      --token-file FILE   its token, in the first line\n"
	       "  -h, --help              show this help\n"
	       "\n"
	       "Exit code: 0 all that was asked for came, 1 the relay ended before, 2 usage.\n");
	return app_finish_output(RELAY_NAME);
}

static int add_name(struct sub *sub, const char *text, bool is_prefix)
{
	size_t n = strlen(text);

	if (n == 0 || n > RELAY_TOPIC_NAME_MAX)
		return app_bad(RELAY_NAME, "a name of a topic has 1 to 255 bytes");
	if (sub->name_count == NAMES_MAX)
		return app_bad(RELAY_NAME, "more than %d names; hear a prefix, or --all",
			       NAMES_MAX);
	sub->names[sub->name_count++] = (struct name){ text, is_prefix, nw_topic_id(text, n) };
	return APP_OK;
}

static int set(struct sub *sub, int got, const char *value)
{
	if (relay_target_take(&sub->target, got, value))
		return APP_OK;
	if (got == TOPIC || got == PREFIX)
		return add_name(sub, value, got == PREFIX);
	if (got == COUNT && !app_parse_u64(value, 1, UINT64_MAX, &sub->count_max))
		return app_bad(RELAY_NAME, "--count takes a number from 1, not '%s'", value);
	if (got == DURATION &&
	    (!app_parse_duration(value, &sub->duration_ns) || sub->duration_ns == 0))
		return app_bad(RELAY_NAME, "--duration takes a duration, as 10s, not '%s'", value);
	sub->hears_all |= got == ALL;
	sub->is_quiet |= got == 'q';
	sub->is_json |= got == JSON;
	sub->is_help |= got == 'h';
	return APP_OK;
}

static int parse(struct sub *sub, int argc, char **argv)
{
	int got, code;

	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, ":qh", words, NULL)) != -1) {
		if (got == '?' || got == ':')
			return app_bad_option(RELAY_NAME, got, argv);
		code = set(sub, got, optarg);
		if (code != APP_OK)
			return code;
	}
	if (optind < argc)
		return app_bad(RELAY_NAME, "what is '%s'? see nodewise relay sub --help",
			       argv[optind]);
	if (!sub->is_help && sub->name_count == 0 && !sub->hears_all)
		return app_bad(RELAY_NAME,
			       "say what to hear: --topic NAME, --prefix TEXT or --all");
	if (!sub->is_help && sub->target.udp)
		return app_bad(RELAY_NAME, "packets come over --unix, --tcp or --lane, not --udp");
	return APP_OK;
}

/* ---- packets ---- */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t); /* this clock is always there */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Its name, where it was given; else its number. */
static const char *topic_text(const struct sub *sub, uint32_t topic, char *buf, size_t buf_bytes)
{
	for (uint32_t i = 0; i < sub->name_count; i++)
		if (!sub->names[i].is_prefix && sub->names[i].topic == topic)
			return sub->names[i].text;
	(void)snprintf(buf, buf_bytes, "0x%08" PRIx32, topic);
	return buf;
}

static bool is_text(const struct nw_packet *packet)
{
	for (uint32_t i = 0; i < packet->length; i++)
		if (packet->payload[i] < ' ' || packet->payload[i] > '~')
			return false;
	return packet->length > 0;
}

/* As text, or as digits. */
static void format_payload(const struct nw_packet *packet, char *ret, size_t n_bytes)
{
	size_t used = 0;

	if (is_text(packet)) {
		(void)snprintf(ret, n_bytes, "%.*s", (int)packet->length,
			       (const char *)packet->payload);
		return;
	}
	ret[0] = '\0';
	for (uint32_t i = 0; i < packet->length && used < n_bytes; i++)
		used += (size_t)snprintf(ret + used, n_bytes - used, "%02x", packet->payload[i]);
}

/* A packet without a time has no age. */
static void print_packet(const struct sub *sub, const struct nw_packet *packet, uint64_t age_ns)
{
	char payload[2 * NW_PACKET_PAYLOAD_MAX + 1], buf[16], age[32] = "-";
	const char *topic = topic_text(sub, packet->topic, buf, sizeof(buf));

	format_payload(packet, payload, sizeof(payload));
	if (packet->time_ns > 0)
		(void)snprintf(age, sizeof(age), "%.1f", (double)age_ns / 1e3);
	if (!sub->is_json) {
		printf("%s %08" PRIx32 " %s %s\n", topic, packet->sender, age, payload);
		return;
	}
	json_t *line = json_pack(
		"{s:s, s:I, s:o, s:i, s:I, s:s}", "topic", topic, "sender",
		(json_int_t)packet->sender, "age",
		packet->time_ns > 0 ? json_real((double)age_ns / 1e9) : json_null(), "priority",
		(int)packet->priority, "type", (json_int_t)packet->type,
		is_text(packet) ? "text" : "hex", payload);

	(void)json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static void take_packets(struct sub *sub, const unsigned char *bytes, size_t count)
{
	uint64_t now_ns = clock_ns(CLOCK_REALTIME);

	sub->last_ns = clock_ns(CLOCK_MONOTONIC);
	if (sub->count == 0)
		sub->first_ns = sub->last_ns;
	for (size_t i = 0; i < count; i++) {
		struct nw_packet packet;
		uint64_t age_ns;

		if (sub->count_max > 0 && sub->count >= sub->count_max)
			return;
		memcpy(&packet, bytes + i * sizeof(packet), sizeof(packet));
		age_ns = packet.time_ns < now_ns ? now_ns - packet.time_ns : 0;
		sub->count++;
		if (packet.time_ns > 0)
			relay_histogram_add(&sub->latency, age_ns, 1);
		if (!sub->is_quiet && nw_packet_check(&packet) == NW_PACKET_GOOD)
			print_packet(sub, &packet, age_ns);
	}
	if (!sub->is_quiet)
		(void)fflush(stdout); /* a pipe that is gone is found at the end */
}

static void hear(void *arg, const struct relay_frame *frame)
{
	struct sub *sub = arg;
	struct relay_refused refused;

	if (frame->kind == RELAY_DELIVER)
		take_packets(sub, frame->body, frame->count);
	(void)relay_get_lost(frame, &sub->lost); /* it is not that: nothing changes */
	if (relay_get_refused(frame, &refused))
		(void)app_failed(RELAY_NAME, "ended by the relay (%s): %s",
				 relay_reason_name(refused.reason), refused.text);
}

/* ---- the whole ---- */

static int subscribe(struct sub *sub, enum relay_what what, const void *rest, size_t rest_bytes)
{
	unsigned char body[RELAY_SUBSCRIBE_BYTES + RELAY_TOPIC_NAME_MAX];
	uint32_t count;
	size_t used = relay_put_subscribe(body, what, false);
	int code;

	if (rest_bytes > 0)
		memcpy(body + used, rest, rest_bytes);
	code = relay_client_ask(&sub->client, RELAY_SUBSCRIBE, body, used + rest_bytes, &count);
	if (code == APP_OK && what == RELAY_PREFIX && count == 0)
		app_note(RELAY_NAME,
			 "the relay knows no topic that begins with '%.*s' yet; it is heard "
			 "when one is made known",
			 (int)rest_bytes, (const char *)rest);
	return code;
}

static int subscribe_all(struct sub *sub)
{
	int code = sub->hears_all ? subscribe(sub, RELAY_ALL, NULL, 0) : APP_OK;

	for (uint32_t i = 0; code == APP_OK && i < sub->name_count; i++) {
		const struct name *name = &sub->names[i];

		if (name->is_prefix)
			code = subscribe(sub, RELAY_PREFIX, name->text, strlen(name->text));
		else
			code = subscribe(sub, RELAY_TOPICS, &name->topic, sizeof(name->topic));
	}
	return code;
}

/* By lanes: 0, or -errno and said. */
static int subscribe_lane(struct sub *sub)
{
	int rc = sub->hears_all ? nw_relay_client_subscribe_all(sub->lane, true) : 0;

	for (uint32_t i = 0; rc == 0 && i < sub->name_count; i++) {
		const struct name *name = &sub->names[i];

		if (name->is_prefix)
			rc = nw_relay_client_subscribe_prefix(sub->lane, name->text,
							      strlen(name->text), true, NULL);
		else
			rc = nw_relay_client_subscribe(sub->lane, &name->topic, 1, true);
	}
	if (rc == -EACCES)
		return app_failed(RELAY_NAME,
				  "this sender may not hear that: the relay's rules say "
				  "what it may, by hear");
	return rc < 0 ? app_failed(RELAY_NAME, "%s", strerror(-rc)) : APP_OK;
}

static int report(const struct sub *sub)
{
	double seconds = (double)(sub->last_ns - sub->first_ns) / 1e9;
	double per_s = seconds > 0 ? (double)sub->count / seconds : 0;
	char count[32], rate[32], lost[32], line[128];

	if (!sub->is_quiet)
		return app_finish_output(RELAY_NAME);
	if (sub->is_json)
		return app_print_json(
			RELAY_NAME,
			json_pack("{s:I, s:I, s:f, s:f, s:o}", "received", (json_int_t)sub->count,
				  "lost", (json_int_t)sub->lost, "seconds", seconds, "per_second",
				  per_s, "age_seconds", relay_histogram_json(&sub->latency)));
	printf("received %s packets in %.3f s, %s a second; lost %s\nage: %s\n",
	       app_format_count(sub->count, count, sizeof(count)), seconds,
	       app_format_count((uint64_t)per_s, rate, sizeof(rate)),
	       app_format_count(sub->lost, lost, sizeof(lost)),
	       relay_histogram_format(&sub->latency, line, sizeof(line)));
	return app_finish_output(RELAY_NAME);
}

static bool is_done(const struct sub *sub, uint64_t begin_ns)
{
	return app_was_interrupted() || (sub->count_max > 0 && sub->count >= sub->count_max) ||
	       (sub->duration_ns > 0 && clock_ns(CLOCK_MONOTONIC) - begin_ns >= sub->duration_ns);
}

static int listen_to(struct sub *sub)
{
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
	int code, rc = 0;

	sub->client.on_frame = hear;
	sub->client.arg = sub;
	code = subscribe_all(sub);
	if (code != APP_OK)
		return code;
	while (rc == 0 && !is_done(sub, begin_ns))
		rc = relay_client_pump(&sub->client, PUMP_NS, false);
	if (sub->lost > 0 && !sub->is_quiet)
		app_note(RELAY_NAME, "%" PRIu64 " packets were lost: this subscriber was too slow",
			 sub->lost);
	code = report(sub);
	/* A relay that ends is no failure, unless something more was asked for. */
	if (rc == -EPIPE && sub->count_max == 0)
		return code;
	return rc < 0 ? relay_client_failed(&sub->client, rc) : code;
}

/* Its stream says when the relay is gone; the lanes still have what came before. */
static bool is_relay_gone(struct sub *sub)
{
	struct pollfd about = { .fd = nw_relay_client_stream_fd(sub->lane), .events = POLLIN };

	return poll(&about, 1, 0) > 0 && (about.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

static int listen_lane(struct sub *sub)
{
	struct nw_packet packets[LANE_CHUNK];
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
	struct nw_relay_client_counts counts;
	int code = relay_lane_open(&sub->lane, &sub->target);
	bool is_gone = false;
	size_t n = 0;

	if (code == APP_OK)
		code = subscribe_lane(sub);
	while (code == APP_OK && !is_done(sub, begin_ns) && (n > 0 || !is_gone)) {
		n = nw_relay_client_receive(sub->lane, packets, LANE_CHUNK);
		if (n > 0)
			take_packets(sub, (const unsigned char *)packets, n);
		else if (!nw_relay_client_receive_wait(sub->lane, PUMP_NS))
			is_gone = is_relay_gone(sub);
	}
	if (code != APP_OK)
		return code;
	nw_relay_client_counts(sub->lane, &counts);
	sub->lost = counts.lost;
	code = report(sub);
	if (is_gone && sub->count_max > sub->count)
		return app_failed(RELAY_NAME, "the relay has ended the connection");
	return code;
}

int relay_sub(int argc, char **argv)
{
	struct sub *sub = calloc(1, sizeof(*sub));
	int code = sub ? parse(sub, argc, argv) : app_failed(RELAY_NAME, "no memory");

	if (code == APP_OK && sub->is_help) {
		code = help();
	} else if (code == APP_OK) {
		app_on_interrupt(NULL, NULL);
		code = sub->target.is_lane ? listen_lane(sub)
					   : relay_client_open(&sub->client, &sub->target);
		if (code == APP_OK && !sub->target.is_lane)
			code = listen_to(sub);
		if (!sub->target.is_lane)
			relay_client_close(&sub->client);
		nw_relay_client_close(sub->lane);
	}
	free(sub);
	return code;
}
