/* SPDX-License-Identifier: MIT */
/*
 * A model's configuration: TLC's .cfg files.
 *
 *     SPECIFICATION Spec            or INIT Init NEXT Next
 *     CONSTANT N = 3  Node = {n1, n2}  Nat <- SmallNat  Op <- [Module] Other  F(0, a) = 1  ++ <-
 * Add INVARIANT TypeOK              PROPERTY Live        SYMMETRY Perms CONSTRAINT Bound
 * ACTION_CONSTRAINT A  VIEW View  ALIAS Alias POSTCONDITION Post            CHECK_DEADLOCK FALSE
 *
 * A name that is a value is a model value. It is parsed before the specification, so that names
 * have
 * TLC's order.
 */
#ifndef TLA_CONFIG_H
#define TLA_CONFIG_H

#include "../eval/world.h"
#include "../value/heap.h"

/* What a list of the configuration holds. */
enum tla_list {
	TLA_LIST_INVARIANT,
	TLA_LIST_PROPERTY,
	TLA_LIST_CONSTRAINT,
	TLA_LIST_ACTION_CONSTRAINT,
	TLA_LIST_SYMMETRY,
	TLA_LIST_POSTCONDITION,
	TLA_LIST_COUNT
};

/* What is named once. */
enum tla_single_name {
	TLA_NAME_SPECIFICATION,
	TLA_NAME_INIT,
	TLA_NAME_NEXT,
	TLA_NAME_VIEW,
	TLA_NAME_ALIAS,
	TLA_NAME_COUNT
};

/* NAME = value, or NAME <- replacement. */
struct tla_assignment {
	tla_sym name, module; /* module: of NAME <- [module] replacement; or TLA_NO_SYM */
	tla_sym replacement;  /* TLA_NO_SYM: it is a value */
	tla_value value;
	const tla_value *args; /* of NAME(args) = value */
	uint32_t arg_count;
	struct tla_span span;
};

struct tla_names {
	struct tla_name *at;
	uint32_t count, room;
};

struct tla_config {
	struct tla_names lists[TLA_LIST_COUNT];
	struct tla_name names[TLA_NAME_COUNT]; /* sym TLA_NO_SYM: not given */
	struct tla_assignment *assignments;
	uint32_t assignment_count, assignment_room;
	bool no_deadlock; /* CHECK_DEADLOCK FALSE */
};

/*
 * Parse a text; errors are kept in the world's sources. Model values are entered into the world,
 * other
 * values lie on the heap. 0, -EINVAL, -ENOMEM.
 */
int tla_config_parse(struct tla_config *config, struct tla_world *world, struct tla_heap *heap,
		     const struct tla_file *file);

/* The model value of that name, entered if it is new; TLA_NONE: no memory. */
tla_value tla_model_value(struct tla_world *world, tla_sym name);

#endif /* TLA_CONFIG_H */
