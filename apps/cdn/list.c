/* SPDX-License-Identifier: MIT */
/* `nodewise cdn list`: providers, what is known of each, and how old that is. */
#include "cdn/cdn.h"

#define LIST_NAME "cdn list"

static int help(void)
{
	printf("usage: nodewise cdn list [OPTION]...\n"
	       "\n"
	       "Shows the providers, how many prefixes, ASes and patterns are known of each, and\n"
	       "from when its newest list is; ! marks those older than 30 days, !! than 90.\n"
	       "\n"
	       "      --data FOLDER  providers' files in place of those that are installed\n"
	       "  -s, --sources      every list with its source and date\n"
	       "  -j, --json         one JSON object\n"
	       "  -h, --help         show this help\n");
	return app_finish_output(LIST_NAME);
}

static const char *mark_of(const char *date)
{
	long days = date ? app_cdn_days_since(date) : 0;

	return days > APP_CDN_TOO_OLD_DAYS ? "!!" : days > APP_CDN_OLD_DAYS ? "!" : "";
}

static void show_lists(const struct nw_cdn *cdn, const char *provider)
{
	struct nw_cdn_list list;

	for (uint32_t i = 0; i < nw_cdn_list_count(cdn); i++) {
		nw_cdn_list_at(cdn, i, &list);
		if (list.provider == provider)
			printf("    %-8s %s %5u %5u  %s\n", nw_cdn_kind_name(list.kind), list.date,
			       list.prefix4_count, list.prefix6_count, list.source);
	}
}

static void show(const struct nw_cdn *cdn, bool has_sources)
{
	struct nw_cdn_provider p;

	printf("%-14s %-8s %6s %6s %5s %8s  %-10s    %s\n", "provider", "kind", "IPv4", "IPv6",
	       "ASes", "patterns", "newest", "title");
	for (uint32_t i = 0; i < nw_cdn_provider_count(cdn); i++) {
		nw_cdn_provider_at(cdn, i, &p);
		printf("%-14s %-8s %6u %6u %5u %8u  %-10s %-2s %s\n", p.name,
		       nw_cdn_kind_name(p.kind), p.prefix4_count, p.prefix6_count, p.asn_count,
		       p.pattern_count, p.newest ? p.newest : "-", mark_of(p.newest), p.title);
		if (has_sources)
			show_lists(cdn, p.name);
	}
}

static json_t *lists_of(const struct nw_cdn *cdn, const char *provider)
{
	json_t *lists = json_array();
	struct nw_cdn_list list;

	for (uint32_t i = 0; i < nw_cdn_list_count(cdn); i++) {
		nw_cdn_list_at(cdn, i, &list);
		if (list.provider == provider)
			(void)json_array_append_new(
				lists,
				json_pack("{ss ss ss si si}", "kind", nw_cdn_kind_name(list.kind),
					  "source", list.source, "date", list.date, "prefixes4",
					  (int)list.prefix4_count, "prefixes6",
					  (int)list.prefix6_count));
	}
	return lists;
}

static int show_json(const struct nw_cdn *cdn)
{
	json_t *providers = json_array();
	struct nw_cdn_provider p;

	for (uint32_t i = 0; i < nw_cdn_provider_count(cdn); i++) {
		nw_cdn_provider_at(cdn, i, &p);
		(void)json_array_append_new(
			providers,
			json_pack("{ss ss ss si si ss? ss? sb so}", "provider", p.name, "title",
				  p.title, "kind", nw_cdn_kind_name(p.kind), "asns",
				  (int)p.asn_count, "patterns", (int)p.pattern_count, "oldest",
				  p.oldest, "newest", p.newest, "is_old",
				  p.newest && app_cdn_days_since(p.newest) > APP_CDN_TOO_OLD_DAYS,
				  "lists", lists_of(cdn, p.name)));
	}
	return app_print_json(LIST_NAME, json_pack("{so}", "providers", providers));
}

int cdn_list(int argc, char **argv)
{
	static const struct option words[] = {
		{ "data", required_argument, NULL, 'd' },
		{ "sources", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool is_json = false, has_sources = false;
	const char *data = NULL;
	struct nw_cdn *cdn;
	int code;

	opterr = 0;
	for (int got; (got = getopt_long(argc, argv, ":sjh", words, NULL)) != -1;) {
		if (got == 'd')
			data = optarg;
		else if (got == 's')
			has_sources = true;
		else if (got == 'j')
			is_json = true;
		else if (got == 'h')
			return help();
		else
			return app_bad_option(LIST_NAME, got, argv);
	}
	if (optind < argc)
		return app_bad(LIST_NAME, "it takes options alone, not '%s'", argv[optind]);
	code = app_cdn_open(LIST_NAME, data, NULL, &cdn);
	if (code != APP_OK)
		return code;
	if (is_json)
		code = show_json(cdn);
	else
		show(cdn, has_sources);
	if (code == APP_OK)
		code = app_finish_output(LIST_NAME);
	if (code == APP_OK && !is_json)
		app_cdn_note_age(LIST_NAME, cdn);
	nw_cdn_close(cdn);
	return code;
}
