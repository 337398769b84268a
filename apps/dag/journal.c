/* SPDX-License-Identifier: MIT */
/*
 * What ended, on disk, so that --resume need not do it again; and the folder it lies in.
 *
 *     <folder>/<name>/journal      this run, and those it resumed
 *                     journal.old  the one before, for its durations
 *                     lock         held by a run
 *                     log/<task>.<try>.out, .err
 *
 * The journal is lines of text, each a record by itself:
 *
 *     <checksum, 16 hex digits> begin <version> <unix time> <name of the graph>
 *     <checksum> start <task>
 *     <checksum> end ok|failed <status> <try> <ns> <print> <inputs> <task>
 *
 * The checksum is XXH3 of what follows it. print is a fingerprint of what the task does and of all
 * it needs (file.c), inputs one of the sizes and times of its input files as it started. A task
 * is done if its last record is such an end, both fingerprints are what they are now, and all it
 * needs is done and ended before it.
 *
 * Invariant: records are only appended, and an end is on the disk before anything starts that may
 * depend on it. A crash tears at most the last record: a line whose checksum is wrong counts as
 * not there, so the worst it costs is doing a task again.
 */
#include "common/app.h"
#include "dag/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

enum { PATH_BYTES = 4096, SUM_DIGITS = 16, VERSION = 1, ID_TEXT = 3 * 256, NAME_KEPT = 180 };
enum { POLL_NS = 20000000, LOCK_POLLS = 50 };

struct record {
	uint64_t print, inputs;
	uint64_t number; /* of its line: which of two ended later */
	bool is_ok;
};

struct dag_journal {
	char path[PATH_BYTES];
	int file, lock;
	char *buffer; /* told, not yet written */
	size_t used, room;
	bool is_dirty;    /* something is not on the disk yet */
	uint64_t *inputs; /* [task_count] as the task started */
};

static bool folder_path(const struct dag_run *run, const char *name, char *buf, size_t buf_bytes)
{
	int length = snprintf(buf, buf_bytes, "%s/%s/%s", run->options->folder, run->file->name,
			      name);

	return length > 0 && (size_t)length < buf_bytes;
}

/* Ids hold any printable byte: what could mean something in a path becomes %XX; a long one is
 * cut, and its number keeps it apart from others. */
bool dag_log_path(const struct dag_run *run, uint32_t task_idx, uint32_t attempt,
		  const char *suffix, char *buf, size_t buf_bytes)
{
	const char *id = run->file->tasks[task_idx].id;
	char name[ID_TEXT + 32] = "", whole[ID_TEXT + 80];
	size_t used = 0;

	for (const char *c = id; *c; c++) {
		bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
				(*c >= '0' && *c <= '9') || *c == '-' || *c == '_' ||
				(*c == '.' && c > id);

		used += (size_t)snprintf(name + used, sizeof(name) - used,
					 is_plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
	if (used > NAME_KEPT)
		(void)snprintf(name + NAME_KEPT, sizeof(name) - NAME_KEPT, "%%~%016" PRIx64,
			       (uint64_t)XXH3_64bits(id, strlen(id)));
	(void)snprintf(whole, sizeof(whole), "log/%s.%u.%s", name, (unsigned)attempt, suffix);
	return folder_path(run, whole, buf, buf_bytes);
}

/* ---- reading ---- */

/* The size and time of each input as they are now; a file that is not there is one kind of input.
 */
static uint64_t inputs_of(const struct dag_task *task)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < task->input_count; i++) {
		struct stat stat = { 0 };
		uint64_t facts[4] = { sum, 0 };
		char path[PATH_BYTES];
		int length = task->inputs[i][0] == '/' || !task->dir
				     ? snprintf(path, sizeof(path), "%s", task->inputs[i])
				     : snprintf(path, sizeof(path), "%s/%s", task->dir,
						task->inputs[i]);

		if (length > 0 && (size_t)length < sizeof(path) &&
		    fstatat(AT_FDCWD, path, &stat, 0) == 0) {
			facts[1] = (uint64_t)stat.st_size + 1;
			facts[2] = (uint64_t)stat.st_mtim.tv_sec;
			facts[3] = (uint64_t)stat.st_mtim.tv_nsec;
		}
		sum = XXH3_64bits(facts, sizeof(facts));
	}
	return sum;
}

static void take_record(struct dag_run *run, struct record *records, const char *text,
			uint64_t number)
{
	char verdict[8];
	unsigned status, attempt;
	uint64_t ns, print, inputs;
	int length = 0;
	int64_t idx;

	if (strncmp(text, "start ", 6) == 0) {
		idx = dag_file_find(run->file, text + 6);
		if (idx != DAG_NONE && records)
			records[idx].is_ok = false;
		return;
	}
	if (sscanf(text, "end %7s %u %u %" SCNu64 " %" SCNx64 " %" SCNx64 " %n", verdict, &status,
		   &attempt, &ns, &print, &inputs, &length) != 6 ||
	    length == 0)
		return;
	idx = dag_file_find(run->file, text + length);
	if (idx == DAG_NONE)
		return;
	if (records)
		records[idx] = (struct record){ print, inputs, number, strcmp(verdict, "ok") == 0 };
	if (strcmp(verdict, "ok") == 0 && !run->file->tasks[idx].has_duration) {
		run->cost_ns[idx] = ns;
		run->is_known[idx] = true;
	}
}

static bool is_whole(const char *line, size_t n_bytes)
{
	char digits[SUM_DIGITS + 1];

	if (n_bytes <= SUM_DIGITS + 1 || line[SUM_DIGITS] != ' ')
		return false;
	(void)snprintf(digits, sizeof(digits), "%016" PRIx64,
		       (uint64_t)XXH3_64bits(line + SUM_DIGITS + 1, n_bytes - SUM_DIGITS - 1));
	return memcmp(digits, line, SUM_DIGITS) == 0;
}

/* Reads a journal into records (NULL: only durations). Sets *ret_bytes to where its last whole line
 * ends. 0; -ENOENT: there is none; another: negative errno. */
static int read_journal(struct dag_run *run, const char *path, struct record *records,
			uint32_t *ret_bad_count, off_t *ret_bytes)
{
	FILE *stream = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	uint64_t number = 0;
	off_t at = 0;

	if (!stream)
		return -errno;
	while ((length = getline(&line, &room, stream)) > 0) {
		at += length;
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		else
			length = 0; /* the end was torn off */
		if (strlen(line) != (size_t)length || !is_whole(line, (size_t)length)) {
			(*ret_bad_count)++;
			continue;
		}
		*ret_bytes = at;
		take_record(run, records, line + SUM_DIGITS + 1, ++number);
	}
	free(line);
	(void)fclose(stream); /* was only read */
	return 0;
}

void dag_journal_peek(struct dag_run *run)
{
	uint32_t bad_count = 0;
	struct record *records = NULL;
	char path[PATH_BYTES];
	off_t n_bytes = 0;

	if (folder_path(run, "journal.old", path, sizeof(path)))
		(void)read_journal(run, path, NULL, &bad_count, &n_bytes); /* only durations */
	if (run->options->is_resume)
		records = calloc(run->file->task_count, sizeof(*records));
	if (folder_path(run, "journal", path, sizeof(path)))
		(void)read_journal(run, path, records, &bad_count, &n_bytes);
	for (uint32_t i = 0; records && i < run->file->task_count; i++) {
		uint32_t idx = run->file->order[i];
		const struct dag_task *task = &run->file->tasks[idx];
		bool is_done = records[idx].is_ok && records[idx].print == task->print &&
			       records[idx].inputs == inputs_of(task);

		for (uint32_t k = 0; k < task->need_count; k++) {
			uint32_t need = task->needs[k].task_idx;

			is_done &= run->results[need].was_done &&
				   records[need].number < records[idx].number;
		}
		run->results[idx].was_done = is_done;
		run->done_before += is_done;
	}
	if (bad_count > 0 && run->options->is_resume)
		app_note(DAG_NAME,
			 "the journal %s has %u torn record%s, as a crash leaves them: "
			 "what they told is done again",
			 path, (unsigned)bad_count, bad_count == 1 ? "" : "s");
	free(records);
}

/* ---- writing ---- */

static int broken(struct dag_run *run, const char *what)
{
	int code;

	dag_progress_clear();
	code = app_failed(DAG_NAME, "%s: %s", what, strerror(errno));
	run->is_broken = true;
	return code;
}

static void write_out(struct dag_run *run)
{
	struct dag_journal *journal = run->journal;
	size_t at = 0;

	while (at < journal->used && !run->is_broken) {
		ssize_t n = write(journal->file, journal->buffer + at, journal->used - at);

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno != EINTR)
			(void)broken(run, journal->path);
	}
	journal->is_dirty |= journal->used > 0;
	journal->used = 0;
}

void dag_journal_sync(struct dag_run *run)
{
	struct dag_journal *journal = run->journal;

	write_out(run);
	if (!journal->is_dirty || run->is_broken)
		return;
	if (fdatasync(journal->file) < 0 && errno != EINVAL)
		(void)broken(run, journal->path);
	journal->is_dirty = false;
}

static void append(struct dag_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct dag_run *run, const char *format, ...)
{
	struct dag_journal *journal = run->journal;
	char text[ID_TEXT + 256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (journal->room - journal->used < sizeof(text) + SUM_DIGITS + 3) {
		size_t room = journal->room * 2 + 4 * sizeof(text);
		char *more = realloc(journal->buffer, room);

		if (!more) {
			(void)broken(run, journal->path);
			return;
		}
		journal->buffer = more;
		journal->room = room;
	}
	journal->used += (size_t)snprintf(journal->buffer + journal->used,
					  journal->room - journal->used, "%016" PRIx64 " %s\n",
					  (uint64_t)XXH3_64bits(text, (size_t)length), text);
}

void dag_journal_start(struct dag_run *run, uint32_t task_idx)
{
	run->journal->inputs[task_idx] = inputs_of(&run->file->tasks[task_idx]);
	append(run, "start %s", run->file->tasks[task_idx].id);
	write_out(run);
}

void dag_journal_end(struct dag_run *run, const struct dag_try *try, bool is_ok, int status)
{
	const struct dag_task *task = &run->file->tasks[try->task_idx];

	append(run, "end %s %u %u %" PRIu64 " %016" PRIx64 " %016" PRIx64 " %s",
	       is_ok ? "ok" : "failed", (unsigned)status, (unsigned)try->attempt,
	       try->end_ns - try->start_ns, task->print, run->journal->inputs[try->task_idx],
	       task->id);
}

/* ---- the folder ---- */

static int make_folders(struct dag_run *run)
{
	static const char *const names[] = { "", "log" };
	char path[PATH_BYTES];

	if (mkdir(run->options->folder, 0777) < 0 && errno != EEXIST)
		return broken(run, run->options->folder);
	for (size_t i = 0; i < 2; i++) {
		if (!folder_path(run, names[i], path, sizeof(path)))
			return app_bad(DAG_NAME, "--folder: longer than 4095 bytes");
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return broken(run, path);
	}
	return APP_OK;
}

/* Ctrl-C ends the waiting: no signal is blocked yet. Returns what flock() did. */
static int wait_for_lock(int file, unsigned poll_count_max)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	int rc;

	for (unsigned i = 0; (rc = flock(file, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK &&
			     i < poll_count_max;
	     i++)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	return rc;
}

static int take_lock(struct dag_run *run)
{
	struct dag_journal *journal = run->journal;
	char path[PATH_BYTES];

	(void)folder_path(run, "lock", path, sizeof(path));
	journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (journal->lock < 0)
		return broken(run, path);
	/* A child that a killed run was just starting has this file, too, until it execs. */
	if (wait_for_lock(journal->lock, LOCK_POLLS) == 0)
		return APP_OK;
	if (errno == EWOULDBLOCK)
		return app_failed(DAG_NAME,
				  "this graph is being run here already (%s is locked); wait for "
				  "that run, or give this one a --folder",
				  path);
	app_note(DAG_NAME, "%s: %s: two runs at once would not notice each other", path,
		 strerror(errno));
	return APP_OK;
}

/* A task of a run that was killed may have outlived it: two at once must not be. */
static void wait_for_orphans(struct dag_run *run)
{
	char path[PATH_BYTES];

	for (uint32_t i = 0; i < run->file->task_count; i++) {
		for (uint32_t attempt = 1; !run->results[i].was_done; attempt++) {
			int file = dag_log_path(run, i, attempt, "out", path, sizeof(path))
					   ? open(path, O_WRONLY | O_CLOEXEC)
					   : -1;

			if (file < 0)
				break;
			if (flock(file, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
				app_note(DAG_NAME,
					 "task '%s' of an earlier run still runs: waiting for it "
					 "(fuser %s tells its processes)",
					 run->file->tasks[i].id, path);
				(void)wait_for_lock(file, UINT_MAX);
			}
			(void)close(file);
		}
	}
}

static void remove_logs(struct dag_run *run)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	DIR *folder;

	(void)folder_path(run, "log", path, sizeof(path));
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.') /* an old log that stays misleads, but harms nothing */
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		(void)closedir(folder);
}

/* So that the name of a new journal survives a crash as well. */
static void sync_folder(const struct dag_run *run)
{
	char path[PATH_BYTES];
	int file;

	(void)folder_path(run, "", path, sizeof(path));
	file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file >= 0) {
		(void)fsync(file); /* some file systems cannot, and need not */
		(void)close(file);
	}
}

/* After a torn last line, a new one begins where the last whole one ended. */
static int open_file(struct dag_run *run)
{
	struct dag_journal *journal = run->journal;
	bool is_resume = run->options->is_resume;
	uint32_t bad_count = 0;
	off_t n_bytes = 0;
	char old[PATH_BYTES];

	if (is_resume && read_journal(run, journal->path, NULL, &bad_count, &n_bytes) == -ENOENT)
		app_note(DAG_NAME, "nothing to resume in %s: begins at the start", journal->path);
	(void)folder_path(run, "journal.old", old, sizeof(old));
	if (!is_resume && rename(journal->path, old) < 0 && errno != ENOENT)
		return broken(run, journal->path);
	journal->file = open(journal->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (journal->file < 0 || ftruncate(journal->file, n_bytes) < 0)
		return broken(run, journal->path);
	append(run, "begin %d %lld %s", VERSION, (long long)time(NULL), run->file->name);
	dag_journal_sync(run);
	sync_folder(run);
	return run->is_broken ? APP_FAILED : APP_OK;
}

int dag_journal_open(struct dag_run *run)
{
	struct dag_journal *journal = calloc(1, sizeof(*journal));
	int code;

	if (journal)
		journal->inputs = calloc(run->file->task_count, sizeof(*journal->inputs));
	if (!journal || !journal->inputs) {
		free(journal);
		return app_failed(DAG_NAME, "no memory");
	}
	journal->file = journal->lock = -1;
	run->journal = journal;
	(void)folder_path(run, "journal", journal->path, sizeof(journal->path));
	code = make_folders(run);
	if (code == APP_OK)
		code = take_lock(run);
	if (code != APP_OK)
		return code;
	dag_journal_peek(run);
	wait_for_orphans(run);
	if (!run->options->is_resume)
		remove_logs(run);
	return open_file(run);
}

void dag_journal_close(struct dag_run *run)
{
	struct dag_journal *journal = run->journal;

	if (!journal)
		return;
	if (journal->file >= 0) {
		dag_journal_sync(run);
		(void)close(journal->file); /* what counts is synced */
	}
	if (journal->lock >= 0)
		(void)close(journal->lock);
	free(journal->buffer);
	free(journal->inputs);
	free(journal);
	run->journal = NULL;
}
