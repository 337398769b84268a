/* SPDX-License-Identifier: MIT */
/* The words of `nodewise cdn --active`. */
#include "cdn/active.h"

#include <string.h>

enum { TEXT_BYTES = 64 };

static bool take_time(const char *text, uint64_t *ret_ns)
{
	return app_parse_duration(text, ret_ns) && *ret_ns > 0;
}

/* One of "2s", "dns=2s". */
static bool take_kind(struct cdn_active *active, const char *text)
{
	const char *equals = strchr(text, '=');
	uint64_t ns;

	if (!take_time(equals ? equals + 1 : text, &ns))
		return false;
	if (!equals)
		active->dns_ns = active->tls_ns = active->http_ns = ns;
	else if (strncmp(text, "dns=", 4) == 0)
		active->dns_ns = ns;
	else if (strncmp(text, "tls=", 4) == 0)
		active->tls_ns = ns;
	else if (strncmp(text, "http=", 5) == 0)
		active->http_ns = ns;
	else
		return false;
	return true;
}

static int take_timeout(struct cdn_active *active, const char *argument)
{
	char text[TEXT_BYTES], *save = NULL;

	(void)snprintf(text, sizeof(text), "%s", argument);
	for (char *part = strtok_r(text, ",", &save); part; part = strtok_r(NULL, ",", &save))
		if (!take_kind(active, part))
			return app_bad(
				CDN_NAME,
				"--timeout takes a time above 0, as 2s, or times by kind, as "
				"dns=1s,tls=2s,http=3s; not '%s'",
				argument);
	return APP_OK;
}

static int take_budget(struct cdn_active *active, const char *argument)
{
	char text[TEXT_BYTES], *comma;

	(void)snprintf(text, sizeof(text), "%s", argument);
	comma = strchr(text, ',');
	if (comma)
		*comma++ = '\0';
	if (!app_parse_u64(text, 1, UINT64_MAX / 2, &active->budget) ||
	    (comma && !take_time(comma, &active->budget_ns)))
		return app_bad(CDN_NAME,
			       "--budget takes requests, and a time where that is bounded, too, as "
			       "1000 or 1000,30s; not '%s'",
			       argument);
	return APP_OK;
}

static int take_number(const char *option, const char *argument, uint64_t min, uint64_t max,
		       uint64_t *ret)
{
	if (app_parse_u64(argument, min, max, ret))
		return APP_OK;
	return app_bad(CDN_NAME, "%s takes a number from %llu to %llu, not '%s'", option,
		       (unsigned long long)min, (unsigned long long)max, argument);
}

int cdn_active_take(struct cdn_active *active, int word, const char *argument)
{
	uint64_t number = 0;
	int code = APP_OK;

	switch ((enum cdn_active_word)word) {
	case CDN_WORD_ACTIVE:
		active->is_on = true;
		return APP_OK;
	case CDN_WORD_NO_DNS:
		active->has_no_dns = true;
		break;
	case CDN_WORD_NO_HTTP:
		active->has_no_http = true;
		break;
	case CDN_WORD_NO_TLS:
		active->has_no_tls = true;
		break;
	case CDN_WORD_TIMEOUT:
		code = take_timeout(active, argument);
		break;
	case CDN_WORD_BUDGET:
		code = take_budget(active, argument);
		break;
	case CDN_WORD_RESOLVER:
		active->servers = argument;
		break;
	case CDN_WORD_PARALLEL:
		code = take_number("--parallel", argument, 1, NW_CDN_ASK_PARALLEL_MAX, &number);
		active->parallel = (uint32_t)number;
		break;
	case CDN_WORD_CACHE:
		code = take_number("--cache", argument, 0, NW_CDN_ASK_CACHE_MAX, &number);
		active->cache = (uint32_t)number;
		active->has_no_cache = number == 0;
		break;
	case CDN_WORD_THOROUGH:
		active->is_thorough = true;
		break;
	case CDN_WORD_ORIGIN:
		active->wants_origin = active->is_on = true;
		return APP_OK;
	case CDN_WORD_HISTORY:
		active->history = argument;
		break;
	default:
		return -1;
	}
	active->has_words = true;
	return code;
}

int cdn_active_check(const struct cdn_active *active)
{
	if (active->history && !active->wants_origin)
		return app_bad(CDN_NAME, "--history is for --origin: there is none");
	if (active->has_words && !active->is_on)
		return app_bad(CDN_NAME, "offline nobody is asked: add --active, or leave out what "
					 "says how to ask");
	if (active->has_no_dns && active->has_no_http && active->has_no_tls)
		return app_bad(CDN_NAME, "--no-dns, --no-tls and --no-http leave nothing to ask: "
					 "leave out --active");
	return APP_OK;
}
