/* SPDX-License-Identifier: MIT */
/*
 * Scans that go on: what a scan was called with, and how far each worker had come.
 *
 * The file is replaced whole, by a rename, so that a crash leaves the one before. What a worker had
 * asked since is asked again.
 */
#include "scan/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 20, FORMAT = 1 };

/* --- Writing --- */

/* As text: JSON's numbers do not hold 64 bits everywhere. */
static json_t *word(uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	return json_string(text);
}

static json_t *object_of(const struct scan_state *state, int argc, char **argv)
{
	json_t *words = json_array(), *positions = json_array();
	json_t *object = json_pack("{s:i, s:o, s:o, s:o, s:o, s:f, s:o, s:o}", "nodewise-scan",
				   FORMAT, "seed", word(state->seed), "key0", word(state->key[0]),
				   "key1", word(state->key[1]), "digest", word(state->digest),
				   "seconds", state->seconds, "positions", positions, "arguments",
				   words);

	for (uint32_t i = 0; object && i < state->worker_count; i++)
		(void)json_array_append_new(positions, word(state->positions[i]));
	for (int i = 0; object && i < argc; i++)
		(void)json_array_append_new(words, json_string(argv[i]));
	return object;
}

int scan_resume_write(const char *path, const struct scan_state *state, int argc, char **argv)
{
	json_t *object = object_of(state, argc, argv);
	char *passing = NULL;
	int rc = 0;

	if (!object || asprintf(&passing, "%s.new", path) < 0)
		return app_failed(SCAN_NAME, "no memory for %s", path);
	if (json_dump_file(object, passing, JSON_INDENT(1)) < 0 || rename(passing, path) < 0)
		rc = app_failed(SCAN_NAME, "%s: %s", path, strerror(errno));
	json_decref(object);
	free(passing);
	return rc;
}

void scan_resume_remove(const char *path)
{
	(void)unlink(path); /* gone is what was wanted */
}

/* --- Reading --- */

static bool read_word(const json_t *object, uint64_t *ret)
{
	return json_is_string(object) &&
	       app_parse_u64(json_string_value(object), 0, UINT64_MAX, ret);
}

static bool read_state(const json_t *object, struct scan_state *state)
{
	const json_t *positions = json_object_get(object, "positions");
	size_t i;
	json_t *position;

	if (json_integer_value(json_object_get(object, "nodewise-scan")) != FORMAT ||
	    !read_word(json_object_get(object, "seed"), &state->seed) ||
	    !read_word(json_object_get(object, "key0"), &state->key[0]) ||
	    !read_word(json_object_get(object, "key1"), &state->key[1]) ||
	    !read_word(json_object_get(object, "digest"), &state->digest) ||
	    !json_is_array(positions) || json_array_size(positions) < 1 ||
	    json_array_size(positions) > NW_PROBE_WORKERS_MAX)
		return false;
	state->seconds = json_number_value(json_object_get(object, "seconds"));
	state->worker_count = (uint32_t)json_array_size(positions);
	json_array_foreach(positions, i,
			   position) if (!read_word(position, &state->positions[i])) return false;
	return true;
}

static bool read_words(const json_t *object, int *ret_argc, char ***ret_argv)
{
	const json_t *words = json_object_get(object, "arguments");
	size_t i, count = json_array_size(words);
	char **argv = calloc(count + 1, sizeof(*argv));
	json_t *item;

	if (!json_is_array(words) || count < 1 || !argv) {
		free(argv);
		return false;
	}
	json_array_foreach(words, i, item)
		argv[i] = strdup(json_is_string(item) ? json_string_value(item) : "");
	*ret_argc = (int)count;
	*ret_argv = argv;
	return true;
}

void scan_resume_free(char **argv)
{
	for (char **word = argv; word && *word; word++)
		free(*word);
	free(argv);
}

int scan_resume_read(const char *path, struct scan_state *ret_state, int *ret_argc,
		     char ***ret_argv)
{
	json_error_t error;
	json_t *object = json_load_file(path, 0, &error);
	bool is_good;

	if (!object)
		return app_bad(SCAN_NAME, "%s is no file to resume a scan from: line %d: %s", path,
			       error.line, error.text);
	*ret_state = (struct scan_state){ 0 };
	is_good = read_state(object, ret_state) && read_words(object, ret_argc, ret_argv);
	json_decref(object);
	return is_good ? APP_OK
		       : app_bad(SCAN_NAME, "%s is no file to resume a scan from, or is damaged",
				 path);
}
