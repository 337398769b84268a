/* SPDX-License-Identifier: MIT */
/*
 * --coverage: what was counted of a specification, in TLC's lines and as JSON.
 *
 * Invariant: what is told after a search is what the search counted; making the trace again counts
 * nothing.
 */
#include "check/spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN_BYTES = 512, LONG_MS = 5 * 60 * 1000 };

/* Sums that the caller frees; NULL: no memory, which is said. */
static uint64_t *sums_of(struct check_spec *spec)
{
	uint64_t *sums = calloc(spec->model->cover.count_count + 1, sizeof(*sums));

	if (sums)
		tla_coverage_sum(&spec->search, sums);
	else
		(void)app_failed(CHECK_NAME, "no memory for the coverage");
	return sums;
}

void check_coverage_keep(struct check_spec *spec)
{
	if (spec->model->is_counted && spec->has_search && !spec->coverage)
		spec->coverage = sums_of(spec);
}

/* --- Lines --- */

/* "line 1, col 2 to ... of module M", and "(3 4 5 6)" of a part. */
static void write_place(const struct check_spec *spec, const struct tla_coverage_line *line,
			FILE *out)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	char at[SPAN_BYTES];

	fputs(check_span(spec, line->span, at, sizeof(at)), out);
	if (line->part.begin != TLA_NO_POS) {
		struct tla_place from = tla_place_of(sources, line->part.begin);
		struct tla_place to = tla_place_last(sources, line->part);

		fprintf(out, " (%u %u %u %u)", from.line, from.column, to.line, to.column);
	}
}

static void write_head(const struct check_spec *spec, const struct tla_coverage_line *line,
		       FILE *out)
{
	fprintf(out, "<%s ", line->name ? check_name(spec, line->name) : "Action");
	write_place(spec, line, out);
	fputc('>', out);
}

static void write_expression(const struct check_spec *spec, const struct tla_coverage_line *line,
			     FILE *out)
{
	char at[SPAN_BYTES];

	fputs("  ", out);
	for (uint32_t i = 0; i < line->depth; i++)
		fputc('|', out);
	fprintf(out, "%s: %" PRIu64, check_span(spec, line->span, at, sizeof(at)), line->counts[0]);
}

static void write_line(const struct check_spec *spec, const struct tla_coverage_line *line,
		       FILE *out)
{
	switch (line->kind) {
	case TLA_COVERED_EXPRESSION:
		write_expression(spec, line, out);
		break;
	case TLA_COVERED_VARIABLE:
		write_head(spec, line, out);
		fprintf(out, ": %" PRIu64, line->counts[0]);
		break;
	case TLA_COVERED_INVARIANT:
		write_head(spec, line, out);
		break;
	default:
		write_head(spec, line, out);
		fprintf(out, ": %" PRIu64 ":%" PRIu64, line->counts[0], line->counts[1]);
		break;
	}
}

static void say_line(void *context, const struct tla_coverage_line *line)
{
	static const enum check_code codes[] = {
		[TLA_COVERED_VARIABLE] = SAY_COVERAGE_VARIABLE,
		[TLA_COVERED_INIT] = SAY_COVERAGE_INIT,
		[TLA_COVERED_ACTION] = SAY_COVERAGE_NEXT,
		[TLA_COVERED_INVARIANT] = SAY_COVERAGE_PROPERTY,
		[TLA_COVERED_CONSTRAINT] = SAY_COVERAGE_CONSTRAINT,
		[TLA_COVERED_EXPRESSION] = SAY_COVERAGE_VALUE,
	};
	const struct check_spec *spec = context;
	FILE *out = check_say_begin(spec->say, codes[line->kind]);

	if (out)
		write_line(spec, line, out);
	check_say_end(spec->say, codes[line->kind]);
}

/* TLC has a line for it, as for any action; a person may overlook it. */
static void say_never_taken(void *context, const struct tla_coverage_line *line)
{
	const struct check_spec *spec = context;
	FILE *out;

	if (line->kind != TLA_COVERED_ACTION || line->counts[1] > 0)
		return;
	out = check_say_begin(spec->say, SAY_NEVER_TAKEN);
	if (out) {
		fputs("The action ", out);
		write_head(spec, line, out);
		fputs(" was never taken.", out);
	}
	check_say_end(spec->say, SAY_NEVER_TAKEN);
}

static void tell(struct check_spec *spec, const uint64_t *sums, tla_coverage_fn *say)
{
	if (tla_coverage_tell(&spec->search, sums, say, spec) < 0)
		(void)app_failed(CHECK_NAME, "no memory for the coverage");
}

static void say_all(struct check_spec *spec, const uint64_t *sums)
{
	char now[CHECK_NOW_BYTES];

	check_say(spec->say, SAY_COVERAGE, "The coverage statistics at %s", check_now(now));
	tell(spec, sums, say_line);
	if (check_say_ms(spec->say) > LONG_MS)
		check_say(spec->say, SAY_COVERAGE_END_COST,
			  "End of statistics (please note that for performance reasons large "
			  "models\nare best checked with coverage and cost statistics disabled).");
	else
		check_say(spec->say, SAY_COVERAGE_END, "End of statistics.");
}

void check_coverage_say(struct check_spec *spec, bool is_over)
{
	uint64_t *sums = is_over ? spec->coverage : sums_of(spec);

	if (!sums)
		return;
	say_all(spec, sums);
	if (!is_over)
		free(sums);
	else if (!spec->say->is_tool)
		tell(spec, sums, say_never_taken);
}

/* --- JSON --- */

struct lists {
	const struct check_spec *spec;
	json_t *whole;
	json_t **open; /* lists of expressions: open[d] is that of depth d */
	uint32_t open_room;
	bool is_whole; /* no memory failed */
};

json_t *check_place_json(const struct check_spec *spec, struct tla_span span)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	struct tla_place from = tla_place_of(sources, span.begin);
	struct tla_place to = tla_place_last(sources, span);
	char module[256];

	return json_pack("{s:s, s:i, s:i, s:i, s:i}", "module",
			 check_module_of(from.file, module, sizeof(module)), "line", (int)from.line,
			 "column", (int)from.column, "end_line", (int)to.line, "end_column",
			 (int)to.column);
}

static bool make_room(struct lists *lists, uint32_t depth)
{
	uint32_t room = 2 * depth + 16;
	json_t **open;

	if (depth < lists->open_room)
		return true;
	open = realloc(lists->open, room * sizeof(json_t *));
	if (!open)
		return false;
	lists->open = open;
	lists->open_room = room;
	return true;
}

static void put_count(json_t *object, const char *name, uint64_t count)
{
	(void)json_object_set_new(object, name, json_integer((json_int_t)count));
}

static void put_counts(json_t *object, const struct tla_coverage_line *line)
{
	switch (line->kind) {
	case TLA_COVERED_EXPRESSION:
		put_count(object, "count", line->counts[0]);
		break;
	case TLA_COVERED_VARIABLE:
		put_count(object, "values", line->counts[0]);
		break;
	case TLA_COVERED_INIT:
		put_count(object, "states", line->counts[0]);
		put_count(object, "found", line->counts[1]);
		break;
	case TLA_COVERED_ACTION:
		put_count(object, "distinct", line->counts[0]);
		put_count(object, "generated", line->counts[1]);
		break;
	case TLA_COVERED_CONSTRAINT:
		put_count(object, "passed", line->counts[0]);
		put_count(object, "asked", line->counts[1]);
		break;
	case TLA_COVERED_INVARIANT:
		break;
	}
}

static void put_line(void *context, const struct tla_coverage_line *line)
{
	static const char *const names[] = {
		[TLA_COVERED_VARIABLE] = "variables",     [TLA_COVERED_INIT] = "init",
		[TLA_COVERED_ACTION] = "actions",         [TLA_COVERED_INVARIANT] = "invariants",
		[TLA_COVERED_CONSTRAINT] = "constraints",
	};
	struct lists *lists = context;
	bool is_expression = line->kind == TLA_COVERED_EXPRESSION;
	json_t *object = json_object(), *inner = json_array(), *list;

	if (!object || !inner || !make_room(lists, line->depth + 1)) {
		lists->is_whole = false;
		json_decref(object);
		json_decref(inner);
		return;
	}
	if (line->name)
		(void)json_object_set_new(object, "name",
					  json_string(check_name(lists->spec, line->name)));
	(void)json_object_set_new(object, "location", check_place_json(lists->spec, line->span));
	if (line->part.begin != TLA_NO_POS)
		(void)json_object_set_new(object, "part",
					  check_place_json(lists->spec, line->part));
	put_counts(object, line);
	lists->open[is_expression ? line->depth + 1 : 0] = inner;
	if (line->kind == TLA_COVERED_VARIABLE)
		json_decref(inner);
	else
		(void)json_object_set_new(object, "expressions", inner);
	list = is_expression ? lists->open[line->depth]
			     : json_object_get(lists->whole, names[line->kind]);
	if (json_array_append_new(list, object) < 0)
		lists->is_whole = false;
}

json_t *check_coverage_json(struct check_spec *spec)
{
	struct lists lists = { .spec = spec, .is_whole = true };

	if (!spec->coverage)
		return json_null();
	lists.whole = json_pack("{s:[], s:[], s:[], s:[], s:[]}", "variables", "init", "actions",
				"invariants", "constraints");
	if (!lists.whole)
		return NULL;
	if (tla_coverage_tell(&spec->search, spec->coverage, put_line, &lists) < 0)
		lists.is_whole = false;
	free(lists.open);
	if (lists.is_whole)
		return lists.whole;
	json_decref(lists.whole);
	return NULL;
}
