/* SPDX-License-Identifier: MIT */
/*
 * What is told at the end, as text and as JSON.
 * Invariant: both come from results[] and tries[]; what was pretended says "simulated".
 */
#include "common/app.h"
#include "dag/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { ROWS_MAX = 64, ID_WIDTH_MAX = 40, TEXT = 64, PATH_SHOWN = 12 };

const char *dag_state_word(const struct dag_result *result)
{
	if (result->was_done)
		return "done before";
	switch (result->state) {
	case NW_DAG_COMPLETED:
		return "done";
	case NW_DAG_FAILED:
		return result->reason == NW_DAG_TIMEOUT ? "timed out"
		       : result->reason == NW_DAG_RIGHT ? "no right"
							: "failed";
	case NW_DAG_CANCELLED:
		return result->attempt > 0 ? "stopped" : "not run";
	default:
		return "not run";
	}
}

static uint32_t count_state(const struct dag_run *run, enum nw_dag_state state)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < run->file->task_count; i++)
		count += run->results[i].state == state;
	return count;
}

static const char *simulated_word(const struct dag_run *run)
{
	if (run->is_pretended)
		return nw_topo_kind(run->topo) == NW_TOPO_MACHINE
			       ? ", simulated"
			       : ", simulated on a simulated machine";
	return nw_topo_kind(run->topo) == NW_TOPO_SIMULATED ? ", simulated nodes" : "";
}

static const char *result_word(const struct dag_run *run)
{
	if (run->is_broken)
		return "broken off";
	if (run->signal_number != 0)
		return "interrupted";
	return count_state(run, NW_DAG_COMPLETED) == run->file->task_count ? "done" : "failed";
}

/* ---- text ---- */

/* Characters of UTF-8, for aligning: bytes but those that go on with one. */
static size_t columns_of(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80;
	return count;
}

/* For "%-*s", which counts bytes. */
static int padded(const char *text, int width)
{
	return width + (int)(strlen(text) - columns_of(text));
}

static int id_width(const struct dag_run *run)
{
	int width = 4;

	for (uint32_t i = 0; i < run->file->task_count; i++) {
		int length = (int)columns_of(run->file->tasks[i].id);

		if (width < length)
			width = length < ID_WIDTH_MAX ? length : ID_WIDTH_MAX;
	}
	return width;
}

static void why_of(const struct dag_run *run, const struct dag_result *result, char *buf,
		   size_t buf_bytes)
{
	buf[0] = '\0';
	if (result->state == NW_DAG_FAILED && result->reason == NW_DAG_RESULT)
		(void)dag_status_text(result->status, buf, buf_bytes);
	else if (result->state == NW_DAG_CANCELLED && result->reason == NW_DAG_DEPENDENCY)
		(void)snprintf(buf, buf_bytes, "needs %.40s",
			       result->cause_idx == DAG_NONE
				       ? "?"
				       : run->file->tasks[result->cause_idx].id);
}

static void print_row(const struct dag_run *run, uint32_t task_idx, int width)
{
	const struct dag_result *result = &run->results[task_idx];
	const char *id = run->file->tasks[task_idx].id;
	char time[TEXT] = "-", node[TEXT] = "-", why[TEXT];

	if (result->attempt > 0) {
		(void)app_format_duration(dag_task_ns(run, task_idx), time, sizeof(time));
		(void)snprintf(node, sizeof(node), "%d", dag_node_of(run, result->node_pos).id);
	}
	why_of(run, result, why, sizeof(why));
	printf("%-*s  %-11s %10s %4s %5u%s%s\n", padded(id, width), id, dag_state_word(result),
	       time, node, (unsigned)result->attempt, *why ? "  " : "", why);
}

/* All rows of a small graph; of a large one those that are not done. */
static void print_rows(const struct dag_run *run)
{
	bool is_large = run->file->task_count > ROWS_MAX;
	int width = id_width(run);
	uint32_t left_out = 0;

	printf("\n%-*s  %-11s %10s %4s %5s\n", width, "task", "state", "time", "node", "tries");
	for (uint32_t i = 0, shown = 0; i < run->file->task_count; i++) {
		if ((is_large && run->results[i].state == NW_DAG_COMPLETED) || shown == ROWS_MAX) {
			left_out++;
			continue;
		}
		shown++;
		print_row(run, i, width);
	}
	if (left_out > 0)
		printf("... and %u more; --json has all\n", (unsigned)left_out);
}

static void print_path(const struct dag_run *run, uint64_t elapsed_ns)
{
	char text[2][TEXT];
	struct dag_path path;

	if (!dag_longest_path(run, &path))
		return;
	if (path.count > 0) {
		printf("critical   ");
		for (uint32_t i = 0; i < path.count; i++) {
			if (path.count > PATH_SHOWN && i == PATH_SHOWN / 2) {
				printf(" > ...");
				i = path.count - PATH_SHOWN / 2;
			}
			printf("%s%s", i ? " > " : "", run->file->tasks[path.tasks[i]].id);
		}
		printf(": %s of %s\n", app_format_duration(path.ns, text[0], TEXT),
		       app_format_duration(elapsed_ns, text[1], TEXT));
	}
	free(path.tasks);
}

static double percent(uint64_t part, double whole)
{
	return whole > 0 ? 100.0 * (double)part / whole : 0;
}

static uint64_t cpu_ns_of(const struct dag_run *run)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < run->file->task_count; i++)
		ns += run->results[i].cpu_ns;
	return ns;
}

static void print_use(const struct dag_run *run, uint64_t elapsed_ns)
{
	double whole = (double)elapsed_ns * (double)run->cpu_count;
	struct dag_use all = { 0 };

	for (uint32_t i = 0; i < run->node_count; i++) {
		struct dag_use use = dag_use_of(run, i);
		const struct nw_topo_node *node = nw_topo_node_at(run->topo, run->node_idxs[i]);

		all.booked_ns += use.booked_ns;
		if (run->node_count > 1 && use.task_count > 0)
			printf("node %-5d %u tries, %.0f %% of its %u CPUs booked\n", node->node.id,
			       (unsigned)use.task_count,
			       percent(use.booked_ns, (double)elapsed_ns * node->cpu_count),
			       node->cpu_count);
	}
	printf("use        %.0f %% of %" PRIu64 " CPU%s booked", percent(all.booked_ns, whole),
	       run->cpu_count, run->cpu_count == 1 ? "" : "s");
	if (!run->is_pretended)
		printf(", %.0f %% used", percent(cpu_ns_of(run), whole));
	printf("\n");
}

/* A word of a command line, quoted for the shell where it has to be. */
static void print_word(const char *before, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./,:=+@%";

	printf(" %s", before);
	if (*word && !word[strspn(word, plain)]) {
		printf("%s", word);
		return;
	}
	putchar('\'');
	for (; *word; word++)
		printf(*word == '\'' ? "'\\''" : "%c", *word);
	putchar('\'');
}

static void print_end(const struct dag_run *run)
{
	if (run->is_pretended)
		return;
	printf("output     %s/%s/log\n", run->options->folder, run->file->name);
	if (count_state(run, NW_DAG_COMPLETED) == run->file->task_count)
		return;
	printf("resume     nodewise dag run --resume");
	if (strcmp(run->options->folder, ".nodewise-dag") != 0)
		print_word("--folder ", run->options->folder);
	print_word("", run->options->path);
	for (int i = 0; i < run->options->target_count; i++)
		print_word("", run->options->targets[i]);
	printf("\n");
}

int dag_report_text(const struct dag_run *run)
{
	uint64_t elapsed_ns = run->end_ns - run->begin_ns;
	char text[TEXT];

	printf("graph      %s, %u task%s%s\n", run->file->name, (unsigned)run->file->task_count,
	       run->file->task_count == 1 ? "" : "s", simulated_word(run));
	printf("result     %s: %u done", result_word(run),
	       (unsigned)count_state(run, NW_DAG_COMPLETED) - (unsigned)run->done_before);
	if (run->done_before > 0)
		printf(", %u before", (unsigned)run->done_before);
	printf(", %u failed, %u not run or stopped\n", (unsigned)count_state(run, NW_DAG_FAILED),
	       (unsigned)count_state(run, NW_DAG_CANCELLED));
	printf("elapsed    %s\n", app_format_duration(elapsed_ns, text, sizeof(text)));
	print_path(run, elapsed_ns);
	print_use(run, elapsed_ns);
	print_end(run);
	print_rows(run);
	return app_finish_output(DAG_NAME);
}

/* ---- what a dry run shows ---- */

static int compare_starts(const void *a, const void *b)
{
	const struct dag_try *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->task_idx > y->task_idx) - (x->task_idx < y->task_idx);
}

static double seconds_of(uint64_t ns)
{
	return (double)ns / 1e9;
}

int dag_plan_text(const struct dag_run *run)
{
	uint64_t elapsed_ns = run->end_ns - run->begin_ns;
	int width = id_width(run);
	char text[TEXT];

	/* Tries are kept as they end; a plan is read as they start. */
	qsort(run->tries, run->try_count, sizeof(*run->tries), compare_starts);
	printf("%10s %10s %4s  %-*s  %s\n", "start s", "end s", "node", width, "task", "command");
	for (size_t i = 0; i < run->try_count; i++) {
		const struct dag_try *try = &run->tries[i];
		const struct dag_task *task = &run->file->tasks[try->task_idx];

		printf("%10.3f %9.3f%c %4d  %-*s  %.*s\n",
		       seconds_of(try->start_ns - run->begin_ns),
		       seconds_of(try->end_ns - run->begin_ns),
		       run->is_known[try->task_idx] ? ' ' : '?', dag_node_of(run, try->node_pos).id,
		       padded(task->id, width), task->id,
		       (int)strcspn(task->command ? task->command : "-", "\n"),
		       task->command ? task->command : "-");
	}
	printf("\npredicted  %s%s%s\n", app_format_duration(elapsed_ns, text, sizeof(text)),
	       run->done_before > 0 ? ", without what is done already" : "", simulated_word(run));
	print_path(run, elapsed_ns);
	print_use(run, elapsed_ns);
	return app_finish_output(DAG_NAME);
}

/* ---- JSON ---- */

/* jansson takes NULL for what could not be made; app_print_json() says so at the end. Ids come from
 * anywhere: bytes that are no UTF-8 are a name of a file, which stays readable. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not UTF-8)");
}

static void set_log(const struct dag_run *run, json_t *object, uint32_t task_idx,
		    const char *suffix, const char *key)
{
	char path[4096];
	uint32_t attempt = run->results[task_idx].attempt;

	if (!run->is_pretended && attempt > 0 &&
	    dag_log_path(run, task_idx, attempt, suffix, path, sizeof(path)))
		(void)json_object_set_new(object, key, text_json(path));
}

static json_t *task_json(const struct dag_run *run, uint32_t i)
{
	const struct dag_result *result = &run->results[i];
	const struct dag_task *task = &run->file->tasks[i];
	bool has_run = result->attempt > 0;
	json_t *object = json_pack(
		"{s:o, s:I, s:s, s:s, s:I, s:f, s:I}", "id", text_json(task->id), "line",
		(json_int_t)task->line, "state", nw_dag_state_name(result->state), "reason",
		nw_dag_reason_name(result->reason), "tries", (json_int_t)result->attempt, "cpu_s",
		seconds_of(result->cpu_ns), "rss_bytes", (json_int_t)result->rss_bytes);

	(void)json_object_set_new(object, "done_before", json_boolean(result->was_done));
	(void)json_object_set_new(object, "node",
				  has_run ? json_integer(dag_node_of(run, result->node_pos).id)
					  : json_null());
	(void)json_object_set_new(object, "start_s",
				  has_run ? json_real(seconds_of(result->start_ns - run->begin_ns))
					  : json_null());
	(void)json_object_set_new(object, "seconds",
				  has_run ? json_real(seconds_of(dag_task_ns(run, i)))
					  : json_null());
	(void)json_object_set_new(object, "exit",
				  has_run && WIFEXITED(result->status)
					  ? json_integer(WEXITSTATUS(result->status))
					  : json_null());
	(void)json_object_set_new(object, "signal",
				  has_run && WIFSIGNALED(result->status)
					  ? json_integer(WTERMSIG(result->status))
					  : json_null());
	(void)json_object_set_new(object, "cause",
				  result->cause_idx == DAG_NONE
					  ? json_null()
					  : text_json(run->file->tasks[result->cause_idx].id));
	set_log(run, object, i, "out", "stdout");
	set_log(run, object, i, "err", "stderr");
	return object;
}

static json_t *tasks_json(const struct dag_run *run)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < run->file->task_count; i++)
		(void)json_array_append_new(list, task_json(run, i));
	return list;
}

static json_t *path_json(const struct dag_run *run)
{
	json_t *list = json_array(), *object;
	struct dag_path path;

	if (!dag_longest_path(run, &path)) {
		json_decref(list);
		return NULL;
	}
	for (uint32_t i = 0; i < path.count; i++)
		(void)json_array_append_new(list, text_json(run->file->tasks[path.tasks[i]].id));
	object = json_pack("{s:o, s:f}", "tasks", list, "seconds", seconds_of(path.ns));
	free(path.tasks);
	return object;
}

static json_t *nodes_json(const struct dag_run *run)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < run->node_count; i++) {
		struct dag_use use = dag_use_of(run, i);
		const struct nw_topo_node *node = nw_topo_node_at(run->topo, run->node_idxs[i]);

		(void)json_array_append_new(list, json_pack("{s:i, s:I, s:I, s:f, s:f}", "node",
							    (int)node->node.id, "cpus",
							    (json_int_t)node->cpu_count, "tries",
							    (json_int_t)use.task_count, "busy_s",
							    seconds_of(use.busy_ns), "booked_cpu_s",
							    seconds_of(use.booked_ns)));
	}
	return list;
}

int dag_report_json(const struct dag_run *run)
{
	json_t *object = json_pack(
		"{s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
		"name", run->file->name, "file", text_json(run->file->path), "form",
		run->file->form, "result", result_word(run), "simulated", run->is_pretended,
		"simulated_nodes", nw_topo_kind(run->topo) != NW_TOPO_MACHINE, "dry_run",
		run->options->is_dry_run, "seconds", seconds_of(run->end_ns - run->begin_ns),
		"cpu_s", seconds_of(cpu_ns_of(run)), "cpus", (json_int_t)run->cpu_count, "done",
		(json_int_t)count_state(run, NW_DAG_COMPLETED), "failed",
		(json_int_t)count_state(run, NW_DAG_FAILED), "cancelled",
		(json_int_t)count_state(run, NW_DAG_CANCELLED), "critical_path", path_json(run),
		"nodes", nodes_json(run), "tasks", tasks_json(run));

	return app_print_json(DAG_NAME, object);
}
