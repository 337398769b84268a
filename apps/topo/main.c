/* SPDX-License-Identifier: MIT */
/*
 * `nodewise topo`: what the machine is, as text, JSON or a picture.
 * Invariant: a picture is composed in memory first, so that no half of one is ever written.
 */
#include "common/app.h"
#include "topo/view.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char command[] = "topo";

struct arguments {
	const char *source, *simulate_nodes, *svg, *nic;
	bool json, help;
};

static int show_help(void)
{
	printf("usage: nodewise topo [OPTION]...\n"
	       "\n"
	       "Shows nodes, cores, caches, memory and distances: what this process may use of\n"
	       "this machine, or a described one.\n"
	       "\n"
	       "  -j, --json              one JSON object\n"
	       "  -s, --svg FILE          draw a picture (-: standard output)\n"
	       "  -t, --topology SOURCE   synthetic:\"numa:2 core:4 pu:2\" or xml:FILE (hwloc's)\n"
	       "  -n, --simulate-nodes N  deal this machine's CPUs into N pretended nodes, 1-1024\n"
	       "  -i, --nic IF            the node that a network interface hangs on\n"
	       "  -h, --help              show this help\n");
	return app_finish_output(command);
}

static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "svg", required_argument, NULL, 's' },
		{ "topology", required_argument, NULL, 't' },
		{ "simulate-nodes", required_argument, NULL, 'n' },
		{ "nic", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int got;

	opterr = 0;
	while ((got = getopt_long(argc, argv, ":js:t:n:i:h", options, NULL)) != -1) {
		switch (got) {
		case 'j':
			args->json = true;
			break;
		case 's':
			args->svg = optarg;
			break;
		case 't':
			args->source = optarg;
			break;
		case 'n':
			args->simulate_nodes = optarg;
			break;
		case 'i':
			args->nic = optarg;
			break;
		case 'h':
			args->help = true;
			return APP_OK;
		default:
			return app_bad_option(command, got, argv);
		}
	}
	if (optind < argc)
		return app_bad(command, "'%s': topo takes options only", argv[optind]);
	if (args->json && args->svg && strcmp(args->svg, "-") == 0)
		return app_bad(command, "--json and --svg - both want standard output");
	return APP_OK;
}

/* A file that could not be written whole is taken away, unless it is a device. */
static int write_file(const char *path, const char *text, size_t n_bytes)
{
	struct stat st;
	FILE *out = fopen(path, "we");
	bool is_file, is_whole;

	if (!out)
		return app_bad(command, "--svg '%s': %s", path, strerror(errno));
	is_file = fstat(fileno(out), &st) == 0 && S_ISREG(st.st_mode);
	errno = 0;
	is_whole = fwrite(text, 1, n_bytes, out) == n_bytes;
	is_whole = fclose(out) == 0 && is_whole;
	if (is_whole)
		return APP_OK;
	if (is_file)
		(void)remove(path); /* the failure to write is what is reported */
	return app_failed(command, "--svg '%s': %s", path, strerror(errno));
}

static int write_svg(const struct view *view, const char *path)
{
	char *text = NULL;
	size_t n_bytes = 0;
	FILE *out = open_memstream(&text, &n_bytes);
	int rc;

	if (!out)
		return app_failed(command, "no memory for the picture");
	view_draw_svg(view, out);
	if (fclose(out) != 0) {
		free(text);
		return app_failed(command, "no memory for the picture");
	}
	if (strcmp(path, "-") == 0) {
		(void)fwrite(text, 1, n_bytes, stdout); /* judged when the output is finished */
		rc = app_finish_output(command);
	} else {
		rc = write_file(path, text, n_bytes);
	}
	free(text);
	return rc;
}

static int find_nic(struct view *view)
{
	int rc = nw_topo_nic_node(view->topo, view->nic, &view->nic_node);
	enum nw_topo_kind kind = nw_topo_kind(view->topo);

	if (rc == 0)
		return APP_OK;
	if (rc == -EINVAL)
		return app_bad(command, "--nic '%s': not a name of an interface", view->nic);
	if (kind == NW_TOPO_SYNTHETIC || kind == NW_TOPO_XML)
		return app_bad(command,
			       "--nic '%s': interfaces are this machine's; leave "
			       "--topology out",
			       view->nic);
	return app_bad(command, "--nic '%s': no such interface", view->nic);
}

static int show(struct view *view, const struct arguments *args)
{
	int rc = view->nic ? find_nic(view) : APP_OK;

	if (rc == APP_OK && args->svg)
		rc = write_svg(view, args->svg);
	if (rc == APP_OK && args->json)
		return app_print_json(command, view_to_json(view));
	if (rc == APP_OK && !args->svg) {
		view_print_text(view, stdout);
		rc = app_finish_output(command);
	}
	return rc;
}

int app_topo(int argc, char **argv)
{
	struct arguments args = { 0 };
	struct nw_topo *topo;
	struct view view;
	int rc = parse(argc, argv, &args);

	if (rc != APP_OK)
		return rc;
	if (args.help)
		return show_help();
	rc = app_open_topo(command, args.source, args.simulate_nodes, &topo);
	if (rc != APP_OK)
		return rc;
	view = (struct view){ .topo = topo, .source = args.source, .nic = args.nic };
	rc = show(&view, &args);
	nw_topo_close(topo);
	return rc;
}
