/* SPDX-License-Identifier: MIT */
/*
 * A graph as a file describes it, whatever its form.
 *
 * tree.c     YAML, JSON -> a tree with lines
 * units.c    words -> durations, amounts
 * native.c   the tree -> tasks: our own form
 * foreign.c  WfCommons instances and STG files -> tasks
 * file.c     reads a file; checks tasks as a whole: ids, dependencies, cycles
 *
 * Invariant: of a file that was read, needs[].task_idx, class_idx, cap_idx are positions that are
 * there, and order[] names every task after those it needs.
 */
#ifndef APP_DAG_FILE_H
#define APP_DAG_FILE_H

#include "common/tree.h"

#include <nw/caps.h>
#include <nw/resource.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAG_NAME "dag" /* in messages */

enum { DAG_NONE = -1 };

/* A name that another part of the file gives a meaning to. */
struct dag_name {
	const char *text; /* NULL: none */
	uint32_t line;
};

struct dag_need {
	struct dag_name name;
	uint32_t task_idx;
};

struct dag_task {
	const char *id;
	uint32_t line;
	const char *command; /* for sh -c; NULL: none, it can only be simulated */
	const char *dir;     /* NULL: where nodewise was started */
	const char **env;    /* [env_count], "NAME=value" */
	uint32_t env_count;
	const char **inputs; /* [input_count] paths whose change makes an earlier result stale */
	uint32_t input_count;
	struct dag_need *needs; /* [need_count] */
	uint32_t need_count;

	struct nw_resource resources;
	bool has_cpu;    /* its cpu was given */
	int32_t node_id; /* the kernel's; DAG_NONE */
	bool is_strict;
	uint32_t node_line;
	int32_t priority;
	struct dag_name class_name;
	uint32_t class_idx;
	struct dag_name cap_name;
	int32_t cap_idx; /* DAG_NONE */
	uint32_t cap_rights;
	struct dag_name revokes;
	int32_t revokes_idx; /* DAG_NONE */

	uint32_t retry_max;
	uint64_t retry_wait_ns, timeout_ns;
	uint64_t duration_ns; /* as the file says, if has_duration */
	bool has_duration;

	uint64_t print; /* of what it does, and of all that it needs */
};

struct dag_class_spec {
	const char *name;
	uint32_t line, weight;
	struct nw_resource quota; /* UINT64_MAX: no limit */
	uint64_t start_per_s, start_burst;
};

struct dag_cap_spec {
	const char *name;
	uint32_t line;
	enum nw_cap_type type;
	uint32_t rights;
	struct dag_name from; /* NULL: a root */
	int32_t from_idx;     /* DAG_NONE; else before this one */
	uint32_t below_count; /* made of it, and of those, ... */
};

struct dag_file {
	struct app_pool pool;
	const char *path;
	const char *form; /* "nodewise", "WfFormat", "STG" */
	const char *name;
	struct nw_resource limits; /* of the whole graph; UINT64_MAX: none */
	struct dag_task *tasks;
	uint32_t task_count;
	uint32_t *order; /* [task_count] */
	uint32_t *by_id; /* [task_count] positions in tasks, by id */
	struct dag_class_spec *classes;
	uint32_t class_count; /* at least 1 */
	struct dag_cap_spec *caps;
	uint32_t cap_count;
	uint32_t bad_count; /* lines said so far */
};

/* Reads and checks. APP_OK, or the exit code after having said all that is wrong. */
int dag_file_read(struct dag_file *ret_file, const char *path);
void dag_file_free(struct dag_file *file);
/* Keeps the named tasks and what they need. APP_OK, or the exit code after having said why. */
int dag_file_select(struct dag_file *file, char *const *ids, int id_count);
/* The position of a task; DAG_NONE. */
int64_t dag_file_find(const struct dag_file *file, const char *id);

/* "<path>:<line>: <text>" as a message, of which at most some twenty are said; counts it. */
void dag_file_bad(struct dag_file *file, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A name that can be a folder's: other characters become '_', 64 of them at most. NULL: no memory.
 */
const char *dag_file_clean_name(struct dag_file *file, const char *text, size_t n_bytes);

/* These fill tasks, classes, caps; what is wrong is said and counted. 0, or -ENOMEM. */
int dag_native_read(struct dag_file *file, const struct app_tree *tree);
int dag_wfformat_read(struct dag_file *file, const struct app_tree *tree);
int dag_stg_read(struct dag_file *file, const char *text, size_t n_bytes);

/* Words of people; false and *ret untouched where they mean nothing. */
bool dag_parse_amount(enum nw_resource_dim dim, const char *text, uint64_t *ret_amount);
/* What dag_parse_amount() takes for a dimension, in words. */
const char *dag_amount_words(enum nw_resource_dim dim);
bool dag_parse_seconds(const char *text, uint64_t *ret_ns); /* also "1.2e3"; below 10^9 */

#endif /* APP_DAG_FILE_H */
