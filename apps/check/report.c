/* SPDX-License-Identifier: MIT */
/*
 * What `nodewise check` tells people: a line every few seconds, a report, a trace.
 *
 * Invariant: figures come from struct nw_explore_report and the workers' counts and from nowhere
 * else; the text and the JSON report (json.c) are two shapes of the same figures.
 */
#include "check/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_SHOWN = 64, COUNT_TEXT = 32, BYTES_TEXT = 32 };

double check_local_percent(const struct nw_explore_counts *counts)
{
	if (counts->checks == 0)
		return 100.0;
	return 100.0 * (double)counts->local_checks / (double)counts->checks;
}

static uint64_t per_second(uint64_t count, double seconds)
{
	return seconds > 0 ? (uint64_t)((double)count / seconds) : 0;
}

/* The counts are snapshots of one worker after another, so a sum may lag behind the last one. */
static uint64_t growth(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void check_progress(const struct nw_explore *explore, struct nw_explore_report *inout_last)
{
	struct nw_explore_report now;
	char text[5][COUNT_TEXT], memory[BYTES_TEXT];
	double seconds;

	nw_explore_report(explore, &now);
	seconds = now.seconds - inout_last->seconds;
	fprintf(stderr,
		"%.0f s: %s generated (%s/s), %s distinct (%s/s), %s queued, depth %u, "
		"%.1f %% local, %s\n",
		now.seconds, app_format_count(now.total.generated, text[0], COUNT_TEXT),
		app_format_count(
			per_second(growth(now.total.generated, inout_last->total.generated),
				   seconds),
			text[1], COUNT_TEXT),
		app_format_count(now.total.distinct, text[2], COUNT_TEXT),
		app_format_count(
			per_second(growth(now.total.distinct, inout_last->total.distinct), seconds),
			text[3], COUNT_TEXT),
		app_format_count(now.total.queue, text[4], COUNT_TEXT), now.depth,
		check_local_percent(&now.total),
		app_format_bytes(now.memory_bytes, memory, sizeof(memory)));
	*inout_last = now;
}

int check_levels(const struct check *check, uint64_t **ret_levels, uint32_t *ret_count)
{
	uint32_t count = check->explore ? nw_explore_levels(check->explore, NULL, 0) : 0;
	uint64_t *levels = count ? calloc(count, sizeof(*levels)) : NULL;

	if (count && !levels)
		return app_failed(CHECK_NAME, "no memory for %u levels", (unsigned)count);
	if (count)
		(void)nw_explore_levels(check->explore, levels, count);
	*ret_levels = levels;
	*ret_count = count;
	return APP_OK;
}

static void add_counts(struct nw_explore_counts *sum, const struct nw_explore_counts *one)
{
	sum->generated += one->generated;
	sum->distinct += one->distinct;
	sum->checks += one->checks;
	sum->local_checks += one->local_checks;
	sum->expanded += one->expanded;
	sum->shared += one->shared;
	sum->batches_sent += one->batches_sent;
	sum->queue += one->queue;
}

uint32_t check_node_counts(const struct check *check, uint32_t worker_count, uint32_t node_idx,
			   struct nw_explore_counts *ret_counts)
{
	uint32_t found = 0;

	*ret_counts = (struct nw_explore_counts){ 0 };
	for (uint32_t i = 0; i < worker_count; i++) {
		struct nw_explore_counts counts;
		uint32_t its_idx;
		nw_cpu cpu;

		nw_explore_worker_counts(check->explore, i, &counts, &its_idx, &cpu);
		if (its_idx != node_idx)
			continue;
		add_counts(ret_counts, &counts);
		found++;
	}
	return found;
}

int check_steps(const struct check *check, const struct nw_explore_step **ret_steps,
		size_t *ret_step_count)
{
	if (check->told) {
		*ret_steps = check->told->steps;
		*ret_step_count = check->told->step_count;
		return 0;
	}
	return check->walk ? nw_walk_trace(check->walk, ret_steps, ret_step_count)
			   : nw_explore_trace(check->explore, ret_steps, ret_step_count);
}

static void write_models_steps(const struct check *check, const struct nw_explore_step *steps,
			       size_t step_count, FILE *out)
{
	struct check_printer *printer = check_printer_open(check);

	for (size_t i = 0; printer && i < step_count; i++)
		fprintf(out, "\\* %s\nSTATE_%zu == \n%s\n\n\n",
			steps[i].action ? steps[i].action
			: i             ? "next"
					: "initial",
			i + 1, check_printer_text(printer, &steps[i]));
	if (printer)
		check_printer_close(printer);
}

void check_steps_write(const struct check *check, const struct nw_explore_step *steps,
		       size_t step_count, FILE *out)
{
	if (check->spec)
		check_trace_write(check->spec, steps, step_count, out);
	else
		write_models_steps(check, steps, step_count, out);
}

const char *check_no_trace(int rc)
{
	return rc == -ENOENT ? "the model does not make the same successors again" : strerror(-rc);
}

struct check_printer *check_printer_open(const struct check *check)
{
	const struct nw_model *model = check->model.model;
	struct check_printer *printer = calloc(1, sizeof(*printer));

	if (!printer)
		return NULL;
	printer->model = model;
	if (model->open && model->open(&printer->context, check->model.data) < 0) {
		free(printer);
		return NULL;
	}
	return printer;
}

void check_printer_close(struct check_printer *printer)
{
	if (printer->context && printer->model->close)
		printer->model->close(printer->context);
	free(printer);
}

const char *check_printer_text(struct check_printer *printer, const struct nw_explore_step *step)
{
	printer->text[0] = '\0';
	printer->model->print(printer->context, step->state, step->n_bytes, printer->text,
			      sizeof(printer->text));
	printer->text[sizeof(printer->text) - 1] = '\0';
	return printer->text;
}

static void print_verdict(const struct check *check, const struct nw_explore_report *report)
{
	bool no_deadlock = check->options->explore.no_deadlock ||
			   (check->model.model->flags & NW_MODEL_MAY_END);

	switch (report->end) {
	case NW_EXPLORE_DONE:
		if (report->violation_count > 0)
			printf("violation: every reachable state was seen, %" PRIu64
			       " violation%s\n",
			       report->violation_count, report->violation_count == 1 ? "" : "s");
		else
			printf("ok: every reachable state was seen, no violation%s\n",
			       no_deadlock ? "" : ", no deadlock");
		break;
	case NW_EXPLORE_VIOLATION:
		printf("violation: the invariant %s does not hold\n",
		       report->invariant ? report->invariant : "of the model");
		break;
	case NW_EXPLORE_DEADLOCK:
		printf("deadlock: a state has no successor\n");
		break;
	case NW_EXPLORE_STOPPED:
		printf("stopped: the search is incomplete\n");
		break;
	case NW_EXPLORE_NO_MEMORY:
		printf("out of memory: the search is incomplete\n");
		break;
	case NW_EXPLORE_TOO_DEEP:
		printf("stopped at level %u: the search is incomplete\n",
		       (unsigned)check->options->explore.depth_max);
		break;
	case NW_EXPLORE_ERROR:
		printf("error: the model could not go on: %s\n", report->invariant);
		break;
	case NW_EXPLORE_MODEL_FAULT:
		printf("error: the model broke its contract: %s\n", report->fault_text);
		break;
	}
}

static void print_rate(const char *name, uint64_t count, double seconds)
{
	char text[2][COUNT_TEXT];

	printf("%-10s %16s   %s/s\n", name, app_format_count(count, text[0], COUNT_TEXT),
	       app_format_count(per_second(count, seconds), text[1], COUNT_TEXT));
}

static void print_totals(const struct check *check, const struct nw_explore_report *report)
{
	char text[2][COUNT_TEXT], memory[BYTES_TEXT];

	print_rate("generated", report->total.generated, report->seconds);
	print_rate("distinct", report->total.distinct, report->seconds);
	printf("%-10s %16s\n", "queue", app_format_count(report->total.queue, text[0], COUNT_TEXT));
	printf("%-10s %16u\n", "depth", (unsigned)report->depth);
	printf("%-10s %16s   %.1f %% local\n", "checks",
	       app_format_count(report->total.checks, text[0], COUNT_TEXT),
	       check_local_percent(&report->total));
	if (report->is_exact)
		printf("%-10s %16s\n", "collision", "none: exact");
	else
		printf("%-10s %16.2g   expected by n^2/2^65; %.2g from this run's counts\n",
		       "collision", report->collision_expected, report->collision_actual);
	printf("%-10s %16s   at most, %.1f bytes a state\n", "memory",
	       app_format_bytes(report->memory_bytes_peak, memory, sizeof(memory)),
	       report->bytes_per_state);
	printf("%-10s %16.3f\n", "seconds", report->seconds);
	printf("%-10s %16u   on %u node%s%s, route %s, owner %s\n", "workers",
	       (unsigned)report->worker_count, (unsigned)report->node_count,
	       report->node_count == 1 ? "" : "s", report->is_simulated ? " (simulated)" : "",
	       nw_explore_route_name(check->options->explore.route),
	       check->options->explore.owner == NW_OWNER_NODE ? "node" : "worker");
}

static int print_levels(const struct check *check)
{
	uint64_t *levels;
	uint32_t count;
	int code = check_levels(check, &levels, &count);

	if (code != APP_OK)
		return code;
	printf("levels    ");
	for (uint32_t i = 0; i < count && i < LEVELS_SHOWN; i++)
		printf(" %" PRIu64, levels[i]);
	printf("%s\n", count > LEVELS_SHOWN ? " ..." : "");
	free(levels);
	return APP_OK;
}

static void print_counts(const struct nw_explore_counts *counts)
{
	printf(" %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %7.1f %14" PRIu64 " %12" PRIu64 "\n",
	       counts->generated, counts->distinct, counts->checks, check_local_percent(counts),
	       counts->expanded, counts->shared);
}

static void print_tables(const struct check *check, const struct nw_explore_report *report)
{
	static const char columns[] =
		"      generated       distinct         checks local %       expanded       shared";
	struct nw_explore_counts counts;

	printf("\n%6s %7s %s\n", "node", "workers", columns);
	for (uint32_t i = 0; i < nw_topo_node_count(check->topo); i++) {
		uint32_t found = check_node_counts(check, report->worker_count, i, &counts);

		if (!found)
			continue;
		printf("%6d %7u ", nw_topo_node_at(check->topo, i)->node.id, (unsigned)found);
		print_counts(&counts);
	}
	printf("\n%6s %4s %3s%s\n", "worker", "node", "cpu", columns);
	for (uint32_t i = 0; i < report->worker_count; i++) {
		uint32_t node_idx;
		nw_cpu cpu;

		nw_explore_worker_counts(check->explore, i, &counts, &node_idx, &cpu);
		printf("%6u %4d %3d ", (unsigned)i, nw_topo_node_at(check->topo, node_idx)->node.id,
		       (int)cpu.id);
		print_counts(&counts);
	}
}

int check_print_trace(const struct check *check)
{
	const struct nw_explore_step *steps;
	struct check_printer *printer;
	size_t count;
	int r = check_steps(check, &steps, &count);

	if (r < 0) {
		printf("\nno trace: %s\n", check_no_trace(r));
		return APP_OK;
	}
	printer = check_printer_open(check);
	if (!printer)
		return app_failed(CHECK_NAME, "no memory to print the trace");
	if (check->options->explore.no_trace)
		printf("\nno trace: --no-trace\nthe state:\n");
	else
		printf("\n%zu state%s lead%s there:\n", count, count == 1 ? "" : "s",
		       count == 1 ? "s" : "");
	for (size_t i = 0; i < count; i++) {
		if (!check->options->explore.no_trace)
			printf("State %zu: %s\n", i + 1,
			       steps[i].action ? steps[i].action
			       : i             ? "next"
					       : "initial");
		printf("  %s\n", check_printer_text(printer, &steps[i]));
	}
	check_printer_close(printer);
	return APP_OK;
}

void check_print_model(const struct check *check)
{
	printf("model      %s", check->model.model->name);
	for (size_t i = 0; i < check->options->parameter_count; i++)
		printf(" --%s %s", check->options->names[i], check->options->values[i]);
	putchar('\n');
}

int check_report_text(const struct check *check, const struct nw_explore_report *report)
{
	int code;

	check_print_model(check);
	printf("result     ");
	print_verdict(check, report);
	print_totals(check, report);
	code = print_levels(check);
	if (code != APP_OK)
		return code;
	print_tables(check, report);
	if (report->end == NW_EXPLORE_VIOLATION || report->end == NW_EXPLORE_DEADLOCK ||
	    report->end == NW_EXPLORE_ERROR)
		code = check_print_trace(check);
	if (code == APP_OK && report->violation_count > 0)
		code = check_violations_print(check);
	return code != APP_OK ? code : app_finish_output(CHECK_NAME);
}
