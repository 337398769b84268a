/* SPDX-License-Identifier: MIT */
/*
 * Sets a graph up on the nodes of a machine and does what struct nw_dag says until all is done.
 *
 * A position of a node among those chosen (node_pos) is what struct nw_dag calls node_idx.
 * Invariant: what ended in a turn of the loop is in the journal, on the disk, before anything that
 * may depend on it starts.
 */
#include "dag/run.h"

#include "common/app.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { CPU = NW_RESOURCE_CPU, MEMORY = NW_RESOURCE_MEMORY, THOUSAND = 1000 };
#define ASSUMED_NS DAG_NS_PER_S /* of a task whose duration nobody knows */

/* ---- nodes ---- */

static int all_nodes(struct dag_run *run)
{
	run->node_count = nw_topo_node_count(run->topo);
	run->node_idxs = calloc(run->node_count, sizeof(*run->node_idxs));
	if (!run->node_idxs)
		return app_failed(DAG_NAME, "no memory");
	for (uint32_t i = 0; i < run->node_count; i++)
		run->node_idxs[i] = i;
	return APP_OK;
}

static int choose_nodes(struct dag_run *run)
{
	struct nw_diag diag = { "" };

	if (!run->options->nodes)
		return all_nodes(run);
	if (app_parse_list(run->options->nodes, &run->node_idxs, &run->node_count, &diag) < 0)
		return app_bad(DAG_NAME, "--nodes %s: %s", run->options->nodes, diag.text);
	for (uint32_t i = 0; i < run->node_count; i++) {
		uint32_t id = run->node_idxs[i];
		int idx = id <= NW_NODE_ID_MAX
				  ? nw_topo_node_idx(run->topo, (nw_node){ (int16_t)id })
				  : -ENODEV;

		if (idx < 0)
			return app_bad(DAG_NAME,
				       "--nodes %s: there is no node %u; nodewise topo "
				       "shows those that are",
				       run->options->nodes, (unsigned)id);
		run->node_idxs[i] = (uint32_t)idx;
	}
	return APP_OK;
}

nw_node dag_node_of(const struct dag_run *run, int64_t node_pos)
{
	if (node_pos == DAG_NONE)
		return NW_NODE_ANY;
	return nw_topo_node_at(run->topo, run->node_idxs[node_pos])->node;
}

/* The CPUs of the chosen nodes, each once: pretended nodes may share one. */
static int count_cpus(struct dag_run *run)
{
	bool *is_counted = calloc(nw_topo_cpu_count(run->topo), sizeof(*is_counted));

	if (!is_counted)
		return app_failed(DAG_NAME, "no memory");
	for (uint32_t i = 0; i < run->node_count; i++) {
		uint32_t count;
		const uint32_t *cpus = nw_topo_node_cpus(run->topo, run->node_idxs[i], &count);

		for (uint32_t k = 0; k < count; k++) {
			run->cpu_count += !is_counted[cpus[k]];
			is_counted[cpus[k]] = true;
		}
	}
	free(is_counted);
	return APP_OK;
}

/* A node has its CPUs and memory; of what nobody counts, as much as the file's limits allow. */
static int measure_nodes(struct dag_run *run)
{
	const struct nw_resource *limits = &run->file->limits;
	uint64_t memory = 0;

	run->capacity = calloc(run->node_count, sizeof(*run->capacity));
	if (!run->capacity)
		return app_failed(DAG_NAME, "no memory");
	for (uint32_t i = 0; i < run->node_count; i++) {
		const struct nw_topo_node *node = nw_topo_node_at(run->topo, run->node_idxs[i]);

		run->capacity[i] = *limits;
		run->capacity[i].amount[CPU] = (uint64_t)node->cpu_count * THOUSAND;
		run->capacity[i].amount[MEMORY] = node->memory_bytes;
		memory += node->memory_bytes;
	}
	if (count_cpus(run) != APP_OK)
		return APP_FAILED;
	run->machine = *limits;
	if (run->machine.amount[CPU] > run->cpu_count * THOUSAND)
		run->machine.amount[CPU] = run->cpu_count * THOUSAND;
	if (run->machine.amount[MEMORY] > memory)
		run->machine.amount[MEMORY] = memory;
	return APP_OK;
}

/* DAG_NONE: no such node among those chosen. */
static int64_t node_pos_of(const struct dag_run *run, int32_t node_id)
{
	for (uint32_t i = 0; i < run->node_count; i++)
		if (dag_node_of(run, i).id == node_id)
			return i;
	return DAG_NONE;
}

/* ---- capabilities ---- */

static int make_cap(struct dag_run *run, uint32_t i)
{
	const struct dag_cap_spec *spec = &run->file->caps[i];
	struct nw_cap_terms terms = { .rights = spec->rights };

	terms.quota.amount[NW_RESOURCE_CAPS] = spec->below_count;
	if (spec->from_idx == DAG_NONE)
		return nw_caps_mint(run->caps, spec->type, i, i, &terms, &run->cap_handles[i]);
	return nw_caps_derive(run->caps, run->cap_handles[spec->from_idx], &terms,
			      &run->cap_handles[i]);
}

static int make_caps(struct dag_run *run)
{
	enum { SLOTS = 16, SLOTS_MAX = 1 << 15 };
	uint32_t count = run->file->cap_count;

	if (count == 0)
		return APP_OK;
	run->cap_handles = calloc(count, sizeof(*run->cap_handles));
	if (!run->cap_handles || nw_caps_create(&run->caps, NW_NODE_ANY, SLOTS, SLOTS_MAX) < 0)
		return app_failed(DAG_NAME, "no memory");
	for (uint32_t i = 0; i < count; i++) {
		int rc = make_cap(run, i);

		if (rc < 0)
			return app_failed(DAG_NAME, "capability '%s': %s", run->file->caps[i].name,
					  strerror(-rc));
	}
	return APP_OK;
}

static void revoke_after(struct dag_run *run, const struct dag_task *task)
{
	if (task->revokes_idx == DAG_NONE)
		return;
	/* It can only be gone already: another task was first. */
	if (nw_caps_revoke(run->caps, run->thread, (nw_cap){ 0 },
			   run->cap_handles[task->revokes_idx]) < 0)
		return;
	(void)nw_rcu_run(run->thread);
}

/* ---- tasks ---- */

static int make_dag(struct dag_run *run)
{
	const struct dag_file *file = run->file;
	struct nw_dag_class *classes = calloc(file->class_count, sizeof(*classes));
	struct nw_rcu *rcu = NULL;
	struct nw_diag diag = { "no memory" };
	struct nw_dag_options options = {
		.capacity = run->capacity,
		.node_count = run->node_count,
		.machine = &run->machine,
		.running_max = (uint32_t)run->options->jobs,
		.order = run->options->order,
		.class_count = file->class_count,
		.classes = classes,
		.seed = run->options->seed,
		.caps = run->caps,
	};
	int rc = classes ? nw_rcu_create(&rcu, NW_NODE_ANY, NULL) : -ENOMEM;

	for (uint32_t i = 0; classes && i < file->class_count; i++)
		classes[i] = (struct nw_dag_class){ .weight = file->classes[i].weight,
						    .quota = &file->classes[i].quota,
						    .start_per_s = file->classes[i].start_per_s,
						    .start_burst = file->classes[i].start_burst };
	if (rc == 0)
		rc = nw_rcu_register(&run->thread, rcu, DAG_NAME);
	if (rc < 0)
		nw_rcu_destroy(rcu);
	options.rcu = rcu;
	if (rc == 0)
		rc = nw_dag_create(&run->dag, &options, &diag);
	free(classes);
	return rc < 0 ? app_failed(DAG_NAME, "%s", diag.text) : APP_OK;
}

/* Where it prefers to run; false: a place that it insists on is not there. */
static bool set_place(struct dag_run *run, const struct dag_task *task, struct nw_dag_spec *spec)
{
	int64_t node_pos;

	if (task->node_id == DAG_NONE)
		return true;
	node_pos = node_pos_of(run, task->node_id);
	if (node_pos == DAG_NONE && task->is_strict) {
		dag_file_bad(run->file, task->node_line,
			     "task '%s' runs on node %d only, which is not there, or not among "
			     "--nodes",
			     task->id, (int)task->node_id);
		return false;
	}
	if (node_pos == DAG_NONE) {
		app_note(DAG_NAME, "no node %d here: tasks that prefer it run on any",
			 (int)task->node_id);
		return true;
	}
	spec->has_node = true;
	spec->node_idx = (uint32_t)node_pos;
	spec->is_node_strict = task->is_strict;
	return true;
}

uint64_t dag_cpu_of(const struct dag_run *run, const struct dag_task *task)
{
	if (task->has_cpu)
		return task->resources.amount[CPU];
	return run->options->jobs > 0 ? 0 : THOUSAND;
}

/* The bytes of the names of what it needs are the file's. */
static void set_needs(const struct dag_task *task, const char **names, struct nw_dag_spec *spec)
{
	for (uint32_t i = 0; i < task->need_count; i++)
		names[i] = task->needs[i].name.text;
	spec->deps = names;
	spec->dep_count = task->need_count;
}

static int add_task(struct dag_run *run, uint32_t task_idx, const char **names)
{
	const struct dag_task *task = &run->file->tasks[task_idx];
	struct nw_diag diag = { "" };
	struct nw_dag_spec spec = {
		.name = task->id,
		.need = task->resources,
		.priority = task->priority,
		.class_idx = task->class_idx,
		.cost_ns = run->cost_ns[task_idx],
		.timeout_ns = task->timeout_ns,
		.retry_max = task->retry_max,
		.retry_wait_ns = task->retry_wait_ns,
		.cap_rights = task->cap_rights,
		.is_done = run->results[task_idx].was_done,
		.user = &run->file->tasks[task_idx],
	};
	int rc;

	spec.need.amount[CPU] = dag_cpu_of(run, task);
	if (task->cap_idx != DAG_NONE)
		spec.cap = run->cap_handles[task->cap_idx];
	set_needs(task, names, &spec);
	if (!set_place(run, task, &spec))
		return APP_USAGE;
	rc = nw_dag_add(run->dag, &spec, &run->ids[task_idx], &diag);
	if (rc == 0)
		return APP_OK;
	if (rc == -ENOMEM)
		return app_failed(DAG_NAME, "no memory");
	dag_file_bad(run->file, task->line, "%s", diag.text);
	return APP_USAGE;
}

static int add_tasks(struct dag_run *run)
{
	uint32_t need_count_max = 1;
	struct nw_diag diag = { "" };
	const char **names;
	int code = APP_OK;

	for (uint32_t i = 0; i < run->file->task_count; i++)
		if (need_count_max < run->file->tasks[i].need_count)
			need_count_max = run->file->tasks[i].need_count;
	names = calloc(need_count_max, sizeof(*names));
	if (!names)
		return app_failed(DAG_NAME, "no memory");
	for (uint32_t i = 0; i < run->file->task_count; i++) {
		int its = add_task(run, i, names);

		if (its != APP_OK)
			code = its;
	}
	free(names);
	if (code == APP_OK && nw_dag_commit(run->dag, 1, &diag) < 0)
		code = app_failed(DAG_NAME, "%s: %s", run->file->path, diag.text);
	return code;
}

/* ---- while it runs ---- */

static uint32_t task_idx_of(const struct dag_run *run, nw_dag_id id)
{
	struct nw_dag_info info;

	if (nw_dag_info(run->dag, id, &info) < 0)
		return UINT32_MAX;
	return (uint32_t)((struct dag_task *)info.user - run->file->tasks);
}

static bool keep_try(struct dag_run *run, const struct dag_try *try)
{
	if (run->try_count == run->try_room) {
		size_t room = run->try_room * 2 + 64;
		struct dag_try *more = realloc(run->tries, room * sizeof(*more));

		if (!more)
			return false;
		run->tries = more;
		run->try_room = room;
	}
	run->tries[run->try_count++] = *try;
	return true;
}

void dag_run_cancel(struct dag_run *run, bool is_at_once, uint64_t now_ns)
{
	struct nw_dag_info info;

	if (is_at_once) {
		nw_dag_cancel_all(run->dag, now_ns);
		return;
	}
	for (uint32_t i = 0; i < run->file->task_count; i++)
		if (nw_dag_info(run->dag, run->ids[i], &info) == 0 &&
		    (info.state == NW_DAG_PENDING || info.state == NW_DAG_READY))
			(void)nw_dag_cancel(run->dag, run->ids[i], now_ns);
}

void dag_run_ended(struct dag_run *run, const struct dag_try *try, int status)
{
	struct dag_result *result = &run->results[try->task_idx];
	struct nw_dag_info info = { .state = NW_DAG_FAILED };

	if (!keep_try(run, try) && !run->is_broken) {
		run->is_broken = true;
		(void)app_failed(DAG_NAME, "no memory for the report; what runs is ended");
	}
	result->status = status;
	result->attempt = try->attempt;
	result->node_pos = try->node_pos;
	result->start_ns = try->start_ns;
	result->end_ns = try->end_ns;
	if (run->journal)
		dag_journal_end(run, try, try->is_ok, status);
	/* Before its end is told, so that nothing that waits for it still finds the capability. */
	if (try->is_ok)
		revoke_after(run, &run->file->tasks[try->task_idx]);
	/* It was started and not ended: neither can be refused. */
	if (nw_dag_ended(run->dag, run->ids[try->task_idx], try->is_ok, try->end_ns) < 0 ||
	    nw_dag_info(run->dag, run->ids[try->task_idx], &info) < 0)
		return;
	dag_segment_ended(run, try, &info);
	dag_progress_ended(run, try, &info);
	if (info.state != NW_DAG_FAILED)
		return;
	if (run->options->is_fail_fast && !run->has_failed)
		dag_run_cancel(run, false, try->end_ns);
	run->has_failed = true;
}

static void begin_task(struct dag_run *run, const struct dag_engine *engine,
		       const struct nw_dag_step *step)
{
	uint32_t task_idx = task_idx_of(run, step->task);

	if (run->journal)
		dag_journal_start(run, task_idx);
	dag_segment_started(run, task_idx, step);
	if (!engine->start(run, task_idx, step)) {
		struct dag_try try = { .task_idx = task_idx,
				       .attempt = step->attempt,
				       .node_pos = step->node_idx,
				       .start_ns = engine->now(run),
				       .end_ns = engine->now(run) };

		dag_run_ended(run, &try, 127 << 8); /* as a shell that finds no command */
	}
}

static void wait(struct dag_run *run, const struct dag_engine *engine, uint64_t until_ns)
{
	uint64_t again_ns = run->stats ? dag_segment_write(run, engine->now(run)) : UINT64_MAX;

	engine->wait(run, until_ns < again_ns ? until_ns : again_ns);
}

static void loop(struct dag_run *run, const struct dag_engine *engine)
{
	struct nw_dag_step step;
	bool is_cancelled = false;

	run->begin_ns = engine->now(run);
	for (;;) {
		if (run->is_broken && !is_cancelled) {
			is_cancelled = true;
			dag_run_cancel(run, true, engine->now(run));
		}
		nw_dag_next(run->dag, engine->now(run), &step);
		if (step.kind == NW_DAG_DONE)
			break;
		if (step.kind == NW_DAG_START)
			begin_task(run, engine, &step);
		else if (step.kind == NW_DAG_STOP)
			engine->stop(run, task_idx_of(run, step.task), &step);
		else
			wait(run, engine, step.until_ns);
		if (run->journal && step.kind == NW_DAG_WAIT)
			dag_journal_sync(run);
	}
	run->end_ns = engine->now(run);
}

/* What struct nw_dag knows and the engines do not: who was cancelled, and why. */
static void take_results(struct dag_run *run)
{
	for (uint32_t i = 0; i < run->file->task_count; i++) {
		struct dag_result *result = &run->results[i];
		struct nw_dag_info info;

		if (nw_dag_info(run->dag, run->ids[i], &info) < 0)
			continue;
		result->state = info.state;
		result->reason = info.reason;
		result->cause_idx = info.cause.value != 0 ? (int64_t)task_idx_of(run, info.cause)
							  : DAG_NONE;
	}
}

/* ---- set-up and end ---- */

static int check_commands(const struct dag_run *run)
{
	bool is_own = strcmp(run->file->form, "nodewise") == 0;

	for (uint32_t i = 0; i < run->file->task_count && !run->is_pretended; i++) {
		const struct dag_task *task = &run->file->tasks[i];

		if (!task->command)
			return app_bad(DAG_NAME,
				       "%s:%u: task '%s' has no command; %s--simulate "
				       "or --dry-run needs none",
				       run->file->path, (unsigned)task->line, task->id,
				       is_own ? "add 'run'; " : "");
	}
	return APP_OK;
}

static int make_arrays(struct dag_run *run)
{
	size_t count = run->file->task_count;

	run->ids = calloc(count, sizeof(*run->ids));
	run->cost_ns = calloc(count, sizeof(*run->cost_ns));
	run->is_known = calloc(count, sizeof(*run->is_known));
	run->results = calloc(count, sizeof(*run->results));
	if (!run->ids || !run->cost_ns || !run->is_known || !run->results)
		return app_failed(DAG_NAME, "no memory");
	for (size_t i = 0; i < count; i++) {
		run->results[i].cause_idx = DAG_NONE;
		run->results[i].node_pos = DAG_NONE;
		run->cost_ns[i] = run->file->tasks[i].duration_ns;
		run->is_known[i] = run->file->tasks[i].has_duration;
	}
	return APP_OK;
}

/* Durations that neither the file nor an earlier run tells. */
static void assume_durations(struct dag_run *run)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < run->file->task_count; i++) {
		if (run->is_known[i])
			continue;
		run->cost_ns[i] = ASSUMED_NS;
		count += !run->results[i].was_done;
	}
	if (count > 0 && run->is_pretended)
		app_note(DAG_NAME,
			 "no duration is known of %u task%s: 1 s is assumed; a first run, or "
			 "'duration', tells",
			 (unsigned)count, count == 1 ? "" : "s");
}

static int set_up(struct dag_run *run)
{
	const struct dag_options *options = run->options;
	int code = dag_file_select(run->file, options->targets, options->target_count);

	if (code == APP_OK)
		code = check_commands(run);
	if (code == APP_OK)
		code = app_open_topo(DAG_NAME, options->topology, options->simulate_nodes,
				     &run->topo);
	if (code == APP_OK)
		code = choose_nodes(run);
	if (code == APP_OK)
		code = measure_nodes(run);
	if (code == APP_OK)
		code = make_arrays(run);
	if (code == APP_OK && !run->is_pretended)
		code = dag_journal_open(run);
	else if (code == APP_OK)
		dag_journal_peek(run);
	if (code != APP_OK)
		return code;
	assume_durations(run);
	code = make_caps(run);
	if (code == APP_OK)
		code = make_dag(run);
	if (code == APP_OK)
		code = add_tasks(run);
	if (code == APP_OK)
		code = run->is_pretended ? dag_pretend_open(run) : dag_children_open(run);
	return code;
}

static void tear_down(struct dag_run *run)
{
	struct nw_rcu *rcu = run->thread ? nw_rcu_domain_of(run->thread) : NULL;

	if (run->is_pretended)
		dag_pretend_close(run);
	else
		dag_children_close(run);
	dag_journal_close(run);
	nw_dag_destroy(run->dag);
	if (run->thread)
		nw_rcu_unregister(run->thread);
	nw_rcu_destroy(rcu);
	nw_caps_destroy(run->caps);
	nw_topo_close(run->topo);
	free(run->cap_handles);
	free(run->node_idxs);
	free(run->capacity);
	free(run->ids);
	free(run->cost_ns);
	free(run->is_known);
	free(run->results);
	free(run->tries);
}

static int report(const struct dag_run *run)
{
	const struct dag_options *options = run->options;
	int code = APP_OK, its;

	if (options->is_json)
		code = dag_report_json(run);
	else if (dag_is_stdout(options->dot) || dag_is_stdout(options->trace))
		code = APP_OK; /* the picture alone: another program reads it */
	else if (options->is_dry_run)
		code = dag_plan_text(run);
	else
		code = dag_report_text(run);
	its = options->dot ? dag_write_dot(run, options->dot) : APP_OK;
	if (code == APP_OK)
		code = its;
	its = options->trace ? dag_write_trace(run, options->trace) : APP_OK;
	return code == APP_OK ? its : code;
}

static int exit_code(const struct dag_run *run)
{
	if (run->is_broken)
		return APP_FAILED;
	if (run->signal_number != 0)
		return DAG_INTERRUPTED + run->signal_number;
	for (uint32_t i = 0; i < run->file->task_count; i++)
		if (run->results[i].state != NW_DAG_COMPLETED)
			return DAG_TASKS_FAILED;
	return APP_OK;
}

int dag_run(const struct dag_options *options)
{
	struct dag_file file;
	struct dag_run run = { .options = options,
			       .file = &file,
			       .is_pretended = options->is_dry_run || options->is_simulate };
	int code = dag_file_read(&file, options->path), said;

	if (code != APP_OK)
		return code;
	code = set_up(&run);
	if (code == APP_OK) {
		dag_progress_open(&run);
		dag_segment_open(&run);
		loop(&run, run.is_pretended ? &dag_pretend : &dag_children);
		dag_segment_close(&run);
		dag_progress_clear();
		take_results(&run);
		said = report(&run);
		code = exit_code(&run);
		code = code == APP_OK ? said : code;
	}
	tear_down(&run);
	dag_file_free(&file);
	return code;
}
