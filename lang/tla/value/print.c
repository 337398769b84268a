/* SPDX-License-Identifier: MIT */
/* Values as text. Invariant: a pen past its end only counts, so every caller learns the whole
 * length. */
#include "print.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

struct pen {
	const struct tla_heap *heap;
	char *at, *end; /* the last byte is for the NUL */
	size_t length;
};

static void put(struct pen *pen, const char *text)
{
	size_t n_bytes = strlen(text);
	size_t room = (size_t)(pen->end - pen->at);
	size_t part = n_bytes < room ? n_bytes : room;

	memcpy(pen->at, text, part);
	pen->at += part;
	pen->length += n_bytes;
}

static void put_value(struct pen *pen, tla_value v);

static void put_list(struct pen *pen, const char *open, const tla_value *items, uint64_t count,
		     const char *between, const char *close)
{
	put(pen, open);
	for (uint64_t i = 0; i < count; i++) {
		put(pen, i ? between : "");
		put_value(pen, items[i]);
	}
	put(pen, close);
}

/* As TLC: 1..3 where it was written so, {1, 2, 3} where the elements were listed. */
static void put_interval(struct pen *pen, const struct tla_obj *set)
{
	if (set->count == 0) {
		put_value(pen, set->items[0]);
		put(pen, "..");
		put_value(pen, set->items[1]);
		return;
	}
	put(pen, "{");
	for (uint64_t i = 0; i < tla_set_count(set); i++) {
		put(pen, i > 0 ? ", " : "");
		put_value(pen, tla_set_at(set, i));
	}
	put(pen, "}");
}

/* What may stand before `|->` and after a dot. */
static bool is_identifier(const char *text)
{
	bool has_letter = false;

	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
		has_letter |= isalpha((unsigned char)*text) != 0;
	}
	return has_letter;
}

static const char *string_text(const struct pen *pen, tla_value v)
{
	return pen->heap->hooks.string_text(pen->heap->hooks.names, tla_id_of(v));
}

static bool prints_as_record(const struct pen *pen, tla_value fcn)
{
	if (!tla_is_record(fcn))
		return false;
	for (uint32_t i = 0; i < tla_obj(fcn)->count; i++)
		if (!is_identifier(string_text(pen, tla_fcn_domain_at(tla_obj(fcn), i))))
			return false;
	return true;
}

static void put_record(struct pen *pen, const struct tla_obj *rcd)
{
	put(pen, "[");
	for (uint32_t i = 0; i < rcd->count; i++) {
		put(pen, i ? ", " : "");
		put(pen, string_text(pen, tla_fcn_domain_at(rcd, i)));
		put(pen, " |-> ");
		put_value(pen, tla_fcn_values(rcd)[i]);
	}
	put(pen, "]");
}

static void put_fcn(struct pen *pen, const struct tla_obj *fcn)
{
	put(pen, "(");
	for (uint32_t i = 0; i < fcn->count; i++) {
		put(pen, i ? " @@ " : "");
		put_value(pen, tla_fcn_domain_at(fcn, i));
		put(pen, " :> ");
		put_value(pen, tla_fcn_values(fcn)[i]);
	}
	put(pen, ")");
}

static void put_records(struct pen *pen, const struct tla_obj *rcds)
{
	put(pen, "[");
	for (uint32_t i = 0; i < rcds->count; i++) {
		put(pen, i ? ", " : "");
		put(pen, string_text(pen, tla_set_at(tla_obj(rcds->items[0]), i)));
		put(pen, ": ");
		put_value(pen, rcds->items[i + 1]);
	}
	put(pen, "]");
}

static void put_object(struct pen *pen, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);

	switch ((enum tla_kind)obj->kind) {
	case TLA_SET:
		put_list(pen, "{", obj->items, obj->count, ", ", "}");
		break;
	case TLA_INTERVAL:
		put_interval(pen, obj);
		break;
	case TLA_TUPLE:
		put_list(pen, "<<", obj->items, obj->count, ", ", ">>");
		break;
	case TLA_FCN:
		if (prints_as_record(pen, v))
			put_record(pen, obj);
		else
			put_fcn(pen, obj);
		break;
	case TLA_SUBSET:
		if (tla_is_kind(obj->items[0], TLA_INTERVAL) && !tla_obj(obj->items[0])->count)
			put_list(pen, "SUBSET (", obj->items, 1, "", ")");
		else
			put_list(pen, "SUBSET ", obj->items, 1, "", "");
		break;
	case TLA_FCNS:
		put_list(pen, "[", obj->items, 2, " -> ", "]");
		break;
	case TLA_RCDS:
		put_records(pen, obj);
		break;
	case TLA_CROSS:
		put_list(pen, "(", obj->items, obj->count, " \\X ", ")");
		break;
	case TLA_SEQS:
		put_list(pen, "Seq(", obj->items, 1, "", ")");
		break;
	case TLA_CUP:
		put_list(pen, "(", obj->items, 2, " \\cup ", ")");
		break;
	case TLA_CAP:
		put_list(pen, "(", obj->items, 2, " \\cap ", ")");
		break;
	case TLA_DIFF:
		put_list(pen, "(", obj->items, 2, " \\ ", ")");
		break;
	case TLA_PRED:
		put_list(pen, "{x \\in ", obj->items, 1, "", " : <expression>}");
		break;
	case TLA_LAMBDA:
		put_list(pen, "[x \\in ", obj->items, 1, "", " |-> <expression>]");
		break;
	}
}

/* The letter after a backslash that stands for c, or 0. */
static char escape_of(char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	case '\f':
		return 'f';
	case '"':
	case '\\':
		return c;
	default:
		return '\0';
	}
}

static void put_string(struct pen *pen, const char *text)
{
	put(pen, "\"");
	for (; *text; text++) {
		char escape = escape_of(*text);
		char piece[3] = { '\\', escape ? escape : *text, '\0' };

		put(pen, escape ? piece : piece + 1);
	}
	put(pen, "\"");
}

static void put_value(struct pen *pen, tla_value v)
{
	static const char *const infinite[] = { "Nat", "Int", "Real", "STRING", "Any" };
	char number[24];

	switch (tla_tag(v)) {
	case TLA_INT:
		(void)snprintf(number, sizeof number, "%" PRId64, tla_int_of(v));
		put(pen, number);
		break;
	case TLA_STRING:
		put_string(pen, string_text(pen, v));
		break;
	case TLA_BOOL:
		put(pen, v == TLA_TRUE ? "TRUE" : "FALSE");
		break;
	case TLA_MODEL:
		put(pen, pen->heap->hooks.model_text(pen->heap->hooks.names, tla_id_of(v)));
		break;
	case TLA_INFINITE:
		put(pen, infinite[tla_id_of(v)]);
		break;
	case TLA_OBJECT:
		if (v)
			put_object(pen, v);
		break;
	}
}

size_t tla_print(const struct tla_heap *heap, tla_value v, char *text, size_t n_bytes)
{
	struct pen pen = { .heap = heap, .at = text, .end = text + n_bytes - 1 };

	put_value(&pen, v);
	*pen.at = '\0';
	return pen.length;
}

const char *tla_brief(const struct tla_heap *heap, tla_value v, char text[TLA_BRIEF_BYTES])
{
	if (tla_print(heap, v, text, TLA_BRIEF_BYTES) >= TLA_BRIEF_BYTES)
		memcpy(text + TLA_BRIEF_BYTES - 4, "...", 4);
	return text;
}
