/* SPDX-License-Identifier: MIT */
/*
 * A graph for other programs to draw: dot (Graphviz) and trace-event JSON (Perfetto,
 * chrome://tracing).
 * Invariant: a picture file is whole or the exit code says why not; "-" is stdout.
 */
#include "common/app.h"
#include "dag/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_picture(const char *path)
{
	return !path || dag_is_stdout(path) ? stdout : fopen(path, "we");
}

static int close_picture(FILE *stream, const char *path)
{
	bool is_bad;

	if (stream == stdout)
		return app_finish_output(DAG_NAME);
	is_bad = ferror(stream) != 0;
	if (fclose(stream) != 0 || is_bad)
		return app_failed(DAG_NAME, "%s: cannot be written: %s", path, strerror(errno));
	return APP_OK;
}

/* Inside "" of dot. */
static void put_dot_text(FILE *stream, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', stream);
		putc(*text, stream);
	}
}

static void put_edges(FILE *stream, const struct dag_file *file)
{
	for (uint32_t i = 0; i < file->task_count; i++)
		for (uint32_t k = 0; k < file->tasks[i].need_count; k++)
			fprintf(stream, "\tt%u -> t%u;\n",
				(unsigned)file->tasks[i].needs[k].task_idx, (unsigned)i);
}

static void put_head(FILE *stream, const struct dag_file *file)
{
	fprintf(stream,
		"digraph \"%s\" {\n\trankdir=LR;\n\tnode [shape=box, style=filled, "
		"fillcolor=white, fontname=\"sans-serif\"];\n",
		file->name);
}

int dag_write_structure(const struct dag_file *file, const char *path)
{
	FILE *stream = open_picture(path);

	if (!stream)
		return app_failed(DAG_NAME, "%s: %s", path, strerror(errno));
	put_head(stream, file);
	for (uint32_t i = 0; i < file->task_count; i++) {
		fprintf(stream, "\tt%u [label=\"", (unsigned)i);
		put_dot_text(stream, file->tasks[i].id);
		fputs("\"];\n", stream);
	}
	put_edges(stream, file);
	fputs("}\n", stream);
	return close_picture(stream, path);
}

/* Told apart by those who see red and green alike, and in grey. */
static const char *fill_of(const struct dag_result *result)
{
	if (result->was_done)
		return "#d9e8d0";
	switch (result->state) {
	case NW_DAG_COMPLETED:
		return "#8fc98f";
	case NW_DAG_FAILED:
		return "#d9534f";
	case NW_DAG_CANCELLED:
		return "#cccccc";
	default:
		return "white";
	}
}

static const char *line_of(int64_t node_pos)
{
	static const char *const colours[] = { "#1f77b4", "#ff7f0e", "#9467bd", "#8c564b",
					       "#e377c2", "#17becf", "#bcbd22", "#7f7f7f" };

	return node_pos == DAG_NONE ? "black" : colours[node_pos % 8];
}

static void put_task(FILE *stream, const struct dag_run *run, uint32_t i)
{
	const struct dag_result *result = &run->results[i];
	char time[32];

	fprintf(stream, "\tt%u [fillcolor=\"%s\", color=\"%s\", penwidth=3, label=\"", (unsigned)i,
		fill_of(result), line_of(result->node_pos));
	put_dot_text(stream, run->file->tasks[i].id);
	fprintf(stream, "\\n%s", dag_state_word(result));
	if (result->attempt > 0)
		fprintf(stream, ", %s, node %d",
			app_format_duration(dag_task_ns(run, i), time, sizeof(time)),
			dag_node_of(run, result->node_pos).id);
	fputs("\"];\n", stream);
}

int dag_write_dot(const struct dag_run *run, const char *path)
{
	FILE *stream = open_picture(path);

	if (!stream)
		return app_failed(DAG_NAME, "%s: %s", path, strerror(errno));
	put_head(stream, run->file);
	fprintf(stream, "\tlabel=\"%s%s\";\n", run->file->name,
		run->is_pretended ? ", simulated" : "");
	for (uint32_t i = 0; i < run->file->task_count; i++)
		put_task(stream, run, i);
	put_edges(stream, run->file);
	fputs("}\n", stream);
	return close_picture(stream, path);
}

/* ---- trace ---- */

static int compare_starts(const void *a, const void *b)
{
	const struct dag_try *x = *(const struct dag_try *const *)a;
	const struct dag_try *y = *(const struct dag_try *const *)b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->task_idx > y->task_idx) - (x->task_idx < y->task_idx);
}

/* The first row of the node that is free; rows are as many as ran at once. */
static uint32_t lane_of(uint64_t **lanes_ns, uint32_t *inout_count, const struct dag_try *try)
{
	uint32_t lane = 0;
	uint64_t *more;

	while (lane < *inout_count && (*lanes_ns)[lane] > try->start_ns)
		lane++;
	if (lane == *inout_count) {
		more = realloc(*lanes_ns, (size_t)(lane + 1) * sizeof(**lanes_ns));
		if (!more)
			return UINT32_MAX;
		*lanes_ns = more;
		(*inout_count)++;
	}
	(*lanes_ns)[lane] = try->end_ns;
	return lane;
}

static json_t *event_json(const struct dag_run *run, const struct dag_try *try, uint32_t lane)
{
	const char *id = run->file->tasks[try->task_idx].id;
	json_t *name = json_string(id);

	if (!name)
		name = json_string("(not UTF-8)");
	return json_pack("{s:o, s:s, s:s, s:f, s:f, s:i, s:I, s:{s:I, s:b}}", "name", name, "cat",
			 try->is_ok ? "ok" : "failed", "ph", "X", "ts",
			 (double)(try->start_ns - run->begin_ns) / 1e3, "dur",
			 (double)(try->end_ns - try->start_ns) / 1e3, "pid",
			 (int)dag_node_of(run, try->node_pos).id, "tid", (json_int_t)lane + 1,
			 "args", "try", (json_int_t)try->attempt, "ok", try->is_ok);
}

static json_t *node_name_json(const struct dag_run *run, uint32_t node_pos)
{
	char name[64];
	int id = dag_node_of(run, node_pos).id;

	(void)snprintf(name, sizeof(name), "node %d%s", id, run->is_pretended ? ", simulated" : "");
	return json_pack("{s:s, s:s, s:i, s:{s:s}}", "name", "process_name", "ph", "M", "pid", id,
			 "args", "name", name);
}

static bool add_events(const struct dag_run *run, const struct dag_try **tries, json_t *events)
{
	bool is_ok = true;

	for (uint32_t node = 0; node < run->node_count && is_ok; node++) {
		uint64_t *lanes_ns = NULL;
		uint32_t lane_count = 0;

		is_ok &= json_array_append_new(events, node_name_json(run, node)) == 0;
		for (size_t i = 0; i < run->try_count && is_ok; i++) {
			uint32_t lane;

			if (tries[i]->node_pos != node)
				continue;
			lane = lane_of(&lanes_ns, &lane_count, tries[i]);
			is_ok = lane != UINT32_MAX &&
				json_array_append_new(events, event_json(run, tries[i], lane)) == 0;
		}
		free(lanes_ns);
	}
	return is_ok;
}

int dag_write_trace(const struct dag_run *run, const char *path)
{
	const struct dag_try **tries = calloc(run->try_count + 1, sizeof(*tries));
	json_t *events = json_array(),
	       *object = json_pack("{s:s, s:O}", "displayTimeUnit", "ms", "traceEvents", events);
	FILE *stream = open_picture(path);
	int code = APP_OK;

	if (!stream) {
		code = app_failed(DAG_NAME, "%s: %s", path, strerror(errno));
		goto out;
	}
	for (size_t i = 0; tries && i < run->try_count; i++)
		tries[i] = &run->tries[i];
	if (tries)
		qsort(tries, run->try_count, sizeof(*tries), compare_starts);
	if (!tries || !object || !add_events(run, tries, events))
		code = app_failed(DAG_NAME, "no memory for the trace");
	else if (json_dumpf(object, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) < 0)
		errno = EIO; /* the stream remembers, too */
	if (code == APP_OK)
		putc('\n', stream);
	if (close_picture(stream, path) != APP_OK)
		code = APP_FAILED;
out:
	json_decref(object);
	json_decref(events);
	free(tries);
	return code;
}
