/* SPDX-License-Identifier: MIT */
/* Tables of names. Invariant: at most three quarters of a table are taken. */
#include "known.h"

#include <stdio.h>
#include <string.h>

static struct known *place_of(const struct names *names, tla_sym sym)
{
	uint32_t i = (uint32_t)(sym * 0x9e3779b1u) & (names->room - 1);

	while (names->at[i].sym != TLA_NO_SYM && names->at[i].sym != sym)
		i = (i + 1) & (names->room - 1);
	return &names->at[i];
}

static bool grow(struct tla_spec *spec, struct names *names)
{
	struct names larger = *names;

	larger.room = names->room ? 2 * names->room : 64;
	larger.at = tla_piece(&spec->sources, larger.room * sizeof *larger.at);
	if (!larger.at)
		return false;
	for (uint32_t i = 0; i < names->room; i++)
		if (names->at[i].sym != TLA_NO_SYM)
			*place_of(&larger, names->at[i].sym) = names->at[i];
	*names = larger;
	return true;
}

struct known *known_in(const struct names *names, tla_sym sym)
{
	struct known *known = names->room ? place_of(names, sym) : NULL;

	return known && known->sym != TLA_NO_SYM ? known : NULL;
}

struct known *known_around(const struct names *names, tla_sym sym)
{
	struct known *known = NULL;

	for (; names && !known; names = names->outer)
		known = known_in(names, sym);
	return known;
}

bool known_add(struct tla_spec *spec, struct names *names, const struct known *known)
{
	struct known *place;

	if (4 * (names->count + 1) > 3 * names->room && !grow(spec, names))
		return false;
	place = place_of(names, known->sym);
	if (place->sym == TLA_NO_SYM) {
		*place = *known;
		names->count++;
	}
	return true;
}

bool known_import(struct tla_spec *spec, struct names *names, const struct names *from,
		  bool with_declarations, bool is_local)
{
	for (uint32_t i = 0; i < from->room; i++) {
		struct known known = from->at[i];

		if (known.sym == TLA_NO_SYM || known.is_local)
			continue;
		if (!with_declarations &&
		    (known.kind == KNOWN_CONSTANT || known.kind == KNOWN_VARIABLE))
			continue;
		known.is_local = is_local;
		if (!known_add(spec, names, &known))
			return false;
	}
	return true;
}

const char *known_module_of(const char *name)
{
	static const struct {
		const char *module, *names;
	} modules[] = {
		{ "Integers", " -. Int " },
		{ "Naturals", " + - * ^ % < > \\leq \\geq <= >= =< .. \\div Nat " },
		{ "Sequences", " \\o Seq Len Append Head Tail SubSeq SelectSeq " },
		{ "FiniteSets", " Cardinality IsFiniteSet " },
		{ "TLC",
		  " :> @@ Print PrintT Assert Permutations SortSeq ToString TLCGet TLCSet " },
	};
	char word[64];

	(void)snprintf(word, sizeof word, " %s ", name); /* cut where it is none of these */
	for (uint32_t i = 0; i < sizeof modules / sizeof modules[0]; i++)
		if (strstr(modules[i].names, word))
			return modules[i].module;
	return NULL;
}
