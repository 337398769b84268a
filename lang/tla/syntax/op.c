/* SPDX-License-Identifier: MIT */
/*
 * The table of operators, made from op.h's list.
 *
 * Invariant: an operator's place in the table is its number and its symbol.
 */
#include "../op.h"

#include <assert.h>

enum { ASSOC_NONE, ASSOC_LEFT };

const struct tla_op_info tla_ops[TLA_OP_COUNT] = {
#define ENTRY(number, name, how, lowest, highest, assoc) \
	[TLA_OP_##number] = { .text = (name),            \
			      .fix = TLA_FIX_##how,      \
			      .low = (lowest),           \
			      .high = (highest),         \
			      .is_left = ASSOC_##assoc },
	TLA_OPS(ENTRY)
#undef ENTRY
};

bool tla_op_is_builtin(enum tla_op op)
{
	switch (op) {
	case TLA_OP_PRIME:
	case TLA_OP_IMPLIES:
	case TLA_OP_GUARANTEES:
	case TLA_OP_EQUIV:
	case TLA_OP_LEADS_TO:
	case TLA_OP_AND:
	case TLA_OP_OR:
	case TLA_OP_EQ:
	case TLA_OP_NE:
	case TLA_OP_IN:
	case TLA_OP_NOTIN:
	case TLA_OP_SUBSETEQ:
	case TLA_OP_COMPOSE:
	case TLA_OP_SETMINUS:
	case TLA_OP_CAP:
	case TLA_OP_CUP:
	case TLA_OP_CROSS:
		return true;
	default:
		return (tla_ops[op].fix == TLA_FIX_PREFIX && op != TLA_OP_NEG) ||
		       tla_ops[op].fix == TLA_FIX_NAME;
	}
}

uint32_t tla_op_operand_count(enum tla_op op)
{
	switch ((enum tla_fix)tla_ops[op].fix) {
	case TLA_FIX_INFIX:
	case TLA_FIX_NFIX:
		return 2;
	case TLA_FIX_PREFIX:
	case TLA_FIX_POSTFIX:
		return 1;
	default:
		return 0;
	}
}
