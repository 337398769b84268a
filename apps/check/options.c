/* SPDX-License-Identifier: MIT */
/*
 * The command line of `nodewise check`.
 *
 * Its own options stand in a table; any other --name value is kept for the model, which alone
 * knows what its parameters are. Invariant: a refused word is named in the one line that is said.
 */
#include "check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* getopt_long() has no way to keep a --name that is not in its table together with its value. */
struct own_option {
	const char *name;
	bool has_value;
	int (*set)(struct check_options *options, const char *value);
};

static int set_model(struct check_options *options, const char *value)
{
	options->model = value;
	return APP_OK;
}

static int set_u32(const char *name, const char *value, uint32_t *ret)
{
	uint64_t number;

	if (!app_parse_u64(value, 1, UINT32_MAX, &number))
		return app_bad(CHECK_NAME, "--%s takes a whole number from 1, not %s", name, value);
	*ret = (uint32_t)number;
	return APP_OK;
}

static int set_workers(struct check_options *options, const char *value)
{
	return set_u32("workers", value, &options->explore.worker_count);
}

static int set_max_depth(struct check_options *options, const char *value)
{
	return set_u32("max-depth", value, &options->explore.depth_max);
}

static int set_nodes(struct check_options *options, const char *value)
{
	options->nodes = value;
	return APP_OK;
}

static int set_route(struct check_options *options, const char *value)
{
	for (int route = NW_ROUTE_BATCH; route <= NW_ROUTE_PUSH; route++) {
		if (strcmp(value, nw_explore_route_name((enum nw_explore_route)route)) == 0) {
			options->explore.route = (enum nw_explore_route)route;
			return APP_OK;
		}
	}
	return app_bad(CHECK_NAME, "--route batch|fp-first|anywhere|push, not %s", value);
}

static int set_owner(struct check_options *options, const char *value)
{
	if (strcmp(value, "worker") == 0)
		options->explore.owner = NW_OWNER_WORKER;
	else if (strcmp(value, "node") == 0)
		options->explore.owner = NW_OWNER_NODE;
	else
		return app_bad(CHECK_NAME, "--owner worker|node, not %s", value);
	return APP_OK;
}

static int set_topology(struct check_options *options, const char *value)
{
	options->topology = value;
	return APP_OK;
}

static int set_simulate(struct check_options *options, const char *value)
{
	options->simulate_nodes = value;
	return APP_OK;
}

static int set_memory(struct check_options *options, const char *value)
{
	uint64_t n_bytes;

	if (!app_parse_bytes(value, &n_bytes) || n_bytes == 0)
		return app_bad(CHECK_NAME, "--memory takes a size such as 512M or 16GiB, not %s",
			       value);
	options->explore.memory_bytes_max = n_bytes;
	return APP_OK;
}

static int set_progress(struct check_options *options, const char *value)
{
	if (!app_parse_u64(value, 0, 86400, &options->progress_s))
		return app_bad(CHECK_NAME, "--progress takes whole seconds, 0..86400, not %s",
			       value);
	options->has_progress = true;
	return APP_OK;
}

static int set_exact(struct check_options *options, const char *value)
{
	(void)value;
	options->explore.exact = true;
	return APP_OK;
}

static int set_no_trace(struct check_options *options, const char *value)
{
	(void)value;
	options->explore.no_trace = true;
	return APP_OK;
}

static int set_no_deadlock(struct check_options *options, const char *value)
{
	(void)value;
	options->explore.no_deadlock = true;
	return APP_OK;
}

static int set_continue(struct check_options *options, const char *value)
{
	(void)value;
	options->explore.keep_going = true;
	return APP_OK;
}

static int set_checkpoint(struct check_options *options, const char *value)
{
	if (!app_parse_duration(value, &options->checkpoints.every_ns))
		return app_bad(CHECK_NAME,
			       "--checkpoint takes a time such as 30s, 10m or 2h, not %s", value);
	options->checkpoints.is_off = options->checkpoints.every_ns == 0;
	return APP_OK;
}

static int set_recover(struct check_options *options, const char *value)
{
	options->checkpoints.recover = value;
	return *value ? APP_OK : app_bad(CHECK_NAME, "--recover takes a folder");
}

static int set_metadir(struct check_options *options, const char *value)
{
	options->checkpoints.metadir = value;
	return *value ? APP_OK : app_bad(CHECK_NAME, "--metadir takes a folder");
}

static int set_smt(struct check_options *options, const char *value)
{
	(void)value;
	options->explore.use_smt = true;
	return APP_OK;
}

static int set_no_pin(struct check_options *options, const char *value)
{
	(void)value;
	options->explore.no_pin = true;
	return APP_OK;
}

static int set_json(struct check_options *options, const char *value)
{
	(void)value;
	options->is_json = true;
	return APP_OK;
}

static int set_quiet(struct check_options *options, const char *value)
{
	(void)value;
	options->is_quiet = true;
	return APP_OK;
}

static int set_help(struct check_options *options, const char *value)
{
	(void)value;
	options->is_help = true;
	return APP_OK;
}

static int set_config(struct check_options *options, const char *value)
{
	options->config = value;
	return APP_OK;
}

static int set_safety(struct check_options *options, const char *value)
{
	(void)value;
	options->is_safety = true;
	return APP_OK;
}

static int set_explain(struct check_options *options, const char *value)
{
	(void)value;
	options->is_explained = true;
	return APP_OK;
}

static int set_coverage(struct check_options *options, const char *value)
{
	if (!app_parse_u64(value, 0, 525600, &options->coverage_min))
		return app_bad(CHECK_NAME, "--coverage takes whole minutes, 0..525600, not %s",
			       value);
	options->has_coverage = true;
	return APP_OK;
}

static int set_diff_trace(struct check_options *options, const char *value)
{
	(void)value;
	options->is_diff_trace = true;
	return APP_OK;
}

static int set_tool(struct check_options *options, const char *value)
{
	(void)value;
	options->is_tool = true;
	return APP_OK;
}

static int set_allow_exec(struct check_options *options, const char *value)
{
	(void)value;
	options->allows_exec = true;
	return APP_OK;
}

static int set_print_to(struct check_options *options, const char *value)
{
	options->print_path = value;
	return APP_OK;
}

static int set_trace_spec(struct check_options *options, const char *value)
{
	(void)value;
	options->writes_trace_spec = true;
	return APP_OK;
}

static int set_trace_spec_in(struct check_options *options, const char *value)
{
	options->trace_spec_place = value;
	return APP_OK;
}

static int set_no_warnings(struct check_options *options, const char *value)
{
	(void)value;
	options->no_warnings = true;
	return APP_OK;
}

static int set_dump_trace(struct check_options *options, const char *value)
{
	const char *dot = strrchr(value, '.');

	return check_add_dump(options, dot ? dot + 1 : "", value);
}

static int set_seed(struct check_options *options, const char *value)
{
	char *end;

	errno = 0;
	options->walks.seed = strtoll(value, &end, 10);
	options->walks.has_seed = true;
	if (errno || end == value || *end)
		return app_bad(CHECK_NAME, "--seed takes a whole number, not %s", value);
	return APP_OK;
}

static int set_stop_after(struct check_options *options, const char *value)
{
	if (!app_parse_u64(value, 1, 1u << 30, &options->walks.stop_after_s))
		return app_bad(CHECK_NAME, "--stop-after takes whole seconds, not %s", value);
	return APP_OK;
}

static const struct own_option table[] = {
	{ "model", true, set_model },
	{ "config", true, set_config },
	{ "dump-trace", true, set_dump_trace },
	{ "diff-trace", false, set_diff_trace },
	{ "coverage", true, set_coverage },
	{ "explain", false, set_explain },
	{ "safety", false, set_safety },
	{ "tool", false, set_tool },
	{ "no-warnings", false, set_no_warnings },
	{ "allow-exec", false, set_allow_exec },
	{ "suppress", true, check_add_suppressed },
	{ "print-to", true, set_print_to },
	{ "trace-spec", false, set_trace_spec },
	{ "trace-spec-in", true, set_trace_spec_in },
	{ "workers", true, set_workers },
	{ "nodes", true, set_nodes },
	{ "route", true, set_route },
	{ "owner", true, set_owner },
	{ "topology", true, set_topology },
	{ "simulate-nodes", true, set_simulate },
	{ "memory", true, set_memory },
	{ "max-depth", true, set_max_depth },
	{ "progress", true, set_progress },
	{ "seed", true, set_seed },
	{ "stop-after", true, set_stop_after },
	{ "exact", false, set_exact },
	{ "no-trace", false, set_no_trace },
	{ "no-deadlock", false, set_no_deadlock },
	{ "continue", false, set_continue },
	{ "checkpoint", true, set_checkpoint },
	{ "recover", true, set_recover },
	{ "metadir", true, set_metadir },
	{ "smt", false, set_smt },
	{ "no-pin", false, set_no_pin },
	{ "json", false, set_json },
	{ "quiet", false, set_quiet },
	{ "help", false, set_help },
};

/* The text behind name in "name" or "name=value": "" or "=value"; NULL: another name. */
static const char *after_name(const char *word, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0 || (word[length] && word[length] != '='))
		return NULL;
	return word + length;
}

/* Sets *ret_value from "=value" or from the next word, which is then passed over. */
static int take_value(const char *word, const char *rest, char ***inout_next,
		      const char **ret_value)
{
	if (*rest == '=')
		*ret_value = rest + 1;
	else if (**inout_next)
		*ret_value = *(*inout_next)++;
	else
		return app_bad(CHECK_NAME, "--%s needs a value", word);
	return APP_OK;
}

static int keep_parameter(struct check_options *options, char *word, char ***inout_next)
{
	char *rest = word + strcspn(word, "=");
	size_t n = options->parameter_count;
	int code;

	if (!*rest && (!**inout_next || strncmp(**inout_next, "--", 2) == 0))
		return app_bad(CHECK_NAME, "no option --%s; --help lists them", word);
	if (n == CHECK_PARAMETERS_MAX)
		return app_bad(CHECK_NAME, "more than %d parameters for the model",
			       CHECK_PARAMETERS_MAX);
	code = take_value(word, rest, inout_next, &options->values[n]);
	*rest = '\0';
	options->names[n] = word;
	options->parameter_count += code == APP_OK;
	return code;
}

/* word: what is behind the dashes. */
static int parse_option(struct check_options *options, char *word, char ***inout_next)
{
	const char *walks = after_name(word, "simulate"), *dump = after_name(word, "dump");

	if (dump)
		return check_add_own_graph(options, *dump ? word + strlen("dump=") : NULL,
					   inout_next);

	if (walks)
		return check_add_walks(options, *walks ? word + strlen("simulate=") : NULL,
				       inout_next);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *rest = after_name(word, table[i].name), *value = NULL;

		if (!rest)
			continue;
		if (!table[i].has_value && *rest)
			return app_bad(CHECK_NAME, "--%s takes no value", table[i].name);
		if (table[i].has_value &&
		    take_value(table[i].name, rest, inout_next, &value) != APP_OK)
			return APP_USAGE;
		return table[i].set(options, value);
	}
	return keep_parameter(options, word, inout_next);
}

int check_set_option(struct check_options *options, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].set(options, value);
	return app_bad(CHECK_NAME, "no option --%s; --help lists them", name);
}

/* A word that is no option is the specification. */
static int keep_spec(struct check_options *options, const char *word)
{
	if (word[0] == '-' || !word[0])
		return app_bad(CHECK_NAME, "what is '%s'? --help shows the options", word);
	if (options->spec)
		return app_bad(CHECK_NAME, "one specification at a time: %s or %s?", options->spec,
			       word);
	options->spec = word;
	return APP_OK;
}

static int parse_word(struct check_options *options, char *word, char ***inout_next)
{
	int code;

	if (strncmp(word, "--", 2) == 0 && word[2])
		return parse_option(options, word + 2, inout_next);
	if (strcmp(word, "-I") == 0 && **inout_next)
		return check_add_folder(options, *(*inout_next)++);
	if (check_tlc_option(options, word, inout_next, &code))
		return code;
	return keep_spec(options, word);
}

/* Of walks, as TLC, another one each time, which is told; of a search always the same. */
static void choose_seed(struct check_walks *walks)
{
	if (walks->is_wanted && !walks->has_seed &&
	    getentropy(&walks->seed, sizeof(walks->seed)) < 0)
		walks->seed = (int64_t)time(NULL);
}

int check_options_parse(struct check_options *ret_options, int argc, char **argv)
{
	struct check_options options = { .progress_s = 5 };

	(void)argc; /* argv ends with NULL */
	for (char **next = argv + 1; *next;) {
		char *word = *next++;
		int code;

		if (strcmp(word, "-h") == 0) {
			options.is_help = true;
			continue;
		}
		code = parse_word(&options, word, &next);
		if (code != APP_OK)
			return code;
	}
	choose_seed(&options.walks);
	*ret_options = options;
	return check_options_fit(&options);
}
