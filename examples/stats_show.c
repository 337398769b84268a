/* SPDX-License-Identifier: MIT */
/* This example shows how a program lets others watch its numbers, and how they do: here both sides
 * are one process; `ls` of the path shows what the other would open.
 *
 *     cc stats_show.c $(pkg-config --cflags --libs nodewise)
 */
#include <nw/stats.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void show(const struct nw_stats_view *view)
{
	struct nw_stats_table_info table;
	struct nw_stats_column_info column;

	nw_stats_table_info(view, 0, &table);
	for (uint32_t c = 0; c < table.column_count; c++) {
		nw_stats_column_info(view, 0, c, &column);
		for (uint32_t r = 0; r < table.row_count; r++)
			printf("%s %" PRIu32 ": %" PRIu64 " %s\n", table.name, r,
			       nw_stats_value(view, 0, r, c), column.unit);
	}
}

int main(void)
{
	static const struct nw_stats_column columns[] = { { "sent", "packets", NW_STATS_COUNTER } };
	static const struct nw_stats_table table = {
		.name = "worker", .columns = columns, .column_count = 1, .row_count = 2
	};
	struct nw_stats_options options = { .program = "example",
					    .tables = &table,
					    .table_count = 1 };
	struct nw_stats_view *view;
	struct nw_stats *stats;
	struct nw_diag diag;
	int rc = nw_stats_create(&stats, &options, &diag);

	if (rc < 0) {
		fprintf(stderr, "stats_show: %s\n", rc == -ENOMEM ? "no memory" : diag.text);
		return 1;
	}
	nw_stats_add(nw_stats_row_at(stats, 0, 1), 0, 64); /* by its worker, as often as it likes */
	rc = nw_stats_open(&view, nw_stats_path(stats));
	if (rc == 0) {
		show(view);
		nw_stats_close(view);
	}
	nw_stats_destroy(stats);
	return rc == 0 ? 0 : 1;
}
