/* SPDX-License-Identifier: MIT */
/*
 * Graphs that others wrote: WfCommons instances (WfFormat 1.4 to 1.6, and the flat form before)
 * and STG files.
 *
 * WfFormat keeps the structure (workflow.specification.tasks) apart from what was measured
 * (workflow.execution.tasks: runtime, command, cores, memory), joined by id; before 1.4 both stood
 * in workflow.tasks. A dependency may be told by the child, by the parent, or by both: it counts
 * once.
 *
 * STG (Standard Task Graph Set): the number of tasks, then a line each: id, processing time, number
 * of predecessors, their ids; '#' begins a comment. The number leaves out the two dummy tasks in
 * the set's own files, so lines are read to the end. A unit of time is taken for a second.
 */
#include "dag/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- WfFormat ---- */

/* Sorted by id, to join the two lists. */
struct link {
	const char *id;
	const struct app_tree *tree;
	struct dag_task *task;
};

static int compare_links(const void *a, const void *b)
{
	return strcmp(((const struct link *)a)->id, ((const struct link *)b)->id);
}

static struct link *find_link(struct link *links, size_t count, const char *id)
{
	struct link key = { .id = id };

	return bsearch(&key, links, count, sizeof(*links), compare_links);
}

static const char *text_of(const struct app_tree *tree, const char *key)
{
	const struct app_tree *value = app_tree_get(tree, key);

	return value && value->kind == APP_TREE_TEXT ? value->text : NULL;
}

/* Parents first; room is left for the children's word of it. */
static int read_parents(struct dag_file *file, const struct app_tree *tree, struct dag_task *task,
			uint32_t room)
{
	const struct app_tree *parents = app_tree_get(tree, "parents");

	room += parents ? parents->count : 0;
	task->needs = app_pool_array(&file->pool, room, sizeof(*task->needs));
	if (!task->needs)
		return -ENOMEM;
	for (const struct app_tree *item = parents ? parents->first : NULL; item;
	     item = item->next) {
		if (item->kind != APP_TREE_TEXT) {
			dag_file_bad(file, item->line, "parents is to be a list of ids");
			return 0;
		}
		task->needs[task->need_count++].name = (struct dag_name){ item->text, item->line };
	}
	return 0;
}

/* How many parents name a task as their child. */
static int count_children(struct dag_file *file, struct link *links, uint32_t *counts,
			  const struct app_tree *list)
{
	for (const struct app_tree *tree = list->first; tree; tree = tree->next) {
		const struct app_tree *children = app_tree_get(tree, "children");

		for (const struct app_tree *item = children ? children->first : NULL; item;
		     item = item->next) {
			struct link *child = item->kind == APP_TREE_TEXT
						     ? find_link(links, list->count, item->text)
						     : NULL;

			if (!child)
				dag_file_bad(file, item->line,
					     "a child '%.60s' that is not a task; add it or take "
					     "it out",
					     item->kind == APP_TREE_TEXT ? item->text : "?");
			else
				counts[child->task - file->tasks]++;
		}
	}
	return 0;
}

static void add_children(struct dag_file *file, struct link *links, const struct app_tree *list)
{
	uint32_t n = 0;

	for (const struct app_tree *tree = list->first; tree; tree = tree->next, n++) {
		const struct app_tree *children = app_tree_get(tree, "children");

		for (const struct app_tree *item = children ? children->first : NULL; item;
		     item = item->next) {
			struct dag_task *child = find_link(links, list->count, item->text)->task;
			child->needs[child->need_count++].name = (struct dag_name){
				file->tasks[n].id, item->line
			};
		}
	}
}

static int join_children(struct dag_file *file, struct link *links, const struct app_tree *list)
{
	uint32_t *counts = app_pool_array(&file->pool, list->count, sizeof(*counts)), n = 0;

	if (!counts)
		return -ENOMEM;
	(void)count_children(file, links, counts, list);
	for (const struct app_tree *tree = list->first; tree; tree = tree->next, n++)
		if (read_parents(file, tree, &file->tasks[n], counts[n]) < 0)
			return -ENOMEM;
	if (file->bad_count == 0)
		add_children(file, links, list);
	return 0;
}

/* One word of a shell that stands for the text, whatever is in it. Returns behind its end. */
static char *quote(char *to, const char *text)
{
	*to++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *text;
	}
	*to++ = '\'';
	return to;
}

static int read_command(struct dag_file *file, const struct app_tree *command,
			struct dag_task *task)
{
	const struct app_tree *arguments = app_tree_get(command, "arguments");
	const char *program = text_of(command, "program");
	size_t n_bytes = program ? strlen(program) * 4 + 4 : 0;
	char *text, *end;

	if (!program)
		return 0;
	for (const struct app_tree *item = arguments ? arguments->first : NULL; item;
	     item = item->next)
		n_bytes += item->kind == APP_TREE_TEXT ? strlen(item->text) * 4 + 4 : 0;
	text = app_pool_alloc(&file->pool, n_bytes);
	if (!text)
		return -ENOMEM;
	end = quote(text, program);
	for (const struct app_tree *item = arguments ? arguments->first : NULL; item;
	     item = item->next) {
		if (item->kind != APP_TREE_TEXT)
			continue;
		*end++ = ' ';
		end = quote(end, item->text);
	}
	task->command = text;
	return 0;
}

/* A number that may be a fraction, at least 1, as thousandths; they come from measurements. */
static void read_cores(const struct app_tree *tree, struct dag_task *task)
{
	const char *text = text_of(tree, "coreCount");
	uint64_t ns; /* of "seconds": a CPU is 10^9 */

	if (!text)
		text = text_of(tree, "cores");
	if (!text || !dag_parse_seconds(text, &ns))
		return;
	task->resources.amount[NW_RESOURCE_CPU] = ns / 1000000;
	task->has_cpu = true;
}

static int read_measured(struct dag_file *file, const struct app_tree *tree, struct dag_task *task)
{
	const char *runtime = text_of(tree, "runtimeInSeconds"), *memory;
	const struct app_tree *command = app_tree_get(tree, "command");
	char *end;

	if (!runtime)
		runtime = text_of(tree, "runtime");
	task->has_duration |= runtime != NULL;
	if (runtime && !dag_parse_seconds(runtime, &task->duration_ns))
		dag_file_bad(file, tree->line, "task '%.60s': runtimeInSeconds '%.40s' is no time",
			     task->id, runtime);
	read_cores(tree, task);
	memory = text_of(tree, "memoryInBytes");
	if (memory && *memory >= '0' && *memory <= '9')
		task->resources.amount[NW_RESOURCE_MEMORY] = strtoumax(memory, &end, 10);
	return command ? read_command(file, command, task) : 0;
}

static int join_measured(struct dag_file *file, struct link *links, uint32_t count,
			 const struct app_tree *list)
{
	for (const struct app_tree *tree = list->first; tree; tree = tree->next) {
		const char *id = text_of(tree, "id");
		struct link *link = id ? find_link(links, count, id) : NULL;

		if (!link)
			dag_file_bad(file, tree->line,
				     "an execution of '%.60s', which is not under specification",
				     id ? id : "?");
		else if (read_measured(file, tree, link->task) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_specification(struct dag_file *file, const struct app_tree *list,
			      struct link *links)
{
	for (const struct app_tree *tree = list->first; tree; tree = tree->next) {
		const char *id = text_of(tree, "id");
		struct dag_task *task = &file->tasks[file->task_count];

		if (!id) /* before 1.2 the name was the id */
			id = text_of(tree, "name");
		if (!id || !*id || strlen(id) > 255) {
			dag_file_bad(file, tree->line, "a task without an 'id' of 1 to 255 bytes");
			continue;
		}
		*task = (struct dag_task){ .id = id,
					   .line = tree->line,
					   .node_id = DAG_NONE,
					   .cap_idx = DAG_NONE,
					   .revokes_idx = DAG_NONE };
		links[file->task_count++] = (struct link){ id, tree, task };
		if (read_measured(file, tree, task) < 0)
			return -ENOMEM;
	}
	return 0;
}

int dag_wfformat_read(struct dag_file *file, const struct app_tree *tree)
{
	const struct app_tree *workflow = app_tree_get(tree, "workflow");
	const struct app_tree *spec = app_tree_get(workflow, "specification");
	const struct app_tree *list = app_tree_get(spec ? spec : workflow, "tasks");
	const struct app_tree *measured = app_tree_get(app_tree_get(workflow, "execution"),
						       "tasks");
	const char *name = text_of(tree, "name");
	struct link *links;
	int rc;

	file->form = "WfFormat";
	if (!list || list->kind != APP_TREE_LIST) {
		dag_file_bad(file, workflow->line,
			     "no list workflow.specification.tasks, as WfFormat 1.5 has it");
		return 0;
	}
	if (name)
		file->name = dag_file_clean_name(file, name, strlen(name));
	file->tasks = app_pool_array(&file->pool, list->count, sizeof(*file->tasks));
	links = app_pool_array(&file->pool, list->count, sizeof(*links));
	if (!file->tasks || !links || !file->name)
		return -ENOMEM;
	rc = read_specification(file, list, links);
	if (rc < 0 || file->bad_count > 0)
		return rc;
	qsort(links, file->task_count, sizeof(*links), compare_links);
	rc = join_children(file, links, list);
	if (rc == 0 && measured)
		rc = join_measured(file, links, file->task_count, measured);
	return rc;
}

/* ---- STG ---- */

struct stg {
	struct dag_file *file;
	const char *at, *end;
	uint32_t line;
	uint32_t room;
};

/* The next number of this line; false at its end, or at something else, which is refused. */
static bool next_number(struct stg *stg, uint64_t *ret, bool may_be_fraction)
{
	char word[32] = "";
	size_t length = 0;
	uint64_t ns;
	char *end;

	while (stg->at < stg->end && (*stg->at == ' ' || *stg->at == '\t' || *stg->at == '\r'))
		stg->at++;
	if (stg->at == stg->end || *stg->at == '\n' || *stg->at == '#')
		return false;
	while (stg->at < stg->end && length + 1 < sizeof(word) && !strchr(" \t\r\n#", *stg->at))
		word[length++] = *stg->at++;
	errno = 0;
	*ret = strtoumax(word, &end, 10);
	if (may_be_fraction && dag_parse_seconds(word, &ns)) {
		*ret = ns;
		return true;
	}
	if (!may_be_fraction && *word >= '0' && *word <= '9' && !*end && errno == 0)
		return true;
	dag_file_bad(stg->file, stg->line, "'%s' where an STG file has a number", word);
	return false;
}

static void next_line(struct stg *stg)
{
	const char *newline = memchr(stg->at, '\n', (size_t)(stg->end - stg->at));

	stg->at = newline ? newline + 1 : stg->end;
	stg->line++;
}

static const char *stg_id(struct dag_file *file, uint64_t number)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%" PRIu64, number);

	return app_pool_text(&file->pool, text, (size_t)length);
}

static int stg_task(struct stg *stg, uint64_t id, struct dag_task *task)
{
	uint64_t time = 0, count = 0, before;

	*task = (struct dag_task){ .id = stg_id(stg->file, id),
				   .line = stg->line,
				   .node_id = DAG_NONE,
				   .cap_idx = DAG_NONE,
				   .revokes_idx = DAG_NONE };
	if (!task->id)
		return -ENOMEM;
	if (!next_number(stg, &time, true) || !next_number(stg, &count, false)) {
		if (stg->file->bad_count > 0) /* a word that is no number: that was said */
			return 0;
		dag_file_bad(stg->file, stg->line,
			     "task %s needs a time, a number of predecessors and their ids",
			     task->id);
		return 0;
	}
	/* Each takes two bytes of the file at least. */
	if (count > (uint64_t)(stg->end - stg->at)) {
		dag_file_bad(stg->file, stg->line,
			     "task %s: %" PRIu64 " predecessors, more than "
			     "the file has",
			     task->id, count);
		return 0;
	}
	task->duration_ns = time;
	task->has_duration = true;
	task->needs = app_pool_array(&stg->file->pool, count, sizeof(*task->needs));
	if (!task->needs)
		return -ENOMEM;
	for (; task->need_count < count; task->need_count++) {
		if (!next_number(stg, &before, false)) {
			dag_file_bad(stg->file, stg->line,
				     "task %s: %u predecessors where it says %" PRIu64, task->id,
				     (unsigned)task->need_count, count);
			return 0;
		}
		task->needs[task->need_count].name = (struct dag_name){ stg_id(stg->file, before),
									stg->line };
		if (!task->needs[task->need_count].name.text)
			return -ENOMEM;
	}
	return 0;
}

static int stg_room(struct stg *stg)
{
	struct dag_file *file = stg->file;
	struct dag_task *more;

	if (file->task_count < stg->room)
		return 0;
	stg->room = stg->room * 2 + 64;
	more = app_pool_array(&file->pool, stg->room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	if (file->task_count > 0)
		memcpy(more, file->tasks, file->task_count * sizeof(*more));
	file->tasks = more;
	return 0;
}

int dag_stg_read(struct dag_file *file, const char *text, size_t n_bytes)
{
	struct stg stg = { .file = file, .at = text, .end = text + n_bytes, .line = 1 };
	bool has_count = false;
	uint64_t count = 0, first;
	int rc = 0;

	file->form = "STG";
	for (; rc == 0 && stg.at < stg.end && file->bad_count == 0; next_line(&stg)) {
		if (!next_number(&stg, &first, false))
			continue;
		if (!has_count) {
			has_count = true;
			count = first;
			continue;
		}
		rc = stg_room(&stg);
		if (rc == 0)
			rc = stg_task(&stg, first, &file->tasks[file->task_count++]);
	}
	if (rc == 0 && file->bad_count == 0 && file->task_count != count &&
	    file->task_count != count + 2)
		dag_file_bad(file, stg.line,
			     "%u tasks, but the first line says %" PRIu64 " (dummies not counted)",
			     (unsigned)file->task_count, count);
	return rc;
}
