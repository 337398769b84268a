/* SPDX-License-Identifier: MIT */
/*
 * The report of `nodewise check --json`: exactly one object, for programs.
 *
 * Invariant: counts are integers, times are in seconds, sizes in bytes, and every key is there on
 * every run, null or empty where it does not apply. jansson's setters take their value even when
 * they fail and refuse NULL, so lack of memory anywhere shows as an object that is not whole, which
 * is then not printed.
 */
#include "check/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The object under construction, and whether all that was put into it went in. */
struct object {
	json_t *json;
	bool is_whole;
};

static void put(struct object *object, const char *key, json_t *value)
{
	if (json_object_set_new(object->json, key, value) < 0)
		object->is_whole = false;
}

static void put_count(struct object *object, const char *key, uint64_t value)
{
	put(object, key, json_integer((json_int_t)value));
}

/* A model may print what is not UTF-8, which JSON cannot hold: such bytes become '?'. */
static json_t *text_of(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();
	char *plain;

	if (json)
		return json;
	plain = strdup(text);
	for (char *p = plain; p && *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	json = plain ? json_string(plain) : NULL;
	free(plain);
	return json;
}

static const char *result_of(enum nw_explore_end end)
{
	switch (end) {
	case NW_EXPLORE_DONE:
		return "ok";
	case NW_EXPLORE_VIOLATION:
		return "violation";
	case NW_EXPLORE_DEADLOCK:
		return "deadlock";
	case NW_EXPLORE_STOPPED:
		return "stopped";
	case NW_EXPLORE_NO_MEMORY:
	case NW_EXPLORE_TOO_DEEP:
		return "incomplete";
	case NW_EXPLORE_ERROR:
	case NW_EXPLORE_MODEL_FAULT:
		break;
	}
	return "error";
}

static const char *reason_of(const struct nw_explore_report *report)
{
	switch (report->end) {
	case NW_EXPLORE_NO_MEMORY:
		return "memory";
	case NW_EXPLORE_TOO_DEEP:
		return "depth";
	case NW_EXPLORE_STOPPED:
		return "interrupt";
	case NW_EXPLORE_ERROR:
		return report->invariant;
	case NW_EXPLORE_MODEL_FAULT:
		return report->fault_text;
	default:
		return NULL;
	}
}

/* The same words for a specification, which can come out in more ways. */
static const char *result_of_spec(const struct check_result *result, enum nw_explore_end end)
{
	switch (result->verdict) {
	case CHECK_HOLDS:
	case CHECK_NOTHING:
		return "ok";
	case CHECK_ASSUMPTION_FALSE:
		return "assumption";
	case CHECK_POSTCONDITION_FALSE:
		return "postcondition";
	case CHECK_NO_SUCCESSOR:
		return "deadlock";
	case CHECK_INVARIANT_FALSE:
	case CHECK_ACTION_FALSE:
	case CHECK_INITIAL_FALSE:
		return "violation";
	case CHECK_INCOMPLETE:
		return end == NW_EXPLORE_STOPPED ? "stopped" : "incomplete";
	case CHECK_CANNOT_EVALUATE:
	case CHECK_BROKEN:
		break;
	}
	return "error";
}

static void put_counts(struct object *object, const struct nw_explore_counts *counts)
{
	put_count(object, "generated", counts->generated);
	put_count(object, "distinct", counts->distinct);
	put_count(object, "checks", counts->checks);
	put_count(object, "local_checks", counts->local_checks);
	put_count(object, "expanded", counts->expanded);
	put_count(object, "shared", counts->shared);
	put_count(object, "batches_sent", counts->batches_sent);
	put_count(object, "queue", counts->queue);
}

/* Appends a part to a list of the whole. */
static void append(struct object *whole, json_t *list, const struct object *part)
{
	if (json_array_append_new(list, part->json) < 0 || !part->is_whole)
		whole->is_whole = false;
}

static void put_nodes(struct object *object, const struct check *check, uint32_t worker_count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; worker_count && i < nw_topo_node_count(check->topo); i++) {
		struct object part = { json_object(), true };
		struct nw_explore_counts counts;
		uint32_t found = check_node_counts(check, worker_count, i, &counts);

		if (!found) {
			json_decref(part.json);
			continue;
		}
		put(&part, "node", json_integer(nw_topo_node_at(check->topo, i)->node.id));
		put_count(&part, "workers", found);
		put_counts(&part, &counts);
		append(object, list, &part);
	}
	put(object, "per_node", list);
}

static void put_workers(struct object *object, const struct check *check, uint32_t worker_count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < worker_count; i++) {
		struct object part = { json_object(), true };
		struct nw_explore_counts counts;
		uint32_t node_idx;
		nw_cpu cpu;

		nw_explore_worker_counts(check->explore, i, &counts, &node_idx, &cpu);
		put_count(&part, "worker", i);
		put(&part, "node", json_integer(nw_topo_node_at(check->topo, node_idx)->node.id));
		put(&part, "cpu", json_integer(cpu.id));
		put_counts(&part, &counts);
		append(object, list, &part);
	}
	put(object, "per_worker", list);
}

static int put_levels(struct object *object, const struct check *check)
{
	json_t *list = json_array();
	uint64_t *levels;
	uint32_t count;
	int code = check_levels(check, &levels, &count);

	if (code != APP_OK) {
		json_decref(list);
		return code;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (json_array_append_new(list, json_integer((json_int_t)levels[i])) < 0)
			object->is_whole = false;
	}
	free(levels);
	put(object, "levels", list);
	return APP_OK;
}

/* Of a native model: the states as texts. */
static json_t *steps_json(struct object *object, const struct check *check,
			  const struct nw_explore_step *steps, size_t count)
{
	struct check_printer *printer = count ? check_printer_open(check) : NULL;
	json_t *list = json_array();

	object->is_whole &= !count || printer;
	for (size_t i = 0; printer && i < count; i++) {
		struct object part = { json_object(), true };

		put(&part, "state", text_of(check_printer_text(printer, &steps[i])));
		put(&part, "action", text_of(steps[i].action));
		append(object, list, &part);
	}
	if (printer)
		check_printer_close(printer);
	return list;
}

/* An empty list when there is no trace to show. */
static void put_trace(struct object *object, const struct check *check, bool is_faulty)
{
	const struct nw_explore_step *steps = NULL;
	size_t count = 0;
	int rc = 0;

	if (check->spec) {
		put(object, "trace",
		    check->explore || check->walk ? check_trace_json(check->spec, check)
						  : json_array());
		return;
	}
	if (is_faulty)
		rc = check_steps(check, &steps, &count);
	if (rc < 0)
		(void)app_failed(CHECK_NAME, "no trace: %s", check_no_trace(rc));
	put(object, "trace", steps_json(object, check, steps, count));
}

static bool has_fault(const struct nw_explore_report *report)
{
	return report->end == NW_EXPLORE_VIOLATION || report->end == NW_EXPLORE_DEADLOCK ||
	       report->end == NW_EXPLORE_ERROR;
}

json_t *check_violation_json(const struct check *check,
			     const struct nw_explore_violation *violation)
{
	struct check one = check_told(check, violation);
	struct object part = { json_object(), true };

	put(&part, "name", text_of(violation->name));
	put_trace(&part, &one, true);
	if (part.is_whole)
		return part.json;
	json_decref(part.json);
	return NULL;
}

/* Those that the search went on after. */
static void put_violations(struct object *object, const struct check *check,
			   const struct nw_explore_report *report)
{
	struct nw_explore_violation violation;
	json_t *list = json_array();

	if (check->walk && check->walks.list)
		(void)json_array_extend(list, check->walks.list);
	for (uint64_t i = 0; check->explore && i < report->violation_count &&
			     nw_explore_violation_at(check->explore, i, &violation) == 0;
	     i++)
		if (json_array_append_new(list, check_violation_json(check, &violation)) < 0)
			object->is_whole = false;
	put(object, "violations", list);
}

static void put_parameters(struct object *object, const struct check_options *options)
{
	struct object part = { json_object(), true };

	for (size_t i = 0; i < options->parameter_count; i++)
		put(&part, options->names[i], text_of(options->values[i]));
	object->is_whole &= part.is_whole;
	put(object, "parameters", part.json);
}

static void put_places(struct object *object, const struct check_spec *spec,
		       const struct check_result *result)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	uint32_t count = result->error ? result->error->at_count : 0;
	json_t *list = json_array();

	for (uint32_t i = count; i-- > 0;) {
		struct tla_place from = tla_place_of(sources, result->error->at[i].begin);
		struct tla_place to = tla_place_last(sources, result->error->at[i]);
		struct object part = { json_object(), true };

		put(&part, "file", text_of(from.file ? from.file->path : NULL));
		put_count(&part, "line", from.line);
		put_count(&part, "column", from.column);
		put_count(&part, "end_line", to.line);
		put_count(&part, "end_column", to.column);
		append(object, list, &part);
	}
	put(object, "places", list);
}

static void put_left_out(struct object *object, const struct check_spec *spec)
{
	const struct tla_formulas *temporal = &spec->model->temporal;
	json_t *list = json_array();

	for (uint32_t i = 0; i < temporal->count; i++)
		if (json_array_append_new(list, text_of(check_name(spec, temporal->at[i].name))))
			object->is_whole = false;
	put(object, "not_checked", list);
}

static void put_specification(struct object *object, const struct check *check,
			      const struct check_result *result)
{
	struct object part = { json_object(), true };
	uint64_t stored_count = 0, stored_bytes = 0;

	put(&part, "file", text_of(check->options->spec));
	put(&part, "config", text_of(check->spec->config_path));
	put(&part, "message", text_of(result->sentence));
	put(&part, "name", text_of(result->name));
	put(&part, "exit", json_integer(result->code));
	put_places(&part, check->spec, result);
	put(&part, "coverage", check_coverage_json(check->spec));
	put_left_out(&part, check->spec);
	if (check->spec->has_search)
		tla_search_stored(&check->spec->search, &stored_count, &stored_bytes);
	put_count(&part, "stored_values", stored_count);
	put_count(&part, "stored_bytes", stored_bytes);
	object->is_whole &= part.is_whole;
	put(object, "specification", part.json);
}

static void put_result(struct object *object, const struct check *check,
		       const struct nw_explore_report *report, const struct check_result *result)
{
	bool is_invariant = !result || result->verdict == CHECK_INVARIANT_FALSE;

	if (result)
		put_specification(object, check, result);
	else
		put(object, "specification", json_null());
	if (report->violation_count > 0 && report->end == NW_EXPLORE_DONE)
		put(object, "result", json_string("violation"));
	else
		put(object, "result",
		    json_string(result ? result_of_spec(result, report->end)
				       : result_of(report->end)));
	put(object, "reason",
	    text_of(check->spec && check->spec->is_out_of_memory ? "memory"
		    : check->spec && atomic_load(&check->spec->has_exit) &&
				    report->end == NW_EXPLORE_STOPPED
			    ? "exit"
			    : reason_of(report)));
	put(object, "invariant", is_invariant ? text_of(report->invariant) : json_null());
}

static void put_totals(struct object *object, const struct check *check,
		       const struct nw_explore_report *report)
{
	const struct nw_explore_options *options = &check->options->explore;

	put(object, "model", text_of(check->spec ? NULL : check->model.model->name));
	put_parameters(object, check->options);
	put_counts(object, &report->total);
	put_count(object, "depth", report->depth);
	put(object, "seconds", json_real(report->seconds));
	put(object, "bytes_per_state", json_real(report->bytes_per_state));
	put_count(object, "memory_bytes", report->memory_bytes_peak);
	put_count(object, "slots", report->slot_count);
	put_count(object, "set_bytes", report->set_bytes);
	put_count(object, "workers", report->worker_count);
	put_count(object, "nodes", report->node_count);
	put(object, "route", json_string(nw_explore_route_name(options->route)));
	put(object, "owner", json_string(options->owner == NW_OWNER_NODE ? "node" : "worker"));
	put(object, "simulated", json_boolean(report->is_simulated));
	put(object, "exact", json_boolean(report->is_exact));
	put(object, "collision_expected", json_real(report->collision_expected));
	put(object, "collision_actual", json_real(report->collision_actual));
	put_count(object, "unbound", report->unbound_count);
	put_count(object, "unpinned", report->unpinned_count);
}

int check_report_json(const struct check *check, const struct nw_explore_report *report,
		      const struct check_result *result)
{
	struct object object = { json_object(), true };
	int code;

	put_totals(&object, check, report);
	put_result(&object, check, report, result);
	code = put_levels(&object, check);
	put(&object, "out_degree", check_degree_json(check, report));
	put_nodes(&object, check, check->explore ? report->worker_count : 0);
	put_workers(&object, check, check->explore ? report->worker_count : 0);
	put(&object, "simulation", check_walks_json(check));
	put_trace(&object, check, has_fault(report));
	put_violations(&object, check, report);
	put(&object, "checkpoint", check_checkpoint_json(check, report));
	put_count(&object, "recovered", report->recovered_count);
	if (code == APP_OK && !object.is_whole)
		code = app_failed(CHECK_NAME, "no memory for the JSON report");
	if (code == APP_OK)
		return app_print_json(CHECK_NAME, object.json);
	json_decref(object.json);
	return code;
}
