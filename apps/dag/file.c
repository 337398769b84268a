/* SPDX-License-Identifier: MIT */
/*
 * Reads a file of any form, and looks at its tasks as a whole: ids once, dependencies there, no
 * cycle, names of classes and capabilities known.
 * Invariant: what is wrong is said with its line, all of it, up to BAD_MAX lines.
 */
#include "dag/file.h"

#include "common/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { BAD_MAX = 20, NAME_MAX_BYTES = 64, PATH_TEXT = 400 };
enum { FILE_BYTES_MAX = 256 << 20 };

void dag_file_bad(struct dag_file *file, uint32_t line, const char *format, ...)
{
	char text[PATH_TEXT];
	va_list args;

	if (file->bad_count++ > BAD_MAX)
		return;
	if (file->bad_count > BAD_MAX) {
		(void)app_bad(DAG_NAME, "%s: more is wrong; mend this first", file->path);
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)app_bad(DAG_NAME, "%s:%u: %s", file->path, (unsigned)line, text);
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

const char *dag_file_clean_name(struct dag_file *file, const char *text, size_t n_bytes)
{
	size_t length = n_bytes > NAME_MAX_BYTES ? NAME_MAX_BYTES : n_bytes;
	char *name = app_pool_text(&file->pool, length > 0 ? text : "graph",
				   length > 0 ? length : 5);

	for (char *c = name; c && *c; c++)
		if (!is_name_char(*c) || (c == name && *c == '.'))
			*c = '_';
	return name;
}

/* ---- the tree ---- */

static const char *name_of_path(struct dag_file *file)
{
	const char *slash = strrchr(file->path, '/'), *base = slash ? slash + 1 : file->path, *dot;

	if (strcmp(base, "-") == 0)
		base = "stdin";
	dot = strrchr(base, '.');
	return dag_file_clean_name(file, base,
				   dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static int read_tree(struct dag_file *file, const char *text, size_t n_bytes)
{
	struct app_fault fault = { 0 };
	struct app_tree *tree;
	int rc = app_tree_read(&file->pool, text, n_bytes, app_has_suffix(file->path, ".json"),
			       &tree, &fault);

	if (rc == -EINVAL)
		dag_file_bad(file, fault.line, "%s", fault.text);
	if (rc < 0)
		return rc == -EINVAL ? 0 : rc;
	return app_tree_get(tree, "workflow") ? dag_wfformat_read(file, tree)
					      : dag_native_read(file, tree);
}

/* ---- ids ---- */

static int compare_ids(const void *a, const void *b, void *arg)
{
	const struct dag_task *tasks = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(tasks[i].id, tasks[j].id);

	return order != 0 ? order : (i > j) - (i < j);
}

static int index_ids(struct dag_file *file)
{
	file->by_id = app_pool_array(&file->pool, file->task_count, sizeof(*file->by_id));
	if (!file->by_id)
		return -ENOMEM;
	for (uint32_t i = 0; i < file->task_count; i++)
		file->by_id[i] = i;
	qsort_r(file->by_id, file->task_count, sizeof(*file->by_id), compare_ids, file->tasks);
	for (uint32_t i = 1; i < file->task_count; i++) {
		const struct dag_task *first = &file->tasks[file->by_id[i - 1]];
		const struct dag_task *again = &file->tasks[file->by_id[i]];

		if (strcmp(first->id, again->id) == 0)
			dag_file_bad(file, again->line,
				     "task '%s' is there already, at line %u; rename one of them",
				     again->id, (unsigned)first->line);
	}
	return 0;
}

int64_t dag_file_find(const struct dag_file *file, const char *id)
{
	uint32_t low = 0, high = file->task_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(id, file->tasks[file->by_id[middle]].id);

		if (order == 0)
			return file->by_id[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return DAG_NONE;
}

/* A need told twice, as by both ends of an edge, is one; stamps[] tells which this task has had. */
static void resolve_needs(struct dag_file *file, struct dag_task *task, uint32_t *stamps)
{
	uint32_t count = 0, stamp = (uint32_t)(task - file->tasks) + 1;

	for (uint32_t i = 0; i < task->need_count; i++) {
		struct dag_need need = task->needs[i];
		int64_t idx = dag_file_find(file, need.name.text);

		if (idx == DAG_NONE) {
			dag_file_bad(file, need.name.line,
				     "task '%s' needs '%s', which is not there; add it or mend "
				     "the name",
				     task->id, need.name.text);
			continue;
		}
		need.task_idx = (uint32_t)idx;
		if (stamps[idx] != stamp)
			task->needs[count++] = need;
		stamps[idx] = stamp;
	}
	task->need_count = count;
}

/* ---- classes and capabilities ---- */

static void resolve_class(struct dag_file *file, struct dag_task *task)
{
	if (!task->class_name.text)
		return;
	for (uint32_t i = 0; i < file->class_count; i++) {
		if (strcmp(file->classes[i].name, task->class_name.text) == 0) {
			task->class_idx = i;
			return;
		}
	}
	dag_file_bad(file, task->class_name.line,
		     "task '%s' is of class '%s', which is not under 'classes'; add it there",
		     task->id, task->class_name.text);
}

static int32_t find_cap(const struct dag_file *file, const char *name, uint32_t before)
{
	for (uint32_t i = 0; i < before; i++)
		if (strcmp(file->caps[i].name, name) == 0)
			return (int32_t)i;
	return DAG_NONE;
}

static int32_t resolve_cap(struct dag_file *file, const struct dag_task *task,
			   const struct dag_name *name)
{
	int32_t idx = name->text ? find_cap(file, name->text, file->cap_count) : DAG_NONE;

	if (name->text && idx == DAG_NONE)
		dag_file_bad(file, name->line,
			     "task '%s' names capability '%s', which is not under 'capabilities'; "
			     "add it there",
			     task->id, name->text);
	return idx;
}

static void resolve_task(struct dag_file *file, struct dag_task *task, uint32_t *stamps)
{
	resolve_needs(file, task, stamps);
	resolve_class(file, task);
	task->cap_idx = resolve_cap(file, task, &task->cap_name);
	task->revokes_idx = resolve_cap(file, task, &task->revokes);
	if (task->cap_idx != DAG_NONE &&
	    (task->cap_rights & ~file->caps[task->cap_idx].rights) != 0)
		dag_file_bad(file, task->cap_name.line,
			     "task '%s' needs a right that capability '%s' does not have; give it "
			     "there or take it out of 'rights'",
			     task->id, task->cap_name.text);
}

static void check_caps(struct dag_file *file)
{
	for (uint32_t i = 0; i < file->cap_count; i++) {
		struct dag_cap_spec *cap = &file->caps[i];
		int32_t from = cap->from.text ? find_cap(file, cap->from.text, i) : DAG_NONE;

		cap->from_idx = from;
		if (cap->from.text && from == DAG_NONE)
			dag_file_bad(file, cap->from.line,
				     "capability '%s' is made from '%s', which does not stand "
				     "above it",
				     cap->name, cap->from.text);
		else if (from != DAG_NONE && !(file->caps[from].rights & NW_CAP_DERIVE))
			dag_file_bad(file, cap->from.line,
				     "capability '%s' is made from '%s', which lacks the right "
				     "'derive'; give it there",
				     cap->name, cap->from.text);
		else if (from != DAG_NONE && (cap->rights & ~file->caps[from].rights) != 0)
			dag_file_bad(file, cap->line,
				     "capability '%s' has a right that '%s', which it is made "
				     "from, does not have",
				     cap->name, cap->from.text);
	}
	for (uint32_t i = file->cap_count; i-- > 0;)
		if (file->caps[i].from_idx != DAG_NONE)
			file->caps[file->caps[i].from_idx]
				.below_count += file->caps[i].below_count + 1;
}

/* ---- order ---- */

struct visit {
	uint32_t task_idx, next_need;
};

/* The cycle is the top of the stack, from the task met again upwards. */
static void say_cycle(struct dag_file *file, const struct visit *stack, size_t depth,
		      uint32_t again_idx)
{
	const struct dag_task *again = &file->tasks[again_idx];
	char text[PATH_TEXT - 100] = "";
	size_t from = depth, used = 0;

	while (stack[from - 1].task_idx != again_idx)
		from--;
	for (size_t i = from - 1; i < depth && used < sizeof(text); i++) {
		const struct dag_task *task = &file->tasks[stack[i].task_idx];

		if (used > sizeof(text) * 3 / 4 && i + 1 < depth) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "... -> ");
			i = depth - 2;
			continue;
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.60s (line %u) -> ",
					 task->id, (unsigned)task->line);
	}
	dag_file_bad(file, again->line,
		     "tasks that need each other in a circle: %s%.60s; take out one of these "
		     "needs",
		     text, again->id);
}

enum mark { UNSEEN, OPEN, CLOSED };

/* Everything that can be reached by needs from root and has no place yet gets one. */
static bool visit_from(struct dag_file *file, uint32_t root, uint8_t *marks, struct visit *stack,
		       uint32_t *inout_count)
{
	size_t depth = 0;

	stack[depth++] = (struct visit){ root, 0 };
	marks[root] = OPEN;
	while (depth > 0) {
		struct visit *top = &stack[depth - 1];
		const struct dag_task *task = &file->tasks[top->task_idx];
		uint32_t need;

		if (top->next_need == task->need_count) {
			marks[top->task_idx] = CLOSED;
			file->order[(*inout_count)++] = top->task_idx;
			depth--;
			continue;
		}
		need = task->needs[top->next_need++].task_idx;
		if (marks[need] == OPEN) {
			say_cycle(file, stack, depth, need);
			return false;
		}
		if (marks[need] == UNSEEN) {
			marks[need] = OPEN;
			stack[depth++] = (struct visit){ need, 0 };
		}
	}
	return true;
}

static int put_in_order(struct dag_file *file)
{
	uint8_t *marks = calloc(file->task_count, 1);
	struct visit *stack = calloc(file->task_count, sizeof(*stack));
	uint32_t count = 0;
	int rc = 0;

	file->order = app_pool_array(&file->pool, file->task_count, sizeof(*file->order));
	if (!marks || !stack || !file->order)
		rc = -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < file->task_count; i++)
		if (marks[i] == UNSEEN && !visit_from(file, i, marks, stack, &count))
			break;
	free(marks);
	free(stack);
	return rc;
}

/* ---- what a task does, as a number ---- */

static void add_text(XXH3_state_t *state, const char *text)
{
	(void)XXH3_64bits_update(state, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void print_task(struct dag_file *file, XXH3_state_t *state, struct dag_task *task)
{
	(void)XXH3_64bits_reset(state);
	add_text(state, task->command);
	add_text(state, task->dir);
	for (uint32_t i = 0; i < task->env_count; i++)
		add_text(state, task->env[i]);
	add_text(state, "inputs");
	for (uint32_t i = 0; i < task->input_count; i++)
		add_text(state, task->inputs[i]);
	add_text(state, "needs");
	for (uint32_t i = 0; i < task->need_count; i++)
		(void)XXH3_64bits_update(state, &file->tasks[task->needs[i].task_idx].print,
					 sizeof(uint64_t));
	task->print = XXH3_64bits_digest(state);
}

static int print_tasks(struct dag_file *file)
{
	XXH3_state_t *state = XXH3_createState();

	if (!state)
		return -ENOMEM;
	for (uint32_t i = 0; i < file->task_count; i++)
		print_task(file, state, &file->tasks[file->order[i]]);
	(void)XXH3_freeState(state);
	return 0;
}

/* ---- all of it ---- */

static int check_whole(struct dag_file *file)
{
	uint32_t *stamps;
	int rc;

	if (file->bad_count > 0)
		return 0;
	if (file->task_count == 0) {
		dag_file_bad(file, 1, "there is no task in it; add one under 'tasks'");
		return 0;
	}
	rc = index_ids(file);
	stamps = app_pool_array(&file->pool, file->task_count, sizeof(*stamps));
	if (rc < 0 || !stamps)
		return -ENOMEM;
	check_caps(file);
	for (uint32_t i = 0; i < file->task_count; i++)
		resolve_task(file, &file->tasks[i], stamps);
	if (file->bad_count > 0)
		return 0;
	rc = put_in_order(file);
	return rc == 0 && file->bad_count == 0 ? print_tasks(file) : rc;
}

static int read_form(struct dag_file *file, const char *text, size_t n_bytes)
{
	int rc;

	file->name = name_of_path(file);
	for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		file->limits.amount[d] = UINT64_MAX;
	file->classes = app_pool_alloc(&file->pool, sizeof(*file->classes));
	if (!file->name || !file->classes)
		return -ENOMEM;
	file->class_count = 1;
	file->classes[0] = (struct dag_class_spec){ .name = "",
						    .weight = 1,
						    .quota = file->limits };
	rc = app_has_suffix(file->path, ".stg") ? dag_stg_read(file, text, n_bytes)
						: read_tree(file, text, n_bytes);
	return rc == 0 ? check_whole(file) : rc;
}

int dag_file_read(struct dag_file *ret_file, const char *path)
{
	struct dag_file file = { .path = path };
	size_t n_bytes = 0;
	char *text = NULL;
	int rc = app_read_file(path, FILE_BYTES_MAX, &text, &n_bytes);

	if (rc < 0)
		return app_bad(DAG_NAME, "%s: %s", path, strerror(-rc));
	rc = read_form(&file, text, n_bytes);
	free(text);
	if (rc == 0 && file.bad_count == 0) {
		*ret_file = file;
		return APP_OK;
	}
	dag_file_free(&file);
	return rc == 0 ? APP_USAGE : app_failed(DAG_NAME, "%s: %s", path, strerror(-rc));
}

void dag_file_free(struct dag_file *file)
{
	app_pool_free(&file->pool);
}

/* ---- a part of it ---- */

/* Moves what is wanted to the front, in the same order, and all that names positions with it. */
static int keep_wanted(struct dag_file *file, const bool *is_wanted)
{
	uint32_t *moved = app_pool_array(&file->pool, file->task_count, sizeof(*moved)), count = 0;

	if (!moved)
		return -ENOMEM;
	for (uint32_t i = 0; i < file->task_count; i++) {
		moved[i] = count;
		if (is_wanted[i])
			file->tasks[count++] = file->tasks[i];
	}
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < file->tasks[i].need_count; k++)
			file->tasks[i].needs[k].task_idx = moved[file->tasks[i].needs[k].task_idx];
	file->task_count = count;
	return index_ids(file) < 0 ? -ENOMEM : put_in_order(file);
}

int dag_file_select(struct dag_file *file, char *const *ids, int id_count)
{
	bool *is_wanted = app_pool_array(&file->pool, file->task_count, sizeof(*is_wanted));

	if (id_count == 0)
		return APP_OK;
	if (!is_wanted)
		return app_failed(DAG_NAME, "no memory");
	for (int i = 0; i < id_count; i++) {
		int64_t idx = dag_file_find(file, ids[i]);

		if (idx == DAG_NONE)
			return app_bad(DAG_NAME,
				       "no task '%s' in %s; nodewise dag show %s lists "
				       "them",
				       ids[i], file->path, file->path);
		is_wanted[idx] = true;
	}
	/* Who needs stands behind what it needs, so one look from the end finds all. */
	for (uint32_t i = file->task_count; i-- > 0;) {
		const struct dag_task *task = &file->tasks[file->order[i]];

		for (uint32_t k = 0; is_wanted[file->order[i]] && k < task->need_count; k++)
			is_wanted[task->needs[k].task_idx] = true;
	}
	return keep_wanted(file, is_wanted) < 0 ? app_failed(DAG_NAME, "no memory") : APP_OK;
}
