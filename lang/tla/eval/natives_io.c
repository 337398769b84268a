/* SPDX-License-Identifier: MIT */
/*
 * Operators of Json, IOUtils and CSV in C: values as texts and files.
 *
 * A record is an object, as is any function that is no sequence, its arguments printed; sequences
 * and sets are arrays. What is read becomes integers, strings, Booleans, tuples and records.
 * Programs are never started.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/set.h"
#include "nodes.h"
#include "world.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* --- Values to JSON --- */

enum json_shape { JSON_AS_IS, JSON_AS_ARRAY, JSON_AS_OBJECT };

static json_t *to_json(struct tla_eval *eval, tla_value v, enum json_shape shape);

static json_t *array_of(struct tla_eval *eval, const struct tla_obj *obj, bool is_set)
{
	uint64_t count = is_set ? tla_set_count(obj) : obj->count;
	json_t *array = json_array();

	for (uint64_t i = 0; array && i < count; i++) {
		tla_value item = is_set ? tla_set_at(obj, i) : tla_fcn_values(obj)[i];

		/* Takes the reference, and NULL is a failure. */
		if (json_array_append_new(array, to_json(eval, item, JSON_AS_IS))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* Of a tuple the keys count from 0. */
static const char *key_of(struct tla_eval *eval, const struct tla_obj *fcn, uint32_t i)
{
	tla_value arg = tla_fcn_domain_at(fcn, i);

	if (fcn->kind == TLA_TUPLE)
		arg = tla_int(i);
	if (tla_is_string(arg))
		return eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(arg));
	return tla_text_of(eval, arg);
}

static json_t *object_of(struct tla_eval *eval, const struct tla_obj *fcn)
{
	json_t *object = json_object();

	for (uint32_t i = 0; object && i < fcn->count; i++) {
		const char *key = key_of(eval, fcn, i);

		if (!key ||
		    json_object_set_new(object, key,
					to_json(eval, tla_fcn_values(fcn)[i], JSON_AS_IS))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *compound_to_json(struct tla_eval *eval, tla_value v, enum json_shape shape)
{
	v = tla_explicit(eval->heap, v);
	if (!v)
		return NULL;
	if (tla_is_finite(v))
		return array_of(eval, tla_obj(v), true);
	if (tla_is_kind(v, TLA_TUPLE) && shape != JSON_AS_OBJECT)
		return array_of(eval, tla_obj(v), false);
	if (tla_is_fcn(v))
		return object_of(eval, tla_obj(v));
	tla_fail_kind(eval, "JSON", "a finite value", v);
	return NULL;
}

/* A new reference; NULL: failed. */
static json_t *to_json(struct tla_eval *eval, tla_value v, enum json_shape shape)
{
	const struct tla_hooks *hooks = &eval->heap->hooks;

	if ((const char *)__builtin_frame_address(0) < eval->stack_end) {
		tla_fail(eval->heap, "Stack overflow: the value is nested too deeply for JSON.");
		return NULL;
	}
	switch (tla_tag(v)) {
	case TLA_INT:
		return json_integer(tla_int_of(v));
	case TLA_BOOL:
		return json_boolean(v == TLA_TRUE);
	case TLA_STRING:
		return json_string(hooks->string_text(hooks->names, tla_id_of(v)));
	case TLA_MODEL:
		return json_string(hooks->model_text(hooks->names, tla_id_of(v)));
	case TLA_OBJECT:
		return compound_to_json(eval, v, shape);
	case TLA_INFINITE:
		break;
	}
	tla_fail_kind(eval, "JSON", "a finite value", v);
	return NULL;
}

/* The text of a value, to be freed; NULL: failed. */
static char *json_text(struct tla_eval *eval, tla_value v, enum json_shape shape)
{
	json_t *json = to_json(eval, v, shape);
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	json_decref(json);
	if (!text)
		tla_fail(eval->heap, "A value cannot be written as JSON.");
	return text;
}

static tla_value json_string_of(struct tla_eval *eval, tla_value v, enum json_shape shape)
{
	char *text = json_text(eval, v, shape);
	tla_value string = text ? tla_new_string(eval, text, strlen(text)) : TLA_NONE;

	free(text);
	return string;
}

static tla_value to_json_text(struct tla_eval *eval, const tla_value *args)
{
	return json_string_of(eval, args[0], JSON_AS_IS);
}

static tla_value to_json_array(struct tla_eval *eval, const tla_value *args)
{
	return json_string_of(eval, args[0], JSON_AS_ARRAY);
}

static tla_value to_json_object(struct tla_eval *eval, const tla_value *args)
{
	return json_string_of(eval, args[0], JSON_AS_OBJECT);
}

/* --- JSON to values --- */

static tla_value from_json(struct tla_eval *eval, const json_t *json);

static tla_value from_array(struct tla_eval *eval, const json_t *json)
{
	size_t count = json_array_size(json);
	tla_value *items = tla_alloc(eval->heap, (count + 1) * sizeof *items);

	for (size_t i = 0; items && i < count; i++) {
		items[i] = from_json(eval, json_array_get(json, i));
		if (!items[i])
			return TLA_NONE;
	}
	return items ? tla_tuple(eval->heap, items, (uint32_t)count) : TLA_NONE;
}

static tla_value from_object(struct tla_eval *eval, const json_t *json)
{
	size_t count = json_object_size(json), i = 0;
	tla_value *names = tla_alloc(eval->heap, (count + 1) * sizeof *names);
	tla_value *values = names ? tla_alloc(eval->heap, (count + 1) * sizeof *values) : NULL;
	json_t *object = (json_t *)json; /* jansson's iterators are not const */
	const char *key;
	json_t *value;

	if (!values)
		return TLA_NONE;
	json_object_foreach(object, key, value)
	{
		names[i] = tla_new_string(eval, key, strlen(key));
		values[i] = names[i] ? from_json(eval, value) : TLA_NONE;
		if (!values[i++])
			return TLA_NONE;
	}
	return tla_record(eval->heap, names, values, (uint32_t)count);
}

static tla_value from_integer(struct tla_eval *eval, json_int_t i)
{
	return i == (int32_t)i ? tla_int(i)
			       : tla_fail(eval->heap, "The JSON number %lld has more than 32 bits.",
					  (long long)i);
}

static tla_value from_json(struct tla_eval *eval, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return from_object(eval, json);
	case JSON_ARRAY:
		return from_array(eval, json);
	case JSON_STRING:
		return tla_new_string(eval, json_string_value(json), json_string_length(json));
	case JSON_INTEGER:
		return from_integer(eval, json_integer_value(json));
	case JSON_REAL: /* as TLC: what is behind the point goes */
		return from_integer(eval, (json_int_t)json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return tla_bool(json_is_true(json));
	case JSON_NULL:
		break;
	}
	return tla_fail(eval->heap, "The JSON value null has no TLA+ value.");
}

/* --- Files, which are the program's --- */

static bool no_file(struct tla_eval *eval, const char *path, int err)
{
	char reason[128];

	tla_fail(eval->heap, "The file %s: %s.", path, strerror_r(-err, reason, sizeof reason));
	return false;
}

static bool write_text(struct tla_eval *eval, const char *path, const char *text, bool appends)
{
	const struct tla_files *files = &eval->world->files;
	int err = -EPERM;

	/* A line is written whole. */
	pthread_mutex_lock(eval->world->symbol_lock);
	if (files->write)
		err = files->write(files->context, path, text, strlen(text), appends);
	pthread_mutex_unlock(eval->world->symbol_lock);
	return err == 0 || no_file(eval, path, err);
}

/* All of a file on the heap, ended by NUL. NULL: failed. */
static char *read_text(struct tla_eval *eval, const char *path)
{
	const struct tla_files *files = &eval->world->files;
	const char *text = NULL;
	size_t n_bytes = 0;
	char *copy = NULL;
	int err = -EPERM;

	pthread_mutex_lock(eval->world->symbol_lock);
	if (files->read)
		err = files->read(files->context, path, &text, &n_bytes);
	if (err == 0)
		copy = tla_alloc(eval->heap, (n_bytes / 8 + 1) * 8);
	if (copy) {
		memcpy(copy, text, n_bytes);
		copy[n_bytes] = '\0';
	}
	pthread_mutex_unlock(eval->world->symbol_lock);
	if (err)
		no_file(eval, path, err);
	return copy;
}

/* Two texts as one, on the heap. NULL: failed. */
static char *joined(struct tla_eval *eval, const char *a, const char *b)
{
	size_t n_bytes = strlen(a) + strlen(b);
	char *both = tla_alloc(eval->heap, (n_bytes / 8 + 1) * 8);

	if (both)
		(void)snprintf(both, n_bytes + 1, "%s%s", a, b); /* fits */
	return both;
}

static tla_value json_serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "JsonSerialize", args[0]);
	char *text = path ? json_text(eval, args[1], JSON_AS_IS) : NULL;
	bool is_done = text && write_text(eval, path, text, false);

	free(text);
	return is_done ? TLA_TRUE : TLA_NONE;
}

static tla_value parse(struct tla_eval *eval, const char *path, const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &error);
	tla_value v;

	if (!json)
		return tla_fail(eval->heap, "The file %s is no JSON: line %d: %s", path, error.line,
				error.text);
	v = from_json(eval, json);
	json_decref(json);
	return v;
}

static tla_value json_deserialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "JsonDeserialize", args[0]);
	char *text = path ? read_text(eval, path) : NULL;

	return text ? parse(eval, path, text) : TLA_NONE;
}

static tla_value nd_serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "ndJsonSerialize", args[0]);
	const struct tla_obj *s = path ? tla_need_sequence(eval, "ndJsonSerialize", args[1]) : NULL;
	bool is_done = s && write_text(eval, path, "", false);

	for (uint32_t i = 0; is_done && i < s->count; i++) {
		char *text = json_text(eval, s->items[i], JSON_AS_IS);
		char *line = text ? joined(eval, text, "\n") : NULL;

		is_done = line && write_text(eval, path, line, true);
		free(text);
	}
	return is_done ? TLA_TRUE : TLA_NONE;
}

/* The items that take() makes of the lines that are not empty. */
static tla_value each_line(struct tla_eval *eval, const char *path, char *text,
			   tla_value (*take)(struct tla_eval *eval, const char *path,
					     const char *line))
{
	size_t lines = 1, count = 0;
	tla_value *items;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	items = tla_alloc(eval->heap, lines * sizeof *items);
	for (char *rest = text, *line; items && (line = strsep(&rest, "\n"));) {
		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		items[count] = take(eval, path, line);
		if (!items[count++])
			return TLA_NONE;
	}
	return items ? tla_tuple(eval->heap, items, (uint32_t)count) : TLA_NONE;
}

static tla_value nd_deserialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "ndJsonDeserialize", args[0]);
	char *text = path ? read_text(eval, path) : NULL;

	return text ? each_line(eval, path, text, parse) : TLA_NONE;
}

/* --- IOUtils --- */

static tla_value io_result(struct tla_eval *eval, const char *text)
{
	tla_value names[] = { tla_new_string(eval, "exitValue", 9),
			      tla_new_string(eval, "stdout", 6),
			      tla_new_string(eval, "stderr", 6) };
	tla_value values[] = { tla_int(0), tla_new_string(eval, text, strlen(text)),
			       tla_new_string(eval, "", 0) };

	for (int i = 0; i < 3; i++)
		if (!names[i] || !values[i])
			return TLA_NONE;
	return tla_record(eval->heap, names, values, 3);
}

static bool has_option(struct tla_eval *eval, tla_value options, const char *wanted)
{
	tla_value name = tla_new_string(eval, "openOptions", 11), list;
	const struct tla_obj *s;
	uint32_t hint = 0;

	list = tla_field(eval->heap, options, name, &hint);
	s = list ? tla_as_sequence(eval->heap, list) : NULL;
	tla_heap_clear(eval->heap); /* without the field there are no options */
	for (uint32_t i = 0; s && i < s->count; i++)
		if (tla_is_string(s->items[i]) &&
		    !strcmp(tla_need_string(eval, "openOptions", s->items[i]), wanted))
			return true;
	return false;
}

/* Serialize(text, path, [format |-> "TXT", openOptions |-> <<"APPEND">>, ...]) */
static tla_value serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *text = tla_need_string(eval, "Serialize", args[0]);
	const char *path = text ? tla_need_string(eval, "Serialize", args[1]) : NULL;
	bool appends = path && has_option(eval, args[2], "APPEND");

	if (!path || !write_text(eval, path, text, appends))
		return TLA_NONE;
	return io_result(eval, "");
}

static tla_value deserialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "Deserialize", args[0]);
	char *text = path ? read_text(eval, path) : NULL;

	return text ? io_result(eval, text) : TLA_NONE;
}

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

static tla_value no_programs(struct tla_eval *eval, const tla_value *args)
{
	(void)args;
	return tla_fail(eval->heap, "A specification may not start programs here.");
}

static tla_value no_binary(struct tla_eval *eval, const tla_value *args)
{
	(void)args;
	return tla_fail(eval->heap, "TLC's binary files are neither read nor written: use module "
				    "Json.");
}

/* --- CSV --- */

/* One value as a field: a string without its quotes. NULL: failed. */
static const char *field_text(struct tla_eval *eval, tla_value v)
{
	return tla_is_string(v) ? tla_need_string(eval, "CSV", v) : tla_text_of(eval, v);
}

/* A template's next piece: text, or %i$s or %s, the number of which goes to *ret_arg (-1: text). */
static size_t piece_of(const char *at, uint32_t *next, int64_t *ret_arg)
{
	char *end;
	long i;

	*ret_arg = -1;
	if (*at != '%')
		return strcspn(at, "%");
	if (at[1] == 's') {
		*ret_arg = (*next)++;
		return 2;
	}
	i = strtol(at + 1, &end, 10);
	if (end == at + 1 || i < 1 || end[0] != '$' || end[1] != 's')
		return 1; /* the % itself */
	*ret_arg = i - 1;
	return (size_t)(end + 2 - at);
}

/* The text of a piece on the heap. NULL: failed. */
static const char *piece_text(struct tla_eval *eval, const char *at, size_t length, int64_t arg,
			      const struct tla_obj *values)
{
	char *copy;

	if (arg >= values->count) {
		tla_fail(eval->heap, "CSVWrite has no value %lld.", (long long)arg + 1);
		return NULL;
	}
	if (arg >= 0)
		return field_text(eval, values->items[arg]);
	copy = tla_alloc(eval->heap, (length / 8 + 1) * 8);
	if (copy) {
		memcpy(copy, at, length);
		copy[length] = '\0';
	}
	return copy;
}

/* CSVWrite("%1$s#%2$s", <<a, b>>, path) appends a line. */
static tla_value csv_write(struct tla_eval *eval, const tla_value *args)
{
	const char *at = tla_need_string(eval, "CSVWrite", args[0]), *path;
	const struct tla_obj *values = at ? tla_need_sequence(eval, "CSVWrite", args[1]) : NULL;
	const char *line = "";
	uint32_t next = 0;

	path = values ? tla_need_string(eval, "CSVWrite", args[2]) : NULL;
	while (path && line && *at) {
		int64_t arg;
		size_t length = piece_of(at, &next, &arg);
		const char *text = piece_text(eval, at, length, arg, values);

		line = text ? joined(eval, line, text) : NULL;
		at += length;
	}
	line = path && line ? joined(eval, line, "\n") : NULL;
	return line && write_text(eval, path, line, true) ? TLA_TRUE : TLA_NONE;
}

/* Number of lines in a file; one that is not there has none. */
static tla_value csv_records(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "CSVRecords", args[0]);
	const char *text = path ? read_text(eval, path) : NULL;
	int64_t count = 0;

	if (!path)
		return TLA_NONE;
	if (!text)
		tla_heap_clear(eval->heap);
	for (; text && *text; text += *text == '\n') {
		text += strcspn(text, "\n");
		count++;
	}
	return tla_int(count & INT32_MAX);
}

/* A line's fields as a record of strings. */
static tla_value csv_record(struct tla_eval *eval, const struct tla_obj *names, char *line,
			    const char *delimiter)
{
	tla_value *fields = tla_alloc(eval->heap, (names->count + 1u) * sizeof *fields);

	for (uint32_t i = 0; fields && i < names->count; i++) {
		char *field = strsep(&line, delimiter);

		if (!field)
			return tla_fail(eval->heap, "A line of CSV has %u fields instead of %u.", i,
					names->count);
		fields[i] = tla_new_string(eval, field, strlen(field));
		if (!fields[i])
			return TLA_NONE;
	}
	return fields ? tla_record(eval->heap, names->items, fields, names->count) : TLA_NONE;
}

/* CSVRead(<<"a", "b">>, ",", path): a record a line. */
static tla_value csv_read(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *names = tla_need_sequence(eval, "CSVRead", args[0]);
	const char *delimiter = names ? tla_need_string(eval, "CSVRead", args[1]) : NULL;
	const char *path = delimiter ? tla_need_string(eval, "CSVRead", args[2]) : NULL;
	char *rest = path ? read_text(eval, path) : NULL, *line;
	tla_value *items = rest ? tla_alloc(eval->heap, (strlen(rest) + 1) * sizeof *items) : NULL;
	uint32_t count = 0;

	while (items && (line = strsep(&rest, "\n"))) {
		if (*line == '\0')
			continue;
		items[count] = csv_record(eval, names, line, delimiter);
		if (!items[count++])
			return TLA_NONE;
	}
	return items ? tla_tuple(eval->heap, items, count) : TLA_NONE;
}

const struct tla_native tla_natives_io[] = {
	{ "Json", "ToJson", 1, to_json_text, NULL, TLA_CONSTANT },
	{ "Json", "ToJsonArray", 1, to_json_array, NULL, TLA_CONSTANT },
	{ "Json", "ToJsonObject", 1, to_json_object, NULL, TLA_CONSTANT },
	{ "Json", "JsonSerialize", 2, json_serialize, NULL, TLA_STATE },
	{ "Json", "JsonDeserialize", 1, json_deserialize, NULL, TLA_CONSTANT },
	{ "Json", "ndJsonSerialize", 2, nd_serialize, NULL, TLA_STATE },
	{ "Json", "ndJsonDeserialize", 1, nd_deserialize, NULL, TLA_CONSTANT },
	{ "IOUtils", "IOSerialize", 3, no_binary, NULL, TLA_STATE },
	{ "IOUtils", "IODeserialize", 2, no_binary, NULL, TLA_CONSTANT },
	{ "IOUtils", "Serialize", 3, serialize, NULL, TLA_STATE },
	{ "IOUtils", "Deserialize", 2, deserialize, NULL, TLA_CONSTANT },
	{ "IOUtils", "IOExec", 1, no_programs, NULL, TLA_STATE },
	{ "IOUtils", "IOEnvExec", 2, no_programs, NULL, TLA_STATE },
	{ "IOUtils", "IOExecTemplate", 2, no_programs, NULL, TLA_STATE },
	{ "IOUtils", "IOEnvExecTemplate", 3, no_programs, NULL, TLA_STATE },
	{ "IOUtils", "IOEnv", 0, io_env, NULL, TLA_CONSTANT },
	{ "IOUtils", "atoi", 1, to_number, NULL, TLA_CONSTANT },
	{ "IOUtils", "zeroPadN", 2, zero_pad, NULL, TLA_CONSTANT },
	{ "CSV", "CSVWrite", 3, csv_write, NULL, TLA_STATE },
	{ "CSV", "CSVRead", 3, csv_read, NULL, TLA_CONSTANT },
	{ "CSV", "CSVRecords", 1, csv_records, NULL, TLA_STATE },
	{ 0 },
};
