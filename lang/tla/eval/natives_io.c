/* SPDX-License-Identifier: MIT */
/*
 * Operators of IOUtils in C: text files, commands, the environment.
 *
 * What goes wrong with a text file is told by the result, as with TLC. Commands are run without a
 * shell, and only where the program allows it.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/set.h"
#include "natives_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* [exitValue |-> code, stdout |-> out, stderr |-> err] */
static tla_value ended(struct tla_eval *eval, int code, const char *out, const char *err)
{
	tla_value names[] = { tla_new_string(eval, "exitValue", 9),
			      tla_new_string(eval, "stdout", 6),
			      tla_new_string(eval, "stderr", 6) };
	tla_value values[] = { tla_int(code), tla_new_string(eval, out, strlen(out)),
			       tla_new_string(eval, err, strlen(err)) };

	for (int i = 0; i < 3; i++)
		if (!names[i] || !values[i])
			return TLA_NONE;
	return tla_record(eval->heap, names, values, 3);
}

/* --- Text files --- */

static tla_value file_ended(struct tla_eval *eval, const char *what, const char *path, int err)
{
	char reason[128], text[512];

	(void)snprintf(text, sizeof text, "%s %s: %s", what, path,
		       strerror_r(-err, reason, sizeof reason)); /* cut where too long */
	return ended(eval, 1, "", text);
}

/* The field of a record; TLA_NONE, and nothing has failed: there is none. */
static tla_value option_of(struct tla_eval *eval, tla_value options, const char *name)
{
	tla_value field = tla_new_string(eval, name, strlen(name)), v;
	uint32_t hint = 0;

	v = field ? tla_field(eval->heap, options, field, &hint) : TLA_NONE;
	if (!v)
		tla_heap_clear(eval->heap);
	return v;
}

/* TLC has one format, TXT. */
static bool is_text_format(struct tla_eval *eval, const char *where, tla_value options)
{
	tla_value format = option_of(eval, options, "format");

	if (format && tla_is_string(format) && !strcmp(tla_need_string(eval, where, format), "TXT"))
		return true;
	tla_fail(eval->heap,
		 "%s has files of the format \"TXT\": the last argument has to be a "
		 "record with [format |-> \"TXT\"].",
		 where);
	return false;
}

/* Java's words for how a file is opened; -1: failed. */
static int open_options(struct tla_eval *eval, tla_value options)
{
	static const struct {
		const char *word;
		int flag;
	} words[] = {
		{ "CREATE", TLA_WRITE_CREATE },
		{ "CREATE_NEW", TLA_WRITE_CREATE | TLA_WRITE_NEW },
		{ "TRUNCATE_EXISTING", TLA_WRITE_CUT },
		{ "APPEND", TLA_WRITE_APPEND },
		{ "WRITE", 0 },
	};
	tla_value list = option_of(eval, options, "openOptions");
	const struct tla_obj *s = list ? tla_need_sequence(eval, "Serialize", list) : NULL;
	int how = s ? 0 : -1;

	if (!list)
		tla_fail(eval->heap,
			 "Serialize needs openOptions, such as <<\"WRITE\", \"CREATE\">>.");
	for (uint32_t i = 0; s && how >= 0 && i < s->count; i++) {
		const char *word = tla_need_string(eval, "Serialize", s->items[i]);
		size_t k = 0;

		while (word && k < 5 && strcmp(words[k].word, word) != 0)
			k++;
		if (word && k == 5)
			tla_fail(eval->heap, "Serialize knows no openOption \"%s\".", word);
		how = word && k < 5 ? how | words[k].flag : -1;
	}
	return how;
}

/* Serialize(text, path, [format |-> "TXT", charset |-> ..., openOptions |-> <<"APPEND">>]) */
static tla_value serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *text = tla_need_string(eval, "Serialize", args[0]);
	const char *path = text ? tla_need_string(eval, "Serialize", args[1]) : NULL;
	int how = path && is_text_format(eval, "Serialize", args[2]) ? open_options(eval, args[2])
								     : -1;
	int err;

	if (how < 0)
		return TLA_NONE;
	err = tla_file_try_write(eval, path, text, strlen(text), (unsigned)how);
	return err ? file_ended(eval, "Serialize error writing to the file", path, err)
		   : ended(eval, 0, "Finish writing to the file with success!", "");
}

static tla_value deserialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "Deserialize", args[0]);
	size_t n_bytes;
	char *text = NULL;
	int err;

	if (!path || !is_text_format(eval, "Deserialize", args[1]))
		return TLA_NONE;
	err = tla_file_try_read(eval, path, &text, &n_bytes);
	if (err == -ENOMEM)
		return TLA_NONE;
	return err ? file_ended(eval, "Deserialize error reading from the file", path, err)
		   : ended(eval, 0, text, "");
}

/* --- The environment --- */

static tla_value io_env(struct tla_eval *eval, const tla_value *args)
{
	size_t count = 0, kept = 0;
	tla_value *names, *values;

	(void)args;
	while (environ && environ[count])
		count++;
	names = tla_alloc(eval->heap, (count + 1) * sizeof *names);
	values = names ? tla_alloc(eval->heap, (count + 1) * sizeof *values) : NULL;
	for (size_t i = 0; values && i < count; i++) {
		const char *end = strchr(environ[i], '=');
		tla_value name;

		if (!end)
			continue;
		name = tla_new_string(eval, environ[i], (size_t)(end - environ[i]));
		for (size_t j = 0; name && j < kept; j++)
			if (names[j] == name)
				name = TLA_NONE;
		if (!name) /* the first of its name counts */
			continue;
		names[kept] = name;
		values[kept] = tla_new_string(eval, end + 1, strlen(end + 1));
		if (!values[kept++])
			return TLA_NONE;
	}
	return values ? tla_record(eval->heap, names, values, (uint32_t)kept) : TLA_NONE;
}

/* --- Numbers --- */

static tla_value to_number(struct tla_eval *eval, const tla_value *args)
{
	const char *text = tla_need_string(eval, "atoi", args[0]);
	char *end;
	long i;

	if (!text)
		return TLA_NONE;
	errno = 0;
	i = strtol(text, &end, 10);
	if (end == text || *end || errno || i != (int32_t)i)
		return tla_fail(eval->heap, "atoi of \"%s\", which is no integer of 32 bits.",
				text);
	return tla_int(i);
}

static tla_value zero_pad(struct tla_eval *eval, const tla_value *args)
{
	char text[512];
	int64_t i, width;

	if (!tla_need_int(eval, "zeroPadN", args[0], &i) ||
	    !tla_need_int(eval, "zeroPadN", args[1], &width))
		return TLA_NONE;
	if (width < 0 || width >= (int64_t)sizeof text)
		return tla_fail(eval->heap, "zeroPadN to a width of %lld.", (long long)width);
	(void)snprintf(text, sizeof text, "%0*lld", (int)width, (long long)i); /* fits */
	return tla_new_string(eval, text, strlen(text));
}

/* --- Commands --- */

/* Texts of a sequence of strings, ended by NULL, on the heap. NULL: failed. */
static char **words_of(struct tla_eval *eval, const char *where, tla_value v, uint32_t *ret_count)
{
	const struct tla_obj *s = tla_need_sequence(eval, where, v);
	char **words = s ? tla_alloc(eval->heap, (s->count + 1u) * sizeof *words) : NULL;

	for (uint32_t i = 0; words && i < s->count; i++) {
		words[i] = (char *)tla_need_string(eval, where, s->items[i]);
		if (!words[i])
			return NULL;
	}
	if (!words)
		return NULL;
	words[s->count] = NULL;
	*ret_count = s->count;
	return words;
}

/* Names and values in turn, ended by NULL; of a string without its quotes. NULL: failed. */
static char **additions_of(struct tla_eval *eval, const char *where, tla_value v)
{
	tla_value rcd = tla_explicit(eval->heap, v);
	const struct tla_obj *record;
	char **words;

	if (!rcd)
		return NULL;
	if (!tla_is_record(rcd)) {
		tla_fail_kind(eval, where, "a record of environment variables", rcd);
		return NULL;
	}
	record = tla_obj(rcd);
	words = tla_alloc(eval->heap, (2 * (size_t)record->count + 1) * sizeof *words);
	for (uint32_t i = 0; words && i < record->count; i++) {
		char **word = words + 2 * (size_t)i;
		tla_value value = record->items[1 + i];

		word[0] = (char *)tla_need_string(eval, where, tla_fcn_domain_at(record, i));
		word[1] = tla_is_string(value) ? (char *)tla_need_string(eval, where, value)
					       : tla_text_of(eval, value);
		if (!word[0] || !word[1])
			return NULL;
	}
	if (words)
		words[2 * (size_t)record->count] = NULL;
	return words;
}

static tla_value run(struct tla_eval *eval, char **words, char **additions)
{
	const struct tla_files *files = &eval->world->files;
	struct tla_ended command;
	char reason[128];
	tla_value v;
	int err;

	if (!files->run)
		return tla_fail(eval->heap, "A specification may start programs only where "
					    "--allow-exec is given.");
	if (!words[0])
		return tla_fail(eval->heap, "A command without a word.");
	err = files->run(files->context, words, additions, &command);
	if (err)
		return tla_fail(eval->heap, "The program %s cannot be started: %s.", words[0],
				strerror_r(-err, reason, sizeof reason));
	v = ended(eval, command.exit_value, command.out, command.err);
	free(command.out);
	free(command.err);
	return v;
}

static tla_value exec(struct tla_eval *eval, const char *where, const tla_value *env,
		      tla_value command, const tla_value *parameters)
{
	char *none[] = { NULL }, **additions = env ? additions_of(eval, where, *env) : none;
	struct tla_template template = { .where = where };
	uint32_t count = 0;
	char **words = additions ? words_of(eval, where, command, &count) : NULL;

	if (words && parameters) {
		template.texts = (const char **)words_of(eval, where, *parameters, &template.count);
		if (!template.texts)
			return TLA_NONE;
	}
	for (uint32_t i = 0; words && parameters && i < count; i++) {
		words[i] = (char *)tla_fill(eval, words[i], &template);
		if (!words[i])
			return TLA_NONE;
	}
	return words ? run(eval, words, additions) : TLA_NONE;
}

static tla_value io_exec(struct tla_eval *eval, const tla_value *args)
{
	return exec(eval, "IOExec", NULL, args[0], NULL);
}

static tla_value io_env_exec(struct tla_eval *eval, const tla_value *args)
{
	return exec(eval, "IOEnvExec", &args[0], args[1], NULL);
}

static tla_value io_exec_template(struct tla_eval *eval, const tla_value *args)
{
	return exec(eval, "IOExecTemplate", NULL, args[0], &args[1]);
}

static tla_value io_env_exec_template(struct tla_eval *eval, const tla_value *args)
{
	return exec(eval, "IOEnvExecTemplate", &args[0], args[1], &args[2]);
}

const struct tla_native tla_natives_io[] = {
	{ "IOUtils", "Serialize", 3, serialize, NULL, TLA_STATE },
	{ "IOUtils", "Deserialize", 2, deserialize, NULL, TLA_STATE },
	{ "IOUtils", "IOExec", 1, io_exec, NULL, TLA_STATE },
	{ "IOUtils", "IOEnvExec", 2, io_env_exec, NULL, TLA_STATE },
	{ "IOUtils", "IOExecTemplate", 2, io_exec_template, NULL, TLA_STATE },
	{ "IOUtils", "IOEnvExecTemplate", 3, io_env_exec_template, NULL, TLA_STATE },
	{ "IOUtils", "IOEnv", 0, io_env, NULL, TLA_CONSTANT },
	{ "IOUtils", "atoi", 1, to_number, NULL, TLA_CONSTANT },
	{ "IOUtils", "zeroPadN", 2, zero_pad, NULL, TLA_CONSTANT },
	{ 0 },
};
