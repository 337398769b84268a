/* SPDX-License-Identifier: MIT */
/*
 * Our own form of a graph, in YAML or JSON.
 *
 * Each kind of map has a table of its keys; a key that is not in it is refused with the list of
 * those that are. `defaults` is a task that every other begins as a copy of.
 * Invariant: a take function either sets what its key stands for or has said what is wrong.
 */
#include "dag/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES_MAX = 255, KEYS_TEXT = 256, RETRY_MAX = 1000000, WEIGHT_MAX = 1000000 };

struct reader {
	struct dag_file *file;
	const char *what; /* "task 'link'", for messages */
	bool is_out_of_memory;
};

struct field {
	const char *key;
	void (*take)(struct reader *reader, const struct dag_tree *tree, void *into);
};

static void refuse(struct reader *reader, const struct dag_tree *tree, const char *wanted)
{
	if (tree->kind == DAG_TREE_TEXT)
		dag_file_bad(reader->file, tree->line, "%s: %s takes %s, not '%.60s'", reader->what,
			     tree->key, wanted, tree->text);
	else
		dag_file_bad(reader->file, tree->line, "%s: %s takes %s, not %s", reader->what,
			     tree->key, wanted, dag_tree_kind_name(tree));
}

static void refuse_key(struct reader *reader, const struct dag_tree *item,
		       const struct field *fields, size_t field_count)
{
	char keys[KEYS_TEXT] = "";
	size_t used = 0;

	for (size_t i = 0; i < field_count && used < sizeof(keys); i++)
		used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", i ? ", " : "",
					 fields[i].key);
	dag_file_bad(reader->file, item->key_line, "%s: no key '%.60s' here; there are %s",
		     reader->what, item->key, keys);
}

/* Every key once, each by its own function; null counts as not there. */
static void take_map(struct reader *reader, const struct dag_tree *tree, const struct field *fields,
		     size_t field_count, void *into)
{
	uint32_t seen = 0;

	if (tree->kind != DAG_TREE_MAP) {
		dag_file_bad(reader->file, tree->line,
			     "%s is to be a map of keys and values, not %s", reader->what,
			     dag_tree_kind_name(tree));
		return;
	}
	for (const struct dag_tree *item = tree->first; item; item = item->next) {
		size_t i = 0;

		while (i < field_count && strcmp(fields[i].key, item->key) != 0)
			i++;
		if (i == field_count) {
			refuse_key(reader, item, fields, field_count);
			continue;
		}
		if (seen & (1u << i))
			dag_file_bad(reader->file, item->key_line, "%s: %s twice; take one out",
				     reader->what, item->key);
		seen |= 1u << i;
		if (!dag_tree_is_null(item) && fields[i].take)
			fields[i].take(reader, item, into);
	}
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- values ---- */

static bool take_text(struct reader *reader, const struct dag_tree *tree, const char **ret)
{
	if (tree->kind != DAG_TREE_TEXT) {
		refuse(reader, tree, "a text");
		return false;
	}
	*ret = tree->text;
	return true;
}

static void take_name(struct reader *reader, const struct dag_tree *tree, struct dag_name *ret)
{
	if (take_text(reader, tree, &ret->text))
		ret->line = tree->line;
}

static uint64_t take_number(struct reader *reader, const struct dag_tree *tree, uint64_t max)
{
	uint64_t number = 0;
	char wanted[48], *end = NULL;

	if (tree->kind == DAG_TREE_TEXT && *tree->text >= '0' && *tree->text <= '9') {
		errno = 0;
		number = strtoumax(tree->text, &end, 10);
		if (errno == 0 && *end == '\0' && number <= max)
			return number;
	}
	(void)snprintf(wanted, sizeof(wanted), "a whole number, 0..%" PRIu64, max);
	refuse(reader, tree, wanted);
	return 0;
}

static bool take_bool(struct reader *reader, const struct dag_tree *tree)
{
	if (tree->kind == DAG_TREE_TEXT && strcmp(tree->text, "true") == 0)
		return true;
	if (tree->kind != DAG_TREE_TEXT || strcmp(tree->text, "false") != 0)
		refuse(reader, tree, "true or false");
	return false;
}

static uint64_t take_duration(struct reader *reader, const struct dag_tree *tree)
{
	uint64_t ns = 0;

	if (tree->kind != DAG_TREE_TEXT || !dag_parse_duration(tree->text, &ns))
		refuse(reader, tree, "a duration, as 1.5s, 200ms, 2m or 1h");
	return ns;
}

/* A list of texts, or one text for a list of one. */
static const char **take_texts(struct reader *reader, const struct dag_tree *tree,
			       uint32_t *ret_count)
{
	uint32_t count = tree->kind == DAG_TREE_TEXT ? 1 : tree->count, n = 0;
	const char **texts = dag_pool_array(&reader->file->pool, count, sizeof(*texts));

	*ret_count = 0;
	if (tree->kind == DAG_TREE_MAP) {
		refuse(reader, tree, "a list of texts");
		return NULL;
	}
	if (!texts) {
		reader->is_out_of_memory = true;
		return NULL;
	}
	if (tree->kind == DAG_TREE_TEXT)
		texts[n++] = tree->text;
	for (const struct dag_tree *item = tree->first; item; item = item->next) {
		if (item->kind == DAG_TREE_TEXT)
			texts[n++] = item->text;
		else
			dag_file_bad(reader->file, item->line, "%s: %s takes a list of texts",
				     reader->what, tree->key);
	}
	*ret_count = n;
	return texts;
}

static uint32_t take_rights(struct reader *reader, const struct dag_tree *tree)
{
	uint32_t count, rights = 0, right;
	const char **names = take_texts(reader, tree, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (nw_cap_right_by_name(names[i], &right))
			rights |= right;
		else
			dag_file_bad(reader->file, tree->line,
				     "%s: no right '%.60s'; there are read, write, exec, grant, "
				     "revoke, derive",
				     reader->what, names[i]);
	}
	return rights;
}

/* ---- resources ---- */

static void take_resources(struct reader *reader, const struct dag_tree *tree,
			   struct nw_resource *into)
{
	if (tree->kind != DAG_TREE_MAP) {
		refuse(reader, tree, "a map, as { cpu: 2, memory: 512M }");
		return;
	}
	for (const struct dag_tree *item = tree->first; item; item = item->next) {
		enum nw_resource_dim dim;

		if (!nw_resource_by_name(item->key, &dim))
			dag_file_bad(reader->file, item->key_line,
				     "%s: no resource '%.60s'; there are cpu, memory, io, network, "
				     "gpu, disk, irq, caps",
				     reader->what, item->key);
		else if (item->kind != DAG_TREE_TEXT ||
			 !dag_parse_amount(dim, item->text, &into->amount[dim]))
			refuse(reader, item, dag_amount_words(dim));
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

static void task_run(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	(void)take_text(reader, tree, &task->command);
}

static void task_needs(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;
	const struct dag_tree *item = tree->first;
	uint32_t count;
	const char **names = take_texts(reader, tree, &count);

	task->needs = dag_pool_array(&reader->file->pool, count, sizeof(*task->needs));
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

static void task_resources(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_resources(reader, tree, &task->resources);
	task->has_cpu |= dag_tree_get(tree, nw_resource_name(NW_RESOURCE_CPU)) != NULL;
}

static void task_node(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->node_id = (int32_t)take_number(reader, tree, NW_NODE_ID_MAX);
	task->node_line = tree->line;
}

static void task_strict(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->is_strict = take_bool(reader, tree);
}

static void task_class(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_name(reader, tree, &task->class_name);
}

static void task_priority(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;
	char *end = NULL;
	long priority = 0;

	errno = 0;
	if (tree->kind == DAG_TREE_TEXT && *tree->text)
		priority = strtol(tree->text, &end, 10);
	if (!end || *end || errno != 0 || priority < INT32_MIN || priority > INT32_MAX)
		refuse(reader, tree, "a whole number; higher goes first");
	else
		task->priority = (int32_t)priority;
}

static void task_retries(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->retry_max = (uint32_t)take_number(reader, tree, RETRY_MAX);
}

static void task_retry_wait(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->retry_wait_ns = take_duration(reader, tree);
}

static void task_timeout(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->timeout_ns = take_duration(reader, tree);
}

static void task_duration(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->duration_ns = take_duration(reader, tree);
	task->has_duration = true;
}

static void task_dir(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	(void)take_text(reader, tree, &task->dir);
}

static void task_env(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;
	struct dag_pool *pool = &reader->file->pool;
	const char **env = dag_pool_array(pool, (size_t)tree->count + task->env_count,
					  sizeof(*env));

	if (tree->kind != DAG_TREE_MAP) {
		refuse(reader, tree, "a map of names and texts");
		return;
	}
	if (!env) {
		reader->is_out_of_memory = true;
		return;
	}
	/* What the defaults set comes first: a name set twice has its last value. */
	for (uint32_t i = 0; i < task->env_count; i++)
		env[i] = task->env[i];
	for (const struct dag_tree *item = tree->first; item; item = item->next) {
		char *word;

		if (item->kind != DAG_TREE_TEXT || strchr(item->key, '=') || !*item->key) {
			refuse(reader, item, "a text, and a name without '='");
			continue;
		}
		word = dag_pool_alloc(pool, strlen(item->key) + strlen(item->text) + 2);
		if (!word) {
			reader->is_out_of_memory = true;
			return;
		}
		(void)stpcpy(stpcpy(stpcpy(word, item->key), "="), item->text);
		env[task->env_count++] = word;
	}
	task->env = env;
}

static void task_inputs(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->inputs = take_texts(reader, tree, &task->input_count);
}

static void task_capability(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_name(reader, tree, &task->cap_name);
}

static void task_rights(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	task->cap_rights = take_rights(reader, tree);
}

static void task_revokes(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_task *task = into;

	take_name(reader, tree, &task->revokes);
}

static const struct field task_fields[] = {
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
static void check_id(struct reader *reader, const struct dag_tree *item)
{
	size_t length = strlen(item->key);
	bool is_printable = true;

	for (const char *c = item->key; *c; c++)
		is_printable &= (unsigned char)*c >= 0x20 && *c != 0x7f;
	if (length == 0 || length > ID_BYTES_MAX || !is_printable)
		dag_file_bad(reader->file, item->key_line,
			     "a task's id has 1 to 255 bytes, none of them a control character");
}

static int read_task(struct reader *reader, const struct dag_tree *item,
		     const struct dag_task *defaults, struct dag_task *ret_task)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "task '%.60s'", item->key);
	reader->what = what;
	*ret_task = *defaults;
	ret_task->id = item->key;
	ret_task->line = item->key_line;
	check_id(reader, item);
	take_map(reader, item, task_fields, COUNT_OF(task_fields), ret_task);
	if (ret_task->cap_name.text && ret_task->cap_rights == 0)
		ret_task->cap_rights = NW_CAP_EXEC;
	if (ret_task->is_strict && ret_task->node_id == DAG_NONE)
		dag_file_bad(reader->file, item->key_line, "%s: strict, but no node; name one",
			     what);
	if (ret_task->retry_max > 0 && ret_task->retry_wait_ns == 0)
		ret_task->retry_wait_ns = 100000000;
	reader->what = NULL;
	return reader->is_out_of_memory ? -ENOMEM : 0;
}

static int read_tasks(struct reader *reader, const struct dag_tree *tree,
		      const struct dag_task *defaults)
{
	struct dag_file *file = reader->file;

	if (tree->kind != DAG_TREE_MAP) {
		dag_file_bad(file, tree->line,
			     "tasks is to be a map from ids to tasks, not %s; write 'tasks:', then "
			     "'  compile:', then '    run: cc -c a.c'",
			     dag_tree_kind_name(tree));
		return 0;
	}
	file->tasks = dag_pool_array(&file->pool, tree->count, sizeof(*file->tasks));
	if (!file->tasks)
		return -ENOMEM;
	for (const struct dag_tree *item = tree->first; item; item = item->next)
		if (read_task(reader, item, defaults, &file->tasks[file->task_count++]) < 0)
			return -ENOMEM;
	return 0;
}

/* ---- classes ---- */

static void class_weight(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	class->weight = (uint32_t)take_number(reader, tree, WEIGHT_MAX);
	if (class->weight == 0)
		refuse(reader, tree, "a whole number from 1");
}

static void class_quota(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	take_resources(reader, tree, &class->quota);
}

static void class_rate(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	class->start_per_s = take_number(reader, tree, NW_CAPS_RATE_MAX);
}

static void class_burst(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_class_spec *class = into;

	class->start_burst = take_number(reader, tree, NW_CAPS_BURST_MAX);
}

static const struct field class_fields[] = {
	{ "weight", class_weight },
	{ "quota", class_quota },
	{ "start_per_s", class_rate },
	{ "start_burst", class_burst },
};

/* "" is the class of tasks that name none, and stays the first. */
static int read_classes(struct reader *reader, const struct dag_tree *tree)
{
	struct dag_file *file = reader->file;
	struct dag_class_spec *classes = dag_pool_array(&file->pool, (size_t)tree->count + 1,
							sizeof(*classes));
	char what[80];

	if (!classes)
		return -ENOMEM;
	if (tree->kind != DAG_TREE_MAP || tree->count > 1023) {
		dag_file_bad(file, tree->line, "classes is to be a map of at most 1023 names");
		return 0;
	}
	classes[0] = file->classes[0];
	for (const struct dag_tree *item = tree->first; item; item = item->next) {
		struct dag_class_spec *class = &classes[file->class_count++];

		(void)snprintf(what, sizeof(what), "class '%.60s'", item->key);
		reader->what = what;
		*class = (struct dag_class_spec){
			.name = item->key, .line = item->key_line, .weight = 1, .quota = no_limit()
		};
		take_map(reader, item, class_fields, COUNT_OF(class_fields), class);
	}
	file->classes = classes;
	return 0;
}

/* ---- capabilities ---- */

static void cap_type(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_cap_spec *cap = into;

	if (tree->kind != DAG_TREE_TEXT || !nw_cap_type_by_name(tree->text, &cap->type))
		refuse(reader, tree,
		       "memory, device, endpoint, irq, process, quota, file or socket");
}

static void cap_rights(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_cap_spec *cap = into;

	cap->rights = take_rights(reader, tree);
}

static void cap_from(struct reader *reader, const struct dag_tree *tree, void *into)
{
	struct dag_cap_spec *cap = into;

	take_name(reader, tree, &cap->from);
}

static const struct field cap_fields[] = {
	{ "type", cap_type },
	{ "rights", cap_rights },
	{ "from", cap_from },
};

static int read_caps(struct reader *reader, const struct dag_tree *tree)
{
	struct dag_file *file = reader->file;
	char what[80];

	file->caps = dag_pool_array(&file->pool, tree->count, sizeof(*file->caps));
	if (!file->caps)
		return -ENOMEM;
	if (tree->kind != DAG_TREE_MAP || tree->count > 10000) {
		dag_file_bad(file, tree->line,
			     "capabilities is to be a map of at most 10000 names");
		return 0;
	}
	for (const struct dag_tree *item = tree->first; item; item = item->next) {
		struct dag_cap_spec *cap = &file->caps[file->cap_count++];

		(void)snprintf(what, sizeof(what), "capability '%.60s'", item->key);
		reader->what = what;
		*cap = (struct dag_cap_spec){ .name = item->key,
					      .line = item->key_line,
					      .type = NW_CAP_PROCESS,
					      .rights = NW_CAP_EXEC };
		take_map(reader, item, cap_fields, COUNT_OF(cap_fields), cap);
	}
	return 0;
}

/* ---- the file ---- */

static int read_name(struct reader *reader, const struct dag_tree *tree)
{
	const char *text, *clean;

	if (!take_text(reader, tree, &text))
		return 0;
	clean = dag_file_clean_name(reader->file, text, strlen(text));
	if (!clean)
		return -ENOMEM;
	if (strcmp(clean, text) != 0)
		refuse(reader, tree, "1 to 64 letters, digits, '-', '_' or '.'");
	reader->file->name = clean;
	return 0;
}

/* Known here, read below in the order in which one part needs the other. */
static const struct field file_fields[] = {
	{ "name", NULL },         { "limits", NULL },   { "classes", NULL },
	{ "capabilities", NULL }, { "defaults", NULL }, { "tasks", NULL },
};

int dag_native_read(struct dag_file *file, const struct dag_tree *tree)
{
	struct reader reader = { .file = file, .what = "the file" };
	struct dag_task defaults = { .node_id = DAG_NONE,
				     .cap_idx = DAG_NONE,
				     .revokes_idx = DAG_NONE };
	const struct dag_tree *part;
	int rc = 0;

	file->form = "nodewise";
	take_map(&reader, tree, file_fields, COUNT_OF(file_fields), NULL);
	if (tree->kind != DAG_TREE_MAP)
		return 0;
	if ((part = dag_tree_get(tree, "name")))
		rc = read_name(&reader, part);
	if ((part = dag_tree_get(tree, "limits")))
		take_resources(&reader, part, &file->limits);
	if (rc == 0 && (part = dag_tree_get(tree, "classes")))
		rc = read_classes(&reader, part);
	if (rc == 0 && (part = dag_tree_get(tree, "capabilities")))
		rc = read_caps(&reader, part);
	reader.what = "defaults";
	if ((part = dag_tree_get(tree, "defaults")))
		take_map(&reader, part, task_fields, COUNT_OF(task_fields), &defaults);
	part = dag_tree_get(tree, "tasks");
	return rc < 0 || !part ? rc : read_tasks(&reader, part, &defaults);
}
