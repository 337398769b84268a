/* SPDX-License-Identifier: MIT */
/*
 * The parser's tools: tokens, errors, lists and nodes.
 *
 * Invariant: the scratch arena goes with the parser; what is in the tree never points there.
 */
#include "parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS_FIRST = 64, BYTES_FIRST = 1024, FOUND_BYTES_MAX = 40 };

static const size_t scratch_bytes = (size_t)16 << 30;

static const char *const kind_names[T_COUNT] = {
#define KIND(kind, text) [T_##kind] = (text),
	TOKENS(KIND) WORD_KINDS(KIND)
#undef KIND
};

int tla_parser_init(struct parser *p, struct tla_spec *spec, const struct tla_file *file)
{
	int r;

	*p = (struct parser){ .spec = spec, .file = file };
	r = nw_arena_create(&p->scratch, NW_NODE_ANY, scratch_bytes, 0);
	if (r < 0)
		return r;
	p->tokens.arena = p->scratch;
	p->slots = nw_arena_alloc(p->scratch, SLOTS_FIRST * sizeof(*p->slots), 8);
	p->bytes = nw_arena_alloc(p->scratch, BYTES_FIRST, 8);
	p->slot_room = SLOTS_FIRST;
	p->byte_room = BYTES_FIRST;
	if (p->slots && p->bytes)
		return 0;
	nw_arena_destroy(p->scratch);
	return -ENOMEM;
}

void tla_parser_fini(struct parser *p)
{
	nw_arena_destroy(p->scratch);
}

/* Tokens. */

const struct token *tla_take(struct parser *p)
{
	const struct token *t = token(p);

	if (p->at + 1 < p->tokens.count)
		p->at++;
	return t;
}

bool tla_accept(struct parser *p, enum token_kind kind)
{
	if (peek(p) != kind)
		return false;
	(void)tla_take(p); /* it was looked at */
	return true;
}

bool tla_expect(struct parser *p, enum token_kind kind, const char *what)
{
	if (tla_accept(p, kind))
		return true;
	(void)tla_expected(p, what ? what : kind_names[kind]); /* reported */
	return false;
}

static struct tla_name name_of(const struct token *t)
{
	return (struct tla_name){ t->sym, { t->begin, t->end } };
}

bool tla_expect_name(struct parser *p, struct tla_name *ret_name)
{
	if (peek(p) != T_NAME)
		return tla_expected(p, "a name");
	*ret_name = name_of(tla_take(p));
	return true;
}

bool tla_is_word(const struct token *t)
{
	return t->kind >= T_BOX_PROVE + 1 || t->kind == T_NAME ||
	       (t->kind == T_OP && t->sym >= TLA_OP_ENABLED && t->sym <= TLA_OP_DOMAIN);
}

bool tla_expect_field(struct parser *p, struct tla_name *ret_name, const char *what)
{
	if (peek(p) == T_EDGE || !tla_is_word(token(p)) || token_after(p, 1)->kind == T_DEF)
		return tla_expected(p, what);
	*ret_name = name_of(tla_take(p));
	return true;
}

uint32_t tla_end(const struct parser *p)
{
	return p->at > 0 ? p->tokens.at[p->at - 1].end : p->file->base;
}

/* Errors. */

/* "'THEN'", "the end of the file": what stands at the place. */
static const char *found(const struct parser *p, char *buf)
{
	const struct token *t = token(p);
	uint32_t n_bytes = t->end - t->begin, max = FOUND_BYTES_MAX - 8;
	const char *text = p->file->text + (t->begin - p->file->base);

	if (t->kind == T_EOF)
		return kind_names[T_EOF];
	if (n_bytes > max) {
		for (n_bytes = max; n_bytes > 0 && (text[n_bytes] & 0xc0) == 0x80;)
			n_bytes--;
		(void)snprintf(buf, FOUND_BYTES_MAX, "'%.*s...'", (int)n_bytes, text);
	} else {
		(void)snprintf(buf, FOUND_BYTES_MAX, "'%.*s'", (int)n_bytes, text);
	}
	return buf;
}

void *tla_expected(struct parser *p, const char *what)
{
	struct tla_sources *sources = &p->spec->sources;
	char buf[FOUND_BYTES_MAX];
	const struct token *t = token(p);

	if (peek(p) == T_EDGE && t->kind != T_EOF && t->kind != T_MODULE_END)
		tla_error_add(sources, t->begin,
			      "expected %s; found %s in column %u, but what belongs to an item of "
			      "the list stands right of column %u",
			      what, found(p, buf), t->column, p->list_column);
	else
		tla_error_add(sources, t->begin, "expected %s; found %s", what, found(p, buf));
	return NULL;
}

void *tla_wrong(struct parser *p, uint32_t pos, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tla_error_add(&p->spec->sources, pos, "%s", text);
	return NULL;
}

void *tla_no_memory(struct parser *p)
{
	p->spec->sources.is_full = true;
	return NULL;
}

bool tla_enter(struct parser *p)
{
	if (p->depth == NESTING_MAX)
		return tla_wrong(p, token(p)->begin, "more than %d constructs inside each other",
				 NESTING_MAX);
	p->depth++;
	return true;
}

void tla_leave(struct parser *p)
{
	p->depth--;
}

/* Lists. */

bool tla_list_push(struct parser *p, const void *item, size_t item_bytes)
{
	if (p->n_bytes + item_bytes > p->byte_room) {
		char *bytes = nw_arena_alloc(p->scratch, 2 * p->byte_room, 8);

		if (!bytes)
			return tla_no_memory(p);
		memcpy(bytes, p->bytes, p->n_bytes);
		p->bytes = bytes;
		p->byte_room *= 2;
	}
	memcpy(p->bytes + p->n_bytes, item, item_bytes);
	p->n_bytes += item_bytes;
	return true;
}

bool tla_list_take(struct parser *p, size_t mark, size_t item_bytes, void *ret_items,
		   uint32_t *ret_count)
{
	size_t n_bytes = p->n_bytes - mark;
	void *items = n_bytes ? tla_piece(&p->spec->sources, n_bytes) : NULL;

	p->n_bytes = mark;
	if (n_bytes && !items)
		return false;
	if (items)
		memcpy(items, p->bytes + mark, n_bytes);
	memcpy(ret_items, &items, sizeof(items));
	*ret_count = (uint32_t)(n_bytes / item_bytes);
	return true;
}

/* Nodes. */

struct tla_expr *tla_node(struct parser *p, enum tla_expr_kind kind, uint32_t begin)
{
	struct tla_expr *expr = tla_piece(&p->spec->sources, sizeof(*expr));

	if (!expr)
		return NULL;
	expr->kind = (uint8_t)kind;
	expr->span.begin = begin;
	return expr;
}

static bool note_depth(struct tla_expr *child, void *deepest)
{
	if (child->depth > *(uint32_t *)deepest)
		*(uint32_t *)deepest = child->depth;
	return true;
}

struct tla_expr *tla_close(struct parser *p, struct tla_expr *expr)
{
	uint32_t deepest = 0;

	if (expr->span.end == 0)
		expr->span.end = tla_end(p);
	(void)tla_each_child(expr, note_depth, &deepest); /* it goes through all */
	if (deepest >= TLA_DEPTH_MAX)
		return tla_wrong(p, expr->span.begin, "an expression more than %d levels deep",
				 TLA_DEPTH_MAX);
	expr->depth = (uint16_t)(deepest + 1);
	expr->id = ++p->spec->expr_count;
	return expr;
}

struct tla_expr *tla_apply_op(struct parser *p, enum tla_op op, struct tla_span span,
			      struct tla_expr **args, uint32_t arg_count)
{
	struct tla_expr *expr = tla_node(p, TLA_E_APPLY, span.begin);

	if (!expr)
		return NULL;
	expr->span = span;
	expr->apply.name_span = span;
	expr->apply.sym = (tla_sym)op;
	expr->apply.args = args;
	expr->apply.arg_count = arg_count;
	return tla_close(p, expr);
}

static struct tla_expr *parse_whole_expression(struct parser *p)
{
	struct tla_expr *expr = tla_expression(p);

	if (expr && peek(p) != T_EOF)
		return tla_expected(p, "the end of the expression");
	return expr;
}

/* Common to both ways in: NULL if there is any error, of the text or of memory. */
static bool is_clean(struct tla_spec *spec, uint32_t errors_before)
{
	return spec->sources.error_count == errors_before && !spec->sources.is_full;
}

struct tla_module *tla_parse_module(struct tla_spec *spec, const struct tla_file *file)
{
	struct tla_module *module = tla_parse_module_at(spec, file, 0);

	if (module)
		tla_enter_literals_of(spec, module);
	return spec->sources.is_full ? NULL : module;
}

struct tla_module *tla_parse_module_at(struct tla_spec *spec, const struct tla_file *file,
				       uint32_t from)
{
	uint32_t errors = spec->sources.error_count;
	struct tla_module *module = NULL;
	struct parser p;

	if (tla_parser_init(&p, spec, file) < 0) {
		spec->sources.is_full = true;
		return NULL;
	}
	if (!tla_lex(spec, file, from, true, &p.tokens))
		spec->sources.is_full = true;
	else if (p.tokens.at[0].kind == T_MODULE_START)
		module = tla_module(&p, NULL);
	tla_parser_fini(&p);
	return is_clean(spec, errors) ? module : NULL;
}

struct tla_expr *tla_parse_expression(struct tla_spec *spec, const struct tla_file *file)
{
	uint32_t errors = spec->sources.error_count;
	struct tla_expr *expr = NULL;
	struct parser p;

	if (tla_parser_init(&p, spec, file) < 0) {
		spec->sources.is_full = true;
		return NULL;
	}
	if (!tla_lex(spec, file, 0, false, &p.tokens))
		spec->sources.is_full = true;
	else
		expr = parse_whole_expression(&p);
	tla_parser_fini(&p);
	if (expr && is_clean(spec, errors))
		tla_enter_literals(spec, expr);
	return is_clean(spec, errors) ? expr : NULL;
}
