/* SPDX-License-Identifier: MIT */
/*
 * The form of messages: the one place that knows TLC's classes, and what -tool puts around a
 * message.
 *
 * Invariant: a message is flushed when it is whole: who reads a pipe sees it when it is said.
 */
#include "check/say.h"

#include "check/check.h"
#include "check/spec.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

/* TLC's numbers for them. */
enum class { PLAIN = 0, ERROR = 1, WARNING = 3, STATE = 4 };

/* All others are plain. */
static const struct {
	enum check_code code;
	enum class class;
} classes[] = {
	{ SAY_GENERAL, ERROR },
	{ SAY_OUT_OF_MEMORY, ERROR },
	{ SAY_STACK_OVERFLOW, ERROR },
	{ SAY_INITIAL_STATE, ERROR },
	{ SAY_NESTED_EXPRESSION, ERROR },
	{ SAY_ASSUMPTION_FALSE, ERROR },
	{ SAY_ASSUMPTION_FAILED, ERROR },
	{ SAY_INVARIANT_INITIAL, ERROR },
	{ SAY_PROPERTY_INITIAL, ERROR },
	{ SAY_NEXT_INCOMPLETE, ERROR },
	{ SAY_INVARIANT_FALSE, ERROR },
	{ SAY_INVARIANT_FAILED, ERROR },
	{ SAY_PROPERTY_FALSE, ERROR },
	{ SAY_PROPERTY_FAILED, ERROR },
	{ SAY_DEADLOCK, ERROR },
	{ SAY_TEMPORAL_FALSE, ERROR },
	{ SAY_NO_INITIAL_STATE, WARNING },
	{ SAY_BEHAVIOR, ERROR },
	{ SAY_BACK_TO_STATE, STATE },
	{ SAY_ASSERT, ERROR },
	{ SAY_INVARIANT_LEVEL, ERROR },
	{ SAY_INVARIANT_CONSTANT, WARNING },
	{ SAY_NOT_CHECKED, WARNING },
	{ SAY_LIVE_UNHANDLED, ERROR },
	{ SAY_STATE_ALONE, STATE },
	{ SAY_STATE, STATE },
	{ SAY_STUTTERING, STATE },
	{ SAY_CONFIG_NO_VALUE, ERROR },
	{ SAY_CONFIG_CHAIN, ERROR },
	{ SAY_CONFIG_REPLACEMENT, ERROR },
	{ SAY_CONFIG_BOTH, ERROR },
	{ SAY_CONFIG_ARGUMENTS, ERROR },
	{ SAY_CONFIG_UNDEFINED, ERROR },
	{ SAY_CONFIG_CONSTANT, ERROR },
	{ SAY_CONFIG_TRIVIAL, ERROR },
	{ SAY_CONFIG_VARIABLE, ERROR },
	{ SAY_CONFIG_NO_INIT, ERROR },
	{ SAY_CONFIG_NO_NEXT, ERROR },
	{ SAY_PROPERTY_OF_STATE, WARNING },
	{ SAY_COUNTEREXAMPLE, ERROR },
	{ SAY_CONFIG_ACTION, ERROR },
	{ SAY_POSTCONDITION_FALSE, ERROR },
	{ SAY_POSTCONDITION_FAILED, ERROR },
	{ SAY_TRACE_SPEC_FAILED, ERROR },
	{ SAY_PARSING_FAILED, ERROR },
	{ SAY_NEVER_TAKEN, WARNING },
};

static enum class class_of(enum check_code code) {
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]);
	     i++) if (classes[i].code == code) return classes[i]
		.class;
	return PLAIN;
}

/* The word before a text where no code is shown. */
static const char *prefix_of(enum check_code code)
{
	switch (class_of(code)) {
	case ERROR:
		return "Error: ";
	case WARNING:
		return "Warning: ";
	case STATE: /* "Back to state" says it itself */
		return code == SAY_BACK_TO_STATE ? "" : "State ";
	case PLAIN:
		break;
	}
	return "";
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Beside a JSON report what is printed goes to stderr. */
int check_say_init(struct check_say *say, const struct check_options *options)
{
	*say = (struct check_say){ .is_tool = options->is_tool,
				   .is_json = options->is_json,
				   .is_terse = options->no_warnings,
				   .suppressed = options->suppressed,
				   .suppressed_count = options->suppressed_count,
				   .printed = options->is_json ? stderr : stdout,
				   .begin_ms = now_ms() };
	pthread_mutex_init(&say->lock, NULL);
	if (!options->print_path)
		return APP_OK;
	say->printed = fopen(options->print_path, "we");
	if (!say->printed)
		return app_failed(CHECK_NAME, "cannot write %s: %s", options->print_path,
				  strerror(errno));
	say->has_file = true;
	return APP_OK;
}

int check_say_fini(struct check_say *say)
{
	int r = say->has_file ? fclose(say->printed) : 0;

	pthread_mutex_destroy(&say->lock);
	return r == 0 ? APP_OK
		      : app_failed(CHECK_NAME, "what was printed is not whole: %s",
				   strerror(errno));
}

int64_t check_say_ms(const struct check_say *say)
{
	return now_ms() - say->begin_ms;
}

static bool is_suppressed(const struct check_say *say, enum check_code code)
{
	for (uint32_t i = 0; i < say->suppressed_count; i++)
		if (say->suppressed[i] == (uint32_t)code)
			return true;
	return say->is_terse && class_of(code) == WARNING;
}

/* Progress is no part of the report, but for editors. */
static FILE *stream_of(const struct check_say *say, enum check_code code)
{
	if (is_suppressed(say, code))
		return NULL;
	if (say->is_tool)
		return stdout;
	if (code == SAY_PROGRESS || code == SAY_PROGRESS_SIMULATE)
		return stderr;
	return say->is_json ? NULL : stdout;
}

FILE *check_say_begin(struct check_say *say, enum check_code code)
{
	FILE *out = stream_of(say, code);

	pthread_mutex_lock(&say->lock);
	if (out && say->is_tool)
		fprintf(out, "@!@!@STARTMSG %d:%d @!@!@\n", (int)code, (int)class_of(code));
	else if (out)
		fputs(prefix_of(code), out);
	return out;
}

void check_say_end(struct check_say *say, enum check_code code)
{
	FILE *out = stream_of(say, code);

	if (out) {
		fputc('\n', out);
		if (say->is_tool)
			fprintf(out, "@!@!@ENDMSG %d @!@!@\n", (int)code);
		(void)fflush(out); /* app_finish_output() says if it fails */
	}
	pthread_mutex_unlock(&say->lock);
}

void check_say(struct check_say *say, enum check_code code, const char *format, ...)
{
	FILE *out = check_say_begin(say, code);
	va_list args;

	if (out) {
		va_start(args, format);
		(void)vfprintf(out, format, args); /* as above */
		va_end(args);
	}
	check_say_end(say, code);
}

void check_refuse(struct check_say *say, enum check_code code, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut where too long */
	va_end(args);
	if (say->is_tool)
		check_say(say, code, "%s", text);
	else
		(void)app_failed(CHECK_NAME, "%s", text);
}

void check_say_value(struct check_say *say, const char *value)
{
	pthread_mutex_lock(&say->lock);
	check_layout(say->printed, value);
	fputc('\n', say->printed);
	pthread_mutex_unlock(&say->lock);
}

char *check_now(char buf[CHECK_NOW_BYTES])
{
	time_t clock = time(NULL);
	struct tm local;

	buf[0] = '\0';
	if (localtime_r(&clock, &local))
		(void)strftime(buf, CHECK_NOW_BYTES, "%Y-%m-%d %H:%M:%S", &local);
	return buf;
}
