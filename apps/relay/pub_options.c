/* SPDX-License-Identifier: MIT */
/* The command line of `nodewise relay pub`, and its report. Invariant: a refused word is named in
 * the one line that is said. */
#include "relay/pub.h"

#include "common/app.h"
#include "relay/drops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum word {
	TOPIC = 256,
	TOPICS,
	TEXT,
	RATE,
	COUNT,
	DURATION,
	SIZE,
	BATCH,
	PRIORITY,
	TTL,
	WAIT,
	JSON
};

static const struct option words[] = {
	{ "topic", required_argument, NULL, TOPIC },
	{ "topics", required_argument, NULL, TOPICS },
	{ "text", required_argument, NULL, TEXT },
	{ "rate", required_argument, NULL, RATE },
	{ "count", required_argument, NULL, COUNT },
	{ "duration", required_argument, NULL, DURATION },
	{ "size", required_argument, NULL, SIZE },
	{ "batch", required_argument, NULL, BATCH },
	{ "priority", required_argument, NULL, PRIORITY },
	{ "ttl", required_argument, NULL, TTL },
	{ "wait", no_argument, NULL, WAIT },
	{ "json", no_argument, NULL, JSON },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	RELAY_TARGET_WORDS,
	{ NULL, 0, NULL, 0 },
};

int relay_pub_help(void)
{
	printf("usage: nodewise relay pub --topic NAME [OPTION]...\n"
	       "\n"
	       "Sends packets to a relay, and tells how many it took in and how fast.\n"
	       "\n"
	       "      --topic NAME        of the packets\n"
	       "      --topics N          N topics in turn, NAME.0, NAME.1, ...\n"
	       "      --text TEXT         what is in each, up to 36 bytes (else its number)\n"
	       "      --size N            bytes of payload, 0..36; 8\n"
	       "      --count N           packets in all; 1 with --text, else until it is ended\n"
	       "      --rate N            packets a second, as 10k; else as many as it takes\n"
	       "      --duration TIME     at most so long\n"
	       "      --batch N           packets a frame at most; 256\n"
	       "      --priority N        0..3, 3 is dropped first; 0\n"
	       "      --ttl TIME          dropped if it is not delivered by then\n"
	       "      --wait              send again, in order, what a full shard refused\n"
	       "      --unix PATH         the relay's Unix socket (the default: this user's)\n"
	       "      --tcp ADDRESS       a stream to it\n"
	       "      --lane              shared memory with the relay, set up over its socket\n"
	       "      --udp ADDRESS       datagrams: nobody answers\n"
	       "      --ca FILE           TLS: the certificates to believe, of the relay's\n"
	       "      --server-name NAME  that the relay's certificate has, if not its address\n"
	       "      --certificate FILE  to show to the relay\n"
	       "      --key FILE          its key\n"
	       "      --name NAME         the sender to be\n"
	       "      --token-file FILE   its token, in the first line\n"
	       "      --json              the report as JSON\n"
	       "  -q, --quiet             no report\n"
	       "  -h, --help              show this help\n"
	       "\n"
	       "Exit code: 0 all was accepted, 1 not all, or no relay is there, 2 usage.\n");
	return app_finish_output(RELAY_NAME);
}

static bool set_rate(const char *value, uint64_t max, uint64_t *ret)
{
	uint64_t n;

	if (!relay_parse_rate(value, &n) || n == 0 || n > max)
		return false;
	*ret = n;
	return true;
}

/* What an option takes, if value is not that; NULL: it was taken. */
static const char *set_number(struct relay_pub_options *o, int got, const char *value)
{
	uint64_t ns = 0;

	switch (got) {
	case TOPICS:
		return set_rate(value, 65536, &o->topic_count) ? NULL : "a number from 1 to 65536";
	case RATE:
		return set_rate(value, 1000000000, &o->rate) ? NULL
							     : "packets a second, as 1000 or 10k";
	case COUNT:
		return set_rate(value, UINT64_MAX / 2, &o->count) ? NULL
								  : "a number, as 1000 or 10M";
	case DURATION:
		return app_parse_duration(value, &o->duration_ns) && o->duration_ns > 0
			       ? NULL
			       : "a duration, as 10s";
	case SIZE:
		return app_parse_u64(value, 0, NW_PACKET_PAYLOAD_MAX, &o->size) ? NULL
										: "0 to 36 bytes";
	case BATCH:
		return app_parse_u64(value, 1, RELAY_BODY_MAX / sizeof(struct nw_packet), &o->batch)
			       ? NULL
			       : "1 to 16384 packets";
	case PRIORITY:
		return app_parse_u64(value, 0, NW_PACKET_PRIORITY_COUNT - 1, &o->priority)
			       ? NULL
			       : "0, 1, 2 or 3";
	default: /* TTL */
		if (!app_parse_duration(value, &ns) || ns < 1000 || ns / 1000 > UINT32_MAX)
			return "a duration from 1us to 1h, as 50ms";
		o->ttl_us = ns / 1000;
		return NULL;
	}
}

static int set(struct relay_pub_options *o, int got, const char *value, const char *word)
{
	const char *wanted = NULL;

	if (relay_target_take(&o->target, got, value))
		return APP_OK;
	if (got == TOPIC)
		o->topic = value;
	else if (got == TEXT)
		o->text = value;
	else if (got == WAIT)
		o->is_waiting = true;
	else if (got == JSON)
		o->is_json = true;
	else if (got == 'q')
		o->is_quiet = true;
	else if (got == 'h')
		o->is_help = true;
	else
		wanted = set_number(o, got, value);
	if (wanted)
		return app_bad(RELAY_NAME, "%s takes %s, not '%s'", word, wanted, value);
	return APP_OK;
}

static int check(struct relay_pub_options *o)
{
	if (o->is_help)
		return APP_OK;
	if (!o->topic || !*o->topic || strlen(o->topic) > RELAY_TOPIC_NAME_MAX - 8)
		return app_bad(RELAY_NAME, "say which topic: --topic NAME, of 1 to 247 bytes");
	if (o->text && strlen(o->text) > NW_PACKET_PAYLOAD_MAX)
		return app_bad(RELAY_NAME, "--text has more than the 36 bytes of a packet");
	if (o->is_waiting && o->target.udp)
		return app_bad(RELAY_NAME, "--wait waits for answers, and --udp has none");
	if (o->target.is_lane && (o->target.udp || o->target.tcp))
		return app_bad(RELAY_NAME, "--lane is set up over --unix, not --tcp or --udp");
	if (o->text && o->count == 0 && o->duration_ns == 0)
		o->count = 1;
	return APP_OK;
}

int relay_pub_parse(struct relay_pub_options *ret_options, int argc, char **argv)
{
	struct relay_pub_options o = { .topic_count = 1, .size = 8, .batch = 256 };
	int got, code;

	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, ":qh", words, NULL)) != -1) {
		if (got == '?' || got == ':')
			return app_bad_option(RELAY_NAME, got, argv);
		code = set(&o, got, optarg, argv[optind - 1 - (optarg == argv[optind - 1])]);
		if (code != APP_OK)
			return code;
	}
	if (optind < argc)
		return app_bad(RELAY_NAME, "what is '%s'? see nodewise relay pub --help",
			       argv[optind]);
	code = check(&o);
	*ret_options = o;
	return code;
}

/* ---- what came of it ---- */

static json_t *reasons_json(const struct relay_pub *pub)
{
	json_t *reasons = json_object();

	for (unsigned i = 0; i < RELAY_REASON_END; i++)
		if (pub->refused_by[i] > 0)
			(void)json_object_set_new(reasons, relay_reason_name(i),
						  json_integer((json_int_t)pub->refused_by[i]));
	return reasons;
}

static json_t *drops_json(const struct relay_pub *pub)
{
	json_t *kinds = json_object();
	const char *name;
	uint64_t count;

	for (unsigned i = 0; (name = relay_drops_at(&pub->drops, i, &count)) != NULL; i++)
		if (count > 0)
			(void)json_object_set_new(kinds, name, json_integer((json_int_t)count));
	return kinds;
}

/* Of datagrams nobody says. */
static json_t *answered(const struct relay_pub *pub, uint64_t count)
{
	return pub->client.is_udp ? json_null() : json_integer((json_int_t)count);
}

static int report_json(const struct relay_pub *pub, double seconds)
{
	return app_print_json(
		RELAY_NAME,
		json_pack("{s:I, s:o, s:o, s:o, s:o, s:f, s:f, s:o}", "sent", (json_int_t)pub->sent,
			  "accepted", answered(pub, pub->accepted), "refused",
			  answered(pub, pub->refused), "reasons", reasons_json(pub), "dropped",
			  pub->are_drops_known ? drops_json(pub) : json_null(), "seconds", seconds,
			  "per_second", seconds > 0 ? (double)pub->sent / seconds : 0.0,
			  "answer_seconds", relay_histogram_json(&pub->answer)));
}

int relay_pub_report(const struct relay_pub *pub, uint64_t took_ns)
{
	double seconds = (double)took_ns / 1e9;
	char sent[32], accepted[32], rate[32], line[128];
	const char *name;
	uint64_t count;

	if (pub->options.is_quiet)
		return APP_OK;
	if (pub->options.is_json)
		return report_json(pub, seconds);
	(void)app_format_count(pub->sent, sent, sizeof(sent));
	(void)app_format_count(pub->accepted, accepted, sizeof(accepted));
	(void)app_format_count(seconds > 0 ? (uint64_t)((double)pub->sent / seconds) : 0, rate,
			       sizeof(rate));
	if (pub->client.is_udp)
		printf("sent %s packets in %.3f s, %s a second\n"
		       "datagrams have no answer: what became of them is in the relay's "
		       "numbers, nodewise relay stat\n",
		       sent, seconds, rate);
	else
		printf("sent %s packets, accepted %s, in %.3f s, %s a second\n", sent, accepted,
		       seconds, rate);
	for (unsigned i = 0; i < RELAY_REASON_END; i++)
		if (pub->refused_by[i] > 0)
			printf("refused, %s: %s\n", relay_reason_name(i),
			       app_format_count(pub->refused_by[i], sent, sizeof(sent)));
	for (unsigned i = 0; (name = relay_drops_at(&pub->drops, i, &count)) != NULL; i++)
		if (count > 0)
			printf("dropped, %s: %s\n", name,
			       app_format_count(count, sent, sizeof(sent)));
	if (pub->answer.total > 0)
		printf("until answered: %s\n",
		       relay_histogram_format(&pub->answer, line, sizeof(line)));
	return app_finish_output(RELAY_NAME);
}
