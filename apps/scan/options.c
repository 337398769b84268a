/* SPDX-License-Identifier: MIT */
/*
 * The command line of `nodewise scan`, in the spellings that users of masscan, zmap and nmap type.
 * Invariant: a refused word is named in the one line that is said.
 */
#include "scan/scan.h"

#include <string.h>

enum { RATE_DEFAULT = 1000, WAIT_DEFAULT_S = 2, RETRIES_MAX = NW_PROBE_TRIES_MAX - 1 };
#define NS_PER_S UINT64_C(1000000000)

/* names: alternatives, separated by a space. */
struct word {
	const char *names;
	bool has_value;
	int (*set)(struct scan_options *options, const char *name, const char *value);
};

static int set_ports(struct scan_options *options, const char *name, const char *value)
{
	(void)name;
	if (strlen(value) >= sizeof(options->ports))
		return app_bad(SCAN_NAME, "-p: the list of ports is longer than %u bytes",
			       SCAN_PORTS_BYTES - 1);
	memcpy(options->ports, value, strlen(value) + 1);
	return APP_OK;
}

static int set_number(const char *name, const char *value, uint64_t min, uint64_t max,
		      uint64_t *ret)
{
	if (!app_parse_u64(value, min, max, ret))
		return app_bad(SCAN_NAME, "%s takes a number from %llu to %llu, not '%s'", name,
			       (unsigned long long)min, (unsigned long long)max, value);
	return APP_OK;
}

static int set_top_ports(struct scan_options *options, const char *name, const char *value)
{
	return set_number(name, value, 1, 1000, &options->top_ports);
}

/* 20000, 20k, 1.5M. */
static bool parse_rate(const char *text, uint64_t *ret_rate)
{
	static const char letters[] = "kM";
	size_t length = strlen(text);
	const char *letter = length > 0 ? strchr(letters, text[length - 1]) : NULL;
	uint64_t scale = !letter || !*letter ? 1 : *letter == 'k' ? 1000 : 1000000;
	const char *end;

	return app_parse_decimal(text, scale, ret_rate, &end) && end == text + length - (scale > 1);
}

/* 0: as fast as it goes. */
static int set_rate(struct scan_options *options, const char *name, const char *value)
{
	if (!parse_rate(value, &options->rate))
		return app_bad(SCAN_NAME, "%s takes questions a second, as 20000 or 20k, not '%s'",
			       name, value);
	options->has_rate = true;
	return APP_OK;
}

static int set_retries(struct scan_options *options, const char *name, const char *value)
{
	return set_number(name, value, 0, RETRIES_MAX, &options->retries);
}

/* Seconds, as the peers have them, or a duration. */
static int set_wait(struct scan_options *options, const char *name, const char *value)
{
	uint64_t seconds;

	if (app_parse_u64(value, 0, 86400, &seconds))
		options->wait_ns = seconds * NS_PER_S;
	else if (!app_parse_duration(value, &options->wait_ns))
		return app_bad(SCAN_NAME, "%s takes a duration, as 2, 500ms or 10s, not '%s'", name,
			       value);
	return APP_OK;
}

static int set_banner_time(struct scan_options *options, const char *name, const char *value)
{
	if (!app_parse_duration(value, &options->banner_ns) || options->banner_ns == 0)
		return app_bad(SCAN_NAME, "%s takes a duration, as 500ms or 10s, not '%s'", name,
			       value);
	return APP_OK;
}

/* The kernel sends a second question after a second. */
static int set_connect_time(struct scan_options *options, const char *name, const char *value)
{
	if (!app_parse_duration(value, &options->connect_ns) || options->connect_ns == 0 ||
	    options->connect_ns > NS_PER_S * 9 / 10)
		return app_bad(SCAN_NAME,
			       "%s takes a duration of at most 900ms, as 300ms, not '%s'", name,
			       value);
	return APP_OK;
}

static int set_seed(struct scan_options *options, const char *name, const char *value)
{
	options->has_seed = true;
	return set_number(name, value, 0, UINT64_MAX, &options->seed);
}

static int set_workers(struct scan_options *options, const char *name, const char *value)
{
	return set_number(name, value, 1, NW_PROBE_WORKERS_MAX, &options->workers);
}

static int set_parallelism(struct scan_options *options, const char *name, const char *value)
{
	return set_number(name, value, 1, SCAN_PARALLELISM_MAX, &options->parallelism);
}

static int set_stats(struct scan_options *options, const char *name, const char *value)
{
	return set_number(name, value, 0, 86400, &options->stats_every_s);
}

static int set_runtime(struct scan_options *options, const char *name, const char *value)
{
	return set_number(name, value, 1, UINT32_MAX, &options->max_runtime_s);
}

/* "1/4": the first of four, as masscan counts. */
static int set_shard(struct scan_options *options, const char *name, const char *value)
{
	char first[24];
	const char *slash = strchr(value, '/');

	if (slash && (size_t)(slash - value) < sizeof(first)) {
		memcpy(first, value, (size_t)(slash - value));
		first[slash - value] = '\0';
		if (app_parse_u64(slash + 1, 1, UINT32_MAX, &options->shard_count) &&
		    app_parse_u64(first, 1, options->shard_count, &options->shard)) {
			options->shard--;
			return APP_OK;
		}
	}
	return app_bad(SCAN_NAME, "%s takes a part of a whole, as 1/4, not '%s'", name, value);
}

static int set_path(struct scan_options *options, const char *name, const char *value)
{
	for (options->path = NW_LINK_PATH_AUTO; options->path <= NW_LINK_PATH_XDP; options->path++)
		if (strcmp(nw_link_path_name(options->path), value) == 0)
			return APP_OK;
	return app_bad(SCAN_NAME, "%s takes auto, xdp, ring or mmsg, not '%s'", name, value);
}

static int set_cdn(struct scan_options *options, const char *name, const char *value)
{
	static const char *const modes[] = {
		[SCAN_CDN_MARK] = "mark", [SCAN_CDN_SKIP] = "skip", [SCAN_CDN_ONLY] = "only"
	};

	for (int mode = SCAN_CDN_MARK; mode <= SCAN_CDN_ONLY; mode++)
		if (strcmp(value, modes[mode]) == 0) {
			options->cdn = (enum scan_cdn_mode)mode;
			return APP_OK;
		}
	return app_bad(SCAN_NAME, "%s takes mark, skip or only, not '%s'", name, value);
}

#define TEXT(field)                                                                               \
	static int set_##field(struct scan_options *options, const char *name, const char *value) \
	{                                                                                         \
		(void)name;                                                                       \
		options->field = value;                                                           \
		return APP_OK;                                                                    \
	}
TEXT(interface)
TEXT(source_ip)
TEXT(source_port)
TEXT(router_mac)
TEXT(nodes)
TEXT(resume)
TEXT(cdn_only)
TEXT(cdn_except)
TEXT(cdn_list)
TEXT(cdn_data)
TEXT(cdn_asn)

#define FLAG(field)                                                                               \
	static int set_##field(struct scan_options *options, const char *name, const char *value) \
	{                                                                                         \
		(void)name;                                                                       \
		(void)value;                                                                      \
		options->field = true;                                                            \
		return APP_OK;                                                                    \
	}
FLAG(no_numa)
FLAG(pins_irqs)
FLAG(by_echo)
FLAG(by_link)
FLAG(wants_banners)
FLAG(only_open)
FLAG(is_quiet)
FLAG(is_json)
FLAG(is_dry_run)
FLAG(is_help)
FLAG(allows_internet)

static int set_numa(struct scan_options *options, const char *name, const char *value)
{
	(void)name;
	(void)value;
	options->no_numa = false;
	return APP_OK;
}

static int set_method(struct scan_options *options, const char *name, const char *value)
{
	static const enum scan_method methods[] = {
		['S'] = SCAN_SYN, ['T'] = SCAN_CONNECT, ['U'] = SCAN_UDP, ['n'] = SCAN_HOSTS
	};
	enum scan_method method = methods[(unsigned char)name[2]];

	(void)value;
	if (options->has_method && options->method != method)
		return app_bad(SCAN_NAME,
			       "%s: one of -sS, -sT, -sU and -sn; ports of both kinds are "
			       "written -p 80,U:53",
			       name);
	options->method = method;
	options->has_method = true;
	return APP_OK;
}

static int ignore(struct scan_options *options, const char *name, const char *value)
{
	(void)options;
	(void)name;
	(void)value;
	return APP_OK;
}

static int add(const char **list, uint32_t *count, uint32_t max, const char *name,
	       const char *value)
{
	if (*count == max)
		return app_bad(SCAN_NAME, "%s: %u of them are the most; -iL takes a file", name,
			       max);
	list[(*count)++] = value;
	return APP_OK;
}

static int add_list(struct scan_options *options, const char *name, const char *value)
{
	return add(options->lists, &options->list_count, SCAN_OUTPUTS_MAX, name, value);
}

static int add_exclude(struct scan_options *options, const char *name, const char *value)
{
	return add(options->excludes, &options->exclude_count, SCAN_TARGETS_MAX, name, value);
}

static int add_exclude_list(struct scan_options *options, const char *name, const char *value)
{
	return add(options->exclude_lists, &options->exclude_list_count, SCAN_OUTPUTS_MAX, name,
		   value);
}

static int add_output(struct scan_options *options, const char *name, const char *value)
{
	static const char letters[] = "NLJGX"; /* as enum scan_format */
	char letter = name[2];

	if (letter == 'D')
		letter = 'J';

	if (options->output_count == SCAN_OUTPUTS_MAX)
		return app_bad(SCAN_NAME, "%s: %u outputs are the most", name, SCAN_OUTPUTS_MAX);
	options->outputs[options->output_count++] = (struct scan_output){
		(enum scan_format)(strchr(letters, letter) - letters), value
	};
	return APP_OK;
}

static const struct word words[] = {
	{ "-p --ports", true, set_ports },
	{ "--top-ports", true, set_top_ports },
	{ "-sS -sT -sU -sn", false, set_method },
	{ "-iL", true, add_list },
	{ "--exclude", true, add_exclude },
	{ "--excludefile --exclude-file", true, add_exclude_list },
	{ "-r --rate --max-rate", true, set_rate },
	{ "--retries --max-retries", true, set_retries },
	{ "--wait --cooldown", true, set_wait },
	{ "-e -i --interface --adapter", true, set_interface },
	{ "-S --source-ip", true, set_source_ip },
	{ "-g --source-port", true, set_source_port },
	{ "-G --router-mac", true, set_router_mac },
	{ "--seed", true, set_seed },
	{ "--shard", true, set_shard },
	{ "--workers", true, set_workers },
	{ "--max-parallelism", true, set_parallelism },
	{ "--max-rtt-timeout", true, set_connect_time },
	{ "--path", true, set_path },
	{ "--nodes", true, set_nodes },
	{ "--numa", false, set_numa },
	{ "--no-numa", false, set_no_numa },
	{ "-oN -oL -oJ -oD -oG -oX", true, add_output },
	{ "--open", false, set_only_open },
	{ "--pin-irqs", false, set_pins_irqs },
	{ "--cdn", true, set_cdn },
	{ "--cdn-only --cdn-whitelist", true, set_cdn_only },
	{ "--cdn-except --cdn-blacklist", true, set_cdn_except },
	{ "--cdn-list", true, set_cdn_list },
	{ "--cdn-data", true, set_cdn_data },
	{ "--cdn-asn", true, set_cdn_asn },
	{ "-PE", false, set_by_echo },
	{ "-PR", false, set_by_link },
	{ "--banners", false, set_wants_banners },
	{ "--banner-timeout", true, set_banner_time },
	{ "--resume", true, set_resume },
	{ "--max-runtime", true, set_runtime },
	{ "--stats-every", true, set_stats },
	{ "--allow-internet-scan", false, set_allows_internet },
	{ "--dry-run --offline", false, set_is_dry_run },
	{ "-n -Pn", false, ignore }, /* what is done anyway */
	{ "--json", false, set_is_json },
	{ "-q --quiet", false, set_is_quiet },
	{ "-h --help", false, set_is_help },
};

/* The word that an argument is, as far as its =value or its end; its length in *ret_length. */
static const struct word *find(const char *argument, size_t *ret_length)
{
	size_t length = strncmp(argument, "--", 2) == 0 ? strcspn(argument, "=") : strlen(argument);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		for (const char *at = words[i].names; *at; at += strspn(at, " ")) {
			size_t n = strcspn(at, " ");

			if (n == length && memcmp(at, argument, n) == 0) {
				*ret_length = length;
				return &words[i];
			}
			at += n;
		}
	}
	/* -p80 and its like. */
	if (strncmp(argument, "-p", 2) == 0 && argument[2] != '\0') {
		*ret_length = 2;
		return &words[0];
	}
	return NULL;
}

static int take_word(struct scan_options *options, const struct word *word, char ***inout_next,
		     size_t length)
{
	char *argument = *(*inout_next)++;
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s", (int)length, argument);
	if (!word->has_value) {
		if (argument[length] != '\0')
			return app_bad(SCAN_NAME, "%s takes no value", name);
		return word->set(options, name, NULL);
	}
	if (argument[length] != '\0')
		return word->set(options, name, argument + length + (argument[length] == '='));
	if (!**inout_next)
		return app_bad(SCAN_NAME, "%s takes a value", name);
	return word->set(options, name, *(*inout_next)++);
}

static int check_cdn(const struct scan_options *options)
{
	const char *without_mode = options->cdn_only     ? "--cdn-only"
				   : options->cdn_except ? "--cdn-except"
				   : options->cdn_list   ? "--cdn-list"
				   : options->cdn_data   ? "--cdn-data"
				   : options->cdn_asn    ? "--cdn-asn"
							 : NULL;

	if (without_mode && options->cdn == SCAN_CDN_OFF)
		return app_bad(SCAN_NAME, "%s says how --cdn is done: give --cdn, too",
			       without_mode);
	if (options->cdn_only && options->cdn_except)
		return app_bad(SCAN_NAME, "--cdn-only or --cdn-except, not both");
	if (options->cdn_list && options->cdn == SCAN_CDN_MARK)
		return app_bad(SCAN_NAME, "--cdn-list lists who is left out: --cdn mark leaves "
					  "nobody out");
	return APP_OK;
}

static int check_together(const struct scan_options *options)
{
	uint32_t to_stdout = options->is_json;

	for (uint32_t i = 0; i < options->output_count; i++)
		to_stdout += strcmp(options->outputs[i].path, "-") == 0;
	if (to_stdout > 1)
		return app_bad(SCAN_NAME,
			       "only one of --json and the outputs to - can have standard output");
	if (options->method == SCAN_HOSTS && (options->ports[0] || options->top_ports))
		return app_bad(SCAN_NAME, "-sn asks hosts, not ports: leave -p out");
	if ((options->by_echo || options->by_link) && options->method != SCAN_HOSTS)
		return app_bad(SCAN_NAME, "%s says how -sn asks hosts: give -sn, too",
			       options->by_echo ? "-PE" : "-PR");
	if (options->by_echo && options->by_link)
		return app_bad(SCAN_NAME, "-PE or -PR, not both");
	if (options->ports[0] && options->top_ports)
		return app_bad(SCAN_NAME, "-p or --top-ports, not both");
	if (options->connect_ns && options->method != SCAN_CONNECT)
		return app_bad(SCAN_NAME,
			       "--max-rtt-timeout is of connections: give -sT, too, or --wait");
	if (options->path != NW_LINK_PATH_AUTO && options->method == SCAN_CONNECT)
		return app_bad(SCAN_NAME, "-sT connects: --path is of the other methods");
	return check_cdn(options);
}

int scan_options_parse(struct scan_options *ret_options, int argc, char **argv)
{
	struct scan_options *options = ret_options;
	char **next = argv + 1;
	int code = APP_OK;

	*options = (struct scan_options){ .rate = RATE_DEFAULT,
					  .wait_ns = WAIT_DEFAULT_S * NS_PER_S,
					  .shard_count = 1,
					  .stats_every_s = 1,
					  .argc = argc,
					  .argv = argv };
	while (code == APP_OK && *next) {
		size_t length;
		const struct word *word = find(*next, &length);

		if (word)
			code = take_word(options, word, &next, length);
		else if (**next == '-' && (*next)[1] != '\0')
			code = app_bad(SCAN_NAME, "unknown option '%s'; --help lists them", *next);
		else
			code = add(options->targets, &options->target_count, SCAN_TARGETS_MAX,
				   "targets", *next++);
	}
	return code == APP_OK ? check_together(options) : code;
}
