/* SPDX-License-Identifier: MIT */
/*
 * What the files of `nodewise check` share.
 *
 * options.c  words of the command line -> struct check_options
 * words.c    options whose value has words of its own
 * fit.c      which options go together
 * help.c     --help
 * tlc.c      the same words as TLC has them
 * checkpoint.c  --checkpoint, --recover: when, where, and what is said of it
 * violations.c  --continue: what was gone on after
 * degree.c   how many states were found from each
 * graph.c    --dump: states and their graph in a file
 * walks.c    --simulate: random walks, their progress and report
 * plugin.c   --model -> struct check_model, from the built-in table or a shared object
 * check.c    sets a struct check up, runs the search, tears it down
 * machine.c  its nodes and workers
 * watch.c    the search while it runs: progress, checkpoints, Ctrl-C
 * segment.c  its numbers for other programs
 * say.h      what is said of a specification
 * report.c   progress line, closing report, trace as text
 * json.c     the same report as one JSON object
 * parse.c    --parse: TLA+ files are well formed, or why not
 * files.c    what the TLA+ front end reads, what specifications read and write
 * exec.c     commands that specifications run
 * spec.h     what the files for Spec.tla share
 */
#ifndef APP_CHECK_CHECK_H
#define APP_CHECK_CHECK_H

#include "common/app.h"

#include <nw/explore.h>
#include <nw/graph.h>
#include <nw/model.h>
#include <nw/topo.h>
#include <nw/walk.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_NAME "check"

/* TLC's codes; APP_FAILED is any search that did not see everything. */
enum {
	CHECK_ASSUMPTION = 10, /* and postconditions */
	CHECK_DEADLOCK = 11,
	CHECK_VIOLATION = 12,
	CHECK_LIVENESS = 13, /* and other properties */
	CHECK_ASSERT = 14,
	CHECK_SPEC_EVAL = 75,
	CHECK_SAFETY_EVAL = 76,
	CHECK_PARSE = 150,
	CHECK_CONFIG = 151,
	CHECK_SYSTEM = 153,
	CHECK_ENDLESS = 255 /* recursion without end */
};

enum {
	CHECK_PARAMETERS_MAX = 16,
	CHECK_FOLDERS_MAX = 64,
	CHECK_DUMPS_MAX = 4,
	CHECK_SUPPRESSED_MAX = 64
};

/* How a counterexample is written: as an object, as a module with a record or with a sequence, in
 * TLC's binary form. */
enum check_dump_format { CHECK_DUMP_JSON, CHECK_DUMP_TLA, CHECK_DUMP_PLAIN, CHECK_DUMP_TLC };

struct check_dump {
	const char *path;
	enum check_dump_format format;
};

/* Random walks instead of a search. */
struct check_walks {
	bool is_wanted;
	bool is_generated; /* TLC's -generate: the same walks, by the other name */
	bool has_seed, has_depth;
	int64_t seed;
	uint64_t count, first; /* 0: no limit; TLC's aril */
	uint64_t depth;        /* steps; 0: no limit */
	uint64_t stop_after_s; /* 0: no limit */
	const char *file;      /* of each walk, its beginning; NULL: none is written */
};

/* All states, or the graph of them, in a file. */
struct check_graph {
	const char *path; /* NULL: not wanted */
	bool is_dot, has_colors, has_labels, is_strict;
	bool has_excluded; /* states that constraints keep out, too */
	bool has_snapshot; /* the same in FILE_snapshot.dot */
};

/* When the search is written down, and where. */
struct check_checkpoints {
	uint64_t every_ns; /* 0: not by time */
	bool is_off;       /* said to be none at all */
	const char *metadir, *recover;
};

/* Texts are argv's. */
struct check_options {
	const char *model;
	const char *names[CHECK_PARAMETERS_MAX];
	const char *values[CHECK_PARAMETERS_MAX];
	size_t parameter_count;
	const char *topology, *simulate_nodes, *nodes;
	struct nw_explore_options explore; /* without topo, model and nodes */
	uint64_t progress_s;               /* 0: no progress lines */
	bool has_progress;                 /* it was given */
	bool is_json, is_quiet, is_help;
	/* Of a specification. */
	const char *spec, *config;
	const char *folders[CHECK_FOLDERS_MAX];
	uint32_t folder_count;
	struct check_dump dumps[CHECK_DUMPS_MAX];
	uint32_t dump_count;
	bool is_safety, is_diff_trace;
	bool is_tool, no_warnings, allows_exec;
	bool forgives_violations; /* TLC's -continue: they are told, and the exit status is 0 */
	struct check_walks walks;
	struct check_graph graph;
	struct check_checkpoints checkpoints;
	uint32_t suppressed[CHECK_SUPPRESSED_MAX]; /* codes of messages that are not said */
	uint32_t suppressed_count;
	const char *print_path; /* where to what is printed goes; NULL: stdout */
	bool writes_trace_spec;
	const char *trace_spec_place; /* a folder or a file; NULL: beside the specification */
	bool is_explained;            /* how actions are evaluated, instead of a search */
	bool has_coverage;
	uint64_t coverage_min; /* between two reports of it */
	uint32_t fp;           /* of -fp: told in the first line, chooses nothing */
};

struct check_spec;
struct check_say;
struct check_result;

struct check_model {
	const struct nw_model *model;
	void *library; /* of dlopen(), or NULL: built in */
	void *data;    /* of configure() */
	bool is_configured;
};

/* Of one run; texts are its own. */
struct check_checkpoint {
	char *folder;  /* NULL: none are written */
	char *above;   /* that it is in, and that goes when it is empty; NULL: it stays */
	char *recover; /* NULL: the search begins */
	char *about;   /* what has to be the same when it goes on */
	/* While the search runs. */
	uint64_t due_ns, done_count;
	bool is_asked, has_said_so;
};

/* Of the violations that random walks went on after: the main thread's. */
struct check_told_walks {
	uint64_t first_idx; /* the lowest of their walks */
	int first_code;     /* the exit status that it makes; 0: there is none */
	json_t *list;       /* with --json; NULL: none so far */
};

/* One run. Invariant: what is NULL was not made, so that tearing down works from any point. */
struct check {
	const struct check_options *options;
	struct check_model model;
	struct check_spec *spec; /* NULL: a native model */
	struct check_say *say;   /* likewise */
	struct nw_topo *topo;
	uint32_t *node_idxs;
	uint32_t node_idx_count;
	struct nw_explore *explore;
	struct check_checkpoint checkpoint;
	struct nw_walk *walk;                    /* instead of explore */
	const struct nw_explore_violation *told; /* of many: whose trace it is now; else NULL */
	atomic_bool has_write_failed;            /* of a walk's file */
	struct nw_graph *graph;                  /* what the search goes through, or NULL */
	struct check_watch *watch;               /* while it runs */
	struct check_told_walks walks;
};

/* Text of a state, cut at NW_PRINT_BYTES_MAX; lent until the next call. One thread. */
struct check_printer {
	const struct nw_model *model;
	void *context;
	char text[NW_PRINT_BYTES_MAX];
};

/* All return APP_OK, or the exit code after having said why. */
int check_options_parse(struct check_options *ret_options, int argc, char **argv);
/* What goes with what; after all words are read. */
int check_options_fit(const struct check_options *options);
int check_help(void);
int check_model_load(struct check_model *ret_model, const struct check_options *options);
void check_model_unload(struct check_model *model);
int check_model_list(void);
int check_report_text(const struct check *check, const struct nw_explore_report *report);
/* result: of a specification, or NULL; without a search the report is all zero. */
int check_report_json(const struct check *check, const struct nw_explore_report *report,
		      const struct check_result *result);

/* --simulate and its words: `given` behind an equal sign, or NULL: the next word, if it is of that
 * form. */
int check_add_walks(struct check_options *options, char *given, char ***inout_next);

/* -dump; format: "dot" and words behind it, or NULL. It is cut in pieces. */
int check_add_graph(struct check_options *options, char *format, const char *path);
/* --dump: FILE, or dot,WORDS:FILE, as check_add_walks() has it. */
int check_add_own_graph(struct check_options *options, char *given, char ***inout_next);

/* degree.c, after a search. */
void check_degree_say(const struct check *check, const struct nw_explore_report *report);
/* null: not known. */
json_t *check_degree_json(const struct check *check, const struct nw_explore_report *report);

/* graph.c, graph_excluded.c */
/* Write what the search has seen; where nothing is wanted, nothing. */
int check_graph_write(const struct check *check);

/* walks.c */
/* 0 or as nw_walk_create(). */
int check_walks_create(struct check *check, struct nw_diag *diag);
/* One line on stderr, or a message. */
void check_walks_progress(const struct check *check);
int check_walks_report(const struct check *check);
/* What a search has no figures for; null: it is one. */
json_t *check_walks_json(const struct check *check);

/* A word of TLC's with one dash, given how the next ones follow: false: it is none. Sets *ret_code
 * as above. */
bool check_tlc_option(struct check_options *options, const char *word, char ***inout_next,
		      int *ret_code);
/* The option of that name without its dashes, value NULL where it takes none. */
int check_set_option(struct check_options *options, const char *name, const char *value);
int check_add_folder(struct check_options *options, const char *folder);
int check_add_suppressed(struct check_options *options, const char *codes);
int check_add_dump(struct check_options *options, const char *format, const char *path);

/* machine.c: APP_OK, or the exit code after having said why. */
int check_machine_open(struct check *check);
uint32_t check_machine_workers(const struct check *check);

/* watch.c */
/* Runs what was set up, to its end. Likewise. */
int check_watch(struct check *check);
void check_stop(const struct check *check);
/* On a worker: the main thread tells of a violation meanwhile. */
void check_watch_tell(const struct check *check, const struct nw_walk_path *path, const char *name);

struct nw_stats;

/* segment.c: the numbers for other programs. */
struct check_segment {
	struct nw_stats *stats; /* NULL: there are none; then the calls below do nothing */
	uint64_t checkpoint_count, violation_count; /* that were noted */
};

/* Of what was set up. Where there can be none, that is said. */
void check_segment_open(struct check_segment *ret_segment, const struct check *check);
void check_segment_write(const struct check *check, struct check_segment *segment);
void check_segment_note(struct check_segment *segment, const char *text);
void check_segment_close(struct check_segment *segment);

/* checkpoint.c */
/* APP_OK, or the exit code after having said why. */
int check_checkpoint_prepare(struct check *check);
bool check_checkpoint_is_on(const struct check *check);
void check_checkpoint_ask(const struct check *check, struct nw_explore_options *explore);
/* Tells what the search goes on from. */
void check_checkpoint_recovered(struct check *check);
/* Asks for one when it is time; tells what came of the last one. */
void check_checkpoint_tick(struct check *check, uint64_t now_ns);
void check_checkpoint_conclude(struct check *check, const struct nw_explore_report *report);
void check_checkpoint_free(struct check *check);
json_t *check_checkpoint_json(const struct check *check, const struct nw_explore_report *report);

/* violations.c: those that the search went on after. */
/* A run whose trace is that of one of them. */
struct check check_told(const struct check *check, const struct nw_explore_violation *violation);
void check_violations_say(const struct check *check);
/* Tells of one of a walk, or keeps it for the report. */
void check_violation_of_walk(struct check *check, uint64_t walk_idx,
			     const struct nw_explore_violation *violation);
/* json.c: a violation as the report has it. */
json_t *check_violation_json(const struct check *check,
			     const struct nw_explore_violation *violation);
int check_violations_print(const struct check *check);
/* The exit status that they make of one that is 0. */
int check_violations_code(const struct check *check, const struct nw_explore_report *report);

/* Parts of the report of a native model. */
void check_print_model(const struct check *check);
int check_print_trace(const struct check *check);
/* States one after the other as STATE_1 == ..., each below the action that led there. Any thread.
 */
void check_steps_write(const struct check *check, const struct nw_explore_step *steps,
		       size_t step_count, FILE *out);

/* One line on stderr; *inout_last is the report that the line before was made of. */
void check_progress(const struct nw_explore *explore, struct nw_explore_report *inout_last);

/* A printer for the trace, or NULL: no memory. */
struct check_printer *check_printer_open(const struct check *check);
void check_printer_close(struct check_printer *printer);
const char *check_printer_text(struct check_printer *printer, const struct nw_explore_step *step);

/* Levels of the search; the caller frees *ret_levels, which is NULL when there are none. */
int check_levels(const struct check *check, uint64_t **ret_levels, uint32_t *ret_count);
/* The sum over the workers of a node, and how many they are. */
uint32_t check_node_counts(const struct check *check, uint32_t worker_count, uint32_t node_idx,
			   struct nw_explore_counts *ret_counts);
/* The trace of the search or of the walks: as nw_explore_trace(), nw_walk_trace(). */
int check_steps(const struct check *check, const struct nw_explore_step **ret_steps,
		size_t *ret_step_count);
/* Why it gave none. */
const char *check_no_trace(int rc);
double check_local_percent(const struct nw_explore_counts *counts);

/* Whether the words ask for --parse; run it. */
bool check_is_parse(char **argv);
int check_parse(char **argv);

struct tla_sources;
/* All errors on stderr, one a line. */
void check_say_errors(const struct tla_sources *sources);

struct check_file;

/* Texts of files, for struct tla_reader; zeroed before, freed after. */
struct check_files {
	struct check_file *first;
};

int check_files_read(void *files, const char *path, const char **ret_text, size_t *ret_bytes);
void check_files_free(struct check_files *files);

struct tla_ended;

/* Of struct tla_files: what specifications read, write and run. */
int check_file_read(void *context, const char *path, char **ret_text, size_t *ret_bytes);
int check_file_write(void *context, const char *path, const char *text, size_t n_bytes,
		     unsigned how);
/* exec.c: words ended by NULL; names and values that the environment gets, in turn, likewise. */
int check_run_command(void *context, char *const *words, char *const *additions,
		      struct tla_ended *ret_ended);

#endif /* APP_CHECK_CHECK_H */
