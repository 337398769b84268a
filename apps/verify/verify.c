/* SPDX-License-Identifier: MIT */
/* `nodewise verify`: options, the list of checks, and threads that run on a node.
 * Invariant: the exit code is 0 only if no check failed and all of the report was written. */
#include "verify/verify.h"

#include "common/app.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	const char *source;
	const char *simulate_nodes;
	bool is_quick;
	bool is_json;
};

void verify_note(struct verify *verify, const char *name, int node_idx, enum verdict verdict,
		 const char *format, ...)
{
	struct check *check;
	va_list args;

	verify->has_failed |= verdict == VERDICT_FAILED;
	if (verify->check_count == verify->check_count_max) {
		size_t count_max = verify->check_count_max * 2 + 32;
		struct check *more = realloc(verify->checks, count_max * sizeof(*more));

		if (!more) {
			verify->is_out_of_memory = true;
			return;
		}
		verify->checks = more;
		verify->check_count_max = count_max;
	}
	check = &verify->checks[verify->check_count++];
	check->name = name;
	check->node_idx = node_idx;
	check->verdict = verdict;
	va_start(args, format);
	(void)vsnprintf(check->detail, sizeof(check->detail), format, args);
	va_end(args);
}

int verify_run_on(const struct verify *verify, uint32_t node_idx, nw_crew_fn *run, void *arg,
		  struct nw_diag *reterr_diag)
{
	struct nw_crew_options options = {
		.topo = verify->topo,
		.name = VERIFY,
		.node_idxs = &node_idx,
		.node_idx_count = 1,
		.worker_count = 1,
	};
	struct nw_crew *crew;
	int rc = nw_crew_start(&crew, &options, run, arg, reterr_diag);

	if (rc == 0)
		nw_crew_destroy(crew);
	return rc;
}

uint32_t verify_server_of(const struct verify *verify, uint32_t node_idx)
{
	uint32_t server = node_idx, best = UINT32_MAX;

	if (verify_node(verify, node_idx)->cpu_count > 0)
		return node_idx;
	for (uint32_t i = 0; i < verify->node_count; i++) {
		uint32_t distance = nw_topo_distance(verify->topo, i, node_idx);

		if (verify_node(verify, i)->cpu_count > 0 && distance < best) {
			best = distance;
			server = i;
		}
	}
	return server;
}

static int help(void)
{
	printf("usage: nodewise verify [OPTION]...\n"
	       "\n"
	       "Proves that pinning and binding work on this machine: pins threads to every\n"
	       "CPU, allocates on every node, asks the kernel where every page is, measures\n"
	       "read latency and bandwidth between nodes. Exits 0 only if all that was promised\n"
	       "was got.\n"
	       "\n"
	       "  -q, --quick             small buffers, short measurements\n"
	       "  -j, --json              one JSON object instead of text\n"
	       "      --simulate-nodes N  deal this machine's CPUs to N pretended nodes\n"
	       "      --topology SOURCE   as nodewise topo; only this machine can be verified\n"
	       "  -h, --help              show this help\n");
	return app_finish_output(VERIFY);
}

/* APP_OK with *ret_is_done when there is nothing left to do, or an exit code. */
static int parse(int argc, char **argv, struct arguments *ret_arguments, bool *ret_is_done)
{
	enum { SIMULATE = 256, TOPOLOGY };
	static const struct option options[] = {
		{ "quick", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },
		{ "simulate-nodes", required_argument, NULL, SIMULATE },
		{ "topology", required_argument, NULL, TOPOLOGY },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};

	opterr = 0;
	for (int got; (got = getopt_long(argc, argv, ":qjh", options, NULL)) != -1;) {
		if (got == 'q')
			ret_arguments->is_quick = true;
		else if (got == 'j')
			ret_arguments->is_json = true;
		else if (got == SIMULATE)
			ret_arguments->simulate_nodes = optarg;
		else if (got == TOPOLOGY)
			ret_arguments->source = optarg;
		else if (got == 'h')
			return *ret_is_done = true, help();
		else
			return app_bad_option(VERIFY, got, argv);
	}
	if (optind < argc)
		return app_bad(VERIFY, "'%s' is not an option; see nodewise verify --help",
			       argv[optind]);
	return APP_OK;
}

static int verify_all(struct verify *verify, bool is_json)
{
	int rc;

	verify_pinning(verify);
	if (!app_was_interrupted())
		verify_placement(verify);
	if (!app_was_interrupted())
		verify_measures(verify);
	if (app_was_interrupted())
		verify_note(verify, "all", ALL_NODES, VERDICT_FAILED, "interrupted");
	if (verify->is_out_of_memory)
		return app_failed(VERIFY, "no memory for the report");
	rc = is_json ? verify_show_json(verify) : verify_show_text(verify);
	return rc == APP_OK && verify->has_failed ? APP_FAILED : rc;
}

int app_verify(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct verify verify = { 0 };
	struct nw_topo *topo;
	bool is_done = false;
	int rc = parse(argc, argv, &arguments, &is_done);

	if (rc != APP_OK || is_done)
		return rc;
	rc = app_open_topo(VERIFY, arguments.source, arguments.simulate_nodes, &topo);
	if (rc != APP_OK)
		return rc;
	verify.topo = topo;
	verify.node_count = nw_topo_node_count(topo);
	verify.is_quick = arguments.is_quick;
	verify.is_simulated = nw_topo_kind(topo) == NW_TOPO_SIMULATED;
	if (nw_topo_kind(topo) == NW_TOPO_MACHINE || verify.is_simulated) {
		app_on_interrupt(NULL, NULL);
		rc = verify_all(&verify, arguments.is_json);
	} else {
		rc = app_bad(VERIFY, "'%s' is not this machine: nothing on it can be verified",
			     arguments.source);
	}
	free(verify.checks);
	free(verify.latency_ns);
	free(verify.gb_per_s);
	nw_topo_close(topo);
	return rc;
}
