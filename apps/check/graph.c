/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check --dump`: all states, or the graph that they make, as TLC writes them.
 *
 * A state's name in the graph is a hash of its text, so that it is the same in every run. Order is
 * that of a search by one worker, whatever the number of workers was (nw/graph.h).
 *
 * Invariant: texts in quotation marks have their backslashes, quotation marks and newlines escaped.
 */
#include "check/graph.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

char *check_graph_text(struct check_graph_writer *w, const struct nw_graph_state *state)
{
	struct nw_explore_step step = { .state = state->state, .n_bytes = state->n_bytes };
	char *text = NULL;
	size_t n_bytes;
	FILE *out;

	if (w->printer)
		return strdup(check_printer_text(w->printer, &step));
	out = open_memstream(&text, &n_bytes);
	if (!out)
		return NULL;
	check_state_write(w->check->spec, &step, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int64_t check_graph_name(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
	hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return (int64_t)(hash ^ hash >> 29);
}

/* Without the newline at the end. */
static void put_quoted(const char *text, FILE *out)
{
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == '\n')
		length--;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' || text[i] == '"')
			fputc('\\', out);
		if (text[i] == '\n')
			fputs("\\n", out);
		else
			fputc(text[i], out);
	}
}

/* --- Actions --- */

/* "Send(1, 2)", TLC's word for an action without a name, or NULL: of a model that names none. */
static const char *label_of(struct check_graph_writer *w, const struct nw_graph_state *from,
			    uint64_t ordinal, const struct nw_graph_edge *edge)
{
	const struct nw_model *model = w->check->model.model;

	if (edge->part_idx < w->action_count)
		return w->actions[edge->part_idx].name ? w->actions[edge->part_idx].label
						       : "UnnamedAction";
	if (!w->printer || !model->action)
		return NULL;
	return model->action(w->printer->context, from->state, from->n_bytes, (uint32_t)ordinal);
}

static const char *action_name(const struct check_graph_writer *w, const struct nw_graph_edge *edge,
			       const char *label)
{
	if (edge->part_idx < w->action_count && w->actions[edge->part_idx].name)
		return check_name(w->check->spec, w->actions[edge->part_idx].name);
	return label && *label ? label : "Action";
}

/* As TLC: from 2 on, in the order in which actions are met. 0: no memory. */
static uint32_t color_of(struct check_graph_writer *w, const char *name)
{
	const char **grown;

	for (uint32_t i = 0; i < w->colored_count; i++)
		if (strcmp(w->colored[i], name) == 0)
			return i + 2;
	grown = realloc(w->colored, (w->colored_count + 1) * sizeof(*grown));
	if (!grown)
		return 0;
	w->colored = grown;
	w->colored[w->colored_count++] = name;
	return w->colored_count + 1;
}

void check_graph_put_label(struct check_graph_writer *w, const struct nw_graph_state *from,
			   uint64_t ordinal, const struct nw_graph_edge *edge, const char *why)
{
	const struct check_graph *options = &w->check->options->graph;
	const char *label = label_of(w, from, ordinal, edge);
	char color[16] = "black";

	if (options->has_colors)
		(void)snprintf(color, sizeof(color), "%u",
			       (unsigned)color_of(w, action_name(w, edge, label)));
	fputs(" [label=\"", w->out);
	if (options->has_labels && label)
		put_quoted(label, w->out);
	fprintf(w->out, "%s\",color=\"%s\",fontcolor=\"%s\"]", why, color, color);
}

/* --- The graph --- */

/* As TLC: the alias, where one state is enough for it; else the variables, with -difftrace those
 * that differ from what was before. */
static char *shown_text(struct check_graph_writer *w, const struct nw_graph_state *before,
			const struct nw_graph_state *state)
{
	struct nw_explore_step steps[2] = { { .state = state->state, .n_bytes = state->n_bytes } };
	char *text = NULL;
	size_t n_bytes;
	FILE *out;

	if (w->printer)
		return check_graph_text(w, state);
	out = open_memstream(&text, &n_bytes);
	if (!out)
		return NULL;
	if (before)
		steps[1] = (struct nw_explore_step){ .state = before->state,
						     .n_bytes = before->n_bytes };
	check_state_show(w->check->spec, &steps[0], before ? &steps[1] : NULL, state->level, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

bool check_graph_put_state(struct check_graph_writer *w, int64_t name,
			   const struct nw_graph_state *before, const struct nw_graph_state *state,
			   const char *behind)
{
	char *shown = shown_text(w, before, state), *text = check_graph_text(w, state);
	bool is_good = shown && text;

	if (is_good) {
		fprintf(w->out, "%" PRId64 " [label=\"", name);
		put_quoted(shown, w->out);
		if (!state->is_initial) {
			fputs("\",tooltip=\"", w->out);
			put_quoted(text, w->out);
		}
		fputs(behind, w->out);
	}
	free(shown);
	free(text);
	return is_good;
}

/* Whether a step to the same state was written before. */
static bool is_again(const struct check_graph_writer *w, const struct nw_graph_state *from,
		     uint64_t k, const struct nw_graph_edge *edge)
{
	struct nw_graph_edge before;

	for (uint64_t i = 0; w->check->options->graph.is_strict && i < k; i++) {
		nw_graph_edge_at(w->graph, from->edge_first + i, &before);
		if (before.to == edge->to)
			return true;
	}
	return false;
}

bool check_graph_put_step(struct check_graph_writer *w, uint64_t idx, uint64_t k)
{
	struct nw_graph_state from, to;
	struct nw_graph_edge edge;

	nw_graph_state_at(w->graph, idx, &from);
	nw_graph_edge_at(w->graph, from.edge_first + k, &edge);
	if (is_again(w, &from, k, &edge))
		return true;
	fprintf(w->out, "%" PRId64 " -> %" PRId64, w->names[idx], w->names[edge.to]);
	check_graph_put_label(w, &from, k, &edge, "");
	fputs(";\n", w->out);
	nw_graph_state_at(w->graph, edge.to, &to);
	return !edge.is_first || check_graph_put_state(w, w->names[edge.to], &from, &to, "\"];\n");
}

static bool put_steps(struct check_graph_writer *w, uint64_t idx)
{
	struct nw_graph_state from;
	bool is_good = true;

	if (w->check->options->graph.has_excluded && w->check->spec)
		return check_graph_put_all(w, idx);
	nw_graph_state_at(w->graph, idx, &from);
	for (uint64_t k = 0; is_good && k < from.edge_count; k++)
		is_good = check_graph_put_step(w, idx, k);
	return is_good;
}

/* States of one level stand side by side. */
static void put_ranks(struct check_graph_writer *w)
{
	uint64_t count = nw_graph_state_count(w->graph);
	struct nw_graph_state state;
	uint32_t level = 0;

	for (uint64_t i = 0; i < count; i++) {
		nw_graph_state_at(w->graph, i, &state);
		if (state.level != level)
			fprintf(w->out, "%s{rank = same; ", level ? "}\n" : "");
		level = state.level;
		fprintf(w->out, "%" PRId64 ";", w->names[i]);
	}
	fputs(level ? "}\n" : "", w->out);
}

static void put_legend(struct check_graph_writer *w)
{
	if (w->colored_count < 2)
		return;
	fputs("subgraph cluster_legend {graph[style=bold];label = \"Next State Actions\" "
	      "style=\"solid\"\n"
	      "node [ labeljust=\"l\",colorscheme=\"paired12\",style=filled,shape=record ]\n",
	      w->out);
	for (uint32_t i = 0; i < w->colored_count; i++) {
		for (const char *c = w->colored[i]; *c; c++)
			fputc(*c == '!' ? ':' : *c, w->out);
		fprintf(w->out, " [label=\"%s\",fillcolor=%u]\n", w->colored[i], (unsigned)i + 2);
	}
	fputc('}', w->out);
}

static bool put_graph(struct check_graph_writer *w)
{
	uint64_t count = nw_graph_state_count(w->graph);
	struct nw_graph_state state;
	bool is_good = true;

	fputs("strict digraph DiskGraph {\nnode [shape=box,style=rounded]\n", w->out);
	if (w->check->options->graph.has_colors)
		fputs("edge [colorscheme=\"paired12\"]\n", w->out);
	fputs("nodesep=0.35;\nsubgraph cluster_graph {\ncolor=\"white\";\n", w->out);
	for (uint64_t i = 0; is_good && i < count; i++) {
		nw_graph_state_at(w->graph, i, &state);
		is_good = !state.is_initial || check_graph_put_state(w, w->names[i], NULL, &state,
								     "\",style = filled]\n");
	}
	for (uint64_t i = 0; is_good && i < count; i++)
		is_good = put_steps(w, i);
	put_ranks(w);
	fputs("}\n", w->out);
	put_legend(w);
	fputs("}", w->out);
	return is_good;
}

static bool put_states(struct check_graph_writer *w)
{
	uint64_t count = nw_graph_state_count(w->graph);
	struct nw_graph_state state;

	for (uint64_t i = 0; i < count; i++) {
		char *text;

		nw_graph_state_at(w->graph, i, &state);
		text = check_graph_text(w, &state);
		if (!text)
			return false;
		fprintf(w->out, "State %" PRIu64 ":\n%s\n", i + 1, text);
		if (w->printer)
			fputc('\n', w->out);
		free(text);
	}
	return true;
}

/* --- The file --- */

static bool name_states(struct check_graph_writer *w)
{
	uint64_t count = nw_graph_state_count(w->graph);
	struct nw_graph_state state;

	w->names = calloc(count + 1, sizeof(*w->names));
	for (uint64_t i = 0; w->names && i < count; i++) {
		char *text;

		nw_graph_state_at(w->graph, i, &state);
		text = check_graph_text(w, &state);
		if (!text)
			return false;
		w->names[i] = check_graph_name(text);
		free(text);
	}
	return w->names;
}

static bool open_writer(struct check_graph_writer *w)
{
	if (w->check->spec)
		w->actions = tla_runner_actions(w->check->spec->runner, &w->action_count);
	else
		w->printer = check_printer_open(w->check);
	return w->check->spec || w->printer;
}

static void close_writer(struct check_graph_writer *w)
{
	if (w->printer)
		check_printer_close(w->printer);
	free(w->names);
	free(w->colored);
}

/* FILE.dump and FILE.dot, where it does not end so. */
static char *path_of(const struct check_graph *options)
{
	const char *suffix = options->is_dot ? ".dot" : ".dump";
	size_t length = strlen(options->path), end = strlen(suffix);
	bool has_suffix = length >= end && strcmp(options->path + length - end, suffix) == 0;
	char *path;

	/* What is no file has no suffix. */
	has_suffix |= strncmp(options->path, "/dev/", 5) == 0;
	return asprintf(&path, "%s%s", options->path, has_suffix ? "" : suffix) < 0 ? NULL : path;
}

static int write_to(struct check_graph_writer *w, const char *path)
{
	bool is_good, is_written;

	w->out = fopen(path, "we");
	if (!w->out)
		return app_failed(CHECK_NAME, "cannot write %s: %s", path, strerror(errno));
	is_good = w->check->options->graph.is_dot ? name_states(w) && put_graph(w) : put_states(w);
	is_written = !ferror(w->out);
	is_written &= fclose(w->out) == 0;
	if (!is_good)
		return app_failed(CHECK_NAME, "no memory to write %s", path);
	return is_written ? APP_OK
			  : app_failed(CHECK_NAME, "cannot write %s: %s", path, strerror(errno));
}

/* As TLC's: FILE_snapshot.dot. Of what is no file there is none. The caller frees it. */
static char *snapshot_path(const char *path)
{
	size_t length = strlen(path) - strlen(".dot");
	char *text;

	if (asprintf(&text, "%.*s_snapshot.dot", (int)length, path) < 0)
		return NULL;
	return text;
}

static int write_snapshot(struct check_graph_writer *w, const char *path)
{
	char *text = snapshot_path(path);
	int code;

	free(w->names);
	w->names = NULL;
	w->colored_count = 0;
	code = text ? write_to(w, text) : app_failed(CHECK_NAME, "no memory for a snapshot");
	free(text);
	return code;
}

int check_graph_write(const struct check *check)
{
	const struct check_graph *options = &check->options->graph;
	struct check_graph_writer w = { .check = check, .graph = check->graph };
	int code = APP_FAILED;
	char *path;

	if (!check->graph)
		return APP_OK;
	path = path_of(options);
	if (nw_graph_finish(check->graph) < 0 || !path || !open_writer(&w))
		(void)app_failed(CHECK_NAME, "no memory for the states of --dump");
	else
		code = write_to(&w, path);
	if (code == APP_OK && options->has_snapshot && strncmp(path, "/dev/", 5) != 0)
		code = write_snapshot(&w, path);
	close_writer(&w);
	free(path);
	return code;
}
