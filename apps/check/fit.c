/* SPDX-License-Identifier: MIT */
/*
 * Which options go together. Invariant: whoever asks for what cannot be had is told so before
 * anything is read or begun; nothing that was asked for is left out silently.
 */
#include "check/check.h"

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
	if (walks->is_wanted &&
	    (explore->exact || explore->no_trace || explore->route || explore->owner))
		return app_bad(CHECK_NAME, "%s is for a search, not for --simulate",
			       explore->exact      ? "--exact"
			       : explore->no_trace ? "--no-trace"
			       : explore->route    ? "--route"
						   : "--owner");
	return APP_OK;
}

/* What goes with a model only, or with a specification only. */
int check_options_fit(const struct check_options *options)
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
	if (options->model && options->graph.has_excluded)
		return app_bad(CHECK_NAME, "-dump dot,constrained is for specifications: models "
					   "tell nothing of what they leave out");
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
