/* SPDX-License-Identifier: MIT */
/*
 * What was read, as an object. Invariant: numbers are those of the file, unrounded; what is not
 * known is null.
 */
#include "top/top.h"

#include <string.h>

static json_t *number(uint64_t n)
{
	/* JSON has no unsigned 64-bit numbers: "none", as columns have it, is null. */
	return n > INT64_MAX ? json_null() : json_integer((json_int_t)n);
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value); /* no memory: the object stays without */
}

static json_t *id(int value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *row_json(const struct top_program *program, const struct top_table *table,
			uint32_t row_idx)
{
	json_t *row = json_object(), *values = json_object(), *rates = json_object();

	for (uint32_t i = 0; i < table->column_count; i++) {
		set(values, table->columns[i].name, number(top_value(table, row_idx, (int)i)));
		if (table->columns[i].kind == NW_STATS_COUNTER)
			set(rates, table->columns[i].name,
			    program->has_rates ? json_real(top_rate_of(table, row_idx, (int)i))
					       : json_null());
	}
	set(row, "label", app_json_text(table->rows[row_idx].label));
	set(row, "node", id(table->rows[row_idx].node_id));
	set(row, "cpu", id(table->rows[row_idx].cpu_id));
	set(row, "values", values);
	set(row, "per_s", rates);
	return row;
}

static json_t *tables_json(const struct top_program *program)
{
	json_t *tables = json_object();

	for (uint32_t t = 0; t < program->table_count; t++) {
		const struct top_table *table = &program->tables[t];
		json_t *rows = json_array();

		for (uint32_t r = 0; r < table->row_count; r++)
			if (!top_is_unused(table, r))
				(void)json_array_append_new(rows, row_json(program, table, r));
		set(tables, table->name, rows);
	}
	return tables;
}

static json_t *texts_json(const struct top_program *program)
{
	json_t *texts = json_object();

	for (uint32_t i = 0; i < program->text_count; i++)
		set(texts, program->texts[i].name, app_json_text(program->texts[i].text));
	return texts;
}

static json_t *notes_json(const struct top_program *program)
{
	json_t *notes = json_array();

	for (uint32_t i = 0; i < program->note_count; i++)
		(void)json_array_append_new(
			notes, json_pack("{s:o, s:o}", "time",
					 json_real((double)program->notes[i].wall_ns / 1e9), "text",
					 app_json_text(program->notes[i].text)));
	return notes;
}

static json_t *threads_json(const struct top_program *program)
{
	json_t *threads = json_array();

	for (uint32_t i = 0; i < program->thread_count; i++) {
		const struct top_thread *thread = &program->threads[i];

		(void)json_array_append_new(
			threads,
			json_pack("{s:i, s:o, s:i, s:o}", "id", (int)thread->tid, "name",
				  app_json_text(thread->name), "cpu", thread->cpu_id, "load",
				  program->has_rates ? json_real(thread->load) : json_null()));
	}
	return threads;
}

static json_t *memory_json(const struct top_memory *memory)
{
	json_t *nodes = json_object();
	char text[160], name[16];

	for (uint32_t i = 0; i < TOP_NODES_MAX; i++) {
		if (memory->bytes[i] == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%u", (unsigned)i);
		set(nodes, name, number(memory->bytes[i]));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "nodes", nodes, "bytes",
			 number(memory->total_bytes), "bound_bytes", number(memory->bound_bytes),
			 "misplaced_bytes", number(memory->misplaced_bytes), "is_good",
			 memory->error ? json_null() : json_boolean(top_verdict_is_good(memory)),
			 "verdict", top_verdict(memory, text, sizeof(text)));
}

static json_t *pair_json(bool is_there, uint64_t near, uint64_t far, const char *near_name,
			 const char *far_name)
{
	if (!is_there)
		return json_null();
	return json_pack("{s:o, s:o, s:f}", near_name, number(near), far_name, number(far), "share",
			 near + far ? (double)near / (double)(near + far) : 1.0);
}

static json_t *locality_json(const struct top_program *program)
{
	struct top_locality sum = top_locality_of(program);

	return json_pack(
		"{s:o, s:o, s:o, s:o}", "checks",
		pair_json(sum.has_checks, sum.local, sum.remote, "local", "remote"), "steals",
		pair_json(sum.has_steals, sum.same_node, sum.cross_node, "same_node", "cross_node"),
		"tries",
		pair_json(sum.has_preferred, sum.preferred, sum.elsewhere, "preferred",
			  "elsewhere"),
		"handed_over", sum.has_handed ? number(sum.handed) : json_null());
}

/* Seconds that are left, where the program is one of which that can be said. */
static json_t *left_json(const struct top_program *program)
{
	const struct top_table *search = top_table_named(program, "search");
	double left_s = -1;

	if (strcmp(program->name, "check") == 0 && search)
		left_s = top_check_left_s(search);
	else if (strcmp(program->name, "scan") == 0)
		left_s = top_scan_left_s(top_table_named(program, "workers"));
	return left_s < 0 ? json_null() : json_real(left_s);
}

static json_t *program_json(const struct top_program *program)
{
	json_t *object = json_object();

	set(object, "program", json_string(program->name));
	set(object, "pid", json_integer(program->pid));
	set(object, "path", app_json_text(program->path));
	set(object, "started", json_real((double)program->started_wall_ns / 1e9));
	set(object, "seconds",
	    json_real((double)program->read_wall_ns / 1e9 -
		      (double)program->started_wall_ns / 1e9));
	set(object, "left_s", left_json(program));
	set(object, "load", program->has_rates ? json_real(program->load) : json_null());
	set(object, "texts", texts_json(program));
	set(object, "locality", locality_json(program));
	set(object, "memory", memory_json(&program->memory));
	set(object, "threads", threads_json(program));
	set(object, "tables", tables_json(program));
	set(object, "log", notes_json(program));
	return object;
}

static json_t *machine_json(const struct nw_topo *topo)
{
	json_t *nodes = json_array();

	for (uint32_t i = 0; topo && i < nw_topo_node_count(topo); i++) {
		const struct nw_topo_node *node = nw_topo_node_at(topo, i);
		json_t *cpus = json_array();
		uint32_t count;
		const uint32_t *its = nw_topo_node_cpus(topo, i, &count);

		for (uint32_t k = 0; k < count; k++)
			(void)json_array_append_new(
				cpus, json_integer(nw_topo_cpu_at(topo, its[k])->cpu.id));
		(void)json_array_append_new(
			nodes, json_pack("{s:i, s:o, s:o}", "node", (int)node->node.id, "memory",
					 number(node->memory_bytes), "cpus", cpus));
	}
	return nodes;
}

json_t *top_json(const struct top_model *model, const struct top_program *only)
{
	json_t *programs = json_array(), *leftovers = json_array();

	for (uint32_t i = 0; i < model->program_count; i++)
		if (!only || only == &model->programs[i])
			(void)json_array_append_new(programs, program_json(&model->programs[i]));
	for (uint32_t i = 0; i < model->leftover_count; i++) {
		const struct top_leftover *leftover = &model->leftovers[i];

		(void)json_array_append_new(
			leftovers,
			json_pack("{s:o, s:o, s:s, s:s}", "path", app_json_text(leftover->path),
				  "pid", id(leftover->pid ? leftover->pid : -1), "program",
				  leftover->name, "why", leftover->error ? "unreadable" : "stale"));
	}
	return json_pack("{s:o, s:o, s:o}", "machine", machine_json(model->topo), "programs",
			 programs, "leftovers", leftovers);
}
