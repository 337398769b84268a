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

/* num=N or file=PREFIX. */
static int set_walk_word(struct check_walks *walks, char *word)
{
	if (strncmp(word, "file=", 5) == 0 && word[5])
		walks->file = word + 5;
	else if (strncmp(word, "num=", 4) != 0)
		return app_bad(CHECK_NAME, "--simulate takes num=N and file=PREFIX, not %s", word);
	else if (!app_parse_u64(word + 4, 1, INT64_MAX, &walks->count))
		return app_bad(CHECK_NAME, "num takes a whole number from 1, not %s", word + 4);
	return APP_OK;
}

static bool is_walk_word(const char *word)
{
	static const char *const beginnings[] = { "num=", "file=", "stats=", "sched=" };

	for (size_t i = 0; word && i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(word, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

int check_add_walks(struct check_options *options, char *given, char ***inout_next)
{
	char *words = given, *rest = NULL;
	int code = APP_OK;

	options->walks.is_wanted = true;
	if (!given && is_walk_word(**inout_next))
		words = *(*inout_next)++;
	for (char *word = words ? strtok_r(words, ",", &rest) : NULL; word && code == APP_OK;
	     word = strtok_r(NULL, ",", &rest))
		code = set_walk_word(&options->walks, word);
	return code;
}

static bool set_graph_word(struct check_graph *graph, const char *word)
{
	if (strcasecmp(word, "colorize") == 0)
		graph->has_colors = true;
	else if (strcasecmp(word, "actionlabels") == 0)
		graph->has_labels = true;
	else if (strcasecmp(word, "strict") == 0)
		graph->is_strict = true;
	else /* the file is whole at the end; stuttering steps are those of liveness checking */
		return strcasecmp(word, "dot") == 0 || strcasecmp(word, "snapshot") == 0 ||
		       strcasecmp(word, "stuttering") == 0;
	return true;
}

int check_add_graph(struct check_options *options, char *format, const char *path)
{
	char *rest = NULL;

	options->graph = (struct check_graph){ .path = path, .is_dot = format };
	for (char *word = format ? strtok_r(format, ",", &rest) : NULL; word;
	     word = strtok_r(NULL, ",", &rest))
		if (!set_graph_word(&options->graph, word))
			return app_bad(CHECK_NAME,
				       "-dump dot takes colorize, actionlabels, strict, not %s",
				       word);
	return APP_OK;
}

/* FILE, or dot,WORDS:FILE. */
static int add_own_graph(struct check_options *options, char *given, char ***inout_next)
{
	char *colon;

	if (!given && !(given = **inout_next))
		return app_bad(CHECK_NAME, "--dump needs a value");
	if (given == **inout_next)
		(*inout_next)++;
	colon = strncmp(given, "dot", 3) == 0 ? strchr(given, ':') : NULL;
	if (!colon)
		return check_add_graph(options, NULL, given);
	*colon = '\0';
	return check_add_graph(options, given, colon + 1);
}

int check_add_folder(struct check_options *options, const char *folder)
{
	if (options->folder_count == CHECK_FOLDERS_MAX)
		return app_bad(CHECK_NAME, "more than %d folders", CHECK_FOLDERS_MAX);
	options->folders[options->folder_count++] = folder;
	return APP_OK;
}

int check_add_dump(struct check_options *options, const char *format, const char *path)
{
	static const struct {
		const char *name;
		enum check_dump_format format;
	} formats[] = { { "json", CHECK_DUMP_JSON },
			{ "tla", CHECK_DUMP_TLA },
			{ "tlcplain", CHECK_DUMP_PLAIN },
			{ "tlc", CHECK_DUMP_TLC } };
	size_t i = 0;

	while (i < 4 && strcasecmp(format, formats[i].name) != 0)
		i++;
	if (i == 4)
		return app_bad(CHECK_NAME,
			       "traces are dumped as json, tla or tlc (FILE.json, FILE.tla, "
			       "FILE.tlc), with -dumpTrace as tlcplain, too");
	if (options->dump_count == CHECK_DUMPS_MAX)
		return app_bad(CHECK_NAME, "more than %d dumps of the trace", CHECK_DUMPS_MAX);
	options->dumps[options->dump_count++] = (struct check_dump){ path, formats[i].format };
	return APP_OK;
}

int check_add_suppressed(struct check_options *options, const char *codes)
{
	for (const char *at = codes; *at;) {
		char *end;
		long code = strtol(at, &end, 10);

		if (end == at || (*end && *end != ',') || code < 0 || code > UINT16_MAX)
			return app_bad(CHECK_NAME,
				       "codes of messages are numbers with commas between, "
				       "as 2190,2200, not %s",
				       codes);
		if (options->suppressed_count == CHECK_SUPPRESSED_MAX)
			return app_bad(CHECK_NAME, "more than %d codes", CHECK_SUPPRESSED_MAX);
		options->suppressed[options->suppressed_count++] = (uint32_t)code;
		at = *end ? end + 1 : end;
	}
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
		return add_own_graph(options, *dump ? word + strlen("dump=") : NULL, inout_next);

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

/* What goes with random walks only, or with a search only. */
static int check_walk_kind(const struct check_options *options)
{
	const struct check_walks *walks = &options->walks;
	const struct nw_explore_options *explore = &options->explore;

	if (!walks->is_wanted && walks->stop_after_s)
		return app_bad(CHECK_NAME, "--stop-after is for --simulate");
	if (walks->is_wanted && options->checkpoints.recover)
		return app_bad(CHECK_NAME, "--recover is for a search, not for --simulate");
	if (walks->file && !walks->count)
		return app_bad(CHECK_NAME, "file=%s needs num=N, as num=5,file=%s", walks->file,
			       walks->file);
	if (options->graph.path && (options->checkpoints.recover || options->checkpoints.every_ns))
		return app_bad(CHECK_NAME, "--dump or %s, not both: a checkpoint has no graph",
			       options->checkpoints.recover ? "--recover" : "--checkpoint");
	if (walks->is_wanted && options->graph.path)
		return app_bad(CHECK_NAME, "--dump is for a search, not for --simulate");
	if (walks->is_wanted && (explore->exact || explore->no_trace || explore->route ||
				 explore->owner || explore->keep_going))
		return app_bad(CHECK_NAME, "%s is for a search, not for --simulate",
			       explore->exact      ? "--exact"
			       : explore->no_trace ? "--no-trace"
			       : explore->route    ? "--route"
			       : explore->owner    ? "--owner"
						   : "--continue");
	return APP_OK;
}

/* What goes with a model only, or with a specification only. */
static int check_kind(const struct check_options *options)
{
	if (options->is_help)
		return APP_OK;
	if (options->model && options->spec)
		return app_bad(CHECK_NAME, "--model %s or %s, not both", options->model,
			       options->spec);
	if (options->spec && options->parameter_count > 0)
		return app_bad(CHECK_NAME, "no option --%s; --help lists them", options->names[0]);
	if (options->spec && options->explore.exact)
		return app_bad(CHECK_NAME,
			       "--exact is for native models: values are compared by their words");
	if (options->is_tool && options->is_json)
		return app_bad(CHECK_NAME, "--tool or --json, not both");
	if (options->model && (options->config || options->dump_count || options->folder_count ||
			       options->is_safety || options->is_diff_trace || options->is_tool ||
			       options->has_coverage || options->is_explained))
		return app_bad(CHECK_NAME, "%s is for specifications, not for --model",
			       options->config          ? "--config"
			       : options->dump_count    ? "--dump-trace"
			       : options->folder_count  ? "-I"
			       : options->is_diff_trace ? "--diff-trace"
			       : options->is_tool       ? "--tool"
			       : options->has_coverage  ? "--coverage"
			       : options->is_explained  ? "--explain"
							: "--safety");
	if (options->is_explained && (options->is_tool || options->has_coverage ||
				      options->walks.is_wanted || options->graph.path))
		return app_bad(CHECK_NAME, "--explain searches nothing: no %s beside it",
			       options->is_tool           ? "--tool"
			       : options->has_coverage    ? "--coverage"
			       : options->walks.is_wanted ? "--simulate"
							  : "--dump");
	if (options->model || options->spec)
		return check_walk_kind(options);
	return app_bad(CHECK_NAME, "say Spec.tla, or --model NAME; --model list shows them");
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
	return check_kind(&options);
}

int check_help(void)
{
	printf("usage: nodewise check Spec.tla [-config FILE] [OPTION]...\n"
	       "       nodewise check --model NAME|FILE.so|list [OPTION]...\n"
	       "       nodewise check --parse [--print|--tree] [-I FOLDER]... FILE.tla...\n"
	       "\n"
	       "Explores every reachable state of a TLA+ specification, or of a native model,\n"
	       "level by level, each fingerprint checked at its home node; stops at the first\n"
	       "violation or deadlock.\n"
	       "\n"
	       "  --config FILE        of the specification (Spec.cfg)\n"
	       "  -I FOLDER            look for modules there as well\n"
	       "  --safety             leave temporal properties out, and say so\n"
	       "  --tool               messages for editors, with TLC's codes\n"
	       "  --allow-exec         let the specification run programs (IOExec)\n"
	       "  --no-warnings        leave warnings out\n"
	       "  --suppress CODES     leave messages out, by TLC's codes: 2190,2200\n"
	       "  --print-to FILE      what the specification prints\n"
	       "  --coverage MINUTES   how often each action and expression was evaluated,\n"
	       "                       at the end and each time so many minutes have passed\n"
	       "  --explain            search nothing: show how each action is evaluated\n"
	       "  --diff-trace         of a state only what differs from the one before\n"
	       "  --dump-trace FILE    the trace as FILE.json, FILE.tla or FILE.tlc, too\n"
	       "  --trace-spec         a specification that goes through the trace\n"
	       "  --trace-spec-in DIR  where to write it, or a file (beside Spec.tla)\n"
	       "  --dump FILE          all states; dot:FILE: their graph, for Graphviz;\n"
	       "                       dot,colorize,actionlabels:FILE: with its actions\n"
	       "  --model NAME         built-in model, a shared object (./mine.so), or list\n"
	       "  --PARAMETER VALUE    of the model, as --size 3x3; --model list shows them\n"
	       "  --workers N          threads (one a physical core)\n"
	       "  --nodes LIST         only these nodes, as 0,2-3 (all)\n"
	       "  --route POLICY       batch, fp-first, anywhere or push (batch)\n"
	       "  --owner WHO          of a shard of the seen-set: worker or node (worker)\n"
	       "  --topology SOURCE    synthetic:\"...\" or xml:FILE (this machine)\n"
	       "  --simulate-nodes N   pretend that this machine's CPUs are on N nodes\n"
	       "  --memory SIZE        limit, as 512M or 16GiB (85 %% of what is free)\n"
	       "  --simulate[=WORDS]   random walks instead: num=N of them, each written to a\n"
	       "                       file PREFIX_0_K with file=PREFIX\n"
	       "  --seed N             of random choices: the same seed, the same walks\n"
	       "  --stop-after SECONDS end the walks\n"
	       "  --max-depth N        stop after N levels; the result is incomplete; of walks\n"
	       "                       the number of steps (100)\n"
	       "  --exact              keep whole states: no fingerprint collisions\n"
	       "  --no-trace           keep no parents: less memory, no trace\n"
	       "  --no-deadlock        states without successors are fine\n"
	       "  --continue           go on after violations, and show them all\n"
	       "  --checkpoint TIME    write the search down every 30s, 10m or 2h, and at Ctrl-C;\n"
	       "                       0: never\n"
	       "  --recover FOLDER     go on from the checkpoint there, with any workers\n"
	       "  --metadir FOLDER     where runs have their folders (states)\n"
	       "  --smt                use hardware threads too\n"
	       "  --no-pin             leave the threads where the kernel puts them\n"
	       "  --json               print the report as one JSON object\n"
	       "  --progress SECONDS   between progress lines, 0: none (5; of a specification,\n"
	       "                       without a terminal, 60)\n"
	       "  --quiet              no progress lines\n"
	       "  --parse              only look whether TLA+ files are well formed\n"
	       "  --print              with --parse: print the module, by its tree\n"
	       "  --tree               with --parse: print the tree itself\n"
	       "  -h, --help           show this help\n"
	       "\n"
	       "TLC's words for these are taken, too; those of its options that change nothing\n"
	       "here are passed over.\n"
	       "\n"
	       "exit status: 0 all states seen, no error; 10 an assumption; 11 a deadlock;\n"
	       "12 an invariant; 13 a property; 14 Assert; 75, 76 an evaluation failed; 150 not\n"
	       "well formed; 151 the configuration; 153 no memory to begin; 255 a recursion\n"
	       "without end; 1 incomplete or failed; 2 wrong usage.\n");
	return app_finish_output(CHECK_NAME);
}
