/* SPDX-License-Identifier: MIT */
/*
 * Names and strings as 32-bit symbols: equal texts have equal symbols.
 *
 * One table holds identifiers, operators, contents of string literals. Symbols below
 * TLA_OP_COUNT are the operators of op.h, so that `sym == TLA_OP_PLUS` needs no look-up; the others
 * ascend in the order in which their texts first came, names before strings. That order is TLC's
 * order of strings: what is to compare equally (a configuration's model values, say) is entered in
 * the same order, before the specification is loaded.
 *
 * Invariant: a symbol, and the text lent for it, stay until the table is destroyed.
 *
 * Threads: many readers of what is there, or one writer.
 */
#ifndef TLA_SYMBOL_H
#define TLA_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t tla_sym;

/* No name. */
#define TLA_NO_SYM ((tla_sym)0)

struct tla_symbols;

/* 0, or -ENOMEM and the like of nw_arena_create(). */
int tla_symbols_create(struct tla_symbols **ret_symbols);
void tla_symbols_destroy(struct tla_symbols *symbols);

/* The symbol of a text, entered if it is new; TLA_NO_SYM: no memory. */
tla_sym tla_symbol(struct tla_symbols *symbols, const char *text, size_t n_bytes);
/* The symbol of a text that is there; TLA_NO_SYM: it is not. */
tla_sym tla_symbol_find(const struct tla_symbols *symbols, const char *text, size_t n_bytes);

/* The text, ended by NUL (a string literal may hold others: tla_symbol_bytes()). */
const char *tla_symbol_text(const struct tla_symbols *symbols, tla_sym sym);
size_t tla_symbol_bytes(const struct tla_symbols *symbols, tla_sym sym);

/* Symbols are 1..count. */
uint32_t tla_symbol_count(const struct tla_symbols *symbols);

#endif /* TLA_SYMBOL_H */
