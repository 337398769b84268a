/* SPDX-License-Identifier: MIT */
/*
 * Our own form of a graph, in YAML or JSON.
 *
 * Each kind of map has a table of its keys. `defaults` is a task that every other begins as a copy
 * of. Invariant: a take function either sets what its key stands for or has said what is wrong.
 */
#include "common/fields.h"
#include "dag/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES_MAX = 255, RETRY_MAX = 1000000, WEIGHT_MAX = 1000000 };

static void say(void *arg, uint32_t line, const char *text)
{
	dag_file_bad(arg, line, "%s", text);
}

static void take_name(struct app_reader *reader, const struct app_tree *tree, struct dag_name *ret)
{
	if (app_take_text(reader, tree, &ret->text))
		ret->line = tree->line;
}

static uint32_t take_rights(struct app_reader *reader, const struct app_tree *tree)
{
	uint32_t count, rights = 0, right;
	const char **names = app_take_texts(reader, tree, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (nw_cap_right_by_name(names[i], &right))
			rights |= right;
		else
			app_reader_bad(reader, tree->line,
				       "%s: no right '%.60s'; there are read, write, exec, grant, "
				       "revoke, derive",
				       reader->what, names[i]);
	}
	return rights;
}

/* ---- resources ---- */

static void take_resources(struct app_reader *reader, const struct app_tree *tree,
			   struct nw_resource *into)
{
	if (tree->kind != APP_TREE_MAP) {
		app_refuse(reader, tree, "a map, as { cpu: 2, memory: 512M }");
		return;
	}
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		enum nw_resource_dim dim;

		if (!nw_resource_by_name(item->key, &dim))
			app_reader_bad(
				reader, item->key_line,
				"%s: no resource '%.60s'; there are cpu, memory, io, network, "
				"gpu, disk, irq, caps",
				reader->what, item->key);
		else if (item->kind != APP_TREE_TEXT ||
			 !dag_parse_amount(dim, item->text, &into->amount[dim]))
			app_refuse(reader, item, dag_amount_words(dim));
	}
}

static struct nw_resource no_limit(void)
{
	struct nw_resource limit;

	for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		limit.amount[d] = UINT64_MAX;
	return limit;
}

/* ---- a task ---- */

static void task_run(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	(void)app_take_text(reader, tree, &task->command);
}

static void task_needs(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;
	const struct app_tree *item = tree->first;
	uint32_t count;
	const char **names = app_take_texts(reader, tree, &count);

	task->needs = app_pool_array(reader->pool, count, sizeof(*task->needs));
	if (!task->needs) {
		reader->is_out_of_memory = true;
		return;
	}
	task->need_count = count;
	for (uint32_t i = 0; i < count; i++) {
		task->needs[i].name = (struct dag_name){ names[i], item ? item->line : tree->line };
		item = item ? item->next : NULL;
	}
}

static void task_resources(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_resources(reader, tree, &task->resources);
	task->has_cpu |= app_tree_get(tree, nw_resource_name(NW_RESOURCE_CPU)) != NULL;
}

static void task_node(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->node_id = (int32_t)app_take_number(reader, tree, NW_NODE_ID_MAX);
	task->node_line = tree->line;
}

static void task_strict(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->is_strict = app_take_bool(reader, tree);
}

static void task_class(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_name(reader, tree, &task->class_name);
}

static void task_priority(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;
	char *end = NULL;
	long priority = 0;

	errno = 0;
	if (tree->kind == APP_TREE_TEXT && *tree->text)
		priority = strtol(tree->text, &end, 10);
	if (!end || *end || errno != 0 || priority < INT32_MIN || priority > INT32_MAX)
		app_refuse(reader, tree, "a whole number; higher goes first");
	else
		task->priority = (int32_t)priority;
}

static void task_retries(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->retry_max = (uint32_t)app_take_number(reader, tree, RETRY_MAX);
}

static void task_retry_wait(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->retry_wait_ns = app_take_duration(reader, tree);
}

static void task_timeout(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->timeout_ns = app_take_duration(reader, tree);
}

static void task_duration(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->duration_ns = app_take_duration(reader, tree);
	task->has_duration = true;
}

static void task_dir(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	(void)app_take_text(reader, tree, &task->dir);
}

static void task_env(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;
	struct app_pool *pool = reader->pool;
	const char **env = app_pool_array(pool, (size_t)tree->count + task->env_count,
					  sizeof(*env));

	if (tree->kind != APP_TREE_MAP) {
		app_refuse(reader, tree, "a map of names and texts");
		return;
	}
	if (!env) {
		reader->is_out_of_memory = true;
		return;
	}
	/* What the defaults set comes first: a name set twice has its last value. */
	for (uint32_t i = 0; i < task->env_count; i++)
		env[i] = task->env[i];
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		char *word;

		if (item->kind != APP_TREE_TEXT || strchr(item->key, '=') || !*item->key) {
			app_refuse(reader, item, "a text, and a name without '='");
			continue;
		}
		word = app_pool_alloc(pool, strlen(item->key) + strlen(item->text) + 2);
		if (!word) {
			reader->is_out_of_memory = true;
			return;
		}
		(void)stpcpy(stpcpy(stpcpy(word, item->key), "="), item->text);
		env[task->env_count++] = word;
	}
	task->env = env;
}

static void task_inputs(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->inputs = app_take_texts(reader, tree, &task->input_count);
}

static void task_capability(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_name(reader, tree, &task->cap_name);
}

static void task_rights(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->cap_rights = take_rights(reader, tree);
}

static void task_revokes(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_name(reader, tree, &task->revokes);
}

static const struct app_field task_fields[] = {
	{ "run", task_run },
	{ "needs", task_needs },
	{ "resources", task_resources },
	{ "node", task_node },
	{ "strict", task_strict },
	{ "class", task_class },
	{ "priority", task_priority },
	{ "retries", task_retries },
	{ "retry_wait", task_retry_wait },
	{ "timeout", task_timeout },
	{ "duration", task_duration },
	{ "dir", task_dir },
	{ "env", task_env },
	{ "inputs", task_inputs },
	{ "capability", task_capability },
	{ "rights", task_rights },
	{ "revokes", task_revokes },
};

/* Ids are shown on terminals and are names of files: nothing unprintable. */
static void check_id(struct app_reader *reader, const struct app_tree *item)
{
	size_t length = strlen(item->key);
	bool is_printable = true;

	for (const char *c = item->key; *c; c++)
		is_printable &= (unsigned char)*c >= 0x20 && *c != 0x7f;
	if (length == 0 || length > ID_BYTES_MAX || !is_printable)
		app_reader_bad(reader, item->key_line,
			       "a task's id has 1 to 255 bytes, none of them a control character");
}

static int read_task(struct app_reader *reader, const struct app_tree *item,
		     const struct dag_task *defaults, struct dag_task *ret_task)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "task '%.60s'", item->key);
	reader->what = what;
	*ret_task = *defaults;
	ret_task->id = item->key;
	ret_task->line = item->key_line;
	check_id(reader, item);
	app_take_map(reader, item, task_fields, APP_COUNT_OF(task_fields), ret_task);
	if (ret_task->cap_name.text && ret_task->cap_rights == 0)
		ret_task->cap_rights = NW_CAP_EXEC;
	if (ret_task->is_strict && ret_task->node_id == DAG_NONE)
		app_reader_bad(reader, item->key_line, "%s: strict, but no node; name one", what);
	if (ret_task->retry_max > 0 && ret_task->retry_wait_ns == 0)
		ret_task->retry_wait_ns = 100000000;
	reader->what = NULL;
	return reader->is_out_of_memory ? -ENOMEM : 0;
}

static int read_tasks(struct app_reader *reader, const struct app_tree *tree,
		      const struct dag_task *defaults)
{
	struct dag_file *file = reader->arg;

	if (tree->kind != APP_TREE_MAP) {
		dag_file_bad(file, tree->line,
			     "tasks is to be a map from ids to tasks, not %s; write 'tasks:', then "
			     "'  compile:', then '    run: cc -c a.c'",
			     app_tree_kind_name(tree));
		return 0;
	}
	file->tasks = app_pool_array(&file->pool, tree->count, sizeof(*file->tasks));
	if (!file->tasks)
		return -ENOMEM;
	for (const struct app_tree *item = tree->first; item; item = item->next)
		if (read_task(reader, item, defaults, &file->tasks[file->task_count++]) < 0)
			return -ENOMEM;
	return 0;
}

/* ---- classes ---- */

static void class_weight(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	class->weight = (uint32_t)app_take_number(reader, tree, WEIGHT_MAX);
	if (class->weight == 0)
		app_refuse(reader, tree, "a whole number from 1");
}

static void class_quota(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	take_resources(reader, tree, &class->quota);
}

static void class_rate(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	class->start_per_s = app_take_number(reader, tree, NW_CAPS_RATE_MAX);
}

static void class_burst(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	class->start_burst = app_take_number(reader, tree, NW_CAPS_BURST_MAX);
}

static const struct app_field class_fields[] = {
	{ "weight", class_weight },
	{ "quota", class_quota },
	{ "start_per_s", class_rate },
	{ "start_burst", class_burst },
};

/* "" is the class of tasks that name none, and stays the first. */
static int read_classes(struct app_reader *reader, const struct app_tree *tree)
{
	struct dag_file *file = reader->arg;
	struct dag_class_spec *classes = app_pool_array(&file->pool, (size_t)tree->count + 1,
							sizeof(*classes));
	char what[80];

	if (!classes)
		return -ENOMEM;
	if (tree->kind != APP_TREE_MAP || tree->count > 1023) {
		dag_file_bad(file, tree->line, "classes is to be a map of at most 1023 names");
		return 0;
	}
	classes[0] = file->classes[0];
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		struct dag_class_spec *class = &classes[file->class_count++];

		(void)snprintf(what, sizeof(what), "class '%.60s'", item->key);
		reader->what = what;
		*class = (struct dag_class_spec){
			.name = item->key, .line = item->key_line, .weight = 1, .quota = no_limit()
		};
		app_take_map(reader, item, class_fields, APP_COUNT_OF(class_fields), class);
	}
	file->classes = classes;
	return 0;
}

/* ---- capabilities ---- */

static void cap_type(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_cap_spec *cap = into;

	if (tree->kind != APP_TREE_TEXT || !nw_cap_type_by_name(tree->text, &cap->type))
		app_refuse(reader, tree,
			   "memory, device, endpoint, irq, process, quota, file or socket");
}

static void cap_rights(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_cap_spec *cap = into;

	cap->rights = take_rights(reader, tree);
}

static void cap_from(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct dag_cap_spec *cap = into;

	take_name(reader, tree, &cap->from);
}

static const struct app_field cap_fields[] = {
	{ "type", cap_type },
	{ "rights", cap_rights },
	{ "from", cap_from },
};

static int read_caps(struct app_reader *reader, const struct app_tree *tree)
{
	struct dag_file *file = reader->arg;
	char what[80];

	file->caps = app_pool_array(&file->pool, tree->count, sizeof(*file->caps));
	if (!file->caps)
		return -ENOMEM;
	if (tree->kind != APP_TREE_MAP || tree->count > 10000) {
		dag_file_bad(file, tree->line,
			     "capabilities is to be a map of at most 10000 names");
		return 0;
	}
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		struct dag_cap_spec *cap = &file->caps[file->cap_count++];

		(void)snprintf(what, sizeof(what), "capability '%.60s'", item->key);
		reader->what = what;
		*cap = (struct dag_cap_spec){ .name = item->key,
					      .line = item->key_line,
					      .type = NW_CAP_PROCESS,
					      .rights = NW_CAP_EXEC };
		app_take_map(reader, item, cap_fields, APP_COUNT_OF(cap_fields), cap);
	}
	return 0;
}

/* ---- the file ---- */

static int read_name(struct app_reader *reader, const struct app_tree *tree)
{
	struct dag_file *file = reader->arg;
	const char *text, *clean;

	if (!app_take_text(reader, tree, &text))
		return 0;
	clean = dag_file_clean_name(file, text, strlen(text));
	if (!clean)
		return -ENOMEM;
	if (strcmp(clean, text) != 0)
		app_refuse(reader, tree, "1 to 64 letters, digits, '-', '_' or '.'");
	file->name = clean;
	return 0;
}

/* Known here, read below in the order in which one part needs the other. */
static const struct app_field file_fields[] = {
	{ "name", NULL },         { "limits", NULL },   { "classes", NULL },
	{ "capabilities", NULL }, { "defaults", NULL }, { "tasks", NULL },
};

int dag_native_read(struct dag_file *file, const struct app_tree *tree)
{
	struct app_reader reader = {
		.say = say, .arg = file, .pool = &file->pool, .what = "the file"
	};
	struct dag_task defaults = { .node_id = DAG_NONE,
				     .cap_idx = DAG_NONE,
				     .revokes_idx = DAG_NONE };
	const struct app_tree *part;
	int rc = 0;

	file->form = "nodewise";
	app_take_map(&reader, tree, file_fields, APP_COUNT_OF(file_fields), NULL);
	if (tree->kind != APP_TREE_MAP)
		return 0;
	if ((part = app_tree_get(tree, "name")))
		rc = read_name(&reader, part);
	if ((part = app_tree_get(tree, "limits")))
		take_resources(&reader, part, &file->limits);
	if (rc == 0 && (part = app_tree_get(tree, "classes")))
		rc = read_classes(&reader, part);
	if (rc == 0 && (part = app_tree_get(tree, "capabilities")))
		rc = read_caps(&reader, part);
	reader.what = "defaults";
	if ((part = app_tree_get(tree, "defaults")))
		app_take_map(&reader, part, task_fields, APP_COUNT_OF(task_fields), &defaults);
	part = app_tree_get(tree, "tasks");
	return rc < 0 || !part ? rc : read_tasks(&reader, part, &defaults);
}
