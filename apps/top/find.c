/* SPDX-License-Identifier: MIT */
/*
 * Which files of numbers there are. Invariant: a file is a running program's, or it is left over,
 * never both; only files of dead processes are removed, and only this user's.
 */
#include "top/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
	struct top_model *model;
	struct top_program *before; /* [before_count] those not found again */
	uint32_t before_count;
	int error;
};

/* Room for one more of a growing array. */
static void *grown(void *items, uint32_t count, size_t item_bytes)
{
	return realloc(items, ((size_t)count + 1) * item_bytes);
}

static int add_leftover(struct top_model *model, const char *path, const struct nw_stats_info *info,
			int error)
{
	struct top_leftover *more = grown(model->leftovers, model->leftover_count, sizeof(*more));
	struct top_leftover *leftover;

	if (!more)
		return -ENOMEM;
	model->leftovers = more;
	leftover = &more[model->leftover_count++];
	*leftover = (struct top_leftover){ .pid = info ? info->process_id : 0, .error = error };
	(void)snprintf(leftover->path, sizeof(leftover->path), "%s", path);
	(void)snprintf(leftover->name, sizeof(leftover->name), "%s", info ? info->program : "");
	return 0;
}

/* The one that is there already, taken out of those before. */
static bool take_before(struct search *search, const char *path, struct top_program *ret_program)
{
	for (uint32_t i = 0; i < search->before_count; i++)
		if (strcmp(search->before[i].path, path) == 0) {
			*ret_program = search->before[i];
			search->before[i] = search->before[--search->before_count];
			return true;
		}
	return false;
}

static int add_program(struct top_model *model, const struct top_program *program)
{
	struct top_program *more = grown(model->programs, model->program_count, sizeof(*more));

	if (!more)
		return -ENOMEM;
	model->programs = more;
	more[model->program_count++] = *program;
	return 0;
}

static int open_program(struct search *search, const char *path)
{
	struct top_program program = { .is_alive = true };
	struct nw_stats_info info;
	int rc = nw_stats_open(&program.view, path);

	if (rc == -ENOENT) /* it has just ended */
		return 0;
	if (rc < 0)
		return add_leftover(search->model, path, NULL, rc);
	nw_stats_info(program.view, &info);
	if (!nw_stats_is_alive(program.view)) {
		rc = access(path, F_OK) == 0 ? add_leftover(search->model, path, &info, 0) : 0;
		nw_stats_close(program.view);
		return rc;
	}
	(void)snprintf(program.path, sizeof(program.path), "%s", path);
	rc = top_describe(&program);
	if (rc == 0)
		rc = add_program(search->model, &program);
	if (rc < 0)
		top_program_free(&program);
	return rc;
}

static bool visit(void *context, const char *path)
{
	struct search *search = context;
	struct top_program program;

	if (take_before(search, path, &program)) {
		/* Its process may have been killed, and its file stay. */
		if (nw_stats_is_alive(program.view)) {
			search->error = add_program(search->model, &program);
			return search->error == 0;
		}
		top_program_free(&program);
	}
	search->error = open_program(search, path);
	return search->error == 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct top_program *left = a, *right = b;

	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return strcmp(left->path, right->path);
}

int top_find(struct top_model *model)
{
	struct search search = { .model = model,
				 .before = model->programs,
				 .before_count = model->program_count };
	int rc;

	model->programs = NULL;
	model->program_count = 0;
	free(model->leftovers);
	model->leftovers = NULL;
	model->leftover_count = 0;
	rc = nw_stats_each(NULL, visit, &search);
	for (uint32_t i = 0; i < search.before_count; i++)
		top_program_free(&search.before[i]);
	free(search.before);
	if (model->program_count > 1)
		qsort(model->programs, model->program_count, sizeof(*model->programs), by_pid);
	return search.error < 0 ? search.error : rc;
}

int top_refresh(struct top_model *model)
{
	int rc = top_find(model);

	for (uint32_t i = 0; rc == 0 && i < model->program_count; i++)
		rc = top_read(&model->programs[i]);
	return rc;
}

struct top_program *top_program_by_pid(const struct top_model *model, int32_t pid)
{
	for (uint32_t i = 0; i < model->program_count; i++)
		if (model->programs[i].pid == pid)
			return &model->programs[i];
	return NULL;
}

int top_remove_leftovers(const struct top_model *model, uint32_t *ret_count)
{
	int error = 0;

	*ret_count = 0;
	for (uint32_t i = 0; i < model->leftover_count; i++) {
		const struct top_leftover *leftover = &model->leftovers[i];
		struct stat st;

		/* What cannot be read may be of another version that runs. */
		if (leftover->error != 0)
			continue;
		if (lstat(leftover->path, &st) < 0 || st.st_uid != geteuid() ||
		    unlink(leftover->path) < 0) {
			error = error ? error : errno ? -errno : -EPERM;
			continue;
		}
		(*ret_count)++;
	}
	return error;
}

void top_model_free(struct top_model *model)
{
	for (uint32_t i = 0; i < model->program_count; i++)
		top_program_free(&model->programs[i]);
	free(model->programs);
	free(model->leftovers);
	*model = (struct top_model){ .topo = model->topo };
}
