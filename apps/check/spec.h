/* SPDX-License-Identifier: MIT */
/*
 * What the files of `nodewise check Spec.tla` share.
 *
 * say.h     messages: what is said, and in which form
 * front.c   what -tool says of files and their errors
 * spec.c    loads a specification; assumptions, postconditions
 * ask.c     what it prints, asks, sets
 * ask_spec.c  what it asks of itself
 * result.c  what came of it: verdict, exit code, the sentence that TLC has for it
 * explain.c how actions are evaluated
 * coverage.c  what was evaluated how often
 * trace.h   counterexamples
 * trace.c   as text
 * graph.h   what --dump writes: graph.c, graph_excluded.c
 * dump.c    as JSON, as TLA+, as values
 * trace_spec.c  as a specification
 * layout.c  values over several lines
 */
#ifndef APP_CHECK_SPEC_H
#define APP_CHECK_SPEC_H

#include "check/check.h"
#include "check/say.h"

#include "tla/model/coverage.h"
#include "tla/model/move.h"
#include "tla/model/resume.h"
#include "tla/model/retrace.h"
#include "tla/model/search.h"

#include <pthread.h>
#include <stdatomic.h>

/* How it came out. */
enum check_verdict {
	CHECK_HOLDS,
	CHECK_NOTHING, /* no behaviour to explore; the assumptions hold */
	CHECK_ASSUMPTION_FALSE,
	CHECK_POSTCONDITION_FALSE,
	CHECK_NO_SUCCESSOR,
	CHECK_INVARIANT_FALSE,
	CHECK_ACTION_FALSE,  /* a property of steps */
	CHECK_INITIAL_FALSE, /* a property of initial states */
	CHECK_CANNOT_EVALUATE,
	CHECK_INCOMPLETE, /* interrupted, no memory, too deep */
	CHECK_BROKEN,     /* the engine or the model: a bug */
};

enum { CHECK_SENTENCE_BYTES = 8192 };

struct check_result {
	enum check_verdict verdict;
	enum check_code says; /* the message that tells it */
	int code;
	const char *name; /* of the invariant, property, assumption, postcondition; or NULL */
	const struct tla_search_error *error; /* of an evaluation, or NULL */
	char sentence[CHECK_SENTENCE_BYTES];  /* without "Error: ", one line or more */
};

/* Invariant: what is NULL was not made. */
struct check_spec {
	const struct check_options *options;
	struct check_say *say;
	struct check_files files;
	char *config_path;
	struct tla_model *model;
	struct tla_runner *runner; /* the main thread's */
	struct tla_search search;
	bool has_search;
	struct nw_explore *explore; /* lent, while there is one */
	struct nw_walk *walk;       /* likewise */
	uint32_t worker_count;
	uint32_t last_level;              /* of the state that ended the search; 0: none did */
	uint64_t initial_count;           /* initial states, once they are found */
	atomic_bool has_exit;             /* TLCSet("exit", TRUE) */
	tla_value counterexample;         /* for postconditions; stored; TLA_NONE: there is none */
	const struct tla_action *actions; /* where TLCGet("spec") may be asked for */
	uint32_t action_count;
	/* The trace of what ended the search, or of the violation that is told: the first steps of
	 * it are what Trace is for the main thread. */
	const struct nw_explore_step *path_steps;
	size_t path_count;
	struct tla_retrace *retrace; /* of the trace `retraced`: its values as they are printed */
	const struct nw_explore_step *retraced;
	struct tla_search_error error; /* of what the runner evaluated */
	/* The step behind the trace of gap_steps that is not whole, of tla_move_gap(); or NULL. */
	tla_value *gap;
	struct tla_move gap_move;
	const struct nw_explore_step *gap_steps;
	uint64_t memory_bytes_max; /* of the process */
	bool is_out_of_memory;
	uint64_t *coverage; /* sums of counts when the search was over; NULL: none */
};

/* All that return int: APP_OK, or the exit code after having said why. */

/* Load; say what is wrong with it. */
int check_spec_open(struct check_spec **ret_spec, const struct check_options *options,
		    struct check_say *say, uint32_t worker_count);
void check_spec_close(struct check_spec *spec);
bool check_spec_has_behaviour(const struct check_spec *spec);
/* Find an assumption that does not hold. */
void check_spec_assume(struct check_spec *spec, struct check_result *ret_result);
/* Prepare the search; *ret_model is lent. */
int check_spec_search(struct check_spec *spec, struct check_model *ret_model);
/* Whether the process has more memory than it may. */
bool check_spec_is_full(struct check_spec *spec);
/* After a search: what came of it, postconditions included. The report's depth becomes TLC's. */
void check_spec_conclude(struct check_spec *spec, const struct check *check,
			 struct nw_explore_report *report, struct check_result *ret_result);
/* Postconditions after a violation: they are told, and change no result. */
void check_spec_after(struct check_spec *spec, const struct check *check,
		      const struct check_result *result);
/* The message of a result, with the state that it is about where it ends with a colon. */
void check_say_verdict(const struct check *check, const struct check_result *result);
int check_spec_report(const struct check *check, const struct nw_explore_report *report,
		      const struct check_result *result);

int check_spec_report_walks(const struct check *check, const struct nw_walk_report *walks,
			    const struct nw_explore_report *report,
			    const struct check_result *result);

/* walks.c: what TLCGet("config") says of walks. */
void check_walks_connect(const struct check_options *options, struct tla_world *world);

/* ask.c: the main thread's evaluator, and those of the search, ask and tell. */
void check_ask_connect(struct check_spec *spec);
void check_ask_connect_search(struct check_spec *spec);
/* Before workers run. */
void check_ask_prepare(struct check_spec *spec);
/* Values on the heap of eval; TLA_NONE: failed. */
tla_value check_action_value(const struct check_spec *spec, struct tla_eval *eval, tla_sym name,
			     struct tla_span span);

/* front.c: after loading, with -tool only. */
void check_front_say(struct check_spec *spec);

/* result.c */
void check_result_of_search(struct check_spec *spec, const struct check *check,
			    const struct nw_explore_report *report,
			    struct check_result *ret_result);
/* Of the invariant or property of that name, with the trace of check_steps(). */
void check_result_of_violation(struct check_spec *spec, const struct check *check, const char *name,
			       struct check_result *ret_result);
/* Assumptions that hold, and nothing to explore. */
void check_result_of_nothing(struct check_result *ret_result);
void check_result_of_formula(struct check_spec *spec, const struct tla_formula *formula,
			     enum tla_verdict verdict, bool is_assumption,
			     struct check_result *ret_result);
/* "line 5, col 8 to line 7, col 86 of module M" in buf; returns buf. */
char *check_span(const struct check_spec *spec, struct tla_span span, char *buf, size_t buf_bytes);
/* The name of the module that a place is in; lent until the next call. One thread. */
const char *check_module_of(const struct tla_file *file, char *buf, size_t buf_bytes);
const char *check_name(const struct check_spec *spec, tla_sym name);

/* explain.c: the whole report of --explain. */
int check_explain(struct check_spec *spec);

/* coverage.c, with --coverage */
/* {"module", "line", "column", "end_line", "end_column"}; NULL: no memory. */
json_t *check_place_json(const struct check_spec *spec, struct tla_span span);

/* Keep what was counted, when the search is over. */
void check_coverage_keep(struct check_spec *spec);
/* Tell what was counted so far; is_over: what was kept. */
void check_coverage_say(struct check_spec *spec, bool is_over);
/* null without counts; NULL: no memory. */
json_t *check_coverage_json(struct check_spec *spec);

/* trace.c, dump.c */
/* As check_steps(); from then on Trace is that path for the main thread. */
int check_trace_path(struct check_spec *spec, const struct check *check,
		     const struct nw_explore_step **ret_steps, size_t *ret_step_count);
void check_trace_say(struct check_spec *spec, const struct check *check);
/* The variables of one state. */
void check_state_write(const struct check_spec *spec, const struct nw_explore_step *step,
		       FILE *out);
/* What is shown of a state by itself: its alias, where that needs no other state, or its variables;
 * before NULL: all of them, else with -difftrace those that differ. */
void check_state_show(struct check_spec *spec, const struct nw_explore_step *step,
		      const struct nw_explore_step *before, uint32_t level, FILE *out);
/* As check_steps_write(). */
void check_trace_write(const struct check_spec *spec, const struct nw_explore_step *steps,
		       size_t step_count, FILE *out);
/* The last state of the trace alone, as a part of a message; NULL: nowhere. */
void check_trace_last(struct check_spec *spec, const struct check *check, FILE *out);
/* trace_spec.c: a specification of the trace, where one is asked for. */
int check_trace_spec_write(struct check_spec *spec, const struct check *check);
int check_trace_dump(struct check_spec *spec, const struct check *check);
/* The trace as CounterExample has it; stored. TLA_NONE: there is none. */
tla_value check_trace_value(struct check_spec *spec, const struct check *check);
json_t *check_trace_json(struct check_spec *spec, const struct check *check);

/* A value, broken over lines where it is long. */
void check_layout(FILE *out, const char *value);
/* Text of a value; the caller frees it. NULL: no memory. */
char *check_value_text(const struct check_spec *spec, tla_value v);

#endif /* APP_CHECK_SPEC_H */
