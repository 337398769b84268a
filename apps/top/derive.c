/* SPDX-License-Identifier: MIT */
/*
 * What follows from what was read. Invariant: a program is known by the names of its tables and
 * columns alone, so that one which came later, or a user's own, is shown by the same rules.
 */
#include "top/top.h"

#include "common/fields.h"

#include <string.h>

int top_column_named(const struct top_table *table, const char *name)
{
	for (uint32_t i = 0; table && i < table->column_count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

uint64_t top_value(const struct top_table *table, uint32_t row_idx, int column_idx)
{
	if (!table || column_idx < 0)
		return 0;
	return table->values[(size_t)row_idx * table->column_count + (size_t)column_idx];
}

double top_rate_of(const struct top_table *table, uint32_t row_idx, int column_idx)
{
	if (!table || column_idx < 0)
		return 0;
	return table->rates[(size_t)row_idx * table->column_count + (size_t)column_idx];
}

uint64_t top_sum(const struct top_table *table, int column_idx)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; table && i < table->row_count; i++)
		sum += top_value(table, i, column_idx);
	return sum;
}

double top_sum_rate(const struct top_table *table, int column_idx)
{
	double sum = 0;

	for (uint32_t i = 0; table && i < table->row_count; i++)
		sum += top_rate_of(table, i, column_idx);
	return sum;
}

/* --- Roles --- */

/* The first of the names that the table has; -1. */
static int first_named(const struct top_table *table, const char *const *names, size_t name_count)
{
	for (size_t i = 0; i < name_count; i++) {
		int idx = top_column_named(table, names[i]);

		if (idx >= 0)
			return idx;
	}
	return -1;
}

static int first_counter(const struct top_table *table)
{
	for (uint32_t i = 0; i < table->column_count; i++)
		if (table->columns[i].kind == NW_STATS_COUNTER)
			return (int)i;
	return -1;
}

struct top_roles top_roles_of(const struct top_table *table)
{
	static const char *const rates[] = { "generated", "accepted", "sent", "tasks_run",
					     "started" };
	static const char *const queues[] = { "queue", "queued", "waiting" };
	static const char *const levels[] = { "level" };
	struct top_roles roles = {
		.rate = first_named(table, rates, APP_COUNT_OF(rates)),
		.queue = first_named(table, queues, APP_COUNT_OF(queues)),
		.level = first_named(table, levels, APP_COUNT_OF(levels)),
	};

	if (roles.rate < 0)
		roles.rate = first_counter(table);
	return roles;
}

const struct top_table *top_workers(const struct top_program *program)
{
	static const char *const names[] = { "workers", "shard", "nodes" };

	for (size_t i = 0; i < APP_COUNT_OF(names); i++) {
		const struct top_table *table = top_table_named(program, names[i]);

		if (table)
			return table;
	}
	return NULL;
}

/* --- Locality --- */

static void add_checks(struct top_locality *sum, const struct top_table *table)
{
	int checks = top_column_named(table, "checks");
	int local = top_column_named(table, "local_checks");

	if (checks < 0 || local < 0)
		return;
	sum->has_checks = true;
	for (uint32_t i = 0; i < table->row_count; i++) {
		uint64_t all = top_value(table, i, checks), here = top_value(table, i, local);
		double rate = top_rate_of(table, i, checks), its = top_rate_of(table, i, local);

		/* Read one after the other: the local ones may be ahead. */
		sum->local += here;
		sum->remote += all > here ? all - here : 0;
		sum->local_rate += its;
		sum->remote_rate += rate > its ? rate - its : 0;
	}
}

static void add_steals(struct top_locality *sum, const struct top_table *table)
{
	static const char *const near[] = { "same_node_steals", "shared" };
	int same = first_named(table, near, APP_COUNT_OF(near));
	int cross = top_column_named(table, "cross_node_steals");

	if (same < 0 && cross < 0)
		return;
	sum->has_steals = true;
	sum->same_node += top_sum(table, same);
	sum->cross_node += top_sum(table, cross);
	sum->same_node_rate += top_sum_rate(table, same);
	sum->cross_node_rate += top_sum_rate(table, cross);
}

static void add_handed(struct top_locality *sum, const struct top_table *table)
{
	static const char *const names[] = { "handed_over", "misrouted" };
	int handed = first_named(table, names, APP_COUNT_OF(names));

	if (handed < 0)
		return;
	sum->has_handed = true;
	sum->handed += top_sum(table, handed);
	sum->handed_rate += top_sum_rate(table, handed);
}

struct top_locality top_locality_of(const struct top_program *program)
{
	const struct top_table *workers = top_workers(program);
	struct top_locality sum = { 0 };
	int preferred = top_column_named(workers, "preferred");

	if (!workers)
		return sum;
	add_checks(&sum, workers);
	add_steals(&sum, workers);
	add_handed(&sum, workers);
	if (preferred >= 0) {
		sum.has_preferred = true;
		sum.preferred = top_sum(workers, preferred);
		sum.elsewhere = top_sum(workers, top_column_named(workers, "elsewhere"));
	}
	return sum;
}

/* --- Time left --- */

/* What waits gets less by what is expanded and more by what is found: where more is found than
 * expanded nobody knows when that ends. */
double top_check_left_s(const struct top_table *search)
{
	double found = top_rate_of(search, 0, top_column_named(search, "distinct"));
	double expanded = top_rate_of(search, 0, top_column_named(search, "expanded"));
	uint64_t queue = top_value(search, 0, top_column_named(search, "queue"));

	if (expanded <= found)
		return -1;
	return (double)queue / (expanded - found);
}

double top_scan_left_s(const struct top_table *workers)
{
	int asked = top_column_named(workers, "asked"),
	    none = top_column_named(workers, "not_asked");
	uint64_t places = top_sum(workers, top_column_named(workers, "places"));
	uint64_t done = top_sum(workers, asked) + top_sum(workers, none);
	double rate = top_sum_rate(workers, asked) + top_sum_rate(workers, none);

	if (rate <= 0)
		return -1;
	return places > done ? (double)(places - done) / rate : 0;
}
