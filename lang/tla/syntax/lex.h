/* SPDX-License-Identifier: MIT */
/*
 * Tokens: a module's text cut into the pieces that the parser looks at.
 *
 * Invariant: the last token is T_EOF, at the end of the outermost module's ==== or of the text;
 * what stands before ---- MODULE and after ==== is no token.
 */
#ifndef TLA_SYNTAX_LEX_H
#define TLA_SYNTAX_LEX_H

#include "../load.h"

/* X(kind, how a message calls it) */
#define TOKENS(X)                           \
	X(EOF, "the end of the file")       \
	X(EDGE, "the end of a list's item") \
	X(BAD, "what is no token")          \
	X(NAME, "a name")                   \
	X(AT, "'@'")                        \
	X(NUMBER, "a number")               \
	X(STRING, "a string")               \
	X(OP, "an operator")                \
	X(STEP, "a step's number")          \
	X(MODULE_START, "'---- MODULE'")    \
	X(SEPARATOR, "'----'")              \
	X(MODULE_END, "'===='")             \
	X(COMMA, "','")                     \
	X(COLON, "':'")                     \
	X(COLON_COLON, "'::'")              \
	X(DOT, "'.'")                       \
	X(PLACE, "'_'")                     \
	X(DEF, "'=='")                      \
	X(LPAREN, "'('")                    \
	X(RPAREN, "')'")                    \
	X(LSQUARE, "'['")                   \
	X(RSQUARE, "']'")                   \
	X(RSQUARE_SUB, "']_'")              \
	X(LBRACE, "'{'")                    \
	X(RBRACE, "'}'")                    \
	X(LANGLE, "'<<'")                   \
	X(RANGLE, "'>>'")                   \
	X(RANGLE_SUB, "'>>_'")              \
	X(BANG, "'!'")                      \
	X(ARROW, "'->'")                    \
	X(GETS, "'<-'")                     \
	X(MAPS_TO, "'|->'")                 \
	X(FORALL, "'\\A'")                  \
	X(EXISTS, "'\\E'")                  \
	X(AA, "'\\AA'")                     \
	X(EE, "'\\EE'")                     \
	X(BOX_ASSUME, "'[]ASSUME'")         \
	X(BOX_PROVE, "'[]PROVE'")

/* Reserved words, in the order of their letters: X(kind, text). */
#define WORDS(X)                  \
	X(ACTION, "ACTION")       \
	X(ACTION, "ACTIONS")      \
	X(ASSUME, "ASSUME")       \
	X(AXIOM, "ASSUMPTION")    \
	X(AXIOM, "AXIOM")         \
	X(BY, "BY")               \
	X(CASE, "CASE")           \
	X(CHOOSE, "CHOOSE")       \
	X(CONSTANT, "CONSTANT")   \
	X(CONSTANT, "CONSTANTS")  \
	X(LEMMA, "COROLLARY")     \
	X(DEFS, "DEF")            \
	X(DEFINE, "DEFINE")       \
	X(DEFS, "DEFS")           \
	X(ELSE, "ELSE")           \
	X(EXCEPT, "EXCEPT")       \
	X(EXTENDS, "EXTENDS")     \
	X(HAVE, "HAVE")           \
	X(HIDE, "HIDE")           \
	X(IF, "IF")               \
	X(IN, "IN")               \
	X(INSTANCE, "INSTANCE")   \
	X(LAMBDA, "LAMBDA")       \
	X(LEMMA, "LEMMA")         \
	X(LET, "LET")             \
	X(LOCAL, "LOCAL")         \
	X(MODULE, "MODULE")       \
	X(NEW, "NEW")             \
	X(OBVIOUS, "OBVIOUS")     \
	X(OMITTED, "OMITTED")     \
	X(ONLY, "ONLY")           \
	X(OTHER, "OTHER")         \
	X(PICK, "PICK")           \
	X(PROOF, "PROOF")         \
	X(LEMMA, "PROPOSITION")   \
	X(PROVE, "PROVE")         \
	X(QED, "QED")             \
	X(RECURSIVE, "RECURSIVE") \
	X(SF, "SF_")              \
	X(STATE, "STATE")         \
	X(SUFFICES, "SUFFICES")   \
	X(TAKE, "TAKE")           \
	X(TEMPORAL, "TEMPORAL")   \
	X(TEMPORAL, "TEMPORALS")  \
	X(THEN, "THEN")           \
	X(LEMMA, "THEOREM")       \
	X(USE, "USE")             \
	X(VARIABLE, "VARIABLE")   \
	X(VARIABLE, "VARIABLES")  \
	X(WF, "WF_")              \
	X(WITH, "WITH")           \
	X(WITNESS, "WITNESS")

/* The kinds of words, each once: X(kind, how a message calls it). */
#define WORD_KINDS(X)               \
	X(ACTION, "'ACTION'")       \
	X(ASSUME, "'ASSUME'")       \
	X(AXIOM, "'AXIOM'")         \
	X(BY, "'BY'")               \
	X(CASE, "'CASE'")           \
	X(CHOOSE, "'CHOOSE'")       \
	X(CONSTANT, "'CONSTANT'")   \
	X(DEFINE, "'DEFINE'")       \
	X(DEFS, "'DEF'")            \
	X(ELSE, "'ELSE'")           \
	X(EXCEPT, "'EXCEPT'")       \
	X(EXTENDS, "'EXTENDS'")     \
	X(HAVE, "'HAVE'")           \
	X(HIDE, "'HIDE'")           \
	X(IF, "'IF'")               \
	X(IN, "'IN'")               \
	X(INSTANCE, "'INSTANCE'")   \
	X(LAMBDA, "'LAMBDA'")       \
	X(LEMMA, "'THEOREM'")       \
	X(LET, "'LET'")             \
	X(LOCAL, "'LOCAL'")         \
	X(MODULE, "'MODULE'")       \
	X(NEW, "'NEW'")             \
	X(OBVIOUS, "'OBVIOUS'")     \
	X(OMITTED, "'OMITTED'")     \
	X(ONLY, "'ONLY'")           \
	X(OTHER, "'OTHER'")         \
	X(PICK, "'PICK'")           \
	X(PROOF, "'PROOF'")         \
	X(PROVE, "'PROVE'")         \
	X(QED, "'QED'")             \
	X(RECURSIVE, "'RECURSIVE'") \
	X(SF, "'SF_'")              \
	X(STATE, "'STATE'")         \
	X(SUFFICES, "'SUFFICES'")   \
	X(TAKE, "'TAKE'")           \
	X(TEMPORAL, "'TEMPORAL'")   \
	X(THEN, "'THEN'")           \
	X(USE, "'USE'")             \
	X(VARIABLE, "'VARIABLE'")   \
	X(WF, "'WF_'")              \
	X(WITH, "'WITH'")           \
	X(WITNESS, "'WITNESS'")

enum token_kind {
#define KIND(kind, text) T_##kind,
	TOKENS(KIND) WORD_KINDS(KIND)
#undef KIND
		T_COUNT
};

struct token {
	uint8_t kind;        /* enum token_kind */
	bool is_bullet;      /* an OP written /\ or \/: may open a junction list */
	uint32_t column;     /* from 1, as source.h counts */
	uint32_t begin, end; /* positions */
	tla_sym sym;         /* of a NAME, OP, STRING (tla_literal()), STEP */
};

struct tokens {
	struct token *at;
	uint32_t count, room;
	struct nw_arena *arena; /* where they are */
};

/* Cut a file into tokens, from an offset; a module from its ---- MODULE behind that. false: no
 * memory; errors of the text are in the sources, and their tokens left out. */
bool tla_lex(struct tla_spec *spec, const struct tla_file *file, uint32_t from, bool is_module,
	     struct tokens *tokens);

/* The offset of the line that begins `---- MODULE name`; UINT32_MAX: none. */
uint32_t tla_find_module(const struct tla_file *file, const char *name);

/* The contents of a string, until tla_enter_literals(); TLA_NO_SYM: no memory. */
tla_sym tla_literal(struct tla_spec *spec, const char *text, size_t n_bytes);
/* Contents of strings become symbols. Without memory spec->sources is full. */
void tla_enter_literals(struct tla_spec *spec, struct tla_expr *expr);
void tla_enter_literals_of(struct tla_spec *spec, const struct tla_module *module);

/* The module behind an offset; as tla_parse_module(), but strings are not entered. */
struct tla_module *tla_parse_module_at(struct tla_spec *spec, const struct tla_file *file,
				       uint32_t from);

#endif /* TLA_SYNTAX_LEX_H */
