/* SPDX-License-Identifier: MIT */
/*
 * Commands that a specification runs with IOExec, where --allow-exec is given.
 *
 * No shell is in between: the words are the program's arguments as they are. Standard input is
 * empty; what is written to standard output and error is kept. Invariant: pipes are closed and the
 * child is waited for on every path.
 */
#include "check/check.h"

#include "tla/eval/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PIECE_BYTES = 4096, OUTPUT_BYTES_MAX = 64 << 20, KILLED = 128 };

struct output {
	int ends[2]; /* of the pipe: to read, to write; -1: closed */
	char *text;
	size_t n_bytes;
};

static void close_end(int *end)
{
	if (*end >= 0)
		(void)close(*end);
	*end = -1;
}

/* 0, or a negative errno; at the end of the stream its end is closed. */
static int take_piece(struct output *output)
{
	char piece[PIECE_BYTES], *text;
	ssize_t n = read(output->ends[0], piece, sizeof(piece));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0) {
		close_end(&output->ends[0]);
		return 0;
	}
	if (output->n_bytes + (size_t)n > OUTPUT_BYTES_MAX)
		return -EFBIG;
	text = realloc(output->text, output->n_bytes + (size_t)n + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text + output->n_bytes, piece, (size_t)n);
	output->text = text;
	output->n_bytes += (size_t)n;
	text[output->n_bytes] = '\0';
	return 0;
}

/* Both streams at once: a child that fills one of them is not kept waiting. */
static int take_all(struct output outputs[2])
{
	int err = 0;

	while (err == 0 && (outputs[0].ends[0] >= 0 || outputs[1].ends[0] >= 0)) {
		struct pollfd polled[2] = { { .fd = outputs[0].ends[0], .events = POLLIN },
					    { .fd = outputs[1].ends[0], .events = POLLIN } };

		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < 2 && err == 0; i++)
			if (polled[i].revents)
				err = take_piece(&outputs[i]);
	}
	return err;
}

static bool has_name(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static bool is_replaced(const char *entry, char *const *additions)
{
	for (size_t i = 0; additions[i]; i += 2)
		if (has_name(entry, additions[i]))
			return true;
	return false;
}

static void free_environment(char **environment, size_t own_count)
{
	for (size_t i = 0; environment && i < own_count; i++)
		free(environment[i]);
	free(environment);
}

/* Additions first, which are ours, then what was there. NULL: no memory. */
static char **environment_of(char *const *additions, size_t *ret_own_count)
{
	size_t count = 0, own_count = 0, at;
	char **environment;

	while (environ[count])
		count++;
	while (additions[2 * own_count])
		own_count++;
	environment = calloc(count + own_count + 1, sizeof(*environment));
	*ret_own_count = own_count;
	for (at = 0; environment && at < own_count; at++)
		if (asprintf(&environment[at], "%s=%s", additions[2 * at], additions[2 * at + 1]) <
		    0) {
			free_environment(environment, at);
			return NULL;
		}
	for (size_t i = 0; environment && i < count; i++)
		if (!is_replaced(environ[i], additions))
			environment[at++] = environ[i];
	return environment;
}

static int spawn(char *const *words, char **environment, struct output outputs[2], pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	for (int i = 0; i < 2 && !err; i++)
		err = posix_spawn_file_actions_adddup2(&actions, outputs[i].ends[1],
						       STDOUT_FILENO + i);
	if (!err)
		err = posix_spawnp(ret_pid, words[0], &actions, NULL, words, environment);
	(void)posix_spawn_file_actions_destroy(&actions); /* nothing to lose */
	return -err;
}

static int exit_value(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
}

/* The output of a child that was started, and how it ended. */
static int attend(pid_t pid, struct output outputs[2], struct tla_ended *ret_ended)
{
	int status = 0, err;

	close_end(&outputs[0].ends[1]);
	close_end(&outputs[1].ends[1]);
	err = take_all(outputs);
	close_end(&outputs[0].ends[0]);
	close_end(&outputs[1].ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < 2 && !err; i++)
		if (!outputs[i].text && !(outputs[i].text = calloc(1, 1)))
			err = -ENOMEM;
	if (!err)
		*ret_ended = (struct tla_ended){ exit_value(status), outputs[0].text,
						 outputs[1].text };
	return err;
}

int check_run_command(void *context, char *const *words, char *const *additions,
		      struct tla_ended *ret_ended)
{
	struct output outputs[2] = { { .ends = { -1, -1 } }, { .ends = { -1, -1 } } };
	size_t own_count;
	char **environment = environment_of(additions, &own_count);
	pid_t pid;
	int err = environment ? 0 : -ENOMEM;

	(void)context;
	for (int i = 0; i < 2 && !err; i++)
		err = pipe2(outputs[i].ends, O_CLOEXEC) < 0 ? -errno : 0;
	if (!err)
		err = spawn(words, environment, outputs, &pid);
	if (!err)
		err = attend(pid, outputs, ret_ended);
	for (int i = 0; i < 2; i++) {
		close_end(&outputs[i].ends[0]);
		close_end(&outputs[i].ends[1]);
		if (err)
			free(outputs[i].text);
	}
	free_environment(environment, own_count);
	return err;
}
