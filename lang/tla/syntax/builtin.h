/* SPDX-License-Identifier: MIT */
/*
 * The modules that are built in: the files of modules/, made into an array by modules/embed.cmake.
 */
#ifndef TLA_SYNTAX_BUILTIN_H
#define TLA_SYNTAX_BUILTIN_H

#include <stddef.h>

struct tla_embedded {
	const char *name;
	const char *text;
	size_t n_bytes;
};

/* In the order of names; the last has no name. */
extern const struct tla_embedded tla_embedded[];

#endif /* TLA_SYNTAX_BUILTIN_H */
