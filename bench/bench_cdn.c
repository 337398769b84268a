/* SPDX-License-Identifier: MIT */
/*
 * Who stands in front: scores on labelled data that the caller names, and speed beside two other
 * ways to look addresses up, which hold the same prefixes in the same run.
 *
 *   bench_cdn [--labels FILE] [--observations FILE] [--asn FILE] [--data FOLDER] [--no-speed]
 *
 * Recorded headers and certificates are given to the classifier as evidence; nothing is fetched.
 */
#include "cdn/cdn_bench.h"
#include "nw_bench.h"

#include <getopt.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

struct arguments {
	const char *labels, *observations, *asn, *data;
	bool has_no_speed;
};

static bool parse(struct arguments *arguments, int argc, char **argv)
{
	static const struct option words[] = {
		{ "labels", required_argument, NULL, 'l' },
		{ "observations", required_argument, NULL, 'o' },
		{ "asn", required_argument, NULL, 'a' },
		{ "data", required_argument, NULL, 'd' },
		{ "no-speed", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};

	for (int got; (got = getopt_long(argc, argv, "", words, NULL)) != -1;) {
		if (got == 'l')
			arguments->labels = optarg;
		else if (got == 'o')
			arguments->observations = optarg;
		else if (got == 'a')
			arguments->asn = optarg;
		else if (got == 'd')
			arguments->data = optarg;
		else if (got == 's')
			arguments->has_no_speed = true;
		else
			return false;
	}
	if (optind < argc)
		fprintf(stderr, "bench_cdn: '%s' is no option\n", argv[optind]);
	return optind == argc;
}

/* ../share of the command, which NODEWISE names, or of this program. */
static const char *find_data(char *ret_path)
{
	const char *command = getenv("NODEWISE");
	ssize_t n = -1;
	char *slash;

	if (command)
		(void)snprintf(ret_path, PATH_BYTES, "%s", command);
	else
		n = readlink("/proc/self/exe", ret_path, PATH_BYTES - 1);
	if (!command)
		ret_path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(ret_path, '/');
	if (slash)
		(void)snprintf(slash, PATH_BYTES - (size_t)(slash - ret_path),
			       "/../share/nodewise/cdn");
	return ret_path;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct nw_cdn_options options = { 0 };
	char path[PATH_BYTES];
	struct nw_topo *topo;
	struct nw_cdn *cdn;
	struct nw_diag diag;
	bool is_right = true;

	if (!parse(&arguments, argc, argv))
		return 2;
	options.folder = arguments.data ? arguments.data : find_data(path);
	options.asn_path = arguments.asn;
	if (nw_cdn_open(&cdn, &options, &diag) != 0)
		return fprintf(stderr, "bench_cdn: %s\n", diag.text), 1;
	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fprintf(stderr, "bench_cdn: %s\n", diag.text), 1;
	nw_bench_preamble("cdn", topo);
	nw_topo_close(topo);
	if (arguments.labels)
		is_right = score_labels(cdn, arguments.labels);
	if (is_right && arguments.observations)
		is_right = score_observations(cdn, arguments.observations);
	if (is_right && !arguments.has_no_speed)
		is_right = measure_speed(cdn);
	nw_cdn_close(cdn);
	return is_right ? 0 : 1;
}
