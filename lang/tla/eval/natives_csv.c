/* SPDX-License-Identifier: MIT */
/*
 * Operators of CSV in C: lines of printed values.
 * A string is written with its quotes, as any value is printed; what is read is strings.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/set.h"
#include "natives_file.h"

#include <errno.h>
#include <string.h>

/* CSVWrite("%1$s#%2$s", <<a, b>>, path) appends a line. */
static tla_value csv_write(struct tla_eval *eval, const tla_value *args)
{
	const char *format = tla_need_string(eval, "CSVWrite", args[0]), *line = NULL, *path;
	const struct tla_obj *s = format ? tla_need_sequence(eval, "CSVWrite", args[1]) : NULL;
	struct tla_template template = { .where = "CSVWrite", .count = s ? s->count : 0 };
	bool is_good;

	path = s ? tla_need_string(eval, "CSVWrite", args[2]) : NULL;
	template.texts = path ? tla_alloc(eval->heap, (s->count + 1u) * sizeof(char *)) : NULL;
	is_good = template.texts;
	for (uint32_t i = 0; is_good && i < s->count; i++) {
		template.texts[i] = tla_text_of(eval, s->items[i]);
		is_good = template.texts[i];
	}
	line = is_good ? tla_fill(eval, format, &template) : NULL;
	line = line ? tla_joined(eval, line, "\n") : NULL;
	return line && tla_file_write(eval, path, line, strlen(line), TLA_WRITE_BEHIND) ? TLA_TRUE
											: TLA_NONE;
}

/* The names of a record's fields, or its values, with a delimiter between. NULL: failed. */
static const char *record_line(struct tla_eval *eval, const struct tla_obj *record,
			       const char *delimiter, bool is_head)
{
	const char *line = "";

	for (uint32_t i = 0; line && i < record->count; i++) {
		tla_value name = tla_fcn_domain_at(record, i);
		const char *text = is_head ? tla_need_string(eval, "CSVWriteRecord", name)
					   : tla_text_of(eval, record->items[1 + i]);

		line = i > 0 ? tla_joined(eval, line, delimiter) : line;
		line = line && text ? tla_joined(eval, line, text) : NULL;
	}
	return line ? tla_joined(eval, line, "\n") : NULL;
}

/* CSVWriteRecord(record, ",", whether a line with the names comes first, path) appends. */
static tla_value csv_write_record(struct tla_eval *eval, const tla_value *args)
{
	static const char where[] = "CSVWriteRecord";
	tla_value record = tla_explicit(eval->heap, args[0]);
	const char *delimiter, *path, *head = "", *line;

	if (!record)
		return TLA_NONE;
	if (!tla_is_record(record))
		return tla_fail_kind(eval, where, "a record", record);
	if (args[2] != TLA_TRUE && args[2] != TLA_FALSE)
		return tla_fail_kind(eval, where, "a Boolean", args[2]);
	delimiter = tla_need_string(eval, where, args[1]);
	path = delimiter ? tla_need_string(eval, where, args[3]) : NULL;
	if (path && args[2] == TLA_TRUE)
		head = record_line(eval, tla_obj(record), delimiter, true);
	line = path && head ? record_line(eval, tla_obj(record), delimiter, false) : NULL;
	line = line ? tla_joined(eval, head, line) : NULL;
	return line && tla_file_write(eval, path, line, strlen(line), TLA_WRITE_BEHIND) ? TLA_TRUE
											: TLA_NONE;
}

/* The text of a file; of one that is not there it is empty. NULL: failed. */
static char *text_or_none(struct tla_eval *eval, const char *path)
{
	static char none[1];
	size_t n_bytes;
	char *text = NULL;
	int err = tla_file_try_read(eval, path, &text, &n_bytes);

	if (err == -ENOENT)
		return none;
	if (err)
		(void)tla_file_failed(eval, path, err);
	return text;
}

static tla_value csv_records(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "CSVRecords", args[0]);
	const char *text = path ? text_or_none(eval, path) : NULL;
	int64_t count = 0;

	for (const char *at = text; at && *at; at += *at == '\n') {
		at += strcspn(at, "\n");
		count++;
	}
	return text ? tla_int(count & INT32_MAX) : TLA_NONE;
}

/* The next field, the delimiter behind it left out; "" has none. */
static char *next_field(char **rest, const char *delimiter)
{
	size_t length = strlen(delimiter);
	char *field = *rest, *end = field && length ? strstr(field, delimiter) : NULL;

	if (end)
		*end = '\0';
	*rest = end ? end + length : NULL;
	return field;
}

/* A line's fields as a record of strings. */
static tla_value csv_record(struct tla_eval *eval, const struct tla_obj *names, char *line,
			    const char *delimiter)
{
	tla_value *fields = tla_alloc(eval->heap, (names->count + 1u) * sizeof *fields);

	for (uint32_t i = 0; fields && i < names->count; i++) {
		char *field = next_field(&line, delimiter);

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
	char *rest = path ? text_or_none(eval, path) : NULL, *line;
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

const struct tla_native tla_natives_csv[] = {
	{ "CSV", "CSVWrite", 3, csv_write, NULL, TLA_STATE },
	{ "CSV", "CSVWriteRecord", 4, csv_write_record, NULL, TLA_STATE },
	{ "CSV", "CSVRead", 3, csv_read, NULL, TLA_STATE },
	{ "CSV", "CSVRecords", 1, csv_records, NULL, TLA_STATE },
	{ 0 },
};
