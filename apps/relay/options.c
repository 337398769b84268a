/* SPDX-License-Identifier: MIT */
/* The command line of `nodewise relay`. Invariant: a refused word is named in the one line that is
 * said. */
#include "common/app.h"
#include "relay/config.h"

#include <getopt.h>
#include <string.h>

enum word {
	RULES = 256,
	ALLOW_ALL,
	UNIX,
	TCP,
	UDP,
	HTTP,
	SHARDS,
	IO,
	DRAIN,
	NO_PIN,
	OVERSUBSCRIBE,
	LOG,
	CHECK_CONFIG,
};

static const struct option words[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "rules", required_argument, NULL, RULES },
	{ "allow-all", no_argument, NULL, ALLOW_ALL },
	{ "check-config", no_argument, NULL, CHECK_CONFIG },
	{ "unix", required_argument, NULL, UNIX },
	{ "tcp", required_argument, NULL, TCP },
	{ "udp", required_argument, NULL, UDP },
	{ "http", required_argument, NULL, HTTP },
	{ "shards", required_argument, NULL, SHARDS },
	{ "io", required_argument, NULL, IO },
	{ "no-pin", no_argument, NULL, NO_PIN },
	{ "oversubscribe", no_argument, NULL, OVERSUBSCRIBE },
	{ "drain", required_argument, NULL, DRAIN },
	{ "log", required_argument, NULL, LOG },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool set_flag(struct relay_options *options, int got)
{
	bool *flag = got == ALLOW_ALL       ? &options->allow_all
		     : got == CHECK_CONFIG  ? &options->is_check
		     : got == NO_PIN        ? &options->no_pin
		     : got == OVERSUBSCRIBE ? &options->oversubscribe
		     : got == 'h'           ? &options->is_help
					    : NULL;

	if (flag)
		*flag = true;
	return flag != NULL;
}

static bool set_text(struct relay_options *options, int got, const char *value)
{
	const char **text = got == 'c'      ? &options->config
			    : got == RULES  ? &options->rules
			    : got == UNIX   ? &options->unix_path
			    : got == TCP    ? &options->tcp
			    : got == UDP    ? &options->udp
			    : got == HTTP   ? &options->http
			    : got == SHARDS ? &options->shards
			    : got == DRAIN  ? &options->drain
			    : got == IO     ? &options->io
					    : NULL;

	if (text)
		*text = value;
	return text != NULL;
}

static int set_log(struct relay_options *options, const char *value)
{
	options->is_json_log = strcmp(value, "json") == 0;
	options->is_text_log = strcmp(value, "text") == 0;
	if (options->is_json_log || options->is_text_log || strcmp(value, "auto") == 0)
		return APP_OK;
	return app_bad(RELAY_NAME, "--log takes auto, json or text, not '%s'", value);
}

int relay_options_parse(struct relay_options *ret_options, int argc, char **argv)
{
	int got, code;

	*ret_options = (struct relay_options){ .config = NULL };
	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, ":c:h", words, NULL)) != -1) {
		if (got == '?' || got == ':')
			return app_bad_option(RELAY_NAME, got, argv);
		if (got == LOG) {
			code = set_log(ret_options, optarg);
			if (code != APP_OK)
				return code;
		} else if (!set_flag(ret_options, got)) {
			(void)set_text(ret_options, got, optarg);
		}
	}
	if (optind < argc)
		return app_bad(
			RELAY_NAME,
			"no word '%s' here; there are pub, sub, stat, topic, and options: see "
			"nodewise relay --help",
			argv[optind]);
	if (ret_options->allow_all && ret_options->rules)
		return app_bad(RELAY_NAME, "--allow-all or --rules, not both");
	return APP_OK;
}
