/* SPDX-License-Identifier: MIT */
/*
 * What changed, one line each on standard error: JSON for machines, or a sentence for a terminal.
 * Invariant: the control thread's alone; a line is written by one call, so it stays whole.
 */
#include "relay/relay.h"

#include "common/app.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SELDOM_A_SECOND = 10, TIME_BYTES = 40 };

struct relay_log {
	bool is_json;
	time_t second;
	uint32_t said, kept_back;
};

struct relay_log *relay_log_open(bool is_json)
{
	struct relay_log *log = calloc(1, sizeof(*log));

	if (log)
		log->is_json = is_json;
	return log;
}

void relay_log_close(struct relay_log *log)
{
	free(log);
}

json_t *relay_log_text(const char *text)
{
	json_t *string = json_string(text);
	char clean[RELAY_LINE_BYTES * 2];

	if (string)
		return string;
	(void)snprintf(clean, sizeof(clean), "%s", text);
	for (char *c = clean; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(clean);
}

/* "2026-11-30T06:07:08.123Z" */
static void format_time(char *ret, size_t n_bytes)
{
	struct timespec now;
	struct tm parts;
	size_t used;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* this clock is always there */
	(void)gmtime_r(&now.tv_sec, &parts);
	used = strftime(ret, n_bytes, "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(ret + used, n_bytes - used, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

static void say_json(const char *level, const char *event, json_t *more)
{
	char time_text[TIME_BYTES], *text;
	json_t *line;

	format_time(time_text, sizeof(time_text));
	line = json_pack("{s:s, s:s, s:s}", "ts", time_text, "level", level, "event", event);
	if (more)
		(void)json_object_update_missing(line, more);
	text = json_dumps(line, JSON_COMPACT);
	/* Without memory a line is lost, and packets go on. */
	if (text)
		(void)fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(line);
}

/* "nodewise relay: event: key value, key value" */
static void say_text(const char *event, json_t *more)
{
	char line[RELAY_LINE_BYTES * 2];
	const char *key;
	json_t *value;
	size_t used = (size_t)snprintf(line, sizeof(line), "%s", event);

	json_object_foreach(more, key, value)
	{
		char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

		if (used < sizeof(line))
			used += (size_t)snprintf(line + used, sizeof(line) - used, ", %s %s", key,
						 text ? text : json_string_value(value));
		free(text);
	}
	(void)app_failed(RELAY_NAME, "%s", line);
}

static void say(const struct relay_log *log, const char *level, const char *event, json_t *more)
{
	if (log->is_json)
		say_json(level, event, more);
	else
		say_text(event, more);
	json_decref(more);
}

void relay_log(struct relay_server *server, const char *level, const char *event,
	       const char *format, ...)
{
	json_t *more = NULL;
	va_list args;

	if (format) {
		va_start(args, format);
		more = json_vpack_ex(NULL, 0, format, args);
		va_end(args);
	}
	say(server->log, level, event, more);
}

static bool may_say(struct relay_log *log)
{
	time_t now = time(NULL);

	if (now != log->second) {
		if (log->kept_back > 0)
			say(log, "warning", "kept_back",
			    json_pack("{s:i}", "lines", log->kept_back));
		log->second = now;
		log->said = log->kept_back = 0;
	}
	if (log->said++ < SELDOM_A_SECOND)
		return true;
	log->kept_back++;
	return false;
}

void relay_log_seldom(struct relay_server *server, const char *level, const char *event,
		      const char *format, ...)
{
	json_t *more = NULL;
	va_list args;

	/* Whether it is said or not: what it has is ours now. */
	if (format) {
		va_start(args, format);
		more = json_vpack_ex(NULL, 0, format, args);
		va_end(args);
	}
	if (may_say(server->log))
		say(server->log, level, event, more);
	else
		json_decref(more);
}
