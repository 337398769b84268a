/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay stat`: the numbers of a relay of this user, from the file that it keeps them in.
 * Invariant: the relay is not disturbed, and need not be well.
 */
#include "relay/config.h"

#include "common/app.h"

#include <getopt.h>
#include <inttypes.h>
#include <nw/relay.h>
#include <nw/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum word { PID = 256, JSON };

static const struct option words[] = {
	{ "pid", required_argument, NULL, PID },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct search {
	uint64_t pid; /* 0: any */
	struct nw_stats_view *view;
	uint32_t found;
};

static int help(void)
{
	printf("usage: nodewise relay stat [OPTION]...\n"
	       "\n"
	       "Shows the shards of a relay of this user that runs on this machine.\n"
	       "\n"
	       "      --pid N   which one, if there are several\n"
	       "      --json    all numbers, as JSON\n"
	       "  -h, --help    show this help\n"
	       "\n"
	       "Exit code: 0, 1 there is none, 2 usage.\n");
	return app_finish_output(RELAY_NAME);
}

static bool visit(void *context, const char *path)
{
	struct search *search = context;
	struct nw_stats_view *view;
	struct nw_stats_info about;

	if (nw_stats_open(&view, path) < 0)
		return true;
	nw_stats_info(view, &about);
	if (strcmp(about.program, RELAY_NAME) == 0 && nw_stats_is_alive(view) &&
	    (search->pid == 0 || (uint64_t)about.process_id == search->pid)) {
		search->found++;
		if (!search->view) {
			search->view = view;
			return true;
		}
	}
	nw_stats_close(view);
	return true;
}

static json_t *row_json(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx,
			uint32_t column_count)
{
	json_t *row = json_object();

	for (uint32_t i = 0; i < column_count; i++) {
		struct nw_stats_column_info column;
		uint64_t n = nw_stats_value(view, table_idx, row_idx, i);

		nw_stats_column_info(view, table_idx, i, &column);
		(void)json_object_set_new(row, column.name, json_integer((json_int_t)n));
	}
	return row;
}

static int show_json(const struct nw_stats_view *view, uint32_t table_idx)
{
	char rules[NW_STATS_TEXT_BYTES], listen[NW_STATS_TEXT_BYTES], io[NW_STATS_TEXT_BYTES];
	struct nw_stats_table_info table;
	struct nw_stats_info about;
	json_t *rows = json_array();

	nw_stats_info(view, &about);
	nw_stats_table_info(view, table_idx, &table);
	for (uint32_t i = 0; i < table.row_count; i++)
		(void)json_array_append_new(rows, row_json(view, table_idx, i, table.column_count));
	(void)nw_stats_read_text(view, "rules", rules);
	(void)nw_stats_read_text(view, "listen", listen);
	(void)nw_stats_read_text(view, "io", io);
	return app_print_json(RELAY_NAME, json_pack("{s:i, s:s, s:s, s:s, s:o}", "pid",
						    (int)about.process_id, "rules", rules, "listen",
						    listen, "io", io, "shards", rows));
}

static uint64_t value_of(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx,
			 const char *name)
{
	uint32_t column_idx;

	if (!nw_stats_find_column(view, table_idx, name, &column_idx))
		return 0;
	return nw_stats_value(view, table_idx, row_idx, column_idx);
}

/* The sum of the columns whose names begin so. */
static uint64_t sum_of(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx,
		       const char *prefix)
{
	struct nw_stats_table_info table;
	uint64_t n = 0;

	nw_stats_table_info(view, table_idx, &table);
	for (uint32_t i = 0; i < table.column_count; i++) {
		struct nw_stats_column_info column;

		nw_stats_column_info(view, table_idx, i, &column);
		if (strncmp(column.name, prefix, strlen(prefix)) == 0)
			n += nw_stats_value(view, table_idx, row_idx, i);
	}
	return n;
}

static void show_row(const struct nw_stats_view *view, uint32_t table_idx, uint32_t row_idx)
{
	char label[NW_STATS_LABEL_BYTES], n[5][32];
	static const char *const names[] = { "accepted", "delivered", "queued" };

	(void)nw_stats_read_label(view, table_idx, row_idx, label);
	for (size_t i = 0; i < APP_COUNT_OF(names); i++)
		(void)app_format_count(value_of(view, table_idx, row_idx, names[i]), n[i],
				       sizeof(n[i]));
	(void)app_format_count(sum_of(view, table_idx, row_idx, "refused_"), n[3], sizeof(n[3]));
	(void)app_format_count(sum_of(view, table_idx, row_idx, "dropped_"), n[4], sizeof(n[4]));
	printf("%-24s %-7s %16s %16s %10s %14s %14s\n", label,
	       nw_relay_level_name(
		       (enum nw_relay_level)value_of(view, table_idx, row_idx, "level")),
	       n[0], n[1], n[2], n[3], n[4]);
}

static int show_text(const struct nw_stats_view *view, uint32_t table_idx)
{
	char text[NW_STATS_TEXT_BYTES];
	struct nw_stats_table_info table;
	struct nw_stats_info about;

	nw_stats_info(view, &about);
	nw_stats_table_info(view, table_idx, &table);
	printf("relay, process %d\n", (int)about.process_id);
	if (nw_stats_read_text(view, "listen", text))
		printf("listens: %s\n", text);
	if (nw_stats_read_text(view, "io", text))
		printf("datagrams: %s\n", text);
	if (nw_stats_read_text(view, "rules", text))
		printf("rules: %s\n", text);
	printf("\n%-24s %-7s %16s %16s %10s %14s %14s\n", "", "level", "accepted", "delivered",
	       "queued", "refused", "dropped");
	for (uint32_t i = 0; i < table.row_count; i++)
		show_row(view, table_idx, i);
	return app_finish_output(RELAY_NAME);
}

static int show(const struct search *search, bool is_json)
{
	uint32_t table_idx;

	if (!search->view)
		return app_failed(RELAY_NAME, "no relay of this user runs here%s",
				  search->pid ? " with that number" : "");
	if (search->found > 1)
		return app_bad(RELAY_NAME, "%u relays of this user run here; say which: --pid N",
			       (unsigned)search->found);
	if (!nw_stats_find_table(search->view, "shard", &table_idx))
		return app_failed(RELAY_NAME, "its file of numbers is of another version");
	return is_json ? show_json(search->view, table_idx) : show_text(search->view, table_idx);
}

int relay_stat(int argc, char **argv)
{
	struct search search = { .pid = 0 };
	bool is_json = false;
	int got, rc;

	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		if (got == '?' || got == ':')
			return app_bad_option(RELAY_NAME, got, argv);
		if (got == 'h')
			return help();
		is_json |= got == JSON;
		if (got == PID && !app_parse_u64(optarg, 1, INT32_MAX, &search.pid))
			return app_bad(RELAY_NAME, "--pid takes a number, not '%s'", optarg);
	}
	if (optind < argc)
		return app_bad(RELAY_NAME, "what is '%s'? see nodewise relay stat --help",
			       argv[optind]);
	rc = nw_stats_each(NULL, visit, &search);
	if (rc < 0)
		return app_failed(RELAY_NAME, "%s", strerror(-rc));
	rc = show(&search, is_json);
	nw_stats_close(search.view);
	return rc;
}
