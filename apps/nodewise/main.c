/* SPDX-License-Identifier: MIT */
/* The command `nodewise`: a table of subcommands. */
#include "common/app.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	app_command *run;
	const char *about;
} commands[] = {
	{ "topo", app_topo, "show nodes, cores, caches, distances (text, JSON, SVG)" },
	{ "verify", app_verify, "prove that binding and pinning work here, page by page" },
	{ "check", app_check, "explore a model's states, every fingerprint checked at home" },
	{ "bench", app_bench, "measure the structures beside those that people use" },
	{ "scan", app_scan, "ask many addresses which ports are open, answers brought home" },
	{ "dag", app_dag, "run a graph of commands, each on its node, as resources allow" },
	{ "cdn", app_cdn, "say who stands in front of an address: CDN, firewall, cloud" },
	{ "relay", app_relay, "carry packets by rules, one shard a core; publish, subscribe" },
	{ "top", app_top, "watch a running program: workers, locality, memory, queues" },
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int help(void)
{
	printf("usage: nodewise COMMAND [OPTION]...\n"
	       "\n"
	       "Keeps every piece of work next to its memory.\n"
	       "\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].about);
	printf("\n"
	       "nodewise COMMAND --help and man nodewise-COMMAND say more.\n"
	       "  -h, --help     show this help\n"
	       "  -V, --version  show the version\n");
	return app_finish_output("");
}

int main(int argc, char **argv)
{
	app_guard_streams();
	if (argc < 2) {
		(void)help();
		return APP_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("nodewise %s\n", app_version);
		return app_finish_output("");
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "nodewise: no command '%s'; nodewise --help lists them\n", argv[1]);
	return APP_USAGE;
}
