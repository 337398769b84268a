/* SPDX-License-Identifier: MIT */
/*
 * `nodewise bench`: what its files share. A benchmark is a program of its own that prints a table
 * (bench/nw_bench.h); it is run, its lines are kept, and drawn or put into JSON.
 * Invariant: a table holds only what the program printed.
 */
#ifndef APP_BENCH_BENCH_H
#define APP_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH "bench" /* its name in messages */

/* A row of a benchmark. */
struct row {
	char name[96];
	char unit[16];
	double median, p10, p90;
	unsigned long n;
	double min, ratio; /* 0: that benchmark does not print it */
};

/* All a benchmark has printed: rows, and the text of its comment lines. */
struct table {
	struct row *rows;
	size_t row_count, row_count_max;
	char **notes;
	size_t note_count, note_count_max;
};

/* Takes a line without its newline: keeps a row or a comment, drops a header. False: no memory. */
bool table_take(struct table *table, const char *line);
void table_free(struct table *table);

/* One JSON object on stdout; returns an exit code of app.h. */
int table_print_json(const struct table *table, const char *name);

/* APP_OK if a picture can be drawn into the file; else its exit code, after having said why. */
int plot_check(const char *path);
/* Draws the medians, with p10 and p90, into an SVG or PNG file; returns an exit code. */
int plot_draw(const struct table *table, const char *name, const char *path);

#endif /* APP_BENCH_BENCH_H */
