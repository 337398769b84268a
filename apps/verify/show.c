/* SPDX-License-Identifier: MIT */
/* The report of `nodewise verify`, as text or JSON. Invariant: both say the same; a cell that was
 * not measured is "-" or null. */
#include "verify/verify.h"

#include "common/app.h"

#include <jansson.h>

static const char *const verdict_names[] = { "ok", "FAILED", "skipped" };

static void show_check(const struct verify *verify, const struct check *check)
{
	char where[32] = "all";

	if (check->node_idx != ALL_NODES)
		(void)snprintf(where, sizeof(where), "node %d",
			       verify_node(verify, (uint32_t)check->node_idx)->node.id);
	printf("%-12s %-10s %-8s %s\n", check->name, where, verdict_names[check->verdict],
	       check->detail);
}

static void show_matrix(const struct verify *verify, const double *cells)
{
	printf("%10s", "from\\to");
	for (uint32_t to = 0; to < verify->node_count; to++)
		printf(" %8d", verify_node(verify, to)->node.id);
	printf("\n");
	for (uint32_t from = 0; from < verify->node_count; from++) {
		printf("%10d", verify_node(verify, from)->node.id);
		for (uint32_t to = 0; to < verify->node_count; to++) {
			double cell = cells[(size_t)from * verify->node_count + to];

			if (cell > 0)
				printf(" %8.1f", cell);
			else
				printf(" %8s", "-");
		}
		printf("\n");
	}
}

static void show_measures(const struct verify *verify)
{
	const char *mark = verify->is_simulated ? ", simulated nodes" : "";
	char buffer[16], cache[16];

	if (!verify->latency_ns || !verify->gb_per_s)
		return;
	(void)app_format_bytes(verify->buffer_bytes, buffer, sizeof(buffer));
	(void)app_format_bytes(verify->cache_bytes, cache, sizeof(cache));
	printf("\nread latency, ns (random chase, one thread%s)\n", mark);
	show_matrix(verify, verify->latency_ns);
	printf("\nread bandwidth, GB/s (front to back, one thread%s)\n", mark);
	show_matrix(verify, verify->gb_per_s);
	printf("\nbest of 3 rounds over %s of %s; largest cache %s\n", buffer,
	       nw_mem_pages_name(verify->buffer_pages), verify->cache_bytes ? cache : "unknown");
}

int verify_show_text(const struct verify *verify)
{
	size_t failed_count = 0;

	printf("%u node%s, %u CPUs%s\n\n", verify->node_count, verify->node_count == 1 ? "" : "s",
	       nw_topo_cpu_count(verify->topo), verify->is_simulated ? ", simulated" : "");
	for (size_t i = 0; i < verify->check_count; i++) {
		show_check(verify, &verify->checks[i]);
		failed_count += verify->checks[i].verdict == VERDICT_FAILED;
	}
	show_measures(verify);
	if (failed_count > 0)
		printf("\n%zu of %zu checks FAILED\n", failed_count, verify->check_count);
	else
		printf("\nverified: all that was promised was got\n");
	return app_finish_output(VERIFY);
}

/* jansson takes NULL for what could not be made; app_print_json() says so at the end. */
static json_t *checks_json(const struct verify *verify)
{
	json_t *list = json_array();

	for (size_t i = 0; i < verify->check_count; i++) {
		const struct check *check = &verify->checks[i];
		json_t *node = check->node_idx == ALL_NODES
				       ? json_null()
				       : json_integer(verify_node(verify, (uint32_t)check->node_idx)
							      ->node.id);

		(void)json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:s}", "check",
							    check->name, "node", node, "verdict",
							    verdict_names[check->verdict], "detail",
							    check->detail));
	}
	return list;
}

static json_t *nodes_json(const struct verify *verify)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < verify->node_count; i++)
		(void)json_array_append_new(list, json_integer(verify_node(verify, i)->node.id));
	return list;
}

static json_t *matrix_json(const struct verify *verify, const double *cells)
{
	json_t *rows = cells ? json_array() : json_null();

	for (uint32_t from = 0; cells && from < verify->node_count; from++) {
		json_t *row = json_array();

		for (uint32_t to = 0; to < verify->node_count; to++) {
			double cell = cells[(size_t)from * verify->node_count + to];

			(void)json_array_append_new(row, cell > 0 ? json_real(cell) : json_null());
		}
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

int verify_show_json(const struct verify *verify)
{
	const char *pages = nw_mem_pages_name(verify->buffer_pages);
	json_t *object = json_pack(
		"{s:b, s:b, s:b, s:i, s:o, s:o, s:o, s:o, s:I, s:s, s:I}", "ok",
		!verify->has_failed, "simulated", verify->is_simulated, "quick", verify->is_quick,
		"cpus", (int)nw_topo_cpu_count(verify->topo), "nodes", nodes_json(verify), "checks",
		checks_json(verify), "latency_ns", matrix_json(verify, verify->latency_ns),
		"gb_per_s", matrix_json(verify, verify->gb_per_s), "buffer_bytes",
		(json_int_t)verify->buffer_bytes, "buffer_pages", verify->buffer_bytes ? pages : "",
		"cache_bytes", (json_int_t)verify->cache_bytes);

	return app_print_json(VERIFY, object);
}
