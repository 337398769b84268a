/* SPDX-License-Identifier: MIT */
/*
 * The lexer.
 *
 * Always the longest token that fits, as in SANY: `\inx` is `\in x`, `\o17` is a number, `x<-1` has
 * a
 * `<-`. Nothing depends on what the parser expects, so the whole text is cut before it is parsed
 * and the parser may look ahead as far as it likes.
 *
 * Invariant: `at` only grows; the column is carried along, so the work is linear in the text
 * whatever stands in it.
 */
#include "lex.h"

#include <assert.h>
#include <string.h>

enum { TAB = 8, TOKENS_FIRST = 256 };

/* What is neither word, number, string nor line. */
static const struct mark {
	const char *text;
	uint8_t kind;
	uint8_t op;
} marks[] = {
#define NAME(number, spelling, fix, low, high, assoc) \
	{ .text = (spelling), .kind = T_OP, .op = TLA_OP_##number },
#define SPELLING(number, spelling) { .text = (spelling), .kind = T_OP, .op = TLA_OP_##number },
	TLA_OPS(NAME) TLA_OP_SPELLINGS(SPELLING)
#undef NAME
#undef SPELLING
		{ ",", T_COMMA, 0 },
	{ ":", T_COLON, 0 },
	{ "::", T_COLON_COLON, 0 },
	{ "∷", T_COLON_COLON, 0 },
	{ ".", T_DOT, 0 },
	{ "==", T_DEF, 0 },
	{ "≜", T_DEF, 0 },
	{ "(", T_LPAREN, 0 },
	{ ")", T_RPAREN, 0 },
	{ "[", T_LSQUARE, 0 },
	{ "]", T_RSQUARE, 0 },
	{ "]_", T_RSQUARE_SUB, 0 },
	{ "{", T_LBRACE, 0 },
	{ "}", T_RBRACE, 0 },
	{ "<<", T_LANGLE, 0 },
	{ "⟨", T_LANGLE, 0 },
	{ ">>", T_RANGLE, 0 },
	{ "⟩", T_RANGLE, 0 },
	{ ">>_", T_RANGLE_SUB, 0 },
	{ "⟩_", T_RANGLE_SUB, 0 },
	{ "!", T_BANG, 0 },
	{ "->", T_ARROW, 0 },
	{ "→", T_ARROW, 0 },
	{ "⟶", T_ARROW, 0 },
	{ "<-", T_GETS, 0 },
	{ "←", T_GETS, 0 },
	{ "⟵", T_GETS, 0 },
	{ "|->", T_MAPS_TO, 0 },
	{ "↦", T_MAPS_TO, 0 },
	{ "⟼", T_MAPS_TO, 0 },
	{ "\\A", T_FORALL, 0 },
	{ "\\forall", T_FORALL, 0 },
	{ "∀", T_FORALL, 0 },
	{ "\\E", T_EXISTS, 0 },
	{ "\\exists", T_EXISTS, 0 },
	{ "∃", T_EXISTS, 0 },
	{ "\\AA", T_AA, 0 },
	{ "\\EE", T_EE, 0 },
	{ "@", T_AT, 0 },
	{ "[]ASSUME", T_BOX_ASSUME, 0 },
	{ "[]PROVE", T_BOX_PROVE, 0 },
};

enum { MARK_COUNT = sizeof(marks) / sizeof(marks[0]) };
static_assert(MARK_COUNT < 256, "chains of marks are of bytes");

struct lexer {
	struct tla_spec *spec;
	const struct tla_file *file;
	struct tokens *tokens;
	const char *text;
	uint32_t n_bytes, at;
	uint32_t column_at, column; /* of the byte at column_at */
	uint32_t module_depth;
	bool is_module, is_over, is_full;
	/* Marks by their first byte: 1 + index, 0 ends a chain. */
	uint8_t first_mark[256], next_mark[MARK_COUNT + 1];
};

static int byte_at(const struct lexer *lex, uint32_t i)
{
	return i < lex->n_bytes ? (unsigned char)lex->text[i] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(int c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static bool has_text(const struct lexer *lex, uint32_t i, const char *text)
{
	size_t n_bytes = strlen(text);

	return n_bytes <= lex->n_bytes - i && memcmp(lex->text + i, text, n_bytes) == 0;
}

/* The column of `at`, counted on from the last one asked for. */
static uint32_t column_here(struct lexer *lex)
{
	for (; lex->column_at < lex->at; lex->column_at++) {
		char c = lex->text[lex->column_at];

		if (c == '\n' || c == '\r')
			lex->column = 1;
		else if (c == '\t')
			lex->column += TAB - (lex->column - 1) % TAB;
		else
			lex->column += (c & 0xc0) != 0x80;
	}
	return lex->column;
}

static struct token *new_token(struct lexer *lex)
{
	struct tokens *tokens = lex->tokens;
	uint32_t room = tokens->room ? 2 * tokens->room : TOKENS_FIRST;
	struct token *at;

	if (tokens->count < tokens->room)
		return &tokens->at[tokens->count++];
	at = nw_arena_alloc(tokens->arena, room * sizeof(*at), _Alignof(struct token));
	if (!at) {
		lex->is_full = true;
		return NULL;
	}
	if (tokens->count > 0)
		memcpy(at, tokens->at, tokens->count * sizeof(*at));
	tokens->at = at;
	tokens->room = room;
	return &tokens->at[tokens->count++];
}

/* The next n_bytes are a token; NULL: no memory. */
static struct token *put(struct lexer *lex, enum token_kind kind, uint32_t n_bytes)
{
	uint32_t column = column_here(lex), begin = lex->file->base + lex->at;
	struct token *token = new_token(lex);

	if (token)
		*token = (struct token){ .kind = (uint8_t)kind,
					 .column = column,
					 .begin = begin,
					 .end = begin + n_bytes };
	lex->at += n_bytes;
	return token;
}

/* The same with a symbol of its own. */
static void put_text(struct lexer *lex, enum token_kind kind, uint32_t n_bytes, const char *text,
		     size_t text_bytes)
{
	struct token *token = put(lex, kind, n_bytes);
	tla_sym sym = kind == T_STRING ? tla_literal(lex->spec, text, text_bytes)
				       : tla_symbol(lex->spec->symbols, text, text_bytes);

	if (sym == TLA_NO_SYM)
		lex->is_full = true;
	else if (token)
		token->sym = sym;
}

static void fail(struct lexer *lex, uint32_t at, const char *text)
{
	tla_error_add(&lex->spec->sources, lex->file->base + at, "%s", text);
}

/* Words. */

static const struct word {
	const char *text;
	uint8_t n_bytes, kind;
} words[] = {
#define WORD(word_kind, word) \
	{ .text = (word), .n_bytes = sizeof(word) - 1, .kind = T_##word_kind },
	WORDS(WORD)
#undef WORD
};

static int compare_word(const char *text, uint32_t n_bytes, const struct word *word)
{
	uint32_t shared = n_bytes < word->n_bytes ? n_bytes : word->n_bytes;
	int order = memcmp(text, word->text, shared);

	return order ? order : (int)n_bytes - (int)word->n_bytes;
}

static enum token_kind word_kind(const char *text, uint32_t n_bytes)
{
	size_t low = 0, high = sizeof(words) / sizeof(words[0]);

	if (n_bytes > 11 || text[0] < 'A' || text[0] > 'W')
		return T_NAME;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_word(text, n_bytes, &words[middle]);

		if (order == 0)
			return words[middle].kind;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return T_NAME;
}

/* Prefix operators that look like words. */
static enum tla_op word_op(const struct lexer *lex, const char *text, uint32_t n_bytes)
{
	tla_sym sym = tla_symbol_find(lex->spec->symbols, text, n_bytes);

	if (sym >= TLA_OP_ENABLED && sym <= TLA_OP_DOMAIN)
		return (enum tla_op)sym;
	return TLA_OP_NONE;
}

static void lex_word(struct lexer *lex, uint32_t n_bytes)
{
	const char *text = lex->text + lex->at;
	enum token_kind kind = word_kind(text, n_bytes);
	enum tla_op op = word_op(lex, text, n_bytes);

	if (op != TLA_OP_NONE)
		put_text(lex, T_OP, n_bytes, text, n_bytes);
	else if (kind == T_NAME && (has_text(lex, lex->at, "WF_") || has_text(lex, lex->at, "SF_")))
		put_text(lex, text[0] == 'W' ? T_WF : T_SF, 3, text, 3);
	else
		put_text(lex, kind, n_bytes, text, n_bytes);
}

/* Digits, letters and underscores: a name has a letter; without one it is a number, or `_`. */
static void lex_word_or_number(struct lexer *lex)
{
	uint32_t end = lex->at, digits_end = lex->at;
	bool has_letter = false;

	while (is_digit(byte_at(lex, digits_end)))
		digits_end++;
	for (; is_word(byte_at(lex, end)); end++)
		has_letter |= is_letter(byte_at(lex, end));
	if (has_letter)
		lex_word(lex, end - lex->at);
	else if (digits_end > lex->at)
		(void)put(lex, T_NUMBER, digits_end - lex->at); /* a full arena stops the lexer */
	else
		(void)put(lex, T_PLACE, 1); /* as above */
}

/* Strings. */

static char unescaped(int c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'f':
		return '\f';
	case '\\':
	case '"':
		return (char)c;
	default:
		return 0;
	}
}

static void lex_string(struct lexer *lex)
{
	uint32_t from = lex->at + 1, end = from;
	size_t n_bytes = 0;
	char *contents;

	for (int c; (c = byte_at(lex, end)) != '"'; end++) {
		if (c < 0 || c == '\n' || c == '\r') {
			fail(lex, lex->at, "a string without its closing '\"' on the line");
			put_text(lex, T_STRING, end - lex->at, "", 0);
			return;
		}
		end += c == '\\' && byte_at(lex, end + 1) >= ' ';
	}
	contents = nw_arena_alloc(lex->tokens->arena, end - from + 1, 1);
	if (!contents) {
		lex->is_full = true;
		return;
	}
	for (uint32_t i = from; i < end; i++) {
		char c = lex->text[i];

		if (c == '\\' && !unescaped(byte_at(lex, i + 1)))
			fail(lex, i, "an unknown escape: strings know \\\\ \\\" \\n \\t \\r \\f");
		else if (c == '\\')
			c = unescaped(byte_at(lex, ++i));
		contents[n_bytes++] = c;
	}
	put_text(lex, T_STRING, end + 1 - lex->at, contents, n_bytes);
}

/* Comments. */

static void skip_line_comment(struct lexer *lex)
{
	while (byte_at(lex, lex->at) >= 0 && byte_at(lex, lex->at) != '\n' &&
	       byte_at(lex, lex->at) != '\r')
		lex->at++;
}

static void skip_block_comment(struct lexer *lex)
{
	uint32_t from = lex->at, open = 0;

	do {
		if (has_text(lex, lex->at, "(*")) {
			open++;
			lex->at += 2;
		} else if (has_text(lex, lex->at, "*)")) {
			open--;
			lex->at += 2;
		} else {
			lex->at++;
		}
	} while (open > 0 && lex->at < lex->n_bytes);
	if (open > 0)
		fail(lex, from, "a comment without its closing '*)'");
}

static void skip_blanks(struct lexer *lex)
{
	for (;;) {
		int c = byte_at(lex, lex->at);

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')
			lex->at++;
		else if (c == '\\' && byte_at(lex, lex->at + 1) == '*')
			skip_line_comment(lex);
		else if (c == '(' && byte_at(lex, lex->at + 1) == '*')
			skip_block_comment(lex);
		else
			return;
	}
}

/* Marks. */

static void chain_marks(struct lexer *lex)
{
	for (uint8_t i = MARK_COUNT; i > 0; i--) {
		unsigned char first = (unsigned char)marks[i - 1].text[0];

		lex->next_mark[i] = lex->first_mark[first];
		lex->first_mark[first] = i;
	}
}

/* The longest mark that stands at the place, or NULL. */
static const struct mark *find_mark(const struct lexer *lex)
{
	const struct mark *best = NULL;
	size_t best_bytes = 0;

	for (uint8_t i = lex->first_mark[byte_at(lex, lex->at)]; i > 0; i = lex->next_mark[i]) {
		size_t n_bytes = strlen(marks[i - 1].text);

		if (n_bytes > best_bytes && has_text(lex, lex->at, marks[i - 1].text)) {
			best = &marks[i - 1];
			best_bytes = n_bytes;
		}
	}
	return best;
}

static bool is_bullet(const struct mark *mark)
{
	/* Spelt as a word, \land and \lor open no list. */
	return (mark->op == TLA_OP_AND || mark->op == TLA_OP_OR) && !is_letter(mark->text[1]);
}

/* A number set's letter is the name of the set. */
static bool lex_number_set(struct lexer *lex)
{
	static const char *const letters[] = { "ℕ", "ℤ", "ℝ" };
	static const char *const names[] = { "Nat", "Int", "Real" };

	for (size_t i = 0; i < 3; i++) {
		if (!has_text(lex, lex->at, letters[i]))
			continue;
		put_text(lex, T_NAME, (uint32_t)strlen(letters[i]), names[i], strlen(names[i]));
		return true;
	}
	return false;
}

static void lex_mark(struct lexer *lex)
{
	const struct mark *mark = find_mark(lex);
	struct token *token;

	if (!mark) {
		uint32_t next = lex->at + 1;

		if (lex_number_set(lex))
			return;
		while ((byte_at(lex, next) & 0xc0) == 0x80 && next < lex->n_bytes)
			next++;
		fail(lex, lex->at, "a character that begins no token");
		(void)put(lex, T_BAD, next - lex->at); /* a full arena stops the lexer */
		return;
	}
	token = put(lex, (enum token_kind)mark->kind, (uint32_t)strlen(mark->text));
	if (token) {
		token->sym = mark->op;
		token->is_bullet = is_bullet(mark);
	}
}

/* \b101, \o17, \hFF: how many bytes, or 0. */
static uint32_t based_number_bytes(const struct lexer *lex)
{
	int base = byte_at(lex, lex->at + 1) | 0x20;
	uint32_t end = lex->at + 2;

	for (;; end++) {
		int c = byte_at(lex, end);

		if (!((base == 'b' && (c == '0' || c == '1')) ||
		      (base == 'o' && c >= '0' && c <= '7') ||
		      (base == 'h' &&
		       (is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))))
			break;
	}
	return end > lex->at + 2 ? end - lex->at : 0;
}

/* <1>2a.. : how many bytes, or 0. */
static uint32_t step_bytes(const struct lexer *lex)
{
	uint32_t end = lex->at + 1, after;

	if (byte_at(lex, end) == '*' || byte_at(lex, end) == '+')
		end++;
	else
		while (is_digit(byte_at(lex, end)))
			end++;
	if (end == lex->at + 1 || byte_at(lex, end) != '>')
		return 0;
	after = ++end;
	while (is_word(byte_at(lex, end)))
		end++;
	if (end == after && (byte_at(lex, end) == '*' || byte_at(lex, end) == '-'))
		end++;
	while (byte_at(lex, end) == '.')
		end++;
	return end - lex->at;
}

/* ---- and the dashes and blanks that follow, up to MODULE: how many bytes with it, or 0. */
static uint32_t module_start_bytes(const struct lexer *lex)
{
	uint32_t end = lex->at;

	while (byte_at(lex, end) == '-')
		end++;
	if (end < lex->at + 4)
		return 0;
	while (byte_at(lex, end) == ' ')
		end++;
	return has_text(lex, end, "MODULE") ? end + 6 - lex->at : 0;
}

static uint32_t run_bytes(const struct lexer *lex, char c)
{
	uint32_t end = lex->at;

	while (byte_at(lex, end) == c)
		end++;
	return end - lex->at;
}

/* Lines of dashes and equals signs. */
static bool lex_line(struct lexer *lex)
{
	uint32_t n_bytes = module_start_bytes(lex);

	if (n_bytes > 0) {
		lex->module_depth++;
		(void)put(lex, T_MODULE_START, n_bytes); /* a full arena stops the lexer */
		return true;
	}
	n_bytes = run_bytes(lex, '-');
	if (n_bytes >= 4) {
		(void)put(lex, T_SEPARATOR, n_bytes); /* as above */
		return true;
	}
	n_bytes = run_bytes(lex, '=');
	if (n_bytes < 4)
		return false;
	(void)put(lex, T_MODULE_END, n_bytes); /* as above */
	lex->is_over = lex->is_module && --lex->module_depth == 0;
	return true;
}

static void lex_token(struct lexer *lex)
{
	int c = byte_at(lex, lex->at);
	uint32_t n_bytes;

	if (is_word(c)) {
		lex_word_or_number(lex);
	} else if (c == '"') {
		lex_string(lex);
	} else if ((c == '-' || c == '=') && lex_line(lex)) {
		return;
	} else if (c == '\\' && (n_bytes = based_number_bytes(lex)) > 0) {
		(void)put(lex, T_NUMBER, n_bytes); /* a full arena stops the lexer */
	} else if (c == '<' && (n_bytes = step_bytes(lex)) > 0) {
		put_text(lex, T_STEP, n_bytes, lex->text + lex->at, n_bytes);
	} else {
		lex_mark(lex);
	}
}

/* To the first ---- MODULE; false: there is none. */
static bool find_module(struct lexer *lex)
{
	for (; lex->at < lex->n_bytes; lex->at++) {
		const char *dash = memchr(lex->text + lex->at, '-', lex->n_bytes - lex->at);

		lex->at = dash ? (uint32_t)(dash - lex->text) : lex->n_bytes;
		if (dash && module_start_bytes(lex) > 0)
			return true;
		while (byte_at(lex, lex->at) == '-')
			lex->at++;
	}
	return false;
}

uint32_t tla_find_module(const struct tla_file *file, const char *name)
{
	struct lexer lex = { .text = file->text, .n_bytes = file->n_bytes };
	uint32_t name_bytes = (uint32_t)strlen(name);

	for (uint32_t i = 0; i < file->line_count; i++) {
		uint32_t n_bytes;

		lex.at = file->lines[i];
		n_bytes = module_start_bytes(&lex);
		if (n_bytes == 0)
			continue;
		for (lex.at += n_bytes; byte_at(&lex, lex.at) == ' ';)
			lex.at++;
		if (has_text(&lex, lex.at, name) && !is_word(byte_at(&lex, lex.at + name_bytes)))
			return file->lines[i];
	}
	return UINT32_MAX;
}

bool tla_lex(struct tla_spec *spec, const struct tla_file *file, uint32_t from, bool is_module,
	     struct tokens *tokens)
{
	struct lexer lex = { .spec = spec,
			     .file = file,
			     .tokens = tokens,
			     .text = file->text,
			     .n_bytes = file->n_bytes,
			     .at = from,
			     .column_at = from,
			     .column = 1,
			     .is_module = is_module };

	chain_marks(&lex);
	if (is_module && !find_module(&lex))
		fail(&lex, 0, "no module in this file: expected '---- MODULE Name ----'");
	while (lex.at < lex.n_bytes && !lex.is_over && !lex.is_full) {
		skip_blanks(&lex);
		if (lex.at < lex.n_bytes)
			lex_token(&lex);
	}
	(void)put(&lex, T_EOF, 0); /* is_full says it */
	return !lex.is_full;
}
