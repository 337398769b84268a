/* SPDX-License-Identifier: MIT */
/*
 * What all evaluators of a specification share: its names, its variables, its model values.
 * Not changed once the specification is compiled, but for model values, which are added before.
 */
#ifndef TLA_WORLD_H
#define TLA_WORLD_H

#include "../load.h"
#include "../value/store.h"
#include "code.h"

#include <pthread.h>

/* How a file is written; without any it is there, and written over from its beginning. */
enum tla_write {
	TLA_WRITE_CREATE = 1, /* where it is not there */
	TLA_WRITE_NEW = 2,    /* -EEXIST where it is */
	TLA_WRITE_CUT = 4,    /* what was in it goes first */
	TLA_WRITE_APPEND = 8,
};

/* A command that has ended. */
struct tla_ended {
	int exit_value;
	char *out, *err; /* what it wrote, freed by who asked */
};

/* Files of module Json and its like, commands of IOUtils: the program's. What is NULL is refused.
 * All return 0 or a negative errno. */
struct tla_files {
	/* One thread at a time; *ret_text is freed by who asked. */
	int (*read)(void *context, const char *path, char **ret_text, size_t *ret_bytes);
	int (*write)(void *context, const char *path, const char *text, size_t n_bytes,
		     unsigned how);
	/* Run a command to its end; names and values of the environment's additions follow each
	 * other. Threads: any. */
	int (*run)(void *context, char *const *words, char *const *additions,
		   struct tla_ended *ret_ended);
	void *context;
};

struct tla_world {
	struct tla_files files;
	struct tla_spec *spec;
	struct tla_store *store;
	tla_sym *vars; /* in the order of their declaration; behind them those of instances */
	uint32_t var_count;
	uint32_t own_count; /* variables of instances; they have values inside of ENABLED only */
	uint32_t var_room;
	tla_sym *models; /* model values */
	uint32_t model_count, model_room;
	struct tla_constant *constants;
	uint32_t constant_count;
	uint32_t site_count; /* of expressions that are remembered */
	/* What TLCGet("config") says; set by the program before it evaluates. */
	const char *mode;      /* NULL: "bfs" */
	uint32_t worker_count; /* 0: one */
	int64_t seed;
	bool checks_deadlock;
	/* Of random walks, whose mode is "simulate" or "generate". */
	int64_t walk_count, walk_depth, walk_first;
	/* Of TLCSet before there are states; NULL: each has its own. */
	struct tla_registers *registers;
	/* Of the symbol table while threads evaluate: ToString() and \o make strings. */
	pthread_mutex_t *symbol_lock;
};

/* Words of a state inside of ENABLED: instances' variables have values there, too. */
static inline uint32_t tla_width(const struct tla_world *world)
{
	return world->var_count + world->own_count;
}

/* A further constant, numbered. While the specification is compiled. */
void tla_world_add_constant(struct tla_world *world, struct tla_constant *constant);

/* How many model values may be made that the configuration does not have. */
enum { TLA_MODELS_MORE = 4096 };

/* Room for these; false: no memory. Before threads evaluate. */
bool tla_world_reserve_models(struct tla_world *world);
/* The model value of a name, made where there is none. TLA_NONE: no room, and nothing has failed.
 * Threads: any. */
tla_value tla_world_model(const struct tla_world *world, const char *name);
/* How many there are by now. Threads: any. */
uint32_t tla_world_model_count(const struct tla_world *world);
/* The symbol of a text that may be new; TLA_NO_SYM: no memory. Threads: any. */
tla_sym tla_world_symbol(const struct tla_world *world, const char *text, size_t n_bytes);
/* Text of a symbol, of a model value: the heap's hooks, names being the world. Threads: any. */
const char *tla_world_string_text(const void *world, uint32_t sym);
const char *tla_world_model_text(const void *world, uint32_t model_idx);

#endif /* TLA_WORLD_H */
