/* SPDX-License-Identifier: MIT */
/*
 * The operators of TLA+: their names, how they are written, how they bind.
 *
 * An operator has one name, the text below, whichever way it was written: `<=`, `=<` and `\leq` are
 * all
 * "\leq". Its number is also its symbol (symbol.h). The ranges are SANY's: an operator binds
 * tighter than another if its lowest precedence is above the other's highest; if the ranges
 * overlap, only the same left-associative operator may stand next to itself without parentheses.
 *
 * Defined by the language itself: tla_op_is_builtin(); the others mean what a module says.
 */
#ifndef TLA_OP_H
#define TLA_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(number, name, fix, lowest precedence, highest, associativity) */
/* clang-format off */
#define TLA_OPS(X) \
	X(PRIME, "'", POSTFIX, 150, 150, NONE) \
	X(SUP_PLUS, "^+", POSTFIX, 150, 150, NONE) \
	X(SUP_STAR, "^*", POSTFIX, 150, 150, NONE) \
	X(SUP_HASH, "^#", POSTFIX, 150, 150, NONE) \
	X(NEG, "-.", PREFIX, 120, 120, NONE) \
	X(NOT, "\\lnot", PREFIX, 40, 40, LEFT) \
	X(ALWAYS, "[]", PREFIX, 40, 150, NONE) \
	X(EVENTUALLY, "<>", PREFIX, 40, 150, NONE) \
	X(ENABLED, "ENABLED", PREFIX, 40, 150, NONE) \
	X(UNCHANGED, "UNCHANGED", PREFIX, 40, 150, NONE) \
	X(SUBSET, "SUBSET", PREFIX, 100, 130, NONE) \
	X(UNION, "UNION", PREFIX, 100, 130, NONE) \
	X(DOMAIN, "DOMAIN", PREFIX, 100, 130, NONE) \
	X(IMPLIES, "=>", INFIX, 10, 10, NONE) \
	X(GUARANTEES, "-+->", INFIX, 20, 20, NONE) \
	X(EQUIV, "\\equiv", INFIX, 20, 20, NONE) \
	X(LEADS_TO, "~>", INFIX, 20, 20, NONE) \
	X(AND, "\\land", INFIX, 30, 30, LEFT) \
	X(OR, "\\lor", INFIX, 30, 30, LEFT) \
	X(EQ, "=", INFIX, 50, 50, NONE) \
	X(NE, "/=", INFIX, 50, 50, NONE) \
	X(IN, "\\in", INFIX, 50, 50, NONE) \
	X(NOTIN, "\\notin", INFIX, 50, 50, NONE) \
	X(LT, "<", INFIX, 50, 50, NONE) \
	X(GT, ">", INFIX, 50, 50, NONE) \
	X(LEQ, "\\leq", INFIX, 50, 50, NONE) \
	X(GEQ, "\\geq", INFIX, 50, 50, NONE) \
	X(SUBSETEQ, "\\subseteq", INFIX, 50, 50, NONE) \
	X(PROPER_SUBSET, "\\subset", INFIX, 50, 50, NONE) \
	X(SUPSETEQ, "\\supseteq", INFIX, 50, 50, NONE) \
	X(PROPER_SUPSET, "\\supset", INFIX, 50, 50, NONE) \
	X(PREC, "\\prec", INFIX, 50, 50, NONE) \
	X(SUCC, "\\succ", INFIX, 50, 50, NONE) \
	X(PRECEQ, "\\preceq", INFIX, 50, 50, NONE) \
	X(SUCCEQ, "\\succeq", INFIX, 50, 50, NONE) \
	X(SIM, "\\sim", INFIX, 50, 50, NONE) \
	X(SIMEQ, "\\simeq", INFIX, 50, 50, NONE) \
	X(LL, "\\ll", INFIX, 50, 50, NONE) \
	X(GG, "\\gg", INFIX, 50, 50, NONE) \
	X(ASYMP, "\\asymp", INFIX, 50, 50, NONE) \
	X(APPROX, "\\approx", INFIX, 50, 50, NONE) \
	X(CONG, "\\cong", INFIX, 50, 50, NONE) \
	X(SQSUBSET, "\\sqsubset", INFIX, 50, 50, NONE) \
	X(SQSUBSETEQ, "\\sqsubseteq", INFIX, 50, 50, NONE) \
	X(SQSUPSET, "\\sqsupset", INFIX, 50, 50, NONE) \
	X(SQSUPSETEQ, "\\sqsupseteq", INFIX, 50, 50, NONE) \
	X(DOTEQ, "\\doteq", INFIX, 50, 50, NONE) \
	X(PROPTO, "\\propto", INFIX, 50, 50, NONE) \
	X(R_VDASH, "|-", INFIX, 50, 50, NONE) \
	X(R_MODELS, "|=", INFIX, 50, 50, NONE) \
	X(L_VDASH, "-|", INFIX, 50, 50, NONE) \
	X(L_MODELS, "=|", INFIX, 50, 50, NONE) \
	X(ASSIGN, ":=", INFIX, 50, 50, NONE) \
	X(BNF, "::=", INFIX, 50, 50, NONE) \
	X(COMPOSE, "\\cdot", INFIX, 50, 140, LEFT) \
	X(AT_AT, "@@", INFIX, 60, 60, LEFT) \
	X(MAP_ONE, ":>", INFIX, 70, 70, NONE) \
	X(SUBTYPE, "<:", INFIX, 70, 70, NONE) \
	X(SETMINUS, "\\", INFIX, 80, 80, NONE) \
	X(CAP, "\\intersect", INFIX, 80, 80, LEFT) \
	X(CUP, "\\union", INFIX, 80, 80, LEFT) \
	X(DOT_DOT, "..", INFIX, 90, 90, NONE) \
	X(DOTS, "...", INFIX, 90, 90, NONE) \
	X(BANG_BANG, "!!", INFIX, 90, 130, NONE) \
	X(HASH_HASH, "##", INFIX, 90, 130, LEFT) \
	X(DOLLAR, "$", INFIX, 90, 130, LEFT) \
	X(DOLLAR_DOLLAR, "$$", INFIX, 90, 130, LEFT) \
	X(QUERY_QUERY, "??", INFIX, 90, 130, LEFT) \
	X(SQCAP, "\\sqcap", INFIX, 90, 130, LEFT) \
	X(SQCUP, "\\sqcup", INFIX, 90, 130, LEFT) \
	X(UPLUS, "\\uplus", INFIX, 90, 130, LEFT) \
	X(WR, "\\wr", INFIX, 90, 140, NONE) \
	X(OPLUS, "\\oplus", INFIX, 100, 100, LEFT) \
	X(PLUS, "+", INFIX, 100, 100, LEFT) \
	X(PLUS_PLUS, "++", INFIX, 100, 100, LEFT) \
	X(PERCENT, "%", INFIX, 100, 110, NONE) \
	X(PERCENT_PERCENT, "%%", INFIX, 100, 110, LEFT) \
	X(BAR, "|", INFIX, 100, 110, LEFT) \
	X(BAR_BAR, "||", INFIX, 100, 110, LEFT) \
	X(CROSS, "\\times", NFIX, 100, 130, LEFT) \
	X(OMINUS, "\\ominus", INFIX, 110, 110, LEFT) \
	X(MINUS, "-", INFIX, 110, 110, LEFT) \
	X(MINUS_MINUS, "--", INFIX, 110, 110, LEFT) \
	X(AMP, "&", INFIX, 130, 130, LEFT) \
	X(AMP_AMP, "&&", INFIX, 130, 130, LEFT) \
	X(ODOT, "\\odot", INFIX, 130, 130, LEFT) \
	X(OSLASH, "\\oslash", INFIX, 130, 130, NONE) \
	X(OTIMES, "\\otimes", INFIX, 130, 130, LEFT) \
	X(STAR, "*", INFIX, 130, 130, LEFT) \
	X(STAR_STAR, "**", INFIX, 130, 130, LEFT) \
	X(SLASH, "/", INFIX, 130, 130, NONE) \
	X(SLASH_SLASH, "//", INFIX, 130, 130, NONE) \
	X(BIGCIRC, "\\bigcirc", INFIX, 130, 130, LEFT) \
	X(BULLET, "\\bullet", INFIX, 130, 130, LEFT) \
	X(DIV, "\\div", INFIX, 130, 130, NONE) \
	X(CONCAT, "\\o", INFIX, 130, 130, LEFT) \
	X(STAR_OP, "\\star", INFIX, 130, 130, LEFT) \
	X(CARET, "^", INFIX, 140, 140, NONE) \
	X(CARET_CARET, "^^", INFIX, 140, 140, NONE) \
	X(TRUE, "TRUE", NAME, 0, 0, NONE) \
	X(FALSE, "FALSE", NAME, 0, 0, NONE) \
	X(BOOLEAN, "BOOLEAN", NAME, 0, 0, NONE) \
	X(STRING, "STRING", NAME, 0, 0, NONE)

/* X(number, other spelling) */
#define TLA_OP_SPELLINGS(X) \
	X(SUP_PLUS, "⁺") \
	X(NOT, "~") \
	X(NOT, "\\neg") \
	X(NOT, "¬") \
	X(ALWAYS, "□") \
	X(EVENTUALLY, "◇") \
	X(IMPLIES, "⇒") \
	X(GUARANTEES, "⇸") \
	X(EQUIV, "<=>") \
	X(EQUIV, "≡") \
	X(EQUIV, "⇔") \
	X(LEADS_TO, "↝") \
	X(AND, "/\\") \
	X(AND, "∧") \
	X(OR, "\\/") \
	X(OR, "∨") \
	X(NE, "#") \
	X(NE, "≠") \
	X(IN, "∈") \
	X(NOTIN, "∉") \
	X(LEQ, "<=") \
	X(LEQ, "=<") \
	X(LEQ, "≤") \
	X(GEQ, ">=") \
	X(GEQ, "≥") \
	X(SUBSETEQ, "⊆") \
	X(PROPER_SUBSET, "⊂") \
	X(SUPSETEQ, "⊇") \
	X(PROPER_SUPSET, "⊃") \
	X(PREC, "≺") \
	X(SUCC, "≻") \
	X(PRECEQ, "⪯") \
	X(SUCCEQ, "⪰") \
	X(SIM, "∼") \
	X(SIMEQ, "≃") \
	X(LL, "≪") \
	X(GG, "≫") \
	X(ASYMP, "≍") \
	X(APPROX, "≈") \
	X(CONG, "≅") \
	X(SQSUBSET, "⊏") \
	X(SQSUBSETEQ, "⊑") \
	X(SQSUPSET, "⊐") \
	X(SQSUPSETEQ, "⊒") \
	X(DOTEQ, "≐") \
	X(PROPTO, "∝") \
	X(R_VDASH, "⊢") \
	X(R_MODELS, "⊨") \
	X(L_VDASH, "⊣") \
	X(L_MODELS, "⫤") \
	X(ASSIGN, "≔") \
	X(BNF, "⩴") \
	X(COMPOSE, "⋅") \
	X(CAP, "\\cap") \
	X(CAP, "∩") \
	X(CUP, "\\cup") \
	X(CUP, "∪") \
	X(DOT_DOT, "‥") \
	X(DOTS, "…") \
	X(BANG_BANG, "‼") \
	X(QUERY_QUERY, "⁇") \
	X(SQCAP, "⊓") \
	X(SQCUP, "⊔") \
	X(UPLUS, "⊎") \
	X(WR, "≀") \
	X(OPLUS, "(+)") \
	X(OPLUS, "⊕") \
	X(BAR_BAR, "‖") \
	X(CROSS, "\\X") \
	X(CROSS, "×") \
	X(OMINUS, "(-)") \
	X(OMINUS, "⊖") \
	X(ODOT, "(.)") \
	X(ODOT, "⊙") \
	X(OSLASH, "(/)") \
	X(OSLASH, "⊘") \
	X(OTIMES, "(\\X)") \
	X(OTIMES, "⊗") \
	X(BIGCIRC, "◯") \
	X(BULLET, "●") \
	X(DIV, "÷") \
	X(CONCAT, "\\circ") \
	X(CONCAT, "∘") \
	X(STAR_OP, "⋆")
/* clang-format on */

enum tla_op {
	TLA_OP_NONE, /* symbol 0 */
#define TLA_OP_NUMBER(number, text, fix, low, high, assoc) TLA_OP_##number,
	TLA_OPS(TLA_OP_NUMBER)
#undef TLA_OP_NUMBER
		TLA_OP_COUNT
};

/* NFIX: \X, whose operands are one list. NAME: TRUE, FALSE, BOOLEAN, STRING. */
enum tla_fix {
	TLA_FIX_NONE,
	TLA_FIX_PREFIX,
	TLA_FIX_POSTFIX,
	TLA_FIX_INFIX,
	TLA_FIX_NFIX,
	TLA_FIX_NAME
};

struct tla_op_info {
	const char *text;
	uint8_t fix; /* enum tla_fix */
	uint8_t low, high;
	bool is_left; /* may follow itself: a + b + c is (a + b) + c */
};

/* Indexed by enum tla_op. */
extern const struct tla_op_info tla_ops[TLA_OP_COUNT];

/* Whether the language defines it (no module can): ' \lnot [] <> ENABLED UNCHANGED SUBSET UNION
 * DOMAIN
 * => <=> ~> -+-> /\ \/ = /= \in \notin \subseteq \cdot \ \cap \cup \X TRUE FALSE BOOLEAN STRING. */
bool tla_op_is_builtin(enum tla_op op);
/* As it is written: 1, 2; 0: it is no sign. */
uint32_t tla_op_operand_count(enum tla_op op);

#endif /* TLA_OP_H */
