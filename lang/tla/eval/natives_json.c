/* SPDX-License-Identifier: MIT */
/*
 * Operators of Json in C.
 *
 * A record is an object, as is any function that is no sequence, its arguments printed; sequences
 * and sets are arrays. What is read becomes integers, strings, Booleans, tuples and records.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/set.h"
#include "natives_file.h"
#include "nodes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

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

/* --- Files --- */

static tla_value json_serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "JsonSerialize", args[0]);
	char *text = path ? json_text(eval, args[1], JSON_AS_IS) : NULL;
	bool is_done = text && tla_file_write(eval, path, text, strlen(text), TLA_WRITE_ANEW);

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
	char *text = path ? tla_file_read(eval, path, NULL) : NULL;

	return text ? parse(eval, path, text) : TLA_NONE;
}

static tla_value nd_serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "ndJsonSerialize", args[0]);
	const struct tla_obj *s = path ? tla_need_sequence(eval, "ndJsonSerialize", args[1]) : NULL;
	const char *lines = s ? "" : NULL;

	for (uint32_t i = 0; lines && i < s->count; i++) {
		char *text = json_text(eval, s->items[i], JSON_AS_IS);

		lines = text ? tla_joined(eval, lines, text) : NULL;
		lines = lines ? tla_joined(eval, lines, "\n") : NULL;
		free(text);
	}
	return lines && tla_file_write(eval, path, lines, strlen(lines), TLA_WRITE_ANEW) ? TLA_TRUE
											 : TLA_NONE;
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
	char *text = path ? tla_file_read(eval, path, NULL) : NULL;

	return text ? each_line(eval, path, text, parse) : TLA_NONE;
}

const struct tla_native tla_natives_json[] = {
	{ "Json", "ToJson", 1, to_json_text, NULL, TLA_CONSTANT },
	{ "Json", "ToJsonArray", 1, to_json_array, NULL, TLA_CONSTANT },
	{ "Json", "ToJsonObject", 1, to_json_object, NULL, TLA_CONSTANT },
	{ "Json", "JsonSerialize", 2, json_serialize, NULL, TLA_STATE },
	{ "Json", "JsonDeserialize", 1, json_deserialize, NULL, TLA_CONSTANT },
	{ "Json", "ndJsonSerialize", 2, nd_serialize, NULL, TLA_STATE },
	{ "Json", "ndJsonDeserialize", 1, nd_deserialize, NULL, TLA_CONSTANT },
	{ 0 },
};
