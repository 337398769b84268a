/* SPDX-License-Identifier: MIT */
/*
 * What is said while a graph runs: a bar on a terminal, lines elsewhere; of a failure always a line
 * as make has it, and the last lines of what the task wrote.
 * Invariant: while the bar is shown it is the only thing on its line, so whoever writes to stderr
 * takes it away first.
 */
#include "common/app.h"
#include "dag/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24, TAIL_LINES = 10, TAIL_BYTES = 4096, PATH_BYTES = 4096, LINE = 512 };
enum { WIDTH_LEAST = 40, WIDTH_USUAL = 80 };

static struct {
	bool is_live, is_drawn, is_quiet;
} shown;

void dag_progress_open(struct dag_run *run)
{
	shown.is_quiet = run->options->is_quiet || run->is_pretended;
	shown.is_live = !shown.is_quiet && isatty(STDERR_FILENO);
	shown.is_drawn = false;
	if (run->done_before > 0 && !shown.is_quiet)
		fprintf(stderr, "nodewise dag: %u of %u tasks are done already\n",
			(unsigned)run->done_before, (unsigned)run->file->task_count);
}

bool dag_progress_is_live(void)
{
	return shown.is_live;
}

void dag_progress_clear(void)
{
	if (shown.is_drawn)
		fputs("\r\033[K", stderr);
	shown.is_drawn = false;
}

static struct nw_dag_counts count(const struct dag_run *run, uint64_t *ret_ended)
{
	struct nw_dag_counts counts;

	nw_dag_counts(run->dag, &counts);
	*ret_ended = counts.state_count[NW_DAG_COMPLETED] + counts.state_count[NW_DAG_FAILED] +
		     counts.state_count[NW_DAG_CANCELLED];
	return counts;
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_LEAST)
		return WIDTH_USUAL;
	return size.ws_col;
}

void dag_progress_draw(const struct dag_run *run)
{
	struct nw_dag_counts counts;
	struct timespec now;
	char line[LINE], bar[BAR + 1], time[32];
	size_t width = terminal_width(), filled;
	uint64_t ended;

	if (!shown.is_live)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	counts = count(run, &ended);
	filled = (size_t)(ended * BAR / counts.task_count);
	memset(bar, '.', BAR);
	memset(bar, '#', filled);
	bar[BAR] = '\0';
	(void)snprintf(line, sizeof(line),
		       "[%s] %" PRIu64 "/%" PRIu64 "  %" PRIu64 " running  %" PRIu64 " failed  %s",
		       bar, ended, counts.task_count, counts.state_count[NW_DAG_RUNNING],
		       counts.state_count[NW_DAG_FAILED],
		       app_format_duration((uint64_t)now.tv_sec * DAG_NS_PER_S +
						   (uint64_t)now.tv_nsec - run->begin_ns,
					   time, sizeof(time)));
	if (width < sizeof(line))
		line[width - 1] = '\0';
	fprintf(stderr, "\r\033[K%s", line);
	(void)fflush(stderr);
	shown.is_drawn = true;
}

char *dag_status_text(int status, char *buf, size_t buf_bytes)
{
	if (WIFSIGNALED(status))
		(void)snprintf(buf, buf_bytes, "killed by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	else
		(void)snprintf(buf, buf_bytes, "exit status %d", WEXITSTATUS(status));
	return buf;
}

/* The last lines of a file, each behind four spaces. false: it is empty, or not there. */
static bool show_tail(const char *path)
{
	char text[TAIL_BYTES + 1];
	FILE *stream = fopen(path, "re");
	size_t n_bytes, from, lines = 0;

	if (!stream)
		return false;
	if (fseek(stream, -TAIL_BYTES, SEEK_END) < 0)
		rewind(stream);
	n_bytes = fread(text, 1, TAIL_BYTES, stream);
	(void)fclose(stream); /* was only read */
	while (n_bytes > 0 && text[n_bytes - 1] == '\n')
		n_bytes--;
	text[n_bytes] = '\0';
	for (from = n_bytes; from > 0 && lines < TAIL_LINES; from--)
		lines += text[from - 1] == '\n';
	if (lines == TAIL_LINES)
		from++;
	for (char *line = text + from; n_bytes > 0 && line;) {
		char *end = strchr(line, '\n');

		fprintf(stderr, "    %.*s\n", (int)(end ? end - line : (long)strlen(line)), line);
		line = end ? end + 1 : NULL;
	}
	return n_bytes > 0;
}

static void show_logs(const struct dag_run *run, const struct dag_try *try)
{
	static const char *const suffixes[] = { "err", "out" };
	char path[PATH_BYTES];

	for (size_t i = 0; i < 2; i++) {
		if (!dag_log_path(run, try->task_idx, try->attempt, suffixes[i], path,
				  sizeof(path)))
			continue;
		if (show_tail(path)) {
			fprintf(stderr, "    (%s)\n", path);
			return;
		}
	}
}

static void say_failure(const struct dag_run *run, const struct dag_try *try,
			const struct nw_dag_info *info)
{
	const struct dag_task *task = &run->file->tasks[try->task_idx];
	char why[64], time[32], again[64] = "";

	if (info->reason == NW_DAG_TIMEOUT ||
	    (info->state == NW_DAG_READY && task->timeout_ns > 0 &&
	     try->end_ns - try->start_ns >= task->timeout_ns))
		(void)snprintf(why, sizeof(why), "stopped after its time-out of %s",
			       app_format_duration(task->timeout_ns, time, sizeof(time)));
	else
		(void)dag_status_text(run->results[try->task_idx].status, why, sizeof(why));
	if (task->retry_max > 0)
		(void)snprintf(again, sizeof(again), ", try %u of %u%s", (unsigned)try->attempt,
			       (unsigned)task->retry_max + 1,
			       info->state == NW_DAG_READY ? ", tried again" : "");
	(void)app_failed(DAG_NAME, "%s:%u: %s: %s%s", run->file->path, (unsigned)task->line,
			 task->id, why, again);
	if (!run->is_pretended)
		show_logs(run, try);
}

void dag_progress_ended(const struct dag_run *run, const struct dag_try *try,
			const struct nw_dag_info *info)
{
	struct nw_dag_counts counts;
	uint64_t ended;
	char time[32];

	dag_progress_clear();
	if (info->state == NW_DAG_CANCELLED)
		return; /* stopped on purpose: the report says so */
	if (!try->is_ok) {
		say_failure(run, try, info);
	} else if (!shown.is_live && !shown.is_quiet) {
		counts = count(run, &ended);
		fprintf(stderr, "[%" PRIu64 "/%" PRIu64 "] %s  %s  node %d\n", ended,
			counts.task_count, run->file->tasks[try->task_idx].id,
			app_format_duration(try->end_ns - try->start_ns, time, sizeof(time)),
			dag_node_of(run, try->node_pos).id);
	}
	dag_progress_draw(run);
}
