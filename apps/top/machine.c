/* SPDX-License-Identifier: MIT */
/*
 * The machine as it is laid out: nodes, their cores, the program's workers on them.
 *
 * Invariant: a CPU's load is that of this program's threads that ran there last; a worker that
 * names no CPU of this machine is shown below its node, or at the end, never left out.
 */
#include "top/top.h"

#include <string.h>

enum { LOAD_AT = 17, LOAD_WIDTH = 12, WORKER_AT = 36 };

struct machine {
	const struct top_area *area;
	const struct top_model *model;
	const struct top_program *program;
	const struct top_table *workers; /* NULL: none */
	struct top_roles roles;
	struct top_view *view;
	int line;
};

/* A row of its own; -1: not in sight. */
static int next_row(struct machine *machine)
{
	return top_row_in(machine->area, machine->view, machine->line++);
}

static double load_of(const struct top_program *program, int cpu_id)
{
	double load = 0;

	for (uint32_t i = 0; i < program->thread_count; i++)
		if (program->threads[i].cpu_id == cpu_id)
			load += program->threads[i].load;
	return load > 1 ? 1 : load;
}

static enum top_style level_style(uint64_t level)
{
	return level == 0 ? TOP_GOOD : level < 3 ? TOP_WARN : TOP_BAD;
}

/* "worker 3" of "worker 3, CPU 5, node 1". */
static void short_label(const char *label, char *buf, size_t buf_bytes)
{
	(void)snprintf(buf, buf_bytes, "%.*s", (int)strcspn(label, ","), label);
}

static void put_worker(const struct machine *machine, int row, uint32_t worker_idx)
{
	const struct top_table *workers = machine->workers;
	struct top_frame *frame = machine->area->frame;
	char name[NW_STATS_LABEL_BYTES], number[32], level[32];
	int at = WORKER_AT;

	short_label(workers->rows[worker_idx].label, name, sizeof(name));
	at = top_put_width(frame, row, at, 11, TOP_BOLD, name);
	at = top_put(frame, row, at, TOP_PLAIN, "%9s/s",
		     top_short(top_rate_of(workers, worker_idx, machine->roles.rate), number,
			       sizeof(number)));
	if (machine->roles.queue >= 0)
		at = top_put(frame, row, at, TOP_PLAIN, "  queue %-8s",
			     top_short((double)top_value(workers, worker_idx, machine->roles.queue),
				       number, sizeof(number)));
	if (machine->roles.level >= 0)
		(void)top_put(frame, row, at + 1,
			      level_style(top_value(workers, worker_idx, machine->roles.level)),
			      "%s",
			      top_value_text(workers, worker_idx, (uint32_t)machine->roles.level,
					     level, sizeof(level)));
}

/* A CPU, with its worker beside it; more of them below. */
static void put_cpu(struct machine *machine, const struct nw_topo_cpu *cpu)
{
	double load = load_of(machine->program, cpu->cpu.id);
	int row = next_row(machine);
	bool is_first = true;

	if (row >= 0) {
		(void)top_put(machine->area->frame, row, 2, cpu->smt_idx == 0 ? TOP_PLAIN : TOP_DIM,
			      "core %-3u CPU %-3d", (unsigned)cpu->core_idx, (int)cpu->cpu.id);
		top_put_bar(machine->area->frame, row, LOAD_AT + 1, LOAD_WIDTH,
			    load > 0.05 ? TOP_GOOD : TOP_DIM, load);
		(void)top_put(machine->area->frame, row, LOAD_AT + LOAD_WIDTH + 1, TOP_PLAIN,
			      "%4.0f%%", load * 100);
	}
	for (uint32_t i = 0; machine->workers && i < machine->workers->row_count; i++) {
		if (machine->workers->rows[i].cpu_id != cpu->cpu.id)
			continue;
		if (!is_first)
			row = next_row(machine);
		is_first = false;
		if (row >= 0)
			put_worker(machine, row, i);
	}
}

static void put_node_title(struct machine *machine, const struct nw_topo_node *node)
{
	const struct top_memory *memory = &machine->program->memory;
	uint64_t its = node->node.id >= 0 && node->node.id < TOP_NODES_MAX
			       ? memory->bytes[node->node.id]
			       : 0;
	char has[32], uses[32];
	int row = next_row(machine);

	if (row >= 0)
		(void)top_put(machine->area->frame, row, 0, TOP_BOLD,
			      "node %d  %s, %u core%s, %u CPU%s; %s has %s here",
			      (int)node->node.id,
			      app_format_bytes(node->memory_bytes, has, sizeof(has)),
			      (unsigned)node->core_count, node->core_count == 1 ? "" : "s",
			      (unsigned)node->cpu_count, node->cpu_count == 1 ? "" : "s",
			      machine->program->name,
			      memory->error ? "unknown memory"
					    : app_format_bytes(its, uses, sizeof(uses)));
}

/* Where a worker is shown: at its CPU, below the title of its node, or, where neither is of this
 * machine, at the end. */
enum place { AT_CPU, AT_NODE, AT_END };

static enum place place_of(const struct machine *machine, uint32_t worker_idx)
{
	const struct top_row *worker = &machine->workers->rows[worker_idx];
	const struct nw_topo *topo = machine->model->topo;

	for (uint32_t c = 0; topo && c < nw_topo_cpu_count(topo); c++)
		if (nw_topo_cpu_at(topo, c)->cpu.id == worker->cpu_id)
			return AT_CPU;
	if (topo && worker->cpu_id == TOP_CPU_NONE && worker->node_id >= 0 &&
	    nw_topo_node_idx(topo, (nw_node){ (int16_t)worker->node_id }) >= 0)
		return AT_NODE;
	return AT_END;
}

static void put_other(struct machine *machine, uint32_t worker_idx)
{
	int row = next_row(machine);

	if (row < 0)
		return;
	(void)top_put_width(machine->area->frame, row, 2, WORKER_AT - 3, TOP_DIM,
			    machine->workers->rows[worker_idx].label);
	put_worker(machine, row, worker_idx);
}

static void put_at_end(struct machine *machine)
{
	bool has_title = false;

	for (uint32_t i = 0; machine->workers && i < machine->workers->row_count; i++) {
		if (place_of(machine, i) != AT_END)
			continue;
		if (!has_title) {
			int row = next_row(machine);

			if (row >= 0)
				(void)top_put(machine->area->frame, row, 0, TOP_BOLD,
					      "on no CPU of their own");
		}
		has_title = true;
		put_other(machine, i);
	}
}

static void put_node(struct machine *machine, uint32_t node_idx)
{
	const struct nw_topo *topo = machine->model->topo;
	const struct nw_topo_node *node = nw_topo_node_at(topo, node_idx);
	uint32_t count;
	const uint32_t *cpus = nw_topo_node_cpus(topo, node_idx, &count);

	put_node_title(machine, node);
	for (uint32_t i = 0; machine->workers && i < machine->workers->row_count; i++)
		if (place_of(machine, i) == AT_NODE &&
		    machine->workers->rows[i].node_id == node->node.id)
			put_other(machine, i);
	for (uint32_t i = 0; i < count; i++)
		put_cpu(machine, nw_topo_cpu_at(topo, cpus[i]));
}

void top_draw_machine(const struct top_area *area, const struct top_model *model,
		      const struct top_program *program, struct top_view *view)
{
	struct machine machine = { .area = area,
				   .model = model,
				   .program = program,
				   .workers = top_workers(program),
				   .view = view };

	if (machine.workers)
		machine.roles = top_roles_of(machine.workers);
	for (uint32_t i = 0; model->topo && i < nw_topo_node_count(model->topo); i++)
		put_node(&machine, i);
	put_at_end(&machine);
	top_lines_were(area, view, machine.line);
}
