/* SPDX-License-Identifier: MIT */
/*
 * The picture of a benchmark: a bar a row, its median, with a line from p10 to p90, on a
 * logarithmic scale. gnuplot draws it; the commands go to its standard input.
 * Invariant: no text from outside is a gnuplot command: names are quoted data.
 */
#include "bench/bench.h"

#include "common/app.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *kind_of(const char *path)
{
	size_t n = strlen(path);

	if (n > 4 && strcmp(path + n - 4, ".svg") == 0)
		return "svg";
	if (n > 4 && strcmp(path + n - 4, ".png") == 0)
		return "png";
	return NULL;
}

/* Whether PATH has it. */
static bool has_gnuplot(void)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char file[4096];

		snprintf(file, sizeof(file), "%.*s/gnuplot", (int)n, path);
		if (access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

int plot_check(const char *path)
{
	if (!kind_of(path))
		return app_bad(BENCH, "'%s' ends neither in .svg nor in .png", path);
	if (strpbrk(path, "'\"\n"))
		return app_bad(BENCH, "no quotes or newlines in the name of a picture");
	if (!has_gnuplot())
		return app_failed(BENCH, "gnuplot is not installed, so nothing can be drawn");
	return APP_OK;
}

/* In double quotes for gnuplot, which then takes neither a backslash nor a quote for its own. */
static void print_quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text != '"' && *text != '\\' && *text != '`')
			putc(*text, out);
	}
	putc('"', out);
}

/* Where bars begin: a logarithmic scale has no zero. */
static double left_edge(const struct table *table)
{
	double least = table->rows[0].p10;

	for (size_t i = 1; i < table->row_count; i++) {
		if (table->rows[i].p10 < least)
			least = table->rows[i].p10;
	}
	return least > 0 ? least / 2 : 1e-3;
}

static void print_commands(FILE *out, const struct table *table, const char *name, const char *path)
{
	bool is_svg = strcmp(kind_of(path), "svg") == 0;
	size_t height = 120 + table->row_count * 18;

	fprintf(out, "set terminal %s size 1000,%zu noenhanced\n", is_svg ? "svg" : "png", height);
	fprintf(out, "set output '%s'\nset title ", path);
	print_quoted(out, name);
	fprintf(out, "\nset xlabel ");
	print_quoted(out, table->rows[0].unit);
	fprintf(out, "\nset logscale x\nset yrange [%zu:-1]\nset grid x\nunset key\n",
		table->row_count);
	fprintf(out, "set style fill solid 0.6\nset bars small\n$rows << END_OF_ROWS\n");
	for (size_t i = 0; i < table->row_count; i++) {
		const struct row *row = &table->rows[i];

		print_quoted(out, row->name);
		fprintf(out, " %g %g %g\n", row->median, row->p10, row->p90);
	}
	fprintf(out,
		"END_OF_ROWS\nlow = %g\nset xrange [low:*]\n"
		"plot $rows using 2:0:(low):2:($0-0.35):($0+0.35):ytic(1) with boxxyerror "
		"lc rgb '#4477aa', '' using 2:0:3:4 with xerrorbars lc rgb '#222222' pt -1\n",
		left_edge(table));
}

/* Starts gnuplot, its standard input a pipe. */
static int start_gnuplot(pid_t *ret_pid, FILE **ret_input)
{
	char name[] = "gnuplot", *argv[] = { name, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return app_failed(BENCH, "pipe: %s", strerror(errno));
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	/* What it cannot put into the file would come out here. */
	(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(ret_pid, name, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[0]);
	*ret_input = rc == 0 ? fdopen(ends[1], "w") : NULL;
	if (*ret_input)
		return APP_OK;
	(void)close(ends[1]);
	if (rc == 0)
		(void)waitpid(*ret_pid, NULL, 0);
	return app_failed(BENCH, "gnuplot: %s", strerror(rc != 0 ? rc : ENOMEM));
}

int plot_draw(const struct table *table, const char *name, const char *path)
{
	FILE *input;
	pid_t pid;
	int status = -1;

	if (table->row_count == 0)
		return app_failed(BENCH, "%s printed no rows to draw", name);
	if (start_gnuplot(&pid, &input) != APP_OK)
		return APP_FAILED;
	print_commands(input, table, name, path);
	(void)fclose(input);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return app_failed(BENCH, "gnuplot could not draw %s", path);
	return APP_OK;
}
