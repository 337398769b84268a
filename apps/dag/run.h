/* SPDX-License-Identifier: MIT */
/*
 * A graph being run, for real or in pretended time.
 *
 * options.c   words of the command line -> struct dag_options
 * run.c       nodes, resources and tasks -> struct nw_dag; the loop that asks it what to do
 * children.c  what the loop does for real: processes, signals, time
 * pretend.c   what it does in pretended time
 * journal.c   what ended, kept so that a crash or Ctrl-C costs nothing twice
 * progress.c  bar or lines while it runs; what is said of a failure
 * report.c    the end, as text and JSON; schedule.c: critical path, use, plan
 * pictures.c  dot and trace-event files
 * segment.c   the numbers for other programs
 * dag.c       the subcommands
 *
 * Invariant: only run.c changes struct nw_dag; results[] is what everything after the run reads.
 */
#ifndef APP_DAG_RUN_H
#define APP_DAG_RUN_H

#include "dag/file.h"

#include <nw/dag.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As make: tasks that failed end it with 2. */
enum { DAG_TASKS_FAILED = 2, DAG_INTERRUPTED = 128 };

#define DAG_NS_PER_S UINT64_C(1000000000)

/* Texts are argv's. */
struct dag_options {
	const char *path;
	char *const *targets; /* [target_count] */
	int target_count;
	const char *folder, *nodes, *topology, *simulate_nodes, *dot, *trace;
	enum nw_dag_order order;
	uint64_t jobs; /* 0: no limit */
	uint64_t seed, grace_ns;
	bool is_dry_run, is_simulate, is_resume, is_fail_fast, is_json, is_quiet, no_pin, is_help;
};

/* A run of one task, from start to end. */
struct dag_try {
	uint32_t task_idx, attempt, node_pos;
	uint64_t start_ns, end_ns;
	bool is_ok;
};

struct dag_result {
	enum nw_dag_state state;
	enum nw_dag_reason reason;
	int64_t cause_idx;         /* of a cancelled one: the task that failed; DAG_NONE */
	uint32_t attempt;          /* tries of this run */
	int64_t node_pos;          /* of the last one; DAG_NONE */
	uint64_t start_ns, end_ns; /* of the last one */
	int status;                /* of the last one, as waitpid() has it */
	uint64_t cpu_ns;           /* of all tries */
	uint64_t rss_bytes;
	bool was_done; /* ended well in an earlier run */
};

struct dag_engine;
struct dag_journal;
struct nw_stats;

struct dag_run {
	const struct dag_options *options;
	struct dag_file *file;
	struct nw_topo *topo;
	bool is_pretended;   /* time is pretended: nothing is started */
	uint32_t *node_idxs; /* [node_count] positions in topo; a node_pos is a position here */
	uint32_t node_count;
	struct nw_resource *capacity; /* [node_count] */
	struct nw_resource machine;
	uint64_t cpu_count; /* of the chosen nodes, each once */

	struct nw_dag *dag;
	nw_dag_id *ids; /* [task_count] */
	struct nw_caps *caps;
	nw_cap *cap_handles;
	struct nw_rcu_thread *thread;

	uint64_t *cost_ns; /* [task_count] as far as known */
	bool *is_known;    /* [task_count] whether it is */
	struct dag_result *results;
	struct dag_try *tries;
	size_t try_count, try_room;
	uint64_t begin_ns, end_ns;
	uint32_t done_before; /* was_done */

	struct dag_journal *journal; /* NULL: pretended */
	struct nw_stats *stats;      /* for other programs; NULL: there are none */
	uint64_t stats_ns;           /* when all tasks were written there */
	void *engine;                /* of children.c or pretend.c */
	int signal_number;           /* that ended it; 0 */
	bool is_broken;              /* nodewise itself failed; that was said */
	bool has_failed;             /* a task is FAILED for good */
};

/* ---- run.c ---- */

/* What starts and ends tasks. All but now() may set run->is_broken. */
struct dag_engine {
	uint64_t (*now)(const struct dag_run *run);
	/* Returns false if it could not be started: then it has ended. */
	bool (*start)(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step);
	void (*stop)(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step);
	/* Until something ends, or that time; calls dag_run_ended(). */
	void (*wait)(struct dag_run *run, uint64_t until_ns);
};
extern const struct dag_engine dag_children, dag_pretend;

/* A try has ended. status as of waitpid(). */
void dag_run_ended(struct dag_run *run, const struct dag_try *try, int status);
/* No task starts any more; those that run are stopped if is_at_once. */
void dag_run_cancel(struct dag_run *run, bool is_at_once, uint64_t now_ns);
int dag_run(const struct dag_options *options);
/* Thousandths of a CPU: as told, or one; with --jobs, where the user counts, none. */
uint64_t dag_cpu_of(const struct dag_run *run, const struct dag_task *task);

/* ---- children.c ---- */

/* APP_OK, or an exit code after having said why. */
int dag_children_open(struct dag_run *run);
void dag_children_close(struct dag_run *run);
int dag_pretend_open(struct dag_run *run);
void dag_pretend_close(struct dag_run *run);

/* ---- journal.c ---- */

/* What earlier runs left: durations always; results[].was_done with --resume, and the lock. */
int dag_journal_open(struct dag_run *run);
/* Only the durations: nothing is created or locked. */
void dag_journal_peek(struct dag_run *run);
void dag_journal_close(struct dag_run *run);
void dag_journal_start(struct dag_run *run, uint32_t task_idx);
void dag_journal_end(struct dag_run *run, const struct dag_try *try, bool is_ok, int status);
/* Everything told so far is on the disk at the return. */
void dag_journal_sync(struct dag_run *run);
/* "<folder>/<name>/log/<task>.<try>.<suffix>" in buf. false: longer than that. */
bool dag_log_path(const struct dag_run *run, uint32_t task_idx, uint32_t attempt,
		  const char *suffix, char *buf, size_t buf_bytes);

/* ---- progress.c ---- */

void dag_progress_open(struct dag_run *run);
bool dag_progress_is_live(void);
/* Draws the bar again, if there is one. */
void dag_progress_draw(const struct dag_run *run);
/* Takes the bar away, before anything else is written to stderr. */
void dag_progress_clear(void);
void dag_progress_ended(const struct dag_run *run, const struct dag_try *try,
			const struct nw_dag_info *info);

/* ---- schedule.c ---- */

struct dag_path {
	uint32_t *tasks; /* [count] the longest chain by time spent, first one first */
	uint32_t count;
	uint64_t ns;
};

/* false: no memory. The caller frees tasks. */
bool dag_longest_path(const struct dag_run *run, struct dag_path *ret_path);

struct dag_use {
	uint32_t task_count; /* tries that ran there */
	uint64_t booked_ns;  /* CPU time that was set aside: tries times their cpu */
	uint64_t busy_ns;    /* time of tries, whatever they book */
};

/* Of one node. */
struct dag_use dag_use_of(const struct dag_run *run, uint32_t node_pos);
uint64_t dag_task_ns(const struct dag_run *run, uint32_t task_idx); /* of all its tries */

/* ---- report.c, pictures.c: APP_OK, or an exit code after having said why ---- */

int dag_report_text(const struct dag_run *run);
int dag_report_json(const struct dag_run *run);
int dag_plan_text(const struct dag_run *run);
int dag_write_dot(const struct dag_run *run, const char *path);
int dag_write_trace(const struct dag_run *run, const char *path);
/* A graph that was not run; path NULL: stdout. */
int dag_write_structure(const struct dag_file *file, const char *path);
/* "done", "done before", "failed", "timed out", "cancelled", "not run" */
const char *dag_state_word(const struct dag_result *result);
/* "exit status 1", "killed by signal 9 (Killed)" in buf; returns buf. */
char *dag_status_text(int status, char *buf, size_t buf_bytes);
nw_node dag_node_of(const struct dag_run *run, int64_t node_pos);

/* The longest way from a task without needs, in tasks; levels[task_count] is set for all. */
uint32_t dag_levels(const struct dag_file *file, uint32_t *levels);

/* ---- segment.c: without such a file all but the first are no-ops ---- */

/* Where there can be none, that is said. */
void dag_segment_open(struct dag_run *run);
/* Before a wait. Returns until when it may last: some of it may be left for later. */
uint64_t dag_segment_write(struct dag_run *run, uint64_t now_ns);
void dag_segment_started(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step);
void dag_segment_ended(struct dag_run *run, const struct dag_try *try,
		       const struct nw_dag_info *info);
void dag_segment_close(struct dag_run *run);

/* ---- options.c ---- */

/* Whether a picture goes to standard output: "-". path may be NULL. */
bool dag_is_stdout(const char *path);
int dag_options_parse(struct dag_options *ret_options, int argc, char **argv);
int dag_help(void);

#endif /* APP_DAG_RUN_H */
